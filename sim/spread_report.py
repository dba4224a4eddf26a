"""What the terminal shows of many replications: each reported fact beside the spread of what was simulated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.table import Table
from rich.text import Text

from sim.provenance import number_of
from sim.terminal import (
    DISPUTED,
    FIXED,
    console,
    gap_of,
    reported_text,
    spaced_table,
    statement_text,
    statement_width,
)

ROLES = {"input": "used to write the scenario", "check": "kept apart"}


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
    statements = statement_width(width, 17 + 12 + 5 + 6 + 4 * gap_of(width), rows)
    table = spaced_table(
        width,
        ("5–95 % simulated", "right", {**FIXED, "width": 17}),
        ("reported", "right", {**FIXED, "width": 12}),
        ("share", "right", {**FIXED, "width": 5}),
        ("fact", "left", {"width": statements}),
        ("covers", "left", FIXED),
    )
    for row in rows:
        table.add_row(
            _interval(row["p05_p50_p95"]),
            Text(reported_text(row["reported"]), style="dim"),
            f"{100 * row['happened_share']:.0f} %",
            statement_text(row),
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
    table = spaced_table(
        width,
        ("rung", "left", {**FIXED, "max_width": max(20, width - 50)}),
        ("reached", "right", FIXED),
        ("share, 95 % interval", "right", FIXED),
        ("first, 5–95 %", "right", {**FIXED, "width": 17}),
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
