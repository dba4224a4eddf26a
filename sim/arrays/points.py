"""Points of a study that are told together: in which laws and chances they differ, and what is each one's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from sim.arrays.columns import Own, Path
from sim.draws import Distribution
from sim.happenings import Batch, FlownColumns, Happening, StayColumns
from sim.run import Prepared
from sim.scenario import Scenario

CREW_CHANCES = ("notices_share", "answers_share", "reports_share", "turns_share")


def own_of(one: Scenario, other: Scenario) -> Own | None:
    """Return the laws and chances that another scenario has in the place of those of the first.

    None if it differs in anything else, or in how its fighters fly: a planner reckons with that.
    """
    if one is other:
        return Own()
    if one.fighters != other.fighters:
        return None
    laws: dict[int, Distribution] = {}
    chances: dict[Path, float] = {}
    return Own(laws, chances) if _alike(one, other, (), laws, chances) else None


def _alike(
    one: Any, other: Any, path: Path, laws: dict[int, Distribution], chances: dict[Path, float]
) -> bool:
    """Return whether parts of two scenarios are alike but for laws and chances, and note these."""
    # Nearly all of a scenario is alike: to compare it as a whole is much faster than part by part.
    if one == other:
        return True
    if isinstance(one, Distribution) and isinstance(other, Distribution):
        laws[id(one)] = other
        return True
    if type(one) is not type(other):
        return False
    if isinstance(one, BaseModel):
        names = type(one).model_fields
        return all(
            _alike(getattr(one, name), getattr(other, name), (*path, name), laws, chances) for name in names
        )
    if isinstance(one, Mapping):
        return list(one) == list(other) and all(
            _alike(one[key], other[key], (*path, key), laws, chances) for key in one
        )
    if isinstance(one, tuple | list):
        return len(one) == len(other) and all(
            _alike(a, b, (*path, str(place)), laws, chances)
            for place, (a, b) in enumerate(zip(one, other, strict=True))
        )
    if _is_chance(path):
        chances[path] = other
        return True
    return False


def _is_chance(path: Path) -> bool:
    """Return whether at a path of a scenario stands a chance that `Telling.shares` looks up there."""
    match path:
        case ("crew", _, name, *_):
            return name in CREW_CHANCES
        case ("command", "stages", _, name):
            return name == "yes_share"
    return False


def alike(scenarios: Sequence[Scenario]) -> list[dict[int, Own]]:
    """Return the places of scenarios in groups that can be told together, each in the order given.

    With each place stands what it has in the place of what the first of its group has.
    """
    groups: list[dict[int, Own]] = []
    for place, scenario in enumerate(scenarios):
        for group in groups:
            own = own_of(scenarios[next(iter(group))], scenario)
            if own is not None:
                group[place] = own
                break
        else:
            groups.append({place: Own()})
    return groups


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
