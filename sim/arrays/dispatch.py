"""Dispatch and sorties in columns: which pair each order goes to, and what becomes of it.

The orders of a side, its pairs' calls for relief and the turns of intruders are taken in order of time, each
replication its own next one; replications whose next one is alike are worked on together.  The plan of a pair
(take-off, meeting, joining, parting, holding) is worked out when it is sent; it stands until another order or the
intruder's turning away replaces it from that step on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.arrays.columns import FAR, Flags, Rows, Whole
from sim.arrays.fighters import Elements, Pursuit, Wing, Wings, course_places
from sim.arrays.telling import Outcome, Telling
from sim.clock import Clock
from sim.command import Stage
from sim.draws import Amount, quantile_index
from sim.fighters import Fighters, Policy
from sim.flight import Vectors
from sim.sides import Side
from sim.units import KT_TO_KM_PER_S

MOST_EVENTS = 400
"""Orders, reliefs and turns of one replication that are followed before it is handed over."""

NONE_LEFT = np.iinfo(np.int64).max

WINDOWS = 12
GROUND_FROM, SEATED, ABOUT, WAS_ABOUT, SINCE, COMMITTED_TO = range(6)
STAYS_FROM, STAYS_TO, FREE_FROM, FREE_TO, HOLDS_FROM, HOLDS_TO = range(6, WINDOWS)
"""The steps in which a pair is on the ground, counts for its flight, lets another one be taken from it, may itself be
taken, or holds: from the first up to but not the second."""

Orders = list[tuple[Stage, str, Whole]]
"""(stage, flight, step of the decision in each replication) of each order that a side may be given."""


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


class Roster:
    """The pairs of a side as a planner sees them: number, wing, and medians in whole steps, one row for each."""

    def __init__(self, telling: Telling, name: str, fighters: Fighters) -> None:
        clock, places = telling.prepared.clock, telling.prepared.places
        self.fighters = fighters
        self.specs = {n: spec for n, spec in fighters.pairs.items() if spec.side == name}
        self.names = list(self.specs)
        wings: dict[Wing, int] = {}
        rows: list[tuple[int, ...]] = []
        for spec in self.specs.values():
            kind, alert = fighters.types[spec.type], fighters.alerts[spec.alert]
            key = (
                tuple(places[spec.base].tolist()),
                kind.ground_speed_kt * KT_TO_KM_PER_S * clock.step_s,
                clock.steps(kind.endurance_s),
            )

            def median(law: Amount, least: int = 1) -> int:
                return max(least, quantile_index(law, 0.5, clock.step_s, telling.last + 1))

            rows.append(
                (
                    wings.setdefault(key, len(wings)),
                    key[2],
                    median(alert.airborne_s),
                    median(alert.airborne_from_cockpit_s),
                    median(kind.climb_s, 0),
                    median(kind.join_s),
                )
            )
        table = np.array(rows, dtype=np.int32).reshape(-1, 6)
        self.wing = table[:, 0].astype(np.intp)
        self.endurance, self.airborne, self.from_cockpit, self.climb, self.join = table[:, 1:].T
        self.wings = Wings(
            tuple(wings),
            np.array([place for place, _, _ in wings]).reshape(-1, 3),
            np.array([speed for _, speed, _ in wings]),
            max((longest for _, _, longest in wings), default=0),
        )
        kinds = [(*row, spec.type) for row, spec in zip(rows, self.specs.values(), strict=True)]
        self.kind = np.array([kinds.index(kind) for kind in kinds], dtype=np.intp)
        """The first pair that is alike for a planner, as long as both are on the ground and not seated."""

    def allowed(self, types: tuple[str, ...] | None) -> NDArray[np.bool_]:
        """Return which pairs are of the types that an order wants."""
        return np.array([types is None or spec.type in types for spec in self.specs.values()], dtype=bool)


class Squadron:
    """The pairs of one side in the replications of a telling.

    Tables have shape (pairs, replications); an *element* is a place in the flat table, pair * replications + row.
    """

    def __init__(
        self,
        telling: Telling,
        name: str,
        side: Side,
        fighters: Fighters,
        orders: Orders,
    ) -> None:
        self.telling, self.name, self.side = telling, name, side
        self.policy: Policy = fighters.policies[name]
        self.roster = roster = Roster(telling, name, fighters)
        self.pursuits = [Pursuit(telling, flown, roster.wings) for flown in telling.flights.values()]
        self.flights = list(telling.flights)
        self.last, self.count = telling.last, telling.count
        self.clock: Clock = telling.prepared.clock
        self.sphere = telling.prepared.sphere
        size = len(roster.names) * self.count

        def table(value: int) -> Whole:
            return np.full(size, value, dtype=np.int32)

        self.about, self.first_about, self.was_about = table(-1), table(-1), table(-1)
        self.since = table(0)
        """Since when a pair does what its plan says; at the step before, what it did before still counts."""
        self.ordered, self.ready = table(0), table(FAR)
        self.airborne, self.stands = table(FAR), table(-1)
        """When it takes off, or else from when on it stands on the ground for another order."""
        self.seated, self.fuel, self.begun = table(FAR), table(FAR), table(0)
        self.joins, self.joining = table(0), table(0)
        self.leaves, self.meets, self.joined, self.off = table(FAR), table(FAR), table(FAR), table(FAR)
        self.parts, self.asks, self.holds, self.until = table(FAR), table(FAR), table(FAR), table(FAR)
        self.due = table(FAR)
        """When it will ask for its relief, as long as it has not."""
        self.windows = np.full((len(roster.names), WINDOWS, self.count), FAR, dtype=np.int32)
        """What the dispatcher looks at, by pair, window and replication."""
        self.windows[:, ABOUT] = self.windows[:, WAS_ABOUT] = -1
        self.windows[:, GROUND_FROM] = -1
        self.windows[:, SINCE] = 0
        self.at_base = np.ones(size, dtype=bool)
        self.place: NDArray[np.float64] = np.zeros((size, 3))
        self.used = np.array([spec.station is not None for spec in roster.specs.values()], dtype=bool)
        """Pairs that have been sent or seated in some replication."""
        self.slots: dict[str, Whole] = {}
        self.slot_count = np.zeros(self.count, dtype=np.int64)
        self.wanted = np.zeros((len(self.flights), self.count), dtype=np.int32)
        self.failed = np.zeros(self.count, dtype=bool)
        self._line_up(orders)
        for number, spec in enumerate(roster.specs.values()):
            if spec.station is not None:
                self._stand_by(number)

    def _line_up(self, orders: Orders) -> None:
        """Sort the orders from outside and the turns of intruders by time, for each replication its own."""
        tasks: list[tuple[Task | int, Whole]] = []
        for stage, about, step in orders:
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

    def _stand_by(self, pair: int) -> None:
        """Put a pair at its station from its clock time on."""
        spec = self.roster.specs[self.roster.names[pair]]
        assert spec.station is not None
        arrives, way = self.station_steps(pair)
        mine = slice(pair * self.count, (pair + 1) * self.count)
        self.fuel[mine] = arrives - way + self.roster.endurance[pair]
        self.airborne[mine], self.stands[mine], self.off[mine] = -1, FAR, -1
        self.holds[mine] = min(arrives, FAR)
        self.until[mine] = self.fuel[mine] - way
        self.place[mine] = self.telling.prepared.places[spec.station]
        self.at_base[mine] = False
        rows = np.arange(self.count)
        self._settle(pair * self.count + rows, np.full(self.count, pair), rows)

    def station_steps(self, pair: int) -> tuple[int, int]:
        """Return the step at which a pair arrives at its station, and how many steps it flies there."""
        spec = self.roster.specs[self.roster.names[pair]]
        assert spec.station is not None
        assert spec.on_station_at is not None
        wing = self.roster.wing[pair]
        station = self.telling.prepared.places[spec.station]
        km = float(self.sphere.distance_km(station, self.roster.wings.places[wing]))
        return self.clock.step_at(spec.on_station_at), int(np.ceil(km / self.roster.wings.km_per_step[wing]))

    # -------------------------------------------------------------------------------- what pairs are doing

    def is_ordered(self, at: Elements, step: Whole) -> Flags:
        """Return whether pairs have their order but are not in the air yet."""
        flags: Flags = (step < self.airborne.take(at)) & (step < self.stands.take(at))
        return flags

    def is_closing(self, at: Elements, step: Whole) -> Flags:
        """Return whether pairs are on their way to an intruder."""
        ends = np.minimum(self.joined.take(at), self.off.take(at))
        flags: Flags = (self.airborne.take(at) <= step) & (step < ends)
        return flags

    def is_beside(self, at: Elements, step: Whole) -> Flags:
        """Return whether pairs are beside an intruder."""
        flags: Flags = (self.joined.take(at) <= step) & (step < self.parts.take(at))
        return flags

    def is_holding(self, at: Elements, step: Whole) -> Flags:
        """Return whether pairs hold and wait for another order."""
        flags: Flags = (self.holds.take(at) <= step) & (step < self.until.take(at))
        return flags

    # -------------------------------------------------------------------------------- the side's events

    def serve(self) -> None:
        """Take orders, calls for relief and turns in order of time until none is left."""
        if not self.flights:
            return
        pointer = np.zeros(self.count, dtype=np.int64)
        rows: Rows = np.arange(self.count)
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

    def _settle(self, at: Elements, pair: Elements, rows: Rows) -> None:
        """Work out the windows that the dispatcher looks at from the plans of pairs."""
        since, joined, asks = self.since.take(at), self.joined.take(at), self.asks.take(at)
        airborne = self.airborne.take(at)
        flies = airborne < FAR
        beside = joined < FAR
        parts = self.parts.take(at)
        ends = np.where(beside, parts, self.off.take(at))
        spared = np.where(beside, parts - 1, ends)
        table = self.windows
        table[pair, GROUND_FROM, rows] = np.where(flies, FAR, self.stands.take(at))
        table[pair, ABOUT, rows] = self.about.take(at)
        table[pair, WAS_ABOUT, rows] = self.was_about.take(at)
        table[pair, SINCE, rows] = since
        counts = np.where(flies, np.minimum(ends, asks), self.stands.take(at))
        table[pair, COMMITTED_TO, rows] = counts
        table[pair, STAYS_FROM, rows] = np.maximum(airborne, since)
        table[pair, STAYS_TO, rows] = np.where(flies, np.minimum(spared, asks), -1)
        table[pair, FREE_FROM, rows] = np.maximum(self.leaves.take(at) + 1, since)
        table[pair, FREE_TO, rows] = np.where(flies, spared, -1)
        table[pair, HOLDS_FROM, rows] = np.maximum(self.holds.take(at), since)
        table[pair, HOLDS_TO, rows] = self.until.take(at)

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

    def _exists_soon(self, about: Whole, rows: Rows, step: Whole) -> Flags:
        exists = np.zeros(len(rows), dtype=bool)
        for flight, here in groups(about):
            if flight >= 0:
                pursuit = self.pursuits[flight]
                known = pursuit.known(rows[here], step[here])
                exists[here] = pursuit.exists(rows[here], step[here] + np.int32(1), known)
        return exists

    def _places(self, at: Elements, pair: Elements, rows: Rows, soon: Whole, holding: Flags) -> Vectors:
        """Return where pairs will be at the next step: holding, on their way to an intruder, or beside it."""
        places = self.place[at]
        about = self.about.take(at)
        for flight, here in groups(about):
            if flight < 0:
                continue  # it holds at its station
            pursuit = self.pursuits[flight]
            element, mine = at[here], rows[here]
            held = holding[here]
            step = np.where(held, self.parts.take(element), soon[here]).astype(np.int32)
            known = pursuit.known(mine, np.where(held, step, soon[here] - 1).astype(np.int32))
            step = np.minimum(step, pursuit.last(mine, known))
            found = pursuit.place(mine, step, known)
            on_way = np.flatnonzero(~held & (self.meets.take(element) > soon[here]))
            if len(on_way):
                found[on_way] = self._on_course(
                    pursuit, element[on_way], pair[here[on_way]], mine[on_way], step[on_way], known[on_way]
                )
            places[here] = found
        return places

    def _on_course(
        self, pursuit: Pursuit, at: Elements, pair: Elements, rows: Rows, step: Whole, known: Flags
    ) -> Vectors:
        """Return where pairs are on their course to the meeting point that they were planned to have."""
        meets = self.meets.take(at)
        goals = pursuit.place(rows, meets, known)
        bases = self.roster.wings.places[self.roster.wing[pair]]
        origins = np.where(self.at_base[at][:, np.newaxis], bases, self.place[at])
        return course_places(self.sphere, origins, goals, self.leaves.take(at), meets, step)

    # -------------------------------------------------------------------------------- sending a pair

    def _drawn(
        self, pair: Elements, rows: Rows, law: str, decision: str, number: int = 1, least: int = 1
    ) -> Whole:
        """Return drawn steps of pairs, of a law of their type or alert."""
        drawn = np.empty(len(pair), dtype=np.int32)
        for each, here in groups(pair):
            name = self.roster.names[each]
            spec = self.roster.specs[name]
            kind, alert = self.roster.fighters.types[spec.type], self.roster.fighters.alerts[spec.alert]
            amount = getattr(kind, law, None) or getattr(alert, law)
            drawn[here] = self.telling.steps(amount, name, decision, number, rows[here], least=least)
        return drawn

    def _seat(self, pair: Elements, rows: Rows, step: Whole) -> None:
        at = pair * self.count + rows
        self.seated[at] = self.windows[pair, SEATED, rows] = step + self._drawn(pair, rows, "seat_s", "seat")

    def _send(self, pair: Elements, flight: int, rows: Rows, step: Whole) -> None:
        at = pair * self.count + rows
        ground = self.airborne.take(at) == FAR
        if ground.any():
            self._scramble(at[ground], pair[ground], flight, rows[ground], step[ground])
        if not ground.all():
            self._divert(at[~ground], pair[~ground], flight, rows[~ground], step[~ground])

    def _scramble(self, at: Elements, pair: Elements, flight: int, rows: Rows, step: Whole) -> None:
        seated = self.seated.take(at)
        ready = np.empty(len(at), dtype=np.int32)
        here = np.flatnonzero(seated < FAR)
        if len(here):
            drawn = self._drawn(pair[here], rows[here], "airborne_from_cockpit_s", "airborne-from-cockpit")
            ready[here] = np.maximum(seated[here], step[here]) + drawn
        here = np.flatnonzero(seated == FAR)
        if len(here):
            ready[here] = step[here] + self._drawn(pair[here], rows[here], "airborne_s", "airborne")
        self.about[at] = self.first_about[at] = flight
        self.since[at] = self.ordered[at] = step
        self.ready[at] = ready
        self.leaves[at] = ready + self._drawn(pair, rows, "climb_s", "climb", least=0)
        self.at_base[at] = True
        self.joins[at] = 1
        self.joining[at] = self._drawn(pair, rows, "join_s", "join")
        self._take_off(at, pair, flight, rows, step)

    def _take_off(self, at: Elements, pair: Elements, flight: int, rows: Rows, step: Whole) -> None:
        """Plan take-offs, and all that follows, as far as is known at a step."""
        pursuit = self.pursuits[flight]
        ready = self.ready.take(at)
        known = pursuit.known(rows, step)
        gone = pursuit.gone(self.side.shadow_zone, rows, self.ordered.take(at), known)
        stays = (gone <= ready) | (ready > self.last)
        self.airborne[at] = np.where(stays, FAR, ready)
        self.stands[at] = np.where(stays, np.maximum(gone, step), FAR)
        self._forget(at)
        if stays.any():
            self._settle(at[stays], pair[stays], rows[stays])
            flies = ~stays
            at, pair, rows, ready, known = at[flies], pair[flies], rows[flies], ready[flies], known[flies]
        self.fuel[at] = ready + self.roster.endurance[pair]
        self.begun[at] = ready
        self._close(at, pair, flight, rows, ready, known)

    def _forget(self, at: Elements) -> None:
        for plan in (
            self.meets,
            self.joined,
            self.off,
            self.parts,
            self.asks,
            self.holds,
            self.until,
            self.due,
        ):
            plan[at] = FAR

    def _divert(self, at: Elements, pair: Elements, flight: int, rows: Rows, step: Whole) -> None:
        """Send pairs that are in the air to another flight."""
        soon = step + np.int32(1)
        holding = self.is_holding(at, step)
        beside = self.is_beside(at, step)
        relieved = beside & (self.asks.take(at) <= step)
        places = self._places(at, pair, rows, soon, holding)
        self.was_about[at] = np.where(holding | relieved, -1, self.about.take(at))
        self.parts[at[beside]] = soon[beside]
        self._enter(at, pair, rows, step)
        self._forget(at)
        self.about[at] = flight
        self.since[at] = self.leaves[at] = soon
        self.place[at] = places
        self.at_base[at] = False
        begun = np.where(holding, step, soon).astype(np.int32)
        self.begun[at] = begun
        self.joins[at] += 1
        for number, here in groups(self.joins.take(at)):
            self.joining[at[here]] = self._drawn(pair[here], rows[here], "join_s", "join", number)
        self._close(at, pair, flight, rows, begun, self.pursuits[flight].known(rows, begun))

    def _close(self, at: Elements, pair: Elements, flight: int, rows: Rows, now: Whole, known: Flags) -> None:
        """Plan the way of pairs to a flight from where and when they leave, and what they do there."""
        pursuit, wing = self.pursuits[flight], self.roster.wing[pair]
        leaves, from_base = self.leaves.take(at), self.at_base[at]
        if from_base.all():
            met = pursuit.meets_from_base(wing, rows, leaves, known)
        else:
            met = np.full(len(at), FAR, dtype=np.int32)
            here = np.flatnonzero(from_base)
            met[here] = pursuit.meets_from_base(wing[here], rows[here], leaves[here], known[here])
            here = np.flatnonzero(~from_base)
            met[here] = pursuit.meets(self.place[at[here]], wing[here], rows[here], leaves[here], known[here])
        joins = met + self.joining.take(at)
        gone = pursuit.gone(self.side.shadow_zone, rows, self.begun.take(at), known)
        reached = met < FAR
        late = pursuit.first_late(wing, rows, np.minimum(met, self.last), self.fuel.take(at), known)
        late[~reached | (late <= met)] = (
            0  # out of reach, or too late to turn round even at the meeting point
        )
        ends = np.minimum(gone, late)
        joins[joins >= ends] = FAR
        off = np.maximum(ends, now)
        off[joins < FAR] = FAR
        self.meets[at], self.joined[at], self.off[at] = met, joins, off
        here = np.flatnonzero(joins <= self.last)
        self._shadow(at[here], pair[here], flight, rows[here], joins[here], known[here])
        self._settle(at, pair, rows)

    def _shadow(
        self, at: Elements, pair: Elements, flight: int, rows: Rows, joined: Whole, known: Flags
    ) -> None:
        """Plan how long pairs stay beside a flight that they join, and when they ask for their relief."""
        if not len(at):
            return
        pursuit, wing, limit = self.pursuits[flight], self.roster.wing[pair], self.fuel.take(at)
        late = pursuit.first_late(wing, rows, joined, limit, known)
        gone = pursuit.gone(self.side.shadow_zone, rows, joined, known)
        parts = np.minimum(late, gone)
        asks = np.maximum(joined, late - self.clock.steps(self.policy.relief_lead_s)).astype(np.int32)
        asks[(late == FAR) | (asks >= parts)] = FAR
        self.parts[at], self.asks[at], self.due[at] = parts, asks, asks
        here = np.flatnonzero((gone < late) & (parts <= self.last))
        self.holds[at], self.until[at] = FAR, FAR
        if len(here):
            rows, parts, known = rows[here], parts[here], known[here]
            stop = np.minimum(parts, pursuit.last(rows, known))
            self.holds[at[here]] = parts
            self.until[at[here]] = limit[here] - pursuit.home_steps(wing[here], rows, stop, known)

    # -------------------------------------------------------------------------------- an intruder turns away

    def _turned(self, flight: int, rows: Rows, step: Whole) -> None:
        """Plan anew what the pairs of a flight do that turns away at a step."""
        used = np.flatnonzero(self.used)
        if not len(used):
            return
        at = used[:, np.newaxis] * self.count + rows
        mine = (self.about.take(at) == flight) & (self.since.take(at) <= step)
        doing = (
            (self.is_ordered, self._take_off),
            (self.is_closing, self._correct),
            (self.is_beside, self._follow),
        )
        flags = [mine & is_so(at, step) for is_so, _ in doing]
        for flag, (_, plan) in zip(flags, doing, strict=True):
            row, column = np.nonzero(flag)
            if len(row):
                plan(at[row, column], used[row], flight, rows[column], step[column])

    def _correct(self, at: Elements, pair: Elements, flight: int, rows: Rows, step: Whole) -> None:
        """Give pairs on their way a new course from where they are when their intruder turns away."""
        pursuit = self.pursuits[flight]
        here = np.flatnonzero(self.leaves.take(at) < step)
        if len(here):
            element, there, when = at[here], rows[here], step[here]
            before = np.zeros(len(here), dtype=bool)  # the course led to a place on the script
            places = pursuit.place(there, when, before)
            flying = np.flatnonzero(when < self.meets.take(element))
            if len(flying):
                places[flying] = self._on_course(
                    pursuit, element[flying], pair[here[flying]], there[flying], when[flying], before[flying]
                )
            self.place[element], self.at_base[element], self.leaves[element] = places, False, when
        self._forget(at)
        self._close(at, pair, flight, rows, step, np.ones(len(at), dtype=bool))

    def _follow(self, at: Elements, pair: Elements, flight: int, rows: Rows, step: Whole) -> None:
        """Keep pairs beside an intruder that turns away, as long as fuel and the intruder's way allow."""
        asked = self.asks.take(at)
        done = asked <= step
        self._shadow(at, pair, flight, rows, self.joined.take(at), np.ones(len(at), dtype=bool))
        asks = np.maximum(self.asks.take(at), step)
        asks[asks >= self.parts.take(at)] = FAR
        self.due[at] = np.where(done, FAR, asks)
        self.asks[at] = np.where(done, asked, asks)
        self._settle(at, pair, rows)

    # -------------------------------------------------------------------------------- what came of it

    def _enter(self, at: Elements, pair: Elements, rows: Rows, step: Whole) -> None:
        """Enter in the book that pairs were beside their flight, where they have joined by a step."""
        here = np.flatnonzero(self.joined.take(at) <= step)
        if not len(here):
            return
        at, pair, rows = at[here], pair[here], rows[here]
        # Two pairs of one replication take two slots, one after the other.
        order = np.argsort(rows, kind="stable")
        ordered = rows[order]
        ahead = np.empty(len(rows), dtype=np.int64)
        ahead[order] = np.arange(len(rows)) - np.searchsorted(ordered, ordered, side="left")
        slot = self.slot_count[rows] + ahead
        needed = int(slot.max()) + 1
        columns: dict[str, NDArray[Any]] = {
            "joined": self.joined.take(at),
            "parts": self.parts.take(at),
            "about": self.about.take(at),
            "pair": pair,
            "join": self.joins.take(at),
        }
        for key, values in columns.items():
            table = self.slots.get(key)
            have = 0 if table is None else len(table)
            if have < needed:
                more = np.full((needed - have, self.count), FAR, dtype=np.int32)
                table = self.slots[key] = more if table is None else np.concatenate([table, more])
            assert table is not None
            table[slot, rows] = values
        np.add.at(self.slot_count, rows, 1)

    def close_books(self) -> None:
        """Enter the plans that stand at the end of the window."""
        rows = np.arange(self.count)
        end = np.full(self.count, self.last, dtype=np.int32)
        for pair in np.flatnonzero(self.used):
            self._enter(pair * self.count + rows, np.full(self.count, pair), rows, end)


def groups(numbers: NDArray[Any]) -> Iterator[tuple[int, Elements]]:
    """Yield each number that occurs and the places at which it does."""
    if not len(numbers):
        return
    first = numbers[0]
    if (numbers == first).all():
        yield int(first), np.arange(len(numbers))
        return
    order = np.argsort(numbers, kind="stable")
    ordered = numbers[order]
    begins = np.flatnonzero(np.diff(ordered, prepend=ordered[0] - 1))
    for begin, end in zip(begins, [*begins[1:], len(order)], strict=True):
        yield int(ordered[begin]), order[begin:end]


def told(squadron: Squadron) -> Outcome:
    """Serve the orders of a side, and return when its pairs take off, join and identify, and who is where beside."""
    telling, control = squadron.telling, squadron.side.control
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
