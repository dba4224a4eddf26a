"""How near fighters came: separations against the log and the tracks, and the picture against them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from plots import style
from plots.approach import GUIDELINES, Guideline, approach, distance
from plots.encounter import Encounter, encounter
from plots.separations import separations
from sim import store
from sim.draws import Uniforms
from sim.errors import InputError
from sim.run import prepare, replicate
from sim.scenario import read
from tests.one_pass import BARE, PASS, check_room, recorded_of, texts


@pytest.fixture(scope="module")
def recorded() -> store.Recorded:
    """A replication of the small bundled scenario, with two blocking passes."""
    scenario, document = read("first-intercept")
    return store.record(replicate(prepare(scenario), Uniforms(1), 0), document)


@pytest.fixture(scope="module")
def shown(recorded: store.Recorded) -> Encounter:
    """What the figure is about."""
    return encounter(recorded)


@pytest.fixture(scope="module")
def figure(recorded: store.Recorded) -> Figure:
    """The picture of it."""
    return approach(recorded)


def test_a_curve_is_the_distance_between_two_tracks(shown: Encounter) -> None:
    """At recorded places the separation is the distance on the sphere, and it ends when the pair joins."""
    each = separations(shown)[0]
    steps, km = each.curves[0]
    for place in (0, len(steps) // 2):
        assert km[place] == pytest.approx(
            shown.apart_km(shown.flight, each.pair, int(steps[place])), abs=1e-9
        )
    joined = next(e["step"] for e in shown.events if e["kind"] == "joined" and e["who"] == each.pair)
    assert steps[-1] <= joined == each.beside[0][0]


def test_the_closest_is_the_nearest_act_of_the_log(shown: Encounter, figure: Figure) -> None:
    """The closest approach is the least distance that the log tells, with its clock time."""
    acts = [e for e in shown.events if "distance_km" in e["data"]]
    assert acts
    nearest = min(acts, key=lambda e: (e["data"]["distance_km"], e["step"]))
    closest = separations(shown)[0].closest
    assert closest == (nearest["step"], nearest["data"]["distance_km"], nearest["kind"])
    told = f"closest {distance(nearest['data']['distance_km'])}\n{nearest['time'][:8]} ({nearest['kind']})"
    assert told in texts(figure)


def test_acts_are_drawn_where_they_were(shown: Encounter, figure: Figure) -> None:
    """A mark stands at the time and distance of each act."""
    acts = {
        (e["step"] * shown.clock.step_s, e["data"]["distance_km"])
        for e in shown.events
        if "distance_km" in e["data"]
    }
    marks = {
        (float(line.get_xdata()[0]), float(line.get_ydata()[0]))  # type: ignore[index, arg-type]
        for line in figure.axes[0].lines
        if line.get_marker() == "D"
    }
    assert marks == acts


def test_guidelines_bear_their_sources(recorded: store.Recorded, figure: Figure) -> None:
    """Each line stands at its distance with the rule that names it; others may take their place."""
    seen = " ".join(texts(figure)).replace("\n", " ")
    for line in GUIDELINES:
        assert line.label in seen
        assert line.source in seen
        assert any(np.allclose(np.asarray(each.get_ydata()), line.km) for each in figure.axes[0].lines)
    own = approach(recorded, guidelines=[Guideline(5.0, "five", "assumption")])
    assert "five\n(assumption)" in texts(own)


def test_distances_are_told_as_people_say_them() -> None:
    """Below a kilometre in metres, below ten with a decimal."""
    assert [distance(km) for km in (0.05, 0.999, 1.0, 9.94, 100.4)] == [
        "50 m",
        "999 m",
        "1.0 km",
        "9.9 km",
        "100 km",
    ]


def test_an_encounter_without_fighters_says_so(tmp_path: Path) -> None:
    """Where nobody took off the picture has the guidelines and a sentence."""
    drawn = approach(recorded_of(BARE, tmp_path))
    assert any(text.startswith("no fighter took off against") for text in texts(drawn))


def test_a_pair_that_told_no_distance_has_a_bar_and_no_closest(tmp_path: Path) -> None:
    """Beside the flight the model keeps no distance, and without acts that tell one there is none to show."""
    recorded = recorded_of(PASS, tmp_path)
    joined = [each for each in separations(encounter(recorded)) if each.beside]
    assert joined
    assert all(each.closest is None for each in joined)
    drawn = texts(approach(recorded))
    assert any(each.label in drawn for each in joined)
    assert not any(text.startswith("closest") for text in drawn)


def test_unknown_flights_are_refused(recorded: store.Recorded) -> None:
    """As on the board."""
    with pytest.raises(InputError, match="which is no flight of the run"):
        approach(recorded, flight="nobody")


def test_the_same_run_is_the_same_bytes(tmp_path: Path, recorded: store.Recorded) -> None:
    """Twice drawn it is the same file."""
    for name in ("one", "two"):
        style.save(approach(recorded), tmp_path / f"{name}.svg")
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()


def test_no_text_is_cut_off_or_covers_another(recorded: store.Recorded, tmp_path: Path) -> None:
    """Every text has its room, also where names are long and guidelines lie close together."""
    check_room(approach(recorded))
    close = [Guideline(km, "a rule with rather a long text to it", "assumption") for km in (0.3, 0.35, 0.4)]
    check_room(approach(recorded_of(PASS, tmp_path), guidelines=close))
