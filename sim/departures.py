"""Departures: one flight that leaves its script at each of several steps, to get out of zones and go straight on.

A crew that turns away flies the shortest way out of each zone that it must leave, and then straight on until the end
of the window.  That follows from the step alone; so it is told here for many steps at once, and the track of a single
turn is the same with one step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise, zip_longest
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.clock import NEVER
from sim.courses import Booleans, Courses, Spots, Whole, near_circle
from sim.flight import Stay, Track, Vectors
from sim.zones import Region

RAY_KM = 1.0
LONGEST_RAY_STEPS = 1_500
RAYS_DEG = np.arange(0.0, 360.0, 15.0)
"""How finely, how far and in which directions a crew looks for a way out that stays clear of an airspace."""

AHEAD_KM = 100.0
"""A place so far ahead tells the direction of a flight."""


@dataclass(frozen=True)
class Departures:
    """V variants of one flight: it leaves its script at another step in each; up to that step all are the script."""

    script: Track
    steps: Whole
    """The step at which each variant leaves, shape (V,)."""
    courses: Courses
    """What each variant flies from there, step 0 being the one at which it leaves."""

    @classmethod
    def of(cls, script: Track, steps: NDArray[np.integer[Any]], zones: Sequence[str]) -> Departures:
        """Take a flight off its script at each of several steps (V,), in any order.

        It flies the shortest way out of each zone that it is in, then straight on until the window ends.  Of `zones`
        those are left, in their order (the airspace, then the identification zone), that the flight is in at the step;
        one that it is not in, or has left, is not entered on the way if that can be avoided.  Speed and altitude stay
        as they are; the turn itself takes no time.  Raises ValueError if the flight does not exist at a step.
        """
        left: Whole = np.asarray(steps, dtype=np.int64)
        if np.any((left < script.first) | (left > script.last)):
            raise ValueError(f"{script.name} flies from step {script.first} to {script.last}")
        units = script.units
        before = np.minimum(np.maximum(left - 1, script.first), max(script.last - 1, script.first))
        after = np.minimum(before + 1, script.last)
        km_per_step = script.sphere.distance_km(units[before], units[after])
        waypoints = np.empty((len(left), max(len(zones), 1), 3))
        numbers = np.zeros(len(left), dtype=np.int64)
        here = units[left]
        inside = [script.inside(zone)[left] for zone in zones]
        for place, zone in enumerate(zones):
            rows = np.flatnonzero(inside[place])
            # The way out of the zone before may lead out of this one as well.
            rows = rows[script.regions[zone].contains_each(here[rows])] if len(rows) else rows
            if not len(rows):
                continue
            shunned = [
                (script.regions[other], (number < place) | ~inside[number][rows])
                for number, other in enumerate(zones)
            ]
            here[rows] = ways_out(script.regions[zone], shunned, here[rows])
            waypoints[rows, numbers[rows]] = here[rows]
            numbers[rows] += 1
        straight = np.flatnonzero((numbers == 0) & (km_per_step > 0))
        waypoints[straight, 0] = script.sphere.onward(
            units[before[straight]], units[after[straight]], AHEAD_KM
        )
        stands = np.flatnonzero((numbers == 0) & (km_per_step == 0))
        waypoints[stands, 0] = units[left[stands]]
        numbers, counts = np.maximum(numbers, 1), len(units) - left
        courses = Courses.through(script.sphere, units[left], waypoints, numbers, km_per_step, counts)
        return cls(script, left, courses)

    @property
    def last(self) -> Whole:
        """The last step at which each variant exists, shape (V,): that of the window."""
        return np.full(len(self.steps), len(self.script.units) - 1)

    def place(self, variant: Whole, step: Whole) -> Vectors:
        """Give the places of variants at steps, each of shape (m,); outside the flight's life those of its ends."""
        left = self.steps[variant]
        units = self.script.units[np.clip(step, self.script.first, left)]
        turned = np.flatnonzero(step > left)
        since = np.minimum(step[turned], len(self.script.units) - 1) - left[turned]
        units[turned] = self.courses.place(variant[turned], since)
        return units

    def stays(self, zone: str) -> tuple[Whole, Whole]:
        """Give the steps at which each variant enters a zone and leaves it, each (V, K) for up to K stays.

        NEVER where a stay does not end in the window, or is none.
        """
        return self._runs(self.script.inside(zone), *self._changes[zone])

    def cover_spans(self, site: Vectors, limit_km: NDArray[np.float64]) -> tuple[Whole, Whole]:
        """Give for each variant the steps at which a radar begins to cover it and the first ones after, (V, K) each.

        `limit_km` says how far the radar at the site (3,) sees the flight on its script, by step; a variant keeps the
        altitude, and so the limit, of the step at which it leaves.  Cover that lasts ends after the window's last step;
        NEVER stands for none.
        """
        sphere, courses = self.script.sphere, self.courses
        limits_km = limit_km[self.steps]
        covered = self.script.distances_km(site) <= limit_km
        changes = courses.changes(
            near_circle(sphere, courses.legs.ways, site, limits_km[courses.legs.course]),
            lambda spots, units: sphere.distance_km(units, site) <= limits_km[spots.course],
            covered[np.newaxis, self.steps],
        )
        begins, ends = self._runs(covered, changes.course, changes.step)
        ends[(begins != NEVER) & (ends == NEVER)] = len(self.script.units)
        return begins, ends

    def closest(self, point: Vectors) -> tuple[NDArray[np.float64], Whole]:
        """Give the least distance of each variant from a point (3,) in km, and the first step of it, each (V,)."""
        distances_km = self.script.distances_km(point)
        so_far_km = np.minimum.accumulate(distances_km)
        nearer = np.flatnonzero(so_far_km < np.concatenate(([np.inf], so_far_km[:-1])))
        least_km = so_far_km[self.steps]
        step = nearer[np.searchsorted(nearer, self.steps, side="right") - 1]
        variant, since, km = self.courses.approaches(point)
        order = np.lexsort((since, km, variant))
        variant, since, km = variant[order], since[order], km[order]
        opens = np.flatnonzero(np.diff(variant, prepend=-1))
        opens = opens[km[opens] < least_km[variant[opens]]]
        least_km[variant[opens]] = km[opens]
        step[variant[opens]] = self.steps[variant[opens]] + since[opens]
        return least_km, step

    def closest_within(self, point: Vectors, begins: Whole, ends: Whole) -> NDArray[np.float64]:
        """Give the least distance from a point (3,) in km over the steps from `begins` up to but not `ends`, (V, K).

        Not a number where a span is empty or begins NEVER; one that ends NEVER goes on to the window's last step.
        """
        least_km = np.full(begins.shape, np.inf)
        variant, number = np.nonzero(begins < np.minimum(ends, len(self.script.units)))
        left = self.steps[variant]
        begin, end = begins[variant, number], np.minimum(ends[variant, number], len(self.script.units))

        scripted = np.flatnonzero(begin <= left)
        distances_km = np.append(self.script.distances_km(point), np.inf)
        pieces = np.stack((begin[scripted], np.minimum(end, left + 1)[scripted]), axis=1)
        least_km[variant[scripted], number[scripted]] = np.minimum.reduceat(distances_km, pieces.ravel())[::2]

        # What is nearest after the turn is an approach within the span, or one of the span's own ends.
        turned = np.flatnonzero(end > left + 1)
        variant, number, left = variant[turned], number[turned], left[turned]
        first, last = np.maximum(begin[turned], left + 1), end[turned] - 1
        km = np.minimum(
            *(self.script.sphere.distance_km(self.place(variant, at), point) for at in (first, last))
        )
        course, since, approach_km = self.courses.approaches(point)
        span = len(self.script.units)
        keys = course * span + since
        spans = np.searchsorted(
            keys, np.stack((variant * span + first - left, variant * span + last - left + 1), axis=1)
        )
        passed = np.flatnonzero(spans[:, 0] < spans[:, 1])
        nearest_km = np.minimum.reduceat(np.append(approach_km, np.inf), spans[passed].ravel())[::2]
        km[passed] = np.minimum(km[passed], nearest_km)
        least_km[variant, number] = np.minimum(least_km[variant, number], km)
        least_km[np.isinf(least_km)] = np.nan
        return least_km

    def track(self, variant: int) -> Track:
        """Make the track of one variant."""
        script, left = self.script, int(self.steps[variant])
        units = np.concatenate((script.units[: left + 1], self.courses.way(variant)[1:]))
        stays = {}
        for zone, (course, since) in self._changes.items():
            steps = [step for stay in script.stays(zone) for step in stay if step <= left]
            steps += (left + since[course == variant]).tolist()
            stays[zone] = [Stay(*stay) for stay in zip_longest(steps[::2], steps[1::2], fillvalue=NEVER)]
        return script.departs(left, units, stays)

    @cached_property
    def _changes(self) -> dict[str, tuple[Whole, Whole]]:
        """By zone, the variants that enter or leave it after they have left the script, and the steps since then."""
        regions = list(self.script.regions.values())
        if not regions:
            return {}

        def inside(spots: Spots, units: Vectors) -> Booleans:
            bounds = np.searchsorted(spots.boundary, np.arange(len(regions) + 1)).tolist()
            state = np.empty(len(units), dtype=np.bool_)
            for region, (begin, end) in zip(regions, pairwise(bounds), strict=True):
                if begin < end:
                    state[begin:end] = region.contains_each(units[begin:end])
            return state

        at_first = np.stack([self.script.inside(zone)[self.steps] for zone in self.script.regions])
        near = self.script.fences.near(self.courses.legs.ways)
        changes = self.courses.changes(near, inside, at_first)
        bounds = np.searchsorted(changes.boundary, np.arange(len(regions) + 1)).tolist()
        return {
            zone: (changes.course[slice(*at)], changes.step[slice(*at)])
            for zone, at in zip(self.script.regions, pairwise(bounds), strict=True)
        }

    def _runs(self, script: Booleans, course: Whole, since: Whole) -> tuple[Whole, Whole]:
        """Give when a state begins and ends for each variant, from that on the script and its changes thereafter."""
        scripted = np.flatnonzero(np.diff(script, prepend=False))
        before = np.searchsorted(scripted, self.steps, side="right")
        rank = np.arange(len(course)) - np.searchsorted(course, course)
        number = before[course] + rank
        width = max(before.max(initial=0), number.max(initial=-1) + 1)
        changes = np.full((len(self.steps), width + width % 2), NEVER, dtype=np.int64)
        for column in range(before.max(initial=0)):
            changes[before > column, column] = scripted[column]
        changes[course, number] = self.steps[course] + since
        return changes[:, ::2], changes[:, 1::2]


