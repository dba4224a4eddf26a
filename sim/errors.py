"""Every error that this project raises on purpose, in one tree.

    Exception
    └── InterceptError            exit code 1: what was asked cannot be done
        ├── InputError            exit code 2: a file, name or option is wrong; carries every problem found
        ├── CalibrationError      exit code 1: too few draws agree with the facts
        ├── SweepError            exit code 1: a sweep cannot go on; what it has done is kept
        └── WorkerError           exit code 1: the system ended a process that worked for this one

An error is for the person at the terminal: it says where, what came, what was wanted, and the next move.
Whatever is not in this tree is a defect of the program and keeps its traceback.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar


def closest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that is most like `name`, or None if none is like it."""
    from difflib import get_close_matches

    known = list(known)
    begun = [each for each in known if each.startswith(f"{name}_")]
    if len(begun) == 1:  # a key whose unit was left out
        return begun[0]
    close = get_close_matches(name, known, n=1, cutoff=0.7)
    return close[0] if close else None


def nearest(name: str, known: Iterable[str]) -> str:
    """Return `, did you mean "x"?` for the known name that is most like `name`, or "" if none is like it.

    >>> nearest("deley_s", ["delay_s", "post"])
    ', did you mean "delay_s"?'
    >>> nearest("lat", ["at", "lat_deg"])
    ', did you mean "lat_deg"?'
    """
    close = closest(name, known)
    return "" if close is None else f', did you mean "{close}"?'


@dataclass(frozen=True, slots=True)
class Problem:
    """Hold one thing that is wrong with the input, and where it was written.

    `file` is as the user would name it, `--set` for an override on the command line, or "" where there is no
    file. `line` counts from 1. `path` is the dotted key, "" for the file as a whole.
    """

    file: str
    line: int | None
    path: str
    message: str

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        return ": ".join(part for part in (where, self.path, self.message) if part)


class InterceptError(Exception):
    """Say that something asked for cannot be done."""

    exit_code: ClassVar[int] = 1


class InputError(InterceptError):
    """Say everything that is wrong with the input, one problem a line, in the order of files and lines."""

    exit_code: ClassVar[int] = 2

    def __init__(self, problems: Iterable[Problem]) -> None:
        # Equal problems happen when two checks meet at one value; a reader needs each only once.
        unique = dict.fromkeys(problems)
        self.problems: list[Problem] = sorted(unique, key=lambda it: (it.file, it.line or 0, it.path))
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self) -> tuple[type[InputError], tuple[list[Problem]]]:
        """Rebuild from the problems: a worker process must hand on the error as it was."""
        return InputError, (self.problems,)


class CalibrationError(InterceptError):
    """Say that too few draws agree with the facts to tell anything from them."""


class SweepError(InterceptError):
    """Say why a sweep cannot go on, such as a full disk; every shard that is there stays whole."""


class WorkerError(InterceptError):
    """Say that the system ended a worker, most often for want of memory."""

    def __str__(self) -> str:
        return "a worker process was ended from outside, most often for want of memory; try fewer with --jobs"
