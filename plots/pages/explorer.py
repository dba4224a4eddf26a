"""The explorer: one file in which sliders move over a sweep that was computed before.

It shows the share in which an outcome happened with its interval against one quantity and over two, and when it
happened; a reader may have to guess first.  It holds whole numbers from the sweep's tables and works out shares and
intervals from them as the tables do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil, floor
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from plots.pages import frame
from plots.pages.swept import Outcome, Swept, label_of, unit_of_quantity, value_text
from sim.errors import InputError, Problem, nearest
from sim.quantities import Quantity

PARTS: Final = ("explorer-numbers", "explorer-charts", "explorer-cells")
"""The scripts of the page, before its own."""

RESERVE_BYTES: Final = 90_000
"""Of a page: what template, style and script take, with room to spare."""

BINS: Final = 40
"""Steps at the most in which the curve of a race is told."""

NICE: Final = (1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14_400)
"""Widths of such a step."""

MOST_OUTCOMES: Final = 80
"""More than a list of choices can bear (assumption)."""

GROUPS: Final = {
    "rung": "Rungs of the ladder",
    "race": "Acts within a stay: in time or not",
    "stay": "Time to spare, and authority",
    "other": "Flights and fighters",
    "fact": "What was reported",
}


def explorer(swept: Swept, wanted: Sequence[str] = ()) -> str:
    """Return the page of a sweep over a grid.

    It holds the rungs, then what else varies over the points, until the page is full; `wanted` names outcomes, as
    `rung.flares`, that are to be there instead.  Raises InputError for any other design, for a grid with nothing to
    move along, for an unknown outcome, and if not even one outcome has room.
    """
    axes = _axes(swept)
    cells = _cells(swept, axes)
    data = _data(swept, axes, cells)
    room = frame.MOST_BYTES - RESERVE_BYTES - _size(data)
    told, left_out = _fitting(swept, _chosen(swept, wanted), cells, room)
    data |= {"outcomes": told, "first": _first(swept, told)}
    title = str(data["title"])
    several = _several(axes)
    return frame.page(
        "explorer", title, data, parts=PARTS, made=data["made"], left_out=left_out, several=several
    )


# ---- the grid


def _axes(swept: Swept) -> list[list[Any]]:
    """Return the values of each quantity in the order of the page: numbers rising, words as they were listed."""
    where, design = swept.folder.where, swept.plan.study.design
    if design != "grid":
        problem = (
            f"is of the design {design}: sliders move over a grid, where every value meets every other; "
            "run the study with --design grid, or see it with: intercept page report"
        )
        raise InputError([Problem(where, None, "", problem)])
    axes = [list({repr(value): value for value in each.values}.values()) for each in swept.plan.quantities]
    axes = [sorted(values) if _is_numeric(values) else values for values in axes]
    if all(len(values) == 1 for values in axes):
        problem = "has a single point, and nothing to move along; vary a quantity over several values"
        raise InputError([Problem(where, None, "", problem)])
    return axes


def _is_numeric(values: Sequence[Any]) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def _cells(swept: Swept, axes: Sequence[Sequence[Any]]) -> list[int]:
    """Return the point of each cell of the grid, the last quantity varying fastest."""
    places = [{repr(value): place for place, value in enumerate(values)} for values in axes]
    shape = tuple(len(values) for values in axes)
    found = np.zeros(int(np.prod(shape)), dtype=np.int64)
    for point, row in reversed([*enumerate(swept.plan.table)]):
        at = tuple(place[repr(value)] for place, value in zip(places, row, strict=True))
        found[np.ravel_multi_index(at, shape)] = point
    return [int(point) for point in found]


# ---- outcomes


def _chosen(swept: Swept, wanted: Sequence[str]) -> list[Outcome]:
    """Return the outcomes in the order of their importance: those that are wanted, or rungs and what varies."""
    known = {outcome.stem: outcome for outcome in reversed(swept.outcomes)}
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise InputError(
            Problem("--outcome", None, name, f"is no outcome with a share{nearest(name, known)}")
            for name in unknown
        )
    if wanted:
        return [known[name] for name in dict.fromkeys(wanted)]
    order = [*GROUPS]
    varying = [each for each in swept.outcomes if each.kind == "rung" or _varies(swept, each)]
    return sorted(varying, key=lambda each: order.index(each.kind))[:MOST_OUTCOMES]


def _varies(swept: Swept, outcome: Outcome) -> bool:
    """Return whether the share of an outcome is not the same at all points."""
    return len({value for value in swept.values(f"{outcome.stem}.share") if value is not None}) > 1


def _fitting(
    swept: Swept, chosen: Sequence[Outcome], cells: Sequence[int], room: int
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return as many outcomes as there is room for in bytes, and the names of those left out."""
    if not chosen:
        problem = "has no outcome whose share varies over the points, and no rungs: name one with --outcome"
        raise InputError([Problem(swept.folder.where, None, "", problem)])
    numbers = {each.column: _outcome(swept, each, cells) for each in chosen}
    curves = _curves(swept, [each for each in chosen if each.kind in ("race", "rung")], cells)
    kept: dict[str, dict[str, Any]] = {}
    for outcome, adds in _order(chosen):
        told = kept.get(outcome.column)
        if adds == "curve" and (told is None or outcome.column not in curves):
            continue
        each = numbers[outcome.column] if told is None else {**told, "curve": curves[outcome.column]}
        size = _size(each) - (0 if told is None else _size(told))
        if size <= room:
            room -= size
            kept[outcome.column] = each
    if not kept:
        problem = f"has {swept.plan.points:,} points: too many for a page; sweep fewer values"
        raise InputError([Problem(swept.folder.where, None, "", problem)])
    left_out = [f"{outcome.stem}: {outcome.name}" for outcome in chosen if outcome.column not in kept]
    return [kept[outcome.column] for outcome in chosen if outcome.column in kept], left_out


