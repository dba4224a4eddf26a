"""The replay page shows what the log says, when the clock says it, by whatever way the clock is moved."""

from __future__ import annotations

import json
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from plots.encounter import place
from plots.pages import frame, telling
from plots.pages.replay import replay
from sim import cli, run, scenario, store
from sim.draws import Uniforms
from sim.errors import InputError
from sim.geo import Sphere
from tests.browser import needs_chromium, opened, running
from tests.one_pass import BARE, PASS, recorded_of

ROOT = Path(__file__).resolve().parent.parent
MARKUP = "<i>x</i></script><script>document.title='broken'</script>&amp;"
PHONE = {"width": 390, "height": 844, "has_touch": True, "is_mobile": True}


def july_in(number: int) -> store.Recorded:
    """Return a recorded replication of July 2019."""
    read, document = scenario.read("july-2019")
    return store.record(run.replicate(run.prepare(read), Uniforms(1), number), document)


@pytest.fixture(scope="module")
def july() -> store.Recorded:
    """The example of July 2019, in which all undisputed checks come out."""
    return july_in(scenario.shown(scenario.read("july-2019")[0], None, None)[1])


def first_flares(july: store.Recorded) -> str:
    """Return the clock time of the first flares."""
    return str(next(event["time"] for event in july.events if event["kind"] == "flares"))[:8]


@pytest.fixture(scope="module")
def july_page(july: store.Recorded, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its page."""
    file = tmp_path_factory.mktemp("july") / "july.html"
    frame.write(replay(july, again="intercept page replay july-2019"), file)
    return file


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """One browser for all pages of this module."""
    with running() as browser:
        yield browser


def data_of(text: str) -> dict[str, Any]:
    """Return the data in a page."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    data: dict[str, Any] = json.loads(found[1])
    return data


def clock_of(page: Any) -> str:
    """Return the time that the page shows, having checked that the slider says the same."""
    shown = page.text_content("#time")
    assert page.get_attribute("#slider", "aria-valuetext") == shown
    return str(shown)


def listed(page: Any) -> list[list[str]]:
    """Return simulated time, what was reported, and words of each row that is listed."""
    return page.eval_on_selector_all(
        "#events > tr:not(.why)",
        """rows => rows.map(row => [row.cells[0].textContent, row.cells[1].textContent,
           (row.cells[2].querySelector(".what") ?? row.cells[2]).textContent])""",
    )


def until(page: Any, expression: str) -> None:
    """Wait until an expression holds (the policy of the page forbids Playwright's own way of waiting)."""
    for _ in range(200):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"{expression} did not come to hold")


# ---- the file


def test_the_same_run_gives_the_same_bytes(july: store.Recorded, july_page: Path) -> None:
    """A page is a function of its run, and well below its limit."""
    text = replay(july, again="intercept page replay july-2019")
    assert text.encode() == july_page.read_bytes()
    assert len(text.encode()) < frame.MOST_BYTES / 2


def test_tracks_are_those_of_the_run(july: store.Recorded, july_page: Path) -> None:
    """Sums of the differences give each row of the table of tracks to 0.00001 degrees, and the distances to 6 m."""
    centre = july.scenario.centre
    sphere = Sphere.at(centre.lat_deg, centre.lon_deg)
    shown = {way["name"]: way for way in data_of(july_page.read_text("utf-8"))["ways"]}
    assert set(shown) == set(july.ways)
    for name, way in july.ways.items():
        assert np.array_equal(np.cumsum(shown[name]["steps"]), way.step)
        for key, exact in (("lat", way.lat_deg), ("lon", way.lon_deg)):
            assert np.abs(np.cumsum(shown[name][key]) / 1e5 - exact).max() <= 0.5001e-5
        if way.kind == "flight":
            exact_km = sphere.distance_km(
                sphere.unit(way.lat_deg, way.lon_deg), sphere.unit(centre.lat_deg, centre.lon_deg)
            )
            assert np.abs(np.cumsum(shown[name]["km"]) / 100 - exact_km).max() <= 0.006


