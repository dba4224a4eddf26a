"""The encounter board: where the flight was, who held the decision, and how far it climbed, on one clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from plots import style
from plots.chain import chain
from plots.encounter import Encounter, Sortie, duration, encounter, ordinal, spans_shown
from plots.ladder import ladder, zones_held
from plots.lanes import draw_lanes, layout
from plots.placing import Placer, Spot, around, fan, wrapped
from plots.stairs import Shares, Spread, Told, draw_stairs_panel, stairs_key, stairs_pt
from plots.timeline import clock_axis, keys_pt, shade_stays, side_text, title
from sim.provenance import number_of

if TYPE_CHECKING:
    from sim.store import Recorded

WIDTH_IN = 16.0
LEFT_PT, RIGHT_PT = 204.0, 136.0
TOP_PT, STRIP_PT, TITLE_PT, GAP_PT, BOTTOM_PT = 6.0, 20.0, 24.0, 3.0, 60.0
WHERE_PT, MOST_WHERE_PT = 136.0, 300.0
"""Panel A takes what a projector's 16 : 9 leave, within these; a long chain makes the board taller."""
IN_ZONE = "#dfa9b1"  # between that of an airspace and that of no zone, also in grey
DASHES = ((0, (6, 2)), (0, (1.5, 1.5)), (0, (8, 2, 1.5, 2)), (0, (3, 1.5)))


@style.in_house_style
def board(
    recorded: Recorded,
    *,
    flight: str | None = None,
    span: tuple[int, int] | None = None,
    spread: Spread | None = None,
    shares: Shares | None = None,
    spread_of: int = 0,
) -> Figure:
    """Draw one replication as three panels on one clock: where, who, how far.

    The flight is the one with most stays in airspace unless named; `span` is a pair of steps, else from a
    little before its first entry to a little after its last exit.  `spread` gives, by the name of a rung, the
    steps by which 5, 50 and 95 % of those replications that reached it had first reached it for that flight;
    `shares` is the share of all replications that reached it, `spread_of` the number of all of them.
    Raises InputError for an unknown flight or an empty span.
    """
    shown = encounter(recorded, flight, span)
    lanes, messages, left_out = chain(shown)
    held, probe = ladder(shown), Placer(style.new_figure(WIDTH_IN, 1.0))
    width_pt = WIDTH_IN * 72.0 - LEFT_PT - RIGHT_PT
    plan = layout(lanes, messages, shown, probe, width_pt)
    climb_key = stairs_key(shown, held, probe, width_pt, has_spread=bool(spread))
    titles = [TITLE_PT, TITLE_PT + keys_pt(plan.key), TITLE_PT + keys_pt(climb_key)]
    rest = plan.height_pt, stairs_pt(held)
    around_pt = TOP_PT + STRIP_PT + sum(rest) + sum(titles) + 2 * GAP_PT + BOTTOM_PT
    rows = [min(MOST_WHERE_PT, max(WHERE_PT, WIDTH_IN * 72.0 * 9 / 16 - around_pt)), *rest]
    height_pt = around_pt + rows[0]
    figure = style.new_figure(WIDTH_IN, height_pt / 72.0)
    strip = _panel(figure, height_pt, TOP_PT, STRIP_PT)
    tops = [TOP_PT + STRIP_PT + titles[0]]
    tops.append(tops[0] + rows[0] + titles[1] + GAP_PT)
    tops.append(tops[1] + rows[1] + titles[2] + GAP_PT)
    where, who, how_far = (_panel(figure, height_pt, top, row) for top, row in zip(tops, rows, strict=True))
    placer = Placer(figure)
    stays = shown.stays("airspace")
    for axes in (where, who, how_far):
        clock_axis(axes, shown, labels=axes is how_far)
        shade_stays(axes, shown, stays)
    _draw_strip(strip, shown, placer)
    _draw_where(figure, where, shown, placer)
    draw_lanes(figure, who, shown, lanes, messages, left_out, plan, placer)
    told = Told(spread or {}, shares or {}, spread_of)
    draw_stairs_panel(figure, how_far, shown, held, told, climb_key, placer)
    style.footer(
        figure,
        style.made_of(recorded),
        *([f"whiskers: n = {number_of(spread_of or 0, 'replication')}"] if spread else []),
    )
    return figure


def _panel(figure: Figure, height_pt: float, top_pt: float, rows_pt: float) -> Axes:
    width_pt = figure.get_figwidth() * 72.0
    axes = figure.add_axes(
        (
            LEFT_PT / width_pt,
            1.0 - (top_pt + rows_pt) / height_pt,
            1.0 - (LEFT_PT + RIGHT_PT) / width_pt,
            rows_pt / height_pt,
        )
    )
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def _draw_strip(axes: Axes, shown: Encounter, placer: Placer) -> None:
    axes.set_xlim(shown.seconds(shown.begins), shown.seconds(shown.ends))
    axes.set_ylim(0, 1)
    axes.axis("off")
    name = wrapped(f"{shown.label} is in", 28).splitlines()
    if len(name) > 2:
        name = [*name[:1], f"{name[1]}…"]
    size = style.TEXT_PT if len(name) == 1 else style.SMALL_PT
    side_text(axes, -0.012, 0.5, "\n".join(name), ha="right", fontsize=size, linespacing=0.95)
    zones = shown.recorded.scenario.zones
    for first, last, inside in zones_held(shown):
        airspace = [zone for zone in inside if zones[zone].kind == "airspace"]
        named = [zones[zone].label for zone in airspace or inside]
        color = style.RED if airspace else IN_ZONE if inside else style.GROUND
        left, width = shown.seconds(first), shown.seconds(last - first)
        axes.broken_barh([(left, width)], (0, 1), facecolor=color, edgecolor="white", linewidth=1.5)
        look: dict[str, Any] = {"fontsize": style.SMALL_PT, "fontweight": "bold" if airspace else "normal"}
        text = " and ".join(named) or "no zone"
        room = width / (axes.get_xlim()[1] - axes.get_xlim()[0]) * axes.bbox.width * placer.scale
        if placer.size_pt(text, **look)[0] + 8.0 <= room:
            ink = "white" if airspace else style.INK
            axes.text(left + width / 2, 0.47, text, ha="center", va="center", color=ink, **look)


