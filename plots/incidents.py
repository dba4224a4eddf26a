"""What turned a flight from its way or befell it: marks that board and map have in common."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from plots import style
from plots.chart import Panel
from plots.encounter import Encounter, place_at
from plots.placing import fan
from plots.ways import looks

TURN: dict[str, Any] = {"marker": "<", "markerfacecolor": "white", "markersize": 10, "markeredgewidth": 1.8}
MOST_COST = (
    40.0  # what another flight did stands without words where there is no room: the other panel says it
)
STRUCK: dict[str, Any] = {"marker": "X", "color": style.INK, "markeredgecolor": "white", "markersize": 12}


def turns(shown: Encounter) -> list[tuple[str, int]]:
    """Return each flight whose crew turned away, and at which step."""
    return [(event["who"], event["step"]) for event in shown.recorded.events if event["kind"] == "turns"]


def turning(shown: Encounter, step: int) -> str:
    """Return what stands at the mark of a crew that turns away at a step."""
    return f"turns away {shown.clock.short(step)}"


@dataclass(frozen=True)
class Incident:
    """A mark on a map: where in longitude and latitude, what stands at it, and how both look."""

    at: tuple[float, float]
    words: str
    mark: dict[str, Any]
    look: dict[str, Any]
    most_cost: float = float("inf")


def mark_incidents(panel: Panel) -> None:
    """Mark on a map where flights turn away, and where something befell the one that it is about or who was with it."""
    for each in _incidents(panel):
        panel.axes.plot(*([x] for x in each.at), linestyle="none", zorder=7.5, **each.mark)
        panel.placer.avoid_place(panel.axes, *each.at, 6.0)


def label_incidents(panel: Panel) -> None:
    """Say at each mark what happened and when; of a flight that the map is not about its name, if there is room."""
    for each in _incidents(panel):
        leader = style.leader(each.look["color"], 6)
        look = {"fontsize": style.SMALL_PT, "zorder": 8, "path_effects": style.halo(), **each.look}
        versions = list(dict.fromkeys((each.words, each.words.replace("\n", " "))))
        spots = fan(*each.at, 14, 24, 38, 55, 80, 110, 150)
        panel.placer.place(panel.axes, versions, spots, leader=leader, most_cost=each.most_cost, **look)


def _incidents(panel: Panel) -> Iterator[Incident]:
    """Yield what happened in view of a map."""
    shown = panel.shown
    for flight, step in turns(shown):
        ink = looks(shown)[flight].ink
        words, most_cost = turning(shown, step), float("inf")
        if flight != shown.flight:
            words, most_cost = f"{shown.recorded.scenario.intruders[flight].label}\n{words}", MOST_COST
        if (at := _seen(panel, flight, step)) is not None:
            yield Incident(at, words, {**TURN, "markeredgecolor": ink}, {"color": ink}, most_cost)
    for event in shown.events:
        if "hazard" in event["data"]:
            who = event["who"] if event["who"] in shown.recorded.ways else shown.flight
            words = f"{event['kind'].replace('-', ' ')} {shown.clock.short(event['step'])}"
            if (at := _seen(panel, who, event["step"])) is not None:
                yield Incident(at, words, STRUCK, {"color": style.INK, "fontweight": "bold"})


def _seen(panel: Panel, who: str, step: int) -> tuple[float, float] | None:
    """Return where somebody was at a step, longitude and latitude, or None if that is out of view."""
    x, y = place_at(panel.shown.recorded.ways[who], step)
    return (x, y) if panel.view.holds(y, x) else None
