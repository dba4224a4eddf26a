"""Logs of single replications as a batch: what the batch engine tells, from what the processes told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sim.clock import NEVER
from sim.flight import Track
from sim.happenings import Batch, FlownColumns, Happening, StayColumns
from sim.log import Record
from sim.run import Replication

DIFFERS = ("delay_s", "distance_km", "flares", "burst_s", "rounds")
"""What may differ from one replication to the next in the same event."""

IN_WORDS = ("was", "planned_join", "waits_for", "reason")
"""What no outcome can speak of."""

Key = tuple[Any, ...]


def batch_of(replications: Sequence[Replication]) -> Batch:
    """Return the batch of replications that follow each other under one seed."""
    count = len(replications)
    found: dict[Key, tuple[Record, np.ndarray, dict[str, np.ndarray]]] = {}
    for place, replication in enumerate(replications):
        times: dict[Key, int] = {}
        for record in replication.log:
            fixed = {k: v for k, v in record.data.items() if k not in (*DIFFERS, *IN_WORDS)}
            key: Key = (record.kind, record.who, record.about, repr(fixed))
            times[key] = times.get(key, 0) + 1
            key = (*key, times[key])
            if key not in found:
                found[key] = (record, np.full(count, NEVER, dtype=np.int32), {})
            _, steps, varying = found[key]
            steps[place] = record.step
            for name in DIFFERS:
                if name in record.data:
                    kind = np.float64 if isinstance(record.data[name], float) else np.int32
                    varying.setdefault(name, np.zeros(count, dtype=kind))[place] = record.data[name]
    happenings = [
        Happening(
            record.kind,
            record.who,
            record.about,
            steps,
            {k: v for k, v in record.data.items() if k not in (*DIFFERS, *IN_WORDS)},
            varying,
        )
        for record, steps, varying in found.values()
    ]
    prepared, first = replications[0].prepared, replications[0].number
    flown = {name: _flown(replications, name) for name in prepared.tracks}
    seed, handed_over = replications[0].seed, np.zeros(count, dtype=bool)
    return Batch(prepared, seed, first, count, happenings, flown, handed_over)


def _flown(replications: Sequence[Replication], name: str) -> FlownColumns:
    prepared = replications[0].prepared
    centre = prepared.sphere.unit(prepared.scenario.centre.lat_deg, prepared.scenario.centre.lon_deg)
    tracks = [replication.tracks[name] for replication in replications]
    turns = [next((r.step for r in run.log.of_kind("turns") if r.who == name), NEVER) for run in replications]
    distances = {id(track): track.distances_km(centre) for track in tracks}
    each = [distances[id(track)] for track in tracks]
    closest = [int(np.argmin(distance)) for distance in each]
    closest_km = [float(distance[step]) for distance, step in zip(each, closest, strict=True)]
    return FlownColumns(
        np.array(turns, dtype=np.int32),
        np.array([track.last for track in tracks], dtype=np.int32),
        np.array(closest, dtype=np.int32),
        np.array(closest_km),
        {zone: _stays(tracks, each, zone) for zone in prepared.scenario.zones},
    )


def _stays(tracks: Sequence[Track], distances: Sequence[np.ndarray], zone: str) -> StayColumns:
    most = max(len(track.stays(zone)) for track in tracks)
    shape = most, len(tracks)
    stays = StayColumns(
        np.full(shape, NEVER, dtype=np.int32), np.full(shape, NEVER, dtype=np.int32), np.full(shape, np.nan)
    )
    for place, track in enumerate(tracks):
        for number, stay in enumerate(track.stays(zone)):
            stays.enters[number, place], stays.leaves[number, place] = stay
            inside = distances[place][stay.enters : min(stay.leaves, track.last + 1)]
            stays.closest_km[number, place] = inside.min()
    return stays
