"""The report of a sweep: what was varied, what it did to each rung, and the scenario as it stands."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from plots.pages.report import Drawn, Row, coverage, document, fact_rows, rung_rows
from plots.pages.rounding import percent, quantiles_text, share_interval
from plots.pages.swept import Outcome, Swept, label_of, unit_of_quantity, value_text
from sim import spread, sweep_report
from sim.clock import Clock
from sim.errors import InputError, Problem
from sim.many import Tell
from sim.quantities import plain, written
from sim.spread import wilson
from sim.study import Plan

MOST_ROWS: Final = 40
"""Rows of a table along one quantity; of more values every so many-th is told."""


def sweep_document(
    swept: Swept,
    figures: Sequence[Drawn] = (),
    outcome: str | None = None,
    *,
    count: int = 1000,
    workers: int | None = 1,
    tell: Tell | None = None,
) -> str:
    """Return the report of a sweep as a page, with those of the `figures` for which there is room.

    `outcome` is what the tables along each quantity are of, as `rung.flares`; else the rung whose share varies most.
    `count` replications of the scenario as it stands are run and set beside the reported facts; with 1 there are none.
    Raises InputError for an unknown outcome.
    """
    plan, manifest = swept.plan, swept.manifest
    scenario, clock = plan.scenario, Clock.of(plan.scenario.clock)
    told = sweep_report.summary(swept.folder, outcome)
    many = None
    if count > 1:
        many = spread.of(scenario, plan.document, plan.study.seed, count, 0, tell, workers=workers)
    facts = fact_rows(clock, scenario, many, []) if many else []
    chosen = _outcome(swept, told["effects_on"] or outcome)
    names = {outcome.stem: outcome.name for outcome in swept.outcomes}
    labels = {each.name: label_of(swept, number) for number, each in enumerate(plan.quantities)}
    return document(
        manifest["title"] or f"{scenario.scenario.title}: a sweep",
        scenario,
        plan.document.data,
        facts,
        figures,
        sweep={
            "manifest": manifest,
            "told": told,
            "keep_shape": plan.study.keep_shape,
            "note": plan.study.note,
            "varied": [_varied(swept, number) for number in range(len(plan.quantities))],
            "shares": [_share_row(row, names) for row in told["shares"] if "least_share" in row],
            "effects": [_effect_row(row, labels) for row in told["effects"]],
            "extremes": list(_extremes(swept, chosen)),
            "slices": list(_slices(swept, chosen, clock)),
            "outcome": chosen,
            "labels": [*labels.values()],
            "failed": _failed(swept),
        },
        many=None if many is None else {**many, "coverage": coverage(facts)},
        rungs=rung_rows(many, []) if many else [],
        outcomes=[],
        labels=[],
        commands=commands(swept),
    )


def _outcome(swept: Swept, stem: str | None) -> Outcome:
    """Return the outcome of a stem, or the first that there is."""
    found = [each for each in swept.outcomes if stem in (None, each.stem)]
    if not found:
        problem = "is told only at some points; choose one that the scenario has as it stands"
        raise InputError([Problem("--outcome", None, str(stem), problem)])
    return found[0]


def _varied(swept: Swept, number: int) -> Row:
    quantity = swept.plan.quantities[number]
    about, unit = swept.manifest["varied"][number], unit_of_quantity(quantity)
    values = [row[number] for row in swept.plan.table if row[number] is not None]
    numeric = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    distinct = list({repr(value): value for value in values}.values())
    return {
        "label": label_of(swept, number),
        "path": quantity.name,
        "count": len(distinct),
        "values": f"{value_text(min(values), unit)} – {value_text(max(values), unit)}"
        if numeric
        else ", ".join(value_text(value) for value in distinct),
        "base": "nothing" if quantity.base is None else value_text(quantity.base, unit),
        "source": about["source"] if isinstance(about["source"], str | None) else "; ".join(about["source"]),
    }


def _share_row(row: Mapping[str, Any], names: Mapping[str, str]) -> Row:
    told: Row = {"name": names.get(row["outcome"], row["outcome"].removeprefix("rung."))}
    for word in ("least", "greatest"):
        told[word] = percent(row[f"{word}_share"])
        told[f"{word}_interval"] = share_interval(*row[f"{word}_interval"])
        told[f"{word}_point"] = row[f"{word}_point"]
    return told


def _effect_row(row: Mapping[str, Any], labels: Mapping[str, str]) -> Row:
    return {
        "label": labels[row["path"]],
        "lower": percent(row["lower_half"]),
        "upper": percent(row["upper_half"]),
        "change": f"{100 * row['change']:+.1f}".replace("-", "−"),
    }


def _extremes(swept: Swept, outcome: Outcome) -> Iterator[Row]:
    """Yield the points at which the share is least and greatest, the first of each, with their values."""
    shares = [
        (share, point)
        for point, share in enumerate(swept.values(f"{outcome.stem}.share"))
        if share is not None
    ]
    for word, (_, point) in (
        ("least", min(shares)),
        ("greatest", max(shares, key=lambda it: (it[0], -it[1]))),
    ):
        yield {"word": word, **_point_row(swept, outcome, point, Clock.of(swept.plan.scenario.clock))} | {
            "values": [
                value_text(value, unit_of_quantity(each))
                for each, value in zip(swept.plan.quantities, swept.plan.values(point).values(), strict=True)
            ]
        }


def _point_row(swept: Swept, outcome: Outcome, point: int, clock: Clock) -> Row:
    """Return the numbers of a point: n, share with interval, and quantiles where it happened."""
    n, count = swept.values(f"{outcome.stem}.n")[point], swept.values("replications")[point]
    if n is None:
        return {"point": point, "n": None}
    levels = [swept.values(name)[point] for name in outcome.quantiles] if n else None
    if levels is not None and outcome.is_clock:
        levels = [clock.local(int(level) // clock.step_s) for level in levels]
    return {
        "point": point,
        "n": n,
        "of": count,
        "share": percent(n / count),
        "interval": share_interval(*wilson(n, count)),
        "quantiles": quantiles_text(levels),
    }


# ---- along one quantity


@dataclass(frozen=True)
class Slice:
    """The points along one quantity, with the others held."""

    label: str
    held: str
    """What the others are, in words; empty where there are none."""
    rows: tuple[Row, ...]
    every: int
    """Of the values every so many-th is told."""


def _slices(swept: Swept, outcome: Outcome, clock: Clock) -> Iterator[Slice]:
    """Yield the points along each quantity through the point nearest to the scenario as it stands.

    Only a grid has such points, and a design of one quantity at a time.
    """
    plan = swept.plan
    if plan.study.design not in ("grid", "one-at-a-time"):
        return
    held = _nearest(plan)
    for number, quantity in enumerate(plan.quantities):
        found = []
        for point, row in enumerate(plan.table):
            others = [repr(value) for place, value in enumerate(row) if place != number]
            if others == [repr(value) for place, value in enumerate(held) if place != number]:
                found.append((plan.values(point)[quantity.name], point))
        if len(found) < 2:
            continue
        numeric = all(isinstance(value, int | float) and not isinstance(value, bool) for value, _ in found)
        found = sorted(found) if numeric else found
        every = -(-len(found) // MOST_ROWS)
        unit = unit_of_quantity(quantity)
        rows = tuple(
            {"value": value_text(value, unit), **_point_row(swept, outcome, point, clock)}
            for value, point in found[::every]
        )
        yield Slice(label_of(swept, number), _held(swept, held, number), rows, every)


def _nearest(plan: Plan) -> tuple[Any, ...]:
    """Return the values of the point nearest to the scenario: of each quantity the value nearest to its own."""
    if plan.study.design == "one-at-a-time":
        return (None,) * len(plan.quantities)
    held = []
    for each in plan.quantities:
        numbers = [value for value in each.values if isinstance(value, int | float)]
        if isinstance(each.base, int | float) and len(numbers) == len(each.values):
            base = each.base
            held.append(min(each.values, key=lambda value, base=base: abs(value - base)))  # type: ignore[misc]
        else:
            held.append(each.base if each.base in each.values else each.values[0])
    return tuple(held)


def _held(swept: Swept, held: Sequence[Any], without: int) -> str:
    parts = []
    for number, (each, value) in enumerate(zip(swept.plan.quantities, held, strict=True)):
        if number != without:
            shown = each.base if value is None else value
            parts.append(f"{label_of(swept, number)} {value_text(shown, unit_of_quantity(each))}")
    return ", ".join(parts)


def _failed(swept: Swept) -> list[Row]:
    """Return the points that could not be run, with their reasons."""
    errors = swept.values("error")
    return [{"point": point, "error": errors[point]} for point in swept.points if errors[point]]


# ---- how to repeat it


def commands(swept: Swept) -> list[str]:
    """Return the commands that run the sweep again from its folder, and one point of it."""
    folder, study = swept.folder.where, swept.plan.study
    if any(vary.scale == "log" for vary in study.vary):
        told = ["intercept", "sweep", f"{folder}/study.toml"]
    else:
        told = ["intercept", "sweep", f"{folder}/scenario.toml"]
        for vary in study.vary:
            told += ["--vary", f"{vary.path}={_values_text(vary)}"]
        told += ["--design", study.design]
        if study.points is not None:
            told += ["--points", str(study.points)]
        if study.design == "morris":
            told += ["--trajectories", str(study.trajectories)]
        told += ["--keep-shape"] * study.keep_shape + ["--independent"] * study.independent
    told += ["--seed", str(study.seed), *_goal(swept), "--engine", swept.manifest["engine"], "-o", "again"]
    return [shlex.join(told), shlex.join(["intercept", "show", folder, "--point", "0"])]


def _values_text(vary: Any) -> str:
    if vary.values is not None:
        return ",".join(written(value) for value in vary.values)
    ends = [vary.low, vary.high, *([] if vary.step is None else [vary.step])]
    return ":".join(str(plain(int(end) if float(end).is_integer() else end)) for end in ends)


def _goal(swept: Swept) -> list[str]:
    until, manifest = swept.manifest["until"], swept.manifest
    if not until:
        return ["-n", str(manifest["replications"])]
    told = []
    for name, width in until.items():
        told += ["--until", f"{name}:{width:g}"]
    return [*told, "--most", str(manifest["most"])]
