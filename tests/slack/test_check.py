"""What the service says of its way to Slack, and draws while it has none."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from syndicator.alerts import Delivery, DeliveryState, SlackMethod
from syndicator.app import App, open_app
from syndicator.errors import StoreBusy
from syndicator.monitoring.status import facts
from syndicator.settings.load import load_settings
from syndicator.settings.models import Credentials, Route, Settings, Slack
from syndicator.slack.check import SlackCheck
from syndicator.slack.client import SCOPES, SlackBot
from syndicator.slack.outage import Outage, OutageWatch
from syndicator.slack.sender import messengers_of
from syndicator.store.channels import Channels
from syndicator.store.database import Store, open_store
from syndicator.store.outbox import Outbox
from tests.slack.values import NOON, messaged
from tests.slack_server import TOKEN, Channel, SlackServer, script
from tests.slack_server import Slack as PlayedSlack

TEXT = """
site: {title: News, base_url: https://feeds.example.org/}
sources: [{name: news, path: articles}]
routes: [{name: ai, channel: C1}, {name: best, channel: C2}]
"""
WITH_TOKEN = Credentials(token=SecretStr(TOKEN))

PREVIEW = Slack(mode="preview")


def changed(settings: Settings, **parts: object) -> Settings:
    return settings.model_copy(update=parts)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(f"sqlite:///{tmp_path}/state.db", now=NOON)
    yield store
    store.close()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    file = tmp_path / "syndicator.yaml"
    file.write_text(TEXT, encoding="utf-8")
    return load_settings(file, {})


def said(tell: Callable[[], object]) -> list[dict[str, Any]]:
    with capture_logs() as logs:
        tell()
    return [dict(line) for line in logs]


def owe(store: Store, *deliveries: Delivery) -> None:
    with store.transaction() as session:
        for delivery in deliveries:
            session.outbox.write(delivery, [])


def said_at_start(store: Store, settings: Settings, **screen: Any) -> list[dict[str, Any]]:
    app = open_app(changed(settings, state=f"sqlite:///{store.path}"), store, now=NOON, **screen)
    return said(lambda: app.say_ways(NOON))


def test_routes_without_a_way_are_said_once_with_the_fix(store: Store, settings: Settings) -> None:
    (line,) = said_at_start(store, settings)
    assert (line["log_level"], line["event"]) == ("warning", "no way to Slack for routes ai, best")
    assert "SLACK_BOT_TOKEN" in line["fix"] and "messages are kept" in line["fix"]


def test_with_a_token_nothing_is_said(store: Store, settings: Settings) -> None:
    assert said_at_start(store, changed(settings, credentials=WITH_TOKEN)) == []


def test_preview_is_said_and_misses_no_token(store: Store, settings: Settings) -> None:
    (line,) = said_at_start(store, changed(settings, slack=PREVIEW), terminal=Screen())
    assert (line["log_level"], "not posted" in line["event"]) == ("info", True)


class Screen:
    can_look = True

    def post(self, delivery: Delivery) -> None: ...
    def edit(self, edit: Delivery) -> None: ...
    def find(self, delivery: Delivery) -> None: ...


def test_with_preview_everything_goes_to_the_terminal_also_with_a_token(settings: Settings) -> None:
    screen = Screen()
    preview = changed(settings, slack=PREVIEW, credentials=WITH_TOKEN)
    assert messengers_of(preview, screen).for_delivery(messaged("d1")) is screen
    assert messengers_of(changed(settings, credentials=WITH_TOKEN), screen).terminal is None
    assert not messengers_of(settings, screen).has_way("ai", "C1")


# the check


def checker(
    store: Store, server: SlackServer, told: list[str], token: str = TOKEN, routes: Sequence[Route] = ()
) -> SlackCheck:
    @contextmanager
    def open_outbox() -> Iterator[Outbox]:
        with store.transaction() as session:
            yield session.outbox

    return SlackCheck(
        SlackBot(token, api_url=server.url),
        open_outbox,
        OutageWatch(),
        routes,
        clock=lambda: NOON,
        over=lambda: told.append("over"),
        named=lambda: told.append("named"),
    )


def test_slack_that_cannot_be_reached_is_never_blamed_on_the_token(store: Store) -> None:
    with SlackServer() as server:
        pass
    over: list[str] = []
    check = checker(store, server, over)
    with capture_logs() as logs:
        assert not check.check_token()
        assert not check.check_token()
    assert [line["event"] for line in logs] == ["Slack cannot be reached"]
    assert "token" not in logs[0]["why"].replace("the token could not be checked", "")
    assert logs[0]["fix"]
    with SlackServer(port=server.port), capture_logs() as logs:
        assert check.check_token() and check.check_token()
    assert [line["event"] for line in logs] == ["Slack answers again", "slack token accepted"]
    assert over == ["over"]


@pytest.mark.parametrize("method", ["auth.test", "conversations.list"])
def test_wait_that_slack_asks_for_is_kept_over_a_restart(store: Store, method: str) -> None:
    played = PlayedSlack(channels=GENERAL, faults=script("429", method=method), retry_after_s=50)
    with SlackServer(played) as server:
        for _ in range(2):
            check = checker(store, server, [], routes=ROUTES)
            check.check_token()
            check.find_names()
    assert [called for called, _ in played.calls].count(method) == 1


@pytest.mark.parametrize(
    ("fault", "event"),
    [
        ("403-html", "Slack cannot be reached"),
        ("404-html", "Slack cannot be reached"),
        ("html", "Slack cannot be reached"),
        ("message_limit_exceeded", "the slack token could not be checked, asked again"),
        ("a_new_word", "the slack token could not be checked, asked again"),
    ],
)
def test_check_that_brings_no_answer_is_said_once(store: Store, fault: str, event: str) -> None:
    with SlackServer(PlayedSlack(faults=lambda _: fault)) as server, capture_logs() as logs:
        check = checker(store, server, [])
        for _ in range(4):
            assert not check.check_token()
    (line,) = logs
    assert (line["event"], line["log_level"]) == (event, "warning")
    assert line["fix"] and line["why"]


def test_names_that_cannot_be_asked_for_are_said_while_the_token_is_fine(store: Store) -> None:
    with SlackServer(PlayedSlack(channels=GENERAL)) as server:
        owe(store, messaged("d1"))
        check = checker(store, server, [], routes=ROUTES)
        server.slack.faults = lambda method: "500-before" if method == "conversations.list" else None
        with capture_logs() as logs:
            for _ in range(3):
                assert check.check_token() and not check.find_names()
        assert [line["event"] for line in logs] == ["slack token accepted", "Slack cannot be reached"]
        server.slack.faults = lambda method: None
        with capture_logs() as logs:
            assert check.find_names()
        assert [line["event"] for line in logs] == ["Slack answers again"]


def test_token_that_slack_refuses_is_said_once(store: Store) -> None:
    with SlackServer() as server, capture_logs() as logs:
        check = checker(store, server, [], token="xoxb-another")
        assert check.check_token() and check.check_token()
    (line,) = logs
    assert line["event"] == "the slack token was not accepted" and "SLACK_BOT_TOKEN" in line["fix"]


ROUTES = (Route(name="a", channel="#general"), Route(name="b", channel="C0GENERAL"))
GENERAL = {"C0GENERAL": Channel(id="C0GENERAL", name="general")}


def ids(store: Store) -> dict[str, str]:
    with store.reading() as session:
        return session.outbox.channels.ids()


def test_names_of_channels_are_found_once_and_kept(store: Store) -> None:
    told: list[str] = []
    with SlackServer(PlayedSlack(channels=GENERAL)) as server, capture_logs() as logs:
        check = checker(store, server, told, routes=ROUTES)
        assert check.find_names() and check.find_names()
        assert [method for method, _ in server.slack.calls] == ["conversations.list"]
    assert (ids(store), told, logs) == ({"general": "C0GENERAL"}, ["named"], [])


def test_name_that_nobody_knows_is_said_once_with_the_fix_and_found_later(store: Store) -> None:
    told: list[str] = []
    with SlackServer() as server:
        check = checker(store, server, told, routes=ROUTES)
        with capture_logs() as logs:
            assert not check.find_names() and not check.find_names()
        (line,) = logs
        assert (line["channel"], line["routes"]) == ("#general", "a")
        assert check.outages.unnamed == {"general"}
        assert "Correct the route's channel" in line["fix"] and "id (C...)" in line["fix"]
        server.slack.channels = GENERAL
        assert check.find_names()
        assert check.outages.unnamed == set()
    assert told == ["named"]


def test_missing_scope_for_names_is_said_by_its_name(store: Store) -> None:
    with SlackServer(PlayedSlack(scopes=("chat:write",))) as server, capture_logs() as logs:
        assert not checker(store, server, [], routes=ROUTES).find_names()
    (line,) = logs
    assert "channels:read" in line["why"] and "Add the scope channels:read" in line["fix"]


def test_known_name_that_slack_no_longer_has_keeps_its_id(store: Store) -> None:
    with store.transaction() as session:
        session.outbox.channels.put_ids({"general": "C0GENERAL"}, NOON)
    with SlackServer() as server, capture_logs() as logs:
        assert checker(store, server, [], routes=ROUTES).find_names()
    assert (ids(store), logs) == ({"general": "C0GENERAL"}, [])


def test_names_whose_ids_could_not_be_kept_are_asked_for_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*given: object) -> None:
        raise StoreBusy("the database is in use")

    with store.transaction() as session:
        session.outbox.channels.put_ids({"general": "C0BEFORE"}, NOON)
    with SlackServer(PlayedSlack(channels=GENERAL)) as server:
        check = checker(store, server, [], routes=ROUTES)
        with monkeypatch.context() as patch:
            patch.setattr(Channels, "put_ids", fail)
            with pytest.raises(StoreBusy):
                check.find_names()
        assert check.find_names()
    assert ids(store) == {"general": "C0GENERAL"}


def test_bot_posts_by_id_alone_and_a_webhook_whatever_the_channel_is_called(settings: Settings) -> None:
    hook = SecretStr("https://hooks.slack.com/services/T0/B0/x")
    both = Credentials(token=SecretStr(TOKEN), webhooks={"best": hook})
    ways = messengers_of(changed(settings, credentials=both))
    assert ways.has_way("ai", "C0GENERAL") and ways.has_way("best", "#general")
    assert ways.has_way("ai", "CPNFRNLTS"), "some ids have letters alone"
    assert not ways.has_way("ai", "#general") and not ways.has_way("ai", "general")


def test_what_waits_for_a_route_that_is_gone_is_never_sent_and_said_with_the_fix(
    store: Store, settings: Settings
) -> None:
    owe(store, messaged("d1", route="gone", channel="C9"), messaged("d2", route="gone", channel="C9"))
    owe(store, messaged("d3", route="ai", channel="#nowhere"), messaged("d4", route="ai", channel="C1"))
    has_way = messengers_of(changed(settings, credentials=WITH_TOKEN)).has_way
    assert has_way("ai", "C1") and has_way("ai", "C7") and not has_way("gone", "C9")
    (line,) = said_at_start(store, changed(settings, credentials=WITH_TOKEN))
    assert (line["log_level"], line["event"]) == ("warning", "no way to Slack for route gone in C9")
    assert "deliveries drop" in line["fix"]
    with_token = changed(settings, credentials=WITH_TOKEN)
    assert status(store, with_token) == "0 public · no way to Slack for route gone in C9"


def test_check_ends_with_the_service(store: Store) -> None:
    with SlackServer() as server:
        check, stop = checker(store, server, []), threading.Event()
        thread = threading.Thread(target=check.run, args=(stop,))
        thread.start()
        stop.set()
        check.outages.doubt.set()
        thread.join(20)
        assert not thread.is_alive()


def test_status_tells_of_an_outage_and_of_names_that_are_not_found(store: Store, settings: Settings) -> None:
    with store.transaction() as session:
        session.outbox.channels.put_ids({"general": "C0GENERAL"}, NOON)
    owe(store, messaged("d1", route="b", channel="C0GENERAL"))
    routes = (*ROUTES, Route(name="c", channel="#nowhere"))
    with_token = changed(settings, credentials=WITH_TOKEN, routes=routes)
    outage = Outage(since=NOON, calls=2, method=SlackMethod.AUTH_TEST)
    waits = "0 public · Slack unreachable since 12:00, 1 waits"
    assert status(store, with_token, outage) == waits, "a name that Slack was not asked for is no trouble yet"
    assert status(store, with_token, outage, {"nowhere"}) == f"{waits} · no way to Slack for route c"


def test_status_tells_of_missing_scopes_and_of_messages_given_up(store: Store, settings: Settings) -> None:
    owe(store, messaged("d1", state=DeliveryState.FAILED))
    app = open_app(changed(settings, state=f"sqlite:///{store.path}"), store, now=NOON)
    with SlackServer() as server:
        server.slack.scopes = ("channels:history",)
        check = checker(store, server, [])
        assert check.check_token()
        told = line(replace(app, outages=check.outages))
        assert "the Slack token lacks the scopes chat:write" in told
        assert "1 message given up since" in told
        server.slack.scopes = SCOPES
        assert check.check_token()
        assert "scopes" not in line(replace(app, outages=check.outages))


class Unreachable(OutageWatch):
    """An outage as it is when it has been said."""

    def __init__(self, outage: Outage | None, unnamed: Iterable[str]) -> None:
        super().__init__()
        self._given, self.unnamed = outage, frozenset(unnamed)

    @property
    def outage(self) -> Outage | None:
        return self._given


def status(
    store: Store, settings: Settings, outage: Outage | None = None, unnamed: Iterable[str] = ()
) -> str:
    app = open_app(changed(settings, state=f"sqlite:///{store.path}"), store, now=NOON)
    return line(replace(app, outages=Unreachable(outage, unnamed)))


def line(app: App) -> str:
    return str(facts(app, NOON, started=NOON)["line"])
