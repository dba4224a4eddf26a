"""Where an export goes: a file that is written whole or not at all, and replaces another only when told to."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Final

from sim.errors import InputError, Problem, nearest
from sim.outputs import check_free, whole


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


def write(content: bytes, path: Path, *, force: bool = False) -> None:
    """Write a file whole or not at all.

    Raises InputError if something is there and `force` is not said, or if the file cannot be written.
    """
    check_free(path, force=force)
    with whole(path) as draft:
        draft.write_bytes(content)
