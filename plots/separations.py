"""How far the fighters were from the flight of an encounter: distances over time, acts beside it, closest approach.

The model flies a pair that has joined in the flight's own place: how near it keeps is told only by the acts that carry
a distance.  So a distance is a curve until a pair joins and after it parts, and a point for each such act.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plots.encounter import Encounter, Event, Floats, Sortie, place, spans_shown

NEAR_KM = 0.01
"""Nearer than this two recorded places are the same: the pair flies in the flight's place."""


@dataclass(frozen=True)
class Act:
    """One act at a distance that the log tells."""

    kind: str
    step: int
    distance_km: float


@dataclass(frozen=True)
class Separation:
    """One pair and the flight: its curves as (steps, km), when it was beside, and its acts there."""

    pair: str
    label: str
    curves: tuple[tuple[Floats, Floats], ...]
    beside: tuple[tuple[int, int], ...]
    acts: tuple[Act, ...]
    others: tuple[tuple[int, str], ...]
    """Step and kind of acts of the ladder whose distance is not told."""

    @property
    def closest(self) -> tuple[int, float, str] | None:
        """Step, km and what it was: the nearest act, or the nearest place on a curve; None where there is neither."""
        if self.acts:
            act = min(self.acts, key=lambda each: (each.distance_km, each.step))
            return act.step, act.distance_km, act.kind
        if self.beside or not self.curves:
            return None
        steps = np.concatenate([steps for steps, _ in self.curves])
        km = np.concatenate([km for _, km in self.curves])
        least = int(np.argmin(km))
        return int(steps[least]), float(km[least]), ""


def separations(shown: Encounter) -> list[Separation]:
    """Return the separation of each pair that did something about the flight, those that joined first before others.

    A pair that took off but was never within view of the span has no curve and is left out.
    """
    pairs = dict.fromkeys(sortie.pair for sortie in shown.sorties if sortie.starts is not None)
    found = [_separation(shown, pair) for pair in pairs]
    return [each for each in found if each.curves or each.beside]


def _separation(shown: Encounter, pair: str) -> Separation:
    sorties = [sortie for sortie in shown.sorties if sortie.pair == pair and sortie.starts is not None]
    beside = spans_shown(
        [(s.joined, shown.ends if s.ends is None else s.ends) for s in sorties if s.joined is not None],
        shown.begins,
        shown.ends + 1,
    )
    curves = [_curve(shown, pair, first, last) for sortie in sorties for first, last in _legs(shown, sortie)]
    mine = [event for event in shown.events if event["who"] == pair and _is_act(shown, event)]
    told = tuple(
        Act(event["kind"], event["step"], float(event["data"]["distance_km"]))
        for event in mine
        if "distance_km" in event["data"]
    )
    others = tuple((event["step"], event["kind"]) for event in mine if "distance_km" not in event["data"])
    kept = tuple(curve for curve in curves if len(curve[0]))
    return Separation(pair, sorties[0].label, kept, tuple(beside), told, others)


def _legs(shown: Encounter, sortie: Sortie) -> list[tuple[int, int]]:
    """Return the spans in which a pair was on its way to the flight, or from it."""
    assert sortie.starts is not None
    last = int(shown.recorded.ways[sortie.pair].step[-1])
    ends = last if sortie.ends is None else sortie.ends
    legs = [(sortie.starts, ends if sortie.joined is None else sortie.joined)]
    if sortie.joined is not None and sortie.ends is not None:
        legs.append((sortie.ends, last))
    return legs


def _curve(shown: Encounter, pair: str, first: int, last: int) -> tuple[Floats, Floats]:
    """Return (steps, km) where both are there, within the span; what is in the flight's own place is left out."""
    one, other = shown.recorded.ways[shown.flight], shown.recorded.ways[pair]
    first = max(first, shown.begins, int(one.step[0]), int(other.step[0]))
    last = min(last, shown.ends, int(one.step[-1]), int(other.step[-1]))
    steps = np.arange(first, last + 1, dtype=np.float64)
    if not len(steps):
        return steps, steps
    here, there = (shown.sphere.unit(*place(way, steps)) for way in (one, other))
    km = shown.sphere.distance_km(here, there)
    far = km > NEAR_KM
    return steps[far], km[far]


def _is_act(shown: Encounter, event: Event) -> bool:
    ladder = shown.recorded.scenario.warning.get(event["data"].get("side", ""))
    return (
        ladder is not None
        and event["kind"] in ladder.measures
        and shown.begins <= event["step"] <= shown.ends
    )
