"""Many replications: in chunks that bound the memory, on as many processor cores as are wanted.

What comes out does not depend on the size of the chunks or on the number of workers.  A replication that the batch
engine cannot compose is told by the processes in its place.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, Literal, Protocol, TypeVar

import numpy as np

from sim import outcomes
from sim.catalogue import ALL, Wanted
from sim.draws import Uniforms
from sim.errors import WorkerError
from sim.outcomes import Outcomes
from sim.run import Prepared, prepare, replicate
from sim.scenario import Scenario, read

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import ForkContext, SpawnContext

Engine = Literal["batch", "processes"]
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
S = TypeVar("S")

Tell = Callable[[int, int], None]
"""Told (done, of all) after each chunk."""

Span = tuple[int, int]
"""(number of the first replication, how many)."""

CHUNK: Final = 32_768
"""Replications that the batch engine composes at once: their columns stay in a processor's cache."""

LOGS: Final = 16
"""Replications that the processes run between two words of progress."""

PAYS: Final[dict[Engine, int]] = {"batch": 10_000, "processes": 16}
"""Replications from which on a worker costs less to start than it saves."""

PROBED: Final = 16
"""Replications that are composed to learn whether a scenario can be."""


def simulate(
    scenario: Scenario | str,
    replications: int,
    seed: int = 1,
    *,
    first: int = 0,
    workers: int | None = 1,
    engine: Engine = "batch",
    chunk: int = CHUNK,
    tell: Tell | None = None,
) -> Outcomes:
    """Run replications of a scenario, or of the file or bundled scenario of that name; return all their outcomes.

    The rows are the same for any chunk size and any number of workers (None: as many as are worth it).
    `Outcomes.columns` says what the columns mean; `pandas.DataFrame(outcomes.to_dict())` makes a data frame, and so
    do other libraries.  Raises InputError if the scenario is wrong.
    """
    if isinstance(scenario, str):
        scenario, _ = read(scenario)
    prepared = prepare(scenario)
    work = Work(scenario, seed, engine, ALL, _whole)
    tables = reduced(work, first, replications, workers=workers, chunk=chunk, tell=tell)
    return outcomes.collect(prepared, seed, first, replications, tables)


def _whole(table: Outcomes) -> Outcomes:
    return table


