"""Libraries that only some commands need: imported when they are wanted, with a plain word when they are missing."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from sim.errors import InputError, Problem


def extra(module: str, name: str = "study") -> Any:
    """Return a module of the optional extra of that name.

    Raises InputError with the command that installs the extra, if the module is not there.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        library = (error.name or module).partition(".")[0]
        problem = f"is needed for this and is not installed; in the checkout: pip install '.[{name}]'"
        raise InputError([Problem(library, None, "", problem)]) from error
