"""Running a study: the tables depend on the study alone, and no interruption costs more than the shards in flight."""

from __future__ import annotations

import json
import os
import random
import re
import shlex
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sim import folders, histograms, shards, sweep_report
from sim import sweep as sweep_module
from sim.errors import InputError, SweepError, WorkerError
from sim.folders import folder_of
from sim.many import simulate
from sim.run import prepare
from sim.spread import wilson
from sim.study import Plan, read
from sim.sweep import Goal, Job, sweep
from tests.sweeps import CALL, SCRAMBLE, small, swept, tables
from tests.test_cli import call, good, refused

KILLS = int(os.environ.get("INTERCEPT_KILLS", "6"))
"""How often a sweep is killed; set it higher to look harder."""

ARGUMENTS = ["first-intercept", "--vary", f"{SCRAMBLE}=0,200,400", "--vary", f"{CALL}=0,0.1,0.3"]


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return the tables of the small study with 20 replications, run at once in one process."""
    folder = tmp_path_factory.mktemp("right") / "sweep"
    swept(folder)
    return tables(folder)


# ---- the same tables


def test_workers_change_nothing(tmp_path: Path, right: dict[str, bytes]) -> None:
    """Two and three workers write the same bytes as none."""
    for workers in (2, 3):
        swept(tmp_path / str(workers), workers=workers)
        assert tables(tmp_path / str(workers)) == right


def test_workers_within_a_point_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A single point is spread over the workers, in chunks of any size."""
    plan = small(f"{SCRAMBLE}=60")
    swept(tmp_path / "plain", plan, 100, rows=True)
    monkeypatch.setattr(sweep_module, "CHUNK", 30)
    swept(tmp_path / "spread", plan, 100, rows=True, workers=2)
    assert tables(tmp_path / "spread") == tables(tmp_path / "plain")


def test_the_order_changes_nothing(tmp_path: Path, right: dict[str, bytes]) -> None:
    """Shards that are run from the last to the first are the same."""
    folder = folder_of(tmp_path / "sweep")
    job = Job(small(), folder, Goal(20))
    for number in reversed(range(shards.shard_count(9))):
        job(number)
    assert tables(tmp_path / "sweep") == right


def test_points_that_are_run_together_are_as_each_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shard of four points that one batch composes has the same bytes as when it is run point by point."""
    monkeypatch.setattr(shards, "SHARDS_WANTED", 2)
    plan = small(f"{SCRAMBLE}=0,100,200,300,400,500,600,700")
    asked: list[int] = []
    composed = sweep_module._composed

    def noted(prepared: Any, works: Any, own: Any, span: Any) -> Any:
        asked.append(len(works))
        return composed(prepared, works, own, span)

    monkeypatch.setattr(sweep_module, "_composed", noted)
    swept(tmp_path / "together", plan)
    assert asked == [4, 4]
    monkeypatch.setattr(sweep_module, "_composed", None)
    swept(tmp_path / "alone", plan)
    assert tables(tmp_path / "together") == tables(tmp_path / "alone")


@pytest.mark.parametrize("rows", [False, True])
def test_a_top_up_ends_as_if_all_had_been_run_at_once(tmp_path: Path, rows: bool) -> None:
    """Replications 5 to 11 and 12 to 19 are added to those that are there."""
    for count in (5, 12, 20):
        swept(tmp_path / "sweep", replications=count, rows=rows)
    swept(tmp_path / "right", rows=rows)
    assert tables(tmp_path / "sweep") == tables(tmp_path / "right")


def test_what_is_there_is_not_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A finished sweep runs nothing, and a top-up only what is new."""
    swept(tmp_path / "sweep", replications=5)
    ran: list[tuple[int, int]] = []
    whole = sweep_module._spans

    def noted(first: int, end: int) -> list[tuple[int, int]]:
        ran.append((first, end))
        return whole(first, end)

    monkeypatch.setattr(sweep_module, "_spans", noted)
    assert swept(tmp_path / "sweep", replications=5).ran == 0
    assert ran == []
    swept(tmp_path / "sweep", replications=8)
    assert ran == [(5, 8)] * 9


