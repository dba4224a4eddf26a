"""Resuming: dispatch that is told again takes up where it first comes out otherwise.

The problem: an intruder that turns away late changes little of what a side's pairs did, and to tell all of it again
costs as much as the first telling.  The solution: what is known of the pairs is taken from the telling before, changes
of plans from that step on are undone by the log, and the orders from that step on are given anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.arrays.columns import FAR, Rows, Whole
from sim.arrays.standing import PLAN, Standing
from sim.pieces import laid_out

if TYPE_CHECKING:
    from sim.arrays.dispatch import Squadron


def first_difference(now: Squadron, then: Squadron, kept: Rows) -> Whole:
    """Return the step from which on orders or flights differ from those of the telling before, or FAR.

    `kept` says which replications of that telling are those of this one, shape (replications,).
    """
    nowhere = np.full(now.count, FAR, dtype=np.int32)
    since = nowhere.copy()
    for mine, his in zip(now.pursuit.flown, then.pursuit.flown, strict=True):
        turns, other = mine.turns, his.turns[kept]
        differ = (turns != other) | (mine.variant != his.variant[kept])
        np.minimum(since, np.minimum(turns, other), out=since, where=differ)
    for key in dict.fromkeys((*now.orders, *then.orders)):
        step = now.orders[key][1] if key in now.orders else nowhere
        before = then.orders[key][1][kept] if key in then.orders else nowhere
        np.minimum(since, np.minimum(step, before), out=since, where=step != before)
    return since


def take_up(now: Standing, then: Standing, kept: Rows, since: Whole) -> None:
    """Bring pairs to where they were just before a step of each replication, in the telling before."""
    pairs = len(now.roster.names)
    for mine, his in ((now.plans, then.plans), (now.seated[np.newaxis], then.seated[np.newaxis])):
        mine.reshape(-1, pairs, now.count)[:] = his.reshape(-1, pairs, then.count).take(kept, axis=2)
    now.at_base.reshape(pairs, -1)[:] = then.at_base.reshape(pairs, -1)[:, kept]
    now.place.reshape(pairs, -1, 3)[:] = then.place.reshape(pairs, -1, 3)[:, kept]
    now.windows = then.windows.take(kept, axis=2)
    now.used, now.failed = then.used.copy(), then.failed[kept]
    _undo(now, then, kept, since)
    asks = now.asks.reshape(pairs, -1)
    open_calls = np.where(asks >= since, asks, FAR).reshape(-1)
    now.due[:] = now.dues(open_calls, np.maximum(now.about, 0))
    stands = _entered_before(then, kept, since)
    now.slots = {key: np.where(stands, table[:, kept], FAR) for key, table in then.slots.items()}
    now.slot_count = stands.sum(axis=0)


def _entered_before(
    then: Standing, kept: Rows, since: Whole
) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Return which entries in the book were made before a step."""
    if not then.slots:
        return np.zeros((0, len(kept)), dtype=bool)
    entered = then.slots["entered"][:, kept]
    return (entered < since) & (entered < FAR)


def _undo(now: Standing, then: Standing, kept: Rows, since: Whole) -> None:
    """Take back what changed from a step on, the last change first; keep the log of what stands."""
    undone = np.zeros(now.plans.shape[1], dtype=bool)
    # A replication of the telling before may have become several, one for each point of a study.
    order = np.argsort(kept, kind="stable")
    many = np.bincount(kept, minlength=then.count)
    begins = np.cumsum(many) - many
    for entry in reversed(then.log):
        times = many[entry.rows]
        here, number = laid_out(times)
        rows = order[begins[entry.rows[here]] + number]
        late = entry.step[here] >= since[rows]
        if not late.all():
            now.log.append(entry.of(here[~late], rows[~late]))
        here, rows = here[late], rows[late]
        if not len(here):
            continue
        at = entry.pair[here] * now.count + rows
        undone[at] = True
        if entry.seats:
            now.seated[at] = FAR
        elif entry.before is None:
            now.plans[:, at] = np.array(list(PLAN.values()), dtype=np.int32)[:, np.newaxis]
            now.at_base[at] = True
        else:
            before = entry.before.of(here)
            now.plans[:, at], now.place[at], now.at_base[at] = before.plans, before.place, before.at_base
    now.log.reverse()
    at = np.flatnonzero(undone)
    if len(at):
        now.settle(at, at // now.count, at % now.count)
