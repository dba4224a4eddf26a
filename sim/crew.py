"""Crews: what the intruder notices of calls and measures, and what it does about them.

Each act is noticed with a chance of its own.  What is noticed may be answered (calls), may be reported up the crew's
own chain, and may turn the aircraft away after a reaction time: the shortest way out of the airspace, then out of the
identification zone of the side that warned it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import Field

from sim.clock import NEVER
from sim.draws import Amount, Share
from sim.intruders import turn_away
from sim.log import Record
from sim.sides import Side, zones_to_leave
from sim.spec import Name, Section, quantity
from sim.world import Process, World, drawn_steps, emit, on, sleep, start


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


def perceive(world: World, crew: Crew, mind: Mind, act: Record, sides: Mapping[str, Side]) -> Process:
    """Notice one act that will be noticed, and do what comes of it.

    1. Notice.  2. Answer, if it was a call and the crew will.  3. Report.  4. Turn away, unless an earlier decision
    to turn comes first.
    """
    flight, kind = act.about, act.kind
    chance, occurrence = f"{kind} {act.data['side']} {act.data['stay']}", act.data["number"]

    def steps(law: Amount, decision: str) -> int:
        return drawn_steps(world, law, flight, f"{decision} {chance}", occurrence)

    def decides(share: float, decision: str) -> bool:
        return world.draw(flight, f"{decision} {chance}", occurrence) < share

    yield from sleep(world, world.now + steps(crew.notice_s, "notice"))
    if not world.tracks[flight].exists(world.now):
        return
    about_act = {"act": kind, "side": act.data["side"], "stay": act.data["stay"], "number": occurrence}
    noticed = emit(world, "notices", flight, flight, act.id, [crew.post], **about_act)
    if kind == "call" and decides(crew.answers_share, "answers"):
        start(world, _answer(world, noticed, steps(crew.answer_s, "answer"), sides))
    if decides(crew.reports_share.get(kind, 0.0), "reports"):
        start(world, _report(world, crew, noticed, steps(crew.report_s, "report")))
    if decides(crew.turns_share.get(kind, 0.0), "turns"):
        turn = (world.now + steps(crew.reaction_s, "reaction"), noticed.step, kind)
        mind.turn = min(mind.turn, turn)
        yield from sleep(world, turn[0])
        if mind.turn == turn and flight not in world.left_script and world.tracks[flight].exists(world.now):
            turn_away(world, flight, zones_to_leave(sides[act.data["side"]]), noticed.id, kind)


def _answer(world: World, noticed: Record, delay: int, sides: Mapping[str, Side]) -> Process:
    yield from sleep(world, world.now + delay)
    data = {key: noticed.data[key] for key in ("side", "stay", "number")}
    control = sides[noticed.data["side"]].control
    emit(world, "answers", noticed.who, noticed.who, noticed.id, [control] if control else [], **data)


def _report(world: World, crew: Crew, noticed: Record, delay: int) -> Process:
    yield from sleep(world, world.now + delay)
    emit(world, "reports", noticed.who, noticed.who, noticed.id, [crew.post], act=noticed.data["act"])


def set_up(world: World, crews: Mapping[str, Crew], kinds: list[str], sides: Mapping[str, Side]) -> None:
    """Have every crew perceive what is done to it; `kinds` are those of all calls and measures."""
    minds = {flight: Mind() for flight in crews}

    def hear(act: Record) -> None:
        crew = crews.get(act.about)
        if crew is None:
            return
        share = crew.notices_share.get(act.kind, 0.0)
        decision = f"notices {act.kind} {act.data['side']} {act.data['stay']}"
        if world.draw(act.about, decision, act.data["number"]) < share:
            start(world, perceive(world, crew, minds[act.about], act, sides))

    for kind in kinds:
        on(world, kind, hear)
