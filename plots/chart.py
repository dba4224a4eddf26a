"""The ground of a map: a local projection, coast, zones, bases and a scale bar.

The projection is equirectangular: longitude times the cosine of the middle latitude, so a degree of either is
as long as it is there.  Over the 20 degrees of a region shapes at its edges are stretched by up to a seventh;
over the 2 degrees of a close-up by about one in a hundred.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.patches import Polygon
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

from plots import style
from plots.coast import Ring
from plots.encounter import Encounter
from plots.placing import Placer, Spot, around, wrapped

KM_PER_DEG = 111.2  # a degree of a great circle on a sphere of 6,371 km
STEPS_DEG = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0)
THINNED = 4
LENGTHS_KM = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
MOST_COST = 10.0  # what is only by the way is left unlabelled where there is no room
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class View:
    """A window on the map: west, east, south, north in degrees."""

    west: float
    east: float
    south: float
    north: float

    @property
    def sides(self) -> tuple[float, float, float, float]:
        """West, east, south and north."""
        return self.west, self.east, self.south, self.north

    @property
    def middle_deg(self) -> float:
        """The middle latitude."""
        return (self.south + self.north) / 2

    def holds(self, lat_deg: float, lon_deg: float) -> bool:
        """Return whether a place lies in the window."""
        return self.south <= lat_deg <= self.north and self.west <= lon_deg <= self.east

    def shaped(self, width_over_height: float) -> View:
        """Return the least window of a shape on paper that holds this one, about the same middle."""
        squeeze = math.cos(math.radians(self.middle_deg))
        width, height = (self.east - self.west) * squeeze, self.north - self.south
        wide, high = max(width, height * width_over_height) / squeeze, max(height, width / width_over_height)
        middle = (self.west + self.east) / 2
        return View(
            middle - wide / 2, middle + wide / 2, self.middle_deg - high / 2, self.middle_deg + high / 2
        )


@dataclass(frozen=True)
class Panel:
    """What all that is drawn on one map needs."""

    axes: Axes
    view: View
    shown: Encounter
    placer: Placer


def view_of(lat_deg: Floats, lon_deg: Floats, pad_share: float, least_km: float) -> View:
    """Return the window round some places, with a margin that is a share of its larger side."""
    squeeze = math.cos(math.radians(float(lat_deg.min() + lat_deg.max()) / 2))
    high, wide = float(np.ptp(lat_deg)), float(np.ptp(lon_deg)) * squeeze
    pad = pad_share * max(high, wide)
    high, wide = (max(size + 2 * pad, least_km / KM_PER_DEG) for size in (high, wide))
    lat, lon = (float(each.min() + each.max()) / 2 for each in (lat_deg, lon_deg))
    return View(lon - wide / squeeze / 2, lon + wide / squeeze / 2, lat - high / 2, lat + high / 2)


def set_view(axes: Axes, view: View) -> None:
    """Give an axes a window, a scale equal both ways, and ticks at whole degrees or parts."""
    axes.set_xlim(view.west, view.east)
    axes.set_ylim(view.south, view.north)
    axes.set_aspect(1.0 / math.cos(math.radians(view.middle_deg)))
    axes.set_facecolor(style.SEA)
    least = max(view.north - view.south, (view.east - view.west) * 0.8) / 6
    step = next((s for s in STEPS_DEG if s >= least), STEPS_DEG[-1])
    for low, high, axis, ends in (
        (view.west, view.east, axes.xaxis, "EW"),
        (view.south, view.north, axes.yaxis, "NS"),
    ):
        ticks = np.arange(math.ceil(low / step), math.floor(high / step) + 1) * step
        axis.set_ticks(ticks.tolist(), labels=[_degrees(tick, ends) for tick in ticks])
    axes.tick_params(length=4)
    for spine in axes.spines.values():
        spine.set_edgecolor(style.GREY)


def _degrees(value: float, ends: str) -> str:
    value = (value + 180) % 360 - 180 if ends == "EW" else value
    end = "" if value in (0, -180) else ends[0] if value > 0 else ends[1]
    return f"{abs(value):g}°{end}"


def draw_coast(axes: Axes, coast: Iterable[Ring]) -> None:
    """Draw land and its edge."""
    look: dict[str, Any] = {
        "facecolor": style.LAND,
        "edgecolor": style.SHORE,
        "linewidth": 0.6,
        "zorder": 0.5,
    }
    axes.add_collection(PolyCollection(list(coast), **look), autolim=False)


def draw_scale(panel: Panel) -> None:
    """Draw a scale bar in the emptiest corner; it is right at the middle latitude."""
    view, axes, placer = panel.view, panel.axes, panel.placer
    squeeze = math.cos(math.radians(view.middle_deg))
    width_km = (view.east - view.west) * squeeze * KM_PER_DEG
    km = max((length for length in LENGTHS_KM if length <= width_km / 4), default=LENGTHS_KM[0])
    wide, high = km / KM_PER_DEG / squeeze, 0.035 * (view.north - view.south)
    dx, dy = 0.03 * (view.east - view.west), 0.02 * (view.north - view.south)
    starts = [
        (x, y)
        for y in (view.south + dy, view.north - dy - high)
        for x in (view.east - dx - wide, view.west + dx)
    ]
    boxes = [Bbox(axes.transData.transform([(x, y), (x + wide, y + high)])) for x, y in starts]
    best = placer.emptiest(boxes, axes.bbox)
    x, y = starts[best]
    axes.plot([x, x + wide], [y, y], color=style.INK, linewidth=3.0, solid_capstyle="butt", zorder=9)
    look: dict[str, Any] = {"fontsize": style.SMALL_PT, "zorder": 9, "path_effects": style.halo()}
    axes.annotate(
        f"{km} km", (x + wide / 2, y), (0, 4), textcoords="offset points", ha="center", va="bottom", **look
    )
    placer.avoid_box(boxes[best])


def zone_outlines(shown: Encounter) -> dict[str, Floats]:
    """Return the outline of each zone, latitude and longitude in degrees, shape (n, 2)."""
    return {name: shown.outline_deg(name) for name in shown.recorded.scenario.zones}


def draw_zones(panel: Panel, outlines: dict[str, Floats]) -> None:
    """Draw the zones by their kind."""
    for name, outline in outlines.items():
        zone = panel.shown.recorded.scenario.zones[name]
        lon_deg, lat_deg = outline[:, 1], outline[:, 0]
        if zone.kind == "airspace":
            look: dict[str, Any] = {"edgecolor": style.RED, "facecolor": f"{style.RED}22", "linewidth": 1.4}
            panel.axes.add_patch(Polygon(outline[:, ::-1], closed=True, zorder=1.5, **look))
        elif zone.kind == "identification":
            color = style.BLUE if zone.owner == panel.shown.side else style.GREY
            panel.axes.plot(
                lon_deg, lat_deg, color=color, linewidth=1.5, linestyle=(0, (7, 2, 1.5, 2)), zorder=1.4
            )
        else:
            panel.axes.plot(
                lon_deg, lat_deg, color=style.LINE, linewidth=0.8, linestyle=(0, (1, 2.5)), zorder=1.2
            )
        if zone.kind in (
            "trigger",
            "station",
        ):  # a name may stand on it: fewer of its many short pieces count
            panel.placer.avoid_line(panel.axes, lon_deg[::THINNED], lat_deg[::THINNED], 0.15)
        else:
            panel.placer.avoid_line(panel.axes, lon_deg, lat_deg, 0.4)


def _spots(x: float, y: float, *, faint: bool) -> list[Spot]:
    """Return where a zone's name may stand: on a faint line, which it parts, or beside a strong one."""
    return [Spot(x, y)] if faint else around(x, y, 4)


def label_zones(panel: Panel, outlines: dict[str, Floats], *kinds: str) -> None:
    """Name zones beside their outlines, wherever there is most room."""
    for name, outline in outlines.items():
        zone = panel.shown.recorded.scenario.zones[name]
        seen = [point for point in outline if panel.view.holds(*point)]
        if zone.kind not in kinds or not seen:
            continue
        faint = zone.kind not in ("identification", "airspace")
        mine = zone.owner == panel.shown.side
        color = style.RED if zone.kind == "airspace" else style.BLUE if mine and not faint else style.GREY
        look: dict[str, Any] = {
            "color": color,
            "fontsize": style.SMALL_PT,
            "zorder": 8,
            "path_effects": style.halo(),
        }
        spots = [
            s for p in seen[:: max(1, len(seen) // 40)] for s in _spots(float(p[1]), float(p[0]), faint=faint)
        ]
        versions = [zone.label, wrapped(zone.label, 16)]
        panel.placer.place(panel.axes, versions, spots, most_cost=MOST_COST if faint else 30.0, **look)
