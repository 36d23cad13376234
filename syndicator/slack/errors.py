"""What slack_sdk and the network raise, as Refused, Rejected or Unclear: one table each way in.

Only what is known for certain not to have been accepted is Refused (send again) or Rejected (a person must
act). Everything else, an unknown word from Slack included, is Unclear: it is looked for before it is sent
again. No error made here holds a token, a webhook's address or the message: only codes and kinds.
"""

from __future__ import annotations

import errno
import math
import re
import socket
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.error import HTTPError, URLError

from slack_sdk.errors import SlackApiError, SlackRequestError

from syndicator.errors import DeliveryError, Refused, Rejected, Unacceptable, Unclear
from syndicator.slack.images import pointers

RENEW_CURE = "Renew the bot token and put it in SLACK_BOT_TOKEN"
INVITE_CURE = "Invite the app to the channel (/invite @app)"
CHANNEL_CURE = "Correct the route's channel, or invite the app if it is private"
SCOPE_FIX = "Add {scope} to the app (OAuth & Permissions), install it again and use its token"
ADMIN_CURE = "Ask a workspace admin to let the app post there"
WEBHOOK_CURE = "Make a new incoming webhook and put its address in SLACK_WEBHOOK_URL or the route's file"
WEBHOOK_ARCHIVED_CURE = f"Unarchive the webhook's channel, or: {WEBHOOK_CURE}"
MESSAGE_FIX = "This one message cannot be sent as it is; drop it, and report it"

FIXES = {
    "not_authed": RENEW_CURE,
    "invalid_auth": RENEW_CURE,
    "account_inactive": RENEW_CURE,
    "token_revoked": RENEW_CURE,
    "token_expired": RENEW_CURE,
    "no_token": RENEW_CURE,
    "not_allowed_token_type": "Use a bot token (xoxb-...)",
    "access_denied": ADMIN_CURE,
    "missing_scope": SCOPE_FIX.format(scope="the scope that it lacks"),
    "no_permission": INVITE_CURE,
    "not_in_channel": INVITE_CURE,
    "channel_not_found": CHANNEL_CURE,
    "is_archived": "Unarchive the channel, or give the route another",
    "channel_is_archived": "Unarchive the channel, or give the route another",
    "restricted_action": ADMIN_CURE,
    "restricted_action_read_only_channel": ADMIN_CURE,
    "restricted_action_thread_only_channel": ADMIN_CURE,
    "ekm_access_denied": ADMIN_CURE,
    "action_prohibited": ADMIN_CURE,
    "posting_to_general_channel_denied": ADMIN_CURE,
    "accesslimited": ADMIN_CURE,
    "no_service": WEBHOOK_CURE,
    "no_service_id": WEBHOOK_CURE,
    "no_active_hooks": WEBHOOK_CURE,
    "no_team": WEBHOOK_CURE,
    "team_disabled": WEBHOOK_CURE,
    "invalid_token": WEBHOOK_CURE,
    "user_not_found": WEBHOOK_CURE,
}
"""Slack's words for what only a person can mend at the channel or token, and how
(https://docs.slack.dev/reference/methods/chat.postMessage#errors; webhooks:
https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks/#handling_errors)."""

WEBHOOK_CURES = FIXES | {
    "channel_not_found": WEBHOOK_CURE,
    "not_in_channel": WEBHOOK_CURE,
    "is_archived": WEBHOOK_ARCHIVED_CURE,
    "channel_is_archived": WEBHOOK_ARCHIVED_CURE,
    "invalid_auth": WEBHOOK_CURE,
}
"""The same for an incoming webhook, which posts to the channel that it was made for."""

MESSAGE_CODES = frozenset(
    {
        "invalid_blocks",
        "invalid_blocks_format",
        "invalid_payload",
        "invalid_metadata_format",
        "invalid_metadata_schema",
        "metadata_too_large",
        "invalid_arguments",
        "invalid_arg_name",
        "invalid_array_arg",
        "invalid_charset",
        "invalid_form_data",
        "invalid_post_type",
        "missing_post_type",
        "missing_text_or_fallback_or_attachments",
        "msg_blocks_too_long",
        "msg_too_long",
        "no_text",
        "too_many_attachments",
        "attachment_payload_limit_exceeded",
        "markdown_text_conflict",
    }
)
"""Words that are about one message; the channel's others may well be accepted."""

REFUSED_CODES = frozenset(
    {
        "ratelimited",
        "rate_limited",
        "message_limit_exceeded",
        "request_timeout",
        "team_added_to_org",
        "org_login_required",
        "deprecated_endpoint",
        "method_deprecated",
    }
)
"""Words that say that nothing was posted and that time may mend it. `request_timeout`: the request's body did
not arrive whole. `fatal_error`, `internal_error` and `service_unavailable` are not among them: some of the
operation may have succeeded."""

NO_WAY_THERE = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL})

NO_ANSWERS = ("", "fatal_error", "internal_error", "service_unavailable")
"""Words, and none, by which Slack says no more than that something failed on its side."""

SCOPE = re.compile(r"[a-z][a-z:._,]{0,199}")

MAX_RETRY_AFTER = timedelta(hours=1)


def from_exception(error: BaseException, *, what: str, on: str, now: datetime) -> DeliveryError:
    """Any exception of a call as ours, with whether Slack answered at all.

    Raise what it gives outside the `except`, without a cause.

    `SlackApiError.response.req_args` holds the token, and a chained exception would carry it into whatever
    prints tracebacks with their values.
    """
    found = _from_exception(error, what=what, on=on, now=now)
    if found.answered is None and not isinstance(error, SlackRequestError):
        found.answered = False
    return found


