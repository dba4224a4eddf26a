"""Command: chains of decisions with fixed delays, reckoned by hand, and what the checks refuse."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from sim.draws import Uniforms
from sim.run import Replication, prepare, replicate
from sim.scenario import Scenario, problems
from tests.scenarios import START, Data, at, scenario_of

RADAR: Data = {
    "label": "Radar",
    "post": "tower",
    "lat_deg": 0.0,
    "lon_deg": 100.0,
    "height_m": 100.0,
    "range_km": 300.0,
    "scan_period_s": 1.0,
    "hit_share": 1.0,
    "confirm_hits": 1,
    "confirm_scans": 1,
}


def with_stages(stages: Data, links: Data | None = None, **changed: Any) -> Data:
    """Make a scenario of stages over a flight that is a track from 0, and in the ring at 181-900 and 1262-1981.

    Along the equator at 600 kt, 308.667 m/s: 1.5 degrees or 166,979 m to the middle of a ring of 111,120 m, reached
    after 55,859 m (180.97 s) and left after 278,099 m (900.97 s). It turns round 1.5 degrees beyond the middle, after
    333,958 m, and so is back in the ring after 389,818 m (1262.9 s), and leaves it after 612,058 m (1982.9 s).
    """
    return {
        "scenario": {"title": "stages"},
        "clock": {"start": START, "end": at(2100)},
        "centre": {"lat_deg": 0.0, "lon_deg": 100.0},
        "sides": {"north": {"label": "North"}, "south": {"label": "South"}},
        "zones": {
            "ring": {"label": "R", "kind": "trigger", "lat_deg": 0.0, "lon_deg": 100.0, "radius_nmi": 60.0}
        },
        "intruders": {
            "visitor": {
                "label": "Visitor",
                "side": "south",
                "type": "bomber",
                "altitude_ft": 30_000.0,
                "route": [
                    {"at": at(0), "lat_deg": 0.0, "lon_deg": 98.5},
                    {"ground_speed_kt": 600.0, "lat_deg": 0.0, "lon_deg": 101.5},
                    {"ground_speed_kt": 600.0, "lat_deg": 0.0, "lon_deg": 98.5},
                ],
            }
        },
        "sensing": {"radars": {"dish": RADAR}},
        "command": {
            "posts": {name: {"label": name, "side": "north"} for name in ("tower", "staff", "ministry")},
            "links": links or {},
            "stages": stages,
        },
    } | changed


def run_of(data: Data, *, ticking: bool = False) -> Replication:
    """Run a scenario of stages."""
    return replicate(prepare(scenario_of(data)), Uniforms(1), 0, ticking=ticking)


def decided(data: Data, *kinds: str) -> list[tuple[int, str]]:
    """Return the steps and kinds of the records of some kinds, the same sleeping and ticking."""
    told = [
        [(r.step, r.kind) for r in run_of(data, ticking=ticking).log if r.kind in kinds]
        for ticking in (False, True)
    ]
    assert told[0] == told[1]
    return told[0]


def stage(post: str, delay_s: float, after_all: Sequence[str] = (), **more: Any) -> Data:
    """Make a stage."""
    return {"post": post, "delay_s": delay_s, "after_all": list(after_all)} | more


LINE = {"line": {"posts": ["tower", "staff"], "delay_s": 7.0}}


def test_delays_add_up_along_a_chain() -> None:
    """A decision in 10 s, 7 s on the line, 20 s, 7 s back, 30 s: 10, 37, 74. A link serves both ways."""
    stages = {
        "one": stage("tower", 10, ["track"]),
        "two": stage("staff", 20, ["one"]),
        "three": stage("tower", 30, ["two"]),
    }
    assert decided(with_stages(stages, LINE), "one", "two", "three") == [
        (10, "one"),
        (37, "two"),
        (74, "three"),
    ]


def test_a_stage_waits_for_all_that_it_names() -> None:
    """With 10 s, 25 s and 40 s to wait for, a stage starts at 40 s; its cause is what came last."""
    stages = {
        "one": stage("tower", 10, ["track"]),
        "two": stage("tower", 25, ["track"]),
        "three": stage("tower", 40, ["track"]),
        "last": stage("tower", 5, ["two", "three", "one"]),
    }
    assert decided(with_stages(stages), "last") == [(45, "last")]
    log = run_of(with_stages(stages)).log
    chain = [r.kind for r in log.causes(next(r for r in log if r.kind == "last"))]
    assert chain == ["last", "stage-started", "three", "stage-started", "track"]


def test_a_stage_waits_for_the_first_of_any() -> None:
    """Of 10 s, 25 s and 40 s the first releases; together with all of another list, the later of the two."""
    stages = {
        "one": stage("tower", 10, ["track"]),
        "two": stage("tower", 25, ["track"]),
        "three": stage("tower", 40, ["track"]),
        "first": stage("tower", 5, after_any=["three", "one", "two"]),
        "both": stage("tower", 5, ["three"], after_any=["two", "one"]),
    }
    assert decided(with_stages(stages), "first", "both") == [(15, "first"), (45, "both")]
    log = run_of(with_stages(stages)).log
    begun = next(r for r in log if r.kind == "stage-started" and r.data["stage"] == "first")
    assert log.causes(begun)[1].kind == "one"


@pytest.mark.parametrize(
    ("unless_s", "ends"), [(5, "dropped"), (10, "dropped"), (29, "dropped"), (30, "kept")]
)
def test_a_stage_is_dropped_by_what_is_known_before_its_end(unless_s: int, ends: str) -> None:
    """A stage from 10 to 30 s is dropped by what is known before 30 s, also before it starts; not in its last step."""
    stages = {
        "begin": stage("tower", 10, ["track"]),
        "quiet": stage("tower", unless_s, ["track"]),
        "alarm": stage("tower", 20, ["begin"], unless=["quiet"]),
    }
    dropped = 11 if unless_s == 10 else max(10, unless_s)  # what is known as it starts is heard a step later
    wanted = [(30, "alarm")] if ends == "kept" else [(dropped, "stage-dropped")]
    assert decided(with_stages(stages), "alarm", "stage-dropped") == wanted


@pytest.mark.parametrize("unless_s", [5, 10, 12])
def test_a_stage_starts_before_it_is_dropped(unless_s: int) -> None:
    """In the log no stage is dropped and then started; one that is dropped beforehand need not start."""
    stages = {
        "begin": stage("tower", 10, ["track"]),
        "quiet": stage("tower", unless_s, ["track"]),
        "alarm": stage("tower", 20, ["begin"], unless=["quiet"]),
    }
    alarm = [r.kind for r in run_of(with_stages(stages)).log if r.data.get("stage") == "alarm"]
    assert alarm in (["stage-dropped"], ["stage-started", "stage-dropped"])


def test_a_decision_takes_a_step_at_least() -> None:
    """Without delay a decision falls on the next step, so that a chain without delays takes a step each."""
    stages = {"one": stage("tower", 0, ["track"]), "two": stage("staff", 0, ["one"])}
    links = {"line": {"posts": ["staff", "tower"], "delay_s": 0}}
    assert decided(with_stages(stages, links), "one", "two") == [(1, "one"), (2, "two")]


def test_an_event_is_heard_over_one_link_only() -> None:
    """Word goes to posts that are linked to where it arose, not on from them: each further post needs its stage."""
    links = LINE | {"wire": {"posts": ["staff", "ministry"], "delay_s": 3.0}}
    stages = {
        "one": stage("tower", 10, ["track"]),
        "pass-on": stage("staff", 1, ["one"]),
        "two": stage("ministry", 5, ["pass-on"]),
    }
    assert decided(with_stages(stages, links), "pass-on", "two") == [(18, "pass-on"), (26, "two")]


def test_two_posts_may_end_in_one_event() -> None:
    """Where two stages emit one event, the first that is known counts."""
    stages = {
        "slow": stage("tower", 50, ["track"], emits="go"),
        "quick": stage("staff", 20, ["track"], emits="go"),
        "act": stage("tower", 10, ["go"]),
    }
    assert decided(with_stages(stages, LINE), "act") == [(7 + 20 + 7 + 10, "act")]


def test_a_stage_happens_anew_for_each_stay() -> None:
    """Entered at 181 and 1263: per stay a decision each; once for a flight only the first."""
    stages = {
        "each": stage("tower", 60, ["enters:ring"], per="ring"),
        "once": stage("tower", 70, ["enters:ring"]),
    }
    assert decided(with_stages(stages), "each", "once") == [(241, "each"), (251, "once"), (1323, "each")]
    stays = [r.data["stay"] for r in run_of(with_stages(stages)).log if r.kind == "each"]
    assert stays == [1, 2]


def test_what_lasts_is_heard_in_every_stay_and_what_passes_only_in_its_own() -> None:
    """A decision once for a flight serves both stays; one taken in the first stay does not serve the second."""
    stages = {
        "standing": stage("tower", 30, ["track"]),
        "passing": stage("tower", 60, ["enters:ring"], per="ring", about=["visitor"]),
        "by-standing": stage("tower", 5, ["enters:ring", "standing"], per="ring"),
        "late": stage("tower", 2000, ["enters:ring"]),
        "after-passing": stage("tower", 5, ["passing"], per="ring"),
    }
    kinds = ("by-standing", "after-passing")
    assert decided(with_stages(stages), *kinds) == [
        (186, "by-standing"),
        (246, "after-passing"),
        (1268, "by-standing"),
        (1328, "after-passing"),
    ]


def test_a_stage_in_a_later_stay_does_not_hear_of_the_one_before() -> None:
    """An exit belongs to the stay that it ends: what waits for entry and exit of one stay ends after the exit."""
    stages = {"sum-up": stage("tower", 10, ["enters:ring", "leaves:ring"], per="ring")}
    assert decided(with_stages(stages), "sum-up") == [(901 + 10, "sum-up"), (1983 + 10, "sum-up")]


def test_a_stage_deals_with_the_flights_that_it_names() -> None:
    """A stage about another flight does not happen, and is not told as unmet."""
    data = with_stages({"one": stage("tower", 10, ["track", "enters:ring"], about=["other"])})
    data["intruders"]["other"] = data["intruders"]["visitor"] | {
        "route": [
            {"at": at(10), "lat_deg": 30.0, "lon_deg": 98.5},
            {"at": at(90), "lat_deg": 30.0, "lon_deg": 98.6},
        ]
    }
    assert decided(data, "one", "stage-unmet") == []
    assert decided(with_stages({"one": stage("tower", 10, ["track"], about=["visitor"])}), "one") == [
        (10, "one")
    ]


def test_a_stage_that_says_no_is_told() -> None:
    """With a share of 0 the decision is refused at its end, with 1 it goes on; nobody hears of a refusal."""
    stages = {"one": stage("tower", 10, ["track"], yes_share=0.0), "two": stage("tower", 5, ["one"])}
    assert decided(with_stages(stages), "one", "two", "stage-refused") == [(10, "stage-refused")]
    stages["one"]["yes_share"] = 1.0
    assert decided(with_stages(stages), "one", "two", "stage-refused") == [(10, "one"), (15, "two")]


def test_unmet_stages_say_what_they_wait_for() -> None:
    """At the end of the window a stage that was opened and never released names what was missing, and by which stay."""
    stages = {
        "never": stage("tower", 2000, ["leaves:ring"], emits="too-late"),
        "all": stage("tower", 10, ["track", "too-late"]),
        "any": stage("tower", 10, ["track"], after_any=["too-late", "later-still"]),
        "later": stage("tower", 10, ["too-late"], emits="later-still"),
        "stay": stage("tower", 10, ["enters:ring", "too-late"], per="ring"),
    }
    replication = run_of(with_stages(stages))
    told = {
        (r.data["stage"], r.data.get("stay")): (r.step, r.data["waits_for"])
        for r in replication.log
        if r.kind == "stage-unmet"
    }
    assert told == {
        ("all", None): (2100, ["too-late"]),
        ("any", None): (2100, ["too-late or later-still"]),
        ("stay", 1): (2100, ["too-late"]),
        ("stay", 2): (2100, ["too-late"]),
    }
    log = replication.log
    causes = {
        r.data["stage"]: log[r.cause].kind for r in log if r.kind == "stage-unmet" and r.cause is not None
    }
    assert causes == {"all": "track", "any": "track", "stay": "enters"}


def test_what_arrives_after_the_window_is_missing() -> None:
    """A signal on its way as the window ends is still waited for: it is named, in the window's last step."""
    links = {"line": {"posts": ["tower", "staff"], "delay_s": 100.0}}
    data = with_stages({"one": stage("staff", 5, ["enters:ring"])}, links)
    # The entry at 181 is known at 281: the window ends one step before, at that step, and one after.
    for end, unmet in [(279, 1), (280, 1), (281, 0), (282, 0)]:
        data["clock"] = {"start": START, "end": at(end)}
        missing = [(r.step, r.data["waits_for"]) for r in run_of(data).log if r.kind == "stage-unmet"]
        assert missing == [(end, ["enters:ring"])] * unmet