def test_a_page_that_would_be_too_large_shows_fewer_places(
    july: store.Recorded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Thinned places are places of the table with both ends; the reader is told; what stays too large is refused."""
    said: list[str] = []
    monkeypatch.setattr(frame, "MOST_BYTES", 300_000)
    text = replay(july, say=said.append)
    assert len(text.encode()) <= 300_000
    assert len(said) == 1
    assert "by every" in said[0]
    for way in data_of(text)["ways"]:
        steps = np.cumsum(way["steps"])
        exact = july.ways[way["name"]]
        assert set(steps) < set(exact.step)
        assert (steps[0], steps[-1]) == (exact.step[0], exact.step[-1])
    monkeypatch.setattr(frame, "MOST_BYTES", 10_000)
    with pytest.raises(InputError, match="a page may have 10,000"):
        frame.write(replay(july), tmp_path / "large.html")
    assert list(tmp_path.iterdir()) == []


def test_without_jinja_the_extra_is_named(july: store.Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Jinja2 is not installed the message says how to get it."""
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(InputError, match=r"pip install '\.\[page\]'"):
        replay(july)


def test_every_event_of_july_has_words_of_its_own(july: store.Recorded) -> None:
    """No event is told by its bare kind, and no word is left to be filled in."""
    teller = telling.Teller.of(july)
    for event in [*july.events, *july_in(0).events]:
        told = teller.told(event)
        assert not re.search(rf": {event['kind'].replace('-', ' ')}( \(|$)", told), told
        assert not re.search(r"[{}_]|\bNone\b", told), told


# ---- the page, driven as by a reader


@needs_chromium
def test_events_and_reports_are_those_of_the_run(
    july: store.Recorded, july_page: Path, chromium: Any
) -> None:
    """At the end the whole log is listed with its times; each report stands beside the event that it speaks of."""
    with opened(july_page, browser=chromium, fragment="#t=11:00&log=1") as (page, seen):
        rows = [row for row in listed(page) if row[0] != "–"]
        teller = telling.Teller.of(july)
        assert [row[0] for row in rows] == [event["time"][:8] for event in july.events]
        assert [row[2] for row in rows] == [teller.told(event) for event in july.events]
        reports = [(row[0], row[1]) for row in listed(page) if row[1]]
        times = [row for row in july.reported if "gap_s" in row]
        assert len(times) > 20
        for row in times:
            text = telling.reported(row["reported"]) + ("†" if row["disputed"] else "")
            told = f"{text} {row['role']} {telling.verdict(row)}"
            at = row["simulated"][:8] if row["simulated"] else "–"
            assert any(time == at and told in shown for time, shown in reports), (at, told)
        assert (seen.requests, seen.errors) == ([], [])


@needs_chromium
def test_numbers_and_outcomes_are_those_of_the_run(
    july: store.Recorded, july_page: Path, chromium: Any
) -> None:
    """The tables below the clock hold each reported number and each outcome, and are shown at the end only."""
    with opened(july_page, browser=chromium) as (page, _):
        assert not page.is_visible("#came")
        page.keyboard.press("End")
        assert page.is_visible("#came")
        tables = page.eval_on_selector_all(
            "#came table",
            "tables => tables.map(t => [...t.tBodies[0].rows].map(r => [...r.cells].map(c => c.textContent)))",
        )
    numbers = [row for row in july.reported if "gap_s" not in row]
    assert [(row[0], row[1], row[3], row[5]) for row in tables[0]] == [
        (
            f"{row['simulated']:g}",
            telling.reported(row["reported"]),
            row["statement"] + ("†" if row["disputed"] else ""),
            telling.verdict(row),
        )
        for row in numbers
    ]
    assert dict(tables[1]) == {
        key: "–" if value is None else str(value) for key, value in july.outcomes.items()
    }


@needs_chromium
def test_the_future_is_hidden_until_it_is_asked_for(
    july: store.Recorded, july_page: Path, chromium: Any
) -> None:
    """Before the clock nothing is listed, drawn or told of what comes; the button shows it, and hides it again."""
    with opened(july_page, browser=chromium, fragment="#t=09:00&log=1") as (page, _):
        count = sum(event["time"] <= "09:00:00" for event in july.events)
        assert len(listed(page)) == count
        first = "#ladder td.first"
        times = [rung["time"][:8] if rung["time"] else None for rung in reversed(july.rungs)]
        shown = page.eval_on_selector_all(first, "cells => cells.map(cell => cell.textContent)")[:-1]
        assert shown == [time if time and time <= "09:00:00" else "not yet" for time in times]
        ahead = "ways.filter(way => way.ghost.style.display !== 'none').length"
        assert page.evaluate(ahead) == 0
        assert page.locator("#strip .ahead").count() == 0
        lonely = "ways.filter(way => way.line.getAttribute('d')).map(way => way.name)"
        assert set(page.evaluate(lonely)) == {
            name for name, way in july.ways.items() if way.step[0] < 3 * 3600
        }
        page.click("#future")
        assert page.get_attribute("#future", "aria-pressed") == "true"
        missing = sum(row["simulated"] is None for row in july.reported if "gap_s" in row)
        assert len(listed(page)) == len(july.events) + missing
        assert page.evaluate(ahead) == len(july.ways)
        shown = page.eval_on_selector_all(first, "cells => cells.map(cell => cell.textContent)")[:-1]
        assert shown == [time or "not reached" for time in times]
        page.keyboard.press("f")
        assert len(listed(page)) == count


@needs_chromium
def test_keys_and_slider_move_the_clock(july: store.Recorded, july_page: Path, chromium: Any) -> None:
    """Arrows go 10 s, with shift a minute; home and end go to the ends; so does the slider; N and P go by events."""
    flares = first_flares(july)
    with opened(july_page, browser=chromium, fragment="#t=09:10") as (page, _):
        for key, expected in (
            *(("ArrowRight", "09:10:10"), ("Shift+ArrowRight", "09:11:10"), ("ArrowLeft", "09:11:00")),
            *(("Shift+ArrowLeft", "09:10:00"), ("p", flares), ("n", None), ("p", flares)),
            *(("Home", "06:00:00"), ("ArrowLeft", "06:00:00"), ("End", "11:00:00")),
        ):
            page.keyboard.press(key)
            assert clock_of(page) == expected or (expected is None and clock_of(page) > "09:10:00"), key
        page.fill("#slider", str(3 * 3600 + 90))
        assert clock_of(page) == "09:01:30"
        page.focus("#slider")
        page.keyboard.press("ArrowRight")
        assert clock_of(page) == "09:01:40"
        box = page.locator("#strip").bounding_box()
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 5)
        assert clock_of(page)[:5] in ("08:29", "08:30")


