"""Every foreign exception has its place, and only what is surely not accepted may be sent again."""

from __future__ import annotations

import errno
import http.client
import inspect
import json
import socket
import ssl
import urllib.error
from collections.abc import Iterator
from email.message import Message
from typing import Any

import pytest
import slack_sdk.errors
from slack_sdk.errors import SlackApiError

from syndicator.alerts import SlackMethod
from syndicator.errors import DeliveryError, Refused, Rejected, Unclear
from syndicator.slack.errors import KNOWN, WORDS, Call, from_answer, from_exception
from tests.making import utc

NOW = utc(2026, 3, 2, 12)
CALL = Call(method=SlackMethod.POST_MESSAGE, what="not posted", on="C1")
SECRET = "xoxb-secret-canary"


class FakeResponse:
    def __init__(self, data: Any, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.data, self.status_code, self.headers = data, status, headers or {}
        self.req_args = {"headers": {"Authorization": f"Bearer {SECRET}"}}


def api_error(data: Any, status: int = 200, headers: dict[str, str] | None = None) -> SlackApiError:
    return SlackApiError("failed", FakeResponse(data, status, headers))  # type: ignore[no-untyped-call]  # slack_sdk


def translate(error: BaseException) -> DeliveryError:
    return from_exception(error, CALL, NOW)


def word(code: str) -> SlackApiError:
    return api_error({"ok": False, "error": code})


def url_error(reason: Any) -> urllib.error.URLError:
    return urllib.error.URLError(reason)


DEFINITE = [
    (url_error(socket.gaierror(-2, "unknown")), Refused, "dns"),
    (url_error(ConnectionRefusedError(111, "refused")), Refused, "connection_refused"),
    (url_error(OSError(errno.ENETUNREACH, "no net")), Refused, "unreachable"),
    (url_error(OSError(errno.EHOSTUNREACH, "no host")), Refused, "unreachable"),
    (url_error(ssl.SSLCertVerificationError("bad")), Refused, "certificate"),
    (api_error({"ok": False, "error": "ratelimited"}, 429), Refused, "ratelimited"),
    (api_error("", 429), Refused, "ratelimited"),
    (api_error({}, 302), Refused, "http_302"),
    (api_error({}, 404), Refused, "http_404"),
    (url_error("no host given"), Refused, "no_host"),
    (slack_sdk.errors.SlackRequestError("Invalid URL detected"), Rejected, "bad_address"),
    *((word(code), kind, code) for code, (kind, _) in KNOWN.items() if code != "rate_limited"),
]

AMBIGUOUS = [
    url_error(TimeoutError("timed out")),
    url_error(ConnectionResetError(104, "reset")),
    url_error(BrokenPipeError(32, "pipe")),
    url_error(ssl.SSLError("odd")),
    url_error("in words"),
    TimeoutError("timed out"),
    ConnectionResetError(104, "reset"),
    ConnectionAbortedError(103, "aborted"),
    BrokenPipeError(32, "pipe"),
    http.client.RemoteDisconnected("closed"),
    http.client.IncompleteRead(b"{"),
    http.client.BadStatusLine("?"),
    json.JSONDecodeError("bad", "{", 1),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"),
    AttributeError("'list' object has no attribute 'get'"),
    word("fatal_error"),
    word("internal_error"),
    word("service_unavailable"),
    word("a_word_nobody_knows"),
    word("Received a response in a non-JSON format: <html>"),
    api_error({"ok": False}, 500),
    api_error("", 503),
    api_error({}, 408),
    api_error({}, 303),
    api_error([]),
    api_error(None),
]


@pytest.mark.parametrize(
    ("error", "kind", "code"), DEFINITE, ids=[f"{c}-{i}" for i, (_, _, c) in enumerate(DEFINITE)]
)
def test_what_is_certain_is_told_apart(error: Exception, kind: type[DeliveryError], code: str) -> None:
    translated = translate(error)
    assert type(translated) is kind and translated.code == code


@pytest.mark.parametrize("error", AMBIGUOUS, ids=[f"{type(e).__name__}-{i}" for i, e in enumerate(AMBIGUOUS)])
def test_everything_else_is_unclear(error: Exception) -> None:
    assert type(translate(error)) is Unclear


@pytest.mark.parametrize(
    "code",
    (
        "enterprise_is_restricted",
        "metadata_must_be_sent_from_app",
        "team_access_not_granted",
        "two_factor_setup_required",
    ),
)
def test_what_the_token_may_not_do_is_for_a_person_to_mend(code: str) -> None:
    # https://docs.slack.dev/reference/methods/chat.postMessage#errors
    error = translate(word(code))
    assert isinstance(error, Rejected) and error.fix


def foreign_exceptions() -> Iterator[type[BaseException]]:
    for module in (slack_sdk.errors, http.client, urllib.error, socket, ssl, json):
        for _, kind in inspect.getmembers(module, inspect.isclass):
            if issubclass(kind, Exception):
                yield kind
    pending: list[type[BaseException]] = [OSError, ValueError]
    while pending:
        kind = pending.pop()
        yield kind
        pending += [sub for sub in kind.__subclasses__() if sub.__module__ in ("builtins", "ssl", "socket")]


def make(kind: type[BaseException]) -> BaseException:
    if issubclass(kind, SlackApiError):
        return api_error({"ok": False, "error": "odd"})
    if issubclass(kind, urllib.error.HTTPError):
        return kind("http://127.0.0.1/", 500, "no", Message(), None)
    error = kind.__new__(kind)
    error.args = ("text",)
    if isinstance(error, urllib.error.URLError):
        error.reason = "text"
    return error


@pytest.mark.parametrize("kind", sorted(set(foreign_exceptions()), key=str))
def test_every_foreign_exception_becomes_ours(kind: type[BaseException]) -> None:
    translated = translate(make(kind))
    definite = {slack_sdk.errors.SlackRequestError}
    assert isinstance(translated, Rejected if kind in definite else Unclear)


def test_no_word_means_two_things() -> None:
    words = [word for fixes in WORDS.values() for some in fixes.values() for word in some.split()]
    assert len(words) == len(KNOWN)
    assert not {"fatal_error", "internal_error", "service_unavailable"} & KNOWN.keys()


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("30", 30),
        ("0.5", 0.5),
        ("Mon, 02 Mar 2026 12:01:00 GMT", 60),
        ("Mon, 02 Mar 2026 12:01:00 -0000", 60),
        ("Mon, 02 Mar 2026 11:00:00 GMT", 0),
        ("999999", 3600),
        ("-5", 0),
        ("soon", None),
        ("Fri, 31 Dec 9999 23:59:59 -2359", None),
        ("inf", None),
        ("nan", None),
        ("", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_date(value: str, seconds: float | None) -> None:
    error = from_answer(CALL, NOW, status=429, code="", headers={"retry-After": value})
    assert isinstance(error, Refused)
    assert (error.retry_after.total_seconds() if error.retry_after is not None else None) == seconds


def test_error_says_what_failed_where_why_and_the_cure() -> None:
    error = translate(word("not_in_channel"))
    assert str(error) == (
        "not posted: C1: Slack says not_in_channel. Invite the app to the channel (/invite @app)"
    )


def test_error_holds_no_secret() -> None:
    error = translate(api_error({"ok": False, "error": SECRET}))
    assert SECRET not in f"{error!s} {error!r} {vars(error)}"
    assert error.__cause__ is None and error.__context__ is None
