"""Panel A of the board: how far from the centre the flight was, and the pairs that joined it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from plots import style
from plots.encounter import Encounter, Floats, Sortie, duration, ordinal, spans_shown
from plots.incidents import TURN, turning, turns
from plots.placing import Box, Placer, Points, Spot, around, away_pt, fan
from plots.timeline import clock_axis, title

DASHES = ((0, (6, 2)), (0, (1.5, 1.5)), (0, (8, 2, 1.5, 2)), (0, (3, 1.5)))
CLEAR_PT = 10.0  # by so much the line of another pair is further from a name than its own
BEYOND_PT = 100.0  # to the right of the panel there is room for a time that belongs to its edge
STAY_PT = 9.0  # kept free round the mark of a stay: words beside it would be read as its own
NAME_PLACES = 14  # along an approach
NAME_COST, OFF_COST = 10.0, 18.0  # a name that costs more beside its line stands off, or nowhere


@dataclass
class Line:
    """The line of a pair: points of all of it, shape (n, 2), and (s, km) along its approach."""

    sortie: Sortie
    points: Points = field(default_factory=lambda: np.empty((0, 2)))
    approach: list[tuple[float, float]] = field(default_factory=list)


def draw_where(figure: Figure, axes: Axes, shown: Encounter, placer: Placer) -> None:
    """Draw the distance of the flight and of the pairs that joined it, and label what happened on the way."""
    label = shown.recorded.scenario.centre.label
    title(figure, axes, "A", f"Where: distance from {label}")
    way = shown.recorded.ways[shown.flight]
    steps = shown.steps(max(shown.begins, int(way.step[0])), min(shown.ends, int(way.step[-1])))
    seconds, distances = steps * shown.clock.step_s, shown.distance_km(way, steps)
    axes.set_ylim(0, _top_km(shown, steps, distances))
    axes.set_ylabel("distance (km)")
    axes.yaxis.get_major_locator().set_params(nbins=5, steps=[1, 2, 5, 10])  # type: ignore[call-arg]
    axes.minorticks_on()
    clock_axis(axes, shown, labels=False)
    _draw_circles(axes, shown, placer)
    axes.plot(seconds, distances, color=style.RED, linewidth=3.2, zorder=4, solid_capstyle="butt")
    placer.avoid_line(axes, seconds, distances)
    met = [s for s in shown.sorties if s.joined is not None and s.starts is not None]
    lines = [_draw_pair(axes, shown, sortie, i, placer) for i, sortie in enumerate(met)]
    joins = [_mark_joining(axes, shown, sortie, placer) for sortie in met]
    turned = [_mark_turn(axes, shown, step, placer) for step in _turns(shown)]
    _label_circles(axes, shown, placer)
    _label_stays(axes, shown, placer)
    for text, x, y in turned:
        _label_mark(axes, text, x, y, style.RED, placer)
    for line in lines:
        _label_approach(axes, line, lines, placer)
    for text, x, y in (join for join in joins if join is not None):
        _label_mark(axes, text, x, y, style.BLUE, placer)
    _label_flight(axes, shown, seconds, distances, placer)


def _label_flight(axes: Axes, shown: Encounter, seconds: Floats, distances: Floats, placer: Placer) -> None:
    inside = np.flatnonzero(distances < axes.get_ylim()[1] * 0.97)
    if len(inside):
        at = [inside[int(share * (len(inside) - 1))] for share in (0.0, 0.04, 0.08, 0.5, 0.92, 0.96, 1.0)]
        spots = [spot for i in at for spot in around(float(seconds[i]), float(distances[i]), 9)]
        look: dict[str, Any] = {
            "color": style.RED,
            "fontsize": style.TEXT_PT,
            "fontweight": "bold",
            "zorder": 8,
        }
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
        placer.avoid_line(axes, [first, last], [radius_km, radius_km], 0.3)


def _label_circles(axes: Axes, shown: Encounter, placer: Placer) -> None:
    for name, zone in shown.recorded.scenario.zones.items():
        radius_km = shown.circle_km(name) if zone.kind == "airspace" else None
        if radius_km is None:
            continue
        first, last = axes.get_xlim()
        text = f"{zone.label}: {zone.radius_nmi:g} nmi ({radius_km:.1f} km)"
        look: dict[str, Any] = {"color": style.RED, "fontsize": style.SMALL_PT, "zorder": 8}
        spots = [
            Spot(first, radius_km, 5, 2.5, "left", "bottom"),
            Spot(last, radius_km, -5, 2.5, "right", "bottom"),
            *(
                Spot(first + part * (last - first), radius_km, 0, 2.5, "center", "bottom")
                for part in (0.5, 0.25, 0.75)
            ),
            Spot(first, radius_km, 5, -2.5, "left", "top"),
            Spot(last, radius_km, -5, -2.5, "right", "top"),
        ]
        placer.place(axes, text, spots, path_effects=style.halo(), **look)


def _draw_pair(axes: Axes, shown: Encounter, sortie: Sortie, number: int, placer: Placer) -> Line:
    """Draw a pair's distance until it joins, thinner once it parts."""
    assert sortie.starts is not None
    assert sortie.joined is not None
    way, dash = shown.recorded.ways[sortie.pair], DASHES[number % len(DASHES)]
    legs = [(sortie.starts, sortie.joined, 2.2)]
    if sortie.ends is not None:
        legs.append((sortie.ends, int(way.step[-1]), 0.9))
    line = Line(sortie)
    for first, last, width in legs:
        for begins, ends in spans_shown([(first, last)], shown.begins, shown.ends):
            steps = shown.steps(begins, ends)
            seconds, distances = steps * shown.clock.step_s, shown.distance_km(way, steps)
            axes.plot(seconds, distances, color=style.BLUE, linewidth=width, linestyle=dash, zorder=5)
            points = placer.avoid_line(axes, seconds, distances, 1.0 if width > 1 else 0.5)
            line.points = np.concatenate([line.points, points])
            if width > 1:
                line.approach += zip(seconds.tolist(), distances.tolist(), strict=True)
    return line


