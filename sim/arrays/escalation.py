"""Escalation in columns: what hazards come of acts and of close minutes, and face-offs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sim.arrays.columns import FAR, Whole, in_time_order, united
from sim.arrays.telling import Outcome, Telling
from sim.arrays.tracks import Spans
from sim.escalation import Hazard, waiting_law
from sim.fighters import Fighters


def in_order_of_cause(hazards: Mapping[str, Hazard]) -> list[str] | None:
    """Return the hazards, those that follow from others after them; None where they lead to each other in a circle."""
    left, ordered = list(hazards), list[str]()
    while left:
        kinds = {hazards[name].leads_to for name in left}
        free = [name for name in left if _kind(hazards[name]) not in kinds]
        if not free:
            return None
        ordered += free
        left = [name for name in left if name not in free]
    return ordered


def _kind(hazard: Hazard) -> str:
    return "" if hazard.on is None else hazard.on.partition(":")[0]


def befall(telling: Telling, name: str, hazard: Hazard) -> None:
    """Let events of one kind lead to what they lead to, after the hazard's delay."""
    assert hazard.on is not None
    assert hazard.delay_s is not None
    if hazard.share == 0.0:
        return
    kind, _, zone = hazard.on.partition(":")
    by_flight: dict[str, list[Whole]] = {}
    for event in telling.happenings.values():
        if event.kind == kind and (not zone or event.data["zone"] == zone):
            by_flight.setdefault(event.about, []).append(event.step)
    for about, steps in by_flight.items():
        # A strike is rare: only where one may come are the events put in order.
        most = int(np.sum([step <= telling.last for step in steps], axis=0).max(initial=0))
        strikes = [
            telling.below((hazard.share,), f"hazard {name}", f"strikes {about}", number)
            for number in range(hazard.from_occurrence, most + 1)
        ]
        struck = np.flatnonzero(np.any(strikes, axis=0)) if strikes else np.zeros(0, dtype=np.intp)
        if not len(struck):
            continue
        ordered = in_time_order([step[struck] for step in steps], telling.last, distinct=False)
        for number, step in enumerate(ordered, start=1):
            if number < hazard.from_occurrence:
                continue
            here = np.flatnonzero(strikes[number - hazard.from_occurrence][struck] & (step <= telling.last))
            if len(here):
                rows = struck[here]
                delay = telling.steps(hazard.delay_s, f"hazard {name}", f"delay {about}", number, rows)
                telling.happens(
                    hazard.leads_to,
                    "",
                    about,
                    telling.scatter(rows, step[here] + delay),
                    hazard=name,
                    of=number,
                )


def smoulder(
    telling: Telling, name: str, hazard: Hazard, fighters: Fighters, side: str, force: Outcome
) -> None:
    """Let the minutes beside an intruder lead to something."""
    law = waiting_law(hazard.share)
    if law is None:
        return
    names = [n for n, spec in fighters.pairs.items() if spec.side == side]
    for flight in telling.flights:
        slots = zip(
            *(force.get((key, flight), []) for key in ("beside", "parts", "pair", "join")), strict=True
        )
        for slot, (joined, parts, pair, join) in enumerate(slots):
            rows = np.flatnonzero(joined <= telling.last)
            kinds = pair[rows].astype(np.int64) * FAR + join[rows]
            for kind in np.unique(kinds):
                mine = rows[kinds == kind]
                who, occurrence = names[int(kind // FAR)], int(kind % FAR)
                step = joined[mine] + telling.steps(law, f"hazard {name}", f"time {who}", occurrence, mine)
                struck = step < parts[mine]
                if struck.any():
                    telling.happens(
                        hazard.leads_to,
                        who,
                        flight,
                        telling.scatter(mine[struck], step[struck]),
                        hazard=name,
                        of=f"{slot} {occurrence}",
                    )


def face_offs(
    telling: Telling, flight: str, own: str, forces: Mapping[str, Outcome], hazards: Mapping[str, Hazard]
) -> None:
    """Find each time at which fighters of a flight's own side and of another side are beside it at once."""
    spans = {
        side: list(zip(force.get(("beside", flight), []), force.get(("parts", flight), []), strict=True))
        for side, force in forces.items()
    }
    mine = spans.get(own, [])
    others = [span for side, each in spans.items() if side != own for span in each]
    if not mine or not others:
        return
    own_spans, other_spans = (
        united([joined for joined, _ in each], [parts for _, parts in each], telling.last)
        for each in (mine, others)
    )
    both = np.zeros(telling.count, dtype=bool)
    for joined, parts in zip(*own_spans, strict=True):
        for other_joined, other_parts in zip(*other_spans, strict=True):
            ends = np.minimum(np.minimum(parts, other_parts), telling.last + 1)
            both |= np.maximum(joined, other_joined) < ends
    events: dict[tuple[str, int, str], tuple[list[int], list[int]]] = {}

    def tell(kind: str, number: int, hazard: str, row: int, step: int) -> None:
        rows, steps = events.setdefault((kind, number, hazard), ([], []))
        rows.append(row)
        steps.append(step)

    laws = {name: waiting_law(h.share) for name, h in hazards.items() if h.during == "face-off"}
    for row in np.flatnonzero(both).tolist():
        number = 0
        for begin, end in _both_there(own_spans, other_spans, row):
            begun = begin + 1
            if begun >= end or begun > telling.last:
                continue
            number += 1
            tell("face-off", number, "", row, begun)
            if end <= telling.last:
                tell("face-off-ends", number, "", row, end)
            for name, law in laws.items():
                if law is None:
                    continue
                at = np.array([row])
                due = telling.steps(law, f"hazard {name}", f"time {flight}", number, at)
                step = begun + int(due[0])
                if step < end and step <= telling.last:
                    tell(hazards[name].leads_to, number, name, row, step)
    for (kind, number, hazard), (rows, steps) in events.items():
        column = telling.scatter(np.array(rows), np.array(steps, dtype=np.int32))
        data = {"number": number} if not hazard else {"hazard": hazard, "of": number}
        telling.happens(kind, flight, flight, column, **data)


def _both_there(mine: Spans, others: Spans, row: int) -> list[tuple[int, int]]:
    """Return when in one replication both sides are there, in order of time."""
    own, other = (
        [(int(begin[row]), int(end[row])) for begin, end in zip(*spans, strict=True)]
        for spans in (mine, others)
    )
    return sorted((max(a, c), min(b, d)) for a, b in own for c, d in other if max(a, c) < min(b, d))
