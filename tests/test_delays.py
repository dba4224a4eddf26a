"""A share over two delays: the surface against the sweep, and the picture against the surface."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.collections import QuadMesh
from matplotlib.figure import Figure

from plots import style
from plots.delays import delays, edges, refined
from sim.errors import InputError
from sim.folders import folder_of
from sim.shards import results
from sim.spread import wilson
from sim.surface import Surface, surface
from tests.one_pass import check_room, texts
from tests.sweeps import CALL, SCRAMBLE, small, swept

FLARES = "rung.flares"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small sweep of three by three points."""
    folder = tmp_path_factory.mktemp("sweep") / "grid"
    swept(folder, replications=60)
    return folder


@pytest.fixture(scope="module")
def found(folder: Path) -> Surface:
    """Its surface."""
    return surface(folder_of(folder), FLARES)


@pytest.fixture(scope="module")
def figure(found: Surface) -> Figure:
    """The picture of it with a named point."""
    mark = found.at("midway", 0.1, 150)
    assert mark is not None
    return delays(found, [mark])


def test_the_surface_is_the_table_of_the_sweep(folder: Path, found: Surface) -> None:
    """Every cell is the share of its design point, with that share's Wilson interval."""
    rows = results(folder_of(folder)).to_pylist()
    assert len(rows) == found.share.size == 9
    for row in rows:
        at = found.y.values.index(row[SCRAMBLE]), found.x.values.index(row[CALL])
        assert found.share[at] == row[f"{FLARES}.share"]
        assert (found.low[at], found.high[at]) == wilson(row[f"{FLARES}.n"], 60)
        assert (found.low[at], found.high[at]) == (row[f"{FLARES}.low_share"], row[f"{FLARES}.high_share"])


def test_the_cells_that_are_drawn_are_those_of_the_surface(figure: Figure, found: Surface) -> None:
    """The mesh holds the shares, row by row."""
    (mesh,) = (each for each in figure.axes[0].collections if isinstance(each, QuadMesh))
    drawn = np.asarray(mesh.get_array()).reshape(found.share.shape)
    assert drawn.tolist() == found.share.tolist()


def test_a_named_point_stands_where_it_is_and_tells_its_cell(figure: Figure, found: Surface) -> None:
    """The mark lies at its values; beside the map stands the share of the nearest point, which is named."""
    marks = [line for line in figure.axes[0].lines if line.get_marker() == "o"]
    assert [(line.get_xdata()[0], line.get_ydata()[0]) for line in marks] == [(0.1, 150)]  # type: ignore[index]
    mark = found.at("midway", 0.1, 150)
    assert mark is not None
    assert mark.at == (0.1, 200.0)
    assert mark.share == found.share[1, 1]
    assert any("(nearest point: 0.1, 200)" in text for text in texts(figure))


def test_the_scenario_as_it_stands_is_marked_where_it_is_a_point(tmp_path: Path) -> None:
    """Two parameters whose base lies in the grid give a mark; without it the figure says how to name one."""
    swept(tmp_path / "s", small(f"{SCRAMBLE}.median=10,30,90", f"{CALL}=0,0.02,0.2"), 10)
    found = surface(folder_of(tmp_path / "s"))
    assert found.base is not None
    assert (found.base.x, found.base.y) == (0.02, 30.0)
    assert found.y.title.endswith("(s)")
    bare = replace(found, x=replace(found.x, base=None))
    assert bare.base is None
    assert any("--mark" in text for text in texts(delays(bare)))


def test_a_contour_lies_between_the_points_that_it_parts(found: Surface) -> None:
    """On the refined grid the design points keep their shares, and the rest lies between their neighbours."""
    plane = np.array([[0.0, 0.5, 1.0]] * 3)
    x, y, fine = refined(found, plane)
    assert fine.min() == 0
    assert fine.max() == 1
    middle = np.interp(0.5, fine[0], x)
    assert middle == pytest.approx(found.x.values[1])
    assert y[0] == edges(found.y.values)[0]


def test_a_missing_point_is_hatched_and_counted(found: Surface) -> None:
    """What was not run has no colour, and the footer says how many."""
    share, low, high = (each.copy() for each in (found.share, found.low, found.high))
    for each in (share, low, high):
        each[0, 0] = np.nan
    holed = replace(found, share=share, low=low, high=high)
    assert holed.at("gone", found.x.values[0], found.y.values[0]) is None
    seen = texts(delays(holed))
    assert any("1 point missing (hatched)" in text for text in seen)


def test_a_grid_of_two_by_two_is_drawn(tmp_path: Path) -> None:
    """The least grid has contours and bands too, and ticks only at its values."""
    swept(tmp_path / "s", small(f"{SCRAMBLE}=0,600", f"{CALL}=0,0.3"), 40)
    drawn = delays(surface(folder_of(tmp_path / "s"), "rung.airspace-violated"))
    assert drawn.axes[0].get_xticks().tolist() == [0, 0.3]
    assert any("between the dashes" in text for text in texts(drawn))


def test_other_designs_are_refused(tmp_path: Path) -> None:
    """One quantity, or values that are no numbers, make no surface: what to do is told."""
    swept(tmp_path / "one", small(f"{SCRAMBLE}=0,200"), 5)
    with pytest.raises(InputError, match="holds a grid design of 1 quantity; a surface wants a grid of two"):
        surface(folder_of(tmp_path / "one"))
    with pytest.raises(InputError, match="is no folder; wanted is that of a sweep"):
        surface(folder_of(tmp_path / "nothing"))


def test_an_unknown_outcome_is_refused(folder: Path) -> None:
    """An outcome without a share is told with what was meant."""
    with pytest.raises(InputError, match="is no outcome with a share"):
        surface(folder_of(folder), "rung.flare")


def test_the_same_surface_is_the_same_bytes(tmp_path: Path, found: Surface) -> None:
    """Twice drawn it is the same file."""
    for name in ("one", "two"):
        style.save(delays(found), tmp_path / f"{name}.svg")
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()


def test_no_text_is_cut_off_or_covers_another(found: Surface) -> None:
    """Also where axes and points have long labels, every text has its room."""
    marks = [found.at(f"an alternative with a long name {place}", 0.1, 200) for place in range(4)]
    long = replace(found, title="", x=replace(found.x, label="the chance that " * 6))
    check_room(delays(long, [mark for mark in marks[:1] if mark is not None]))
