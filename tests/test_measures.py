"""Outcomes and comparisons with reports, by hand on small logs, and counted again from the log of a scenario."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from sim.facts import Fact
from sim.fighters import Force
from sim.log import Log, Record
from sim.measures import as_simulated, outcomes, reported, rungs, simulated, within
from sim.run import Prepared, Replication, prepare, replications
from sim.scenario import Scenario, read
from tests.encounters import encounter

Event = tuple[int, str, str, str, Mapping[str, Any]]
START = datetime.fromisoformat("2024-01-01T09:00:00+00:00")


@cache
def prepared(*overrides: str) -> Prepared:
    """Return first-intercept with its tables, made once."""
    return prepare(read("first-intercept", overrides)[0])


def logged(*events: Event, forces: Mapping[str, Force] | None = None) -> Replication:
    """Return a replication of first-intercept with a log by hand: (step, kind, who, about, data) each."""
    made = prepared()
    records = [
        Record(n, step, kind, who, about, None, dict(data))
        for n, (step, kind, who, about, data) in enumerate(events)
    ]
    return Replication(made, 1, 0, Log(records, made.clock), made.tracks, forces or {})


def fact(**keys: Any) -> Fact:
    """Return a fact with the keys that matter to a test."""
    return Fact.model_validate({"statement": "x", "role": "check", "confidence": "ASM", **keys})


def row_of(replication: Replication, made: Fact) -> dict[str, Any]:
    """Return the row of a fact beside what a replication says of it."""
    scenario = replication.prepared.scenario.model_copy(update={"facts": {"one": made}})
    (row,) = reported(replace(replication, prepared=replace(replication.prepared, scenario=scenario)))
    return row


def compared(replication: Replication, **keys: Any) -> tuple[Any, Any, bool]:
    """Return what a replication says of a fact: (simulated, gap, ok)."""
    row = row_of(replication, fact(**keys))
    return row["simulated"], row["gap_s"] if "gap_s" in row else row["gap"], row["ok"]


def clock(text: str) -> Any:
    """Return a clock time."""
    return datetime.strptime(text, "%H:%M:%S").time()  # noqa: DTZ007  (a time of day has no offset here)


def bursts() -> Replication:
    """Return a log of shots and calls about one flight, by two types and two sides."""
    shot = {"side": "west", "type": "fighter", "stay": 1}
    return logged(
        (60, "call", "control", "bear", {"side": "west", "stay": 1, "number": 1}),
        (120, "flares", "field-1", "bear", {**shot, "flares": 10, "distance_km": 0.7}),
        (180, "flares", "field-1", "bear", {**shot, "flares": 10, "distance_km": 0.4}),
        (240, "flares", "field-2", "bear", {**shot, "flares": 5, "type": "other", "stay": 2}),
        (300, "flares", "field-9", "cub", {**shot, "flares": 3, "side": "east"}),
        (400, "joined", "field-1", "bear", {"side": "west", "type": "fighter"}),
    )


# ---- what is selected and taken


@pytest.mark.parametrize(
    ("select", "expected"),
    [
        ({"kind": "flares"}, 4),
        ({"kind": "flares", "about": ["bear"]}, 3),
        ({"kind": "flares", "about": ["bear", "cub"]}, 4),
        ({"kind": "flares", "who": ["field-1"]}, 2),
        ({"kind": "flares", "by": "west"}, 3),
        ({"kind": "flares", "type": "other"}, 1),
        ({"kind": "flares", "stay": 2}, 1),
        ({"kind": "flares", "by": "west", "stay": 1, "type": "fighter"}, 2),
        ({"kind": "shots"}, 0),
        ({"kind": "joined", "stay": 1}, 0),  # a record without a stay is in none
    ],
)
def test_a_count_is_of_the_events_that_fit_every_condition(select: dict[str, Any], expected: int) -> None:
    """Each condition of a selection narrows it; what did not happen counts 0."""
    assert simulated(bursts(), fact(select=select, take="count", low=0)) == expected


def test_a_time_is_that_of_the_first_event_or_of_the_one_that_is_named() -> None:
    """The n-th event that fits gives the step, and None if there are fewer."""
    run, window = bursts(), {"earliest": clock("09:00:00")}
    assert simulated(run, fact(select={"kind": "flares"}, **window)) == 120
    assert simulated(run, fact(select={"kind": "flares", "occurrence": 3}, **window)) == 240
    assert simulated(run, fact(select={"kind": "flares", "occurrence": 5}, **window)) is None
    assert simulated(run, fact(select={"kind": "shots"}, **window)) is None


def test_a_sum_adds_up_and_a_least_takes_the_least() -> None:
    """10 + 10 + 5 flares about the one flight; the closest of the two passes whose distance is known."""
    run, select = bursts(), {"kind": "flares", "about": ["bear"]}
    assert simulated(run, fact(select=select, take="sum:flares", low=0)) == 25
    assert simulated(run, fact(select=select, take="min:distance_km", low=0)) == 0.4
    assert simulated(run, fact(select={"kind": "shots"}, take="sum:rounds", low=0)) == 0
    assert simulated(run, fact(select={"kind": "shots"}, take="min:distance_km", low=0)) is None


def stay() -> tuple[int, int]:
    """Return the steps of the scripted stay in the airspace: first inside, first outside."""
    (only,) = prepared().tracks["bear"].stays("airspace")
    return only.enters, only.leaves


def test_during_a_stay_is_from_its_first_step_up_to_the_one_before_its_end() -> None:
    """Events one step too early or at the step of leaving are not during the stay; nor is any in a stay that is not."""
    enters, leaves = stay()
    steps = [enters - 1, enters, leaves - 1, leaves]
    run = logged(*[(step, "flares", "field-1", "bear", {"side": "west"}) for step in steps])
    select = {"kind": "flares", "during": {"zone": "airspace", "stay": 1}}
    assert simulated(run, fact(select=select, take="count", low=0)) == 2
    assert simulated(run, fact(select=select, earliest=clock("09:00:00"))) == enters
    select = {"kind": "flares", "during": {"zone": "airspace", "stay": 2}}
    assert simulated(run, fact(select=select, take="count", low=0)) == 0


def test_a_duration_is_the_length_of_the_stays_that_were_left() -> None:
    """The stay in the airspace is as long as its steps; stays of two zones add up; none that was left gives None."""
    enters, leaves = stay()
    (outer,) = prepared().tracks["bear"].stays("zone")
    run = logged(
        (leaves, "leaves", "bear", "bear", {"zone": "airspace", "stay": 1}),
        (outer.leaves, "leaves", "bear", "bear", {"zone": "zone", "stay": 1}),
    )
    select = {"kind": "leaves", "zone": "airspace"}
    assert simulated(run, fact(select=select, take="duration_s", low=0)) == leaves - enters
    both = simulated(run, fact(select={"kind": "leaves"}, take="duration_s", low=0))
    assert both == leaves - enters + outer.leaves - outer.enters
    assert simulated(run, fact(select={**select, "stay": 2}, take="duration_s", low=0)) is None


def test_a_distance_is_the_closest_to_the_centre_within_the_stay() -> None:
    """The closest of the places between entry and exit, to ten metres."""
    enters, leaves = stay()
    run = logged((leaves, "leaves", "bear", "bear", {"zone": "airspace", "stay": 1}))
    track, sphere = prepared().tracks["bear"], prepared().sphere
    middle = sphere.unit(60.0, -30.0)
    by_hand = min(float(sphere.distance_km(track.units[k], middle)) for k in range(enters, leaves))
    select = {"kind": "leaves", "zone": "airspace"}
    assert simulated(run, fact(select=select, take="distance_km", low=0)) == round(by_hand, 2)


# ---- how it is compared: the first flare comes at step 120, 09:02:00


@pytest.mark.parametrize(
    ("keys", "gap", "ok"),
    [
        ({"at": "09:02:00", "tolerance_s": 0}, 0, True),
        ({"at": "09:01:30", "tolerance_s": 30}, 30, True),
        ({"at": "09:01:30", "tolerance_s": 29}, 30, False),
        ({"at": "09:02:30", "tolerance_s": 30}, -30, True),
        ({"at": "09:02:30", "tolerance_s": 29.5}, -30, False),
        ({"at": "09:02:01", "direction": "before"}, -1, True),
        ({"at": "09:02:00", "direction": "before"}, 0, False),
        ({"at": "09:01:59", "direction": "before"}, 1, False),
        ({"at": "09:01:59", "direction": "after"}, 1, True),
        ({"at": "09:02:00", "direction": "after"}, 0, False),
        ({"at": "09:02:01", "direction": "after"}, -1, False),
        ({"earliest": "09:02:00"}, 0, True),
        ({"earliest": "09:02:10"}, -10, False),
        ({"latest": "09:02:00"}, 0, True),
        ({"latest": "09:01:50"}, 10, False),
        ({"earliest": "09:01:00", "latest": "09:03:00"}, 0, True),
        ({"earliest": "09:02:05", "latest": "09:03:00"}, -5, False),
        ({"earliest": "09:01:00", "latest": "09:01:55"}, 5, False),
    ],
)
def test_times_are_compared_in_seconds(keys: dict[str, Any], gap: float, ok: bool) -> None:
    """The gap is simulated minus reported; outside a span it is the way to its nearer end."""
    keys = {key: clock(v) if key in ("at", "earliest", "latest") else v for key, v in keys.items()}
    assert compared(bursts(), select={"kind": "flares"}, **keys) == ("09:02:00+00:00", gap, ok)


@pytest.mark.parametrize(
    ("keys", "gap", "ok"),
    [
        ({"value": 25, "tolerance": 0}, 0, True),
        ({"value": 20, "tolerance": 5}, 5, True),
        ({"value": 20, "tolerance": 4.9}, 5, False),
        ({"value": 30.5, "tolerance": 5}, -5.5, False),
        ({"low": 25}, 0, True),
        ({"low": 26}, -1, False),
        ({"high": 25}, 0, True),
        ({"high": 20}, 5, False),
        ({"low": 20, "high": 29}, 0, True),
        ({"low": 26, "high": 29}, -1, False),
        ({"low": 10, "high": 19}, 6, False),
    ],
)
def test_numbers_are_compared_in_their_unit(keys: dict[str, Any], gap: float, ok: bool) -> None:
    """25 flares: the gap is simulated minus reported; outside a range it is the way to its nearer end."""
    select = {"kind": "flares", "about": ["bear"]}
    assert compared(bursts(), select=select, take="sum:flares", **keys) == (25, gap, ok)


@pytest.mark.parametrize(
    "keys",
    [
        {"at": clock("09:02:00"), "tolerance_s": 9000},
        {"at": clock("09:02:00"), "direction": "after"},
        {"earliest": clock("09:00:00"), "latest": clock("10:00:00")},
        {"take": "min:distance_km", "low": 0},
        {"take": "min:distance_km", "value": 0, "tolerance": 9},
    ],
)
def test_what_did_not_happen_has_no_gap_and_does_not_fit(keys: dict[str, Any]) -> None:
    """An event that did not come is None, never a stand-in number, and within no tolerance."""
    assert compared(bursts(), select={"kind": "shots"}, **keys) == (None, None, False)


@pytest.mark.parametrize(
    ("keys", "low", "high", "meets"),
    [
        ({"at": "09:02:00", "tolerance_s": 10}, 100, 109, False),
        ({"at": "09:02:00", "tolerance_s": 10}, 100, 110, True),
        ({"at": "09:02:00", "tolerance_s": 10}, 130, 140, True),
        ({"at": "09:02:00", "tolerance_s": 10}, 131, 140, False),
        ({"at": "09:02:00", "tolerance_s": 10}, 0, 500, True),
        ({"at": "09:02:00", "direction": "before"}, 119, 500, True),
        ({"at": "09:02:00", "direction": "before"}, 120, 500, False),
        ({"at": "09:02:00", "direction": "after"}, 0, 120, False),
        ({"at": "09:02:00", "direction": "after"}, 0, 121, True),
        ({"earliest": "09:02:00"}, 0, 119, False),
        ({"earliest": "09:02:00"}, 0, 120, True),
        ({"latest": "09:02:00"}, 120, 500, True),
        ({"latest": "09:02:00"}, 121, 500, False),
        ({"take": "count", "value": 3, "tolerance": 1}, 5, 9, False),
        ({"take": "count", "value": 3, "tolerance": 1}, 4, 9, True),
        ({"take": "count", "value": 3, "tolerance": 1}, 0, 1, False),
        ({"take": "count", "low": 3}, 0, 2, False),
        ({"take": "count", "low": 3}, 0, 3, True),
        ({"take": "count", "low": 3, "high": 5}, 6, 9, False),
        ({"take": "count", "low": 3, "high": 5}, 0, 9, True),
    ],
)
def test_an_interval_meets_a_report_if_some_value_of_it_would(
    keys: dict[str, Any], low: float, high: float, meets: bool
) -> None:
    """Interval and report, with its tolerance, have a value in common."""
    keys = {key: clock(v) if key in ("at", "earliest", "latest") else v for key, v in keys.items()}
    assert within(prepared().clock, fact(select={"kind": "flares"}, **keys), low, high) is meets


@pytest.mark.parametrize(
    ("keys", "words", "value"),
    [
        ({"at": "09:10:00", "tolerance_s": 5}, "09:10:00", "09:10:00+00:00"),
        ({"at": "09:10:30", "direction": "before"}, "before 09:10:30", {"before": "09:10:30+00:00"}),
        ({"at": "09:10:00", "direction": "after"}, "after 09:10:00", {"after": "09:10:00+00:00"}),
        (
            {"earliest": "09:09:00", "latest": "09:12:00"},
            "09:09:00..09:12:00",
            {"earliest": "09:09:00+00:00", "latest": "09:12:00+00:00"},
        ),
        ({"latest": "09:12:00"}, "..09:12:00", {"earliest": None, "latest": "09:12:00+00:00"}),
        ({"take": "count", "value": 3, "tolerance": 1}, 3.0, 3.0),
        ({"take": "count", "low": 20, "high": 29}, "20..29", {"low": 20.0, "high": 29.0}),
        ({"take": "count", "low": 25}, "25..", {"low": 25.0, "high": None}),
    ],
)
def test_what_was_reported_has_the_form_of_what_was_simulated(
    keys: dict[str, Any], words: Any, value: Any
) -> None:
    """A time bears its offset as a simulated one does, an open end is None; in words it is short."""
    keys = {key: clock(v) if key in ("at", "earliest", "latest") else v for key, v in keys.items()}
    made = fact(select={"kind": "flares"}, **keys)
    run = logged()
    row = row_of(run, made)
    assert row["reported"] == words
    assert as_simulated([row], run.prepared.clock, {"one": made}) == [row | {"reported": value}]


def test_a_row_says_what_was_reported_by_whom_and_in_which_role(tmp_path: Path) -> None:
    """Each fact has one row of its own; role, source, confidence and topic are its own, never another's."""
    file = tmp_path / "facts.toml"
    common = 'confidence = "ONE"\nselect = { kind = "track" }\n'
    file.write_text(
        'extends = "first-intercept"\n[sources.a]\ntitle = "A"\n'
        f'[facts.made]\nstatement = "m"\nrole = "input"\nsource = "a"\n{common}at = 09:10:00\ntolerance_s = 600\n'
        f'[facts.kept]\nstatement = "k"\nrole = "check"\nsource = ["a", "assumption"]\ntopic = "t"\ndisputed = true\n'
        f"{common}earliest = 09:00:00\nlatest = 09:20:00\n"
        f'[facts.number]\nstatement = "n"\nrole = "check"\n{common}take = "count"\nlow = 1\n',
        encoding="utf-8",
    )
    scenario, _ = read(file)
    (run,) = replications(scenario, 1, 1)
    rows = {row["id"]: row for row in reported(run)}
    assert [(name, row["role"]) for name, row in rows.items()] == [
        ("made", "input"),
        ("kept", "check"),
        ("number", "check"),
    ]
    assert rows["made"]["source"] == ["a"]
    assert (rows["kept"]["source"], rows["kept"]["topic"]) == (["a", "assumption"], "t")
    assert [row["disputed"] for row in rows.values()] == [False, True, False]
    assert [row["reported"] for row in rows.values()] == ["09:10:00", "09:00:00..09:20:00", "1.."]
    assert [row["tolerance"] for row in rows.values()] == [600, None, None]
    assert [("gap_s" in row, "gap" in row) for row in rows.values()] == [
        (True, False),
        (True, False),
        (False, True),
    ]
    assert all(row["ok"] for row in rows.values())


