"""The two engines side by side: every outcome and every fact of the same replications, and where they differ.

`python -m tests.agreement SCENARIO -n 100000 -j 2` compares so many replications and prints each difference; it ends
with 1 if there is one.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import time
from functools import cached_property
from typing import Any

import numpy as np

from sim import measures, outcomes
from sim.arrays.plan import COMPOSED
from sim.batch import compose
from sim.catalogue import fact_column
from sim.draws import Uniforms
from sim.facts import Fact
from sim.many import Span, in_order, spans
from sim.outcomes import Outcomes
from sim.run import Prepared, Replication, prepare, replicate
from sim.scenario import RECORDED, SUMMED, Scenario, act_kinds, kinds, read, stage_events

AT_ONCE = 256
"""Replications that are compared in one go: the logs of as many fit into memory."""

SHOWN = 50


@dataclass(frozen=True)
class Comparison:
    """What came of comparing some replications."""

    compared: int = 0
    handed_over: int = 0
    differences: list[str] = field(default_factory=list)

    def __add__(self, other: Comparison) -> Comparison:
        return Comparison(
            self.compared + other.compared,
            self.handed_over + other.handed_over,
            self.differences + other.differences,
        )


def differences(scenario: Scenario, seed: int, first: int, count: int) -> list[str]:
    """Return a line for each outcome or fact of a replication that the engines tell differently."""
    return Comparing(scenario, seed)((first, count)).differences


@dataclass(frozen=True)
class Comparing:
    """Compares spans of replications of a scenario under a seed."""

    scenario: Scenario
    seed: int

    @cached_property
    def prepared(self) -> Prepared:
        """The tables that both engines use."""
        return prepare(self.scenario)

    def __call__(self, span: Span) -> Comparison:
        """Compare a span; replications that the batch hands over have nothing to be compared."""
        first, count = span
        uniforms = Uniforms(self.seed)
        batch = compose(self.prepared, uniforms, first, count)
        table = outcomes.of(batch)
        composed = np.flatnonzero(~batch.handed_over)
        lines: list[str] = []
        for place in composed.tolist():
            replication = replicate(self.prepared, uniforms, first + place)
            lines += compared(table, place, replication)
        return Comparison(len(composed), count - len(composed), lines)


def compared(table: Outcomes, place: int, replication: Replication) -> Iterator[str]:
    """Yield a line for each column in which a row of the table differs from what the log says."""
    facts = replication.prepared.scenario.facts
    told = measures.outcomes(replication) | {
        fact_column(name, fact): measures.simulated(replication, fact) for name, fact in facts.items()
    }
    row = table.row(place) | table.facts(place)
    for key in dict.fromkeys([*row, *told]):
        batch, processes = row.get(key, "no such column"), told.get(key, "no such column")
        if batch != processes:
            yield f"replication {replication.number}: {key}: batch {batch}, processes {processes}"


def asking_everything(scenario: Scenario, only: Iterable[str] | None = None) -> Scenario:
    """Return a scenario with rungs and facts that speak of every kind of event in every way.

    So the comparison of outcomes is one of nearly all that stands in a log.  `only` names the kinds to ask of: those
    that the batch composes, unless said.
    """
    asked = sorted(kinds(scenario) - (RECORDED - COMPOSED) if only is None else kinds(scenario) & set(only))
    crossings = [f"{way}:{zone}" for way in ("enters", "leaves") if way in asked for zone in scenario.zones]
    rungs = [{"name": event, "reached_by": [event]} for event in (*asked, *crossings)]
    rungs += [
        {"name": f"{event} {side}", "reached_by": [event], "side": side}
        for event in asked
        for side in scenario.sides
    ]
    facts = {f"fact-{number}": _fact(**keys) for number, keys in enumerate(_questions(scenario, asked))}
    data = scenario.model_dump(exclude_unset=True)
    data["escalation"] = {**data.get("escalation", {}), "rungs": rungs}
    return Scenario.model_validate(data).model_copy(update={"facts": facts})


def _fact(take: str = "time", **select: Any) -> Fact:
    reported = {"earliest": time()} if take == "time" else {"low": 0}
    return Fact.model_validate(
        {
            "statement": "asked",
            "role": "check",
            "confidence": "ASM",
            "take": take,
            "select": select,
            **reported,
        }
    )


def _questions(scenario: Scenario, asked: list[str]) -> Iterator[dict[str, Any]]:
    """Yield what facts ask: how often and when each kind came, about whom, by whom, in which stay, with what sums."""
    flights, zones = list(scenario.intruders), list(scenario.zones)
    flown = {"airborne", "on-station", "joined", "identified"}
    carries = {*act_kinds(scenario), *stage_events(scenario), *flown}
    for kind in asked:
        yield {"kind": kind, "take": "count"}
        for number in (2, 3, 5):
            yield {"kind": kind, "occurrence": number}
        for flight in flights:
            yield {"kind": kind, "about": [flight], "take": "count"}
            yield {"kind": kind, "about": [flight], "occurrence": 1}
            for zone in zones:
                yield {"kind": kind, "about": [flight], "during": {"zone": zone, "stay": 1}, "take": "count"}
        for side in scenario.sides:
            yield {"kind": kind, "by": side, "occurrence": 2}
        for stay in (1, 2):
            yield {"kind": kind, "stay": stay, "take": "count"}
            yield {"kind": kind, "stay": stay, "occurrence": 1}
            if zones:
                yield {"kind": kind, "during": {"zone": zones[0], "stay": stay}, "occurrence": 2}
        for data in SUMMED if kind in carries else ():
            for way in ("sum", "min"):
                yield {"kind": kind, "take": f"{way}:{data}"}
        for name in scenario.fighters.types if kind in carries else ():
            yield {"kind": kind, "type": name, "take": "count"}
        for name in list(scenario.fighters.pairs)[:4] if kind in carries else ():
            yield {"kind": kind, "who": [name], "take": "count"}
    for zone in zones if "leaves" in asked else ():
        for take in ("duration_s", "distance_km"):
            yield {"kind": "leaves", "zone": zone, "take": take}
            yield {"kind": "leaves", "zone": zone, "stay": 2, "about": flights[:1], "take": take}


def main(arguments: list[str]) -> int:
    """Compare replications of a scenario; return 1 if the engines differ."""
    parser = argparse.ArgumentParser(prog="python -m tests.agreement", description=__doc__)
    parser.add_argument("scenario")
    parser.add_argument("-n", "--replications", type=int, default=1000)
    parser.add_argument("-j", "--jobs", type=int, default=1)
    parser.add_argument("-r", "--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--everything", action="store_true", help="ask of every kind of event, in every way")
    asked = parser.parse_args(arguments)
    scenario, _ = read(asked.scenario)
    work = Comparing(asking_everything(scenario) if asked.everything else scenario, asked.seed)
    total, shown = Comparison(), 0
    for comparison in in_order(work, spans(asked.first, asked.replications, AT_ONCE, asked.jobs), asked.jobs):
        for line in comparison.differences[: SHOWN - shown]:
            sys.stdout.write(f"{line}\n")
            shown += 1
        total += comparison
        done = total.compared + total.handed_over
        sys.stderr.write(f"\r{done} of {asked.replications}, {len(total.differences)} differences ")
    sys.stderr.write("\n")
    share = total.handed_over / max(1, asked.replications)
    sys.stdout.write(
        f"{total.compared} replications compared: {len(total.differences)} differences"
        f"{' (the first are shown)' if len(total.differences) > SHOWN else ''}; "
        f"{total.handed_over} handed over ({100 * share:.3g} %)\n"
    )
    return 1 if total.differences else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
