"""Hazards on an event and by the minute, and face-offs."""

from __future__ import annotations

import math

import pytest
from pydantic import ValidationError

from sim.draws import Uniforms
from sim.escalation import Hazard
from sim.run import prepare, replicate, replications
from sim.scenario import OF_A_SIDE, act_kinds, read
from tests.encounters import RING, SECOND, SOUTHERN, cause, encounter, records, scenario, steps, turning_at
from tests.test_warning import BLOCK, CALLS, CREW

HAZARD = """
[escalation.hazards.mishap]
label = "mishap"
leads_to = "incident"
low_share = 0.0
high_share = 1.0
"""
ON_CALL = HAZARD + 'on = "call"\ndelay_s = 7\nshare = %s\n'
BESIDE = HAZARD + 'during = "beside"\nshare = %s\n'
FACE_OFF = HAZARD + 'during = "face-off"\nshare = %s\n'


def test_a_hazard_strikes_after_each_event_or_never() -> None:
    """With share 1 each call leads to an incident 7 s later, about the same flight; with share 0 none does."""
    run = encounter(CALLS, ON_CALL % "1.0")
    assert steps(run, "incident") == [step + 7 for step in steps(run, "call")]
    assert len(steps(run, "incident")) == 4
    assert all(
        (r.who, r.about, r.data) == ("tower", "visitor", {"hazard": "mishap"})
        for r in records(run, "incident")
    )
    assert [cause(run, r).kind for r in records(run, "incident")] == ["call"] * 4
    assert steps(encounter(CALLS, ON_CALL % "0.0"), "incident") == []


@pytest.mark.parametrize("first", [1, 2, 4, 5])
def test_a_hazard_counts_from_its_first_occurrence_on(first: int) -> None:
    """The calls before the n-th lead to nothing."""
    run = encounter(CALLS, ON_CALL % "1.0", f"escalation.hazards.mishap.from_occurrence = {first}")
    assert steps(run, "incident") == [step + 7 for step in steps(run, "call")][first - 1 :]


def test_a_hazard_may_follow_the_entry_into_one_zone() -> None:
    """An entry elsewhere does not count."""
    run = encounter(HAZARD, 'escalation.hazards.mishap = { on = "enters:ring", delay_s = 7, share = 1.0 }')
    assert steps(run, "incident") == [RING[0] + 7]


def test_a_certain_hazard_beside_an_intruder_strikes_at_once() -> None:
    """With share 1 by the minute it strikes a step after the joining; with share 0 never."""
    run = encounter(BESIDE % "1.0")
    (joined,) = records(run, "joined")
    (incident,) = records(run, "incident")
    assert (incident.step, incident.who, incident.about) == (joined.step + 1, "first", "visitor")
    assert cause(run, incident) == joined
    assert steps(encounter(BESIDE % "0.0"), "incident") == []


def test_a_hazard_by_the_minute_strikes_only_beside_the_intruder() -> None:
    """Each incident lies between joining and parting of its pair, and each pair has at most one a joining."""
    made = scenario(
        BESIDE % "0.03", SECOND, "command.stages.decide.pairs = 2", "fighters.types.fast.endurance_s = 2200"
    )
    struck = 0
    for run in replications(made, 2, 30):
        for pair in ("first", "second"):
            incidents = steps(run, "incident", pair)
            assert len(incidents) <= 1
            for step in incidents:
                assert steps(run, "joined", pair)[0] < step < steps(run, "parts", pair)[0]
            struck += len(incidents)
    assert 0 < struck < 60


def test_the_share_of_a_hazard_by_the_minute_is_that_of_one_minute() -> None:
    """With share 0.3 about three in ten of 250 pairs have it within a minute, half within two (within 0.12)."""
    made = scenario(BESIDE % "0.3")
    waits = [
        steps(run, "incident")[0] - steps(run, "joined")[0] if steps(run, "incident") else math.inf
        for run in replications(made, 4, 250)
    ]
    for minutes in (1, 2, 5):
        share = sum(wait <= 60 * minutes for wait in waits) / len(waits)
        assert share == pytest.approx(1 - 0.7**minutes, abs=0.12)


def test_a_face_off_begins_a_step_after_the_second_joining_and_ends_with_the_first_parting() -> None:
    """Fighters of both sides are beside the flight: entered once, caused by the later joining."""
    run = encounter(SOUTHERN, "fighters.types.fast.endurance_s = 2500")
    first, escort = steps(run, "joined", "first")[0], steps(run, "joined", "escort")[0]
    assert first < escort
    (begins,), (ends,) = records(run, "face-off"), records(run, "face-off-ends")
    assert (begins.step, begins.about, begins.data) == (escort + 1, "visitor", {"number": 1})
    assert (cause(run, begins).kind, cause(run, begins).who) == ("joined", "escort")
    assert ends.step == min(steps(run, "parts", "first")[0], steps(run, "parts", "escort")[0])
    assert cause(run, ends) == begins


