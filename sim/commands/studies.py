"""`intercept sweep` and `intercept show`: parameter studies, and what a folder holds."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.commands.options import (
    INTERRUPTED,
    Engine,
    EngineOption,
    JobsOption,
    SetOption,
    ShownSeedOption,
    answers_errors,
)
from sim.commands.printing import print_object
from sim.errors import InputError, Problem, SweepError, WorkerError

if TYPE_CHECKING:
    from sim.many import Tell
    from sim.study import Plan
    from sim.sweep import Goal, Hand

DesignOption = Annotated[
    str | None,
    typer.Option(
        "--design",
        metavar="KIND",
        help="grid, one-at-a-time, latin-hypercube, sobol, saltelli or morris.  [default: grid]",
    ),
]


@answers_errors
def sweep(
    study: Annotated[
        str, typer.Argument(metavar="STUDY", help="A study file, a bundled study by name, or a scenario.")
    ],
    vary: Annotated[
        list[str] | None,
        typer.Option("--vary", metavar="PATH=VALUES", help="Vary a value: LOW:HIGH:STEP, LOW:HIGH or A,B,C."),
    ] = None,
    overrides: SetOption = None,
    design: DesignOption = None,
    points: Annotated[
        int | None, typer.Option("--points", min=1, help="Points of a latin-hypercube, sobol or saltelli.")
    ] = None,
    trajectories: Annotated[
        int | None, typer.Option("--trajectories", min=2, help="Trajectories of morris.")
    ] = None,
    keep_shape: Annotated[
        bool,
        typer.Option("--keep-shape", help="A varied parameter takes its distribution along in proportion."),
    ] = False,
    independent: Annotated[
        bool, typer.Option("--independent", help="Random numbers of its own for every point.")
    ] = False,
    seed: ShownSeedOption = None,
    replications: Annotated[
        int | None,
        typer.Option(
            "-n", "--replications", min=1, max=10**8, help="Replications of every point.  [default: 1000]"
        ),
    ] = None,
    until: Annotated[
        list[str] | None,
        typer.Option(
            "--until", metavar="OUTCOME:WIDTH", help="Instead of -n: until half the interval is so narrow."
        ),
    ] = None,
    most: Annotated[
        int | None,
        typer.Option("--most", min=1, max=10**8, help="Where --until gives up.  [default: 100000]"),
    ] = None,
    engine: EngineOption = Engine.batch,
    jobs: JobsOption = None,
    cluster: Annotated[
        str | None,
        typer.Option("--cluster", metavar="ADDRESS", help="Use the workers of a running Dask scheduler."),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option("-o", "--output", metavar="DIR", help="The folder; what is there already is kept."),
    ] = None,
    rows: Annotated[bool, typer.Option("--rows", help="Keep a row of every replication too.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say how many points and replications, and for how long.")
    ] = False,
    fail_fast: Annotated[
        bool, typer.Option("--fail-fast", help="End at the first point that fails.")
    ] = False,
    retry: Annotated[bool, typer.Option("--retry", help="Run points again that failed before.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors and JSON.")] = False,
) -> None:
    """Run a scenario at every point of a design, into a folder."""
    from dataclasses import replace

    from sim.study import read
    from sim.sweep import Goal, check_goal, goal_of

    if replications is not None and until:
        raise InputError([Problem("--until", None, "", "is instead of -n; its cap is --most")])
    plan = read(
        study,
        vary or (),
        overrides or (),
        design=design,
        points=points,
        trajectories=trajectories,
        keep_shape=keep_shape or None,
        independent=independent or None,
        seed=seed,
        most=most,
    )
    _check_fitting(plan, points, trajectories)
    goal = goal_of(plan)
    if replications is not None:
        goal = Goal(replications)
    elif until:
        goal = replace(goal, until=_bounds(until))
    if most is not None and not goal.until:
        problem = "is where --until gives up, and without it every point has -n replications; leave it out"
        raise InputError([Problem("--most", None, "", problem)])
    check_goal(plan, goal)
    if dry_run:
        _show_estimate(plan, goal, engine, jobs, as_json=as_json)
        return
    if output is None:
        raise InputError([Problem("-o", None, "", "is missing: a sweep wants a folder (or --dry-run)")])
    if cluster is not None and jobs is not None:
        problem = "is for this machine, and with --cluster its scheduler says how many workers there are"
        raise InputError([Problem("-j", None, "", problem)])
    with sweeping(output, quiet=quiet) as tell, _workers(jobs, cluster, quiet=quiet) as workers:
        from sim.sweep import sweep as run_sweep

        summary = run_sweep(
            plan,
            output,
            goal=goal,
            engine=engine.value,
            workers=workers,
            rows=rows,
            fail_fast=fail_fast,
            retry=retry,
            tell=tell,
        )
    if as_json or not quiet:
        _show(output, None, as_json=as_json)
    for state in summary.failed[:3]:
        print(f"point {state.point} failed: {state.error}", file=sys.stderr)
    if len(summary.failed) > 3:
        print(f"and {len(summary.failed) - 3:,} points more; see: intercept show {output}", file=sys.stderr)
    for state in summary.differing[:3]:
        told = f"replication {state.checked[0]}: {', '.join(state.differs[:5])}"
        print(f"point {state.point}: the engines differ in {told}", file=sys.stderr)
    if not summary.good:
        raise typer.Exit(1)


def _check_fitting(plan: Plan, points: int | None, trajectories: int | None) -> None:
    """Raise InputError for an option of another design, which would change nothing."""
    given = {
        "--points": (points, ("latin-hypercube", "sobol", "saltelli")),
        "--trajectories": (trajectories, ("morris",)),
    }
    problems = [
        Problem(
            option,
            None,
            "",
            f"is for {', '.join(kinds)}, and the design is {plan.study.design}; leave it out",
        )
        for option, (number, kinds) in given.items()
        if number is not None and plan.study.design not in kinds
    ]
    if problems:
        raise InputError(problems)


def _bounds(until: list[str]) -> dict[str, float]:
    """Read `OUTCOME:WIDTH`. Raises InputError if it is none."""
    found = {}
    for text in until:
        name, _, width = text.rpartition(":")
        try:
            found[name] = float(width)
        except ValueError:
            found[name] = 0.0
        if not name or not 0 < found[name] < 0.5:
            problem = f'"{text}" is not of the form OUTCOME:WIDTH, as rung.warning-shots:0.01'
            raise InputError([Problem("--until", None, "", problem)])
    return found


def _show_estimate(plan: Plan, goal: Goal, engine: Engine, jobs: int | None, *, as_json: bool) -> None:
    from sim.study import failing_edges
    from sim.sweep import estimate
    from sim.terminal import duration

    count, seconds = estimate(plan, goal, engine.value, jobs)
    failing = failing_edges(plan)
    if as_json:
        told = {
            **plan.identity(),
            "replications_in_all": count,
            "estimate_s": round(seconds, 1),
            "failing": failing,
        }
        print_object(told)
        return
    most = "at most " if goal.until else ""
    print(f"{plan.points:,} points of a {plan.study.design} design, {most}{count:,} replications in all")
    print(f"about {duration(max(1.0, seconds))}")
    for point, why in failing.items():
        print(f"point {point} will fail: {why}", file=sys.stderr)


@contextmanager
def _workers(jobs: int | None, cluster: str | None, *, quiet: bool) -> Iterator[int | Hand | None]:
    """Give what runs the shards: processes of this machine, or the workers of a scheduler."""
    if cluster is None:
        yield jobs
        return
    from functools import partial

    from sim.cluster import as_they_come, connected

    def tell(line: str) -> None:
        if not quiet:
            print(line, file=sys.stderr)

    with connected(cluster, tell) as client:
        yield partial(as_they_come, client)


@contextmanager
def sweeping(output: str, *, quiet: bool = False, kept: bool = True) -> Iterator[Tell | None]:
    """Give what tells of progress; say after Ctrl-C whether what was done is kept."""
    from sim.sweep_report import SweepProgress

    progress = SweepProgress()
    try:
        yield None if quiet else progress
    except KeyboardInterrupt:
        progress.clear()
        where = f"what was done is in {output}, and the same command goes on" if kept else "nothing was kept"
        print(f"interrupted; {where}", file=sys.stderr)
        raise typer.Exit(INTERRUPTED) from None
    except WorkerError as error:
        progress.clear()
        told = f"{error}; what was done is in {output}, and the same command goes on"
        raise SweepError(told) from error
    except BaseException:
        progress.clear()
        raise


@answers_errors
def show(
    folder: Annotated[str, typer.Argument(metavar="RUN", help="The folder of a sweep, or of a run.")],
    point: Annotated[
        int | None, typer.Option("--point", "-p", min=0, help="Show one point of a sweep.")
    ] = None,
    outcome: Annotated[
        str | None, typer.Option("--outcome", metavar="NAME", help="Whose share the quantities change.")
    ] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print the table of a sweep as CSV.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show what a folder holds."""
    from sim import store
    from sim.folders import folder_of
    from sim.manifests import reopened
    from sim.shards import results

    if "://" not in folder and any((Path(folder) / name).is_file() for name in store.SUMMED):
        given = {"--point": point is not None, "--outcome": outcome is not None, "--csv": as_csv}
        problems = [
            Problem(option, None, "", f"is for the folder of a sweep, and {folder} holds a single run")
            for option, is_given in given.items()
            if is_given
        ]
        if problems:
            raise InputError(problems)
        recorded = store.read(Path(folder))
        if as_json:
            print_object(store.as_object(recorded))
            return
        from sim.run_report import show_run

        show_run(recorded)
    elif as_csv:
        from sim.shards import as_csv as csv_of

        reopened(folder_of(folder))
        sys.stdout.writelines(csv_of(results(folder_of(folder))))
    elif point is not None:
        from sim import sweep_report

        told = sweep_report.point(folder_of(folder), point)
        if as_json:
            print_object(told)
        else:
            sweep_report.show_point(told)
    else:
        _show(folder, outcome, as_json=as_json)


def _show(folder: str, outcome: str | None, *, as_json: bool) -> None:
    from sim import sweep_report
    from sim.folders import folder_of

    told = sweep_report.summary(folder_of(folder), outcome)
    if as_json:
        print_object(told)
    else:
        sweep_report.show_sweep(told)
