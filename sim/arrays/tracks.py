"""Tracks in columns: one flight in many replications, on its script in most and turned away in some.

What is asked about a flight is looked up in tables: those of its script hold for all replications in which it keeps
to it, and each step at which it may turn away has tables of its own, made when a replication first needs them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.arrays.columns import FAR, Flags, Rows, Whole
from sim.clock import NEVER
from sim.departures import Departures
from sim.flight import Track, Vectors

Spans = tuple[Whole, Whole]
"""Begins and ends, shape (spans, replications or 1), FAR-filled."""

SUREST_KM = 1e-6
"""How much less than a fighter a flight must fly in a step for the latest step of departure to rise for certain."""


def far(steps: Any) -> Whole:
    """Return steps with NEVER written as FAR."""
    return np.where(np.asarray(steps) >= FAR, FAR, steps).astype(np.int32)


def spans_of(pairs: Sequence[tuple[int, int]]) -> Spans:
    """Return (begin, end) pairs as columns that hold for all replications, shape (spans, 1)."""
    table = far(np.array(pairs, dtype=np.int64).reshape(-1, 2))
    return table[:, :1], table[:, 1:]


@dataclass
class Departed:
    """The turned tracks of one flight that replications have needed so far.

    A variant is a step of turning and the zones that are left (`ways`, one for each side that may warn the flight).
    """

    script: Track
    ways: list[tuple[str, ...]]
    blocks: list[Departures] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    count: int = 0
    numbers: dict[int, NDArray[np.int64]] = field(default_factory=dict)
    tables: dict[Any, tuple[int, tuple[Any, ...]]] = field(default_factory=dict)

    def variants(self, ways: NDArray[np.int64], steps: Whole) -> NDArray[np.int64]:
        """Return the number of each variant (replications,), making the tracks that are new."""
        found = np.empty(len(steps), dtype=np.int64)
        for way in np.unique(ways):
            rows = np.flatnonzero(ways == way)
            known = self.numbers.setdefault(int(way), np.full(len(self.script.units), -1, dtype=np.int64))
            new = np.unique(steps[rows])
            new = new[known[new] < 0]
            if len(new):
                self.blocks.append(Departures.of(self.script, new.astype(np.int64), self.ways[int(way)]))
                self.starts.append(self.count)
                known[new] = np.arange(self.count, self.count + len(new))
                self.count += len(new)
            found[rows] = known[steps[rows]]
        return found

    def table(self, key: Any, make: Callable[[Departures], Sequence[Any]]) -> tuple[Any, ...]:
        """Return tables with a row (variants, ...) for each variant; of ragged ones the rest is FAR."""
        done, found = self.tables.get(key, (0, ()))
        for block in self.blocks[done:]:
            new = tuple(np.asarray(part) for part in make(block))
            found = tuple(_stacked(a, b) for a, b in zip(found, new, strict=True)) if found else new
        self.tables[key] = (len(self.blocks), found)
        return found

    def place(self, variants: NDArray[np.int64], steps: Whole) -> Vectors:
        """Return the places of variants at steps, shape (n, 3)."""
        found = np.empty((len(variants), 3))
        block_of = np.searchsorted(self.starts, variants, side="right") - 1
        for number in np.unique(block_of):
            rows = np.flatnonzero(block_of == number)
            block = self.blocks[int(number)]
            found[rows] = block.place(variants[rows] - self.starts[int(number)], steps[rows].astype(np.int64))
        return found


def _stacked(above: NDArray[Any], below: NDArray[Any]) -> NDArray[Any]:
    if above.ndim == 1:
        return np.concatenate([above, below])
    width = max(above.shape[1], below.shape[1])
    fill: Any = np.nan if above.dtype.kind == "f" else NEVER
    parts = [
        np.pad(part, ((0, 0), (0, width - part.shape[1])), constant_values=fill) for part in (above, below)
    ]
    return np.concatenate(parts)


@dataclass
class Flown:
    """One flight in the replications of a pass.

    `turns` (replications,) is the step at which it leaves its script, or FAR; `variant` numbers the turned track.
    """

    script: Track
    departed: Departed
    turns: Whole
    variant: NDArray[np.int64]
    turned: Rows
    """The replications in which it turns."""
    tables: dict[Any, Any]
    """What follows from the script alone, kept for all chunks."""
    spans_kept: dict[Any, Spans] = field(default_factory=dict)

    def kept(self, key: Any, make: Callable[[], Any]) -> Any:
        """Return what follows from the script alone."""
        key = (self.script.name, key)
        if key not in self.tables:
            self.tables[key] = make()
        return self.tables[key]

    def spans(self, key: Any, script: Callable[[], Spans], turned: Callable[[Departures], Any]) -> Spans:
        """Return spans of steps of the tracks as flown: (spans, 1) if none has turned, else (spans, replications)."""
        found = self.spans_kept.get(key)
        if found is not None:
            return found
        begins, ends = self.kept(key, script)
        if len(self.turned):
            other = self.departed.table(key, turned)
            width = max(len(begins), other[0].shape[1])
            begins, ends = (
                self._as_flown(table, far(flown), width)
                for table, flown in zip((begins, ends), other, strict=True)
            )
        self.spans_kept[key] = begins, ends
        return begins, ends

    def _as_flown(self, script: Whole, turned: Whole, width: int) -> Whole:
        table = np.full((width, len(self.turns)), FAR, dtype=np.int32)
        table[: len(script)] = script
        rows = np.full((len(self.turned), width), FAR, dtype=np.int32)
        rows[:, : turned.shape[1]] = turned[self.variant[self.turned]]
        table[:, self.turned] = rows.T
        return table

    def stays(self, zone: str) -> Spans:
        """Return the stays in a zone as flown: first step inside, first step outside again."""
        return self.spans(
            ("stays", zone),
            lambda: spans_of([tuple(stay) for stay in self.script.stays(zone)]),
            lambda departures: departures.stays(zone),
        )

    @property
    def first(self) -> int:
        """The first step at which the flight exists; a turn does not change it."""
        return self.script.first

    def last(self) -> Whole:
        """Return the last step at which the flight exists, shape (replications,) or (1,)."""
        if not len(self.turned):
            return np.array([self.script.last], dtype=np.int32)
        last = np.full(len(self.turns), self.script.last, dtype=np.int32)
        (turned,) = self.departed.table("last", lambda departures: (departures.last,))
        last[self.turned] = turned[self.variant[self.turned]]
        return last

    def place(self, rows: Rows, steps: Whole, known: Flags) -> Vectors:
        """Return where the flight is at steps in replications `rows`, or will be as far as is known.

        `known` says where the turn has happened: elsewhere the script is what is looked ahead in.
        """
        found: Vectors = self.script.units[np.minimum(steps, len(self.script.units) - 1)]
        if known.any():
            there = np.flatnonzero(known)
            found[there] = self.departed.place(self.variant[rows[there]], steps[there])
        return found
