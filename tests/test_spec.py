"""Sections are strict, quantities carry their units, and names are plain."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from sim.spec import Name, Section, nearest, quantity, unit_of


class Leg(Section):
    """One leg of a route."""

    ground_speed_kt: float = quantity("speed over ground", gt=0, le=2000)
    place_deg: tuple[float, float] = quantity("latitude and longitude")
    calls: int = quantity("radio calls", ge=0, default=0)


class Route(Section):
    """Legs by name."""

    legs: dict[Name, Leg]


LEG = {"ground_speed_kt": 250, "place_deg": [37.2, 131.9]}


def kinds(**changes: Any) -> list[str]:
    """Return the kinds of errors of a leg with some keys changed."""
    with pytest.raises(ValidationError) as caught:
        Leg.model_validate({**LEG, **changes})
    return [error["type"] for error in caught.value.errors()]


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("delay_s", "s"),
        ("lat_deg", "deg"),
        ("hit_share", "share"),
        ("radius_nmi", "nmi"),
        ("ground_speed_kt", "kt"),
        ("height_m", "m"),
        ("altitude_ft", "ft"),
        ("range_km", "km"),
        ("misread_per_burst", "per burst"),
        ("rounds", None),
        ("s", None),
        ("_s", None),
        ("kind_of", None),
    ],
)
def test_the_unit_is_the_last_part_of_the_name(name: str, unit: str | None) -> None:
    """A field's unit can be read from its name alone."""
    assert unit_of(name) == unit


def test_a_whole_number_may_stand_for_a_fraction_and_an_array_for_a_tuple() -> None:
    """What TOML writes naturally is taken."""
    leg = Leg.model_validate(LEG)
    assert (leg.ground_speed_kt, leg.place_deg, leg.calls) == (250.0, (37.2, 131.9), 0)
    assert isinstance(leg.ground_speed_kt, float)


@pytest.mark.parametrize("wrong", [True, "250", [250], None])
def test_nothing_but_a_number_is_a_number(wrong: object) -> None:
    """A boolean and a text in quotes are no numbers, alone or in an array."""
    assert kinds(ground_speed_kt=wrong) == ["float_type"]
    assert kinds(place_deg=[37.2, wrong]) == ["float_type"]


@pytest.mark.parametrize("wrong", [float("inf"), float("-inf"), float("nan")])
def test_a_number_is_finite(wrong: float) -> None:
    """TOML can write `inf` and `nan`; no quantity is either."""
    assert kinds(ground_speed_kt=wrong) == ["finite_number"]


def test_a_count_is_whole() -> None:
    """A half call and a true call are refused."""
    assert kinds(calls=0.5) == ["int_type"]
    assert kinds(calls=True) == ["int_type"]


def test_bounds_hold_at_both_ends() -> None:
    """An open bound refuses its own value, a closed one takes it."""
    assert kinds(ground_speed_kt=0) == ["greater_than"]
    assert kinds(ground_speed_kt=2001) == ["less_than_equal"]
    assert Leg.model_validate({**LEG, "ground_speed_kt": 2000}).ground_speed_kt == 2000


def test_a_quantity_without_a_default_must_be_given() -> None:
    """Leaving a number out never means zero."""
    with pytest.raises(ValidationError, match="ground_speed_kt"):
        Leg.model_validate({"place_deg": [0, 0]})


def test_a_section_is_closed_and_frozen() -> None:
    """Unknown keys are refused, and a record is changed only by replacement."""
    assert kinds(speed_kt=3) == ["extra_forbidden"]
    leg = Leg.model_validate(LEG)
    with pytest.raises(ValidationError):
        leg.calls = 2  # type: ignore[misc]


def test_every_section_may_name_its_source() -> None:
    """A source is one text or several; a note is free."""
    leg = Leg.model_validate({**LEG, "source": ["kbs1", "assumption: as the lead"], "note": "rounded"})
    assert leg.source == ["kbs1", "assumption: as the lead"]
    assert kinds(source=3) == ["string_type", "list_type"]


@pytest.mark.parametrize("name", ["a50", "outer-line", "1st"])
def test_a_plain_name_is_taken(name: str) -> None:
    """Lower case letters, digits and hyphens make a name."""
    assert list(Route.model_validate({"legs": {name: LEG}}).legs) == [name]


@pytest.mark.parametrize(
    ("name", "hint"),
    [("A-50 U", ', for example "a-50-u"'), ("-x", ', for example "x"'), ("é", ""), ("a\n", "")],
)
def test_any_other_name_is_refused_with_one_that_fits(name: str, hint: str) -> None:
    """The message shows how the name could be written."""
    with pytest.raises(ValidationError) as caught:
        Route.model_validate({"legs": {name: LEG}})
    message = caught.value.errors()[0]["msg"]
    assert "lower case letters, digits and hyphens" in message
    assert hint in message


def test_the_json_schema_names_the_unit() -> None:
    """An editor sees meaning, unit, bounds and resolution of a number."""

    class Stage(Section):
        delay_s: float | None = quantity("wait for the answer", ge=0, default=None, resolution=1)
        rounds: int = quantity("rounds fired")

    fields = Stage.model_json_schema()["properties"]
    assert fields["delay_s"]["description"] == "wait for the answer [s]"
    assert (fields["delay_s"]["unit"], fields["delay_s"]["resolution"]) == ("s", 1)
    assert fields["rounds"]["description"] == "rounds fired"
    assert "unit" not in fields["rounds"]


def test_the_nearest_name_is_suggested() -> None:
    """A slip of the finger gets a suggestion, another word gets none."""
    assert nearest("deley_s", ["post", "delay_s"]) == ', did you mean "delay_s"?'
    assert nearest("zone", ["post", "delay_s"]) == ""
    assert nearest("zone", []) == ""
