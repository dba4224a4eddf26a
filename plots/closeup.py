"""Panel B of the map: the flight minute by minute, its stays in airspace, and the pairs that joined it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.collections import LineCollection

from plots import style
from plots.chart import KM_PER_DEG, Floats, Panel, View, draw_scale, label_zones, view_of
from plots.encounter import Encounter, Sortie, ordinal, place, place_at
from plots.incidents import label_incidents, mark_incidents
from plots.placing import Box, Spot, away_pt, fan
from plots.ways import draw_flights, draw_way, label_centre, label_flights, looks

NEAR_S = 7 * 60  # the close-up shows so much of the track before the first stay and after the last
LEAST_CLOSE_KM = 60.0
MOST_TICKS = 100  # with more minutes in view, every fifth is marked
MOMENT_COST = 9.0
CLEAR_PT = 12.0  # by so much other marks are further from the words of a moment than its own
TIME_COST = 15.0  # a time that would be cut off at the edge is left out
LABELLED_PAIRS = 2  # whose places at the same moments are joined
APART_SHARE = 0.12  # of the view: what is nearer needs no line between


def close_view(shown: Encounter) -> View:
    """Return the window round the centre, the airspace entered, and the flight's track there."""
    way, centre = shown.recorded.ways[shown.flight], shown.recorded.scenario.centre
    stays, near = shown.stays("airspace"), shown.clock.steps(NEAR_S)
    if stays:
        first, last = min(s.enters for s in stays) - near, max(s.leaves for s in stays) + near
    else:
        closest = int(way.step[int(np.argmin(shown.distance_km(way)))])
        first, last = closest - 2 * near, closest + 2 * near
    lat_deg, lon_deg = place(
        way, np.arange(max(first, way.step[0]), min(last, way.step[-1]) + 1, dtype=np.float64)
    )
    places = [np.column_stack([lat_deg, lon_deg]), np.array([[centre.lat_deg, centre.lon_deg]])]
    places += [shown.outline_deg(name) for name in dict.fromkeys(s.zone for s in stays)]
    around_all = np.concatenate(places)
    return view_of(around_all[:, 0], around_all[:, 1], 0.06, LEAST_CLOSE_KM)


def draw_close(panel: Panel, outlines: dict[str, Floats]) -> int:
    """Draw the close-up; return the seconds between two ticks."""
    shown, axes = panel.shown, panel.axes
    ink = looks(shown)[shown.flight].ink
    draw_flights(panel, 2.4)
    met = [s for s in shown.sorties if s.joined is not None and s.starts is not None]
    for sortie in met:
        _draw_approach(panel, sortie)
    stays = shown.stays("airspace")
    chords = [_draw_chord(panel, stay.enters, stay.leaves) for stay in stays]
    draw_scale(panel)
    label_centre(panel)
    every = _draw_minutes(panel)
    for stay, middle in zip(stays, chords, strict=True):
        first, last = shown.clock.short(stay.enters), shown.clock.short(stay.leaves)
        text = f"{ordinal(stay.number)} stay{shown.where(stay, stays)}\n{first} – {last}"
        leader = style.leader(ink, 3)
        look: dict[str, Any] = {"color": ink, "fontsize": style.TEXT_PT, "zorder": 8, "leader": leader}
        panel.placer.place(axes, text, fan(*middle, 50, 75, 100, 130), path_effects=style.halo(), **look)
    mark_incidents(panel)
    label_incidents(panel)
    for sortie in met:
        _label_joining(panel, sortie)
    for sortie in met[:LABELLED_PAIRS]:
        _draw_moments(panel, sortie)
    label_zones(panel, outlines, "airspace")
    label_flights(panel)
    label_zones(panel, outlines, "identification")
    label_zones(panel, outlines, "station")
    return every


