"""Messages as the outbox holds them, for the tests of how they are sent."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.store.outbox_values import NOON, SECOND, make_delivery

__all__ = ["NOON", "SECOND", "message", "messaged", "no_threads"]


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


@contextmanager
def no_threads() -> Iterator[None]:
    """Meanwhile the system gives no thread: none gets so large a stack."""
    threading.stack_size(2**46)
    try:
        yield
    finally:
        threading.stack_size(0)
