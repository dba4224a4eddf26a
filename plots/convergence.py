"""Convergence: how an estimated share and its interval settle as replications are added."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter

from plots import style
from plots.panels import head, panel, percent_axis, screen, share_text, write
from plots.placing import Placer, Spot, fan
from sim.convergence import FIRST, Convergence

LEFT_PT, RIGHT_PT, TOP_PT, SHARE_PT, BETWEEN_PT, BOTTOM_PT = 92.0, 190.0, 108.0, 256.0, 52.0, 66.0
MOST_POINTS = 600
"""Drawn of a curve on a logarithmic axis; more would fall upon each other."""


@style.in_house_style
def convergence(found: Convergence) -> Figure:
    """Draw a share with its Wilson interval after 10, ... n replications, and half the width of that interval.

    A line marks from how many replications on the half-width stays within what is wanted.
    """
    figure = screen()
    count = len(found.share)
    head(
        figure,
        f"How many replications are enough for “{found.label}”?",
        f"The same {count:,} replications, counted as they come. Four times as many halve the interval.",
    )
    width = figure.get_figwidth() * 72.0 - LEFT_PT - RIGHT_PT
    low_pt = figure.get_figheight() * 72.0 - TOP_PT - SHARE_PT - BETWEEN_PT - BOTTOM_PT
    upper = panel(figure, LEFT_PT, TOP_PT, width, SHARE_PT)
    lower = panel(figure, LEFT_PT, TOP_PT + SHARE_PT + BETWEEN_PT, width, low_pt)
    for letter, text, top in (
        ("A", "The share so far (line), with its 95 % Wilson interval (band)", TOP_PT),
        ("B", "Half the width of the interval", TOP_PT + SHARE_PT + BETWEEN_PT),
    ):
        look: dict[str, Any] = {"fontsize": style.TITLE_PT, "fontweight": "bold", "va": "bottom"}
        write(figure, LEFT_PT, top - 8, f"{letter}   {text}", **look)
    at = places(count)
    for axes in (upper, lower):
        _count_axis(axes, count)
        if found.enough is not None:
            axes.axvline(
                max(found.enough, FIRST), color=style.INK, linewidth=1.4, linestyle=(0, (4, 2)), zorder=2
            )
    _draw_share(upper, found, at, Placer(figure))
    _draw_width(lower, found, at, Placer(figure))
    upper.set_xticklabels([])
    lower.set_xlabel("replications")
    style.footer(figure, found.made)
    return figure


def places(count: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return the numbers of replications at which a curve is drawn: evenly on a logarithmic axis, the last included."""
    first = min(FIRST, count)
    return np.unique(np.geomspace(first, count, MOST_POINTS).round().astype(np.int64))


def _count_axis(axes: Axes, count: int) -> None:
    axes.set_xscale("log")
    axes.set_xlim(min(FIRST, max(1, count - 1)), max(count, 2))
    decades = [factor * 10**power for power in range(9) for factor in (1, 2, 5)]
    axes.xaxis.set_major_locator(FixedLocator([n for n in decades if FIRST <= n <= count]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda n, _: f"{n:,.0f}"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def _draw_share(axes: Axes, found: Convergence, at: Any, placer: Placer) -> None:
    percent_axis(axes)
    axes.set_ylim(*_limits(found, at))
    low, share, high = found.low[at - 1], found.share[at - 1], found.high[at - 1]
    axes.fill_between(at, low, high, facecolor=style.BLUE, alpha=0.16, linewidth=0, zorder=1)
    for edge in (low, high):
        axes.plot(at, edge, color=style.BLUE, linewidth=0.9, zorder=3)
    axes.plot(at, share, color=style.BLUE, linewidth=2.6, zorder=4)
    final, interval = found.final
    axes.axhline(final, color=style.INK, linewidth=1.0, linestyle=(0, (1, 2)), zorder=2)
    text = f"after all {len(found.share):,}:\n{share_text(final, interval, found.happened, len(found.share))}"
    side = axes.get_yaxis_transform()
    bottom, top = axes.get_ylim()
    y = min(max(final, bottom + 0.08 * (top - bottom)), top - 0.08 * (top - bottom))
    axes.text(1.012, y, text, transform=side, va="center", fontweight="bold",
              fontsize=style.TEXT_PT, color=style.BLUE)  # fmt: skip
    placer.avoid_line(axes, at, share)


def _limits(found: Convergence, at: Any) -> tuple[float, float]:
    """Return the limits of the share's axis: whole tens of percent round the band."""
    low, high = float(found.low[at - 1].min()), float(found.high[at - 1].max())
    return max(0.0, math.floor(low * 10) / 10), min(1.0, math.ceil(high * 10) / 10)


def _draw_width(axes: Axes, found: Convergence, at: Any, placer: Placer) -> None:
    half = 100 * found.half_width[at - 1]
    axes.set_yscale("log")
    least, most = (
        min(float(half.min()), 100 * found.width_share),
        max(float(half.max()), 100 * found.width_share),
    )
    axes.set_ylim(least / 1.5, most * 1.35)
    ticks = [
        t for t in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50) if least / 1.5 <= t <= most * 1.35
    ]
    axes.set_yticks(ticks, [f"± {t:g}" for t in ticks])
    axes.set_ylabel("percentage points")
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_minor_locator(FixedLocator([]))
    axes.yaxis.grid(True, color=style.PALE, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.plot(at, half, color=style.BLUE, linewidth=2.6, zorder=4)
    wanted = 100 * found.width_share
    axes.axhline(wanted, color=style.RED, linewidth=1.8, linestyle=(0, (6, 2)), zorder=3)
    side = axes.get_yaxis_transform()
    look: dict[str, Any] = {"fontsize": style.TEXT_PT, "fontweight": "bold", "color": style.RED}
    enough = found.enough
    told = "not reached" if enough is None else f"from {enough:,}\nreplications on"
    axes.text(
        1.012,
        wanted,
        f"± {wanted:g} point{'s' * (wanted != 1)} wanted:\n{told}",
        transform=side,
        va="center",
        **look,
    )
    placer.avoid_line(axes, at, half)
    placer.avoid_line(axes, [at[0], at[-1]], [wanted, wanted])
    if enough is not None and enough >= FIRST:
        axes.plot([enough], [100 * found.half_width[enough - 1]], "o", color=style.RED, markersize=9,
                  markeredgecolor="white", zorder=6)  # fmt: skip
        spots = [*fan(enough, wanted, 16, 26, 40), Spot(enough, wanted, -14, -14, "right", "top")]
        placer.place(axes, f"{enough:,}", spots, path_effects=style.halo(), zorder=7, **look)
