"""A study: a scenario, the quantities that are varied, and the design that says which values go together.

    plan = read("authority-and-flares")
    plan.points, plan.values(17), plan.overrides(17)

A design point is the scenario with some `--set` overrides, so any point can be run again by hand.  Sampled designs are
drawn by SciPy and SALib from the study's seed.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from decimal import Decimal
from functools import cached_property
from hashlib import blake2b
from itertools import product
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError

from sim.document import OVERRIDES, Document, bundled, bundled_folder, changed, digest, load, validate
from sim.errors import InputError, Problem, nearest
from sim.extras import extra
from sim.scenario import Scenario, parse
from sim.spec import Section, quantity
from sim.toml_lines import KeyPath, dotted, split_assignment

VARY = "--vary"
"""What stands in the place of a file's name when a quantity was given on the command line."""

Design = Literal["grid", "one-at-a-time", "latin-hypercube", "sobol", "saltelli", "morris"]

SAMPLED: Final = ("latin-hypercube", "sobol", "saltelli", "morris")
"""Designs that draw values between two bounds, or among a list."""

MOST_POINTS: Final = 1_000_000
DIGITS: Final = 6
"""Significant digits of a drawn value, so that it can be typed again."""


class Vary(Section):
    """One `[[vary]]` of a study file: a quantity of the scenario and its values, or its range."""

    path: str = Field(description="where the quantity stands in the scenario, as for --set")
    values: Annotated[tuple[Any, ...], Field(min_length=1)] | None = Field(
        default=None, description="its values, instead of low and high"
    )
    low: float | None = quantity("lowest value", default=None)
    high: float | None = quantity("highest value", default=None)
    step: float | None = quantity(
        "from one value to the next; drawn values are rounded to it", gt=0, default=None
    )
    scale: Literal["linear", "log"] = Field(
        default="linear", description="how values are drawn between the two"
    )
    label: str | None = Field(default=None, description="what a figure calls it")


class Study(Section):
    """A study file."""

    title: str = Field(default="", description="one line that says what is asked")
    scenario: str = Field(description="a scenario file beside this one, or a bundled scenario by name")
    overrides: tuple[str, ...] = Field(default=(), description="what every point changes, as path=value")
    vary: tuple[Vary, ...] = Field(min_length=1)
    design: Design = "grid"
    points: int | None = quantity("points of a sampled design; base samples of saltelli", gt=0, default=None)
    trajectories: int = quantity("trajectories of a Morris design", ge=2, default=10)
    levels: int = quantity("levels of a Morris design", ge=2, default=4)
    keep_shape: bool = Field(
        default=False,
        description="whether a varied parameter of a distribution takes the others along in proportion",
    )
    independent: bool = Field(default=False, description="whether every point has random numbers of its own")
    seed: int = quantity("seed of the random numbers and of the design", ge=0, le=2**63 - 1, default=1)
    replications: int = quantity("replications of every point", ge=1, le=10**8, default=1000)
    until: Mapping[str, Annotated[float, Field(gt=0, lt=0.5)]] = Field(
        default_factory=dict,
        description="by outcome: run until the half-width of its share's interval is at most this",
    )
    most: int = quantity("replications of a point at which `until` gives up", ge=1, le=10**8, default=100_000)


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


