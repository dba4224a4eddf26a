"""Sorties at their edges: who is gone, who is home in time, and who is sent where, on the known scenarios."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from sim import store
from sim.draws import Uniforms
from sim.run import Replication, prepare, replicate, replications
from tests.scenarios import known, only

STATION = (
    "zones={orbit={label='Orbit', kind='station', lat_deg=-44.5, lon_deg=-20.0, radius_nmi=5}}",
    "fighters.pairs.first.station=orbit",
)
SLOW_JOIN = "fighters.types.fighter.join_s={dist='empirical', values=[30, 1400], weights=[3, 2]}"
"""A joining that is planned in 30 s, the median, and takes 1400 s in two replications of five."""


def run_of(name: str, *overrides: str) -> Replication:
    """Run the first replication of a scenario of `tests/known`."""
    (replication,) = replications(known(name, *overrides), 1, 1)
    return replication


def slow_joins(*overrides: str) -> Iterator[Replication]:
    """Run replications in which joining takes 1400 s. Fails if there is none in ten."""
    prepared, found = prepare(known("radial-intruder", SLOW_JOIN, *overrides)), 0
    for number in range(10):
        replication = replicate(prepared, Uniforms(1), number)
        if all(r.step != 827 for r in replication.log if r.kind == "joined"):
            found += 1
            yield replication
    assert found


def steps(replication: Replication, *kinds: str) -> list[tuple[int, str]]:
    """Return the steps and kinds of what the pair did."""
    return [(r.step, r.kind) for r in replication.log if r.who == "first" and r.kind in kinds]


@pytest.mark.parametrize(
    ("airborne_s", "end"), [(599, "called-off"), (600, "stands-down"), (601, "stands-down")]
)
def test_a_pair_stands_down_up_to_the_step_of_its_take_off(airborne_s: int, end: str) -> None:
    """The visitor leaves the ring at 901: a pair due then or later stays down, one due at 900 is called off."""
    replication = run_of(
        "late-scramble",
        "intruders.visitor.route.1.lat_deg=-42.0",
        f"fighters.alerts.four-minutes.airborne_s={airborne_s}",
    )
    assert steps(replication, "called-off", "stands-down", "joined", "parts") == [(901, end)]


@pytest.mark.parametrize(("join_s", "end"), [(127, "parts"), (128, "called-off"), (129, "called-off")])
def test_who_would_join_as_the_intruder_leaves_is_called_off(join_s: int, end: str) -> None:
    """Met at 773 and gone at 901: a joining of 127 s still makes one second beside it, of 128 s none."""
    replication = run_of(
        "late-scramble",
        "command.stages.decide.delay_s=0",
        "fighters.types.fighter.climb_s=0",
        "fighters.alerts.four-minutes.airborne_s=5",
        f"fighters.types.fighter.join_s={join_s}",
    )
    assert steps(replication, "called-off", "parts") == [(901, end)]
    assert only(replication, end).data["reason"] == "intruder left"


def test_a_pair_that_is_not_done_joining_as_the_route_ends_flies_home_from_there() -> None:
    """The route ends 222,302.6 m south of the field, at 1800; at 1801 the pair turns home, 721 s or 720: 2522."""
    for replication in slow_joins("clock.end=07:30:00", "fighters.types.fighter.endurance_s=9000"):
        assert steps(replication, "joined", "called-off", "lands") == [(1801, "called-off"), (2522, "lands")]
        assert np.all(np.isfinite(store.ways(replication)["first"].lat_deg))


def test_a_pair_goes_home_in_time_though_it_has_not_joined() -> None:
    """With fuel for 900 s, to 1553, who has not joined gives up as the one who has joined parts: for fuel, at 1263."""
    for replication in slow_joins("fighters.types.fighter.endurance_s=900"):
        assert steps(replication, "joined") == []
        assert only(replication, "lands").step <= 653 + 900 + 2


def test_the_end_of_a_route_is_no_end_of_fuel() -> None:
    """With fuel for a day no relief is asked for; the pair parts because the visitor has gone, and holds."""
    long = ("fighters.types.fighter.endurance_s=80000", "clock.end=07:30:00")
    replication = run_of("radial-intruder", *long)
    assert steps(replication, "asks-relief", "parts", "returns") == [(1801, "parts")]
    assert only(replication, "parts").data["reason"] == "intruder left"


def test_a_pair_that_holds_is_sent_once() -> None:
    """An order of two pairs, with one at a station and none on the ground, sends the one and lacks the other."""
    replication = run_of(
        "radial-intruder",
        *STATION,
        "fighters.pairs.first.on_station_at=06:00:00",
        "fighters.types.fighter.endurance_s=3000",
        "command.stages.decide.pairs=2",
    )
    assert steps(replication, "on-station", "assigned", "joined")[:2] == [
        (0, "on-station"),
        (353, "assigned"),
    ]
    assert len(steps(replication, "assigned")) == 1
    assert next(r.step for r in replication.log if r.kind == "unfilled") == 353


def test_a_pair_on_its_way_to_a_station_flies_at_its_speed() -> None:
    """Half a degree of latitude from the field, 55.57 km, takes 181 s: a minute before it arrives it is 18.5 km off."""
    replication = run_of("radial-intruder", *STATION, "fighters.pairs.first.on_station_at=06:01:00")
    way, sphere = store.ways(replication)["first"], replication.prepared.sphere
    place = sphere.unit(way.lat_deg[0], way.lon_deg[0])
    assert way.step[0] == 0
    assert float(sphere.distance_km(place, sphere.unit(-44.5, -20.0))) == pytest.approx(
        60 * 0.308667, rel=0.01
    )


@pytest.mark.parametrize(("end", "ends"), [("06:20:00", 1200), ("06:35:00", 2100)])
def test_a_way_goes_on_to_the_end_of_the_window(end: str, ends: int) -> None:
    """Beside the visitor and on its way home: the way of a pair in the air has no early end."""
    way = store.ways(run_of("radial-intruder", f"clock.end={end}"))["first"]
    assert way.step[-1] == ends


def test_a_way_goes_on_while_a_pair_joins() -> None:
    """A pair that has met the visitor at 797 and is not done joining at 1200 has a way up to there, over it."""
    for replication in slow_joins("clock.end=06:20:00", "fighters.types.fighter.endurance_s=9000"):
        way, track = store.ways(replication)["first"], replication.tracks["visitor"]
        assert way.step[-1] == 1200
        here = track.sphere.unit(way.lat_deg[-1], way.lon_deg[-1])
        assert float(track.sphere.distance_km(here, track.units[1200])) < 0.001


def test_a_crossing_in_the_step_of_a_turn_is_not_of_the_turn() -> None:
    """Who turns in the very second of entering the ring, called outside it, has entered by its route."""
    replication = run_of(
        "turn-back",
        "zones.outer={label='Outer', kind='trigger', lat_deg=0.0, lon_deg=-30.0, radius_nmi=85}",
        "warning.north.per=outer",
        "warning.north.calls.zone=outer",
        "warning.north.calls.first_s=125",  # outer is entered at 35: call at 160, noticed at 165, turned at 185
    )
    assert only(replication, "turns").step == 185
    (ring,) = (r for r in replication.log if r.kind == "enters" and r.data["zone"] == "ring")
    assert (ring.step, ring.cause) == (185, None)
