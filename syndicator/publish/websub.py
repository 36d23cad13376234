"""Tells a WebSub hub that feeds have changed, so that it may tell their subscribers.

Publishing is not part of the WebSub recommendation (https://www.w3.org/TR/websub/#publishing); hubs agree on
a form with `hub.mode=publish`, some read the feed's address from `hub.url` and some from `hub.topic`. This
module makes the call once; whoever owes the ping decides with `next_ping` when to try again.
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


class PingResult(StrEnum):
    """What came of telling the hub about one feed."""

    TOLD = "told"
    LATER = "not reached: try again"
    """No answer, a server error or 429."""
    REFUSED = "refused"
    """The hub does not want this feed; asking again does not help."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ping:
    """One feed's outcome; `why` is short and holds no part of the hub's answer but its status."""

    topic: str
    result: PingResult
    why: str = ""


def ping(hub: str, topics: Sequence[str], timeout: timedelta) -> tuple[Ping, ...]:
    """Tells the hub about each feed address in turn; one outcome per address, in the same order.

    `timeout` bounds the whole call, dripping answers included (only a hanging name look-up may outlast it):
    the feeds not told by then are LATER. Redirects are not followed and answers not read. May be repeated: a
    hub that is told twice looks twice and finds nothing new.
    """
    return asyncio.run(_ping_all(hub, topics, timeout.total_seconds()))


def next_ping(attempt: int, jitter: float) -> timedelta:
    """How long to wait after the `attempt`th failure in a row (from 1): 5 s, doubled each time up to 15
    minutes, of which `jitter` (0 to 1) takes away up to a half, so that many hosts do not come at once.

    >>> [next_ping(n, 0.0).total_seconds() for n in (1, 2, 3, 9)]
    [5.0, 10.0, 20.0, 900.0]
    """
    full: timedelta = min(FIRST_WAIT * 2 ** min(attempt - 1, 20), LONGEST_WAIT)
    return full - full * jitter / 2


async def _ping_all(hub: str, topics: Sequence[str], timeout_s: float) -> tuple[Ping, ...]:
    told: list[Ping] = []
    try:
        async with asyncio.timeout(timeout_s), httpx.AsyncClient(timeout=timeout_s) as client:
            for topic in topics:
                told.append(await _ping_one(client, hub, topic))  # noqa: PERF401  # kept when time runs out
    except TimeoutError:
        late = topics[len(told) :]
        told += [Ping(topic=topic, result=PingResult.LATER, why="no time left") for topic in late]
    return tuple(told)


async def _ping_one(client: httpx.AsyncClient, hub: str, topic: str) -> Ping:
    form = {"hub.mode": "publish", "hub.url": topic, "hub.topic": topic}
    try:
        async with client.stream("POST", hub, data=form) as response:
            return Ping(topic=topic, result=_judge(response.status_code), why=f"HTTP {response.status_code}")
    except httpx.InvalidURL:
        return Ping(topic=topic, result=PingResult.REFUSED, why="the hub's address is none")
    except httpx.UnsupportedProtocol:
        return Ping(topic=topic, result=PingResult.REFUSED, why="the hub's address is not http or https")
    except httpx.HTTPError as error:
        return Ping(topic=topic, result=PingResult.LATER, why=type(error).__name__)


def _judge(status: int) -> PingResult:
    if 200 <= status < 300:
        return PingResult.TOLD
    return PingResult.LATER if status >= 500 or status in (408, 425, 429) else PingResult.REFUSED
