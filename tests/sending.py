"""A sender's work, step by step in one thread."""

from __future__ import annotations

from concurrent.futures import Future

from syndicator.slack.sender import Sender


def deliver_once(sender: Sender) -> int:
    """Claims what is due now, does it in turn and settles it; how many that were."""
    claims, _ = sender._claim(limit=1_000)
    for claimed in claims:
        call = sender._calls[claimed.channel] = Future()
        call.set_result(sender._perform(claimed))
        sender._settle()
    return len(claims)
