"""Panel B of the board: lanes of posts and pairs, with their decisions, messages, calls and acts."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from plots import style
from plots.chain import Bar, BarKind, Lane, Message
from plots.encounter import Encounter
from plots.placing import Placer, Spot, wrapped
from plots.timeline import key, title

LANE_PT = 34.0
TOP, LOW = 0.0, 0.44  # of a lane's height, from its middle down: the bars; words and marks stand above them
FACES: dict[BarKind, str] = {"decide": style.YELLOW, "wait": style.PALE, "fly": "#a9c3dd", "beside": style.BLUE}
WORDS: dict[BarKind, str] = {"decide": "decides", "wait": "takes off", "fly": "outbound", "beside": "beside"}
ABOVE = -0.24  # where words and marks stand
ACT_MARKERS = {"pass": "D", "flares": "*", "fire": "v"}
ACT_SIZES = {"pass": 5.5, "flares": 11.0, "fire": 7.0}


def draw_lanes(
    figure: Figure,
    axes: Axes,
    shown: Encounter,
    lanes: list[Lane],
    messages: list[Message],
    left_out: int,
    placer: Placer,
) -> None:
    """Draw the lanes from the top down, and label each bar inside it or beside it."""
    title(figure, axes, "B", "Who: which link of the chain held the decision, and for how long")
    rows = {lane.name: i for i, lane in enumerate(lanes)}
    axes.set_ylim(max(1, len(lanes)) - 0.5, -0.5)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    side = axes.get_yaxis_transform()
    for lane in lanes:
        y = rows[lane.name]
        axes.axhspan(y - 0.46, y + 0.46, facecolor=style.GROUND, linewidth=0, zorder=0.1)
        look: dict[str, Any] = {"ha": "right", "va": "center", "fontsize": style.TEXT_PT, "linespacing": 1.0}
        axes.text(-0.012, y, wrapped(lane.label, 24), transform=side, parse_math=False, **look)
        for bar in lane.bars:
            _draw_bar(axes, shown, bar, y, placer)
        _draw_calls(axes, shown, lane, y, placer)
    if not lanes:
        axes.text(0.5, 0, "nobody dealt with the flight", transform=side, ha="center", va="center", color=style.GREY)
    for message in messages:
        _draw_message(axes, shown, message, rows, placer)
    for lane in lanes:
        _draw_acts(axes, shown, lane, rows[lane.name], placer)
    for lane in lanes:
        _label_acts(axes, shown, lane, rows[lane.name], placer)
        _label_bars(axes, shown, lane, rows[lane.name], placer)
    if left_out:
        text = f"and {left_out} more pair{'s' if left_out > 1 else ''}"
        axes.text(1.01, 0, text, transform=side, va="center", color=style.GREY, fontsize=style.SMALL_PT)
    key(figure, axes, _handles(lanes, messages))


def _handles(lanes: list[Lane], messages: list[Message]) -> list[Patch | Line2D]:
    kinds = {bar.kind for lane in lanes for bar in lane.bars}
    handles: list[Patch | Line2D] = [Patch(facecolor=FACES[k], label=WORDS[k]) for k in FACES if k in kinds]
    if any(lane.calls for lane in lanes):
        look: dict[str, Any] = {"markersize": 11, "markeredgewidth": 1.8, "linestyle": "none", "color": style.INK}
        handles.append(Line2D([], [], marker="|", label="call", **look))
    if messages:
        handles.append(Line2D([], [], color=style.INK, linewidth=1.3, marker=">", markersize=6, label="message"))
    return handles


def _cut(shown: Encounter, bar: Bar) -> tuple[float, float] | None:
    first, last = max(bar.begins, shown.begins), min(bar.ends, shown.ends)
    return (shown.seconds(first), shown.seconds(last)) if first < last else None


def _draw_bar(axes: Axes, shown: Encounter, bar: Bar, y: float, placer: Placer) -> None:
    """Draw a bar; one that came to nothing has a dashed edge and no fill."""
    span = _cut(shown, bar)
    if span is None:
        return
    look: dict[str, Any] = {"facecolor": FACES[bar.kind], "edgecolor": "white", "linewidth": 1.0}
    if bar.cut:
        look = {"facecolor": "white", "edgecolor": style.GREY, "linewidth": 1.2, "linestyle": (0, (3, 2))}
    axes.broken_barh([(span[0], span[1] - span[0])], (y + TOP, LOW - TOP), zorder=2, **look)
    low, high = axes.transData.transform([(span[0], y + LOW), (span[1], y + TOP)]) * placer.scale
    placer.boxes.append((low[0], low[1], high[0], high[1]))


def _draw_calls(axes: Axes, shown: Encounter, lane: Lane, y: float, placer: Placer) -> None:
    for step in lane.calls:
        if shown.begins <= step <= shown.ends:
            x = shown.seconds(step)
            axes.plot([x, x], [y - 0.38, y - 0.06], color=style.INK, linewidth=1.8, zorder=3)
            placer.avoid_line([x, x], [y - 0.38, y - 0.06], axes.transData, 3.0)


def _draw_message(axes: Axes, shown: Encounter, message: Message, rows: dict[str, int], placer: Placer) -> None:
    if not shown.begins <= message.received <= shown.ends:
        return
    origin, goal = rows[message.origin], rows[message.goal]
    leaves, comes = (LOW, TOP) if goal > origin else (TOP, LOW)
    x, to_x = shown.seconds(message.sent), shown.seconds(message.received)
    arrow: dict[str, Any] = {"arrowstyle": "-|>", "color": style.INK, "linewidth": 1.3, "mutation_scale": 11}
    arrow |= {"shrinkA": 0, "shrinkB": 0, "path_effects": style.halo(3.0, style.GROUND)}
    axes.annotate("", (to_x, goal + comes), xytext=(x, origin + leaves), arrowprops=arrow, zorder=4)
    placer.avoid_line([x, to_x], [origin + leaves, goal + comes], axes.transData, 1.5)


def _draw_acts(axes: Axes, shown: Encounter, lane: Lane, y: float, placer: Placer) -> None:
    """Mark what a pair did above its bar."""
    for acts in lane.acts:
        xs = [shown.seconds(step) for step in acts.steps if shown.begins <= step <= shown.ends]
        look: dict[str, Any] = {"linestyle": "none", "color": style.BLUE, "markeredgecolor": "white", "zorder": 5}
        look |= {"marker": ACT_MARKERS[acts.look], "markersize": ACT_SIZES[acts.look], "markeredgewidth": 0.5}
        axes.plot(xs, [y + ABOVE] * len(xs), **look)
        for x in xs:
            centre = axes.transData.transform((x, y + ABOVE)) * placer.scale
            half = ACT_SIZES[acts.look] / 2
            placer.boxes.append((centre[0] - half, centre[1] - half, centre[0] + half, centre[1] + half))


def _label_acts(axes: Axes, shown: Encounter, lane: Lane, y: float, placer: Placer) -> None:
    for acts in lane.acts:
        xs = [shown.seconds(step) for step in acts.steps if shown.begins <= step <= shown.ends]
        if xs:
            ends = [(xs[-1], 7, "left"), (xs[0], -7, "right"), (xs[-1], 40, "left"), (xs[0], -40, "right")]
            spots = [Spot(x, y + ABOVE, dx, 0, ha, "center") for x, dx, ha in ends]
            look: dict[str, Any] = {"color": style.BLUE, "fontsize": style.SMALL_PT, "zorder": 7}
            placer.place(axes, acts.text, spots, path_effects=style.halo(2.5, style.GROUND), **look)


def _label_bars(axes: Axes, shown: Encounter, lane: Lane, y: float, placer: Placer) -> None:
    """Name each decision in its bar where it fits, else above it or beside it; the key names what pairs do."""
    middle = y + (TOP + LOW) / 2
    for bar in lane.bars:
        span = _cut(shown, bar)
        if span is None or lane.is_pair:
            continue
        first, last = span
        text = f"{bar.label} (dropped)" if bar.cut else bar.label
        left, right = axes.transData.transform([(first, middle), (last, middle)])[:, 0] * placer.scale
        width, _ = placer.size_pt(text, fontsize=style.SMALL_PT)
        look: dict[str, Any] = {"fontsize": style.SMALL_PT, "zorder": 7}
        if width + 6 <= right - left:
            axes.text((first + last) / 2, middle, text, ha="center", va="center", parse_math=False, **look)
            continue
        spots = [
            Spot(first, y + ABOVE, 0, 0, "left", "center"),
            Spot(last, y + ABOVE, 0, 0, "right", "center"),
            Spot(last, middle, 5, 0, "left", "center"),
            Spot(first, middle, -5, 0, "right", "center"),
            Spot((first + last) / 2, y + ABOVE, 0, 0, "center", "center"),
            Spot(last, y + ABOVE, 5, 0, "left", "center"),
            Spot(first, y + ABOVE, -5, 0, "right", "center"),
        ]
        placer.place(axes, text, spots, path_effects=style.halo(2.5, style.GROUND), **look)
