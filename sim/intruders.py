"""Intruders: flights that follow a scripted route, and leave it when their crew turns away.

A flight is a route of waypoints with a clock time or a ground speed, flown along great circles.  On the clock the
route is a table; the process reports what follows from it: where it appears, each zone boundary it crosses, the
flight it forms up with, and its end.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import time
from functools import lru_cache
from typing import Annotated, Any

import numpy as np
from pydantic import Field, model_validator

from sim.clock import NEVER, Clock
from sim.departures import Departures
from sim.flight import Track, Vectors
from sim.geo import Sphere
from sim.spec import Label, Name, Section, quantity
from sim.units import KM_PER_NMI
from sim.world import News, Process, World, emit, ring, start, wait
from sim.zones import Region

FASTEST_KT = 2_000
"""No crewed aircraft that an intercept is about flies faster over the ground: assumption, Mach 3.4 at height."""


class Waypoint(Section):
    """One point of a route: reached at a clock time, or by a leg flown at a ground speed."""

    at: time | None = Field(default=None, description="local clock time at which the point is reached")
    ground_speed_kt: float | None = quantity(
        "speed of the leg to this point", gt=0, le=FASTEST_KT, default=None
    )
    lat_deg: float = quantity("latitude, north positive", ge=-89, le=89)
    lon_deg: float = quantity("longitude, east positive", ge=-180, le=180)
    altitude_ft: float | None = quantity(
        "altitude from this point on; the one before unless said", ge=0, le=80_000, default=None
    )


class Flight(Section):
    """`[intruders.<id>]`: one aircraft or a close formation that flies as one."""

    label: Label
    side: Name = Field(description="side whose flight it is")
    type: str = Field(description="type of aircraft, for people")
    aircraft: int = quantity("number of aircraft in the formation", ge=1, le=100, default=1)
    altitude_ft: float = quantity("altitude at the first waypoint", ge=0, le=80_000)
    route: Annotated[tuple[Waypoint, ...], Field(min_length=2, description="waypoints in order of time")]
    forms_with: Name | None = Field(default=None, description="flight that this one joins up with")
    forms_within_km: float = quantity(
        "distance at which the two count as formed up", gt=0, le=100, default=5.0
    )

    @model_validator(mode="after")
    def _timed(self) -> Flight:
        if self.route[0].at is None:
            raise ValueError("the first waypoint needs a clock time `at`")
        for number, point in enumerate(self.route[1:], start=1):
            if (point.at is None) == (point.ground_speed_kt is None):
                came = "neither" if point.at is None else "both"
                raise ValueError(f"waypoint {number} needs either `at` or `ground_speed_kt`, has {came}")
        return self


@lru_cache(maxsize=4_096)
def place_of(sphere: Sphere, point: Waypoint) -> Vectors:
    """Return the unit vector of a waypoint, shape (3,), not to be written to."""
    return sphere.unit(point.lat_deg, point.lon_deg)


def seconds_of_route(flight: Flight, clock: Clock, sphere: Sphere) -> list[float]:
    """Return the seconds from the start of the window at which each waypoint is reached."""
    seconds: list[float] = []
    before = None
    for point in flight.route:
        here = place_of(sphere, point)
        if point.at is not None:
            seconds.append(clock.seconds_at(point.at))
        else:
            assert point.ground_speed_kt is not None
            assert before is not None
            leg_km = float(sphere.distance_km(before, here))
            seconds.append(seconds[-1] + leg_km / (point.ground_speed_kt * KM_PER_NMI) * 3600)
        before = here
    return seconds


def route_problems(flight: Flight, clock: Clock, sphere: Sphere) -> list[tuple[tuple[str | int, ...], str]]:
    """Return (path, message) for each waypoint that cannot be reached when the route says so."""
    problems: list[tuple[tuple[str | int, ...], str]] = []
    reached_s = seconds_of_route(flight, clock, sphere)
    for number, (point, seconds) in enumerate(zip(flight.route, reached_s, strict=True)):
        if point.at is None:
            continue
        path = ("route", number, "at")
        if seconds > clock.last * clock.step_s:
            window = f"{clock.short(0)} to {clock.short(clock.last)}"
            problems.append((path, f"is {point.at}, outside the window {window}"))
        elif number > 0:
            before = flight.route[number - 1]
            leg_km = float(sphere.distance_km(place_of(sphere, before), place_of(sphere, point)))
            taken_s = seconds - reached_s[number - 1]
            if taken_s <= 0:
                earlier = clock.short(math.ceil(reached_s[number - 1] / clock.step_s))
                problems.append(
                    (path, f"is {point.at}, must come after the waypoint before it, reached at {earlier}")
                )
            elif (speed_kt := leg_km / KM_PER_NMI / taken_s * 3600) > FASTEST_KT:
                leg = f"{leg_km:.0f} km in {taken_s:.0f} s need {speed_kt:.0f} kt"
                problems.append((path, f"is {point.at}: {leg}, more than {FASTEST_KT}"))
    return problems


def scripted(name: str, flight: Flight, clock: Clock, sphere: Sphere, regions: Mapping[str, Region]) -> Track:
    """Return the track of a flight's route, a place for each step between its first and last waypoint."""
    reached_s = seconds_of_route(flight, clock, sphere)
    steps = clock.last + 1
    at_s = np.arange(steps) * float(clock.step_s)
    first = int(np.searchsorted(at_s, reached_s[0], side="left"))
    last = min(int(np.searchsorted(at_s, reached_s[-1], side="right")) - 1, clock.last)
    units: Vectors = np.zeros((steps, 3))
    altitude_ft = np.zeros(steps)
    altitude = flight.altitude_ft
    places = [place_of(sphere, point) for point in flight.route]
    for i, point in enumerate(flight.route[:-1]):
        altitude = altitude if point.altitude_ft is None else point.altitude_ft
        leg = slice(
            int(np.searchsorted(at_s, reached_s[i], side="left")),
            min(int(np.searchsorted(at_s, reached_s[i + 1], side="right")), steps),
        )
        share = (at_s[leg] - reached_s[i]) / max(reached_s[i + 1] - reached_s[i], 1e-9)
        units[leg] = sphere.interpolate(places[i], places[i + 1], share)
        altitude_ft[leg] = altitude
    return Track(name, sphere, regions, first, last, units, altitude_ft)


