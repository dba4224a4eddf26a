"""The frame of all pages: one file, nothing from outside, names as text."""

from __future__ import annotations

from pathlib import Path

import pytest

from plots.pages import frame
from sim.errors import InputError
from tests.browser import needs_chromium, opened

MARKUP = "</script><script>document.title='broken'</script><b>&amp;"


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page of its own: a heading, and a line that the script writes from the data."""
    own = {
        "plain.html": '{% extends "frame.html" %}{% block body %}<h1>{{ title }}</h1><p id="said"></p>{% endblock %}',
        "plain.css": "h1 { color: rgb(1, 2, 3); }",
        "plain.js": 'document.getElementById("said").textContent = intercept.data.name;',
    }
    text = frame._text
    monkeypatch.setattr(frame, "_text", lambda name: own[name] if name in own else text(name))


@pytest.mark.usefixtures("plain")
def test_the_same_data_gives_the_same_text() -> None:
    """A page is a function of its data."""
    assert frame.page("plain", "A", {"name": "b"}) == frame.page("plain", "A", {"name": "b"})
    with pytest.raises(ValueError, match="JSON"):
        frame.page("plain", "A", {"name": float("nan")})


@needs_chromium
@pytest.mark.usefixtures("plain")
def test_names_with_markup_are_shown_as_text(tmp_path: Path) -> None:
    """Style and script of the page work, and markup in a title or in the data is text."""
    file = tmp_path / "page.html"
    file.write_text(frame.page("plain", MARKUP, {"name": MARKUP}), encoding="utf-8")
    with opened(file) as (page, seen):
        assert page.title() == MARKUP
        assert page.text_content("h1") == page.text_content("#said") == MARKUP
        assert page.eval_on_selector("h1", "it => getComputedStyle(it).color") == "rgb(1, 2, 3)"
        assert (seen.requests, seen.errors) == ([], [])


@needs_chromium
@pytest.mark.usefixtures("plain")
def test_nothing_may_come_from_outside_or_run_unasked(tmp_path: Path) -> None:
    """The policy of the page refuses a picture from elsewhere and a script that was put in later."""
    file = tmp_path / "page.html"
    file.write_text(frame.page("plain", "A", {"name": "b"}), encoding="utf-8")
    with opened(file) as (page, seen):
        page.evaluate(
            """() => {
                const image = document.createElement("img"); image.src = "https://example.org/a.png";
                const script = document.createElement("script"); script.textContent = "document.title = 'broken'";
                document.body.append(image, script);
            }"""
        )
        page.wait_for_timeout(200)
        assert page.title() == "A"
        assert len(seen.errors) == 2
        assert all("Content Security Policy" in error for error in seen.errors)


def test_a_page_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page of a million bytes is written, one byte more is refused, and a disk that fails leaves no draft."""
    file = tmp_path / "page.html"
    frame.write("é" * (frame.MOST_BYTES // 2), file)
    assert file.stat().st_size == frame.MOST_BYTES
    assert file.stat().st_mode & 0o777 == 0o644
    with pytest.raises(InputError, match=r"would be 1,000,001 bytes"):
        frame.write("é" * (frame.MOST_BYTES // 2) + "e", tmp_path / "large.html")

    def fails(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", fails)
    with pytest.raises(InputError, match="No space left on device"):
        frame.write("x", tmp_path / "other.html")
    assert [each.name for each in tmp_path.iterdir()] == ["page.html"]


def test_provenance_names_the_run_and_how_to_repeat_it() -> None:
    """Scenario, hash, seed, replication, version and command stand in this order; what is not known is left out."""
    manifest = {"scenario": "s", "hash": "h", "seed": 1, "replication": 2}
    made = [("scenario", "s"), ("hash", "h"), ("seed", "1"), ("replication", "2")]
    assert frame.provenance(manifest) == made
    known = manifest | {"versions": {"intercept-sim": "9"}}
    assert frame.provenance(known, "do it") == [*made, ("version", "intercept 9"), ("again", "do it")]
