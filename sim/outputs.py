"""Files that a command writes: a figure, a page, an export or a film is there whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sim.errors import InputError, Problem


def check_place(path: Path) -> None:
    """Raise InputError if there is no folder to write a file into, or a folder in the file's place."""
    problem = ""
    if path.is_dir():
        problem = "is a folder; choose a file"
    elif not path.parent.is_dir():
        problem = f"cannot be written: there is no folder {path.parent}; make it first"
    if problem:
        raise InputError([Problem(str(path), None, "", problem)])


def check_free(path: Path, *, force: bool) -> None:
    """Raise InputError if a file may not be written here: no folder, or something is there that would be lost."""
    check_place(path)
    if path.exists() and not force:
        problem = "already exists; choose another file, or --force to replace it"
        raise InputError([Problem(str(path), None, "", problem)])


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Give a draft of the same suffix beside a file, which takes its place when all of it is written.

    Raises InputError if it cannot be written; whatever ends the writing, nothing half-written stays.
    """
    draft: Path | None = None
    try:
        handle, name = tempfile.mkstemp(suffix=path.suffix, prefix=f".{path.stem}-", dir=path.parent)
        os.close(handle)
        draft = Path(name)
        yield draft
        draft.chmod(0o644)  # a temporary file is private; what is written is as any other file
        draft.replace(path)
    except OSError as error:
        problem = f"cannot be written: {error.strerror or error}; choose another path"
        raise InputError([Problem(str(path), None, "", problem)]) from error
    finally:
        if draft is not None:
            draft.unlink(missing_ok=True)
