"""`intercept page report`: a run or a sweep written up as one document."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.commands.options import (
    Engine,
    JobsOption,
    SetOption,
    ShownReplicationOption,
    ShownSeedOption,
    answers_errors,
    telling,
)
from sim.commands.sources import Source
from sim.errors import InputError, Problem

if TYPE_CHECKING:
    from plots.pages.report import Drawn


@answers_errors
def report(
    name: Annotated[
        str,
        typer.Argument(metavar="RUN|SWEEP", help="A run folder, a sweep folder, or a scenario file or name."),
    ],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="The .html file to write.")],
    seed: ShownSeedOption = None,
    replication: ShownReplicationOption = None,
    overrides: SetOption = None,
    count: Annotated[
        int,
        typer.Option(
            "-n",
            "--replications",
            min=1,
            max=10**8,
            help="Replications for shares and intervals; 1 for none.",
        ),
    ] = 1000,
    outcome: Annotated[
        str | None, typer.Option("--outcome", metavar="NAME", help="The outcome of which a sweep is told.")
    ] = None,
    jobs: JobsOption = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file of -o.")] = False,
) -> None:
    """Write a run or a sweep up as one document.

    Question, sources, results with intervals, figures, how to repeat it, and limits.
    """
    from plots.pages import frame

    frame.check_free(output, force=force)
    source = Source(name, overrides or [], seed, replication, Engine.batch, jobs)
    source.wants("a report", "run", "scenario", "sweep")
    if source.kind == "sweep":
        text = _of_sweep(source, count, outcome)
    elif outcome is not None:
        problem = "is for a sweep; a run is told with all outcomes"
        raise InputError([Problem("--outcome", None, "", problem)])
    else:
        text = _of_run(source, count)
    frame.write(text, output)
    print(f"wrote {output}", file=sys.stderr)


def _of_sweep(source: Source, count: int, outcome: str | None) -> str:
    from plots.pages.report_sweep import sweep_document
    from plots.pages.swept import read_sweep

    swept = read_sweep(source.folder)
    figures = [*_figures(source, SWEEP_FIGURES, count, outcome)]
    with telling(quiet=False) as tell:
        return sweep_document(swept, figures, outcome, count=count, workers=source.jobs, tell=tell)


def _of_run(source: Source, count: int) -> str:
    from plots.pages.report_run import run_report

    document, _ = source.read
    figures = [*_figures(source, RUN_FIGURES, count, None)]
    table = source.table(count) if count > 1 else None
    with telling(quiet=False) as tell:
        return run_report(
            source.recorded,
            document,
            shlex.join(["intercept", "run", *_again(source)]),
            figures,
            table=table,
            workers=source.jobs,
            tell=tell,
        )


RUN_FIGURES = {
    "board": "Where the flight was, who held which decision, and how far it climbed.",
    "race": "When the acts of each stay came, over many replications, against the end of the stay.",
    "map": "The tracks of the region, and the encounter close up with a tick a minute.",
    "approach": "How near the fighters came.",
    "convergence": "How a share and its interval settle as replications are added.",
}
"""In the order of their importance: those that come last may find no room."""

SWEEP_FIGURES = {
    "delays": "The share over two quantities; each cell is a point of the design.",
    "sensitivity": "Which of the varied quantities move what, the largest on top.",
}


def _figures(source: Source, names: dict[str, str], count: int, outcome: str | None) -> Iterator[Drawn]:
    """Yield the figures of a report; those for which there is no data raise InputError when they are drawn."""
    from functools import partial

    from plots.pages.report import Drawn
    from sim.commands.drawing import FIGURES, TAKES, Asked

    outcomes = () if outcome is None else (outcome,)
    for name, caption in names.items():
        many = name in TAKES["-n"]
        if many and count == 1 and name != "board":
            continue
        asked = Asked(count=(count if count > 1 else 0) if many else None, outcomes=outcomes)
        told = ["intercept", "plot", name, *(_drawn_from(source)), *(["-n", str(count)] if many else [])]
        if name == "sensitivity":
            asked = Asked()  # it shows what moves most, and knows not every outcome that has a share
        yield Drawn(
            name, caption, partial(FIGURES[name], source, asked), shlex.join([*told, "-o", f"{name}.svg"])
        )


def _drawn_from(source: Source) -> list[str]:
    return [source.name] if source.kind != "scenario" else _again(source)


def _again(source: Source) -> list[str]:
    """Return what names the replication: the scenario, its overrides, seed and number."""
    name = f"{source.name}/scenario.toml" if source.kind == "run" else source.name
    made = source.recorded.manifest
    words = [name, "--seed", str(made["seed"]), "-r", str(made["replication"])]
    return words + [word for text in source.overrides for word in ("--set", text)]