# ---- the ladder


def test_a_rung_is_reached_by_the_first_of_its_events_and_by_its_side_only() -> None:
    """Events of another zone or side, or about no flight, do not count; a rung without its event is None."""
    scenario = prepared().scenario
    ladder = Scenario.model_validate(
        scenario.model_dump(exclude_none=True)
        | {
            "escalation": {
                "rungs": [
                    {"name": "seen", "reached_by": ["track", "call"]},
                    {"name": "in airspace", "reached_by": ["enters:airspace"]},
                    {"name": "anywhere", "reached_by": ["enters"]},
                    {"name": "east joins", "reached_by": ["joined"], "side": "east"},
                    {"name": "shots", "reached_by": ["flares"], "side": "east"},
                    {"name": "scrambled", "reached_by": ["airborne"]},
                ]
            }
        }
    )
    run = logged(
        (20, "airborne", "lynx-2", "", {"side": "east"}),  # to its station, about nobody
        (30, "call", "control", "bear", {"side": "west"}),
        (40, "track", "control", "bear", {"radar": "island"}),
        (50, "enters", "bear", "bear", {"zone": "zone", "stay": 1}),
        (60, "airborne", "lynx-1", "bear", {"side": "east"}),
        (70, "enters", "bear", "bear", {"zone": "airspace", "stay": 1}),
        (80, "joined", "field-1", "bear", {"side": "west"}),
        (90, "joined", "lynx-1", "bear", {"side": "east"}),
    )
    made = prepare(ladder)
    found = rungs(Replication(made, 1, 0, run.log, run.tracks, {}))
    assert [(row["name"], row["step"], row["time"], row["about"]) for row in found] == [
        ("seen", 30, "09:00:30+00:00", "bear"),
        ("in airspace", 70, "09:01:10+00:00", "bear"),
        ("anywhere", 50, "09:00:50+00:00", "bear"),
        ("east joins", 90, "09:01:30+00:00", "bear"),
        ("shots", None, None, None),
        ("scrambled", 60, "09:01:00+00:00", "bear"),
    ]


