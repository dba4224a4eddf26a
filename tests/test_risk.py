"""Risk: bands and intervals against closed forms, against counting, and by the command line."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from sim import cli, risk, risk_report, spread, store, survey
from sim.batch import compose, keep
from sim.draws import Uniforms
from sim.exposures import kinds_of, of_batch, touching
from sim.folders import folder_of
from sim.risk import ENDS, Case, Goal
from sim.run import prepare, replicate
from sim.scenario import Scenario, read
from sim.spread import effective_count, wilson, wilson_of_mean
from tests.encounters import scenario
from tests.sweeps import swept
from tests.test_escalation import HAZARD
from tests.test_exposures import CASCADE
from tests.test_spread import coverage
from tests.test_warning import CALLS, CREW

RUNGS = """
escalation.rungs = [
    { name = "calm", reached_by = ["track"] },
    { name = "harm", reached_by = ["%s"] },
    { name = "war", reached_by = ["formed"] },
]
"""
ON_NOTICE = (
    CALLS
    + CREW.replace("call = 1.0", "call = 0.5")
    + HAZARD
    + """
on = "notices"
delay_s = 7
share = 0.01
[escalation.hazards.mishap]
low_share = 0.001
high_share = 0.1
"""
)


def closed_form(share: float) -> float:
    """Return the chance of harm: four calls, each noticed in one case of two, each then harmful with the share."""
    return 1 - (1 - share / 2) ** 4


@cache
def noticing() -> Scenario:
    """Return an encounter whose only chances are whether calls are noticed, and a hazard of what is."""
    text = ON_NOTICE.replace("[escalation.hazards.mishap]\nlow_share = 0.001\nhigh_share = 0.1\n", "")
    text = text.replace("low_share = 0.0", "low_share = 0.001").replace(
        "high_share = 1.0", "high_share = 0.1"
    )
    return scenario(text, RUNGS % "incident")


def told(made: Scenario, count: int, **options: Any) -> dict[str, Any]:
    """Return the risk of a scenario with so many replications."""
    return risk.risk(Case(made, 1, "made", "0"), Goal(count), **options)


def rung(found: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the row of one rung."""
    (row,) = (each for each in found["rungs"] if each["name"] == name)
    assert isinstance(row, dict)
    return row


# ---- intervals


def test_the_interval_of_chances_0_and_1_is_wilsons() -> None:
    """Counted replications are chances of 0 and 1: then nothing is gained and nothing lost."""
    for reached, count in [(0, 10), (3, 10), (10, 10), (1, 1), (0, 1), (57, 1_000)]:
        assert wilson_of_mean(reached, reached, count) == pytest.approx(wilson(reached, count))
        assert effective_count(reached, reached, count) == count


def test_chances_that_are_all_alike_are_no_certainty() -> None:
    """A hundred chances of 0.2 give an interval of some width, which a hundred times as many narrow."""
    widths = []
    for count in (100, 10_000):
        low, high = wilson_of_mean(0.2 * count, 0.04 * count, count)
        assert low < 0.2 < high
        widths.append(high - low)
    assert 0 < widths[1] < widths[0] / 50 < 0.01


def test_the_effective_number_is_that_of_the_variance() -> None:
    """Chances of 0.1 and 0.3 by halves have a variance of 0.01; counting has 0.16: sixteen times as many."""
    chances = np.tile([0.1, 0.3], 5_000)
    found = effective_count(float(chances.sum()), float((chances**2).sum()), len(chances))
    assert found / len(chances) == pytest.approx(16, rel=0.002)


@pytest.mark.parametrize("share", [0.5, 0.01, 0.0005])
def test_intervals_cover_a_known_share_at_their_rate(share: float) -> None:
    """Of 400 studies of 100 replications 92 to 98 of a hundred hold the closed form, where chances are reckoned.

    Where they are counted, as many as the exact chance of Wilson's interval says, ± 6: four standard errors of 91 %.
    """
    made = noticing()
    prepared = prepare(made)
    keep(prepared, kinds_of(made))
    found = of_batch(compose(prepared, Uniforms(11), 0, 40_000), {})
    touched = [touching(made.escalation, each) for each in made.escalation.rungs]
    chances = found.reached(touched, {"mishap": share})[1].reshape(400, 100)
    assert chances.mean() == pytest.approx(closed_form(share), rel=0.02)
    covered = narrower = 0
    for study in chances:
        low, high = wilson_of_mean(float(study.sum()), float((study**2).sum()), 100)
        covered += low <= closed_form(share) <= high
        other = wilson(closed_form(share) * 100, 100)
        narrower += high - low < other[1] - other[0]
    assert 0.92 <= covered / 400 <= 0.98
    assert narrower == 400
    uniform = np.random.default_rng(5).random(chances.shape)
    counted = (uniform < chances).sum(axis=1)
    held = sum(low <= closed_form(share) <= high for low, high in (wilson(int(k), 100) for k in counted))
    assert held / 400 == pytest.approx(coverage(closed_form(share), 100), abs=0.06)


