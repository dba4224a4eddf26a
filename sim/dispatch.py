"""Dispatch: which pair an order goes to.

An order takes the pair that can be there first: on the ground, holding, on its way to an intruder or beside one that
keeps another pair.  The planner reckons with median delays; what happens is drawn.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sim.clock import NEVER
from sim.command import Stage
from sim.fighters import Fighters, Force, Order, Pair, homeward, meeting, new_pair, queue
from sim.flight import Vectors
from sim.geo import Sphere
from sim.sides import Side
from sim.sorties import on_station, serve
from sim.world import Process, World, drawn_steps, emit, planned_steps, ring, sleep, start


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
        planned, number = min(_candidates(world, force, order), default=(NEVER, 0))
        if planned == NEVER:
            emit(
                world,
                "unfilled",
                force.side.control or force.name,
                order.about,
                order.cause,
                task=_task(order),
            )
            return
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


def _candidates(world: World, force: Force, order: Order) -> Iterator[tuple[int, int]]:
    """Yield for each pair the step at which it is planned to join, and its number.

    Of pairs that wait on the ground alike only the first is asked: it goes before the others.
    """
    asked = set()
    for number, pair in enumerate(force.pairs):
        if pair.status in ("transit", "homeward", "down"):
            continue
        if pair.status == "ground":
            alike = (pair.spec.base, pair.spec.type, pair.spec.alert, pair.seated)
            if alike in asked:
                continue
            asked.add(alike)
        yield _planned_joining(world, force, pair, order), number


def _planned_joining(world: World, force: Force, pair: Pair, order: Order) -> int:
    """Return the step at which a pair is planned to join, or NEVER if it cannot or may not be sent."""
    now, flight = world.now, order.about
    if pair.is_summoned() or (order.types is not None and pair.spec.type not in order.types):
        return NEVER
    if order.ready and (pair.status != "ground" or pair.seated != NEVER):
        return NEVER
    limit = pair.fuel_limit
    if pair.status == "ground":
        airborne = now + _to_airborne(world, pair, planned=True)
        limit = airborne + world.clock.steps(pair.type.endurance_s)
        place, leaves = pair.base, airborne + planned_steps(world, pair.type.climb_s, least=0)
    elif pair.status == "holding":
        assert pair.place is not None
        place, leaves = pair.place, now + 1
    elif _may_be_taken(world, force, pair, flight):
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
    """Return whether an intruder can spare its pair: it is in the air, goes on, and leaves another one that stays."""
    soon = world.now + 1
    if pair.about == flight or not world.tracks[pair.about].exists(soon):
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
    if pair.seated == NEVER:
        law, decision, waits = pair.alert.airborne_s, "airborne", 0
    else:
        law, decision = pair.alert.airborne_from_cockpit_s, "airborne-from-cockpit"
        waits = max(0, pair.seated - world.now)
    return waits + (planned_steps(world, law) if planned else drawn_steps(world, law, pair.name, decision, 1))


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
        pairs = [
            new_pair(world, fighters, name, spec, places[spec.base])
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
