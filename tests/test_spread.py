"""The spread of replications: intervals, shares and what they cover, against hand values."""

from __future__ import annotations

import json
from collections.abc import Sequence
from math import comb, sqrt
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim import batch as batch_engine
from sim import spread
from sim.document import Document, digest
from sim.draws import Uniforms
from sim.happenings import Batch
from sim.measures import rungs, simulated
from sim.run import Prepared, Replication, prepare, replicate
from sim.scenario import Scenario, read

FACTS = """
[facts.entry]
statement = "enters the airspace"
role = "input"
confidence = "ASM"
select = { kind = "enters", zone = "airspace" }
at = 09:42:00
tolerance_s = 20
[facts.flares]
statement = "flares are fired"
role = "check"
confidence = "ASM"
select = { kind = "flares" }
latest = 09:43:00
[facts.flares-late]
statement = "flares are fired late"
role = "check"
confidence = "ASM"
select = { kind = "flares" }
earliest = 10:00:00
[facts.calls]
statement = "three calls"
role = "check"
confidence = "ASM"
select = { kind = "call" }
take = "count"
value = 3
tolerance = 1
[facts.fired]
statement = "flares in all"
role = "check"
confidence = "ASM"
select = { kind = "flares" }
take = "sum:flares"
low = 1
[facts.no-shots]
statement = "nobody shot"
role = "check"
confidence = "ASM"
select = { kind = "collision" }
take = "count"
value = 0
tolerance = 0
"""
COUNT = 12


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Scenario, Document]:
    """Return first-intercept with six facts."""
    file = tmp_path_factory.mktemp("spread") / "small.toml"
    file.write_text(f'extends = "first-intercept"\n{FACTS}', encoding="utf-8")
    return read(file)


@pytest.fixture(scope="module")
def runs(small: tuple[Scenario, Document]) -> list[Replication]:
    """Return replications 4 to 15 under seed 2, one by one."""
    prepared, uniforms = prepare(small[0]), Uniforms(2)
    return [replicate(prepared, uniforms, number) for number in range(4, 4 + COUNT)]


@pytest.mark.parametrize(
    ("successes", "count", "low", "high"),
    [
        # middle (p + z²/2n) / (1 + z²/n), half z / (1 + z²/n) sqrt(p (1 - p)/n + z²/4n²), with z² = 3.841459
        (0, 10, 0.0, 0.277533),  # z²/n / (1 + z²/n) = 0.3841459 / 1.3841459
        (10, 10, 1 - 0.277533, 1.0),
        (5, 10, 0.236593, 0.763407),  # 1/2 ∓ 1.959964 / 1.3841459 · sqrt(0.025 + 0.00960365)
        (1, 4, 0.045587, 0.699358),
        (50, 100, 0.403832, 0.596168),
    ],
)
def test_wilson_intervals_agree_with_a_hand_computation(
    successes: int, count: int, low: float, high: float
) -> None:
    """The interval is that of Wilson's formula, within 2 in the sixth place."""
    assert spread.wilson(successes, count) == pytest.approx((low, high), abs=2e-6)


def test_a_wilson_interval_solves_the_equation_that_it_comes_from() -> None:
    """At each end the observed share is 1.96 standard errors of that end away."""
    for successes, count in [(3, 20), (7, 9), (40, 41), (200, 1000)]:
        for end in spread.wilson(successes, count):
            error = sqrt(end * (1 - end) / count)
            assert abs(successes / count - end) / error == pytest.approx(1.959964, abs=1e-5)


@pytest.mark.parametrize(("successes", "count"), [(0, 1), (1, 1), (0, 7), (3, 7), (7, 7), (999, 1000)])
def test_a_wilson_interval_holds_the_share_and_never_ends_in_certainty(successes: int, count: int) -> None:
    """The interval is within 0..1, holds the share, has a width, and is mirrored with the share."""
    low, high = spread.wilson(successes, count)
    assert 0.0 <= low <= successes / count <= high <= 1.0
    assert high - low > 1 / (2 * count)
    mirrored = spread.wilson(count - successes, count)
    assert (1 - high, 1 - low) == pytest.approx(mirrored, abs=1e-12)


