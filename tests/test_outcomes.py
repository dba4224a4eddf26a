"""The table of outcomes: each row is what the log of its replication says, each column is documented."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from sim import measures, outcomes
from sim.catalogue import (
    ALL,
    REPORTED,
    columns,
    fact_column,
    happened_column,
    ladder_of,
    tells_absence,
)
from sim.draws import Uniforms
from sim.happenings import Batch, FlownColumns, StayColumns
from sim.outcomes import Outcomes
from sim.run import Replication, prepare, replicate
from sim.scenario import kinds, read
from tests.agreement import asking_everything, compared
from tests.logs import batch_of
from tests.scenarios import Data, scenario_data, scenario_of
from tests.test_properties import few

TURNING = ("crew.bear.turns_share.call=0.1", "crew.bear.notices_share.call=1.0")


@cache
def runs(name: str, count: int, *overrides: str, everything: bool = False) -> list[Replication]:
    """Return replications from number 3 on of a bundled scenario under seed 2."""
    scenario, _ = read(name, overrides)
    prepared = prepare(asking_everything(scenario, kinds(scenario)) if everything else scenario)
    return [replicate(prepared, Uniforms(2), number) for number in range(3, 3 + count)]


def wrong(table: Outcomes, replications: Sequence[Replication]) -> list[str]:
    """Return in what the rows of a table differ from the logs."""
    return [line for place, run in enumerate(replications) for line in compared(table, place, run)]


# ---- rows


@pytest.mark.parametrize("name", ["first-intercept", "july-2019"])
def test_a_row_of_a_batch_is_what_the_log_says(name: str) -> None:
    """Every outcome and every fact, with kinds of number and order of keys, is that of `measures`."""
    table = outcomes.of(batch_of(runs(name, 10)))
    assert wrong(table, runs(name, 10)) == []
    for place, run in enumerate(runs(name, 10)):
        row, told = table.row(place), measures.outcomes(run)
        assert list(row) == list(told)
        assert [type(value) for value in row.values()] == [type(value) for value in told.values()]
    assert table["replication"].tolist() == list(range(3, 13))


def test_facts_of_every_kind_come_out_as_from_the_log() -> None:
    """Whatever a fact asks of first-intercept, and whatever event is a rung, the table says what the log says."""
    replications = runs("first-intercept", 12, *TURNING, everything=True)
    assert wrong(outcomes.of(batch_of(replications)), replications) == []


@settings(few, max_examples=12)
@given(scenario_data())
def test_rows_of_random_scenarios_are_what_the_log_says(data: Data) -> None:
    """So it is for other zones, flights, ladders and sides, with every kind of event asked for."""
    scenario = scenario_of(data)
    prepared = prepare(asking_everything(scenario, kinds(scenario)))
    replications = [replicate(prepared, Uniforms(1), number) for number in range(3)]
    assert wrong(outcomes.of(batch_of(replications)), replications) == []


def test_a_table_of_rows_is_the_table_of_the_batch() -> None:
    """Told one by one or all at once, the values, where they are valid, and the columns are the same."""
    replications = runs("first-intercept", 12, *TURNING)
    prepared = replications[0].prepared
    by_rows = outcomes.of_rows(prepared, 2, 3, [outcomes.told(run) for run in replications])
    assert same(by_rows, outcomes.of(batch_of(replications)))


def same(one: Outcomes, other: Outcomes) -> bool:
    """Tell whether two tables are equal in all that can be read from them."""
    assert one.columns == other.columns
    assert (one.seed, one.first, one.stays) == (other.seed, other.first, other.stays)
    return all(equal(one, other, name) for name in one.values)


def equal(one: Outcomes, other: Outcomes, name: str) -> bool:
    """Tell whether two tables have the same column of a name."""
    columns = [table[name] for table in (one, other)]
    return (
        columns[0].dtype == columns[1].dtype
        and np.array_equal(columns[0].mask, columns[1].mask)
        and np.array_equal(columns[0].compressed(), columns[1].compressed())
    )


def test_what_is_the_same_in_all_replications_may_be_given_once() -> None:
    """Arrays of length 1 stand for all rows."""
    wide = batch_of(runs("first-intercept", 12))
    batch = narrowed(wide)
    assert any(len(happening.step) == 1 for happening in batch.happenings)
    assert same(outcomes.of(batch), outcomes.of(wide))


def narrowed(batch: Batch) -> Batch:
    """Return a batch with arrays of length 1 where all replications have the same."""

    def once(values: Any) -> Any:
        equal = len(values) == 0 or np.array_equal(
            values, np.broadcast_to(values[..., :1], values.shape), True
        )
        return values[..., :1] if equal else values

    happenings = [replace(happening, step=once(happening.step)) for happening in batch.happenings]
    flown = {
        name: FlownColumns(
            once(f.turns),
            once(f.last),
            once(f.closest),
            once(f.closest_km),
            {
                zone: StayColumns(once(s.enters), once(s.leaves), once(s.closest_km))
                for zone, s in f.stays.items()
            },
        )
        for name, f in batch.flown.items()
    }
    return replace(batch, happenings=happenings, flown=flown)


def test_a_part_of_the_columns_is_the_same_as_in_the_whole() -> None:
    """Asked for ladder and facts alone, or for one flight's ladder, the table holds these and nothing else."""
    replications = runs("july-2019", 10)
    batch = batch_of(replications)
    whole, part = outcomes.of(batch), outcomes.of(batch, REPORTED)
    names = [column.name for column in part.columns]
    shared = [name for name in names if not name.endswith(".happened")]
    assert shared == [n for n in whole.values if n.startswith(("replication", "rung.", "highest", "fact."))]
    assert all(equal(part, whole, name) for name in shared)
    for wanted in (REPORTED, ladder_of("a50"), ladder_of("h6k")):
        rows = [outcomes.told(run, wanted) for run in replications]
        told = outcomes.of_rows(replications[0].prepared, 2, 3, rows, wanted)
        assert same(told, outcomes.of(batch, wanted))
    ladder = outcomes.of(batch, ladder_of("h6k"))
    for place, run in enumerate(replications):
        steps = [rung["step"] for rung in measures.rungs(run, "h6k")]
        found = [ladder[c.name][place] for c in ladder.columns if c.name.startswith("rung.")]
        assert [None if value is np.ma.masked else value for value in found] == steps


