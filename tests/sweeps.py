"""Small sweeps for tests: the same study again and again, and its folder as bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sim.study import Plan, read
from sim.sweep import Goal, Summary, sweep

SCRAMBLE = "command.stages.scramble.delay_s"
CALL = "crew.bear.turns_share.call"
TABLES = ("histograms", "results", "rows")


def small(*vary: str, **options: Any) -> Plan:
    """Return the plan of a small study of first-intercept: nine points unless `vary` says otherwise."""
    return read("first-intercept", vary or (f"{SCRAMBLE}=0,200,400", f"{CALL}=0,0.1,0.3"), **options)


def swept(folder: Path, plan: Plan | None = None, replications: int = 20, **options: Any) -> Summary:
    """Run a small study in this process."""
    return sweep(plan or small(), folder, **{"goal": Goal(replications), "workers": 1, **options})


def tables(folder: Path) -> dict[str, bytes]:
    """Return every table of a sweep by its name in the folder."""
    files = (path for kind in TABLES for path in sorted((folder / kind).rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}
