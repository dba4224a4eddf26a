"""What the terminal shows of many replications: each reported fact beside the spread of what was simulated."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sim.provenance import number_of
from sim.terminal import (
    DISPUTED,
    FIXED,
    clock_text,
    console,
    reported_text,
    statement_text,
    statement_width,
    table_of,
)

ROLES: Final = {"input": "used to write the scenario", "check": "kept apart"}

WIDE: Final = 110
"""Columns of a terminal from which on a fact stands in one line with its numbers."""

INDENT: Final = "  "
"""Before numbers that stand below their statement."""

LEVELS: Final = "5 – 50 – 95 %"

Row = Mapping[str, Any]
Head = tuple[str, str, dict[str, Any]]
Columns = list[tuple[Head, list[Text]]]
"""Head and cells of each column."""


def show_spread(summary: Mapping[str, Any]) -> None:
    """Print, for many replications, each fact beside 5, 50 and 95 % of what was simulated, then the rungs."""
    out = console()
    count = summary["replications"]
    run = f"{number_of(count, 'replication')}, seed {summary['seed']}, scenario {summary['hash']}"
    out.print(Text(f"{summary['scenario']}: {run}", style="bold"))
    for role, meaning in ROLES.items():
        rows = [row for row in summary["reported"] if row["role"] == role]
        if rows:
            out.print(Text(f"{role}s: {meaning}", style="bold"))
            _show_facts(out, rows)
            out.print()
    for line in _legend(summary["reported"]):
        out.print(Text(line, style="dim"))
    if summary["rungs"]:
        out.print(_rungs(summary["rungs"], out.width))
    if not summary["reported"] and not summary["rungs"]:
        lacks = "the scenario has neither [facts] to compare with nor [escalation] rungs to count"
        out.print(Text(f"{lacks}; all outcomes of all replications: sim.many.simulate", style="dim"))
    if summary["handed_over"]:
        share = 100 * summary["handed_over"] / count
        part = f"{share:.2g}" if share < 10 else f"{share:.0f}"
        told = f"{part} % of the replications could not be composed, and were run by processes"
        out.print(Text(told, style="dim"))


def _legend(rows: Sequence[Row]) -> list[str]:
    """Return what the columns mean, of those that are there."""
    if not rows:
        return []
    lines = [
        f"{LEVELS}: over the replications in which it happened;",
        f"{INDENT}of counts and sums over all, with 0 where nothing happened",
        "happened: the share with such an event, and its 95 % interval (Wilson)",
        "met: the share within the tolerance of what was reported",
        "covers: the span from 5 to 95 % meets what was reported, with its tolerance",
    ]
    if any(row["disputed"] for row in rows):
        lines.append(f"{DISPUTED} sources or governments disagree")
    return [*lines, ""]


def _show_facts(out: Console, rows: Sequence[Row]) -> None:
    """Print a table of facts: each in one line where there is room, else its numbers below its statement."""
    wide = out.width >= WIDE
    longest = statement_width(out.width, 0, rows) if wide else len(INDENT)
    columns, gap = _fitting(partial(_numbers, rows), out.width - longest)
    heads = [head for head, _ in columns]
    lines = zip(rows, zip(*(cells for _, cells in columns), strict=True), strict=True)
    if wide:
        fact = ("fact", "left", {"width": statement_width(out.width, _width(columns, gap), rows)})
        table = table_of(*heads, fact, gap=gap)
        for row, cells in lines:
            table.add_row(*cells, statement_text(row))
        out.print(table)
        return
    out.print(Padding.indent(table_of(*heads, gap=gap), len(INDENT)))
    for row, cells in lines:
        table = table_of(*heads, gap=gap)
        table.show_header = False
        table.add_row(*cells)
        out.print(statement_text(row))
        out.print(Padding.indent(table, len(INDENT)))


def _fitting(columns_of: Callable[[int], Columns], room: int) -> tuple[Columns, int]:
    """Return columns with the gap between them: two blanks where so many letters have room for it, else one."""
    columns = columns_of(2)
    return (columns, 2) if _width(columns, 2) <= room else (columns_of(1), 1)


def _numbers(rows: Sequence[Row], gap: int) -> Columns:
    """Return the columns of numbers: head and cells of each."""
    cells = {
        LEVELS: _levels([row["p05_p50_p95"] for row in rows], gap),
        "reported": [Text(reported_text(row["reported"]), style="dim") for row in rows],
        "happened %": [_share(row["happened_share"], row["happened_interval"]) for row in rows],
        "met %": [Text(_percent(row["within_share"])) for row in rows],
        "covers": [_verdict(row) for row in rows],
    }
    return [_column(title, column) for title, column in cells.items()]


def _width(columns: Columns, gap: int) -> int:
    return sum(options["width"] + gap for (_, _, options), _ in columns)


def _rungs(rungs: Sequence[Row], width: int) -> Table:
    """Return the table of the rungs from the lowest."""
    longest = max(len(row["name"]) for row in rungs)
    columns, gap = _fitting(partial(_rung_numbers, rungs), width - longest - 2)
    name = ("rung", "left", {"max_width": max(20, width - gap - _width(columns, gap))})
    table = table_of(name, *(head for head, _ in columns), gap=gap)
    for row, cells in zip(rungs, zip(*(cells for _, cells in columns), strict=True), strict=True):
        table.add_row(row["name"], *cells)
    return table


def _rung_numbers(rungs: Sequence[Row], gap: int) -> Columns:
    """Return the columns of numbers of the rungs."""
    return [
        _column("reached", [Text(f"{row['reached']}/{row['n']}") for row in rungs]),
        _column("share % (95 %)", [_share(row["share"], row["share_interval"]) for row in rungs]),
        _column(f"first, {LEVELS}", _levels([row["p05_p50_p95"] for row in rungs], gap)),
    ]


def _column(title: str, cells: list[Text]) -> tuple[Head, list[Text]]:
    """Return a column with its cells, as wide as the widest of them."""
    justify = "left" if LEVELS in title or title == "covers" else "right"
    width = max(len(text) for text in (Text(title), *cells))
    return (title, justify, {**FIXED, "width": width}), cells


def _levels(quantiles: Sequence[Sequence[Any] | None], gap: int) -> list[Text]:
    """Write 5, 50 and 95 % quantiles one below the other; where all three are equal one, in the middle."""
    rows = [("", "-", "") if three is None else tuple(map(_value, three)) for three in quantiles]
    width = max(len(text) for row in rows for text in row)
    shown = [("", row[1], "") if len(set(row)) == 1 else row for row in rows]
    return [Text((" " * gap).join(f"{text:>{width}}" for text in row)) for row in shown]


def _value(value: Any) -> str:
    return clock_text(value) if isinstance(value, str) else f"{value:g}"


def _share(share: float, interval: Sequence[float]) -> Text:
    """Write a share with its interval in percent, 97.2 (96.0–98.1), to the place in which the ends differ."""
    for digits in (1, 2, 3):
        middle, low, high = (_percent(part, digits) for part in (share, *interval))
        if low != high:
            break
    return Text(f"{middle} ({low}–{high})")


def _percent(share: float, digits: int = 1) -> str:
    """Write a share in percent; what is not quite 0 or 1 is not written as if it were."""
    if share in (0.0, 1.0):
        return f"{100 * share:.0f}"
    text, least = f"{100 * share:.{digits}f}", 10**-digits
    if float(text) in (0.0, 100.0):
        return f"<{least:g}" if share < 0.5 else f">{100 - least:g}"
    return text


def _verdict(row: Row) -> Text:
    return Text("yes", style="green") if row["covers"] else Text("no", style="bold red")
