"""What the terminal shows of a sensitivity analysis, in 80 columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich.table import Table
from rich.text import Text

from sim.labels import broken
from sim.provenance import number_of
from sim.terminal import FIXED, console, table_of

MOST_SHOWN: Final = 3
"""Outcomes that are shown where none is named: of the ladder, those that vary most."""

PATH_LETTERS: Final = 32
"""Letters of a path on a line of a table with four columns of numbers."""


Row = Mapping[str, Any]

NOTES: Final = {
    "morris": (
        "mean |effect|: of going through the whole range, the others being anywhere",
        "mean: with its sign; scatter: from interactions and curvature",
    ),
    "sobol": (
        "alone: share of the variance over the ranges that the quantity makes by itself",
        "in all: with its interactions; near 0: it could stand anywhere in its range",
    ),
    "one-at-a-time": ("against the scenario as it stands, at the values that move the outcome most",),
}


def show_sensitivity(told: Row, *, chosen: bool, every: bool) -> None:
    """Print what the quantities do to the outcomes; to those of the ladder that vary most, or to all of them."""
    out = console()
    out.print(Text(f"{told['study']}: {_kind(told)}", style="bold"))
    seeds = "independent random numbers" if told["independent"] else "common random numbers"
    out.print(Text(f"scenario {told['scenario']} {told['hash']}, seed {told['seed']}, {seeds}", "dim"))
    used = f"{told['points_used']:,} of {number_of(told['points'], 'point')}"
    out.print(f"{used}, {number_of(told['replications'], 'replication')} each")
    rows = told["outcomes"] if chosen or every else shown(told["outcomes"])
    for row in rows:
        out.print()
        out.print(Text.assemble((row["outcome"], "bold"), f": {row['measure']}"))
        out.print(_range(row, independent=told["independent"]))
        out.print(_table_of(told, row))
    if not rows:
        out.print("no outcome of the ladder varies over the points")
    out.print()
    for line in NOTES[told["kind"]] if rows else ():
        out.print(Text(line, "dim"))
    if (
        rows
        and told["kind"] == "one-at-a-time"
        and not told["independent"]
        and not any(r["paired"] for r in rows)
    ):
        out.print(Text("intervals as of independent points; a sweep with --rows has paired ones", "dim"))
    others = len(told["outcomes"]) - len(rows)
    if others:
        vary = "1 more outcome varies" if others == 1 else f"{others:,} more outcomes vary"
        out.print(Text(f"{vary}: --outcome NAME shows one, --all all", "dim"))
    if chosen and told["did_not_vary"]:
        out.print(f"not moved by any quantity: {', '.join(told['did_not_vary'])}")


def _kind(told: Row) -> str:
    return {
        "morris": "elementary effects (Morris)",
        "sobol": "shares of the variance (Sobol indices)",
        "one-at-a-time": "one quantity at a time",
    }[told["kind"]]


def shown(rows: Sequence[Row]) -> list[Row]:
    """Return the shares of rungs that vary most over the points, in the order of the ladder."""
    rungs = [row for row in rows if row["outcome"].startswith("rung.") and row["unit"] == "share"]
    widest = sorted(rungs, key=lambda row: row["least"] - row["greatest"])[:MOST_SHOWN]
    return [row for row in rungs if row in widest]


def _range(row: Row, *, independent: bool) -> Text:
    ends = f"{number(row['least'], row['unit'])} to {number(row['greatest'], row['unit'])} over all points"
    noise = row["noise_share"]
    if noise is None or "paired" in row:  # the intervals of a tornado tell of the noise
        return Text(ends, "dim")
    bound = "" if independent else "at most "
    part = "all of the" if noise >= 1 else f"{max(0.1, 100 * noise):.1f} % of"
    text = f"{ends}, noise {bound}{part} variance"
    return Text(f"{text}: raise -n", "bold yellow") if row["noisy"] else Text(text, "dim")


def _table_of(told: Row, row: Row) -> Table:
    labels = {each["path"]: each["label"] for each in told["inputs"]}
    make = {"morris": _effects, "sobol": _shares, "one-at-a-time": _tornado}
    return make[told["kind"]](row, labels)


def _called(path: str, labels: Mapping[str, str]) -> str:
    """Return the label of a quantity, which is its path where it has no other: broken at dots beside four columns."""
    return broken(path, PATH_LETTERS) if labels[path] == path else labels[path]


LABEL: Final[dict[str, Any]] = {"overflow": "fold", "ratio": 1}


def _effects(row: Row, labels: Mapping[str, str]) -> Table:
    table = table_of(
        ("quantity", "left", LABEL),
        ("mean |effect|", "right", FIXED),
        ("95 %", "right", FIXED),
        ("mean", "right", FIXED),
        ("scatter", "right", FIXED),
    )
    unit = row["unit"]
    for each in sorted(row["indices"], key=lambda it: -it["mu_star"]):
        low, high = each["mu_star_interval"]
        table.add_row(
            _called(each["path"], labels),
            number(each["mu_star"], unit),
            f"{number(low, unit, bare=True)}–{number(high, unit)}",
            number(each["mu"], unit, signed=True),
            number(each["sigma"], unit),
        )
    return table


def _shares(row: Row, labels: Mapping[str, str]) -> Table:
    table = table_of(
        ("quantity", "left", LABEL),
        ("alone", "right", FIXED),
        ("95 %", "right", FIXED),
        ("in all", "right", FIXED),
        ("95 %", "right", FIXED),
    )
    for each in sorted(row["indices"], key=lambda it: -(it["total"] or 0.0)):
        cells = []
        for key in ("first", "total"):
            interval = each[f"{key}_interval"]
            cells.append("-" if each[key] is None else f"{each[key]:.2f}")
            cells.append("-" if interval is None else f"{interval[0]:.2f} to {interval[1]:.2f}")
        table.add_row(_called(each["path"], labels), *(cell.replace("-0.00", "0.00") for cell in cells))
    return table


def _tornado(row: Row, labels: Mapping[str, str]) -> Table:
    table = table_of(
        ("quantity", "left", LABEL),
        ("at", "right", FIXED),
        ("is", "right", FIXED),
        ("differs by", "right", FIXED),
        ("95 %", "right", FIXED),
    )
    unit = row["unit"]
    for each in sorted(row["indices"], key=lambda it: -_swing(it["values"])):
        values = sorted(each["values"], key=lambda it: it["difference"])
        ends = values if len(values) < 2 else [values[0], values[-1]]
        for place, value in enumerate(ends):
            low, high = value["difference_interval"]
            table.add_row(
                labels[each["path"]] if place == 0 else "",
                f"{value['value']:g}" if isinstance(value["value"], int | float) else str(value["value"]),
                number(value["estimate"], unit),
                number(value["difference"], unit, signed=True),
                f"{number(low, unit, signed=True, bare=True)} to {number(high, unit, signed=True)}",
            )
    return table


def _swing(values: Sequence[Row]) -> float:
    differences: list[float] = [0.0, *(value["difference"] for value in values)]
    return max(differences) - min(differences)


def number(value: float, unit: str, *, signed: bool = False, bare: bool = False) -> str:
    """Write a number with its unit, a share in per cent; `bare` leaves the unit to what follows.

    >>> number(0.1234, "share"), number(-61.2, "s", signed=True), number(2.0, "")
    ('12.3 %', '-61 s', '2')
    """
    if unit == "share":
        value, digits, unit = 100 * value, 1, "%"
    else:
        digits = 0 if unit == "s" and abs(value) >= 10 else 2
    text = f"{value:{'+' if signed else ''}.{digits}f}"
    text = text.rstrip("0").rstrip(".") if digits == 2 else text
    if float(text) == 0:
        text = "0"
    return text if bare or not unit else f"{text} {unit}"
