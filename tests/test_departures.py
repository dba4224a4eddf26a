"""Many turns at once against one turn told step by step: the same places, stays, cover and distances."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from sim.clock import NEVER
from sim.departures import RAY_KM, RAYS_DEG, Departures, ways_out
from sim.flight import Stay, Track, Vectors
from sim.geo import Sphere
from sim.run import Prepared, prepare
from sim.scenario import read
from sim.sensing import HORIZON_KM_PER_SQRT_M, Radar, cover, spans
from sim.units import M_PER_FT
from sim.zones import Region, Zone, regions
from tests.scenarios import Data, scenario_data, scenario_of

LONGEST_RAY_KM = 1_500.0


def shortest_way_out(region: Region, shunned: list[Region], here: Vectors) -> Vectors:
    """Tell one way out, by looking at every kilometre of it and of every ray."""
    nearest = region.ways_out(here[np.newaxis])[0]
    length_km = float(region.sphere.distance_km(here, nearest))
    direct = here[np.newaxis]
    if length_km > 0:
        direct = region.sphere.onward(here, nearest, np.arange(0.0, length_km, RAY_KM))
    if not any(other.contains(direct).any() for other in shunned):
        return nearest
    clear = []
    along_km = np.arange(0.0, LONGEST_RAY_KM, RAY_KM)
    for bearing_deg in RAYS_DEG:
        ray = region.sphere.offset(here, bearing_deg, along_km)
        out = np.flatnonzero(~region.contains(ray))
        if len(out) and not any(other.contains(ray[: out[0] + 1]).any() for other in shunned):
            clear.append((float(along_km[out[0]]), float(bearing_deg)))
    if not clear:
        return nearest
    km, bearing_deg = min(clear)
    return region.sphere.offset(here, bearing_deg, km)


def turned(script: Track, step: int, zones: list[str]) -> Track:
    """Tell one turn: a place for each step, and whether it is in each zone by looking at every place."""
    sphere, here = script.sphere, script.units[step]
    waypoints = []
    shunned = [zone for zone in zones if not script.is_inside(zone, step)]
    for zone in [zone for zone in zones if zone not in shunned]:
        if not script.regions[zone].contains(here[np.newaxis])[0]:  # left with the zone before
            shunned.append(zone)
            continue
        here = shortest_way_out(script.regions[zone], [script.regions[other] for other in shunned], here)
        waypoints.append(here)
        shunned.append(zone)
    before = min(max(step - 1, script.first), max(script.last - 1, script.first))
    after = min(before + 1, script.last)
    km_per_step = float(sphere.distance_km(script.units[before], script.units[after]))
    if not waypoints:
        ahead = sphere.direction(script.units[before], script.units[after])
        waypoints = [sphere.toward(script.units[before], ahead, 100.0 if km_per_step else 0.0)]
    flown = np.arange(len(script.units) - step) * km_per_step
    units, altitude_ft = script.units.copy(), script.altitude_ft.copy()
    here, start = script.units[step], 0.0
    for number, waypoint in enumerate(waypoints, start=1):
        length = float(sphere.distance_km(here, waypoint))
        on_leg = (flown >= start) & ((flown < start + length) | (number == len(waypoints)))
        if length > 0:
            units[step:][on_leg] = sphere.onward(here, waypoint, flown[on_leg] - start)
        elif number == len(waypoints):
            units[step:][on_leg] = waypoint
        here, start = waypoint, start + length
    units[step], altitude_ft[step:] = script.units[step], script.altitude_ft[step]
    track = Track(script.name, sphere, script.regions, script.first, len(units) - 1, units, altitude_ft)
    for zone, region in script.regions.items():
        # The script's own answer up to the turn: on an edge the last bit of a place decides.
        later = region.contains(units[step + 1 :])
        track._inside[zone] = np.concatenate((script.inside(zone)[: step + 1], later))
    return track


def assert_same(
    script: Track, steps: list[int], zones: list[str], radars: list[Radar], point: Vectors
) -> Departures:
    """Compare what is told of many turns with each of them."""
    departures = Departures.of(script, np.array(steps), zones)
    window = np.arange(len(script.units))
    stays = {zone: departures.stays(zone) for zone in script.regions}
    horizons = [
        HORIZON_KM_PER_SQRT_M * (np.sqrt(radar.height_m) + np.sqrt(script.altitude_ft * M_PER_FT))
        for radar in radars
    ]
    covers = [
        departures.cover_spans(
            script.sphere.unit(radar.lat_deg, radar.lon_deg), np.minimum(radar.range_km, horizon_km)
        )
        for radar, horizon_km in zip(radars, horizons, strict=True)
    ]
    closest_km, closest = departures.closest(point)
    within_km = {zone: departures.closest_within(point, *stays[zone]) for zone in stays}
    for variant, step in enumerate(steps):
        track = turned(script, step, zones)
        life = slice(track.first, track.last + 1)
        assert departures.last[variant] == track.last
        places = departures.place(np.full(len(window), variant), window)
        assert np.abs(places[life] - track.units[life]).max() < 1e-13
        made = departures.track(variant)
        assert (made.first, made.last) == (track.first, track.last)
        assert np.array_equal(made.units[life], places[life])
        assert np.array_equal(made.altitude_ft, track.altitude_ft)
        km = track.distances_km(point)
        assert closest_km[variant] == pytest.approx(km.min(), abs=1e-9)
        assert closest[variant] == np.argmin(km)
        for zone, (enters, leaves) in stays.items():
            told = [Stay(*stay) for stay in zip(enters[variant], leaves[variant], strict=True)]
            known = [stay for stay in told if stay.enters != NEVER]
            assert known == track.stays(zone) == made.stays(zone)
            assert told[len(known) :] == [Stay(NEVER, NEVER)] * (len(told) - len(known))
            assert np.array_equal(made.inside(zone), track.inside(zone))
            wanted = [km[stay.enters : stay.leaves].min() for stay in known]
            assert within_km[zone][variant, : len(known)] == pytest.approx(wanted, abs=1e-9)
            assert np.isnan(within_km[zone][variant, len(known) :]).all()
        for radar, (begins, ends) in zip(radars, covers, strict=True):
            covered = [span for span in zip(begins[variant], ends[variant], strict=True) if span[0] != NEVER]
            assert covered == spans(cover(radar, track))
    return departures


@pytest.fixture(scope="module")
def july() -> Prepared:
    """Prepare the scenario of July 2019."""
    return prepare(read("july-2019")[0])


@pytest.mark.parametrize("flight", ["a50", "h6k", "tu95"])
def test_many_turns_in_july_are_each_of_them(july: Prepared, flight: str) -> None:
    """Sixty steps of each flight, in and out of zones, give what each gives step by step."""
    script = july.tracks[flight]
    random = np.random.default_rng(7)
    steps = [script.first, script.last, script.last - 1, *random.integers(script.first, script.last, 17)]
    edges = [k for zone in ("airspace", "kadiz") for stay in script.stays(zone) for k in stay if k < NEVER]
    near = [min(max(k + off, script.first), script.last) for k in edges for off in (-1, 0)]
    steps += [*near, steps[5], *random.integers(10_000, script.last, 39 - len(near))]
    centre = july.scenario.centre
    point = july.sphere.unit(centre.lat_deg, centre.lon_deg)
    radars = list(july.scenario.sensing.radars.values())
    assert len(steps) == 60
    assert_same(script, [int(step) for step in steps], ["airspace", "kadiz"], radars, point)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(scenario_data(), st.data())
def test_many_turns_are_each_of_them(data: Data, chosen: st.DataObject) -> None:
    """Whatever the zones, routes and radars, a turn among many is what it is alone."""
    prepared = prepare(scenario_of(data))
    for script in prepared.tracks.values():
        if script.first > script.last:
            continue
        zones = chosen.draw(st.lists(st.sampled_from(list(script.regions)), max_size=3))
        steps = chosen.draw(st.lists(st.integers(script.first, script.last), max_size=8))
        steps += [script.first, script.last, max(script.last - 1, script.first)]
        point = prepared.sphere.unit(data["centre"]["lat_deg"], data["centre"]["lon_deg"])
        radars = list(prepared.scenario.sensing.radars.values())
        assert_same(script, steps, zones, radars, point)


def test_ways_out_stay_clear_of_an_airspace_where_they_can() -> None:
    """With an airspace before the nearest edge a flight takes the shortest clear ray, as a look at each tells."""
    sphere = Sphere.at(37.0, 131.0)
    corners = ((36.0, 129.0), (36.0, 133.0), (38.0, 133.0), (38.0, 129.0))
    around = regions(
        {
            "box": Zone(label="B", kind="identification", vertices_deg=corners),
            "islets": Zone(label="I", kind="airspace", lat_deg=37.6, lon_deg=131.0, radius_nmi=12),
            "strait": Zone(label="S", kind="airspace", lat_deg=37.0, lon_deg=129.2, radius_nmi=10),
        },
        sphere,
    )
    random = np.random.default_rng(2)
    here = sphere.unit(random.uniform(36.1, 37.9, 300), random.uniform(129.1, 132.9, 300))
    here = here[~around["islets"].contains_each(here) & ~around["strait"].contains_each(here)]
    shuns = random.random((2, len(here))) < 0.8
    others = [around["islets"], around["strait"]]
    found = ways_out(around["box"], list(zip(others, shuns, strict=True)), here)
    wanted = [
        shortest_way_out(
            around["box"], [other for other, shun in zip(others, row, strict=True) if shun], place
        )
        for place, row in zip(here, shuns.T, strict=True)
    ]
    assert found == pytest.approx(np.array(wanted), abs=1e-12)
    assert np.count_nonzero((found != around["box"].ways_out(here)).any(axis=1)) > 10


def test_who_is_in_what_it_should_stay_clear_of_goes_the_nearest_way() -> None:
    """Where no ray is clear the way out is the nearest one; a flight that does not fly at a step cannot leave then."""
    sphere = Sphere.at(37.0, 131.0)
    around = regions(
        {
            name: Zone(label=name, kind="airspace", lat_deg=37.0, lon_deg=131.0, radius_nmi=radius_nmi)
            for name, radius_nmi in (("in", 5), ("out", 9))
        },
        sphere,
    )
    here = sphere.offset(sphere.unit(37.0, 131.0), np.array([40.0, 200.0]), 3.0)
    found = ways_out(around["in"], [(around["out"], np.array([True, False]))], here)
    assert np.array_equal(found, around["in"].ways_out(here))
    km = np.arange(30.0)
    track = Track("f", sphere, around, 3, 20, sphere.offset(here[0], 10.0, km), np.zeros(30))
    with pytest.raises(ValueError, match="f flies from step 3 to 20"):
        Departures.of(track, np.array([3, 21]), [])
