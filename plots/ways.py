"""Ways on a map: tracks with their direction and name, and the centre."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from plots import style
from plots.chart import Floats, Panel
from plots.encounter import Encounter
from plots.placing import around, fan, wrapped

DASHES = ((0, (5, 1.5)), (0, (1.2, 1.2)), (0, (5, 1.5, 1.2, 1.5)), (0, (2.5, 1.2)))
COLORS = (
    (style.RED, style.RED),
    (style.YELLOW, style.DARK_YELLOW),
    (style.PURPLE, style.PURPLE),
    (style.GREEN, style.GREEN),
)
CLEAR_PT = 30.0  # a flight is named where it is so far from all others, if it is anywhere
NAME_COST = 6.0  # a name that costs more beside its line stands off, with a leader


class Look(NamedTuple):
    """How a flight is drawn: colour of its line, of its name, and the dashes that it has unless it is in focus."""

    color: str
    ink: str
    dash: Any


def looks(shown: Encounter) -> dict[str, Look]:
    """Return the look of each flight: a colour for its side, a dash of its own, both by their order in the file.

    So a flight keeps its colour, whichever the figure is about.
    """
    scenario = shown.recorded.scenario
    sides = [side for side in scenario.sides if any(f.side == side for f in scenario.intruders.values())]
    return {
        name: Look(*COLORS[sides.index(flight.side) % len(COLORS)], DASHES[number % len(DASHES)])
        for number, (name, flight) in enumerate(scenario.intruders.items())
    }


def draw_way(panel: Panel, lat_deg: Floats, lon_deg: Floats, **look: Any) -> None:
    """Draw a way, and keep labels off it."""
    panel.axes.plot(lon_deg, lat_deg, solid_capstyle="butt", **look)
    panel.placer.avoid_line(panel.axes, lon_deg, lat_deg)


def draw_flights(panel: Panel, width: float) -> None:
    """Draw all flights: the one that the figure is about in a line of some width in points, the others in dashes."""
    for name, look in looks(panel.shown).items():
        if name not in panel.shown.recorded.ways:
            continue
        way = panel.shown.recorded.ways[name]
        line: dict[str, Any] = {
            "linewidth": 1.9,
            "linestyle": look.dash,
            "zorder": 4.05,
        }  # seen on a shared way
        if name == panel.shown.flight:
            line = {"linewidth": width, "zorder": 4}
        draw_way(panel, way.lat_deg, way.lon_deg, color=look.color, **line)
        draw_heads(panel, way.lat_deg, way.lon_deg, look.color)


def draw_heads(panel: Panel, lat_deg: Floats, lon_deg: Floats, color: str) -> None:
    """Draw arrow heads along a way, in the middle of what is in view and at its end."""
    seen = [i for i in range(1, len(lat_deg)) if panel.view.holds(float(lat_deg[i]), float(lon_deg[i]))]
    for i in {seen[len(seen) // 3], seen[-1]} if seen else ():
        draw_head(panel, lat_deg, lon_deg, i, color)


def draw_head(panel: Panel, lat_deg: Floats, lon_deg: Floats, at: int, color: str) -> None:
    """Draw an arrow head at one place of a way."""
    here, there = (lon_deg[at - 1], lat_deg[at - 1]), (lon_deg[at], lat_deg[at])
    arrow: dict[str, Any] = {"arrowstyle": "-|>", "color": color, "linewidth": 0, "mutation_scale": 17}
    arrow |= {"shrinkA": 0, "shrinkB": 0}
    panel.axes.annotate("", there, xytext=here, arrowprops=arrow, zorder=4.5)


def label_flights(panel: Panel, most_cost: float = 40.0) -> None:
    """Name each flight beside some stretch of it, the one that the figure is about first."""
    shown = panel.shown
    names = [name for name in shown.recorded.scenario.intruders if name in shown.recorded.ways]
    for name in sorted(names, key=lambda name: name != shown.flight):
        _label_flight(panel, name, most_cost)


def _label_flight(panel: Panel, name: str, most_cost: float) -> None:
    """Name a flight at a stretch where no other is near, with a leader where there is no room beside it."""
    label, ink = panel.shown.recorded.scenario.intruders[name].label, looks(panel.shown)[name].ink
    places = _alone(panel, name)
    look: dict[str, Any] = {"color": ink, "fontsize": style.TEXT_PT, "fontweight": "bold", "zorder": 8}
    look["path_effects"] = style.halo()
    beside = [spot for place in places for spot in around(*place, 7, 14)]
    versions = [label, wrapped(label, max(*(len(word) for word in label.split()), len(label) // 2 + 2))]
    if not places or panel.placer.place(panel.axes, versions, beside, most_cost=NAME_COST, **look):
        return
    leader = style.leader(ink, 2)
    off = [spot for place in places for spot in fan(*place, 18, 34, 52)]
    panel.placer.place(panel.axes, versions, off, leader=leader, most_cost=most_cost, **look)


def _alone(panel: Panel, name: str) -> list[tuple[float, float]]:
    """Return some thirty places of a flight in view, longitude and latitude, that are well clear of other flights."""
    ways, view = panel.shown.recorded.ways, panel.view
    way = ways[name]
    at = [i for i in range(len(way.step)) if view.holds(float(way.lat_deg[i]), float(way.lon_deg[i]))]
    at = at[:: max(1, len(at) // 60)]
    if not at:
        return []
    here = np.column_stack([way.lon_deg[at], way.lat_deg[at]])
    here_pt = panel.axes.transData.transform(here) * panel.placer.scale
    clear_pt = np.full(len(at), np.inf)
    for other, its in ways.items():
        if its.kind == "flight" and other != name:
            there = np.column_stack([its.lon_deg, its.lat_deg])
            there_pt = panel.axes.transData.transform(there) * panel.placer.scale
            apart = np.hypot(*(here_pt[:, None, :] - there_pt[None, :, :]).T)
            clear_pt = np.minimum(clear_pt, apart.min(axis=0))
    least = min(CLEAR_PT, float(np.sort(clear_pt)[-min(10, len(at))]))
    kept = here[clear_pt >= least]
    return [(float(x), float(y)) for x, y in kept[:: max(1, len(kept) // 30)]]


def label_centre(panel: Panel) -> None:
    """Mark and name the scenario's centre."""
    centre = panel.shown.recorded.scenario.centre
    x, y = centre.lon_deg, centre.lat_deg
    panel.axes.plot([x], [y], "^", color=style.INK, markersize=8, markeredgecolor="white", zorder=6)
    panel.placer.avoid_place(panel.axes, x, y, 5.0)
    leader = style.leader(style.GREY, 5)
    look: dict[str, Any] = {
        "fontsize": style.SMALL_PT,
        "zorder": 8,
        "path_effects": style.halo(),
        "leader": leader,
    }
    versions = [wrapped(centre.label, 20), centre.label]
    panel.placer.place(panel.axes, versions, fan(x, y, 10, 30, 50, 75, 100, 140), **look)
