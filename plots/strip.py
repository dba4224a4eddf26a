"""The strip at the top of the board: which zones the flight is in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes

from plots import style
from plots.encounter import Encounter
from plots.ladder import zones_held
from plots.placing import Placer, wrapped
from plots.timeline import side_text

LINE_PT, TWO_LINES_PT = 20.0, 32.0  # the height of the strip, and where a name needs two lines
MARGIN_PT = 5.0  # of a field that its name leaves free
THIN = 0.3  # of the height: a field that has no room for a name
IN_ZONE = "#dfa9b1"  # between that of an airspace and that of no zone, also in grey


@dataclass(frozen=True)
class Field:
    """A part of the strip: its seconds, its colour, and its name in lines, which is empty if there is no room."""

    first: float
    last: float
    color: str
    name: str
    look: dict[str, Any]


def fields(shown: Encounter, placer: Placer, width_pt: float) -> list[Field]:
    """Return the parts of a strip of a width, each named on one line or two where that fits."""
    zones, found = shown.recorded.scenario.zones, []
    per_s = width_pt / max(shown.seconds(shown.ends - shown.begins), 1.0)
    for begins, ends, inside in zones_held(shown):
        airspace = [zone for zone in inside if zones[zone].kind == "airspace"]
        text = " + ".join(zones[zone].label for zone in airspace or inside) or "no zone"
        color = style.RED if airspace else IN_ZONE if inside else style.GROUND
        look: dict[str, Any] = {"fontsize": style.SMALL_PT, "fontweight": "bold" if airspace else "normal"}
        first, last = shown.seconds(begins), shown.seconds(ends)
        room_pt = (last - first) * per_s - MARGIN_PT
        fits = (name for name in _versions(text) if placer.size_pt(name, **look)[0] <= room_pt)
        look["color"] = "white" if airspace else style.INK
        found.append(Field(first, last, color, next(fits, ""), look))
    return found


def _versions(text: str) -> Iterator[str]:
    r"""Yield a name on one line, then on the two that are shortest.

    >>> list(_versions("North + South"))
    ['North + South', 'North +\nSouth']
    """
    yield text
    folded = (wrapped(text, width) for width in range(len(text)))
    yield from (name for name in dict.fromkeys(folded) if name.count("\n") == 1)


def strip_pt(parts: list[Field]) -> float:
    """Return the height of the strip in points."""
    return TWO_LINES_PT if any("\n" in part.name for part in parts) else LINE_PT


def draw_strip(axes: Axes, shown: Encounter, parts: list[Field]) -> None:
    """Draw the strip; what is too short for a name is a thin line between its neighbours, unless it is airspace."""
    axes.set_xlim(shown.seconds(shown.begins), shown.seconds(shown.ends))
    axes.set_ylim(0, 1)
    axes.axis("off")
    name = wrapped(f"{shown.label} is in", 28).splitlines()
    if len(name) > 2:
        name = [*name[:1], f"{name[1]}…"]
    size = style.TEXT_PT if len(name) == 1 else style.SMALL_PT
    side_text(axes, -0.012, 0.5, "\n".join(name), ha="right", fontsize=size, linespacing=0.95)
    for part in parts:
        high = 1.0 if part.name or part.color == style.RED else THIN
        span, box = (part.first, part.last - part.first), ((1 - high) / 2, high)
        axes.broken_barh([span], box, facecolor=part.color, edgecolor="white", linewidth=1.5)
        middle = (part.first + part.last) / 2
        axes.text(middle, 0.47, part.name, ha="center", va="center", linespacing=1.1, **part.look)
