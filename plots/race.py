"""The race: how soon after an intruder's entry each act of the warning ladder comes, against when it has gone again."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MultipleLocator

from plots import style
from plots.encounter import duration, ordinal
from plots.panels import apart, head, panel, percent_axis, screen, share_text, write
from plots.placing import Placer, Spot
from sim.race import Act, Race, StayRace

LEFT_PT, RIGHT_PT, GAP_PT = 104.0, 22.0, 72.0
TOP_PT, BETWEEN_PT, BOTTOM_PT = 98.0, 26.0, 66.0
ROW_PT, MOST_ROWS_PT = 120.0, 250.0
STRIP = 0.30
"""Width of the strip for those that came too late, as a share of the time axis."""
MOST_STAYS = 3
DOT_PT, SMALL_DOT_PT = 19.0, 8.0
ROW_HEAD_PT = 22.0
"""Kept free above the dots of a row for what is said of it."""
LOOKS: tuple[tuple[str, Any], ...] = (
    (style.DARK_YELLOW, "-"),
    (style.BLUE, (0, (7, 1.6))),
    (style.RED, (0, (1.6, 1.4))),
    (style.INK, (0, (7, 1.5, 1.5, 1.5))),
)
"""Colour and dash pattern of each measure, from the lowest."""
TICKS_S = (10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600)


@style.in_house_style
def race(found: Race, *, dots: int = 20) -> Figure:
    """Draw when the acts of each stay come, as curves and as so many equally likely dots, against the exit.

    The curves are shares of all replications that made the stay, with 95 % Wilson bands; open dots are stays that
    the intruder left first.
    """
    figure = screen()
    shown = found.stays[:MOST_STAYS]
    head(
        figure,
        f"The race against the clock: {found.flight} in {found.zone}",
        "Each replication races against itself: does the act come before its own intruder has left?  "
        f"Dots: {dots} equally likely stays; open = gone first.",
    )
    full = (figure.get_figwidth() * 72.0 - LEFT_PT - RIGHT_PT - GAP_PT * (len(shown) - 1)) / len(shown)
    last_s = max(_last_s(stay) for stay in shown)
    rows_pt = min(ROW_PT * max(len(stay.acts) for stay in shown), MOST_ROWS_PT)
    curves_pt = figure.get_figheight() * 72.0 - TOP_PT - BETWEEN_PT - rows_pt - BOTTOM_PT
    for place, stay in enumerate(shown):
        left = LEFT_PT + place * (full + GAP_PT)
        curves = panel(figure, left, TOP_PT, full, curves_pt)
        rows = panel(figure, left, TOP_PT + curves_pt + BETWEEN_PT, full, rows_pt)
        write(figure, left, TOP_PT - 28.0, _title(stay, found), fontsize=style.TITLE_PT, fontweight="bold")
        for axes in (curves, rows):
            axes.set_xlim(0, last_s * (1 + STRIP))
            _draw_exit(axes, stay, last_s)
        _draw_curves(curves, stay, last_s, Placer(figure), first=place == 0)
        _draw_dots(rows, stay, last_s, dots, first=place == 0)
        rows.set_xlabel("minutes since the entry", x=0.5 / (1 + STRIP))
    more = (
        [] if len(found.stays) <= MOST_STAYS else [f"{len(found.stays) - MOST_STAYS} further stays not shown"]
    )
    style.footer(figure, found.made, *more)
    return figure


def _title(stay: StayRace, found: Race) -> str:
    made = len(stay.inside_s)
    often = "all" if made == found.replications else f"{made:,} of {found.replications:,}"
    return (
        f"{ordinal(stay.number)} stay: {duration(stay.inside_quantile_s(50))} to act (made in {often} runs)"
    )


def _last_s(stay: StayRace) -> float:
    last = max([stay.inside_quantile_s(95), *(float(act.at_s[-1]) for act in stay.acts if act.in_time)])
    return 1.06 * last


def _minutes(axes: Axes, last_s: float) -> None:
    every = next((s for s in TICKS_S if last_s / s <= 6), TICKS_S[-1])
    axes.xaxis.set_major_locator(MultipleLocator(every))
    axes.set_xticks(list(np.arange(0, last_s, every)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda s, _: f"{s // 60:.0f}:{s % 60:02.0f}"))


def _draw_exit(axes: Axes, stay: StayRace, last_s: float) -> None:
    """Draw when the intruder has gone: the 5-95 % span as a band, the median as a line, and the strip beyond."""
    low, middle, high = (stay.inside_quantile_s(percent) for percent in (5, 50, 95))
    axes.axvspan(low, max(high, low + 0.004 * last_s), facecolor=style.PALE, linewidth=0, zorder=0.4)
    axes.axvline(middle, color=style.INK, linewidth=2.4, zorder=3)
    axes.axvspan(last_s, last_s * (1 + STRIP), facecolor=style.GROUND, linewidth=0, zorder=0.2)
    axes.axvline(last_s, color="white", linewidth=4, zorder=0.3)


def _draw_curves(axes: Axes, stay: StayRace, last_s: float, placer: Placer, *, first: bool) -> None:
    percent_axis(axes)
    axes.set_ylim(0, 1.04)
    _minutes(axes, last_s)
    axes.set_xticklabels([])
    if first:
        axes.set_ylabel("share of the stays\nin which it has come by then", labelpad=8)
    middle = stay.inside_quantile_s(50)
    placer.avoid_line(axes, [middle, middle], [0, 1.04], 3.0)
    ends = []
    for act, (color, dash) in zip(stay.acts, LOOKS, strict=False):
        at_s, share, band = act.curve()
        x = np.concatenate([[0.0], at_s, [last_s]])
        y = np.concatenate([[0.0], share, share[-1:] if len(share) else [0.0]])
        low, high = (np.vstack([[[0.0, 0.0]], band, band[-1:]]) if len(share) else np.zeros((2, 2))).T
        axes.fill_between(x, low, high, step="post", facecolor=color, alpha=0.18, linewidth=0, zorder=1)
        axes.step(x, y, where="post", color=color, linestyle=dash, linewidth=2.8, zorder=4, label=act.measure)
        placer.avoid_line(axes, x, y)
        ends.append(float(y[-1]))
    height_pt = axes.bbox.height * placer.scale
    places = apart(ends, 54.0 / height_pt, 0.1, 0.95)
    for act, (color, _), place in zip(stay.acts, LOOKS, places, strict=False):
        told, _, interval = share_text(act.share, act.interval, act.in_time, act.stays).partition(" (")
        text = "\n".join(
            [f"{act.measure} in time", f"in {told}", f"({interval}" if interval else ""]
        ).rstrip()
        look: dict[str, Any] = {"color": color, "fontsize": style.SMALL_PT + 0.5, "fontweight": "bold"}
        axes.text(last_s * 1.015, place, text, va="center", linespacing=1.15, zorder=6, **look)
    for act, (color, _) in zip(stay.acts, LOOKS, strict=False):
        _label_curve(axes, act, color, placer)
    low, high = stay.inside_quantile_s(5), stay.inside_quantile_s(95)
    spread = "" if low == high else f"\n5–95 %: {_clock(low)}–{_clock(high)}"
    spots = [
        Spot(middle, y, dx, 0, ha) for y in (0.16, 0.28, 0.4, 0.52) for dx, ha in ((-8, "right"), (8, "left"))
    ]
    gone = f"half have gone\nat {_clock(middle)}{spread}"
    placer.place(axes, gone, spots, fontsize=style.SMALL_PT, zorder=7, path_effects=style.halo())


def _label_curve(axes: Axes, act: Act, color: str, placer: Placer) -> None:
    """Name a curve beside its steepest stretch."""
    at_s, share, _ = act.curve()
    if not len(at_s):
        return
    levels = [float(share[-1]) * part for part in (0.5, 0.35, 0.65, 0.2, 0.8)]
    at = [int(np.searchsorted(share, level)) for level in levels]
    spots = [
        Spot(float(at_s[i]), float(share[i]), dx, dy, ha, "center")
        for i in at
        for dx, dy, ha in ((9, 0, "left"), (-9, 0, "right"))
    ]
    look: dict[str, Any] = {"color": color, "fontsize": style.TEXT_PT + 1, "fontweight": "bold", "zorder": 7}
    placer.place(axes, act.measure, spots, path_effects=style.halo(), **look)


def _clock(seconds: float) -> str:
    return f"{seconds // 60:.0f}:{seconds % 60:02.0f}"


def _draw_dots(axes: Axes, stay: StayRace, last_s: float, count: int, *, first: bool) -> None:
    """Draw a row of stacked dots for each measure; those that the intruder outran stand in the strip."""
    _minutes(axes, last_s)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_ylim(0, len(stay.acts))
    scale = 72.0 / axes.figure.dpi
    row_pt = axes.bbox.height * scale / len(stay.acts)
    per_pt = last_s * (1 + STRIP) / (axes.bbox.width * scale)
    strip_pt = STRIP * last_s / per_pt
    every = [act.dots(count) for act in stay.acts]
    size = _dot_pt(every, row_pt - ROW_HEAD_PT, strip_pt, per_pt)
    across = max(1, int(strip_pt / size - 0.6))
    for row, (act, times, (color, _)) in enumerate(zip(stay.acts, every, LOOKS, strict=False)):
        base = len(stay.acts) - 1 - row
        axes.axhline(base, color=style.LINE, linewidth=0.8, zorder=0.6)
        look: dict[str, Any] = {"markersize": size - 2.5, "markeredgecolor": color, "zorder": 4}
        for stack in _stacks(times, size * per_pt):
            y = [base + (0.5 + place) * size / row_pt for place in range(len(stack))]
            axes.plot([sum(stack) / len(stack)] * len(stack), y, "o", markerfacecolor=color, **look)
        late = times.count(None)
        x = [last_s + (0.8 + place % across) * size * per_pt for place in range(late)]
        y = [base + (0.5 + place // across) * size / row_pt for place in range(late)]
        axes.plot(x, y, "o", markerfacecolor="white", markeredgewidth=1.8, **look)
        _say_of_row(axes, act, f"{late} in {count} too late", color, (last_s * 1.015, base + 1 - 4 / row_pt))
        if first:
            text: dict[str, Any] = {"color": color, "fontsize": style.TEXT_PT + 1, "fontweight": "bold"}
            at = axes.get_yaxis_transform()
            axes.text(-0.015, base + 0.4, act.measure, ha="right", va="center", transform=at, **text)


def _say_of_row(axes: Axes, act: Act, said: str, color: str, at: tuple[float, float]) -> None:
    """Write in the strip how many came too late, and in how many of those the crew had turned away."""
    text: dict[str, Any] = {"fontsize": style.TEXT_PT, "zorder": 6, "va": "top"}
    axes.text(*at, said, color=color, fontweight="bold", **text)
    if act.turned:
        why = f"({100 * act.turned / act.stays:.1f} % had turned)"
        look: dict[str, Any] = {"fontsize": style.SMALL_PT, "color": style.GREY, "va": "top", "zorder": 6}
        axes.annotate(why, at, (0, -16), textcoords="offset points", **look)


def _dot_pt(every: list[tuple[float | None, ...]], room_pt: float, strip_pt: float, per_pt: float) -> float:
    """Return the largest size at which the dots of each row fit one upon the other, on both sides of the exit."""
    size = DOT_PT
    while size > SMALL_DOT_PT:
        across = max(1, int(strip_pt / size - 0.6))
        stacks = [len(stack) for times in every for stack in _stacks(times, size * per_pt)]
        stacks += [-(-times.count(None) // across) for times in every]
        if max(stacks) * size <= room_pt:
            break
        size -= 0.5
    return size


def _stacks(times: tuple[float | None, ...], width_s: float) -> list[list[float]]:
    """Group times that are nearer than a dot is wide to the first of their group (Wilkinson, Am. Stat. 53, 1999)."""
    stacks: list[list[float]] = []
    for at in (at for at in times if at is not None):
        if stacks and at - stacks[-1][0] < width_s:
            stacks[-1].append(at)
        else:
            stacks.append([at])
    return stacks
