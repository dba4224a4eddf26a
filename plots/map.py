"""The track map: all flights and zones of the region, and the encounter close up with its minutes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from plots import coast, style
from plots.chart import (
    Floats,
    Panel,
    View,
    draw_coast,
    draw_scale,
    draw_zones,
    label_zones,
    set_view,
    view_of,
    zone_outlines,
)
from plots.closeup import close_view, draw_close
from plots.edges import caption, draw_edges
from plots.encounter import Encounter, encounter
from plots.incidents import label_incidents, mark_incidents
from plots.placing import Placer, Spot, around, shortened
from plots.ways import draw_flights, draw_way, label_centre, label_flights, looks

if TYPE_CHECKING:
    from sim.fighters import Base
    from sim.store import Recorded

WIDTH_IN, HEIGHT_IN = 16.0, 9.0
LEFT = (0.062, 0.128, 0.375, 0.817)  # of the figure: x, y, width, height of panel A
RIGHT = (0.497, 0.128, 0.478, 0.817)
KEY_PT, CAPTION_PT = 42.0, 25.0  # above the figure's lower edge
MET: dict[str, Any] = {"color": style.BLUE, "linewidth": 1.8, "linestyle": (0, (4, 1.5))}
PASSED_BY: dict[str, Any] = {"color": style.BLUE, "linewidth": 0.8, "linestyle": (0, (4, 1.5))}
NAME_LETTERS = 15  # in the title of the close-up beside the longer words
FAINT = {"trigger": "action lines", "station": "stations"}
LEAST_REGION_KM = 300.0


@style.in_house_style
def track_map(
    recorded: Recorded,
    *,
    flight: str | None = None,
    land: Callable[[], Sequence[coast.Ring]] = coast.coast,
) -> Figure:
    """Draw the region with all tracks, and a close-up of one flight with a tick a minute.

    The flight is the one with most stays in airspace unless named.  `land` gives the polygons of the coast.  Both
    panels are equirectangular, true to scale at their middle latitude.  Raises InputError for an unknown flight.
    """
    shown = encounter(recorded, flight)
    figure = style.new_figure(WIDTH_IN, HEIGHT_IN)
    placer = Placer(figure)
    rings, outlines = land(), zone_outlines(shown)
    near = close_view(shown).shaped(shape(RIGHT))
    region = panel_in(figure, LEFT, region_view(shown, near), shown, placer)
    close = panel_in(figure, RIGHT, near, shown, placer)
    for panel in (region, close):
        draw_coast(panel.axes, rings)
        draw_zones(panel, outlines)
    _draw_region(region, close.view, outlines)
    every = draw_close(close, outlines)
    _title(figure, region.axes, "A", "The region")
    ticks = "a tick every minute, a label every five" if every == 60 else "a tick every five minutes"
    name = shortened(shown.label, NAME_LETTERS if every == 60 else 2 * NAME_LETTERS)
    _title(figure, close.axes, "B", f"{name} close up: {ticks}")
    _draw_key(figure, region)
    style.footer(figure, style.made_of(recorded), "equirectangular", coast.credit(*region.view.sides))
    return figure


def _title(figure: Figure, axes: Axes, letter: str, text: str) -> None:
    box = axes.get_position()
    look: dict[str, Any] = {
        "fontsize": style.TITLE_PT,
        "fontweight": "bold",
        "va": "bottom",
    }
    figure.text(box.x0, box.y1 + 0.012, f"{letter}   {text}", **look)


def shape(box: tuple[float, float, float, float]) -> float:
    """Return the width over the height of a box that is a share of a figure of 16 to 9."""
    return box[2] * WIDTH_IN / (box[3] * HEIGHT_IN)


def panel_in(
    figure: Figure, box: tuple[float, float, float, float], view: View, shown: Encounter, placer: Placer
) -> Panel:
    """Add a panel whose window holds a view and has the shape of its box, a share of a figure of 16 to 9."""
    axes = figure.add_axes(box)
    shaped = view.shaped(shape(box))
    set_view(axes, shaped)
    axes.apply_aspect()
    return Panel(axes, shaped, shown, placer)


def region_view(shown: Encounter, *windows: View) -> View:
    """Return the window that holds the flight, the zone that it was met in, the bases of those who met it, and others.

    What other flights do far from there runs out of the window.
    """
    recorded, centre = shown.recorded, shown.recorded.scenario.centre
    way = recorded.ways[shown.flight]
    places = [np.array([[centre.lat_deg, centre.lon_deg]]), np.column_stack([way.lat_deg, way.lon_deg])]
    met = {sortie.pair for sortie in shown.sorties if sortie.starts is not None}
    pairs, bases = recorded.scenario.fighters.pairs, recorded.scenario.fighters.bases
    for name in dict.fromkeys(pair.base for pair_name, pair in pairs.items() if pair_name in met):
        places.append(np.array([shown.base_deg(bases[name])]))
    side = None if shown.side is None else recorded.scenario.sides[shown.side]
    if side is not None and side.identification_zone is not None:
        places.append(shown.outline_deg(side.identification_zone, 50.0))
    for view in windows:
        places.append(np.array([[view.south, view.west], [view.north, view.east]]))
    together = np.concatenate(places)
    return view_of(together[:, 0], together[:, 1], 0.04, LEAST_REGION_KM)


def _draw_region(panel: Panel, close: View, outlines: dict[str, Floats]) -> None:
    shown, axes = panel.shown, panel.axes
    corners = ((close.west, close.south), close.east - close.west, close.north - close.south)
    axes.add_patch(Rectangle(*corners, fill=False, edgecolor=style.INK, linewidth=1.3, zorder=5))
    edge_x = [close.west, close.east, close.east, close.west, close.west]
    edge_y = [close.south, close.south, close.north, close.north, close.south]
    panel.placer.avoid_line(axes, edge_x, edge_y)
    draw_flights(panel, 3.2)
    for name, way in shown.recorded.ways.items():
        if way.kind == "pair":
            _draw_pair_way(panel, name)
    draw_scale(panel)
    mark_bases(panel)
    mark_incidents(panel)
    letter: dict[str, Any] = {"fontsize": style.TITLE_PT, "fontweight": "bold", "zorder": 8}
    sides = ((close.east, 4, "left"), (close.west, -4, "right"))
    spots = [Spot(x, y, dx, 0, ha) for y in (close.north, close.south) for x, dx, ha in sides]
    panel.placer.place(axes, "B", spots, path_effects=style.halo(), **letter)
    label_flights(panel)
    label_bases(panel)
    draw_edges(panel)
    label_incidents(panel)
    label_zones(panel, outlines, "identification")
    label_centre(panel)
    label_zones(panel, outlines, "trigger", "station")


def _draw_pair_way(panel: Panel, pair: str) -> None:
    """Draw a pair's way where it is alone: beside a flight it would hide under that flight's track."""
    way = panel.shown.recorded.ways[pair]
    beside = np.zeros(len(way.step), dtype=bool)
    joined: int | None = None
    for event in panel.shown.recorded.events:
        if event["who"] == pair and event["kind"] == "joined":
            joined = event["step"]
        elif event["who"] == pair and event["kind"] == "parts" and joined is not None:
            beside |= (way.step > joined) & (way.step < event["step"])
            joined = None
    if joined is not None:
        beside |= way.step > joined
    lat_deg, lon_deg = (np.where(beside, np.nan, each) for each in (way.lat_deg, way.lon_deg))
    mine = any(s.pair == pair and s.joined is not None for s in panel.shown.sorties)
    draw_way(panel, lat_deg, lon_deg, zorder=2.5, **(MET if mine else PASSED_BY))


def _draw_key(figure: Figure, panel: Panel) -> None:
    """Explain colours and lines below the panels, and name below that who is not on the map."""
    shown, recorded = panel.shown, panel.shown.recorded
    sides = {recorded.scenario.intruders[name].side: look for name, look in looks(shown).items()}
    handles = [
        Line2D(
            [], [], color=look.color, linewidth=3.0, label=f"flights: {recorded.scenario.sides[side].label}"
        )
        for side, look in sides.items()
    ]
    met = {sortie.pair for sortie in shown.sorties if sortie.joined is not None}
    flown = {name for name, way in recorded.ways.items() if way.kind == "pair"}
    if met & flown:
        handles.append(Line2D([], [], label=f"fighters that joined the {shortened(shown.label, 36)}", **MET))
    if flown - met:
        handles.append(Line2D([], [], label="other fighters", **PASSED_BY))
    kinds = {zone.kind for zone in recorded.scenario.zones.values()}
    if kinds & {"trigger", "station"}:
        words = " and ".join(FAINT[kind] for kind in FAINT if kind in kinds)
        handles.append(Line2D([], [], color=style.GREY, linewidth=1.0, linestyle=(0, (1, 2.5)), label=words))
    high_pt = HEIGHT_IN * 72.0
    figure.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(LEFT[0], KEY_PT / high_pt),
        ncols=len(handles),
        fontsize=style.SMALL_PT,
        frameon=False,
        borderpad=0,
        borderaxespad=0,
        handlelength=2.6,
    )
    words = caption(panel, WIDTH_IN * 72.0 * (0.995 - LEFT[0]))
    figure.text(LEFT[0], CAPTION_PT / high_pt, words, fontsize=style.SMALL_PT, color=style.GREY, va="bottom")


def mark_bases(panel: Panel) -> None:
    """Mark the bases; those whose pairs flew are filled."""
    scenario = panel.shown.recorded.scenario
    flown = {
        scenario.fighters.pairs[n].base for n, w in panel.shown.recorded.ways.items() if w.kind == "pair"
    }
    for name, base in _bases_in(panel).items():
        face = style.BLUE if name in flown else "white"
        look: dict[str, Any] = {"markersize": 6.5, "markerfacecolor": face, "markeredgecolor": style.BLUE}
        lat_deg, lon_deg = panel.shown.base_deg(base)
        panel.axes.plot([lon_deg], [lat_deg], "s", zorder=6, **look)
        panel.placer.avoid_place(panel.axes, lon_deg, lat_deg, 5.0)


def label_bases(panel: Panel) -> None:
    """Name the bases that are in view."""
    for base in _bases_in(panel).values():
        look: dict[str, Any] = {"fontsize": style.SMALL_PT, "zorder": 8, "path_effects": style.halo()}
        lat_deg, lon_deg = panel.shown.base_deg(base)
        panel.placer.place(panel.axes, base.label, around(lon_deg, lat_deg, 7, 14), **look)


def _bases_in(panel: Panel) -> dict[str, Base]:
    bases = panel.shown.recorded.scenario.fighters.bases
    return {name: base for name, base in bases.items() if panel.view.holds(*panel.shown.base_deg(base))}
