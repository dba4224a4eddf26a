"""Events and comparisons in plain words, with the labels of the scenario instead of its ids."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from plots.encounter import Event, ordinal, pair_labels
from sim.command import event_of

if TYPE_CHECKING:
    from sim.scenario import Scenario
    from sim.store import Recorded

TOLD: Final[Mapping[str, str]] = {
    "appears": "{who} appears",
    "ends": "{who} ends its route",
    "formed": "{who} and {about} join up",
    "track": "{who} has a track of {about}",
    "track-lost": "{who} loses the track of {about}",
    "readied": "{who} is called to its cockpits for {about}",
    "assigned": "{who} is sent to {about}",
    "seated": "{who}: crews are in their cockpits",
    "stands-down": "{who} stands down",
    "on-station": "{who} is on station",
    "asks-relief": "{who} asks for relief",
    "returns": "{who} flies home",
    "lands": "{who} lands",
    "joined": "{who} joins {about}",
    "identified": "{who} identifies {about} by eye",
    "turns": "{who} leaves its route",
    "face-off": "fighters of both sides are beside {about}",
    "face-off-ends": "fighters of both sides are no longer beside {about}",
}
"""Kinds of event that need no more than who did it, about which flight."""

MAIN: Final = frozenset(
    (
        *(
            "appears",
            "ends",
            "formed",
            "airborne",
            "on-station",
            "joined",
            "identified",
            "parts",
            "called-off",
        ),
        *("answers", "reports", "turns", "face-off", "face-off-ends", "stage-refused", "stage-unmet"),
    )
)
"""Kinds of event that a first look at a run should show; decisions and measures are shown besides."""

ZONES_OF_NOTE: Final = ("identification", "airspace")


@dataclass(frozen=True)
class Teller:
    """Writes the events of a recorded replication in words."""

    scenario: Scenario
    labels: Mapping[str, str]
    """Of flights, pairs, posts and sides by their ids; an id that is none of them stands for itself."""

    @classmethod
    def of(cls, recorded: Recorded) -> Teller:
        """Return the teller of a replication."""
        scenario = recorded.scenario
        parts: tuple[Mapping[str, Any], ...] = (
            scenario.sides,
            scenario.command.posts,
            scenario.intruders,
        )
        labels = {name: each.label for part in parts for name, each in part.items()}
        return cls(scenario, labels | pair_labels(recorded, set(scenario.fighters.pairs)))

    def label(self, name: str) -> str:
        """Return the label of a flight, pair, post or side."""
        return self.labels.get(name, name.replace("-", " "))

    def told(self, event: Event) -> str:
        """Return an event in a few words."""
        kind, data = event["kind"], event["data"]
        who, about = self.label(event["who"]), self.label(event["about"])
        if kind in ("enters", "leaves"):
            again = f" ({ordinal(data['stay'])} time)" if data["stay"] > 1 else ""
            return f"{who} {kind} {self.scenario.zones[data['zone']].label}{again}"
        if "stage" in data:
            return self._stage(kind, data, who, about)
        if "hazard" in data:
            return f"{self.scenario.escalation.hazards[data['hazard']].label} ({about})"
        if self._measure(event) is not None:
            return self._act(event)
        special = SPECIAL.get(kind)
        if special is not None:
            return special(who, about, data)
        if kind in TOLD:
            return TOLD[kind].format(who=who, about=about)
        return f"{who}: {kind.replace('-', ' ')}" + (f" ({about})" if about not in ("", who) else "")

    def is_main(self, event: Event) -> bool:
        """Return whether a first look at the run should show an event."""
        kind, data = event["kind"], event["data"]
        if kind in ("enters", "leaves"):
            return self.scenario.zones[data["zone"]].kind in ZONES_OF_NOTE
        if "stage" in data:
            stage = self.scenario.command.stages[data["stage"]]
            return kind in MAIN or kind == event_of(data["stage"], stage)
        if kind == "call":
            return bool(data["number"] == 1)
        return kind in MAIN or "hazard" in data or self._measure(event) is not None

    def act(self, event: Event) -> str | None:
        """Return how an act on the ladder of warnings looks: `pass`, `flares` or `fire`; None for other events."""
        rule = self._measure(event)
        if rule is None:
            return None
        return "fire" if rule.burst_s is not None else "flares" if rule.flares is not None else "pass"

    def rungs(self, event: Event) -> list[int]:
        """Return the numbers from 0 of the rungs that an event reaches."""
        told = event["kind"], event["about"], event["data"]
        return [at for at, rung in enumerate(self.scenario.escalation.rungs) if rung.reached_with(*told)]

    def _measure(self, event: Event) -> Any:
        ladder = self.scenario.warning.get(event["data"].get("side", ""))
        return None if ladder is None else ladder.measures.get(event["kind"])

    def _stage(self, kind: str, data: Mapping[str, Any], who: str, about: str) -> str:
        name = self.scenario.command.stages[data["stage"]].label or data["stage"].replace("-", " ")
        said = {
            "stage-started": f"{who} begins: {name}",
            "stage-dropped": f"{who} drops: {name}",
            "stage-refused": f"{who} says no: {name}",
            "stage-unmet": f"{who} never came to: {name}",
        }.get(kind, f"{who} {name}")
        return f"{said} ({about})" if about else said

    def _act(self, event: Event) -> str:
        data = event["data"]
        kind, number = event["kind"].replace("-", " "), data["number"]
        details = [
            f"{data[key]:g} {unit}"
            for key, unit in (("flares", "flares"), ("rounds", "rounds"), ("distance_km", "km off"))
            if key in data
        ]
        detail = f": {', '.join(details)}" if details else ""
        return f"{self.label(event['about'])}: {kind} {number} by {self.label(event['who'])}{detail}"


def _airborne(who: str, about: str, _: Mapping[str, Any]) -> str:
    return f"{who} takes off" + (f" for {about}" if about else " for its station")


def _because(words: str) -> Callable[[str, str, Mapping[str, Any]], str]:
    def said(who: str, about: str, data: Mapping[str, Any]) -> str:
        reason = f" ({data['reason']})" if "reason" in data else ""
        return words.format(who=who, about=about) + reason

    return said


def _noticed(words: str) -> Callable[[str, str, Mapping[str, Any]], str]:
    def said(who: str, _: str, data: Mapping[str, Any]) -> str:
        number = f" {data['number']}" if "number" in data else ""
        return f"{who}: the crew {words} {data.get('act', 'call').replace('-', ' ')}{number}"

    return said


def _call(who: str, about: str, data: Mapping[str, Any]) -> str:
    return f"{who} calls {about} by radio (call {data['number']})"


def _unfilled(who: str, about: str, data: Mapping[str, Any]) -> str:
    return f"{who}: no pair can be there ({data['task']}, {about})"


def _lapsed(who: str, about: str, data: Mapping[str, Any]) -> str:
    return f"{about}: {data['measure'].replace('-', ' ')} {data['number']} of {who} comes to nothing"


SPECIAL: Final[Mapping[str, Callable[[str, str, Mapping[str, Any]], str]]] = {
    "airborne": _airborne,
    "parts": _because("{who} leaves {about}"),
    "called-off": _because("{who} is called off"),
    "call": _call,
    "unfilled": _unfilled,
    "lapsed": _lapsed,
    "notices": _noticed("notices"),
    "answers": _noticed("answers"),
    "reports": _noticed("reports"),
}
"""Kinds of event whose data is told too."""


def reported(value: Any) -> str:
    """Return a reported time or number as it is printed: `20–29`, `09:09–09:12`, `≥ 25`, `before 09:09`.

    >>> reported("09:09:00..09:12:00"), reported("25..")
    ('09:09–09:12', '≥ 25')
    """
    text = f"{value:g}" if isinstance(value, int | float) else str(value)
    low, dots, high = text.partition("..")
    low, high = _short(low), _short(high)
    if not dots:
        return low
    if not high:
        return f"≥ {low}"
    return f"{low}–{high}" if low else f"≤ {high}"


def _short(time: str) -> str:
    """Leave out the seconds of a clock time that has none, since it was reported to the minute."""
    return time.removesuffix(":00") if time.count(":") == 2 else time


def signed(gap: float, unit: str = "") -> str:
    """Return a gap with its sign, a true minus and its unit.

    >>> signed(-14, "s"), signed(0)
    ('−14 s', '0')
    """
    text = f"{gap:+g}".replace("-", "−") if gap else "0"
    return f"{text} {unit}".rstrip()


def verdict(row: Mapping[str, Any]) -> str:
    """Return `ok` or `off`, or `not` where a run does not bear out one of several disputed versions."""
    if row["ok"]:
        return "ok"
    return "not" if row["disputed"] and row["role"] == "check" else "off"
