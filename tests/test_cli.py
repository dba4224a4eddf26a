"""The command line: what goes to stdout and stderr, with which exit code, and never a traceback."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from sim import batch, cli, store, terminal
from sim.commands import replay
from sim.document import bundled

BUNDLED = sorted(bundled())
RUN_KEYS = [
    *["scenario", "hash", "seed", "replication", "step_s", "start", "events", "outcomes", "reported", "rungs"]
]
SPREAD_KEYS = [
    *["scenario", "hash", "seed", "first_replication", "replications", "engine", "handed_over"],
    *["reported", "rungs"],
]


def call(*args: object, **environment: str) -> Any:
    """Run the command line in this process on a terminal of 80 columns."""
    result = CliRunner().invoke(cli.app, [str(arg) for arg in args], env={"COLUMNS": "80", **environment})
    assert "Traceback" not in result.output
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def good(*args: object, **environment: str) -> Any:
    """Run the command line and expect success."""
    result = call(*args, **environment)
    assert result.exit_code == 0, result.stderr
    return result


def refused(*args: object) -> str:
    """Run the command line, expect exit code 2 and nothing on stdout; return what stands on stderr."""
    result = call(*args)
    assert result.exit_code == 2
    assert result.stdout == ""
    return result.stderr


def process(*args: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own."""
    return subprocess.run(
        [sys.executable, *args], capture_output=True, text=True, check=False, timeout=120, **options
    )


# ---- run


def test_run_prints_one_json_object_with_the_documented_keys() -> None:
    """With --json stdout holds one object and nothing else, and stderr nothing."""
    result = good("run", "first-intercept", "--json")
    shown = json.loads(result.stdout)
    assert list(shown) == RUN_KEYS
    assert result.stdout.count("\n") == 1
    assert result.stderr == ""
    assert (shown["scenario"], shown["seed"], shown["replication"]) == ("first-intercept", 1, 0)


def test_run_prints_one_json_object_of_many_replications() -> None:
    """With --json and -n stdout holds one object with shares and quantiles."""
    result = good("run", "first-intercept", "--json", "-n", 3, "--seed", 5, "-r", 2)
    shown = json.loads(result.stdout)
    assert list(shown) == SPREAD_KEYS
    assert (shown["replications"], shown["seed"], shown["first_replication"]) == (3, 5, 2)
    assert list(shown["rungs"][0]) == ["name", "n", "reached", "share", "share_interval", "p05_p50_p95"]


def test_what_was_reported_is_told_alike_of_one_replication_and_of_many() -> None:
    """Both objects have it in the form of what was simulated, fact by fact."""
    one, many = (json.loads(good("run", "july-2019", "--json", "-n", count).stdout) for count in (1, 2))
    told = {row["id"]: row["reported"] for row in one["reported"]}
    assert {row["id"]: row["reported"] for row in many["reported"]} == told
    times = [row for row in one["reported"] if "gap_s" in row and isinstance(row["reported"], str)]
    assert {row["reported"][8:] for row in times} == {one["start"][19:]}


def test_engine_and_jobs_change_nothing_but_the_time() -> None:
    """The same numbers are printed by both engines, and by one and two workers."""
    plain = json.loads(good("run", "first-intercept", "--json", "-n", 40).stdout)
    assert plain["engine"] == "batch"
    assert json.loads(good("run", "first-intercept", "--json", "-n", 40, "-j", 2).stdout) == plain
    slow = json.loads(good("run", "first-intercept", "--json", "-n", 40, "--engine", "processes").stdout)
    assert slow == plain | {"engine": "processes"}


