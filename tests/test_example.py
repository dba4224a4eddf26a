"""What is shown when neither a seed nor a replication is asked for: the scenario's example."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from sim import cli
from sim.document import digest, load
from sim.scenario import read, shown

FIRST = "first-intercept"
EXAMPLE = ["--set", "scenario.example={ seed = 3, replication = 5 }"]


def call(*args: object) -> Any:
    """Run the command line in this process on a terminal of 80 columns."""
    return CliRunner().invoke(cli.app, [str(arg) for arg in args], env={"COLUMNS": "80"})


def told(*args: object) -> tuple[int, int]:
    """Return seed and replication that `run --json` states."""
    found = json.loads(call("run", FIRST, "--json", *args).stdout)
    return found["seed"], found["replication"]


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ([], (3, 5)),
        (["--seed", 2], (2, 0)),
        (["--seed", 3], (3, 0)),
        (["-r", 7], (1, 7)),
        (["-r", 0], (1, 0)),
        (["--seed", 4, "-r", 6], (4, 6)),
        (["-n", 1], (1, 0)),
        (["-n", 1, "-r", 5], (1, 5)),
    ],
)
def test_the_example_is_shown_where_nothing_is_asked_for(
    given: list[object], wanted: tuple[int, int]
) -> None:
    """A seed or a number that is given, and a count, go before the example; what is missing is seed 1, number 0."""
    assert told(*EXAMPLE, *given) == wanted


def test_without_an_example_it_is_replication_0_of_seed_1() -> None:
    """A scenario need not name one."""
    assert told() == (1, 0)


def test_many_replications_begin_at_0_of_seed_1() -> None:
    """The example is one replication to look at, and no place to begin to count."""
    summary = json.loads(call("run", FIRST, *EXAMPLE, "-n", 3, "--json").stdout)
    assert (summary["seed"], summary["first_replication"], summary["replications"]) == (1, 0, 3)


def test_the_example_changes_no_result() -> None:
    """The hash of a scenario leaves it out, and so does every event."""
    plain, named = load(FIRST), load(FIRST, EXAMPLE[1:])
    assert named.data["scenario"]["example"] == {"seed": 3, "replication": 5}
    assert digest(named.data) == digest(plain.data)
    events = [
        json.loads(call("run", FIRST, "--json", "-r", 2, *changed).stdout)["events"]
        for changed in ([], EXAMPLE)
    ]
    assert events[0] == events[1]


def test_a_table_of_that_name_elsewhere_is_hashed() -> None:
    """Whoever names a post `example` changes the scenario by it."""
    plain = load(FIRST).data
    changed = {**plain, "command": {**plain["command"], "example": {"label": "x"}}}
    assert digest(changed) != digest(plain)


def test_the_terminal_says_that_it_is_the_example() -> None:
    """One line says so, and what shows the spread; it is missing where another replication is shown."""
    line = "This replication is the scenario's example; -n 1000 shows the spread of many."
    assert line in call("run", FIRST, *EXAMPLE).stdout.splitlines()
    assert line in call("run", FIRST, *EXAMPLE, "--seed", 3, "-r", 5).stdout.splitlines()
    assert "example" not in call("run", FIRST, *EXAMPLE, "-r", 5).stdout
    assert "example" not in call("run", FIRST).stdout


def test_explain_and_figures_take_the_same_one(tmp_path: Path) -> None:
    """What is explained, drawn or exported of a scenario is what `run` shows of it."""
    explained = json.loads(call("explain", FIRST, *EXAMPLE, "--within", 0, "--json").stdout)
    assert (explained["seed"], explained["replication"]) == (3, 5)
    assert call("plot", "map", FIRST, *EXAMPLE, "-o", tmp_path / "map.svg").exit_code == 0
    assert "seed 3" in (tmp_path / "map.svg").read_text(encoding="utf-8")


def test_a_finished_run_takes_no_other_seed(tmp_path: Path) -> None:
    """A seed or replication for a run folder would be lost, and is refused."""
    folder = tmp_path / "run"
    assert call("run", FIRST, "-q", "-o", folder).exit_code == 0
    result = call("explain", folder, "--seed", 2, "-r", 1, "--within", 0)
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        "--replication: changes what is simulated, but RUN is a folder of a finished run",
        "--seed: changes what is simulated, but RUN is a folder of a finished run",
    ]


@pytest.mark.parametrize(
    ("example", "problem"),
    [
        ("{ seed = 1 }", "scenario.example.replication: is missing"),
        ("{ replication = -1 }", "scenario.example.replication: is -1, must be at least 0"),
        ("{ replication = 1.5 }", "scenario.example.replication: is 1.5"),
        ("{ replication = 1, sed = 2 }", "did you mean"),
    ],
)
def test_a_wrong_example_is_refused(example: str, problem: str) -> None:
    """It is declared like every quantity: with bounds, and no other keys."""
    result = call("run", FIRST, "--set", f"scenario.example={example}")
    assert result.exit_code == 2
    assert problem in result.stderr


def test_the_example_of_july_bears_out_all_that_is_undisputed() -> None:
    """Whoever runs the scenario for the first time sees a morning in which every undisputed fact comes out."""
    scenario, _ = read("july-2019")
    assert scenario.scenario.example is not None
    found = json.loads(call("run", "july-2019", "--json").stdout)
    assert (found["seed"], found["replication"]) == shown(scenario, None, None)
    undisputed = [row for row in found["reported"] if not row["disputed"]]
    assert sum(row["role"] == "check" for row in undisputed) == 15
    assert [row["id"] for row in undisputed if not row["ok"]] == []
