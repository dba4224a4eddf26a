"""Truths that hold for every run of every scenario, tried on random ones."""

from __future__ import annotations

import re
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st

from sim import measures, store
from sim.document import dump, load
from sim.draws import Uniforms
from sim.fighters import Pair
from sim.flight import Track
from sim.log import Record
from sim.run import Replication, prepare, replicate, replications
from sim.scenario import kinds, parse, read
from tests.scenarios import Data, scenario_data, scenario_of

IN_THE_SAME_STEP = {
    *("enters", "stage-started", "stage-dropped", "stage-unmet", "assigned", "readied", "unfilled"),
    *("called-off", "asks-relief", "parts", "returns", "lands"),
}
"""The kinds that are only entered in the book, and may so stand in the step of their cause."""

TOLERANCE_KM = 0.001
"""One metre: what rounding may add to a distance."""

# A run is drawn as a whole and costs 30 ms: shrinking takes minutes, so it is left to the developer's choice.
few = settings(
    max_examples=30,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
runs = st.tuples(scenario_data(), st.integers(0, 5))


def run_of(data: Data, number: int, seed: int = 1, *, ticking: bool = False) -> Replication:
    """Run one replication of a plain dict."""
    return replicate(prepare(scenario_of(data)), Uniforms(seed), number, ticking=ticking)


def pairs_of(replication: Replication) -> list[Pair]:
    """Return the pairs of all sides."""
    return [pair for force in replication.forces.values() for pair in force.pairs]


@few
@given(runs)
def test_a_run_is_a_function_of_scenario_seed_and_replication(run: tuple[Data, int]) -> None:
    """The same scenario, seed and replication give the same log, also after others have run."""
    data, number = run
    first = run_of(data, number)
    prepared, uniforms = prepare(scenario_of(data)), Uniforms(1)
    replicate(prepared, uniforms, number + 1)
    assert replicate(prepared, uniforms, number).log == first.log


@few
@given(runs)
def test_ticking_gives_the_same_log_as_sleeping(run: tuple[Data, int]) -> None:
    """Processes that look at every step find nothing that sleeping ones miss."""
    data, number = run
    assert run_of(data, number, ticking=True).log.rows() == run_of(data, number).log.rows()


def permuted(table: Any, path: tuple[str, ...] = ()) -> Any:
    """Return the tables with their keys in the opposite order, but for those whose order means something."""
    if not isinstance(table, dict):
        return table
    keeps = path[-1:] in (("pairs",), ("measures",), ("notices_share",))
    keys = list(table) if keeps else list(reversed(table))
    return {key: permuted(table[key], (*path, key)) for key in keys}


@few
@given(runs)
def test_the_order_of_tables_means_nothing(run: tuple[Data, int]) -> None:
    """Tables of the file may stand in any order, but for pairs (of equals the first) and measures (a ladder)."""
    data, number = run
    assert run_of(permuted(data), number).log.rows() == run_of(data, number).log.rows()


@few
@given(runs)
def test_every_effect_has_its_cause_before_it(run: tuple[Data, int]) -> None:
    """A cause stands before its effect, in an earlier step unless the effect is only entered in the book."""
    replication = run_of(*run)
    for record in replication.log:
        if record.cause is None:
            continue
        cause = replication.log[record.cause]
        assert cause.id < record.id
        assert cause.step <= record.step
        if cause.step == record.step:
            assert record.kind in IN_THE_SAME_STEP, (cause, record)


@few
@given(runs)
def test_every_event_falls_into_the_window(run: tuple[Data, int]) -> None:
    """Records are numbered from 0 in order of their steps, which lie in the window; their kinds are known."""
    replication = run_of(*run)
    steps = [record.step for record in replication.log]
    assert [record.id for record in replication.log] == list(range(len(steps)))
    assert steps == sorted(steps)
    assert all(0 <= step <= replication.prepared.clock.last for step in steps)
    assert {record.kind for record in replication.log} <= kinds(replication.prepared.scenario)


def fastest_km(track: Track) -> float:
    """Return the longest way of a track in one step."""
    units = track.units[track.first : track.last + 1]
    return float(np.max(track.sphere.distance_km(units[1:], units[:-1]), initial=0.0))


@few
@given(runs)
def test_no_aircraft_outruns_its_speed(run: tuple[Data, int]) -> None:
    """Between rows of its way no pair is faster than its speed, or than the flight that it is beside."""
    replication = run_of(*run)
    sphere = replication.prepared.sphere
    ways = store.ways(replication)
    for name, track in replication.tracks.items():
        # A turn keeps the speed: the track as flown is as fast as the one that was planned.
        assert fastest_km(track) <= fastest_km(replication.prepared.tracks[name]) + TOLERANCE_KM
    for pair in pairs_of(replication):
        if pair.name not in ways:
            continue
        beside = [leg.beside for leg in pair.legs if leg.beside is not None]
        most_km = max([pair.km_per_step, *(fastest_km(replication.tracks[flight]) for flight in beside)])
        way = ways[pair.name]
        places = sphere.unit(way.lat_deg, way.lon_deg)
        for (here, there), (before, after) in zip(pairwise(places), pairwise(way.step), strict=True):
            km = float(sphere.distance_km(here, there))
            assert km <= most_km * (after - before) + TOLERANCE_KM, (pair.name, before, after)


@few
@given(runs)
def test_nobody_joins_before_distance_and_speed_allow(run: tuple[Data, int]) -> None:
    """From take-off to joining there is a step at which the flight was in reach of a pair from its base."""
    replication = run_of(*run)
    log, sphere = replication.log, replication.prepared.sphere
    for pair in pairs_of(replication):
        took_off = next((r.step for r in log if r.kind == "airborne" and r.who == pair.name), None)
        joined = next((r for r in log if r.kind == "joined" and r.who == pair.name), None)
        if took_off is None or joined is None:
            continue
        track = replication.tracks[joined.about]
        steps = np.arange(max(took_off, track.first), joined.step)
        far_km = sphere.distance_km(track.units[steps], pair.base) - pair.km_per_step * (steps - took_off)
        assert np.min(far_km) <= TOLERANCE_KM


@few
@given(runs)
def test_nobody_is_sent_after_what_nobody_has_seen(run: tuple[Data, int]) -> None:
    """An order, call or measure about a flight comes after a post's track of it."""
    replication = run_of(*run)
    seen: set[str] = set()
    for record in replication.log:
        if record.kind == "track":
            seen.add(record.about)
        if record.kind in (
            "assigned",
            "readied",
            "unfilled",
            "call",
            "block",
            "shots",
            "turns",
            "stage-started",
        ):
            assert record.about in seen


LETTERS = {
    "readied": "r",
    "seated": "s",
    "assigned": "a",
    "stands-down": "x",
    "airborne": "A",
    "on-station": "S",
    "joined": "j",
    "identified": "i",
    "asks-relief": "q",
    "parts": "p",
    "called-off": "c",
    "returns": "R",
    "lands": "L",
}
CLOSED = r"(?:a*j[iq]*(?:a[iq]*p|pa))*(?:a+|a*j[iq]*(?:a[iq]*|p(?:RL?)?)?|a*c(?:RL?)?)?"
"""Joined and parted, again and again; then on the way (perhaps to another intruder), beside, or home."""
SORTIE = re.compile(rf"(?:[rs]|as*x)*(?:as*(?:A{CLOSED})?)?|A?S(?:a{CLOSED}|RL?)?")


@few
@given(runs)
def test_what_a_pair_does_follows_in_its_order(run: tuple[Data, int]) -> None:
    """A pair is assigned, takes off, joins, parts and lands in this order, once; a station comes before orders."""
    replication = run_of(*run)
    for pair in pairs_of(replication):
        mine = [r for r in replication.log if r.who == pair.name and r.kind in LETTERS]
        letters = "".join(LETTERS[r.kind] for r in mine)
        event("".join(dict.fromkeys(letters)))
        assert SORTIE.fullmatch(letters), letters
        lands = [r.step for r in mine if r.kind == "lands"]
        assert len(lands) <= 1


@few
@given(runs)
def test_nobody_is_sent_two_ways_at_once(run: tuple[Data, int]) -> None:
    """In one step a pair is assigned once, and never while it has yet to act on the order before."""
    replication = run_of(*run)
    for pair in pairs_of(replication):
        steps = [r.step for r in replication.log if r.kind == "assigned" and r.who == pair.name]
        assert len(steps) == len(set(steps))


@few
@given(runs)
def test_a_way_runs_from_take_off_to_landing(run: tuple[Data, int]) -> None:
    """The way of a pair begins where it takes off and goes on until it has landed or the window ends."""
    replication = run_of(*run)
    ways, last = store.ways(replication), replication.prepared.clock.last
    for pair in pairs_of(replication):
        mine = [r for r in replication.log if r.who == pair.name]
        if not any(r.kind in ("airborne", "on-station") for r in mine):
            continue
        way = ways[pair.name]
        landed = next((r.step for r in mine if r.kind == "lands"), last)
        assert way.step[-1] == landed
        assert np.all(np.isfinite(way.lat_deg))
        assert all(way.step[0] >= r.step for r in mine if r.kind == "airborne")


def way_out_steps(replication: Replication, pair: Pair) -> int:
    """Return the steps of the flight from a pair's base to its station; 0 for a pair on the ground."""
    if pair.spec.station is None:
        return 0
    station = replication.prepared.places[pair.spec.station]
    return int(np.ceil(replication.prepared.sphere.distance_km(station, pair.base) / pair.km_per_step))


@few
@given(runs)
def test_nobody_flies_longer_than_the_fuel_lasts(run: tuple[Data, int]) -> None:
    """A pair that can fly to its station and back lands when its fuel ends, or the one step later that it saw."""
    replication = run_of(*run)
    clock, log = replication.prepared.clock, replication.log
    for pair in pairs_of(replication):
        lands = next((r.step for r in log if r.kind == "lands" and r.who == pair.name), None)
        out = way_out_steps(replication, pair)
        if lands is None or 2 * out > clock.steps(pair.type.endurance_s):
            continue
        # In one step beside a flight the way home grows by the flight's step, which may be several of the pair's own.
        beside = [leg.beside for leg in pair.legs if leg.beside is not None]
        grows = (
            max((fastest_km(replication.tracks[flight]) for flight in beside), default=0.0) / pair.km_per_step
        )
        assert lands <= pair.fuel_limit + 1 + int(np.ceil(grows))


def is_beside(replication: Replication, record: Record) -> bool:
    """Return whether the pair of a record had joined the flight and not parted from it."""
    mine = [
        r
        for r in replication.log
        if r.who == record.who and r.kind in ("joined", "parts") and r.id < record.id
    ]
    return bool(mine) and mine[-1].kind == "joined" and mine[-1].about == record.about


@few
@given(runs)
def test_measures_are_taken_by_who_is_beside_in_the_zone(run: tuple[Data, int]) -> None:
    """Who blocks or fires has joined and not parted, the flight is in the zone, and had not turned before."""
    replication = run_of(*run)
    for record in replication.log:
        if record.kind not in ("block", "shots"):
            continue
        rule = replication.prepared.scenario.warning[record.data["side"]].measures[record.kind]
        assert is_beside(replication, record)
        assert replication.tracks[record.about].is_inside(rule.zone, record.step)
        turns = [r.step for r in replication.log if r.kind == "turns" and r.who == record.about]
        assert len(turns) <= 1
        assert all(record.step <= step for step in turns)


@few
@given(runs)
def test_every_run_can_be_told_and_measured(run: tuple[Data, int]) -> None:
    """Outcomes, reported facts, ways and the JSON lines of a run can be made of any run."""
    replication = run_of(*run)
    assert measures.reported(replication) == []
    assert len(measures.outcomes(replication)) >= len(replication.tracks)
    took_off = {r.who for r in replication.log if r.kind in ("airborne", "on-station")}
    assert took_off <= store.ways(replication).keys()
    assert len(list(replication.log.lines())) == len(replication.log)


@few
@given(scenario_data())
def test_a_random_scenario_survives_writing_and_reading(data: Data) -> None:
    """A scenario that is written as TOML and read again is the same scenario."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "random.toml"
        path.write_text(dump(data), encoding="utf-8")
        assert parse(load(path)) == scenario_of(data)


@pytest.mark.parametrize(("seed", "number"), [(1, 1), (2, 0)])
def test_another_seed_or_replication_gives_another_log(seed: int, number: int) -> None:
    """Where chance has a say, another seed and another replication give another log."""
    scenario, _ = read("july-2019")
    (first,) = replications(scenario, 1, 1)
    (other,) = replications(scenario, seed, 1, first=number)
    assert first.log != other.log
