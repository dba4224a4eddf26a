"""Outcomes: from one log to the numbers of a replication, its place on the ladder, and its fit with the reports."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

import numpy as np

from sim.clock import NEVER, Clock
from sim.escalation import Rung
from sim.facts import Fact, Facts, Select
from sim.log import Record
from sim.run import Replication

Row = dict[str, Any]

SUM_DIGITS = 6
"""Decimal places of a sum: what events carry has two at the most."""


def rungs(replication: Replication, about: str | None = None) -> list[Row]:
    """Return the rungs of the ladder from the lowest, each with its first step, local time and flight, or None.

    With `about` only what concerns that flight counts.
    """
    clock = replication.prepared.clock
    found: list[Row] = []
    for rung in replication.prepared.scenario.escalation.rungs:
        row: Row = {"name": rung.name, "step": None, "time": None, "about": None}
        first = next((r for r in replication.log if about in (None, r.about) and reaches(rung, r)), None)
        if first is not None:
            row |= {"step": first.step, "time": clock.local(first.step), "about": first.about}
        found.append(row)
    return found


def reaches(rung: Rung, record: Record) -> bool:
    """Return whether an event of the log reaches a rung."""
    return rung.reached_with(record.kind, record.about, record.data)


def outcomes(replication: Replication) -> Row:
    """Return the outcomes of a replication as one flat row; what did not happen is None.

    Keys name the flight or side, then what is told, then its unit: `a50.airspace.1.inside_s`.  Times of day are local
    times.  See `docs/outcomes.md` for each.
    """
    return in_local_time(in_steps(replication), replication.prepared.clock)


def in_local_time(row: Row, clock: Clock) -> Row:
    """Return a row of outcomes with its times of day, the keys that end in `.at`, as local times instead of steps."""
    return {
        key: clock.local(value) if key.endswith(".at") and value is not None else value
        for key, value in row.items()
    }


def in_steps(replication: Replication) -> Row:
    """Return the outcomes of a replication with times of day as steps."""
    row = ladder_in_steps(replication)
    for flight in replication.tracks:
        row |= _flight_row(replication, flight)
    for side in replication.prepared.scenario.sides:
        row |= _side_row(replication, side)
    return row


def ladder_in_steps(replication: Replication, about: str | None = None) -> Row:
    """Return the outcomes that tell of the ladder of rungs, with times as steps; with `about` of one flight only."""
    found = rungs(replication, about)
    row: Row = {rung_key(rung["name"]): rung["step"] for rung in found}
    reached = [number for number, rung in enumerate(found, start=1) if rung["step"] is not None]
    row["highest_rung"] = max(reached, default=0)
    row["highest_rung_name"] = found[max(reached) - 1]["name"] if reached else None
    return row


def rung_key(name: str) -> str:
    """Return the key of the outcome that tells when a rung was reached."""
    return f"rung.{'-'.join(name.lower().split())}.at"


def _flight_row(replication: Replication, flight: str) -> Row:
    scenario, clock = replication.prepared.scenario, replication.prepared.clock
    track, script = replication.tracks[flight], replication.prepared.tracks[flight]
    row: Row = {}
    centre = replication.prepared.sphere.unit(scenario.centre.lat_deg, scenario.centre.lon_deg)
    distances = track.distances_km(centre)
    closest = int(np.argmin(distances))
    there = bool(np.isfinite(distances[closest]))  # a route may end before the first step after its beginning
    row[f"{flight}.closest_km"] = round(float(distances[closest]), 2) if there else None
    row[f"{flight}.closest.at"] = closest if there else None
    turned = next((r for r in replication.log if r.kind == "turns" and r.who == flight), None)
    row[f"{flight}.turns.at"] = None if turned is None else turned.step
    for zone, spec in scenario.zones.items():
        if spec.kind not in ("identification", "airspace"):
            continue
        stays = track.stays(zone)
        row[f"{flight}.{zone}.stays"] = len(stays)
        for number in range(1, max(len(stays), len(script.stays(zone))) + 1):
            stay = stays[number - 1] if number <= len(stays) else None
            here = f"{flight}.{zone}.{number}"
            row[f"{here}.enters.at"] = None if stay is None else stay.enters
            row[f"{here}.leaves.at"] = None if stay is None or stay.leaves == NEVER else stay.leaves
            end = NEVER if stay is None else min(stay.leaves, track.last + 1)
            row[f"{here}.inside_s"] = None if stay is None else (end - stay.enters) * clock.step_s
            row[f"{here}.closest_km"] = (
                None if stay is None else round(float(distances[stay.enters : end].min()), 2)
            )
            row |= _stay_row(replication, flight, zone, here, None if stay is None else (stay.enters, end))
    return row


def _stay_row(
    replication: Replication, flight: str, zone: str, here: str, stay: tuple[int, int] | None
) -> Row:
    """Return how each measure that may be taken in a zone raced a stay there: time taken, and time to spare.

    `decision_s` runs from the entry to the first such act within the stay; `authority_margin_s` from the moment at
    which the authority was given, at its post, to the end of the stay (negative: too late).
    """
    scenario, step_s = replication.prepared.scenario, replication.prepared.clock.step_s
    row: Row = {}
    for side, ladder in scenario.warning.items():
        for kind, rule in ladder.measures.items():
            if rule.zone != zone:
                continue
            acts = [
                r.step
                for r in replication.log
                if r.kind == kind and r.about == flight and r.data["side"] == side
            ]
            row[f"{here}.{kind}.decision_s"] = row[f"{here}.{kind}.spare_s"] = None
            first = None if stay is None else next((k for k in acts if stay[0] <= k < stay[1]), None)
            if stay is not None and first is not None:
                row[f"{here}.{kind}.decision_s"] = (first - stay[0]) * step_s
                row[f"{here}.{kind}.spare_s"] = (stay[1] - first) * step_s
            if rule.authority == "standing":
                continue
            granted = (
                None if stay is None else _granted(replication, rule.authority, flight, ladder.per, stay)
            )
            row[f"{here}.{kind}.authority_margin_s"] = (
                None if stay is None or granted is None else (stay[1] - granted) * step_s
            )
    return row


def _granted(
    replication: Replication, event: str, flight: str, per: str, stay: tuple[int, int]
) -> int | None:
    """Return the step of the authority that counts for a stay: of its own window, or once for the flight."""
    window = replication.tracks[flight].window(per, stay[0])
    return next(
        (
            r.step
            for r in replication.log
            if r.kind == event and r.about == flight and r.data.get("stay", window) == window
        ),
        None,
    )


def _side_row(replication: Replication, side: str) -> Row:
    scenario = replication.prepared.scenario
    row: Row = {}
    mine = [r for r in replication.log if r.data.get("side") == side]
    if side in replication.forces:
        # A pair that holds on station has taken off too, unless that was before the window: it counts once.
        flew = {r.who: r.data["aircraft"] for r in mine if r.kind in ("airborne", "on-station")}
        row[f"{side}.pairs"] = len(flew)
        row[f"{side}.aircraft"] = sum(flew.values())
        for flight in replication.tracks:
            joined = next((r for r in mine if r.kind == "joined" and r.about == flight), None)
            row[f"{side}.{flight}.joined.at"] = None if joined is None else joined.step
            if scenario.intruders[flight].side == side:
                row[f"{side}.{flight}.escort_late_s"] = _escort_late_s(replication, flight, joined)
    if side in scenario.warning:
        for flight in replication.tracks:
            row[f"{side}.{flight}.calls"] = sum(r.kind == "call" and r.about == flight for r in mine)
            for kind, rule in scenario.warning[side].measures.items():
                acts = [r for r in mine if r.kind == kind and r.about == flight]
                row[f"{side}.{flight}.{kind}"] = len(acts)
                if rule.flares is not None:
                    row[f"{side}.{flight}.{kind}.flares"] = sum(r.data["flares"] for r in acts)
                if rule.burst_s is not None:
                    row[f"{side}.{flight}.{kind}.rounds"] = sum(r.data["rounds"] for r in acts)
                if rule.distance_km is not None:
                    row[f"{side}.{flight}.{kind}.least_km"] = min(
                        (r.data["distance_km"] for r in acts), default=None
                    )
    return row


def _escort_late_s(replication: Replication, flight: str, joined: Record | None) -> int | None:
    """Return how long after the flight's last exit from any identification zone its escort came (negative: before)."""
    if joined is None:
        return None
    zones = [z for z, spec in replication.prepared.scenario.zones.items() if spec.kind == "identification"]
    track = replication.tracks[flight]
    last = max((min(s.leaves, track.last + 1) for z in zones for s in track.stays(z)), default=None)
    return None if last is None else (joined.step - last) * replication.prepared.clock.step_s


