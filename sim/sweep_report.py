"""What the terminal shows of a sweep: its progress, and a summary that fits 80 columns."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from rich.text import Text

from sim import manifests, shards
from sim.errors import InputError, Problem, nearest
from sim.folders import Folder
from sim.labels import outcome_label
from sim.provenance import number_of
from sim.quantities import written
from sim.study import Plan
from sim.terminal import console, duration, table_of

QUIET_S = 1.0
"""Progress is told from this time on."""

PARTS = 10
"""Lines of progress where each stays."""


class SweepProgress:
    """Tells on stderr how many points are done, with the rate and the time left.

    On a terminal one line is written over again; elsewhere there is a line for every tenth of the points.
    """

    def __init__(self) -> None:
        self.began = self.told = time.perf_counter()
        self.terminal = sys.stderr.isatty()
        self.first: int | None = None
        """Points that were there before."""
        self.part = 0
        self.width = 0

    def __call__(self, done: int, count: int) -> None:
        """Tell that so many of all points are done."""
        now = time.perf_counter()
        if self.first is None:
            self.first, self.part = done, done * PARTS // count
            if 0 < done < count:
                self._say(f"{done:,} of {number_of(count, 'point')} are there already", stays=True)
            return
        passed, new = now - self.began, done - self.first
        if done == count:
            if passed >= QUIET_S:
                self._say(f"{number_of(new, 'point')} in {duration(passed)}", stays=True)
            return
        part = done * PARTS // count
        due = now - self.told >= QUIET_S if self.terminal else part > self.part and passed >= QUIET_S
        if due:
            self.told, self.part = now, part
            left = duration(passed / new * (count - done))
            line = f"{done:,} of {number_of(count, 'point')}, {new / passed:.3g} a second, {left} left"
            self._say(line, stays=not self.terminal)

    def clear(self) -> None:
        """Take away the line that stands on the terminal."""
        if self.width:
            self._say("", stays=False)
            print("\r", end="", file=sys.stderr)

    def _say(self, line: str, *, stays: bool) -> None:
        start = "\r" if self.terminal else ""
        print(f"{start}{line:{self.width}}", end="\n" if stays else "", file=sys.stderr, flush=True)
        self.width = 0 if stays else len(line)


def summary(folder: Folder, outcome: str | None = None) -> dict[str, Any]:
    """Return what is shown of a sweep: its manifest, the range of each rung's share, and what each quantity does.

    `outcome` is what the effects are of, as `rung.warning-shots`; else the rung whose share varies most.
    """
    plan = manifests.reopened(folder)
    manifest = manifests.read_manifest(folder) or {}
    found = shards.results(folder)
    rows = {name: found[name].to_pylist() for name in ("point", "status", "replications")}
    good = np.array([status == "done" for status in rows["status"]])
    points = np.array(rows["point"])
    ran = [
        count for count, status in zip(rows["replications"], rows["status"], strict=True) if status == "done"
    ]
    rungs = []
    for name in found.column_names:
        if name.startswith("rung.") and name.endswith(".share"):
            stem = name.removesuffix(".share")
            called = {"outcome": stem, "name": outcome_label(stem, plan.scenario)}
            rungs.append(called | _range(stem, found, points, good))
    chosen = _chosen(outcome, found.column_names, rungs)
    return {
        **manifest,
        "points_done": int(good.sum()),
        "points_failed": int((~good).sum()),
        "replications_least": min(ran, default=0),
        "replications_greatest": max(ran, default=0),
        "shares": rungs,
        "effects_on": chosen,
        "effects": [] if chosen is None else _effects(plan, found, f"{chosen}.share", points, good),
    } | {"varied": _varied(plan, manifest.get("varied", []))}


def _range(stem: str, found: Any, points: Any, good: Any) -> dict[str, Any]:
    """Return the lowest and the highest share of a rung, each with its interval and the first point that has it."""
    told: dict[str, Any] = {}
    share = np.array(found[f"{stem}.share"].to_pylist(), dtype=float)
    for word, place in _extremes(share, good).items():
        told[f"{word}_share"] = float(share[place])
        told[f"{word}_interval"] = [found[f"{stem}.{end}_share"][place].as_py() for end in ("low", "high")]
        told[f"{word}_point"] = int(points[place])
    return told


def _extremes(share: Any, good: Any) -> dict[str, int]:
    there = np.flatnonzero(good)
    if not len(there):
        return {}
    return {"least": int(there[share[there].argmin()]), "greatest": int(there[share[there].argmax()])}


def _chosen(outcome: str | None, names: Sequence[str], rungs: Sequence[Mapping[str, Any]]) -> str | None:
    known = [name.removesuffix(".share") for name in names if name.endswith(".share")]
    if outcome is not None:
        if outcome not in known:
            problem = f"is no outcome with a share{nearest(outcome, known)}"
            raise InputError([Problem("--outcome", None, outcome, problem)])
        return outcome
    widths = {
        row["outcome"]: row["greatest_share"] - row["least_share"] for row in rungs if "least_share" in row
    }
    return max(widths, key=lambda name: widths[name]) if widths and max(widths.values()) > 0 else None


def _effects(plan: Plan, found: Any, column: str, points: Any, good: Any) -> list[dict[str, Any]]:
    """Return the mean share over the points in the lower and the upper half of the values of each quantity."""
    share = np.array(found[column].to_pylist(), dtype=float)
    rows = []
    for each in plan.quantities:
        if each.name in plan.words:
            continue
        values = np.array([plan.values(int(point))[each.name] for point in points], dtype=float)
        middle = (np.nanmin(values) + np.nanmax(values)) / 2
        lower, upper = (good & half for half in (values < middle, values > middle))
        if lower.any() and upper.any():
            low, high = float(share[lower].mean()), float(share[upper].mean())
            rows.append({"path": each.name, "lower_half": low, "upper_half": high, "change": high - low})
    return sorted(rows, key=lambda row: -abs(row["change"]))


def _varied(plan: Plan, told: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    rows = []
    for each, about in zip(plan.quantities, told, strict=True):
        values = [plan.values(point)[each.name] for point in range(plan.points)]
        row = dict(about) | {"values": len({repr(value) for value in values})}
        if each.name in plan.words:
            words = (value if isinstance(value, str) else written(value) for value in values)
            row["words"] = list(dict.fromkeys(words))
        elif None not in values:  # nothing stands where a default holds
            row |= {"least": min(values), "greatest": max(values)}
        rows.append(row)
    return rows


def show_sweep(told: Mapping[str, Any]) -> None:
    """Print a summary of a sweep."""
    out = console()
    width = out.width
    out.print(Text(told["title"] or f"{told['name']}: a sweep", style="bold"))
    seeds = "independent random numbers" if told["independent"] else "common random numbers"
    out.print(
        Text(
            f"scenario {told['scenario']} {told['hash']}, {told['design']}, seed {told['seed']}, {seeds}",
            "dim",
        )
    )
    out.print(f"{_points(told)}, {_replications(told)}")
    out.print(_check(told))
    out.print()
    paths = {"no_wrap": True, "overflow": "ellipsis", "max_width": max(30, width - 28)}
    varied = table_of(
        ("varied", "left", paths), ("from", "right", {}), ("to", "right", {}), ("values", "right", {})
    )
    for row in told["varied"]:
        ends = [f"{row[end]:g}" if end in row else "-" for end in ("least", "greatest")]
        cells = ["", "", ", ".join(row["words"])] if "words" in row else [*ends, str(row["values"])]
        varied.add_row(row["path"], *cells)
    out.print(varied)
    out.print()
    shares = table_of(
        ("share over the points", "left", {"no_wrap": True, "overflow": "ellipsis"}),
        ("lowest, 95 %", "right", {}),
        ("at point", "right", {}),
        ("highest, 95 %", "right", {}),
        ("at point", "right", {}),
    )
    for row in told["shares"]:
        ends = []
        for end in ("least", "greatest"):
            if f"{end}_share" in row:
                low, high = row[f"{end}_interval"]
                ends += [f"{100 * low:.1f}–{100 * high:.1f} %", str(row[f"{end}_point"])]
            else:
                ends += ["-", "-"]
        shares.add_row(row["name"], *ends)
    if told["shares"]:
        out.print(shares)
    if told["effects"]:
        out.print()
        halves = table_of(
            (f"{told['effects_on']}: mean share", "left", {**paths, "max_width": max(30, width - 36)}),
            ("lower half", "right", {}),
            ("upper half", "right", {}),
            ("change", "right", {}),
        )
        for row in told["effects"]:
            shown = [f"{100 * row[key]:.1f} %" for key in ("lower_half", "upper_half")]
            halves.add_row(row["path"], *shown, f"{100 * row['change']:+.1f}")
        out.print(halves)
        out.print(Text("over the points with the quantity in the lower or upper half of its range", "dim"))


def _points(told: Mapping[str, Any]) -> str:
    failed = f", {told['points_failed']} failed" if told["points_failed"] else ""
    return f"{told['points_done']:,} of {number_of(told['points'], 'point')}{failed}"


def _replications(told: Mapping[str, Any]) -> str:
    least, greatest = told["replications_least"], told["replications_greatest"]
    if least == greatest:
        return f"{number_of(least, 'replication')} each"
    return f"{least:,} to {greatest:,} replications each"


def _check(told: Mapping[str, Any]) -> Text:
    check = told.get("check", {"replications": 0, "agree": 0})
    if told["engine"] == "processes":
        return Text("run by the processes", "dim")
    if not check["replications"]:
        return Text("no replication was run again by the processes", "dim")
    verb = "agrees" if check["replications"] == 1 else "agree"
    ran = number_of(check["replications"], "replication")
    text = f"{check['agree']} of {ran} that the processes ran again {verb}"
    return Text(text, "dim" if check["agree"] == check["replications"] else "bold red")


# ---- one point


def point(folder: Folder, number: int) -> dict[str, Any]:
    """Return all that is kept of one point, and the command that runs one of its replications again."""
    plan = manifests.reopened(folder)
    if not 0 <= number < plan.points:
        raise InputError([Problem("--point", None, "", f"is {number}, must be from 0 to {plan.points - 1}")])
    found = shards.results(folder)
    at = found["point"].to_pylist()
    if number not in at:
        raise InputError([Problem("--point", None, "", f"is {number}, which was not run yet")])
    row = found.slice(at.index(number), 1).to_pylist()[0]
    command = ["intercept", "run", folder.where, "--point", str(number), "-r", "0"]
    return {
        "overrides": plan.overrides(number),
        "seed": plan.seed_of(number),
        "rungs": {
            stem: outcome_label(stem, plan.scenario)
            for stem in (name.removesuffix(".share") for name in row if name.endswith(".share"))
            if stem.startswith("rung.")
        },
        "command": command,
        "results": row,
    }


def show_point(told: Mapping[str, Any]) -> None:
    """Print one point."""
    import shlex

    out = console()
    row = told["results"]
    out.print(
        Text(
            f"point {row['point']}: {row['status']}, {number_of(row['replications'], 'replication')}", "bold"
        )
    )
    if row["error"]:
        out.print(Text(row["error"], "red"))
    for text in told["overrides"]:
        out.print(Text(f"  {text}"))
    out.print()
    rungs = table_of(
        ("rung", "left", {"no_wrap": True, "overflow": "ellipsis"}),
        ("reached", "right", {}),
        ("share, 95 % interval", "right", {}),
        ("5–95 % of its time [s]", "right", {}),
    )
    for stem, called in told["rungs"].items():
        if row[f"{stem}.share"] is not None:
            low, high = (100 * row[f"{stem}.{end}_share"] for end in ("low", "high"))
            times = [row[f"{stem}.at.{level}_s"] for level in ("p05", "p95")]
            when = "-" if times[0] is None else f"{times[0]:.0f}–{times[1]:.0f}"
            reached = f"{row[f'{stem}.n']}/{row['replications']}"
            rungs.add_row(called, reached, f"{low:.1f}–{high:.1f} %", when)
    out.print(rungs)
    out.print()
    out.print(Text("its first replication again, and why it came out so:", "dim"))
    out.print(Text(shlex.join(told["command"])), soft_wrap=True)
    out.print(Text(shlex.join(["intercept", "explain", *told["command"][2:]])), soft_wrap=True)