def _label_stays(axes: Axes, shown: Encounter, placer: Placer) -> None:
    top, stays = axes.get_ylim()[1], shown.stays("airspace")
    for stay in stays:
        if not shown.begins <= stay.closest <= shown.ends:
            continue
        length = duration(shown.seconds(stay.leaves - stay.enters))
        where = shown.where(stay, stays) or " in the airspace"
        text = f"{ordinal(stay.number)} stay{where}\n{length}, closest {stay.closest_km:.1f} km"
        x, y = shown.seconds(stay.closest), stay.closest_km
        axes.plot(
            [x],
            [y],
            "o",
            markersize=7,
            zorder=7,
            markerfacecolor="white",
            markeredgecolor=style.RED,
            markeredgewidth=1.6,
        )
        placer.avoid_place(axes, x, y, STAY_PT)
        height = axes.bbox.height * placer.scale
        rises = [share * height - y / top * height for share in (0.5, 0.62, 0.4, 0.74, 0.85, 0.3)]
        spots = [Spot(x, y, dx, rise, "center", "bottom") for rise in rises for dx in (0, 40, -40, 75, -75)]
        leader = style.leader(style.GREY, 4)
        placer.place(
            axes, text, spots, leader=leader, fontsize=style.SMALL_PT, zorder=8, path_effects=style.halo()
        )


def _mark_joining(
    axes: Axes, shown: Encounter, sortie: Sortie, placer: Placer
) -> tuple[str, float, float] | None:
    """Mark where a pair joins, off the scale by an arrow at its edge; return words and place, in s and km."""
    assert sortie.joined is not None
    if not shown.begins <= sortie.joined <= shown.ends:
        return None
    x, y, off = _on_scale(axes, shown, sortie.pair, sortie.joined)
    square: dict[str, Any] = {"color": style.BLUE, "markeredgecolor": "white", "markersize": 9, "zorder": 7}
    axes.plot([x], [y], "^" if off else "s", **square)
    placer.avoid_place(axes, x, y, 5.0)
    return f"joins {shown.clock.short(sortie.joined)}{off}", x, y


