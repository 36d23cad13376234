"""One message out, one message sought: Slack by bot token, or by an incoming webhook.

slack_sdk's own retries and logs are off: its retries post twice when an answer is lost, and its logs hold the
webhook's address and the messages' text. A call ends after a total deadline, however slowly the server drips:
it is made in a thread of its own, which is left behind when time is up.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar
from urllib.request import HTTPRedirectHandler, ProxyHandler, build_opener, install_opener

from slack_sdk import WebClient
from slack_sdk.webhook import WebhookClient

from syndicator.alerts import Delivery, SlackMethod
from syndicator.errors import Unacceptable, Unclear, Uneditable
from syndicator.slack.errors import Call, from_answer, from_exception, header, http_date, word_of
from syndicator.threads import begin

T = TypeVar("T")

API_URL = "https://slack.com/api/"
DEADLINE = timedelta(seconds=15)
"""For one call in all, from name look-up to last byte."""
SILENCE_S = 10
"""For one operation on the connection; slack_sdk's `timeout`."""
WEBHOOK_DEADLINE = timedelta(seconds=45)
"""Longer, since nobody can look whether it was posted. Looking a name up or trying several
addresses in vain mostly ends before that, and then it is known that nothing was."""

PAGE_SIZE, MAX_PAGES = 200, 100
LIST_SIZE = 999
"""Channels to a page: this method may be called 20 times a minute, and a workspace may have thousands."""
CLOCK_DIFFERENCE = timedelta(minutes=10)
"""How far Slack's clock may be from ours; a look-up starts so much earlier."""

SCOPES = ("chat:write", "channels:history", "groups:history")
"""What the bot needs: to post and edit, and to look for what it may have posted. Names instead of ids need
more: channels:read and groups:read."""

BLOCK_CODES = ("invalid_blocks", "invalid_payload")
"""Slack's words for a message whose blocks it refuses, such as for an image that it cannot fetch."""

EDIT_WHAT = "the message was not edited"
MAYBE_POSTED = "the message may have been posted"
EDITABLE = ("blocks", "text", "metadata")

silent = logging.getLogger("syndicator.slack_sdk")
silent.setLevel(logging.CRITICAL + 1)
silent.propagate = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Whom the token belongs to, and which scopes it has (empty where Slack does not say)."""

    team: str
    user: str
    scopes: frozenset[str]
    at: datetime | None = field(default=None, repr=False, compare=False)
    """When Slack answered, by its own clock."""

    @property
    def missing_scopes(self) -> list[str]:
        return [scope for scope in SCOPES if self.scopes and scope not in self.scopes]


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackChannel:
    """A channel as the bot sees it. It posts where it is a member, and nobody does where it is archived."""

    id: str
    name: str
    is_member: bool
    is_archived: bool


class _NoRedirects(HTTPRedirectHandler):
    """Gives a redirect as the answer. Followed with a GET, what that comes to would stand for Slack's."""

    def redirect_request(self, *_: object) -> None:
        return None


ClientT = TypeVar("ClientT", WebClient, WebhookClient)


def _without_redirects(client: ClientT) -> ClientT:
    """The client, with calls that go by urllib's own opener, which has its proxy and follows nothing.

    Nothing else in this process uses that.
    """
    proxies = [ProxyHandler({"http": client.proxy, "https": client.proxy})] if client.proxy else []
    install_opener(build_opener(_NoRedirects, *proxies))
    client.proxy = None
    return client


