"""What a study varies: where a quantity stands in the scenario, what stands there, and its values or bounds."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Final

from pydantic import ValidationError

from sim.document import Document, changed
from sim.errors import InputError, Problem
from sim.scenario import Scenario
from sim.study_file import MOST_POINTS, SAMPLED, Study, Vary
from sim.toml_lines import KeyPath, dotted, split_assignment

VARY = "--vary"
"""What stands in the place of a file's name when a quantity was given on the command line."""

DIGITS: Final = 6
"""Significant digits of a drawn value, so that it can be typed again."""


@dataclass(frozen=True)
class Quantity:
    """One varied quantity, checked: where it stands, what stands there, and its values or bounds."""

    path: KeyPath
    base: Any
    """What the scenario holds there; None if nothing, and the model's default is used."""
    values: tuple[Any, ...]
    """All its values; empty where it is drawn between `low` and `high`."""
    low: float = 0.0
    high: float = 0.0
    step: float | None = None
    log: bool = False
    whole: bool = False
    """Whether only whole numbers can stand there."""
    shape: Mapping[str, float] = field(default_factory=dict)
    """Of a law whose shape is kept: its other parameters, by key."""

    @property
    def name(self) -> str:
        """The path as it is typed, which is the name of its column."""
        return dotted(self.path)

    def at(self, share: float) -> Any:
        """Return the value at a share from 0 to 1 of the way through its range or list."""
        if self.values:
            return self.values[min(int(share * len(self.values)), len(self.values) - 1)]
        way = self.high / self.low if self.log else self.high - self.low
        value = self.low * way**share if self.log else self.low + share * way
        if self.step is not None:
            steps = round((value - self.low) / self.step)
            return self._typed(_stepped(self.low, self.step, steps))
        return self._typed(float(f"{value:.{DIGITS}g}"))

    def _typed(self, value: float) -> Any:
        if self.whole:
            return round(value)
        return int(value) if not isinstance(self.base, float) and value.is_integer() else value

    def read(self, text: str) -> Any:
        """Return the value that `plain` wrote as this text."""
        for value in self.values:
            if str(plain(value)) == text:
                return value
        return int(text) if re.fullmatch(r"-?\d+", text) else float(text)

    def overrides(self, value: Any) -> list[str]:
        """Return what gives the quantity a value, as `--set` takes it."""
        told = [f"{self.name}={written(value)}"]
        for key, other in self.shape.items():
            scaled = float(f"{other * value / self.base:.{DIGITS}g}")
            told.append(f"{dotted((*self.path[:-1], key))}={written(scaled)}")
        return told


def quantity_of(study: Study, vary: Vary, document: Document) -> Quantity:
    """Return a quantity with all its values. Raises ValueError or InputError with what is wrong."""
    try:
        keys, _ = split_assignment(f"{vary.path}=0")
    except ValueError:
        raise ValueError("is no path of dotted keys") from None
    path, base = _standing(document, keys)
    if (vary.values is None) is (vary.low is None or vary.high is None):
        raise ValueError("wants either values, or low and high")
    shape = shape_of(document, path, base) if study.keep_shape else {}
    if vary.values is not None:
        values = tuple(_as_it_stands(value, base) for value in vary.values)
        return Quantity(path, base, values, shape=shape)
    assert vary.low is not None
    assert vary.high is not None
    if vary.low >= vary.high:
        raise ValueError(f"low {vary.low:g} must be below high {vary.high:g}")
    if vary.scale == "log" and vary.low <= 0:
        raise ValueError(f"low {vary.low:g} must be above 0 on a log scale")
    whole = _only_whole(document, path, base, vary.low)
    found = Quantity(
        path, base, (), vary.low, vary.high, vary.step, vary.scale == "log", whole=whole, shape=shape
    )
    if study.design in SAMPLED:
        return found
    if vary.step is None:
        raise ValueError(f"wants a step (LOW:HIGH:STEP) in a design of the kind {study.design}")
    count = int((Decimal(repr(vary.high)) - Decimal(repr(vary.low))) / Decimal(repr(vary.step))) + 1
    if count > MOST_POINTS:
        raise ValueError(f"has {count:,} values, more than {MOST_POINTS:,}")
    values = tuple(found._typed(_stepped(vary.low, vary.step, number)) for number in range(count))
    if len(set(values)) < count:
        raise ValueError("takes only whole numbers, and the step is finer")
    return replace(found, values=values)