def test_what_is_reckoned_and_what_is_counted_overlap_at_the_rate_of_their_errors() -> None:
    """In 200 studies the two estimates differ by more than 1.96 standard errors of counting in 5 of a hundred, ± 6.

    Given the chances, counting scatters about them: its excess over what is reckoned has the mean of p (1 - p) as
    variance.  The tolerance is four standard errors.
    """
    made = noticing()
    prepared = prepare(made)
    keep(prepared, kinds_of(made))
    found = of_batch(compose(prepared, Uniforms(12), 0, 40_000), {})
    touched = [touching(made.escalation, each) for each in made.escalation.rungs]
    chances = found.reached(touched, {"mishap": 0.01})[1].reshape(200, 200)
    counted = found.counted[1].reshape(200, 200)
    apart = (counted - chances).sum(axis=1) / np.sqrt((chances * (1 - chances)).sum(axis=1))
    assert abs(apart.mean()) < 4 / np.sqrt(200)
    assert np.mean(np.abs(apart) > 1.96) == pytest.approx(0.05, abs=0.06)
    assert apart.std() == pytest.approx(1.0, abs=0.2)


# ---- the band


def test_the_band_is_the_closed_form_at_both_ends_and_in_the_middle() -> None:
    """Each interval of 2,000 replications holds what the hazard's low, middle and high share come to."""
    row = rung(told(noticing(), 2_000), "harm")
    for end, share in zip(ENDS, (0.001, 0.01, 0.1), strict=True):
        low, high = row[end]["share_interval"]
        assert low <= closed_form(share) <= high
        assert row[end]["share"] == pytest.approx(closed_form(share), rel=0.06)
        assert (high - low) / row[end]["share"] < 0.1
    assert row["counted"]["share_interval"][0] <= closed_form(0.01) <= row["counted"]["share_interval"][1]
    (opening,) = row["opened_by"]
    assert opening["hazard"] == "mishap"
    assert opening["low"] == row["low"]
    assert opening["high"] == row["high"]
    assert opening["share_difference"] == pytest.approx(row["high"]["share"] - row["low"]["share"])


def test_a_rung_that_no_hazard_reaches_is_counted_and_has_no_band() -> None:
    """All three ends are Wilson's interval; what never happened has one that ends near three in n."""
    found = told(noticing(), 1_000)
    for name, reached in (("calm", 1_000), ("war", 0)):
        row = rung(found, name)
        assert row["hazards"] == []
        assert row["opened_by"] == []
        for end in ENDS:
            assert row[end]["share_interval"] == list(wilson(reached, 1_000))
    assert 3 / 1_000 < rung(found, "war")["high"]["share_interval"][1] < 4 / 1_000


def test_the_band_of_july_is_monotone_in_every_replication() -> None:
    """A hazard that is likelier never makes a rung less likely, and one alone opens no more than all together."""
    case = Case(read("july-2019")[0], 1)
    (prepared,) = case.prepared
    batch = compose(prepared, Uniforms(1), 0, 200)
    ladder = case.scenario.escalation
    touched = [touching(ladder, each) for each in ladder.rungs]
    found = of_batch(batch, {})
    low, middle, high, *alone = (found.reached(touched, shares) for shares in case.levels.shares)
    assert (low <= middle).all()
    assert (middle <= high).all()
    assert len(alone) == 2 * len(ladder.hazards)
    for each in alone:
        assert (each >= low - 1e-12).all()
        assert (each <= high + 1e-12).all()
    assert (low[-1] < middle[-1]).mean() > 0.9


