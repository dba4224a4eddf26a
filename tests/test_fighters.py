"""Sections of fighters: what belongs together in a pair."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from sim.fighters import ASKED_BEFORE, Meetings, PairSection
from sim.flight import meeting_table
from tests.test_flight import BASE, wandering

PAIR = {"side": "north", "type": "fast", "base": "near", "alert": "five"}


@pytest.mark.parametrize("half", [{"station": "circle"}, {"on_station_at": "06:00:00"}])
def test_a_station_and_its_time_go_together(half: dict[str, str]) -> None:
    """A pair with a station but no time of arrival, or the other way round, is refused."""
    from datetime import time

    keys = {
        key: time.fromisoformat(value) if key == "on_station_at" else value for key, value in half.items()
    }
    with pytest.raises(ValidationError, match="`station` and `on_station_at` go together"):
        PairSection.model_validate({**PAIR, **keys})


@pytest.mark.parametrize("aircraft", [0, 13])
def test_a_pair_has_from_one_to_twelve_aircraft(aircraft: int) -> None:
    """No aircraft is no pair; two are one unless said."""
    with pytest.raises(ValidationError):
        PairSection.model_validate({**PAIR, "aircraft": aircraft})
    assert PairSection.model_validate(PAIR).aircraft == 2


def test_meetings_are_the_same_by_search_and_by_table() -> None:
    """A base that is asked often gets a table of all answers, and none of them changes."""
    track = wandering(4)
    table, asked = meeting_table(track, BASE, 1.7), Meetings(track, BASE, 1.7)
    steps = [7 * k % 400 for k in range(3 * ASKED_BEFORE)]
    assert [asked.first(step) for step in steps[:ASKED_BEFORE]] == table[steps[:ASKED_BEFORE]].tolist()
    assert asked.table is None
    assert [asked.first(step) for step in steps] == table[steps].tolist()
    assert asked.table is not None
