"""Panel C of the board: the escalation ladder as a staircase over time, beside what was reported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from plots import style
from plots.encounter import Encounter
from plots.ladder import Held, Reported, reported, staircase
from plots.placing import Placer, Spot, shortened
from plots.timeline import TWO_POINTS, Handle, key, key_rows, side_text, title

RUNG_PT = 14.8
LEAST_RUNGS = 3
LEAST_SPREAD = 20  # of fewer replications the 5th and 95th percentile are the first and the last
Spread = Mapping[str, tuple[float, float, float]]
"""By the name of a rung: the steps by which 5, 50 and 95 % of those replications that reached it had reached it."""
Shares = Mapping[str, float]
"""By the name of a rung: the share of all replications that reached it."""


def stairs_pt(held: list[Held]) -> float:
    """Return the height of the panel in points."""
    return (max(LEAST_RUNGS, len(held)) + 0.8) * RUNG_PT


@dataclass(frozen=True)
class Told:
    """What many replications tell of the rungs: spread and share by name, and of how many."""

    spread: Spread
    shares: Shares
    of: int

    def count(self, name: str) -> int | None:
        """Return how many replications reached a rung, or None if that is not told."""
        return round(self.shares[name] * self.of) if name in self.shares and self.of else None


def heading(shown: Encounter) -> str:
    """Return the panel's title: where several flights came, whose rungs these are."""
    several = sum(way.kind == "flight" for way in shown.recorded.ways.values()) > 1
    return "How far: highest rung that holds" + (
        f" for the {shortened(shown.label, 36)} alone" if several else ""
    )


def stairs_key(
    shown: Encounter, held: list[Held], placer: Placer, width_pt: float, *, has_spread: bool
) -> Sequence[Sequence[Handle]]:
    """Return the rows of the panel's key for so many points of width."""
    handles = _handles(_facts(shown), has_spread=has_spread) if held else []
    return key_rows(handles, heading(shown), placer, width_pt)


def _facts(shown: Encounter) -> list[Reported]:
    return [fact for fact in reported(shown) if _is_in_span(fact, shown)]


def draw_stairs_panel(
    figure: Figure,
    axes: Axes,
    shown: Encounter,
    held: list[Held],
    told: Told,
    rows: Sequence[Sequence[Handle]],
    placer: Placer,
) -> None:
    """Draw the ladder as a staircase, with what was reported and, where it is given, how replications spread."""
    title(figure, axes, "C", heading(shown), rows)
    axes.set_ylim(-0.2, max(LEAST_RUNGS, len(held)) + 0.6)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    if not held:
        side_text(axes, 0.5, 1.5, "the scenario has no ladder", ha="center", color=style.GREY)
        return
    _draw_stairs(axes, shown, held, placer)
    for fact in _facts(shown):
        _draw_reported(axes, shown, fact)
    small: dict[str, Any] = {"ha": "left", "fontsize": style.SMALL_PT}
    for number, rung in enumerate(held, start=1):
        ink = style.INK if rung.first is not None else style.GREY
        side_text(axes, -0.012, number, rung.name, ha="right", color=ink, fontsize=style.TEXT_PT)
        first = "not reached" if rung.first is None else shown.clock.short(rung.first)
        side_text(axes, 1.01, number, first, color=ink, **small)
        if rung.name in told.shares:
            side_text(axes, 1.105, number, _percent(told.shares[rung.name]), color=ink, **small)
        if rung.name in told.spread:
            _draw_spread(axes, shown, number, told.spread[rung.name], told.count(rung.name), told.of, placer)
    side_text(axes, 1.01, len(held) + 1.15, "first reached", color=style.GREY, **small)
    if told.shares:
        side_text(axes, 1.105, len(held) + 1.15, "share", color=style.GREY, **small)
    key(figure, axes, rows)


def _percent(share: float) -> str:
    """Return a share in whole percent, but never 0 or 100 %.

    >>> [_percent(share) for share in (0.0, 0.002, 0.93, 0.998, 1.0)]
    ['none', '< 1 %', '93 %', '> 99 %', 'all']
    """
    if share in (0, 1):
        return "all" if share else "none"
    if share < 0.01 or share > 0.99:
        return "< 1 %" if share < 0.01 else "> 99 %"
    return f"{100 * share:.0f} %"


