"""Panels of a figure for a projector: 16 by 9 inches, placed in points from the upper left corner, with titles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from plots import style
from plots.placing import Placer

WIDTH_PT: Final = 16.0 * 72.0
HEIGHT_PT: Final = 9.0 * 72.0
HEAD_PT: Final = 18.0


def screen(height_pt: float = HEIGHT_PT) -> Figure:
    """Return an empty figure of a projector's width, 16 : 9 unless a height is given."""
    return style.new_figure(WIDTH_PT / 72.0, height_pt / 72.0)


def panel(figure: Figure, left_pt: float, top_pt: float, width_pt: float, height_pt: float) -> Axes:
    """Return axes in a box whose upper left corner is so far from the figure's."""
    across, down = figure.get_figwidth() * 72.0, figure.get_figheight() * 72.0
    box = (left_pt / across, 1.0 - (top_pt + height_pt) / down, width_pt / across, height_pt / down)
    axes = figure.add_axes(box)
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def write(figure: Figure, left_pt: float, top_pt: float, text: str, **look: Any) -> None:
    """Write a text whose upper left corner is so far from the figure's, unless `ha` and `va` say otherwise."""
    across, down = figure.get_figwidth() * 72.0, figure.get_figheight() * 72.0
    placed: dict[str, Any] = {"ha": "left", "va": "top", "fontsize": style.TEXT_PT}
    figure.text(left_pt / across, 1.0 - top_pt / down, text, **(placed | look))


def head(figure: Figure, text: str, below: str = "", left_pt: float = 20.0) -> None:
    """Write the figure's title, and under it what it shows, or how to read it; smaller where the text is long."""
    for words, top_pt, look in (
        (text, 10.0, {"fontsize": HEAD_PT, "fontweight": "bold"}),
        (below, 37.0, {"fontsize": style.TEXT_PT + 0.5, "color": style.GREY}),
    ):
        size = Placer(figure).size_pt(words, **look)[0] if words else 0.0
        share = (figure.get_figwidth() * 72.0 - 2 * left_pt) / max(size, 1.0)
        least = style.SMALL_PT / float(str(look["fontsize"]))
        if share < least:  # too long even in the smallest letters
            words = f"{words[: int(len(words) * share / least * 0.95)].rstrip()}…"
        look["fontsize"] = min(1.0, max(share, least)) * float(str(look["fontsize"]))
        write(figure, left_pt, top_pt, words, **look)


def percent_axis(axes: Axes) -> None:
    """Set a y axis of shares from 0 to 100 %, with pale lines across."""
    axes.set_ylim(0, 1)
    axes.set_yticks([0, 0.2, 0.4, 0.6, 0.8, 1.0], ["0 %", "20 %", "40 %", "60 %", "80 %", "100 %"])
    axes.yaxis.grid(True, color=style.PALE, linewidth=0.8)
    axes.set_axisbelow(True)


def apart(places: Sequence[float], least: float, low: float, high: float) -> list[float]:
    """Return places moved as little as need be to stand at least so far from each other, in bounds if that can be.

    >>> apart([1.0, 1.2, 5.0], 1.0, 0.0, 6.0)
    [0.6, 1.6, 5.0]
    """
    order = sorted(range(len(places)), key=lambda i: places[i])
    groups: list[tuple[list[int], float]] = []  # members, and where the first of them stands
    for i in order:
        members, first = [i], places[i]
        while groups and groups[-1][1] + len(groups[-1][0]) * least > first:
            members = groups.pop()[0] + members
            first = sum(places[m] - n * least for n, m in enumerate(members)) / len(members)
        groups.append((members, first))
    moved = [0.0] * len(places)
    below = low
    for members, first in groups:
        first = min(max(first, below), high - (len(members) - 1) * least)
        for n, member in enumerate(members):
            moved[member] = round(first + n * least, 12)
        below = first + len(members) * least
    return moved


def share_text(share: float, interval: tuple[float, float], count: int, of: int) -> str:
    """Return a share in words with its 95 % interval; never a bare 0 or 100 %.

    >>> share_text(0.934, (0.917, 0.948), 934, 1000), share_text(1.0, (0.9962, 1.0), 1000, 1000)
    ('93 % (92–95 %)', 'all (over 99.6 %)')
    >>> share_text(0.98, (0.976, 0.984), 4753, 4850)
    '97.6–98.4 %'
    """
    low, high = (100 * end for end in interval)
    if count == 0:
        return f"none (under {_bound(high, up=True)} %)"
    if count == of:
        return f"all (over {_bound(low, up=False)} %)"
    digits = 0 if 1 <= 100 * share <= 99 else 1 if 0.1 <= 100 * share <= 99.9 else 2
    if f"{low:.{digits}f}" == f"{high:.{digits}f}":  # the ends say it all
        return f"{low:.{digits + 1}f}–{high:.{digits + 1}f} %"
    return f"{100 * share:.{digits}f} % ({low:.{digits}f}–{high:.{digits}f} %)"


def _bound(value: float, *, up: bool) -> str:
    """Round a bound outwards to one digit after the point."""
    tenths = -(-value * 10 // 1) if up else value * 10 // 1
    return f"{tenths / 10:g}"
