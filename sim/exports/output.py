"""Where an export goes: a file that is written whole or not at all, and replaces another only when told to."""

from __future__ import annotations

import os
import tempfile
from enum import StrEnum
from pathlib import Path
from typing import Final

from sim.errors import InputError, Problem, nearest


class Format(StrEnum):
    """The formats of other tools."""

    kml = "kml"
    geojson = "geojson"
    acmi = "acmi"
    csv = "csv"
    parquet = "parquet"


class Table(StrEnum):
    """Which table is written where a format holds one."""

    tracks = "tracks"
    events = "events"


SUFFIXES: Final[dict[str, Format]] = {
    ".kml": Format.kml,
    ".geojson": Format.geojson,
    ".json": Format.geojson,
    ".acmi": Format.acmi,
    ".csv": Format.csv,
    ".parquet": Format.parquet,
}


def format_of(path: Path) -> Format:
    """Return the format that a file's suffix asks for. Raises InputError if it asks for none."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        came = f'has the suffix "{path.suffix}"' if suffix else "has no suffix"
        hint = nearest(suffix, SUFFIXES) if suffix else ""
        problem = f"{came}, wanted one of {', '.join(SUFFIXES)}{hint}; or say which with --format"
        raise InputError([Problem(str(path), None, "", problem)])
    return SUFFIXES[suffix]


def check_free(path: Path, *, force: bool) -> None:
    """Raise InputError if a file may not be written here: no folder, or something is there that would be lost."""
    problem = ""
    if path.is_dir():
        problem = "is a folder; choose a file"
    elif path.exists() and not force:
        problem = "already exists; choose another file, or --force to replace it"
    elif not path.parent.is_dir():
        problem = "cannot be written: its folder does not exist; make it first"
    if problem:
        raise InputError([Problem(str(path), None, "", problem)])


def write(content: bytes, path: Path, *, force: bool = False) -> None:
    """Write a file beside its place and rename it when all of it is there.

    Raises InputError if something is there and `force` is not said, or if the file cannot be written.
    """
    check_free(path, force=force)
    draft = ""
    try:
        handle, draft = tempfile.mkstemp(prefix=f".{path.stem}-", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(draft).chmod(0o644)  # a temporary file is private; an export is as any other file
        Path(draft).replace(path)
    except OSError as error:
        problem = f"cannot be written: {error.strerror}; choose another path"
        raise InputError([Problem(str(path), None, "", problem)]) from error
    finally:
        if draft:
            Path(draft).unlink(missing_ok=True)
