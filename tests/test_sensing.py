"""Sensing: the law of confirmation against enumeration, the horizon by hand, and tracks won and lost."""

from __future__ import annotations

from itertools import product
from math import sqrt
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from sim.draws import Uniforms
from sim.flight import Track
from sim.geo import Sphere
from sim.run import Replication, prepare, replicate
from sim.sensing import Radar, confirmation_law, cover, spans
from tests.scenarios import START, Data, at, scenario_of

SPHERE = Sphere.at(-30.0, 70.0)


def enumerated(share: float, hits: int, scans: int, most: int) -> list[float]:
    """Return the chance of confirmation by each scan, from all sequences of hits and misses."""
    law = [0.0] * most
    for found in product((0, 1), repeat=most):
        chance = 1.0
        for hit in found:
            chance *= share if hit else 1 - share
        done = next((k for k in range(most) if sum(found[max(0, k - scans + 1) : k + 1]) >= hits), most)
        for k in range(done, most):
            law[k] += chance
    return law


@settings(max_examples=20)
@given(st.floats(0.2, 1.0), st.integers(1, 5), st.integers(0, 3))
def test_the_law_of_confirmation_is_what_enumeration_gives(share: float, hits: int, more: int) -> None:
    """For every number of scans up to eight it is the sum over all sequences of hits and misses, to 1e-12."""
    law = confirmation_law(share, hits, hits + more)
    wanted = enumerated(share, hits, hits + more, 8)
    assert law[: len(wanted)] == pytest.approx(wanted[: len(law)], abs=1e-12)


def test_the_law_of_confirmation_is_what_throwing_dice_gives() -> None:
    """Two hits in three scans at a share of 0.4: over 20,000 throws the share by each scan is right to 0.014."""
    law = confirmation_law(0.4, 2, 3)
    hits = np.random.default_rng(1).random((20_000, 12)) < 0.4
    recent = hits.astype(int)
    recent[:, 1:] += hits[:, :-1]
    recent[:, 2:] += hits[:, :-2]
    confirmed = np.maximum.accumulate(recent >= 2, axis=1).mean(axis=0)
    # Four standard errors of a share of one half over 20,000 throws.
    assert confirmed.tolist() == pytest.approx(law[:12], abs=4 * 0.5 / sqrt(20_000))


def test_the_law_of_confirmation_by_hand() -> None:
    """Sure hits confirm with the m-th scan; one hit in one scan is geometric; two of two after p^2, p^2 + (1-p) p^2."""
    assert confirmation_law(1.0, 3, 5) == (0.0, 0.0, 1.0)
    assert confirmation_law(0.5, 1, 1)[:3] == (0.5, 0.75, 0.875)
    assert confirmation_law(0.5, 2, 2)[:3] == (0.0, 0.25, 0.375)


def test_the_law_of_confirmation_rises_to_near_certainty() -> None:
    """It never falls, and ends within 1e-12 of one."""
    law = confirmation_law(0.2, 3, 5)
    assert np.all(np.diff(law) >= 0)
    assert 1 - 1e-12 <= law[-1] <= 1 + 1e-12


def radar(**changed: Any) -> Radar:
    """Make a radar on the centre that looks each second and never misses."""
    fields = {
        "label": "Radar",
        "post": "tower",
        "lat_deg": -30.0,
        "lon_deg": 70.0,
        "height_m": 100.0,
        "range_km": 2000.0,
        "scan_period_s": 1.0,
        "hit_share": 1.0,
        "confirm_hits": 1,
        "confirm_scans": 1,
    }
    return Radar.model_validate(fields | changed)


def test_the_horizon_by_hand() -> None:
    """4.1215 km times the roots of 100 m and 10,000 m are 41.2 + 412.2 = 453.4 km; at 0 ft only the 41.2 remain."""
    steps = np.arange(500)
    units = SPHERE.offset(SPHERE.unit(-30.0, 70.0), 200.0, steps.astype(float))
    high = Track("f", SPHERE, {}, 0, 499, units, np.full(500, 10_000 / 0.3048))
    low = Track("f", SPHERE, {}, 0, 499, units, np.zeros(500))
    assert spans(cover(radar(), high)) == [(0, 454)]
    assert spans(cover(radar(), low)) == [(0, 42)]
    assert spans(cover(radar(range_km=300.5), high)) == [(0, 301)]
    # sqrt(2 * 4/3 * 6371 km * 1 m) by itself, from the radius of a 4/3 earth.
    assert sqrt(2 * 4 / 3 * 6371 * 0.001) == pytest.approx(4.1215, abs=5e-4)


