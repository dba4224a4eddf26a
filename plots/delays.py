"""Delays: the share of an outcome over two swept quantities, with the uncertainty of its contours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray

from plots import style
from plots.panels import head, panel, percent_axis, screen, share_text, write
from plots.placing import Placer, around, wrapped
from sim.provenance import number_of
from sim.surface import Alternative, Axis, Surface

Floats = NDArray[np.float64]

LEFT_PT, TOP_PT, MAP_PT, HIGH_PT = 96.0, 84.0, 560.0, 488.0
BAR_LEFT_PT, SIDE_LEFT_PT, SIDE_PT = 676.0, 872.0, 222.0
LEVELS = (0.5, 0.9, 0.1, 0.75, 0.25)
"""Shares along which contours run, where they occur: the first `MOST_LEVELS` of them."""
MOST_LEVELS = 3
FINE = 120
"""Steps of the grid on which contours are drawn, at the least."""
MOST_TICKS = 8
FILL = ListedColormap(colormaps["YlOrBr"](np.linspace(0.02, 0.92, 10)), "share")
"""Ten steps of 10 %, each darker than the one below it, also in grey."""


@style.in_house_style
def delays(
    found: Surface, marks: Sequence[Alternative] = (), *, levels: Sequence[float] | None = None
) -> Figure:
    """Draw a share over two quantities: cells, contours at some levels with their 95 % bands, and named points.

    Levels are shares; unless given, up to three round ones that occur.

    A band is where the Wilson interval of the cells holds the level.  Beside the map stands each named point with
    its share and interval, at the design point nearest to it.
    """
    levels = _levels(found) if levels is None else levels
    figure = screen()
    head(figure, found.title or f"Share with {found.label} over two quantities", _how(found, levels))
    axes = panel(figure, LEFT_PT, TOP_PT, MAP_PT, HIGH_PT)
    _draw_cells(axes, found)
    axes.set_xlabel(_title(found.x, 64))
    axes.set_ylabel(_title(found.y, 54))
    placer = Placer(figure)
    named = [*([found.base] if found.base is not None else []), *marks]
    for mark in named:
        placer.avoid_place(axes, mark.x, mark.y, 9.0)
    for level in levels:
        _draw_level(axes, found, level, placer)
    for mark in named:
        _draw_mark(axes, mark, placer)
    _draw_scale(figure, found)
    _draw_named(figure, found, named)
    style.footer(figure, found.made, *_unlike(found))
    return figure


def _title(axis: Axis, width: int) -> str:
    return wrapped(axis.title, width)


def _levels(found: Surface) -> list[float]:
    """Return the shares along which contours can run, in rising order."""
    least, most = float(np.nanmin(found.share)), float(np.nanmax(found.share))
    return sorted([level for level in LEVELS if least < level < most][:MOST_LEVELS])


def _how(found: Surface, levels: Sequence[float]) -> str:
    cells = f"Each cell is a design point of {number_of(found.made.replications, 'replication')}"
    if not levels:
        return f"{cells}."
    told = ", ".join(f"{100 * level:g}" for level in levels)
    return f"{cells}. Lines: {told} %; between the dashes a cell's 95 % interval still holds that share."


def _unlike(found: Surface) -> list[str]:
    told = []
    least = int(found.replications[found.replications > 0].min(initial=found.made.replications))
    if least < found.made.replications:
        told.append(f"some points only {least:,}")
    missing = int(np.isnan(found.share).sum())
    return [*told, *([f"{number_of(missing, 'point')} missing (hatched)"] if missing else [])]


def edges(values: Sequence[float]) -> Floats:
    """Return the edges of cells round rising values: half-way between two, and as far beyond the outer ones.

    >>> edges([0, 10, 30]).tolist()
    [-5.0, 5.0, 20.0, 40.0]
    """
    at = np.asarray(values, dtype=np.float64)
    middle = (at[1:] + at[:-1]) / 2
    return np.concatenate([[2 * at[0] - middle[0]], middle, [2 * at[-1] - middle[-1]]])


def _draw_cells(axes: Axes, found: Surface) -> None:
    axes.set_facecolor("white")
    across, up = edges(found.x.values), edges(found.y.values)
    for row, column in zip(*np.nonzero(np.isnan(found.share)), strict=True):
        look: dict[str, Any] = {
            "facecolor": "white",
            "edgecolor": style.LINE,
            "hatch": "////",
            "linewidth": 0,
        }
        axes.fill_between(across[column : column + 2], up[row], up[row + 1], **look)
    norm = BoundaryNorm(np.linspace(0, 1, 11), FILL.N)
    axes.pcolormesh(
        across, up, np.ma.masked_invalid(found.share), cmap=FILL, norm=norm, zorder=1, rasterized=True
    )
    axes.set_xlim(across[0], across[-1])
    axes.set_ylim(up[0], up[-1])
    axes.spines[["top", "right"]].set_visible(True)
    axes.tick_params(length=5)
    if len(found.x.values) <= MOST_TICKS:
        axes.set_xticks(found.x.values, [f"{value:g}" for value in found.x.values])
    if len(found.y.values) <= MOST_TICKS:
        axes.set_yticks(found.y.values, [f"{value:g}" for value in found.y.values])


def refined(found: Surface, grid: Floats) -> tuple[Floats, Floats, Any]:
    """Return (x, y, values) of a grid on a finer one up to the edges of its cells, between its points on lines.

    What lies within half a cell of the frame is as at the outermost points; where a point is missing it is masked.
    """
    x, y = (_fine(axis) for axis in (found.x, found.y))
    up = np.stack([np.interp(y, found.y.values, column) for column in grid.T], axis=1)
    grid = np.stack([np.interp(x, found.x.values, row) for row in up])
    return x, y, np.ma.masked_invalid(grid)


def _fine(axis: Axis) -> Floats:
    at = edges(axis.values)
    return np.linspace(at[0], at[-1], max(FINE, 4 * len(axis.values)) + 1)


def _draw_level(axes: Axes, found: Surface, level: float, placer: Placer) -> None:
    """Draw the contour of one share and the band in which the intervals of the cells hold it."""
    x, y, share = refined(found, found.share)
    low, high = (refined(found, each)[2] for each in (found.low, found.high))
    within = np.ma.maximum(low - level, level - high)  # at most 0 where low <= level <= high
    if within.min() < 0 < within.max():
        with matplotlib.rc_context({"hatch.color": "white", "hatch.linewidth": 1.3}):
            axes.contourf(x, y, within, levels=[-2.0, 0.0], colors="none", hatches=["//"], zorder=2)
        thin: dict[str, Any] = {"colors": [style.INK], "linewidths": 1.2, "linestyles": [(0, (4, 2.5))]}
        axes.contour(x, y, within, levels=[0.0], zorder=2.5, **thin)
    if not share.min() < level < share.max():
        return
    lines = axes.contour(x, y, share, levels=[level], colors=[style.INK], linewidths=2.4, zorder=3)
    lines.set_path_effects([*style.halo(4.2)])  # black on the darkest cells
    ways = [way for way in lines.allsegs[0] if len(way) > 1]
    for way in ways:
        placer.avoid_line(axes, way[:, 0], way[:, 1], 0.5)
    if ways:
        longest = max(ways, key=len)
        spots = [
            spot
            for i in range(0, len(longest), max(1, len(longest) // 12))
            for spot in around(float(longest[i][0]), float(longest[i][1]), 5, 10)
        ]
        look: dict[str, Any] = {"fontsize": style.TEXT_PT, "fontweight": "bold", "zorder": 6}
        placer.place(axes, f"{100 * level:g} %", spots, path_effects=style.halo(3.5), **look)


def _draw_mark(axes: Axes, mark: Alternative, placer: Placer) -> None:
    look: dict[str, Any] = {"markersize": 12, "markerfacecolor": "white", "markeredgecolor": style.INK}
    axes.plot([mark.x], [mark.y], "o", markeredgewidth=2.6, zorder=7, clip_on=False, **look)
    text: dict[str, Any] = {"fontsize": style.TEXT_PT + 0.5, "fontweight": "bold", "zorder": 8}
    spots = around(mark.x, mark.y, 11, 17, 26, 38)
    placer.place(axes, [mark.label, wrapped(mark.label, 16)], spots, path_effects=style.halo(3.5), **text)


def _draw_scale(figure: Figure, found: Surface) -> None:
    """Draw the scale of shares beside the map, with where the points lie."""
    axes = panel(figure, BAR_LEFT_PT, TOP_PT, 26.0, HIGH_PT)
    axes.pcolormesh(
        [0, 1], np.linspace(0, 1, 11), np.linspace(0.05, 0.95, 10)[:, None], cmap=FILL, vmin=0, vmax=1
    )
    percent_axis(axes)
    axes.yaxis.grid(False)
    axes.yaxis.tick_right()
    axes.yaxis.set_label_position("right")
    axes.spines[["top", "right"]].set_visible(True)
    axes.set_xticks([])
    label = wrapped(f"share of replications with {found.label}", 52)
    axes.set_ylabel(label, labelpad=10)


def _draw_named(figure: Figure, found: Surface, named: Sequence[Alternative]) -> None:
    """Write each named point with its share and interval, as a dot with whiskers on one scale."""
    width = SIDE_PT
    write(figure, SIDE_LEFT_PT - 40, TOP_PT - 4, "Named points", fontsize=style.TITLE_PT, fontweight="bold")
    if not named:
        text = wrapped(
            "What the scenario holds is no point of this grid. Name others with --mark “LABEL: x,y”.", 34
        )
        write(figure, SIDE_LEFT_PT - 40, TOP_PT + 24, text, fontsize=style.SMALL_PT, color=style.GREY)
        return
    row_pt = min(96.0, (HIGH_PT - 40.0) / len(named))
    high = row_pt * len(named)
    axes = panel(figure, SIDE_LEFT_PT - 40, TOP_PT + 24, width + 40, high)
    axes.set_xlim(0, 1)
    axes.set_ylim(len(named), 0)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1.0], ["0 %", "25 %", "50 %", "75 %", "100 %"])
    for row, mark in enumerate(named):
        y = row + 1 - 16 / row_pt
        axes.plot(mark.interval, [y, y], color=style.INK, linewidth=2.2, marker="|", markersize=9)
        axes.plot([mark.share], [y], "o", color=style.INK, markersize=8)
        text = share_text(mark.share, mark.interval, mark.happened, mark.replications)
        axes.text(0, y - 52 / row_pt, mark.label, fontweight="bold", fontsize=style.TEXT_PT, va="center")
        where = f"x {mark.x:g} {found.x.unit}, y {mark.y:g} {found.y.unit}".replace(" ,", ",").rstrip()
        if mark.at != (mark.x, mark.y):
            where += f" (nearest point: {mark.at[0]:g}, {mark.at[1]:g})"
        axes.text(0, y - 35 / row_pt, where, fontsize=style.SMALL_PT, color=style.GREY, va="center")
        axes.text(0, y - 18 / row_pt, text, fontsize=style.SMALL_PT, va="center")
    axes.set_xlabel("share, with 95 % interval", fontsize=style.SMALL_PT)
