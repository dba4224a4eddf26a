"""Run folders: what is written is read back, whole or not at all, and never over something else."""

from __future__ import annotations

import csv
import json
import math
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim import store
from sim.document import Document, digest, load
from sim.draws import Uniforms
from sim.errors import InputError
from sim.run import prepare, replicate
from sim.scenario import parse, read

OVERRIDE = "crew.bear.turns_share.flares=1.0"


def recorded(seed: int = 3, number: int = 2, *overrides: str) -> tuple[store.Recorded, Document]:
    """Run one replication of first-intercept."""
    scenario, document = read("first-intercept", [OVERRIDE, *overrides])
    return store.record(replicate(prepare(scenario), Uniforms(seed), number), document), document


@pytest.fixture(scope="module")
def made() -> tuple[store.Recorded, Document]:
    """Return one recorded replication and its document."""
    return recorded()


@pytest.fixture
def folder(tmp_path: Path, made: tuple[store.Recorded, Document]) -> Path:
    """Return a run folder."""
    store.write(*made, tmp_path / "run")
    return tmp_path / "run"


def contents(folder: Path) -> dict[str, bytes]:
    """Return the bytes of all files of a folder by name."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def message(call: Any, *args: Any, **kwargs: Any) -> str:
    """Return what an InputError of a call says."""
    with pytest.raises(InputError) as caught:
        call(*args, **kwargs)
    return str(caught.value)


def test_what_was_written_is_read_back_equal(made: tuple[store.Recorded, Document], folder: Path) -> None:
    """Scenario, manifest, events, outcomes, facts and rungs come back equal; places to a few metres."""
    one, back = made[0], store.read(folder)
    assert back.scenario == one.scenario
    assert back.manifest == one.manifest
    assert back.events == one.events
    assert back.outcomes == one.outcomes
    assert (back.reported, back.rungs) == (one.reported, one.rungs)
    assert list(back.ways) == list(one.ways)
    for name, way in one.ways.items():
        again = back.ways[name]
        assert (again.kind, again.side) == (way.kind, way.side)
        assert np.array_equal(again.step, way.step)
        # Five places of a degree are 1.1 m of latitude.
        assert np.allclose(again.lat_deg, way.lat_deg, rtol=0, atol=1e-5)
        assert np.allclose(again.lon_deg, way.lon_deg, rtol=0, atol=1e-5)
        assert np.allclose(again.altitude_ft, way.altitude_ft, rtol=0, atol=0.5, equal_nan=True)


def test_a_folder_holds_exactly_its_files(folder: Path) -> None:
    """Five files, nothing hidden, and nothing beside the folder."""
    assert sorted(path.name for path in folder.iterdir()) == sorted(store.FILES)
    assert [path.name for path in folder.parent.iterdir()] == ["run"]


def test_the_same_run_writes_the_same_bytes(
    made: tuple[store.Recorded, Document], folder: Path, tmp_path: Path
) -> None:
    """Scenario, seed and replication settle every byte; another seed gives other events."""
    store.write(*recorded(), tmp_path / "again")
    assert contents(tmp_path / "again") == contents(folder)
    store.write(*recorded(4), tmp_path / "other")
    assert (tmp_path / "other" / "events.jsonl").read_bytes() != (folder / "events.jsonl").read_bytes()


def test_the_scenario_in_the_folder_gives_the_same_run_again(folder: Path) -> None:
    """The resolved scenario has the hash of the manifest, overrides included, and the same events."""
    document = load(folder / "scenario.toml")
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert digest(document.data) == manifest["hash"]
    assert document.data["crew"]["bear"]["turns_share"]["flares"] == 1.0
    again = replicate(prepare(parse(document)), Uniforms(manifest["seed"]), manifest["replication"])
    assert "".join(f"{line}\n" for line in again.log.lines()) == (folder / "events.jsonl").read_text(
        encoding="utf-8"
    )


def test_the_manifest_says_what_the_run_was_made_of(folder: Path) -> None:
    """Format, scenario, hash, seed, replication, clock, versions and checksums stand in the manifest."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert list(manifest) == [
        *["format", "scenario", "hash", "seed", "replication", "step_s", "start", "versions", "checksums"]
    ]
    assert (manifest["format"], manifest["scenario"]) == (1, "first-intercept")
    assert (manifest["seed"], manifest["replication"]) == (3, 2)
    assert (manifest["step_s"], manifest["start"]) == (1, "2024-01-01T09:00:00+00:00")
    assert list(manifest["versions"]) == list(store.PACKAGES)
    assert list(manifest["checksums"]) == list(store.SUMMED)


