"""Messages as the outbox holds them, for the tests of how they are sent."""

from __future__ import annotations

from typing import Any

from tests.store.outbox_values import NOON, SECOND, make_delivery

__all__ = ["NOON", "SECOND", "message", "messaged"]


def message(id: str, *, image: bool = False) -> dict[str, Any]:
    section: dict[str, Any] = {
        "type": "section",
        "text": {"type": "plain_text", "text": f"What {id} says.", "emoji": False},
    }
    if image:
        section["accessory"] = {
            "type": "image",
            "image_url": "https://img.example/a.jpg",
            "alt_text": "a picture",
        }
    return {
        "blocks": [section],
        "text": f"Message {id}",
        "mrkdwn": False,
        "metadata": {"event_type": "syndicator_delivery", "event_payload": {"delivery": id}},
        "unfurl_links": False,
        "unfurl_media": False,
    }


def messaged(id: str, *, image: bool = False, **fields: Any) -> Any:
    return make_delivery(id, message=message(id, image=image), **fields)
