"""Distances, bearings and great circles on the Gauss conformal sphere of the WGS 84 ellipsoid at a centre.

The problem: geodesics on the ellipsoid have no closed form, and a sphere of mean radius is wrong by
kilometres at 500 km. The solution: map the ellipsoid conformally onto the sphere that touches it best at the
scenario's centre (C. F. Gauss, "Untersuchungen ueber Gegenstaende der hoehern Geodaesie", 1843). The scale is
one at the centre and departs from one only with the cube of the difference in latitude, so mathematics on
unit vectors does the work of geodesics.

A point is a unit vector of shape (3,), several are an array of shape (n, 3). All methods broadcast over the
leading axes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import asinh, atanh, cos, radians, sin, sqrt, tan
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

EQUATOR_KM = 6378.137  # WGS 84 semi-major axis: NGA.STND.0036, table 3.1
FLATTENING = 1 / 298.257223563  # WGS 84: the same table
ECCENTRICITY = sqrt(FLATTENING * (2 - FLATTENING))

ROUNDING_KM = 0.001  # more than the error of an angle from a cosine, 0.1 m
CHUNK = 256  # points compared with a line at a time: the matrix then fits a processor's cache
RUN = 16  # vertices of a line are first looked at in runs of so many

# Latitude from conformal latitude, as a sine series in the third flattening n up to n^5, which is 1e-15 rad:
# C. F. F. Karney, "On auxiliary latitudes", Survey Review 56 (2024), appendix, after L. Krueger (1912).
_N = FLATTENING / (2 - FLATTENING)
_LATITUDE_SERIES = (
    2 * _N - 2 / 3 * _N**2 - 2 * _N**3 + 116 / 45 * _N**4 + 26 / 45 * _N**5,
    7 / 3 * _N**2 - 8 / 5 * _N**3 - 227 / 45 * _N**4 + 2704 / 315 * _N**5,
    56 / 15 * _N**3 - 136 / 35 * _N**4 - 1262 / 105 * _N**5,
    4279 / 630 * _N**4 - 332 / 35 * _N**5,
    4174 / 315 * _N**5,
)


@dataclass(frozen=True)
class Sphere:
    """The Gauss conformal sphere of the WGS 84 ellipsoid at a centre.

    A distance between two points within 500 km of the centre is right to 0.3 m, within 1,000 km to 5 m; a
    part in a million and a part in 150,000 of its length. A radius of 22 km is so right to 0.02 m and 0.2 m.
    A distance from the centre itself is right to 0.15 m and 2.5 m. (Against geodesics, for centres at all
    latitudes: see `tests/test_geo.py`.) Longitudes within 0.3 degrees of the meridian opposite the centre
    have no image of their own; no scenario goes there.
    """

    lat_deg: float  # of the centre
    lon_deg: float
    radius_km: float  # of the sphere: the mean radius of curvature at the centre
    stretch: float  # longitude on the sphere over longitude on the ellipsoid, Gauss's alpha
    shift: float  # isometric latitude on the sphere less `stretch` times that on the ellipsoid, Gauss's log k

    @classmethod
    def at(cls, lat_deg: float, lon_deg: float) -> Sphere:
        """Make the sphere for a centre. Raises ValueError if the centre is within a degree of a pole."""
        if not abs(lat_deg) <= 89:
            raise ValueError(f"the centre's latitude is {lat_deg:g}, must be from -89 to 89")
        latitude = radians(lat_deg)
        second_eccentricity_squared = ECCENTRICITY**2 / (1 - ECCENTRICITY**2)
        stretch = sqrt(1 + second_eccentricity_squared * cos(latitude) ** 4)
        on_ellipsoid = asinh(tan(latitude)) - ECCENTRICITY * atanh(ECCENTRICITY * sin(latitude))
        on_sphere = atanh(sin(latitude) / stretch)
        radius_km = EQUATOR_KM * sqrt(1 - ECCENTRICITY**2) / (1 - (ECCENTRICITY * sin(latitude)) ** 2)
        return cls(lat_deg, lon_deg, radius_km, stretch, on_sphere - stretch * on_ellipsoid)

    def unit(self, lat_deg: ArrayLike, lon_deg: ArrayLike) -> Floats:
        """Give the unit vectors of points by latitude and longitude, shape (..., 3)."""
        latitude = np.radians(np.asarray(lat_deg, dtype=np.float64))
        on_ellipsoid = np.arcsinh(np.tan(latitude)) - ECCENTRICITY * np.arctanh(
            ECCENTRICITY * np.sin(latitude)
        )
        on_sphere = self.stretch * on_ellipsoid + self.shift
        east_deg = _half_turn_deg(np.asarray(lon_deg, dtype=np.float64) - self.lon_deg)
        longitude = self.stretch * np.radians(east_deg)
        from_axis = 1 / np.cosh(on_sphere)
        x, y, z = np.broadcast_arrays(
            from_axis * np.cos(longitude), from_axis * np.sin(longitude), np.tanh(on_sphere)
        )
        return np.stack((x, y, z), axis=-1)

    def degrees(self, unit: Floats) -> tuple[Floats, Floats]:
        """Give latitude and longitude of points, each of shape (...).

        The inverse of `unit`: there and back is right to 1e-7 m below 85 degrees of latitude.
        """
        east_deg = np.degrees(np.arctan2(unit[..., 1], unit[..., 0])) / self.stretch
        with np.errstate(divide="ignore"):  # a pole has infinite isometric latitude, and comes out right
            on_sphere = np.arctanh(np.clip(unit[..., 2], -1.0, 1.0))
        on_ellipsoid = (on_sphere - self.shift) / self.stretch
        sine, cosine = np.tanh(on_ellipsoid), 1 / np.cosh(on_ellipsoid)
        conformal = np.arctan2(sine, cosine)
        sine_of_double, cosine_of_double = 2 * sine * cosine, (cosine - sine) * (cosine + sine)
        # Clenshaw's sum of the series, from its last term to its first.
        before, last = np.zeros_like(sine), np.zeros_like(sine)
        for coefficient in reversed(_LATITUDE_SERIES):
            before, last = last, coefficient + 2 * cosine_of_double * last - before
        latitude = conformal + sine_of_double * last
        return np.degrees(latitude), _half_turn_deg(east_deg + self.lon_deg)

    def distance_km(self, a: Floats, b: Floats) -> Floats:
        """Give the great-circle distance of two points; accurate to 1e-8 m at short range, from the chord."""
        difference = a - b
        half_chord = np.sqrt(np.einsum("...i,...i->...", difference, difference)) / 2
        distance_km: Floats = 2 * self.radius_km * np.arcsin(np.minimum(half_chord, 1.0))
        return distance_km

    def interpolate(self, a: Floats, b: Floats, share: ArrayLike) -> Floats:
        """Give the points at a share of the way along the great circle from `a` to `b`.

        A share is 0 at `a` and 1 at `b`; shares of shape (n,) give points of shape (n, 3). Where `a` is `b`
        every share gives `a`.
        """
        return self._along(a, b, np.asarray(share) * self.distance_km(a, b))

    def onward(self, a: Floats, b: Floats, km: ArrayLike) -> Floats:
        """Give the points at `km` from `a` along the great circle from `a` through `b`.

        Distances of shape (n,) give points of shape (n, 3). Raises ValueError if `a` is `b`.
        """
        if np.any(np.all(a == b, axis=-1)):
            raise ValueError("no great circle leads onward from a point through itself")
        return self._along(a, b, km)

    def bearing_deg(self, a: Floats, b: Floats) -> Floats:
        """Give the initial bearing at `a` of the great circle to `b`, from 0 up to 360, from true north.

        The mapping keeps angles, and meridians are meridians: it differs from the geodesic's azimuth by less
        than 1e-4 degrees within 500 km of the centre and 1e-3 degrees within 1,000 km. Where `a` is `b` the
        bearing is 0.
        """
        ahead = b - a
        east = a[..., 0] * ahead[..., 1] - a[..., 1] * ahead[..., 0]
        north = ahead[..., 2] - a[..., 2] * np.einsum("...i,...i->...", a, ahead)
        # The bearing's tangent: both components times the distance of `a` from the axis.
        bearing_deg: Floats = np.degrees(np.arctan2(east, north)) % 360.0
        return np.where(bearing_deg == 360.0, 0.0, bearing_deg)  # -1e-15 % 360 is 360

    def offset(self, a: Floats, bearing_deg: ArrayLike, km: ArrayLike) -> Floats:
        """Give the points at `km` from `a` on a great circle that leaves `a` by a bearing; not at a pole."""
        return self.toward(a, self.heading(a, bearing_deg), km)

    def heading(self, a: Floats, bearing_deg: ArrayLike) -> Floats:
        """Give the unit vector at `a`, at right angles to it, that points along a bearing; not at a pole."""
        bearing = np.radians(np.asarray(bearing_deg, dtype=np.float64))[..., None]
        from_axis = np.hypot(a[..., 0], a[..., 1])
        cos_lon, sin_lon = a[..., 0] / from_axis, a[..., 1] / from_axis
        east = np.stack((-sin_lon, cos_lon, np.zeros_like(from_axis)), axis=-1)
        north = np.stack((-a[..., 2] * cos_lon, -a[..., 2] * sin_lon, from_axis), axis=-1)
        heading: Floats = np.sin(bearing) * east + np.cos(bearing) * north
        return heading

    def toward(self, a: Floats, direction: Floats, km: ArrayLike) -> Floats:
        """Give the points at `km` from `a` in a direction: a unit vector at right angles to `a`."""
        angle = np.asarray(km, dtype=np.float64)[..., None] / self.radius_km
        point: Floats = np.cos(angle) * a + np.sin(angle) * direction
        return point

    def run(self, a: Floats, direction: Floats, km: Floats) -> Floats:
        """Give the points at many `km` (n,) from one point in one direction: those of `toward`, five times as fast."""
        angle = km / self.radius_km
        cosines, sines = np.cos(angle), np.sin(angle)
        points = np.empty((len(km), 3))
        for axis in range(3):
            points[:, axis] = cosines * a[axis] + sines * direction[axis]
        return points

    def direction(self, a: Floats, b: Floats) -> Floats:
        """Give the unit vector at `a`, at right angles to it, that points along the great circle to `b`.

        Where `a` is `b` it is zero.
        """
        ahead = b - a
        ahead = ahead - a * np.einsum("...i,...i->...", a, ahead)[..., None]
        length = np.sqrt(np.einsum("...i,...i->...", ahead, ahead))[..., None]
        direction: Floats = ahead / np.where(length > 0, length, 1.0)
        return direction

    def _along(self, a: Floats, b: Floats, km: ArrayLike) -> Floats:
        return self.toward(a, self.direction(a, b), km)


class _Near(NamedTuple):
    """Pairs of a point and a run of vertices that is near to it, in order of the points."""

    rows: NDArray[np.intp]
    runs: NDArray[np.intp]
    cosines: Floats
    """Of the distances of the points from the vertices, shape (pairs, RUN)."""
    nearest: Floats
    """Of the distance of each point from the vertex nearest to it."""


class ClosedLine:
    """A closed line of short great-circle pieces, walked anticlockwise."""

    def __init__(self, sphere: Sphere, points: Floats) -> None:
        """Take the points (m + 1, 3), of which the last repeats the first."""
        self.sphere = sphere
        self.starts, self.ends = points[:-1], points[1:]
        normals = cross(self.starts, self.ends)
        self.inward = normals / np.linalg.norm(normals, axis=1)[:, None]  # at right angles to all of a piece
        self.outward = -self.inward
        self.along_start = cross(self.inward, self.starts)  # the direction of a piece at its start
        self.along_end = cross(self.inward, self.ends)
        self.longest_km = float(sphere.distance_km(self.starts, self.ends).max())
        self.sagitta_km = self.longest_km**2 / sphere.radius_km
        rest = np.repeat(self.starts[-1:], -len(self.starts) % RUN, axis=0)
        self.runs = np.concatenate((self.starts, rest)).T.reshape(3, -1, RUN)

    def bounds_km(self, units: Floats) -> tuple[Floats, Floats]:
        """Give bounds, below and above, of the distance of points (n, 3) from the line, each of shape (n,).

        The distance from the nearest vertex is the upper one. A nearest point between vertices is at most
        half a piece from one, and at right angles: so cos(upper) is at least cos(lower) cos(half a piece).
        """
        cosines = np.concatenate([np.empty(0), *(part.nearest for part in self._near(units))])
        half_piece = (self.longest_km / 2 + ROUNDING_KM) / self.sphere.radius_km
        least_km = self.sphere.radius_km * np.arccos(np.minimum(cosines / np.cos(half_piece), 1.0))
        most_km = self.sphere.radius_km * np.arccos(np.minimum(cosines, 1.0))
        return np.maximum(least_km - ROUNDING_KM, 0.0), most_km + ROUNDING_KM

    def distance_km(self, units: Floats) -> Floats:
        """Give the distance of points (n, 3) from the line, shape (n,)."""
        return self._nearest(units)[1]

    def feet(self, units: Floats) -> tuple[Floats, Floats, Floats]:
        """Give the points of the line nearest to points (n, 3), the ways outward there, and how far they are."""
        pieces, distance_km = self._nearest(units)
        starts, ends, inward = self.starts[pieces], self.ends[pieces], self.inward[pieces]
        before_start = np.einsum("ni,ni->n", units, self.along_start[pieces]) < 0
        after_end = np.einsum("ni,ni->n", units, self.along_end[pieces]) > 0
        beside = units - inward * np.einsum("ni,ni->n", units, inward)[:, None]
        beside /= np.sqrt(np.einsum("ni,ni->n", beside, beside))[:, None]
        feet: Floats = np.where(before_start[:, None], starts, np.where(after_end[:, None], ends, beside))
        return feet, self.outward[pieces], distance_km

    def _near(self, units: Floats) -> Iterator[_Near]:
        """Yield what is near to points (n, 3), a part of the points at a time.

        The problem: most of a line is far from a point, and to compare it with every vertex takes most of the time.
        The solution: compare it with the middle vertex of every run first; the nearest vertex, and the start of the
        nearest piece, cannot be much farther from the middle of their run than half its length.
        """
        middles = self.runs[:, :, RUN // 2]
        reach = ((RUN / 2 + 1) * self.longest_km + ROUNDING_KM) / self.sphere.radius_km
        for first in range(0, len(units), CHUNK):
            part = units[first : first + CHUNK]
            cosines = part @ middles
            least = np.arccos(np.clip(cosines.max(axis=1), -1.0, 1.0))
            rows, runs = places_of(cosines >= np.cos(np.minimum(least + reach, np.pi))[:, np.newaxis])
            x, y, z = (part[rows, axis, np.newaxis] * self.runs[axis, runs] for axis in range(3))
            cosines = x + y + z
            opens = np.searchsorted(rows, np.arange(len(part)))
            yield _Near(rows, runs, cosines, np.maximum.reduceat(cosines.max(axis=1), opens))

    def _nearest(self, units: Floats) -> tuple[NDArray[np.intp], Floats]:
        """Give for each point (n, 3) the first of the pieces nearest to it, and their distance.

        A nearest point is a vertex, or at right angles to a piece that starts at most a piece from it: so no start of
        a nearest piece has a cosine of less than the nearest vertex's times that of a piece.
        """
        pieces, distance_km = [np.empty(0, dtype=np.intp)], [np.empty(0)]
        piece_cosine = np.cos((self.longest_km + ROUNDING_KM) / self.sphere.radius_km)
        for number, near in enumerate(self._near(units)):
            part = units[number * CHUNK : (number + 1) * CHUNK]
            pair, place = places_of(near.cosines >= (near.nearest * piece_cosine)[near.rows, np.newaxis])
            rows = near.rows[pair]
            each = np.minimum(near.runs[pair] * RUN + place, len(self.starts) - 1)
            each_km = self._piece_distance_km(part[rows], each)
            least_km = np.minimum.reduceat(each_km, np.searchsorted(rows, np.arange(len(part))))
            least = np.flatnonzero(each_km == least_km[rows])
            least = least[np.searchsorted(rows[least], np.arange(len(part)))]
            pieces.append(each[least])
            distance_km.append(least_km)
        return np.concatenate(pieces), np.concatenate(distance_km)

    def _piece_distance_km(self, units: Floats, pieces: NDArray[np.intp]) -> Floats:
        """Give the distance of each point (n, 3) from the piece of the same place, shape (n,)."""
        after_start = np.einsum("ni,ni->n", units, self.along_start[pieces]) >= 0
        before_end = np.einsum("ni,ni->n", units, self.along_end[pieces]) <= 0
        beside_km = self.sphere.radius_km * np.abs(
            np.arcsin(np.clip(np.einsum("ni,ni->n", units, self.inward[pieces]), -1.0, 1.0))
        )
        end_km = np.minimum(
            self.sphere.distance_km(units, self.starts[pieces]),
            self.sphere.distance_km(units, self.ends[pieces]),
        )
        distance_km: Floats = np.where(after_start & before_end, beside_km, end_km)
        return distance_km


def cross(a: Floats, b: Floats) -> Floats:
    """Give the cross products of vectors (n, 3): what `np.cross` gives, to the bit, in half its time for a few."""
    product = np.empty(np.broadcast_shapes(a.shape, b.shape))
    for axis, (one, other) in enumerate(((1, 2), (2, 0), (0, 1))):
        product[..., axis] = a[..., one] * b[..., other] - a[..., other] * b[..., one]
    return product


def places_of(flags: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Give rows and columns of the true values of a matrix; with few of them five times as fast as `nonzero`."""
    rows, columns = np.divmod(np.flatnonzero(flags), flags.shape[1])
    return rows, columns


def _half_turn_deg(angle_deg: Floats) -> Floats:
    """Give the same angle from -180 up to 180."""
    turned: Floats = (angle_deg + 180.0) % 360.0 - 180.0
    return turned
