"""How a pair's sortie goes: take-off, joining, relief, fuel, the way home, and the edges of each."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest

from sim import store
from sim.batch import compose
from sim.draws import Uniforms
from sim.run import Replication, prepare, replicate, replications
from tests.encounters import GUEST, RING, SECOND, cause, encounter, records, steps
from tests.scenarios import known, only

SHADOW = 'sides.north.shadow_zone = "ring"'


def test_a_sortie_goes_from_order_to_landing() -> None:
    """Order, take-off, joining, identification, parting at the end of the route, holding, home by the fuel limit."""
    run = encounter()
    (joined,) = steps(run, "joined")
    assert steps(run, "airborne") == [60 + 300]
    assert steps(run, "identified") == [joined + 20]
    (parts,) = records(run, "parts")
    assert (parts.step, parts.data["reason"]) == (run.tracks["visitor"].last + 1, "intruder left")
    (lands,) = steps(run, "lands")
    assert lands in (360 + 7000 - 1, 360 + 7000)
    chain = [r.kind for r in run.log.causes(records(run, "joined")[0])]
    assert chain == ["joined", "airborne", "assigned", "decide", "stage-started", "track"]


def test_a_pair_joins_where_it_can_be_with_its_ground_speed() -> None:
    """From the field at take-off and climb to the meeting it has flown its speed times its time, to one step."""
    run = encounter()
    joined = steps(run, "joined")[0]
    met, left = joined - 30, 360 + 60
    sphere, track = run.prepared.sphere, run.tracks["visitor"]
    field = sphere.unit(1.0, 0.0)
    speed = 600 * 1.852 / 3600
    assert float(sphere.distance_km(track.units[met], field)) <= speed * (met - left)
    assert float(sphere.distance_km(track.units[met - 1], field)) > speed * (met - 1 - left)


@pytest.mark.parametrize("endurance_s", [1500, 2000, 2500])
def test_a_pair_lands_by_its_endurance_and_not_a_step_too_early(endurance_s: int) -> None:
    """It parts at the last step from which it is home in time."""
    run = encounter(f"fighters.types.fast.endurance_s = {endurance_s}")
    (airborne,), (lands,), (parts,) = steps(run, "airborne"), steps(run, "lands"), records(run, "parts")
    assert parts.data["reason"] == "fuel"
    assert airborne + endurance_s - 2 <= lands <= airborne + endurance_s
    sphere, track = run.prepared.sphere, run.tracks["visitor"]
    home_km = float(sphere.distance_km(track.units[parts.step], sphere.unit(1.0, 0.0)))
    assert lands - parts.step == pytest.approx(home_km / (600 * 1.852 / 3600), abs=1)


@pytest.mark.parametrize("lead_s", [100, 400])
def test_relief_is_asked_for_so_long_before_the_parting(lead_s: int) -> None:
    """The request comes the lead before the fuel limit, and the other pair takes over."""
    run = encounter(
        SECOND, "fighters.types.fast.endurance_s = 1800", f"fighters.policies.north.relief_lead_s = {lead_s}"
    )
    parts, asks = records(run, "parts", "first")[0], steps(run, "asks-relief", "first")
    assert parts.data["reason"] == "fuel"
    assert asks == [parts.step - lead_s]
    relief = records(run, "assigned", "second")[0]
    assert (relief.step, relief.data["task"]) == (asks[0], "relief")
    assert cause(run, relief).kind == "asks-relief"
    assert steps(run, "joined", "second")[0] > relief.step + 300


def test_a_lead_longer_than_the_stay_asks_at_the_joining() -> None:
    """Relief cannot be asked for before there is someone to relieve."""
    run = encounter(
        SECOND, "fighters.types.fast.endurance_s = 1800", "fighters.policies.north.relief_lead_s = 7000"
    )
    assert steps(run, "asks-relief", "first") == steps(run, "joined", "first")


def test_relief_that_no_one_can_give_is_entered() -> None:
    """Without a second pair the request is not filled, and the intruder is alone after the parting."""
    run = encounter("fighters.types.fast.endurance_s = 1800")
    assert [r.data["task"] for r in records(run, "unfilled")] == ["relief"]
    assert len(steps(run, "joined")) == 1


def test_a_pair_stands_down_when_the_intruder_leaves_before_take_off() -> None:
    """On the ground at the intruder's exit, it stays there, and is used for the next one."""
    slow = "[fighters]\nalerts.five.airborne_s = 2500\ntypes.fast = { endurance_s = 8000, ground_speed_kt = 1200 }"
    run = encounter(SHADOW, slow, GUEST % "06:45:00")
    first = records(run, "stands-down")[0]
    assert (first.step, first.about) == (RING[1], "visitor")
    orders = [(r.who, r.about, r.data["was"]) for r in records(run, "assigned")]
    assert orders == [("first", "visitor", "ground"), ("first", "guest", "ground")]
    assert "visitor" not in [r.about for r in records(run, "airborne")]


