"""Zones on the map: their section of the scenario file, and what lies inside them.

A zone is a circle, a polygon whose edges run straight in longitude and latitude, or another zone grown by a
margin. A `Zone` is what the file says; a `Region` is the same zone on the scenario's sphere, ready to compute
with.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cached_property
from itertools import pairwise
from math import asin, ceil, sqrt
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator, model_validator

from sim.courses import Fence, Fences
from sim.geo import ClosedLine, Floats, Sphere, cross
from sim.pieces import laid_out
from sim.spec import Name, Section, nearest, quantity
from sim.units import KM_PER_NMI

Booleans = NDArray[np.bool_]
Latitude = Annotated[float, Field(ge=-90, le=90)]
Longitude = Annotated[float, Field(ge=-180, le=180)]

SHAPES = (("lat_deg", "lon_deg", "radius_nmi"), ("vertices_deg",), ("around", "margin_nmi"))
ONE_SHAPE = "lat_deg, lon_deg and radius_nmi; or vertices_deg; or around and margin_nmi"

PIECE_KM = 2.0  # longest great-circle piece of a boundary; a parallel at 60 degrees strays from it by 0.14 m
ROUGH_PIECE_KM = 10.0  # the same where bounds of a distance are enough; a parallel strays by 3.4 m
FENCE_PIECE_KM = 25.0  # the same of a fence; a parallel at 60 degrees strays by 21 m
FENCE_STRAY_KM = 0.03  # how far an arc round a corner may stray from the chords of a fence
SLACK_KM = 0.01  # shortcuts keep this far from a boundary: more than all errors of pieces and rounding
BEYOND_KM = 0.2  # a way out ends this far beyond the boundary
STRIDE = 60  # a long track is first looked at every so many points


class Zone(Section):
    """`[zones.<id>]`: an area with a kind and an owner, and exactly one shape."""

    label: str = Field(description="name on maps and in reports")
    kind: Literal["identification", "airspace", "trigger", "station"] = Field(
        description="what entering it means: an identification zone, territorial airspace, a line that sets "
        "off a reaction, or a place to wait"
    )
    owner: Name | None = Field(default=None, description="id of the side whose zone it is")
    lat_deg: float | None = quantity("latitude of a circle's centre", ge=-90, le=90, default=None)
    lon_deg: float | None = quantity("longitude of a circle's centre", ge=-180, le=180, default=None)
    radius_nmi: float | None = quantity("radius of a circle", gt=0, le=1000, default=None)
    vertices_deg: tuple[tuple[Latitude, Longitude], ...] | None = Field(
        default=None,
        description="latitude and longitude of a polygon's vertices; it closes by itself, and its edges run "
        "straight in longitude and latitude",
    )
    around: Name | None = Field(default=None, description="id of the zone that this one is grown from")
    margin_nmi: float | None = quantity("how far a grown zone reaches beyond", gt=0, le=1000, default=None)

    @field_validator("vertices_deg")
    @classmethod
    def _simple_polygon(
        cls, vertices_deg: tuple[tuple[float, float], ...] | None
    ) -> tuple[tuple[float, float], ...] | None:
        if vertices_deg is None:
            return None
        if len(vertices_deg) < 3:
            raise ValueError(f"has {len(vertices_deg)} vertices, must have at least 3")
        for number, (here, there) in enumerate(pairwise((*vertices_deg, vertices_deg[0])), start=1):
            if here == there and number == len(vertices_deg):
                raise ValueError(
                    "the last vertex repeats the first, leave it out: the polygon closes by itself"
                )
            if here == there:
                raise ValueError(f"vertex {number + 1} repeats vertex {number}, leave it out")
        corners = _unwrapped(vertices_deg)
        if abs(corners[-1, 1] - corners[0, 1]) > 180:
            raise ValueError("goes round a pole, must not")
        crossing = _crossing(corners)
        if crossing:
            raise ValueError(
                f"edges cross: the one after vertex {crossing[0]} and the one after vertex {crossing[1]} "
                "(are the vertices in order, and latitude before longitude?)"
            )
        return vertices_deg

    @model_validator(mode="after")
    def _one_shape(self) -> Zone:
        given = [name for shape in SHAPES for name in shape if getattr(self, name) is not None]
        if tuple(given) not in SHAPES:
            raise ValueError(
                f"has {', '.join(given) or 'no shape'}; must have exactly one shape: {ONE_SHAPE}"
            )
        return self


class Region(ABC):
    """A zone on the sphere. Make regions by `regions`."""

    def __init__(self, name: str, zone: Zone, sphere: Sphere) -> None:
        self.name = name
        self.zone = zone
        self.sphere = sphere

    def contains(self, units: Floats) -> Booleans:
        """Tell which of the points (n, 3) lie inside, shape (n,): fast for those of a track in their order."""
        return self.contains_each(units)

    @abstractmethod
    def contains_each(self, units: Floats) -> Booleans:
        """Tell which of the points (n, 3), in no order, lie inside; each shape says what its boundary does."""

    @property
    @abstractmethod
    def fence(self) -> Fence:
        """A rough line along the boundary."""

    @cached_property
    def fences(self) -> Fences:
        """The fence of this zone alone, ready to be met."""
        return Fences(self.sphere, [self.fence])

    @abstractmethod
    def boundary_distance_km(self, units: Floats) -> Floats:
        """Give the distance of the points (n, 3) from the boundary, inside or outside, shape (n,)."""

    @abstractmethod
    def outline_deg(self, max_step_km: float = 5.0) -> Floats:
        """Give latitude and longitude of points along the boundary for drawing, shape (n, 2).

        The line is closed: its last point repeats its first. Longitudes may pass 180 where the zone does.
        """

    @abstractmethod
    def _exits(self, units: Floats) -> tuple[Floats, Floats, float]:
        """Give where to leave from (n, 3), the directions that lead out, and how far the boundary is in km."""

    def ways_out(self, units: Floats) -> Floats:
        """Give points outside (n, 3), each 0.2 km beyond the boundary point nearest to a point inside.

        Where that is inside again, as in a narrow notch, look round the boundary point in growing circles. A
        point that is outside already is given as it is.
        """
        ways_out = units.copy()
        rows = np.flatnonzero(self.contains_each(units))
        starts, aheads, boundary_km = self._exits(units[rows])
        beyond_km = BEYOND_KM
        while beyond_km < self.sphere.radius_km:
            for turn in np.radians(sorted(range(-170, 181, 10), key=abs)):
                directions = np.cos(turn) * aheads + np.sin(turn) * cross(starts, aheads)
                points = self.sphere.toward(starts, directions, boundary_km + beyond_km)
                outside = ~self.contains_each(points)
                ways_out[rows[outside]] = points[outside]
                rows, starts, aheads = rows[~outside], starts[~outside], aheads[~outside]
                if not len(rows):
                    return ways_out
            beyond_km *= 2
        raise ValueError(f"zone {self.name} is too large to leave")


class _Circle(Region):
    """All points up to a radius from a centre; the boundary belongs to it."""

    def __init__(self, name: str, zone: Zone, sphere: Sphere, centre: Floats, radius_km: float) -> None:
        super().__init__(name, zone, sphere)
        self.centre = centre
        self.radius_km = radius_km

    def contains_each(self, units: Floats) -> Booleans:
        # Not a matrix product: that may round a point otherwise among others than alone.
        cosines = np.einsum("ni,i->n", units, self.centre)
        inside: Booleans = cosines >= np.cos(self.radius_km / self.sphere.radius_km)
        return inside

    @cached_property
    def fence(self) -> Fence:
        """A rough line along the boundary."""
        turn = sqrt(
            8 * FENCE_STRAY_KM / self.radius_km
        )  # an arc strays from its chord by radius * turn**2 / 8
        bearings = np.linspace(0.0, 360.0, max(6, ceil(2 * np.pi / turn)) + 1)
        points = self.sphere.offset(self.centre, bearings, self.radius_km)
        return Fence(points, np.ones(len(points) - 1, dtype=np.bool_), FENCE_STRAY_KM)

    def boundary_distance_km(self, units: Floats) -> Floats:
        distance_km: Floats = np.abs(self.sphere.distance_km(units, self.centre) - self.radius_km)
        return distance_km

    def outline_deg(self, max_step_km: float = 5.0) -> Floats:
        count = max(36, ceil(2 * np.pi * self.radius_km / max_step_km))
        bearings = np.linspace(0.0, 360.0, count + 1)
        return _outline(self.sphere, self.sphere.offset(self.centre, bearings, self.radius_km))

    def _exits(self, units: Floats) -> tuple[Floats, Floats, float]:
        aheads = self.sphere.direction(self.centre, units)
        if not aheads.any(axis=1).all():  # from the very centre all ways out are equally long
            aheads[~aheads.any(axis=1)] = self.sphere.heading(self.centre, 0.0)
        return np.broadcast_to(self.centre, aheads.shape), aheads, self.radius_km


class _Lined(Region):
    """A region whose boundary is known as a line of many pieces.

    The problem: a point is compared with every piece, or turned back into latitude and longitude, and either
    costs a hundred times a distance from a centre. The solution, for a long track: look at every 60th point.
    The distance from the boundary cannot change by more than the way flown, so between two points that are
    both farther outside (or inside) than the way between them can use up, all points are outside (or inside).
    Only other stretches are looked at point by point. The answer does not depend on the order of the points;
    the speed does.
    """

    @abstractmethod
    def _beyond_km(self, units: Floats) -> tuple[Floats, Floats]:
        """Give bounds, below and above, of how far points are beyond the boundary, negative inside."""

    def contains(self, units: Floats) -> Booleans:
        if len(units) <= 2 * STRIDE:
            return self.contains_each(units)
        coarse = np.append(np.arange(0, len(units) - 1, STRIDE), len(units) - 1)
        low_km, high_km = self._beyond_km(units[coarse])
        between_km = np.add.reduceat(self._hops_km(units), coarse[:-1])
        outside = (low_km[:-1] > 0) & (low_km[1:] > 0) & (low_km[:-1] + low_km[1:] > between_km)
        inside = (high_km[:-1] < 0) & (high_km[1:] < 0) & (-high_km[:-1] - high_km[1:] > between_km)
        lengths = np.diff(coarse)
        lengths[-1] += 1  # the last stretch includes its end
        contained = np.repeat(inside, lengths)
        unsure = np.flatnonzero(np.repeat(~(inside | outside), lengths))
        contained[unsure] = self.contains_each(units[unsure])
        return contained

    def _hops_km(self, units: Floats) -> Floats:
        """Give distances between neighbours, or a trifle more: chords, all lengthened like the longest."""
        steps = units[1:] - units[:-1]
        chords = np.sqrt(np.einsum("ni,ni->n", steps, steps))
        half = min(float(chords.max()) / 2, 1.0)
        excess = asin(half) / half if half > 0 else 1.0
        hops_km: Floats = chords * (excess * self.sphere.radius_km)
        return hops_km


class _Polygon(_Lined):
    """A polygon whose edges run straight in longitude and latitude.

    Points on western and southern edges are inside, on eastern and northern ones outside (as far as rounding
    lets a point lie on an edge, some 1e-8 m), so polygons that share edges share no point and leave none
    between them.
    """

    def __init__(
        self, name: str, zone: Zone, sphere: Sphere, vertices_deg: tuple[tuple[float, float], ...]
    ) -> None:
        super().__init__(name, zone, sphere)
        corners = _unwrapped(vertices_deg)
        after = np.roll(corners, -1, axis=0)
        twice_area = np.sum(corners[:, 1] * after[:, 0] - after[:, 1] * corners[:, 0])
        # Anticlockwise: the inside is on the left.
        self.corners = corners if twice_area > 0 else corners[::-1]
        self.middle_deg = (self.corners[:, 1].min() + self.corners[:, 1].max()) / 2

    @cached_property
    def boundary(self) -> ClosedLine:
        """The boundary as great-circle pieces, right to 0.2 m up to 60 degrees of latitude."""
        return _line(self.sphere, self._points_deg(PIECE_KM))

    @cached_property
    def _rough_boundary(self) -> ClosedLine:
        return _line(self.sphere, self._points_deg(ROUGH_PIECE_KM))

    @cached_property
    def fence(self) -> Fence:
        """A rough line along the boundary."""
        line, stray_km = self.fence_line
        points = np.concatenate((line.starts, line.ends[-1:]))
        return Fence(points, np.ones(len(line.starts), dtype=np.bool_), stray_km)

    @cached_property
    def fence_line(self) -> tuple[ClosedLine, float]:
        """The boundary as long pieces, and more than it strays from them in km: most in the middle of a piece."""
        points_deg = self._points_deg(FENCE_PIECE_KM)
        line = _line(self.sphere, points_deg)
        middles_deg = (points_deg[:-1] + points_deg[1:]) / 2
        middles = self.sphere.unit(middles_deg[:, 0], middles_deg[:, 1])
        stray = np.abs(np.einsum("ni,ni->n", middles, line.inward)).max()
        return line, 2 * float(stray) * self.sphere.radius_km + SLACK_KM

    @cached_property
    def _edges(self) -> Floats:
        """The edges' southern latitudes, longitudes there, northern latitudes, and longitudes per latitude: (4, e, 1).

        From south to north, whichever way they are walked: two polygons that share an edge then have the same.
        Edges along a parallel are left out, no ray crosses them.
        """
        edges = []
        for here, there in zip(self.corners, np.roll(self.corners, -1, axis=0), strict=True):
            (south, lon_south), (north, lon_north) = sorted((here.tolist(), there.tolist()))
            if south < north:
                edges.append((south, lon_south, north, (lon_north - lon_south) / (north - south)))
        return np.array(edges).reshape(-1, 4).T[..., np.newaxis]

    def boundary_distance_km(self, units: Floats) -> Floats:
        return self.boundary.distance_km(units)

    def outline_deg(self, max_step_km: float = 5.0) -> Floats:
        return self._points_deg(max_step_km)

    def _exits(self, units: Floats) -> tuple[Floats, Floats, float]:
        feet, outward, distance_km = self.boundary.feet(units)
        too_near = distance_km < 0.001  # to tell a direction
        return feet, np.where(too_near[:, np.newaxis], outward, -self.sphere.direction(feet, units)), 0.0

    def contains_each(self, units: Floats) -> Booleans:
        """Tell which points are inside: a ray eastward from them crosses the edges an odd number of times."""
        lat, lon = self.sphere.degrees(units)
        lon = lon + 360.0 * np.round((self.middle_deg - lon) / 360.0)
        south, lon_south, north, slope = self._edges
        crossed = (south <= lat) & (lat < north) & (lon < lon_south + (lat - south) * slope)
        inside: Booleans = np.logical_xor.reduce(crossed, axis=0)
        return inside

    def _beyond_km(self, units: Floats) -> tuple[Floats, Floats]:
        least_km, most_km = self._rough_boundary.bounds_km(units)
        least_km, most_km = least_km - SLACK_KM, most_km + SLACK_KM
        inside = self.contains_each(units)
        return np.where(inside, -most_km, least_km), np.where(inside, -least_km, most_km)

    def _points_deg(self, max_step_km: float) -> Floats:
        """Give points along the edges at most a step apart, shape (n, 2); the last repeats the first."""
        lines = []
        for here, there in zip(self.corners, np.roll(self.corners, -1, axis=0), strict=True):
            lat, lon = np.radians(there - here)
            nearest_equator = np.radians(0.0 if here[0] * there[0] < 0 else min(abs(here[0]), abs(there[0])))
            # One in a hundred more than on the sphere: meridians of the ellipsoid curve unevenly.
            longest_km = 1.01 * self.sphere.radius_km * np.hypot(lat, lon * np.cos(nearest_equator))
            count = max(1, ceil(longest_km / max_step_km))
            lines.append(here + np.arange(count)[:, None] / count * (there - here))
        return np.concatenate([*lines, self.corners[:1]])


class _Grown(_Lined):
    """All points inside a polygon or not farther than a margin from its boundary; the boundary belongs to it.

    Right to 0.2 m, as is the boundary of the polygon.
    """

    def __init__(self, name: str, zone: Zone, sphere: Sphere, base: _Polygon, margin_km: float) -> None:
        super().__init__(name, zone, sphere)
        self.base = base
        self.margin_km = margin_km

    def boundary_distance_km(self, units: Floats) -> Floats:
        """Give the distance of the points (n, 3) from the boundary; it may be short inside a concave base."""
        distance_km = self.base.boundary_distance_km(units)
        signed_km = np.where(self.base.contains(units), -distance_km, distance_km)
        from_margin_km: Floats = np.abs(signed_km - self.margin_km)
        return from_margin_km

    def outline_deg(self, max_step_km: float = 5.0) -> Floats:
        """Give a closed line for drawing: points a margin out from the base that are nowhere nearer to it.

        In concave corners the line cuts from one side to the other, by up to a few steps.
        """
        boundary = _line(self.sphere, self.base.outline_deg(max_step_km))
        # Round a corner the line is an arc: turn from the one piece's outward direction to the other's.
        before, after = np.roll(boundary.outward, 1, axis=0), boundary.outward
        turns_rad = np.arccos(np.clip(np.einsum("ni,ni->n", before, after), -1.0, 1.0))
        counts = np.maximum(1, np.ceil(turns_rad / (max_step_km / self.margin_km))).astype(np.int64)
        piece, number = laid_out(counts + 1)
        directions = self.sphere.interpolate(before[piece], after[piece], number / counts[piece])
        points = self.sphere.toward(boundary.starts[piece], directions, np.full(len(piece), self.margin_km))
        near_km = self.margin_km - max(SLACK_KM, boundary.sagitta_km)
        points = points[~self.base.contains(points) & (self.base.boundary_distance_km(points) >= near_km)]
        return _outline(self.sphere, np.concatenate([points, points[:1]]))

    def _exits(self, units: Floats) -> tuple[Floats, Floats, float]:
        feet, aheads, _ = self.base._exits(units)
        outward = self.sphere.direction(feet, units)
        beyond = ~self.base.contains_each(units) & outward.any(axis=1)
        return feet, np.where(beyond[:, np.newaxis], outward, aheads), self.margin_km

    @cached_property
    def fence(self) -> Fence:
        """A rough line along the boundary: what is a margin outward of the base's pieces and round its corners.

        Where the base is concave parts of it lie inside the zone, and no part of its boundary is left out.
        """
        line, stray_km = self.base.fence_line
        before, after = np.roll(line.outward, 1, axis=0), line.outward
        convex = np.einsum("ni,ni->n", cross(before, after), line.starts) > 0
        turns = np.where(convex, np.arccos(np.clip(np.einsum("ni,ni->n", before, after), -1.0, 1.0)), 0.0)
        counts = np.ceil(turns / np.sqrt(8 * FENCE_STRAY_KM / self.margin_km)).astype(np.int64)
        points, drawn = [], []
        for piece, count in enumerate(counts):
            share = np.arange(count + 1) / max(count, 1)
            directions = (
                self.sphere.interpolate(before[piece], after[piece], share) if count else after[[piece]]
            )
            points.append(self.sphere.toward(line.starts[piece], directions, self.margin_km))
            points.append(self.sphere.toward(line.ends[[piece]], after[[piece]], self.margin_km))
            drawn += [True] * (count + 1) + [
                False
            ]  # the last leads to the next piece, round a concave corner far
        # An arc strays from its chords by margin * turn**2 / 8, the line beside a piece by length**2 / (16 radii).
        stray_km += FENCE_STRAY_KM + line.longest_km**2 / (16 * self.sphere.radius_km)
        return Fence(np.concatenate(points), np.array(drawn[:-1]), stray_km)

    def _beyond_km(self, units: Floats) -> tuple[Floats, Floats]:
        low_km, high_km = self.base._beyond_km(units)
        return low_km - self.margin_km, high_km - self.margin_km

    def contains_each(self, units: Floats) -> Booleans:
        boundary = self.base.boundary
        least_km, most_km = boundary.bounds_km(units)
        contained: Booleans = most_km <= self.margin_km
        rest = np.flatnonzero(~contained)
        if len(rest):
            contained[rest] = self.base.contains_each(units[rest])
            rest = rest[~contained[rest] & (least_km[rest] <= self.margin_km)]
        if len(rest):
            contained[rest] = boundary.distance_km(units[rest]) <= self.margin_km
        return contained


def regions(zones: Mapping[str, Zone], sphere: Sphere) -> dict[str, Region]:
    """Make the regions of all zones, in their order. Raises ValueError if `zone_problems` finds any."""
    problems = zone_problems(zones)
    if problems:
        raise ValueError("; ".join(f"{'.'.join(path)}: {message}" for path, message in problems))
    return {name: _region(name, zones, sphere) for name in zones}


def zone_problems(zones: Mapping[str, Zone]) -> list[tuple[tuple[str, ...], str]]:
    """List what is wrong between zones, by path of a key and message: a base that is unknown or circular."""
    problems: list[tuple[tuple[str, ...], str]] = []
    for name, zone in zones.items():
        chain = [name]
        base = zone.around
        while base is not None and base in zones and base not in chain:
            chain.append(base)
            base = zones[base].around
        path = ("zones", name, "around")
        if zone.around is not None and zone.around not in zones:
            problems.append((path, f'no zone is named "{zone.around}"{nearest(zone.around, zones)}'))
        elif base == name:
            problems.append((path, f"the zone grows from itself: {' around '.join([*chain, name])}"))
    return problems


def _region(name: str, zones: Mapping[str, Zone], sphere: Sphere) -> Region:
    """Make the region of one zone; a zone grown from a grown zone is its base's base with both margins."""
    base = zone = zones[name]
    margin_km = 0.0
    while base.around is not None and base.margin_nmi is not None:
        margin_km += base.margin_nmi * KM_PER_NMI
        base = zones[base.around]
    if base.vertices_deg is not None:
        polygon = _Polygon(name, zone, sphere, base.vertices_deg)
        return _Grown(name, zone, sphere, polygon, margin_km) if margin_km else polygon
    assert base.lat_deg is not None
    assert base.lon_deg is not None
    assert base.radius_nmi is not None
    centre = sphere.unit(base.lat_deg, base.lon_deg)
    return _Circle(name, zone, sphere, centre, base.radius_nmi * KM_PER_NMI + margin_km)