def _order(chosen: Sequence[Outcome]) -> Iterator[tuple[Outcome, str]]:
    """Yield what a page is filled with: numbers of the rungs, races with their curves, and then the rest."""
    yield from ((each, "numbers") for each in chosen if each.kind == "rung")
    for outcome in chosen:
        if outcome.kind == "race":
            yield from ((outcome, "numbers"), (outcome, "curve"))
    yield from ((each, "curve") for each in chosen if each.kind == "rung")
    yield from ((each, "numbers") for each in chosen if each.kind not in ("rung", "race"))


def _size(data: Any) -> int:
    return len(frame.as_json(data).encode("utf-8"))


def _outcome(swept: Swept, outcome: Outcome, cells: Sequence[int]) -> dict[str, Any]:
    """Return an outcome with its columns by cell: n, and the quantiles over those in which it happened."""
    names = set(swept.names)
    told: dict[str, Any] = {
        "key": outcome.stem,
        "column": outcome.column,
        "name": outcome.name,
        "group": GROUPS[outcome.kind],
        "unit": outcome.unit,
        "clock": outcome.is_clock,
        "race": outcome.kind == "race",
        "n": _by_cell(swept, f"{outcome.stem}.n", cells),
        "quantiles": [_by_cell(swept, name, cells) for name in outcome.quantiles],
    }
    stay = Outcome(outcome.stay, "", "", "stay", "s")
    if outcome.stay and {f"{stay.stem}.n", *stay.quantiles} <= names:
        told["stay"] = {
            "n": _by_cell(swept, f"{stay.stem}.n", cells),
            "quantiles": [_by_cell(swept, name, cells) for name in stay.quantiles],
        }
    return told


def _by_cell(swept: Swept, column: str, cells: Sequence[int]) -> Any:
    """Return a column by cell; a single value where all are the same."""
    by_point = swept.values(column)
    found = [_short(by_point[point]) for point in cells]
    return found[0] if all(value == found[0] for value in found) else found


