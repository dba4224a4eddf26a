"""Monotone sanity on July 2019: more delay, or less speed, never helps, replication by replication.

What is stated is what must hold in each replication under common random numbers, not only on average.  Where a
statement needs a condition, the condition is part of it: a dispatcher may send another pair when speeds change, an
order that comes after the crews were called to their cockpits is carried out sooner than one before, and a crew that
is warned earlier may turn earlier.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from sim.clock import NEVER
from sim.draws import Uniforms
from sim.log import Record
from sim.many import simulate
from sim.outcomes import Outcomes
from sim.run import Replication, prepare, replicate
from sim.scenario import Scenario, read

SEED, COUNT = 3, 2000
KT = {"f-15k": 500, "kf-16": 500, "f-15j": 500, "f-2": 500, "mig-31bm": 700, "su-35s": 540}


def law(path: str, median_s: float, p95_s: float) -> str:
    """Return the override that makes a delay lognormal; both numbers times one factor move every quantile by it."""
    return f"{path}={{ dist = 'lognormal', median = {median_s}, p95 = {p95_s} }}"


def speeds(factor: float) -> tuple[str, ...]:
    """Return the overrides that make every fighter faster by a factor."""
    return tuple(f"fighters.types.{kind}.ground_speed_kt={kt * factor:.1f}" for kind, kt in KT.items())


@cache
def july(*overrides: str) -> Outcomes:
    """Return the outcomes of July 2019 with overrides."""
    return simulate(read("july-2019", overrides)[0], COUNT, SEED)


def steps(outcomes: Outcomes, column: str) -> np.ndarray:
    """Return a time of each replication, one later than all where it did not come."""
    return np.ma.filled(outcomes[column].astype(np.int64), NEVER)


def never_earlier(base: Outcomes, later: Outcomes, column: str, *, moved: int) -> None:
    """Assert that a time never comes earlier, nor where it did not come before; and that some were moved."""
    before, after = steps(base, column), steps(later, column)
    assert np.flatnonzero(after < before).tolist() == []
    assert np.count_nonzero(after > before) >= moved


@pytest.mark.parametrize("factor", [1.1, 4.0])
def test_a_longer_authority_delay_never_brings_a_first_shot_earlier(factor: float) -> None:
    """Until the first shot the authority sets nothing else going, so a later one can only delay it or prevent it."""
    path = "command.stages.authorise-fire.delay_s"
    later = july(law(path, 110 * factor, 190 * factor))
    never_earlier(july(law(path, 110, 190)), later, "rung.warning-shots.at_s", moved=COUNT // 2)


MOSCOW = "command.stages.decide-escort.delay_s"
ASKED = ("command.stages.decide-escort.yes_share=1.0", "crew.a50.reports_share.call=0.5")
"""Moscow is asked about nearly every A-50, and always says yes."""


@pytest.mark.parametrize("factor", [1.1, 3.0])
def test_a_longer_decision_in_moscow_never_brings_its_order_earlier(factor: float) -> None:
    """Nothing that leads to the order hangs on when it is given."""
    later = july(*ASKED, law(MOSCOW, 2100 * factor, 7200 * factor))
    never_earlier(july(*ASKED), later, "rung.opposite-fighters-called.at_s", moved=COUNT // 2)


@pytest.mark.parametrize("factor", [1.3, 3.0])
@pytest.mark.parametrize("median_s", [100, 1000])
def test_a_longer_decision_in_moscow_never_brings_escorts_earlier(median_s: int, factor: float) -> None:
    """One flight asks, and the crews are called before any order: then a later order is a later arrival.

    Without that an order a minute later can find the crew of a pair called in between, and be carried out sooner.
    """
    called = (
        "command.stages.ready-escort.delay_s=1",
        "crew.tu95.reports_share.call=0.0",
        "crew.tu95.reports_share.block=0.0",
    )
    base, later = (
        july(*ASKED, *called, law(MOSCOW, median_s * times, 4 * median_s * times)) for times in (1.0, factor)
    )
    never_earlier(base, later, "russia.a50.joined.at_s", moved=COUNT // 4)


def with_pair(name: str, *overrides: str) -> Scenario:
    """Return July 2019 with one pair as the only fighters of its side."""
    scenario, _ = read("july-2019", overrides)
    side = scenario.fighters.pairs[name].side
    pairs = {key: pair for key, pair in scenario.fighters.pairs.items() if key == name or pair.side != side}
    return scenario.model_copy(update={"fighters": scenario.fighters.model_copy(update={"pairs": pairs})})


@pytest.mark.parametrize("factor", [1.05, 1.5])
@pytest.mark.parametrize(("pair", "side"), [("daegu-1", "korea"), ("tsuiki-1", "japan")])
def test_one_faster_pair_never_joins_later(pair: str, side: str, factor: float) -> None:
    """Where a side has one pair it is beside the first flight no later for flying faster, unless that has turned."""
    kind = read("july-2019")[0].fighters.pairs[pair].type
    slow, fast = (
        simulate(with_pair(pair, f"fighters.types.{kind}.ground_speed_kt={500 * times}"), COUNT, SEED)
        for times in (1.0, factor)
    )
    column = f"{side}.h6k.joined.at_s"
    on_script = np.ma.getmaskarray(slow["h6k.turns.at_s"]) & np.ma.getmaskarray(fast["h6k.turns.at_s"])
    assert on_script.mean() > 0.9
    before, after = steps(slow, column)[on_script], steps(fast, column)[on_script]
    assert np.flatnonzero(after > before).tolist() == []
    assert np.count_nonzero(after < before) > COUNT / 2


def flights(replication: Replication) -> dict[tuple[str, str, int], tuple[Record, Record]]:
    """Return (assigned, joined) of each pair from the ground by (pair, flight, step of the order).

    Left out are those whose flight had turned before.
    """
    log = replication.log
    turned = {r.who: r.step for r in log.of_kind("turns")}
    found = {}
    for joined in log.of_kind("joined"):
        chain = log.causes(joined)
        if [r.kind for r in chain[:3]] == ["joined", "airborne", "assigned"]:
            assigned = chain[2]
            if turned.get(joined.about, NEVER) > joined.step and assigned.data["was"] == "ground":
                found[joined.who, joined.about, assigned.step] = (assigned, joined)
    return found


def test_the_same_pair_sent_in_the_same_step_never_joins_later_for_flying_faster() -> None:
    """Take-off, climb and joining are drawn alike, and who flies faster meets no later."""
    uniforms = Uniforms(SEED)
    compared = 0
    slow, fast = (prepare(read("july-2019", speeds(factor))[0]) for factor in (1.0, 1.2))
    for number in range(12):
        slower, faster = (flights(replicate(each, uniforms, number)) for each in (slow, fast))
        for key in slower.keys() & faster.keys():
            compared += 1
            assert faster[key][1].step <= slower[key][1].step, (number, key)
    assert compared > 30
