"""Studies: what is varied and how, which points a design has, and that any point can be run again by hand."""

from __future__ import annotations

from datetime import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.document import digest, load
from sim.errors import InputError
from sim.quantities import written
from sim.scenario import Scenario
from sim.scenario import read as read_scenario
from sim.study import Plan, bundled_studies, failing_edges, read

SCRAMBLE = "command.stages.scramble.delay_s"
CALL = "crew.bear.turns_share.call"
BUNDLED = sorted(bundled_studies())


def plan(*vary: str, **options: Any) -> Plan:
    """Return the plan of a study of first-intercept."""
    return read("first-intercept", vary, **options)


def refused(*vary: str, **options: Any) -> str:
    """Expect a study to be refused; return the message."""
    with pytest.raises(InputError) as caught:
        plan(*vary, **options)
    return str(caught.value)


def study_file(folder: Path, text: str) -> Path:
    """Write a study of first-intercept."""
    file = folder / "mine.toml"
    file.write_text(f'scenario = "first-intercept"\n{text}', encoding="utf-8")
    return file


# ---- quantities


def test_a_range_holds_both_its_ends() -> None:
    """0:300:30 are eleven values, 0 and 300 among them."""
    made = plan(f"{SCRAMBLE}=0:300:30")
    assert [row[0] for row in made.table] == [0, 30, 60, 90, 120, 150, 180, 210, 240, 270, 300]


def test_steps_are_counted_as_decimals() -> None:
    """0:0.3:0.1 is 0, 0.1, 0.2, 0.3, without the noise of binary fractions."""
    assert [row[0] for row in plan(f"{CALL}=0:0.3:0.1").table] == [0.0, 0.1, 0.2, 0.3]


def test_values_keep_the_type_that_stands_there() -> None:
    """Where a whole number stands, whole values are whole numbers; where a fraction stands, fractions."""
    whole = plan("command.stages.scramble.delay_s.median=30:60:30").table
    assert [(type(row[0]), row[0]) for row in whole] == [(int, 30), (int, 60)]
    share = plan(f"{CALL}=0,0.5").table
    assert [row[0] for row in share] == [0, 0.5]


def test_clock_times_and_words_are_listed() -> None:
    """A clock time between commas is one, and not a range of hours, minutes and seconds."""
    base = read_scenario("first-intercept")[1].data
    end = base["clock"]["end"]
    assert isinstance(end, time)
    made = plan(f"clock.end={end.isoformat()}")
    assert made.table == ((end,),)
    assert made.words == {"clock.end"}


def test_a_law_is_varied_by_its_parameter_or_replaced_by_a_number() -> None:
    """`.median` leaves the law a law; a number in the law's place is a fixed delay."""
    by_parameter = plan(f"{SCRAMBLE}.median=40,60").scenario_of(1).command.stages["scramble"].delay_s
    assert (by_parameter.dist, by_parameter.median) == ("lognormal", 60)  # type: ignore[union-attr]
    replaced = plan(f"{SCRAMBLE}=40,60").scenario_of(1).command.stages["scramble"].delay_s
    assert (replaced.dist, replaced.value) == ("constant", 60)  # type: ignore[union-attr]


def test_a_kept_shape_keeps_the_proportion_of_the_parameters() -> None:
    """With twice the median comes twice the 95th percentile; without keep_shape it stays."""
    data = read_scenario("first-intercept")[1].data["command"]["stages"]["scramble"]["delay_s"]
    twice = f"{SCRAMBLE}.median={2 * data['median']},{data['median']}"
    kept = plan(twice, keep_shape=True).scenario_of(0).command.stages["scramble"].delay_s
    assert kept.p95 == 2 * data["p95"]  # type: ignore[union-attr]
    left = plan(twice).scenario_of(0).command.stages["scramble"].delay_s
    assert left.p95 == data["p95"]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("vary", "message"),
    [
        ("command.stages.scramblo.delay_s=1,2", 'did you mean "scramble"'),
        ("command.stages.scramble.deley_s=1,2", 'did you mean "delay_s"'),
        ("command.stages.scramble.delay_s.medain=1,2", 'did you mean "median"'),
        (f"{SCRAMBLE}=3:1:1", "low 3 must be below high 1"),
        (f"{SCRAMBLE}=0:10", "wants a step"),
        (f"{SCRAMBLE}", "is not of the form"),
        (f"{SCRAMBLE}=", "has no values"),
        (f"{SCRAMBLE}=-3,-2", "must be at least 0"),
        (f"{SCRAMBLE}.median=4000:5000:1000", "unless with --keep-shape"),
        ("clock.end=1:5:1", "must be a clock time"),
        ("command.stages.scramble.pairs=1:2:0.25", "only whole numbers"),
    ],
)
def test_what_is_wrong_is_told_before_anything_runs(vary: str, message: str) -> None:
    """A wrong path, range or value is refused, and the message says what to do."""
    assert message in refused(vary)


