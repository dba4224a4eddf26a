"""A replication run again with one drawn duration another: which smallest change would have changed its highest rung.

A shift is added to what was drawn, and the processes run again with it; every other draw stays as it was.  So the
answer is exact for that replication, whatever the change sets going.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Final, NamedTuple

from sim.clock import NEVER
from sim.draws import Uniforms
from sim.many import Tell, Work, in_order, workers_for
from sim.measures import ladder_in_steps
from sim.outcomes import Outcomes
from sim.run import Prepared, Replication, replicate
from sim.scenario import Scenario
from sim.world import Timing, World

WITHIN_S: Final = 300
"""Seconds by which a timing is changed at the most, unless said."""

PROBED_SHARE: Final = 0.125
"""Share of the widest change that is tried too for the timings of a critical path."""

TIMINGS_AT_ONCE: Final = 4
"""Searches between two words of progress, and what a worker is handed at once."""


class Key(NamedTuple):
    """What names a draw within a replication."""

    entity: str
    decision: str
    occurrence: int


class Arrival(NamedTuple):
    """A signal that became known at a post: announced at a step, known at another; `link` names its delay."""

    post: str
    signal: str
    about: str
    announced: int
    known: int
    record: int
    link: Key | None


class Notes:
    """What one run drew and announced, beyond its log."""

    def __init__(self, scenario: Scenario) -> None:
        self.links = scenario.command.links
        self.timings: dict[Key, Timing] = {}
        self.arrivals: list[Arrival] = []
        self._said: tuple[str, str, str, int] | None = None
        self._world: World | None = None

    def attend(self, world: World) -> None:
        """Listen to the draws and announcements of a world that is about to run."""
        self._world = world
        announce = world.announce

        def noted(post: str, signal: str, about: str, cause: int) -> None:
            self._said = (post, signal, about, cause)
            self.arrivals.append(Arrival(post, signal, about, world.now, world.now, cause, None))
            announce(post, signal, about, cause)
            self._said = None

        world.announce, world.retime = noted, self._note

    def _note(self, timing: Timing) -> int:
        key = Key(*timing[:3])
        self.timings.setdefault(key, timing)
        if self._said is not None and timing.entity in self.links:
            post, signal, about, cause = self._said
            (other,) = set(self.links[timing.entity].posts) - {post}
            known = min(NEVER, timing.drawn_at + timing.steps)
            self.arrivals.append(Arrival(other, signal, about, timing.drawn_at, known, cause, key))
        return timing.steps

    def number_as(self, replication: Replication) -> None:
        """Name the records of the arrivals by their numbers in the finished log."""
        assert self._world is not None
        # A record is numbered anew when the log is put in order; its data stay the same object.
        places = {id(record.data): record.id for record in replication.log}
        final = [places[id(record.data)] for record in self._world.records]
        self.arrivals = [arrival._replace(record=final[arrival.record]) for arrival in self.arrivals]


def noted(prepared: Prepared, uniforms: Uniforms, number: int) -> tuple[Replication, Notes]:
    """Run a replication as it is; return it with what it drew and announced."""
    notes = Notes(prepared.scenario)
    replication = replicate(prepared, uniforms, number, attend=notes.attend)
    notes.number_as(replication)
    return replication, notes


def shifted(prepared: Prepared, uniforms: Uniforms, number: int, shifts: Mapping[Key, int]) -> Replication:
    """Run a replication with steps added to some of its drawn durations; none falls below the least it can be."""

    def retime(timing: Timing) -> int:
        shift = shifts.get(Key(*timing[:3]), 0)
        return timing.steps if timing.steps == NEVER else max(timing.least, timing.steps + shift)

    def attend(world: World) -> None:
        world.retime = retime

    return replicate(prepared, uniforms, number, attend=attend)


# ---- the smallest change of one timing


class Trial(NamedTuple):
    """One search: a timing and the shifts that are tried, in rising size and of one sign."""

    key: Key
    probes: tuple[int, ...]


class Change(NamedTuple):
    """The smallest shift that was found to change the highest rung, and the rung that it leads to (0 for none)."""

    key: Key
    shift: int
    rung: int


@dataclass(frozen=True)
class Search:
    """Looks for the smallest change, for some timings at a time; made so that workers can do it."""

    work: Work[Outcomes]
    number: int
    rung: int

    def __call__(self, trials: tuple[Trial, ...]) -> tuple[list[Change], int]:
        """Return the changes that were found, and how many replications were run for them."""
        found: list[Change] = []
        runs = 0
        for trial in trials:
            same = 0
            for probe in trial.probes:
                runs += 1
                rung = self._rung(trial.key, probe)
                if rung != self.rung:
                    change, more = self._between(trial.key, same, probe, rung)
                    found.append(change)
                    runs += more
                    break
                same = probe
        return found, runs

    def _between(self, key: Key, same: int, other: int, rung: int) -> tuple[Change, int]:
        """Halve the way from a shift that changes nothing to one that does."""
        runs = 0
        while abs(other - same) > 1:
            middle = int((same + other) / 2)
            runs += 1
            reached = self._rung(key, middle)
            if reached == self.rung:
                same = middle
            else:
                other, rung = middle, reached
        return Change(key, other, rung), runs

    def _rung(self, key: Key, shift: int) -> int:
        replication = shifted(self.work.prepared, self.work.uniforms, self.number, {key: shift})
        return int(ladder_in_steps(replication)["highest_rung"])


class Found(NamedTuple):
    """What the search came to: the changes, the timings that were tried, and the replications that it took."""

    changes: list[Change]
    timings: int
    runs: int


def changes(
    work: Work[Outcomes],
    replication: Replication,
    notes: Notes,
    binding: Set[Key],
    within_s: int,
    *,
    workers: int | None = 1,
    tell: Tell | None = None,
) -> Found:
    """Return for each timing of a replication the smallest change each way that changes its highest rung.

    A timing is lengthened and shortened by `within_s`, those in `binding` (of a critical path) also by an eighth of
    that; where that changes the highest rung, the smallest change is found to the step by halving.  A change that
    undoes itself before those ends is not found.  Delays that outlast the window are left as they are.
    """
    rung = int(ladder_in_steps(replication)["highest_rung"])
    trials = list(_trials(replication, notes, binding, replication.prepared.clock.steps(within_s)))
    tasks = [tuple(trials[at : at + TIMINGS_AT_ONCE]) for at in range(0, len(trials), TIMINGS_AT_ONCE)]
    search = Search(work, replication.number, rung)
    if workers is None:
        workers = workers_for(len(trials), "processes")
    found: list[Change] = []
    runs = done = 0
    for task, (some, more) in zip(tasks, in_order(search, tasks, workers), strict=True):
        found += some
        runs += more
        done += len(task)
        if tell is not None:
            tell(done, len(trials))
    found.sort(key=lambda change: (abs(change.shift), change.key))
    return Found(found, len({trial.key for trial in trials}), runs)


def _trials(replication: Replication, notes: Notes, binding: Set[Key], widest: int) -> Iterator[Trial]:
    last = replication.prepared.clock.last
    heard = _heard(replication.prepared.scenario)
    near = max(1, round(widest * PROBED_SHARE))
    for key, timing in notes.timings.items():
        if timing.steps == NEVER or _comes_to_nothing(key, notes, heard):
            continue
        sizes = [near, widest] if key in binding and near < widest else [widest]
        ends = timing.drawn_at + timing.steps
        # A seat is reckoned with by planners before its time; all else is unknown until it ends.
        if ends <= last or key.decision == "seat":
            yield Trial(key, tuple(sizes))
        room = timing.steps - timing.least
        shorter = tuple(dict.fromkeys(-min(size, room) for size in sizes))
        if room and ends + shorter[-1] <= last:
            yield Trial(key, shorter)


def _heard(scenario: Scenario) -> set[str]:
    """Return every event that a stage, ladder, hazard or rung waits for."""
    found: set[str] = set()
    for stage in scenario.command.stages.values():
        found.update(stage.after_all, stage.after_any, stage.unless)
    for ladder in scenario.warning.values():
        found.update(() if ladder.calls is None else ladder.calls.after)
        found.update(rule.authority for rule in ladder.measures.values())
    found.update(hazard.on or "" for hazard in scenario.escalation.hazards.values())
    for rung in scenario.escalation.rungs:
        found.update(rung.reached_by)
    return found


def _comes_to_nothing(key: Key, notes: Notes, heard: Set[str]) -> bool:
    """Return whether nothing can follow from when a duration ends: nobody hears of it, and nothing waits for it."""
    if key.decision == "identify":
        return "identified" not in heard
    word, _, chance = key.decision.partition(" ")
    if word == "notice" and "notices" not in heard:
        sequels = ("answer", "report", "reaction")
        return all(
            Key(key.entity, f"{each} {chance}", key.occurrence) not in notes.timings for each in sequels
        )
    return False
