"""What the terminal shows of a risk: for each rung a band with the intervals of its ends, and what opens the band."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from rich.table import Table
from rich.text import Text

from sim.provenance import number_of
from sim.terminal import FIXED, console, table_of

ENDS = ("low", "middle", "high")

COVERS = (
    "band: from all hazards at the low ends of their ranges to all at the high ends:",
    "what is assumed.  95 %: the replications alone, at each end by itself.",
)


def show_risk(told: Mapping[str, Any]) -> None:
    """Print the band of each rung and what opens it."""
    out = console()
    out.print(
        Text(f"{told['scenario']}: how far it climbs, as a band over the hazards' ranges", style="bold")
    )
    run = f"seed {told['seed']}, {number_of(told['replications'], 'replication')}, scenario {told['hash']}"
    out.print(Text(run, style="dim"))
    out.print()
    out.print(_bands(told))
    for rung in told["rungs"]:
        if rung["opened_by"]:
            out.print()
            out.print(_openings(told, rung))
    out.print()
    for line in (*COVERS, *_notes(told)):
        out.print(Text(line, style="dim"))
    if "this_replication" in told:
        out.print()
        _show_replication(told["this_replication"])


def _bands(told: Mapping[str, Any]) -> Table:
    table = table_of(
        ("share reaching, 95 %", "left", FIXED),
        ("low ends", "right", FIXED),
        ("middle", "right", FIXED),
        ("high ends", "right", FIXED),
    )
    for rung in told["rungs"]:
        if rung["opened_by"]:
            table.add_row(rung["name"], *(interval(rung[end]["share_interval"]) for end in ENDS))
        else:
            table.add_row(rung["name"], "", interval(rung["middle"]["share_interval"]), "")
    return table


def _openings(told: Mapping[str, Any], rung: Mapping[str, Any]) -> Table:
    """Return what each hazard alone does to a rung, the others in the middle of their ranges."""
    hazards = {hazard["hazard"]: hazard for hazard in told["hazards"]}
    table = table_of(
        (f"what opens “{rung['name']}”", "left", {"max_width": 33}),
        ("range", "right", FIXED),
        ("low end", "right", FIXED),
        ("high end", "right", FIXED),
    )
    for row in rung["opened_by"]:
        hazard = hazards[row["hazard"]]
        ends = (interval(row[end]["share_interval"]) for end in ("low", "high"))
        table.add_row(hazard["label"], f"{hazard['low_share']:g}–{hazard['high_share']:g}", *ends)
    return table


def _notes(told: Mapping[str, Any]) -> list[str]:
    notes = []
    if any(rung["opened_by"] for rung in told["rungs"]):
        notes += ["What opens: one hazard from end to end, the others in the middle of theirs."]
    if any(not rung["opened_by"] for rung in told["rungs"]):
        notes += ["Empty: no hazard leads there."]
    for rung in told["rungs"]:
        if rung["opened_by"]:
            notes += _check(rung)
    asked = told["asked"]
    for rung in told["rungs"]:
        if rung["high"]["share"] == 0:
            notes += [
                f"{rung['name']}: never, so at most {percent(most_unseen(rung['n']))} (95 %, one-sided)"
            ]
        elif not rung["narrow"] and asked["replications"] is None:
            wide = f"{rung['name']}: wider than ±{100 * asked['within_share']:g} % of the share"
            notes += [f"{wide}; stopped at the cap of {asked['most']:,} (--most)"]
    if told["handed_over"]:
        notes += [f"run by processes since they could not be composed: {told['handed_over']:,}"]
    return notes


def _check(rung: Mapping[str, Any]) -> list[str]:
    """Return the check of what was reckoned against what was counted, with the hazards drawn."""
    counted, count = rung["counted"], rung["n"]
    times = rung["middle"]["effective_n"] / count
    share = interval(counted["share_interval"])
    return [
        f"{rung['name']}: drawn and counted {counted['reached']:,} of {count:,}, {share};",
        f"reckoned, a replication is worth {float(f'{times:.2g}'):,.10g} times as much.",
    ]


def _show_replication(told: Mapping[str, Any]) -> None:
    """Print the chances in the one replication of a run folder."""
    out = console()
    table = table_of(
        (f"chance in replication {told['replication']}", "left", FIXED),
        ("reached", "right", FIXED),
        *((name, "right", FIXED) for name in ("low ends", "middle", "high ends")),
    )
    for rung in told["rungs"]:
        reached = "yes" if rung["reached"] else "no"
        table.add_row(rung["name"], reached, *(percent(rung[end]) for end in ENDS))
    out.print(table)
    out.print(Text("given all that happened in it but the hazards", style="dim"))


def show_risk_of_sweep(told: Mapping[str, Any]) -> None:
    """Print where over the points of a sweep the band of each rung is lowest and highest."""
    out = console()
    out.print(Text(f"{told['scenario']}: how far it climbs at the points of a sweep", style="bold"))
    least, greatest = told["replications_least"], told["replications_greatest"]
    each = ("" if least == greatest else f"{least:,} to ") + number_of(greatest, "replication")
    points = number_of(len(told["points_run"]), "point")
    run = f"seed {told['seed']}, {points} of {each}, scenario {told['hash']}"
    out.print(Text(run, style="dim"))
    out.print()
    table = table_of(
        ("share reaching, 95 %", "left", FIXED),
        ("lowest", "right", FIXED),
        ("point", "right", FIXED),
        ("highest", "right", FIXED),
        ("point", "right", FIXED),
    )
    for rung in told["rungs"]:
        ends = ENDS if rung["hazards"] else ("middle",)
        for end in ends:
            name = rung["name"] if len(ends) == 1 else f"{rung['name']}, {_WORDS[end]}"
            row = rung[end]
            cells = [
                text
                for which in ("least", "greatest")
                for text in (interval(row[which]["share_interval"]), str(row[which]["point"]))
            ]
            table.add_row(name, *cells)
    out.print(table)
    out.print()
    for line in (*COVERS, "lowest, highest: over the points (--json has every point)"):
        out.print(Text(line, style="dim"))


_WORDS = {"low": "low ends", "middle": "middle", "high": "high ends"}


def most_unseen(count: int) -> float:
    """Return the share of an event below which it would be seen in none of so many replications once in twenty.

    The exact bound behind the rule of three, 3 / count (J. Hanley and A. Lippman-Hand, JAMA 249, 1983, p. 1743),
    which for few replications passes 1.

    >>> round(most_unseen(1), 2), round(most_unseen(1000), 5), 3 / 1000
    (0.95, 0.00299, 0.003)
    """
    return 1.0 - math.pow(0.05, 1.0 / count)


def percent(share: float) -> str:
    """Write a share in per cent with two significant digits, and as many as tell it from 0 and 100 %.

    >>> percent(0.00354), percent(0.961), percent(0.99987), percent(0.0), percent(1.0)
    ('0.35 %', '96.1 %', '99.987 %', '0 %', '100 %')
    """
    return f"{_digits(share, _places(share))} %"


def interval(ends: list[float]) -> str:
    """Write an interval of a share in per cent, with as many digits as its width is worth.

    >>> interval([0.9635, 0.9685]), interval([0.00355, 0.00357]), interval([0.0, 0.0000384])
    ('96.4–96.9 %', '0.3550–0.3570 %', '0–0.004 %')
    """
    low, high = ends
    width = high - low
    places = 1 if width <= 0 else max(0, min(9, -math.floor(math.log10(50 * width))))
    told = [f"{100 * end:.{places}f}" for end in (low, high)]
    return "–".join("0" if float(text) == 0 else text for text in told) + " %"


def _places(share: float) -> int:
    apart = min(share, 1.0 - share)
    return 0 if apart <= 0 else max(0, min(9, 1 - math.floor(math.log10(100 * apart))))


def _digits(share: float, places: int) -> str:
    return f"{100 * share:.{places}f}"
