"""What is printed of many replications: three quantiles, two shares and a verdict for every fact."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import pytest

from sim import spread
from sim.scenario import read
from sim.spread_report import show_spread
from sim.terminal import reported_text
from tests.printing import printed

COUNT = 40


@cache
def summary(name: str = "july-2019", count: int = COUNT) -> dict[str, Any]:
    """Return the spread of so many replications of a bundled scenario."""
    return spread.of(*read(name), 1, count)


def shown(columns: int, told: dict[str, Any] | None = None) -> list[str]:
    """Return the lines of a summary, that of july-2019 if none is given."""
    return printed(columns, show_spread, summary() if told is None else told)


def one(**changes: Any) -> dict[str, Any]:
    """Return a summary of 1,000 replications with one fact and one rung, with changes to the fact."""
    fact = {
        **{"role": "check", "statement": "It came", "reported": "before 09:09:00", "disputed": False},
        **{"happened_share": 0.992, "happened_interval": [0.9843, 0.9959], "within_share": 0.971},
        **{"p05_p50_p95": ["09:01:29+09:00", "09:01:57+09:00", "09:03:35+09:00"], "covers": True},
    }
    rung = {"name": "up", "n": 1000, "reached": 6, "share": 0.006, "share_interval": [0.00275, 0.013]}
    return {
        **{"scenario": "mine", "hash": "0", "seed": 1, "replications": 1000, "handed_over": 0},
        "reported": [fact | changes],
        "rungs": [rung | {"p05_p50_p95": None}],
    }


@pytest.mark.parametrize("columns", [80, 140])
def test_a_fact_shows_three_quantiles_two_shares_and_wilsons_interval(columns: int) -> None:
    """Under one head stand 5, 50 and 95 %; beside them the share with its interval, and the share that met it."""
    lines = shown(columns, one())
    (head,) = (line for line in lines if line.split()[6:7] == ["reported"])
    (row,) = (line for line in lines if "09:01:57" in line)
    assert head.split()[:8] == ["5", "–", "50", "–", "95", "%", "reported", "happened"]
    told = "09:01:29  09:01:57  09:03:35  before 09:09  99.2 (98.4–99.6)   97.1  yes"
    assert told in row
    assert head.index("covers") == row.index("yes")


@pytest.mark.parametrize("columns", [80, 100, 110, 116, 140])
def test_every_fact_of_july_is_printed_whole(columns: int) -> None:
    """Nothing is wider than the terminal or cut short, and every statement, quantile and share is there."""
    lines = shown(columns)
    assert max(map(len, lines)) <= columns
    assert not any("…" in line for line in lines)
    text = " ".join(" ".join(lines).split())
    for row in summary()["reported"]:
        assert reported_text(row["reported"]) in text
        if row["p05_p50_p95"] is not None and columns != 110:  # where a statement is on two lines
            levels = [value[:8] if isinstance(value, str) else f"{value:g}" for value in row["p05_p50_p95"]]
            assert (" ".join(levels) if len(set(levels)) > 1 else levels[0]) in text
            assert row["statement"] in text


def test_a_fact_is_one_line_from_some_110_columns_on() -> None:
    """On a narrow terminal its numbers stand below its statement; on a wide one beside it."""
    for columns, wide in ((80, False), (109, False), (110, True), (116, True), (140, True)):
        lines = shown(columns)
        (line,) = (line for line in lines if "Warning shots were fired" in line)
        assert ("(" in line) is wide
    rows = [row["statement"] for row in summary()["reported"]]
    assert all(any(statement in line and "(" in line for line in shown(116)) for statement in rows)


def test_where_all_quantiles_are_equal_one_is_printed() -> None:
    """It stands in the middle; what has none is a dash."""
    same = shown(80, one(p05_p50_p95=[3.0, 3.0, 3.0], reported=3.0))
    assert any(re.match(" +3 +3 +99.2", line) for line in same)
    assert any(re.match(" +- +before", line) for line in shown(80, one(p05_p50_p95=None)))


@pytest.mark.parametrize(
    ("share", "interval", "text"),
    [
        (0.0, [0.0, 0.0038], "0 (0–0.4)"),
        (1.0, [0.9962, 1.0], "100 (99.6–100)"),
        (1.0, [0.99999, 1.0], "100 (>99.9–100)"),
        (0.00001, [0.000004, 0.0009], "<0.1 (<0.1–0.1)"),
        (0.0061, [0.00577, 0.00644], "0.61 (0.58–0.64)"),
    ],
)
def test_a_share_is_never_told_as_certain(share: float, interval: list[float], text: str) -> None:
    """Neither the share nor an end is rounded to 0 or 100 %, and the two ends are never printed alike."""
    told = one(happened_share=share, happened_interval=interval)
    assert any(f" {text} " in line for line in shown(80, told))


def test_rungs_show_share_interval_and_median() -> None:
    """A rung's line has how many of how many, the share with its interval, and three quantiles of the first time."""
    assert any(re.match("up +6/1000 +0.6 [(]0.3–1.3[)] +-", line) for line in shown(80, one()))
    (row,) = (row for row in summary()["rungs"] if row["name"] == "detected")
    (line,) = (line for line in shown(80) if line.startswith("detected"))
    assert line.split()[-3:] == [time[:8] for time in row["p05_p50_p95"]]


def test_the_columns_are_explained_below() -> None:
    """A few words say over which replications quantiles and shares are; without facts there is nothing to say."""
    text = " ".join(shown(80))
    assert "of counts and sums over all, with 0 where nothing happened" in text
    assert "met: the share within the tolerance" in text
    assert "tolerance" not in " ".join(shown(80, summary("first-intercept")))


@pytest.mark.parametrize(
    ("handed_over", "told"), [(1000, "100 %"), (996, "100 %"), (123, "12 %"), (4, "0.4 %")]
)
def test_the_share_that_was_handed_over_is_a_plain_number(handed_over: int, told: str) -> None:
    """Also where it is all of them."""
    lines = shown(80, one() | {"handed_over": handed_over})
    assert any(line.startswith(f"{told} of the replications could not be composed") for line in lines)
