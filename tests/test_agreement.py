"""The two engines tell the same: every outcome of every replication, on July 2019 and on random scenarios.

The outside authority is the other engine: the processes are an independent telling of the model.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim import outcomes
from sim.batch import compose
from sim.clock import NEVER
from sim.draws import Uniforms
from sim.happenings import Batch
from sim.run import prepare, replicate
from sim.scenario import Scenario, read
from tests import agreement
from tests.agreement import asking_everything, compared, differences
from tests.logs import batch_of
from tests.scenarios import KNOWN, Data, known, scenario_data, scenario_of
from tests.test_properties import few

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
