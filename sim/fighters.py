"""Fighters: pairs on alert, scrambled, sent to meet an intruder, relieved in time, and home on their fuel.

An order takes the pair that can be there first: on the ground, holding at a station or where its last intruder left
it, or beside an intruder that keeps another pair.  The planner reckons with median delays; what happens is drawn.
A pair takes off, climbs, flies a collision course at a set ground speed, joins, identifies, and shadows until the
intruder leaves the side's zone, another order comes or fuel runs low.  A pair flies one sortie: turning an aircraft
round takes longer than the window.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from typing import Any, NamedTuple

import numpy as np
import simpy
from pydantic import Field, model_validator

from sim.clock import NEVER
from sim.command import Stage
from sim.draws import Amount
from sim.flight import Homeward, Track, Vectors, meeting_step, meeting_table
from sim.geo import Sphere
from sim.sides import Side
from sim.spec import Name, Section, quantity
from sim.units import KT_TO_KM_PER_S
from sim.world import (
    Process,
    Waiting,
    World,
    drawn_steps,
    emit,
    planned_steps,
    ring,
    sleep,
    start,
    table,
    wait,
)


class FighterType(Section):
    """`[fighters.types.<id>]`: what a type of fighter can do."""

    label: str
    ground_speed_kt: float = quantity("ground speed to and from the intruder", gt=0, le=2_000)
    climb_s: Amount = Field(
        description="time lost to take-off run and climb against flying at that speed at once"
    )
    endurance_s: float = quantity("time from take-off to landing that the fuel allows", gt=0, le=86_400)
    join_s: Amount = Field(description="time from reaching the intruder to flying beside it")
    identify_s: Amount = Field(description="time from joining to visual identification")


class Base(Section):
    """`[fighters.bases.<id>]`: an airfield."""

    label: str
    lat_deg: float = quantity("latitude of the runway", ge=-89, le=89)
    lon_deg: float = quantity("longitude of the runway", ge=-180, le=180)


class AlertState(Section):
    """`[fighters.alerts.<id>]`: how soon a pair on the ground is in the air."""

    label: str
    airborne_s: Amount = Field(description="time from the order to take-off")
    seat_s: Amount = Field(description="time from the order to cockpit readiness")
    airborne_from_cockpit_s: Amount = Field(description="time from the order to take-off for a seated crew")


class PairSection(Section):
    """`[fighters.pairs.<id>]`: one pair: where it stands, or since when it holds at a station."""

    side: Name
    type: Name
    base: Name
    alert: Name
    aircraft: int = quantity("aircraft that fly together", ge=1, le=12, default=2)
    station: Name | None = Field(
        default=None, description="zone of kind station in whose middle the pair holds"
    )
    on_station_at: time | None = Field(default=None, description="clock time at which it arrives there")

    @model_validator(mode="after")
    def _whole(self) -> PairSection:
        if (self.station is None) != (self.on_station_at is None):
            raise ValueError("`station` and `on_station_at` go together")
        return self


class Policy(Section):
    """`[fighters.policies.<side>]`: how a side uses its pairs."""

    relief_lead_s: float = quantity(
        "time before a pair's fuel limit at which its relief is ordered", ge=0, le=86_400
    )
    spare_s: float = quantity(
        "time beside the intruder that a pair must still have to be sent", ge=0, le=86_400
    )


class Fighters(Section):
    """`[fighters]`: types, bases, alert states, pairs and policies of all sides."""

    types: Mapping[Name, FighterType] = Field(default_factory=dict)
    bases: Mapping[Name, Base] = Field(default_factory=dict)
    alerts: Mapping[Name, AlertState] = Field(default_factory=dict)
    pairs: Mapping[Name, PairSection] = Field(default_factory=dict)
    policies: Mapping[Name, Policy] = Field(default_factory=dict)


class Leg(NamedTuple):
    """One piece of a pair's way: from step to step, between two places, or beside a flight."""

    begins: int
    ends: int
    origin: Vectors | None
    goal: Vectors | None
    beside: str | None


class Order(NamedTuple):
    """What a pair or the side's dispatcher is told: about which flight, why, and of how many pairs and types."""

    about: str
    cause: int
    pairs: int
    types: tuple[str, ...] | None
    relief: bool
    ready: bool


