"""Planning in columns: when the pairs of a side would join a flight, as the dispatcher reckons.

The dispatcher reckons with medians; so, until a flight turns away, the joining of a pair on the ground follows from one
step alone, and is looked up in a table of the scenario.  Pairs in the air are asked one by one.
"""

from __future__ import annotations

from typing import NamedTuple
from weakref import proxy

import numpy as np

from sim.arrays.columns import FAR, Flags, Rows, Whole
from sim.arrays.fighters import Elements
from sim.arrays.standing import (
    ABOUT,
    BED_FROM,
    COCKPIT_FROM,
    FREE_FROM,
    FREE_TO,
    HOLDS_FROM,
    HOLDS_TO,
    STAYS_FROM,
    STAYS_TO,
    Standing,
)


class Orders(NamedTuple):
    """Orders of some replications that are given at once, each shape (orders,)."""

    flight: Elements
    rows: Rows
    step: Whole

    def of(self, here: Rows) -> Orders:
        """Return some of them."""
        return Orders(self.flight[here], self.rows[here], self.step[here])


class Offers(NamedTuple):
    """What pairs can do for orders, shape (pairs, orders) each; the latter two are None where no pair is in the air."""

    joins: Whole
    """The step at which a pair is planned to join, FAR if it cannot or may not be sent."""
    met: Whole | None
    """The step at which a pair in the air will have reached the flight."""
    taken: Flags | None
    """Whether it would be taken from another flight."""