def _draw_where(figure: Figure, axes: Axes, shown: Encounter, placer: Placer) -> None:
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
    approaches = [_draw_pair(axes, shown, sortie, i, placer) for i, sortie in enumerate(met)]
    _label_circles(axes, shown, placer)
    _label_stays(axes, shown, placer)
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
    for sortie in met:
        _label_joining(axes, shown, sortie, placer)
    for sortie, approach in zip(met, approaches, strict=True):
        _label_approach(axes, sortie, approach, placer)


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


def _draw_pair(
    axes: Axes, shown: Encounter, sortie: Sortie, number: int, placer: Placer
) -> list[tuple[float, float]]:
    """Draw a pair's distance until it joins, thinner once it parts; return (s, km) along its approach."""
    assert sortie.starts is not None
    assert sortie.joined is not None
    way, dash = shown.recorded.ways[sortie.pair], DASHES[number % len(DASHES)]
    legs = [(sortie.starts, sortie.joined, 2.2)]
    if sortie.ends is not None:
        legs.append((sortie.ends, int(way.step[-1]), 0.9))
    approach: list[tuple[float, float]] = []
    for first, last, width in legs:
        for begins, ends in spans_shown([(first, last)], shown.begins, shown.ends):
            steps = shown.steps(begins, ends)
            seconds, distances = steps * shown.clock.step_s, shown.distance_km(way, steps)
            axes.plot(seconds, distances, color=style.BLUE, linewidth=width, linestyle=dash, zorder=5)
            placer.avoid_line(axes, seconds, distances, 1.0 if width > 1 else 0.5)
            if width > 1:
                approach += zip(seconds.tolist(), distances.tolist(), strict=True)
    return approach


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
        height = axes.bbox.height * placer.scale
        rises = [share * height - y / top * height for share in (0.5, 0.62, 0.4, 0.74, 0.85, 0.3)]
        spots = [Spot(x, y, dx, rise, "center", "bottom") for rise in rises for dx in (0, 40, -40, 75, -75)]
        leader = {"arrowstyle": "-", "color": style.GREY, "linewidth": 0.9, "shrinkA": 1, "shrinkB": 4}
        placer.place(
            axes, text, spots, leader=leader, fontsize=style.SMALL_PT, zorder=8, path_effects=style.halo()
        )


def _label_joining(axes: Axes, shown: Encounter, sortie: Sortie, placer: Placer) -> None:
    assert sortie.joined is not None
    if not shown.begins <= sortie.joined <= shown.ends:
        return
    way = shown.recorded.ways[sortie.pair]
    x, y = shown.seconds(sortie.joined), float(shown.distance_km(way, np.array([float(sortie.joined)]))[0])
    square: dict[str, Any] = {"color": style.BLUE, "markeredgecolor": "white", "markersize": 9, "zorder": 7}
    text, top = f"joins {shown.clock.short(sortie.joined)}", axes.get_ylim()[1]
    look: dict[str, Any] = {"color": style.BLUE, "fontsize": style.SMALL_PT, "zorder": 8}
    if y > top:  # off the scale: an arrow at its edge says so
        axes.plot([x], [0.96 * top], "^", **square)
        placer.avoid_place(axes, x, 0.96 * top, 5.0)
        spots = around(x, 0.96 * top, 8, 14, 22, 32)
        placer.place(axes, f"{text}, {y:.0f} km off", spots, path_effects=style.halo(), **look)
        return
    axes.plot([x], [y], "s", **square)
    leader = {"arrowstyle": "-", "color": style.BLUE, "linewidth": 0.9, "shrinkA": 1, "shrinkB": 4}
    spots = fan(x, y, 10, 18, 30, 45, 60, 80)
    placer.place(axes, text, spots, leader=leader, path_effects=style.halo(), **look)


def _label_approach(axes: Axes, sortie: Sortie, approach: list[tuple[float, float]], placer: Placer) -> None:
    """Name a pair beside its approach, in one line or two."""
    top = axes.get_ylim()[1]
    seen = [(x, y) for x, y in approach if y < 0.98 * top]
    if not seen:
        return
    count = min(len(seen), 25)
    spots = [
        spot for i in range(count) for spot in around(*seen[i * (len(seen) - 1) // max(1, count - 1)], 7, 14)
    ]
    versions = [sortie.label, sortie.label.replace(", ", ",\n")]
    look: dict[str, Any] = {
        "color": style.BLUE,
        "fontsize": style.SMALL_PT,
        "fontweight": "bold",
        "zorder": 8,
    }
    placer.place(axes, versions, spots, path_effects=style.halo(), **look)
