"""Tracks on the clock, and the intercept law: everything spatial is a table by step.

A track is the place of an aircraft at every step, and from it which zones it is in.  The tables are made once for a
scenario; what happens in a replication is looked up in them.  An aircraft that leaves its script gets new tables from
that step on.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.clock import NEVER
from sim.courses import Fences
from sim.geo import Sphere
from sim.zones import Region

ROUNDING_STEPS = 1e-6
"""More than what rounding makes of a time of flight in steps, and far less than a step."""

IN_TIME_STEPS = 1e-9
"""Whoever is late by less is in time: so much is rounding, as where one flight is left for another on the same way."""

Vectors = NDArray[np.float64]
"""Unit vectors from the centre of the sphere, shape (n, 3)."""


class Stay(NamedTuple):
    """One stay in a zone: the first step inside, and the first step outside again (NEVER if there is none)."""

    enters: int
    leaves: int


class Crossing(NamedTuple):
    """One zone boundary crossed: the step, the zone, whether inwards, and the number of the stay from 1."""

    step: int
    zone: str
    inwards: bool
    stay: int


@dataclass
class Track:
    """The place of one flight at each step of the window, and what follows from it.

    `units` has shape (steps, 3); rows outside `first`..`last` are not to be used.  `altitude_ft` has shape (steps,).
    """

    name: str
    sphere: Sphere
    regions: Mapping[str, Region]
    first: int
    last: int
    units: Vectors
    altitude_ft: NDArray[np.float64]
    _inside: dict[str, NDArray[np.bool_]] = field(default_factory=dict)
    _stays: dict[str, list[Stay]] = field(default_factory=dict)
    kept: dict[Any, Any] = field(default_factory=dict)
    """Tables that others have made of this track, to be made once for as long as it is kept."""

    @cached_property
    def steps(self) -> int:
        """The number of steps of the window."""
        return len(self.units)

    def exists(self, step: int) -> bool:
        """Return whether the flight is in the air at a step."""
        return self.first <= step <= self.last

    def inside(self, zone: str) -> NDArray[np.bool_]:
        """Return for each step whether the flight is in the zone, shape (steps,)."""
        known = self._inside.get(zone)
        if known is None:
            known = self._inside[zone] = np.zeros(len(self.units), dtype=bool)
            if zone in self._stays:
                for stay in self._stays[zone]:
                    known[stay.enters : stay.leaves] = True
            else:
                span = slice(self.first, self.last + 1)
                known[span] = self.regions[zone].contains(self.units[span])
        return known

    def is_inside(self, zone: str, step: int) -> bool:
        """Return whether the flight is in the zone at a step of the window."""
        return step < self.steps and bisect_right(self.changes[zone], step) % 2 == 1

    def stays(self, zone: str) -> list[Stay]:
        """Return the stays in a zone in order of time."""
        known = self._stays.get(zone)
        if known is None:
            inside = self.inside(zone)
            change = np.flatnonzero(np.diff(np.concatenate(([False], inside, [False])).astype(np.int8)))
            ends = [int(k) if k < len(inside) else NEVER for k in change[1::2]]
            known = [Stay(int(a), b) for a, b in zip(change[0::2], ends, strict=True)]
            self._stays[zone] = known
        return known

    @cached_property
    def changes(self) -> Mapping[str, list[int]]:
        """By zone the steps at which the flight enters it and leaves it, in turn."""
        return {zone: [k for stay in self.stays(zone) for k in stay if k != NEVER] for zone in self.regions}

    @cached_property
    def leaves(self) -> Mapping[str, list[int]]:
        """By zone the end of each stay, in order of time; the last may be NEVER."""
        return {zone: [stay.leaves for stay in self.stays(zone)] for zone in self.regions}

    def window(self, zone: str, step: int) -> int:
        """Return the number from 1 of the stay to which a step belongs.

        A stay's window runs from after the end of the stay before it to its own end, so that the approach belongs to
        the stay that it leads to.
        """
        return 1 + bisect_left(self.leaves[zone], step)

    def next_leave(self, zone: str, step: int) -> int:
        """Return the end of the stay that goes on at a step, or else of the next one (NEVER if there is none)."""
        leaves = self.leaves[zone]
        place = bisect_right(leaves, step)
        return leaves[place] if place < len(leaves) else NEVER

    def next_change(self, zone: str, step: int) -> int:
        """Return the first step after `step` at which the flight enters or leaves the zone, or NEVER."""
        changes = self.changes[zone]
        place = bisect_right(changes, step)
        return changes[place] if place < len(changes) else NEVER

    @cached_property
    def crossings(self) -> list[Crossing]:
        """All zone crossings in order of time (entries before exits of one step, then by zone)."""
        found = []
        for zone in self.regions:
            for number, stay in enumerate(self.stays(zone), start=1):
                found.append(Crossing(stay.enters, zone, True, number))
                if stay.leaves != NEVER:
                    found.append(Crossing(stay.leaves, zone, False, number))
        return sorted(found, key=lambda c: (c.step, not c.inwards, c.zone))

    @cached_property
    def crossings_at(self) -> dict[int, list[Crossing]]:
        """The crossings of each step that has some."""
        found: dict[int, list[Crossing]] = {}
        for crossing in self.crossings:
            found.setdefault(crossing.step, []).append(crossing)
        return found

    @cached_property
    def marks(self) -> list[int]:
        """The steps at which something changes for the flight, in order: first, crossings, first step after its end."""
        return sorted({self.first, *self.crossings_at, self.last + 1})

    def next_mark(self, step: int) -> int:
        """Return the next step after `step` at which something changes for the flight, or NEVER."""
        place = bisect_right(self.marks, step)
        return self.marks[place] if place < len(self.marks) else NEVER

    @cached_property
    def rows(self) -> memoryview:
        """The same as `units`, to be asked for one number at a time."""
        return self.units.data

    @cached_property
    def fastest_km(self) -> float:
        """The longest way in one step, in km, or a trifle more; after a turn it keeps a speed that it had."""
        units = self.units[self.first : self.last + 1]
        return float(self.sphere.distance_km(units[1:], units[:-1]).max(initial=0.0)) * (1 + 1e-9)

    @cached_property
    def fences(self) -> Fences:
        """The fences of all zones, in their order."""
        return Fences(self.sphere, [region.fence for region in self.regions.values()])

    def distances_km(self, place: Vectors, since: int = 0) -> NDArray[np.float64]:
        """Return the distance to a fixed place (shape (3,)) at each step, infinite where the flight is not there.

        Steps before `since` are not looked at and count as infinite too.
        """
        distances = np.full(len(self.units), np.inf)
        span = slice(max(self.first, since), self.last + 1)
        distances[span] = self.sphere.distance_km(self.units[span], place)
        return distances

    def departs(self, step: int, units: Vectors, stays: Mapping[str, list[Stay]]) -> Track:
        """Return a track that is this one up to and including a step, and then flies on to the end of the window.

        It is at `units` (steps, 3), and in the zones as its `stays` by zone say; altitude is kept.
        """
        altitude_ft = self.altitude_ft.copy()
        altitude_ft[step:] = self.altitude_ft[step]
        turned = Track(self.name, self.sphere, self.regions, self.first, len(units) - 1, units, altitude_ft)
        turned._stays.update(stays)
        turned.fastest_km = self.fastest_km
        return turned


def meeting_table(track: Track, place: Vectors, km_per_step: float) -> NDArray[np.int64]:
    """Return, for every step k0, the first step k at which a flier from `place` at k0 can be beside the track.

    That is the first k with distance(k) <= speed * (k - k0), but for rounding.  With f(k) = k - distance(k) / speed
    it is the first k with f(k) >= k0: one search in the running maximum of f.  Shape (steps,), NEVER where the flier
    can't catch up.
    """
    reach = track_reach(track, place, km_per_step)
    found = np.searchsorted(np.maximum.accumulate(reach), np.arange(len(reach)) - IN_TIME_STEPS, side="left")
    return np.where(found < len(reach), found, NEVER)


def meeting_step(track: Track, place: Vectors, km_per_step: float, step: int) -> int:
    """Return one entry of `meeting_table`: the first step at which a flier from `place` at `step` can be there.

    The problem: a table costs thousands of distances, and one entry needs few.  The solution: f (see `meeting_table`)
    rises in a step by at most 1 + the track's speed / the flier's, so no step is skipped wrongly that lies nearer than
    what f still lacks.  Whoever is within a rounding of the answer is asked as the table is.
    """
    at, most_per_step = max(step, track.first), 1.0 + track.fastest_km / km_per_step
    x, y, z = place.tolist()
    units, diameter_km = track.rows, 2 * track.sphere.radius_km
    while at <= track.last:
        half_chord = math.dist((units[at, 0], units[at, 1], units[at, 2]), (x, y, z)) / 2
        lacks = step - at + diameter_km * math.asin(min(half_chord, 1.0)) / km_per_step
        if abs(lacks) < ROUNDING_STEPS:
            lacks = step - (at - float(track.sphere.distance_km(track.units[at], place)) / km_per_step)
        if lacks <= IN_TIME_STEPS:
            return at
        at += max(1, math.ceil(lacks / most_per_step - ROUNDING_STEPS))
    return NEVER


def track_reach(track: Track, place: Vectors, km_per_step: float) -> NDArray[np.float64]:
    """Return f(k) = k - distance(k) / speed: the latest (fractional) step to leave `place` and be there at k."""
    return np.arange(len(track.units)) - track.distances_km(place) / km_per_step


def steps_between(sphere: Sphere, one: Vectors, other: Vectors, km_per_step: float) -> int:
    """Return the whole steps of a flight from one place (3,) to another."""
    half_chord = math.dist(one.tolist(), other.tolist()) / 2
    steps = 2 * sphere.radius_km * math.asin(min(half_chord, 1.0)) / km_per_step
    if abs(steps - round(steps)) < ROUNDING_STEPS:  # too near to a whole step for a short cut
        steps = float(sphere.distance_km(one, other)) / km_per_step
    return math.ceil(steps)


@dataclass(frozen=True)
class Homeward:
    """For each step k the step at which a flier that leaves a track at k is back at its base, shape (steps,)."""

    back: NDArray[np.float64]
    last: int
    """The last step at which the track exists."""
    rises: bool
    """Whether it never falls: so it is where the flier is faster than the track."""

    @classmethod
    def of(cls, track: Track, base: Vectors, km_per_step: float, since: int = 0) -> Homeward:
        """Make the table of a track, a base and a flier's speed; steps before `since` count as never too late."""
        back: NDArray[np.float64] = np.arange(len(track.units), dtype=np.float64) + np.ceil(
            track.distances_km(base, since) / km_per_step
        )
        back[:since] = -np.inf
        flown = back[max(track.first, since) : track.last + 1]
        return cls(back, track.last, bool(np.all(flown[1:] >= flown[:-1])))

    @cached_property
    def steps(self) -> Sequence[float]:
        """The same as `back`, to be asked for one step at a time."""
        return self.back.data

    def back_from(self, step: int) -> float:
        """Return the step at which a flier that leaves the track at a step is back."""
        return self.steps[step]

    def first_late(self, since: int, limit: int) -> int:
        """Return the first step from `since` on from which the flier would be back at `limit` or later, or NEVER."""
        if self.rises:
            late = bisect_left(self.steps, limit, since, max(since, self.last + 1))
            return late if late <= self.last else NEVER
        hits = self.back[since : self.last + 1] >= limit
        return since + int(np.argmax(hits)) if hits.any() else NEVER


@dataclass(frozen=True)
class Returning:
    """What `Homeward` tells, by a search: for a track of one replication, and a flier that is faster than it.

    The problem: a table costs thousands of distances, and such a track is asked a few times.  The solution: who is
    faster than the track is never back sooner by leaving it later, so that a dozen distances find the first late step.
    """

    track: Track
    base: Vectors
    km_per_step: float
    since: int
    """Steps before this one count as never too late."""

    @staticmethod
    def tells(track: Track, km_per_step: float) -> bool:
        """Return whether the flier is faster than the track, and not by a rounding only."""
        return km_per_step > track.fastest_km * (1 + ROUNDING_STEPS)

    def back_from(self, step: int) -> int:
        """Return the step at which a flier that leaves the track at a step is back."""
        track = self.track
        return step + steps_between(track.sphere, track.units[step], self.base, self.km_per_step)

    def first_late(self, since: int, limit: int) -> int:
        """Return the first step from `since` on from which the flier would be back at `limit` or later, or NEVER."""
        steps = range(self.track.last + 1)
        late = bisect_left(steps, limit, max(since, self.since), key=self.back_from)
        return late if late < len(steps) else NEVER
