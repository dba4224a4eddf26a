"""Laws against SciPy, their quantiles against a search in a table, and the uniform numbers against NumPy's Philox."""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter
from scipy import stats

from sim.document import load, validate
from sim.draws import (
    BLOCK,
    Amount,
    Constant,
    Distribution,
    Law,
    Quantiles,
    Share,
    Uniforms,
    draw_key,
    quantile_index,
    thresholds,
)
from sim.errors import InputError

LARGEST = 1 - 2**-53
"""The largest uniform number there is."""


def law(given: Any) -> Distribution:
    """Read a law as a scenario file spells it."""
    made: Distribution = TypeAdapter(Law).validate_python(given)
    return made


UNIFORM = law({"dist": "uniform", "low": 30, "high": 90})
TRIANGULAR = law({"dist": "triangular", "low": 60, "mode": 120, "high": 240})
PERT = law({"dist": "pert", "low": 60, "mode": 120, "high": 240})
EXPONENTIAL = law({"dist": "exponential", "mean": 40})
LOGNORMAL = law({"dist": "lognormal", "median": 60, "p95": 180})
EMPIRICAL = law({"dist": "empirical", "values": [70, 20, 40], "weights": [1, 2, 5]})
CONSTANT = law(60)

# A PERT is a beta between low and high with shapes 1 + 4 (mode - low) / width and 1 + 4 (high - mode) / width; the 95th
# percentile of a standard normal is 1.6449.
OUTSIDE = {
    "uniform": (UNIFORM, stats.uniform(30, 60)),
    "triangular": (TRIANGULAR, stats.triang(60 / 180, 60, 180)),
    "pert": (PERT, stats.beta(1 + 4 / 3, 1 + 8 / 3, 60, 180)),
    "exponential": (EXPONENTIAL, stats.expon(scale=40)),
    "lognormal": (LOGNORMAL, stats.lognorm(np.log(3) / stats.norm.ppf(0.95), scale=60)),
}
MEANS = {
    "constant": (CONSTANT, 60.0),
    "uniform": (UNIFORM, 60.0),
    "triangular": (TRIANGULAR, 140.0),
    "pert": (PERT, 130.0),
    "exponential": (EXPONENTIAL, 40.0),
    "lognormal": (LOGNORMAL, float(OUTSIDE["lognormal"][1].mean())),
    "empirical": (EMPIRICAL, (70 + 2 * 20 + 5 * 40) / 8),
}
EDGES = [
    law({"dist": "uniform", "low": 5, "high": 5}),
    law({"dist": "triangular", "low": 5, "mode": 5, "high": 5}),
    law({"dist": "triangular", "low": 5, "mode": 5, "high": 9}),
    law({"dist": "triangular", "low": 5, "mode": 9, "high": 9}),
    law({"dist": "pert", "low": 5, "mode": 5, "high": 5}),
    law({"dist": "lognormal", "median": 60, "p95": 60}),
    law({"dist": "empirical", "values": [3], "weights": None}),
    law({"dist": "empirical", "values": [0, 7], "weights": [0, 1]}),
    law(0),
]
ALL = [made for made, _ in MEANS.values()] + EDGES


@pytest.mark.parametrize("name", OUTSIDE)
def test_cumulative_probabilities_are_those_of_scipy(name: str) -> None:
    """From below the least to far above, the cumulative probability is SciPy's to 1e-12."""
    made, outside = OUTSIDE[name]
    for x in np.linspace(-50, 400, 901):
        assert made.cdf(float(x)) == pytest.approx(float(outside.cdf(x)), abs=1e-12)


@pytest.mark.parametrize("name", OUTSIDE)
def test_guesses_are_quantiles_of_scipy(name: str) -> None:
    """The first guess at a quantile is SciPy's quantile: the search has nothing to do but round."""
    made, outside = OUTSIDE[name]
    for u in np.linspace(0.001, 0.999, 333):
        assert made.guess(float(u)) == pytest.approx(float(outside.ppf(u)), rel=1e-9)


def test_the_named_points_of_a_law_are_where_they_are_named() -> None:
    """A lognormal has its median and 95th percentile; an empirical law has the shares of its weights."""
    assert LOGNORMAL.cdf(60) == pytest.approx(0.5, abs=1e-15)
    assert LOGNORMAL.cdf(180) == pytest.approx(0.95, abs=1e-12)
    assert [EMPIRICAL.cdf(x) for x in (19.9, 20, 39.9, 40, 69.9, 70)] == [0, 0.25, 0.25, 0.875, 0.875, 1]
    assert [CONSTANT.cdf(x) for x in (59.9, 60)] == [0, 1]


@pytest.mark.parametrize("made", ALL, ids=repr)
def test_nothing_comes_below_the_least_value(made: Distribution) -> None:
    """Below the least value the cumulative probability is 0, and the smallest uniform number gives no less."""
    assert made.cdf(made.least() - 1e-9) == 0
    assert quantile_index(made, 0.0, 1.0, 1000) >= made.least() - 1e-9


