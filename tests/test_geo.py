"""The conformal sphere against geodesics of the ellipsoid by GeographicLib."""

from __future__ import annotations

import numpy as np
import pytest
from geographiclib.geodesic import Geodesic
from hypothesis import given
from hypothesis import strategies as st

from sim.geo import ClosedLine, Sphere

WGS84 = Geodesic.WGS84
CENTRE_LON_DEG = 131.0
CENTRES_LAT_DEG = (-45.0, 0.0, 20.0, 37.0, 50.0, 60.0, 75.0)

sphere = Sphere.at(37.0, CENTRE_LON_DEG)
latitudes = st.floats(-84.0, 84.0)
longitudes = st.floats(CENTRE_LON_DEG - 179.0 - 0.5, CENTRE_LON_DEG + 179.0 - 0.5)
near_latitudes = st.floats(30.0, 44.0)
near_longitudes = st.floats(122.0, 140.0)
shares = st.floats(0.0, 1.0)


def pairs_near(
    lat_deg: float, within_km: float, count: int
) -> list[tuple[dict[str, float], dict[str, float]]]:
    """Draw pairs of points evenly from the disc about a centre, as GeographicLib describes them."""
    random = np.random.default_rng(20190723)
    points = [
        WGS84.Direct(lat_deg, CENTRE_LON_DEG, azimuth, 1000 * within_km * np.sqrt(share))
        for azimuth, share in zip(
            random.uniform(0, 360, 2 * count), random.uniform(0, 1, 2 * count), strict=True
        )
    ]
    return list(zip(points[::2], points[1::2], strict=True))


@pytest.mark.parametrize("lat_deg", CENTRES_LAT_DEG)
@pytest.mark.parametrize(
    ("within_km", "tolerance_m", "tolerance_deg"), [(500.0, 0.3, 1e-4), (1000.0, 5.0, 1e-3)]
)
def test_distances_and_bearings_are_those_of_geodesics(
    lat_deg: float, within_km: float, tolerance_m: float, tolerance_deg: float
) -> None:
    """Distances are those on the ellipsoid to 0.3 m within 500 km of the centre, 5 m within 1,000 km."""
    here = Sphere.at(lat_deg, CENTRE_LON_DEG)
    for one, other in pairs_near(lat_deg, within_km, 150):
        a, b = here.unit(one["lat2"], one["lon2"]), here.unit(other["lat2"], other["lon2"])
        geodesic = WGS84.Inverse(one["lat2"], one["lon2"], other["lat2"], other["lon2"])
        assert 1000 * float(here.distance_km(a, b)) == pytest.approx(geodesic["s12"], abs=tolerance_m)
        off_deg = (float(here.bearing_deg(a, b)) - geodesic["azi1"] + 180) % 360 - 180
        assert off_deg == pytest.approx(0, abs=tolerance_deg)


@pytest.mark.parametrize("lat_deg", CENTRES_LAT_DEG)
@pytest.mark.parametrize(("at_km", "tolerance_m"), [(500.0, 0.15), (1000.0, 2.5)])
def test_distances_from_the_centre_are_twice_as_good(
    lat_deg: float, at_km: float, tolerance_m: float
) -> None:
    """From the centre itself 500 km are right to 0.15 m and 1,000 km to 2.5 m in every direction."""
    here = Sphere.at(lat_deg, CENTRE_LON_DEG)
    centre = here.unit(lat_deg, CENTRE_LON_DEG)
    for azimuth in range(0, 360, 10):
        there = WGS84.Direct(lat_deg, CENTRE_LON_DEG, azimuth, 1000 * at_km)
        distance_km = float(here.distance_km(centre, here.unit(there["lat2"], there["lon2"])))
        assert 1000 * distance_km == pytest.approx(1000 * at_km, abs=tolerance_m)


def test_a_twelve_mile_radius_is_right_to_two_centimetres() -> None:
    """A circle of 22.224 km anywhere within 500 km of the centre is the geodesic circle to 0.02 m."""
    for lat_deg, lon_deg in [(37.0, 131.0), (40.0, 128.0), (33.0, 128.0), (35.0, 135.0)]:
        middle = sphere.unit(lat_deg, lon_deg)
        for azimuth in range(0, 360, 30):
            rim = WGS84.Direct(lat_deg, lon_deg, azimuth, 22_224.0)
            distance_km = float(sphere.distance_km(middle, sphere.unit(rim["lat2"], rim["lon2"])))
            assert 1000 * distance_km == pytest.approx(22_224.0, abs=0.02)