@needs_chromium
def test_playing_moves_the_clock_at_the_speed_that_is_set(july_page: Path, chromium: Any) -> None:
    """In two seconds of the page's own clock the time moves by twice the speed, to within two frames."""
    with opened(july_page, browser=chromium) as (page, _):
        page.clock.install(time=0)
        page.reload()
        page.clock.pause_at(60_000)
        for speed in (1, 60, 600):
            page.select_option("#speed", str(speed))
            page.evaluate("goTo(10_000)")
            page.focus("#slider")
            page.keyboard.press("Space")
            page.clock.run_for(100)
            before = page.evaluate("state.t")
            page.clock.run_for(2000)
            after = page.evaluate("state.t")
            assert after - before == pytest.approx(2 * speed, abs=0.04 * speed)
            page.keyboard.press("Space")
            page.clock.run_for(500)
            assert page.evaluate("state.t") == after


@needs_chromium
def test_nothing_moves_but_as_the_tracks_say(july: store.Recorded, july_page: Path, chromium: Any) -> None:
    """At any time, also between the rows of the table, aircraft are where the recorded way is, or not at all."""
    with opened(july_page, browser=chromium) as (page, _):
        times = [*np.linspace(0, 18_000, 97), 11_361.5, 12_905.25]
        found = page.evaluate(
            """times => times.map(t => { state.t = t;
                return map.places().map(([name, at]) => [name, at && [at.lat, at.lon]]); })""",
            [float(t) for t in times],
        )
    for t, places in zip(times, found, strict=True):
        for name, at in places:
            way = july.ways[name]
            assert (at is not None) == (way.step[0] <= t <= way.step[-1])
            if at is not None:
                lat_deg, lon_deg = place(way, np.array([t]))
                assert at == pytest.approx([lat_deg[0], lon_deg[0]], abs=1e-5)


@needs_chromium
def test_a_link_opens_what_was_seen(july_page: Path, chromium: Any) -> None:
    """Time, view, span and future come from the link; it follows the clock without steps in the history."""
    link = "#t=09:35&view=close&future=1&span=encounter"
    with opened(july_page, browser=chromium, fragment=link) as (page, seen):
        assert clock_of(page) == "09:35:00"
        assert page.evaluate("[map.view.name, state.future, state.whole]") == ["close", True, False]
        length = page.evaluate("history.length")
        for _ in range(5):
            page.keyboard.press("ArrowRight")
        page.keyboard.press("m")
        until(page, "location.hash.includes('t=09:35:50&view=all&')")
        assert page.evaluate("history.length") == length
        page.evaluate("location.hash = '#t=08:40&map=37.24,131.87,2'")
        until(page, "state.t === 9600")
        assert clock_of(page) == "08:40:00"
        view = page.evaluate("[map.view.lat, map.view.lon, map.high(), map.view.name]")
        assert view == pytest.approx([37.24, 131.87, 2.0, "free"])
        for wrong in ("t=25:00", "t=<b>", "t=23:00", "event=9999&map=1,2", "view=x&t=9"):
            page.evaluate(f"location.hash = '#{wrong}'")
            page.wait_for_timeout(50)
            assert clock_of(page) == "08:40:00"
        assert seen.errors == []