def _stepped(low: float, step: float, number: int) -> float:
    """Return low + number * step as decimals, so that 0.1 three times is 0.3."""
    return float(Decimal(repr(low)) + number * Decimal(repr(step)))


def _standing(document: Document, keys: Sequence[str]) -> tuple[KeyPath, Any]:
    """Return the path with positions as numbers, and what stands there. Raises InputError if there is no way to it."""
    changed(document, [f"{dotted(tuple(keys))}=0"])
    node: Any = document.data
    path: list[str | int] = []
    for key in keys:
        part: str | int = int(key) if isinstance(node, list) else key
        path.append(part)
        node = node.get(part) if isinstance(node, dict) else node[part]
    return tuple(path), node


def _as_it_stands(value: Any, base: Any) -> Any:
    """Return a value of a list in the type that stands in the scenario, where it is the same number."""
    if (
        isinstance(value, float)
        and isinstance(base, int)
        and not isinstance(base, bool)
        and value.is_integer()
    ):
        return int(value)
    return value


def _only_whole(document: Document, path: KeyPath, base: Any, low: float) -> bool:
    """Tell whether the model takes only whole numbers there: it is asked with one that is not."""
    if isinstance(base, float):
        return False
    if base is not None and (isinstance(base, bool) or not isinstance(base, int | Mapping)):
        raise ValueError(f"is {written(base)} in the scenario, no number: list its values")
    data = changed(document, [f"{dotted(path)}={int(low) + 0.5}"]).data
    try:
        Scenario.model_validate(data)
    except ValidationError as error:
        return any(
            found["type"] in ("int_type", "int_from_float") for found in error.errors(include_url=False)
        )
    return False


def shape_of(document: Document, path: KeyPath, base: Any) -> dict[str, float]:
    """Return the other numbers of the law of which a parameter is varied; none where it is no law."""
    law: Any = document.data
    for part in path[:-1]:
        law = law[part]
    if not isinstance(law, Mapping) or "dist" not in law:
        return {}
    others = {
        key: value
        for key, value in law.items()
        if key != path[-1] and isinstance(value, int | float) and not isinstance(value, bool)
    }
    if others and (not isinstance(base, int | float) or base == 0):
        raise ValueError("is 0 in the scenario, which gives no proportion to keep")
    return others


# ---- as text


_RANGE = re.compile(r"([^:,]+):([^:,]+)(?::([^:,]+))?")


def vary_of(text: str, document: Document) -> dict[str, Any]:
    """Read `PATH=LOW:HIGH:STEP`, `PATH=LOW:HIGH` or `PATH=A,B,C`. Raises InputError if it is none of these.

    `09:10:00` is a clock time where one stands in the scenario, else a range.
    """
    try:
        keys, told = split_assignment(text)
    except ValueError:
        wanted = "is not of the form PATH=LOW:HIGH:STEP or PATH=A,B,C"
        raise InputError([Problem(VARY, None, "", f'"{text}" {wanted}')]) from None
    path = dotted(tuple(keys))
    standing: Any = None
    with suppress(InputError):  # of which the check of the quantities will tell
        _, standing = _standing(document, keys)
    bounds = _RANGE.fullmatch(told)
    if bounds is not None and not isinstance(standing, time | datetime):
        try:
            numbers = [float(part) for part in bounds.groups() if part is not None]
        except ValueError:
            raise InputError([Problem(VARY, None, path, f'"{told}" is no range of numbers')]) from None
        return {"path": path, **dict(zip(("low", "high", "step"), numbers, strict=False))}
    return {"path": path, "values": _listed(told, path)}


def _listed(text: str, path: str) -> list[Any]:
    """Read values between commas, as TOML or else as words."""
    if not text:
        raise InputError([Problem(VARY, None, path, "has no values after the equals sign")])
    try:
        table = tomllib.loads(f"values = [{text}]")
    except tomllib.TOMLDecodeError:
        return [word.strip() for word in text.split(",")]
    return list(table["values"])


def written(value: Any) -> str:
    """Write a value as TOML on one line.

    >>> written({"dist": "uniform", "low": 1, "high": 2.5})
    '{ dist = "uniform", low = 1, high = 2.5 }'
    """
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{dotted((key,))} = {written(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(written(item) for item in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, str):
        import json

        return json.dumps(value, ensure_ascii=False)
    return repr(value)


def plain(value: Any) -> Any:
    """Return a value of the scenario as JSON and CSV can hold it: what is no number and no word as TOML."""
    if isinstance(value, bool):
        return written(value)
    return value if value is None or isinstance(value, int | float | str) else written(value)
