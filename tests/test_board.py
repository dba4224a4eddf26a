"""The board says what the log says, whatever is in the log."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Annotation, Text

from plots import encounter, style
from plots.approach import approach
from plots.board import board
from plots.chain import chain
from plots.encounter import duration
from plots.ladder import ladder, reported
from plots.map import track_map
from sim import run, scenario, store
from sim.document import dump, load
from sim.draws import Uniforms
from sim.errors import InputError
from tests.one_pass import BARE, PASS, apart, check_room, later, of_july, recorded_of, texts


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> store.Recorded:
    """One pass through the airspace, met, called and warned."""
    return recorded_of(PASS, tmp_path_factory.mktemp("pass"))


@pytest.fixture(scope="module")
def figure(recorded: store.Recorded) -> Figure:
    """The board of that pass."""
    return board(recorded)


def test_the_stay_is_as_long_as_in_the_outcomes(recorded: store.Recorded, figure: Figure) -> None:
    """The length that is written at a stay is that of the outcomes."""
    inside_s = recorded.outcomes["guest.air.1.inside_s"]
    assert inside_s > 120
    assert sum(f"\n{duration(inside_s)}, closest" in text for text in texts(figure)) == 1


def test_the_closest_distance_is_that_of_the_track(recorded: store.Recorded, figure: Figure) -> None:
    """The closest distance, taken from places 10 s apart, is that of the whole track to within 50 m."""
    fact = next(row for row in recorded.reported if row["id"] == "near")
    stay = encounter.encounter(recorded).stays("airspace")[0]
    assert stay.closest_km == pytest.approx(fact["simulated"], abs=0.05)
    assert any(f"closest {stay.closest_km:.1f} km" in text for text in texts(figure))


def test_rungs_are_written_with_their_first_times(recorded: store.Recorded, figure: Figure) -> None:
    """Each rung stands on the board, with the time of the replication's outcome or as not reached."""
    seen = texts(figure)
    for rung in recorded.rungs:
        assert rung["name"] in seen
        assert (rung["time"][:8] if rung["time"] else "not reached") in seen


def test_posts_pairs_and_stages_are_named_from_the_scenario(figure: Figure) -> None:
    """Lanes and bars bear the labels of the scenario."""
    seen = {text.replace("\n", " ") for text in texts(figure)}
    assert {"Control_A", "Headquarters", "F_9 pair, Field & Co", "asks", "sends", "allows"} <= seen


def test_what_pairs_did_is_summed_up(recorded: store.Recorded, figure: Figure) -> None:
    """Flares and rounds at a pair's marks are the sums of the log."""
    rounds = sum(e["data"]["rounds"] for e in recorded.events if e["kind"] == "shots")
    assert rounds > 0
    assert f"10 flares, {rounds} rounds" in texts(figure)
    assert {"flares", "shots"} <= set(texts(figure))  # in the key, with their marks


def test_labels_are_text_and_not_markup(figure: Figure) -> None:
    """Dollar signs, underscores and angle brackets in labels are drawn as they are."""
    assert all(not text.get_parse_math() for text in figure.findobj(Text) if "$" in text.get_text())
    seen = " ".join(texts(figure))
    assert "Rock $1_000$" in seen
    assert "Air <b>$x$</b>: 12 nmi (22.2 km)" in seen


def test_the_footer_says_what_the_board_was_made_from(recorded: store.Recorded, figure: Figure) -> None:
    """The footer names scenario, hash, seed, replication and n."""
    footer = next(text for text in texts(figure) if text.startswith("scenario "))
    for words in ("scenario pass", f"hash {recorded.manifest['hash']}", "seed 3", "replication 0", "n = 1"):
        assert words in footer


def test_the_clock_is_named(figure: Figure) -> None:
    """The time axis names the zone, its offset and the day."""
    assert figure.axes[-1].get_xlabel() == "local time (XST, UTC+02:00), 2020-05-01"


@pytest.mark.parametrize(
    ("late_min", "days", "named"),
    [
        (40, [], "2020-05-01"),
        (695, ["2020-05-01", "2020-05-02"], ""),
        (718, ["2020-05-02"], ""),  # two minutes of the first day have no room for its date
        (720, [], "2020-05-02"),
    ],
)
def test_both_dates_stand_on_a_clock_that_passes_midnight(
    tmp_path: Path, late_min: int, days: list[str], named: str
) -> None:
    """A window that runs into the next day bears both dates, each where its day begins; else the one that holds."""
    recorded = recorded_of(later(PASS, late_min), tmp_path)
    shown = encounter.encounter(recorded)
    begins = {"2020-05-01": shown.seconds(shown.begins), "2020-05-02": (720 - late_min) * 60.0}
    for figure in (board(recorded), approach(recorded)):
        axes = figure.axes[-1]
        seen = [text for text in axes.texts if isinstance(text, Annotation) and "2020" in text.get_text()]
        assert [(text.get_text(), text.xy[0]) for text in seen] == [(day, begins[day]) for day in days]
        assert axes.get_xlabel() == (f"local time (XST, UTC+02:00), {named}" if named else "")
        check_room(figure)


