"""The batch engine: the same model as the processes, composed over arrays of replications.

It shares with the processes the tables on the clock, the intercept law, the declared stages, the laws and the uniform
numbers.  What it says anew is how one thing leads to another; `tests/agreement.py` compares the two, replication by
replication.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.arrays import escalation
from sim.arrays.columns import FAR, Columns, Flags, Own, Rows, Whole
from sim.arrays.command import Exchange, decide
from sim.arrays.dispatch import Squadron, told
from sim.arrays.plan import Plan, plan_of
from sim.arrays.points import alike, part_of
from sim.arrays.sensing import picture
from sim.arrays.sharing import shared
from sim.arrays.telling import Outcome, Telling
from sim.arrays.tracks import Flown
from sim.arrays.warning import Ear, Watch, calls, measures
from sim.clock import NEVER
from sim.draws import Uniforms
from sim.happenings import Batch, FlownColumns, Happening, StayColumns
from sim.intruders import formed_step
from sim.run import Prepared
from sim.scenario import Scenario, flight_sides
from sim.sides import watched

MOST_TELLINGS = 12
"""Times that a replication is told before it is handed over to the processes."""


def keep(prepared: Prepared, kinds: frozenset[str]) -> None:
    """Have batches of these tables hold events of further kinds, of which the scenario itself does not speak."""
    prepared.tables["batch", "plan"] = plan_of(prepared, kinds)


def compose(prepared: Prepared, uniforms: Uniforms, first: int, count: int) -> Batch:
    """Tell replications `first` to `first + count - 1` all at once.

    Those that cannot be composed are marked in `handed_over`.
    """
    return compose_points([prepared], uniforms, first, count)[0]


def compose_points(points: Sequence[Prepared], uniforms: Uniforms, first: int, count: int) -> list[Batch]:
    """Tell the same replications of several points of a study at once, and return a batch for each point.

    Raises ValueError if they are not `alike`.
    """
    own, *others = alike([point.scenario for point in points])
    if others:
        raise ValueError("the points differ in more than laws and chances")
    batch = compose_together(points[0], list(own.values()), [uniforms], first, count)
    if len(points) == 1:
        return [batch]
    return [part_of(batch, point, number, len(points)) for number, point in enumerate(points)]


def compose_together(
    prepared: Prepared, points: Sequence[Own], uniforms: Sequence[Uniforms], first: int, count: int
) -> Batch:
    """Tell the same replications of several points of a study in one batch, one point after the other.

    `prepared` are the tables of the first point, `points` what each has in the place of what that one has; `uniforms`
    are the random numbers of all points, or of each.  A telling costs much however few replications it has; so it
    costs less to tell those of many points together.
    """
    total = count * len(points)
    plan: Plan | None = prepared.tables.get(("batch", "plan"))
    if plan is None:
        plan = prepared.tables["batch", "plan"] = plan_of(prepared)
    if not plan.composes:
        return _nothing(prepared, uniforms[0].seed, first, total)
    columns = Columns(uniforms, prepared.clock, first, count, points)
    turns = {name: np.full(total, FAR, dtype=np.int32) for name in prepared.tracks}
    ways = {name: np.zeros(total, dtype=np.int64) for name in prepared.tracks}
    happenings, handed_over = _told(prepared, plan, columns, turns, ways)
    flown = {name: _flown(prepared, plan, name, turns[name], ways[name]) for name in prepared.tracks}
    return Batch(prepared, uniforms[0].seed, first, total, list(happenings.values()), flown, handed_over)


def _told(
    prepared: Prepared,
    plan: Plan,
    columns: Columns,
    turns: dict[str, Whole],
    ways: dict[str, NDArray[np.int64]],
) -> tuple[dict[Any, Happening], Flags]:
    """Tell replications until nothing changes; return what happened, and which of them are handed over.

    `turns` and `ways` are filled with where flights leave their script.
    """
    count = columns.total
    happenings: dict[Any, Happening] = {}
    handed_over = np.zeros(count, dtype=bool)
    rows: Rows | None = None
    earlier: Telling | None = None
    again = np.arange(count)
    with ExitStack() as tellings:
        for _ in range(MOST_TELLINGS):
            telling = _tell(prepared, plan, columns, rows, (earlier, again), turns, ways)
            tellings.callback(telling.close)
            everyone = np.arange(count) if rows is None else rows
            _merge(happenings, telling, rows, count)
            changed = _turned_otherwise(telling, everyone, turns, ways) | _came_out_otherwise(telling)
            handed_over[everyone] |= telling.handed_over
            changed &= ~telling.handed_over
            if not changed.any():
                return happenings, handed_over
            again = np.flatnonzero(changed)
            rows, earlier = everyone[again], telling
            telling.earlier = None
    handed_over[everyone[again]] = True
    return happenings, handed_over


def _nothing(prepared: Prepared, seed: int, first: int, count: int) -> Batch:
    """Return a batch in which every replication is handed over."""
    none = np.full(count, NEVER, dtype=np.int32)
    flown = {name: FlownColumns(none, none, none, np.zeros(count), {}) for name in prepared.tracks}
    return Batch(prepared, seed, first, count, [], flown, np.ones(count, dtype=bool))


def _tell(
    prepared: Prepared,
    plan: Plan,
    columns: Columns,
    rows: Rows | None,
    before: tuple[Telling | None, Rows],
    turns: dict[str, Whole],
    ways: dict[str, NDArray[np.int64]],
) -> Telling:
    """Tell replications once, with flights turning where they did in the telling before."""
    telling = _begun(prepared, plan, columns, rows, before, turns, ways)
    if rows is None and len(columns.points) > 1 and columns.common:
        one = _tell_one_point(telling, plan)
        shared(one, len(columns.points)).enter(telling)
        one.close()
    for key in telling.nodes:
        telling.node(key)
    _tell_flights(telling, prepared.scenario)
    _tell_hazards(telling, plan, prepared.scenario)
    return telling


def _tell_one_point(telling: Telling, plan: Plan) -> Telling:
    """Tell the first point alone."""
    columns = telling.columns.of_one_point()
    turns = {name: flown.turns[: columns.total] for name, flown in telling.flights.items()}
    ways = {name: np.zeros(columns.total, dtype=np.int64) for name in telling.flights}
    nobody = (None, np.arange(columns.total))
    one = _begun(telling.prepared, plan, columns, None, nobody, turns, ways)
    for key in one.nodes:
        one.node(key)
    return one


def _begun(
    prepared: Prepared,
    plan: Plan,
    columns: Columns,
    rows: Rows | None,
    before: tuple[Telling | None, Rows],
    turns: dict[str, Whole],
    ways: dict[str, NDArray[np.int64]],
) -> Telling:
    """Return a telling of which nothing has been told yet."""
    count = columns.total if rows is None else len(rows)
    flights = {}
    for name, track in prepared.tracks.items():
        at = turns[name].copy() if rows is None else turns[name][rows]
        way = ways[name] if rows is None else ways[name][rows]
        turned = np.flatnonzero(at < FAR)
        variant = np.zeros(count, dtype=np.int64)
        if len(turned):
            variant[turned] = plan.departed[name].variants(way[turned], at[turned])
        flights[name] = Flown(track, plan.departed[name], at, variant, turned)
    earlier, kept = before
    stale: dict[Any, Outcome] = {}
    if earlier is not None:
        stale = {
            key: {name: [step[kept] for step in steps] for name, steps in earlier.told.get(key, {}).items()}
            for key in earlier.stale
        }
    telling = Telling(prepared, columns, rows, count, prepared.clock.last, flights, stale, plan.wanted)
    telling.handed_over = np.zeros(count, dtype=bool)
    telling.earlier, telling.kept = earlier, kept
    telling.nodes |= _nodes(telling, plan)
    return telling


def _nodes(telling: Telling, plan: Plan) -> dict[Any, Callable[[], Outcome]]:
    scenario, flights = telling.prepared.scenario, telling.flights
    exchange = Exchange(telling, scenario.command, plan.sources)
    own = flight_sides(scenario)
    nodes: dict[Any, Callable[[], Outcome]] = {}
    for post in dict.fromkeys(radar.post for radar in scenario.sensing.radars.values()):
        radars = {name: radar for name, radar in scenario.sensing.radars.items() if radar.post == post}
        for flight in watched(scenario.sides, scenario.command.posts[post].side, own):
            nodes["picture", post, flight] = partial(picture, telling, post, flight, radars, plan.listened)
    for name, stage in scenario.command.stages.items():
        for flight in flights if stage.about is None else stage.about:
            nodes["stage", name, flight] = partial(decide, telling, exchange, name, stage, flight)
    for side in dict.fromkeys(pair.side for pair in scenario.fighters.pairs.values()):
        nodes["force", side] = partial(_force, telling, scenario, side)
    listens = (plan.listened | plan.wanted) & {"notices", "reports", "answers"}
    for side, ladder in scenario.warning.items():
        control = scenario.sides[side].control
        assert control is not None  # a cross-check of the scenario
        for flight in flights:
            # Calls and measures each hear their own part of what the crew says.
            ears = [
                Ear(telling, flight, scenario.crew.get(flight), side, plan.ways[flight][side], listens)
                for _ in range(2)
            ]
            watches = [Watch(telling, exchange, side, control, ladder, flight, ear) for ear in ears]
            calling = partial(calls, watches[0]) if ladder.calls is not None else _nothing_said
            nodes["calls", side, flight] = calling
            armed = ladder.measures and ("force", side) in nodes
            measuring = partial(_measures, telling, plan, watches[1]) if armed else _nothing_said
            nodes["measures", side, flight] = measuring
    return nodes


def _nothing_said() -> Outcome:
    return {}


def _measures(telling: Telling, plan: Plan, watch: Watch) -> Outcome:
    called = telling.node(("calls", watch.side, watch.flight))
    force = telling.node(("force", watch.side))
    return measures(watch, telling.prepared.scenario.fighters, plan.acts_by, called, force)


def _force(telling: Telling, scenario: Scenario, side: str) -> Outcome:
    orders = {}
    for name, stage in scenario.command.stages.items():
        if stage.orders is None or scenario.command.posts[stage.post].side != side:
            continue
        for flight in telling.flights if stage.about is None else stage.about:
            for (kind, *window), steps in telling.node(("stage", name, flight)).items():
                if kind == "order":
                    (step,) = steps
                    orders[name, flight, window[0]] = stage, step
    return told(Squadron(telling, side, scenario.sides[side], scenario.fighters, orders))


def _tell_flights(telling: Telling, scenario: Scenario) -> None:
    """Keep what flights do by themselves, as far as somebody asks."""
    wanted = telling.wanted
    everywhere = np.zeros(telling.count, dtype=np.int32)
    for name, flown in telling.flights.items():
        spec = scenario.intruders[name]
        if "appears" in wanted:
            data: dict[str, Any] = {"side": spec.side, "type": spec.type, "aircraft": spec.aircraft}
            telling.happens("appears", name, name, everywhere + np.int32(flown.first), **data)
        if "ends" in wanted:
            telling.happens("ends", name, name, everywhere + flown.last() + np.int32(1))
        telling.happens("turns", name, name, flown.turns)
        for zone in scenario.zones:
            begins, ends = flown.stays(zone) if wanted & {"enters", "leaves"} else ((), ())
            for stay, (enters, leaves) in enumerate(zip(begins, ends, strict=True), start=1):
                telling.happens("enters", name, name, everywhere + enters, zone=zone, stay=stay)
                telling.happens("leaves", name, name, everywhere + leaves, zone=zone, stay=stay)
        if spec.forms_with is not None and "formed" in wanted:
            partner = telling.flights[spec.forms_with]
            step = formed_step(flown.script, partner.script, spec.forms_within_km)
            formed = np.where((flown.turns >= step) & (partner.turns >= step), min(step, FAR), FAR)
            telling.happens("formed", name, spec.forms_with, formed.astype(np.int32))


def _tell_hazards(telling: Telling, plan: Plan, scenario: Scenario) -> None:
    hazards = scenario.escalation.hazards
    forces = {
        side: telling.node(("force", side))
        for side in dict.fromkeys(pair.side for pair in scenario.fighters.pairs.values())
    }
    for flight, own in flight_sides(scenario).items():
        if own in forces:
            escalation.face_offs(telling, flight, own, forces, hazards)
    for name, hazard in hazards.items():
        if hazard.during == "beside":
            for side, force in forces.items():
                escalation.smoulder(telling, name, hazard, scenario.fighters, side, force)
    assert plan.hazards is not None  # else nothing is composed
    for name in plan.hazards:
        if hazards[name].on is not None:
            escalation.befall(telling, name, hazards[name])


def _turned_otherwise(
    telling: Telling, everyone: Rows, turns: dict[str, Whole], ways: dict[str, NDArray[np.int64]]
) -> Flags:
    """Note where flights turn according to this telling; return where that is not what it went by."""
    changed = np.zeros(telling.count, dtype=bool)
    for name in telling.flights:
        turn = np.full(telling.count, FAR, dtype=np.int32)
        way = np.zeros(telling.count, dtype=np.int64)
        decided = [(rows, at, seen, out) for flight, out, rows, at, seen in telling.turns if flight == name]
        if decided:
            rows = np.concatenate([each[0] for each in decided])
            at = np.concatenate([each[1] for each in decided]).astype(np.int64)
            seen = np.concatenate([each[2] for each in decided])
            out = np.concatenate([np.full(len(each[0]), each[3]) for each in decided])
            order = np.lexsort((seen, at, rows))
            begins = np.diff(rows[order], prepend=-1) != 0
            opens = order[begins]
            turn[rows[opens]], way[rows[opens]] = at[opens], out[opens]
            # Of decisions that are alike in all steps, but lead another way, the processes know which comes first.
            first = opens[np.cumsum(begins) - 1]
            tied = (at[order] == at[first]) & (seen[order] == seen[first]) & (out[order] != out[first])
            telling.handed_over[rows[order[tied]]] = True
        other = (turn != turns[name][everyone]) | (way != ways[name][everyone])
        changed |= other
        turns[name][everyone], ways[name][everyone] = turn, way
    return changed


def _came_out_otherwise(telling: Telling) -> Flags:
    """Return in which replications a node that was taken from the telling before has come out otherwise."""
    changed = np.zeros(telling.count, dtype=bool)
    for key in telling.stale:
        now, then = telling.told[key], telling.before.get(key, {})
        for name in dict.fromkeys((*now, *then)):
            steps, known = now.get(name, []), then.get(name, [])
            for place in range(max(len(steps), len(known))):
                a = steps[place] if place < len(steps) else FAR
                b = known[place] if place < len(known) else FAR
                changed |= np.minimum(a, telling.last + 1) != np.minimum(b, telling.last + 1)
    return changed


def _merge(happenings: dict[Any, Happening], telling: Telling, rows: Rows | None, count: int) -> None:
    """Put what a telling says of its replications in the place of what was said before."""
    new, last = telling.happenings, telling.last
    if rows is None:
        happenings |= {key: _entered(event, last) for key, event in new.items()}
        return
    for key, event in new.items():
        if key not in happenings:
            varying = {name: np.zeros(count, dtype=v.dtype) for name, v in event.varying.items()}
            step = np.full(count, NEVER, dtype=np.int32)
            happenings[key] = Happening(event.kind, event.who, event.about, step, event.data, varying)
    for key, old in happenings.items():
        if key not in new:
            old.step[rows] = NEVER
            continue
        event = _entered(new[key], last)
        old.step[rows] = event.step
        for name, values in event.varying.items():
            old.varying[name][rows] = values


def _entered(event: Happening, last: int) -> Happening:
    """Return an event of its own, with NEVER where it does not happen in the window."""
    step = event.step.copy()
    np.putmask(step, step > last, NEVER)
    return Happening(event.kind, event.who, event.about, step, event.data, event.varying)


def _flown(prepared: Prepared, plan: Plan, name: str, turns: Whole, ways: NDArray[np.int64]) -> FlownColumns:
    """Return how a flight flew in all replications of a chunk."""
    scenario, count = prepared.scenario, len(turns)
    track, departed = prepared.tracks[name], plan.departed[name]
    turned = np.flatnonzero(turns < FAR)
    variant = np.zeros(count, dtype=np.int64)
    if len(turned):
        variant[turned] = departed.variants(ways[turned], turns[turned])
    flown = Flown(track, departed, turns, variant, turned)
    centre = prepared.sphere.unit(scenario.centre.lat_deg, scenario.centre.lon_deg)
    distances = flown.kept("distances", lambda: track.distances_km(centre))
    closest = np.full(count, int(np.argmin(distances)), dtype=np.int32)
    closest_km = np.full(count, float(distances.min()))
    if len(turned):
        km, step = departed.table("closest", lambda departures: departures.closest(centre))
        closest[turned], closest_km[turned] = step[variant[turned]], km[variant[turned]]
    zones = [z for z, spec in scenario.zones.items() if spec.kind in ("identification", "airspace")]
    zones += [fact.select.during.zone for fact in scenario.facts.values() if fact.select.during is not None]
    zones += [fact.select.zone for fact in scenario.facts.values() if fact.select.zone is not None]
    zones += [ladder.per for ladder in scenario.warning.values()]
    stays = {}
    for zone in dict.fromkeys(zones):
        enters, leaves = flown.stays(zone)
        script_km = flown.kept(
            ("closest", zone), partial(_closest_km, track.stays(zone), distances, track.last)
        )
        least_km = np.full((len(enters), count), np.nan)
        least_km[: len(script_km)] = script_km
        if len(turned):

            def closest_within(departures: Any, zone: str = zone) -> tuple[Any]:
                return (departures.closest_within(centre, *departures.stays(zone)),)

            (km,) = departed.table(("closest", zone), closest_within)
            rows = np.full((len(turned), len(enters)), np.nan)
            rows[:, : km.shape[1]] = km[variant[turned]]
            least_km[:, turned] = rows.T
        shape = (len(enters), count)
        stays[zone] = StayColumns(
            _as_never(np.broadcast_to(enters, shape)), _as_never(np.broadcast_to(leaves, shape)), least_km
        )
    last = np.broadcast_to(flown.last(), (count,)).astype(np.int32)
    return FlownColumns(_as_never(turns), last, closest, closest_km, stays)


def _as_never(steps: Whole) -> Whole:
    return np.where(steps >= FAR, NEVER, steps).astype(np.int32)


def _closest_km(stays: Any, distances: NDArray[np.float64], last: int) -> NDArray[np.float64]:
    """Return the least distance within each stay of a script, shape (stays, 1)."""
    found = [float(distances[stay.enters : min(stay.leaves, last + 1)].min()) for stay in stays]
    return np.array(found, dtype=np.float64).reshape(-1, 1)