def _unwrapped(vertices_deg: tuple[tuple[float, float], ...]) -> Floats:
    """Give the vertices (n, 2) with longitudes that run on past 180: each edge goes the shorter way round."""
    corners = np.array(vertices_deg, dtype=np.float64)
    corners[:, 1] = np.unwrap(corners[:, 1], period=360.0)
    return corners


def _crossing(corners: Floats) -> tuple[int, int] | None:
    """Find two edges of a polygon (n, 2) that cross: the numbers of the vertices they start from, or None."""
    here, there = corners[:, None], np.roll(corners, -1, axis=0)[:, None]
    other, after = here.swapaxes(0, 1), there.swapaxes(0, 1)

    def side(point: Floats, start: Floats, end: Floats) -> Floats:
        turn, to_point = end - start, point - start
        signs: Floats = np.sign(turn[..., 0] * to_point[..., 1] - turn[..., 1] * to_point[..., 0])
        return signs

    apart = side(other, here, there) * side(after, here, there)
    crossed = np.argwhere((apart < 0) & (apart.T < 0))
    return (int(crossed[0, 0]) + 1, int(crossed[0, 1]) + 1) if len(crossed) else None


def _line(sphere: Sphere, lat_lon_deg: Floats) -> ClosedLine:
    return ClosedLine(sphere, sphere.unit(lat_lon_deg[:, 0], lat_lon_deg[:, 1]))


def _outline(sphere: Sphere, points: Floats) -> Floats:
    """Give latitude and longitude of points (n, 3), shape (n, 2), with longitudes that run on past 180."""
    lat, lon = sphere.degrees(points)
    return np.column_stack([lat, np.unwrap(lon, period=360.0)])
