"""Calibration: which values of the unknown timings agree with the reported facts, and what the facts cannot tell.

Approximate Bayesian computation by rejection, simple and honest.  Timings are drawn from their ranges, each draw is
simulated some times, and a simulated morning is accepted if it agrees with the facts that were kept apart as checks,
each within its tolerance.  A draw counts as often as its mornings were accepted.  Taken as it stands, with the
tolerance of a fact as what its report may be off by, this is no approximation (R. D. Wilkinson, Statistical
Applications in Genetics and Molecular Biology 12, 2013, p. 129).  The draws are a sweep, so they are kept, go on after
an interruption, and can be looked at like any other.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sim import folders, shards
from sim.catalogue import fact_column
from sim.clock import Clock
from sim.document import load
from sim.errors import CalibrationError, InputError, Problem, nearest
from sim.extras import extra
from sim.facts import Fact
from sim.folders import Folder
from sim.measures import as_simulated, compared
from sim.posterior import Draws, posteriors, quantiles, together
from sim.quantities import plain
from sim.scenario import Scenario
from sim.shards import ROWS
from sim.study import Plan, bundled_studies, is_study, read
from sim.sweep import Goal, sweep

Row = dict[str, Any]
Flags = NDArray[np.bool_]

CHECKS: Final = "checks"
DISPUTED: Final = "disputed"
TO: Final = "--to"

EVEN: Final = ("latin-hypercube", "sobol")
"""Designs whose points are draws from the ranges."""

DRAWS: Final = 256
FEWEST: Final = 10
"""Draws that must be accepted if anything is to be said."""

MINUTE_S: Final = 60.0
"""What a time is off by that was reported without a tolerance: clock times were published to the minute."""

ACCEPTED: Final = "accepted.csv"
RESULT: Final = "calibration.json"


# ---- which facts


def facts_of(scenario: Scenario, to: Sequence[str]) -> dict[str, Fact]:
    """Return the facts that draws must agree with: `checks`, `disputed`, or facts by name.

    `checks` are those of role check that nobody disputes; `disputed` adds those of which there is one version only.
    Raises InputError if a name is unknown, no fact is left, or two of them are versions that exclude each other.
    """
    checks = {name: fact for name, fact in scenario.facts.items() if fact.role == "check"}
    chosen: dict[str, Fact] = {}
    problems = []
    for word in to:
        if word == CHECKS:
            chosen |= {name: fact for name, fact in checks.items() if not fact.disputed}
        elif word == DISPUTED:
            chosen |= {name: fact for name, fact in checks.items() if len(_versions(scenario, fact)) <= 1}
        elif word in checks:
            chosen[word] = checks[word]
        elif word in scenario.facts:
            problems.append(
                Problem(TO, None, word, "was used to write the scenario, so it can check nothing")
            )
        else:
            known = [CHECKS, DISPUTED, *checks]
            wanted = nearest(word, known) or "; wanted checks, disputed, or the name of a fact of role check"
            problems.append(Problem(TO, None, word, f"is no reported fact{wanted}"))
    for name, fact in chosen.items():
        for other in _versions(scenario, fact):
            if other != name and (other in chosen or scenario.facts[other].role == "input"):
                problems.append(
                    Problem(TO, None, name, f"excludes {other}: they are versions of {fact.topic}")
                )
    if not chosen and not problems:
        problem = "names no fact: the scenario has none of role check that nobody disputes"
        problems.append(Problem(TO, None, ", ".join(to), problem))
    if problems:
        raise InputError(problems)
    return {name: fact for name, fact in scenario.facts.items() if name in chosen}


def _versions(scenario: Scenario, fact: Fact) -> list[str]:
    """Return the facts on the topic of one, itself among them; none where it has no topic."""
    return [
        name for name, other in scenario.facts.items() if fact.topic is not None and other.topic == fact.topic
    ]


# ---- what was simulated


@dataclass(frozen=True)
class Mornings:
    """All replications of all draws, one after the other: which draw each is of, and what came of each fact."""

    draw: NDArray[np.int64]
    """Place among the draws that could be run, shape (replications,)."""
    values: Mapping[str, NDArray[np.float64]]
    """By fact, as the table of outcomes has it; not a number where it did not happen; shape (replications,)."""
    clock: Clock

    def met(self, name: str, fact: Fact) -> Flags:
        """Return which mornings agree with a fact."""
        return self._looked_up(name, lambda value: float(_verdict(self.clock, name, fact, value)["ok"])) > 0

    def far(self, name: str, fact: Fact) -> NDArray[np.float64]:
        """Return how far each morning is from a fact: 0 within its tolerance, 1 at twice that or where it is absent."""
        return np.minimum(1.0, self._looked_up(name, lambda value: _far(self.clock, name, fact, value)))

    def _looked_up(self, name: str, say: Callable[[float | None], float]) -> NDArray[np.float64]:
        """Return what is said of each value, asking once for each."""
        found, places = np.unique(self.values[name], return_inverse=True)
        told = [say(None if np.isnan(value) else float(value)) for value in found]
        return np.array(told, dtype=np.float64)[places]


def _verdict(clock: Clock, name: str, fact: Fact, value: float | None) -> Row:
    if value is not None and fact.take == "time":
        value = int(value) // clock.step_s
    return compared(clock, name, fact, value)


def _far(clock: Clock, name: str, fact: Fact, value: float | None) -> float:
    row = _verdict(clock, name, fact, value)
    if row["ok"]:
        return 0.0
    gap = row["gap_s"] if fact.take == "time" else row["gap"]
    if gap is None:
        return 1.0
    tolerance = row["tolerance"] or 0.0
    scale = tolerance or (MINUTE_S if fact.take == "time" else 1.0)
    return float((abs(gap) - tolerance) / scale)


def mornings_of(folder: Folder, plan: Plan, replications: int) -> tuple[Mornings, list[int]]:
    """Return what a sweep with rows kept of the facts, and the points of the draws that could be run.

    Of each draw only so many replications count, since a folder may hold more of some draws than of others.
    """
    parquet, arrow = extra("pyarrow.parquet"), extra("pyarrow")
    columns = {name: fact_column(name, fact) for name, fact in plan.scenario.facts.items()}
    points: list[int] = []
    draw: list[NDArray[np.int64]] = []
    values: dict[str, list[NDArray[np.float64]]] = {name: [] for name in columns}
    wanted = ["point", "replication", *dict.fromkeys(columns.values())]
    for file in sorted(folder.names(ROWS)):
        data = folder.read(file)
        with shards.whole(folder, file):
            table = parquet.read_table(arrow.BufferReader(data), columns=wanted)
        table = table.slice(0, max(0, replications - table["replication"][0].as_py()))
        if not len(table):
            continue
        point = table["point"][0].as_py()
        if not points or points[-1] != point:
            points.append(point)
        draw.append(np.full(len(table), len(points) - 1))
        for name, column in columns.items():
            kept = table[column].cast(arrow.float64()).to_numpy()
            values[name].append(np.asarray(kept, dtype=np.float64))
    each = {name: np.concatenate(parts) for name, parts in values.items()} if points else {}
    return Mornings(
        np.concatenate(draw) if draw else np.zeros(0, int), each, Clock.of(plan.scenario.clock)
    ), points


# ---- which are accepted


@dataclass(frozen=True)
class Accepted:
    """Which mornings are accepted, by which rule."""

    flags: Flags
    rule: Row

    @cached_property
    def count(self) -> int:
        """How many."""
        return int(self.flags.sum())


def accept(mornings: Mornings, facts: Mapping[str, Fact], closest_share: float | None) -> Accepted:
    """Return the mornings that agree with all facts, or the closest share of them; ties are all accepted.

    Near is how far a morning is from each fact, in tolerances and at the most 1, as a mean over the facts.
    """
    if closest_share is None:
        every = np.ones(len(mornings.draw), dtype=bool)
        for name, fact in facts.items():
            every &= mornings.met(name, fact)
        return Accepted(every, {"kind": "all", "share": None, "distance": 0.0})
    far = np.zeros(len(mornings.draw))
    for name, fact in facts.items():
        far += mornings.far(name, fact)
    far /= len(facts)
    bound = np.sort(far)[max(0, int(np.ceil(closest_share * len(far))) - 1)]
    return Accepted(far <= bound, {"kind": "closest", "share": closest_share, "distance": float(bound)})


# ---- the whole


@dataclass(frozen=True)
class Asked:
    """What is asked of a calibration: of which facts, and which share of the mornings is accepted."""

    to: tuple[str, ...] = (CHECKS,)
    closest_share: float | None = None
    """None: those that agree with every fact."""


def plan_of(
    name: str,
    vary: Sequence[str] = (),
    overrides: Sequence[str] = (),
    *,
    draws: int | None = None,
    design: str | None = None,
    **options: Any,
) -> Plan:
    """Return the draws as a study: a study by file or name, or a scenario with `vary` as `PATH=LOW:HIGH`.

    A scenario without `vary` takes the bundled study that draws its unknown quantities, if there is one.  Every draw
    has random numbers of its own.  Raises InputError as `study.read` does.
    """
    known = bundled_studies()
    if not vary:
        asking = [study for study in known if _asks(study, name)]
        name = asking[0] if len(asking) == 1 else name
    told = load(known.get(name.removesuffix(".toml"), name)).data
    even = is_study(told) and told.get("design") in EVEN
    chosen = design or (told["design"] if even else EVEN[0])
    points = draws or (told.get("points") if even else None) or DRAWS
    return read(name, vary, overrides, independent=True, points=points, design=chosen, **options)


def _asks(study: str, scenario: str) -> bool:
    """Return whether a bundled study draws quantities of a scenario from ranges."""
    data = load(bundled_studies()[study]).data
    return bool(data.get("scenario") == scenario.removesuffix(".toml") and data.get("design") in EVEN)


def check(plan: Plan, asked: Asked) -> None:
    """Raise InputError if a calibration cannot be begun."""
    facts_of(plan.scenario, asked.to)
    if plan.points < 2 * FEWEST:
        raise InputError([Problem("--draws", None, "", f"is {plan.points}, must be at least {2 * FEWEST}")])
    words = sorted(plan.words)
    if words:
        problems = [Problem("", None, word, "is no number, so it has no interval") for word in words]
        raise InputError(problems)


def calibrate(
    plan: Plan,
    where: str,
    asked: Asked,
    replications: int,
    *,
    workers: int | None = None,
    tell: Callable[[int, int], None] | None = None,
) -> Row:
    """Draw and simulate what the folder lacks, and return what the facts say, as docs/answers.md has it.

    The accepted draws are kept in the folder.  Raises InputError if the facts or the study cannot be used,
    CalibrationError if too few draws are accepted, and what `sweep` raises.
    """
    check(plan, asked)
    summary = sweep(plan, where, goal=Goal(replications), rows=True, workers=workers, tell=tell)
    folder = folders.folder_of(where)
    mornings, points = mornings_of(folder, plan, replications)
    if not points:
        raise CalibrationError(f"no draw could be run: {summary.failed[0].error}")
    facts = facts_of(plan.scenario, asked.to)
    accepted = accept(mornings, facts, asked.closest_share)
    weights = np.bincount(mornings.draw[accepted.flags], minlength=len(points)).astype(np.float64)
    if np.count_nonzero(weights) < FEWEST:
        raise CalibrationError(_too_few(mornings, facts, weights))
    draws = Draws.of(plan, points, weights)
    checks = {name: fact for name, fact in plan.scenario.facts.items() if fact.role == "check"}
    met = {name: mornings.met(name, fact) for name, fact in (checks | facts).items()}
    told = {
        "kind": "calibration",
        "name": plan.name,
        **plan.identity(),
        "draws": len(points),
        "draws_failed": len(summary.failed),
        "replications": replications,
        "rule": accepted.rule | {"facts": list(facts)},
        "simulated": len(mornings.draw),
        "accepted": accepted.count,
        "accepted_share": accepted.count / len(mornings.draw),
        "accepted_draws": int(np.count_nonzero(weights)),
        "effective_draws": round(draws.effective, 1),
        "engines_differ_at": [state.point for state in summary.differing],
        "quantities": posteriors(plan, draws),
        "together": together(plan, draws),
        "facts": [
            _fact(mornings, name, fact, met, list(facts), weights[mornings.draw])
            for name, fact in checks.items()
        ],
    }
    folder.write(ACCEPTED, _csv(plan, points, weights).encode())
    folder.write(RESULT, (json.dumps(told, ensure_ascii=False, indent=1) + "\n").encode())
    return told


def _too_few(mornings: Mornings, facts: Mapping[str, Fact], weights: NDArray[np.float64]) -> str:
    """Return why too few draws were accepted: the facts that most mornings miss."""
    shares = {name: float(mornings.met(name, fact).mean()) for name, fact in facts.items()}
    worst = sorted(shares, key=lambda name: shares[name])[:3]
    missed = ", ".join(f"{name} {100 * shares[name]:.2g} %" for name in worst)
    draws = int(np.count_nonzero(weights))
    return (
        f"only {draws} draws agree with the facts, and {FEWEST} are wanted; met least often: {missed}. "
        "Try more draws (--draws, -n), wider ranges, other facts (--to), or the closest (--accept 0.01)"
    )


def _fact(
    mornings: Mornings,
    name: str,
    fact: Fact,
    every: Mapping[str, Flags],
    used: Sequence[str],
    weights: NDArray[np.float64],
) -> Row:
    """Return one check: how often it is met, and what comes of it, before and after the facts were heard.

    `every` says by fact in which mornings it is met; `used` are the facts that were heard.
    """
    met = every[name]
    others = np.ones(len(met), dtype=bool)
    for other in used:
        if other != name:
            others &= every[other]
    (row,) = as_simulated([compared(mornings.clock, name, fact, None)], mornings.clock, {name: fact})
    values = mornings.values[name]
    told: Row = {key: row[key] for key in ("id", "statement", "reported", "confidence", "disputed", "topic")}
    told |= {"used": name in used, "rejects_alone": int((others & ~met).sum()) if name in used else None}
    for word, each in (("prior", np.ones(len(met))), ("posterior", weights)):
        there = ~np.isnan(values)
        total = each.sum()
        levels = quantiles(values[there], each[there]) if each[there].sum() > 0 else None
        told[word] = {
            "within_share": float(each[met].sum() / total),
            "happened_share": float(each[there].sum() / total),
            "p05_p50_p95": levels if fact.take != "time" else _as_times(mornings.clock, levels),
        }
    return told


def _as_times(clock: Clock, levels: list[float] | None) -> list[str] | None:
    return None if levels is None else [clock.local(int(value) // clock.step_s) for value in levels]


def _csv(plan: Plan, points: Sequence[int], weights: NDArray[np.float64]) -> str:
    """Return the accepted draws: the point, in how many replications it was accepted, and its values."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["point", "accepted", *(each.name for each in plan.quantities)])
    for point, weight in zip(points, weights.tolist(), strict=True):
        if weight:
            rows.writerow([point, int(weight), *(plain(value) for value in plan.values(point).values())])
    return text.getvalue()
