"""What a crew notices, answers, reports, and when it turns away."""

from __future__ import annotations

import numpy as np
import pytest

from sim.draws import Uniforms, quantile_index
from sim.run import Replication, replications
from tests.encounters import CORE, RING, TURNS, cause, encounter, records, scenario, steps
from tests.scenarios import known, only
from tests.test_warning import BLOCK, CALLS, CREW

ALL = "crew.visitor.notices_share = { call = 1.0, block = 1.0 }"


def test_a_crew_notices_every_act_or_none_by_its_share() -> None:
    """With share 1 each call is noticed 5 s later, with share 0 none, and a kind that is not named never."""
    run = encounter(CALLS, CREW)
    assert steps(run, "notices") == [step + 5 for step in steps(run, "call")]
    assert [cause(run, r).kind for r in records(run, "notices")] == ["call"] * 4
    assert steps(encounter(CALLS, CREW, "crew.visitor.notices_share.call = 0.0"), "notices") == []
    assert {r.data["act"] for r in records(encounter(BLOCK, CREW), "notices")} == {"call"}
    assert {r.data["act"] for r in records(encounter(BLOCK, CREW, ALL), "notices")} == {"call", "block"}


def test_what_is_not_noticed_has_no_effect() -> None:
    """A crew that would answer, report and turn at once does nothing about what it does not notice."""
    eager = (
        "[crew.visitor]\nanswers_share = 1.0\nreports_share = { call = 1.0 }\nturns_share = { call = 1.0 }\n"
        "notices_share = { call = 0.0 }"
    )
    run = encounter(CALLS, CREW, eager)
    assert [kind for kind in ("notices", "answers", "reports", "turns") if steps(run, kind)] == []


def test_only_calls_are_answered() -> None:
    """With share 1 a noticed call is answered 10 s later, a noticed block is not."""
    run = encounter(BLOCK, CREW, ALL, "crew.visitor.answers_share = 1.0")
    assert steps(run, "answers") == [RING[0] + 30 + 5 + 10]
    assert cause(run, records(run, "answers")[0]).data["act"] == "call"
    assert steps(encounter(BLOCK, CREW, ALL), "answers") == []


def test_an_answer_is_heard_at_the_post_that_called() -> None:
    """A stage at the calling post may wait for the answer."""
    relax = '[command.stages.relax]\npost = "tower"\nafter_all = ["answers"]\ndelay_s = 60'
    run = encounter(CALLS, CREW, "crew.visitor.answers_share = 1.0", relax)
    assert steps(run, "relax") == [RING[0] + 45 + 60]


def test_a_report_names_the_act_and_reaches_the_crews_post() -> None:
    """With share 1 each noticed block is reported 10 s later, and a stage at the post may wait for it."""
    protest = '[command.stages.protest]\npost = "desk"\nafter_all = ["reports"]\ndelay_s = 60'
    run = encounter(BLOCK, CREW, ALL, "crew.visitor.reports_share = { block = 1.0 }", protest)
    assert [(r.step, r.data["act"]) for r in records(run, "reports")] == [
        (step + 5 + 10, "block") for step in steps(run, "block")
    ]
    assert steps(run, "protest") == [steps(run, "reports")[0] + 60]


def test_a_turn_comes_the_reaction_after_the_noticing_and_only_once() -> None:
    """Noticed at 35 s after the entry, turned 20 s later; the flight leaves its route for good."""
    run = encounter(CALLS, CREW, TURNS)
    (turns,) = records(run, "turns")
    assert (turns.step, turns.data["after"]) == (RING[0] + 30 + 5 + 20, "call")
    assert cause(run, turns).kind == "notices"


def test_before_the_turn_a_flight_keeps_to_its_route() -> None:
    """Up to the turn the places are those of the script, after it they are not."""
    run = encounter(CALLS, CREW, TURNS)
    (turns,) = steps(run, "turns")
    flown, script = run.tracks["visitor"].units, run.prepared.tracks["visitor"].units
    assert np.array_equal(flown[: turns + 1], script[: turns + 1])
    assert not np.array_equal(flown[turns + 1], script[turns + 1])