def test_what_happened_is_told_by_array_and_by_log_for_every_kind_of_fact() -> None:
    """Whatever is taken of them, a fact's events happened where the log holds one; for an n-th, where it holds n."""
    replications = runs("first-intercept", 12, *TURNING, everything=True)
    prepared = replications[0].prepared
    table = outcomes.of(batch_of(replications), REPORTED)
    rows = [outcomes.told(run, REPORTED) for run in replications]
    assert same(table, outcomes.of_rows(prepared, 2, 3, rows, REPORTED))
    takes: dict[str, set[bool]] = {}
    for name, fact in prepared.scenario.facts.items():
        counting = fact.model_copy(update={"take": "count"})
        least = fact.select.occurrence or 1
        for place, run in enumerate(replications):
            expected = (measures.simulated(run, counting) or 0) >= least
            assert measures.happened(run, fact) is expected
            if tells_absence(fact):
                found = table[fact_column(name, fact)][place] is not np.ma.masked
            else:
                found = bool(table[happened_column(name)][place])
            assert found is expected
            takes.setdefault(fact.take, set()).add(found)
    several = {"time", "count", "duration_s", "distance_km", "sum:rounds", "min:distance_km", "sum:aircraft"}
    assert {take for take, seen in takes.items() if seen == {True, False}} >= several


# ---- replications that were handed over