def test_reported_times_stand_on_their_rungs(recorded: store.Recorded) -> None:
    """Facts that are times come as marks: a time, a span, a bound; other facts do not."""
    marks = reported(encounter.encounter(recorded))
    minute = [None if s is None else s / 60 for m in marks for s in (m.earliest, m.latest)]
    assert [m.rung for m in marks] == [3, 4, 2]
    assert minute == [16, 16, 15, 19, None, 16]
    assert [m.is_input for m in marks] == [True, False, False]


def test_rungs_hold_until_what_reached_them_ends(recorded: store.Recorded) -> None:
    """A stay's rung holds for the stay, a measure's until the flight leaves its zone."""
    shown = encounter.encounter(recorded)
    stay = shown.stays("airspace")[0]
    held = {rung.name: rung for rung in ladder(shown)}
    assert held["inside"].spans == ((stay.enters, stay.leaves),)
    assert {last for _, last in held["shots"].spans} == {stay.leaves}
    assert held["war"].spans == ()


def test_messages_run_between_posts_and_to_pairs(recorded: store.Recorded) -> None:
    """The entry goes from control to headquarters, the order from control to the pair, the leave from headquarters."""
    _, messages, left_out = chain(encounter.encounter(recorded))
    assert left_out == 0
    assert {("control", "hq"), ("control", "one"), ("hq", "one")} == {(m.origin, m.goal) for m in messages}


@pytest.fixture(scope="module")
def patrol() -> store.Recorded:
    """A day with several flights and many pairs."""
    return of_july(32)


def test_sitting_ready_and_taking_off_are_two_things(patrol: store.Recorded) -> None:
    """A pair takes off from its order until it is airborne; before the order it waits in the cockpit."""
    shown = encounter.encounter(patrol)
    steps = {
        kind: {(e["who"], e["step"]) for e in shown.events if e["kind"] == kind}
        for kind in ("readied", "assigned", "airborne")
    }
    bars = [(lane.name, bar) for lane in chain(shown)[0] if lane.is_pair for bar in lane.bars]
    ends = {"ready": ("readied", "assigned"), "wait": ("assigned", "airborne")}
    assert {bar.kind for _, bar in bars} == {"ready", "wait", "fly", "beside"}
    for name, bar in bars:
        if bar.kind in ends:
            first, last = ends[bar.kind]
            assert (name, bar.begins) in steps[first]
            assert (name, bar.ends) in steps[last]


def test_the_pair_that_reached_a_rung_has_a_lane(patrol: store.Recorded) -> None:
    """Who scrambled, joined or acted first is on the board, before pairs that did not come to that."""
    shown = encounter.encounter(patrol)
    lanes = {lane.name for lane in chain(shown)[0]}
    firsts = {rung.first for rung in ladder(shown)}
    doers = {e["who"] for e in shown.events if e["step"] in firsts}
    assert len(doers & set(patrol.scenario.fighters.pairs)) >= 2
    assert doers & set(patrol.scenario.fighters.pairs) <= lanes


def test_a_pair_that_is_given_another_flight_ends_its_sortie(patrol: store.Recorded) -> None:
    """On its way to one flight it is ordered to another: for the first it came to nothing at that step."""
    shown = encounter.encounter(patrol)
    orders = [e for e in patrol.events if e["kind"] == "assigned" and e["data"]["was"] == "outbound"]
    turned = [(e["who"], e["step"]) for e in orders if e["about"] != shown.flight]
    ended = {(s.pair, s.ends) for s in shown.sorties if s.joined is None}
    assert ended & set(turned)


def test_a_stage_that_says_no_ends_its_bar(tmp_path: Path) -> None:
    """A decision against going on is one, with its answer."""
    text = PASS.replace('emits = "allowed"', 'emits = "allowed"\nyes_share = 0.0')
    (bar,) = (
        bar
        for lane in chain(encounter.encounter(recorded_of(text, tmp_path)))[0]
        for bar in lane.bars
        if bar.label.startswith("allows")
    )
    assert (bar.label, bar.ends - bar.begins, bar.cut) == ("allows (answer: no)", 20, False)


