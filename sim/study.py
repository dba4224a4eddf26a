"""A study: a scenario, the quantities that are varied, and the design that says which values go together.

    plan = read("authority-and-flares")
    plan.points, plan.values(17), plan.overrides(17)

A design point is the scenario with some `--set` overrides, so any point can be run again by hand.  Sampled designs are
drawn by SciPy and SALib from the study's seed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Any

from sim.designs import design
from sim.document import OVERRIDES, Document, bundled, bundled_folder, changed, digest, load, validate
from sim.errors import InputError, Problem, nearest
from sim.quantities import VARY, Quantity, plain, quantity_of, shape_of, vary_of
from sim.scenario import Scenario, parse
from sim.study_file import Study


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
            way = "--vary PATH=LOW:HIGH:STEP (LOW:HIGH where values are drawn)"
            problem = f"is a scenario: name what to vary with {way}, or name a study"
            raise InputError([Problem(str(name_or_path), None, "", problem)])
        data = {"scenario": str(path), "vary": [vary_of(text, document) for text in vary], **given}
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


# ---- checking


def _plan(study: Study, name: str, document: Document, file: str) -> Plan:
    """Return a plan whose points can be run. Raises InputError with what is wrong in the study."""
    scenario = parse(document)
    quantities = _quantities(study, document, file)
    try:
        table = tuple(design(study, quantities))
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
            quantities.append(quantity_of(study, vary, document))
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


def _unknown(document: Document, quantity: Quantity, file: str) -> list[Problem]:
    """Return what is wrong with a path at which nothing stands, be it that the model knows no such key."""
    if quantity.base is not None:
        return []
    try:
        parse(changed(document, quantity.overrides(quantity.at(0.0))))
    except InputError as error:
        return [replace(each, file=file) for each in error.problems if each.path == quantity.name]
    return []


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
    if not plan.study.keep_shape and any(shape_of(plan.document, each.path, 1) for each in plan.quantities):
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