def coverage(share: float, count: int) -> float:
    """Return the chance that the interval of a sample of a size holds the true share, exactly."""
    covered = 0.0
    for k in range(count + 1):
        low, high = spread.wilson(k, count)
        covered += comb(count, k) * share**k * (1 - share) ** (count - k) * (low <= share <= high)
    return covered


@pytest.mark.parametrize("share", [0.05, 0.3, 0.5, 0.9])
def test_wilson_intervals_cover_the_true_share_about_19_times_in_20(share: float) -> None:
    """Over all outcomes of 50 trials, weighted with their chance, the true share is covered in 92 to 98 %."""
    assert 0.92 < coverage(share, 50) < 0.98


def test_wilson_intervals_cover_simulated_shares() -> None:
    """Of 4,000 samples of 100 with seed 5 as many hold the true share of 0.2 as the exact chance says, ± 0.014.

    The tolerance is four standard errors.
    """
    samples = np.random.default_rng(5).binomial(100, 0.2, 4000)
    covered = sum(low <= 0.2 <= high for low, high in (spread.wilson(int(k), 100) for k in samples))
    assert covered / 4000 == pytest.approx(coverage(0.2, 100), abs=0.014)
    assert covered / 4000 > 0.92


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], None),
        ([7.0], (7.0, 7.0, 7.0)),
        ([2.0, 1.0], (1.0, 1.0, 2.0)),
        (list(range(20, 0, -1)), (1.0, 10.0, 19.0)),  # 1 of 20 is 5 %
        (list(range(1, 22)), (2.0, 11.0, 20.0)),  # 1 of 21 is less than 5 %
        ([3.0] * 19 + [100.0], (3.0, 3.0, 3.0)),
    ],
)
def test_quantiles_are_values_that_occurred(
    values: list[float], expected: tuple[float, float, float] | None
) -> None:
    """A quantile is the lowest value at or below which so large a share lies, never one between two."""
    assert quantiles(values) == expected


def quantiles(values: Sequence[float]) -> tuple[float, float, float] | None:
    """Return the quantiles of values that were counted."""
    return spread.quantiles(spread.tally(np.array(values)))


counted = st.one_of(
    st.lists(st.integers(0, 30)),
    st.lists(st.integers(-30, 30)),
    st.lists(st.integers(0, 2**31 - 1)),
    st.lists(st.integers(0, 100).map(lambda number: number / 100)),
)


@given(counted.filter(bool))
def test_quantiles_are_those_of_the_sorted_values(values: list[float]) -> None:
    """They are what NumPy finds by its method of the inverted distribution."""
    expected = np.quantile(np.array(values), (0.05, 0.5, 0.95), method="inverted_cdf")
    assert quantiles(values) == tuple(expected)


@given(counted, st.integers(1, 4))
def test_tallies_of_parts_make_the_tally_of_the_whole(values: list[float], parts: int) -> None:
    """However the values are divided, each is counted as often as it came, in rising order."""
    every = np.array(values, dtype=np.float64 if any(isinstance(v, float) for v in values) else np.int32)
    tallies = [spread.tally(part) for part in np.array_split(every, parts)]
    together = spread.merged(tallies)
    expected = {value: values.count(value) for value in sorted(set(values))}
    assert dict(zip(together.values.tolist(), together.counts.tolist(), strict=True)) == expected
    assert together.values.tolist() == sorted(expected)
    assert together.total == len(values)


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans())), st.sampled_from([np.int32, np.float64]))
def test_what_is_absent_is_not_counted(rows: list[tuple[int, bool]], kind: type) -> None:
    """Where a value is not valid it stands as 0, and is no 0 of the tally."""
    values: np.ndarray = np.array([value * valid for value, valid in rows], dtype=kind)
    valid = np.array([valid for _, valid in rows], dtype=bool)
    found, plain = spread.tally(values, valid), spread.tally(values[valid])
    assert (found.values.tolist(), found.counts.tolist()) == (plain.values.tolist(), plain.counts.tolist())


