"""The command line: one module per command. Each parses its arguments, calls one function, prints, exits.

What a command works with is imported when it runs: database, parsers, even what colours the output take a
second together, which nobody should wait for who asks for `--help` or mistypes an option.
"""

from __future__ import annotations

import errno
import gc
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from io import TextIOWrapper
from typing import NoReturn

import typer

from syndicator import __version__
from syndicator.errors import SyndicatorError
from syndicator.text import shown

FIXES = {
    errno.ENOSPC: "Make room on that disk",
    errno.EDQUOT: "Make room, or raise the quota",
    errno.EROFS: "Mount it for writing, or choose another place",
    errno.EMFILE: "Allow more open files (`ulimit -n`, LimitNOFILE=)",
    errno.ENFILE: "Allow more open files (`sysctl fs.file-max`)",
    errno.EACCES: "Run the command as the user of the service, or allow this one to use it",
    errno.ENOMEM: "Allow more memory (`ulimit -v`, MemoryMax=)",
}

NO_THREAD = "can't start new thread"
"""Python's words."""

app = typer.Typer(
    name="syndicator",
    help="Turns a folder of articles into feeds that people subscribe to and Slack alerts that people are "
    "glad to get.",
    no_args_is_help=True,
    rich_markup_mode=None,
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


@cache
def commands() -> Callable[[], object]:
    """All commands as one, which takes its words from `sys.argv`; made once."""
    # Each command registers itself with `app`, in the order of the help.
    from syndicator.cli import init, build, run, status, explain, preview, backfill  # noqa: F401, I001
    from syndicator.cli import simulate, mute, deliveries, doctor, backup, config  # noqa: F401

    return typer.main.get_command(app)


def main() -> None:
    """The way in from the shell. Exit codes: 0 fine; 1 problems found; 2 wrong use; 75 later; 78 settings."""
    _open_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # Where the terminal's encoding has no such character, it is written out rather than failed for.
            stream.reconfigure(errors="backslashreplace")
    # Many objects live long and few have cycles: looking for those took a twentieth of a cold build, and a
    # tenth of one with nothing changed.
    gc.set_threshold(200_000)
    try:
        commands()()
    except KeyboardInterrupt:
        sys.exit(130)
    except SyndicatorError as error:
        _end(str(error), error.exit_code)
    except RuntimeError as error:
        if str(error) != NO_THREAD:
            raise
        _end(f"{error}. Allow more (`ulimit -u`, TasksMax=): about thirty, and three for each source", 1)
    except BrokenPipeError:
        _end("", 1)
    except OSError as error:
        if error.errno is None:
            raise
        _end(refusal(error), 1)
    finally:
        gc.freeze()  # or Python searches all there is for garbage once more before it ends


def _open_closed_streams() -> None:
    """Opens /dev/null as stdin, stdout or stderr where one is closed, since the next file would be that."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # it takes the lowest number that is free
            os.set_inheritable(number, True)
    sys.stdout = sys.stdout or os.fdopen(1, "w")
    sys.stderr = sys.stderr or os.fdopen(2, "w")


def refusal(error: OSError) -> str:
    """What the machine refuses, where, and what to do about it."""
    place = os.fsdecode(error.filename) if isinstance(error.filename, (str, bytes)) else ""
    why = (error.strerror or str(error)).lower()
    text = f"{place}: {why}" if place else f"the output cannot be written: {why}"
    fix = FIXES.get(error.errno or 0, "")
    return f"{text}. {fix}" if fix else text


def _end(text: str, exit_code: int) -> NoReturn:
    # What is still to be written goes nowhere, so that the end of the process cannot fail for it.
    with suppress(OSError), open(os.devnull, "w") as nowhere:  # noqa: PTH123  a path of the system, not of ours
        os.dup2(nowhere.fileno(), 1)
    if text and sys.stderr is not None:
        coloured = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
        head = "\x1b[1;31merror:\x1b[0m" if coloured else "error:"
        with suppress(OSError, ValueError):
            sys.stderr.write(f"{head} {shown(text, but=chr(10))}\n")
            sys.stderr.flush()
    sys.exit(exit_code)
