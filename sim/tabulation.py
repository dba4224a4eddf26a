"""Tabulation: what `measures` tells of one log, told of a batch of replications by array operations alone.

Each function here says for arrays what the function of the like name in `measures` says for a log.  The outcomes of a
replication must be equal, and a test compares them.

The problem: choosing by a condition (`np.where`) costs twenty times what a minimum or a product costs.  The solution:
what does not count is moved out of the way, to NEVER or to 0, by arithmetic.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.catalogue import (
    FRACTIONS,
    Wanted,
    fact_column,
    happened_column,
    sides_with_fighters,
    sighted_zones,
    tells_absence,
)
from sim.clock import NEVER
from sim.escalation import Rung
from sim.facts import Fact, Select
from sim.happenings import Batch, FlownColumns, Happening, StayColumns, Steps
from sim.measures import SUM_DIGITS, rung_key

Flags = NDArray[np.bool_]
Values = tuple[NDArray[Any], Flags]
"""(values, where they are valid): shape (replications,), or (1,) for what is the same in all."""
Named = tuple[str, Values]
Told = tuple[Happening, Steps]
"""A happening, and the steps at which it counts: NEVER where it does not."""

KM_DIGITS = 2
FAR = 1e300
"""More than every number that an event can carry."""
ALWAYS: Flags = np.ones(1, dtype=bool)
NOTHING: Steps = np.array([NEVER], dtype=np.int32)


class Events:
    """The happenings of a batch, found by kind, and what has been asked of them."""

    def __init__(self, batch: Batch) -> None:
        self.batch, self.scenario = batch, batch.prepared.scenario
        self.step_s = batch.prepared.clock.step_s
        self._of_kind: dict[str, list[Happening]] = {}
        for happening in batch.happenings:
            self._of_kind.setdefault(happening.kind, []).append(happening)
        self._of: dict[tuple[str, str | None, str | None], list[Happening]] = {}
        self._selected: dict[str, list[Told]] = {}
        self._happened: dict[int, Flags] = {}

    def of(self, kind: str, about: str | None = None, side: str | None = None) -> list[Happening]:
        """Return the happenings of a kind, about a flight and by a side where these are given."""
        key = (kind, about, side)
        found = self._of.get(key)
        if found is None:
            among = self._of_kind.get(kind, []) if about is side is None else self.of(kind)
            found = [h for h in among if about in (None, h.about) and side in (None, h.data.get("side"))]
            self._of[key] = found
        return found

    def happened(self, told: Told) -> Flags:
        """Return in which replications an event happened; kept, since several columns ask."""
        key = id(told[1])  # the happenings and the selections keep it alive
        found = self._happened.get(key)
        if found is None:
            found = self._happened[key] = told[1] != NEVER
        return found

    def told(self, kind: str, about: str | None = None, side: str | None = None) -> list[Told]:
        """Return the happenings of a kind with their steps."""
        return [(happening, happening.step) for happening in self.of(kind, about, side)]

    def selected(self, select: Select) -> list[Told]:
        """Return the happenings that a selection speaks of."""
        key = select.model_dump_json(exclude={"occurrence"})
        found = self._selected.get(key)
        if found is None:
            each = (self._selected_of(select, h) for h in self.of(select.kind, None, select.by))
            found = self._selected[key] = [told for told in each if told is not None]
        return found

    def _selected_of(self, select: Select, happening: Happening) -> Told | None:
        if select.about is not None and happening.about not in select.about:
            return None
        if select.who is not None and happening.who not in select.who:
            return None
        wanted = {"zone": select.zone, "stay": select.stay, "type": select.type}
        if any(value is not None and happening.data.get(key) != value for key, value in wanted.items()):
            return None
        if select.during is None:
            return happening, happening.step
        flown, number = self.batch.flown.get(happening.about), select.during.stay
        if flown is None or number > len(flown.stays[select.during.zone].enters):
            return None
        stays = flown.stays[select.during.zone]
        return happening, within(happening.step, stays.enters[number - 1], stays.leaves[number - 1])


def values(batch: Batch, wanted: Wanted) -> dict[str, Values]:
    """Return every wanted column of a batch, by its name in the catalogue."""
    events = Events(batch)
    found = dict(_ladder(events, wanted.about))
    if wanted.outcomes:
        for flight, flown in batch.flown.items():
            found |= _flight(events, flight, flown)
        for side in events.scenario.sides:
            found |= _side(events, side)
    for name, fact in events.scenario.facts.items() if wanted.facts else ():
        found[fact_column(name, fact)] = _fact(events, fact)
        if wanted.happened and not tells_absence(fact):
            found[happened_column(name)] = _happened(events, fact.select), ALWAYS
    return found


def most_stays(stays: StayColumns, rows: NDArray[np.intp]) -> int:
    """Return the most stays that one of the replications in `rows` makes."""
    each = (stays.enters != NEVER).sum(axis=0)
    return int((each if len(each) == 1 else each[rows]).max(initial=0)) if len(rows) else 0


def earliest(steps: Iterable[Steps]) -> Steps:
    """Return the first step of several events, NEVER where none happens."""
    found: Steps | None = None
    for step in steps:
        if found is None or len(found) < len(step):
            found = step.copy() if found is None else np.minimum(found, step)
        else:
            np.minimum(found, step, out=found)
    return NOTHING if found is None else found


def within(step: Steps, begins: Steps, ends: Steps) -> Steps:
    """Return the steps that lie in the spans from `begins` up to before `ends`, NEVER for others."""
    return _never_if((step < begins) | (step >= ends), step)


def _never_if(flags: Flags, step: Steps) -> Steps:
    kept: Steps = np.maximum(step, flags * np.int32(NEVER))
    return kept


def _count(events: Events, found: list[Told]) -> NDArray[Any]:
    """Return how many of several events happen."""
    total: NDArray[Any] = np.zeros(1, dtype=np.uint8 if len(found) < 256 else np.uint32)
    for told in found:
        total = _added(total, events.happened(told).view(np.uint8))
    return total


def _added(total: NDArray[Any], more: NDArray[Any]) -> NDArray[Any]:
    """Add to a total, in place if it is as long as what is added."""
    if len(total) < len(more):
        total = total + more
    else:
        total += more
    return total


def _at(events: Events, step: Steps) -> Values:
    return _seconds(events, step, step != NEVER)


def _seconds(events: Events, steps: NDArray[Any], valid: Flags) -> Values:
    """Return steps as seconds, 0 where they are not valid."""
    kept = steps * valid
    return (kept if events.step_s == 1 else kept * np.int32(events.step_s)), valid


def _km(distance_km: NDArray[np.float64], valid: Flags) -> Values:
    return np.round(distance_km, KM_DIGITS), valid


# ---- outcomes


def _ladder(events: Events, about: str | None) -> Iterator[Named]:
    highest: NDArray[Any] = np.zeros(1, dtype=np.int32)
    for number, rung in enumerate(events.scenario.escalation.rungs, start=1):
        step, valid = _at(events, earliest(_reaching(events, rung, about)))
        highest = np.maximum(highest, valid * np.int32(number))
        yield f"{rung_key(rung.name)}_s", (step, valid)
    yield "highest_rung", (highest, ALWAYS)
    yield "highest_rung_name", (np.maximum(highest - 1, 0), highest > 0)


def _reaching(events: Events, rung: Rung, about: str | None) -> Iterator[Steps]:
    for kind in dict.fromkeys(event.partition(":")[0] for event in rung.reached_by):
        for happening in events.of(kind, about, rung.side):
            if rung.reached_with(kind, happening.about, happening.data):
                yield happening.step


def _flight(events: Events, flight: str, flown: FlownColumns) -> Iterator[Named]:
    there = np.isfinite(flown.closest_km)
    yield f"{flight}.closest_km", _km(flown.closest_km, there)
    yield f"{flight}.closest.at_s", _seconds(events, flown.closest, there)
    yield f"{flight}.turns.at_s", _at(events, flown.turns)
    for zone in sighted_zones(events.scenario):
        stays = flown.stays[zone]
        yield f"{flight}.{zone}.stays", ((stays.enters != NEVER).sum(axis=0), ALWAYS)
        for number, (enters, leaves, closest_km) in enumerate(
            zip(stays.enters, stays.leaves, stays.closest_km, strict=True), start=1
        ):
            here, stayed = f"{flight}.{zone}.{number}", enters != NEVER
            end = np.minimum(leaves, flown.last + 1)
            yield f"{here}.enters.at_s", _seconds(events, enters, stayed)
            yield f"{here}.leaves.at_s", _at(events, leaves)
            yield f"{here}.inside_s", _seconds(events, end - enters, stayed)
            yield f"{here}.closest_km", _km(closest_km, stayed)
            yield from _stay(events, flight, zone, here, (enters, end))


def _stay(events: Events, flight: str, zone: str, here: str, stay: tuple[Steps, Steps]) -> Iterator[Named]:
    enters, end = stay
    for side, ladder in events.scenario.warning.items():
        for kind, rule in ladder.measures.items():
            if rule.zone != zone:
                continue
            first = earliest(within(h.step, enters, end) for h in events.of(kind, flight, side))
            taken = first != NEVER
            yield f"{here}.{kind}.decision_s", _seconds(events, first - enters, taken)
            yield f"{here}.{kind}.spare_s", _seconds(events, end - first, taken)
            if rule.authority != "standing":
                granted = earliest(_granted(events, rule.authority, flight, ladder.per, enters))
                raced = (granted != NEVER) & (enters != NEVER)
                yield f"{here}.{kind}.authority_margin_s", _seconds(events, end - granted, raced)


def _granted(events: Events, event: str, flight: str, per: str, enters: Steps) -> Iterator[Steps]:
    """Yield when the authority that counts for a stay was given: of its own window, or once for the flight."""
    window = 1 + (events.batch.flown[flight].stays[per].leaves < enters).sum(axis=0)
    for happening in events.of(event, flight):
        stay = happening.data.get("stay")
        yield happening.step if stay is None else _never_if(window != stay, happening.step)


def _side(events: Events, side: str) -> Iterator[Named]:
    scenario, flown = events.scenario, events.batch.flown
    if side in sides_with_fighters(scenario):
        pairs, aircraft = _taken_off(events, side)
        yield f"{side}.pairs", (pairs, ALWAYS)
        yield f"{side}.aircraft", (aircraft, ALWAYS)
        for flight in flown:
            joined = earliest(h.step for h in events.of("joined", flight, side))
            yield f"{side}.{flight}.joined.at_s", _at(events, joined)
            if scenario.intruders[flight].side == side:
                last = _last_exit(events, flown[flight])
                escorted = (joined != NEVER) & (last >= 0)
                yield f"{side}.{flight}.escort_late_s", _seconds(events, joined - last, escorted)
    if side in scenario.warning:
        for flight in flown:
            yield f"{side}.{flight}.calls", (_count(events, events.told("call", flight, side)), ALWAYS)
            for kind, rule in scenario.warning[side].measures.items():
                acts = events.told(kind, flight, side)
                here = f"{side}.{flight}.{kind}"
                yield here, (_count(events, acts), ALWAYS)
                if rule.flares is not None:
                    yield f"{here}.flares", (_sum(events, acts, "flares"), ALWAYS)
                if rule.burst_s is not None:
                    yield f"{here}.rounds", (_sum(events, acts, "rounds"), ALWAYS)
                if rule.distance_km is not None:
                    yield f"{here}.least_km", _least(events, acts, "distance_km")


def _taken_off(events: Events, side: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the pairs that took off and their aircraft; one that takes off and holds on station counts once."""
    flew: dict[str, tuple[int, Flags]] = {}
    for kind in ("airborne", "on-station"):
        for told in events.told(kind, None, side):
            happening, happened = told[0], events.happened(told)
            before = flew.get(happening.who)
            aircraft = happening.data["aircraft"]
            flew[happening.who] = (aircraft, happened if before is None else before[1] | happened)
    pairs: NDArray[Any] = np.zeros(1, dtype=np.int32)
    together: NDArray[Any] = np.zeros(1, dtype=np.int32)
    for aircraft, happened in flew.values():
        pairs = _added(pairs, happened)
        together = _added(together, happened * np.int32(aircraft))
    return pairs, together