def test_spans_by_hand() -> None:
    """Runs of true values are told by their first and the first after them."""
    flags = [True, False, True, True, False, True]
    assert spans(np.array(flags)) == [(0, 1), (2, 4), (5, 6)]
    assert spans(np.array([False, False])) == []


def test_more_hits_than_scans_are_refused() -> None:
    """Three hits cannot fall into two scans, and the error says so."""
    with pytest.raises(ValidationError, match="needs 3 hits in only 2 scans"):
        radar(confirm_hits=3, confirm_scans=2)


def there_and_back(radars: dict[str, Data], **changed: Any) -> Data:
    """Make a scenario of a flight along a meridian from 30 S to 28 S and back, at 600 kt.

    Two degrees of latitude about 29 S are 221,666 m, so out and back take 718.1 s each; the flight ends at 1436.
    """
    data: Data = {
        "scenario": {"title": "there and back"},
        "clock": {"start": START, "end": at(1800)},
        "centre": {"lat_deg": -30.0, "lon_deg": 70.0},
        "sides": {"north": {"label": "North"}, "south": {"label": "South"}},
        "intruders": {
            "visitor": {
                "label": "Visitor",
                "side": "south",
                "type": "bomber",
                "altitude_ft": 30_000.0,
                "route": [
                    {"at": at(0), "lat_deg": -30.0, "lon_deg": 70.0},
                    {"ground_speed_kt": 600.0, "lat_deg": -28.0, "lon_deg": 70.0},
                    {"ground_speed_kt": 600.0, "lat_deg": -30.0, "lon_deg": 70.0},
                ],
            }
        },
        "command": {
            "posts": {"tower": {"label": "Tower", "side": "north"}, "hill": {"label": "H", "side": "north"}}
        },
        "sensing": {
            "radars": {name: radar().model_dump(exclude_none=True) | r for name, r in radars.items()}
        },
    }
    return data | changed


def run_of(data: Data, number: int = 0) -> Replication:
    """Run one replication of a plain dict."""
    return replicate(prepare(scenario_of(data)), Uniforms(1), number)


def seen(replication: Replication) -> list[tuple[int, str, str]]:
    """Return the tracks won and lost as (step, kind, post)."""
    return [(r.step, r.kind, r.who) for r in replication.log if r.kind.startswith("track")]


def test_a_track_is_lost_with_the_cover_and_confirmed_again() -> None:
    """With 100 km range: lost at 100,000 / 308.667 = 324 s, back at 1436.2 - 324 = 1112.2, lost with its end."""
    replication = run_of(there_and_back({"dish": {"range_km": 100.0}}))
    assert seen(replication) == [
        (0, "track", "tower"),
        (324, "track-lost", "tower"),
        (1113, "track", "tower"),
        (1437, "track-lost", "tower"),
    ]
    lost = next(r for r in replication.log if r.kind == "track-lost")
    assert replication.log.causes(lost)[1].kind == "track"


def test_a_track_is_confirmed_at_a_scan() -> None:
    """Each confirmation falls on phase + a multiple of the period, and the phase is below the period."""
    for number in range(8):
        data = there_and_back(
            {
                "dish": {
                    "range_km": 100.0,
                    "scan_period_s": 12.0,
                    "hit_share": 0.5,
                    "confirm_hits": 2,
                    "confirm_scans": 3,
                }
            }
        )
        phase = int(Uniforms(1).value(number, "dish", "scan-phase", 1) * 12)
        found = [step for step, kind, _ in seen(run_of(data, number)) if kind == "track"]
        assert found
        assert all(step % 12 == phase for step in found)
        # Two hits are the least, so the first confirmation falls on the second scan or later.
        assert found[0] >= phase + 12


