"""What a figure of one encounter is about: a flight, the side that dealt with it, a span, stays and pairs.

Everything here is read off a recorded replication; nothing is drawn, and no number is made but distances
between recorded places.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim.clock import Clock
from sim.errors import InputError, Problem, nearest
from sim.geo import Sphere
from sim.units import KM_PER_NMI
from sim.zones import Region, regions

if TYPE_CHECKING:
    from sim.fighters import Base
    from sim.store import Recorded, Way

Event = dict[str, Any]
Floats = NDArray[np.float64]

LEAD_S = 20 * 60  # the chain's beginning is shown up to so long before the first entry
MARGIN_S = 2 * 60
LINE_S = 5
AT_CENTRE_KM = 0.1  # a circle whose middle is so near the scenario's centre is a circle round it


@dataclass(frozen=True)
class Stay:
    """A stay of the flight in a zone: first step inside, first outside, and its closest to the centre."""

    zone: str
    number: int
    enters: int
    leaves: int
    closest_km: float
    closest: int


@dataclass(frozen=True)
class Sortie:
    """What one pair did about the flight; a step is None if it did not come to that.

    `waits` is when it was readied or ordered, `ordered` when it was told to go; `starts` when it took off, or turned to
    the flight from elsewhere; `ends` when it parted, was called off, or was given another flight on its way.
    """

    pair: str
    label: str
    side: str
    waits: int
    ordered: int | None
    starts: int | None
    joined: int | None
    ends: int | None


@dataclass(frozen=True)
class Encounter:
    """One flight in one recorded replication, with the side that dealt with it and the steps to be shown."""

    recorded: Recorded
    clock: Clock
    flight: str
    side: str | None
    begins: int
    ends: int

    @property
    def label(self) -> str:
        """The flight's label."""
        return self.recorded.scenario.intruders[self.flight].label

    @cached_property
    def sphere(self) -> Sphere:
        """The sphere on which distances are told."""
        centre = self.recorded.scenario.centre
        return Sphere.at(centre.lat_deg, centre.lon_deg)

    @cached_property
    def events(self) -> list[Event]:
        """The events about the flight."""
        return about(self.recorded, self.flight)

    @cached_property
    def regions(self) -> dict[str, Region]:
        """The zones as shapes on the sphere."""
        return regions(self.recorded.scenario.zones, self.sphere)

    def outline_deg(self, zone: str, max_step_km: float = 5.0) -> Floats:
        """Return the outline of a zone on the map, latitude and longitude in degrees, shape (n, 2)."""
        outline = self.regions[zone].outline_deg(max_step_km)
        lon_deg = on_map(outline[:, 1], self.recorded.scenario.centre.lon_deg)
        return np.column_stack([outline[:, 0], lon_deg])

    def base_deg(self, base: Base) -> tuple[float, float]:
        """Return latitude and longitude of a base on the map."""
        return base.lat_deg, float(on_map(np.array([base.lon_deg]), self.recorded.scenario.centre.lon_deg)[0])

    @property
    def stride(self) -> int:
        """Steps from one place of a drawn line to the next: some 5 s, which no eye can tell apart."""
        return max(1, LINE_S // self.clock.step_s)

    def steps(self, first: int, last: int) -> Floats:
        """Return the steps from a first to a last at which a line is drawn."""
        return np.arange(first, last + 1, self.stride, dtype=np.float64)

    def seconds(self, step: float) -> float:
        """Return the seconds of a step from the start of the window."""
        return step * self.clock.step_s

    def minute(self, step: int) -> str:
        """Return the local time of a step to the minute."""
        return self.clock.short(step)[:5]

    def distance_km(self, way: Way, steps: Floats | None = None) -> Floats:
        """Return the distance of a way from the centre at steps within it, or at its recorded places."""
        lat_deg, lon_deg = (way.lat_deg, way.lon_deg) if steps is None else place(way, steps)
        centre = self.recorded.scenario.centre
        return self.sphere.distance_km(
            self.sphere.unit(lat_deg, lon_deg), self.sphere.unit(centre.lat_deg, centre.lon_deg)
        )

    def apart_km(self, one: str, other: str, step: int) -> float:
        """Return the distance between two ways at a step."""
        here, there = (place(self.recorded.ways[name], np.array([float(step)])) for name in (one, other))
        return float(self.sphere.distance_km(self.sphere.unit(*here), self.sphere.unit(*there))[0])

    def stays(self, *kinds: str) -> list[Stay]:
        """Return the flight's stays in the zones of some kinds, in order of time."""
        zones = self.recorded.scenario.zones
        found = []
        for zone, number, enters, leaves in _stays(self.recorded, self.flight):
            if zones[zone].kind in kinds:
                steps = np.arange(enters, max(leaves, enters + 1), dtype=np.float64)
                distances = self.distance_km(self.recorded.ways[self.flight], steps)
                least = int(np.argmin(distances))
                found.append(Stay(zone, number, enters, leaves, float(distances[least]), enters + least))
        return sorted(found, key=lambda stay: (stay.enters, stay.zone, stay.number))

    def where(self, stay: Stay, among: Sequence[Stay]) -> str:
        """Return in words in which zone a stay is, or nothing where all are in the same."""
        several = len({each.zone for each in among}) > 1
        return f" in {self.recorded.scenario.zones[stay.zone].label}" if several else ""

    @cached_property
    def sorties(self) -> list[Sortie]:
        """What each pair did about the flight, in order of joining, those that did not join last."""
        labels = pair_labels(
            self.recorded, {e["who"] for e in self.events if e["kind"] in ("readied", "assigned")}
        )
        found = [s for pair in labels for s in _sorties(self, pair, labels[pair])]
        never = self.clock.last + 1
        return sorted(found, key=lambda s: (never if s.joined is None else s.joined, s.waits, s.pair))

    def circle_km(self, zone: str) -> float | None:
        """Return the radius of a zone that is a circle round the scenario's centre, else None."""
        spec, centre = self.recorded.scenario.zones[zone], self.recorded.scenario.centre
        if spec.radius_nmi is None or spec.lat_deg is None or spec.lon_deg is None:
            return None
        middle = self.sphere.unit(spec.lat_deg, spec.lon_deg)
        away_km = float(self.sphere.distance_km(middle, self.sphere.unit(centre.lat_deg, centre.lon_deg)))
        return spec.radius_nmi * KM_PER_NMI if away_km <= AT_CENTRE_KM else None


def encounter(
    recorded: Recorded, flight: str | None = None, span: tuple[int, int] | None = None
) -> Encounter:
    """Return the encounter that a figure shows: of a named flight, or of the one that matters most.

    That is the flight with most stays in airspace, of equals the one with most events.  `span` is a pair of
    steps; else it runs from the first entry into an identification zone of the side that dealt with the flight
    (and what its chain did up to 20 min before) to the last exit.  Raises InputError for an unknown flight, an
    empty span, or a run without flights.
    """
    clock = Clock.of(recorded.scenario.clock)
    if not recorded.scenario.intruders:
        message = "is empty, so there is no flight to show; add one as [intruders.NAME] with its route"
        raise InputError([Problem(recorded.manifest["scenario"], None, "intruders", message)])
    name = _flight(recorded) if flight is None else flight
    if name not in recorded.scenario.intruders or name not in recorded.ways:
        known = list(recorded.scenario.intruders)
        wanted = nearest(name, known) or f"; known: {', '.join(known)}"
        raise InputError([Problem("", None, "flight", f'is "{name}", which is no flight of the run{wanted}')])
    side = _side(recorded, name)
    begins, ends = _span(recorded, clock, name, side) if span is None else span
    if not 0 <= begins < ends:
        wanted = "must begin at step 0 or later and end after that"
        raise InputError([Problem("", None, "span", f"is {begins} to {ends}, {wanted}")])
    centre_deg = recorded.scenario.centre.lon_deg
    ways = {key: replace(way, lon_deg=on_map(way.lon_deg, centre_deg)) for key, way in recorded.ways.items()}
    return Encounter(replace(recorded, ways=ways), clock, name, side, begins, ends)


def on_map(lon_deg: Floats, centre_deg: float) -> Floats:
    """Return the longitudes of a line as a map round a centre has them: they run on past 180 degrees.

    Of the whole turns by which the line could be moved it is the one that brings it nearest to the centre.

    >>> on_map(np.array([178.0, -179.0]), -180.0)
    array([-182., -179.])
    """
    line = np.unwrap(lon_deg, period=360.0)
    middle = (line.min() + line.max()) / 2
    moved: Floats = line - 360.0 * np.round((middle - centre_deg) / 360.0)
    return moved


def about(recorded: Recorded, flight: str) -> list[Event]:
    """Return the events about a flight, in order of time."""
    return [event for event in recorded.events if event["about"] == flight]


def reported_distances(shown: Encounter) -> list[tuple[float, str, str]]:
    """Return (km, words, sources) of each reported distance between fighters and the flight that is one bound."""
    found, sources = [], shown.recorded.scenario.sources
    for row in shown.recorded.reported:
        fact = shown.recorded.scenario.facts[row["id"]]
        about_it = shown.flight in (fact.select.about or ())
        if fact.take == "min:distance_km" and about_it and fact.high is not None:
            named = [fact.source] if isinstance(fact.source, str) else fact.source or []
            titles = [sources[name].title if name in sources else name for name in named]
            found.append((float(fact.high), f"within {fact.high:g} km at the closest", "; ".join(titles)))
    return list(dict.fromkeys(found))


def place(way: Way, steps: Floats) -> tuple[Floats, Floats]:
    """Return latitude and longitude of a way at steps, between its recorded places on straight lines."""
    lon_deg = np.unwrap(way.lon_deg, period=360.0)
    return np.interp(steps, way.step, way.lat_deg), np.interp(steps, way.step, lon_deg)


def place_at(way: Way, step: int) -> tuple[float, float]:
    """Return longitude and latitude of a way at one step."""
    lat_deg, lon_deg = place(way, np.array([float(step)]))
    return float(lon_deg[0]), float(lat_deg[0])


def duration(seconds: float) -> str:
    """Return a duration in words: `45 s`, `3 min 10 s`, `1 h 05 min`.

    >>> duration(190), duration(3900)
    ('3 min 10 s', '1 h 05 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def ordinal(number: int) -> str:
    """Return a number as a rank.

    >>> ordinal(1), ordinal(12), ordinal(23)
    ('1st', '12th', '23rd')
    """
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def pair_labels(recorded: Recorded, names: set[str]) -> dict[str, str]:
    """Return a label for each named pair, by type and base, numbered where several are alike."""
    fighters = recorded.scenario.fighters
    plain = {}
    for name, pair in fighters.pairs.items():
        if name in names:
            many = "pair" if pair.aircraft == 2 else f"× {pair.aircraft}"
            plain[name] = f"{fighters.types[pair.type].label} {many}", fighters.bases[pair.base].label
    alike = Counter(plain.values())
    seen: Counter[tuple[str, str]] = Counter()
    labels = {}
    for name, (kind, base) in plain.items():
        seen[kind, base] += 1
        number = f" {seen[kind, base]}" if alike[kind, base] > 1 else ""
        labels[name] = f"{kind}{number}, {base}"
    return labels


def _flight(recorded: Recorded) -> str:
    zones = recorded.scenario.zones
    airspace, everything = Counter[str](), Counter[str]()
    for event in recorded.events:
        everything[event["about"]] += 1
        if event["kind"] == "enters" and zones[event["data"]["zone"]].kind == "airspace":
            airspace[event["about"]] += 1
    flights = [name for name in recorded.scenario.intruders if name in recorded.ways]
    return max(flights, key=lambda name: (airspace[name], everything[name]))


def _stays(recorded: Recorded, flight: str) -> Iterator[tuple[str, int, int, int]]:
    """Yield (zone, number, enters, leaves) for each stay; one without an end ends with the flight's way."""
    open_stays: dict[tuple[str, int], int] = {}
    for event in about(recorded, flight):
        if event["kind"] in ("enters", "leaves"):
            key = event["data"]["zone"], event["data"]["stay"]
            if event["kind"] == "enters":
                open_stays[key] = event["step"]
            elif key in open_stays:
                yield *key, open_stays.pop(key), event["step"]
    for key, enters in open_stays.items():
        yield *key, enters, int(recorded.ways[flight].step[-1]) + 1


def _side(recorded: Recorded, flight: str) -> str | None:
    """Return the side that dealt with a flight: whose airspace it entered, else who did most about it."""
    scenario, own = recorded.scenario, recorded.scenario.intruders[flight].side
    owners, doings = Counter[str](), Counter[str]()
    for event in about(recorded, flight):
        post = scenario.command.posts.get(event["who"])
        side = event["data"].get("side", post.side if post is not None else None)
        if side is not None and side != own:
            doings[side] += 1
        zone = scenario.zones.get(event["data"].get("zone", ""))
        if (
            event["kind"] == "enters"
            and zone is not None
            and zone.kind == "airspace"
            and zone.owner is not None
        ):
            owners[zone.owner] += 1
    for counts in (owners, doings):
        if counts:
            return max(scenario.sides, key=lambda side: counts[side])
    return None


def _span(recorded: Recorded, clock: Clock, flight: str, side: str | None) -> tuple[int, int]:
    zones, way = recorded.scenario.zones, recorded.ways[flight]
    lead, margin = clock.steps(LEAD_S), clock.steps(MARGIN_S)
    stays = [s for s in _stays(recorded, flight) if zones[s[0]].kind in ("identification", "airspace")]
    stays = [s for s in stays if zones[s[0]].owner == side] or stays
    tracked = [e["step"] for e in about(recorded, flight) if e["kind"] == "track"]
    first = min((s[2] for s in stays), default=min(tracked, default=int(way.step[0])))
    last = max((s[3] for s in stays), default=int(way.step[-1]))
    posts = {name for name, post in recorded.scenario.command.posts.items() if post.side == side}
    chain = [e["step"] for e in about(recorded, flight) if e["kind"] == "stage-started" and e["who"] in posts]
    first = max(min([first, *chain]), first - lead)
    whole = max(1, clock.steps(60))
    begins = max(0, (first - margin) // whole * whole)
    ends = min(max(clock.last, begins + 1), math.ceil((last + margin) / whole) * whole)
    return begins, max(ends, begins + 1)


def _sorties(encounter: Encounter, pair: str, label: str) -> Iterator[Sortie]:
    """Yield what a pair did about the flight, a new sortie with each order that follows an end."""
    side = encounter.recorded.scenario.fighters.pairs[pair].side
    marks: dict[str, int] = {}

    def sortie() -> Sortie:
        steps = (marks.get(name) for name in ("ordered", "starts", "joined", "ends"))
        return Sortie(pair, label, side, marks["waits"], *steps)

    for event in encounter.recorded.events:
        if event["who"] != pair:
            continue
        kind, step = event["kind"], event["step"]
        if event["about"] != encounter.flight:
            if kind == "assigned" and marks and "joined" not in marks:
                marks.setdefault("ends", step)
        elif kind in ("readied", "assigned"):
            if "ends" in marks:
                yield sortie()
                marks = {}
            marks.setdefault("waits", step)
            if kind == "assigned":
                marks["ordered"] = step
                if event["data"].get("was") != "ground":
                    marks["starts"] = step
        elif marks and kind == "airborne":
            marks["starts"] = step
        elif marks and kind == "joined":
            marks["joined"] = step
        elif marks and kind in ("parts", "called-off", "stands-down"):
            marks["ends"] = step
    if marks:
        yield sortie()


def spans_shown(pairs: Sequence[tuple[int, int]], begins: int, ends: int) -> list[tuple[int, int]]:
    """Return spans of steps cut to those that are shown.

    >>> spans_shown([(0, 5), (8, 20), (30, 40)], 3, 10)
    [(3, 5), (8, 10)]
    """
    cut = [(max(first, begins), min(last, ends)) for first, last in pairs]
    return [(first, last) for first, last in cut if first < last]
