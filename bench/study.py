"""Time a whole study of July 2019, storage included, beside the same study by Mesa's batch_run: one command, ratios.

    python -m bench.study [--quick]

The study is the bundled `authority-and-flares`: 31 x 31 points over two delays, 1,000 replications each.  All figures
come from one run: the sweep into a fresh folder, the batch engine without a study before and after it, Mesa with the
naive model of `bench.naive` at a sample of points, and the memory of sweeps of more and more points.  Every replication
that Mesa tells must have the outcomes that the sweep's engine gives it.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

from bench import naive
from bench.rates import SEED, has_mesa, machine, seconds
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


def bare_rate(count: int) -> float:
    """Return the replications a second of the batch engine without a study, on all cores."""
    work = many.Work(plan().scenario, SEED, "batch", ALL, _length)
    run = partial(many.reduced, work, 0, count, workers=many.cores())
    return count / seconds(lambda: sum(run()))


def sweep_s(folder: Path, each: int) -> float:
    """Return the seconds that the whole sweep takes into a fresh folder, on all cores."""
    return seconds(lambda: sweep(plan(), folder, goal=Goal(each)))


def mesa_rate(numbers: range) -> float:
    """Return the replications a second of Mesa's batch_run on one core; end if they come out otherwise than ours."""
    for point in SAMPLE:
        prepared_at(point)
    rows: list[dict[str, Any]] = []
    took_s = seconds(lambda: rows.extend(told_by_mesa(SAMPLE, numbers)))
    for row in rows:
        right = outcomes_of(replicate(prepared_at(row["point"]), Uniforms(SEED), row["number"]))
        if row["outcomes"] != right:
            raise SystemExit(f"Mesa: point {row['point']}, replication {row['number']} has other outcomes")
    return len(rows) / took_s


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
    bare_count = cores * 2 * many.CHUNK
    yield f"{STUDY}: {points} points, {each:,} replications each, {cores} cores\n"
    before = bare_rate(bare_count)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "run"
        took_s = sweep_s(folder, each)
        size_mb = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 2**20
    bare, rate = max(before, bare_rate(bare_count)), points * each / took_s
    yield f"{'sweep, storage included':42}{took_s:12.1f} s{rate:14,.0f} a second"
    yield f"{'batch engine without a study':42}{'':14}{bare:14,.0f} a second"
    yield f"{'the one over the other':42}{'':14}{bare / rate:14.2f} times"
    yield f"{'folder':42}{size_mb:12.1f} MB{1024 * size_mb / points:14.1f} KB a point"
    if has_mesa():
        mesa = mesa_rate(range(mesa_each)) * cores
        yield f"\n{'naive model by Mesa’s batch_run':42}{'':14}{mesa:14.3g} a second on {cores} cores"
        yield f"{'the whole study would take':42}{points * each / mesa / 86_400:12.1f} days"
        yield f"{'sweep over Mesa':42}{'':14}{rate / mesa:14,.0f} times"
        told = f"{len(SAMPLE)} points x {mesa_each} replications"
        yield f"Mesa told {told}, on one core, and came to the same outcomes; {cores} cores count {cores}-fold."
    else:
        yield "\nMesa: not installed; pip install -e '.[bench]'"
    yield f"\nmost memory of a sweep with {FEW} replications a point, one worker"
    yield from (f"{number:8,} points{peak_mb(number):10.0f} MB" for number in sizes)


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
