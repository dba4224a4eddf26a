"""One telling of many replications: what the chapters may touch when they compose the model over arrays.

A chapter is told in *nodes*: a picture of a flight at a post, a stage about a flight, the fighters of a side, the
calls and the measures of a side to a flight.  A node is told when another one first asks for it, so that what it
waits for has been told before.  Where nodes wait for one another in a circle, the one that is being told is taken as
it was in the telling before; all replications in which it has come out otherwise are told again, until nothing
changes.  Since effects come after their causes, each telling is right for longer than the one before, and the one
that changes nothing is the model's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.arrays.columns import FAR, Columns, Flags, Path, Rows, Whole
from sim.arrays.tracks import Flown
from sim.draws import Distribution
from sim.happenings import Happening
from sim.run import Prepared

Outcome = dict[Any, list[Whole]]
"""What comes of a node: columns of steps by key."""


@dataclass
class Telling:
    """The record that all chapters share: replications `rows` of a chunk (all where None), `count` of them."""

    prepared: Prepared
    columns: Columns
    rows: Rows | None
    count: int
    last: int
    flights: Mapping[str, Flown]
    before: Mapping[Any, Outcome]
    """What came of nodes in the telling before, for the same replications."""
    wanted: frozenset[str]
    """Kinds of event that rungs, facts or hazards speak of: only these are kept as happenings."""
    nodes: dict[Any, Callable[[], Outcome]] = field(default_factory=dict)
    told: dict[Any, Outcome] = field(default_factory=dict)
    under_way: list[Any] = field(default_factory=list)
    """The nodes that are being told, each asked for by the one before it."""
    stale: dict[Any, Any] = field(default_factory=dict)
    """Nodes that were taken as they were in the telling before, and one that has taken each so."""
    asked: dict[Any, set[Any]] = field(default_factory=dict)
    """By node, the nodes that it has asked for."""
    varied: set[Any] = field(default_factory=set)
    """The nodes that rest on a law or a chance in which points of a study differ."""
    said_by: dict[Any, Any] = field(default_factory=dict)
    """By key of a happening, the node that keeps it."""
    happenings: dict[Any, Happening] = field(default_factory=dict)
    turns: list[tuple[str, int, Rows, Whole, Whole]] = field(default_factory=list)
    """Decisions to turn away: (flight, way, rows, steps of turning, steps of noticing and kind, to break ties)."""
    turned_by: list[Any] = field(default_factory=list)
    """By decision to turn away, the node that tells it."""
    handed_over: Flags = field(default_factory=lambda: np.zeros(0, dtype=bool))
    squadrons: dict[Any, Any] = field(default_factory=dict)
    """The pairs of each side as they stand at the end, by node."""
    earlier: Telling | None = None
    """The telling before."""
    kept: Rows = field(default_factory=lambda: np.zeros(0, dtype=np.intp))
    """Which replications of the telling before are those of this one."""

    def node(self, key: Any) -> Outcome:
        """Return what comes of a node, telling it now if it has not been told."""
        asker = self.under_way[-1] if self.under_way else None
        self.rests_on(key)
        outcome = self.told.get(key)
        if outcome is not None:
            return outcome
        if key in self.under_way:
            self.stale[key] = asker
            return self.before.get(key, {})
        self.under_way.append(key)
        outcome = self.nodes[key]()
        self.under_way.pop()
        self.told[key] = outcome
        return outcome

    def close(self) -> None:
        """Let go of all that refers back to this record: so its columns are freed with it.

        Otherwise they wait for Python's garbage collector, which counts objects and not bytes: a worker would hold the
        columns of several chunks, and have the system find it new memory for each.
        """
        self.nodes.clear()
        self.squadrons.clear()

    def rests_on(self, key: Any) -> None:
        """Note that the node that is being told asks for another."""
        if self.under_way:
            self.asked.setdefault(self.under_way[-1], set()).add(key)

    def draws_from(self, law: Distribution) -> None:
        """Note that the node that is being told draws from a law, if that differs between points."""
        self._rests_on_what_varies(id(law))

    def shares(self, share: float, *path: str) -> tuple[float, ...]:
        """Return the chance that stands at a path of the scenario: one for all points, or one for each."""
        self._rests_on_what_varies(path)
        return self.columns.shares(share, path)

    def _rests_on_what_varies(self, quantity: int | Path) -> None:
        if self.under_way and quantity in self.columns.varied:
            self.varied.add(self.under_way[-1])

    def turns_away(self, flight: str, way: int, rows: Rows, at: Whole, seen: Whole) -> None:
        """Keep the decisions of a flight to turn away at steps, which follow from what was noticed at others."""
        self.turns.append((flight, way, rows, at, seen))
        self.turned_by.append(self.under_way[-1])

    def chosen(self, rows: Rows | None) -> Rows | None:
        """Return which rows of the chunk's columns stand for rows of this telling."""
        if self.rows is None:
            return rows
        return self.rows if rows is None else self.rows[rows]

    def steps(
        self,
        law: Distribution,
        entity: str,
        decision: str,
        occurrence: int,
        rows: Rows | None = None,
        *,
        least: int = 1,
    ) -> Whole:
        """Return drawn durations in steps for rows of this telling."""
        self.draws_from(law)
        column = self.columns.steps(law, entity, decision, occurrence, least=least)
        rows = self.chosen(rows)
        return column if rows is None else column[rows]

    def below(
        self,
        shares: tuple[float, ...],
        entity: str,
        decision: str,
        occurrence: int,
        rows: Rows | None = None,
    ) -> Flags:
        """Return whether the uniform number of a decision lies below a share, for rows of this telling."""
        column = self.columns.below(shares, entity, decision, occurrence)
        rows = self.chosen(rows)
        return column if rows is None else column[rows]

    def multiples(
        self,
        law: Distribution,
        entity: str,
        decision: str,
        occurrence: int,
        resolution: float,
        rows: Rows,
    ) -> Whole:
        """Return drawn multiples of a resolution for rows of this telling."""
        self.draws_from(law)
        chosen = self.chosen(rows)
        return self.columns.multiples(law, entity, decision, occurrence, resolution)[chosen]

    def nowhere(self) -> Whole:
        """Return a column of steps that do not come."""
        return np.full(self.count, FAR, dtype=np.int32)

    def scatter(self, rows: Rows, steps: Whole) -> Whole:
        """Return a column that has steps at rows and FAR elsewhere."""
        column = self.nowhere()
        column[rows] = steps
        return column

    def happens(
        self,
        kind: str,
        who: str,
        about: str,
        step: Whole,
        varying: Mapping[str, NDArray[Any]] | None = None,
        **data: Any,
    ) -> None:
        """Keep an event that rungs, facts or hazards speak of; `step` is a column, FAR where it does not happen."""
        if kind in self.wanted:
            key = (kind, who, about, tuple(data.items()))
            self.said_by[key] = self.under_way[-1] if self.under_way else None
            self.happenings[key] = Happening(kind, who, about, step, data, varying or {})