def test_the_summary_names_what_it_was_made_of(small: tuple[Scenario, Document]) -> None:
    """Scenario, hash, seed, first replication and their number stand at the top; all of it is JSON."""
    scenario, document = small
    summary = spread.of(scenario, document, 2, 2, first=4)
    assert list(summary) == [
        "scenario",
        "hash",
        "seed",
        "first_replication",
        "replications",
        "engine",
        "handed_over",
        "reported",
        "rungs",
    ]
    assert (summary["scenario"], summary["hash"]) == ("small", digest(document.data))
    assert (summary["seed"], summary["first_replication"], summary["replications"]) == (2, 4, 2)
    assert (summary["engine"], summary["handed_over"]) == ("batch", 0)
    assert json.loads(json.dumps(summary)) == summary


def test_facts_are_summed_up_over_the_replications_in_which_they_happened(
    small: tuple[Scenario, Document], runs: list[Replication]
) -> None:
    """Shares, quantiles and cover of each fact are those counted one replication after the other."""
    scenario, document = small
    rows = {row["id"]: row for row in spread.of(scenario, document, 2, COUNT, first=4)["reported"]}
    assert list(rows) == ["entry", "flares", "flares-late", "calls", "fired", "no-shots"]
    clock = runs[0].prepared.clock
    for name, row in rows.items():
        values = [value for run in runs if (value := simulated(run, scenario.facts[name])) is not None]
        interval = quantiles(values)
        if interval is None:
            assert row["p05_p50_p95"] is None
        elif name in ("entry", "flares", "flares-late"):
            assert row["p05_p50_p95"] == [clock.local(int(value)) for value in interval]
        else:
            assert row["p05_p50_p95"] == list(interval)
    assert 0 < rows["flares"]["happened_share"] < 1
    assert rows["flares"]["p05_p50_p95"] == rows["flares-late"]["p05_p50_p95"]
    assert [rows[name]["covers"] for name in rows] == [True, True, False, True, True, True]


def test_a_fact_happened_where_there_was_an_event_of_which_it_speaks(
    small: tuple[Scenario, Document], runs: list[Replication]
) -> None:
    """A count of 0 and a sum of 0 are values, and nothing that happened; Wilson's interval stands beside the share."""
    scenario, document = small
    rows = {row["id"]: row for row in spread.of(scenario, document, 2, COUNT, first=4)["reported"]}
    for name, row in rows.items():
        kind = scenario.facts[name].select.kind
        zone = scenario.facts[name].select.zone
        happened = sum(
            any(r.kind == kind and zone in (None, r.data.get("zone")) for r in run.log) for run in runs
        )
        assert row["happened_share"] == happened / COUNT
        assert row["happened_interval"] == list(spread.wilson(happened, COUNT))
    assert rows["no-shots"]["happened_share"] == 0.0
    assert 0 < rows["fired"]["happened_share"] == rows["flares"]["happened_share"] < 1
    assert rows["fired"]["p05_p50_p95"][0] == 0, "over all replications, with 0 where nothing was fired"


def test_the_share_within_tolerance_is_over_all_replications(
    small: tuple[Scenario, Document], runs: list[Replication]
) -> None:
    """What did not happen is not within tolerance, and counts in the denominator."""
    scenario, document = small
    rows = {row["id"]: row for row in spread.of(scenario, document, 2, COUNT, first=4)["reported"]}
    before = runs[0].prepared.clock.seconds_at(scenario.facts["flares"].latest)  # type: ignore[arg-type]
    steps = [simulated(run, scenario.facts["flares"]) for run in runs]
    assert rows["flares"]["within_share"] == sum(k is not None and k <= before for k in steps) / COUNT
    calls = [simulated(run, scenario.facts["calls"]) for run in runs]
    within = sum(n in (2, 3, 4) for n in calls)
    assert rows["calls"]["within_share"] == within / COUNT
    assert rows["calls"]["within_interval"] == list(spread.wilson(within, COUNT))


