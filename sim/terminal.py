"""What the terminal shows: tables that fit 80 columns and use more where there is more."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from sim.provenance import number_of

if TYPE_CHECKING:
    from sim.store import Recorded

QUIET_S = 1.0
"""A count of replications is told from this time on, so that a quick run says nothing."""

SELDOM_S = 10.0
"""Time from one line of progress to the next, where each stays."""

ROOMY = 100
"""Columns of a terminal from which on tables are spaced."""

DISPUTED = "†"
ROLES = {"input": "used to write the scenario", "check": "kept apart"}


class _Output(Console):
    """A console that leaves it to the command line what a reader who has gone means."""

    def on_broken_pipe(self) -> None:
        """Raise the BrokenPipeError that rich is handling on to the command line."""
        raise


def console() -> Console:
    """Return the console of stdout: colours only where they can be shown, and names with brackets as they are."""
    return _Output(highlight=False, soft_wrap=False, markup=False, emoji=False)


class Progress:
    """Tells on stderr how many replications (or `what` it is) are done, with the rate and the time left.

    On a terminal one line is written over again; it is cleared if the work is broken off.
    """

    def __init__(self, what: str = "replications") -> None:
        self.what = what
        self.began = self.told = time.perf_counter()
        self.terminal = sys.stderr.isatty()
        self.width = 0
        """Of the line that stands on the terminal."""

    def __call__(self, done: int, count: int) -> None:
        """Tell that so many of all replications are done."""
        now = time.perf_counter()
        passed = now - self.began
        if done == count:
            if self.width:
                self._overwrite(f"{count:,} {self.what} in {passed:.1f} s\n")
        elif now - self.told >= (QUIET_S if self.terminal else SELDOM_S):
            self.told = now
            left = passed / done * (count - done)
            line = f"{done:,} of {count:,} {self.what}, {done / passed:,.0f} a second, {left:.0f} s left"
            self._overwrite(line if self.terminal else f"{line}\n")

    def clear(self) -> None:
        """Take away the line that stands on the terminal."""
        if self.width:
            self._overwrite("\r")

    def _overwrite(self, line: str) -> None:
        start = "\r" if self.terminal else ""
        print(
            f"{start}{line.strip():{self.width}}{line[-1] if line[-1].isspace() else ''}",
            end="",
            file=sys.stderr,
        )
        sys.stderr.flush()
        self.width = len(line) if self.terminal and not line.endswith(("\n", "\r")) else 0


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
    others = 9 + 12 + 7 + 5 + 3 + 5 * _gap(out.width)
    statements = _statement_width(out.width, others, recorded.reported)
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


def _gap(width: int) -> int:
    return 2 if width >= ROOMY else 1


def table_of(*columns: tuple[str, str, dict[str, Any]], gap: int = 1) -> Table:
    """Return an empty table without rules, of columns (title, justification, what else rich knows of a column)."""
    table = Table(box=None, show_edge=False, pad_edge=False, padding=(0, gap, 0, 0), header_style="bold")
    for title, justify, options in columns:
        table.add_column(title, justify=justify, **options)  # type: ignore[arg-type]
    return table


def _table(width: int, *columns: tuple[str, str, dict[str, Any]]) -> Table:
    """Return an empty table; where there is room its columns stand further apart."""
    return table_of(*columns, gap=_gap(width))


def _facts_table(width: int, what: str, statements: int) -> Table:
    """Return the empty table of times or numbers: equal widths, so that the two stand one below the other."""
    fixed = {"no_wrap": True, "overflow": "ellipsis"}
    return _table(
        width,
        ("simulated", "right", {**fixed, "width": 9}),
        ("reported", "right", {**fixed, "width": 12}),
        ("gap", "right", {**fixed, "width": 7}),
        (what, "left", {"width": statements}),
        ("role", "left", fixed),
        ("", "left", fixed),
    )


def _statement_width(width: int, others: int, rows: Iterable[Mapping[str, Any]]) -> int:
    """Return the width of the statements: the longest, or what `others` (the columns beside it) leave of a line."""
    longest = max((len(row["statement"]) + 1 for row in rows), default=0)
    return min(max(longest, 30), max(20, width - others))


def _times(recorded: Recorded, facts: list[dict[str, Any]], width: int, statements: int) -> Table:
    if not facts:  # nothing was reported: three columns would stand empty
        table = _table(width, ("simulated", "right", {"width": 9}), ("event", "left", {}))
        for rung in recorded.rungs:
            if rung["time"] is not None:
                table.add_row(_clock(rung["time"]), Text(f"▲ {rung['name']}", style="cyan"))
        return table
    table = _facts_table(width, "event", statements)
    rows = [(row["simulated"], 1, row) for row in facts] + [
        (rung["time"], 0, {"rung": rung["name"]}) for rung in recorded.rungs if rung["time"] is not None
    ]
    start = str(recorded.manifest["start"])[11:]
    for simulated, _, row in sorted(rows, key=lambda item: _order(item[0], start, item[2], item[1])):
        if "rung" in row:
            table.add_row(_clock(simulated), "", "", Text(f"▲ {row['rung']}", style="cyan"), "", "")
        else:
            shown = Text("-", style="red") if simulated is None else Text(_clock(simulated))
            gap = "" if row["gap_s"] is None else f"{row['gap_s']:+.0f} s"
            table.add_row(shown, *_cells(row, gap))
    return table


def _cells(row: Mapping[str, Any], gap: str) -> tuple[Text, str, Text, Text, Text]:
    reported = Text(_reported(row["reported"]), style="dim")
    return reported, gap, _statement(row), Text(row["role"], style="dim"), _verdict(row)


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


def _clock(local: str) -> str:
    return local[:8]


def _reported(value: Any) -> str:
    """Write a reported time or number shortly: 09:09:00..09:12:00 is 09:09-09:12, 20..29 is 20-29."""
    if isinstance(value, float):
        return f"{value:g}"
    text = str(value)
    low, dots, high = text.partition("..")
    if not dots:
        return text.removesuffix(":00") if text.startswith(("before", "after")) else text
    low, high = (end.removesuffix(":00") if end.count(":") == 2 else end for end in (low, high))
    if not high:
        return f"≥ {low}"
    return f"≤ {high}" if not low else f"{low}–{high}"


def _statement(row: Mapping[str, Any]) -> Text:
    text = Text(row["statement"])
    if row["disputed"]:
        text.append(DISPUTED, style="dim")  # without a space: the mark would come alone on the next line
    return text


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
        highest = (
            f"{rungs[-1]['name']}, first at {_clock(rungs[-1]['time'])}" if rungs else "none was reached"
        )
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


def duration(seconds: float) -> str:
    """Write seconds as minutes and seconds: `3 min 30 s`."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def show_spread(summary: Mapping[str, Any]) -> None:
    """Print, for many replications, each fact beside the 5-95 % interval of what was simulated."""
    out = console()
    count = summary["replications"]
    run = f"{number_of(count, 'replication')}, seed {summary['seed']}, scenario {summary['hash']}"
    out.print(Text(f"{summary['scenario']}: {run}", style="bold"))
    for role, meaning in ROLES.items():
        rows = [row for row in summary["reported"] if row["role"] == role]
        if rows:
            out.print(Text(f"{role}s: {meaning}", style="bold"))
            out.print(_spread_table(rows, out.width))
            out.print()
    if summary["reported"]:
        out.print(Text("5–95 %: over the replications in which it happened; share: how many", style="dim"))
        out.print(Text("covers: the interval meets what was reported, with its tolerance", style="dim"))
        if any(row["disputed"] for row in summary["reported"]):
            out.print(Text(f"{DISPUTED} sources or governments disagree", style="dim"))
        out.print()
    if summary["rungs"]:
        out.print(_rungs(summary["rungs"], out.width))
    if not summary["reported"] and not summary["rungs"]:
        lacks = "the scenario has neither [facts] to compare with nor [escalation] rungs to count"
        out.print(Text(f"{lacks}; all outcomes of all replications: sim.many.simulate", style="dim"))
    if summary["handed_over"]:
        share = 100 * summary["handed_over"] / count
        out.print(
            Text(
                f"{share:.2g} % of the replications could not be composed, and were run by processes",
                style="dim",
            )
        )


