"""Dispatch and sorties in columns: which pair each order goes to, and what becomes of it.

The orders of a side, its pairs' calls for relief and the turns of intruders are taken in order of time, each
replication its own next one; replications whose next one is alike are worked on together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.arrays.columns import FAR, Flags, Rows, Whole
from sim.arrays.fighters import Pursuit, Wing, course_places
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

PLANS = ("leaves", "meets", "joined", "off", "parts", "asks", "holds", "until")
"""The steps of a pair's plan: leaves where it is, reaches the intruder, joins, is called off, parts, asks for relief,
holds from, and until."""


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


@dataclass(frozen=True)
class Kind:
    """What a planner reckons with for a pair: medians in whole steps."""

    type: str
    airborne: int
    from_cockpit: int
    climb: int
    join: int


class Squadron:
    """The pairs of one side in the replications of a telling; tables have shape (pairs, replications)."""

    def __init__(
        self,
        telling: Telling,
        name: str,
        side: Side,
        fighters: Fighters,
        orders: list[tuple[Stage, str, Whole]],
        pursuits: Mapping[str, Pursuit],
    ) -> None:
        self.telling, self.name, self.side = telling, name, side
        self.policy: Policy = fighters.policies[name]
        self.pursuits = pursuits
        self.flights = list(pursuits)
        self.last, self.count = telling.last, telling.count
        self.clock: Clock = telling.prepared.clock
        self.sphere = telling.prepared.sphere
        self.specs = {n: spec for n, spec in fighters.pairs.items() if spec.side == name}
        self.names = list(self.specs)
        self.fighters = fighters
        self.wings = [self._wing(n) for n in self.names]
        self.kinds = [self._kind(n) for n in self.names]
        shape = (len(self.names), self.count)
        self.about = np.full(shape, -1, dtype=np.int16)
        self.first_about = np.full(shape, -1, dtype=np.int16)
        self.since = np.zeros(shape, dtype=np.int32)
        self.was_about = np.full(shape, -1, dtype=np.int16)
        self.ordered = np.zeros(shape, dtype=np.int32)
        self.drawn_airborne = np.full(shape, FAR, dtype=np.int32)
        self.airborne = np.full(shape, FAR, dtype=np.int32)
        self.stands = np.full(shape, -1, dtype=np.int32)
        self.seated = np.full(shape, FAR, dtype=np.int32)
        self.fuel = np.full(shape, FAR, dtype=np.int32)
        self.begun = np.zeros(shape, dtype=np.int32)
        self.joins = np.zeros(shape, dtype=np.int16)
        self.joining = np.zeros(shape, dtype=np.int32)
        self.plan = {key: np.full(shape, FAR, dtype=np.int32) for key in PLANS}
        self.at_base = np.ones(shape, dtype=bool)
        self.place: NDArray[np.float64] = np.zeros((*shape, 3))
        self.slots: dict[str, Whole] = {}
        self.slot_count = np.zeros(self.count, dtype=np.int64)
        self.relief_due = np.full(shape, FAR, dtype=np.int32)
        self.wanted = np.zeros((len(self.flights), self.count), dtype=np.int32)
        self.failed = np.zeros(self.count, dtype=bool)
        self.tasks: list[Task | str] = []
        self._line_up(orders)
        for number, spec in enumerate(self.specs.values()):
            if spec.station is not None:
                self._stand_by(number)

    def _wing(self, name: str) -> Wing:
        spec = self.specs[name]
        kind = self.fighters.types[spec.type]
        km_per_step = kind.ground_speed_kt * KT_TO_KM_PER_S * self.clock.step_s
        place = self.telling.prepared.places[spec.base]
        return Wing(spec.base, place, km_per_step, self.clock.steps(kind.endurance_s))

    def _kind(self, name: str) -> Kind:
        spec = self.specs[name]
        kind, alert = self.fighters.types[spec.type], self.fighters.alerts[spec.alert]

        def median(law: Amount, least: int = 1) -> int:
            return max(least, quantile_index(law, 0.5, self.clock.step_s, self.last + 1))

        return Kind(
            spec.type,
            median(alert.airborne_s),
            median(alert.airborne_from_cockpit_s),
            median(kind.climb_s, 0),
            median(kind.join_s),
        )

    def _line_up(self, orders: list[tuple[Stage, str, Whole]]) -> None:
        """Sort the orders from outside and the turns of intruders by time, for each replication its own."""
        tasks: list[tuple[Task | str, Whole]] = []
        for stage, about, step in orders:
            task = Task(about, stage.orders == "ready", False, stage.pairs, stage.types)
            tasks.append((task, step))
        for flight, pursuit in self.pursuits.items():
            if len(pursuit.flown.turned):
                tasks.append((flight, pursuit.flown.turns))
        reliefs = [Task(flight, False, True, 0, None) for flight in self.flights]
        ranks = sorted({task.rank() for task in (*(t for t, _ in tasks), *reliefs) if isinstance(task, Task)})
        self.relief_ranks = np.array([ranks.index(task.rank()) + 1 for task in reliefs], dtype=np.int64)
        self.per_step = len(ranks) + 1
        self.tasks = [task for task, _ in tasks]
        many = max(len(tasks), 1)
        self.many = many
        keys = np.full((len(tasks) + 1, self.count), np.iinfo(np.int64).max, dtype=np.int64)
        for number, (task, step) in enumerate(tasks):
            rank = ranks.index(task.rank()) + 1 if isinstance(task, Task) else 0
            due = step <= self.last
            keys[number, due] = (step[due].astype(np.int64) * self.per_step + rank) * many + number
        keys.sort(axis=0)
        self.queue = keys

    def _stand_by(self, number: int) -> None:
        """Put a pair at its station from its clock time on."""
        spec = self.specs[self.names[number]]
        assert spec.station is not None
        assert spec.on_station_at is not None
        wing, station = self.wings[number], self.telling.prepared.places[spec.station]
        arrives = self.clock.step_at(spec.on_station_at)
        way = int(np.ceil(float(self.sphere.distance_km(station, wing.place)) / wing.km_per_step))
        self.fuel[number] = arrives - way + wing.endurance
        self.airborne[number], self.stands[number] = -1, FAR
        self.plan["off"][number] = -1
        self.plan["holds"][number] = min(arrives, FAR)
        self.plan["until"][number] = self.fuel[number] - way
        self.place[number] = station
        self.at_base[number] = False

    # -------------------------------------------------------------------------------- what a pair is doing

    def is_on_ground(self, pair: int, rows: Rows, step: Whole) -> Flags:
        """Return whether a pair stands on the ground and is free."""
        flags: Flags = (self.airborne[pair, rows] == FAR) & (self.stands[pair, rows] <= step)
        return flags

    def is_ordered(self, pair: int, rows: Rows, step: Whole) -> Flags:
        """Return whether a pair has its order but is not in the air yet."""
        return (step < self.airborne[pair, rows]) & (step < self.stands[pair, rows])

    def is_closing(self, pair: int, rows: Rows, step: Whole) -> Flags:
        """Return whether a pair is on its way to an intruder."""
        ends = np.minimum(self.plan["joined"][pair, rows], self.plan["off"][pair, rows])
        flags: Flags = (self.airborne[pair, rows] <= step) & (step < ends)
        return flags

    def is_beside(self, pair: int, rows: Rows, step: Whole) -> Flags:
        """Return whether a pair is beside an intruder."""
        joined, parts = self.plan["joined"][pair, rows], self.plan["parts"][pair, rows]
        flags: Flags = (joined <= step) & (step < parts)
        return flags

    def is_holding(self, pair: int, rows: Rows, step: Whole) -> Flags:
        """Return whether a pair holds and waits for another order."""
        holds, until = self.plan["holds"][pair, rows], self.plan["until"][pair, rows]
        flags: Flags = (holds <= step) & (step < until)
        return flags

    # -------------------------------------------------------------------------------- the side's events

    def serve(self) -> None:
        """Take orders, calls for relief and turns in order of time until none is left."""
        if not self.flights:
            return
        everyone = np.arange(self.count)
        pointer = np.zeros(self.count, dtype=np.int64)
        none = np.iinfo(np.int64).max
        rows = everyone
        for _ in range(MOST_EVENTS):
            outside = self.queue[pointer[rows], rows]
            due = self.relief_due[:, rows]
            asker = np.argmin(due, axis=0)
            asks = due[asker, np.arange(len(rows))]
            flights = np.maximum(self.about[asker, rows], 0)
            inside = (asks.astype(np.int64) * self.per_step + self.relief_ranks[flights]) * self.many
            inside[asks > self.last] = none
            key = np.minimum(outside, inside)
            active = key < none
            if not active.any():
                return
            rows, key, outside, asker = rows[active], key[active], outside[active], asker[active]
            flights = flights[active]
            relief = key < outside
            step = (key // self.many // self.per_step).astype(np.int32)
            number = np.where(relief, -1 - flights, key % self.many)
            pointer[rows[~relief]] += 1
            self.relief_due[asker[relief], rows[relief]] = FAR
            for each in np.unique(number):
                here = np.flatnonzero(number == each)
                if each < 0:
                    self._relieve(self.flights[-1 - int(each)], rows[here], step[here])
                    continue
                task = self.tasks[int(each)]
                if isinstance(task, str):
                    self._turned(task, rows[here], step[here])
                else:
                    self._order(task, rows[here], step[here])
        self.failed[rows] = True

    def _relieve(self, flight: str, rows: Rows, step: Whole) -> None:
        wanted = self.wanted[self.flights.index(flight), rows]
        self._assign(Task(flight, False, True, 0, None), rows, step, wanted)

    def _order(self, task: Task, rows: Rows, step: Whole) -> None:
        if not task.ready:
            about = self.flights.index(task.about)
            self.wanted[about, rows] = np.maximum(self.wanted[about, rows], task.pairs)
        self._assign(task, rows, step, np.full(len(rows), task.pairs, dtype=np.int32))

    def _committed(self, flight: str, rows: Rows, step: Whole) -> Whole:
        """Return how many pairs are on their way to or beside a flight and not about to be relieved."""
        about = self.flights.index(flight)
        found = np.zeros(len(rows), dtype=np.int32)
        for pair in range(len(self.names)):
            is_new = self.since[pair, rows] > step
            mine = self.about[pair, rows] == about
            if mine.any():
                busy = self.is_ordered(pair, rows, step) | self.is_closing(pair, rows, step)
                busy |= self.is_beside(pair, rows, step) & (self.plan["asks"][pair, rows] > step)
                found += mine & ~is_new & busy
            if is_new.any():
                found += is_new & (self.was_about[pair, rows] == about)
        return found

    def _assign(self, task: Task, rows: Rows, step: Whole, wanted: Whole) -> None:
        if not task.ready:
            wanted = wanted - self._committed(task.about, rows, step)
        while True:
            here = np.flatnonzero(wanted > 0)
            if not len(here):
                return
            rows, step, wanted = rows[here], step[here], wanted[here]
            pair, joins = self._soonest(task, rows, step)
            found = joins < FAR
            rows, step, wanted, pair = rows[found], step[found], wanted[found] - 1, pair[found]
            for each in np.unique(pair):
                mine = np.flatnonzero(pair == each)
                if task.ready:
                    self._seat(int(each), rows[mine], step[mine])
                else:
                    self._send(int(each), task.about, rows[mine], step[mine])

    # -------------------------------------------------------------------------------- the choice of a pair

    def _soonest(self, task: Task, rows: Rows, step: Whole) -> tuple[Whole, Whole]:
        """Return for each replication the pair that is planned to join first, and when; of equals the first one."""
        pursuit = self.pursuits[task.about]
        known = pursuit.known(rows, step)
        best = np.full(len(rows), FAR, dtype=np.int32)
        chosen = np.zeros(len(rows), dtype=np.int32)

        def offer(pair: int, here: Rows, joins: Whole) -> None:
            # Pairs are not offered in their order, so of equals the lower number wins.
            better = (joins < best[here]) | ((joins == best[here]) & (joins < FAR) & (pair < chosen[here]))
            there = here[better]
            best[there], chosen[there] = joins[better], pair

        unseated: dict[tuple[str, Kind], Whole] = {}
        in_air: list[int] = []
        for pair, kind in enumerate(self.kinds):
            if task.types is not None and kind.type not in task.types:
                continue
            free = self.is_on_ground(pair, rows, step)
            seated = self.seated[pair, rows] < FAR
            here = np.flatnonzero(free & ~seated)
            if len(here):
                joins = unseated.get((self.wings[pair].base, kind))
                if joins is None:
                    joins = self._joins_from_ground(pair, pursuit, rows, step, known, step + kind.airborne)
                    unseated[self.wings[pair].base, kind] = joins
                offer(pair, here, joins[here])
            if task.ready:
                continue
            here = np.flatnonzero(free & seated)
            if len(here):
                ready = np.maximum(self.seated[pair, rows[here]], step[here]) + kind.from_cockpit
                offer(
                    pair,
                    here,
                    self._joins_from_ground(pair, pursuit, rows[here], step[here], known[here], ready),
                )
            if not free.all():
                in_air.append(pair)
        if in_air and not task.ready:
            spares = self._spares(task.about, rows, step)
            for pair in in_air:
                here, places = self._available(pair, task.about, rows, step, spares)
                if len(here):
                    offer(
                        pair,
                        here,
                        self._joins_from_air(
                            pair, pursuit, rows[here], step[here], known[here], places, best[here]
                        ),
                    )
        return chosen, best

    def _joins_from_ground(
        self, pair: int, pursuit: Pursuit, rows: Rows, step: Whole, known: Flags, airborne: Whole
    ) -> Whole:
        wing, kind = self.wings[pair], self.kinds[pair]
        met = pursuit.meets_from_base(wing, rows, airborne + kind.climb, known)
        return self._planned(pair, pursuit, rows, met, known, airborne + wing.endurance)

    def _planned(
        self, pair: int, pursuit: Pursuit, rows: Rows, met: Whole, known: Flags, limit: Whole
    ) -> Whole:
        """Return the planned joining, FAR if the flight is gone by then or the fuel does not last."""
        joins = met + np.int32(self.kinds[pair].join)
        good = joins <= np.minimum(self.last, pursuit.last(rows, known))
        at = np.minimum(joins, self.last)
        back = pursuit.back(self.wings[pair], rows, at, known & good)
        good &= back + self.clock.steps(self.policy.spare_s) <= limit
        joins[~good] = FAR
        return joins

    def _spares(self, flight: str, rows: Rows, step: Whole) -> NDArray[np.int16]:
        """Return how many pairs of each flight stay with it for the next step, shape (flights, replications)."""
        found = np.zeros((len(self.flights), len(rows)), dtype=np.int16)
        columns = np.arange(len(rows))
        for pair in range(len(self.names)):
            stays = self._stays(pair, rows, step)
            if stays.any():
                found[np.maximum(self.about[pair, rows], 0)[stays], columns[stays]] += 1
        return found

    def _stays(self, pair: int, rows: Rows, step: Whole) -> Flags:
        beside = self.is_beside(pair, rows, step) & (self.plan["parts"][pair, rows] > step + 1)
        beside &= self.plan["asks"][pair, rows] > step
        stays: Flags = (beside | self.is_closing(pair, rows, step)) & (self.since[pair, rows] <= step)
        return stays & (self.about[pair, rows] >= 0)

    def _available(
        self, pair: int, flight: str, rows: Rows, step: Whole, spares: NDArray[np.int16]
    ) -> tuple[Rows, Vectors]:
        """Return the replications in which a pair in the air may be sent, and where it is at the next step."""
        settled = self.since[pair, rows] <= step
        holding = settled & self.is_holding(pair, rows, step)
        closing = self.is_closing(pair, rows, step)
        beside = self.is_beside(pair, rows, step) & (self.plan["parts"][pair, rows] > step + 1)
        about = self.about[pair, rows]
        free = settled & (closing | beside) & (about != self.flights.index(flight)) & (about >= 0)
        free &= self.plan["leaves"][pair, rows] < step
        others = spares[np.maximum(about, 0), np.arange(len(rows))] - self._stays(pair, rows, step)
        free &= others >= 1
        soon = step + np.int32(1)
        places = np.zeros((len(rows), 3))
        here = np.flatnonzero(holding)
        if len(here):
            places[here] = self._holding_place(pair, rows[here], step[here])
        for number in np.unique(about[free]):
            pursuit = self.pursuits[self.flights[int(number)]]
            here = np.flatnonzero(free & (about == number))
            known = pursuit.known(rows[here], step[here])
            exists = pursuit.exists(rows[here], soon[here], known)
            free[here[~exists]] = False
            here, known = here[exists], known[exists]
            places[here] = self._next_place(pair, pursuit, rows[here], soon[here], known)
        here = np.flatnonzero(holding | free)
        return here, places[here]

    def _holding_place(self, pair: int, rows: Rows, step: Whole) -> Vectors:
        """Return where a pair holds: at its station, or where its intruder left."""
        places = self.place[pair, rows].copy()
        about = self.about[pair, rows]
        for number in np.unique(about[about >= 0]):
            here = np.flatnonzero(about == number)
            pursuit = self.pursuits[self.flights[int(number)]]
            places[here] = self._parted_place(pair, pursuit, rows[here], self.plan["parts"][pair, rows[here]])
        return places

    def _parted_place(self, pair: int, pursuit: Pursuit, rows: Rows, parts: Whole) -> Vectors:
        known = pursuit.known(rows, parts)
        return pursuit.flown.place(rows, np.minimum(parts, pursuit.last(rows, known)), known)

    def _next_place(self, pair: int, pursuit: Pursuit, rows: Rows, soon: Whole, known: Flags) -> Vectors:
        places = pursuit.flown.place(rows, soon, known)
        meets = self.plan["meets"][pair, rows]
        on_way = np.flatnonzero(meets > soon)
        if len(on_way):
            places[on_way] = self._on_course(pair, pursuit, rows[on_way], soon[on_way], known[on_way])
        return places

    def _on_course(self, pair: int, pursuit: Pursuit, rows: Rows, at: Whole, known: Flags) -> Vectors:
        """Return where a pair is on its course to the meeting point that it was planned to have."""
        meets = self.plan["meets"][pair, rows]
        goals = pursuit.flown.place(rows, meets, known)
        origins = np.where(
            self.at_base[pair, rows][:, np.newaxis], self.wings[pair].place, self.place[pair, rows]
        )
        return course_places(self.sphere, origins, goals, self.plan["leaves"][pair, rows], meets, at)

    def _joins_from_air(
        self,
        pair: int,
        pursuit: Pursuit,
        rows: Rows,
        step: Whole,
        known: Flags,
        places: Vectors,
        best: Whole,
    ) -> Whole:
        """Return the planned joining of a pair in the air, or FAR where it is later than the best so far."""
        wing, leaves = self.wings[pair], step + np.int32(1)
        search = np.ones(len(rows), dtype=bool)
        if pursuit.rises(wing):
            # Whoever is not there in time to join as soon as the best so far need not be looked at.
            at = best - np.int32(self.kinds[pair].join)
            beaten = np.flatnonzero((best < FAR) & (at <= pursuit.last(rows, known)))
            can = pursuit.in_time(
                places[beaten], wing, rows[beaten], leaves[beaten], at[beaten], known[beaten]
            )
            search[beaten[~can]] = False
        joins = np.full(len(rows), FAR, dtype=np.int32)
        here = np.flatnonzero(search)
        if len(here):
            met = pursuit.meets(places[here], wing, rows[here], leaves[here], known[here])
            limit = self.fuel[pair, rows[here]]
            joins[here] = self._planned(pair, pursuit, rows[here], met, known[here], limit)
        return joins

    # -------------------------------------------------------------------------------- sending a pair

    def _seat(self, pair: int, rows: Rows, step: Whole) -> None:
        name = self.names[pair]
        alert = self.fighters.alerts[self.specs[name].alert]
        self.seated[pair, rows] = step + self.telling.steps(alert.seat_s, name, "seat", 1, rows)

    def _send(self, pair: int, flight: str, rows: Rows, step: Whole) -> None:
        ground = self.is_on_ground(pair, rows, step)
        if ground.any():
            self._scramble(pair, flight, rows[ground], step[ground])
        if not ground.all():
            self._divert(pair, flight, rows[~ground], step[~ground])

    def _scramble(self, pair: int, flight: str, rows: Rows, step: Whole) -> None:
        name = self.names[pair]
        alert = self.fighters.alerts[self.specs[name].alert]
        kind = self.fighters.types[self.specs[name].type]
        seated = self.seated[pair, rows]
        ready = np.maximum(seated, step) + self.telling.steps(
            alert.airborne_from_cockpit_s, name, "airborne-from-cockpit", 1, rows
        )
        from_bed = seated == FAR
        if from_bed.any():
            drawn = self.telling.steps(alert.airborne_s, name, "airborne", 1, rows[from_bed])
            ready[from_bed] = step[from_bed] + drawn
        self.about[pair, rows] = self.first_about[pair, rows] = self.flights.index(flight)
        self.since[pair, rows] = self.ordered[pair, rows] = step
        self.drawn_airborne[pair, rows] = ready
        climb = self.telling.steps(kind.climb_s, name, "climb", 1, rows, least=0)
        self.plan["leaves"][pair, rows] = ready + climb
        self.at_base[pair, rows] = True
        self.joins[pair, rows] = 0
        self._take_off(pair, flight, rows, step)

    def _take_off(self, pair: int, flight: str, rows: Rows, step: Whole) -> None:
        """Plan a pair's take-off, and all that follows, as far as is known at a step."""
        pursuit = self.pursuits[flight]
        ready = self.drawn_airborne[pair, rows]
        known = pursuit.known(rows, step)
        gone = pursuit.gone(self.side.shadow_zone, rows, self.ordered[pair, rows], known)
        stays = (gone <= ready) | (ready > self.last)
        self.airborne[pair, rows] = np.where(stays, FAR, ready)
        self.stands[pair, rows] = np.where(stays, np.maximum(gone, step), FAR)
        self._forget(pair, rows)
        fly = ~stays
        rows, ready = rows[fly], ready[fly]
        self.fuel[pair, rows] = ready + self.wings[pair].endurance
        self.begun[pair, rows] = ready
        self.joins[pair, rows] = 1
        self._draw_joining(pair, rows)
        self._close(pair, flight, rows, ready, known[fly])

    def _forget(self, pair: int, rows: Rows) -> None:
        for key in ("meets", "joined", "off", "parts", "asks", "holds", "until"):
            self.plan[key][pair, rows] = FAR
        self.relief_due[pair, rows] = FAR

    def _divert(self, pair: int, flight: str, rows: Rows, step: Whole) -> None:
        """Send a pair that is in the air to another flight."""
        soon = step + np.int32(1)
        holding = self.is_holding(pair, rows, step)
        beside = self.is_beside(pair, rows, step)
        relieved = beside & (self.plan["asks"][pair, rows] <= step)
        about = self.about[pair, rows]
        places = np.zeros((len(rows), 3))
        if holding.any():
            places[holding] = self._holding_place(pair, rows[holding], step[holding])
        for number in np.unique(about[~holding]):
            pursuit = self.pursuits[self.flights[int(number)]]
            here = np.flatnonzero(~holding & (about == number))
            known = pursuit.known(rows[here], step[here])
            places[here] = self._next_place(pair, pursuit, rows[here], soon[here], known)
        self.plan["parts"][pair, rows[beside]] = soon[beside]
        self._enter(pair, rows, step)
        self._forget(pair, rows)
        self.was_about[pair, rows] = np.where(holding | relieved, -1, about)
        self.about[pair, rows] = self.flights.index(flight)
        self.since[pair, rows] = soon
        self.place[pair, rows] = places
        self.at_base[pair, rows] = False
        self.plan["leaves"][pair, rows] = soon
        begun = np.where(holding, step, soon).astype(np.int32)
        self.begun[pair, rows] = begun
        self.joins[pair, rows] += 1
        self._draw_joining(pair, rows)
        known = self.pursuits[flight].known(rows, begun)
        self._close(pair, flight, rows, begun, known)

    def _draw_joining(self, pair: int, rows: Rows) -> None:
        name = self.names[pair]
        law = self.fighters.types[self.specs[name].type].join_s
        number = self.joins[pair, rows]
        for each in np.unique(number):
            mine = rows[number == each]
            self.joining[pair, mine] = self.telling.steps(law, name, "join", int(each), mine)

    def _close(self, pair: int, flight: str, rows: Rows, now: Whole, known: Flags) -> None:
        """Plan a pair's way to a flight from where and when it leaves, and what it does there."""
        pursuit, wing = self.pursuits[flight], self.wings[pair]
        leaves = self.plan["leaves"][pair, rows]
        met = np.full(len(rows), FAR, dtype=np.int32)
        from_base = self.at_base[pair, rows]
        here = np.flatnonzero(from_base)
        if len(here):
            met[here] = pursuit.meets_from_base(wing, rows[here], leaves[here], known[here])
        here = np.flatnonzero(~from_base)
        if len(here):
            places = self.place[pair, rows[here]]
            met[here] = pursuit.meets(places, wing, rows[here], leaves[here], known[here])
        joins = met + self.joining[pair, rows]
        gone = pursuit.gone(self.side.shadow_zone, rows, self.begun[pair, rows], known)
        reached = met < FAR
        limit = self.fuel[pair, rows]
        late = pursuit.first_late(wing, rows, np.minimum(met, self.last), limit, known)
        late[~reached | (late <= met)] = 0  # out of reach, or too late to turn round even at the meeting point
        off = np.maximum(np.minimum(gone, late), now)
        joined = np.where(reached & (joins < np.minimum(gone, late)), joins, FAR).astype(np.int32)
        self.plan["meets"][pair, rows] = met
        self.plan["joined"][pair, rows] = joined
        self.plan["off"][pair, rows] = np.where(joined < FAR, FAR, off)
        here = np.flatnonzero(joined <= self.last)
        if len(here):
            self._shadow(pair, flight, rows[here], joined[here], known[here])

    def _shadow(self, pair: int, flight: str, rows: Rows, joined: Whole, known: Flags) -> None:
        """Plan how long a pair stays beside a flight that it joins, and when it asks for its relief."""
        pursuit, wing = self.pursuits[flight], self.wings[pair]
        limit = self.fuel[pair, rows]
        late = pursuit.first_late(wing, rows, joined, limit, known)
        gone = pursuit.gone(self.side.shadow_zone, rows, joined, known)
        parts = np.minimum(late, gone)
        lead = self.clock.steps(self.policy.relief_lead_s)
        asks = np.where(late < FAR, np.maximum(joined, late - lead), FAR).astype(np.int32)
        asks[asks >= parts] = FAR
        self.plan["parts"][pair, rows] = parts
        self.plan["asks"][pair, rows] = asks
        self.relief_due[pair, rows] = asks
        holds = (gone < late) & (parts <= self.last)
        here = np.flatnonzero(holds)
        self.plan["holds"][pair, rows] = np.where(holds, parts, FAR)
        if len(here):
            rows, parts, known = rows[here], parts[here], known[here]
            at = np.minimum(parts, pursuit.last(rows, known))
            self.plan["until"][pair, rows] = limit[here] - pursuit.home_steps(wing, rows, at, known)

    def _turned(self, flight: str, rows: Rows, step: Whole) -> None:
        """Plan anew what the pairs of a flight do that turns away at a step."""
        number = self.flights.index(flight)
        for pair in range(len(self.names)):
            mine = (self.about[pair, rows] == number) & (self.since[pair, rows] <= step)
            ordered = mine & self.is_ordered(pair, rows, step)
            closing = mine & self.is_closing(pair, rows, step)
            beside = mine & self.is_beside(pair, rows, step)
            if ordered.any():
                self._take_off(pair, flight, rows[ordered], step[ordered])
            if closing.any():
                self._correct(pair, flight, rows[closing], step[closing])
            if beside.any():
                self._follow(pair, flight, rows[beside], step[beside])

    def _correct(self, pair: int, flight: str, rows: Rows, step: Whole) -> None:
        """Give a pair on its way a new course from where it is when its intruder turns away."""
        pursuit = self.pursuits[flight]
        on_way = np.flatnonzero(self.plan["leaves"][pair, rows] < step)
        if len(on_way):
            there, at = rows[on_way], step[on_way]
            before = np.zeros(len(there), dtype=bool)  # the course led to a place on the script
            places = pursuit.flown.place(there, at, before)
            flying = np.flatnonzero(at < self.plan["meets"][pair, there])
            if len(flying):
                places[flying] = self._on_course(pair, pursuit, there[flying], at[flying], before[flying])
            self.place[pair, there] = places
            self.at_base[pair, there] = False
            self.plan["leaves"][pair, there] = at
        for key in ("meets", "joined", "off", "parts", "asks", "holds", "until"):
            self.plan[key][pair, rows] = FAR
        self.relief_due[pair, rows] = FAR
        self._close(pair, flight, rows, step, np.ones(len(rows), dtype=bool))

    def _follow(self, pair: int, flight: str, rows: Rows, step: Whole) -> None:
        """Keep a pair beside an intruder that turns away, as long as fuel and the intruder's way allow."""
        asked = self.plan["asks"][pair, rows]
        done = asked <= step
        joined = self.plan["joined"][pair, rows]
        self.plan["until"][pair, rows] = FAR
        self._shadow(pair, flight, rows, joined, np.ones(len(rows), dtype=bool))
        asks = self.plan["asks"][pair, rows]
        asks = np.where(done, asked, np.where(asks < FAR, np.maximum(asks, step), FAR)).astype(np.int32)
        asks[~done & (asks >= self.plan["parts"][pair, rows])] = FAR
        self.plan["asks"][pair, rows] = asks
        self.relief_due[pair, rows] = np.where(done, FAR, asks)

    # -------------------------------------------------------------------------------- what came of it

    def _enter(self, pair: int, rows: Rows, step: Whole) -> None:
        """Enter in the book that a pair was beside its flight, where it has joined by a step."""
        joined = self.plan["joined"][pair, rows]
        there = rows[joined <= step]
        if not len(there):
            return
        slot = self.slot_count[there]
        needed = int(slot.max()) + 1
        for key in ("joined", "parts", "about", "pair", "join"):
            table = self.slots.get(key)
            have = 0 if table is None else len(table)
            if have < needed:
                more = np.full((needed - have, self.count), FAR, dtype=np.int32)
                self.slots[key] = more if table is None else np.concatenate([table, more])
        self.slots["joined"][slot, there] = self.plan["joined"][pair, there]
        self.slots["parts"][slot, there] = self.plan["parts"][pair, there]
        self.slots["about"][slot, there] = self.about[pair, there]
        self.slots["pair"][slot, there] = pair
        self.slots["join"][slot, there] = self.joins[pair, there]
        self.slot_count[there] += 1

    def close_books(self) -> None:
        """Enter the plans that stand at the end of the window."""
        everyone = np.arange(self.count)
        for pair in range(len(self.names)):
            self._enter(pair, everyone, np.full(self.count, self.last, dtype=np.int32))