def test_the_radius_at_the_equator_by_hand() -> None:
    """At the equator the radius is the root of M N: the semi-minor axis, 6,356.752 km."""
    assert Sphere.at(0.0, 0.0).radius_km == pytest.approx(6356.752314, abs=1e-6)


@pytest.mark.parametrize("lat_deg", [90.0, -89.5, float("nan")])
def test_a_centre_at_a_pole_is_refused(lat_deg: float) -> None:
    """A centre without a latitude between the polar caps is an error that says which came."""
    with pytest.raises(ValueError, match="must be from -89 to 89"):
        Sphere.at(lat_deg, 0.0)


@given(latitudes, longitudes)
def test_there_and_back(lat_deg: float, lon_deg: float) -> None:
    """Degrees to unit vector to degrees is the same point to 1e-12 degrees, which is 1e-7 m."""
    unit = sphere.unit(lat_deg, lon_deg)
    assert np.linalg.norm(unit) == pytest.approx(1, abs=1e-15)
    lat_back_deg, lon_back_deg = sphere.degrees(unit)
    assert float(lat_back_deg) == pytest.approx(lat_deg, abs=1e-12)
    assert (float(lon_back_deg) - lon_deg + 180) % 360 - 180 == pytest.approx(0, abs=1e-12)
    assert -180 <= float(lon_back_deg) < 180


def test_poles_have_unit_vectors_too() -> None:
    """The poles map to the axis and back without a warning."""
    units = sphere.unit([90.0, -90.0], [0.0, 0.0])
    assert units == pytest.approx(np.array([[0, 0, 1], [0, 0, -1]]), abs=1e-15)
    assert sphere.degrees(units)[0].tolist() == pytest.approx([90, -90])
    assert sphere.degrees(np.array([0.0, 0.0, 1.0]))[0] == 90


@given(near_latitudes, near_longitudes, near_latitudes, near_longitudes, shares)
def test_interpolation_divides_the_distance(
    lat_a_deg: float, lon_a_deg: float, lat_b_deg: float, lon_b_deg: float, share: float
) -> None:
    """A point at a share of the way is at that share of the distance from both ends, to a micrometre."""
    a, b = sphere.unit(lat_a_deg, lon_a_deg), sphere.unit(lat_b_deg, lon_b_deg)
    whole_km = float(sphere.distance_km(a, b))
    point = sphere.interpolate(a, b, share)
    assert float(sphere.distance_km(a, point)) == pytest.approx(share * whole_km, abs=1e-9)
    assert float(sphere.distance_km(point, b)) == pytest.approx((1 - share) * whole_km, abs=1e-9)


def test_interpolation_between_equal_points_stays_there() -> None:
    """Where both ends are one point every share gives it, exactly and without a warning."""
    here = sphere.unit(37.0, 131.0)
    assert (sphere.interpolate(here, here, np.linspace(0, 1, 5)) == here).all()
    assert float(sphere.distance_km(here, here)) == 0


def test_shapes() -> None:
    """A scalar share gives (3,), n shares give (n, 3); n points give n distances and bearings."""
    a, b = sphere.unit(37.0, 131.0), sphere.unit(38.0, 132.0)
    many = sphere.interpolate(a, b, np.linspace(0, 1, 7))
    assert sphere.interpolate(a, b, 0.5).shape == (3,)
    assert many.shape == (7, 3)
    assert sphere.onward(a, b, np.arange(4.0)).shape == (4, 3)
    assert sphere.onward(a, b, 1.0).shape == (3,)
    assert sphere.distance_km(many, a).shape == (7,)
    assert sphere.bearing_deg(a, many).shape == (7,)
    assert sphere.offset(a, np.arange(0.0, 360.0, 90.0), 5.0).shape == (4, 3)
    assert sphere.unit(np.zeros(6), 131.0).shape == (6, 3)


@given(near_latitudes, near_longitudes, st.floats(0.0, 359.99), st.floats(1e-3, 800.0))
def test_an_offset_lies_at_its_bearing_and_distance(
    lat_deg: float, lon_deg: float, bearing_deg: float, km: float
) -> None:
    """The point at a bearing and distance has that bearing and distance, to 1e-8 of either."""
    a = sphere.unit(lat_deg, lon_deg)
    b = sphere.offset(a, bearing_deg, km)
    assert float(sphere.distance_km(a, b)) == pytest.approx(km, abs=1e-8)
    off_deg = (float(sphere.bearing_deg(a, b)) - bearing_deg + 180) % 360 - 180
    assert off_deg * km == pytest.approx(0, abs=1e-6)


