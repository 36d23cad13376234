"""From the store onto the disk: what is dirty is rendered and put into the output, portion by portion.

In the order of `order`; a portion ends early when something urgent comes, which waits for one topic's feeds
at most. The store says what is dirty, from the transaction that made it so until its files are in place and
synced; a crash in between costs nothing but doing it again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

from syndicator.errors import OutputUnwritable, StoreError
from syndicator.models import ALL, Format, Topic, TopicStatus
from syndicator.progress import Progress, no_progress
from syndicator.publish.addresses import (
    GONE,
    OPML_PATH,
    digest_folder,
    digest_path,
    feed_path,
    has_ended,
    page_path,
    render_nginx_map,
)
from syndicator.publish.archive import archive_pages
from syndicator.publish.order import DIGESTS, Work, is_late, is_page, order, work_of
from syndicator.publish.output import OutputFolder
from syndicator.publish.pages.assets import ASSETS
from syndicator.publish.pages.statistics import Statistics
from syndicator.settings.models import Settings
from syndicator.store.database import Store
from syndicator.store.session import Session
from syndicator.store.types import FEED, PAGE

if TYPE_CHECKING:
    from syndicator.publish.documents import Document, Documents
    from syndicator.publish.formats import Fragments

AT_ONCE_S, ARCHIVES_S = 0.5, 0.1
"""How long feeds and pages, and archives, may take of a portion: between two portions messages go out, and
what they change goes before archives."""
ARCHIVES = 200
"""Archive pages that are looked up at a time."""
LEFTOVER = -3
"""Stands with a path for a file that other settings or another version wrote, and nobody writes any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """How many files one portion wrote, how many of them are feeds, and whether more is to be written."""

    written: int = 0
    feeds: int = 0
    more: bool = False
    only_archives: bool = False
    """All feeds and pages are in place, and only archives are left."""
    yielded: bool = False
    """The portion ended early, for what is urgent."""
    failure: OutputUnwritable | None = None
    """Why something could not be written, once nothing else is left; it stays dirty."""


@dataclass(slots=True)
class _Portion:
    """What is to be written, in order, and what was."""

    work: list[Work]
    of: int
    """How much is left to do; while there are any, of feeds and pages alone: archives take far less time."""
    done: list[Work] = field(default_factory=list)
    written: list[str] = field(default_factory=list)
    yielded: bool = False

    def feeds(self) -> list[str]:
        """The files written that people subscribe to, of which a hub is told."""
        return [path for path in self.written if work_of(path)[1] == FEED]


