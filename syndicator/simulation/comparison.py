"""Two replays of one time side by side: how much, what comes and goes and why; which minimum gives how much.

Pure.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from syndicator.alerts import RouteReason
from syndicator.models import ALL, Entry, Visibility, rank
from syndicator.notify.coverage import publisher_of
from syndicator.notify.minimums import bare, choose_minimum
from syndicator.notify.recorded import Recorded
from syndicator.settings.models import Route
from syndicator.simulation.replay import Replayed, StoryKey, taken_by

PACES = {"1 a week": 1 / 7, "3 a week": 3 / 7, "1 a day": 1.0, "3 a day": 3.0, "10 a day": 10.0}
"""Stories a day for which each topic's minimum is worked out, by what they are called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """What one route would have done under one set of settings: `stories` it took, `per_day` of them sent
    on each; the others wait at the end, as for a digest."""

    min_quality: float | None
    """With `about`, the last day's."""
    about: str | None
    minimums: Mapping[date, float | None]
    """Each day's, with `about`."""
    stories: int
    messages: int
    per_day: tuple[int, ...]
    publishers: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedRoute:
    """A route under today's settings and the new ones; None where it is not there. `qualities` has the best
    quality of each story that the route takes whatever its quality (of the new settings, if it is there)."""

    name: str
    channel: str
    before: Volume | None
    after: Volume | None
    qualities: tuple[float | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedStory:
    """A story that comes to a channel, or goes: by its entry, the route that takes it, and why the other
    settings do not; None where they have no route to the channel."""

    channel: str
    route: str
    entry: Entry
    why: RouteReason | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicVolume:
    """A topic's stories, and the minimum quality for each of PACES; None where all are fewer."""

    slug: str
    name: str
    stories: int
    minimums: Mapping[str, float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    recorded: Recorded
    days: tuple[date, ...]
    """All of that time, in UTC."""
    routes: tuple[ComparedRoute, ...]
    comes: tuple[ChangedStory, ...]
    goes: tuple[ChangedStory, ...]
    topics: tuple[TopicVolume, ...]
    called: Mapping[str, str]
    """What the settings call the channels, by id."""


def compare(
    recorded: Recorded, before: Replayed | None, after: Replayed, called: Mapping[str, str] | None = None
) -> Comparison:
    """The new settings (`after`) beside today's, if there are any to compare with; `called`: what they call
    the channels, by id."""
    first, last, best = recorded.since.date(), recorded.until.date(), _best_qualities(recorded)
    days = tuple(first + timedelta(days=at) for at in range((last - first).days + 1))
    return Comparison(
        recorded=recorded,
        days=days,
        routes=tuple(_routes(recorded, before, after, days, best)),
        comes=() if before is None else _changed(recorded, after, before),
        goes=() if before is None else _changed(recorded, before, after),
        topics=_topics(recorded, best),
        called=called or {},
    )


def _routes(
    recorded: Recorded,
    before: Replayed | None,
    after: Replayed,
    days: Sequence[date],
    best: Mapping[str, float],
) -> Iterator[ComparedRoute]:
    """The new settings' routes in their order, then those that are gone."""
    new = {route.name: route for route in after.routes}
    routes = new | {route.name: route for route in before.routes if route.name not in new} if before else new
    spread = taken_by(recorded, [bare(route, name=name, channel=name) for name, route in routes.items()])
    for name, route in routes.items():
        yield ComparedRoute(
            name=name,
            channel=route.channel,
            before=None if before is None else _volume(before, name, recorded, days),
            after=_volume(after, name, recorded, days),
            qualities=tuple(best.get(story) for channel, story in spread if channel == name),
        )


def _volume(replayed: Replayed, name: str, recorded: Recorded, days: Sequence[date]) -> Volume | None:
    route = next((one for one in replayed.routes if one.name == name), None)
    if route is None:
        return None
    posts = [post for post in replayed.posts if post.draft.route.name == name]
    counts, publishers = Counter[date](), Counter[str]()
    for post in posts:
        counts[post.at.date()] += len(post.draft.stories)
        publishers.update(publisher_of(recorded.entries[row.guid]) for row in post.draft.stories)
    minimums = {one.day.date(): one.quality for one in replayed.minimums.get(name, ())}
    return Volume(
        min_quality=[*minimums.values()][-1] if minimums else route.min_quality,
        about=route.about,
        minimums=minimums,
        stories=sum(row.route == name for row in replayed.taken.values()),
        messages=len(posts),
        per_day=tuple(counts[day] for day in days),
        publishers=dict(publishers),
    )


def _changed(recorded: Recorded, one: Replayed, other: Replayed) -> tuple[ChangedStory, ...]:
    """The stories that one announces and the other does not; by channel, best first."""
    stories: dict[str, list[str]] = defaultdict(list)
    for entry in recorded.entries.values():
        stories[entry.story].append(entry.guid)
    found = [
        ChangedStory(
            channel=row.channel,
            route=row.route,
            entry=recorded.entries[row.guid],
            why=_why_not(other, key, stories[row.story]),
        )
        for key, row in one.taken.items()
        if key not in other.taken
    ]
    return tuple(sorted(found, key=lambda one: (one.channel, rank(one.entry))))


def _why_not(other: Replayed, key: StoryKey, guids: Iterable[str]) -> RouteReason | None:
    """Why the other settings do not announce a story in the channel: what came furthest of its entries."""
    names = [route.name for route in other.routes if route.channel == key[0]]
    said = (other.reasons.get((name, guid), RouteReason.OTHER_TOPIC) for guid in guids for name in names)
    return max(said, key=[*RouteReason].index, default=None)


def _best_qualities(recorded: Recorded) -> dict[str, float]:
    """The best quality that each story had in that time while it was public."""
    best: dict[str, float] = {}
    for entry in (*recorded.at_start, *(event.entry for event in recorded.events)):
        quality = entry.article.quality
        if quality is not None and entry.visibility is Visibility.PUBLIC:
            best[entry.story] = max(quality, best.get(entry.story, quality))
    return best


def _topics(recorded: Recorded, best: Mapping[str, float]) -> tuple[TopicVolume, ...]:
    """Each topic with stories of that time, and all of them together; most first."""
    any_topic = Route(name="any", channel="C0", deliver="immediate")
    routes = [bare(any_topic, name=slug, channel=slug, topics=(slug,)) for slug in recorded.topics]
    taken = taken_by(recorded, [bare(any_topic, name=ALL, channel=ALL), *routes])
    stories: dict[str, list[str]] = defaultdict(list)
    for slug, story in taken:
        stories[slug].append(story)
    found = [
        TopicVolume(
            slug=slug,
            name=recorded.topics[slug].name if slug in recorded.topics else "all topics",
            stories=len(some),
            minimums={
                pace: choose_minimum([best.get(one) for one in some], daily * recorded.days)[0]
                for pace, daily in PACES.items()
            },
        )
        for slug, some in stories.items()
    ]
    return tuple(sorted(found, key=lambda one: (-one.stories, one.slug != ALL, one.slug)))


def say_rate(count: float, days: float) -> str:
    """So many a day, with a second digit where they are few.

    >>> say_rate(60, 30), say_rate(3, 30)
    ('2.0', '0.10')
    """
    rate = count / days
    return f"{rate:.1f}" if rate >= 1 or not rate else f"{rate:.2f}"