def test_fewer_replications_throw_nothing_away(tmp_path: Path, right: dict[str, bytes]) -> None:
    """A lower -n finds every point with enough."""
    swept(tmp_path / "sweep")
    swept(tmp_path / "sweep", replications=3)
    assert tables(tmp_path / "sweep") == right


def test_the_processes_give_the_same_results(tmp_path: Path, right: dict[str, bytes]) -> None:
    """Row by row the two engines agree; only what was checked is noted differently."""
    swept(tmp_path / "batch")
    swept(tmp_path / "processes", engine="processes")
    batch, processes = (shards.results(folder_of(tmp_path / name)) for name in ("batch", "processes"))
    assert batch.equals(processes)


# ---- interruptions


def started(folder: Path, *more: str) -> subprocess.Popen[bytes]:
    """Start the small study in a process of its own, as the leader of a group."""
    words = [
        sys.executable,
        "-m",
        "sim",
        "sweep",
        *ARGUMENTS,
        "-n",
        "20",
        "-j",
        "2",
        "-o",
        str(folder),
        *more,
    ]
    return subprocess.Popen(
        words,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=hear_interruptions,
    )


def hear_interruptions() -> None:
    """Undo what a shell does to what runs in its background: that it ignores Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def await_shards(folder: Path, process: subprocess.Popen[bytes], count: int) -> None:
    """Wait until so many shards are there, or the process has ended."""
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        if len(list((folder / "results").glob("*.parquet"))) >= count:
            return
        time.sleep(0.005)


def test_a_sweep_that_is_killed_again_and_again_ends_with_the_same_tables(
    tmp_path: Path, right: dict[str, bytes]
) -> None:
    """Killed with -9 at random moments loses no more than the shards in flight; in the end every byte is the same."""
    folder, moments = tmp_path / "sweep", random.Random(20190723)
    for number in range(KILLS):
        process = started(folder)
        await_shards(folder, process, 1 + number * 7 // KILLS)
        time.sleep(moments.random() * 0.2)
        # Now and then only the sweep dies, and its workers find themselves alone.
        (os.killpg if number % 2 else os.kill)(process.pid, signal.SIGKILL)
        process.communicate()
        for name, data in tables(folder).items():
            if folders.PARTIAL not in name:
                assert data == right[name], name
    process = started(folder)
    assert process.wait() == 0, process.communicate()
    process.communicate()
    assert tables(folder) == right
    assert json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["status"] == "complete"


def test_ctrl_c_says_that_the_same_command_goes_on(tmp_path: Path, right: dict[str, bytes]) -> None:
    """It ends with 130 and without a traceback, and the manifest says that it was stopped."""
    folder = tmp_path / "sweep"
    process = started(folder)
    await_shards(folder, process, 1)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    if process.returncode == 0:
        pytest.skip("the sweep had ended")
    assert process.returncode == 130
    assert b"the same command goes on" in told
    assert b"Traceback" not in told
    assert json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["status"] == "stopped"
    swept(folder)
    assert tables(folder) == right


def killed(*_: object) -> None:
    """Be ended by the system, as for want of memory."""
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_lost_worker_ends_the_sweep_and_loses_only_its_shard(
    tmp_path: Path, right: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other shards are kept, and the same call goes on."""
    plain = Plan.scenario_of

    def deadly(plan: Plan, point: int) -> Any:
        return killed() if point == 5 else plain(plan, point)

    with monkeypatch.context() as patched:
        patched.setattr(Plan, "scenario_of", deadly)
        with pytest.raises(WorkerError):
            swept(tmp_path / "sweep", small(), workers=2)
    assert "results/00005.parquet" not in tables(tmp_path / "sweep")
    swept(tmp_path / "sweep", workers=2)
    assert tables(tmp_path / "sweep") == right


