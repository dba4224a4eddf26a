"""The map puts everything where the record has it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text

from plots import coast, style
from plots.chart import KM_PER_DEG, View, view_of
from plots.encounter import encounter
from plots.map import track_map
from plots.ways import looks
from sim import run, scenario, store
from sim.clock import Clock
from sim.document import dump, load
from sim.draws import Uniforms
from tests.one_pass import BARE, PASS, check_room, recorded_of, texts


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> store.Recorded:
    """One pass through the airspace, met, called and warned."""
    return recorded_of(PASS, tmp_path_factory.mktemp("pass"))


@pytest.fixture(scope="module")
def figure(recorded: store.Recorded) -> Figure:
    """The map of that pass."""
    return track_map(recorded)


def test_the_stay_has_its_times(recorded: store.Recorded, figure: Figure) -> None:
    """The chord is labelled with the times of the outcomes."""
    first, last = (recorded.outcomes[f"guest.air.1.{way}.at"][:8] for way in ("enters", "leaves"))
    assert f"1st stay\n{first} – {last}" in texts(figure)


def test_the_pair_that_joined_is_named_with_its_time(recorded: store.Recorded, figure: Figure) -> None:
    """The join is labelled with the pair and the time of the outcomes."""
    joined = recorded.outcomes["home.guest.joined.at"][:8]
    assert f"F_9 pair, Field & Co\njoins {joined}" in texts(figure)


def test_zones_bases_and_centre_bear_their_labels_as_text(figure: Figure) -> None:
    """Names come from the scenario, and markup in them is drawn as it is."""
    seen = {text.replace("\n", " ") for text in texts(figure)}
    assert {"RING_1", "Field & Co", "Rock $1_000$", "Air <b>$x$</b>", "G_1 $50$"} <= seen
    assert all(not text.get_parse_math() for text in figure.findobj(Text) if "$" in text.get_text())


def test_there_is_a_tick_for_each_minute_in_view(recorded: store.Recorded, figure: Figure) -> None:
    """Ticks stand at the whole minutes of the track that the close-up shows."""
    close = figure.axes[1]
    ticks = next(c for c in close.collections if isinstance(c, LineCollection)).get_segments()
    way = recorded.ways["guest"]
    west, east = close.get_xlim()
    minutes = [k for k in range(0, 3000, 60) if way.step[0] <= k <= way.step[-1]]
    places = np.interp(minutes, way.step, way.lon_deg)
    seen = [lon for lon in places if west <= lon <= east]
    assert len(seen) >= 10
    assert [float(tick[:, 0].mean()) for tick in ticks] == pytest.approx(seen, abs=1e-6)
    assert {"12:15", "12:20"} <= set(texts(figure))


def test_places_at_one_moment_are_as_far_apart_as_is_written(
    recorded: store.Recorded, figure: Figure
) -> None:
    """The distance at a moment of the approach is that between the two ways."""
    shown = encounter(recorded)
    said = [text.split(": ") for text in texts(figure) if text.endswith("km apart")]
    assert said
    for minute, words in said:
        step = (int(minute[:2]) * 60 + int(minute[3:]) - 720) * 60
        assert words == f"{shown.apart_km('guest', 'one', step):.0f} km apart"


def test_the_footer_credits_the_coast(figure: Figure) -> None:
    """The footer names the projection, and the source of the coast or that none is known in the view."""
    footer = next(text for text in texts(figure) if text.startswith("scenario "))
    assert "  ·  equirectangular  ·  " in footer
    assert footer.endswith("no coast is known here: what looks like sea may be land")


@pytest.mark.parametrize(
    ("sides", "words"),
    [
        ((120.0, 140.0, 30.0, 40.0), coast.CREDIT),
        ((110.0, 120.0, 30.0, 40.0), f"{coast.CREDIT}, known at 115–150°E, 20–50°N only"),
        ((19.0, 30.0, 54.0, 61.0), "no coast is known here: what looks like sea may be land"),
        ((-182.0, -178.0, 30.0, 40.0), "no coast is known here: what looks like sea may be land"),
    ],
)
def test_a_coast_is_credited_only_where_it_is_known(
    sides: tuple[float, float, float, float], words: str
) -> None:
    """Beyond the bounds of the coast a map would pass for open sea, so its footer says that none is known."""
    assert coast.credit(*sides) == words


def test_the_coast_is_within_its_bounds() -> None:
    """The coast is closed rings of longitude and latitude within the region that it says."""
    rings = coast.coast()
    assert len(rings) > 100
    for ring in rings:
        assert np.array_equal(ring[0], ring[-1])
        assert np.all((ring >= [115, 20]) & (ring <= [150, 50]))


def test_land_is_drawn_as_it_is_given(recorded: store.Recorded) -> None:
    """Land is what the caller gives, on both panels."""
    island = np.array([[19.9, 9.9], [20.0, 9.9], [20.0, 10.0], [19.9, 9.9]])
    for axes in track_map(recorded, land=lambda: [island]).axes:
        land = next(c for c in axes.collections if isinstance(c, PolyCollection))
        assert np.array_equal(np.asarray(land.get_paths()[0].vertices)[:4], island)


def test_scale_is_equal_both_ways(figure: Figure) -> None:
    """At the middle latitude a kilometre is as long to the east as to the north."""
    for axes in figure.axes:
        middle = np.radians(sum(axes.get_ylim()) / 2)
        box = axes.get_window_extent()
        per_lon = box.width / np.ptp(axes.get_xlim()) / np.cos(middle)
        per_lat = box.height / np.ptp(axes.get_ylim())
        assert per_lon == pytest.approx(per_lat, rel=1e-6)


def test_the_scale_bar_is_as_long_as_it_says(figure: Figure) -> None:
    """The scale bar spans the kilometres that are written above it."""
    for axes in figure.axes:
        words = next(t.get_text() for t in axes.texts if t.get_text().endswith(" km"))
        bar = next(line for line in axes.lines if line.get_linewidth() == 3.0 and line.get_zorder() == 9)
        cosine = np.cos(np.radians(sum(axes.get_ylim()) / 2))
        assert np.ptp(bar.get_xdata()) * cosine * KM_PER_DEG == pytest.approx(int(words.split()[0]))


def test_a_view_takes_the_shape_of_its_paper() -> None:
    """A window grows to the shape of the paper and keeps its middle."""
    view = view_of(np.array([10.0, 12.0]), np.array([20.0, 21.0]), 0.0, 1.0)
    wide = view.shaped(2.0)
    assert isinstance(wide, View)
    assert (wide.south, wide.north) == pytest.approx((10.0, 12.0))
    assert (wide.west + wide.east) / 2 == pytest.approx(20.5)
    assert (wide.east - wide.west) * np.cos(np.radians(11.0)) == pytest.approx(4.0)


def test_a_scenario_of_one_flight_and_nothing_else_has_a_map(tmp_path: Path) -> None:
    """Without zones and fighters the map shows the track and the centre."""
    seen = texts(track_map(recorded_of(BARE, tmp_path)))
    assert "G_1 $50$" in seen
    assert not any("joins" in text or "stay" in text for text in seen)


@pytest.fixture(scope="module")
def patrol() -> store.Recorded:
    """A day with flights of two sides."""
    checked, document = scenario.read("july-2019")
    return store.record(run.replicate(run.prepare(checked), Uniforms(1), 32), document)


def test_a_flight_keeps_its_colour_whichever_the_map_is_about(patrol: store.Recorded) -> None:
    """Colours go by side, in the order of the file; the flight that the map is about has the widest line."""
    flights = patrol.scenario.intruders
    sides: dict[str, set[str]] = {flight.side: set() for flight in flights.values()}
    for focus in flights:
        found = looks(encounter(patrol, focus))
        for name, flight in flights.items():
            sides[flight.side].add(found[name].color)
        axes = track_map(patrol, flight=focus).axes[0]
        widest = max(
            (line for line in axes.lines if line.get_zorder() in (4, 4.05)), key=Line2D.get_linewidth
        )
        assert np.array_equal(widest.get_ydata(), patrol.ways[focus].lat_deg)
    assert all(len(colors) == 1 for colors in sides.values())
    assert len(set.union(*sides.values())) == len(sides) == 2


def test_the_region_holds_the_close_up(patrol: store.Recorded) -> None:
    """Wherever a flight was met, the box of the close-up lies in the region's panel."""
    for focus in patrol.scenario.intruders:
        region, close = track_map(patrol, flight=focus).axes
        for (low, high), (least, most) in (
            (close.get_xlim(), region.get_xlim()),
            (close.get_ylim(), region.get_ylim()),
        ):
            assert least <= low < high <= most


