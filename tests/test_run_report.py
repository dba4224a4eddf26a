"""What is printed of one replication: rungs with their flights, and its outcome in a few lines."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from sim import store
from sim.draws import Uniforms
from sim.run import prepare, replicate
from sim.run_report import show_run
from sim.scenario import read
from tests.printing import printed


@cache
def recorded(name: str, number: int = 0, *overrides: str) -> store.Recorded:
    """Return a recorded replication of a bundled scenario under seed 1."""
    scenario, document = read(name, overrides)
    return store.record(replicate(prepare(scenario), Uniforms(1), number), document)


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
