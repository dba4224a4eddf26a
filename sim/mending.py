"""The rest of a scenario file in which some values are wrong, made readable so that it can be checked at once.

The problem: a check between sections looks at the whole scenario as records, and there are none while one field is
wrong.  To stop there would show an author the errors of a file in two instalments.  The solution: put a harmless value
in the place of each wrong one, read that, check it, and keep the findings that look at nothing that was put in.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from sim.errors import closest
from sim.findings import Finding, choices_at, findings, keys_at
from sim.toml_lines import KeyPath

MOST_WRONG: Final = 24
"""Where so many values are still wrong none is mended one by one: it takes seconds, and there is enough to do."""

_ABSENT: Final = object()
_HARMLESS: Final[tuple[Any, ...]] = (
    *(_ABSENT, "mended", 1, 0.5, 0, 8, True, time(0), datetime(2000, 1, 1, tzinfo=UTC), date(2000, 1, 1)),
    *({}, [], ["mended"], ["mended", "mended-too"], [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0]]),
)
"""What is tried in the place of a wrong value, in this order; a table is then filled by the same means.

After these come the words of which one must stand there, and the numbers beside it: a share lies between two others.
"""


@dataclass(frozen=True)
class Mended:
    """Data that a model accepts, the places at which it is not what was written, and those that have a free name."""

    data: dict[str, Any]
    places: tuple[KeyPath, ...]
    names: frozenset[str]

    def sure(self, found: Iterable[Finding]) -> Iterator[Finding]:
        """Yield the findings that do not come, or may not come, of what stands at the mended places."""
        for path, message in found:
            named = any(f'"{name}"' in message or f':{name}"' in message for name in self.names)
            if not named and not any(_hides(place, path) for place in self.places):
                yield path, message


def mend(data: Mapping[str, Any], model: type[BaseModel]) -> Mended | None:
    """Return data that the model accepts, changed where it must be, or None: too much is wrong.

    1. Try a few harmless values at all places at once, so that many errors take hardly longer than one.  2. Take a path
    that is still wrong, and try all of them; in a table whose keys do not go together, at each of its keys.  3. Where
    none will do, go on with the table around it.
    """
    mended = _Mending(copy.deepcopy(dict(data)), model)
    for value in _HARMLESS[:4]:
        mended.settle_all(value)
    wrong = mended.wrong()
    if len(wrong) > MOST_WRONG:
        return None
    while wrong:
        places = _around(wrong[0], mended.data, mended.keys_at(wrong[0]))
        if not any(mended.settle(place, wrong) for place in places):
            return None
        wrong = mended.wrong()
    return Mended(mended.data, tuple(mended.places), frozenset(mended.names))


@dataclass
class _Mending:
    """Data on its way to be accepted by a model."""

    data: dict[str, Any]
    model: type[BaseModel]

    def __post_init__(self) -> None:
        self.places: list[KeyPath] = []
        self.names: set[str] = set()
        self.tried: set[tuple[KeyPath, int]] = set()
        """Where which harmless value has been put in; it is not put there again when its own keys cannot be mended."""

    def wrong(self) -> list[KeyPath]:
        """Return the paths at which the model refuses the data."""
        try:
            self.model.model_validate(self.data)
        except ValidationError as error:
            return [path for path, _ in findings(error, self.model, self.data)]
        return []

    def keys_at(self, path: KeyPath) -> list[str]:
        """Return the keys that the table at a path may have; none if its author names them."""
        return keys_at(path, self.model, self.data)

    def settle_all(self, value: Any) -> None:
        """Put in a value at every single value that is wrong, and keep it where nothing is wrong then."""
        wrong = [path for path in self.wrong() if path and not isinstance(_at(self.data, path), dict | list)]
        fitting = [path for path in wrong if isinstance(_at(self.data, path[:-1]), dict)]
        known = {path: self.keys_at(path[:-1]) for path in fitting}
        changes = {path: _Changed(self.data, path, value) for path in fitting}
        for change in changes.values():
            change.make()
        after = self.wrong()
        for path, change in changes.items():
            if any(path[: len(other)] == other[: len(path)] for other in after):
                change.undo()
            else:
                self.keep(path, known[path])

    def keep(self, place: KeyPath, known: list[str]) -> None:
        """Note that a place, at which `known` keys may stand, is not what was written."""
        self.places.append(_meant(place, known))
        if not known and isinstance(place[-1], str):
            self.names.add(place[-1])

    def settle(self, place: KeyPath, wrong: list[KeyPath]) -> bool:
        """Put in at a place what rids the data of the first path that is wrong; return whether there is such a thing.

        There may be no new errors, but for those of an empty table, which wants its keys.
        """
        known = self.keys_at(place[:-1])
        for number, value in enumerate(self._values(place)):
            if (place, number) in self.tried:
                continue
            change = _Changed(self.data, place, value)
            change.make()
            after = self.wrong()
            new = set(after) - set(wrong)
            if wrong[0] not in after and all(value == {} and _below(path, place) for path in new):
                self.keep(place, known)
                self.tried.add((place, number))
                return True
            change.undo()
        return False

    def _values(self, place: KeyPath) -> list[Any]:
        table = _at(self.data, place[:-1])
        beside = table.values() if isinstance(table, dict) else ()
        numbers = [value for value in beside if isinstance(value, float | int)]
        return [*_HARMLESS, *choices_at(place, self.model, self.data), *numbers]


def _around(path: KeyPath, data: dict[str, Any], keys: list[str]) -> Iterator[KeyPath]:
    """Yield the places at which a path may be mended: it itself, in a table its keys, then what is around it."""
    table = _at(data, path)
    if isinstance(table, Mapping):
        named = dict.fromkeys([*table, *keys])
        yield from ((*path, key) for key in sorted(named, key=lambda key: isinstance(table.get(key), str)))
    for length in range(len(path), 0, -1):
        if isinstance(_at(data, path[: length - 1]), dict) or _at(data, path[:length]) is not _ABSENT:
            yield path[:length]


class _Changed:
    """Another value at one place of the data, which can be undone."""

    def __init__(self, data: dict[str, Any], place: KeyPath, value: Any) -> None:
        self.node, self.key, self.value = _at(data, place[:-1]), place[-1], value
        self.old = _at(self.node, (self.key,))

    def make(self) -> None:
        """Put in the value; an item of an array cannot be left out."""
        self._put(self.old if isinstance(self.node, list) and self.value is _ABSENT else self.value)

    def undo(self) -> None:
        """Put in what was there before."""
        self._put(self.old)

    def _put(self, value: Any) -> None:
        if value is not _ABSENT:
            self.node[self.key] = copy.deepcopy(value)
        elif isinstance(self.node, dict):
            self.node.pop(self.key, None)


def _at(data: Any, path: KeyPath) -> Any:
    """Return what stands at a path, `_ABSENT` if nothing does."""
    for part in path:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return _ABSENT
    return data


def _below(path: KeyPath, place: KeyPath) -> bool:
    return len(path) > len(place) and path[: len(place)] == place


def _meant(place: KeyPath, known: list[str]) -> KeyPath:
    """Return the place that a mistyped key was meant to be, or the place itself."""
    name = str(place[-1])
    meant = None if not known or name in known else closest(name, known)
    return place if meant is None else (*place[:-1], meant)


# Which findings look at what was put in.

_NAMES: Final = {
    "sides": "*/*/side command/posts/*/side fighters/pairs/*/side escalation/rungs/*/side zones/*/owner "
    "facts/*/select/by facts/*/select/who/* warning/* fighters/policies/*",
    "zones": "sides/*/identification_zone sides/*/airspace sides/*/shadow_zone zones/*/around warning/*/per "
    "command/stages/*/per warning/*/calls/zone warning/*/measures/*/zone fighters/pairs/*/station facts/*/select/zone "
    "facts/*/select/during/zone",
    "intruders": "sides/*/watches/* intruders/*/forms_with command/stages/*/about/* facts/*/select/about/* "
    "facts/*/select/who/* crew/* fighters/pairs/*",
    "command/posts": "sides/*/control sensing/radars/*/post command/links/*/posts/* command/stages/*/post "
    "crew/*/post facts/*/select/who/*",
    "fighters/types": "command/stages/*/types/* fighters/pairs/*/type facts/*/select/type fighters/pairs/*/station",
    "fighters/bases": "fighters/pairs/*/base fighters/pairs/*/station",
    "fighters/alerts": "fighters/pairs/*/alert",
    "fighters/pairs": "facts/*/select/who/*",
    "fighters/policies": "fighters/pairs/*/side",
}
"""Tables by name, each with the findings that ask whether a name is in it."""

_EVENTS: Final = "zones warning/*/measures command/stages/*/emits escalation/hazards/*/leads_to"
_SIGNALS: Final = (
    "zones warning/*/measures command/stages/*/emits command/stages/*/post command/links/*/posts/* sides/*/control "
    "sensing/radars/*/post crew/*/post"
)
_WINDOW: Final = "clock/start clock/end clock/step_s"
_LOOKS: Final = {
    **dict.fromkeys(
        [
            *(f"command/stages/*/{key}/*" for key in ("after_all", "after_any", "unless")),
            *("warning/*/calls/after/*", "warning/*/measures/*/authority"),
        ],
        _SIGNALS,
    ),
    **dict.fromkeys(
        [
            *(
                "facts/*/select/kind",
                "facts/*/select/by",
                "escalation/hazards/*/on",
                "escalation/hazards/*/leads_to",
            ),
            *("escalation/rungs/*/reached_by/*", "command/stages/*/emits", "warning/*/measures/*"),
            *(f"crew/*/{key}/*" for key in ("notices_share", "reports_share", "turns_share")),
        ],
        _EVENTS,
    ),
    **dict.fromkeys([f"facts/*/{key}" for key in ("at", "earliest", "latest")], _WINDOW),
    "fighters/pairs/*/on_station_at": _WINDOW,
    "intruders/*/route/*/at": f"{_WINDOW} centre/lat_deg centre/lon_deg intruders/=/route/*/*",
    "fighters/pairs/*/station": "centre/lat_deg centre/lon_deg zones/*/lat_deg zones/*/lon_deg "
    "fighters/pairs/=/type fighters/pairs/=/base fighters/bases/*/lat_deg fighters/bases/*/lon_deg "
    "fighters/types/*/ground_speed_kt fighters/types/*/endurance_s",
    "command/stages/*/after_all": "command/stages/*/after_all/* command/stages/*/emits",
    "command/stages/*/per": "command/stages/=/after_all/* command/stages/=/after_any/* command/stages/*/emits "
    "command/stages/*/per",
    "command/stages/*/orders": "fighters/pairs/*/side command/posts/*/side",
    "warning/*/measures": "fighters/pairs/*/side",
    "warning/*/measures/*/spacing_s": "warning/=/measures/*",
    "warning/*/measures/*/after_calls": "warning/=/calls",
    "warning/*": "sides/=/control",
    "facts/*/take": "facts/=/take facts/=/select/kind facts/=/select/zone",
    "facts/*/select/occurrence": "facts/=/take",
    "escalation/rungs/*/name": "escalation/rungs/*/name",
}
"""Findings, each with the values that it looks at beside its own; `=` stands for the finding's own name there."""


