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
from http.client import HTTPConnection, HTTPSConnection
from traceback import walk_tb
from typing import Any, TypeVar
from urllib.error import HTTPError, URLError

from slack_sdk.errors import SlackApiError, SlackRequestError

from syndicator.alerts import SlackMethod
from syndicator.errors import DeliveryError, Refused, Rejected, Unacceptable, Unclear, Uneditable
from syndicator.slack.outage import TOKEN_CODES

D = TypeVar("D", bound=DeliveryError)

INVITE_FIX = "Invite the app to the channel (/invite @app)"
CHANNEL_FIX = (
    "Correct the route's channel, invite the app if it is private, or use the token of its workspace"
)
ARCHIVED_FIX = "Unarchive the channel, or give the route another"
SCOPE_FIX = "Add {scope} to the app (OAuth & Permissions), install it again and use its token"
WEBHOOK_FIX = "Make a new incoming webhook and put its address in SLACK_WEBHOOK_URL or the route's file"

# https://docs.slack.dev/reference/methods/chat.postMessage#errors and chat.update#errors; of webhooks:
# https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks/#handling_errors
WORDS: dict[type[DeliveryError], dict[str, str]] = {
    # What only a person can mend, at the channel or token.
    Rejected: {
        INVITE_FIX: "no_permission not_in_channel",
        CHANNEL_FIX: "channel_not_found",
        ARCHIVED_FIX: "is_archived is_inactive channel_is_archived",
        SCOPE_FIX.format(scope="the scope that it lacks"): "missing_scope",
        "Use a bot token (xoxb-...)": "not_allowed_token_type metadata_must_be_sent_from_app",
        "Renew the bot token, put it in SLACK_BOT_TOKEN, and start again": " ".join(TOKEN_CODES),
        "Ask a workspace admin to let the app post there": "access_denied accesslimited action_prohibited "
        "ekm_access_denied enterprise_is_restricted posting_to_general_channel_denied restricted_action "
        "restricted_action_read_only_channel restricted_action_thread_only_channel team_access_not_granted "
        "two_factor_setup_required",
        WEBHOOK_FIX: "no_service no_service_id no_active_hooks no_team team_disabled invalid_token "
        "user_not_found",
    },
    # The message was deleted, is another app's, or the workspace lets nobody edit it any longer.
    Uneditable: {
        "The message stays in the channel as it is": "message_not_found cant_update_message "
        "edit_window_closed",
    },
    # About one message; the channel's others may well be accepted.
    Unacceptable: {
        "This one message cannot be sent as it is; drop it, and report it": "invalid_blocks "
        "invalid_blocks_format invalid_payload invalid_metadata_format invalid_metadata_schema "
        "metadata_too_large invalid_arguments invalid_arg_name invalid_array_arg invalid_charset "
        "invalid_form_data invalid_post_type missing_post_type missing_text_or_fallback_or_attachments "
        "msg_blocks_too_long msg_too_long no_text too_many_attachments attachment_payload_limit_exceeded "
        "markdown_text_conflict",
    },
    # Nothing was posted, and time may mend it; `request_timeout`: the request's body did not arrive whole.
    # Not `fatal_error`, `internal_error` and `service_unavailable`: some of it may have succeeded.
    Refused: {
        "": "ratelimited rate_limited message_limit_exceeded request_timeout team_added_to_org "
        "org_login_required deprecated_endpoint method_deprecated",
    },
}
"""What words of Slack's come to, with each fix; no word stands twice."""
OF_WEBHOOKS = {
    WEBHOOK_FIX: "channel_not_found not_in_channel invalid_auth",
    f"Unarchive the webhook's channel, or: {WEBHOOK_FIX}": "is_archived channel_is_archived",
}
"""What means something else from an incoming webhook, which posts to the channel that it was made for."""

KNOWN = {
    word: (kind, fix)
    for kind, fixes in WORDS.items()
    for fix, words in fixes.items()
    for word in words.split()
}
WEBHOOK_KNOWN = KNOWN | {
    word: (Rejected, fix) for fix, words in OF_WEBHOOKS.items() for word in words.split()
}

CONNECTING = {
    step.__code__ for step in (HTTPConnection.__init__, HTTPConnection.connect, HTTPSConnection.connect)
}
"""What fails in there, a proxy's address, its tunnel and the handshake included, fails before the request is
begun."""
NO_WAY_THERE = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL})

NO_ANSWERS = ("", "fatal_error", "internal_error", "service_unavailable")
"""Words, and none, by which Slack says no more than that something failed on its side."""

SCOPE = re.compile(r"[a-z][a-z:._,]{0,199}")

