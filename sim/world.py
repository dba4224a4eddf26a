"""The world of one replication: what a process may touch, and how it waits.

Only three things let simulated time pass: `sleep`, `wait` and `later`.  A process sleeps until the next step at which
something can change for it.  With `ticking` it wakes at every step instead and looks whether something has changed;
the log must be the same, and a test says so.

Effects come at least one step after their causes, except for what is only entered in the book (a stage that starts,
a pair that is named for an order); positions are looked up.  So nothing depends on the order in which SimPy wakes the
processes of one step.  What depends on whether a flight turns away in the step waits `SETTLED` in it, and what must
have seen all of it waits `LATE`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import simpy
from simpy.events import NORMAL, EventPriority

from sim.clock import NEVER, Clock
from sim.draws import Distribution, Draw, Quantiles, quantile_index
from sim.flight import Track
from sim.log import Data, Record, entry

SETTLED: Final = EventPriority(NORMAL + 1)
"""The priority of what comes in a step after flights have turned away and pairs have joined, but before its orders."""

LATE: Final = EventPriority(NORMAL + 2)
"""The priority of what comes in a step after everything else in it."""

Process = Generator[simpy.Event, Any, None]
Waiting = Generator[simpy.Event, Any, Any]
Alarms = Iterable[simpy.Event]
"""What a process waits for, one after the other: `yield from` them."""

Hear = Callable[[Record], None]

MOST_INDEX = 1_000_000
"""The highest multiple of its resolution that a drawn value can be."""


class Timing(NamedTuple):
    """One drawn duration: what the draw is named by, its law, the step at which it was drawn, and its steps."""

    entity: str
    decision: str
    occurrence: int
    law: Distribution
    drawn_at: int
    least: int
    steps: int


class News:
    """What processes wait for besides the clock, again and again: whoever waits is woken when it is next rung."""

    __slots__ = ("waiting",)

    def __init__(self) -> None:
        self.waiting: list[Alarm] = []


class Hearers(NamedTuple):
    """Who is told of the records of one kind: of each, or only of those about one flight."""

    of_all: list[Hear]
    of_one: dict[str, list[Hear]]


@dataclass(frozen=True)
class Laws:
    """The quantiles of laws that have been asked for: of durations in steps, and of quantities by their resolution.

    They go by the id of the law, which they keep alive, so that no other law comes by its id.
    """

    durations: dict[int, Quantiles] = field(default_factory=dict)
    quantities: dict[tuple[int, float], Quantiles] = field(default_factory=dict)


def _unheard(post: str, signal: str, about: str, cause: int) -> None:
    """Announce to nobody."""


@dataclass
class World:
    """The record that all processes of a replication share.

    `tables` and `laws` outlive the replication: they hold what follows from the scripted tracks alone, and the
    quantiles of each law.  `own_tables` holds what follows from a track that has left its script in this replication.
    """

    env: simpy.Environment
    clock: Clock
    draw: Draw
    tracks: dict[str, Track]
    tables: dict[Any, Any]
    laws: Laws
    ticking: bool = False
    now: int = 0
    """The current step; it goes on where an alarm comes."""
    records: list[Record] = field(default_factory=list)
    processes: list[simpy.Process] = field(default_factory=list)
    hearers: dict[str, Hearers] = field(default_factory=dict)
    announce: Callable[[str, str, str, int], None] = _unheard
    own_tables: dict[Any, Any] = field(default_factory=dict)
    left_script: dict[str, int] = field(default_factory=dict)
    track_news: dict[str, News] = field(default_factory=dict)
    retime: Callable[[Timing], int] | None = None
    """Told each drawn duration, returns the one to take in its place: what would have been, had it been another."""


class Alarm(simpy.Event):
    """Comes at a step and moves the clock on, or before it when news rings it; beyond the window only so."""

    _ok, _value = True, None  # it never fails and says nothing

    def __init__(self, world: World, step: int, priority: EventPriority = NORMAL) -> None:
        self.env = world.env
        self.world = world
        self.step = step
        self.priority = priority
        self.callbacks: list[Callable[[simpy.Event], None]] = [self._come]
        if step <= world.clock.last:
            world.env.schedule(self, priority, step - world.now)

    def _come(self, _: simpy.Event) -> None:
        self.world.now = self.step

    def ring(self) -> None:
        """Come now, if it has not come yet: at its step it then finds nobody."""
        callbacks = self.callbacks
        if callbacks and callbacks[0] is not _disarm:
            callbacks[0] = _disarm
            self.env.schedule(self, self.priority)


def _disarm(alarm: simpy.Event) -> None:
    alarm.callbacks = []


def run(world: World) -> None:
    """Let time pass until the end of the window."""
    world.env.run(until=world.clock.last + 1)


def disband(world: World) -> None:
    """Part all who know one another in a world that has ended: so it is freed at once, without a collection."""
    for process in world.processes:
        if process.is_alive and process.target.callbacks is not None:
            process.target.callbacks.clear()
    world.processes.clear()
    world.hearers.clear()
    world.track_news.clear()
    world.announce = _unheard


def emit(
    world: World,
    kind: str,
    who: str,
    about: str,
    cause: int | None,
    posts: Sequence[str] = (),
    data: Data | None = None,
) -> Record:
    """Enter an event in the log, tell the chapters that asked for its kind, and announce it at posts.

    The record keeps `data` itself: no other may have it, and nobody may change it any more.
    """
    records = world.records
    number = len(records)
    record = entry((number, world.now, kind, who, about, cause, {} if data is None else data))
    records.append(record)
    if kind in world.hearers:
        of_all, of_one = world.hearers[kind]
        for hear in of_all:
            hear(record)
        if about in of_one:
            for hear in of_one[about]:
                hear(record)
    for post in posts:
        world.announce(post, kind, about, number)
    return record


def on(world: World, kind: str, hear: Hear, about: str = "") -> None:
    """Have `hear` called with every record of a kind, or only those about one flight, as it is entered."""
    hearers = world.hearers.setdefault(kind, Hearers([], {}))
    (hearers.of_one.setdefault(about, []) if about else hearers.of_all).append(hear)


def start(world: World, process: Process) -> None:
    """Start a process in the current step."""
    world.processes.append(simpy.Process(world.env, process))


def sleep(world: World, until: int, priority: EventPriority = NORMAL) -> Alarms:
    """Sleep until a step; a step that has come returns at once, and one beyond the window never comes."""
    if until <= world.now:
        return ()
    return _ticks(world, until, priority) if world.ticking else (Alarm(world, until, priority),)


def wait(world: World, until: int, *news: News, priority: EventPriority = NORMAL) -> Alarms:
    """Wake at a step from this one on, or as soon as there is news; ticking, at the next step at the latest.

    The caller looks at the world again and decides whether to wait on.
    """
    alarm = Alarm(world, min(until, world.now + 1) if world.ticking else until, priority)
    for each in news:
        each.waiting.append(alarm)
    return (alarm,)


def later(world: World, step: int, act: Callable[[], None]) -> None:
    """Have something done at a step, by no process of its own; a step that has come is now."""
    if world.ticking:
        start(world, _act(world, step, act))
    elif step <= world.now:
        act()
    elif step <= world.clock.last:
        Alarm(world, step).callbacks.append(lambda _: act())


def _act(world: World, step: int, act: Callable[[], None]) -> Process:
    yield from sleep(world, step)
    act()


def _ticks(world: World, until: int, priority: EventPriority) -> Waiting:
    while world.now < until:
        yield Alarm(world, world.now + 1, priority)


def ring(news: News) -> None:
    """Wake all who wait for news, later in this step."""
    if news.waiting:
        waiting, news.waiting = news.waiting, []
        for alarm in waiting:
            alarm.ring()


def drawn(
    world: World, law: Distribution, entity: str, decision: str, occurrence: int, *, resolution: float
) -> float:
    """Return a drawn value, a multiple of the resolution."""
    quantiles = world.laws.quantities.get((id(law), resolution))
    if quantiles is None:
        quantiles = Quantiles(law, resolution, MOST_INDEX)
        world.laws.quantities[id(law), resolution] = quantiles
    return quantiles.index(world.draw(entity, decision, occurrence)) * resolution


def drawn_steps(
    world: World, law: Distribution, entity: str, decision: str, occurrence: int, *, least: int = 1
) -> int:
    """Return a drawn duration in whole steps, rounded up, at least `least`; beyond the window it is NEVER."""
    quantiles = world.laws.durations.get(id(law))
    if quantiles is None:
        quantiles = Quantiles(law, world.clock.step_s, world.clock.last + 1)
        world.laws.durations[id(law)] = quantiles
    u = world.draw(entity, decision, occurrence)
    steps = bisect_right(quantiles.reached, u)
    if steps == len(quantiles.reached):
        steps = quantiles.beyond(u)
    if steps < least:
        steps = least
    elif steps >= quantiles.most:
        steps = NEVER
    if world.retime is None:
        return steps
    return world.retime(Timing(entity, decision, occurrence, law, world.now, least, steps))


def median_steps(clock: Clock, law: Distribution, *, least: int = 1) -> int:
    """Return the median of a duration in whole steps: what a planner reckons with before the dice fall."""
    return max(least, quantile_index(law, 0.5, clock.step_s, clock.last + 1))