@pytest.mark.parametrize("first_s", [30, 700])
def test_a_turn_goes_the_shortest_way_out_at_the_same_speed(first_s: int) -> None:
    """It is out of the zone after the distance to the nearest edge, whether it turns before or behind the middle."""
    run = encounter(CALLS, CREW, TURNS, f"warning.north.calls.first_s = {first_s}")
    (turns,) = steps(run, "turns")
    sphere, track = run.prepared.sphere, run.tracks["visitor"]
    from_middle_km = float(sphere.distance_km(track.units[turns], sphere.unit(0.0, 0.0)))
    leaves = [r.step for r in records(run, "leaves") if r.data["zone"] == "ring"]
    speed = 360 * 1.852 / 3600
    assert leaves[0] - turns == pytest.approx((60 * 1.852 - from_middle_km) / speed, abs=2)
    step_km = sphere.distance_km(track.units[turns : turns + 600], track.units[turns + 1 : turns + 601])
    assert step_km == pytest.approx(speed, rel=1e-3)


def test_a_turn_in_the_airspace_leaves_that_first_then_the_zone_around_it() -> None:
    """Turned back in the core it leaves the core, then the ring, both by their nearest edges."""
    run = encounter(CALLS, CREW, TURNS, 'warning.north.calls.zone = "core"')
    (turns,) = steps(run, "turns")
    assert turns == CORE[0] + 55
    out = {r.data["zone"]: r.step for r in records(run, "leaves")}
    speed = 360 * 1.852 / 3600
    assert out["core"] - turns == pytest.approx(55, abs=3)  # it came 55 s deep, and goes back as it came
    assert out["ring"] - out["core"] == pytest.approx(48 * 1.852 / speed, abs=3)


def test_the_turn_that_was_decided_for_earlier_wins() -> None:
    """Each call decides for a turn of its own; the flight turns at the earliest, even if decided by a later call."""
    slow = (
        '[crew.visitor]\nreaction_s = { dist = "uniform", low = 0, high = 1000 }\nturns_share = { call = 1.0 }\n'
        "[warning.north.calls]\ninterval_s = 60\nmost = 15"
    )
    later_won = 0
    for run in replications(scenario(CALLS, CREW, slow), 3, 12):
        law = run.prepared.scenario.crew["visitor"].reaction_s
        uniforms = Uniforms(3)
        due = {}
        for noticed in records(run, "notices"):
            u = uniforms.value(run.number, "visitor", "reaction call north 1", noticed.data["number"])
            due[noticed.data["number"]] = noticed.step + max(1, quantile_index(law, u, 1, 10_000))
        (turns,) = records(run, "turns")
        assert turns.step == min(due.values())
        assert due[cause(run, turns).data["number"]] == turns.step
        later_won += cause(run, turns).data["number"] > 1
    assert later_won > 0


def noticed_share(share: float) -> float:
    """Return the share of calls that are noticed in 60 replications of four calls."""
    made = scenario(CALLS, CREW, f"crew.visitor.notices_share.call = {share}")
    runs: list[Replication] = list(replications(made, 8, 60))
    return sum(len(steps(run, "notices")) for run in runs) / sum(len(steps(run, "call")) for run in runs)


def test_each_call_is_noticed_with_a_chance_of_its_own() -> None:
    """Of 240 calls about three in ten are noticed, within 0.12 (four standard errors)."""
    assert noticed_share(0.3) == pytest.approx(0.3, abs=0.12)


def test_a_crossing_in_the_step_of_a_turn_is_not_of_the_turn() -> None:
    """Who turns in the very second of entering the ring, called outside it, has entered by its route."""
    changed = known(
        "turn-back",
        "zones.outer={label='Outer', kind='trigger', lat_deg=0.0, lon_deg=-30.0, radius_nmi=85}",
        "warning.north.per=outer",
        "warning.north.calls.zone=outer",
        "warning.north.calls.first_s=125",  # outer is entered at 35: call at 160, noticed at 165, turned at 185
    )
    (replication,) = replications(changed, 1, 1)
    assert only(replication, "turns").step == 185
    (ring,) = (r for r in replication.log if r.kind == "enters" and r.data["zone"] == "ring")
    assert (ring.step, ring.cause) == (185, None)
