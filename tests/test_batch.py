"""The batch engine as a whole: chunks, points of a study, and what it hands over."""

from __future__ import annotations

import gc

import pytest

from sim import outcomes
from sim.arrays.points import alike, part_of
from sim.arrays.standing import Standing
from sim.arrays.telling import Telling
from sim.batch import compose, compose_points, compose_together
from sim.draws import Uniforms
from sim.happenings import Batch
from sim.run import Prepared, prepare
from sim.scenario import read

COUNT = 80


def prepared(*overrides: str) -> Prepared:
    """Return July 2019 with some values overridden."""
    return prepare(read("july-2019", overrides)[0])


def rows(batch: Batch) -> list[dict[str, object]]:
    """Return the outcomes of each replication."""
    table = outcomes.of(batch)
    return [{**table.row(place), **table.facts(place)} for place in range(batch.count)]


def test_a_chunk_says_of_a_replication_what_any_other_says() -> None:
    """Cut where it may be, and whichever comes first, a replication comes out the same."""
    july = prepared()
    whole = rows(compose(july, Uniforms(1), 100, COUNT))
    later = rows(compose(prepared(), Uniforms(1), 117, COUNT - 17))
    earlier = rows(compose(july, Uniforms(1), 100, 17))
    assert earlier + later == whole


POINTS = (
    (),
    ("command.stages.authorise-fire.delay_s=30", "command.links.afoc-jcs.delay_s=0"),
    ("warning.korea.calls.interval_s={ dist = 'uniform', low = 60, high = 90 }",),
    ("crew.a50.reaction_s=5", "escalation.hazards.comes-back.delay_s=1"),
    ("crew.a50.turns_share.flares=0.9", "crew.a50.answers_share=0.5", "crew.h6k.notices_share.call=0"),
    ("crew.a50.reports_share.shots=0.1", "command.stages.decide-escort.yes_share=0.5"),
    ("command.stages.authorise-fire.delay_s=30", "crew.a50.turns_share.flares=0"),
)
"""Points that differ in laws of stages, links, ladders, crews and hazards, and in chances."""


@pytest.mark.parametrize("own_numbers", [False, True])
def test_points_that_are_told_together_come_out_as_each_alone(own_numbers: bool) -> None:
    """Whatever laws and chances they differ in, with common random numbers or with their own."""
    points = [prepared(*overrides) for overrides in POINTS]
    uniforms = [Uniforms(2 + place if own_numbers else 2) for place in range(len(points))]
    ((*own,),) = [group.values() for group in alike([point.scenario for point in points])]
    batch = compose_together(points[0], own, uniforms if own_numbers else uniforms[:1], 5, COUNT)
    together = [part_of(batch, point, place, len(points)) for place, point in enumerate(points)]
    alone = [rows(compose(point, mine, 5, COUNT)) for point, mine in zip(points, uniforms, strict=True)]
    assert [rows(batch) for batch in together] == alone
    assert len({repr(each) for each in alone}) == len(points)


@pytest.mark.parametrize("override", ["fighters.types.kf-16.join_s=10", "zones.airspace.radius_nmi=13"])
def test_points_that_differ_in_more_than_laws_and_chances_are_not_told_together(override: str) -> None:
    """A zone, or what a planner reckons with: each is refused, not told wrongly."""
    with pytest.raises(ValueError, match="differ in more than laws and chances"):
        compose_points([prepared(), prepared(override)], Uniforms(1), 0, 4)


def test_scenarios_are_grouped_by_whom_they_can_be_told_with() -> None:
    """Those that share a zone go together, in the order in which they came."""
    zone, delay = "zones.korea-inner.margin_nmi=30", "command.stages.authorise-fire.delay_s=30"
    chance = "crew.a50.turns_share.flares=0.2"
    given = [(), (zone,), (delay,), (zone, delay), (chance,), ("fighters.types.kf-16.join_s=10",)]
    groups = alike([read("july-2019", overrides)[0] for overrides in given])
    assert [list(group) for group in groups] == [[0, 2, 4], [1, 3], [5]]
    assert groups[0][4].chances == {("crew", "a50", "turns_share", "flares"): 0.2}


def test_points_can_be_told_without_the_one_that_they_are_compared_with() -> None:
    """A group may be told in parts: of each part the first has something of its own too."""
    points = [prepared(*overrides) for overrides in POINTS]
    (group,) = alike([point.scenario for point in points])
    batch = compose_together(points[0], [group[3], group[4]], [Uniforms(2)], 5, COUNT)
    parts = [part_of(batch, points[place], number, 2) for number, place in enumerate((3, 4))]
    assert [rows(part) for part in parts] == [
        rows(compose(points[place], Uniforms(2), 5, COUNT)) for place in (3, 4)
    ]


def test_what_must_be_told_a_third_time_is_not_handed_over() -> None:
    """Some of so many are told more than twice; a telling of few costs less than the processes would."""
    assert not compose(prepared(), Uniforms(1), 0, 3000).handed_over.any()


def test_the_columns_of_a_chunk_are_freed_with_it() -> None:
    """Nothing refers back to itself, or a worker would hold several chunks until the collector looks."""
    july, uniforms = prepared(), Uniforms(1)
    compose(july, uniforms, 0, COUNT)  # makes the tables
    gc.collect()
    gc.disable()
    try:
        compose_points([july, prepared("crew.a50.reaction_s=5")], uniforms, COUNT, COUNT)
        compose(july, uniforms, COUNT, COUNT)
        assert not [each for each in gc.get_objects() if isinstance(each, (Telling, Standing))]
    finally:
        gc.enable()


def test_a_scenario_that_asks_for_what_cannot_be_composed_is_handed_over_whole() -> None:
    """The batch does not know of who stands down: a rung that asks for it is left to the processes."""
    scenario = read("july-2019")[0]
    rung = scenario.escalation.rungs[0].model_copy(update={"reached_by": ("stands-down",)})
    escalation = scenario.escalation.model_copy(update={"rungs": (rung,)})
    asking = prepare(scenario.model_copy(update={"escalation": escalation}))
    assert compose(asking, Uniforms(1), 0, 5).handed_over.all()
