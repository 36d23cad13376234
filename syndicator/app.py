"""Opens the real parts in order and closes them: the service, `build` and `check` are uses of it.

    lock | store | routes | sources | output

Made of the settings alone; nothing is scanned, sent or served yet. `loop` runs the parts.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from types import ModuleType

import structlog

from syndicator import __version__, parse, publish, text, urls, yaml_reader
from syndicator.alerts import channel_name
from syndicator.entries.routing import StoryRouter
from syndicator.entries.sources import Sources
from syndicator.models import INCLUDE, Visibility
from syndicator.monitoring import health
from syndicator.monitoring.health import Finding
from syndicator.notify.channels import follow_channels, with_ids, written_names
from syndicator.notify.enqueue import Enqueuer
from syndicator.progress import Progress, no_progress
from syndicator.publish.build import Output
from syndicator.publish.output import OutputFolder
from syndicator.settings import types as settings_types
from syndicator.settings.models import Digest, Route, Settings
from syndicator.slack.outage import OutageWatch
from syndicator.slack.sender import Messenger, Messengers, messengers_of
from syndicator.store.database import Store, beside, open_store, set_aside
from syndicator.store.history import BEGAN
from syndicator.store.outbox import Outbox
from syndicator.store.session import Session
from syndicator.upkeep import Backups, DailyCheck
from syndicator.waiting import FailureLog

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """The parts, open. One thread uses them; the store may be shared."""

    settings: Settings
    store: Store
    router: StoryRouter
    enqueuer: Enqueuer
    sources: Sources
    output: Output
    messengers: Messengers
    outages: OutageWatch
    daily_check: DailyCheck
    backups: Backups
    """Run by the service alone, where the settings have `backup`."""
    failures: FailureLog

    def adopt_channels(self, now: datetime, progress: Progress = no_progress) -> None:
        """Goes on with the ids that the store now knows of the routes' channels.

        A route whose name leads to another channel than before begins silently there, as after a restart.
        """
        with self.store.transaction() as session:
            routes = follow_channels(session, self.settings.routes, now)
            self.router.use(session, routes)
        self.enqueuer.use(routes)
        self.router.begin(self.store, now=now, progress=progress)

    @contextmanager
    def outbox(self) -> Iterator[Outbox]:
        """A writing transaction on the outbox, from any thread."""
        with self.store.transaction() as session:
            yield session.outbox

    def findings(self, session: Session, now: datetime, others: Iterable[Finding] = ()) -> list[Finding]:
        """What a person should see to; `others` are of what runs beside these parts."""
        losses = sorted(self.sources.losses().items())
        problems, failing = session.problems.count(), self.failures.current
        damage, backup, aside = self.daily_check.damage, self.backups.failure, set_aside(self.store.path)
        found = [
            *(health.bad_files(kind, problems[kind]) for kind in health.FILES if problems.get(kind)),
            *(health.folder_lost(name, loss.reason, since) for name, (loss, since) in losses),
            *self.findings_of_slack(session, now),
            damage and health.database_damaged(*damage),
            aside and health.database_set_aside(*aside),
            backup and health.no_backup(*backup),
            *others,
            failing and health.hindrance(*failing),
        ]
        return [finding for finding in found if finding]

    def findings_of_slack(self, session: Session, now: datetime) -> Iterator[Finding]:
        """Those of them that are about messages and their way."""
        routes, has_way, outbox = self.router.routes, self.messengers.has_way, session.outbox
        if (outage := self.outages.outage) is not None:
            yield health.slack_unreachable(outage.since, outbox.waiting())
        if (refusal := self.outages.refusal) is not None:
            yield health.token_refused(refusal)
        if scopes := self.outages.missing_scopes:
            yield health.scopes_missing(scopes)
        bot, unnamed = self.messengers.bot, self.outages.unnamed
        wayless = [route for route in routes if not has_way(route.name, route.channel)]
        # A name that Slack was not asked for yet is no trouble.
        if names := [one.name for one in wayless if not bot or channel_name(one.channel) in unnamed]:
            yield health.no_way(names, health.NAME_FIX if bot else health.NO_WAY_FIX)
        known = {(route.name, route.channel) for route in routes}
        left_behind = (way for way in outbox.open_ways() if way not in known and not has_way(*way))
        if gone := [f"{route} in {channel}" for route, channel in left_behind]:
            yield health.no_way(gone, health.ROUTE_FIX, "no route")
        broken = {state.channel: state.broken or "" for state in outbox.channels.broken()}
        if refusal is not None:  # said of the token, it is not said of each channel
            broken = {channel: why for channel, why in broken.items() if refusal.code not in why}
        if broken:
            called = written_names(self.settings.routes, outbox.channels.ids())
            yield health.channels_broken([*broken], called, broken)
        if outage is None and (waiting := session.history.oldest_waiting()) is not None:
            messages, edits, since = waiting
            yield health.messages_wait(messages, since, now, edits)
        if (given_up := session.history.given_up()) is not None:
            yield health.messages_given_up(*given_up)

    def say_ways(self, now: datetime) -> None:
        """Says at start which messages have no way to Slack; they are kept."""
        if self.settings.slack.mode == "preview":
            log.info("messages are shown here, not posted: `slack: preview` is set")
        with self.store.reading() as session:
            for finding in self.findings_of_slack(session, now):
                if finding.kind is health.Kind.WAY:
                    log.warning(finding.text, fix=finding.fix)

    def say_entries(self) -> None:
        """Says at start how many entries are public, and why the others are not; loudly if none is."""
        with self.store.reading() as session:
            counts, unpublished = session.count_entries(), session.count_unpublished()
            problems = len(session.problems.all())
        public = counts.pop(Visibility.PUBLIC, 0)
        facts = {**{visibility.value: count for visibility, count in counts.items()}, "problems": problems}
        if counts and not public:
            why = "drafts (`published: false`)" if unpublished else "see `syndicator check`"
            log.warning("nothing is public", **facts, why=why, fix=INCLUDE if unpublished else "")
        else:
            log.info("entries", public=public, **facts, see="syndicator check" if problems else "")


@contextmanager
def opened(
    settings: Settings,
    *,
    now: datetime,
    suspect: str | None = None,
    terminal: Messenger | None = None,
    failures: FailureLog | None = None,
) -> Iterator[App]:
    """The parts over the settings' state. `suspect` tells why the database was found damaged, `terminal` is
    where messages go with `slack: preview`, `failures` has what failed before.

    Raises a SyndicatorError where the database cannot be opened.
    """
    store = open_store(settings.state, now=now, suspect=suspect)
    try:
        yield open_app(settings, store, now=now, terminal=terminal, failures=failures)
    finally:
        store.close()


def open_app(
    settings: Settings,
    store: Store,
    *,
    now: datetime,
    terminal: Messenger | None = None,
    failures: FailureLog | None = None,
    version: str = __version__,
) -> App:
    """The parts over an open store; a restored one begins as at a first start, silently.

    `version` is of the program: another one reads and renders everything anew.
    """
    with store.transaction() as session:
        routes = follow_channels(session, settings.routes, now)
        if session.metadata(BEGAN) is None:
            session.put_metadata(BEGAN, now.isoformat())
        router, enqueuer = StoryRouter(session, routes), Enqueuer(routes, settings.site)
    app = App(
        settings=settings,
        store=store,
        router=router,
        enqueuer=enqueuer,
        sources=Sources(store, settings, router, enqueuer, reader=read_with(version), now=now),
        output=output_of(settings, version),
        messengers=messengers_of(settings, terminal),
        outages=OutageWatch(),
        backups=Backups(settings.state, settings.backup.folder if settings.backup else None),
        daily_check=DailyCheck(store),
        failures=failures or FailureLog(),
    )
    with store.transaction() as session:
        app.output.verify(session)
    if store.restored:
        log.warning("database restored: nothing that is there is announced, what is owed is looked for first")
        app.sources.apply_time(now, silent=True)
    return app


def routes_of(settings: Settings, session: Session) -> tuple[Route, ...]:
    """The settings' routes, with the ids of their channels as far as they are known."""
    return with_ids(settings.routes, session.outbox.channels.ids())


def enqueuer_of(settings: Settings, session: Session, now: datetime) -> Enqueuer:
    """What would write the messages of the settings' routes, for whoever asks without a service."""
    from syndicator.schedule import latest_slot  # it loads APScheduler, which `check` has no need of

    enqueuer = Enqueuer(routes_of(settings, session), settings.site)
    for route in settings.routes:
        if isinstance(route.deliver, Digest):
            enqueuer.digest_is_due(route.name, latest_slot(route.deliver, now))
    return enqueuer


def output_of(settings: Settings, version: str = __version__) -> Output:
    rules = (settings.site.model_dump(), settings.levels, settings.feeds.model_dump())
    return Output(
        settings=settings,
        folder=OutputFolder(settings.output),
        made_with=_fingerprint(version, _code(publish, text, urls), *rules),
        moved_map=moved_map_path(settings),
    )


def moved_map_path(settings: Settings) -> Path:
    """Where the servers, ours and others, find which topics moved or are gone: beside the database."""
    return beside(settings.state, "moved.map")


def read_with(version: str = __version__) -> str:
    """The fingerprint of the code that reads articles."""
    return _fingerprint(version, _code(parse, yaml_reader, settings_types, text, urls))


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


def _fingerprint(*facts: object) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
