"""A run as GeoJSON (RFC 7946) for GIS tools: WGS 84, longitude first, metres, UTC.

Each track is a LineString, each zone a Polygon, each event a Point; what crosses the antimeridian is cut there and
becomes a MultiLineString or MultiPolygon.  A line has a third coordinate only where the model gives every altitude.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.exports.rings import cut_line, cut_ring
from sim.exports.scene import PLACES, Area, Happened, Scene, Track, stamp
from sim.zones import Zone

Member = dict[str, Any]
Floats = NDArray[np.float64]

SHAPED = ("lat_deg", "lon_deg", "radius_nmi", "around", "margin_nmi")


def geojson(scene: Scene) -> bytes:
    """Return the FeatureCollection as UTF-8: zones, then tracks, then events, each feature with what it is."""
    features = [_area(area) for area in scene.areas]
    features += [_track(scene, track) for track in scene.tracks]
    features += [_event(scene, event) for event in scene.events]
    collection = {
        "type": "FeatureCollection",
        "title": scene.title,
        "made_from": scene.made_from,
        "features": features,
    }
    return (json.dumps(collection, ensure_ascii=False, separators=(",", ":")) + "\n").encode()


def _feature(number: str, geometry: Member | None, properties: Member) -> Member:
    return {"type": "Feature", "id": number, "geometry": geometry, "properties": properties}


def _positions(columns: Floats) -> list[list[float]]:
    return [[float(value) for value in row] for row in np.round(columns, PLACES)]


def _area(area: Area) -> Member:
    rings = [[_positions(ring)] for ring in cut_ring(area.outline_deg)]
    geometry: Member = {"type": "Polygon", "coordinates": rings[0]}
    if len(rings) > 1:
        geometry = {"type": "MultiPolygon", "coordinates": rings}
    zone: Zone = area.zone
    properties = {
        "feature": "zone",
        "name": area.name,
        "label": zone.label,
        "kind": zone.kind,
        "owner": zone.owner,
    }
    shape = {key: value for key in SHAPED if (value := getattr(zone, key)) is not None}
    return _feature(f"zone:{area.name}", geometry, properties | shape)


def _track(scene: Scene, track: Track) -> Member:
    """Return a track; its times and altitudes stand beside its coordinates, in the same order and nesting."""
    columns = np.column_stack([track.lon_deg, track.lat_deg, track.altitude_m, track.step])
    parts = cut_line(columns)
    high = bool(np.isfinite(track.altitude_m).all())
    lines = [_positions(part[:, : 3 if high else 2]) for part in parts]
    times = [[_stamp(scene, step) for step in part[:, 3]] for part in parts]
    altitudes = [[round(m, 1) if np.isfinite(m) else None for m in part[:, 2].tolist()] for part in parts]
    single = len(parts) == 1
    geometry = {
        "type": "LineString" if single else "MultiLineString",
        "coordinates": lines[0] if single else lines,
    }
    properties = {
        "feature": "track",
        "name": track.name,
        "label": track.label,
        "kind": track.kind,
        "side": track.side,
        "type": track.type,
        "aircraft": track.aircraft,
        "stroke": scene.colour(track.side)[1],
        "begins_utc": scene.stamp(track.step[0]),
        "ends_utc": scene.stamp(track.step[-1]),
        "times_utc": times[0] if single else times,
        "altitudes_m": altitudes[0] if single else altitudes,
    }
    return _feature(f"track:{track.name}", geometry, properties)


def _stamp(scene: Scene, step: float) -> str:
    """Return the time of a place: of a step, or between two where a line was cut, to the millisecond."""
    whole = int(step)
    part_ms = round((step - whole) * scene.clock.step_s * 1000)
    return stamp(scene.utc(whole) + timedelta(milliseconds=part_ms)) if part_ms else scene.stamp(whole)


def _event(scene: Scene, event: Happened) -> Member:
    row, geometry = event.row, None
    if event.place is not None:
        lat, lon, high = event.place
        geometry = {"type": "Point", "coordinates": [lon, lat, high]}
    properties = {
        "feature": "event",
        "event": row["id"],
        "time_utc": scene.stamp(row["step"]),
        "time_local": row["time"],
        "kind": row["kind"],
        "who": row["who"],
        "about": row["about"],
        "words": event.words,
        "rungs": list(event.rungs),
        "cause": row["cause"],
        "data": row["data"],
    }
    return _feature(f"event:{row['id']}", geometry, properties)
