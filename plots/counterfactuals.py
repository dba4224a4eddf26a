"""Counterfactuals: the ladder of the baseline beside ladders with one change each, from the same draws."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from plots import style
from plots.panels import head, panel, screen, share_text, write
from plots.placing import Placer, wrapped
from sim.ladders import Ladder, Ladders, RungShare

LEFT_PT, RIGHT_PT, BOTTOM_PT = 178.0, 20.0, 58.0
GAP_PT = 18.0
TEXT_PT = 8.0
"""From the end of the bars to the numbers, and from these to the end of the panel."""
LEAST_ROW_PT = 17.0
LINE_LETTERS = 34
MOST_LINES = 3


@style.in_house_style
def counterfactuals(found: Ladders) -> Figure:
    """Draw the share that reaches each rung: of the baseline, and of each variant over the dashed baseline.

    Whiskers are 95 % Wilson intervals; the numbers are paired differences in percentage points with their 95 %
    interval, bold where it does not hold 0.
    """
    columns, rows = _shape(1 + len(found.variants))
    titles = ["Baseline", *(_title(each.label, columns) for each in found.variants)]
    title_pt = 14.0 + 17.0 * max(title.count("\n") + 1 for title in titles)
    top_pt = 62.0 + title_pt
    rung_count = max(1, len(found.baseline.rungs))
    row_pt = max(LEAST_ROW_PT, ((648.0 - top_pt - BOTTOM_PT + title_pt) / rows - title_pt) / rung_count)
    panel_pt = row_pt * rung_count
    height = max(648.0, top_pt + rows * (panel_pt + title_pt) - title_pt + BOTTOM_PT)
    figure = screen(height)
    head(
        figure,
        f"What would one change have changed?  {found.baseline.label}",
        "Share of replications that reach each rung. Dashed: the baseline, with the same draws. Numbers: difference "
        "in points, paired, 95 %; bold: not 0.",
    )
    width = (figure.get_figwidth() * 72.0 - LEFT_PT - RIGHT_PT - (columns - 1) * GAP_PT) / columns
    numbers = [
        _numbers(ladder, is_baseline=ladder is found.baseline) for ladder in (found.baseline, *found.variants)
    ]
    placer = Placer(figure)
    room_pt = max(placer.size_pt(text, **look)[0] for each in numbers for text, look in each) + 2 * TEXT_PT
    for place, ladder in enumerate([found.baseline, *found.variants]):
        row, column = divmod(place, columns)
        left = LEFT_PT + column * (width + GAP_PT)
        top = top_pt + row * (panel_pt + title_pt)
        axes = panel(figure, left, top, width, panel_pt)
        look: dict[str, Any] = {"fontsize": style.TITLE_PT - 1, "fontweight": "bold", "va": "bottom"}
        write(figure, left, top - 4, titles[place], linespacing=1.05, **look)
        axes.set_xlim(0, width / (width - room_pt))
        _draw_ladder(axes, ladder, found.baseline, is_baseline=place == 0)
        for rung, (text, look) in enumerate(numbers[place]):
            axes.annotate(text, (1, rung), (TEXT_PT, 0), textcoords="offset points", **look)
        _label_rungs(axes, ladder, names=column == 0)
        last = place + columns > len(found.variants)
        axes.set_xticks([0, 0.5, 1.0], ["0 %", "50 %", "100 %"] if last else [])
    style.footer(figure, found.made)
    return figure


def _shape(count: int) -> tuple[int, int]:
    """Return columns and rows of the panels."""
    columns = min(count, 2 if count <= 4 else 3)
    return columns, math.ceil(count / columns)


def _title(text: str, columns: int) -> str:
    lines = wrapped(text, LINE_LETTERS if columns == 3 else 54).splitlines()
    return "\n".join(lines[:MOST_LINES]) + ("…" if len(lines) > MOST_LINES else "")


def _draw_ladder(axes: Axes, ladder: Ladder, baseline: Ladder, *, is_baseline: bool) -> None:
    count = len(ladder.rungs)
    axes.set_ylim(-0.5, max(0, count - 1) + 0.5)
    axes.spines["bottom"].set_bounds(0, 1)
    for x in (0.5, 1.0):
        axes.axvline(x, color=style.PALE, linewidth=0.8, zorder=0.5)
    y = np.arange(count)
    color = style.GREY if is_baseline else style.BLUE
    shares = [rung.share for rung in ladder.rungs]
    axes.barh(y, shares, height=0.62, color=color, alpha=0.35, linewidth=0, zorder=1)
    for place, rung in enumerate(ladder.rungs):
        axes.plot(
            rung.interval, [place, place], color=style.INK, linewidth=1.6, marker="|", markersize=8, zorder=4
        )
        axes.plot([rung.share], [place], "o", color=color, markersize=6.5, zorder=5)
    if not is_baseline:
        edges = [place + side for place in range(count) for side in (-0.5, 0.5)]
        stairs = [rung.share for rung in baseline.rungs for _ in range(2)]
        axes.plot(
            stairs, edges, color=style.INK, linewidth=1.7, linestyle=(0, (4, 2)), zorder=3, label="baseline"
        )


def _numbers(ladder: Ladder, *, is_baseline: bool) -> list[tuple[str, dict[str, Any]]]:
    """Return what stands right of each bar, and how it looks."""
    found = []
    for rung in ladder.rungs:
        look: dict[str, Any] = {"fontsize": style.SMALL_PT, "va": "center"}
        if is_baseline:
            text = share_text(rung.share, rung.interval, rung.reached, rung.replications)
        else:
            text = points(rung)
            clear = rung.difference_interval[0] > 0 or rung.difference_interval[1] < 0
            look |= {"fontweight": "bold" if clear else "normal", "color": style.INK if clear else style.GREY}
        found.append((text, look))
    return found


def _label_rungs(axes: Axes, ladder: Ladder, *, names: bool) -> None:
    axes.set_yticks(range(len(ladder.rungs)), [rung.name if names else "" for rung in ladder.rungs])
    axes.tick_params(axis="y", length=0)


def points(rung: RungShare) -> str:
    """Return a paired difference in percentage points with its interval.

    >>> points(RungShare("shots", 500, 1000, -0.43, (-0.46, -0.4), 430)), points(RungShare("flares", 9, 10))
    ('−43 (−46 to −40)', 'as before')
    >>> points(RungShare("face-off", 9, 1000, -0.003, (-0.007, -0.0004), 3))
    '−0.30 (−0.70 to −0.04)'
    """
    if not rung.moved:
        return "as before"
    low, high = rung.difference_interval
    digits = 0 if high - low > 0.02 or abs(rung.difference_share) >= 0.1 else 1
    told = [100 * each for each in (rung.difference_share, low, high)]
    # An end that would read as nought says too little: is it on this side of nought, or on that?
    digits += any(each and not round(each, digits) for each in told)
    middle, low_text, high_text = (_signed(each, digits) for each in told)
    return f"{middle} ({low_text} to {high_text})"


def _signed(value: float, digits: int) -> str:
    return f"{'−' if value < 0 else '+' if value > 0 else '±'}{abs(value):.{digits}f}"
