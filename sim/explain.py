"""Explain one replication: what led to each rung, what each step waited for, and which change would have been enough.

The replication is run again by the processes.  A critical path is the chain of causes from an event back to where it
came from outside; beside each step stand the delays that were drawn for it, and what else it waited for with its
slack: the seconds by which that was ready earlier.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from sim.catalogue import ALL
from sim.clock import NEVER
from sim.command import Stage, lasting_events
from sim.draws import quantile_index
from sim.errors import InputError, Problem
from sim.log import Record
from sim.many import Tell, Work
from sim.measures import reaches
from sim.outcomes import Outcomes
from sim.retiming import WITHIN_S, Arrival, Change, Found, Key, Notes, changes, noted
from sim.run import Replication
from sim.scenario import Scenario, act_kinds
from sim.warning import Measure

Row = dict[str, Any]

REST: Mapping[str, str] = {
    "joined": "flight",
    "airborne": "crew on its way to the cockpit",
    "parts": "beside the flight",
    "lands": "flight",
}
"""What passes the time between a cause and its effect, of this kind, that no draw accounts for."""


@dataclass(frozen=True)
class Case:
    """Which replication is explained: a scenario with its name and hash, the seed, and the number under it."""

    scenario: Scenario
    name: str
    hash: str
    seed: int
    number: int
    events: list[Row] | None = None
    """The log as it was recorded before, if it was: the replication must come out the same."""
    overrides: tuple[str, ...] = ()
    """Of a point of a sweep: what makes it out of the sweep's scenario."""
    command: tuple[str, ...] = ()
    """What runs the replication again."""


class Path(NamedTuple):
    """A chain of causes: what it led to, in words, and its records from the outside cause on."""

    to: str
    records: list[Record]


def explain(
    case: Case, *, within_s: int = WITHIN_S, workers: int | None = 1, tell: Tell | None = None
) -> Row:
    """Return a replication's timeline, critical paths and smallest changes as one object, as docs/answers.md says.

    With `within_s` 0 no change is looked for.  Raises InputError if the log is not the one that was recorded.
    """
    work: Work[Outcomes] = Work(case.scenario, case.seed, "processes", ALL, _unreduced)
    replication, notes = noted(work.prepared, work.uniforms, case.number)
    clock = replication.prepared.clock
    if case.events is not None and case.events != json.loads(json.dumps(replication.log.rows())):
        message = "holds events that this version of the program does not give; run the scenario anew"
        raise InputError([Problem(case.name, None, "", message)])
    paths = list(critical_paths(replication))
    reader = Reader(replication, notes)
    steps = {path.to: [reader.step(record) for record in path.records] for path in paths}
    binding = {Key(*delay["draw"]) for rows in steps.values() for row in rows for delay in row["delays"]}
    found = Found([], 0, 0)
    if within_s:
        found = changes(work, replication, notes, binding, within_s, workers=workers, tell=tell)
    reached = _first_of_rungs(replication)
    names = [rung.name for rung in case.scenario.escalation.rungs]
    highest = max((number for number, record in enumerate(reached, start=1) if record), default=0)
    return {
        "scenario": case.name,
        "hash": case.hash,
        "seed": case.seed,
        "replication": case.number,
        "overrides": list(case.overrides),
        "command": list(case.command),
        "step_s": clock.step_s,
        "start": clock.start.isoformat(),
        "highest_rung": highest,
        "highest_rung_name": names[highest - 1] if highest else None,
        "timeline": timeline(replication, reached),
        "paths": [{"to": path.to, "steps": steps[path.to]} for path in paths],
        "changes": {
            "within_s": within_s,
            "timings": found.timings,
            "replications": found.runs,
            "lower": [reader.change(each, names) for each in found.changes if each.rung < highest],
            "higher": [reader.change(each, names) for each in found.changes if each.rung > highest],
        },
    }


def _unreduced(table: Outcomes) -> Outcomes:
    return table


def _first_of_rungs(replication: Replication) -> list[Record | None]:
    """Return for each rung the record that reached it first, or None."""
    rungs = replication.prepared.scenario.escalation.rungs
    return [next((r for r in replication.log if reaches(rung, r)), None) for rung in rungs]