def test_a_pair_on_its_way_is_called_off_when_the_intruder_leaves() -> None:
    """In the air at the intruder's exit, it turns home in that step."""
    run = encounter(SHADOW, "fighters.alerts.five.airborne_s = 2200")
    assert [(r.step, r.data["reason"]) for r in records(run, "called-off")] == [(RING[1], "intruder left")]
    assert steps(run, "returns") == [RING[1]]
    assert steps(run, "joined") == []


def test_a_pair_parts_at_the_edge_of_the_zone_that_its_side_guards() -> None:
    """With a zone to shadow in, it parts in the step of the exit."""
    (parts,) = records(encounter(SHADOW), "parts")
    assert (parts.step, parts.data["reason"]) == (RING[1], "intruder left")


STATION = """
[zones.orbit]
label = "Orbit"
kind = "station"
lat_deg = 0.0
lon_deg = -1.5
radius_nmi = 5
[fighters.pairs.first]
station = "orbit"
on_station_at = 06:05:00
"""


def test_a_station_pair_holds_from_its_time_on_and_is_sent_from_there() -> None:
    """It arrives at 300, and is sent to an intruder from the middle of its station without taking off again."""
    run = encounter(STATION, "command.stages.decide.delay_s = 400")
    (arrives,) = records(run, "on-station")
    assert (arrives.step, arrives.who, arrives.data["station"]) == (300, "first", "orbit")
    assert [(r.step, r.data["was"]) for r in records(run, "assigned")] == [(400, "holding")]
    assert steps(run, "airborne") == []
    # At 401 the visitor is at 3 - 401/601.08 = 2.333 degrees west, 92.7 km off; both close at 493.9 m/s: 187.8 s.
    assert steps(run, "joined") == [401 + 188 + 30]


def test_a_station_pair_has_flown_there_from_its_base_on_its_own_fuel() -> None:
    """Home at the latest by its endurance after the take-off that brought it to its station in time."""
    run = encounter(
        STATION, "command.stages.decide.yes_share = 0.0", "fighters.types.fast.endurance_s = 3000"
    )
    sphere = run.prepared.sphere
    way_km = float(sphere.distance_km(sphere.unit(1.0, 0.0), sphere.unit(0.0, -1.5)))
    took_off = 300 - way_km / (600 * 1.852 / 3600)
    (lands,) = steps(run, "lands")
    assert took_off + 3000 - 3 <= lands <= took_off + 3000


def test_a_station_pair_takes_off_in_time_for_its_station() -> None:
    """The take-off on the way to a station is told once, about no flight, and brings the pair there."""
    run = encounter(STATION, "fighters.pairs.first.on_station_at = 06:20:00")
    sphere = run.prepared.sphere
    way_km = float(sphere.distance_km(sphere.unit(1.0, 0.0), sphere.unit(0.0, -1.5)))
    (takes_off,), (arrives,) = records(run, "airborne"), records(run, "on-station")
    assert takes_off.step == 1200 - math.ceil(way_km / (600 * 1.852 / 3600))
    assert (takes_off.who, takes_off.about, takes_off.cause) == ("first", "", None)
    assert takes_off.data == {"side": "north", "type": "fast", "aircraft": 2}
    assert (arrives.step, arrives.cause) == (1200, takes_off.id)


