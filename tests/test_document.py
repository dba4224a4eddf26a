"""A document knows where each value was written, extends others, takes overrides, and complains plainly."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from contextlib import suppress
from datetime import date, datetime, time, timedelta, timezone
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, model_validator

from sim import document
from sim.document import bundled, digest, dump, find, load, raise_all, validate
from sim.errors import InputError, InterceptError, Problem
from sim.spec import Name, Section, quantity
from sim.toml_lines import KeyPath, dotted, lines_of, split_assignment


class Lognormal(Section):
    """A long tail."""

    dist: Literal["lognormal"]
    median_s: float = quantity("the middle", gt=0)
    kind: str = ""


class Uniform(Section):
    """All alike."""

    dist: Literal["uniform"]
    low_s: float = quantity("the least", ge=0)
    high_s: float = quantity("the most", ge=0)

    @model_validator(mode="after")
    def _ordered(self) -> Uniform:
        if self.low_s > self.high_s:
            raise ValueError("low_s must not exceed high_s")
        return self


Law = Annotated[Lognormal | Uniform, Field(discriminator="dist")]
Delay = Annotated[float, Field(ge=0)] | Law


class Stage(Section):
    """A decision."""

    delay_s: Delay = Field(description="time from request to answer")
    calls: int = quantity("radio calls", ge=0, le=20, default=0)
    kind: Literal["standing", "asked"] = "asked"


class Waypoint(Section):
    """A place at a time."""

    at: time | None = None
    lat_deg: float = quantity("latitude", ge=-90, le=90, default=0)


class Scene(Section):
    """A tiny scenario."""

    start: datetime | None = None
    stages: Mapping[Name, Stage] = Field(default_factory=dict, description="decisions by name")
    route: tuple[Waypoint, ...] = Field(default=(), max_length=4)
    pair: tuple[float, float] | None = None
    law: Law | None = None


def write(folder: Path, name: str, text: str) -> Path:
    """Write a scenario file and return its path."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def complaints(path: Path, *overrides: str) -> list[str]:
    """Return the problems of a file as lines, without the folder."""
    with pytest.raises(InputError) as caught:
        validate(load(path, overrides), Scene)
    return [line.removeprefix(f"{path.parent}/") for line in str(caught.value).splitlines()]


def paths_of(value: object, at: KeyPath = ()) -> set[KeyPath]:
    """Return the path of everything inside a value."""
    items: list[tuple[str | int, object]] = []
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    return {(*at, key) for key, _ in items} | {
        path for key, item in items for path in paths_of(item, (*at, key))
    }


# Errors.


def test_a_problem_reads_where_what_and_what_was_wanted() -> None:
    """File, line, key and message come in the order in which a compiler gives them."""
    problem = Problem("a.toml", 41, "stages.fire.delay_s", "is -5, must be at least 0")
    assert str(problem) == "a.toml:41: stages.fire.delay_s: is -5, must be at least 0"
    assert str(Problem("a.toml", None, "", "is no file")) == "a.toml: is no file"
    assert str(Problem("", None, "", "nothing to do")) == "nothing to do"


def test_an_input_error_shows_each_problem_once_in_order() -> None:
    """Problems are sorted by file and line, and two checks that agree speak once."""
    late, early, other = (Problem("a", 10, "x", "m"), Problem("a", 9, "y", "m"), Problem("b", 1, "z", "m"))
    error = InputError([other, late, early, late])
    assert error.problems == [early, late, other]
    assert str(error) == "a:9: y: m\na:10: x: m\nb:1: z: m"
    assert isinstance(error, InterceptError)
    assert (InterceptError.exit_code, InputError.exit_code) == (1, 2)


# Lines.

