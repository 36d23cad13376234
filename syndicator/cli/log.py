"""How log lines look: coloured in a terminal, `<level>event key=value` for the journal (sd-daemon(3)).

A last guard masks anything that looks like a Slack token or webhook; nothing should ever bring one here.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from syndicator.cli.terminal import shown

SECRET = re.compile(r"xox[a-z]-[\w-]+|(?<=hooks\.slack\.com/)(services|workflows|triggers)/\S+")
PRIORITIES = {"critical": "<2>", "error": "<3>", "warning": "<4>", "info": "<6>", "debug": "<7>"}


def configure_logs(*, verbose: bool = False, journal: bool = False, quiet: bool = False) -> None:
    """Sets up structlog, and the standard library's logging for the warnings of libraries; to stderr."""
    level = logging.DEBUG if verbose else logging.ERROR if quiet else logging.INFO
    processors: list[Any] = [structlog.processors.add_log_level, mask]
    if journal:
        processors += [structlog.processors.format_exc_info, _line]
    else:
        # Plain tracebacks: the fancy ones print local variables, and one of those may be a secret.
        renderer = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), pad_event_to=0, exception_formatter=structlog.dev.plain_traceback
        )
        processors += [structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False), renderer]
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    # What libraries have to say, from warnings up; theirs is never our news.
    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s", force=True)
    # It logs a webhook's address at INFO and messages at DEBUG; neither is ever wanted.
    logging.getLogger("slack_sdk").setLevel(logging.ERROR)


def mask(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Anything like a secret becomes `***`; what a terminal would obey is written out."""
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = SECRET.sub("***", shown(value, but="\n\t"))
    return event


def _line(_logger: object, _method: str, event: MutableMapping[str, Any]) -> str:
    """One line per event: a line break in a value would begin a new journal entry."""
    head = PRIORITIES.get(str(event.pop("level", "info")), "<6>") + str(event.pop("event"))
    trace = event.pop("exception", None)
    fields = (f"{key}={_value(value)}" for key, value in event.items())
    line = " ".join((head, *fields)).replace("\n", " ")
    return f"{line}\n{trace}" if trace else line


def _value(value: object) -> str:
    text = str(value)
    return repr(text) if not text or any(c in text for c in ' "=\n') else text
