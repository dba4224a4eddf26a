"""The chain that dealt with a flight, as lanes: who held a decision, who told whom, and what pairs did."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from plots.encounter import Encounter, Event, Sortie
from sim.command import event_of

MOST_PAIRS = 3
"""Lanes for pairs of one side; those that took measures come first, then those that joined first."""

BarKind = Literal["decide", "wait", "fly", "beside"]


@dataclass(frozen=True)
class Bar:
    """A span of steps in a lane; `cut` if the stage was dropped before its end."""

    begins: int
    ends: int
    kind: BarKind
    label: str = ""
    cut: bool = False


@dataclass(frozen=True)
class Acts:
    """What a pair did in one stay by one measure: its steps, what it came to, and how it looks."""

    stay: int
    steps: tuple[int, ...]
    text: str
    look: Literal["pass", "flares", "fire"]


@dataclass
class Lane:
    """One post or pair."""

    name: str
    label: str
    side: str
    is_pair: bool
    bars: list[Bar] = field(default_factory=list)
    calls: list[int] = field(default_factory=list)
    acts: list[Acts] = field(default_factory=list)


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
    messages = [m for m in _messages(encounter) if _is_shown(encounter, m.received, m.received)]
    ends = {name for m in messages for name in (m.origin, m.goal)}
    lanes = [lane for lane in lanes if lane.name in ends or _has_content(encounter, lane)]
    known = {lane.name for lane in lanes}
    return lanes, [m for m in messages if m.origin in known and m.goal in known], left_out


def _is_shown(encounter: Encounter, first: int, last: int) -> bool:
    return last >= encounter.begins and first <= encounter.ends


def _has_content(encounter: Encounter, lane: Lane) -> bool:
    bars = any(bar.ends > encounter.begins and bar.begins < encounter.ends for bar in lane.bars)
    return bars or any(_is_shown(encounter, step, step) for step in lane.calls)


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
                and e["kind"] in (event_of(name, stages[name]), "stage-dropped")
                and (e["data"].get("stage"), e["data"].get("stay")) == (name, stay)
            ),
            None,
        )
        ends = encounter.clock.last if ended is None else ended["step"]
        cut = ended is not None and ended["kind"] == "stage-dropped"
        yield Bar(begun["step"], ends, "decide", stages[name].label or name.replace("-", " "), cut)


def _pair_lanes(encounter: Encounter, side: str) -> tuple[list[Lane], int]:
    shown = [
        s
        for s in encounter.sorties
        if s.side == side and s.starts is not None and _is_shown(encounter, s.waits, _ended(encounter, s))
    ]
    shown.sort(key=lambda s: not list(_acts(encounter, s.pair)))  # those that acted come first
    names = list(dict.fromkeys(s.pair for s in shown))
    lanes = []
    for name in names[:MOST_PAIRS]:
        sorties = [s for s in shown if s.pair == name]
        lane = Lane(name, sorties[0].label, side, True)
        for sortie in sorties:
            lane.bars.extend(_pair_bars(encounter, sortie))
        lane.acts.extend(_acts(encounter, name))
        lanes.append(lane)
    return lanes, len(names[MOST_PAIRS:])


def _ended(encounter: Encounter, sortie: Sortie) -> int:
    return encounter.clock.last if sortie.ends is None else sortie.ends


def _pair_bars(encounter: Encounter, sortie: Sortie) -> Iterator[Bar]:
    ends = _ended(encounter, sortie)
    starts = ends if sortie.starts is None else sortie.starts
    joined = ends if sortie.joined is None else sortie.joined
    spans: list[tuple[int, int, BarKind, str]] = [
        (sortie.waits, starts, "wait", "takes off"),
        (starts, joined, "fly", "outbound"),
        (joined, ends, "beside", "beside"),
    ]
    for first, last, kind, label in spans:
        if first < last:
            yield Bar(first, last, kind, label, cut=kind == "fly" and sortie.joined is None)


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
            look: Literal["pass", "flares", "fire"] = "pass"
            text = f"{kind} × {len(group)}" if len(group) > 1 else kind
            if rule.burst_s is not None:
                look, text = "fire", f"{sum(e['data']['rounds'] for e in group)} rounds"
            elif rule.flares is not None:
                look, text = "flares", f"{sum(e['data']['flares'] for e in group)} flares"
            yield Acts(stay, tuple(e["step"] for e in group), text, look)


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