def test_what_was_handed_over_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line below the table says which share the batch could not compose; without any there is none."""
    words = "of the replications could not be composed"
    assert words not in good("run", "first-intercept", "-n", 8).stdout
    compose = batch.compose

    def handing_over(*args: Any) -> Any:
        composed = compose(*args)
        composed.handed_over[:2] = True
        return composed

    monkeypatch.setattr(batch, "compose", handing_over)
    assert f"25 % {words}" in good("run", "first-intercept", "-n", 8).stdout


def test_many_replications_of_a_scenario_that_asks_nothing_say_so() -> None:
    """Without facts and rungs there is no table to print, and a line says where the outcomes are."""
    scenario = Path(__file__).parent / "known" / "chord.toml"
    assert "neither [facts]" in good("run", scenario, "-n", 2, "--set", "facts={}").stdout
    assert "neither" not in good("run", "first-intercept", "-n", 2).stdout


def test_json_and_a_run_folder_hold_the_same(tmp_path: Path) -> None:
    """The object on stdout is what the folder keeps; the word about the folder goes to stderr."""
    result = good("run", "first-intercept", "--json", "-o", tmp_path / "run", "-r", 3)
    shown, kept = json.loads(result.stdout), store.read(tmp_path / "run")
    assert shown == json.loads(json.dumps(store.as_object(kept)))
    assert result.stderr.startswith(f"wrote {tmp_path}/run/: manifest.json, ")


def test_the_same_seed_prints_the_same_and_another_another() -> None:
    """Scenario, seed and replication settle what is printed."""
    first = good("run", "first-intercept", "--json").stdout
    assert good("run", "first-intercept", "--json").stdout == first
    assert good("run", "first-intercept", "--json", "--seed", 2).stdout != first
    assert good("run", "first-intercept", "--json", "--replication", 1).stdout != first


def test_an_override_changes_the_run_and_its_hash() -> None:
    """What --set changes is in the hash and in the events."""
    plain = json.loads(good("run", "first-intercept", "--json").stdout)
    slow = json.loads(
        good("run", "first-intercept", "--json", "--set", "command.stages.scramble.delay_s=600").stdout
    )
    assert slow["hash"] != plain["hash"]
    taken = [next(e["step"] for e in run["events"] if e["kind"] == "airborne") for run in (plain, slow)]
    assert taken[1] > taken[0] + 400


def test_quiet_prints_nothing_but_json(tmp_path: Path) -> None:
    """With --quiet stdout and stderr are empty; with --json too, stdout has the object."""
    result = good("run", "first-intercept", "--quiet", "-o", tmp_path / "run")
    assert (result.stdout, result.stderr) == ("", "")
    assert (tmp_path / "run" / "manifest.json").is_file()
    result = good("run", "first-intercept", "-q", "-n", 2)
    assert (result.stdout, result.stderr) == ("", "")
    assert list(json.loads(good("run", "first-intercept", "-q", "--json").stdout)) == RUN_KEYS


def test_run_writes_nothing_unless_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without -o the working folder stays empty."""
    monkeypatch.chdir(tmp_path)
    good("run", "first-intercept")
    good("run", "first-intercept", "-n", 2)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", BUNDLED)
@pytest.mark.parametrize("columns", [80, 130])
def test_tables_fit_the_terminal(name: str, columns: int) -> None:
    """No line is wider than the terminal, nothing is cut short, and the two tables stand in line."""
    for more in ((), ("-n", 2)):
        lines = good("run", name, *more, COLUMNS=str(columns)).stdout.splitlines()
        assert max(len(line) for line in lines) <= columns
        assert not any("…" in line for line in lines)
    heads = [
        [match.start() for match in re.finditer(r"\S+", line)][-1]
        for line in good("run", name, COLUMNS=str(columns)).stdout.splitlines()
        if line.startswith("simulated")
    ]
    assert len(set(heads)) <= 1


def test_a_wide_terminal_needs_no_second_line() -> None:
    """At 130 columns each row of the July table is one line, at 80 some are two."""
    lines = {
        columns: good("run", "july-2019", COLUMNS=str(columns)).stdout.splitlines() for columns in (80, 130)
    }
    assert len(lines[130]) < len(lines[80])


def test_output_to_a_file_has_no_control_characters() -> None:
    """Colours are for terminals."""
    assert "\x1b" not in good("run", "july-2019").stdout


def test_the_table_names_seed_replication_and_hash() -> None:
    """Whoever keeps the text can run it again."""
    shown = json.loads(good("run", "first-intercept", "--json", "--seed", 7, "-r", 4).stdout)
    text = good("run", "first-intercept", "--seed", 7, "-r", 4).stdout
    assert f"first-intercept: seed 7, replication 4, scenario {shown['hash']}" in text
    assert "seed 7" in good("run", "first-intercept", "--seed", 7, "-n", 2).stdout


# ---- run, refused