def timeline(replication: Replication, reached: list[Record | None]) -> list[Row]:
    """Return the events on the chains of causes to each rung, in order of time, each with the rungs that it reached.

    What only stands in the book, such as that a pair was named for an order, is left out.
    """
    rungs = replication.prepared.scenario.escalation.rungs
    chains = [replication.log.causes(record) for record in reached if record is not None]
    events = {record.id: record for chain in chains for record in chain}
    found = []
    for number in sorted(events):
        record = events[number]
        names = [
            r.name
            for r, first in zip(rungs, reached, strict=True)
            if first is not None and first.id == number
        ]
        if names or record.kind not in ("stage-started", "assigned", "readied"):
            found.append(_event(replication, record) | {"rungs": names})
    return found


def critical_paths(replication: Replication) -> Iterator[Path]:
    """Yield the chain of causes to the highest rung, and to the first measure of each stay."""
    log, scenario = replication.log, replication.prepared.scenario
    highest: Path | None = None
    for rung, record in zip(scenario.escalation.rungs, _first_of_rungs(replication), strict=True):
        if record is not None:
            highest = Path(f"rung {rung.name}", log.causes(record)[::-1])
    if highest is not None:
        yield highest
    for side, ladder in scenario.warning.items():
        first: dict[tuple[str, int], Record] = {}
        for record in log:
            if record.kind in ladder.measures and record.data["side"] == side:
                first.setdefault((record.about, record.data["stay"]), record)
        for (flight, stay), record in first.items():
            to = f"first measure of {side} in stay {stay} of {flight} in {ladder.per}"
            yield Path(to, log.causes(record)[::-1])


def _event(replication: Replication, record: Record) -> Row:
    return {
        "event": record.id,
        "step": record.step,
        "time": replication.prepared.clock.local(record.step),
        "kind": record.kind,
        "who": record.who,
        "about": record.about,
        "told": told(record),
    }


def told(record: Record) -> str:
    """Write an event in a few words."""
    kind, who, about, data = record.kind, record.who, record.about, record.data
    if "zone" in data:
        return f"{who} {kind} {data['zone']}"
    if kind == "stage-started":
        return f"{who} begins {data['stage']} ({about})"
    if "stage" in data:
        return f"{who}: {kind} ({about})"
    if kind == "track":
        return f"{who} has a track of {about}"
    if kind in ("notices", "reports"):
        return (
            f"{who} {kind} {data['act']} {data['number']}"
            if "number" in data
            else f"{who} {kind} {data['act']}"
        )
    if kind == "assigned":
        return f"{who} is sent to {about}"
    if "number" in data and "side" in data:
        return f"{kind} {data['number']} to {about} by {who}"
    return f"{who} {kind}" if about in ("", who) else f"{who} {kind} ({about})"


class Input(NamedTuple):
    """One thing that a step waited for: what, in words, and the step from which on it held."""

    told: str
    ready: int


