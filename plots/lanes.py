"""Panel B of the board: lanes of posts and pairs, with their decisions, messages, calls and acts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.transforms import Bbox

from plots import style
from plots.chain import Acts, Bar, BarKind, Lane, Look, Message
from plots.encounter import Encounter
from plots.incidents import STRUCK, TURN, turning
from plots.placing import Label, Placer, Spot, wrapped
from plots.timeline import Handle, key, key_rows, title

TITLE = "Who decided, and how fast"
TALL_PT, HIGH_PT, LOW_PT = (
    42.5,
    30.0,
    18.5,
)  # lanes with two lines of words above their bars, with one, with none
BAR_PT = 13.0
LINE_PT = 13.0
LEAST_BAR_PT = 3.0
MESSAGE_COST = 7.0  # per 4 pt of an arrow under a name: a leader across it costs less
MOST_COST = 60.0  # a decision at the edge of the span whose name finds no room goes without
EDGE_PT = 1.5
OUTBOUND = "#5585ba"
FACES: dict[BarKind, dict[str, Any]] = {
    "decide": {"facecolor": style.YELLOW, "edgecolor": "white"},
    "ready": {"facecolor": "white", "edgecolor": style.LINE, "hatch": "////"},
    "wait": {"facecolor": style.PALE, "edgecolor": "white"},
    "fly": {"facecolor": OUTBOUND, "edgecolor": "white"},
    "beside": {"facecolor": style.BLUE, "edgecolor": "white"},
}
"""From white over grey, yellow and blue to dark blue each is darker than the one before, also on grey paper."""
WORDS: dict[BarKind, str] = {
    "decide": "decides",
    "ready": "in the cockpit",
    "wait": "takes off",
    "fly": "outbound",
    "beside": "beside",
}
CUT: dict[str, Any] = {
    "facecolor": "white",
    "edgecolor": style.GREY,
    "linewidth": 1.2,
    "linestyle": (0, (3, 2)),
}
MARKS: dict[Look, tuple[str, ...]] = {
    "pass": ("D", "o", "P", "h"),
    "flares": ("*", "p"),
    "fire": ("v", "^"),
}
"""Marks of the measures of a look, in the order in which they come."""
SIZES: dict[Look, float] = {"pass": 6.0, "flares": 9.0, "fire": 6.5}
LEAST_PT = 4.5  # marks that stand close are smaller; closer than this they are one, with their count
COUNT_PT = 34.0  # where some are one, so are all that stand closer than this: a count needs room
JOIN: dict[str, Any] = {"marker": "s", "color": style.BLUE, "markeredgecolor": "white", "markersize": 8}


@dataclass(frozen=True)
class Row:
    """Where a lane stands on the panel, in points from its top."""

    top: float
    height: float

    @property
    def words(self) -> float:
        """The middle of the room for words and marks above the bars."""
        return self.top + (self.height - EDGE_PT - BAR_PT) / 2 + 1.0

    @property
    def bars(self) -> tuple[float, float]:
        """The top and the foot of the bars."""
        foot = self.top + self.height - (EDGE_PT if self.height > LOW_PT else (LOW_PT - BAR_PT) / 2)
        return foot - BAR_PT, foot

    def marks(self, look: Look) -> float:
        """Return where marks of a look stand: passes on the bar, above it flares, above these fire."""
        top, foot = self.bars
        return {"pass": (top + foot) / 2, "flares": top - 4.0, "fire": top - 11.0}[look]


@dataclass(frozen=True)
class Panel:
    """What all that is drawn in the panel needs."""

    axes: Axes
    shown: Encounter
    rows: Mapping[str, Row]
    placer: Placer

    def cut(self, bar: Bar) -> tuple[float, float] | None:
        """Return the part of a bar that is shown, in seconds, or None."""
        first, last = max(bar.begins, self.shown.begins), min(bar.ends, self.shown.ends)
        return (self.shown.seconds(first), self.shown.seconds(last)) if first < last else None

    def lane(self, row: Row, right_pt: float = 0.0) -> Bbox:
        """Return the box in pixels of a lane, and so much of the margin to its right."""
        box, per_pt = self.axes.bbox, 1.0 / self.placer.scale
        top, foot = (box.y1 - y * per_pt for y in (row.top + 0.5, row.top + row.height))
        return Bbox([(box.x0, foot), (box.x1 + right_pt * per_pt, top)])

    def is_shown(self, step: int) -> bool:
        """Return whether a step lies in the span."""
        return self.shown.begins <= step <= self.shown.ends


def _name(lane: Lane) -> str:
    """Return a lane's label in at most two lines: a third would stand in the lane above or below."""
    lines = wrapped(lane.label, 28).splitlines()
    return "\n".join(lines[:2]) + ("…" if len(lines) > 2 else "")


