"""The time axis that panels share: local clock times, stays in airspace as shaded spans, and panel titles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from plots import style
from plots.encounter import Encounter, Stay

MAJOR_S = (60, 120, 300, 600, 900, 1800, 3600, 7200)
MOST_MAJOR = 16


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
    offset = clock.start.isoformat()[-6:]
    zone = f"{clock.zone}, UTC{offset}" if clock.zone else f"UTC{offset}"
    day = clock.start.date().isoformat()
    axes.set_xlabel(f"local time ({zone}), {day}", labelpad=2)


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
