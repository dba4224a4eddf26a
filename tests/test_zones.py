"""Zones: what the file may say, and what then lies inside, by hand, by geodesics and by brute force."""

from __future__ import annotations

import numpy as np
import pytest
from geographiclib.geodesic import Geodesic
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from sim.geo import Floats, Sphere
from sim.zones import Region, Zone, regions, zone_problems

WGS84 = Geodesic.WGS84
CENTRE_DEG = (37.0, 131.0)
sphere = Sphere.at(*CENTRE_DEG)

# A large zone with a parallel, meridians, slanting edges and a corner that points inward.
LARGE_DEG = (
    (39.0, 124.0),
    (39.0, 133.0),
    (37.5, 133.0),
    (35.5, 129.5),
    (33.0, 131.0),
    (31.0, 127.0),
    (31.0, 124.0),
)
# A box with a narrow notch from the east: 0.1 degrees at its mouth, 50 km deep.
NOTCHED_DEG = (
    (36.0, 130.0),
    (36.0, 131.0),
    (36.45, 131.0),
    (36.5, 130.4),
    (36.55, 131.0),
    (37.0, 131.0),
    (37.0, 130.0),
)


def polygon(*vertices_deg: tuple[float, float]) -> Zone:
    """Declare a polygon."""
    return Zone(label="polygon", kind="identification", vertices_deg=vertices_deg)


def circle(lat_deg: float, lon_deg: float, radius_nmi: float) -> Zone:
    """Declare a circle."""
    return Zone(label="circle", kind="airspace", lat_deg=lat_deg, lon_deg=lon_deg, radius_nmi=radius_nmi)


def grown(around: str, margin_nmi: float) -> Zone:
    """Declare a grown zone."""
    return Zone(label="grown", kind="trigger", around=around, margin_nmi=margin_nmi)


ZONES = {
    "far": grown("near", 30),
    "near": grown("large", 30),
    "large": polygon(*LARGE_DEG),
    "notched": polygon(*NOTCHED_DEG),
    "airspace": circle(*CENTRE_DEG, 12),
    "wide": grown("airspace", 12),
    "hem": grown("notched", 5),
}
REGIONS = regions(ZONES, sphere)
OUTLINES_DEG = {name: region.outline_deg() for name, region in REGIONS.items()}
each_region = pytest.mark.parametrize("region", REGIONS.values(), ids=REGIONS.keys())


def inside(region: Region, *lat_lon_deg: tuple[float, float]) -> list[bool]:
    """Tell which of the places lie inside."""
    lat_deg, lon_deg = np.array(lat_lon_deg).T
    return region.contains(sphere.unit(lat_deg, lon_deg)).tolist()


def way_out(name: str, unit: Floats) -> Floats:
    """Give the way out of a region for one point."""
    return REGIONS[name].ways_out(unit[np.newaxis])[0]


def smooth_track(seed: int, count: int, km_per_step: float) -> Floats:
    """Fly from a random place near the centre, with a heading that drifts."""
    random = np.random.default_rng(seed)
    heading = random.uniform(0, 360) + np.cumsum(random.normal(0, 1.5, count))
    start_lat_deg, start_lon_deg = random.uniform(32, 40), random.uniform(124, 134)
    lat_deg = start_lat_deg + np.cumsum(np.cos(np.radians(heading))) * km_per_step / 111.2
    lon_deg = start_lon_deg + np.cumsum(np.sin(np.radians(heading))) * km_per_step / 88.8
    return sphere.unit(lat_deg, lon_deg)


def test_regions_keep_names_and_order() -> None:
    """Each zone has one region, in the order of the file, that knows its name and its zone."""
    assert list(REGIONS) == list(ZONES)
    assert all(region.name == name and region.zone is ZONES[name] for name, region in REGIONS.items())


def test_a_twelve_mile_circle_has_the_area_of_its_radius() -> None:
    """The outline of 22.224 km radius encloses pi r squared, 1,551.66 km2, on the ellipsoid to 0.02 km2."""
    outline = WGS84.Polygon()
    for lat_deg, lon_deg in REGIONS["airspace"].outline_deg(max_step_km=0.1)[:-1]:
        outline.AddPoint(lat_deg, lon_deg)
    assert abs(outline.Compute()[2]) / 1e6 == pytest.approx(np.pi * 22.224**2, abs=0.02)


