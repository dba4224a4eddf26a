"""`intercept calibrate`."""

from __future__ import annotations

import sys
import tempfile
from typing import Annotated

import typer

from sim.commands.options import JobsOption, SetOption, answers_errors
from sim.commands.printing import print_object
from sim.commands.studies import sweeping
from sim.errors import InputError, Problem


@answers_errors
def calibrate(
    source: Annotated[
        str, typer.Argument(metavar="SCENARIO", help="A scenario or a study, by file or bundled name.")
    ],
    to: Annotated[
        list[str] | None,
        typer.Option(
            "--to", metavar="FACTS", help="checks, disputed, or the name of a fact.  [default: checks]"
        ),
    ] = None,
    vary: Annotated[
        list[str] | None,
        typer.Option("--vary", metavar="PATH=LOW:HIGH", help="What is unknown, and its range."),
    ] = None,
    draws: Annotated[
        int | None,
        typer.Option(
            "--draws", min=1, max=10**6, help="Draws from the ranges.  [default: the study's, or 256]"
        ),
    ] = None,
    replications: Annotated[
        int, typer.Option("-n", "--replications", min=1, max=16_384, help="Replications of every draw.")
    ] = 200,
    accept: Annotated[
        float | None,
        typer.Option(
            "--accept",
            metavar="SHARE",
            help="Accept this share of all, the closest.  [default: all facts met]",
        ),
    ] = None,
    design: Annotated[
        str | None,
        typer.Option("--design", metavar="KIND", help="latin-hypercube or sobol.  [default: the study's]"),
    ] = None,
    keep_shape: Annotated[
        bool,
        typer.Option("--keep-shape", help="A varied parameter takes its distribution along in proportion."),
    ] = False,
    seed: Annotated[
        int | None,
        typer.Option("--seed", min=0, max=2**63 - 1, help="Seed of the draws and of all else.  [default: 1]"),
    ] = None,
    overrides: SetOption = None,
    jobs: JobsOption = None,
    output: Annotated[
        str | None,
        typer.Option(
            "-o", "--output", metavar="DIR", help="Keep draws and answer; what is there is not run again."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")] = False,
) -> None:
    """Say which timings agree with the reported facts.

    The timings are drawn from their ranges; a simulated morning is accepted if it agrees with the facts.
    """
    from sim.calibration import Asked, check, plan_of
    from sim.calibration import calibrate as calibrated

    if accept is not None and not 0 < accept < 1:
        raise InputError([Problem("--accept", None, "", f"is {accept:g}, must lie between 0 and 1")])
    if design not in (None, "latin-hypercube", "sobol"):
        problem = f'is "{design}", must be latin-hypercube or sobol: draws must cover the ranges evenly'
        raise InputError([Problem("--design", None, "", problem)])
    plan = plan_of(
        source,
        vary or (),
        overrides or (),
        draws=draws,
        design=design,
        keep_shape=keep_shape or None,
        seed=seed,
    )
    asked = Asked(tuple(to or ("checks",)), accept)
    check(plan, asked)
    if plan.name != source:
        print(f"drawing what the study {plan.name} holds for unknown", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="intercept-") as scratch:
        folder = output or f"{scratch}/draws"
        with sweeping(folder, kept=output is not None) as tell:
            told = calibrated(plan, folder, asked, replications, workers=jobs, tell=tell)
    if as_json:
        print_object(told)
        return
    from sim.calibration_report import show_calibration

    show_calibration(told)
