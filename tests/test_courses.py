"""Courses along great circles: changes of side and nearest approaches against looking at every step."""

from __future__ import annotations

import numpy as np
import pytest

from sim.clock import NEVER
from sim.courses import Booleans, Courses, Whole, near_circle
from sim.geo import Floats, Sphere
from sim.zones import Zone, regions

SPHERE = Sphere.at(37.0, 131.0)
CENTRE = SPHERE.unit(37.0, 131.0)
ONCE_ROUND_KM = 2 * np.pi * SPHERE.radius_km
ZONES = {
    "circle": Zone(label="C", kind="airspace", lat_deg=37.0, lon_deg=131.0, radius_nmi=60),
    "polygon": Zone(
        label="P",
        kind="identification",
        vertices_deg=((36.0, 130.0), (36.0, 133.0), (37.0, 131.4), (38.5, 132.5), (38.0, 129.0)),
    ),
    "grown": Zone(label="G", kind="trigger", around="polygon", margin_nmi=25),
}
REGIONS = regions(ZONES, SPHERE)


def wandering(seed: int, count: int, legs: int, km_per_step: float, steps: int) -> Courses:
    """Make courses through random waypoints within 300 km, some of which are one place twice."""
    random = np.random.default_rng(seed)
    places = SPHERE.offset(
        CENTRE, random.uniform(0, 360, (count, legs + 1)), random.uniform(5, 300, (count, legs + 1))
    )
    twice = random.random(count) < 0.3
    places[twice, -1] = places[twice, -2]
    speeds = np.full(count, km_per_step)
    speeds[0] = 0.0
    numbers = random.integers(1, legs + 1, count)
    counts = random.integers(1, steps, count)
    return Courses.through(SPHERE, places[:, 0], places[:, 1:], numbers, speeds, counts)


def every_step(courses: Courses, course: int) -> Floats:
    """Give all places of a course."""
    steps = np.arange(courses.counts[course])
    return courses.place(np.full_like(steps, course), steps)


def first(states: Booleans, wanted: bool) -> int:
    """Give the first step with a state, or NEVER."""
    return int(np.argmax(states == wanted)) if (states == wanted).any() else NEVER


@pytest.mark.parametrize("name", REGIONS)
@pytest.mark.parametrize(("seed", "km_per_step"), [(1, 0.2), (2, 1.0), (3, 7.0), (4, 90.0)])
def test_changes_are_those_of_every_step(name: str, seed: int, km_per_step: float) -> None:
    """The steps at which a course enters or leaves are those at which neighbouring places differ, and no others."""
    region, courses = REGIONS[name], wandering(seed, 60, 3, km_per_step, 1200)
    begins = courses.place(np.arange(60), np.zeros(60, dtype=np.int64))
    changes = courses.changes(
        region.fences.near(courses.legs.ways),
        lambda _, places: region.contains_each(places),
        region.contains_each(begins)[np.newaxis],
    )
    found = 0
    into, out = (courses.first(region.fences, region.contains_each, wanted) for wanted in (True, False))
    for course in range(60):
        states = region.contains_each(every_step(courses, course))
        wanted = np.flatnonzero(np.diff(states)) + 1
        found += len(wanted)
        assert changes.step[changes.course == course].tolist() == wanted.tolist()
        assert (into[course], out[course]) == (first(states, True), first(states, False))
    assert found > 20


@pytest.mark.parametrize("radius_km", [0.5, 40.0, 111.0, 2_000.0])
def test_changes_at_a_circle_are_those_of_every_step(radius_km: float) -> None:
    """A course crosses a circle on the stretches near it and nowhere else, each course a circle of its own."""
    courses = wandering(5, 80, 3, 0.4, 2500)
    # Two in three circles are nearly touched: the course's least distance, a metre more or less.
    nearest_km = np.array(
        [SPHERE.distance_km(every_step(courses, course), CENTRE).min() for course in range(80)]
    )
    radii_km = np.where(np.arange(80) % 3, nearest_km + 0.001 * (np.arange(80) % 3 - 1.5), radius_km)

    def inside(courses: Whole, places: Floats) -> Booleans:
        near: Booleans = SPHERE.distance_km(places, CENTRE) <= radii_km[courses]
        return near

    begins = courses.place(np.arange(80), np.zeros(80, dtype=np.int64))
    changes = courses.changes(
        near_circle(SPHERE, courses.legs.ways, CENTRE, radii_km[courses.legs.course]),
        lambda spots, places: inside(spots.course, places),
        inside(np.arange(80), begins)[np.newaxis],
    )
    for course in range(80):
        states = inside(np.full(courses.counts[course], course), every_step(courses, course))
        wanted = np.flatnonzero(np.diff(states)) + 1
        assert changes.step[changes.course == course].tolist() == wanted.tolist()


