"""What outcomes are called: words with the labels of the scenario."""

from __future__ import annotations

import pytest

from sim.histograms import share_stem
from sim.labels import outcome_label
from sim.many import simulate
from sim.scenario import read


@pytest.mark.parametrize(
    ("stem", "words"),
    [
        ("rung.airspace-violated", "airspace violated"),
        ("bear.airspace.1.flares.decision", "flares in stay 1 of Bear in Airspace"),
        ("bear.airspace.1.flares.spare", "flares in stay 1 of Bear in Airspace"),
        ("bear.airspace.2.flares.authority_margin", "authority for flares in stay 2 of Bear in Airspace"),
        (
            "bear.airspace.1.flares.authority_margin.in_time",
            "authority for flares in stay 1 of Bear in Airspace, in time",
        ),
        ("bear.zone.1.inside", "stay 1 of Bear in Identification zone"),
        ("bear.turns", "Bear leaves its route"),
        ("west.bear.joined", "fighters of West beside Bear"),
        ("west.bear.block.least", "block by West to Bear"),
        ("bear.nothing", "bear.nothing"),
        ("west.bear", "west.bear"),
        ("nothing", "nothing"),
    ],
)
def test_outcomes_are_called_in_words(stem: str, words: str) -> None:
    """A rung bears its name, all else the labels of flight, side and zone; what is unknown stands for itself."""
    assert outcome_label(stem, read("first-intercept")[0]) == words


def test_every_share_of_july_has_words() -> None:
    """No column of the catalogue that can be absent is shown by its raw name."""
    scenario, _ = read("july-2019")
    stems = [share_stem(column.name) for column in simulate(scenario, 2).columns if column.optional]
    assert len(stems) > 100
    assert not [stem for stem in stems if outcome_label(stem, scenario) == stem]