TRICKY = '''\
# a comment with [brackets] and "quotes"
top = 1  # after a value
"quoted key" = """first
# no comment, ] no end
third"""
'lit.eral' = \'\'\'
a = 1
\'\'\'
dotted . "with space".x = [1, [2,
  3,  # a comment, with ] and a comma
  { inline.deep = "}]\\"", b = [ ] },
], """]
"""]
empty = {}
when = 1979-05-27 07:32:00Z
""= "empty key"
ends = """two quotes: """""
path = 'C:\\'

[table]  # header
[ other . 'sub.table' ]
k = 0x_not = 1
'''.replace("k = 0x_not = 1\n", "k = 0xff\n")

TRICKY_ITEMS = """\
[[flight]]
name = "one"
[[flight.route]]
at = 09:00:00
[[flight.route]]
at = 09:05:00
[flight.route.place]
lat_deg = 37.2
[[flight]]
[flight.crew]
route.note = "n"
[late.one]
[late]
two = true
"""


def test_every_key_of_a_tricky_text_is_found_on_its_line() -> None:
    """Comments, long texts, nested arrays, dotted and quoted keys do not lead the scanner astray."""
    lines = lines_of(TRICKY)
    assert set(lines) == paths_of(tomllib.loads(TRICKY))
    expected: dict[KeyPath, int] = {
        ("top",): 2,
        ("quoted key",): 3,
        ("lit.eral",): 6,
        ("dotted",): 9,
        ("dotted", "with space", "x"): 9,
        ("dotted", "with space", "x", 1, 0): 9,
        ("dotted", "with space", "x", 1, 1): 10,
        ("dotted", "with space", "x", 1, 2, "inline", "deep"): 11,
        ("dotted", "with space", "x", 2): 12,
        ("when",): 15,
        ("",): 16,
        ("path",): 18,
        ("table",): 20,
        ("other", "sub.table", "k"): 22,
    }
    assert {path: lines[path] for path in expected} == expected


def test_arrays_of_tables_count_their_items() -> None:
    """A header below an array of tables belongs to its last item; a late header is where its table is."""
    lines = lines_of(TRICKY_ITEMS)
    assert set(lines) == paths_of(tomllib.loads(TRICKY_ITEMS))
    assert lines["flight", 0] == 1
    assert lines["flight", 0, "route", 1, "at"] == 6
    assert lines["flight", 0, "route", 1, "place", "lat_deg"] == 8
    assert lines["flight", 1] == 9
    assert lines["flight", 1, "crew", "route", "note"] == 11
    assert (lines["late",], lines["late", "one"]) == (13, 12)


def test_line_ends_of_windows_change_no_line() -> None:
    """The same text with CRLF has its keys on the same lines."""
    assert lines_of(TRICKY.replace("\n", "\r\n")) == lines_of(TRICKY)


