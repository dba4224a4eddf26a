"""Every quantity of the July scenario is obeyed: changing it changes the log of some replication."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from functools import cache
from typing import Any

import pytest
from pydantic import ValidationError

from sim.document import load
from sim.draws import Uniforms
from sim.log import Record
from sim.run import Prepared, prepare, replicate
from sim.scenario import Scenario, problems

SEED = 1
REPLICATIONS = 40
QUICK = "face-off-shot"
"""The variant in which escorts come and a face-off leads to a shot."""
Path = tuple[str | int, ...]

NOT_OF_A_RUN = {
    "example": "names the replication that is shown (tests/test_example.py)",
    "facts": "facts are compared with a run, they do not steer it (tests/test_measures.py)",
    "sources": "documents to look up",
    "centre": "where the map touches and distances are told from: outcomes, not events (test_measures.py)",
    "low_share": "the range within which a hazard's share may be varied, not the share itself",
    "high_share": "as low_share",
}


def quantities(node: Any, path: Path = ()) -> Iterator[Path]:
    """Yield the path of every number and clock time of a scenario's data that steers a run, a polygon as one."""
    if path and path[-1] == "vertices_deg":
        yield path
    elif isinstance(node, dict | list):
        for key, value in node.items() if isinstance(node, dict) else enumerate(node):
            if key not in NOT_OF_A_RUN:
                yield from quantities(value, (*path, key))
    elif isinstance(node, int | float | time | datetime) and not isinstance(node, bool):
        yield path


@cache
def data(hazard: str = "") -> dict[str, Any]:
    """Return the resolved July scenario as a plain dictionary, with one hazard that always strikes if it is named."""
    found = load("july-2019").data
    if hazard:
        found["escalation"]["hazards"][hazard] |= {"share": 1.0, "low_share": 0.0, "high_share": 1.0}
        # A face-off needs a chain in Moscow that is quick and willing.
        found["command"]["stages"]["decide-escort"] |= {"delay_s": 30, "yes_share": 1.0}
        found["command"]["stages"]["weigh-report"] |= {"delay_s": 30}
    return found


def at(node: Any, path: Path) -> Any:
    """Return what stands at a path."""
    for key in path:
        node = node[key]
    return node


def others(value: Any, name: str) -> Iterator[Any]:
    """Yield values that differ from one, near and far."""
    if isinstance(value, list):
        yield from ([[lat + moved, lon + moved] for lat, lon in value] for moved in (1.0, -1.0))
    elif isinstance(value, datetime):
        yield value - timedelta(minutes=1)
    elif isinstance(value, time):
        for seconds in (300, 20, -20):
            moved = datetime(2000, 1, 1, value.hour, value.minute, value.second, tzinfo=UTC) + timedelta(
                seconds=seconds
            )
            yield moved.time()
    elif name.endswith("_share"):
        yield from (share for share in (1.0, 0.0, 0.5) if share != value)
    elif name in ("lat_deg", "lon_deg") or (isinstance(value, float) and abs(value) > 20):
        yield from (value + 1.0, value - 1.0, value + 0.05, value - 0.05)
    elif isinstance(value, int):
        yield from (
            value * 50,
            0,
            1,
            value * 5,
            value * 2,
            value // 2,
            value + 1,
            value - 1,
            value - 2,
            value + 1800,
        )
    else:
        yield from (value * 2, value * 0.3, value * 1.1, value * 0.9)


@cache
def baseline(number: int, hazard: str) -> list[Record]:
    """Return the records of a replication of the unchanged scenario."""
    return records(unchanged(hazard), number)


@cache
def unchanged(hazard: str) -> Prepared:
    """Return the tables of the unchanged scenario."""
    return prepared(data(hazard))


def prepared(changed: dict[str, Any]) -> Prepared:
    """Return the tables of a changed scenario; it must be valid."""
    scenario = Scenario.model_validate(changed)
    assert not list(problems(scenario))
    return prepare(scenario)


def records(ready: Prepared, number: int) -> list[Record]:
    """Return the records of one replication."""
    return replicate(ready, uniforms(), number).log.records


@cache
def uniforms() -> Uniforms:
    """Return the uniform numbers that all variants share."""
    return Uniforms(SEED)


def changes_a_log(path: Path) -> bool:
    """Return whether some other value at a path changes the log of some replication.

    The scenario is tried as it is, and then with a quick and willing chain in Moscow, without which nobody escorts.
    """
    if path[:2] == ("escalation", "hazards"):
        return differs(path, str(path[2]), richest())
    return (
        differs(path, "", richest()[:8])
        or differs(path, QUICK, richest())
        or differs(path, "", richest()[8:])
    )


def differs(path: Path, hazard: str, numbers: list[int]) -> bool:
    """Return whether some other value changes the log of one of the replications of a variant."""
    is_share = any(str(key).endswith("share") for key in path[-2:])
    tried = []
    for other in others(at(data(hazard), path), "_share" if is_share else str(path[-1])):
        changed = copy.deepcopy(data(hazard))
        at(changed, path[:-1])[path[-1]] = other
        try:
            tried.append(prepared(changed))
        except (ValidationError, AssertionError):
            continue
        if records(tried[-1], numbers[0]) != baseline(numbers[0], hazard):
            return True
    return any(records(ready, n) != baseline(n, hazard) for n in numbers[1:] for ready in tried)


@cache
def richest() -> list[int]:
    """Return the replications in the order in which they are tried: those with the most kinds of event first."""
    return sorted(range(REPLICATIONS), key=lambda n: -len({(r.kind, r.who) for r in baseline(n, "")}))


@pytest.mark.parametrize("path", list(quantities(data())), ids=lambda path: ".".join(map(str, path)))
def test_changing_a_quantity_changes_a_log(path: Path) -> None:
    """A quantity that is read and ignored is the commonest lie of a simulation: there is none here."""
    assert changes_a_log(path)
