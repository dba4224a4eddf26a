"""The chain that dealt with a flight, as lanes: who held a decision, who told whom, and what pairs did."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from plots.encounter import Encounter, Event, Sortie
from plots.incidents import turns
from plots.ladder import ladder
from sim.command import event_of

MOST_PAIRS = 4
"""Lanes for pairs of one side; those that did most about the flight are chosen."""

BarKind = Literal["decide", "ready", "wait", "fly", "beside"]
Look = Literal["pass", "flares", "fire"]


@dataclass(frozen=True)
class Bar:
    """A span of steps in a lane; `cut` if it came to nothing, as a stage that was dropped before its end."""

    begins: int
    ends: int
    kind: BarKind
    label: str = ""
    cut: bool = False


@dataclass(frozen=True)
class Acts:
    """What a pair did in one stay by one measure: which, its steps, what it came to, and how it looks."""

    kind: str
    stay: int
    steps: tuple[int, ...]
    text: str
    look: Look


@dataclass
class Lane:
    """One post or pair, or a flight to which something happened; `hazards` are steps and what happened.

    `turns` are the steps at which the crew that the post stands for turns away.
    """

    name: str
    label: str
    side: str
    is_pair: bool
    bars: list[Bar] = field(default_factory=list)
    calls: list[int] = field(default_factory=list)
    acts: list[Acts] = field(default_factory=list)
    hazards: list[tuple[int, str]] = field(default_factory=list)
    turns: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Message:
    """One message between two lanes: sent and acted upon."""

    origin: str
    goal: str
    sent: int
    received: int


def chain(encounter: Encounter) -> tuple[list[Lane], list[Message], int]:
    """Return the lanes, the messages between them, and the number of pairs that had no room.

    First the side that dealt with the flight, from its pairs up the chain; then the flight's own side.  A
    side's pairs stand beside its control post, which speaks with them.
    """
    posts = encounter.recorded.scenario.command.posts
    own = encounter.recorded.scenario.intruders[encounter.flight].side
    lanes: list[Lane] = []
    left_out = 0
    for side in dict.fromkeys(s for s in (encounter.side, own) if s is not None):
        mine = [Lane(name, post.label, side, False) for name, post in posts.items() if post.side == side]
        for lane in mine:
            lane.bars.extend(_stage_bars(encounter, lane.name))
            lane.calls.extend(
                e["step"] for e in encounter.events if e["kind"] == "call" and e["who"] == lane.name
            )
        pairs, more = _pair_lanes(encounter, side)
        left_out += more
        control = encounter.recorded.scenario.sides[side].control
        at = next((i for i, lane in enumerate(mine) if lane.name == control), 0)
        lanes += [*mine[:at], *pairs, *mine[at:]]
    _mark_hazards(encounter, lanes)
    _mark_turns(encounter, lanes)
    messages = [m for m in _messages(encounter) if _is_shown(encounter, m.received, m.received)]
    ends = {name for m in messages for name in (m.origin, m.goal)}
    lanes = [lane for lane in lanes if lane.name in ends or _has_content(encounter, lane)]
    known = {lane.name for lane in lanes}
    return lanes, [m for m in messages if m.origin in known and m.goal in known], left_out


def _is_shown(encounter: Encounter, first: int, last: int) -> bool:
    return last >= encounter.begins and first <= encounter.ends


def _has_content(encounter: Encounter, lane: Lane) -> bool:
    bars = any(bar.ends > encounter.begins and bar.begins < encounter.ends for bar in lane.bars)
    marks = [*lane.calls, *lane.turns, *(step for step, _ in lane.hazards)]
    return bars or any(_is_shown(encounter, step, step) for step in marks)


def _mark_hazards(encounter: Encounter, lanes: list[Lane]) -> None:
    """Put what befell into the lane of whom it befell: a pair, a post, or the flight itself in its crew's lane."""
    scenario = encounter.recorded.scenario
    for event in encounter.events:
        if "hazard" not in event["data"]:
            continue
        crew = scenario.crew.get(event["who"])
        names = (event["who"], "" if crew is None else crew.post)
        lane = next((lane for lane in lanes if lane.name in names), None)
        if lane is None:
            side = scenario.intruders[encounter.flight].side
            lane = Lane(encounter.flight, encounter.label, side, is_pair=True)
            lanes.append(lane)
        lane.hazards.append((event["step"], event["kind"].replace("-", " ")))


def _mark_turns(encounter: Encounter, lanes: list[Lane]) -> None:
    """Put into the lane of its crew where the flight turns away; a crew without a post has none."""
    crew = encounter.recorded.scenario.crew.get(encounter.flight)
    for lane in lanes:
        if crew is not None and lane.name == crew.post:
            lane.turns.extend(step for flight, step in turns(encounter) if flight == encounter.flight)


def _stage_bars(encounter: Encounter, post: str) -> Iterator[Bar]:
    stages = encounter.recorded.scenario.command.stages
    for begun in encounter.events:
        if begun["kind"] != "stage-started" or begun["who"] != post:
            continue
        name, stay = begun["data"]["stage"], begun["data"].get("stay")
        ended = next(
            (
                e
                for e in encounter.events
                if e["id"] > begun["id"]
                and e["kind"] in (event_of(name, stages[name]), "stage-dropped", "stage-refused")
                and (e["data"].get("stage"), e["data"].get("stay")) == (name, stay)
            ),
            None,
        )
        ends = encounter.clock.last if ended is None else ended["step"]
        cut = ended is not None and ended["kind"] == "stage-dropped"
        label = stages[name].label or name.replace("-", " ")
        if ended is not None and ended["kind"] == "stage-refused":
            label += " (answer: no)"
        yield Bar(begun["step"], ends, "decide", label, cut)


