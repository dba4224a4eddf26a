"""The warning ladder and the crew in columns: calls, measures, what is noticed of them and what comes of that.

Calls and measures are taken one after the other, each for the replications in which it can still come.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.arrays.columns import FAR, Flags, Rows, Whole, lies_within, next_within, pick, united
from sim.arrays.command import Exchange
from sim.arrays.telling import Outcome, Telling
from sim.arrays.tracks import Spans
from sim.crew import Crew
from sim.fighters import Fighters
from sim.warning import BURST_S, DISTANCE_KM, Ladder, Measure

NOBODY = np.iinfo(np.int64).max
MOST_LOOKS = 200
"""How often the conditions of one act are looked at in turn before a replication is handed over."""


@dataclass
class Ear:
    """What a flight's crew does about the acts of one side: its draws, and what others hear of them."""

    telling: Telling
    flight: str
    crew: Crew | None
    side: str
    way: int
    """Which of the flight's ways out its crew takes for this side."""
    listens: frozenset[str]
    """Which of `notices`, `reports` and `answers` somebody waits for or counts."""
    outcome: Outcome = field(default_factory=dict)

    def perceive(self, kind: str, stay: int, number: int, rows: Rows, at: Whole) -> Whole | None:
        """Take what the crew notices of an act; return the steps of its answers (rows,), None if there is none."""
        crew, telling, flight = self.crew, self.telling, self.flight
        if crew is None:
            return None
        chance = f"{kind} {self.side} {stay}"
        shares = self._shares(crew, kind)
        noticed = telling.below(shares["notices"], flight, f"notices {chance}", number, rows)
        answers, reports, turns = (
            telling.below(shares[what], flight, f"{what} {chance}", number, rows)
            if any(shares[what])
            else None
            for what in ("answers", "reports", "turns")
        )
        matters = noticed if "notices" in self.listens else noticed & _any(answers, reports, turns, noticed)
        here = np.flatnonzero(matters)
        if not len(here):
            return None
        flown = telling.flights[flight]
        step = at[here] + telling.steps(crew.notice_s, flight, f"notice {chance}", number, rows[here])
        last = flown.last()
        exists = (step >= flown.first) & (step <= (last if len(last) == 1 else last[rows[here]]))
        here, step = here[exists], step[exists]
        if "notices" in self.listens:
            self._say("notices", kind, stay, number, rows[here], step)
        if reports is not None:
            mine = reports[here]
            delay = telling.steps(crew.report_s, flight, f"report {chance}", number, rows[here[mine]])
            self._say("reports", kind, stay, number, rows[here[mine]], step[mine] + delay)
        if turns is not None and turns[here].any():
            mine = turns[here]
            turning = rows[here[mine]]
            delay = telling.steps(crew.reaction_s, flight, f"reaction {chance}", number, turning)
            turn = step[mine] + delay
            flies = turn <= min(telling.last, flown.script.last)
            telling.turns_away(flight, self.way, turning[flies], turn[flies], step[mine][flies])
        if answers is None or not answers[here].any():
            return None
        answered = np.full(len(rows), FAR, dtype=np.int32)
        mine = answers[here]
        delay = telling.steps(crew.answer_s, flight, f"answer {chance}", number, rows[here[mine]])
        answered[here[mine]] = step[mine] + delay
        self._say("answers", kind, stay, number, rows[here[mine]], step[mine] + delay)
        return answered

    def _shares(self, crew: Crew, kind: str) -> dict[str, tuple[float, ...]]:
        """Return the chances that acts of a kind are noticed, answered, reported and heeded, as `Telling.shares`."""
        found = {
            what: self.telling.shares(table.get(kind, 0.0), "crew", self.flight, f"{what}_share", kind)
            for what, table in (
                ("notices", crew.notices_share),
                ("reports", crew.reports_share),
                ("turns", crew.turns_share),
            )
        }
        answers = self.telling.shares(crew.answers_share, "crew", self.flight, "answers_share")
        return found | {"answers": answers if kind == "call" else (0.0,)}

    def _say(self, what: str, kind: str, stay: int, number: int, rows: Rows, step: Whole) -> None:
        if what not in self.listens or not len(rows):
            return
        column = self.telling.scatter(rows, np.where(step > self.telling.last, FAR, step).astype(np.int32))
        self.outcome.setdefault((what,), []).append(column)
        data: dict[str, Any] = {"act": kind, "number": number, "stay": stay}
        if what == "reports":
            data = {"act": kind, "of": f"{self.side} {stay} {number}"}
        elif what == "answers":
            data = {"number": number, "stay": stay}
        if what != "reports":
            data["side"] = self.side
        self.telling.happens(what, self.flight, self.flight, column, **data)


