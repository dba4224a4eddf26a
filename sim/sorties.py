"""Sorties: what a pair of fighters does from its order until it has landed.

Take off and climb, fly a collision course, join, identify, shadow; hold where the intruder left; go home on fuel.
"""

from __future__ import annotations

from typing import Any

from sim.clock import NEVER
from sim.fighters import Force, Leg, Order, Pair, home_steps, homeward, meeting, on_course, queue
from sim.flight import Track, Vectors
from sim.world import SETTLED, Process, Waiting, World, drawn_steps, emit, sleep, wait


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
    home = world.now + home_steps(pair, pair.place, force.sphere)
    if pair.legs[-1].ends > world.now:  # called off in the climb
        pair.legs[-1] = pair.legs[-1]._replace(ends=world.now)
    pair.legs.append(Leg(world.now, home, pair.place, pair.base, None))
    returns = emit(world, "returns", pair.name, pair.about, pair.cause)
    yield from sleep(world, home)
    pair.status = "down"
    emit(world, "lands", pair.name, pair.about, returns.id)


def _take_off(world: World, force: Force, pair: Pair, airborne: int) -> Waiting:
    order, ordered = pair.order, world.now
    assert order is not None
    while True:
        gone = _gone(world, force, order.about, ordered)
        if gone <= world.now:
            pair.status, pair.about, pair.order = "ground", "", None
            emit(world, "stands-down", pair.name, order.about, order.cause)
            return False
        if world.now >= airborne:
            break
        yield from wait(world, min(airborne, gone), world.track_news[order.about])
    pair.sorties += 1
    data = {"side": force.name, "type": pair.spec.type, "aircraft": pair.spec.aircraft}
    record = emit(world, "airborne", pair.name, order.about, order.cause, force.posts, data=data)
    pair.order = order.because(record.id)
    pair.fuel_limit = airborne + pair.plan.endurance
    climb = drawn_steps(world, pair.type.climb_s, pair.name, "climb", 1, least=0)
    pair.place, pair.leaves_at = pair.base, min(NEVER, airborne + climb)
    pair.legs.append(Leg(airborne, pair.leaves_at, pair.base, pair.base, None))
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
    track: Track | None = None
    met = joins = NEVER
    while True:
        # Whoever is there as planned is there, whatever the flight does from this step on.
        if world.tracks[flight] is not track and world.now < joins:
            if track is not None:
                _turn_off(world, pair, track)
            track = world.tracks[flight]
            met = meeting(world, pair, flight, pair.place, pair.leaves_at)
            joins, gone = min(NEVER, met + joining), _gone(world, force, flight, ordered)
            fuel = NEVER if met == NEVER else homeward(world, pair, flight).first_late(met, pair.fuel_limit)
            if fuel == met:  # too late to turn round even at the meeting point
                fuel = world.now
            if joins >= min(gone, fuel):
                joins = NEVER
            pair.meets = met
        assert track is not None  # it is not there before it has planned
        if pair.is_summoned():
            yield from sleep(world, world.now + 1)
            _turn_off(world, pair, track)
            return False
        if world.now >= joins:
            pair.legs.append(Leg(pair.leaves_at, met, pair.place, track.units[met], None))
            pair.legs.append(Leg(met, joins, None, None, flight))
            pair.joined, pair.status = joins, "beside"
            data = {"side": force.name, "type": pair.spec.type}
            pair.cause = emit(world, "joined", pair.name, flight, order.cause, force.posts, data=data).id
            return True
        if met == NEVER or world.now >= min(gone, fuel):
            pair.status = "homeward"
            reason = "out of reach" if met == NEVER else "intruder left" if world.now >= gone else "fuel"
            pair.cause = emit(world, "called-off", pair.name, flight, order.cause, data={"reason": reason}).id
            if met != NEVER:
                _turn_off(world, pair, track)
            return False
        yield from wait(world, min(joins, gone, fuel), world.track_news[flight], pair.news)


