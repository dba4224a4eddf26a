"""A run as tables for data frames: tracks or events, in CSV (RFC 4180, UTF-8) or Parquet.

Both have the same columns with the unit last in each name; what is unknown is empty in the one and null in the other.
Seed, replication and hash stand in each row, so that the tables of many runs can be put together.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np

from sim.exports.output import Table
from sim.exports.scene import Scene
from sim.extras import extra

Row = Sequence[Any]


COLUMNS: Final[dict[Table, dict[str, str]]] = {
    Table.tracks: {
        "hash": "string",
        "seed": "int64",
        "replication": "int64",
        "track": "string",
        "label": "string",
        "kind": "string",
        "side": "string",
        "type": "string",
        "aircraft": "int64",
        "step": "int64",
        "time_utc": "time",
        "elapsed_s": "int64",
        "lat_deg": "double",
        "lon_deg": "double",
        "altitude_m": "double",
    },
    Table.events: {
        "hash": "string",
        "seed": "int64",
        "replication": "int64",
        "event": "int64",
        "step": "int64",
        "time_utc": "time",
        "elapsed_s": "int64",
        "kind": "string",
        "who": "string",
        "about": "string",
        "cause": "int64",
        "words": "string",
        "rungs": "string",
        "lat_deg": "double",
        "lon_deg": "double",
        "altitude_m": "double",
        "data": "string",
    },
}
"""The columns of each table in their order, with what they hold; `rungs` and `data` are JSON."""


def csv_bytes(scene: Scene, table: Table) -> bytes:
    """Return a table as CSV with a line of names."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS[table])
    times = [place for place, kind in enumerate(COLUMNS[table].values()) if kind == "time"]
    for row in _rows(scene, table):
        cells = list(row)
        for place in times:
            cells[place] = scene.stamp(cells[place])
        writer.writerow(cells)
    return text.getvalue().encode()


def parquet_bytes(scene: Scene, table: Table) -> bytes:
    """Return a table as Parquet; title and origin are in the metadata of its schema.

    Raises InputError if pyarrow is not installed.
    """
    arrow, parquet = extra("pyarrow"), extra("pyarrow.parquet")
    kinds = {
        "string": arrow.string(),
        "int64": arrow.int64(),
        "double": arrow.float64(),
        "time": arrow.timestamp("ms", tz="UTC"),
    }
    rows = list(_rows(scene, table))
    columns = []
    for place, kind in enumerate(COLUMNS[table].values()):
        values = [row[place] for row in rows]
        if kind == "time":
            values = [scene.utc(step) for step in values]
        columns.append(arrow.array(values, kinds[kind]))
    made: dict[str, str] = {"title": scene.title, "made_from": scene.made_from}
    fields = [(name, kinds[kind]) for name, kind in COLUMNS[table].items()]
    whole = arrow.Table.from_arrays(columns, schema=arrow.schema(fields, metadata=made))
    sink = io.BytesIO()
    parquet.write_table(whole, sink)
    return sink.getvalue()


def _rows(scene: Scene, table: Table) -> Iterator[Row]:
    """Yield the rows; a time is a step here."""
    made = scene.recorded.manifest
    run = (made["hash"], made["seed"], made["replication"])
    yield from (_track_rows if table is Table.tracks else _event_rows)(scene, run)


def _track_rows(scene: Scene, run: Row) -> Iterator[Row]:
    for track in scene.tracks:
        who = (*run, track.name, track.label, track.kind, track.side, track.type, track.aircraft)
        for at, lat, lon, high in zip(
            track.step, track.lat_deg, track.lon_deg, track.altitude_m, strict=True
        ):
            step = int(at)
            altitude = float(high) if np.isfinite(high) else None
            yield (*who, step, step, step * scene.clock.step_s, float(lat), float(lon), altitude)


def _event_rows(scene: Scene, run: Row) -> Iterator[Row]:
    for event in scene.events:
        row = event.row
        step, place = row["step"], event.place or (None, None, None)
        words = (row["kind"], row["who"], row["about"], row["cause"], event.words, _json(event.rungs))
        yield (*run, row["id"], step, step, step * scene.clock.step_s, *words, *place, _json(row["data"]))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
