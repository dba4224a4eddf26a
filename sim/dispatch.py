"""Dispatch: which pair an order goes to.

An order takes the pair that can be there first: on the ground, holding, on its way to an intruder or beside one that
keeps another pair.  The planner reckons with median delays; what happens is drawn.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from sim.clock import NEVER
from sim.command import Stage
from sim.fighters import Fighters, Force, Order, Pair, homeward, meeting, on_course, pairs_of, queue
from sim.flight import Vectors
from sim.geo import Sphere
from sim.sides import Side
from sim.sorties import on_station, serve
from sim.world import LATE, News, Process, World, drawn_steps, emit, later, ring, start, wait


def dispatch(world: World, force: Force) -> Process:
    """Give each order to the pairs that can be there first.

    1. Wait for orders.  2. When everything else in the step has happened, take the step's orders by flight.
    3. For each pair that is still wanted, choose the candidate with the earliest planned joining; of equals the one
    that stands first in the scenario.
    """
    while True:
        while not force.orders:
            yield from wait(world, NEVER, force.orders_news, priority=LATE)
        orders, force.orders = sorted(force.orders, key=_order_key), []
        for order in orders:
            _assign(world, force, order)


def _order_key(order: Order) -> tuple[bool, str, bool, int, tuple[str, ...]]:
    return (order.ready, order.about, order.relief, -order.pairs, order.types or ())


def _assign(world: World, force: Force, order: Order) -> None:
    wanted = order.pairs
    if not order.ready:
        wanted -= len([p for p in force.pairs if p.about == order.about and _stays(p)])
    for _ in range(wanted):
        planned, pair = _first(world, force, order)
        if pair is None:
            who = force.side.control or force.name
            emit(world, "unfilled", who, order.about, order.cause, data={"task": _task(order)})
            return
        was = pair.status if pair.status != "beside" else f"beside {pair.about}"
        data = {"task": _task(order), "was": was, "planned_join": world.clock.short(planned)}
        kind = "readied" if order.ready else "assigned"
        record = emit(world, kind, pair.name, order.about, order.cause, data=data)
        if order.ready:
            pair.seated = world.now + drawn_steps(world, pair.alert.seat_s, pair.name, "seat", 1)
            later(world, pair.seated, partial(_seat, world, pair, order.about, record.id))
        else:
            _send(world, force, pair, order.because(record.id))


def _task(order: Order) -> str:
    return "ready" if order.ready else "relief" if order.relief else "intercept"


def _first(world: World, force: Force, order: Order) -> tuple[int, Pair | None]:
    """Return the earliest step at which a pair is planned to join, and that pair; of equals the first in the file.

    Of pairs that wait on the ground alike only the first is asked: it goes before the others.
    """
    first, found = NEVER, None
    now, flight, types, ready, asked = world.now, order.about, order.types, order.ready, set()
    for pair in force.pairs:
        if pair.order is not None or (types is not None and pair.spec.type not in types):
            continue
        status, place = pair.status, pair.place
        if status == "ground":
            alike = (pair.alike, pair.seated)
            if alike in asked or (ready and pair.seated != NEVER):
                continue
            asked.add(alike)
            airborne = _planned_airborne(pair, now)
            place, leaves, limit = pair.base, airborne + pair.plan.climb, airborne + pair.plan.endurance
        elif ready or status in ("transit", "homeward", "down"):
            continue
        else:
            leaves, limit = now + 1, pair.fuel_limit
        if status in ("outbound", "beside"):
            if not _may_be_taken(world, force, pair, flight):
                continue
            place = _next_place(world, pair)
        assert place is not None
        joins = _planned_joining(world, force, pair, flight, place, leaves, limit)
        if joins < first:
            first, found = joins, pair
    return first, found


def _planned_airborne(pair: Pair, now: int) -> int:
    """Return the step at which a pair on the ground is planned to take off if it is sent now."""
    if pair.seated == NEVER:
        return now + pair.plan.airborne
    return max(now, pair.seated) + pair.plan.from_cockpit


def _planned_joining(
    world: World, force: Force, pair: Pair, flight: str, place: Vectors, leaves: int, fuel_limit: int
) -> int:
    """Return the step at which a pair that leaves a place at a step is planned to join, or NEVER if it cannot."""
    reached = meeting(world, pair, flight, place, leaves)
    if reached == NEVER:
        return NEVER
    joins = reached + pair.plan.join
    if joins > min(world.clock.last, world.tracks[flight].last):
        return NEVER
    back = homeward(world, pair, flight).back_from(joins)
    return joins if back + force.spare <= fuel_limit else NEVER


def _may_be_taken(world: World, force: Force, pair: Pair, flight: str) -> bool:
    """Return whether an intruder can spare its pair: it is in the air, goes on, and leaves another one that stays."""
    soon = world.now + 1
    if pair.about == flight or not world.tracks[pair.about].exists(soon):
        return False
    if pair.parts <= soon or pair.leaves_at >= world.now:
        return False
    for other in force.pairs:
        keeps = other.about == pair.about and other is not pair and other.order is None and other.parts > soon
        if keeps and _stays(other):
            return True
    return False


def _stays(pair: Pair) -> bool:
    """Return whether a pair is beside an intruder, or on its way there, and no other has been asked to relieve it."""
    return pair.status in ("outbound", "beside") and not pair.relieved


def _next_place(world: World, pair: Pair) -> Vectors:
    """Return where a pair on its way to an intruder, or beside it, will be at the next step."""
    soon, track = world.now + 1, world.tracks[pair.about]
    if pair.status == "beside" or pair.meets <= soon:
        beside: Vectors = track.units[soon]
        return beside
    return on_course(world, pair, track, soon)


def _airborne(world: World, pair: Pair) -> int:
    """Return the step at which a pair on the ground that is sent now takes off."""
    if pair.seated == NEVER:
        return world.now + drawn_steps(world, pair.alert.airborne_s, pair.name, "airborne", 1)
    law = pair.alert.airborne_from_cockpit_s
    return max(world.now, pair.seated) + drawn_steps(world, law, pair.name, "airborne-from-cockpit", 1)


def _seat(world: World, pair: Pair, about: str, cause: int) -> None:
    if pair.status == "ground" or pair.leaves_at > pair.seated:
        emit(world, "seated", pair.name, about, cause)


def _send(world: World, force: Force, pair: Pair, order: Order) -> None:
    if pair.status == "ground":
        pair.status, pair.about, pair.order = "outbound", order.about, order
        start(world, serve(world, force, pair, min(NEVER, _airborne(world, pair))))
        return
    if pair.status == "beside":
        pair.parts = world.now + 1
    pair.order = order
    ring(pair.news)


def order_from(
    world: World, forces: Mapping[str, Force], side: str, stage: Stage, about: str, cause: int
) -> None:
    """Hand a decision's order to the dispatcher of its side."""
    ready = stage.orders == "ready"
    force = forces[side]
    if not ready:
        force.wanted[about] = max(stage.pairs, force.wanted.get(about, 0))
    queue(world, force, Order(about, cause, stage.pairs, stage.types, relief=False, ready=ready))


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
        pairs = pairs_of(world, fighters, side, places)
        control, policy = sides[side].control, fighters.policies[side]
        posts = [] if control is None else [control]
        spare, lead = world.clock.steps(policy.spare_s), world.clock.steps(policy.relief_lead_s)
        force = Force(side, sides[side], pairs, sphere, posts, spare, lead, [], News())
        forces[side] = force
        start(world, dispatch(world, force))
        for pair in pairs:
            if pair.spec.station is not None:
                start(world, on_station(world, force, pair, places[pair.spec.station]))
    return forces
