"""What the service says of its way to Slack, and draws while it has none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from syndicator.alerts import Delivery
from syndicator.assembly import messengers_of
from syndicator.connection import OwedDrawing, report_ways
from syndicator.settings import Settings, load_settings
from syndicator.settings.values import Slack
from syndicator.store.database import SqlStore, open_store
from tests.deliver.values import NOON, messaged
from tests.slack_server import TOKEN

TEXT = """
site: {title: News, base_url: https://feeds.example.org/}
sources: [{name: news, path: articles}]
routes: [{name: ai, channel: C1}, {name: best, channel: C2}]
"""
WITH_TOKEN = Slack(token=SecretStr(TOKEN))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
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


def owe(store: SqlStore, *deliveries: Delivery) -> None:
    with store.transaction() as books:
        for delivery in deliveries:
            books.outbox.write(delivery, [])


def test_routes_without_a_way_are_said_once_with_what_waits_and_the_fix(
    store: SqlStore, settings: Settings
) -> None:
    owe(store, messaged("d1"))
    (line,) = said(lambda: report_ways(store, settings))
    assert line["event"] == "no slack token: messages are kept until there is one"
    assert (line["log_level"], line["routes"], line["waiting"]) == ("warning", "ai, best", 1)
    assert "SLACK_BOT_TOKEN" in line["cure"]


def test_token_that_was_there_before_and_is_gone_is_said(store: SqlStore, settings: Settings) -> None:
    assert said(lambda: report_ways(store, replace(settings, slack=WITH_TOKEN))) == []
    for _ in range(2):
        (line,) = said(lambda: report_ways(store, settings))
        assert line["event"] == "the slack token is gone: messages are kept until it is back"


def test_preview_is_said_and_misses_no_token(store: SqlStore, settings: Settings) -> None:
    (line,) = said(lambda: report_ways(store, replace(settings, slack=Slack(preview=True))))
    assert (line["log_level"], "not posted" in line["event"]) == ("info", True)


def test_with_preview_everything_goes_to_the_terminal_also_with_a_token(settings: Settings) -> None:
    class Screen:
        can_look = True

        def post(self, delivery: Delivery) -> None: ...
        def find(self, delivery: Delivery, *, now: object) -> None: ...

    screen = Screen()
    preview = replace(settings, slack=replace(WITH_TOKEN, preview=True))
    assert messengers_of(preview, screen).for_delivery(messaged("d1")) is screen
    assert messengers_of(replace(settings, slack=WITH_TOKEN), screen).terminal is None
    assert not messengers_of(settings, screen).has_way("ai", "C1")


def test_owed_message_is_drawn_once_for_who_looks_on_and_stays_owed(store: SqlStore) -> None:
    drawn: list[str] = []
    owe(store, messaged("before", now=NOON - timedelta(hours=1)))
    drawing = OwedDrawing(
        store, lambda route, _: route == "hook", lambda one: drawn.append(one.id), since=NOON
    )
    owe(store, messaged("d1"), messaged("d2", route="hook"))
    drawing()
    drawing()
    assert drawn == ["d1"]
    with store.reading() as books:
        assert {one.state.value for one in books.outbox.list()} == {"owed"}