MAX_RETRY_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What was asked of Slack, in an error's words: what then failed, and on which channel.

    `unclear` says it where Slack may have done it all the same.
    """

    method: SlackMethod
    what: str
    on: str = "Slack"
    unclear: str = ""

    def failed(self, kind: type[D], code: str, why: str = "", **more: Any) -> D:
        """The error that this call came to; `more` is what else its kind takes."""
        what = (self.unclear if kind is Unclear else "") or self.what
        return kind(what, on=self.on, code=code, why=why, **more)


def from_exception(error: BaseException, call: Call, now: datetime) -> DeliveryError:
    """Any exception of a call as ours, with whether Slack answered at all.

    Raise what it gives outside the `except`, without a cause: `SlackApiError.response.req_args` holds the
    token, and a chained exception would carry it into whatever prints tracebacks with their values.
    """
    match error:
        case DeliveryError():
            return error
        case SlackApiError():
            return _from_slack(error.response, call, now)
        case SlackRequestError():
            return call.failed(Rejected, "bad_address", "not an http(s) address", fix="Correct SLACK_API_URL")
        case HTTPError():
            return from_answer(call, now, status=error.code, code="", headers=dict(error.headers))
        case URLError():
            return _from_connecting(error.reason, call)
        case _ if _before_request(error):
            return _from_connecting(error, call)
        case _:
            return call.failed(Unclear, type(error).__name__, "no whole answer came", answered=False)


def _from_slack(response: Any, call: Call, now: datetime) -> DeliveryError:
    """slack_sdk's answer; a dict without Slack's word where it was no JSON."""
    status, data = getattr(response, "status_code", 200), getattr(response, "data", response)
    facts = data if isinstance(data, dict) else {}
    needed, headers = facts.get("needed"), getattr(response, "headers", None) or {}
    return from_answer(
        call,
        now,
        status=status if isinstance(status, int) else 200,
        code=word_of(facts.get("error")),
        headers=headers,
        needed=needed if isinstance(needed, str) and SCOPE.fullmatch(needed) else "",
    )


def from_answer(
    call: Call, now: datetime, *, status: int, code: str, headers: Mapping[str, str], needed: str = ""
) -> DeliveryError:
    """An answer that says no, or says nothing one can read, as ours.

    `code` is Slack's own word, if any; `needed` are the scopes that it asks for.
    """
    known = WEBHOOK_KNOWN if call.method is SlackMethod.WEBHOOK else KNOWN
    # A page of a proxy's, or of a server that is not Slack, has a status but no word of Slack's.
    answered = status == 429 or (status < 500 and code not in NO_ANSWERS)
    says: dict[str, Any] = {"why": f"Slack says {code or 'nothing that can be read'}", "answered": answered}
    if status == 429 or code in ("ratelimited", "rate_limited"):
        wait, why = retry_after(headers, now), "Slack asks to wait"
        return call.failed(Refused, "ratelimited", why, answered=answered, retry_after=wait)
    if code == "missing_scope" and needed:
        fix, why = SCOPE_FIX.format(scope=f"the scope {needed}"), f"the token lacks the scope {needed}"
        return call.failed(Rejected, code, why, fix=fix, answered=True)
    if code in known:
        kind, fix = known[code]
        return call.failed(kind, code, fix=fix, **says)
    if status == 200:
        return call.failed(Unclear, code or "no_answer", **says)
    # Not fulfilled, says RFC 9110 15.4 and 15.5, but for "see other" and what was cut off.
    kind = Refused if 300 <= status < 500 and status not in (303, 408) else Unclear
    elsewhere = ", which leads elsewhere, as a proxy's log-in page" if 300 <= status < 400 else ""
    return call.failed(kind, f"http_{status}", f"HTTP {status}{elsewhere}", answered=answered)


def retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """The wait that `Retry-After` asks for, in seconds or as a date (RFC 9110 10.2.3); at most an hour."""
    value = header(headers, "retry-after")
    try:
        seconds = float(value)
    except ValueError:
        if (moment := http_date(value)) is None:
            return None
        seconds = (moment - now).total_seconds()
    if not math.isfinite(seconds):
        return None
    return timedelta(seconds=min(max(seconds, 0.0), MAX_RETRY_AFTER.total_seconds()))


def header(headers: Mapping[str, str], name: str) -> str:
    """The value of the header with this name in lower case, else empty."""
    return next((value for key, value in headers.items() if key.lower() == name), "").strip()


def http_date(date: str) -> datetime | None:
    """The time of an HTTP date (RFC 9110 5.6.7); None where it is none."""
    try:
        moment = parsedate_to_datetime(date)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _from_connecting(reason: object, call: Call) -> DeliveryError:
    """What went wrong before the request was out. A time-out may come after its last byte: unclear."""
    match reason:
        case "no host given":  # urllib's words, before it connects
            code, why = "no_host", "HTTPS_PROXY names no host: write it like http://host:port"
        case socket.gaierror():
            code, why = "dns", "the address of Slack's server cannot be found"
        case ConnectionRefusedError():
            code, why = "connection_refused", "the server refused the connection"
        case ssl.SSLCertVerificationError():
            code, why = "certificate", "the server's certificate is not trusted"
        case OSError() if reason.errno in NO_WAY_THERE:
            code, why = "unreachable", "there is no way to the server"
        case BaseException() if _before_request(reason):
            code, why = "no_connection", "the server could not be connected to"
        case _:
            kind = type(reason).__name__
            return call.failed(Unclear, kind, "the connection broke", answered=False)
    return call.failed(Refused, code, why, answered=False)


def _before_request(error: BaseException) -> bool:
    return not CONNECTING.isdisjoint(frame.f_code for frame, _ in walk_tb(error.__traceback__))


def word_of(code: object) -> str:
    """Slack's own error word; empty where there is none, or text that is not a word of Slack's."""
    known = isinstance(code, str) and len(code) <= 64 and code.replace("_", "").isalnum()
    return str(code) if known else ""