@dataclass(frozen=True)
class Layout:
    """How high each lane is, by its name, and the rows of the panel's key."""

    heights: Mapping[str, float]
    key: Sequence[Sequence[Handle]]

    @property
    def height_pt(self) -> float:
        """The height of the panel in points."""
        return sum(self.heights.values()) or HIGH_PT


def layout(
    lanes: Sequence[Lane], messages: Sequence[Message], shown: Encounter, placer: Placer, width_pt: float
) -> Layout:
    """Return the layout of the panel for so many points of width: a lane is as high as its words need."""
    per_s = width_pt / max(shown.seconds(shown.ends - shown.begins), 1.0)
    heights = {lane.name: _height_pt(lane, messages, shown, placer, per_s) for lane in lanes}
    return Layout(heights, key_rows(_handles(lanes, messages, shown), TITLE, placer, width_pt))


def _height_pt(
    lane: Lane, messages: Sequence[Message], shown: Encounter, placer: Placer, per_s: float
) -> float:
    """Return a lane's height: one name that has no room beside its bar stands on a line above, more need two."""
    in_span = [bar for bar in lane.bars if bar.ends > shown.begins and bar.begins < shown.ends]
    named = [] if lane.is_pair else in_span
    marks = [*lane.calls, *(bar.begins for bar in named)]
    marks += [message.sent for message in messages if message.origin == lane.name]
    marks += [message.received for message in messages if message.goal == lane.name]
    homeless = 0
    for bar in named:
        wide = placer.size_pt(_words(bar), fontsize=style.SMALL_PT)[0] + 10.0
        first, last = max(bar.begins, shown.begins), min(bar.ends, shown.ends)
        free = min([step for step in marks if step > last], default=shown.ends)
        room = max(last - first, free - last, key=abs)
        homeless += wide > shown.seconds(room) * per_s
    if homeless > 1:
        return TALL_PT
    spare = not homeless and "\n" not in _name(lane) and not lane.acts and not lane.hazards and not lane.turns
    return LOW_PT if spare and (lane.is_pair or not lane.calls) else HIGH_PT


def draw_lanes(
    figure: Figure,
    axes: Axes,
    shown: Encounter,
    lanes: Sequence[Lane],
    messages: Sequence[Message],
    left_out: int,
    plan: Layout,
    placer: Placer,
) -> None:
    """Draw the lanes from the top down, and label each decision in its bar or beside it."""
    title(figure, axes, "B", TITLE, plan.key)
    axes.set_ylim(plan.height_pt, 0)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    rows, top = {}, 0.0
    for lane in lanes:
        rows[lane.name] = Row(top, plan.heights[lane.name])
        top += rows[lane.name].height
    panel = Panel(axes, shown, rows, placer)
    _note(panel, "" if lanes else "nobody dealt with the flight", left_out)
    for before, lane in zip([None, *lanes], lanes, strict=False):
        _draw_lane(panel, lane, is_new_side=before is not None and before.side != lane.side)
    for message in messages:
        _draw_message(panel, message)
    marks = _marks(lanes)
    for lane in lanes:
        for acts in lane.acts:
            _draw_acts(panel, lane, acts, marks[acts.kind])
    for lane in lanes:
        _label_hazards(panel, lane)
        _label_turns(panel, lane)
        _label_acts(panel, lane)
        _label_bars(panel, lane)
    key(figure, axes, plan.key)


def _marks(lanes: Sequence[Lane]) -> dict[str, str]:
    """Return a mark for each measure that was taken, so that no two of a look have the same."""
    looks = {acts.kind: acts.look for lane in lanes for acts in lane.acts}
    found: dict[str, str] = {}
    for look, marks in MARKS.items():
        kinds = [kind for kind in looks if looks[kind] == look]
        found |= {kind: marks[number % len(marks)] for number, kind in enumerate(kinds)}
    return found