class Planner:
    """Asks the pairs of a side when they would join."""

    def __init__(self, standing: Standing) -> None:
        self.standing = proxy(standing)  # which holds its planner: else neither would be freed by itself
        self.roster, self.pursuit = standing.roster, standing.pursuit
        self.steps = self.pursuit.scripts.steps
        kept = self.pursuit.scripts.ground
        key = (self.roster.kinds, standing.last, standing.clock.steps(standing.policy.spare_s))
        if key not in kept:
            kept[key] = self._tables()
        self.bed, self.cockpit = kept[key]

    def _tables(self) -> tuple[Whole, Whole]:
        """Return the planned joinings of each kind of pair with each flight's script, (flights * kinds * steps,) each.

        By the step of the order to a pair in bed, and by that at which one in the cockpit is both seated and called.
        """
        steps = np.arange(self.steps, dtype=np.int32)
        none, unknown = np.zeros(self.steps, dtype=np.intp), np.zeros(self.steps, dtype=bool)
        bed, cockpit = [steps[:0]], [steps[:0]]
        for flight in range(len(self.pursuit.flown)):
            for pair in self.roster.first_of_kind.tolist():
                for found, delay in ((bed, self.roster.airborne), (cockpit, self.roster.from_cockpit)):
                    ready = steps + delay[pair]
                    found.append(self._from_ground(none + flight, none + pair, none, ready, unknown))
        return np.concatenate(bed), np.concatenate(cockpit)

    def from_bed(self, pairs: Elements, in_bed: Flags, orders: Orders, known: Flags) -> Whole:
        """Return the planned joinings of pairs whose crews are in bed, FAR of others, shape (pairs, orders)."""
        flight, _, step = orders
        kinds = self.roster.kind_number[pairs]
        every = np.flatnonzero(np.bincount(kinds))
        line = flight * len(self.roster.first_of_kind)
        planned = [self.bed.take((line + kind) * self.steps + step) for kind in every]
        if self.pursuit.turns and known.any():
            self._plan_for_turned(planned, every, kinds, in_bed, orders, known)
        joins = np.full(in_bed.shape, FAR, dtype=np.int32)
        for kind, soonest in zip(every.tolist(), planned, strict=True):
            for place in np.flatnonzero(kinds == kind):
                np.copyto(joins[place], soonest, where=in_bed[place])
        return joins

    def _plan_for_turned(
        self,
        planned: list[Whole],
        every: Elements,
        kinds: Elements,
        in_bed: Flags,
        orders: Orders,
        known: Flags,
    ) -> None:
        """Plan anew the joinings with flights that have turned: of pairs that are alike one is asked."""
        columns = [np.flatnonzero(known & in_bed[kinds == kind].any(axis=0)) for kind in every]
        pair = np.repeat(self.roster.first_of_kind[every], [len(column) for column in columns])
        column = np.concatenate(columns)
        flight, rows, step = orders.of(column)
        ready = step + self.roster.airborne[pair]
        joins = self._from_ground(flight, pair, rows, ready, np.ones(len(column), dtype=bool))
        begin = 0
        for soonest, mine in zip(planned, columns, strict=True):
            soonest[mine] = joins[begin : begin + len(mine)]
            begin += len(mine)

    def offers(
        self,
        pairs: Elements,
        used: Elements,
        seen: Whole,
        allowed: Flags | None,
        orders: Orders,
        most: int,
    ) -> Offers:
        """Return what pairs offer; `seen` are the windows of those at the places `used`, the others are in bed.

        `allowed` says which pairs an order may take, None if all; no order takes more than `most`.
        """
        flight, rows, step = orders
        known = self.pursuit.known(flight, rows, step)
        in_bed = np.ones((len(pairs), len(rows)), dtype=bool)
        in_bed[used] = seen[BED_FROM] <= step
        in_cockpit = seen[COCKPIT_FROM] <= step
        free = (seen[FREE_FROM] <= step) & (step < seen[FREE_TO]) & (seen[ABOUT] != flight.astype(np.int32))
        holding = (seen[HOLDS_FROM] <= step) & (step < seen[HOLDS_TO])
        if allowed is not None:
            in_bed &= allowed
            for flags in (in_cockpit, free, holding):
                flags &= allowed[used]
        joins = self.from_bed(pairs, in_bed, orders, known)
        row, column = np.nonzero(in_cockpit)
        if len(row):
            joins[used[row], column] = self._from_cockpit(pairs[used[row]], orders.of(column), known[column])
        row, column = np.nonzero(free | holding)
        held = holding[row, column]
        spared = self._spared(seen, row, column, held, step)
        if len(spared):
            row, column, held = used[row[spared]], column[spared], held[spared]
            return self._offer_from_air(pairs, row, column, held, orders, known, most, joins)
        return Offers(joins, None, None)

    def _from_cockpit(self, pair: Elements, orders: Orders, known: Flags) -> Whole:
        flight, rows, step = orders
        called = np.maximum(self.standing.seated.take(pair * self.standing.count + rows), step)
        line = flight * len(self.roster.first_of_kind) + self.roster.kind_number[pair]
        joins: Whole = self.cockpit.take(line * self.steps + np.minimum(called, self.steps - 1))
        joins[called >= self.steps] = FAR
        if self.pursuit.turns:
            there = known.nonzero()[0]
            if len(there):
                ready = called[there] + self.roster.from_cockpit[pair[there]]
                joins[there] = self._from_ground(flight[there], pair[there], rows[there], ready, known[there])
        return joins

    @staticmethod
    def _spared(seen: Whole, row: Elements, column: Elements, held: Flags, step: Whole) -> Rows:
        """Return which of the pairs in the air may be sent: those that hold, and those whose flight keeps another."""
        free = np.flatnonzero(~held)
        if not len(free):
            return np.arange(len(row))
        stays = (seen[STAYS_FROM] <= step) & (step < seen[STAYS_TO])
        mine = column[free]
        about = seen[ABOUT, row[free], mine]
        others = np.full(
            len(free), -1, dtype=np.int16
        )  # the pair itself is found among those that stay, if it stays
        others += ~stays[row[free], mine]
        for each in range(len(stays)):
            others += stays[each].take(mine) & (seen[ABOUT, each].take(mine) == about)
        spared = held.copy()
        spared[free] = others >= 1
        return np.flatnonzero(spared)

    def _from_ground(
        self, flight: Elements, pair: Elements, rows: Rows, airborne: Whole, known: Flags
    ) -> Whole:
        leaves = airborne + self.roster.climb[pair]
        met = self.pursuit.meets_from_base(flight, self.roster.wing[pair], rows, leaves, known)
        return self._planned(flight, pair, rows, met, known, airborne + self.roster.endurance[pair])

    def _planned(
        self, flight: Elements, pair: Elements, rows: Rows, met: Whole, known: Flags, limit: Whole
    ) -> Whole:
        """Return the planned joining, FAR if the flight is gone by then or the fuel does not last."""
        standing = self.standing
        joins: Whole = met + self.roster.join[pair]
        good = joins <= np.minimum(standing.last, self.pursuit.last(flight, rows, known))
        at = np.minimum(joins, standing.last)
        back = self.pursuit.back(flight, self.roster.wing[pair], rows, at, known & good)
        good &= back + standing.clock.steps(standing.policy.spare_s) <= limit
        joins[~good] = FAR
        return joins

    def _offer_from_air(
        self,
        pairs: Elements,
        row: Elements,
        column: Elements,
        holding: Flags,
        orders: Orders,
        known: Flags,
        most: int,
        joins: Whole,
    ) -> Offers:
        """Enter the planned joinings of pairs in the air that may be sent."""
        standing, pursuit = self.standing, self.pursuit
        flight, rows, step = orders.of(column)
        at = pairs[row] * standing.count + rows
        exists = np.flatnonzero(holding | standing.exists_soon(standing.about.take(at), rows, step))
        if len(exists) < len(row):
            row, column, holding, at = row[exists], column[exists], holding[exists], at[exists]
            flight, rows, step = flight[exists], rows[exists], step[exists]
        pair, soon, known = pairs[row], step + np.int32(1), known[column]
        places = standing.places(at, pair, rows, soon, holding)
        wing = self.roster.wing[pair]
        # Whoever is not there in time to join as soon as those before need not be looked at.
        rank = min(most, len(pairs)) - 1
        bound = (np.partition(joins, rank, axis=0)[rank] if rank else joins.min(axis=0))[column]
        latest = bound - self.roster.join[pair]
        bounded = (bound < FAR) & pursuit.scripts.overtakes.take(pursuit.line(flight, wing))
        bounded &= latest <= pursuit.last(flight, rows, known)
        look = ~bounded
        here = np.flatnonzero(bounded)
        if len(here):
            look[here] = pursuit.in_time(
                places[here], flight[here], wing[here], rows[here], soon[here], latest[here], known[here]
            )
        met, taken = np.full(joins.shape, FAR, dtype=np.int32), np.zeros(joins.shape, dtype=bool)
        here = np.flatnonzero(look)
        if len(here):
            row, column, pair, rows, known = row[here], column[here], pair[here], rows[here], known[here]
            flight = flight[here]
            reached = pursuit.meets(places[here], flight, wing[here], rows, soon[here], known)
            limit = standing.fuel.take(at[here])
            met[row, column] = reached
            joins[row, column] = self._planned(flight, pair, rows, reached, known, limit)
            taken[row, column] = ~holding[here]
        return Offers(joins, met, taken)