def test_hazards_that_follow_from_one_another_have_their_closed_form() -> None:
    """Four calls, a mishap in one of two, a panic in one of two of these: 1 - (1 - ab)^4 at each end.

    The first is drawn, the second reckoned; each interval of 4,000 replications holds it.
    """
    text = CASCADE.replace("low_share = 0.0", "low_share = 0.2").replace(
        "high_share = 1.0", "high_share = 0.8"
    )
    found = told(scenario(CALLS, text, RUNGS % "harm"), 4_000)
    row = rung(found, "harm")
    for end, a, b in (("low", 0.2, 0.1), ("middle", 0.5, 0.5), ("high", 0.8, 0.9)):
        low, high = row[end]["share_interval"]
        assert low <= 1 - (1 - a * b) ** 4 <= high
    ends = {opening["hazard"]: (opening["low"], opening["high"]) for opening in row["opened_by"]}
    for name, pairs in (("mishap", ((0.2, 0.5), (0.8, 0.5))), ("panic", ((0.5, 0.1), (0.5, 0.9)))):
        for told_end, (a, b) in zip(ends[name], pairs, strict=True):
            assert told_end["share_interval"][0] <= 1 - (1 - a * b) ** 4 <= told_end["share_interval"][1]
    assert [hazard["reckoned"] for hazard in found["hazards"]] == [False, True]


def test_engines_and_workers_give_one_band() -> None:
    """By the processes, and on two cores, the band is the same, but for the rounding of sums."""
    made = noticing()
    plain = told(made, 40)
    slow = told(made, 40, engine="processes")
    assert slow["rungs"][1]["counted"] == plain["rungs"][1]["counted"]
    for end in ENDS:
        assert slow["rungs"][1][end]["share"] == pytest.approx(plain["rungs"][1][end]["share"], rel=1e-12)
    many = told(made, 25_000)
    assert told(made, 25_000, workers=2) == many


# ---- enough replications


def test_it_stops_where_all_intervals_are_narrow_and_at_the_cap() -> None:
    """Harm is narrow at the first look; a rung that never comes, where its bound is below the rare share."""
    case = Case(noticing(), 1, "made", "0")
    found = risk.risk(case, Goal(rare_share=1e-3))
    assert found["replications"] == risk.BLOCK
    assert all(row["narrow"] for row in found["rungs"])
    found = risk.risk(case, Goal(rare_share=1e-4, most=30_000))
    assert found["replications"] == 30_000
    assert [row["narrow"] for row in found["rungs"]] == [True, True, False]
    assert [*Goal(most=70_000).looks()] == [10_000, 20_000, 40_000, 70_000]


def test_more_replications_go_on_from_those_that_are_there() -> None:
    """Stopped at 20,000 by the rule, it is what a fixed number of 20,000 gives."""
    case = Case(noticing(), 1, "made", "0")
    stopped = risk.risk(case, Goal(rare_share=2.5e-4, most=160_000))
    assert stopped["replications"] == 20_000
    fixed = told(noticing(), 20_000)
    for one, other in zip(stopped["rungs"], fixed["rungs"], strict=True):
        for end in ENDS:
            assert one[end]["share"] == pytest.approx(other[end]["share"], rel=1e-12)
        assert one["counted"] == other["counted"]


# ---- folders


def test_the_band_of_a_sweep_is_that_of_each_point(tmp_path: Path) -> None:
    """Each point has the replications of the sweep: the same counts, and the band of its scenario."""
    swept(tmp_path / "run", replications=30)
    found = survey.risk_of_sweep(folder_of(tmp_path / "run"))
    assert len(found["points_run"]) == 9
    from sim.manifests import reopened
    from sim.shards import results

    plan = reopened(folder_of(tmp_path / "run"))
    table = results(folder_of(tmp_path / "run")).to_pydict()
    for row in found["points_run"]:
        point = row["point"]
        alone = risk.risk(Case(plan.scenario_of(point), 1, "", ""), Goal(30))
        for one, other in zip(row["rungs"], alone["rungs"], strict=True):
            for end in ENDS:
                assert one[end] == other[end]
        assert alone["rungs"][1]["counted"]["share"] == table["rung.scrambled.share"][point]
    last = found["rungs"][-1]
    every = [row["rungs"][-1]["high"]["share"] for row in found["points_run"]]
    assert last["high"]["greatest"]["share"] == max(every)
    assert last["high"]["least"]["share"] == min(every)
    assert survey.risk_of_sweep(folder_of(tmp_path / "run"), workers=2) == found