def test_a_chord_through_a_twelve_mile_circle_by_hand() -> None:
    """A track 10 km from the centre is inside for 2 sqrt(22.224^2 - 10^2) = 39.694 km, to 2 steps of 1 m."""
    centre = sphere.unit(*CENTRE_DEG)
    closest = sphere.offset(centre, 90.0, 10.0)
    track = sphere.offset(closest, 0.0, np.arange(-30_000, 30_000) / 1000)
    assert REGIONS["airspace"].contains(track).sum() / 1000 == pytest.approx(39.694, abs=0.002)


def test_a_point_on_the_circle_belongs_to_it() -> None:
    """A millimetre inside the radius is inside, a millimetre outside is outside."""
    centre = sphere.unit(*CENTRE_DEG)
    rim = sphere.offset(centre, 200.0, 22.224 + np.array([-1e-6, 1e-6]))
    assert REGIONS["airspace"].contains(rim).tolist() == [True, False]


def test_an_edge_along_a_parallel_stays_on_it() -> None:
    """Mid-edge on 39 N a point at 39.02 N is outside, although the great circle reaches 39.09 N."""
    west, east = sphere.unit(39.0, 124.0), sphere.unit(39.0, 133.0)
    assert float(sphere.degrees(sphere.interpolate(west, east, 0.5))[0]) == pytest.approx(39.09, abs=0.005)
    assert inside(REGIONS["large"], (39.02, 128.5), (39.0001, 128.5), (38.9999, 128.5)) == [
        False,
        False,
        True,
    ]
    distance_km = REGIONS["large"].boundary_distance_km(sphere.unit([39.02], [128.5]))
    assert 1000 * float(distance_km[0]) == pytest.approx(
        WGS84.Inverse(39, 128.5, 39.02, 128.5)["s12"], abs=0.2
    )


@pytest.mark.parametrize(
    ("vertices_deg", "clockwise"),
    [(LARGE_DEG, True), (LARGE_DEG[::-1], False), (NOTCHED_DEG, False), (NOTCHED_DEG[::-1], True)],
)
def test_both_sides_of_each_edge(vertices_deg: tuple[tuple[float, float], ...], clockwise: bool) -> None:
    """A metre to one side of each edge's middle is inside, to the other outside, walked either way."""
    region = regions({"zone": polygon(*vertices_deg)}, sphere)["zone"]
    corners = np.array(vertices_deg)
    edges = np.roll(corners, -1, axis=0) - corners
    left = np.column_stack([edges[:, 1], -edges[:, 0]])  # of the way, as latitude and longitude
    left *= 1e-5 / np.linalg.norm(left, axis=1)[:, None]
    middles = corners + edges / 2
    assert inside(region, *(middles + left)) == [not clockwise] * len(corners)
    assert inside(region, *(middles - left)) == [clockwise] * len(corners)


@given(st.floats(0.0, 1.0), st.sampled_from([(0, 1), (1, 2), (1, 4)]))
def test_polygons_that_share_an_edge_share_no_point(share: float, edge: tuple[int, int]) -> None:
    """Every point on an edge between two polygons lies in exactly one of them."""
    # Two quadrilaterals and a triangle about one meeting point.
    a, b, c, d, e, f = (
        (35.0, 130.0),
        (36.1, 131.3),
        (38.0, 131.0),
        (37.7, 129.1),
        (35.2, 133.4),
        (38.3, 133.9),
    )
    around = {"west": polygon(a, b, c, d), "east": polygon(b, e, f, c), "south": polygon(a, e, b)}
    corners = np.array([a, b, c, d, e])
    start, end = corners[edge[0]], corners[edge[1]]
    lat_deg, lon_deg = start + max(min(share, 0.999), 0.001) * (end - start)
    unit = sphere.unit([lat_deg], [lon_deg])
    assert sum(int(region.contains(unit)[0]) for region in regions(around, sphere).values()) == 1


