"""Time the process engine: one command, all figures from one run, each the least of several rounds, and their ratio.

    python -m bench.replay [--rounds 5]

Three things are timed in interleaved rounds: a replication of July 2019 with its log by processes that sleep, the same
replication by processes that wake at every step, and the whole command `intercept run july-2019`, start-up included.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from statistics import median

from sim.draws import Uniforms
from sim.run import Prepared, prepare, replicate
from sim.scenario import read

SEED = 1
REPLICATIONS = 100
"""As many as it takes for about as many turned flights among them as among all."""
TICKING = 2
"""A replication in which nobody turns away, as in most."""


def seconds(work: Callable[[], object]) -> float:
    """Return the processor time of a piece of work: the wall clock tells of whoever shares the machine as well."""
    began = time.process_time()
    work()
    return time.process_time() - began


def sleeping(prepared: Prepared, uniforms: Uniforms) -> list[float]:
    """Return the seconds of each of the first replications by processes that sleep."""
    return [seconds(lambda n=number: replicate(prepared, uniforms, n)) for number in range(REPLICATIONS)]


def turns(prepared: Prepared, uniforms: Uniforms, number: int) -> bool:
    """Return whether a flight turns away in a replication: its new way wants new tables."""
    return bool(replicate(prepared, uniforms, number).log.of_kind("turns"))


def ticking(prepared: Prepared, uniforms: Uniforms) -> float:
    """Return the seconds of one replication by processes that wake at every step; its log must be the same."""
    logs = []
    took = seconds(lambda: logs.append(replicate(prepared, uniforms, TICKING, ticking=True).log))
    if logs[0] != replicate(prepared, uniforms, TICKING).log:
        raise SystemExit(f"replication {TICKING}: the ticking processes tell another story")
    return took


def command() -> tuple[float, float]:
    """Return the seconds of the command from its start to its end: by the wall clock, and of the processor."""
    words = [sys.executable, "-m", "sim", "run", "july-2019"]
    began, before = time.perf_counter(), os.times()
    subprocess.run(words, check=True, capture_output=True)
    after = os.times()
    worked = after.children_user - before.children_user + after.children_system - before.children_system
    return time.perf_counter() - began, worked


def main() -> None:
    """Print the figures and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    prepared, uniforms = prepare(read("july-2019")[0]), Uniforms(SEED)
    replicate(prepared, uniforms, 0)  # makes the tables
    slept, ticked, ran = [], [], []
    for _ in range(rounds):
        slept.append(sleeping(prepared, uniforms))
        ticked.append(ticking(prepared, uniforms))
        ran.append(command())
    least = [min(times) for times in zip(*slept, strict=True)]
    turned = [took for number, took in enumerate(least) if turns(prepared, uniforms, number)]
    print(f"{platform.machine()}, Python {platform.python_version()}, least of {rounds} interleaved rounds")
    print(f"replication with its log, median of {REPLICATIONS:<4}            {1e3 * median(least):9.1f} ms")
    print(f"those {len(turned)} of them in which a flight turns away      {1e3 * median(turned):9.1f} ms")
    print(f"replication {TICKING}, processes that sleep                {1e3 * least[TICKING]:9.1f} ms")
    print(f"the same, processes that wake at every step         {1e3 * min(ticked):9.1f} ms")
    print(f"ratio                                               {min(ticked) / least[TICKING]:9.1f}")
    clock, worked = (min(times) for times in zip(*ran, strict=True))
    print(f"intercept run july-2019, start-up included          {worked:9.2f} s of the processor")
    print(f"the same by the wall clock                          {clock:9.2f} s")


if __name__ == "__main__":
    main()