def spoilt(batch: Batch, places: list[int]) -> Batch:
    """Return a batch that hands over the replications at some places, with nonsense in their rows."""
    handed_over = np.zeros(batch.count, dtype=bool)
    handed_over[places] = True
    happenings = []
    for number, happening in enumerate(batch.happenings):
        step = happening.step.copy()
        step[places] = number % 7
        happenings.append(replace(happening, step=step))
    return replace(batch, happenings=happenings, handed_over=handed_over)


def test_rows_of_replications_that_were_handed_over_take_their_place() -> None:
    """What the processes tell is laid over the rows that mean nothing, and their numbers are kept."""
    replications = runs("first-intercept", 12, *TURNING)
    batch = batch_of(replications)
    told = {place: outcomes.told(replications[place]) for place in (0, 7, 11)}
    table = outcomes.of(spoilt(batch, [0, 7, 11]), rows=told)
    assert wrong(table, replications) == []
    assert same(table, outcomes.of(batch))
    assert table.handed_over.tolist() == [3, 10, 14]
    assert outcomes.of(batch).handed_over.tolist() == []


def test_a_batch_may_hand_over_everything() -> None:
    """Then it need not hold anything, and the table is that of the processes."""
    replications = runs("first-intercept", 4)
    batch = replace(batch_of(replications), happenings=[], flown={}, handed_over=np.ones(4, dtype=bool))
    table = outcomes.of(batch, rows=dict(enumerate(map(outcomes.told, replications))))
    assert wrong(table, replications) == []


# ---- stays that the script does not hold


def staying(*most: int) -> list[outcomes.Row]:
    """Return rows of flights that made so many stays in the airspace."""
    (run,) = runs("first-intercept", 1)
    rows: list[outcomes.Row] = []
    for number in most:
        row = dict(outcomes.told(run))
        row["bear.airspace.stays"] = number
        for stay in range(2, number + 1):
            row |= {
                k.replace(".1.", f".{stay}."): v for k, v in row.items() if k.startswith("bear.airspace.1.")
            }
        rows.append(row)
    return rows


def test_a_stay_more_than_the_script_holds_adds_columns_but_only_to_its_rows() -> None:
    """The table has columns for the most stays; a row has the keys of its own stays and of the script's."""
    prepared = runs("first-intercept", 1)[0].prepared
    table = outcomes.of_rows(prepared, 2, 0, staying(1, 3, 0))
    assert "bear.airspace.3.enters.at_s" in table.values
    third = [f"bear.airspace.{stay}.inside_s" in table.row(1) for stay in (1, 2, 3, 4)]
    assert third == [True, True, True, False]
    assert [f"bear.airspace.{stay}.inside_s" in table.row(2) for stay in (1, 2)] == [True, False]
    assert table["bear.airspace.3.inside_s"].mask.tolist() == [True, False, True]


def test_tables_are_joined_whatever_columns_each_has() -> None:
    """Parts with fewer stays have the further ones masked; the columns stand in the order of the whole."""
    prepared = runs("first-intercept", 1)[0].prepared
    rows = staying(1, 2, 0, 3, 1)
    whole = outcomes.of_rows(prepared, 2, 6, rows)
    parts = [outcomes.of_rows(prepared, 2, 6 + a, rows[a:b]) for a, b in ((0, 1), (1, 3), (3, 5))]
    parts[1] = replace(parts[1], handed_over=np.array([8]))
    joined = outcomes.collect(prepared, 2, 6, 5, parts)
    assert same(joined, whole)
    assert list(joined.values) != list(whole.values)  # so that their order was worth a look
    assert joined.handed_over.tolist() == [8]


def test_no_replications_give_an_empty_table() -> None:
    """All columns are there, without a row."""
    prepared = runs("first-intercept", 1)[0].prepared
    table = outcomes.collect(prepared, 1, 0, 0, [])
    assert len(table) == 0
    assert {len(values) for values in table.to_dict().values()} == {0}


# ---- columns


