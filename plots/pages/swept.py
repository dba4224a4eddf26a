"""A sweep as pages need it: read once from its folder, with a plain word for every quantity and outcome."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from sim import manifests, shards
from sim.catalogue import Column, columns
from sim.errors import InputError, Problem
from sim.folders import Folder
from sim.histograms import number_columns, share_stem
from sim.measures import rung_key
from sim.quantities import Quantity, plain
from sim.run import Prepared, prepare
from sim.scenario import Scenario
from sim.shards import Shard
from sim.spec import unit_of
from sim.study import Plan

Kind = Literal["rung", "race", "stay", "other", "fact"]


@dataclass(frozen=True)
class Outcome:
    """An outcome that may or may not happen: its columns in the results, and what it is called."""

    column: str
    """In a table of replications, as `rung.flares.at_s`."""
    name: str
    """For a list of choices."""
    meaning: str
    kind: Kind
    unit: str
    """Of its values: `s` or `km`, or empty."""
    is_clock: bool = False
    """Whether a value is a time of day, as seconds after the start of the window."""
    stay: str = ""
    """Of an act within a stay: the column of the stay's length."""

    @property
    def stem(self) -> str:
        """What its share is called by, as `rung.flares`."""
        return share_stem(self.column)

    @property
    def quantiles(self) -> list[str]:
        """The columns of its 5, 50 and 95 % quantiles."""
        return number_columns(self.column)[1:]


@dataclass(frozen=True)
class Swept:
    """A sweep that was read: its plan, its manifest, and its results by column."""

    folder: Folder
    plan: Plan
    manifest: Mapping[str, Any]
    table: Any
    """The results as an Arrow table, in the order of the points that are there."""
    kept: dict[str, list[Any]] = field(default_factory=dict)

    def values(self, column: str) -> list[Any]:
        """Return a column of the results by point; None for a point that failed or was not run yet."""
        if column not in self.kept:
            found: list[Any] = [None] * self.plan.points
            for point, value in zip(self.points, self.table[column].to_pylist(), strict=True):
                found[point] = value
            self.kept[column] = found
        return self.kept[column]

    @cached_property
    def points(self) -> list[int]:
        """The points that are there."""
        return [int(point) for point in self.table["point"].to_pylist()]

    @property
    def names(self) -> list[str]:
        """The columns of the results."""
        return list(self.table.column_names)

    def each_shard(self) -> Iterator[Shard]:
        """Yield the shards with their histograms."""
        for number in range(shards.shard_count(self.plan.points)):
            shard = shards.read_shard(self.folder, number)
            if shard is not None:
                yield shard

    @cached_property
    def prepared(self) -> Prepared:
        """The scenario as it stands, ready to be run: what outcomes it has follows from its tracks."""
        return prepare(self.plan.scenario)

    @cached_property
    def outcomes(self) -> list[Outcome]:
        """The outcomes of the results that may or may not happen, in the order of the catalogue."""
        names = set(self.names)
        known = [column for column in columns(self.prepared, {}) if column.kind != "name"]
        return [
            outcome_of(self.plan.scenario, column)
            for column in known
            if column.optional and {f"{share_stem(column.name)}.n", *number_columns(column.name)} <= names
        ]


def read_sweep(folder: Folder) -> Swept:
    """Read a sweep. Raises InputError if the folder holds none, or one without any result."""
    plan = manifests.reopened(folder)
    swept = Swept(folder, plan, manifests.read_manifest(folder) or {}, shards.results(folder))
    if not any(status == "done" for status in swept.values("status")):
        raise InputError([Problem(folder.where, None, "", "holds no point that could be run")])
    return swept


def label_of(swept: Swept, number: int) -> str:
    """Return what a varied quantity is called: by the study, or else by its path."""
    return str(swept.manifest["varied"][number]["label"] or swept.plan.quantities[number].name)


def unit_of_quantity(quantity: Quantity) -> str:
    """Return the unit of a quantity: that of its key, or of the law or table that the key stands in.

    `delay_s` and `delay_s.median` are both in `s`.
    """
    keys = [part for part in quantity.path if isinstance(part, str)]
    found = next((unit for key in reversed(keys[-2:]) if (unit := unit_of(key)) is not None), "")
    return "" if found == "share" else found


def value_text(value: Any, unit: str = "") -> str:
    """Return a value of the scenario as it is read: a number with its unit, a law with its parameters, or a word.

    >>> value_text({"dist": "lognormal", "median": 110, "p95": 300}, "s")
    'lognormal: median 110 s, p95 300 s'
    """
    if isinstance(value, Mapping) and "dist" in value:
        return f"{value['dist']}: {', '.join(_parameters(value, unit))}"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:,.10g} {unit}".rstrip()
    return str(plain(value))


def _parameters(law: Mapping[str, Any], unit: str) -> Iterator[str]:
    for key, value in law.items():
        if isinstance(value, list | tuple):
            told = f"{key} {', '.join(value_text(each) for each in value)}"
            yield f"{told} {unit}".rstrip() if key == "values" else told
        elif key != "dist":
            yield f"{key} {value_text(value, unit)}"


def outcome_of(scenario: Scenario, column: Column) -> Outcome:
    """Return an outcome with a name made of the scenario's own labels."""
    name, unit = column.name, column.unit
    rungs = {f"{rung_key(rung.name)}_s": rung.name for rung in scenario.escalation.rungs}
    is_clock = name.endswith(".at_s")
    if name in rungs:
        return Outcome(name, rungs[name], column.meaning, "rung", unit, is_clock)
    if name.startswith("fact."):
        return Outcome(name, column.meaning.removesuffix(AFTER), column.meaning, "fact", unit, is_clock)
    parts = name.split(".")
    if len(parts) == 5 and parts[-1] in ("decision_s", *ACTS):
        flight, zone, number, measure, told = parts
        where = f"stay {number} of {scenario.intruders[flight].label} in {scenario.zones[zone].label}"
        if told == "decision_s":
            stay = f"{flight}.{zone}.{number}.inside_s"
            return Outcome(name, f"{measure} within {where}", column.meaning, "race", unit, False, stay)
        return Outcome(name, f"{ACTS[told].format(measure)} {where}", column.meaning, "stay", unit)
    return Outcome(name, column.meaning.removesuffix(AFTER), column.meaning, "other", unit, is_clock)


ACTS = {"spare_s": "time to spare after {} in", "authority_margin_s": "authority for {} given:"}
"""By the last part of their columns: outcomes of an act within a stay."""

AFTER = ", after the start of the window"
"""What the catalogue adds to the meaning of a time of day; a page shows it as such."""
