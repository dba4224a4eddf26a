"""Escalation: hazards that turn an act or a close minute into something worse, face-offs, and the ladder of rungs.

A hazard follows an event with a chance, or goes on by the minute while fighters are beside an intruder or both
sides' fighters are.  A rung of the ladder is reached by the first of its events.  The ladder is a way of asking how
far an encounter climbed, not a theory of war.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from sim.clock import NEVER
from sim.draws import Amount, Exponential
from sim.fighters import Force, Pair
from sim.log import Record
from sim.spec import Label, Name, Section, quantity
from sim.world import LATE, News, Process, World, drawn_steps, emit, later, on, ring, start, wait


class Hazard(Section):
    """`[escalation.hazards.<id>]`: a chance that one thing leads to another; its id names the draw."""

    label: Label
    leads_to: Name = Field(description="kind of the event that may come of it")
    on: str | None = Field(
        default=None, description="event that may lead to it, as `shots` or `enters:airspace`"
    )
    during: Literal["beside", "face-off"] | None = Field(
        default=None, description="state that may lead to it, by the minute"
    )
    from_occurrence: int = quantity("first occurrence for a flight that counts", ge=1, le=1_000, default=1)
    share: float = quantity("chance of each event, or of each minute", ge=0, le=1)
    low_share: float = quantity("low end of what is thought possible", ge=0, le=1)
    high_share: float = quantity("high end of what is thought possible", ge=0, le=1)
    delay_s: Amount | None = Field(
        default=None,
        description="time from the event in `on` to what comes of it; not for what goes by the minute",
    )

    @model_validator(mode="after")
    def _one_way(self) -> Hazard:
        if (self.on is None) == (self.during is None):
            raise ValueError("needs either `on` or `during`")
        if (self.on is None) != (self.delay_s is None):
            raise ValueError("`delay_s` goes with `on`, and with nothing else")
        if self.on is None and "from_occurrence" in self.model_fields_set:
            raise ValueError("`from_occurrence` goes with `on`, and with nothing else")
        if not self.low_share <= self.share <= self.high_share:
            raise ValueError(
                f"share {self.share:g} must lie between low_share {self.low_share:g} and high_share {self.high_share:g}"
            )
        return self


class Rung(Section):
    """One rung of `[[escalation.rungs]]`, from the lowest: a name and the events about a flight that reach it."""

    name: str = Field(description="name in tables, figures and outcomes")
    reached_by: Annotated[tuple[str, ...], Field(min_length=1, description="kinds of event, as `joined`")]
    side: Name | None = Field(default=None, description="side whose doing it must be; any unless said")

    def names(self, kind: str, zone: str | None, side: str | None) -> bool:
        """Return whether an event of a kind, zone and side is one of those that reach the rung."""
        return (kind in self.reached_by or f"{kind}:{zone}" in self.reached_by) and self.side in (None, side)

    def reached_with(self, kind: str, about: str, data: Mapping[str, Any]) -> bool:
        """Return whether an event of a kind reaches the rung; its `data` may name a zone and the side that did it.

        It must be about a flight: a pair that takes off for its station is up for nobody.
        """
        return bool(about) and self.names(kind, data.get("zone"), data.get("side"))


class Escalation(Section):
    """`[escalation]`: hazards and the ladder."""

    hazards: Mapping[Name, Hazard] = Field(default_factory=dict, description="what may lead to what, by name")
    rungs: tuple[Rung, ...] = Field(default=(), description="rungs of the ladder, the lowest first")


def befall(world: World, name: str, hazard: Hazard, record: Record, number: int) -> None:
    """Let one event lead to what it leads to, after the hazard's delay."""
    assert hazard.delay_s is not None  # it goes with `on`
    delay = drawn_steps(world, hazard.delay_s, f"hazard {name}", f"delay {record.about}", number)

    def strike() -> None:
        emit(world, hazard.leads_to, record.who, record.about, record.id, data={"hazard": name})

    later(world, world.now + delay, strike)


def smoulder(world: World, name: str, hazard: Hazard, pair: Pair, record: Record) -> None:
    """Let the minutes beside an intruder lead to something at a drawn time, if the pair is still there."""
    due = _minutes(world, name, hazard, pair.name, pair.joins)
    flight, joined = pair.about, pair.joined

    def strike() -> None:
        if pair.joined == joined and pair.is_beside(flight, world.now):
            emit(world, hazard.leads_to, pair.name, flight, record.id, data={"hazard": name})

    later(world, min(NEVER, world.now + due), strike)


def _minutes(world: World, name: str, hazard: Hazard, entity: str, occurrence: int) -> int:
    """Return the steps until a hazard by the minute strikes: a geometric waiting time, continuous in time."""
    law = waiting_law(hazard.share)
    return NEVER if law is None else drawn_steps(world, law, f"hazard {name}", f"time {entity}", occurrence)