def formed_step(track: Track, other: Track, within_km: float) -> int:
    """Return the first step at which two tracks are within a distance, or NEVER."""
    first, last = max(track.first, other.first), min(track.last, other.last)
    if first > last:
        return NEVER
    span = slice(first, last + 1)
    near = np.flatnonzero(track.sphere.distance_km(track.units[span], other.units[span]) <= within_km)
    return int(near[0]) + first if len(near) else NEVER


def fly(world: World, name: str, flight: Flight) -> Process:
    """Report what a flight's track says, step by step of the crossings.

    1. Appear.  2. Enter or leave zones as the table says.  3. End where the route ends; after a turn go on with the
    new table.
    """
    appeared: int | None = None
    while True:
        track, now = world.tracks[name], world.now
        if now == track.first:
            data: dict[str, Any] = {"side": flight.side, "type": flight.type, "aircraft": flight.aircraft}
            appeared = emit(world, "appears", name, name, None, data=data).id
        turns = name in world.left_script
        for crossing in track.crossings_at.get(now, ()):
            cause = appeared if now == track.first else _turn_record(world, name) if turns else None
            kind = "enters" if crossing.inwards else "leaves"
            emit(world, kind, name, name, cause, data={"zone": crossing.zone, "stay": crossing.stay})
        if now == track.last + 1:
            emit(world, "ends", name, name, None)
        seen = now
        while world.now == seen:
            yield from wait(world, track.next_mark(seen), world.track_news[name])
            track = world.tracks[name]


def _turn_record(world: World, name: str) -> int | None:
    # In the step of the turn itself the flight is still where its script says.
    if world.left_script.get(name, NEVER) >= world.now:
        return None
    return next(r.id for r in reversed(world.records) if r.kind == "turns" and r.who == name)


def form_up(world: World, name: str, partner: str, within_km: float) -> Process:
    """Report the step at which a flight comes within a distance of its partner while both fly their script."""
    key = ("formed", name)
    step: int | None = world.tables.get(key)
    if step is None:
        step = world.tables[key] = formed_step(world.tracks[name], world.tracks[partner], within_km)
    while world.now < step:
        yield from wait(world, step)
    if all(world.left_script.get(flight, NEVER) >= step for flight in (name, partner)):
        emit(world, "formed", name, partner, None)


def turn_away(world: World, name: str, zones: list[str], cause: int, way: str) -> None:
    """Take a flight off its script at this step: the shortest way out of each zone that it is in, then straight on."""
    track = Departures.of(world.tracks[name], np.array([world.now]), zones).track(0)
    world.tracks[name] = track
    world.left_script[name] = world.now
    for key in [key for key in world.own_tables if key[0] == name]:
        del world.own_tables[key]
    emit(world, "turns", name, name, cause, data={"after": way})
    ring(world.track_news[name])


def set_up(world: World, flights: Mapping[str, Flight]) -> None:
    """Start a process for each flight."""
    for name, flight in flights.items():
        world.track_news[name] = News()
        start(world, fly(world, name, flight))
        if flight.forms_with is not None:
            start(world, form_up(world, name, flight.forms_with, flight.forms_within_km))
