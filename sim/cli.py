"""The command line: `intercept run`, `sweep`, `show`, `explain`, `compare`, `check`, `list`, `new`, `schema`, `plot`.

Data goes to stdout, narration to stderr.  Errors of input end with exit code 2 and a line for each problem.
Heavy modules are imported inside the command that needs them.
"""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ParamSpec, TypeVar

import typer

from sim.errors import InputError, InterceptError, Problem

if TYPE_CHECKING:
    from sim.compare import Variant
    from sim.document import Document
    from sim.explain import Case
    from sim.many import Tell
    from sim.scenario import Scenario
    from sim.store import Recorded
    from sim.study import Plan
    from sim.sweep import Goal

P = ParamSpec("P")
T = TypeVar("T")

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it: 128 and the signal's number."""

app = typer.Typer(
    help="Replay an air intercept from a scenario file, and measure how minutes decide whether it stays routine.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # rich would double the time that --help takes
    context_settings={"help_option_names": ["-h", "--help"]},
)

ScenarioArgument = Annotated[
    str,
    typer.Argument(metavar="SCENARIO", help="A scenario file, or a bundled scenario by name (see `list`)."),
]
RunArgument = Annotated[
    str, typer.Argument(metavar="RUN", help="A run folder, or a scenario file or name, which is then run.")
]
SeedOption = Annotated[int, typer.Option("--seed", min=0, max=2**63 - 1, help="Seed of the random numbers.")]
ReplicationOption = Annotated[
    int,
    typer.Option("--replication", "-r", min=0, max=2**40, help="Number of the replication under the seed."),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="PATH=VALUE", help="Override a value, as command.stages.scramble.delay_s=30."
    ),
]
CountOption = Annotated[
    int,
    typer.Option(
        "-n", "--replications", min=1, max=10**8, help="Run so many replications and print their spread."
    ),
]


class Engine(StrEnum):
    """What runs many replications: arrays of them at once, or one after the other as in a single run."""

    batch = "batch"
    processes = "processes"


EngineOption = Annotated[
    Engine,
    typer.Option(
        "--engine", help="What runs many replications; the outcomes are the same, processes are slow."
    ),
]
JobsOption = Annotated[
    int | None,
    typer.Option(
        "-j",
        "--jobs",
        min=1,
        max=1024,
        help="Processor cores for many replications.  [default: all that are worth it]",
    ),
]


def main() -> None:
    """Run the command line; end with 0, 1 (failure), 2 (wrong input) or 130 (interrupted)."""
    app()


def _answers_errors(command: Callable[P, T]) -> Callable[P, T]:
    """Turn the project's errors and Ctrl-C into a message on stderr and an exit code."""

    @wraps(command)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            result = command(*args, **kwargs)
            sys.stdout.flush()
            return result
        except OSError as error:
            if error.errno not in (errno.EPIPE, errno.ENOSPC):
                raise
            # What is left in the buffer would fail again when Python ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            if error.errno == errno.EPIPE:  # the reader of our output has gone, as `head` does
                raise typer.Exit(0) from None
            print(f"the output cannot be written: {error.strerror}", file=sys.stderr)
            raise typer.Exit(1) from None
        except InterceptError as error:
            print(error, file=sys.stderr)
            raise typer.Exit(error.exit_code) from None
        except KeyboardInterrupt:
            print("interrupted; nothing was written", file=sys.stderr)
            raise typer.Exit(INTERRUPTED) from None

    return guarded


