"""Fighters in columns: when pairs can meet an intruder, and when they have to leave it.

The tables of the intercept law are those of the processes, stacked by *wing*: pairs of one base and one speed share
them.  A flight that has turned away in some replications is looked up there on its turned track, by search.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.arrays.columns import FAR, Flags, Rows, Whole
from sim.arrays.telling import Telling
from sim.arrays.tracks import SUREST_KM, Flown, far
from sim.flight import Homeward, Vectors, meeting_step, meeting_table
from sim.geo import Sphere

Elements = NDArray[np.intp]

LOOKS_ALONG = 12
"""How often a line is followed before a span is halved."""


Wing = tuple[tuple[float, ...], float, int]
"""(place of the base, km in a step, steps in the air that fuel allows)."""


@dataclass(frozen=True)
class Wings:
    """Where and how fast the pairs of a side fly, one row for each base and speed."""

    key: tuple[Wing, ...]
    places: Vectors
    km_per_step: NDArray[np.float64]
    longest: int
    """The most steps in the air that fuel allows."""


class Tables:
    """The intercept tables of one script for all wings of a side, shape (wings, steps) each."""

    def __init__(self, flown: Flown, wings: Wings) -> None:
        script, count = flown.script, len(flown.script.units)
        self.meets = np.empty((len(wings.key), count), dtype=np.int32)
        self.back = np.empty((len(wings.key), count), dtype=np.int32)
        self.late = np.full((len(wings.key), count + wings.longest + 1), -1, dtype=np.int32)
        self.homeward: list[Homeward] = []
        self.rises: NDArray[np.bool_] = np.zeros(len(wings.key), dtype=bool)
        """Whether `late` tells all: from when on the way home is too long, by limit."""
        for wing, (place, speed) in enumerate(zip(wings.places, wings.km_per_step, strict=True)):
            self.meets[wing] = far(meeting_table(script, place, speed))
            homeward = Homeward.of(script, place, speed)
            back = homeward.back
            self.back[wing] = np.where(np.isfinite(back), np.minimum(back, FAR), FAR)
            self.homeward.append(homeward)
            self.rises[wing] = homeward.rises
            if homeward.rises:
                flown_back = back[script.first : script.last + 1]
                limits = np.arange(self.late.shape[1])
                self.late[wing] = script.first + np.searchsorted(flown_back, limits, side="left")


class Pursuit:
    """Answers of the intercept law about one flight, in replications in which it may have turned away.

    Questions are columns of elements: `rows` says of which replication, `wing` of which base and speed.  `known` says
    in which of them the turn has happened by the step of the question; elsewhere the script is what is looked ahead in.
    """

    def __init__(self, telling: Telling, flown: Flown, wings: Wings) -> None:
        self.telling, self.flown, self.script, self.wings = telling, flown, flown.script, wings
        self.sphere: Sphere = flown.script.sphere
        self.final = flown.last()
        self.turns = bool(len(flown.turned))
        self.tables: Tables = flown.kept(("tables", wings.key), lambda: Tables(flown, wings))
        self.fastest_km: float = flown.kept("fastest", self._fastest)

    def _fastest(self) -> float:
        """Return the longest way in one step; a turned flight keeps a speed that it had."""
        units = self.script.units[self.script.first : self.script.last + 1]
        return float(self.sphere.distance_km(units[1:], units[:-1]).max(initial=0.0))

    def known(self, rows: Rows, step: Whole) -> Flags:
        """Return whether the flight has turned by a step."""
        if not self.turns:
            return np.zeros(len(rows), dtype=bool)
        flags: Flags = self.flown.turns.take(rows) <= step
        return flags

    def last(self, rows: Rows, known: Flags) -> Whole:
        """Return the last step at which the flight will exist, as far as is known."""
        last = np.full(len(rows), self.script.last, dtype=np.int32)
        if self.turns and known.any():
            last[known] = self.final[rows[known]]
        return last

    def place(self, rows: Rows, step: Whole, known: Flags) -> Vectors:
        """Return where the flight is at steps, shape (elements, 3)."""
        return self.flown.place(rows, step, known)

    def meets_from_base(self, wing: Elements, rows: Rows, leaves: Whole, known: Flags) -> Whole:
        """Return the first step at which a pair that leaves its base can be at the flight, or FAR."""
        last, table = self.telling.last, self.tables.meets
        met: Whole = table.take(wing * table.shape[1] + np.minimum(leaves, last))
        met[leaves > last] = FAR
        if self.turns and known.any():
            there = np.flatnonzero(known)
            places = self.wings.places[wing[there]]
            met[there] = self.meets(places, wing[there], rows[there], leaves[there], known[there])
        return met

    def in_time(
        self, places: Vectors, wing: Elements, rows: Rows, leaves: Whole, at: Whole, known: Flags
    ) -> Flags:
        """Return whether a pair that leaves a place can be at the flight at a step at which it exists."""
        km = self.sphere.distance_km(self.place(rows, at, known), places)
        in_time: Flags = at - km / self.wings.km_per_step[wing] >= leaves
        return in_time

    def overtakes(self, wing: Elements) -> Flags:
        """Return whether a pair that can be at the flight at a step can be there at every later one."""
        faster: Flags = self.wings.km_per_step[wing] > self.fastest_km + SUREST_KM
        return faster

    def meets(self, places: Vectors, wing: Elements, rows: Rows, leaves: Whole, known: Flags) -> Whole:
        """Return the first step at which a pair that leaves a place (elements, 3) can be at the flight, or FAR."""
        met = np.full(len(rows), FAR, dtype=np.int32)
        last = self.last(rows, known)
        low = np.maximum(leaves, np.int32(self.script.first))
        possible = (low <= last) & (leaves <= self.telling.last)
        overtakes = self.overtakes(wing)
        for i in np.flatnonzero(possible & ~overtakes).tolist():
            slow = float(self.wings.km_per_step[wing[i]])
            met[i] = self._searched(places[i], slow, int(rows[i]), int(leaves[i]), bool(known[i]))
        here = np.flatnonzero(possible & overtakes)
        if not len(here):
            return met
        if len(here) < len(rows):
            places, wing, rows, leaves = places[here], wing[here], rows[here], leaves[here]
            known, low, last = known[here], low[here], last[here]
        speed = self.wings.km_per_step[wing]

        def spare(step: Whole, which: Elements) -> NDArray[np.float64]:
            km = self.sphere.distance_km(self.place(rows[which], step, known[which]), places[which])
            spare_steps: NDArray[np.float64] = step - km / speed[which] - leaves[which]
            return spare_steps

        met[here] = first_rising(low, last, spare)
        return met

    def _searched(self, place: Vectors, speed: float, row: int, leaves: int, known: bool) -> int:
        if not known:
            return min(FAR, meeting_step(self.script, place, speed, leaves))
        last = int(self.final[row])
        steps = np.arange(max(leaves, self.script.first), last + 1, dtype=np.int32)
        there = self.place(np.full(len(steps), row), steps, np.ones(len(steps), dtype=bool))
        in_time = steps - self.sphere.distance_km(there, place) / speed >= leaves
        return int(steps[np.argmax(in_time)]) if in_time.any() else FAR

    def home_steps(self, wing: Elements, rows: Rows, step: Whole, known: Flags) -> Whole:
        """Return the steps of the way to the base from where the flight is at a step."""
        km = self.sphere.distance_km(self.place(rows, step, known), self.wings.places[wing])
        return np.ceil(km / self.wings.km_per_step[wing]).astype(np.int32)

    def back(self, wing: Elements, rows: Rows, step: Whole, known: Flags) -> Whole:
        """Return the step at which a pair that leaves the flight at a step of the window is back at its base."""
        table = self.tables.back
        back: Whole = table.take(wing * table.shape[1] + step)
        if self.turns and known.any():
            there = np.flatnonzero(known)
            steps = step[there]
            back[there] = steps + self.home_steps(wing[there], rows[there], steps, known[there])
        return back

    def first_late(self, wing: Elements, rows: Rows, since: Whole, limit: Whole, known: Flags) -> Whole:
        """Return the first step from `since` on from which a pair would be back at `limit` or later, or FAR."""
        table = self.tables.late
        late: Whole = table.take(wing * table.shape[1] + np.clip(limit, 0, table.shape[1] - 1))
        np.maximum(late, since, out=late)
        late[late > self.script.last] = FAR
        for i in np.flatnonzero(~self.tables.rises[wing] & ~known).tolist():
            late[i] = min(FAR, self.tables.homeward[wing[i]].first_late(int(since[i]), int(limit[i])))
        if self.turns and known.any():
            there = np.flatnonzero(known)
            late[there] = self._late_turned(wing[there], rows[there], since[there], limit[there])
        return late

    def _late_turned(self, wing: Elements, rows: Rows, since: Whole, limit: Whole) -> Whole:
        last = self.final[rows]
        late = np.full(len(rows), FAR, dtype=np.int32)
        known = np.ones(len(rows), dtype=bool)
        overtakes = self.overtakes(wing)
        for i in np.flatnonzero((since <= last) & ~overtakes).tolist():
            steps = np.arange(since[i], last[i] + 1, dtype=np.int32)
            home = self.home_steps(
                np.full(len(steps), wing[i]), np.full(len(steps), rows[i]), steps, np.ones(len(steps), bool)
            )
            over = steps + home >= limit[i]
            late[i] = steps[np.argmax(over)] if over.any() else FAR
        here = np.flatnonzero((since <= last) & overtakes)
        if len(here):
            wing, rows, limit = wing[here], rows[here], limit[here]

            def over_time(step: Whole, which: Elements) -> NDArray[np.float64]:
                home = self.home_steps(wing[which], rows[which], step, known[: len(which)])
                return (step + home - limit[which]).astype(np.float64)

            late[here] = first_rising(since[here], last[here], over_time)
        return late

    def gone(self, zone: str | None, rows: Rows, since: Whole, known: Flags) -> Whole:
        """Return the step at which the flight is no longer a side's: out of its zone, or gone altogether."""
        gone = self.last(rows, known) + np.int32(1)
        if zone is None:
            return gone
        script = self.flown.kept(
            ("leaves", zone), lambda: far([stay.leaves for stay in self.script.stays(zone)])[:, np.newaxis]
        )
        np.minimum(gone, _next_leave(script, since), out=gone)
        if self.turns and known.any():
            there = np.flatnonzero(known)
            leaves = self.flown.stays(zone)[1][:, rows[there]]
            end = self.final[rows[there]] + np.int32(1)
            gone[there] = np.minimum(end, _next_leave(leaves, since[there]))
        return gone

    def exists(self, rows: Rows, step: Whole, known: Flags) -> Flags:
        """Return whether the flight exists at a step, as far as is known."""
        flags: Flags = (step >= self.script.first) & (step <= self.last(rows, known))
        return flags


