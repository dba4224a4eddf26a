"""Tables by step against brute force, and the intercept law against hand computation."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.clock import NEVER
from sim.flight import Crossing, Homeward, Returning, Stay, Track, meeting_step, meeting_table
from sim.geo import Sphere
from sim.zones import Region

SPHERE = Sphere.at(-40.0, -20.0)
BASE = SPHERE.unit(-40.0, -20.0)


def radial(first_km: float, km_per_step: float, steps: int, bearing_deg: float = 30.0) -> Track:
    """Make a track straight at the base from so far away, at so many km a step (negative: away from it)."""
    km = first_km - km_per_step * np.arange(steps)
    return Track("f", SPHERE, {}, 0, steps - 1, SPHERE.offset(BASE, bearing_deg, km), np.full(steps, 3e4))


def wandering(seed: int, steps: int = 400, zones: Mapping[str, Region] | None = None) -> Track:
    """Make a track of straight legs of 1 km a step, that is in the air for the middle of the window."""
    random = np.random.default_rng(seed)
    here = SPHERE.offset(BASE, random.uniform(0, 360), random.uniform(10, 200))
    units = [here]
    while len(units) < steps:
        leg = np.arange(1, random.integers(20, 90))
        units.extend(SPHERE.offset(units[-1], random.uniform(0, 360), leg))
    first, last = int(random.integers(0, 50)), int(random.integers(steps - 50, steps))
    rows = np.array(units[:steps])
    rows[:first] = rows[last + 1 :] = 0.0
    return Track("f", SPHERE, zones or {}, first, last, rows, np.full(steps, 3e4))


def first_meeting(track: Track, place: np.ndarray, km_per_step: float, leaves: int) -> int:
    """Return the first step at which a flier can be beside a track, by looking at every step."""
    for step in range(max(leaves, track.first), track.last + 1):
        away_km = float(SPHERE.distance_km(track.units[step], place))
        if away_km <= km_per_step * (step - leaves) + 1e-9:
            return step
    return NEVER


def test_a_radial_intruder_is_met_where_hand_computation_says() -> None:
    """100 km off and closing at 1 km a step against 1.5 km a step from step 10: 100 - k <= 1.5 (k - 10) from k = 46."""
    track = radial(100.0, 1.0, 200)
    assert meeting_step(track, BASE, 1.5, 10) == 46
    assert meeting_table(track, BASE, 1.5)[10] == 46


def test_a_receding_intruder_is_met_only_by_the_faster() -> None:
    """9.95 km off and receding at 1 km a step: 1.5 km a step needs 20 steps (19.9), 1 km a step never does."""
    track = radial(9.95, -1.0, 200)
    assert meeting_step(track, BASE, 1.5, 0) == 20
    assert meeting_step(track, BASE, 1.0, 0) == NEVER
    assert meeting_table(track, BASE, 1.0)[0] == NEVER


def test_an_intruder_that_flies_over_is_met_at_once() -> None:
    """A flier that leaves its place in the step in which the intruder is there has met it."""
    track = radial(50.0, 1.0, 101)
    assert meeting_step(track, BASE, 1.5, 50) == 50


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("km_per_step", [0.7, 1.0, 2.5])
def test_the_meeting_table_is_a_loop_over_all_steps(seed: int, km_per_step: float) -> None:
    """For every step of leaving, table and single search agree with looking at every step."""
    track = wandering(seed)
    found = meeting_table(track, BASE, km_per_step)
    for leaves in range(0, len(found), 7):
        wanted = first_meeting(track, BASE, km_per_step, leaves)
        assert found[leaves] == wanted
        assert meeting_step(track, BASE, km_per_step, leaves) == wanted


def test_a_trifle_of_rounding_makes_nobody_late() -> None:
    """A flier that leaves a flight for another on the same way, as near as numbers tell it, meets that at once."""
    track = radial(0.0, 1.0, 100)
    for step in range(10, 90):
        nearly = track.units[step] + np.array([0.0, 0.0, 2e-16])
        assert 0.0 < track.sphere.distance_km(track.units[step], nearly) < 1e-11
        assert meeting_step(track, nearly, 1.5, step) == step
        assert meeting_table(track, nearly, 1.5)[step] == step


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.floats(0.3, 4.0))
def test_nobody_is_met_sooner_for_leaving_later(seed: int, km_per_step: float) -> None:
    """The table never falls, never lies before the step of leaving, and names steps at which the flight exists."""
    track = wandering(seed)
    found = meeting_table(track, BASE, km_per_step)
    assert np.all(np.diff(found) >= 0)
    assert np.all(found >= np.arange(len(found)))
    met = found[found != NEVER]
    assert np.all((met >= track.first) & (met <= track.last))


def test_a_departing_flight_is_the_script_and_then_what_it_is_told() -> None:
    """Altitude and first step stay, it exists until the end of the window, and zones are as its stays say."""
    script = Track("f", SPHERE, {}, 5, 60, wandering(1, 100).units, np.arange(100.0))
    turned = script.departs(20, script.units[::-1], {"z": [Stay(10, 30), Stay(40, NEVER)], "y": []})
    assert (turned.first, turned.last) == (5, 99)
    assert turned.altitude_ft.tolist() == [*range(20), *[20.0] * 80]
    assert np.flatnonzero(turned.inside("z")).tolist() == [*range(10, 30), *range(40, 100)]
    assert not turned.inside("y").any()
    assert turned.stays("z") == [Stay(10, 30), Stay(40, NEVER)]
    assert np.array_equal(script.altitude_ft, np.arange(100.0))


class Marked(Region):
    """A region that is told for each step whether the flight is in it: rows are numbered in their first place."""

    def __init__(self, flags: str) -> None:
        self.flags = np.array([flag == "#" for flag in flags])

    def contains_each(self, units):
        """Tell by the number in the row's first place."""
        return self.flags[units[:, 0].astype(int)]

    fence = property(NotImplementedError)

    def boundary_distance_km(self, units):
        """Be of no use here."""
        raise NotImplementedError

    def outline_deg(self, max_step_km=5.0):
        """Be of no use here."""
        raise NotImplementedError

    def _exits(self, units):
        raise NotImplementedError