KEYS = st.text(st.characters(exclude_categories=["Cs"]), max_size=4) | st.sampled_from(
    ["a", "b", "a.b", '"', "#"]
)
SCALARS = (
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
    | st.sampled_from(["]", "}", "a\n#b\n", '"""', "'''", "\\", '""', "\r\n\r\n", "=\n["])
    | st.times().map(lambda it: it.replace(tzinfo=None))
    | st.dates()
    | st.datetimes(timezones=st.none() | st.just(timezone(timedelta(hours=9))))
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
TABLES = st.dictionaries(KEYS, VALUES, max_size=5)


@given(TABLES, st.booleans())
def test_every_key_of_any_text_is_found(table: dict[str, Any], multiline: bool) -> None:
    """The scanner finds exactly the keys that the parser finds, whatever is written."""
    import tomli_w

    text = tomli_w.dumps(table, multiline_strings=multiline)
    lines = lines_of(text)
    assert set(lines) == paths_of(tomllib.loads(text))
    last = text.replace("\r\n", "\n").count("\n") + 1
    assert all(1 <= line <= last for line in lines.values())


@given(st.lists(KEYS, min_size=1, max_size=4))
def test_a_dotted_key_is_split_as_it_was_joined(parts: list[str]) -> None:
    """What an error prints as a key can be typed as the key of an override."""
    assert split_assignment(f"{dotted(tuple(parts))} = 1") == (parts, "1")


# Reading.


def test_a_document_holds_the_plain_data(tmp_path: Path) -> None:
    """Times stay times, and the name is that of the file."""
    path = write(tmp_path, "one.toml", "start = 2019-07-23T06:00:00+09:00\nend = 11:00:00\n")
    read = load(path)
    seoul = timezone(timedelta(hours=9))
    assert read.data == {"start": datetime(2019, 7, 23, 6, tzinfo=seoul), "end": time(11)}
    assert (read.name, read.files) == ("one", (path,))


def test_a_byte_order_mark_is_no_error(tmp_path: Path) -> None:
    """A file saved with an invisible mark in front is read as it looks."""
    path = tmp_path / "one.toml"
    path.write_bytes(b"\xef\xbb\xbfa = 1\r\nb = true\r\n")
    assert load(path).data == {"a": 1, "b": True}
    assert load(path).where(("b",))[1] == 2


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a = 1\nb = 09:10\n", 2, "hh:mm:ss"),
        ("a = 1\na = 2\n", 2, "keep one of the two"),
        ("[a]\nb = 1\n[a]\nc = 2\n", 3, "keep one header"),
        ("a = north\n", 1, "needs quotes"),
        ("a = [1, 2\n\n", 1, "closing bracket"),
        ("x = 1\nzones kadiz\n", 2, "key = value"),
        ("a = 'b\n", 1, "stays on one line"),
        ("a = {b = 1}\na.c = 2\n", 2, "between the braces"),
        ("a = 1 2\n", 1, "one value a line"),
        ("[a\n", 1, "is not TOML"),
    ],
)
def test_a_slip_in_toml_is_shown_on_its_line_with_advice(
    tmp_path: Path, text: str, line: int, words: str
) -> None:
    """The parser's complaint is kept, and the next move stands beside it."""
    path = write(tmp_path, "bad.toml", text)
    with pytest.raises(InputError) as caught:
        load(path)
    (problem,) = caught.value.problems
    assert (problem.file, problem.line) == (str(path), line)
    assert problem.message.startswith("is not TOML")
    assert words in problem.message


def test_what_cannot_be_read_is_an_input_error(tmp_path: Path) -> None:
    """Bytes that are no text, and arrays without end, never end in a traceback."""
    (tmp_path / "bytes.toml").write_bytes(b"a = '\xff'\n")
    with pytest.raises(InputError, match="not UTF-8"):
        load(tmp_path / "bytes.toml")
    write(tmp_path, "deep.toml", "a = " + "[" * 5000 + "]" * 5000)
    with pytest.raises(InputError, match="too deeply"):
        load(tmp_path / "deep.toml")


def test_a_file_below_the_working_folder_is_shown_from_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Errors name a file as its reader would type it."""
    path = write(tmp_path, "one.toml", "a = 1\n")
    assert load(path).where(("a",)) == (str(path), 1)
    monkeypatch.chdir(tmp_path)
    assert load(path).where(("a",)) == ("one.toml", 1)


# Bundled scenarios.


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put three bundled scenarios in place of the real ones."""
    folder = tmp_path / "scenarios"
    folder.mkdir()
    write(folder, "winter.toml", "a = 1\nb = {c = 1, d = 2}\n")
    write(folder, "summer.toml", 'extends = "winter"\na = 3\n')
    write(folder, "autumn-calm.toml", "a = 4\n")
    monkeypatch.setattr(document, "bundled_folder", lambda: folder)
    return folder


def test_bundled_scenarios_go_by_name(shelf: Path) -> None:
    """The ending may be left out, and the names come in order."""
    assert list(bundled()) == ["autumn-calm", "summer", "winter"]
    assert find("winter") == find("winter.toml") == shelf / "winter.toml"
    assert load("summer").data == {"a": 3, "b": {"c": 1, "d": 2}}


