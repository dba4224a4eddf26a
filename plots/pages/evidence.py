"""What was reported, beside the events that it speaks of and the rungs that those reach."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from plots.ladder import speaks_of
from plots.pages import telling
from sim.clock import Clock

if TYPE_CHECKING:
    from sim.facts import Fact
    from sim.store import Recorded

Row = dict[str, Any]


def times(recorded: Recorded, clock: Clock) -> list[Row]:
    """Return each reported time with the number of its event, or None, and how the two compare in words."""
    facts = recorded.scenario.facts
    return [
        _time(clock, facts[row["id"]], row) | {"event": event_of(recorded, row)}
        for row in recorded.reported
        if "gap_s" in row
    ]


def _time(clock: Clock, fact: Fact, row: Mapping[str, Any]) -> Row:
    shown_as_is = ("statement", "role", "simulated", "disputed", "confidence")
    return {key: row[key] for key in shown_as_is} | {
        "reported": telling.reported(row["reported"]),
        "gap": "" if row["gap_s"] is None else telling.signed(round(row["gap_s"]), "s"),
        "verdict": telling.verdict(row),
        **span_s(clock, fact),
    }


def of_rung(recorded: Recorded, clock: Clock, number: int) -> list[Row]:
    """Return the reported times of what reaches a rung, each with the step of its event, or None."""
    scenario = recorded.scenario
    rung = scenario.escalation.rungs[number]
    found = []
    for row in recorded.reported:
        fact = scenario.facts[row["id"]]
        if fact.take == "time" and speaks_of(fact, rung):
            event = event_of(recorded, row)
            step = None if event is None else recorded.events[event]["step"]
            found.append(span_s(clock, fact) | {"role": fact.role, "step": step})
    return found


def span_s(clock: Clock, fact: Fact) -> Row:
    """Return the reported span of a time in seconds from the start; a side that is open is None."""
    ends = {"earliest_s": fact.earliest, "latest_s": fact.latest}
    if fact.at is not None:
        ends = {"earliest_s": fact.at, "latest_s": fact.at}
        if fact.direction is not None:
            ends["earliest_s" if fact.direction == "before" else "latest_s"] = None
    return {key: None if at is None else clock.seconds_at(at) for key, at in ends.items()}


def numbers(recorded: Recorded) -> list[Row]:
    """Return the reported numbers beside the simulated ones, as they are printed."""
    return [
        {
            "statement": row["statement"],
            "simulated": "–" if row["simulated"] is None else f"{row['simulated']:g}",
            "reported": telling.reported(row["reported"]),
            "gap": "" if row["gap"] is None else telling.signed(row["gap"]),
            "role": row["role"],
            "verdict": telling.verdict(row),
            "disputed": row["disputed"],
        }
        for row in recorded.reported
        if "gap_s" not in row
    ]


def event_of(recorded: Recorded, row: Mapping[str, Any]) -> int | None:
    """Return the number of the event whose time a fact is compared with, or None."""
    if row["simulated"] is None or "gap_s" not in row:
        return None
    select = recorded.scenario.facts[row["id"]].select
    wanted = {"side": select.by, "zone": select.zone, "stay": select.stay, "type": select.type}
    for event in recorded.events:
        if (
            event["time"] == row["simulated"]
            and event["kind"] == select.kind
            and (select.who is None or event["who"] in select.who)
            and (select.about is None or event["about"] in select.about)
            and all(value is None or event["data"].get(key) == value for key, value in wanted.items())
        ):
            return int(event["id"])
    return None