def reported(replication: Replication) -> list[Row]:
    """Return each reported fact beside what was simulated: gap, tolerance and whether it is within it."""
    clock = replication.prepared.clock
    return [
        compared(clock, name, fact, simulated(replication, fact))
        for name, fact in replication.prepared.scenario.facts.items()
    ]


def compared(clock: Clock, name: str, fact: Fact, value: float | None) -> Row:
    """Return one reported fact beside a value of `simulated`."""
    row: Row = {
        "id": name,
        "role": fact.role,
        "statement": fact.statement,
        "reported": reported_in_words(fact),
        "simulated": None,
        "tolerance": fact.tolerance if fact.take != "time" else fact.tolerance_s,
        "ok": False,
        "confidence": fact.confidence,
        "disputed": fact.disputed,
        "topic": fact.topic,
        "source": [fact.source] if isinstance(fact.source, str) else fact.source,
    }
    if fact.take == "time":
        row["gap_s"] = None
        if value is not None:
            row["simulated"] = clock.local(int(value))
            row["gap_s"], row["ok"] = _time_gap(clock, fact, int(value))
    else:
        row["simulated"], row["gap"] = value, None
        if value is not None:
            row["gap"], row["ok"] = _number_gap(fact, value)
    return row


def reported_in_words(fact: Fact) -> str | float:
    """Return what was reported shortly: `09:09:00`, `before 09:09:00`, `20..29`, `25..`, or a number."""
    if fact.at is not None:
        return f"{fact.direction} {fact.at}" if fact.direction else str(fact.at)
    if fact.earliest is not None or fact.latest is not None:
        return f"{fact.earliest or ''}..{fact.latest or ''}"
    if fact.value is not None:
        return fact.value
    low, high = ("" if bound is None else f"{bound:g}" for bound in (fact.low, fact.high))
    return f"{low}..{high}"