# ---- outcomes, counted again from the log


def second(row: Mapping[str, Any], key: str) -> int | None:
    """Return an `.at` of an outcome as seconds from the start."""
    if row[key] is None:
        return None
    return int((datetime.fromisoformat(f"2024-01-01T{row[key]}") - START).total_seconds())


def run_until(wanted: str, *overrides: str) -> Replication:
    """Return the first replication under seed 1 in which an event of a kind happens."""
    for replication in replications(prepared(*overrides).scenario, 1, 60):
        if any(record.kind == wanted for record in replication.log):
            return replication
    raise AssertionError(f"no {wanted} in 60 replications")


@pytest.mark.parametrize(("minute", "took_off"), [(1, 0), (40, 1)])
def test_a_pair_that_flies_to_a_station_counts_once(minute: int, took_off: int) -> None:
    """Whether its take-off lies in the window or before it, the pair and its two aircraft count once."""
    zone = '{ label = "Orbit", kind = "station", lat_deg = 0.0, lon_deg = -1.5, radius_nmi = 5 }'
    on_station = f'station = "orbit"\non_station_at = 06:{minute:02}:00'
    run = encounter(f"[zones]\norbit = {zone}\n[fighters.pairs.first]\n{on_station}")
    assert [sum(r.kind == kind for r in run.log) for kind in ("airborne", "on-station")] == [took_off, 1]
    row = outcomes(run)
    assert (row["north.pairs"], row["north.aircraft"]) == (1, 2)