def _spread_table(rows: list[dict[str, Any]], width: int) -> Table:
    fixed = {"no_wrap": True, "overflow": "ellipsis"}
    statements = _statement_width(width, 17 + 12 + 5 + 6 + 4 * _gap(width), rows)
    table = _table(
        width,
        ("5–95 % simulated", "right", {**fixed, "width": 17}),
        ("reported", "right", {**fixed, "width": 12}),
        ("share", "right", {**fixed, "width": 5}),
        ("fact", "left", {"width": statements}),
        ("covers", "left", fixed),
    )
    for row in rows:
        table.add_row(
            _interval(row["p05_p50_p95"]),
            Text(_reported(row["reported"]), style="dim"),
            f"{100 * row['happened_share']:.0f} %",
            _statement(row),
            Text("yes", style="green") if row["covers"] else Text("no", style="bold red"),
        )
    return table


def _interval(quantiles: list[Any] | None) -> str:
    """Write the outer two of three quantiles, as one where they are equal."""
    if quantiles is None:
        return "-"
    low, high = _value(quantiles[0]), _value(quantiles[2])
    return low if low == high else f"{low}–{high}"


def _rungs(rungs: list[dict[str, Any]], width: int) -> Table:
    fixed = {"no_wrap": True, "overflow": "ellipsis"}
    table = _table(
        width,
        ("rung", "left", {**fixed, "max_width": max(20, width - 50)}),
        ("reached", "right", fixed),
        ("share, 95 % interval", "right", fixed),
        ("first, 5–95 %", "right", {**fixed, "width": 17}),
    )
    for row in rungs:
        low, high = row["share_interval"]
        table.add_row(
            row["name"],
            f"{row['reached']}/{row['n']}",
            f"{100 * low:.1f}–{100 * high:.1f} %",
            _interval(row["p05_p50_p95"]),
        )
    return table


def _value(value: Any) -> str:
    return value[:8] if isinstance(value, str) else f"{value:g}"
