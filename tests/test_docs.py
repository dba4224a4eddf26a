"""The documents say what is so: commands run, and every key and kind that is named exists."""

from __future__ import annotations

import json
import re
import shlex
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from sim import cli, spread, store
from sim.document import bundled
from sim.draws import Uniforms
from sim.run import prepare, replicate
from sim.scenario import kinds, read

ROOT = Path(__file__).resolve().parent.parent
OUTCOMES = ROOT / "docs" / "outcomes.md"
BUNDLED = sorted(bundled())


def blocks() -> list[list[list[str]]]:
    """Return the words of each command in each of the README's blocks of commands."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.findall(r"^<!-- commands -->\n```sh\n(.*?)\n```$", text, re.MULTILINE | re.DOTALL)
    lines = [block.replace("\\\n", " ").splitlines() for block in found]
    return [[shlex.split(line, comments=True) for line in block] for block in lines]


def commands() -> list[list[str]]:
    """Return the words of each command in all blocks."""
    return [words for block in blocks() for words in block]


@pytest.mark.parametrize("number", range(len(blocks())))
def test_the_commands_of_the_readme_run_in_their_order(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each command of a block ends with 0 in a folder empty at first; many replications and draws are a few here."""
    monkeypatch.chdir(tmp_path)
    for words in blocks()[number]:
        assert words[0] in ("intercept", ".venv/bin/intercept"), words
        args = words[1:]
        for option, few in (("-n", "5"), ("--replications", "5"), ("--draws", "20")):
            if option in args:
                args[args.index(option) + 1] = few
        target = args[args.index(">") + 1] if ">" in args else None
        args = args[: args.index(">")] if target else args
        result = CliRunner().invoke(cli.app, args, env={"COLUMNS": "80"})
        assert result.exit_code == 0, (shlex.join(words), result.output, result.exception)
        if target:
            Path(target).write_text(result.stdout, encoding="utf-8")


def test_the_readme_shows_every_command() -> None:
    """No command is left out, and no page."""
    shown = {words[1] for words in commands()}
    assert shown == set(typer.main.get_command(cli.app).commands)  # type: ignore[attr-defined]
    assert {words[2] for words in commands() if words[1] == "page"} == {"replay", "explorer", "report"}


def section(title: str) -> str:
    """Return the text below a heading of docs/outcomes.md up to the next one."""
    parts = re.split(r"^## (.*)$", OUTCOMES.read_text(encoding="utf-8"), flags=re.MULTILINE)
    found = dict(zip(parts[1::2], parts[2::2], strict=True))
    (text,) = (body for heading, body in found.items() if heading.startswith(title))
    return text