def test_a_ray_through_a_vertex_counts_once() -> None:
    """A ray that meets the boundary at corners crosses it there once each: no more, no less."""
    lat_deg = float(sphere.degrees(sphere.unit(36.5, 130.0))[0])  # to the last bit what the ray will have
    arrow = polygon(
        (36.0, 129.0), (36.0, 131.0), (lat_deg, 132.0), (37.0, 131.0), (37.0, 129.0), (lat_deg, 129.5)
    )
    region = regions({"zone": arrow}, sphere)["zone"]
    assert inside(region, (36.5, 128.0), (36.5, 129.2), (36.5, 130.0), (36.5, 131.9)) == [
        False,
        False,
        True,
        True,
    ]


def test_a_polygon_may_lie_across_the_antimeridian() -> None:
    """Edges go the shorter way round: from 179 E to 179 W is two degrees of longitude."""
    pacific = Sphere.at(50.0, 178.0)
    region = regions(
        {"zone": polygon((50.0, 179.0), (50.0, -179.0), (51.0, -179.0), (51.0, 179.0))}, pacific
    )["zone"]
    units = pacific.unit([50.5, 50.5, 50.5, 50.5], [179.5, -179.5, 178.5, -178.5])
    assert region.contains(units).tolist() == [True, True, False, False]
    assert region.outline_deg()[:, 1].max() == 181


def test_distance_from_a_polygon_is_that_of_geodesics() -> None:
    """The distance from a slanting edge is the shortest of geodesics to points along it, to 1 m."""
    (lat_a, lon_a), (lat_b, lon_b) = LARGE_DEG[2], LARGE_DEG[3]
    for lat_deg, lon_deg in [(36.2, 131.5), (36.9, 131.2), (35.9, 130.5)]:
        along = [
            WGS84.Inverse(lat_deg, lon_deg, lat_a + share * (lat_b - lat_a), lon_a + share * (lon_b - lon_a))[
                "s12"
            ]
            for share in np.linspace(0, 1, 1000)
        ]
        distance_km = REGIONS["large"].boundary_distance_km(sphere.unit([lat_deg], [lon_deg]))
        assert 1000 * float(distance_km[0]) == pytest.approx(min(along), abs=1)


def test_a_grown_zone_reaches_a_margin_beyond() -> None:
    """Beyond edge and corner, 30 nmi (55.56 km) less a metre is inside and a metre more is outside."""
    for lat_deg, lon_deg, bearing_deg in [(39.0, 128.5, 0.0), (39.0, 133.0, 45.0), (31.0, 124.0, 225.0)]:
        edge = sphere.unit(lat_deg, lon_deg)
        beyond = sphere.offset(edge, bearing_deg, 55.56 + np.array([-0.001, 0.001]))
        assert REGIONS["near"].contains(beyond).tolist() == [True, False]
        assert REGIONS["near"].boundary_distance_km(beyond) == pytest.approx(np.full(2, 0.001), abs=2e-4)
        beyond = sphere.offset(edge, bearing_deg, 111.12 + np.array([-0.001, 0.001]))
        assert REGIONS["far"].contains(beyond).tolist() == [True, False]


def test_a_grown_circle_is_a_larger_circle() -> None:
    """Twelve miles around twelve miles are twenty-four."""
    rim = sphere.offset(sphere.unit(*CENTRE_DEG), 77.0, 44.448 + np.array([-1e-6, 1e-6]))
    assert REGIONS["wide"].contains(rim).tolist() == [True, False]


@each_region
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), km_per_step=st.sampled_from([0.02, 0.22, 1.0]))
def test_a_track_is_inside_where_its_points_are(region: Region, seed: int, km_per_step: float) -> None:
    """Looking at every sixtieth point first changes nothing: a long track gives what its parts give."""
    track = smooth_track(seed, 1500, km_per_step)
    parts = [region.contains(track[i : i + 100]) for i in range(0, len(track), 100)]  # too short for strides
    assert (region.contains(track) == np.concatenate(parts)).all()


