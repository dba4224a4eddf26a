"""Comparing scenarios: pairs are counted as a loop over rows counts them, and what was not changed differs by 0."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from sim import cli
from sim.compare import (
    Variant,
    compare,
    labelled,
    mean,
    median_interval,
    paired_interval,
    unpaired_interval,
    variance,
)
from sim.errors import InputError
from sim.many import simulate
from sim.scenario import read
from sim.spread import tally, wilson
from tests.encounters import scenario
from tests.test_escalation import ON_CALL
from tests.test_warning import CALLS

FIRST = "first-intercept"
LATER = "command.stages.scramble.delay_s=300"
COUNT = 300


def variant(label: str, *overrides: str) -> Variant:
    """Return the first intercept with overrides."""
    return Variant(label, *read(FIRST, overrides))


@cache
def later() -> dict[str, Any]:
    """Return the first intercept compared with itself, and with a later order."""
    return compare([variant("base"), variant("same"), variant("later", LATER)], 1, COUNT)


def outcome(compared: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the row of one outcome."""
    (row,) = (row for row in compared["outcomes"] if row["outcome"] == name)
    return row


def command(*args: object) -> Any:
    """Run the command line on a terminal of 80 columns."""
    return CliRunner().invoke(cli.app, [str(arg) for arg in args], env={"COLUMNS": "80"})


# ---- pairs


def test_what_was_not_changed_differs_by_exactly_nothing() -> None:
    """Two equal scenarios have in every replication the same outcome, and no difference anywhere."""
    same = later()["comparisons"][0]
    assert (same["baseline"], same["variant"]) == ("base", "same")
    for row in [*same["rungs"], *same["outcomes"]]:
        assert (row["share_difference"], row["baseline_only"], row["variant_only"]) == (0, 0, 0)
    for row in same["outcomes"]:
        assert row["changed_share"] == 0
        assert row["difference_p05_p50_p95"] in (None, [0, 0, 0])
        assert row.get("difference_mean_interval", [0, 0]) == [0, 0]


def test_a_change_leaves_what_comes_before_it_exactly_as_it_was() -> None:
    """A later order changes no detection and no entry into the action line, and moves every take-off."""
    moved = later()["comparisons"][1]
    assert outcome(moved, "rung.detected.at_s")["changed_share"] == 0
    assert outcome(moved, "west.pairs")["n"] == COUNT
    assert outcome(moved, "rung.scrambled.at_s")["changed_share"] > 0.9


