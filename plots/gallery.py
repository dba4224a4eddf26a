"""The gallery of figures, remade by `python -m plots.gallery`: runs, sweeps, pictures and the page that shows them.

Everything is made by the commands that the page prints, in a checkout, into `runs/` and `docs/`.  What is in `runs/`
already is used again; a sweep goes on where it stopped.  All of it takes some ten minutes on two cores.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill
from typing import Final

from sim.errors import InputError, Problem

ROOT: Final = Path(__file__).parents[1]
PAGE: Final = "docs/gallery.md"
COLORS: Final = 256
"""Of a picture's palette: an eighth of the size, and no difference that one sees."""

RUNS: Final = (
    "intercept run july-2019 -o runs/july",
    "intercept sweep authority-and-flares -n 500 -o runs/flares",
    "intercept sweep timings-morris -n 500 -o runs/screening",
)
"""Made first; each ends in its folder."""


@dataclass(frozen=True)
class Picture:
    """One figure of the gallery: what it asks, what it shows, and the command that draws it."""

    name: str
    question: str
    text: str
    source: str
    options: str = ""

    @property
    def file(self) -> str:
        """Where it stands in the checkout."""
        return f"docs/{self.name}.png"

    @property
    def command(self) -> str:
        """What draws it."""
        return f"intercept plot {self.name} {self.source} {self.options}".strip() + f" -o {self.file}"


PICTURES: Final = (
    Picture(
        "board",
        "Who decided what, where was everybody, and how far did it climb?",
        "One replication on one clock: the distance of the A-50U and of those who met it; who held which decision and "
        "whom it told; the rung of the ladder that held, beside what was reported. Whiskers are 5, 50 and 95 % of "
        "those replications that reached a rung; the share that did stands at their end.",
        "runs/july",
    ),
    Picture(
        "race",
        "Who wins the race against three minutes?",
        "When flares and shots come after the entry, against when the A-50U has gone again. Each replication races "
        "against its own exit; those that lost stay in the count, as open dots.",
        "july-2019",
        "-n 5000",
    ),
    Picture(
        "map",
        "Who flew where?",
        "All tracks and zones of the region, and the islets with a tick a minute; dotted lines join places at one "
        "time. The coast is known at 115–150°E, 20–50°N; elsewhere the footer says so.",
        "runs/july",
    ),
    Picture(
        "delays",
        "How much delay can the chain afford?",
        "The share of replications with shots in the first stay, over the medians of two delays. Dashes bound the "
        "band in which a cell's 95 % interval still holds the contour's share.",
        "runs/flares",
        '--outcome a50.airspace.1.shots.decision --mark "standing orders: 20,20" '
        '--mark "all asked of the top: 240,250"',
    ),
    Picture(
        "counterfactuals",
        "What would one change have changed?",
        "The ladder with one change each, replication by replication with the same draws, so that small differences "
        "show.",
        "july-2019",
        '-n 2000 --variant "Authority for fire takes four minutes: command.stages.authorise-fire.delay_s=240" '
        '--variant "Orders stand from the start: command.stages.authorise-fire.delay_s=5" '
        '--variant "Orders stand from the start: command.stages.release-flares.delay_s=5" '
        '--variant "The crew turns at the first call that it notices: crew.a50.turns_share.call=1" '
        '--variant "The crew never turns at a call: crew.a50.turns_share.call=0" '
        '--variant "The inner action line lies 20 nmi out: zones.korea-inner.margin_nmi=20"',
    ),
    Picture(
        "approach",
        "How near did they come?",
        "The distance of each pair from the A-50U, with blocking passes at the distance that the log tells, the "
        "closest of them, what was reported, and the guidelines for intercepting civil aircraft.",
        "runs/july",
    ),
    Picture(
        "sensitivity",
        "Which of the timings that nobody published matters?",
        "Elementary effects of seven quantities on three rungs, with their intervals.",
        "runs/screening",
    ),
    Picture(
        "convergence",
        "How many replications are enough?",
        "One share as replications are added, with its interval, and from where on that is as narrow as is wanted.",
        "july-2019",
        "-n 20000 --width 0.01 --outcome rung.opposite-fighters-called",
    ),
)