def _any(*flags: Flags | None) -> Flags:
    found: Flags | None = None
    for each in flags[:-1]:
        if each is not None:
            found = each if found is None else found | each
    if found is not None:
        return found
    like = flags[-1]
    assert like is not None
    return np.zeros_like(like)


@dataclass
class Watch:
    """One side's dealings with one flight: what the ladder looks at."""

    telling: Telling
    exchange: Exchange
    side: str
    control: str
    ladder: Ladder
    flight: str
    ear: Ear

    def zone(self, name: str) -> Spans:
        """Return the flight's stays in a zone."""
        return self.telling.flights[self.flight].stays(name)

    def windows(self) -> range:
        """Return the numbers of the stays, the last one for what comes after them all."""
        return range(1, len(self.zone(self.ladder.per)[0]) + 2)

    def opened(self, window: int) -> tuple[Rows, Whole] | None:
        """Return the replications in which a stay is dealt with, and since when (rows,)."""
        signals = [f"enters:{self.ladder.per}", "joined"]
        if self.ladder.calls is not None:
            signals += [*self.ladder.calls.after, f"enters:{self.ladder.calls.zone}"]
        signals += [m.authority for m in self.ladder.measures.values() if m.authority != "standing"]
        opened = self.exchange.opened(
            self.control, list(dict.fromkeys(signals)), self.flight, self.ladder.per, window
        )
        if opened is None:
            return None
        rows = np.flatnonzero(opened <= self.telling.last)
        return (rows, opened[rows]) if len(rows) else None

    def known(self, signal: str, window: int) -> Whole | None:
        """Return when a signal for a stay is known at the control post."""
        return self.exchange.known(self.control, signal, self.flight, self.ladder.per, window)

    def over(self, window: int) -> Whole:
        """Return the last step at which a stay is still dealt with, shape (replications,)."""
        turns = self.telling.flights[self.flight].turns
        leaves = self.zone(self.ladder.per)[1]
        return np.minimum(turns, leaves[window - 1]) if window <= len(leaves) else turns.copy()


def calls(watch: Watch) -> Outcome:
    """Return when a side calls a flight: by stay the calls in order, and when the crew has answered."""
    outcome: Outcome = watch.ear.outcome
    said: list[Whole] = []
    for window in watch.windows():
        outcome["calls", window] = _calls_of_stay(watch, window, outcome)
        said += outcome["calls", window]
    outcome["signal", "call", watch.flight, watch.control] = said
    _announce(watch, outcome)
    return outcome


def _announce(watch: Watch, outcome: Outcome) -> None:
    """Turn what the crew says into signals at the posts that hear it."""
    crew = watch.ear.crew
    if crew is None:
        return
    for what in ("notices", "reports"):
        if (what,) in outcome:
            outcome["signal", what, watch.flight, crew.post] = outcome.pop((what,))
    if ("answers",) in outcome:
        outcome["signal", "answers", watch.flight, watch.control] = outcome.pop(("answers",))


def _calls_of_stay(watch: Watch, window: int, outcome: Outcome) -> list[Whole]:
    telling, rule, flight, side = watch.telling, watch.ladder.calls, watch.flight, watch.side
    assert rule is not None
    outcome["answered", window] = []
    opened = watch.opened(window)
    known = [watch.known(signal, window) for signal in rule.after]
    if opened is None or any(step is None for step in known):
        return []
    rows, at = opened
    for step in known:
        assert step is not None
        at = np.maximum(at, step[rows])
    begins, ends = watch.zone(rule.zone)
    over = watch.over(window)
    chance = f"{flight} {window}"
    at = next_within(pick(begins, rows), pick(ends, rows), at)
    at = at + telling.steps(rule.first_s, side, f"first-call {chance}", 1, rows)
    answered = telling.nowhere()
    said: list[Whole] = []
    for number in range(1, rule.most + 1):
        at = next_within(pick(begins, rows), pick(ends, rows), at)
        goes_on = np.flatnonzero((at <= np.minimum(over[rows], answered[rows])) & (at <= telling.last))
        if not len(goes_on):
            break
        if len(goes_on) < len(rows):
            rows, at = rows[goes_on], at[goes_on]
        step = telling.scatter(rows, at)
        said.append(step)
        telling.happens("call", watch.control, flight, step, side=side, stay=window, number=number)
        answer = watch.ear.perceive("call", window, number, rows, at)
        if answer is not None:
            answered[rows] = np.minimum(answered[rows], answer)
        at = at + telling.steps(rule.interval_s, side, f"call-interval {chance}", number, rows)
    outcome["answered", window] = [answered]
    return said