@app.command()
@_answers_errors
def run(
    scenario: ScenarioArgument,
    seed: SeedOption = 1,
    replication: ReplicationOption = 0,
    replications: CountOption = 1,
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

    if replications > 1 and output is not None:
        problem = "keeps one replication; leave out -n, and choose it with --replication"
        raise InputError([Problem("-o", None, "", problem)])
    if output is not None:
        store.check_free(output, force=force)
    document, read = _read(scenario, overrides)
    if replications > 1:
        with _telling(quiet=quiet) as tell:
            summary = _spread(read, document, seed, replication, replications, tell, engine, jobs)
        _show_spread(summary, as_json=as_json, quiet=quiet)
        return
    recorded = _record(read, document, seed, replication)
    if output is not None:
        store.write(recorded, document, output, force=force)
    if as_json:
        print(json.dumps(store.as_object(recorded), ensure_ascii=False))
    elif not quiet:
        from sim.terminal import show_run

        show_run(recorded)
    if output is not None and not quiet:
        print(f"wrote {output}/: {', '.join(store.FILES)}", file=sys.stderr)


def _read(name: str, overrides: list[str] | None) -> tuple[Document, Scenario]:
    from sim.scenario import read

    scenario, document = read(name, overrides or ())
    return document, scenario


def _record(scenario: Scenario, document: Document, seed: int, replication: int) -> Recorded:
    from sim import store
    from sim.draws import Uniforms
    from sim.run import prepare, replicate

    return store.record(replicate(prepare(scenario), Uniforms(seed), replication), document)


def _recorded(folder: Path, overrides: list[str] | None) -> Recorded:
    """Read the replication of a run folder, of which nothing can be changed any more."""
    from sim import store

    if overrides:
        problem = "changes a scenario, but RUN is a folder of a finished run"
        raise InputError([Problem("--set", None, "", problem)])
    return store.read(folder)


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


def _show_spread(summary: dict[str, Any], *, as_json: bool, quiet: bool) -> None:
    if as_json:
        print(json.dumps(summary, ensure_ascii=False))
    elif not quiet:
        from sim.terminal import show_spread

        show_spread(summary)


@contextmanager
def _telling(*, quiet: bool, what: str = "replications") -> Iterator[Tell | None]:
    """Give what tells of progress, and leave a clean line if the work is broken off."""
    from sim.terminal import Progress

    progress = Progress(what)
    try:
        yield None if quiet else progress
    except BaseException:
        progress.clear()
        raise


DesignOption = Annotated[
    str | None,
    typer.Option(
        "--design",
        metavar="KIND",
        help="grid, one-at-a-time, latin-hypercube, sobol, saltelli or morris.  [default: grid]",
    ),
]


@app.command()
@_answers_errors
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
    seed: Annotated[
        int | None,
        typer.Option("--seed", min=0, max=2**63 - 1, help="Seed of the random numbers.  [default: 1]"),
    ] = None,
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
    goal = goal_of(plan)
    if replications is not None:
        goal = Goal(replications)
    elif until:
        goal = replace(goal, until=_bounds(until))
    check_goal(plan, goal)
    if dry_run:
        _show_estimate(plan, goal, engine, jobs, as_json=as_json)
        return
    if output is None:
        raise InputError([Problem("-o", None, "", "is missing: a sweep wants a folder (or --dry-run)")])
    with _sweeping(output, quiet=quiet) as tell:
        from sim.sweep import sweep as run_sweep

        summary = run_sweep(
            plan,
            output,
            goal=goal,
            engine=engine.value,
            workers=jobs,
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
        print(json.dumps(told, ensure_ascii=False))
        return
    most = "at most " if goal.until else ""
    print(f"{plan.points:,} points of a {plan.study.design} design, {most}{count:,} replications in all")
    print(f"about {duration(max(1.0, seconds))}")
    for point, why in failing.items():
        print(f"point {point} will fail: {why}", file=sys.stderr)


@contextmanager
def _sweeping(output: str, *, quiet: bool) -> Iterator[Tell | None]:
    """Give what tells of progress; say after Ctrl-C that what was done is kept."""
    from sim.sweep_report import SweepProgress

    progress = SweepProgress()
    try:
        yield None if quiet else progress
    except KeyboardInterrupt:
        progress.clear()
        print(f"interrupted; what was done is in {output}, and the same command goes on", file=sys.stderr)
        raise typer.Exit(INTERRUPTED) from None
    except BaseException:
        progress.clear()
        raise


@app.command()
@_answers_errors
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
    from sim.shards import folder_of, results

    if "://" not in folder and (Path(folder) / "events.jsonl").is_file():
        recorded = store.read(Path(folder))
        if as_json:
            print(json.dumps(store.as_object(recorded), ensure_ascii=False))
            return
        from sim.terminal import show_run

        show_run(recorded)
    elif as_csv:
        from sim.shards import as_csv as csv_of

        sys.stdout.writelines(csv_of(results(folder_of(folder))))
    elif point is not None:
        from sim import sweep_report

        told = sweep_report.point(folder_of(folder), point)
        if as_json:
            print(json.dumps(told, ensure_ascii=False))
        else:
            sweep_report.show_point(told)
    else:
        _show(folder, outcome, as_json=as_json)


def _show(folder: str, outcome: str | None, *, as_json: bool) -> None:
    from sim import sweep_report
    from sim.shards import folder_of

    told = sweep_report.summary(folder_of(folder), outcome)
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
    else:
        sweep_report.show_sweep(told)


@app.command()
@_answers_errors
def check(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Scenario files, or bundled names.")],
    overrides: SetOption = None,
) -> None:
    """Check scenario files: every error with its line."""
    from sim.scenario import read

    problems: list[Problem] = []
    for file in files:
        try:
            scenario, _ = read(file, overrides or ())
        except InputError as error:
            problems += error.problems
            continue
        parts = {
            "flights": scenario.intruders,
            "zones": scenario.zones,
            "stages": scenario.command.stages,
            "pairs": scenario.fighters.pairs,
            "facts": scenario.facts,
        }
        print(f"{file}: ok, " + ", ".join(f"{len(part)} {name}" for name, part in parts.items()))
    if problems:
        raise InputError(problems)


@app.command(name="list")
@_answers_errors
def list_scenarios(
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON array.")] = False,
) -> None:
    """List the bundled scenarios."""
    from sim.document import bundled, load

    rows = [
        {"name": name, "title": load(path).data["scenario"]["title"], "file": str(path)}
        for name, path in bundled().items()
    ]
    if as_json:
        print(json.dumps(rows, ensure_ascii=False))
        return
    width = max(len(row["name"]) for row in rows)
    for row in rows:
        print(f"{row['name']:{width}}  {row['title']}")


@app.command()
@_answers_errors
def new(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write; it must not exist.")],
) -> None:
    """Write a small commented scenario to start from.

    Beside it comes the schema that editors read.
    """
    from sim.document import bundled_folder

    if not file.name:
        raise InputError([Problem(str(file), None, "", "is no name for a file")])
    file = file if file.suffix == ".toml" else file.with_name(file.name + ".toml")
    if file.exists():
        raise InputError([Problem(str(file), None, "", "already exists; choose another name")])
    if not file.parent.is_dir():
        raise InputError([Problem(str(file.parent), None, "", "is no folder; make it first")])
    schema_file = file.parent / "scenario.schema.json"
    text = (bundled_folder() / "first-intercept.toml").read_text(encoding="utf-8")
    try:
        file.write_text(text, encoding="utf-8")
        if not schema_file.exists():
            schema_file.write_text(_schema_text(), encoding="utf-8")
    except OSError as error:
        raise InputError([Problem(str(file), None, "", f"cannot be written: {error.strerror}")]) from error
    print(f"wrote {file} and {schema_file}; try: intercept run {file}", file=sys.stderr)


@app.command()
@_answers_errors
def schema() -> None:
    """Print the JSON Schema of scenario files.

    It is draft 4, which TOML editors read.
    """
    print(_schema_text(), end="")


def _schema_text() -> str:
    from sim.scenario import Scenario
    from sim.schema import scenario_schema

    return json.dumps(scenario_schema(Scenario), indent=1, ensure_ascii=False) + "\n"


@app.command()
@_answers_errors
def explain(
    source: RunArgument,
    seed: SeedOption = 1,
    replication: ReplicationOption = 0,
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

    case = _case(source, seed, replication, overrides)
    with _telling(quiet=False, what="searches") as tell:
        explained = explained_of(case, within_s=within_s, workers=jobs, tell=tell)
    if as_json:
        print(json.dumps(explained, ensure_ascii=False))
        return
    from sim.answers import show_explanation

    show_explanation(explained)


def _case(source: str, seed: int, replication: int, overrides: list[str] | None) -> Case:
    """Return the replication of a run folder, or that of a scenario."""
    from sim.document import digest
    from sim.explain import Case

    folder = Path(source)
    if not folder.is_dir():
        document, scenario = _read(source, overrides)
        return Case(scenario, document.name, digest(document.data), seed, replication)
    recorded = _recorded(folder, overrides)
    name, digits, seed, replication = (
        recorded.manifest[key] for key in ("scenario", "hash", "seed", "replication")
    )
    return Case(recorded.scenario, name, digits, seed, replication, recorded.events)


@app.command()
@_answers_errors
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
    with _telling(quiet=False) as tell:
        compared = compared_of(
            compared_variants, seed, replications, first, tell, engine=engine.value, workers=jobs
        )
    if as_json:
        print(json.dumps(compared, ensure_ascii=False))
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


class Figure(StrEnum):
    """The figures that `plot` draws."""

    board = "board"
    map = "map"


@app.command()
@_answers_errors
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
        recorded = _recorded(folder, overrides)
    else:
        document, scenario = _read(source, overrides)
        recorded = _record(scenario, document, seed, replication)
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
    with _telling(quiet=False) as tell:
        whiskers = spread.rung_steps(
            recorded.scenario, flight, seed, spread_of, tell, engine=engine.value, workers=jobs
        )
    return board(recorded, spread=whiskers, spread_of=spread_of)