@pytest.mark.parametrize("resolution", [1.0, 7.0, 0.01])
@pytest.mark.parametrize("made", ALL, ids=repr)
def test_quantiles_are_a_search_in_the_table(made: Distribution, resolution: float) -> None:
    """For any uniform number, also 0, the largest, and each entry, the quantile is `searchsorted` in the table."""
    most = 300
    table = thresholds(made, resolution, most)
    assert np.all(np.diff(table) >= 0)
    uniforms = np.concatenate([np.random.default_rng(1).random(200), [0.0, LARGEST], table[table < 1]])
    uniforms = np.concatenate([uniforms, np.nextafter(uniforms[uniforms > 0], 0)])
    wanted = np.searchsorted(table, uniforms, side="right")
    assert [quantile_index(made, u, resolution, most) for u in uniforms.tolist()] == wanted.tolist()


@pytest.mark.parametrize("most", [0, 5, 300, 100_000])
@pytest.mark.parametrize("resolution", [1.0, 0.01])
@pytest.mark.parametrize("made", ALL, ids=repr)
def test_a_table_that_grows_gives_the_same_quantiles(
    made: Distribution, resolution: float, most: int
) -> None:
    """However often and in whatever order a law is asked, its index is that of the search from a guess."""
    quantiles = Quantiles(made, resolution, most)
    uniforms = [*np.random.default_rng(2).random(60).tolist(), 0.0, LARGEST, 0.5]
    for u in (*uniforms, *reversed(uniforms)):
        assert quantiles.index(u) == quantile_index(made, u, resolution, most)


uniform_numbers = st.integers(0, 2**53 - 1).map(lambda k: k * 2.0**-53)
hundredths = st.integers(0, 24_000).map(lambda number: number / 100)
amounts = st.lists(hundredths, min_size=3, max_size=3).map(sorted)


@settings(max_examples=50)
@given(amounts, uniform_numbers, st.integers(1, 30))
def test_a_quantile_is_the_lowest_multiple_that_exceeds(ordered: list[float], u: float, step: int) -> None:
    """The cumulative probability exceeds the uniform number at the quantile, and one step lower it does not."""
    low, mode, high = ordered
    for given_law in (
        {"dist": "triangular", "low": low, "mode": mode, "high": high},
        {"dist": "pert", "low": low, "mode": mode, "high": high},
        {"dist": "lognormal", "median": low + 1, "p95": high + 1},
    ):
        made = law(given_law)
        index = quantile_index(made, u, step, 100_000)
        assert index == 100_000 or made.cdf(index * step) > u
        assert index == 0 or made.cdf((index - 1) * step) <= u


def test_a_quantile_is_cut_off_at_the_most() -> None:
    """What is beyond the last step asked for is that last step: the caller takes it for never."""
    assert quantile_index(EXPONENTIAL, LARGEST, 1.0, 100) == 100
    assert quantile_index(CONSTANT, 0.5, 1.0, 60) == 60
    assert quantile_index(CONSTANT, 0.5, 1.0, 59) == 59


@pytest.mark.parametrize("name", MEANS)
def test_the_mean_of_many_draws_is_that_of_the_law(name: str) -> None:
    """Over 20,000 draws the mean is the law's within four standard errors, and half a step for rounding up."""
    made, mean = MEANS[name]
    uniforms = Uniforms(20200101).column("pair", "delay", 1, 0, 20_000)
    drawn = np.searchsorted(thresholds(made, 1.0, 2000), uniforms, side="right")
    error = 4 * float(np.std(drawn)) / np.sqrt(len(drawn))
    # A discrete law keeps its whole values; a continuous one is rounded up by half a step on average.
    up = 0.0 if name in ("constant", "empirical") else 0.5
    assert float(np.mean(drawn)) == pytest.approx(mean + up, abs=error + 1e-9)


def test_values_are_those_of_the_column() -> None:
    """One number alone is the number of its place in the column, on both sides of the end of a block."""
    column = Uniforms(7).column("a50", "notices", 3, 0, 3 * BLOCK)
    uniforms = Uniforms(7)
    for replication in (0, 1, 3, 4, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 5, 2):
        assert uniforms.value(replication, "a50", "notices", 3) == column[replication]


@given(st.integers(0, 5000), st.integers(1, 40))
def test_a_column_may_begin_anywhere(start: int, count: int) -> None:
    """A column from any replication on is a piece of the whole column."""
    whole = Uniforms(3).column("pair", "climb", 1, 0, 5040)
    assert (
        Uniforms(3).column("pair", "climb", 1, start, count).tolist() == whole[start : start + count].tolist()
    )


def test_a_number_does_not_depend_on_what_was_asked_before() -> None:
    """Numbers asked for in another order, or after others, are the same numbers."""
    keys = [(r, e, d, o) for r in (0, 300) for e in ("x", "y") for d in ("one", "two") for o in (1, 2)]
    forward, backward = Uniforms(11), Uniforms(11)
    there = {key: forward.value(*key) for key in keys}
    back = {key: backward.value(*key) for key in reversed(keys)}
    assert there == back


