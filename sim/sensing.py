"""Sensing: radars scan, a track is confirmed after m hits in n scans, and a post learns what is where.

A radar (on the ground, or in the air with the height of its orbit) covers a flight within its instrumented range and
above its horizon over an earth of 4/3 radius.  It looks once per scan period from a drawn phase on; each look finds
the flight with a fixed chance.  How many scans a confirmation takes is one draw from the exact law of the waiting time
for m hits within n consecutive scans.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from sim.clock import NEVER
from sim.flight import Track
from sim.log import Record
from sim.spec import Label, Name, Section, quantity
from sim.units import M_PER_FT
from sim.world import Process, World, emit, on, start, wait

HORIZON_KM_PER_SQRT_M = 4.1215
"""Radar horizon in km per square root of a height in m: sqrt(2 * 4/3 * 6371 km * 1 m), ITU-R P.310 earth radius 4/3."""

CERTAIN = 1.0 - 1e-12
MOST_SCANS = 100_000


class Radar(Section):
    """`[sensing.radars.<id>]`: a radar that reports to a post."""

    label: Label
    post: Name = Field(description="post to which it reports")
    lat_deg: float = quantity("latitude of the antenna, or of its orbit", ge=-89, le=89)
    lon_deg: float = quantity("longitude of the antenna, or of its orbit", ge=-180, le=180)
    height_m: float = quantity("height of the antenna above the sea", ge=0, le=20_000)
    range_km: float = quantity("instrumented range", gt=0, le=2_000)
    scan_period_s: float = quantity("time of one turn of the antenna", gt=0, le=600)
    hit_share: float = quantity("chance that one scan finds a flight in cover", gt=0, le=1)
    confirm_hits: int = quantity("hits that confirm a track", ge=1, le=8)
    confirm_scans: int = quantity("consecutive scans in which they must fall", ge=1, le=8)

    @model_validator(mode="after")
    def _possible(self) -> Radar:
        if self.confirm_hits > self.confirm_scans:
            raise ValueError(f"needs {self.confirm_hits} hits in only {self.confirm_scans} scans")
        return self


class Sensing(Section):
    """`[sensing]`: all radars."""

    radars: Mapping[Name, Radar] = Field(default_factory=dict, description="radars, by name")


@lru_cache(maxsize=256)
def confirmation_law(hit_share: float, hits: int, scans: int, most: int = MOST_SCANS) -> tuple[float, ...]:
    """Return the chances that a track is confirmed by the first, second, ... scan, up to near certainty or `most`.

    The state is which of the last scans - 1 were hits; one scan moves it.  Exact but for rounding.
    """
    memory = scans - 1
    states = {0: 1.0}
    confirmed = 0.0
    law: list[float] = []
    while confirmed < CERTAIN and len(law) < most:
        after: dict[int, float] = {}
        for state, chance in states.items():
            for hit, share in ((1, hit_share), (0, 1.0 - hit_share)):
                if share == 0.0:
                    continue
                window = state << 1 | hit
                if window.bit_count() >= hits:
                    confirmed += chance * share
                else:
                    kept = window & ((1 << memory) - 1)
                    after[kept] = after.get(kept, 0.0) + chance * share
        states = after
        law.append(confirmed)
        if not states:
            break
    return tuple(law)


def limits_km(radar: Radar, track: Track, since: int = 0) -> NDArray[np.float64]:
    """Return for each step from `since` on how far a radar sees a flight: its range, or its horizon if that is less."""
    height_m = track.altitude_ft[since:] * M_PER_FT
    horizon_km = HORIZON_KM_PER_SQRT_M * (np.sqrt(radar.height_m) + np.sqrt(height_m))
    limits: NDArray[np.float64] = np.minimum(radar.range_km, horizon_km)
    return limits


def cover(radar: Radar, track: Track, since: int = 0) -> NDArray[np.bool_]:
    """Return for each step from `since` on whether a radar covers a flight, shape (steps - since,)."""
    site = track.sphere.unit(radar.lat_deg, radar.lon_deg)
    covered: NDArray[np.bool_] = track.distances_km(site, since)[since:] <= limits_km(radar, track, since)
    return covered


def spans(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return the runs of true values as (first, first after)."""
    change = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False])).astype(np.int8))).tolist()
    return list(zip(change[0::2], change[1::2], strict=True))


class Cover(NamedTuple):
    """Where the radars of a post cover one flight: by radar for each step, as spans, and as spans of all together."""

    flags: dict[str, NDArray[np.bool_]]
    each: dict[str, list[tuple[int, int]]]
    together: list[tuple[int, int]]

    @classmethod
    def of(cls, flags: dict[str, NDArray[np.bool_]]) -> Cover:
        """Make the spans of the flags (steps,) of each radar."""
        each = {name: spans(covered) for name, covered in flags.items()}
        return cls(flags, each, spans(np.any(list(flags.values()), axis=0)))


