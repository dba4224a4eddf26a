"""The encounter board: where the flight was, who held the decision, and how far it climbed, on one clock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from plots import style
from plots.chain import chain
from plots.encounter import Encounter, Sortie, duration, encounter, ordinal, spans_shown
from plots.ladder import Held, Reported, ladder, reported, staircase, zones_held
from plots.lanes import LANE_PT, draw_lanes
from plots.placing import Placer, Spot, around
from plots.timeline import clock_axis, key, shade_stays, title

if TYPE_CHECKING:
    from sim.store import Recorded

WIDTH_IN = 16.0
LEFT_PT, RIGHT_PT = 188.0, 92.0
TOP_PT, STRIP_PT, TITLE_PT, WHERE_PT, RUNG_PT, GAP_PT, BOTTOM_PT = 10.0, 24.0, 28.0, 190.0, 19.0, 7.0, 66.0
LEAST_RUNGS = 3
DASHES = ((0, (6, 2)), (0, (1.5, 1.5)), (0, (8, 2, 1.5, 2)), (0, (3, 1.5)))
Spread = Mapping[str, tuple[float, float, float]]


@style.in_house_style
def board(
    recorded: Recorded,
    *,
    flight: str | None = None,
    span: tuple[int, int] | None = None,
    spread: Spread | None = None,
) -> Figure:
    """Draw one replication as three panels on one clock: where, who, how far.

    The flight is the one with most stays in airspace unless named; `span` is a pair of steps, else from a little
    before its first entry to a little after its last exit.  `spread` gives, by the name of a rung, the steps by which
    5, 50 and 95 % of replications that reached it had first reached it.  Raises InputError for an unknown flight or
    an empty span.
    """
    shown = encounter(recorded, flight, span)
    lanes, messages, left_out = chain(shown)
    held = ladder(shown)
    rows = [WHERE_PT, max(1, len(lanes)) * LANE_PT, (max(LEAST_RUNGS, len(held)) + 0.8) * RUNG_PT]
    height_pt = TOP_PT + STRIP_PT + sum(rows) + 3 * TITLE_PT + 2 * GAP_PT + BOTTOM_PT
    figure = style.new_figure(WIDTH_IN, height_pt / 72.0)
    strip = _panel(figure, height_pt, TOP_PT, STRIP_PT)
    tops = [TOP_PT + STRIP_PT + TITLE_PT]
    tops.append(tops[0] + rows[0] + TITLE_PT + GAP_PT)
    tops.append(tops[1] + rows[1] + TITLE_PT + GAP_PT)
    where, who, how_far = (_panel(figure, height_pt, top, row) for top, row in zip(tops, rows, strict=True))
    placer = Placer(figure)
    stays = shown.stays("airspace")
    for axes in (where, who, how_far):
        clock_axis(axes, shown, labels=axes is how_far)
        shade_stays(axes, shown, stays)
    _draw_strip(strip, shown, placer)
    _draw_where(figure, where, shown, placer)
    draw_lanes(figure, who, shown, lanes, messages, left_out, placer)
    _draw_how_far(figure, how_far, shown, held, spread or {})
    style.footer(figure, recorded)
    return figure


def _panel(figure: Figure, height_pt: float, top_pt: float, rows_pt: float) -> Axes:
    width_pt = figure.get_figwidth() * 72.0
    axes = figure.add_axes((
        LEFT_PT / width_pt,
        1.0 - (top_pt + rows_pt) / height_pt,
        1.0 - (LEFT_PT + RIGHT_PT) / width_pt,
        rows_pt / height_pt,
    ))
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def _side_text(axes: Axes, x: float, y: float, text: str, **look: Any) -> None:
    """Write beside an axes: x in shares of its width, y in data."""
    axes.text(x, y, text, transform=axes.get_yaxis_transform(), parse_math=False, va="center", **look)


# ---------------------------------------------------------------- the strip, and panel A


def _draw_strip(axes: Axes, shown: Encounter, placer: Placer) -> None:
    axes.set_xlim(shown.seconds(shown.begins), shown.seconds(shown.ends))
    axes.set_ylim(0, 1)
    axes.axis("off")
    _side_text(axes, -0.012, 0.5, f"{shown.label} is in", ha="right", fontsize=style.TEXT_PT)
    zones = shown.recorded.scenario.zones
    for first, last, inside in zones_held(shown):
        airspace = [zone for zone in inside if zones[zone].kind == "airspace"]
        named = [zones[zone].label for zone in airspace or inside]
        color = style.RED if airspace else "#eac9cd" if inside else style.PALE
        left, width = shown.seconds(first), shown.seconds(last - first)
        axes.broken_barh([(left, width)], (0, 1), facecolor=color, edgecolor="white", linewidth=1.5)
        look: dict[str, Any] = {"fontsize": style.SMALL_PT, "fontweight": "bold" if airspace else "normal"}
        text = " and ".join(named) or "no zone"
        room = width / (axes.get_xlim()[1] - axes.get_xlim()[0]) * axes.bbox.width * placer.scale
        if placer.size_pt(text, **look)[0] + 8.0 <= room:
            ink = "white" if airspace else style.INK
            axes.text(left + width / 2, 0.47, text, ha="center", va="center", color=ink, parse_math=False, **look)


def _draw_where(figure: Figure, axes: Axes, shown: Encounter, placer: Placer) -> None:
    label = shown.recorded.scenario.centre.label
    title(figure, axes, "A", f"Where: distance from {label}")
    way = shown.recorded.ways[shown.flight]
    steps = np.arange(max(shown.begins, way.step[0]), min(shown.ends, way.step[-1]) + 1, 5, dtype=np.float64)
    seconds, distances = steps * shown.clock.step_s, shown.distance_km(way, steps)
    axes.set_ylim(0, _top_km(shown, steps, distances))
    axes.set_ylabel("distance (km)")
    axes.yaxis.get_major_locator().set_params(nbins=5, steps=[1, 2, 5, 10])  # type: ignore[call-arg]
    axes.minorticks_on()
    clock_axis(axes, shown, labels=False)
    _draw_circles(axes, shown, placer)
    axes.plot(seconds, distances, color=style.RED, linewidth=3.2, zorder=4, solid_capstyle="butt")
    placer.avoid_line(seconds, distances, axes.transData)
    met = [s for s in shown.sorties if s.joined is not None and s.starts is not None]
    ways = [_draw_pair(axes, shown, sortie, i, placer) for i, sortie in enumerate(met)]
    _label_stays(axes, shown, placer)
    for sortie, dash in zip(met, ways, strict=True):
        _label_joining(axes, shown, sortie, dash, placer)
    inside = np.flatnonzero(distances < axes.get_ylim()[1] * 0.97)
    if len(inside):
        at = [inside[int(share * (len(inside) - 1))] for share in (0.0, 0.04, 0.08, 0.5, 0.92, 0.96, 1.0)]
        spots = [spot for i in at for spot in around(float(seconds[i]), float(distances[i]), 9)]
        look: dict[str, Any] = {"color": style.RED, "fontsize": style.TEXT_PT, "fontweight": "bold", "zorder": 8}
        placer.place(axes, shown.label, spots, path_effects=style.halo(), **look)


def _top_km(shown: Encounter, steps: np.ndarray[Any, Any], distances: np.ndarray[Any, Any]) -> float:
    """Return the top of the scale: what lies outside the zones that matter may rise above it."""
    if not len(steps):
        return 100.0
    zones = shown.recorded.scenario.zones
    inside = np.zeros(len(steps), dtype=bool)
    for stay in shown.stays("identification", "airspace"):
        if zones[stay.zone].owner == shown.side or zones[stay.zone].kind == "airspace":
            inside |= (steps >= stay.enters) & (steps < stay.leaves)
    between = slice(*np.flatnonzero(inside)[[0, -1]]) if inside.any() else slice(None)
    return max(1.0, 1.12 * float(distances[between].max()))


def _draw_circles(axes: Axes, shown: Encounter, placer: Placer) -> None:
    """Draw each airspace that is a circle round the centre as a band from zero to its radius."""
    for name, zone in shown.recorded.scenario.zones.items():
        radius_km = shown.circle_km(name) if zone.kind == "airspace" else None
        if radius_km is None:
            continue
        axes.axhspan(0, radius_km, facecolor=style.RED, alpha=0.07, linewidth=0, zorder=0.4)
        axes.axhline(radius_km, color=style.RED, linewidth=1.1, zorder=1)
        first, last = axes.get_xlim()
        placer.avoid_line([first, last], [radius_km, radius_km], axes.transData, 0.3)
        text = f"{zone.label}: {zone.radius_nmi:g} nmi ({radius_km:.1f} km)"
        axes.annotate(
            text,
            (first, radius_km),
            xytext=(5, 2.5),
            textcoords="offset points",
            color=style.RED,
            fontsize=style.SMALL_PT,
            parse_math=False,
            zorder=8,
            path_effects=style.halo(),
        )
        width, height = placer.size_pt(text, fontsize=style.SMALL_PT)
        x, y = axes.transData.transform((first, radius_km)) * placer.scale
        placer.boxes.append((x, y, x + width + 10, y + height + 4))


def _draw_pair(axes: Axes, shown: Encounter, sortie: Sortie, number: int, placer: Placer) -> Any:
    """Draw a pair's distance until it joins, and after it parts thinner; return its dash pattern."""
    assert sortie.starts is not None
    assert sortie.joined is not None
    way, dash = shown.recorded.ways[sortie.pair], DASHES[number % len(DASHES)]
    legs = [(sortie.starts, sortie.joined, 2.2)]
    if sortie.ends is not None:
        legs.append((sortie.ends, int(way.step[-1]), 0.9))
    for first, last, width in legs:
        for begins, ends in spans_shown([(first, last)], shown.begins, shown.ends):
            steps = np.arange(begins, ends + 1, 5, dtype=np.float64)
            seconds, distances = steps * shown.clock.step_s, shown.distance_km(way, steps)
            axes.plot(seconds, distances, color=style.BLUE, linewidth=width, linestyle=dash, zorder=5)
            placer.avoid_line(seconds, distances, axes.transData, 1.0 if width > 1 else 0.3)
    return dash