def test_the_command_says_after_a_lost_worker_that_it_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With exit code 1 and where the work is kept."""
    plain, own = Plan.scenario_of, os.getpid()
    monkeypatch.setattr(Plan, "scenario_of", lambda *it: plain(*it) if os.getpid() == own else killed())
    result = call("sweep", *ARGUMENTS, "-n", "5", "-j", "2", "-o", tmp_path / "s")
    assert result.exit_code == 1
    assert f"what was done is in {tmp_path / 's'}, and the same command goes on" in result.stderr


# ---- failures


FAILING = f"{SCRAMBLE}.median=10,5000,20"


def test_a_point_that_fails_is_a_row(tmp_path: Path) -> None:
    """The other points are run; the row says why it has no numbers, and it is not run again."""
    summary = swept(tmp_path / "sweep", small(FAILING))
    assert [state.point for state in summary.failed] == [1]
    assert not summary.good
    rows = shards.results(folder_of(tmp_path / "sweep")).to_pylist()
    assert [row["status"] for row in rows] == ["done", "failed", "done"]
    assert "p95" in rows[1]["error"]
    assert rows[1]["rung.flares.share"] is None
    assert rows[1]["replications"] == 0
    assert swept(tmp_path / "sweep", small(FAILING)).ran == 0


def test_fail_fast_ends_at_the_first_failure(tmp_path: Path) -> None:
    """The message names the point, and the shards before it are kept."""
    with pytest.raises(SweepError, match=r"point 1 failed: .*p95"):
        swept(tmp_path / "sweep", small(FAILING), fail_fast=True)
    assert "results/00000.parquet" in tables(tmp_path / "sweep")


def test_a_failed_point_is_run_again_on_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With retry a point that has failed for a passing reason ends as if it never had."""
    plain = Plan.scenario_of

    def failing(plan: Plan, point: int) -> Any:
        if point == 1:
            raise RuntimeError("no luck")
        return plain(plan, point)

    with monkeypatch.context() as patched:
        patched.setattr(Plan, "scenario_of", failing)
        assert (
            swept(tmp_path / "sweep", small(f"{SCRAMBLE}=1,2,3")).failed[0].error == "RuntimeError: no luck"
        )
    swept(tmp_path / "sweep", small(f"{SCRAMBLE}=1,2,3"), retry=True)
    swept(tmp_path / "right", small(f"{SCRAMBLE}=1,2,3"))
    assert tables(tmp_path / "sweep") == tables(tmp_path / "right")


# ---- random numbers and the check


def test_points_with_the_same_values_have_the_same_numbers(tmp_path: Path) -> None:
    """Under common random numbers a point that changes nothing is exactly as the other; independent ones differ."""
    rows = {}
    for independent in (False, True):
        plan = read("first-intercept", [f"{SCRAMBLE}=60,60.0"], independent=independent)
        swept(tmp_path / str(independent), plan, 50)
        one, other = shards.results(folder_of(tmp_path / str(independent))).to_pylist()
        rows[independent] = {key for key in one if key != "point" and one[key] != other[key]}
    assert rows[False] == set()
    assert "rung.detected.at.mean_s" in rows[True]


def test_intervals_of_shares_cover_at_their_rate(tmp_path: Path) -> None:
    """Over 120 points that are the same study anew, 90 to 99 % of the 95 % intervals hold the share of 10,000."""
    plan = read("first-intercept", [f"{SCRAMBLE}={','.join(['60'] * 120)}"], independent=True)
    swept(tmp_path / "s", plan, 40)
    truth = simulate(plan.scenario_of(0), 10_000, seed=999)["rung.flares.at_s"].count() / 10_000
    assert 0.1 < truth < 0.9
    rows = shards.results(folder_of(tmp_path / "s"), ["rung.flares.low_share", "rung.flares.high_share"])
    held = [
        row["rung.flares.low_share"] <= truth <= row["rung.flares.high_share"] for row in rows.to_pylist()
    ]
    assert 0.9 <= sum(held) / len(held) <= 0.99


