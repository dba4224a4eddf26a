"""The naive model in Mesa 3: each agent is a Mesa agent, and a step of the Mesa model is a second."""

from __future__ import annotations

import mesa

from bench.naive import Agent, Model
from sim.draws import Uniforms
from sim.run import Prepared, Replication


class Body(mesa.Agent):
    """A Mesa agent that is one agent of the naive model."""

    def __init__(self, sky: Sky, agent: Agent) -> None:
        super().__init__(sky)
        self.sky, self.agent = sky, agent

    def step(self) -> None:
        """Look around at the step that the Mesa model is in; it counts from 1."""
        self.sky.naive.tick(self.sky.steps - 1, self.agent)


class Sky(mesa.Model):
    """A Mesa model of one replication."""

    def __init__(self, naive: Model) -> None:
        super().__init__(seed=0)  # never drawn from
        self.naive = naive
        for agent in naive.agents:
            Body(self, agent)

    def step(self) -> None:
        """Let the agents act in the order in which they were made."""
        self.agents.do("step")


def replicate(prepared: Prepared, uniforms: Uniforms, number: int) -> Replication:
    """Run one replication."""
    sky = Sky(Model(prepared, uniforms, number))
    for _ in range(prepared.clock.last + 1):
        sky.step()
    return sky.naive.replication()
