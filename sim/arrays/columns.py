"""Draws in columns: one decision of many replications at once, exactly as the processes draw it one by one.

The problem: a search in a table of thresholds costs more than the random number itself.  The solution: a guide table
by the leading bits of the number.  Nearly all of its entries name the quantile outright; the few numbers whose bits
leave a threshold undecided are looked up in the table of thresholds, which is `draws.thresholds`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.clock import Clock
from sim.draws import Constant, Distribution, Uniforms, quantile_index
from sim.sensing import confirmation_law

Whole = NDArray[np.int32]
Flags = NDArray[np.bool_]
Rows = NDArray[np.intp]

FAR = 1 << 29
"""A step that does not come, small enough that a duration may be added to it without leaving 32 bits."""

GUIDE_BITS = 16
TAIL = 2.0**-15
"""Share of the numbers for which no thresholds are kept; they are looked up one by one."""

GUIDES_KEPT = 512
"""Guides that are kept, of some 270 kB each."""

FEW_NUMBERS = 512
"""So many numbers are looked up one by one in a law that one point of a study alone has."""

MOST_INDEX = 1_000_000
"""As in `world.drawn`: the highest multiple of a resolution that a drawn value can be."""


def to_uniform(raw: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Return raw 64-bit numbers as uniform numbers, as `Uniforms.column` does."""
    return (raw >> np.uint64(11)).astype(np.float64) * 2.0**-53


