"""Dispatch in columns: which pair each order goes to.

The orders of a side, its pairs' calls for relief and the turns of intruders are taken in order of time, each
replication its own next one; replications whose next one is alike are worked on together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.arrays.columns import FAR, Flags, Rows, Whole, groups
from sim.arrays.fighters import Elements
from sim.arrays.planning import Offers, Orders, Planner
from sim.arrays.resuming import first_difference, take_up
from sim.arrays.sorties import Sorties
from sim.arrays.standing import ABOUT, BED_FROM, COMMITTED_TO, SINCE, WAS_ABOUT, WINDOWS
from sim.arrays.telling import Outcome, Telling
from sim.command import Stage
from sim.fighters import Fighters
from sim.sides import Side

MOST_EVENTS = 400
"""Orders, reliefs and turns of one replication that are followed before it is handed over."""

NONE_LEFT = np.iinfo(np.int64).max
NOBODY = np.iinfo(np.int32).max
"""The key of a candidate that cannot or may not be sent; others are step of joining * pairs + number of the pair."""

TURN, READY, INTERCEPT = range(3)

Given = Mapping[Any, tuple[Stage, Whole]]
"""By (name of the stage, flight, window): the stage, and the step of the order in each replication."""


@dataclass(frozen=True)
class Task:
    """One kind of order: about a flight, as a stage gives it or as a relief."""

    about: str
    ready: bool
    relief: bool
    pairs: int
    types: tuple[str, ...] | None

    def rank(self) -> tuple[bool, str, bool, int, tuple[str, ...]]:
        """Return the place of an order among those of its step, as the dispatcher takes them."""
        return (self.ready, self.about, self.relief, -self.pairs, self.types or ())


class Squadron(Sorties):
    """The pairs of one side in the replications of a telling, and the orders that they are given."""

    def __init__(self, telling: Telling, name: str, side: Side, fighters: Fighters, orders: Given) -> None:
        super().__init__(telling, name, side, fighters)
        self.orders = orders
        self.pointer = np.zeros(self.count, dtype=np.int64)
        """Orders and turns that have been taken, of the replication's queue."""
        self.planner = Planner(self)
        self._line_up()

    def resume(self, then: Squadron, kept: Rows) -> None:
        """Take up the telling before where something first comes out otherwise."""
        since = first_difference(self, then, kept)
        take_up(self, then, kept, since)
        self.pointer = (self.queue < since * np.int64(self.per_step * self.many)).sum(axis=0)
        for (_, flight, _), (stage, step) in self.orders.items():
            if stage.orders != "ready":
                wanted = self.wanted[self.flights.index(flight)]
                np.maximum(wanted, stage.pairs, out=wanted, where=step < since)

    def _line_up(self) -> None:
        """Sort the orders from outside and the turns of intruders by time, for each replication its own."""
        tasks: list[tuple[Task, Whole]] = []
        for (_, about, _), (stage, step) in self.orders.items():
            tasks.append((Task(about, stage.orders == "ready", False, stage.pairs, stage.types), step))
        turns = [
            (number, flown.turns) for number, flown in enumerate(self.pursuit.flown) if len(flown.turned)
        ]
        reliefs = [Task(flight, False, True, 0, None) for flight in self.flights]
        orders = [*(task for task, _ in tasks), *reliefs]
        ranks = sorted({task.rank() for task in orders})
        # In one step turns come first, then orders as the dispatcher takes them.
        rank = np.array([ranks.index(task.rank()) + 1 for task in orders], dtype=np.int64)
        self.relief_ranks = rank[len(tasks) :]
        self.per_step, self.many = len(ranks) + 1, len(orders) + len(turns)
        if (self.last + 1) * self.per_step >= FAR:
            self.failed[:] = True  # its calls for relief have no room in 32 bits
        # What is lined up is known by its number: orders, then reliefs by flight, then turns.
        self.first_relief = len(tasks)
        self.kind_of = np.array([READY if task.ready else INTERCEPT for task in orders] + [TURN] * len(turns))
        about = [*(self.flights.index(task.about) for task in orders), *(number for number, _ in turns)]
        self.about_of = np.array(about, dtype=np.intp)
        self.pairs_of = np.array([*(task.pairs for task in orders), *(0 for _ in turns)], dtype=np.int32)
        self.allowed_of = np.array([self.roster.allowed(task.types) for task in orders])
        keys = np.full((len(tasks) + len(turns) + 1, self.count), NONE_LEFT, dtype=np.int64)
        dated = [(number, rank[number], step) for number, (_, step) in enumerate(tasks)]
        dated += [(len(orders) + number, np.int64(0), step) for number, (_, step) in enumerate(turns)]
        for place, (number, each, step) in enumerate(dated):
            key = step * np.int64(self.per_step * self.many) + (each * self.many + number)
            np.copyto(keys[place], key, where=step <= self.last)
        keys.sort(axis=0)
        self.queue = keys

    # -------------------------------------------------------------------------------- the side's events

    def serve(self) -> None:
        """Take orders, calls for relief and turns in order of time until none is left."""
        if not self.flights:
            return
        pointer, rows = self.pointer, np.arange(self.count)
        queue = self.queue.reshape(-1)
        for _ in range(MOST_EVENTS):
            outside = queue.take(pointer.take(rows) * self.count + rows)
            inside, asker = self._next_relief(rows)
            key = np.minimum(outside, inside)
            active = key < NONE_LEFT
            if not active.all():
                here = active.nonzero()[0]
                if not len(here):
                    return
                rows, key, outside, asker = rows[here], key[here], outside[here], asker[here]
            relief = key < outside
            pointer[rows] += ~relief
            self.due[asker[relief]] = FAR
            at, number = np.divmod(key, self.many)
            self._take(number, rows, (at // self.per_step).astype(np.int32))
        self.failed[rows] = True

    def _next_relief(self, rows: Rows) -> tuple[NDArray[np.int64], Elements]:
        """Return the key of the next call for relief in each replication, and the element that calls."""
        due = self.due.reshape(-1, self.count)
        calls = np.full(len(rows), FAR, dtype=np.int32)
        asker = np.zeros(len(rows), dtype=np.intp)
        for pair in np.flatnonzero(self.used).tolist():
            each = due[pair].take(rows)
            asker[each < calls] = pair
            np.minimum(calls, each, out=calls)
        asker *= self.count
        asker += rows
        key = np.full(len(rows), NONE_LEFT, dtype=np.int64)
        here = np.flatnonzero(calls < (self.last + 1) * self.per_step)
        if len(here):
            about = self.about.take(asker[here])
            key[here] = calls[here] * np.int64(self.many) + self.first_relief + about
        return key, asker

    def _take(self, number: NDArray[np.int64], rows: Rows, step: Whole) -> None:
        """Take the next event of each replication."""
        kind, flight = self.kind_of.take(number), self.about_of.take(number)
        here = np.flatnonzero(kind == TURN)
        if len(here):
            self.turned(flight[here], rows[here], step[here])
        here = np.flatnonzero(kind == READY)
        if len(here):
            self._make_ready(number[here], Orders(flight[here], rows[here], step[here]))
        here = np.flatnonzero(kind == INTERCEPT)
        if len(here):
            orders = Orders(flight[here], rows[here], step[here])
            at = orders.flight * self.count + orders.rows
            number, wanted = number[here], self.wanted.reshape(-1)
            ordered = self.pairs_of.take(
                number
            )  # none by a call for relief: that asks for what was wanted before
            wanted[at] = np.maximum(wanted.take(at), ordered)
            self._intercept(number, orders, np.where(ordered == 0, wanted.take(at), ordered))

    def _make_ready(self, number: NDArray[np.int64], orders: Orders) -> None:
        """Send the crews to their cockpits that would join first."""
        wanted = self.pairs_of.take(number)
        most = int(wanted.max())
        pairs, allowed = self._candidates(number, most)
        in_bed = np.ones((len(pairs), len(number)), dtype=bool)
        for place in np.flatnonzero(self.used[pairs]).tolist():
            since = self.windows[pairs[place], BED_FROM].take(orders.rows)
            np.less_equal(since, orders.step, out=in_bed[place])
        if allowed is not None:
            in_bed &= allowed
        known = self.pursuit.known(*orders)
        joins = self.planner.from_bed(pairs, in_bed, orders, known)
        chosen, here, _ = _first(Offers(joins, None, None), wanted, most)
        if len(here):
            self.used[pairs[chosen]] = True
            self.seat(pairs[chosen], orders.rows[here], orders.step[here])

    def _intercept(self, number: NDArray[np.int64], orders: Orders, wanted: Whole) -> None:
        """Give orders to the pairs that are planned to join first."""
        seen = self._seen(np.flatnonzero(self.used), orders.rows)
        wanted = wanted - self._committed(orders.flight, seen, orders.step)
        while True:
            here = np.flatnonzero(wanted > 0)
            if not len(here):
                return
            if len(here) < len(number):
                number, orders, wanted, seen = number[here], orders.of(here), wanted[here], seen[:, :, here]
            most = int(wanted.max())
            pairs, allowed = self._candidates(number, most)
            used = np.flatnonzero(self.used[pairs])
            offers = self.planner.offers(pairs, used, seen, allowed, orders, most)
            chosen, here, wanted = _first(offers, wanted, most)
            if len(here):
                met = None if offers.met is None else offers.met[chosen, here]
                self.used[pairs[chosen]] = True
                self.send(pairs[chosen], orders.flight[here], orders.rows[here], orders.step[here], met)
            if not wanted.any():
                return
            seen = self._seen(np.flatnonzero(self.used), orders.rows)

    def _seen(self, pairs: Elements, rows: Rows) -> Whole:
        """Return the windows of pairs in replications, shape (windows, pairs, replications)."""
        seen = np.empty((len(pairs), WINDOWS, len(rows)), dtype=np.int32)
        for place, pair in enumerate(pairs.tolist()):
            self.windows[pair].take(rows, axis=1, out=seen[place], mode="clip")
        return seen.transpose(1, 0, 2)

    @staticmethod
    def _committed(flight: Elements, seen: Whole, step: Whole) -> Whole:
        """Return how many pairs are on their way to or beside a flight and not about to be relieved."""
        new = seen[SINCE] > step
        about = flight.astype(np.int32)
        mine = (seen[ABOUT] == about) & ~new & (step < seen[COMMITTED_TO])
        mine |= new & (seen[WAS_ABOUT] == about)
        found: Whole = mine.sum(axis=0, dtype=np.int32)
        return found

    def _candidates(self, number: NDArray[np.int64], most: int) -> tuple[Elements, Flags | None]:
        """Return the pairs to look at, and which of them each order may take, None if all.

        They are those in use, and of the others as many of each kind as may be sent.
        """
        given = np.zeros(self.many, dtype=bool)
        given[number] = True
        some = self.allowed_of[given[: len(self.allowed_of)]].any(axis=0)
        idle: dict[int, int] = {}
        found = []
        for pair in np.flatnonzero(some | self.used).tolist():
            if not self.used[pair]:
                kind = int(self.roster.kind_number[pair])
                idle[kind] = idle.get(kind, 0) + 1
                if idle[kind] > most:
                    continue
            found.append(pair)
        pairs = np.array(found, dtype=np.intp)
        if self.allowed_of[given[: len(self.allowed_of)]][:, pairs].all():
            return pairs, None
        return pairs, self.allowed_of[number][:, pairs].T


def _first(offers: Offers, wanted: Whole, most: int) -> tuple[Elements, Rows, Whole]:
    """Return the places of the pairs that join first and the columns that they are for, as many as are wanted in each.

    The third part is what is still wanted where a pair is taken from another flight: that one may no longer spare a
    second, so that the rest is to be asked again.
    """
    # One number holds the step of joining and the pair, so that the least is found without a search for its place.
    many, columns = offers.joins.shape
    keys = offers.joins * np.int32(many)
    keys += np.arange(many, dtype=np.int32)[:, np.newaxis]
    np.putmask(keys, offers.joins >= FAR, NOBODY)
    left = wanted.copy()
    again = np.zeros(columns, dtype=bool)
    sent: list[tuple[Elements, Rows]] = []
    for number in range(most if many else 0):
        first = keys.min(axis=0)
        here = np.flatnonzero((left > 0) & ~again & (first < NOBODY))
        if not len(here):
            break
        place = first[here] % many
        sent.append((place.astype(np.intp), here))
        left[here] -= 1
        if offers.taken is not None:
            again[here] = offers.taken[place, here]
        if number + 1 < most:
            keys[place, here] = NOBODY
    left[~again] = 0
    if not sent:
        return np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.intp), left
    chosen, here = (np.concatenate(part) for part in zip(*sent, strict=True))
    return chosen, here, left


def told(squadron: Squadron) -> Outcome:
    """Serve the orders of a side, and return when its pairs take off, join and identify, and who is where beside."""
    telling, control = squadron.telling, squadron.side.control
    if telling.earlier is not None and ("force", squadron.name) in telling.earlier.squadrons:
        then: Squadron = telling.earlier.squadrons["force", squadron.name]
        squadron.resume(
            then, telling.kept % then.count
        )  # it may have been told once for all points of a study
    telling.squadrons["force", squadron.name] = squadron
    squadron.serve()
    squadron.close_books()
    telling.handed_over |= squadron.failed
    outcome: Outcome = {}
    _tell_take_offs(squadron, outcome)
    for number, flight in enumerate(squadron.flights):
        beside = _beside(squadron.slots, number)
        outcome |= {(key, flight): steps for key, steps in beside.items()}
        if control is not None and beside["beside"]:
            outcome["signal", "joined", flight, control] = beside["beside"]
        _tell_joins(squadron, flight, beside, outcome)
    return outcome


def _beside(slots: Mapping[str, Whole], number: int) -> dict[str, list[Whole]]:
    """Return the slots in which pairs were beside one flight: since when, until when, which pair, its n-th joining."""
    found: dict[str, list[Whole]] = {"beside": [], "parts": [], "pair": [], "join": []}
    for slot in range(len(slots["joined"]) if slots else 0):
        mine = slots["about"][slot] == number
        if mine.any():
            joined = slots["joined"][slot].copy()
            joined[~mine] = FAR
            found["beside"].append(joined)
            found["parts"].append(slots["parts"][slot])
            found["pair"].append(slots["pair"][slot])
            found["join"].append(slots["join"][slot])
    return found


def _tell_take_offs(squadron: Squadron, outcome: Outcome) -> None:
    telling, control, count = squadron.telling, squadron.side.control, squadron.count
    for pair, (name, spec) in enumerate(squadron.roster.specs.items()):
        if not squadron.used[pair]:
            continue
        data: dict[str, Any] = {"side": squadron.name, "type": spec.type, "aircraft": spec.aircraft}
        if spec.station is not None:
            takes_off, arrives, _ = squadron.station_steps(pair)
            if takes_off >= 0:
                telling.happens("airborne", name, "", np.full(count, takes_off, dtype=np.int32), **data)
            arrived = np.full(count, arrives, dtype=np.int32)
            telling.happens("on-station", name, "", arrived, **data, station=spec.station)
            continue
        mine = slice(pair * count, (pair + 1) * count)
        about, airborne = squadron.first_about[mine], squadron.airborne[mine]
        for number, flight in enumerate(squadron.flights):
            step = airborne.copy()
            step[about != number] = FAR
            if (step <= squadron.last).any():
                telling.happens("airborne", name, flight, step, **data)
                if control is not None:
                    outcome.setdefault(("signal", "airborne", flight, control), []).append(step)


def _tell_joins(squadron: Squadron, flight: str, beside: Mapping[str, list[Whole]], outcome: Outcome) -> None:
    """Keep the joinings, by type of fighter, and the identifications where somebody waits for them."""
    telling, control, roster = squadron.telling, squadron.side.control, squadron.roster
    for slot, (joined, parts, pair, join) in enumerate(zip(*beside.values(), strict=True)):
        for number in np.flatnonzero(squadron.used):
            name = roster.names[number]
            rows = np.flatnonzero((joined < FAR) & (pair == number))
            if not len(rows):
                continue
            data: dict[str, Any] = {"side": squadron.name, "type": roster.specs[name].type, "slot": slot}
            telling.happens("joined", name, flight, telling.scatter(rows, joined[rows]), **data)
            if "parts" in telling.wanted:
                telling.happens("parts", name, flight, telling.scatter(rows, parts[rows]), slot=slot)
            if "identified" not in telling.wanted:
                continue
            identified = telling.nowhere()
            law = roster.fighters.types[roster.specs[name].type].identify_s
            for each, here in groups(join[rows]):
                mine = rows[here]
                step = joined[mine] + telling.steps(law, name, "identify", each, mine)
                identified[mine] = np.where(step < parts[mine], step, FAR)
            telling.happens("identified", name, flight, identified, side=squadron.name, slot=slot)
            if control is not None:
                outcome.setdefault(("signal", "identified", flight, control), []).append(identified)