class Picture:
    """What one post knows of one flight: since when it has a track, and until when."""

    def __init__(self, world: World, post: str, flight: str, radars: Mapping[str, Radar]) -> None:
        self.world, self.post, self.flight, self.radars = world, post, flight, radars
        self.confirmed, self.lost = NEVER, NEVER  # of the track that it has, or had last
        self.tracks = False
        self.record = -1
        on(world, "enters", self._hear, flight)
        on(world, "leaves", self._hear, flight)

    def _hear(self, record: Record) -> None:
        number, step, kind, _, _, _, data = record
        if self.confirmed < step <= self.lost:
            self.world.announce(self.post, f"{kind}:{data['zone']}", self.flight, number)

    def spans(self) -> list[tuple[int, int, str]]:
        """Return when the post holds a track of the flight: (confirmed, lost, radar that confirmed)."""
        covered = self._covered()
        confirmations = sorted(self._confirmations(covered.each))
        found, at = [], 0
        for begin, end in covered.together:
            while at < len(confirmations) and confirmations[at][0] < begin:
                at += 1
            if at < len(confirmations) and confirmations[at][0] < end:
                lost = end if end <= self.world.clock.last else NEVER
                found.append((confirmations[at][0], lost, confirmations[at][1]))
        return found

    def _covered(self) -> Cover:
        """Return the cover of the flight's track: up to a turn it is that of its script."""
        world, key = self.world, (self.flight, "cover", self.post)
        turn = world.left_script.get(self.flight)
        if turn is not None:
            track, script = world.tracks[self.flight], world.tables[key].flags
            return Cover.of(
                {
                    name: np.append(script[name][:turn], cover(radar, track, turn))
                    for name, radar in self.radars.items()
                }
            )
        found: Cover | None = world.tables.get(key)
        if found is None:
            track = world.tracks[self.flight]
            found = world.tables[key] = Cover.of(
                {name: cover(radar, track) for name, radar in self.radars.items()}
            )
        return found

    def _confirmations(self, each: Mapping[str, list[tuple[int, int]]]) -> Iterable[tuple[int, str]]:
        clock, draw = self.world.clock, self.world.draw
        for name, radar in self.radars.items():
            if not each[name]:
                continue
            period = max(1, clock.steps(radar.scan_period_s))
            phase = int(draw(name, "scan-phase", 1) * period)
            in_window = clock.last // period + 2
            law = confirmation_law(radar.hit_share, radar.confirm_hits, radar.confirm_scans, in_window)
            for number, (begin, end) in enumerate(each[name], start=1):
                scans = bisect_right(law, draw(name, f"confirm {self.flight}", number))
                first_scan = begin + (phase - begin) % period
                confirmed = first_scan + scans * period
                if confirmed < end:
                    yield confirmed, name


def watch(world: World, picture: Picture) -> Process:
    """Keep one post's picture of one flight.

    1. Confirm the track.  2. Announce it and the zones that the flight is in; from then on each crossing.
    3. Lose it when no radar covers the flight.  4. Begin again.
    """
    flight, track = picture.flight, world.tracks[picture.flight]
    spans = picture.spans()
    while True:
        now = world.now
        if world.tracks[flight] is not track:
            track = world.tracks[flight]
            spans = picture.spans()
        ahead = NEVER
        for confirmed, lost, radar in spans:
            if not picture.tracks and confirmed == now:
                picture.tracks, picture.confirmed = True, now
                _report(world, picture, radar)
            if picture.confirmed == confirmed:
                picture.lost = lost
            for change in (confirmed, lost):
                if now < change < ahead:
                    ahead = change
        if picture.tracks and picture.lost <= now:
            picture.tracks = False
            emit(world, "track-lost", picture.post, flight, picture.record, [picture.post])
        yield from wait(world, ahead, world.track_news[flight])


def _report(world: World, picture: Picture, radar: str) -> None:
    track = world.tracks[picture.flight]
    record = emit(world, "track", picture.post, picture.flight, None, [picture.post], data={"radar": radar})
    picture.record = record.id
    for zone in track.regions:
        if track.is_inside(zone, world.now):
            world.announce(picture.post, f"enters:{zone}", picture.flight, record.id)


def set_up(world: World, sensing: Sensing, watches: Mapping[str, list[str]]) -> None:
    """Start a process for each post with radars and each flight that it watches; `watches` is by post."""
    for post in dict.fromkeys(radar.post for radar in sensing.radars.values()):
        radars = {name: radar for name, radar in sensing.radars.items() if radar.post == post}
        for flight in watches[post]:
            start(world, watch(world, Picture(world, post, flight, radars)))
