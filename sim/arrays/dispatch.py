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
from sim.arrays.fighters import Elements, Pursuit
from sim.arrays.resuming import first_difference, take_up
from sim.arrays.sorties import (
    ABOUT,
    COMMITTED_TO,
    FREE_FROM,
    FREE_TO,
    GROUND_FROM,
    HOLDS_FROM,
    HOLDS_TO,
    SEATED,
    SINCE,
    STAYS_FROM,
    STAYS_TO,
    WAS_ABOUT,
    WINDOWS,
    Sorties,
)
from sim.arrays.telling import Outcome, Telling
from sim.command import Stage
from sim.fighters import Fighters
from sim.sides import Side

MOST_EVENTS = 400
"""Orders, reliefs and turns of one replication that are followed before it is handed over."""

NONE_LEFT = np.iinfo(np.int64).max

Orders = Mapping[Any, tuple[Stage, Whole]]
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

    def __init__(self, telling: Telling, name: str, side: Side, fighters: Fighters, orders: Orders) -> None:
        super().__init__(telling, name, side, fighters)
        self.orders = orders
        self.pointer = np.zeros(self.count, dtype=np.int64)
        """Orders and turns that have been taken, of the replication's queue."""
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
        tasks: list[tuple[Task | int, Whole]] = []
        for (_, about, _), (stage, step) in self.orders.items():
            tasks.append((Task(about, stage.orders == "ready", False, stage.pairs, stage.types), step))
        for flight, pursuit in enumerate(self.pursuits):
            if pursuit.turns:
                tasks.append((flight, pursuit.flown.turns))
        self.reliefs = [Task(flight, False, True, 0, None) for flight in self.flights]
        ranks = sorted(
            {task.rank() for task in (*(t for t, _ in tasks), *self.reliefs) if isinstance(task, Task)}
        )
        self.relief_ranks = np.array([ranks.index(task.rank()) + 1 for task in self.reliefs], dtype=np.int64)
        self.per_step, self.many = len(ranks) + 1, max(len(tasks), 1)
        self.tasks = [task for task, _ in tasks]
        keys = np.full((len(tasks) + 1, self.count), NONE_LEFT, dtype=np.int64)
        for number, (task, step) in enumerate(tasks):
            # In one step turns come first, then orders as the dispatcher takes them.
            rank = ranks.index(task.rank()) + 1 if isinstance(task, Task) else 0
            due = np.flatnonzero(step <= self.last)
            keys[number, due] = (step[due].astype(np.int64) * self.per_step + rank) * self.many + number
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
            outside = queue.take(pointer[rows] * self.count + rows)
            inside, asker = self._next_relief(rows)
            key = np.minimum(outside, inside)
            active = key < NONE_LEFT
            if not active.any():
                return
            if not active.all():
                rows, key, outside, asker = rows[active], key[active], outside[active], asker[active]
            relief = key < outside
            pointer[rows[~relief]] += 1
            number = key % self.many
            if relief.any():
                self.due[asker[relief]] = FAR
                number[relief] = -1 - self.about[asker[relief]]
            step = (key // (self.many * self.per_step)).astype(np.int32)
            for each, here in groups(number):
                self._take(each, rows[here], step[here])
        self.failed[rows] = True

    def _next_relief(self, rows: Rows) -> tuple[NDArray[np.int64], Elements]:
        """Return the key of the next call for relief in each replication, and the element that calls."""
        used = np.flatnonzero(self.used)
        if not len(used):
            return np.full(len(rows), NONE_LEFT, dtype=np.int64), rows
        due = self.due.reshape(-1, self.count)
        found = np.full(len(rows), NONE_LEFT, dtype=np.int64)
        for pair in used.tolist():
            np.minimum(found, due[pair].take(rows, mode="clip") * np.int64(len(due)) + pair, out=found)
        asks, asker = found // len(due), found % len(due) * self.count + rows
        key = np.full(len(rows), NONE_LEFT, dtype=np.int64)
        here = np.flatnonzero(asks <= self.last)
        ranks = self.relief_ranks[self.about.take(asker[here])]
        key[here] = (asks[here].astype(np.int64) * self.per_step + ranks) * self.many
        return key, asker

    def _take(self, number: int, rows: Rows, step: Whole) -> None:
        """Take one kind of event in the replications in which it is the next."""
        if number < 0:
            flight = -1 - number
            self._assign(self.reliefs[flight], flight, rows, step, self.wanted[flight, rows])
            return
        task = self.tasks[number]
        if isinstance(task, int):
            self._turned(task, rows, step)
            return
        flight = self.flights.index(task.about)
        if not task.ready:
            self.wanted[flight, rows] = np.maximum(self.wanted[flight, rows], task.pairs)
        self._assign(task, flight, rows, step, np.full(len(rows), task.pairs, dtype=np.int32))

    def _seen(self, pairs: Elements, rows: Rows) -> Whole:
        """Return the windows of pairs in replications, shape (windows, pairs, replications)."""
        seen = np.empty((len(pairs), WINDOWS, len(rows)), dtype=np.int32)
        for place, pair in enumerate(pairs.tolist()):
            self.windows[pair].take(rows, axis=1, out=seen[place], mode="clip")
        return seen.transpose(1, 0, 2)

    @staticmethod
    def _committed(flight: int, seen: Whole, step: Whole) -> Whole:
        """Return how many pairs are on their way to or beside a flight and not about to be relieved."""
        new = seen[SINCE] > step
        mine = (seen[ABOUT] == flight) & ~new & (step < seen[COMMITTED_TO])
        mine |= new & (seen[WAS_ABOUT] == flight)
        found: Whole = mine.sum(axis=0, dtype=np.int32)
        return found

    def _assign(self, task: Task, flight: int, rows: Rows, step: Whole, wanted: Whole) -> None:
        """Give an order to the pairs that are planned to join first."""
        pairs = self._candidates(task, int(wanted.max(initial=0)))
        if not len(pairs):
            return
        seen = self._seen(pairs, rows)
        if not task.ready:
            wanted = wanted - self._committed(flight, seen, step)
        while True:
            here = np.flatnonzero(wanted > 0)
            if not len(here):
                return
            if len(here) < len(rows):
                rows, step, wanted = rows[here], step[here], wanted[here]
                seen = seen[:, :, here]
            rows, step, wanted = self._fill(task, flight, pairs, seen, rows, step, wanted)
            pairs = self._candidates(task, int(wanted.max(initial=0)))
            seen = self._seen(pairs, rows)

    def _fill(
        self, task: Task, flight: int, pairs: Elements, seen: Whole, rows: Rows, step: Whole, wanted: Whole
    ) -> tuple[Rows, Whole, Whole]:
        """Send the pairs that join first, and return what is still wanted where one was taken from another flight."""
        most = int(wanted.max())
        joins, taken = self._planned_joins(task, flight, pairs, seen, rows, step, most)
        # One number holds the step of joining and the pair, so that the least is found without a search for its place.
        keys = joins * np.int64(len(pairs)) + np.arange(len(pairs))[:, np.newaxis]
        keys[joins == FAR] = NONE_LEFT
        again = np.zeros(len(rows), dtype=bool)
        sent: list[tuple[Elements, Elements]] = []
        for _ in range(most):
            first = keys.min(axis=0)
            here = np.flatnonzero((wanted > 0) & ~again & (first < NONE_LEFT))
            if not len(here):
                break
            place = first[here] % len(pairs)
            sent.append((pairs[place], here))
            keys[place, here] = NONE_LEFT
            # Whom a pair was taken from may no longer spare another.
            again[here] = taken[place, here]
            wanted[here] -= 1
        if sent:
            chosen, here = (np.concatenate(part) for part in zip(*sent, strict=True))
            self.used[chosen] = True
            if task.ready:
                self._seat(chosen, rows[here], step[here])
            else:
                self._send(chosen, flight, rows[here], step[here])
        here = np.flatnonzero(again & (wanted > 0))
        return rows[here], step[here], wanted[here]

    def _candidates(self, task: Task, most: int) -> Elements:
        """Return the pairs to look at: those in use, and of the others as many of each kind as may be sent."""
        allowed = self.roster.allowed(task.types)
        idle: dict[int, int] = {}
        found = []
        for pair in range(len(self.used)):
            if not self.used[pair] and allowed[pair]:
                kind = int(self.roster.kind[pair])
                idle[kind] = idle.get(kind, 0) + 1
                if idle[kind] > most:
                    continue
            if self.used[pair] or allowed[pair]:
                found.append(pair)
        return np.array(found, dtype=np.intp)

    # -------------------------------------------------------------------------------- the choice of a pair

    def _planned_joins(
        self, task: Task, flight: int, pairs: Elements, seen: Whole, rows: Rows, step: Whole, most: int
    ) -> tuple[Whole, Flags]:
        """Return when each pair is planned to join, and whether it would be taken from another flight.

        FAR where it cannot or may not be sent; (pairs, replications) both.
        """
        roster, pursuit = self.roster, self.pursuits[flight]
        known = pursuit.known(rows, step)
        allowed = roster.allowed(task.types)[pairs]
        ground = seen[GROUND_FROM] <= step
        if not allowed.all():
            ground &= allowed[:, np.newaxis]
        in_bed = ground & (seen[SEATED] == FAR)
        joins = np.full(in_bed.shape, FAR, dtype=np.int32)
        taken = np.zeros(in_bed.shape, dtype=bool)
        self._offer_from_bed(pursuit, pairs, in_bed, step, rows, known, joins)
        if task.ready:
            return joins, taken
        row, column = np.nonzero(ground & ~in_bed)
        if len(row):
            ready = np.maximum(seen[SEATED][row, column], step[column]) + roster.from_cockpit[pairs[row]]
            joins[row, column] = self._joins_from_ground(
                pursuit, pairs[row], rows[column], ready, known[column]
            )
        free = (seen[FREE_FROM] <= step) & (step < seen[FREE_TO]) & (seen[ABOUT] != flight)
        holding = (seen[HOLDS_FROM] <= step) & (step < seen[HOLDS_TO])
        if not allowed.all():
            free &= allowed[:, np.newaxis]
            holding &= allowed[:, np.newaxis]
        if free.any():
            stays = (seen[STAYS_FROM] <= step) & (step < seen[STAYS_TO])
            about = seen[ABOUT]
            for other in np.unique(about[free]):
                staying = (stays & (about == other)).sum(axis=0, dtype=np.int16)
                # It may be taken only where another pair stays with the flight that it leaves.
                free &= (about != other) | (staying - stays >= 1)
        if free.any() or holding.any():
            row, column = np.nonzero(free | holding)
            self._offer_from_air(
                flight, pairs, row, column, holding[row, column], step, rows, known, most, joins, taken
            )
        return joins, taken

    def _offer_from_bed(
        self,
        pursuit: Pursuit,
        pairs: Elements,
        in_bed: Flags,
        step: Whole,
        rows: Rows,
        known: Flags,
        joins: Whole,
    ) -> None:
        """Enter the planned joinings of pairs on the ground whose crews do not sit in their cockpits."""
        roster = self.roster
        # Of pairs that are alike one is enough to be asked, and all kinds are asked at once.
        kinds = dict.fromkeys(roster.kind[pairs].tolist())
        alike = [np.flatnonzero(roster.kind[pairs] == kind) for kind in kinds]
        columns = [np.flatnonzero(in_bed[places].any(axis=0)) for places in alike]
        kind = np.repeat(np.array(list(kinds), dtype=np.intp), [len(column) for column in columns])
        column = np.concatenate(columns)
        soonest = self._joins_from_ground(
            pursuit, kind, rows[column], step[column] + roster.airborne[kind], known[column]
        )
        begin = 0
        for places, mine in zip(alike, columns, strict=True):
            planned = np.full(len(rows), FAR, dtype=np.int32)
            planned[mine] = soonest[begin : begin + len(mine)]
            begin += len(mine)
            for place in places:
                np.copyto(joins[place], planned, where=in_bed[place])

    def _joins_from_ground(
        self, pursuit: Pursuit, pair: Elements, rows: Rows, airborne: Whole, known: Flags
    ) -> Whole:
        wing = self.roster.wing[pair]
        met = pursuit.meets_from_base(wing, rows, airborne + self.roster.climb[pair], known)
        return self._planned(pursuit, pair, rows, met, known, airborne + self.roster.endurance[pair])

    def _planned(
        self, pursuit: Pursuit, pair: Elements, rows: Rows, met: Whole, known: Flags, limit: Whole
    ) -> Whole:
        """Return the planned joining, FAR if the flight is gone by then or the fuel does not last."""
        joins: Whole = met + self.roster.join[pair]
        good = joins <= np.minimum(self.last, pursuit.last(rows, known))
        at = np.minimum(joins, self.last)
        back = pursuit.back(self.roster.wing[pair], rows, at, known & good)
        good &= back + self.clock.steps(self.policy.spare_s) <= limit
        joins[~good] = FAR
        return joins

    def _offer_from_air(
        self,
        flight: int,
        pairs: Elements,
        row: Elements,
        column: Elements,
        holding: Flags,
        step: Whole,
        rows: Rows,
        known: Flags,
        most: int,
        joins: Whole,
        taken: Flags,
    ) -> None:
        """Enter the planned joinings of pairs in the air that may be sent."""
        pursuit = self.pursuits[flight]
        about = self.about.take(pairs[row] * self.count + rows[column])
        kept = holding | self._exists_soon(about, rows[column], step[column])
        if not kept.all():
            row, column, holding = row[kept], column[kept], holding[kept]
        pair, mine, soon = pairs[row], rows[column], step[column] + np.int32(1)
        places = self._places(pair * self.count + mine, pair, mine, soon, holding)
        wing = self.roster.wing[pair]
        # Whoever is not there in time to join as soon as those before need not be looked at.
        rank = min(most, len(pairs)) - 1
        bound = np.partition(joins, rank, axis=0)[rank][column] if rank else joins.min(axis=0)[column]
        latest = bound - self.roster.join[pair]
        bounded = (bound < FAR) & pursuit.overtakes(wing)
        bounded &= latest <= pursuit.last(mine, known[column])
        look = np.ones(len(row), dtype=bool)
        here = np.flatnonzero(bounded)
        if len(here):
            look[here] = pursuit.in_time(
                places[here], wing[here], mine[here], soon[here], latest[here], known[column[here]]
            )
        here = np.flatnonzero(look)
        if len(here):
            row, column, pair, mine = row[here], column[here], pair[here], mine[here]
            met = pursuit.meets(places[here], wing[here], mine, soon[here], known[column])
            limit = self.fuel.take(pair * self.count + mine)
            joins[row, column] = self._planned(pursuit, pair, mine, met, known[column], limit)
            taken[row, column] = ~holding[here]


def told(squadron: Squadron) -> Outcome:
    """Serve the orders of a side, and return when its pairs take off, join and identify, and who is where beside."""
    telling, control = squadron.telling, squadron.side.control
    if telling.earlier is not None and ("force", squadron.name) in telling.earlier.squadrons:
        squadron.resume(telling.earlier.squadrons["force", squadron.name], telling.kept)
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
            arrives, way = squadron.station_steps(pair)
            if arrives >= way:
                telling.happens("airborne", name, "", np.full(count, arrives - way, dtype=np.int32), **data)
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
