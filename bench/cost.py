"""Measure how the batch engine's cost grows with replications, flights, pairs and stages, and draw it.

    python -m bench.cost [-o docs/cost.png] [--quick]

Flights, pairs and stages of July 2019 are multiplied one at a time: each further copy of a flight flies the same route
37 s later with a crew of its own, each further copy of a pair stands on the same alert, and each further copy of the
chains of decisions runs beside the first and orders nothing.
"""

from __future__ import annotations

import argparse
import copy
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.rates import SEED, machine, processor_s
from plots import style
from sim import many
from sim.catalogue import ALL
from sim.document import load
from sim.outcomes import Outcomes
from sim.scenario import Scenario, problems

LATER_S: Final = 37
GROWN: Final = ("flights", "pairs", "stages")
FACTORS: Final = (1, 2, 4)
COUNTS: Final = (1_000, 10_000, 100_000, 1_000_000)

Data = dict[str, Any]

Costs = dict[str, dict[int, float]]
"""By what is multiplied and how many times: microseconds a replication."""


def july(*, flights: int = 1, pairs: int = 1, stages: int = 1) -> Scenario:
    """Return July 2019 with so many times its flights, its pairs and its stages."""
    data = copy.deepcopy(load("july-2019").data)
    for number in range(2, flights + 1):
        _add_flights(data, number)
    standing = dict(data["fighters"]["pairs"])
    for number in range(2, pairs + 1):
        data["fighters"]["pairs"] |= {_copy(name, number): dict(pair) for name, pair in standing.items()}
    chain = dict(data["command"]["stages"])
    for number in range(2, stages + 1):
        data["command"]["stages"] |= _chain(chain, number)
    scenario = Scenario.model_validate(data)
    wrong = [f"{'.'.join(map(str, path))}: {message}" for path, message in problems(scenario)]
    if wrong:
        raise ValueError("\n".join(wrong))
    return scenario


def counts(scenario: Scenario) -> dict[str, int]:
    """Return how many flights, pairs and stages a scenario has."""
    found = (scenario.intruders, scenario.fighters.pairs, scenario.command.stages)
    return {name: len(each) for name, each in zip(GROWN, found, strict=True)}


def _copy(name: str, number: int) -> str:
    return f"{name}-copy-{number}"


def _add_flights(data: Data, number: int) -> None:
    names = [name for name in data["intruders"] if "-copy-" not in name]
    for name in names:
        flight = copy.deepcopy(data["intruders"][name])
        for point in flight["route"]:
            if "at" in point:
                point["at"] = _later(point["at"], LATER_S * (number - 1))
        if "forms_with" in flight:
            flight["forms_with"] = _copy(flight["forms_with"], number)
        data["intruders"][_copy(name, number)] = flight
        if name in data["crew"]:
            data["crew"][_copy(name, number)] = data["crew"][name]
    for stage in data["command"]["stages"].values():
        if "about" in stage:
            stage["about"] += [_copy(name, number) for name in names if name in stage["about"]]


def _later(at: time, by_s: int) -> time:
    return (datetime.combine(date(2019, 7, 23), at) + timedelta(seconds=by_s)).time()


def _chain(chain: Data, number: int) -> Data:
    """Return a copy of all stages that wait for each other as the originals do, and order nothing."""
    ends = {stage.get("emits", name) for name, stage in chain.items()}
    found = {}
    for name, stage in chain.items():
        twin = {key: value for key, value in stage.items() if key not in ("orders", "pairs", "types")}
        twin["emits"] = _copy(stage.get("emits", name), number)
        for key in ("after_all", "after_any", "unless"):
            if key in stage:
                twin[key] = [_copy(signal, number) if signal in ends else signal for signal in stage[key]]
        found[_copy(name, number)] = twin
    return found


def runner(scenario: Scenario) -> Callable[[int, int], int]:
    """Return a function (first, count) that tells replications on one core; its tables are made."""
    work = many.Work(scenario, SEED, "batch", ALL, _length)

    def run(first: int, count: int) -> int:
        return sum(many.reduced(work, first, count))

    run(0, many.CHUNK)
    return run


def _length(table: Outcomes) -> int:
    return len(table)


def by_replications(scenario: Scenario, rounds: int, most: int) -> dict[int, float]:
    """Return the seconds that so many replications take, medians of rounds."""
    run = runner(scenario)
    asked = [count for count in COUNTS if count <= most]
    return {
        count: median(processor_s(partial(run, many.CHUNK, count)) for _ in range(rounds)) for count in asked
    }


