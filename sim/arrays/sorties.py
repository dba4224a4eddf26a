"""Sorties in columns: what becomes of a pair that is sent, and of one whose intruder turns away.

The plan of a pair (take-off, meeting, joining, parting, holding) is worked out when it is sent; it stands until
another order or the intruder's turning away replaces it from that step on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.arrays.columns import FAR, Flags, Rows, Whole, groups
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
long as it has not."""


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


class Sorties:
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
        self.failed = np.zeros(self.count, dtype=bool)
        for number, spec in enumerate(roster.specs.values()):
            if spec.station is not None:
                self._stand_by(number)

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
        self.settle(pair * self.count + rows, np.full(self.count, pair), rows)

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
            found[on_way] = self._on_course(
                flight[on_way],
                element[on_way],
                pair[here[on_way]],
                mine[on_way],
                step[on_way],
                known[on_way],
            )
        places[here] = found
        return places

    def _on_course(
        self, flight: Elements, at: Elements, pair: Elements, rows: Rows, step: Whole, known: Flags
    ) -> Vectors:
        """Return where pairs are on their course to the meeting point that they were planned to have."""
        meets = self.meets.take(at)
        goals = self.pursuit.place(flight, rows, meets, known)
        origins = self.place.take(at, axis=0)
        from_base = np.flatnonzero(self.at_base[at])
        origins[from_base] = self.roster.wings.places[self.roster.wing[pair[from_base]]]
        return course_places(self.sphere, origins, goals, self.leaves.take(at), meets, step)

    # -------------------------------------------------------------------------------- sending a pair

    def _drawn(
        self,
        pairs: Iterable[tuple[int, Rows]],
        rows: Rows,
        law: str,
        decision: str,
        number: int = 1,
        least: int = 1,
    ) -> Whole:
        """Return drawn steps of pairs, of a law of their type or alert; `pairs` says whose each one is."""
        drawn = np.empty(len(rows), dtype=np.int32)
        for each, here in pairs:
            name = self.roster.names[each]
            spec = self.roster.specs[name]
            kind, alert = self.roster.fighters.types[spec.type], self.roster.fighters.alerts[spec.alert]
            amount = getattr(kind, law, None) or getattr(alert, law)
            drawn[here] = self.telling.steps(amount, name, decision, number, rows[here], least=least)
        return drawn

    def seat(self, pair: Elements, rows: Rows, step: Whole) -> None:
        """Send crews to their cockpits."""
        self.log.append(Entry(pair, rows, step, seats=True))
        at = pair * self.count + rows
        self.seated[at] = step + self._drawn(groups(pair), rows, "seat_s", "seat")
        self.windows[pair, BED_FROM, rows] = FAR
        self.windows[pair, COCKPIT_FROM, rows] = self.stands.take(at)

    def send(self, pair: Elements, flight: Elements, rows: Rows, step: Whole, met: Whole | None) -> None:
        """Send pairs to flights; those in the air will have reached them at the step `met`."""
        at = pair * self.count + rows
        self._note(at, pair, rows, step)
        ground = self.airborne.take(at) == FAR
        here = np.flatnonzero(ground)
        if len(here):
            self._scramble(at[here], pair[here], flight[here], rows[here], step[here])
        here = np.flatnonzero(~ground)
        if len(here):
            assert met is not None  # else none was in the air
            self._divert(at[here], pair[here], flight[here], rows[here], step[here], met[here])

    def _note(self, at: Elements, pair: Elements, rows: Rows, step: Whole) -> None:
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

    def _scramble(self, at: Elements, pair: Elements, flight: Elements, rows: Rows, step: Whole) -> None:
        seated = self.seated.take(at)
        ready = np.empty(len(at), dtype=np.int32)
        here = np.flatnonzero(seated < FAR)
        if len(here):
            drawn = self._drawn(
                groups(pair[here]), rows[here], "airborne_from_cockpit_s", "airborne-from-cockpit"
            )
            ready[here] = np.maximum(seated[here], step[here]) + drawn
        here = np.flatnonzero(seated == FAR)
        if len(here):
            ready[here] = step[here] + self._drawn(groups(pair[here]), rows[here], "airborne_s", "airborne")
        self.about[at] = self.first_about[at] = flight
        self.since[at] = self.ordered[at] = step
        self.ready[at] = ready
        whose = list(groups(pair))
        self.leaves[at] = ready + self._drawn(whose, rows, "climb_s", "climb", least=0)
        self.at_base[at] = True
        self.joins[at] = 1
        self.joining[at] = self._drawn(whose, rows, "join_s", "join")
        self._take_off(at, pair, rows, step)

    def _take_off(self, at: Elements, pair: Elements, rows: Rows, step: Whole) -> None:
        """Plan take-offs, and all that follows, as far as is known at a step."""
        flight, ready = self.about.take(at), self.ready.take(at)
        known = self.pursuit.known(flight, rows, step)
        gone = self.pursuit.gone(flight, rows, self.ordered.take(at), known)
        stays = (gone <= ready) | (ready > self.last)
        self.airborne[at] = np.where(stays, FAR, ready)
        self.stands[at] = np.where(stays, np.maximum(gone, step), FAR)
        self._forget(at)
        if stays.any():
            self.settle(at[stays], pair[stays], rows[stays])
            flies = np.flatnonzero(~stays)
            if not len(flies):
                return
            at, pair, rows, ready, known = at[flies], pair[flies], rows[flies], ready[flies], known[flies]
        self.fuel[at] = ready + self.roster.endurance[pair]
        self.begun[at] = ready
        self._close(at, pair, rows, ready, known)

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

    def _divert(
        self, at: Elements, pair: Elements, flight: Elements, rows: Rows, step: Whole, met: Whole
    ) -> None:
        """Send pairs that are in the air to another flight."""
        soon = step + np.int32(1)
        holding = self.is_holding(at, step)
        beside = self.is_beside(at, step)
        relieved = beside & (self.asks.take(at) <= step)
        places = self.places(at, pair, rows, soon, holding)
        self.was_about[at] = np.where(holding | relieved, -1, self.about.take(at))
        self.parts[at[beside]] = soon[beside]
        self._enter(at, pair, rows, step, step)
        self._forget(at)
        self.about[at] = flight
        self.since[at] = self.leaves[at] = soon
        self.place[at] = places
        self.at_base[at] = False
        begun = np.where(holding, step, soon).astype(np.int32)
        self.begun[at] = begun
        self.joins[at] += 1
        for number, here in groups(self.joins.take(at)):
            self.joining[at[here]] = self._drawn(groups(pair[here]), rows[here], "join_s", "join", number)
        # Of a turn at the next step nobody knew who reckoned with where the flight would be met.
        turns = np.flatnonzero(
            self.pursuit.known(flight, rows, soon) & ~self.pursuit.known(flight, rows, step)
        )
        known = self.pursuit.known(flight, rows, begun)
        self._close(at, pair, rows, begun, known, met, turns)

    def _close(
        self,
        at: Elements,
        pair: Elements,
        rows: Rows,
        now: Whole,
        known: Flags,
        met: Whole | None = None,
        anew: Rows | None = None,
    ) -> None:
        """Plan the way of pairs to their flights from where and when they leave, and what they do there.

        `met` says when they will have reached them, but for those at `anew`.
        """
        pursuit, wing, flight = self.pursuit, self.roster.wing[pair], self.about.take(at)
        leaves = self.leaves.take(at)
        if met is None:
            from_base = self.at_base[at]
            here = np.flatnonzero(from_base)
            met = np.full(len(at), FAR, dtype=np.int32)
            met[here] = pursuit.meets_from_base(
                flight[here], wing[here], rows[here], leaves[here], known[here]
            )
            anew = np.flatnonzero(~from_base)
        if anew is not None and len(anew):
            met[anew] = pursuit.meets(
                self.place.take(at[anew], axis=0),
                flight[anew],
                wing[anew],
                rows[anew],
                leaves[anew],
                known[anew],
            )
        fuel = self.fuel.take(at)
        joins = met + self.joining.take(at)
        gone = pursuit.gone(flight, rows, self.begun.take(at), known)
        reached = met < FAR
        late = pursuit.first_late(flight, wing, rows, np.minimum(met, self.last), fuel, known)
        late[~reached | (late <= met)] = (
            0  # out of reach, or too late to turn round even at the meeting point
        )
        ends = np.minimum(gone, late)
        joins[joins >= ends] = FAR
        off = np.maximum(ends, now)
        off[joins < FAR] = FAR
        self.meets[at], self.joined[at], self.off[at] = met, joins, off
        here = np.flatnonzero(joins <= self.last)
        self._shadow(at[here], pair[here], rows[here], joins[here], known[here])
        self.settle(at, pair, rows)

    def _shadow(self, at: Elements, pair: Elements, rows: Rows, joined: Whole, known: Flags) -> None:
        """Plan how long pairs stay beside a flight that they join, and when they ask for their relief."""
        if not len(at):
            return
        pursuit, wing, limit = self.pursuit, self.roster.wing[pair], self.fuel.take(at)
        flight = self.about.take(at)
        late = pursuit.first_late(flight, wing, rows, joined, limit, known)
        gone = pursuit.gone(flight, rows, joined, known)
        parts = np.minimum(late, gone)
        asks = np.maximum(joined, late - self.clock.steps(self.policy.relief_lead_s)).astype(np.int32)
        asks[(late == FAR) | (asks >= parts)] = FAR
        self.parts[at], self.asks[at], self.due[at] = parts, asks, asks
        self.holds[at], self.until[at] = FAR, FAR
        here = np.flatnonzero((gone < late) & (parts <= self.last))
        if len(here):
            flight, rows, parts, known = flight[here], rows[here], parts[here], known[here]
            stop = np.minimum(parts, pursuit.last(flight, rows, known))
            self.holds[at[here]] = parts
            self.until[at[here]] = limit[here] - pursuit.home_steps(flight, wing[here], rows, stop, known)

    # -------------------------------------------------------------------------------- an intruder turns away

    def turned(self, flight: Elements, rows: Rows, step: Whole) -> None:
        """Plan anew what the pairs of flights do that turn away at a step."""
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
                self._note(at[row, column], used[row], rows[column], step[column])
                plan(at[row, column], used[row], rows[column], step[column])

    def _correct(self, at: Elements, pair: Elements, rows: Rows, step: Whole) -> None:
        """Give pairs on their way a new course from where they are when their intruder turns away."""
        here = np.flatnonzero(self.leaves.take(at) < step)
        if len(here):
            element, there, when = at[here], rows[here], step[here]
            flight = self.about.take(element)
            before = np.zeros(len(here), dtype=bool)  # the course led to a place on the script
            places = self.pursuit.place(flight, there, when, before)
            flying = np.flatnonzero(when < self.meets.take(element))
            if len(flying):
                places[flying] = self._on_course(
                    flight[flying],
                    element[flying],
                    pair[here[flying]],
                    there[flying],
                    when[flying],
                    before[flying],
                )
            self.place[element], self.at_base[element], self.leaves[element] = places, False, when
        self._forget(at)
        self._close(at, pair, rows, step, np.ones(len(at), dtype=bool))

    def _follow(self, at: Elements, pair: Elements, rows: Rows, step: Whole) -> None:
        """Keep pairs beside an intruder that turns away, as long as fuel and the intruder's way allow."""
        asked = self.asks.take(at)
        done = asked <= step
        self._shadow(at, pair, rows, self.joined.take(at), np.ones(len(at), dtype=bool))
        asks = np.maximum(self.asks.take(at), step)
        asks[asks >= self.parts.take(at)] = FAR
        self.due[at] = np.where(done, FAR, asks)
        self.asks[at] = np.where(done, asked, asks)
        self.settle(at, pair, rows)

    # -------------------------------------------------------------------------------- what came of it

    def _enter(self, at: Elements, pair: Elements, rows: Rows, by: Whole, entered: Whole) -> None:
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
        self._enter(pair * self.count + rows, pair, rows, end, at_last)


def _ahead(pair: Elements, rows: Rows, pairs: int, count: int) -> NDArray[np.int64]:
    """Return how many pairs of the same replication stand before each one."""
    many = np.bincount(rows, minlength=count)
    if many.max(initial=0) <= 1:
        return np.zeros(len(rows), dtype=np.int64)
    there = np.zeros((pairs, count), dtype=np.int16)
    there[pair, rows] = 1
    np.cumsum(there, axis=0, out=there)
    return there[pair, rows].astype(np.int64) - 1
