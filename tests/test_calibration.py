"""Calibration: known timings are found again at the stated rate, and what facts cannot tell is said to be so."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from sim import calibration, cli, posterior
from sim.calibration import Asked, Mornings, accept, calibrate, facts_of, mornings_of, plan_of
from sim.errors import CalibrationError, InputError
from sim.facts import Fact
from sim.folders import folder_of
from sim.posterior import Draws, posteriors, quantiles, together
from sim.scenario import read
from sim.study import Plan
from sim.sweep import Goal, sweep
from tests.encounters import ENCOUNTER

FACT = """
[facts.%s]
statement = "%s"
role = "check"
at = %s
tolerance_s = 20
select = { kind = "%s" }
take = "time"
source = "assumption"
confidence = "ASM"
"""
DECIDED = FACT % ("decided", "Decided", "06:01:59", "decide")
GRANTED = FACT % ("granted", "Granted", "06:03:40", "granted")
CHAIN = (
    ENCOUNTER.replace(
        'delay_s = 60\norders = "scramble"',
        'delay_s = { dist = "lognormal", median = 60, p95 = 120 }\norders = "scramble"',
    )
    + """
[command.stages.grant]
post = "ministry"
after_all = ["decide"]
delay_s = 90
emits = "granted"
"""
)
"""An encounter in which the ministry grants 90 s after it heard of the tower's decision, which takes about a minute."""

DECIDE, GRANT, IDENTIFY = (
    "command.stages.decide.delay_s.median",
    "command.stages.grant.delay_s",
    "fighters.types.fast.identify_s",
)
VARY = (f"{DECIDE}=10:200", f"{GRANT}=10:200", f"{IDENTIFY}=1:100")


def chain(folder: Path, facts: str = GRANTED, text: str = CHAIN) -> str:
    """Write the chain with facts, and return where."""
    path = folder / "chain.toml"
    path.write_text(text + facts, encoding="utf-8")
    return str(path)


def drawn(path: str, vary: tuple[str, ...] = VARY, **options: Any) -> Plan:
    """Return draws of the timings of the chain."""
    return plan_of(path, vary, **{"draws": 200, "keep_shape": True, **options})


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> tuple[Plan, str, Mornings, list[int]]:
    """Give 200 draws of the chain with 30 replications each, as a folder and as mornings."""
    folder = tmp_path_factory.mktemp("draws")
    plan = drawn(chain(folder, DECIDED + GRANTED))
    where = str(folder / "run")
    sweep(plan, where, goal=Goal(30), rows=True, workers=1)
    return plan, where, *mornings_of(folder_of(where), plan, 30)


# ---- known answers


def test_a_timing_without_chance_is_found_within_the_tolerance_of_its_fact(tmp_path: Path) -> None:
    """The track comes at once; a decision reported at 06:01:59 ± 20 s took 99 to 139 s, evenly.

    Of a range of 200 s drawn evenly by 100 draws the middle 90 % of 40 s are 36 s, ± 4 s: 36 of 180.
    """
    text = CHAIN.replace('{ dist = "lognormal", median = 60, p95 = 120 }', "60")
    plan = drawn(chain(tmp_path, DECIDED, text), ("command.stages.decide.delay_s=0:200",), draws=100)
    told = calibrate(plan, str(tmp_path / "run"), Asked(), 1, workers=1)
    (row,) = told["quantities"]
    low, middle, high = row["posterior_p05_p50_p95"]
    assert (low, middle, high) == pytest.approx((101, 119, 137), abs=4)
    assert row["width_ratio"] == pytest.approx(36 / 180, abs=0.03)
    assert row["told"]
    assert told["accepted"] == pytest.approx(20.5, abs=1)  # a draw for every two seconds