@dataclass
class Pair:
    """One pair in one replication."""

    name: str
    spec: PairSection
    type: FighterType
    alert: AlertState
    base: Vectors
    km_per_step: float
    news: simpy.Event
    status: str = "ground"  # ground, outbound, beside, holding, homeward, down
    about: str = ""
    order: Order | None = None
    place: Vectors | None = None  # where it leaves from: base, hold point, or where it took a new course
    leaves_at: int = NEVER  # the step at which it leaves that place
    seated: int = NEVER
    fuel_limit: int = NEVER
    meets: int = NEVER  # the step at which it will have reached the intruder
    joined: int = NEVER
    parts: int = NEVER  # the step at which it will leave the intruder
    relieved: bool = False
    sorties: int = 0
    joins: int = 0
    cause: int | None = None  # the record that set going what it does now
    legs: list[Leg] = field(default_factory=list)

    def is_summoned(self) -> bool:
        """Return whether another order waits for the pair."""
        return self.order is not None

    def is_beside(self, flight: str, step: int) -> bool:
        """Return whether the pair is beside a flight at a step."""
        return self.about == flight and self.joined <= step < self.parts


@dataclass
class Force:
    """The fighters of one side in one replication: its pairs, its orders and how it uses them."""

    name: str
    side: Side
    policy: Policy
    pairs: list[Pair]
    sphere: Sphere
    posts: list[str]
    orders: list[Order]
    orders_news: simpy.Event
    wanted: dict[str, int] = field(default_factory=dict)


def meeting(world: World, pair: Pair, flight: str, place: Vectors, step: int) -> int:
    """Return the first step at which a pair that leaves a place at a step can be at a flight, or NEVER."""
    if step > world.clock.last:
        return NEVER
    track = world.tracks[flight]
    if place is pair.base:
        key = ("meeting", pair.spec.base, pair.km_per_step)
        return int(table(world, flight, key, lambda: meeting_table(track, place, pair.km_per_step))[step])
    return meeting_step(track, place, pair.km_per_step, step)


def homeward(world: World, pair: Pair, flight: str) -> Homeward:
    """Return the table of when a pair that leaves a flight at a step is back at its base."""
    key = ("homeward", pair.spec.base, pair.km_per_step)
    found: Homeward = table(
        world, flight, key, lambda: Homeward.of(world.tracks[flight], pair.base, pair.km_per_step)
    )
    return found


def home_steps(world: World, pair: Pair, place: Vectors, sphere: Sphere) -> int:
    """Return the steps of the flight from a place to the pair's base."""
    return int(np.ceil(float(sphere.distance_km(place, pair.base)) / pair.km_per_step))


def dispatch(world: World, force: Force) -> Process:
    """Give each order to the pairs that can be there first.

    1. Wait for orders.  2. When everything else in the step has happened, take the step's orders by flight.
    3. For each pair that is still wanted, choose the candidate with the earliest planned joining; of equals the one
    that stands first in the scenario.
    """
    while True:
        while not force.orders:
            yield force.orders_news
        yield world.env.timeout(0)
        orders, force.orders = sorted(force.orders, key=_order_key), []
        for order in orders:
            _assign(world, force, order)


def _order_key(order: Order) -> tuple[bool, str, bool, int, tuple[str, ...]]:
    return (order.ready, order.about, order.relief, -order.pairs, order.types or ())


def _assign(world: World, force: Force, order: Order) -> None:
    committed = [
        p
        for p in force.pairs
        if p.about == order.about and p.status in ("outbound", "beside") and not p.relieved
    ]
    wanted = order.pairs - (0 if order.ready else len(committed))
    kind = "readied" if order.ready else "assigned"
    for _ in range(max(0, wanted)):
        candidates = [
            (joins, number)
            for number, pair in enumerate(force.pairs)
            if (joins := _planned_joining(world, force, pair, order)) != NEVER
        ]
        if not candidates:
            emit(
                world,
                "unfilled",
                force.side.control or force.name,
                order.about,
                order.cause,
                task=_task(order),
            )
            return
        planned, number = min(candidates)
        pair = force.pairs[number]
        was = pair.status if pair.status != "beside" else f"beside {pair.about}"
        data = {"task": _task(order), "was": was, "planned_join": world.clock.short(planned)}
        record = emit(world, kind, pair.name, order.about, order.cause, **data)
        if order.ready:
            pair.seated = world.now + drawn_steps(world, pair.alert.seat_s, pair.name, "seat", 1)
            start(world, _seat(world, pair, order.about, record.id))
        else:
            _send(world, force, pair, order._replace(cause=record.id))


def _task(order: Order) -> str:
    return "ready" if order.ready else "relief" if order.relief else "intercept"