class SlackBot:
    """Posts and looks with a bot token. Threads may share it. Its `repr` shows no token."""

    can_look = True

    def __init__(self, token: str, *, api_url: str = API_URL, deadline: timedelta = DEADLINE) -> None:
        self._client = _without_redirects(
            WebClient(token=token, base_url=api_url, timeout=SILENCE_S, retry_handlers=[], logger=silent)
        )
        self._deadline = deadline

    def __repr__(self) -> str:
        return "SlackBot()"

    def check(self) -> Identity:
        """Asks Slack whom the token belongs to (`auth.test`). Raises as `post`."""
        call = Call(method=SlackMethod.AUTH_TEST, what="the token could not be checked")
        answer = self._ask(self._client.auth_test, call)
        scopes = header(answer.headers, "x-oauth-scopes")
        return Identity(
            team=str(answer.get("team") or ""),
            user=str(answer.get("user") or ""),
            scopes=frozenset(scope.strip() for scope in scopes.split(",") if scope.strip()),
            at=http_date(header(answer.headers, "date")),
        )

    def channel(self, id: str) -> SlackChannel:
        """The channel with this id. Needs the scope channels:read, or groups:read for a private one. Raises
        as `post`; Rejected (`channel_not_found`) also for a private one that the bot was not invited to."""
        # https://docs.slack.dev/reference/methods/conversations.info
        call = Call(method=SlackMethod.INFO, what="the channel could not be looked at", on=id)
        answer = self._ask(partial(self._client.conversations_info, channel=id), call)
        found = answer.get("channel")
        if not isinstance(found, dict):
            raise call.failed(Unclear, "no_channel")
        return SlackChannel(
            id=id,
            name=str(found.get("name") or id),
            is_member=bool(found.get("is_member")),
            is_archived=bool(found.get("is_archived")),
        )

    def post(self, delivery: Delivery) -> str:
        """Posts the message and gives Slack's id of it. To be repeated only after Refused.

        Where Slack refuses its pictures, it is posted without any. Raises Refused, Rejected or Unclear.
        """
        return str(post_or_plain(partial(self._send, delivery), delivery.message)["ts"])

    def edit(self, edit: Delivery) -> str:
        """Gives the message posted as `message_ts` this edit's text. May be repeated.

        Raises as `post`, and Uneditable where the message can be edited no more.
        """
        ts = edit.message_ts
        if ts is None:
            raise Uneditable(EDIT_WHAT, on=edit.channel, code="not_posted", why="Slack does not have it")
        # https://docs.slack.dev/reference/methods/chat.update, which takes nothing of the rest.
        message = {name: value for name, value in edit.message.items() if name in EDITABLE}
        post_or_plain(partial(self._update, edit.channel, ts), message)
        return ts

    def find(self, delivery: Delivery) -> str | None:
        """Slack's id of the message if the channel has it, by the delivery id in its metadata.

        Empty where other messages show all its stories, as they may after a restore: a story is told once.
        None says that it is not there; that it could not be looked for is Refused, Rejected or Unclear.
        """
        wanted, shown = _stories_in(_payload_of(delivery.message)), set[str]()
        oldest = (delivery.look_from or delivery.created) - CLOCK_DIFFERENCE
        # https://docs.slack.dev/reference/methods/conversations.history, which begins with the newest.
        history = partial(
            self._client.conversations_history,
            channel=delivery.channel,
            oldest=f"{oldest.timestamp():.6f}",
            include_all_metadata=True,
        )
        what = "the channel could not be searched"
        searching = Call(method=SlackMethod.HISTORY, what=what, on=delivery.channel)
        for message in self._pages(history, "messages", searching):
            payload = _payload_of(message)
            if payload.get("delivery") == delivery.id:
                return str(message["ts"])
            shown |= _stories_in(payload)
        return "" if wanted and wanted <= shown else None

    def channel_ids(self, names: Collection[str]) -> dict[str, str]:
        """The ids of the channels with these names (no `#`, lower case), of those that the bot can see.

        Needs the scopes channels:read and groups:read. Raises as `post`.
        """
        # https://docs.slack.dev/reference/methods/conversations.list
        call = partial(self._client.conversations_list, types="public_channel,private_channel")
        found: dict[str, str] = {}
        listing = Call(method=SlackMethod.LIST, what="the channels could not be listed")
        for known in self._pages(call, "channels", listing, size=LIST_SIZE):
            if known.get("name") in names:
                found[str(known["name"])] = str(known["id"])
            if len(found) == len(names):
                break
        return found

    def _send(self, delivery: Delivery, message: Mapping[str, object]) -> Any:
        arguments: dict[str, Any] = {"channel": delivery.channel, **message}
        call = post_call(SlackMethod.POST_MESSAGE, delivery)
        answer = self._ask(lambda: self._client.chat_postMessage(**arguments), call)
        if not answer.get("ts"):
            raise Unclear(MAYBE_POSTED, on=delivery.channel, code="no_ts")
        return answer

    def _update(self, channel: str, ts: str, message: Mapping[str, object]) -> None:
        arguments: dict[str, Any] = {"channel": channel, "ts": ts, **message}
        call = Call(method=SlackMethod.UPDATE, what=EDIT_WHAT, on=channel)
        self._ask(lambda: self._client.chat_update(**arguments), call)

    def _ask(self, ask: Callable[[], Any], call: Call) -> Any:
        answer = in_time(self._deadline, ask, call)
        if isinstance(answer.data, bytes):  # slack_sdk takes `application/gzip` for a file, and for fine
            raise call.failed(Unclear, "no_answer", "Slack says nothing that can be read", answered=False)
        return answer

    def _pages(
        self, get: Callable[..., Any], key: str, call: Call, *, size: int = PAGE_SIZE
    ) -> Iterator[dict[str, Any]]:
        cursor: str | None = None
        for _ in range(MAX_PAGES):
            page = self._ask(partial(get, limit=size, cursor=cursor), call)
            found = page.get(key)
            if not isinstance(found, list):
                raise call.failed(Unclear, f"no_{key}")
            yield from (item for item in found if isinstance(item, dict))
            metadata = page.get("response_metadata")
            cursor = metadata.get("next_cursor") if isinstance(metadata, dict) else None
            if not cursor:
                return
        raise call.failed(Unclear, f"too_many_{key}", "there is more than can be searched")


