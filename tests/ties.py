"""Random encounters in which much falls into one step: coarse steps, fixed delays, several flights on one way.

Where nothing hangs on the order in which processes wake in a step, the engines agree on them.  In the scenarios of
`tests/scenarios.py` such ties are rare.  `python -m tests.ties SECONDS SEED` compares as many as there is time for.
"""

from __future__ import annotations

import random
import sys
import time
import tomllib
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from sim.scenario import Scenario, problems
from tests.agreement import asking_everything, differences
from tests.encounters import ENCOUNTER, GUEST, SECOND, SOUTHERN, merged

ZONES = {
    "wide": {"label": "Wide", "kind": "trigger", "lat_deg": 0.0, "lon_deg": 0.5, "radius_nmi": 120},
    "split": {
        "label": "Left and entered again",
        "kind": "trigger",
        "vertices_deg": [
            *([-0.5, -2.0], [0.5, -2.0], [0.5, -1.2], [-0.1, -1.2]),
            *([-0.1, -0.2], [0.5, -0.2], [0.5, 1.5], [-0.5, 1.5]),
        ],
    },
}
SIGNALS = ("track", "joined", "call", "answers", "block", "enters:ring", "enters:wide", "leaves:ring")
ACTS = ("call", "block", "flares")

Data = dict[str, Any]


def encounters(seed: int) -> Iterator[Scenario]:
    """Yield random encounters without end."""
    chance = random.Random(seed)
    while True:
        data = _encounter(chance)
        try:
            scenario = Scenario.model_validate(data)
        except ValidationError:
            continue
        if not list(problems(scenario)):
            yield scenario


def _encounter(chance: random.Random) -> Data:
    data = tomllib.loads(ENCOUNTER)
    for piece in (SECOND, GUEST % chance.choice(["06:00:00", "06:04:00"]), SOUTHERN):
        if chance.random() < 0.7:
            data = merged(data, tomllib.loads(piece))
    data["clock"]["step_s"] = chance.choice([10, 30, 60])
    data["zones"] |= ZONES
    _arm(chance, data)
    _command(chance, data)
    data["warning"] = {side: _ladder(chance) for side in ("north", "south") if chance.random() < 0.7}
    data["crew"] = {flight: _crew(chance) for flight in data["intruders"]}
    hazards = [{"during": "beside"}, {"during": "face-off"}, {"on": "call", "delay_s": _delay(chance)}]
    shares = {"label": "Hazard", "leads_to": "incident", "low_share": 0.0, "high_share": 1.0}
    hazard = shares | {"share": chance.choice([0.3, 1.0])} | chance.choice(hazards)
    data["escalation"] = {"hazards": {"hazard": hazard} if data["warning"] else {}}
    return data


def _delay(chance: random.Random) -> Any:
    if chance.random() < 0.2:
        return {"dist": "uniform", "low": 0, "high": 120}
    return chance.choice([0, 10, 30, 60, 60, 90, 120, 180])


def _share(chance: random.Random) -> float:
    return chance.choice([0.0, 0.05, 0.2, 0.5, 1.0])


def _arm(chance: random.Random, data: Data) -> None:
    """Give the sides more pairs, little fuel, and zones in which they stay beside a flight."""
    fighters, north = data["fighters"], data["sides"]["north"]
    fast = fighters["types"]["fast"] | {"join_s": _delay(chance)}
    fast["endurance_s"] = chance.choice([2500, 3000, 3500, 4000, 7000])
    fighters["types"] = {"fast": fast, "slow": fast | {"ground_speed_kt": 500}}
    fighters["policies"]["north"]["relief_lead_s"] = chance.choice([0, 600, 1000])
    north["shadow_zone"] = chance.choice(["ring", "wide"])
    for number in range(chance.randint(0, 3)):
        kind, base = chance.choice(["fast", "slow"]), chance.choice(["near", "far"])
        more = {"side": "north", "type": kind, "base": base, "alert": "five"}
        fighters["pairs"][f"more-{number}"] = more
    if "south-field" in fighters["bases"]:
        second = {"side": "south", "type": "fast", "base": "south-field", "alert": "five"}
        fighters["pairs"]["escort-2"] = second
        fighters["policies"]["south"]["relief_lead_s"] = chance.choice([0, 300, 600])
        data["sides"]["south"]["shadow_zone"] = chance.choice(["ring", "wide"])


