"""`intercept sensitivity`: which of the varied quantities matter."""

from __future__ import annotations

from typing import Annotated

import typer

from sim.commands.options import answers_errors
from sim.commands.printing import print_object


@answers_errors
def sensitivity(
    folder: Annotated[
        str,
        typer.Argument(metavar="RUN", help="The folder of a morris, saltelli or one-at-a-time sweep."),
    ],
    outcomes: Annotated[
        list[str] | None,
        typer.Option("--outcome", metavar="NAME", help="Show this outcome; again for another."),
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Show every outcome that varies, not the ladder's alone.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")] = False,
) -> None:
    """Say which of the varied quantities matter.

    A morris sweep gives elementary effects, a saltelli sweep Sobol indices, a one-at-a-time sweep a tornado.
    """
    from sim.folders import folder_of
    from sim.sensitivity import sensitivity as told_of

    told = told_of(folder_of(folder), outcomes or ())
    if as_json:
        print_object(told)
        return
    from sim.sensitivity_report import show_sensitivity

    show_sensitivity(told, chosen=bool(outcomes), every=every)
