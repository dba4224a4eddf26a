"""Fighters: types, bases, alert states and pairs, and what is known of a pair in one replication.

A pair on alert is sent by `dispatch.py` and flies as `sorties.py` tells.  It flies one sortie: turning an aircraft
round takes longer than the window.  Fuel is a time in the air, so that time on station follows from type and distance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import time
from typing import NamedTuple

from pydantic import Field, model_validator

from sim.clock import NEVER, Clock
from sim.draws import Amount
from sim.flight import Homeward, Returning, Track, Vectors, meeting_step, meeting_table, steps_between
from sim.geo import Sphere
from sim.sides import Side
from sim.spec import Label, Name, Section, quantity
from sim.units import KT_TO_KM_PER_S
from sim.world import News, World, median_steps, ring

ASKED_BEFORE = 16
"""How often a search is cheaper than a table of all answers."""


class FighterType(Section):
    """`[fighters.types.<id>]`: what a type of fighter can do."""

    label: Label
    ground_speed_kt: float = quantity("ground speed to and from the intruder", gt=0, le=2_000)
    climb_s: Amount = Field(
        description="time lost to take-off run and climb against flying at that speed at once"
    )
    endurance_s: float = quantity("time from take-off to landing that the fuel allows", gt=0, le=86_400)
    join_s: Amount = Field(description="time from reaching the intruder to flying beside it")
    identify_s: Amount = Field(description="time from joining to visual identification")

    def km_per_step(self, clock: Clock) -> float:
        """Return the way over ground in one step, in km."""
        return self.ground_speed_kt * KT_TO_KM_PER_S * clock.step_s


class Base(Section):
    """`[fighters.bases.<id>]`: an airfield."""

    label: Label
    lat_deg: float = quantity("latitude of the runway", ge=-89, le=89)
    lon_deg: float = quantity("longitude of the runway", ge=-180, le=180)


class AlertState(Section):
    """`[fighters.alerts.<id>]`: how soon a pair on the ground is in the air."""

    label: Label
    airborne_s: Amount = Field(description="time from the order to take-off")
    seat_s: Amount = Field(description="time from the order to cockpit readiness")
    airborne_from_cockpit_s: Amount = Field(description="time from the order to take-off for a seated crew")


class PairSection(Section):
    """`[fighters.pairs.<id>]`: one pair: where it stands, or since when it holds at a station."""

    side: Name = Field(description="side whose pair it is")
    type: Name = Field(description="type of fighter")
    base: Name = Field(description="base at which it stands, and to which it returns")
    alert: Name = Field(description="alert state in which it stands")
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

    types: Mapping[Name, FighterType] = Field(default_factory=dict, description="types of fighter, by name")
    bases: Mapping[Name, Base] = Field(default_factory=dict, description="airfields, by name")
    alerts: Mapping[Name, AlertState] = Field(default_factory=dict, description="alert states, by name")
    pairs: Mapping[Name, PairSection] = Field(default_factory=dict, description="pairs of fighters, by name")
    policies: Mapping[Name, Policy] = Field(
        default_factory=dict, description="how each side uses its pairs, by side"
    )


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

    def because(self, cause: int) -> Order:
        """Return the same order with another record as its cause."""
        return Order(self.about, cause, self.pairs, self.types, self.relief, self.ready)


class Plan(NamedTuple):
    """What a planner reckons with for a pair, in whole steps: medians, and the time in the air that fuel allows."""

    airborne: int
    from_cockpit: int
    climb: int
    join: int
    endurance: int

    @classmethod
    def of(cls, kind: FighterType, alert: AlertState, clock: Clock) -> Plan:
        """Make the plan of a type in an alert state."""
        return cls(
            median_steps(clock, alert.airborne_s),
            median_steps(clock, alert.airborne_from_cockpit_s),
            median_steps(clock, kind.climb_s, least=0),
            median_steps(clock, kind.join_s),
            clock.steps(kind.endurance_s),
        )


@dataclass
class Standing:
    """What is known of a pair before any replication."""

    name: str
    spec: PairSection
    type: FighterType
    alert: AlertState
    base: Vectors
    km_per_step: float
    plan: Plan
    alike: int
    """The same for pairs with which a planner reckons alike: those of one base, type and alert state."""
    meetings: dict[str, Meetings]
    """By flight on its script, when the pair can be there from its base."""
    homewards: dict[str, Homeward]
    """By flight on its script, when the pair is back at its base."""


@dataclass
class Pair(Standing):
    """One pair in one replication."""

    news: News
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
    pairs: list[Pair]
    sphere: Sphere
    posts: list[str]
    spare: int
    """Steps beside the intruder that a pair must still have to be sent."""
    lead: int
    """Steps before a pair's fuel limit at which its relief is ordered."""
    orders: list[Order]
    orders_news: News
    wanted: dict[str, int] = field(default_factory=dict)

    def beside(self, flight: str, step: int) -> list[Pair]:
        """Return the pairs that are beside a flight at a step."""
        return [p for p in self.pairs if p.about == flight and p.joined <= step < p.parts]

    def disband(self) -> None:
        """Forget who waits for news of the pairs: they outlive their world, and need not keep it."""
        for news in (self.orders_news, *[pair.news for pair in self.pairs]):
            news.waiting.clear()


