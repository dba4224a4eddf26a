"""The routes of July 2019 beside what was reported of where nobody flew."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy.spatial import cKDTree

from plots.coast import coast
from sim.run import prepare
from sim.scenario import read
from sim.units import KM_PER_NMI

BETWEEN_KM = 0.5
"""How far apart the points are that stand for a coast."""


@pytest.mark.parametrize("flight", ["h6k", "tu95"])
def test_bombers_keep_out_of_the_airspace_of_all_islands(flight: str) -> None:
    """Neither Korea nor Japan reported a bomber in its airspace, so none flies within 12 nmi of their coasts."""
    prepared = prepare(read("july-2019")[0])
    track = prepared.tracks[flight]
    units = track.units[track.first : track.last + 1]
    lat_deg, lon_deg = prepared.sphere.degrees(units)
    abroad = (lon_deg > 123.0) & (lat_deg < 42.0)  # not over China, where it comes from, nor Primorye
    points = np.concatenate([_dense(ring) for ring in coast()])
    chords, _ = cKDTree(prepared.sphere.unit(points[:, 1], points[:, 0])).query(units[abroad])
    nearest_km = 2 * prepared.sphere.radius_km * np.arcsin(chords / 2)
    assert nearest_km.min() > 12 * KM_PER_NMI + BETWEEN_KM


def _dense(ring: np.ndarray) -> np.ndarray:
    """Return points along a coast, (n, 2), not farther apart than `BETWEEN_KM`; a degree is 111 km at most."""
    pieces = []
    for here, there in pairwise(ring):
        count = max(1, int(np.ceil(np.hypot(*(there - here)) * 111.7 / BETWEEN_KM)))
        pieces.append(here + np.arange(count)[:, np.newaxis] / count * (there - here))
    return np.concatenate(pieces)
