"""The share of one outcome over two swept quantities, with the interval of each point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim import manifests, shards, sweep_report
from sim.errors import InputError, Problem
from sim.folders import Folder
from sim.labels import outcome_label
from sim.provenance import Provenance
from sim.spread import wilson

Grid = NDArray[np.float64]
UNITS = {"s": "s", "km": "km", "nmi": "nmi", "kt": "kt", "ft": "ft", "deg": "°", "m": "m", "share": "share"}
PARAMETERS = frozenset({"median", "p95", "low", "mode", "high", "mean"})
"""Parameters of a distribution: the unit stands one level up in the path."""


@dataclass(frozen=True)
class Axis:
    """One swept quantity: what it is called, its values rising, and what the scenario holds there."""

    path: str
    label: str
    unit: str
    values: tuple[float, ...]
    base: float | None
    """None where the scenario holds no number there."""

    @property
    def title(self) -> str:
        """The label with its unit."""
        return f"{self.label} ({self.unit})" if self.unit else self.label

    def nearest(self, value: float) -> int:
        """Return the place of the value that is nearest."""
        return int(np.argmin([abs(each - value) for each in self.values]))


@dataclass(frozen=True)
class Alternative:
    """A named pair of values, and the share at the design point nearest to it."""

    label: str
    x: float
    y: float
    at: tuple[float, float]
    """The values of that point."""
    happened: int
    replications: int

    @property
    def share(self) -> float:
        """The share at that point."""
        return self.happened / self.replications

    @property
    def interval(self) -> tuple[float, float]:
        """Its 95 % Wilson interval."""
        return wilson(self.happened, self.replications)


@dataclass(frozen=True)
class Surface:
    """Shares over a grid: arrays of shape (values of y, values of x), NaN where a point is missing or failed."""

    title: str
    outcome: str
    label: str
    """What the outcome is called in words."""
    x: Axis
    y: Axis
    share: Grid
    low: Grid
    high: Grid
    happened: NDArray[np.int64]
    replications: NDArray[np.int64]
    made: Provenance

    def at(self, label: str, x: float, y: float) -> Alternative | None:
        """Return what a pair of values comes to by the nearest point; None if nothing was run there."""
        column, row = self.x.nearest(x), self.y.nearest(y)
        if np.isnan(self.share[row, column]):
            return None
        at = self.x.values[column], self.y.values[row]
        return Alternative(
            label, x, y, at, int(self.happened[row, column]), int(self.replications[row, column])
        )

    @property
    def base(self) -> Alternative | None:
        """The scenario as it stands, if its values lie within the grid."""
        if self.x.base is None or self.y.base is None:
            return None
        inside = all(
            a.values[0] <= b <= a.values[-1] for a, b in ((self.x, self.x.base), (self.y, self.y.base))
        )
        return self.at("as it stands", self.x.base, self.y.base) if inside else None


def surface(folder: Folder, outcome: str | None = None) -> Surface:
    """Return the share of an outcome over the two quantities of a sweep: of the rung that varies most, unless named.

    Raises InputError if the sweep does not vary two numbers over a grid, or knows no such outcome.
    """
    plan = manifests.reopened(folder)
    manifest = manifests.read_manifest(folder) or {}
    names = [each.name for each in plan.quantities]
    if plan.study.design != "grid" or len(names) != 2 or plan.words:
        count = "1 quantity" if len(names) == 1 else f"{len(names)} quantities"
        numbers = f"words ({', '.join(sorted(plan.words))})" if plan.words else count
        problem = (
            f"holds a {plan.study.design} design of {numbers}; a surface wants a grid of two quantities that are "
            "numbers: intercept sweep SCENARIO --vary A=LOW:HIGH:STEP --vary B=LOW:HIGH:STEP -o DIR"
        )
        raise InputError([Problem(folder.where, None, "", problem)])
    stem = sweep_report.summary(folder, outcome)["effects_on"]
    if stem is None:
        problem = "no rung's share varies over the points; name what is to be shown with --outcome"
        raise InputError([Problem(folder.where, None, "", problem)])
    found = shards.results(folder, ["point", "status", "replications", f"{stem}.n"]).to_pydict()
    axes = [
        _axis(about, sorted({float(plan.values(point)[about["path"]]) for point in range(plan.points)}))
        for about in manifest["varied"]
    ]
    if min(len(axis.values) for axis in axes) < 2:
        raise InputError(
            [Problem(folder.where, None, "", "has but one value of a quantity; a surface wants two")]
        )
    return _surface(plan, axes, stem, found, manifest)


def _surface(
    plan: Any, axes: Sequence[Axis], stem: str, found: Mapping[str, list[Any]], manifest: Mapping[str, Any]
) -> Surface:
    y, x = axes  # the last quantity varies fastest
    shape = len(y.values), len(x.values)
    happened, replications = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    for point, status, count, times in zip(*found.values(), strict=True):
        if status == "done" and count:
            values = plan.values(point)
            at = y.values.index(float(values[y.path])), x.values.index(float(values[x.path]))
            happened[at], replications[at] = times or 0, count
    share, low, high = (np.full(shape, np.nan) for _ in range(3))
    for at in zip(*np.nonzero(replications), strict=True):
        share[at] = happened[at] / replications[at]
        low[at], high[at] = wilson(int(happened[at]), int(replications[at]))
    count = int(replications.max(initial=0))
    made = Provenance(manifest["scenario"], manifest["hash"], manifest["seed"], count, points=plan.points)
    label = outcome_label(stem, plan.scenario)
    return Surface(manifest["title"], stem, label, x, y, share, low, high, happened, replications, made)


def _axis(about: Mapping[str, Any], values: list[float]) -> Axis:
    path, base = about["path"], about["base"]
    number = isinstance(base, int | float) and not isinstance(base, bool)
    label = about["label"] or path.replace(".delay_s", " delay_s")
    return Axis(path, label, unit_of(path), tuple(values), float(base) if number else None)


def unit_of(path: str) -> str:
    """Return the unit of the quantity at a dotted path, empty for a count.

    >>> unit_of("command.stages.scramble.delay_s.median"), unit_of("zones.ring.radius_nmi"), unit_of("a.most")
    ('s', 'nmi', '')
    """
    parts = [part for part in path.split(".") if part not in PARAMETERS]
    if any(part.endswith("_share") for part in parts):
        return "share"
    return UNITS.get(parts[-1].rpartition("_")[2], "") if parts and "_" in parts[-1] else ""
