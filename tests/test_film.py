"""The film shows of a run what has happened by the time on its clock, and nothing that comes later."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.lines import Line2D
from PIL import Image
from typer.testing import CliRunner

from plots.encounter import place
from plots.film import Cut, Stage, film, frame
from plots.style import house
from sim import cli, store
from sim.errors import InputError
from tests.one_pass import PASS, check_room, later, recorded_of, texts

CUT = Cut(begins=600, ends=1500, speed=60, frames_per_s=2, width_px=960)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> store.Recorded:
    """One pass through the airspace, met, called and warned."""
    return recorded_of(PASS, tmp_path_factory.mktemp("pass"))


@pytest.fixture(scope="module")
def stage(recorded: store.Recorded) -> Stage:
    """The stage of its film."""
    with house():
        return Stage(recorded, CUT)


def show(stage: Stage, step: float) -> int:
    """Bring the stage to the last frame at or before a step, and return its number."""
    number = int(np.searchsorted(stage.steps, step, side="right")) - 1
    with house():
        stage.show(number)
    return number


def test_frames_follow_from_span_speed_and_rate() -> None:
    """900 s at 60 times the speed are 15 s of film, with two frames a second 30, and one for the end."""
    steps = CUT.steps(1)
    assert len(steps) == 31
    assert steps[[0, 1, -1]].tolist() == [600.0, 630.0, 1500.0]
    assert Cut(0, 100, 60, 25, 961).size_px == (960, 540)


def test_aircraft_are_where_the_run_has_them(stage: Stage, recorded: store.Recorded) -> None:
    """In each frame the marks of both panels stand at the places of the ways at that step."""
    for step in (660, 960, 1260):
        number = show(stage, step)
        for mover in stage.movers:
            if mover.mark.get_visible():
                lat_deg, lon_deg = place(mover.way, stage.steps[[number]])
                assert mover.mark.get_data() == ([lon_deg[0]], [lat_deg[0]])
        assert sum(mover.mark.get_visible() for mover in stage.movers) >= 2


def test_nothing_is_shown_before_it_happens(stage: Stage, recorded: store.Recorded) -> None:
    """No way goes on beyond the aircraft, and a rung is dark only once it is reached."""
    for step in (660, 960, 1260, 700):  # also back in time
        now = stage.steps[show(stage, step)]
        way = recorded.ways["guest"]
        east = float(place(way, np.array([now]))[1][0])
        for mover in stage.movers:
            if mover.way is way:
                for line in (mover.past, mover.trail):
                    seen = np.asarray(line.get_xdata(), dtype=float)
                    assert seen.size == 0 or np.nanmax(seen) <= east + 1e-9
        words = [text.get_text() for _, _, text in stage.rungs]
        reached = [r["step"] is not None and r["step"] <= now for r in recorded.rungs]
        assert ["\n" in text and ":" in text for text in words] == reached
        assert all(line.get_text()[:8] <= stage.clock.get_text()[:8] for line in stage.lines)


def test_what_happened_last_is_told(stage: Stage, recorded: store.Recorded) -> None:
    """The entry is told at its second by the labels of the scenario, and stands in the first frame after it."""
    entry = next(e for e in recorded.events if e["kind"] == "enters" and e["data"]["zone"] == "air")
    words = f"{entry['time'][:8]}  G_1 $50$ enters Air <b>$x$</b>"
    assert (entry["step"], words) in stage.told
    now = stage.steps[show(stage, entry["step"] + 30)]
    last = [text for step, text in stage.told if step <= now][-2:][::-1]
    assert [line.get_text() for line in stage.lines] == last


def test_a_frame_has_room_for_its_texts(recorded: store.Recorded) -> None:
    """What does not move is not cut off, and the clock and the footer are there."""
    figure = frame(recorded, CUT, 0)
    seen = texts(figure)
    assert "12:10:00 XST" in seen
    assert any(text.startswith("scenario pass") or "hash" in text for text in seen)
    check_room(figure)


def test_a_film_that_passes_midnight_has_the_date(tmp_path: Path, stage: Stage) -> None:
    """Below the clock stands the date that holds, where it changes in the film."""
    with house():
        across = Stage(recorded_of(later(PASS, 700), tmp_path), CUT)  # midnight after 1200 s
    seen = []
    for step in (1170, 1200, 1170):
        show(across, step)
        seen.append(across.day.get_text())
    assert seen == ["2020-05-01", "2020-05-02", "2020-05-01"]
    show(stage, 1200)
    assert stage.day.get_text() == ""


def test_a_frame_is_what_the_figure_would_be(recorded: store.Recorded, stage: Stage) -> None:
    """Drawing only what moves gives the same picture as drawing all of it."""
    number = show(stage, 1260)
    quick = np.asarray(stage.canvas.buffer_rgba())[..., :3].astype(int)
    figure = frame(recorded, CUT, number)
    with house():
        figure.canvas.draw()
    whole = np.asarray(figure.canvas.buffer_rgba())[..., :3].astype(int)  # type: ignore[attr-defined]
    assert quick.shape == whole.shape == (540, 960, 3)
    # Alike but for the order in which lines and the frame round the map lie over each other.
    assert (np.abs(quick - whole).max(axis=2) > 40).mean() < 0.01


def test_the_same_run_gives_the_same_gif(recorded: store.Recorded, tmp_path: Path) -> None:
    """Written twice, a GIF is the same file; it has the frames and the time that were asked for."""
    cut = Cut(900, 1080, 60, 2, 480)
    files = [tmp_path / "one.gif", tmp_path / "two.gif"]
    counts = [film(recorded, cut, path) for path in files]
    assert counts == [7, 7]
    assert files[0].read_bytes() == files[1].read_bytes()
    with Image.open(files[0]) as picture:
        assert picture.size == (480, 270)
        length_ms = 0
        for number in range(picture.n_frames):  # type: ignore[attr-defined]
            picture.seek(number)
            length_ms += picture.info["duration"]
    assert length_ms == 7 * 500
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.gif", "two.gif"]


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs the program ffmpeg")
def test_a_video_is_one(recorded: store.Recorded, tmp_path: Path) -> None:
    """An MP4 has the frames, the size and the rate that were asked for, and twice the same bytes."""
    cut = Cut(900, 1080, 60, 2, 480)
    files = [tmp_path / "one.mp4", tmp_path / "two.mp4"]
    for path in files:
        assert film(recorded, cut, path) == 7
    assert files[0].read_bytes() == files[1].read_bytes()
    entries = "stream=width,height,nb_frames,r_frame_rate,codec_name,pix_fmt"
    command = ["ffprobe", "-v", "error", "-show_entries", entries, "-of", "json", str(files[0])]
    (stream,) = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["streams"]
    assert stream == {
        "codec_name": "h264",
        "width": 480,
        "height": 270,
        "pix_fmt": "yuv420p",
        "r_frame_rate": "2/1",
        "nb_frames": "7",
    }


def test_a_film_that_cannot_be_is_refused(recorded: store.Recorded, tmp_path: Path) -> None:
    """A span outside the run or of too many frames is said, and nothing is written."""
    for cut, said in (
        (Cut(600, 600, 60, 10, 480), "must begin before it ends"),
        (Cut(600, 99_999, 60, 10, 480), "within 12:00:00 to 12:50:00"),
        (Cut(0, 3000, 1, 60, 480), "at most 20,000"),
    ):
        with pytest.raises(InputError, match=said):
            film(recorded, cut, tmp_path / "film.gif")
    assert list(tmp_path.iterdir()) == []


def run(*words: str) -> Any:
    """Run the command."""
    return CliRunner().invoke(cli.app, ["film", *words])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-o", "film.mov"], "wanted one of .mp4, .gif"),
        (["-o", "film.mp4"], "needs the program ffmpeg"),
        (["-o", "film.gif", "--from", "9.30"], "wanted a local time of day"),
        (["-o", "film.gif", "--from", "23:00"], "but the run goes from"),
        (["-o", "film.gif", "--from", "12:31", "--to", "12:30"], "is not before --to"),
        (["-o", "no/film.gif"], "there is no folder no; make it first"),
    ],
)
def test_bad_input_ends_with_2_and_a_word(
    words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is wrong is said before anything is drawn, also that there is no ffmpeg."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "pass.toml").write_text(PASS, encoding="utf-8")
    result = run("pass.toml", *words)
    assert result.exit_code == 2
    assert said in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["pass.toml"]


def test_the_command_films_a_window(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From a scenario to a file, which is not replaced without --force."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pass.toml").write_text(PASS, encoding="utf-8")
    words = ["pass.toml", "-o", "film.gif", "--from", "12:15", "--to", "12:16:30", "--speed", "30"]
    words += ["--fps", "2", "--width", "480"]
    first = run(*words)
    assert first.exit_code == 0, first.output
    assert "7 frames" in first.output
    assert run(*words).exit_code == 2
    assert run(*words, "--force").exit_code == 0


def test_the_lines_are_lines(stage: Stage) -> None:
    """A pair's way is not drawn where it flies beside a flight, whose way it would hide."""
    show(stage, 1400)
    pair = next(mover for mover in stage.movers if mover.way.kind == "pair")
    assert isinstance(pair.past, Line2D)
    assert pair.is_beside.any()
    hidden = np.isnan(pair.way_lat_deg)
    assert hidden.any()
    assert not hidden.all()