class SlackWebhook:
    """Posts through an incoming webhook: no message id comes back, and nothing can be looked for."""

    can_look = False

    def __init__(self, url: str, *, deadline: timedelta = WEBHOOK_DEADLINE) -> None:
        self._client = _without_redirects(
            WebhookClient(url, timeout=SILENCE_S, retry_handlers=[], logger=silent)
        )
        self._deadline = deadline

    def __repr__(self) -> str:
        return "SlackWebhook()"

    def post(self, delivery: Delivery) -> None:
        """Posts the message; as `SlackBot.post`, but without an id."""
        post_or_plain(partial(self._send, delivery), delivery.message)

    def edit(self, edit: Delivery) -> None:
        """Cannot be done: always Uneditable."""
        raise Uneditable(EDIT_WHAT, on=edit.channel, code="webhook", why="a webhook cannot edit")

    def find(self, delivery: Delivery) -> None:
        """Nothing can be looked for."""

    def _send(self, delivery: Delivery, message: Mapping[str, object]) -> None:
        call = post_call(SlackMethod.WEBHOOK, delivery)
        body = {name: value for name, value in message.items() if name != "metadata"}
        answer = in_time(self._deadline, lambda: self._client.send_dict(body), call)
        if answer.status_code == 200 and answer.body.strip() == "ok":
            return
        word = word_of(answer.body.strip())
        headers = {str(name): str(value) for name, value in answer.headers.items()}
        raise from_answer(call, datetime.now(UTC), status=answer.status_code, code=word, headers=headers)


def post_call(method: SlackMethod, delivery: Delivery) -> Call:
    return Call(method=method, what="the message was not posted", on=delivery.channel, unclear=MAYBE_POSTED)


def in_time(deadline: timedelta, ask: Callable[[], T], call: Call) -> T:
    """The result of asking, within the deadline. Raises Refused (of this method), Rejected or Unclear."""
    asked = begin("slack call", ask)
    try:
        error = asked.exception(deadline.total_seconds())
    except TimeoutError:
        error = call.failed(Unclear, "deadline", "no answer in time", answered=False)
    if error is not None:
        # Raised here, where nothing is being handled: a chained SlackApiError would hold the token.
        raise from_exception(error, call, datetime.now(UTC))
    return asked.result()


def post_or_plain(post: Callable[[Mapping[str, Any]], T], message: Mapping[str, Any]) -> T:
    """Posts the message; where Slack refuses its blocks, once more without pictures and logos."""
    plain = dict(message) | {"blocks": [block for one in message["blocks"] for block in _without_images(one)]}
    try:
        return post(message)
    except Unacceptable as error:
        if error.code not in BLOCK_CODES or plain == message:
            raise
    return post(plain)


def _payload_of(message: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the message's metadata says; nothing where it is not ours."""
    metadata = message.get("metadata")
    payload = metadata.get("event_payload") if isinstance(metadata, dict) else None
    return payload if isinstance(payload, dict) else {}


def _stories_in(payload: Mapping[str, Any]) -> set[str]:
    return set(str(payload.get("stories", "")).split())


def _without_images(block: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The block without images, in a list; none where it was nothing else."""
    if block["type"] == "context":
        words = [element for element in block["elements"] if element["type"] != "image"]
        return [{**block, "elements": words}] if words else []
    return [{name: value for name, value in block.items() if name != "accessory"}]
