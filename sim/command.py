"""Command: posts hold decisions, links carry them, and chains of stages turn what is known into what may be done.

A stage belongs to a post.  It waits for what must have happened (`after_all`, `after_any`), takes a drawn delay, and
ends in an event that others may wait for; `unless` drops it when something else is known first.  Who must be asked
for what is data: a chain is changed in the scenario file.

A stage happens once for a flight, or `per` stay in a zone.  Then it hears passing events (crossings, calls, other
decisions of that kind) only within the stay's window, and lasting ones (`track`, `joined`, decisions taken once)
whenever they happened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, Literal, NamedTuple

from pydantic import Field, model_validator

from sim.clock import NEVER
from sim.draws import Amount, Distribution
from sim.log import Record, rank
from sim.spec import Label, Name, Section, quantity
from sim.world import LATE, News, Process, World, drawn_steps, emit, ring, start, wait

LASTING = frozenset({"track", "joined", "identified"})
"""Events that stay true for a flight once they have happened."""


class Post(Section):
    """`[command.posts.<id>]`: a desk, headquarters or cockpit at which decisions lie."""

    label: Label
    side: Name = Field(description="side whose post it is")


class Link(Section):
    """`[command.links.<id>]`: a line between two posts, used both ways."""

    posts: tuple[Name, Name] = Field(description="the two ends")
    delay_s: Amount = Field(description="time from the sender's word to the receiver's understanding")

    @model_validator(mode="after")
    def _two_ends(self) -> Link:
        if self.posts[0] == self.posts[1]:
            raise ValueError(f'leads from "{self.posts[0]}" to itself')
        return self


class Stage(Section):
    """`[command.stages.<id>]`: one decision: where it lies, what it waits for, how long it takes, what it releases."""

    post: Name = Field(description="post at which the decision lies")
    label: Label = ""
    after_all: tuple[str, ...] = Field(default=(), description="events that must all be known at the post")
    after_any: tuple[str, ...] = Field(
        default=(), description="events of which one must be known at the post"
    )
    unless: tuple[str, ...] = Field(
        default=(), description="events that drop the stage if known before its end"
    )
    delay_s: Amount = Field(description="time that the decision takes, at least one step")
    yes_share: float = quantity("chance that the decision is to go on", ge=0, le=1, default=1.0)
    emits: Name | None = Field(
        default=None, description="name of the event at the end; the stage's id unless said"
    )
    per: Name | None = Field(
        default=None,
        description="zone for each stay in which the stage happens anew; once for a flight unless said",
    )
    about: tuple[Name, ...] | None = Field(
        default=None, description="flights that the stage deals with; all unless said"
    )
    orders: Literal["ready", "scramble"] | None = Field(
        default=None,
        description="what the decision tells the side's fighters: cockpit readiness, or take-off",
    )
    pairs: int = quantity("pairs that are wanted beside the flight", ge=1, le=50, default=1)
    types: tuple[Name, ...] | None = Field(
        default=None, description="types of fighter wanted; any unless said"
    )

    @model_validator(mode="after")
    def _waits(self) -> Stage:
        if not self.after_all and not self.after_any:
            raise ValueError("waits for nothing; name at least one event in `after_all` or `after_any`")
        return self


class Command(Section):
    """`[command]`: posts, links and stages of all sides."""

    posts: Mapping[Name, Post] = Field(
        default_factory=dict, description="desks, headquarters and cockpits at which decisions lie, by name"
    )
    links: Mapping[Name, Link] = Field(default_factory=dict, description="lines between posts, by name")
    stages: Mapping[Name, Stage] = Field(default_factory=dict, description="decisions, by name")


def event_of(name: str, stage: Stage) -> str:
    """Return the name of the event in which a stage ends."""
    return stage.emits or name


def lasting_events(stages: Mapping[str, Stage]) -> frozenset[str]:
    """Return the events that a stay's stages hear whenever they happened."""
    return LASTING | {stage.emits or name for name, stage in stages.items() if stage.per is None}