def _pair_lanes(encounter: Encounter, side: str) -> tuple[list[Lane], int]:
    shown = [
        s
        for s in encounter.sorties
        if s.side == side and s.starts is not None and _is_shown(encounter, s.waits, _ended(encounter, s))
    ]
    ranks = _ranks(encounter, shown)
    names = sorted(ranks, key=lambda name: ranks[name])
    chosen = [s for s in shown if s.pair in names[:MOST_PAIRS]]
    lanes = []
    for name in dict.fromkeys(s.pair for s in sorted(chosen, key=lambda s: (s.starts or 0, s.pair))):
        sorties = [s for s in chosen if s.pair == name]
        lane = Lane(name, sorties[0].label, side, True)
        for sortie in sorties:
            lane.bars.extend(_pair_bars(encounter, sortie))
        lane.acts.extend(_acts(encounter, name))
        lanes.append(lane)
    return lanes, len(names[MOST_PAIRS:])


def _ranks(encounter: Encounter, sorties: list[Sortie]) -> dict[str, tuple[int, int]]:
    """Return by pair how much it mattered, least first, and when it began.

    Before all others come those that something befell, then those that took measures, those that were beside the
    flight in the span, and those that reached a rung first.
    """
    befallen = {e["who"] for e in encounter.events if "hazard" in e["data"]}
    firsts = {rung.first for rung in ladder(encounter)}
    climbed = {
        e["who"] for e in encounter.events if e["step"] in firsts and e["kind"] in ("airborne", "joined")
    }
    ranks: dict[str, tuple[int, int]] = {}
    for sortie in sorties:
        joined = sortie.joined is not None and sortie.joined <= encounter.ends
        reasons = (
            sortie.pair in befallen,
            any(_acts(encounter, sortie.pair)),
            joined,
            sortie.pair in climbed,
        )
        rank = next((i for i, holds in enumerate(reasons) if holds), len(reasons))
        ranks[sortie.pair] = min((rank, sortie.waits), ranks.get(sortie.pair, (rank, sortie.waits)))
    return ranks


def _ended(encounter: Encounter, sortie: Sortie) -> int:
    return encounter.clock.last if sortie.ends is None else sortie.ends


def _pair_bars(encounter: Encounter, sortie: Sortie) -> Iterator[Bar]:
    ends = _ended(encounter, sortie)
    starts, joined, ordered = (
        ends if step is None else step for step in (sortie.starts, sortie.joined, sortie.ordered)
    )
    spans: list[tuple[int, int, BarKind]] = [
        (sortie.waits, min(ordered, starts), "ready"),
        (ordered, starts, "wait"),
        (starts, joined, "fly"),
        (joined, ends, "beside"),
    ]
    in_vain = sortie.joined is None and sortie.ends is not None
    for first, last, kind in spans:
        if first < last:
            yield Bar(first, last, kind, cut=kind == "fly" and in_vain)


def _acts(encounter: Encounter, pair: str) -> Iterator[Acts]:
    """Yield a pair's measures about the flight, those of one kind in one stay together."""
    side = encounter.recorded.scenario.fighters.pairs[pair].side
    ladder = encounter.recorded.scenario.warning.get(side)
    if ladder is None:
        return
    for kind, rule in ladder.measures.items():
        mine = [e for e in encounter.events if e["kind"] == kind and e["who"] == pair]
        for stay in dict.fromkeys(e["data"]["stay"] for e in mine):
            group = [e for e in mine if e["data"]["stay"] == stay]
            look: Look = "pass"
            words = kind.replace("-", " ")
            text = f"{words} × {len(group)}" if len(group) > 1 else words
            if rule.burst_s is not None:
                look, text = "fire", f"{sum(e['data']['rounds'] for e in group)} rounds"
            elif rule.flares is not None:
                look, text = "flares", f"{sum(e['data']['flares'] for e in group)} flares"
            yield Acts(kind, stay, tuple(e["step"] for e in group), text, look)


def _messages(encounter: Encounter) -> Iterator[Message]:
    """Yield what set a stage, an order or an act going, from the post that knew it to where it was used."""
    scenario, events = encounter.recorded.scenario, encounter.recorded.events
    pairs = scenario.fighters.pairs
    for event in encounter.events:
        if event["cause"] is None:
            continue
        to_post = event["kind"] == "stage-started"
        to_pair = event["who"] in pairs and event["kind"] not in ("airborne", "joined", "identified")
        if not to_post and not to_pair:
            continue
        cause = events[event["cause"]]
        side = pairs[event["who"]].side if to_pair else scenario.command.posts[event["who"]].side
        origin = _known_at(encounter, cause, side) if to_post else cause["who"]
        if origin in scenario.command.posts and origin != event["who"] and cause["kind"] != "call":
            yield Message(origin, event["who"], cause["step"], event["step"])


def _known_at(encounter: Encounter, cause: Event, side: str) -> str:
    """Return the post at which an event first became known to a side."""
    scenario, who = encounter.recorded.scenario, str(cause["who"])
    if who in scenario.command.posts:
        return who
    if who in scenario.fighters.pairs:
        return scenario.sides[side].control or ""
    if cause["kind"] in ("notices", "reports") and who in scenario.crew:
        return scenario.crew[who].post
    posts = scenario.command.posts
    pictures = [radar.post for radar in scenario.sensing.radars.values() if posts[radar.post].side == side]
    return next(iter(pictures), "")
