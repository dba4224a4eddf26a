"""Risk by points: the band of each rung at every point of a sweep, and the chances in one recorded replication."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sim import exposures, manifests, shards
from sim.draws import Uniforms
from sim.errors import InputError, Problem
from sim.folders import Folder
from sim.many import Engine, Tell, in_order, workers_for
from sim.risk import (
    BLOCK,
    ENDS,
    Case,
    Goal,
    Sums,
    Watching,
    check,
    hazards_of,
    spans,
    summed,
    together,
    told_of,
)
from sim.run import prepare, replicate
from sim.store import Recorded
from sim.study import Plan

Row = dict[str, Any]


# ---- one replication


def of_replication(recorded: Recorded) -> Row:
    """Return the chance of each rung in one replication, given all in it but the hazards, at both ends and the middle.

    Raises InputError if the replication does not come out as it was recorded.
    """
    case, number = Case(recorded.scenario, recorded.manifest["seed"]), recorded.manifest["replication"]
    replication = replicate(prepare(recorded.scenario), Uniforms(case.seed), number)
    if recorded.events != json.loads(json.dumps(replication.log.rows())):
        message = "holds events that this version of the program does not give; run the scenario anew"
        raise InputError([Problem("events.jsonl", None, "", message)])
    variants = [exposures.of_log(replicate(tables, Uniforms(case.seed), number)) for tables in case.prepared]
    sums, as_it_was = case.sums(variants, 0), exposures.of_log(replication)
    return {
        "replication": number,
        "rungs": [
            {"name": rung.name, "reached": bool(as_it_was.counted[place, 0])}
            | {end: float(sums.totals[level, place]) for level, end in enumerate(ENDS)}
            for place, rung in enumerate(recorded.scenario.escalation.rungs)
        ],
    }


# ---- every point of a sweep


@dataclass(frozen=True)
class Surveying:
    """Sums up the chances of the rungs at some points of a study, as (point, replications)."""

    plan: Plan
    engine: Engine = "batch"

    def __call__(self, wanted: Sequence[tuple[int, int]]) -> list[tuple[Case, Sums]]:
        """Return the case and the sums of each point; points that differ in laws alone are composed at once."""
        cases = [Case(self.plan.scenario_of(point), self.plan.seed_of(point)) for point, _ in wanted]
        found: list[tuple[Case, Sums]] = []
        place = 0
        while place < len(cases):
            count = wanted[place][1]
            size = max(1, BLOCK // count)
            alike = [
                n
                for n in range(place, min(len(cases), place + size))
                if wanted[n][1] == count and cases[n].seed == cases[place].seed
            ]
            group = cases[place : place + len(alike)]
            found += zip(group, self._sums(group, count), strict=True)
            place += len(group)
        return found

    def _sums(self, cases: Sequence[Case], count: int) -> list[Sums]:
        parts_of = spans(0, count, BLOCK)
        if self.engine == "batch" and len(cases) > 1 and all(c.variants == cases[0].variants for c in cases):
            try:
                parts = [together(cases, span) for span in parts_of]
            except ValueError:
                pass  # they differ in more than laws, and are composed one by one
            else:
                return [summed(each) for each in zip(*parts, strict=True)]
        return [summed([Watching(case, self.engine)(span) for span in parts_of]) for case in cases]


def risk_of_sweep(
    folder: Folder, replications: int | None = None, tell: Tell | None = None, *, workers: int | None = 1
) -> Row:
    """Return the band of each rung at every point of a sweep, and where over the points it is lowest and highest.

    Each point has the replications that the sweep gave it, unless said.  Raises InputError if the folder holds no
    sweep, or none of its points was run.
    """
    plan = manifests.reopened(folder)
    check(plan.scenario)
    manifest = manifests.read_manifest(folder) or {}
    kept = shards.results(folder, ["point", "status", "replications"]).to_pylist()
    wanted = [(row["point"], replications or row["replications"]) for row in kept if row["status"] == "done"]
    if not wanted:
        raise InputError([Problem(folder.where, None, "", "holds no point that could be run")])
    total = sum(count for _, count in wanted)
    tasks = [wanted[begin : begin + shards.SHARD_MOST] for begin in range(0, len(wanted), shards.SHARD_MOST)]
    jobs = workers_for(total, manifest["engine"]) if workers is None else workers
    goal, rows, done = Goal(replications=1), [], 0
    for task, found in zip(tasks, in_order(Surveying(plan, manifest["engine"]), tasks, jobs), strict=True):
        for (point, _), (case, sums) in zip(task, found, strict=True):
            told = told_of(case, sums, goal)
            rows.append({"point": point, "values": plan.values(point), **_briefly(told)})
        done += len(task)
        if tell is not None:
            tell(done, len(wanted))
    return {
        "kind": "sweep",
        **plan.identity(),
        "engine": manifest["engine"],
        "replications_least": min(row["replications"] for row in rows),
        "replications_greatest": max(row["replications"] for row in rows),
        "hazards": hazards_of(plan.scenario),
        "rungs": [
            {"name": rung.name, "hazards": exposures.touching(plan.scenario.escalation, rung)}
            | _over(rows, place)
            for place, rung in enumerate(plan.scenario.escalation.rungs)
        ],
        "points_run": rows,
    }


def _briefly(told: Row) -> Row:
    """Return what is told of one point among many: the bands, and which hazard opens each most."""
    rungs = [
        {"name": rung["name"], **{end: rung[end] for end in ENDS}}
        | {"opened_by": rung["opened_by"][0]["hazard"] if rung["opened_by"] else None}
        for rung in told["rungs"]
    ]
    return {"replications": told["replications"], "handed_over": told["handed_over"], "rungs": rungs}


def _over(rows: Sequence[Row], place: int) -> Row:
    """Return the lowest and the highest share of a rung over the points, at each end of the band."""
    found: Row = {}
    for end in ENDS:
        each = [{"point": row["point"], **row["rungs"][place][end]} for row in rows]
        found[end] = {
            "least": min(each, key=lambda row: row["share"]),
            "greatest": max(each, key=lambda row: row["share"]),
        }
    return found
