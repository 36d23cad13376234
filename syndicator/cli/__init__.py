"""The command line: one module per command. Each parses its arguments, calls one function, prints, exits.

What a command works with is imported when it runs: database and parsers take a second or more, which nobody
should wait for who asks for `--help` or mistypes an option.
"""

from __future__ import annotations

import sys

import typer
from rich.console import Console

from syndicator import __version__
from syndicator.cli.shown import shown
from syndicator.errors import SyndicatorError

app = typer.Typer(
    name="syndicator",
    help="Turns a folder of articles into feeds that people subscribe to and Slack alerts that people are "
    "glad to get.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"syndicator {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(
        False, "--version", callback=_show_version, is_eager=True, help="Print the version and end."
    ),
) -> None:
    pass


def main() -> None:
    """The way in from the shell. Exit codes: 0 fine; 1 problems found; 2 wrong use; 75 later; 78 settings."""
    # Each command registers itself with `app`.
    from syndicator.cli import build, check, deliveries, explain, mute, preview, run  # noqa: F401

    try:
        app()
    except SyndicatorError as error:
        console = Console(stderr=True, highlight=False, soft_wrap=True)
        console.print("error: ", style="bold red", end="")
        console.print(shown(str(error), but="\n"), markup=False)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