def test_a_file_goes_before_a_bundled_scenario(shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One's own file of the same name is meant, but a folder of that name is not."""
    monkeypatch.chdir(shelf.parent)
    write(shelf.parent, "winter.toml", "a = 9\n")
    (shelf.parent / "summer").mkdir()
    assert find("winter.toml") == Path("winter.toml")
    assert find("summer") == shelf / "summer.toml"


def test_an_unknown_scenario_is_answered_with_the_nearest_and_all(shelf: Path) -> None:
    """A slip in the name costs one look."""
    with pytest.raises(InputError) as caught:
        find("wintre")
    assert str(caught.value) == (
        'wintre: is no file and no bundled scenario, did you mean "winter"? '
        "the bundled ones are: autumn-calm, summer, winter"
    )
    with pytest.raises(InputError, match="is a folder and no bundled scenario, the bundled ones are"):
        find(shelf.parent)


def test_the_real_bundled_folder_is_beside_the_package() -> None:
    """In the source tree the scenarios stand at the top level."""
    folder = document.bundled_folder()
    assert folder.name == "scenarios"
    assert folder.parent in (Path(document.__file__).parent, Path(document.__file__).parent.parent)


# Extending.

BASE = """\
a = 1
list = [1, 2, 3]

[stages.fire]
calls = 3
delay_s = { dist = "lognormal", median_s = 5 }

[stages.look]
delay_s = 1
"""

CHILD = """\
extends = "base.toml"
list = [9]

[stages.fire]
calls = 4

[stages.new]
delay_s = 2
"""


def test_tables_merge_and_all_else_replaces(tmp_path: Path) -> None:
    """A child keeps what it does not name; an array is not mixed with its parent's."""
    write(tmp_path, "base.toml", BASE)
    read = load(write(tmp_path, "child.toml", CHILD))
    assert read.data == {
        "a": 1,
        "list": [9],
        "stages": {
            "fire": {"calls": 4, "delay_s": {"dist": "lognormal", "median_s": 5}},
            "look": {"delay_s": 1},
            "new": {"delay_s": 2},
        },
    }
    assert [file.name for file in read.files] == ["base.toml", "child.toml"]
    assert read.name == "child"


def test_each_value_is_shown_where_it_was_written(tmp_path: Path) -> None:
    """A value of the parent is on the parent's line, one of the child on the child's."""
    write(tmp_path, "base.toml", BASE)
    read = load(write(tmp_path, "child.toml", CHILD), ["stages.look.delay_s=7", "list.0=8"])

    def shown(*path: str | int) -> tuple[str, int | None]:
        file, line = read.where(path)
        return Path(file).name, line

    assert shown("a") == ("base.toml", 1)
    assert shown("list") == ("child.toml", 2)
    assert shown("stages", "fire", "calls") == ("child.toml", 5)
    assert shown("stages", "fire", "delay_s", "median_s") == ("base.toml", 6)
    assert shown("stages", "new", "delay_s") == ("child.toml", 8)
    assert shown("stages", "new", "absent", "below") == ("child.toml", 7)
    assert shown("stages", "look") == ("base.toml", 8)
    assert shown("stages", "look", "delay_s") == shown("list", 0) == ("--set", None)
    assert shown("absent") == ("child.toml", None)


def test_another_distribution_replaces_the_whole_table(tmp_path: Path) -> None:
    """The parameters of one distribution mean nothing to another; those of the same one are kept."""
    write(tmp_path, "base.toml", BASE)
    other = '[stages.fire]\ndelay_s = { dist = "uniform", low_s = 1, high_s = 2 }\n'
    read = load(write(tmp_path, "other.toml", f'extends = "base"\n{other}'))
    assert read.data["stages"]["fire"]["delay_s"] == {"dist": "uniform", "low_s": 1, "high_s": 2}
    read = load(write(tmp_path, "same.toml", 'extends = "base"\nstages.fire.delay_s.median_s = 6\n'))
    assert read.data["stages"]["fire"]["delay_s"] == {"dist": "lognormal", "median_s": 6}


def test_a_child_leaves_its_parents_data_alone(tmp_path: Path) -> None:
    """Loading the parent after the child gives the parent."""
    base = write(tmp_path, "base.toml", BASE)
    load(write(tmp_path, "child.toml", CHILD), ["stages.fire.calls=9"])
    assert load(base).data == tomllib.loads(BASE)


def test_extending_finds_a_neighbour_first_and_then_a_bundled_scenario(shelf: Path) -> None:
    """A bundled scenario can be extended from anywhere, even by a file of its own name."""
    mine = shelf.parent
    assert load(write(mine, "mine.toml", 'extends = "winter.toml"\n')).data["a"] == 1
    assert load(write(mine, "winter.toml", 'extends = "winter.toml"\na = 5\n')).data == {
        "a": 5,
        "b": {"c": 1, "d": 2},
    }
    assert load(mine / "mine.toml").data["a"] == 5


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('\nextends = "bse"\n', '2: extends: is "bse", is no file and no bundled scenario'),
        ("extends = 3\n", "1: extends: must be the name of one scenario, in quotes"),
        ('extends = "one.toml"\n', "1: extends: goes round in a circle: one.toml -> one.toml"),
        ('extends = "two"\n', "2: extends: goes round in a circle: one.toml -> two.toml -> one.toml"),
    ],
)
def test_a_wrong_parent_is_an_input_error(tmp_path: Path, text: str, words: str) -> None:
    """A missing parent and a circle are told on the line of `extends`."""
    write(tmp_path, "two.toml", '# two\nextends = "one"\n')
    with pytest.raises(InputError) as caught:
        load(write(tmp_path, "one.toml", text))
    assert words in str(caught.value)


