"""`intercept page`: offline pages, each one file that a browser opens by double click."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from sim.commands.options import (
    ReplicationOption,
    RunArgument,
    SeedOption,
    SetOption,
    answers_errors,
    read_scenario,
    record,
    recorded_in,
)

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
    seed: SeedOption = 1,
    replication: ReplicationOption = 0,
    overrides: SetOption = None,
    force: ForceOption = False,
) -> None:
    """Write the replay of a run: map, clock, ladder, and events as the clock passes them."""
    from plots.pages import frame

    frame.check_free(output, force=force)
    folder = Path(source)
    if folder.is_dir():
        recorded = recorded_in(folder, overrides)
    else:
        document, scenario = read_scenario(source, overrides)
        recorded = record(scenario, document, seed, replication)
    from plots.pages.replay import replay as replay_page

    frame.write(replay_page(recorded), output)
    print(f"wrote {output}", file=sys.stderr)
