"""Posting and looking against a local server that plays Slack."""

from __future__ import annotations

import logging
import socket
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from syndicator.alerts import Delivery
from syndicator.errors import DeliveryError, Refused, Rejected, Unacceptable, Unclear, Uneditable
from syndicator.slack import client as slack_module
from syndicator.slack.client import SlackBot, SlackWebhook
from tests.slack.values import messaged
from tests.slack_rules import images
from tests.slack_server import AFTER, SCOPES, TOKEN, Channel, Slack, SlackServer, script

SHORT = timedelta(seconds=0.4)


@pytest.fixture
def server() -> Iterator[SlackServer]:
    with SlackServer(Slack(hang_s=5.0)) as server:
        yield server


def bot(server: SlackServer, token: str = TOKEN, deadline: timedelta = timedelta(seconds=10)) -> SlackBot:
    return SlackBot(token, api_url=server.url, deadline=deadline)


def now() -> datetime:
    return datetime.now(UTC)


def test_message_is_posted_and_found_by_its_metadata(server: SlackServer) -> None:
    delivery = messaged("d1", now=now())
    ts = bot(server).post(delivery)
    (posted,) = server.slack.posted
    assert (posted.ts, posted.channel, posted.delivery) == (ts, "C1", "d1")
    assert bot(server).find(delivery) == ts
    assert bot(server).find(messaged("d2", now=now())) is None


def test_edit_takes_the_place_of_what_was_posted_and_may_be_repeated(server: SlackServer) -> None:
    ts = bot(server).post(messaged("d1", now=now()))
    edit = messaged("e1", kind="edit", edit_of="d1", message_ts=ts, now=now())
    edit = replace(edit, message=edit.message | {"metadata": messaged("d1").message["metadata"]})
    assert [bot(server).edit(edit) for _ in range(2)] == [ts, ts]
    (posted,) = server.slack.posted
    assert posted.shown["text"] == "Message e1" and server.slack.problems == []
    assert bot(server).find(messaged("d1", now=now())) == ts


def test_edit_without_its_pictures_where_slack_refuses_them(server: SlackServer) -> None:
    ts = bot(server).post(messaged("d1", now=now()))
    server.slack.broken_images = True
    bot(server).edit(messaged("e1", image=True, edit_of="d1", message_ts=ts, now=now()))
    assert images(server.slack.posted[0].shown) == [] and server.slack.posted[0].edits


def test_message_that_is_gone_or_was_never_posted_cannot_be_edited(server: SlackServer) -> None:
    ts = bot(server).post(messaged("d1", now=now()))
    server.slack.deleted.add(ts)
    with pytest.raises(Uneditable, match="message_not_found"):
        bot(server).edit(messaged("e1", edit_of="d1", message_ts=ts, now=now()))
    with pytest.raises(Uneditable, match="Slack does not have it"):
        bot(server).edit(messaged("e1", edit_of="d1", now=now()))
    with pytest.raises(Uneditable, match="a webhook cannot edit"):
        SlackWebhook(server.webhook()).edit(messaged("e1", edit_of="d1", message_ts=ts, now=now()))


def test_wait_that_slack_asks_for_is_that_of_editing_alone(server: SlackServer) -> None:
    ts = bot(server).post(messaged("d1", now=now()))
    server.slack.faults = script("429", method="chat.update")
    with pytest.raises(Refused) as caught:
        bot(server).edit(messaged("e1", edit_of="d1", message_ts=ts, now=now()))
    assert caught.value.retry_after == timedelta(seconds=1)


def test_look_goes_through_all_pages(server: SlackServer) -> None:
    server.slack.page_size = 3
    client = bot(server)
    for number in range(8):
        client.post(messaged(f"d{number}", now=now()))
    assert client.find(messaged("d0", now=now())) == server.slack.posted[0].ts
    assert client.find(messaged("d99", now=now())) is None
    assert [method for method, _ in server.slack.calls].count("conversations.history") == 6


def test_look_that_never_ends_is_not_a_miss(server: SlackServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slack_module, "MAX_PAGES", 2)
    server.slack.page_size = 1
    for number in range(3):
        bot(server).post(messaged(f"d{number}", now=now()))
    with pytest.raises(Unclear, match="more than can be searched"):
        bot(server).find(messaged("d99", now=now()))


def named(*names: str, **fields: bool) -> dict[str, Channel]:
    ids = {name: f"C{name.upper()}" for name in names}
    return {id: Channel(id=id, name=name, **fields) for name, id in ids.items()}