def rows(text: str) -> list[list[str]]:
    """Return the cells of each row of the table in a text, without its head."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def named(cell: str) -> list[str]:
    """Return what stands between backticks."""
    return re.findall(r"`([^`]+)`", cell)


@cache
def recorded(name: str, number: int = 0) -> store.Recorded:
    """Return a recorded replication of a bundled scenario."""
    scenario, document = read(name)
    return store.record(replicate(prepare(scenario), Uniforms(1), number), document)


def test_the_object_of_run_has_exactly_the_documented_keys() -> None:
    """The first table of docs/outcomes.md lists the keys of --json, in their order."""
    documented = [key for cell, *_ in rows(section("The object of")) for key in named(cell)]
    assert documented == list(store.as_object(recorded("first-intercept")))


@pytest.mark.parametrize("key", ["reported", "rungs"])
def test_the_records_of_run_have_the_documented_keys(key: str) -> None:
    """What the table says of a record of `reported` and of `rungs` is what there is."""
    (cell,) = (cells[1] for cells in rows(section("The object of")) if key in named(cells[0]))
    found = store.as_object(recorded("july-2019"))[key]
    assert found
    assert {name for row in found for name in row} == set(named(cell))


def test_the_keys_of_an_event_are_documented() -> None:
    """The first words on events name the keys of a record, in their order."""
    first = section("Events").split(". A cause")[0]
    names = [name for name in named(first) if name in recorded("first-intercept").events[0]]
    assert list(dict.fromkeys(names)) == list(recorded("first-intercept").events[0])


def documented_kinds() -> dict[str, set[str]]:
    """Return the kinds in the table of events, each with the keys of data that the table names."""
    return {kind: set(named(cells[2])) for cells in rows(section("Events")) for kind in named(cells[0])}


def test_every_documented_kind_exists_and_every_kind_is_documented() -> None:
    """The table of events and the model name the same kinds, but for those that a scenario names itself."""
    documented, own = set(documented_kinds()), set()
    for name in BUNDLED:
        scenario, _ = read(name)
        hazards = {hazard.leads_to for hazard in scenario.escalation.hazards.values()}
        stages = {stage.emits or key for key, stage in scenario.command.stages.items()}
        measures = {kind for ladder in scenario.warning.values() for kind in ladder.measures}
        own |= hazards | stages | measures
        assert kinds(scenario) - hazards - stages - measures <= documented
    every = {kind for name in BUNDLED for kind in kinds(read(name)[0])}
    assert documented <= every


def test_the_data_of_events_are_documented() -> None:
    """Each key in the data of an event of a run of July stands in the row of its kind."""
    documented = documented_kinds()
    undocumented = {
        (event["kind"], key)
        for number in range(3)
        for event in recorded("july-2019", number).events
        if event["kind"] in documented
        for key in event["data"]
        if key not in documented[event["kind"]]
    }
    allowed = {(kind, key) for kind in ("answers", "reports") for key in ("act", "side", "stay", "number")}
    assert undocumented <= allowed


def patterns() -> list[str]:
    """Return a regular expression for each documented key of the outcomes."""
    found: list[str] = []
    for cells in rows(section("Outcomes")):
        stem = ""
        for name in named(cells[0]):
            stem = stem if name.startswith(".") else name[: name.rfind(">") + 1]
            whole = stem + name if name.startswith(".") else name
            found.append(
                re.sub(r"<[^>]+>", "[a-z0-9-]+", re.escape(whole).replace(r"\<", "<").replace(r"\>", ">"))
            )
    return found


def fits(key: str, pattern: str) -> bool:
    """Tell whether a key is the documented one."""
    return re.fullmatch(pattern.replace(r"own\ flight", "flight"), key) is not None


def test_every_outcome_is_documented_and_every_documented_one_exists() -> None:
    """Each key of the outcomes fits a row of the table, and each row fits a key."""
    keys: set[str] = set()
    for name in BUNDLED:
        keys |= set(recorded(name).outcomes)
    assert [key for key in sorted(keys) if not any(fits(key, pattern) for pattern in patterns())] == []
    assert [pattern for pattern in patterns() if not any(fits(key, pattern) for key in keys)] == []


def test_a_run_folder_is_as_documented() -> None:
    """The files of a run folder and the columns of the tracks are those of the table."""
    table = rows(section("A run folder"))
    assert [name for cells in table for name in named(cells[0])] == list(store.FILES)
    (columns,) = (named(cells[1])[0] for cells in table if named(cells[0]) == ["tracks.csv"])
    assert columns.replace(" ", "") == store._tracks_csv(recorded("first-intercept")).splitlines()[0]
    assert f"format {store.FORMAT}" in OUTCOMES.read_text(encoding="utf-8")


def test_the_summary_of_many_replications_has_exactly_the_documented_keys() -> None:
    """The object of `-n` and its records are as the table says, and JSON."""
    scenario, document = read("july-2019")
    summary: dict[str, Any] = json.loads(json.dumps(spread.of(scenario, document, 1, 3)))
    table = rows(section("Many replications"))
    assert [key for cells in table for key in named(cells[0])] == list(summary)
    for key in ("reported", "rungs"):
        (cell,) = (cells[1] for cells in table if named(cells[0]) == [key])
        assert {name for row in summary[key] for name in row} == set(named(cell))
    assert all(len(row["share_interval"]) == 2 for row in summary["rungs"])
    assert all(row["p05_p50_p95"] is None or len(row["p05_p50_p95"]) == 3 for row in summary["rungs"])


def test_the_example_in_python_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """What docs/outcomes.md shows for Python does what it says; many replications are a few here."""
    (code,) = re.findall(r"```python\n(.*?)```", section("Many replications"), re.DOTALL)
    scope: dict[str, Any] = {}
    exec(code.replace("100_000", "5").replace("workers=2", "workers=1"), scope)
    outcomes = scope["outcomes"]
    assert len(outcomes) == 5
    assert capsys.readouterr().out.count("\n") == len(outcomes.columns) == len(scope["arrays"])
