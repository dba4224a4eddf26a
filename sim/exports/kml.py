"""A run as KML 2.2 for Google Earth: tracks on the time slider, zones on the ground, events where they happened.

Tracks are `gx:Track` of Google's extension, whose schema Google publishes beside that of OGC KML 2.2 (OGC 07-147r2).
Descriptions are read as HTML, so a label is escaped in them twice: markup in a name is shown, not obeyed.
"""

from __future__ import annotations

import html
from xml.etree.ElementTree import Element, SubElement, indent, register_namespace, tostring

import numpy as np

from sim.exports.rings import anticlockwise
from sim.exports.scene import (
    BOOKED,
    PLACES,
    Area,
    Happened,
    Scene,
    Track,
    half_turn_deg,
    printable,
)

KML = "http://www.opengis.net/kml/2.2"
GX = "http://www.google.com/kml/ext/2.2"
VIEW_RANGE_M = 900_000  # from which the region of an air defence identification zone is in view
OPAQUE, FAINT = "ff", "30"


def kml(scene: Scene) -> bytes:
    """Return the document as UTF-8: folders of zones, flights, fighters, rungs of the ladder, and events by kind."""
    register_namespace("", KML)
    register_namespace("gx", GX)
    root = Element(f"{{{KML}}}kml")
    document = _child(root, "Document")
    _child(document, "name", scene.title)
    _child(document, "open", "1")
    _describe(document, scene.scenario_note, scene.made_from)
    _look(document, scene)
    for number, side in enumerate(scene.recorded.scenario.sides):
        _style(document, f"side-{number}", scene.colour(side)[1])
    _style(document, "nobody", "#6b6b6b")
    _style(document, "rung", "#1a1a1a")
    zones = _folder(document, "Zones")
    for area in scene.areas:
        _zone(zones, scene, area)
    for kind, name in (("flight", "Flights"), ("pair", "Fighters")):
        folder = _folder(document, name)
        for track in scene.tracks:
            if track.kind == kind:
                _track(folder, scene, track)
    _events(document, scene)
    indent(root, space=" ")
    text: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def _child(parent: Element, tag: str, text: str = "", *, namespace: str = KML) -> Element:
    child = SubElement(parent, f"{{{namespace}}}{tag}")
    if text:
        child.text = printable(text)
    return child


def _describe(parent: Element, *paragraphs: str) -> None:
    """Write a description in HTML, in which what looks like markup is text."""
    told = [html.escape(text, quote=False).replace("\n", "<br>") for text in paragraphs if text]
    _child(parent, "description", "<br><br>".join(told))


def _folder(parent: Element, name: str, *, visible: bool = True) -> Element:
    folder = _child(parent, "Folder")
    _child(folder, "name", name)
    if not visible:
        _child(folder, "visibility", "0")
    return folder


def _look(document: Element, scene: Scene) -> None:
    centre = scene.recorded.scenario.centre
    look = _child(document, "LookAt")
    _child(look, "longitude", f"{centre.lon_deg:.{PLACES}f}")
    _child(look, "latitude", f"{centre.lat_deg:.{PLACES}f}")
    _child(look, "altitude", "0")
    _child(look, "heading", "0")
    _child(look, "tilt", "0")
    _child(look, "range", str(VIEW_RANGE_M))


def _colour(rgb: str, alpha: str) -> str:
    """Return a colour as KML writes it: alpha, blue, green, red.

    >>> _colour("#004488", "ff")
    'ff884400'
    """
    return f"{alpha}{rgb[5:7]}{rgb[3:5]}{rgb[1:3]}"


def _style(document: Element, name: str, rgb: str) -> None:
    """Write the look of one side's tracks, zones and events; there is no icon to be fetched."""
    style = _child(document, "Style")
    style.set("id", name)
    icon = _child(style, "IconStyle")
    _child(icon, "color", _colour(rgb, OPAQUE))
    _child(icon, "scale", "0.8")
    _child(_child(style, "LabelStyle"), "scale", "0.9")
    line = _child(style, "LineStyle")
    _child(line, "color", _colour(rgb, OPAQUE))
    _child(line, "width", "2.5")
    _child(_child(style, "PolyStyle"), "color", _colour(rgb, FAINT))


