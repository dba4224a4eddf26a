"""The strip at the top of the board names what has room, and makes thin what has not."""

from pathlib import Path

import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection

from plots import style
from plots.board import board
from plots.encounter import encounter
from plots.placing import Placer
from plots.strip import fields
from tests.one_pass import PASS, check_room, of_july, recorded_of


def drawn(axes: Axes) -> list[tuple[float, str]]:
    """Return the height of each field of a strip, and its name."""
    bars = [each for each in axes.collections if isinstance(each, PolyCollection)]
    names = [text.get_text() for text in axes.texts[1:]]
    heights = [float(bar.get_paths()[0].get_extents().height) for bar in bars]
    return list(zip(heights, names, strict=True))


def test_a_field_in_two_zones_names_both() -> None:
    """Eleven minutes in two zones at once are named, on two lines; what is shorter is thin and has no name."""
    figure = board(of_july(0))
    found = drawn(figure.axes[0])
    assert (1.0, "KADIZ +\nJADIZ") in found
    assert all((height < 1.0) == (not name) for height, name in found)
    check_room(figure)


def test_airspace_is_never_thin(tmp_path: Path) -> None:
    """A stay that has no room for the name of the airspace keeps the height of the strip."""
    figure = board(
        recorded_of(PASS.replace("Air <b>$x$</b>", "An airspace-with-a-name-that-is-long " * 3), tmp_path)
    )
    assert (1.0, "") in drawn(figure.axes[0])


@pytest.mark.parametrize(("width_pt", "named"), [(400.0, True), (40.0, False)])
def test_a_name_needs_room(tmp_path: Path, width_pt: float, named: bool) -> None:
    """No name is wider than its field."""
    shown, placer = encounter(recorded_of(PASS, tmp_path)), Placer(style.new_figure(16.0, 1.0))
    assert any(part.name for part in fields(shown, placer, width_pt)) == named
