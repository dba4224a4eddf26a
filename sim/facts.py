"""Reported facts: what is publicly known, how surely, and whether it set the scenario or checks it.

A fact of role `input` was used to write the scenario; its gap only says how well that was done.  A fact of role
`check` was kept apart and is compared with the outcome.  The two are never mixed in one figure of merit.
Disagreeing sources stand side by side as facts of one `topic`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date as Date  # noqa: N812  (a field of that name stands beside it)
from datetime import time
from typing import Annotated, Literal

from pydantic import Field, model_validator

from sim.spec import Name, Section, quantity

Confidence = Literal["JCS", "JMOD", "RMOD", "CMOD", "MULTI", "ONE", "LAW", "INF", "ASM", "MEM"]
Scalar = str | int | float


class During(Section):
    """The stay within which an event must fall: of its flight, in a zone, by its number from 1."""

    zone: Name = Field(description="zone of the stay")
    stay: int = quantity("number of the stay", ge=1, le=1_000)


class Select(Section):
    """Which events of the log a fact speaks of."""

    kind: Name = Field(description="kind of the event, as `joined`")
    who: tuple[str, ...] | None = Field(
        default=None, description="flights, pairs, posts or sides that did it; any unless said"
    )
    about: tuple[str, ...] | None = Field(
        default=None, description="flights that it was about; any unless said"
    )
    by: Name | None = Field(default=None, description="side whose doing it is")
    zone: Name | None = Field(default=None, description="zone that was entered or left")
    stay: int | None = quantity("number of the stay", ge=1, le=1_000, default=None)
    type: Name | None = Field(default=None, description="type of fighter")
    during: During | None = Field(default=None, description="stay within which the event must fall")
    occurrence: int | None = quantity(
        "the n-th such event, for a time; the first unless said", ge=1, le=1_000, default=None
    )


class Fact(Section):
    """`[facts.<id>]`: one reported statement, compared with the events that it speaks of."""

    statement: Annotated[str, Field(max_length=80)] = Field(description="what was reported, in one line")
    role: Literal["input", "check"] = Field(
        description="`input` if it was used to write the scenario, `check` if it was kept apart"
    )
    select: Select = Field(description="events of the log that it speaks of")
    take: str = Field(
        default="time",
        description="`time`, `count`, `duration_s`, `distance_km`, `sum:<data>` or `min:<data>`",
    )
    at: time | None = Field(default=None, description="reported clock time")
    tolerance_s: float | None = quantity("tolerance of the clock time", ge=0, le=86_400, default=None)
    direction: Literal["before", "after"] | None = Field(
        default=None, description="the event came before or after `at`"
    )
    earliest: time | None = Field(default=None, description="start of the reported span of time")
    latest: time | None = Field(default=None, description="end of the reported span of time")
    value: float | None = Field(default=None, description="reported number")
    tolerance: float | None = quantity("tolerance of the number", ge=0, default=None)
    low: float | None = Field(default=None, description="least number that fits the report")
    high: float | None = Field(default=None, description="greatest number that fits the report")
    topic: str | None = Field(default=None, description="joins facts on which sources disagree")
    confidence: Confidence = Field(
        description="who says so: a staff or ministry, MULTI or ONE newspaper, the LAW; or INF inferred, ASM assumed, "
        "MEM from memory"
    )
    disputed: bool = Field(default=False, description="whether others deny it")

    @model_validator(mode="after")
    def _comparable(self) -> Fact:
        ways = {
            "at": self.at is not None,
            "earliest/latest": self.earliest is not None or self.latest is not None,
            "value": self.value is not None,
            "low/high": self.low is not None or self.high is not None,
        }
        named = [way for way, given in ways.items() if given]
        if len(named) != 1:
            raise ValueError(
                f"needs exactly one of at, earliest/latest, value, low/high; has {' and '.join(named) or 'none'}"
            )
        timed = named[0] in ("at", "earliest/latest")
        if timed != (self.take == "time"):
            raise ValueError(f'`{named[0]}` does not go with take = "{self.take}"')
        if self.at is not None and (self.tolerance_s is None) == (self.direction is None):
            raise ValueError("`at` needs either `tolerance_s` or `direction`")
        if self.value is not None and self.tolerance is None:
            raise ValueError("`value` needs a `tolerance`")
        return self


class Source(Section):
    """`[sources.<id>]`: a document that others can look up."""

    title: str = Field(description="author, title and place of the document")
    url: str | None = Field(default=None, description="address at which it was read")
    date: Date | None = Field(default=None, description="day on which it appeared")


Facts = Mapping[Name, Fact]
