"""The report: what it tells is what was simulated, its links lead somewhere, and names are text."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure

from plots.pages import frame
from plots.pages.assumptions import groups
from plots.pages.report import Drawn
from plots.pages.report_run import run_report
from plots.pages.report_sweep import commands, sweep_document
from plots.pages.swept import Swept, read_sweep
from sim import spread, store
from sim.draws import Uniforms
from sim.errors import InputError
from sim.folders import folder_of
from sim.many import simulate
from sim.run import prepare, replicate
from sim.scenario import read
from sim.study import read as read_study
from tests.browser import needs_chromium, opened, running
from tests.scenarios import KNOWN
from tests.sweeps import CALL, SCRAMBLE, small, swept

COUNT = 100
MARKUP = "</script><script>document.title='broken'</script><b>&amp;"
SCENARIO = f"""
extends = "first-intercept"

[scenario]
title = "{MARKUP}"

[intruders.bear]
label = "{MARKUP}"

[facts.called]
statement = "first call <b>"
role = "check"
at = 09:40:00
direction = "before"
select = {{ kind = "call" }}
confidence = "ASM"
disputed = true
topic = "calls"
source = "doc"

[facts.late]
statement = "first call at all"
role = "check"
at = 09:40:00
direction = "after"
select = {{ kind = "call" }}
confidence = "ASM"
disputed = false
source = ["doc", "assumption: <i>for a test</i>"]

[sources.doc]
title = "A <i>document</i>"
url = "https://example.org/a?b=1&c=2"
"""
"""One of the two facts is covered by what is simulated, so that the other is not."""


def plain_figure() -> Figure:
    """A figure with a line and two clipped halves, so that it has ids."""
    figure = Figure(figsize=(4, 2))
    for number in (1, 2):
        axes = figure.add_subplot(1, 2, number)
        axes.plot([0, 1], [0, 1], marker="o")
    return figure


def no_figure() -> Figure:
    """A figure for which there is no data."""
    raise InputError([])


FIGURES = [
    Drawn("first", "The first.", plain_figure, "intercept plot first"),
    Drawn("none", "None.", no_figure, "intercept plot none"),
    Drawn("second", "The second.", plain_figure, "intercept plot second"),
]


class Told(HTMLParser):
    """What a page holds: its tables as rows of cells, its headings, its ids and links."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tables: list[tuple[str, list[list[str]]]] = []
        self.headings: list[int] = []
        self.ids: Counter[str] = Counter()
        self.links: list[str] = []
        self.into: list[str] | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take up a tag."""
        found = dict(attrs)
        self.ids.update([found["id"] or ""] if "id" in found else [])
        self.links += [found["href"] or ""] if "href" in found else []
        if tag == "table":
            self.tables.append(("", []))
        elif tag == "tr":
            self.tables[-1][1].append([])
        elif tag in ("td", "th", "caption"):
            self.into = []
        elif re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))

    def handle_endtag(self, tag: str) -> None:
        """Put away what stood in a cell."""
        if tag in ("td", "th", "caption") and self.into is not None:
            text = " ".join("".join(self.into).split())
            if tag == "caption":
                self.tables[-1] = (text, self.tables[-1][1])
            else:
                self.tables[-1][1][-1].append(text)
            self.into = None

    def handle_data(self, data: str) -> None:
        """Keep the text of a cell."""
        if self.into is not None:
            self.into.append(data)

    def table(self, caption: str) -> list[list[str]]:
        """Return the rows of the table whose caption begins so, without its head."""
        return next(rows[1:] for told, rows in self.tables if told.startswith(caption))


def report_of(name: str = "first-intercept", count: int = COUNT) -> str:
    """Return the report of replication 0 of a scenario."""
    scenario, document = read(name)
    recorded = store.record(replicate(prepare(scenario), Uniforms(1), 0), document)
    table = simulate(scenario, count) if count > 1 else None
    return run_report(recorded, document, f"intercept run {name}", FIGURES, table=table)


@pytest.fixture(scope="module")
def scenario_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A scenario whose names hold markup, with a disputed fact and one that is not."""
    file = tmp_path_factory.mktemp("scenario") / "mine.toml"
    file.write_text(SCENARIO, encoding="utf-8")
    return str(file)


@pytest.fixture(scope="module")
def of_run(scenario_file: str) -> str:
    """The report of a run of that scenario."""
    return report_of(scenario_file)


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Swept:
    """A grid of three times three points."""
    folder = tmp_path_factory.mktemp("sweep") / "small"
    swept(folder, small(title=f"Delay? {MARKUP}"), 40)
    return read_sweep(folder_of(folder))


@pytest.fixture(scope="module")
def of_sweep(sweep: Swept) -> str:
    """The report of that sweep."""
    return sweep_document(sweep, FIGURES, count=COUNT)