def test_the_truth_lies_in_the_interval_at_the_stated_rate(
    table: tuple[Plan, str, Mornings, list[int]], tmp_path: Path
) -> None:
    """Of 200 true mornings, with facts off by up to their tolerance, 90 of a hundred have their timings covered, ± 12.

    They are two mornings of each of 100 draws: four standard errors of 100.  So it is for the timing that decides, for
    the one that follows it, and for the one that no fact tells of.
    """
    plan, _, mornings, points = table
    truths = drawn(chain(tmp_path, DECIDED + GRANTED), draws=100, seed=2)
    sweep(truths, tmp_path / "truths", goal=Goal(2), rows=True, workers=1)
    true, numbers = mornings_of(folder_of(tmp_path / "truths"), truths, 2)
    generator = np.random.default_rng(3)
    covered, told = np.zeros(3), np.zeros(3)
    for place, number in enumerate(true.draw.tolist()):
        facts = {
            name: reported(plan, name, true.values[name][place] + generator.integers(-20, 21))
            for name in ("decided", "granted")
        }
        flags = accept(mornings, facts, None).flags
        weights = np.bincount(mornings.draw[flags], minlength=len(points)).astype(float)
        draws = Draws.of(plan, points, weights)
        for each, value in enumerate(truths.values(numbers[number]).values()):
            low, _, high = quantiles(draws.values[each], weights)
            covered[each] += low <= value <= high
        if place % 20 == 0:
            told += [row["told"] for row in posteriors(plan, draws)]
    assert (np.abs(covered / len(true.draw) - 0.9) <= 0.12).all(), covered
    assert told[0] >= 7  # of 10
    assert told[1] >= 7
    assert told[2] <= 1


def reported(plan: Plan, name: str, second: float) -> Fact:
    """Return a fact of the chain as if it had been reported at a second."""
    at = (datetime(2020, 3, 1, 6) + timedelta(seconds=max(0, int(second)))).time()  # noqa: DTZ001
    return plan.scenario.facts[name].model_copy(update={"at": at})


def test_what_no_fact_depends_on_stays_as_wide_as_it_was(
    table: tuple[Plan, str, Mornings, list[int]],
) -> None:
    """How long a pilot takes to identify is nothing to the chain: the ratio of widths is 1, and luck explains it."""
    plan, where, *_ = table
    told = calibrate(plan, where, Asked(), 30, workers=1)
    rows = {row["path"]: row for row in told["quantities"]}
    assert rows[IDENTIFY]["width_ratio"] == pytest.approx(1.0, abs=0.1)
    assert rows[IDENTIFY]["width_ratio_interval"][0] < 1.02
    assert not rows[IDENTIFY]["told"]
    assert rows[DECIDE]["told"]
    assert rows[DECIDE]["width_ratio_interval"][1] < 0.9


def test_a_fact_on_a_sum_tells_of_its_parts_only_together(
    table: tuple[Plan, str, Mornings, list[int]],
) -> None:
    """With the grant alone reported, a longer decision goes with a shorter grant; nothing goes with identifying."""
    plan, where, *_ = table
    told = calibrate(plan, where, Asked(("granted",)), 30, workers=1)
    assert told["rule"]["facts"] == ["granted"]
    strongest = told["together"][0]
    assert strongest["paths"] == [DECIDE, GRANT]
    assert strongest["correlation_interval"][1] < -0.3
    assert all(abs(row["correlation"]) < 0.35 for row in told["together"][1:])
    rows = {row["path"]: row for row in told["quantities"]}
    assert rows[DECIDE]["width_ratio"] > 0.8


def test_a_fact_more_leaves_no_more_mornings(table: tuple[Plan, str, Mornings, list[int]]) -> None:
    """What agrees with two facts agrees with each, and what each alone rejects is what it takes away."""
    plan, where, mornings, _ = table
    facts = facts_of(plan.scenario, ["checks"])
    both = accept(mornings, facts, None).flags
    for name in facts:
        alone = accept(mornings, {name: facts[name]}, None).flags
        assert (alone >= both).all()
    told = calibrate(plan, where, Asked(), 30, workers=1)
    for row in told["facts"]:
        (other,) = (name for name in facts if name != row["id"])
        without = accept(mornings, {other: facts[other]}, None).count
        assert row["rejects_alone"] == without - both.sum()
        assert row["posterior"]["within_share"] > row["prior"]["within_share"]