@needs_chromium
def test_a_click_tells_the_causes_of_an_event(july: store.Recorded, july_page: Path, chromium: Any) -> None:
    """The chain of causes is the log's, down to what the scenario brings; each of them moves the clock."""
    shots = next(event for event in july.events if event["kind"] == "shots")
    chain, cause = [], shots["cause"]
    while cause is not None:
        chain.append(july.events[cause])
        cause = chain[-1]["cause"]
    assert len(chain) >= 4
    with opened(july_page, browser=chromium, fragment="#t=09:12") as (page, _):
        button = page.locator(f"#events tr[data-event='{shots['id']}'] .what")
        button.click()
        assert button.get_attribute("aria-expanded") == "true"
        items = page.eval_on_selector_all(
            ".why li", "items => items.map(item => [Number(item.dataset.event), item.textContent])"
        )
        assert [number for number, _ in items] == [event["id"] for event in chain]
        teller = telling.Teller.of(july)
        for (_, text), event in zip(items, chain, strict=True):
            assert text.startswith(f"{event['time'][:8]} {teller.told(event)}, ")
        page.locator(".why li a").last.click()
        assert clock_of(page) == chain[-1]["time"][:8]


@needs_chromium
def test_zoom_and_pan_keep_the_place_under_the_pointer(july_page: Path, chromium: Any) -> None:
    """A wheel zooms about the pointer, a drag takes the ground along, and M goes round the three views."""
    with opened(july_page, browser=chromium, fragment="#t=09:10", reduced_motion="reduce") as (page, _):
        names = []
        for _ in range(4):
            names.append(page.evaluate("map.view.name"))
            page.keyboard.press("m")
        assert names == ["region", "close", "all", "region"]
        box = page.locator("#map").bounding_box()
        centre = """(() => {
            const sign = document.querySelector("circle.centre").getBoundingClientRect();
            return [sign.x + sign.width / 2, sign.y + sign.height / 2];
        })()"""
        x, y = page.evaluate(centre)
        page.mouse.move(x, y)
        high = page.evaluate("map.high()")
        page.mouse.wheel(0, -240)
        until(page, f"map.high() < {high} * 0.7")
        assert page.evaluate(centre) == pytest.approx([x, y], abs=2)
        page.mouse.down()
        page.mouse.move(x + 90, y - 50, steps=4)
        page.mouse.up()
        assert page.evaluate(centre) == pytest.approx([x + 90, y - 50], abs=3)
        assert box["x"] < x < box["x"] + box["width"]


@needs_chromium
def test_a_phone_shows_it_without_scrolling_sideways(july_page: Path, chromium: Any) -> None:
    """At 390 pixels nothing is wider than the screen, and what can be touched is 44 pixels high."""
    with opened(july_page, browser=chromium, fragment="#t=09:12&event=297", **PHONE) as (page, seen):
        for fragment in ("", "#t=11:00&log=1&view=close", "#future=1"):
            if fragment:
                page.evaluate(f"location.hash = '{fragment}'")
                page.wait_for_timeout(50)
            assert page.evaluate("document.documentElement.scrollWidth") == 390
            small = page.evaluate(
                """() => [...document.querySelectorAll("button, select, .rows td > a")]
                    .filter(it => it.offsetParent && it.getBoundingClientRect().height < 43.5)
                    .map(it => it.outerHTML.slice(0, 80))"""
            )
            assert small == []
        assert seen.errors == []


@needs_chromium
def test_two_fingers_zoom_the_map(july_page: Path, chromium: Any) -> None:
    """Fingers that go twice as far apart show half as much of the ground, about the place between them."""
    with opened(july_page, browser=chromium, fragment="#t=09:10&view=close", **PHONE) as (page, _):
        box = page.locator("#map").bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        before = page.evaluate("[map.view.lat, map.view.lon, map.high()]")
        touch = page.context.new_cdp_session(page)

        def fingers(kind: str, *apart: float) -> None:
            points = [
                {"x": x + side * far, "y": y, "id": i} for far in apart for i, side in enumerate((-1, 1))
            ]
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

        fingers("touchStart", 40)
        for far in (50, 60, 70, 80):
            fingers("touchMove", far)
        fingers("touchEnd")
        after = page.evaluate("[map.view.lat, map.view.lon, map.high()]")
        assert after[2] == pytest.approx(before[2] / 2, rel=0.02)
        assert after[:2] == pytest.approx(before[:2], abs=0.02)


