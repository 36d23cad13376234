"""Settings to parts: what the pipeline is told, made from what the operator wrote."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from types import ModuleType

import structlog

from syndicator import __version__, parse, publish, text, urls, yaml_reader
from syndicator.alerts import Delivery, Slot, channel_name
from syndicator.entries.routing import StoryRouter
from syndicator.errors import Rejected
from syndicator.explain import Explainer
from syndicator.notify.channels import follow_channels, with_ids
from syndicator.notify.enqueue import Enqueuer, Slots
from syndicator.notify.preview import Previewer
from syndicator.pipeline import Pipeline, open_pipeline
from syndicator.publish.build import Output
from syndicator.publish.output import OutputFolder
from syndicator.schedule import latest_slot, next_slot, read_cron
from syndicator.settings import permalinks
from syndicator.settings.models import Digest, Route, Settings
from syndicator.slack.client import SlackBot, SlackWebhook
from syndicator.slack.sender import Messenger
from syndicator.store.database import Store, database_path
from syndicator.store.session import Session
from syndicator.web.app import WebOptions
from syndicator.web.process import WebServer

log = structlog.get_logger()

NO_WAY_FIX = "Set SLACK_BOT_TOKEN or SLACK_WEBHOOK_URL (see .env.example)"


@cache
def _code(*modules: ModuleType) -> str:
    """The digest of their code: other code of the same version reads, or renders, everything anew, too."""
    folders = [Path(str(module.__file__)) for module in modules]
    files = [
        path
        for file in folders
        for path in (sorted(file.parent.rglob("*")) if file.name == "__init__.py" else [file])
        if path.is_file() and path.suffix != ".pyc"
    ]
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


def _made_with(settings: Settings) -> str:
    """The fingerprint of all that decides how feeds are rendered."""
    parts = (settings.site.model_dump(), settings.levels, settings.feeds.model_dump())
    return _fingerprint(__version__, _code(publish, text, urls), *parts)


def read_with() -> str:
    """The fingerprint of the code that reads articles."""
    return _fingerprint(__version__, _code(parse, yaml_reader, permalinks, text, urls))


def _fingerprint(*facts: object) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def output_of(settings: Settings) -> Output:
    """Where and how feeds are published."""
    return Output(
        folder=OutputFolder(settings.output),
        site=settings.site,
        levels=settings.levels,
        feeds=settings.feeds,
        made_with=_made_with(settings),
        moved_map=moved_map_path(settings),
    )


def server_of(settings: Settings) -> WebServer | None:
    """The server of the output folder, not yet started; None where `server` is off."""
    listen = settings.server
    if listen is None:
        return None
    return WebServer(
        WebOptions(
            output=str(settings.output),
            moved_map=str(moved_map_path(settings)),
            base_url=settings.site.base_url,
            host=listen.host,
            port=listen.port,
            hub=settings.feeds.hub,
            cache_seconds=int(listen.cache.total_seconds()),
        )
    )


def moved_map_path(settings: Settings) -> Path:
    """Where the servers, ours and others, find which topics moved or are gone: beside the database."""
    return database_path(settings.state).with_name("moved.map")


def open_pipe(settings: Settings, store: Store, *, now: datetime) -> Pipeline:
    """The pipeline over an open store, as the settings say; a restored store begins anew, silently."""
    with store.transaction() as session:
        routes = follow_channels(session, settings.routes, now)
    pipeline = open_pipeline(
        store,
        settings,
        output_of(settings),
        StoryRouter(routes),
        enqueuer_of(settings, routes),
        version=read_with(),
        now=now,
    )
    if store.restored:
        log.warning("database restored: nothing that is there is announced, what is owed is looked for first")
        pipeline.apply_time(now, silent=True)
    return pipeline


def slots_of(routes: Sequence[Route]) -> Slots:
    """When each digest was due last and is due next, by its crontab in its own zone."""
    crons = {
        route.deliver: read_cron(route.deliver.cron, route.deliver.time_zone)
        for route in routes
        if isinstance(route.deliver, Digest)
    }

    def slots(digest: Digest, now: datetime) -> tuple[Slot | None, datetime | None]:
        cron = crons[digest]
        last = latest_slot(cron, now)
        if cron.known is not None:
            return last, cron.known[1]
        following = next_slot(cron, now)
        return last, None if following is None else following.at

    return slots


@dataclass(frozen=True, slots=True, kw_only=True)
class Messengers:
    """Where messages go: to the terminal if that is set, else by the route's webhook, else by the bot."""

    routes: Collection[str]
    """The names of the settings' routes: what another one left behind is not theirs to send."""
    bot: SlackBot | None
    webhooks: Mapping[str, SlackWebhook]
    terminal: Messenger | None = None

    def has_way(self, route: str, channel: str) -> bool:
        """Whether a route's message to this channel can go anywhere now; where not, it waits.

        The bot posts by id alone: under a name, a channel could get twice what it has under its id.
        """
        if route not in self.routes:
            return False
        named = channel_name(channel) is not None
        return bool(self.terminal or self.webhooks.get(route) or (self.bot and not named))

    def for_delivery(self, delivery: Delivery) -> Messenger:
        """The way that a delivery goes. Raises Rejected where there is none."""
        found = self.terminal or self.webhooks.get(delivery.route) or self.bot
        if found is None:
            raise Rejected("there is no way to Slack", code="no_token", on=delivery.channel, fix=NO_WAY_FIX)
        return found


def messengers_of(settings: Settings, terminal: Messenger | None = None) -> Messengers:
    """The ways that the settings give; with `slack: preview` all that is sent goes to `terminal`."""
    to = settings.credentials
    return Messengers(
        routes={route.name for route in settings.routes},
        bot=SlackBot(to.token.get_secret_value(), api_url=to.api_url) if to.token else None,
        webhooks={name: SlackWebhook(url.get_secret_value()) for name, url in to.webhooks.items()},
        terminal=terminal if settings.slack.mode == "preview" else None,
    )


def explainer_of(settings: Settings, session: Session) -> Explainer:
    """What answers `explain` under these settings."""
    routes = routes_of(settings, session)
    return Explainer(
        routes=routes,
        levels=settings.levels,
        limit=settings.feeds.limit,
        enqueuer=enqueuer_of(settings, routes),
    )


def previewer_of(settings: Settings, session: Session) -> Previewer:
    """What answers `preview` under these settings."""
    return Previewer(enqueuer=enqueuer_of(settings, routes_of(settings, session)))


def routes_of(settings: Settings, session: Session) -> tuple[Route, ...]:
    """The settings' routes, with the ids of their channels as far as they are known."""
    return with_ids(settings.routes, session.outbox.channels.ids())


def enqueuer_of(settings: Settings, routes: Sequence[Route]) -> Enqueuer:
    """What writes the messages of these routes."""
    return Enqueuer(routes, settings.site, slots_of(routes))
