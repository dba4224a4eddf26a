"""The clock of a scenario: time as a whole number of steps, and its local names."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final

from pydantic import AwareDatetime, Field, field_validator

from sim.spec import Section, quantity

NEVER: Final = 2**31 - 1
"""A step that does not come: later than every window."""

DAY_S: Final = 86_400


class ClockSection(Section):
    """`[clock]`: the window that is simulated and the length of a step."""

    start: AwareDatetime = Field(
        description="date and local time at which the window begins, with its offset from UTC"
    )
    end: time = Field(
        description="local clock time at which it ends; on the next day if earlier than the start"
    )
    step_s: int = quantity("length of a step", ge=1, le=600, default=1)
    zone: str = Field(default="", description="what the local time is called, as `KST`")

    @field_validator("start")
    @classmethod
    def _whole_second(cls, start: datetime) -> datetime:
        if start.microsecond:
            raise ValueError("must fall on a whole second")
        return start


@dataclass(frozen=True)
class Clock:
    """Steps 0 to `last` of `step_s` seconds each, the first at local time `start`."""

    start: datetime
    step_s: int
    last: int
    zone: str

    @classmethod
    def of(cls, section: ClockSection) -> Clock:
        """Make the clock of a `[clock]` section; an end earlier in the day than the start is on the next day."""
        length_s = _seconds_after(section.start, section.end)
        return cls(section.start, section.step_s, length_s // section.step_s, section.zone)

    def step_at(self, local: time) -> int:
        """Return the step at or next after a local clock time (times before the start belong to the next day)."""
        return math.ceil(_seconds_after(self.start, local) / self.step_s)

    def seconds_at(self, local: time) -> float:
        """Return the seconds from the start to a local clock time."""
        return _seconds_after(self.start, local)

    def steps(self, duration_s: float) -> int:
        """Return a duration rounded up to whole steps."""
        return math.ceil(duration_s / self.step_s - 1e-9)

    def local(self, step: int) -> str:
        """Return the local time of a step with its offset, as in `06:44:00+09:00`."""
        return (self.start + timedelta(seconds=step * self.step_s)).timetz().isoformat()

    def with_offset(self, local: time) -> str:
        """Return a local clock time with its offset, as `local` does of a step."""
        return local.replace(tzinfo=self.start.timetz().tzinfo).isoformat()

    def short(self, step: int) -> str:
        """Return the local time of a step without its offset, as in `06:44:00`."""
        start = self.start
        minutes, second = divmod(
            start.hour * 3600 + start.minute * 60 + start.second + step * self.step_s, 60
        )
        return f"{minutes // 60 % 24:02}:{minutes % 60:02}:{second:02}"


def _seconds_after(start: datetime, local: time) -> int:
    at = local.hour * 3600 + local.minute * 60 + local.second
    return (at - (start.hour * 3600 + start.minute * 60 + start.second)) % DAY_S
