"""The spread of many replications: each reported fact beside the interval of what was simulated.

No replication is kept: of each chunk there remains how often each value came, and from that shares and quantiles
follow exactly, whatever the number of replications.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.catalogue import REPORTED, fact_column, happened_column, ladder_of, tells_absence
from sim.clock import Clock
from sim.document import Document, digest
from sim.facts import Fact
from sim.many import CHUNK, Engine, Tell, Work, reduced
from sim.measures import as_simulated, compared, rung_key, within
from sim.outcomes import Outcomes
from sim.scenario import Scenario

LEVELS_PERCENT = (5, 50, 95)

WIDEST: Final = 1 << 18
"""Whole numbers below this are counted in bins; where there are others, they are sorted."""

MERGED_AT: Final = 16
"""Tallies that are merged at a time."""


class Tally(NamedTuple):
    """How often each value came: the values in rising order, and their counts; what was absent is not counted."""

    values: NDArray[Any]
    counts: NDArray[np.int64]

    @property
    def total(self) -> int:
        """How many values there were, with their repetitions."""
        return int(self.counts.sum())

    @property
    def sum(self) -> int:
        """The sum of the values, which are whole numbers."""
        return int(self.values @ self.counts)


class Tallies(NamedTuple):
    """The tallies of some replications by column, and how many of these the processes told for the batch."""

    of: Mapping[str, Tally]
    handed_over: int


def quantiles(tally: Tally) -> tuple[float, float, float] | None:
    """Return the 5, 50 and 95 % quantiles: the lowest values at or below which so large a share lies."""
    if not len(tally.values):
        return None
    below = np.cumsum(tally.counts)
    wanted = [-(-int(below[-1]) * percent // 100) for percent in LEVELS_PERCENT]
    low, middle, high = tally.values[np.searchsorted(below, wanted, side="left")]
    return float(low), float(middle), float(high)


def tally(values: NDArray[Any], valid: NDArray[np.bool_] | None = None) -> Tally:
    """Count the values of an array; with `valid` only those where it is true, the others being 0."""
    absent = 0 if valid is None else len(values) - np.count_nonzero(valid)
    if absent < len(values) and values.dtype.kind == "i" and values.min() >= 0 and values.max() < WIDEST:
        bins = np.bincount(values)
        bins[0] -= absent
        found = np.flatnonzero(bins)
        return Tally(found, bins[found])
    found, counts = np.unique(values if valid is None else values[valid], return_counts=True)
    return Tally(found, counts)


def merged(tallies: Sequence[Tally]) -> Tally:
    """Return the tally of all that several tallies counted."""
    values, places = np.unique(np.concatenate([each.values for each in tallies]), return_inverse=True)
    counts = np.zeros(len(values), dtype=np.int64)
    np.add.at(counts, places, np.concatenate([each.counts for each in tallies]))
    return Tally(values, counts)


def _tallies(table: Outcomes) -> Tallies:
    found = {
        column.name: tally(table.values[column.name], table.valid.get(column.name))
        for column in table.columns
        if column.name.startswith(("rung.", "fact."))
    }
    return Tallies(found, len(table.handed_over))


def _all(
    scenario: Scenario,
    seed: int,
    count: int,
    first: int,
    *,
    about: str | None = None,
    engine: Engine,
    workers: int | None,
    chunk: int = CHUNK,
    tell: Tell | None,
) -> Tallies:
    """Return the tallies of all replications; of the ladder of one flight only, where it is named."""
    work = Work(scenario, seed, engine, REPORTED if about is None else ladder_of(about), _tallies)
    parts: list[Tallies] = []
    for each in reduced(work, first, count, workers=workers, chunk=chunk, tell=tell):
        parts.append(each)
        if len(parts) >= MERGED_AT:
            parts = [_together(parts)]
    return _together(parts)


def _together(parts: Sequence[Tallies]) -> Tallies:
    return Tallies(
        {name: merged([part.of[name] for part in parts]) for name in parts[0].of},
        sum(part.handed_over for part in parts),
    )


def of(
    scenario: Scenario,
    document: Document,
    seed: int,
    count: int,
    first: int = 0,
    tell: Tell | None = None,
    *,
    engine: Engine = "batch",
    workers: int | None = 1,
    chunk: int = CHUNK,
) -> dict[str, Any]:
    """Run replications and return, for each fact and rung, the share in which it happened and its 5-95 % interval.

    A fact happened where there was any event of which it speaks.  The interval is over the replications in which it
    happened, of counts and sums over all; the share stands beside it.  `covers` says whether the interval covers what
    was reported, within the fact's tolerance.
    """
    found = _all(scenario, seed, count, first, engine=engine, workers=workers, chunk=chunk, tell=tell)
    clock = Clock.of(scenario.clock)
    return {
        "scenario": document.name,
        "hash": digest(document.data),
        "seed": seed,
        "first_replication": first,
        "replications": count,
        "engine": engine,
        "handed_over": found.handed_over,
        "reported": [_fact_row(clock, name, fact, found, count) for name, fact in scenario.facts.items()],
        "rungs": [
            _rung_row(clock, rung.name, found.of[f"{rung_key(rung.name)}_s"], count)
            for rung in scenario.escalation.rungs
        ],
    }


def as_object(summary: Mapping[str, Any], scenario: Scenario) -> dict[str, Any]:
    """Return a summary as the one object that `run -n --json` prints."""
    reported = as_simulated(summary["reported"], Clock.of(scenario.clock), scenario.facts)
    return {**summary, "reported": reported}


def _fact_row(clock: Clock, name: str, fact: Fact, tallies: Tallies, count: int) -> dict[str, Any]:
    found = tallies.of[fact_column(name, fact)]
    happened = found.total if tells_absence(fact) else tallies.of[happened_column(name)].sum
    if fact.take == "time":
        found = _in_steps(clock, found)
    interval = quantiles(found)
    covers = interval is not None and within(clock, fact, interval[0], interval[2])
    shown: list[Any] | None = None
    if interval is not None:
        shown = [clock.local(int(value)) if fact.take == "time" else value for value in interval]
    each = zip(found.values.tolist(), found.counts.tolist(), strict=True)
    fits = sum(times for value, times in each if compared(clock, name, fact, value)["ok"])
    row = compared(clock, name, fact, None)
    kept = ("id", "role", "statement", "reported", "confidence", "disputed", "topic", "source")
    return {key: row[key] for key in kept} | {
        "happened_share": happened / count,
        "happened_interval": list(wilson(happened, count)),
        "within_share": fits / count,
        "within_interval": list(wilson(fits, count)),
        "p05_p50_p95": shown,
        "covers": covers,
    }


def _in_steps(clock: Clock, seconds: Tally) -> Tally:
    return Tally(seconds.values // clock.step_s, seconds.counts)


def _rung_row(clock: Clock, name: str, found: Tally, count: int) -> dict[str, Any]:
    interval = quantiles(_in_steps(clock, found))
    return {
        "name": name,
        "n": count,
        "reached": found.total,
        "share": found.total / count,
        "share_interval": list(wilson(found.total, count)),
        "p05_p50_p95": None if interval is None else [clock.local(int(step)) for step in interval],
    }


def wilson(successes: float, count: float) -> tuple[float, float]:
    """Return the 95 % Wilson score interval of a share (E. B. Wilson, J. Am. Stat. Assoc. 22, 1927)."""
    z = 1.959963984540054
    share = successes / count
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * float(np.sqrt(share * (1 - share) / count + z * z / (4 * count * count)))
    return max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half))  # rounding aside


def effective_count(total: float, squares: float, count: int) -> float:
    """Return how many counted replications would tell a share as well as the mean of `count` chances does.

    `total` and `squares` are the sums of the chances, each from 0 to 1, and of their squares.  Chances that are all
    alike are no proof that all are: one more that differs by as much as the mean (or by what it lacks to 1) is added
    to their variance, so that the number stays finite.
    """
    share = total / count
    apart = min(share, 1.0 - share)
    if apart <= 0.0:
        return float(count)
    variance = (max(0.0, squares - total * share) + apart * apart) / max(1, count - 1)
    return max(float(count), share * (1.0 - share) * count / variance)


def wilson_of_mean(total: float, squares: float, count: int) -> tuple[float, float]:
    """Return the 95 % interval of a share that is estimated by the mean of `count` chances, from their sums.

    It is Wilson's with the effective number of replications in the place of their number, as in surveys (N. Dean and
    M. Pagano, Journal of Survey Statistics and Methodology 3, 2015, p. 484).  Of chances 0 and 1 it is Wilson's.
    """
    effective = effective_count(total, squares, count)
    return wilson(total / count * effective, effective)


class Reached(NamedTuple):
    """How one flight climbed the ladder in many replications, by the name of a rung."""

    steps: dict[str, tuple[float, float, float]]
    """The 5, 50 and 95 % steps over the replications that reached it; a rung that none reached is left out."""
    shares: dict[str, float]
    """The share of all replications that reached it."""


def reached(
    scenario: Scenario,
    about: str,
    seed: int,
    count: int,
    tell: Tell | None = None,
    *,
    engine: Engine = "batch",
    workers: int | None = 1,
) -> Reached:
    """Return when one flight reached each rung in so many replications, and in what share of them it did."""
    found = _all(scenario, seed, count, 0, about=about, engine=engine, workers=workers, tell=tell)
    clock = Clock.of(scenario.clock)
    each = {rung.name: found.of[f"{rung_key(rung.name)}_s"] for rung in scenario.escalation.rungs}
    steps = {name: quantiles(_in_steps(clock, times)) for name, times in each.items()}
    return Reached(
        {name: interval for name, interval in steps.items() if interval is not None},
        {name: times.total / count for name, times in each.items()},
    )
