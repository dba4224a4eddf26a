"""The explorer: numbers as in the tables, guess first, pins, addresses, keys, phones, and names as text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from plots.pages import frame
from plots.pages.explorer import PARTS, explorer
from plots.pages.swept import Swept, read_sweep
from sim.errors import InputError
from sim.folders import folder_of
from sim.spread import wilson
from tests.browser import needs_chromium, opened, running
from tests.sweeps import CALL, SCRAMBLE, small, swept

REPLICATIONS = 40
MARKUP = "</script><script>document.title='broken'</script><b>&amp;"
ADDRESS = f"#outcome=rung.flares.at_s&x={CALL}&y={SCRAMBLE}&at.{CALL}=0.1&at.{SCRAMBLE}=400"

NAMELESS = """() => [...document.querySelectorAll("button, input, select, summary, [tabindex]")].filter(it =>
    !(it.getAttribute("aria-label") || it.textContent.trim() ||
      (it.labels && [...it.labels].some(label => label.textContent.trim())))).map(it => it.outerHTML)"""


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Swept:
    """A grid of three times three points, with markup in the title and in a label."""
    folder = tmp_path_factory.mktemp("sweep") / "small"
    plan = small(title=f"Delay? {MARKUP}")
    vary = tuple(each.model_copy(update={"label": f"label {MARKUP}"}) for each in plan.study.vary[:1])
    study = plan.study.model_copy(update={"vary": vary + plan.study.vary[1:]})
    swept(folder, replace(plan, study=study), REPLICATIONS)
    return read_sweep(folder_of(folder))


@pytest.fixture(scope="module")
def page_file(sweep: Swept, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The explorer of that sweep."""
    file = tmp_path_factory.mktemp("pages") / "explorer.html"
    file.write_text(explorer(sweep), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One browser for all tests of this module."""
    with running() as started:
        yield started


def told(text: str) -> str:
    """Return text as it is compared: with plain spaces."""
    return text.replace("\N{NO-BREAK SPACE}", " ").strip()


def data_of(text: str) -> dict[str, Any]:
    """Return the data of a page."""
    found = re.search(r'id="data">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    data = json.loads(found[1])
    assert isinstance(data, dict)
    return data


# ---- what is written


def test_a_page_is_a_function_of_its_sweep(sweep: Swept) -> None:
    """The same sweep gives the same bytes."""
    assert explorer(sweep) == explorer(sweep)


def test_rungs_come_first_and_what_is_wanted_comes_alone(sweep: Swept) -> None:
    """Every rung is there, whether it varies or not; named outcomes stand in the place of all others."""
    names = [each["name"] for each in data_of(explorer(sweep))["outcomes"]]
    rungs = [rung.name for rung in sweep.plan.scenario.escalation.rungs]
    assert names[: len(rungs)] == rungs
    assert len(names) > len(rungs)
    wanted = data_of(explorer(sweep, ["rung.flares", "bear.turns"]))["outcomes"]
    assert [each["key"] for each in wanted] == ["rung.flares", "bear.turns"]


def test_an_unknown_outcome_is_refused(sweep: Swept) -> None:
    """The message names what is like it."""
    with pytest.raises(InputError, match=r'rung\.flare.*did you mean "rung\.flares"'):
        explorer(sweep, ["rung.flare"])


def test_what_has_no_room_is_left_out_by_name(sweep: Swept, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that would be too large holds fewer outcomes and names the others, or is refused."""
    whole = explorer(sweep)
    count = len(data_of(whole)["outcomes"])
    monkeypatch.setattr(frame, "MOST_BYTES", 95_000)
    text = explorer(sweep)
    assert len(text.encode()) < 95_000
    fewer = data_of(text)["outcomes"]
    assert 0 < len(fewer) < count
    assert f"{count - len(fewer)} more outcomes had no room" in text
    monkeypatch.setattr(frame, "MOST_BYTES", 1_000)
    with pytest.raises(InputError, match="9 points: too many for a page"):
        explorer(sweep)


def test_a_curve_counts_every_replication_in_which_it_happened(sweep: Swept) -> None:
    """The steps of a curve add up to n at every point, and end where the last value lies."""
    data = data_of(explorer(sweep))
    curved = [each for each in data["outcomes"] if "curve" in each]
    assert any(each["race"] for each in curved)
    for each in curved:
        curve, n = each["curve"], each["n"]
        for cell, place in enumerate(curve["of"]):
            assert sum(curve["rows"][place][1:]) == (n[cell] if isinstance(n, list) else n)
        steps = max(row[0] + len(row) - 2 for row in curve["rows"] if row)
        assert curve["begins"] + steps * curve["step"] == curve["ends"]


def test_only_a_grid_is_explored(tmp_path: Path) -> None:
    """Another design is refused with the reason, and so is a grid with nothing to move along."""
    folder = tmp_path / "other"
    swept(folder, small(design="one-at-a-time"), 2)
    with pytest.raises(InputError, match=r"design one-at-a-time.*--design grid"):
        explorer(read_sweep(folder_of(folder)))
    single = tmp_path / "single"
    swept(single, small(f"{SCRAMBLE}=60"), 2)
    with pytest.raises(InputError, match="single point"):
        explorer(read_sweep(folder_of(single)))


# ---- what a reader sees


@needs_chromium
def test_the_page_shows_the_numbers_of_the_tables(sweep: Swept, page_file: Path, browser: Any) -> None:
    """Share, n, interval and quantiles of every point are those of the results, rounded as the summary does."""
    stem = "rung.flares"
    names = [stem + end for end in (".n", ".share", ".low_share", ".high_share")]
    columns = [sweep.values(name) for name in (*names, f"{stem}.at.p50_s")]
    with opened(page_file, browser=browser, fragment=ADDRESS) as (page, seen):
        shown = 0
        for point in range(sweep.plan.points):
            values = sweep.plan.values(point)
            page.evaluate(
                "hash => { location.hash = hash; }",
                f"#outcome={stem}.at_s&x={CALL}&at.{CALL}={values[CALL]}&at.{SCRAMBLE}={values[SCRAMBLE]}",
            )
            n, share, low, high, median = (column[point] for column in columns)
            page.wait_for_function(f"document.getElementById('share-of').textContent.startsWith('{n} of')")
            assert told(page.text_content("#share")) == f"{100 * share:.1f} %"
            assert told(page.text_content("#share-of")) == f"{n} of {REPLICATIONS} replications"
            assert told(page.text_content("#interval")) == f"95 % interval {100 * low:.1f}–{100 * high:.1f} %"
            if n:
                clock = sweep.prepared.clock.short(int(median))
                assert f"median {clock}" in told(page.text_content("#when"))
                shown += 1
        assert shown
        assert (seen.requests, seen.errors) == ([], [])


@needs_chromium
def test_shares_and_intervals_are_rounded_as_python_does(page_file: Path, browser: Any) -> None:
    """For n of 400, 1,000 and 1,600 the page's arithmetic gives the same text: ties go to the even digit."""
    cases = [(n, count) for count in (400, 1000, 1600) for n in range(0, count + 1, count // 200 - 1)]
    assert any((100 * n / count * 4) % 2 == 1 for n, count in cases), "there is a tie among them"
    data = data_of(page_file.read_text(encoding="utf-8"))
    values = [*range(len(cases))]
    data["quantities"] = [
        {**data["quantities"][0], "values": values, "texts": [f"{it}" for it in values], "base_at": None}
    ]
    data["replications"] = [count for _, count in cases]
    data["first"] = 0
    outcome = {**data["outcomes"][0], "n": [n for n, _ in cases], "quantiles": [0, 0, 0]}
    data["outcomes"] = [{key: value for key, value in outcome.items() if key != "curve"}]
    file = page_file.with_name("cases.html")
    file.write_text(
        frame.page("explorer", "cases", data, parts=PARTS, made="", left_out=[], several=False),
        encoding="utf-8",
    )
    with opened(file, browser=browser) as (page, seen):
        rows = page.eval_on_selector_all(
            "#curve-table tbody tr", "rows => rows.map(row => [...row.cells].map(cell => cell.textContent))"
        )
        assert (seen.requests, seen.errors) == ([], [])
    for (n, count), row in zip(cases, rows, strict=True):
        low, high = wilson(n, count)
        shown = [told(text) for text in row[1:5]]
        assert shown == [
            f"{n}",
            f"{count}",
            f"{100 * (n / count):.1f} %",
            f"{100 * low:.1f}–{100 * high:.1f} %",
        ]


@needs_chromium
def test_guess_first_hides_every_answer_until_it_is_revealed(page_file: Path, browser: Any) -> None:
    """Before the guess no share stands anywhere on the page; after it the page tells how far off it was."""
    with opened(page_file, browser=browser, fragment=f"{ADDRESS}&guess=first") as (page, seen):
        assert page.is_hidden("#told")
        assert page.text_content("#share") == ""
        body = page.inner_text("main")
        assert "95 % interval" not in body.replace("95 % interval (Wilson)", "")
        assert page.locator("#curve circle").count() == 0
        labels = page.eval_on_selector_all("[role=gridcell]", "all => all.map(it => it.ariaLabel)")
        assert all("hidden until you have guessed" in label for label in labels)
        page.focus("#guess")
        for _ in range(10):
            page.keyboard.press("ArrowRight")
        page.click("#reveal")
        share = told(page.text_content("#share"))
        off = abs(60 - float(share.removesuffix(" %")))
        verdict = told(page.text_content("#verdict"))
        assert verdict.startswith(f"You guessed 60 %; it is {share}: {off:.1f} points too")
        low, high = map(float, re.findall(r"interval ([\d.]+)–([\d.]+) %", verdict)[0])
        assert ("inside" if low <= 60 <= high else "outside") in verdict
        assert page.locator("#curve circle").count() > 0
        page.focus("#slider-0")
        page.keyboard.press("ArrowLeft")
        assert page.is_hidden("#told")
        assert (seen.requests, seen.errors) == ([], [])


@needs_chromium
def test_keys_move_sliders_and_cells(page_file: Path, browser: Any) -> None:
    """Arrow keys move a slider by one value and go from cell to cell; Enter takes the sliders to the cell."""
    with opened(page_file, browser=browser, fragment=ADDRESS) as (page, seen):
        page.focus("#slider-0")
        page.keyboard.press("ArrowLeft")
        assert page.get_attribute("#slider-0", "aria-valuetext") == "200 s"
        assert f"at.{SCRAMBLE}=200" in page.url
        page.focus("[role=gridcell][tabindex='0']")
        page.keyboard.press("ArrowUp")
        page.keyboard.press("ArrowRight")
        label = page.evaluate("document.activeElement.ariaLabel")
        assert f"{CALL} 0.3" in label
        assert "400 s: " in label
        assert told(page.text_content("#heat-hover")) == told(label)
        page.keyboard.press("Enter")
        assert page.get_attribute("#slider-0", "aria-valuetext") == "400 s"
        assert page.get_attribute("#slider-1", "aria-valuetext") == "0.3"
        assert told(page.text_content("#share")) in told(label)
        assert (seen.requests, seen.errors) == ([], [])


@needs_chromium
def test_pins_stay_have_labels_and_go(page_file: Path, browser: Any) -> None:
    """A pinned curve stays when a slider moves, is kept by the address with its label, and can be removed."""
    with opened(page_file, browser=browser, fragment=ADDRESS) as (page, seen):
        assert page.locator("#curve .pinned").count() == 0
        page.click("#pin")
        page.fill("#pins input", f"as it is {MARKUP}")
        page.focus("#slider-0")
        page.keyboard.press("Home")
        assert page.locator("#curve .pinned").count() == 3
        address = page.url[page.url.index("#") :]
        with opened(page_file, browser=browser, fragment=address) as (again, _):
            assert again.input_value("#pins input") == f"as it is {MARKUP}"[:60]
            assert again.locator("#curve .pinned").count() == 3
            assert again.text_content("#share") == page.text_content("#share")
        page.click("#pins button")
        assert page.locator("#curve .pinned").count() == page.locator("#pins li").count() == 0
        assert "pin=" not in page.url
        assert (seen.requests, seen.errors) == ([], [])


@needs_chromium
@pytest.mark.parametrize("address", ["#outcome=no&x=no&at.no=1&pin=[]&pin=%7B", "#%", f"#pin={MARKUP}"])
def test_an_address_that_says_nothing_useful_is_passed_over(
    page_file: Path, browser: Any, address: str
) -> None:
    """Whatever stands behind the #, the page opens at the scenario's values or the nearest to them."""
    with opened(page_file, browser=browser, fragment=address) as (page, seen):
        assert told(page.text_content("#share")).endswith(" %")
        assert page.locator("#pins li").count() == 0
        assert (seen.requests, seen.errors) == ([], [])


@needs_chromium
def test_names_with_markup_are_text_and_every_control_has_a_name(page_file: Path, browser: Any) -> None:
    """Title and labels are shown as they were written; nothing that can be focused is without a name."""
    with opened(page_file, browser=browser, width=390, height=844) as (page, seen):
        assert page.title() == page.text_content("h1") == f"Delay? {MARKUP}"
        assert page.text_content("label[for=slider-0] span") == f"label {MARKUP}"
        assert page.evaluate(NAMELESS) == []
        page.click("#pin")
        assert page.evaluate(NAMELESS) == []
        width = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        assert width == [390, 390]
        assert (seen.requests, seen.errors) == ([], [])