@dataclass(frozen=True)
class Plan:
    """A study that can be run: the scenario as it stands, the quantities, and the table of the design."""

    study: Study
    name: str
    """Of the study file, or of the scenario where there is none."""
    document: Document
    scenario: Scenario
    quantities: tuple[Quantity, ...]
    table: tuple[tuple[Any, ...], ...]
    """By point: the value of each quantity; None where it stays as it stands."""

    @property
    def points(self) -> int:
        """The number of design points."""
        return len(self.table)

    @cached_property
    def words(self) -> frozenset[str]:
        """The varied quantities that are not numbers at every point."""
        found = set()
        for each, column in zip(self.quantities, zip(*self.table, strict=True), strict=True):
            values = {type(each.base if value is None else value) for value in column}
            if not values <= {int, float, type(None)}:
                found.add(each.name)
        return frozenset(found)

    def values(self, point: int) -> dict[str, Any]:
        """Return the varied values of a point by the path of each; what stays as it stands is what stands there."""
        row = zip(self.quantities, self.table[point], strict=True)
        return {each.name: each.base if value is None else value for each, value in row}

    def overrides(self, point: int) -> list[str]:
        """Return what makes the point out of the scenario, as `--set` takes it."""
        row = zip(self.quantities, self.table[point], strict=True)
        return [text for each, value in row if value is not None for text in each.overrides(value)]

    def scenario_of(self, point: int) -> Scenario:
        """Return the scenario of a point. Raises InputError if its values do not fit the model."""
        return parse(changed(self.document, self.overrides(point)))

    def seed_of(self, point: int) -> int:
        """Return the seed of a point: the study's, or with `independent` one of its own that follows from both."""
        if not self.study.independent:
            return self.study.seed
        told = blake2b(f"{self.study.seed} {point}".encode(), digest_size=8).digest()
        return int.from_bytes(told, "big") >> 1

    def identity(self) -> dict[str, Any]:
        """Return what two plans share if their tables may be mixed, as JSON can hold it."""
        facts = digest({"of": {"facts": self.document.data.get("facts", {})}})
        design = blake2b(
            repr([self.overrides(point) for point in range(self.points)]).encode(), digest_size=6
        )
        return {
            "scenario": self.document.name,
            "hash": digest(self.document.data),
            "facts_hash": facts,
            "seed": self.study.seed,
            "independent": self.study.independent,
            "design": self.study.design,
            "points": self.points,
            "design_hash": design.hexdigest(),
        }


# ---- reading


def is_study(data: Mapping[str, Any]) -> bool:
    """Tell a study from a scenario, whose `scenario` is a table."""
    return isinstance(data.get("scenario"), str)


def bundled_studies() -> dict[str, Path]:
    """Return the bundled studies by name."""
    return {path.stem: path for path in sorted((bundled_folder() / "studies").glob("*.toml"))}


def read(
    name_or_path: str | Path,
    vary: Sequence[str] = (),
    overrides: Sequence[str] = (),
    **options: Any,
) -> Plan:
    """Read a study file, a bundled study by name, or a scenario with quantities as `PATH=LOW:HIGH:STEP|A,B,C`.

    `options` are keys of a study; those that are None change nothing.  Raises InputError with everything that is
    wrong, unknown quantities first of all.
    """
    given = {key: value for key, value in options.items() if value is not None}
    known = bundled_studies()
    path, name = Path(name_or_path), str(name_or_path).removesuffix(".toml")
    if not path.is_file() and name in known:
        path = known[name]
    elif not path.exists() and name not in bundled():
        raise InputError([Problem(str(name_or_path), None, "", _not_found(path.name, known))])
    document = load(path)
    if not is_study(document.data):
        if not vary:
            problem = "is a scenario: name what to vary with --vary PATH=LOW:HIGH:STEP, or name a study"
            raise InputError([Problem(str(name_or_path), None, "", problem)])
        data = {"scenario": str(path), "vary": [_vary_of(text, document) for text in vary], **given}
        return _plan(_study_of(data, document, [*given, "vary"]), document.name, load(path, overrides), VARY)
    if vary:
        raise InputError(
            [Problem(VARY, None, "", f"{name_or_path} is a study and says itself what it varies")]
        )
    study = validate(document, Study)
    study = _study_of({**study.model_dump(exclude_unset=True), **given}, document, given)
    beside = [path.parent / study.scenario, path.parent / f"{study.scenario}.toml"]
    scenario = next((file for file in beside if file.is_file()), study.scenario)
    return _plan(study, document.name, load(scenario, [*study.overrides, *overrides]), str(path))


def _not_found(name: str, known: Mapping[str, Path]) -> str:
    """Say that there is neither a study nor a scenario of that name, and which ones there are."""
    scenarios = bundled()
    guess = nearest(name.removesuffix(".toml"), [*known, *scenarios])
    there = f"studies: {', '.join(known) or 'none'}; scenarios: {', '.join(scenarios) or 'none'}"
    return f"is no file, no bundled study and no bundled scenario{guess or ';'} {there}"