def _last_exit(events: Events, flown: FlownColumns) -> NDArray[Any]:
    """Return the step of a flight's last exit from any identification zone, -1 where there is none."""
    found: NDArray[Any] = np.array([-1], dtype=np.int32)
    for zone, spec in events.scenario.zones.items():
        if spec.kind == "identification":
            stays = flown.stays[zone]
            for enters, leaves in zip(stays.enters, stays.leaves, strict=True):
                end = np.minimum(leaves, flown.last + 1)
                found = np.maximum(found, (end + 1) * (enters != NEVER) - 1)
    return found


# ---- facts


def _fact(events: Events, fact: Fact) -> Values:
    """Return what a fact speaks of as it came out, as `measures.simulated`, but a time in seconds."""
    found = events.selected(fact.select)
    if fact.take == "time":
        return _at(events, _nth([step for _, step in found], fact.select.occurrence or 1))
    if fact.take == "count":
        return _count(events, found), ALWAYS
    if fact.take == "duration_s":
        return _duration_s(events, found)
    if fact.take == "distance_km":
        return _distance_km(events, found)
    way, _, data = fact.take.partition(":")
    return (_sum(events, found, data), ALWAYS) if way == "sum" else _least(events, found, data)


def _happened(events: Events, select: Select) -> NDArray[Any]:
    """Return 1 where anything happened of which a selection speaks, else 0, as `measures.happened`."""
    first = earliest(step for _, step in events.selected(select))
    return np.not_equal(first, NEVER).view(np.uint8)


