"""The ground of a map in a page: what is cut off, and what is kept of a way."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from plots.coast import LAT_DEG, LON_DEG, coast
from plots.pages import ground
from sim.store import Way


def rings(found: list[dict[str, list[int]]]) -> list[np.ndarray[Any, Any]]:
    """Return rings as places in degrees, longitude first."""
    return [np.column_stack([np.cumsum(ring["lon"]), np.cumsum(ring["lat"])]) / 100 for ring in found]


def area(ring: np.ndarray[Any, Any]) -> float:
    """Return the area of a ring in square degrees (the shoelace formula)."""
    x, y = ring[:, 0], ring[:, 1]
    return abs(float(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1)))) / 2


def test_land_is_cut_off_at_the_box() -> None:
    """Of a square of 4 by 4 degrees a box leaves its quarter, of a triangle the part reckoned by hand."""
    square = np.array([[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [0.0, 4.0], [0.0, 0.0]])
    (quarter,) = rings(ground.coast_in([square], (2.0, 9.0, 2.0, 9.0)))
    assert area(quarter) == pytest.approx(4.0)
    assert quarter.min() == 2.0
    triangle = np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0], [0.0, 0.0]])
    (rest,) = rings(ground.coast_in([triangle], (-1.0, 2.0, -1.0, 9.0)))
    assert area(rest) == pytest.approx(8.0 - 2.0)  # without the triangle of 2 by 2 east of 2 degrees


def test_what_lies_outside_or_is_nothing_is_left_out() -> None:
    """Land beyond the box, and islands that are no more than a line at 0.01 degrees, are not in the page."""
    far = np.array([[50.0, 50.0], [51.0, 50.0], [51.0, 51.0], [50.0, 50.0]])
    tiny = np.array([[1.0, 1.0], [1.001, 1.0], [1.001, 1.001], [1.0, 1.0]])
    assert ground.coast_in([far, tiny], (0.0, 9.0, 0.0, 9.0)) == []
    assert ground.coast_in([], (0.0, 9.0, 0.0, 9.0)) == []


def test_the_whole_coast_comes_through_unchanged() -> None:
    """A box that holds all land leaves each ring its area, to the 0.01 degrees to which the coast is known."""
    found = rings(ground.coast_in(coast(), (*LON_DEG, *LAT_DEG)))
    assert sum(area(ring) for ring in found) == pytest.approx(sum(area(ring) for ring in coast()), rel=1e-3)
    assert sum(len(ring) for ring in found) > 5_000


def test_thinned_rows_keep_ends_and_turns() -> None:
    """Every third row is kept, with the last, and those off the beat of 10 steps, where a leg begins or ends."""
    step = np.array([3, 10, 20, 30, 40, 47, 50, 60, 70, 80])
    none = np.zeros(len(step))
    way = Way("pair", "x", step, none, none, none)
    assert step[ground.kept(way, 1)].tolist() == step.tolist()
    assert step[ground.kept(way, 3)].tolist() == [3, 30, 47, 50, 80]
