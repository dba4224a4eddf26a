"""The folder of a sweep: whole shards or none, what may be mixed, and tables that other programs read."""

from __future__ import annotations

import csv
import errno
import io
import json
import multiprocessing
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest

from sim import folders, manifests, shards
from sim.errors import InputError, SweepError
from sim.folders import LocalFolder, RemoteFolder, folder_of
from sim.many import simulate
from sim.shards import interleaved, points_of, shard_count
from sim.study import read
from sim.sweep import Goal, sweep
from sim.sweep_report import summary
from tests.stores import reached_as_s3, store_in
from tests.sweeps import CALL, SCRAMBLE, small, swept, tables


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a finished sweep with rows; no test writes into it."""
    folder = tmp_path_factory.mktemp("done") / "sweep"
    swept(folder, rows=True)
    return folder


# ---- blocks of points


@pytest.mark.parametrize("points", [1, 2, 63, 64, 65, 128, 961, 1024, 5000])
def test_every_point_is_in_one_shard(points: int) -> None:
    """Shards hold all points once, in their order, and no shard is empty."""
    blocks = [points_of(number, points) for number in range(shard_count(points))]
    assert [point for block in blocks for point in block] == list(range(points))
    assert all(blocks)


@pytest.mark.parametrize("count", [1, 2, 3, 61, 64, 313])
def test_a_stopped_sweep_is_balanced(count: int) -> None:
    """Every shard is run once; of the first quarter that is run half lies in either half of the design."""
    order = interleaved(count)
    assert sorted(order) == list(range(count))
    quarter = order[: count // 4]
    assert abs(sum(number < count / 2 for number in quarter) - len(quarter) / 2) <= 1


# ---- what is in the folder


def test_the_points_are_listed_with_their_values(done: Path) -> None:
    """points.csv has a row for each point: its number, and each quantity under its path."""
    rows = list(csv.DictReader((done / "points.csv").read_text(encoding="utf-8").splitlines()))
    assert len(rows) == 9
    assert rows[5] == {"point": "5", SCRAMBLE: "200", CALL: "0.3"}


def test_a_row_says_what_a_table_of_outcomes_says(done: Path) -> None:
    """Shares, counts, means and quantiles of a point are those of `simulate` with its overrides."""
    plan = small()
    table = simulate(plan.scenario_of(4), 20, 1)
    row = shards.results(folder_of(done)).slice(4, 1).to_pylist()[0]
    assert [row["point"], row[SCRAMBLE], row[CALL], row["status"], row["replications"]] == [
        4,
        200,
        0.1,
        "done",
        20,
    ]
    came = sorted(table["rung.flares.at_s"].compressed().tolist())
    assert row["rung.flares.n"] == len(came)
    assert row["rung.flares.share"] == len(came) / 20
    assert row["rung.flares.low_share"] < row["rung.flares.share"] < row["rung.flares.high_share"]
    assert row["rung.flares.at.mean_s"] == pytest.approx(sum(came) / len(came))
    assert row["rung.flares.at.p50_s"] == came[-(-len(came) // 2) - 1]
    assert row["highest_rung.mean"] == pytest.approx(table["highest_rung"].mean())


def test_what_never_happened_has_a_share_of_0_and_no_time(done: Path) -> None:
    """Its n and share are numbers, its mean and quantiles are absent."""
    for row in shards.results(folder_of(done)).to_pylist():
        if row["rung.collision.n"] == 0:
            assert row["rung.collision.share"] == 0
            assert row["rung.collision.at.mean_s"] is None
            assert row["rung.collision.high_share"] > 0
            return
    pytest.fail("every point had a collision")


def test_what_a_whole_shard_has_never_seen_has_share_0_there() -> None:
    """An outcome that only other shards know did not happen here; a point that failed tells nothing."""
    table = pa.table({"point": [0, 1, 2], "status": ["done", "failed", "done"], "x.n": [3, None, None]})
    assert shards._filled(table)["x.n"].to_pylist() == [3, None, 0]


def test_histograms_add_up_to_the_replications(done: Path) -> None:
    """What cannot be absent is counted once in each replication of each point."""
    table = pa.dataset.dataset(done / "histograms").to_table()
    for point in range(9):
        mine = [
            row for row in table.to_pylist() if row["point"] == point and row["outcome"] == "highest_rung"
        ]
        assert sum(row["count"] for row in mine) == 20


def test_rows_are_those_of_simulate(done: Path) -> None:
    """With --rows there is every replication of every point, its keys first."""
    table = pq.read_table(done / "rows" / "000004-0000.parquet")
    assert table.column_names[:2] == ["point", "replication"]
    plain = simulate(small().scenario_of(4), 20, 1)
    for column in plain.columns:
        assert table[column.name].to_pylist() == plain[column.name].tolist(), column.name


def test_a_folder_says_all_that_its_study_was(done: Path) -> None:
    """The plan that is read from a folder has the same scenario, points and overrides."""
    again, plan = manifests.reopened(folder_of(done)), small()
    assert again.table == plan.table
    assert again.identity() == plan.identity()
    assert [again.overrides(point) for point in range(9)] == [plan.overrides(point) for point in range(9)]


@pytest.mark.parametrize(
    ("vary", "options"),
    [
        ([f"{SCRAMBLE}.median=20:60", f"{CALL}=0:0.3"], {"design": "sobol", "points": 4, "keep_shape": True}),
        ([f"{SCRAMBLE}=30,60", f"{CALL}=0.1,0"], {"design": "one-at-a-time"}),
        (['sides.home.label="a","b"'], {}),
    ],
)
def test_any_study_is_read_again_from_its_folder(
    tmp_path: Path, vary: list[str], options: dict[str, Any]
) -> None:
    """Drawn values, values as they stand, and words come back as they were, and so do the results of all shards."""
    side = next(iter(small().scenario.sides))
    plan = read("first-intercept", [text.replace("home", side) for text in vary], **options)
    swept(tmp_path / "it", plan, 1)
    assert manifests.reopened(folder_of(tmp_path / "it")).table == plan.table
    assert len(shards.results(folder_of(tmp_path / "it"))) == plan.points


def test_the_csv_is_the_table(done: Path) -> None:
    """Each number is written so that it is read again as it was; what is absent is empty."""
    table = shards.results(folder_of(done))
    rows = list(csv.DictReader(io.StringIO("".join(shards.as_csv(table)))))
    for row, right in zip(rows, table.to_pylist(), strict=True):
        for name, value in right.items():
            assert row[name] == ("" if value is None else str(value))


# ---- nothing is mixed


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seed": 2}, "the seed is 2 and was 1"),
        ({"independent": True}, "independent random numbers are true and was false"),
        ({"overrides": ["clock.step_s=2"]}, "the scenario has changed, its hash is"),
        ({"vary": [f"{SCRAMBLE}=0,200,401", f"{CALL}=0,0.1,0.3"]}, "the varied quantities have changed"),
        ({"vary": [f"{SCRAMBLE}=0,200"]}, "the number of points is 2 and was 9"),
    ],
)
def test_another_sweep_is_refused(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    """A folder goes on with what it holds; anything else is named, and nothing is changed."""
    folder = tmp_path / "sweep"
    swept(folder, replications=2)
    before = tables(folder), (folder / "manifest.json").read_bytes()
    vary = options.pop("vary", [f"{SCRAMBLE}=0,200,400", f"{CALL}=0,0.1,0.3"])
    with pytest.raises(InputError, match="holds another sweep") as caught:
        swept(folder, read("first-intercept", vary, **options))
    assert message in str(caught.value)
    assert (tables(folder), (folder / "manifest.json").read_bytes()) == before


def test_rows_cannot_be_asked_for_later(tmp_path: Path) -> None:
    """The rows of replications that are counted already are gone."""
    swept(tmp_path / "sweep", replications=2)
    with pytest.raises(InputError, match="rows of replications are true and was false"):
        swept(tmp_path / "sweep", replications=2, rows=True)


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    """Neither a folder with other files nor one of a single run takes a sweep."""
    (tmp_path / "letter.txt").write_text("dear", encoding="utf-8")
    with pytest.raises(InputError, match=r"is not empty and holds no sweep \(letter\.txt\)"):
        swept(tmp_path)
    (tmp_path / "manifest.json").write_text(json.dumps({"format": 1, "scenario": "x"}), encoding="utf-8")
    with pytest.raises(InputError, match="holds a single run"):
        swept(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["letter.txt", "manifest.json"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("results/00003.parquet", "is damaged; take it away and run the same sweep again"),
        ("manifest.json", "is damaged: "),
        ("points.csv", "is damaged: could not convert string to float: 'x"),
    ],
)
def test_a_folder_that_was_cut_or_edited_is_told(tmp_path: Path, name: str, words: str) -> None:
    """Whatever reads a sweep names the file that is not as it was written."""
    folder = tmp_path / "sweep"
    swept(folder, replications=1)
    file = folder / name
    if name == "points.csv":
        file.write_text(re.sub(r"(?m)^0,", "0,x", file.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(InputError) as caught:
        summary(folder_of(folder))
    assert str(caught.value).startswith(f"{file}: {words}")


def test_a_manifest_that_lacks_a_key_is_told(tmp_path: Path) -> None:
    """A manifest that was edited by hand is no crash."""
    swept(tmp_path / "sweep", replications=1)
    path = tmp_path / "sweep" / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    del manifest["design_hash"], manifest["varied"]
    path.write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(InputError, match=r"manifest\.json: is damaged: it lacks design_hash, varied"):
        manifests.reopened(folder_of(tmp_path / "sweep"))


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    """A folder where a file should be stands for whatever the system denies."""
    (tmp_path / "manifest.json").mkdir()
    with pytest.raises(
        SweepError, match=r"manifest\.json: cannot be read: Is a directory; see to who may read it"
    ):
        manifests.reopened(folder_of(tmp_path))


def test_a_damaged_shard_is_named(tmp_path: Path) -> None:
    """A shard that a disk has garbled is no crash: the message says what to do, and then the sweep goes on."""
    folder = tmp_path / "sweep"
    swept(folder)
    right = tables(folder)
    file = folder / "histograms" / "00003.parquet"
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(InputError, match=r"00003\.parquet: is damaged; take it away"):
        swept(folder)
    file.unlink()
    swept(folder)
    assert tables(folder) == right


# ---- whole or not at all


@pytest.mark.parametrize("fails_at", [0, 3, 8, 20])
def test_a_full_disk_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails_at: int) -> None:
    """When a file cannot be written what is there stays whole, and after room is made the same call goes on."""
    folder, right = tmp_path / "sweep", tmp_path / "right"
    swept(right)
    left = [fails_at]
    sync = os.fsync

    def full(handle: int) -> None:
        left[0] -= 1
        if left[0] < 0:
            os.ftruncate(handle, 10)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        sync(handle)

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(SweepError, match="No space left on device"):
            swept(folder)
    kept = tables(folder)
    assert all(tables(right)[name] == data for name, data in kept.items())
    assert not [path for path in folder.rglob("*") if path.name.startswith(folders.PARTIAL)]
    swept(folder)
    assert tables(folder) == tables(right)


def test_what_was_being_written_is_taken_away_when_the_sweep_goes_on(tmp_path: Path) -> None:
    """A file that a killed sweep left half written is no part of the folder."""
    swept(tmp_path / "sweep", replications=2)
    half = tmp_path / "sweep" / "results" / f"{folders.PARTIAL}123-00000.parquet"
    half.write_bytes(b"half")
    assert f"results/{half.name}" not in LocalFolder(tmp_path / "sweep").names("results")
    swept(tmp_path / "sweep", replications=2)
    assert not half.exists()


def test_results_are_made_again_from_the_histograms(tmp_path: Path) -> None:
    """A sweep that ended between the two files of a shard goes on without running anything again."""
    folder = tmp_path / "sweep"
    swept(folder)
    right = tables(folder)
    (folder / "results" / "00002.parquet").unlink()
    swept(folder)
    assert tables(folder) == right


def test_an_object_store_holds_the_same_tables(tmp_path: Path) -> None:
    """Through fsspec the files have the same names and bytes, and the sweep goes on there too."""
    swept(tmp_path / "here", rows=True)
    url = f"memory://{tmp_path.name}/sweep"
    sweep(small(), url, goal=Goal(10), workers=1, rows=True)
    sweep(small(), url, goal=Goal(20), workers=1, rows=True)
    store = folder_of(url)
    assert isinstance(store, RemoteFolder)
    there = {
        name: store.read(name) for kind in ("histograms", "results", "rows") for name in store.names(kind)
    }
    assert there == tables(tmp_path / "here")
    assert manifests.reopened(store).points == 9


@pytest.fixture
def bucket(tmp_path: Path) -> Iterator[Path]:
    """Return the folder behind s3://bucket, a store like those of s3fs."""
    (tmp_path / "store" / "bucket").mkdir(parents=True)
    with reached_as_s3(store_in(tmp_path / "store")):
        yield tmp_path / "store" / "bucket"


