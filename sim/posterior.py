"""Posterior: what weighted draws say of each unknown quantity beside its prior, and whether they say anything.

A width is measured on the scale of the prior, on which every quantity is spread evenly from 0 to 1, so that a range
that was drawn by its logarithm is no special case.  The draws are what varies: intervals come from drawing them again
(a bootstrap), and chance is told from news by exchanging the weights of the draws (a permutation test).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sim.quantities import Quantity
from sim.study import Plan

Row = dict[str, Any]
Numbers = NDArray[np.float64]

LEVELS: Final = (0.05, 0.5, 0.95)
BOOTSTRAPS: Final = 400
PERMUTATIONS: Final = 999
SURE: Final = 0.01
"""Chance at which a posterior that differs from its prior by luck alone is called news."""


@dataclass(frozen=True)
class Draws:
    """Draws from the prior with their weights: `values` and `places` (quantities, draws), `weights` (draws,)."""

    values: Numbers
    places: Numbers
    """Each value as a share from 0 to 1 of the way through the prior."""
    weights: Numbers
    seed: int

    @classmethod
    def of(cls, plan: Plan, points: Sequence[int], weights: Numbers) -> Draws:
        """Return the draws at some points of a plan."""
        rows = [[float(value) for value in plan.values(point).values()] for point in points]
        values = np.array(rows).T
        places = np.array([place(each, row) for each, row in zip(plan.quantities, values, strict=True)])
        return cls(values, places, weights, plan.study.seed)

    @property
    def effective(self) -> float:
        """How many draws of equal weight would tell as much (L. Kish, Survey Sampling, 1965)."""
        return float(self.weights.sum() ** 2 / (self.weights**2).sum())


def place(quantity: Quantity, values: Numbers) -> Numbers:
    """Return values as shares from 0 to 1 of the way through the range or the list of a quantity."""
    if quantity.values:
        order = sorted(float(value) for value in quantity.values)
        found: Numbers = np.searchsorted(order, values) / max(1, len(order) - 1)
        return found
    if quantity.log:
        return np.asarray(np.log(values / quantity.low) / np.log(quantity.high / quantity.low))
    return (values - quantity.low) / (quantity.high - quantity.low)


def quantiles(values: Numbers, weights: Numbers) -> list[float]:
    """Return the 5, 50 and 95 % quantiles: the lowest values at or below which so large a part of the weight lies."""
    order = np.argsort(values, kind="stable")
    below = np.cumsum(weights[order])
    wanted = [level * below[-1] * (1 - 1e-12) for level in LEVELS]
    return [float(values[order][min(len(order) - 1, int(np.searchsorted(below, at)))]) for at in wanted]


def posteriors(plan: Plan, draws: Draws) -> list[Row]:
    """Return prior and posterior of each quantity, how their widths compare, and whether the facts tell of it."""
    found = []
    generator = np.random.default_rng([draws.seed, len(draws.weights)])
    for number, (quantity, vary) in enumerate(zip(plan.quantities, plan.study.vary, strict=True)):
        values, places = draws.values[number], draws.places[number]
        even = np.ones(len(values))
        low, _, high = quantiles(places, even)
        here, _, there = quantiles(places, draws.weights)
        ratios = _bootstrapped(places, draws.weights, high - low, generator)
        luck = _luck(places, draws.weights, generator)
        found.append(
            {
                "path": quantity.name,
                "label": vary.label,
                "source": vary.source,
                "base": quantity.base,
                "prior_p05_p50_p95": quantiles(values, even),
                "posterior_p05_p50_p95": quantiles(values, draws.weights),
                "width_ratio": (there - here) / (high - low),
                "width_ratio_interval": interval_of(ratios),
                "luck_share": luck,
                "told": luck < SURE,
            }
        )
    return found


def interval_of(values: Numbers) -> list[float]:
    """Return the middle 90 % of some numbers."""
    return [float(level) for level in np.quantile(values, (0.05, 0.95))]


def _bootstrapped(places: Numbers, weights: Numbers, width: float, generator: np.random.Generator) -> Numbers:
    """Return the ratio of widths for draws that are drawn again, shape (bootstraps,)."""
    order = np.argsort(places, kind="stable")
    ordered, count = places[order], len(places)
    times = generator.multinomial(count, np.full(count, 1 / count), size=BOOTSTRAPS)
    below = np.cumsum(times * weights[order], axis=1)
    ends = [
        ordered[np.argmax(below >= level * below[:, -1:] * (1 - 1e-12), axis=1)]
        for level in (LEVELS[0], LEVELS[2])
    ]
    return np.asarray((ends[1] - ends[0]) / width)


def _luck(places: Numbers, weights: Numbers, generator: np.random.Generator) -> float:
    """Return in what share of exchanges of the weights prior and posterior lie as far apart as they do.

    How far is the largest difference of their distribution functions (Kolmogorov and Smirnov).
    """
    order = np.argsort(places, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(places[order]) > 0, True))  # equal values are one step
    prior = (ends + 1) / len(places)

    def apart(each: Numbers) -> Numbers:
        return np.asarray(np.abs(np.cumsum(each, axis=-1)[..., ends] / weights.sum() - prior).max(axis=-1))

    exchanged = generator.permuted(np.tile(weights, (PERMUTATIONS, 1)), axis=1)
    as_far = int((apart(exchanged) >= apart(weights[order]) - 1e-12).sum())
    return (1 + as_far) / (1 + PERMUTATIONS)


def together(plan: Plan, draws: Draws) -> list[Row]:
    """Return the pairs of quantities of which the facts tell together: those that are correlated in the posterior.

    The rank correlation stands beside its interval of 90 % from the bootstrap.  Among many pairs some seem to go
    together by luck, so those whose interval of 99 % holds 0 are left out.  The strongest come first.
    """
    generator = np.random.default_rng([draws.seed, len(draws.weights), 2])
    count = len(draws.weights)
    times = generator.multinomial(count, np.full(count, 1 / count), size=BOOTSTRAPS) * draws.weights
    found = []
    for one, other in combinations(range(len(plan.quantities)), 2):
        pair = draws.places[one], draws.places[other]
        again = np.array([_correlation(*pair, each) for each in times])
        low, high = interval_of(again)
        if abs(np.sign(np.quantile(again, (SURE / 2, 1 - SURE / 2))).sum()) == 2:
            row = {
                "paths": [plan.quantities[one].name, plan.quantities[other].name],
                "correlation": _correlation(*pair, draws.weights),
                "correlation_interval": [low, high],
            }
            found.append(row)
    return sorted(found, key=lambda row: -abs(row["correlation"]))


def _correlation(one: Numbers, other: Numbers, weights: Numbers) -> float:
    """Return the weighted correlation of places: on the prior's scale they are ranks already."""
    share = weights / weights.sum()
    a, b = one - share @ one, other - share @ other
    spread = np.sqrt((share @ a**2) * (share @ b**2))
    return float(share @ (a * b) / spread) if spread > 0 else 0.0