@pytest.mark.parametrize("design", ["one-at-a-time", "grid"])
def test_an_unknown_key_is_refused_in_every_design(design: str) -> None:
    """Also where the design holds the scenario as it stands, which could be run."""
    assert "unknown key" in refused("command.stages.scramble.delay_x=1,2", f"{CALL}=0,0.1", design=design)


def test_no_quantity_is_varied_twice() -> None:
    """The second of two values at one path would win in silence."""
    assert "varied twice" in refused(f"{SCRAMBLE}=1,2", f"{SCRAMBLE}=3,4")


def test_a_design_may_go_where_the_model_cannot_follow() -> None:
    """Points that fail are foreseen, and the others can be run."""
    made = plan(f"{SCRAMBLE}.median=10,5000")
    assert list(failing_edges(made)) == [1]
    assert "p95" in failing_edges(made)[1]


# ---- designs


def test_a_grid_holds_every_combination() -> None:
    """The last quantity varies fastest."""
    made = plan(f"{SCRAMBLE}=1,2", f"{CALL}=0.1,0.2,0.3")
    assert made.table == ((1, 0.1), (1, 0.2), (1, 0.3), (2, 0.1), (2, 0.2), (2, 0.3))


def test_one_at_a_time_begins_with_the_scenario_as_it_stands() -> None:
    """Every other point changes one quantity."""
    made = plan(f"{SCRAMBLE}=1,2", f"{CALL}=0.1", design="one-at-a-time")
    assert made.overrides(0) == []
    assert [made.overrides(point) for point in (1, 2, 3)] == [
        [f"{SCRAMBLE}=1"],
        [f"{SCRAMBLE}=2"],
        [f"{CALL}=0.1"],
    ]


def test_a_latin_hypercube_has_a_point_in_every_slice() -> None:
    """Of 20 points each of 20 equal slices of each range holds one."""
    made = plan(f"{SCRAMBLE}=0:200", f"{CALL}=0:0.5", design="latin-hypercube", points=20)
    columns = np.array(made.table, dtype=float) / [200, 0.5]
    for column in columns.T:
        assert sorted(np.floor(column * 20 - 1e-6).clip(0).astype(int)) == list(range(20))


def test_a_sobol_sequence_fills_both_halves_alike() -> None:
    """Of 16 points eight lie in the lower half of each range."""
    made = plan(f"{SCRAMBLE}=0:200", f"{CALL}=0:0.5", design="sobol", points=16)
    assert [sum(row[0] < 100 for row in made.table), sum(row[1] < 0.25 for row in made.table)] == [8, 8]
    assert "power of 2" in refused(f"{SCRAMBLE}=0:200", design="sobol", points=12)


def test_a_morris_trajectory_changes_one_quantity_at_a_time() -> None:
    """Two quantities make trajectories of three points."""
    made = plan(f"{SCRAMBLE}=0:300", f"{CALL}=0:0.3", design="morris", trajectories=5)
    assert made.points == 5 * 3
    for start in range(0, 15, 3):
        for one, other in ((start, start + 1), (start + 1, start + 2)):
            assert sum(a != b for a, b in zip(made.table[one], made.table[other], strict=True)) == 1


def test_a_saltelli_design_has_a_block_for_each_quantity() -> None:
    """8 base samples of 2 quantities are 8 * (2 + 2) points."""
    assert plan(f"{SCRAMBLE}=0:300", f"{CALL}=0:0.3", design="saltelli", points=8).points == 32


@pytest.mark.parametrize("design", ["latin-hypercube", "sobol", "saltelli", "morris"])
def test_a_sampled_design_is_a_function_of_the_seed(design: str) -> None:
    """The same seed draws the same points, another seed others."""
    vary = (f"{SCRAMBLE}=0:300", f"{CALL}=0:0.3")
    one, same, other = (plan(*vary, design=design, points=8, seed=seed) for seed in (3, 3, 4))
    assert one.table == same.table
    assert one.table != other.table