def _next_leave(leaves: Whole, since: Whole) -> Whole:
    found = np.full(since.shape, FAR, dtype=np.int32)
    for leave in leaves[::-1]:
        np.copyto(found, leave, where=leave > since)
    return found


def first_rising(low: Whole, high: Whole, value: Callable[[Whole, Elements], NDArray[np.float64]]) -> Whole:
    """Return the first step in low..high at which a rising value is at least 0, or FAR, for columns of spans.

    `value(step, which)` gives it for some of the elements.  A line through the last two steps that were looked at says
    where to look next; where that takes too long, the span is halved.
    """
    found = np.full(len(low), FAR, dtype=np.int32)
    which = np.arange(len(low))
    below, above = low - np.int32(1), high + np.int32(1)
    step, slope = low, np.ones(len(low))
    was: NDArray[np.float64] | None = None
    before = step
    for look in range(100):
        now = value(step, which)
        over = now >= 0
        above, below = np.where(over, step, above), np.where(over, below, step)
        if was is not None:
            moved = step - before
            slope = np.clip((now - was) / np.where(moved == 0, 1, moved), 0.05, 4.0)
        ended = above - below <= 1
        if ended.any():
            # Beyond the end there is none.
            last = high[which[ended]]
            found[which[ended]] = np.where(above[ended] > last, FAR, above[ended])
            going = (~ended).nonzero()[0]
            if not len(going):
                break
            which, below, above, step = which[going], below[going], above[going], step[going]
            now, slope = now[going], slope[going]
        along = np.ceil(step - now / slope)
        aim = along if look < LOOKS_ALONG else (below + above) // 2
        before, was = step, now
        step = np.clip(aim, below + 1, above - 1).astype(np.int32)
    return found


def course_places(
    sphere: Sphere, origins: Vectors, goals: Vectors, leaves: Whole, meets: Whole, at: Whole
) -> Vectors:
    """Return where pairs are at a step on their way from where they left to where they meet, shape (elements, 3)."""
    share = (at - leaves) / np.maximum(meets - leaves, 1)
    return sphere.interpolate(origins, goals, share)