HEAD: Final = """# Gallery

Eight figures of 23 July 2019, around Dokdo / Takeshima (Liancourt Rocks) in the East Sea / Sea of Japan. In a checkout
`python -m plots.gallery` remakes them, and this page; each footer says from what. They are readable in grey and by the
colour-blind. `-o x.svg` and `-o x.pdf` give the same as vectors, and the same input gives the same bytes.

The runs and sweeps that they are drawn from:

```sh
{runs}
```
"""

TAIL: Final = """
## What a figure is drawn from

`intercept plot all RUN -o DIR` draws whatever RUN has data for, and says what it left out and why.

| RUN | figures |
|---|---|
| a run folder, or a scenario | board, map, approach; with many replications race, convergence, counterfactuals |
| the folder of a sweep over a grid of two numbers | delays |
| the folder of a Morris, Saltelli or one-at-a-time sweep; the object of `intercept sensitivity --json` | sensitivity |

Replications are run by the batch engine with the run's seed: 500 for the board's whiskers, 1,000 for race and
counterfactuals, 2,000 for convergence, unless `-n` says otherwise. Shares have 95 % Wilson intervals, differences are
paired, and whiskers, which are over those replications alone in which something happened, have the share beside them.
Counterfactuals want a `--variant`, as `compare` does; delays take named points by `--mark`.

## From Python

Each figure is a function in a file of its own from records to a matplotlib `Figure`, without pyplot or a display:

```python
from plots.board import board
from sim.draws import Uniforms
from sim.run import prepare, replicate
from sim.scenario import read
from sim.store import record

scenario, document = read("first-intercept")
board(record(replicate(prepare(scenario), Uniforms(1), 0), document))
```

```python
from plots.race import race as draw
from sim.document import digest
from sim.many import simulate
from sim.provenance import Provenance
from sim.race import race
from sim.scenario import read

scenario, document = read("first-intercept")
made = Provenance(document.name, digest(document.data), seed=1, replications=1000)
draw(race(simulate(scenario, 1000), scenario, made))
```
"""


def page() -> str:
    """Return the page of the gallery."""
    parts = [HEAD.format(runs="\n".join(RUNS))]
    for picture in PICTURES:
        where = picture.file.removeprefix("docs/")
        parts.append(f"""
## {picture.question}

{fill(picture.text, 118)}

```sh
{_broken(picture.command)}
```

![{picture.question}]({where})
""")
    return "".join([*parts, TAIL])


def _broken(command: str) -> str:
    """Break a long command before its options."""
    return command.replace(" --", " \\\n    --") if len(command) > 110 else command


def make(names: Sequence[str] = ()) -> None:
    """Make runs, pictures and page; of the pictures only those named, if any are.

    Raises InputError for an unknown name, and CalledProcessError if a command fails.
    """
    known = {picture.name: picture for picture in PICTURES}
    unknown = [name for name in names if name not in known]
    if unknown:
        problem = f"no such figures; known: {', '.join(known)}"
        raise InputError([Problem("gallery", None, name, problem) for name in unknown])
    wanted = [known[name] for name in names] if names else list(PICTURES)
    for command in RUNS:
        folder = command.split()[-1]
        if any(picture.source == folder for picture in wanted):
            is_run = command.split()[1] == "run"
            if not (is_run and (ROOT / folder).is_dir()):
                _run(command)
    for picture in wanted:
        _run(picture.command)
        shrink(ROOT / picture.file)
    (ROOT / PAGE).write_text(page(), encoding="utf-8")


def _run(command: str) -> None:
    """Run one command as it is printed, by this Python."""
    sys.stderr.write(f"{command}\n")
    words = shlex.split(command)[1:]
    quiet = ["--quiet"] if words[0] in ("run", "sweep") else []
    subprocess.run([sys.executable, "-m", "sim", *words, *quiet], cwd=ROOT, check=True)


def shrink(path: Path) -> None:
    """Give a PNG file a palette of 256 colours, found without chance, so that the same picture has the same bytes."""
    from PIL import Image

    with Image.open(path) as image:
        small = image.convert("RGB").quantize(COLORS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    draft = path.with_name(f".{path.name}")
    small.save(draft, format="png", optimize=True)
    os.replace(draft, path)  # noqa: PTH105


if __name__ == "__main__":
    try:
        make(sys.argv[1:])
    except InputError as error:
        sys.exit(str(error))
    except subprocess.CalledProcessError as error:
        sys.exit(f"gallery: the command above ended with {error.returncode}")
