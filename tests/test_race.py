"""Who wins the race: the tables against the rows they are made of, and the picture against the tables."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from plots import style
from plots.race import race as draw
from sim.document import digest
from sim.errors import InputError
from sim.many import simulate
from sim.outcomes import Outcomes
from sim.provenance import Provenance
from sim.race import Act, Race, race
from sim.scenario import Scenario, read
from sim.spread import wilson
from tests.one_pass import check_room, texts

COUNT = 300


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    """The small bundled scenario."""
    return read("first-intercept")[0]


@pytest.fixture(scope="module")
def table(scenario: Scenario) -> Outcomes:
    """Some replications of it."""
    return simulate(scenario, COUNT)


@pytest.fixture(scope="module")
def found(table: Outcomes, scenario: Scenario) -> Race:
    """Their races."""
    document = read("first-intercept")[1]
    return race(table, scenario, Provenance(document.name, digest(document.data), 1, COUNT))


@pytest.fixture(scope="module")
def figure(found: Race) -> Figure:
    """The picture of them."""
    return draw(found)


def test_each_replication_races_against_itself(table: Outcomes, found: Race) -> None:
    """In time is an act that came before the exit of the same replication, row by row."""
    (stay,) = found.stays
    entered = exited = won = 0
    for place in range(COUNT):
        row = table.row(place)
        entered += row["bear.airspace.1.enters.at"] is not None
        exited += row["bear.airspace.1.inside_s"] is not None
        decision_s = row["bear.airspace.1.flares.decision_s"]
        won += decision_s is not None and decision_s < row["bear.airspace.1.inside_s"]
    (act,) = stay.acts
    assert (len(stay.inside_s), act.stays, act.in_time) == (exited, entered, won)
    assert 0 < won < entered < COUNT
    assert act.share == won / entered
    assert act.interval == wilson(won, entered)


def test_a_stay_without_the_act_stays_in_the_count(found: Race) -> None:
    """The curve ends at the share in time and not at one: those that were outrun are not left out."""
    act = found.stays[0].acts[0]
    at_s, share, band = act.curve()
    assert share[-1] == pytest.approx(act.share)
    assert tuple(band[-1]) == act.interval
    assert (np.diff(at_s) > 0).all()
    assert (np.diff(share) > 0).all()
    assert 0 < act.turned < act.stays - act.in_time


def test_dots_are_equally_likely_stays() -> None:
    """Of 20 dots each stands for a twentieth: with 15 of 20 in time five are open, and each is its own time."""
    act = Act("flares", 20, np.arange(15), 0)
    assert act.dots(20) == (*(float(k) for k in range(15)), *([None] * 5))
    assert act.dots(4) == (2.0, 7.0, 12.0, None)
    assert Act("flares", 7, np.zeros(0, dtype=np.int64), 0).dots(5) == (None,) * 5


def test_the_exit_quantiles_are_lengths_that_occurred(found: Race) -> None:
    """A quantile of the stay is the lowest length at or below which so many lie."""
    stay = found.stays[0]
    ordered = sorted(stay.inside_s.tolist())
    for percent in (5, 50, 95):
        assert stay.inside_quantile_s(percent) == ordered[-(-len(ordered) * percent // 100) - 1]


def test_the_dots_that_are_drawn_are_those_of_the_table(figure: Figure, found: Race) -> None:
    """So many filled and open dots stand in the picture as the table has, each stack at the mean of its times."""
    times = found.stays[0].acts[0].dots(20)
    dots = [line for line in figure.axes[1].lines if line.get_marker() == "o"]
    open_dots = [line for line in dots if line.get_markerfacecolor() == "white"]
    filled = [line for line in dots if line not in open_dots]
    assert sum(len(np.asarray(line.get_xdata())) for line in open_dots) == times.count(None)
    x = np.concatenate([np.asarray(line.get_xdata()) for line in filled])
    assert len(x) == 20 - times.count(None)
    assert x.mean() == pytest.approx(np.mean([at for at in times if at is not None]))
    assert f"{times.count(None)} in 20 too late" in texts(figure)


def test_the_curve_that_is_drawn_is_that_of_the_table(figure: Figure, found: Race) -> None:
    """The steps of the line are the times and shares of the table."""
    at_s, share, _ = found.stays[0].acts[0].curve()
    (line,) = (line for line in figure.axes[0].lines if line.get_label() == "flares")
    assert np.asarray(line.get_xdata())[1:-1].tolist() == at_s.tolist()
    assert np.asarray(line.get_ydata())[1:-1].tolist() == share.tolist()


def test_the_footer_says_what_it_was_made_from(figure: Figure, found: Race) -> None:
    """Scenario, hash, seed and number of replications stand below."""
    made = found.made
    assert f"scenario first-intercept  ·  hash {made.hash}  ·  seed 1  ·  n = {COUNT} replications" in texts(
        figure
    )


def test_the_same_race_is_the_same_bytes(tmp_path: Path, found: Race) -> None:
    """Twice drawn it is the same file."""
    for name in ("one", "two"):
        style.save(draw(found), tmp_path / f"{name}.svg")
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()


def test_an_act_that_never_came_is_drawn(found: Race) -> None:
    """With no act in time there is no curve to name, and every dot is open."""
    act = found.stays[0].acts[0]
    never = replace(act, at_s=act.at_s[:0], turned=0)
    lost = replace(found, stays=(replace(found.stays[0], acts=(never,)),))
    seen = " ".join(texts(draw(lost)))
    assert "20 in 20 too late" in seen
    assert "none\n(under " in seen


def test_what_cannot_race_is_told(table: Outcomes, scenario: Scenario) -> None:
    """An unknown flight, and a scenario without an airspace to race in, are errors that say so."""
    made = Provenance("first-intercept", "0" * 12, 1, COUNT)
    with pytest.raises(InputError, match='is "bare", which is no flight, did you mean "bear"'):
        race(table, scenario, made, "bare")
    calm, _ = read("first-intercept", ["crew.bear.turns_share.call=1", "crew.bear.notices_share.call=1"])
    with pytest.raises(InputError, match="there is no race to show"):
        race(simulate(calm, 20), calm, made)


def test_no_text_is_cut_off_or_covers_another(table: Outcomes, scenario: Scenario, found: Race) -> None:
    """Also where flight and airspace have long names, every text has its room."""
    check_room(draw(found))
    check_room(draw(replace(found, flight="A flight with a very long name " * 3, zone="a zone with one too")))
