"""The ground and the ways of a map in a page, as whole numbers that are small: differences from point to point."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from plots.coast import Ring

if TYPE_CHECKING:
    from sim.store import Way

Ints = NDArray[np.int64]

COAST_PER_DEG: Final = 100  # the coast is known to 0.01 degrees
PLACE_PER_DEG: Final = 100_000  # tracks are stored to 0.00001 degrees, which is a metre
DISTANCE_PER_KM: Final = 100

Box = tuple[float, float, float, float]
"""West, east, south and north in degrees."""


def differences(values: Ints) -> list[int]:
    """Return the first value, and from each value to the next the difference.

    >>> differences(np.array([700, 710, 715]))
    [700, 10, 5]
    """
    return [int(value) for value in np.diff(values, prepend=0)]


def whole(values: NDArray[np.float64], per_unit: int) -> Ints:
    """Return values as whole numbers of parts of their unit."""
    return np.rint(values * per_unit).astype(np.int64)


def kept(way: Way, every: int) -> NDArray[np.intp]:
    """Return the rows of a way that go into a page: each `every`-th, both ends, and those off the beat between.

    Those off the beat are where a leg begins or ends.  With `every` 1 all rows are kept.
    """
    rows = np.arange(len(way.step))
    if every == 1:
        return rows
    beat = int(np.diff(way.step).max(initial=1))
    chosen = (rows % every == 0) | (rows == len(rows) - 1) | (way.step % beat != 0)
    return np.flatnonzero(chosen)


def outline(points_deg: NDArray[np.float64], per_deg: int = 10_000) -> dict[str, list[int]]:
    """Return a line of points (n, 2) in latitude and longitude as two lists of differences."""
    lon_deg = np.unwrap(points_deg[:, 1], period=360.0)
    return {
        "lat": differences(whole(points_deg[:, 0], per_deg)),
        "lon": differences(whole(lon_deg, per_deg)),
    }


def coast_in(rings: Sequence[Ring], box: Box) -> list[dict[str, list[int]]]:
    """Return the land in a box as rings of differences, cut off at the box, without what is then a line or less."""
    found = []
    for ring in rings:
        cut = whole(_clipped(ring, box), COAST_PER_DEG)
        if len(cut):
            moved = np.concatenate(([True], np.any(np.diff(cut, axis=0) != 0, axis=1)))
            cut = cut[moved]
        if len(cut) > 3:
            found.append({"lat": differences(cut[:, 1]), "lon": differences(cut[:, 0])})
    return found


def _clipped(ring: Ring, box: Box) -> NDArray[np.float64]:
    """Return the part of a ring (longitude, latitude) within a box: Sutherland and Hodgman, side by side."""
    west, east, south, north = box
    points = np.asarray(ring, dtype=np.float64)
    for axis, bound, sign in ((0, west, 1.0), (0, east, -1.0), (1, south, 1.0), (1, north, -1.0)):
        if not len(points):
            break
        points = _cut(points, axis, bound, sign)
    return points.reshape(-1, 2)


def _cut(points: NDArray[np.float64], axis: int, bound: float, sign: float) -> NDArray[np.float64]:
    """Return the part of a ring on one side of a line; where it crosses the line there is a new point."""
    beyond = sign * (points[:, axis] - bound)
    found: list[Any] = []
    for here, there, now, then in zip(
        np.roll(points, 1, axis=0), points, np.roll(beyond, 1), beyond, strict=True
    ):
        if (now < 0) != (then < 0):
            found.append(here + now / (now - then) * (there - here))
        if then >= 0:
            found.append(there)
    return np.array(found)