def _nth(steps: list[Steps], number: int) -> Steps:
    """Return the step of the n-th event in time, NEVER where there are fewer."""
    if number == 1 or len(steps) < number:
        return earliest(steps) if number == 1 else NOTHING
    # The first `number` steps in order: each event is let fall through them and stays where it belongs.
    first: list[Steps] = [NOTHING] * number
    for step in steps:
        falling = step
        for place, standing in enumerate(first):
            first[place], falling = np.minimum(standing, falling), np.maximum(standing, falling)
    return first[-1]


def _sum(events: Events, found: list[Told], data: str) -> NDArray[Any]:
    fraction = data in FRACTIONS
    total: NDArray[Any] = np.zeros(1, dtype=np.float64 if fraction else np.int32)
    for told, carried in _carried(found, data):
        total = _added(total, np.multiply(carried, events.happened(told), dtype=total.dtype))
    return np.round(total, SUM_DIGITS) if fraction else total


def _least(events: Events, found: list[Told], data: str) -> Values:
    least: NDArray[Any] = np.array([FAR])
    for told, carried in _carried(found, data):
        least = np.minimum(least, np.maximum(carried, ~events.happened(told) * FAR))
    valid = least < FAR
    return least * valid, valid


def _carried(found: list[Told], data: str) -> Iterator[tuple[Told, Any]]:
    """Yield the events that carry a number, and the number."""
    for told in found:
        happening = told[0]
        if data in happening.varying:
            yield told, happening.varying[data]
        elif data in happening.data:
            yield told, happening.data[data]


def _duration_s(events: Events, found: list[Told]) -> Values:
    total: NDArray[Any] = np.zeros(1, dtype=np.int32)
    some: Flags = np.zeros(1, dtype=bool)
    for told in found:
        enters, leaves, _ = _stay_of(events, told[0])
        left = events.happened(told)
        total = _added(total, (leaves - enters) * left)
        some = some | left
    return _seconds(events, total, some)


def _distance_km(events: Events, found: list[Told]) -> Values:
    least: NDArray[Any] = np.array([FAR])
    for told in found:
        _, _, closest_km = _stay_of(events, told[0])
        least = np.minimum(least, np.fmax(closest_km, ~events.happened(told) * FAR))
    return _km(least, least < FAR)


def _stay_of(events: Events, leaving: Happening) -> tuple[Steps, Steps, NDArray[np.float64]]:
    stays = events.batch.flown[leaving.about].stays[leaving.data["zone"]]
    place = leaving.data["stay"] - 1
    if place >= len(stays.enters):  # it was left in no replication: only in a telling that was told again
        never = np.full(1, NEVER, dtype=np.int32)
        return never, never, np.full(1, np.nan)
    return stays.enters[place], stays.leaves[place], stays.closest_km[place]
