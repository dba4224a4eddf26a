"""The world of one replication: what a process may touch, and how it waits.

Only three things let simulated time pass: `sleep`, `wait` and the order of events in a step.  A process sleeps until
the next step at which something can change for it.  With `ticking` it wakes at every step instead and looks whether
something has changed; the log must be the same, and a test says so.

Effects come at least one step after their causes, except for what is only entered in the book (a stage that starts,
a pair that is named for an order); positions are looked up.  So nothing depends on the order in which SimPy wakes the
processes of one step.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import simpy

from sim.clock import NEVER, Clock
from sim.draws import Distribution, Draw, quantile_index
from sim.flight import Track
from sim.log import Record

Process = Generator[simpy.Event, Any, None]
Waiting = Generator[simpy.Event, Any, Any]


class Timing(NamedTuple):
    """One drawn duration: what the draw is named by, its law, the step at which it was drawn, and its steps."""

    entity: str
    decision: str
    occurrence: int
    law: Distribution
    drawn_at: int
    least: int
    steps: int


@dataclass
class World:
    """The record that all processes of a replication share.

    `tables` outlives the replication: it holds what follows from the scripted tracks alone.  `own_tables` holds what
    follows from a track that has left its script in this replication.
    """

    env: simpy.Environment
    clock: Clock
    draw: Draw
    tracks: dict[str, Track]
    tables: dict[Any, Any]
    ticking: bool = False
    records: list[Record] = field(default_factory=list)
    hearers: dict[tuple[str, str], list[Callable[[Record], None]]] = field(default_factory=dict)
    announce: Callable[[str, str, str, int], None] = lambda _post, _signal, _about, _cause: None
    own_tables: dict[Any, Any] = field(default_factory=dict)
    left_script: dict[str, int] = field(default_factory=dict)
    track_news: dict[str, simpy.Event] = field(default_factory=dict)
    retime: Callable[[Timing], int] | None = None
    """Told each drawn duration, returns the one to take in its place: what would have been, had it been another."""

    @property
    def now(self) -> int:
        """The current step."""
        return self.env.now  # type: ignore[return-value]  # only whole steps are ever scheduled


def emit(
    world: World,
    kind: str,
    who: str,
    about: str,
    cause: int | None,
    posts: Sequence[str] = (),
    **data: Any,
) -> Record:
    """Enter an event in the log, tell the chapters that asked for its kind, and announce it at posts."""
    record = Record(len(world.records), world.now, kind, who, about, cause, data)
    world.records.append(record)
    for hear in world.hearers.get((kind, ""), ()):
        hear(record)
    for hear in world.hearers.get((kind, about), ()):
        hear(record)
    for post in posts:
        world.announce(post, kind, about, record.id)
    return record


def on(world: World, kind: str, hear: Callable[[Record], None], about: str = "") -> None:
    """Have `hear` called with every record of a kind, or only those about one flight, as it is entered."""
    world.hearers.setdefault((kind, about), []).append(hear)


def start(world: World, process: Process) -> None:
    """Start a process in the current step."""
    world.env.process(process)


def table(world: World, flight: str, key: Any, make: Callable[[], Any]) -> Any:
    """Return a table that depends on a flight's track: kept for all replications while it flies its script."""
    kept = world.own_tables if flight in world.left_script else world.tables
    key = (flight, key)
    found = kept.get(key)
    if found is None:
        found = kept[key] = make()
    return found


def sleep(world: World, until: int) -> Waiting:
    """Sleep until a step; a step that has come returns at once, and one beyond the window never comes."""
    while (now := world.now) < until:
        yield _alarm(world, now + 1 if world.ticking else until)


def wait(world: World, until: int, *news: simpy.Event) -> Waiting:
    """Wake at a later step, or as soon as one of the events happens; ticking, at the next step at the latest.

    The caller looks at the world again and decides whether to wait on.
    """
    alarm = _alarm(world, world.now + 1 if world.ticking else until)

    def fire(_: simpy.Event) -> None:
        if not alarm.triggered:
            alarm.succeed()
        elif alarm.callbacks:  # not yet woken: an alarm that is set for later comes now as well
            world.env.schedule(alarm)

    for event in news:
        assert event.callbacks is not None  # nobody waits for what has happened: see `ring`
        event.callbacks.append(fire)
    yield alarm
    alarm.callbacks = []  # an alarm that the news forestalled still comes at its time, and finds nobody


def _alarm(world: World, step: int) -> simpy.Event:
    """Return an event that comes at a later step; one beyond the window comes only if it is made to."""
    if step > world.clock.last:
        return world.env.event()
    return world.env.timeout(step - world.now)


def ring(event: simpy.Event, world: World) -> simpy.Event:
    """Wake all who wait for an event, and return the event that stands for the next piece of news."""
    if not event.callbacks:
        return event
    event.succeed()
    return world.env.event()


def drawn(
    world: World, law: Distribution, entity: str, decision: str, occurrence: int, *, resolution: float
) -> float:
    """Return a drawn value, a multiple of the resolution."""
    index = quantile_index(law, world.draw(entity, decision, occurrence), resolution, 1_000_000)
    return index * resolution


def drawn_steps(
    world: World, law: Distribution, entity: str, decision: str, occurrence: int, *, least: int = 1
) -> int:
    """Return a drawn duration in whole steps, rounded up, at least `least`; beyond the window it is NEVER."""
    beyond = world.clock.last + 1
    index = quantile_index(law, world.draw(entity, decision, occurrence), world.clock.step_s, beyond)
    steps = NEVER if index >= beyond else max(least, index)
    if world.retime is None:
        return steps
    return world.retime(Timing(entity, decision, occurrence, law, world.now, least, steps))


def planned_steps(world: World, law: Distribution, *, least: int = 1) -> int:
    """Return `median_steps`, looked up where it has been asked before."""
    key = ("median", id(law))  # the scenario keeps its laws alive as long as its tables
    median = world.tables.get(key)
    if median is None:
        median = world.tables[key] = median_steps(world.clock, law, least=0)
    return max(least, median)


def median_steps(clock: Clock, law: Distribution, *, least: int = 1) -> int:
    """Return the median of a duration in whole steps: what a planner reckons with before the dice fall."""
    return max(least, quantile_index(law, 0.5, clock.step_s, clock.last + 1))
