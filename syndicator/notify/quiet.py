"""When a route holds back: its quiet hours in its own zone, over both changes of the clock (pure)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from syndicator.alerts import Mute
from syndicator.settings.models import QuietHours


def quiet_until(quiet: QuietHours | None, now: datetime) -> datetime | None:
    """When the quiet hours that are now end, in UTC; None outside them."""
    ends = [end for start, end in _windows(quiet, now) if start <= now < end]
    return max(ends, default=None)


def muted_until(mutes: Iterable[Mute], now: datetime) -> datetime | None:
    """When the last of the mutes that stand now ends; None if none stands."""
    return max((mute.end for mute in mutes if mute.since <= now < mute.end), default=None)


def resumed(quiet: QuietHours | None, mutes: Iterable[Mute], now: datetime) -> datetime | None:
    """The last moment, up to now, at which quiet hours or a mute ended; None if there was none of late."""
    ends = [end for _, end in _windows(quiet, now) if end <= now]
    ends += [mute.end for mute in mutes if mute.end <= now]
    return max(ends, default=None)


def _windows(quiet: QuietHours | None, now: datetime) -> list[tuple[datetime, datetime]]:
    """The quiet hours that begin from two days before now to one day after, in UTC."""
    if quiet is None or quiet.start == quiet.end:
        return []
    zone = ZoneInfo(quiet.time_zone)
    today = now.astimezone(zone).date()
    start, end = (datetime.combine(today, one) for one in (quiet.start, quiet.end))
    length = (end - start) % timedelta(days=1)
    starts = [start + timedelta(days=day) for day in (-2, -1, 0, 1)]
    return [(_moment(start, zone), _moment(start + length, zone)) for start in starts]


def _moment(local: datetime, zone: ZoneInfo) -> datetime:
    """A local time's moment: the first of two in autumn; one that spring skips, as much later."""
    return local.replace(tzinfo=zone).astimezone(UTC)
