"""Sensitivity: known indices come out of a sweep's folder, noise is not taken for an effect, absence is an outcome."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from SALib.test_functions import Ishigami

from sim import estimates, manifests, shards
from sim.designs import drawn_shares
from sim.errors import InputError
from sim.folders import folder_of
from sim.histograms import Histograms
from sim.many import simulate
from sim.sensitivity import NOISY_SHARE, _Analysis, sensitivity
from sim.sensitivity_report import number
from sim.shards import PointState, Shard
from sim.study import Plan, read
from tests.sweeps import CALL, SCRAMBLE, small, swept
from tests.test_cli import good, refused

VARIED = (f"{SCRAMBLE}=1:101", f"{CALL}=0:1", "command.stages.identify.delay_s=1:101")
OUTCOME = "highest_rung"
"""An outcome that cannot be absent, in whose place the numbers of a known function are put."""

ISHIGAMI_FIRST = (0.3139, 0.4424, 0.0)
ISHIGAMI_TOTAL = (0.5576, 0.4424, 0.2437)
"""Analytic indices for A = 7, B = 0.1: T. Ishigami and T. Homma, 1990; A. Saltelli et al., Global Sensitivity
Analysis: The Primer, 2008."""


def shares(plan: Plan) -> np.ndarray:
    """Return the values of every point as shares of their ranges."""
    table = np.array(plan.table, dtype=float)
    low = np.array([each.low for each in plan.quantities])
    return (table - low) / (np.array([each.high for each in plan.quantities]) - low)


def folder_with(
    where: Path, plan: Plan, values: np.ndarray, spread: float = 0.0, replications: int = 10, luck: int = 0
) -> Path:
    """Write the folder of a sweep in which an outcome has these values, and replications that scatter around them."""
    folder = folder_of(where)
    manifest = manifests.manifest_of(plan, engine="batch", rows=False)
    manifests.begin(folder, plan, manifest)
    manifests.write_manifest(folder, manifest)
    rng = np.random.default_rng(luck)
    always = frozenset({OUTCOME})
    for shard in range(shards.shard_count(plan.points)):
        found = {}
        for point in shards.points_of(shard, plan.points):
            each = np.sort(values[point] + spread * rng.standard_normal(replications))
            ones = np.ones(replications, dtype=np.int64)
            places = np.zeros(replications, dtype=np.int32)
            found[point] = Histograms(replications, (OUTCOME,), always, places, each, ones)
        states = {point: PointState(point, replications) for point in found}
        shards.write_shard(folder, plan, (OUTCOME,), Shard(shard, states, found))
    return where


def indices(where: Path, key: str) -> list[Any]:
    """Return one number of each quantity for the outcome that is known."""
    (row,) = sensitivity(folder_of(where), [OUTCOME])["outcomes"]
    return [each[key] for each in row["indices"]]


def ishigami(plan: Plan) -> np.ndarray:
    """Return the Ishigami function at every point, each range being from -π to π."""
    return np.asarray(Ishigami.evaluate(math.pi * (2 * shares(plan) - 1)))


# ---- known answers


def test_the_ishigami_function_has_its_indices(tmp_path: Path) -> None:
    """From the folder of a saltelli sweep come the analytic indices, within 0.04 with 512 base samples."""
    plan = small(*VARIED, design="saltelli", points=512)
    where = folder_with(tmp_path / "s", plan, ishigami(plan), replications=2)
    assert indices(where, "first") == pytest.approx(ISHIGAMI_FIRST, abs=0.04)
    assert indices(where, "total") == pytest.approx(ISHIGAMI_TOTAL, abs=0.04)


def test_independent_noise_is_taken_out_of_the_indices(tmp_path: Path) -> None:
    """Replications that scatter so much that they make a third of the variance leave the indices where they were."""
    plan = small(*VARIED, design="saltelli", points=512, independent=True)
    spread = math.sqrt(10 * 0.5 * ishigami(plan).var())
    where = folder_with(tmp_path / "s", plan, ishigami(plan), spread, replications=10)
    (row,) = sensitivity(folder_of(where), [OUTCOME])["outcomes"]
    assert row["noise_share"] == pytest.approx(1 / 3, abs=0.03)
    assert row["noisy"]
    assert indices(where, "first") == pytest.approx(ISHIGAMI_FIRST, abs=0.12)
    assert indices(where, "total") == pytest.approx(
        ISHIGAMI_TOTAL, abs=0.12
    )  # with the noise: 0.15 to 0.25 more


def test_morris_effects_of_a_linear_function_are_its_slopes(tmp_path: Path) -> None:
    """Every effect over the whole range is the coefficient, with its sign and without scatter."""
    plan = small(*VARIED, design="morris", trajectories=5)
    values = shares(plan) @ np.array([3.0, -2.0, 0.0]) + 7.0
    where = folder_with(tmp_path / "m", plan, values, replications=2)
    assert indices(where, "mu") == pytest.approx([3.0, -2.0, 0.0], abs=1e-4)
    assert indices(where, "mu_star") == pytest.approx([3.0, 2.0, 0.0], abs=1e-4)
    assert indices(where, "sigma") == pytest.approx([0.0, 0.0, 0.0], abs=1e-4)
    for middle, (low, high) in zip(
        indices(where, "mu_star"), indices(where, "mu_star_interval"), strict=True
    ):
        assert low <= middle <= high


def test_independent_noise_is_no_scatter_of_the_effects(tmp_path: Path) -> None:
    """What the replications scatter is taken out of sigma: it is below 0.5, where with the noise it was 0.95."""
    plan = small(*VARIED, design="morris", trajectories=100, independent=True)
    values = shares(plan) @ np.array([3.0, -2.0, 0.0])
    where = folder_with(tmp_path / "m", plan, values, spread=2.0, replications=20)
    assert max(indices(where, "sigma")) < 0.5
    assert indices(where, "mu") == pytest.approx([3.0, -2.0, 0.0], abs=0.2)


def analysis(plan: Plan, values: np.ndarray, noise_sd: float = 0.0) -> _Analysis:
    """Return what analyses these values of one outcome; with noise every estimate has a mistake of its own."""
    measure = estimates.Measure(OUTCOME, OUTCOME, "", "known", "known", "mean", 0)
    mistakes = noise_sd * np.random.default_rng(plan.study.seed).standard_normal(len(values))
    found = estimates.Estimates(
        (measure,),
        np.arange(plan.points),
        np.full(plan.points, 10),
        (values + mistakes)[:, None],
        np.full((plan.points, 1), noise_sd**2),
        (),
    )
    return _Analysis(folder_of("nowhere"), plan, found, rows_kept=False)


def another(plan: Plan, seed: int) -> Plan:
    """Return the plan that the same study has with another seed."""
    study = plan.study.model_copy(update={"seed": seed})
    drawn = drawn_shares(study, len(plan.quantities))
    table = [
        tuple(each.at(float(share)) for each, share in zip(plan.quantities, row, strict=True))
        for row in drawn
    ]
    return replace(plan, study=study, table=tuple(table))


@pytest.mark.parametrize("independent", [False, True])
def test_intervals_cover_at_their_rate(independent: bool) -> None:
    """Over 150 studies the 95 % intervals of the indices of an additive function hold 0.8, 0.2 and 0 in 90 % and more.

    With noise in the estimates, a tenth of the variance, they hold them as well.  The points of a Saltelli design lie
    more evenly than those that a bootstrap draws, so that it may be more than 95 %.
    """
    plan = small(*VARIED, design="saltelli", points=32, independent=independent)
    held: dict[str, list[bool]] = {"first": [], "total": []}
    for seed in range(1, 151):
        drawn = another(plan, seed)
        values = shares(drawn) @ np.array([2.0, 1.0, 0.0])
        (row,) = analysis(drawn, values, math.sqrt(0.1 * values.var()) if independent else 0.0).sobol([0])
        for key, each in held.items():
            intervals = [index[f"{key}_interval"] for index in row["indices"]]
            for (low, high), true in zip(intervals, (0.8, 0.2, 0.0), strict=True):
                each.append(low - 1e-9 <= true <= high + 1e-9)
    assert min(np.mean(each) for each in held.values()) >= 0.9


def test_the_interval_of_a_mean_effect_covers_at_its_rate() -> None:
    """Over 150 screenings of 20 trajectories 95 % intervals of mean effects hold the true ones in 90 to 99 %.

    The effect of x in x² + x y over a step of 2/3 of the range is known for each start, and so is its mean.
    """
    true = exact_effects(lambda x: x[0] ** 2 + x[0] * x[1])
    plan = small(*VARIED, design="morris", trajectories=20)
    held = []
    for seed in range(1, 151):
        drawn = another(plan, seed)
        x = shares(drawn).T
        (row,) = analysis(drawn, x[0] ** 2 + x[0] * x[1]).morris([0])
        intervals = [index["mu_star_interval"] for index in row["indices"]]
        held += [low <= right <= high for (low, high), right in zip(intervals[:2], true, strict=True)]
    assert 0.9 <= np.mean(held) <= 0.99


def exact_effects(function: Callable[[list[float]], float]) -> list[float]:
    """Return the mean absolute effects of two quantities over all starts of a design of four levels."""
    found = []
    for moved in (0, 1):
        effects = []
        for start in (0.0, 1 / 3):
            for other in (0.0, 1 / 3, 2 / 3, 1.0):
                ends = [[start, other], [start + 2 / 3, other]]
                low, high = (function(end if moved == 0 else end[::-1]) for end in ends)
                effects.append(abs(high - low) / (2 / 3))
        found.append(sum(effects) / len(effects))
    return found


def test_a_quantity_that_does_nothing_has_no_effect(tmp_path: Path) -> None:
    """Its total index is exactly 0 with common random numbers, and with independent ones its interval holds 0."""
    nothing = "command.stages.identify.delay_s"
    for independent in (False, True):
        plan = small(
            f"{CALL}=0:0.6",
            f"{nothing}=1:2",
            design="saltelli",
            points=16,
            independent=independent,
        )
        where = tmp_path / str(independent)
        swept(where, plan, 60)
        (row,) = sensitivity(folder_of(where), ["rung.airspace-violated"])["outcomes"]
        busy, idle = row["indices"]
        low, high = idle["total_interval"]
        assert low - 1e-12 <= 0.0 <= high + 1e-12
        assert busy["total"] > 0.5
        assert idle["total"] == 0.0 or independent


# ---- what did not happen


def test_estimates_count_what_did_not_happen(tmp_path: Path) -> None:
    """Shares, times up to the end of the window and margins in time are those of the replications one by one."""
    plan = small(f"{SCRAMBLE}=0,200,400")
    swept(tmp_path / "s", plan, 50)
    found = estimates.of(folder_of(tmp_path / "s"), plan)
    window_s = table_window(plan)
    for point in range(3):
        table = simulate(plan.scenario_of(point), 50, 1)
        came = table["rung.flares.at_s"]
        times = came.filled(window_s).astype(float)
        told = {measure.outcome: place for place, measure in enumerate(found.measures)}
        assert found.value[point, told["rung.flares"]] == pytest.approx(came.count() / 50)
        assert found.value[point, told["rung.flares.at_s"]] == pytest.approx(times.mean())
        assert found.variance[point, told["rung.flares.at_s"]] == pytest.approx(times.var(ddof=1) / 50)
        share = came.count() / 50
        assert found.variance[point, told["rung.flares"]] == pytest.approx(share * (1 - share) / 49)
        assert point > 0 or 0 < came.count() < 50


def table_window(plan: Plan) -> int:
    """Return the length of the window in seconds."""
    from sim.run import prepare

    clock = prepare(plan.scenario).clock
    return int(clock.last * clock.step_s)


def test_every_measure_says_in_words_what_an_absence_counts_as(tmp_path: Path) -> None:
    """No outcome that can be absent is a bare mean, and margins are shares of those in time."""
    swept(tmp_path / "s", small(f"{SCRAMBLE}=0,200,400", f"{CALL}=0,0.5", design="one-at-a-time"), 30)
    told = sensitivity(folder_of(tmp_path / "s"))
    units = {row["outcome"]: row["unit"] for row in told["outcomes"]}
    for row in told["outcomes"]:
        if row["unit"] == "s":
            assert "where it did not happen it counts as" in row["measure"], row["outcome"]
    margins = [name for name in units if name.endswith(".in_time")]
    assert margins
    assert {units[name] for name in margins} == {"share"}
    assert not [name for name in units if name.startswith("fact.")]


# ---- one at a time


def one_at_a_time(where: Path, **options: Any) -> dict[str, Any]:
    """Return what a small one-at-a-time sweep says of the flares."""
    plan = small(f"{SCRAMBLE}=0,200,400", f"{CALL}=0.1,0.5", design="one-at-a-time")
    swept(where, plan, 80, **options)
    (row,) = sensitivity(folder_of(where), ["rung.flares"])["outcomes"]
    return row


def test_a_tornado_is_paired_where_rows_are_kept(tmp_path: Path) -> None:
    """Differences are the same, their intervals narrower, and those of `compare` to the digit."""
    from sim.compare import paired_interval

    unpaired, paired = one_at_a_time(tmp_path / "a"), one_at_a_time(tmp_path / "b", rows=True)
    assert (unpaired["paired"], paired["paired"]) == (False, True)
    plan = small(f"{SCRAMBLE}=0,200,400", f"{CALL}=0.1,0.5", design="one-at-a-time")
    base = np.ma.getmaskarray(simulate(plan.scenario, 80, 1)["rung.flares.at_s"])
    point = 0
    for ours, theirs in zip(unpaired["indices"], paired["indices"], strict=True):
        for one, other in zip(ours["values"], theirs["values"], strict=True):
            point += 1
            assert one["difference"] == other["difference"]
            assert one["interval"] == other["interval"]
            other_mask = np.ma.getmaskarray(simulate(plan.scenario_of(point), 80, 1)["rung.flares.at_s"])
            both = int((~base & ~other_mask).sum())
            right = paired_interval(both, int((~base).sum()) - both, int((~other_mask).sum()) - both, 80)
            assert other["difference_interval"] == pytest.approx(right)
    assert width(paired) < width(unpaired)


def width(row: dict[str, Any]) -> float:
    """Return the sum of the widths of all intervals of differences."""
    values = [value for each in row["indices"] for value in each["values"]]
    return sum(value["difference_interval"][1] - value["difference_interval"][0] for value in values)


# ---- designs, sweeps that are not whole, and the command line


@pytest.mark.parametrize("design", ["grid", "latin-hypercube"])
def test_other_designs_are_refused(tmp_path: Path, design: str) -> None:
    """The message says which designs there are indices of, and the exit code is 2."""
    sampled = {"points": 3} if design != "grid" else {}
    vary = f"{SCRAMBLE}=0:10" if sampled else f"{SCRAMBLE}=0,10"
    swept(tmp_path / "s", small(vary, design=design, **sampled), 2)
    told = refused("sensitivity", tmp_path / "s")
    assert f"over a {design} design" in told
    assert "--design saltelli" in told
    assert "--design morris" in told


def test_a_sweep_that_was_stopped_is_analysed_as_far_as_groups_are_whole(tmp_path: Path) -> None:
    """Base samples that lack a point are left out and counted; fewer than two are refused."""
    plan = small(*VARIED, design="saltelli", points=64)
    where = folder_with(tmp_path / "s", plan, ishigami(plan), replications=2)
    gone = sorted((where / "histograms").iterdir())
    gone[3].unlink()
    (where / "results" / gone[3].name).unlink()
    told = sensitivity(folder_of(where))
    assert 0 < told["points_used"] < told["points"] == 320
    few = small(*VARIED, design="saltelli", points=2)
    where = folder_with(tmp_path / "few", few, ishigami(few), replications=2)
    for shard in (3, 7):
        (where / "histograms" / f"{shard:05}.parquet").unlink()
    with pytest.raises(InputError, match="has 8 of 10 points, in which no two base samples are whole"):
        sensitivity(folder_of(where))


def test_the_object_is_as_documented(tmp_path: Path) -> None:
    """Every kind has its keys, the analysis is the same each time, and the tables keep to 80 columns."""
    keys = {
        "morris": {"path", "mu_star", "mu_star_interval", "mu", "sigma"},
        "saltelli": {"path", "first", "first_interval", "total", "total_interval"},
        "one-at-a-time": {"path", "values"},
    }
    for design, wanted in keys.items():
        plan = small(
            f"{SCRAMBLE}=0:400:100",
            f"{CALL}=0:0.6:0.3",
            design=design,
            points=8,
            trajectories=3,
        )
        swept(tmp_path / design, plan, 20)
        shown = good("sensitivity", tmp_path / design, "--json").stdout
        told = json.loads(shown)
        assert shown == good("sensitivity", tmp_path / design, "--json").stdout
        assert list(told)[:7] == ["kind", "study", "scenario", "hash", "seed", "points", "replications"]
        assert [set(each) for each in told["inputs"]] == [{"path", "label", "low", "high", "base"}] * 2
        assert [each["low"] for each in told["inputs"]] == [0, 0]
        for row in told["outcomes"]:
            assert set(row) >= {"outcome", "unit", "meaning", "label", "measure", "noise_share", "indices"}
            assert [set(each) for each in row["indices"]] == [wanted] * 2
        text = good("sensitivity", tmp_path / design, "--all").stdout
        assert max(len(line) for line in text.splitlines()) <= 80
        assert "rung.flares: share of replications" in good("sensitivity", tmp_path / design).stdout
        told = good("sensitivity", tmp_path / design, "--outcome", "bear.closest_km").stdout
        assert "bear.closest_km" in told
    assert 'did you mean "rung.flares"' in refused(
        "sensitivity", tmp_path / "morris", "--outcome", "rung.flare"
    )
    assert "holds no sweep" in refused("sensitivity", tmp_path)


def test_noise_is_flagged(tmp_path: Path) -> None:
    """A sweep of few replications, of which most of the variance is luck, says that it wants more."""
    plan = read("first-intercept", [f"{CALL}=0.1:0.12", f"{SCRAMBLE}=1:3"], design="morris", independent=True)
    swept(tmp_path / "s", plan, 20)
    (row,) = sensitivity(folder_of(tmp_path / "s"), ["rung.intercepted"])["outcomes"]
    assert row["noise_share"] > NOISY_SHARE
    assert "raise -n" in good("sensitivity", tmp_path / "s", "--outcome", "rung.intercepted").stdout


def test_numbers_keep_their_units() -> None:
    """Shares are per cent, long times whole seconds, and nothing is minus zero."""
    assert number(-0.0001, "share", signed=True) == "0 %"
    assert number(3.25, "s") == "3.25 s"
    assert number(0.5, "share", bare=True) == "50.0"
