"""A study file: the keys of its tables, with their units and bounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from sim.spec import Section, quantity

Design = Literal["grid", "one-at-a-time", "latin-hypercube", "sobol", "saltelli", "morris"]

SAMPLED: Final = ("latin-hypercube", "sobol", "saltelli", "morris")
"""Designs that draw values between two bounds, or among a list."""

MOST_POINTS: Final = 1_000_000


class Vary(Section):
    """One `[[vary]]` of a study file: a quantity of the scenario and its values, or its range."""

    path: str = Field(description="where the quantity stands in the scenario, as for --set")
    values: Annotated[tuple[Any, ...], Field(min_length=1)] | None = Field(
        default=None, description="its values, instead of low and high"
    )
    low: float | None = quantity("lowest value", default=None)
    high: float | None = quantity("highest value", default=None)
    step: float | None = quantity(
        "from one value to the next; drawn values are rounded to it", gt=0, default=None
    )
    scale: Literal["linear", "log"] = Field(
        default="linear", description="how values are drawn between the two"
    )
    label: str | None = Field(default=None, description="what a figure calls it")


class Study(Section):
    """A study file."""

    title: str = Field(default="", description="one line that says what is asked")
    scenario: str = Field(description="a scenario file beside this one, or a bundled scenario by name")
    overrides: tuple[str, ...] = Field(default=(), description="what every point changes, as path=value")
    vary: tuple[Vary, ...] = Field(min_length=1)
    design: Design = "grid"
    points: int | None = quantity("points of a sampled design; base samples of saltelli", gt=0, default=None)
    trajectories: int = quantity("trajectories of a Morris design", ge=2, default=10)
    levels: int = quantity("levels of a Morris design", ge=2, default=4)
    keep_shape: bool = Field(
        default=False,
        description="whether a varied parameter of a distribution takes the others along in proportion",
    )
    independent: bool = Field(default=False, description="whether every point has random numbers of its own")
    seed: int = quantity("seed of the random numbers and of the design", ge=0, le=2**63 - 1, default=1)
    replications: int = quantity("replications of every point", ge=1, le=10**8, default=1000)
    until: Mapping[str, Annotated[float, Field(gt=0, lt=0.5)]] = Field(
        default_factory=dict,
        description="by outcome: run until the half-width of its share's interval is at most this",
    )
    most: int = quantity("replications of a point at which `until` gives up", ge=1, le=10**8, default=100_000)
