"""The command line: each command of `intercept`, in the order in which `--help` lists them.

Data goes to stdout, narration to stderr.  Errors of input end with exit code 2 and a line for each problem.
Heavy modules are imported inside the command that needs them.
"""

from __future__ import annotations

import typer

from sim.commands import (
    answers,
    calibrate,
    export,
    figures,
    files,
    film,
    pages,
    printing,
    replay,
    risk,
    sensitivity,
    studies,
)

app = typer.Typer(
    help="Replay an air intercept from a scenario file, and measure how minutes decide whether it stays routine.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # rich would double the time that --help takes
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(replay.run)
app.command()(studies.sweep)
app.command()(studies.show)
app.command()(answers.explain)
app.command()(answers.compare)
app.command()(sensitivity.sensitivity)
app.command()(risk.risk)
app.command()(calibrate.calibrate)
app.command()(figures.plot)
app.add_typer(pages.app, name="page")
app.command()(film.film)
app.command()(export.export)
app.command()(files.check)
app.command(name="list")(files.list_scenarios)
app.command()(files.new)
app.command()(files.schema)


def main() -> None:
    """Run the command line; end with 0, 1 (failure), 2 (wrong input) or 130 (interrupted)."""
    printing.open_streams()
    printing.spare_signs()
    printing.tell_warnings()
    with printing.output_told():  # of help and usage, which no command prints
        app()
