"""Draws and spans in columns against the same said one by one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.arrays.columns import (
    FAR,
    Columns,
    LawGuide,
    in_time_order,
    lies_within,
    next_within,
    united,
)
from sim.arrays.fighters import first_rising
from sim.clock import Clock, ClockSection
from sim.draws import (
    Constant,
    Distribution,
    Empirical,
    Exponential,
    Lognormal,
    Pert,
    Triangular,
    Uniform,
    Uniforms,
    quantile_index,
)

CLOCK = Clock.of(
    ClockSection.model_validate_json('{"start": "2020-01-01T06:00:00Z", "end": "07:00:00", "step_s": 2}')
)
LAWS: list[Distribution] = [
    Constant(value=7.3),
    Uniform(dist="uniform", low=3, high=50),
    Triangular(dist="triangular", low=0, mode=10, high=11),
    Pert(dist="pert", low=10, mode=20, high=90),
    Exponential(dist="exponential", mean=400),
    Lognormal(dist="lognormal", median=1200, p95=7200),
    Empirical(dist="empirical", values=(3, 5, 900), weights=(1, 0, 2)),
]
last = 60
spans_of_one = st.lists(st.tuples(st.integers(0, last + 5), st.integers(1, 20)), max_size=5)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.dist)
@pytest.mark.parametrize("least", [0, 1])
def test_a_column_of_steps_holds_what_is_drawn_one_by_one(law: Distribution, least: int) -> None:
    """For every law, with numbers far out in its tail among them."""
    uniforms = Uniforms(3)
    column = Columns([uniforms], CLOCK, 5, 4000).steps(law, "who", "what", 2, least=least)
    beyond = CLOCK.last + 1
    for place in range(0, 4000, 7):
        u = uniforms.value(5 + place, "who", "what", 2)
        assert column[place] == max(least, quantile_index(law, u, CLOCK.step_s, beyond))


@pytest.mark.parametrize("law", LAWS[1:], ids=lambda law: law.dist)
def test_a_guide_is_right_where_a_threshold_is_crossed(law: Distribution) -> None:
    """At the numbers next to each threshold and at both ends of their range."""
    guide = LawGuide(law, 1.0, 3000, 0)
    edges = np.array([law.cdf(i) for i in range(0, 3000, 13)])
    numbers = np.concatenate([edges, edges - 2.0**-53, edges + 2.0**-53, [0.0, 1 - 2.0**-53]])
    numbers = numbers[(numbers >= 0) & (numbers < 1)]
    raw = (numbers * 2.0**53).astype(np.uint64) << np.uint64(11)
    for index, u in zip(guide.index(raw), raw >> np.uint64(11), strict=True):
        assert index == quantile_index(law, float(u) * 2.0**-53, 1.0, 3000)


@pytest.mark.parametrize("share", [0.0, 1e-6, 0.3, 0.9999, 1.0])
def test_a_column_of_chances_holds_what_is_drawn_one_by_one(share: float) -> None:
    """Whether the uniform number lies below the share, never for 0 and always for 1."""
    uniforms = Uniforms(4)
    column = Columns([uniforms], CLOCK, 0, 500).below((share,), "who", "whether", 1)
    assert column.tolist() == [uniforms.value(n, "who", "whether", 1) < share for n in range(500)]


@given(st.lists(st.lists(st.integers(0, last + 5), min_size=3, max_size=3), min_size=1, max_size=40))
def test_events_come_in_time_order(slots: list[list[int]]) -> None:
    """Row i holds the i-th different step of each replication; what comes after the end does not count."""
    columns = [np.array(slot, dtype=np.int32) for slot in slots]
    ordered = in_time_order(columns, last)
    counted = in_time_order(columns, last, distinct=False)
    for replication in range(3):
        steps = sorted(slot[replication] for slot in slots if slot[replication] <= last)
        assert [k for k in ordered[:, replication] if k <= last] == sorted(set(steps))
        assert [k for k in counted[:, replication] if k <= last] == steps


@given(st.lists(spans_of_one, min_size=1, max_size=3), st.integers(0, last))
def test_spans_are_united_and_searched(each: list[list[tuple[int, int]]], at: int) -> None:
    """A step is in the united spans exactly if it is in one of them, and the next such step is found."""
    most = max(len(spans) for spans in each)
    begins = np.full((max(most, 1), len(each)), FAR, dtype=np.int32)
    ends = begins.copy()
    for replication, spans in enumerate(each):
        for place, (begin, length) in enumerate(spans):
            begins[place, replication], ends[place, replication] = begin, begin + length
    joined_begins, joined_ends = united(list(begins), list(ends), last)
    step = np.full(len(each), at, dtype=np.int32)
    inside = lies_within(joined_begins, joined_ends, step)
    following = next_within(joined_begins, joined_ends, step)
    for replication, spans in enumerate(each):
        covered = {k for begin, length in spans if begin <= last for k in range(begin, begin + length)}
        assert inside[replication] == (at in covered)
        assert following[replication] == min((k for k in covered if k >= at), default=FAR)
        kept = joined_begins[:, replication] < FAR
        assert np.all(np.diff(joined_begins[kept, replication]) > 0)
        assert np.all(joined_begins[kept, replication][1:] > joined_ends[kept, replication][:-1])


@given(
    st.lists(
        st.tuples(st.integers(0, 50), st.integers(0, 400), st.floats(0.06, 4), st.floats(-5, 460)), min_size=1
    )
)
def test_the_first_step_of_a_rising_value_is_found(cases: list[tuple[int, int, float, float]]) -> None:
    """Also where the value bends, is above 0 from the start, or never rises above it."""
    low = np.array([case[0] for case in cases], dtype=np.int32)
    high = low + np.array([case[1] for case in cases], dtype=np.int32)
    slope, zero = (np.array([case[place] for case in cases]) for place in (2, 3))

    def value(step: np.ndarray, which: np.ndarray | None) -> np.ndarray:
        mine = slice(None) if which is None else which
        ahead = step - zero[mine]
        return np.where(ahead < 0, slope[mine] * ahead, ahead**2)

    found = first_rising(low, high, value)
    for place in range(len(cases)):
        steps = np.arange(low[place], high[place] + 1)
        reached = steps[value(steps, np.full(len(steps), place)) >= 0]
        assert found[place] == (reached[0] if len(reached) else FAR)