EARLY = (
    "command.stages.authorise-flares.delay_s=60",
    "fighters.alerts.quick.airborne_s=240",
    "crew.bear.turns_share.call=0.0",
    "crew.bear.turns_share.block=0.0",
)


@pytest.mark.parametrize(("wanted", "overrides"), [("flares", EARLY), ("turns", ()), ("block", ())])
def test_outcomes_are_those_of_the_log(wanted: str, overrides: tuple[str, ...]) -> None:
    """Times, stays, counts and decisions are found again by counting in the log alone."""
    run = run_until(wanted, *overrides)
    row, log = outcomes(run), list(run.log)

    def steps(kind: str, **data: Any) -> list[int]:
        return [r.step for r in log if r.kind == kind and all(r.data.get(k) == v for k, v in data.items())]

    def first(kind: str, **data: Any) -> int | None:
        return next(iter(steps(kind, **data)), None)

    for zone in ("zone", "airspace"):
        enters, leaves = steps("enters", zone=zone), steps("leaves", zone=zone)
        assert row[f"bear.{zone}.stays"] == len(enters)
        for number, entry, leave in zip(count(1), enters, leaves, strict=False):
            assert second(row, f"bear.{zone}.{number}.enters.at") == entry
            assert second(row, f"bear.{zone}.{number}.leaves.at") == leave
            assert row[f"bear.{zone}.{number}.inside_s"] == leave - entry
    assert second(row, "bear.turns.at") == first("turns")
    assert second(row, "west.bear.joined.at") == first("joined")
    assert row["west.pairs"] == len(steps("airborne"))
    assert row["west.aircraft"] == 2 * len(steps("airborne"))
    assert row["west.bear.calls"] == len(steps("call"))
    assert row["west.bear.block"] == len(steps("block"))
    assert row["west.bear.flares"] == len(steps("flares"))
    assert row["west.bear.flares.flares"] == sum(r.data["flares"] for r in log if r.kind == "flares")
    passes = [r.data["distance_km"] for r in log if r.kind == "block"]
    assert row["west.bear.block.least_km"] == (min(passes) if passes else None)
    reached = [name for name in ("track", "airborne", "joined") if steps(name)]
    assert row["highest_rung"] >= len(reached)
    assert second(row, "rung.scrambled.at") == first("airborne")
    assert second(row, "rung.airspace-violated.at") == first("enters", zone="airspace")
    began, ended = first("enters", zone="airspace"), first("leaves", zone="airspace")
    if began is None or ended is None:
        return
    acts = [k for k in steps("flares") if began <= k < ended]
    assert row["bear.airspace.1.flares.decision_s"] == (acts[0] - began if acts else None)
    assert row["bear.airspace.1.flares.spare_s"] == (ended - acts[0] if acts else None)
    granted = first("flares-authorised")
    assert row["bear.airspace.1.flares.authority_margin_s"] == (None if granted is None else ended - granted)