# ---- the page as a document


def test_a_report_is_a_function_of_its_run(of_run: str, scenario_file: str) -> None:
    """The same run gives the same bytes."""
    assert report_of(scenario_file) == of_run


@pytest.mark.parametrize("which", ["of_run", "of_sweep"])
def test_links_lead_somewhere_and_tables_and_headings_are_in_order(
    which: str, request: pytest.FixtureRequest
) -> None:
    """Every link within the page has its target, every id is there once, every table says what it holds."""
    told = Told(request.getfixturevalue(which))
    assert max(told.ids.values()) == 1
    within = [link[1:] for link in told.links if link.startswith("#")]
    assert set(within) <= set(told.ids)
    assert {link for link in told.links if not link.startswith("#")} == {"data:,"}
    assert all(caption for caption, _ in told.tables)
    assert told.headings[0] == 1
    assert all(after <= before + 1 for before, after in zip(told.headings, told.headings[1:], strict=False))


def test_figures_that_have_no_data_or_no_room_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """What has no data is passed over; what has no room is named with the command that draws it."""
    text = report_of(count=1)
    assert text.count("<figure") == text.count("<svg") == 2
    monkeypatch.setattr(frame, "MOST_BYTES", len(text.encode()) - 1_000)
    less = report_of(count=1)
    assert len(less.encode()) <= len(text.encode()) - 1_000
    assert less.count("<figure") == 1
    assert "<code>intercept plot second</code>" in less


def test_figures_hold_no_style_and_share_no_id(of_run: str) -> None:
    """The page's policy forbids styles that are not its own; two equal figures have ids of their own."""
    pictures = re.findall(r"<svg.*?</svg>", of_run, re.DOTALL)
    assert len(pictures) == 2
    first, second = (set(re.findall(r'id="([^"]+)"', picture)) for picture in pictures)
    assert first
    assert not first & second
    assert all("style" not in picture for picture in pictures)


@pytest.mark.parametrize("name", sorted(path.stem for path in KNOWN.glob("*.toml")))
def test_whatever_a_scenario_lacks_its_report_can_be_written(name: str) -> None:
    """Without facts, rungs or fighters there are fewer tables, and no sentence about what is not there."""
    told = Told(report_of(str(KNOWN / f"{name}.toml"), count=1))
    assert told.headings[0] == 1


# ---- what it tells


def test_rungs_and_facts_are_those_of_many_replications(of_run: str, scenario_file: str) -> None:
    """Counts, shares, intervals and coverage stand as the spread of the same replications has them."""
    told = Told(of_run)
    scenario, document = read(scenario_file)
    found = spread.of(scenario, document, 1, COUNT)
    rows = told.table("The rungs from the lowest")
    for row, rung in zip(rows, found["rungs"], strict=True):
        low, high = rung["share_interval"]
        assert row[0] == rung["name"]
        assert row[2] == f"{rung['reached']} of {COUNT}"
        assert row[3] == f"{100 * rung['share']:.1f} %"
        assert row[4] == f"{100 * low:.1f}–{100 * high:.1f} %"
    late, called = told.table("Checks: kept apart")[0], told.table("Checks on which sources disagree")[0]
    assert called[:2] == ["first call <b>†", "before 09:40"]
    assert late[0] == "first call at all"
    covers = {row["id"]: "yes" if row["covers"] else "no" for row in found["reported"]}
    assert (late[5], called[5]) == (covers["late"], covers["called"])
    assert late[5] != called[5], "one of the two is covered and the other is not"
    covered = int(covers["late"] == "yes")
    assert (
        f"Of 1 undisputed checks, the 5–95 % interval of {COUNT} replications covers {covered}."
        in " ".join(of_run.split())
    )


def test_every_number_of_the_scenario_stands_with_its_source(of_run: str, scenario_file: str) -> None:
    """Each stage's delay is there with its unit, and what it rests on."""
    told = Told(of_run)
    rows = told.table("Numbers of the scenario")
    text = "\n".join(" | ".join(row) for row in rows)
    assert "delay_s | lognormal: median 30 s, p95 90 s (drawn)" in text
    assert "command.stages.scramble orders the scramble" in text
    assert "source: assumption: standing authority" in text
    scenario, document = read(scenario_file)
    found = groups(document.data, scenario)
    assert len(rows) == len(found) + sum(len(group.numbers) for group in found)
    assert {group.path for group in found} >= {"clock", "crew.bear", "escalation.hazards.collision"}


