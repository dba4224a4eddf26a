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