@needs_chromium
def test_controls_have_names_and_news_is_told_calmly(
    july: store.Recorded, july_page: Path, chromium: Any
) -> None:
    """Each control has a name for a screen reader, the page has its landmarks, and an event of note is said once."""
    with opened(july_page, browser=chromium, fragment="#t=09:09:10") as (page, _):
        named = re.compile(r"\w|[+−<>]")
        for role, selector in (
            *(("button", "button:visible"), ("combobox", "select:visible"), ("checkbox", "[type=checkbox]")),
            *(("slider", "[type=range]"), ("link", "a[href]:visible")),
        ):
            count = page.locator(selector).count()
            assert count > 0
            assert page.get_by_role(role, name=named).and_(page.locator(selector)).count() == count, role
        for landmark in ("main", "banner", "contentinfo"):
            assert page.get_by_role(landmark).count() == 1
        assert page.get_by_role("slider", name="Clock").count() == 1
        assert page.locator("h1").count() == 1
        live = page.locator("[aria-live=polite]")
        page.keyboard.press("ArrowRight")
        until(page, "document.getElementById('live').textContent !== ''")
        assert live.text_content().startswith(f"{first_flares(july)}: A-50U: flares 1 by ")


@needs_chromium
def test_names_with_markup_are_text(tmp_path: Path, chromium: Any) -> None:
    """Labels, title and the command that hold markup are shown as they are written."""
    text = PASS.replace('"one pass"', json.dumps(MARKUP)).replace('"G_1 $50$"', json.dumps(MARKUP))
    recorded = recorded_of(text, tmp_path)
    file = tmp_path / "page.html"
    file.write_text(replay(recorded, again=f"intercept {MARKUP}"), encoding="utf-8")
    with opened(file, browser=chromium, fragment="#future=1") as (page, seen):
        assert page.text_content("h1") == MARKUP
        assert page.title() == f"Replay: {MARKUP}"
        assert page.text_content("#now th") == MARKUP
        assert page.text_content(".made code") == f"intercept {MARKUP}"
        assert any(row[2] == f"{MARKUP} enters Air <b>$x$</b>" for row in listed(page))
        assert page.locator("main i, main b, footer code *").count() == 0
        assert (seen.requests, seen.errors) == ([], [])


@needs_chromium
@pytest.mark.parametrize("width", [380, 1920])
def test_a_long_name_pushes_nothing_out_of_sight(tmp_path: Path, chromium: Any, width: int) -> None:
    """The table of flights is no wider than its part of the page: a name that has no room is cut."""
    name = "A patrol aircraft whose name goes on and on until nobody can have any doubt of what it is"
    recorded = recorded_of(PASS.replace('"G_1 $50$"', json.dumps(name)), tmp_path)
    file = tmp_path / "page.html"
    file.write_text(replay(recorded), encoding="utf-8")
    with opened(file, browser=chromium, fragment="#future=1") as (page, _):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.text_content("#now th") == name
        assert page.evaluate("(n => n.scrollWidth <= n.clientWidth)(document.querySelector('.now'))")


@needs_chromium
def test_a_run_without_ladder_zones_or_fighters_has_a_page(tmp_path: Path, chromium: Any) -> None:
    """One flight and nothing else is shown, played to its end, and complains of nothing."""
    file = tmp_path / "bare.html"
    file.write_text(replay(recorded_of(BARE, tmp_path)), encoding="utf-8")
    with opened(file, browser=chromium) as (page, seen):
        assert clock_of(page) == "12:02:00"
        page.keyboard.press("t")
        page.keyboard.press("m")
        page.keyboard.press("End")
        assert len(listed(page)) == 2
        assert (seen.requests, seen.errors) == ([], [])