@dataclass(slots=True, kw_only=True)
class Output:
    """Publishes into one folder. One thread uses it."""

    settings: Settings
    folder: OutputFolder
    made_with: str
    """The fingerprint of all that decides how feeds are rendered."""
    moved_map: Path
    """Where the servers find which topics have moved or gone; beside the state, not in the output."""
    _statistics: dict[str, Statistics] = field(default_factory=dict)
    _fragments: Fragments | None = None
    _failed: dict[Work, OutputUnwritable] = field(default_factory=dict)
    """What could not be written since all else was tried last."""
    _leftovers: set[str] = field(default_factory=set)

    def verify(self, session: Session) -> None:
        """Marks dirty what was never written, and everything where it was made with other settings or by
        another version. What others have changed since, `recover` finds."""
        self.folder.remember(session.feeds.written())
        stored = session.topics()
        anew = session.metadata("output") != self.made_with
        expected = set[str]()
        dirty = set[Work]()
        for slug in (ALL, *(one.slug for one in stored if one.status is TopicStatus.LIVE)):
            for work, paths in self._paths(slug, session.feeds.next_number(slug)):
                expected.update(paths)
                if anew or not all(map(self.folder.has, paths)):
                    dirty.add(work)
        if anew:
            dirty |= {(digest_folder(id), PAGE) for id in session.outbox.overflowing()}
        session.feeds.mark_dirty(dirty)
        session.put_metadata("output", self.made_with)
        known = {path.removesuffix(".gz") for path in self.folder.list()}
        self._leftovers = {path for path in known - expected if not path.startswith(DIGESTS)}
        self._write_moved_map(stored)

    def recover(self, store: Store, progress: Progress = no_progress) -> Sequence[str]:
        """Marks dirty what is no longer in the folder as it was written. The files, in order, but for those
        that are to be written anyway: we may have been killed as we wrote them."""
        found = self.folder.find_changed(progress)
        if not found and not self.folder.changes:
            return ()
        with store.transaction() as session:
            dirty = session.feeds.dirty()
            pages = any(page == FEED for _, page in dirty)
            changed = sorted(
                path
                for path in found
                if (work := work_of(path)) not in dirty and not (pages and work[1] == PAGE)
            )
            session.feeds.mark_dirty(map(work_of, found))
            session.feeds.put_written(self.folder.changes)
        self.folder.changes.clear()
        return changed

    def publish(
        self,
        store: Store,
        topics: Mapping[str, Topic],
        now: datetime,
        progress: Progress = no_progress,
        is_urgent: Callable[[], bool] = lambda: False,
        held: Collection[str] = (),
    ) -> Published:
        """Writes a portion of what is dirty, and marks that clean. `topics` are all there are, by slug; those
        that are `held` stay as they are, and all pages with them, which lead to them.

        To be called again at once while there is `more`. It ends early when something else `is_urgent`. What
        cannot be written stays dirty and stops nothing else; the `failure` is told when all else is written.
        """
        with store.reading() as session:
            dirty = session.feeds.dirty(archives=ARCHIVES + len(self._failed))
            if held:
                dirty = {work for work in dirty if work[0] not in held and not is_page(work)}
            if not dirty and not self._leftovers:
                return Published()
            documents = self._documents(session, topics)
            portion = self._take(dirty, documents)
            failure = None
            try:
                self._write(portion, documents, progress, is_urgent)
            except OutputUnwritable as error:
                failure = error
            finally:
                self._keep(store, portion, now)
        return self._published(portion, failure)

    def warm_up(self, store: Store, topics: Mapping[str, Topic]) -> None:
        """Renders the feed and the page of everything, which loads and keeps what the first article would
        wait for, such as the statistics of all topics."""
        with store.reading() as session:
            documents = self._documents(session, topics)
            for _ in chain(documents.feeds(ALL), documents.page(ALL)):
                """Nothing is written."""

    def _documents(self, session: Session, topics: Mapping[str, Topic]) -> Documents:
        # They load feedgen, lxml and Jinja2, which takes a fifth of a second: `check` renders nothing.
        from syndicator.publish.documents import Documents
        from syndicator.publish.formats import Fragments

        self._fragments = self._fragments or Fragments()
        return Documents(
            session=session,
            settings=self.settings,
            topics=topics,
            statistics=self._statistics,
            fragments=self._fragments,
        )

    def _take(self, dirty: set[Work], documents: Documents) -> _Portion:
        """Of what is dirty what can be written, in order."""
        for slug, page in dirty:
            if page == FEED:  # its page may be written without it
                self._statistics.pop(slug, None)
        leftovers = {(path, LEFTOVER) for path in islice(self._leftovers, ARCHIVES)}
        owed = (dirty | leftovers) - self._failed.keys()
        feeds = documents.session.feeds
        of = sum(not is_late(work) for work in owed) or feeds.count_archives() + len(self._leftovers)
        return _Portion(sorted(owed, key=order(documents.topics, feeds.heads())), of)

    def _write(
        self, portion: _Portion, documents: Documents, progress: Progress, is_urgent: Callable[[], bool]
    ) -> None:
        """Raises OutputUnwritable where nothing else would succeed either."""
        feeds = [work for work in portion.work if not is_late(work)]
        archives = [work for work in portion.work if is_late(work)]
        for some, at_most_s in ((feeds, AT_ONCE_S), (archives, ARCHIVES_S)):
            until = time.monotonic() + at_most_s
            for work in some:
                self._attempt(work, portion, documents)
                progress(min(len(portion.done), portion.of), portion.of)
                portion.yielded = is_urgent()
                if portion.yielded or time.monotonic() > until:
                    return

    def _attempt(self, work: Work, portion: _Portion, documents: Documents) -> None:
        try:
            for path, data in self._render(work, documents):
                self._leftovers.discard(path)
                if self.folder.put(path, data, compress=work_of(path)[1] < 0):
                    portion.written.append(path)
            portion.done.append(work)
        except OutputUnwritable as error:
            self._failed[work] = error
            if error.everywhere:
                raise

    def _render(self, work: Work, documents: Documents) -> Iterator[Document]:
        """The documents to put; what is to be removed is removed at once."""
        slug, page = work
        stored = documents.topics.get(slug)
        if page == LEFTOVER:
            if slug in self._leftovers:  # this portion may have written it
                self.folder.remove(slug)
        elif slug.startswith(DIGESTS):
            id = slug.removeprefix(DIGESTS)
            listed = list(documents.digest(id))
            if not listed:
                self.folder.remove(digest_path(id))
            yield from listed
        elif slug != ALL and (stored is None or stored.status is not TopicStatus.LIVE):
            if stored is not None and has_ended(stored):
                # What it leads to stands by now, and is said to be there before its own files go.
                self._write_moved_map(documents.topics.values())
                number = documents.session.feeds.next_number(slug)
                for path in (path for _, paths in self._paths(slug, number) for path in paths):
                    self.folder.remove(path)
        elif page == FEED:
            yield from documents.feeds(slug)
        elif page == PAGE:
            yield from documents.page(slug)
            if slug == ALL:
                self._write_moved_map(documents.topics.values())
        else:
            yield from documents.archive(slug, page)

    def _write_moved_map(self, topics: Iterable[Topic]) -> None:
        folder, name = OutputFolder(self.moved_map.parent), self.moved_map.name
        moves = {topic.slug: topic.moved_to or GONE for topic in topics if has_ended(topic)}
        folder.put(name, render_nginx_map(moves), compress=False)

    def _keep(self, store: Store, portion: _Portion, now: datetime) -> None:
        """What was written before a portion failed or was cut off is remembered as well."""
        self.folder.sync()
        try:
            with store.transaction() as session:
                session.feeds.mark_clean(work for work in portion.done if work[1] != LEFTOVER)
                session.feeds.put_written(self.folder.changes)
                if self.settings.feeds.hub is not None:
                    urls = (self.settings.site.base_url + path for path in portion.feeds())
                    session.feeds.owe_hub(urls, now)
        except StoreError:
            self.folder.doubt()  # or the hub would not be told of what is written by now
            raise
        self.folder.changes.clear()

    def _published(self, portion: _Portion, failure: OutputUnwritable | None) -> Published:
        tried = {*portion.done, *self._failed}
        self._leftovers -= {path for path, page in tried if page == LEFTOVER}
        left = {*portion.work} - tried
        unseen = self._leftovers or sum(page >= 0 for _, page in portion.work) >= ARCHIVES
        more = failure is None and bool(left or unseen)
        if not more:
            failure = failure or next(iter(self._failed.values()), None)
            self._failed.clear()
        return Published(
            written=len(portion.written),
            feeds=len(portion.feeds()),
            more=more,
            only_archives=more and all(map(is_late, left)),
            yielded=more and portion.yielded,
            failure=failure,
        )

    def _paths(self, slug: str, next_number: int) -> Iterator[tuple[Work, list[str]]]:
        """All that there is of a topic, with the paths of its files."""
        levels = (None, *self.settings.levels)
        yield (slug, FEED), [feed_path(slug, form, level=level) for level in levels for form in Format]
        yield (slug, PAGE), [page_path(slug), *((OPML_PATH, *ASSETS) if slug == ALL else ())]
        for page in archive_pages(next_number, self.settings.feeds.limit):
            yield (slug, page.number), [feed_path(slug, Format.ATOM, page=page.number)]