def measures(
    watch: Watch, fighters: Fighters, acts_by: frozenset[str], called: Outcome, force: Outcome
) -> Outcome:
    """Return when a side takes its measures; `acts_by` names the kinds of which it matters who does them."""
    outcome: Outcome = watch.ear.outcome
    telling = watch.telling
    beside = force.get(("beside", watch.flight), [])
    if not beside:
        return outcome
    escorted = united(beside, force["parts", watch.flight], telling.last)
    for window in watch.windows():
        opened = watch.opened(window)
        if opened is None:
            continue
        rows, at = opened
        earliest = np.zeros(len(rows), dtype=np.int32)
        over = watch.over(window)
        for place, (name, rule) in enumerate(watch.ladder.measures.items()):
            if place and rule.spacing_s is not None:
                decision = f"{name}-spacing {watch.flight} {window}"
                earliest = at + telling.steps(rule.spacing_s, watch.side, decision, 1, rows)
            climb = _Climb(watch, window, name, rule, over, called, force, escorted)
            rows, at = climb.take(rows, np.maximum(at, earliest), fighters, acts_by, outcome)
            earliest = np.zeros(len(rows), dtype=np.int32)
            if not len(rows):
                break
    _announce(watch, outcome)
    return outcome


class _Climb:
    """One measure in one stay; `escorted` are the spans in which at least one pair is beside the flight."""

    def __init__(
        self,
        watch: Watch,
        window: int,
        name: str,
        rule: Measure,
        over: Whole,
        called: Outcome,
        force: Outcome,
        escorted: Spans,
    ) -> None:
        self.watch, self.window, self.name, self.rule, self.over = watch, window, name, rule, over
        self.telling = watch.telling
        self.stays = watch.zone(rule.zone)
        self.escorted = escorted
        self.joined = force.get(("beside", watch.flight), [])
        self.parts = force.get(("parts", watch.flight), [])
        self.pairs = force.get(("pair", watch.flight), [])
        self.since: Whole | None = np.zeros(self.telling.count, dtype=np.int32)
        self.by_joining: list[NDArray[np.int64]] | None = None
        """One number for the step of each joining and the pair."""
        self.until = over.copy()
        if rule.authority != "standing":
            self.since = watch.known(rule.authority, window)
        if rule.after_calls and self.since is not None:
            said = called.get(("calls", window), [])
            if len(said) < rule.after_calls:
                self.since = None
            else:
                self.since = np.maximum(self.since, said[rule.after_calls - 1])
                for answered in called.get(("answered", window), []):
                    self.until = np.minimum(self.until, answered)

    def take(
        self, rows: Rows, at: Whole, fighters: Fighters, acts_by: frozenset[str], outcome: Outcome
    ) -> tuple[Rows, Whole]:
        """Take the measure as often as it may be; return the replications and steps in which it came first."""
        telling, rule, watch = self.telling, self.rule, self.watch
        chance = f"{watch.flight} {self.window}"
        first = telling.nowhere()
        if self.since is not None:
            at = np.maximum(at, self.since[rows])
            for attempt in range(1, rule.most + 1):
                at = self._ready(rows, at)
                ready = np.flatnonzero((at <= self.until[rows]) & (at <= telling.last))
                if not len(ready):
                    break
                rows, at = rows[ready], at[ready]
                at = at + telling.steps(
                    rule.delay_s, watch.side, f"{self.name}-delay {chance}", attempt, rows
                )
                self._act(rows, at, attempt, first, fighters, acts_by, outcome)
                if rule.interval_s is not None:
                    decision = f"{self.name}-interval {chance}"
                    at = at + telling.steps(rule.interval_s, watch.side, decision, attempt, rows)
        rows = np.flatnonzero(first < FAR)
        return rows, first[rows]

    def _ready(self, rows: Rows, at: Whole) -> Whole:
        """Return the first step from `at` on at which the flight is in the zone and a pair beside it, or FAR."""
        begins, ends = (pick(part, rows) for part in self.stays)
        joined, parts = (part.take(rows, axis=1) for part in self.escorted)
        at = next_within(begins, ends, at)
        for _ in range(MOST_LOOKS):
            beside = next_within(joined, parts, at)
            inside = next_within(begins, ends, beside)
            if (inside == at).all():
                return at
            at = inside
        self.telling.handed_over[rows[inside != at]] = True
        return at

    def _act(
        self,
        rows: Rows,
        at: Whole,
        attempt: int,
        first: Whole,
        fighters: Fighters,
        acts_by: frozenset[str],
        outcome: Outcome,
    ) -> None:
        telling, watch, window, name = self.telling, self.watch, self.window, self.name
        begins, ends = (pick(part, rows) for part in self.stays)
        joined, parts = (part.take(rows, axis=1) for part in self.escorted)
        holds = lies_within(joined, parts, at) & lies_within(begins, ends, at)
        holds &= (at <= self.over[rows]) & (at <= telling.last)
        data: dict[str, Any] = {"side": watch.side, "stay": window, "number": attempt}
        if "lapsed" in telling.wanted:
            lapsed = telling.scatter(rows[~holds], at[~holds])
            telling.happens("lapsed", watch.side, watch.flight, lapsed, measure=name, **data)
        here = np.flatnonzero(holds)
        if not len(here):
            return
        acting, step = rows[here], at[here]
        first[acting] = np.minimum(first[acting], step)
        column = telling.scatter(acting, step)
        outcome.setdefault(("signal", name, watch.flight, watch.control), []).append(column)
        varying = self._particulars(acting, attempt)
        if name in acts_by:
            self._by_pair(rows, here, at, column, fighters, varying, data)
        else:
            telling.happens(name, watch.side, watch.flight, column, varying, **data)
        watch.ear.perceive(name, window, attempt, acting, step)

    def _by_pair(
        self,
        rows: Rows,
        here: Rows,
        at: Whole,
        column: Whole,
        fighters: Fighters,
        varying: dict[str, Any],
        data: dict[str, Any],
    ) -> None:
        """Keep the act as one of the pair that has been beside the flight for longest."""
        acting, step = rows[here], at[here]
        many = len(fighters.pairs)
        if self.by_joining is None:
            # Of pairs that joined in one step the one that stands first in the scenario.
            self.by_joining = [
                j * np.int64(many) + pair for j, pair in zip(self.joined, self.pairs, strict=True)
            ]
        since = np.full(len(acting), NOBODY, dtype=np.int64)
        for order, parts in zip(self.by_joining, self.parts, strict=True):
            mine = order.take(acting)
            beside = (mine < (step + np.int64(1)) * many) & (step < parts.take(acting))
            np.minimum(since, mine, out=since, where=beside)
        numbers = since % many
        names = [n for n, spec in fighters.pairs.items() if spec.side == self.watch.side]
        for number in np.bincount(numbers).nonzero()[0].tolist():
            name = names[number]
            there = acting[numbers == number]
            by_it = self.telling.scatter(there, column[there])
            kind = fighters.pairs[name].type
            self.telling.happens(self.name, name, self.watch.flight, by_it, varying, **data, type=kind)

    def _particulars(self, rows: Rows, attempt: int) -> dict[str, Any]:
        """Return what the acts consist of, each a column over all replications."""
        telling, rule, watch = self.telling, self.rule, self.watch
        found: dict[str, Any] = {}
        if self.name not in telling.wanted:
            return found
        chance = f"{watch.flight} {self.window}"

        def column(decision: str, law: Any, resolution: float) -> Any:
            full = np.zeros(telling.count, dtype=np.int32)
            name = f"{self.name}-{decision} {chance}"
            full[rows] = telling.multiples(law, watch.side, name, attempt, resolution, rows)
            return full

        if rule.flares is not None:
            found["flares"] = column("flares", rule.flares, 1)
        if rule.burst_s is not None and rule.rounds_per_minute is not None:
            burst_s = column("burst", rule.burst_s, BURST_S) * BURST_S
            found["rounds"] = np.rint(burst_s * rule.rounds_per_minute / 60).astype(np.int32)
            found["burst_s"] = np.round(burst_s, 2)
        if rule.distance_km is not None:
            found["distance_km"] = np.round(
                column("distance", rule.distance_km, DISTANCE_KM) * DISTANCE_KM, 2
            )
        return found
