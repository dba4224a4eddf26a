"""Time all engines and their peers on July 2019: one command, all figures from one run, as medians and ratios.

    python -m bench.rates [--quick] [--rounds 3]

Each is timed from the draws to the outcomes, in interleaved rounds, and every replication that a peer tells must have
the outcomes that the processes give it.  Then follow the parts of which the batch engine's time is made, and the
floor: to draw the numbers and no more, and to copy once what is drawn and what is told.
"""

from __future__ import annotations

import argparse
import importlib.util
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from multiprocessing import get_context
from statistics import median
from typing import Any

from bench import naive, ticking_simpy
from sim import many, outcomes
from sim.arrays.columns import Columns
from sim.arrays.tracks import Departed
from sim.batch import compose
from sim.catalogue import ALL
from sim.draws import Uniforms
from sim.happenings import Batch
from sim.measures import outcomes as outcomes_of
from sim.run import Prepared, Replication, prepare, replicate
from sim.scenario import Scenario, read

SEED = 1
SLEPT = 20
"""Replications by processes that sleep in one round."""
ENOUGH_S = 8.0
"""How long the batch engine is to run in one round."""
BAR = "naive, SimPy"

PEERS: Mapping[str, str] = {"naive, Mesa": "mesa", "naive, salabim": "salabim"}
"""Ways that are timed where their package is installed."""

METERED: Mapping[str, tuple[Any, tuple[str, ...]]] = {
    "draws": (Columns, ("steps", "multiples", "below")),
    "turned flights": (Departed, ("variants", "table")),
}
"""Parts of the batch engine's time, and the methods in which it is spent; the rest is logic."""


def seconds(work: Callable[[], object]) -> float:
    """Return the wall time of a piece of work."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def processor_s(work: Callable[[], object]) -> float:
    """Return the processor time of a piece of work: what else the machine does counts for little."""
    began = time.process_time()
    work()
    return time.process_time() - began


def machine() -> str:
    """Return the machine and the versions that the figures hold for."""
    packages = ["numpy", "simpy", *(package for package in PEERS.values() if has(package))]
    named = ", ".join(f"{name} {version(name)}" for name in packages)
    cores = many.cores()
    return f"{platform.system()} {platform.machine()}, {cores} cores, Python {platform.python_version()}, {named}"


def has(package: str) -> bool:
    """Return whether an optional peer is installed."""
    return importlib.util.find_spec(package) is not None


@dataclass
class Way:
    """One way to replications: `run(first)` tells `count` of them, from number `first` on, to their outcomes."""

    name: str
    count: int
    run: Callable[[int], list[dict[str, Any]]]
    took_s: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Replications a second, by the median round."""
        return self.count / median(self.took_s)


def one_by_one(tell: Callable[[int], Replication], count: int) -> Callable[[int], list[dict[str, Any]]]:
    """Return a way's `run` that tells replications one after the other."""
    return lambda first: [outcomes_of(tell(number)) for number in range(first, first + count)]


def unframed(prepared: Prepared, uniforms: Uniforms, number: int) -> Replication:
    """Run one replication of the naive model in a plain loop."""
    model = naive.Model(prepared, uniforms, number)
    for now in range(prepared.clock.last + 1):
        for agent in model.agents:
            model.tick(now, agent)
    return model.replication()


def by_batch(scenario: Scenario, count: int, workers: int) -> Callable[[int], list[dict[str, Any]]]:
    """Return a way's `run` by the batch engine; it gives the first few outcomes back, to be compared."""
    work = many.Work(scenario, SEED, "batch", ALL, _first_rows)

    def run(first: int) -> list[dict[str, Any]]:
        return next(iter(list(many.reduced(work, first, count, workers=workers))))

    return run


def _first_rows(table: outcomes.Outcomes) -> list[dict[str, Any]]:
    return [table.row(place) for place in range(min(3, len(table)))]


