"""Which of the varied quantities matter: Morris effects, Sobol indices, or a tornado, from the folder of a sweep.

    told = sensitivity(folder_of("runs/timings"))

What is analysed are the estimates of `sim.estimates`, in which an absence is an outcome.  SALib computes effects and
indices; what the replications alone scatter is told beside them, and taken out where every point has random numbers
of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sim import estimates, manifests, shards
from sim.compare import Z95, paired_interval, unpaired_interval
from sim.designs import drawn_shares
from sim.errors import InputError, Problem, nearest
from sim.estimates import Estimates, Floats, Measure
from sim.extras import extra
from sim.folders import Folder
from sim.quantities import plain
from sim.spread import wilson
from sim.study import Plan

Row = dict[str, Any]

KINDS: Final = {"morris": "morris", "saltelli": "sobol", "one-at-a-time": "one-at-a-time"}
"""By design: what is computed from it."""

RESAMPLES: Final = 500
"""Of every bootstrap."""

NOISY_SHARE: Final = 0.1
"""From this part of the variance over the points on, the noise is worth a warning."""

FLAT: Final = 1e-9
"""A range of estimates below this, relative to their size, is rounding."""


def sensitivity(folder: Folder, outcomes: Sequence[str] = ()) -> Row:
    """Return what each quantity does to each outcome, as docs/answers.md says; by name only what is asked for.

    Raises InputError if the design does not allow it, the sweep is not far enough, or an outcome is not known.
    """
    plan = manifests.reopened(folder)
    manifest = manifests.read_manifest(folder) or {}
    kind = KINDS.get(plan.study.design)
    if kind is None:
        raise InputError([Problem(folder.where, None, "", _no_design(plan))])
    found = estimates.of(folder, plan)
    places = _asked(found, outcomes)
    analysis = _Analysis(folder, plan, found, bool(manifest.get("rows")))
    tell: dict[str, Callable[[Sequence[int]], list[Row]]] = {
        "morris": analysis.morris,
        "sobol": analysis.sobol,
        "one-at-a-time": analysis.one_at_a_time,
    }
    rows = tell[kind](places)
    told = [found.measures[place].outcome for place in places]
    analysed = {row["outcome"] for row in rows}
    return {
        "kind": kind,
        "study": plan.name,
        "scenario": plan.document.name,
        "hash": manifest["hash"],
        "seed": plan.study.seed,
        "points": plan.points,
        "replications": int(found.replications.min()),
        "independent": plan.study.independent,
        "points_used": analysis.used,
        "inputs": _inputs(plan),
        "outcomes": rows,
        "did_not_vary": [name for name in told if name not in analysed],
        "no_number_for_absence": list(found.left_out),
    }


def _no_design(plan: Plan) -> str:
    return (
        f"was run over a {plan.study.design} design, of which there are no indices; sweep the same quantities again"
        " with --design morris (few points: which matter at all), --design saltelli --points 64 (Sobol indices) or"
        " --design one-at-a-time (tornado)"
    )


def _asked(found: Estimates, outcomes: Sequence[str]) -> list[int]:
    """Return the places of the outcomes that are asked for; else of all but the facts, which repeat others."""
    known = [measure.outcome for measure in found.measures]
    if not outcomes:
        return [place for place, name in enumerate(known) if not name.startswith("fact.")]
    problems = []
    for name in outcomes:
        if name in found.left_out:
            problem = "was absent in some replications, and no number stands for that; ask for its share"
            problems.append(Problem("--outcome", None, name, problem))
        elif name not in known:
            problems.append(
                Problem("--outcome", None, name, f"is no outcome of this sweep{nearest(name, known)}")
            )
    if problems:
        raise InputError(problems)
    return [known.index(name) for name in dict.fromkeys(outcomes)]


def _inputs(plan: Plan) -> list[Row]:
    rows = []
    for place, (each, vary) in enumerate(zip(plan.quantities, plan.study.vary, strict=True)):
        values = [row[place] for row in plan.table if row[place] is not None]
        numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
        ends = (min(numbers), max(numbers)) if len(numbers) == len(values) else (None, None)
        if not each.values:
            ends = each.low, each.high
        row = {"path": each.name, "label": vary.label or each.name}
        rows.append(row | {"low": ends[0], "high": ends[1], "base": plain(each.base)})
    return rows


@dataclass
class _Analysis:
    """A sweep whose estimates are analysed."""

    folder: Folder
    plan: Plan
    found: Estimates
    rows_kept: bool
    used: int = 0
    """Points that the analysis could use."""

    @property
    def names(self) -> list[str]:
        """The paths of the quantities."""
        return [each.name for each in self.plan.quantities]

    @property
    def problem(self) -> Row:
        """What SALib wants to know of the quantities."""
        size = len(self.names)
        return {"num_vars": size, "names": self.names, "bounds": [[0.0, 1.0]] * size}

    @property
    def bootstrap_seed(self) -> int:
        """The seed of the resamples, never 0, which SALib takes for none."""
        return int(self.plan.study.seed % (2**32 - 1)) + 1

    def _whole(self, size: int, what: str) -> NDArray[np.intp]:
        """Return the rows of the estimates in whole groups of points that follow each other.

        Raises InputError if fewer than two groups are whole.
        """
        at = {int(point): row for row, point in enumerate(self.found.points)}
        groups = [range(start, start + size) for start in range(0, self.plan.points, size)]
        whole = [[at[point] for point in group] for group in groups if all(point in at for point in group)]
        if len(whole) < 2:
            problem = (
                f"has {len(at):,} of {self.plan.points:,} points, in which no two {what} are whole;"
                " run the same sweep to its end (`intercept show` says what failed)"
            )
            raise InputError([Problem(self.folder.where, None, "", problem)])
        self.used = len(whole) * size
        return np.array([row for group in whole for row in group], dtype=np.intp)

    def _outcome(self, place: int, noise_share: float | None, indices: list[Row]) -> Row:
        measure = self.found.measures[place]
        return {
            "outcome": measure.outcome,
            "unit": measure.unit,
            "meaning": measure.meaning,
            "label": measure.label,
            "measure": measure.told,
            "noise_share": noise_share,
            "noisy": noise_share is not None and noise_share >= NOISY_SHARE,
            "least": float(self.found.value[:, place].min()),
            "greatest": float(self.found.value[:, place].max()),
            "indices": [{"path": name} | row for name, row in zip(self.names, indices, strict=True)],
        }

    # ---- Morris

    def morris(self, places: Sequence[int]) -> list[Row]:
        """Return the elementary effects over the whole range of each quantity."""
        size = len(self.names) + 1
        rows = self._whole(size, "trajectories")
        shares = self._drawn()[self.found.points[rows]]
        analyse = extra("SALib.analyze.morris").analyze
        levels = self.plan.study.levels
        delta = levels / (2 * (levels - 1))  # the step of a trajectory, as a share of the range
        told = []
        for place in places:
            value, variance = self.found.value[rows, place], self.found.variance[rows, place]
            if flat(value):
                continue
            seed = self.bootstrap_seed
            si = analyse(self.problem, shares, value, num_resamples=RESAMPLES, num_levels=levels, seed=seed)
            noise = self._effects_noise(shares, variance, size) / delta**2
            indices = []
            for number in range(size - 1):
                middle, half = float(si["mu_star"][number]), float(si["mu_star_conf"][number])
                sigma = float(si["sigma"][number])
                indices.append(
                    {
                        "mu_star": middle,
                        "mu_star_interval": [max(0.0, middle - half), middle + half],
                        "mu": float(si["mu"][number]),
                        "sigma": math.sqrt(max(0.0, sigma**2 - noise[number])),
                    }
                )
            told.append(self._outcome(place, noise_share(value, variance), indices))
        return told

    def _drawn(self) -> Floats:
        """Return the design as shares of each range. Raises InputError if it is not the one that was run."""
        shares = drawn_shares(self.plan.study, len(self.names))
        for row, table in zip(shares, self.plan.table, strict=True):
            drawn = [each.at(float(share)) for each, share in zip(self.plan.quantities, row, strict=True)]
            if drawn != list(table):
                problem = "was drawn by another version of SALib, which this one does not draw again"
                raise InputError([Problem(self.folder.where, None, manifests.POINTS, problem)])
        return shares

    def _effects_noise(self, shares: Floats, variance: Floats, size: int) -> Floats:
        """Return by quantity the mean variance of the differences that its effects are made of.

        It is 0 where all points share their random numbers: then how much the differences scatter is not known.
        """
        if not self.plan.study.independent:
            return np.zeros(size - 1)
        moved = np.abs(np.diff(shares.reshape(-1, size, size - 1), axis=1)).argmax(axis=2)
        both = variance.reshape(-1, size)
        sums = both[:, 1:] + both[:, :-1]
        return np.array([sums[moved == number].mean() for number in range(size - 1)])

    # ---- Sobol

    def sobol(self, places: Sequence[int]) -> list[Row]:
        """Return the shares of the variance over the ranges that go with each quantity."""
        count = len(self.names)
        rows = self._whole(count + 2, "base samples")
        analyse = extra("SALib.analyze.sobol").analyze
        told = []
        for place in places:
            value, variance = self.found.value[rows, place], self.found.variance[rows, place]
            groups = value.reshape(-1, count + 2)
            if flat(groups[:, [0, -1]]):
                continue
            si = analyse(
                self.problem,
                value,
                calc_second_order=False,
                num_resamples=RESAMPLES,
                seed=self.bootstrap_seed,
            )
            noise = variance.reshape(-1, count + 2) / groups[:, [0, -1]].var()
            if not self.plan.study.independent:
                noise = np.zeros_like(noise)
            share = noise_share(value, variance)
            told.append(self._outcome(place, share, _without_noise(si, noise)))
        return told

    # ---- one at a time

    def one_at_a_time(self, places: Sequence[int]) -> list[Row]:
        """Return how each value of each quantity moves each outcome from the scenario as it stands."""
        at = {int(point): row for row, point in enumerate(self.found.points)}
        if 0 not in at or len(at) < 2:
            problem = (
                "has not run the scenario as it stands (point 0) and one point more; run the sweep to its end"
            )
            raise InputError([Problem(self.folder.where, None, "", problem)])
        self.used = len(at)
        told = []
        pairs = (
            _Pairs(self.folder, self.found) if self.rows_kept and not self.plan.study.independent else None
        )
        for place in places:
            value, variance = self.found.value[:, place], self.found.variance[:, place]
            if flat(value):
                continue
            indices: list[Row] = []
            for number in range(len(self.names)):
                moved = [p for p in at if self.plan.table[p][number] is not None]
                values = [
                    {"value": plain(self.plan.table[point][number])}
                    | self._against_base(at[point], at[0], place, pairs)
                    for point in sorted(moved)
                ]
                indices.append({"values": values})
            row = self._outcome(place, noise_share(value, variance), indices)
            base = {"estimate": float(value[at[0]]), "interval": self._interval(at[0], place)}
            told.append(row | {"base": base, "paired": pairs is not None})
        return told

    def _interval(self, row: int, place: int) -> list[float]:
        value, count = float(self.found.value[row, place]), int(self.found.replications[row])
        if self.found.measures[place].is_share:
            return list(wilson(round(value * count), count))
        half = Z95 * math.sqrt(float(self.found.variance[row, place]))
        return [value - half, value + half]

    def _against_base(self, row: int, base: int, place: int, pairs: _Pairs | None) -> Row:
        measure, found = self.found.measures[place], self.found
        value, before = float(found.value[row, place]), float(found.value[base, place])
        told: Row = {"estimate": value, "interval": self._interval(row, place), "difference": value - before}
        count = int(found.replications[row])
        if pairs is not None and count == found.replications[base]:
            return told | {"difference_interval": pairs.interval(int(found.points[row]), measure)}
        if measure.is_share and count == found.replications[base]:
            interval = unpaired_interval(round(before * count), round(value * count), count)
            return told | {"difference_interval": list(interval)}
        half = Z95 * math.sqrt(float(found.variance[row, place] + found.variance[base, place]))
        return told | {"difference_interval": [value - before - half, value - before + half]}


@dataclass
class _Pairs:
    """The replications of a point beside those of the scenario as it stands, where a sweep has kept them."""

    folder: Folder
    found: Estimates
    at: int = -1
    table: Mapping[str, Any] | None = None
    base: Mapping[str, Any] | None = None

    def interval(self, point: int, measure: Measure) -> list[float]:
        """Return the 95 % interval of the paired difference of a point from the scenario as it stands."""
        if self.base is None:
            self.base = self._read(0)
        if point != self.at or self.table is None:
            self.at, self.table = point, self._read(point)
        ours, theirs = (self._numbers(table, measure) for table in (self.base, self.table))
        count = len(ours)
        if measure.is_share:
            both = int(np.count_nonzero((ours > 0) & (theirs > 0)))
            only = int(np.count_nonzero(ours > 0)) - both, int(np.count_nonzero(theirs > 0)) - both
            return list(paired_interval(both, *only, count))
        difference = theirs - ours
        half = Z95 * math.sqrt(float(difference.var(ddof=1)) / count) if count > 1 else math.inf
        return [float(difference.mean()) - half, float(difference.mean()) + half]

    def _read(self, point: int) -> Mapping[str, Any]:
        table = shards.rows_of(self.folder, point)
        count = int(self.found.replications[list(self.found.points).index(point)])
        return {name: table[name].to_numpy()[:count].astype(float) for name in _numeric(table)} | {
            "": np.full(count, np.nan)
        }

    @staticmethod
    def _numbers(table: Mapping[str, Any], measure: Measure) -> Floats:
        values = table.get(measure.column, table[""])
        there = ~np.isnan(values)
        numbers = np.full(len(values), measure.absent)
        numbers[there] = measure.of(values[there])
        return numbers


def _numeric(table: Any) -> list[str]:
    types = extra("pyarrow.types")
    kinds = zip(table.column_names, table.schema.types, strict=True)
    return [name for name, kind in kinds if types.is_integer(kind) or types.is_floating(kind)]


def _without_noise(si: Mapping[str, Any], noise: Floats) -> list[Row]:
    """Return first and total indices from which the independent noise of the estimates is taken out.

    `noise` is the variance of each estimate over the variance of all, shape (base samples, quantities + 2).  Noise
    adds itself to the variance below every index, and to the squared differences of which a total index is made; the
    products of which a first index is made it leaves as they were on average.
    """
    below = 1.0 - float(noise[:, [0, -1]].mean())
    if below <= 0:  # the noise accounts for all of it, and nothing is left to be divided
        below = math.nan
    rows = []
    for number, (first, first_half, total, total_half) in enumerate(
        zip(si["S1"], si["S1_conf"], si["ST"], si["ST_conf"], strict=True)
    ):
        first, total = float(first), float(total)
        total -= 0.5 * float((noise[:, 0] + noise[:, number + 1]).mean())
        row = {"first": first / below, "first_interval": _around(first / below, float(first_half) / below)}
        row |= {"total": total / below, "total_interval": _around(total / below, float(total_half) / below)}
        rows.append({key: _told(value) for key, value in row.items()})
    return rows


def _around(middle: float, half: float) -> list[float]:
    return [middle - half, middle + half]


def _told(value: Any) -> Any:
    """Return what there is no number for as None."""
    if isinstance(value, list):
        return None if any(math.isnan(each) for each in value) else value
    return None if math.isnan(value) else value


def flat(value: Floats) -> bool:
    """Return whether all estimates are equal but for rounding."""
    return bool(np.ptp(value) <= FLAT * max(1.0, float(np.abs(value).max())))


def noise_share(value: Floats, variance: Floats) -> float:
    """Return the mean variance of the estimates over the variance of the estimates: the part that is noise.

    Where all points share their random numbers it is a bound, since what is common to two points is not in their
    difference.
    """
    return float(variance.mean() / value.var(ddof=1))
