"""Which stories go into which message now, and why the others wait."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, time
from typing import Any

import pytest

from syndicator.alerts import Mute, Slot
from syndicator.models import Entry
from syndicator.notify.coverage import Coverage
from syndicator.notify.due import FLOOD, DueReason, Plan, RouteState, select_due
from syndicator.settings.models import Digest, QuietHours, Route
from tests.making import utc
from tests.notify.values import DAY, HOUR, MINUTE, NOON, SECOND, make_entry, make_route, owe

NINE = Slot(nominal="2026-03-02T09:00", at=utc(2026, 3, 2, 9))
DAILY = Digest(cron="0 9 * * *")


def plan(
    entries: Sequence[Entry],
    route: Route | None = None,
    *,
    now: datetime = NOON,
    at: datetime = NOON,
    state: RouteState | None = None,
    slot: Slot | None = None,
) -> Plan:
    route = route or make_route()
    owed = [owe(entry, route, at=at) for entry in entries]
    return select_due(owed, covered(entries), route, state or RouteState(), now=now, slot=slot)


def covered(entries: Iterable[Entry]) -> dict[str, Coverage]:
    return {entry.story: Coverage(lead=entry) for entry in entries}


def many(count: int, **fields: Any) -> list[Entry]:
    fields = {"provider": None} | fields
    return [make_entry(f"n{number:03}", quality=100.0 + number, **fields) for number in range(count)]


def shape(found: Plan) -> list[tuple[str, int, int, DueReason]]:
    return [(one.kind, len(one.shown), len(one.more), one.reason) for one in found.drafts]


def reasons(found: Plan) -> set[DueReason]:
    return {hold.reason for _, hold in found.held}


# immediate


def test_nothing_owed_is_nothing_to_do() -> None:
    assert plan([]) == Plan()


def test_immediate_story_is_sent_at_once_best_first() -> None:
    found = plan(many(3))
    assert shape(found) == [("alert", 1, 0, DueReason.AT_ONCE)] * 3
    assert [draft.shown[0].row.guid for draft in found.drafts] == ["urn:n002", "urn:n001", "urn:n000"]


def test_gathering_story_waits_for_its_other_publishers() -> None:
    route = make_route(deliver="immediate", gather=10 * MINUTE)
    waiting = plan([make_entry()], route, now=NOON + 9 * MINUTE)
    assert (reasons(waiting), waiting.wake) == ({DueReason.GATHERING}, NOON + 10 * MINUTE)
    assert len(plan([make_entry()], route, now=NOON + 10 * MINUTE).drafts) == 1


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (FLOOD, [("alert", 1, 0, DueReason.AT_ONCE)] * FLOOD),
        (FLOOD + 1, [("digest", 10, FLOOD - 9, DueReason.FLOOD)]),
    ],
)
def test_more_than_a_flood_at_once_is_one_digest(count: int, expected: list[Any]) -> None:
    assert shape(plan(many(count))) == expected


def floods_of(count: int, *, at: datetime = NOON, oldest: datetime | None = NOON) -> RouteState:
    return RouteState(arrivals=[(at, count)], oldest=oldest)


def test_stories_that_come_further_apart_than_a_window_are_no_flood() -> None:
    state = RouteState(arrivals=[(NOON - 31 * SECOND, 15), (NOON, 15)], oldest=NOON)
    assert {one.reason for one in plan(many(15), state=state).drafts} == {DueReason.AT_ONCE}


def test_flood_is_held_until_no_more_come_and_gathered() -> None:
    found = plan(many(25), state=floods_of(25))
    assert (reasons(found), found.wake) == ({DueReason.MANY}, NOON + 30 * SECOND)
    slow = make_route(deliver="immediate", gather=MINUTE)
    found = plan(many(3), slow, now=NOON + MINUTE - SECOND, state=floods_of(25))
    assert reasons(found) == {DueReason.MANY} and found.wake == NOON + MINUTE


def test_flood_that_is_over_is_one_digest_beside_what_came_later() -> None:
    late = make_entry("late")
    owed = [owe(entry) for entry in many(3)] + [owe(late, at=NOON + 31 * SECOND)]
    entries = covered((*many(3), late))
    state = RouteState(arrivals=[(NOON, 23), (NOON + 31 * SECOND, 1)], oldest=NOON)
    found = select_due(owed, entries, make_route(), state, now=NOON + 31 * SECOND)
    assert shape(found) == [("digest", 3, 0, DueReason.FLOOD), ("alert", 1, 0, DueReason.AT_ONCE)]


def test_flood_without_end_holds_a_story_for_twenty_windows() -> None:
    arrivals = [(NOON, 21), *((NOON + number * 20 * SECOND, 1) for number in range(1, 40))]
    state = RouteState(arrivals=arrivals, oldest=NOON)
    assert reasons(plan(many(3), now=NOON + 10 * MINUTE - SECOND, state=state)) == {DueReason.MANY}
    assert shape(plan(many(3), now=NOON + 10 * MINUTE, state=state))[0][3] is DueReason.FLOOD


def test_what_a_clock_set_back_shows_as_future_is_no_flood() -> None:
    assert plan(many(2), state=floods_of(25, at=NOON + HOUR)).drafts


def test_digest_route_has_no_floods() -> None:
    found = plan(many(25), digest_route(), slot=NINE, state=floods_of(25))
    assert shape(found) == [("digest", 10, 15, DueReason.DIGEST)]


def test_withdrawn_story_is_owed_no_longer() -> None:
    kept, gone = make_entry("kept"), make_entry("gone")
    found = select_due([owe(kept), owe(gone)], covered([kept]), make_route(), RouteState(), now=NOON)
    assert [one.guid for one in found.withdrawn] == ["urn:gone"]
    assert [one.row.guid for draft in found.drafts for one in draft.shown] == ["urn:kept"]


# quiet hours and mutes

NIGHT = QuietHours(start=time(22), end=time(7), time_zone="Europe/Berlin")


@pytest.mark.parametrize(
    ("now", "held"),
    [
        (utc(2026, 3, 1, 20, 59), False),
        (utc(2026, 3, 1, 21, 0), True),
        (utc(2026, 3, 2, 5, 59), True),
        (utc(2026, 3, 2, 6, 0), False),
    ],
    ids=["before", "first minute", "last minute", "after"],
)
def test_quiet_hours_hold_back_over_midnight_in_their_zone(now: datetime, held: bool) -> None:
    found = plan([make_entry()], make_route(quiet_hours=NIGHT), now=now, at=now)
    assert (reasons(found) == {DueReason.QUIET}) is held
    assert (len(found.drafts) == 1) is not held


def test_quiet_hours_tell_when_they_end() -> None:
    found = plan([make_entry()], make_route(quiet_hours=NIGHT), now=utc(2026, 3, 2, 1), at=utc(2026, 3, 2, 1))
    assert found.wake == utc(2026, 3, 2, 6)


def test_quiet_hours_end_with_one_catch_up_and_what_is_new_comes_apart() -> None:
    route = make_route(quiet_hours=NIGHT)
    night, morning = many(3), make_entry("morning")
    owed = [owe(entry, route, at=utc(2026, 3, 2, 1)) for entry in night]
    owed.append(owe(morning, route, at=utc(2026, 3, 2, 6, 1)))
    entries = covered((*night, morning))
    found = select_due(owed, entries, route, RouteState(), now=utc(2026, 3, 2, 6, 1))
    assert shape(found) == [("digest", 3, 0, DueReason.CATCH_UP), ("alert", 1, 0, DueReason.AT_ONCE)]


def test_one_story_of_the_night_comes_as_itself() -> None:
    found = plan([make_entry()], make_route(quiet_hours=NIGHT), now=utc(2026, 3, 2, 6), at=utc(2026, 3, 2, 1))
    assert shape(found) == [("alert", 1, 0, DueReason.AT_ONCE)]


def test_quiet_hours_by_day() -> None:
    lunch = QuietHours(start=time(12), end=time(13))
    assert reasons(plan([make_entry()], make_route(quiet_hours=lunch))) == {DueReason.QUIET}


@pytest.mark.parametrize(
    ("day", "hours"), [(utc(2026, 3, 28, 22), 8), (utc(2026, 10, 24, 21), 10)], ids=["spring", "autumn"]
)
def test_quiet_hours_follow_the_clock_over_its_changes(day: datetime, hours: int) -> None:
    found = plan([make_entry()], make_route(quiet_hours=NIGHT), now=day, at=day)
    assert found.wake == {8: utc(2026, 3, 29, 5), 10: utc(2026, 10, 25, 6)}[hours]


def mute(since: datetime, until: datetime, lifted: datetime | None = None) -> Mute:
    return Mute(id=1, route="sea", since=since, until=until, why="release day", lifted=lifted)


def test_mute_holds_back_and_ends_with_one_catch_up() -> None:
    mutes = [mute(NOON - HOUR, NOON + HOUR)]
    held = plan(many(2), state=RouteState(mutes=mutes))
    assert (reasons(held), held.wake) == ({DueReason.MUTED}, NOON + HOUR)
    after = plan(many(2), now=NOON + HOUR, state=RouteState(mutes=mutes))
    assert shape(after) == [("digest", 2, 0, DueReason.CATCH_UP)]


def test_lifted_mute_ends_at_once() -> None:
    mutes = [mute(NOON - HOUR, NOON + HOUR, lifted=NOON + MINUTE)]
    assert plan(many(2), now=NOON + MINUTE, state=RouteState(mutes=mutes)).drafts


# caps


@pytest.mark.parametrize(
    ("sent", "expected", "held"),
    [
        (0, [("alert", 1, 0, DueReason.AT_ONCE)] * 3, set()),
        (1, [("alert", 1, 0, DueReason.AT_ONCE), ("digest", 2, 0, DueReason.OVERFLOW)], set()),
        (2, [("digest", 3, 0, DueReason.OVERFLOW)], set()),
        (3, [], {DueReason.CAPPED}),
    ],
    ids=["room for all", "room for two", "room for one", "no room"],
)
def test_cap_per_hour_overflows_into_one_digest(sent: int, expected: list[Any], held: set[DueReason]) -> None:
    found = plan(many(3), make_route(per_hour=3), state=RouteState(sent=[NOON - MINUTE] * sent))
    assert (shape(found), reasons(found)) == (expected, held)


@pytest.mark.parametrize(
    ("ago", "waiting", "until"),
    [([50, 40, 30], 0, 10), ([50, 40], 1, 10), ([50, 40, 30], 1, 20), ([50], 2, 10), ([], 3, None)],
    ids=["the third last", "one waits", "one waits beside", "two wait", "all wait"],
)
def test_cap_ends_an_hour_after_the_message_that_makes_room(
    ago: list[int], waiting: int, until: int | None
) -> None:
    state = RouteState(sent=[NOON - MINUTE * minutes for minutes in ago], waiting=waiting)
    found = plan(many(3), make_route(per_hour=3), state=state)
    assert found.wake == (None if until is None else NOON + MINUTE * until)


def test_catch_up_and_news_share_the_last_message_of_the_hour() -> None:
    mutes = [mute(NOON - HOUR, NOON + MINUTE)]
    route = make_route(per_hour=1)
    owed = [owe(entry, route, at=NOON) for entry in many(2)]
    late = make_entry("late")
    entries = covered((*many(2), late))
    owed.append(owe(late, route, at=NOON + 2 * MINUTE))
    found = select_due(owed, entries, route, RouteState(mutes=mutes), now=NOON + 2 * MINUTE)
    assert shape(found) == [("digest", 3, 0, DueReason.CATCH_UP)]


def test_outage_does_not_pile_up_messages() -> None:
    assert reasons(plan(many(2), state=RouteState(waiting=FLOOD))) == {DueReason.BACKLOG}
    found = plan(many(5), state=RouteState(waiting=FLOOD - 2))
    assert shape(found) == [("alert", 1, 0, DueReason.AT_ONCE), ("digest", 4, 0, DueReason.OVERFLOW)]


# digests


def digest_route(**fields: Any) -> Route:
    return make_route(deliver=Digest(**({"cron": "0 9 * * *"} | fields)))


def test_digest_waits_for_its_time() -> None:
    found = plan(many(2), digest_route())
    assert (found.drafts, reasons(found), found.finished) == ((), {DueReason.SLOT}, False)


def test_digest_at_its_time_is_ranked_by_quality() -> None:
    entries = [*many(3), make_entry("unrated", quality=None, provider=None)]
    found = plan(entries, digest_route(), slot=NINE)
    (draft,) = found.drafts
    assert [one.row.guid for one in draft.shown] == ["urn:n002", "urn:n001", "urn:n000", "urn:unrated"]
    assert (draft.reason, draft.slot, found.finished) == (DueReason.DIGEST, NINE, True)


def test_equal_quality_is_ranked_by_age() -> None:
    entries = [make_entry("older", published=NOON - DAY), make_entry("newer", published=NOON - HOUR)]
    (draft,) = plan(entries, digest_route(), slot=NINE).drafts
    assert [one.row.guid for one in draft.shown] == ["urn:newer", "urn:older"]


def test_digest_counts_what_it_has_no_room_for() -> None:
    found = plan(many(13), digest_route(maximum=5), slot=NINE)
    assert shape(found) == [("digest", 5, 8, DueReason.DIGEST)]
    assert len(found.drafts[0].stories) == 13


def test_digest_takes_a_few_of_each_provider_first_and_fills_up_with_the_rest() -> None:
    entries = [*many(4, provider="Harbour Post"), *(make_entry(name, provider="Lake News") for name in "ab")]
    (draft,) = plan(entries, digest_route(per_provider=2, maximum=5), slot=NINE).drafts
    assert [one.row.guid for one in draft.shown] == ["urn:n003", "urn:n002", "urn:a", "urn:b", "urn:n001"]
    assert [one.guid for one in draft.more] == ["urn:n000"]


def test_digest_of_one_provider_is_full() -> None:
    found = plan(many(15, provider="Harbour Post"), digest_route(), slot=NINE)
    assert shape(found) == [("digest", 10, 5, DueReason.DIGEST)]


def test_digest_below_its_minimum_carries_over() -> None:
    found = plan(many(2), digest_route(minimum=3), slot=NINE)
    assert (found.drafts, reasons(found), found.finished) == ((), {DueReason.CARRIED}, True)
    assert plan(many(3), digest_route(minimum=3), slot=NINE).finished


def test_digest_without_stories_is_dealt_with() -> None:
    assert plan([], digest_route(), slot=NINE).finished


def test_muted_digest_keeps_its_time_for_the_catch_up() -> None:
    mutes = [mute(NOON - HOUR, NOON + HOUR)]
    between = plan(many(2), digest_route(), state=RouteState(mutes=mutes))
    assert (reasons(between), between.finished) == ({DueReason.MUTED}, False), "also before its time"
    held = plan(many(2), digest_route(), slot=NINE, state=RouteState(mutes=mutes))
    assert (held.finished, reasons(held)) == (False, {DueReason.MUTED})
    after = plan(many(2), digest_route(), slot=NINE, state=RouteState(mutes=mutes), now=NOON + HOUR)
    assert after.finished


def test_digest_in_quiet_hours_comes_after_them() -> None:
    early = make_route(deliver=DAILY, quiet_hours=QuietHours(start=time(8), end=time(13)))
    held = plan(many(2), early, slot=NINE)
    assert (held.finished, held.wake) == (False, utc(2026, 3, 2, 13))
