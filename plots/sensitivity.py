"""Sensitivity: which inputs an outcome depends on, as a tornado, or as Morris or Sobol indices, with intervals."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from plots import style
from plots.panels import head, panel, screen, write
from plots.placing import wrapped
from sim.errors import InputError, Problem, nearest
from sim.labels import broken
from sim.provenance import Provenance, number_of

TOP_PT, TITLE_PT, BOTTOM_PT, RIGHT_PT, GAP_PT = 66.0, 56.0, 84.0, 24.0, 26.0
LABEL_PT, LABEL_LETTERS = 262.0, 36
MOST_OUTCOMES = 3
LEAST_ROW_PT, MOST_ROW_PT = 34.0, 84.0

HEADS = {
    "morris": "Which inputs matter?  Elementary effects (Morris)",
    "sobol": "Which inputs matter?  Shares of the variance (Sobol)",
    "one-at-a-time": "Which inputs matter?  One at a time",
}
HOWS = {
    "morris": "Bar: mean size of the effect of moving an input through its range (μ*). Diamond: how much the effect "
    "varies (σ). Whiskers: 95 %.",
    "sobol": "Dark: what an input explains alone (first order). Pale: with all its interactions (total). "
    "Whiskers: 95 %.",
    "one-at-a-time": "From the scenario as it stands (line) to the ends of each input's range, the others as they "
    "stand. Whiskers: 95 %",
}


NAMES = {"mu_star": "μ*", "first": "alone", "total": "with interactions"}
"""What the bars of the first row are called."""


@dataclass(frozen=True)
class Mark:
    """One end, bar or diamond of an input: its value, its interval, and what stands beside it."""

    kind: str  # "mu_star", "sigma", "first", "total", "end"
    value: float
    interval: tuple[float, float] | None = None
    text: str = ""


@dataclass(frozen=True)
class Row:
    """One input of one outcome."""

    path: str
    label: str
    marks: tuple[Mark, ...]

    @property
    def size(self) -> float:
        """What rows are ordered by."""
        wanted = [mark.value for mark in self.marks if mark.kind in ("mu_star", "total")]
        if wanted:
            return abs(wanted[0])
        values = [mark.value for mark in self.marks if mark.kind != "sigma"] or [0.0]
        return max(*values, 0.0) - min(*values, 0.0)


@style.in_house_style
def sensitivity(found: Mapping[str, Any], *, outcomes: Sequence[str] = ()) -> Figure:
    """Draw the object of `intercept sensitivity --json`: a panel an outcome, a row an input, the largest on top.

    Up to three outcomes, the first ones unless they are named.  Raises InputError for an unknown outcome.
    """
    kind = found["kind"]
    shown = _chosen(found["outcomes"], outcomes)
    tables = [rows(found, outcome) for outcome in shown]
    order = [row.path for row in sorted(tables[0], key=lambda row: -row.size)]
    row_pt = max(LEAST_ROW_PT, min(MOST_ROW_PT, (648.0 - TOP_PT - TITLE_PT - BOTTOM_PT) / max(1, len(order))))
    panel_pt = row_pt * max(1, len(order))
    figure = screen(max(648.0, TOP_PT + TITLE_PT + panel_pt + BOTTOM_PT))
    head(figure, HEADS[kind], HOWS[kind] + _paired(kind, shown))
    width = figure.get_figwidth() * 72.0 - LABEL_PT - RIGHT_PT - GAP_PT * (len(shown) - 1)
    for place, (outcome, table) in enumerate(zip(shown, tables, strict=True)):
        left = LABEL_PT + place * (width / len(shown) + GAP_PT)
        axes = panel(figure, left, TOP_PT + TITLE_PT, width / len(shown), panel_pt)
        letters = 96 // len(shown)
        title = "\n".join(wrapped(_title(outcome), letters).splitlines()[:3])
        look: dict[str, Any] = {"fontsize": style.TEXT_PT + 1, "fontweight": "bold", "va": "bottom"}
        write(figure, left, TOP_PT + TITLE_PT - 8, title, linespacing=1.1, **look)
        by_path = {row.path: row for row in table}
        _draw(axes, kind, [by_path[path] for path in order], outcome, names=place == 0)
    more = (
        [f"{number_of(others, 'other outcome')} not shown"]
        if (others := len(found["outcomes"]) - len(shown))
        else []
    )
    style.footer(figure, made_of(found), *more)
    return figure


def _paired(kind: str, shown: Sequence[Mapping[str, Any]]) -> str:
    if kind != "one-at-a-time":
        return ""
    return ", paired." if all(outcome.get("paired") for outcome in shown) else ", as if independent."


def made_of(found: Mapping[str, Any]) -> Provenance:
    """Return what a sensitivity analysis was made from."""
    return Provenance(
        found["scenario"], found["hash"], found["seed"], found["replications"], points=found["points"]
    )


def rows(found: Mapping[str, Any], outcome: Mapping[str, Any]) -> list[Row]:
    """Return what is drawn of one outcome, in the order of the inputs."""
    inputs = {each["path"]: each for each in found["inputs"]}
    return [
        Row(
            index["path"],
            _label(inputs[index["path"]]),
            tuple(_marks(found["kind"], index, inputs[index["path"]])),
        )
        for index in outcome["indices"]
    ]


def _label(told: Mapping[str, Any]) -> str:
    label, path = told["label"], told["path"]
    return broken(path, LABEL_LETTERS - 4) if label in (None, path) else wrapped(label, LABEL_LETTERS)


def _marks(kind: str, index: Mapping[str, Any], told: Mapping[str, Any]) -> list[Mark]:
    if kind == "morris":
        direction = "raises" if index["mu"] > 0 else "lowers" if index["mu"] < 0 else ""
        text = direction if abs(index["mu"]) > 0.9 * index["mu_star"] > 0 else ""
        return [
            Mark("mu_star", index["mu_star"], _pair(index["mu_star_interval"]), text),
            Mark("sigma", index["sigma"]),
        ]
    if kind == "sobol":
        return [Mark(name, index[name], _pair(index[f"{name}_interval"])) for name in ("total", "first")]
    ends = sorted(index["values"], key=lambda each: each["value"])
    ends = [end for end in ends if end["value"] != told["base"]]
    ends = ends if len(ends) < 2 else [ends[0], ends[-1]]
    return [
        Mark("end", end["difference"], _pair(end["difference_interval"]), f"{end['value']:g}") for end in ends
    ]


def _pair(interval: Sequence[float] | None) -> tuple[float, float] | None:
    return None if interval is None else (float(interval[0]), float(interval[1]))


def _chosen(every: Sequence[Mapping[str, Any]], wanted: Sequence[str]) -> list[Mapping[str, Any]]:
    by_name = {each["outcome"]: each for each in every}
    unknown = [name for name in wanted if name not in by_name]
    if unknown or not every:
        problems = [
            Problem("--outcome", None, name, f"is no outcome of this analysis{nearest(name, by_name)}")
            for name in unknown
        ]
        raise InputError(problems or [Problem("sensitivity", None, "outcomes", "is empty: nothing to draw")])
    return [by_name[name] for name in wanted][:MOST_OUTCOMES] if wanted else list(every)[:MOST_OUTCOMES]


def _title(outcome: Mapping[str, Any]) -> str:
    if _is_share(outcome):
        return f"{outcome['label']}: share of replications"
    words = str(outcome["label"])
    return f"{words}: {outcome['measure']}" if outcome["measure"] else words


def _is_share(outcome: Mapping[str, Any]) -> bool:
    return str(outcome["unit"]) == "share"


def _draw(axes: Axes, kind: str, table: Sequence[Row], outcome: Mapping[str, Any], *, names: bool) -> None:
    axes.set_ylim(len(table) - 0.5, -0.5)
    labels = [row.label if names else "" for row in table]
    axes.set_yticks(range(len(table)), labels, fontsize=style.SMALL_PT + 0.5)
    axes.tick_params(axis="y", length=0, pad=9)
    axes.xaxis.grid(True, color=style.PALE, linewidth=0.8)
    axes.set_axisbelow(True)
    for y, row in enumerate(table):
        if kind == "one-at-a-time":
            _draw_ends(axes, y, row)
        else:
            _draw_bars(axes, y, row, names=y == 0)
    reach = [end for row in table for mark in row.marks for end in (mark.value, *(mark.interval or ()))] or [
        1.0
    ]
    low, high = min(0.0, *reach), max(0.0, *reach)
    span = (high - low) or 1.0
    room = 0.18 if kind == "one-at-a-time" else 0.02
    axes.set_xlim(low - room * span if low < 0 else 0.0, high + max(room, 0.2) * span)
    axes.axvline(0, color=style.INK, linewidth=1.4, zorder=3)
    axes.spines["left"].set_visible(False)
    _number_axis(axes, kind, outcome)


def _draw_bars(axes: Axes, y: int, row: Row, *, names: bool) -> None:
    """Draw indices as bars: the total pale below the first order; σ as a diamond; named in the first row."""
    for mark in row.marks:
        if mark.kind == "sigma":
            axes.plot([mark.value], [y], "D", markersize=8, markerfacecolor="white", markeredgecolor=style.INK,
                      markeredgewidth=1.5, zorder=6, clip_on=False)  # fmt: skip
            continue
        wide = mark.kind != "first"
        color, alpha = (style.BLUE, 1.0) if mark.kind in ("first", "mu_star") else (style.BLUE, 0.3)
        shift = {"total": 0.16, "first": -0.16}.get(mark.kind, 0.0)
        height = 0.56 if mark.kind == "mu_star" else 0.3
        axes.barh(
            [y + shift], [mark.value], height=height, color=color, alpha=alpha, linewidth=0, zorder=2 + wide
        )
        if mark.interval is not None:
            axes.plot(mark.interval, [y + shift] * 2, color=style.INK, linewidth=1.6, marker="|", markersize=8,
                      zorder=5, path_effects=style.halo(3.2))  # fmt: skip
        text = mark.text or (NAMES[mark.kind] if names else "")
        if text:
            at = max(mark.value, *(mark.interval or (0.0,)))
            axes.annotate(text, (at, y + shift), (7, 0), textcoords="offset points", va="center",
                          fontsize=style.SMALL_PT, color=style.GREY)  # fmt: skip


def _draw_ends(axes: Axes, y: int, row: Row) -> None:
    """Draw the ends of an input's range as two bars from the line: its low end pale, its high end dark."""
    for number, mark in enumerate(row.marks):
        is_high = number == len(row.marks) - 1
        color = style.BLUE if is_high else style.YELLOW
        other = row.marks[1 - number].value if len(row.marks) == 2 else 0.0
        same_side = mark.value * other > 0
        shift = 0.0 if not same_side else (-0.17 if not is_high else 0.17)
        height = 0.58 if not same_side else 0.32
        axes.barh([y + shift], [mark.value], height=height, color=color, linewidth=0, zorder=2)
        ends = [mark.value]
        if mark.interval is not None:
            axes.plot(mark.interval, [y + shift] * 2, color=style.INK, linewidth=1.5, marker="|", markersize=7,
                      zorder=5, path_effects=style.halo(3.0))  # fmt: skip
            ends += mark.interval
        left = mark.value < 0 or (mark.value == 0 and not is_high)
        at = min(ends) if left else max(ends)
        axes.annotate(mark.text, (at, y + shift), (-6 if left else 6, 0), textcoords="offset points", va="center",
                      ha="right" if left else "left", fontsize=style.SMALL_PT, zorder=6,
                      path_effects=style.halo())  # fmt: skip


