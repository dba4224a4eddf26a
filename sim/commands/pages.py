"""`intercept page`: offline pages, each one file that a browser opens by double click."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.commands.options import (
    RunArgument,
    SetOption,
    ShownReplicationOption,
    ShownSeedOption,
    answers_errors,
    recorded_of,
)
from sim.commands.reports import report

if TYPE_CHECKING:
    from sim.store import Recorded

app = typer.Typer(
    help="Write a page: one file for a browser, without a network.",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

PageOption = Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="The .html file to write.")]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace the file of -o.")]


@app.command()
@answers_errors
def replay(
    source: RunArgument,
    output: PageOption,
    seed: ShownSeedOption = None,
    replication: ShownReplicationOption = None,
    overrides: SetOption = None,
    force: ForceOption = False,
) -> None:
    """Write the replay of a run: map, clock, ladder, and events as the clock passes them."""
    from plots.pages import frame

    frame.check_free(output, force=force)
    recorded = recorded_of(source, seed, replication, overrides)
    from plots.pages.replay import replay as replay_page

    again = _again("replay", source, recorded, overrides or [])
    text = replay_page(recorded, again=again, say=lambda what: print(what, file=sys.stderr))
    frame.write(text, output)
    print(f"wrote {output}", file=sys.stderr)


@app.command()
@answers_errors
def explorer(
    folder: Annotated[str, typer.Argument(metavar="SWEEP", help="The folder of a sweep over a grid.")],
    output: PageOption,
    outcomes: Annotated[
        list[str] | None,
        typer.Option("--outcome", metavar="NAME", help="Only these outcomes, as rung.flares."),
    ] = None,
    force: ForceOption = False,
) -> None:
    """Write the explorer of a sweep: sliders, the share with its interval, and guess first."""
    from plots.pages import frame

    frame.check_free(output, force=force)
    from plots.pages.explorer import explorer as explorer_page
    from plots.pages.swept import read_sweep
    from sim.folders import folder_of

    frame.write(explorer_page(read_sweep(folder_of(folder)), outcomes or ()), output)
    print(f"wrote {output}", file=sys.stderr)


app.command()(report)


def _again(kind: str, source: str, recorded: Recorded, overrides: list[str]) -> str:
    """Return the command that makes a page of a run once more."""
    words = ["intercept", "page", kind, source]
    if not Path(source).is_dir():
        words += ["--seed", str(recorded.manifest["seed"]), "-r", str(recorded.manifest["replication"])]
        words += [word for each in overrides for word in ("--set", each)]
    return shlex.join([*words, "-o", f"{kind}.html"])
