"""Command in columns: what is announced where, when it is known at a post, and what decisions come of it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sim.arrays.columns import FAR, Whole, in_time_order
from sim.arrays.telling import Outcome, Telling
from sim.command import Command, Stage, event_of, lasting_events, links_by_ends

Slots = list[tuple[Whole, Whole]]
"""(announced, known) of each announcement: columns of steps."""


class Exchange:
    """Which nodes announce a signal about a flight, and when it is known at another post."""

    def __init__(
        self, telling: Telling, command: Command, sources: Mapping[tuple[str, str], list[tuple[str, object]]]
    ) -> None:
        self.telling, self.links, self.sources = telling, command.links, sources
        self.link_of = links_by_ends(command.links)
        self.lasting = lasting_events(command.stages)
        self.kept: dict[tuple[str, str, str], Slots] = {}

    def slots(self, post: str, signal: str, about: str) -> Slots:
        """Return the announcements of a signal about a flight that are heard at a post."""
        key = (post, signal, about)
        self._note_asked(key)
        kept = self.kept.get(key)
        if kept is not None:
            return kept
        telling, stale = self.telling, len(self.telling.stale)
        said: dict[str, list[Whole]] = {}
        for where, source in self.sources.get((signal, about), []):
            if where != post and self.link_of.get((where, post)) is None:
                continue
            steps = telling.node(source).get(("signal", signal, about, where), [])
            said.setdefault(where, []).extend(steps)
        slots: Slots = []
        for where, steps in said.items():
            if where == post:
                slots += [(step, step) for step in steps]
                continue
            link = self.link_of.get((where, post))
            assert link is not None  # else it was not asked
            if not steps:
                continue
            law = self.links[link].delay_s
            for number, step in enumerate(in_time_order(steps, telling.last), start=1):
                delay = telling.steps(law, link, f"{signal} {about}", number, least=0)
                slots.append((step, step + delay))
        if len(telling.stale) == stale:  # what rests on a telling before is asked for anew
            self.kept[key] = slots
        return slots

    def _note_asked(self, key: tuple[str, str, str]) -> None:
        """Note what an announcement rests on for each node that asks, also where it has been worked out before."""
        post, signal, about = key
        for where, source in self.sources.get((signal, about), []):
            link = None if where == post else self.link_of.get((where, post))
            if where == post or link is not None:
                self.telling.rests_on(source)
            if link is not None:
                self.telling.draws_from(self.links[link].delay_s)

    def first(self, post: str, signal: str, about: str) -> Whole | None:
        """Return the step at which a signal about a flight is first known at a post; None if it never is."""
        return _first([known for _, known in self.slots(post, signal, about)])

    def first_in(self, post: str, signal: str, about: str, zone: str, window: int) -> Whole | None:
        """Return the same for what was announced in the window of one stay in a zone."""
        _, leaves = self.telling.flights[about].stays(zone)
        slots = self.slots(post, signal, about)
        return _first([_of_window(known, announced, leaves, window) for announced, known in slots])

    def opened(self, post: str, signals: list[str], about: str, zone: str, window: int) -> Whole | None:
        """Return the step at which the first passing signal of a stay's window is announced to a post."""
        _, leaves = self.telling.flights[about].stays(zone)
        passing = [signal for signal in signals if signal not in self.lasting]
        slots = [slot for signal in passing for slot in self.slots(post, signal, about)]
        return _first([_of_window(announced, announced, leaves, window) for announced, _ in slots])

    def known(self, post: str, signal: str, about: str, per: str | None, window: int) -> Whole | None:
        """Return when a signal is known for one purpose: of a stay's window, or whenever if it lasts."""
        if per is None or signal in self.lasting:
            return self.first(post, signal, about)
        return self.first_in(post, signal, about, per, window)


def _of_window(steps: Whole, announced: Whole, leaves: Whole, window: int) -> Whole:
    """Return steps where what they tell of was announced in the window of one stay, else FAR; see `Track.window`."""
    steps = steps.copy()
    if window > 1:
        steps[announced <= leaves[window - 2]] = FAR
    if window <= len(leaves):
        steps[announced > leaves[window - 1]] = FAR
    return steps


def _first(steps: list[Whole]) -> Whole | None:
    if not steps:
        return None
    found = steps[0]
    for step in steps[1:]:
        found = np.minimum(found, step)
    return found


def decide(telling: Telling, exchange: Exchange, name: str, stage: Stage, about: str) -> Outcome:
    """Return when a stage's decisions about one flight come: one column for the flight, or one for each stay."""
    outcome: Outcome = {}
    windows = [0]
    if stage.per is not None:
        windows = list(range(1, len(telling.flights[about].stays(stage.per)[0]) + 2))
    decided = []
    for window in windows:
        found = _decision(telling, exchange, name, stage, about, window)
        if found is None:
            continue
        step, delay = found
        decided.append(step)
        outcome[("order", window)] = [step]
        stay = {} if stage.per is None else {"stay": window}
        if event_of(name, stage) in telling.wanted:
            took = {"delay_s": delay * telling.prepared.clock.step_s}
            telling.happens(event_of(name, stage), stage.post, about, step, took, stage=name, **stay)
    outcome[("signal", event_of(name, stage), about, stage.post)] = decided
    return outcome


def _decision(
    telling: Telling, exchange: Exchange, name: str, stage: Stage, about: str, window: int
) -> tuple[Whole, Whole] | None:
    """Return when a decision comes, and the steps that it takes; None if it never does."""

    def known(signal: str) -> Whole | None:
        return exchange.known(stage.post, signal, about, stage.per, window)

    released: Whole | None = None
    for signal in stage.after_all:
        step = known(signal)
        if step is None:
            return None
        released = step if released is None else np.maximum(released, step)
    if stage.after_any:
        step = _first([s for s in map(known, stage.after_any) if s is not None])
        if step is None:
            return None
        released = step if released is None else np.maximum(released, step)
    assert released is not None  # a stage waits for something
    if stage.per is not None and exchange.lasting.issuperset(stage.after_all):
        # What lasts does not open the desk of a stay: only what is announced in its window does.
        signals = [*stage.after_any, *stage.unless]
        opened = exchange.opened(stage.post, signals, about, stage.per, window)
        if opened is None:
            return None
        released = np.maximum(released, opened)
    if not (released <= telling.last).any():
        return None
    occurrence = max(1, window)
    delay = telling.steps(stage.delay_s, name, f"delay {about}", occurrence)
    ends = released + delay
    ends[released > telling.last] = FAR
    for signal in stage.unless:
        dropped = known(signal)
        if dropped is not None:
            ends[(dropped < released) | (np.maximum(dropped, released + 1) < ends)] = FAR
    yes = telling.shares(stage.yes_share, "command", "stages", name, "yes_share")
    if min(yes) < 1.0:
        ends[~telling.below(yes, name, f"yes {about}", occurrence)] = FAR
    return ends, delay