class Guide:
    """A rising table of thresholds with a guide to it: how many thresholds a uniform number has reached."""

    def __init__(self, thresholds: NDArray[np.float64], least: int = 0) -> None:
        self.thresholds, self.least = thresholds, least
        # Of the numbers with leading bits k all have reached what lies at or below k / 2**GUIDE_BITS, and none what
        # lies at or above the next such edge: to scale by a power of two is exact.
        scaled = np.minimum(thresholds, 1.0) * 2.0**GUIDE_BITS
        below, through = (
            np.bincount(edge.astype(np.int64), minlength=2**GUIDE_BITS + 1).cumsum()[:-1]
            for edge in (np.ceil(scaled), np.floor(scaled))
        )
        self.guide = np.where(below == through, np.maximum(below, least), -1).astype(np.int32)
        self.sure = bool((self.guide >= 0).all())

    def index(self, raw: NDArray[np.uint64]) -> Whole:
        """Return the number of thresholds at or below each uniform number, at least `least`, shape of `raw`."""
        found: Whole = self.guide.take((raw >> np.uint64(64 - GUIDE_BITS)).view(np.int64))
        if not self.sure:
            unsure = np.flatnonzero(found < 0)
            if len(unsure):
                found[unsure] = self.search(to_uniform(raw[unsure]))
        return found

    def search(self, u: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the same by a search, for the numbers that the guide leaves undecided."""
        return np.maximum(np.searchsorted(self.thresholds, u, side="right"), self.least)


class LawGuide(Guide):
    """The guide of a law on multiples of a resolution: its index is `draws.quantile_index`."""

    def __init__(self, law: Distribution, resolution: float, most: int, least: int) -> None:
        self.law, self.resolution, self.most = law, resolution, most
        table: list[float] = []
        while len(table) < most and (not table or table[-1] < 1.0 - TAIL):
            table.append(law.cdf(len(table) * resolution))
        self.whole = len(table) == most or table[-1] >= 1.0
        super().__init__(np.array(table), least)
        if not self.whole:
            self.guide[self.guide >= len(table)] = -1
            self.sure = False

    def search(self, u: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the index by a search, and beyond the kept thresholds one by one."""
        found = np.searchsorted(self.thresholds, u, side="right")
        if not self.whole:
            for place in np.flatnonzero(found >= len(self.thresholds)):
                found[place] = quantile_index(self.law, float(u[place]), self.resolution, self.most)
        return np.maximum(found, self.least)


@lru_cache(maxsize=GUIDES_KEPT)
def law_guide(law: Distribution, resolution: float, most: int, least: int) -> LawGuide:
    """Return the guide of a law, made once."""
    return LawGuide(law, resolution, most, least)


@lru_cache(maxsize=GUIDES_KEPT)
def scans_guide(hit_share: float, hits: int, scans: int, most: int) -> Guide:
    """Return the guide of the number of scans that a confirmation takes, made once."""
    return Guide(np.array(confirmation_law(hit_share, hits, scans, most)))


Path = tuple[str, ...]
"""Where in a scenario a quantity stands."""


@dataclass(frozen=True)
class Own:
    """What one point of a study has in the place of what the first has."""

    laws: Mapping[int, Distribution] = field(default_factory=dict)
    """By the identity of the law in whose place each stands."""
    chances: Mapping[Path, float] = field(default_factory=dict)


class Columns:
    """The draws of replications `first` to `first + count - 1`: each column is made once and then kept.

    With several points of a study a column holds their replications one point after the other; laws and chances may
    differ.  So may the uniform numbers: there is one seed for all points, or one for each.
    """

    def __init__(
        self,
        uniforms: Sequence[Uniforms],
        clock: Clock,
        first: int,
        count: int,
        points: Sequence[Own] = (Own(),),
    ) -> None:
        self.uniforms, self.clock, self.first, self.count, self.points = uniforms, clock, first, count, points
        self.total = count * len(points)
        varied: set[int | Path] = set()
        for point in points:
            varied.update(point.laws)
            varied.update(point.chances)
        self.varied = frozenset(varied)
        """The laws and chances in which points differ, by identity and by path."""
        self.kept: dict[Any, Any] = {}

    @property
    def common(self) -> bool:
        """Whether all points have the same uniform numbers."""
        return len(self.uniforms) == 1

    def of_one_point(self) -> Columns:
        """Return the draws of the first point alone; in what others differ is still known."""
        one = Columns(self.uniforms, self.clock, self.first, self.count, self.points[:1])
        one.varied = self.varied
        return one

    def raw(self, entity: str, decision: str, occurrence: int) -> NDArray[np.uint64]:
        """Return the random bits of a decision, shape (count,), or (total,) if points have numbers of their own."""
        raw = [
            each.raw_column(entity, decision, occurrence, self.first, self.count) for each in self.uniforms
        ]
        return raw[0] if self.common else np.concatenate(raw)

    def for_all(self, column: NDArray[Any]) -> NDArray[Any]:
        """Return a column that is the same for all points (count,) as one for them all (total,)."""
        return column if len(column) == self.total else np.tile(column, len(self.points))

    def shares(self, share: float, path: Path) -> tuple[float, ...]:
        """Return the chance that stands at a path of the scenario, for each point; only one if they do not differ."""
        if path not in self.varied:
            return (share,)
        return tuple(point.chances.get(path, share) for point in self.points)

    def steps(
        self, law: Distribution, entity: str, decision: str, occurrence: int, *, least: int = 1
    ) -> Whole:
        """Return drawn durations in whole steps as `world.drawn_steps`, beyond the window one step beyond it."""
        return self._indices(law, entity, decision, occurrence, self.clock.step_s, self.clock.last + 1, least)

    def multiples(
        self, law: Distribution, entity: str, decision: str, occurrence: int, resolution: float
    ) -> Whole:
        """Return drawn values as multiples of a resolution, as `world.drawn`."""
        return self._indices(law, entity, decision, occurrence, resolution, MOST_INDEX, 0)

    def _indices(
        self,
        law: Distribution,
        entity: str,
        decision: str,
        occurrence: int,
        resolution: float,
        most: int,
        least: int,
    ) -> Whole:
        key = (entity, decision, occurrence, id(law))
        found: Whole | None = self.kept.get(key)
        if found is None:
            if id(law) in self.varied:
                found = self._of_each_point(law, (entity, decision, occurrence), resolution, most, least)
            else:
                found = self.for_all(
                    self._drawn(law, (entity, decision, occurrence), resolution, most, least)
                )
            self.kept[key] = found
        return found

    def _of_each_point(
        self, law: Distribution, decision: tuple[str, str, int], resolution: float, most: int, least: int
    ) -> Whole:
        """Return the draws of all points, of which each has its own law in the place of one."""
        laws = [point.laws.get(id(law), law) for point in self.points]
        raw = np.broadcast_to(self.raw(*decision).reshape(-1, self.count), (len(laws), self.count))
        if not self.common:
            parts = [_own(each, mine, resolution, most, least) for each, mine in zip(laws, raw, strict=True)]
            return np.concatenate(parts)
        drawn = {each: _own(each, raw[0], resolution, most, least) for each in dict.fromkeys(laws)}
        return np.concatenate([drawn[each] for each in laws])

    def _drawn(
        self, law: Distribution, decision: tuple[str, str, int], resolution: float, most: int, least: int
    ) -> Whole:
        fixed = isinstance(law, Constant)  # which asks for no random number
        raw = np.zeros(self.count, dtype=np.uint64) if fixed else self.raw(*decision)
        return _picked(law, raw, resolution, most, least)

    def below(self, shares: tuple[float, ...], entity: str, decision: str, occurrence: int) -> Flags:
        """Return whether the uniform number of a decision lies below a share, each point's own or one for all."""
        key = (entity, decision, occurrence, shares)
        found: Flags | None = self.kept.get(key)
        if found is None:
            found = self.for_all(self._below(shares, entity, decision, occurrence))
            self.kept[key] = found
        return found

    def _below(self, shares: tuple[float, ...], entity: str, decision: str, occurrence: int) -> Flags:
        if max(shares) <= 0.0 or min(shares) >= 1.0:
            return np.full(self.count, min(shares) >= 1.0)
        raw = self.raw(entity, decision, occurrence)
        if len(shares) == 1:
            return _lie_below(raw, *shares)
        each = raw.reshape(-1, self.count)  # one row for all points, or one for each
        rows = np.broadcast_to(each, (len(shares), self.count))
        return np.concatenate([_lie_below(row, share) for row, share in zip(rows, shares, strict=True)])


def _picked(law: Distribution, raw: NDArray[np.uint64], resolution: float, most: int, least: int) -> Whole:
    """Return the quantiles of a law that random bits pick, as multiples of a resolution, shape of `raw`."""
    if isinstance(law, Constant):
        return np.full(len(raw), max(least, quantile_index(law, 0.0, resolution, most)), dtype=np.int32)
    return law_guide(law, resolution, most, least).index(raw)


def _own(law: Distribution, raw: NDArray[np.uint64], resolution: float, most: int, least: int) -> Whole:
    """Return the same for a law that one point alone has: to make its guide costs as much as many numbers."""
    if len(raw) > FEW_NUMBERS or isinstance(law, Constant):
        return _picked(law, raw, resolution, most, least)
    index = [quantile_index(law, u, resolution, most) for u in to_uniform(raw).tolist()]
    return np.maximum(np.array(index, dtype=np.int32), least)


def _lie_below(raw: NDArray[np.uint64], share: float) -> Flags:
    if share <= 0.0 or share >= 1.0:
        return np.full(len(raw), share >= 1.0)
    # u < share for u = m * 2**-53 is m < share * 2**53, rounded up; m are the leading 53 bits.
    flags: Flags = raw < np.uint64(int(np.ceil(np.ldexp(share, 53))) << 11)
    return flags


def pick(table: NDArray[Any], rows: Rows) -> NDArray[Any]:
    """Return a table's columns (..., replications) at rows; a table that holds for all has one column."""
    return table if table.shape[-1] == 1 else table[..., rows]


def next_within(begins: Whole, ends: Whole, at: Whole) -> Whole:
    """Return the first step from `at` on that lies in one of the spans [begins, ends), or FAR.

    begins, ends (spans, replications or 1); at (replications,).
    """
    found = np.full(at.shape, FAR, dtype=np.int32)
    for begin, end in zip(begins, ends, strict=True):
        step = np.maximum(at, begin)
        np.putmask(step, step >= end, FAR)
        np.minimum(found, step, out=found)
    return found


def lies_within(begins: Whole, ends: Whole, at: Whole) -> Flags:
    """Return whether steps lie in one of the spans [begins, ends)."""
    found = np.zeros(at.shape, dtype=bool)
    for begin, end in zip(begins, ends, strict=True):
        found |= (begin <= at) & (at < end)
    return found


def in_time_order(slots: list[Whole], last: int, *, distinct: bool = True) -> Whole:
    """Return events (each a column of steps) by time: row i holds the i-th step of each replication.

    Steps after `last` do not count; of `distinct` events no step comes twice.  Shape (most in one replication,
    replications).
    """
    if len(slots) == 1:
        return slots[0][np.newaxis]
    steps = np.stack(slots)
    np.putmask(steps, steps > last, FAR)
    _sort_rows(steps)
    if distinct:
        twice = steps[1:] == steps[:-1]
        twice &= steps[1:] < FAR
        if twice.any():
            np.putmask(steps[1:], twice, FAR)
            _sort_rows(steps)
    most = int((steps < FAR).any(axis=1).sum())
    return steps[: max(most, 1)]


def _sort_rows(steps: Whole) -> None:
    """Sort each column of a table (rows, columns) in place.

    The problem: to sort thousands of short columns costs a call for each.  The solution: Batcher's odd-even mergesort,
    whose comparisons are the same whatever the numbers are, so that each is one of two rows as wholes.
    """
    count = len(steps)
    lower = np.empty_like(steps[0])
    for width in (1 << power for power in range((count - 1).bit_length())):
        for reach in (width >> power for power in range(width.bit_length())):
            for begin in range(reach % width, count - reach, 2 * reach):
                for low in range(begin, min(begin + reach, count - reach)):
                    if low // (2 * width) == (low + reach) // (2 * width):
                        a, b = steps[low], steps[low + reach]
                        np.minimum(a, b, out=lower)
                        np.maximum(a, b, out=b)
                        a[:] = lower


def united(begins: list[Whole], ends: list[Whole], last: int) -> tuple[Whole, Whole]:
    """Return spans [begins, ends) as disjoint spans in order of time: those that touch or overlap are made one.

    Spans that begin after `last` do not count.  Shapes (most in one replication, replications), FAR-filled.
    """
    if len(begins) == 1:
        begin: Whole = begins[0].copy()
        begin[begin > last] = FAR
        return begin[np.newaxis], ends[0][np.newaxis]
    count = begins[0].shape[0]
    stacked = np.stack(begins)
    slot, replication = np.nonzero(stacked <= last)
    opening = stacked[slot, replication].astype(np.int64)
    closing = np.stack(ends)[slot, replication].astype(np.int64)
    order = np.argsort(replication * np.int64(FAR) + opening, kind="stable")
    replication, opening, closing = replication[order], opening[order], closing[order]
    # With each replication shifted beyond the one before it, the running maximum of ends starts anew in each.
    shift = replication * np.int64(2 * FAR)
    reached = np.maximum.accumulate(closing + shift)
    opens = np.ones(len(opening), dtype=bool)
    opens[1:] = opening[1:] + shift[1:] > reached[:-1]
    first = np.flatnonzero(opens)
    if not len(first):
        none = np.full((1, count), FAR, dtype=np.int32)
        return none, none
    closes = np.append(first[1:], len(opening)) - 1
    row = replication[first]
    place = np.arange(len(first)) - np.searchsorted(row, row, side="left")
    united_begins = np.full((int(place.max()) + 1, count), FAR, dtype=np.int32)
    united_ends = united_begins.copy()
    united_begins[place, row] = opening[first]
    united_ends[place, row] = reached[closes] - shift[closes]
    return united_begins, united_ends


def groups(numbers: NDArray[Any]) -> Iterator[tuple[int, Rows]]:
    """Yield each number that occurs and the places at which it does."""
    if not len(numbers):
        return
    first = numbers[0]
    if (numbers == first).all():
        yield int(first), np.arange(len(numbers))
        return
    order = np.argsort(numbers, kind="stable")
    ordered = numbers[order]
    begins = np.flatnonzero(np.diff(ordered, prepend=ordered[0] - 1))
    for begin, end in zip(begins, [*begins[1:], len(order)], strict=True):
        yield int(ordered[begin]), order[begin:end]
