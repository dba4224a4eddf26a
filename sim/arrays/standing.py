"""Where the pairs of a side stand, in columns: their plans, what a dispatcher looks at, the book and the log.

The book says who was beside which flight; the log says what plans were before they changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.arrays.columns import FAR, Flags, Rows, Whole
from sim.arrays.fighters import Elements, Pursuit, course_places
from sim.arrays.roster import Roster
from sim.arrays.telling import Telling
from sim.clock import Clock
from sim.fighters import Fighters, Policy
from sim.flight import Vectors
from sim.sides import Side

WINDOWS = 12
BED_FROM, COCKPIT_FROM, ABOUT, WAS_ABOUT, SINCE, COMMITTED_TO = range(6)
STAYS_FROM, STAYS_TO, FREE_FROM, FREE_TO, HOLDS_FROM, HOLDS_TO = range(6, WINDOWS)
"""The steps from which a pair is on the ground, its crew in bed or in the cockpit, and those in which it counts for its
flight, lets another one be taken from it, may itself be taken, or holds: from the first up to but not the second."""

PLAN = {
    **{"about": -1, "first_about": -1, "was_about": -1, "since": 0, "ordered": 0, "ready": FAR},
    **{"airborne": FAR, "stands": -1, "fuel": FAR, "begun": 0, "joins": 0, "joining": 0},
    **{"leaves": FAR, "meets": FAR, "joined": FAR, "off": FAR, "parts": FAR, "asks": FAR},
    **{"holds": FAR, "until": FAR, "due": FAR},
}
"""What a plan consists of, and what stands there of a pair that has not been sent.