def reported_as_simulated(clock: Clock, fact: Fact) -> str | float | dict[str, str | float | None]:
    """Return what was reported in the form of what is simulated: a local time with its offset, or a number.

    What has two ends, or one, is an object with the keys of the fact: `before` or `after`, `earliest` and `latest`,
    `low` and `high`; an end that is open is None.
    """
    if fact.at is not None:
        at = clock.with_offset(fact.at)
        return {fact.direction: at} if fact.direction else at
    if fact.earliest is not None or fact.latest is not None:
        ends = {"earliest": fact.earliest, "latest": fact.latest}
        return {end: None if at is None else clock.with_offset(at) for end, at in ends.items()}
    return {"low": fact.low, "high": fact.high} if fact.value is None else fact.value


def as_simulated(rows: Iterable[Row], clock: Clock, facts: Facts) -> list[Row]:
    """Return rows of facts for other programs, with what was reported in the form of what was simulated."""
    return [row | {"reported": reported_as_simulated(clock, facts[row["id"]])} for row in rows]


def _time_gap(clock: Clock, fact: Fact, step: int) -> tuple[float, bool]:
    second = step * clock.step_s
    if fact.at is not None:
        gap = second - clock.seconds_at(fact.at)
        if fact.direction is not None:
            return gap, gap < 0 if fact.direction == "before" else gap > 0
        return gap, abs(gap) <= (fact.tolerance_s or 0.0)
    early = 0.0 if fact.earliest is None else min(0.0, second - clock.seconds_at(fact.earliest))
    late = 0.0 if fact.latest is None else max(0.0, second - clock.seconds_at(fact.latest))
    return early + late, early + late == 0