# ---- the rule


def test_the_closest_are_those_with_the_least_distance() -> None:
    """Distances count tolerances beyond the tolerance, at the most 1 a fact; ties are all accepted."""
    scenario = read("july-2019")[0]
    facts = {name: scenario.facts[name] for name in ("flares-2", "calls-h6k")}  # 10 ± 2, and 20 to 29
    flares = np.array([10.0, 12, 13, 14, 0, 10, 10])
    calls = np.array([20.0, 29, 20, 20, 20, 30, np.nan])
    from sim.clock import Clock

    mornings = Mornings(np.arange(7), {"flares-2": flares, "calls-h6k": calls}, Clock.of(scenario.clock))
    assert mornings.far("flares-2", facts["flares-2"]).tolist() == [0, 0, 0.5, 1, 1, 0, 0]
    assert mornings.far("calls-h6k", facts["calls-h6k"]).tolist() == [0, 0, 0, 0, 0, 1, 1]
    assert accept(mornings, facts, None).flags.tolist() == [True, True, *[False] * 5]
    third = accept(mornings, facts, 0.4)
    assert third.flags.tolist() == [True, True, True, *[False] * 4]
    assert third.rule == {"kind": "closest", "share": 0.4, "distance": 0.25}
    assert accept(mornings, facts, 0.5).count == 7  # the fourth is as far as the rest


def test_facts_that_exclude_each_other_are_never_together() -> None:
    """Versions on one topic, a version of what the scenario was written from, and unknown names are refused."""
    scenario = read("july-2019")[0]
    checks = facts_of(scenario, ["checks"])
    assert len(checks) == 15
    assert not any(fact.disputed or fact.role == "input" for fact in checks.values())
    every = facts_of(scenario, ["checks", "disputed"])
    topics = [fact.topic for fact in every.values() if fact.topic is not None]
    assert topics == []
    assert {"shots-time-1", "rounds-2"} <= set(every)
    assert "rounds-total" in facts_of(scenario, ["checks", "rounds-total"])
    for to, words in (
        (["flares-total", "flares-total-25"], "excludes flares-total"),
        (["a50-kadiz-in-1-late"], "versions of a50-kadiz-in-1"),
        (["a50-kadiz-in-1"], "used to write the scenario"),
        (["shots-time-3"], 'did you mean "shots-time-'),
        (["check"], 'did you mean "checks"'),
    ):
        with pytest.raises(InputError, match=words):
            facts_of(scenario, to)
    with pytest.raises(InputError, match="names no fact"):
        facts_of(read("first-intercept")[0], ["checks"])


# ---- posteriors by hand


def test_weighted_quantiles_are_values_that_were_drawn() -> None:
    """The lowest value at or below which so large a part of the weight lies; weights as repetitions."""
    values = np.array([3.0, 1.0, 2.0])
    assert quantiles(values, np.array([1.0, 1.0, 1.0])) == [1.0, 2.0, 3.0]
    assert quantiles(values, np.array([0.0, 98.0, 2.0])) == [1.0, 1.0, 1.0]
    repeated = np.repeat(values, [5, 7, 11])
    expected = np.quantile(repeated, (0.05, 0.5, 0.95), method="inverted_cdf")
    assert quantiles(values, np.array([5.0, 7.0, 11.0])) == expected.tolist()


