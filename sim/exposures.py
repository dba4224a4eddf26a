"""Exposures: how often and for how long a replication gave each hazard its chance, and what comes of that.

No decision and no flight waits for what a hazard leads to (the scenario's checks refuse it): hazards are drawn beside
the encounter and change nothing in it, but for hazards that follow from one another.  So, given all else that
happened in a replication, the chance that a hazard strikes in it is known exactly: from the events that could lead to
it and from the minutes beside an intruder or face to face.  The mean of these chances estimates the share of
replications in which it strikes (a conditional, or Rao-Blackwell, estimate): without bias, with less variance than
counting, and for any chance of the hazard from the same replications.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sim.clock import NEVER, Clock
from sim.draws import thresholds
from sim.escalation import Escalation, Hazard, Rung
from sim.happenings import Batch, Happening, Steps
from sim.measures import reaches
from sim.run import Prepared, Replication
from sim.scenario import Scenario

Shares = NDArray[np.float64]
Flags = NDArray[np.bool_]

KINDS: Final[Mapping[str, frozenset[str]]] = {
    "beside": frozenset({"joined", "parts"}),
    "face-off": frozenset({"face-off", "face-off-ends"}),
}
"""The kinds of event that tell for how long a hazard by the minute had its chance."""


@dataclass(frozen=True)
class Exposure:
    """What gave one hazard its chance in some replications."""

    events: Shares
    """For each event that could lead to it the chance that what comes of it comes within the window, else 0; shape
    (events, replications)."""
    minutes: Shares
    """Minutes in which it could strike, shape (replications,)."""

    def spared(self, share: float) -> Shares:
        """Return the chance that a hazard of this share does not strike at all, shape (replications,)."""
        spared: Shares = np.prod(1.0 - share * self.events, axis=0)
        spared *= (1.0 - share) ** self.minutes  # a geometric waiting time, continuous in time
        return spared


@dataclass(frozen=True)
class Encounters:
    """What some replications come to without the hazards that are reckoned, and how these had their chance."""

    exposures: Mapping[str, Exposure]
    """By hazard."""
    plain: NDArray[np.bool_]
    """Which rungs were reached by other events, shape (rungs, replications)."""
    counted: NDArray[np.bool_]
    """Which rungs were reached with the hazards as they were drawn, shape (rungs, replications)."""

    def reached(self, touched: Sequence[Sequence[str]], shares: Mapping[str, float]) -> Shares:
        """Return the chance of each rung given all else, shape (rungs, replications).

        `touched` names for each rung the hazards that reach it.
        """
        spared = {name: exposure.spared(shares[name]) for name, exposure in self.exposures.items()}
        chances = np.empty(self.plain.shape)
        for place, names in enumerate(touched):
            below = np.ones(self.plain.shape[1])
            for name in names:
                below *= spared[name]
            chances[place] = np.where(self.plain[place], 1.0, 1.0 - below)
        return chances


# ---- which hazards


def drawn(escalation: Escalation) -> list[str]:
    """Return the hazards from which another hazard may follow: these are drawn, since they change what it meets."""
    followed = {hazard.on for hazard in escalation.hazards.values()}
    return [name for name, hazard in escalation.hazards.items() if hazard.leads_to in followed]


def reckoned(escalation: Escalation) -> list[str]:
    """Return the hazards whose chance can be reckoned, given all else: those from which nothing follows."""
    left_out = drawn(escalation)
    return [name for name in escalation.hazards if name not in left_out]


def touching(escalation: Escalation, rung: Rung) -> list[str]:
    """Return the hazards that are reckoned and may reach a rung."""
    if rung.side is not None:  # what a hazard leads to is the doing of no side
        return []
    return [name for name in reckoned(escalation) if escalation.hazards[name].leads_to in rung.reached_by]


def kinds_of(scenario: Scenario) -> frozenset[str]:
    """Return the kinds of event that a batch must keep for the hazards of a scenario."""
    ways = {hazard.during for hazard in scenario.escalation.hazards.values() if hazard.during is not None}
    return frozenset[str]().union(*(KINDS[way] for way in ways))


def with_shares(scenario: Scenario, shares: Mapping[str, float]) -> Scenario:
    """Return a scenario in which some hazards have other shares."""
    hazards = {
        name: hazard.model_copy(update={"share": shares[name]}) if name in shares else hazard
        for name, hazard in scenario.escalation.hazards.items()
    }
    escalation = scenario.escalation.model_copy(update={"hazards": hazards})
    return scenario.model_copy(update={"escalation": escalation})


# ---- of a batch


def of_batch(batch: Batch, told: Mapping[int, Encounters]) -> Encounters:
    """Return the encounters of a batch; `told` has the replications that were handed over, by their place in it."""
    escalation = batch.prepared.scenario.escalation
    found = Encounters(
        {name: _exposure(batch, escalation.hazards[name]) for name in reckoned(escalation)},
        _ladder(batch, plain=True),
        _ladder(batch, plain=False),
    )
    for place, one in told.items():
        found = _laid_over(found, place, one)
    return found


def _exposure(batch: Batch, hazard: Hazard) -> Exposure:
    clock, none = batch.prepared.clock, np.zeros((0, batch.count))
    if hazard.on is not None:
        kind, _, zone = hazard.on.partition(":")
        by_flight: dict[str, list[Steps]] = {}
        for event in batch.happenings:
            if event.kind == kind and (not zone or event.data["zone"] == zone):
                by_flight.setdefault(event.about, []).append(event.step)
        counting = [np.sort(steps, axis=0)[hazard.from_occurrence - 1 :] for steps in by_flight.values()]
        steps = np.concatenate(counting) if counting else np.zeros((0, batch.count), dtype=np.int32)
        return Exposure(_in_time(batch.prepared, hazard, steps), np.zeros(batch.count))
    minutes = np.zeros(batch.count)
    begins, ends = ("joined", "parts") if hazard.during == "beside" else ("face-off", "face-off-ends")
    closing = {_which(event): event.step for event in batch.happenings if event.kind == ends}
    for event in batch.happenings:
        if event.kind == begins:
            minutes += _minutes(clock, event.step, closing.get(_which(event)))
    return Exposure(none, minutes)


def _which(event: Happening) -> tuple[Any, ...]:
    """Return what the beginning and the end of one span share."""
    return event.who, event.about, event.data.get("slot"), event.data.get("number")


def _minutes(clock: Clock, begins: Steps, ends: Steps | None) -> Shares:
    """Return the minutes in which a hazard may strike: from the step after the beginning to that before the end."""
    last = np.full(len(begins), clock.last) if ends is None else np.minimum(ends - 1, clock.last)
    steps = np.where(begins == NEVER, 0, np.maximum(last - begins, 0))
    minutes: Shares = steps * (clock.step_s / 60.0)
    return minutes


def _in_time(prepared: Prepared, hazard: Hazard, steps: Steps) -> Shares:
    """Return the chance that what comes of events at these steps comes within the window; 0 for no event."""
    assert hazard.delay_s is not None  # it goes with `on`
    clock, key = prepared.clock, ("in time", hazard.delay_s)
    table = prepared.tables.get(key)
    if table is None:
        table = thresholds(hazard.delay_s, clock.step_s, clock.last + 1)
        table[0] = 0.0  # a delay takes a step at least
        prepared.tables[key] = table
    left = clock.last - np.minimum(steps, clock.last)
    found: Shares = np.where(steps <= clock.last, table[left], 0.0)
    return found


def _ladder(batch: Batch, *, plain: bool) -> Flags:
    rungs = batch.prepared.scenario.escalation.rungs
    return np.array([_reached(batch, rung, plain=plain) for rung in rungs]).reshape(len(rungs), batch.count)


def _reached(batch: Batch, rung: Rung, *, plain: bool) -> Flags:
    """Return in which replications a rung was reached; `plain`, without the hazards that are reckoned."""
    left_out = set(reckoned(batch.prepared.scenario.escalation)) if plain else set()
    found = np.zeros(batch.count, dtype=bool)
    for event in batch.happenings:
        if (
            rung.reached_with(event.kind, event.about, event.data)
            and event.data.get("hazard") not in left_out
        ):
            found |= event.step != NEVER
    return found


# ---- of a log


def of_log(replication: Replication) -> Encounters:
    """Return the encounter of one replication, from its log."""
    escalation = replication.prepared.scenario.escalation
    names = reckoned(escalation)

    def reached(*left_out: str) -> Flags:
        records = [r for r in replication.log if r.data.get("hazard") not in left_out]
        found = [any(reaches(rung, record) for record in records) for rung in escalation.rungs]
        return np.array(found, dtype=bool).reshape(-1, 1)

    exposures = {name: _exposure_in_log(replication, escalation.hazards[name]) for name in names}
    return Encounters(exposures, reached(*names), reached())


def _exposure_in_log(replication: Replication, hazard: Hazard) -> Exposure:
    clock, log = replication.prepared.clock, replication.log
    none = np.zeros((0, 1))
    if hazard.on is not None:
        kind, _, zone = hazard.on.partition(":")
        counts: dict[str, int] = {}
        steps = []
        for record in log.of_kind(kind):
            if zone and record.data["zone"] != zone:
                continue
            counts[record.about] = counts.get(record.about, 0) + 1
            if counts[record.about] >= hazard.from_occurrence:
                steps.append([record.step])
        column = np.array(steps, dtype=np.int32).reshape(-1, 1)
        return Exposure(_in_time(replication.prepared, hazard, column), np.zeros(1))
    begins, ends = ("joined", "parts") if hazard.during == "beside" else ("face-off", "face-off-ends")
    minutes = np.zeros(1)
    for record in log.of_kind(begins):
        after = (r.step for r in log.of_kind(ends) if r.who == record.who and r.step > record.step)
        end = next(after, NEVER)
        minutes += _minutes(clock, np.array([record.step]), np.array([end]))
    return Exposure(none, minutes)


def _laid_over(found: Encounters, place: int, one: Encounters) -> Encounters:
    """Return encounters in which one replication, at a place, is as told by its log."""
    plain, counted = found.plain.copy(), found.counted.copy()
    plain[:, place], counted[:, place] = one.plain[:, 0], one.counted[:, 0]
    exposures = {}
    for name, each in found.exposures.items():
        mine = one.exposures[name]
        events = np.zeros((max(len(each.events), len(mine.events)), len(each.minutes)))
        events[: len(each.events)] = each.events
        events[:, place] = 0.0
        events[: len(mine.events), place] = mine.events[:, 0]
        minutes = each.minutes.copy()
        minutes[place] = mine.minutes[0]
        exposures[name] = Exposure(events, minutes)
    return replace(found, exposures=exposures, plain=plain, counted=counted)


def joined(found: Sequence[Encounters]) -> Encounters:
    """Return the encounters of some replications as one."""
    exposures = {}
    for name in found[0].exposures:
        each = [one.exposures[name] for one in found]
        most = max(len(one.events) for one in each)
        padded = [np.pad(one.events, ((0, most - len(one.events)), (0, 0))) for one in each]
        exposures[name] = Exposure(np.hstack(padded), np.concatenate([one.minutes for one in each]))
    plain = np.hstack([one.plain for one in found])
    return Encounters(exposures, plain, np.hstack([one.counted for one in found]))
