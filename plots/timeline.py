"""The time axis that panels share: local clock times, stays in airspace as shaded spans, and panel titles."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend_handler import HandlerLine2D
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from plots import style
from plots.encounter import Encounter, Stay
from plots.placing import Placer
from sim.clock import DAY_S

MAJOR_S = (60, 120, 300, 600, 900, 1800, 3600, 7200)
MOST_MAJOR = 16
KEY_PT = 16.0  # from one row of a key to the next
HANDLE_EM, HANDLE_GAP_EM, COLUMN_GAP_EM, TITLE_GAP_PT = 1.6, 0.5, 1.4, 14.0
TITLE: Final[dict[str, Any]] = {"fontsize": style.TITLE_PT, "fontweight": "bold"}
TWO_POINTS: Final = "two points"
"""The group of a key's line that has its mark at both ends."""
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


def title(figure: Figure, axes: Axes, letter: str, text: str, rows: Sequence[object] = ()) -> None:
    """Write a panel's letter and title above its axes, beside the first row of its key if that has several."""
    box = axes.get_position()
    y = box.y1 + (6.0 + KEY_PT * max(0, len(rows) - 1)) / 72.0 / figure.get_figheight()
    figure.text(box.x0, y, f"{letter}   {text}", va="bottom", ha="left", **TITLE)


def side_text(axes: Axes, x: float, y: float, text: str, **look: Any) -> None:
    """Write beside an axes: x in shares of its width, y in data."""
    axes.text(x, y, text, transform=axes.get_yaxis_transform(), va="center", **look)


Handle = Patch | Line2D


def key_rows(handles: Sequence[Handle], text: str, placer: Placer, room_pt: float) -> list[list[Handle]]:
    """Return the handles of a key in rows: the first beside a panel's title, as many as need be below it."""
    beside_pt = room_pt - placer.size_pt(f"A   {text}", **TITLE)[0] - TITLE_GAP_PT
    labels_pt = [placer.size_pt(str(each.get_label()), fontsize=style.SMALL_PT)[0] for each in handles]
    widths_pt = [wide + style.SMALL_PT * (HANDLE_EM + HANDLE_GAP_EM + COLUMN_GAP_EM) for wide in labels_pt]
    rows = _packed(widths_pt, beside_pt, room_pt)
    if len(rows) > 1:  # rows of about one length, where that needs no more of them
        even_pt = sum(widths_pt) / len(rows) + max(widths_pt) / 2
        even = _packed(widths_pt, min(beside_pt, even_pt), room_pt)
        rows = even if len(even) == len(rows) else rows
    return [[handles[i] for i in row] for row in rows]


def _packed(widths_pt: Sequence[float], first_pt: float, room_pt: float) -> list[list[int]]:
    """Return numbers of what stands in each row, filled one by one, the first shorter than the others."""
    rows: list[list[int]] = [[]] if widths_pt else []
    left_pt = first_pt
    for number, width_pt in enumerate(widths_pt):
        if width_pt > left_pt:
            rows.append([])
            left_pt = room_pt
        rows[-1].append(number)
        left_pt -= width_pt
    return rows


def keys_pt(rows: Sequence[Sequence[Handle]]) -> float:
    """Return the height in points that a key needs beyond a panel's title."""
    return KEY_PT * max(0, len(rows) - 1)


def key(figure: Figure, axes: Axes, rows: Sequence[Sequence[Handle]]) -> None:
    """Write a key of rows at the right end of a panel's title line and below that."""
    box = axes.get_position()
    for number, row in enumerate(reversed(rows)):
        y = box.y1 + (3.0 + KEY_PT * number) / 72.0 / figure.get_figheight()
        figure.legend(
            handles=list(row),
            handler_map={each: HandlerLine2D(numpoints=2) for each in row if each.get_gid() == TWO_POINTS},
            loc="lower right",
            bbox_to_anchor=(box.x1, y),
            ncols=max(1, len(row)),
            fontsize=style.SMALL_PT,
            frameon=False,
            borderpad=0,
            borderaxespad=0,
            handletextpad=HANDLE_GAP_EM,
            columnspacing=COLUMN_GAP_EM,
            handlelength=HANDLE_EM,
        )
