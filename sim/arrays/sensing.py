"""Sensing in columns: since when a post has a track of a flight, and what it sees it cross."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from sim.arrays.columns import FAR, Whole, scans_guide, to_uniform, united
from sim.arrays.telling import Outcome, Telling
from sim.arrays.tracks import Flown, Spans, spans_of
from sim.departures import Departures
from sim.sensing import Radar, cover, limits_km, spans


def picture(
    telling: Telling, post: str, flight: str, radars: Mapping[str, Radar], signals: frozenset[str]
) -> Outcome:
    """Return when a post announces a flight's track, its loss, and the boundaries that it sees crossed."""
    flown = telling.flights[flight]
    confirmations = [
        step for name, radar in radars.items() for step in _confirmed(telling, flown, name, radar)
    ]
    outcome: Outcome = {}
    tracks: list[Whole] = []
    losses: list[Whole] = []
    together = _together([_covers(flown, radar) for radar in radars.values()])
    for begin, end in zip(*together, strict=True):
        confirmed = telling.nowhere()
        for step in confirmations:
            inside = (begin <= step) & (step < end)
            np.minimum(confirmed, np.where(inside, step, FAR), out=confirmed)
        lost = np.where((confirmed < FAR) & (end <= telling.last), end, FAR).astype(np.int32)
        tracks.append(confirmed)
        losses.append(lost)
        telling.happens("track", post, flight, confirmed, span=len(tracks))
        telling.happens("track-lost", post, flight, lost, span=len(tracks))
    outcome["signal", "track", flight, post] = tracks
    outcome["signal", "track-lost", flight, post] = losses
    for zone in telling.prepared.scenario.zones:
        for way in ("enters", "leaves"):
            signal = f"{way}:{zone}"
            if signal in signals:
                outcome["signal", signal, flight, post] = _seen(flown, zone, way, tracks, losses)
    return outcome


def _seen(flown: Flown, zone: str, way: str, tracks: list[Whole], losses: list[Whole]) -> list[Whole]:
    """Return the steps at which a post that has a track announces a flight's entries to or exits from a zone."""
    found = []
    for confirmed, lost in zip(tracks, losses, strict=True):
        for enters, leaves in zip(*flown.stays(zone), strict=True):
            if way == "leaves":
                step = np.maximum(leaves, 0) + np.zeros_like(confirmed)
                step[(leaves <= confirmed) | (leaves > lost)] = FAR
            else:  # what the flight is in at the confirmation is announced with it
                step = np.maximum(enters, confirmed)
                step[(step >= leaves) | (enters > lost)] = FAR
            found.append(step)
    return found


def _confirmed(telling: Telling, flown: Flown, name: str, radar: Radar) -> list[Whole]:
    """Return, for each span in which a radar covers a flight, the step of the confirmation, FAR without one."""
    clock = telling.prepared.clock
    period = max(1, clock.steps(radar.scan_period_s))
    phase = _phase(telling, name, period)
    found = []
    for number, (begin, end) in enumerate(zip(*_covers(flown, radar), strict=True), start=1):
        scans = _scans(telling, name, radar, flown.script.name, number, period)
        step = begin + np.mod(phase - begin, period) + scans * np.int32(period)
        step[(step >= end) | (step > telling.last)] = FAR
        found.append(step.astype(np.int32))
    return found


def _phase(telling: Telling, name: str, period: int) -> Whole:
    key = ("scan-phase", name, period)
    column = telling.columns.kept.get(key)
    if column is None:
        columns = telling.columns
        uniform = to_uniform(columns.raw(name, "scan-phase", 1))
        column = columns.kept[key] = columns.for_all((uniform * period).astype(np.int32))
    rows = telling.rows
    return column if rows is None else column[rows]


def _scans(telling: Telling, name: str, radar: Radar, flight: str, number: int, period: int) -> Whole:
    columns = telling.columns
    key = ("confirm", name, flight, number)
    column = columns.kept.get(key)
    if column is None:
        in_window = columns.clock.last // period + 2
        guide = scans_guide(radar.hit_share, radar.confirm_hits, radar.confirm_scans, in_window)
        drawn = guide.index(columns.raw(name, f"confirm {flight}", number))
        column = columns.kept[key] = columns.for_all(drawn)
    rows = telling.rows
    return column if rows is None else column[rows]


def _covers(flown: Flown, radar: Radar) -> Spans:
    def script() -> Spans:
        return spans_of(spans(cover(radar, flown.script)))

    def turned(departures: Departures) -> Any:
        site = flown.script.sphere.unit(radar.lat_deg, radar.lon_deg)
        return departures.cover_spans(site, limits_km(radar, flown.script))

    key = ("cover", radar.lat_deg, radar.lon_deg, radar.height_m, radar.range_km)
    return flown.spans(key, script, turned)


def _together(covers: list[Spans]) -> Spans:
    """Return the spans in which at least one radar covers a flight, shape (spans, replications or 1)."""
    if len(covers) == 1:
        return covers[0]
    width = max(part.shape[1] for covered in covers for part in covered)
    begins, ends = (
        [np.broadcast_to(each, (width,)) for covered in covers for each in covered[part]] for part in (0, 1)
    )
    return united(begins, ends, FAR - 1) if begins else covers[0]