def _handles(facts: list[Reported], *, has_spread: bool) -> list[Handle]:
    handles: list[Handle] = [Line2D([], [], color=style.BLUE, linewidth=2.8, label="simulated")]
    if any(not fact.is_input for fact in facts):
        handles.append(Line2D([], [], **_diamond(is_input=False), linestyle="none", label="reported (check)"))
    if any(fact.is_input for fact in facts):
        handles.append(Line2D([], [], **_diamond(is_input=True), linestyle="none", label="reported (input)"))
    if any(None not in (fact.earliest, fact.latest) and fact.earliest != fact.latest for fact in facts):
        look = {**_diamond(is_input=False), "markersize": 6.0, "gid": TWO_POINTS}
        handles.append(Line2D([], [], linewidth=1.4, label="reported: between", **look))
    if has_spread:
        handles.append(Line2D([], [], color=style.INK, marker="|", linewidth=1.3, label="5, 50, 95 %"))
    return handles


def _draw_stairs(axes: Axes, shown: Encounter, held: list[Held], placer: Placer) -> None:
    for number, rung in enumerate(held, start=1):
        axes.axhline(number, color=style.PALE, linewidth=0.9, zorder=0.8)
        if rung.first is None:
            axes.axhspan(number - 0.5, number + 0.5, facecolor=style.GROUND, zorder=0.2)
    stairs = staircase(held, shown.begins, shown.ends)
    seconds = [shown.seconds(step) for step, _ in stairs] + [shown.seconds(shown.ends)]
    levels = [level for _, level in stairs] + [stairs[-1][1]]
    axes.fill_between(seconds, levels, step="post", facecolor=style.BLUE, alpha=0.13, linewidth=0, zorder=1)
    look: dict[str, Any] = {"color": style.BLUE, "linewidth": 2.8, "zorder": 3, "solid_joinstyle": "miter"}
    axes.step(seconds, levels, where="post", **look)
    placer.avoid_line(axes, np.repeat(seconds, 2)[1:], np.repeat(levels, 2)[:-1])


def _is_in_span(fact: Reported, shown: Encounter) -> bool:
    ends = [step for step in (fact.earliest, fact.latest) if step is not None]
    return all(shown.begins <= step <= shown.ends for step in ends)


def _diamond(*, is_input: bool) -> dict[str, Any]:
    face = "#8c8c8c" if is_input else "white"
    return {
        "marker": "D",
        "markersize": 7.5,
        "markerfacecolor": face,
        "markeredgecolor": style.INK,
        "color": style.INK,
    }


def _draw_reported(axes: Axes, shown: Encounter, fact: Reported) -> None:
    """Draw a reported time as a diamond, a span as two with a line between, before or after with an arrow."""
    ends = [shown.seconds(step) for step in (fact.earliest, fact.latest) if step is not None]
    if fact.earliest is None or fact.latest is None:
        away = (-26, 0) if fact.earliest is None else (26, 0)
        arrow = {"arrowstyle": "<-", "color": style.INK, "linewidth": 1.4, "shrinkA": 0, "shrinkB": 0}
        axes.annotate(
            "", (ends[0], fact.rung), xytext=away, textcoords="offset points", arrowprops=arrow, zorder=5
        )
    look = _diamond(is_input=fact.is_input)
    axes.plot(ends, [fact.rung] * len(ends), linestyle="-", linewidth=1.4, zorder=6, **look)


def _draw_spread(
    axes: Axes,
    shown: Encounter,
    rung: int,
    steps: tuple[float, float, float],
    count: int | None,
    of: int,
    placer: Placer,
) -> None:
    """Draw a whisker from the 5th to the 95th percentile above the rung's line, with the median across it.

    Where too few reached the rung for these it is their number that is told.
    """
    low, median, high = (shown.seconds(step) for step in steps)
    first, last = axes.get_xlim()
    if high < first or low > last:
        return
    y = rung + 0.34
    if count is not None and count < LEAST_SPREAD:
        words: dict[str, Any] = {"fontsize": style.SMALL_PT, "zorder": 6, "path_effects": style.halo()}
        spots = [
            Spot(min(max(median, first), last), rung, dx, 0, ha) for dx, ha in ((0, "left"), (0, "right"))
        ]
        spots += [Spot(first + share * (last - first), rung) for share in (0.5, 0.3, 0.7, 0.15, 0.85)]
        placer.place(axes, f"reached in {count} of {of:,}", spots, **words)
        return
    look: dict[str, Any] = {"color": style.INK, "marker": "|", "zorder": 4}
    axes.plot([max(low, first), min(high, last)], [y, y], linewidth=1.3, **(look | {"marker": ""}))
    ends = [end for end in (low, high) if first <= end <= last]
    axes.plot(ends, [y] * len(ends), linestyle="none", markersize=7, **look)
    axes.plot([median], [y], markersize=10, markeredgewidth=2.2, **look)
    for edge, mark, goes_on in ((first, "<", low < first < high), (last, ">", low < last < high)):
        if goes_on:  # beyond the panel
            axes.plot([edge], [y], markersize=6, clip_on=False, **(look | {"marker": mark}))
