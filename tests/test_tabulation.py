"""Arrays of steps counted and compared, by hand where logs seldom come."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.catalogue import ALL
from sim.clock import NEVER
from sim.facts import Fact
from sim.happenings import Batch, FlownColumns, Happening, StayColumns, Steps
from sim.run import Prepared, prepare
from sim.scenario import read
from sim.tabulation import earliest, most_stays, values, within


def steps(*each: int | None) -> Steps:
    """Return a column of steps, NEVER for None."""
    return np.array([NEVER if step is None else step for step in each], dtype=np.int32)


def stays(*each: tuple[Steps, Steps]) -> StayColumns:
    """Return stays by their (enters, leaves)."""
    enters, leaves = (np.array([stay[end] for stay in each]) for end in (0, 1))
    return StayColumns(enters, leaves, np.where(enters == NEVER, np.nan, 5.0))


def batch(*happenings: Happening, facts: dict[str, Fact] | None = None, **zones: StayColumns) -> Batch:
    """Return a batch of first-intercept by hand, of as many replications as the first happening has."""
    made = prepare(read("first-intercept")[0])
    scenario = made.scenario.model_copy(update={"facts": facts or {}})
    prepared = Prepared(scenario, made.clock, made.sphere, made.tracks, made.places)
    count = len(happenings[0].step)
    none = stays((steps(None), steps(None)))
    flown = FlownColumns(
        steps(None), steps(3600), steps(100), np.array([9.0]), {z: zones.get(z, none) for z in scenario.zones}
    )
    return Batch(prepared, 1, 0, count, list(happenings), {"bear": flown}, np.zeros(count, dtype=bool))


def told(column: str, made: Batch) -> list[Any]:
    """Return one column of a batch, None where it is not valid."""
    found, valid = (np.broadcast_to(part, made.count) for part in values(made, ALL)[column])
    return [value if there else None for value, there in zip(found.tolist(), valid.tolist(), strict=True)]


def call(number: int, *each: int | None) -> Happening:
    """Return one call to the flight."""
    return Happening("call", "control", "bear", steps(*each), {"side": "west", "stay": 1, "number": number})


def test_the_earliest_step_is_found_among_columns_of_either_length() -> None:
    """What is the same in all replications is compared with what is not, in any order."""
    once, each = steps(40), steps(30, None, 50)
    for order in ([once, each], [each, once], [each, once, once], [once, each, each]):
        assert earliest(order).tolist() == [30, 40, 40]
    assert each.tolist() == [30, NEVER, 50]
    assert earliest([]).tolist() == [NEVER]


def test_a_span_holds_its_first_step_and_not_its_end() -> None:
    """A stay that does not end holds all that comes after its beginning; none holds nothing."""
    begins, ends = steps(10, 10, 10, 10, 10, None), steps(20, 20, 20, 20, None, None)
    assert within(steps(9, 10, 19, 20, 30, 30), begins, ends).tolist() == [NEVER, 10, 19, NEVER, 30, NEVER]


@pytest.mark.parametrize("most", [3, 255, 256, 300])
def test_many_events_are_counted(most: int) -> None:
    """More than a byte holds, too."""
    made = batch(*[call(number, number, None, 5) for number in range(1, most + 1)])
    assert told("west.bear.calls", made) == [most, 0, most]


@pytest.mark.parametrize(
    ("occurrence", "expected"), [(1, [4, 4, 9]), (2, [4, 6, None]), (3, [8, None, None])]
)
def test_the_nth_event_is_the_nth_in_time(occurrence: int, expected: list[int | None]) -> None:
    """In whatever order the columns stand, and where two events fall on one step."""
    fact = Fact.model_validate(
        {
            "statement": "x",
            "role": "check",
            "confidence": "ASM",
            "select": {"kind": "call", "occurrence": occurrence},
            "low": 0,
            "take": "count",
        }
    ).model_copy(update={"take": "time"})
    made = batch(call(1, 8, 6, None), call(2, 4, None, 9), call(3, 4, 4, None), facts={"one": fact})
    assert told("fact.one.at_s", made) == expected


def test_an_authority_counts_for_the_stay_in_whose_window_it_falls() -> None:
    """A window lasts to the end of its stay inclusive: an entry at the step of leaving is still in the first."""
    granted = Happening(
        "flares-authorised", "control", "bear", steps(70, 70, 70), {"stage": "authorise-flares", "stay": 1}
    )
    leaves = steps(100, 99, 101)
    ring = stays((steps(50, 50, 50), leaves), (steps(100, 100, 101), steps(200, 200, 200)))
    made = batch(granted, zone=ring, airspace=stays((steps(100, 100, 100), steps(130, 130, 130))))
    assert made.prepared.scenario.warning["west"].per == "zone"
    assert told("bear.airspace.1.flares.authority_margin_s", made) == [60, None, 60]


def test_the_most_stays_are_those_of_the_rows_that_count() -> None:
    """Rows that mean nothing add no columns."""
    each = stays((steps(1, 2, 3), steps(4, 5, 6)), (steps(None, 8, 9), steps(None, None, 12)))
    assert most_stays(each, np.array([0])) == 1
    assert most_stays(each, np.array([0, 2])) == 2
    assert most_stays(each, np.array([], dtype=np.intp)) == 0
    assert most_stays(stays((steps(1), steps(2))), np.array([0, 1, 2])) == 1
