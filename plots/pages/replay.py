"""The replay page: one replication on a map and a clock, with the future hidden until it is asked for.

Everything that the page shows is read off a recorded replication; its script moves a clock over it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from plots import coast
from plots.encounter import Encounter, Event, encounter
from plots.ladder import ladder
from plots.pages import evidence, frame, ground
from plots.pages.telling import Teller

if TYPE_CHECKING:
    from sim.store import Recorded, Way

Row = dict[str, Any]

THINNINGS: Final = (1, 3, 6, 12, 30, 60)
"""Every how many rows of the table of tracks are tried one after the other, until the page is small enough."""

PARTS: Final = ("replay-clock", "replay-map", "replay-labels", "replay-ladder", "replay-events")
PLACE_DIGITS: Final = 5  # of degrees in a run folder
MARGIN_DEG: Final = 0.5  # round all tracks
GROUND_DEG: Final = (
    14.0,
    4.0,
)  # of sea and coast beyond it, east and west, south and north: a screen is wide


@dataclass(frozen=True)
class Subject:
    """What the parts of the page are made of: the run, the encounter that matters most, and words for events."""

    recorded: Recorded
    shown: Encounter
    teller: Teller

    @property
    def scenario(self) -> Any:
        """The scenario."""
        return self.recorded.scenario

    @cached_property
    def first_events(self) -> list[int | None]:
        """The number of the event that reached each rung first, or None."""
        reached = [(event["id"], self.teller.rungs(event)) for event in self.recorded.events]
        count = len(self.recorded.rungs)
        return [next((number for number, rungs in reached if rung in rungs), None) for rung in range(count)]


def replay(
    recorded: Recorded, *, again: str | None = None, say: Callable[[str], None] = lambda _: None
) -> str:
    """Return the replay page of a recorded replication as HTML.

    `again` is the command that makes the page once more, if it is known.  A page that would be too large shows fewer
    places of each track, and `say` is told so.  Raises InputError if it stays too large to be written.
    """
    recorded = _as_stored(recorded)
    subject = Subject(recorded, encounter(recorded), Teller.of(recorded))
    data = _data(subject)
    text = ""
    for every in THINNINGS:
        data["ways"] = _ways(subject, every)
        text = frame.page(
            "replay",
            f"Replay: {recorded.scenario.scenario.title}",
            data,
            parts=PARTS,
            scenario=recorded.scenario.scenario,
            centre=recorded.scenario.centre.label,
            numbers=evidence.numbers(recorded),
            outcomes=[(name, _printed(value)) for name, value in recorded.outcomes.items()],
            made=frame.provenance(recorded.manifest, again),
            disputed=any(row["disputed"] for row in recorded.reported),
            credit=coast.credit(*data["box"]),
        )
        if len(text.encode("utf-8")) <= frame.MOST_BYTES:
            if every > 1:
                say(f"tracks are shown by every {every}th of their places, so that the page stays small")
            break
    return text


def _as_stored(recorded: Recorded) -> Recorded:
    """Return a replication with its ways rounded as a run folder has them, so that both give the same page."""
    rounded = {
        name: replace(
            way,
            lat_deg=np.round(way.lat_deg, PLACE_DIGITS),
            lon_deg=np.round(way.lon_deg, PLACE_DIGITS),
            altitude_ft=np.round(way.altitude_ft),
        )
        for name, way in recorded.ways.items()
    }
    return replace(recorded, ways=rounded)


def _data(subject: Subject) -> Row:
    """Return what the script reads, but for the ways."""
    recorded, shown = subject.recorded, subject.shown
    clock, centre = shown.clock, recorded.scenario.centre
    start = clock.start
    box = _box(shown.recorded)
    land = _land(box)
    return {
        "clock": {
            "start_s": start.hour * 3600 + start.minute * 60 + start.second,
            "step_s": clock.step_s,
            "last": clock.last,
            "opens": min((event["step"] for event in recorded.events), default=0),
            "zone": clock.zone,
        },
        "encounter": {"label": shown.label, "begins": shown.begins, "ends": min(shown.ends, clock.last)},
        "centre": {"label": centre.label, "lat": centre.lat_deg, "lon": centre.lon_deg},
        "views": _views(shown, box),
        "box": land,
        "coast": ground.coast_in(coast.coast(), land),
        "zones": _zones(shown),
        "bases": _bases(shown),
        "stays": _stays(recorded),
        "rungs": _rungs(subject),
        "facts": evidence.times(recorded, clock),
        "events": [_event_row(subject, event) for event in recorded.events],
        "marks": _marks(subject),
    }


def _box(recorded: Recorded) -> ground.Box:
    """Return the box of all tracks and the centre, with a margin; where there are none, of the centre."""
    centre = recorded.scenario.centre
    lat_deg = np.concatenate([[centre.lat_deg], *(way.lat_deg for way in recorded.ways.values())])
    lon_deg = np.concatenate([[centre.lon_deg], *(way.lon_deg for way in recorded.ways.values())])
    west, east, south, north = lon_deg.min(), lon_deg.max(), lat_deg.min(), lat_deg.max()
    margin = MARGIN_DEG
    sides = (west - margin, east + margin, south - margin, north + margin)
    west, east, south, north = (round(float(side), 2) for side in sides)
    return west, east, south, north


def _land(box: ground.Box) -> ground.Box:
    """Return the box in which the ground is drawn: round the tracks, and no further than the coast is known there."""
    wide, high = GROUND_DEG
    west, east, south, north = box[0] - wide, box[1] + wide, box[2] - high, box[3] + high
    if all(
        low - MARGIN_DEG <= here <= top + MARGIN_DEG
        for here, low, top in (
            (box[0], *coast.LON_DEG),
            (box[1], *coast.LON_DEG),
            (box[2], *coast.LAT_DEG),
            (box[3], *coast.LAT_DEG),
        )
    ):
        west, east = max(west, coast.LON_DEG[0]), min(east, coast.LON_DEG[1])
        south, north = max(south, coast.LAT_DEG[0]), min(north, coast.LAT_DEG[1])
    return west, east, south, north


def _views(shown: Encounter, box: ground.Box) -> Row:
    """Return the windows of the map: the region and the close-up as in the track map, and all tracks."""
    from plots.closeup import close_view  # loads matplotlib
    from plots.map import region_view

    views = {"region": region_view(shown), "close": close_view(shown)}
    found = {name: [view.west, view.east, view.south, view.north] for name, view in views.items()}
    found["all"] = list(box)
    return {name: [round(value, 4) for value in values] for name, values in found.items()}


def _zones(shown: Encounter) -> list[Row]:
    zones = shown.recorded.scenario.zones
    return [
        {
            "label": zones[name].label,
            "kind": zones[name].kind,
            "own": zones[name].owner == shown.side,
            **ground.outline(shown.outline_deg(name, 8.0)),
        }
        for name in zones
    ]


def _bases(shown: Encounter) -> list[Row]:
    recorded, fighters = shown.recorded, shown.recorded.scenario.fighters
    flown = {fighters.pairs[name].base for name, way in recorded.ways.items() if way.kind == "pair"}
    return [
        {"label": base.label, "lat": lat, "lon": lon, "flown": name in flown}
        for name, base in fighters.bases.items()
        for lat, lon in [shown.base_deg(base)]
    ]


# ---- what moves


def _ways(subject: Subject, every: int) -> list[Row]:
    """Return the ways of flights and pairs, the flight that matters most first, then flights before pairs."""
    ways, flight = subject.shown.recorded.ways, subject.shown.flight
    order = sorted(ways, key=lambda name: (name != flight, ways[name].kind != "flight"))
    return [_way(subject, name, ways[name], every) for name in order]


def _way(subject: Subject, name: str, way: Way, every: int) -> Row:
    rows = ground.kept(way, every)
    lon_deg = way.lon_deg[rows]
    km = ground.whole(subject.shown.distance_km(way)[rows], ground.DISTANCE_PER_KM)
    found = {
        "name": name,
        "label": subject.teller.label(name),
        "kind": way.kind,
        "tone": _tone(subject, name, way),
        "steps": ground.differences(way.step[rows]),
        "lat": ground.differences(ground.whole(way.lat_deg[rows], ground.PLACE_PER_DEG)),
        "lon": ground.differences(ground.whole(lon_deg, ground.PLACE_PER_DEG)),
        "km": ground.differences(km) if way.kind == "flight" else [],
        "beside": _beside(subject.recorded, name, int(way.step[-1])) if way.kind == "pair" else [],
    }
    if way.kind == "flight":
        found["altitude"] = ground.differences(ground.whole(way.altitude_ft[rows], 1))
    return found


def _tone(subject: Subject, name: str, way: Way) -> str:
    """Return how a way is drawn: that of the main flight, another flight, the defenders, or fighters of others."""
    if way.kind == "flight":
        return "main" if name == subject.shown.flight else "flight"
    return "own" if way.side == subject.shown.side else "other"


def _beside(recorded: Recorded, pair: str, last: int) -> list[tuple[int, int, str]]:
    """Return the spans of steps in which a pair was beside a flight."""
    found: list[tuple[int, int, str]] = []
    joined: Event | None = None
    for event in recorded.events:
        if event["who"] != pair:
            continue
        if joined is not None and event["kind"] in ("joined", "parts", "returns"):
            found.append((joined["step"], event["step"], joined["about"]))
            joined = None
        if event["kind"] == "joined":
            joined = event
    if joined is not None:
        found.append((joined["step"], last + 1, joined["about"]))
    return found


def _stays(recorded: Recorded) -> dict[str, list[Row]]:
    """Return by flight its stays in zones, with the steps at which it enters and leaves."""
    zones = recorded.scenario.zones
    found: dict[str, list[Row]] = {}
    for event in recorded.events:
        if event["kind"] not in ("enters", "leaves"):
            continue
        zone = zones[event["data"]["zone"]]
        stays = found.setdefault(event["who"], [])
        if event["kind"] == "enters":
            stays.append({"zone": event["data"]["zone"], "label": zone.label, "kind": zone.kind})
            stays[-1] |= {"enters": event["step"], "leaves": None}
            continue
        for stay in stays:
            if stay["zone"] == event["data"]["zone"] and stay["leaves"] is None:
                stay["leaves"] = event["step"]
    return found


# ---- the ladder


def _rungs(subject: Subject) -> list[Row]:
    """Return the rungs with when each was first reached, and the spans in which it held for some flight."""
    recorded, clock = subject.recorded, subject.shown.clock
    flights = [name for name in recorded.scenario.intruders if name in recorded.ways]
    held = [ladder(encounter(recorded, name, (0, 1))) for name in flights]
    return [
        {
            "name": rung["name"],
            "step": rung["step"],
            "time": rung["time"],
            "spans": _joined([span for each in held for span in each[number].spans]),
            "reported": evidence.of_rung(recorded, clock, number),
        }
        for number, rung in enumerate(recorded.rungs)
    ]


def _joined(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return spans of which those that touch are one.

    >>> _joined([(5, 9), (0, 3), (8, 12)])
    [(0, 3), (5, 12)]
    """
    found: list[tuple[int, int]] = []
    for begins, ends in sorted(spans):
        if found and begins <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], ends)
        else:
            found.append((begins, ends))
    return found


# ---- events and outcomes


def _event_row(subject: Subject, event: Event) -> Row:
    """Return one event for the list: step, words, cause, whether it is of note, and the rungs that it reaches."""
    first = [n for n, number in enumerate(subject.first_events) if number == event["id"]]
    return {
        "step": event["step"],
        "told": subject.teller.told(event),
        "cause": event["cause"],
        "main": subject.teller.is_main(event) or bool(first),
        "rungs": first,
    }


def _printed(value: Any) -> str:
    """Return an outcome as it stands in the table of outcomes; what did not happen is a dash."""
    return "–" if value is None else f"{value}"


def _marks(subject: Subject) -> list[Row]:
    """Return the acts on the ladder of warnings: where they were done is where their flight is."""
    found = []
    for event in subject.recorded.events:
        look = subject.teller.act(event)
        if look is not None:
            found.append({"step": event["step"], "look": look, "about": event["about"]})
    return found
