"""Sorties in columns: what becomes of a pair that is sent, and of one whose intruder turns away.

The plan of a pair (take-off, meeting, joining, parting, holding) is worked out when it is sent; it stands until
another order or the intruder's turning away replaces it from that step on.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from sim.arrays.columns import FAR, Flags, Rows, Whole, groups
from sim.arrays.fighters import Elements
from sim.arrays.standing import BED_FROM, COCKPIT_FROM, Entry, Standing


class Sorties(Standing):
    """The pairs of one side in the replications of a telling, and what becomes of them when they are sent."""

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
        self.note(at, pair, rows, step)
        ground = self.airborne.take(at) == FAR
        here = np.flatnonzero(ground)
        if len(here):
            self._scramble(at[here], pair[here], flight[here], rows[here], step[here])
        here = np.flatnonzero(~ground)
        if len(here):
            assert met is not None  # else none was in the air
            self._divert(at[here], pair[here], flight[here], rows[here], step[here], met[here])

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
        self.enter(at, pair, rows, step, step)
        # One that asks for its relief in this very step still has it, from whichever flight it is taken.
        self.failed[rows[self.due.take(at) // self.per_step == step]] = True
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
        self.parts[at], self.asks[at], self.due[at] = parts, asks, self.dues(asks, flight)
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
                self.note(at[row, column], used[row], rows[column], step[column])
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
                places[flying] = self.on_course(
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
        done = asked < step
        self._shadow(at, pair, rows, self.joined.take(at), np.ones(len(at), dtype=bool))
        asks = np.maximum(self.asks.take(at), step)
        asks[asks >= self.parts.take(at)] = FAR
        self.due[at] = np.where(done, FAR, self.dues(asks, self.about.take(at)))
        self.asks[at] = np.where(done, asked, asks)
        self.settle(at, pair, rows)
