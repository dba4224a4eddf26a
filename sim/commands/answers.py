"""`intercept explain` and `intercept compare`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.commands.options import (
    Engine,
    EngineOption,
    JobsOption,
    ReplicationOption,
    RunArgument,
    SeedOption,
    SetOption,
    ShownReplicationOption,
    ShownSeedOption,
    answers_errors,
    is_sweep,
    recorded_in,
    telling,
)
from sim.commands.points import PointOption, chosen
from sim.commands.printing import print_object

if TYPE_CHECKING:
    from sim.compare import Variant
    from sim.explain import Case


@answers_errors
def explain(
    source: RunArgument,
    point: PointOption = None,
    seed: ShownSeedOption = None,
    replication: ShownReplicationOption = None,
    overrides: SetOption = None,
    within_s: Annotated[
        int,
        typer.Option(
            "--within", metavar="SECONDS", min=0, max=86_400, help="Change a timing by so much at the most."
        ),
    ] = 600,
    jobs: JobsOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")] = False,
) -> None:
    """Say why a replication came out as it did.

    What led to each rung, what each step waited for, and which smallest change of one timing would have changed the
    highest rung; --within 0 leaves the last out.
    """
    from sim.explain import explain as explained_of

    case = _case(source, point, seed, replication, overrides)
    with telling(quiet=False, what="searches") as tell:
        explained = explained_of(case, within_s=within_s, workers=jobs, tell=tell)
    if as_json:
        print_object(explained)
        return
    from sim.answers import show_explanation

    show_explanation(explained)


def _case(
    source: str, point: int | None, seed: int | None, number: int | None, overrides: list[str] | None
) -> Case:
    """Return the replication of a run folder, of a point of a sweep, or of a scenario."""
    from sim.document import digest
    from sim.explain import Case
    from sim.scenario import shown

    if point is not None or is_sweep(source) or not Path(source).is_dir():
        asked = chosen(source, point, seed, number, overrides)
        seed, number = shown(asked.scenario, asked.seed, asked.number)
        case = Case(asked.scenario, asked.document.name, digest(asked.document.data), seed, number)
        return replace(case, command=tuple(asked.command(seed, number)), overrides=asked.overrides)
    recorded = recorded_in(Path(source), seed, number, overrides)
    name, digits, seed, number = (
        recorded.manifest[key] for key in ("scenario", "hash", "seed", "replication")
    )
    command = ("intercept", "run", f"{source}/scenario.toml", "--seed", str(seed), "-r", str(number))
    return Case(recorded.scenario, name, digits, seed, number, recorded.events, command=command)


@answers_errors
def compare(
    scenarios: Annotated[
        list[str],
        typer.Argument(
            metavar="SCENARIO...", help="Scenario files, or bundled names; the first is the baseline."
        ),
    ],
    variants: Annotated[
        list[str] | None,
        typer.Option(
            "--variant",
            metavar='"LABEL: PATH=VALUE"',
            help="The baseline with a value changed; the same label again changes one more.",
        ),
    ] = None,
    replications: Annotated[
        int, typer.Option("-n", "--replications", min=1, max=10**8, help="Replications of each.")
    ] = 10_000,
    seed: SeedOption = 1,
    first: ReplicationOption = 0,
    engine: EngineOption = Engine.batch,
    jobs: JobsOption = None,
    overrides: SetOption = None,
    every: Annotated[
        bool, typer.Option("--all", help="Show every outcome, also those that did not move.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")] = False,
) -> None:
    """Compare scenarios replication by replication.

    All meet the same draws, so that a difference comes from what was changed. --set applies to all of them.
    """
    from sim.compare import compare as compared_of

    compared_variants = _variants(scenarios, variants or [], overrides or [])
    with telling(quiet=False) as tell:
        compared = compared_of(
            compared_variants, seed, replications, first, tell, engine=engine.value, workers=jobs
        )
    if as_json:
        print_object(compared)
        return
    from sim.answers import show_comparison

    show_comparison(compared, every=every)


def _variants(scenarios: list[str], variants: list[str], overrides: list[str]) -> list[Variant]:
    """Read the scenarios, and the baseline once more for each label of a variant."""
    from sim.compare import Variant, labelled
    from sim.scenario import read

    asked = [(name, name, overrides) for name in scenarios]
    asked += [(label, scenarios[0], [*overrides, *changes]) for label, changes in labelled(variants).items()]
    return [Variant(label, *read(name, changes)) for label, name, changes in asked]
