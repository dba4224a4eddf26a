"""The race of each stay: when the acts of the warning ladder come, against when the intruder has gone again.

Every replication is its own pair: its act counts as in time if it came before its own exit.  A replication in which
the intruder had gone first stays in the count, as one without an act; nothing is averaged over those that won.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError, Problem, nearest
from sim.outcomes import Outcomes
from sim.provenance import Provenance
from sim.scenario import Scenario
from sim.spread import wilson

Seconds = NDArray[np.int64]


@dataclass(frozen=True)
class Act:
    """The first act by one measure in a stay, over all replications that made the stay."""

    measure: str
    stays: int
    """Replications that made the stay."""
    at_s: Seconds
    """Seconds from the entry to the act where it came in time, rising, shape (in time,)."""
    turned: int
    """Of the stays without the act, those in which the crew had turned away inside or before."""

    @property
    def in_time(self) -> int:
        """In how many stays the act came before the exit."""
        return len(self.at_s)

    @property
    def share(self) -> float:
        """The share of the stays in which the act came before the exit."""
        return self.in_time / self.stays

    @property
    def interval(self) -> tuple[float, float]:
        """Its 95 % Wilson interval."""
        return wilson(self.in_time, self.stays)

    def curve(self) -> tuple[Seconds, NDArray[np.float64], NDArray[np.float64]]:
        """Return (s, share of the stays with the act by then, its 95 % interval), one entry a time that occurred.

        Shapes (k,), (k,) and (k, 2).
        """
        at_s, counts = np.unique(self.at_s, return_counts=True)
        reached = np.cumsum(counts)
        band = np.array([wilson(int(count), self.stays) for count in reached]).reshape(len(at_s), 2)
        return at_s, reached / self.stays, band

    def dots(self, count: int) -> tuple[float | None, ...]:
        """Return the times of `count` equally likely stays, None for one that the intruder left first.

        Dot i is the quantile at (i + 1/2) / count of all stays (M. Kay and others, When (ish) is My Bus?, CHI 2016).
        """
        ranks = [int((i + 0.5) / count * self.stays) for i in range(count)]
        return tuple(float(self.at_s[rank]) if rank < self.in_time else None for rank in ranks)


@dataclass(frozen=True)
class StayRace:
    """One stay: how long it was, and the first acts within it."""

    number: int
    inside_s: Seconds
    """Lengths of the stay over the replications that made it, rising."""
    acts: tuple[Act, ...]

    def inside_quantile_s(self, percent: int) -> float:
        """Return a quantile of the length in seconds: the lowest value at or below which so many lie."""
        rank = max(0, -(-len(self.inside_s) * percent // 100) - 1)
        return float(self.inside_s[rank])


@dataclass(frozen=True)
class Race:
    """The races of one flight in one airspace."""

    flight: str
    zone: str
    replications: int
    stays: tuple[StayRace, ...]
    made: Provenance


def race(table: Outcomes, scenario: Scenario, made: Provenance, flight: str | None = None) -> Race:
    """Return the races of a flight: of the one that raced most often in an airspace, unless it is named.

    Raises InputError for an unknown flight, or if no flight stays in an airspace in which a measure may be taken.
    """
    known = list(scenario.intruders)
    if flight is not None and flight not in known:
        wanted = nearest(flight, known) or f"; known: {', '.join(known)}"
        raise InputError([Problem("", None, "flight", f'is "{flight}", which is no flight{wanted}')])
    airspaces = [name for name, zone in scenario.zones.items() if zone.kind == "airspace"]
    found = [
        Race(label, scenario.zones[zone].label, len(table), stays, made)
        for name, label in ((name, scenario.intruders[name].label) for name in known)
        for zone in airspaces
        if flight in (None, name) and (stays := tuple(_stays(table, scenario, name, zone)))
    ]
    if not found:
        who = "no flight" if flight is None else flight
        problem = (
            f"{who} stayed in an airspace in which a measure of the ladder may be taken, in any of "
            f"{len(table):,} replications: there is no race to show"
        )
        raise InputError([Problem(made.scenario, None, "", problem)])
    return max(found, key=lambda each: sum(len(stay.inside_s) for stay in each.stays))


def _stays(table: Outcomes, scenario: Scenario, flight: str, zone: str) -> Iterator[StayRace]:
    """Yield the stays in which a measure may be taken, first to last."""
    measures = dict.fromkeys(
        kind
        for ladder in scenario.warning.values()
        for kind, rule in ladder.measures.items()
        if rule.zone == zone
    )
    number = 0
    while measures and f"{flight}.{zone}.{(number := number + 1)}.inside_s" in table.values:
        here = f"{flight}.{zone}.{number}"
        made = table.valid[f"{here}.inside_s"]
        if made.any():
            acts = tuple(_act(table, flight, here, measure, made) for measure in measures)
            yield StayRace(number, np.sort(table.values[f"{here}.inside_s"][made]).astype(np.int64), acts)


def _act(table: Outcomes, flight: str, here: str, measure: str, made: NDArray[np.bool_]) -> Act:
    came = table.valid[f"{here}.{measure}.decision_s"]
    at_s = np.sort(table.values[f"{here}.{measure}.decision_s"][came]).astype(np.int64)
    turns, leaves = f"{flight}.turns.at_s", f"{here}.leaves.at_s"
    before_exit = table.values[turns] < np.where(
        table.valid[leaves], table.values[leaves], np.iinfo(np.int64).max
    )
    turned = int(np.count_nonzero(made & ~came & table.valid[turns] & before_exit))
    return Act(measure, int(np.count_nonzero(made)), at_s, turned)