HAZARD = """
[escalation.hazards.bump]
label = "bump"
on = "%s"
leads_to = "mid-air-bump"
share = 1
low_share = 1
high_share = 1
delay_s = 5
"""


@pytest.mark.parametrize(("on", "lane"), [("flares", "one"), ("enters:air", "guest"), ("allowed", "hq")])
def test_what_befalls_is_marked_in_the_lane_of_whom_it_befalls(tmp_path: Path, on: str, lane: str) -> None:
    """A pair, the flight, a post: a cross and words with the time, and a lane if there was none."""
    recorded = recorded_of(PASS + HAZARD % on, tmp_path)
    (event,) = (e for e in recorded.events if e["kind"] == "mid-air-bump")
    shown = encounter.encounter(recorded)
    marked = {each.name: each.hazards for each in chain(shown)[0] if each.hazards}
    assert marked == {lane: [(event["step"], "mid air bump")]}
    figure = board(recorded)
    assert f"mid air bump {event['time'][:8]}" in texts(figure)
    crosses = [line for line in figure.axes[2].lines if line.get_marker() == "X"]
    assert [np.asarray(line.get_xdata()).tolist() for line in crosses] == [[shown.seconds(event["step"])]]
    check_room(figure)


def test_measures_that_are_no_fire_have_marks_of_their_own(tmp_path: Path) -> None:
    """Two passes of other names do not look alike, and the key names both."""
    more = "".join(
        f'[warning.home.measures.{name}]\nzone = "air"\ndelay_s = 5\ninterval_s = 20\nmost = 2\n'
        for name in ("photo", "wing-rock")
    )
    figure = board(recorded_of(PASS.replace("[escalation]", f"{more}[escalation]"), tmp_path))
    key = {
        str(handle.get_label()): handle.get_marker()
        for legend in figure.legends
        for handle in legend.legend_handles
        if isinstance(handle, Line2D)
    }
    assert key["photo"] != key["wing rock"]
    assert any("photo × 2, wing rock × 2" in text for text in texts(figure))


@pytest.mark.parametrize("replication", [0, 32, 298])
def test_every_join_in_the_span_is_marked_in_both_panels(replication: int) -> None:
    """A pair that joins where the scale of distances does not reach is told with its distance."""
    recorded = of_july(replication)
    shown = encounter.encounter(recorded)
    figure = board(recorded)
    where, who = figure.axes[1:3]
    joins = [s.joined for s in shown.sorties if s.joined is not None and s.joined <= shown.ends]
    told = [text.get_text() for text in where.texts if text.get_text().startswith("joins ")]
    assert sorted(text[6:14] for text in told) == sorted(shown.clock.short(step) for step in joins)
    squares = {float(np.asarray(line.get_xdata())[0]) for line in who.lines if line.get_marker() == "s"}
    assert squares <= {shown.seconds(step) for step in joins}
    assert squares


@pytest.mark.parametrize("replication", [0, 32, 111, 298, 515])
def test_names_of_decisions_have_room_and_belong_to_their_bars(replication: int) -> None:
    """No two texts of a crowded panel overlap, and a name that stands away from its bar has a leader."""
    figure = board(of_july(replication))
    check_room(figure)
    labels = {stage.label for stage in scenario.read("july-2019")[0].command.stages.values()}
    for text in figure.axes[2].texts:
        if isinstance(text, Annotation) and text.get_text().replace("\n", " ") in labels:
            assert abs(text.xyann[0]) <= 10 or text.arrow_patch is not None, text.get_text()


def test_no_arrow_touches_the_name_of_a_decision() -> None:
    """A message that ends beside a name leaves a gap of 8 px between them, half of which is the head of its arrow."""
    axes = (figure := board(of_july(33))).axes[2]
    figure.canvas.draw()
    (name,) = [text for text in axes.texts if text.get_text() == "reports the\nviolation"]
    arrows = [text for text in axes.texts if isinstance(text, Annotation) and not text.get_text()]
    along = np.concatenate([np.linspace(arrow.xyann, arrow.xy, 500) for arrow in arrows])
    assert apart(Text.get_window_extent(name), axes.transData.transform(along)) > 8


def test_keys_keep_clear_of_titles(patrol: store.Recorded) -> None:
    """A key that is too long for the line of its panel's title goes on below it."""
    figure = board(patrol)
    figure.canvas.draw()
    titles = [text.get_window_extent() for text in figure.texts if text.get_text()[1:4] == "   "]
    assert len(titles) == 3
    assert len(figure.legends) == 4
    for legend in figure.legends:
        assert not any(legend.get_window_extent().overlaps(box) for box in titles)


