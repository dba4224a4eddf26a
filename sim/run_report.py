"""What the terminal shows of a run: what was simulated beside what was reported, then its outcome in a few lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from sim.terminal import (
    DISPUTED,
    FIXED,
    clock_text,
    console,
    duration,
    gap_of,
    reported_text,
    spaced_table,
    statement_text,
    statement_width,
    table_of,
)

if TYPE_CHECKING:
    from sim.store import Recorded

Line = tuple[str, str]
"""(what it is about, in words)."""


def show_run(recorded: Recorded) -> None:
    """Print one replication: what was simulated beside what was reported, then its outcome in a few lines."""
    out = console()
    manifest = recorded.manifest
    out.print(Text(recorded.scenario.scenario.title, style="bold"))
    run = f"seed {manifest['seed']}, replication {manifest['replication']}, scenario {manifest['hash']}"
    out.print(Text(f"{manifest['scenario']}: {run}", style="dim"))
    example = recorded.scenario.scenario.example
    if example is not None and (example.seed, example.replication) == (
        manifest["seed"],
        manifest["replication"],
    ):
        out.print(
            Text("This replication is the scenario's example; -n 1000 shows the spread of many.", style="dim")
        )
    times = [row for row in recorded.reported if "gap_s" in row]
    numbers = [row for row in recorded.reported if "gap_s" not in row]
    others = 9 + 12 + 7 + 5 + 3 + 5 * gap_of(out.width)
    rungs = [{"statement": _rung(recorded, rung).plain} for rung in recorded.rungs]
    statements = statement_width(out.width, others, [*recorded.reported, *rungs])
    if times or any(rung["time"] is not None for rung in recorded.rungs):
        out.print(_times(recorded, times, out.width, statements))
        out.print()
    if numbers:
        out.print(_numbers(numbers, out.width, statements))
        out.print()
    for meaning in _legend(recorded.reported):
        out.print(Text(meaning, style="dim"))
    outcome = table_of(("", "left", {"style": "bold", **FIXED}), ("", "left", {}), gap=2)
    outcome.show_header = False
    for line in _summary(recorded):
        outcome.add_row(*line)
    out.print(outcome)


def _legend(reported: list[dict[str, Any]]) -> list[str]:
    """Return what the marks mean, of those that occur."""
    lines = []
    if reported:
        lines.append("input: used to write the scenario; check: kept apart.  off: not within tolerance")
    if any(row["disputed"] for row in reported):
        lines.append(f"{DISPUTED} sources or governments disagree.  not: this run does not bear it out")
    return [*lines, ""] if lines else []


def _facts_table(width: int, what: str, statements: int) -> Table:
    """Return the empty table of times or numbers: equal widths, so that the two stand one below the other."""
    return spaced_table(
        width,
        ("simulated", "right", {**FIXED, "width": 9}),
        ("reported", "right", {**FIXED, "width": 12}),
        ("gap", "right", {**FIXED, "width": 7}),
        (what, "left", {"width": statements}),
        ("role", "left", FIXED),
        ("", "left", FIXED),
    )


def _times(recorded: Recorded, facts: list[dict[str, Any]], width: int, statements: int) -> Table:
    if not facts:  # nothing was reported: three columns would stand empty
        table = spaced_table(width, ("simulated", "right", {"width": 9}), ("event", "left", {}))
        for rung in recorded.rungs:
            if rung["time"] is not None:
                table.add_row(clock_text(rung["time"]), _rung(recorded, rung))
        return table
    table = _facts_table(width, "event", statements)
    rows = [(row["simulated"], 1, row) for row in facts] + [
        (rung["time"], 0, {"rung": rung}) for rung in recorded.rungs if rung["time"] is not None
    ]
    start = str(recorded.manifest["start"])[11:]
    for simulated, _, row in sorted(rows, key=lambda item: _order(item[0], start, item[2], item[1])):
        if "rung" in row:
            table.add_row(clock_text(simulated), "", "", _rung(recorded, row["rung"]), "", "")
        else:
            shown = Text("-", style="red") if simulated is None else Text(clock_text(simulated))
            gap = "" if row["gap_s"] is None else f"{row['gap_s']:+.0f} s"
            table.add_row(shown, *_cells(row, gap))
    return table


def _rung(recorded: Recorded, rung: Mapping[str, Any]) -> Text:
    """Write the name of a rung, and the flight about which it was first reached."""
    text = Text(f"▲ {rung['name']}", style="cyan")
    if label := _about(recorded, rung):
        text.append(f": {label}", style="dim")
    return text


def _about(recorded: Recorded, row: Mapping[str, Any]) -> str:
    """Return the label of the flight that an event is about, or a rung's first event; nothing where there is none."""
    flight = recorded.scenario.intruders.get(row.get("about") or "")  # older folders name none for a rung
    return "" if flight is None else flight.label


def _cells(row: Mapping[str, Any], gap: str) -> tuple[Text, str, Text, Text, Text]:
    reported = Text(reported_text(row["reported"]), style="dim")
    return reported, gap, statement_text(row), Text(row["role"], style="dim"), _verdict(row)


def _order(simulated: str | None, start: str, row: Mapping[str, Any], late: int) -> tuple[bool, str, int]:
    """Sort by the simulated time, or by the reported one where nothing happened; past midnight comes last."""
    at = simulated or str(row.get("reported", "")).removeprefix("before ").removeprefix("after ")
    return at[:8] < start[:8], at[:8], late