def _number_gap(fact: Fact, value: float) -> tuple[float, bool]:
    if fact.value is not None:
        gap = value - fact.value
        return round(gap, 3), abs(gap) <= (fact.tolerance or 0.0)
    below = 0.0 if fact.low is None else min(0.0, value - fact.low)
    above = 0.0 if fact.high is None else max(0.0, value - fact.high)
    return round(below + above, 3), below + above == 0


def within(clock: Clock, fact: Fact, low: float, high: float) -> bool:
    """Return whether an interval of simulated values meets what was reported, with its tolerance."""
    if fact.take != "time":
        least = fact.value - (fact.tolerance or 0.0) if fact.value is not None else fact.low
        most = fact.value + (fact.tolerance or 0.0) if fact.value is not None else fact.high
        return (least is None or high >= least) and (most is None or low <= most)
    early, late = low * clock.step_s, high * clock.step_s
    if fact.at is not None:
        at = clock.seconds_at(fact.at)
        if fact.direction is not None:
            return early < at if fact.direction == "before" else late > at
        return early <= at + (fact.tolerance_s or 0.0) and late >= at - (fact.tolerance_s or 0.0)
    after = fact.earliest is None or late >= clock.seconds_at(fact.earliest)
    return after and (fact.latest is None or early <= clock.seconds_at(fact.latest))


def simulated(replication: Replication, fact: Fact) -> float | None:
    """Return what a fact speaks of as it came out: a step for a time, else a number; None if it did not happen."""
    found = list(_selected(replication, fact.select))
    if fact.take == "time":
        number = fact.select.occurrence or 1
        return found[number - 1].step if len(found) >= number else None
    if fact.take == "count":
        return len(found)
    if fact.take == "duration_s":
        return _duration_s(replication, found)
    if fact.take == "distance_km":
        return _distance_km(replication, found)
    way, _, data = fact.take.partition(":")
    values: list[float] = [r.data[data] for r in found if data in r.data]
    if way == "sum":
        return round(sum(values), SUM_DIGITS)  # whatever the order in which fractions are added up
    return min(values, default=None)


def happened(replication: Replication, fact: Fact) -> bool:
    """Return whether anything happened of which a fact speaks; of the n-th such event, whether there was one."""
    number = fact.select.occurrence or 1
    return next(islice(_selected(replication, fact.select), number - 1, None), None) is not None


def _selected(replication: Replication, select: Select) -> Iterable[Record]:
    wanted = {"side": select.by, "zone": select.zone, "stay": select.stay, "type": select.type}
    for record in replication.log.of_kind(select.kind):
        if select.who is not None and record.who not in select.who:
            continue
        if select.about is not None and record.about not in select.about:
            continue
        if any(value is not None and record.data.get(key) != value for key, value in wanted.items()):
            continue
        if select.during is not None:
            track = replication.tracks.get(record.about)  # what is about nobody is in no stay
            stays = [] if track is None else track.stays(select.during.zone)
            number = select.during.stay
            if number > len(stays) or not stays[number - 1].enters <= record.step < stays[number - 1].leaves:
                continue
        yield record


def _duration_s(replication: Replication, leaving: list[Record]) -> float | None:
    lengths = []
    for record in leaving:
        stay = replication.tracks[record.about].stays(record.data["zone"])[record.data["stay"] - 1]
        lengths.append((stay.leaves - stay.enters) * replication.prepared.clock.step_s)
    return sum(lengths) if lengths else None


def _distance_km(replication: Replication, leaving: list[Record]) -> float | None:
    prepared = replication.prepared
    centre = prepared.sphere.unit(prepared.scenario.centre.lat_deg, prepared.scenario.centre.lon_deg)
    found = []
    for record in leaving:
        track = replication.tracks[record.about]
        stay = track.stays(record.data["zone"])[record.data["stay"] - 1]
        found.append(float(track.distances_km(centre)[stay.enters : stay.leaves].min()))
    return round(min(found), 2) if found else None
