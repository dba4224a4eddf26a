"""What is wrong between the sections of a scenario is told where it was written; the bundled scenarios are right."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator

from sim.document import bundled, bundled_folder, load
from sim.errors import InputError
from sim.log import Record
from sim.run import replications
from sim.scenario import RECORDED, Scenario, act_kinds, kinds, read, signals, stage_events
from sim.schema import scenario_schema

BUNDLED = sorted(bundled())

# (text that is added to first-intercept, line within it, key, words of the message)
WRONG: list[tuple[str, int, str, str]] = [
    # sides
    ('sides.west.airspace = "airspaces"', 1, "sides.west.airspace", 'no zone, did you mean "airspace"?'),
    (
        'sides.west.identification_zone = "zon"',
        1,
        "sides.west.identification_zone",
        'no zone, did you mean "zone"?',
    ),
    (
        'sides.west.shadow_zone = "x"',
        1,
        "sides.west.shadow_zone",
        "no zone; known: zone, airspace, action-line",
    ),
    ('sides.west.control = "controls"', 1, "sides.west.control", 'no post, did you mean "control"?'),
    ('sides.west.watches = ["bear", "bare"]', 1, "sides.west.watches.1", 'no flight, did you mean "bear"?'),
    # zones and intruders
    ('zones.zone.owner = "wets"', 1, "zones.zone.owner", 'no side, did you mean "west"?'),
    ('zones.action-line.around = "zones"', 1, "zones.action-line.around", 'did you mean "zone"?'),
    ('intruders.bear.side = "eats"', 1, "intruders.bear.side", 'no side, did you mean "east"?'),
    ('intruders.bear.forms_with = "beer"', 1, "intruders.bear.forms_with", 'no flight, did you mean "bear"?'),
    # sensing and command
    (
        'sensing.radars.island.post = "contrl"',
        1,
        "sensing.radars.island.post",
        'no post, did you mean "control"?',
    ),
    ('command.posts.control.side = "wst"', 1, "command.posts.control.side", 'no side, did you mean "west"?'),
    (
        'command.links.line.posts = ["control", "headquarter"]',
        1,
        "command.links.line.posts.1",
        'no post, did you mean "headquarters"?',
    ),
    (
        'command.stages.identify.post = "kontrol"',
        1,
        "command.stages.identify.post",
        'no post, did you mean "control"?',
    ),
    (
        'command.stages.authorise-flares.per = "zones"',
        1,
        "command.stages.authorise-flares.per",
        'no zone, did you mean "zone"?',
    ),
    (
        'command.stages.scramble.about = ["bears"]',
        1,
        "command.stages.scramble.about.0",
        'no flight, did you mean "bear"?',
    ),
    (
        'command.stages.scramble.types = ["figter"]',
        1,
        "command.stages.scramble.types.0",
        'no type of fighter, did you mean "fighter"?',
    ),
    (
        'command.stages.scramble.after_all = ["unidentfied"]',
        1,
        "command.stages.scramble.after_all.0",
        'nothing announces, did you mean "unidentified"?',
    ),
    (
        'command.stages.scramble.unless = ["track", "jioned"]',
        1,
        "command.stages.scramble.unless.1",
        'nothing announces, did you mean "joined"?',
    ),
    (
        'command.stages.scramble.after_any = ["notices"]',
        1,
        "command.stages.scramble.after_any.0",
        'known at "cockpit", from where no link leads to "control"; add a [command.links] table',
    ),
    (
        'command.stages.identify.emits = "joined"',
        1,
        "command.stages.identify.emits",
        "which the model records itself",
    ),
    (
        'command.stages.authorise-flares = { per = "zone", after_all = ["joined"] }',
        1,
        "command.stages.authorise-flares.per",
        'must wait for something that does, as "enters:zone"',
    ),
    (
        'command.stages.authorise-flares.orders = "scramble"\ncommand.posts.headquarters.side = "east"',
        1,
        "command.stages.authorise-flares.orders",
        'side "east" has no pairs to order; add one in [fighters.pairs]',
    ),
    # fighters
    (
        'fighters.pairs.field-2.side = "wes"',
        1,
        "fighters.pairs.field-2.side",
        'no side, did you mean "west"?',
    ),
    (
        'fighters.pairs.field-2.type = "fihgter"',
        1,
        "fighters.pairs.field-2.type",
        'no type of fighter, did you mean "fighter"?',
    ),
    (
        'fighters.pairs.field-2.base = "filed"',
        1,
        "fighters.pairs.field-2.base",
        'no base, did you mean "field"?',
    ),
    (
        'fighters.pairs.field-2.alert = "quik"',
        1,
        "fighters.pairs.field-2.alert",
        'no alert state, did you mean "quick"?',
    ),
    (
        'fighters.pairs.field-2.side = "east"',
        1,
        "fighters.pairs.field-2.side",
        'side "east" needs a table [fighters.policies.east]',
    ),
    (
        'fighters.pairs.field-2 = { station = "zone", on_station_at = 09:00:00 }',
        1,
        "fighters.pairs.field-2.station",
        '"zone" has no middle; a station is a circle',
    ),
    (
        'fighters.pairs.field-2 = { station = "airspace", on_station_at = 09:30:00 }\n'
        "fighters.types.fighter.endurance_s = 600",
        1,
        "fighters.pairs.field-2.station",
        "s there and back; the fuel of a fighter is for 600 s",
    ),
    (
        'fighters.pairs.field-2 = { station = "airspce", on_station_at = 09:00:00 }',
        1,
        "fighters.pairs.field-2.station",
        'no zone, did you mean "airspace"?',
    ),
    (
        'fighters.pairs.field-2 = { station = "airspace", on_station_at = 08:59:00 }',
        1,
        "fighters.pairs.field-2.on_station_at",
        "is 08:59:00, outside the window 09:00:00 to 10:30:00",
    ),
    (
        'fighters.pairs.bear = { side = "west", type = "fighter", base = "field", alert = "quick" }',
        1,
        "fighters.pairs.bear",
        "is also the name of a flight; choose another",
    ),
    (
        "fighters.policies.wset = { relief_lead_s = 0, spare_s = 0 }",
        1,
        "fighters.policies.wset",
        'no side, did you mean "west"?',
    ),
    # warning
    ('warning.weest.per = "zone"', 1, "warning.weest", 'no side, did you mean "west"?'),
    ('warning.east.per = "zone"', 1, "warning.east", "no post to call from; set sides.east.control"),
    ('warning.west.per = "zonne"', 1, "warning.west.per", 'no zone, did you mean "zone"?'),
    ('warning.west.calls.zone = "zne"', 1, "warning.west.calls.zone", 'no zone, did you mean "zone"?'),
    (
        'warning.west.calls.after = ["unindentified"]',
        1,
        "warning.west.calls.after.0",
        'nothing announces, did you mean "unidentified"?',
    ),
    (
        'warning.west.measures.block.zone = "zon"',
        1,
        "warning.west.measures.block.zone",
        'no zone, did you mean "zone"?',
    ),
    (
        'warning.west.measures.flares.authority = "flares-authorized"',
        1,
        "warning.west.measures.flares.authority",
        'nothing announces, did you mean "flares-authorised"?',
    ),
    (
        'warning.west.measures.joined = { zone = "zone", delay_s = 0 }',
        1,
        "warning.west.measures.joined",
        "is an event that the model records itself; choose another name",
    ),
    # crew
    (
        "[crew.beer]\nanswer_s = 1\nanswers_share = 0\nnotice_s = 0\nnotices_share = {}\nreaction_s = 1\n"
        'report_s = 1\nreports_share = {}\nturns_share = {}\npost = "cockpit"',
        1,
        "crew.beer",
        'no flight, did you mean "bear"?',
    ),
    ('crew.bear.post = "cockpits"', 1, "crew.bear.post", 'no post, did you mean "cockpit"?'),
    (
        "crew.bear.notices_share.blok = 0.5",
        1,
        "crew.bear.notices_share.blok",
        'no call or measure, did you mean "block"?',
    ),
    (
        "crew.bear.turns_share.flare = 0.5",
        1,
        "crew.bear.turns_share.flare",
        'no call or measure, did you mean "flares"?',
    ),
    (
        "crew.bear.reports_share.shots = 0.5",
        1,
        "crew.bear.reports_share.shots",
        "no call or measure; known: call, block, flares",
    ),
    # escalation
    (
        'escalation.hazards.collision.on = "blok"',
        1,
        "escalation.hazards.collision.on",
        'no event, did you mean "block"?',
    ),
    (
        'escalation.hazards.collision.leads_to = "joined"',
        1,
        "escalation.hazards.collision.leads_to",
        "which comes about otherwise; choose another name",
    ),
    (
        '[[escalation.rungs]]\nname = "seen"\nreached_by = ["trak"]',
        3,
        "escalation.rungs.0.reached_by.0",
        'no event, did you mean "track"?',
    ),
    (
        '[[escalation.rungs]]\nname = "seen"\nreached_by = ["joined"]\nside = "wes"',
        4,
        "escalation.rungs.0.side",
        'no side, did you mean "west"?',
    ),
    (
        '[[escalation.rungs]]\nname = "seen"\nreached_by = ["joined", "enters:zone"]\nside = "west"',
        3,
        "escalation.rungs.0.reached_by.1",
        'is "enters:zone", an event of no side; leave out `side`, or this event',
    ),
    (
        '[[escalation.rungs]]\nname = "seen"\nreached_by = ["track"]\n'
        '[[escalation.rungs]]\nname = "seen"\nreached_by = ["joined"]',
        5,
        "escalation.rungs.1.name",
        'is "seen", as a rung below',
    ),
]

FACT = 'statement = "x"\nrole = "check"\nconfidence = "ASM"\n'
# (further keys of a fact, key, words)
WRONG_FACTS: list[tuple[str, str, str]] = [
    ('select = { kind = "joind" }\nat = 09:10:00\ntolerance_s = 1', "select.kind", 'did you mean "joined"?'),
    (
        'select = { kind = "enters", zone = "zon" }\nat = 09:10:00\ntolerance_s = 1',
        "select.zone",
        'did you mean "zone"?',
    ),
    (
        'select = { kind = "call", by = "wst" }\nat = 09:10:00\ntolerance_s = 1',
        "select.by",
        'did you mean "west"?',
    ),
    (
        'select = { kind = "track", by = "west" }\nat = 09:10:00\ntolerance_s = 1',
        "select.by",
        'goes with an event of a side, and "track" is none; leave it out',
    ),
    (
        'select = { kind = "joined", type = "figter" }\nat = 09:10:00\ntolerance_s = 1',
        "select.type",
        'did you mean "fighter"?',
    ),
    (
        'select = { kind = "joined", who = ["feld-1"] }\nat = 09:10:00\ntolerance_s = 1',
        "select.who.0",
        'no flight, pair, post or side, did you mean "field-1"?',
    ),
    (
        'select = { kind = "joined", about = ["bear", "beer"] }\nat = 09:10:00\ntolerance_s = 1',
        "select.about.1",
        'no flight, did you mean "bear"?',
    ),
    (
        'select = { kind = "call", during = { zone = "zne", stay = 1 } }\nat = 09:10:00\ntolerance_s = 1',
        "select.during.zone",
        'did you mean "zone"?',
    ),
    (
        'select = { kind = "call", occurrence = 2 }\ntake = "count"\nvalue = 1\ntolerance = 0',
        "select.occurrence",
        'goes with take = "time"',
    ),
    (
        'select = { kind = "call" }\nat = 08:10:00\ntolerance_s = 1',
        "at",
        "outside the window 09:00:00 to 10:30:00",
    ),
    ('select = { kind = "call" }\nlatest = 10:30:01', "latest", "outside the window"),
    (
        'select = { kind = "call" }\ntake = "duration_s"\nlow = 1',
        "take",
        'goes with select = { kind = "leaves", zone = ... }',
    ),
    (
        'select = { kind = "leaves" }\ntake = "distance_km"\nlow = 1',
        "take",
        'goes with select = { kind = "leaves", zone = ... }',
    ),
    (
        'select = { kind = "call" }\ntake = "counts"\nlow = 1',
        "take",
        "wanted time, count, duration_s, distance_km",
    ),
    (
        'select = { kind = "flares" }\ntake = "sum:flars"\nlow = 1',
        "take",
        'no number that events carry, did you mean "flares"?',
    ),
    ('select = { kind = "call" }\ntake = "max:number"\nlow = 1', "take", "wanted time, count"),
    (
        'select = { kind = "call" }\nat = 09:10:00\ntolerance_s = 1\nsource = "kbs"',
        "source",
        "wanted the id of a [sources] table",
    ),
]


def wrong(path: Path, text: str) -> InputError:
    """Write a file that extends first-intercept, and return the error of reading it."""
    path.write_text(f'extends = "first-intercept"\n{text}\n', encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read(path)
    return caught.value


@pytest.mark.parametrize(
    ("text", "line", "key", "words"), WRONG, ids=[f"{w[2]}-{n}" for n, w in enumerate(WRONG)]
)
def test_each_mismatch_between_sections_is_told_where_it_was_written(
    tmp_path: Path, text: str, line: int, key: str, words: str
) -> None:
    """A name that fits no other section is told with file, line, key and what was probably meant."""
    file = tmp_path / "mine.toml"
    error = wrong(file, text)
    (problem,) = (p for p in error.problems if p.path == key)
    assert (problem.file, problem.line) == (str(file), line + 1)
    assert words in problem.message
    assert str(problem).startswith(f"{file}:{line + 1}: {key}: ")


@pytest.mark.parametrize(("text", "key", "words"), WRONG_FACTS)
def test_each_mismatch_of_a_fact_is_told_where_it_was_written(
    tmp_path: Path, text: str, key: str, words: str
) -> None:
    """A fact that speaks of what no run can hold is told, since it would otherwise be off for ever."""
    (problem,) = wrong(tmp_path / "mine.toml", f"[facts.one]\n{FACT}{text}").problems
    assert problem.path == f"facts.one.{key}"
    assert problem.line is not None
    assert problem.line > 2
    assert words in problem.message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "has none"),
        ("at = 09:10:00\nlow = 1", "has at and low/high"),
        ("at = 09:10:00", "`at` needs either `tolerance_s` or `direction`"),
        ('at = 09:10:00\ntolerance_s = 1\ndirection = "before"', "`at` needs either"),
        ("value = 1\ntolerance = 1", 'does not go with take = "time"'),
        ('take = "count"\nat = 09:10:00\ntolerance_s = 1', 'does not go with take = "count"'),
        ('take = "count"\nvalue = 1', "`value` needs a `tolerance`"),
    ],
)
def test_a_fact_is_compared_in_exactly_one_way(tmp_path: Path, text: str, words: str) -> None:
    """A fact with no way of comparing, or with two, is refused."""
    error = wrong(tmp_path / "mine.toml", f'[facts.one]\n{FACT}select = {{ kind = "call" }}\n{text}')
    assert words in str(error)


def test_a_measure_that_waits_for_calls_needs_calls(tmp_path: Path) -> None:
    """Without calls nothing can go unanswered."""
    text = (bundled_folder() / "first-intercept.toml").read_text(encoding="utf-8")
    begin, end = text.index("[warning.west.calls]"), text.index("[warning.west.measures.block]")
    file = tmp_path / "mine.toml"
    file.write_text(text[:begin] + text[end:], encoding="utf-8")
    with pytest.raises(
        InputError, match=r"measures\.block\.after_calls: waits for calls, but the ladder has no"
    ):
        read(file)


def test_measures_need_pairs(tmp_path: Path) -> None:
    """A ladder of measures without anyone to take them is refused."""
    text = (bundled_folder() / "first-intercept.toml").read_text(encoding="utf-8")
    file = tmp_path / "mine.toml"
    lines = [
        line
        for line in text.splitlines()
        if not line.startswith(("field-1 =", "field-2 =", "[fighters.pairs]"))
    ]
    file.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read(file)
    assert {p.path for p in caught.value.problems} == {
        "command.stages.scramble.orders",
        "warning.west.measures",
    }


def test_several_errors_of_a_file_are_told_at_once_in_order(tmp_path: Path) -> None:
    """Mismatches in several sections come together, each on its line, in the order of the file."""
    error = wrong(
        tmp_path / "mine.toml",
        'sides.west.airspace = "x"\nzones.zone.owner = "y"\ncrew.bear.post = "z"\nsides.east.source = "nowhere"',
    )
    assert [(p.line, p.path) for p in error.problems] == [
        (2, "sides.west.airspace"),
        (3, "zones.zone.owner"),
        (4, "crew.bear.post"),
        (5, "sides.east.source"),
    ]


def test_a_mistyped_table_of_a_file_that_extends_another_is_told_with_the_one_that_was_meant(
    tmp_path: Path,
) -> None:
    """A table that lacks keys and is new may be meant to change one of the parent; one of its own kind is not."""
    error = wrong(
        tmp_path / "mine.toml",
        "[command.stages.scrambel]\ndelay_s = 5\n[command.stages.hail]\ndelay_s = 5\n[zones.hails]",
    )
    meant = '; "scrambel" is new here, did you mean "scramble"?'
    assert [(p.line, p.path, p.message.endswith(meant)) for p in error.problems] == [
        (2, "command.stages.scrambel.post", True),
        (4, "command.stages.hail.post", False),
        (6, "zones.hails.kind", False),
        (6, "zones.hails.label", False),
    ]
    assert "new here" not in error.problems[1].message


@pytest.mark.parametrize("override", ["scrambel.delay_s=5", "scrambel={delay_s = 5}"])
def test_a_mistyped_table_on_the_command_line_is_told_with_the_one_that_was_meant(override: str) -> None:
    """A single value of it, and all of it."""
    with pytest.raises(InputError, match=r'^--set: command\.stages\.scrambel.*, did you mean "scramble"\?$'):
        read("first-intercept", [f"command.stages.{override}"])


def test_overrides_are_checked_like_files() -> None:
    """A wrong name on the command line is told in the same words."""
    with pytest.raises(InputError) as caught:
        read("first-intercept", ["fighters.pairs.field-1.base=filed", "crew.bear.post=cokpit"])
    assert str(caught.value).splitlines() == [
        '--set: crew.bear.post: is "cokpit", which is no post, did you mean "cockpit"?',
        '--set: fighters.pairs.field-1.base: is "filed", which is no base, did you mean "field"?',
    ]


def test_an_override_that_makes_lines_of_the_file_wrong_is_named(tmp_path: Path) -> None:
    """What a window cuts off stands in the file, but the window comes from the command line."""
    override = "clock.start=2024-01-01T09:30:00+00:00"
    with pytest.raises(InputError) as caught:
        read("first-intercept", [override])
    named, *lines = str(caught.value).splitlines()
    assert named == f"--set: {override}: without this the file would have 1 error fewer"
    assert len(lines) == 1
    assert "intruders.bear.route.0.at: is 09:00:00, outside the window 09:30:00 to 10:30:00" in lines[0]


def test_an_override_is_not_named_for_what_is_wrong_without_it(tmp_path: Path) -> None:
    """A file that is wrong by itself, and an override that is told in its own place, need no such line."""
    file = tmp_path / "mine.toml"
    file.write_text('extends = "first-intercept"\ncentre.lat_deg = 90\n', encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read(file, ["clock.step_s=2", "zones.zone.owner=nobody"])
    assert [(p.file, p.path) for p in caught.value.problems] == [
        ("--set", "zones.zone.owner"),
        (str(file), "centre.lat_deg"),
    ]


def stage(after: str, delay_s: int = 1) -> str:
    """Write a stage that waits for one event."""
    return f'{{ post = "control", after_all = ["{after}"], delay_s = {delay_s} }}'


def test_stages_in_a_circle_are_told_with_the_circle(tmp_path: Path) -> None:
    """Stages that wait for one another would never begin."""
    error = wrong(
        tmp_path / "mine.toml",
        f"command.stages.a = {stage('b')}\ncommand.stages.b = {stage('c')}\ncommand.stages.c = {stage('a')}",
    )
    (problem,) = error.problems
    assert problem.path == "command.stages.a.after_all"
    assert problem.message == "waits for itself: a after b after c after a"


def test_a_stage_that_waits_for_itself_is_told(tmp_path: Path) -> None:
    """The smallest circle has one stage."""
    (problem,) = wrong(tmp_path / "mine.toml", f"command.stages.a = {stage('a')}").problems
    assert problem.message == "waits for itself: a after a"


def test_two_stages_may_end_in_one_event_without_a_circle(tmp_path: Path) -> None:
    """What another stage emits too may be waited for: it need not come from oneself."""
    file = tmp_path / "mine.toml"
    first = '{ post = "control", after_all = ["track"], delay_s = 1, emits = "done" }'
    second = '{ post = "control", after_all = ["done"], delay_s = 1, emits = "done" }'
    file.write_text(
        f'extends = "first-intercept"\ncommand.stages.a = {first}\ncommand.stages.b = {second}\n',
        encoding="utf-8",
    )
    assert set(read(file)[0].command.stages) >= {"a", "b"}


def test_a_file_elsewhere_extends_a_bundled_scenario_deep_inside(tmp_path: Path) -> None:
    """One number far down is changed, all its neighbours stay."""
    file = tmp_path / "slow.toml"
    file.write_text(
        'extends = "first-intercept.toml"\n[command.stages.scramble.delay_s]\nmedian = 300\np95 = 600\n',
        encoding="utf-8",
    )
    (mine, document), (bundled_one, _) = read(file), read("first-intercept")
    assert document.name == "slow"
    assert [path.name for path in document.files] == ["first-intercept.toml", "slow.toml"]
    changed, same = mine.model_dump(), bundled_one.model_dump()
    law = changed["command"]["stages"]["scramble"].pop("delay_s")
    assert law["median"] == 300
    del same["command"]["stages"]["scramble"]["delay_s"]
    assert changed == same


def test_a_chain_of_files_that_extend_each_other_ends_in_an_error(tmp_path: Path) -> None:
    """Two files that extend one another are told, with the circle."""
    (tmp_path / "one.toml").write_text('extends = "two.toml"\n', encoding="utf-8")
    (tmp_path / "two.toml").write_text('extends = "one.toml"\n', encoding="utf-8")
    with pytest.raises(InputError, match=r"two\.toml:1: extends: goes round in a circle"):
        read(tmp_path / "one.toml")


def test_a_table_may_be_named_source(tmp_path: Path) -> None:
    """The key `source` names documents only where it holds text; a zone may be named so."""
    file = tmp_path / "mine.toml"
    zone = '{ label = "S", kind = "station", lat_deg = 60.0, lon_deg = -31.0, radius_nmi = 5 }'
    file.write_text(f'extends = "first-intercept"\nzones.source = {zone}\n', encoding="utf-8")
    assert "source" in read(file)[0].zones


@pytest.mark.parametrize("source", ['"here"', '["assumption", "there"]'])
def test_a_source_is_a_document_or_an_assumption(tmp_path: Path, source: str) -> None:
    """Free text that is neither the id of a source nor begins with assumption or computed is refused."""
    text = f'[sources.here1]\ntitle = "A"\n[fighters.bases.field]\nsource = {source}'
    (problem,) = wrong(tmp_path / "mine.toml", text).problems
    assert problem.path == "fighters.bases.field.source"
    assert problem.line == 5


@pytest.mark.parametrize(
    ("text", "path", "words"),
    [
        ('[intruders.bear]\nlabel = "B\\u001b[2Jear"', "intruders.bear.label", "control character U+001B"),
        ('[centre]\nnote = "a bell \\u0007"', "centre.note", "control character U+0007"),
        (
            '[escalation]\nrungs = [{ name = "\\u0085", reached_by = ["track"] }]',
            "escalation.rungs.0.name",
            "U+0085",
        ),
        ('[scenario]\ntitle = ""', "scenario.title", "is blank"),
        ('[intruders.bear]\nlabel = " "', "intruders.bear.label", "is blank"),
    ],
)
def test_a_text_that_cannot_be_shown_is_refused(tmp_path: Path, text: str, path: str, words: str) -> None:
    """A terminal would obey a control character, an SVG is broken by it, and a blank name names nothing."""
    (problem,) = wrong(tmp_path / "mine.toml", text).problems
    assert (problem.path, problem.line) == (path, 3)
    assert words in problem.message


def test_texts_may_hold_tabs_lines_and_any_letters(tmp_path: Path) -> None:
    """A note of several lines, markup and letters of any script are text like any other."""
    text = '[intruders.bear]\nlabel = "<b>Медведь</b> 熊 \\u200d {x} $y$"\nnote = "one\\r\\n\\ttwo"'
    file = tmp_path / "mine.toml"
    file.write_text(f'extends = "first-intercept"\n{text}\n', encoding="utf-8")
    assert read(file)[0].intruders["bear"].label == "<b>Медведь</b> 熊 \u200d {x} $y$"


def test_a_start_without_its_offset_is_told_in_plain_words(tmp_path: Path) -> None:
    """The window begins at a time with its offset from UTC; the message shows one."""
    (problem,) = wrong(tmp_path / "mine.toml", "[clock]\nstart = 2024-01-01T09:00:00").problems
    assert "with its offset from UTC, such as 2019-07-23T06:00:00+09:00" in problem.message


def test_a_chain_without_a_radar_is_told_what_it_lacks() -> None:
    """Where no radar is, no link would help: the message asks for a radar."""
    with pytest.raises(InputError) as caught:
        read("first-intercept", ["sensing.radars={}"])
    wanted = {'is "track", of which no post learns; add [sensing.radars]'}
    wanted |= {
        f'is "enters:{zone}", of which no post learns; add [sensing.radars]'
        for zone in ("action-line", "zone")
    }
    assert {problem.message for problem in caught.value.problems if problem.file != "--set"} == wanted


def test_signals_and_kinds_name_everything_once() -> None:
    """The events of stages, calls, measures and hazards are known beside those of the model."""
    scenario, _ = read("first-intercept")
    assert act_kinds(scenario) == ["call", "block", "flares"]
    assert stage_events(scenario) == {
        "unidentified": ["control"],
        "scramble": ["control"],
        "flares-authorised": ["headquarters"],
    }
    assert kinds(scenario) == RECORDED | {
        *["call", "block", "flares", "unidentified", "scramble", "flares-authorised", "collision"]
    }
    known = signals(scenario)
    assert known["flares-authorised"] == ["headquarters"]
    assert known["enters:zone"] == ["control"]
    assert known["notices"] == ["cockpit"]


@pytest.mark.parametrize("name", BUNDLED)
def test_what_a_run_records_is_a_kind_that_the_scenario_names(name: str) -> None:
    """No event of a bundled scenario is of a kind that a fact, a hazard or a rung could not name."""
    scenario, _ = read(name)
    seen: set[str] = set()
    for replication in replications(scenario, 1, 3):
        records: list[Record] = list(replication.log)
        seen |= {record.kind for record in records}
    assert seen <= kinds(scenario)


@pytest.mark.parametrize("name", BUNDLED)
def test_a_bundled_scenario_reads_without_a_problem(name: str) -> None:
    """The bundled scenarios pass their own check."""
    scenario, document = read(name)
    assert document.name == name
    assert scenario.scenario.title


def holds_number(value: object) -> bool:
    """Tell whether a value is a number or a clock time, or an array or distribution of such."""
    if isinstance(value, bool):
        return False
    if isinstance(value, list):
        return any(holds_number(item) for item in value)
    if isinstance(value, Mapping):
        return "dist" in value
    return isinstance(value, int | float | time)


def sourceless(data: Mapping[str, Any], path: str = "", sourced: bool = False) -> Iterator[str]:
    """Yield each table that holds a number and has no source, neither itself nor around it."""
    sourced = sourced or "source" in data
    if not sourced and any(holds_number(value) for value in data.values()):
        yield path
    for key, value in data.items():
        inner = [value] if isinstance(value, Mapping) else value if isinstance(value, list) else []
        for item in inner:
            if isinstance(item, Mapping) and "dist" not in item:
                yield from sourceless(item, f"{path}.{key}".lstrip("."), sourced)


@pytest.mark.parametrize("name", BUNDLED)
def test_no_number_of_a_bundled_scenario_is_without_a_source(name: str) -> None:
    """Each table with a number says where it is from; only the window of time is the author's to choose."""
    data = load(name).data
    assert [path for path in sourceless(data) if path not in ("clock", "scenario")] == []


