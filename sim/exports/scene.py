"""What is exported of a run, whatever the format: tracks, zones and events in WGS 84, UTC and metres.

A pair of fighters has an altitude only while it flies beside a flight: the model has no climb.  Data frames leave the
altitude elsewhere empty.  Formats for viewers need one, and show a pair at the altitude nearest in time (`assumption`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from sim.clock import Clock
from sim.explain import told
from sim.exports.rings import without_jogs
from sim.geo import Sphere
from sim.log import Record
from sim.measures import reaches
from sim.units import M_PER_FT
from sim.zones import Zone, regions

if TYPE_CHECKING:
    from sim.store import Recorded, Way

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

CORNER_STEP_KM: Final = 50.0  # where a zone is told by its corners; a circle has 36 or more
OUTLINE_STEP_KM: Final = 5.0  # a parallel at 60 degrees strays from a chord of 5 km by 1 m
PLACES: Final = 5  # decimals of a degree, as in a run folder: 1.1 m
BOOKED: Final = (
    "stage-started",
    "stage-dropped",
    "stage-refused",
    "stage-unmet",
    "assigned",
    "readied",
    "unfilled",
    "lapsed",
)
"""Kinds of events that are only an entry in the book: nothing is seen of them from outside."""

COLOURS: Final = (
    ("Blue", "#004488"),
    ("Green", "#117733"),
    ("Red", "#bb5566"),
    ("Orange", "#cc6600"),
    ("Violet", "#663399"),
    ("Cyan", "#0099aa"),
    ("Yellow", "#997700"),
)
"""Colours of the sides in the order of the scenario: Tacview's name for it, and the one that is drawn elsewhere."""

ASSUMED_ALTITUDE: Final = (
    "assumption: away from a flight the model gives fighters no altitude; shown is the one nearest in time"
)
UNKNOWN_ALTITUDE: Final = "the model gives this pair no altitude"


@dataclass(frozen=True)
class Track:
    """The way of a flight or pair: arrays of equal length, one row for each place in order of time.

    `altitude_m` is not a number where the model gives none; `shown_altitude_m` is filled from the nearest in time,
    and not a number throughout where no altitude is known at all.
    """

    name: str
    label: str
    kind: str  # "flight" or "pair"
    side: str
    type: str
    aircraft: int
    step: Whole
    lat_deg: Floats
    lon_deg: Floats
    altitude_m: Floats

    @cached_property
    def shown_altitude_m(self) -> Floats:
        """Altitude in metres at every place; before the first known one and after the last it is held."""
        known = np.isfinite(self.altitude_m)
        if not known.any():
            return self.altitude_m
        steps = self.step[known]
        after = np.searchsorted(steps, self.step).clip(0, len(steps) - 1)
        before = (after - 1).clip(0)
        nearer = np.where(self.step - steps[before] < steps[after] - self.step, before, after)
        filled: Floats = self.altitude_m[known][nearer]
        return filled

    @property
    def altitude_note(self) -> str:
        """What has to be said about the altitudes that are shown, or an empty text."""
        known = np.isfinite(self.altitude_m)
        return "" if known.all() else ASSUMED_ALTITUDE if known.any() else UNKNOWN_ALTITUDE


@dataclass(frozen=True)
class Area:
    """A zone with its outline, finely and by corners.

    Both are latitude and longitude (n, 2) and closed; longitudes may pass 180.
    """

    name: str
    zone: Zone
    outline_deg: Floats
    corners_deg: Floats


@dataclass(frozen=True)
class Happened:
    """One event of the log, told in words, with the rungs that it reached first and where it happened.

    The place is that of whoever did it, else of the flight that it is about; None where neither was in the air.
    """

    row: Mapping[str, Any]
    words: str
    rungs: tuple[str, ...]
    place: tuple[float, float, float] | None  # latitude and longitude in degrees, shown altitude in metres


@dataclass(frozen=True)
class Scene:
    """A recorded replication as it is exported."""

    recorded: Recorded
    clock: Clock
    tracks: tuple[Track, ...]
    areas: tuple[Area, ...]
    events: tuple[Happened, ...]

    @property
    def title(self) -> str:
        """The scenario's title."""
        return self.recorded.scenario.scenario.title

    @property
    def scenario_note(self) -> str:
        """What the scenario says that it is."""
        return self.recorded.scenario.scenario.summary.strip()

    @property
    def made_from(self) -> str:
        """What the run was made from, in words."""
        made = self.recorded.manifest
        return (
            f"intercept: scenario {made['scenario']}, hash {made['hash']}, seed {made['seed']}, "
            f"replication {made['replication']}; simulated, one replication"
        )

    def colour(self, side: str) -> tuple[str, str]:
        """Return the colour of a side: Tacview's name, and `#rrggbb`."""
        sides = list(self.recorded.scenario.sides)
        return COLOURS[sides.index(side) % len(COLOURS)]

    def utc(self, step: int) -> datetime:
        """Return the UTC time of a step."""
        return self.clock.start.astimezone(UTC) + timedelta(seconds=int(step) * self.clock.step_s)

    def stamp(self, step: int) -> str:
        """Return the UTC time of a step as ISO 8601 writes it, `2019-07-22T21:00:00Z`."""
        return stamp(self.utc(step))