def _numbers(facts: list[dict[str, Any]], width: int, statements: int) -> Table:
    table = _facts_table(width, "number", statements)
    for row in facts:
        shown = "-" if row["simulated"] is None else f"{row['simulated']:g}"
        table.add_row(shown, *_cells(row, "" if row["gap"] is None else f"{row['gap']:+g}"))
    return table


def _verdict(row: Mapping[str, Any]) -> Text:
    """Return ok or off; where sources or governments dispute a check, what does not fit is only another version."""
    if row["ok"]:
        return Text("ok", style="green")
    return (
        Text("not", style="dim")
        if row["disputed"] and row["role"] == "check"
        else Text("off", style="bold red")
    )


def _summary(recorded: Recorded) -> list[Line]:
    """Return the outcome in a few lines."""
    lines = [line for flight in recorded.scenario.intruders for line in _encounter(recorded, flight)]
    lines += [*_ladder(recorded), *_hazards(recorded)]
    for role in ("input", "check"):
        facts = [row for row in recorded.reported if row["role"] == role]
        label = f"{role}s"
        for disputed, what in ((False, "undisputed"), (True, "disputed")):
            found = [row for row in facts if row["disputed"] is disputed]
            if found:
                lines.append((label, _score(found, what)))
                label = ""
    return lines


def _encounter(recorded: Recorded, flight: str) -> Iterator[Line]:
    """Yield what came of one flight: its stays in airspace, whether it turned away, how close it came, and measures.

    The closest approach is told of what was to enter an airspace by its route, also if it did not, or did so.
    """
    scenario, outcomes = recorded.scenario, recorded.outcomes
    label = scenario.intruders[flight].label
    zones = [zone for zone, spec in scenario.zones.items() if spec.kind == "airspace"]
    meant = [zone for zone in zones if f"{flight}.{zone}.1.inside_s" in outcomes]
    for zone in meant:
        lengths = [duration(stay["inside_s"]) for stay in _stays(outcomes, flight, zone).values()]
        where = scenario.zones[zone].label
        inside = f"{label} {' and '.join(lengths)} in {where}" if lengths else f"{label} not once in {where}"
        yield "inside", inside
    for event in recorded.events:
        if event["kind"] == "turns" and event["who"] == flight:
            yield (
                "turned away",
                f"{label} at {clock_text(event['time'])}, after {_act(event['data']['after'])}",
            )
    closest_km = outcomes[f"{flight}.closest_km"]
    if closest_km is not None and (meant or len(scenario.intruders) == 1):
        yield "closest", f"{label} {closest_km:.1f} km to {scenario.centre.label}"
    for zone in meant:
        yield from _decisions(recorded, flight, zone)


def _act(kind: str) -> str:
    """Write an act in words: a call, flares."""
    return kind if kind.endswith("s") else f"a {kind}"


def _ladder(recorded: Recorded) -> Iterator[Line]:
    """Yield the highest rung."""
    if not recorded.rungs:
        return
    rungs = [rung for rung in recorded.rungs if rung["time"] is not None]
    highest = "none was reached"
    if rungs:
        named = ": ".join(filter(None, (rungs[-1]["name"], _about(recorded, rungs[-1]))))
        highest = f"{named}, first at {clock_text(rungs[-1]['time'])}"
    yield "rung", f"{highest} ({len(rungs)} of {len(recorded.rungs)} rungs)"


def _hazards(recorded: Recorded) -> Iterator[Line]:
    """Yield what hazards led to, and that the model goes on as if it had not happened."""
    hazards = recorded.scenario.escalation.hazards
    struck = [event for event in recorded.events if event["data"].get("hazard") in hazards]
    for event in struck:
        hazard = hazards[event["data"]["hazard"]]
        when = ", ".join(filter(None, (clock_text(event["time"]), _about(recorded, event))))
        yield "hazard", f"{hazard.leads_to} at {when}: {hazard.label}"
    if struck:
        yield (
            "",
            "a hazard's event has no consequences in the model: what follows in the log is the course without it",
        )


def _score(facts: list[dict[str, Any]], what: str) -> str:
    good = sum(row["ok"] for row in facts)
    return f"{good} of {len(facts)} {what} facts within tolerance"


def _decisions(recorded: Recorded, flight: str, zone: str) -> Iterator[Line]:
    """Yield, for each measure in a zone that was entered, how long after each entry it came and what was spare."""
    stays = _stays(recorded.outcomes, flight, zone)
    measures = [m for ladder in recorded.scenario.warning.values() for m in ladder.measures.items()]
    for kind in [kind for kind, rule in measures if rule.zone == zone and stays]:
        taken = {n: stay for n, stay in stays.items() if stay.get(f"{kind}.decision_s") is not None}
        if not taken:
            yield "decision", f"{kind}: not taken in time"
        for number, stay in taken.items():
            after, spare = (duration(stay[f"{kind}.{part}_s"]) for part in ("decision", "spare"))
            entry = f"entry {number}" if len(stays) > 1 else "entry"
            yield "decision", f"{kind}: {after} after {entry}, {spare} to spare"


def _stays(outcomes: Mapping[str, Any], flight: str, zone: str) -> dict[int, dict[str, Any]]:
    """Return what is told of each stay that there was, by its number."""
    found: dict[int, dict[str, Any]] = {}
    start = f"{flight}.{zone}."
    for key, value in outcomes.items():
        number, _, name = key.removeprefix(start).partition(".")
        if key.startswith(start) and number.isdecimal():
            found.setdefault(int(number), {})[name] = value
    return {number: stay for number, stay in found.items() if stay["inside_s"] is not None}
