"""Courses along great circles at constant speed, many at once, and the few points at which to look.

The problem: whether a flight is in a zone is asked for each of 10,000 steps of each of 1,000 courses, and to ask it
of every point costs seconds. The solution: where the state can change at all follows from how great circles meet
the boundary. `Stretches` of them, each a little too long, cover all places where the boundary is crossed; only the
few points in a stretch are asked, and between stretches the answer stays what it was.

Points are computed one by one from course and step, so that they are the same to the last bit alone or among others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.clock import NEVER
from sim.geo import ROUNDING_KM, Floats, Sphere, cross, places_of
from sim.pieces import laid_out

Whole = NDArray[np.int64]
Booleans = NDArray[np.bool_]

AT_A_TIME = 2**15  # pairs of a great circle and a piece compared at a time: they then fit a processor's cache


class Ways(NamedTuple):
    """Great circles: from `origins` (n, 3) in the directions `aheads` (n, 3), which are at right angles to them."""

    origins: Floats
    aheads: Floats


class Stretches(NamedTuple):
    """Stretches of ways near boundaries, in any order: the number of the boundary, that of the way, km from its origin.

    Each of shape (m,).  What is behind an origin has negative km; a stretch is given once, although the way comes
    round again.
    """

    boundary: Whole
    way: Whole
    begins_km: Floats
    ends_km: Floats


def near_circle(sphere: Sphere, ways: Ways, centre: Floats, radii_km: Floats) -> Stretches:
    """Give the stretches of ways (n) on which they may cross a circle, which has a radius for each way (n,)."""
    along, across = ways.origins @ centre, ways.aheads @ centre
    reach = np.maximum(np.hypot(along, across), np.finfo(np.float64).tiny)  # the cosine of the least distance
    nearest = np.arctan2(across, along)
    outer = np.cos(np.minimum((radii_km + ROUNDING_KM) / sphere.radius_km, np.pi)) / reach
    inner = np.cos(np.clip((radii_km - ROUNDING_KM) / sphere.radius_km, 0.0, np.pi)) / reach
    way = np.flatnonzero(outer <= 1)
    half_outer, half_inner = (np.arccos(np.clip(share[way], -1.0, 1.0)) for share in (outer, inner))
    nearest = nearest[way]
    begins = np.concatenate((nearest - half_outer, nearest + half_inner))
    ends = np.concatenate((nearest - half_inner, nearest + half_outer))
    return Stretches(
        np.zeros(2 * len(way), dtype=np.int64),
        np.concatenate((way, way)),
        begins * sphere.radius_km - ROUNDING_KM,
        ends * sphere.radius_km + ROUNDING_KM,
    )


class Fence(NamedTuple):
    """A line of great-circle pieces, near which lies all of a boundary."""

    points: Floats
    """Where pieces begin and end, shape (p + 1, 3)."""
    drawn: Booleans
    """Which of the p pieces between neighbours belong to the line."""
    stray_km: float
    """No point of the boundary is farther from the line."""


class Fences:
    """The fences of several boundaries, as one line: to meet one costs as many calls as to meet all."""

    def __init__(self, sphere: Sphere, fences: Sequence[Fence]) -> None:
        self.sphere = sphere
        self.points = np.concatenate([fence.points for fence in fences])
        self.drawn = np.concatenate([np.append(fence.drawn, False) for fence in fences])[:-1]
        lengths = [len(fence.points) for fence in fences]
        self.boundary = np.repeat(np.arange(len(fences)), lengths)[:-1]
        self.stray_km = np.repeat([fence.stray_km + ROUNDING_KM for fence in fences], lengths)[:-1]

    def near(self, ways: Ways) -> Stretches:
        """Give the stretches of ways on which they may cross the boundaries.

        A boundary that is crossed on a way lies there at most `stray_km` beside a piece, so the piece comes as near to
        the way.  How far a piece is from the plane of a way changes linearly along its chord.
        """
        way, piece, start, end = self._met(ways)
        stray_km, radius_km = self.stray_km[piece], self.sphere.radius_km
        stray = np.sin(stray_km / radius_km)
        rise = np.where(end == start, stray, end - start)
        shares = np.stack(((-stray - start) / rise, (stray - start) / rise))
        shares[:, end == start] = [[0.0], [1.0]]  # a piece along the way is near as a whole
        shares = np.clip(shares, 0.0, 1.0)[..., np.newaxis]
        spots = self.points[piece] + shares * (self.points[piece + 1] - self.points[piece])
        one, other = np.arctan2(
            np.einsum("smi,mi->sm", spots, ways.aheads[way]),
            np.einsum("smi,mi->sm", spots, ways.origins[way]),
        )
        # A piece is shorter than half a turn, also one that lies across the antipode of the origin.
        other = one + np.remainder(other - one + np.pi, 2 * np.pi) - np.pi
        begins_km, ends_km = np.minimum(one, other) * radius_km, np.maximum(one, other) * radius_km
        return Stretches(self.boundary[piece], way, begins_km - stray_km, ends_km + stray_km)

    def _met(self, ways: Ways) -> tuple[Whole, Whole, Floats, Floats]:
        """Give each way and piece that come near each other, and the sines by which the ends are beside the way."""
        found = []
        count = -(-AT_A_TIME // len(self.points))
        normals = cross(ways.origins, ways.aheads)
        stray = np.sin(self.stray_km.max() / self.sphere.radius_km)
        for first in range(0, max(len(normals), 1), count):
            beside = normals[first : first + count] @ self.points.T
            left, right = beside > -stray, beside < stray
            way, piece = places_of((left[:, :-1] | left[:, 1:]) & (right[:, :-1] | right[:, 1:]) & self.drawn)
            found.append((way + first, piece, beside[way, piece], beside[way, piece + 1]))
        way, piece, start, end = (np.concatenate(column) for column in zip(*found, strict=True))
        return way, piece, start, end


class Spots(NamedTuple):
    """Steps of courses near boundaries, in order of boundary, course and step, each of shape (m,)."""

    boundary: Whole
    course: Whole
    step: Whole


class Legs(NamedTuple):
    """The legs of courses on which something can change, m of them: those of a length, flown at a speed."""

    course: Whole
    ways: Ways
    starts_km: Floats
    ends_km: Floats
    """Way flown along the course at either end of the leg."""


@dataclass(frozen=True)
class Courses:
    """n courses, each of up to L great-circle legs flown one after the other, with a point at every step.

    Step 0 of a course is its beginning.
    """

    sphere: Sphere
    origins: Floats
    """Where each leg begins, shape (n, L, 3)."""
    aheads: Floats
    """The direction of each leg at its origin, shape (n, L, 3); zero for one that stays there."""
    starts_km: Floats
    """Way flown when each leg begins, rising, shape (n, L); infinite where a course has no such leg."""
    km_per_step: Floats
    counts: Whole
    """How many steps a course has, shape (n,), at least one each."""

    @classmethod
    def through(
        cls,
        sphere: Sphere,
        here: Floats,
        waypoints: Floats,
        numbers: Whole,
        km_per_step: Floats,
        counts: Whole,
    ) -> Courses:
        """Make courses from `here` (n, 3) through the first `numbers` (n,) of the `waypoints` (n, L, 3).

        After its last waypoint a course goes straight on; where the last two are the same place it stays there.
        """
        length_km = np.zeros(len(here))
        origins, aheads = np.empty(waypoints.shape), np.empty(waypoints.shape)
        starts_km = np.full(waypoints.shape[:2], np.inf)
        for leg in range(waypoints.shape[1]):
            flown = leg < numbers
            there = waypoints[:, leg].copy()
            there[~flown] = here[~flown]
            origins[:, leg], aheads[:, leg] = here, sphere.direction(here, there)
            starts_km[flown, leg] = length_km[flown]
            length_km = length_km + sphere.distance_km(here, there)
            here = there
        return cls(sphere, origins, aheads, starts_km, km_per_step, counts)

    def of(self, rows: NDArray[np.intp]) -> Courses:
        """Give some of the courses."""
        return Courses(
            self.sphere,
            self.origins[rows],
            self.aheads[rows],
            self.starts_km[rows],
            self.km_per_step[rows],
            self.counts[rows],
        )

    def place(self, course: Whole, step: Whole) -> Floats:
        """Give the places of courses at steps, each of shape (m,): shape (m, 3)."""
        flown_km = step * self.km_per_step[course]
        starts_km = self.starts_km[course]
        leg = np.count_nonzero(flown_km[:, np.newaxis] >= starts_km, axis=1) - 1
        on_leg_km = (flown_km - starts_km[np.arange(len(leg)), leg]) * self._moves[course, leg]
        return self.sphere.toward(self.origins[course, leg], self.aheads[course, leg], on_leg_km)

    def way(self, course: int) -> Floats:
        """Give the places of one course at all its steps, shape (count, 3): what `place` gives, but faster."""
        flown_km = np.arange(self.counts[course]) * self.km_per_step[course]
        starts_km = self.starts_km[course]
        begins = np.searchsorted(flown_km, starts_km).tolist()
        places = np.empty((len(flown_km), 3))
        for leg, steps in enumerate(pairwise([*begins, len(flown_km)])):
            on_leg_km = (flown_km[slice(*steps)] - starts_km[leg]) * self._moves[course, leg]
            origin, ahead = self.origins[course, leg], self.aheads[course, leg]
            places[slice(*steps)] = self.sphere.run(origin, ahead, on_leg_km)
        return places

    def changes(
        self, stretches: Stretches, inside: Callable[[Spots, Floats], Booleans], at_first: Booleans
    ) -> Spots:
        """Give the spots at which a course changes sides of a boundary, in order.

        That happens nowhere but on the stretches, which are those of `legs`.  `inside` tells for spots and their places
        on which side of the boundary they are; `at_first` tells it for step 0, by boundary and course.
        """
        spots = self._spots(stretches)
        state = inside(spots, self.place(spots.course, spots.step))
        before = np.empty_like(state)
        before[1:] = state[:-1]
        opens = np.flatnonzero(np.diff(spots.boundary * len(self.counts) + spots.course, prepend=-1))
        before[opens] = at_first[spots.boundary[opens], spots.course[opens]]
        changed = np.flatnonzero(state != before)
        return Spots(*(part[changed] for part in spots))

    def first(self, fences: Fences, inside: Callable[[Floats], Booleans], wanted: bool) -> Whole:
        """Give the first step at which each course is on the wanted side of one boundary, shape (n,), or NEVER."""
        courses = np.arange(len(self.counts))
        at_first = inside(self.place(courses, np.zeros_like(courses)))
        changes = self.changes(
            fences.near(self.legs.ways), lambda _, places: inside(places), at_first[np.newaxis]
        )
        opens = np.flatnonzero(np.diff(changes.course, prepend=-1))
        first = np.full(len(courses), NEVER, dtype=np.int64)
        first[changes.course[opens]] = changes.step[opens]
        return np.where(at_first == wanted, 0, first)

    def approaches(self, point: Floats) -> tuple[Whole, Whole, Floats]:
        """Give courses, steps and km from a point, in order of course and step, each of shape (m,).

        Among them is every step after 0 that is nearer to the point than both its neighbours, or equally near, and
        the last one of each course.
        """
        ways, lengths_km = self.legs.ways, self.legs.ends_km - self.legs.starts_km
        nearest_km = self.sphere.radius_km * np.arctan2(ways.aheads @ point, ways.origins @ point)
        spots_km = np.stack((nearest_km, np.zeros_like(lengths_km), lengths_km)).ravel()
        way = np.tile(np.arange(len(lengths_km)), 3)
        _, course, step = self._spots(
            Stretches(np.zeros_like(way), way, spots_km - ROUNDING_KM, spots_km + ROUNDING_KM)
        )
        return course, step, self.sphere.distance_km(self.place(course, step), point)

    @cached_property
    def _moves(self) -> Floats:
        """Which legs lead somewhere, as 0 and 1."""
        return np.where(self.aheads.any(axis=2), 1.0, 0.0)

    @cached_property
    def legs(self) -> Legs:
        """The legs on which something can change."""
        ends_km = np.minimum(
            np.concatenate((self.starts_km[:, 1:], np.full((len(self.counts), 1), np.inf)), axis=1),
            ((self.counts - 1) * self.km_per_step)[:, np.newaxis],
        )
        course, leg = places_of((self.starts_km < ends_km) & (self._moves > 0))
        ways = Ways(self.origins[course, leg], self.aheads[course, leg])
        return Legs(course, ways, self.starts_km[course, leg], ends_km[course, leg])

    def _spots(self, stretches: Stretches) -> Spots:
        """Give the spots on stretches of legs and next to them, but for step 0, in order, each once."""
        starts_km, ends_km = self.legs.starts_km[stretches.way], self.legs.ends_km[stretches.way]
        once_round_km = 2 * np.pi * self.sphere.radius_km
        rounds = np.arange(int(np.max(ends_km - starts_km, initial=0.0) / once_round_km) + 2)
        shifts_km = starts_km + rounds[:, np.newaxis] * once_round_km
        begins_km = np.maximum(stretches.begins_km + shifts_km, starts_km)
        ends_km = np.minimum(stretches.ends_km + shifts_km, ends_km)
        met = begins_km <= ends_km
        stretch = np.nonzero(met)[1]
        course = self.legs.course[stretches.way[stretch]]
        km_per_step = self.km_per_step[course]
        first = np.maximum((begins_km[met] / km_per_step).astype(np.int64), 1)
        last = np.minimum(np.ceil(ends_km[met] / km_per_step).astype(np.int64), self.counts[course] - 1)
        many = np.maximum(last - first + 1, 0)
        place, within = laid_out(many)
        courses, steps = len(self.counts), int(self.counts.max(initial=1))
        keys = (stretches.boundary[stretch] * courses + course) * steps + first
        boundary_and_course, step = np.divmod(np.unique(keys[place] + within), steps)
        return Spots(*np.divmod(boundary_and_course, courses), step)