class Meetings:
    """When a flier from one base can first be at a flight: by a search, and by a table where it is asked often."""

    def __init__(self, track: Track, base: Vectors, km_per_step: float) -> None:
        self.track, self.base, self.km_per_step = track, base, km_per_step
        self.table: Sequence[int] | None = None
        self._asked = 0

    def first(self, step: int) -> int:
        """Return the first step at which a flier that leaves its base at a step can be there, or NEVER."""
        self._asked += 1
        if self._asked > ASKED_BEFORE:
            self.table = meeting_table(self.track, self.base, self.km_per_step).data
            return self.table[step]
        return meeting_step(self.track, self.base, self.km_per_step, step)


def meeting(world: World, pair: Pair, flight: str, place: Vectors, step: int) -> int:
    """Return the first step at which a pair that leaves a place at a step can be at a flight, or NEVER."""
    if step > world.clock.last:
        return NEVER
    speed = pair.km_per_step
    if place is pair.base and flight not in world.left_script:
        found = pair.meetings.get(flight)
        if found is None:
            found = pair.meetings[flight] = Meetings(world.tracks[flight], place, speed)
        return found.first(step) if found.table is None else found.table[step]
    # A planner asks first, and the pair that is sent asks the same again.
    asked = (flight, "meeting", speed, step, place.tobytes())
    met: int | None = world.own_tables.get(asked)
    if met is None:
        met = world.own_tables[asked] = meeting_step(world.tracks[flight], place, speed, step)
    return met


def on_course(world: World, pair: Pair, track: Track, step: int) -> Vectors:
    """Return where a pair is at a step on its course to where it meets a flight; it has not come there yet."""
    assert pair.place is not None
    # A planner asks first, and the pair that is sent elsewhere asks the same again.
    asked = (track.name, "course", pair.name, pair.leaves_at, pair.meets, step)
    here: Vectors | None = world.own_tables.get(asked)
    if here is None:
        share = (step - pair.leaves_at) / (pair.meets - pair.leaves_at)
        here = world.own_tables[asked] = track.sphere.interpolate(pair.place, track.units[pair.meets], share)
    return here


def homeward(world: World, pair: Pair, flight: str) -> Homeward | Returning:
    """Return when a pair that leaves a flight at a step is back at its base.

    It begins with the turn of a flight that has left its script: no pair that was beside it then was too late before.
    """
    turn = world.left_script.get(flight)
    if turn is None:
        scripted = pair.homewards.get(flight)
        if scripted is None:
            scripted = pair.homewards[flight] = Homeward.of(world.tracks[flight], pair.base, pair.km_per_step)
        return scripted
    key = (flight, "homeward", pair.spec.base, pair.km_per_step)
    found: Homeward | Returning | None = world.own_tables.get(key)
    if found is None:
        track, base, speed = world.tracks[flight], pair.base, pair.km_per_step
        searched = Returning.tells(track, speed)
        found = Returning(track, base, speed, turn) if searched else Homeward.of(track, base, speed, turn)
        world.own_tables[key] = found
    return found


def home_steps(pair: Pair, place: Vectors, sphere: Sphere) -> int:
    """Return the steps of the flight from a place to the pair's base."""
    return steps_between(sphere, place, pair.base, pair.km_per_step)


def queue(world: World, force: Force, order: Order) -> None:
    """Lay an order before the side's dispatcher."""
    force.orders.append(order)
    if len(force.orders) == 1:
        ring(force.orders_news)


def pairs_of(world: World, fighters: Fighters, side: str, places: Mapping[str, Vectors]) -> list[Pair]:
    """Return the pairs of a side as they stand at the start of a replication, in the order of the file."""
    found: list[Standing] | None = world.tables.get(("pairs", side))
    if found is None:
        own = [(name, spec) for name, spec in fighters.pairs.items() if spec.side == side]
        kinds = list(dict.fromkeys((spec.base, spec.type, spec.alert) for _, spec in own))
        found = world.tables["pairs", side] = [
            _standing(world, fighters, name, spec, places, kinds.index((spec.base, spec.type, spec.alert)))
            for name, spec in own
        ]
    return [Pair(**vars(standing), news=News()) for standing in found]


def _standing(
    world: World,
    fighters: Fighters,
    name: str,
    spec: PairSection,
    places: Mapping[str, Vectors],
    alike: int,
) -> Standing:
    kind, alert = fighters.types[spec.type], fighters.alerts[spec.alert]
    base, km_per_step = places[spec.base], kind.km_per_step(world.clock)
    return Standing(
        name,
        spec,
        kind,
        alert,
        base,
        km_per_step,
        Plan.of(kind, alert, world.clock),
        alike,
        world.tables.setdefault(("meetings", spec.base, km_per_step), {}),
        world.tables.setdefault(("homewards", spec.base, km_per_step), {}),
    )