def _note(panel: Panel, instead: str, left_out: int) -> None:
    """Say what stands instead of lanes, or beside the first of them that some pairs have none."""
    look: dict[str, Any] = {"va": "center", "color": style.GREY, "fontsize": style.SMALL_PT}
    look["transform"] = panel.axes.get_yaxis_transform()
    if instead:
        panel.axes.text(0.5, HIGH_PT / 2, instead, ha="center", **look)
    if left_out:
        words = f"and {left_out}\nmore pair{'s' if left_out > 1 else ''}"
        panel.placer.avoid(panel.axes.text(1.01, HIGH_PT / 2, words, **look))


def _draw_lane(panel: Panel, lane: Lane, *, is_new_side: bool) -> None:
    axes, row = panel.axes, panel.rows[lane.name]
    axes.axhspan(row.top + 1, row.top + row.height - 1, facecolor=style.GROUND, linewidth=0, zorder=0.1)
    if is_new_side:
        axes.axhline(row.top, color=style.GREY, linewidth=1.0, zorder=0.2, clip_on=False, xmin=-0.2)
    look: dict[str, Any] = {"ha": "right", "va": "center", "fontsize": style.TEXT_PT, "linespacing": 1.0}
    look["transform"] = axes.get_yaxis_transform()
    axes.text(-0.012, row.top + row.height / 2, _name(lane), **look)
    for bar in lane.bars:
        _draw_bar(panel, bar, row)
    for step in lane.calls:
        if panel.is_shown(step):
            x, ys = panel.shown.seconds(step), row.bars
            axes.plot([x, x], ys, color=style.INK, linewidth=1.8, zorder=3, solid_capstyle="butt")
            panel.placer.avoid_line(axes, [x, x], ys, 8.0)
    for bar in lane.bars:
        if bar.kind == "beside" and panel.is_shown(bar.begins):
            axes.plot(
                [panel.shown.seconds(bar.begins)], [sum(row.bars) / 2], linestyle="none", zorder=6, **JOIN
            )


def _handles(lanes: Sequence[Lane], messages: Sequence[Message], shown: Encounter) -> list[Handle]:
    """Return what the key explains: bars, then marks, each only if the panel has it."""
    bars = [bar for lane in lanes for bar in lane.bars if bar.ends > shown.begins and bar.begins < shown.ends]
    kinds = {bar.kind for bar in bars if not bar.cut}
    handles: list[Handle] = [Patch(label=WORDS[kind], **FACES[kind]) for kind in FACES if kind in kinds]
    if any(bar.cut for bar in bars):
        handles.append(Patch(label="came to nothing", **CUT))
    if any(bar.kind == "beside" and bar.begins >= shown.begins for bar in bars):
        handles.append(Line2D([], [], linestyle="none", label="joins", **JOIN))
    if any(lane.calls for lane in lanes):
        look: dict[str, Any] = {"markersize": 11, "markeredgewidth": 1.8, "color": style.INK}
        handles.append(Line2D([], [], linestyle="none", marker="|", label="call", **look))
    if messages:
        look = {"color": style.INK, "linewidth": 1.3, "marker": ">", "markersize": 6}
        handles.append(Line2D([], [], label="message", **look))
    looks = {acts.kind: acts.look for lane in lanes for acts in lane.acts}
    for kind, mark in _marks(lanes).items():
        look = _mark(mark, looks[kind], SIZES[looks[kind]] + 1.0)
        handles.append(Line2D([], [], label=kind.replace("-", " "), **look))
    return handles


def _mark(mark: str, look: Look, size: float) -> dict[str, Any]:
    """Return how an act looks: white on its bar, blue above it."""
    face, edge = ("white", style.BLUE) if look == "pass" else (style.BLUE, "white")
    return {
        "linestyle": "none",
        "marker": mark,
        "color": face,
        "markeredgecolor": edge,
        "markeredgewidth": 0.8 if look == "pass" else 0.5,
        "markersize": size,
    }


def _draw_bar(panel: Panel, bar: Bar, row: Row) -> None:
    """Draw a bar; one that came to nothing has a dashed edge and no fill, and the shortest can still be seen."""
    span = panel.cut(bar)
    if span is None:
        return
    least = LEAST_BAR_PT / 72.0 / panel.axes.get_window_extent().width * panel.axes.figure.dpi
    least *= panel.shown.seconds(panel.shown.ends - panel.shown.begins)
    if span[1] - span[0] < least:
        span = (span[0], span[0] + least)
    look = CUT if bar.cut else {"linewidth": 1.0, **FACES[bar.kind]}
    top, foot = row.bars
    panel.axes.broken_barh([(span[0], span[1] - span[0])], (top, foot - top), zorder=2, **look)
    panel.placer.avoid_box(Bbox(panel.axes.transData.transform([(span[0], foot), (span[1], top)])), 0.0)
    panel.placer.avoid_line(panel.axes, span, [(top + foot) / 2] * 2, 6.0)


