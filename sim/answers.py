"""What the terminal shows of answers: why a replication came out as it did, and what differs between scenarios."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.table import Table
from rich.text import Text

from sim.provenance import number_of
from sim.terminal import FIXED, console, duration, table_of

MOST_CHANGES = 8
"""Smallest changes that are shown each way."""

MOST_OUTCOMES = 15
"""Outcomes that are shown of a comparison, unless all are wanted."""


# ---- explain


def show_explanation(explained: Mapping[str, Any]) -> None:
    """Print the timeline of a replication, its critical paths, and the smallest changes of its highest rung."""
    out = console()
    run = f"seed {explained['seed']}, replication {explained['replication']}, scenario {explained['hash']}"
    out.print(Text(f"{explained['scenario']}: {run}", style="bold"))
    for text in explained["overrides"]:
        out.print(Text(f"  {text}", style="dim"))
    out.print(Text("what led to each rung", style="bold"))
    timeline = table_of(("time", "left", FIXED), ("event", "left", {}), ("rung", "left", {"style": "cyan"}))
    for row in explained["timeline"]:
        timeline.add_row(row["time"][:8], row["told"], ", ".join(f"▲ {name}" for name in row["rungs"]))
    out.print(timeline if explained["timeline"] else Text("no rung was reached", style="dim"))
    shown: set[int] = set()
    for path in explained["paths"]:
        out.print()
        out.print(Text(f"critical path to the {path['to']}", style="bold"))
        out.print(_path(path["steps"], shown))
    if explained["paths"]:
        out.print()
        out.print(Text("after: since the step above; drawn delays in it with their medians", style="dim"))
        out.print(Text("slack: what else was waited for, and how long before it was ready", style="dim"))
    if explained["changes"]["within_s"]:
        out.print()
        _show_changes(explained)
    if explained["command"]:
        import shlex

        out.print()
        out.print(Text("the replication again:", style="dim"))
        out.print(Text(shlex.join(explained["command"])), soft_wrap=True)


def _path(steps: list[Mapping[str, Any]], shown: set[int]) -> Table:
    """Return the steps of a path; of those that another path began with, only the last is shown again."""
    table = table_of(
        ("time", "left", FIXED),
        ("after", "right", FIXED),
        ("event", "left", {"ratio": 5}),
        ("drawn (median), slack", "left", {"ratio": 7}),
    )
    table.expand = True
    for step, following in zip(steps, [*steps[1:], None], strict=True):
        if step["event"] in shown and following is not None and following["event"] in shown:
            continue
        again = step["event"] in shown
        shown.add(step["event"])
        after = "" if step["cause"] is None else f"+{step['after_s']} s"
        if again:
            table.add_row(step["time"][:8], "", step["told"], Text("as above", style="dim"))
        else:
            table.add_row(step["time"][:8], after, step["told"], _waited(step))
    return table


def _waited(step: Mapping[str, Any]) -> Text:
    text = Text()
    parts = [f"{_draw(each['draw'])}: {each['drawn_s']} s ({each['median_s']} s)" for each in step["delays"]]
    if step["rest_s"]:
        parts.append(f"{step['rest_of']}: {duration(step['rest_s'])}")
    text.append("\n".join(parts))
    slack = [f"{each['input']}: {duration(each['ready_s_before'])}" for each in step["slack"]]
    if slack:
        text.append(("\n" if parts else "") + f"slack: {', '.join(slack)}", style="dim")
    return text


def _draw(draw: list[Any]) -> str:
    entity, decision, occurrence = draw
    return f"{entity} {decision}" + (f" #{occurrence}" if occurrence > 1 else "")


def _show_changes(explained: Mapping[str, Any]) -> None:
    out, changes = console(), explained["changes"]
    name = explained["highest_rung_name"] or "none"
    out.print(Text(f"smallest change of one timing that changes the highest rung ({name})", style="bold"))
    for way in ("lower", "higher"):
        rows = changes[way]
        if not rows:
            out.print(f"no single change of up to {changes['within_s']} s leads to a {way} rung")
            continue
        table = table_of(
            ("change", "right", FIXED),
            ("drawn", "right", FIXED),
            ("timing", "left", {}),
            (f"{way} rung", "left", {}),
        )
        for row in rows[:MOST_CHANGES]:
            rung = row["to_rung_name"] or "none"
            table.add_row(f"{row['change_s']:+d} s", f"{row['drawn_s']} s", _draw(row["draw"]), rung)
        out.print(table)
        if len(rows) > MOST_CHANGES:
            out.print(Text(f"and {len(rows) - MOST_CHANGES} larger ones (--json has all)", style="dim"))
    timings, runs = number_of(changes["timings"], "timing"), number_of(changes["replications"], "replication")
    tried = f"{timings} tried one by one in {runs}"
    out.print(Text(f"{tried}, up to {changes['within_s']} s each way", style="dim"))


# ---- compare


def show_comparison(compared: Mapping[str, Any], *, every: bool) -> None:
    """Print, for each variant, the shares of the rungs and the outcomes that moved most, beside the baseline."""
    out = console()
    count = compared["replications"]
    out.print(
        Text(
            f"{number_of(count, 'replication')}, seed {compared['seed']}, the same draws in all", style="bold"
        )
    )
    for variant in compared["variants"]:
        out.print(f"{variant['label']}: {variant['scenario']} {variant['hash']}", style="dim")
    for each in compared["comparisons"]:
        out.print()
        out.print(Text(f"{each['variant']} less {each['baseline']}", style="bold"))
        if each["rungs"]:
            out.print(_rungs(each))
            out.print()
        _show_outcomes(each["outcomes"], every=every)
    out.print()
    for line in (
        "narrower: width of the interval over its width without common draws",
        "both: replications in which it happened in both; only: in the baseline/variant alone",
        "changed: share of all replications in which it came out otherwise",
        "5 %, median, 95 %: of the paired differences where it happened in both",
    ):
        out.print(Text(line, style="dim"))


def _rungs(compared: Mapping[str, Any]) -> Table:
    table = table_of(
        ("rung", "left", {**FIXED, "max_width": 24}),
        ("baseline", "right", FIXED),
        ("variant", "right", FIXED),
        ("difference", "right", FIXED),
        ("95 %, paired", "right", FIXED),
        ("narrower", "right", FIXED),
    )
    for row in compared["rungs"]:
        before, after = row["shares"]
        low, high = row["share_interval"]
        table.add_row(
            row["name"],
            f"{100 * before:.1f} %",
            f"{100 * after:.1f} %",
            _points(row["share_difference"]),
            f"{_points(low)} to {_points(high)}",
            _narrower(row["share_width_ratio"]),
        )
    return table


def _points(share: float) -> str:
    return "0" if share == 0 else f"{100 * share:+.2f}"


def _narrower(ratio: float | None) -> str:
    return "-" if ratio is None else f"× {ratio:.2f}"


def _show_outcomes(outcomes: list[Mapping[str, Any]], *, every: bool) -> None:
    out = console()
    moved = sorted(
        (row for row in outcomes if every or row["changed_share"] > 0),
        key=lambda row: (-row["changed_share"], row["outcome"]),
    )
    if not moved:
        out.print("no outcome differs in any replication")
        return
    table = table_of(
        ("outcome", "left", {"overflow": "fold"}),
        ("changed", "right", FIXED),
        ("both", "right", FIXED),
        ("only", "right", FIXED),
        ("5 %", "right", FIXED),
        ("median", "right", FIXED),
        ("95 %", "right", FIXED),
    )
    for row in moved if every else moved[:MOST_OUTCOMES]:
        levels = row["difference_p05_p50_p95"]
        told = ["-"] * 3 if levels is None else [_difference(level) for level in levels]
        only = f"{row['baseline_only']}/{row['variant_only']}"
        table.add_row(row["outcome"], f"{100 * row['changed_share']:.1f} %", str(row["both"]), only, *told)
    out.print(table)
    if not every and len(moved) > MOST_OUTCOMES:
        out.print(Text(f"and {len(moved) - MOST_OUTCOMES} more that moved (--all shows them)", style="dim"))


def _difference(value: float) -> str:
    return "0" if value == 0 else f"{value:+g}"
