"""Time a whole study of July 2019, storage included, beside the same study by Mesa's batch_run: one command, ratios.

    python -m bench.study [--quick]

The study is the bundled `authority-and-flares`: 31 x 31 points over two delays, 1,000 replications each.  All figures
come from one run: the sweep into a fresh folder, the batch engine without a study before and after it, Mesa with the
naive model of `bench.naive` at a sample of points, and the memory of sweeps of more and more points.  Every replication
that Mesa tells must have the outcomes that the sweep's engine gives it.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from bench import naive
from bench.rates import SEED, has, machine, seconds
from sim import many
from sim.catalogue import ALL
from sim.draws import Uniforms
from sim.measures import outcomes as outcomes_of
from sim.outcomes import Outcomes
from sim.run import Prepared, prepare, replicate
from sim.study import Plan, read
from sim.sweep import Goal, sweep

STUDY: Final = "authority-and-flares"
EACH: Final = 1000
"""Replications of every point."""
SAMPLE: Final = (0, 480, 960)
"""Points that Mesa runs: two corners and the middle."""
GROWN: Final = (64, 256, 1024, 4096)
"""Points of the sweeps whose memory is measured."""
FEW: Final = 50
"""Replications of each of their points."""
PATHS: Final = (
    "command.stages.authorise-fire.delay_s.median",
    "command.stages.release-flares.delay_s.median",
)


@cache
def plan() -> Plan:
    """Return the study."""
    return read(STUDY)


@cache
def prepared_at(point: int) -> Prepared:
    """Return a point with its tables, made once: neither side is timed for making them."""
    found = prepare(plan().scenario_of(point))
    replicate(found, Uniforms(SEED), 0)
    return found


def told_by_mesa(points: tuple[int, ...], numbers: range) -> list[dict[str, Any]]:
    """Run replications of points by Mesa's batch_run, a model each; return its rows."""
    import mesa

    from bench.ticking_mesa import Sky

    class Point(Sky):
        """The naive model of one replication of one point, as batch_run makes and steps it."""

        def __init__(self, point: int, number: int) -> None:
            self.prepared = prepared_at(point)
            super().__init__(naive.Model(self.prepared, Uniforms(SEED), number))
            self.datacollector = Collector(self)

        def step(self) -> None:
            super().step()
            self.running = self.steps <= self.prepared.clock.last

    return list(
        mesa.batch_run(
            Point,
            {"point": list(points), "number": list(numbers)},
            max_steps=10**9,
            display_progress=False,
        )
    )


class Collector:
    """What batch_run asks for the outcomes of a model; Mesa's own would keep them of every second."""

    agent_reporters: Final[dict[str, Any]] = {}
    _agent_records: Final[dict[int, Any]] = {}

    def __init__(self, model: Any) -> None:
        self.model = model
        self.model_vars = {"outcomes": self}

    def __getitem__(self, step: int) -> dict[str, Any]:
        """Return the outcomes when the last step is over."""
        return outcomes_of(self.model.naive.replication())


def _length(table: Outcomes) -> int:
    return len(table)


class Cost(NamedTuple):
    """What so many replications cost: seconds on the wall, and of all processors together."""

    count: int
    wall_s: float
    processor_s: float

    @property
    def rate(self) -> float:
        """Replications a second on the wall."""
        return self.count / self.wall_s

    @property
    def each_us(self) -> float:
        """Processor time of a replication in µs: what else the machine does counts for little."""
        return 1e6 * self.processor_s / self.count


def cost(count: int, work: Callable[[], object]) -> Cost:
    """Return what a piece of work costs, with the processes that it starts and ends."""
    before = os.times()
    wall_s = seconds(work)
    spent = [after - at for after, at in zip(os.times()[:4], before[:4], strict=True)]
    return Cost(count, wall_s, sum(spent))


def by_batch(count: int) -> Cost:
    """Return what the batch engine costs without a study, on all cores."""
    work = many.Work(plan().scenario, SEED, "batch", ALL, _length)
    return cost(count, lambda: sum(many.reduced(work, 0, count, workers=many.cores())))