def test_equal_weights_leave_every_prior_as_it_is(table: tuple[Plan, str, Mornings, list[int]]) -> None:
    """Where every draw counts alike the ratio is 1, luck is certain, and no pair goes together but by the design."""
    plan, _, _, points = table
    draws = Draws.of(plan, points, np.full(len(points), 4.0))
    assert draws.effective == pytest.approx(200)
    for row in posteriors(plan, draws):
        assert row["width_ratio"] == 1.0
        assert row["luck_share"] == 1.0
        assert row["prior_p05_p50_p95"] == row["posterior_p05_p50_p95"]
    assert all(abs(row["correlation"]) < 0.15 for row in together(plan, draws))


def test_luck_is_as_often_below_a_level_as_the_level_says() -> None:
    """Weights that know nothing of a value come out below 0.1 in 10 of a hundred cases, ± 8.5."""
    generator = np.random.default_rng(5)
    found = []
    for _ in range(200):
        weights = np.array(generator.poisson(0.8, 60), dtype=np.float64)
        found.append(posterior._luck(generator.random(60), weights, generator))
    lucks = np.array(found)
    assert (lucks < 0.1).mean() == pytest.approx(0.1, abs=0.085)
    assert (lucks < 0.5).mean() == pytest.approx(0.5, abs=0.14)


def test_a_range_by_its_logarithm_is_measured_by_it(tmp_path: Path) -> None:
    """Half the way from 10 to 1000 is 100 where it is drawn by the logarithm, and 505 where it is not."""
    quantity = read_study(tmp_path, scale="log")
    assert posterior.place(quantity, np.array([10.0, 100.0, 1000.0])) == pytest.approx([0, 0.5, 1])
    quantity = read_study(tmp_path, scale="linear")
    assert posterior.place(quantity, np.array([10.0, 505.0, 1000.0])) == pytest.approx([0, 0.5, 1])


def read_study(folder: Path, scale: str) -> Any:
    """Return the one quantity of a study with a scale."""
    chain(folder)
    study = folder / "study.toml"
    text = f'scenario = "chain"\n[[vary]]\npath = "{GRANT}"\nlow = 10\nhigh = 1000\nscale = "{scale}"\n'
    study.write_text(text, encoding="utf-8")
    return plan_of(str(study)).quantities[0]


# ---- the folder


def test_draws_are_kept_and_not_run_again(tmp_path: Path) -> None:
    """The second call runs nothing and tells the same; other facts and fewer replications read the same draws."""
    plan = drawn(chain(tmp_path, DECIDED + GRANTED), draws=60)
    where = str(tmp_path / "run")
    first = calibrate(plan, where, Asked(), 20, workers=1)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "run" / "rows").iterdir()}
    assert calibrate(plan, where, Asked(), 20, workers=1) == first
    fewer = calibrate(plan, where, Asked(("granted",)), 15, workers=1)
    assert fewer["simulated"] == 60 * 15
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "run" / "rows").iterdir()} == before
    fresh = calibrate(plan, str(tmp_path / "fresh"), Asked(("granted",)), 15, workers=2)
    assert fresh == fewer
    assert json.loads((tmp_path / "fresh" / "calibration.json").read_text(encoding="utf-8")) == fewer
    rows = (tmp_path / "fresh" / "accepted.csv").read_text(encoding="utf-8").splitlines()
    assert rows[0] == f"point,accepted,{DECIDE},{GRANT},{IDENTIFY}"
    assert len(rows) == 1 + fewer["accepted_draws"]
    assert sum(int(row.split(",")[1]) for row in rows[1:]) == fewer["accepted"]


def test_too_few_accepted_draws_are_an_error_that_says_why(tmp_path: Path) -> None:
    """A fact that no draw can meet is named, and nothing is written beside the draws."""
    plan = drawn(chain(tmp_path, DECIDED + GRANTED.replace("06:03:40", "08:00:00")), draws=20)
    with pytest.raises(CalibrationError, match=r"met least often: granted 0 %.*--accept"):
        calibrate(plan, str(tmp_path / "run"), Asked(), 2, workers=1)
    assert not (tmp_path / "run" / calibration.RESULT).exists()
    told = calibrate(plan, str(tmp_path / "run"), Asked(closest_share=0.5), 2, workers=1)
    assert told["rule"]["kind"] == "closest"
    assert told["accepted"] >= 20


