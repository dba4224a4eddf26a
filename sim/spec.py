"""What every section of a scenario file shares: strict frozen records, quantities with units, and names.

A number is declared once, in the chapter that obeys it:

    class Stage(Section):
        delay_s: float = quantity("time from request to answer", ge=0)
        post: Name = Field(description="who decides")

The unit is the last part of the field's name (`delay_s` is in seconds); the JSON Schema says it again for
editors.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from sim.errors import nearest as nearest  # for the chapters, which need it beside `Section`

# The units that a name may end in. Durations are always seconds and a share lies in 0..1, so the list stays
# short.
UNITS: Mapping[str, str] = {
    "s": "s",
    "km": "km",
    "m": "m",
    "nmi": "nmi",
    "ft": "ft",
    "kt": "kt",
    "deg": "deg",
    "share": "share",
}

NAME_PATTERN = r"^[a-z0-9][a-z0-9-]*$"


def unit_of(name: str) -> str | None:
    """Return the unit that a field's name ends in, or None for a count or a word.

    A rate is written `_per_<what>`.

    >>> unit_of("delay_s"), unit_of("hit_share"), unit_of("misread_per_close_minute"), unit_of("rounds")
    ('s', 'share', 'per close minute', None)
    """
    _, per, rate = name.rpartition("_per_")
    if per and rate:
        return f"per {rate.replace('_', ' ')}"
    stem, _, last = name.rpartition("_")
    return UNITS.get(last) if stem else None


def quantity(
    meaning: str,
    *,
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    lt: float | None = None,
    default: Any = ...,
    resolution: float | None = None,
) -> Any:
    """Declare a field that holds a number: what it means, its bounds, and its default if it may be left out.

    The unit is not given here: it is the last part of the field's name. `resolution` is the smallest change,
    in the field's unit, that can alter a run; sweeps use it to refuse steps that would be lost in rounding. A
    field of a mixed type (number or table) takes no bounds here; its number type carries them:
    `Annotated[float, Field(ge=0)] | Other`.
    """
    extra: dict[str, Any] | None = None if resolution is None else {"resolution": resolution}
    return Field(default=default, description=meaning, ge=ge, gt=gt, le=le, lt=lt, json_schema_extra=extra)


def _checked_name(name: str) -> str:
    """Return `name` if it can be the id of a table. Raises PydanticCustomError if not."""
    if re.fullmatch(NAME_PATTERN[1:-1], name) is None:
        fitting = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
        raise PydanticCustomError(
            "name",
            'name "{name}" must consist of lower case letters, digits and hyphens{hint}',
            {"name": name, "hint": f', for example "{fitting}"' if fitting else ""},
        )
    return name


Name = Annotated[str, AfterValidator(_checked_name), Field(json_schema_extra={"pattern": NAME_PATTERN})]
"""The id of a table: `a50`, `outer-line`."""


Label = Annotated[str, Field(description="name in tables, figures and messages")]
"""What people call the thing that a table is about; it changes no result."""


def _accept_arrays(schema: Any) -> None:
    """Relax every tuple inside a core schema, and only the tuples: their items stay strict."""
    if isinstance(schema, dict):
        if schema.get("type") in ("tuple", "frozenset"):
            schema["strict"] = False
        for part in schema.values():
            _accept_arrays(part)
    elif isinstance(schema, list):
        for part in schema:
            _accept_arrays(part)


class Section(BaseModel):
    """A table of a scenario file: frozen, without unknown keys, and strict about types.

    Strict means that `true` is no number, `"5"` is no number, 2.5 is no count, and nothing is infinite.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False, defer_build=True)

    source: str | list[str] | None = Field(
        default=None,
        description="ids of [sources] tables, or free text that begins with `assumption` or `computed`",
    )
    note: str | None = Field(default=None, description="free text for people; changes no result")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Let a TOML array fill a tuple: strict mode would take nothing but a Python tuple."""
        schema = handler(source)
        _accept_arrays(schema)
        return schema

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Write the unit of every field into its JSON Schema, as `unit` and at the end of its description."""
        schema = handler(core_schema)
        for name, field in handler.resolve_ref_schema(schema).get("properties", {}).items():
            unit = unit_of(name)
            if unit is not None:
                field["unit"] = unit
                field["description"] = f"{field.get('description', '')} [{unit}]".lstrip()
        return schema
