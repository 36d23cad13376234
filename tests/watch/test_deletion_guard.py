"""What changed, and whether a loss is believed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicator.store.types import Stamp
from syndicator.watch.changes import (
    AGAIN,
    LINGER,
    TOPIC_LINGER,
    Changes,
    DeletionDecision,
    LossReason,
    compare,
    guard_deletions,
)
from syndicator.watch.types import Scan, SkippedFile
from tests.making import utc

NOON = utc(2026, 3, 1, 12)


def stamped(number: int = 1) -> Stamp:
    return Stamp(1, number, 100, 10, 10)


def folder(*paths: str, scope: set[str] | None = None, unseen: dict[str, str] | None = None) -> Scan:
    return Scan(
        there=True,
        files={path: stamped() for path in paths},
        unseen=unseen or {},
        scope=None if scope is None else frozenset(scope),
    )


def known(*paths: str) -> dict[str, Stamp]:
    return {path: stamped() for path in paths}


def test_new_changed_and_gone_are_told_apart() -> None:
    seen = Scan(there=True, files={"new.md": stamped(), "same.md": stamped(), "changed.md": stamped(9)})
    changes = compare(known("same.md", "changed.md", "gone.md"), seen)
    assert changes.found == {"new.md": stamped(), "changed.md": stamped(9)}
    assert changes.gone == {"gone.md"}
    assert changes


def test_an_unchanged_folder_has_no_changes() -> None:
    assert compare(known("a.md", "b/c.md"), folder("a.md", "b/c.md")) == Changes()


@pytest.mark.parametrize("part", range(5))
def test_any_part_of_a_stamp_is_a_change(part: int) -> None:
    touched = Stamp(*(value + (index == part) for index, value in enumerate(stamped())))
    changes = compare(known("a.md"), Scan(there=True, files={"a.md": touched}))
    assert changes.found == {"a.md": touched}


def test_a_look_at_a_part_says_nothing_of_the_rest() -> None:
    changes = compare(known("a.md", "b.md"), folder(scope={"a.md"}))
    assert changes.gone == {"a.md"}
    assert changes.covers("a.md")
    assert not changes.covers("b.md")


def test_a_look_at_a_folder_covers_what_was_below_it() -> None:
    changes = compare(known("old/a.md", "old/deep/b.md", "older/c.md"), folder(scope={"old"}))
    assert changes.gone == {"old/a.md", "old/deep/b.md"}
    assert changes.covers("old/deep/b.md")


def test_a_look_at_the_root_covers_all() -> None:
    assert compare(known("a.md", "b/c.md"), folder(scope={""})).gone == {"a.md", "b/c.md"}


@pytest.mark.parametrize("unseen", ["", "shut", "shut/deep", "shut/deep/a.md"])
def test_what_could_not_be_looked_at_is_not_gone(unseen: str) -> None:
    changes = compare(known("shut/deep/a.md"), folder(unseen={unseen: "Permission denied"}))
    assert changes.unseen == {"shut/deep/a.md"}
    assert not changes.gone


names = st.sampled_from(["a.md", "b.md", "c/d.md", "c/e.md", "c/f/g.md"])
folders = st.dictionaries(names, st.integers(1, 3).map(stamped))


@given(folders, folders)
def test_changes_applied_to_what_was_known_give_what_is_seen(
    before: dict[str, Stamp], after: dict[str, Stamp]
) -> None:
    changes = compare(before, Scan(there=True, files=after))
    applied = {path: stamp for path, stamp in before.items() if path not in changes.gone}
    assert {**applied, **changes.found} == after


def many(count: int) -> list[str]:
    return [f"{number}.md" for number in range(count)]


def judged(
    total: int,
    left: int,
    *,
    before: DeletionDecision | None = None,
    at: datetime = NOON,
    confirmed: bool = False,
) -> DeletionDecision:
    seen = folder(*many(left))
    changes = compare(known(*many(total)), seen)
    return guard_deletions(
        changes, known=total, seen=seen, before=before or DeletionDecision(), now=at, confirmed=confirmed
    )


def test_nothing_gone_is_nothing_to_judge() -> None:
    decision = judged(10, 10)
    assert decision.reason is LossReason.NONE
    assert decision.look_again is None
    assert decision.fix == ""
    assert not decision.degraded


def test_a_deleted_article_is_withdrawn_when_it_is_still_gone_a_moment_later() -> None:
    first = judged(10, 9)
    assert first.reason is LossReason.FEW
    assert first.withdraw == frozenset()
    assert first.held == {"9.md"}
    assert first.look_again == NOON + LINGER
    second = judged(10, 9, before=first, at=NOON + LINGER)
    assert second.reason is LossReason.FEW
    assert second.withdraw == {"9.md"}
    assert not second.degraded
    assert second.look_again is None


def test_a_topic_file_is_given_longer_than_an_article() -> None:
    gone = compare(known("a.md", "t.yaml", "left.md"), folder("left.md"))
    facts: Any = {"known": 3, "seen": folder("left.md")}
    first = guard_deletions(gone, before=DeletionDecision(), now=NOON, **facts)
    late = guard_deletions(gone, before=first, now=NOON + LINGER, **facts)
    assert late.withdraw == {"a.md"} and late.look_again == NOON + TOPIC_LINGER


def test_a_file_that_an_editor_removes_and_writes_anew_is_never_withdrawn() -> None:
    first = judged(10, 9)
    back = judged(10, 10, before=first, at=NOON + LINGER)
    assert back.withdraw == frozenset()
    assert back.since == {}
    again = judged(10, 9, before=back, at=NOON + 2 * LINGER)
    assert again.reason is LossReason.FEW, "its time starts anew"


@pytest.mark.parametrize(
    ("total", "left", "reason"),
    [
        pytest.param(1, 0, LossReason.EMPTY, id="the only one"),
        pytest.param(3, 0, LossReason.EMPTY, id="three of three"),
        pytest.param(3, 1, LossReason.FEW, id="two of three"),
        pytest.param(60, 40, LossReason.FEW, id="a third, but only 20"),
        pytest.param(60, 39, LossReason.MANY, id="21 of 60"),
        pytest.param(100, 79, LossReason.MANY, id="21 of 100"),
        pytest.param(105, 84, LossReason.FEW, id="a fifth exactly"),
        pytest.param(10_000, 8_001, LossReason.FEW, id="just under a fifth"),
    ],
)
def test_how_much_is_suspicious(total: int, left: int, reason: LossReason) -> None:
    decision = judged(total, left)
    assert decision.reason is reason
    assert decision.degraded is (reason is not LossReason.FEW)
    assert len(decision.held) == total - left


def test_a_folder_whose_only_article_was_replaced_by_another_is_not_empty() -> None:
    seen = folder("new.md")
    changes = compare(known("old.md"), seen)
    decision = guard_deletions(changes, known=1, seen=seen, before=DeletionDecision(), now=NOON)
    assert decision.reason is LossReason.FEW


def test_a_suspicious_loss_is_believed_at_a_second_look_ten_minutes_later() -> None:
    first = judged(10, 0)
    assert "syndicator build --confirm-removals" in first.fix
    assert first.look_again == NOON + AGAIN
    soon = judged(10, 0, before=first, at=NOON + AGAIN - timedelta(seconds=1))
    assert soon.reason is LossReason.EMPTY
    assert soon.withdraw == frozenset()
    late = judged(10, 0, before=soon, at=NOON + AGAIN)
    assert late.reason is LossReason.AGREED
    assert late.withdraw == set(many(10))
    assert not late.degraded


def test_the_operator_confirms_a_loss_at_once() -> None:
    decision = judged(10, 0, confirmed=True)
    assert decision.reason is LossReason.CONFIRMED
    assert decision.withdraw == set(many(10))


def test_confirming_when_nothing_is_gone_does_nothing() -> None:
    assert judged(10, 10, confirmed=True).reason is LossReason.NONE


def test_files_that_come_back_in_time_are_never_withdrawn() -> None:
    first = judged(100, 0)
    half = judged(100, 50, before=first, at=NOON + timedelta(minutes=5))
    assert half.withdraw == frozenset()
    back = judged(100, 100, before=half, at=NOON + AGAIN)
    assert back.withdraw == frozenset()
    assert back == DeletionDecision(doubted=NOON + AGAIN)


@pytest.mark.parametrize("total", [15, 40])
def test_a_folder_that_is_filled_again_file_by_file_loses_none(total: int) -> None:
    guard, at = judged(total, 0), NOON + timedelta(minutes=1)
    for left in range(1, total):
        guard = judged(total, left, before=guard, at=at)
        assert guard.withdraw == frozenset()
        at += TOPIC_LINGER / 2
    assert guard.look_again == at + TOPIC_LINGER / 2
    late = judged(total, total - 1, before=guard, at=at + TOPIC_LINGER / 2)
    assert late.withdraw == {f"{total - 1}.md"}, "nothing else comes back"
    later = judged(total - 1, total - 2, before=late, at=at + AGAIN)
    assert later.look_again == at + AGAIN + LINGER, "a later loss is none of it"


def test_a_doubt_of_a_clock_that_was_ahead_holds_nothing() -> None:
    ahead = judged(10, 0, at=NOON + timedelta(days=400))
    back = judged(10, 10, before=ahead, at=NOON)
    gone = judged(10, 9, before=back, at=NOON + timedelta(minutes=1))
    assert gone.look_again == NOON + timedelta(minutes=1) + LINGER


def test_the_second_look_takes_only_what_the_first_missed_too() -> None:
    first = judged(100, 50)
    more = judged(100, 25, before=first, at=NOON + timedelta(minutes=9))
    late = judged(100, 25, before=more, at=NOON + AGAIN)
    assert late.withdraw == set(many(100)[50:])
    assert late.held == set(many(50)[25:])
    assert late.reason is LossReason.MANY


def test_a_clock_set_back_only_makes_it_wait() -> None:
    first = judged(10, 0)
    back = judged(10, 0, before=first, at=NOON - timedelta(hours=1))
    assert back.withdraw == frozenset()
    assert back.look_again == NOON - timedelta(hours=1) + AGAIN


def test_a_folder_deleted_file_by_file_is_noticed() -> None:
    total, guard, at = 1000, DeletionDecision(), NOON
    withdrawn = 0
    for left in range(990, -1, -10):
        at += timedelta(seconds=1)
        present = total - withdrawn
        decision = judged(present, min(left, present), before=guard, at=at)
        withdrawn += len(decision.withdraw)
        guard = decision
    assert decision.degraded
    assert withdrawn <= 200


def test_what_went_and_came_back_is_no_part_of_a_later_loss() -> None:
    """As git changes between two branches, each of which has some articles of its own."""
    guard, at = DeletionDecision(), NOON
    for _ in range(10):
        for _ in range(3):
            at += timedelta(seconds=1)
            decision = judged(100, 90, before=guard, at=at)
            guard = decision
            if decision.withdraw:
                break
        assert decision.withdraw == set(many(100)[90:])
        at += timedelta(seconds=1)
        guard = judged(100, 100, before=guard, at=at)


def test_a_missing_root_holds_everything() -> None:
    seen = Scan(there=False)
    changes = compare(known(*many(3)), seen)
    decision = guard_deletions(changes, known=3, seen=seen, before=DeletionDecision(), now=NOON)
    assert decision.reason is LossReason.MISSING
    assert decision.held == set(many(3))
    late = guard_deletions(changes, known=3, seen=seen, before=decision, now=NOON + AGAIN)
    assert late.withdraw == set(many(3))


def test_a_missing_root_is_said_even_if_nothing_was_known() -> None:
    decision = guard_deletions(
        Changes(), known=0, seen=Scan(there=False), before=DeletionDecision(), now=NOON
    )
    assert decision.reason is LossReason.MISSING
    assert decision.look_again is None


def test_an_unreadable_root_never_loses_an_article() -> None:
    seen = Scan(there=False, unseen={"": "Input/output error"})
    changes = compare(known(*many(3)), seen)
    guard = DeletionDecision()
    for minutes in (0, 11, 60):
        at = NOON + timedelta(minutes=minutes)
        decision = guard_deletions(changes, known=3, seen=seen, before=guard, now=at)
        guard = decision
        assert decision.reason is LossReason.INCOMPLETE
        assert decision.withdraw == frozenset()


def test_a_sick_folder_holds_losses_elsewhere() -> None:
    seen = folder(*many(9), unseen={"mount": "Input/output error"})
    decision = guard_deletions(
        compare(known(*many(10)), seen), known=10, seen=seen, before=DeletionDecision(), now=NOON
    )
    assert decision.reason is LossReason.INCOMPLETE
    assert decision.look_again == NOON + AGAIN


def test_a_shut_folder_without_articles_holds_nothing() -> None:
    seen = Scan(
        there=True,
        files=known(*many(9)),
        unseen={"lost+found": "Permission denied"},
        skipped={"lost+found": SkippedFile.UNREADABLE},
    )
    decision = guard_deletions(
        compare(known(*many(10)), seen), known=10, seen=seen, before=DeletionDecision(), now=NOON
    )
    assert decision.reason is LossReason.FEW


def test_what_is_held_stays_held_after_a_look_elsewhere() -> None:
    first = judged(100, 50)
    elsewhere = folder("0.md", scope={"0.md"})
    decision = guard_deletions(
        compare(known(*many(100)), elsewhere),
        known=100,
        seen=elsewhere,
        before=first,
        now=NOON + AGAIN,
    )
    assert decision.withdraw == frozenset(), "it was not looked at again"
    assert decision.held == first.held


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 400)), max_size=20))
def test_nothing_suspicious_goes_without_two_looks_ten_minutes_apart(looks: list[tuple[int, int]]) -> None:
    """Whatever the looks find, a path is withdrawn only if it was gone since long enough ago."""
    present, guard, at = set(many(60)), DeletionDecision(), NOON
    first_gone: dict[str, datetime] = {}
    for left, seconds in looks:
        at += timedelta(seconds=seconds)
        seen = folder(*sorted(present)[:left])
        changes = compare(known(*present), seen)
        first_gone = {path: first_gone.get(path, at) for path in changes.gone}
        decision = guard_deletions(changes, known=len(present), seen=seen, before=guard, now=at)
        guard = decision
        wait = LINGER if decision.reason is LossReason.FEW else AGAIN
        assert all(at - first_gone[path] >= wait for path in decision.withdraw)
        assert decision.withdraw | decision.held == changes.gone
        present -= decision.withdraw
