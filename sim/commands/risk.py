"""`intercept risk`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.commands.options import (
    Engine,
    EngineOption,
    JobsOption,
    SetOption,
    answers_errors,
    read_scenario,
    recorded_in,
    telling,
)
from sim.commands.printing import print_object
from sim.errors import InputError, Problem

if TYPE_CHECKING:
    from sim.risk import Goal


@answers_errors
def risk(
    source: Annotated[
        str,
        typer.Argument(
            metavar="RUN", help="A sweep's folder, a run's folder, or a scenario by file or name."
        ),
    ],
    replications: Annotated[
        int | None,
        typer.Option(
            "-n", "--replications", min=1, max=10**8, help="So many, instead of until intervals are narrow."
        ),
    ] = None,
    within: Annotated[
        float,
        typer.Option(
            "--within", metavar="SHARE", help="Until half of each interval is at most this part of its share."
        ),
    ] = 0.1,
    most: Annotated[
        int, typer.Option("--most", min=1, max=10**8, help="Replications at which --within gives up.")
    ] = 160_000,
    seed: Annotated[
        int | None,
        typer.Option("--seed", min=0, max=2**63 - 1, help="Seed of the random numbers.  [default: 1]"),
    ] = None,
    first: Annotated[
        int | None,
        typer.Option(
            "--replication", "-r", min=0, max=2**40, help="Number of the first replication.  [default: 0]"
        ),
    ] = None,
    engine: EngineOption = Engine.batch,
    jobs: JobsOption = None,
    overrides: SetOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")] = False,
) -> None:
    """Say how likely each rung is, as a band.

    The band runs over the ranges of the hazards. Each end of it has an interval for the replications; beside it
    stands which hazard opens it most.
    """
    from sim.risk import Goal

    if not 0 < within < 1:
        raise InputError([Problem("--within", None, "", f"is {within:g}, must lie between 0 and 1")])
    goal = Goal(replications, within, most=most)
    if _is_sweep(source):
        _refuse(source, {"--seed": seed, "--set": overrides, "-r": first})
        from sim.folders import folder_of
        from sim.survey import risk_of_sweep

        with telling(quiet=False, what="points") as tell:
            told = risk_of_sweep(folder_of(source), replications, tell, workers=jobs)
    else:
        told = _of_scenario(source, goal, seed, first, engine, jobs, overrides)
    if as_json:
        print_object(told)
        return
    from sim import risk_report

    if told["kind"] == "sweep":
        risk_report.show_risk_of_sweep(told)
    else:
        risk_report.show_risk(told)


def _is_sweep(source: str) -> bool:
    return "://" in source or (Path(source).is_dir() and not (Path(source) / "events.jsonl").is_file())


def _refuse(source: str, given: dict[str, Any]) -> None:
    """Raise InputError if an option was given that a folder does not leave open."""
    problems = [
        Problem(option, None, "", f"does not go with {source}, a folder that says itself what was run")
        for option, value in given.items()
        if value is not None
    ]
    if problems:
        raise InputError(problems)


def _refuse_study(source: str) -> None:
    """Raise InputError if a bundled study was named: its folder is what there is to read."""
    from sim.study import bundled_studies

    if not Path(source).is_file() and source.removesuffix(".toml") in bundled_studies():
        problem = "is a study: run `intercept sweep` with -o DIR, and name that folder"
        raise InputError([Problem(source, None, "", problem)])


def _of_scenario(
    source: str,
    goal: Goal,
    seed: int | None,
    first: int | None,
    engine: Engine,
    jobs: int | None,
    overrides: list[str] | None,
) -> dict[str, Any]:
    """Return the risk of a scenario, or of that of a run folder with the chances in its one replication."""
    from sim.document import digest
    from sim.risk import Case
    from sim.risk import risk as risk_of
    from sim.survey import of_replication

    if Path(source).is_dir():
        _refuse(source, {"--seed": seed, "--set": overrides, "-r": first})
        recorded = recorded_in(Path(source))
        manifest = recorded.manifest
        case = Case(recorded.scenario, manifest["seed"], manifest["scenario"], manifest["hash"])
        own = {"this_replication": of_replication(recorded)}
    else:
        _refuse_study(source)
        document, scenario = read_scenario(source, overrides)
        case = Case(scenario, 1 if seed is None else seed, document.name, digest(document.data))
        own = {}
    with telling(quiet=False) as tell:
        return risk_of(case, goal, first or 0, tell, engine=engine.value, workers=jobs) | own
