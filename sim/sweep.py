"""Running a study: every design point by the batch engine, shard by shard, on as many processor cores as are wanted.

    summary = sweep(read("authority-and-flares"), "studies/flares", replications=1000)

What is there is not run again, so the same call goes on after any interruption, and more replications top up.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

import numpy as np

from sim import folders, histograms, manifests, outcomes, shards
from sim.catalogue import ALL, columns
from sim.errors import InputError, Problem, SweepError, WorkerError, nearest
from sim.extras import extra
from sim.folders import Folder
from sim.histograms import NONE, Histograms
from sim.many import CHUNK, Engine, Span, Work, cores, in_order
from sim.outcomes import Outcomes
from sim.run import Prepared, prepare, replicate
from sim.shards import PointState, Shard
from sim.study import Plan, reason

LOOK: Final = 1000
"""Replications between two looks at whether a stop rule is met."""

CHECKED_MOST: Final = 64
CHECKED_LEAST: Final = 8
CHECKED_AMONG: Final = 8
"""The replication of a point that is checked is one of the first few, so that every sweep runs it."""

TIMED: Final = 4
"""Points that are timed for an estimate."""

Tell = Callable[[int, int], None]
"""Told (points done, of all) after each shard."""

Hand = Callable[["Job", Sequence[int]], Iterator[Shard]]
"""What has shards of a job run somewhere else, in about their order, and yields each that is written."""


@dataclass(frozen=True)
class Goal:
    """When a point has enough replications: a fixed number, or shares whose intervals are narrow enough."""

    replications: int = 1000
    until: Mapping[str, float] = field(default_factory=dict)
    """By outcome: the most that half of its share's 95 % interval may be."""
    most: int = 100_000
    """Replications at which `until` gives up."""

    def wanted(self, found: Histograms) -> int:
        """Return how many replications a point wants by now; as many as it has if these are enough.

        The looks are at multiples of `LOOK`, whatever was run before, so that an interruption changes nothing.
        """
        have = found.replications
        if not self.until:
            return max(have, self.replications)
        if have >= self.most:
            return have
        if have and have % LOOK == 0:
            widths = histograms.half_widths(found, self.until)
            if all(widths[name] <= bound for name, bound in self.until.items()):
                return have
        return min(self.most, (have // LOOK + 1) * LOOK)


@dataclass(frozen=True)
class Summary:
    """What came of a sweep."""

    points: int
    failed: tuple[PointState, ...]
    """Points that could not be run."""
    replications: int
    checked: int
    differing: tuple[PointState, ...]
    """Points at which the batch and the processes do not agree."""
    ran: int
    """Points that were run now; the others were there."""

    @property
    def good(self) -> bool:
        """Whether every point could be run and the engines agree."""
        return not self.failed and not self.differing


@dataclass(frozen=True)
class _Part:
    """What comes of a span of replications of one point."""

    histograms: Histograms
    row: Mapping[str, Any] | None
    """The replication that is checked, if it is among them."""
    table: Outcomes | None
    """All of them, where rows are kept."""


@dataclass(frozen=True)
class Job:
    """A study with all that a worker needs to run any shard of it, in this process or on another machine."""

    plan: Plan
    folder: Folder
    goal: Goal
    engine: Engine = "batch"
    rows: bool = False
    fail_fast: bool = False
    retry: bool = False
    workers_within: int = 1
    """Workers for the replications of one point, where there are too few shards for all."""

    def __getstate__(self) -> dict[str, Any]:
        """Return what a worker that is not forked must be sent."""
        return {key: value for key, value in self.__dict__.items() if key not in ("first", "every")}

    @cached_property
    def every(self) -> tuple[str, ...]:
        """The columns of the scenario as it stands, which come first in every table."""
        return tuple(column.name for column in columns(prepare(self.plan.scenario), {}))

    @cached_property
    def first(self) -> tuple[str, ...]:
        """Those of numbers, of which there are histograms."""
        found = histograms.counted(columns(prepare(self.plan.scenario), {}))
        return tuple(column.name for column in found)

    def __call__(self, number: int) -> Shard:
        """Run what a shard wants and write it; return the states of its points.

        Raises SweepError if it cannot be written, or a point failed and `fail_fast` is set.
        """
        kept = shards.read_shard(self.folder, number) or Shard(number, {})
        block = _Block(self, dict(kept.points), dict(kept.histograms))
        for point in shards.points_of(number, self.plan.points):
            state = block.states.get(point)
            if state is None or (state.status == "failed" and self.retry):
                block.states[point], block.found[point] = PointState(point), NONE
        block.run()
        shard = Shard(number, block.states, block.found)
        if shard.points != kept.points or not shards.results_are_of(self.folder, kept):
            shards.write_shard(self.folder, self.plan, self.first, shard)
        return replace(shard, histograms={})

    def checked(self, point: int) -> int | None:
        """Return the replication of a point that the processes run again, None for most points."""
        points = self.plan.points
        count = min(points, max(CHECKED_LEAST, min(CHECKED_MOST, points // 50)))
        chosen = point * count // points != (point - 1) * count // points
        if self.engine == "processes" or not chosen:
            return None
        told = blake2b(f"{self.plan.study.seed} {point} checked".encode(), digest_size=2).digest()
        return int.from_bytes(told, "big") % CHECKED_AMONG


@dataclass
class _Block:
    """The points of a shard while they are run."""

    job: Job
    states: dict[int, PointState]
    found: dict[int, Histograms]
    works: dict[int, Work[_Part]] = field(default_factory=dict)

    def run(self) -> None:
        """Run what the points want; those that want the same replications are run together."""
        while wanted := self._wanted():
            for (first, end), points in wanted.items():
                ready = [point for point in points if self._ready(point)]
                spans = _spans(first, end)
                if len(points) == 1 and self.job.workers_within > 1:
                    for point in ready:
                        with self._guarded(point):
                            for part in in_order(self.works[point], spans, self.job.workers_within):
                                self._add(point, part)
                    continue
                for span in spans:
                    self._run_span(ready, span)

    def _wanted(self) -> dict[tuple[int, int], list[int]]:
        """Return which points want the replications from one number up to another."""
        spans: dict[tuple[int, int], list[int]] = {}
        for point in sorted(self.states):
            have = self.found[point].replications
            if (
                self.states[point].status == "done"
                and (end := self.job.goal.wanted(self.found[point])) > have
            ):
                spans.setdefault((have, end), []).append(point)
        return spans

    def _ready(self, point: int) -> bool:
        """Return whether a point can be run; its scenario is read for the first time."""
        if point not in self.works:
            job = self.job
            with self._guarded(point):
                reduce = partial(_part, check=job.checked(point), rows=job.rows)
                scenario = job.plan.scenario_of(point)
                self.works[point] = Work(scenario, job.plan.seed_of(point), job.engine, ALL, reduce)
        return point in self.works

    def _run_span(self, points: Sequence[int], span: Span) -> None:
        """Run a span of replications of several points, as many at once as are alike and fill a chunk."""
        size = max(1, CHUNK // span[1])
        good = {point: self.works[point] for point in points if self.states[point].status == "done"}
        for group in _alike(good):
            alike = list(group)
            for place in range(0, len(alike), size):
                chosen = alike[place : place + size]
                parts = self._together(alike[0], {point: group[point] for point in chosen}, span)
                for number, point in enumerate(chosen):
                    with self._guarded(point):
                        self._add(point, self.works[point](span) if parts is None else parts[number])

    def _together(self, first: int, points: Mapping[int, Any], span: Span) -> list[_Part] | None:
        """Return the parts of points that are alike but for what is their own; None if they must be run one by one."""
        if len(points) < 2:
            return None
        works = [self.works[point] for point in points]
        try:
            return _composed(self.works[first].prepared, works, list(points.values()), span)
        except (MemoryError, OSError):
            raise
        except Exception:  # one by one it is seen which of them it is, if any
            return None

    def _add(self, point: int, part: _Part) -> None:
        job, found, state = self.job, self.found[point], self.states[point]
        if part.table is not None:
            shards.write_rows(job.folder, point, job.every, part.table)
        check = job.checked(point)
        if part.row is not None and check is not None:
            state = replace(state, checked=(check,), differs=_differs(self.works[point], check, part.row))
        names = histograms.in_order(job.first, (*found.names, *part.histograms.names))
        self.found[point] = found = histograms.merged([found, part.histograms], names)
        self.states[point] = replace(state, replications=found.replications)

    @contextmanager
    def _guarded(self, point: int) -> Iterator[None]:
        """Take a failure of a point as data. Want of memory or disk is none, nor is a lost worker."""
        try:
            yield
        except (SweepError, WorkerError, MemoryError, OSError):
            raise
        except Exception as error:
            if self.job.fail_fast:
                raise SweepError(f"point {point} failed: {reason(error)}") from error
            self.states[point] = PointState(point, status="failed", error=reason(error))
            self.found[point] = NONE


def _alike(works: Mapping[int, Work[_Part]]) -> list[dict[int, Any]]:
    """Return works, by their keys, in groups that can be run together, each with what it has of its own."""
    if any(work.engine == "processes" for work in works.values()):
        return [{key: None} for key in works]
    from sim.arrays.points import alike

    keys, groups = list(works), alike([work.scenario for work in works.values()])
    return [{keys[place]: own for place, own in group.items()} for group in groups]


def _composed(
    prepared: Prepared, works: Sequence[Work[_Part]], own: Sequence[Any], span: Span
) -> list[_Part]:
    """Return the parts of several points from one batch; they are as `prepared` but for what is their own."""
    from sim.batch import compose_together

    first, count = span
    points = [work.prepared for work in works]
    own_seeds = len({work.seed for work in works}) > 1
    uniforms = [work.uniforms for work in (works if own_seeds else works[:1])]
    batch = compose_together(prepared, own, uniforms, first, count)
    rows: list[dict[int, outcomes.Row]] = [{} for _ in works]
    for place in np.flatnonzero(batch.handed_over).tolist():
        number, which = divmod(place, count)
        told = replicate(points[number], works[number].uniforms, first + which)
        rows[number][which] = outcomes.told(told)
    tables = outcomes.of_points(batch, points, rows, ALL)
    return [work.reduce(replace(table, seed=work.seed)) for work, table in zip(works, tables, strict=True)]


def _spans(first: int, end: int) -> list[Span]:
    """Return the spans that are run at once: in none of them does a file of rows end."""
    return [span for begin, count in shards.row_spans(first, end) for span in _cut(begin, count)]


def _cut(first: int, count: int) -> list[Span]:
    return [(begin, min(CHUNK, first + count - begin)) for begin in range(first, first + count, CHUNK)]


def _part(table: Outcomes, *, check: int | None, rows: bool) -> _Part:
    row = None
    if check is not None and 0 <= check - table.first < len(table):
        row = _row(table, check - table.first)
    return _Part(histograms.of(table), row, table if rows else None)


def _row(table: Outcomes, place: int) -> dict[str, Any]:
    return {**table.row(place), **table.facts(place)}


def _differs(work: Work[_Part], number: int, row: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the outcomes in which a replication of the batch is not what the processes tell."""
    told = outcomes.told(replicate(work.prepared, work.uniforms, number))
    right = _row(outcomes.of_rows(work.prepared, work.seed, number, [told]), 0)
    return tuple(name for name in {**right, **row} if name not in right or right[name] != row.get(name, ...))


# ---- the whole sweep


def sweep(
    plan: Plan,
    where: str | Path,
    *,
    goal: Goal | None = None,
    engine: Engine = "batch",
    workers: int | Hand | None = None,
    rows: bool = False,
    fail_fast: bool = False,
    retry: bool = False,
    tell: Tell | None = None,
) -> Summary:
    """Run every point of a study that the folder lacks, and return what the folder then holds.

    `workers` says how many processes of this machine do it (None: as many as there are cores), or is what hands the
    shards to others, as `sim.cluster` does.  Raises InputError if the folder holds another sweep, SweepError if it
    cannot be written to, WorkerError if a worker was killed; the same call then goes on.
    """
    folder = folders.folder_of(where)
    goal = goal or goal_of(plan)
    check_goal(plan, goal)
    extra("pyarrow.parquet")  # before anything runs, and before workers are forked
    manifest = manifests.manifest_of(plan, engine=engine, rows=rows)
    manifests.begin(folder, plan, manifest)
    manifest |= {"replications": goal.replications, "until": dict(goal.until), "most": goal.most}
    manifests.write_manifest(folder, manifest | {"status": "running"})
    job = Job(plan, folder, goal, engine, rows, fail_fast, retry)
    states: dict[int, Shard] = {}
    wanting = _wanting(job, states)
    workers = cores() if workers is None else workers
    if len(wanting) == 1 and isinstance(workers, int):  # then its replications are spread
        job = replace(job, workers_within=workers)
    done = plan.points - sum(len(shards.points_of(number, plan.points)) for number in wanting)
    ran = 0
    if tell is not None:
        tell(done, plan.points)
    status = "stopped"
    try:
        for shard in _shards(job, wanting, workers):
            states[shard.number] = shard
            ran += len(shard.points)
            if tell is not None:
                tell(done + ran, plan.points)
        status = "complete"
    finally:
        folder.clean()
        summary = _summary(plan, states.values(), ran)
        manifests.write_manifest(folder, manifest | {"status": status, **told_of(summary)})
    return summary


def _shards(job: Job, numbers: Sequence[int], workers: int | Hand) -> Iterator[Shard]:
    """Yield every shard when it is written."""
    return in_order(job, numbers, workers) if isinstance(workers, int) else workers(job, numbers)


def goal_of(plan: Plan) -> Goal:
    """Return the goal that a study sets."""
    return Goal(plan.study.replications, plan.study.until, plan.study.most)


def check_goal(plan: Plan, goal: Goal) -> None:
    """Raise InputError if a stop rule names an outcome that has no share."""
    found = columns(prepare(plan.scenario), {})
    known = {histograms.share_stem(column.name) for column in found if column.optional}
    problems = [
        Problem("", None, f"until {name}", f"is no outcome that can be absent{nearest(name, known)}")
        for name in goal.until
        if name not in known
    ]
    if problems:
        raise InputError(problems)


def _wanting(job: Job, states: dict[int, Shard]) -> list[int]:
    """Return the shards that want something, in the order in which they are run; note the states of the others."""
    found = []
    for number in shards.interleaved(shards.shard_count(job.plan.points)):
        shard = shards.read_states(job.folder, number)
        if shard is not None:
            states[number] = shard
        if shard is None or _wants(job, shard):
            found.append(number)
    return found


def _wants(job: Job, shard: Shard) -> bool:
    points = shards.points_of(shard.number, job.plan.points)
    kept = [shard.points[point] for point in points if point in shard.points]
    if len(kept) < len(points) or (job.retry and any(state.status == "failed" for state in kept)):
        return True
    if job.goal.until:  # the shard itself must be read to tell
        return True
    if any(state.status == "done" and state.replications < job.goal.replications for state in kept):
        return True
    return not shards.results_are_of(job.folder, shard)


def _summary(plan: Plan, kept: Iterable[Shard], ran: int) -> Summary:
    states = sorted(
        (state for shard in kept for state in shard.points.values()), key=lambda state: state.point
    )
    return Summary(
        plan.points,
        tuple(state for state in states if state.status == "failed"),
        sum(state.replications for state in states),
        sum(len(state.checked) for state in states),
        tuple(state for state in states if state.differs),
        ran,
    )


def told_of(summary: Summary) -> dict[str, Any]:
    """Return what the manifest says of what came of a sweep."""
    return {
        "failed": [state.point for state in summary.failed],
        "replications_in_all": summary.replications,
        "check": {
            "replications": summary.checked,
            "agree": summary.checked - len(summary.differing),
            "differing": {str(state.point): list(state.differs) for state in summary.differing},
        },
    }


def estimate(plan: Plan, goal: Goal, engine: Engine, workers: int | None) -> tuple[int, float]:
    """Return how many replications a sweep runs (at the most, with a stop rule) and an estimate of its seconds.

    A few points that can be run together are timed with few replications and with more.
    """
    count = goal.most if goal.until else goal.replications
    size = shards.shard_points(plan.points)
    works = _timed(plan, range(0, plan.points, max(1, plan.points // size)), engine)
    groups = _alike(dict(enumerate(works)))  # of points as far from each other as may be
    largest = max(groups, key=len)
    if together := len(largest) > 1:
        works = [works[place] for place in largest]
    timed = partial(_once, works[:TIMED], list(largest.values())[:TIMED] if together else [])
    few, more = (1, 2) if engine == "processes" else (250, 2000)
    timed((0, 1))  # what is loaded on the way is loaded once
    seconds = []
    for number in (few, more):
        began = time.perf_counter()
        timed((0, number))
        seconds.append(time.perf_counter() - began)
    points = min(TIMED, len(works))
    each = max(0.0, seconds[1] - seconds[0]) / (more - few) / points
    batch_s = max(0.0, seconds[0] - few * points * each) / (1 if together else points)
    shard_s = batch_s * max(float(len(groups)), size * count / CHUNK) + size * count * each
    number = shards.shard_count(plan.points)
    return plan.points * count, shard_s * number / min(cores() if workers is None else workers, number)


def _timed(plan: Plan, points: Iterable[int], engine: Engine) -> list[Work[_Part]]:
    """Return works for those of some points that can be run, or else for the scenario as it stands."""
    reduce = partial(_part, check=None, rows=False)
    found = []
    for point in points:
        with suppress(InputError):
            found.append(Work(plan.scenario_of(point), plan.study.seed, engine, ALL, reduce))
    return found or [Work(plan.scenario, plan.study.seed, engine, ALL, reduce)]


def _once(works: Sequence[Work[_Part]], own: Sequence[Any], span: Span) -> None:
    """Run a span of works: of such as are alike but for what is their own at once, of others one by one."""
    if own:
        _composed(works[0].prepared, works, own, span)
        return
    for work in works:
        work(span)