def test_ways_hold_a_place_every_ten_seconds_and_at_each_change(
    made: tuple[store.Recorded, Document], folder: Path
) -> None:
    """A flight's way runs from its first to its last step; a pair's from take-off to landing."""
    with (folder / "tracks.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert {row["kind"] for row in rows} == {"flight", "pair"}
    for name, way in made[0].ways.items():
        assert [int(row["step"]) for row in rows if row["name"] == name] == way.step.tolist()
        assert (np.diff(way.step) > 0).all()
        assert (np.diff(way.step) <= store.TRACK_EVERY_S).all()
    bear = made[0].ways["bear"]
    appears = next(event["step"] for event in made[0].events if event["kind"] == "appears")
    assert bear.step[0] == appears
    assert not np.isnan(bear.altitude_ft).any()


def test_a_pair_is_where_its_flight_is_while_it_is_beside_it(made: tuple[store.Recorded, Document]) -> None:
    """Between joining and parting the way of a pair is the flight's."""
    events, ways = made[0].events, made[0].ways
    joined = next(event for event in events if event["kind"] == "joined")
    parts = next(e for e in events if e["kind"] == "parts" and e["who"] == joined["who"])
    places = {
        name: {int(k): (lat, lon) for k, lat, lon in zip(w.step, w.lat_deg, w.lon_deg, strict=True)}
        for name, w in ways.items()
    }
    both = [
        k
        for k in places[joined["who"]]
        if joined["step"] <= k <= parts["step"] and k in places[joined["about"]]
    ]
    assert len(both) > 10
    for k in both:
        assert places[joined["who"]][k] == pytest.approx(places[joined["about"]][k], abs=1e-9)


def test_a_pair_that_is_not_beside_anyone_has_no_altitude(made: tuple[store.Recorded, Document]) -> None:
    """The model knows no altitude of a pair on its way, so none is invented."""
    joined = next(event for event in made[0].events if event["kind"] == "joined")
    way = made[0].ways[joined["who"]]
    on_its_way = way.step < joined["step"] - 400
    assert on_its_way.any()
    assert np.isnan(way.altitude_ft[on_its_way]).all()


def test_a_folder_that_is_there_is_left_alone(made: tuple[store.Recorded, Document], folder: Path) -> None:
    """Without force nothing is replaced, and nothing is left beside it."""
    before = contents(folder)
    assert "already exists; choose another folder, or --force" in message(store.write, *recorded(9), folder)
    assert contents(folder) == before
    assert [path.name for path in folder.parent.iterdir()] == ["run"]


def test_force_replaces_a_run_and_nothing_else(folder: Path, tmp_path: Path) -> None:
    """Force takes the place of a run folder whole; a folder or file of anything else stays."""
    store.write(*recorded(9), folder, force=True)
    assert store.read(folder).manifest["seed"] == 9
    assert sorted(path.name for path in folder.iterdir()) == sorted(store.FILES)
    other = tmp_path / "thesis"
    other.mkdir()
    (other / "chapter.txt").write_text("mine", encoding="utf-8")
    assert "is no run folder, so --force does not replace it" in message(
        store.write, *recorded(9), other, force=True
    )
    assert contents(other) == {"chapter.txt": b"mine"}
    file = tmp_path / "file"
    file.write_text("mine", encoding="utf-8")
    assert "is no run folder" in message(store.write, *recorded(9), file, force=True)
    assert file.read_text(encoding="utf-8") == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "run", "thesis"]


def test_an_empty_folder_is_used_and_missing_parents_are_made(
    made: tuple[store.Recorded, Document], tmp_path: Path
) -> None:
    """What would lose nothing is allowed."""
    (tmp_path / "empty").mkdir()
    store.write(*made, tmp_path / "empty")
    store.write(*made, tmp_path / "a" / "b" / "run")
    assert store.read(tmp_path / "empty").events == store.read(tmp_path / "a" / "b" / "run").events


def test_a_link_to_a_folder_is_followed(made: tuple[store.Recorded, Document], folder: Path) -> None:
    """Force through a link replaces the run that the link leads to."""
    link = folder.parent / "link"
    link.symlink_to(folder)
    store.write(*recorded(9), link, force=True)
    assert link.is_symlink()
    assert store.read(folder).manifest["seed"] == 9


