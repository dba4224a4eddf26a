"""`intercept export`: a run in the file formats of other tools."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.commands.options import (
    RunArgument,
    SetOption,
    ShownReplicationOption,
    ShownSeedOption,
    answers_errors,
    recorded_of,
)
from sim.errors import InputError, Problem
from sim.exports.output import Format, Table, format_of, write
from sim.outputs import check_free
from sim.provenance import number_of

if TYPE_CHECKING:
    from sim.exports.scene import Scene


@answers_errors
def export(
    source: RunArgument,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="The file to write.")],
    kind: Annotated[
        Format | None, typer.Option("--format", help="The format.  [default: that of FILE's suffix]")
    ] = None,
    table: Annotated[
        Table | None, typer.Option("--table", help="Which table, for csv and parquet.  [default: tracks]")
    ] = None,
    every_s: Annotated[
        int,
        typer.Option(
            "--every",
            metavar="SECONDS",
            min=1,
            max=86_400,
            help="A place of each track every so many seconds.",
        ),
    ] = 10,
    seed: ShownSeedOption = None,
    replication: ShownReplicationOption = None,
    overrides: SetOption = None,
    force: Annotated[bool, typer.Option("--force", help="Replace FILE if it is there.")] = False,
) -> None:
    """Write tracks, zones and events for other tools.

    kml: Google Earth; geojson: GIS; acmi: Tacview; csv and parquet: data frames.  Times are UTC, altitudes metres.
    """
    kind = format_of(output) if kind is None else kind
    if table is not None and kind not in (Format.csv, Format.parquet):
        problem = f"is for csv and parquet; {kind} holds tracks and events in one file"
        raise InputError([Problem("--table", None, "", problem)])
    check_free(output, force=force)  # before a scenario is run
    if kind is Format.parquet:
        from sim.extras import extra

        extra("pyarrow.parquet")
    recorded = recorded_of(source, seed, replication, overrides)
    from sim.exports.scene import scene

    shown = scene(recorded, every_s)
    content = _content(shown, kind, table or Table.tracks)
    write(content, output, force=force)
    rows = sum(len(track.step) for track in shown.tracks)
    events = number_of(len(shown.events), "event")
    told = f"{number_of(len(shown.tracks), 'track')} with {number_of(rows, 'place')}, {events}"
    if kind in (Format.csv, Format.parquet):
        told = events if table is Table.events else f"{number_of(rows, 'place')} of tracks"
        told += "" if table else "; --table events writes the events"
    print(f"wrote {output}: {told}", file=sys.stderr)


def _content(scene: Scene, kind: Format, table: Table) -> bytes:
    """Return what is written in a format."""
    if kind is Format.kml:
        from sim.exports.kml import kml

        return kml(scene)
    if kind is Format.geojson:
        from sim.exports.geojson import geojson

        return geojson(scene)
    if kind is Format.acmi:
        from sim.exports.acmi import acmi

        return acmi(scene)
    from sim.exports.tables import csv_bytes, parquet_bytes

    return (csv_bytes if kind is Format.csv else parquet_bytes)(scene, table)