# Overrides.

SCENE = """\
[stages.fire]
delay_s = 5
kind = "asked"

[[route]]
at = 09:00:00

[[route]]
at = 09:05:00
"""


def test_an_override_is_a_toml_value_or_a_word(tmp_path: Path) -> None:
    """Numbers, times, tables and quoted texts are TOML; a bare word needs no quotes."""
    path = write(tmp_path, "scene.toml", SCENE)
    data = load(
        path,
        [
            "stages.fire.delay_s=-7.5",
            "stages.fire.kind = standing",
            "route.1.at=09:10:00",
            'stages.fire.note="a = b # c"',
            "stages.fire.table={ x = [1, 2] }",
            "zone=two words",
            "route.0={ lat_deg = 37 }",
            "route.0.lat_deg=38",
        ],
    ).data
    assert data == {
        "stages": {
            "fire": {"delay_s": -7.5, "kind": "standing", "note": "a = b # c", "table": {"x": [1, 2]}}
        },
        "route": [{"lat_deg": 38}, {"at": time(9, 10)}],
        "zone": "two words",
    }


def test_all_wrong_overrides_are_told_at_once(tmp_path: Path) -> None:
    """Each override without a place gets a line with the nearest key or the keys there are."""
    path = write(tmp_path, "scene.toml", SCENE)
    with pytest.raises(InputError) as caught:
        load(
            path,
            [
                "stagse.fire.delay_s=1",
                "stages.zzz.delay_s=1",
                "route.2.at=09:00:00",
                "route.x=1",
                "stages.fire.delay_s.median_s=1",
                "stages.fire.delay_s",
                "stages.fire.kind=",
                "stages.fire.delay_s=[1",
                'stages.fire.note="a"\nroute=1',
                "stages.fire.calls=1",
            ],
        )
    assert set(str(caught.value).splitlines()) == {
        '--set: stagse.fire.delay_s: the scenario has no "stagse", did you mean "stages"?',
        '--set: stages.zzz.delay_s: stages has no "zzz"; it has fire',
        '--set: route.2.at: "2" is no item of route; wanted a position from 0 to 1',
        '--set: route.x: "x" is no item of route; wanted a position from 0 to 1',
        '--set: stages.fire.delay_s.median_s: stages.fire.delay_s is a single value and has no "median_s"',
        '--set: "stages.fire.delay_s" is not of the form path.to.key=value',
        "--set: stages.fire.kind: has no value after the equals sign",
        "--set: stages.fire.delay_s: [1 is not a TOML value: Unclosed array",
        "--set: stages.fire.note: holds more than one value",
    }


