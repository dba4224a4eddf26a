"""`intercept film`: the map as a film."""

from __future__ import annotations

import re
import sys
from datetime import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.commands.options import (
    RunArgument,
    SetOption,
    ShownReplicationOption,
    ShownSeedOption,
    answers_errors,
    recorded_of,
    telling,
)
from sim.errors import InputError, Problem
from sim.provenance import number_of

if TYPE_CHECKING:
    from sim.store import Recorded


@answers_errors
def film(
    source: RunArgument,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="A .mp4 or .gif file.")],
    begins: Annotated[
        str | None,
        typer.Option("--from", metavar="HH:MM", help="Local time.  [default: before the encounter]"),
    ] = None,
    ends: Annotated[
        str | None, typer.Option("--to", metavar="HH:MM", help="Local time.  [default: after the encounter]")
    ] = None,
    speed: Annotated[
        float, typer.Option("--speed", min=1, max=3600, help="Seconds of the run in one second of the film.")
    ] = 60,
    frames_per_s: Annotated[
        int | None,
        typer.Option("--fps", min=1, max=60, help="Frames a second.  [default: 15, of a .gif 10]"),
    ] = None,
    width_px: Annotated[
        int | None,
        typer.Option("--width", min=480, max=3840, help="Width in pixels.  [default: 1920, of a .gif 960]"),
    ] = None,
    seed: ShownSeedOption = None,
    replication: ShownReplicationOption = None,
    overrides: SetOption = None,
    force: Annotated[bool, typer.Option("--force", help="Replace FILE if it is there.")] = False,
) -> None:
    """Film the map of a run as the clock runs.

    A .mp4 needs the program ffmpeg; a .gif is larger and needs nothing.
    """
    from plots import film as films
    from sim.outputs import check_free

    gif = films.check_format(output) == ".gif"
    check_free(output, force=force)
    span = [_local(option, text) for option, text in (("--from", begins), ("--to", ends))]
    recorded = recorded_of(source, seed, replication, overrides)
    first, last = _span(recorded, *span)
    frames_per_s = frames_per_s or (10 if gif else 15)
    cut = films.Cut(first, last, speed, frames_per_s, width_px or (960 if gif else 1920))
    with telling(quiet=False, what="frames") as tell:
        frames = films.film(recorded, cut, output, tell)
    size = output.stat().st_size
    told = f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{max(1, round(size / 1e3))} kB"
    seconds = frames / frames_per_s
    print(
        f"wrote {output}: {number_of(frames, 'frame')}, {seconds:.{0 if seconds >= 10 else 1}f} s, {told}",
        file=sys.stderr,
    )


def _local(option: str, text: str | None) -> time | None:
    """Return a local time of day. Raises InputError if it is none."""
    if text is None:
        return None
    if not re.fullmatch(r"([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?", text):
        problem = f'is "{text}", wanted a local time of day such as 08:50 or 08:50:30'
        raise InputError([Problem(option, None, "", problem)])
    hour, minute, second, *_ = [*(int(part) for part in text.split(":")), 0]
    return time(hour, minute, second)


def _span(recorded: Recorded, begins: time | None, ends: time | None) -> tuple[int, int]:
    """Return first and last step: as asked for, else those of the encounter. Raises InputError if not in the window."""
    from plots.encounter import encounter

    shown = encounter(recorded)
    clock = shown.clock
    steps, problems = [], []
    for option, at, default in (
        ("--from", begins, shown.begins),
        ("--to", ends, min(shown.ends, clock.last)),
    ):
        step = default if at is None else clock.step_at(at)
        steps.append(step)
        if step > clock.last:
            window = f"{clock.short(0)} to {clock.short(clock.last)}"
            problems.append(Problem(option, None, "", f"is {at}, but the run goes from {window}"))
    if not problems and steps[0] >= steps[1]:
        told = f"{clock.short(steps[0])} is not before --to {clock.short(steps[1])}"
        problems.append(Problem("--from", None, "", told))
    if problems:
        raise InputError(problems)
    return steps[0], steps[1]
