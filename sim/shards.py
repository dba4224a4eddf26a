"""The folder of a sweep: a manifest, the points, and the results in shards that appear whole or not at all.

A shard holds a fixed block of points, so its name and its bytes depend on the study and the number of replications
alone: not on the workers, nor on the order, nor on how often the sweep was interrupted.  The histograms are what is
kept; the results follow from them.  `docs/studies.md` tells the schema.
"""

from __future__ import annotations

import csv
import io
import json
import multiprocessing
import os
import platform
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path, PurePosixPath
from typing import Any, Final, Literal, Protocol

import numpy as np

from sim import histograms
from sim.document import document_of, dump, validate
from sim.errors import InputError, Problem, SweepError
from sim.extras import extra
from sim.histograms import Histograms
from sim.outcomes import Outcomes
from sim.quantities import plain
from sim.study import Plan, again
from sim.study_file import Study

FORMAT: Final = 2
"""Version of the folder's layout."""

KIND: Final = "sweep"
MANIFEST, POINTS, SCENARIO, STUDY = "manifest.json", "points.csv", "scenario.toml", "study.toml"
HISTOGRAMS, RESULTS, ROWS = "histograms", "results", "rows"
PACKAGES = ("intercept-sim", "numpy", "scipy", "SALib", "pyarrow")

SHARD_MOST: Final = 32
"""Points of a shard at the most: what an interruption can lose, times the workers."""

SHARDS_WANTED: Final = 8
"""A small sweep has smaller shards, so that there are enough for all workers; but points of one are run together."""

ROWS_BLOCK: Final = 16_384
"""Replications of one file of rows."""

KEY: Final = b"intercept"
"""Of the metadata in every Parquet file."""

PARTIAL: Final = ".partial-"
"""How the name of a file begins that is being written."""

RENAMING: Final = frozenset({"file", "local", "sftp", "ssh", "smb", "hdfs", "arrow_hdfs", "webhdfs"})
"""Of fsspec: protocols of file systems; the others are of stores, which show an object when it is whole."""

