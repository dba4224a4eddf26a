"""What came of many replications at once: every event that can happen is one column of steps.

The processes tell one replication as a log of records; the batch tells many as happenings.  A happening is one record
that may or may not be in the log: what is the same in all replications is said once, and the step at which it
happened is a column with a row for each replication.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.run import Prepared

Steps = NDArray[np.int32]
"""Steps of the clock, NEVER where something does not happen, shape (replications,) unless said."""


@dataclass(frozen=True)
class Happening:
    """One event: `step` (replications,) says when, `data` what is fixed, `varying` what differs (replications,)."""

    kind: str
    who: str
    about: str
    step: Steps
    data: Mapping[str, Any] = field(default_factory=dict)
    varying: Mapping[str, NDArray[Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class StayColumns:
    """The stays of one flight in one zone, in order of time, shape (stays, replications)."""

    enters: Steps
    leaves: Steps
    """First step outside again; NEVER where the stay does not end in the window, or is none."""
    closest_km: NDArray[np.float64]
    """Least distance to the scenario's centre within the stay, not rounded; not a number where there is no stay."""


@dataclass(frozen=True)
class FlownColumns:
    """How one flight flew, shape (replications,) each."""

    turns: Steps
    """The step at which it left its script, or NEVER."""
    last: Steps
    """The last step at which it exists."""
    closest: Steps
    closest_km: NDArray[np.float64]
    """Step and distance of its closest approach to the scenario's centre, not rounded."""
    stays: Mapping[str, StayColumns]
    """By zone: identification zones, airspaces, and the zones that facts speak of."""


@dataclass(frozen=True)
class Batch:
    """Replications `first` to `first + count - 1` of one seed."""

    prepared: Prepared
    seed: int
    first: int
    count: int
    happenings: list[Happening]
    flown: Mapping[str, FlownColumns]
    handed_over: NDArray[np.bool_]
    """Replications that could not be composed, shape (count,): their rows mean nothing, the processes tell them."""