def circles(stages: Mapping[str, Stage]) -> Iterator[list[str]]:
    """Yield each circle of stages that wait for one another in `after_all`, once."""
    emitters: dict[str, list[str]] = {}
    for name, stage in stages.items():
        emitters.setdefault(event_of(name, stage), []).append(name)
    needs = {
        name: [emitters[s][0] for s in stage.after_all if len(emitters.get(s, [])) == 1]
        for name, stage in stages.items()
    }
    cleared: set[str] = set()
    for first in stages:
        trail: list[str] = []

        def walk(name: str, trail: list[str] = trail) -> list[str] | None:
            if name in trail:
                return trail[trail.index(name) :]
            if name in cleared:
                return None
            trail.append(name)
            for before in needs[name]:
                if (found := walk(before)) is not None:
                    return found
            cleared.add(trail.pop())
            return None

        circle = walk(first)
        if circle is not None:
            cleared.update(trail)
            yield circle


def links_by_ends(links: Mapping[str, Link]) -> dict[tuple[str, str], str]:
    """Return the id of the link between two posts, the first of several, by the posts in either order."""
    found: dict[tuple[str, str], str] = {}
    for name, link in links.items():
        one, other = link.posts
        found.setdefault((one, other), name)
        found.setdefault((other, one), name)
    return found


Hear = Callable[[str, str, int, int], None]
"""(flight, signal, step at which it is known at the post, id of the record that it tells of): who is told."""


Route = tuple[Sequence[Hear], Sequence[tuple[str, Distribution, list[Hear]]], dict[str, tuple[int, int]]]
"""Whom a signal reaches from a post: at the post itself, and over each link with its delay.

The third part counts the messages about each flight, and keeps the step of the latest.
"""


class Lines(NamedTuple):
    """What all exchanges of a scenario share."""

    lasting: frozenset[str]
    """Events that a stay's stages hear whenever they happened."""
    links: dict[tuple[str, str], str]
    """The link between two posts, by the posts in either order."""
    unheard: dict[tuple[str, str], Route]
    """Routes of signals from posts at which nobody listens to them, as far as they have been announced."""


class Exchange:
    """Carries signals between posts: who listens to what, and which message on which link comes when."""

    def __init__(self, world: World, command: Command) -> None:
        self.world, self.links = world, command.links
        lines: Lines | None = world.tables.get("lines")
        if lines is None:
            lines = Lines(lasting_events(command.stages), links_by_ends(command.links), {})
            world.tables["lines"] = lines
        self.lines = lines
        self.listeners: dict[str, list[tuple[str, Hear]]] = {}
        """By signal, the posts at which it must be heard and what to call with it."""
        self.routes: dict[tuple[str, str], Route] = dict(lines.unheard)
        world.announce = self.announce

    def listen(self, post: str, signal: str, hear: Hear) -> None:
        """Have `hear` called when a signal is announced at a post that is this one or linked to it."""
        self.listeners.setdefault(signal, []).append((post, hear))

    def announce(self, post: str, signal: str, about: str, cause: int) -> None:
        """Make a signal about a flight known at a post in this step, and over its links at their delays."""
        route = self.routes.get((post, signal))
        if route is None:
            route = self.routes[post, signal] = self._route(post, signal)
        here, beyond, sent = route
        now = self.world.now
        for hear in here:
            hear(about, signal, now, cause)
        if not beyond:
            return
        number, latest = sent.get(about, (0, -1))
        if latest != now:  # what is said twice in one step is one message
            number += 1
            sent[about] = (number, now)
        for link, law, there in beyond:
            delay = drawn_steps(self.world, law, link, f"{signal} {about}", number, least=0)
            for hear in there:
                hear(about, signal, min(NEVER, now + delay), cause)

    def _route(self, post: str, signal: str) -> Route:
        here: list[Hear] = []
        beyond: dict[str, list[Hear]] = {}
        for other, hear in self.listeners.get(signal, ()):
            if other == post:
                here.append(hear)
            elif (link := self.lines.links.get((post, other))) is not None:
                beyond.setdefault(link, []).append(hear)
        route: Route = here, [(link, self.links[link].delay_s, there) for link, there in beyond.items()], {}
        if not here and not beyond:
            self.lines.unheard[post, signal] = route
        return route