def _style_of(scene: Scene, side: str | None) -> str:
    return "#nobody" if side is None else f"#side-{list(scene.recorded.scenario.sides).index(side)}"


def _zone(folder: Element, scene: Scene, area: Area) -> None:
    """Write a zone; only airspace is filled, and lines of action and stations are there to be switched on."""
    zone = area.zone
    mark = _child(folder, "Placemark")
    _child(mark, "name", zone.label)
    if zone.kind in ("trigger", "station"):
        _child(mark, "visibility", "0")
    owner = "" if zone.owner is None else f", {scene.recorded.scenario.sides[zone.owner].label}"
    _describe(mark, f"{zone.label}: zone of kind {zone.kind}{owner}")
    _child(mark, "styleUrl", _style_of(scene, zone.owner))
    if zone.kind != "airspace":
        _child(_child(_child(mark, "Style"), "PolyStyle"), "fill", "0")
    polygon = _child(mark, "Polygon")
    _child(polygon, "tessellate", "1")
    _child(polygon, "altitudeMode", "clampToGround")
    ring = anticlockwise(area.outline_deg[:, ::-1])
    lon_deg, lat_deg = half_turn_deg(ring[:, 0]), ring[:, 1]
    line = _child(_child(polygon, "outerBoundaryIs"), "LinearRing")
    corners = (f"{x:.{PLACES}f},{y:.{PLACES}f}" for x, y in zip(lon_deg, lat_deg, strict=True))
    _child(line, "coordinates", " ".join(corners))


def _track(folder: Element, scene: Scene, track: Track) -> None:
    mark = _child(folder, "Placemark")
    _child(mark, "name", track.label)
    side = scene.recorded.scenario.sides[track.side].label
    number = f", {track.aircraft} aircraft" if track.aircraft > 1 else ""
    _describe(mark, f"{track.label}: {track.type}{number}, {side}", track.altitude_note)
    _child(mark, "styleUrl", _style_of(scene, track.side))
    line = _child(mark, "Track", namespace=GX)
    high_m = track.shown_altitude_m
    known = bool(np.isfinite(high_m).all())
    _child(line, "altitudeMode", "absolute" if known else "clampToGround")
    for step in track.step:
        _child(line, "when", scene.stamp(step))
    for lon, lat, high in zip(
        track.lon_deg, track.lat_deg, high_m if known else 0.0 * track.lat_deg, strict=True
    ):
        _child(line, "coord", f"{lon:.{PLACES}f} {lat:.{PLACES}f} {high:.1f}", namespace=GX)


def _events(document: Element, scene: Scene) -> None:
    """Write the rungs, which stay once they are reached, and every event at its moment, in folders by kind."""
    rungs = _folder(document, "Rungs of the ladder, when first reached")
    for event in scene.events:
        for rung in event.rungs:
            _event(rungs, scene, event, rung)
    every = _folder(document, "Events by kind")
    kinds = dict.fromkeys(event.row["kind"] for event in scene.events if event.place is not None)
    folders = {kind: _folder(every, kind, visible=kind not in BOOKED) for kind in kinds}
    for event in scene.events:
        if event.place is not None:
            _event(folders[event.row["kind"]], scene, event, None)


def _event(folder: Element, scene: Scene, event: Happened, rung: str | None) -> None:
    if event.place is None:
        return
    row = event.row
    mark = _child(folder, "Placemark")
    _child(mark, "name", event.words if rung is None else rung)
    if rung is None and row["kind"] in BOOKED:
        _child(mark, "visibility", "0")
    data = ", ".join(f"{key} {value}" for key, value in row["data"].items())
    cause = "" if row["cause"] is None else f"cause: event {row['cause']}"
    _describe(mark, f"{row['time']} event {row['id']}: {event.words}", data, cause)
    moment = scene.stamp(row["step"])
    if rung is None:
        _child(_child(mark, "TimeStamp"), "when", moment)
    else:
        _child(_child(mark, "TimeSpan"), "begin", moment)
    _child(mark, "styleUrl", "#nobody" if rung is None else "#rung")
    lat, lon, high = event.place
    point = _child(mark, "Point")
    _child(point, "altitudeMode", "absolute")
    _child(point, "coordinates", f"{lon:.{PLACES}f},{lat:.{PLACES}f},{high:.1f}")
