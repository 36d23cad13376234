"""A local server that plays Slack, strictly, and fails on demand.

    python -m tests.slack_server --port 0        runs it by hand and prints what is posted

It knows `auth.test`, `chat.postMessage`, `chat.update`, `conversations.history`, `conversations.info`,
`conversations.list` and incoming webhooks. A message that Slack would refuse is refused. Faults are taken one
per request from `faults`, before or after the message was accepted; `late` ones apply what was accepted only
after a while, as Slack may.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qs

from tests import slack_rules

TOKEN = "xoxb-test-token"
SCOPES = ("chat:write", "channels:history", "groups:history", "channels:read", "groups:read")

BEFORE = ("429", "429-date", "500-before", "503-before", "reset-before", "fin-before", "refused-word")
"""Faults after which nothing was accepted. The sender can tell for certain only of those with 429."""

AFTER = (
    "500-after",
    "503-after",
    "reset-after",
    "fin-after",
    "truncated",
    "html",
    "empty",
    "bad-json",
    "gzip",
    "fatal_error",
    "internal_error",
    "late",
)
"""Faults after which the message was accepted, and the answer does not say so."""

SLOW = ("hang-before", "hang-after", "drip")
"""Faults that last until the caller gives up."""


@dataclass(frozen=True, kw_only=True)
class Edited:
    """A new text of a message; it shows from `applied` on."""

    body: dict[str, Any]
    accepted: float
    applied: float


@dataclass(frozen=True, kw_only=True)
class Posted:
    """A message that was accepted; it shows in the history from `applied` on."""

    ts: str
    channel: str
    body: dict[str, Any]
    accepted: float
    applied: float
    edits: list[Edited] = field(default_factory=list)

    @property
    def shown(self) -> dict[str, Any]:
        """The message as the channel shows it now: an edit that Slack applies late comes over later ones."""
        now = time.time()
        applied = [edit for edit in self.edits if edit.applied <= now]
        return max(applied, key=lambda edit: edit.applied).body if applied else self.body

    @property
    def delivery(self) -> str | None:
        metadata = self.body.get("metadata") or {}
        payload = metadata.get("event_payload", {})
        return payload.get("delivery") if isinstance(payload, dict) else None


@dataclass
class Channel:
    id: str
    name: str
    archived: bool = False
    member: bool = True
    private: bool = False


@dataclass
class Slack:
    """What the server knows and how it is to behave; tests change it while it runs."""

    token: str = TOKEN
    team: str = "Test"
    scopes: tuple[str, ...] = SCOPES
    channels: dict[str, Channel] = field(default_factory=dict)
    faults: Callable[[str], str | None] = lambda _method: None
    late_s: float = 1.0
    hang_s: float = 30.0
    retry_after_s: int = 1
    page_size: int = 200
    pace_s: float = 0.0
    """Answers 429 to a message that comes sooner after the last one of its channel."""
    broken_images: bool = False
    bad_images: tuple[str, ...] = ()
    """Endings of image addresses that cannot be fetched; the answer points at each such image."""
    clock_ahead_s: float = 0.0
    """How far its `Date` is from the time here."""
    any_channel: bool = True
    gone_webhook: str = "no_service"
    """What a webhook whose channel is not there says; `channel_not_found` where it was deleted."""
    on_post: Callable[[Posted], None] = lambda _posted: None
    posted: list[Posted] = field(default_factory=list)
    by_channel: dict[str, list[Posted]] = field(default_factory=dict)
    calls: list[tuple[str, str | None]] = field(default_factory=list)
    """Each request's method and the fault it met."""
    deleted: set[str] = field(default_factory=set)
    """The `ts` of messages that somebody deleted."""
    problems: list[str] = field(default_factory=list)
    """All that was wrong with what was posted."""
    lock: threading.RLock = field(default_factory=threading.RLock)

    def channel(self, name: str) -> Channel | None:
        if name in self.channels:
            return self.channels[name]
        for channel in self.channels.values():
            if "#" + channel.name == name:
                return channel
        if not self.any_channel:
            return None
        # Of letters alone, as some of Slack's are.
        id = f"C{name[1:].upper().replace('-', ''):X<8}" if name.startswith("#") else name
        return self.channels.setdefault(id, Channel(id=id, name=name.lstrip("#").lower()))

    def accept(self, channel: str, body: dict[str, Any], *, late: bool) -> Posted:
        with self.lock:
            now = time.time()
            applied = now + (self.late_s if late else 0.0)
            ts = f"{now:.6f}"
            while any(known.ts == ts for known in self.posted[-50:]):
                ts = f"{float(ts) + 0.000001:.6f}"
            posted = Posted(ts=ts, channel=channel, body=body, accepted=now, applied=applied)
            self.posted.append(posted)
            self.by_channel.setdefault(channel, []).append(posted)
        self.on_post(posted)
        return posted

    def in_channel(self, name: str) -> list[Posted]:
        channel = self.channel(name)
        return list(self.by_channel.get(channel.id, ())) if channel is not None else []

    def times(self) -> Counter[str]:
        """How often each delivery was posted; webhooks are counted by their text."""
        return Counter(one.delivery or str(one.body.get("text")) for one in self.posted)

    def closest(self) -> float:
        """The shortest time between two messages accepted in one channel, in seconds."""
        pairs = (pair for posts in self.by_channel.values() for pair in pairwise(posts))
        return min((later.accepted - sooner.accepted for sooner, later in pairs), default=float("inf"))


