"""What stands on the terminal: lines, tables, JSON, a progress bar.

Text from files is never obeyed, and none of it passes for another line: file names may hold any character but
`/`, so escape sequences that clear the screen or set its title, line breaks that forge a line of ours, marks
that turn the reading direction. rich takes only a few of them out.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Iterable, Sequence
from datetime import datetime
from textwrap import fill
from typing import TYPE_CHECKING, Any

import typer

from syndicator.models import Entry
from syndicator.text import OBEYED, shown

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress
    from rich.text import Text

PATIENCE_S = 1.0
"""How long one waits without being told anything."""
TOLD_EVERY_S = 10.0
"""How often a further line says how far it is, where there is no bar."""
_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "blue": "34", "cyan": "36"}


def console() -> Console:
    from rich.console import Console

    return Console(highlight=False)


def say(*parts: str | tuple[str, str]) -> None:
    """Prints one line of texts, each alone or with its style; on a terminal it is broken between words."""
    styled = [(part, "") if isinstance(part, str) else part for part in parts]
    line = "".join(_styled(shown(text), style) for text, style in styled)
    width = shutil.get_terminal_size().columns
    if sys.stdout.isatty() and sum(len(text) for text, _ in styled) > width:
        # Colours count as letters here, so that a line may end early.
        line = fill(line, width, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)
    typer.echo(line)


def _styled(text: str, style: str) -> str:
    """As a terminal takes it (ECMA-48 8.3.117); rich, which tables need, takes longer to load."""
    if not style or not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        return text
    return f"\x1b[{';'.join(_CODES[word] for word in style.split())}m{text}\x1b[0m"


def say_table(heads: Sequence[str], rows: Iterable[Sequence[str | Text]]) -> None:
    """Prints rows below their heads, the last column folded. A text may be of several lines; one that comes
    from elsewhere has its colours."""
    from rich.table import Table
    from rich.text import Text

    table = Table(*heads[:-1], box=None, pad_edge=False)
    table.add_column(heads[-1], overflow="fold")
    for row in rows:
        table.add_row(*(Text(shown(cell, but="\n")) if isinstance(cell, str) else cell for cell in row))
    console().print(table)


def local_time(moment: datetime) -> str:
    """As the clock on this machine shows it."""
    return f"{moment.astimezone():%Y-%m-%d %H:%M %Z}"


def say_json(facts: object) -> None:
    """Prints facts for programs; times in the form of ISO 8601, all else that JSON does not know as text.

    What a terminal obeys is escaped, as JSON has it.
    """
    text = json.dumps(facts, indent=2, ensure_ascii=False, default=_as_json)
    typer.echo(OBEYED.sub(lambda found: found[0] if found[0] == "\n" else json.dumps(found[0])[1:-1], text))


def entry_facts(entry: Entry) -> dict[str, Any]:
    """What programs are told of an entry wherever one is named."""
    told = ("title", "link", "source", "path", "published", "quality")
    return {"guid": entry.guid} | {name: getattr(entry.article, name) for name in told}


def _as_json(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


class ProgressBar:
    """How far long work is: a bar that appears after a moment where a person looks on, else a line now and
    then; with `log` it goes to the log.
    """

    def __init__(self, *, log: bool = False) -> None:
        self._log, self._what = log, ""
        self._began = time.monotonic()
        self._told = self._began + PATIENCE_S - TOLD_EVERY_S
        self._bar: Progress | None = None
        self._task: Any = None

    def update(self, what: str, done: int, of: int) -> None:
        now = time.monotonic()
        if what != self._what:
            self.close()
            self._what, self._began = what, now
        if not of:
            return
        if sys.stderr is None or not sys.stderr.isatty():
            if done < of and now - self._told > TOLD_EVERY_S:
                self._told = now
                self._tell(done, of)
            return
        if self._bar is None and done < of and now - self._began > PATIENCE_S:
            self._start()
        if self._bar is not None:
            self._bar.update(self._task, completed=done, total=of)

    def close(self) -> None:
        """Takes the bar away. May be repeated."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _tell(self, done: int, of: int) -> None:
        if self._log:
            import structlog

            structlog.get_logger().info(self._what.lower(), done=done, of=of)
        else:
            typer.echo(f"{self._what}: {done} of {of}", err=True)

    def _start(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._bar = Progress(*columns, console=Console(stderr=True, soft_wrap=True), transient=True)
        self._task = self._bar.add_task(self._what, total=None)
        self._bar.start()