def test_a_sample_is_checked_with_the_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The manifest says how many replications were run again and that they agree; if one does not, it is told."""
    summary = swept(tmp_path / "sweep")
    assert summary.checked == 8
    check = json.loads((tmp_path / "sweep" / "manifest.json").read_text(encoding="utf-8"))["check"]
    assert check == {"replications": 8, "agree": 8, "differing": {}}
    plain = sweep_module._row

    def wrong(table: Any, place: int) -> dict[str, Any]:
        row = plain(table, place)
        return row if len(table) == 1 else row | {"highest_rung": -1}

    monkeypatch.setattr(sweep_module, "_row", wrong)
    summary = swept(tmp_path / "wrong")
    assert not summary.good
    assert {state.differs for state in summary.differing} == {("highest_rung",)}


# ---- stop rules


def test_a_stop_rule_runs_until_the_interval_is_narrow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every point has the fewest looks after which half the interval is within the bound, or the cap."""
    monkeypatch.setattr(sweep_module, "LOOK", 20)
    goal = Goal(until={"rung.flares": 0.08}, most=100)
    sweep(small(), tmp_path / "sweep", goal=goal, workers=1)
    rows = shards.results(folder_of(tmp_path / "sweep")).to_pylist()
    assert {row["replications"] for row in rows} > {100}
    for point, row in enumerate(rows):
        came = simulate(small().scenario_of(point), 100, 1)["rung.flares.at_s"]
        counts = [count for count in range(20, 101, 20) if half_width(came[:count]) <= 0.08]
        assert row["replications"] == min([*counts, 100]), point


def half_width(column: Any) -> float:
    """Return half the width of the interval of the share in which something happened."""
    low, high = wilson(int(column.count()), len(column))
    return (high - low) / 2


def test_a_stop_rule_does_not_depend_on_what_was_run_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lower cap, then a higher, ends as the higher at once."""
    monkeypatch.setattr(sweep_module, "LOOK", 20)
    goal = Goal(until={"rung.flares": 0.1}, most=200)
    sweep(small(), tmp_path / "steps", goal=replace(goal, most=30), workers=1)
    sweep(small(), tmp_path / "steps", goal=goal, workers=2)
    sweep(small(), tmp_path / "right", goal=goal, workers=1)
    assert tables(tmp_path / "steps") == tables(tmp_path / "right")


def test_an_unknown_outcome_is_refused(tmp_path: Path) -> None:
    """A stop rule names a share, and gets a guess where it does not."""
    with pytest.raises(InputError, match=r'did you mean "rung\.flares"'):
        sweep(small(), tmp_path / "sweep", goal=Goal(until={"rung.flare": 0.1}))
    assert not (tmp_path / "sweep").exists()


# ---- the command line


def test_sweep_and_show_from_the_command_line(tmp_path: Path, right: dict[str, bytes]) -> None:
    """`sweep` prints what `show` prints, in 80 columns, and the tables are those of the library."""
    told = good("sweep", *ARGUMENTS, "-n", "20", "-j", "1", "-o", tmp_path / "s")
    assert tables(tmp_path / "s") == right
    assert told.stdout == good("show", tmp_path / "s").stdout
    assert "9 of 9 points, 20 replications each" in told.stdout
    assert max(len(line) for line in told.stdout.splitlines()) <= 80
    again = good("sweep", *ARGUMENTS, "-n", "20", "-o", tmp_path / "s", "--quiet")
    assert again.stdout == ""


def test_show_prints_json_and_csv(tmp_path: Path) -> None:
    """The object has the manifest's keys; the CSV is the table."""
    swept(tmp_path / "s")
    told = json.loads(good("show", tmp_path / "s", "--json").stdout)
    assert told["kind"] == "sweep"
    assert told["shares"][0]["outcome"] == "rung.detected"
    lines = good("show", tmp_path / "s", "--csv").stdout.splitlines()
    assert len(lines) == 10
    assert lines[0].startswith(f"point,{SCRAMBLE},{CALL},status,error,replications")


