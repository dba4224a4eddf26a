"""What the commands share: options, reading a scenario or a run, progress, and errors turned into exit codes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ParamSpec, TypeVar

import typer

from sim.commands.printing import output_told
from sim.errors import InputError, InterceptError, Problem

if TYPE_CHECKING:
    from sim.document import Document
    from sim.many import Tell
    from sim.scenario import Scenario
    from sim.store import Recorded

P = ParamSpec("P")
T = TypeVar("T")

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it: 128 and the signal's number."""

ScenarioArgument = Annotated[
    str,
    typer.Argument(metavar="SCENARIO", help="A scenario file, or a bundled scenario by name (see `list`)."),
]
RunArgument = Annotated[
    str, typer.Argument(metavar="RUN", help="A run folder, or a scenario file or name, which is then run.")
]
SeedOption = Annotated[int, typer.Option("--seed", min=0, max=2**63 - 1, help="Seed of the random numbers.")]
ReplicationOption = Annotated[
    int,
    typer.Option("--replication", "-r", min=0, max=2**40, help="Number of the replication under the seed."),
]
ShownSeedOption = Annotated[
    int | None,
    typer.Option("--seed", min=0, max=2**63 - 1, help="Seed of the random numbers.  [default: 1]"),
]
ShownReplicationOption = Annotated[
    int | None,
    typer.Option(
        "--replication",
        "-r",
        min=0,
        max=2**40,
        help="Number of the replication under the seed.  [default: the scenario's example, or 0]",
    ),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="PATH=VALUE", help="Override a value, as command.stages.scramble.delay_s=30."
    ),
]
CountOption = Annotated[
    int | None,
    typer.Option(
        "-n", "--replications", min=1, max=10**8, help="Run so many replications and print their spread."
    ),
]


class Engine(StrEnum):
    """What runs many replications: arrays of them at once, or one after the other as in a single run."""

    batch = "batch"
    processes = "processes"


EngineOption = Annotated[
    Engine,
    typer.Option(
        "--engine", help="What runs many replications; the outcomes are the same, processes are slow."
    ),
]
JobsOption = Annotated[
    int | None,
    typer.Option(
        "-j",
        "--jobs",
        min=1,
        max=1024,
        help="Processor cores for many replications.  [default: all that are worth it]",
    ),
]


def answers_errors(command: Callable[P, T]) -> Callable[P, T]:
    """Turn the project's errors and Ctrl-C into a message on stderr and an exit code."""

    @wraps(command)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            with output_told():
                return command(*args, **kwargs)
        except InterceptError as error:
            print(error, file=sys.stderr)
            raise typer.Exit(error.exit_code) from None
        except KeyboardInterrupt:
            print("interrupted; nothing was written", file=sys.stderr)
            raise typer.Exit(INTERRUPTED) from None

    return guarded


def read_scenario(name: str, overrides: list[str] | None) -> tuple[Document, Scenario]:
    """Return a scenario as it was written and as it was understood. Raises InputError if it is wrong."""
    from sim.scenario import read

    scenario, document = read(name, overrides or ())
    return document, scenario


def record(scenario: Scenario, document: Document, seed: int | None, number: int | None) -> Recorded:
    """Run one replication by the processes, and return what there is to keep of it.

    Where neither seed nor number is given it is the scenario's example; else what is missing is seed 1, number 0.
    """
    from sim import store
    from sim.draws import Uniforms
    from sim.run import prepare, replicate
    from sim.scenario import shown

    seed, number = shown(scenario, seed, number)
    return store.record(replicate(prepare(scenario), Uniforms(seed), number), document)


def is_sweep(name: str) -> bool:
    """Return whether there is the folder of a sweep; at an address nothing else can be."""
    return "://" in name or (Path(name) / "points.csv").is_file()


def recorded_of(source: str, seed: int | None, number: int | None, overrides: list[str] | None) -> Recorded:
    """Return the replication of a run folder, or that of a scenario.

    Raises InputError if there is none, or if an option would change a run that is finished.
    """
    if is_sweep(source):
        problem = (
            f"is the folder of a sweep; run a point of it first: intercept run {source} --point 0 -o DIR"
        )
        raise InputError([Problem(source, None, "", problem)])
    if Path(source).is_dir():
        return recorded_in(Path(source), seed, number, overrides)
    document, scenario = read_scenario(source, overrides)
    return record(scenario, document, seed, number)


def recorded_in(
    folder: Path, seed: int | None = None, number: int | None = None, overrides: list[str] | None = None
) -> Recorded:
    """Read the replication of a run folder, of which nothing can be changed any more."""
    from sim import store

    given = {"--seed": seed is not None, "--replication": number is not None, "--set": bool(overrides)}
    problem = "changes what is simulated, but RUN is a folder of a finished run"
    problems = [Problem(option, None, "", problem) for option, is_given in given.items() if is_given]
    if problems:
        raise InputError(problems)
    return store.read(folder)


@contextmanager
def telling(*, quiet: bool, what: str = "replications") -> Iterator[Tell | None]:
    """Give what tells of progress, and leave a clean line if the work is broken off."""
    from sim.terminal import Progress

    progress = Progress(what)
    try:
        yield None if quiet else progress
    except BaseException:
        progress.clear()
        raise