@each_region
def test_scattered_points_are_inside_as_each_is(region: Region) -> None:
    """Points in no order give what they give alone; no points give nothing."""
    random = np.random.default_rng(5)
    points = sphere.unit(random.uniform(30, 41, 700), random.uniform(122, 135, 700))
    alone = np.array([region.contains(point[np.newaxis])[0] for point in points])
    assert (region.contains(points) == alone).all()
    assert region.contains(points[:0]).shape == (0,)
    assert region.boundary_distance_km(points[:0]).shape == (0,)


@each_region
@settings(max_examples=60, deadline=None)
@given(north=st.floats(0.0, 1.0), east=st.floats(0.0, 1.0))
def test_the_way_out_is_outside(region: Region, north: float, east: float) -> None:
    """From inside, the way out ends outside and not before the boundary; from outside there is none to go."""
    outline = OUTLINES_DEG[region.name]
    low, high = outline.min(axis=0), outline.max(axis=0)
    point = sphere.unit(*(low + np.array([north, east]) * (high - low)))
    (way_out,) = region.ways_out(point[np.newaxis])
    assert not region.contains(way_out[np.newaxis])[0]
    if region.contains(point[np.newaxis])[0]:
        boundary_km = float(region.boundary_distance_km(point[np.newaxis])[0])
        assert float(sphere.distance_km(point, way_out)) >= boundary_km - 0.001
    else:
        assert np.array_equal(way_out, point)


@each_region
def test_ways_out_of_many_points_are_those_of_each(region: Region) -> None:
    """Points in one array, inside and outside, get to the last bit what each gets alone."""
    random = np.random.default_rng(6)
    points = sphere.unit(random.uniform(30, 41, 200), random.uniform(122, 135, 200))
    alone = [region.ways_out(point[np.newaxis])[0] for point in points]
    assert np.array_equal(region.ways_out(points), alone)


@each_region
def test_a_boundary_strays_from_its_fence_no_farther_than_it_says(region: Region) -> None:
    """Where a random segment of 2 km crosses the boundary there is a drawn piece of the fence within `stray_km`."""
    random = np.random.default_rng(8)
    outline = sphere.unit(*OUTLINES_DEG[region.name].T)
    start = sphere.offset(outline, random.uniform(0, 360, len(outline)), 2.0)
    end = sphere.offset(outline, random.uniform(0, 360, len(outline)), 2.0)
    crosses = region.contains_each(start) != region.contains_each(end)
    start, end = start[crosses], end[crosses]
    assert len(start) > 10
    for _ in range(40):
        middle = sphere.interpolate(start, end, 0.5)
        beyond = (region.contains_each(middle) == region.contains_each(start))[:, np.newaxis]
        start, end = np.where(beyond, middle, start), np.where(beyond, end, middle)
    pieces = np.flatnonzero(region.fence.drawn)
    share = np.linspace(0, 1, 201)[:, np.newaxis, np.newaxis]
    spots = sphere.interpolate(
        region.fence.points[pieces],
        region.fence.points[pieces + 1],
        np.broadcast_to(share[..., 0], (201, len(pieces))),
    ).reshape(-1, 3)
    least_km = [float(sphere.distance_km(spots, point).min()) for point in start]
    assert max(least_km) <= np.hypot(
        region.fence.stray_km, 25 / 400
    )  # a spot is at most 1/400 of a piece away


def test_the_way_out_is_the_shortest() -> None:
    """From 5 km south of 39 N the way out leads north to 0.2 km beyond; from a centre, to the rim."""
    parallel = sphere.unit(39.0, 128.5)
    start = sphere.offset(parallel, 180.0, 5.0)
    assert float(sphere.distance_km(start, way_out("large", start))) == pytest.approx(5.2, abs=0.001)
    assert float(sphere.distance_km(parallel, way_out("large", start))) == pytest.approx(0.2, abs=0.001)
    assert float(sphere.distance_km(start, way_out("near", start))) == pytest.approx(60.76, abs=0.001)
    outside = sphere.offset(parallel, 0.0, 50.0)  # of the base, not of the grown zone
    assert float(sphere.distance_km(outside, way_out("near", outside))) == pytest.approx(5.76, abs=0.001)
    centre = sphere.unit(*CENTRE_DEG)
    assert float(sphere.distance_km(centre, way_out("airspace", centre))) == pytest.approx(22.424, abs=1e-6)