def _draw_chord(panel: Panel, enters: int, leaves: int) -> tuple[float, float]:
    """Draw the part of the track inside airspace thicker, with its ends; return its middle."""
    way = panel.shown.recorded.ways[panel.shown.flight]
    lat_deg, lon_deg = place(way, np.arange(enters, leaves + 1, dtype=np.float64))
    color = looks(panel.shown)[panel.shown.flight].color
    panel.axes.plot(lon_deg, lat_deg, color=color, linewidth=6.5, solid_capstyle="butt", zorder=4.2)
    middle = len(lat_deg) // 2
    return float(lon_deg[middle]), float(lat_deg[middle])


def _draw_minutes(panel: Panel) -> int:
    """Mark each minute of the track with a tick, each fifth with its time; return the seconds between ticks."""
    shown, clock = panel.shown, panel.shown.clock
    way = shown.recorded.ways[shown.flight]
    start_s = clock.start.hour * 3600 + clock.start.minute * 60 + clock.start.second
    for every in (60, 300):
        whole = [
            k
            for k in range(int(way.step[0]), int(way.step[-1]) + 1)
            if (k * clock.step_s + start_s) % every == 0
        ]
        steps = np.array(whole, dtype=np.float64)
        lat_deg, lon_deg = place(way, steps)
        seen = [i for i in range(len(steps)) if panel.view.holds(float(lat_deg[i]), float(lon_deg[i]))]
        if len(seen) <= MOST_TICKS:
            break
    scale, near = panel.placer.scale, shown.stride
    ticks, spots = [], []
    for i in seen:
        beside = place(way, np.clip([steps[i] - near, steps[i] + near], way.step[0], way.step[-1]))
        (x0, y0), (x, y), (x1, y1) = panel.axes.transData.transform(
            [(beside[1][0], beside[0][0]), (lon_deg[i], lat_deg[i]), (beside[1][1], beside[0][1])]
        )
        length = max(float(np.hypot(x1 - x0, y1 - y0)), 1e-9)
        aside = np.array([-(y1 - y0), x1 - x0]) / length
        long = (steps[i] * clock.step_s + start_s) % (5 * every) == 0
        reach = (7.0 if long else 4.0) / scale
        ticks.append(
            panel.axes.transData.inverted().transform([(x, y) - reach * aside, (x, y) + reach * aside])
        )
        panel.placer.avoid_line(panel.axes, *ticks[-1].T)
        if long:
            spots.append(
                (
                    int(steps[i]),
                    [_beside(lon_deg[i], lat_deg[i], aside * far) for far in (9, -9, 13, -13, 24, -24)],
                )
            )
    panel.axes.add_collection(
        LineCollection(ticks, colors=looks(shown)[shown.flight].ink, linewidths=1.6, zorder=4.1),
        autolim=False,
    )
    for step, places in spots:
        look: dict[str, Any] = {"fontsize": style.SMALL_PT, "zorder": 8, "path_effects": style.halo()}
        panel.placer.place(panel.axes, shown.minute(step), places, most_cost=TIME_COST, **look)
    return every


def _beside(x: float, y: float, offset_pt: Floats) -> Spot:
    dx, dy = float(offset_pt[0]), float(offset_pt[1])
    far = float(np.hypot(dx, dy))
    ha = "left" if dx > 0.35 * far else "right" if dx < -0.35 * far else "center"
    va = "bottom" if dy > 0.7 * far else "top" if dy < -0.7 * far else "center"
    return Spot(float(x), float(y), dx, dy, ha, va)


def _draw_approach(panel: Panel, sortie: Sortie) -> None:
    assert sortie.starts is not None
    assert sortie.joined is not None
    way = panel.shown.recorded.ways[sortie.pair]
    first = max(sortie.starts, int(way.step[0]))
    lat_deg, lon_deg = place(way, panel.shown.steps(first, sortie.joined))
    draw_way(panel, lat_deg, lon_deg, color=style.BLUE, linewidth=2.2, linestyle=(0, (5, 1.8)), zorder=3.5)


