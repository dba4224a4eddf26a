"""What a figure is drawn from: a run folder, the folder of a sweep, or a scenario that is simulated when asked."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sim.commands.options import Engine, is_sweep, record, recorded_in, telling
from sim.commands.points import Chosen, chosen
from sim.errors import InputError, Problem

if TYPE_CHECKING:
    from sim.document import Document
    from sim.folders import Folder
    from sim.outcomes import Outcomes
    from sim.provenance import Provenance
    from sim.scenario import Scenario
    from sim.spread import Reached
    from sim.store import Recorded

Kind = Literal["run", "sweep", "sensitivity", "scenario"]
WORDS: dict[Kind, str] = {
    "run": "the folder of a single run",
    "sweep": "the folder of a sweep",
    "sensitivity": "the object of `intercept sensitivity --json`",
    "scenario": "a scenario",
}


@dataclass
class Source:
    """RUN as it was named, and what follows from it; nothing is simulated before it is asked for, or twice."""

    name: str
    overrides: list[str]
    seed: int | None = None
    number: int | None = None
    """The replication that is asked for; the scenario's example, or 0, where it is not."""
    engine: Engine = Engine.batch
    jobs: int | None = None
    point: int | None = None
    """Of a sweep: the point that is asked for, which is a scenario."""
    tables: dict[int, Outcomes] = field(default_factory=dict)

    @cached_property
    def kind(self) -> Kind:
        """What RUN is. Raises InputError if it is a folder of something else, or options do not fit it."""
        path = Path(self.name)
        found: Kind = "scenario"
        if self.point is not None:
            return "scenario"
        if is_sweep(self.name):
            found = "sweep"
        elif path.is_dir():
            if not (path / "events.jsonl").is_file():
                recorded_in(path)  # tells what the folder lacks
            found = "run"
        elif path.suffix == ".json":
            found = "sensitivity"
        given = [("--seed", self.seed is not None), ("--replication", self.number is not None)]
        given.append(("--set", bool(self.overrides)))
        problems = [
            Problem(
                option, None, "", f"changes what is simulated, but RUN is {WORDS[found]}, which is finished"
            )
            for option, is_given in given
            if is_given and found != "scenario"
        ]
        if problems:
            raise InputError(problems)
        return found

    def wants(self, figure: str, *kinds: Kind) -> None:
        """Raise InputError if RUN is of none of these kinds."""
        if self.kind not in kinds:
            named = [WORDS[kind] for kind in kinds]
            wanted = " or ".join([", ".join(named[:-1]), named[-1]] if len(named) > 1 else named)
            if self.kind == "sweep" and "scenario" in kinds:
                wanted += "; --point says which of its points"
            raise InputError(
                [Problem(self.name, None, "", f"is {WORDS[self.kind]}; {figure} wants {wanted}")]
            )

    @cached_property
    def folder(self) -> Folder:
        """The folder of the sweep."""
        from sim.folders import folder_of

        return folder_of(self.name)

    @cached_property
    def read(self) -> tuple[Document, Scenario]:
        """The scenario, as it was written and as it was understood."""
        if self.kind == "run":
            from sim.document import document_of

            path, told = Path(self.name) / "scenario.toml", self.recorded
            document = document_of(path.read_text(encoding="utf-8"), told.manifest["scenario"], str(path))
            return document, told.scenario
        return self.chosen.document, self.chosen.scenario

    @cached_property
    def chosen(self) -> Chosen:
        """The scenario that is simulated, and which replication of it is asked for."""
        return chosen(self.name, self.point, self.seed, self.number, self.overrides)

    @cached_property
    def recorded(self) -> Recorded:
        """One replication."""
        if self.kind == "run":
            return recorded_in(Path(self.name))
        asked = self.chosen
        return record(asked.scenario, asked.document, asked.seed, asked.number)

    @property
    def drawn_seed(self) -> int:
        """The seed of everything that is simulated."""
        if self.kind == "run":
            return int(self.recorded.manifest["seed"])
        return 1 if self.chosen.seed is None else self.chosen.seed

    def made(self, count: int) -> Provenance:
        """Return what so many replications are made from."""
        from sim.provenance import Provenance

        if self.kind == "run":
            told = self.recorded.manifest
            return Provenance(told["scenario"], told["hash"], told["seed"], count)
        from sim.document import digest

        document = self.read[0]
        return Provenance(document.name, digest(document.data), self.drawn_seed, count)

    def table(self, count: int) -> Outcomes:
        """Return the outcomes of so many replications."""
        if count not in self.tables:
            from sim.many import simulate

            with telling(quiet=False) as tell:
                self.tables[count] = simulate(
                    self.read[1],
                    count,
                    self.drawn_seed,
                    workers=self.jobs,
                    engine=self.engine.value,
                    tell=tell,
                )
        return self.tables[count]

    def whiskers(self, flight: str, count: int) -> Reached:
        """Return when the flight reached each rung in so many replications, and in what share of them."""
        from sim import spread

        with telling(quiet=False) as tell:
            return spread.reached(
                self.read[1],
                flight,
                self.drawn_seed,
                count,
                tell,
                engine=self.engine.value,
                workers=self.jobs,
            )

    def sensitivity(self) -> dict[str, Any]:
        """Return the object of a sensitivity analysis. Raises InputError if there is none."""
        try:
            found = json.loads(Path(self.name).read_text(encoding="utf-8"))
        except OSError as error:
            raise InputError([Problem(self.name, None, "", f"cannot be read: {error.strerror}")]) from error
        except ValueError as error:
            raise InputError([Problem(self.name, None, "", f"is not JSON: {error}")]) from error
        keys = ("kind", "scenario", "hash", "seed", "points", "replications", "inputs", "outcomes")
        missing = [key for key in keys if not isinstance(found, dict) or key not in found]
        if missing:
            problem = f"is not {WORDS['sensitivity']}: it lacks {', '.join(missing)}"
            raise InputError([Problem(self.name, None, "", problem)])
        for part, wanted in (
            ("inputs", ("path", "label")),
            ("outcomes", ("outcome", "label", "measure", "indices")),
        ):
            lacking = {key for row in found[part] for key in wanted if key not in row}
            if lacking:
                named = ", ".join(key for key in wanted if key in lacking)
                problem = f"an older version made it, or a hand: `{part}` lack {named}; make it again"
                raise InputError([Problem(self.name, None, part, problem)])
        return dict(found)