class SlackServer:
    """Runs on a free loopback port between `start` and `stop`; use it with `with`."""

    def __init__(self, slack: Slack | None = None, *, port: int = 0) -> None:
        self.slack = slack or Slack()
        self.stopping = threading.Event()
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.owner = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/api/"

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def webhook(self, channel: str = "C1") -> str:
        return self.url.replace("/api/", f"/services/T0/B0/{channel}")

    def start(self) -> SlackServer:
        self._thread.start()
        return self

    def stop(self) -> None:
        if self.stopping.is_set():
            return
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> SlackServer:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


def script(*faults: str | None, method: str | None = None) -> Callable[[str], str | None]:
    """These faults one after the other, for this method or any that posts, then none."""
    waiting: Iterator[str | None] = iter(faults)
    lock = threading.Lock()

    def next_fault(called: str) -> str | None:
        wanted = called == method if method else called in ("chat.postMessage", "webhook")
        with lock:
            return next(waiting, None) if wanted else None

    return next_fault


def at_random(
    seed: int, rate: float, *, kinds: tuple[str, ...] = (*BEFORE, *AFTER), limit: int | None = None
) -> Callable[[str], str | None]:
    """A fault on such a share of the posts, at most `limit`; on looks only such as say that they failed."""
    dice, lock, count = random.Random(seed), threading.Lock(), [0]

    def next_fault(called: str) -> str | None:
        with lock:
            if dice.random() >= rate or (limit is not None and count[0] >= limit):
                return None
            if called in ("chat.postMessage", "chat.update", "webhook"):
                count[0] += 1
                return dice.choice(kinds)
            if called == "conversations.history":
                return dice.choice(
                    [None, None, None, "429", "500-before", "reset-before", "truncated", "html"]
                )
            return None

    return next_fault


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    owner: SlackServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that hangs up is no news here."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = 30

    @property
    def slack(self) -> Slack:
        return self.server.owner.slack

    def date_time_string(self, timestamp: float | None = None) -> str:
        return super().date_time_string((timestamp or time.time()) + self.slack.clock_ahead_s)

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        """The page that a redirect leads to, one that could be taken for Slack's answer."""
        self._say(200, '{"ok":true,"ts":"1.1"}' if self.path == "/api/elsewhere" else "ok")

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        raw = self.rfile.read(length)
        if len(raw) < length:
            return  # The caller was killed while it sent: nobody ever asked this.
        if self.path.startswith("/services/"):
            self._webhook(raw)
            return
        method = self.path.removeprefix("/api/")
        body = self._body(raw)
        fault = self.slack.faults(method)
        with self.slack.lock:
            self.slack.calls.append((method, fault))
        if fault is not None and self._fails_before(fault):
            return
        answer = self._answer(method, body, late=fault == "late")
        if fault is not None and self._fails_after(fault):
            return
        self._say(200, json.dumps(answer), headers={"X-OAuth-Scopes": ",".join(self.slack.scopes)})

    def _body(self, raw: bytes) -> dict[str, Any]:
        if "json" in (self.headers.get("Content-Type") or ""):
            with contextlib.suppress(ValueError):
                return dict(json.loads(raw or b"{}"))
        return {name: values[0] for name, values in parse_qs(raw.decode()).items()}

    def _answer(self, method: str, body: dict[str, Any], *, late: bool) -> dict[str, Any]:
        given = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        if not given:
            return _no("not_authed")
        if given != self.slack.token:
            return _no("invalid_auth")
        match method:
            case "auth.test":
                return {"ok": True, "team": self.slack.team, "user": "syndicator", "bot_id": "B1"}
            case "chat.postMessage":
                return self._post(body, late=late)
            case "chat.update":
                return self._update(body, late=late)
            case "conversations.history":
                return self._history(body)
            case "conversations.info":
                return self._info(body)
            case "conversations.list":
                return self._list(body)
            case _:
                return _no("unknown_method")

    def _info(self, body: dict[str, Any]) -> dict[str, Any]:
        # This takes ids alone, and a private channel is there for its members only.
        channel = self.slack.channels.get(str(body.get("channel", "")))
        if channel is None or (channel.private and not channel.member):
            return _no("channel_not_found")
        if (refusal := self._scoped("groups:read" if channel.private else "channels:read")) is not None:
            return refusal
        facts = {"is_archived": channel.archived, "is_private": channel.private, "is_member": channel.member}
        return {"ok": True, "channel": {"id": channel.id, "name": channel.name} | facts}

    def _list(self, body: dict[str, Any]) -> dict[str, Any]:
        types = str(body.get("types", "public_channel")).split(",")
        scopes = {"public_channel": "channels:read", "private_channel": "groups:read"}
        for kind in types:
            if (refusal := self._scoped(scopes[kind])) is not None:
                return refusal
        with self.slack.lock:
            known = [
                vars(channel)
                for channel in self.slack.channels.values()
                if ("private_channel" if channel.private else "public_channel") in types
            ]
        start = int(body.get("cursor") or 0)
        end = start + min(int(body.get("limit", 100)), self.slack.page_size)
        cursor = str(end) if end < len(known) else ""
        return {"ok": True, "channels": known[start:end], "response_metadata": {"next_cursor": cursor}}

    def _scoped(self, scope: str) -> dict[str, Any] | None:
        return None if scope in self.slack.scopes else _no("missing_scope") | {"needed": scope}

    def _post(self, body: dict[str, Any], *, late: bool) -> dict[str, Any]:
        slack = self.slack
        channel = slack.channel(str(body.get("channel", "")))
        if (refusal := self._scoped("chat:write")) is not None:
            return refusal
        if channel is None:
            return _no("channel_not_found")
        if channel.archived:
            return _no("is_archived")
        if not channel.member:
            return _no("not_in_channel")
        if (refusal := self._wrong(body, body)) is not None:
            return refusal
        with slack.lock:
            last = max((one.accepted for one in slack.by_channel.get(channel.id, ())[-1:]), default=0.0)
            if slack.pace_s and time.time() - last < slack.pace_s:
                return _no("ratelimited")
            posted = slack.accept(channel.id, body, late=late)
        return {"ok": True, "channel": channel.id, "ts": posted.ts, "message": {"text": body["text"]}}

    def _update(self, body: dict[str, Any], *, late: bool) -> dict[str, Any]:
        slack = self.slack
        if (refusal := self._scoped("chat:write")) is not None:
            return refusal
        # As for looking, this takes ids alone.
        channel = slack.channels.get(str(body.get("channel", "")))
        if channel is None:
            return _no("channel_not_found")
        if channel.archived:
            return _no("is_inactive")
        message = {name: value for name, value in body.items() if name not in ("channel", "ts")}
        if set(message) != {"blocks", "text", "metadata"}:
            slack.problems.append(f"an edit of {sorted(message)}")
        off = dict.fromkeys(("unfurl_links", "unfurl_media", "mrkdwn"), False)
        if (refusal := self._wrong(body, message | off)) is not None:
            return refusal
        with slack.lock:
            now = time.time()
            for posted in slack.by_channel.get(channel.id, ()):
                if posted.ts == body.get("ts") and posted.ts not in slack.deleted:
                    applied = now + (slack.late_s if late else 0.0)
                    posted.edits.append(Edited(body=message, accepted=now, applied=applied))
                    return {"ok": True, "channel": channel.id, "ts": posted.ts, "text": body["text"]}
        return _no("message_not_found")

    def _wrong(self, body: dict[str, Any], message: dict[str, Any]) -> dict[str, Any] | None:
        slack = self.slack
        found = slack_rules.problems(message) + _metadata_problems(body)
        if found:
            slack.problems.extend(found)
            return _no("invalid_blocks") | {"response_metadata": {"messages": found}}
        if pointed := slack_rules.images_ending(body, slack.bad_images):
            told = [f"[ERROR] downloading image failed [json-pointer:{at}]" for at in pointed]
            return _no("invalid_blocks") | {"response_metadata": {"messages": told}}
        if slack.broken_images and slack_rules.images(body):
            return _no("invalid_blocks") | {"response_metadata": {"messages": ["downloading image failed"]}}
        return None

    def _history(self, body: dict[str, Any]) -> dict[str, Any]:
        slack = self.slack
        if (refusal := self._scoped("channels:history")) is not None:
            return refusal
        # Unlike posting, this takes ids alone.
        channel = slack.channels.get(str(body.get("channel", "")))
        if channel is None:
            return _no("channel_not_found")
        size = min(int(body.get("limit", 100)), slack.page_size)
        start = int(body.get("cursor") or 0)
        with slack.lock:
            shown = [
                one
                for one in reversed(slack.by_channel.get(channel.id, ()))
                if one.applied <= time.time() and float(one.ts) > float(body.get("oldest", 0))
            ]
        page = shown[start : start + size]
        more = start + size < len(shown)
        wanted = str(body.get("include_all_metadata")).lower() in ("1", "true")
        return {
            "ok": True,
            "messages": [_shown(one, metadata=wanted) for one in page],
            "has_more": more,
            "response_metadata": {"next_cursor": str(start + size) if more else ""},
        }

    def _webhook(self, raw: bytes) -> None:
        name = self.path.rsplit("/", 1)[1]
        fault = self.slack.faults("webhook")
        with self.slack.lock:
            self.slack.calls.append(("webhook", fault))
        if fault is not None and self._fails_before(fault):
            return
        channel = self.slack.channel(name)
        if channel is None:
            self._say(404, self.slack.gone_webhook, kind="text/plain")
            return
        if channel.archived:
            self._say(410, "channel_is_archived", kind="text/plain")
            return
        body = json.loads(raw)
        found = slack_rules.problems(body)
        bad = slack_rules.images_ending(body, self.slack.bad_images)
        if found or bad or (self.slack.broken_images and slack_rules.images(body)):
            self.slack.problems.extend(found)
            self._say(400, "invalid_blocks", kind="text/plain")
            return
        self.slack.accept(channel.id, body, late=fault == "late")
        if fault is None or not self._fails_after(fault):
            self._say(200, "ok", kind="text/plain")

    def _fails_before(self, fault: str) -> bool:
        """Behaves as the fault asks, nothing being accepted; False if it strikes later."""
        match fault:
            case "429":
                self._say(429, '{"ok":false,"error":"ratelimited"}', headers=self._retry_after())
            case "429-date":
                moment = datetime.now(UTC) + timedelta(seconds=self.slack.retry_after_s)
                headers = {"Retry-After": format_datetime(moment, usegmt=True)}
                self._say(429, '{"ok":false,"error":"ratelimited"}', headers=headers)
            case "500-before" | "503-before":
                self._say(int(fault[:3]), "upstream error", kind="text/plain")
            case "403-html" | "404-html" | "407-html":
                self._say(int(fault[:3]), "<html><body>A proxy's page</body></html>", kind="text/html")
            case "301" | "302" | "303" | "307" | "308":
                self._say(int(fault), "", headers={"Location": "elsewhere"})
            case "reset-before":
                self._reset()
            case "fin-before":
                self.close_connection = True
            case "refused-word":
                self._say(200, '{"ok":false,"error":"team_added_to_org"}')
            case "hang-before":
                self.server.owner.stopping.wait(self.slack.hang_s)
                self.close_connection = True
            case _ if fault in (*AFTER, *SLOW):
                return False
            case _:
                self._say(200, json.dumps(_no(fault)))
        return True

    def _fails_after(self, fault: str) -> bool:
        """Hides from the caller that its message was accepted."""
        match fault:
            case "500-after" | "503-after":
                self._say(int(fault[:3]), "upstream error", kind="text/plain")
            case "reset-after" | "late":
                self._reset()
            case "fin-after":
                self.close_connection = True
            case "truncated":
                self._say(200, '{"ok": true, "channel": "C1", "ts"', length=500)
            case "html":
                self._say(200, "<html><body>Bad gateway</body></html>", kind="text/html")
            case "empty":
                self._say(200, "")
            case "bad-json":
                self._say(200, '{"ok": tru')
            case "gzip":
                self._say(200, '{"ok": true}', kind="application/gzip")
            case "fatal_error" | "internal_error":
                self._say(200, json.dumps(_no(fault)))
            case "hang-after":
                self.server.owner.stopping.wait(self.slack.hang_s)
                self.close_connection = True
            case "drip":
                self._drip()
            case _:
                return False
        return True

    def _retry_after(self) -> dict[str, str]:
        return {"Retry-After": str(self.slack.retry_after_s)}

    def _say(
        self,
        status: int,
        text: str,
        *,
        kind: str = "application/json",
        headers: dict[str, str] | None = None,
        length: int | None = None,
    ) -> None:
        data = text.encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data) if length is None else length))
        self.end_headers()
        self.wfile.write(data)
        self.close_connection = True

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True
        self.rfile, self.wfile = _Nothing(), _Nothing()  # type: ignore[assignment]  # the socket is gone

    def _drip(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "100000")
        self.end_headers()
        end = time.monotonic() + self.slack.hang_s
        while time.monotonic() < end and not self.server.owner.stopping.wait(0.1):
            self.wfile.write(b" ")
            self.wfile.flush()