def test_an_unknown_scenario_is_answered_with_the_nearest() -> None:
    """A slip in the name of a bundled scenario is shown with what was probably meant."""
    assert 'did you mean "july-2019"?' in refused("run", "july2019")
    assert "the bundled ones are: first-intercept, july-2019" in refused("run", "nowhere.toml")


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("x", '--set: "x" is not of the form path.to.key=value'),
        ("command.stages.scramble.dely_s=3", 'did you mean "delay_s"?'),
        ("command.stages.scramble.delay_s=-5", "must be at least 0"),
        ("command.stages.scramble.delay_s=soon", "--set: command.stages.scramble.delay_s: "),
        ("command.stage.scramble.delay_s=3", 'did you mean "stages"?'),
        ("intruders.bear.route.9.lat_deg=3", "wanted a position from 0 to 2"),
        ("clock.end=", "has no value after the equals sign"),
    ],
)
def test_a_bad_override_is_told(override: str, words: str) -> None:
    """An override without a place or with a wrong value is told in one line."""
    text = refused("run", "first-intercept", "--set", override)
    assert words in text
    assert text.count("\n") == 1


def test_a_folder_that_is_there_is_told_before_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for a run that could not be kept."""
    good("run", "first-intercept", "-q", "-o", tmp_path / "run")
    monkeypatch.setattr(replay, "record", lambda *_: pytest.fail("it ran"))
    assert "already exists" in refused("run", "first-intercept", "-o", tmp_path / "run")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "x").touch()
    assert "is no run folder" in refused("run", "first-intercept", "--force", "-o", tmp_path / "mine")


def test_force_replaces_a_run(tmp_path: Path) -> None:
    """With --force the folder holds the new run."""
    good("run", "first-intercept", "-q", "-o", tmp_path / "run")
    good("run", "first-intercept", "-q", "-o", tmp_path / "run", "--force", "--seed", 8)
    assert store.read(tmp_path / "run").manifest["seed"] == 8


@pytest.mark.parametrize(
    "command",
    [
        *(["show"], ["explain"], ["plot", "board", "-o", "a.png"], ["plot", "race", "-o", "a.png"]),
        *(["page", "replay", "-o", "a.html"], ["export", "-o", "a.kml"], ["film", "-o", "a.gif"]),
    ],
)
def test_a_damaged_run_folder_is_refused_by_every_command(tmp_path: Path, command: list[str]) -> None:
    """A log that has lost its first lines ends in one line with the file, what came, and what to do."""
    folder = tmp_path / "run"
    good("run", "first-intercept", "-q", "-o", folder)
    log = folder / "events.jsonl"
    log.write_text("".join(log.read_text(encoding="utf-8").splitlines(keepends=True)[20:]), encoding="utf-8")
    told = "is damaged: line 1 is event 20, must be 0: lines are gone or moved; run the scenario again"
    options = [str(tmp_path / word) if word.startswith("a.") else word for word in command]
    assert refused(*options, folder) == f"{log}: {told}\n"


def test_a_run_folder_without_its_log_is_told_as_such(tmp_path: Path) -> None:
    """It is the folder of a run still, and not that of a sweep."""
    folder = tmp_path / "run"
    good("run", "first-intercept", "-q", "-o", folder)
    (folder / "events.jsonl").unlink()
    assert refused("show", folder) == f"{folder}: is no run folder: it lacks events.jsonl\n"


def test_many_replications_are_not_kept_in_a_folder(tmp_path: Path) -> None:
    """-n with -o is refused with what to do instead."""
    assert "choose it with --replication" in refused(
        "run", "first-intercept", "-n", 2, "-o", tmp_path / "run"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("--seed", "-1"), "--seed"),
        (("--seed", "x"), "--seed"),
        (("-n", "0"), "-n"),
        (("-n", "100000001"), "-n"),
        (("--jobs", "0"), "--jobs"),
        (("--engine", "steam"), "--engine"),
        (("--replication", "-1"), "--replication"),
        (("--frobnicate",), "--frobnicate"),
    ],
)
def test_a_wrong_option_is_told(args: tuple[str, ...], words: str) -> None:
    """The option is named, with exit code 2."""
    assert words in refused("run", "first-intercept", *args)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\x89PNG\r\n\x1a\n\x00\xff\xfe", "is not UTF-8"),
        (b"", "scenario: is missing"),
        (b"\x00\x01", "is not TOML"),
        (b"[scenario\n", "is not TOML"),
        (b"extends = 3\n", "must be the name of one scenario"),
        ("extends = 'first-intercept'\nclock = 5".encode("utf-16"), "is not UTF-8"),
        (b"a = " + b"[" * 5000, "nested too deeply"),
    ],
)
def test_what_is_no_scenario_is_told(tmp_path: Path, data: bytes, words: str) -> None:
    """Binary, empty and broken files end in a message that names the file."""
    file = tmp_path / "mine.toml"
    file.write_bytes(data)
    for command in ("run", "check"):
        text = refused(command, file)
        assert words in text
        assert all(line.startswith(str(file)) for line in text.splitlines())


@pytest.mark.parametrize("text", ["\ufeff{}", "{}"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_byte_order_mark_and_line_ends_change_nothing(tmp_path: Path, text: str, end: str) -> None:
    """A file of another editor gives the same run."""
    body = end.join(["extends = 'first-intercept'", "[command.stages.scramble]", "delay_s = 77", ""])
    file = tmp_path / "mine.toml"
    file.write_bytes(text.format(body).encode())
    want = good("run", "first-intercept", "--json", "--set", "command.stages.scramble.delay_s=77").stdout
    assert json.loads(good("run", file, "--json").stdout)["events"] == json.loads(want)["events"]


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file without permission is told with the system's reason."""
    file = tmp_path / "mine.toml"
    file.touch()

    def denied(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", denied)
    assert refused("run", file) == f"{file}: cannot be read: Permission denied\n"


def test_a_folder_is_no_scenario(tmp_path: Path) -> None:
    """A folder in the place of a file is told as such."""
    assert "is a folder" in refused("run", tmp_path)


# ---- check, list, new, schema


def test_check_tells_what_is_in_good_files(tmp_path: Path) -> None:
    """Each good file has a line on stdout with its counts."""
    result = good("check", *BUNDLED)
    assert [line.split(":")[0] for line in result.stdout.splitlines()] == BUNDLED
    assert "3 zones, 3 stages, 2 pairs, 0 facts" in result.stdout
    assert result.stderr == ""


def test_check_tells_all_errors_of_all_files(tmp_path: Path) -> None:
    """Good files are told on stdout, the errors of the others on stderr, with exit code 2."""
    for name in ("one", "two"):
        text = f'extends = "first-intercept"\nzones.zone.owner = "x"\ncrew.bear.post = "{name}"\n'
        (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
    result = call("check", tmp_path / "one.toml", "first-intercept", tmp_path / "two.toml")
    assert result.exit_code == 2
    assert result.stdout.startswith("first-intercept: ok, ")
    assert [line.split(": ")[:2] for line in result.stderr.splitlines()] == [
        [f"{tmp_path}/{name}.toml:{line}", key]
        for name in ("one", "two")
        for line, key in ((2, "zones.zone.owner"), (3, "crew.bear.post"))
    ]


def test_list_names_the_bundled_scenarios() -> None:
    """A line each, or a JSON array; each file is there."""
    assert [line.split()[0] for line in good("list").stdout.splitlines()] == BUNDLED
    rows = json.loads(good("list", "--json").stdout)
    assert [row["name"] for row in rows] == BUNDLED
    assert all(list(row) == ["name", "title", "file"] and Path(row["file"]).is_file() for row in rows)


def test_new_check_and_run_work_one_after_the_other(tmp_path: Path) -> None:
    """The file that `new` writes passes the check, runs like the bundled one, and has its schema beside it."""
    result = good("new", tmp_path / "mine")
    assert result.stdout == ""
    file = tmp_path / "mine.toml"
    assert str(file) in result.stderr
    assert good("check", file).stdout.startswith(f"{file}: ok, ")
    mine, bundled_run = (json.loads(good("run", name, "--json").stdout) for name in (file, "first-intercept"))
    assert mine["scenario"] == "mine"
    assert (mine["hash"], mine["events"]) == (bundled_run["hash"], bundled_run["events"])
    schema = (tmp_path / "scenario.schema.json").read_text(encoding="utf-8")
    assert schema == good("schema").stdout


def test_new_overwrites_nothing(tmp_path: Path) -> None:
    """A file that exists stays, also the schema; a missing folder is told."""
    (tmp_path / "mine.toml").write_text("mine", encoding="utf-8")
    (tmp_path / "scenario.schema.json").write_text("mine", encoding="utf-8")
    assert "already exists" in refused("new", tmp_path / "mine.toml")
    good("new", tmp_path / "other.toml")
    assert (tmp_path / "mine.toml").read_text(encoding="utf-8") == "mine"
    assert (tmp_path / "scenario.schema.json").read_text(encoding="utf-8") == "mine"
    assert "is no folder; make it first" in refused("new", tmp_path / "none" / "mine.toml")
    assert "is no name for a file" in refused("new", "")


def test_new_that_cannot_write_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk is a message."""

    def full(*args: object, **kwargs: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    assert "cannot be written: No space left on device" in refused("new", tmp_path / "mine.toml")


def test_schema_is_json_on_stdout() -> None:
    """The schema is one JSON object of draft 4."""
    result = good("schema")
    assert json.loads(result.stdout)["$schema"] == "http://json-schema.org/draft-04/schema#"
    assert result.stderr == ""


def test_without_a_command_the_help_is_shown() -> None:
    """The help names every command in a line that is not cut short."""
    text = call().output
    for command in typer.main.get_command(cli.app).commands:  # type: ignore[attr-defined]
        assert re.search(rf"^  {command} +\S.*[^.]\.$", text, re.MULTILINE)
    assert good("--help").stdout.splitlines()[0] == good("-h").stdout.splitlines()[0]


# ---- plot


@pytest.mark.parametrize("figure", ["board", "map"])
def test_plot_draws_a_scenario_and_a_run_folder(tmp_path: Path, figure: str) -> None:
    """A figure is written, and the word about it goes to stderr."""
    good("run", "first-intercept", "-q", "-o", tmp_path / "run")
    for source, name in (("first-intercept", "one.png"), (str(tmp_path / "run"), "two.svg")):
        result = good("plot", figure, source, "-o", tmp_path / name)
        assert result.stdout == ""
        assert f"wrote {tmp_path / name}" in result.stderr
        assert (tmp_path / name).stat().st_size > 1000


def test_whiskers_are_drawn_by_either_engine(tmp_path: Path) -> None:
    """A board with a spread is the same picture whichever engine ran the replications."""
    for engine in ("batch", "processes"):
        file = tmp_path / f"{engine}.png"
        good("plot", "board", "first-intercept", "-n", 20, "--engine", engine, "-o", file)
    assert (tmp_path / "batch.png").read_bytes() == (tmp_path / "processes.png").read_bytes()


def test_plot_refuses_what_it_cannot_draw(tmp_path: Path) -> None:
    """A wrong ending, an unknown figure, a folder without a run and --set with a run are told."""
    assert ".gif" in refused("plot", "board", "first-intercept", "-o", tmp_path / "x.gif")
    assert "'board', 'race'" in refused("plot", "pie", "first-intercept", "-o", tmp_path / "x.png")
    assert "is no run folder: it lacks" in refused("plot", "board", tmp_path, "-o", tmp_path / "x.png")
    assert "no bundled scenario" in refused("plot", "board", "nowhere", "-o", tmp_path / "x.png")
    good("run", "first-intercept", "-q", "-o", tmp_path / "run")
    text = refused("plot", "map", tmp_path / "run", "-o", tmp_path / "x.png", "--set", "clock.step_s=2")
    assert "RUN is the folder of a single run" in text
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_scenario_without_a_ladder_has_no_figure_of_one(tmp_path: Path) -> None:
    """Empty panels, and the share of a rung that there is not, are refused."""
    bare = tmp_path / "bare.toml"
    bare.write_text('extends = "first-intercept"\n[escalation]\nrungs = []\n', encoding="utf-8")
    to = tmp_path / "x.png"
    variant = ["--variant", "later: command.stages.scramble.delay_s=300"]
    assert "there is no ladder to draw" in refused(
        "plot", "counterfactuals", bare, "-n", 20, *variant, "-o", to
    )
    assert "--outcome: is missing" in refused("plot", "convergence", bare, "-n", 20, "-o", to)
    good("plot", "convergence", bare, "-n", 20, "--outcome", "bear.turns", "-o", to)


def test_letters_that_no_font_has_are_told_once(tmp_path: Path) -> None:
    """A hieroglyph in a name is drawn as a box, and one line says so: no warning with lines of source."""
    bear = tmp_path / "bear.toml"
    text = 'extends = "first-intercept"\n[intruders.bear]\nlabel = "\U00013000"\n'
    bear.write_text(text, encoding="utf-8")
    done = process("-m", "sim", "plot", "map", str(bear), "-o", str(tmp_path / "x.png"))
    assert done.returncode == 0
    note, wrote = done.stderr.splitlines()
    assert note.startswith("note: Glyph 77824")
    assert wrote == f"wrote {tmp_path / 'x.png'}"


# ---- the process as a whole


def test_help_loads_nothing_heavy() -> None:
    """`--help` imports neither the model's libraries nor the figures'."""
    heavy = "matplotlib", "scipy", "pydantic", "simpy", "numpy"
    code = (
        "import sys\nfrom sim.cli import main\nsys.argv = ['intercept', '--help']\n"
        "try:\n    main()\nexcept SystemExit as end:\n"
        f"    print(end.code, [name for name in {heavy!r} if name in sys.modules])\n"
    )
    assert process("-c", code).stdout.splitlines()[-1] == "0 []"


def test_run_loads_neither_figures_nor_scipy() -> None:
    """A run without figures and without a beta-PERT law does not wait for matplotlib or scipy."""
    code = (
        "import sys\nfrom sim.cli import main\nsys.argv = ['intercept', 'run', 'first-intercept', '-q']\n"
        "try:\n    main()\nexcept SystemExit as end:\n"
        "    print(end.code, [n for n in ('matplotlib', 'scipy', 'plots') if n in sys.modules])\n"
    )
    assert process("-c", code).stdout.splitlines()[-1] == "0 []"


def test_progress_is_one_line_written_over_again_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It comes once a second, ends with the sum, and is taken away if the work is broken off."""
    now = [100.0]
    monkeypatch.setattr("time.perf_counter", lambda: now[0])
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    progress = terminal.Progress()
    for seconds, done in ((0.5, 1000), (2.0, 4000), (2.4, 5000), (4.0, 8000)):
        now[0] = 100.0 + seconds
        progress(done, 10_000)
    first = "4,000 of 10,000 replications, 2,000 a second, 3 s left"
    second = "8,000 of 10,000 replications, 2,000 a second, 1 s left"
    assert capsys.readouterr().err == f"\r{first}\r{second}"
    progress.clear()
    assert capsys.readouterr().err == f"\r{' ' * len(second)}\r"
    progress.clear()
    assert capsys.readouterr().err == ""
    now[0] = 106.0
    progress(9_000, 10_000)
    progress(10_000, 10_000)
    last = capsys.readouterr().err.split("\r")[-1]
    assert last.rstrip() == "10,000 replications in 6.0 s"
    assert last.endswith("\n")


def test_progress_into_a_file_is_a_line_now_and_then(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a terminal a line stays, so there are few; a quick run says nothing."""
    now = [100.0]
    monkeypatch.setattr("time.perf_counter", lambda: now[0])
    progress = terminal.Progress()
    for seconds in range(1, 26):
        now[0] = 100.0 + seconds
        progress(seconds, 25)
    progress.clear()
    lines = ["10 of 25 replications, 1 a second, 15 s left", "20 of 25 replications, 1 a second, 5 s left"]
    assert capsys.readouterr().err.splitlines() == lines


@pytest.mark.parametrize("more", [["--json"], []])
def test_a_reader_who_has_gone_is_no_error(more: list[str]) -> None:
    """Output into a closed pipe ends silently, as `| head` must."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        ended = subprocess.run(
            [sys.executable, "-m", "sim", "run", "first-intercept", *more],
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=120,
        )
    finally:
        os.close(writing)
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "euc-kr"])
def test_an_encoding_without_our_signs_is_written_to_as_well_as_it_goes(
    tmp_path: Path, encoding: str
) -> None:
    """What stdout has no letters for is written plainer in tables and escaped in JSON, and is no failure."""
    scenario = tmp_path / "bear.toml"
    text = 'extends = "first-intercept"\n[intruders.bear]\nlabel = "Медведь 熊 ë"\n'
    scenario.write_text(text, encoding="utf-8")

    def printed(*more: str, encoding: str = encoding) -> str:
        environment = {**os.environ, "PYTHONIOENCODING": encoding, "COLUMNS": "80"}
        run = [sys.executable, "-m", "sim", "run", str(scenario), *more]
        done = subprocess.run(run, capture_output=True, check=False, timeout=120, env=environment)
        assert done.returncode == 0, done.stderr
        return done.stdout.decode(encoding)

    assert "airspace violated" in printed()
    assert re.search("100 [(][0-9.]+[-–]100[)]", printed("-n", "20"))
    assert json.loads(printed("--json")) == json.loads(printed("--json", encoding="utf-8"))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