@pytest.mark.parametrize("independent", [False, True])
def test_a_replication_of_a_point_is_told_again(tmp_path: Path, independent: bool) -> None:
    """What `show --point` prints runs word for word, and `run` and `explain` give the row that the sweep has kept."""
    folder = tmp_path / "a folder"
    swept(folder, small(independent=independent), replications=3, rows=True)
    told = json.loads(good("show", folder, "--point", 7, "--json").stdout)
    assert told["results"]["point"] == 7
    *_, run_line, explain_line = good("show", folder, "--point", 7).stdout.splitlines()
    assert shlex.split(run_line) == told["command"]
    assert "command.stages.scramble.delay_s=400" in good("show", folder, "--point", 7).stdout
    (kept,) = shards.rows_of(folder_of(folder), 7).slice(2, 1).to_pylist()
    ran = json.loads(good(*shlex.split(run_line)[1:-1], "2", "--json").stdout)
    explained = json.loads(good(*shlex.split(explain_line)[1:-1], "2", "--within", "0", "--json").stdout)
    assert json.loads(good(*explained["command"][1:], "--json").stdout) == ran
    assert explained["highest_rung"] == kept["highest_rung"]
    assert explained["seed"] == told["seed"] == ran["seed"]
    assert explained["overrides"] == told["overrides"]
    clock = prepare(small().scenario).clock
    for key, value in ran["outcomes"].items():
        if key.endswith(".at"):
            step = kept.get(f"{key}_s")
            assert value == (None if step is None else clock.local(step // clock.step_s)), key
        else:
            assert value == kept.get(key), key
    good("plot", "board", folder, "--point", 7, "-r", 2, "-o", tmp_path / "board.png")


def test_a_point_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """So are a sweep without a point, another seed, a change, and a point of what is no sweep."""
    folder = tmp_path / "s"
    swept(folder, replications=1)
    plot = ["plot", "board", "-o", str(tmp_path / "x.png")]
    for command in (["show"], ["run"], ["explain"], plot):
        assert "must be from 0 to 8" in refused(*command, folder, "--point", 9)
    for command in (["run"], ["explain"]):
        assert "say which of its points with --point" in refused(*command, folder)
    for command in (["run"], ["explain"], plot):
        assert "the point was run with 1" in refused(*command, folder, "--point", 1, "--seed", 2)
        assert "--set: changes a scenario" in refused(*command, folder, "--point", 1, "--set", "a=1")
        assert "is no folder; wanted is that of a sweep" in refused(*command, "first-intercept", "--point", 1)


def test_show_names_words_that_are_varied(tmp_path: Path) -> None:
    """Where values are no numbers, each stands in the table as it is written, and in JSON; numbers have two ends."""
    law = '{ dist = "uniform", low = 1, high = 2 }'
    vary = ["warning.west.per=zone,airspace", f"{SCRAMBLE}={law},30", f"{CALL}=0,0.3"]
    swept(tmp_path / "s", small(*vary), 1)
    shown = " ".join(good("show", tmp_path / "s", COLUMNS="200").stdout.split())
    assert f"warning.west.per zone, airspace {SCRAMBLE} {law}, 30 {CALL} 0 0.3 2" in shown
    told = json.loads(good("show", tmp_path / "s", "--json").stdout)["varied"]
    assert [row.get("words") for row in told] == [["zone", "airspace"], [law, "30"], None]
    assert [row["values"] for row in told] == [2, 2, 2]
    assert [row.get("greatest") for row in told] == [None, None, 0.3]
    text = (Path(__file__).parent.parent / "docs" / "studies.md").read_text(encoding="utf-8")
    assert "`words`" in text


def test_show_shows_a_single_run_too(tmp_path: Path) -> None:
    """A folder of `run -o` is shown as it was when it was run."""
    ran = good("run", "first-intercept", "-o", tmp_path / "run")
    assert good("show", tmp_path / "run").stdout == ran.stdout
    assert "holds no sweep" in refused("show", tmp_path)
    assert "is no folder; wanted is that of a sweep" in refused("show", tmp_path / "nowhere")
    asked = refused("show", tmp_path / "run", "--csv", "--point", 1, "--outcome", "rung.flares")
    assert [line.partition(":")[0] for line in asked.splitlines()] == ["--csv", "--outcome", "--point"]


def test_the_keys_of_json_are_documented(tmp_path: Path) -> None:
    """Every key of `show --json`, of its records and of a dry run stands in docs/studies.md."""
    swept(tmp_path / "s", replications=1)
    sweep = json.loads(good("show", tmp_path / "s", "--json").stdout)
    point = json.loads(good("show", tmp_path / "s", "--point", 1, "--json").stdout)
    dry = json.loads(good("sweep", *ARGUMENTS, "--dry-run", "--json").stdout)
    keys = {*sweep, *point, *dry, *sweep["varied"][0], *(sweep["effects"] or [{}])[0]}
    keys |= {key.replace("greatest", "least") for key in sweep["shares"][0]}
    text = (Path(__file__).parent.parent / "docs" / "studies.md").read_text(encoding="utf-8")
    assert not [key for key in sorted(keys) if f"`{key}`" not in text]


def test_an_option_of_another_design_is_refused(tmp_path: Path) -> None:
    """What would change nothing is not taken in silence."""
    grid = ("sweep", "first-intercept", "--vary", f"{SCRAMBLE}=60,120", "-n", 1, "-o", tmp_path / "s")
    told = refused(*grid, "--points", 8, "--trajectories", 4)
    assert told.splitlines() == [
        "--points: is for latin-hypercube, sobol, saltelli, and the design is grid; leave it out",
        "--trajectories: is for morris, and the design is grid; leave it out",
    ]
    assert refused(*grid, "--most", 100).startswith("--most: is where --until gives up")
    assert not (tmp_path / "s").exists()


def test_what_is_wrong_on_the_command_line_is_told_of_its_option(tmp_path: Path) -> None:
    """Neither the scenario's file nor `vary.0` was typed by anybody."""
    folder = ("-o", tmp_path / "s")
    told = refused("sweep", "first-intercept", "--vary", f"{SCRAMBLE}=60:240:0", *folder)
    assert told == f"--vary: {SCRAMBLE}: step is 0, must be more than 0\n"
    told = refused("sweep", "first-intercept", "--vary", f"{SCRAMBLE}=60:240", "--design", "sobl", *folder)
    assert told.startswith('--design: is "sobl", must be one of "grid"')
    assert 'did you mean "authority-and-flares"?' in refused("sweep", "authority-and-flars", *folder)


def test_a_folder_that_cannot_be_made_is_wrong_input(tmp_path: Path) -> None:
    """A file in its place, or an address that nothing opens, ends before anything is run."""
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    study = ("sweep", "first-intercept", "--vary", f"{SCRAMBLE}=60,120", "-n", 1, "-o")
    for folder in (tmp_path / "file", tmp_path / "file" / "s"):
        assert "cannot be made: " in refused(*study, folder)
    assert "Protocol not known: nowhere" in refused(*study, "nowhere://there/s")
    assert (tmp_path / "file").read_text(encoding="utf-8") == "mine"


def test_the_folder_of_a_sweep_is_no_run(tmp_path: Path) -> None:
    """What wants one replication says how to come by one, and a run does not take the sweep's place."""
    folder = tmp_path / "s"
    swept(folder, replications=1)
    before = tables(folder)
    for command in (("page", "replay"), ("export",), ("film",)):
        suffix = {"page": "html", "export": "kml", "film": "gif"}[command[0]]
        told = refused(*command, folder, "-o", tmp_path / f"x.{suffix}")
        assert f"run a point of it first: intercept run {folder} --point 0 -o DIR" in told
    told = refused("run", "first-intercept", "-o", folder, "--force")
    assert "so --force does not replace it" in told
    assert tables(folder) == before


def test_a_dry_run_counts_and_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Points, replications and an estimate of the time; and which points will fail."""
    monkeypatch.chdir(tmp_path)
    told = good("sweep", "first-intercept", "--vary", FAILING, "-n", "20", "--dry-run", "-o", "s")
    assert re.match(r"3 points of a grid design, 60 replications in all\nabout \d+ (s|min)", told.stdout)
    assert "point 1 will fail" in told.stderr
    assert not (tmp_path / "s").exists()
    as_json = json.loads(good("sweep", *ARGUMENTS, "--dry-run", "--json").stdout)
    assert (as_json["points"], as_json["replications_in_all"]) == (9, 9000)


def test_a_failed_point_sets_the_exit_code(tmp_path: Path) -> None:
    """1, with the reason on stderr; the summary counts it."""
    result = call("sweep", "first-intercept", "--vary", FAILING, "-n", "5", "-o", tmp_path / "s")
    assert result.exit_code == 1
    assert "point 1 failed: " in result.stderr
    assert "2 of 3 points, 1 failed" in result.stdout
    assert "failed" in good("show", tmp_path / "s", "--point", 1).stdout


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["first-intercept", "-o", "s"], "name what to vary with --vary"),
        (["authority-and-flares", "--vary", "a=1", "-o", "s"], "is a study and says itself"),
        ([*ARGUMENTS], "-o: is missing"),
        ([*ARGUMENTS, "--design", "gird", "-o", "s"], 'did you mean "grid"'),
        ([*ARGUMENTS, "--until", "rung.flares", "-o", "s"], "is not of the form OUTCOME:WIDTH"),
        ([*ARGUMENTS, "--until", "rung.flares:0.1", "-n", "5", "-o", "s"], "is instead of -n"),
        ([*ARGUMENTS, "--until", "rung.flare:0.1", "-o", "s"], 'did you mean "rung.flares"'),
        (["frist-intercept", "--vary", "a=1", "-o", "s"], 'did you mean "first-intercept"'),
    ],
)
def test_wrong_options_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, args: list[str], message: str
) -> None:
    """With exit code 2, before anything is written."""
    monkeypatch.chdir(tmp_path)
    assert message in refused("sweep", *args)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("terminal", "lines"), [(False, 9), (True, 1)])
def test_progress_is_told_with_rate_and_time_left(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, terminal: bool, lines: int
) -> None:
    """A line for each tenth where lines stay; on a terminal one line that is written over."""
    now = [0.0]
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    progress = sweep_report.SweepProgress()
    for done in range(101):
        now[0] = done * 2.0
        progress(done, 100)
    told = capsys.readouterr().err
    assert "10 of 100 points, 0.5 a second, 3 min 00 s left" in told
    assert told.count("\n") == lines + (0 if terminal else 1)
    assert told.endswith("100 points in 3 min 20 s\n") or terminal


# ---- histograms


def test_histograms_of_parts_add_up() -> None:
    """Counted in three parts or at once, every value came as often."""
    scenario = small().scenario
    whole = histograms.of(simulate(scenario, 90, 3))
    parts = [histograms.of(simulate(scenario, 30, 3, first=first)) for first in (0, 30, 60)]
    added = histograms.merged(parts, whole.names)
    assert histograms.summary(added) == histograms.summary(whole)
    assert (added.values == whole.values).all()
    assert (added.counts == whole.counts).all()