@pytest.mark.parametrize(("seed", "km_per_step"), [(1, 0.2), (2, 1.0), (3, 90.0)])
def test_the_nearest_step_is_an_approach(seed: int, km_per_step: float) -> None:
    """The least distance over the steps after the first is among the approaches, and so is every local least."""
    courses = wandering(seed, 60, 3, km_per_step, 1200)
    point = SPHERE.offset(CENTRE, 200.0, 30.0)
    course, step, km = courses.approaches(point)
    for number in range(1, 60):
        each_km = SPHERE.distance_km(every_step(courses, number), point)
        here = course == number
        assert np.array_equal(km[here], each_km[step[here]])
        lows = np.flatnonzero((each_km[1:-1] < each_km[:-2]) & (each_km[1:-1] < each_km[2:])) + 1
        assert set(lows) <= set(step[here])
        if len(each_km) > 1:
            assert each_km[1:].min() == km[here].min()


def test_a_course_that_goes_round_the_world_comes_by_again() -> None:
    """At 50 km a step a circle of 300 km on the way is entered three times in two and a half rounds."""
    start = SPHERE.offset(CENTRE, 90.0, 1_000.0)
    steps = np.array([int(2.5 * ONCE_ROUND_KM / 50)])
    courses = Courses.through(
        SPHERE, start[np.newaxis], CENTRE[np.newaxis, np.newaxis], np.array([1]), np.array([50.0]), steps
    )
    zone = Zone(label="C", kind="airspace", lat_deg=37.0, lon_deg=131.0, radius_nmi=300 / 1.852)
    region = regions({"circle": zone}, SPHERE)["circle"]
    changes = courses.changes(
        region.fences.near(courses.legs.ways),
        lambda _, places: region.contains_each(places),
        np.array([[False]]),
    )
    # 700 km to the rim and 1,300 km to the other side, and a whole round more each time.
    rims_km = [base + turn * ONCE_ROUND_KM for turn in range(3) for base in (700.0, 1_300.0)]
    assert changes.step.tolist() == pytest.approx([km / 50 for km in rims_km], abs=1)
    _, step, km = courses.approaches(CENTRE)
    assert sorted(step[km < 25]) == [round((1_000 + turn * ONCE_ROUND_KM) / 50) for turn in range(3)]


def test_a_course_turns_at_its_waypoints_and_goes_straight_on_by_hand() -> None:
    """40.3 km to the first waypoint at 1.25 km a step; after the last one straight on, at the same speed."""
    first_point = SPHERE.offset(CENTRE, 90.0, 40.3)
    second_point = SPHERE.offset(CENTRE, 45.0, 90.0)
    waypoints = np.array([[first_point, second_point]])
    courses = Courses.through(
        SPHERE, CENTRE[np.newaxis], waypoints, np.array([2]), np.array([1.25]), np.array([400])
    )
    places = every_step(courses, 0)
    assert np.array_equal(places[0], CENTRE)
    hops_km = SPHERE.distance_km(places[1:], places[:-1])
    # Round the corner the chord is shorter than the way; everywhere else a step is 1.25 km to a millimetre.
    straight = np.abs(hops_km - 1.25) < 1e-6
    assert np.flatnonzero(~straight).tolist() == [32]
    assert hops_km[32] < 1.25
    assert float(SPHERE.distance_km(places[32], first_point)) == pytest.approx(0.3, abs=1e-6)
    beyond = SPHERE.onward(first_point, second_point, 399 * 1.25 - 40.3)
    assert float(SPHERE.distance_km(places[399], beyond)) == pytest.approx(0.0, abs=1e-6)


def test_a_place_is_the_same_alone_and_among_others() -> None:
    """To the last bit: on an edge that runs along the course, the last bit decides on which side a place is."""
    courses = wandering(6, 40, 3, 0.7, 500)
    course = np.repeat(np.arange(40), 500)
    step = np.tile(np.arange(500), 40)
    together = courses.place(course, step)
    for row in range(0, len(course), 137):
        one = np.array([course[row]])
        assert np.array_equal(courses.of(one).place(np.array([0]), step[[row]])[0], together[row])
