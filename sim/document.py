"""A scenario file as a plain dict that remembers where each value was written.

    document = load("july-2019", ["command.stages.authorise-fire.delay_s=30"])
    scenario = validate(document, Scenario)

A file may extend another: tables merge key by key, anything else (also an array) replaces what was there. A
table with a `dist` is one value: naming another distribution replaces the whole table, since its old
parameters would mean nothing there.
"""

from __future__ import annotations

import copy
import hashlib
import json
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import InputError, Problem, nearest
from sim.toml_lines import KeyPath, dotted, lines_of, split_assignment

if TYPE_CHECKING:
    from typing import TypeVar

    from pydantic import BaseModel

    Model = TypeVar("Model", bound=BaseModel)

OVERRIDES = "--set"
"""What stands in the place of a file's name when a value was given on the command line."""

UNHASHED = frozenset({"source", "note", "title", "summary", "label"})
"""Keys whose text or list of texts cannot change a result, in any table."""

UNHASHED_TABLES = frozenset({"sources", "facts"})
"""Top-level tables that no run reads: facts are compared with a run, never fed to it."""


UNHASHED_KEY = ("scenario", "example")
"""The table that names a replication to be shown."""


@dataclass(frozen=True)
class _Layer:
    """One file on the way from the scenario that extends nothing to the one that was asked for."""

    file: str
    text: str
    data: dict[str, Any]

    @cached_property
    def lines(self) -> dict[KeyPath, int]:
        return lines_of(self.text)


@dataclass
class _Owner:
    """Say which layer wrote a value (None: the command line), and below it which values others wrote."""

    layer: _Layer | None
    below: dict[str | int, _Owner] = field(default_factory=dict)


@dataclass(frozen=True)
class Document:
    """A scenario as plain data: every `extends` followed, every override made, and nothing checked yet.

    `data` holds what TOML holds: tables as dicts, arrays as lists, times as `datetime` values. `name` is the
    file's name without ending. `files` are the files read, the one that was asked for last.
    """

    data: dict[str, Any]
    name: str
    files: tuple[Path, ...]
    _owner: _Owner
    _last: _Layer

    def where(self, path: KeyPath) -> tuple[str, int | None]:
        """Return file and line where a value was written, or else where the nearest table around it was."""
        layer = self._layer_of(path)
        if layer is None:
            return OVERRIDES, None
        for length in range(len(path), 0, -1):
            if path[:length] in layer.lines:
                return layer.file, layer.lines[path[:length]]
        return self._last.file, None

    def names_before(self, path: KeyPath) -> list[str]:
        """Return the names beside that of a table that were there before the file, or --set, that brought it."""
        layer = self._layer_of(path)
        table: Any = self.data
        for part in path[:-1]:
            table = table[part]
        return [name for name in table if self._layer_of((*path[:-1], name)) is not layer]

    def _layer_of(self, path: KeyPath) -> _Layer | None:
        owner = self._owner
        for part in path:
            if part not in owner.below:
                break
            owner = owner.below[part]
        return owner.layer


def load(path_or_name: str | Path, overrides: Sequence[str] = ()) -> Document:
    """Read a scenario file, or a bundled scenario by name, and what it extends; then make the overrides.

    An override is `path.to.key=value` with a TOML value; a word that is no TOML value is taken as text. An
    item of an array goes by its position from 0: `intruders.a50.route.3.at=09:10:00`.

    Raises InputError if a file cannot be read, is no TOML, extends itself or nothing, or if an override has
    no place.
    """
    path = find(path_or_name)
    layers, files = _read_with_parents(path)
    data: dict[str, Any] = {}
    owner = _Owner(layers[0])
    for layer in layers:
        _merge(data, layer.data, owner, layer)
    _override_all(data, owner, overrides)
    return Document(data, path.stem, tuple(files), owner, layers[-1])