def ways(scenario: Scenario, prepared: Prepared, uniforms: Uniforms) -> list[Way]:
    """Return all ways that are timed, the fastest first."""
    chunk_s = seconds(lambda: by_batch(scenario, many.CHUNK, 1)(0))
    chunk_s = min(chunk_s, seconds(lambda: by_batch(scenario, many.CHUNK, 1)(many.CHUNK)))
    chunks = max(1, min(64, round(ENOUGH_S / chunk_s)))
    cores = many.cores()
    found = [
        Way(
            f"batch, {n} worker{'s'[: n > 1]}",
            n * chunks * many.CHUNK,
            by_batch(scenario, n * chunks * many.CHUNK, n),
        )
        for n in sorted({cores, 1}, reverse=True)
    ]

    def ticking(number: int) -> Replication:
        return replicate(prepared, uniforms, number, ticking=True)

    found += [
        Way("processes that sleep", SLEPT, one_by_one(lambda k: replicate(prepared, uniforms, k), SLEPT)),
        Way("processes that wake at every step", 1, one_by_one(ticking, 1)),
        Way("naive, a plain loop", 1, one_by_one(lambda k: unframed(prepared, uniforms, k), 1)),
    ]
    if has("mesa"):
        from bench import ticking_mesa

        mesa = one_by_one(lambda k: ticking_mesa.replicate(prepared, uniforms, k), 1)
        found.append(Way("naive, Mesa", 1, mesa))
    found.append(Way(BAR, 1, one_by_one(lambda k: ticking_simpy.replicate(prepared, uniforms, k), 1)))
    if has("salabim"):
        from bench import ticking_salabim

        salabim = one_by_one(lambda k: ticking_salabim.replicate(prepared, uniforms, k), 1)
        found.append(Way("naive, salabim", 1, salabim))
    return found


def run_round(way: Way, number: int, expected: Callable[[int], dict[str, Any]]) -> None:
    """Time one round of a way, and see that its outcomes are those of the processes."""
    first = number * way.count
    told: list[list[dict[str, Any]]] = []
    way.took_s.append(seconds(lambda: told.append(way.run(first))))
    for place, row in enumerate(told[0][:3]):
        if row != expected(first + place):
            raise SystemExit(
                f"{way.name}: replication {first + place} has other outcomes than by the processes"
            )


def print_rates(found: list[Way], rounds: int) -> None:
    """Print the table of rates and ratios."""
    bar = next(way.rate for way in found if way.name == BAR)
    print(f"July 2019, from the draws to the outcomes, medians of {rounds} interleaved rounds\n")
    print(f"{'':35}{'a round':>9}{'a second':>13}{'× ' + BAR:>20}")
    for way in found:
        print(f"{way.name:35}{way.count:9,}{_significant(way.rate):>13}{_significant(way.rate / bar):>20}")
    for name, package in PEERS.items():
        if not has(package):
            print(f"{name}: not installed; pip install -e '.[bench]'")
    slept = next(way.rate for way in found if way.name == "processes that sleep")
    print(f"\n{found[0].name}: {found[0].rate / slept:,.0f} times the processes that sleep")
    print("Outcomes were the same as by the processes wherever they were compared: up to three a round.")