def test_sure_hits_confirm_with_their_last_scan() -> None:
    """Three sure hits, twelve seconds apart, confirm two periods after the first scan."""
    sure = {"scan_period_s": 12.0, "confirm_hits": 3, "confirm_scans": 5}
    for number in range(4):
        phase = int(Uniforms(1).value(number, "dish", "scan-phase", 1) * 12)
        assert seen(run_of(there_and_back({"dish": sure}), number))[0] == (phase + 24, "track", "tower")


def test_cover_that_is_shorter_than_the_scans_gives_no_track() -> None:
    """A flight that leaves the cover before the third hit is never a track."""
    slow = {"range_km": 10.0, "scan_period_s": 30.0, "confirm_hits": 3, "confirm_scans": 3}
    assert seen(run_of(there_and_back({"dish": slow}))) == []


def test_a_post_keeps_a_track_while_any_radar_covers_it() -> None:
    """One post's track goes from radar to radar; each post has a picture of its own."""
    far = {"lat_deg": -28.0, "range_km": 140.0}
    together = run_of(there_and_back({"dish": {"range_km": 100.0}, "mast": far}))
    assert seen(together) == [(0, "track", "tower"), (1437, "track-lost", "tower")]
    apart = run_of(there_and_back({"dish": {"range_km": 100.0}, "mast": far | {"post": "hill"}}))
    posts = [post for _, _, post in seen(apart)]
    assert posts.count("hill") == 2
    assert posts.count("tower") == 4


@pytest.mark.parametrize(("watches", "count"), [(None, 1), ([], 0), (["visitor"], 1)])
def test_a_side_watches_whom_it_says(watches: list[str] | None, count: int) -> None:
    """A side follows all flights of others unless it names those that it watches."""
    north: Data = {"label": "North"} | ({} if watches is None else {"watches": watches})
    data = there_and_back({"dish": {}}, sides={"north": north, "south": {"label": "South"}})
    assert len([kind for _, kind, _ in seen(run_of(data)) if kind == "track"]) == count


@pytest.mark.parametrize(("radius_nmi", "heard"), [(53.45, True), (53.95, True), (54.05, False)])
def test_a_crossing_is_heard_by_who_has_the_track(radius_nmi: float, heard: bool) -> None:
    """A post hears of an exit up to the very step in which it loses the track, but not after it.

    The track is lost at 100,000 / 308.667 = 323.98 s: 324. The rings end at 320.7, 323.7 and 324.3 s.
    """
    ring = {"label": "R", "kind": "trigger", "lat_deg": -30.0, "lon_deg": 70.0, "radius_nmi": radius_nmi}
    data = there_and_back({"dish": {"range_km": 100.0}}, zones={"ring": ring})
    data["clock"] = {"start": START, "end": at(600)}
    data["command"]["stages"] = {"sigh": {"post": "tower", "after_all": ["leaves:ring"], "delay_s": 5}}
    prepared = prepare(scenario_of(data))
    for ticking in (False, True):
        log = replicate(prepared, Uniforms(1), 0, ticking=ticking).log
        assert any(r.kind == "sigh" for r in log) is heard


def test_an_exit_by_the_end_of_the_flight_is_heard() -> None:
    """A flight that ends inside leaves the zone and the cover in one step, and the post hears of the exit."""
    ring = {"label": "R", "kind": "trigger", "lat_deg": -30.0, "lon_deg": 70.0, "radius_nmi": 54.05}
    data = there_and_back({"dish": {}}, zones={"ring": ring})
    data["command"]["stages"] = {
        "sigh": {"post": "tower", "after_all": ["leaves:ring"], "per": "ring", "delay_s": 5}
    }
    prepared = prepare(scenario_of(data))
    for ticking in (False, True):
        log = replicate(prepared, Uniforms(1), 0, ticking=ticking).log
        sighs = [(r.step, r.data["stay"]) for r in log if r.kind == "sigh"]
        assert sighs == [(324 + 5 + 1, 1), (1437 + 5, 2)]