def _command(chance: random.Random, data: Data) -> None:
    """Add posts, links and stages, some of which give orders."""
    command, types = data["command"], data["fighters"]["types"]
    command["posts"]["cabin"] = {"label": "Cabin", "side": "south"}
    command["links"]["cabin-tower"] = {"posts": ["cabin", "tower"], "delay_s": _delay(chance)}
    command["links"]["desk-tower"] = {"posts": ["desk", "tower"], "delay_s": _delay(chance)}
    command["stages"]["decide"]["pairs"] = chance.choice([1, 2])
    for number in range(chance.randint(0, 4)):
        stage: Data = {"post": "tower", "delay_s": _delay(chance), "after_any": chance.sample(SIGNALS, 2)}
        if chance.random() < 0.3:
            stage["unless"] = [chance.choice(SIGNALS)]
        if chance.random() < 0.5:
            stage["per"] = chance.choice(["ring", "wide", "core"])
        if chance.random() < 0.7:
            stage |= {"orders": chance.choice(["scramble", "ready"]), "pairs": chance.choice([1, 2, 3])}
            if chance.random() < 0.3:
                stage["types"] = [chance.choice(list(types))]
            if chance.random() < 0.3:
                stage["about"] = [chance.choice(list(data["intruders"]))]
        command["stages"][f"stage-{number}"] = stage


def _ladder(chance: random.Random) -> Data:
    """Return calls, and up to two measures."""
    calls = {
        "after": [chance.choice(["track", "joined", "enters:wide"])],
        "zone": chance.choice(["ring", "wide"]),
    }
    delays = {"first_s": _delay(chance), "interval_s": _delay(chance), "most": chance.choice([1, 3, 8])}
    measures: Data = {}
    for name in ACTS[1 : chance.randint(1, 3)]:
        most = chance.choice([1, 2, 6])
        rule = {"zone": chance.choice(["ring", "wide", "core"]), "delay_s": _delay(chance), "most": most}
        rule |= {"after_calls": chance.randint(0, 2)}
        if most > 1:
            rule["interval_s"] = _delay(chance)
        if measures:
            rule["spacing_s"] = _delay(chance)
        measures[name] = rule
    return {"per": chance.choice(["ring", "wide"]), "calls": calls | delays, "measures": measures}


def _crew(chance: random.Random) -> Data:
    shares = {
        what: {act: _share(chance) for act in ACTS}
        for what in ("notices_share", "reports_share", "turns_share")
    }
    delays = {f"{what}_s": _delay(chance) for what in ("notice", "answer", "report", "reaction")}
    return {"post": chance.choice(["cabin", "desk"]), "answers_share": _share(chance), **shares, **delays}


def found(seed: int, count: int, until: float = float("inf")) -> tuple[int, list[str]]:
    """Compare the engines on encounters of a seed; return on how many, and where the first that differs differs."""
    compared = 0
    for scenario in encounters(seed):
        if compared == count or time.monotonic() > until:
            break
        lines = differences(asking_everything(scenario), seed, compared, 2)
        if lines:
            return compared, [f"encounter {compared} of seed {seed}: {line}" for line in lines]
        compared += 1
    return compared, []


if __name__ == "__main__":
    compared, lines = found(int(sys.argv[2]), sys.maxsize, time.monotonic() + float(sys.argv[1]))
    sys.stdout.write("\n".join([f"{compared} encounters agree", *lines[:20], ""]))
    sys.exit(bool(lines))