def test_the_search_for_numbers_without_a_source_finds_one() -> None:
    """A number deep in a table without a source is found, one below a source is not."""
    data = {"a": {"b": {"c_s": 1}}, "d": {"source": "assumption", "e": [{"f_s": {"dist": "uniform"}}]}}
    assert list(sourceless(data)) == ["a.b"]
    assert list(sourceless({"d": {"e": [{"f_s": {"dist": "uniform"}}]}})) == ["d.e"]


def plain(value: Any) -> Any:
    """Return TOML data as JSON holds it: times as text."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value.isoformat() if isinstance(value, datetime | date | time) else value


def test_the_schema_in_the_folder_is_the_one_of_this_program() -> None:
    """`scenarios/scenario.schema.json` is what `intercept schema` prints."""
    text = (bundled_folder() / "scenario.schema.json").read_text(encoding="utf-8")
    assert text == json.dumps(scenario_schema(Scenario), indent=1, ensure_ascii=False) + "\n"


def properties(node: object, path: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield every property of a schema with the path of its description, wherever it is nested."""
    if isinstance(node, Mapping):
        for name, inner in node.get("properties", {}).items():
            yield f"{path}.{name}", inner
        for key, inner in node.items():
            yield from properties(inner, f"{path}.{key}")
    elif isinstance(node, list):
        for inner in node:
            yield from properties(inner, path)