def _study_of(data: Mapping[str, Any], document: Document, given: Iterable[str]) -> Study:
    """Return a study with the keys that the command line gives. Raises InputError as `validate` does.

    What is wrong in one of these keys is told of the option, and not of a line in the file.
    """
    try:
        return validate(replace(document, data=dict(data)), Study)
    except InputError as error:
        problems = []
        for each in error.problems:
            key, *rest = each.path.split(".")
            if key not in given:
                problems.append(each)
            elif key != "vary":
                problems.append(Problem(f"--{key.replace('_', '-')}", None, "", each.message))
            elif rest:  # what is wrong with one of them makes the list too short as well
                path = data["vary"][int(rest[0])]["path"]
                problems.append(Problem(VARY, None, path, f"{'.'.join(rest[1:])} {each.message}"))
        raise InputError(problems or error.problems) from None


_RANGE = re.compile(r"([^:,]+):([^:,]+)(?::([^:,]+))?")


def _vary_of(text: str, document: Document) -> dict[str, Any]:
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


# ---- checking


def _plan(study: Study, name: str, document: Document, file: str) -> Plan:
    """Return a plan whose points can be run. Raises InputError with what is wrong in the study."""
    scenario = parse(document)
    quantities = _quantities(study, document, file)
    try:
        table = tuple(_design(study, quantities))
    except ValueError as error:
        where = (file, "design") if file != VARY else ("--design", "")
        raise InputError([Problem(where[0], None, where[1], str(error))]) from None
    plan = Plan(study, name, document, scenario, tuple(quantities), table)
    _check_edges(plan, file)
    return plan


def again(study: Study, name: str, document: Document, rows: Iterable[Sequence[str]]) -> Plan:
    """Return the plan of a study that was kept, with the values of its points as `points.csv` holds them."""
    quantities = _quantities(study, document, "")
    stays = study.design == "one-at-a-time"
    table = []
    for row in rows:
        pairs = list(zip(quantities, row, strict=True))
        stands = [
            stays and text == ("" if each.base is None else str(plain(each.base))) for each, text in pairs
        ]
        values = zip(pairs, stands, strict=True)
        table.append(tuple(None if stands else each.read(text) for (each, text), stands in values))
    return Plan(study, name, document, parse(document), tuple(quantities), tuple(table))


def _quantities(study: Study, document: Document, file: str) -> list[Quantity]:
    """Return the quantities, checked. Raises InputError with everything that is wrong with them."""
    problems: list[Problem] = []
    quantities: list[Quantity] = []
    for vary in study.vary:
        try:
            quantities.append(_quantity(study, vary, document))
        except InputError as error:
            problems += [replace(each, file=file, line=None) for each in error.problems]
        except ValueError as error:
            problems.append(Problem(file, None, vary.path, str(error)))
    names = [each.name for each in quantities]
    for twice in {name for name in names if names.count(name) > 1}:
        problems.append(Problem(file, None, twice, "is varied twice"))
    laws = [each.path[:-1] for each in quantities if each.shape]
    for each in quantities:
        if (each.path[:-1] if each.shape else each.path) in laws and laws.count(each.path[:-1]) > 1:
            problem = "shares its distribution with another quantity, so keep_shape has no meaning"
            problems.append(Problem(file, None, each.name, problem))
    problems += [problem for each in quantities for problem in _unknown(document, each, file)]
    if problems:
        raise InputError(problems)
    return quantities


def _quantity(study: Study, vary: Vary, document: Document) -> Quantity:
    """Return a quantity with all its values. Raises ValueError or InputError with what is wrong."""
    try:
        keys, _ = split_assignment(f"{vary.path}=0")
    except ValueError:
        raise ValueError("is no path of dotted keys") from None
    path, base = _standing(document, keys)
    if (vary.values is None) is (vary.low is None or vary.high is None):
        raise ValueError("wants either values, or low and high")
    shape = _shape(document, path, base) if study.keep_shape else {}
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


def _unknown(document: Document, quantity: Quantity, file: str) -> list[Problem]:
    """Return what is wrong with a path at which nothing stands, be it that the model knows no such key."""
    if quantity.base is not None:
        return []
    try:
        parse(changed(document, quantity.overrides(quantity.at(0.0))))
    except InputError as error:
        return [replace(each, file=file) for each in error.problems if each.path == quantity.name]
    return []


def _shape(document: Document, path: KeyPath, base: Any) -> dict[str, float]:
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