def test_onward_passes_through_the_second_point_and_beyond() -> None:
    """Going on from a through b meets b at their distance and then leads away from both."""
    a, b = sphere.unit(37.0, 131.0), sphere.unit(37.5, 131.5)
    apart_km = float(sphere.distance_km(a, b))
    points = sphere.onward(a, b, [0.0, apart_km, apart_km + 10])
    assert points[:2] == pytest.approx(np.array([a, b]), abs=1e-14)
    assert float(sphere.distance_km(b, points[2])) == pytest.approx(10, abs=1e-9)
    assert float(sphere.distance_km(a, points[2])) == pytest.approx(apart_km + 10, abs=1e-9)


def test_onward_from_a_point_through_itself_is_refused() -> None:
    """One point has no great circle."""
    here = sphere.unit(37.0, 131.0)
    with pytest.raises(ValueError, match="no great circle"):
        sphere.onward(here, here, 1.0)


@pytest.mark.parametrize(
    ("lat_deg", "lon_deg", "bearing_deg"),
    [(38.0, 131.0, 0.0), (36.0, 131.0, 180.0), (37.0, 131.0, 0.0)],
)
def test_bearings_along_the_meridian(lat_deg: float, lon_deg: float, bearing_deg: float) -> None:
    """North is 0, south 180, and a point has bearing 0 from itself."""
    bearing = float(sphere.bearing_deg(sphere.unit(37.0, 131.0), sphere.unit(lat_deg, lon_deg)))
    assert bearing == pytest.approx(bearing_deg, abs=1e-9)
    assert 0 <= bearing < 360


def test_distance_from_a_closed_line_by_hand() -> None:
    """A point 3 km off the middle of a 40-km side is 3 km away; so is one 3 km beyond a corner."""
    middle = sphere.unit(37.0, 131.0)
    corners = [sphere.offset(middle, bearing, 20 * np.sqrt(2)) for bearing in (45.0, 315.0, 225.0, 135.0)]
    line = ClosedLine(sphere, np.array([*corners, corners[0]]))
    side = sphere.interpolate(corners[0], corners[1], 0.5)
    beyond = np.array(
        [
            sphere.onward(middle, side, float(sphere.distance_km(middle, side)) + 3),
            sphere.onward(middle, side, float(sphere.distance_km(middle, side)) - 3),
            sphere.onward(middle, corners[0], 20 * np.sqrt(2) + 3),
        ]
    )
    assert line.distance_km(beyond) == pytest.approx(np.full(3, 3.0), abs=1e-6)
    least_km, most_km = line.bounds_km(beyond)
    assert (least_km <= 3).all()
    assert (most_km >= 3).all()
    feet, outward, distance_km = line.feet(beyond)
    assert distance_km == pytest.approx(np.full(3, 3.0), abs=1e-6)
    assert feet == pytest.approx(np.array([side, side, corners[0]]), abs=1e-10)
    assert outward[1] @ sphere.direction(side, beyond[0]) == pytest.approx(1, abs=1e-9)


def test_distance_from_a_closed_line_is_that_from_all_its_pieces() -> None:
    """Leaving out far pieces changes no distance, and a foot is on the line and as far as it says."""
    random = np.random.default_rng(1)
    bearings = np.sort(random.uniform(0, 360, 300))[::-1]
    ring = sphere.offset(sphere.unit(37.0, 131.0), bearings, random.uniform(150, 250, 300))
    line = ClosedLine(sphere, np.concatenate([ring, ring[:1]]))
    points = sphere.unit(random.uniform(33, 41, 700), random.uniform(126, 136, 700))
    together = line.distance_km(points)
    pieces = np.arange(len(line.starts))
    alone = np.array([line._piece_distance_km(np.tile(point, (300, 1)), pieces).min() for point in points])
    assert together == pytest.approx(alone, abs=1e-9)
    least_km, most_km = line.bounds_km(points)
    assert (least_km <= alone).all()
    assert (alone <= most_km).all()
    feet, _, distance_km = line.feet(points)
    assert sphere.distance_km(points, feet) == pytest.approx(alone, abs=1e-9)
    assert (line.distance_km(feet) < 1e-9).all()
    assert (distance_km == [line.feet(point[np.newaxis])[2][0] for point in points]).all()
    assert line.distance_km(points[:0]).shape == (0,)
