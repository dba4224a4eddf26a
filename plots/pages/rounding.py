"""How pages write shares, intervals, times of day and what was reported: rounded as the terminal rounds them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

SPACE: Final = "\N{NO-BREAK SPACE}"
"""Between a number and its unit, so that no line breaks there."""


def percent(share: float) -> str:
    """Return a share in percent with one decimal.

    >>> percent(0.345).replace(SPACE, " ")
    '34.5 %'
    """
    return f"{100 * share:.1f}{SPACE}%"


def share_interval(low: float, high: float) -> str:
    """Return the interval of a share in percent."""
    return f"{100 * low:.1f}–{100 * high:.1f}{SPACE}%"


def clock_text(value: Any) -> str:
    """Return a local time without its offset, and a number as it is, with a true minus sign."""
    if isinstance(value, str):
        return value[:8]
    return f"{value:g}".replace("-", "−", 1) if value < 0 else f"{value:g}"


def quantiles_text(values: Sequence[Any] | None) -> str:
    """Return 5, 50 and 95 % quantiles with the median in brackets; as one where all are equal."""
    if values is None:
        return "–"
    low, middle, high = (clock_text(value) for value in values)
    return low if low == middle == high else f"{low} ({middle}) {high}"


def reported_text(value: Any) -> str:
    """Return a reported time or number shortly.

    >>> reported_text("09:09:00..09:12:00"), reported_text("20.."), reported_text("before 09:09:00")
    ('09:09–09:12', '≥ 20', 'before 09:09')
    """
    if isinstance(value, float):
        return f"{value:g}"
    low, dots, high = str(value).partition("..")
    low, high = (end.removesuffix(":00") if end.count(":") == 2 else end for end in (low, high))
    if not dots or not high:
        return low if not dots else f"≥ {low}"
    return f"{low}–{high}" if low else f"≤ {high}"
