"""Fighters in columns: when pairs can meet an intruder, and when they have to leave it.

A flight that keeps to its script is looked up in tables; one that has turned away in some replications is looked up
there on its turned track, by search.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sim.arrays.columns import FAR, Flags, Rows, Whole
from sim.arrays.intercepts import Scripts, Wings
from sim.arrays.telling import Telling
from sim.arrays.tracks import Flown, Legs
from sim.flight import IN_TIME_STEPS, Vectors, meeting_step
from sim.geo import Sphere

Elements = NDArray[np.intp]

LOOKS_ALONG = 12
"""How often a line is followed before a span is halved."""


class Pursuit:
    """Answers of the intercept law about the flights of a telling, which may have turned away in some replications.

    Questions are columns of elements: `flight` says about which, `rows` of which replication, `wing` of which base
    and speed.  `known` says in which of them the turn has happened by the step of the question; elsewhere the script
    is what is looked ahead in.
    """

    def __init__(self, telling: Telling, wings: Wings, zone: str | None) -> None:
        self.telling, self.wings, self.zone = telling, wings, zone
        self.count, self.end = telling.count, telling.last
        self.flown: list[Flown] = list(telling.flights.values())
        self.sphere: Sphere = telling.prepared.sphere
        self.scripts = Scripts.kept([flown.script for flown in self.flown], wings, zone)
        self.turns = any(len(flown.turned) for flown in self.flown)
        if self.turns:
            self._note_turns()

    def _note_turns(self) -> None:
        shape = (len(self.flown), self.count)
        self.turned = np.concatenate([flown.turns for flown in self.flown])
        self.final = np.concatenate([np.broadcast_to(flown.last(), shape[1:]) for flown in self.flown])
        made = [flown.departed for flown in self.flown]
        begins = np.cumsum([0, *(departed.count for departed in made)])[:-1]
        variants = [flown.variant + begin for flown, begin in zip(self.flown, begins, strict=True)]
        self.variant = np.concatenate(variants)
        self.legs: Legs
        blocks = [block for departed in made for block in departed.blocks]
        kept = self.telling.prepared.tables
        many, self.legs = kept.get(("batch", "legs"), (0, None))
        if many != len(blocks):
            self.legs = Legs.of(blocks)
            kept["batch", "legs"] = len(blocks), self.legs
        # In which stays a turned flight still is when it leaves the side's zone, by stay.
        stays = [flown.stays(self.zone)[1] for flown in self.flown] if self.zone is not None else []
        width = max((len(leaves) for leaves in stays), default=0)
        self.leaves = np.full((width, *shape), FAR, dtype=np.int32)
        for flight, leaves in enumerate(stays):
            self.leaves[: len(leaves), flight] = leaves

    def line(self, flight: Elements, wing: Elements) -> Elements:
        """Return the numbers of lines."""
        lines: Elements = flight * len(self.wings.key) + wing
        return lines

    def known(self, flight: Elements, rows: Rows, step: Whole) -> Flags:
        """Return whether flights have turned by a step."""
        if not self.turns:
            return np.zeros(len(rows), dtype=bool)
        flags: Flags = self.turned.take(flight * self.count + rows) <= step
        return flags

    def last(self, flight: Elements, rows: Rows, known: Flags) -> Whole:
        """Return the last step at which flights will exist, as far as is known."""
        last: Whole = self.scripts.last.take(flight)
        if self.turns:
            there = known.nonzero()[0]
            if len(there):
                last[there] = self.final.take(flight[there] * self.count + rows[there])
        return last

    def place(self, flight: Elements, rows: Rows, step: Whole, known: Flags) -> Vectors:
        """Return where flights are at steps, or will be as far as is known, shape (elements, 3)."""
        steps = self.scripts.steps
        at = flight * steps + np.minimum(step, steps - 1)
        if not self.turns:
            places: Vectors = self.scripts.units.take(at, axis=0)
            return places
        there = known.nonzero()[0]
        if len(there) < len(at):
            found: Vectors = self.scripts.units.take(at, axis=0)
            if len(there):
                found[there] = self._turned_place(flight[there], rows[there], step[there])
            return found
        return self._turned_place(flight, rows, step)

    def _turned_place(self, flight: Elements, rows: Rows, step: Whole) -> Vectors:
        variant = self.variant.take(flight * self.count + rows)
        places = self.legs.place(variant, step)
        before = np.flatnonzero(step <= self.legs.steps.take(variant))
        if len(before):
            flight = flight[before]
            at = np.maximum(step[before], self.scripts.first.take(flight))
            places[before] = self.scripts.units[flight * self.scripts.steps + at]
        return places

    def meets_from_base(
        self, flight: Elements, wing: Elements, rows: Rows, leaves: Whole, known: Flags
    ) -> Whole:
        """Return the first step at which a pair that leaves its base can be at the flight, or FAR."""
        at = self.line(flight, wing) * self.scripts.steps + np.minimum(leaves, self.end)
        met: Whole = self.scripts.meets.take(at)
        met[leaves > self.end] = FAR
        if self.turns:
            there = known.nonzero()[0]
            if len(there):
                wing = wing[there]
                places = self.wings.places.take(wing, axis=0)
                met[there] = self.meets(places, flight[there], wing, rows[there], leaves[there], known[there])
        return met

    def in_time(
        self,
        places: Vectors,
        flight: Elements,
        wing: Elements,
        rows: Rows,
        leaves: Whole,
        at: Whole,
        known: Flags,
    ) -> Flags:
        """Return whether a pair that leaves a place can be at the flight at a step at which it exists."""
        km = self.sphere.distance_km(self.place(flight, rows, at, known), places)
        in_time: Flags = at - km / self.wings.km_per_step.take(wing) >= leaves - IN_TIME_STEPS
        return in_time

    def meets(
        self, places: Vectors, flight: Elements, wing: Elements, rows: Rows, leaves: Whole, known: Flags
    ) -> Whole:
        """Return the first step at which a pair that leaves a place (elements, 3) can be at the flight, or FAR."""
        met = np.full(len(rows), FAR, dtype=np.int32)
        last = self.last(flight, rows, known)
        low = np.maximum(leaves, self.scripts.first.take(flight))
        possible = (low <= last) & (leaves <= self.end)
        overtakes = self.scripts.overtakes.take(self.line(flight, wing))
        for i in np.flatnonzero(possible & ~overtakes).tolist():
            slow = float(self.wings.km_per_step[wing[i]])
            met[i] = self._searched(
                places[i], slow, int(flight[i]), int(rows[i]), int(leaves[i]), bool(known[i])
            )
        here = np.flatnonzero(possible & overtakes)
        if not len(here):
            return met
        if len(here) < len(rows):
            places, flight, wing, rows = places[here], flight[here], wing[here], rows[here]
            leaves, known, low, last = leaves[here], known[here], low[here], last[here]
        speed = self.wings.km_per_step.take(wing)

        def spare(step: Whole, which: Elements | None) -> NDArray[np.float64]:
            if which is None:
                km = self.sphere.distance_km(self.place(flight, rows, step, known), places)
                spare_steps: NDArray[np.float64] = step - km / speed - leaves + IN_TIME_STEPS
                return spare_steps
            there = self.place(flight.take(which), rows.take(which), step, known.take(which))
            km = self.sphere.distance_km(there, places.take(which, axis=0))
            spare_steps = step - km / speed.take(which) - leaves.take(which) + IN_TIME_STEPS
            return spare_steps

        met[here] = first_rising(low, last, spare)
        return met

    def _searched(self, place: Vectors, speed: float, flight: int, row: int, leaves: int, known: bool) -> int:
        script = self.flown[flight].script
        if not known:
            return min(FAR, meeting_step(script, place, speed, leaves))
        last = int(self.final[flight * self.count + row])
        steps = np.arange(max(leaves, script.first), last + 1, dtype=np.int32)
        there = self._along(flight, row, steps)
        in_time = steps - self.sphere.distance_km(there, place) / speed >= leaves - IN_TIME_STEPS
        return int(steps[np.argmax(in_time)]) if in_time.any() else FAR

    def _along(self, flight: int, row: int, steps: Whole) -> Vectors:
        """Return where a turned flight is at steps in one replication."""
        count = len(steps)
        return self.place(np.full(count, flight), np.full(count, row), steps, np.ones(count, dtype=bool))

    def home_steps(self, flight: Elements, wing: Elements, rows: Rows, step: Whole, known: Flags) -> Whole:
        """Return the steps of the way to the base from where the flight is at a step."""
        steps: Whole = self.back(flight, wing, rows, step, known) - step
        return steps

    def _home_turned(self, flight: Elements, wing: Elements, rows: Rows, step: Whole) -> Whole:
        there = self._turned_place(flight, rows, step)
        km = self.sphere.distance_km(there, self.wings.places.take(wing, axis=0))
        return np.ceil(km / self.wings.km_per_step.take(wing)).astype(np.int32)

    def back(self, flight: Elements, wing: Elements, rows: Rows, step: Whole, known: Flags) -> Whole:
        """Return the step at which a pair that leaves the flight at a step of the window is back at its base."""
        back: Whole = self.scripts.back.take(self.line(flight, wing) * self.scripts.steps + step)
        if self.turns:
            there = known.nonzero()[0]
            if len(there):
                steps = step[there]
                back[there] = steps + self._home_turned(flight[there], wing[there], rows[there], steps)
        return back

    def first_late(
        self, flight: Elements, wing: Elements, rows: Rows, since: Whole, limit: Whole, known: Flags
    ) -> Whole:
        """Return the first step from `since` on from which a pair would be back at `limit` or later, or FAR."""
        scripts, line = self.scripts, self.line(flight, wing)
        late: Whole = scripts.late.take(line * scripts.limits + np.clip(limit, 0, scripts.limits - 1))
        np.maximum(late, since, out=late)
        late[late > scripts.last.take(flight)] = FAR
        if not scripts.rises.all():
            for i in np.flatnonzero(~scripts.rises.take(line) & ~known).tolist():
                homeward = scripts.tables[flight[i]].homeward[wing[i]]
                late[i] = min(FAR, homeward.first_late(int(since[i]), int(limit[i])))
        if self.turns:
            there = known.nonzero()[0]
            if len(there):
                late[there] = self._late_turned(
                    flight[there], wing[there], rows[there], since[there], limit[there]
                )
        return late

    def _late_turned(self, flight: Elements, wing: Elements, rows: Rows, since: Whole, limit: Whole) -> Whole:
        last = self.final.take(flight * self.count + rows)
        late = np.full(len(rows), FAR, dtype=np.int32)
        overtakes = self.scripts.overtakes.take(self.line(flight, wing))
        for i in np.flatnonzero((since <= last) & ~overtakes).tolist():
            steps = np.arange(since[i], last[i] + 1, dtype=np.int32)
            count = len(steps)
            home = self._home_turned(
                np.full(count, flight[i]), np.full(count, wing[i]), np.full(count, rows[i]), steps
            )
            over = steps + home >= limit[i]
            late[i] = steps[np.argmax(over)] if over.any() else FAR
        here = np.flatnonzero((since <= last) & overtakes)
        if len(here):
            flight, wing, rows, limit = flight[here], wing[here], rows[here], limit[here]

            def over_time(step: Whole, which: Elements | None) -> NDArray[np.float64]:
                if which is None:
                    home = self._home_turned(flight, wing, rows, step)
                    return (step + home - limit).astype(np.float64)
                home = self._home_turned(flight.take(which), wing.take(which), rows.take(which), step)
                return (step + home - limit.take(which)).astype(np.float64)

            late[here] = first_rising(since[here], last[here], over_time)
        return late

    def gone(self, flight: Elements, rows: Rows, since: Whole, known: Flags) -> Whole:
        """Return the step at which flights are no longer the side's: out of its zone, or gone altogether."""
        steps = self.scripts.steps
        gone: Whole = self.scripts.gone.take(flight * (steps + 1) + np.minimum(since, steps))
        if self.turns:
            there = known.nonzero()[0]
            if len(there):
                at = flight[there] * self.count + rows[there]
                until = self.final.take(at) + np.int32(1)
                for leaves in self.leaves[::-1]:
                    leave = leaves.take(at)  # of the flat table
                    np.minimum(until, leave, out=until, where=leave > since[there])
                gone[there] = until
        return gone

    def exists(self, flight: Elements, rows: Rows, step: Whole, known: Flags) -> Flags:
        """Return whether flights exist at a step, as far as is known."""
        flags: Flags = step >= self.scripts.first.take(flight)
        flags &= step <= self.last(flight, rows, known)
        return flags


