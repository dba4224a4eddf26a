"""What each point of a sweep came to: an estimate of every outcome over all replications, and the variance of it.

What did not happen is an outcome like any other, so nothing is averaged over those replications alone in which
something happened: a time that did not come counts as the end of the window, a span of time that did not begin as 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim import shards
from sim.catalogue import Column, columns, sighted_zones
from sim.folders import Folder
from sim.histograms import Histograms, counted, share_stem
from sim.labels import outcome_label
from sim.run import Prepared, prepare
from sim.scenario import Scenario
from sim.study import Plan

Floats = NDArray[np.float64]

MARGINS: Final = {"authority_margin_s": "above", "escort_late_s": "not-above"}
"""By the last word of a margin: on which side of 0 it is in time."""

SPANS: Final = ("inside_s", "spare_s", "duration_s")
"""Spans of time that are as good as 0 s where they did not begin."""

Kind = Literal["share", "until", "span", "above", "not-above", "mean"]

TOLD: Final[dict[str, str]] = {
    "share": "share of replications in which it happened",
    "until": "mean over all replications; where it did not happen it counts as the whole window of {window_s:,} s",
    "span": "mean over all replications; where it did not happen it counts as 0 s",
    "above": "share of replications in which it was above 0 s; where it did not happen it was not",
    "not-above": "share of replications in which it was at most 0 s; where it did not happen it was not",
    "mean": "mean over all replications",
}


class Measure(NamedTuple):
    """One number that a point is judged by."""

    outcome: str
    """What it is called: for a share as in the results, else as the column of the catalogue."""
    column: str
    unit: str
    meaning: str
    label: str
    """Of a share: what is counted, in words with the labels of the scenario; else the meaning."""
    kind: Kind
    window_s: int

    @property
    def told(self) -> str:
        """How the number is made, in words."""
        return TOLD[self.kind].format(window_s=self.window_s)

    @property
    def is_share(self) -> bool:
        """Whether it is a share of the replications."""
        return self.kind in ("share", "above", "not-above")

    @property
    def absent(self) -> float:
        """The number of a replication in which the outcome did not happen."""
        return float(self.window_s) if self.kind == "until" else 0.0

    def of(self, values: Floats) -> Floats:
        """Return the number of each replication from the value of its outcome."""
        numbers: dict[Kind, Callable[[Floats], Floats]] = {
            "share": np.ones_like,
            "until": lambda it: np.minimum(it, self.window_s),
            "above": lambda it: (it > 0).astype(float),
            "not-above": lambda it: (it <= 0).astype(float),
        }
        return numbers[self.kind](values) if self.kind in numbers else values


@dataclass(frozen=True)
class Estimates:
    """What the points of a sweep came to; arrays of the shape (points, measures)."""

    measures: tuple[Measure, ...]
    points: NDArray[np.intp]
    """The points that were run and did not fail, rising."""
    replications: NDArray[np.int64]
    value: Floats
    variance: Floats
    """Of each estimate, from the spread of the replications of its point: the noise."""
    left_out: tuple[str, ...]
    """Outcomes for whose absence no number stands, and that were absent somewhere."""

    def place(self, outcome: str) -> int:
        """Return the place of an outcome among the measures."""
        return [measure.outcome for measure in self.measures].index(outcome)


def of(folder: Folder, plan: Plan) -> Estimates:
    """Return the estimates of all points of a sweep that are there; one shard is in memory at a time."""
    rows: list[tuple[int, int, dict[str, tuple[float, float]]]] = []
    catalogue: dict[str, list[Measure]] = {}
    prepared = prepare(plan.scenario)
    absent: set[str] = set()
    for number in range(shards.shard_count(plan.points)):
        shard = shards.read_shard(folder, number)
        if shard is None:
            continue
        for point, found in shard.histograms.items():
            if not found.replications:
                continue
            new = [name for name in found.names if name not in catalogue]
            if new:
                catalogue |= _measures(prepared, [*catalogue, *new])
            absent |= _sometimes_absent(found)
            rows.append((point, found.replications, _row(found, catalogue)))
    wanted = [measure for name in catalogue for measure in catalogue[name]]
    never = {m.outcome for m in wanted if m.kind == "mean" and m.column in absent}
    measures = tuple(measure for measure in wanted if measure.outcome not in never)
    pairs = [[row.get(m.outcome, (m.absent, 0.0)) for m in measures] for _, _, row in rows]
    table = np.array(pairs, dtype=float).reshape(len(rows), len(measures), 2)
    return Estimates(
        measures,
        np.array([point for point, _, _ in rows], dtype=np.intp),
        np.array([count for _, count, _ in rows], dtype=np.int64),
        table[:, :, 0],
        table[:, :, 1],
        tuple(sorted(never)),
    )


def _sometimes_absent(found: Histograms) -> set[str]:
    counts = np.bincount(found.places, weights=found.counts, minlength=len(found.names))
    return {name for name, count in zip(found.names, counts, strict=True) if count < found.replications}


def _row(found: Histograms, catalogue: dict[str, list[Measure]]) -> dict[str, tuple[float, float]]:
    """Return by outcome the estimate of a point and the variance of the estimate."""
    each = [(place, m) for place, name in enumerate(found.names) for m in catalogue[name]]
    of_kind = {(m.kind, m.window_s): m for _, m in each}
    moments = {key: _moments(found, measure) for key, measure in of_kind.items()}
    row = {}
    for place, m in each:
        mean, variance = moments[m.kind, m.window_s]
        row[m.outcome] = mean[place], variance[place]
    return row


def _moments(found: Histograms, measure: Measure) -> tuple[Floats, Floats]:
    """Return by outcome the mean over all replications, and the variance of that mean; 0 for one replication."""
    size, count = len(found.names), found.replications
    numbers = measure.of(found.values)
    absent = count - np.bincount(found.places, weights=found.counts, minlength=size)
    total = np.bincount(found.places, weights=numbers * found.counts, minlength=size)
    mean = (total + absent * measure.absent) / count
    squares = (numbers - mean[found.places]) ** 2 * found.counts
    spread = (
        np.bincount(found.places, weights=squares, minlength=size) + absent * (measure.absent - mean) ** 2
    )
    return mean, spread / max(1, count - 1) / count


# ---- which numbers are made of an outcome


def _measures(prepared: Prepared, names: Sequence[str]) -> dict[str, list[Measure]]:
    """Return the measures of each outcome by its column."""
    window_s = round(prepared.clock.last * prepared.clock.step_s)
    known = {column.name: column for column in counted(columns(prepared, _stays(prepared, names)))}
    return {name: list(_of_column(known[name], window_s, prepared.scenario)) for name in names}


def _stays(prepared: Prepared, names: Sequence[str]) -> dict[tuple[str, str], int]:
    """Return how many stays of each flight in each zone the columns speak of."""
    zones, most = sighted_zones(prepared.scenario), {}
    for flight in prepared.scenario.intruders:
        for zone in zones:
            start = f"{flight}.{zone}."
            numbers = [name.removeprefix(start).partition(".")[0] for name in names if name.startswith(start)]
            most[flight, zone] = max((int(number) for number in numbers if number.isdecimal()), default=0)
    return most


def _of_column(column: Column, window_s: int, scenario: Scenario) -> list[Measure]:
    def measure(kind: Kind, unit: str, outcome: str = column.name) -> Measure:
        meaning = (
            column.meaning.removesuffix(", after the start of the window") if unit != "s" else column.meaning
        )
        label = outcome_label(outcome, scenario) if unit == "share" else meaning
        return Measure(outcome, column.name, unit, meaning, label, kind, window_s)

    if not column.optional:
        return [measure("mean", column.unit)]
    last = column.name.rpartition(".")[2]
    shared = (
        [] if last == "decision_s" else [measure("share", "share", share_stem(column.name))]
    )  # as of spare_s
    if last in MARGINS:
        kind: Any = MARGINS[last]
        return [*shared, measure(kind, "share", f"{column.name.removesuffix('_s')}.in_time")]
    if last in ("at_s", "decision_s"):
        return [*shared, measure("until", "s")]
    if last in SPANS:
        return [*shared, measure("span", "s")]
    return [*shared, measure("mean", column.unit)]
