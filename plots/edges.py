"""The edge of a map: where flights cross it and when, and who was never inside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import numpy as np

from plots import style
from plots.chart import Panel
from plots.encounter import pair_labels
from plots.placing import around, fan, shortened
from plots.ways import draw_head, looks

BESIDE_PT = 12.0


@dataclass(frozen=True)
class Crossing:
    """Flights that cross the edge of the map together: who, where in longitude and latitude, and when."""

    names: tuple[str, ...]
    at: tuple[float, float]
    minute: str
    is_out: bool


def draw_edges(panel: Panel) -> None:
    """Draw an arrow where a flight first comes into the map and where it leaves it for good, and say when."""
    together: list[Crossing] = []
    for each in _crossings(panel):
        near = next((other for other in together if _is_beside(panel, each, other)), None)
        if near is None:
            together.append(each)
        else:
            together[together.index(near)] = replace(near, names=(*near.names, *each.names))
    for each in together:
        _label(panel, each)


def _crossings(panel: Panel) -> Iterator[Crossing]:
    """Yield where each flight comes in and leaves, and draw its arrow there."""
    for name, way in panel.shown.recorded.ways.items():
        inside = seen(panel, name)
        if way.kind != "flight" or not inside.any():
            continue
        first, last = (int(i) for i in np.flatnonzero(inside)[[0, -1]])
        for at, is_out in ((first, False), (last, True)):
            if at not in (0, len(inside) - 1):
                draw_head(panel, way.lat_deg, way.lon_deg, at, looks(panel.shown)[name].color)
                place = float(way.lon_deg[at]), float(way.lat_deg[at])
                yield Crossing((name,), place, panel.shown.minute(int(way.step[at])), is_out)


def _is_beside(panel: Panel, one: Crossing, other: Crossing) -> bool:
    """Return whether two flights cross the edge in the same minute and place, as in a formation."""
    (x, y), (u, v) = panel.axes.transData.transform([one.at, other.at]) * panel.placer.scale
    alike = (one.minute, one.is_out) == (other.minute, other.is_out)
    return alike and bool(np.hypot(u - x, v - y) < BESIDE_PT)


def _label(panel: Panel, crossing: Crossing) -> None:
    flights, found = panel.shown.recorded.scenario.intruders, looks(panel.shown)
    inks = list(dict.fromkeys(found[name].ink for name in crossing.names))
    ink = inks[0] if len(inks) == 1 else style.INK
    many = len(crossing.names) > 1
    did = ("leave the map" if crossing.is_out else "come in") if many else ""
    did = did or ("leaves the map" if crossing.is_out else "comes in")
    who = " and ".join(shortened(flights[name].label, 28) for name in crossing.names)
    text: dict[str, Any] = {"color": ink, "fontsize": style.SMALL_PT, "zorder": 8}
    leader = style.leader(ink, 3)
    spots = [*around(*crossing.at, 9), *fan(*crossing.at, 20, 32, 48, 70)]
    versions = [f"{who}\n{did} {crossing.minute}", f"{who} {did} {crossing.minute}"]
    panel.placer.place(panel.axes, versions, spots, leader=leader, path_effects=style.halo(), **text)


def seen(panel: Panel, name: str) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return which recorded places of a way lie on the map."""
    way, view = panel.shown.recorded.ways[name], panel.view
    high = (way.lat_deg >= view.south) & (way.lat_deg <= view.north)
    wide = (way.lon_deg >= view.west) & (way.lon_deg <= view.east)
    return np.asarray(high & wide, dtype=np.bool_)


def caption(panel: Panel, room_pt: float) -> str:
    """Return who flew outside the map all the time, and which pairs in part, in words that fit; else nothing."""
    recorded = panel.shown.recorded
    pairs = pair_labels(recorded, {name for name, way in recorded.ways.items() if way.kind == "pair"})
    named = {name: flight.label for name, flight in recorded.scenario.intruders.items()} | pairs
    wholly = [named[name] for name in recorded.ways if not seen(panel, name).any()]
    partly = [pairs[name] for name in pairs if seen(panel, name).any() and not seen(panel, name).all()]
    told = [("outside the map: ", wholly), ("in part outside: ", partly)]
    return "   ".join(chain(*(_fitting(panel, head, names, room_pt / 2) for head, names in told if names)))


def _fitting(panel: Panel, head: str, names: list[str], room_pt: float) -> list[str]:
    for count in range(len(names), 0, -1):
        more = len(names) - count
        text = head + "; ".join(names[:count]) + (f" and {more} more" if more else "")
        if panel.placer.size_pt(text, fontsize=style.SMALL_PT)[0] <= room_pt or count == 1:
            return [text]
    return []
