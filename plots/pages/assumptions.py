"""What a scenario rests on: each of its numbers with unit, meaning and source, and the documents that it names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel

from plots.pages.swept import value_text
from sim.scenario import Scenario
from sim.spec import unit_of
from sim.toml_lines import dotted

LEFT_OUT: Final = ("scenario", "facts", "sources")
"""Tables that hold no number of the model."""

PLACES: Final = ("lat_deg", "lon_deg")
"""Where something stands: told on the map, not in a table of numbers."""

ASSUMPTION: Final = "assumption"


@dataclass(frozen=True)
class Citation:
    """What a section names as its source: the id of a document, or a text of its own."""

    text: str
    is_document: bool

    @property
    def is_assumption(self) -> bool:
        """Whether it says that the number is assumed."""
        return not self.is_document and self.text.startswith(ASSUMPTION)


@dataclass(frozen=True)
class Number:
    """A number of a scenario."""

    path: str
    key: str
    """Its key within its group."""
    value: str
    """With its unit."""
    meaning: str
    """As the model declares it."""
    is_drawn: bool
    """Whether it is a law from which a value is drawn."""


@dataclass(frozen=True)
class Group:
    """The numbers of one section of a scenario, which share a source."""

    path: str
    label: str
    numbers: tuple[Number, ...]
    citations: tuple[Citation, ...]

    @property
    def rests_on(self) -> str:
        """What the section rests on, in a word: a document, an assumption, both, or nothing that it names."""
        found = {each.is_assumption for each in self.citations}
        if not found:
            return "nothing"
        return "both" if len(found) == 2 else ASSUMPTION if True in found else "document"


@dataclass(frozen=True)
class Document:
    """A document that a scenario names, and how often it is named."""

    name: str
    title: str
    url: str
    date: str
    sections: int
    confidences: tuple[str, ...]
    """Of the facts that rest on it, each once."""
    facts: int


def citations(source: str | Sequence[str] | None, known: Mapping[str, Any]) -> tuple[Citation, ...]:
    """Return what a `source` names, in its order."""
    texts = [] if source is None else [source] if isinstance(source, str) else source
    return tuple(Citation(text, text in known) for text in texts)


def groups(data: Mapping[str, Any], scenario: Scenario) -> list[Group]:
    """Return the numbers of a scenario by section, in the order of the file; places and routes are left out."""
    found = []
    for name, table in data.items():
        if name not in LEFT_OUT and isinstance(table, Mapping):
            found += list(_groups((name,), table, getattr(scenario, name, None), scenario, None))
    return found


def _groups(
    path: tuple[str, ...], table: Mapping[str, Any], model: Any, scenario: Scenario, source: Any
) -> Iterator[Group]:
    """Yield the group of a table, if it holds numbers, and those of the tables inside."""
    source = table.get("source", source)
    numbers = tuple(_numbers(path, table, model))
    if numbers:
        label = table.get("label", "")
        yield Group(dotted(path), str(label), numbers, citations(source, scenario.sources))
    for key, value in table.items():
        if isinstance(value, Mapping) and not _is_value(value, _inside(model, key)):
            yield from _groups((*path, key), value, _inside(model, key), scenario, source)


def _is_value(value: Any, model: Any) -> bool:
    """Return whether something of a file is a number or a law, or numbers by name such as shares by kind of act.

    `model` is what the program made of it, which tells numbers by name from a section that holds only numbers.
    """
    if not isinstance(value, Mapping) or "dist" in value:
        return _is_law(value) or (isinstance(value, int | float) and not isinstance(value, bool))
    by_name = isinstance(model, Mapping) and bool(value)
    return by_name and all(
        _is_law(each) if isinstance(each, Mapping) else _is_value(each, None) for each in value.values()
    )


def _numbers(path: tuple[str, ...], table: Mapping[str, Any], model: Any) -> Iterator[Number]:
    for key, value in table.items():
        if key in PLACES or not _is_value(value, _inside(model, key)):
            continue
        unit = unit_of(key) or ""
        meaning = _meaning(model, key)
        if isinstance(value, Mapping) and "dist" not in value:
            for inner, each in value.items():
                here = f"{key}.{inner}"
                told = value_text(each, "" if unit == "share" else unit)
                yield Number(dotted((*path, key, inner)), here, told, meaning, _is_law(each))
            continue
        told = value_text(value, "" if unit == "share" else unit)
        yield Number(dotted((*path, key)), key, told, meaning, _is_law(value))


def _is_law(value: Any) -> bool:
    return isinstance(value, Mapping) and "dist" in value


def _inside(model: Any, key: str) -> Any:
    return model.get(key) if isinstance(model, Mapping) else getattr(model, key, None)


def _meaning(model: Any, key: str) -> str:
    if not isinstance(model, BaseModel):
        return ""
    declared = type(model).model_fields.get(key)
    return (declared.description or "") if declared is not None else ""


def documents(data: Mapping[str, Any], scenario: Scenario) -> list[Document]:
    """Return the documents that a scenario names, in the order of the file."""
    named: dict[str, int] = {}
    for text in _named({key: table for key, table in data.items() if key not in LEFT_OUT}):
        named[text] = named.get(text, 0) + 1
    facts: dict[str, list[str]] = {}
    for fact in scenario.facts.values():
        for each in citations(fact.source, scenario.sources):
            facts.setdefault(each.text, []).append(fact.confidence)
    return [
        Document(
            name,
            source.title,
            source.url or "",
            "" if source.date is None else source.date.isoformat(),
            named.get(name, 0),
            tuple(dict.fromkeys(facts.get(name, []))),
            len(facts.get(name, [])),
        )
        for name, source in scenario.sources.items()
    ]


def _named(node: Any) -> Iterator[str]:
    """Yield every text that a `source` holds, at any depth."""
    if isinstance(node, Mapping):
        for key, value in node.items():
            if key == "source":
                yield from [value] if isinstance(value, str) else value
            else:
                yield from _named(value)
    elif isinstance(node, list):
        for value in node:
            yield from _named(value)