def _from_exception(error: BaseException, *, what: str, on: str, now: datetime) -> DeliveryError:
    match error:
        case DeliveryError():
            return error
        case SlackApiError():
            response: Any = error.response
            found = from_answer(
                status=_status(response),
                code=_code(response),
                headers=getattr(response, "headers", None) or {},
                what=what,
                on=on,
                now=now,
                needed=_needed(response),
            )
            if isinstance(found, Unacceptable):
                found.blocks = pointers(_lines(response))
            return found
        case SlackRequestError():
            return Rejected(
                what, on=on, code="bad_address", why="not an http(s) address", fix="Correct SLACK_API_URL"
            )
        case HTTPError():
            return from_answer(
                status=error.code, code="", headers=dict(error.headers), what=what, on=on, now=now
            )
        case URLError():
            return _from_connecting(error.reason, what=what, on=on)
        case _:
            return Unclear(what, on=on, code=type(error).__name__, why="no whole answer came")


def from_answer(
    *,
    status: int,
    code: str,
    headers: Mapping[str, str],
    what: str,
    on: str,
    now: datetime,
    fixes: Mapping[str, str] = FIXES,
    needed: str = "",
) -> DeliveryError:
    """An answer that says no, or says nothing one can read, as ours.

    `code` is Slack's own word, if any; `needed` are the scopes that it asks for.
    """
    found = _from_answer(status=status, code=code, headers=headers, what=what, on=on, now=now, fixes=fixes)
    # A page of a proxy's, or of a server that is not Slack, has a status but no word of Slack's.
    found.answered = status == 429 or (status < 500 and code not in NO_ANSWERS)
    if code == "missing_scope" and needed:
        fix = SCOPE_FIX.format(scope=f"the scope {needed}")
        found = Rejected(what, on=on, code=code, why=f"the token lacks the scope {needed}", fix=fix)
        found.answered = True
    return found


def _from_answer(
    *,
    status: int,
    code: str,
    headers: Mapping[str, str],
    what: str,
    on: str,
    now: datetime,
    fixes: Mapping[str, str],
) -> DeliveryError:
    if status == 429 or code in ("ratelimited", "rate_limited"):
        return Refused(
            what,
            on=on,
            code="ratelimited",
            why="Slack asks to wait",
            retry_after=retry_after(headers, now),
        )
    if code in fixes:
        return Rejected(what, on=on, code=code, why=f"Slack says {code}", fix=fixes[code])
    if code in MESSAGE_CODES:
        return Unacceptable(what, on=on, code=code, why=f"Slack says {code}", fix=MESSAGE_FIX)
    if code in REFUSED_CODES:
        return Refused(what, on=on, code=code, why=f"Slack says {code}")
    if 400 <= status < 500 and status != 408:
        return Refused(what, on=on, code=f"http_{status}", why=f"HTTP {status}")
    if status != 200:
        return Unclear(what, on=on, code=f"http_{status}", why=f"HTTP {status}")
    return Unclear(
        what, on=on, code=code or "no_answer", why=f"Slack says {code or 'nothing that can be read'}"
    )


def retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """The wait that `Retry-After` asks for, in seconds or as a date (RFC 9110 10.2.3); at most an hour."""
    value = next((text for name, text in headers.items() if name.lower() == "retry-after"), "").strip()
    try:
        seconds = float(value)
    except ValueError:
        try:
            moment = parsedate_to_datetime(value)
        except ValueError:
            return None
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
        seconds = (moment - now).total_seconds()
    if not math.isfinite(seconds):
        return None
    return timedelta(seconds=min(max(seconds, 0.0), MAX_RETRY_AFTER.total_seconds()))


def _from_connecting(reason: object, *, what: str, on: str) -> DeliveryError:
    """What went wrong before the request was out. A time-out may come after its last byte: unclear."""
    match reason:
        case socket.gaierror():
            return Refused(what, on=on, code="dns", why="the address of Slack's server cannot be found")
        case ConnectionRefusedError():
            return Refused(what, on=on, code="connection_refused", why="the server refused the connection")
        case ssl.SSLCertVerificationError():
            return Refused(what, on=on, code="certificate", why="the server's certificate is not trusted")
        case OSError() if reason.errno in NO_WAY_THERE:
            return Refused(what, on=on, code="unreachable", why="there is no way to the server")
        case _:
            return Unclear(what, on=on, code=type(reason).__name__, why="the connection broke")


def _status(response: Any) -> int:
    status = getattr(response, "status_code", None)
    return status if isinstance(status, int) else 200


def _lines(response: Any) -> object:
    """What Slack says of the message in lines (`response_metadata.messages`)."""
    data = getattr(response, "data", response)
    more = data.get("response_metadata") if isinstance(data, dict) else None
    return more.get("messages") if isinstance(more, dict) else None


def _needed(response: Any) -> str:
    """The scopes that Slack says the call needs; empty where it says none, or something else."""
    data = getattr(response, "data", response)
    needed = data.get("needed") if isinstance(data, dict) else None
    return needed if isinstance(needed, str) and SCOPE.fullmatch(needed) else ""


def _code(response: Any) -> str:
    """Slack's own error word; empty where the answer holds none, or text that is not a word of Slack's."""
    data = getattr(response, "data", response)
    code = data.get("error") if isinstance(data, dict) else None
    known = isinstance(code, str) and len(code) <= 64 and code.replace("_", "").isalnum()
    return str(code) if known else ""