def _label_stays(axes: Axes, shown: Encounter, placer: Placer) -> None:
    top = axes.get_ylim()[1]
    for stay in shown.stays("airspace"):
        if not shown.begins <= stay.closest <= shown.ends:
            continue
        length = duration(shown.seconds(stay.leaves - stay.enters))
        text = f"{ordinal(stay.number)} stay in the airspace\n{length}, closest {stay.closest_km:.1f} km"
        x, y = shown.seconds(stay.closest), stay.closest_km
        look = {"facecolor": "white", "edgecolor": style.RED, "markeredgewidth": 1.6, "linewidth": 0}
        axes.plot([x], [y], "o", markersize=7, zorder=7, markerfacecolor="white", markeredgecolor=look["edgecolor"])
        height = axes.bbox.height * placer.scale
        rises = [share * height - y / top * height for share in (0.5, 0.62, 0.4, 0.74, 0.85, 0.3)]
        spots = [Spot(x, y, dx, rise, "center", "bottom") for rise in rises for dx in (0, 40, -40, 75, -75)]
        leader = {"arrowstyle": "-", "color": style.GREY, "linewidth": 0.9, "shrinkA": 1, "shrinkB": 4}
        placer.place(
            axes, text, spots, leader=leader, fontsize=style.SMALL_PT, zorder=8, path_effects=style.halo()
        )


