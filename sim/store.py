"""Run folders: what a run was made of and what came of it, in files that outlast the program.

A folder holds `manifest.json` (scenario hash, seed, versions, checksums), `scenario.toml` (resolved), `events.jsonl`,
`tracks.csv` and `outcomes.json`.  Nothing is overwritten unless the caller says so; a folder appears whole or not at
all, and is read only as it was written.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim import measures
from sim.clock import Clock
from sim.document import Document, digest, dump, load
from sim.errors import InputError, Problem
from sim.fighters import Leg, Pair
from sim.flight import Track, Vectors
from sim.geo import Sphere
from sim.run import Replication
from sim.scenario import Scenario, parse

FORMAT = 1
"""Version of the run folder's layout."""

TRACK_EVERY_S = 10
PACKAGES = ("intercept-sim", "simpy", "numpy", "pydantic")
FILES = ("manifest.json", "scenario.toml", "events.jsonl", "tracks.csv", "outcomes.json")
"""What a run folder holds, and nothing else."""

TRACKS = ("name", "kind", "side", "step", "lat_deg", "lon_deg", "altitude_ft")
EVENT = ("id", "step", "time", "kind", "who", "about", "cause", "data")
"""Columns of the tracks, keys of an event."""

SUMMED = ("events.jsonl", "tracks.csv", "outcomes.json")
"""What a manifest holds checksums of; the scenario has its hash."""

NAMED: Mapping[str, type] = {
    **{"scenario": str, "hash": str, "seed": int, "replication": int, "step_s": int, "start": str}
}
"""What a manifest and the object of `run --json` both begin with, each with its type."""


@dataclass(frozen=True)
class Way:
    """The way of one flight or pair: arrays of equal length, one row each `TRACK_EVERY_S`."""

    kind: str  # "flight" or "pair"
    side: str
    step: np.ndarray[Any, np.dtype[np.int64]]
    lat_deg: np.ndarray[Any, np.dtype[np.float64]]
    lon_deg: np.ndarray[Any, np.dtype[np.float64]]
    altitude_ft: np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Recorded:
    """One recorded replication: all that figures and pages are drawn from.

    `events` are the log's rows as in `events.jsonl`; `ways` are by flight and pair; `outcomes`, `reported` and
    `rungs` are those of `sim.measures`; `manifest` names scenario, hash, seed and replication.
    """

    scenario: Scenario
    manifest: Mapping[str, Any]
    events: list[dict[str, Any]]
    ways: Mapping[str, Way]
    outcomes: Mapping[str, Any]
    reported: list[dict[str, Any]]
    rungs: list[dict[str, Any]]


def record(replication: Replication, document: Document) -> Recorded:
    """Return what is kept of a replication."""
    clock = replication.prepared.clock
    manifest = {
        "format": FORMAT,
        "scenario": document.name,
        "hash": digest(document.data),
        "seed": replication.seed,
        "replication": replication.number,
        "step_s": clock.step_s,
        "start": clock.start.isoformat(),
        "versions": {package: _version(package) for package in PACKAGES},
    }
    return Recorded(
        replication.prepared.scenario,
        manifest,
        replication.log.rows(),
        ways(replication),
        measures.outcomes(replication),
        measures.reported(replication),
        measures.rungs(replication),
    )


def as_object(recorded: Recorded) -> dict[str, Any]:
    """Return a recorded replication as the one object that `run --json` prints."""
    return {key: recorded.manifest[key] for key in NAMED} | {"events": recorded.events} | _results(recorded)


def _results(recorded: Recorded) -> dict[str, Any]:
    """Return what `outcomes.json` holds."""
    clock, facts = Clock.of(recorded.scenario.clock), recorded.scenario.facts
    return {
        "outcomes": recorded.outcomes,
        "reported": measures.as_simulated(recorded.reported, clock, facts),
        "rungs": recorded.rungs,
    }


