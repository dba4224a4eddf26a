"""How a share settles: against a count by hand, and the picture against the table."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from plots import style
from plots.convergence import convergence as draw
from plots.convergence import places
from sim.convergence import Convergence, convergence, running
from sim.errors import InputError
from sim.many import simulate
from sim.outcomes import Outcomes
from sim.provenance import Provenance
from sim.scenario import Scenario, read
from sim.spread import wilson
from tests.one_pass import check_room, texts

COUNT = 400
MADE = Provenance("first-intercept", "0" * 12, 1, COUNT)


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    """The small bundled scenario."""
    return read("first-intercept")[0]


@pytest.fixture(scope="module")
def table(scenario: Scenario) -> Outcomes:
    """Some replications of it."""
    return simulate(scenario, COUNT)


@pytest.fixture(scope="module")
def found(table: Outcomes, scenario: Scenario) -> Convergence:
    """How the share of flares settles."""
    return convergence(table, scenario, MADE, "rung.flares", 0.06)


def test_the_running_share_is_that_of_the_first_so_many(table: Outcomes, found: Convergence) -> None:
    """After n replications the share and its interval are those of the first n alone."""
    came = table.valid["rung.flares.at_s"]
    for count in (1, 7, 100, COUNT):
        happened = int(came[:count].sum())
        assert found.share[count - 1] == happened / count
        interval = found.low[count - 1], found.high[count - 1]
        assert interval == pytest.approx(wilson(happened, count), abs=1e-12)


def test_enough_is_where_the_interval_stays_narrow(found: Convergence) -> None:
    """From `enough` on no interval is wider than what is wanted, and the one before is."""
    enough = found.enough
    assert enough is not None
    assert 1 < enough < COUNT
    assert (found.half_width[enough - 1 :] <= 0.06).all()
    assert found.half_width[enough - 2] > 0.06
    assert replace(found, width_share=0.001).enough is None


def test_the_wilson_interval_needs_as_many_as_the_textbook_says() -> None:
    """At one half the half-width falls to 0.05 at 381 trials: z²/4 (1/w² - 4) of Wilson's formula, by hand 380.3."""
    came = np.tile([True, False], 300)
    _, low, high = running(came)
    even = np.arange(1, 600, 2)
    first = even[np.flatnonzero((high - low)[even] / 2 <= 0.05)[0]] + 1
    assert first == 382


def test_the_outcome_is_the_rung_nearest_to_half_unless_named(table: Outcomes, scenario: Scenario) -> None:
    """Without a name it is the share that settles slowest; a wrong name is told."""
    chosen = convergence(table, scenario, MADE)
    apart = {
        name: abs(table.valid[f"{name}.at_s"].mean() - 0.5) for name in ("rung.flares", "rung.intercepted")
    }
    assert chosen.outcome == min(apart, key=lambda name: apart[name])
    assert chosen.label == "flares"
    with pytest.raises(InputError, match="is no outcome with a share"):
        convergence(table, scenario, MADE, "rung.flare")


def test_what_is_drawn_is_the_table(found: Convergence) -> None:
    """Line and band stand at the running share and its interval, and the mark where it is enough."""
    figure = draw(found)
    at = places(COUNT)
    assert at[0] == 10
    assert at[-1] == COUNT
    upper, lower = figure.axes
    curve = max(upper.lines, key=lambda line: line.get_linewidth())
    assert np.asarray(curve.get_xdata()).tolist() == at.tolist()
    assert np.asarray(curve.get_ydata()).tolist() == found.share[at - 1].tolist()
    (mark,) = (line for line in lower.lines if line.get_marker() == "o")
    assert mark.get_xdata()[0] == found.enough  # type: ignore[index]
    assert any(f"from {found.enough:,}" in text for text in texts(figure))


def test_few_and_none_are_drawn(scenario: Scenario) -> None:
    """A dozen replications and an outcome that never came have a picture too; fewer than ten have none."""
    few = convergence(simulate(scenario, 12), scenario, replace(MADE, replications=12), "rung.collision")
    seen = " ".join(texts(draw(few)))
    assert "none (under" in seen
    assert "not reached" in seen
    with pytest.raises(InputError, match=r"^-n: is 9, must be at least 10"):
        convergence(simulate(scenario, 9), scenario, replace(MADE, replications=9))


def test_the_same_convergence_is_the_same_bytes(tmp_path: Path, found: Convergence) -> None:
    """Twice drawn it is the same file."""
    for name in ("one", "two"):
        style.save(draw(found), tmp_path / f"{name}.svg")
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()


def test_no_text_is_cut_off_or_covers_another(found: Convergence) -> None:
    """Every text has its room."""
    check_room(draw(found))
    check_room(draw(replace(found, label="an outcome with a long name " * 5, width_share=0.001)))