def cores() -> int:
    """Return the number of processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def workers_for(count: int, engine: Engine) -> int:
    """Return how many workers so many replications are worth on this machine."""
    return max(1, min(cores(), count // PAYS[engine]))


class Spanned(Protocol[T_co]):
    """What is done with each span of replications."""

    @property
    def weight(self) -> int:
        """How many scenarios are simulated in it."""

    def runs_processes(self, first: int, count: int) -> bool:
        """Return whether the processes run any of these replications, and make the tables on the way."""

    def __call__(self, span: Span) -> T_co:
        """Do it, and return what comes of it."""


@dataclass(frozen=True)
class Work(Generic[T]):
    """Simulates each span of replications, and reduces the table of its outcomes."""

    scenario: Scenario
    seed: int
    engine: Engine
    wanted: Wanted
    reduce: Callable[[Outcomes], T]
    weight: ClassVar[int] = 1

    @cached_property
    def prepared(self) -> Prepared:
        """The tables of the scenario, made once in each process, or before it is forked."""
        return prepare(self.scenario)

    @cached_property
    def uniforms(self) -> Uniforms:
        """The random numbers."""
        return Uniforms(self.seed)

    def __getstate__(self) -> dict[str, Any]:
        """Return what a worker that is not forked must be sent: it makes its own tables."""
        return {key: value for key, value in self.__dict__.items() if key not in ("prepared", "uniforms")}

    def __call__(self, span: Span) -> T:
        """Simulate a span of replications."""
        first, count = span
        if self.engine == "processes":
            rows = [self._told(number) for number in range(first, first + count)]
            return self.reduce(outcomes.of_rows(self.prepared, self.seed, first, rows, self.wanted))
        from sim.batch import compose

        batch = compose(self.prepared, self.uniforms, first, count)
        told = {int(place): self._told(first + int(place)) for place in np.flatnonzero(batch.handed_over)}
        return self.reduce(outcomes.of(batch, self.wanted, told))

    def runs_processes(self, first: int, count: int) -> bool:
        """Return whether the processes run these replications, be it that the batch cannot compose the scenario.

        The tables are made on the way.
        """
        prepared = self.prepared
        if self.engine == "processes":
            return True
        from sim.batch import compose

        return bool(compose(prepared, self.uniforms, first, min(count, PROBED)).handed_over.all())

    def _told(self, number: int) -> outcomes.Row:
        return outcomes.told(replicate(self.prepared, self.uniforms, number), self.wanted)


def reduced(
    work: Spanned[T],
    first: int,
    count: int,
    *,
    workers: int | None = 1,
    chunk: int = CHUNK,
    tell: Tell | None = None,
) -> Iterator[T]:
    """Yield what comes of each chunk of replications `first` to `first + count - 1`, in their order.

    Where `workers` is None there are as many as are worth it.
    """
    if not count:
        return
    slow = work.runs_processes(first, count)  # before workers are forked, so that they share the tables
    if workers is None:
        workers = workers_for(count * work.weight, "processes" if slow else "batch")
    tasks = spans(first, count, min(chunk, LOGS) if slow else chunk, workers)
    done = 0
    for (_, length), result in zip(tasks, in_order(work, tasks, workers), strict=True):
        done += length
        if tell is not None:
            tell(done, count)
        yield result


def spans(first: int, count: int, chunk: int, workers: int = 1) -> list[Span]:
    """Divide replications into spans of `chunk` at the most, nearly equal, and as many for each worker."""
    number = -(-count // chunk)
    number = min(count, -(-number // workers) * workers)
    ends = [first + count * place // number for place in range(number + 1)] if number else []
    return [(begin, end - begin) for begin, end in pairwise(ends)]


# ---- workers


def in_order(work: Callable[[S], T], tasks: Sequence[S], workers: int) -> Iterator[T]:
    """Yield what `work` makes of each task, in their order, on so many processes; with one worker, in this one.

    The workers end with the iteration, however it ends.  Raises what `work` raises, and WorkerError if one was killed.
    """
    if min(workers, len(tasks)) <= 1:
        yield from map(work, tasks)
        return
    with_workers = _Workers(work, min(workers, len(tasks)))
    try:
        yield from with_workers.results(tasks)
    finally:
        with_workers.end()


def _context() -> ForkContext | SpawnContext:
    import multiprocessing

    # A fork shares the tables that are there; on macOS the system's libraries do not survive one.
    if sys.platform != "darwin" and "fork" in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("fork")
    return multiprocessing.get_context("spawn")


@dataclass
class _Workers(Generic[S, T]):
    """Processes that do one task after the other, each with a pipe to this one."""

    work: Callable[[S], T]
    count: int
    pipes: list[Connection] = field(default_factory=list)
    processes: list[Any] = field(default_factory=list)

    def results(self, tasks: Sequence[S]) -> Iterator[T]:
        """Hand each worker that is free the next task; yield the results in the order of the tasks."""
        from multiprocessing.connection import wait

        self._start()
        busy: dict[Connection, int] = {}
        numbers = iter(range(len(tasks)))
        for pipe in self.pipes:
            self._hand(pipe, tasks, numbers, busy)
        waiting: dict[int, T] = {}
        for number in range(len(tasks)):
            while number not in waiting:
                ready = wait(list(busy))
                for pipe in [pipe for pipe in busy if pipe in ready]:
                    waiting[busy.pop(pipe)] = _received(pipe)
                    self._hand(pipe, tasks, numbers, busy)
            yield waiting.pop(number)

    def _start(self) -> None:
        context = _context()
        for _ in range(self.count):
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(self.work, theirs, ours), daemon=True)
            process.start()
            theirs.close()  # so that a worker's end is heard here
            self.pipes.append(ours)
            self.processes.append(process)

    def _hand(
        self, pipe: Connection, tasks: Sequence[S], numbers: Iterator[int], busy: dict[Connection, int]
    ) -> None:
        number = next(numbers, None)
        if number is not None:
            busy[pipe] = number
            pipe.send(tasks[number])

    def end(self) -> None:
        """End the workers, also in the middle of a task."""
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.join()
        for pipe in self.pipes:
            pipe.close()


def _received(pipe: Connection) -> Any:
    try:
        good, result = pipe.recv()
    except (EOFError, ConnectionError):
        raise WorkerError from None
    if not good:
        raise result
    return result


def _serve(work: Callable[[S], T], pipe: Connection, other_end: Connection) -> None:
    """Do one task after the other until the pipe is closed at its other end."""
    import signal

    # Ctrl-C reaches all processes at once; the one that started these ends them.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    other_end.close()
    with suppress(EOFError, ConnectionError):
        while True:
            task = pipe.recv()
            try:
                answer: tuple[bool, Any] = True, work(task)
            except Exception as error:
                error.add_note(traceback.format_exc())
                answer = False, error
            pipe.send(answer)
