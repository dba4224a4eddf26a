"""`intercept plot`: what RUN may be for each figure, what options are for, and all figures at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from sim import cli
from sim.commands.drawing import FIGURES, TAKES
from sim.commands.figures import Figure
from sim.folders import folder_of
from sim.sensitivity import sensitivity
from tests.sweeps import CALL, SCRAMBLE, small, swept

LATER = "Later: command.stages.scramble.delay_s=300"


def plot(*args: Any) -> Result:
    """Run `intercept plot` with these words."""
    return CliRunner().invoke(cli.app, ["plot", *map(str, args)], env={"COLUMNS": "80"})


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a single run."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    result = CliRunner().invoke(cli.app, ["run", "first-intercept", "-q", "-o", str(folder)])
    assert result.exit_code == 0
    return folder


@pytest.fixture(scope="module")
def grid(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a sweep over a grid."""
    folder = tmp_path_factory.mktemp("sweeps") / "grid"
    swept(folder, replications=20)
    return folder


@pytest.fixture(scope="module")
def tornado(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a sweep of one quantity at a time."""
    folder = tmp_path_factory.mktemp("sweeps") / "tornado"
    swept(folder, small(f"{SCRAMBLE}=0,300", f"{CALL}=0,0.2", design="one-at-a-time"), 30)
    return folder


def test_the_figures_of_the_command_are_those_that_can_be_drawn() -> None:
    """`plot` names each figure once, and `all`; every option names figures that there are."""
    assert [figure.value for figure in Figure] == [*FIGURES, "all"]
    assert {name for names in TAKES.values() for name in names} <= set(FIGURES)


def test_all_of_a_run_folder_draws_what_it_has_data_for(run: Path, tmp_path: Path) -> None:
    """Six figures of a single run with a variant; the two that want a sweep are left out with the reason."""
    result = plot("all", run, "-o", tmp_path / "all", "-n", 20, "--variant", LATER)
    assert result.exit_code == 0, result.output
    drawn = {path.stem for path in (tmp_path / "all").iterdir()}
    assert drawn == {"board", "race", "map", "counterfactuals", "approach", "convergence"}
    assert "left out delays: " in result.stderr
    assert "left out sensitivity: " in result.stderr
    assert "is the folder of a single run; a figure of delays wants the folder of a sweep" in result.stderr
    assert result.stdout == ""


def test_all_of_a_sweep_draws_what_it_has_data_for(grid: Path, tornado: Path, tmp_path: Path) -> None:
    """A grid gives delays, one quantity at a time a tornado."""
    for folder, figure in ((grid, "delays"), (tornado, "sensitivity")):
        result = plot("all", folder, "-o", tmp_path / figure, "--format", "svg")
        assert result.exit_code == 0, result.output
        assert [path.name for path in (tmp_path / figure).iterdir()] == [f"{figure}.svg"]
        assert result.stderr.count("left out ") == 7


def test_a_scenario_is_run_as_its_options_say(tmp_path: Path) -> None:
    """Another replication, seed or value gives another picture; the same give the same bytes."""
    bytes_of = {}
    ways: list[list[str]] = [
        [],
        ["-r", "3"],
        ["--seed", "2"],
        ["--set", "command.stages.scramble.delay_s=300"],
        ["-r", "0", "--seed", "1"],
    ]
    for number, options in enumerate(ways):
        path = tmp_path / f"{number}.png"
        assert plot("approach", "first-intercept", "-o", path, *options).exit_code == 0
        bytes_of[number] = path.read_bytes()
    assert bytes_of[0] == bytes_of[4]
    assert len(set(bytes_of.values())) == 4


def test_a_run_folder_and_its_scenario_give_one_picture(run: Path, tmp_path: Path) -> None:
    """What is simulated for a run folder is simulated from its scenario and seed."""
    for name, source in (("run", run), ("scenario", "first-intercept")):
        result = plot("race", source, "-n", 50, "-o", tmp_path / f"{name}.svg")
        assert result.exit_code == 0, result.output
    assert (tmp_path / "run.svg").read_bytes() == (tmp_path / "scenario.svg").read_bytes()


def test_the_object_of_sensitivity_can_be_drawn(tornado: Path, tmp_path: Path) -> None:
    """A JSON file that `intercept sensitivity --json` printed gives the picture of its sweep."""
    names = ["rung.flares", "rung.airspace-violated"]
    told = tmp_path / "told.json"
    told.write_text(json.dumps(sensitivity(folder_of(tornado), names)), encoding="utf-8")
    options = [word for name in names for word in ("--outcome", name)]
    for name, source in (("sweep", tornado), ("json", told)):
        result = plot("sensitivity", source, *options, "-o", tmp_path / f"{name}.svg")
        assert result.exit_code == 0, result.output
    assert (tmp_path / "sweep.svg").read_bytes() == (tmp_path / "json.svg").read_bytes()
    told.write_text("{}", encoding="utf-8")
    result = plot("sensitivity", told, "-o", tmp_path / "x.svg")
    assert result.exit_code == 2
    assert "it lacks kind, scenario" in result.stderr


def test_an_object_of_an_older_version_is_told_what_it_lacks(tornado: Path, tmp_path: Path) -> None:
    """Outcomes without words for them are refused, and nothing is written."""
    found = sensitivity(folder_of(str(tornado)))
    for outcome in found["outcomes"]:
        del outcome["label"]
    (tmp_path / "old.json").write_text(json.dumps(found), encoding="utf-8")
    result = plot("sensitivity", tmp_path / "old.json", "-o", tmp_path / "old.png")
    assert result.exit_code == 2
    assert "`outcomes` lack label; make it again" in result.stderr
    assert not (tmp_path / "old.png").exists()


@pytest.mark.parametrize(
    ("figure", "source", "options", "told"),
    [
        ("race", "grid", [], "the race wants the folder of a single run or a scenario"),
        ("board", "grid", [], "the board wants the folder of a single run or a scenario"),
        ("delays", "run", [], "wants the folder of a sweep"),
        ("delays", "tornado", [], "a surface wants a grid of two"),
        ("sensitivity", "grid", [], "of which there are no indices"),
        ("counterfactuals", "run", [], "name what is changed"),
        ("counterfactuals", "run", ["--variant", "x: nowhere.y=1"], "nowhere"),
        ("delays", "grid", ["--mark", "here"], "is not of the form LABEL: x,y"),
        ("delays", "grid", ["--mark", "far: 9,9"], "9 is outside 0 to 0.3 of crew.bear.turns_share.call"),
        ("delays", "grid", ["--outcome", "rung.flare"], "is no outcome with a share"),
        ("race", "run", ["--mark", "a: 1,2"], "--mark: is for delays, not for race"),
        ("race", "run", ["--flight", "bare"], 'did you mean "bear"'),
        ("race", "run", ["-n", 0], "only the board can do without replications"),
        ("map", "run", ["--seed", 2], "--seed: changes what is simulated"),
        ("convergence", "run", ["--outcome", "rung.x", "--outcome", "rung.y"], "is given twice"),
    ],
)
def test_what_does_not_fit_is_told_and_nothing_is_written(
    request: pytest.FixtureRequest, tmp_path: Path, figure: str, source: str, options: list[Any], told: str
) -> None:
    """A wrong RUN or option ends with 2, says what to do, and leaves no file."""
    result = plot(figure, request.getfixturevalue(source), "-o", tmp_path / "x.png", *options)
    assert result.exit_code == 2, result.output
    assert told in result.stderr.replace("\n", " ")
    assert not list(tmp_path.iterdir())


def test_all_says_what_is_wrong_with_the_folder(run: Path, tmp_path: Path) -> None:
    """A file in the place of the folder, and a RUN of which nothing can be drawn, end with 2."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert "is a file; all figures want a folder" in plot("all", run, "-o", tmp_path / "file").stderr
    empty = tmp_path / "empty"
    empty.mkdir()
    result = plot("all", empty, "-o", tmp_path / "all")
    assert result.exit_code == 2
    assert "is no run folder: it lacks" in result.stderr
    assert not (tmp_path / "all").exists()


def test_all_of_a_wrong_scenario_tells_what_is_wrong_with_it_and_nothing_else(tmp_path: Path) -> None:
    """No figure is blamed for what no figure could be drawn of."""
    wrong = tmp_path / "wrong.toml"
    wrong.write_text('extends = "first-intercept"\nclock.step_s = "x"\n', encoding="utf-8")
    result = plot("all", wrong, "-o", tmp_path / "all")
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert "clock.step_s" in line
    assert not (tmp_path / "all").exists()
