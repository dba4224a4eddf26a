"""The catalogue of outcomes: name, unit and meaning of every column of a table of replications.

A column is what `measures.outcomes` calls by the same key; a time of day, there a local time `.at`, is here the whole
seconds after the start of the window, `.at_s`.  The value of each reported fact is a column too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from sim.facts import Fact
from sim.measures import rung_key
from sim.run import Prepared
from sim.scenario import Scenario

FRACTIONS = frozenset({"burst_s", "distance_km"})
"""What events carry that is no whole number."""

StayCounts = Mapping[tuple[str, str], int]
"""By (flight, zone): so many stays."""


@dataclass(frozen=True)
class Column:
    """One column of the table of outcomes."""

    name: str
    unit: str
    """`s`, `km`, or empty for a count, a place on the ladder and a name."""
    meaning: str
    kind: Literal["whole", "fraction", "name"] = "whole"
    optional: bool = False
    """Whether it can be absent, since what it tells of need not happen."""
    names: tuple[str, ...] = ()
    """Of a column of names: those that can stand in it."""
    beyond: tuple[str, int] | None = None
    """Of a stay that the script does not hold: the column that counts the stays, and which of them this is."""

    @property
    def key(self) -> str:
        """The key of the same outcome in `measures.outcomes`."""
        return self.name.removesuffix("_s") if self.name.endswith(".at_s") else self.name


@dataclass(frozen=True)
class Wanted:
    """What is asked of each replication: all, or only the ladder and the facts, or only one flight's ladder."""

    outcomes: bool = True
    facts: bool = True
    about: str | None = None
    happened: bool = False
    """Of facts also whether what they speak of happened, where their value is a number either way."""


ALL = Wanted()
REPORTED = Wanted(outcomes=False, happened=True)
"""What is compared with reports: the ladder and the facts."""


def ladder_of(flight: str) -> Wanted:
    """Return what asks only when a flight reached each rung."""
    return Wanted(outcomes=False, facts=False, about=flight)


def columns(prepared: Prepared, stays: StayCounts, wanted: Wanted = ALL) -> tuple[Column, ...]:
    """Return the columns in their order; `stays` says how many each flight makes in each zone at the most."""
    scenario = prepared.scenario
    found = [
        Column("replication", "", "number of the replication under the seed"),
        *_ladder(scenario, wanted),
    ]
    if wanted.outcomes:
        for flight in scenario.intruders:
            found += _flight(prepared, flight, stays)
        for side in scenario.sides:
            found += _side(scenario, side)
    for name, fact in scenario.facts.items() if wanted.facts else ():
        found.append(_fact(name, fact))
        if wanted.happened and not tells_absence(fact):
            meaning = f"1 where anything happened of which “{fact.statement}” speaks, else 0"
            found.append(Column(happened_column(name), "", meaning))
    return tuple({column.name: column for column in found}.values())


def sighted_zones(scenario: Scenario) -> list[str]:
    """Return the zones of which each stay is told: identification zones and airspaces."""
    return [zone for zone, spec in scenario.zones.items() if spec.kind in ("identification", "airspace")]


def sides_with_fighters(scenario: Scenario) -> set[str]:
    """Return the sides that have pairs."""
    return {pair.side for pair in scenario.fighters.pairs.values()}


def _time(key: str, meaning: str, beyond: tuple[str, int] | None = None) -> Column:
    return Column(f"{key}_s", "s", f"{meaning}, after the start of the window", optional=True, beyond=beyond)


def _ladder(scenario: Scenario, wanted: Wanted) -> Iterator[Column]:
    whose = "" if wanted.about is None else f" by {wanted.about}"
    rungs = scenario.escalation.rungs
    for rung in rungs:
        yield _time(rung_key(rung.name), f"when the rung “{rung.name}” was first reached{whose}")
    yield Column("highest_rung", "", "place of the highest rung reached, from 1; 0 for none")
    names = tuple(rung.name for rung in rungs)
    yield Column("highest_rung_name", "", "name of the highest rung reached", "name", True, names)


