"""Sides: whose airspace it is, who answers for it, and which flights a side watches."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from sim.spec import Label, Name, Section


class Side(Section):
    """`[sides.<id>]`: a state or force, its zones and the post that talks to its fighters and to intruders."""

    label: Label
    identification_zone: Name | None = Field(
        default=None, description="zone in which a flight has to identify itself (ADIZ)"
    )
    airspace: Name | None = Field(default=None, description="zone of the side's territorial airspace")
    shadow_zone: Name | None = Field(
        default=None,
        description="zone in which fighters stay beside an intruder; without it they stay to its end",
    )
    control: Name | None = Field(default=None, description="post that controls fighters and calls intruders")
    watches: tuple[Name, ...] | None = Field(
        default=None, description="flights that the side follows; all flights of other sides unless said"
    )


def zones_to_leave(side: Side) -> list[str]:
    """Return the zones that a flight leaves that turns away from a side, in their order."""
    return [zone for zone in (side.airspace, side.identification_zone) if zone is not None]


def watched(sides: Mapping[str, Side], name: str, flight_sides: Mapping[str, str]) -> list[str]:
    """Return the flights that a side follows, in the order of the scenario; `flight_sides` names each one's side."""
    named = sides[name].watches
    if named is not None:
        return [flight for flight in flight_sides if flight in named]
    return [flight for flight, side in flight_sides.items() if side != name]