def _number_axis(axes: Axes, kind: str, outcome: Mapping[str, Any]) -> None:
    # Without steps of 2.5 the digits of the spacing are those of every tick.
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    share = _is_share(outcome)
    if kind == "sobol":
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{100 * x:.0f} %"))
        label = "share of the outcome's variance"
    elif share:
        axes.xaxis.set_major_formatter(
            FuncFormatter(lambda x, _: _points(100 * x, axes.xaxis.get_majorticklocs().tolist()))
        )
        label = (
            "change of the share (percentage points)"
            if kind == "one-at-a-time"
            else "effect (percentage points)"
        )
    else:
        unit = f" ({outcome['unit']})" if outcome["unit"] else ""
        label = ("change" if kind == "one-at-a-time" else "effect") + unit
    noise = outcome.get("noise_share")
    if noise is not None:
        label += f"\n{_noise(noise)}"
    axes.set_xlabel(label, fontsize=style.SMALL_PT)


def _points(points: float, ticks: Sequence[float]) -> str:
    """Write percentage points with a sign, and as many digits as tell a tick (a share) from the next.

    >>> _points(0.5, [0.0, 0.005, 0.01]), _points(-20.0, [-0.2, 0.0]), _points(0.0, [0.0, 0.1])
    ('+0.5', '−20', '0')
    """
    spacing = 100 * abs(ticks[1] - ticks[0]) if len(ticks) > 1 else 1.0
    digits = max(0, -math.floor(math.log10(spacing) + 1e-9))
    return f"{points:+.{digits}f}".replace("-", "−") if round(points, digits) else "0"


def _noise(share: float) -> str:
    """Return in words how much of the variance over the points is that of the replications.

    >>> _noise(0.04), _noise(0.001)
    ('noise: 4 % of the variance', 'noise: under 1 % of the variance')
    """
    told = "under 1 %" if share < 0.01 else f"{100 * min(1.0, share):.0f} %"
    return f"noise: {told} of the variance"
