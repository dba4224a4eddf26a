"""Lines and rings as GIS tools want them: cut at the meridian of 180 degrees, anticlockwise, never running back.

RFC 7946 (GeoJSON) asks for both: no geometry crosses the antimeridian (section 3.1.9), and an outer ring has its inside
on the left (section 3.1.6).
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


JOG_DEG = 0.01  # a kilometre: the outline of a grown zone runs back by less, where it follows a parallel


def without_jogs(outline_deg: Floats) -> Floats:
    """Return a closed outline (n, 2) without the points from which it runs back on itself for less than a kilometre.

    Such a line is right to look at, and no valid polygon: it meets itself.
    """
    points = outline_deg[:-1]
    while True:
        ahead = np.roll(points, -1, axis=0) - points
        behind = points - np.roll(points, 1, axis=0)
        lengths = np.hypot(*ahead.T)
        back = (np.einsum("ni,ni->n", ahead, behind) < 0) & (lengths < JOG_DEG)
        back |= lengths == 0
        if not back.any():
            return np.concatenate([points, points[:1]])
        points = points[~back]


def anticlockwise(ring: Floats) -> Floats:
    """Return a closed ring of longitude and latitude (n, 2) so that its inside is on the left."""
    x, y = ring[:, 0], ring[:, 1]
    twice_area = float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]))
    return ring if twice_area >= 0 else ring[::-1]


def cut_line(columns: Floats) -> list[Floats]:
    """Return the parts of a line between crossings of the antimeridian.

    The first column is longitude in degrees, any others (n, m) go along with it: at a crossing they are interpolated,
    and the place stands at the end of one part and the beginning of the next.
    """
    line = columns.copy()
    line[:, 0] = np.unwrap(line[:, 0], period=360.0)
    parts, part = [], [line[0]]
    for here, there in pairwise(line):
        for edge in _edges_between(here[0], there[0]):
            at = here + (edge - here[0]) / (there[0] - here[0]) * (there - here)
            at[0] = edge
            parts.append(np.array([*part, at]))
            part = [at]
        part.append(there)
    parts.append(np.array(part))
    for each in parts:
        each[:, 0] -= 360.0 * np.round(float(each[:, 0].min() + each[:, 0].max()) / 720.0)
    return [each for each in parts if len(each) > 1]


def _edges_between(west: float, east: float) -> list[float]:
    """Return the antimeridians strictly between two unwrapped longitudes, in the order in which they are met."""
    low, high = min(west, east), max(west, east)
    first, last = int(np.floor((low + 180.0) / 360.0)) + 1, int(np.ceil((high + 180.0) / 360.0)) - 1
    edges = [360.0 * number - 180.0 for number in range(first, last + 1)]
    return edges if east > west else edges[::-1]


def cut_ring(outline_deg: Floats) -> list[Floats]:
    """Return the rings, anticlockwise in longitude and latitude, of an outline of latitude and longitude (n, 2).

    The outline is closed and unwrapped, as zones give it.  One that goes once round a pole is closed over that pole.
    """
    ring = outline_deg[:, ::-1]
    turn = float(ring[-1, 0] - ring[0, 0])
    if abs(turn) > 180.0:
        pole = 90.0 if ring[:, 1].mean() > 0 else -90.0
        ring = np.array([*ring, (ring[-1, 0], pole), (ring[0, 0], pole), ring[0]])
    ring = anticlockwise(ring)
    rings = [ring]
    for edge in _edges_between(float(ring[:, 0].min()), float(ring[:, 0].max())):
        rings = [piece for each in rings for piece in _halves(each, edge)]
    for each in rings:
        each[:, 0] -= 360.0 * np.round(float(each[:, 0].min() + each[:, 0].max()) / 720.0)
    return rings


def _halves(ring: Floats, edge: float) -> list[Floats]:
    """Return the pieces of a ring on both sides of a meridian.

    The problem: what is left of a concave ring on one side may be several pieces.  The solution: between its crossings
    the ring is cut into chains, each on one side.  Along the meridian the crossings, in order of latitude, bound by
    twos what is inside; so a chain that ends at one goes on with the chain that begins at its partner.
    """
    ring = ring.copy()
    ring[ring[:, 0] == edge, 0] -= (
        1e-9  # 0.1 mm: a corner on the meridian is west of it, so that every edge is clear
    )
    chains: list[list[Floats]] = [[]]
    for here, there in pairwise(ring):
        chains[-1].append(here)
        if (here[0] < edge) != (there[0] < edge):
            share = (edge - here[0]) / (there[0] - here[0])
            at = np.array([edge, here[1] + share * (there[1] - here[1])])
            chains[-1].append(at)
            chains.append([at])
    if len(chains) == 1:
        return [ring]
    chains[0] = chains.pop() + chains[0]  # the last goes on with the first, where the ring closes
    order = sorted(range(len(chains)), key=lambda number: float(chains[number][0][1]))
    partner = {}
    for low, high in zip(order[::2], order[1::2], strict=True):
        partner[low], partner[high] = high, low
    pieces, left = [], set(range(len(chains)))
    while left:
        number, points = min(left), []
        while number in left:
            left.remove(number)
            points += chains[number]
            number = partner[(number + 1) % len(chains)]  # a chain ends where the next one begins
        pieces.append(anticlockwise(np.array([*points, points[0]])))
    return pieces
