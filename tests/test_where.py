"""On panel A of the board each name belongs to the line at which it stands."""

import numpy as np
import pytest
from matplotlib.text import Annotation, Text

from plots import encounter
from plots.board import board
from tests.one_pass import apart, of_july

CROWDED = [(0, None), (515, "h6k"), (33, None), (298, None), (32, None)]


@pytest.mark.parametrize(("replication", "flight"), CROWDED)
def test_a_name_stands_at_its_own_line(replication: int, flight: str | None) -> None:
    """No pair's line is nearer to the name of another, unless a leader goes from the name to its own line."""
    recorded = of_july(replication)
    shown = encounter.encounter(recorded, flight)
    axes = (figure := board(recorded, flight=flight)).axes[1]
    figure.canvas.draw()
    lines: dict[str, np.ndarray] = {}
    for sortie in shown.sorties:
        if sortie.joined is not None and sortie.starts is not None:
            way = shown.recorded.ways[sortie.pair]
            last = int(way.step[-1])
            steps = [
                *range(sortie.starts, sortie.joined, 5),
                *range(last if sortie.ends is None else sortie.ends, last, 5),
            ]
            at = np.array([step for step in steps if shown.begins <= step <= shown.ends], dtype=float)
            data = np.column_stack([at * shown.clock.step_s, shown.distance_km(way, at)])
            lines[sortie.label] = axes.transData.transform(data[data[:, 1] < axes.get_ylim()[1]])
    named = [text for text in axes.texts if text.get_text().replace("\n", " ") in lines]
    assert len(named) >= min(len(lines), 2) - (replication == 298)
    for text in named:
        assert isinstance(text, Annotation)
        label = text.get_text().replace("\n", " ")
        if text.arrow_patch is None:
            box = Text.get_window_extent(text)
            away = {name: apart(box, points) for name, points in lines.items()}
            assert min(away, key=lambda name: away[name]) == label
            assert sorted([*away.values(), np.inf])[1] > away[label] + 10, label
        else:
            assert np.hypot(*(lines[label] - axes.transData.transform(text.xy)).T).min() < 12, label


@pytest.mark.parametrize(("replication", "flight"), CROWDED)
def test_no_leader_of_a_joining_runs_through_a_name(replication: int, flight: str | None) -> None:
    """What is drawn from where a pair joins to its time goes past all other words."""
    axes = (figure := board(of_july(replication), flight=flight)).axes[1]
    figure.canvas.draw()
    boxes = [(text, Text.get_window_extent(text)) for text in axes.texts]
    for text in axes.texts:
        if not isinstance(text, Annotation) or text.arrow_patch is None or "joins" not in text.get_text():
            continue
        path = text.arrow_patch.get_transform().transform_path(text.arrow_patch.get_path())
        for other, box in boxes:
            assert other is text or not path.intersects_bbox(box, filled=False), other.get_text()


@pytest.mark.parametrize("replication", [0, 298])
def test_a_time_stands_on_no_line(replication: int) -> None:
    """When a pair joins, also off the scale, and when a crew turns away: the words lie beside the flight's line."""
    recorded = of_july(replication)
    shown, axes = encounter.encounter(recorded), (figure := board(recorded)).axes[1]
    figure.canvas.draw()
    at = np.arange(shown.begins, shown.ends, dtype=float)
    track = np.column_stack([at, shown.distance_km(shown.recorded.ways[shown.flight], at)])
    points = axes.transData.transform(track[track[:, 1] < axes.get_ylim()[1]])
    told = [text for text in axes.texts if text.get_text().startswith(("joins ", "turns "))]
    assert len(told) >= 1
    for text in told:
        assert apart(Text.get_window_extent(text), points) > 2, text.get_text()