def test_channels_are_found_by_their_names_through_all_pages(server: SlackServer) -> None:
    server.slack.page_size = 2
    server.slack.channels = named("a", "b", "c", "d", "general") | named("secret", private=True)
    found = bot(server).channel_ids(["general", "secret", "nowhere"])
    assert found == {"general": "CGENERAL", "secret": "CSECRET"}


@pytest.mark.parametrize(("scopes", "lacks"), [(["channels:read"], "groups:read"), ([], "channels:read")])
def test_names_need_both_scopes(server: SlackServer, scopes: list[str], lacks: str) -> None:
    server.slack.scopes = tuple(scopes) or ("chat:write",)
    server.slack.channels = named("general")
    with pytest.raises(Rejected, match=f"the scope {lacks}"):
        bot(server).channel_ids(["general"])


def test_check_tells_whose_token_it_is_and_what_it_lacks(server: SlackServer) -> None:
    identity = bot(server).check()
    assert (identity.team, identity.user, identity.missing_scopes) == ("Test", "syndicator", [])
    server.slack.scopes = ("chat:write",)
    assert bot(server).check().missing_scopes == ["channels:history", "groups:history"]


def test_channel_is_looked_at_and_nothing_posted(server: SlackServer) -> None:
    server.slack.channels = named("news", member=False) | named("old", archived=True)
    server.slack.channels |= named("secret", private=True, member=False)
    news, old = bot(server).channel("CNEWS"), bot(server).channel("COLD")
    assert (news.name, news.is_member, news.is_archived) == ("news", False, False)
    assert (old.name, old.is_member, old.is_archived) == ("old", True, True)
    for unseen in ("CSECRET", "CNOWHERE"):
        with pytest.raises(Rejected, match="channel_not_found"):
            bot(server).channel(unseen)
    server.slack.scopes = ("chat:write",)
    with pytest.raises(Rejected, match="the scope channels:read"):
        bot(server).channel("CNEWS")
    assert server.slack.posted == []


