"""The ladder of a baseline beside those of its variants: the share that reaches each rung, and what a change changed.

Made from a comparison (`sim.compare`), in which all variants meet the same draws: a difference is between the same
replications, and its interval is the paired one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sim.provenance import Provenance
from sim.spread import wilson


@dataclass(frozen=True)
class RungShare:
    """One rung in one variant: in how many replications it was reached, and the difference to the baseline."""

    name: str
    reached: int
    replications: int
    difference_share: float = 0.0
    difference_interval: tuple[float, float] = (0.0, 0.0)
    moved: int = 0
    """Replications in which it was reached in one of the two only."""

    @property
    def share(self) -> float:
        """The share in which it was reached."""
        return self.reached / self.replications

    @property
    def interval(self) -> tuple[float, float]:
        """Its 95 % Wilson interval."""
        return wilson(self.reached, self.replications)


@dataclass(frozen=True)
class Ladder:
    """One variant: its rungs from the lowest."""

    label: str
    rungs: tuple[RungShare, ...]


@dataclass(frozen=True)
class Ladders:
    """A baseline and its variants, all with the baseline's rungs."""

    baseline: Ladder
    variants: tuple[Ladder, ...]
    made: Provenance


def ladders(compared: Mapping[str, Any]) -> Ladders:
    """Return the ladders of what `sim.compare.compare` found."""
    count, first = compared["replications"], compared["variants"][0]
    made = Provenance(
        first["scenario"], first["hash"], compared["seed"], count, compared["first_replication"]
    )
    baseline = Ladder(
        first["label"],
        tuple(
            RungShare(row["name"], row["both"] + row["baseline_only"], count)
            for row in compared["comparisons"][0]["rungs"]
        ),
    )
    variants = tuple(
        Ladder(each["variant"], tuple(_rung(row) for row in each["rungs"]))
        for each in compared["comparisons"]
    )
    return Ladders(baseline, variants, made)


def _rung(row: Mapping[str, Any]) -> RungShare:
    low, high = row["share_interval"]
    return RungShare(
        row["name"],
        row["both"] + row["variant_only"],
        row["n"],
        row["share_difference"],
        (low, high),
        row["baseline_only"] + row["variant_only"],
    )
