"""The command line: one module per command. Each parses its arguments, calls one function, prints, exits.

What a command works with is imported when it runs: database and parsers take a second or more, which nobody
should wait for who asks for `--help` or mistypes an option.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from io import TextIOWrapper
from typing import NoReturn

import typer

from syndicator import __version__
from syndicator.cli.failures import Failure, failure_of, silence_output
from syndicator.cli.shown import shown

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
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # Where the terminal's encoding has no such character, it is written out rather than failed for.
            stream.reconfigure(errors="backslashreplace")
    try:
        # Each command registers itself with `app`.
        from syndicator.cli import build, check, deliveries, explain, mute, preview, run  # noqa: F401

        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:  # the boundary of the process: what is no mistake of ours is one line
        failure = failure_of(error, sys.argv[1:])
        if failure is None:
            raise
    else:
        return
    _end(failure)


def _end(failure: Failure) -> NoReturn:
    """Written plainly: to colour it by rich takes memory, which may be what there is none of."""
    silence_output()
    if failure.text and sys.stderr is not None:
        head = "\x1b[1;31merror:\x1b[0m" if _is_coloured() else "error:"
        with suppress(OSError, ValueError):
            sys.stderr.write(f"{head} {shown(failure.text, but=chr(10))}\n")
            sys.stderr.flush()
    if failure.at_once:
        os._exit(failure.exit_code)
    sys.exit(failure.exit_code)


def _is_coloured() -> bool:
    return sys.stderr.isatty() and not os.environ.get("NO_COLOR")