def test_check_tells_when_slack_answered_and_compares_without_it(server: SlackServer) -> None:
    first, server.slack.clock_ahead_s = bot(server).check(), 7200
    later = bot(server).check()
    assert first.at is not None and later.at is not None
    assert later.at - first.at > timedelta(minutes=119)
    assert (first, repr(first)) == (later, repr(later))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"token": "xoxb-other"}, "invalid_auth"),
        ({"scopes": tuple(s for s in SCOPES if s != "chat:write")}, "missing_scope"),
        ({"any_channel": False}, "channel_not_found"),
        ({"channels": {"C1": Channel(id="C1", name="news", archived=True)}}, "is_archived"),
        ({"channels": {"C1": Channel(id="C1", name="news", member=False)}}, "not_in_channel"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_a_person_must_mend_is_rejected_with_the_cure(
    server: SlackServer, change: dict[str, object], code: str
) -> None:
    for name, value in change.items():
        setattr(server.slack, name, value)
    with pytest.raises(Rejected) as caught:
        bot(server).post(messaged("d1"))
    assert caught.value.code == code and caught.value.fix


def test_missing_token_is_rejected(server: SlackServer) -> None:
    with pytest.raises(Rejected) as caught:
        bot(server, token="").check()
    assert caught.value.code == "not_authed"


def test_missing_scope_is_named_as_slack_names_it(server: SlackServer) -> None:
    server.slack.scopes = ("channels:history",)
    with pytest.raises(Rejected) as caught:
        bot(server).post(messaged("d1"))
    assert caught.value.why == "the token lacks the scope chat:write"
    assert "Add the scope chat:write" in caught.value.fix


@pytest.mark.parametrize(
    ("fault", "answered"),
    [
        *((fault, False) for fault in (*AFTER, "500-before", "reset-before", "fin-before")),
        *((fault, False) for fault in ("403-html", "404-html", "407-html")),
        *((fault, True) for fault in ("429", "invalid_auth", "invalid_blocks", "a_new_word", "refused-word")),
        ("message_limit_exceeded", True),
    ],
)
def test_failure_says_whether_slack_answered(server: SlackServer, fault: str, answered: bool) -> None:
    server.slack.faults = script(fault)
    with pytest.raises(DeliveryError) as caught:
        bot(server).post(messaged("d1"))
    assert caught.value.answered is answered


@pytest.mark.parametrize("fault", ["429", "429-date"])
def test_rate_limit_is_refused_with_its_wait(server: SlackServer, fault: str) -> None:
    server.slack.faults = script(fault)
    server.slack.retry_after_s = 30
    with pytest.raises(Refused) as caught:
        bot(server).post(messaged("d1"))
    assert caught.value.retry_after is not None
    assert 25 <= caught.value.retry_after.total_seconds() <= 30


@pytest.mark.parametrize(
    ("call", "method"),
    [
        (lambda bot: bot.check(), "auth.test"),
        (lambda bot: bot.find(messaged("d1")), "conversations.history"),
        (lambda bot: bot.channel_ids(["sea"]), "conversations.list"),
    ],
    ids=["auth", "history", "list"],
)
def test_each_rate_limit_is_refused_with_its_wait(
    server: SlackServer, call: Callable[[SlackBot], object], method: str
) -> None:
    server.slack.faults = script("429", method=method)
    with pytest.raises(Refused) as caught:
        call(bot(server))
    assert caught.value.retry_after == timedelta(seconds=1)


@pytest.mark.parametrize("fault", [*AFTER, "500-before", "503-before", "reset-before", "fin-before"])
def test_answer_that_says_nothing_certain_is_unclear_and_posts_at_most_once(
    server: SlackServer, fault: str
) -> None:
    server.slack.faults = script(fault)
    with pytest.raises(Unclear, match="the message may have been posted: C"):
        bot(server).post(messaged("d1"))
    assert len(server.slack.posted) == (0 if fault.endswith("before") else 1)
    assert len(server.slack.calls) == 1


@pytest.mark.parametrize("fault", ["hang-before", "hang-after", "drip"])
def test_call_ends_at_its_deadline_however_slow_the_server(server: SlackServer, fault: str) -> None:
    server.slack.faults = script(fault)
    began = time.monotonic()
    with pytest.raises(Unclear, match="no answer in time"):
        bot(server, deadline=SHORT).post(messaged("d1"))
    assert time.monotonic() - began < 2.5


def test_refused_connection_is_refused() -> None:
    with SlackServer() as server:
        url = server.url
    with pytest.raises(Refused) as caught:
        SlackBot(TOKEN, api_url=url).post(messaged("d1"))
    assert (caught.value.code, caught.value.answered) == ("connection_refused", False)


@pytest.mark.parametrize("proxy", ["http://127.0.0.1:port", "http://no proxy:80", "http://..:80"])
def test_proxy_that_is_none_is_refused(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    for way in (SlackBot(TOKEN), SlackWebhook("https://hooks.slack.com/services/T0/B0/C1")):
        with pytest.raises(Refused) as caught:
            way.post(messaged("d1"))
        assert (caught.value.code, caught.value.answered) == ("no_connection", False)


@pytest.mark.parametrize("proxy", ["http://", "http:///", "http://user:secret@"])
def test_proxy_without_a_host_is_named(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    for way in (SlackBot(TOKEN), SlackWebhook("https://hooks.slack.com/services/T0/B0/C1")):
        with pytest.raises(
            Refused, match="HTTPS_PROXY names no host: write it like http://host:port"
        ) as caught:
            way.post(messaged("d1"))
        assert caught.value.answered is False


@pytest.mark.parametrize("status", ["301", "302", "303", "307", "308"])
@pytest.mark.parametrize("way", ["token", "webhook"])
def test_redirect_is_not_followed_nor_taken_for_an_answer(server: SlackServer, way: str, status: str) -> None:
    server.slack.faults = script(status)
    sender = bot(server) if way == "token" else SlackWebhook(server.webhook("C1"))
    kind = Unclear if status == "303" else Refused
    with pytest.raises(
        kind, match=f"HTTP {status}, which leads elsewhere, as a proxy's log-in page"
    ) as caught:
        sender.post(messaged("d1"))
    assert (caught.value.answered, server.slack.posted) == (False, [])


@pytest.fixture
def silent_address() -> Iterator[str]:
    """Where no connection comes about and nothing says so, as behind a firewall: the queue is full."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener, ExitStack() as stack:
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield f"127.0.0.1:{listener.getsockname()[1]}"


def test_connection_that_does_not_come_about_is_refused(
    silent_address: str, server: SlackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slack_module, "SILENCE_S", 0.3)
    no_handshake = server.url.replace("http:", "https:").removesuffix("/api/")
    for address in (f"http://{silent_address}", no_handshake):
        for way in (SlackBot(TOKEN, api_url=f"{address}/api/"), SlackWebhook(f"{address}/services/T0/B0/C1")):
            with pytest.raises(Refused) as caught:
                way.post(messaged("d1"))
            assert (caught.value.code, caught.value.answered) == ("no_connection", False)


def test_address_that_is_none_is_rejected() -> None:
    with pytest.raises(Rejected, match="SLACK_API_URL"):
        SlackBot(TOKEN, api_url="file:///etc/passwd").check()


def test_message_whose_picture_cannot_be_fetched_is_posted_without_it(server: SlackServer) -> None:
    server.slack.broken_images = True
    bot(server).post(messaged("d1", image=True))
    (posted,) = server.slack.posted
    assert "accessory" not in posted.body["blocks"][0]
    assert [method for method, _ in server.slack.calls] == ["chat.postMessage"] * 2


def test_ill_formed_message_is_unacceptable(server: SlackServer) -> None:
    delivery = messaged("d1")
    with pytest.raises(Unacceptable):
        bot(server).post(replace(delivery, message=delivery.message | {"text": "x" * 5_000}))


def illustrated(id: str) -> Delivery:
    """A message with a picture and a logo, as an alert has."""
    delivery: Delivery = messaged(id, image=True)
    logo = {"type": "image", "image_url": "https://img.example/logo.png", "alt_text": "logo"}
    words = {"type": "plain_text", "text": "The publisher", "emoji": False}
    blocks: Any = delivery.message["blocks"]
    message = dict(delivery.message)
    message["blocks"] = [*blocks, {"type": "context", "elements": [logo, words]}]
    return replace(delivery, message=message)


@pytest.mark.parametrize("way", ["token", "webhook"])
def test_message_with_an_image_that_slack_refuses_is_posted_without_any(
    server: SlackServer, way: str
) -> None:
    server.slack.bad_images = ("logo.png",)
    client = bot(server) if way == "token" else SlackWebhook(server.webhook())
    client.post(illustrated("d1"))
    (posted,) = server.slack.posted
    assert images(posted.body) == []
    assert "The publisher" in str(posted.body["blocks"])


# webhooks


def test_webhook_posts_and_cannot_look(server: SlackServer) -> None:
    webhook = SlackWebhook(server.webhook())
    webhook.post(messaged("d1"))
    (posted,) = server.slack.posted
    assert posted.body["text"] == "Message d1" and "metadata" not in posted.body
    assert not webhook.can_look


@pytest.mark.parametrize("fault", [fault for fault in AFTER if "error" not in fault])
def test_webhook_whose_answer_is_lost_is_unclear(server: SlackServer, fault: str) -> None:
    server.slack.faults = script(fault)
    with pytest.raises(Unclear, match="the message may have been posted: C"):
        SlackWebhook(server.webhook()).post(messaged("d1"))
    assert len(server.slack.posted) == 1


def test_webhook_errors_are_told_apart(server: SlackServer) -> None:
    server.slack.faults = script("429")
    with pytest.raises(Refused) as refused:
        SlackWebhook(server.webhook()).post(messaged("d1"))
    assert refused.value.retry_after == timedelta(seconds=1)
    server.slack.any_channel = False
    with pytest.raises(Rejected) as rejected:
        SlackWebhook(server.webhook("gone")).post(messaged("d1"))
    assert rejected.value.code == "no_service"


@pytest.mark.parametrize("word", ["channel_not_found", "no_service", "channel_is_archived"])
def test_webhook_whose_channel_is_gone_is_to_be_made_anew(server: SlackServer, word: str) -> None:
    server.slack.any_channel, server.slack.gone_webhook = False, word
    with pytest.raises(Rejected) as caught:
        SlackWebhook(server.webhook("gone")).post(messaged("d1"))
    assert caught.value.code == word
    assert "Make a new incoming webhook" in caught.value.fix and "route's channel" not in caught.value.fix


def test_webhook_posts_without_pictures_that_cannot_be_fetched(server: SlackServer) -> None:
    server.slack.broken_images = True
    SlackWebhook(server.webhook()).post(messaged("d1", image=True))
    assert len(server.slack.posted) == 1


# secrets


CANARY = "xoxb-canary-5f3a9"
HOOK_CANARY = "hookcanary77b1"


@pytest.mark.parametrize(
    "fault",
    [
        *AFTER,
        "429",
        "500-before",
        "reset-before",
        "fin-before",
        "hang-before",
        "not_authed",
        "invalid_blocks",
    ],
)
def test_no_secret_in_logs_errors_or_tracebacks(
    server: SlackServer, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger().setLevel(logging.NOTSET)
    server.slack.token = CANARY
    server.slack.faults = script(fault, fault)
    senders = (
        bot(server, token=CANARY, deadline=SHORT),
        SlackWebhook(server.webhook(HOOK_CANARY), deadline=SHORT),
    )
    for sender in senders:
        with pytest.raises(DeliveryError) as caught:
            sender.post(messaged("d1"))
        shown = "".join(traceback.format_exception(caught.value))
        told = f"{shown} {caught.value!r} {vars(caught.value)} {sender!r} {sender}"
        assert CANARY not in told and HOOK_CANARY not in told
        assert caught.value.__context__ is None
    assert CANARY not in caplog.text and HOOK_CANARY not in caplog.text
    server.stopping.set()
