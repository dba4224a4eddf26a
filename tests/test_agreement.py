"""The two engines tell the same: every outcome of every replication, on July 2019 and on random scenarios.

The outside authority is the other engine: the processes are an independent telling of the model.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim import outcomes
from sim.batch import compose
from sim.clock import NEVER
from sim.draws import Uniforms
from sim.happenings import Batch, Happening
from sim.run import prepare, replicate
from sim.scenario import Scenario, read
from tests import agreement, ties
from tests.agreement import asking_everything, compared, differences
from tests.encounters import GUEST, SECOND, SOUTHERN, TURNS, encounter, records, scenario, steps, turning_at
from tests.logs import batch_of
from tests.scenarios import KNOWN, Data, known, scenario_data, scenario_of
from tests.test_properties import few
from tests.test_warning import CALLS, CREW

JULY = 200
"""Replications of July 2019 that are compared in every run of the tests; by hand it is 100,000."""


def july() -> Scenario:
    """Return July 2019, with facts and rungs that speak of every kind of event."""
    return asking_everything(read("july-2019")[0])


def test_the_engines_agree_on_july_2019() -> None:
    """So many replications come out the same in every outcome and fact."""
    assert differences(read("july-2019")[0], 1, 0, JULY) == []


def test_the_engines_agree_on_every_event_of_july_2019() -> None:
    """Whatever a fact may ask of the log, the answer is the same."""
    assert differences(july(), 5, 1000, 10) == []


@pytest.mark.parametrize("name", ["first-intercept", *sorted(path.stem for path in KNOWN.glob("*.toml"))])
def test_the_engines_agree_on_small_scenarios(name: str) -> None:
    """First-intercept and the known answers come out the same."""
    scenario = read(name)[0] if name == "first-intercept" else known(name)
    assert differences(asking_everything(scenario), 1, 0, 50) == []


QUICK = """
fighters.types.fast.endurance_s = 2600
fighters.pairs.second.type = "quick"
[fighters.types.quick]
label = "Quick"
ground_speed_kt = 600
climb_s = 60
endurance_s = %d
join_s = 30
identify_s = 20
"""
"""Two pairs of two types from one field; how long the fuel of the second lasts is to be said."""

FOR_THE_GUEST = """
[command.stages.too]
post = "tower"
about = ["guest"]
after_all = ["track"]
delay_s = %d
types = ["%s"]
orders = "scramble"
"""


def test_reliefs_that_are_asked_for_in_one_step_are_ranked_alike() -> None:
    """Two pairs beside two flights run out of fuel together: the only pair left goes to the guest, in both engines."""
    third = 'fighters.pairs.third = { side = "north", type = "fast", base = "near", alert = "five" }'
    decide = 'command.stages.decide = { about = ["visitor"], types = ["fast"] }'
    changes = (GUEST % "06:00:00", SECOND, QUICK % 2600, third, decide, FOR_THE_GUEST % (60, "quick"))
    run = encounter(*changes)
    assert len(set(steps(run, "asks-relief", "first") + steps(run, "asks-relief", "second"))) == 1
    assert [record.about for record in records(run, "joined", "third")] == ["guest"]
    assert differences(asking_everything(scenario(*changes)), 1, 0, 1) == []


def test_a_pair_that_is_sent_elsewhere_as_it_asks_for_its_relief_still_has_it() -> None:
    """The order for the guest takes it in that very step; the processes know what then becomes of its call."""
    third = 'fighters.pairs.third = { side = "north", type = "quick", base = "near", alert = "five" }'
    decide = 'command.stages.decide = { about = ["visitor"], pairs = 2 }'
    changes = (GUEST % "06:02:00", SECOND, QUICK % 7000, third, decide, FOR_THE_GUEST % (1717, "fast"))
    run = encounter(*changes)
    assert steps(run, "asks-relief", "first")[0] == steps(run, "too")[0]
    assert [record.about for record in records(run, "joined", "first")] == ["visitor", "guest"]
    assert steps(run, "airborne", "third")
    assert compose(prepare(scenario(*changes)), Uniforms(1), 0, 1).handed_over.all()


def test_a_flight_may_turn_away_in_the_step_in_which_a_pair_beside_it_asks_for_its_relief() -> None:
    """The pair plans anew first, and then asks for its relief by the new plan, in both engines."""
    changes = (CALLS, CREW, SECOND, "fighters.types.fast.endurance_s = 2600")
    asks = steps(encounter(*changes), "asks-relief", "first")[0]
    turning = turning_at(asks, *changes)
    run = encounter(*turning)
    assert steps(run, "turns") == steps(run, "asks-relief", "first") == [asks]
    assert differences(asking_everything(scenario(*turning)), 1, 0, 1) == []


def test_a_pair_that_joins_as_the_flight_turns_away_has_joined_it() -> None:
    """Up to and in that step the flight is where its script has it, and so is the pair, in both engines."""
    changes = (CALLS, CREW, SOUTHERN, "zones.ring.radius_nmi = 170")  # it is called before they take off
    joined = steps(encounter(*changes), "joined", "escort")[0]
    turning = turning_at(joined, *changes)
    run = encounter(*turning)
    assert steps(run, "turns") == steps(run, "joined", "escort") == [joined]
    assert differences(asking_everything(scenario(*turning)), 1, 0, 1) == []


def test_a_crew_that_heeds_two_sides_at_once_is_left_to_the_processes() -> None:
    """Each side has it leave other zones, and which of the calls it heeds first is not told by any step."""
    other = CALLS.replace("north", "south")
    made = scenario(CALLS, other, SOUTHERN, CREW, TURNS)
    assert compose(prepare(made), Uniforms(1), 0, 1).handed_over.all()
    later = "warning.south.calls.first_s = 31"
    assert not compose(
        prepare(scenario(CALLS, other, later, SOUTHERN, CREW)), Uniforms(1), 0, 1
    ).handed_over.any()


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_the_engines_agree_on_encounters_full_of_ties(seed: int) -> None:
    """Where much falls into one step nothing may hang on the order of waking."""
    assert ties.found(seed, 25) == (25, [])


def test_a_side_that_changes_its_pair_beside_a_flight_is_there_all_the_time() -> None:
    """Two pairs leave for another order in the step in which a third joins: the face-off begins as if they were one."""
    tie = asking_everything(next(islice(ties.encounters(77), 70, None)))
    log = replicate(prepare(tie), Uniforms(77), 70).log
    (other,) = [r.step for r in log.of_kind("joined") if r.who == "escort"]
    changes = {(r.step, r.kind, r.who, r.about) for r in log}
    assert {(other + 1, "parts", who, "visitor") for who in ("first", "second")} <= changes
    assert (other + 1, "joined", "more-0", "visitor") in changes
    assert [r.step for r in log.of_kind("face-off") if r.about == "visitor"] == [other + 1]
    assert differences(tie, 77, 70, 1) == []


def test_a_stay_that_no_replication_has_counts_for_nothing() -> None:
    """A flight may leave a zone once more in a telling that is told again than it does in the end."""
    batch = compose(prepare(asking_everything(read("first-intercept")[0])), Uniforms(1), 0, 3)
    flight, zone = next((flight, zone) for flight, each in batch.flown.items() for zone in each.stays)
    table = outcomes.of(batch)
    never = np.full(3, NEVER, dtype=np.int32)
    batch.happenings.append(Happening("leaves", flight, flight, never, {"zone": zone, "stay": 9}))
    again = outcomes.of(batch)
    assert [again.row(place) | again.facts(place) for place in range(3)] == [
        table.row(place) | table.facts(place) for place in range(3)
    ]


@settings(few, max_examples=25)
@given(scenario_data(), st.integers(0, 1000))
def test_the_engines_agree_on_random_scenarios(data: Data, first: int) -> None:
    """Other routes, zones, chains, ladders and numbers, degenerate ones among them, come out the same."""
    assert differences(asking_everything(scenario_of(data)), 1, first, 4) == []


# ---- the comparison itself


def test_a_difference_of_one_step_is_found() -> None:
    """Wherever an event of the batch is moved by a step, taken away, or another added, a line tells of it."""
    prepared = prepare(asking_everything(read("first-intercept")[0]))
    uniforms = Uniforms(1)
    replications = [replicate(prepared, uniforms, number) for number in range(3)]
    batch = compose(prepared, uniforms, 0, 3)

    def found(changed: Batch) -> list[str]:
        table = outcomes.of(changed)
        return [line for place, run in enumerate(replications) for line in compared(table, place, run)]

    assert found(batch) == []
    looked_at = 0
    for number, happening in enumerate(batch.happenings):
        for moved in (1, -1, NEVER):
            step = happening.step.copy()
            if step[1] == NEVER:
                continue
            step[1] = NEVER if moved == NEVER else step[1] + moved
            happenings = [*batch.happenings]
            happenings[number] = replace(happening, step=step)
            lines = found(replace(batch, happenings=happenings))
            assert lines, happening
            assert all(line.startswith("replication 1: ") for line in lines)
            looked_at += 1
    assert looked_at > 30


def test_a_difference_names_replication_column_and_both_values() -> None:
    """A line can be read without the code."""
    (run,) = [replicate(prepare(read("first-intercept")[0]), Uniforms(1), 4)]
    batch = batch_of([run])
    turns = batch.flown["bear"].turns
    turns[:] = np.where(turns == NEVER, 9, turns + 1)
    (line,) = compared(outcomes.of(batch), 0, run)
    assert line.startswith("replication 4: bear.turns.at: batch 09:")
    assert ", processes " in line


def test_the_command_says_how_many_were_compared(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It ends with 0 where nothing differs; else it shows the first differences and ends with 1."""
    assert agreement.main(["first-intercept", "-n", "30"]) == 0
    assert capsys.readouterr().out == "30 replications compared: 0 differences; 0 handed over (0 %)\n"
    monkeypatch.setattr(agreement, "compared", lambda _table, place, _run: [f"replication {place}: x"] * 2)
    assert agreement.main(["first-intercept", "-n", "30", "-r", "7"]) == 1
    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == "replication 0: x"
    assert len(shown) == agreement.SHOWN + 1
    assert shown[-1].startswith("30 replications compared: 60 differences (the first are shown); ")


def test_what_is_handed_over_is_counted_and_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """A replication that the batch does not compose has nothing to be compared."""

    def handing_over(*args: object, **options: object) -> Batch:
        batch = compose(*args, **options)  # type: ignore[arg-type]
        batch.handed_over[2:] = True
        for happening in batch.happenings:
            happening.step[2:] = 3
        return batch

    monkeypatch.setattr(agreement, "compose", handing_over)
    comparison = agreement.Comparing(read("first-intercept")[0], 1)((0, 10))
    assert (comparison.compared, comparison.handed_over, comparison.differences) == (2, 8, [])
