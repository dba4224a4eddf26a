"""`intercept run`: a scenario replayed, once or many times."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.commands.options import (
    CountOption,
    Engine,
    EngineOption,
    JobsOption,
    ScenarioArgument,
    SetOption,
    ShownReplicationOption,
    ShownSeedOption,
    answers_errors,
    record,
    telling,
)
from sim.commands.points import PointOption, chosen
from sim.commands.printing import print_object
from sim.errors import InputError, Problem

if TYPE_CHECKING:
    from sim.document import Document
    from sim.many import Tell
    from sim.scenario import Scenario


@answers_errors
def run(
    scenario: ScenarioArgument,
    point: PointOption = None,
    seed: ShownSeedOption = None,
    replication: ShownReplicationOption = None,
    replications: CountOption = None,
    engine: EngineOption = Engine.batch,
    jobs: JobsOption = None,
    overrides: SetOption = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object instead of the table.")
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="DIR", help="Write a run folder; nothing without it."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the run in the folder of -o.")] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print nothing but errors and what --json asks for.")
    ] = False,
) -> None:
    """Replay a scenario, simulated beside reported."""
    from sim import store

    if (replications or 1) > 1 and output is not None:
        problem = "keeps one replication; leave out -n, and choose it with --replication"
        raise InputError([Problem("-o", None, "", problem)])
    if output is not None:
        store.check_free(output, force=force)
    asked = chosen(scenario, point, seed, replication, overrides)
    document, read, seed, replication = asked.document, asked.scenario, asked.seed, asked.number
    first = replication or 0
    if replications is not None and replications > 1:
        with telling(quiet=quiet) as tell:
            drawn = 1 if seed is None else seed
            summary = _spread(read, document, drawn, first, replications, tell, engine, jobs)
        _show_spread(summary, read, as_json=as_json, quiet=quiet)
        return
    # The first of so many, also if it is the only one; the scenario's example is shown where no number is given.
    recorded = record(read, document, seed, replication if replications is None else first)
    if output is not None:
        store.write(recorded, document, output, force=force)
    if as_json:
        print_object(store.as_object(recorded))
    elif not quiet:
        from sim.run_report import show_run

        show_run(recorded)
    if output is not None and not quiet:
        print(f"wrote {output}/: {', '.join(store.FILES)}", file=sys.stderr)


def _spread(
    scenario: Scenario,
    document: Document,
    seed: int,
    first: int,
    count: int,
    tell: Tell | None,
    engine: Engine,
    jobs: int | None,
) -> dict[str, Any]:
    from sim import spread

    return spread.of(scenario, document, seed, count, first, tell, engine=engine.value, workers=jobs)


def _show_spread(summary: dict[str, Any], scenario: Scenario, *, as_json: bool, quiet: bool) -> None:
    if as_json:
        from sim import spread

        print_object(spread.as_object(summary, scenario))
    elif not quiet:
        from sim.spread_report import show_spread

        show_spread(summary)
