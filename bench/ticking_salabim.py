"""The naive model in salabim: each agent is a component that holds for a second.

The processes of its components are generators.  Without `yield`, which salabim recommends, each is a greenlet, and a
replication takes a third longer.  How their status changes, second by second, is not kept: that would cost another
tenth, and nobody asks.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import salabim

from bench.naive import Agent, Model
from sim.draws import Uniforms
from sim.run import Prepared, Replication


class Body(salabim.Component):  # type: ignore[misc]  # salabim ships no types
    """A salabim component that is one agent of the naive model."""

    def setup(self, model: Model, agent: Agent) -> None:
        """Take the agent, which salabim hands on from the making of the component."""
        self.model, self.agent = model, agent
        self.status.monitor(False)

    def process(self) -> Generator[Any, None, None]:
        """Look around every second."""
        while True:
            self.model.tick(int(self.env.now()), self.agent)
            yield self.hold(1)


def replicate(prepared: Prepared, uniforms: Uniforms, number: int) -> Replication:
    """Run one replication; salabim wakes the components of a second in the order in which they were made."""
    # An empty seed leaves Python's and NumPy's global generators alone.
    env = salabim.Environment(yieldless=False, trace=False, random_seed="", set_numpy_random_seed=False)
    model = Model(prepared, uniforms, number)
    for agent in model.agents:
        Body(model=model, agent=agent, env=env)
    env.run(till=prepared.clock.last)  # what is due at that second is done too
    return model.replication()
