"""Tells a WebSub hub that feeds have changed, so that it may tell their subscribers.

Publishing is not part of the WebSub recommendation (https://www.w3.org/TR/websub/#publishing); hubs agree on
a form with `hub.mode=publish`, some read the feed's address from `hub.url` and some from `hub.topic`. This
module makes the call once; whoever owes the notification decides with `next_attempt` when to try again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

import httpx

FIRST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(minutes=15)


class HubAnswer(StrEnum):
    """What came of telling the hub about one feed."""

    TOLD = "told"
    LATER = "not reached: try again"
    """No answer, a server error or 429."""
    REFUSED = "refused"
    """The hub does not want this feed; asking again does not help."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HubReply:
    """One feed's outcome; `why` is short and holds no part of the hub's answer but its status."""

    topic: str
    result: HubAnswer
    why: str = ""


def notify(hub: str, topics: Sequence[str], timeout: timedelta) -> tuple[HubReply, ...]:
    """Tells the hub about each feed address in turn; one outcome per address, in the same order.

    `timeout` bounds the whole call, dripping answers included (only a hanging name look-up may outlast it):
    the feeds not told by then are LATER. Redirects are not followed and answers not read. May be repeated: a
    hub that is told twice looks twice and finds nothing new.
    """
    return asyncio.run(_notify_all(hub, topics, timeout.total_seconds()))


def next_attempt(attempt: int, jitter: float) -> timedelta:
    """How long to wait after the `attempt`th failure in a row (from 1): 5 s, doubled each time up to 15
    minutes, of which `jitter` (0 to 1) takes away up to a half, so that many hosts do not come at once.

    >>> [next_attempt(n, 0.0).total_seconds() for n in (1, 2, 3, 9)]
    [5.0, 10.0, 20.0, 900.0]
    """
    full: timedelta = min(FIRST_WAIT * 2 ** min(attempt - 1, 20), LONGEST_WAIT)
    return full - full * jitter / 2


async def _notify_all(hub: str, topics: Sequence[str], timeout_s: float) -> tuple[HubReply, ...]:
    told: list[HubReply] = []
    try:
        async with asyncio.timeout(timeout_s), httpx.AsyncClient(timeout=timeout_s) as client:
            for topic in topics:
                told.append(await _notify_one(client, hub, topic))  # noqa: PERF401  # kept when time runs out
    except TimeoutError:
        late = topics[len(told) :]
        told += [HubReply(topic=topic, result=HubAnswer.LATER, why="no time left") for topic in late]
    return tuple(told)


async def _notify_one(client: httpx.AsyncClient, hub: str, topic: str) -> HubReply:
    form = {"hub.mode": "publish", "hub.url": topic, "hub.topic": topic}
    try:
        async with client.stream("POST", hub, data=form) as response:
            return HubReply(
                topic=topic, result=_judge(response.status_code), why=f"HTTP {response.status_code}"
            )
    except httpx.InvalidURL:
        return HubReply(topic=topic, result=HubAnswer.REFUSED, why="the hub's address is none")
    except httpx.UnsupportedProtocol:
        return HubReply(topic=topic, result=HubAnswer.REFUSED, why="the hub's address is not http or https")
    except httpx.HTTPError as error:
        return HubReply(topic=topic, result=HubAnswer.LATER, why=type(error).__name__)


def _judge(status: int) -> HubAnswer:
    if 200 <= status < 300:
        return HubAnswer.TOLD
    return HubAnswer.LATER if status >= 500 or status in (408, 425, 429) else HubAnswer.REFUSED
