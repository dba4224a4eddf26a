"""Crews: what the intruder notices of calls and measures, and what it does about them.

Each act is noticed with a chance of its own.  What is noticed may be answered (calls), may be reported up the crew's
own chain, and may turn the aircraft away after a reaction time: the shortest way out of the airspace, then out of the
identification zone of the side that warned it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from pydantic import Field

from sim.clock import NEVER
from sim.draws import Amount, Share
from sim.intruders import turn_away
from sim.log import Record
from sim.sides import Side, zones_to_leave
from sim.spec import Name, Section, quantity
from sim.world import World, drawn_steps, emit, later, on


class Crew(Section):
    """`[crew.<flight>]`: how one flight perceives and reacts; the tables go by the kind of the act."""

    post: Name = Field(description="post at which the crew's reports are spoken")
    notices_share: Mapping[Name, Share] = Field(description="chance that one act of a kind is noticed")
    notice_s: Amount = Field(description="time from the act to its being noticed")
    answers_share: float = quantity("chance that a noticed call is answered", ge=0, le=1)
    answer_s: Amount = Field(description="time from noticing a call to the answer")
    reports_share: Mapping[Name, Share] = Field(description="chance that a noticed act of a kind is reported")
    report_s: Amount = Field(description="time from noticing an act to the report")
    turns_share: Mapping[Name, Share] = Field(
        description="chance that a noticed act of a kind turns the flight away"
    )
    reaction_s: Amount = Field(description="time from noticing an act to leaving the planned route")


@dataclass
class Mind:
    """What one crew has decided: the turn that comes first, if any."""

    turn: tuple[int, int, str] = (NEVER, NEVER, "")
    """(step of the turn, step of noticing, kind of the act): the least of all that were decided."""


def notice(world: World, crew: Crew, mind: Mind, act: Record, chance: str, sides: Mapping[str, Side]) -> None:
    """Notice one act, and begin what comes of it; `chance` names the act in all its draws.

    1. Notice.  2. Answer, if it was a call and the crew will.  3. Report.  4. Turn away, if the crew will.
    """
    flight, kind, data, now = act.about, act.kind, act.data, world.now
    if not world.tracks[flight].exists(now):
        return
    number = data["number"]
    about_act = {"act": kind, "side": data["side"], "stay": data["stay"], "number": number}
    noticed = emit(world, "notices", flight, flight, act.id, [crew.post], data=about_act)
    if kind == "call" and _decides(world, flight, f"answers {chance}", number, crew.answers_share):
        due = now + drawn_steps(world, crew.answer_s, flight, f"answer {chance}", number)
        later(world, due, partial(_answer, world, noticed, sides))
    if _decides(world, flight, f"reports {chance}", number, crew.reports_share.get(kind, 0.0)):
        due = now + drawn_steps(world, crew.report_s, flight, f"report {chance}", number)
        later(world, due, partial(_report, world, crew, noticed))
    if _decides(world, flight, f"turns {chance}", number, crew.turns_share.get(kind, 0.0)):
        due = now + drawn_steps(world, crew.reaction_s, flight, f"reaction {chance}", number)
        turn = (due, now, kind)
        mind.turn = min(mind.turn, turn)
        later(world, due, partial(_turn, world, mind, turn, noticed, sides))


def _decides(world: World, flight: str, decision: str, number: int, share: float) -> bool:
    return share > 0.0 and world.draw(flight, decision, number) < share


def _turn(
    world: World, mind: Mind, turn: tuple[int, int, str], noticed: Record, sides: Mapping[str, Side]
) -> None:
    """Turn away as was decided, unless an earlier decision to turn came first."""
    flight = noticed.who
    if mind.turn == turn and flight not in world.left_script and world.tracks[flight].exists(world.now):
        turn_away(world, flight, zones_to_leave(sides[noticed.data["side"]]), noticed.id, turn[2])


def _answer(world: World, noticed: Record, sides: Mapping[str, Side]) -> None:
    data = {key: noticed.data[key] for key in ("side", "stay", "number")}
    control = sides[noticed.data["side"]].control
    emit(world, "answers", noticed.who, noticed.who, noticed.id, [control] if control else [], data=data)


def _report(world: World, crew: Crew, noticed: Record) -> None:
    emit(
        world, "reports", noticed.who, noticed.who, noticed.id, [crew.post], data={"act": noticed.data["act"]}
    )


def set_up(world: World, crews: Mapping[str, Crew], kinds: list[str], sides: Mapping[str, Side]) -> None:
    """Have every crew perceive what is done to it; `kinds` are those of all calls and measures."""
    minds = {flight: Mind() for flight in crews}

    def hear(act: Record) -> None:
        _, _, kind, _, flight, _, data = act
        crew = crews.get(flight)
        if crew is None:
            return
        number, chance = data["number"], f"{kind} {data['side']} {data['stay']}"
        if world.draw(flight, f"notices {chance}", number) < crew.notices_share.get(kind, 0.0):
            delay = drawn_steps(world, crew.notice_s, flight, f"notice {chance}", number)
            later(world, world.now + delay, partial(notice, world, crew, minds[flight], act, chance, sides))

    for kind in kinds:
        on(world, kind, hear)