def test_one_replication_has_the_chance_of_its_log(tmp_path: Path) -> None:
    """Of a run folder the chances in its one replication are told: 1 where a rung was reached without hazards."""
    made, document = read("first-intercept")
    recorded = store.record(replicate(prepare(made), Uniforms(1), 2), document)
    found = survey.of_replication(recorded)
    blocks = sum(event["kind"] == "block" for event in recorded.events)
    assert blocks == 3
    assert found["rungs"][-1]["middle"] == pytest.approx(1 - (1 - 1e-4) ** blocks)
    assert found["rungs"][-1]["high"] == pytest.approx(1 - (1 - 1e-3) ** blocks)
    reached = [row["middle"] == 1.0 for row in found["rungs"]]
    assert reached == [row["step"] is not None for row in recorded.rungs]


# ---- the command


def ran(*args: str) -> Any:
    """Run `intercept risk` at 80 columns."""
    return CliRunner().invoke(cli.app, ["risk", *args], env={"COLUMNS": "80"})


def test_the_command_prints_the_band_and_says_what_it_covers() -> None:
    """Every rung, what opens the band, and what band and interval cover stand in 80 columns."""
    result = ran("july-2019", "-n", "200")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    for rung_name in ("warning shots", "use of force"):
        assert any(line.startswith(rung_name) for line in lines)
    assert "what is assumed" in result.stdout
    assert "replications alone" in result.stdout
    assert "100.0–100.0" not in result.stdout


def test_the_object_of_the_command_has_the_documented_keys() -> None:
    """docs/answers.md lists the keys of the object and of its rungs."""
    found = json.loads(ran("first-intercept", "-n", "50", "--json").stdout)
    text = (Path(__file__).parent.parent / "docs" / "answers.md").read_text(encoding="utf-8")
    section = text.split("## `intercept risk")[1].split("\n## ")[0]
    for key in (*found, *found["rungs"][0], *found["rungs"][0]["middle"], *found["hazards"][0]):
        assert f"`{key}`" in section, key
    assert found["rungs"][-1]["opened_by"]
    for key in found["rungs"][-1]["opened_by"][0]:
        assert f"`{key}`" in section, key


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["july-2091"], 'did you mean "july-2019"'),
        (["first-intercept", "--within", "0"], "must lie between 0 and 1"),
        (["first-intercept", "--set", "escalation.rungs=[]"], "there is no rung to reach"),
        (["first-intercept", "--set", "escalation.hazard=1"], "hazard"),
        (["unknown-timings"], "is a study: run"),
        (["EMPTY"], "holds no sweep"),
        (["SWEEP", "--seed", "2"], "does not go with"),
    ],
)
def test_bad_input_is_told_in_a_line(tmp_path: Path, args: list[str], words: str) -> None:
    """Exit code 2, what came and what was wanted, no traceback."""
    (tmp_path / "empty").mkdir()
    swept(tmp_path / "sweep", replications=1)
    places = {"EMPTY": str(tmp_path / "empty"), "SWEEP": str(tmp_path / "sweep")}
    result = ran(*(places.get(word, word) for word in args))
    assert result.exit_code == 2
    assert words in result.stderr
    assert "Traceback" not in result.output


def test_the_command_reads_the_folders_of_runs_and_sweeps(tmp_path: Path) -> None:
    """A run's folder adds the chances in its replication; of a sweep the lowest and highest points are shown."""
    made, document = read("first-intercept")
    store.write(store.record(replicate(prepare(made), Uniforms(1), 2), document), document, tmp_path / "run")
    result = ran(str(tmp_path / "run"), "-n", "50")
    assert result.exit_code == 0, result.output
    assert "chance in replication 2" in result.stdout
    swept(tmp_path / "sweep", replications=10)
    result = ran(str(tmp_path / "sweep"))
    assert result.exit_code == 0, result.output
    assert "collision, high ends" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_what_was_never_seen_has_a_bound_that_is_a_share() -> None:
    """Of three over n it is the exact form: 3 / 1 is no share, and for many replications they agree."""
    assert risk_report.most_unseen(1) == pytest.approx(0.95)
    assert (1 - risk_report.most_unseen(20)) ** 20 == pytest.approx(0.05)
    assert risk_report.most_unseen(10_000) == pytest.approx(3 / 10_000, rel=0.002)


def test_percentages_have_the_digits_that_they_are_worth() -> None:
    """Never a certainty that is none: 0.99996 is not 100 %."""
    assert risk_report.percent(0.99996) == "99.9960 %"
    assert risk_report.percent(3 / 160_000) == "0.0019 %"
    assert spread.wilson(0, 10)[0] == 0.0
