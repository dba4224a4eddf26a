"""Panel B of the board: lanes of posts and pairs, with their decisions, messages, calls and acts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.transforms import Bbox

from plots import style
from plots.chain import Bar, BarKind, Lane, Message
from plots.encounter import Encounter
from plots.placing import Placer, Spot, wrapped
from plots.timeline import key, title

HIGH_PT, LOW_PT = 30.0, 18.5  # a lane with words and marks above its bars, and one without
BAR_PT = 13.0
MOST_COST = 60.0  # a decision at the edge of the span whose name finds no room goes without
EDGE_PT = 1.5
FACES: dict[BarKind, str] = {
    "decide": style.YELLOW,
    "wait": style.PALE,
    "fly": "#8fb0d3",
    "beside": style.BLUE,
}
WORDS: dict[BarKind, str] = {"decide": "decides", "wait": "takes off", "fly": "outbound", "beside": "beside"}
CUT: dict[str, Any] = {
    "facecolor": "white",
    "edgecolor": style.GREY,
    "linewidth": 1.2,
    "linestyle": (0, (3, 2)),
}
ACT_MARKERS = {"pass": "D", "flares": "*", "fire": "v"}
ACT_SIGNS = {"pass": "◆", "flares": "★", "fire": "▼"}
ACT_SIZES = {"pass": 5.5, "flares": 11.0, "fire": 7.0}


@dataclass(frozen=True)
class Row:
    """Where a lane stands on the panel, in points from its top."""

    top: float
    height: float

    @property
    def words(self) -> float:
        """The middle of the line of words and marks above the bars."""
        return self.top + (self.height - EDGE_PT - BAR_PT) / 2 + 1.0

    @property
    def bars(self) -> tuple[float, float]:
        """The top and the foot of the bars."""
        foot = self.top + self.height - (EDGE_PT if self.height > LOW_PT else (LOW_PT - BAR_PT) / 2)
        return foot - BAR_PT, foot


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

    @property
    def frame(self) -> Bbox:
        """The box in pixels in which labels may stand: the panel and the margin to its right."""
        box = self.axes.bbox
        return Bbox([(box.x0, box.y0), (self.axes.figure.bbox.x1, box.y1)])

    def is_shown(self, step: int) -> bool:
        """Return whether a step lies in the span."""
        return self.shown.begins <= step <= self.shown.ends


def _name(lane: Lane) -> str:
    """Return a lane's label in at most two lines: a third would stand in the lane above or below."""
    lines = wrapped(lane.label, 28).splitlines()
    return "\n".join(lines[:2]) + ("…" if len(lines) > 2 else "")


def _height_pt(lane: Lane, shown: Encounter) -> float:
    bars = [bar for bar in lane.bars if bar.ends > shown.begins and bar.begins < shown.ends]
    spare = lane.is_pair or len(bars) <= 1
    one_line = "\n" not in _name(lane)
    return LOW_PT if spare and one_line and not lane.calls and not lane.acts else HIGH_PT


def lanes_pt(lanes: Sequence[Lane], shown: Encounter) -> float:
    """Return the height of the panel in points."""
    return sum(_height_pt(lane, shown) for lane in lanes) or HIGH_PT


def draw_lanes(
    figure: Figure,
    axes: Axes,
    shown: Encounter,
    lanes: Sequence[Lane],
    messages: Sequence[Message],
    left_out: int,
    placer: Placer,
) -> None:
    """Draw the lanes from the top down, and label each decision in its bar or beside it."""
    title(figure, axes, "B", "Who decided, and how fast")
    height = lanes_pt(lanes, shown)
    axes.set_ylim(height, 0)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    rows, top = {}, 0.0
    for lane in lanes:
        rows[lane.name] = Row(top, _height_pt(lane, shown))
        top += rows[lane.name].height
    panel = Panel(axes, shown, rows, placer)
    _note(panel, "" if lanes else "nobody dealt with the flight", left_out)
    for before, lane in zip([None, *lanes], lanes, strict=False):
        _draw_lane(panel, lane, is_new_side=before is not None and before.side != lane.side)
    for message in messages:
        _draw_message(panel, message)
    for lane in lanes:
        _draw_acts(panel, lane)
    for lane in lanes:
        _label_acts(panel, lane)
        _label_bars(panel, lane)
    key(figure, axes, _handles(lanes, messages))


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


def _handles(lanes: Sequence[Lane], messages: Sequence[Message]) -> list[Patch | Line2D]:
    kinds = {bar.kind for lane in lanes for bar in lane.bars}
    handles: list[Patch | Line2D] = [Patch(facecolor=FACES[k], label=WORDS[k]) for k in FACES if k in kinds]
    if any(bar.cut for lane in lanes for bar in lane.bars):
        handles.append(Patch(label="came to nothing", **CUT))
    if any(lane.calls for lane in lanes):
        look: dict[str, Any] = {
            "markersize": 11,
            "markeredgewidth": 1.8,
            "linestyle": "none",
            "color": style.INK,
        }
        handles.append(Line2D([], [], marker="|", label="call", **look))
    if messages:
        handles.append(
            Line2D([], [], color=style.INK, linewidth=1.3, marker=">", markersize=6, label="message")
        )
    return handles