def marked(first: int, last: int, **zones: str) -> Track:
    """Make a track whose zones are drawn as text: `#` is inside."""
    steps = len(next(iter(zones.values())))
    units = np.zeros((steps, 3))
    units[:, 0] = np.arange(steps)
    return Track(
        "f",
        SPHERE,
        {name: Marked(flags) for name, flags in zones.items()},
        first,
        last,
        units,
        np.zeros(steps),
    )


#                      0123456789012345
BY_HAND = marked(0, 15, z="..###....##...##")


def test_stays_by_hand() -> None:
    """A stay is its first step inside and its first outside; one that goes on has no end."""
    assert BY_HAND.stays("z") == [Stay(2, 5), Stay(9, 11), Stay(14, NEVER)]
    assert [k for k in range(16) if BY_HAND.is_inside("z", k)] == [2, 3, 4, 9, 10, 14, 15]
    assert not BY_HAND.is_inside("z", 16)


def test_a_flight_is_in_no_zone_before_and_after_it_flies() -> None:
    """A flight that appears or ends inside enters with its first step and leaves with the first after its last."""
    track = marked(3, 9, z="#" * 12)
    assert track.stays("z") == [Stay(3, 10)]
    assert [track.exists(k) for k in (2, 3, 9, 10)] == [False, True, True, False]


def test_a_window_runs_from_after_one_stay_to_the_end_of_the_next() -> None:
    """Up to and with the step of leaving it is the stay's window; from then on that of the stay to come."""
    numbers = [BY_HAND.window("z", k) for k in range(16)]
    assert numbers == [1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3]


