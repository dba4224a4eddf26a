"""What a figure, a page or a table was made from: scenario, hash, seed and number of replications."""

from __future__ import annotations

from dataclasses import dataclass


def number_of(count: int, noun: str) -> str:
    """Write how many there are of what a noun names, whose plural ends in s.

    >>> number_of(1, "replication"), number_of(20_000, "replication")
    ('1 replication', '20,000 replications')
    """
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


@dataclass(frozen=True)
class Provenance:
    """Names what numbers were made from, so that whoever sees them can make them again."""

    scenario: str
    hash: str
    seed: int
    replications: int
    """How many, from number `first` on; of each design point where there are several."""
    first: int = 0
    points: int = 1

    def parts(self) -> tuple[str, ...]:
        """Return what a footer says.

        >>> Provenance("first-intercept", "0123456789ab", 1, 1000).parts()[2:]
        ('seed 1', 'n = 1,000 replications')
        """
        count = f"n = {number_of(self.replications, 'replication')}"
        if self.points != 1:
            count += f" × {self.points:,} points"
        elif self.replications == 1:
            count = f"replication {self.first}  ·  {count}"
        elif self.first:
            count += f" from number {self.first:,} on"
        return f"scenario {self.scenario}", f"hash {self.hash}", f"seed {self.seed}", count
