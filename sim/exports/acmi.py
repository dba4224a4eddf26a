"""A run as a Tacview flight recording, ACMI 2.2 in plain text: UTC, degrees, metres.

Written from the format's published reference (tacview.net/documentation/acmi).  A comma and a line's end inside a text
are escaped by a backslash.  A backslash itself and, in an event, a bar have no escape there: their full-width forms
stand in for them.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sim.exports.scene import BOOKED, PLACES, Happened, Scene, Track, half_turn_deg

BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
PLANE, AERODROME = "Air+FixedWing", "Ground+Static+Aerodrome"
BULLSEYE, WAYPOINT = "Navaid+Static+Bullseye", "Navaid+Static+Waypoint"
OUTLINED = ("identification", "airspace")


def acmi(scene: Scene) -> bytes:
    """Return the recording as UTF-8 with a byte order mark: one frame for each step at which something is said."""
    numbers = {track.name: f"{number:x}" for number, track in enumerate(scene.tracks, start=1)}
    frames: dict[int, list[str]] = {}
    for track in scene.tracks:
        for step, line in _places(scene, track, numbers[track.name]):
            frames.setdefault(step, []).append(line)
    for event in scene.events:
        frames.setdefault(event.row["step"], []).extend(_events(event, numbers))
    for track in scene.tracks:  # the last that is said of an object
        last = frames[int(track.step[-1])]
        number = numbers[track.name]
        last += [f"0,Event=LeftArea|{number}|", f"-{number}"]
    lines = ["FileType=text/acmi/tacview", "FileVersion=2.2", *_globals(scene)]
    lines += _ground(scene, first=len(numbers) + 1)
    for step in sorted(frames):
        lines.append(f"#{step * scene.clock.step_s}")
        lines += frames[step]
    return (BOM + "\n".join(lines) + "\n").encode()


def escaped(text: str) -> str:
    r"""Return a text as a property holds it.

    >>> print(escaped("one, two\nthree \\ four"))
    one\, two\
    three ＼ four
    """
    plain = text.replace("\\", "\N{FULLWIDTH REVERSE SOLIDUS}").replace("\r\n", "\n").replace("\r", "\n")
    return plain.replace(",", "\\,").replace("\n", "\\\n")


def _in_event(text: str) -> str:
    return escaped(text.replace("|", "\N{FULLWIDTH VERTICAL LINE}"))


def _globals(scene: Scene) -> Iterator[str]:
    yield f"0,ReferenceTime={scene.stamp(0)}"
    yield f"0,Title={escaped(scene.title)}"
    yield f"0,DataSource={escaped(scene.made_from)}"
    yield "0,DataRecorder=intercept"
    yield f"0,Comments={escaped(scene.scenario_note)}"


def _places(scene: Scene, track: Track, number: str) -> Iterator[tuple[int, str]]:
    """Yield (step, line) for each place; the first says who it is, and what did not change is left out."""
    before = ("", "", "")
    high_m = track.shown_altitude_m
    note = f" ({track.altitude_note})" if track.altitude_note else ""
    label = f"{track.aircraft} aircraft{note}"
    colour, _ = scene.colour(track.side)
    side = scene.recorded.scenario.sides[track.side].label
    who = (
        f",Type={PLANE},Name={escaped(track.type)},CallSign={escaped(track.label)},Group={escaped(track.name)}"
        f",Coalition={escaped(side)},Color={colour},Label={escaped(label)}"
    )
    for step, lon, lat, high in zip(track.step, track.lon_deg, track.lat_deg, high_m, strict=True):
        place = (
            f"{lon:.{PLACES}f}",
            f"{lat:.{PLACES}f}",
            f"{high:.1f}" if np.isfinite(high) else "",
        )
        changed = [new if new != old else "" for new, old in zip(place, before, strict=True)]
        yield int(step), f"{number},T={'|'.join(changed)}{who}"
        before, who = place, ""


def _events(event: Happened, numbers: dict[str, str]) -> Iterator[str]:
    """Yield what is said of an event: a bookmark for each rung that it reached first, and a message."""
    row = event.row
    named = dict.fromkeys(numbers[name] for name in (row["who"], row["about"]) if name in numbers)
    objects = "".join(f"{number}|" for number in named)
    for rung in event.rungs:
        yield f"0,Event=Bookmark|{objects}{_in_event(rung)}"
    if row["kind"] in BOOKED:
        return
    kind = {"airborne": "TakenOff", "lands": "Landed"}.get(row["kind"], "Message")
    kind = kind if objects else "Message"
    yield f"0,Event={kind}|{objects}{_in_event(event.words)}"


def _ground(scene: Scene, first: int) -> Iterator[str]:
    """Yield what stands still: the centre, the bases, and the corners of zones, each linked to the next."""
    scenario, number = scene.recorded.scenario, first
    centre = scenario.centre
    where = f"T={centre.lon_deg:.{PLACES}f}|{centre.lat_deg:.{PLACES}f}|0"
    yield f"{number:x},{where},Type={BULLSEYE},Name={escaped(centre.label)},Color=Yellow"
    for base in scenario.fighters.bases.values():
        number += 1
        where = f"T={base.lon_deg:.{PLACES}f}|{base.lat_deg:.{PLACES}f}|0"
        yield f"{number:x},{where},Type={AERODROME},Name={escaped(base.label)}"
    number += 1
    for area in scene.areas:
        if area.zone.kind not in OUTLINED:
            continue
        lat_deg, lon_deg = area.corners_deg[:-1, 0], half_turn_deg(area.corners_deg[:-1, 1])
        owner, name = (
            area.zone.owner,
            f",Name={escaped(area.zone.label)}",
        )  # on one corner: a label, not a wreath
        colour = "" if owner is None else f",Color={scene.colour(owner)[0]}"
        for place, (lat, lon) in enumerate(zip(lat_deg, lon_deg, strict=True)):
            following = number + (place + 1) % len(lat_deg)
            where = f"T={lon:.{PLACES}f}|{lat:.{PLACES}f}|0"
            yield f"{number + place:x},{where},Type={WAYPOINT}{name},Next={following:x}{colour}"
            name = ""
        number += len(lat_deg)
