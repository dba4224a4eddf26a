"""Risk: the share of replications that reach each rung, as a band over the ranges of the hazard assumptions.

Two things are unknown, and they are kept apart.  The *band* runs from all hazards at the low ends of their ranges to
all at the high ends: it covers what is assumed.  The *interval* of each end covers the replications alone.  Both ends
and everything between meet the same replications, so the band is monotone, and what one hazard does to it is a paired
difference.  Hazards change nothing in an encounter, so their chances are reckoned and not counted: see
`sim.exposures`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sim import exposures
from sim.batch import compose_points, keep
from sim.draws import Uniforms
from sim.errors import InputError, Problem
from sim.exposures import Encounters
from sim.many import LOGS, Engine, Span, Tell, in_order, workers_for
from sim.run import Prepared, prepare, replicate
from sim.scenario import Scenario
from sim.spread import effective_count, wilson, wilson_of_mean

Row = dict[str, Any]
Table = NDArray[np.float64]

BLOCK: Final = 10_000
"""Replications that are summed up at once, whatever the number of workers, so that the sums are always the same."""

PROBED: Final = 16
"""Replications that are composed to learn whether a scenario can be."""

ENDS: Final = ("low", "middle", "high")


@dataclass(frozen=True)
class Goal:
    """When there are enough replications: a fixed number, or when every interval is narrow enough."""

    replications: int | None = None
    within_share: float = 0.1
    """Half of an interval may be at most this share of what it is of."""
    rare_share: float = 1e-4
    """A share that surely lies below this one is not told any better."""
    most: int = 160_000
    """Replications at which the stop rule gives up."""

    def looks(self) -> Iterator[int]:
        """Yield the numbers of replications at which to look: once, or ever twice as many."""
        if self.replications is not None:
            yield self.replications
            return
        look = BLOCK
        while look < self.most:
            yield look
            look *= 2
        yield self.most

    def narrow(self, share: float, interval: tuple[float, float]) -> bool:
        """Return whether an interval of a share is narrow enough."""
        low, high = interval
        return high <= self.rare_share or (high - low) / 2 <= self.within_share * share


# ---- levels: which shares the hazards have


@dataclass(frozen=True)
class Levels:
    """The shares of all hazards, by level: the two ends and the middle, then each hazard alone at its ends."""

    shares: tuple[Mapping[str, float], ...]
    hazards: tuple[str, ...]

    @classmethod
    def of(cls, scenario: Scenario) -> Levels:
        """Return the levels of a scenario: `ENDS`, and for each hazard its low and its high end."""
        hazards = scenario.escalation.hazards
        ends = [
            {name: getattr(hazard, key) for name, hazard in hazards.items()}
            for key in ("low_share", "share", "high_share")
        ]
        alone = [ends[1] | {name: end[name]} for name in hazards for end in (ends[0], ends[2])]
        return cls((*ends, *alone), tuple(hazards))

    def alone(self, hazard: str) -> tuple[int, int]:
        """Return the places of the levels at which one hazard is at its low and at its high end."""
        place = len(ENDS) + 2 * self.hazards.index(hazard)
        return place, place + 1


@dataclass(frozen=True)
class Sums:
    """Sums over replications; `totals` (levels, rungs) of chances, `gaps` (hazards, rungs) of paired differences."""

    count: int
    handed_over: int
    counted: NDArray[np.int64]
    totals: Table
    squares: Table
    gaps: Table
    gap_squares: Table


def summed(parts: Sequence[Sums]) -> Sums:
    """Return the sums over all replications of several parts."""
    tables = (
        np.sum([getattr(part, name) for part in parts], axis=0)
        for name in ("counted", "totals", "squares", "gaps", "gap_squares")
    )
    return Sums(sum(part.count for part in parts), sum(part.handed_over for part in parts), *tables)


# ---- work


@dataclass(frozen=True)
class Case:
    """A scenario under a seed, with its name and hash."""

    scenario: Scenario
    seed: int
    name: str = ""
    hash: str = ""

    @cached_property
    def levels(self) -> Levels:
        """The shares of its hazards."""
        return Levels.of(self.scenario)

    @cached_property
    def variants(self) -> list[dict[str, float]]:
        """What must be simulated: the shares of the hazards that are drawn, without repetition."""
        named = exposures.drawn(self.scenario.escalation)
        found = [{name: shares[name] for name in named} for shares in self.levels.shares]
        return [shares for place, shares in enumerate(found) if shares not in found[:place]]

    @cached_property
    def prepared(self) -> list[Prepared]:
        """The tables of each variant."""
        kinds = exposures.kinds_of(self.scenario)
        found = [prepare(exposures.with_shares(self.scenario, shares)) for shares in self.variants]
        for each in found:
            keep(each, kinds)
        return found

    def __getstate__(self) -> dict[str, Any]:
        """Return what a worker that is not forked must be sent: it makes its own tables."""
        return {"scenario": self.scenario, "seed": self.seed, "name": self.name, "hash": self.hash}

    def sums(self, variants: Sequence[Encounters], handed_over: int) -> Sums:
        """Return the sums of some replications, of which each variant was simulated."""
        escalation, levels = self.scenario.escalation, self.levels
        named = exposures.drawn(escalation)
        touched = [exposures.touching(escalation, rung) for rung in escalation.rungs]
        chances = []
        for shares in levels.shares:
            place = self.variants.index({name: shares[name] for name in named})
            chances.append(variants[place].reached(touched, shares))
        gaps = [chances[high] - chances[low] for low, high in map(levels.alone, levels.hazards)]
        middle = self.variants.index({name: levels.shares[1][name] for name in named})
        shape = (-1, len(escalation.rungs))
        return Sums(
            variants[0].plain.shape[1],
            handed_over,
            variants[middle].counted.sum(axis=1),
            np.array([each.sum(axis=1) for each in chances]).reshape(shape),
            np.array([(each**2).sum(axis=1) for each in chances]).reshape(shape),
            np.array([each.sum(axis=1) for each in gaps]).reshape(shape),
            np.array([(each**2).sum(axis=1) for each in gaps]).reshape(shape),
        )


@dataclass(frozen=True)
class Watching:
    """Simulates a span of replications and sums up the chances of the rungs."""

    case: Case
    engine: Engine = "batch"

    def slow(self) -> bool:
        """Return whether the processes run the scenario; the tables of all variants are made on the way."""
        prepared = self.case.prepared[0]
        if self.engine == "processes":
            return True
        (batch,) = compose_points([prepared], Uniforms(self.case.seed), 0, PROBED)
        return bool(batch.handed_over.all())

    def __call__(self, span: Span) -> Sums:
        """Return the sums of a span."""
        (sums,) = together([self.case], span, self.engine)
        return sums


def together(cases: Sequence[Case], span: Span, engine: Engine = "batch") -> list[Sums]:
    """Return the sums of a span of replications of several cases that differ in laws alone.

    Raises ValueError if they differ in more, so that they cannot be composed at once.
    """
    first, count = span
    uniforms = Uniforms(cases[0].seed)
    found: list[list[Encounters]] = [[] for _ in cases]
    handed_over = [0] * len(cases)
    for place in range(len(cases[0].variants)):
        prepared = [case.prepared[place] for case in cases]
        if engine == "processes":
            told = [exposures.of_log(replicate(prepared[0], uniforms, first + n)) for n in range(count)]
            found[0].append(exposures.joined(told))
            continue
        batches = compose_points(prepared, uniforms, first, count)
        for number, (tables, batch) in enumerate(zip(prepared, batches, strict=True)):
            places = np.flatnonzero(batch.handed_over).tolist()
            logs = {n: exposures.of_log(replicate(tables, uniforms, first + n)) for n in places}
            all_told = len(logs) == count  # nothing can be composed
            found[number].append(
                exposures.joined([*logs.values()]) if all_told else exposures.of_batch(batch, logs)
            )
            handed_over[number] = max(handed_over[number], len(places))
    return [case.sums(each, many) for case, each, many in zip(cases, found, handed_over, strict=True)]


# ---- one scenario


def risk(
    case: Case,
    goal: Goal,
    first: int = 0,
    tell: Tell | None = None,
    *,
    engine: Engine = "batch",
    workers: int | None = 1,
) -> Row:
    """Return the band of the share that reaches each rung, as docs/answers.md says.

    Raises InputError if the scenario has no rungs.
    """
    check(case.scenario)
    work = Watching(case, engine)
    slow = work.slow()  # before workers are forked, so that they share the tables
    parts: list[Sums] = []
    told: Row = {}
    have = 0
    for look in goal.looks():
        tasks = spans(first + have, look - have, LOGS if slow else BLOCK)
        jobs = workers_for(look - have, "processes" if slow else "batch") if workers is None else workers
        for sums in in_order(work, tasks, jobs):
            parts.append(sums)
            have += sums.count
            if tell is not None:
                tell(have, look)
        parts = [summed(parts)]
        told = told_of(case, parts[0], goal)
        if all(rung["narrow"] for rung in told["rungs"]):
            break
    return {
        "kind": "scenario",
        "scenario": case.name,
        "hash": case.hash,
        "seed": case.seed,
        "first_replication": first,
        "engine": engine,
        "asked": {
            "replications": goal.replications,
            "within_share": goal.within_share,
            "rare_share": goal.rare_share,
            "most": goal.most,
        },
        **told,
    }


def spans(first: int, count: int, size: int) -> list[Span]:
    """Divide replications into spans of one size, whatever the number of workers; the last may be shorter."""
    return [(begin, min(size, first + count - begin)) for begin in range(first, first + count, size)]


def check(scenario: Scenario) -> None:
    """Raise InputError if a scenario has no rungs."""
    if not scenario.escalation.rungs:
        raise InputError([Problem("risk", None, "escalation.rungs", "is empty: there is no rung to reach")])


def hazards_of(scenario: Scenario) -> list[Row]:
    """Return the hazards of a scenario with their ranges, as docs/answers.md says."""
    named = exposures.drawn(scenario.escalation)
    return [
        {
            "hazard": name,
            "label": hazard.label,
            "each": hazard.on or f"minute of {hazard.during}",
            "low_share": hazard.low_share,
            "share": hazard.share,
            "high_share": hazard.high_share,
            "reckoned": name not in named,
        }
        for name, hazard in scenario.escalation.hazards.items()
    ]


def told_of(case: Case, sums: Sums, goal: Goal) -> Row:
    """Return the hazards and the rungs of a case, from the sums over its replications."""
    escalation = case.scenario.escalation
    return {
        "replications": sums.count,
        "handed_over": sums.handed_over,
        "hazards": hazards_of(case.scenario),
        "rungs": [
            {"name": rung.name, "hazards": exposures.touching(escalation, rung)}
            | _rung(case, sums, place, goal)
            for place, rung in enumerate(escalation.rungs)
        ],
    }


def _rung(case: Case, sums: Sums, place: int, goal: Goal) -> Row:
    """Return one rung: counted, its band with an interval for each end, and what each hazard does to the band."""
    count, reached = sums.count, int(sums.counted[place])
    ends = {
        end: _share(sums.totals[level, place], sums.squares[level, place], count)
        for level, end in enumerate(ENDS)
    }
    openings: list[Row] = []
    for number, name in enumerate(case.levels.hazards):
        low, high = case.levels.alone(name)
        gap = float(sums.gaps[number, place])
        if gap <= 0.0:
            continue
        openings.append(
            {
                "hazard": name,
                "low": _share(sums.totals[low, place], sums.squares[low, place], count),
                "high": _share(sums.totals[high, place], sums.squares[high, place], count),
                "share_difference": gap / count,
                "share_interval": list(wilson_of_mean(gap, float(sums.gap_squares[number, place]), count)),
            }
        )
    openings.sort(key=lambda row: -row["share_difference"])
    return {
        "n": count,
        "counted": {
            "reached": reached,
            "share": reached / count,
            "share_interval": list(wilson(reached, count)),
        },
        **ends,
        "opened_by": openings,
        "narrow": all(goal.narrow(end["share"], tuple(end["share_interval"])) for end in ends.values()),
    }


def _share(total: float, squares: float, count: int) -> Row:
    """Return a share that is estimated by a mean of chances, with its interval."""
    effective = effective_count(float(total), float(squares), count)
    return {
        "share": float(total) / count,
        "share_interval": list(wilson_of_mean(float(total), float(squares), count)),
        "effective_n": round(effective),
    }
