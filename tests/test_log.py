"""The log stands in one order, whatever the order in which processes made their entries."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import permutations

from sim.clock import Clock
from sim.log import Log, Record, in_order

CLOCK = Clock(datetime(2020, 1, 1, 6, tzinfo=UTC), 10, 100, "UTC")


def entry(step: int, kind: str, who: str, cause: int | None = None, **data: object) -> Record:
    """Make a record as a process enters it; its number is its place."""
    return Record(-1, step, kind, who, "f", cause, dict(data))


def told(log: Log) -> list[tuple[int, str, str, str | None]]:
    """Return each record with the kind of its cause."""
    return [(r.step, r.kind, r.who, None if r.cause is None else log[r.cause].kind) for r in log]


def test_unrelated_records_may_be_entered_in_any_order() -> None:
    """Records of one step that do not cause each other stand by kind, who and data."""
    entries = [
        entry(3, "track", "b"),
        entry(3, "track", "a"),
        entry(3, "appears", "f"),
        entry(2, "call", "z"),
    ]
    logs = [in_order(order, CLOCK) for order in permutations(entries)]
    assert all(log == logs[0] for log in logs)
    assert told(logs[0]) == [
        (2, "call", "z", None),
        (3, "appears", "f", None),
        (3, "track", "a", None),
        (3, "track", "b", None),
    ]


def test_records_that_differ_in_their_cause_alone_may_be_entered_in_any_order() -> None:
    """Two like records of one step stand in the order of their causes."""
    one = [
        entry(1, "call", "a"),
        entry(2, "call", "b"),
        entry(5, "report", "f", 0),
        entry(5, "report", "f", 1),
    ]
    other = [*one[:2], one[3], one[2]]
    assert in_order(one, CLOCK) == in_order(other, CLOCK)


def test_causes_stand_before_effects_of_the_same_step() -> None:
    """In one step an effect follows its cause though its kind comes earlier in the alphabet."""
    log = in_order([entry(4, "decided", "p"), entry(4, "assigned", "x", 0), entry(4, "arms", "y", 1)], CLOCK)
    assert told(log) == [
        (4, "decided", "p", None),
        (4, "assigned", "x", "decided"),
        (4, "arms", "y", "assigned"),
    ]


def test_causes_are_numbered_anew() -> None:
    """Numbers run from 0 in the order of the log, and causes go along."""
    entries = [
        entry(9, "late", "p"),
        entry(1, "early", "p"),
        entry(9, "effect", "p", 0),
        entry(2, "middle", "p", 1),
    ]
    log = in_order(entries, CLOCK)
    assert [r.id for r in log] == [0, 1, 2, 3]
    assert told(log) == [
        (1, "early", "p", None),
        (2, "middle", "p", "early"),
        (9, "late", "p", None),
        (9, "effect", "p", "late"),
    ]


def test_the_chain_of_causes_ends_outside() -> None:
    """From a record one comes over its causes to one that has none."""
    entries = [
        entry(1, "enters", "f"),
        entry(2, "track", "p", 0),
        entry(3, "noise", "q"),
        entry(4, "order", "p", 1),
    ]
    log = in_order(entries, CLOCK)
    assert [r.kind for r in log.causes(log[3])] == ["order", "track", "enters"]
    assert [r.kind for r in log.causes(log[2])] == ["noise"]


def test_a_row_bears_the_local_time() -> None:
    """Rows are flat, with the local time of the step, and are what the JSON lines hold."""
    log = in_order([entry(7, "enters", "f", zone="z", stay=1)], CLOCK)
    row = {
        "id": 0,
        "step": 7,
        "time": "06:01:10+00:00",
        "kind": "enters",
        "who": "f",
        "about": "f",
        "cause": None,
        "data": {"zone": "z", "stay": 1},
    }
    assert log.rows() == [row]
    assert [json.loads(line) for line in log.lines()] == [row]


def test_logs_are_equal_by_their_records() -> None:
    """Logs with the same records are equal; one more record makes another log."""
    one, two = entry(1, "a", "x"), entry(2, "b", "x")
    assert in_order([one, two], CLOCK) == in_order([two, one], CLOCK)
    assert in_order([one], CLOCK) != in_order([one, two], CLOCK)
    assert len(in_order([one, two], CLOCK)) == 2