def test_each_part_of_the_key_changes_the_number() -> None:
    """Another seed, replication, entity, decision or occurrence gives another number."""
    keys = [
        (1, 0, "pair", "climb", 1),
        (2, 0, "pair", "climb", 1),
        (1, 1, "pair", "climb", 1),
        (1, 0, "pairs", "climb", 1),
        (1, 0, "pair", "join", 1),
        (1, 0, "pair", "climb", 2),
        (1, 0, "pair climb", "", 1),
        (1, 0, "pairc", "limb", 1),
    ]
    numbers = [Uniforms(seed).value(number, who, what, count) for seed, number, who, what, count in keys]
    assert len(set(numbers)) == len(keys)


def test_known_numbers() -> None:
    """A number is NumPy's Philox under the key (seed, hash) at the replication's place, as 53 bits."""
    text = b"a50\x1fnotices call korea 1\x1f2"
    hashed = int.from_bytes(blake2b(text, digest_size=8).digest(), "little")
    assert draw_key("a50", "notices call korea 1", 2) == hashed
    for seed in (0, 1, 2**64 - 1):
        philox = np.random.Generator(np.random.Philox(key=np.array([seed, hashed], dtype=np.uint64)))
        wanted = philox.random(1000)
        uniforms = Uniforms(seed)
        assert uniforms.column("a50", "notices call korea 1", 2, 0, 1000).tolist() == wanted.tolist()
        assert uniforms.value(999, "a50", "notices call korea 1", 2) == wanted[999]


def test_numbers_are_spread_evenly_and_apart() -> None:
    """10,000 numbers of one decision are uniform, and do not go with those of another (p above 1e-3)."""
    one = Uniforms(5).column("x", "d", 1, 0, 10_000)
    other = Uniforms(5).column("x", "d", 2, 0, 10_000)
    assert 0 <= one.min() < one.max() < 1
    assert stats.kstest(one, "uniform").pvalue > 1e-3
    assert stats.pearsonr(one, other).pvalue > 1e-3


class Delays(BaseModel):
    """A section with a law, an amount and a share."""

    law: Law = Constant(value=60)
    delay_s: Amount = Constant(value=60)
    hit_share: Share = 0.5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("delay_s = -5", "-5, must be at least 0"),
        ("delay_s = nan", "nan"),
        ("delay_s = true", "must be a number or a table"),
        ('delay_s = "soon"', "must be a number or a table"),
        ('delay_s = { dist = "uniform", low = -1, high = 3 }', "can be -1, must be at least 0"),
        ('delay_s = { dist = "uniform", low = 4, high = 3 }', "low 4 must not exceed high 3"),
        (
            'delay_s = { dist = "triangular", low = 1, mode = 9, high = 3 }',
            "must rise: low 1, mode 9, high 3",
        ),
        ('delay_s = { dist = "pert", low = 5, mode = 2, high = 3 }', "must rise: low 5, mode 2, high 3"),
        ('delay_s = { dist = "lognormal", median = 60, p95 = 50 }', "p95 50 must be at least the median 60"),
        ('delay_s = { dist = "lognormal", median = 0, p95 = 50 }', "median"),
        ('delay_s = { dist = "exponential", mean = 0 }', "mean"),
        ('delay_s = { dist = "exponential" }', "mean"),
        ('delay_s = { dist = "uniform", low = 1, high = 3, mode = 2 }', "mode"),
        ('delay_s = { dist = "lognormall", median = 1, p95 = 3 }', "lognormal"),
        ("delay_s = { low = 1, high = 3 }", "dist"),
        ('delay_s = { dist = "empirical", values = [] }', "values"),
        ('delay_s = { dist = "empirical", values = [1, 2], weights = [1] }', "has 2 values but 1 weights"),
        (
            'delay_s = { dist = "empirical", values = [1], weights = [0] }',
            "at least one weight must be above 0",
        ),
        ('delay_s = { dist = "empirical", values = [1], weights = [-1] }', "weights"),
        ("hit_share = 1.5", "hit_share"),
        ("hit_share = true", "hit_share"),
    ],
)
def test_a_bad_law_is_refused_in_plain_words(tmp_path: Path, text: str, message: str) -> None:
    """Each mistake is told with file, line and key, and what was wanted; no class of the code is named."""
    path = tmp_path / "bad.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        validate(load(path), Delays)
    told = str(caught.value)
    assert message in told
    assert "bad.toml:1: " in told
    assert "Input should be" not in told
    assert "tagged-union" not in told


def test_a_law_of_any_sign_may_be_negative_an_amount_not() -> None:
    """Only amounts are refused below 0."""
    assert law({"dist": "uniform", "low": -3, "high": 3}).least() == -3