def test_drawn_values_are_whole_where_the_model_takes_nothing_else() -> None:
    """A number of pairs is drawn as a whole number, a delay with its fraction."""
    made = plan("command.stages.scramble.pairs=1:4", f"{SCRAMBLE}=0:300", design="latin-hypercube", points=9)
    assert {type(row[0]) for row in made.table} == {int}
    assert any(isinstance(row[1], float) for row in made.table)


def test_a_log_scale_is_even_in_the_logarithm(tmp_path: Path) -> None:
    """From 1 to 10,000 half of the values lie below 100."""
    text = 'design = "latin-hypercube"\npoints = 10\n[[vary]]\nscale = "log"\nlow = 1\nhigh = 10000\n'
    made = read(study_file(tmp_path, f'{text}path = "{SCRAMBLE}"\n'))
    assert sum(row[0] < 100 for row in made.table) == 5


# ---- points


def test_a_point_is_the_scenario_with_its_overrides() -> None:
    """`intercept run SCENARIO --set ...` with what the point says is the same scenario."""
    vary = (f"{SCRAMBLE}.median=20:60", f"{CALL}=0:0.3")
    made = plan(*vary, design="latin-hypercube", points=4, keep_shape=True)
    by_hand = load("first-intercept", made.overrides(3))
    assert read_scenario("first-intercept", made.overrides(3))[0] == made.scenario_of(3)
    assert digest(by_hand.data) != digest(made.document.data)


def test_no_point_changes_the_scenario_of_another() -> None:
    """Points share what they do not vary, and the scenario stays as it was read."""
    made = plan(f"{SCRAMBLE}=1,2")
    before = digest(made.document.data)
    assert made.scenario_of(0) != made.scenario_of(1)
    assert digest(made.document.data) == before
    assert isinstance(made.scenario, Scenario)


def test_points_share_their_random_numbers_unless_they_are_independent() -> None:
    """Common random numbers are one seed; independent points have one each, which follows from the study's."""
    common, independent = plan(f"{SCRAMBLE}=1,2", seed=5), plan(f"{SCRAMBLE}=1,2", seed=5, independent=True)
    assert [common.seed_of(point) for point in (0, 1)] == [5, 5]
    assert independent.seed_of(0) != independent.seed_of(1)
    assert independent.seed_of(1) == plan(f"{SCRAMBLE}=3,4", seed=5, independent=True).seed_of(1)


@pytest.mark.parametrize(
    "value", [3, 2.5, True, "a b", time(9, 10), [1, 2], {"dist": "uniform", "low": 1, "high": 2}]
)
def test_a_written_value_is_read_again_as_it_was(value: Any) -> None:
    """What `written` writes is TOML for the same value."""
    import tomllib

    assert tomllib.loads(f"value = {written(value)}")["value"] == value


# ---- files


def test_a_study_file_says_what_the_command_line_says(tmp_path: Path) -> None:
    """The same study from a file and from options has the same points and the same identity but for its name."""
    text = f'seed = 4\n[[vary]]\npath = "{SCRAMBLE}"\nlow = 0\nhigh = 60\nstep = 30\n'
    assert read(study_file(tmp_path, text)).identity() == plan(f"{SCRAMBLE}=0:60:30", seed=4).identity()


def test_what_is_wrong_in_a_study_file_is_told_with_its_line(tmp_path: Path) -> None:
    """An unknown key of a study gets its line and a guess."""
    file = study_file(tmp_path, f'[[vary]]\npath = "{SCRAMBLE}"\nvalue = [1]\n')
    with pytest.raises(
        InputError, match=r"mine\.toml:4: vary\.0\.value: unknown key, did you mean \"values\""
    ):
        read(file)


def test_a_scenario_beside_a_study_is_found_before_a_bundled_one(tmp_path: Path) -> None:
    """A study names a file of its own folder, or a bundled scenario."""
    (tmp_path / "near.toml").write_text(
        'extends = "first-intercept"\n[scenario]\ntitle = "near"\n', encoding="utf-8"
    )
    (tmp_path / "mine.toml").write_text(
        f'scenario = "near"\n[[vary]]\npath = "{SCRAMBLE}"\nvalues = [1]\n', encoding="utf-8"
    )
    assert read(tmp_path / "mine.toml").scenario.scenario.title == "near"


@pytest.mark.parametrize("name", BUNDLED)
def test_a_bundled_study_can_be_run_at_its_edges(name: str) -> None:
    """Every quantity of a bundled study has a label and a source, and its lowest and highest values can be run."""
    made = read(name)
    assert failing_edges(made) == {}
    assert all(vary.label and vary.source for vary in made.study.vary)