@needs_chromium
def test_a_window_past_midnight_counts_on(tmp_path: Path, chromium: Any) -> None:
    """Times after midnight belong to the next day, also with steps longer than a second."""
    text = BARE.replace("T12:00:00", "T23:50:00").replace("end = 12:50:00", "end = 00:40:00\nstep_s = 4")
    text = text.replace("at = 12:02:00", "at = 23:52:00").replace("at = 12:32:00", "at = 00:22:00")
    recorded = recorded_of(text, tmp_path)
    file = tmp_path / "night.html"
    file.write_text(replay(recorded), encoding="utf-8")
    with opened(file, browser=chromium, fragment="#t=00:10") as (page, _):
        assert clock_of(page) == "00:10:00"
        assert page.evaluate("state.t") == 1200
        page.keyboard.press("End")
        assert clock_of(page) == "00:40:00"
        assert [row[0] for row in listed(page)] == [event["time"][:8] for event in recorded.events]


@needs_chromium
def test_the_keys_that_are_listed_are_those_that_work(july_page: Path, chromium: Any) -> None:
    """The list below the clock, the script and docs/pages.md name the same keys."""
    with opened(july_page, browser=chromium) as (page, _):
        listed_keys = page.eval_on_selector_all(".keys kbd", "keys => keys.map(key => key.textContent)")
        obeyed = set(page.evaluate("Object.keys(KEYS)"))
        assert page.is_visible(".keys")
    names = {"space": " ", "←": "ArrowLeft", "→": "ArrowRight", "home": "Home", "end": "End"}
    shown = {names.get(key, key.lower()) for key in listed_keys if key != "shift"}
    assert obeyed - shown == {"=", "-"}  # the same keys as + and − on other keyboards
    assert shown <= obeyed
    text = (ROOT / "docs" / "pages.md").read_text(encoding="utf-8")
    keys = re.findall(r"^Keys: (.*?)\n\n", text, re.MULTILINE | re.DOTALL)[0]  # the replay comes first
    assert {key for key in listed_keys if len(key) == 1 and key not in "←→"} <= set(
        re.findall(r"`(.)`", keys)
    )


# ---- the command


def test_the_command_of_the_document_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What docs/pages.md shows for the replay does what it says."""
    text = (ROOT / "docs" / "pages.md").read_text(encoding="utf-8")
    lines = [line for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]
    shown = [line for line in lines if line.startswith("intercept page replay ")]
    assert shown
    monkeypatch.chdir(tmp_path)
    for line in shown:
        assert call(*shlex.split(line, comments=True)[1:]).exit_code == 0
    assert [file.name for file in tmp_path.iterdir()] == ["replay.html"]


def call(*args: object) -> Any:
    """Run the command line in this process."""
    result = CliRunner().invoke(cli.app, [str(arg) for arg in args], env={"COLUMNS": "80"})
    assert "Traceback" not in result.output
    return result


def test_the_command_writes_a_page_of_a_scenario_and_of_a_folder(tmp_path: Path) -> None:
    """Both have the same data; the footer says how to make the page once more."""
    assert call("run", "first-intercept", "-r", 3, "-o", tmp_path / "run", "-q").exit_code == 0
    for source, name, extra in (("first-intercept", "a.html", ("-r", 3)), (tmp_path / "run", "b.html", ())):
        result = call("page", "replay", source, *extra, "-o", tmp_path / name)
        assert (result.exit_code, result.stdout) == (0, "")
        assert f"wrote {tmp_path / name}" in result.stderr
    a, b = ((tmp_path / name).read_text("utf-8") for name in ("a.html", "b.html"))
    assert data_of(a) == data_of(b)
    assert "intercept page replay first-intercept --seed 1 -r 3 -o replay.html" in a


def test_the_command_refuses_what_it_cannot_write(tmp_path: Path) -> None:
    """A file that is there, a wrong ending, a folder that is not there: exit code 2, and nothing is changed."""
    kept = tmp_path / "kept.html"
    kept.write_text("mine", encoding="utf-8")
    for file, words in (
        (kept, "--force"),
        (tmp_path / "x.png", 'has the suffix ".png", wanted .html'),
        (tmp_path / "x", "has no suffix"),
        (tmp_path / "no" / "x.html", "there is no folder"),
    ):
        result = call("page", "replay", "first-intercept", "-o", file)
        assert result.exit_code == 2
        assert words in result.stderr
    assert kept.read_text("utf-8") == "mine"
    assert [file.name for file in tmp_path.iterdir()] == ["kept.html"]
    assert call("page", "replay", "first-intercept", "-o", kept, "--force").exit_code == 0
    assert kept.read_text("utf-8").startswith("<!doctype html>")
    assert call("page", "replay", tmp_path, "-o", tmp_path / "x.html").exit_code == 2
