"""What an outcome is called in figures and tables: words with the labels of the scenario, instead of its ids."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sim.measures import rung_key

if TYPE_CHECKING:
    from sim.scenario import Scenario

IN_TIME = ".in_time"
"""How the name of a margin ends of which only the sign is asked, see `sim/estimates.py`."""


def outcome_label(stem: str, scenario: Scenario) -> str:
    """Return in words what the share of an outcome counts, as `warning shots` for `rung.warning-shots`.

    What the catalogue does not know stands for itself.
    """
    if stem.endswith(IN_TIME):
        return f"{outcome_label(stem.removesuffix(IN_TIME), scenario)}, in time"
    for rung in scenario.escalation.rungs:
        if rung_key(rung.name) == f"{stem}.at":
            return rung.name
    if stem == "highest_rung_name":
        return "any rung"
    first, second, *rest = [*stem.split("."), ""]
    if first == "fact" and second in scenario.facts:
        return scenario.facts[second].statement
    if first in scenario.intruders:
        return _of_flight(stem, scenario)
    if first in scenario.sides:
        return _of_side(first, second, [part for part in rest if part], scenario) or stem
    return stem


def _of_flight(stem: str, scenario: Scenario) -> str:
    """Return in words what happened to a flight, or within one of its stays in a zone."""
    flight, what, *rest = stem.split(".")
    who = scenario.intruders[flight].label
    if not rest:
        return {"turns": f"{who} leaves its route", "closest": f"{who} flies"}.get(what, stem)
    if what not in scenario.zones or not rest[0].isdecimal():
        return stem
    stay = f"stay {rest[0]} of {who} in {scenario.zones[what].label}"
    if len(rest) == 2:  # its start, its end, its length: they are there if there is such a stay
        return stay
    measure = rest[1].replace("-", " ")
    return f"authority for {measure} in {stay}" if rest[2] == "authority_margin" else f"{measure} in {stay}"


def _of_side(side: str, flight: str, rest: list[str], scenario: Scenario) -> str | None:
    """Return in words what a side did about a flight; None for what cannot be absent."""
    if flight not in scenario.intruders or len(rest) == 0:
        return None
    who, whom = scenario.sides[side].label, scenario.intruders[flight].label
    if rest == ["joined"]:
        return f"fighters of {who} beside {whom}"
    if rest == ["escort_late"]:
        return f"escort of {whom} by {who}"
    return f"{rest[0].replace('-', ' ')} by {who} to {whom}" if rest[1:] == ["least"] else None


def broken(path: str, letters: int) -> str:
    """Return a dotted path in lines of at most so many letters that end at a dot, where they can.

    >>> broken("command.stages.authorise-fire.delay_s.median", 31).splitlines()
    ['command.stages.authorise-fire.', 'delay_s.median']
    """
    lines = [""]
    for part in re.split(r"(?<=\.)", path):
        if lines[-1] and len(lines[-1]) + len(part) > letters:
            lines.append("")
        lines[-1] += part
    return "\n".join(lines)
