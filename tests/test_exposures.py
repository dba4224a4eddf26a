"""Exposures: how a hazard had its chance, by a batch and by a log, and what that comes to by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from sim import exposures
from sim.batch import compose, keep
from sim.draws import Uniforms
from sim.escalation import Rung
from sim.exposures import Encounters, of_batch, of_log
from sim.measures import reaches
from sim.run import Replication, prepare, replicate
from sim.scenario import Scenario, read
from tests.encounters import SECOND, SOUTHERN, encounter, records, scenario, steps
from tests.scenarios import scenario_data, scenario_of
from tests.test_escalation import BESIDE, FACE_OFF, ON_CALL
from tests.test_warning import CALLS

RUNGS = 'escalation.rungs = [{ name = "calm", reached_by = ["track"] }, { name = "harm", reached_by = ["incident"] }]'


def both(made: Scenario, count: int) -> tuple[Encounters, list[Encounters], list[int]]:
    """Return the encounters of some replications by the batch and by their logs, and which the batch composed."""
    prepared, uniforms = prepare(made), Uniforms(3)
    keep(prepared, exposures.kinds_of(made))
    batch = compose(prepared, uniforms, 0, count)
    logs = [of_log(replicate(prepared, uniforms, number)) for number in range(count)]
    composed = np.flatnonzero(~batch.handed_over).tolist()
    handed_over = {number: logs[number] for number in range(count) if number not in composed}
    return of_batch(batch, handed_over), logs, composed


def assert_alike(found: Encounters, logs: list[Encounters], places: Any) -> None:
    """Compare the exposures and the rungs of some replications."""
    for place in places:
        one = logs[place]
        assert found.plain[:, place].tolist() == one.plain[:, 0].tolist()
        assert found.counted[:, place].tolist() == one.counted[:, 0].tolist()
        for name, exposure in found.exposures.items():
            mine = np.sort(exposure.events[:, place])
            theirs = np.sort(one.exposures[name].events[:, 0])
            assert mine[mine > 0].tolist() == theirs[theirs > 0].tolist()
            assert exposure.minutes[place] == pytest.approx(one.exposures[name].minutes[0], abs=1e-9)


def test_the_batch_and_the_logs_of_july_give_the_same_exposures() -> None:
    """In 12 replications each hazard has the same events and minutes, and the rungs are the same."""
    found, logs, _ = both(read("july-2019")[0], 12)
    assert_alike(found, logs, range(12))
    assert found.exposures["misread-order"].minutes.min() > 60


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(scenario_data())
def test_the_batch_and_the_logs_of_any_scenario_give_the_same_exposures(data: dict[str, Any]) -> None:
    """The same in random scenarios, handed over or not."""
    found, logs, _ = both(scenario_of(data), 4)
    assert_alike(found, logs, range(4))


def chance(run: Replication, share: float) -> float:
    """Return the chance of the second rung in a replication, given all but the hazard."""
    ladder = run.prepared.scenario.escalation
    touched = [exposures.touching(ladder, rung) for rung in ladder.rungs]
    (calm, harm) = of_log(run).reached(touched, dict.fromkeys(ladder.hazards, share))[:, 0]
    assert calm == 1.0
    return float(harm)


@pytest.mark.parametrize("share", [0.0, 1e-9, 0.3, 1.0])
def test_a_hazard_of_four_events_is_spared_four_times(share: float) -> None:
    """After four calls the chance is 1 - (1 - p)^4, whatever was drawn."""
    run = encounter(CALLS, ON_CALL % "0.3", RUNGS)
    assert len(steps(run, "call")) == 4
    assert chance(run, share) == pytest.approx(1 - (1 - share) ** 4, rel=1e-6)


def test_only_the_occurrences_that_count_are_exposed() -> None:
    """From the third call on there are two."""
    run = encounter(CALLS, ON_CALL % "0.3", RUNGS, "escalation.hazards.mishap.from_occurrence = 3")
    assert chance(run, 0.3) == pytest.approx(1 - 0.7**2)


def test_what_would_come_after_the_window_does_not_count() -> None:
    """With delays of 1 to 100 s and the end 60 s after the last call, that one has 60 of 100 chances to be in time."""
    late = "escalation.hazards.mishap.delay_s = { dist = 'uniform', low = 0, high = 100 }"
    last = steps(encounter(CALLS), "call")[-1]
    end = f"clock.end = {6 + (last + 60) // 3600:02}:{(last + 60) // 60 % 60:02}:{(last + 60) % 60:02}"
    run = encounter(CALLS, ON_CALL % "0.3", RUNGS, late, end)
    assert chance(run, 0.3) == pytest.approx(1 - 0.7**3 * (1 - 0.3 * 0.6))


def test_a_hazard_by_the_minute_is_exposed_while_a_pair_is_beside() -> None:
    """Two pairs that join and part have the minutes between, less the step of parting, each for itself."""
    run = encounter(BESIDE % "0.03", SECOND, "command.stages.decide.pairs = 2", RUNGS)
    minutes = sum(
        (parts - joins - 1) / 60
        for who in ("first", "second")
        for joins, parts in zip(steps(run, "joined", who), steps(run, "parts", who), strict=True)
    )
    assert minutes > 20
    assert chance(run, 0.03) == pytest.approx(1 - 0.97**minutes)


def test_a_hazard_of_the_face_off_is_exposed_while_it_lasts() -> None:
    """From a step after its beginning to the step before its end."""
    run = encounter(SOUTHERN, FACE_OFF % "0.1", RUNGS, "fighters.types.fast.endurance_s = 2500")
    (begins,), (ends,) = records(run, "face-off"), records(run, "face-off-ends")
    assert chance(run, 0.1) == pytest.approx(1 - 0.9 ** ((ends.step - begins.step - 1) / 60))


def test_counting_over_many_draws_agrees_with_what_is_reckoned() -> None:
    """In an encounter without chance the hazards alone are drawn: of 4,000 replications as many strike, ± 0.03.

    The tolerance is four standard errors.
    """
    made = scenario(SOUTHERN, FACE_OFF % "0.02", RUNGS, "fighters.types.fast.endurance_s = 2500")
    prepared = prepare(made)
    keep(prepared, exposures.kinds_of(made))
    found = of_batch(compose(prepared, Uniforms(1), 0, 4_000), {})
    touched = [exposures.touching(made.escalation, rung) for rung in made.escalation.rungs]
    reckoned = found.reached(touched, {"mishap": 0.02})[1]
    assert reckoned.min() == reckoned.max()
    assert 0.1 < reckoned[0] < 0.9
    assert found.counted[1].mean() == pytest.approx(reckoned[0], abs=0.03)


CASCADE = (
    ON_CALL % "0.5"
    + """
[escalation.hazards.panic]
label = "panic"
on = "incident"
leads_to = "harm"
share = 0.5
low_share = 0.1
high_share = 0.9
delay_s = 3
"""
)


def test_a_hazard_that_leads_to_another_is_drawn_and_the_last_is_reckoned() -> None:
    """Of two that follow from one another only the second can be reckoned, given the first."""
    made = scenario(CALLS, CASCADE)
    assert exposures.drawn(made.escalation) == ["mishap"]
    assert exposures.reckoned(made.escalation) == ["panic"]


def test_what_a_hazard_leads_to_is_the_doing_of_no_side() -> None:
    """A rung of one side's doing is reached by no hazard, as the measures have it."""
    ladder = scenario(CALLS, ON_CALL % "1.0").escalation
    rung = Rung(name="a", reached_by=("incident", "call"), side="north")
    assert exposures.touching(ladder, rung) == []
    assert exposures.touching(ladder, rung.model_copy(update={"side": None})) == ["mishap"]
    (record, *_) = records(encounter(CALLS, ON_CALL % "1.0"), "incident")
    assert not reaches(rung, record)
