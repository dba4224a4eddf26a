"""Many replications: chunks and workers change nothing but the time, and end when they should."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest

from sim import batch as batch_engine
from sim import many, outcomes
from sim.draws import Uniforms
from sim.errors import InputError, WorkerError
from sim.happenings import Batch
from sim.many import Engine, in_order, simulate, spans
from sim.run import Prepared, prepare, replicate
from sim.scenario import Scenario, read
from tests.test_outcomes import same

ENGINES: tuple[Engine, ...] = ("batch", "processes")


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    """Return first-intercept with a crew that sometimes turns early."""
    return read("first-intercept", ["crew.bear.turns_share.call=0.1"])[0]


# ---- chunks and workers


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("chunk", "workers"), [(1, 1), (7, 1), (1000, 1), (7, 2), (50, 3), (50, None)])
def test_neither_chunks_nor_workers_change_the_rows(
    scenario: Scenario, engine: Engine, chunk: int, workers: int | None
) -> None:
    """Replications 5 to 44 are the same in chunks of 1, 7 and all, in one process, in two and in three."""
    plain = simulate(scenario, 40, 3, first=5)
    table = simulate(scenario, 40, 3, first=5, engine=engine, chunk=chunk, workers=workers)
    assert same(table, plain)
    assert table["replication"].tolist() == list(range(5, 45))


def test_replications_are_a_function_of_seed_and_number(scenario: Scenario) -> None:
    """The same numbers come out within any others; another seed gives other rows."""
    whole, part = simulate(scenario, 40, 3), simulate(scenario, 10, 3, first=20)
    assert [whole.row(20 + place) for place in range(10)] == [part.row(place) for place in range(10)]
    assert not same(simulate(scenario, 40, 4), replace_seed(whole, 4))


def replace_seed(table: outcomes.Outcomes, seed: int) -> outcomes.Outcomes:
    """Return a table as if it were of another seed."""
    return outcomes.Outcomes(**{**vars(table), "seed": seed})


def test_a_replication_is_replayed_with_the_same_outcome(scenario: Scenario) -> None:
    """A row of the table is what its replication tells when it is run alone."""
    table = simulate(scenario, 30, 3, first=100)
    for place in (0, 13, 29):
        number = int(table["replication"][place])
        told = outcomes.told(replicate(prepare(scenario), Uniforms(3), number))
        assert outcomes.of_rows(prepare(scenario), 3, number, [told]).row(0) == table.row(place)


def test_a_scenario_may_be_named() -> None:
    """A bundled scenario by its name; one that is not there is an error of input."""
    assert len(simulate("first-intercept", 3)) == 3
    with pytest.raises(InputError, match="first-intercept"):
        simulate("first-intercpt", 3)


def test_no_replications_are_an_empty_table(scenario: Scenario) -> None:
    """None asked for, none run."""
    assert len(simulate(scenario, 0)) == 0


@pytest.mark.parametrize(
    ("first", "count", "chunk", "workers", "expected"),
    [
        (0, 0, 10, 1, []),
        (0, 10, 10, 1, [(0, 10)]),
        (3, 11, 10, 1, [(3, 5), (8, 6)]),
        (0, 30, 10, 2, [(0, 7), (7, 8), (15, 7), (22, 8)]),  # as many for each worker
        (0, 2, 10, 4, [(0, 1), (1, 1)]),
    ],
)
def test_spans_share_the_work(
    first: int, count: int, chunk: int, workers: int, expected: list[tuple[int, int]]
) -> None:
    """Spans follow each other without a gap, none is longer than a chunk, and their lengths hardly differ."""
    assert spans(first, count, chunk, workers) == expected


@pytest.mark.parametrize("workers", [1, 2])
def test_progress_is_told_in_order(scenario: Scenario, workers: int) -> None:
    """After each chunk the listener hears how many are done, and at last that all are."""
    told: list[tuple[int, int]] = []
    simulate(scenario, 40, workers=workers, chunk=10, tell=lambda done, count: told.append((done, count)))
    assert told == [(10, 40), (20, 40), (30, 40), (40, 40)]


def test_small_numbers_start_no_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker is started only where it saves more than its start costs."""
    monkeypatch.setattr(many, "cores", lambda: 4)
    assert [many.workers_for(count, "batch") for count in (1, 19_999, 20_000, 10**8)] == [1, 1, 2, 4]
    assert [many.workers_for(count, "processes") for count in (1, 31, 32, 10**8)] == [1, 1, 2, 4]


# ---- what the batch cannot compose


