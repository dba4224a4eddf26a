"""Fighters in columns: where the pairs of a side are, and when they meet an intruder and have to go home.

The plan of a pair (take-off, meeting, joining, parting, holding) is worked out when it is sent; it stands until
another order or the intruder's turning away replaces it from that step on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.arrays.columns import FAR, Flags, Rows, Whole
from sim.arrays.telling import Telling
from sim.arrays.tracks import SUREST_KM, Flown, Reach, far
from sim.flight import Vectors, meeting_step
from sim.geo import Sphere


@dataclass(frozen=True)
class Wing:
    """What the pairs of one base and type have in common."""

    base: str
    place: Vectors
    km_per_step: float
    endurance: int
    """Steps in the air that the fuel allows."""


class Pursuit:
    """Answers of the intercept law about one flight, in replications in which it may have turned away.

    `known` says in which replications the turn has happened by the step of the question.
    """

    def __init__(self, telling: Telling, flown: Flown) -> None:
        self.telling, self.flown, self.script = telling, flown, flown.script
        self.sphere: Sphere = flown.script.sphere
        self.final = self.flown.last()
        units = self.script.units[self.script.first : self.script.last + 1]
        hops = self.sphere.distance_km(units[1:], units[:-1])
        self.fastest_km = float(hops.max(initial=0.0))
        """The longest way in one step; a turned flight keeps a speed that it had."""

    def known(self, rows: Rows, step: Whole) -> Flags:
        """Return whether the flight has turned by a step."""
        flags: Flags = self.flown.turns[rows] <= step
        return flags

    def last(self, rows: Rows, known: Flags) -> Whole:
        """Return the last step at which the flight will exist, as far as is known."""
        last = np.full(len(rows), self.script.last, dtype=np.int32)
        if known.any():
            last[known] = self.final[rows[known]]
        return last

    def reach(self, wing: Wing) -> Reach:
        """Return the tables of the script for a base and speed."""
        key = ("reach", wing.base, wing.km_per_step)
        found: Reach = self.flown.kept(
            key, lambda: Reach(self.script, wing.place, wing.km_per_step, wing.endurance)
        )
        return found

    def meets_from_base(self, wing: Wing, rows: Rows, leaves: Whole, known: Flags) -> Whole:
        """Return the first step at which a pair that leaves its base can be at the flight, or FAR."""
        last = self.telling.last
        table = self.reach(wing).meets
        met: Whole = table[np.minimum(leaves, last)]
        met[leaves > last] = FAR
        if known.any():
            there = np.flatnonzero(known)
            places = np.broadcast_to(wing.place, (len(there), 3))
            met[there] = self._solved(
                places, wing.km_per_step, rows[there], leaves[there], np.ones(len(there), bool)
            )
        return met

    def meets(self, places: Vectors, wing: Wing, rows: Rows, leaves: Whole, known: Flags) -> Whole:
        """Return the first step at which a pair that leaves a place (n, 3) can be at the flight, or FAR."""
        return self._solved(places, wing.km_per_step, rows, leaves, known)

    def in_time(
        self, places: Vectors, wing: Wing, rows: Rows, leaves: Whole, at: Whole, known: Flags
    ) -> Flags:
        """Return whether a pair that leaves a place can be at the flight at a step at which it exists."""
        there = self.flown.place(rows, at, known)
        in_time: Flags = at - self.sphere.distance_km(there, places) / wing.km_per_step >= leaves
        return in_time

    def rises(self, wing: Wing) -> bool:
        """Return whether a pair that can be at the flight at a step can be there at every later one."""
        return wing.km_per_step > self.fastest_km + SUREST_KM

    def _solved(self, places: Vectors, speed: float, rows: Rows, leaves: Whole, known: Flags) -> Whole:
        last = np.where(leaves > self.telling.last, -1, self.last(rows, known))
        low = np.maximum(leaves, self.script.first)
        met = np.full(len(rows), FAR, dtype=np.int32)
        if speed <= self.fastest_km + SUREST_KM:
            for i in np.flatnonzero(low <= last):
                met[i] = self._searched(places[i], speed, int(rows[i]), int(leaves[i]), bool(known[i]))
            return met
        # The latest step of departure rises along the track: halve the span in which it passes `leaves`.
        search = np.flatnonzero(low <= last)
        low, high = low[search], last[search].astype(np.int32)
        places, rows, leaves, known = places[search], rows[search], leaves[search], known[search]

        def reached(step: Whole) -> Flags:
            there = self.flown.place(rows, step, known)
            flags: Flags = step - self.sphere.distance_km(there, places) / speed >= leaves
            return flags

        possible = reached(high)
        # Wherever the flight goes, it is met within the time to its place now at the difference of speeds.
        now_km = self.sphere.distance_km(self.flown.place(rows, low, known), places)
        soon = low + np.ceil(np.maximum(now_km - speed * (low - leaves), 0) / (speed - self.fastest_km)) + 1
        high = np.minimum(high, np.minimum(soon, FAR)).astype(np.int32)
        soonest = leaves + np.floor((now_km + (low - leaves) * self.fastest_km) / (speed + self.fastest_km)) - 1
        low = np.clip(np.maximum(low, soonest), None, high).astype(np.int32)
        while (low < high).any():
            middle = (low + high) // 2
            early = reached(middle)
            high = np.where(early, middle, high)
            low = np.where(early, low, middle + 1)
        met[search] = np.where(possible, low, FAR)
        return met

    def _searched(self, place: Vectors, speed: float, row: int, leaves: int, known: bool) -> int:
        if not known:
            return min(FAR, meeting_step(self.script, place, speed, leaves))
        steps = np.arange(max(leaves, self.script.first), int(self.final[row]) + 1, dtype=np.int32)
        there = self.flown.place(np.full(len(steps), row), steps, np.ones(len(steps), dtype=bool))
        in_time = steps - self.sphere.distance_km(there, place) / speed >= leaves
        return int(steps[np.argmax(in_time)]) if in_time.any() else FAR

    def home_steps(self, wing: Wing, rows: Rows, step: Whole, known: Flags) -> Whole:
        """Return the steps of the way to the base from where the flight is at a step."""
        there = self.flown.place(rows, step, known)
        return np.ceil(self.sphere.distance_km(there, wing.place) / wing.km_per_step).astype(np.int32)

    def back(self, wing: Wing, rows: Rows, step: Whole, known: Flags) -> Whole:
        """Return the step at which a pair that leaves the flight at a step is back at its base."""
        table = self.reach(wing).back
        back: Whole = table[np.minimum(step, len(table) - 1)]
        if known.any():
            there = np.flatnonzero(known)
            steps = step[there]
            back[there] = steps + self.home_steps(wing, rows[there], steps, np.ones(len(there), bool))
        return back

    def first_late(self, wing: Wing, rows: Rows, since: Whole, limit: Whole, known: Flags) -> Whole:
        """Return the first step from `since` on from which the pair would be back at `limit` or later, or FAR."""
        late = self.reach(wing).first_late(since, limit)
        if known.any():
            there = np.flatnonzero(known)
            late[there] = self._late_turned(wing, rows[there], since[there], limit[there])
        return late

    def _late_turned(self, wing: Wing, rows: Rows, since: Whole, limit: Whole) -> Whole:
        last = self.final[rows]
        late = np.full(len(rows), FAR, dtype=np.int32)

        def is_late(step: Whole, rows: Rows, limit: Whole) -> Flags:
            flags: Flags = step + self.home_steps(wing, rows, step, np.ones(len(rows), bool)) >= limit
            return flags

        if not self.rises(wing):
            for i in np.flatnonzero(since <= last):
                steps = np.arange(since[i], last[i] + 1, dtype=np.int32)
                flags = is_late(steps, np.full(len(steps), rows[i]), np.full(len(steps), limit[i]))
                late[i] = steps[np.argmax(flags)] if flags.any() else FAR
            return late
        search = np.flatnonzero(since <= last)
        rows, limit, low, high = rows[search], limit[search], since[search], last[search]
        possible = is_late(high, rows, limit)
        while (low < high).any():
            middle = (low + high) // 2
            over = is_late(middle, rows, limit)
            high = np.where(over, middle, high)
            low = np.where(over, low, middle + 1)
        late[search] = np.where(possible, low, FAR)
        return late

    def gone(self, zone: str | None, rows: Rows, since: Whole, known: Flags) -> Whole:
        """Return the step at which the flight is no longer a side's: out of its zone, or gone altogether."""
        gone = self.last(rows, known) + np.int32(1)
        if zone is None:
            return gone
        np.minimum(gone, self._next_leave(self._script_leaves(zone), since), out=gone)
        if known.any():
            there = np.flatnonzero(known)
            leaves = self.flown.stays(zone)[1]
            flown = leaves[:, rows[there]] if leaves.shape[1] > 1 else leaves
            end = self.final[rows[there]] + np.int32(1)
            gone[there] = np.minimum(end, self._next_leave(flown, since[there]))
        return gone

    def _script_leaves(self, zone: str) -> Whole:
        leaves: Whole = self.flown.kept(
            ("leaves", zone), lambda: far([stay.leaves for stay in self.script.stays(zone)])[:, np.newaxis]
        )
        return leaves

    @staticmethod
    def _next_leave(leaves: Whole, since: Whole) -> Whole:
        found = np.full(since.shape, FAR, dtype=np.int32)
        for leave in leaves[::-1]:
            later = np.broadcast_to(leave > since, since.shape)
            np.copyto(found, np.broadcast_to(leave, since.shape), where=later)
        return found

    def exists(self, rows: Rows, step: Whole, known: Flags) -> Flags:
        """Return whether the flight exists at a step, as far as is known."""
        flags: Flags = (step >= self.script.first) & (step <= self.last(rows, known))
        return flags


def course_places(
    sphere: Sphere, origins: Vectors, goals: Vectors, leaves: NDArray[np.int32], meets: Whole, at: Whole
) -> Vectors:
    """Return where pairs are at a step on their way from where they left to where they meet, shape (n, 3)."""
    share = (at - leaves) / np.maximum(meets - leaves, 1)
    return sphere.interpolate(origins, goals, share)
