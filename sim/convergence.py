"""How an estimated share settles as replications are added, and when its interval is as narrow as is wanted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError, Problem, nearest
from sim.histograms import share_stem
from sim.labels import outcome_label
from sim.measures import rung_key
from sim.outcomes import Outcomes
from sim.provenance import Provenance
from sim.scenario import Scenario
from sim.spread import wilson

Floats = NDArray[np.float64]
Z95 = 1.959963984540054
FIRST = 10
"""Replications at which the curve begins: of fewer a share says nothing."""


@dataclass(frozen=True)
class Convergence:
    """A share after 1, 2, ... n replications in their order: arrays of shape (n,)."""

    outcome: str
    label: str
    share: Floats
    low: Floats
    high: Floats
    width_share: float
    """The half-width that is wanted."""
    happened: int
    """In how many of all replications."""
    made: Provenance

    @property
    def half_width(self) -> Floats:
        """Half of each 95 % interval."""
        return (self.high - self.low) / 2

    @property
    def enough(self) -> int | None:
        """Replications from which on the half-width stays within what is wanted; None if that was not reached."""
        wide = np.flatnonzero(self.half_width > self.width_share)
        least = 1 if not len(wide) else int(wide[-1]) + 2
        return least if least <= len(self.share) else None

    @property
    def final(self) -> tuple[float, tuple[float, float]]:
        """The share after all replications, and its 95 % interval."""
        return float(self.share[-1]), (float(self.low[-1]), float(self.high[-1]))


def convergence(
    table: Outcomes,
    scenario: Scenario,
    made: Provenance,
    outcome: str | None = None,
    width_share: float = 0.01,
) -> Convergence:
    """Return how the share of an outcome settles: of the rung that is nearest to half and half, unless named.

    An outcome is called as in a sweep, `rung.warning-shots`; every one that can be absent has a share.  Raises
    InputError for an unknown outcome, or where there are fewer than FIRST replications.
    """
    if len(table) < FIRST:
        problem = f"is {len(table)}, must be at least {FIRST}: of fewer replications a share says nothing"
        raise InputError([Problem("-n", None, "", problem)])
    stems = {share_stem(column.name): column.name for column in table.columns if column.optional}
    rungs = [f"rung.{rung_key(rung.name)[5:-3]}" for rung in scenario.escalation.rungs]
    if outcome is None:
        known = [stem for stem in rungs if stem in stems]
        if not known:
            problem = "is missing: the scenario has no ladder, so name whose share it is to be"
            raise InputError([Problem("--outcome", None, "", problem)])
        outcome = min(known, key=lambda stem: abs(float(table.valid[stems[stem]].mean()) - 0.5))
    if outcome not in stems:
        problem = f"is no outcome with a share{nearest(outcome, stems)}"
        raise InputError([Problem("--outcome", None, outcome, problem)])
    came = table.valid[stems[outcome]]
    share, low, high = running(came)
    label = outcome_label(outcome, scenario)
    return Convergence(outcome, label, share, low, high, width_share, int(np.count_nonzero(came)), made)


def running(came: NDArray[np.bool_]) -> tuple[Floats, Floats, Floats]:
    """Return the share in which something came after 1, 2, ... n trials, with its Wilson interval: shapes (n,).

    >>> [round(float(each[-1]), 4) for each in running(np.array([True, False, True]))]
    [0.6667, 0.2077, 0.9385]
    """
    count = np.arange(1, len(came) + 1, dtype=np.float64)
    share = np.cumsum(came) / count
    z2 = Z95 * Z95
    middle = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = Z95 / (1 + z2 / count) * np.sqrt(share * (1 - share) / count + z2 / (4 * count * count))
    low, high = np.minimum(share, middle - half), np.maximum(share, middle + half)
    last = wilson(int(np.count_nonzero(came)), len(came))  # the one that other tables print
    low[-1], high[-1] = last
    return share, np.maximum(0.0, low), np.minimum(1.0, high)