def ways_out(region: Region, shunned: Sequence[tuple[Region, Booleans]], here: Vectors) -> Vectors:
    """Give places just outside a region on the shortest straight ways there that stay clear of other regions, (n, 3).

    `shunned` are the other regions, each with which of the n ways are to stay clear of it.  The way from `here` (n, 3)
    to the nearest edge, if it is clear; else the shortest clear ray of those at every 15 degrees; else the former.
    """
    sphere, nearest = region.sphere, region.ways_out(here)
    if not any(shuns.any() for _, shuns in shunned):
        return nearest
    one = np.ones(len(here), dtype=np.int64)
    counts = np.ceil(sphere.distance_km(here, nearest) / RAY_KM).astype(np.int64)
    direct = Courses.through(
        sphere, here, nearest[:, np.newaxis], one, np.full(len(here), RAY_KM), np.maximum(counts, 1)
    )
    blocked = np.zeros(len(here), dtype=np.bool_)
    for other, shuns in shunned:
        rows = np.flatnonzero(shuns & ~blocked)
        if not len(rows):
            continue
        blocked[rows] = direct.of(rows).first(other.fences, other.contains_each, True) < NEVER
    rows = np.flatnonzero(blocked)
    if len(rows):
        nearest[rows] = _clear_rays(
            region, [(other, shuns[rows]) for other, shuns in shunned], here[rows], nearest[rows]
        )
    return nearest


def _clear_rays(
    region: Region, shunned: Sequence[tuple[Region, Booleans]], here: Vectors, nearest: Vectors
) -> Vectors:
    """Give the ends of the shortest clear rays out of a region, or `nearest` where there are none, (n, 3)."""
    each = len(RAYS_DEG)
    count = len(here) * each
    origins = np.repeat(here, each, axis=0)
    rays = Courses(
        region.sphere,
        origins[:, np.newaxis],
        region.sphere.heading(origins, np.tile(RAYS_DEG, len(here)))[:, np.newaxis],
        np.zeros((count, 1)),
        np.full(count, RAY_KM),
        np.full(count, LONGEST_RAY_STEPS),
    )
    out = rays.first(region.fences, region.contains_each, False)
    for other, shuns in shunned:
        rows = np.flatnonzero(np.repeat(shuns, each) & (out < NEVER))
        met = rays.of(rows).first(other.fences, other.contains_each, True)
        out[rows[met <= out[rows]]] = NEVER
    shortest = np.arange(len(here)) * each + np.argmin(out.reshape(-1, each), axis=1)
    clear = np.flatnonzero(out[shortest] < NEVER)
    nearest[clear] = rays.place(shortest[clear], out[shortest[clear]])
    return nearest
