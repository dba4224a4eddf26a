"""What is wrong with a scenario, in plain words: each mismatch with a model as a path and a message."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from sim.errors import nearest
from sim.spec import unit_of
from sim.toml_lines import KeyPath

Finding = tuple[KeyPath, str]
"""Where something is wrong, and what."""

# Errors that only say which type was wanted. A union of types gives one for each of its members.
_TYPES: Mapping[str, str] = {
    "float_type": "a number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "string_type": "a text in quotes",
    "list_type": "an array",
    "tuple_type": "an array",
    "frozen_set_type": "an array",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
    "time_type": "a clock time such as 09:10:00, without quotes",
    "date_type": "a date such as 2019-07-23, without quotes",
    "datetime_type": "a date and time such as 2019-07-23T06:00:00+09:00, without quotes",
    "timezone_aware": "a time with its offset from UTC, such as 2019-07-23T06:00:00+09:00",
    "none_required": "",
}

_BOUNDS: Mapping[str, tuple[str, str]] = {
    "greater_than_equal": ("ge", "must be at least"),
    "greater_than": ("gt", "must be more than"),
    "less_than_equal": ("le", "must be at most"),
    "less_than": ("lt", "must be less than"),
    "multiple_of": ("multiple_of", "must be a multiple of"),
}


def findings(error: ValidationError, model: type[BaseModel], data: Mapping[str, Any]) -> list[Finding]:
    """Return each mismatch of `data` with `model` once, as (path, message)."""
    found: dict[tuple[KeyPath, str], None] = {}
    wanted_types: dict[KeyPath, list[str]] = {}
    for details in error.errors(include_url=False):
        path = _path(details, data)
        wanted = _wanted_type(details)
        if wanted is not None:
            wanted_types.setdefault(path, []).append(wanted)
            continue
        if details["type"] == "too_short" and _has_enough(_value(data, path), details):
            continue
        path, message = _message(details, path, model, data)
        found[path, message] = None
    # A union complains once for each member that a value is not. If one member took the value and found
    # something inside it, the complaints of the others are noise; if none did, together they say what may
    # stand here.
    for path, names in wanted_types.items():
        if not any(other[: len(path)] == path for other, _ in found):
            choices = list(dict.fromkeys(name for name in names if name))
            found[path, f"is {came(_value(data, path))}, must be {' or '.join(choices)}"] = None
    return list(found)


def unshowable(data: object, path: KeyPath = ()) -> Iterator[Finding]:
    """Yield each text that cannot be shown: a name for people that is blank, or a control character.

    A terminal would obey the character, and SVG, KML and HTML have no way to write it.
    """
    if isinstance(data, str):
        control = _CONTROL.search(data)
        if control is not None:
            yield path, f"holds the control character U+{ord(control[0]):04X}; leave it out"
        elif path[-1] in ("label", "name", "statement", "title") and not data.strip():
            yield path, "is blank; give it a name"
        return
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        if isinstance(value, str | dict | list):
            yield from unshowable(value, (*path, key))


_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
"""Unicode's control characters, but for tabs and the ends of lines."""


