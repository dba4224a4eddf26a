"""The warning ladder: when a call or a measure comes, and when it does not."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from sim.run import Replication
from sim.warning import Measure
from tests.encounters import CORE, RING, cause, encounter, records, steps

CALLS = """
[warning.north]
per = "ring"
[warning.north.calls]
after = ["track"]
zone = "ring"
first_s = 30
interval_s = 200
most = 4
"""
BLOCK = (
    CALLS
    + """
[warning.north.measures.block]
zone = "ring"
delay_s = 40
interval_s = 100
most = 2
"""
)
FLARES = (
    BLOCK
    + """
[warning.north.measures.flares]
zone = "core"
spacing_s = 70
delay_s = 10
"""
)
CREW = """
[crew.visitor]
post = "desk"
notices_share = { call = 1.0 }
notice_s = 5
answers_share = 0.0
answer_s = 10
reports_share = {}
report_s = 10
turns_share = {}
reaction_s = 20
"""
LINKED = """
[command.stages.grant]
post = "ministry"
after_all = ["enters:ring"]
per = "ring"
delay_s = %d
emits = "granted"
[warning.north.measures.block]
authority = "granted"
"""


def joined(replication: Replication) -> int:
    """Return the step of the only joining."""
    (step,) = steps(replication, "joined")
    return step


def test_calls_come_at_their_interval_up_to_the_most() -> None:
    """First 30 s after the entry, then every 200 s, four in all."""
    run = encounter(CALLS)
    assert [(r.step, r.who, r.data["number"]) for r in records(run, "call")] == [
        (RING[0] + 30 + 200 * n, "tower", n + 1) for n in range(4)
    ]
    assert [cause(run, r).kind for r in records(run, "call")] == ["enters", "call", "call", "call"]


def test_calls_end_with_the_stay() -> None:
    """Nobody is called outside the zone."""
    run = encounter(CALLS, "warning.north.calls.most = 100")
    assert steps(run, "call") == list(range(RING[0] + 30, RING[1], 200))


def test_calls_wait_for_what_must_be_known() -> None:
    """A call that comes after a decision waits for that decision, and names it as its cause."""
    late = (
        '[command.stages.look]\npost = "tower"\nafter_all = ["enters:ring"]\ndelay_s = 300\nemits = "alien"'
    )
    run = encounter(CALLS, late, 'warning.north.calls.after = ["track", "alien"]')
    first = records(run, "call")[0]
    assert first.step == RING[0] + 300 + 30
    assert cause(run, first).kind == "alien"


def test_a_call_in_a_smaller_zone_waits_for_the_entry_there() -> None:
    """Calls for the core come in the core only."""
    run = encounter(CALLS, 'warning.north.calls.zone = "core"')
    assert steps(run, "call") == [CORE[0] + 30, CORE[0] + 230]


def test_an_answer_ends_the_calls() -> None:
    """Noticed after 5 s and answered after 10 more, no second call comes."""
    run = encounter(CALLS, CREW, "crew.visitor.answers_share = 1.0")
    assert steps(run, "call") == [RING[0] + 30]
    assert steps(run, "answers") == [RING[0] + 45]


def test_a_slow_answer_lets_further_calls_out() -> None:
    """What is called before the answer is called; the answer to the first ends them."""
    run = encounter(CALLS, CREW, "crew.visitor.answers_share = 1.0\ncrew.visitor.answer_s = 295")
    assert steps(run, "call") == [RING[0] + 30, RING[0] + 230]
    assert steps(run, "answers") == [RING[0] + 330, RING[0] + 530]


def test_a_measure_needs_a_pair_beside_the_flight() -> None:
    """The block comes its delay after entry and joining; without a pair it does not come at all."""
    run = encounter(BLOCK)
    assert joined(run) < RING[0]
    assert steps(run, "block") == [RING[0] + 40, RING[0] + 180]
    assert all(r.who == "first" and r.data["side"] == "north" for r in records(run, "block"))
    late = encounter(BLOCK, "fighters.alerts.five.airborne_s = 1000")
    assert joined(late) > RING[0]
    assert steps(late, "block")[0] == joined(late) + 40
    assert cause(late, records(late, "block")[0]).kind == "joined"
    assert steps(encounter(BLOCK, "command.stages.decide.yes_share = 0.0"), "block") == []


def test_a_measure_needs_its_zone() -> None:
    """In the core the block comes its delay after the entry there."""
    run = encounter(BLOCK, 'warning.north.measures.block.zone = "core"')
    assert steps(run, "block") == [CORE[0] + 40, CORE[0] + 180]
    assert cause(run, records(run, "block")[0]).data == {"zone": "core", "stay": 1}


def test_a_measure_needs_its_authority() -> None:
    """Granted at the ministry after 300 s and known at the tower 5 s later, for the entry took 5 s to get there too."""
    run = encounter(BLOCK, LINKED % 300)
    (granted,) = steps(run, "granted")
    assert granted == RING[0] + 5 + 300
    assert steps(run, "block") == [granted + 5 + 40, granted + 5 + 180]
    assert cause(run, records(run, "block")[0]).kind == "granted"
    assert steps(encounter(BLOCK, LINKED % 5000), "block") == []


def test_a_measure_needs_its_unanswered_calls() -> None:
    """After two calls in vain it comes the delay after the second; an answer before it keeps it off."""
    two = "warning.north.measures.block.after_calls = 2"
    run = encounter(BLOCK, two)
    assert steps(run, "block")[0] == RING[0] + 230 + 40
    assert cause(run, records(run, "block")[0]).kind == "call"
    assert steps(encounter(BLOCK, two, CREW, "crew.visitor.answers_share = 1.0"), "block") == []
    many = "warning.north.measures.block.after_calls = 5"
    assert steps(encounter(BLOCK, many), "block") == []


def test_a_measure_waits_for_its_spacing_after_the_one_before() -> None:
    """In the core at once after the block: 70 s of spacing, then 10 s of delay."""
    run = encounter(FLARES, 'warning.north.measures.block.zone = "core"')
    assert steps(run, "block") == [CORE[0] + 40, CORE[0] + 180]
    assert steps(run, "flares") == [CORE[0] + 40 + 70 + 10]


def test_a_later_measure_needs_the_one_before_it() -> None:
    """Without a block, which is not granted, there are no flares."""
    assert steps(encounter(FLARES, LINKED % 5000), "flares") == []
    assert steps(encounter(FLARES), "flares") == [CORE[0] + 10]


@pytest.mark.parametrize("most", [1, 2, 5])
def test_a_measure_is_taken_so_often_at_the_most(most: int) -> None:
    """Every 140 s, interval and delay, numbered from 1."""
    text = BLOCK.replace("most = 2", f"most = {most}")
    run = encounter(text if most > 1 else text.replace("interval_s = 100\n", ""))
    assert [(r.step, r.data["number"]) for r in records(run, "block")] == [
        (RING[0] + 40 + 140 * n, n + 1) for n in range(most)
    ]


def test_a_measure_whose_conditions_fail_during_its_delay_has_lapsed() -> None:
    """Too long a delay in the core: the attempt ends outside, is entered as lapsed, and counts as an attempt."""
    run = encounter(BLOCK, 'warning.north.measures.block = { zone = "core", delay_s = 300 }')
    assert steps(run, "block") == []
    (lapsed,) = records(run, "lapsed")
    assert (lapsed.step, lapsed.data["measure"], lapsed.data["number"]) == (CORE[0] + 300, "block", 1)


def test_whoever_turns_away_is_left_in_peace() -> None:
    """After the turn there is neither call nor measure; one that was under way has lapsed."""
    run = encounter(FLARES, CREW, "crew.visitor.turns_share = { call = 1.0 }\ncrew.visitor.reaction_s = 145")
    (turns,) = steps(run, "turns")
    assert turns == RING[0] + 30 + 5 + 145
    assert steps(run, "leaves")[0] > turns
    assert [step for kind in ("call", "block", "flares") for step in steps(run, kind) if step > turns] == []
    assert steps(run, "block") == [RING[0] + 40, RING[0] + 180]
    early = encounter(FLARES, CREW, "crew.visitor.turns_share = { call = 1.0 }")
    assert steps(early, "turns") == [RING[0] + 55]
    assert [(r.step, r.data["number"]) for r in records(early, "lapsed")] == []


def test_an_act_that_is_due_after_the_turn_lapses() -> None:
    """The block that was begun before the turn is entered as lapsed when it would have come."""
    slow = "warning.north.measures.block.delay_s = 100"
    run = encounter(BLOCK, slow, CREW, "crew.visitor.turns_share = { call = 1.0 }")
    assert steps(run, "turns") == [RING[0] + 55]
    assert steps(run, "block") == []
    assert steps(run, "lapsed") == [RING[0] + 100]


def test_the_ladder_is_climbed_anew_in_each_stay() -> None:
    """A flight that comes back is called from number 1 again, in its second stay."""
    back = (
        "[intruders.visitor]\nroute = [\n{ at = 06:00:00, lat_deg = 0.0, lon_deg = -3.0 },\n"
        "{ ground_speed_kt = 360, lat_deg = 0.0, lon_deg = 2.0 },\n"
        "{ ground_speed_kt = 360, lat_deg = 0.0, lon_deg = -3.0 },\n]"
    )
    run = encounter(BLOCK, back)
    calls = [(r.data["stay"], r.data["number"]) for r in records(run, "call")]
    assert calls == [(stay, number) for stay in (1, 2) for number in (1, 2, 3, 4)]
    blocks = [(r.data["stay"], r.data["number"]) for r in records(run, "block")]
    assert blocks == [(1, 1), (1, 2), (2, 1), (2, 2)]
    entries = [r.step for r in records(run, "enters") if r.data["zone"] == "ring"]
    assert [r.step for r in records(run, "call") if r.data["number"] == 1] == [step + 30 for step in entries]


def test_what_an_act_consists_of_is_entered() -> None:
    """Flares by number; rounds are time on the trigger times rate of fire; the distance is rounded to 10 m."""
    gun = (
        '[warning.north.measures.shots]\nzone = "ring"\ndelay_s = 10\nspacing_s = 0\n'
        "burst_s = 0.75\nrounds_per_minute = 6000.0\ndistance_km = 1.234\nflares = 12"
    )
    (shots,) = records(encounter(BLOCK, gun), "shots")
    data = {key: shots.data[key] for key in ("burst_s", "rounds", "flares", "type")}
    assert data == {"burst_s": 0.75, "rounds": 75, "flares": 12, "type": "fast"}
    assert shots.data["distance_km"] == pytest.approx(1.234, abs=0.01)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"burst_s": 1.0}, "`burst_s` and `rounds_per_minute` go together"),
        ({"rounds_per_minute": 6000.0}, "`burst_s` and `rounds_per_minute` go together"),
        ({"most": 2}, "`interval_s` goes with a `most` above 1"),
        ({"interval_s": 10.0}, "`interval_s` goes with a `most` above 1"),
    ],
)
def test_keys_of_a_measure_that_go_together_are_both_there(keys: dict[str, float], words: str) -> None:
    """A burst without a rate of fire, or an interval without repetition, is refused."""
    with pytest.raises(ValidationError, match=words):
        Measure.model_validate({"zone": "ring", "delay_s": 1.0, **keys})