def test_each_occurrence_on_a_link_has_a_draw_of_its_own() -> None:
    """Two entries over a line with random delays take different times, the same again in a repetition."""
    law = {"dist": "uniform", "low": 5.0, "high": 200.0}
    links = {"line": {"posts": ["tower", "staff"], "delay_s": law}}
    data = with_stages({"one": stage("staff", 1, ["enters:ring"], per="ring")}, links)
    entered = [step for step, _ in decided(data, "enters")]
    begun = [step for step, _ in decided(data, "stage-started")]
    assert entered == [181, 1263]
    delays = [one - other for one, other in zip(begun, entered, strict=True)]
    assert all(5 <= delay <= 200 for delay in delays)
    assert delays[0] != delays[1]


def told_problems(data: Data) -> list[str]:
    """Return what the checks between sections say of a scenario."""
    scenario = Scenario.model_validate(data)
    return [f"{'.'.join(map(str, path))}: {message}" for path, message in problems(scenario)]


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        ({"one": stage("staff", 10, ["track"])}, 'from where no link leads to "staff"'),
        ({"one": stage("tower", 10, ["trak"])}, 'is "trak", which nothing announces, did you mean "track"?'),
        ({"one": stage("towr", 10, ["track"])}, 'is "towr", which is no post, did you mean "tower"?'),
        (
            {"one": stage("tower", 10, ["two"]), "two": stage("tower", 10, ["one"])},
            "waits for itself: one after two",
        ),
        ({"one": stage("tower", 10, ["one"])}, "waits for itself: one after one"),
        ({"one": stage("tower", 10, ["track"], per="ring")}, "so it must wait for something that does"),
        (
            {"one": stage("tower", 10, ["track"], per="rang")},
            'is "rang", which is no zone, did you mean "ring"?',
        ),
        ({"one": stage("tower", 10, ["track"], emits="joined")}, "which the model records itself"),
        ({"one": stage("tower", 10, ["track"], orders="scramble")}, 'side "north" has no pairs to order'),
        ({"one": stage("tower", 10, ["track"], about=["guest"])}, 'is "guest", which is no flight'),
        ({"one": stage("tower", 10, ["enters:rung"])}, 'did you mean "enters:ring"?'),
    ],
)
def test_a_chain_that_cannot_work_is_refused(stages: Data, message: str) -> None:
    """A signal that cannot reach its post, a name that is none, and a circle are errors that say what to do."""
    told = told_problems(with_stages(stages))
    assert any(message in problem for problem in told), told


def test_a_stage_that_waits_for_nothing_is_refused() -> None:
    """A stage needs something to wait for."""
    with pytest.raises(ValueError, match="waits for nothing"):
        Scenario.model_validate(with_stages({"one": stage("tower", 10)}))


def test_a_link_from_a_post_to_itself_is_refused() -> None:
    """The two ends of a link are two posts."""
    with pytest.raises(ValueError, match='leads from "tower" to itself'):
        Scenario.model_validate(with_stages({}, {"line": {"posts": ["tower", "tower"], "delay_s": 1.0}}))