Known = tuple[int, int]
"""(step, id of the record): since when something is known, and what made it so."""

UNKNOWN: Known = (NEVER, -1)

_step = itemgetter(0)


def _sooner(world: World, one: Known, other: Known) -> bool:
    """Return whether of two arrivals the first counts; of one step, in whatever order they came."""
    if one[0] == NEVER or one[0] != other[0]:
        return one[0] < other[0]
    return rank(world.records, one[1]) < rank(world.records, other[1])


@dataclass
class Inbox:
    """What is known at a post for one purpose about one flight: each signal's first arrival and its record."""

    news: News
    arrivals: dict[str, Known] = field(default_factory=dict)
    released: bool = False

    def step(self, signal: str) -> int:
        """Return the step at which a signal is known, or NEVER."""
        return self.arrivals.get(signal, UNKNOWN)[0]

    def take(self, world: World, signal: str, arrival: int, cause: int) -> None:
        """Note an arrival if it is the first of its signal, and wake who waits for news."""
        known = (arrival, cause)
        if _sooner(world, known, self.arrivals.get(signal, UNKNOWN)):
            self.arrivals[signal] = known
            if self.news.waiting:
                ring(self.news)


class Desk:
    """The inboxes of one purpose at one post: one for a flight (window 0), or one for each stay in a zone.

    `opens(flight, window, inbox)` is called when the first signal for an inbox is announced.
    """

    def __init__(
        self,
        world: World,
        exchange: Exchange,
        post: str,
        signals: Iterable[str],
        per: str | None,
        opens: Callable[[str, int, Inbox], None],
    ) -> None:
        self.world, self.per, self.opens, self.lasting = world, per, opens, exchange.lines.lasting
        self.inboxes: dict[tuple[str, int], Inbox] = {}
        self.kept: dict[str, dict[str, Known]] = {}
        for signal in dict.fromkeys(signals):
            exchange.listen(post, signal, self.hear)

    def hear(self, about: str, signal: str, arrival: int, cause: int) -> None:
        """Put a signal into the inbox that it is for; lasting signals go into those of all stays, also to come."""
        if self.per is not None and signal in self.lasting:
            kept = self.kept.setdefault(about, {})
            if _sooner(self.world, (arrival, cause), kept.get(signal, UNKNOWN)):
                kept[signal] = (arrival, cause)
            for (flight, _), inbox in list(self.inboxes.items()):
                if flight == about:
                    inbox.take(self.world, signal, arrival, cause)
            return
        window = 0 if self.per is None else self.world.tracks[about].window(self.per, self.world.now)
        inbox = self.inboxes.get((about, window)) or self._open(about, window)
        inbox.take(self.world, signal, arrival, cause)

    def _open(self, about: str, window: int) -> Inbox:
        inbox = Inbox(News(), dict(self.kept.get(about, {})))
        self.inboxes[about, window] = inbox
        self.opens(about, window, inbox)
        return inbox


class Chain:
    """One stage, and the decisions of it that are open."""

    def __init__(self, world: World, exchange: Exchange, name: str, stage: Stage, act: Act) -> None:
        self.world, self.name, self.stage, self.act = world, name, stage, act
        signals = (*stage.after_all, *stage.after_any, *stage.unless)
        self.inboxes = Desk(world, exchange, stage.post, signals, stage.per, self._open).inboxes

    def _open(self, about: str, window: int, inbox: Inbox) -> None:
        if self.stage.about is None or about in self.stage.about:
            start(self.world, decide(self.world, self, about, window, inbox))