def test_rungs_carry_count_share_and_interval_together(
    small: tuple[Scenario, Document], runs: list[Replication]
) -> None:
    """A rung's row says how many of how many reached it, with Wilson's interval, and when."""
    scenario, document = small
    rows = spread.of(scenario, document, 2, COUNT, first=4)["rungs"]
    assert [row["name"] for row in rows] == [rung.name for rung in scenario.escalation.rungs]
    clock = runs[0].prepared.clock
    for place, row in enumerate(rows):
        steps = [step for run in runs if (step := rungs(run)[place]["step"]) is not None]
        assert (row["n"], row["reached"], row["share"]) == (COUNT, len(steps), len(steps) / COUNT)
        assert row["share_interval"] == list(spread.wilson(len(steps), COUNT))
        interval = quantiles(steps)
        assert row["p05_p50_p95"] == (None if interval is None else [clock.local(int(k)) for k in interval])
    assert rows[-1]["reached"] == 0
    assert rows[-1]["p05_p50_p95"] is None


def test_rung_steps_leave_out_what_was_never_reached(small: tuple[Scenario, Document]) -> None:
    """The whiskers of a figure are the quantiles of the steps, of the rungs that were reached."""
    scenario, _ = small
    found = spread.reached(scenario, "bear", 2, 6).steps
    prepared, uniforms = prepare(scenario), Uniforms(2)
    each = [rungs(replicate(prepared, uniforms, number), "bear") for number in range(6)]
    for place, rung in enumerate(scenario.escalation.rungs):
        steps = [row[place]["step"] for row in each if row[place]["step"] is not None]
        assert found.get(rung.name) == quantiles(steps)
    assert "collision" not in found


def test_engines_chunks_and_workers_give_one_summary(small: tuple[Scenario, Document]) -> None:
    """By the processes, in two processes, and in so many chunks that tallies are merged again, it is the same."""
    summary = spread.of(*small, 1, 200)
    assert spread.of(*small, 1, 200, workers=2) == summary
    assert spread.of(*small, 1, 200, engine="processes") == summary | {"engine": "processes"}
    told: list[int] = []
    assert spread.of(*small, 1, 200, tell=lambda done, _: told.append(done), chunk=5) == summary
    assert len(told) == 40 > 2 * spread.MERGED_AT


def test_what_was_handed_over_is_counted(
    small: tuple[Scenario, Document], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The summary is the same, and says how many replications the processes ran for the batch."""
    compose = batch_engine.compose

    def handing_over(prepared: Prepared, uniforms: Uniforms, first: int, count: int) -> Batch:
        batch = compose(prepared, uniforms, first, count)
        batch.handed_over[3:7] = True
        return batch

    summary = spread.of(*small, 1, 30)
    monkeypatch.setattr(batch_engine, "compose", handing_over)
    assert spread.of(*small, 1, 30) == summary | {"handed_over": 4}


def test_times_are_steps_of_any_length(tmp_path: Path) -> None:
    """With steps of 10 s the summary has the local times of the steps, by whichever engine."""
    file = tmp_path / "small.toml"
    file.write_text(f'extends = "first-intercept"\n{FACTS}', encoding="utf-8")
    scenario, document = read(file, ["clock.step_s=10"])
    row = spread.of(scenario, document, 1, 20)["reported"][0]
    prepared = prepare(scenario)
    steps = [simulated(replicate(prepared, Uniforms(1), n), scenario.facts["entry"]) for n in range(20)]
    interval = quantiles([step for step in steps if step is not None])
    assert interval is not None
    assert row["p05_p50_p95"] == [prepared.clock.local(int(step)) for step in interval]
    found = spread.reached(scenario, "bear", 1, 20).steps
    assert found["airspace violated"] == interval


def test_the_same_seed_gives_the_same_summary_and_another_another(small: tuple[Scenario, Document]) -> None:
    """A summary is a function of scenario, seed and numbers of the replications."""
    assert spread.of(*small, 1, 3) == spread.of(*small, 1, 3)
    assert spread.of(*small, 1, 3)["rungs"] != spread.of(*small, 2, 3)["rungs"]
    assert spread.of(*small, 1, 3)["rungs"] != spread.of(*small, 1, 3, first=3)["rungs"]
