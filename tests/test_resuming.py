"""Dispatch that takes up the telling before: the same as telling all of it again, for less work."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim import outcomes
from sim.arrays.dispatch import Squadron
from sim.batch import compose
from sim.draws import Uniforms
from sim.outcomes import Outcomes
from sim.run import prepare
from sim.scenario import Scenario, read
from tests.agreement import asking_everything

COUNT = 400


def table(scenario: Scenario) -> Outcomes:
    """Return the outcomes of some replications, told until nothing changes."""
    return outcomes.of(compose(prepare(scenario), Uniforms(3), 0, COUNT))


def same(one: Outcomes, other: Outcomes) -> bool:
    """Return whether two tables say the same."""
    return [column.name for column in one.columns] == [column.name for column in other.columns] and all(
        np.ma.allequal(one[column.name], other[column.name])
        and np.array_equal(np.ma.getmaskarray(one[column.name]), np.ma.getmaskarray(other[column.name]))
        for column in one.columns
        if column.kind != "name"
    )


def test_what_is_taken_up_comes_out_as_what_is_told_from_the_beginning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every event that rungs and facts may ask of comes at the same step; and fewer orders are given for it."""
    orders = 0
    take = Squadron._take

    def counting(self: Squadron, number: Any, rows: Any, step: Any) -> None:
        nonlocal orders
        orders += len(rows)
        take(self, number, rows, step)

    monkeypatch.setattr(Squadron, "_take", counting)
    scenario = asking_everything(read("july-2019")[0])
    taken_up, few = table(scenario), orders
    monkeypatch.setattr(Squadron, "resume", lambda _self, _then, _kept: None)
    orders = 0
    assert same(taken_up, table(scenario))
    assert few < 0.9 * orders
