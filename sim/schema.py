"""The JSON Schema of scenario files in draft 4, the draft that TOML editors read, for hints while writing.

It knows every key, meaning, unit and bound that the check knows, but asks for no key: a file that extends
another holds only what it changes, and an editor cannot see the rest. The check of the whole scenario says
what is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

DRAFT = "http://json-schema.org/draft-04/schema#"

# Keywords by what stands below them; below any other keyword stand plain values, which are not to be touched.
_MAPS_OF_SCHEMAS = frozenset({"properties", "patternProperties", "definitions"})
_LISTS_OF_SCHEMAS = frozenset({"anyOf", "allOf", "oneOf"})
_SCHEMAS = frozenset({"items", "additionalItems", "additionalProperties", "not"})

# `required`: see the module docstring. `title`: pydantic makes them from the names and they say nothing new.
# `discriminator`: OpenAPI's, not JSON Schema's.
_DROPPED = frozenset({"required", "title", "discriminator"})

_EXTENDS = {
    "type": "string",
    "description": "the scenario that this one changes: a file beside it, or a bundled scenario by name",
}


def scenario_schema(model: type[BaseModel]) -> dict[str, Any]:
    """Return the draft 4 JSON Schema of files that `model` checks, with `extends` at the top."""
    made = model.model_json_schema()
    definitions = {name: _draft4(part) for name, part in made.pop("$defs", {}).items()}
    top = _draft4(made)
    if "$ref" in made:  # a model that holds itself is among its own definitions
        top = dict(definitions[_definition(made["$ref"])])
    top["properties"] = {"extends": dict(_EXTENDS), **top.get("properties", {})}
    return {"$schema": DRAFT, "title": model.__name__, **top, "definitions": definitions}


def _draft4(schema: Any) -> dict[str, Any]:
    """Return one schema of pydantic's draft 2020-12, and all below it, in draft 4."""
    if isinstance(schema, bool):
        return {} if schema else {"not": {}}
    old = {key: value for key, value in schema.items() if key not in _DROPPED}
    _without_null(old)
    _with_old_names(old)
    _with_old_bounds(old)
    new = {key: _below(key, value) for key, value in old.items()}
    if "$ref" in new:
        new["$ref"] = f"#/definitions/{_definition(new['$ref'])}"
        if len(new) > 1:  # draft 4 does not look at what stands beside a reference
            new = {"allOf": [{"$ref": new.pop("$ref")}], **new}
    return new


def _below(key: str, value: Any) -> Any:
    """Return what stands below a keyword in draft 4."""
    if key in _MAPS_OF_SCHEMAS:
        return {name: _draft4(part) for name, part in value.items()}
    if key in _LISTS_OF_SCHEMAS or (key == "items" and isinstance(value, list)):
        return [_draft4(part) for part in value]
    if key in _SCHEMAS and not (key.startswith("additional") and isinstance(value, bool)):
        return _draft4(value)
    return value


def _without_null(schema: dict[str, Any]) -> None:
    """Take null out, in place: TOML has none, a key is simply left out."""
    if "default" in schema and schema["default"] is None:
        del schema["default"]
    choices = schema.get("anyOf")
    if choices is None:
        return
    kept = [choice for choice in choices if choice != {"type": "null"}]
    if len(kept) == 1:
        del schema["anyOf"]
        # What the field says of itself (meaning, unit) goes before what its type says.
        schema.update(
            {key: value for key, value in kept[0].items() if key not in schema | dict.fromkeys(_DROPPED)}
        )
    else:
        schema["anyOf"] = kept


def _with_old_names(schema: dict[str, Any]) -> None:
    """Say in the words of draft 4, in place, what has a newer word."""
    if "const" in schema:
        schema["enum"] = [schema.pop("const")]
    if "oneOf" in schema and "required" not in schema:
        # Without required keys a table may fit two members of a union: what counts is that it fits one.
        schema["anyOf"] = schema.pop("oneOf")
    if "prefixItems" in schema:
        schema["additionalItems"] = schema.pop("items", False)
        schema["items"] = schema.pop("prefixItems")
    names = schema.pop("propertyNames", None)
    if isinstance(names, Mapping) and "additionalProperties" in schema:
        pattern = names.get("pattern") or "|".join(f"^{name}$" for name in names.get("enum", [""]))
        schema["patternProperties"] = {pattern or "": schema.pop("additionalProperties")}
    if "patternProperties" in schema:
        schema.setdefault("additionalProperties", False)


def _with_old_bounds(schema: dict[str, Any]) -> None:
    """Write open bounds as draft 4 does, in place: the bound, and beside it that it is open."""
    for bound, tighter in (("minimum", max), ("maximum", min)):
        key = f"exclusive{bound.title()}"
        limit = schema.pop(key, None)
        if limit is None:
            continue
        if bound not in schema or tighter(limit, schema[bound]) == limit:
            schema[bound] = limit
            schema[key] = True


def _definition(reference: str) -> str:
    """Return the name of the definition that a reference of pydantic's points to."""
    return reference.removeprefix("#/$defs/")