class _Nothing:
    closed = True

    def close(self) -> None:
        pass

    def flush(self) -> None:
        pass


def _no(word: str) -> dict[str, Any]:
    return {"ok": False, "error": word}


def _metadata_problems(body: dict[str, Any]) -> list[str]:
    metadata = body.get("metadata")
    if not isinstance(metadata, dict) or set(metadata) != {"event_type", "event_payload"}:
        return ["metadata needs event_type and event_payload"]
    if metadata["event_type"] != "syndicator_delivery" or "delivery" not in metadata["event_payload"]:
        return ["metadata is not ours"]
    return []


def _shown(posted: Posted, *, metadata: bool) -> dict[str, Any]:
    body = posted.shown
    shown = {"type": "message", "ts": posted.ts, "text": body["text"], "bot_id": "B1"}
    return shown | ({"metadata": body["metadata"]} if metadata and "metadata" in body else {})


def main() -> None:
    parser = argparse.ArgumentParser(description="A local server that plays Slack.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--faults", type=float, default=0.0, help="share of posts that fail, 0 to 1")
    arguments = parser.parse_args()
    slack = Slack(
        faults=at_random(1, arguments.faults),
        on_post=lambda posted: print(f"{posted.channel}: {posted.body['text']}", flush=True),
    )
    with SlackServer(slack, port=arguments.port) as server:
        print(f"SLACK_API_URL={server.url} SLACK_BOT_TOKEN={TOKEN}", flush=True)
        print(f"SLACK_WEBHOOK_URL={server.webhook()}", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()