def _turn_off(world: World, pair: Pair, track: Track) -> None:
    """End a pair's course toward a meeting point at this step, wherever it has come to on it."""
    now, met = world.now, pair.meets
    assert pair.place is not None
    if pair.leaves_at >= now:
        return
    if now < met:
        here = on_course(world, pair, track, now)
        pair.legs.append(Leg(pair.leaves_at, now, pair.place, here, None))
    else:
        here = track.units[min(now, track.last)]
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
    identified, track = False, None
    while True:
        if world.tracks[flight] is not track:
            track = world.tracks[flight]
            fuel = homeward(world, pair, flight).first_late(joined, pair.fuel_limit)
            gone = _gone(world, force, flight, joined)
        if pair.order is None:
            pair.parts = min(fuel, gone)
        if world.now >= pair.parts:
            break
        if not identified and world.now >= identify:
            identified = True
            emit(world, "identified", pair.name, flight, pair.cause, force.posts, data={"side": force.name})
        asks = max(joined, fuel - force.lead) if fuel != NEVER else NEVER
        if not pair.relieved and world.now >= asks:
            pair.relieved = True
            record = emit(world, "asks-relief", pair.name, flight, pair.cause)
            queue(
                world, force, Order(flight, record.id, force.wanted[flight], None, relief=True, ready=False)
            )
        ahead = [pair.parts, NEVER if identified else identify, NEVER if pair.relieved else asks]
        due = min([k for k in ahead if k > world.now])
        yield from wait(world, due, pair.news, world.track_news[flight], priority=SETTLED)
    pair.legs.append(Leg(joined, world.now, None, None, flight))
    pair.place, pair.leaves_at = track.units[min(world.now, track.last)], world.now
    reason = "other order" if pair.order is not None else "fuel" if world.now >= fuel else "intruder left"
    cause = pair.cause if pair.order is None else pair.order.cause
    pair.cause = emit(world, "parts", pair.name, flight, cause, data={"reason": reason}).id
    if pair.order is None:
        pair.status = "homeward" if reason == "fuel" else "holding"


def _hold(world: World, force: Force, pair: Pair) -> Waiting:
    """Hold at a place until another order or the fuel limit."""
    assert pair.place is not None
    begins = world.now
    until = pair.fuel_limit - home_steps(pair, pair.place, force.sphere)
    while pair.order is None and world.now < until:
        yield from wait(world, until, pair.news)
    pair.leaves_at = world.now if pair.order is None else world.now + 1
    pair.legs.append(Leg(begins, pair.leaves_at, pair.place, pair.place, None))
    if pair.order is None:
        pair.status = "homeward"


def on_station(world: World, force: Force, pair: Pair, place: Vectors) -> Process:
    """Bring a pair to its station at its clock time, and let it serve from there.

    It takes off in time for that; a take-off before the window is not told.
    """
    assert pair.spec.on_station_at is not None
    arrives = world.clock.step_at(pair.spec.on_station_at)
    outbound = max(home_steps(pair, place, force.sphere), 1)  # it has taken off before it is there
    takes_off = arrives - outbound
    begins = max(0, takes_off)  # of what the window shows of the way there
    pair.fuel_limit = takes_off + pair.plan.endurance
    pair.status = "transit"
    data: dict[str, Any] = {"side": force.name, "type": pair.spec.type, "aircraft": pair.spec.aircraft}
    if takes_off >= 0:
        yield from sleep(world, takes_off)
        pair.cause = emit(world, "airborne", pair.name, "", None, data=data).id
    yield from sleep(world, arrives)
    pair.status, pair.place = "holding", place
    origin: Vectors | None = world.tables.get(("origin", pair.name))
    if origin is None:
        origin = force.sphere.interpolate(place, pair.base, (arrives - begins) / outbound)
        world.tables["origin", pair.name] = origin
    pair.legs.append(Leg(begins, arrives, origin, place, None))
    pair.sorties += 1
    data = {**data, "station": pair.spec.station}
    pair.cause = emit(world, "on-station", pair.name, "", pair.cause, data=data).id
    yield from serve(world, force, pair, arrives)


def end_legs(world: World, force: Force) -> None:
    """Enter, at the end of the window, the piece of each pair's way that it is still on."""
    end = world.clock.last
    for pair in force.pairs:
        if pair.status == "beside":
            pair.legs.append(Leg(pair.joined, end, None, None, pair.about))
        elif pair.status == "holding":
            pair.legs.append(Leg(pair.legs[-1].ends, end, pair.place, pair.place, None))
        elif pair.status == "outbound" and pair.leaves_at < end and pair.meets != NEVER:
            goal = world.tracks[pair.about].units[pair.meets]
            pair.legs.append(Leg(pair.leaves_at, pair.meets, pair.place, goal, None))
            if pair.meets < end:
                pair.legs.append(Leg(pair.meets, end, None, None, pair.about))