def _label_joining(panel: Panel, sortie: Sortie) -> None:
    """Mark where a pair joined, and say which and when."""
    assert sortie.joined is not None
    x, y = _joining(panel, sortie)
    if not panel.view.holds(y, x):
        return
    square: dict[str, Any] = {"color": style.BLUE, "markeredgecolor": "white", "markersize": 10, "zorder": 7}
    panel.axes.plot([x], [y], "s", **square)
    leader = style.leader(style.BLUE, 5)
    look: dict[str, Any] = {"color": style.BLUE, "fontsize": style.TEXT_PT, "fontweight": "bold", "zorder": 8}
    text = f"{sortie.label}\njoins {panel.shown.clock.short(sortie.joined)}"
    spots = fan(x, y, 16, 35, 55, 80, 110, 150, 190)
    panel.placer.place(panel.axes, text, spots, leader=leader, path_effects=style.halo(), **look)


def _draw_moments(panel: Panel, sortie: Sortie) -> None:
    """Join where a pair and the flight were at two whole minutes, and say how far apart; where there is room."""
    shown, axes = panel.shown, panel.axes
    moments = _moments(panel, sortie)
    chosen = moments[:: max(1, len(moments) // 2)][:2]
    for number, (step, apart_km, ends) in enumerate(chosen):
        look: dict[str, Any] = {"color": style.BLUE, "fontsize": style.SMALL_PT, "zorder": 8}
        look |= {"path_effects": style.halo(), "most_cost": MOMENT_COST}
        look["leader"] = style.leader(style.BLUE, 4)
        others = [each[2][1] for other, each in enumerate(chosen) if other != number]
        look["may_stand"] = _nearest_to(panel, ends[1], [*others, _joining(panel, sortie)])
        text = f"{shown.minute(step)}: {apart_km:.0f} km apart"
        if panel.placer.place(axes, text, fan(*ends[1], 9, 16, 26, 40), **look) is None:
            continue
        xs, ys = [x for x, _ in ends], [y for _, y in ends]
        axes.plot(xs, ys, color=style.GREY, linewidth=0.9, linestyle=(0, (1, 2)), zorder=3.2)
        panel.placer.avoid_line(axes, xs, ys, 0.4)
        for (x, y), color in zip(ends, (looks(shown)[shown.flight].ink, style.BLUE), strict=True):
            axes.plot([x], [y], "o", markersize=6, markerfacecolor="white", markeredgecolor=color, zorder=6)
            panel.placer.avoid_place(axes, x, y, 4.0)


def _nearest_to(
    panel: Panel, mark: tuple[float, float], others: list[tuple[float, float]]
) -> Callable[[Box], bool]:
    """Return what tells of a box in points whether a mark is nearer to it than others, by far."""
    own, near = (panel.axes.transData.transform(each) * panel.placer.scale for each in ([mark], others))
    return lambda box: away_pt(box, near) >= away_pt(box, own) + CLEAR_PT


def _joining(panel: Panel, sortie: Sortie) -> tuple[float, float]:
    """Return where a pair joined, longitude and latitude."""
    assert sortie.joined is not None
    return place_at(panel.shown.recorded.ways[sortie.pair], sortie.joined)


def _moments(panel: Panel, sortie: Sortie) -> list[tuple[int, float, list[tuple[float, float]]]]:
    """Return the whole minutes of an approach at which both are in view and well apart: step, km, both places."""
    assert sortie.starts is not None
    assert sortie.joined is not None
    shown, clock = panel.shown, panel.shown.clock
    names = (shown.flight, sortie.pair)
    start_s = clock.start.hour * 3600 + clock.start.minute * 60 + clock.start.second
    least_km = APART_SHARE * (panel.view.north - panel.view.south) * KM_PER_DEG
    found = []
    for step in range(sortie.starts, sortie.joined):
        if (step * clock.step_s + start_s) % 60:
            continue
        ends = [place_at(shown.recorded.ways[name], step) for name in names]
        apart_km = shown.apart_km(*names, step)
        if apart_km >= least_km and all(panel.view.holds(lat, lon) for lon, lat in ends):
            found.append((step, apart_km, ends))
    return found
