"""What a report prints on a terminal of so many columns."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

import pytest


def printed(columns: int, show: Callable[..., None], *args: Any) -> list[str]:
    """Return the lines that `show` prints, without the blanks at their ends."""
    out = StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out):
        patch.setenv("COLUMNS", str(columns))
        show(*args)
    return [line.rstrip() for line in out.getvalue().splitlines()]
