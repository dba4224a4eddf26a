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

from sim.arrays.columns import FAR, Rows, Whole
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


MANY_TURNS, AROUND, NEAR = 200, 30, 12
"""With so many new steps of turning, those are made too that have in so many steps around them so many of the new."""


@dataclass
class Departed:
    """The turned tracks of one flight that replications have needed so far.

    A variant is a step of turning and the zones that are left (`ways`, one for each side that may warn the flight).
    """

    script: Track
    ways: list[tuple[str, ...]]
    blocks: list[Departures] = field(default_factory=list)
    count: int = 0
    numbers: dict[int, NDArray[np.int64]] = field(default_factory=dict)
    tables: dict[Any, tuple[int, tuple[Any, ...]]] = field(default_factory=dict)

    def variants(self, ways: NDArray[np.int64], steps: Whole) -> NDArray[np.int64]:
        """Return the number of each variant (replications,), making the tracks that are new."""
        found = np.empty(len(steps), dtype=np.int64)
        for way in np.flatnonzero(np.bincount(ways)).tolist():
            rows = np.flatnonzero(ways == way)
            known = self.numbers.setdefault(way, np.full(len(self.script.units), -1, dtype=np.int64))
            found[rows] = known[steps[rows]]
            new = np.unique(steps[rows[found[rows] < 0]])
            if len(new):
                new = _filled_up(new, known, self.script.last)
                self.blocks.append(Departures.of(self.script, new.astype(np.int64), self.ways[way]))
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


@dataclass(frozen=True)
class Legs:
    """The great-circle legs of all variants in one table: what `Courses.place` looks up course by course."""

    most: int
    """Legs that a variant has at the most; those that it does not have begin infinitely late."""
    steps: NDArray[np.int64]
    km_per_step: NDArray[np.float64]
    starts_km: NDArray[np.float64]
    """Shape (variants, most)."""
    origins: Vectors
    aheads: Vectors
    per_km: NDArray[np.float64]
    """Angle for a km, 0 on a leg that stays where it is; shape (variants * most, ...) as are the two before."""

    @classmethod
    def of(cls, blocks: Sequence[Departures]) -> Legs:
        """Put blocks one after the other."""
        most = max(block.courses.starts_km.shape[1] for block in blocks)

        def stacked(parts: list[NDArray[np.float64]], fill: float) -> NDArray[np.float64]:
            wide = [(0, 0), (0, 0), (0, 0)]
            padded = []
            for part in parts:
                width = wide[: part.ndim]
                width[1] = (0, most - part.shape[1])
                padded.append(np.pad(part, width, constant_values=fill))
            return np.concatenate(padded)

        courses = [block.courses for block in blocks]
        starts_km = stacked([course.starts_km for course in courses], np.inf)
        origins = stacked([course.origins for course in courses], 0.0).reshape(-1, 3)
        aheads = stacked([course.aheads for course in courses], 0.0).reshape(-1, 3)
        return cls(
            most,
            np.concatenate([block.steps for block in blocks]),
            np.concatenate([course.km_per_step for course in courses]),
            starts_km,
            origins,
            aheads,
            np.asarray(aheads.any(axis=1) / courses[0].sphere.radius_km),
        )

    def place(self, variants: NDArray[np.int64], steps: Whole) -> Vectors:
        """Return the places of variants at steps after they have turned, shape (n, 3)."""
        km = np.maximum(steps - self.steps.take(variants), 0) * self.km_per_step.take(variants)
        leg = variants * self.most
        for number in range(1, self.most):
            leg += km >= self.starts_km[:, number].take(variants)
        angle = (km - self.starts_km.reshape(-1).take(leg)) * self.per_km.take(leg)
        places: Vectors = np.cos(angle)[:, np.newaxis] * self.origins.take(leg, axis=0)
        places += np.sin(angle)[:, np.newaxis] * self.aheads.take(leg, axis=0)
        return places


def _filled_up(new: Whole, known: NDArray[np.int64], last: int) -> Whole:
    """Return new steps of turning, and those around them where they are many: others will soon need them.

    To make a few tracks costs nearly as much as to make a thousand, and each chunk would bring a few.
    """
    if len(new) < MANY_TURNS:
        return new
    around = np.zeros(len(known) + 2 * AROUND, dtype=np.int32)
    np.add.at(around, new, 1)
    np.add.at(around, new + np.int32(2 * AROUND), -1)
    near = np.cumsum(around)[AROUND : AROUND + last + 1] >= NEAR
    near[: int(new[0])] = False
    near[new] = True
    filled: Whole = np.flatnonzero(near & (known[: last + 1] < 0)).astype(np.int32)
    return filled


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
    spans_kept: dict[Any, Spans] = field(default_factory=dict)

    def kept(self, key: Any, make: Callable[[], Any]) -> Any:
        """Return what follows from the script alone; kept with it, so that it is made once for a geometry."""
        tables = self.script.kept
        if key not in tables:
            tables[key] = make()
        return tables[key]

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
            lambda: spans_of([(stay.enters, stay.leaves) for stay in self.script.stays(zone)]),
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
