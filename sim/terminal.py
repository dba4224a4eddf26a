"""What the terminal shows: tables that fit 80 columns and use more where there is more."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Mapping
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

QUIET_S = 1.0
"""A count of replications is told from this time on, so that a quick run says nothing."""

SELDOM_S = 10.0
"""Time from one line of progress to the next, where each stays."""

ROOMY = 100
"""Columns of a terminal from which on tables are spaced."""

DISPUTED = "†"
FIXED: Final[dict[str, Any]] = {"no_wrap": True, "overflow": "ellipsis"}
"""A column that is never broken into lines."""


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


def gap_of(width: int) -> int:
    """Return the blanks between columns."""
    return 2 if width >= ROOMY else 1


def table_of(*columns: tuple[str, str, dict[str, Any]], gap: int = 1) -> Table:
    """Return an empty table without rules, of columns (title, justification, what else rich knows of a column)."""
    table = Table(box=None, show_edge=False, pad_edge=False, padding=(0, gap, 0, 0), header_style="bold")
    for title, justify, options in columns:
        table.add_column(title, justify=justify, **options)  # type: ignore[arg-type]
    return table


def spaced_table(width: int, *columns: tuple[str, str, dict[str, Any]]) -> Table:
    """Return an empty table; where there is room its columns stand further apart."""
    return table_of(*columns, gap=gap_of(width))


def statement_width(width: int, others: int, rows: Iterable[Mapping[str, Any]]) -> int:
    """Return the width of the statements: the longest, or what `others` (the columns beside it) leave of a line."""
    longest = max((len(row["statement"]) + 1 for row in rows), default=0)
    return min(max(longest, 30), max(20, width - others))


def clock_text(local: str) -> str:
    """Write a local time without its offset."""
    return local[:8]


def reported_text(value: Any) -> str:
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


def statement_text(row: Mapping[str, Any]) -> Text:
    """Write what a fact states, with a mark where it is disputed."""
    text = Text(row["statement"])
    if row["disputed"]:
        text.append(DISPUTED, style="dim")  # without a space: the mark would come alone on the next line
    return text


def duration(seconds: float) -> str:
    """Write seconds as minutes and seconds: `3 min 30 s`."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
