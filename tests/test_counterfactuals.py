"""Ladders with one change each: what is drawn is what `compare` found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from plots import style
from plots.counterfactuals import counterfactuals
from sim.compare import Variant, compare, labelled
from sim.ladders import Ladders, ladders
from sim.scenario import read
from sim.spread import wilson
from tests.one_pass import check_room, texts

COUNT = 200
CHANGES = (
    "Scramble at once: command.stages.scramble.delay_s=0",
    "The crew turns: crew.bear.turns_share.call=1",
)
LONG = "A change whose label is much longer than what fits above a panel on one line or even on two"


@pytest.fixture(scope="module")
def compared() -> dict[str, Any]:
    """The comparison of two variants."""
    variants = [Variant("first-intercept", *read("first-intercept"))]
    variants += [Variant(name, *read("first-intercept", each)) for name, each in labelled(CHANGES).items()]
    return compare(variants, 1, COUNT)


@pytest.fixture(scope="module")
def found(compared: dict[str, Any]) -> Ladders:
    """Its ladders."""
    return ladders(compared)


@pytest.fixture(scope="module")
def figure(found: Ladders) -> Figure:
    """The picture of them."""
    return counterfactuals(found)


def test_ladders_are_those_of_the_comparison(compared: dict[str, Any], found: Ladders) -> None:
    """Shares and paired differences are the comparison's own, and shares have Wilson intervals."""
    for ladder, told in zip(found.variants, compared["comparisons"], strict=True):
        for base, rung, row in zip(found.baseline.rungs, ladder.rungs, told["rungs"], strict=True):
            assert [base.share, rung.share] == row["shares"]
            assert rung.difference_share == row["share_difference"]
            assert list(rung.difference_interval) == row["share_interval"]
            assert rung.interval == wilson(rung.reached, COUNT)
            assert rung.moved == row["baseline_only"] + row["variant_only"]


def test_bars_and_the_dashed_baseline_stand_at_the_shares(found: Ladders, figure: Figure) -> None:
    """A panel's bars are its shares, and its dashed line goes down the shares of the baseline."""
    base = [rung.share for rung in found.baseline.rungs]
    for axes, ladder in zip(figure.axes, [found.baseline, *found.variants], strict=True):
        bars = [patch.get_width() for patch in axes.patches if hasattr(patch, "get_width")]
        assert bars == [rung.share for rung in ladder.rungs]
        dashed = [line for line in axes.lines if line.get_label() == "baseline"]
        assert len(dashed) == (ladder is not found.baseline)
        for line in dashed:
            assert np.asarray(line.get_xdata())[::2].tolist() == base


def test_differences_are_told_where_there_are_any(found: Ladders, figure: Figure) -> None:
    """A rung that no replication reached otherwise is as before; others tell points with their interval."""
    seen = texts(figure)
    still = sum(not rung.moved for ladder in found.variants for rung in ladder.rungs)
    assert seen.count("as before") == still > 0
    turned = found.variants[1].rungs[-2]
    assert any(f"{100 * turned.difference_share:.0f}".replace("-", "−") in text for text in seen)


def test_any_number_of_variants_and_long_labels_have_room(compared: dict[str, Any]) -> None:
    """From one variant to seven each has its panel, and a label of four lines is cut with three dots."""
    one = compared | {"comparisons": compared["comparisons"][:1]}
    assert len(counterfactuals(ladders(one)).axes) == 2
    many = [compared["comparisons"][0] | {"variant": LONG * 2} for _ in range(7)]
    drawn = counterfactuals(ladders(compared | {"comparisons": many}))
    assert len(drawn.axes) == 8
    titles = [text for text in texts(drawn) if text.startswith("A change whose")]
    assert len(titles) == 7
    assert all(title.endswith("…") and title.count("\n") == 2 for title in titles)


def test_the_same_ladders_are_the_same_bytes(tmp_path: Path, found: Ladders) -> None:
    """Twice drawn it is the same file."""
    for name in ("one", "two"):
        style.save(counterfactuals(found), tmp_path / f"{name}.svg")
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()


def test_no_text_is_cut_off_or_covers_another(compared: dict[str, Any]) -> None:
    """Also with long labels every text has its room."""
    for count in (1, 2, 5):
        each = [compared["comparisons"][0] | {"variant": LONG} for _ in range(count)]
        check_room(counterfactuals(ladders(compared | {"comparisons": each})))


def test_long_numbers_have_room(found: Ladders) -> None:
    """Small differences are told with two digits, three times, and in bold."""
    rungs = tuple(
        replace(rung, difference_share=-0.003, difference_interval=(-0.0066, -0.0004), moved=3)
        for rung in found.variants[0].rungs
    )
    figure = counterfactuals(replace(found, variants=(replace(found.variants[0], rungs=rungs),) * 5))
    assert texts(figure).count("−0.30 (−0.66 to −0.04)") == 5 * len(rungs)
    check_room(figure)