def told(squadron: Squadron) -> Outcome:
    """Serve the orders of a side, and return when its pairs take off, join and identify, and who is where beside."""
    telling, control = squadron.telling, squadron.side.control
    squadron.serve()
    squadron.close_books()
    if squadron.failed.any():
        telling.handed_over |= squadron.failed
    outcome: Outcome = {}
    _tell_take_offs(squadron, outcome)
    slots = squadron.slots
    for number, flight in enumerate(squadron.flights):
        beside = _beside(slots, number)
        outcome["beside", flight] = beside[0]
        outcome["parts", flight] = beside[1]
        outcome["pair", flight] = beside[2]
        outcome["join", flight] = beside[3]
        if control is not None and beside[0]:
            outcome["signal", "joined", flight, control] = beside[0]
        for pair, name in enumerate(squadron.names):
            _tell_joins(squadron, flight, number, pair, name, outcome)
    return outcome


def _beside(slots: Mapping[str, Any], number: int) -> tuple[list[Whole], list[Whole], list[Whole], list[Whole]]:
    """Return the slots in which pairs were beside one flight: joined, parts, pair and number of its joining."""
    found: tuple[list[Whole], list[Whole], list[Whole], list[Whole]] = ([], [], [], [])
    if not slots:
        return found
    for slot in range(len(slots["joined"])):
        mine = slots["about"][slot] == number
        if mine.any():
            found[0].append(np.where(mine, slots["joined"][slot], FAR).astype(np.int32))
            found[1].append(slots["parts"][slot])
            found[2].append(slots["pair"][slot])
            found[3].append(slots["join"][slot])
    return found