def _label_joining(axes: Axes, shown: Encounter, sortie: Sortie, dash: Any, placer: Placer) -> None:
    assert sortie.joined is not None
    if not shown.begins <= sortie.joined <= shown.ends:
        return
    way = shown.recorded.ways[sortie.pair]
    x, y = shown.seconds(sortie.joined), float(shown.distance_km(way, np.array([float(sortie.joined)]))[0])
    if y > axes.get_ylim()[1]:
        return
    square: dict[str, Any] = {"color": style.BLUE, "markeredgecolor": "white", "markersize": 9, "zorder": 7}
    axes.plot([x], [y], "s", **square)
    text = f"{sortie.label}\njoins {shown.clock.short(sortie.joined)}"
    leader = {"arrowstyle": "-", "color": style.BLUE, "linewidth": 0.9, "shrinkA": 1, "shrinkB": 4}
    look: dict[str, Any] = {"color": style.BLUE, "fontsize": style.SMALL_PT, "zorder": 8}
    placer.place(axes, text, around(x, y, 16, 34, 60, 90), leader=leader, path_effects=style.halo(), **look)


# ---------------------------------------------------------------- panel C


def _draw_how_far(figure: Figure, axes: Axes, shown: Encounter, held: list[Held], spread: Spread) -> None:
    title(figure, axes, "C", "How far: the highest rung that holds")
    axes.set_ylim(-0.2, max(LEAST_RUNGS, len(held)) + 0.6)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.grid(False)
    _draw_stairs(axes, shown, held)
    facts = [fact for fact in reported(shown) if _is_in_span(fact, shown)]
    for fact in facts:
        _draw_reported(axes, shown, fact)
    for number, rung in enumerate(held, start=1):
        ink = style.INK if rung.first is not None else style.GREY
        _side_text(axes, -0.012, number, rung.name, ha="right", color=ink, fontsize=style.TEXT_PT)
        first = "not reached" if rung.first is None else shown.clock.short(rung.first)
        _side_text(axes, 1.01, number, first, ha="left", color=ink, fontsize=style.SMALL_PT)
        if rung.name in spread:
            _draw_spread(axes, shown, number, spread[rung.name])
    _side_text(axes, 1.01, len(held) + 1.15, "first reached", ha="left", color=style.GREY, fontsize=style.SMALL_PT)
    if not held:
        _side_text(axes, 0.5, 1.5, "the scenario has no ladder", ha="center", color=style.GREY)
    handles = [Line2D([], [], color=style.BLUE, linewidth=2.8, label="simulated")]
    if any(not fact.is_input for fact in facts):
        handles.append(Line2D([], [], **_diamond(is_input=False), linestyle="none", label="reported"))
    if any(fact.is_input for fact in facts):
        handles.append(Line2D([], [], **_diamond(is_input=True), linestyle="none", label="reported, and put in"))
    if spread:
        handles.append(Line2D([], [], color=style.INK, marker="|", linewidth=1.3, label="5, 50, 95 % of replications"))
    key(figure, axes, handles)