def _draw_message(panel: Panel, message: Message) -> None:
    """Draw an arrow from one lane's bars to another's."""
    origin, goal = panel.rows[message.origin], panel.rows[message.goal]
    if not panel.is_shown(message.received):
        return
    down = goal.top > origin.top
    x, to_x = panel.shown.seconds(message.sent), panel.shown.seconds(message.received)
    y, to_y = origin.bars[int(down)], goal.bars[int(not down)]
    arrow: dict[str, Any] = {"arrowstyle": "-|>", "color": style.INK, "linewidth": 1.3, "mutation_scale": 11}
    arrow |= {"shrinkA": 0, "shrinkB": 0, "path_effects": style.halo(3.0, style.GROUND)}
    panel.axes.annotate("", (to_x, to_y), xytext=(x, y), arrowprops=arrow, zorder=4)
    panel.placer.avoid_line(panel.axes, [x, to_x], [y, to_y], MESSAGE_COST)


def _draw_acts(panel: Panel, lane: Lane, acts: Acts, mark: str) -> None:
    """Mark what a pair did, passes on its bar, other acts above it; what stands too close is one mark and a count."""
    row = panel.rows[lane.name]
    y = row.marks(acts.look)
    xs = np.array([panel.shown.seconds(step) for step in sorted(acts.steps) if panel.is_shown(step)])
    at_pt = panel.axes.transData.transform([(x, y) for x in xs])[:, 0] * panel.placer.scale if len(xs) else xs
    gaps_pt = np.diff(at_pt)
    least_pt = float(gaps_pt.min(initial=np.inf))
    size = min(SIZES[acts.look], max(least_pt, LEAST_PT))
    apart_pt = LEAST_PT if least_pt >= LEAST_PT else COUNT_PT
    for group in np.split(xs, np.flatnonzero(gaps_pt >= apart_pt) + 1) if len(xs) else ():
        first, last = float(group[0]), float(group[-1])
        look = _mark(mark, acts.look, size if len(group) == 1 else SIZES[acts.look])
        panel.axes.plot([(first + last) / 2], [y], zorder=6.5, **look)
        for x in group:
            panel.placer.avoid_place(panel.axes, float(x), y, size / 2)
        if len(group) > 1:
            color = "white" if acts.look == "pass" else style.BLUE
            panel.axes.plot([first, last], [y, y], color=color, linewidth=1.4, zorder=4.9)
            spots = [Spot(last, y, 5, 0, "left"), Spot(first, y, -5, 0, "right")]
            words: dict[str, Any] = {"color": style.BLUE, "fontsize": style.SMALL_PT, "zorder": 7}
            words["path_effects"] = style.halo(2.5, style.GROUND)
            panel.placer.place(panel.axes, f"× {len(group)}", spots, frame=panel.lane(row), **words)


def _label_acts(panel: Panel, lane: Lane) -> None:
    """Say for each stay what a pair's marks come to."""
    row = panel.rows[lane.name]
    for stay in dict.fromkeys(acts.stay for acts in lane.acts):
        group = [acts for acts in lane.acts if acts.stay == stay]
        xs = sorted(panel.shown.seconds(k) for acts in group for k in acts.steps if panel.is_shown(k))
        if not xs:
            continue
        words = ", ".join(acts.text for acts in sorted(group, key=lambda acts: acts.steps))
        look: dict[str, Any] = {"color": style.BLUE, "fontsize": style.SMALL_PT, "zorder": 7}
        y = row.words
        spots = [Spot(xs[-1], y, far, 0, "left") for far in (9, 22, 45, 80)]
        spots += [Spot(xs[0], y, -far, 0, "right") for far in (9, 22, 45, 80)]
        spots += [Spot(x, y, 0, 0, ha) for x in xs for ha in ("left", "right")]
        halo = style.halo(2.5, style.GROUND)
        panel.placer.place(panel.axes, words, spots, frame=panel.lane(row), path_effects=halo, **look)