def test_the_timeline_names_the_cause_of_each_event(of_run: str) -> None:
    """A cause stands above its effect, and ends outside of the model."""
    rows = Told(of_run).table("Timeline with causes")
    numbers = [int(row[0]) for row in rows]
    assert numbers == sorted(numbers)
    causes = [(int(row[0]), row[3]) for row in rows]
    assert any(cause == "the scenario" for _, cause in causes)
    inside = [(effect, int(cause.split()[1])) for effect, cause in causes if cause.startswith("event")]
    assert inside
    assert all(cause < effect and cause in numbers for effect, cause in inside)
    assert any("detected" in row[6] for row in rows)


def test_a_sweep_is_told_by_the_numbers_of_its_results(sweep: Swept, of_sweep: str) -> None:
    """The table along a quantity has n and interval of each point as the results have them."""
    told = Told(of_sweep)
    name = "rung.airspace-violated"
    rows = [row for caption, table in told.tables if " along " in caption for row in table[1:]]
    assert len(rows) == 6
    for row in rows:
        point = int(row[1])
        low, high = (sweep.values(f"{name}.{end}_share")[point] for end in ("low", "high"))
        assert row[2] == f"{sweep.values(f'{name}.n')[point]} of 40"
        assert row[4] == f"{100 * low:.1f}–{100 * high:.1f} %"
    shares = [share for share in sweep.values(f"{name}.share") if share is not None]
    extremes = told.table("The points at which")
    assert [row[5] for row in extremes] == [f"{100 * end(shares):.1f} %" for end in (min, max)]


@pytest.mark.parametrize(
    ("vary", "options"),
    [
        ([f"{SCRAMBLE}=0:400:200", f"{CALL}=0,0.1"], {}),
        ([f"{SCRAMBLE}.median=20:60", f"{CALL}=0:0.3"], {"design": "sobol", "points": 4, "keep_shape": True}),
        ([f"{SCRAMBLE}=30,60", f"{CALL}=0.1,0"], {"design": "one-at-a-time", "independent": True}),
    ],
)
def test_the_commands_repeat_the_sweep(tmp_path: Path, vary: list[str], options: dict[str, Any]) -> None:
    """What the report says to type is the same scenario, seed and design."""
    from typer.testing import CliRunner

    from sim.cli import app

    plan = read_study("first-intercept", vary, **options)
    swept(tmp_path / "it", plan, 1)
    found = read_sweep(folder_of(tmp_path / "it"))
    words = shlex.split(commands(found)[0])
    assert words[:2] == ["intercept", "sweep"]
    again = tmp_path / "again"
    done = CliRunner().invoke(app, [*words[1:-1], str(again), "-j", "1", "-q"])
    assert done.exit_code == 0, done.output
    told = read_sweep(folder_of(again)).manifest
    same = ("hash", "design_hash", "seed", "independent", "replications", "engine")
    assert {key: told[key] for key in same} == {key: found.manifest[key] for key in same}
    assert sweep_document(found, count=1).startswith("<!doctype html>")


# ---- in a browser

A4_PX = 680  # of 1/96 inch: 210 mm less the margins


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One browser for all tests of this module."""
    with running() as started:
        yield started


@needs_chromium
@pytest.mark.parametrize("which", ["of_run", "of_sweep"])
@pytest.mark.parametrize("width", [390, 1920])
def test_a_report_opens_without_a_request_and_shows_names_as_text(
    which: str, width: int, request: pytest.FixtureRequest, tmp_path: Path, browser: Any
) -> None:
    """Nothing is asked for or complained of, names are text, and a phone needs no scrolling sideways."""
    file = tmp_path / "report.html"
    file.write_text(request.getfixturevalue(which), encoding="utf-8")
    title = MARKUP if which == "of_run" else f"Delay? {MARKUP}"
    with opened(file, browser=browser, width=width, height=844) as (page, seen):
        assert page.title() == page.text_content("h1") == title
        wide = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        assert wide == [width, width]
        boxes = page.eval_on_selector_all(
            "figure svg", "all => all.map(it => it.getBoundingClientRect().height)"
        )
        assert len(boxes) == 2
        assert min(boxes) > 50
        fills = page.eval_on_selector_all(
            "figure svg path", "all => all.map(it => getComputedStyle(it).stroke)"
        )
        assert "rgb(31, 119, 180)" in fills, "a line has its colour without a style"
        page.click("nav a[href='#limits']")
        page.wait_for_function("document.querySelector('#limits').getBoundingClientRect().top < innerHeight")
        assert page.pdf()[:5] == b"%PDF-"
        page.emulate_media(media="print")  # paper has no scrollbars: what is too wide would be lost
        page.set_viewport_size({"width": A4_PX, "height": 844})
        tables = page.eval_on_selector_all(
            "table", "all => all.map(it => [getComputedStyle(it).display, it.getBoundingClientRect().right])"
        )
        assert {display for display, _ in tables} == {"table"}
        assert max(right for _, right in tables) <= A4_PX + 0.5
        assert (seen.requests, seen.errors) == ([], [])