def test_who_leaves_the_map_or_is_outside_is_named(patrol: store.Recorded) -> None:
    """A flight that crosses the edge has the time beside it; who is never inside is named below the map."""
    figure = track_map(patrol)
    seen = " ".join(texts(figure)).replace("\n", " ")
    west, east = figure.axes[0].get_xlim()
    south, north = figure.axes[0].get_ylim()
    outside = next(text for text in texts(figure) if text.startswith("outside the map: "))
    crossed = 0
    for name, flight in patrol.scenario.intruders.items():
        way = patrol.ways[name]
        inside = (way.lon_deg > west) & (way.lon_deg < east) & (way.lat_deg > south) & (way.lat_deg < north)
        assert (flight.label in outside) == (not inside.any())
        if inside.any() and not inside[0]:
            crossed += 1
            minute = Clock.of(patrol.scenario.clock).short(int(way.step[int(np.argmax(inside))]))[:5]
            assert f"{flight.label} comes in {minute}" in seen
    assert crossed >= 1
    assert "leave the map" in seen
    check_room(figure)


def test_the_lines_are_explained(patrol: store.Recorded, figure: Figure) -> None:
    """The key names sides, fighters and faint lines, each only if there is one."""
    keys = {"flights: China", "flights: Russia", "fighters that joined the A-50U", "other fighters"}
    assert keys | {"action lines and stations"} <= set(texts(track_map(patrol)))
    assert {"flights: Away", "fighters that joined the G_1 $50$", "action lines"} <= set(texts(figure))
    assert "other fighters" not in texts(figure)


