"""How often each value of each outcome came, over many replications: what means and quantiles follow from, exactly.

Histograms of replications that follow each other add up, so a point can be given more replications later and ends as
if all had been run at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.catalogue import Column
from sim.outcomes import Outcomes
from sim.spread import LEVELS_PERCENT, wilson


@dataclass(frozen=True)
class Histograms:
    """The values of some outcomes in so many replications, and their counts; what was absent is not counted."""

    replications: int
    names: tuple[str, ...]
    """The outcomes, also those that never happened."""
    always: frozenset[str]
    """Of these, the ones that cannot be absent."""
    places: NDArray[np.int32]
    """Of each entry: which outcome, by its place in `names`; rising."""
    values: NDArray[np.float64]
    """Of each entry: the value; rising within an outcome."""
    counts: NDArray[np.int64]
    """Of each entry: in how many replications the outcome had the value."""

    def arranged(self, names: Sequence[str]) -> Histograms:
        """Return the same with the names in another order, which may hold further names."""
        if tuple(names) == self.names:
            return self
        to = {name: place for place, name in enumerate(names)}
        moved = np.array([to[name] for name in self.names], dtype=np.int32)[self.places]
        order = np.argsort(moved, kind="stable")
        return Histograms(
            self.replications,
            tuple(names),
            self.always,
            moved[order],
            self.values[order],
            self.counts[order],
        )


NONE = Histograms(
    0, (), frozenset(), np.zeros(0, np.int32), np.zeros(0, np.float64), np.zeros(0, dtype=np.int64)
)


def counted(columns: Iterable[Column]) -> list[Column]:
    """Return the columns that are counted: those of numbers."""
    return [column for column in columns if column.kind != "name" and column.name != "replication"]


def of(table: Outcomes) -> Histograms:
    """Count the values of every column of numbers."""
    columns = counted(table.columns)
    matrix = np.empty((len(columns), len(table)))
    for row, column in zip(matrix, columns, strict=True):
        row[:] = table.values[column.name]
        if column.optional:
            row[~table.valid[column.name]] = np.nan
    matrix.sort(axis=1)  # what is no number comes last
    starts = np.ones(matrix.shape, dtype=bool)
    starts[:, 1:] = matrix[:, 1:] != matrix[:, :-1]
    first = np.flatnonzero(starts)
    counts = np.diff(first, append=matrix.size)
    values = matrix.ravel()[first]
    there = ~np.isnan(values)
    return Histograms(
        len(table),
        tuple(column.name for column in columns),
        frozenset(column.name for column in columns if not column.optional),
        (first[there] // max(1, len(table))).astype(np.int32),
        values[there],
        counts[there],
    )


def merged(parts: Sequence[Histograms], names: Sequence[str]) -> Histograms:
    """Return the histograms of all replications of several, with the names in the given order."""
    each = [part.arranged(names) for part in parts]
    places = np.concatenate([part.places for part in each])
    values = np.concatenate([part.values for part in each])
    counts = np.concatenate([part.counts for part in each])
    order = np.lexsort((values, places))
    places, values, counts = places[order], values[order], counts[order]
    new = np.ones(len(places), dtype=bool)
    new[1:] = (places[1:] != places[:-1]) | (values[1:] != values[:-1])
    first = np.flatnonzero(new)
    added = np.add.reduceat(counts, first) if len(first) else counts
    always = frozenset[str]().union(*(part.always for part in each))
    replications = sum(part.replications for part in each)
    return Histograms(replications, tuple(names), always, places[first], values[first], added)


def in_order(first: Sequence[str], found: Iterable[str]) -> list[str]:
    """Return names in the order of `first`, and after them those that it lacks, in the order of the alphabet."""
    known = set(first)
    return [*first, *sorted({name for name in found if name not in known})]


# ---- what is told of a point


def happened(histograms: Histograms) -> dict[str, int]:
    """Return in how many replications each outcome was there."""
    counts = np.zeros(len(histograms.names), dtype=np.int64)
    np.add.at(counts, histograms.places, histograms.counts)
    return dict(zip(histograms.names, counts.tolist(), strict=True))


def summary(histograms: Histograms) -> dict[str, Any]:
    """Return a row of numbers by column name: shares with intervals, means and quantiles over where it happened.

    Never a mean alone: `n` and `share` of the replications in which an outcome happened stand before it.
    """
    edges = np.searchsorted(histograms.places, np.arange(len(histograms.names) + 1))
    below = np.concatenate([[0], np.cumsum(histograms.counts)])
    totals = below[edges[1:]] - below[edges[:-1]]
    present = np.flatnonzero(totals)
    means = np.full(len(histograms.names), np.nan)
    levels = np.full((len(histograms.names), len(LEVELS_PERCENT)), np.nan)
    if len(present):
        weighed = np.add.reduceat(histograms.values * histograms.counts, edges[present])
        means[present] = weighed / totals[present]
        for place, percent in enumerate(LEVELS_PERCENT):
            wanted = below[edges[present]] - (-totals[present] * percent // 100)
            levels[present, place] = histograms.values[np.searchsorted(below[1:], wanted)]
    row: dict[str, Any] = {}
    for name, total, mean, quantiles in zip(
        histograms.names, totals.tolist(), means.tolist(), levels.tolist(), strict=True
    ):
        there = bool(total)
        for column, value in _told(name, name not in histograms.always, total, histograms.replications):
            row[column] = value
        numbers = (mean, *quantiles)
        for column, value in zip(number_columns(name), numbers, strict=True):
            row[column] = value if there else None
    return row


def _told(name: str, optional: bool, total: int, replications: int) -> Iterator[tuple[str, Any]]:
    """Yield in how many replications an outcome happened, where that is not all; of a rung with its interval."""
    if not optional:
        return
    stem = share_stem(name)
    yield f"{stem}.n", total
    yield f"{stem}.share", total / replications if replications else None
    if name.startswith("rung."):
        low, high = wilson(total, replications) if replications else (None, None)
        yield f"{stem}.low_share", low
        yield f"{stem}.high_share", high


def share_stem(name: str) -> str:
    """Return what the share of an outcome is called by.

    >>> share_stem("rung.warning-shots.at_s"), share_stem("a50.turns.at_s"), share_stem("a50.airspace.1.inside_s")
    ('rung.warning-shots', 'a50.turns', 'a50.airspace.1.inside')
    """
    return _split(name)[0].removesuffix(".at")


def number_columns(name: str) -> list[str]:
    """Return the columns of the mean and the quantiles of an outcome, each with its unit last.

    >>> number_columns("a50.turns.at_s")
    ['a50.turns.at.mean_s', 'a50.turns.at.p05_s', 'a50.turns.at.p50_s', 'a50.turns.at.p95_s']
    """
    stem, unit = _split(name)
    levels = [f"p{percent:02}" for percent in LEVELS_PERCENT]
    return [f"{stem}.{told}{unit}" for told in ("mean", *levels)]


def _split(name: str) -> tuple[str, str]:
    for unit in ("_s", "_km"):
        if name.endswith(unit):
            return name.removesuffix(unit), unit
    return name, ""


def half_widths(histograms: Histograms, names: Iterable[str]) -> Mapping[str, float]:
    """Return half the width of the interval of the share of each outcome, which is named by its stem."""
    counts = happened(histograms)
    by_stem = {share_stem(name): counts[name] for name in histograms.names if name not in histograms.always}
    found = {}
    for name in names:
        low, high = wilson(by_stem.get(name, 0), histograms.replications)
        found[name] = (high - low) / 2
    return found
