"""The naive model in SimPy: each agent is a process that wakes every second."""

from __future__ import annotations

from collections.abc import Generator

import simpy

from bench.naive import Agent, Model
from sim.draws import Uniforms
from sim.run import Prepared, Replication


def replicate(prepared: Prepared, uniforms: Uniforms, number: int) -> Replication:
    """Run one replication; SimPy wakes the agents of a step in the order in which they were started."""
    env, model = simpy.Environment(), Model(prepared, uniforms, number)

    def live(agent: Agent) -> Generator[simpy.Event, None, None]:
        while True:
            model.tick(int(env.now), agent)
            yield env.timeout(1)

    for agent in model.agents:
        env.process(live(agent))
    env.run(until=prepared.clock.last + 1)
    return model.replication()