def by_sweep(folder: Path, each: int) -> Cost:
    """Return what the whole sweep costs into a fresh folder, on all cores."""
    return cost(plan().points * each, lambda: sweep(plan(), folder, goal=Goal(each)))


def by_mesa(numbers: range) -> Cost:
    """Return what Mesa's batch_run costs on one core; end if it comes to other outcomes than ours."""
    for point in SAMPLE:
        prepared_at(point)
    rows: list[dict[str, Any]] = []
    found = cost(len(SAMPLE) * len(numbers), lambda: rows.extend(told_by_mesa(SAMPLE, numbers)))
    for row in rows:
        right = outcomes_of(replicate(prepared_at(row["point"]), Uniforms(SEED), row["number"]))
        if row["outcomes"] != right:
            raise SystemExit(f"Mesa: point {row['point']}, replication {row['number']} has other outcomes")
    return found


def grown(points: int) -> Plan:
    """Return a study over the same two delays with so many points."""
    side = round(points**0.5)
    first, second = (f"{path}=10:{10 + (side - 1) * 4}:4" for path in PATHS)
    return read("july-2019", [first, second], keep_shape=True)


def peak_mb(points: int) -> float:
    """Return the most memory in MB that a sweep of so many points took, in a process of its own with one worker."""
    words = [sys.executable, "-m", "bench.study", "--memory-of", str(points)]
    return float(subprocess.run(words, check=True, capture_output=True, text=True).stdout)


def print_own_peak(points: int) -> None:
    """Run a sweep in this process, and print the most memory that it took in MB."""
    with tempfile.TemporaryDirectory() as folder:
        sweep(grown(points), Path(folder) / "run", goal=Goal(FEW), workers=1)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(peak / (2**20 if sys.platform == "darwin" else 2**10))  # bytes there, KB here


def report(each: int, mesa_each: int, sizes: tuple[int, ...]) -> Iterator[str]:
    """Yield the lines of the report as they are measured."""
    points, cores = plan().points, many.cores()
    yield f"{STUDY}: {points} points, {each:,} replications each\n"
    yield f"{'':36}{'replications':>13}{'seconds':>10}{'a second':>11}{'processor':>16}"
    bare = by_batch(cores * many.CHUNK)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "run"
        swept = by_sweep(folder, each)
        size_kb = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 2**10
    yield _line(f"sweep, storage included, {cores} cores", swept)
    yield _line(f"batch engine without a study, {cores} cores", bare)
    mesa = by_mesa(range(mesa_each)) if has("mesa") else None
    yield (
        _line("naive, Mesa’s batch_run, 1 core", mesa)
        if mesa
        else "Mesa: not installed; pip install -e '.[bench]'"
    )
    yield f"\nby processor time: sweep {swept.each_us / bare.each_us:.2f} times the batch engine without a study"
    if mesa:
        yield f"Mesa {mesa.each_us / swept.each_us:,.0f} times the sweep"
        days = points * each * mesa.processor_s / mesa.count / cores / 86_400
        yield f"Mesa would take {days:.1f} days for the study on {cores} cores of its own"
        yield f"Mesa told {mesa.count} replications of {len(SAMPLE)} points, with the outcomes that the sweep counts"
    yield f"folder: {size_kb / 1024:.1f} MB, {size_kb / points:.1f} KB a point"
    yield f"\nmost memory of a sweep with {FEW} replications a point, one worker"
    yield from (f"{number:8,} points{peak_mb(number):10.0f} MB" for number in sizes)


def _line(name: str, found: Cost) -> str:
    rate = f"{found.rate:,.0f}" if found.rate >= 100 else f"{found.rate:.3g}"
    return f"{name:36}{found.count:13,}{found.wall_s:10.1f}{rate:>11}{found.each_us:13,.0f} µs"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--quick", action="store_true", help="a tenth of the replications, fewer points for memory"
    )
    parser.add_argument("--memory-of", type=int, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.memory_of:
        print_own_peak(asked.memory_of)
        return
    print(machine())
    lines = report(EACH // 10, 1, GROWN[:2]) if asked.quick else report(EACH, 2, GROWN)
    for line in lines:
        print(line, flush=True)


if __name__ == "__main__":
    main()
