"""The escalation ladder over time: which rung holds when, when each was first reached, what was reported."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from plots.encounter import Encounter, Event

if TYPE_CHECKING:
    from sim.escalation import Rung
    from sim.facts import Fact

ENDS = {
    "track": ("track-lost",),
    "enters": ("leaves",),
    "airborne": ("joined", "parts", "called-off", "returns"),
    "joined": ("parts",),
    "face-off": ("face-off-ends",),
}
"""The events that end what an event began, of the same doer (and zone and stay)."""


@dataclass(frozen=True)
class Held:
    """One rung, from the lowest: when it was first reached for the flight, and the spans in which it held."""

    name: str
    first: int | None
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Reported:
    """A reported time of an event that reaches a rung, as steps; a side that is None is open."""

    rung: int
    earliest: float | None
    latest: float | None
    is_input: bool


def speaks_of(fact: Fact, rung: Rung) -> bool:
    """Return whether the events that a fact speaks of reach a rung; one that names no side may mean the rung's."""
    select = fact.select
    side = rung.side if select.by is None else select.by
    return rung.names(select.kind, select.zone, side)


def ladder(encounter: Encounter) -> list[Held]:
    """Return the rungs as they held for the flight.

    What has an end in the log (a track, a stay, a pair beside the flight) holds until then; a measure, and a
    decision taken anew for each stay, until the flight leaves its zone; all else to the end of the flight.
    """
    found = []
    for rung in encounter.recorded.scenario.escalation.rungs:
        reached = [e for e in encounter.events if rung.reached_with(e["kind"], e["about"], e["data"])]
        spans = tuple((e["step"], max(_end(encounter, e), e["step"] + 1)) for e in reached)
        found.append(Held(rung.name, min((e["step"] for e in reached), default=None), spans))
    return found


def staircase(held: list[Held], begins: int, ends: int) -> list[tuple[int, int]]:
    """Return (step, level) at each change, with the level of the highest rung that holds (0 for none).

    >>> staircase([Held("low", 2, ((2, 9),)), Held("high", 4, ((4, 6),))], 0, 10)
    [(0, 0), (2, 1), (4, 2), (6, 1), (9, 0)]
    """
    marks = {begins, *(step for rung in held for span in rung.spans for step in span if begins < step < ends)}
    stairs: list[tuple[int, int]] = []
    for step in sorted(marks):
        level = max(
            (i for i, rung in enumerate(held, start=1) if any(a <= step < b for a, b in rung.spans)),
            default=0,
        )
        if not stairs or stairs[-1][1] != level:
            stairs.append((step, level))
    return stairs


def reported(encounter: Encounter) -> list[Reported]:
    """Return the reported times that are about the flight and an event on the ladder, each once."""
    scenario = encounter.recorded.scenario
    found = []
    for row in encounter.recorded.reported:
        fact = scenario.facts[row["id"]]
        if fact.take != "time" or not _is_about(fact, encounter.flight):
            continue
        for number, rung in enumerate(scenario.escalation.rungs, start=1):
            if speaks_of(fact, rung):
                found.append(Reported(number, *_steps(encounter, fact), fact.role == "input"))
    return list(dict.fromkeys(found))


def _is_about(fact: Fact, flight: str) -> bool:
    named = fact.select.about or fact.select.who
    return named is not None and flight in named


def _steps(encounter: Encounter, fact: Fact) -> tuple[float | None, float | None]:
    clock = encounter.clock
    at, earliest, latest = (
        None if local is None else clock.seconds_at(local) / clock.step_s
        for local in (fact.at, fact.earliest, fact.latest)
    )
    if at is not None:
        return (None if fact.direction == "before" else at), (None if fact.direction == "after" else at)
    return earliest, latest


def _end(encounter: Encounter, event: Event) -> int:
    last = int(encounter.recorded.ways[encounter.flight].step[-1]) + 1
    closing = ENDS.get(event["kind"])
    if closing is not None:
        return next((e["step"] for e in encounter.events if _closes(e, event, closing)), last)
    zone = _zone_of(encounter, event)
    if zone is None:
        return last
    leaves = (e for e in encounter.events if e["kind"] == "leaves" and e["data"]["zone"] == zone)
    return next((e["step"] for e in leaves if e["step"] > event["step"]), last)


def _closes(later: Event, event: Event, closing: tuple[str, ...]) -> bool:
    same = all(later["data"].get(key) == event["data"].get(key) for key in ("zone", "stay", "number"))
    return later["id"] > event["id"] and later["kind"] in closing and later["who"] == event["who"] and same


def _zone_of(encounter: Encounter, event: Event) -> str | None:
    """Return the zone within whose stay an event counts, or None."""
    scenario = encounter.recorded.scenario
    warned = scenario.warning.get(event["data"].get("side", ""))
    if warned is not None and event["kind"] in warned.measures:
        return warned.measures[event["kind"]].zone
    stage = scenario.command.stages.get(event["data"].get("stage", ""))
    return None if stage is None else stage.per


def zones_held(encounter: Encounter) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """Yield (first step, step after the last, zones) over the span: identification zones and airspace."""
    stays = encounter.stays("identification", "airspace")
    marks = {encounter.begins, encounter.ends}
    marks |= {k for s in stays for k in (s.enters, s.leaves) if encounter.begins < k < encounter.ends}
    cuts = sorted(marks)
    for first, last in pairwise(cuts):
        inside = (s.zone for s in stays if s.enters <= first < s.leaves)
        yield first, last, tuple(dict.fromkeys(inside))
