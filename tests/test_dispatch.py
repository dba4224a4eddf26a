"""Which pair an order goes to."""

from __future__ import annotations

import pytest

from sim.run import Replication
from tests.encounters import GUEST, RING, SECOND, encounter, records, steps

OTHER = 'fighters.pairs.%s = { side = "north", type = "fast", base = "%s", alert = "five" }'


def assigned(replication: Replication) -> list[tuple[int, str, str, str]]:
    """Return (step, pair, flight, where it was) of each assignment."""
    return [(r.step, r.who, r.about, r.data["was"]) for r in records(replication, "assigned")]


def test_an_order_takes_the_pair_that_can_be_there_first() -> None:
    """The pair at the nearer field is sent, wherever it stands in the file."""
    far_first = 'fighters.pairs.first.base = "far"'
    assert assigned(encounter(far_first, OTHER % ("second", "near"))) == [(60, "second", "visitor", "ground")]
    assert assigned(encounter(OTHER % ("second", "far"))) == [(60, "first", "visitor", "ground")]


def test_the_sooner_airborne_goes_before_the_nearer() -> None:
    """What counts is the joining: the far pair in cockpits joins before the near one that needs an hour."""
    run = encounter(
        OTHER % ("second", "far"),
        'fighters.pairs.first.alert = "slow"\nfighters.alerts.slow = '
        '{ label = "hour", airborne_s = 3600, seat_s = 60, airborne_from_cockpit_s = 60 }',
    )
    assert [who for _, who, _, _ in assigned(run)] == ["second"]


def test_a_tie_goes_to_the_pair_that_stands_first() -> None:
    """Of two equal pairs the first of the scenario is sent, whatever its name."""
    assert [who for _, who, _, _ in assigned(encounter(SECOND))] == ["first"]
    before_first = encounter(SECOND, OTHER % ("a-third", "near"))
    assert [who for _, who, _, _ in assigned(before_first)] == ["first"]


def test_the_planned_joining_is_what_happens_where_nothing_is_left_to_chance() -> None:
    """Without chance the plan and the joining agree to the second."""
    run = encounter()
    (order,), (joined,) = records(run, "assigned"), records(run, "joined")
    assert order.data["planned_join"] == run.prepared.clock.short(joined.step)


@pytest.mark.parametrize(("pairs", "sent", "unfilled"), [(1, 1, 0), (2, 2, 0), (3, 2, 1), (9, 2, 1)])
def test_as_many_pairs_as_are_wanted_are_sent_and_what_lacks_is_entered_once(
    pairs: int, sent: int, unfilled: int
) -> None:
    """An order for more pairs than there are takes all of them, and says that it is not filled."""
    run = encounter(SECOND, f"command.stages.decide.pairs = {pairs}")
    assert [who for _, who, _, _ in assigned(run)] == ["first", "second"][:sent]
    assert [(r.step, r.who, r.data["task"]) for r in records(run, "unfilled")] == [
        (60, "tower", "intercept")
    ] * unfilled


@pytest.mark.parametrize(("wanted", "more"), [(1, 0), (2, 1)])
def test_pairs_on_their_way_count_for_a_later_order(wanted: int, more: int) -> None:
    """A second order for one pair sends nobody, one for two pairs sends the second."""
    again = (
        '[command.stages.again]\npost = "tower"\nafter_all = ["decide"]\ndelay_s = 100\n'
        f'orders = "scramble"\npairs = {wanted}'
    )
    run = encounter(SECOND, again)
    assert [(step, who) for step, who, _, _ in assigned(run)] == [(60, "first"), (160, "second")][: 1 + more]
    assert steps(run, "unfilled") == []


def test_only_pairs_of_the_wanted_type_are_sent() -> None:
    """A slower type is sent when it is the one that is asked for, and none when it is not there."""
    slow = (
        '[fighters.types.slow]\nlabel = "Slow"\nground_speed_kt = 500\nclimb_s = 60\nendurance_s = 7000\n'
        'join_s = 30\nidentify_s = 20\n[fighters.pairs.second]\nside = "north"\ntype = "slow"\n'
        'base = "near"\nalert = "five"'
    )
    run = encounter(slow, 'command.stages.decide.types = ["slow"]')
    assert [who for _, who, _, _ in assigned(run)] == ["second"]
    run = encounter(slow, 'fighters.pairs.second.type = "fast"\ncommand.stages.decide.types = ["slow"]')
    assert assigned(run) == []
    assert steps(run, "unfilled") == [60]


