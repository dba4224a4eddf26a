"""Small scenarios whose whole log can be reckoned by hand, on other parts of the globe.

The reckoning uses two things from any handbook of geodesy: a degree of longitude on the equator of WGS 84 is
111,319.49 m, and a degree of latitude about the latitude p is 111,132.92 - 559.82 cos 2p + 1.175 cos 4p m.  A knot
is 1,852 m an hour: 480 kt are 246.933 m/s, 500 kt 257.222, 600 kt 308.667.  Each file states its main answers as facts,
so that `intercept run` shows them beside what was simulated.
"""

from __future__ import annotations

from itertools import pairwise
from math import acos, cos, hypot

import pytest

from sim.measures import outcomes, reported
from sim.run import Replication, replications
from tests.scenarios import known, only, told


def run_of(name: str, *overrides: str, seed: int = 1) -> Replication:
    """Run a scenario of `tests/known`."""
    (replication,) = replications(known(name, *overrides), seed, 1)
    return replication


def answers(replication: Replication) -> dict[str, float]:
    """Return the computed answers that the file itself states: seconds from the start, or numbers; each is met."""
    clock, facts = replication.prepared.clock, replication.prepared.scenario.facts
    assert [row for row in reported(replication) if not row["ok"] or row["role"] != "check"] == []
    assert all(str(fact.source).startswith("computed: ") for fact in facts.values())
    assert len(facts) >= 4
    return {
        name: clock.seconds_at(fact.at) if fact.at is not None else fact.value or 0.0
        for name, fact in facts.items()
    }


def reasons(replication: Replication) -> list[tuple[str, str, str | None]]:
    """Return (kind, who, kind of its cause) of each record."""
    log = replication.log
    return [(r.kind, r.who, None if r.cause is None else log[r.cause].kind) for r in log]


def test_radial_intruder() -> None:
    """A pair on the ground meets a radial intruder in the second in which their ways add up to its distance.

    The visitor flies south along a meridian over the field. Two degrees of latitude about 44 S (of 111,122.0 and
    111,102.5 m) are 222,224.4 m, so at second t it is 222,224.4 - 246.933 t from the field.

    - Track: within 150 km, t >= 292.5: 293, by a radar that looks each second. Order 60 s later: 353.
    - Take-off 300 s later: 653; the climb costs 60 s: as if from the field at 713.
    - Meeting: 222,224.4 - 246.933 t <= 308.667 (t - 713), t >= 442,303.8 / 555.6 = 796.1: 797.
    - Joining 30 s later: 827. Identification 20 s later: 847.
    - The visitor passes the field at 899.95. South of it the pair must leave at t to be home at t + 0.8 t - 719.95
      by 653 + 1500 = 2153: 1596 (home at 1596 + 557 = 2153). Its relief is asked for 300 s before: 1296.
    - Out of the radar's range at 222,224.4 + 150,000 m: 1507.4, so 1508. The route ends after 444,527 m: 1800.2.
    """
    replication = run_of("radial-intruder")
    at = answers(replication)
    assert told(replication) == [
        (0, "appears", "visitor", "visitor"),
        (293, "track", "tower", "visitor"),
        (293, "stage-started", "tower", "visitor"),
        (353, "scramble-ordered", "tower", "visitor"),
        (353, "assigned", "first", "visitor"),
        (at["airborne"], "airborne", "first", "visitor"),
        (at["joins"], "joined", "first", "visitor"),
        (847, "identified", "first", "visitor"),
        (1296, "asks-relief", "first", "visitor"),
        (1296, "unfilled", "tower", "visitor"),
        (1508, "track-lost", "tower", "visitor"),
        (at["parts"], "parts", "first", "visitor"),
        (at["parts"], "returns", "first", "visitor"),
        (1801, "ends", "visitor", "visitor"),
        (at["lands"], "lands", "first", "visitor"),
    ]
    assert only(replication, "parts").data["reason"] == "fuel"
    chain = [r.kind for r in replication.log.causes(only(replication, "joined"))]
    assert chain == ["joined", "airborne", "assigned", "scramble-ordered", "stage-started", "track"]


@pytest.mark.parametrize(("airborne_s", "joined"), [(0, 660), (300, 827), (330, 843)])
def test_a_later_take_off_meets_later_by_the_pairs_share_of_the_closing_speed(
    airborne_s: int, joined: int
) -> None:
    """For a take-off at t the meeting is at (222,224.4 + 308.667 (t + 60)) / 555.6, joined 30 s after it.

    A take-off without delay takes a second all the same: t = 354, meeting at 629.97. At 653 it is 796.1, at 683 812.7.
    """
    replication = run_of("radial-intruder", f"fighters.alerts.five-minutes.airborne_s={airborne_s}")
    assert only(replication, "joined").step == joined


