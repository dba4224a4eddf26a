"""`intercept check`, `list`, `new` and `schema`: scenario files."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.commands.options import (
    SetOption,
    answers_errors,
)
from sim.commands.printing import print_object
from sim.errors import InputError, Problem
from sim.provenance import number_of

if TYPE_CHECKING:
    pass


@answers_errors
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
            "flight": scenario.intruders,
            "zone": scenario.zones,
            "stage": scenario.command.stages,
            "pair": scenario.fighters.pairs,
            "fact": scenario.facts,
        }
        print(f"{file}: ok, " + ", ".join(number_of(len(part), name) for name, part in parts.items()))
    if problems:
        raise InputError(problems)


@answers_errors
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
        print_object(rows)
        return
    width = max(len(row["name"]) for row in rows)
    for row in rows:
        print(f"{row['name']:{width}}  {row['title']}")


@answers_errors
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


@answers_errors
def schema() -> None:
    """Print the JSON Schema of scenario files.

    It is draft 4, which TOML editors read.
    """
    print(_schema_text(), end="")


def _schema_text() -> str:
    from sim.scenario import Scenario
    from sim.schema import scenario_schema

    return json.dumps(scenario_schema(Scenario), indent=1, ensure_ascii=False) + "\n"
