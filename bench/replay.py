"""Time the process engine: one command, all figures from one run, as medians and ratios.

    python -m bench.replay [--rounds 5]

Three things are timed in interleaved rounds: a replication of July 2019 with its log by processes that sleep, the same
replication by processes that wake at every step, and the whole command `intercept run july-2019`, start-up included.
"""

from __future__ import annotations

import argparse
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
REPLICATIONS = 20


def seconds(work: Callable[[], object]) -> float:
    """Return the wall time of a piece of work."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def sleeping(prepared: Prepared, uniforms: Uniforms, first: int) -> float:
    """Return the seconds of one replication by processes that sleep, over a run of them."""
    numbers = range(first, first + REPLICATIONS)
    return seconds(lambda: [replicate(prepared, uniforms, number) for number in numbers]) / REPLICATIONS


def ticking(prepared: Prepared, uniforms: Uniforms, number: int) -> float:
    """Return the seconds of one replication by processes that wake at every step; its log must be the same."""
    logs = []
    took = seconds(lambda: logs.append(replicate(prepared, uniforms, number, ticking=True).log))
    if logs[0] != replicate(prepared, uniforms, number).log:
        raise SystemExit(f"replication {number}: the ticking processes tell another story")
    return took


def command() -> float:
    """Return the seconds of the command from its start to its end."""
    words = [sys.executable, "-m", "sim", "run", "july-2019"]
    return seconds(lambda: subprocess.run(words, check=True, capture_output=True))


def main() -> None:
    """Print the medians and their ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    prepared, uniforms = prepare(read("july-2019")[0]), Uniforms(SEED)
    replicate(prepared, uniforms, 0)  # makes the tables
    slept, ticked, ran = [], [], []
    for number in range(rounds):
        slept.append(sleeping(prepared, uniforms, number * REPLICATIONS))
        ticked.append(ticking(prepared, uniforms, number))
        ran.append(command())
    print(f"{platform.machine()}, Python {platform.python_version()}, medians of {rounds} interleaved rounds")
    print(f"replication with its log, processes that sleep      {1e3 * median(slept):9.1f} ms")
    print(f"the same, processes that wake at every step         {1e3 * median(ticked):9.1f} ms")
    print(f"ratio                                               {median(ticked) / median(slept):9.1f}")
    print(f"intercept run july-2019, start-up included          {median(ran):9.2f} s")


if __name__ == "__main__":
    main()
