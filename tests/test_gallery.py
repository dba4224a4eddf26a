"""The gallery shows what its own commands make."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from plots import gallery
from sim import cli
from sim.commands.drawing import FIGURES
from sim.errors import InputError

ROOT = Path(__file__).parents[1]
MOST_BYTES = 250_000


def test_the_page_is_the_one_that_the_gallery_makes() -> None:
    """docs/gallery.md is not written by hand."""
    assert (ROOT / gallery.PAGE).read_text(encoding="utf-8") == gallery.page()


def test_every_figure_is_in_the_gallery_once() -> None:
    """Each command draws its figure into its file, from a run or sweep that is made before, or from a scenario."""
    assert sorted(picture.name for picture in gallery.PICTURES) == sorted(FIGURES)
    made = {command.split()[-1] for command in gallery.RUNS}
    for picture in gallery.PICTURES:
        words = shlex.split(picture.command)
        assert words[:3] == ["intercept", "plot", picture.name]
        assert words[-2:] == ["-o", picture.file]
        assert picture.source in made | {"july-2019"}


def test_the_pictures_are_there_and_small() -> None:
    """Each has a projector's width and less than 250 kB, and the README shows all of them."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for picture in gallery.PICTURES:
        path = ROOT / picture.file
        assert path.stat().st_size < MOST_BYTES, picture.file
        with Image.open(path) as image:
            assert image.width == 1920
        assert f'"{picture.file}"' in readme or f"({picture.file})" in readme, picture.file


def test_the_commands_of_the_gallery_are_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that need no sweep run as they are printed, with few replications."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()
    for picture in gallery.PICTURES:
        words = shlex.split(picture.command)[1:]
        if picture.name in ("race", "counterfactuals"):
            words[words.index("-n") + 1] = "20"
            result = CliRunner().invoke(cli.app, words)
            assert result.exit_code == 0, result.output
            assert (tmp_path / picture.file).is_file()


def test_a_smaller_picture_is_the_same_to_the_eye_and_the_same_each_time(tmp_path: Path) -> None:
    """A palette moves no channel by more than a few levels on average, and has no chance in it."""
    x, y = np.meshgrid(np.arange(300), np.arange(200))
    colors = np.stack([x * 255 // 299, y * 255 // 199, (x + y) % 256], axis=-1).astype(np.uint8)
    for name in ("one", "two"):
        Image.fromarray(colors).save(tmp_path / f"{name}.png")
        gallery.shrink(tmp_path / f"{name}.png")
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
    with Image.open(tmp_path / "one.png") as small:
        apart = np.abs(np.asarray(small.convert("RGB")).astype(int) - colors).mean()
    assert 0 < apart < 25  # this one has 60,000 colours, a figure has few


def test_unknown_figures_are_refused() -> None:
    """A name that is none is told before anything is made."""
    with pytest.raises(InputError, match="no such figures; known: board"):
        gallery.make(["pie"])


def test_the_examples_in_python_run() -> None:
    """Both examples of the page make a figure."""
    examples = re.findall(r"```python\n(.*?)```", gallery.page(), re.DOTALL)
    assert len(examples) == 2
    for code in examples:
        *before, last = code.strip().splitlines()
        found: dict[str, object] = {}
        exec("\n".join([*before, f"figure = {last}"]), found)
        assert type(found["figure"]).__name__ == "Figure"
