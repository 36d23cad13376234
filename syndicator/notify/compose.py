"""From a draft to a message owed: its id, its words and when it is due (pure).

An id follows from what the message is about, so that it is recognised after a restore: channel and story for
an alert; route and nominal local time for a digest; channel and oldest story for a digest that no time calls
for, since a story is in one message of a channel only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from syndicator.alerts import Delivery, EditReason
from syndicator.models import Entry, Visibility
from syndicator.notify.coverage import Coverage, publisher_of
from syndicator.notify.due import SUMMARY, Draft, DueReason
from syndicator.notify.message import (
    MAX_HEADER,
    Block,
    DigestPage,
    alert_message,
    digest_message,
    message_of,
    plain_context,
    rich,
    units,
)
from syndicator.notify.rules import TopicNames, main_topic
from syndicator.settings.models import Digest, Route
from syndicator.text import shorten

NAMESPACE = UUID("6f0a2f6c-6f0e-5f4e-9b57-3c2d7a9d51c4")
"""Ours, drawn once; with it ids are the same on every machine. Never to be changed."""

WITHDRAWN = {
    Visibility.WITHDRAWN: "Withdrawn: its file is gone",
    Visibility.DRAFT: "Withdrawn: no longer published",
    Visibility.EMBARGOED: "Withdrawn: its time is still to come",
    Visibility.EXPIRED: "Expired",
}
"""What a message says of a story that is no longer public."""

HEADINGS: Mapping[str, str] = {
    DueReason.CATCH_UP: "{name}, while it was quiet",
    DueReason.FLOOD: "{name}, many at once",
    DueReason.OVERFLOW: "{name}, in brief",
}


class TopicWords(NamedTuple):
    """What topics are called, by slug: to show them, and for patterns to match."""

    labels: Mapping[str, str]
    names: TopicNames


def edit_id(posted: str, number: int) -> str:
    """The id of the edit that is the message's first, second..."""
    return _id("edit", posted, str(number))


def draft_id(draft: Draft) -> str:
    """The id of the message that a draft becomes."""
    if draft.slot is not None:
        return _id("digest", draft.route.name, draft.slot.nominal)
    if draft.kind == "alert":
        return _id("alert", draft.route.channel, draft.stories[0].story)
    oldest = min(draft.stories, key=lambda story: (story.at, story.story))
    return _id("summary", draft.route.channel, oldest.story)


def compose(draft: Draft, *, now: datetime, topics: TopicWords, page: DigestPage) -> Delivery:
    """The draft as a message owed, due at once. `page` is where the route's stories stand."""
    delivery = Delivery(
        id=draft_id(draft),
        route=draft.route.name,
        channel=draft.route.channel,
        kind=draft.kind,
        created=now,
        due=now,
        more=len(draft.more),
        why=draft.reason.value,
    )
    return in_words(
        delivery, [story.coverage for story in draft.shown], draft.route, topics=topics, page=page
    )


def withdraw(posted: Delivery, shown: Delivery, entry: Entry) -> Delivery:
    """A posted alert whose entry is no longer public: the headline that is `shown` struck through, and why.

    Not the entry's own title, which may be a draft's by now.
    """
    why = WITHDRAWN[entry.visibility]
    title = shorten(_headline_of(shown.message) or entry.article.link, MAX_HEADER, units)
    struck: Block = {"type": "text", "text": title, "style": {"strike": True}}
    blocks = [rich({"type": "rich_text_section", "elements": [struck]}), plain_context(why)]
    message = message_of(blocks, f"{why}: {title}", posted.id, [entry.story])
    return replace(posted, message=message, why=EditReason.WITHDRAWN.value)


def _headline_of(alert: Mapping[str, Any]) -> str:
    """The first text in its blocks, also where it is struck through; none where another version made them
    otherwise."""
    with suppress(LookupError, TypeError):
        return str(alert["blocks"][0]["elements"][0]["elements"][0]["text"])
    return ""


def in_words(
    delivery: Delivery, stories: Sequence[Coverage], route: Route, *, topics: TopicWords, page: DigestPage
) -> Delivery:
    """A message in the words of its stories as they are now; at least one is left. Ask again when any of
    their entries changes."""
    if delivery.kind == "alert":
        message = alert_message(stories[0], route, id=delivery.id, topic_names=topics.labels)
    else:
        message = digest_message(
            stories,
            delivery.more,
            route,
            id=delivery.id,
            at=delivery.created,
            page=page,
            heading=HEADINGS.get(delivery.why, "{name}").format(name=page.name),
            group_of=_group_of(route, topics),
        )
    return replace(delivery, message=message, guids=tuple(story.lead.guid for story in stories))


def _group_of(route: Route, topics: TopicWords) -> Callable[[Entry], str] | None:
    """What to group a long digest by, empty for an entry that has no such thing; None to group nothing."""
    group = (route.deliver if isinstance(route.deliver, Digest) else SUMMARY).group
    if group == "topic":
        return lambda entry: topics.labels.get(main_topic(entry, route, topics.names) or "", "")
    return publisher_of if group == "publisher" else None


def _id(*parts: str) -> str:
    return str(uuid5(NAMESPACE, "\n".join(parts)))