@lru_cache(maxsize=64)
def waiting_law(share: float) -> Exponential | None:
    """Return the law of the time in seconds until what has a chance in each minute happens; None for never."""
    if share < 1e-15:  # a mean that no window reaches; far below, it is no number
        return None
    mean_s = 0.0 if share == 1.0 else -60.0 / math.log1p(-share)
    return Exponential(dist="exponential", mean=max(mean_s, 1e-9))


def face_off(
    world: World, flight: str, own: str, forces: Mapping[str, Force], hazards: Mapping[str, Hazard]
) -> Process:
    """Report each time at which fighters of a flight's own side and of another side are beside it at once.

    1. Wait for a step at which both have been beside it since the step before.  2. Report the face-off, with the
    later joining as its cause; let hazards by the minute smoulder.  3. Report its end.
    """
    joined: list[Record] = []
    news = News()

    def hear(record: Record) -> None:
        joined.append(record)
        ring(news)

    on(world, "joined", hear, flight)
    number, seen = 0, NEVER
    while True:
        # What was in the step before is remembered: a pair that has another order since then is not to be asked.
        while not (both := _both(forces, own, flight, world.now)) or seen != world.now - 1:
            seen = world.now if both else NEVER
            soon = world.now + 1 if both else NEVER
            yield from wait(world, soon, news, priority=LATE)  # the flight may turn away in the step
        number += 1
        cause = max((r for r in joined if r.step < world.now), key=lambda r: (r.step, r.who))
        begun = emit(world, "face-off", flight, flight, cause.id, data={"number": number})
        for name, hazard in hazards.items():
            if hazard.during == "face-off":
                start(world, _flare_up(world, name, hazard, flight, own, forces, begun))
        while _both(forces, own, flight, world.now):
            ends, orders = _parting(world, forces, own, flight)
            yield from wait(world, ends, news, *orders, priority=LATE)  # the pairs may plan anew in the step
        emit(world, "face-off-ends", flight, flight, begun.id, data={"number": number})


def _flare_up(
    world: World, name: str, hazard: Hazard, flight: str, own: str, forces: Mapping[str, Force], begun: Record
) -> Process:
    due = _minutes(world, name, hazard, flight, begun.data["number"])
    end = min(NEVER, world.now + due)
    while world.now < end:
        if not _both(forces, own, flight, world.now):
            return
        ends, orders = _parting(world, forces, own, flight)
        yield from wait(world, min(end, ends), *orders, priority=LATE)
    if _both(forces, own, flight, world.now):
        emit(world, hazard.leads_to, flight, flight, begun.id, data={"hazard": name})


def _parting(world: World, forces: Mapping[str, Force], own: str, flight: str) -> tuple[int, list[News]]:
    """Return the step at which a face-off is planned to end, and the news that may end it otherwise."""
    sides = _sides_beside(forces, own, flight, world.now)
    ends = min(max(pair.parts for pair in pairs) for pairs in sides)
    orders = [pair.news for pairs in sides for pair in pairs]
    return max(ends, world.now + 1), [world.track_news[flight], *orders]


def _sides_beside(
    forces: Mapping[str, Force], own: str, flight: str, step: int
) -> tuple[list[Pair], list[Pair]]:
    """Return the pairs beside a flight: those of its own side, and those of all others."""
    mine = forces[own].beside(flight, step)
    return mine, [p for side, force in forces.items() if side != own for p in force.beside(flight, step)]


def _both(forces: Mapping[str, Force], own: str, flight: str, step: int) -> bool:
    return bool(forces[own].beside(flight, step)) and all(_sides_beside(forces, own, flight, step))


def set_up(
    world: World, escalation: Escalation, forces: Mapping[str, Force], flight_sides: Mapping[str, str]
) -> None:
    """Hang hazards on their events, and watch for face-offs where a flight's own side has fighters."""
    for name, hazard in escalation.hazards.items():
        if hazard.on is not None:
            _hang(world, name, hazard)
        elif hazard.during == "beside":
            _hang_beside(world, name, hazard, forces)
    for flight, side in flight_sides.items():
        if side in forces:
            start(world, face_off(world, flight, side, forces, escalation.hazards))


def _hang(world: World, name: str, hazard: Hazard) -> None:
    assert hazard.on is not None
    kind, _, zone = hazard.on.partition(":")
    counts: dict[str, int] = {}

    def hear(record: Record) -> None:
        if zone and record.data["zone"] != zone:
            return
        number = counts[record.about] = counts.get(record.about, 0) + 1
        if (
            number >= hazard.from_occurrence
            and world.draw(f"hazard {name}", f"strikes {record.about}", number) < hazard.share
        ):
            befall(world, name, hazard, record, number)

    on(world, kind, hear)


def _hang_beside(world: World, name: str, hazard: Hazard, forces: Mapping[str, Force]) -> None:
    pairs: dict[str, Any] = {pair.name: pair for force in forces.values() for pair in force.pairs}

    def hear(record: Record) -> None:
        smoulder(world, name, hazard, pairs[record.who], record)

    on(world, "joined", hear)