def test_flares_in_time_take_part_of_the_stay_and_spare_the_rest() -> None:
    """Time to decide and time to spare add up to the length of the stay; the authority came before its end."""
    row = outcomes(run_until("flares", *EARLY))
    here = "bear.airspace.1"
    assert row[f"{here}.flares.decision_s"] + row[f"{here}.flares.spare_s"] == row[f"{here}.inside_s"]
    assert row[f"{here}.flares.authority_margin_s"] > row[f"{here}.flares.spare_s"] > 0
    assert row["highest_rung_name"] == "flares"


def test_an_act_counts_for_the_stay_in_which_it_was_taken() -> None:
    """A pair that joins between two stays in the core decides the second; the first had no decision."""
    back = (
        "[intruders.visitor]\nroute = [\n{ at = 06:00:00, lat_deg = 0.0, lon_deg = -3.0 },\n"
        "{ ground_speed_kt = 360, lat_deg = 0.0, lon_deg = 2.0 },\n"
        "{ ground_speed_kt = 360, lat_deg = 0.0, lon_deg = -3.0 },\n]"
    )
    ladder = 'warning.north = { per = "ring", measures = { block = { zone = "core", delay_s = 40 } } }'
    row = outcomes(encounter(back, ladder, "fighters.alerts.five.airborne_s = 2000"))
    assert (row["visitor.core.stays"], row["north.visitor.block"]) == (2, 1)
    assert row["visitor.core.1.block.decision_s"] is None
    assert row["visitor.core.1.block.spare_s"] is None
    assert row["visitor.core.2.block.decision_s"] == 40
    assert row["visitor.core.2.block.spare_s"] == row["visitor.core.2.inside_s"] - 40


