"""`intercept plot`: the one file that knows the package of figures."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.commands.options import (
    Engine,
    EngineOption,
    JobsOption,
    ReplicationOption,
    RunArgument,
    SeedOption,
    SetOption,
    answers_errors,
    read_scenario,
    record,
    recorded_in,
    telling,
)

if TYPE_CHECKING:
    from sim.store import Recorded


class Figure(StrEnum):
    """The figures that `plot` draws."""

    board = "board"
    map = "map"


@answers_errors
def plot(
    figure: Annotated[Figure, typer.Argument(help="Which figure.")],
    source: RunArgument,
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="A .png, .svg or .pdf file.")
    ],
    seed: SeedOption = 1,
    replication: ReplicationOption = 0,
    overrides: SetOption = None,
    spread_of: Annotated[
        int,
        typer.Option("--spread", min=0, max=10**8, help="Draw whiskers from so many replications (board)."),
    ] = 0,
    engine: EngineOption = Engine.batch,
    jobs: JobsOption = None,
) -> None:
    """Draw a run: the encounter board, or the track map."""
    from plots.style import check_format, save

    check_format(output)
    folder = Path(source)
    if folder.is_dir():
        recorded = recorded_in(folder, overrides)
    else:
        document, scenario = read_scenario(source, overrides)
        recorded = record(scenario, document, seed, replication)
    save(_draw(figure, recorded, spread_of, engine, jobs), output)
    print(f"wrote {output}", file=sys.stderr)


def _draw(figure: Figure, recorded: Recorded, spread_of: int, engine: Engine, jobs: int | None) -> Any:
    if figure is Figure.map:
        from plots.map import track_map

        return track_map(recorded)
    from plots.board import board

    if not spread_of:
        return board(recorded)
    from plots.encounter import encounter
    from sim import spread

    flight, seed = encounter(recorded).flight, recorded.manifest["seed"]
    with telling(quiet=False) as tell:
        whiskers = spread.rung_steps(
            recorded.scenario, flight, seed, spread_of, tell, engine=engine.value, workers=jobs
        )
    return board(recorded, spread=whiskers, spread_of=spread_of)