BUCKETS: Final = frozenset({"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "oss", "r2", "b2"})
"""Of fsspec: protocols of stores where a path begins with a bucket; to make folders there could only make that."""


# ---- places


class Folder(Protocol):
    """Where a sweep is kept: files by name, each written whole or not at all."""

    @property
    def where(self) -> str:
        """What the user calls it."""

    def read(self, name: str) -> bytes | None:
        """Return a file, or None if it is not there."""

    def write(self, name: str, data: bytes) -> None:
        """Write a file, in the place of one of that name. Raises SweepError if it cannot be."""

    def names(self, below: str = "") -> set[str]:
        """Return the names of the files in a folder below, by their full names."""

    def clean(self) -> None:
        """Take away what was being written when a sweep was interrupted."""


@dataclass(frozen=True)
class LocalFolder:
    """A folder of this machine, or one that is mounted."""

    root: Path

    @property
    def where(self) -> str:
        """The path as it was given."""
        return str(self.root)

    def read(self, name: str) -> bytes | None:
        """Return a file, or None if it is not there."""
        try:
            return (self.root / name).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def write(self, name: str, data: bytes) -> None:
        """Write beside the place and rename when all of it is on the disk."""
        path = self.root / name
        partial = path.with_name(_partial_name(path.name))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                with partial.open("wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                _stop_if_orphaned()
                partial.replace(path)
                _sync_folder(path.parent)
            finally:
                partial.unlink(missing_ok=True)
        except OSError as error:
            raise _unreached(self.where, "written", error) from error

    def names(self, below: str = "") -> set[str]:
        """Return the names of the files in a folder below, by their full names."""
        folder = self.root / below
        if not folder.is_dir():
            return set()
        found = (path for path in folder.iterdir() if path.is_file() and not path.name.startswith(PARTIAL))
        return {str(PurePosixPath(below) / path.name) for path in found}

    def clean(self) -> None:
        """Take away what was being written when a sweep was interrupted."""
        for path in self.root.rglob(f"{PARTIAL}*"):
            path.unlink(missing_ok=True)


def _partial_name(name: str) -> str:
    """Return what a file is called while it is written: no other thread, process or machine calls one so."""
    return f"{PARTIAL}{platform.node()}-{os.getpid()}-{threading.get_ident()}-{name}"


def _sync_folder(folder: Path) -> None:
    """Put the new name on the disk too, where the system can."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _stop_if_orphaned() -> None:
    """End a worker whose sweep was killed, so that it does not write into one that was started since."""
    parent = multiprocessing.parent_process()
    if parent is not None and not parent.is_alive():
        raise SystemExit(1)


@dataclass(frozen=True)
class RemoteFolder:
    """A folder at an address that fsspec knows, such as `s3://bucket/study` or `sftp://host/study`."""

    url: str

    @property
    def where(self) -> str:
        """The address as it was given."""
        return self.url

    @cached_property
    def _opened(self) -> dict[int, tuple[Any, str]]:
        """The connection of each process that this one was forked from, and its own; see `_at`."""
        return {}

    @property
    def _at(self) -> tuple[Any, str]:
        """The file system and the path in it.

        A fork takes over the connection but not the thread that serves it, so each process opens its own.  The one
        from before is kept: to let go of it would close sockets that the other process is using.
        """
        if os.getpid() not in self._opened:
            self._opened[os.getpid()] = self._open()
        return self._opened[os.getpid()]

    def _open(self) -> tuple[Any, str]:
        fsspec = extra("fsspec.core")
        try:
            filesystem, root = fsspec.url_to_fs(self.url)
        except (
            ImportError,
            ValueError,
        ) as error:  # what fsspec says of a protocol without a library, or unknown
            problem = (
                f"cannot be opened: {error}; wanted is a folder, or an address such as s3://bucket/study"
            )
            raise InputError([Problem(self.url, None, "", problem)]) from error
        except Exception as error:  # as in `_reaching`; some connect at once
            raise _unreached(self.url, "opened", error) from error
        return filesystem, root.rstrip("/")

    @contextmanager
    def _reaching(self, done: str) -> Iterator[tuple[Any, str]]:
        """Give the file system and the path in it, to ask for something.

        Raises SweepError for whatever goes wrong, but FileNotFoundError if nothing is there.
        """
        at = self._at
        try:
            yield at
        except (FileNotFoundError, MemoryError):
            raise
        except Exception as error:  # each library behind fsspec has its own, for networks and for credentials
            raise _unreached(self.url, done, error) from error

    def __getstate__(self) -> dict[str, Any]:
        """Return what another process needs: it opens its own connection."""
        return {"url": self.url}

    def read(self, name: str) -> bytes | None:
        """Return a file, or None if it is not there. Raises SweepError if the address cannot be reached."""
        try:
            with self._reaching("read") as (filesystem, root):
                return bytes(filesystem.cat_file(f"{root}/{name}"))
        except FileNotFoundError:
            return None

    def _is_one_of(self, protocols: frozenset[str]) -> bool:
        own = self._at[0].protocol
        return not protocols.isdisjoint((own,) if isinstance(own, str) else own)

    @property
    def _renames(self) -> bool:
        """Whether there are folders at the address in which a file can be seen half written, and be renamed."""
        return self._is_one_of(RENAMING)

    def write(self, name: str, data: bytes) -> None:
        """Put an object, which a store shows when it is whole; where there are files, write beside and rename.

        Raises InputError if there is no such bucket, which is not for a sweep to make.
        """
        _stop_if_orphaned()
        try:
            with self._reaching("written") as (filesystem, root):
                path = f"{root}/{name}"
                parent, _, last = path.rpartition("/")
                if not self._is_one_of(BUCKETS):
                    filesystem.makedirs(parent, exist_ok=True)
                if self._renames:
                    partial = f"{parent}/{_partial_name(last)}"
                    filesystem.pipe_file(partial, data)
                    filesystem.mv(partial, path)
                else:
                    filesystem.pipe_file(path, data)
        except FileNotFoundError as error:
            if not self._is_one_of(BUCKETS):
                raise _unreached(self.url, "written", error) from error
            problem = "cannot be written: there is no such bucket; make it first, or choose another address"
            raise InputError([Problem(self.url, None, "", problem)]) from error

    def names(self, below: str = "") -> set[str]:
        """Return the names of the files in a folder below, by their full names."""
        try:
            with self._reaching("read") as (filesystem, root):
                filesystem.invalidate_cache()  # others write there too
                found = filesystem.ls(f"{root}/{below}".rstrip("/"), detail=True)
        except FileNotFoundError:
            return set()
        names = (each["name"].removeprefix(f"{root}/") for each in found if each["type"] == "file")
        return {name for name in names if not name.rpartition("/")[2].startswith(PARTIAL)}

    def clean(self) -> None:
        """Take away what was being written when a sweep was interrupted; a store has no such thing."""
        if not self._renames:
            return
        with self._reaching("written") as (filesystem, root):
            for path in filesystem.glob(f"{root}/**/{PARTIAL}*"):
                with suppress(FileNotFoundError):
                    filesystem.rm_file(path)


def folder_of(where: str | Path) -> Folder:
    """Return the folder at a path, or at an address with `://`."""
    return RemoteFolder(str(where)) if "://" in str(where) else LocalFolder(Path(where))


def _unreached(where: str, done: str, error: Exception) -> SweepError:
    """Return what to say of an error of the system, or of a library that reaches the address."""
    told = (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
    what = f"{where}: cannot be {done}: {' '.join(told.split()).rstrip('.')}"
    if done == "written":
        return SweepError(f"{what}; what is there is whole, and the same command goes on from it")
    return SweepError(f"{what}; see to its address, network and credentials, and try again")


# ---- manifest


def manifest_of(plan: Plan, *, engine: str, rows: bool) -> dict[str, Any]:
    """Return what a sweep is made of; what came of it is added as it goes."""
    return {
        "format": FORMAT,
        "kind": KIND,
        "name": plan.name,
        "title": plan.study.title,
        **plan.identity(),
        "engine": engine,
        "rows": rows,
        "shard_points": shard_points(plan.points),
        "varied": [
            {"path": each.name, "base": plain(each.base), "label": vary.label, "source": vary.source}
            for each, vary in zip(plan.quantities, plan.study.vary, strict=True)
        ],
        "versions": versions(),
    }


def versions() -> dict[str, str | None]:
    """Return the versions of the program and of the libraries of which the bytes of a table depend."""
    return {package: _version(package) for package in PACKAGES}


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def read_manifest(folder: Folder) -> dict[str, Any] | None:
    """Return the manifest of a sweep, None if there is none. Raises InputError if it is of another version."""
    data = folder.read(MANIFEST)
    if data is None:
        return None
    try:
        manifest = json.loads(data)
    except ValueError as error:
        problem = f"is damaged: {error}; sweep into another folder"
        raise InputError([Problem(f"{folder.where}/{MANIFEST}", None, "", problem)]) from error
    if not isinstance(manifest, dict) or manifest.get("kind") != KIND:
        raise InputError(
            [Problem(folder.where, None, "", "holds a single run, not a sweep; choose another folder")]
        )
    if manifest.get("format") != FORMAT:
        problem = f"is {manifest.get('format')}, this program reads {FORMAT}; sweep into another folder"
        raise InputError([Problem(f"{folder.where}/{MANIFEST}", None, "format", problem)])
    lacking = [key for key in (*SAME, "name", "varied", "versions") if key not in manifest]
    if lacking:
        problem = f"is damaged: it lacks {', '.join(lacking)}; sweep into another folder"
        raise InputError([Problem(f"{folder.where}/{MANIFEST}", None, "", problem)])
    return manifest


SAME: Final = {
    "scenario": "the scenario is",
    "hash": "the scenario has changed, its hash is",
    "facts_hash": "the reported facts of the scenario have changed, their hash is",
    "seed": "the seed is",
    "independent": "independent random numbers are",
    "design": "the design is",
    "points": "the number of points is",
    "design_hash": "the varied quantities have changed, the design's hash is",
    "engine": "the engine is",
    "rows": "rows of replications are",
}
"""What must not differ if a sweep is to go on, and how the difference is told."""


def begin(folder: Folder, plan: Plan, manifest: dict[str, Any]) -> None:
    """Make the folder of a sweep, or go on in one that holds the same.

    Raises InputError if it holds something else: nothing is mixed.
    """
    there = read_manifest(folder)
    if there is None:
        strangers = folder.names() - {POINTS, SCENARIO, STUDY}
        if strangers:
            problem = (
                f"is not empty and holds no sweep ({', '.join(sorted(strangers)[:3])}); choose another folder"
            )
            raise InputError([Problem(folder.where, None, "", problem)])
    else:
        told = [
            f"{words} {_told(manifest[key])} and was {_told(there.get(key))}"
            for key, words in SAME.items()
            if manifest[key] != there.get(key)
        ]
        ours, theirs = (each["versions"]["intercept-sim"] for each in (manifest, there))
        if ours != theirs:
            told.append(f"the program is version {ours} and was {theirs}")
        if told:
            problem = f"holds another sweep: {'; '.join(told)}; choose another folder"
            raise InputError([Problem(folder.where, None, "", problem)])
    if isinstance(folder, LocalFolder):
        try:
            folder.root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            problem = f"cannot be made: {error.strerror}; choose another folder"
            raise InputError([Problem(folder.where, None, "", problem)]) from error
    folder.clean()
    if there is None:
        folder.write(SCENARIO, dump(plan.document.data).encode())
        folder.write(STUDY, dump(plan.study.model_dump(exclude_unset=True, exclude_none=True)).encode())
        folder.write(POINTS, _points_csv(plan).encode())


def _told(value: Any) -> str:
    """Write a value of a manifest for a message."""
    return json.dumps(value) if not isinstance(value, str) else value


def write_manifest(folder: Folder, manifest: Mapping[str, Any]) -> None:
    """Write the manifest, in the place of the one before."""
    folder.write(MANIFEST, (json.dumps(manifest, ensure_ascii=False, indent=1) + "\n").encode())


def _points_csv(plan: Plan) -> str:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["point", *(each.name for each in plan.quantities)])
    for point in range(plan.points):
        rows.writerow([point, *(plain(value) for value in plan.values(point).values())])
    return text.getvalue()


def reopened(folder: Folder) -> Plan:
    """Return the plan of a sweep from its folder alone. Raises InputError if it holds none."""
    manifest = read_manifest(folder)
    texts = {name: folder.read(name) for name in (SCENARIO, STUDY, POINTS)}
    missing = [name for name, data in {MANIFEST: manifest, **texts}.items() if data is None]
    if missing or manifest is None:
        problem = f"holds no sweep: it lacks {', '.join(missing)}"
        if isinstance(folder, LocalFolder) and not folder.root.is_dir():
            problem = "is no folder; wanted is that of a sweep, as intercept sweep -o DIR writes it"
        raise InputError([Problem(folder.where, None, "", problem)])
    text = {name: _decoded(folder, name, data or b"") for name, data in texts.items()}
    document = document_of(text[SCENARIO], manifest["scenario"], f"{folder.where}/{SCENARIO}")
    study = validate(document_of(text[STUDY], manifest["name"], f"{folder.where}/{STUDY}"), Study)
    rows = [row[1:] for row in csv.reader(io.StringIO(text[POINTS]))]
    try:
        plan = again(study, manifest["name"], document, rows[1:])
    except ValueError as error:
        problem = f"is damaged: {error}; the same sweep into another folder has the points again"
        raise InputError([Problem(f"{folder.where}/{POINTS}", None, "", problem)]) from error
    if (
        plan.identity()["hash"] != manifest["hash"]
        or plan.identity()["design_hash"] != manifest["design_hash"]
    ):
        problem = "its scenario or its points are not those that were run"
        raise InputError([Problem(folder.where, None, "", problem)])
    return plan


def _decoded(folder: Folder, name: str, data: bytes) -> str:
    """Return the text of a file. Raises InputError if it is no UTF-8."""
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        problem = "is damaged: it is no UTF-8; sweep into another folder"
        raise InputError([Problem(f"{folder.where}/{name}", None, "", problem)]) from error


# ---- shards


def shard_points(points: int) -> int:
    """Return how many points each shard of a sweep of so many holds."""
    return max(1, min(SHARD_MOST, points // SHARDS_WANTED))


def shard_count(points: int) -> int:
    """Return the number of shards of a sweep of so many points."""
    return -(-points // shard_points(points))


def points_of(shard: int, points: int) -> range:
    """Return the points of a shard."""
    size = shard_points(points)
    return range(shard * size, min(points, (shard + 1) * size))


def interleaved(count: int) -> list[int]:
    """Return the numbers of shards in the order in which they are run: far from each other first.

    >>> interleaved(6)
    [0, 4, 2, 1, 5, 3]
    """
    bits = max(1, (count - 1).bit_length())
    return sorted(range(count), key=lambda number: f"{number:0{bits}b}"[::-1])


@dataclass(frozen=True)
class PointState:
    """What is kept of a point beside its histograms."""

    point: int
    replications: int = 0
    status: Literal["done", "failed"] = "done"
    error: str = ""
    checked: tuple[int, ...] = ()
    """Replications that the processes ran again to check the batch."""
    differs: tuple[str, ...] = ()
    """Outcomes in which the two engines differ."""


@dataclass(frozen=True)
class Shard:
    """A block of points with all that is kept of them."""

    number: int
    points: Mapping[int, PointState]
    """By point, of those that were run."""
    histograms: Mapping[int, Histograms] = field(default_factory=dict)
    """By point."""


def _file(kind: str, shard: int) -> str:
    return f"{kind}/{shard:05}.parquet"


def read_states(folder: Folder, shard: int) -> Shard | None:
    """Return the states of the points of a shard, without their histograms; None if it is not there."""
    name = _file(HISTOGRAMS, shard)
    data = folder.read(name)
    if data is None:
        return None
    return _states(shard, _metadata(folder, name, data))


def _states(shard: int, told: Mapping[str, Any]) -> Shard:
    states = [
        PointState(**{**each, "checked": tuple(each["checked"]), "differs": tuple(each["differs"])})
        for each in told["points"]
    ]
    return Shard(shard, {state.point: state for state in states})


@contextmanager
def whole(folder: Folder, name: str) -> Iterator[None]:
    """Read a Parquet file of a sweep. Raises InputError if it is not as it was written."""
    try:
        yield
    except (extra("pyarrow").ArrowException, KeyError, TypeError, ValueError, OSError) as error:
        problem = "is damaged; take it away and run the same sweep again"
        raise InputError([Problem(f"{folder.where}/{name}", None, "", problem)]) from error


def _metadata(folder: Folder, name: str, data: bytes) -> dict[str, Any]:
    parquet, arrow = extra("pyarrow.parquet"), extra("pyarrow")
    with whole(folder, name):
        told = json.loads(parquet.read_metadata(arrow.BufferReader(data)).metadata[KEY])
    assert isinstance(told, dict)
    return told


def read_shard(folder: Folder, shard: int) -> Shard | None:
    """Return a shard with its histograms, or None if it is not there."""
    name = _file(HISTOGRAMS, shard)
    data = folder.read(name)
    if data is None:
        return None
    told = _metadata(folder, name, data)
    states = _states(shard, told)
    table = extra("pyarrow.parquet").read_table(extra("pyarrow").BufferReader(data))
    point = table["point"].to_numpy()
    outcome = table["outcome"].combine_chunks().dictionary_encode()
    names = tuple(told["outcomes"])
    # The order of the dictionary is the reader's affair: names are what is kept.
    code = {name: place for place, name in enumerate(names)}
    places = np.array([code[name] for name in outcome.dictionary.to_pylist()], dtype=np.int32)
    places = places[outcome.indices.to_numpy()] if len(places) else np.zeros(0, dtype=np.int32)
    value, count = table["value"].to_numpy(), table["count"].to_numpy()
    always = frozenset(name for name, optional in told["outcomes"].items() if not optional)
    found = {}
    for each, state in states.points.items():
        part = slice(*np.searchsorted(point, [each, each + 1]))
        found[each] = Histograms(state.replications, names, always, places[part], value[part], count[part])
    return replace(states, histograms=found)


def results_are_of(folder: Folder, shard: Shard) -> bool:
    """Return whether the results of a shard are there and follow from what is kept of its points."""
    name = _file(RESULTS, shard.number)
    data = folder.read(name)
    return data is not None and _states(shard.number, _metadata(folder, name, data)).points == shard.points


def write_shard(folder: Folder, plan: Plan, first: Sequence[str], shard: Shard) -> None:
    """Write a shard: the histograms, and then the results that follow from them.

    `first` are the outcomes of the scenario as it stands, which come first in the order of columns.
    """
    names = histograms.in_order(first, (name for each in shard.histograms.values() for name in each.names))
    always = frozenset[str]().union(*(each.always for each in shard.histograms.values()))
    each = {
        point: replace(shard.histograms[point].arranged(names), always=always)
        for point in sorted(shard.points)
    }
    states = [asdict(shard.points[point]) for point in sorted(shard.points)]
    told = {"format": FORMAT, "shard": shard.number, "points": states}
    with_names = {**told, "outcomes": {name: name not in always for name in names}}
    folder.write(_file(HISTOGRAMS, shard.number), _parquet(_histogram_table(names, each), with_names))
    rows = [_result(plan, shard.points[point], each[point]) for point in each]
    words = plan.words | {"status", "error"}
    folder.write(_file(RESULTS, shard.number), _parquet(_result_table(rows, words), told, few_rows=True))


def _histogram_table(names: Sequence[str], each: Mapping[int, Histograms]) -> Any:
    arrow = extra("pyarrow")
    places = np.concatenate([part.places for part in each.values()])
    return arrow.table(
        {
            "point": np.repeat(
                np.array([*each], dtype=np.int32), [len(part.places) for part in each.values()]
            ),
            "outcome": arrow.DictionaryArray.from_arrays(places, arrow.array(names, arrow.string())),
            "value": np.concatenate([part.values for part in each.values()]),
            "count": np.concatenate([part.counts for part in each.values()]),
        }
    )


def _result(plan: Plan, state: PointState, found: Histograms) -> dict[str, Any]:
    """Return the row of a point."""
    numbers = histograms.summary(found)
    if state.status == "failed":
        numbers = dict.fromkeys(numbers)
    return {
        "point": state.point,
        **{path: plain(value) for path, value in plan.values(state.point).items()},
        "status": state.status,
        "error": state.error or None,
        "replications": state.replications,
        **numbers,
    }


def _result_table(rows: Sequence[Mapping[str, Any]], words: frozenset[str]) -> Any:
    """Return the rows as a table; `words` are the columns of text, the same in every shard."""
    arrow = extra("pyarrow")
    columns = {}
    outcomes_begin = False
    for name in rows[0]:
        values = [row[name] for row in rows]
        if name in ("point", "replications") or (outcomes_begin and name.endswith(".n")):
            kind = arrow.int64()
        elif name in words:
            kind = arrow.string()
            values = [None if value is None else str(value) for value in values]
        else:
            kind = arrow.float64()
        outcomes_begin = outcomes_begin or name == "replications"
        columns[name] = arrow.array(values, kind)
    return arrow.table(columns)


def _parquet(table: Any, told: Mapping[str, Any], *, few_rows: bool = False) -> bytes:
    """Return a table as the bytes of a Parquet file; `few_rows` of many columns are better not packed."""
    data = io.BytesIO()
    table = table.replace_schema_metadata()
    with extra("pyarrow.parquet").ParquetWriter(
        data,
        table.schema,
        compression="none" if few_rows else "zstd",
        use_dictionary=False if few_rows else ["outcome", "value", "count"],
        write_statistics=False,
        store_schema=False,  # which is longer than the data, and says no more than Parquet does
    ) as writer:
        writer.write_table(table, row_group_size=max(1, len(table)))
        writer.add_key_value_metadata({KEY: json.dumps(told, ensure_ascii=False).encode()})
    return data.getvalue()


def results(folder: Folder, columns: Iterable[str] | None = None) -> Any:
    """Return the results of all points that are there as one Arrow table, in the order of the points."""
    arrow, parquet = extra("pyarrow"), extra("pyarrow.parquet")
    tables = []
    wanted = None if columns is None else list(columns)
    for name in sorted(folder.names(RESULTS)):
        data = folder.read(name)
        if data is None:
            continue
        with whole(folder, name):
            tables.append(
                # Many columns of a few rows: threads, and what reads whole data sets, cost more than they save.
                parquet.ParquetFile(arrow.BufferReader(data))
                .read(columns=wanted, use_threads=False)
                .replace_schema_metadata()
            )
    if not tables:
        raise InputError([Problem(folder.where, None, "", "holds no results yet; run the sweep first")])
    return _filled(arrow.concat_tables(tables, promote_options="permissive"))


def _filled(table: Any) -> Any:
    """Return a table in which an outcome that a whole shard has never seen has share 0 there, as within a shard."""
    compute = extra("pyarrow.compute")
    if "status" not in table.column_names:
        return table
    done = compute.equal(table["status"], "done")
    failed = len(table) - (compute.sum(done).as_py() or 0)
    for place, name in enumerate(table.column_names):
        if name.endswith((".n", ".share")) and table[name].null_count > failed:
            known = compute.fill_null(table[name], 0)
            table = table.set_column(place, name, compute.if_else(done, known, None))
    return table


def as_csv(table: Any) -> Iterator[str]:
    """Yield the lines of a table as CSV; what is absent is empty."""
    line = io.StringIO()
    rows = csv.writer(line, lineterminator="\n")
    rows.writerow(table.column_names)
    for batch in table.to_batches(max_chunksize=100):
        rows.writerows(zip(*batch.to_pydict().values(), strict=True))
        yield line.getvalue()
        line.seek(0)
        line.truncate()


# ---- rows of replications


def row_spans(first: int, end: int) -> list[tuple[int, int]]:
    """Divide replications `first` to `end - 1` at the multiples of a block: (number of the first, how many)."""
    spans = []
    while first < end:
        last = min(end, (first // ROWS_BLOCK + 1) * ROWS_BLOCK)
        spans.append((first, last - first))
        first = last
    return spans


def rows_of(folder: Folder, point: int) -> Any:
    """Return the replications of a point that were kept, as one Arrow table in their order.

    Raises InputError if none were.
    """
    arrow, parquet = extra("pyarrow"), extra("pyarrow.parquet")
    names = sorted(name for name in folder.names(ROWS) if name.startswith(f"{ROWS}/{point:06}-"))
    tables = []
    for name in names:
        data = folder.read(name)
        if data is not None:
            with whole(folder, name):
                tables.append(parquet.read_table(arrow.BufferReader(data)))
    if not tables:
        problem = f"keeps no replications of point {point}; sweep with --rows"
        raise InputError([Problem(folder.where, None, "", problem)])
    plain_tables = [table.replace_schema_metadata() for table in tables]
    return arrow.concat_tables(plain_tables, promote_options="permissive")


def write_rows(folder: Folder, point: int, first: Sequence[str], table: Outcomes) -> None:
    """Write the replications of a table to the file of their block, after those that are there already."""
    arrow, parquet = extra("pyarrow"), extra("pyarrow.parquet")
    file = f"{ROWS}/{point:06}-{table.first // ROWS_BLOCK:04}.parquet"
    columns = {"point": arrow.array(np.full(len(table), point, dtype=np.int32))}
    for column in table.columns:
        named = column.kind == "name"
        values = np.ma.getdata(table[column.name]).tolist() if named else table.values[column.name]
        mask = ~table.valid[column.name] if column.optional and not named else None
        columns[column.name] = arrow.array(values, mask=mask)
    rows = arrow.table(columns)
    before = folder.read(file) if table.first % ROWS_BLOCK else None
    if before is not None:
        with whole(folder, file):
            kept = parquet.read_table(arrow.BufferReader(before)).replace_schema_metadata()
        kept = kept.slice(0, table.first % ROWS_BLOCK)
        rows = arrow.concat_tables([kept, rows], promote_options="permissive")
    names = set(rows.column_names)
    order = [each for each in histograms.in_order(["point", *first], rows.column_names) if each in names]
    rows = rows.select(order).combine_chunks()
    folder.write(file, _parquet(rows, {"format": FORMAT, "point": point}))