def test_panel_c_says_whose_rungs_it_shows(patrol: store.Recorded, figure: Figure) -> None:
    """Where several flights came its title names the one; the table of a run counts whichever was first."""
    assert "C   How far: highest rung that holds for the A-50U alone" in texts(board(patrol))
    assert "C   How far: highest rung that holds" in texts(figure)


@pytest.mark.parametrize(("share", "few"), [(0.004, True), (0.2, False)])
def test_too_few_for_a_spread_are_counted(recorded: store.Recorded, share: float, few: bool) -> None:
    """Two of five hundred have no 5th and 95th percentile: their number is told instead."""
    drawn = board(recorded, spread={"war": (900.0, 960.0, 1200.0)}, shares={"war": share}, spread_of=500)
    assert ("reached in 2 of 500" in texts(drawn)) == few
    lines = [np.asarray(line.get_xdata()).tolist() for line in drawn.axes[-1].lines]
    assert ([900.0, 1200.0] in lines) == (not few)


def test_a_reported_window_is_in_the_key(figure: Figure) -> None:
    """Two diamonds with a line between are explained."""
    assert "reported: between" in texts(figure)


def test_a_spread_is_drawn_at_its_steps(recorded: store.Recorded) -> None:
    """A whisker runs from the first to the last of its steps."""
    drawn = board(recorded, spread={"inside": (900.0, 960.0, 1200.0)})
    lines = [np.asarray(line.get_xdata()).tolist() for line in drawn.axes[-1].lines]
    assert [900.0, 1200.0] in lines
    assert [960.0] in lines
    assert "5, 50, 95 %" in texts(drawn)


def test_flight_and_span_can_be_named(recorded: store.Recorded) -> None:
    """A span of steps is that of the time axis."""
    assert board(recorded, flight="guest", span=(600, 1200)).axes[-1].get_xlim() == (600.0, 1200.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"flight": "gest"}, 'did you mean "guest"'), ({"span": (50, 50)}, "is 50 to 50")],
)
def test_a_wrong_flight_or_span_is_an_input_error(
    recorded: store.Recorded, arguments: dict, message: str
) -> None:
    """A flight that is not in the run, or a span without length, is said to be so."""
    with pytest.raises(InputError, match=message):
        board(recorded, **arguments)


def test_a_scenario_of_one_flight_and_nothing_else_has_a_board(tmp_path: Path) -> None:
    """Without zones, posts, fighters and ladder the board says that there are none."""
    seen = texts(board(recorded_of(BARE, tmp_path)))
    assert {"nobody dealt with the flight", "the scenario has no ladder", "no zone"} <= set(seen)


@pytest.mark.parametrize("draw", [board, track_map, approach])
def test_a_scenario_without_flights_has_no_figure(
    tmp_path: Path, draw: Callable[[store.Recorded], Figure]
) -> None:
    """Where nobody comes there is nothing to draw, which is said with what to do about it."""
    nobody = BARE[: BARE.index("[intruders.guest]")] + "[intruders]\n"
    recorded = recorded_of(nobody, tmp_path)
    with pytest.raises(InputError, match=r"^pass: intruders: is empty, .* add one as \[intruders\.NAME\]"):
        draw(recorded)


@pytest.mark.parametrize("step_s", [1, 4, 60])
def test_a_line_goes_through_every_place_that_is_marked(tmp_path: Path, step_s: int) -> None:
    """However long a step is, the flight's line passes its closest place, and the pair's ends where it joins."""
    data = load("first-intercept", ["crew.bear.turns_share={}"]).data
    data["clock"]["step_s"] = step_s
    recorded = recorded_of(dump(data), tmp_path)
    shown = encounter.encounter(recorded)
    (stay,) = shown.stays("airspace")
    lines = [
        np.asarray(line.get_xydata(), dtype=float)
        for axes in board(recorded).axes[1:2]
        for line in axes.lines
    ]
    near = [np.abs(line - [shown.seconds(stay.closest), stay.closest_km]) for line in lines if len(line) > 20]
    assert any(((apart[:, 0] <= 5) & (apart[:, 1] <= 0.5)).any() for apart in near)