def _on_scale(axes: Axes, shown: Encounter, name: str, step: int) -> tuple[float, float, str]:
    """Return the place of a way at a step in s and km; off the scale one at its edge, and words on how far it was."""
    km, top = (
        float(shown.distance_km(shown.recorded.ways[name], np.array([float(step)]))[0]),
        axes.get_ylim()[1],
    )
    return shown.seconds(step), min(km, 0.96 * top), f", {km:.0f} km off" if km > top else ""


def _turns(shown: Encounter) -> list[int]:
    """Return the steps of the span at which the flight turns away."""
    steps = [step for flight, step in turns(shown) if flight == shown.flight]
    return [step for step in steps if shown.begins <= step <= shown.ends]


def _mark_turn(axes: Axes, shown: Encounter, step: int, placer: Placer) -> tuple[str, float, float]:
    """Mark where the flight turns away, off the scale at its edge; return words and place, in s and km."""
    x, y, off = _on_scale(axes, shown, shown.flight, step)
    axes.plot([x], [y], linestyle="none", zorder=7, markeredgecolor=style.RED, **TURN)
    placer.avoid_place(axes, x, y, 6.0)
    return turning(shown, step) + off, x, y


def _label_mark(axes: Axes, text: str, x: float, y: float, color: str, placer: Placer) -> None:
    look: dict[str, Any] = {"color": color, "fontsize": style.SMALL_PT, "zorder": 8}
    leader = style.leader(color, 4)
    spots, (west, south, east, north) = fan(x, y, 10, 18, 30, 45, 60, 80), axes.bbox.extents
    frame = Bbox([(west, south), (east + BEYOND_PT / placer.scale, north)])
    versions = list(dict.fromkeys((text, text.replace(", ", ",\n"))))
    placer.place(axes, versions, spots, leader=leader, frame=frame, path_effects=style.halo(), **look)


def _label_approach(axes: Axes, line: Line, lines: Sequence[Line], placer: Placer) -> None:
    """Name a pair beside its approach, in one line or two; else off it with a leader, or not at all.

    The problem: in a bundle of lines the least crowded place beside one of them may be nearer to another, and the
    name is read as that one's.  The solution: where its own line is not the nearest by far a name may not stand.
    """
    top = axes.get_ylim()[1]
    seen = [(x, y) for x, y in line.approach if y < 0.98 * top]
    if not seen:
        return
    count = min(len(seen), NAME_PLACES)
    places = [seen[i * (len(seen) - 1) // max(1, count - 1)] for i in range(count)]
    others = np.concatenate([np.empty((0, 2)), *(each.points for each in lines if each is not line)])

    def is_its_own(box: Box) -> bool:
        middle = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        return all(
            away_pt(each, others) >= away_pt(each, line.points) + CLEAR_PT for each in (box, 2 * middle)
        )

    def is_no_others(box: Box) -> bool:
        return away_pt(box, others) >= CLEAR_PT

    name = line.sortie.label
    versions = [name, name.replace(", ", ",\n")]
    look: dict[str, Any] = {
        "color": style.BLUE,
        "fontsize": style.SMALL_PT,
        "fontweight": "bold",
        "zorder": 8,
    }
    look["path_effects"] = style.halo()
    beside = [spot for place in places for spot in around(*place, 7, 14)]
    if placer.place(axes, versions, beside, may_stand=is_its_own, most_cost=NAME_COST, **look):
        return
    leader = style.leader(style.BLUE, 1)
    off = [spot for place in places[::3] for spot in fan(*place, 18, 28, 40, 55, 75)]
    placer.place(axes, versions, off, leader=leader, may_stand=is_no_others, most_cost=OFF_COST, **look)
