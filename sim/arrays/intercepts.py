"""The tables of the intercept law for the pairs of a side and the scripts of all flights, made once for a geometry.

They are those of the processes, stacked by flight and by *wing*: pairs of one base and one speed share them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.arrays.columns import FAR, Flags, Whole
from sim.arrays.tracks import SUREST_KM, far
from sim.flight import Homeward, Track, Vectors, meeting_table

Wing = tuple[tuple[float, ...], float, int]
"""(place of the base, km in a step, steps in the air that fuel allows)."""


@dataclass(frozen=True)
class Wings:
    """Where and how fast the pairs of a side fly, one row for each base and speed."""

    key: tuple[Wing, ...]
    places: Vectors
    km_per_step: NDArray[np.float64]
    longest: int
    """The most steps in the air that fuel allows."""


class Tables:
    """The intercept tables of one script for all wings of a side, shape (wings, steps) each."""

    def __init__(self, script: Track, wings: Wings) -> None:
        count = len(script.units)
        self.meets = np.empty((len(wings.key), count), dtype=np.int32)
        self.back = np.empty((len(wings.key), count), dtype=np.int32)
        self.late = np.full((len(wings.key), count + wings.longest + 1), -1, dtype=np.int32)
        self.homeward: list[Homeward] = []
        self.rises: NDArray[np.bool_] = np.zeros(len(wings.key), dtype=bool)
        """Whether `late` tells all: from when on the way home is too long, by limit."""
        for wing, (place, speed) in enumerate(zip(wings.places, wings.km_per_step, strict=True)):
            self.meets[wing] = far(meeting_table(script, place, speed))
            homeward = Homeward.of(script, place, speed)
            back = homeward.back
            self.back[wing] = np.where(np.isfinite(back), np.minimum(back, FAR), FAR)
            self.homeward.append(homeward)
            self.rises[wing] = homeward.rises
            if homeward.rises:
                flown_back = back[script.first : script.last + 1]
                limits = np.arange(self.late.shape[1])
                self.late[wing] = script.first + np.searchsorted(flown_back, limits, side="left")
        units = script.units[script.first : script.last + 1]
        fastest_km = float(script.sphere.distance_km(units[1:], units[:-1]).max(initial=0.0))
        # A turned flight keeps a speed that it had.
        self.overtakes: NDArray[np.bool_] = wings.km_per_step > fastest_km + SUREST_KM
        """Whether a pair that can be at the flight at a step can be there at every later one."""


@dataclass(frozen=True)
class Scripts:
    """The tables of all flights' scripts for all wings of a side; a *line* is a flight and a wing.

    Flat tables: by line and step `meets` and `back`, by line and limit `late`, by flight and step `gone` and `units`.
    """

    tables: list[Tables]
    steps: int
    limits: int
    meets: Whole
    back: Whole
    late: Whole
    rises: Flags
    overtakes: Flags
    gone: Whole
    """When a flight that keeps to its script is out of the side's zone or gone altogether, by step since."""
    units: Vectors
    first: Whole
    last: Whole
    ground: dict[Any, Any] = field(default_factory=dict)
    """Tables that a planner has made of these."""

    @classmethod
    def kept(cls, scripts: Sequence[Track], wings: Wings, zone: str | None) -> Scripts:
        """Return the tables of flights, made once for a geometry: they are kept with the first track."""
        if not scripts:
            return cls.of(scripts, wings, zone)
        key = ("scripts", wings.key, zone, tuple(script.name for script in scripts))
        found: Scripts | None
        others, found = scripts[0].kept.get(key, ((), None))
        if found is None or any(one is not other for one, other in zip(scripts, others, strict=True)):
            found = cls.of(scripts, wings, zone)
            scripts[0].kept[key] = tuple(scripts), found
        return found

    @classmethod
    def of(cls, scripts: Sequence[Track], wings: Wings, zone: str | None) -> Scripts:
        """Stack the tables of flights, each of which is kept with its track."""
        tables = []
        for script in scripts:
            key = ("tables", wings.key)
            if key not in script.kept:
                script.kept[key] = Tables(script, wings)
            tables.append(script.kept[key])
        gone = []
        for script in scripts:
            until = np.full(len(script.units) + 1, script.last + 1, dtype=np.int32)
            for stay in () if zone is None else script.stays(zone)[::-1]:
                until[: min(stay.leaves, len(until))] = min(stay.leaves, script.last + 1)
            gone.append(until)

        none = np.zeros(0, dtype=np.int32)  # where there are no flights
        return cls(
            tables,
            len(scripts[0].units) if scripts else 0,
            tables[0].late.shape[1] if tables else 0,
            np.concatenate([none, *(table.meets.reshape(-1) for table in tables)]),
            np.concatenate([none, *(table.back.reshape(-1) for table in tables)]),
            np.concatenate([none, *(table.late.reshape(-1) for table in tables)]),
            np.concatenate([none.astype(bool), *(table.rises for table in tables)]),
            np.concatenate([none.astype(bool), *(table.overtakes for table in tables)]),
            np.concatenate([none, *gone]),
            np.concatenate([np.zeros((0, 3)), *(script.units for script in scripts)]),
            np.array([script.first for script in scripts], dtype=np.int32),
            np.array([script.last for script in scripts], dtype=np.int32),
        )
