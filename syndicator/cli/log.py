"""How log lines look, on stderr: as text or as JSON, one line per event.

    21:25:26 [warning  ] problem path=… what='no date'          in a terminal, coloured
    2026-11-21T21:25:26+01:00 warning problem path=…            elsewhere
    <4>problem path=… what='no date'                            for the journal (sd-daemon(3))
    {"time": "…", "level": "warning", "event": "problem", …}    as JSON

A last guard masks anything that looks like a Slack token or webhook; nothing should ever bring one here.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from collections.abc import MutableMapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any

import structlog

from syndicator.cli.options import LogFormat, LogLevel
from syndicator.text import shown

SECRET = re.compile(r"xox[a-z]-[\w-]+|(?<=hooks\.slack\.com/)(services|workflows|triggers)/\S+")
PRIORITIES = {"critical": "<2>", "error": "<3>", "warning": "<4>", "info": "<6>", "debug": "<7>"}

Event = MutableMapping[str, Any]


def configure_logs(
    level: LogLevel = "info", form: LogFormat = "text", *, quiet: bool = False, printed: str = ""
) -> None:
    """Sets up structlog, and the standard library's logging for the warnings of libraries.

    `quiet` is for commands that print what they find: nothing but errors is logged. `printed` is an event
    that the command prints itself.
    """
    least = logging.ERROR if quiet else logging.getLevelNamesMapping()[level.upper()]
    # Plain tracebacks: the fancy ones print local variables, and one of those may be a secret.
    to_text = structlog.processors.format_exc_info
    processors: list[Any] = [partial(_others, printed), structlog.processors.add_log_level, to_text, tidy]
    if form == "text" and sys.stderr.isatty() and not is_journal():
        renderer = structlog.dev.ConsoleRenderer(
            pad_event_to=0,
            sort_keys=False,
            colors=not os.environ.get("NO_COLOR"),
            exception_formatter=structlog.dev.plain_traceback,
        )
        processors += [structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False), renderer]
    else:
        processors.append(partial(_line, form=form, in_journal=is_journal()))
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=_to_stderr,
        cache_logger_on_first_use=False,
    )
    # What libraries have to say, from warnings up; theirs is never our news.
    logging.basicConfig(level=max(least, logging.WARNING), handlers=[_OfLibraries()], force=True)
    # It logs a webhook's address at INFO and messages at DEBUG; neither is ever wanted.
    logging.getLogger("slack_sdk").setLevel(logging.ERROR)


def _others(printed: str, _logger: object, _method: str, event: Event) -> Event:
    if event["event"] == printed:
        raise structlog.DropEvent
    return event


class _Lines(structlog.PrintLogger):
    """A line that cannot be written, as on a full disk or where nobody reads any more, is lost, and costs
    nothing else."""

    def msg(self, message: str) -> None:
        with suppress(OSError):
            super().msg(message)

    log = debug = info = warn = warning = fatal = failure = err = error = critical = exception = msg


def _to_stderr(*_: object) -> _Lines:
    """Looked up for each line: a progress bar takes its place for a while, and prints lines above itself."""
    return _Lines(sys.stderr)


def is_journal() -> bool:
    """Whether stderr is the journal itself: who redirects it keeps the variable (systemd.exec(5))."""
    try:
        stat = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError):
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{stat.st_dev}:{stat.st_ino}"


class _OfLibraries(logging.Handler):
    """Lines of the standard library's logging become lines of ours."""

    def emit(self, record: logging.LogRecord) -> None:
        # structlog knows no level between those of the standard library.
        level = min(record.levelno // 10 * 10, logging.CRITICAL)
        structlog.get_logger().log(level, record.getMessage(), library=record.name, exc_info=record.exc_info)


def tidy(_logger: object, _method: str, event: Event) -> Event:
    """Anything like a secret becomes `***`, what a terminal would obey is written out. A field that is None
    or empty says nothing, such as the fix of what needs none."""
    return {key: _masked(value) for key, value in event.items() if key == "event" or value not in (None, "")}


def _masked(value: Any) -> Any:
    match value:
        case str():
            return SECRET.sub("***", shown(value, but="\n\t"))
        case list() | tuple():
            return [_masked(one) for one in value]
        case dict():
            return {key: _masked(one) for key, one in value.items()}
    return value


def _line(_logger: object, _method: str, event: Event, *, form: LogFormat, in_journal: bool) -> str:
    """In the journal each line has its priority, as it begins an entry of its own."""
    level = event.pop("level")
    if form == "json":
        head = {"time": _now("milliseconds"), "level": level, "event": event.pop("event")}
        line = json.dumps(head | dict(event), ensure_ascii=False, default=str)
    else:
        line = _text(event) if in_journal else f"{_now('seconds')} {level} {_text(event)}"
    priority = PRIORITIES[level] if in_journal else ""
    return priority + line.replace("\n", f"\n{priority}")


def _text(event: Event) -> str:
    """The event and its fields on one line; only a traceback follows on further ones."""
    head, trace = str(event.pop("event")), event.pop("exception", None)
    line = " ".join((head, *(f"{key}={_value(value)}" for key, value in event.items()))).replace("\n", " ")
    return f"{line}\n{trace}" if trace else line


def _value(value: object) -> str:
    text = str(value)
    return repr(text) if not text or any(c in text for c in ' "=\n') else text


def _now(timespec: str) -> str:
    return datetime.now(UTC).astimezone().isoformat(timespec=timespec)
