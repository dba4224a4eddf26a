"""Sharing: what does not depend on what varies between the points of a study is told once for them all.

Points that are told together differ in a few laws.  A node that draws from none of these, and asks none that does,
comes out the same for each of them: it is told for one point, and its columns are repeated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.arrays.telling import Outcome, Telling
from sim.happenings import Happening


@dataclass(frozen=True)
class Shared:
    """The nodes of one point's telling that are the same for `times` points."""

    telling: Telling
    nodes: frozenset[Any]
    times: int

    def enter(self, telling: Telling) -> None:
        """Give a telling of all points what has been told for one."""
        told = self.telling
        for key, outcome in told.told.items():
            if key in self.nodes:
                telling.told[key] = self._outcome(outcome)
        telling.squadrons |= {key: each for key, each in told.squadrons.items() if key in self.nodes}
        telling.stale |= {key: None for key, asker in told.stale.items() if asker in self.nodes}
        telling.handed_over |= np.tile(told.handed_over, self.times)
        for name, event in told.happenings.items():
            if told.said_by[name] in self.nodes:
                step, varying = self._repeated(event.step), self._by_name(event.varying)
                telling.happenings[name] = Happening(
                    event.kind, event.who, event.about, step, event.data, varying
                )
        shifts = np.arange(self.times)[:, np.newaxis] * told.count
        for (flight, way, rows, at, seen), node in zip(told.turns, told.turned_by, strict=True):
            if node in self.nodes:
                rows = (shifts + rows).reshape(-1)
                telling.turns.append((flight, way, rows, self._repeated(at), self._repeated(seen)))
                telling.turned_by.append(node)

    def _repeated(self, column: NDArray[Any]) -> NDArray[Any]:
        return np.tile(column, self.times)

    def _by_name(self, columns: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        return {name: self._repeated(column) for name, column in columns.items()}

    def _outcome(self, outcome: Outcome) -> Outcome:
        return {name: [self._repeated(step) for step in steps] for name, steps in outcome.items()}


def shared(telling: Telling, times: int) -> Shared:
    """Return what of a telling of one point holds for all points."""
    varies = set(telling.varied)
    left = True
    while left:
        more = {
            key for key, asked in telling.asked.items() if key not in varies and not varies.isdisjoint(asked)
        }
        varies |= more
        left = bool(more)
    return Shared(telling, frozenset(key for key in telling.told if key not in varies), times)
