"""The results of a sweep in shards that appear whole or not at all, and the rows of its replications.

A shard holds a fixed block of points, so its name and its bytes depend on the study and the number of replications
alone: not on the workers, nor on the order, nor on how often the sweep was interrupted.  The histograms are what is
kept; the results follow from them.  `docs/studies.md` tells the schema.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final, Literal

import numpy as np

from sim import histograms
from sim.errors import InputError, Problem
from sim.extras import extra
from sim.folders import Folder
from sim.histograms import Histograms
from sim.outcomes import Outcomes
from sim.quantities import plain
from sim.study import Plan

FORMAT: Final = 2
"""Version of the folder's layout."""

HISTOGRAMS, RESULTS, ROWS = "histograms", "results", "rows"

SHARD_MOST: Final = 32
"""Points of a shard at the most: what an interruption can lose, times the workers."""

SHARDS_WANTED: Final = 8
"""A small sweep has smaller shards, so that there are enough for all workers; but points of one are run together."""

ROWS_BLOCK: Final = 16_384
"""Replications of one file of rows."""

KEY: Final = b"intercept"
"""Of the metadata in every Parquet file."""


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