# ---- the command


def ran(*args: str) -> Any:
    """Run `intercept calibrate` at 80 columns."""
    return CliRunner().invoke(cli.app, ["calibrate", *args], env={"COLUMNS": "80"})


def test_the_command_prints_posteriors_and_what_is_not_told(tmp_path: Path) -> None:
    """Beside each unknown stand prior and posterior, and what no fact tells of is listed."""
    vary = [word for each in VARY for word in ("--vary", each)]
    args = [
        chain(tmp_path, DECIDED + GRANTED),
        "--to",
        "checks",
        *vary,
        "--keep-shape",
        "--draws",
        "60",
        "-n",
        "10",
    ]
    result = ran(*args, "-j", "1")
    assert result.exit_code == 0, result.output
    assert max(map(len, result.stdout.splitlines())) <= 80
    untold = result.stdout.split("what these facts cannot tell")[1]
    assert IDENTIFY in untold
    assert "Granted" in result.stdout


def test_the_object_of_the_command_has_the_documented_keys(tmp_path: Path) -> None:
    """docs/answers.md lists the keys of the object, of its quantities and of its facts."""
    vary = [word for each in VARY for word in ("--vary", each)]
    result = ran(chain(tmp_path), *vary, "--keep-shape", "--draws", "60", "-n", "20", "-j", "1", "--json")
    found = json.loads(result.stdout)
    text = (Path(__file__).parent.parent / "docs" / "answers.md").read_text(encoding="utf-8")
    section = text.split("## `intercept calibrate")[1].split("\n## ")[0]
    rows = (found, found["rule"], found["quantities"][0], found["facts"][0], found["facts"][0]["prior"])
    for key in (key for row in (*rows, found["together"][0]) for key in row):
        assert f"`{key}`" in section, key


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["july-2091"], 'did you mean "july-2019"'),
        (["first-intercept"], "name what to vary with --vary"),
        (["first-intercept", "--vary", "command.stages.scramble.deley_s=0:9"], 'did you mean "delay_s"'),
        (["first-intercept", "--vary", "command.stages.scramble.delay_s=0:9"], "none of role check"),
        (["july-2019", "--to", "shot-time-1"], 'did you mean "shots-time-1"'),
        (["july-2019", "--accept", "2"], "must lie between 0 and 1"),
        (["july-2019", "--draws", "5"], "must be at least 20"),
        (["july-2019", "--design", "grid"], "must be latin-hypercube or sobol"),
        (["july-2019", "--design", "sobol", "--draws", "100"], "must be a power of 2"),
        (["july-2019", "--vary", "sides.korea.label=a,b"], "is no number"),
    ],
)
def test_bad_input_is_told_before_anything_runs(args: list[str], words: str) -> None:
    """Exit code 2, what came and what was wanted, no traceback."""
    result = ran(*args)
    assert result.exit_code == 2, result.output
    assert words in result.stderr
    assert "Traceback" not in result.output


def test_nothing_accepted_ends_with_1(tmp_path: Path) -> None:
    """What cannot be answered is a failure and no wrong input."""
    path = chain(tmp_path, GRANTED.replace("06:03:40", "08:00:00"))
    result = ran(path, "--vary", f"{GRANT}=10:200", "--draws", "20", "-n", "1", "-j", "1")
    assert result.exit_code == 1
    assert "only 0 draws agree" in result.stderr


def test_a_bundled_scenario_draws_what_its_study_holds_for_unknown() -> None:
    """July 2019 alone names the study of its unknown timings; every draw has random numbers of its own."""
    plan = plan_of("july-2019", draws=32)
    assert plan.name == "unknown-timings"
    assert plan.points == 32
    assert plan.study.independent
    assert plan.study.design == "latin-hypercube"