@pytest.mark.parametrize("name", ["first-intercept", "july-2019"])
def test_every_column_says_what_it_means_and_in_which_unit(name: str) -> None:
    """Each has a name of its own and a meaning of its own; `_s` and `_km` end the names of seconds and kilometres."""
    scenario, _ = read(name)
    every = columns(prepare(scenario), {})
    assert len({column.name for column in every}) == len(every)
    facts = {fact.statement for fact in scenario.facts.values()}
    meanings = [c.meaning for c in every if not c.name.startswith("fact.")]
    assert len(set(meanings)) == len(meanings)
    assert {c.meaning.removesuffix(", after the start of the window") for c in every} >= facts
    for column in every:
        unit = next((unit for unit in ("s", "km") if column.name.endswith(f"_{unit}")), "")
        assert column.unit == unit, column
        assert column.meaning
    assert all(column.optional for column in every if column.unit == "s")


def test_the_columns_are_the_keys_of_the_outcomes_and_the_facts() -> None:
    """Nothing is left out of the catalogue, and nothing in it does not exist."""
    (run,) = runs("july-2019", 1)
    facts = run.prepared.scenario.facts
    named = ["replication", *outcomes.told(run)]
    assert [c.name for c in columns(run.prepared, {}, ALL)] == named
    assert [name for name in named if name.startswith("fact.")] == [
        fact_column(*item) for item in facts.items()
    ]


def test_a_column_is_masked_where_something_did_not_happen() -> None:
    """The mask is where the log has None; names are words; columns that are always there have no mask."""
    replications = runs("first-intercept", 12, *TURNING)
    table = outcomes.of(batch_of(replications))
    rows = [measures.outcomes(run) for run in replications]
    assert table["bear.turns.at_s"].mask.tolist() == [row["bear.turns.at"] is None for row in rows]
    assert 0 < table["bear.turns.at_s"].mask.sum() < 12
    assert table["highest_rung_name"].tolist() == [row["highest_rung_name"] for row in rows]
    assert table["west.bear.calls"].mask is np.ma.nomask
    with pytest.raises(StopIteration):
        table["bear.turns"]


def test_plain_arrays_keep_what_is_absent_apart_from_every_number() -> None:
    """Counts are whole; what can be absent is floating and not a number there; names are words or None."""
    replications = runs("first-intercept", 12, *TURNING)
    table = outcomes.of(batch_of(replications))
    arrays = table.to_dict()
    assert list(arrays) == [column.name for column in table.columns]
    assert {array.shape for array in arrays.values()} == {(12,)}
    for column in table.columns:
        array = arrays[column.name]
        if column.kind == "name":
            assert array.dtype == object
        elif column.optional:
            assert array.dtype == np.float64
            assert np.array_equal(np.isnan(array), ~table.valid[column.name])
        else:
            assert array.dtype.kind == "i"
    steps = [next((r.step for r in run.log if r.kind == "turns"), np.nan) for run in replications]
    assert np.array_equal(arrays["bear.turns.at_s"], steps, equal_nan=True)


def test_a_name_that_is_absent_is_none() -> None:
    """A replication without a rung has no name of the highest."""
    far = tuple(f"intruders.bear.route.{n}.lon_deg=-10.0" for n in range(3))
    table = outcomes.of(batch_of(runs("first-intercept", 2, *far)))
    assert table.to_dict()["highest_rung_name"].tolist() == [None, None]
    assert table["highest_rung"].tolist() == [0, 0]


def test_times_are_seconds_whatever_the_step() -> None:
    """With steps of 5 s a time of day is 5 times its step, in `at_s` as in facts."""
    replications = runs("first-intercept", 6, "clock.step_s=5", everything=True)
    table = outcomes.of(batch_of(replications))
    first = [next(r.step for r in run.log if r.kind == "airborne") for run in replications]
    assert table["rung.airborne.at_s"].tolist() == [5 * step for step in first]
    assert wrong(table, replications) == []
