"""A small encounter without chance on the equator, which tests change line by line.

A visitor flies east along the equator from 3 degrees west to 3 degrees east of the middle at 360 kt, 185.2 m/s: a
degree takes 601.08 s.  The ring of 60 nmi about the middle is entered after 1203.2 s and left after 2403.2 s, the core
of 12 nmi after 1683.2 and 1923.2 s; the route ends after 3606.5 s.  A radar sees it all the time.  The field of the
pairs is one degree of latitude north of the middle.
"""

from __future__ import annotations

import tomllib
from typing import Any

from sim.log import Record
from sim.run import Replication, replications
from sim.scenario import Scenario, problems

RING = (1204, 2404)
CORE = (1684, 1924)

ENCOUNTER = """
scenario.title = "An encounter without chance"
clock = { start = 2020-03-01T06:00:00+00:00, end = 08:30:00 }
centre = { lat_deg = 0.0, lon_deg = 0.0 }

[sides]
north = { label = "North", control = "tower", airspace = "core", identification_zone = "ring" }
south = { label = "South", control = "desk" }

[zones]
ring = { label = "Ring", kind = "identification", owner = "north", lat_deg = 0.0, lon_deg = 0.0, radius_nmi = 60 }
core = { label = "Core", kind = "airspace", owner = "north", lat_deg = 0.0, lon_deg = 0.0, radius_nmi = 12 }

[intruders.visitor]
label = "Visitor"
side = "south"
type = "bomber"
altitude_ft = 30000
route = [
    { at = 06:00:00, lat_deg = 0.0, lon_deg = -3.0 },
    { ground_speed_kt = 360, lat_deg = 0.0, lon_deg = 3.0 },
]

[sensing.radars.dish]
label = "Radar"
post = "tower"
lat_deg = 0.0
lon_deg = 0.0
height_m = 1000
range_km = 500
scan_period_s = 1
hit_share = 1.0
confirm_hits = 1
confirm_scans = 1

[command.posts]
tower = { label = "Tower", side = "north" }
ministry = { label = "Ministry", side = "north" }
desk = { label = "Desk", side = "south" }

[command.links.line]
posts = ["tower", "ministry"]
delay_s = 5

[command.stages.decide]
post = "tower"
after_all = ["track"]
delay_s = 60
orders = "scramble"

[fighters.types.fast]
label = "Fast"
ground_speed_kt = 600
climb_s = 60
endurance_s = 7000
join_s = 30
identify_s = 20

[fighters.bases.near]
label = "Near"
lat_deg = 1.0
lon_deg = 0.0

[fighters.bases.far]
label = "Far"
lat_deg = 3.0
lon_deg = 0.0

[fighters.alerts.five]
label = "five minutes"
airborne_s = 300
seat_s = 120
airborne_from_cockpit_s = 100

[fighters.policies.north]
relief_lead_s = 600
spare_s = 0

[fighters.pairs]
first = { side = "north", type = "fast", base = "near", alert = "five" }
"""

GUEST = """
[intruders.guest]
label = "Guest"
side = "south"
type = "bomber"
altitude_ft = 30000
route = [
    { at = %s, lat_deg = 0.0, lon_deg = -3.0 },
    { ground_speed_kt = 360, lat_deg = 0.0, lon_deg = 3.0 },
]
"""
"""A second flight on the same way, at a clock time of its own."""

SECOND = 'fighters.pairs.second = { side = "north", type = "fast", base = "near", alert = "five" }'

SOUTHERN = """
[fighters.bases.south-field]
label = "South field"
lat_deg = -1.0
lon_deg = 0.0

[fighters.policies.south]
relief_lead_s = 0
spare_s = 0

[fighters.pairs.escort]
side = "south"
type = "fast"
base = "south-field"
alert = "five"

[sensing.radars.plate]
label = "Southern radar"
post = "desk"
lat_deg = 0.0
lon_deg = 0.0
height_m = 1000
range_km = 500
scan_period_s = 1
hit_share = 1.0
confirm_hits = 1
confirm_scans = 1

[sides.south]
watches = ["visitor"]

[command.stages.escort]
post = "desk"
after_all = ["track"]
delay_s = 660
orders = "scramble"
"""
"""Fighters of the visitor's own side, which come ten minutes after those of the other."""


def merged(data: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Return one table laid over another."""
    both = dict(data)
    for key, value in over.items():
        deep = isinstance(value, dict) and isinstance(both.get(key), dict) and "dist" not in value
        both[key] = merged(both[key], value) if deep else value
    return both


def scenario(*changes: str) -> Scenario:
    """Return the encounter with changes laid over it, each a piece of TOML."""
    data = tomllib.loads(ENCOUNTER)
    for change in changes:
        data = merged(data, tomllib.loads(change))
    made = Scenario.model_validate(data)
    assert list(problems(made)) == []
    return made


def encounter(*changes: str, seed: int = 1) -> Replication:
    """Run the encounter once, with changes."""
    return next(replications(scenario(*changes), seed, 1))


TURNS = "crew.visitor.turns_share = { call = 1.0 }"


def turning_at(step: int, *changes: str) -> tuple[str, ...]:
    """Return changes with which the visitor turns away at a step; with the given ones it is called in good time."""
    (early,) = steps(encounter(*changes, TURNS, "crew.visitor.reaction_s = 1"), "turns")
    return (*changes, TURNS, f"crew.visitor.reaction_s = {1 + step - early}")


def records(replication: Replication, kind: str, who: str | None = None) -> list[Record]:
    """Return the records of a kind, of one doer if named."""
    return [r for r in replication.log if r.kind == kind and who in (None, r.who)]


def steps(replication: Replication, kind: str, who: str | None = None) -> list[int]:
    """Return the steps of the records of a kind."""
    return [record.step for record in records(replication, kind, who)]


def cause(replication: Replication, record: Record) -> Record:
    """Return the record that caused one."""
    assert record.cause is not None
    return replication.log[record.cause]
