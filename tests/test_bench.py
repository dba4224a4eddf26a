"""The peers that the engines are timed against tell the same replications, and the timing changes nothing."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

from bench import cost, naive, rates, study, ticking_simpy
from sim import many
from sim.batch import compose
from sim.draws import Uniforms
from sim.measures import outcomes
from sim.run import Prepared, Replication, prepare, replicate
from sim.scenario import Scenario, read
from tests.sweeps import SCRAMBLE, small

SEED = 1


def scenario(name: str = "first-intercept") -> Scenario:
    """Read a bundled scenario."""
    return read(name)[0]


def same(prepared: Prepared, peer: Any, number: int) -> Replication:
    """Return a replication by the processes, after comparing its outcomes with a peer's."""
    told = replicate(prepared, Uniforms(SEED), number)
    assert outcomes(peer(prepared, Uniforms(SEED), number)) == outcomes(told)
    return told


def test_the_naive_model_in_simpy_has_the_outcomes_of_the_processes() -> None:
    """A process for each agent that wakes every second comes to the same outcomes, whatever happens."""
    prepared = prepare(scenario())
    told = [same(prepared, ticking_simpy.replicate, number) for number in (18, 25)]
    for kind in ("joined", "flares", "answers", "turns", "asks-relief"):
        assert any(replication.log.of_kind(kind) for replication in told)


def test_the_naive_model_in_mesa_has_the_outcomes_of_the_processes() -> None:
    """A Mesa agent for each agent and a Mesa step for each second come to the same outcomes."""
    pytest.importorskip("mesa", reason="the extra `bench` is not installed")
    peer = importlib.import_module("bench.ticking_mesa")
    same(prepare(scenario()), peer.replicate, 25)


def test_the_naive_model_in_salabim_has_the_outcomes_of_the_processes() -> None:
    """A salabim component for each agent that holds for a second comes to the same outcomes."""
    pytest.importorskip("salabim", reason="the extra `bench` is not installed")
    peer = importlib.import_module("bench.ticking_salabim")
    same(prepare(scenario()), peer.replicate, 25)


def test_the_naive_model_has_the_outcomes_of_the_processes_in_july() -> None:
    """A whole replication of July 2019 in which a flight is met, warned and turns away comes out the same."""
    told = same(prepare(scenario("july-2019")), rates.unframed, 1)
    for kind in ("joined", "block", "shots", "turns"):
        assert told.log.of_kind(kind)


def test_the_naive_model_refuses_what_it_does_not_know() -> None:
    """A stage with `unless` is refused, not told wrongly."""
    prepared = prepare(read("first-intercept", ['command.stages.identify.unless=["airborne"]'])[0])
    with pytest.raises(ValueError, match="knows no"):
        naive.Model(prepared, Uniforms(SEED), 0)


def test_another_outcome_ends_the_timing() -> None:
    """A peer that comes to another outcome than the processes is not timed on."""
    way = rates.Way("liar", 1, lambda first: [{"highest_rung": first}])
    with pytest.raises(SystemExit, match="liar: replication 0 has other outcomes"):
        rates.run_round(way, 0, lambda number: {"highest_rung": number + 1})


def test_timing_the_parts_of_the_batch_changes_none_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """The batch is the same while it is metered and after, and the same columns are drawn."""
    monkeypatch.setattr(many, "CHUNK", 64)
    prepared = prepare(scenario())
    before = compose(prepared, Uniforms(SEED), 64, 64)
    with rates.metered() as meter:
        during = compose(prepared, Uniforms(SEED), 64, 64)
    after = compose(prepared, Uniforms(SEED), 64, 64)
    assert meter.spent_s["draws"] > 0
    assert ("scramble", "delay bear", 1) in meter.drawn
    for batch in (during, after):
        assert [(e.kind, e.step.tolist()) for e in batch.happenings] == [
            (e.kind, e.step.tolist()) for e in before.happenings
        ]
    chunk = rates.one_chunk(prepared, 64)
    assert chunk.columns == len(meter.drawn)
    assert 0 < max(chunk.spent_s.values()) <= chunk.all_s


@pytest.mark.parametrize("grown", ["flights", "pairs", "stages"])
def test_a_grown_scenario_holds_so_many_more(grown: str) -> None:
    """Twice the flights, pairs or stages of July 2019 are a scenario without problems, the rest as it was."""
    small, large = cost.july(), cost.july(**{grown: 2})
    counts = [cost.counts(each) for each in (small, large)]
    assert counts[1] == counts[0] | {grown: 2 * counts[0][grown]}


def test_mesa_runs_points_of_a_study_to_the_outcomes_of_the_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    """batch_run makes, steps and asks a model for each point and replication, and one that lies ends the timing."""
    pytest.importorskip("mesa", reason="the extra `bench` is not installed")
    plan = small(f"{SCRAMBLE}=0,400")
    monkeypatch.setattr(study, "plan", lambda: plan)
    monkeypatch.setattr(study, "SAMPLE", (0, 1))
    study.prepared_at.cache_clear()
    found = study.by_mesa(range(25, 26))
    assert found.count == 2
    assert found.processor_s > 0
    monkeypatch.setattr(study, "outcomes_of", lambda replication: {"highest_rung": id(replication)})
    with pytest.raises(SystemExit, match="Mesa: point 0, replication 25 has other outcomes"):
        study.by_mesa(range(25, 26))
    study.prepared_at.cache_clear()


def test_the_sweep_of_the_bench_is_the_whole_study() -> None:
    """961 points over two delays, and the sweeps whose memory is measured have as many points as they say."""
    assert study.plan().points == 961
    assert [each.name for each in study.plan().quantities] == list(study.PATHS)
    assert study.grown(64).points == 64