def document_of(text: str, name: str, file: str) -> Document:
    """Return a document of that name from the text of a resolved file. Raises InputError if it is no TOML."""
    try:
        layer = _Layer(file, text, tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise InputError([_syntax_problem(file, text, str(error))]) from error
    return Document(layer.data, name, (), _Owner(layer), layer)


def changed(document: Document, overrides: Sequence[str]) -> Document:
    """Return a document with further overrides made, as `load` makes them. Raises InputError as `load` does."""
    data, owner = document.data, document._owner
    for text in overrides:
        with suppress(ValueError):  # of which the override itself will tell
            keys, _ = split_assignment(text)
            data, owner = _opened(data, keys), _opened_owner(owner, keys)
    _override_all(data, owner, overrides)
    return replace(document, data=data, _owner=owner)


def _opened(node: Any, keys: Sequence[str]) -> Any:
    """Return a copy of a table or array in which what lies on the way to a value is a copy too, and no more."""
    if not keys or not isinstance(node, dict | list):
        return node
    opened: Any = copy.copy(node)
    part = int(keys[0]) if isinstance(node, list) and keys[0].isdecimal() else keys[0]
    with suppress(
        KeyError, IndexError, TypeError
    ):  # there is no way on: of this, too, the override will tell
        opened[part] = _opened(opened[part], keys[1:])
    return opened


def _opened_owner(owner: _Owner, keys: Sequence[str]) -> _Owner:
    below = dict(owner.below)
    for key in keys[:1]:
        for part in [key, int(key)] if key.isdecimal() else [key]:
            if part in below:
                below[part] = _opened_owner(below[part], keys[1:])
    return _Owner(owner.layer, below)


def bundled_folder() -> Path:
    """Return the folder of the bundled scenarios: in an installed package, or beside `sim` in the source."""
    package = Path(__file__).resolve().parent
    installed = package / "scenarios"
    return installed if installed.is_dir() else package.parent / "scenarios"


def bundled() -> dict[str, Path]:
    """Return the bundled scenarios by name, in the order of their names."""
    return {path.stem: path for path in sorted(bundled_folder().glob("*.toml"))}


def find(name_or_path: str | Path) -> Path:
    """Return the file of a scenario: a path as it is, or else a bundled scenario, with or without `.toml`.

    Raises InputError if there is neither.
    """
    path = Path(name_or_path)
    if path.is_file():
        return path
    known = bundled()
    name = str(name_or_path).removesuffix(".toml")
    if name in known:
        return known[name]
    raise InputError([Problem(str(name_or_path), None, "", _not_found(path, known))])


def dump(data: Mapping[str, Any]) -> str:
    """Write resolved data back as TOML; reading it again gives equal data."""
    import tomli_w

    return tomli_w.dumps(data)


def digest(data: Mapping[str, Any]) -> str:
    """Return 12 hex digits that two scenarios share if they must give the same results.

    Left out are the texts for people (`source`, `note`, `title`, `summary`, `label` in any table), the top-level
    tables `sources` and `facts`, and the table `scenario.example`. A label is what tables and figures call a thing:
    another one changes what they show and no event, so that runs under other labels can still be compared. The order
    of keys does not count, except that of tables named by their author: ties go to the first pair, and a ladder's
    measures are taken in their order. 1 is equal to 1.0.
    """
    kept = {
        key: _canonical(_without_example(key, value))
        for key, value in sorted(data.items())
        if key not in UNHASHED_TABLES
    }
    canonical = json.dumps(kept, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()[:12]


def validate(document: Document, model: type[Model]) -> Model:
    """Return the document as a record of the given model.

    Raises InputError with every mismatch, each at its file and line and in plain words.
    """
    from pydantic import ValidationError

    from sim.findings import findings, is_named

    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        found = findings(error, model, document.data)
        named = {path[:-1] for path, message in found if message.startswith("is missing")}
        named = {path for path in named if is_named(path, model, document.data)}
        hints = {path: _new_name(path, document.names_before(path)) for path in named}
        raise_all(document, [(path, message + hints.get(path[:-1], "")) for path, message in found])
        raise


def _new_name(path: KeyPath, before: Iterable[str]) -> str:
    """Say of a table that lacks keys which table of the parent file it may have been meant to change."""
    hint = nearest(str(path[-1]), before)
    return hint and f'; "{path[-1]}" is new here{hint}'


def raise_all(document: Document, problems: Iterable[tuple[KeyPath, str]]) -> None:
    """Turn findings (path, message) into one error that shows where each was written.

    Raises InputError unless there are none.
    """
    found = placed(document, problems)
    if found:
        raise InputError(found)


def placed(document: Document, problems: Iterable[tuple[KeyPath, str]]) -> list[Problem]:
    """Return findings (path, message) with the place at which each was written."""
    return [Problem(*document.where(path), dotted(path), message) for path, message in problems]


def _read_with_parents(path: Path) -> tuple[list[_Layer], list[Path]]:
    """Read a file and what it extends; return both lists with the outermost parent first."""
    layers: list[_Layer] = []
    files: list[Path] = []
    parent: Path | None = path
    while parent is not None:
        layer = _read(parent)
        layers.insert(0, layer)
        files.insert(0, parent)
        parent = _parent(layer, files)
    return layers, files


def _read(path: Path) -> _Layer:
    """Read one file. Raises InputError if it cannot be read or is no TOML."""
    file = _shown(path)
    try:
        # Some editors put a byte order mark in front, which TOML does not allow but no one can see.
        text = path.read_bytes().decode("utf-8-sig")
        return _Layer(file, text, tomllib.loads(text))
    except OSError as error:
        raise InputError([Problem(file, None, "", f"cannot be read: {error.strerror}")]) from error
    except UnicodeDecodeError as error:
        raise InputError([Problem(file, None, "", "is not UTF-8; save it in that encoding")]) from error
    except RecursionError as error:
        raise InputError([Problem(file, None, "", "has arrays or tables nested too deeply")]) from error
    except tomllib.TOMLDecodeError as error:
        raise InputError([_syntax_problem(file, text, str(error))]) from error


_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")

_ADVICE: Sequence[tuple[str, str]] = (
    ("Invalid value", "a text needs quotes, a clock time all of hh:mm:ss, a number no unit"),
    ("Cannot overwrite", "this key is already there; keep one of the two"),
    ("Cannot declare", "this table is already there; keep one header and put all its keys under it"),
    ("Cannot mutate", "a table in braces is complete; add the key between the braces"),
    ("Unclosed array", "an array needs commas between its items and a closing bracket"),
    ("Unclosed inline table", "a table in braces needs commas between its keys, and stays on one line"),
    ("Invalid initial character for a key", "a key is a word of letters, digits, _ and -; quote any other"),
    ("Expected '=' after a key", "a line is `key = value`, or a header such as `[zones.kadiz]`"),
    (
        "Expected newline or end of document",
        "one value a line; a text needs quotes, a clock time all of hh:mm:ss",
    ),
    ("Illegal character", "a text in quotes stays on one line; write a longer one between three quotes"),
    ('Expected "\'"', "a text in quotes stays on one line; write a longer one between three quotes"),
    ("Unterminated string", "a text needs a closing quote"),
)


def _syntax_problem(file: str, text: str, message: str) -> Problem:
    """Say where TOML ended and what to do about it."""
    place = _PLACE.search(message)
    what = message[: place.start()] if place else message
    line = int(place[1]) if place and place[1] else text.rstrip().count("\n") + 1
    column = f" at column {place[2]}" if place and place[2] else ""
    advice = next((advice for start, advice in _ADVICE if what.startswith(start)), "")
    return Problem(file, line, "", f"is not TOML{column}: {what}" + (f"; {advice}" if advice else ""))


def _parent(layer: _Layer, files: Sequence[Path]) -> Path | None:
    """Take `extends` out of a layer and return the file that it names, or None if there is none."""
    if "extends" not in layer.data:
        return None
    asked = layer.data.pop("extends")
    line = layer.lines[("extends",)]
    if not isinstance(asked, str):
        message = "must be the name of one scenario, in quotes"
        raise InputError([Problem(layer.file, line, "extends", message)])
    known = bundled()
    here = files[0]
    choices = [here.parent / asked, here.parent / f"{asked}.toml"]
    if (name := asked.removesuffix(".toml")) in known:
        choices.append(known[name])
    present = [choice for choice in choices if choice.is_file()]
    # A copy of a bundled scenario under its old name that extends "itself" means the bundled one.
    others = [choice for choice in present if not choice.samefile(here)]
    if not present:
        raise InputError(
            [Problem(layer.file, line, "extends", f'is "{asked}", {_not_found(Path(asked), known)}')]
        )
    parent = (others or present)[0]
    if any(parent.samefile(file) for file in files):
        circle = " -> ".join(file.name for file in (*reversed(files), parent))
        raise InputError([Problem(layer.file, line, "extends", f"goes round in a circle: {circle}")])
    return parent


def _not_found(path: Path, known: Mapping[str, Path]) -> str:
    """Say that a scenario is not there, and which ones are."""
    if (path / "scenario.toml").is_file():
        return f"is a folder and no scenario; the one that was run in it is {path / 'scenario.toml'}"
    what = "is a folder" if path.is_dir() else "is no file"
    guess = nearest(path.name.removesuffix(".toml"), known)
    names = ", ".join(known) or "none"
    return f"{what} and no bundled scenario{guess or ','} the bundled ones are: {names}"


def _shown(path: Path) -> str:
    """Return a path as the user would type it: from the working folder if it lies below."""
    here = Path.cwd()
    absolute = path.resolve()
    return str(absolute.relative_to(here)) if absolute.is_relative_to(here) else str(path)


def _merges(old: object, new: object) -> bool:
    """Tell whether a table is to be merged into what was there before, rather than to replace it."""
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return False
    return "dist" not in new or old.get("dist") == new["dist"]


def _merge(data: dict[str, Any], over: Mapping[str, Any], owner: _Owner, layer: _Layer) -> None:
    """Lay one table over another, in place, and keep account of which layer wrote what."""
    for key, value in over.items():
        if _merges(data.get(key), value):
            _merge(data[key], value, owner.below.setdefault(key, _Owner(owner.layer)), layer)
        else:
            data[key] = value  # a layer is read for this, and for nothing else
            owner.below[key] = _Owner(layer)


def _override_all(data: dict[str, Any], owner: _Owner, overrides: Iterable[str]) -> None:
    problems = [problem for text in overrides if (problem := _override(data, owner, text)) is not None]
    if problems:
        raise InputError(problems)


def _override(data: dict[str, Any], owner: _Owner, text: str) -> Problem | None:
    """Make one override in place, or return what is wrong with it."""
    try:
        keys, value_text = split_assignment(text)
    except ValueError as error:
        return Problem(OVERRIDES, None, "", f'"{text}" {error}')
    try:
        value = _override_value(value_text)
        node: Any = data
        path: KeyPath = ()
        for key in keys[:-1]:
            part = _step(node, key, path, new=False)
            node = node[part]
            path = (*path, part)
            owner = owner.below.setdefault(part, _Owner(owner.layer))
        last = _step(node, keys[-1], path, new=True)
    except ValueError as error:
        return Problem(OVERRIDES, None, dotted(tuple(keys)), str(error))
    node[last] = value
    owner.below[last] = _Owner(None)
    return None


def _override_value(text: str) -> Any:
    """Read the value of an override. Raises ValueError if it is empty or a broken TOML value."""
    if not text:
        raise ValueError("has no value after the equals sign")
    try:
        table = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError as error:
        if text[0] in "\"'[{":
            raise ValueError(f"{text} is not a TOML value: {_PLACE.sub('', str(error))}") from error
        return text
    if len(table) > 1:
        raise ValueError("holds more than one value")
    return table["value"]


def _step(node: object, key: str, path: KeyPath, *, new: bool) -> str | int:
    """Return the key or position by which an override goes on from `node`.

    Raises ValueError if there is none; a table takes a new key if `new`, since the check of the keys comes
    later.
    """
    where = dotted(path) or "the scenario"
    if isinstance(node, list):
        if key.isascii() and key.isdigit() and int(key) < len(node):
            return int(key)
        wanted = f"a position from 0 to {len(node) - 1}" if node else "nothing, it is empty"
        raise ValueError(f'"{key}" is no item of {where}; wanted {wanted}')
    if not isinstance(node, dict):
        raise ValueError(f'{where} is a single value and has no "{key}"')
    if key not in node and not new:
        guess = nearest(key, node) or f"; it has {', '.join(dotted((name,)) for name in node) or 'no keys'}"
        raise ValueError(f'{where} has no "{key}"{guess}')
    return key


def _canonical(value: Any) -> Any:
    """Return a value as JSON can hold it, the same for values that are equal to the model."""
    if isinstance(value, Mapping):
        kept = {key: _canonical(item) for key, item in value.items() if not _is_for_people(key, item)}
        named = bool(kept) and all(isinstance(item, dict) for item in kept.values())
        return [[key, item] for key, item in kept.items()] if named else dict(sorted(kept.items()))
    if isinstance(value, list | tuple):
        return [_canonical(item) for item in value]
    if isinstance(value, datetime | date | time):
        return {type(value).__name__: value.isoformat()}
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _without_example(key: str, value: Any) -> Any:
    """Return a top-level value, without the table that names a replication to be shown."""
    if key != UNHASHED_KEY[0] or not isinstance(value, Mapping):
        return value
    return {name: item for name, item in value.items() if name != UNHASHED_KEY[1]}


def _is_for_people(key: str, value: object) -> bool:
    """Tell whether a key holds words only; a table of that name (`[intruders.note]`) does not."""
    return key in UNHASHED and not isinstance(value, Mapping)
