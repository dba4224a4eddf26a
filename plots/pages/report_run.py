"""The report of a run: one replication with its causes, beside the spread of many under the same seed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from plots.pages.report import Drawn, Row, coverage, document, fact_rows, rung_rows
from plots.pages.rounding import clock_text, percent, quantiles_text, share_interval
from plots.pages.swept import Outcome, outcome_of
from sim import histograms, spread
from sim.catalogue import Column, columns
from sim.clock import Clock
from sim.document import Document
from sim.explain import Case, explain
from sim.many import Tell
from sim.outcomes import Outcomes
from sim.run import prepare
from sim.spread import wilson
from sim.store import Recorded


def run_report(
    recorded: Recorded,
    read: Document,
    command: str,
    figures: Sequence[Drawn],
    *,
    table: Outcomes | None = None,
    workers: int | None = 1,
    tell: Tell | None = None,
) -> str:
    """Return the report of a recorded replication as a page.

    `read` is its resolved scenario and `command` what runs it again; `figures` are drawn where there is room.
    `table` holds the outcomes of many replications, for shares and intervals.
    """
    scenario, manifest = recorded.scenario, recorded.manifest
    clock = Clock.of(scenario.clock)
    many, row, count = None, None, 1
    if table is not None:
        count = len(table)
        many = spread.of(scenario, read, table.seed, count, table.first, tell, workers=workers)
        row = histograms.summary(histograms.of(table))
    facts = fact_rows(clock, scenario, many, recorded.reported)
    highest = [rung for rung in recorded.rungs if rung["time"] is not None]
    return document(
        scenario.scenario.title,
        scenario,
        read.data,
        facts,
        figures,
        run={
            "manifest": manifest,
            "events": len(recorded.events),
            "highest": None if not highest else {**highest[-1], "at": clock_text(highest[-1]["time"])},
            "timeline": _timeline(recorded),
        },
        many=None if many is None else {**many, "coverage": coverage(facts)},
        rungs=rung_rows(many, recorded.rungs),
        outcomes=_outcomes(recorded, clock, row, count),
        labels=_labels(recorded),
        commands=[command],
    )


# ---- what led to what


def _timeline(recorded: Recorded) -> list[Row]:
    """Return the events on the chains of causes to each rung and to the first measures of each stay, in order."""
    made = recorded.manifest
    case = Case(
        recorded.scenario, made["scenario"], made["hash"], made["seed"], made["replication"], recorded.events
    )
    found = explain(case, within_s=0)
    rows: dict[int, Row] = {row["event"]: {"delays": [], **row} for row in found["timeline"]}
    for path in found["paths"]:
        for step in path["steps"]:
            rows[step["event"]] = {"rungs": [], **rows.get(step["event"], {}), **step}
    told = []
    for number in sorted(rows):
        row = rows[number]
        cause = recorded.events[number]["cause"]
        told.append(
            {
                "event": number,
                "time": clock_text(row["time"]),
                "told": row["told"],
                "cause": cause if cause in rows else None,
                "outside": cause is None,
                "after_s": None if cause is None else _seconds_between(recorded, cause, number),
                "delays": [
                    f"{each['draw'][0]} {each['draw'][1]}: {each['drawn_s']} s (median {each['median_s']} s)"
                    for each in row["delays"]
                ],
                "rungs": row["rungs"],
            }
        )
    return told


def _seconds_between(recorded: Recorded, cause: int, event: int) -> int:
    steps = recorded.events[event]["step"] - recorded.events[cause]["step"]
    return int(steps * recorded.manifest["step_s"])


def _labels(recorded: Recorded) -> list[tuple[str, str]]:
    """Return the short names that the timeline uses, with their labels."""
    scenario = recorded.scenario
    tables = (scenario.intruders, scenario.command.posts, scenario.zones, scenario.sides)
    return [(name, each.label) for table in tables for name, each in table.items() if each.label]


# ---- outcomes

OTHERS = "Other outcomes"


def _outcomes(recorded: Recorded, clock: Clock, row: Row | None, count: int) -> list[Row]:
    """Return tables of outcomes: acts within a stay, and whatever else has no single value."""
    tables: dict[str, list[Row]] = {"Acts within a stay": [], OTHERS: []}
    for column in columns(prepare(recorded.scenario), {}):
        if column.kind == "name" or not column.optional or column.name.startswith("fact."):
            continue
        outcome = outcome_of(recorded.scenario, column)
        value = recorded.outcomes.get(column.key)
        told = _outcome(outcome, column, clock, value, row, count)
        if outcome.kind in ("race", "stay"):
            tables["Acts within a stay"].append(told)
        elif outcome.kind == "other" and (value is not None if row is None else told["varies"]):
            tables[OTHERS].append(told)
    return [{"title": title, "rows": rows} for title, rows in tables.items() if rows]


def _outcome(outcome: Outcome, column: Column, clock: Clock, value: Any, row: Row | None, count: int) -> Row:
    told: Row = {
        "name": outcome.name,
        "unit": "" if outcome.is_clock else column.unit,
        "once": "–" if value is None else clock_text(value),
    }
    if row is None:
        return told
    n, levels = row[f"{outcome.stem}.n"], [row[name] for name in outcome.quantiles]
    shown = None
    if n:
        shown = [clock.local(int(level) // clock.step_s) if outcome.is_clock else level for level in levels]
    return told | {
        "n": n,
        "of": count,
        "share": percent(n / count),
        "interval": share_interval(*wilson(n, count)),
        "quantiles": quantiles_text(shown),
        "varies": n > 0 and levels[0] != levels[-1],
    }
