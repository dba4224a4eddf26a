"""The event log: one flat record per event, each with the event that caused it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

from sim.clock import Clock

Data = dict[str, Any]


class Record(NamedTuple):
    """One event: its number in the log, step, kind, who did it, about which flight, cause (a number) and data."""

    id: int
    step: int
    kind: str
    who: str
    about: str
    cause: int | None
    data: Data


entry: Callable[[tuple[Any, ...]], Record] = partial(tuple.__new__, Record)
"""Makes a record of its columns, as `Record._make` does in twice the time."""


class Log(Sequence[Record]):
    """All events of one replication in order of time, causes before effects."""

    def __init__(self, records: Sequence[Record], clock: Clock) -> None:
        self.records = list(records)
        self.clock = clock
        self._by_kind: dict[str, list[Record]] | None = None

    def __len__(self) -> int:
        return len(self.records)

    def __getitem__(self, index: Any) -> Any:
        return self.records[index]

    def __iter__(self) -> Iterator[Record]:
        return iter(self.records)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Log) and self.records == other.records

    def __hash__(self) -> int:
        return id(self)

    def of_kind(self, kind: str) -> list[Record]:
        """Return the records of one kind in order of time."""
        if self._by_kind is None:
            self._by_kind = {}
            for record in self.records:
                self._by_kind.setdefault(record.kind, []).append(record)
        return self._by_kind.get(kind, [])

    def rows(self) -> list[Data]:
        """Return the records as flat dictionaries with local times, as they are written to JSON."""
        return [as_row(record, self.clock) for record in self.records]

    def lines(self) -> Iterator[str]:
        """Yield the log as JSON lines without line ends."""
        for row in self.rows():
            yield json.dumps(row, ensure_ascii=False)

    def causes(self, record: Record) -> list[Record]:
        """Return the chain of causes of a record, the record itself first and the outside cause last."""
        chain = [record]
        while chain[-1].cause is not None:
            chain.append(self.records[chain[-1].cause])
        return chain


def as_row(record: Record, clock: Clock) -> Data:
    """Return one record as the dictionary that is written to JSON."""
    return {
        "id": record.id,
        "step": record.step,
        "time": clock.local(record.step),
        "kind": record.kind,
        "who": record.who,
        "about": record.about,
        "cause": record.cause,
        "data": record.data,
    }


def rank(records: Sequence[Record], number: int) -> tuple[Any, ...]:
    """Return what a record is compared by with others: the same whatever the order in which they were entered."""
    if number < 0:
        return ()
    r = records[number]
    return (r.step, r.kind, r.who, r.about, repr(r.data), () if r.cause is None else rank(records, r.cause))


def in_order(records: Iterable[Record], clock: Clock) -> Log:
    """Put the records into one order that does not depend on how processes were woken, and number them.

    A cause has been entered before its effects.  Events of one step stand in the order of cause and effect, then by
    kind, who, about, data and cause.
    """
    entered = list(records)
    keys: list[tuple[int, int, str, str, str]] = []
    for _, step, kind, who, about, cause, _ in entered:
        behind = keys[cause][1] + 1 if cause is not None and keys[cause][0] == step else 0
        keys.append((step, behind, kind, who, about))
    order = sorted(range(len(entered)), key=keys.__getitem__)
    place: dict[int | None, int] = {i: number for number, i in enumerate(order)}
    place[None] = -1
    end = 0
    for begin in [at for at, (one, other) in enumerate(pairwise(order)) if keys[one] == keys[other]]:
        if (
            begin >= end
        ):  # here begin some that are alike; their causes stand before them, so their places are known
            end = begin + 2
            while end < len(order) and keys[order[end]] == keys[order[begin]]:
                end += 1
            alike = sorted(order[begin:end], key=lambda i: (repr(entered[i].data), place[entered[i].cause]))
            order[begin:end] = alike
            place.update(zip(alike, range(begin, end), strict=True))
    ordered: list[Record] = []
    for number, i in enumerate(order):
        before, step, kind, who, about, cause, data = record = entered[i]
        if before != number or (cause is not None and cause != place[cause]):
            record = entry((number, step, kind, who, about, None if cause is None else place[cause], data))
        ordered.append(record)
    return Log(ordered, clock)