def test_a_flight_that_turns_away_as_the_face_off_begins_ends_it_by_its_new_way() -> None:
    """The pairs plan anew in that very step: the end is when the first of them parts, not when it would have."""
    changes = (SOUTHERN, CALLS, CREW, 'sides.north.shadow_zone = "ring"')
    plain = encounter(*changes)
    (begins,) = steps(plain, "face-off")
    run = encounter(*turning_at(begins, *changes))
    assert steps(run, "turns") == steps(run, "face-off") == [begins]
    assert steps(run, "face-off-ends") == steps(run, "parts", "first")
    assert steps(run, "face-off-ends") < steps(plain, "face-off-ends")


def test_one_side_alone_faces_nobody() -> None:
    """Two pairs of one side are no face-off, nor are an escort alone and nobody."""
    assert steps(encounter(SECOND, "command.stages.decide.pairs = 2"), "face-off") == []
    assert steps(encounter(SOUTHERN, "command.stages.decide.yes_share = 0.0"), "face-off") == []


def test_a_hazard_of_the_face_off_strikes_within_it() -> None:
    """With share 1 it strikes a step after the face-off began; with share 0, or with one side alone, never."""
    run = encounter(SOUTHERN, FACE_OFF % "1.0")
    (begins,) = records(run, "face-off")
    (incident,) = records(run, "incident")
    assert (incident.step, incident.about) == (begins.step + 1, "visitor")
    assert cause(run, incident) == begins
    assert steps(encounter(SOUTHERN, FACE_OFF % "0.0"), "incident") == []
    assert steps(encounter(FACE_OFF % "1.0"), "incident") == []


def test_two_hazards_of_one_event_are_two_draws() -> None:
    """Two hazards with equal shares on one event do not strike together always: each has its own draw."""
    other = (
        HAZARD.replace("mishap", "other").replace("incident", "accident")
        + 'on = "call"\ndelay_s = 7\nshare = 0.5\n'
    )
    made = scenario(CALLS, ON_CALL % "0.5", other)
    struck = {(bool(steps(r, "incident")), bool(steps(r, "accident"))) for r in replications(made, 1, 60)}
    assert {(True, False), (False, True)} <= struck


def test_a_hazard_does_not_change_what_it_follows() -> None:
    """The log without the incidents is the log of a world without the hazard."""
    with_it, without = encounter(BLOCK, ON_CALL % "1.0"), encounter(BLOCK)
    kept = [(r.step, r.kind, r.who, r.about, r.data) for r in with_it.log if r.kind != "incident"]
    assert kept == [(r.step, r.kind, r.who, r.about, r.data) for r in without.log]


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"on": "call", "during": "beside"}, "needs either `on` or `during`"),
        ({}, "needs either `on` or `during`"),
        ({"during": "beside", "delay_s": 1.0}, "`delay_s` goes with `on`"),
        ({"on": "call"}, "`delay_s` goes with `on`"),
        ({"during": "beside", "from_occurrence": 2}, "`from_occurrence` goes with `on`"),
        ({"on": "call", "delay_s": 1.0, "share": 0.6}, "must lie between low_share 0.1 and high_share 0.5"),
        ({"on": "call", "delay_s": 1.0, "share": 0.05}, "must lie between low_share 0.1 and high_share 0.5"),
    ],
)
def test_a_hazard_that_contradicts_itself_is_refused(keys: dict[str, object], words: str) -> None:
    """One way to come about, and a share within its range."""
    base: dict[str, object] = {
        **{"label": "x", "leads_to": "incident"},
        **{"share": 0.2, "low_share": 0.1, "high_share": 0.5},
    }
    with pytest.raises(ValidationError, match=words):
        Hazard.model_validate(base | keys)


def test_the_events_of_a_side_are_those_that_name_one() -> None:
    """What a rung with a side can be reached by is exactly what carries a side in its data."""
    july = read("july-2019")[0]
    sided: set[str] = set()
    others: set[str] = set()
    prepared = prepare(july)
    for number in range(8):
        for record in replicate(prepared, Uniforms(1), number).log:
            (sided if "side" in record.data else others).add(record.kind)
    assert not sided & others
    assert sided <= OF_A_SIDE | set(act_kinds(july))
    assert sided >= OF_A_SIDE
