"""When a posted message is edited, and into what (pure).

A message is compared with its story once that has been left alone for a minute, so that one that flips
between two publishers settles: where the text is then what stands in the channel, nothing is sent. The more
often a message was edited, the longer it is left as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from syndicator.alerts import Delivery, DeliveryState
from syndicator.notify.compose import edit_id

EDITED_FOR = timedelta(days=7)
"""How long after it was sent a message still follows its story."""
QUIET = timedelta(minutes=1)
"""How long a story is left alone before its message is edited, and the time between two edits of one."""
DOUBLINGS = 9
"""How often at most the time before the next edit doubles: to eight and a half hours. A real site rewrote one
file every hour or two for ten days, and its message was edited 92 times."""
CHANGED_BACK = "its story changed back before it was made"
WAITS = (DeliveryState.OWED, DeliveryState.FAILED)
MADE = (DeliveryState.SENT, DeliveryState.SHOWN)


def rests_until(posted: Delivery, edits: Sequence[Delivery]) -> datetime:
    """Before when the message is not compared again; `edits` are all of it."""
    made = [edit for edit in edits if edit.state in MADE]
    times: int = 2 ** min(len(made), DOUBLINGS)
    return max(map(_ended, (posted, *made))) + times * QUIET


def as_shown(posted: Delivery, edits: Sequence[Delivery]) -> Delivery:
    """The last of these that the channel has: the message as it was posted, or an edit of it."""
    made = (edit for edit in edits if edit.state in MADE and edit.state is posted.state)
    return max(made, key=_ended, default=posted)


def plan_edit(
    posted: Delivery, edits: Sequence[Delivery], anew: Delivery, *, now: datetime, quiet: timedelta = QUIET
) -> Delivery | None:
    """The edit to keep, so that the posted message gets the text of `anew`; None where nothing is to be done.

    `edits` are all of that message, none of them under way. One that waits takes the new text, or ends where
    the channel has it. One that was dropped, by the operator or since Slack edits the message no more, is the
    last.
    """
    if any(edit.state is DeliveryState.DROPPED and edit.message_ts == posted.message_ts for edit in edits):
        return None
    made = [edit for edit in edits if edit.state in MADE]
    there = as_shown(posted, edits)
    id = edit_id(posted.id, len(made) + 1)
    before = next((edit for edit in edits if edit.id == id), None)
    is_unsure = any(edit.unsure and edit.created >= there.created for edit in edits)
    if _same(anew, there) and not is_unsure:
        if before is None or before.state not in WAITS:
            return None
        return replace(before, state=DeliveryState.RELEASED, error=CHANGED_BACK, ended=now)
    edit = before or _begun(id, posted, now)
    if edit.state is not DeliveryState.OWED:
        owed = replace(edit, state=DeliveryState.OWED, created=now, due=now)
        edit = replace(owed, failing_since=None, error=None, ended=None)
    due = max(edit.due, _ended(there) + quiet)
    edit = replace(edit, message_ts=posted.message_ts, due=due)
    return replace(edit, message=anew.message, guids=anew.guids, why=anew.why)


def _begun(id: str, posted: Delivery, now: datetime) -> Delivery:
    return Delivery(
        id=id,
        route=posted.route,
        channel=posted.channel,
        kind="edit",
        created=now,
        due=now,
        edit_of=posted.id,
    )


def _ended(there: Delivery) -> datetime:
    return there.ended or there.created


def _same(one: Delivery, other: Delivery) -> bool:
    """Whether a reader sees the same."""
    return all(one.message.get(part) == other.message.get(part) for part in ("blocks", "text"))