def _tell_take_offs(squadron: Squadron, outcome: Outcome) -> None:
    telling, control = squadron.telling, squadron.side.control
    for pair, (name, spec) in enumerate(squadron.specs.items()):
        data = {"side": squadron.name, "type": spec.type, "aircraft": spec.aircraft}
        if spec.station is not None:
            assert spec.on_station_at is not None
            arrives = squadron.clock.step_at(spec.on_station_at)
            _tell_station(squadron, pair, name, arrives, data)
            continue
        for number, flight in enumerate(squadron.flights):
            mine = (squadron.first_about[pair] == number) & (squadron.airborne[pair] <= squadron.last)
            if not mine.any():
                continue
            step = np.where(mine, squadron.airborne[pair], FAR).astype(np.int32)
            telling.happens("airborne", name, flight, step, **data)
            if control is not None:
                outcome.setdefault(("signal", "airborne", flight, control), []).append(step)


def _tell_station(squadron: Squadron, pair: int, name: str, arrives: int, data: dict[str, Any]) -> None:
    telling, spec = squadron.telling, squadron.specs[name]
    assert spec.station is not None
    wing = squadron.wings[pair]
    station = telling.prepared.places[spec.station]
    way = int(np.ceil(float(squadron.sphere.distance_km(station, wing.place)) / wing.km_per_step))
    if arrives - way >= 0:
        took_off = np.full(squadron.count, arrives - way, dtype=np.int32)
        telling.happens("airborne", name, "", took_off, **data)
    arrived = np.full(squadron.count, arrives, dtype=np.int32)
    telling.happens("on-station", name, "", arrived, **data, station=spec.station)


