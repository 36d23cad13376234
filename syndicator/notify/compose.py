"""From a draft to a message owed: its id, its words and when it is due (pure).

An id follows from what the message is about, so that it is recognised after a restore: channel and story for
an alert; route and nominal local time for a digest; channel and oldest story for a digest that no time calls
for, since a story is in one message of a channel only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID, uuid5

from syndicator.alerts import Delivery, DeliveryState, RouteReason
from syndicator.models import Entry, Visibility
from syndicator.notify.due import Draft, DueReason
from syndicator.notify.message import DigestPage, alert_message, digest_message
from syndicator.settings.models import Route

NAMESPACE = UUID("6f0a2f6c-6f0e-5f4e-9b57-3c2d7a9d51c4")
"""Ours, drawn once; with it ids are the same on every machine. Never to be changed."""

HEADINGS = {
    DueReason.CATCH_UP: "{name}, while it was quiet",
    DueReason.FLOOD: "{name}, many at once",
    DueReason.OVERFLOW: "{name}, in brief",
}


def alert_id(channel: str, story: str) -> str:
    return _id("alert", channel, story)


def digest_id(route: str, nominal: str) -> str:
    """`nominal` is the slot's local time without offset, as in `Slot.nominal`."""
    return _id("digest", route, nominal)


def draft_id(draft: Draft) -> str:
    """The id of the message that a draft becomes."""
    if draft.slot is not None:
        return digest_id(draft.route.name, draft.slot.nominal)
    if draft.kind == "alert":
        return alert_id(draft.route.channel, draft.shown[0].story)
    oldest = min(draft.stories, key=lambda story: (story.at, story.story))
    return _id("summary", draft.route.channel, oldest.story)


def compose(
    draft: Draft,
    entries: Mapping[str, Entry],
    *,
    now: datetime,
    topic_names: Mapping[str, str],
    page: DigestPage,
) -> Delivery:
    """The draft as a message owed, due at once. `entries` holds the entry of each of its guids.

    `page` is where the route's stories stand; `topic_names` are the topics' names to show, by slug.
    """
    shown = [entries[story.guid] for story in draft.shown]
    delivery = Delivery(
        id=draft_id(draft),
        route=draft.route.name,
        channel=draft.route.channel,
        kind=draft.kind,
        guids=(),
        state=DeliveryState.OWED,
        created=now,
        due=now,
        more=len(draft.more),
        why=draft.reason.value,
        rising=draft.shown[0].reason is RouteReason.RISING,
    )
    return _in_words(delivery, shown, draft.route, topic_names, page)


def recompose(
    delivery: Delivery,
    entries: Mapping[str, Entry],
    route: Route,
    *,
    topic_names: Mapping[str, str],
    page: DigestPage,
) -> Delivery | None:
    """A message that waits, in the words of its entries as they are now, without those withdrawn.

    None if no entry is left: then the message is to be dropped. Ask again when any of its entries changes.
    """
    found = (entries.get(guid) for guid in delivery.guids)
    shown = [entry for entry in found if entry is not None and entry.visibility is Visibility.PUBLIC]
    if not shown:
        return None
    return _in_words(delivery, shown, route, topic_names, page)


def _in_words(
    delivery: Delivery, shown: Sequence[Entry], route: Route, topic_names: Mapping[str, str], page: DigestPage
) -> Delivery:
    if delivery.kind == "alert":
        message = alert_message(
            shown[0], route, id=delivery.id, topic_names=topic_names, rising=delivery.rising
        )
    else:
        heading = HEADINGS.get(DueReason(delivery.why), "{name}").format(name=page.name)
        message = digest_message(shown, delivery.more, route, id=delivery.id, page=page, heading=heading)
    return replace(delivery, message=message, guids=tuple(entry.guid for entry in shown))


def _id(*parts: str) -> str:
    return str(uuid5(NAMESPACE, "\n".join(parts)))
