"""How a process waits: for a step, for news, or for both."""

from __future__ import annotations

import gc
from datetime import UTC, datetime

import pytest
import simpy

from sim.clock import NEVER, Clock
from sim.draws import Uniforms
from sim.run import prepare, replicate
from sim.scenario import read
from sim.world import Laws, News, Process, World, later, ring, run, sleep, start, wait

LAST = 100


def world(*, ticking: bool = False) -> World:
    """Return an empty world of 100 steps."""
    clock = Clock(datetime(2020, 1, 1, 6, tzinfo=UTC), 1, LAST, "UTC")
    return World(simpy.Environment(), clock, Uniforms(1).draws(0), {}, {}, Laws(), ticking)


both = pytest.mark.parametrize("ticking", [False, True])


@both
def test_a_process_sleeps_until_a_step(ticking: bool) -> None:
    """It wakes at that step, at once for one that has come, and never for one beyond the window."""
    here, woken = world(ticking=ticking), []

    def sleeper() -> Process:
        for step in (5, 3, 40, LAST, LAST + 1):
            yield from sleep(here, step)
            woken.append(here.now)

    start(here, sleeper())
    run(here)
    assert woken == [5, 5, 40, LAST]


@both
@pytest.mark.parametrize("until", [50, NEVER])
def test_news_wakes_before_the_alarm_and_once(ticking: bool, until: int) -> None:
    """Two pieces of news in one step wake a process once; its alarm finds nobody, and time goes on."""
    here, one, other = world(ticking=ticking), News(), News()
    woken: list[int] = []

    def waiter() -> Process:
        rung = len(rings)
        while here.now < until and len(rings) == rung:
            yield from wait(here, until, one, other)
        woken.append(here.now)
        yield from sleep(here, 70)
        woken.append(here.now)

    rings: list[int] = []

    def ring_both() -> None:
        rings.append(here.now)
        ring(one)
        ring(other)

    later(here, 20, ring_both)
    start(here, waiter())
    run(here)
    assert woken == [20, 70]


@both
def test_without_news_the_alarm_wakes(ticking: bool) -> None:
    """News that comes too late wakes nobody who no longer waits for it."""
    here, news = world(ticking=ticking), News()
    woken: list[int] = []

    def waiter() -> Process:
        while here.now < 30:
            yield from wait(here, 30, news)
        woken.append(here.now)

    start(here, waiter())
    later(here, 31, lambda: ring(news))
    run(here)
    assert woken == [30]


@both
def test_what_is_done_later_is_done_at_its_step(ticking: bool) -> None:
    """A step that has come is now, and one beyond the window never comes."""
    here = world(ticking=ticking)
    done: list[tuple[str, int]] = []
    for step in (7, 0, LAST, LAST + 1, NEVER):
        later(here, step, lambda step=step: done.append((str(step), here.now)))  # type: ignore[misc]
    run(here)
    assert done == [("0", 0), ("7", 7), (str(LAST), LAST)]


@pytest.mark.parametrize("number", [0, 2])
def test_a_world_that_has_ended_is_freed_without_a_collection(number: int) -> None:
    """Only SimPy's environment is left, which knows itself; whether a crew turned away (0) or not (2)."""
    prepared, uniforms = prepare(read("july-2019")[0]), Uniforms(1)
    replicate(prepared, uniforms, number)  # makes the tables
    gc.collect()
    gc.disable()
    try:
        replicate(prepared, uniforms, number)
        assert gc.collect() < 20
    finally:
        gc.enable()