def _tell_joins(
    squadron: Squadron, flight: str, number: int, pair: int, name: str, outcome: Outcome
) -> None:
    telling, control, slots = squadron.telling, squadron.side.control, squadron.slots
    if not slots:
        return
    spec = squadron.specs[name]
    wants = "joined" in telling.wanted
    identifies = "identified" in telling.wanted
    if not wants and not identifies:
        return
    law = squadron.fighters.types[spec.type].identify_s
    for slot in range(len(slots["joined"])):
        mine = np.flatnonzero((slots["about"][slot] == number) & (slots["pair"][slot] == pair))
        if not len(mine):
            continue
        joined = slots["joined"][slot][mine]
        telling.happens(
            "joined", name, flight, telling.scatter(mine, joined), side=squadron.name, type=spec.type, slot=slot
        )
        if not identifies:
            continue
        identified = np.full(len(mine), FAR, dtype=np.int32)
        joins = slots["join"][slot][mine]
        for each in np.unique(joins):
            there = np.flatnonzero(joins == each)
            step = joined[there] + telling.steps(law, name, "identify", int(each), mine[there])
            identified[there] = np.where(step < slots["parts"][slot][mine[there]], step, FAR)
        step = telling.scatter(mine, identified)
        telling.happens("identified", name, flight, step, side=squadron.name, slot=slot)
        if control is not None:
            outcome.setdefault(("signal", "identified", flight, control), []).append(step)