def test_forked_workers_reach_a_store_each_by_itself(bucket: Path, tmp_path: Path) -> None:
    """A connection does not survive a fork; with two workers the tables are the same, and are topped up."""
    swept(tmp_path / "here", rows=True)
    for replications in (10, 20):
        sweep(small(), "s3://bucket/sweep", goal=Goal(replications), workers=2, rows=True)
    assert tables(bucket / "sweep") == tables(tmp_path / "here")
    assert len(shards.results(folder_of("s3://bucket/sweep"))) == 9


def test_a_sweep_makes_no_bucket(bucket: Path) -> None:
    """A bucket belongs to somebody and has rights and a bill: one that is not there is an error of input."""
    with pytest.raises(
        InputError, match=r"s3://buckte/sweep: cannot be written: there is no such bucket; make it"
    ):
        sweep(small(), "s3://buckte/sweep", goal=Goal(1), workers=1)
    assert [path.name for path in bucket.parent.iterdir()] == ["bucket"]


def test_what_a_store_denies_is_told_in_a_line(tmp_path: Path) -> None:
    """Its library's own errors are no traceback, neither at first nor in a worker; then the same call goes on."""
    root = tmp_path / "store"
    (root / "bucket").mkdir(parents=True)
    swept(tmp_path / "here")
    url = "s3://bucket/sweep"
    with reached_as_s3(store_in(root, lambda path: True)), pytest.raises(SweepError) as caught:
        manifests.reopened(folder_of(url))
    assert str(caught.value) == (
        f"{url}: cannot be read: Unable to locate credentials. (tried all);"
        " see to its address, network and credentials, and try again"
    )
    with (
        reached_as_s3(store_in(root, lambda path: path.endswith("results/00003.parquet"))),
        pytest.raises(SweepError, match=r"cannot be written: Unable to .* the same command goes on"),
    ):
        sweep(small(), url, goal=Goal(20), workers=2)
    with reached_as_s3(store_in(root)):
        sweep(small(), url, goal=Goal(20), workers=2)
    assert tables(root / "bucket" / "sweep") == tables(tmp_path / "here")