def _draw_stairs(axes: Axes, shown: Encounter, held: list[Held]) -> None:
    for number, rung in enumerate(held, start=1):
        axes.axhline(number, color=style.PALE, linewidth=0.9, zorder=0.8)
        if rung.first is None:
            axes.axhspan(number - 0.5, number + 0.5, facecolor=style.GROUND, zorder=0.2)
    stairs = staircase(held, shown.begins, shown.ends)
    seconds = [shown.seconds(step) for step, _ in stairs] + [shown.seconds(shown.ends)]
    levels = [level for _, level in stairs] + [stairs[-1][1]]
    axes.fill_between(seconds, levels, step="post", facecolor=style.BLUE, alpha=0.13, linewidth=0, zorder=1)
    axes.step(seconds, levels, where="post", color=style.BLUE, linewidth=2.8, zorder=3, solid_joinstyle="miter")


def _is_in_span(fact: Reported, shown: Encounter) -> bool:
    ends = [step for step in (fact.earliest, fact.latest) if step is not None]
    return all(shown.begins <= step <= shown.ends for step in ends)


def _diamond(*, is_input: bool) -> dict[str, Any]:
    face = "#8c8c8c" if is_input else "white"
    return {"marker": "D", "markersize": 7.5, "markerfacecolor": face, "markeredgecolor": style.INK, "color": style.INK}


def _draw_reported(axes: Axes, shown: Encounter, fact: Reported) -> None:
    """Draw a reported time as a diamond, a span as two with a line between, before or after with an arrow."""
    ends = [shown.seconds(step) for step in (fact.earliest, fact.latest) if step is not None]
    if fact.earliest is None or fact.latest is None:
        away = (-26, 0) if fact.earliest is None else (26, 0)
        arrow = {"arrowstyle": "<-", "color": style.INK, "linewidth": 1.4, "shrinkA": 0, "shrinkB": 0}
        axes.annotate("", (ends[0], fact.rung), xytext=away, textcoords="offset points", arrowprops=arrow, zorder=5)
    look = _diamond(is_input=fact.is_input)
    axes.plot(ends, [fact.rung] * len(ends), linestyle="-", linewidth=1.4, zorder=6, **look)


def _draw_spread(axes: Axes, shown: Encounter, rung: int, steps: tuple[float, float, float]) -> None:
    """Draw a whisker from the 5th to the 95th percentile above the rung's line, with the median across it."""
    low, median, high = (shown.seconds(step) for step in steps)
    y = rung + 0.34
    axes.plot([low, high], [y, y], color=style.INK, linewidth=1.3, marker="|", markersize=7, zorder=4)
    axes.plot([median], [y], color=style.INK, marker="|", markersize=10, markeredgewidth=2.2, zorder=4)
