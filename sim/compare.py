"""Compare scenarios replication by replication: paired differences under common random numbers, with intervals.

Every variant meets the same draws, so that what differs between two of them in one replication comes from what was
changed.  No replication is kept, and nothing is averaged over those alone in which an event happened: beside each
difference stands in how many replications it happened in both variants, in one, and in none.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.catalogue import Column, Wanted
from sim.document import Document, digest
from sim.errors import InputError, Problem
from sim.many import CHUNK, Engine, Tell, Work, reduced
from sim.measures import rung_key
from sim.outcomes import Outcomes
from sim.scenario import Scenario
from sim.spread import MERGED_AT, Tally, merged, quantiles, tally, wilson

Row = dict[str, Any]

COMPARED = Wanted(outcomes=True, facts=False)
Z95 = 1.959963984540054
DIGITS = 6
"""Decimal places of a difference: what outcomes carry has two at the most."""


@dataclass(frozen=True)
class Variant:
    """One of the scenarios that are compared, and what it is called."""

    label: str
    scenario: Scenario
    document: Document


def labelled(variants: Sequence[str]) -> dict[str, list[str]]:
    """Return the overrides of each label from texts such as `later: command.stages.scramble.delay_s=90`.

    A label ends at the first colon before the equals sign; a text without one is its own label.  Raises InputError
    for a text that changes nothing.
    """
    found: dict[str, list[str]] = {}
    for text in variants:
        label, colon, change = text.partition(":")
        if not colon or "=" in label:
            label, change = text, text
        if "=" not in change or not label.strip():
            wanted = 'is not of the form "LABEL: PATH=VALUE", as "later: command.stages.scramble.delay_s=90"'
            raise InputError([Problem("--variant", None, "", f'"{text}" {wanted}')])
        found.setdefault(label.strip(), []).append(change.strip())
    return found


class Pairs(NamedTuple):
    """One outcome in a baseline and a variant: where it happened, and the tallies where it happened in both."""

    column: Column
    happened: tuple[int, int, int]
    """Replications in which it happened in both, in the baseline only, in the variant only."""
    baseline: Tally
    variant: Tally
    difference: Tally
    """Variant less baseline."""


@dataclass(frozen=True)
class Pairing:
    """Simulates a span of replications of every variant, and pairs each with the first."""

    works: tuple[Work[Outcomes], ...]

    @property
    def weight(self) -> int:
        """As many scenarios as there are variants."""
        return len(self.works)

    def runs_processes(self, first: int, count: int) -> bool:
        """Return whether the processes run any variant; the tables of all are made on the way."""
        each = [work.runs_processes(first, count) for work in self.works]
        return any(each)

    def __call__(self, span: tuple[int, int]) -> list[dict[str, Pairs]]:
        """Return, for each variant after the first, the pairs of every outcome that both have."""
        baseline, *others = [work(span) for work in self.works]
        return [_paired(baseline, other) for other in others]


def compare(
    variants: Sequence[Variant],
    seed: int,
    count: int,
    first: int = 0,
    tell: Tell | None = None,
    *,
    engine: Engine = "batch",
    workers: int | None = 1,
    chunk: int = CHUNK,
) -> Row:
    """Return the differences between the first variant and each other one, as docs/answers.md says.

    Raises InputError if two variants bear one label, or do not begin at the same time of day.
    """
    _check(variants)
    pairing = Pairing(tuple(Work(v.scenario, seed, engine, COMPARED, _whole) for v in variants))
    parts: list[list[dict[str, Pairs]]] = [[] for _ in variants[1:]]
    for results in reduced(pairing, first, count, workers=workers, chunk=chunk, tell=tell):
        for kept, result in zip(parts, results, strict=True):
            kept.append(result)
            if len(kept) >= MERGED_AT:
                kept[:] = [_together(kept)]
    return {
        "seed": seed,
        "first_replication": first,
        "replications": count,
        "engine": engine,
        "variants": [
            {"label": each.label, "scenario": each.document.name, "hash": digest(each.document.data)}
            for each in variants
        ],
        "comparisons": [
            _comparison(variants[0], other, _together(kept), count)
            for other, kept in zip(variants[1:], parts, strict=True)
        ],
    }


def _whole(table: Outcomes) -> Outcomes:
    return table


def _check(variants: Sequence[Variant]) -> None:
    labels = [each.label for each in variants]
    problems = [
        Problem("compare", None, "", f'"{label}" is the name of two variants; give one another label')
        for label in dict.fromkeys(labels)
        if labels.count(label) > 1
    ]
    if len(variants) < 2:
        problems.append(Problem("compare", None, "", "needs a second scenario, or a --variant"))
    start = variants[0].scenario.clock.start
    for each in variants[1:]:
        if each.scenario.clock.start != start:
            message = f"begins at {each.scenario.clock.start}, and {variants[0].label} at {start}; times would not pair"
            problems.append(Problem(each.label, None, "clock.start", message))
    if problems:
        raise InputError(problems)


# ---- pairs of one span, and of all


def _paired(baseline: Outcomes, variant: Outcomes) -> dict[str, Pairs]:
    """Pair every outcome that both tables have; a stay that one of them does not hold did not happen there."""
    ours = {column.name: column for column in baseline.columns}
    theirs = {column.name: column for column in variant.columns}
    found = {}
    for name, column in (ours | theirs).items():
        if name == "replication" or column.kind == "name":
            continue
        if (name in ours and name in theirs) or column.beyond is not None:
            found[name] = _pairs(column, _values(baseline, name), _values(variant, name))
    return found


def _values(table: Outcomes, name: str) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    count = len(table)
    if name not in table.values:
        return np.zeros(count, dtype=np.int64), np.zeros(count, dtype=bool)
    return table.values[name], table.valid.get(name, np.ones(count, dtype=bool))


def _pairs(
    column: Column,
    baseline: tuple[NDArray[Any], NDArray[np.bool_]],
    variant: tuple[NDArray[Any], NDArray[np.bool_]],
) -> Pairs:
    (ours, in_ours), (theirs, in_theirs) = baseline, variant
    both = in_ours & in_theirs
    happened = (
        int(np.count_nonzero(both)),
        int(np.count_nonzero(in_ours & ~in_theirs)),
        int(np.count_nonzero(in_theirs & ~in_ours)),
    )
    ours, theirs = ours[both], theirs[both]
    return Pairs(column, happened, tally(ours), tally(theirs), _differences(ours, theirs))


def _differences(ours: NDArray[Any], theirs: NDArray[Any]) -> Tally:
    if ours.dtype.kind == "f":
        return tally(np.round(theirs - ours, DIGITS) + 0.0)  # no difference is -0.0
    difference = theirs.astype(np.int64) - ours
    least = difference.min(initial=0)
    found = tally(difference - least)  # whole numbers from 0 on are counted without sorting
    return Tally(found.values + least, found.counts)


def _together(parts: Sequence[Mapping[str, Pairs]]) -> dict[str, Pairs]:
    names = dict.fromkeys(name for part in parts for name in part)
    found = {}
    for name in names:
        some = [part[name] for part in parts if name in part]  # a stay may be in some tables only
        happened = tuple(sum(each.happened[place] for each in some) for place in range(3))
        tallies = [merged([each[place] for each in some]) for place in range(2, 5)]  # type: ignore[misc]
        found[name] = Pairs(some[0].column, happened, *tallies)  # type: ignore[arg-type]
    return found


# ---- what is told of them


def _comparison(baseline: Variant, variant: Variant, pairs: Mapping[str, Pairs], count: int) -> Row:
    names = [rung.name for rung in baseline.scenario.escalation.rungs]
    shared = [(name, f"{rung_key(name)}_s") for name in names if f"{rung_key(name)}_s" in pairs]
    return {
        "baseline": baseline.label,
        "variant": variant.label,
        "rungs": [{"name": name} | _shares(pairs[column].happened, count) for name, column in shared],
        "outcomes": [_outcome(each, count) for each in pairs.values()],
    }


def _shares(happened: tuple[int, int, int], count: int) -> Row:
    """Return in how many replications something happened in each of two variants, and the difference of the shares."""
    both, ours, theirs = happened
    interval = paired_interval(both, ours, theirs, count)
    unpaired = unpaired_interval(both + ours, both + theirs, count)
    return {
        "n": count,
        "both": both,
        "baseline_only": ours,
        "variant_only": theirs,
        "neither": count - both - ours - theirs,
        "shares": [(both + ours) / count, (both + theirs) / count],
        "share_difference": (theirs - ours) / count,
        "share_interval": list(interval),
        "share_unpaired_interval": list(unpaired),
        "share_width_ratio": _ratio(interval[1] - interval[0], unpaired[1] - unpaired[0]),
    }


def _outcome(pairs: Pairs, count: int) -> Row:
    both, ours, theirs = pairs.happened
    moved = both - _count_of_zero(pairs.difference)
    row: Row = {"outcome": pairs.column.name, "unit": pairs.column.unit, "meaning": pairs.column.meaning}
    row |= _shares(pairs.happened, count)
    interval = median_interval(pairs.difference)
    levels = quantiles(pairs.difference)
    spread = math.sqrt(variance(pairs.baseline) + variance(pairs.variant))
    row |= {
        "changed_share": (moved + ours + theirs) / count,
        "difference_p05_p50_p95": None if levels is None else list(levels),
        "difference_median_interval": None if interval is None else list(interval),
        "width_ratio": _ratio(math.sqrt(variance(pairs.difference)), spread),
    }
    if both == count:  # a mean over all, not over those alone in which it happened
        middle = mean(pairs.difference)
        half = Z95 * math.sqrt(variance(pairs.difference) / count)
        row |= {"difference_mean": middle, "difference_mean_interval": [middle - half, middle + half]}
    return row


def _count_of_zero(difference: Tally) -> int:
    return int(difference.counts[difference.values == 0].sum())


def _ratio(width: float, of: float) -> float | None:
    return width / of if of > 0 else None


# ---- statistics


def mean(found: Tally) -> float:
    """Return the mean of what was counted; it is exact but for one rounding, whatever the order of counting."""
    return math.fsum(float(v) * int(n) for v, n in zip(found.values, found.counts, strict=True)) / found.total


def variance(found: Tally) -> float:
    """Return the sample variance of what was counted, 0 for fewer than two values."""
    if found.total < 2:
        return 0.0
    middle = mean(found)
    squares = (int(n) * (float(v) - middle) ** 2 for v, n in zip(found.values, found.counts, strict=True))
    return math.fsum(squares) / (found.total - 1)


def median_interval(found: Tally) -> tuple[float, float] | None:
    """Return the distribution-free 95 % interval of the median: two order statistics; None for no value.

    Their ranks are those of the normal approximation to the binomial law, rounded outwards (W. J. Conover, Practical
    Nonparametric Statistics, 3rd edition, 1999, section 3.2).
    """
    count = found.total
    if not count:
        return None
    half = Z95 * math.sqrt(count) / 2
    ranks = [max(1, math.floor(count / 2 - half)), min(count, math.ceil(count / 2 + half) + 1)]
    low, high = found.values[np.searchsorted(np.cumsum(found.counts), ranks, side="left")]
    return float(low), float(high)


def paired_interval(both: int, ours: int, theirs: int, count: int) -> tuple[float, float]:
    """Return the 95 % interval of a paired difference of shares, theirs less ours.

    Newcombe's hybrid of two Wilson intervals with their correlation, corrected for continuity (R. G. Newcombe,
    Statistics in Medicine 17, 1998, p. 2635, method 10).
    """
    neither = count - both - ours - theirs
    product = (both + ours) * (theirs + neither) * (both + theirs) * (ours + neither)
    cross = both * neither - ours * theirs
    if cross > 0:
        cross = max(0, cross - count / 2)  # type: ignore[assignment]  # a half, for continuity
    correlation = cross / math.sqrt(product) if product else 0.0
    return _hybrid(both + ours, both + theirs, count, correlation)


def unpaired_interval(ours: int, theirs: int, count: int) -> tuple[float, float]:
    """Return the 95 % interval that the same shares would have from independent replications.

    Newcombe's hybrid of two Wilson intervals (Statistics in Medicine 17, 1998, p. 873, method 10).
    """
    return _hybrid(ours, theirs, count, 0.0)


def _hybrid(ours: int, theirs: int, count: int, correlation: float) -> tuple[float, float]:
    share, other = ours / count, theirs / count
    (low, high), (other_low, other_high) = wilson(ours, count), wilson(theirs, count)
    difference = other - share

    def reach(one: float, two: float) -> float:
        return math.sqrt(max(0.0, one * one - 2 * correlation * one * two + two * two))

    return (
        max(-1.0, difference - reach(other - other_low, high - share)),
        min(1.0, difference + reach(other_high - other, share - low)),
    )