def _hides(place: KeyPath, path: KeyPath) -> bool:
    """Return whether a finding may come of what was put in at a place: it is about that, or looks at it."""
    if path[: len(place)] == place:
        return True
    tables = [table for table, found in _NAMES.items() if any(_like(path, each) for each in found.split())]
    if path[-1] == "source":
        tables.append("sources")
    # One of a table's names may be missing, and be the one that was meant.
    if any(_covers(place, each) or _covers(place, f"{each}/*") for each in tables):
        return True
    looked_at = [each for found, values in _LOOKS.items() if _like(path, found) for each in values.split()]
    return any(_covers(place, _bound(each, path)) for each in looked_at)


def _bound(pattern: str, path: KeyPath) -> str:
    """Return a pattern with the names of a path where it has `=`."""
    return "/".join(str(path[at]) if part == "=" else part for at, part in enumerate(pattern.split("/")))


def _like(path: KeyPath, pattern: str) -> bool:
    return len(path) == pattern.count("/") + 1 and _covers(path, pattern)


def _covers(place: KeyPath, pattern: str) -> bool:
    """Return whether what stands at a place is, or holds, a value of a pattern."""
    parts = pattern.split("/")
    return len(place) <= len(parts) and all(
        part in ("*", str(at)) for at, part in zip(place, parts, strict=False)
    )