It does what its plan says from `since` on; at the step before, what it did before still counts.  It takes off at
`airborne`, or else stands on the ground for another order from `stands` on.  It will ask for its relief at `due`, as
long as it has not: a step, times `per_step`, and the rank of the call."""


@dataclass(frozen=True)
class Plans:
    """Plans of some pairs as they stood: columns of PLAN, and where they leave from."""

    plans: Whole
    place: Vectors
    at_base: Flags

    def of(self, here: Rows) -> Plans:
        """Return some of them."""
        return Plans(self.plans[:, here], self.place[here], self.at_base[here])


@dataclass(frozen=True)
class Entry:
    """One change in the log: of which pairs, in which replications, at which steps, and what they did before."""

    pair: Elements
    rows: Rows
    step: Whole
    seats: bool
    """Whether crews take their seats; else pairs are sent, or their flight turns away."""
    before: Plans | None = None
    """The plans before, None where none had been made."""

    def of(self, here: Rows, rows: Rows) -> Entry:
        """Return the entry of some pairs, with other numbers of their replications."""
        before = None if self.before is None else self.before.of(here)
        return Entry(self.pair[here], rows, self.step[here], self.seats, before)


class Standing:
    """The pairs of one side in the replications of a telling.

    Tables have shape (pairs, replications); an *element* is a place in the flat table, pair * replications + row.
    """

    def __init__(
        self,
        telling: Telling,
        name: str,
        side: Side,
        fighters: Fighters,
    ) -> None:
        self.telling, self.name, self.side = telling, name, side
        self.policy: Policy = fighters.policies[name]
        self.roster = roster = Roster(telling, name, fighters)
        self.pursuit = Pursuit(telling, roster.wings, side.shadow_zone)
        self.flights = list(telling.flights)
        self.last, self.count = telling.last, telling.count
        self.clock: Clock = telling.prepared.clock
        self.sphere = telling.prepared.sphere
        size = len(roster.names) * self.count

        self.plans = np.empty((len(PLAN), size), dtype=np.int32)
        for plan, value in zip(self.plans, PLAN.values(), strict=True):
            plan[:] = value
        self.about, self.first_about, self.was_about, self.since = self.plans[:4]
        self.ordered, self.ready, self.airborne, self.stands = self.plans[4:8]
        self.fuel, self.begun, self.joins, self.joining = self.plans[8:12]
        self.leaves, self.meets, self.joined, self.off = self.plans[12:16]
        self.parts, self.asks, self.holds, self.until, self.due = self.plans[16:]
        self.seated: Whole = np.full(size, FAR, dtype=np.int32)
        self.windows = np.full((len(roster.names), WINDOWS, self.count), FAR, dtype=np.int32)
        """What the dispatcher looks at, by pair, window and replication."""
        self.windows[:, ABOUT] = self.windows[:, WAS_ABOUT] = -1
        self.windows[:, BED_FROM] = -1
        self.windows[:, SINCE] = 0
        self.at_base = np.ones(size, dtype=bool)
        self.place: NDArray[np.float64] = np.zeros((size, 3))
        self.used = np.array([spec.station is not None for spec in roster.specs.values()], dtype=bool)
        """Pairs that have been sent or seated in some replication."""
        self.log: list[Entry] = []
        self.slots: dict[str, Whole] = {}
        self.slot_count = np.zeros(self.count, dtype=np.int64)
        self.wanted = np.zeros((len(self.flights), self.count), dtype=np.int32)
        self.per_step = 1
        """Orders of one step are told apart by a rank below this."""
        self.relief_ranks: NDArray[np.int64] = np.zeros(len(self.flights), dtype=np.int64)
        """The rank of a call for relief, by flight."""
        self.failed = np.zeros(self.count, dtype=bool)
        for number, spec in enumerate(roster.specs.values()):
            if spec.station is not None:
                self._stand_by(number)

    def _stand_by(self, pair: int) -> None:
        """Put a pair at its station from its clock time on."""
        spec = self.roster.specs[self.roster.names[pair]]
        assert spec.station is not None
        takes_off, arrives, way = self.station_steps(pair)
        mine = slice(pair * self.count, (pair + 1) * self.count)
        self.fuel[mine] = takes_off + self.roster.endurance[pair]
        self.airborne[mine], self.stands[mine], self.off[mine] = -1, FAR, -1
        self.holds[mine] = min(arrives, FAR)
        self.until[mine] = self.fuel[mine] - way
        self.place[mine] = self.telling.prepared.places[spec.station]
        self.at_base[mine] = False
        rows = np.arange(self.count)
        self.settle(pair * self.count + rows, np.full(self.count, pair), rows)

    def station_steps(self, pair: int) -> tuple[int, int, int]:
        """Return when a pair takes off for its station, when it arrives there, and how many steps it flies back."""
        spec = self.roster.specs[self.roster.names[pair]]
        assert spec.station is not None
        assert spec.on_station_at is not None
        wing = self.roster.wing[pair]
        station = self.telling.prepared.places[spec.station]
        km = float(self.sphere.distance_km(station, self.roster.wings.places[wing]))
        arrives = self.clock.step_at(spec.on_station_at)
        way = int(np.ceil(km / self.roster.wings.km_per_step[wing]))
        return arrives - max(way, 1), arrives, way

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

    def dues(self, asks: Whole, flight: Elements) -> Whole:
        """Return calls for relief of flights at steps as they stand in `due`, FAR where there is none."""
        due: Whole = (
            (asks * np.int64(self.per_step) + self.relief_ranks.take(flight)).clip(max=FAR).astype(np.int32)
        )
        return due

    def settle(self, at: Elements, pair: Elements, rows: Rows) -> None:
        """Work out the windows that the dispatcher looks at from the plans of pairs."""
        since, joined, asks = self.since.take(at), self.joined.take(at), self.asks.take(at)
        airborne, stands, parts = self.airborne.take(at), self.stands.take(at), self.parts.take(at)
        flies, seated = airborne < FAR, self.seated.take(at) < FAR
        beside = joined < FAR
        ends = np.where(beside, parts, self.off.take(at))
        spared = np.where(beside, parts - 1, ends)
        mine = pair * (WINDOWS * self.count) + rows
        windows = self.windows.reshape(-1)
        for window, steps in (
            (BED_FROM, np.where(flies | seated, FAR, stands)),
            (COCKPIT_FROM, np.where(flies | ~seated, FAR, stands)),
            (ABOUT, self.about.take(at)),
            (WAS_ABOUT, self.was_about.take(at)),
            (SINCE, since),
            (COMMITTED_TO, np.where(flies, np.minimum(ends, asks), stands)),
            (STAYS_FROM, np.maximum(airborne, since)),
            (STAYS_TO, np.where(flies, np.minimum(spared, asks), -1)),
            (FREE_FROM, np.maximum(self.leaves.take(at) + 1, since)),
            (FREE_TO, np.where(flies, spared, -1)),
            (HOLDS_FROM, np.maximum(self.holds.take(at), since)),
            (HOLDS_TO, self.until.take(at)),
        ):
            windows[mine + window * self.count] = steps

    def exists_soon(self, about: Whole, rows: Rows, step: Whole) -> Flags:
        """Return whether flights will exist at the next step; none is numbered -1."""
        flight = np.maximum(about, 0)
        known = self.pursuit.known(flight, rows, step)
        return (about >= 0) & self.pursuit.exists(flight, rows, step + np.int32(1), known)

    def places(self, at: Elements, pair: Elements, rows: Rows, soon: Whole, holding: Flags) -> Vectors:
        """Return where pairs will be at the next step: holding, on their way to an intruder, or beside it."""
        places, about = self.place.take(at, axis=0), self.about.take(at)
        here = np.flatnonzero(about >= 0)  # the others hold at their station
        if not len(here):
            return places
        flight, element, mine, held = about[here], at[here], rows[here], holding[here]
        pursuit, soon = self.pursuit, soon[here]
        step = np.where(held, self.parts.take(element), soon)
        known = pursuit.known(flight, mine, np.where(held, step, soon - 1))
        step = np.minimum(step, pursuit.last(flight, mine, known))
        found = pursuit.place(flight, mine, step, known)
        on_way = np.flatnonzero(~held & (self.meets.take(element) > soon))
        if len(on_way):
            found[on_way] = self.on_course(
                flight[on_way],
                element[on_way],
                pair[here[on_way]],
                mine[on_way],
                step[on_way],
                known[on_way],
            )
        places[here] = found
        return places

    def on_course(
        self, flight: Elements, at: Elements, pair: Elements, rows: Rows, step: Whole, known: Flags
    ) -> Vectors:
        """Return where pairs are on their course to the meeting point that they were planned to have."""
        meets = self.meets.take(at)
        goals = self.pursuit.place(flight, rows, meets, known)
        origins = self.place.take(at, axis=0)
        from_base = np.flatnonzero(self.at_base[at])
        origins[from_base] = self.roster.wings.places[self.roster.wing[pair[from_base]]]
        return course_places(self.sphere, origins, goals, self.leaves.take(at), meets, step)

    def note(self, at: Elements, pair: Elements, rows: Rows, step: Whole) -> None:
        """Enter in the log that plans change."""
        made = (self.about.take(at) >= 0) | (self.airborne.take(at) < FAR)
        here = np.flatnonzero(~made)
        if len(here):
            self.log.append(Entry(pair[here], rows[here], step[here], seats=False))
        here = np.flatnonzero(made)
        if len(here):
            at = at[here]
            before = Plans(self.plans.take(at, axis=1), self.place.take(at, axis=0), self.at_base[at])
            self.log.append(Entry(pair[here], rows[here], step[here], seats=False, before=before))

    # -------------------------------------------------------------------------------- what came of it

    def enter(self, at: Elements, pair: Elements, rows: Rows, by: Whole, entered: Whole) -> None:
        """Enter in the book that pairs were beside their flight, where they have joined by a step."""
        here = np.flatnonzero(self.joined.take(at) <= by)
        if not len(here):
            return
        at, pair, rows, entered = at[here], pair[here], rows[here], entered[here]
        slot = self.slot_count[rows] + _ahead(pair, rows, len(self.used), self.count)
        needed = int(slot.max()) + 1
        columns: dict[str, NDArray[Any]] = {
            "joined": self.joined.take(at),
            "parts": self.parts.take(at),
            "about": self.about.take(at),
            "pair": pair,
            "join": self.joins.take(at),
            "entered": entered,
        }
        for key, values in columns.items():
            table = self.slots.get(key)
            have = 0 if table is None else len(table)
            if have < needed:
                more = np.full((needed - have, self.count), FAR, dtype=np.int32)
                table = self.slots[key] = more if table is None else np.concatenate([table, more])
            assert table is not None
            table[slot, rows] = values
        self.slot_count += np.bincount(rows, minlength=self.count)

    def close_books(self) -> None:
        """Enter the plans that stand at the end of the window."""
        pair, rows = np.nonzero(self.joined.reshape(-1, self.count) <= self.last)
        end, at_last = (np.full(len(rows), step, dtype=np.int32) for step in (self.last, FAR))
        self.enter(pair * self.count + rows, pair, rows, end, at_last)


def _ahead(pair: Elements, rows: Rows, pairs: int, count: int) -> NDArray[np.int64]:
    """Return how many pairs of the same replication stand before each one."""
    many = np.bincount(rows, minlength=count)
    if many.max(initial=0) <= 1:
        return np.zeros(len(rows), dtype=np.int64)
    there = np.zeros((pairs, count), dtype=np.int16)
    there[pair, rows] = 1
    np.cumsum(there, axis=0, out=there)
    return there[pair, rows].astype(np.int64) - 1