@pytest.mark.parametrize("fails_at", range(len(store.FILES)))
def test_a_folder_appears_whole_or_not_at_all(
    made: tuple[store.Recorded, Document], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails_at: int
) -> None:
    """When the disk is full at any of the files, nothing is left behind."""
    write_text, count = Path.write_text, [0]

    def failing(path: Path, *args: Any, **kwargs: Any) -> int:
        count[0] += 1
        if count[0] > fails_at:
            raise OSError(28, "No space left on device")
        return write_text(path, *args, **kwargs)

    monkeypatch.setattr(Path, "write_text", failing)
    text = message(store.write, *made, tmp_path / "run")
    assert text == f"{tmp_path}/run: cannot be written: No space left on device"
    assert list(tmp_path.iterdir()) == []


def test_an_interruption_leaves_nothing_behind(
    made: tuple[store.Recorded, Document], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C while writing goes on as such, and the half-written folder is gone."""

    def interrupted(*args: Any, **kwargs: Any) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "write_text", interrupted)
    with pytest.raises(KeyboardInterrupt):
        store.write(*made, tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def test_a_replacement_that_fails_brings_the_old_run_back(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the new folder cannot take its place the old one is there as before."""
    before, replace = contents(folder), Path.replace

    def failing(path: Path, target: Path) -> Path:
        if target == folder and "-old-" not in path.name:
            raise OSError(5, "Input/output error")
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", failing)
    assert "cannot be written: Input/output error" in message(store.write, *recorded(9), folder, force=True)
    assert contents(folder) == before
    assert [path.name for path in folder.parent.iterdir()] == ["run"]


def test_a_parent_that_takes_no_folder_is_told(
    made: tuple[store.Recorded, Document], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file in the place of the parent, or one that may not be written to, is a problem and no traceback."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert "file: cannot be written to: " in message(store.write, *made, tmp_path / "file" / "run")

    def denied(*args: Any, **kwargs: Any) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("sim.store.tempfile.mkdtemp", denied)
    text = message(store.write, *made, tmp_path / "run")
    assert text == f"{tmp_path}: cannot be written to: Permission denied; choose another folder"


def test_a_folder_of_another_format_is_refused(folder: Path) -> None:
    """A run of another version of the layout is told, with what to do."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8")) | {"format": 99}
    path.write_text(json.dumps(manifest), encoding="utf-8")
    assert (
        message(store.read, folder) == f"{path}: format: is 99, this program reads 1; run the scenario again"
    )


@pytest.mark.parametrize("name", store.FILES)
def test_a_folder_without_one_of_its_files_is_none(folder: Path, name: str) -> None:
    """The missing file is named."""
    (folder / name).unlink()
    assert message(store.read, folder) == f"{folder}: is no run folder: it lacks {name}"


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("manifest.json", b"", "is damaged"),
        ("manifest.json", b"[1]", "manifest.json: is damaged: it holds no object"),
        ("manifest.json", b'{"format": 1}', "manifest.json: is damaged: it lacks scenario, hash, seed"),
        ("manifest.json", b"\xff\xfe", "is damaged"),
        ("outcomes.json", b'{"outcomes": {}}', "outcomes.json: is damaged: it lacks reported, rungs"),
        ("outcomes.json", b"[]", "outcomes.json: is damaged: it holds no object"),
        ("events.jsonl", b'{"id": 0', "events.jsonl:1: is damaged"),
        ("events.jsonl", b'{"id": 0}\n', "events.jsonl: is damaged: line 1 is no event, it lacks step, time"),
        ("tracks.csv", b"name,kind\nbear,flight\n", "tracks.csv: is damaged: its columns are not name, kind"),
        (
            "tracks.csv",
            b"name,kind,side,step,lat_deg,lon_deg,altitude_ft\nbear,flight,east,1,1\n",
            "tracks.csv: is damaged: line 2 has not 7 values",
        ),
        (
            "tracks.csv",
            b"name,kind,side,step,lat_deg,lon_deg,altitude_ft\nbear,flight,east,one,1,1,\n",
            "is damaged",
        ),
        ("scenario.toml", b"x =", "is not TOML"),
        ("scenario.toml", b"", "is missing"),
    ],
)
def test_a_damaged_folder_is_told_as_such(folder: Path, name: str, text: bytes, words: str) -> None:
    """Whatever is cut short or overwritten ends in a message, not in a traceback."""
    (folder / name).write_bytes(text)
    assert words in message(store.read, folder)


FACT = """
[facts.late]
statement = "flares come late"
role = "check"
confidence = "ASM"
select = { kind = "flares" }
earliest = 09:45:00
"""


def test_facts_are_kept_in_the_form_of_the_outcomes_and_read_back_in_words(tmp_path: Path) -> None:
    """The file holds a time with its offset as `run --json` does; what an older one holds reads the same."""
    file = tmp_path / "mine.toml"
    file.write_text(f'extends = "first-intercept"\n{FACT}', encoding="utf-8")
    scenario, document = read(file)
    told = store.record(replicate(prepare(scenario), Uniforms(1), 0), document)
    store.write(told, document, tmp_path / "run")
    path = as_of_an_earlier_version(tmp_path / "run") / "outcomes.json"
    kept = json.loads(path.read_text(encoding="utf-8"))
    assert kept["reported"] == json.loads(json.dumps(store.as_object(told)))["reported"]
    assert [row["reported"] for row in kept["reported"]] == [{"earliest": "09:45:00+00:00", "latest": None}]
    assert store.read(tmp_path / "run").reported == told.reported
    path.write_text(json.dumps(kept | {"reported": told.reported}), encoding="utf-8")
    assert store.read(tmp_path / "run").reported == told.reported
    damaged: list[Any] = [[{"id": "other"}], [{"id": []}], [3], {}]
    for strange in damaged:
        path.write_text(json.dumps(kept | {"reported": strange}), encoding="utf-8")
        assert "outcomes.json: is damaged: its records of `reported`" in message(store.read, tmp_path / "run")


def test_the_broken_line_of_a_log_is_named(folder: Path) -> None:
    """Who has edited a log by hand reads which line no longer is one."""
    path = folder / "events.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    lines[3] = lines[3][:14] + "\n"
    path.write_text("".join(lines), encoding="utf-8")
    assert message(store.read, folder).startswith(f"{path}:4: is damaged: ")


Lines = list[str]

DAMAGE: list[tuple[str, Callable[[Lines], Lines], str]] = [
    ("events.jsonl", lambda lines: lines[20:], "line 1 is event 20, must be 0: lines are gone or moved"),
    ("events.jsonl", lambda lines: lines[:9] + lines[12:], "line 10 is event 12, must be 9"),
    ("events.jsonl", lambda lines: lines[::-1], "line 1 is event "),
    ("events.jsonl", lambda lines: lines + lines, "is event 0, must be "),
    ("events.jsonl", lambda lines: lines[:-9], "it is not what the run wrote"),
    ("events.jsonl", lambda lines: [], "it is not what the run wrote"),
    ("events.jsonl", lambda lines: [*lines[:-1], lines[-1][:30]], "is damaged: "),
    *(
        (
            "events.jsonl",
            partial(lambda cause, lines: with_cause(lines, cause), cause),
            f"has the cause {cause}, must",
        )
        for cause in (9, 10, 99_999, -1, "x", 1.5)
    ),
    ("tracks.csv", lambda lines: lines[:30], "it is not what the run wrote"),
    ("tracks.csv", lambda lines: lines[:1], "it is not what the run wrote"),
    ("tracks.csv", lambda lines: lines[:1] + lines[:0:-1], "it is not what the run wrote"),
    ("tracks.csv", lambda lines: [*lines[:-1], lines[-1][:9]], "has not 7 values"),
    (
        "outcomes.json",
        lambda lines: ['{"outcomes": null, "reported": 5, "rungs": []}'],
        "not what the run wrote",
    ),
    (
        "manifest.json",
        lambda lines: [each.replace('"seed": 3', '"seed": "x"') for each in lines],
        '`seed` is "x", must',
    ),
    (
        "manifest.json",
        lambda lines: [each.replace('"step_s": 1', '"step_s": true') for each in lines],
        "is true, must",
    ),
    (
        "manifest.json",
        lambda lines: [each.replace("tracks.csv", "track.csv") for each in lines],
        "it lacks tracks.csv",
    ),
]


def with_cause(lines: Lines, cause: Any) -> Lines:
    """Return a log whose tenth event has another cause."""
    return [*lines[:9], json.dumps(json.loads(lines[9]) | {"cause": cause}) + "\n", *lines[10:]]


@pytest.mark.parametrize(("name", "damage", "words"), DAMAGE)
def test_lines_that_are_gone_moved_or_changed_are_told(
    folder: Path, name: str, damage: Callable[[Lines], Lines], words: str
) -> None:
    """A file is read only as it was written; the message names it, says why not, and what to do."""
    path = folder / name
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(damage(lines)), encoding="utf-8")
    told = message(store.read, folder)
    assert told.startswith(str(path))
    assert words in told
    assert told.endswith("; run the scenario again")


def as_of_an_earlier_version(folder: Path) -> Path:
    """Take out of a run folder the checksums that earlier versions did not write, and return it."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    del manifest["checksums"]
    path.write_text(json.dumps(manifest), encoding="utf-8")
    return folder


def test_a_folder_of_an_earlier_version_is_read_and_its_log_checked(
    folder: Path, made: tuple[store.Recorded, Document]
) -> None:
    """Without checksums a gap in the log is found all the same."""
    assert store.read(as_of_an_earlier_version(folder)).events == made[0].events
    path = folder / "events.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[1:]), encoding="utf-8")
    assert "line 1 is event 1, must be 0" in message(store.read, folder)


def test_line_ends_of_another_system_are_no_damage(
    folder: Path, made: tuple[store.Recorded, Document]
) -> None:
    """A folder that came through a tool that writes CR LF is read as it was."""
    for name in store.FILES:
        (folder / name).write_bytes((folder / name).read_bytes().replace(b"\n", b"\r\n"))
    assert store.read(folder).events == made[0].events


def test_a_name_may_hold_a_line_separator(tmp_path: Path) -> None:
    """An event is a line up to its line feed: other characters that end a line elsewhere stand in names."""
    told, document = recorded(1, 0, 'intruders.bear.type="patrol\\u2028aircraft"')
    store.write(told, document, tmp_path / "run")
    assert store.read(tmp_path / "run").events == told.events


def test_force_replaces_nothing_but_a_run(
    made: tuple[store.Recorded, Document], folder: Path, tmp_path: Path
) -> None:
    """A sweep, or a picture that was put beside a run, is not lost to --force."""
    (folder / "board.png").write_bytes(b"a picture")
    text = message(store.write, *made, folder, force=True)
    assert text.endswith(
        "holds what is of no run (board.png), so --force does not replace it; choose another folder"
    )
    assert (folder / "board.png").read_bytes() == b"a picture"
    sweep = tmp_path / "sweep"
    sweep.mkdir()
    for name in ("manifest.json", "points.csv", "study.toml", "scenario.toml"):
        (sweep / name).write_text("{}", encoding="utf-8")
    assert "(points.csv, study.toml)" in message(store.write, *made, sweep, force=True)


def test_a_scenario_that_was_changed_afterwards_is_refused(folder: Path) -> None:
    """A figure must not show events beside a scenario from which they did not come."""
    path = folder / "scenario.toml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("radius_nmi = 12", "radius_nmi = 13"), encoding="utf-8"
    )
    assert "is not the scenario of this run" in message(store.read, folder)


def test_another_folder_is_no_run_folder(tmp_path: Path) -> None:
    """An empty folder lacks everything."""
    assert f"it lacks {', '.join(store.FILES)}" in message(store.read, tmp_path)


def test_a_moved_folder_is_still_a_run(folder: Path, tmp_path: Path) -> None:
    """Nothing in a folder points to where it was written."""
    before = store.read(folder)
    shutil.move(folder, tmp_path / "elsewhere")
    after = store.read(tmp_path / "elsewhere")
    assert (after.events, after.outcomes, after.manifest) == (before.events, before.outcomes, before.manifest)
    assert not any(str(tmp_path).encode() in data for data in contents(tmp_path / "elsewhere").values())


def test_json_holds_no_number_that_is_none(made: tuple[store.Recorded, Document]) -> None:
    """Neither NaN nor infinity is written, which JSON does not know."""
    text = json.dumps(store.as_object(made[0]), allow_nan=False)
    assert json.loads(text)["hash"] == made[0].manifest["hash"]
    values = [value for value in made[0].outcomes.values() if isinstance(value, float)]
    assert all(math.isfinite(value) for value in values)