def came(value: object) -> str:
    """Show a value as it stands in the file, shortened where it is long."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value[:60]}…"' if len(value) > 60 else f'"{value}"'
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, Sequence):
        return "an array"
    return f"{value:g}" if isinstance(value, float) and value.is_integer() else str(value)


def keys_at(path: KeyPath, model: type[BaseModel], data: Mapping[str, Any]) -> list[str]:
    """Return the keys that the table at a path may have; none if its author names them."""
    return sorted({name for section in _models(path, model, data) for name in _fields(section)})


def is_named(path: KeyPath, model: type[BaseModel], data: Mapping[str, Any]) -> bool:
    """Return whether what stands at a path is a table whose name its author chose."""
    return bool(path) and isinstance(path[-1], str) and not keys_at(path[:-1], model, data)


def choices_at(path: KeyPath, model: type[BaseModel], data: Mapping[str, Any]) -> list[str]:
    """Return the values that a key may take in any of the models that can stand around it."""
    sections = _models(path[:-1], model, data)
    fields = (_fields(section).get(str(path[-1])) for section in sections)
    return [str(choice) for field in fields if field for choice in _literals(field.annotation)]


def _message(
    details: ErrorDetails, path: KeyPath, model: type[BaseModel], data: Mapping[str, Any]
) -> tuple[KeyPath, str]:
    """Return path and message of an error that says more than which type was wanted."""
    kind = details["type"]
    context = details.get("ctx", {})
    value = details["input"]
    if kind == "missing":
        return path, "is missing" + _meaning(path, model, data)
    if kind == "extra_forbidden":
        return path, _unknown_key(path, model, data)
    if kind in _BOUNDS:
        key, words = _BOUNDS[kind]
        return path, f"is {came(value)}, {words} {came(context[key])}"
    if kind in ("literal_error", "enum"):
        return path, _bad_choice(value, _quoted(str(context["expected"])))
    if kind == "union_tag_invalid" and (tag := _tag_key(context)) in _value(data, path):
        return (*path, tag), _bad_choice(_value(data, (*path, tag)), _quoted(str(context["expected_tags"])))
    if kind == "union_tag_not_found" and (tag := _tag_key(context)):
        return (*path, tag), f"is missing; must be {_alternatives(choices_at((*path, tag), model, data))}"
    if kind in ("too_short", "too_long"):
        bound = (
            f"at least {context['min_length']}" if kind == "too_short" else f"at most {context['max_length']}"
        )
        return path, f"has {context['actual_length']} items, must have {bound}"
    text = details["msg"]
    if text.startswith("Input should "):
        return path, f"is {came(value)}, must {text.removeprefix('Input should ')}"
    return path, re.sub(r"^(Value error|Assertion failed), ", "", text)


def _has_enough(value: object, details: ErrorDetails) -> bool:
    """Return whether an array is long enough as it was written: pydantic counts only the items that are right."""
    return isinstance(value, list | dict) and len(value) >= details["ctx"]["min_length"]


def _wanted_type(details: ErrorDetails) -> str | None:
    """Return the type that an error asks for, or None if the error says more than that."""
    if details["type"] == "literal_error" and not isinstance(details["input"], str):
        return _alternatives(_quoted(str(details.get("ctx", {})["expected"])))
    return _TYPES.get(details["type"])


def _bad_choice(value: object, choices: Sequence[str]) -> str:
    """Say which values may stand here, and which of them was probably meant."""
    return f"is {came(value)}, must be {_alternatives(choices)}{nearest(str(value), choices)}"


def _alternatives(choices: Iterable[str]) -> str:
    """Write choices out: `"a"`, or `one of "a", "b"`."""
    shown = [f'"{choice}"' for choice in choices]
    return shown[0] if len(shown) == 1 else f"one of {', '.join(shown)}"


def _quoted(expected: str) -> list[str]:
    """Return the choices that pydantic lists as `'a', 'b' or 'c'`."""
    return re.findall(r"'([^']*)'", expected) or [expected]


def _tag_key(context: Mapping[str, Any]) -> str:
    """Return the key that tells the members of a union apart, or "" if a function does."""
    key = str(context.get("discriminator", ""))
    return key.strip("'") if key.startswith("'") else ""


def _unknown_key(path: KeyPath, model: type[BaseModel], data: Mapping[str, Any]) -> str:
    """Say that a key is unknown, and which was probably meant or which there are."""
    known = keys_at(path[:-1], model, data)
    guess = nearest(str(path[-1]), known)
    return "unknown key" + (guess or (f"; the keys here are {', '.join(known)}" if known else ""))


def _meaning(path: KeyPath, model: type[BaseModel], data: Mapping[str, Any]) -> str:
    """Return `; wanted <description>` for a missing key."""
    name = str(path[-1])
    for section in _models(path[:-1], model, data):
        field = _fields(section).get(name)
        if field is not None and field.description:
            unit = unit_of(name)
            return f"; wanted {field.description}" + (f" [{unit}]" if unit else "")
    return ""


# From pydantic's location to a path in the data.


def _path(details: ErrorDetails, data: Mapping[str, Any]) -> KeyPath:
    """Return the path in the data that an error is about.

    Pydantic's location also names the member of a union that complained (`delay_s.lognormal.median_s`), and
    such a name may be the name of a key, too. Leaving out whatever is no key is therefore not enough. The
    error carries the very object that it is about: of all ways to read the location, the one that ends at
    this object is right.
    """
    location = details["loc"]
    if details["type"] == "missing":
        above = _best_reading(location[:-1], data, details["input"])
        return (*above, location[-1])
    return _best_reading(location, data, details["input"])


def _best_reading(location: KeyPath, data: object, about: object) -> KeyPath:
    """Return the reading that ends at the object `about`, else the longest; the last part counts first."""

    def merit(reading: KeyPath) -> tuple[bool, bool, int]:
        keeps_last = reading[-1:] == location[-1:]
        return _value(data, reading) is about, keeps_last, len(reading)

    return max(_readings(location, data), key=merit)


def _readings(location: KeyPath, node: object) -> Iterator[KeyPath]:
    """Yield every path into `node` that is left if parts of the location are left out."""
    if not location:
        yield ()
        return
    first, rest = location[0], location[1:]
    inside, below = _child(node, first)
    if inside:
        for reading in _readings(rest, below):
            yield (first, *reading)
    yield from _readings(rest, node)


def _child(node: object, part: str | int) -> tuple[bool, object]:
    """Return whether `node` has a part of this name, and that part."""
    if isinstance(node, Mapping) and part in node:
        return True, node[part]
    if isinstance(node, list) and isinstance(part, int) and part < len(node):
        return True, node[part]
    return False, None


def _value(data: object, path: KeyPath) -> Any:
    """Return what stands at a path that exists in the data."""
    for part in path:
        _, data = _child(data, part)
    return data


# From a path in the data to the models that can stand there.


def _models(path: KeyPath, model: type[BaseModel], data: object) -> list[type[BaseModel]]:
    """Return the models that the table at a path may be, without those that another tag rules out."""
    types: list[Any] = [model]
    for part in path:
        fitting = [kind for kind in types if _fits(kind, data)]
        types = [member for kind in fitting for member in _step(kind, part)]
        _, data = _child(data, part)
    return [kind for kind in types if _is_model(kind) and _fits(kind, data)]


def _step(kind: Any, part: str | int) -> list[Any]:
    """Return the types that may stand under one part of a value of a type."""
    if _is_model(kind):
        field = _fields(kind).get(str(part))
        return _members(field.annotation) if field else []
    arguments = get_args(kind)
    if get_origin(kind) is tuple and isinstance(part, int) and ... not in arguments:
        return _members(arguments[part]) if part < len(arguments) else []
    if arguments and get_origin(kind) is not Literal:
        return _members(arguments[1] if isinstance(part, str) else arguments[0])
    return []


def _members(kind: Any) -> list[Any]:
    """Return a type unwrapped: the members of a union, what an alias stands for, what is annotated."""
    kind = getattr(kind, "__value__", kind)
    if get_origin(kind) is Annotated:
        return _members(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType):
        return [member for choice in get_args(kind) for member in _members(choice)]
    return [kind]


def _fits(kind: Any, value: object) -> bool:
    """Tell whether no fixed word of a model (`dist = "uniform"`) differs from the one in the data."""
    if not _is_model(kind) or not isinstance(value, Mapping):
        return True
    fixed = {name: _literals(field.annotation) for name, field in _fields(kind).items()}
    return not any(words and name in value and value[name] not in words for name, words in fixed.items())


def _literals(kind: Any) -> list[Any]:
    """Return the words to which a type is fixed, none if it is free."""
    members = _members(kind)
    if not all(get_origin(member) is Literal for member in members):
        return []
    return [word for member in members for word in get_args(member)]


def _fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Return the fields of a model by the names that they have in a file."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)
