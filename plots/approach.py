"""The approach: how far the fighters were from the flight at each moment, and how near they came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter

from plots import style
from plots.encounter import Encounter, encounter, reported_distances
from plots.panels import apart, head, panel, screen
from plots.placing import Placer, around, fan, wrapped
from plots.separations import Separation, separations
from plots.timeline import clock_axis, shade_stays

if TYPE_CHECKING:
    from sim.store import Recorded

LEFT_PT, RIGHT_PT, TOP_PT, BOTTOM_PT = 92.0, 200.0, 84.0, 66.0
BAR_PT, GAP_PT = 17.0, 8.0
LEAST_KM, MOST_KM = 0.2, 1000.0
DASHES = ((0, (7, 1.6)), (0, (1.6, 1.4)), (0, (7, 1.5, 1.5, 1.5)), (0, (3, 1.5)))
MARKS = {0: "D", 1: "s", 2: "o", 3: "^"}
MOST_PAIRS = 4
WORDS_PT = 88.0
"""Room for the words of a guideline."""


@dataclass(frozen=True)
class Guideline:
    """A distance that a rule or a report names; `source` says which."""

    km: float
    label: str
    source: str


GUIDELINES: Final = (
    Guideline(
        37.04,  # 20 nmi
        "37 km (20 nmi): interceptors stop sending their altitude, so as not to set off collision avoidance",
        "SERA.11015, civil aircraft; military only by analogy",
    ),
    Guideline(
        0.3,
        "300 m: not nearer at first, when identifying",
        "SERA.11015, civil aircraft; military only by analogy",
    ),
)
"""Interception of civil aircraft in the Standardised European Rules of the Air, section 11015 (after ICAO Annex 2)."""


@style.in_house_style
def approach(
    recorded: Recorded,
    *,
    flight: str | None = None,
    span: tuple[int, int] | None = None,
    guidelines: Sequence[Guideline] = GUIDELINES,
) -> Figure:
    """Draw the distance of each pair from a flight over time, on a logarithmic axis, with its closest approach.

    Marks are acts at a distance that the log tells; bars below say when a pair was beside the flight.  Lines are
    guidelines, and distances that were reported as facts.  Flight and span are as for the board.  Raises InputError
    for an unknown flight or an empty span.
    """
    shown = encounter(recorded, flight, span)
    found = separations(shown)
    drawn = sorted(found, key=_rank)[:MOST_PAIRS]
    figure = screen()
    head(figure, f"How near did they come?  Fighters and the {shown.label}", _how(drawn))
    width = figure.get_figwidth() * 72.0 - LEFT_PT - RIGHT_PT
    bars_pt = BAR_PT * max(1, sum(bool(each.beside) for each in drawn))
    high_pt = figure.get_figheight() * 72.0 - TOP_PT - BOTTOM_PT - bars_pt - GAP_PT
    axes = panel(figure, LEFT_PT, TOP_PT, width, high_pt)
    bars = panel(figure, LEFT_PT, TOP_PT + high_pt + GAP_PT, width, bars_pt)
    _set_axes(axes, bars, shown)
    placer = Placer(figure)
    _draw_guidelines(axes, shown, guidelines, high_pt, placer)
    if not drawn:
        look: dict[str, Any] = {"fontsize": style.TITLE_PT, "color": style.GREY, "transform": axes.transAxes}
        axes.text(
            0.5, 0.5, f"no fighter took off against the {shown.label}", ha="center", va="center", **look
        )
    for number, each in enumerate(drawn):
        _draw_pair(axes, shown, each, number, placer)
    _draw_bars(bars, shown, [each for each in drawn if each.beside])
    for each in drawn:
        _label_closest(axes, shown, each, placer)
    for each in drawn:
        _label_pair(axes, shown, each, placer)
    more = [f"further pairs not shown: {len(found) - len(drawn)}"] if len(found) > len(drawn) else []
    style.footer(figure, style.made_of(recorded), *more)
    return figure


def _rank(each: Separation) -> tuple[bool, bool, int]:
    """Order pairs: those that acted at a told distance, those that joined, then by time."""
    first = min([span[0] for span in each.beside] + [int(curve[0][0]) for curve in each.curves])
    return not each.acts, not each.beside, first


def _how(drawn: Sequence[Separation]) -> str:
    if not any(each.acts for each in drawn):
        return "Distance on a logarithmic scale. Shaded: stays in the airspace."
    return (
        "Distance on a logarithmic scale. Marks: acts whose distance the log tells. Bars: beside the flight, "
        "at a distance that the model does not keep."
    )


def _set_axes(axes: Axes, bars: Axes, shown: Encounter) -> None:
    axes.set_yscale("log")
    axes.set_ylim(LEAST_KM, MOST_KM)
    clock_axis(axes, shown, labels=False)
    clock_axis(bars, shown, labels=True)
    for each in (axes, bars):
        shade_stays(each, shown, shown.stays("airspace"))
    axes.yaxis.set_major_locator(FixedLocator([0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda km, _: f"{km:g}" if km >= 1 else f"{km:.1f}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_ylabel("distance from the flight (km)")
    axes.set_axisbelow(True)


def _draw_guidelines(
    axes: Axes, shown: Encounter, guidelines: Sequence[Guideline], high_pt: float, placer: Placer
) -> None:
    """Draw each guideline as a line with its words beside the frame, and shade what is below the lowest."""
    reported = [Guideline(km, f"reported: {text}", source) for km, text, source in reported_distances(shown)]
    lines = [*guidelines, *reported]
    heights = [
        float(axes.transAxes.inverted().transform(axes.transData.transform((0, line.km)))[1])
        for line in lines
    ]
    places = apart(heights, WORDS_PT / high_pt, 0.06, 0.94)
    for line, place in zip(lines, places, strict=True):
        color = style.DARK_YELLOW if line in reported else style.INK
        dash = (0, (1.5, 2)) if line in reported else "-"
        axes.axhline(line.km, color=color, linewidth=1.3, linestyle=dash, zorder=1)
        placer.avoid_line(axes, axes.get_xlim(), [line.km, line.km], 1.0)
        words = f"{wrapped(line.label, 30)}\n({wrapped(line.source, 30)})"
        look: dict[str, Any] = {"transform": axes.transAxes, "fontsize": style.SMALL_PT, "linespacing": 1.2}
        axes.text(1.012, place, words, color=color, va="center", zorder=6, **look)
    if guidelines:
        least = min(line.km for line in guidelines)
        axes.axhspan(LEAST_KM, least, facecolor=style.PALE, alpha=0.45, linewidth=0, zorder=0.3)


def _draw_pair(axes: Axes, shown: Encounter, each: Separation, number: int, placer: Placer) -> None:
    dash = DASHES[number % len(DASHES)]
    for steps, km in each.curves:
        seconds = steps * shown.clock.step_s
        coming = bool(each.beside) and steps[-1] <= max(joined for joined, _ in each.beside)
        width = 2.4 if coming or not each.beside else 1.1
        axes.plot(seconds, km, color=style.BLUE, linewidth=width, linestyle=dash, zorder=4)
        placer.avoid_line(axes, seconds, km)
    look: dict[str, Any] = {"color": style.BLUE, "markeredgecolor": "white", "markersize": 9, "zorder": 6}
    mark = MARKS[number % len(MARKS)]
    for act in each.acts:
        axes.plot([shown.seconds(act.step)], [act.distance_km], mark, **look)
        placer.avoid_place(axes, shown.seconds(act.step), act.distance_km, 6.0)


def _draw_bars(axes: Axes, shown: Encounter, beside: Sequence[Separation]) -> None:
    """Draw when each pair was beside the flight, and pale before it when it was closing in."""
    axes.set_ylim(max(1, len(beside)), 0)
    axes.set_yticks([])
    axes.set_ylabel("beside", rotation=0, ha="right", va="center", labelpad=8)
    look: dict[str, Any] = {"fontsize": style.SMALL_PT, "color": style.BLUE, "va": "center"}
    for row, each in enumerate(beside):
        for joined, parted in each.beside:
            near = max((int(steps[-1]) for steps, _ in each.curves if steps[-1] <= joined), default=joined)
            spans = [
                (shown.seconds(near), shown.seconds(joined - near)),
                (shown.seconds(joined), shown.seconds(parted - joined)),
            ]
            axes.broken_barh(spans[:1], (row + 0.2, 0.6), facecolor=style.BLUE, alpha=0.3, linewidth=0)
            axes.broken_barh(spans[1:], (row + 0.2, 0.6), facecolor=style.BLUE, linewidth=0)
        axes.text(1.012, row + 0.5, each.label, transform=axes.get_yaxis_transform(), **look)


def _label_closest(axes: Axes, shown: Encounter, each: Separation, placer: Placer) -> None:
    if each.closest is None:
        return
    step, km, kind = each.closest
    x = shown.seconds(step)
    ring: dict[str, Any] = {"markersize": 15, "markerfacecolor": "none", "markeredgewidth": 2.0}
    axes.plot([x], [km], "o", markeredgecolor=style.RED, zorder=7, **ring)
    text = f"closest {distance(km)}\n{shown.clock.short(step)}{f' ({kind})' if kind else ''}"
    leader = style.leader(style.RED, 8, 1.0)
    look: dict[str, Any] = {"color": style.RED, "fontsize": style.TEXT_PT, "fontweight": "bold", "zorder": 8}
    placer.place(axes, text, fan(x, km, 26, 40, 60, 90), leader=leader, path_effects=style.halo(), **look)


def _label_pair(axes: Axes, shown: Encounter, each: Separation, placer: Placer) -> None:
    """Name a pair beside its curve."""
    places = [
        (float(steps[i]) * shown.clock.step_s, float(km[i]))
        for steps, km in each.curves
        for i in np.linspace(0, len(steps) - 1, 14).astype(int)
        if km[i] < MOST_KM
    ]
    if not places:
        return  # its bar bears its name
    spots = [spot for x, y in places for spot in around(x, y, 7, 13)]
    versions = [each.label, each.label.replace(", ", ",\n")]
    look: dict[str, Any] = {"color": style.BLUE, "fontsize": style.TEXT_PT, "fontweight": "bold", "zorder": 8}
    placer.place(axes, versions, spots, path_effects=style.halo(), **look)


def distance(km: float) -> str:
    """Return a distance in words.

    >>> distance(0.52), distance(3.25), distance(71.6)
    ('520 m', '3.2 km', '72 km')
    """
    if km < 1:
        return f"{1000 * km:.0f} m"
    return f"{km:.1f} km" if km < 10 else f"{km:.0f} km"
