"""Log lines: one per event, with a priority for the journal, and never a secret."""

from __future__ import annotations

import io
import logging
from contextlib import redirect_stderr

import pytest
import structlog

from syndicator.cli.log import configure_logs


def lines(*, journal: bool = True, verbose: bool = False) -> tuple[io.StringIO, structlog.BoundLogger]:
    stream = io.StringIO()
    with redirect_stderr(stream):
        configure_logs(verbose=verbose, journal=journal)
    return stream, structlog.get_logger()


@pytest.mark.parametrize(("method", "priority"), [("info", "<6>"), ("warning", "<4>"), ("error", "<3>")])
def test_journal_lines_carry_their_priority(method: str, priority: str) -> None:
    stream, log = lines()
    getattr(log, method)("message delivered", channel="C1", why="two words", path="a\nb")
    assert stream.getvalue() == f"{priority}message delivered channel=C1 why='two words' path='a\\nb'\n"


def test_debug_is_only_said_when_asked_for() -> None:
    stream, log = lines()
    log.debug("decided")
    assert stream.getvalue() == ""
    stream, log = lines(verbose=True)
    log.debug("decided")
    assert stream.getvalue() == "<7>decided\n"


@pytest.mark.parametrize("journal", [True, False])
@pytest.mark.parametrize(
    "secret", ["xoxb-1234-canary", "https://hooks.slack.com/services/T0/B0/canary", "xoxe.xoxp-1-canary"]
)
def test_secrets_are_masked(journal: bool, secret: str) -> None:
    stream, log = lines(journal=journal)
    log.error("something failed", why=f"POST {secret} said no")
    assert "canary" not in stream.getvalue()
    assert "***" in stream.getvalue()


def test_traceback_follows_its_line() -> None:
    stream, log = lines()
    try:
        raise ValueError("inside")
    except ValueError:
        log.exception("a turn failed")
    first, second, *_ = stream.getvalue().splitlines()
    assert first == "<3>a turn failed"
    assert second.startswith("Traceback")


def test_slack_library_is_silent_below_errors() -> None:
    stream, _ = lines()
    logging.getLogger("slack_sdk.web").info("POST https://hooks.slack.com/services/canary")
    assert stream.getvalue() == ""


@pytest.mark.parametrize("journal", [True, False])
def test_nothing_in_a_value_is_obeyed(journal: bool) -> None:
    stream, log = lines(journal=journal)
    log.warning("entry left out of a feed", guid="tag:x\x1b[2J\x9b0m\u202e")
    assert r"tag:x\x1b[2J\x9b0m\u202e" in stream.getvalue()
    assert not {"\x1b", "\x9b", "\u202e"} & set(stream.getvalue())
