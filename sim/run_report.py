"""What the terminal shows of a run: what was simulated beside what was reported, then its outcome in a few lines."""

from __future__ import annotations

from collections.abc import Mapping
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
)

if TYPE_CHECKING:
    from sim.store import Recorded


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
    if times or recorded.rungs:
        out.print(_times(recorded, times, out.width, statements))
        out.print()
    if numbers:
        out.print(_numbers(numbers, out.width, statements))
        out.print()
    for meaning in _legend(recorded.reported):
        out.print(Text(meaning, style="dim"))
    for label, text in _summary(recorded):
        line = Text(f"{label:<10}", style="bold")
        line.append(text, style="not bold")
        out.print(line)


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


def _about(recorded: Recorded, rung: Mapping[str, Any]) -> str:
    """Return the label of the flight about which a rung was first reached, or nothing."""
    flight = recorded.scenario.intruders.get(rung.get("about") or "")  # older run folders do not name it
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


def _summary(recorded: Recorded) -> list[tuple[str, str]]:
    """Return the outcome in a few lines: (label, text)."""
    lines = []
    scenario, outcomes = recorded.scenario, recorded.outcomes
    for zone, spec in scenario.zones.items():
        if spec.kind != "airspace":
            continue
        for flight, section in scenario.intruders.items():
            lengths = _series(outcomes, f"{flight}.{zone}", "inside_s")
            if lengths:
                inside = " and ".join(duration(length) for length in lengths)
                lines.append(("inside", f"{section.label} {inside} in {spec.label}"))
                lines.append(
                    ("closest", f"{outcomes[f'{flight}.closest_km']:.1f} km to {scenario.centre.label}")
                )
                lines += _decisions(recorded, flight, zone)
    rungs = [rung for rung in recorded.rungs if rung["time"] is not None]
    if recorded.rungs:
        highest = "none was reached"
        if rungs:
            named = ": ".join(filter(None, (rungs[-1]["name"], _about(recorded, rungs[-1]))))
            highest = f"{named}, first at {clock_text(rungs[-1]['time'])}"
        lines.append(("rung", f"{highest} ({len(rungs)} of {len(recorded.rungs)} rungs)"))
    for role in ("input", "check"):
        facts = [row for row in recorded.reported if row["role"] == role]
        label = f"{role}s"
        for disputed, what in ((False, "undisputed"), (True, "disputed")):
            found = [row for row in facts if row["disputed"] is disputed]
            if found:
                lines.append((label, _score(found, what)))
                label = ""
    return lines


def _score(facts: list[dict[str, Any]], what: str) -> str:
    good = sum(row["ok"] for row in facts)
    return f"{good} of {len(facts)} {what} facts within tolerance"


def _decisions(recorded: Recorded, flight: str, zone: str) -> list[tuple[str, str]]:
    """Return, for each measure in the zone, how long after each entry it came and what was spare."""
    lines = []
    for ladder in recorded.scenario.warning.values():
        for kind, rule in ladder.measures.items():
            if rule.zone != zone:
                continue
            decided = _series(recorded.outcomes, f"{flight}.{zone}", f"{kind}.decision_s")
            spare = _series(recorded.outcomes, f"{flight}.{zone}", f"{kind}.spare_s")
            if decided:
                told = [
                    f"{duration(a)} ({duration(b)} to spare)" for a, b in zip(decided, spare, strict=True)
                ]
                lines.append(("decision", f"{kind}: {', '.join(told)} after entry"))
            else:
                lines.append(("decision", f"{kind}: not taken in time"))
    return lines


def _series(outcomes: Mapping[str, Any], stem: str, name: str) -> list[float]:
    found = []
    number = 1
    while f"{stem}.{number}.inside_s" in outcomes:
        value = outcomes.get(f"{stem}.{number}.{name}")
        if value is not None:
            found.append(value)
        number += 1
    return found