def _significant(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


# ---- where the batch engine's time goes


@dataclass
class Meter:
    """Time spent inside some functions, the outermost only, and the columns that were drawn meanwhile."""

    spent_s: dict[str, float] = field(default_factory=dict)
    drawn: list[tuple[str, str, int]] = field(default_factory=list)
    inside: bool = False

    def wrapped(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function that does the same and is timed."""

        def timed(*args: Any, **kwargs: Any) -> Any:
            if self.inside:
                return function(*args, **kwargs)
            self.inside, began = True, time.process_time()
            try:
                return function(*args, **kwargs)
            finally:
                self.inside = False
                self.spent_s[part] = self.spent_s.get(part, 0.0) + time.process_time() - began

        return timed

    def noting(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return `Uniforms.raw_column` that notes which columns are drawn."""

        def noted(uniforms: Uniforms, entity: str, decision: str, occurrence: int, *rest: int) -> Any:
            self.drawn.append((entity, decision, occurrence))
            return function(uniforms, entity, decision, occurrence, *rest)

        return noted


@contextmanager
def metered() -> Iterator[Meter]:
    """Time the draws and the tables of turned flights while the batch engine runs."""
    meter = Meter()
    parts = [(part, owner, name) for part, (owner, names) in METERED.items() for name in names]
    kept: list[tuple[Any, str, Any]] = [(owner, name, getattr(owner, name)) for _, owner, name in parts]
    kept.append((Uniforms, "raw_column", Uniforms.raw_column))
    for part, owner, name in parts:
        setattr(owner, name, meter.wrapped(part, getattr(owner, name)))
    Uniforms.raw_column = meter.noting(Uniforms.raw_column)  # type: ignore[method-assign]
    try:
        yield meter
    finally:
        for owner, name, function in kept:
            setattr(owner, name, function)


@dataclass(frozen=True)
class Chunk:
    """What one chunk cost: processor time by part, then the two floors; and what was drawn and told in it."""

    spent_s: dict[str, float]
    floors_s: dict[str, float]
    columns: int
    moved_bytes: int
    handed_over: int

    @property
    def all_s(self) -> float:
        """The processor time of all parts."""
        return sum(self.spent_s.values())


def one_chunk(prepared: Prepared, first: int) -> Chunk:
    """Tell one chunk, and then do no more than its floors ask."""
    uniforms = Uniforms(SEED)
    batches: list[Batch] = []
    tables: list[outcomes.Outcomes] = []
    with metered() as meter:
        composed = processor_s(lambda: batches.append(compose(prepared, uniforms, first, many.CHUNK)))
    told = processor_s(lambda: tables.append(outcomes.of(batches[0])))
    spent = {part: meter.spent_s.get(part, 0.0) for part in METERED}
    spent |= {"logic": composed - sum(spent.values()), "outcomes": told}
    raw: list[Any] = []
    drawing = processor_s(
        lambda: raw.extend(uniforms.raw_column(*key, first, many.CHUNK) for key in meter.drawn)
    )
    moved = [*raw, *tables[0].values.values(), *tables[0].valid.values()]
    moved += [column for event in batches[0].happenings for column in (event.step, *event.varying.values())]
    copying = processor_s(lambda: [column.copy() for column in moved])
    floors = {"the random numbers, and no more": drawing, "copying once what is drawn and told": copying}
    size = sum(column.nbytes for column in moved)
    return Chunk(spent, floors, len(meter.drawn), size, int(batches[0].handed_over.sum()))


def print_parts(scenario: Scenario, rounds: int) -> None:
    """Print where the batch engine's time goes, a replication, on one core."""
    prepared = prepare(scenario)
    outcomes.of(compose(prepared, Uniforms(SEED), 0, many.CHUNK))  # makes the tables
    chunks = [one_chunk(prepared, (number + 1) * many.CHUNK) for number in range(rounds)]
    all_s = median(chunk.all_s for chunk in chunks)
    print(f"\nThe batch engine's processor time a replication, in chunks of {many.CHUNK:,}\n")
    for part in chunks[0].spent_s:
        took_s = median(chunk.spent_s[part] for chunk in chunks)
        print(f"{part:45}{1e6 * took_s / many.CHUNK:9.2f} µs{100 * took_s / all_s:7.0f} %")
    print(f"{'all':45}{1e6 * all_s / many.CHUNK:9.2f} µs")
    for floor in chunks[0].floors_s:
        took_s = median(chunk.floors_s[floor] for chunk in chunks)
        print(f"{'floor: ' + floor:45}{1e6 * took_s / many.CHUNK:9.2f} µs")
    last = chunks[-1]
    size = last.moved_bytes / many.CHUNK
    print(f"\n{last.columns:,} columns of random numbers; {size:,.0f} bytes drawn and told a replication")
    handed_over, told = sum(chunk.handed_over for chunk in chunks), rounds * many.CHUNK
    print(f"handed over to the processes: {handed_over} of {told:,} replications")
    with get_context("spawn").Pool(1) as fresh:
        first_s = fresh.apply(first_chunk_s)
    print(f"the first chunk in a new process takes {first_s - all_s:.2f} s more, for tables")


def first_chunk_s() -> float:
    """Return the processor time of the first chunk that this process tells."""
    prepared = prepare(read("july-2019")[0])
    return processor_s(lambda: outcomes.of(compose(prepared, Uniforms(SEED), 0, many.CHUNK)))


def print_command() -> None:
    """Print how long the command takes from its start to its end."""
    count = "100000"
    words = [sys.executable, "-m", "sim", "run", "july-2019", "-n", count]
    took_s = seconds(lambda: subprocess.run(words, check=True, capture_output=True))
    one_s = seconds(lambda: subprocess.run([*words[:-1], "2"], check=True, capture_output=True))
    print(f"intercept run july-2019 -n {count}: {took_s:.2f} s, start-up included; with -n 2: {one_s:.2f} s")


def main() -> None:
    """Print the rates, then the parts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="one round, and the slowest left out")
    asked = parser.parse_args()
    rounds = 1 if asked.quick else asked.rounds
    scenario = read("july-2019")[0]
    prepared, uniforms = prepare(scenario), Uniforms(SEED)
    found = ways(scenario, prepared, uniforms)
    if asked.quick:
        found = [way for way in found if way.name != "processes that wake at every step"]
    outcomes_of(replicate(prepared, uniforms, 0))  # makes the tables
    print(machine())
    for number in range(rounds):
        for way in found:
            run_round(way, number, lambda k: outcomes_of(replicate(prepared, uniforms, k)))
    print_rates(found, rounds)
    print_parts(scenario, rounds)
    print_command()


if __name__ == "__main__":
    main()
