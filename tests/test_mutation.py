"""A fault of one step that is planted in either engine is found by comparing the two."""

from __future__ import annotations

from collections import OrderedDict
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from sim import command, crew, dispatch, run, sorties, warning
from sim.arrays import fighters, resuming, tracks
from sim.arrays.columns import Columns, Whole
from sim.arrays.telling import Telling
from sim.scenario import read
from tests.agreement import differences

COMPARED = 12
"""Replications of July 2019 that suffice to find each fault; the uniform numbers are fixed."""

DELAYS = (
    *("delay", "first-call", "call-interval", "block-delay", "block-interval", "flares-delay"),
    *("shots-delay", "shots-spacing", "shots-interval", "report", "airborne-from-cockpit", "climb", "join"),
)
"""The first words of decisions, each of which is drawn one step too long."""

IN_PROCESSES: tuple[tuple[ModuleType, str], ...] = (
    *((command, "delay"), (warning, "first-call"), (warning, "block-delay"), (warning, "shots-interval")),
    *((dispatch, "airborne-from-cockpit"), (sorties, "climb"), (sorties, "join"), (crew, "report")),
)


def found() -> list[str]:
    """Compare the engines on July 2019."""
    return differences(read("july-2019")[0], 1, 0, COMPARED)


def test_without_a_fault_there_is_nothing_to_find() -> None:
    """The replications that are compared below come out the same."""
    assert found() == []


@pytest.mark.parametrize("decision", DELAYS)
def test_a_step_too_many_in_a_delay_of_the_batch_is_found(
    decision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever delay the batch draws a step too long, an outcome differs."""
    draw = Columns.steps

    def longer(self: Columns, law: Any, entity: str, what: str, occurrence: int, *, least: int = 1) -> Whole:
        column = draw(self, law, entity, what, occurrence, least=least)
        return column + np.int32(1) if what.split()[0] == decision else column

    monkeypatch.setattr(Columns, "steps", longer)
    assert found()


@pytest.mark.parametrize(("module", "decision"), IN_PROCESSES)
def test_a_step_too_many_in_a_delay_of_the_processes_is_found(
    module: ModuleType, decision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever delay the processes draw a step too long, an outcome differs."""
    draw = module.drawn_steps

    def longer(world: Any, law: Any, entity: str, what: str, occurrence: int, *, least: int = 1) -> int:
        steps: int = draw(world, law, entity, what, occurrence, least=least)
        return steps + 1 if what.split()[0] == decision else steps

    monkeypatch.setattr(module, "drawn_steps", longer)
    assert found()


def test_a_meeting_one_step_late_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The batch's table of the intercept law is not allowed a step."""
    meets = fighters.Pursuit.meets_from_base

    def later(self: fighters.Pursuit, *questions: Any) -> Whole:
        return meets(self, *questions) + np.int32(1)

    monkeypatch.setattr(run, "_tracks", OrderedDict())  # what is planned from late meetings is not to be kept
    monkeypatch.setattr(fighters.Pursuit, "meets_from_base", later)
    assert found()


def test_dispatch_that_resumes_one_step_late_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is told again is told from the very step on at which something comes out otherwise."""
    first = resuming.first_difference

    def later(*tellings: Any) -> Whole:
        return first(*tellings) + np.int32(1)

    monkeypatch.setattr("sim.arrays.dispatch.first_difference", later)
    assert found()


def test_a_boundary_one_step_late_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is its table of stays in a zone."""
    stays = tracks.Flown.stays

    def later(self: tracks.Flown, zone: str) -> tuple[Whole, Whole]:
        enters, leaves = stays(self, zone)
        return enters + np.int32(1), leaves

    monkeypatch.setattr(tracks.Flown, "stays", later)
    assert found()


def test_an_answer_that_is_not_heard_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A chance that the batch takes for lower than it is changes an outcome."""
    below = Telling.below

    def deaf(
        self: Telling,
        shares: tuple[float, ...],
        entity: str,
        decision: str,
        occurrence: int,
        rows: Any = None,
    ) -> Any:
        if decision.startswith("notices"):
            shares = tuple(0.5 * share for share in shares)
        return below(self, shares, entity, decision, occurrence, rows)

    monkeypatch.setattr(Telling, "below", deaf)
    assert found()
