"""Bars of sensitivity: what is drawn is what the object of `intercept sensitivity --json` says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes

from plots import style
from plots.sensitivity import rows, sensitivity
from sim.errors import InputError
from sim.folders import folder_of
from sim.sensitivity import sensitivity as analysed
from tests.one_pass import check_room, texts
from tests.sweeps import CALL, SCRAMBLE, small, swept

FLARES = "command.stages.authorise-flares.delay_s.mode"


@pytest.fixture(scope="module")
def tornado(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The analysis of a small sweep, one quantity at a time."""
    folder = tmp_path_factory.mktemp("oat") / "s"
    plan = small(
        f"{SCRAMBLE}.median=10,300",
        f"{CALL}=0,0.2",
        f"{FLARES}=300,1200",
        design="one-at-a-time",
        keep_shape=True,
    )
    swept(folder, plan, 60, rows=True)
    return analysed(folder_of(folder), ["rung.flares", "rung.intercepted"])


@pytest.fixture(scope="module")
def morris(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The analysis of a small Morris sweep."""
    folder = tmp_path_factory.mktemp("morris") / "s"
    swept(
        folder,
        small(f"{SCRAMBLE}.median=10:300", f"{CALL}=0:0.2", design="morris", trajectories=4, keep_shape=True),
        40,
    )
    return analysed(folder_of(folder), ["rung.flares"])


@pytest.fixture(scope="module")
def sobol(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The analysis of a small Saltelli sweep."""
    folder = tmp_path_factory.mktemp("sobol") / "s"
    swept(
        folder,
        small(f"{SCRAMBLE}.median=10:300", f"{CALL}=0:0.2", design="saltelli", points=8, keep_shape=True),
        40,
    )
    return analysed(folder_of(folder), ["rung.flares"])


def widths(axes: Axes) -> list[float]:
    """Return the lengths of the bars, in no order that matters."""
    return sorted(float(patch.get_width()) for patch in axes.patches if hasattr(patch, "get_width"))


def whiskers(axes: Axes) -> set[tuple[float, float]]:
    """Return the ends of all whiskers."""
    lines = [np.asarray(line.get_xdata()) for line in axes.lines if line.get_marker() == "|"]
    return {(float(x[0]), float(x[1])) for x in lines}


def test_a_tornado_has_the_differences_of_the_ends(tornado: dict[str, Any]) -> None:
    """Bars run from the scenario as it stands to each end of a range, with paired intervals."""
    figure = sensitivity(tornado)
    for axes, outcome in zip(figure.axes, tornado["outcomes"], strict=True):
        ends = [value for index in outcome["indices"] for value in index["values"]]
        assert len(ends) == 6
        assert widths(axes) == sorted(value["difference"] for value in ends)
        assert whiskers(axes) == {tuple(value["difference_interval"]) for value in ends}
        assert outcome["paired"]
    seen = " ".join(texts(figure))
    assert "paired" in seen
    assert {"10", "300", "0.2", "1200"} <= set(texts(figure))


def test_morris_bars_are_the_mean_sizes_and_diamonds_the_scatter(morris: dict[str, Any]) -> None:
    """A bar is as long as μ*, its whiskers are its interval, and the diamond stands at σ."""
    (axes,) = sensitivity(morris).axes
    indices = morris["outcomes"][0]["indices"]
    assert widths(axes) == sorted(index["mu_star"] for index in indices)
    assert whiskers(axes) == {tuple(index["mu_star_interval"]) for index in indices}
    diamonds = sorted(float(line.get_xdata()[0]) for line in axes.lines if line.get_marker() == "D")  # type: ignore[index, arg-type]
    assert diamonds == sorted(index["sigma"] for index in indices)


def test_sobol_bars_are_first_and_total_indices(sobol: dict[str, Any]) -> None:
    """Each quantity has two bars, named on the first row."""
    figure = sensitivity(sobol)
    (axes,) = figure.axes
    indices = sobol["outcomes"][0]["indices"]
    assert widths(axes) == sorted(index[name] for index in indices for name in ("first", "total"))
    assert {"alone", "with interactions"} <= set(texts(figure))


def test_rows_are_in_the_order_of_their_size(tornado: dict[str, Any]) -> None:
    """The quantity with the longest bars in the first panel stands on top."""
    figure = sensitivity(tornado)
    table = sorted(rows(tornado, tornado["outcomes"][0]), key=lambda row: -row.size)
    names = [label.get_text().replace("\n", "") for label in figure.axes[0].get_yticklabels()]
    assert names == [row.label.replace("\n", "") for row in table]


def test_outcomes_can_be_chosen_and_others_are_refused(tornado: dict[str, Any]) -> None:
    """By name one panel is drawn; an unknown name is told with what was meant."""
    assert len(sensitivity(tornado, outcomes=["rung.intercepted"]).axes) == 1
    with pytest.raises(InputError, match="did you mean"):
        sensitivity(tornado, outcomes=["rung.flare"])
    with pytest.raises(InputError, match="nothing to draw"):
        sensitivity(tornado | {"outcomes": []})


def test_the_footer_says_what_was_swept(tornado: dict[str, Any]) -> None:
    """Scenario, hash, seed, replications and points stand below."""
    told = f"hash {tornado['hash']}  ·  seed 1  ·  n = 60 replications × {tornado['points']} points"
    assert any(told in text for text in texts(sensitivity(tornado)))


def test_the_same_analysis_is_the_same_bytes(tmp_path: Path, morris: dict[str, Any]) -> None:
    """Twice drawn it is the same file."""
    for name in ("one", "two"):
        style.save(sensitivity(morris), tmp_path / f"{name}.svg")
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()


def test_no_text_is_cut_off_or_covers_another(
    tornado: dict[str, Any], morris: dict[str, Any], sobol: dict[str, Any]
) -> None:
    """Every text has its room, also where a quantity has a long label."""
    for found in (tornado, morris, sobol):
        check_room(sensitivity(found))
    inputs = [each | {"label": "a quantity that needs many words to be told"} for each in morris["inputs"]]
    check_room(sensitivity(morris | {"inputs": inputs}))
