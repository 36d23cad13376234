"""The minimum quality of routes that ask for so many stories a day (`about`), worked out for each day.

    what was recorded -> Course -> DailyMinimum -> split_by_minimum

A day's minimum (days are UTC's) comes from the 30 days before it, or from those since the oldest article. It
goes by the stories that began then and that the route would have taken if it had no minimum; each counts with
the best quality that it had while the route would have. The minimum is the quality that so many of them reach
as come nearest to what is asked for, of two as near the higher one. Where all of them are no more than that,
there is none, and on a first day without any article before it neither.

A story begins when the first of its entries becomes public; the minimum of that day judges it for ever. One
that began before its route did is judged by the route's first. So whatever comes to it later (a rise, another
publisher, a withdrawal and return, a restart) finds the minimum that it was judged by first. A day's minimum
never changes once it is written down. A route that changes begins anew, with a first one.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby

from syndicator.alerts import DailyMinimum, RouteReason
from syndicator.models import Entry, Visibility
from syndicator.notify.coverage import count_publishers
from syndicator.notify.recorded import DAY, MONTH, EntryEvent, Recorded, day_of, read_events
from syndicator.notify.rules import judge_route, keys_of
from syndicator.settings.models import Route
from syndicator.settings.types import stories_a_day
from syndicator.store.session import Session

NOT_YET = datetime.max.replace(tzinfo=UTC)

Minimums = Mapping[str, Sequence[DailyMinimum]]
"""Of each route with `about`, oldest first."""


def choose_minimum(qualities: Collection[float | None], wanted: float) -> tuple[float | None, int]:
    """The minimum that about so many reach, at least one, and how many do; None is reached by all.

    >>> choose_minimum([90, 80, 80, 70, None], 2), choose_minimum([90, 80, 80, 70, None], 2.5)
    ((90, 1), (80, 3))
    >>> choose_minimum([90, 80], 2), choose_minimum([], 3)
    ((None, 2), (None, 0))
    """
    rated = sorted(one for one in qualities if one is not None)
    if len(qualities) <= wanted or not rated:
        return None, len(qualities)
    counts: dict[float | None, int] = {one: len(rated) - bisect_left(rated, one) for one in rated}
    counts |= {None: len(qualities)} if len(rated) < len(qualities) else {}
    return min(counts.items(), key=lambda one: (abs(one[1] - wanted), one[1]))


def bare(route: Route, **changes: object) -> Route:
    """The route without a minimum quality."""
    return route.model_copy(update={"min_quality": None, "level": None, "about": None, **changes})


class Course:
    """The minimums of each day, as what happened goes by in its order."""

    def __init__(self, routes: Iterable[Route], before: Recorded | None, day: datetime) -> None:
        """Begins with `day`, of which `before` has what the minimums are worked out from."""
        self._routes = [route for route in routes if route.about is not None] if before is not None else []
        self._bare = {route.name: bare(route) for route in self._routes}
        self.minimums: dict[str, list[DailyMinimum]] = {route.name: [] for route in self._routes}
        self.began: dict[str, datetime] = {}
        """When stories did."""
        self._best: dict[str, dict[str, float | None]] = {route.name: {} for route in self._routes}
        """The best quality of each story that a route would have taken."""
        self._stories: dict[str, dict[str, Entry]] = defaultdict(dict)
        self._day = day
        if before is not None:
            self._first, self._names = before.first, before.topic_names
            at_start = (EntryEvent(at=before.since, entry=one, silent=True) for one in before.at_start)
            for at, some in groupby((*at_start, *before.events), key=lambda one: one.at):
                self.take(list(some), at)

    def take(self, events: Sequence[EntryEvent], at: datetime) -> None:
        """Notes what happened at that moment, after the days that have begun by then."""
        self.advance(at)
        for entry in (event.entry for event in events if self._routes):
            self._stories[entry.story][entry.guid] = entry
            if entry.visibility is Visibility.PUBLIC:
                self.began.setdefault(entry.story, at)
        news = [event.entry for event in events if not event.silent]
        for route in self._bare.values():
            for entry in news:
                self._note(entry, route, at)

    def advance(self, now: datetime) -> None:
        """Works out the minimums of the days that have begun by then."""
        while self._day <= now:
            for route in self._routes:
                self.minimums[route.name].append(self._minimum(route))
            self._day += DAY

    def _note(self, entry: Entry, route: Route, at: datetime) -> None:
        """Whether the route would take the story now, and how good it is."""
        story = [*self._stories[entry.story].values()]
        several = route.min_publishers > 1
        publishers = count_publishers(story, route, self._names) if several else 1
        best = self._best[route.name]
        for one in story if several else [entry]:
            keys = keys_of(one, self._names)
            if judge_route(one, route, now=at, keys=keys, publishers=publishers) is RouteReason.OWED:
                rated = (best.get(one.story), one.article.quality)
                best[one.story] = max((each for each in rated if each is not None), default=None)

    def _minimum(self, route: Route) -> DailyMinimum:
        day, start = self._day, self._day - MONTH
        found = [q for story, q in self._best[route.name].items() if start < self.began[story] < day]
        days = max(1, (day - max(start, day_of(self._first))).days)
        quality, stories = choose_minimum(found, stories_a_day(route.about or "") * days)
        return DailyMinimum(route=route.name, day=day, quality=quality, stories=stories, days=days)


def minimums_of(session: Session, routes: Sequence[Route], now: datetime) -> list[DailyMinimum]:
    """These routes' minimums of today, from what the store has recorded."""
    day = day_of(now)
    course = Course(routes, read_events(session, routes, since=day - MONTH, until=day), day)
    course.advance(day)
    return [found[0] for found in course.minimums.values()]


def minimum_at(minimums: Sequence[DailyMinimum], began: datetime | None) -> DailyMinimum | None:
    """The one by which a story is judged that began then (None: not yet); None where there is none yet."""
    at = len(minimums) if began is None else bisect_right(minimums, began, key=lambda one: one.day)
    return minimums[max(0, at - 1)] if minimums else None


def split_by_minimum(
    routes: Sequence[Route], stories: Iterable[str], minimums: Minimums, began: Mapping[str, datetime]
) -> Iterator[tuple[set[str], list[Route]]]:
    """The stories with the routes as they judge them; a route that has no minimum yet takes none."""
    days: dict[tuple[DailyMinimum | None, ...], set[str]] = defaultdict(set)
    known = [minimums.get(route.name, ()) for route in routes]
    for story in stories:
        days[tuple(minimum_at(some, began.get(story)) for some in known)].add(story)
    for found, some in days.items():
        pairs = zip(routes, found, strict=True)
        yield some, [judging(route, one) for route, one in pairs if route.about is None or one is not None]


def judging(route: Route, minimum: DailyMinimum | None) -> Route:
    """The route with this minimum, where it has `about`."""
    if route.about is None or minimum is None:
        return route
    return route.model_copy(update={"min_quality": minimum.quality})


def routes_by_story(
    session: Session, routes: Sequence[Route], stories: Collection[str]
) -> Iterator[tuple[Collection[str], Sequence[Route]]]:
    """As `split_by_minimum`, by what the store knows."""
    about = [route.name for route in routes if route.about is not None]
    if not about:
        return iter([(stories, routes)])
    began = session.stories.began(stories)
    minimums = session.outbox.ledger.minimums(about, since=min(began.values(), default=NOT_YET))
    return iter([*split_by_minimum(routes, stories, minimums, began)])
