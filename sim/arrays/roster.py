"""The pairs of a side as a planner sees them, in columns: whose medians he reckons with, and who are alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.arrays.intercepts import Wing, Wings
from sim.arrays.telling import Telling
from sim.fighters import Fighters
from sim.world import median_steps


class Roster:
    """The pairs of a side as a planner sees them: number, wing, and medians in whole steps, one row for each."""

    def __init__(self, telling: Telling, name: str, fighters: Fighters) -> None:
        clock, places = telling.prepared.clock, telling.prepared.places
        self.fighters = fighters
        self.specs = {n: spec for n, spec in fighters.pairs.items() if spec.side == name}
        self.names = list(self.specs)
        wings: dict[Wing, int] = {}
        rows: list[tuple[int, ...]] = []
        for spec in self.specs.values():
            kind, alert = fighters.types[spec.type], fighters.alerts[spec.alert]
            key = (
                tuple(places[spec.base].tolist()),
                kind.km_per_step(clock),
                clock.steps(kind.endurance_s),
            )
            rows.append(
                (
                    wings.setdefault(key, len(wings)),
                    key[2],
                    median_steps(clock, alert.airborne_s),
                    median_steps(clock, alert.airborne_from_cockpit_s),
                    median_steps(clock, kind.climb_s, least=0),
                    median_steps(clock, kind.join_s),
                )
            )
        table = np.array(rows, dtype=np.int32).reshape(-1, 6)
        self.wing = table[:, 0].astype(np.intp)
        self.endurance, self.airborne, self.from_cockpit, self.climb, self.join = table[:, 1:].T
        self.wings = Wings(
            tuple(wings),
            np.array([place for place, _, _ in wings]).reshape(-1, 3),
            np.array([speed for _, speed, _ in wings]),
            max((longest for _, _, longest in wings), default=0),
        )
        kinds = [(*row, spec.type) for row, spec in zip(rows, self.specs.values(), strict=True)]
        self.kinds = tuple(dict.fromkeys(kinds))
        first = [kinds.index(kind) for kind in kinds]
        self.first_of_kind = np.array(sorted(set(first)), dtype=np.intp)
        """The first pair of each kind: who is of one is alike for a planner, as long as both are in bed."""
        self.kind_number = np.searchsorted(self.first_of_kind, first)
        """The number of each pair's kind."""

    def allowed(self, types: tuple[str, ...] | None) -> NDArray[np.bool_]:
        """Return which pairs are of the types that an order wants."""
        return np.array([types is None or spec.type in types for spec in self.specs.values()], dtype=bool)
