"""The clock against clock times counted by hand."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from sim.clock import NEVER, Clock, ClockSection

ISLAND = timezone(timedelta(hours=-3, minutes=-30))


def clock(start: datetime, end: time, step_s: int = 1) -> Clock:
    """Make a clock as a scenario file does."""
    return Clock.of(ClockSection(start=start, end=end, step_s=step_s))


morning = clock(datetime(2020, 1, 1, 6, 0, 0, tzinfo=ISLAND), time(11, 0, 0))
coarse = clock(datetime(2020, 1, 1, 6, 0, 30, tzinfo=UTC), time(6, 10, 0), step_s=7)
night = clock(datetime(2020, 1, 1, 23, 50, 0, tzinfo=UTC), time(0, 20, 0), step_s=10)


def test_the_window_holds_whole_steps() -> None:
    """Five hours are 18,000 steps of a second; 570 s are 81 steps of 7 s and a rest; midnight is no obstacle."""
    assert morning.last == 18_000
    assert coarse.last == 81
    assert night.last == 180


def test_a_clock_time_falls_on_the_step_at_or_after_it() -> None:
    """06:00:37 is the first step of 7 s after 06:00:30, and so is everything after the start up to it."""
    assert [coarse.step_at(time(6, 0, second)) for second in (30, 31, 37, 38)] == [0, 1, 1, 2]
    assert morning.step_at(time(6, 44)) == 2640
    assert night.step_at(time(0, 0)) == 60


def test_a_clock_time_before_the_start_belongs_to_the_next_day() -> None:
    """One second before the start is 86,399 s after it."""
    assert morning.step_at(time(5, 59, 59)) == 86_399
    assert morning.seconds_at(time(5, 59, 59)) == 86_399


def test_a_step_is_told_in_local_time() -> None:
    """A step's local time bears the offset of the start; the short form leaves it out."""
    assert morning.local(2640) == "06:44:00-03:30"
    assert coarse.local(1) == "06:00:37+00:00"
    assert night.local(61) == "00:00:10+00:00"
    assert morning.short(2640) == "06:44:00"
    assert night.short(61) == "00:00:10"


@given(st.integers(0, 81))
def test_a_steps_local_time_falls_on_that_step(step: int) -> None:
    """There and back is the same step."""
    assert coarse.step_at(time.fromisoformat(coarse.short(step))) == step


def test_a_duration_is_rounded_up() -> None:
    """7 s are one step of 7 s, 7.01 s are two; nothing is no step."""
    assert [coarse.steps(duration_s) for duration_s in (0, 0.1, 7, 7.01, 14)] == [0, 1, 1, 2, 2]


def test_never_is_later_than_any_step() -> None:
    """The step that does not come is beyond the longest window, and fits into 32 bits."""
    assert morning.step_at(time(5, 59, 59)) < NEVER
    assert NEVER == 2**31 - 1


def test_a_start_within_a_second_is_refused() -> None:
    """A start at a fraction of a second is an error that says so."""
    with pytest.raises(ValidationError, match="must fall on a whole second"):
        ClockSection(start=datetime(2020, 1, 1, 6, 0, 0, 500_000, tzinfo=UTC), end=time(7))
