"""What turned a flight from its way stands on board and map, where and when it was."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Annotation, Text

from plots.board import board
from plots.chain import chain
from plots.encounter import encounter, place
from plots.map import track_map
from sim import store
from tests.one_pass import apart, check_room, of_july, recorded_of, replicated, texts

KNOWN = Path(__file__).parent / "known" / "turn-back.toml"


@pytest.fixture(scope="module")
def turned(tmp_path_factory: pytest.TempPathFactory) -> store.Recorded:
    """A crew that turns away after the first call."""
    return recorded_of(KNOWN.read_text(encoding="utf-8"), tmp_path_factory.mktemp("turned"))


def marks(axes: Axes, marker: str) -> list[list[float]]:
    """Return where marks of a kind stand on a panel, in its data."""
    found = [line for line in axes.lines if line.get_marker() == marker]
    return [np.asarray(line.get_xydata(), dtype=float)[0].tolist() for line in found]


def told(figure: Figure, words: str) -> int:
    """Return how often words stand on a figure."""
    return sum(words in text for text in texts(figure))


def test_a_crew_that_turns_away_is_marked_on_the_board(turned: store.Recorded) -> None:
    """It stands on the flight's line and in the crew's lane, with its time."""
    (event,) = (e for e in turned.events if e["kind"] == "turns")
    shown, figure = encounter(turned), board(turned)
    at = np.array([float(event["step"])])
    km = float(shown.distance_km(shown.recorded.ways[shown.flight], at)[0])
    ((x, y),) = marks(figure.axes[1], "<")
    assert (x, y) == pytest.approx((shown.seconds(event["step"]), km))
    assert [x for x, _ in marks(figure.axes[2], "<")] == [shown.seconds(event["step"])]
    assert {lane.name: lane.turns for lane in chain(shown)[0] if lane.turns} == {"cockpit": [event["step"]]}
    assert told(figure, f"turns away {event['time'][:8]}") == 2
    check_room(figure)


def test_a_turn_out_of_the_span_is_not_on_the_board(tmp_path: Path) -> None:
    """What comes after the last step that the board shows has no mark."""
    recorded = recorded_of(KNOWN.read_text(encoding="utf-8"), tmp_path)
    (step,) = (e["step"] for e in recorded.events if e["kind"] == "turns")
    assert not told(board(recorded, span=(0, step - 10)), "turns away")


def test_a_crew_that_turns_away_is_marked_on_both_panels_of_the_map(turned: store.Recorded) -> None:
    """The mark stands where the flight was at that step, with the time."""
    (event,) = (e for e in turned.events if e["kind"] == "turns")
    figure, way = track_map(turned, land=list), encounter(turned).recorded.ways["visitor"]
    lat_deg, lon_deg = place(way, np.array([float(event["step"])]))
    for axes in figure.axes[:2]:
        assert marks(axes, "<") == [pytest.approx([lon_deg[0], lat_deg[0]])]
    assert told(figure, f"turns away {event['time'][:8]}") == 2
    check_room(figure)


@pytest.mark.parametrize("replication", [0, 111, 298])
def test_whoever_turns_away_is_marked_in_a_crowd(replication: int) -> None:
    """A flight that the map is not about is named where it turns away, and all words have room."""
    recorded = of_july(replication)
    (event,) = (e for e in recorded.events if e["kind"] == "turns")
    shown, figure = encounter(recorded), track_map(recorded, land=list)
    who = recorded.scenario.intruders[event["who"]].label
    words = f"turns away {event['time'][:8]}"
    assert told(figure, words) >= 1
    named = sum(f"{who} {words}" == text.replace("\n", " ") for text in texts(figure))
    assert named == (0 if event["who"] == shown.flight else told(figure, words))
    check_room(figure)
    assert told(board(recorded, flight=event["who"]), words) == 2


@pytest.mark.parametrize(
    ("name", "replication"), [("first-intercept", 0), ("july-2019", 33), ("july-2019", 515)]
)
def test_a_distance_stands_at_its_own_circle(name: str, replication: int) -> None:
    """Of all circles and squares of a pair on the close-up the one that a distance is told of is nearest to it."""
    figure = track_map(replicated(name, replication), land=list)
    figure.canvas.draw()
    close = figure.axes[1]
    places = [
        np.asarray(line.get_xydata(), dtype=float) for line in close.lines if str(line.get_marker()) in "os"
    ]
    spots = np.array([each[0] for each in places if len(each) == 1])
    said = [text for text in close.texts if text.get_text().endswith("km apart")]
    assert said
    for text in said:
        assert isinstance(text, Annotation)
        away = [apart(Text.get_window_extent(text), close.transData.transform([spot])) for spot in spots]
        assert spots[int(np.argmin(away))].tolist() == list(text.xy)


def test_what_befalls_the_flight_is_marked_on_the_map() -> None:
    """A collision about the flight has a cross where the pair was, with its time, on both panels."""
    recorded = of_july(515)
    shown, figure = encounter(recorded), track_map(recorded, land=list)
    (event,) = (e for e in recorded.events if "hazard" in e["data"] and e["about"] == shown.flight)
    lat_deg, lon_deg = place(shown.recorded.ways[event["who"]], np.array([float(event["step"])]))
    for axes in figure.axes[:2]:
        assert marks(axes, "X") == [pytest.approx([lon_deg[0], lat_deg[0]])]
    assert told(figure, f"{event['kind']} {event['time'][:8]}") == 2
    check_room(figure)