def test_a_wrong_value_in_an_override_is_shown_as_such(tmp_path: Path) -> None:
    """The check of values names the option, not a line of a file that says otherwise."""
    path = write(tmp_path, "scene.toml", SCENE)
    assert complaints(path, "stages.fire.delay_s=-5") == [
        "--set: stages.fire.delay_s: is -5, must be at least 0"
    ]
    assert complaints(path, "stages.fire.delya_s=5") == [
        '--set: stages.fire.delya_s: unknown key, did you mean "delay_s"?'
    ]


# Checking.


def test_a_good_document_becomes_a_record(tmp_path: Path) -> None:
    """Validation gives the model's own types."""
    scene = validate(load(write(tmp_path, "scene.toml", SCENE)), Scene)
    assert scene.stages["fire"].delay_s == 5
    assert scene.route[1].at == time(9, 5)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[stages.fire]\ndelay_s = -5\n", "2: stages.fire.delay_s: is -5, must be at least 0"),
        ("[stages.fire]\ndelay_s = 1\ncalls = 21\n", "3: stages.fire.calls: is 21, must be at most 20"),
        ("[stages.fire]\ndelay_s = 1\ncalls = 2.5\n", "3: stages.fire.calls: is 2.5, must be a whole number"),
        (
            "[stages.fire]\ndelay_s = 1\ncalls = true\n",
            "3: stages.fire.calls: is true, must be a whole number",
        ),
        ("[stages.fire]\n", "1: stages.fire.delay_s: is missing; wanted time from request to answer [s]"),
        (
            "[stages.fire]\ndeley_s = 1\ndelay_s = 1\n",
            '2: stages.fire.deley_s: unknown key, did you mean "delay_s"?',
        ),
        (
            "[stages.fire]\ndelay_s = 1\nxyz = 1\n",
            "3: stages.fire.xyz: unknown key; the keys here are calls, delay_s, kind, note, source",
        ),
        ("stagse = 1\n", '1: stagse: unknown key, did you mean "stages"?'),
        (
            '[stages.fire]\ndelay_s = 1\nkind = "standign"\n',
            '3: stages.fire.kind: is "standign", must be one of "standing", "asked", '
            'did you mean "standing"?',
        ),
        (
            "[stages.fire]\ndelay_s = 1\nkind = 3\n",
            '3: stages.fire.kind: is 3, must be one of "standing", "asked"',
        ),
        ('[stages.fire]\ndelay_s = "5"\n', '2: stages.fire.delay_s: is "5", must be a number or a table'),
        ("[stages.fire]\ndelay_s = nan\n", "2: stages.fire.delay_s: is nan, must be a finite number"),
        ("stages = 5\n", "1: stages: is 5, must be a table"),
        ("[stages]\nfire = 5\n", "2: stages.fire: is 5, must be a table"),
        (
            '[stages."Fire 1"]\ndelay_s = 1\n',
            '1: stages."Fire 1": name "Fire 1" must consist of lower case letters, digits and hyphens, '
            'for example "fire-1"',
        ),
        (
            '[stages.fire]\ndelay_s = { dist = "unifrm", low_s = 1 }\n',
            '2: stages.fire.delay_s.dist: is "unifrm", must be one of "lognormal", "uniform", '
            'did you mean "uniform"?',
        ),
        (
            "[stages.fire]\ndelay_s = { low_s = 1 }\n",
            '2: stages.fire.delay_s.dist: is missing; must be one of "lognormal", "uniform"',
        ),
        (
            '[stages.fire]\ndelay_s = { dist = "uniform", lw_s = 1, low_s = 1, high_s = 2 }\n',
            '2: stages.fire.delay_s.lw_s: unknown key, did you mean "low_s"?',
        ),
        (
            '[stages.fire]\ndelay_s = { dist = "uniform", median_s = 1, low_s = 1, high_s = 2 }\n',
            "2: stages.fire.delay_s.median_s: unknown key; "
            "the keys here are dist, high_s, low_s, note, source",
        ),
        (
            '[stages.fire]\ndelay_s = { dist = "uniform", low_s = 3, high_s = 2 }\n',
            "2: stages.fire.delay_s: low_s must not exceed high_s",
        ),
        (
            '[law]\ndist = "lognormal"\nmedian_s = 0\n',
            "3: law.median_s: is 0, must be more than 0",
        ),
        ('[law]\ndist = "lognormal"\n', "1: law.median_s: is missing; wanted the middle [s]"),
        ("[law]\ndist = 3\n", '2: law.dist: is 3, must be one of "lognormal", "uniform"'),
        (
            '[[route]]\nat = "09:10:00"\n',
            '2: route.0.at: is "09:10:00", must be a clock time such as 09:10:00, without quotes',
        ),
        (
            "route = [\n  { lat_deg = 1 },\n  { lat_deg = 91 },\n]\n",
            "3: route.1.lat_deg: is 91, must be at most 90",
        ),
        ("route = [{}, {}, {}, {}, {}]\n", "1: route: has 5 items, must have at most 4"),
        ("pair = [1]\n", "1: pair.1: is missing"),
        ("pair = [1, 2, 3]\n", "1: pair: has 3 items, must have at most 2"),
        (
            "start = 06:00:00\n",
            "1: start: is 06:00:00, must be a date and time such as 2019-07-23T06:00:00+09:00",
        ),
        (
            f"note = 1\n[stages.fire]\ndelay_s = 1\nkind = '{'x' * 99}'",
            f'4: stages.fire.kind: is "{"x" * 60}…", must',
        ),
    ],
)
def test_a_mismatch_is_told_in_plain_words(tmp_path: Path, text: str, expected: str) -> None:
    """Each says the line, the dotted key, what came, what was wanted, and what was probably meant."""
    lines = complaints(write(tmp_path, "bad.toml", text))
    assert lines[-1].startswith(f"bad.toml:{expected}")
    assert len(lines) == (2 if text.startswith("note") else 1)


