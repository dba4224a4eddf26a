"""What goes to stdout and stderr, whatever letters the terminal, the file or the pipe behind it takes."""

from __future__ import annotations

import codecs
import io
import json
import sys
import warnings
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