def test_a_pair_whose_fuel_does_not_reach_is_not_sent() -> None:
    """A pair that would have to leave before it has its time beside the intruder stays on the ground."""
    (joined,), (airborne,) = steps(encounter(), "joined"), steps(encounter(), "airborne")
    assert airborne == 360
    (parts,) = records(encounter("fighters.types.fast.endurance_s = 2000"), "parts")
    assert parts.data["reason"] == "fuel"
    spare_s = parts.step - joined
    enough = encounter("fighters.types.fast.endurance_s = 2000", "fighters.policies.north.spare_s = 1")
    assert steps(enough, "joined") == [joined]
    # Home from the joining takes (2000 - (joined - 360) - spare), so that much to spare is too much by far.
    short = encounter(
        "fighters.types.fast.endurance_s = 2000", f"fighters.policies.north.spare_s = {spare_s * 3}"
    )
    assert (steps(short, "airborne"), steps(short, "unfilled")) == ([], [60])


SHADOW = 'sides.north.shadow_zone = "ring"'
AT_ENTRY = 'command.stages.decide.after_all = ["enters:ring"]'


def test_a_pair_that_holds_is_used_again() -> None:
    """When the first intruder has gone its pair holds there, and is sent to the next one before one on the ground."""
    run = encounter(SHADOW, AT_ENTRY, SECOND, GUEST % "06:45:00")
    assert assigned(run) == [
        (RING[0] + 60, "first", "visitor", "ground"),
        (2700 + RING[0] + 60, "first", "guest", "holding"),
    ]
    (parts, _) = records(run, "parts")
    assert (parts.step, parts.data["reason"]) == (RING[1], "intruder left")
    assert len(steps(run, "airborne")) == 1
    assert [r.about for r in records(run, "joined")] == ["visitor", "guest"]


def test_an_intruder_keeps_its_only_pair() -> None:
    """While it is beside the first, the only pair in the air is not sent to the second."""
    run = encounter(GUEST % "06:10:00")
    assert assigned(run) == [(60, "first", "visitor", "ground")]
    assert [r.about for r in records(run, "unfilled")] == ["guest"]


def test_an_intruder_with_two_pairs_gives_one_away() -> None:
    """Of two pairs with the first intruder one is sent on to the second; the other stays."""
    two = 'command.stages.decide.pairs = 2\ncommand.stages.decide.about = ["visitor"]'
    one = (
        '[command.stages.also]\npost = "tower"\nafter_all = ["track"]\nabout = ["guest"]\ndelay_s = 1800\n'
        'orders = "scramble"'
    )
    run = encounter(SECOND, two, one, GUEST % "06:10:00")
    assert assigned(run) == [
        (60, "first", "visitor", "ground"),
        (60, "second", "visitor", "ground"),
        (2400, "first", "guest", "beside visitor"),
    ]
    parts = records(run, "parts", "first")[0]
    assert (parts.step, parts.about, parts.data["reason"]) == (2401, "visitor", "other order")
    assert [r.about for r in records(run, "joined", "first")] == ["visitor", "guest"]
    assert records(run, "parts", "second")[0].step > 3000


READY = (
    '[command.stages.alert]\npost = "tower"\nafter_all = ["track"]\ndelay_s = 10\norders = "ready"\n'
    "[command.stages.decide]\ndelay_s = {}\n"
)


@pytest.mark.parametrize(
    ("delay_s", "airborne"),
    [
        (200, 300),  # seated at 130: 200 + 100
        (130, 230),  # in the step in which the crew is seated
        (60, 230),  # 70 s to the cockpit and 100 from there
    ],
)
def test_a_pair_made_ready_takes_off_from_its_cockpits(delay_s: int, airborne: int) -> None:
    """Ordered at 10 and seated at 130, it is airborne 100 s after the scramble or the seating, whichever is later."""
    run = encounter(READY.format(delay_s))
    assert [(r.step, r.data["task"]) for r in records(run, "readied")] == [(10, "ready")]
    assert steps(run, "seated") == [130]
    assert steps(run, "airborne") == [airborne]


def test_a_pair_is_made_ready_once() -> None:
    """Two orders for readiness take two pairs; a third finds none."""
    more = "".join(
        f'[command.stages.more-{n}]\npost = "tower"\nafter_all = ["track"]\ndelay_s = {n}\norders = "ready"\n'
        for n in (20, 30)
    )
    run = encounter(READY.format(900), more, SECOND)
    assert [(r.step, r.who) for r in records(run, "readied")] == [(10, "first"), (20, "second")]
    assert [(r.step, r.data["task"]) for r in records(run, "unfilled")] == [(30, "ready")]
