"""The schema for editors is draft 4 and refuses what the check refuses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, time
from typing import Annotated, Any, Literal

import pytest
from jsonschema import Draft4Validator
from pydantic import Field, ValidationError

from sim.schema import scenario_schema
from sim.spec import Name, Section, quantity


class Lognormal(Section):
    """A long tail."""

    dist: Literal["lognormal"]
    median_s: float = quantity("the middle", gt=0, lt=100)


class Uniform(Section):
    """All alike."""

    dist: Literal["uniform"]
    low_s: float = quantity("the least", ge=0)


class Stage(Section):
    """A decision."""

    delay_s: float | Annotated[Lognormal | Uniform, Field(discriminator="dist")] = Field(
        description="time to answer"
    )
    title: str = Field(default="", description="a property named like a keyword")
    kind: Literal["standing", "asked"] = "asked"
    at: time | None = None
    first: Lognormal | None = Field(default=None, description="the first answer")
    then: Mapping[Name, Stage] = Field(default_factory=dict)


class Scene(Section):
    """A tiny scenario."""

    start: datetime
    lat_deg: float = quantity("latitude", ge=-90, le=90)
    stages: Mapping[Name, Stage] = Field(default_factory=dict, description="decisions by name")
    pair_km: tuple[float, float] = quantity("near and far", default=(1.0, 2.0))
    law: Uniform = Field(default=Uniform(dist="uniform", low_s=1), description="how long")


GOOD: dict[str, Any] = {
    "start": "2019-07-23T06:00:00+09:00",
    "lat_deg": 37.2,
    "stages": {"fire": {"delay_s": {"dist": "lognormal", "median_s": 5}, "then": {"more": {"delay_s": 1}}}},
    "pair_km": [1, 2],
    "law": {"dist": "uniform", "low_s": 0},
    "source": ["kbs1"],
}


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    """Make the schema once."""
    return scenario_schema(Scene)


def changed(*path: str | int, to: object) -> dict[str, Any]:
    """Return a copy of the good document with one value changed."""
    data: dict[str, Any] = json.loads(json.dumps(GOOD))
    node: Any = data
    for part in path[:-1]:
        node = node[part]
    node[path[-1]] = to
    return data


def accepted_by_model(data: dict[str, Any]) -> bool:
    """Tell whether the model takes a document, its start read as TOML reads it."""
    try:
        Scene.model_validate({**data, "start": datetime.fromisoformat(data["start"])})
    except ValidationError:
        return False
    return True


def test_the_schema_is_draft_4_through_and_through(schema: dict[str, Any]) -> None:
    """No keyword of a later draft is left, and the draft's own schema accepts it."""
    Draft4Validator.check_schema(schema)
    assert schema["$schema"] == "http://json-schema.org/draft-04/schema#"
    text = json.dumps(schema)
    for later in ("$defs", "const", "discriminator", "prefixItems", "propertyNames", '"null"'):
        assert later not in text


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("lat_deg",), 90),
        (("lat_deg",), 91),
        (("lat_deg",), "37"),
        (("lat_deg",), True),
        (("stages", "fire", "delay_s"), 3),
        (("stages", "fire", "delay_s"), "3"),
        (("stages", "fire", "delay_s", "median_s"), 0),
        (("stages", "fire", "delay_s", "median_s"), 0.1),
        (("stages", "fire", "delay_s", "median_s"), 100),
        (("stages", "fire", "delay_s", "median_x"), 1),
        (("stages", "fire", "delay_s", "dist"), "uniform"),
        (("stages", "fire", "delay_s", "dist"), "none"),
        (("stages", "fire", "title"), "t"),
        (("stages", "fire", "title"), 3),
        (("stages", "fire", "kind"), "standing"),
        (("stages", "fire", "kind"), "standign"),
        (("stages", "fire", "then", "more", "delay_s"), 2),
        (("stages", "fire", "then", "more", "delay_s"), []),
        (("stages", "fire", "first"), {"dist": "lognormal", "median_s": 1}),
        (("stages", "fire", "first"), {"dist": "lognormal", "median_s": -1}),
        (("stages", "a-50"), {"delay_s": 1}),
        (("stages", "A 50"), {"delay_s": 1}),
        (("pair_km",), [1]),
        (("pair_km",), [1, 2, 3]),
        (("pair_km", 1), "x"),
        (("law", "low_s"), 0),
        (("law", "low_s"), -1),
        (("source",), "kbs1"),
        (("source",), 3),
        (("stagse",), {}),
    ],
)
def test_schema_and_model_agree(schema: dict[str, Any], path: tuple[str | int, ...], value: object) -> None:
    """What the editor underlines is what the check refuses, and nothing else."""
    data = changed(*path, to=value)
    assert Draft4Validator(schema).is_valid(data) == accepted_by_model(data)


def test_the_good_document_is_good(schema: dict[str, Any]) -> None:
    """The document that the other tests spoil is accepted before."""
    assert Draft4Validator(schema).is_valid(GOOD)
    assert accepted_by_model(GOOD)


def test_a_file_that_extends_another_may_hold_anything_less(schema: dict[str, Any]) -> None:
    """No key is required, for the parent may have it; a wrong value is still refused."""
    validator = Draft4Validator(schema)
    assert validator.is_valid({"extends": "base", "stages": {"fire": {"delay_s": {"median_s": 4}}}})
    assert not validator.is_valid({"extends": "base", "stages": {"fire": {"delay_s": {"median_s": 0}}}})
    assert not validator.is_valid({"extends": 3})


def test_meaning_unit_and_bounds_are_kept(schema: dict[str, Any]) -> None:
    """An editor can show what a number means, in what unit, and from where to where."""
    assert schema["properties"]["lat_deg"] == {
        "description": "latitude [deg]",
        "type": "number",
        "minimum": -90,
        "maximum": 90,
        "unit": "deg",
    }
    stage = schema["definitions"]["Stage"]["properties"]
    assert (stage["delay_s"]["description"], stage["delay_s"]["unit"]) == ("time to answer [s]", "s")
    assert stage["kind"]["default"] == "asked"
    assert stage["at"] == {"type": "string", "format": "time"}
    assert stage["first"] == {
        "allOf": [{"$ref": "#/definitions/Lognormal"}],
        "description": "the first answer",
    }
    median = schema["definitions"]["Lognormal"]["properties"]["median_s"]
    assert (median["minimum"], median["exclusiveMinimum"]) == (0, True)
    assert (median["maximum"], median["exclusiveMaximum"]) == (100, True)


def test_a_model_that_holds_itself_has_its_keys_at_the_top() -> None:
    """The top of the schema is a table, not a reference."""
    schema = scenario_schema(Stage)
    Draft4Validator.check_schema(schema)
    assert set(schema["properties"]) >= {"extends", "delay_s", "then"}
    assert "extends" not in schema["definitions"]["Stage"]["properties"]
    assert not Draft4Validator(schema).is_valid({"then": {"more": {"kind": "x"}}})