def test_a_worker_whose_sweep_was_killed_writes_nothing_more(
    bucket: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither to a folder nor to a store, where another sweep may have begun since."""
    dead = multiprocessing.Process()
    monkeypatch.setattr(dead, "is_alive", lambda: False)
    monkeypatch.setattr(multiprocessing, "parent_process", lambda: dead)
    for where in (tmp_path / "sweep", "s3://bucket/sweep"):
        with pytest.raises(SystemExit):
            folder_of(where).write("points.csv", b"")
        assert not folder_of(where).names()


def test_without_the_extra_the_message_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where pyarrow is missing nothing is run, and pip's command is told."""
    import sys

    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(InputError, match=r"pip install '\.\[study\]'"):
        swept(tmp_path / "sweep")
    assert not (tmp_path / "sweep").exists()


# ---- the document


def test_the_schema_is_documented(done: Path) -> None:
    """docs/studies.md names every file, every key of the manifest, every column of a point, and this format."""
    text = (Path(__file__).resolve().parent.parent / "docs" / "studies.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([^`]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL)))
    assert f"## The folder, format {shards.FORMAT}\n" in text
    assert named >= set(json.loads((done / "manifest.json").read_text(encoding="utf-8")))
    assert {path.name for path in done.iterdir() if path.is_file()} <= named
    assert named >= {"histograms/NNNNN.parquet", "results/NNNNN.parquet", "rows/PPPPPP-BBBB.parquet"}
    table = shards.results(folder_of(done))
    keys = table.column_names[: table.column_names.index("rung.detected.n")]
    assert set(keys) - {SCRAMBLE, CALL} <= named
    assert set(pa.dataset.dataset(done / "histograms").to_table().column_names) <= named
    endings = {re.sub(r"_(s|km)$", "", name.rpartition(".")[2]) for name in table.column_names[len(keys) :]}
    told = {re.sub(r"_<unit>$", "", name.rpartition(".")[2]) for name in named}
    assert endings <= told
