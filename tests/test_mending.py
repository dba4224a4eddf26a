"""All errors of a file are told at once, and none that only follows from another."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sim.document import Document, bundled, load, validate
from sim.errors import InputError
from sim.mending import mend
from sim.scenario import Scenario, parse, read
from sim.toml_lines import KeyPath

REFERENCES = frozenset(["side", "post", "zone", "per", "owner", "base", "alert", "control", "airspace", "on"])
LISTS_OF_REFERENCES = frozenset(
    ["after_all", "after_any", "unless", "watches", "about", "reached_by", "after", "posts"]
)

Errors = set[tuple[str, str]]


def errors(check: Callable[..., Any], *args: Any) -> Errors:
    """Return (path, message) of each error that a check finds."""
    try:
        check(*args)
    except InputError as error:
        found = [(problem.path, problem.message) for problem in error.problems]
        assert len(found) == len(set(found))
        return set(found)
    return set()


def values(node: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    """Yield every value of a document with its path, tables and arrays too."""
    if path:
        yield path, node
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        yield from values(value, (*path, key))


def with_changes(document: Document, changes: dict[KeyPath, Any]) -> Document:
    """Return a copy of a document with other values, or without one where the value is None."""
    data = copy.deepcopy(document.data)
    for path, value in changes.items():
        node: Any = data
        for part in path[:-1]:
            node = node[part]
        if value is None:
            del node[path[-1]]
        else:
            node[path[-1]] = value
    return replace(document, data=data)


@pytest.mark.parametrize("name", sorted(bundled()))
def test_one_wrong_field_and_wrong_references_are_all_told(name: str) -> None:
    """A number out of bounds hides none of the names that fit nothing, wherever both stand."""
    document, chosen = load(name), random.Random(7)
    everything = list(values(document.data))
    references = [
        path
        for path, value in everything
        if isinstance(value, str)
        and (path[-1] in REFERENCES or (len(path) > 1 and path[-2] in LISTS_OF_REFERENCES))
        and path[0] != "clock"
    ]
    numbers = [path for path, value in everything if isinstance(value, float | int) and path[0] != "facts"]
    for _ in range(30):
        wrong = dict.fromkeys(chosen.sample(references, 5), "no-such-thing")
        field = with_changes(document, {chosen.choice(numbers): -1e9})
        own = errors(validate, field, Scenario)
        assert own
        between = errors(parse, with_changes(document, wrong))
        assert len(between) >= 5
        assert errors(parse, with_changes(field, wrong)) == own | between


@pytest.mark.parametrize("way", ["a number", "no name", "an array", "left out", "mistyped"])
def test_what_is_broken_causes_no_error_elsewhere(way: str) -> None:
    """Whatever single value, table or section of a right file is broken, only what is wrong with it is told."""
    document = load("first-intercept")
    found = 0
    for path, value in values(document.data):
        changes: dict[KeyPath, Any] = {
            path: {"a number": -9.5, "no name": "No Name", "an array": []}.get(way)
        }
        if changes[path] is None and isinstance(path[-1], int):
            continue
        if way == "mistyped":
            changes[*path[:-1], f"{path[-1]}x"] = value
        broken = with_changes(document, changes)
        own = errors(validate, broken, Scenario)
        found += bool(own)
        if own:
            assert errors(parse, broken) == own, (path, way)
    assert found > 150


SECTIONS = """
sides zones intruders sensing command command.posts command.links command.stages fighters fighters.types fighters.pairs
warning crew escalation.hazards sources clock
"""


@pytest.mark.parametrize("section", SECTIONS.split())
def test_a_broken_section_makes_no_name_unknown(section: str) -> None:
    """What refers to a section that is there but cannot be read is not called unknown; other errors are told."""
    document, path = load("july-2019"), tuple(section.split("."))
    broken = with_changes(document, {path: 5})
    own = errors(validate, broken, Scenario)
    assert [key for key, _ in own] == [section]
    assert errors(parse, broken) == own
    blank = ("scenario.title", "is blank; give it a name")
    assert errors(parse, with_changes(broken, {("scenario", "title"): " "})) == {*own, blank}


def test_errors_of_both_kinds_come_in_the_order_of_the_lines(tmp_path: Path) -> None:
    """Fields and references are told together, each on its line."""
    file = tmp_path / "mine.toml"
    file.write_text(
        'extends = "first-intercept"\nsides.west.airspace = "x"\nwarning.west.calls.most = -1\n'
        'zones.zone.owner = "y"\ncrew.bear.post = "z"\ncrew.bear.notice_s = "soon"\n',
        encoding="utf-8",
    )
    with pytest.raises(InputError) as caught:
        read(file)
    assert [(p.line, p.path) for p in caught.value.problems] == [
        (2, "sides.west.airspace"),
        (3, "warning.west.calls.most"),
        (4, "zones.zone.owner"),
        (5, "crew.bear.post"),
        (6, "crew.bear.notice_s"),
    ]


@pytest.mark.parametrize(
    ("changes", "own"),
    [
        ({("command", "stages", "scramble", "after_all"): []}, ["command.stages.scramble"]),
        ({("escalation", "hazards", "collision", "share"): 0.9}, ["escalation.hazards.collision"]),
        ({("sensing", "radars", "island", "confirm_hits"): 7}, ["sensing.radars.island"]),
        ({("zones", "zone", "radius_nmi"): 5}, ["zones.zone"]),
        ({("centre",): None}, ["centre"]),
    ],
)
def test_a_table_whose_keys_do_not_go_together_keeps_its_references(
    changes: dict[KeyPath, Any], own: list[str]
) -> None:
    """Of such a table one key is mended, and its other keys are checked."""
    wrong: dict[KeyPath, Any] = {
        ("command", "stages", "scramble", "source"): "nowhere",
        ("escalation", "hazards", "collision", "on"): "nothing",
        ("sensing", "radars", "island", "source"): "nowhere",
        ("zones", "zone", "owner"): "nobody",
    }
    document = load("first-intercept")
    found = errors(parse, with_changes(document, changes | wrong))
    assert {".".join(map(str, path)) for path in wrong} | set(own) == {path for path, _ in found}


def test_what_is_right_is_left_as_it_is() -> None:
    """Data without an error is not changed, and data that holds nothing can still be filled."""
    data = load("first-intercept").data
    mended = mend(data, Scenario)
    assert mended is not None
    assert (mended.data, mended.places) == (data, ())
    empty = mend({}, Scenario)
    assert empty is not None
    assert set(empty.places) >= {("clock",), ("centre",), ("sides",), ("intruders",)}


def told(name: str, changes: dict[KeyPath, Any]) -> set[str]:
    """Return the paths of the errors of a bundled scenario with changes."""
    return {path for path, _ in errors(parse, with_changes(load(name), changes))}


def test_an_array_with_wrong_items_is_not_too_short() -> None:
    """Two wrong coordinates are two errors: the route has as many waypoints as were written."""
    route: KeyPath = ("intruders", "bear", "route")
    changes: dict[KeyPath, Any] = {(*route, 0, "lat_deg"): "x", (*route, 1, "lat_deg"): float("inf")}
    assert told("first-intercept", changes) == {
        "intruders.bear.route.0.lat_deg",
        "intruders.bear.route.1.lat_deg",
    }
    assert told(
        "first-intercept", {route: [load("first-intercept").data["intruders"]["bear"]["route"][0]]}
    ) == {"intruders.bear.route"}


def test_a_value_of_one_table_hides_nothing_of_another() -> None:
    """A wrong condition of one stage and a wrong zone of another are both told."""
    stages: KeyPath = ("command", "stages")
    changes: dict[KeyPath, Any] = {
        (*stages, "scramble", "after_all", 0): True,
        (*stages, "authorise-flares", "per"): "korea",
    }
    assert told("first-intercept", changes) == {
        "command.stages.scramble.after_all.0",
        "command.stages.authorise-flares.per",
    }


def test_a_name_that_may_mean_what_cannot_be_read_is_not_called_unknown() -> None:
    """With the A-50U's route broken nobody can say which flights there are; what is told is the route."""
    data = load("july-2019").data
    place: KeyPath = ("intruders", "a50", "route", 4)
    waypoint = {
        "ats" if key == "at" else key: value for key, value in data["intruders"]["a50"]["route"][4].items()
    }
    changes: dict[KeyPath, Any] = {place: waypoint, ("command", "stages", "scramble-east", "about"): ["a5"]}
    assert told("july-2019", changes) == {"intruders.a50.route.4.ats"}


def test_where_too_much_is_wrong_nothing_is_mended() -> None:
    """A word that is misspelt in every fact is told of every fact, and at once."""
    data = load("july-2019").data
    checks: list[KeyPath] = [("facts", name, "role") for name in data["facts"]]
    document = with_changes(load("july-2019"), dict.fromkeys(checks, "chec"))
    assert mend(document.data, Scenario) is None
    assert {path for path, _ in errors(parse, document)} == {".".join(map(str, path)) for path in checks}