def _planned_joining(world: World, force: Force, pair: Pair, order: Order) -> int:
    """Return the step at which a pair is planned to join, or NEVER if it cannot or may not be sent."""
    now, flight = world.now, order.about
    if order.types is not None and pair.spec.type not in order.types:
        return NEVER
    if order.ready and (pair.status != "ground" or pair.seated != NEVER):
        return NEVER
    limit = pair.fuel_limit
    if pair.status == "ground":
        airborne = now + _to_airborne(world, pair, planned=True)
        limit = airborne + world.clock.steps(pair.type.endurance_s)
        place, leaves = pair.base, airborne + planned_steps(world, pair.type.climb_s, least=0)
    elif pair.status == "holding" and pair.place is not None:
        place, leaves = pair.place, now + 1
    elif pair.status in ("outbound", "beside") and _may_be_taken(world, force, pair, flight):
        place, leaves = _next_place(world, force, pair), now + 1
    else:
        return NEVER
    reached = meeting(world, pair, flight, place, leaves)
    if reached == NEVER:
        return NEVER
    joins = reached + planned_steps(world, pair.type.join_s)
    if joins > min(world.clock.last, world.tracks[flight].last):
        return NEVER
    back = int(homeward(world, pair, flight).back[joins])
    return joins if back + world.clock.steps(force.policy.spare_s) <= limit else NEVER


def _may_be_taken(world: World, force: Force, pair: Pair, flight: str) -> bool:
    """Return whether an intruder can spare a pair: it is in the air, goes on, and leaves another one that stays."""
    soon = world.now + 1
    if pair.about == flight or pair.order is not None or not world.tracks[pair.about].exists(soon):
        return False
    if pair.parts <= soon or pair.leaves_at >= world.now:
        return False
    return any(
        other is not pair and other.about == pair.about and other.order is None and other.parts > soon
        for other in force.pairs
        if other.status in ("outbound", "beside") and not other.relieved
    )


def _next_place(world: World, force: Force, pair: Pair) -> Vectors:
    """Return where a pair on its way to an intruder, or beside it, will be at the next step."""
    soon, track = world.now + 1, world.tracks[pair.about]
    assert pair.place is not None
    if pair.status == "beside" or pair.meets <= soon:
        beside: Vectors = track.units[soon]
        return beside
    share = (soon - pair.leaves_at) / (pair.meets - pair.leaves_at)
    return force.sphere.interpolate(pair.place, track.units[pair.meets], share)


def _to_airborne(world: World, pair: Pair, *, planned: bool) -> int:
    """Return the steps from an order in this step to take-off."""

    def steps(law: Amount, decision: str) -> int:
        return planned_steps(world, law) if planned else drawn_steps(world, law, pair.name, decision, 1)

    if pair.seated == NEVER:
        return steps(pair.alert.airborne_s, "airborne")
    return max(0, pair.seated - world.now) + steps(
        pair.alert.airborne_from_cockpit_s, "airborne-from-cockpit"
    )


def _seat(world: World, pair: Pair, about: str, cause: int) -> Process:
    seated = pair.seated
    yield from sleep(world, seated)
    if pair.status == "ground" or pair.leaves_at > seated:
        emit(world, "seated", pair.name, about, cause)


def _send(world: World, force: Force, pair: Pair, order: Order) -> None:
    if pair.status == "ground":
        pair.status, pair.about, pair.order = "outbound", order.about, order
        airborne = min(NEVER, world.now + _to_airborne(world, pair, planned=False))
        start(world, serve(world, force, pair, airborne))
        return
    if pair.status == "beside":
        pair.parts = world.now + 1
    pair.order = order
    pair.news = ring(pair.news, world)


def serve(world: World, force: Force, pair: Pair, airborne: int) -> Process:
    """Fly a pair's sortie from its order until it has landed.

    1. Take off, or stand down if the intruder has gone.  2. Close, and shadow.  3. Hold where the intruder left.
    4. Close again if another order comes.  5. Go home.
    """
    if pair.status == "outbound":
        took_off = yield from _take_off(world, force, pair, airborne)
        if not took_off:
            return
    while pair.status != "homeward":
        if pair.order is None:
            yield from _hold(world, force, pair)
        elif (yield from _close(world, force, pair)):
            yield from _shadow(world, force, pair)
    assert pair.place is not None
    home = world.now + home_steps(world, pair, pair.place, force.sphere)
    pair.legs.append(Leg(world.now, home, pair.place, pair.base, None))
    returns = emit(world, "returns", pair.name, pair.about, pair.cause)
    yield from sleep(world, home)
    pair.status = "down"
    emit(world, "lands", pair.name, pair.about, returns.id)