def test_a_key_named_like_a_member_of_a_union_is_not_taken_for_it(tmp_path: Path) -> None:
    """`uniform` may be the tag of a distribution and also a key in its table."""
    text = '[law]\ndist = "uniform"\nuniform = { low_s = 5 }\nlow_s = -1\nhigh_s = 1\n'
    assert complaints(write(tmp_path, "bad.toml", text)) == [
        "bad.toml:3: law.uniform: unknown key; the keys here are dist, high_s, low_s, note, source",
        "bad.toml:4: law.low_s: is -1, must be at least 0",
    ]


def test_all_mismatches_of_a_file_are_told_at_once_in_order(tmp_path: Path) -> None:
    """One run of the check shows everything, also what the parent of the file got wrong."""
    write(tmp_path, "base.toml", "[stages.fire]\ncalls = -1\n")
    path = write(tmp_path, "child.toml", 'extends = "base"\n[stages.look]\ndelay_s = -2\nx = 1\n[other]\n')
    assert complaints(path) == [
        "base.toml:1: stages.fire.delay_s: is missing; wanted time from request to answer [s]",
        "base.toml:2: stages.fire.calls: is -1, must be at least 0",
        "child.toml:3: stages.look.delay_s: is -2, must be at least 0",
        "child.toml:4: stages.look.x: unknown key; the keys here are calls, delay_s, kind, note, source",
        "child.toml:5: other: unknown key; the keys here are law, note, pair, route, source, stages, start",
    ]


@given(TABLES)
def test_no_document_ends_in_another_error(table: dict[str, Any]) -> None:
    """Whatever stands in a file, the check either passes or says where and why."""
    keys = {"stages": table, "law": table, "route": [table], "pair": list(table.values())}
    read = document.Document(keys, "any", (), *_nowhere())
    with suppress(InputError):
        validate(read, Scene)