def stamp(utc: datetime) -> str:
    """Return a UTC time as ISO 8601 writes it.

    >>> stamp(datetime(2019, 7, 22, 21, 0, tzinfo=UTC))
    '2019-07-22T21:00:00Z'
    """
    return utc.isoformat().removesuffix("+00:00") + "Z"


def scene(recorded: Recorded, every_s: int = 1) -> Scene:
    """Return what is exported of a run, with a place of each track at least every `every_s` seconds.

    A run records a place every 10 s, so that less changes nothing.  The first and last place of a track and those at
    which a pair joins or leaves a flight are always kept.  Places are rounded as in a run folder, so that a folder and
    the scenario that it came from are the same scene.
    """
    scenario, clock = recorded.scenario, Clock.of(recorded.scenario.clock)
    sphere = Sphere.at(scenario.centre.lat_deg, scenario.centre.lon_deg)
    tracks = {name: _track(recorded, name, way) for name, way in recorded.ways.items()}
    areas = tuple(
        Area(
            name,
            scenario.zones[name],
            without_jogs(region.outline_deg(OUTLINE_STEP_KM)),
            without_jogs(region.outline_deg(CORNER_STEP_KM)),
        )
        for name, region in regions(scenario.zones, sphere).items()
    )
    thinned = tuple(_thinned(track, every_s, clock) for track in tracks.values())
    return Scene(recorded, clock, thinned, areas, _events(recorded, tracks))


def _track(recorded: Recorded, name: str, way: Way) -> Track:
    scenario = recorded.scenario
    if way.kind == "flight":
        flight = scenario.intruders[name]
        label, kind, aircraft = flight.label, flight.type, flight.aircraft
    else:
        pair = scenario.fighters.pairs[name]
        kind, aircraft = scenario.fighters.types[pair.type].label, pair.aircraft
        label = f"{kind} {name}"
    lat_deg, lon_deg = (np.round(each, PLACES) for each in (way.lat_deg, half_turn_deg(way.lon_deg)))
    altitude_m = np.round(np.round(way.altitude_ft) * M_PER_FT, 1)
    return Track(name, label, way.kind, way.side, kind, aircraft, way.step, lat_deg, lon_deg, altitude_m)


def _thinned(track: Track, every_s: int, clock: Clock) -> Track:
    """Return a track with the places at whole multiples of a time, its ends, and where its altitude becomes known."""
    known = np.isfinite(track.altitude_m)
    kept = track.step * clock.step_s % every_s == 0
    kept[[0, -1]] = True
    kept[1:] |= known[1:] != known[:-1]
    kept[:-1] |= known[1:] != known[:-1]
    columns = {key: getattr(track, key)[kept] for key in ("step", "lat_deg", "lon_deg", "altitude_m")}
    return replace(track, **columns)


def half_turn_deg(lon_deg: Floats) -> Floats:
    """Return longitudes in degrees from -180 up to 180.

    >>> half_turn_deg(np.array([190.0, -180.0, 180.0])).tolist()
    [-170.0, -180.0, 180.0]
    """
    turned: Floats = np.where(np.abs(lon_deg) <= 180.0, lon_deg, (lon_deg + 180.0) % 360.0 - 180.0)
    return turned


def _events(recorded: Recorded, tracks: Mapping[str, Track]) -> tuple[Happened, ...]:
    first: dict[int, list[str]] = {}
    for rung, event in _first_of_rungs(recorded):
        first.setdefault(event["id"], []).append(rung)
    found = []
    for row in recorded.events:
        record = Record(*(row[key] for key in Record._fields))
        places = (_place(tracks.get(name), row["step"]) for name in (row["who"], row["about"]))
        place = next((each for each in places if each is not None), None)
        found.append(Happened(row, told(record), tuple(first.get(row["id"], ())), place))
    return tuple(found)


def _first_of_rungs(recorded: Recorded) -> list[tuple[str, Mapping[str, Any]]]:
    """Return each rung that was reached with the event that reached it first."""
    records = [Record(*(row[key] for key in Record._fields)) for row in recorded.events]
    found: list[tuple[str, Mapping[str, Any]]] = []
    for rung in recorded.scenario.escalation.rungs:
        event = next((number for number, record in enumerate(records) if reaches(rung, record)), None)
        if event is not None:
            found.append((rung.name, recorded.events[event]))
    return found


def _place(track: Track | None, step: int) -> tuple[float, float, float] | None:
    if track is None or not track.step[0] <= step <= track.step[-1]:
        return None
    lon_deg = np.unwrap(track.lon_deg, period=360.0)
    at = float(step)
    lat = float(np.interp(at, track.step, track.lat_deg))
    lon = float(half_turn_deg(np.array([np.interp(at, track.step, lon_deg)]))[0])
    altitude = track.shown_altitude_m
    high = float(np.interp(at, track.step, altitude)) if np.isfinite(altitude).all() else 0.0
    return round(lat, PLACES), round(lon, PLACES), round(high, 1)


def printable(text: str) -> str:
    """Return a text with the characters that XML 1.0 cannot hold replaced by the replacement character.

    >>> printable("a" + chr(1) + "b")
    'a\N{REPLACEMENT CHARACTER}b'
    """
    return re.sub("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "�", text)
