"""Which scenario a command is asked for: that of a file or of a bundled name, or of a point of a sweep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from sim.commands.options import is_sweep, read_scenario
from sim.errors import InputError, Problem

if TYPE_CHECKING:
    from sim.document import Document
    from sim.scenario import Scenario

PointOption = Annotated[
    int | None,
    typer.Option("--point", "-p", min=0, help="Of a sweep's folder: which point, which has its own seed."),
]


@dataclass(frozen=True)
class Chosen:
    """A scenario, and which replication of it is asked for; None where it is not said."""

    document: Document
    scenario: Scenario
    seed: int | None
    number: int | None
    words: tuple[str, ...]
    """What names the scenario on the command line."""
    point: int | None = None
    overrides: tuple[str, ...] = ()
    """Of a point: what makes it out of the scenario of the sweep."""

    def command(self, seed: int, number: int) -> list[str]:
        """Return the command that runs one of its replications."""
        seeded = [] if self.point is not None else ["--seed", str(seed)]
        return ["intercept", "run", *self.words, *seeded, "-r", str(number)]


def chosen(
    name: str, point: int | None, seed: int | None, number: int | None, overrides: list[str] | None
) -> Chosen:
    """Return the scenario of a file or a bundled name, or of a point of the sweep in a folder.

    Raises InputError if there is none, or options contradict what the folder says.
    """
    if point is not None:
        return _of_point(name, point, seed, number, overrides)
    if is_sweep(name):
        problem = "is the folder of a sweep; say which of its points with --point"
        raise InputError([Problem(name, None, "", problem)])
    document, scenario = read_scenario(name, overrides)
    words = [name]
    for text in overrides or ():
        words += ["--set", text]
    return Chosen(document, scenario, seed, number, tuple(words))


def _of_point(
    name: str, point: int, seed: int | None, number: int | None, overrides: list[str] | None
) -> Chosen:
    from sim import folders, manifests
    from sim.document import changed
    from sim.scenario import parse

    problems = []
    if overrides:
        problems.append(Problem("--set", None, "", "changes a scenario, and --point says which one it is"))
    plan = manifests.reopened(folders.folder_of(name))
    if point >= plan.points:
        problems.append(Problem("--point", None, "", f"is {point}, must be from 0 to {plan.points - 1}"))
    elif seed not in (None, plan.seed_of(point)):
        problem = f"is {seed}, and the point was run with {plan.seed_of(point)}; leave it out"
        problems.append(Problem("--seed", None, "", problem))
    if problems:
        raise InputError(problems)
    told = plan.overrides(point)
    document = changed(plan.document, told)
    words = (name, "--point", str(point))
    return Chosen(document, parse(document), plan.seed_of(point), number or 0, words, point, tuple(told))