def test_the_way_out_from_beside_a_narrow_notch() -> None:
    """Next to the inner end of a notch the nearest outside is in the notch or past it, never inside."""
    for lat_deg in np.linspace(36.44, 36.56, 25):
        for lon_deg in (130.38, 130.395, 130.4, 130.45, 130.9):
            out = way_out("notched", sphere.unit(lat_deg, lon_deg))
            assert not REGIONS["notched"].contains(out[np.newaxis])[0]


@each_region
def test_outlines_lie_on_boundaries(region: Region) -> None:
    """An outline is closed, and its points lie on the boundary to 10 m, most of them a few steps apart."""
    outline = region.outline_deg(max_step_km=2.0)
    assert outline[0] == pytest.approx(outline[-1])
    units = sphere.unit(outline[:, 0], outline[:, 1])
    assert region.boundary_distance_km(units).max() < 0.01
    steps_km = sphere.distance_km(units[1:], units[:-1])
    assert np.quantile(steps_km, 0.95) <= 6.0  # a grown line's bends take longer steps than its base's


WRONG = [
    ({}, "has no shape; must have exactly one shape"),
    ({"lat_deg": 37.0, "lon_deg": 131.0}, "has lat_deg, lon_deg; must have exactly one shape"),
    ({"around": "large"}, "has around; must have exactly one shape"),
    ({"around": "large", "margin_nmi": 5, "radius_nmi": 3}, "has radius_nmi, around, margin_nmi; must"),
    ({"lat_deg": 37.0, "lon_deg": 131.0, "radius_nmi": 0}, "greater than 0"),
    ({"lat_deg": 91.0, "lon_deg": 131.0, "radius_nmi": 1}, "less than or equal to 90"),
    ({"lat_deg": 37.0, "lon_deg": -181.0, "radius_nmi": 1}, "greater than or equal to -180"),
    ({"around": "large", "margin_nmi": -1}, "greater than 0"),
    ({"vertices_deg": [[37.0, 131.0], [38.0, 131.0]]}, "has 2 vertices, must have at least 3"),
    ({"vertices_deg": [[131.0, 37.0], [131.0, 38.0], [132.0, 38.0]]}, "less than or equal to 90"),
    ({"vertices_deg": [[37, 131], [38, 131], [38, 132], [37, 131]]}, "the last vertex repeats the first"),
    ({"vertices_deg": [[37, 131], [38, 131], [38, 131], [38, 132]]}, "vertex 3 repeats vertex 2"),
    ({"vertices_deg": [[37, 131], [38, 132], [38, 131], [37, 132]]}, "after vertex 1 and the one after"),
    ({"vertices_deg": [[80, 0], [80, 90], [80, 180], [80, -90]]}, "goes round a pole"),
]  # fmt: skip


@pytest.mark.parametrize(("shape", "message"), WRONG)
def test_wrong_shapes_are_refused(shape: dict[str, object], message: str) -> None:
    """A zone has exactly one complete shape within bounds; the message says what came and what is wanted."""
    with pytest.raises(ValidationError, match=message):
        Zone.model_validate({"label": "zone", "kind": "airspace", "owner": "side", **shape})


def test_a_base_that_is_unknown_or_circular_is_refused() -> None:
    """Unknown bases get a suggestion, circles name their members; regions are not made."""
    zones = {"large": polygon(*LARGE_DEG), "a": grown("larg", 5), "b": grown("c", 5), "c": grown("b", 5)}
    zones |= {"d": grown("b", 5), "self": grown("self", 5)}
    assert zone_problems(zones) == [
        (("zones", "a", "around"), 'no zone is named "larg", did you mean "large"?'),
        (("zones", "b", "around"), "the zone grows from itself: b around c around b"),
        (("zones", "c", "around"), "the zone grows from itself: c around b around c"),
        (("zones", "self", "around"), "the zone grows from itself: self around self"),
    ]
    with pytest.raises(ValueError, match=r"zones\.a\.around: no zone is named \"larg\""):
        regions(zones, sphere)
    assert zone_problems(ZONES) == []
