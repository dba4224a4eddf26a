"""Common random numbers on the whole July scenario: a change moves what follows from it, and nothing else."""

from __future__ import annotations

from functools import cache

import pytest

from sim.draws import Draw, Uniforms
from sim.log import Record
from sim.run import Replication, prepare, replicate
from sim.scenario import read

Key = tuple[int, str, str, int]
SEED, REPLICATIONS = 5, 4
LATER = "command.stages.authorise-fire.delay_s={ dist = 'lognormal', median = 400, p95 = 800 }"


class Noted(Uniforms):
    """Uniform numbers that remember which of them were asked for."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.asked: dict[Key, float] = {}

    def draws(self, replication: int) -> Draw:
        """Return the draws of a replication, which note each number."""
        draw = super().draws(replication)

        def noting(entity: str, decision: str, occurrence: int) -> float:
            number = self.asked[replication, entity, decision, occurrence] = draw(
                entity, decision, occurrence
            )
            return number

        return noting


@cache
def july(*overrides: str) -> tuple[list[Replication], dict[Key, float]]:
    """Run some replications of July 2019 with overrides, and return them with the numbers that they drew."""
    prepared, uniforms = prepare(read("july-2019", overrides)[0]), Noted(SEED)
    return [replicate(prepared, uniforms, number) for number in range(REPLICATIONS)], uniforms.asked


CHANGES = [
    (LATER, "authorise-fire"),
    ("command.stages.scramble.delay_s=200", "scramble"),
    ("command.stages.identify.delay_s=150", "identify"),
]


@pytest.mark.parametrize("change", [change for change, _ in CHANGES])
def test_every_number_that_both_variants_draw_is_the_same(change: str) -> None:
    """A decision that is taken in both variants is taken with the same number; thousands are."""
    _, asked = july()
    _, other = july(change)
    shared = asked.keys() & other.keys()
    assert len(shared) > 100 * REPLICATIONS
    assert all(asked[key] == other[key] for key in shared)


def first_of(replication: Replication, kind: str, stage: str) -> int | None:
    """Return the step of the first record of a kind that bears a stage's name."""
    return next((r.step for r in replication.log if r.kind == kind and r.data.get("stage") == stage), None)


def told(records: list[Record]) -> list[tuple[object, ...]]:
    """Return records without their numbers, with what is entered about delays left in."""
    return [(r.step, r.kind, r.who, r.about, r.data) for r in records]


@pytest.mark.parametrize(("change", "stage"), CHANGES)
def test_logs_are_the_same_up_to_the_end_of_the_changed_decision(change: str, stage: str) -> None:
    """Before the changed stage can have ended in either variant, the logs are the same, record by record."""
    for one, other in zip(july()[0], july(change)[0], strict=True):
        begun = first_of(one, "stage-started", stage)
        assert begun is not None
        assert begun == first_of(other, "stage-started", stage)
        ended = min(
            r.step
            for replication in (one, other)
            for r in replication.log
            if r.data.get("stage") == stage and r.kind not in ("stage-started", "stage-unmet")
        )
        before = [[r for r in replication.log if r.step < ended] for replication in (one, other)]
        assert told(before[0]) == told(before[1])
        assert [r.cause for r in before[0]] == [r.cause for r in before[1]]
        assert one.log != other.log


def take_offs(replication: Replication) -> dict[str, int]:
    """Return how long each pair took from its order to its take-off."""
    found: dict[str, int] = {}
    for record in replication.log:
        if record.kind == "airborne" and record.cause is not None:
            found[record.who] = record.step - replication.log[record.cause].step
    return found


def test_take_offs_do_not_move_with_the_authority_to_fire() -> None:
    """A later authority changes no pair's time from order to take-off, nor the steps of the first ones."""
    for one, other in zip(july()[0], july(LATER)[0], strict=True):
        pairs = take_offs(one).keys() & take_offs(other).keys()
        assert len(pairs) >= 5
        assert all(take_offs(one)[pair] == take_offs(other)[pair] for pair in pairs)


def test_a_later_authority_is_later_by_its_own_delay() -> None:
    """The authority comes when its request and its delay say; the delay is the quantile of the same number."""
    for one, other in zip(july()[0], july(LATER)[0], strict=True):
        delays = [
            next((r.data["delay_s"] for r in replication.log if r.kind == "fire-authorised"), None)
            for replication in (one, other)
        ]
        if delays[0] is not None and delays[1] is not None:
            assert delays[0] < delays[1]


def test_a_replication_can_be_repeated_alone() -> None:
    """The last replication by itself has the log that it had after the others."""
    replication = july()[0][-1]
    alone = replicate(replication.prepared, Uniforms(SEED), REPLICATIONS - 1)
    assert alone.log.rows() == replication.log.rows()


def test_the_whole_of_july_ticks_as_it_sleeps() -> None:
    """Looking at every step of three seconds finds nothing in five hours that sleeping processes miss."""
    prepared = prepare(read("july-2019", ["clock.step_s=3"])[0])
    ticking = replicate(prepared, Uniforms(SEED), REPLICATIONS - 1, ticking=True)
    assert ticking.log.rows() == replicate(prepared, Uniforms(SEED), REPLICATIONS - 1).log.rows()


def test_another_seed_draws_other_numbers() -> None:
    """Of all numbers that two seeds draw for the same decisions, none is the same."""
    _, asked = july()
    other = Uniforms(SEED + 1)
    assert all(other.value(*key) != number for key, number in asked.items())


def test_no_number_serves_two_decisions() -> None:
    """Within a replication every key has a number of its own."""
    _, asked = july()
    for number in range(REPLICATIONS):
        mine = [value for key, value in asked.items() if key[0] == number]
        assert len(set(mine)) == len(mine)