@pytest.fixture
def reluctant(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the batch engine hand over every replication whose number is a multiple of 3, with nonsense in its row."""
    compose = batch_engine.compose

    def composing(prepared: Prepared, uniforms: Uniforms, first: int, count: int) -> Batch:
        batch = compose(prepared, uniforms, first, count)
        batch.handed_over[:] = (first + np.arange(count)) % 3 == 0
        for happening in batch.happenings:
            happening.step[batch.handed_over] = 7
        return batch

    monkeypatch.setattr(batch_engine, "compose", composing)


@pytest.mark.usefixtures("reluctant")
@pytest.mark.parametrize("chunk", [100, 4])
def test_what_is_handed_over_is_run_by_the_processes(scenario: Scenario, chunk: int) -> None:
    """The rows are the same as ever, and the table knows which were handed over."""
    table = simulate(scenario, 20, 3, first=4, chunk=chunk)
    assert same(table, simulate(scenario, 20, 3, first=4, engine="processes"))
    assert table.handed_over.tolist() == [6, 9, 12, 15, 18, 21]


def test_a_scenario_that_cannot_be_composed_is_run_by_the_processes(
    scenario: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where everything is handed over, progress is told as often as with the processes."""

    def handing_over(prepared: Prepared, uniforms: Uniforms, first: int, count: int) -> Batch:
        return Batch(prepared, uniforms.seed, first, count, [], {}, np.ones(count, dtype=bool))

    monkeypatch.setattr(batch_engine, "compose", handing_over)
    told: list[int] = []
    table = simulate(scenario, 40, 3, tell=lambda done, _: told.append(done))
    assert same(table, simulate(scenario, 40, 3, engine="processes"))
    assert table.handed_over.tolist() == list(range(40))
    assert told == [13, 26, 40]


# ---- workers


@dataclass(frozen=True)
class Doubling:
    """Doubles a number, after a while; does what its name says to 13."""

    at_13: str = ""

    def __call__(self, number: int) -> tuple[int, int]:
        """Return twice the number, and by which process."""
        if number == 13:
            if self.at_13 == "raise":
                raise InputError([])
            if self.at_13 == "wrong":
                raise ZeroDivisionError("no such number")
            if self.at_13 == "killed":
                os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(0.02 if number % 5 == 0 else 0.0)
        return 2 * number, os.getpid()


@pytest.fixture(params=["fork", "spawn"])
def context(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Start workers in either way."""
    if request.param not in multiprocessing.get_all_start_methods():
        pytest.skip(f"this system has no {request.param}")
    monkeypatch.setattr(many, "_context", lambda: multiprocessing.get_context(request.param))
    yield request.param
    assert multiprocessing.active_children() == []


def test_results_come_in_the_order_of_the_tasks(context: str) -> None:
    """However long each task takes; and they were done by as many other processes."""
    results = list(in_order(Doubling(), list(range(40)), 2))
    assert [double for double, _ in results] == [2 * number for number in range(40)]
    processes = {process for _, process in results}
    assert len(processes) == 2
    assert os.getpid() not in processes


def test_one_worker_is_this_process() -> None:
    """Nothing is started for one worker, or for one task."""
    assert {process for _, process in in_order(Doubling(), list(range(5)), 1)} == {os.getpid()}
    assert {process for _, process in in_order(Doubling(), [1], 4)} == {os.getpid()}


def test_a_simulation_is_the_same_in_spawned_workers(scenario: Scenario, context: str) -> None:
    """Workers that share nothing make their own tables, and come to the same rows."""
    table = simulate(scenario, 12, 3, workers=2, chunk=5)
    assert same(table, simulate(scenario, 12, 3))


def test_an_error_in_a_worker_is_an_error_here(context: str) -> None:
    """The error comes as it was; that of a defect carries the traceback of the worker."""
    with pytest.raises(InputError):
        list(in_order(Doubling("raise"), list(range(20)), 2))
    with pytest.raises(ZeroDivisionError, match="no such number") as caught:
        list(in_order(Doubling("wrong"), list(range(20)), 2))
    assert "in __call__" in "".join(caught.value.__notes__)


def test_a_worker_that_is_killed_is_told() -> None:
    """A worker that the system ends is an error that says what to do."""
    with pytest.raises(WorkerError, match="--jobs"):
        list(in_order(Doubling("killed"), list(range(20)), 2))
    assert multiprocessing.active_children() == []


def test_workers_end_when_nobody_wants_more() -> None:
    """Whoever stops asking ends them, also in the middle."""
    results = in_order(Doubling(), list(range(1000)), 2)
    next(results)
    assert len(multiprocessing.active_children()) == 2
    results.close()  # type: ignore[attr-defined]  # it is a generator
    assert multiprocessing.active_children() == []


INTERRUPTED = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # what runs in the background of a shell ignores it
from sim.many import simulate
def stop(done, count):
    os.killpg(0, signal.SIGINT)
try:
    simulate("first-intercept", 400, workers=2, chunk=20, tell=stop)
except KeyboardInterrupt:
    print("interrupted")
"""


def test_an_interruption_ends_workers_without_a_word() -> None:
    """Ctrl-C reaches all processes of the group: this one hears of it once, the workers say nothing and are gone."""
    ended = subprocess.run(
        [sys.executable, "-c", INTERRUPTED],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        start_new_session=True,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "interrupted\n", "")