def test_an_authority_that_comes_after_the_stay_has_a_negative_margin() -> None:
    """An authority in the fifth minute after the joining finds the airspace already left."""
    run = run_until(
        "flares-authorised", "command.stages.authorise-flares.delay_s=900", "crew.bear.turns_share.call=0.0"
    )
    row = outcomes(run)
    leaves = next(r.step for r in run.log if r.kind == "leaves" and r.data["zone"] == "airspace")
    granted = next(r.step for r in run.log if r.kind == "flares-authorised")
    assert row["bear.airspace.1.flares.authority_margin_s"] == leaves - granted < 0
    assert row["bear.airspace.1.flares.decision_s"] is None
    assert row["west.bear.flares"] == 0


def test_what_did_not_happen_is_none_in_every_key() -> None:
    """Without a radar nothing follows: times and decisions are None, counts are 0, the stays are there."""
    blind = prepared("sensing.radars.island.range_km=1", "sensing.radars.island.height_m=0")
    (run,) = replications(blind.scenario, 1, 1)
    row = outcomes(run)
    assert {r.kind for r in run.log} == {"appears", "enters", "leaves", "ends"}
    assert (row["highest_rung"], row["highest_rung_name"]) == (4, "airspace violated")
    for key in ("rung.detected.at", "rung.flares.at", "bear.turns.at", "west.bear.joined.at"):
        assert row[key] is None
    for key in ("decision_s", "spare_s", "authority_margin_s"):
        assert row[f"bear.airspace.1.flares.{key}"] is None
    assert row["west.bear.block.least_km"] is None
    for key in ("west.pairs", "west.aircraft", "west.bear.calls", "west.bear.block", "west.bear.flares"):
        assert row[key] == 0


