"""One replication by processes: the tables of a scenario are made once, the processes are wired and run."""

from __future__ import annotations

import gc
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import simpy

from sim import command, crew, dispatch, escalation, intruders, sensing, sorties, warning
from sim.clock import Clock
from sim.draws import Uniforms
from sim.fighters import Force
from sim.flight import Track, Vectors
from sim.geo import Sphere
from sim.log import Log, in_order
from sim.scenario import Scenario, act_kinds, flight_sides
from sim.sides import watched
from sim.world import Laws, World, disband, run
from sim.zones import regions

TRACKS_KEPT = 64
_tracks: OrderedDict[str, Track] = OrderedDict()


@dataclass(frozen=True)
class Prepared:
    """A scenario with the tables that all its replications share."""

    scenario: Scenario
    clock: Clock
    sphere: Sphere
    tracks: Mapping[str, Track]
    places: Mapping[str, Vectors]
    tables: dict[Any, Any] = field(default_factory=dict)
    laws: Laws = field(default_factory=Laws)


@dataclass(frozen=True)
class Replication:
    """What came of one replication: its log, the tracks as flown, and the pairs with their ways."""

    prepared: Prepared
    seed: int
    number: int
    log: Log
    tracks: Mapping[str, Track]
    forces: Mapping[str, Force]


def prepare(scenario: Scenario) -> Prepared:
    """Make the tables of a scenario: clock, map, and the track of each flight (kept by geometry)."""
    clock = Clock.of(scenario.clock)
    sphere = Sphere.at(scenario.centre.lat_deg, scenario.centre.lon_deg)
    zones = regions(scenario.zones, sphere)
    shared = f"{sphere}{clock}" + "".join(f"{n}{z.model_dump_json()}" for n, z in scenario.zones.items())
    tracks = {}
    for name, flight in scenario.intruders.items():
        key = f"{name}{flight.model_dump_json()}{shared}"
        track = _tracks.get(key)
        if track is None:
            track = _tracks[key] = intruders.scripted(name, flight, clock, sphere, zones)
            if len(_tracks) > TRACKS_KEPT:
                _tracks.popitem(last=False)
        _tracks.move_to_end(key)
        tracks[name] = track
    places = {name: sphere.unit(base.lat_deg, base.lon_deg) for name, base in scenario.fighters.bases.items()}
    for pair in scenario.fighters.pairs.values():
        if pair.station is not None:
            station = scenario.zones[pair.station]
            assert station.lat_deg is not None
            assert station.lon_deg is not None
            places[pair.station] = sphere.unit(station.lat_deg, station.lon_deg)
    return Prepared(scenario, clock, sphere, tracks, places)


def replicate(
    prepared: Prepared,
    uniforms: Uniforms,
    number: int,
    *,
    ticking: bool = False,
    attend: Callable[[World], None] | None = None,
) -> Replication:
    """Run one replication by processes and return its log.

    The log is a function of (scenario, seed, number) alone.  With `ticking` every process wakes at every step; the
    log is the same.  `attend` is given the world when its processes stand ready: to listen, or to ask what if.
    """
    with collector_paused():
        return _told(prepared, uniforms, number, ticking, attend)


def _told(
    prepared: Prepared, uniforms: Uniforms, number: int, ticking: bool, attend: Callable[[World], None] | None
) -> Replication:
    """Run one replication; its world is freed when this returns, before the collector would look at it."""
    world = World(
        simpy.Environment(),
        prepared.clock,
        uniforms.draws(number),
        dict(prepared.tracks),
        prepared.tables,
        prepared.laws,
        ticking,
    )
    forces, chains = wire(world, prepared)
    if attend is not None:
        attend(world)
    run(world)
    command.unmet(world, chains)
    for force in forces.values():
        sorties.end_legs(world, force)
        force.disband()
    disband(world)
    log = in_order(world.records, prepared.clock)
    return Replication(prepared, uniforms.seed, number, log, dict(world.tracks), forces)


@contextmanager
def collector_paused() -> Iterator[None]:
    """Keep Python's garbage collector from looking at a world while it runs: all of it is alive until it ends.

    It would look a dozen times, which is a seventh of the time of a replication.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def wire(world: World, prepared: Prepared) -> tuple[Mapping[str, Force], list[command.Chain]]:
    """Start the processes of every chapter in a world."""
    scenario = prepared.scenario
    sides, own = scenario.sides, flight_sides(scenario)
    watches = {post: watched(sides, p.side, own) for post, p in scenario.command.posts.items()}
    intruders.set_up(world, scenario.intruders)
    sensing.set_up(world, scenario.sensing, watches)
    forces = dispatch.set_up(world, scenario.fighters, sides, prepared.places, prepared.sphere)

    def act(stage: command.Stage, about: str, cause: int) -> None:
        if stage.orders is not None:
            side = scenario.command.posts[stage.post].side
            dispatch.order_from(world, forces, side, stage, about, cause)

    exchange, chains = command.set_up(world, scenario.command, act)
    warning.set_up(world, exchange, scenario.warning, sides, forces)
    crew.set_up(world, scenario.crew, act_kinds(scenario), sides)
    escalation.set_up(world, scenario.escalation, forces, own)
    return forces, chains


def replications(scenario: Scenario, seed: int, count: int, first: int = 0) -> Iterator[Replication]:
    """Yield replications `first` to `first + count - 1` of a scenario under one seed."""
    prepared, uniforms = prepare(scenario), Uniforms(seed)
    for number in range(first, first + count):
        yield replicate(prepared, uniforms, number)