def by_factor(rounds: int) -> Costs:
    """Return the microseconds a replication with so many times the flights, pairs or stages, medians of rounds."""
    once = runner(july())
    runs = {
        (name, factor): once if factor == 1 else runner(july(**{name: factor}))
        for name in GROWN
        for factor in FACTORS
    }
    took: dict[Callable[[int, int], int], list[float]] = {run: [] for run in runs.values()}
    for number in range(1, rounds + 1):
        for run, each in took.items():
            each.append(processor_s(partial(run, number * many.CHUNK, many.CHUNK)))
    cost = {run: 1e6 * median(each) / many.CHUNK for run, each in took.items()}
    return {name: {factor: cost[runs[name, factor]] for factor in FACTORS} for name in GROWN}


@style.in_house_style
def figure(replications: dict[int, float], grown: Costs, sizes: dict[str, int]) -> Figure:
    """Draw cost against replications, and against flights, pairs and stages, on logarithmic axes."""
    drawn = style.new_figure(14.0, 6.2)
    left, right = drawn.subplots(1, 2)
    drawn.subplots_adjust(left=0.07, right=0.985, top=0.90, bottom=0.16, wspace=0.2)
    most = max(replications)
    ends = [min(replications), most]
    left.plot(ends, [replications[most] * n / most for n in ends], **_PROPORTION, label="in proportion")
    left.plot(list(replications), list(replications.values()), "o", color=style.BLUE, markersize=9)
    each = f"{1e6 * replications[most] / most:.3g} µs each"
    left.annotate(
        each, (most, replications[most]), (-30, 2), textcoords="offset points", ha="right", va="top"
    )
    _dress(left, "replications of July 2019", "seconds of processor time", "A  Cost against replications")
    right.plot(FACTORS, FACTORS, **_PROPORTION, label="in proportion")
    for (name, costs), (colour, marker) in zip(grown.items(), _LOOKS, strict=True):
        relative = [costs[factor] / costs[1] for factor in FACTORS]
        right.plot(
            FACTORS,
            relative,
            marker,
            linestyle="-",
            color=colour,
            markersize=9,
            label=f"{name} ({sizes[name]})",
        )
    _dress(
        right, "times as many as in July 2019", "times the cost of a replication", "B  Cost against the size"
    )
    for axis, ticks in ((right.xaxis, FACTORS), (right.yaxis, (1, 2, 4))):
        axis.set_ticks(ticks, [str(tick) for tick in ticks])
        axis.set_ticks([], minor=True)
    for axes in (left, right):
        axes.legend(loc="upper left", framealpha=1.0, edgecolor="none")
    note = f"batch engine, seed {SEED}, chunks of {many.CHUNK:,}  ·  {machine()}"
    drawn.text(0.995, 0.015, note, ha="right", va="bottom", fontsize=style.SMALL_PT, color=style.GREY)
    return drawn


_PROPORTION: Final[Data] = {"color": style.LINE, "linestyle": (0, (4, 3)), "linewidth": 1.4}
_LOOKS: Final = ((style.RED, "o"), (style.BLUE, "s"), (style.DARK_YELLOW, "^"))


def _dress(axes: Axes, x: str, y: str, title: str) -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda value, _: f"{value:,.9g}")
        axis.set_minor_formatter("")
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.set_title(title, loc="left", fontsize=style.TITLE_PT, fontweight="bold")
    axes.grid(True, which="major", color=style.PALE, linewidth=0.8)
    axes.spines[["top", "right"]].set_visible(False)


def main() -> None:
    """Measure, print the figures, and draw them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--output", type=Path, help="picture to write, as docs/cost.png")
    parser.add_argument("--quick", action="store_true", help="one round, up to 100,000 replications")
    asked = parser.parse_args()
    rounds = 1 if asked.quick else 3
    replications = by_replications(july(), rounds, 100_000 if asked.quick else max(COUNTS))
    grown, sizes = by_factor(rounds), counts(july())
    print(machine())
    print(
        f"\nThe batch engine, July 2019, processor time on one core, medians of {rounds} round{'s'[: rounds > 1]}\n"
    )
    for count, took_s in replications.items():
        print(f"{count:9,} replications{took_s:9.2f} s{1e6 * took_s / count:9.2f} µs each")
    print(f"\n{'microseconds a replication':34}" + "".join(f"{f'× {factor}':>10}" for factor in FACTORS))
    for name, costs in grown.items():
        print(f"{f'{sizes[name]} {name}':34}" + "".join(f"{costs[factor]:10.2f}" for factor in FACTORS))
    if asked.output is not None:
        style.save(figure(replications, grown, sizes), asked.output)


if __name__ == "__main__":
    main()
