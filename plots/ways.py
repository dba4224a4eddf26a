"""Ways on a map: tracks with their direction and name, and the centre."""

from __future__ import annotations

from typing import Any

from plots import style
from plots.chart import Floats, Panel
from plots.placing import around, fan, wrapped

DASHES = ((0, (1.2, 1.2)), (0, (5, 1.5)), (0, (5, 1.5, 1.2, 1.5)), (0, (2.5, 1.2)))


def draw_way(panel: Panel, lat_deg: Floats, lon_deg: Floats, **look: Any) -> None:
    """Draw a way, and keep labels off it."""
    panel.axes.plot(lon_deg, lat_deg, solid_capstyle="butt", **look)
    panel.placer.avoid_line(panel.axes, lon_deg, lat_deg)


def draw_others(panel: Panel) -> None:
    """Draw the flights that the figure is not about, each with a dash pattern of its own."""
    others = [n for n in panel.shown.recorded.scenario.intruders if n != panel.shown.flight]
    for number, name in enumerate(n for n in others if n in panel.shown.recorded.ways):
        way = panel.shown.recorded.ways[name]
        dash = DASHES[number % len(DASHES)]
        draw_way(panel, way.lat_deg, way.lon_deg, color=style.YELLOW, linewidth=2.2, linestyle=dash, zorder=3)
        draw_heads(panel, way.lat_deg, way.lon_deg, style.DARK_YELLOW)


def draw_heads(panel: Panel, lat_deg: Floats, lon_deg: Floats, color: str) -> None:
    """Draw arrow heads along a way, in the middle of what is in view and at its end."""
    seen = [i for i in range(1, len(lat_deg)) if panel.view.holds(float(lat_deg[i]), float(lon_deg[i]))]
    for i in {seen[len(seen) // 3], seen[-1]} if seen else ():
        here, there = (lon_deg[i - 1], lat_deg[i - 1]), (lon_deg[i], lat_deg[i])
        arrow: dict[str, Any] = {"arrowstyle": "-|>", "color": color, "linewidth": 0, "mutation_scale": 17}
        panel.axes.annotate(
            "", there, xytext=here, arrowprops={**arrow, "shrinkA": 0, "shrinkB": 0}, zorder=4.5
        )


def label_way(panel: Panel, name: str, text: str, color: str, most_cost: float = 40.0) -> None:
    """Name a way beside some stretch of it."""
    way = panel.shown.recorded.ways[name]
    seen = [i for i in range(len(way.step)) if panel.view.holds(float(way.lat_deg[i]), float(way.lon_deg[i]))]
    spots = [
        spot
        for i in seen[:: max(1, len(seen) // 30)]
        for spot in around(float(way.lon_deg[i]), float(way.lat_deg[i]), 7, 14)
    ]
    if spots:
        look: dict[str, Any] = {"color": color, "fontsize": style.TEXT_PT, "fontweight": "bold", "zorder": 8}
        panel.placer.place(panel.axes, text, spots, path_effects=style.halo(), most_cost=most_cost, **look)


def label_centre(panel: Panel) -> None:
    """Mark and name the scenario's centre."""
    centre = panel.shown.recorded.scenario.centre
    x, y = centre.lon_deg, centre.lat_deg
    panel.axes.plot([x], [y], "^", color=style.INK, markersize=8, markeredgecolor="white", zorder=6)
    panel.placer.avoid_place(panel.axes, x, y, 5.0)
    leader = {"arrowstyle": "-", "color": style.GREY, "linewidth": 0.9, "shrinkA": 1, "shrinkB": 5}
    look: dict[str, Any] = {
        "fontsize": style.SMALL_PT,
        "zorder": 8,
        "path_effects": style.halo(),
        "leader": leader,
    }
    versions = [wrapped(centre.label, 20), centre.label]
    panel.placer.place(panel.axes, versions, fan(x, y, 10, 30, 50, 75, 100, 140), **look)
