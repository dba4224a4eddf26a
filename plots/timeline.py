"""The time axis that panels share: local clock times, stays in airspace as shaded spans, and panel titles."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from plots import style
from plots.encounter import Encounter, Stay
from sim.clock import DAY_S

MAJOR_S = (60, 120, 300, 600, 900, 1800, 3600, 7200)
MOST_MAJOR = 16
DATES_PT = 22.0  # from the axis down to the line below its times
LEAST_DAY_SHARE = 0.1  # of the axis: a day that is shorter at its beginning goes without its date


def clock_axis(axes: Axes, encounter: Encounter, *, labels: bool) -> None:
    """Set an x axis in seconds from the start of the window, with ticks at whole local times."""
    clock = encounter.clock
    first, last = encounter.seconds(encounter.begins), encounter.seconds(encounter.ends)
    axes.set_xlim(first, last)
    if not labels:  # a tick that is not seen costs as much as one that is
        axes.set_xticks([])
        return
    major = next((s for s in MAJOR_S if (last - first) / s <= MOST_MAJOR), MAJOR_S[-1])
    minor = next((s for s in MAJOR_S if major % s == 0 and (last - first) / s <= 8 * MOST_MAJOR), major)
    midnight = clock.start.hour * 3600 + clock.start.minute * 60 + clock.start.second
    axes.set_xticks(_whole(first, last, major, midnight))
    axes.set_xticks(_whole(first, last, minor, midnight), minor=True)
    texts = [
        f"{(t + midnight) // 3600 % 24:02.0f}:{(t + midnight) // 60 % 60:02.0f}" for t in axes.get_xticks()
    ]
    axes.set_xticklabels(texts)
    axes.tick_params(axis="x", which="major", length=6)
    axes.tick_params(axis="x", which="minor", length=3)
    _name_clock(axes, encounter)


def _name_clock(axes: Axes, encounter: Encounter) -> None:
    """Name the zone and the date below an axis; where midnight passes, each date stands where its day begins."""
    clock, (first, last) = encounter.clock, axes.get_xlim()
    offset = clock.start.isoformat()[-6:]
    name = f"local time ({clock.zone}, UTC{offset})" if clock.zone else f"local time (UTC{offset})"
    days = dates(encounter, first, last)
    if len(days) == 1:
        axes.set_xlabel(f"{name}, {days[0][1]}", labelpad=2)
        return
    look: dict[str, Any] = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points", "va": "top"}
    if days[1][0] - first < LEAST_DAY_SHARE * (last - first):
        del days[0]  # the dates would stand in one another, and most of the axis lies on the second day
    for at, day in days:
        place = (0, -DATES_PT) if at > first else (-4, -DATES_PT)
        axes.annotate(day, (at, 0), place, ha="center" if at > first else "left", fontweight="bold", **look)
    gaps = [*pairwise([first, *(at for at, _ in days), last])]
    widest = max(gaps, key=lambda gap: gap[1] - gap[0])
    axes.annotate(name, (sum(widest) / 2, 0), (0, -DATES_PT), ha="center", **look)


def dates(encounter: Encounter, first: float, last: float) -> list[tuple[float, str]]:
    """Return (seconds, date) for each day that a span touches: at the span's begin, then at each midnight in it."""
    start = encounter.clock.start
    opens = start + timedelta(seconds=first)
    found = [(first, opens.date().isoformat())]
    midnight = first - (opens.hour * 3600 + opens.minute * 60 + opens.second)
    while (midnight := midnight + DAY_S) < last:
        found.append((midnight, (start + timedelta(seconds=midnight)).date().isoformat()))
    return found


def _whole(first: float, last: float, every: int, midnight: int) -> list[float]:
    start = -((-(first + midnight)) // every) * every - midnight
    return [start + i * every for i in range(int((last - start) // every) + 1)]


def shade_stays(axes: Axes, encounter: Encounter, stays: Sequence[Stay]) -> None:
    """Shade the spans of the flight's stays in airspace."""
    for stay in stays:
        first, last = encounter.seconds(stay.enters), encounter.seconds(stay.leaves)
        axes.axvspan(first, last, facecolor=style.RED, alpha=0.13, linewidth=0, zorder=0.5)


def title(figure: Figure, axes: Axes, letter: str, text: str) -> None:
    """Write a panel's letter and title above its axes."""
    box = axes.get_position()
    y = box.y1 + 6.0 / 72.0 / figure.get_figheight()
    look = {"fontsize": style.TITLE_PT, "fontweight": "bold", "va": "bottom", "ha": "left"}
    figure.text(box.x0, y, f"{letter}   {text}", **look)  # type: ignore[arg-type]


def side_text(axes: Axes, x: float, y: float, text: str, **look: Any) -> None:
    """Write beside an axes: x in shares of its width, y in data."""
    axes.text(x, y, text, transform=axes.get_yaxis_transform(), va="center", **look)


def key(figure: Figure, axes: Axes, handles: Sequence[Patch | Line2D], right: float | None = None) -> None:
    """Write a one-line key at the right end of a panel's title line."""
    box = axes.get_position()
    y = box.y1 + 3.0 / 72.0 / figure.get_figheight()
    figure.legend(
        handles=list(handles),
        loc="lower right",
        bbox_to_anchor=(box.x1 if right is None else right, y),
        ncols=len(handles),
        fontsize=style.SMALL_PT,
        frameon=False,
        borderpad=0,
        borderaxespad=0,
        handletextpad=0.5,
        columnspacing=1.4,
        handlelength=1.6,
    )