def _version(package: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:  # run from a source tree that is not installed
        return "unknown"


def ways(replication: Replication) -> dict[str, Way]:
    """Return the way of every flight and of every pair that took off, one place each `TRACK_EVERY_S`."""
    clock, scenario = replication.prepared.clock, replication.prepared.scenario
    every = max(1, round(TRACK_EVERY_S / clock.step_s))
    found = {}
    for name, track in replication.tracks.items():
        steps = np.arange(track.first, track.last + 1)
        steps = steps[(steps % every == 0) | (steps == track.first) | (steps == track.last)]
        lat_deg, lon_deg = track.sphere.degrees(track.units[steps])
        side = scenario.intruders[name].side
        found[name] = Way("flight", side, steps, lat_deg, lon_deg, track.altitude_ft[steps])
    for force in replication.forces.values():
        for pair in force.pairs:
            if pair.legs:
                found[pair.name] = _pair_way(replication, pair, every)
    return found


def _pair_way(replication: Replication, pair: Pair, every: int) -> Way:
    last, sphere = replication.prepared.clock.last, replication.prepared.sphere
    steps, units, altitudes_ft = [], [], []
    for leg in pair.legs:
        ends = min(leg.ends, last)
        told = np.arange(leg.begins, ends + 1)
        told = told[(told % every == 0) | (told == leg.begins) | (told == ends)]
        places, altitude_ft = _places(replication.tracks, sphere, leg, told)
        steps.append(told)
        units.append(places)
        altitudes_ft.append(altitude_ft)
    # Where one leg ends and the next begins the later one tells; `unique` finds the first of equals.
    numbers, rows = np.unique(np.concatenate(steps)[::-1], return_index=True)
    lat_deg, lon_deg = sphere.degrees(np.concatenate(units)[::-1][rows])
    return Way("pair", pair.spec.side, numbers, lat_deg, lon_deg, np.concatenate(altitudes_ft)[::-1][rows])


def _places(
    tracks: Mapping[str, Track], sphere: Sphere, leg: Leg, steps: NDArray[np.int64]
) -> tuple[Vectors, NDArray[np.float64]]:
    """Return unit vectors (n, 3) and altitudes in feet (n,) on a leg; away from a flight no altitude is told."""
    if leg.beside is not None:
        track = tracks[leg.beside]
        at = np.minimum(steps, track.last)
        return track.units[at], track.altitude_ft[at]
    assert leg.origin is not None
    assert leg.goal is not None
    shares = np.minimum(1.0, (steps - leg.begins) / max(leg.ends - leg.begins, 1))
    if leg.ends == leg.begins:
        shares = np.ones(len(steps))
    return sphere.interpolate(leg.origin, leg.goal, shares), np.full(len(steps), np.nan)


def check_free(folder: Path, *, force: bool) -> None:
    """Raise InputError if a run folder may not be written here: something is there that would be lost."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        if not force:
            problem = "already exists; choose another folder, or --force to replace the run in it"
            raise InputError([Problem(str(folder), None, "", problem)])
        problem = ""
        if not (folder / "manifest.json").is_file():
            problem = "is no run folder, so --force does not replace it; choose another folder"
        elif strangers := sorted({path.name for path in folder.iterdir()} - set(FILES)):
            more = "" if len(strangers) <= 3 else " and more"
            held = f"{', '.join(strangers[:3])}{more}"
            problem = (
                f"holds what is of no run ({held}), so --force does not replace it; choose another folder"
            )
        if problem:
            raise InputError([Problem(str(folder), None, "", problem)])


def write(recorded: Recorded, document: Document, folder: Path, *, force: bool = False) -> None:
    """Write a run folder whole or not at all.

    Raises InputError if the folder exists and is not empty, unless `force` replaces a run folder.
    """
    folder = folder.resolve()
    check_free(folder, force=force)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        problem = f"cannot be written to: {error.strerror}; choose another folder"
        raise InputError([Problem(str(folder.parent), None, "", problem)]) from error
    try:
        for name, text in _contents(recorded, document):
            (fresh / name).write_text(text, encoding="utf-8")
        fresh.chmod(0o755)
        _put(fresh, folder)
    except OSError as error:
        raise InputError([Problem(str(folder), None, "", f"cannot be written: {error.strerror}")]) from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _put(fresh: Path, folder: Path) -> None:
    """Move a new folder to its place; what stood there goes only when the new one has come, or comes back."""
    if not folder.exists():
        fresh.replace(folder)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{folder.name}-old-", dir=folder.parent))
    try:
        folder.replace(old)
        try:
            fresh.replace(folder)
        except BaseException:
            old.replace(folder)
            raise
    finally:
        shutil.rmtree(old, ignore_errors=True)


def _contents(recorded: Recorded, document: Document) -> Iterator[tuple[str, str]]:
    texts = {
        "events.jsonl": "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in recorded.events),
        "tracks.csv": _tracks_csv(recorded),
        "outcomes.json": json.dumps(_results(recorded), ensure_ascii=False, indent=1) + "\n",
    }
    yield "scenario.toml", dump(document.data)
    yield from texts.items()
    manifest = {**recorded.manifest, "checksums": {name: checksum(texts[name]) for name in SUMMED}}
    yield "manifest.json", json.dumps(manifest, ensure_ascii=False, indent=1) + "\n"


def checksum(text: str) -> str:
    """Return 12 hex digits by which to see that a file is as it was written, whatever ends its lines."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _tracks_csv(recorded: Recorded) -> str:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(TRACKS)
    for name, way in recorded.ways.items():
        for step, lat, lon, altitude in zip(way.step, way.lat_deg, way.lon_deg, way.altitude_ft, strict=True):
            high = "" if np.isnan(altitude) else f"{altitude:.0f}"
            rows.writerow([name, way.kind, way.side, int(step), f"{lat:.5f}", f"{lon:.5f}", high])
    return text.getvalue()


def read(folder: Path) -> Recorded:
    """Read a run folder. Raises InputError if it is none, or one of another version."""
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise InputError([Problem(str(folder), None, "", f"is no run folder: it lacks {', '.join(missing)}")])
    with _read_whole(folder / "manifest.json") as path:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        _check_keys(manifest, ("format",))
    if manifest["format"] != FORMAT:
        problem = f"is {manifest['format']}, this program reads {FORMAT}; run the scenario again"
        raise InputError([Problem(str(path), None, "format", problem)])
    with _read_whole(path):
        _check_keys(manifest, NAMED)
        for key, kind in NAMED.items():
            if type(manifest[key]) is not kind:
                raise ValueError(f"`{key}` is {json.dumps(manifest[key])}, must be a {_KINDS[kind]}")
        sums = manifest.pop("checksums", None)
        if sums is not None:  # a folder of an earlier version of the program has none
            _check_keys(sums, SUMMED)
    with _read_whole(folder / "outcomes.json", sums) as path:
        results = json.loads(path.read_text(encoding="utf-8"))
        _check_keys(results, ("outcomes", "reported", "rungs"))
    with _read_whole(folder / "events.jsonl", sums) as path:
        events = [*_read_events(path.read_text(encoding="utf-8"))]
    with _read_whole(folder / "tracks.csv", sums) as path:
        found = _read_ways(path)
    document = load(folder / "scenario.toml")
    scenario = parse(document)
    if digest(document.data) != manifest["hash"]:
        problem = "is not the scenario of this run, its hash differs; run it again instead"
        raise InputError([Problem(str(folder / "scenario.toml"), None, "", problem)])
    with _read_whole(folder / "outcomes.json"):
        reported = [*_in_words(results["reported"], scenario)]
    return Recorded(scenario, manifest, events, found, results["outcomes"], reported, results["rungs"])


_KINDS: Mapping[type, str] = {str: "text", int: "whole number"}


@contextmanager
def _read_whole(path: Path, sums: Mapping[str, str] | None = None) -> Iterator[Path]:
    """Give a file of a run folder to read. Raises InputError if it cannot be read, or is not as it was written.

    What can be told of a line is told first; the checksum finds the rest, such as rows that are gone.
    """
    try:
        yield path
        if sums is not None and checksum(path.read_text(encoding="utf-8")) != sums[path.name]:
            raise ValueError("it is not what the run wrote, its checksum differs from the manifest's")
    except OSError as error:
        raise InputError([Problem(str(path), None, "", f"cannot be read: {error.strerror}")]) from error
    except json.JSONDecodeError as error:
        problem = (
            f"is damaged: {error.msg.removesuffix(' at')} at column {error.colno}; run the scenario again"
        )
        raise InputError([Problem(str(path), error.lineno, "", problem)]) from error
    except UnicodeDecodeError as error:
        raise InputError(
            [Problem(str(path), None, "", "is damaged: it is no UTF-8; run the scenario again")]
        ) from error
    except ValueError as error:
        raise InputError(
            [Problem(str(path), None, "", f"is damaged: {error}; run the scenario again")]
        ) from error


def _check_keys(data: Any, keys: Iterable[str]) -> None:
    """Raise ValueError if what a file holds is no object, or lacks a key."""
    if not isinstance(data, dict):
        raise ValueError("it holds no object")
    if missing := [key for key in keys if key not in data]:
        raise ValueError(f"it lacks {', '.join(missing)}")


def _in_words(rows: Any, scenario: Scenario) -> Iterator[dict[str, Any]]:
    """Yield the records of facts as `measures.reported` has them. Raises ValueError for a record of no fact."""
    for row in rows if isinstance(rows, list) else [rows]:
        fact = scenario.facts.get(str(row.get("id"))) if isinstance(row, dict) else None
        if fact is None:
            raise ValueError("its records of `reported` are not those of the facts of scenario.toml")
        yield row | {"reported": measures.reported_in_words(fact)}


def _read_events(text: str) -> Iterator[dict[str, Any]]:
    """Yield the events of a log. Raises JSONDecodeError with the line in the file, ValueError for no event."""
    for number, line in enumerate(io.StringIO(text), start=1):  # at line feeds alone: a name may hold others
        try:
            event = json.loads(line)
        except json.JSONDecodeError as error:
            error.lineno = number
            raise
        missing = [key for key in EVENT if not isinstance(event, dict) or key not in event]
        if missing:
            raise ValueError(f"line {number} is no event, it lacks {', '.join(missing)}")
        if event["id"] != number - 1:
            raise ValueError(
                f"line {number} is event {event['id']}, must be {number - 1}: lines are gone or moved"
            )
        if event["cause"] is not None and event["cause"] not in range(number - 1):
            raise ValueError(f"line {number} has the cause {event['cause']}, must be an event before it")
        yield event


def _read_ways(path: Path) -> dict[str, Way]:
    rows: dict[str, list[dict[str, str]]] = {}
    with path.open(encoding="utf-8", newline="") as lines:
        table = csv.DictReader(lines)
        if table.fieldnames is None or list(table.fieldnames) != [*TRACKS]:
            raise ValueError(f"its columns are not {', '.join(TRACKS)}")
        for row in table:
            if None in row.values() or None in row:
                raise ValueError(f"line {table.line_num} has not {len(TRACKS)} values")
            rows.setdefault(row["name"], []).append(row)
    found = {}
    for name, each in rows.items():
        numbers = {}
        for column, typed in (("step", int), ("lat_deg", float), ("lon_deg", float), ("altitude_ft", float)):
            empty = "nan" if column == "altitude_ft" else ""
            numbers[column] = np.array([typed(row[column] or empty) for row in each])
        found[name] = Way(each[0]["kind"], each[0]["side"], *numbers.values())
    return found
