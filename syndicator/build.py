"""One pass without a service: `build`, and `check` on a state of its own that nothing remembers."""

from __future__ import annotations

import difflib
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from fnmatch import fnmatchcase
from pathlib import Path

from syndicator.app import App, opened
from syndicator.clock import Clock
from syndicator.entries.sources import CONFIRMED
from syndicator.errors import OutputUnwritable
from syndicator.loop import Loop
from syndicator.models import ALL, Problem, TopicStatus, Visibility
from syndicator.notify.rules import names_with_ancestors
from syndicator.progress import ShowProgress, Stages
from syndicator.publish.build import Published
from syndicator.publish.output import probe, sweep
from syndicator.settings.models import Route, Settings
from syndicator.settings.types import ANY_SITE
from syndicator.store.database import Store, open_known
from syndicator.store.lock import hold_state
from syndicator.store.session import Session
from syndicator.watch.changes import DeletionDecision


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceCounts:
    """A source's folder: how many articles it has, and how many of its files are bad ones."""

    path: Path
    articles: int
    bad: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """What one pass came to; `folders` and `missing` by source.

    `missing` says where a folder cannot be read as a whole, and what is kept of it for now.
    """

    published: Published
    counts: dict[Visibility, int]
    problems: list[Problem]
    folders: dict[str, SourceCounts]
    no_articles: dict[str, int]
    """How many files of a source are none by its profile, where there are any."""
    missing: dict[str, str]
    shown: int
    """How many of the public entries the feeds show: of several with the same link, one."""
    unpublished: int = 0
    """How many of the drafts are so by `published: false` alone."""
    warnings: tuple[str, ...] = ()
    """What is not wrong for certain; found by `check` alone."""

    @property
    def fine(self) -> bool:
        """Whether there is nothing that a person has to mend."""
        return not (self.problems or self.missing)


def build(settings: Settings, *, show: ShowProgress, confirmed: bool = False) -> Pass:
    """Takes in all that is there and publishes it; what that causes in Slack is owed to the next `run`.

    With `confirmed`, articles that are missing are meant to be gone. Raises a SyndicatorError: another
    process has the state, the output cannot be written (after all else is), ...
    """
    clock = Clock()
    with hold_state(settings.state), opened(settings, now=clock.now()) as app:
        if confirmed:
            _confirm(app.store)
        sweep(settings.output)
        loop = Loop(app, clock, progress=Stages(show))
        loop.sync_all()
        published = loop.publish_all()
        if published.failure is not None:
            raise published.failure
        return _pass(app, published)


def check(settings: Settings, *, show: ShowProgress) -> Pass:
    """Reads everything as `build` would, into a state that is thrown away; nothing is written elsewhere."""
    clock = Clock()
    with _nowhere(settings) as elsewhere, opened(elsewhere, now=clock.now()) as app:
        Loop(app, clock, progress=Stages(show)).sync_all()
        return _pass(app, Published(), (*_warnings(app, settings),))


def confirm_removals(settings: Settings) -> None:
    """Tells the service that runs on this state that the articles missing are meant to be gone."""
    with open_known(settings.state) as store:
        _confirm(store)


def _confirm(store: Store) -> None:
    with store.transaction() as session:
        session.put_metadata(CONFIRMED, Clock().now().isoformat())


def _pass(app: App, published: Published, warnings: tuple[str, ...] = ()) -> Pass:
    paths = {source.name: source.path for source in app.settings.sources}
    roots = app.sources.roots
    with app.store.reading() as session:
        problems = session.problems.all()
        return Pass(
            published=published,
            counts=session.count_entries(),
            unpublished=session.count_unpublished(),
            shown=session.feeds.count_shown(ALL)[0],
            problems=problems,
            folders={name: _folder(session, name, path, problems) for name, path in paths.items()},
            no_articles=dict(Counter(source for source, _ in session.no_articles() if source in paths)),
            missing={name: _missing(roots[name], loss) for name, (loss, _) in app.sources.losses().items()},
            warnings=warnings,
        )


def _folder(session: Session, name: str, path: Path, problems: Sequence[Problem]) -> SourceCounts:
    bad = session.files(name, {one.path for one in problems if one.source == name})
    return SourceCounts(path=path, articles=session.count_articles(name), bad=len(bad))


def _missing(path: Path, loss: DeletionDecision) -> str:
    if loss.held:
        return f"{len(loss.held)} missing: {loss.reason}: {path}. {loss.fix}"
    return f"{loss.reason}: {path}. Make it one that this user can read, or correct the source's `path`"


def _warnings(app: App, settings: Settings) -> Iterator[str]:
    """What the settings do not know of the disk, or say in vain by what is there: most likely a slip."""
    try:
        probe(settings.output)
    except OutputUnwritable as error:
        yield str(error)
    for source in settings.sources:
        if source.permalink is not None and source.base_url is None:
            yield f"source {source.name}: permalink does nothing without `base_url`: give both, or neither"
        if source.base_url == ANY_SITE:
            yield f"source {source.name}: base_url is an example: give the site's own, or links lead nowhere"
    with app.store.reading() as session:
        yield from unmatched(settings.routes, _topic_names(session))
        is_rated, is_hot = session.rated() if session.count_entries() else (True, True)
    if settings.levels and not is_rated:
        yield f"levels: no article has a quality, so that the feeds of {', '.join(settings.levels)} are empty"
    for route in settings.routes:
        if route.min_quality is not None and not is_rated:
            setting = "min_quality" if route.level is None else "level"
            yield f"route {route.name}: {setting}: no article has a quality, so that it takes nothing"
        if route.min_heat is not None and not is_hot:
            yield f"route {route.name}: min_heat: no article has a heat, so that it takes nothing"


def unmatched(routes: Iterable[Route], topics: Mapping[str, str]) -> list[str]:
    """A line for each pattern that matches no topic, by route; none where there is no topic, as in a folder
    that is still empty. `topics` are what they may be called, folded, with the name of each."""
    return [
        f'route {route.name}: {setting}: "{pattern}" matches nothing that is there' + _hint(pattern, topics)
        for route in routes
        for setting, patterns in (("topics", route.topics), ("exclude.topics", route.exclude.topics))
        for pattern in patterns
        if topics and not any(fnmatchcase(key, pattern.casefold()) for key in topics)
    ]


def _hint(pattern: str, topics: Mapping[str, str]) -> str:
    near = difflib.get_close_matches(pattern.casefold(), topics, n=1)
    return f'; did you mean "{topics[near[0]]}"?' if near else ""


def _topic_names(session: Session) -> dict[str, str]:
    """What a route may call a topic, folded, with the name of the topic that is meant."""
    topics = [one for one in session.topics() if one.status not in (TopicStatus.GONE, TopicStatus.MOVED)]
    shown, names = {topic.slug: topic.name for topic in topics}, names_with_ancestors(topics)
    called = {name: shown[slug] for slug in reversed(names) for name in names[slug]}
    return called | {name.casefold(): name for name in shown.values()}


@contextmanager
def _nowhere(settings: Settings) -> Iterator[Settings]:
    with tempfile.TemporaryDirectory(prefix="syndicator-check-") as folder:
        places = {"state": f"sqlite:///{folder}/state.db", "output": Path(folder) / "public"}
        at_once = settings.watch.model_copy(update={"quiet": timedelta(0)})
        yield settings.model_copy(update={**places, "routes": (), "watch": at_once})