def test_next_leave_by_hand() -> None:
    """It is the end of the stay that goes on or comes next; at the step of leaving it is the one after."""
    ends = [BY_HAND.next_leave("z", k) for k in (0, 2, 4, 5, 8, 10, 11, 15)]
    assert ends == [5, 5, 5, 11, 11, 11, NEVER, NEVER]


def test_next_change_by_hand() -> None:
    """It is the first entry or exit after a step, never at it."""
    changes = [BY_HAND.next_change("z", k) for k in (0, 1, 2, 5, 9, 11, 14)]
    assert changes == [2, 2, 5, 9, 11, 14, NEVER]


def test_crossings_by_hand() -> None:
    """Crossings stand in order of time, entries before exits, then by zone, and number their stays."""
    track = marked(0, 7, b=".##..#..", a="...##...", c=".##.....")
    assert track.crossings == [
        Crossing(1, "b", True, 1),
        Crossing(1, "c", True, 1),
        Crossing(3, "a", True, 1),
        Crossing(3, "b", False, 1),
        Crossing(3, "c", False, 1),
        Crossing(5, "b", True, 2),
        Crossing(5, "a", False, 1),
        Crossing(6, "b", False, 2),
    ]
    assert track.marks == [0, 1, 3, 5, 6, 8]
    assert [track.next_mark(k) for k in (-1, 0, 1, 6, 8)] == [0, 1, 3, 8, NEVER]


def test_distances_are_infinite_where_the_flight_is_not() -> None:
    """Before the first and after the last step no distance is finite."""
    track = wandering(3)
    finite = np.isfinite(track.distances_km(BASE))
    assert np.flatnonzero(finite).tolist() == list(range(track.first, track.last + 1))


def test_the_way_home_by_hand() -> None:
    """From 59.9 km at 2.5 km a step it is 24 steps; a flier beside a receding flight is due home ever later."""
    home = Homeward.of(radial(59.9, 0.0, 10), BASE, 2.5)
    assert home.back[:3].tolist() == [24, 25, 26]
    away = Homeward.of(radial(60.25, -1.0, 200), BASE, 2.5)  # at step k: 60.25 + k km off
    assert away.rises
    # Back at step k + ceil((60.25 + k) / 2.5): at 96 that is 96 + 63 = 159, at 97 it is 97 + 63 = 160.
    assert away.first_late(0, 160) == 97
    assert away.first_late(97, 160) == 97
    assert away.first_late(120, 160) == 120
    assert away.first_late(0, 10_000) == NEVER


@settings(max_examples=60)
@given(
    st.integers(0, 10_000), st.sampled_from([0.3, 0.7, 0.99, 1.0, 1.5, 3.0]), st.integers(0, 900), st.data()
)
def test_the_first_late_step_is_a_loop_over_all_steps(
    seed: int, km_per_step: float, limit: int, data: st.DataObject
) -> None:
    """However fast the flier, the search finds what looking at every step of the flight finds, and nothing after."""
    track = wandering(seed)
    home = Homeward.of(track, BASE, km_per_step)
    since = data.draw(st.integers(track.first, track.last))
    wanted = next((k for k in range(since, track.last + 1) if home.back[k] >= limit), NEVER)
    assert home.first_late(since, limit) == wanted
    if Returning.tells(track, km_per_step):
        search = Returning(track, BASE, km_per_step, track.first)
        assert search.first_late(since, limit) == wanted
        assert all(search.back_from(k) == home.back_from(k) for k in range(track.first, track.last + 1))


def test_the_way_home_need_not_rise() -> None:
    """Beside a flight that is faster than the flier and flies to its base, who stays longer is home sooner."""
    home = Homeward.of(radial(99.9, 2.0, 50), BASE, 1.0)
    assert not home.rises
    assert home.back[[0, 10, 40]].tolist() == [100, 90, 60]
    assert home.first_late(0, 95) == 0
    assert home.first_late(10, 95) == NEVER
