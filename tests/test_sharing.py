"""What points of a study share: nodes that neither draw from what varies nor ask one that does."""

from __future__ import annotations

from typing import Any

import pytest

from sim.arrays import sharing
from sim.arrays.sharing import Shared
from sim.batch import compose_points
from sim.draws import Uniforms
from sim.run import prepare
from sim.scenario import read


def shared_by(monkeypatch: pytest.MonkeyPatch, *overrides: str) -> frozenset[Any]:
    """Return the nodes that July 2019 shares with itself under some overrides."""
    found: list[Shared] = []
    share = sharing.shared

    def noting(*parts: Any) -> Shared:
        found.append(share(*parts))
        return found[-1]

    monkeypatch.setattr("sim.batch.shared", noting)
    points = [prepare(read("july-2019", given)[0]) for given in ((), overrides)]
    compose_points(points, Uniforms(1), 0, 20)
    return found[0].nodes


def test_what_comes_before_a_delay_is_shared_and_what_follows_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who authorises fire later changes shots and what a crew reports, and no picture, call or take-off."""
    nodes = shared_by(monkeypatch, "command.stages.authorise-fire.delay_s=30")
    assert {("picture", "mcrc", "a50"), ("calls", "korea", "a50"), ("force", "korea")} <= nodes
    assert ("stage", "report-violation", "a50") in nodes
    changed = {("stage", "authorise-fire", "a50"), ("measures", "korea", "a50"), ("force", "russia")}
    assert not changed & nodes


def test_whoever_hears_over_a_link_that_varies_is_not_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where another one has asked for the same news before."""
    nodes = shared_by(monkeypatch, "command.links.mcrc-afoc.delay_s=40")
    assert ("stage", "identify", "h6k") in nodes
    assert ("force", "japan") in nodes
    heard = {("stage", name, "a50") for name in ("scramble-east", "release-flares", "report-violation")}
    assert not heard & nodes
    assert ("force", "korea") not in nodes