def _check_edges(plan: Plan, file: str) -> None:
    """Try the points at which a quantity is lowest or highest. Raises InputError if none of them can be run.

    A design may go where the model cannot follow; such points are kept as failures.  If no edge can be run, then it
    is the study that is wrong.
    """
    told: dict[Problem, None] = {}
    for point in _edges(plan):
        try:
            plan.scenario_of(point)
        except InputError as error:
            for problem in error.problems:
                told[replace(problem, file=file if problem.file == OVERRIDES else problem.file)] = None
        else:
            return
    if not plan.study.keep_shape and any(_shape(plan.document, each.path, 1) for each in plan.quantities):
        hint = "the other parameters of a distribution stay as they stand, unless with --keep-shape"
        told[Problem(file, None, "", hint)] = None
    raise InputError(told)


def _edges(plan: Plan) -> list[int]:
    """Return the points at which a quantity is lowest or highest for the first time, the first point before them."""
    points = {0: None}
    for column in zip(*plan.table, strict=True):
        numbers = [value if isinstance(value, int | float) else None for value in column]
        found = [(value, point) for point, value in enumerate(numbers) if value is not None]
        if found:
            points |= {min(found)[1]: None, max(found, key=lambda it: (it[0], -it[1]))[1]: None}
    return list(points)


def failing_edges(plan: Plan) -> dict[int, str]:
    """Return, of the points at which a quantity is lowest or highest, those that cannot be run, and why."""
    found = {}
    for point in _edges(plan):
        try:
            plan.scenario_of(point)
        except InputError as error:
            found[point] = reason(error)
    return found


def reason(error: BaseException) -> str:
    """Return an error in one line that is the same in every folder."""
    if isinstance(error, InputError):
        return "; ".join(
            f"{problem.path}: {problem.message}".removeprefix(": ") for problem in error.problems
        )
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no message'}"


# ---- designs


def _design(study: Study, quantities: Sequence[Quantity]) -> Iterable[tuple[Any, ...]]:
    """Return the points of the design in their order. Raises ValueError if it cannot be made."""
    if study.design == "grid":
        count = 1
        for each in quantities:
            count *= len(each.values)
        if count > MOST_POINTS:
            raise ValueError(f"has {count:,} points, more than {MOST_POINTS:,}")
        return product(*(each.values for each in quantities))
    if study.design == "one-at-a-time":
        return _one_at_a_time(quantities)
    return [
        tuple(each.at(float(share)) for each, share in zip(quantities, row, strict=True))
        for row in drawn_shares(study, len(quantities))
    ]


def _one_at_a_time(quantities: Sequence[Quantity]) -> list[tuple[Any, ...]]:
    """Return the scenario as it stands, then every value of each quantity with the others as they stand."""
    stands: tuple[Any, ...] = (None,) * len(quantities)
    found = [stands]
    for place, each in enumerate(quantities):
        for value in each.values:
            if value != each.base:
                found.append((*stands[:place], value, *stands[place + 1 :]))
    return found


def drawn_shares(study: Study, count: int) -> NDArray[np.float64]:
    """Return a sampled design as shares from 0 to 1 of the way through each range, shape (points, quantities)."""
    problem = {
        "num_vars": count,
        "names": [str(number) for number in range(count)],
        "bounds": [[0, 1]] * count,
    }
    seed = study.seed % 2**32  # what these libraries take
    if study.design == "morris":
        morris = extra("SALib.sample.morris")
        return np.asarray(
            morris.sample(problem, study.trajectories, study.levels, seed=seed), dtype=np.float64
        )
    if study.points is None:
        raise ValueError(f"wants a number of points in a design of the kind {study.design}")
    if study.design == "latin-hypercube":
        sampler = extra("scipy.stats.qmc").LatinHypercube(d=count, seed=np.random.default_rng(seed))
        return np.asarray(sampler.random(study.points))
    power = study.points.bit_length() - 1
    if study.points != 1 << power:
        raise ValueError(
            f"has {study.points} points, must be a power of 2 such as {1 << power} or {2 << power}"
        )
    if study.design == "sobol":
        sampler = extra("scipy.stats.qmc").Sobol(d=count, scramble=True, seed=np.random.default_rng(seed))
        return np.asarray(sampler.random_base2(power))
    saltelli = extra("SALib.sample.sobol")
    drawn = saltelli.sample(problem, study.points, calc_second_order=False, seed=seed)
    return np.asarray(drawn, dtype=np.float64)