def test_stays_in_two_airspaces_say_which(tmp_path: Path) -> None:
    """Where a flight was in several airspaces each stay is told with the name of its own."""
    data = load("first-intercept", ["crew.bear.turns_share={}"]).data
    data["zones"]["second"] = {**data["zones"]["airspace"], "label": "Second", "lat_deg": 59.9}
    recorded = recorded_of(dump(data), tmp_path)
    for figure in (board(recorded), track_map(recorded)):
        told = [text for text in texts(figure) if " stay " in text]
        assert sum("stay in Second\n" in text for text in told) == 1
        assert sum("stay in Airspace\n" in text for text in told) == 1


def test_a_long_name_of_a_post_stays_in_its_lane(tmp_path: Path) -> None:
    """A name of three lines would stand in the lane beside it: it is cut after two."""
    label = "A control centre with a very long name that never ends at all"
    text = PASS.replace('control = { label = "', f'control = {{ label = "{label} ')
    assert label in text
    figure = board(recorded_of(text, tmp_path))
    (name,) = [text for text in texts(figure) if text.startswith("A control centre")]
    assert name == "A control centre with a very\nlong name that never ends at…"


def test_a_long_name_of_a_flight_stays_in_both_figures(tmp_path: Path) -> None:
    """A name that would run out of a title or a key is cut there."""
    text = PASS.replace("G_1 $50$", "A flight of four reconnaissance bombers with their tankers")
    for figure in (board(recorded_of(text, tmp_path)), track_map(recorded_of(text, tmp_path))):
        check_room(figure)


def test_a_flight_that_is_never_met_has_a_board(tmp_path: Path) -> None:
    """Without fighters that could come the stay stands alone."""
    alone = recorded_of(PASS.replace('orders = "scramble"\n', ""), tmp_path)
    seen = texts(board(alone))
    assert not any("joins" in text for text in seen)
    assert any("1st stay in the airspace" in text for text in seen)


def test_no_text_is_cut_off_or_covered(figure: Figure) -> None:
    """Every text lies within the figure, and no two overlap."""
    check_room(figure)


@pytest.mark.parametrize("suffix", style.FORMATS)
def test_the_same_replication_gives_the_same_bytes(
    recorded: store.Recorded, tmp_path: Path, suffix: str
) -> None:
    """Drawn and saved twice, a board is the same file, in each format."""
    files = [tmp_path / f"{name}.{suffix}" for name in ("one", "two")]
    for path in files:
        style.save(board(recorded), path)
    assert files[0].read_bytes() == files[1].read_bytes()
    assert sorted(tmp_path.iterdir()) == sorted([*files])


def test_a_board_read_back_from_its_folder_is_the_same(tmp_path: Path) -> None:
    """What a run folder keeps is enough for the same board."""
    path = tmp_path / "pass.toml"
    path.write_text(PASS, encoding="utf-8")
    checked, document = scenario.read(path)
    kept = store.record(run.replicate(run.prepare(checked), Uniforms(3), 0), document)
    store.write(kept, document, tmp_path / "run")
    back = store.read(tmp_path / "run")
    assert texts(board(back)) == texts(board(kept))


def test_other_formats_are_refused(figure: Figure, tmp_path: Path) -> None:
    """A suffix that names no known format is an error that names those that are known."""
    with pytest.raises(InputError, match=r"\.png, \.svg, \.pdf"):
        style.save(figure, tmp_path / "board.gif")
    with pytest.raises(InputError, match="has no suffix"):
        style.save(figure, tmp_path / "board")
    with pytest.raises(InputError, match="cannot be written"):
        style.save(figure, tmp_path / "missing" / "board.png")
    assert list(tmp_path.iterdir()) == []


def test_the_readers_own_settings_change_nothing(recorded: store.Recorded, tmp_path: Path) -> None:
    """A figure does not depend on the settings of matplotlib that happen to hold."""
    import matplotlib as mpl

    style.save(board(recorded), tmp_path / "one.svg")
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "black", "text.parse_math": True}):
        style.save(board(recorded), tmp_path / "two.svg")
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()


def test_drawing_does_not_touch_the_record(recorded: store.Recorded) -> None:
    """The record is the same after it was drawn."""
    before = replace(recorded, events=[dict(event) for event in recorded.events])
    board(recorded)
    assert before.events == recorded.events


def test_pyplot_is_not_imported() -> None:
    """Both figures do without pyplot and its global state."""
    code = "import sys, plots.board, plots.map; print('matplotlib.pyplot' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_rungs_of_the_flight_are_those_of_the_run_if_it_flies_alone(recorded: store.Recorded) -> None:
    """With one flight, the ladder of the board and that of the measures agree on every first step."""
    firsts = [rung.first for rung in ladder(encounter.encounter(recorded))]
    assert firsts == [row["step"] for row in recorded.rungs]