def test_pairs_are_counted_as_a_loop_over_rows_counts_them() -> None:
    """Happened in both, in one, in none, and the quantiles of the differences, are those of two tables side by side."""
    tables = [simulate(read(FIRST, changes)[0], COUNT, 1) for changes in ((), (LATER,))]
    rows = list(zip(*([table.row(place) for place in range(COUNT)] for table in tables), strict=True))
    for key in ("bear.turns.at", "west.bear.calls", "bear.closest_km", "bear.zone.1.block.spare_s"):
        column = next(c for c in tables[0].columns if c.key == key)
        found = outcome(later()["comparisons"][1], column.name)
        there = [(a[key] is not None, b[key] is not None) for a, b in rows]
        counted = [there.count(case) for case in ((True, True), (True, False), (False, True), (False, False))]
        assert counted == [found[k] for k in ("both", "baseline_only", "variant_only", "neither")]
        ours, theirs = (table.values[column.name] for table in tables)
        differences = sorted(
            round(float(theirs[place]) - float(ours[place]), 6)
            for place, case in enumerate(there)
            if case == (True, True)
        )
        ranks = [-(-len(differences) * percent // 100) - 1 for percent in (5, 50, 95)]
        assert found["difference_p05_p50_p95"] == [differences[rank] for rank in ranks]
        changed = sum(d != 0 for d in differences) + counted[1] + counted[2]
        assert found["changed_share"] == changed / COUNT
        spread = np.std(differences, ddof=1) / np.sqrt(
            sum(
                np.var([t.values[column.name][p] for p, c in enumerate(there) if c == (True, True)], ddof=1)
                for t in tables
            )
        )
        assert found["width_ratio"] == pytest.approx(spread)


def test_a_mean_is_told_only_where_it_is_over_all() -> None:
    """What happens in every replication has a mean difference; what need not happen has none."""
    moved = later()["comparisons"][1]
    for row in moved["outcomes"]:
        assert ("difference_mean" in row) == (row["both"] == row["n"])
    calls = outcome(moved, "west.bear.calls")
    low, high = calls["difference_mean_interval"]
    assert low <= calls["difference_mean"] <= high
    assert "difference_mean" not in outcome(moved, "bear.turns.at_s")


def test_the_rows_of_rungs_are_those_of_their_times() -> None:
    """A rung's shares are those in which its time came."""
    moved = later()["comparisons"][1]
    assert [row["name"] for row in moved["rungs"]][:2] == ["detected", "scrambled"]
    flares = next(row for row in moved["rungs"] if row["name"] == "flares")
    assert flares["both"] == outcome(moved, "rung.flares.at_s")["both"]
    assert flares["shares"] == outcome(moved, "rung.flares.at_s")["shares"]


@pytest.mark.parametrize("options", [{"workers": 2}, {"chunk": 37}, {"engine": "processes"}])
def test_chunks_workers_and_engine_change_nothing(options: dict[str, Any]) -> None:
    """The same numbers come to the last bit."""
    asked = [variant("base"), variant("later", LATER)]
    plain = compare(asked, 1, 100)
    assert compare(asked, 1, 100, **options) == plain | {"engine": options.get("engine", "batch")}


def test_paired_intervals_are_narrower_where_little_was_changed() -> None:
    """The share of flares moves by a change of one delay: pairs tell it from chance sooner than two samples would."""
    moved = compare([variant("base"), variant("more", "warning.west.measures.block.delay_s=70")], 1, 400)
    ratios = [row["share_width_ratio"] for row in moved["comparisons"][0]["rungs"] if row["shares"][0] < 1]
    assert min(ratios) < 0.5
    assert max(ratios) <= 1


def test_a_stay_that_only_one_of_two_scenarios_holds_did_not_happen_in_the_other() -> None:
    """A stay beyond the script is counted for the variant in which crews come back into the zone, if any does."""
    found = compare([Variant("base", *read("july-2019")), Variant("same", *read("july-2019"))], 1, 200)
    for row in found["comparisons"][0]["outcomes"]:
        assert row["both"] + row["neither"] == 200


# ---- intervals


def test_paired_intervals_are_those_of_another_program() -> None:
    """The R package contingencytables gives 0.0046 to 0.1186 for 59, 6, 16 and 80 pairs (Cavo et al., Blood 2012)."""
    assert paired_interval(59, 6, 16, 161) == pytest.approx((0.0046, 0.1186), abs=5e-5)


def test_unpaired_intervals_are_those_of_their_author() -> None:
    """Newcombe (Statistics in Medicine 17, 1998, p. 873, table II) prints, for 9/10 less 3/10 and 10/10 less 0/10."""
    assert unpaired_interval(3, 9, 10) == pytest.approx((0.1705, 0.8090), abs=5e-5)
    assert unpaired_interval(0, 10, 10) == pytest.approx((0.6075, 1.0000), abs=5e-5)


def test_a_paired_interval_is_never_of_no_width() -> None:
    """No discordant pair is no proof: the interval holds 0 and something on both sides, and narrows with n."""
    widths = []
    for count in (100, 1_000, 10_000):
        low, high = paired_interval(count // 2, 0, 0, count)
        assert low < 0 < high
        widths.append(high - low)
    assert widths[0] > 5 * widths[1] > 25 * widths[2]


def test_paired_intervals_cover_at_about_their_rate() -> None:
    """Of 2,000 samples of 200 pairs the interval holds the true difference in at least 93 of a hundred.

    Where few pairs differ it is wide, and holds nearly always; where many do it keeps near its rate.
    """
    generator = np.random.default_rng(7)
    for chances in ([0.6, 0.05, 0.1, 0.25], [0.9, 0.02, 0.005, 0.075], [0.25, 0.25, 0.25, 0.25]):
        covered = 0
        for both, ours, theirs, _neither in generator.multinomial(200, chances, size=2_000).tolist():
            low, high = paired_interval(both, ours, theirs, 200)
            covered += low <= chances[2] - chances[1] <= high
        assert covered / 2_000 > 0.93, chances
    assert covered / 2_000 < 0.97


def test_unpaired_intervals_cover_at_about_their_rate() -> None:
    """Of 2,000 pairs of samples of 200 the interval holds the true difference in 93 to 97 of a hundred."""
    generator = np.random.default_rng(7)
    for chance, other in ((0.5, 0.5), (0.9, 0.7), (0.05, 0.1)):
        samples = zip(
            generator.binomial(200, chance, 2_000), generator.binomial(200, other, 2_000), strict=True
        )
        found = [unpaired_interval(int(ours), int(theirs), 200) for ours, theirs in samples]
        covered = sum(low <= other - chance <= high for low, high in found)
        assert 0.93 < covered / 2_000 < 0.97, (chance, other)


def test_intervals_of_repeated_studies_of_a_model_cover_what_it_is_known_to_come_to() -> None:
    """Of 200 studies of 100 replications at least 90 of a hundred hold the closed form, share and paired difference.

    After four calls a hazard of chance p has struck in 1 - (1 - p)^4; from 0.1 to 0.3 that is 0.344 to 0.760.  Four
    standard errors below 95 % are 88.8.
    """
    struck = []
    for share in (0.1, 0.3):
        made = scenario(
            CALLS, ON_CALL % share, 'escalation.rungs = [{ name = "harm", reached_by = ["incident"] }]'
        )
        table = simulate(made, 20_000, seed=4)
        struck.append(table.valid["rung.harm.at_s"].reshape(200, 100))
    ours, theirs = struck
    known = [1 - (1 - share) ** 4 for share in (0.1, 0.3)]
    assert (theirs >= ours).all()  # the same draws
    covered = np.zeros(3)
    for one, other in zip(ours, theirs, strict=True):
        both, only = int((one & other).sum()), int((other & ~one).sum())
        paired = paired_interval(both, 0, only, 100)
        for place, (interval, truth) in enumerate(
            [
                (wilson(int(one.sum()), 100), known[0]),
                (wilson(int(other.sum()), 100), known[1]),
                (paired, known[1] - known[0]),
            ]
        ):
            covered[place] += interval[0] <= truth <= interval[1]
    assert (covered / 200 >= 0.9).all(), covered


def test_the_median_interval_covers_at_about_its_rate() -> None:
    """Of 1,000 samples of 100 whole numbers the interval holds the median in at least 94 of a hundred."""
    generator = np.random.default_rng(7)
    found = [median_interval(tally(generator.poisson(1000, size=101))) for _ in range(1_000)]
    covered = sum(each[0] <= 1000 <= each[1] for each in found if each is not None)
    assert 0.94 < covered / 1_000 < 0.99
    assert median_interval(tally(np.zeros(0))) is None


def test_mean_and_variance_are_those_of_the_values() -> None:
    """A tally has the mean and the sample variance of what it counted."""
    values = np.array([3, 1, 4, 1, 5, 9, 2, 6])
    assert mean(tally(values)) == values.mean()
    assert variance(tally(values)) == pytest.approx(values.var(ddof=1))
    assert variance(tally(values[:1])) == 0


# ---- what is refused, and the command


def test_scenarios_that_begin_at_different_times_are_refused() -> None:
    """Times after the start of two windows do not pair."""
    with pytest.raises(InputError, match="times would not pair"):
        compare([variant("base"), variant("moved", "clock.start=2024-01-01T08:59:00+00:00")], 1, 5)


def test_two_variants_of_one_name_and_one_scenario_alone_are_refused() -> None:
    """A name tells two columns apart, and a comparison needs two."""
    with pytest.raises(InputError, match="is the name of two variants"):
        compare([variant("base"), variant("base", LATER)], 1, 5)
    with pytest.raises(InputError, match="needs a second scenario"):
        compare([variant("base")], 1, 5)


def test_changes_of_one_label_go_together() -> None:
    """A label ends at the first colon; what has none is its own label."""
    texts = ["slow: a.b=1", "slow: c.d={ e = 'x: y' }", "a.b=2"]
    assert labelled(texts) == {"slow": ["a.b=1", "c.d={ e = 'x: y' }"], "a.b=2": ["a.b=2"]}


@pytest.mark.parametrize("text", ["", "later", "later: ", ": a.b=1", "later: a.b"])
def test_a_variant_that_changes_nothing_is_told(text: str) -> None:
    """The message is of --variant, which was typed, and shows its form."""
    with pytest.raises(InputError) as caught:
        labelled([text])
    assert str(caught.value).startswith(f'--variant: "{text}" is not of the form "LABEL: PATH=VALUE"')


def test_a_label_with_brackets_is_shown_as_it_is() -> None:
    """What looks like markup of the terminal is a name."""
    result = command("compare", FIRST, "--variant", f"[red]<b>é[/]: {LATER}", "-n", 1)
    assert "[red]<b>é[/]: first-intercept" in result.stdout
    assert result.stdout.startswith("1 replication, seed 1")


def test_json_holds_the_documented_keys() -> None:
    """With --json stdout holds one object with the keys of docs/answers.md; --set applies to baseline and variant."""
    result = command("compare", FIRST, "--variant", f"later: {LATER}", "-n", 20, "--json")
    shown = json.loads(result.stdout)
    assert [each["label"] for each in shown["variants"]] == [FIRST, "later"]
    text = (Path(__file__).parent.parent / "docs" / "answers.md").read_text(encoding="utf-8")
    compared = shown["comparisons"][0]
    assert "difference_mean" in outcome(compared, "west.bear.calls")
    keys = [*shown, *compared, *compared["rungs"][0], *outcome(compared, "west.bear.calls")]
    for key in keys:
        assert f"`{key}`" in text, key
    both = command("compare", FIRST, "--variant", f"later: {LATER}", "-n", 20, "--json", "--set", LATER)
    rows = json.loads(both.stdout)["comparisons"][0]["outcomes"]
    assert all(row["changed_share"] == 0 for row in rows)


def test_tables_fit_the_terminal_and_show_what_moved_most() -> None:
    """No line is wider than 80 columns or cut short; fifteen outcomes are shown, or with --all every one."""
    asked = (
        "compare",
        "july-2019",
        "--variant",
        "later: command.stages.authorise-fire.delay_s.median=160",
        "-n",
        60,
    )
    some, every = (command(*asked, *more).stdout.splitlines() for more in ((), ("--all",)))
    for lines in (some, every):
        assert max(len(line) for line in lines) <= 80
        assert not any("…" in line for line in lines)
    assert any("more that moved (--all shows them)" in line for line in some)
    assert len(every) > len(some) + 100


def test_nothing_that_moved_is_said_to_be_so() -> None:
    """A scenario beside itself under another label has no outcome to show."""
    shown = command("compare", FIRST, "--variant", "same: clock.step_s=1", "-n", 10).stdout
    assert "no outcome differs in any replication" in shown


def test_a_wrong_path_is_refused_before_anything_runs() -> None:
    """A value that no scenario has ends with exit code 2 and a hint."""
    result = command("compare", FIRST, "--variant", "x: command.stages.scrumble.delay_s=3")
    assert (result.exit_code, result.stdout) == (2, "")
    assert 'did you mean "scramble"' in result.stderr