def _label_hazards(panel: Panel, lane: Lane) -> None:
    """Mark what befell a pair, a post or the flight, and say what it was and when, or how often and when first."""
    for words in dict.fromkeys(words for _, words in lane.hazards):
        steps = [step for step, each in lane.hazards if each == words and panel.is_shown(step)]
        if steps:
            when = panel.shown.clock.short(steps[0])
            text = f"{words} {when}" if len(steps) == 1 else f"{words} × {len(steps)}, first {when}"
            _label_marks(panel, lane, steps, text, STRUCK, {"fontweight": "bold"})


def _label_turns(panel: Panel, lane: Lane) -> None:
    """Mark where a crew turns away, and say when."""
    mark = {**TURN, "markeredgecolor": style.RED}
    for step in lane.turns:
        if panel.is_shown(step):
            _label_marks(panel, lane, [step], turning(panel.shown, step), mark, {"color": style.RED})


def _label_marks(
    panel: Panel, lane: Lane, steps: Sequence[int], text: str, mark: dict[str, Any], look: dict[str, Any]
) -> None:
    row = panel.rows[lane.name]
    y = sum(row.bars) / 2
    for step in steps:
        panel.axes.plot([panel.shown.seconds(step)], [y], linestyle="none", zorder=8, **mark)
        panel.placer.avoid_place(panel.axes, panel.shown.seconds(step), y, 6.0)
    x = panel.shown.seconds(steps[0])
    look = {"fontsize": style.SMALL_PT, "zorder": 9, "path_effects": style.halo(2.5, style.GROUND), **look}
    sides = ((9, "left"), (-9, "right"), (3, "left"), (-3, "right"))
    spots = [Spot(x, row.words, dx, 0, ha) for dx, ha in sides]
    panel.placer.place(panel.axes, text, spots, frame=panel.lane(row, right_pt=120.0), **look)


def _words(bar: Bar) -> str:
    return f"{bar.label} (dropped)" if bar.cut else bar.label


def _label_bars(panel: Panel, lane: Lane) -> None:
    """Name each decision in its bar where it fits, else above it or beside it; the key names what pairs do."""
    row, axes, placer = panel.rows[lane.name], panel.axes, panel.placer
    look: dict[str, Any] = {"fontsize": style.SMALL_PT, "zorder": 7, "linespacing": 1.0}
    labels = []
    for bar in () if lane.is_pair else lane.bars:
        span = panel.cut(bar)
        if span is None:
            continue
        middle = sum(row.bars) / 2
        left, right = axes.transData.transform([(x, middle) for x in span])[:, 0] * placer.scale
        if placer.size_pt(_words(bar), **look)[0] + 6 <= right - left:
            axes.text(sum(span) / 2, middle, _words(bar), ha="center", va="center_baseline", **look)
        else:
            labels.append(Label(_tries(_words(bar), span, row), MOST_COST))
    leader = style.leader(style.GREY, 0)
    look["path_effects"] = style.halo(2.5, style.GROUND)
    placer.place_all(axes, labels, leader=leader, frame=panel.lane(row), **look)


def _tries(text: str, span: tuple[float, float], row: Row) -> list[tuple[str, Spot]]:
    """Return where the name of a decision may stand: beside its bar, or above it on a line or two."""
    (first, last), (top, foot) = span, row.bars
    middle = (top + foot) / 2
    found = [(text, Spot(last, middle, 5, 0, "left")), (text, Spot(first, middle, -6, 0, "right"))]
    if row.height <= LOW_PT:
        return found
    for version, rise in ((text, 1.0), (_folded(text), 1.0), (text, LINE_PT)):
        if rise + LINE_PT * (1 + version.count("\n")) > row.height - BAR_PT:
            continue
        above = [(first, dx, "left") for dx in (0, 8)]  # beside an arrow that ends there
        above += [(last, dx, "right") for dx in (0, -6)]
        above += [(last, 6, "left"), (first, -9, "right")]
        above += [(last, far, "left") for far in (15, 20, 28, 40, 55, 75)]
        above += [(first, -far, "right") for far in (15, 20, 28, 40, 55, 75)]
        found += [(version, Spot(x, top, dx, rise, ha, "bottom")) for x, dx, ha in above]
    return found


def _folded(text: str) -> str:
    """Return a name on two lines of about the same length.

    >>> _folded("calls crews to their cockpits").splitlines()
    ['calls crews to', 'their cockpits']
    """
    widths = range(max((len(word) for word in text.split()), default=1), len(text))
    return next((folded for width in widths if (folded := wrapped(text, width)).count("\n") < 2), text)