def test_fixed_chain() -> None:
    """Delays are rounded up to steps of 2 s and added along the chain.

    All in steps. The visitor appears at 10 s: 5. It is 166,719.6 m from the circle's middle (1.5 degrees of latitude
    about 45.75 N), and inside after 55,599.6 m, 180.1 s: at 190.1 s, step 96. It would leave at 910 s, after the end.

    - Track: two hits in scans of one step, at 5 and 6. Identified 15 later: 21. Known to the staff 3 later: 24.
    - Standing by: after any of two events, the first known at 24; 10 later: 34.
    - The entry is known to the staff at 96 + 3 = 99, and informed 5 later: 104. That drops the alarm, due at 124.
    - The ministry knows 4 later: 108, and authorises 30 later: 138.
    - The protest also waits for the staff's word of an exit that does not come.
    """
    replication = run_of("fixed-chain")
    at = {name: answer // 2 for name, answer in answers(replication).items()}
    assert [(step // 2, kind, who) for step, kind, who, _ in told(replication)] == [
        (5, "appears", "visitor"),
        (6, "track", "room"),
        (6, "stage-started", "room"),
        (21, "unidentified", "room"),
        (24, "stage-started", "staff"),
        (24, "stage-started", "staff"),
        (at["standing-by"], "standing-by", "staff"),
        (96, "enters", "visitor"),
        (99, "stage-started", "staff"),
        (at["informed"], "informed", "staff"),
        (at["informed"], "stage-dropped", "staff"),
        (108, "stage-started", "ministry"),
        (at["authorised"], "authorised", "ministry"),
        (450, "stage-unmet", "ministry"),
    ]
    assert only(replication, "stage-dropped").data["stage"] == "alarm"
    assert only(replication, "stage-unmet").data["waits_for"] == ["leaves-quietly"]
    causes = {(kind, who): cause for kind, who, cause in reasons(replication) if kind != "stage-started"}
    assert causes["unidentified", "room"] == "stage-started"
    assert causes["stage-dropped", "staff"] == "informed"
    assert causes["stage-unmet", "ministry"] == "authorised"
    authorised = [r.kind for r in replication.log.causes(only(replication, "authorised"))]
    assert authorised == ["authorised", "stage-started", "informed", "stage-started", "enters"]
    (begun,) = (r for r in replication.log if r.kind == "stage-started" and r.data["stage"] == "inform")
    assert begun.data["stay"] == 1


def test_chord() -> None:
    """A chord through a circle is entered and left as long before and after its middle.

    The visitor flies 442,299 m north along a meridian in 1800 s, 245.72 m/s, and crosses the equator after 900 s,
    one degree of longitude from the circle's middle: 111.319 km, its closest approach. The circle of 185.2 km is
    crossed at acos(cos 185.2/R / cos 111.32/R) = 148.0 km from there, a plane would say 148.01: 602.3 s before and
    after. So it is inside from 298 (297.7) up to 1502 (1502.3), and outside from 1503.
    """
    radius_km, equator_km = 6371.0, 111.31949
    half_km = radius_km * acos(cos(185.2 / radius_km) / cos(equator_km / radius_km))
    assert hypot(half_km, equator_km) == pytest.approx(185.2, abs=0.1)
    half_s = 1000 * half_km / (442_299 / 1800)
    assert (int(900 - half_s) + 1, int(900 + half_s) + 1) == (298, 1503)
    replication = run_of("chord")
    answered = answers(replication)
    assert told(replication) == [
        (0, "appears", "visitor", "visitor"),
        (answered["enters"], "enters", "visitor", "visitor"),
        (answered["leaves"], "leaves", "visitor", "visitor"),
        (1801, "ends", "visitor", "visitor"),
    ]
    row = outcomes(replication)
    assert row["visitor.closest_km"] == pytest.approx(answered["closest"], abs=0.005)
    assert row["visitor.closest.at"] == "06:15:00-02:00"
    assert row["visitor.circle.1.inside_s"] == answered["inside"] == 1503 - 298


def test_late_scramble() -> None:
    """A pair that cannot join before the intruder leaves is called off in the second in which it leaves.

    The visitor flies north along a meridian through the middle of the ring: 166,719.6 m to the middle, 333,395 m in
    all, at 308.667 m/s: 1080.1 s. In the ring, 111,120 m, from 181 (180.1) up to 900 (900.1); in the radar's range of
    150 km from 55 (54.2) up to 1026 (1026.1).

    - The decision for the stay takes 120 s: 301. Take-off 240 s later: 541; the climb costs 60 s: 601.
    - The field lies 222,224.4 m north of the middle. At 601 the visitor is 18,789 m north of it: 203,435 m are flown
      together at 565.889 m/s in 359.5 s. The meeting, at 961, would be after the visitor's exit at 901.
    - Then the pair has flown 300 of 360 s towards a point 92,315 m away: it has 76,929 m home, 299.1 s: 1201.
    """
    replication = run_of("late-scramble")
    at = answers(replication)
    assert told(replication) == [
        (0, "appears", "visitor", "visitor"),
        (55, "track", "tower", "visitor"),
        (181, "enters", "visitor", "visitor"),
        (181, "stage-started", "tower", "visitor"),
        (301, "scramble-ordered", "tower", "visitor"),
        (301, "assigned", "first", "visitor"),
        (at["airborne"], "airborne", "first", "visitor"),
        (at["called-off"], "called-off", "first", "visitor"),
        (at["leaves"], "leaves", "visitor", "visitor"),
        (at["called-off"], "returns", "first", "visitor"),
        (1027, "track-lost", "tower", "visitor"),
        (1081, "ends", "visitor", "visitor"),
        (at["lands"], "lands", "first", "visitor"),
    ]
    assert only(replication, "called-off").data["reason"] == "intruder left"


def test_an_early_scramble_joins() -> None:
    """With standing orders (1 s), 5 s to take-off and no climb the same pair leaves the field at 187 and joins.

    222,224.4 + 166,719.6 - 308.667 t <= 257.222 (t - 187) from t = 437,044.6 / 565.889 = 772.3: 773, joined 30 s later.
    """
    quick = ["command.stages.decide.delay_s=0", "fighters.types.fighter.climb_s=0"]
    replication = run_of("late-scramble", *quick, "fighters.alerts.four-minutes.airborne_s=5")
    assert only(replication, "airborne").step == 187
    assert only(replication, "joined").step == 803


def test_turn_back() -> None:
    """A crew that turns away goes the shortest way out: radially, so that it leaves as long after as it came before.

    The visitor flies along the equator to the middle of the ring, 1.51 degrees or 168,092.4 m away, at 308.667 m/s. It
    is in the ring of 111,120 m after 56,972.4 m: 185 (184.6). The radar of 300 km sees it all the time.

    - First call 30 s after the entry: 215. Noticed 5 s later: 220. Turned 20 s later: 240.
    - The nearest edge lies behind: 240 + 240 - 184.6 = 295.4, so it is out at 296. No second call, due at 275.
    - At 240 it is 94,012 m from the middle, and 300 km after another 667.3 s: the track is lost at 908.
    """
    replication = run_of("turn-back")
    at = answers(replication)
    assert told(replication) == [
        (0, "appears", "visitor", "visitor"),
        (0, "track", "tower", "visitor"),
        (185, "enters", "visitor", "visitor"),
        (at["call"], "call", "tower", "visitor"),
        (220, "notices", "visitor", "visitor"),
        (at["turns"], "turns", "visitor", "visitor"),
        (at["leaves"], "leaves", "visitor", "visitor"),
        (at["track-lost"], "track-lost", "tower", "visitor"),
    ]
    log = replication.log
    left = [r.kind for r in log.causes(only(replication, "leaves"))]
    assert left == ["leaves", "turns", "notices", "call", "enters"]
    # It flies on the way it left: due west along the equator, 94,012 + 960 * 308.667 m from the middle at the end.
    track = replication.tracks["visitor"]
    lat_deg, lon_deg = track.sphere.degrees(track.units[1200])
    assert float(lat_deg) == pytest.approx(0.0, abs=1e-9)
    assert float(lon_deg) == pytest.approx(-30 - 390_332.4 / 111_319.49, abs=1e-5)


@pytest.mark.parametrize(("latest", "name"), [("late-scramble", "decide"), ("radial-intruder", "decide")])
def test_each_second_of_decision_is_a_second_of_take_off(latest: str, name: str) -> None:
    """A decision that takes so many seconds more moves order and take-off by as many, and nothing before it."""
    steps = []
    for delay_s in (40, 41, 57):
        replication = run_of(latest, f"command.stages.{name}.delay_s={delay_s}")
        steps.append((only(replication, "track").step, only(replication, "airborne").step - delay_s))
    assert all(one == other for one, other in pairwise(steps))


@pytest.mark.parametrize("name", ["radial-intruder", "fixed-chain", "chord", "late-scramble", "turn-back"])
def test_without_chance_every_replication_is_the_same(name: str) -> None:
    """Where nothing is left to chance the seed changes nothing."""
    assert run_of(name, seed=1).log.rows() == run_of(name, seed=2).log.rows()