def test_every_key_of_a_scenario_says_what_it_means() -> None:
    """An editor shows a meaning for each key, and with it the unit of what has one."""
    found = dict(properties(scenario_schema(Scenario)))
    assert len(found) > 250
    assert [
        path for path, inner in found.items() if not inner.get("description", "").partition(" [")[0]
    ] == []
    units = {path.rpartition("_")[2] for path, inner in found.items() if "unit" in inner}
    assert units >= {"s", "km", "m", "nmi", "ft", "kt", "deg", "share"}
    assert all(
        inner["description"].endswith(f"[{inner['unit']}]") for inner in found.values() if "unit" in inner
    )


@pytest.mark.parametrize("name", BUNDLED)
def test_a_bundled_scenario_names_its_schema_and_fits_it(name: str) -> None:
    """The first line points editors to the schema beside it, and the file validates against that."""
    path = bundled()[name]
    assert path.read_text(encoding="utf-8").splitlines()[0] == "#:schema scenario.schema.json"
    schema = json.loads((path.parent / "scenario.schema.json").read_text(encoding="utf-8"))
    Draft4Validator.check_schema(schema)
    assert [error.message for error in Draft4Validator(schema).iter_errors(plain(load(name).data))] == []


def test_the_schema_refuses_what_the_check_refuses() -> None:
    """A negative delay and an unknown key do not fit the schema."""
    schema = scenario_schema(Scenario)
    data = plain(
        load("first-intercept", ["fighters.types.fighter.endurance_s=-1", "sides.west.colour=red"]).data
    )
    assert len(list(Draft4Validator(schema).iter_errors(data))) == 2
