"""The report: a run or a sweep as one document that can be read, printed and repeated.

Every sentence is made of data of the scenario and of its results, so that none can be wrong for another scenario.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from plots.pages import assumptions, frame
from plots.pages.inline import inline
from plots.pages.rounding import clock_text, percent, quantiles_text, reported_text, share_interval
from sim.clock import Clock
from sim.errors import InputError
from sim.scenario import Scenario

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PLACE: Final = "<!--figure-->"
"""Where a figure goes into the finished text."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Drawn:
    """A figure of a report: what it is called, what it shows, and how it is drawn on its own."""

    name: str
    caption: str
    draw: Callable[[], Figure]
    """Raises InputError where there is no data for it."""
    command: str


def document(
    title: str,
    scenario: Scenario,
    data: Mapping[str, Any],
    reported: Sequence[Row],
    figures: Sequence[Drawn],
    **more: Any,
) -> str:
    """Return a report as a page: what all reports have, and what `more` holds.

    `data` is the resolved scenario, `reported` a row for each fact.  Figures are drawn in their order as long as
    the page stays below its greatest size; of the others it is said how to draw them.
    """
    groups = assumptions.groups(data, scenario)
    context = {
        "scenario": scenario,
        "clock": Clock.of(scenario.clock),
        "groups": groups,
        "documents": assumptions.documents(data, scenario),
        "rests": {
            kind: sum(group.rests_on == kind for group in groups)
            for kind in ("document", "assumption", "both", "nothing")
        },
        "places": _places(scenario),
        "facts": _facts(reported),
        "disputed": any(row["disputed"] for row in reported),
        "many": None,
        "run": None,
        "sweep": None,
        **more,
    }
    made = _fitting(title, context, figures)
    return made


def _fitting(title: str, context: dict[str, Any], figures: Sequence[Drawn]) -> str:
    """Return the page with as many figures as it can hold."""
    shown: list[Row] = []
    left_out: list[Drawn] = []
    pictures: list[str] = []
    # With all captions in their place, what is left is for the figures themselves.
    every = [{"name": each.name, "caption": each.caption} for each in figures]
    bare = frame.page("report", title, {}, figures=every, left_out=list(figures), **context)
    room = frame.MOST_BYTES - len(bare.encode("utf-8"))
    for each, told in zip(figures, every, strict=True):
        try:
            picture = inline(each.draw(), f"{each.name}-", each.caption)
        except InputError:  # there is no data for it
            continue
        if len(picture.encode("utf-8")) > room:
            left_out.append(each)
            continue
        room -= len(picture.encode("utf-8"))
        shown.append(told)
        pictures.append(picture)
    text = frame.page("report", title, {}, figures=shown, left_out=left_out, **context)
    for picture in pictures:
        text = text.replace(PLACE, picture, 1)
    return text


def _places(scenario: Scenario) -> Row:
    """Return how many places a scenario holds that stand on the map and not in a table."""
    return {
        "waypoints": sum(len(flight.route) for flight in scenario.intruders.values()),
        "zones": len(scenario.zones),
        "radars": len(scenario.sensing.radars),
        "bases": len(scenario.fighters.bases),
    }


def _facts(reported: Sequence[Row]) -> list[Row]:
    """Return the tables of facts: checks, inputs, and versions that disagree; those that hold none are left out."""
    checks = [row for row in reported if row["role"] == "check" and not row["disputed"]]
    inputs = [row for row in reported if row["role"] == "input"]
    versions = [row for row in reported if row["role"] == "check" and row["disputed"]]
    # Versions of one thing stand together, where the first of them stands.
    order = {
        topic: place for place, topic in reversed([*enumerate(row["topic"] or row["id"] for row in versions)])
    }
    versions.sort(key=lambda row: order[row["topic"] or row["id"]])
    tables = [
        {"id": "checks", "title": "Checks: kept apart from the scenario", "rows": checks, "judged": True},
        {"id": "versions", "title": "Checks on which sources disagree", "rows": versions, "judged": False},
        {"id": "inputs", "title": "Inputs: used to write the scenario", "rows": inputs, "judged": False},
    ]
    return [table for table in tables if table["rows"]]


def fact_rows(
    clock: Clock, scenario: Scenario, spread: Mapping[str, Any] | None, once: Sequence[Row]
) -> list[Row]:
    """Return a row for each fact: as it was reported, as it came out once, and over many replications.

    Either `spread` (as of `sim.spread.of`) or `once` (as of `sim.measures.reported`) may be missing.
    """
    many = {row["id"]: row for row in (spread or {"reported": []})["reported"]}
    single = {row["id"]: row for row in once}
    rows = []
    for name, fact in scenario.facts.items():
        told: Row = {
            "id": name,
            "role": fact.role,
            "statement": fact.statement,
            "disputed": fact.disputed,
            "topic": fact.topic,
            "confidence": fact.confidence,
            "citations": assumptions.citations(fact.source, scenario.sources),
            "note": fact.note,
            "reported": reported_text((many.get(name) or single[name])["reported"]),
        }
        if name in single:
            value = single[name]["simulated"]
            told["once"] = "–" if value is None else clock_text(value)
            told["once_ok"] = single[name]["ok"]
        if name in many:
            row = many[name]
            told["happened"] = percent(row["happened_share"])
            told["interval"] = quantiles_text(row["p05_p50_p95"])
            told["covers"] = row["covers"]
        rows.append(told)
    return rows


def rung_rows(spread: Mapping[str, Any] | None, once: Sequence[Row]) -> list[Row]:
    """Return a row for each rung from the lowest: when it was reached once, and in how many replications."""
    many = {row["name"]: row for row in (spread or {"rungs": []})["rungs"]}
    single = {row["name"]: row for row in once}
    rows = []
    for name in many or single:
        told: Row = {"name": name}
        if name in single:
            told["once"] = "not reached" if single[name]["time"] is None else clock_text(single[name]["time"])
        if name in many:
            row = many[name]
            told |= {"n": row["reached"], "of": row["n"], "share": percent(row["share"])}
            told["interval"] = share_interval(*row["share_interval"])
            told["times"] = quantiles_text(row["p05_p50_p95"])
        rows.append(told)
    return rows


def coverage(rows: Sequence[Row]) -> Row | None:
    """Return how many of the undisputed checks are covered, of how many; None where there are none."""
    checks = [row for row in rows if row["role"] == "check" and not row["disputed"] and "covers" in row]
    if not checks:
        return None
    return {"covered": sum(row["covers"] for row in checks), "of": len(checks)}
