"""Explaining a replication: chains that add up, slack that is exact, and the smallest change that would have done."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from typer.testing import CliRunner

from sim import cli
from sim.catalogue import ALL
from sim.clock import NEVER
from sim.document import digest
from sim.draws import Uniforms
from sim.explain import Case, Reader, critical_paths, explain
from sim.many import Work
from sim.measures import ladder_in_steps
from sim.retiming import Change, Key, Search, Trial, noted, shifted
from sim.run import Prepared, Replication, prepare, replicate
from sim.scenario import read
from sim.store import checksum
from tests.scenarios import Data, scenario_data, scenario_of

FIRST = "first-intercept"
UNIFORMS = Uniforms(1)
KEYS = [
    *["scenario", "hash", "seed", "replication", "overrides", "command"],
    *["step_s", "start", "highest_rung", "highest_rung_name"],
    *["timeline", "paths", "changes"],
]


@cache
def tables(name: str) -> Prepared:
    """Return the tables of a bundled scenario."""
    return prepare(read(name)[0])


@cache
def case(name: str = FIRST, number: int = 0) -> Case:
    """Return a replication of a bundled scenario under seed 1."""
    scenario, document = read(name)
    return Case(scenario, name, digest(document.data), 1, number)


@cache
def explained(number: int = 0) -> dict[str, Any]:
    """Return a replication of the first intercept explained in full."""
    return explain(case(number=number), within_s=600)


def command(*args: object) -> Any:
    """Run the command line on a terminal of 80 columns."""
    return CliRunner().invoke(cli.app, [str(arg) for arg in args], env={"COLUMNS": "80"})


def step_of(replication: Replication, kind: str) -> int:
    """Return the step of the first record of a kind."""
    return replication.log.of_kind(kind)[0].step


def highest(replication: Replication) -> int:
    """Return the place of the highest rung."""
    return int(ladder_in_steps(replication)["highest_rung"])


# ---- running again


@pytest.mark.parametrize(("name", "number"), [(FIRST, 0), (FIRST, 4), ("july-2019", 3)])
def test_listening_and_shifting_by_nothing_leave_the_log_as_it_is(name: str, number: int) -> None:
    """The same events come, record by record, with notes taken and with every duration told to somebody."""
    plain = replicate(tables(name), UNIFORMS, number).log
    assert noted(tables(name), UNIFORMS, number)[0].log == plain
    assert shifted(tables(name), UNIFORMS, number, {}).log == plain


@pytest.mark.parametrize("seconds", [-20, 1, 37])
def test_a_shift_moves_one_delay_and_no_draw(seconds: int) -> None:
    """A decision that takes longer comes later by that, and every other decision takes as long as it did."""
    plain = replicate(tables(FIRST), UNIFORMS, 0)
    key = Key("scramble", "delay bear", 1)
    other = shifted(tables(FIRST), UNIFORMS, 0, {key: seconds})
    assert step_of(other, "scramble") == step_of(plain, "scramble") + seconds
    assert step_of(other, "airborne") == step_of(plain, "airborne") + seconds
    assert step_of(other, "track") == step_of(plain, "track")
    drawn = [{r.kind: r.data["delay_s"] for r in each.log if "delay_s" in r.data} for each in (plain, other)]
    assert drawn[1] == drawn[0] | {"scramble": drawn[0]["scramble"] + seconds}
    assert len(drawn[0]) > 2


def test_no_shift_makes_a_duration_shorter_than_it_can_be() -> None:
    """A decision takes at least one step, however much is taken off."""
    other = shifted(tables(FIRST), UNIFORMS, 0, {Key("scramble", "delay bear", 1): -5000})
    begun = next(r.step for r in other.log.of_kind("stage-started") if r.data["stage"] == "scramble")
    assert step_of(other, "scramble") == begun + 1


# ---- paths


@pytest.mark.parametrize("name", [FIRST, "july-2019"])
def test_what_was_drawn_and_the_rest_add_up(name: str) -> None:
    """Of every event with a cause the drawn delays account for all time but flight and the way to the cockpit."""
    seen = set()
    for number in range(4):
        replication, notes = noted(tables(name), UNIFORMS, number)
        reader = Reader(replication, notes)
        for record in replication.log:
            kind = record.kind
            if kind in ("stage-started", "airborne", "joined", "notices", "turns", "reports") or (
                {"number", "type"} <= record.data.keys() or "delay_s" in record.data
            ):
                step = reader.step(record)
                drawn = sum(delay["drawn_s"] for delay in step["delays"])
                assert drawn + step["rest_s"] == step["after_s"], (number, record)
                if kind not in ("joined", "airborne"):
                    assert step["rest_s"] == 0, (number, record, step)
                    seen.add(kind)
    assert {"stage-started", "block", "notices"} <= seen


@settings(
    max_examples=30,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(scenario_data())
def test_any_event_of_any_scenario_is_read(data: Data) -> None:
    """Every event of a random scenario has drawn delays and a rest that add up, and no slack below 0."""
    replication, notes = noted(prepare(scenario_of(data)), UNIFORMS, 0)
    reader = Reader(replication, notes)
    for record in replication.log:
        step = reader.step(record)
        assert sum(delay["drawn_s"] for delay in step["delays"]) + step["rest_s"] == step["after_s"], record
        assert all(each["ready_s_before"] >= 0 for each in step["slack"])
    for path in critical_paths(replication):
        assert path.records[0].cause is None


def test_a_path_runs_from_an_outside_cause_to_its_end_in_causes() -> None:
    """The first step of a path has no cause, each other one is caused by the one before, and seconds add up."""
    paths = explained()["paths"]
    assert [path["to"] for path in paths] == [
        "rung airspace violated",
        "first measure of west in stay 1 of bear in zone",
    ]
    for path in paths:
        steps = path["steps"]
        assert steps[0]["cause"] is None
        assert [step["cause"] for step in steps[1:]] == [step["event"] for step in steps[:-1]]
        assert sum(step["after_s"] for step in steps) == steps[-1]["step"] - steps[0]["step"]


def test_slack_is_how_much_later_an_input_might_have_been() -> None:
    """Known so many seconds later, what was waited for as well changes nothing; one second more delays the stage."""
    path = explained()["paths"][1]["steps"]
    begins = next(step for step in path if step["kind"] == "stage-started")
    assert [each["input"] for each in begins["slack"]] == ["unidentified"]
    slack = begins["slack"][0]["ready_s_before"]
    assert slack > 60
    key = Key("identify", "delay bear", 1)
    for more, late in ((slack, 0), (slack + 1, 1), (slack + 30, 30)):
        other = shifted(tables(FIRST), UNIFORMS, 0, {key: more})
        begun = next(r.step for r in other.log.of_kind("stage-started") if r.data["stage"] == "scramble")
        assert begun == begins["step"] + late


def test_slack_of_a_measure_counts_back_from_when_it_was_ready() -> None:
    """A pass waited for the pair alone: call and entry were there as long before as the log says."""
    last = explained()["paths"][1]["steps"][-1]
    assert last["kind"] == "block"
    log = replicate(tables(FIRST), UNIFORMS, 0).log
    ready = log.of_kind("joined")[0].step
    entered = next(r.step for r in log.of_kind("enters") if r.data["zone"] == "zone")
    assert {each["input"]: each["ready_s_before"] for each in last["slack"]} == {
        "call 1": ready - log.of_kind("call")[0].step,
        "enters zone": ready - entered,
    }


def test_the_timeline_holds_each_rung_once_in_order_of_time() -> None:
    """Every rung that was reached stands at its first event; steps never fall."""
    timeline = explained()["timeline"]
    told = [name for row in timeline for name in row["rungs"]]
    assert told == ["detected", "scrambled", "intercepted", "airspace violated"]
    assert [row["step"] for row in timeline] == sorted(row["step"] for row in timeline)


# ---- the smallest change


def test_every_smaller_change_leaves_the_highest_rung() -> None:
    """Second by second, no smaller shift than the one that was found leads away from the rung, and that one does."""
    found = explained()["changes"]
    (change,) = found["higher"]
    key, shift = Key(*change["draw"]), change["change_s"]
    assert (key.entity, shift < 0) == ("authorise-flares", True)
    before = highest(replicate(tables(FIRST), UNIFORMS, 0))
    assert highest(shifted(tables(FIRST), UNIFORMS, 0, {key: shift})) == change["to_rung"] == before + 1
    for smaller in range(shift + 1, 0):
        assert highest(shifted(tables(FIRST), UNIFORMS, 0, {key: smaller})) == before


def test_changes_lead_where_they_say() -> None:
    """Each change up or down leads to the rung that is named, and one second less does not leave the rung."""
    for number in (0, 2, 3):
        shown = explained(number)
        for way, sign in (("lower", -1), ("higher", 1)):
            for change in shown["changes"][way]:
                key, shift = Key(*change["draw"]), change["change_s"]
                less = shift - (1 if shift > 0 else -1)
                reached = [highest(shifted(tables(FIRST), UNIFORMS, number, {key: s})) for s in (shift, less)]
                assert reached == [change["to_rung"], shown["highest_rung"]]
                assert (reached[0] - reached[1]) * sign > 0


def test_a_change_of_nothing_that_matters_is_not_found() -> None:
    """A search over shifts that change no rung returns none, after one run for each shift that was asked."""
    search = Search(Work(case().scenario, 1, "processes", ALL, lambda table: table), 0, 4)
    trials = (Trial(Key("scramble", "delay bear", 1), (1, 2, 3)),)
    assert search(trials) == ([], 3)


def test_the_search_halves_to_the_first_shift_beyond_the_last_that_was_the_same() -> None:
    """From a shift of 600 s the edge is found in about ten runs more."""
    search = Search(Work(case().scenario, 1, "processes", ALL, lambda table: table), 0, 4)
    key = Key("authorise-flares", "delay bear", 1)
    changes, runs = search((Trial(key, (-400,)),))
    assert changes == [Change(key, explained()["changes"]["higher"][0]["change_s"], 5)]
    assert runs <= 1 + 10


def test_a_narrow_search_says_that_nothing_was_found() -> None:
    """Within a few seconds no change is listed, and the terminal says so for both ways."""
    changes = explain(case(), within_s=3)["changes"]
    assert (changes["lower"], changes["higher"], changes["within_s"]) == ([], [], 3)
    assert changes["timings"] > 10
    shown = command("explain", FIRST, "--within", 3).stdout
    assert "no single change of up to 3 s leads to a lower rung" in shown
    assert "no single change of up to 3 s leads to a higher rung" in shown


def test_workers_change_nothing() -> None:
    """Two workers find what one finds, in the same order, with as many runs."""
    assert explain(case(), within_s=600, workers=2) == explained()


def test_timings_beyond_the_window_are_left_alone() -> None:
    """A delay that never ends within the window is not tried, and a shift does not bring it back."""
    replication, notes = noted(tables("july-2019"), UNIFORMS, 0)
    never = [key for key, timing in notes.timings.items() if timing.steps == NEVER]
    assert never
    assert shifted(tables("july-2019"), UNIFORMS, 0, {never[0]: -500}).log == replication.log


# ---- the command


def test_json_holds_the_documented_keys() -> None:
    """With --json stdout holds one object with the keys of docs/answers.md."""
    result = command("explain", FIRST, "--json", "--within", 0)
    shown = json.loads(result.stdout)
    assert list(shown) == KEYS
    text = (Path(__file__).parent.parent / "docs" / "answers.md").read_text(encoding="utf-8")
    step = shown["paths"][0]["steps"][0]
    for key in (
        *shown,
        *shown["timeline"][0],
        *step,
        *shown["changes"],
        *explained()["changes"]["higher"][0],
    ):
        assert f"`{key}`" in text, key


def test_a_run_folder_is_explained_as_its_scenario_is(tmp_path: Path) -> None:
    """A folder has scenario, seed and replication in it; a log that does not come out again is refused."""
    folder = tmp_path / "run"
    assert command("run", FIRST, "-r", 3, "--seed", 2, "-q", "-o", folder).exit_code == 0
    of_folder = json.loads(command("explain", folder, "--json", "--within", 0).stdout)
    of_scenario = command("explain", FIRST, "-r", 3, "--seed", 2, "--json", "--within", 0).stdout
    again = of_folder.pop("command")
    assert again[:3] == ["intercept", "run", str(folder / "scenario.toml")]
    assert of_folder == {key: value for key, value in json.loads(of_scenario).items() if key != "command"}
    refused = command("explain", folder, "--set", "clock.step_s=2")
    assert (refused.exit_code, refused.stdout) == (2, "")
    events, manifest = folder / "events.jsonl", folder / "manifest.json"
    written = events.read_text(encoding="utf-8")
    other = "\n".join(written.splitlines()[:-1]) + "\n"
    events.write_text(other, encoding="utf-8")
    summed = manifest.read_text(encoding="utf-8").replace(checksum(written), checksum(other))
    manifest.write_text(summed, encoding="utf-8")
    changed = command("explain", folder)
    assert changed.exit_code == 2
    assert "does not give; run the scenario anew" in changed.stderr


@pytest.mark.parametrize(("name", "number"), [(FIRST, 0), ("july-2019", 1), ("july-2019", 3)])
def test_tables_fit_the_terminal(name: str, number: int) -> None:
    """No line is wider than 80 columns, and nothing is cut short."""
    lines = command("explain", name, "-r", number, "--within", 0).stdout.splitlines()
    assert len(lines) > 10
    assert max(len(line) for line in lines) <= 80
    assert not any("…" in line for line in lines)