@pytest.mark.parametrize(
    "command", ["run first-intercept", "run first-intercept --json", "schema", "list", "--help"]
)
@pytest.mark.parametrize(
    ("stdout", "why"), [(">&-", "stdout is closed"), (">/dev/full", "No space left on device")]
)
def test_output_that_is_lost_is_a_failure(command: str, stdout: str, why: str) -> None:
    """Whoever asked for data and got none reads why, and the exit code says so to a script."""
    done = shell(command, stdout)
    assert (done.returncode, done.stderr) == (1, f"the output cannot be written: {why}\n")


@pytest.mark.parametrize("stdout", [">&-", ">/dev/null 2>&-", "| head -1 >/dev/null"])
def test_a_command_that_says_nothing_needs_no_stdout(tmp_path: Path, stdout: str) -> None:
    """Where nothing is printed nothing is lost, and who closes stderr wants to hear nothing."""
    done = shell(f"run first-intercept -q -o '{tmp_path}/run'", stdout)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / "run" / "manifest.json").is_file()


def test_progress_needs_no_stderr() -> None:
    """Many replications run as well where nobody hears of them."""
    assert shell("run first-intercept -n 5", ">/dev/null 2>&-").returncode == 0


def shell(command: str, streams: str) -> subprocess.CompletedProcess[str]:
    """Run the command line as a shell does, with its streams turned elsewhere."""
    told = f"'{sys.executable}' -m sim {command} {streams}"
    return subprocess.run(["sh", "-c", told], capture_output=True, text=True, check=False, timeout=120)