Act = Callable[[Stage, str, int], None]
"""(stage, flight, cause): what a decision sets going beyond its event."""


def decide(world: World, chain: Chain, about: str, window: int, inbox: Inbox) -> Process:
    """Take one decision about one flight.

    1. Wait until all of `after_all` and one of `after_any` are known.  2. Take the delay.  3. End in the event,
    unless something in `unless` was known before that, or the decision is not to go on.
    """
    stage = chain.stage
    released = _release(stage, inbox)
    while not inbox.released:
        # Whatever else becomes known in the step may be the cause as well.
        yield from wait(world, max(released[0], world.now), inbox.news, priority=LATE)
        released = _release(stage, inbox)
        inbox.released = released[0] <= world.now
    data: dict[str, Any] = (
        {"stage": chain.name} if stage.per is None else {"stage": chain.name, "stay": window}
    )
    if (dropped := _drop(stage, inbox))[0] < world.now:
        emit(world, "stage-dropped", stage.post, about, dropped[1], data=data)
        return
    begun = emit(world, "stage-started", stage.post, about, released[1], data=data)
    delay = drawn_steps(world, stage.delay_s, chain.name, f"delay {about}", max(1, window))
    ends = min(NEVER, world.now + delay)
    while world.now < ends and (at := max((dropped := _drop(stage, inbox))[0], begun.step + 1)) > world.now:
        yield from wait(world, min(ends, at), inbox.news)
    if world.now < ends:
        emit(world, "stage-dropped", stage.post, about, dropped[1], data=dict(data))
        return
    data = {**data, "delay_s": delay * world.clock.step_s}
    if stage.yes_share < 1.0 and world.draw(chain.name, f"yes {about}", max(1, window)) >= stage.yes_share:
        emit(world, "stage-refused", stage.post, about, begun.id, data=data)
        return
    decided = emit(world, event_of(chain.name, stage), stage.post, about, begun.id, [stage.post], data=data)
    chain.act(stage, about, decided.id)


def _release(stage: Stage, inbox: Inbox) -> Known:
    """Return the step at which a stage may start and the record that released it (of ties the first named)."""
    arrivals = inbox.arrivals
    needed = [arrivals.get(signal, UNKNOWN) for signal in stage.after_all]
    if stage.after_any:
        needed.append(min([arrivals.get(signal, UNKNOWN) for signal in stage.after_any], key=_step))
    return max(needed, key=_step)


def _drop(stage: Stage, inbox: Inbox) -> Known:
    if not stage.unless:
        return UNKNOWN
    return min([inbox.arrivals.get(signal, UNKNOWN) for signal in stage.unless], key=_step)


def set_up(world: World, command: Command, act: Act) -> tuple[Exchange, list[Chain]]:
    """Open the exchange and hang every stage on what it waits for."""
    exchange = Exchange(world, command)
    return exchange, [Chain(world, exchange, name, stage, act) for name, stage in command.stages.items()]


def unmet(world: World, chains: list[Chain]) -> None:
    """Enter, at the end of the window, each stage that was opened but never released, and what it waited for."""
    end = world.clock.last  # the clock itself has gone one step on
    for chain in chains:
        stage = chain.stage
        for (about, window), inbox in chain.inboxes.items():
            if inbox.released or (stage.about is not None and about not in stage.about):
                continue
            missing = [s for s in stage.after_all if inbox.step(s) > end]
            if stage.after_any and all(inbox.step(s) > end for s in stage.after_any):
                missing.append(" or ".join(stage.after_any))
            known = [arrival for arrival in inbox.arrivals.values() if arrival[0] <= end]
            stay: dict[str, Any] = {} if stage.per is None else {"stay": window}
            latest = max(known, key=lambda each: (each[0], rank(world.records, each[1])), default=None)
            cause = None if latest is None else latest[1]
            data = {"stage": chain.name, "waits_for": missing, **stay}
            record = Record(len(world.records), end, "stage-unmet", stage.post, about, cause, data)
            world.records.append(record)