def _flight(prepared: Prepared, flight: str, stays: StayCounts) -> Iterator[Column]:
    scenario = prepared.scenario
    centre = scenario.centre.label
    yield Column(f"{flight}.closest_km", "km", f"closest approach of {flight} to {centre}", "fraction", True)
    yield _time(f"{flight}.closest.at", f"when {flight} was closest to {centre}")
    yield _time(f"{flight}.turns.at", f"when the crew of {flight} left its route")
    for zone in sighted_zones(scenario):
        count = f"{flight}.{zone}.stays"
        yield Column(count, "", f"stays of {flight} in {zone}")
        scripted = len(prepared.tracks[flight].stays(zone))
        for number in range(1, max(scripted, stays.get((flight, zone), 0)) + 1):
            beyond = (count, number) if number > scripted else None
            yield from _stay(scenario, flight, zone, number, beyond)


def _stay(
    scenario: Scenario, flight: str, zone: str, number: int, beyond: tuple[str, int] | None
) -> Iterator[Column]:
    here, stay = f"{flight}.{zone}.{number}", f"stay {number} of {flight} in {zone}"
    yield _time(f"{here}.enters.at", f"start of {stay}", beyond)
    yield _time(f"{here}.leaves.at", f"end of {stay}", beyond)
    yield Column(f"{here}.inside_s", "s", f"length of {stay}", optional=True, beyond=beyond)
    closest = f"closest approach to {scenario.centre.label} in {stay}"
    yield Column(f"{here}.closest_km", "km", closest, "fraction", True, beyond=beyond)
    for ladder in scenario.warning.values():
        for kind, rule in ladder.measures.items():
            if rule.zone != zone:
                continue
            told = {
                "decision_s": f"from the start of {stay} to the first {kind} within it",
                "spare_s": f"from the first {kind} within {stay} to its end",
            }
            if rule.authority != "standing":
                told["authority_margin_s"] = (
                    f"from the authority for {kind} to the end of {stay}; negative: too late"
                )
            for name, meaning in told.items():
                yield Column(f"{here}.{kind}.{name}", "s", meaning, optional=True, beyond=beyond)


def _side(scenario: Scenario, side: str) -> Iterator[Column]:
    if side in sides_with_fighters(scenario):
        yield Column(f"{side}.pairs", "", f"pairs of {side} that took off")
        yield Column(f"{side}.aircraft", "", f"aircraft of {side} that took off")
        for flight, section in scenario.intruders.items():
            yield _time(f"{side}.{flight}.joined.at", f"when the first pair of {side} was beside {flight}")
            if section.side == side:
                late = f"from the last exit of {flight} from an identification zone to its escort; negative: before"
                yield Column(f"{side}.{flight}.escort_late_s", "s", late, optional=True)
    if side not in scenario.warning:
        return
    for flight in scenario.intruders:
        yield Column(f"{side}.{flight}.calls", "", f"radio calls of {side} to {flight}")
        for kind, rule in scenario.warning[side].measures.items():
            here, what = f"{side}.{flight}.{kind}", f"{kind} of {side} to {flight}"
            yield Column(here, "", f"acts of {what}")
            if rule.flares is not None:
                yield Column(f"{here}.flares", "", f"flares in all acts of {what}")
            if rule.burst_s is not None:
                yield Column(f"{here}.rounds", "", f"rounds in all acts of {what}")
            if rule.distance_km is not None:
                yield Column(f"{here}.least_km", "km", f"closest act of {what}", "fraction", True)


def fact_column(name: str, fact: Fact) -> str:
    """Return the name of the column that holds the value of a fact."""
    way, _, data = fact.take.partition(":")
    told = {"time": "at_s", "sum": data, "min": f"least_{data}"}.get(way, way)
    return f"fact.{name}.{told}"


def happened_column(name: str) -> str:
    """Return the name of the column that says whether a fact's events happened, where `tells_absence` is not so."""
    return f"fact.{name}.happened"


def tells_absence(fact: Fact) -> bool:
    """Return whether the value of a fact is there in just those replications in which its events happened.

    A count and a sum are 0 also where nothing happened, and events without the number have no least one.
    """
    return fact.take in ("time", "duration_s", "distance_km")


def _fact(name: str, fact: Fact) -> Column:
    way, _, data = fact.take.partition(":")
    if way == "time":
        return _time(f"fact.{name}.at", fact.statement)
    quantity = data or way
    fraction = quantity in FRACTIONS
    unit = next((unit for unit in ("s", "km") if quantity.endswith(f"_{unit}")), "")
    return Column(
        fact_column(name, fact),
        unit,
        fact.statement,
        "fraction" if fraction else "whole",
        optional=way not in ("count", "sum"),
    )
