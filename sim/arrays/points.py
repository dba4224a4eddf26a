"""Points of a study that are told together: in which laws they differ, and what is each one's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from sim.draws import Distribution
from sim.happenings import Batch, FlownColumns, Happening, StayColumns
from sim.run import Prepared
from sim.scenario import Scenario


def varied(one: Scenario, other: Scenario) -> dict[int, Distribution] | None:
    """Return the laws in which another scenario differs, by the identity of those in the first.

    None if it differs in anything else, or in how its fighters fly: a planner reckons with that.
    """
    if one is other:
        return {}
    if one.fighters != other.fighters:
        return None
    found: dict[int, Distribution] = {}
    return found if _differ_in_laws(one, other, found) else None


def _differ_in_laws(one: Any, other: Any, found: dict[int, Distribution]) -> bool:
    if (
        one == other
    ):  # nearly all of a scenario is alike: to compare it as a whole is much faster than part by part
        return True
    if isinstance(one, Distribution) and isinstance(other, Distribution):
        found[id(one)] = other
        return True
    if type(one) is not type(other):
        return False
    if isinstance(one, BaseModel):
        names = type(one).model_fields
        return all(_differ_in_laws(getattr(one, name), getattr(other, name), found) for name in names)
    if isinstance(one, Mapping):
        return list(one) == list(other) and all(_differ_in_laws(one[key], other[key], found) for key in one)
    if isinstance(one, tuple | list):
        pairs = zip(one, other, strict=False)
        return len(one) == len(other) and all(_differ_in_laws(a, b, found) for a, b in pairs)
    return bool(one == other)


def part_of(batch: Batch, point: Prepared, number: int, points: int) -> Batch:
    """Return the replications of one of so many points that were told together."""
    count = batch.count // points
    span = slice(number * count, (number + 1) * count)
    events = [
        Happening(
            event.kind,
            event.who,
            event.about,
            event.step[span],
            event.data,
            {name: values[span] for name, values in event.varying.items()},
        )
        for event in batch.happenings
    ]
    flown = {
        name: FlownColumns(
            each.turns[span],
            each.last[span],
            each.closest[span],
            each.closest_km[span],
            {
                zone: StayColumns(stays.enters[:, span], stays.leaves[:, span], stays.closest_km[:, span])
                for zone, stays in each.stays.items()
            },
        )
        for name, each in batch.flown.items()
    }
    return Batch(point, batch.seed, batch.first, count, events, flown, batch.handed_over[span])
