"""Outcomes of many replications as one table: a column for each outcome and reported fact, a row for each replication.

The table of a batch is made by array operations alone.  Row by row it is what `measures` tells of a log; a test
compares them.  What did not happen is absent, never a stand-in number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim import measures, tabulation
from sim.catalogue import (
    ALL,
    Column,
    StayCounts,
    Wanted,
    columns,
    fact_column,
    happened_column,
    sighted_zones,
    tells_absence,
)
from sim.clock import Clock
from sim.happenings import Batch
from sim.run import Prepared, Replication
from sim.tabulation import Flags, Values

Row = Mapping[str, Any]
"""By column: the value in one replication, None where it is absent."""

TYPES: Mapping[str, type[np.generic]] = {"whole": np.int32, "fraction": np.float64, "name": np.int32}
"""How the values of a kind of column are kept; a name by its place in `Column.names`."""
ABSENT: Values = (np.zeros(1, dtype=np.int32), np.zeros(1, dtype=bool))


@dataclass(frozen=True)
class Outcomes:
    """The outcomes of replications `first` to `first + len - 1` of a scenario under a seed.

    `outcomes["a50.turns.at_s"]` is one column; `columns` says what there is, `row` gives one replication.
    """

    clock: Clock
    seed: int
    first: int
    columns: tuple[Column, ...]
    values: Mapping[str, NDArray[Any]]
    """By column, shape (replications,); a whole number is 0 where it is absent."""
    valid: Mapping[str, Flags]
    """By column that can be absent: where it is not, shape (replications,)."""
    handed_over: NDArray[np.int64]
    """Numbers of the replications that the batch could not compose: the processes told them."""
    stays: StayCounts
    """By (flight, zone): the most stays in any row."""

    def __len__(self) -> int:
        return len(self.values["replication"])

    def __getitem__(self, name: str) -> np.ma.MaskedArray[Any, Any]:
        """Return one column, masked where it is absent."""
        column = next(column for column in self.columns if column.name == name)
        values = self._words(column) if column.kind == "name" else self.values[name]
        return np.ma.MaskedArray(values, ~self.valid[name] if column.optional else np.ma.nomask)

    def to_dict(self) -> dict[str, NDArray[Any]]:
        """Return the columns as plain arrays, of which any library makes a data frame.

        Counts are whole numbers.  What can be absent is of floating point, and not a number where it is; names are
        objects, and None where they are absent.
        """
        found: dict[str, NDArray[Any]] = {}
        for column in self.columns:
            values = self.values[column.name]
            if column.kind == "name":
                values = self._words(column)
            elif column.optional:
                values = np.where(self.valid[column.name], values, np.nan)
            found[column.name] = values
        return found

    def _words(self, column: Column) -> NDArray[Any]:
        places = np.where(self.valid[column.name], self.values[column.name], len(column.names))
        return np.array([*column.names, None], dtype=object)[places]

    def row(self, place: int) -> dict[str, Any]:
        """Return one replication as `measures.outcomes` does: by key, with local times."""
        row: dict[str, Any] = {}
        for column in self.columns:
            if column.name == "replication" or column.name.startswith("fact."):
                continue
            if column.beyond is None or self.values[column.beyond[0]][place] >= column.beyond[1]:
                row[column.key] = self._value(column, place)
        return measures.in_local_time(row, self.clock)

    def facts(self, place: int) -> dict[str, Any]:
        """Return what one replication says of each fact, by column, as `measures.simulated` does: times as steps."""
        return {
            column.name: self._value(column, place)
            for column in self.columns
            if column.name.startswith("fact.")
        }

    def _value(self, column: Column, place: int) -> Any:
        if column.optional and not self.valid[column.name][place]:
            return None
        value = self.values[column.name][place]
        if column.kind == "name":
            return column.names[value]
        return int(value) // self.clock.step_s if column.key != column.name else value.item()


# ---- from rows, and from tables of fewer replications


def told(replication: Replication, wanted: Wanted = ALL) -> Row:
    """Return one replication as a row of the table, from its log."""
    step_s, scenario = replication.prepared.clock.step_s, replication.prepared.scenario
    steps = (
        measures.in_steps(replication)
        if wanted.outcomes
        else measures.ladder_in_steps(replication, wanted.about)
    )
    row: dict[str, Any] = {
        (f"{key}_s" if key.endswith(".at") else key): (
            value * step_s if key.endswith(".at") and value is not None else value
        )
        for key, value in steps.items()
    }
    for name, fact in scenario.facts.items() if wanted.facts else ():
        value = measures.simulated(replication, fact)
        in_steps = fact.take == "time" and value is not None
        row[fact_column(name, fact)] = value * step_s if in_steps and value is not None else value
        if wanted.happened and not tells_absence(fact):
            row[happened_column(name)] = int(measures.happened(replication, fact))
    return row


def of_rows(prepared: Prepared, seed: int, first: int, rows: Sequence[Row], wanted: Wanted = ALL) -> Outcomes:
    """Return the table of replications that were told one by one, from number `first` on."""
    return _table(prepared, seed, first, len(rows), {}, {}, dict(enumerate(rows)), wanted)


def of(batch: Batch, wanted: Wanted = ALL, rows: Mapping[int, Row] | None = None) -> Outcomes:
    """Return the table of a batch; `rows` tells the replications that were handed over, by their place in it."""
    return next(of_points(batch, [batch.prepared], [rows or {}], wanted))


def of_points(
    batch: Batch, points: Sequence[Prepared], rows: Sequence[Mapping[int, Row]], wanted: Wanted = ALL
) -> Iterator[Outcomes]:
    """Yield the table of each of several points of a study that were told in one batch, one after the other.

    `rows` tells, for each point, its replications that were handed over.  The columns are worked out for all at once.
    """
    composed = ~batch.handed_over
    found: dict[str, Values] = {}
    if composed.any():  # else the batch may hold nothing at all
        found = tabulation.values(batch, wanted)
    count = batch.count // len(points)
    for number, (point, told_otherwise) in enumerate(zip(points, rows, strict=True)):
        span = slice(number * count, (number + 1) * count)
        mine = {
            name: (_part(values, span, batch.count), _part(valid, span, batch.count))
            for name, (values, valid) in found.items()
        }
        there = np.flatnonzero(composed[span]) + span.start
        stays: dict[tuple[str, str], int] = {}
        if len(there) and wanted.outcomes:
            stays = {
                (flight, zone): tabulation.most_stays(flown.stays[zone], there)
                for flight, flown in batch.flown.items()
                for zone in sighted_zones(point.scenario)
            }
        if not len(there):
            mine = {}
        table = _table(point, batch.seed, batch.first, count, mine, stays, told_otherwise, wanted)
        yield replace(table, handed_over=batch.first + np.flatnonzero(~composed[span]))


def _part(column: NDArray[Any], span: slice, count: int) -> NDArray[Any]:
    """Return a span of a column; one of length 1 holds for all."""
    return column[span] if len(column) == count else column


def _table(
    prepared: Prepared,
    seed: int,
    first: int,
    count: int,
    found: Mapping[str, Values],
    stays: StayCounts,
    rows: Mapping[int, Row],
    wanted: Wanted,
) -> Outcomes:
    """Return the table of what was found by column, with what the rows at some places tell laid over it."""
    stays = dict(stays)
    for row in rows.values() if wanted.outcomes else ():
        for flight in prepared.scenario.intruders:
            for zone in sighted_zones(prepared.scenario):
                stays[flight, zone] = max(stays.get((flight, zone), 0), row[f"{flight}.{zone}.stays"])
    values: dict[str, NDArray[Any]] = {}
    valid: dict[str, Flags] = {}
    every = columns(prepared, stays, wanted)
    for column in every:
        name = column.name
        if name == "replication":
            values[name] = np.arange(first, first + count)
            continue
        kept, flags = found.get(name, ABSENT)
        values[name] = _in_full(kept, count, TYPES[column.kind], bool(rows))
        if column.optional:
            valid[name] = _in_full(flags, count, np.bool_, bool(rows))
        for place, row in rows.items():
            value = row.get(name)
            if column.optional:
                valid[name][place] = value is not None
            if column.names and value is not None:
                value = column.names.index(value)
            values[name][place] = 0 if value is None else value
    return Outcomes(prepared.clock, seed, first, every, values, valid, np.zeros(0, dtype=np.int64), stays)


def _in_full(found: NDArray[Any], count: int, kind: type[np.generic], changes: bool) -> NDArray[Any]:
    """Return a column of full length; one of its own if it changes, since columns may share what was found."""
    if len(found) != count:
        found = np.broadcast_to(found, count)
        changes = True
    return found.astype(kind, copy=changes)


def collect(
    prepared: Prepared, seed: int, first: int, count: int, tables: Iterable[Outcomes], wanted: Wanted = ALL
) -> Outcomes:
    """Return one table of `count` replications from tables that follow each other."""
    values: dict[str, NDArray[Any]] = {}
    valid: dict[str, Flags] = {}
    stays: dict[tuple[str, str], int] = {}
    handed_over = []
    for table in tables:
        span = slice(table.first - first, table.first - first + len(table))
        for column in table.columns:
            name = column.name
            if name not in values:
                values[name] = np.zeros(count, dtype=table.values[name].dtype)
            values[name][span] = table.values[name]
            if column.optional:
                valid.setdefault(name, np.zeros(count, dtype=bool))[span] = table.valid[name]
        stays |= {key: max(most, stays.get(key, 0)) for key, most in table.stays.items()}
        handed_over.append(table.handed_over)
    every = columns(prepared, stays, wanted)
    for column in every:  # of replications none there is no table
        values.setdefault(column.name, np.zeros(count, dtype=TYPES[column.kind]))
        if column.optional:
            valid.setdefault(column.name, np.zeros(count, dtype=bool))
    told_so = np.concatenate([np.zeros(0, dtype=np.int64), *handed_over])
    return Outcomes(prepared.clock, seed, first, every, values, valid, told_so, stays)