def _short(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _curves(swept: Swept, outcomes: Sequence[Outcome], cells: Sequence[int]) -> dict[str, dict[str, Any]]:
    """Return by column how many replications of each cell had a value in each step of equal width.

    A row holds the number of the first step that counts any, and the counts from there on; `of` names each cell's row.
    """
    found: dict[str, dict[int, tuple[NDArray[Any], NDArray[Any]]]] = {each.column: {} for each in outcomes}
    for shard in swept.each_shard():
        for point, held in shard.histograms.items():
            ends = np.searchsorted(held.places, np.arange(len(held.names) + 1))
            for place, name in enumerate(held.names):
                if name in found:
                    part = slice(ends[place], ends[place + 1])
                    found[name][point] = held.values[part], held.counts[part]
    return {
        name: _binned(by_point, cells)
        for name, by_point in found.items()
        if any(len(values) for values, _ in by_point.values())
    }


def _binned(by_point: dict[int, tuple[NDArray[Any], NDArray[Any]]], cells: Sequence[int]) -> dict[str, Any]:
    values = [each for each, _ in by_point.values() if len(each)]
    low, high = min(float(each[0]) for each in values), max(float(each[-1]) for each in values)
    step = next((nice for nice in NICE if (high - low) / nice <= BINS), ceil((high - low) / BINS))
    first = floor(low / step)
    rows: dict[tuple[int, ...], int] = {}
    of = []
    for point in cells:
        each, counts = by_point.get(point, (np.zeros(0), np.zeros(0, dtype=np.int64)))
        row: tuple[int, ...] = ()
        if len(each):
            # A step holds the values above its beginning and up to its end, so that "by then" is true at its end.
            places = np.ceil(each / step).astype(np.int64) - first
            bins = np.bincount(places - places[0], weights=counts).astype(np.int64)
            row = (int(places[0]), *bins.tolist())
        of.append(rows.setdefault(row, len(rows)))
    ends = ceil(high / step) * step
    # With common random numbers many cells are alike, and each row is told once.
    return {"step": step, "begins": first * step, "ends": ends, "rows": [*rows], "of": of}


# ---- all of it


def _several(axes: Sequence[Sequence[Any]]) -> bool:
    """Return whether two quantities or more can be moved along, so that a map of two has a meaning."""
    return sum(len(values) > 1 for values in axes) > 1


def _data(swept: Swept, axes: Sequence[Sequence[Any]], cells: Sequence[int]) -> dict[str, Any]:
    """Return what the script reads, but for the outcomes."""
    plan, manifest = swept.plan, swept.manifest
    start = plan.scenario.clock.start
    errors = swept.values("error")
    return {
        "title": manifest["title"] or f"{plan.scenario.scenario.title}: a sweep",
        "start_s": start.hour * 3600 + start.minute * 60 + start.second,
        "shared": not manifest["independent"],
        "quantities": [
            _quantity(swept, number, each, values)
            for number, (each, values) in enumerate(zip(plan.quantities, axes, strict=True))
        ],
        "replications": _by_cell(swept, "replications", cells),
        "status": _by_cell(swept, "status", cells),
        "errors": {cell: errors[point] for cell, point in enumerate(cells) if errors[point]},
        "points": list(cells) if list(cells) != [*range(len(cells))] else None,
        "made": " · ".join(_made(swept)),
    }


def _made(swept: Swept) -> list[str]:
    """Return what the page was made from."""
    manifest = swept.manifest
    counts = [int(value) for value in swept.values("replications") if value]
    least, most = min(counts), max(counts)
    each = f"{least:,}" if least == most else f"{least:,} to {most:,}"
    numbers = "numbers of its own for every point" if manifest["independent"] else "common random numbers"
    missing = swept.plan.points - len(swept.points)
    made = [
        f"scenario {manifest['scenario']}",
        f"hash {manifest['hash']}",
        f"seed {manifest['seed']}",
        f"{len(swept.points):,} points",
        f"{each} replications each",
        numbers,
        f"intercept {manifest['versions']['intercept-sim']}",
    ]
    return [*made, f"{missing:,} points were not run yet"] if missing else made


def _quantity(swept: Swept, number: int, each: Quantity, values: Sequence[Any]) -> dict[str, Any]:
    """Return a quantity with its values, and with what stands in the scenario."""
    unit, numeric = unit_of_quantity(each), _is_numeric(values)
    base = each.base if numeric and _is_numeric([each.base]) else None
    return {
        "path": each.name,
        "label": label_of(swept, number),
        "unit": unit,
        "numeric": numeric,
        "values": list(values) if numeric else [value_text(value) for value in values],
        "texts": [value_text(value, unit if numeric else "") for value in values],
        "base": base,
        "base_text": "nothing" if each.base is None else value_text(each.base, unit),
        "base_at": next((place for place, value in enumerate(values) if value == each.base), None),
    }


def _first(swept: Swept, told: Sequence[dict[str, Any]]) -> int:
    """Return the outcome to begin with: the rung whose share varies most, or else whatever varies most."""

    def width(number: int) -> tuple[bool, float, int]:
        outcome = told[number]
        shares = [value for value in swept.values(f"{outcome['key']}.share") if value is not None]
        is_rung = outcome["group"] == GROUPS["rung"]
        wide = max(shares) - min(shares)
        return is_rung and wide > 0, wide, -number

    return max(range(len(told)), key=width)