def test_a_pair_over_its_own_field_has_taken_off_before_it_is_on_station() -> None:
    """No way to fly still takes a step, for both engines, and the fuel counts from the take-off."""
    over = "[zones.orbit]\nlat_deg = 1.0\nlon_deg = 0.0\n[fighters.pairs.first]\non_station_at = 06:20:00"
    run = encounter(STATION, over, "command.stages.decide.yes_share = 0.0")
    assert (steps(run, "airborne"), steps(run, "on-station"), steps(run, "lands")) == (
        [1199],
        [1200],
        [1199 + 7000],
    )
    batch = compose(run.prepared, Uniforms(run.seed), run.number, 1)
    told = {each.kind: int(each.step[0]) for each in batch.happenings if each.who == "first"}
    assert (told["airborne"], told["on-station"]) == (1199, 1200)


def test_before_its_time_a_station_pair_is_not_there() -> None:
    """An order that comes before the pair is on station finds nobody."""
    run = encounter(STATION)
    assert (steps(run, "assigned"), steps(run, "unfilled")) == ([], [60])


ORBIT = (
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


def deeds(replication: Replication, *kinds: str) -> list[tuple[int, str]]:
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
    assert deeds(replication, "called-off", "stands-down", "joined", "parts") == [(901, end)]


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
    assert deeds(replication, "called-off", "parts") == [(901, end)]
    assert only(replication, end).data["reason"] == "intruder left"


def test_a_pair_that_is_not_done_joining_as_the_route_ends_flies_home_from_there() -> None:
    """The route ends 222,302.6 m south of the field, at 1800; at 1801 the pair turns home, 721 s or 720: 2522."""
    for replication in slow_joins("clock.end=07:30:00", "fighters.types.fighter.endurance_s=9000"):
        assert deeds(replication, "joined", "called-off", "lands") == [(1801, "called-off"), (2522, "lands")]
        assert np.all(np.isfinite(store.ways(replication)["first"].lat_deg))


def test_a_pair_goes_home_in_time_though_it_has_not_joined() -> None:
    """With fuel for 900 s, to 1553, who has not joined gives up as the one who has joined parts: for fuel, at 1263."""
    for replication in slow_joins("fighters.types.fighter.endurance_s=900"):
        assert deeds(replication, "joined") == []
        assert only(replication, "lands").step <= 653 + 900 + 2


def test_the_end_of_a_route_is_no_end_of_fuel() -> None:
    """With fuel for a day no relief is asked for; the pair parts because the visitor has gone, and holds."""
    long = ("fighters.types.fighter.endurance_s=80000", "clock.end=07:30:00")
    replication = run_of("radial-intruder", *long)
    assert deeds(replication, "asks-relief", "parts", "returns") == [(1801, "parts")]
    assert only(replication, "parts").data["reason"] == "intruder left"


def test_a_pair_that_holds_is_sent_once() -> None:
    """An order of two pairs, with one at a station and none on the ground, sends the one and lacks the other."""
    replication = run_of(
        "radial-intruder",
        *ORBIT,
        "fighters.pairs.first.on_station_at=06:00:00",
        "fighters.types.fighter.endurance_s=3000",
        "command.stages.decide.pairs=2",
    )
    assert deeds(replication, "on-station", "assigned", "joined")[:2] == [
        (0, "on-station"),
        (353, "assigned"),
    ]
    assert len(deeds(replication, "assigned")) == 1
    assert next(r.step for r in replication.log if r.kind == "unfilled") == 353


def test_a_pair_on_its_way_to_a_station_flies_at_its_speed() -> None:
    """Half a degree of latitude from the field, 55.57 km, takes 181 s: a minute before it arrives it is 18.5 km off."""
    replication = run_of("radial-intruder", *ORBIT, "fighters.pairs.first.on_station_at=06:01:00")
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