def test_a_flight_that_keeps_out_reaches_no_rung() -> None:
    """Highest rung 0, no name, no stays."""
    far = [f"intruders.bear.route.{n}.lon_deg=-10.0" for n in range(3)]
    (run,) = replications(read("first-intercept", far)[0], 1, 1)
    row = outcomes(run)
    assert (row["highest_rung"], row["highest_rung_name"]) == (0, None)
    assert (row["bear.zone.stays"], row["bear.airspace.stays"]) == (0, 0)
    assert "bear.zone.1.inside_s" not in row


def test_a_turn_before_the_airspace_leaves_the_scripted_stay_as_none() -> None:
    """The keys of a stay that the script holds and the turn avoided are there, and None: rows have equal columns."""
    turning = ["crew.bear.turns_share.call=1.0", "crew.bear.notices_share.call=1.0"]
    (run,) = replications(read("first-intercept", turning)[0], 1, 1)
    row = outcomes(run)
    assert row["bear.airspace.stays"] == 0
    assert row["bear.turns.at"] is not None
    for key in ("enters.at", "leaves.at", "inside_s", "flares.decision_s", "flares.authority_margin_s"):
        assert row[f"bear.airspace.1.{key}"] is None
    (plain,) = replications(read("first-intercept")[0], 1, 1)
    assert row.keys() == outcomes(plain).keys()


def test_a_stay_that_the_window_cuts_off_is_as_long_as_the_window_shows() -> None:
    """Without an exit there is no time of leaving, and the stay lasts to the last step of the window."""
    (run,) = replications(read("first-intercept", ["clock.end=09:43:00"])[0], 1, 1)
    row = outcomes(run)
    enters = second(row, "bear.airspace.1.enters.at")
    assert enters is not None
    assert row["bear.airspace.1.leaves.at"] is None
    assert row["bear.airspace.1.inside_s"] == 43 * 60 + 1 - enters