def _nowhere() -> tuple[Any, Any]:
    layer = document._Layer("any.toml", "", {})
    return document._Owner(layer), layer


def test_findings_of_cross_checks_are_placed_like_all_others(tmp_path: Path) -> None:
    """A chapter gives path and message; the file and line are looked up."""
    path = write(tmp_path, "scene.toml", SCENE)
    read = load(path)
    raise_all(read, [])
    with pytest.raises(InputError) as caught:
        raise_all(
            read, [(("route", 1, "at"), "is before the start"), (("stages", "fire", "post"), "is unknown")]
        )
    assert str(caught.value) == (
        f"{path}:1: stages.fire.post: is unknown\n{path}:9: route.1.at: is before the start"
    )


# Writing.


@given(TABLES)
def test_what_is_dumped_reads_back_equal(table: dict[str, Any]) -> None:
    """A resolved scenario survives being written, with its types."""

    def shape(value: object) -> object:
        if isinstance(value, dict):
            return {key: shape(item) for key, item in value.items()}
        return [shape(item) for item in value] if isinstance(value, list) else (type(value), value)

    assert shape(tomllib.loads(dump(table))) == shape(table)


def test_a_dump_is_readable() -> None:
    """Tables have headers and times have no quotes."""
    text = dump({"a": 1, "stages": {"fire": {"at": time(9, 10), "day": date(2019, 7, 23)}}})
    assert text == "a = 1\n\n[stages.fire]\nat = 09:10:00\nday = 2019-07-23\n"


# Digests.

DATA: dict[str, Any] = {
    "scenario": {"title": "t", "summary": "s"},
    "sources": {"kbs1": {"url": "u"}},
    "facts": {"f": {"value": 3}},
    "stages": {"fire": {"delay_s": 5, "label": "Fire", "source": "kbs1", "note": "n"}},
    "route": [{"at": time(9), "note": "x"}],
}


def changed(*path: str | int, to: object) -> dict[str, Any]:
    """Return a copy of the data with one value changed."""
    import copy

    data = copy.deepcopy(DATA)
    node: Any = data
    for part in path[:-1]:
        node = node[part]
    node[path[-1]] = to
    return data


@pytest.mark.parametrize(
    "same",
    [
        changed("scenario", "title", to="other"),
        changed("sources", to={}),
        changed("facts", "f", "value", to=4),
        changed("stages", "fire", "source", to=["kbs1", "assumption"]),
        changed("stages", "fire", "label", to="Authority"),
        changed("route", 0, "note", to="y"),
        changed("stages", "fire", "delay_s", to=5.0),
        dict(reversed(DATA.items())),
    ],
)
def test_words_do_not_change_the_digest(same: dict[str, Any]) -> None:
    """Texts for people, facts, sources, the order of keys and 5.0 for 5 leave it as it was."""
    assert digest(same) == digest(DATA)
    assert len(digest(DATA)) == 12
    assert int(digest(DATA), 16) >= 0


@pytest.mark.parametrize(
    "other",
    [
        changed("stages", "fire", "delay_s", to=5.1),
        changed("stages", "fire", "delay_s", to=True),
        changed("route", 0, "at", to=time(9, 0, 1)),
        changed("route", 0, "at", to="09:00:00"),
        changed("stages", "note", to={"delay_s": 1}),
        changed("stages", "fire", "facts", to=1),
        changed("route", to=[]),
    ],
)
def test_whatever_a_run_reads_changes_the_digest(other: dict[str, Any]) -> None:
    """A number, a type, a time, and a table that is only named like a text change it."""
    assert digest(other) != digest(DATA)


def test_reading_documents_does_not_load_pydantic() -> None:
    """Help and lists of scenarios need not wait for the machinery of the checks."""
    import subprocess
    import sys

    code = "import sys, sim.document, sim.errors; sys.exit('pydantic' in sys.modules)"
    top = Path(document.__file__).parent.parent
    assert subprocess.run([sys.executable, "-c", code], cwd=top, check=False).returncode == 0
