"""How each figure is made from a source: what it wants, what it simulates, and which function draws it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sim.commands.sources import Source
from sim.errors import InputError, Problem

if TYPE_CHECKING:
    from sim.surface import Alternative, Surface

WHISKERS = 500
REPLICATIONS = 1000
SETTLING = 2000
"""Replications unless -n says otherwise: as many as take about two seconds."""
WIDTH_SHARE = 0.02


@dataclass(frozen=True)
class Asked:
    """What the options ask of a figure; None and empty where they say nothing."""

    count: int | None = None
    flight: str | None = None
    outcomes: tuple[str, ...] = ()
    width: float | None = None
    marks: tuple[str, ...] = ()
    variants: tuple[str, ...] = ()


def board(source: Source, asked: Asked) -> Any:
    """Draw the encounter board, with whiskers from many replications unless none are asked for."""
    source.wants("the board", "run", "scenario")
    from plots.board import board as draw
    from plots.encounter import encounter

    count = WHISKERS if asked.count is None else asked.count
    flight = encounter(source.recorded, asked.flight).flight
    if not count:
        return draw(source.recorded, flight=flight)
    found = source.whiskers(flight, count)
    return draw(source.recorded, flight=flight, spread=found.steps, shares=found.shares, spread_of=count)


def track_map(source: Source, asked: Asked) -> Any:
    """Draw the track map."""
    source.wants("the map", "run", "scenario")
    from plots.map import track_map as draw

    return draw(source.recorded, flight=asked.flight)


def race(source: Source, asked: Asked) -> Any:
    """Draw the race of many replications."""
    source.wants("the race", "run", "scenario")
    from plots.race import race as draw
    from sim.race import race as of

    count = _some(asked, REPLICATIONS)
    return draw(of(source.table(count), source.read[1], source.made(count), asked.flight))


def delays(source: Source, asked: Asked) -> Any:
    """Draw a share over the two quantities of a sweep."""
    source.wants("a figure of delays", "sweep")
    from plots.delays import delays as draw
    from sim.surface import surface

    found = surface(source.folder, _one(asked))
    return draw(found, _marks(found, asked.marks))


def counterfactuals(source: Source, asked: Asked) -> Any:
    """Draw the ladder of the scenario and of each variant."""
    source.wants("counterfactuals", "run", "scenario")
    if not asked.variants:
        problem = 'is missing: name what is changed, as --variant "later: command.stages.scramble.delay_s=90"'
        raise InputError([Problem("--variant", None, "", problem)])
    from plots.counterfactuals import counterfactuals as draw
    from sim.commands.options import telling
    from sim.compare import Variant, compare, labelled
    from sim.document import changed
    from sim.ladders import ladders
    from sim.scenario import parse

    document, scenario = source.read
    if not scenario.escalation.rungs:
        raise InputError(
            [Problem(document.name, None, "escalation.rungs", "is empty: there is no ladder to draw")]
        )
    variants = [Variant(document.name, scenario, document)]
    for label, changes in labelled(asked.variants).items():
        other = changed(document, changes)
        variants.append(Variant(label, parse(other), other))
    with telling(quiet=False) as tell:
        compared = compare(
            variants,
            source.drawn_seed,
            _some(asked, REPLICATIONS),
            0,
            tell,
            engine=source.engine.value,
            workers=source.jobs,
        )
    return draw(ladders(compared))


def approach(source: Source, asked: Asked) -> Any:
    """Draw how near the fighters came."""
    source.wants("the approach", "run", "scenario")
    from plots.approach import approach as draw

    return draw(source.recorded, flight=asked.flight)


def sensitivity(source: Source, asked: Asked) -> Any:
    """Draw which inputs matter."""
    source.wants("a figure of sensitivity", "sensitivity", "sweep")
    from plots.sensitivity import sensitivity as draw

    if source.kind == "sensitivity":
        return draw(source.sensitivity(), outcomes=asked.outcomes)
    from sim.sensitivity import sensitivity as of
    from sim.sensitivity_report import shown

    found = of(source.folder, asked.outcomes)
    names = asked.outcomes or [row["outcome"] for row in shown(found["outcomes"])]
    return draw(found, outcomes=names)


def convergence(source: Source, asked: Asked) -> Any:
    """Draw how an estimate settles."""
    source.wants("convergence", "run", "scenario")
    from plots.convergence import convergence as draw
    from sim.convergence import convergence as of

    count = _some(asked, SETTLING)
    width = WIDTH_SHARE if asked.width is None else asked.width
    return draw(of(source.table(count), source.read[1], source.made(count), _one(asked), width))


FIGURES: dict[str, Callable[[Source, Asked], Any]] = {
    "board": board,
    "race": race,
    "map": track_map,
    "delays": delays,
    "counterfactuals": counterfactuals,
    "approach": approach,
    "sensitivity": sensitivity,
    "convergence": convergence,
}

TAKES: dict[str, tuple[str, ...]] = {
    "-n": ("board", "race", "counterfactuals", "convergence"),
    "--flight": ("board", "race", "map", "approach"),
    "--outcome": ("delays", "sensitivity", "convergence"),
    "--width": ("convergence",),
    "--mark": ("delays",),
    "--variant": ("counterfactuals",),
}
"""Which figures an option is for."""


def check(figure: str, given: list[str]) -> None:
    """Raise InputError for each option that the figure does not know."""
    problems = [
        Problem(option, None, "", f"is for {', '.join(TAKES[option])}, not for {figure}; leave it out")
        for option in given
        if figure != "all" and figure not in TAKES[option]
    ]
    if problems:
        raise InputError(problems)


def _some(asked: Asked, default: int) -> int:
    """Return how many replications are wanted. Raises InputError if that is none."""
    if asked.count == 0:
        raise InputError([Problem("-n", None, "", "is 0; only the board can do without replications")])
    return default if asked.count is None else asked.count


def _one(asked: Asked) -> str | None:
    """Return the one outcome that is asked for. Raises InputError if there are several."""
    if len(asked.outcomes) > 1:
        raise InputError([Problem("--outcome", None, "", "is given twice; only sensitivity draws several")])
    return asked.outcomes[0] if asked.outcomes else None


def _marks(found: Surface, texts: tuple[str, ...]) -> list[Alternative]:
    """Read `LABEL: x,y`. Raises InputError if it is none, or lies outside the grid."""
    marks, problems = [], []
    for text in texts:
        label, _, numbers = text.rpartition(":")
        try:
            x, y = (float(number) for number in numbers.split(","))
        except ValueError:
            problems.append(f'"{text}" is not of the form LABEL: x,y, as "standing orders: 10,20"')
            continue
        outside = [
            f"{value:g} is outside {axis.values[0]:g} to {axis.values[-1]:g} of {axis.path}"
            for value, axis in ((x, found.x), (y, found.y))
            if not axis.values[0] <= value <= axis.values[-1]
        ]
        mark = None if outside else found.at(label.strip() or numbers.strip(), x, y)
        if mark is None:
            problems.append(f'"{text}": {" and ".join(outside) or "nothing was run there"}')
        else:
            marks.append(mark)
    if problems:
        raise InputError([Problem("--mark", None, "", problem) for problem in problems])
    return marks
