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
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.error import HTTPError, URLError

from slack_sdk.errors import SlackApiError, SlackRequestError

from syndicator.alerts import SlackMethod
from syndicator.errors import DeliveryError, Refused, Rejected, Unacceptable, Unclear

RENEW_FIX = "Renew the bot token and put it in SLACK_BOT_TOKEN"
INVITE_FIX = "Invite the app to the channel (/invite @app)"
CHANNEL_FIX = "Correct the route's channel, or invite the app if it is private"
SCOPE_FIX = "Add {scope} to the app (OAuth & Permissions), install it again and use its token"
ADMIN_FIX = "Ask a workspace admin to let the app post there"
WEBHOOK_FIX = "Make a new incoming webhook and put its address in SLACK_WEBHOOK_URL or the route's file"
WEBHOOK_ARCHIVED_FIX = f"Unarchive the webhook's channel, or: {WEBHOOK_FIX}"
MESSAGE_FIX = "This one message cannot be sent as it is; drop it, and report it"

FIXES = {
    "not_authed": RENEW_FIX,
    "invalid_auth": RENEW_FIX,
    "account_inactive": RENEW_FIX,
    "token_revoked": RENEW_FIX,
    "token_expired": RENEW_FIX,
    "no_token": RENEW_FIX,
    "not_allowed_token_type": "Use a bot token (xoxb-...)",
    "access_denied": ADMIN_FIX,
    "missing_scope": SCOPE_FIX.format(scope="the scope that it lacks"),
    "no_permission": INVITE_FIX,
    "not_in_channel": INVITE_FIX,
    "channel_not_found": CHANNEL_FIX,
    "is_archived": "Unarchive the channel, or give the route another",
    "channel_is_archived": "Unarchive the channel, or give the route another",
    "restricted_action": ADMIN_FIX,
    "restricted_action_read_only_channel": ADMIN_FIX,
    "restricted_action_thread_only_channel": ADMIN_FIX,
    "ekm_access_denied": ADMIN_FIX,
    "action_prohibited": ADMIN_FIX,
    "posting_to_general_channel_denied": ADMIN_FIX,
    "accesslimited": ADMIN_FIX,
    "no_service": WEBHOOK_FIX,
    "no_service_id": WEBHOOK_FIX,
    "no_active_hooks": WEBHOOK_FIX,
    "no_team": WEBHOOK_FIX,
    "team_disabled": WEBHOOK_FIX,
    "invalid_token": WEBHOOK_FIX,
    "user_not_found": WEBHOOK_FIX,
}
"""Slack's words for what only a person can mend at the channel or token, and how
(https://docs.slack.dev/reference/methods/chat.postMessage#errors; webhooks:
https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks/#handling_errors)."""

WEBHOOK_FIXES = FIXES | {
    "channel_not_found": WEBHOOK_FIX,
    "not_in_channel": WEBHOOK_FIX,
    "is_archived": WEBHOOK_ARCHIVED_FIX,
    "channel_is_archived": WEBHOOK_ARCHIVED_FIX,
    "invalid_auth": WEBHOOK_FIX,
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What was asked of Slack, in an error's words: what then failed, and on which channel."""

    method: SlackMethod
    what: str
    on: str = "Slack"


def from_exception(error: BaseException, call: Call, now: datetime) -> DeliveryError:
    """Any exception of a call as ours, with whether Slack answered at all.

    Raise what it gives outside the `except`, without a cause: `SlackApiError.response.req_args` holds the
    token, and a chained exception would carry it into whatever prints tracebacks with their values.
    """
    match error:
        case DeliveryError():
            return error
        case SlackApiError():
            response: Any = error.response
            headers = getattr(response, "headers", None) or {}
            return from_answer(
                call,
                now,
                status=_status(response),
                code=_code(response),
                headers=headers,
                needed=_needed(response),
            )
        case SlackRequestError():
            fix = "Correct SLACK_API_URL"
            return Rejected(call.what, on=call.on, code="bad_address", why="not an http(s) address", fix=fix)
        case HTTPError():
            return from_answer(call, now, status=error.code, code="", headers=dict(error.headers))
        case URLError():
            return _from_connecting(error.reason, call)
        case _:
            kind, why = type(error).__name__, "no whole answer came"
            return Unclear(call.what, on=call.on, code=kind, why=why, answered=False)


def from_answer(
    call: Call, now: datetime, *, status: int, code: str, headers: Mapping[str, str], needed: str = ""
) -> DeliveryError:
    """An answer that says no, or says nothing one can read, as ours.

    `code` is Slack's own word, if any; `needed` are the scopes that it asks for.
    """
    fixes = WEBHOOK_FIXES if call.method is SlackMethod.WEBHOOK else FIXES
    what, on, says = call.what, call.on, f"Slack says {code or 'nothing that can be read'}"
    # A page of a proxy's, or of a server that is not Slack, has a status but no word of Slack's.
    answered = status == 429 or (status < 500 and code not in NO_ANSWERS)
    if status == 429 or code in ("ratelimited", "rate_limited"):
        return _asked_to_wait(call, answered, retry_after(headers, now))
    if code == "missing_scope" and needed:
        fix, why = SCOPE_FIX.format(scope=f"the scope {needed}"), f"the token lacks the scope {needed}"
        return Rejected(what, on=on, code=code, why=why, fix=fix, answered=True)
    if code in fixes:
        return Rejected(what, on=on, code=code, why=says, fix=fixes[code], answered=answered)
    if code in MESSAGE_CODES:
        return Unacceptable(what, on=on, code=code, why=says, fix=MESSAGE_FIX, answered=answered)
    if code in REFUSED_CODES:
        return Refused(what, on=on, code=code, why=says, answered=answered)
    if 400 <= status < 500 and status != 408:
        return Refused(what, on=on, code=f"http_{status}", why=f"HTTP {status}", answered=answered)
    if status != 200:
        return Unclear(what, on=on, code=f"http_{status}", why=f"HTTP {status}", answered=answered)
    return Unclear(what, on=on, code=code or "no_answer", why=says, answered=answered)


def _asked_to_wait(call: Call, answered: bool, wait: timedelta | None) -> Refused:
    return Refused(
        call.what,
        on=call.on,
        code="ratelimited",
        why="Slack asks to wait",
        answered=answered,
        retry_after=wait,
        method=call.method,
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


def _from_connecting(reason: object, call: Call) -> DeliveryError:
    """What went wrong before the request was out. A time-out may come after its last byte: unclear."""
    match reason:
        case socket.gaierror():
            code, why = "dns", "the address of Slack's server cannot be found"
        case ConnectionRefusedError():
            code, why = "connection_refused", "the server refused the connection"
        case ssl.SSLCertVerificationError():
            code, why = "certificate", "the server's certificate is not trusted"
        case OSError() if reason.errno in NO_WAY_THERE:
            code, why = "unreachable", "there is no way to the server"
        case _:
            kind = type(reason).__name__
            return Unclear(call.what, on=call.on, code=kind, why="the connection broke", answered=False)
    return Refused(call.what, on=call.on, code=code, why=why, answered=False)


def _status(response: Any) -> int:
    status = getattr(response, "status_code", None)
    return status if isinstance(status, int) else 200


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