def test_the_centre_moves_the_closest_approach() -> None:
    """Distances are told from the centre of the scenario: one elsewhere gives another closest approach."""
    here = outcomes(next(replications(prepared().scenario, 1, 1)))
    there = outcomes(next(replications(prepared("centre.lat_deg=61.0").scenario, 1, 1)))
    assert here["bear.closest_km"] < 12 * 1.852
    assert here["bear.closest_km"] != there["bear.closest_km"]
    assert second(there, "bear.closest.at") < second(here, "bear.closest.at")  # type: ignore[operator]


def test_the_closest_approach_is_that_of_the_places_flown() -> None:
    """No other step of the track is closer to the lighthouse."""
    run = next(replications(prepared().scenario, 1, 1))
    row, sphere, track = outcomes(run), run.prepared.sphere, run.tracks["bear"]
    middle = sphere.unit(60.0, -30.0)
    distances = [
        float(sphere.distance_km(track.units[k], middle)) for k in range(track.first, track.last + 1)
    ]
    assert row["bear.closest_km"] == round(min(distances), 2)
    assert second(row, "bear.closest.at") == track.first + distances.index(min(distances))


ESCORT = """
[sides.east]
label = "East"
control = "cockpit"
watches = ["bear"]
[sensing.radars.far]
label = "East's radar"
post = "cockpit"
lat_deg = 57.0
lon_deg = -31.6
height_m = 200
range_km = 600
scan_period_s = 1
hit_share = 1.0
confirm_hits = 1
confirm_scans = 1
[command.stages.escort]
post = "cockpit"
after_all = ["track"]
delay_s = 10
orders = "scramble"
[fighters.bases.east-field]
label = "East field"
lat_deg = 57.0
lon_deg = -31.6
[fighters.policies.east]
relief_lead_s = 0
spare_s = 0
[fighters.pairs.lynx]
side = "east"
type = "fighter"
base = "east-field"
alert = "quick"
"""


@pytest.mark.parametrize("airborne_s", [60, 1300])
def test_an_escort_is_late_from_the_last_exit_on(tmp_path: Path, airborne_s: int) -> None:
    """The flight's own fighters come so many seconds after it left its last identification zone; before is negative."""
    file = tmp_path / "escort.toml"
    file.write_text(f'extends = "first-intercept"\n{ESCORT}', encoding="utf-8")
    calm = [
        "crew.bear.turns_share.call=0.0",
        "crew.bear.turns_share.block=0.0",
        "crew.bear.turns_share.flares=0.0",
    ]
    scenario, _ = read(file, [f"fighters.alerts.quick.airborne_s={airborne_s}", *calm])
    (run,) = replications(scenario, 1, 1)
    joined = next(r.step for r in run.log if r.kind == "joined" and r.data["side"] == "east")
    leaves = max(r.step for r in run.log if r.kind == "leaves" and r.data["zone"] == "zone")
    row = outcomes(run)
    assert row["east.bear.escort_late_s"] == joined - leaves
    assert (row["east.bear.escort_late_s"] < 0) is (airborne_s == 60)
    assert "west.bear.escort_late_s" not in row


def test_an_escort_that_does_not_come_is_none(tmp_path: Path) -> None:
    """Without an escort beside it there is no lateness."""
    file = tmp_path / "escort.toml"
    file.write_text(f'extends = "first-intercept"\n{ESCORT}', encoding="utf-8")
    scenario, _ = read(file, ["command.stages.escort.yes_share=0.0"])
    (run,) = replications(scenario, 1, 1)
    assert outcomes(run)["east.bear.escort_late_s"] is None


def test_a_flight_between_two_steps_comes_close_to_nothing(tmp_path: Path) -> None:
    """A route that ends before the next whole step has no place at any: its closest approach is None, not infinite."""
    file = tmp_path / "short.toml"
    file.write_text(
        'extends = "first-intercept"\nclock.step_s = 60\n[intruders.bear]\nroute = [\n'
        "{ at = 09:10:01, lat_deg = 60.5, lon_deg = -30.0 },\n"
        "{ at = 09:10:59, lat_deg = 60.6, lon_deg = -30.0 },\n]\n",
        encoding="utf-8",
    )
    (run,) = replications(read(file)[0], 1, 1)
    row = outcomes(run)
    assert (row["bear.closest_km"], row["bear.closest.at"]) == (None, None)
    assert row["bear.airspace.stays"] == 0
