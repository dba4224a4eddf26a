"""The spread of many replications: each reported fact beside the interval of what was simulated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from sim.document import Document, digest
from sim.draws import Uniforms
from sim.measures import reported, rungs, simulated, within
from sim.run import Replication, prepare, replicate
from sim.scenario import Scenario

Tell = Callable[[int, int], None]
"""Told (done, of all) after each replication."""

LEVELS = (0.05, 0.5, 0.95)


def _all(scenario: Scenario, seed: int, count: int, first: int, tell: Tell | None) -> Any:
    prepared, uniforms = prepare(scenario), Uniforms(seed)
    for number in range(first, first + count):
        yield replicate(prepared, uniforms, number)
        if tell is not None:
            tell(number - first + 1, count)


def quantiles(values: list[float]) -> tuple[float, float, float] | None:
    """Return the 5, 50 and 95 % quantiles: the lowest values at or below which so large a share lies."""
    if not values:
        return None
    low, middle, high = np.quantile(np.array(values), LEVELS, method="inverted_cdf")
    return float(low), float(middle), float(high)


def of(
    scenario: Scenario, document: Document, seed: int, count: int, first: int = 0, tell: Tell | None = None
) -> dict[str, Any]:
    """Run replications and return, for each fact and rung, the share in which it happened and its 5-95 % interval.

    The interval is over the replications in which the event happened; the share stands beside it.  `covers` says
    whether the interval covers what was reported, within the fact's tolerance.
    """
    facts: dict[str, list[float | None]] = {name: [] for name in scenario.facts}
    fits: dict[str, int] = dict.fromkeys(scenario.facts, 0)
    reached: dict[str, list[int | None]] = {rung.name: [] for rung in scenario.escalation.rungs}
    last: Replication | None = None
    for last in _all(scenario, seed, count, first, tell):
        for name, fact in scenario.facts.items():
            facts[name].append(simulated(last, fact))
        for row in reported(last, {name: values[-1] for name, values in facts.items()}):
            fits[row["id"]] += row["ok"]
        for row in rungs(last):
            reached[row["name"]].append(row["step"])
    assert last is not None
    return {
        "scenario": document.name,
        "hash": digest(document.data),
        "seed": seed,
        "first_replication": first,
        "replications": count,
        "reported": [
            _fact_row(last, name, facts[name], fits[name], count, row)
            for name, row in ((row["id"], row) for row in reported(last))
        ],
        "rungs": [_rung_row(last, name, steps, count) for name, steps in reached.items()],
    }


def _fact_row(
    replication: Replication,
    name: str,
    values: list[float | None],
    fits: int,
    count: int,
    row: Mapping[str, Any],
) -> dict[str, Any]:
    fact = replication.prepared.scenario.facts[name]
    happened = [value for value in values if value is not None]
    interval = quantiles(happened)
    covers = interval is not None and within(replication, fact, interval[0], interval[2])
    shown: list[Any] | None = None
    if interval is not None:
        clock = replication.prepared.clock
        shown = [clock.local(int(value)) if fact.take == "time" else value for value in interval]
    kept = ("id", "role", "statement", "reported", "confidence", "disputed", "topic", "source")
    return {key: row[key] for key in kept} | {
        "happened_share": len(happened) / count,
        "within_share": fits / count,
        "p05_p50_p95": shown,
        "covers": covers,
    }


def _rung_row(replication: Replication, name: str, steps: list[int | None], count: int) -> dict[str, Any]:
    happened = [float(step) for step in steps if step is not None]
    interval = quantiles(happened)
    clock = replication.prepared.clock
    return {
        "name": name,
        "n": count,
        "reached": len(happened),
        "share": len(happened) / count,
        "share_interval": list(wilson(len(happened), count)),
        "p05_p50_p95": None if interval is None else [clock.local(int(step)) for step in interval],
    }


def wilson(successes: int, count: int) -> tuple[float, float]:
    """Return the 95 % Wilson score interval of a share (E. B. Wilson, J. Am. Stat. Assoc. 22, 1927)."""
    z = 1.959963984540054
    share = successes / count
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * float(np.sqrt(share * (1 - share) / count + z * z / (4 * count * count)))
    return max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half))  # rounding aside


def rung_steps(
    scenario: Scenario, about: str, seed: int, count: int, tell: Tell | None = None
) -> dict[str, tuple[float, float, float]]:
    """Return the 5, 50 and 95 % steps at which one flight reached each rung, over the replications in which it did."""
    reached: dict[str, list[float]] = {}
    for replication in _all(scenario, seed, count, 0, tell):
        for row in rungs(replication, about):
            if row["step"] is not None:
                reached.setdefault(row["name"], []).append(float(row["step"]))
    found = {name: quantiles(steps) for name, steps in reached.items()}
    return {name: interval for name, interval in found.items() if interval is not None}
