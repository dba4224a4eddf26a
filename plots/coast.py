"""The coast: polygons of land from Natural Earth, public domain, 1:10 million, simplified to 0.01 degrees."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Final

import numpy as np
from numpy.typing import NDArray

CREDIT: Final = "coast: Natural Earth (public domain)"

LON_DEG: Final = (115.0, 150.0)
LAT_DEG: Final = (20.0, 50.0)
"""Between which meridians and parallels the coast is known; beyond them nothing is drawn."""

Ring = NDArray[np.float64]
"""Longitude and latitude in degrees along the edge of a piece of land, shape (n, 2)."""


@cache
def coast() -> tuple[Ring, ...]:
    """Return the outer edges of land between 115 and 150 degrees east, 20 and 50 degrees north."""
    text = (files("plots") / "coast.geojson").read_text(encoding="utf-8")
    geometry = json.loads(text)["geometry"]
    return tuple(np.array(rings[0], dtype=np.float64) for rings in geometry["coordinates"])


def credit(west: float, east: float, south: float, north: float) -> str:
    """Return what is to be said of the coast in a window: its source, or that none is known there.

    Where there is no coast all would look like open sea.

    >>> credit(19.0, 30.0, 54.0, 61.0)
    'no coast is known here: what looks like sea may be land'
    """
    outside = east <= LON_DEG[0] or west >= LON_DEG[1] or north <= LAT_DEG[0] or south >= LAT_DEG[1]
    if outside:
        return "no coast is known here: what looks like sea may be land"
    whole = west >= LON_DEG[0] and east <= LON_DEG[1] and south >= LAT_DEG[0] and north <= LAT_DEG[1]
    bounds = f"{LON_DEG[0]:g}–{LON_DEG[1]:g}°E, {LAT_DEG[0]:g}–{LAT_DEG[1]:g}°N"
    return CREDIT if whole else f"{CREDIT}, known at {bounds} only"
