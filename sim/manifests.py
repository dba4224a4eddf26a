"""The manifest of a sweep: what was run and what came of it, and whether a folder holds the same.

`docs/studies.md` tells its keys.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from sim.document import document_of, dump, validate
from sim.errors import InputError, Problem
from sim.folders import Folder, LocalFolder
from sim.quantities import plain
from sim.shards import FORMAT, shard_points
from sim.study import Plan, again
from sim.study_file import Study

KIND: Final = "sweep"
MANIFEST, POINTS, SCENARIO, STUDY = "manifest.json", "points.csv", "scenario.toml", "study.toml"
PACKAGES = ("intercept-sim", "numpy", "scipy", "SALib", "pyarrow")


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
        problem = (
            f"holds no sweep: it lacks {', '.join(missing)}; wanted is what intercept sweep -o DIR writes"
        )
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