def _take_off(world: World, force: Force, pair: Pair, airborne: int) -> Waiting:
    order, ordered = pair.order, world.now
    assert order is not None
    while world.now < airborne:
        gone = _gone(world, force, order.about, ordered)
        if gone <= world.now:
            pair.status, pair.about, pair.order = "ground", "", None
            emit(world, "stands-down", pair.name, order.about, order.cause)
            return False
        yield from wait(world, min(airborne, gone), world.track_news[order.about])
    pair.sorties += 1
    data = {"side": force.name, "type": pair.spec.type, "aircraft": pair.spec.aircraft}
    record = emit(world, "airborne", pair.name, order.about, order.cause, force.posts, **data)
    pair.order = order._replace(cause=record.id)
    pair.fuel_limit = airborne + world.clock.steps(pair.type.endurance_s)
    climb = drawn_steps(world, pair.type.climb_s, pair.name, "climb", 1, least=0)
    pair.place, pair.leaves_at = pair.base, min(NEVER, airborne + climb)
    return True


def _gone(world: World, force: Force, flight: str, since: int) -> int:
    """Return the step at which an intruder is no longer the side's: out of the zone, or gone altogether."""
    track = world.tracks[flight]
    zone = force.side.shadow_zone
    return min(track.last + 1, NEVER if zone is None else track.next_leave(zone, since))


def _close(world: World, force: Force, pair: Pair) -> Waiting:
    """Fly to the meeting point and join; return whether it came to that.

    It does not when the pair is called off, when the intruder is out of reach, or when another order comes.

    When the intruder leaves its script the pair takes a new course from where it is.
    """
    order, ordered = pair.order, world.now
    assert order is not None
    assert pair.place is not None
    flight = order.about
    pair.order, pair.status, pair.about, pair.cause = None, "outbound", flight, order.cause
    pair.joined, pair.parts, pair.relieved = NEVER, NEVER, False
    pair.joins += 1
    joining = drawn_steps(world, pair.type.join_s, pair.name, "join", pair.joins)
    while True:
        track = world.tracks[flight]
        met = meeting(world, pair, flight, pair.place, pair.leaves_at)
        joins, gone = min(NEVER, met + joining), _gone(world, force, flight, ordered)
        pair.meets = met
        if pair.is_summoned():
            yield from sleep(world, world.now + 1)
            _turn_off(world, force, pair, track, met)
            return False
        if world.now >= joins:
            pair.legs.append(Leg(pair.leaves_at, met, pair.place, track.units[met], None))
            pair.legs.append(Leg(met, joins, None, None, flight))
            pair.joined, pair.status = joins, "beside"
            data = {"side": force.name, "type": pair.spec.type}
            pair.cause = emit(world, "joined", pair.name, flight, order.cause, force.posts, **data).id
            return True
        if met == NEVER or world.now >= gone:
            pair.status = "homeward"
            reason = "intruder left" if met != NEVER else "out of reach"
            pair.cause = emit(world, "called-off", pair.name, flight, order.cause, reason=reason).id
            if met != NEVER:
                _turn_off(world, force, pair, track, met)
            return False
        yield from wait(world, min(joins, gone), world.track_news[flight], pair.news)
        if world.tracks[flight] is not track:
            _turn_off(world, force, pair, track, met)


def _turn_off(world: World, force: Force, pair: Pair, track: Track, met: int) -> None:
    """End a pair's course toward a meeting point at this step, wherever it has come to on it."""
    now = world.now
    assert pair.place is not None
    if pair.leaves_at >= now:
        return
    if now < met:
        share = (now - pair.leaves_at) / (met - pair.leaves_at)
        here = force.sphere.interpolate(pair.place, track.units[met], share)
        pair.legs.append(Leg(pair.leaves_at, now, pair.place, here, None))
    else:
        here = track.units[now]
        pair.legs.append(Leg(pair.leaves_at, met, pair.place, track.units[met], None))
        pair.legs.append(Leg(met, now, None, None, track.name))
    pair.place, pair.leaves_at = here, now