def first_rising(
    low: Whole, high: Whole, value: Callable[[Whole, Elements | None], NDArray[np.float64]]
) -> Whole:
    """Return the first step in low..high at which a rising value is at least 0, or FAR, for columns of spans.

    `value(step, which)` gives it for some of the elements, or for all where `which` is None.  A line through the last
    two steps that were looked at says where to look next; where that takes too long, the span is halved.
    """
    found = np.full(len(low), FAR, dtype=np.int32)
    which: Elements | None = None
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
            slope = (now - was) / np.where(moved == 0, 1, moved)
            np.minimum(np.maximum(slope, 0.05, out=slope), 4.0, out=slope)
        ended = above - below <= 1
        if ended.any():
            # Beyond the end there is none.
            places = ended.nonzero()[0]
            done = above[places]
            whose = places if which is None else which[places]
            found[whose] = np.where(done > high[whose], FAR, done)
            going = (~ended).nonzero()[0]
            if not len(going):
                break
            which = going if which is None else which[going]
            below, above, step = below[going], above[going], step[going]
            now, slope = now[going], slope[going]
        aim = np.ceil(step - now / slope) if look < LOOKS_ALONG else (below + above) // 2
        before, was = step, now
        step = np.minimum(np.maximum(aim, below + 1), above - 1).astype(np.int32)
    return found


def course_places(
    sphere: Sphere, origins: Vectors, goals: Vectors, leaves: Whole, meets: Whole, at: Whole
) -> Vectors:
    """Return where pairs are at a step on their way from where they left to where they meet, shape (elements, 3)."""
    share = (at - leaves) / np.maximum(meets - leaves, 1)
    return sphere.interpolate(origins, goals, share)