def test_no_text_is_cut_off_or_covered(figure: Figure) -> None:
    """Every text lies within the figure, and no two overlap."""
    check_room(figure)


@pytest.mark.parametrize("suffix", style.FORMATS)
def test_the_same_replication_gives_the_same_bytes(
    recorded: store.Recorded, tmp_path: Path, suffix: str
) -> None:
    """Drawn and saved twice, a map is the same file, in each format."""
    files = [tmp_path / f"{name}.{suffix}" for name in ("one", "two")]
    for path in files:
        style.save(track_map(recorded), path)
    assert files[0].read_bytes() == files[1].read_bytes()


def turned(node: Any, by_deg: float) -> Any:
    """Return scenario data with all longitudes turned by so much, written from -180 to 180."""
    if isinstance(node, dict):
        return {k: moved(v, by_deg) if k == "lon_deg" else turned(v, by_deg) for k, v in node.items()}
    if isinstance(node, list):
        return [
            [v[0], moved(v[1], by_deg)] if isinstance(v, list) and len(v) == 2 else turned(v, by_deg)
            for v in node
        ]
    return node


def moved(lon_deg: float, by_deg: float) -> float:
    """Return a longitude turned by so much, from -180 to 180."""
    return (lon_deg + by_deg + 180.0) % 360.0 - 180.0


@pytest.mark.parametrize("by_deg", [-150.0, 210.25])
def test_a_map_across_the_antimeridian_is_the_map_elsewhere(tmp_path: Path, by_deg: float) -> None:
    """Tracks, zones and bases on both sides of 180 degrees stand beside each other, not a world apart."""
    data = load("first-intercept").data
    here, there = (track_map(recorded_of(dump(turned(data, turn)), tmp_path)) for turn in (0.0, by_deg))
    for panel in (0, 1):
        lines = [[line.get_xdata() for line in f.axes[panel].lines] for f in (here, there)]
        assert len(lines[0]) == len(lines[1]) > 3
        turns = {
            round(float(far - near), 3)
            for one, other in zip(*lines, strict=True)
            for near, far in zip(one, other, strict=True)
            if not np.isnan(near)
        }
        assert turns == {moved(-30.0, by_deg) + 30.0}