def _draw_bar(panel: Panel, bar: Bar, row: Row) -> None:
    """Draw a bar; one that came to nothing has a dashed edge and no fill."""
    span = panel.cut(bar)
    if span is None:
        return
    look: dict[str, Any] = {"facecolor": FACES[bar.kind], "edgecolor": "white", "linewidth": 1.0}
    if bar.cut:
        look = CUT
    top, foot = row.bars
    panel.axes.broken_barh([(span[0], span[1] - span[0])], (top, foot - top), zorder=2, **look)
    panel.placer.avoid_box(Bbox(panel.axes.transData.transform([(span[0], foot), (span[1], top)])), 0.0)


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
    panel.placer.avoid_line(panel.axes, [x, to_x], [y, to_y], 1.5)


def _draw_acts(panel: Panel, lane: Lane) -> None:
    """Mark what a pair did above its bar."""
    y = panel.rows[lane.name].words
    for acts in lane.acts:
        xs = [panel.shown.seconds(step) for step in acts.steps if panel.is_shown(step)]
        look: dict[str, Any] = {
            "linestyle": "none",
            "color": style.BLUE,
            "markeredgecolor": "white",
            "zorder": 5,
        }
        look |= {"marker": ACT_MARKERS[acts.look], "markersize": ACT_SIZES[acts.look], "markeredgewidth": 0.5}
        panel.axes.plot(xs, [y] * len(xs), **look)
        half = ACT_SIZES[acts.look] / 2 / panel.placer.scale
        for x, height in panel.axes.transData.transform([(x, y) for x in xs]) if xs else ():
            panel.placer.avoid_box(Bbox([(x - half, height - half), (x + half, height + half)]), 0.0)


def _label_acts(panel: Panel, lane: Lane) -> None:
    """Say for each stay what its marks mean and what they come to."""
    y = panel.rows[lane.name].words
    for stay in dict.fromkeys(acts.stay for acts in lane.acts):
        group = [acts for acts in lane.acts if acts.stay == stay]
        xs = sorted(panel.shown.seconds(k) for acts in group for k in acts.steps if panel.is_shown(k))
        if not xs:
            continue
        words = [f"{ACT_SIGNS[acts.look]} {acts.text}" for acts in sorted(group, key=lambda acts: acts.steps)]
        spots = [Spot(xs[-1], y, far, 0, "left") for far in (11, 22, 45, 80)]
        spots += [Spot(xs[0], y, -far, 0, "right") for far in (11, 22, 45, 80)]
        look: dict[str, Any] = {"color": style.BLUE, "fontsize": style.SMALL_PT, "zorder": 7}
        panel.placer.place(
            panel.axes,
            "  ".join(words),
            spots,
            frame=panel.frame,
            path_effects=style.halo(2.5, style.GROUND),
            **look,
        )


def _label_bars(panel: Panel, lane: Lane) -> None:
    """Name each decision in its bar where it fits, else above it or beside it; the key names what pairs do."""
    row, axes, placer = panel.rows[lane.name], panel.axes, panel.placer
    middle, above = sum(row.bars) / 2, row.words
    for bar in () if lane.is_pair else lane.bars:
        span = panel.cut(bar)
        if span is None:
            continue
        first, last = span
        text = f"{bar.label} (dropped)" if bar.cut else bar.label
        left, right = axes.transData.transform([(first, middle), (last, middle)])[:, 0] * placer.scale
        look: dict[str, Any] = {"fontsize": style.SMALL_PT, "zorder": 7}
        if placer.size_pt(text, **look)[0] + 6 <= right - left:
            axes.text((first + last) / 2, middle, text, ha="center", va="center_baseline", **look)
            continue
        spots = [Spot(last, middle, 5, 0, "left"), Spot(first, middle, -5, 0, "right")]
        if row.height > LOW_PT:
            upper = [Spot(first, above, 0, 0, "left"), Spot(last, above, 0, 0, "right")]
            upper += [Spot(last, above, far, 0, "left") for far in (6, 25, 50, 75)]
            upper.append(Spot(first, above, -6, 0, "right"))
            spots = [spots[0], *upper[:2], spots[1], *upper[2:], Spot((first + last) / 2, above)]
        look |= {"most_cost": MOST_COST, "frame": panel.frame, "path_effects": style.halo(2.5, style.GROUND)}
        placer.place(axes, text, spots, **look)
