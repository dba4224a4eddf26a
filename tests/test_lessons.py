"""The lessons run, say what they promise, and tell the truth: their cells assert what their text says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "lessons"
LESSONS = sorted(FOLDER.glob("*.py"))


def test_there_are_three() -> None:
    """Three lessons, and the guide for lecturers names each."""
    guide = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert [lesson.name for lesson in LESSONS] == ["delays.py", "race.py", "trust.py"]
    assert all(f"[{lesson.name}]({lesson.name})" in guide for lesson in LESSONS)


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.stem)
def test_a_lesson_runs_as_a_script(lesson: Path, tmp_path: Path) -> None:
    """Every cell runs from any folder, its assertions hold, and nothing is written or said."""
    command = [sys.executable, "-W", "error::UserWarning", str(lesson)]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=600)
    assert ran.returncode == 0, ran.stderr[-3000:]
    assert ran.stdout == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.stem)
def test_a_lesson_is_clean_by_marimo(lesson: Path) -> None:
    """`marimo check` finds nothing: no name that two cells make, no empty cell, the file as marimo writes it."""
    command = [sys.executable, "-m", "marimo", "check", "--strict", str(lesson)]
    checked = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.stem)
def test_a_lesson_has_its_parts(lesson: Path) -> None:
    """A lesson has a question, goals, a plan of 45 minutes, predictions, and an answer to each exercise."""
    text = lesson.read_text(encoding="utf-8")
    assert "**Question.**" in text
    assert "**You will be able to**" in text
    plan = re.findall(r"^ *\| (\d+) \| (\d) ", text, re.MULTILINE)
    assert sum(int(minutes) for minutes, _ in plan) == 45
    headings = re.findall(r"## (\d) [^\n]*?\((\d+) min\)", text)
    assert [(minutes, number) for number, minutes in headings] == plan
    assert "mo.ui.slider" in text
    exercises = text[text.index("## 6 Exercises") :]
    numbers = re.findall(r"^ *(\d)\. ", exercises, re.MULTILINE)
    answers = re.findall(r'"Answer (\d)"', exercises)
    assert len(numbers) >= 4
    assert numbers == answers


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.stem)
def test_a_lesson_names_the_place_neutrally(lesson: Path) -> None:
    """Both names of the islets and of the sea stand there, whatever the line breaks."""
    text = " ".join(lesson.read_text(encoding="utf-8").split())
    assert "Dokdo / Takeshima (Liancourt Rocks)" in text
    assert "East Sea / Sea of Japan" in text
