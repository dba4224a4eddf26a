"""What goes to stdout and stderr, whatever letters the terminal, the file or the pipe behind it takes."""

from __future__ import annotations

import codecs
import errno
import io
import json
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

PLAIN: Final = {
    **{"–": "-", "−": "-", "─": "-", "├": "|", "└": "`", "·": ".", "…": "~", "▲": "^", "†": "+", "×": "x"},
    **{"“": '"', "”": '"', "‘": "'", "’": "'", "≥": ">=", "≤": "<=", "±": "+/-", "→": "->", "°": " deg"},
}
"""What stands for our own signs where an encoding lacks them; any other letter becomes a question mark."""


def _plain(error: UnicodeError) -> tuple[str, int]:
    """Return what is written in the place of letters that an encoding lacks, and where to go on."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(PLAIN.get(sign, "?") for sign in error.object[error.start : error.end]), error.end


def spare_signs() -> None:
    """Let stdout write what its encoding has, and something plainer for the rest, instead of failing.

    A pipe on Windows is not UTF-8, nor is a terminal that PYTHONIOENCODING or the locale says is another.
    """
    codecs.register_error("plain", _plain)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="plain")


class _Closed(io.TextIOBase):
    """Stands for a stdout that was closed, `>&-`: Python has None there, and `print` would lose what it is given."""

    encoding = "utf-8"

    def write(self, text: str) -> int:
        """Refuse any text."""
        raise OSError(errno.EBADF, "stdout is closed")


def open_streams() -> None:
    """Let writing to a stdout that was closed fail, and let what tells of progress go where nobody reads it."""
    if sys.stdout is None:
        sys.stdout = _Closed()
    if sys.stderr is None:
        sys.stderr = io.StringIO()


@contextmanager
def output_told() -> Iterator[None]:
    """End with exit code 1 and a line on stderr if stdout cannot be written; quietly if its reader has gone."""
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except OSError as error:
        if error.errno not in (errno.EPIPE, errno.ENOSPC, errno.EBADF):
            raise
        if not isinstance(sys.stdout, _Closed):
            # What is left in the buffer would fail again when Python ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if error.errno == errno.EPIPE:  # as `head` does
            raise SystemExit(0) from None
        print(f"the output cannot be written: {error.strerror}", file=sys.stderr)
        raise SystemExit(1) from None


def tell_warnings() -> None:
    """Tell a warning of a library, such as of letters that no font has, once and on a line of its own."""
    told = set[str]()

    def tell(message: Warning | str, *_: Any, **__: Any) -> None:
        if str(message) not in told:
            told.add(str(message))
            print(f"note: {message}", file=sys.stderr)

    warnings.showwarning = tell


def print_object(told: Any) -> None:
    """Print one JSON value on a line of its own, in letters as they are where stdout has them all, else escaped."""
    text = json.dumps(told, ensure_ascii=False, allow_nan=False)
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(told)
    print(text)