class Reader:
    """Reads from a run's log and notes what each event waited for."""

    def __init__(self, replication: Replication, notes: Notes) -> None:
        self.replication, self.notes = replication, notes
        self.scenario, self.clock = replication.prepared.scenario, replication.prepared.clock
        self.lasting = lasting_events(self.scenario.command.stages)
        self.warned = {"lapsed", *act_kinds(self.scenario)}

    def step(self, record: Record) -> Row:
        """Return one step of a path: the event, the time since its cause, the drawn delays in it, and the slack.

        `rest_s` is what of the time no draw accounts for: flight, or waiting for another condition.
        """
        cause = None if record.cause is None else self.replication.log[record.cause]
        keys = [] if cause is None else [k for k in self._keys(record, cause) if k in self.notes.timings]
        passed = 0 if cause is None else record.step - cause.step
        drawn = sum(min(self.notes.timings[key].steps, passed) for key in keys)
        ready, inputs = self._inputs(record)
        slack = [
            {"input": each.told, "ready_s_before": (ready - each.ready) * self.clock.step_s}
            for each in sorted(inputs, key=lambda each: -each.ready)
            if each.ready <= ready
        ]
        return _event(self.replication, record) | {
            "cause": record.cause,
            "after_s": passed * self.clock.step_s,
            "delays": [self._delay(key) for key in keys],
            "rest_s": max(0, passed - drawn) * self.clock.step_s,
            "rest_of": REST.get(record.kind, "waiting"),
            "slack": slack,
        }

    def change(self, change: Change, names: list[str]) -> Row:
        """Return one change as a row: the draw, what it was, by how much it changes, and to which rung."""
        row = self._delay(change.key)
        shift_s = change.shift * self.clock.step_s
        rung = names[change.rung - 1] if change.rung else None
        return row | {"change_s": shift_s, "to_rung": change.rung, "to_rung_name": rung}

    def _delay(self, key: Key) -> Row:
        timing = self.notes.timings[key]
        median = quantile_index(timing.law, 0.5, self.clock.step_s, self.clock.last + 1)
        return {
            "draw": list(key),
            "drawn_s": timing.steps * self.clock.step_s,
            "median_s": max(timing.least, median) * self.clock.step_s,
        }

    # ---- which draws lie between an event and its cause

    def _keys(self, record: Record, cause: Record) -> Iterator[Key]:
        """Yield the draws whose delays passed between a cause and its effect, in their order."""
        kind, who, about, data = record.kind, record.who, record.about, record.data
        act = f"{data.get('act')} {data.get('side')} {data.get('stay')}"
        if kind == "stage-started":
            yield from self._link(who, record, record.step)
        elif "delay_s" in data:
            yield Key(data["stage"], f"delay {about}", max(1, data.get("stay", 0)))
        elif "stage" in data:  # dropped before its delay had passed
            yield from self._link(who, record, record.step)
        elif kind == "seated":
            yield Key(who, "seat", 1)
        elif kind == "airborne":
            yield from (Key(who, "airborne", 1), Key(who, "airborne-from-cockpit", 1))
        elif kind == "joined":
            if cause.kind == "airborne":
                yield Key(who, "climb", 1)
            yield from self._latest(who, "join", record.step)
        elif kind == "identified":
            yield from self._latest(who, "identify", record.step)
        elif kind in self.warned and "side" in data:
            yield from self._of_warning(record, cause)
        elif kind == "notices":
            yield Key(who, f"notice {act}", data["number"])
        elif kind in ("answers", "reports", "turns"):
            word = {"answers": "answer", "reports": "report", "turns": "reaction"}[kind]
            noticed = cause.data
            chance = f"{noticed['act']} {noticed['side']} {noticed['stay']}"
            yield Key(who, f"{word} {chance}", noticed["number"])
        elif "hazard" in data:
            yield from self._latest(f"hazard {data['hazard']}", f"delay {about}", cause.step)
            yield from self._latest(f"hazard {data['hazard']}", f"time {who}", cause.step)

    def _latest(self, entity: str, decision: str, by: int) -> Iterator[Key]:
        drawn = [
            (timing.drawn_at, key)
            for key, timing in self.notes.timings.items()
            if (key.entity, key.decision) == (entity, decision) and timing.drawn_at <= by
        ]
        if drawn:
            yield max(drawn)[1]

    def _link(self, post: str, record: Record, by: int) -> Iterator[Key]:
        """Yield the delay of the message by which a record's cause became known at a post, if it did by a step."""
        arrivals = [a for a in self.notes.arrivals if a.post == post and a.record == record.cause]
        for arrival in arrivals:
            if arrival.link is not None and arrival.known <= by:
                yield arrival.link
                return

    def _of_warning(self, record: Record, cause: Record) -> Iterator[Key]:
        data = record.data
        side, chance = data["side"], f"{record.about} {data['stay']}"
        if record.kind == "call":
            if data["number"] > 1:
                yield Key(side, f"call-interval {chance}", data["number"] - 1)
                return
            first = Key(side, f"first-call {chance}", 1)
            yield from self._link(record.who, record, self.notes.timings[first].drawn_at)
            yield first
            return
        name = data.get("measure", record.kind)
        if cause.kind == name:
            yield Key(side, f"{name}-interval {chance}", data["number"] - 1)
        elif cause.kind in self.scenario.warning[side].measures:
            yield Key(side, f"{name}-spacing {chance}", 1)
        control = self.scenario.sides[side].control
        delay = Key(side, f"{name}-delay {chance}", data["number"])
        if control is not None:
            yield from self._link(control, record, self.notes.timings[delay].drawn_at)
        yield delay

    # ---- what else an event waited for

    def _inputs(self, record: Record) -> tuple[int, list[Input]]:
        """Return the step at which an event had all that it waited for, and everything but what released it."""
        kind, data = record.kind, record.data
        if record.cause is None:
            return record.step, []
        if kind == "stage-started":
            stage = self.scenario.command.stages[data["stage"]]
            return record.step, list(self._of_stage(stage, record))
        if kind == "call" and data["number"] == 1:
            first = self.notes.timings[Key(data["side"], f"first-call {record.about} {data['stay']}", 1)]
            return first.drawn_at, list(self._of_calls(record, first.drawn_at))
        ladder = self.scenario.warning.get(data.get("side", ""))
        name = data.get("measure", kind)
        if ladder is not None and name in ladder.measures:
            delay = Key(data["side"], f"{name}-delay {record.about} {data['stay']}", data["number"])
            ready = self.notes.timings[delay].drawn_at
            return ready, list(self._of_measure(record, name, ladder.measures[name], ready))
        if kind == "airborne":
            return self._of_take_off(record)
        return record.step, []

    def _arrivals(
        self, post: str, signals: Iterable[str], about: str, per: str | None, stay: int
    ) -> list[Arrival]:
        """Return the first arrival at a post of each signal that counts for a stay."""
        track = self.replication.tracks[about]
        found: list[Arrival] = []
        for signal in signals:
            every = [
                each
                for each in self.notes.arrivals
                if (each.post, each.signal, each.about) == (post, signal, about)
                and (per is None or signal in self.lasting or track.window(per, each.announced) == stay)
            ]
            if every:
                found.append(min(every, key=lambda each: each.known))
        return found

    def _of_stage(self, stage: Stage, record: Record) -> Iterator[Input]:
        stay = record.data.get("stay", 0)
        needed = self._arrivals(stage.post, stage.after_all, record.about, stage.per, stay)
        either = self._arrivals(stage.post, stage.after_any, record.about, stage.per, stay)
        needed += sorted(either, key=lambda each: each.known)[:1]
        released = False
        for arrival in needed:
            if not released and arrival.record == record.cause and arrival.known == record.step:
                released = True
            else:
                yield Input(arrival.signal, arrival.known)

    def _of_calls(self, record: Record, ready: int) -> Iterator[Input]:
        side = record.data["side"]
        ladder = self.scenario.warning[side]
        assert ladder.calls is not None
        stay = record.data["stay"]
        for arrival in self._arrivals(record.who, ladder.calls.after, record.about, ladder.per, stay):
            if arrival.record != record.cause:
                yield Input(arrival.signal, arrival.known)
        yield from self._entry(record, ladder.calls.zone, ready)

    def _entry(self, record: Record, zone: str, ready: int) -> Iterator[Input]:
        """Yield a flight's latest entry into a zone, unless that is what released the event."""
        entries = [
            r
            for r in self.replication.log.of_kind("enters")
            if r.who == record.about and r.data["zone"] == zone
        ]
        entry = max((r for r in entries if r.step <= ready), key=lambda r: r.step, default=None)
        if entry is not None and entry.id != record.cause:
            yield Input(f"enters {zone}", entry.step)

    def _of_measure(self, record: Record, name: str, rule: Measure, ready: int) -> Iterator[Input]:
        log, side, stay, number = (
            self.replication.log,
            record.data["side"],
            record.data["stay"],
            record.data["number"],
        )
        ladder, control = self.scenario.warning[side], self.scenario.sides[side].control
        if rule.authority != "standing" and control is not None:
            for arrival in self._arrivals(control, [rule.authority], record.about, ladder.per, stay):
                if arrival.record != record.cause:
                    yield Input(rule.authority, arrival.known)
        acts = [
            r
            for r in log
            if r.about == record.about and (r.data.get("side"), r.data.get("stay")) == (side, stay)
        ]
        for act in acts:
            if act.kind == "call" and act.data["number"] == rule.after_calls and act.id != record.cause:
                yield Input(f"call {rule.after_calls}", act.step)
        joined = [r for r in log.of_kind("joined") if r.about == record.about and r.data["side"] == side]
        beside = max((r for r in joined if r.step <= ready), key=lambda r: r.step, default=None)
        if beside is not None and beside.id != record.cause:
            yield Input(f"{beside.who} joined", beside.step)
        yield from self._entry(record, rule.zone, ready)
        names = list(ladder.measures)
        chance = f"{record.about} {stay}"
        if number > 1:
            gap = Key(side, f"{name}-interval {chance}", number - 1)
        else:
            gap = Key(side, f"{name}-spacing {chance}", 1)
        released = log[record.cause].kind in names
        if gap in self.notes.timings and not released:
            timing = self.notes.timings[gap]
            yield Input(gap.decision.partition(" ")[0], timing.drawn_at + timing.steps)

    def _of_take_off(self, record: Record) -> tuple[int, list[Input]]:
        """Return when a crew that had its order was in the cockpit; on the ground without a call there is only one."""
        seat = self.notes.timings.get(Key(record.who, "seat", 1))
        assigned = self.replication.log[record.cause]
        if seat is None or assigned.step < seat.drawn_at or seat.steps == NEVER:
            return record.step, []
        seated = seat.drawn_at + seat.steps
        if seated > assigned.step:
            return seated, [Input("order", assigned.step)]
        return assigned.step, [Input("crew seated", seated)]
