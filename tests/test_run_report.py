"""What is printed of one replication: rungs with their flights, and its outcome in a few lines."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

import pytest

from sim import store
from sim.draws import Uniforms
from sim.run import prepare, replicate
from sim.run_report import show_run
from sim.scenario import read
from sim.terminal import duration
from tests.printing import printed

FAR = ("first-intercept", 0, *(f"intruders.bear.route.{n}.lon_deg=-10.0" for n in range(3)))
"""A replication in which the flight is seen by nobody."""

TURNING = (
    "first-intercept",
    0,
    *(f"crew.bear.{share}.call=1.0" for share in ("notices_share", "turns_share")),
)
"""A replication in which the crew turns away at the first call."""


@cache
def recorded(name: str, number: int = 0, *overrides: str) -> store.Recorded:
    """Return a recorded replication of a bundled scenario under seed 1."""
    scenario, document = read(name, overrides)
    return store.record(replicate(prepare(scenario), Uniforms(1), number), document)


def example() -> store.Recorded:
    """Return the replication that is the example of july-2019: two stays in airspace with all measures in both."""
    scenario, _ = read("july-2019")
    assert scenario.scenario.example is not None
    return recorded("july-2019", scenario.scenario.example.replication)


def shown(run: store.Recorded, columns: int = 80) -> list[str]:
    """Return the lines that are printed of a run."""
    return printed(columns, show_run, run)


@pytest.mark.parametrize("columns", [80, 100, 140])
@pytest.mark.parametrize("name", ["july-2019", "first-intercept"])
def test_a_rung_names_the_flight_about_which_it_was_first_reached(name: str, columns: int) -> None:
    """It is the flight of the first event that reaches the rung, by its label, in the table and below it."""
    run = recorded(name)
    lines = shown(run, columns)
    reached = [rung for rung in run.rungs if rung["time"] is not None]
    assert reached
    for rung in reached:
        label = run.scenario.intruders[rung["about"]].label
        (line,) = (line for line in lines if "▲" in line and rung["name"] in line)
        assert line.startswith(f" {rung['time'][:8]} ")
        assert line.endswith(f" ▲ {rung['name']}: {label}")
    (last,) = (line for line in lines if line.startswith("rung"))
    assert last.split(maxsplit=1)[1].startswith(f"{rung['name']}: {label}, first at {rung['time'][:8]}")


def test_the_first_flight_that_is_seen_is_named() -> None:
    """In July the radar sees the surveillance aircraft before the bombers, and the table says so."""
    run = recorded("july-2019")
    (about,) = (rung["about"] for rung in run.rungs if rung["name"] == "detected")
    first = min((e for e in run.events if e["kind"] == "track"), key=lambda e: e["id"])
    assert about == first["about"] != next(iter(run.scenario.intruders))


def test_a_run_folder_without_flights_of_rungs_is_shown() -> None:
    """An older folder does not name the flight; then the rung stands alone."""
    run = recorded("first-intercept")
    bare = [{key: rung[key] for key in ("name", "step", "time")} for rung in run.rungs]
    assert any(line.endswith("▲ detected") for line in shown(replace(run, rungs=bare)))


def outcome(run: store.Recorded, columns: int = 80) -> list[str]:
    """Return the lines below the tables, each as (what it is about): (words); lines that go on are joined."""
    lines = shown(run, columns)
    first = next(n for n, line in enumerate(lines) if re.match("(inside|turned away|closest|rung) ", line))
    rows: list[str] = []
    for line in lines[first:]:
        going_on = line.startswith("  ") and not re.match(" +[0-9]+ of [0-9]+ ", line)
        if going_on:
            rows[-1] += f" {line.strip()}"
        else:
            rows.append(": ".join(re.split(" {2,}", line, maxsplit=1)))
    return rows


def test_a_crew_that_turns_away_is_told_with_what_made_it() -> None:
    """The line says who, when and after what; how close the flight came is told though it entered no airspace."""
    run = recorded(*TURNING)
    (turn,) = (e for e in run.events if e["kind"] == "turns")
    assert turn["data"]["after"] == "call"
    rows = outcome(run)
    assert rows[:3] == [
        "inside: Bear not once in Airspace",
        f"turned away: Bear at {turn['time'][:8]}, after a call",
        f"closest: Bear {run.outcomes['bear.closest_km']:.1f} km to the lighthouse",
    ]
    assert not any(row.startswith("decision") for row in rows)


def test_a_flight_that_is_in_no_airspace_by_its_route_has_no_closest_approach_told() -> None:
    """Of several flights only those that the scenario sends into an airspace come with their distance."""
    run = recorded("july-2019", 2)
    meant = [name for name in run.scenario.intruders if f"{name}.airspace.1.inside_s" in run.outcomes]
    assert 0 < len(meant) < len(run.scenario.intruders)
    assert sum(row.startswith("closest") for row in outcome(run)) == len(meant)


def test_a_lone_flight_has_its_closest_approach_told_wherever_it_flies() -> None:
    """Also where its route leads into no airspace."""
    assert any(row.startswith("closest: Bear 1098.9 km") for row in outcome(recorded(*FAR)))


def test_what_a_hazard_led_to_is_told_to_have_no_consequences() -> None:
    """Each such event has a line, and one line says how to read what follows it; without any there is neither."""
    words = (
        "a hazard's event has no consequences in the model: what follows in the log is the course without it"
    )
    certain = [f"escalation.hazards.collision.{key}=1.0" for key in ("high_share", "share")]
    rows = outcome(recorded("first-intercept", 0, *certain))
    struck = [row for row in rows if row.startswith("hazard: collision at ")]
    assert struck
    assert struck[-1].endswith(words)
    assert all(", Bear: " in row for row in struck)
    assert not any(words in row for row in outcome(recorded("first-intercept")))


def test_measures_are_told_by_entry() -> None:
    """A line for each measure and stay: which entry it followed, how long after, and what was spare."""
    run = example()
    stem = "a50.airspace.2.shots"
    rows = outcome(run)
    after, spare = (duration(run.outcomes[f"{stem}.{part}_s"]) for part in ("decision", "spare"))
    assert f"decision: shots: {after} after entry 2, {spare} to spare" in rows
    assert sum(row.startswith("decision") for row in rows) == 4
    lone = outcome(recorded("first-intercept"))
    assert "decision: flares: not taken in time" in lone


@pytest.mark.parametrize("columns", [60, 80, 100])
def test_lines_that_do_not_fit_go_on_below_their_words(columns: int) -> None:
    """What goes on is indented as the words are, and not below what the line is about."""
    for run in (example(), recorded(*TURNING)):
        lines = shown(run, columns)
        first = next(n for n, line in enumerate(lines) if line.startswith("inside "))
        place = re.match("inside +", lines[first]).end()  # type: ignore[union-attr]
        assert all(line[:place].endswith("  ") and line[place] != " " for line in lines[first:])


def test_a_run_in_which_no_rung_is_reached_has_no_empty_table() -> None:
    """There is no head without rows; the outcome says that none was reached."""
    lines = shown(recorded(*FAR))
    assert not any("simulated" in line for line in lines)
    assert "rung     none was reached (0 of 6 rungs)" in lines
    assert "" not in lines[2:]
