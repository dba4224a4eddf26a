"""What the batch engine knows of a scenario before it tells anything: who waits for what, and who announces it."""

from __future__ import annotations

from dataclasses import dataclass

from sim.arrays import escalation
from sim.arrays.tracks import Departed
from sim.command import event_of
from sim.run import Prepared
from sim.scenario import RECORDED, Scenario, act_kinds, flight_sides
from sim.sides import watched, zones_to_leave

COMPOSED = frozenset(
    [
        *["appears", "ends", "enters", "leaves", "formed", "turns", "track", "track-lost"],
        *["airborne", "on-station", "joined", "identified", "parts", "call", "lapsed"],
        *["notices", "answers", "reports", "face-off", "face-off-ends"],
    ]
)
"""Which of the kinds of event that the model itself records the batch knows of."""


@dataclass(frozen=True)
class Plan:
    """What follows from a scenario alone for all its chunks."""

    wanted: frozenset[str]
    """Kinds of event that outcomes, rungs, facts or hazards speak of."""
    listened: frozenset[str]
    """Signals that stages and ladders wait for."""
    acts_by: frozenset[str]
    """Kinds of measure of which it matters which pair takes them."""
    sources: dict[tuple[str, str], list[tuple[str, object]]]
    """The posts and nodes that announce a signal about a flight."""
    hazards: list[str] | None
    """Hazards in an order in which causes come first."""
    ways: dict[str, dict[str, int]]
    """For each flight and side that warns it, which of the flight's ways out its crew takes."""
    departed: dict[str, Departed]

    @property
    def composes(self) -> bool:
        """Whether all that the scenario asks for can be composed."""
        return self.hazards is not None and not (self.wanted & RECORDED) - COMPOSED


def plan_of(prepared: Prepared, also: frozenset[str] = frozenset()) -> Plan:
    """Work out what all chunks of a scenario go by; events of the kinds in `also` are kept besides."""
    scenario = prepared.scenario
    stages, ladders = scenario.command.stages, scenario.warning
    listened = {s for stage in stages.values() for s in (*stage.after_all, *stage.after_any, *stage.unless)}
    for ladder in ladders.values():
        listened |= {f"enters:{ladder.per}", "joined"}
        listened |= {m.authority for m in ladder.measures.values() if m.authority != "standing"}
        if ladder.calls is not None:
            listened |= {*ladder.calls.after, f"enters:{ladder.calls.zone}"}
    hazards = scenario.escalation.hazards
    named = [name for rung in scenario.escalation.rungs for name in rung.reached_by]
    named += [fact.select.kind for fact in scenario.facts.values()]
    named += [hazard.on for hazard in hazards.values() if hazard.on is not None]
    wanted = {name.partition(":")[0] for name in named} | {"airborne", "on-station", "joined", "turns"}
    wanted |= {*act_kinds(scenario), *(h.leads_to for h in hazards.values())}
    wanted |= {m.authority for ladder in ladders.values() for m in ladder.measures.values()}
    wanted |= (listened & {"identified"}) | also
    selects = [fact.select for fact in scenario.facts.values()]
    acts_by = {s.kind for s in selects if s.type is not None or s.who is not None}
    ways, departed = {}, {}
    for name, track in prepared.tracks.items():
        zones = {side: tuple(zones_to_leave(scenario.sides[side])) for side in ladders}
        each = list(dict.fromkeys(zones.values()))
        ways[name] = {side: each.index(zones[side]) for side in ladders}
        departed[name] = track.kept.setdefault(("departed", tuple(each)), Departed(track, each))
    return Plan(
        frozenset(wanted),
        frozenset(listened),
        frozenset(acts_by),
        _sources(scenario),
        escalation.in_order_of_cause(hazards),
        ways,
        departed,
    )


def _sources(scenario: Scenario) -> dict[tuple[str, str], list[tuple[str, object]]]:
    """Return the posts and nodes that announce each signal about each flight."""
    sources: dict[tuple[str, str], list[tuple[str, object]]] = {}
    own, sides = flight_sides(scenario), scenario.sides

    def add(signals: list[str], flight: str, post: str | None, node: object) -> None:
        for signal in signals if post is not None else ():
            assert post is not None
            sources.setdefault((signal, flight), []).append((post, node))

    seen = [
        "track",
        "track-lost",
        *(f"{way}:{zone}" for way in ("enters", "leaves") for zone in scenario.zones),
    ]
    for post in dict.fromkeys(radar.post for radar in scenario.sensing.radars.values()):
        for flight in watched(sides, scenario.command.posts[post].side, own):
            add(seen, flight, post, ("picture", post, flight))
    for name, stage in scenario.command.stages.items():
        for flight in scenario.intruders if stage.about is None else stage.about:
            add([event_of(name, stage)], flight, stage.post, ("stage", name, flight))
    for flight in scenario.intruders:
        crew = scenario.crew[flight].post if flight in scenario.crew else None
        for side in dict.fromkeys(pair.side for pair in scenario.fighters.pairs.values()):
            add(["airborne", "joined", "identified"], flight, sides[side].control, ("force", side))
        for side, ladder in scenario.warning.items():
            add(["call", "answers"], flight, sides[side].control, ("calls", side, flight))
            add(["notices", "reports"], flight, crew, ("calls", side, flight))
            add([*ladder.measures], flight, sides[side].control, ("measures", side, flight))
            add(["notices", "reports"], flight, crew, ("measures", side, flight))
    return sources