def test_an_interruption_is_a_line_and_exit_code_130(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Ctrl-C in the middle of a run leaves nothing behind and no traceback."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(replay, "record", interrupted)
    result = call("run", "first-intercept", "-o", tmp_path / "run")
    assert (result.exit_code, result.stdout) == (130, "")
    assert result.stderr == "interrupted; nothing was written\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("more", [["--engine", "processes"], ["-j", "2"]])
def test_a_real_interruption_ends_with_130(more: list[str]) -> None:
    """The signal of Ctrl-C, which workers get too, ends a long run with 130 and the same line."""
    code = (
        # What runs in the background of a shell ignores Ctrl-C, and hands that on.
        "import os, signal, sys\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from sim import cli, terminal\n"
        "def stop(progress, done, count):\n    os.killpg(0, signal.SIGINT)\n"
        "terminal.Progress.__call__ = stop\n"
        f"sys.argv = ['intercept', 'run', 'first-intercept', '-n', '60000', *{more!r}]\ncli.main()\n"
    )
    ended = process("-c", code, start_new_session=True)
    assert ended.returncode == 130
    assert (ended.stdout, ended.stderr) == ("", "interrupted; nothing was written\n")


def test_an_interruption_while_it_loads_is_no_traceback() -> None:
    """Ctrl-C in the first tenths of a second, while modules are read, ends with 130 and says nothing."""
    code = """
import sys
class Interrupted:
    def find_spec(self, name, path=None, target=None):
        if name == "typer":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupted())
from sim.__main__ import main
main()
"""
    done = process("-c", code)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_the_module_is_the_command() -> None:
    """`python -m sim` is `intercept`, and counts errors of input with exit code 2."""
    ended = process("-m", "sim", "run", "july2019")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("july2019: is no file and no bundled scenario, did you mean")