def _shadow(world: World, force: Force, pair: Pair) -> Waiting:
    """Stay beside the intruder.

    1. Identify it.  2. Ask for relief in time.  3. Part when fuel or the intruder's leaving says so, or for another
    order.
    """
    flight, joined = pair.about, pair.joined
    identify = joined + drawn_steps(world, pair.type.identify_s, pair.name, "identify", pair.joins)
    lead = world.clock.steps(force.policy.relief_lead_s)
    identified = False
    while True:
        fuel = homeward(world, pair, flight).first_late(joined, pair.fuel_limit)
        gone = _gone(world, force, flight, joined)
        if pair.order is None:
            pair.parts = min(fuel, gone)
        if world.now >= pair.parts:
            break
        if not identified and world.now >= identify:
            identified = True
            emit(world, "identified", pair.name, flight, pair.cause, force.posts, side=force.name)
        asks = max(joined, fuel - lead) if fuel != NEVER else NEVER
        if not pair.relieved and world.now >= asks:
            pair.relieved = True
            record = emit(world, "asks-relief", pair.name, flight, pair.cause)
            _queue(
                world, force, Order(flight, record.id, force.wanted[flight], None, relief=True, ready=False)
            )
        ahead = [pair.parts, NEVER if identified else identify, NEVER if pair.relieved else asks]
        yield from wait(world, min(k for k in ahead if k > world.now), pair.news, world.track_news[flight])
    pair.legs.append(Leg(joined, world.now, None, None, flight))
    track = world.tracks[flight]
    pair.place, pair.leaves_at = track.units[min(world.now, track.last)], world.now
    reason = "other order" if pair.order is not None else "fuel" if world.now >= fuel else "intruder left"
    cause = pair.cause if pair.order is None else pair.order.cause
    pair.cause = emit(world, "parts", pair.name, flight, cause, reason=reason).id
    if pair.order is None:
        pair.status = "homeward" if reason == "fuel" else "holding"


def _hold(world: World, force: Force, pair: Pair) -> Waiting:
    """Hold at a place until another order or the fuel limit."""
    assert pair.place is not None
    begins = world.now
    until = pair.fuel_limit - home_steps(world, pair, pair.place, force.sphere)
    while pair.order is None and world.now < until:
        yield from wait(world, until, pair.news)
    pair.leaves_at = world.now if pair.order is None else world.now + 1
    pair.legs.append(Leg(begins, pair.leaves_at, pair.place, pair.place, None))
    if pair.order is None:
        pair.status = "homeward"


def on_station(world: World, force: Force, pair: Pair, place: Vectors) -> Process:
    """Bring a pair to its station at its clock time, and let it serve from there."""
    assert pair.spec.on_station_at is not None
    arrives = world.clock.step_at(pair.spec.on_station_at)
    outbound = home_steps(world, pair, place, force.sphere)
    pair.fuel_limit = arrives - outbound + world.clock.steps(pair.type.endurance_s)
    pair.status = "transit"
    yield from sleep(world, arrives)
    pair.status, pair.place = "holding", place
    pair.legs.append(Leg(max(0, arrives - outbound), arrives, pair.base, place, None))
    pair.sorties += 1
    data: dict[str, Any] = {"side": force.name, "type": pair.spec.type, "aircraft": pair.spec.aircraft}
    data["station"] = pair.spec.station
    pair.cause = emit(world, "on-station", pair.name, "", None, **data).id
    yield from serve(world, force, pair, arrives)


def _queue(world: World, force: Force, order: Order) -> None:
    force.orders.append(order)
    if len(force.orders) == 1:
        force.orders_news = ring(force.orders_news, world)


def order_from(
    world: World, forces: Mapping[str, Force], side: str, stage: Stage, about: str, cause: int
) -> None:
    """Hand a decision's order to the dispatcher of its side."""
    ready = stage.orders == "ready"
    force = forces[side]
    if not ready:
        force.wanted[about] = max(stage.pairs, force.wanted.get(about, 0))
    _queue(world, force, Order(about, cause, stage.pairs, stage.types, relief=False, ready=ready))


def set_up(
    world: World,
    fighters: Fighters,
    sides: Mapping[str, Side],
    places: Mapping[str, Vectors],
    sphere: Sphere,
) -> dict[str, Force]:
    """Make the forces of all sides that have pairs; `places` holds the unit vectors of bases and stations."""
    forces: dict[str, Force] = {}
    for side in dict.fromkeys(pair.side for pair in fighters.pairs.values()):
        pairs = [
            _pair(world, fighters, name, spec, places[spec.base])
            for name, spec in fighters.pairs.items()
            if spec.side == side
        ]
        control = sides[side].control
        posts = [] if control is None else [control]
        force = Force(side, sides[side], fighters.policies[side], pairs, sphere, posts, [], world.env.event())
        forces[side] = force
        start(world, dispatch(world, force))
        for pair in pairs:
            if pair.spec.station is not None:
                start(world, on_station(world, force, pair, places[pair.spec.station]))
    return forces


def _pair(world: World, fighters: Fighters, name: str, spec: PairSection, base: Vectors) -> Pair:
    kind = fighters.types[spec.type]
    km_per_step = kind.ground_speed_kt * KT_TO_KM_PER_S * world.clock.step_s
    return Pair(name, spec, kind, fighters.alerts[spec.alert], base, km_per_step, world.env.event())
