"""`intercept plot`: one figure, or all that a run has data for."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.commands.options import (
    Engine,
    EngineOption,
    JobsOption,
    SetOption,
    ShownSeedOption,
    answers_errors,
)
from sim.commands.points import PointOption
from sim.errors import InputError, Problem

if TYPE_CHECKING:
    from sim.commands.drawing import Asked
    from sim.commands.sources import Source


class Figure(StrEnum):
    """The figures that `plot` draws."""

    board = "board"
    race = "race"
    map = "map"
    delays = "delays"
    counterfactuals = "counterfactuals"
    approach = "approach"
    sensitivity = "sensitivity"
    convergence = "convergence"
    all = "all"


class Format(StrEnum):
    """The formats of a figure's file."""

    png = "png"
    svg = "svg"
    pdf = "pdf"


@answers_errors
def plot(
    figure: Annotated[Figure, typer.Argument(help="Which figure, or all.")],
    source: Annotated[
        str,
        typer.Argument(metavar="RUN", help="A run folder, a sweep folder, or a scenario file or name."),
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="A .png, .svg or .pdf file; a folder for all.")
    ],
    point: PointOption = None,
    seed: ShownSeedOption = None,
    replication: Annotated[
        int | None,
        typer.Option(
            "--replication", "-r", min=0, max=2**40,
            help="Replication of board, map and approach.  [default: the scenario's example, or 0]",
        ),
    ] = None,
    overrides: SetOption = None,
    count: Annotated[
        int | None,
        typer.Option(
            "-n", "--replications", min=0, max=10**8,
            help="Replications of race, counterfactuals, convergence, and the board's whiskers (0: none).  "
            "[default: 1000, 1000, 2000, 500]",
        ),
    ] = None,
    flight: Annotated[
        str | None,
        typer.Option("--flight", metavar="NAME", help="The flight of board, map, race or approach."),
    ] = None,
    outcomes: Annotated[
        list[str] | None,
        typer.Option("--outcome", metavar="NAME",
                     help="The outcome of delays or convergence; up to three of sensitivity."),
    ] = None,
    width: Annotated[
        float | None,
        typer.Option("--width", min=1e-6, max=0.5, help="Half-width wanted in convergence.  [default: 0.02]"),
    ] = None,
    marks: Annotated[
        list[str] | None,
        typer.Option("--mark", metavar='"LABEL: X,Y"', help="A named point in delays, in the axes' units."),
    ] = None,
    variants: Annotated[
        list[str] | None,
        typer.Option("--variant", metavar='"LABEL: PATH=VALUE"', help="One change, in counterfactuals."),
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="Format of the files of all.")] = Format.png,
    engine: EngineOption = Engine.batch,
    jobs: JobsOption = None,
) -> None:  # fmt: skip
    """Draw one of eight figures, or all.

    Of a run, a scenario or a sweep; `all` draws whatever there is data for.
    """
    from sim.commands.drawing import FIGURES, Asked, check
    from sim.commands.sources import Source

    given = {
        "-n": count, "--flight": flight, "--outcome": outcomes, "--width": width, "--mark": marks,
        "--variant": variants,
    }  # fmt: skip
    check(figure.value, [option for option, value in given.items() if value is not None])
    asked = Asked(count, flight, tuple(outcomes or ()), width, tuple(marks or ()), tuple(variants or ()))
    run = Source(source, overrides or [], seed, replication, engine, jobs, point)
    if figure is Figure.all:
        _draw_all(run, asked, output, form)
        return
    from plots.style import check_format, save
    from sim.outputs import check_place

    check_format(output)
    check_place(output)  # before anything is simulated
    save(FIGURES[figure.value](run, asked), output)
    print(f"wrote {output}", file=sys.stderr)


def _draw_all(run: Source, asked: Asked, folder: Path, form: Format) -> None:
    """Draw every figure into a folder, and say which were left out and why. Raises InputError if all were."""
    from plots.style import save
    from sim.commands.drawing import FIGURES

    # What is wrong with RUN itself is said once, and no figure blamed for it.
    if run.kind in ("scenario", "run"):
        _ = run.read
    if folder.exists() and not folder.is_dir():
        raise InputError([Problem(str(folder), None, "", "is a file; all figures want a folder")])
    left_out: dict[str, list[Problem]] = {}
    for name, draw in FIGURES.items():
        try:
            figure = draw(run, asked)
        except InputError as error:
            left_out[name] = error.problems
            continue
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError([Problem(str(folder), None, "", f"cannot be made: {error.strerror}")]) from error
        path = folder / f"{name}.{form.value}"
        save(figure, path)
        print(f"wrote {path}", file=sys.stderr)
    if len(left_out) == len(FIGURES):
        raise InputError([problem for problems in left_out.values() for problem in problems])
    for name, problems in left_out.items():
        print(f"left out {name}: {'; '.join(str(problem) for problem in problems)}", file=sys.stderr)
