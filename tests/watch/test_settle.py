"""Which files have come to rest."""

from __future__ import annotations

import pytest

from syndicator.store.types import Stamp
from syndicator.watch.changes import QUIET, REST, Changes, Hint, Settling, Sign

START = 1_000.0
WALL = 1_772_366_400
"""The system's time at monotonic `START`, in seconds."""


def written(at: float, size: int = 100) -> Stamp:
    """The stamp of a file last written at a monotonic time."""
    mtime_ns = int((WALL + at - START) * 1e9)
    return Stamp(1, 1, size, mtime_ns, mtime_ns)


class Clock:
    """Settling with one file `a.md`, looked at when told."""

    def __init__(self) -> None:
        self.settling = Settling()

    def look(self, stamp: Stamp | None, *signs: Sign, at: float) -> bool:
        """Whether the file is ready when it is seen with this stamp at this time, after these events."""
        found = {} if stamp is None else {"a.md": stamp}
        hints = [Hint(source="news", path="a.md", sign=sign) for sign in signs]
        changes = Changes(found=found, scope=frozenset({"a.md"}))
        ready = self.settling.ready(changes, hints, now=at, wall_ns=self.wall_ns(at))
        assert set(ready) <= {"a.md"}
        assert all(found[path] == rested for path, rested in ready.items())
        return "a.md" in ready

    def next(self, at: float) -> float | None:
        return self.settling.look_again(now=at, wall_ns=self.wall_ns(at))

    @staticmethod
    def wall_ns(at: float) -> int:
        return int((WALL + at - START) * 1e9)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_file_renamed_in_counts_at_once(clock: Clock) -> None:
    assert clock.look(written(START), Sign.MOVED, at=START)
    assert clock.next(START) is None
    assert clock.settling.waiting == frozenset()


def test_a_closed_file_counts_after_a_tenth_of_a_second(clock: Clock) -> None:
    assert not clock.look(written(START), Sign.TOUCHED, Sign.CLOSED, at=START + 0.01)
    assert clock.settling.waiting == {"a.md"}
    assert clock.next(START + 0.01) == pytest.approx(START + REST)
    assert clock.look(written(START), at=START + REST)


def test_a_closed_file_that_is_written_again_waits_to_be_quiet(clock: Clock) -> None:
    assert not clock.look(written(START), Sign.CLOSED, at=START)
    assert not clock.look(written(START + 0.05, size=7), Sign.TOUCHED, at=START + 0.1)
    assert not clock.look(written(START + 0.05, size=7), at=START + 0.5)
    assert clock.look(written(START + 0.05, size=7), at=START + 0.05 + QUIET)


def test_a_new_stamp_is_not_covered_by_the_old_event(clock: Clock) -> None:
    assert not clock.look(written(START), Sign.CLOSED, at=START)
    assert not clock.look(written(START + 0.09), at=START + 0.1)
    assert not clock.look(written(START + 0.09), at=START + 0.3)
    assert clock.look(written(START + 0.09), Sign.CLOSED, at=START + 0.3)


def test_the_last_event_counts(clock: Clock) -> None:
    assert not clock.look(written(START), Sign.MOVED, Sign.TOUCHED, at=START)
    assert not clock.look(written(START), Sign.GONE, at=START + 1)
    assert clock.look(written(START), Sign.TOUCHED, Sign.MOVED, at=START + 1)


def test_a_file_only_created_counts_when_quiet(clock: Clock) -> None:
    assert not clock.look(written(START), Sign.TOUCHED, at=START)
    assert clock.next(START) == pytest.approx(START + QUIET)
    assert not clock.look(written(START), at=START + QUIET - 0.01)
    assert clock.look(written(START), at=START + QUIET)


def test_an_old_file_linked_in_counts_at_once(clock: Clock) -> None:
    assert clock.look(written(START - 3600), Sign.TOUCHED, at=START)


def test_a_fresh_file_linked_in_counts_when_quiet(clock: Clock) -> None:
    assert not clock.look(written(START - 1.5), Sign.TOUCHED, at=START)
    assert clock.next(START) == pytest.approx(START + 0.5)
    assert clock.look(written(START - 1.5), at=START + 0.5)


def test_an_old_file_found_by_a_scan_counts_at_once(clock: Clock) -> None:
    assert clock.look(written(START - QUIET), at=START)


def test_a_file_found_by_a_scan_while_it_is_written_waits(clock: Clock) -> None:
    for tick in range(10):
        assert not clock.look(written(START + tick, size=tick), at=START + tick)
    assert clock.next(START + 9) == pytest.approx(START + 9 + QUIET)
    assert clock.look(written(START + 9, size=9), at=START + 9 + QUIET)


def test_a_file_from_the_future_counts_when_unchanged_under_our_eyes(clock: Clock) -> None:
    future = written(START + 86_400)
    assert not clock.look(future, at=START)
    assert clock.next(START) == pytest.approx(START + QUIET)
    assert not clock.look(future, at=START + QUIET - 0.1)
    assert clock.look(future, at=START + QUIET)


@pytest.mark.parametrize("sign", list(Sign))
def test_an_empty_file_counts_only_when_unchanged_under_our_eyes(clock: Clock, sign: Sign) -> None:
    """A writer that has just cut it to nothing leaves its old times for a moment."""
    cut = written(START - 3600, size=0)
    assert not clock.look(cut, sign, at=START)
    assert clock.next(START) == pytest.approx(START + QUIET)
    assert not clock.look(cut, at=START + QUIET - 0.1)
    assert clock.look(cut, at=START + QUIET)


def test_a_file_that_went_away_is_forgotten(clock: Clock) -> None:
    assert not clock.look(written(START), at=START)
    assert not clock.look(None, Sign.GONE, at=START + 1)
    assert clock.settling.waiting == frozenset()
    assert clock.next(START + 1) is None


def test_a_file_outside_the_look_goes_on_waiting(clock: Clock) -> None:
    assert not clock.look(written(START), at=START)
    elsewhere = Changes(scope=frozenset({"b.md"}))
    assert not clock.settling.ready(elsewhere, now=START + 5, wall_ns=clock.wall_ns(START + 5))
    assert clock.settling.waiting == {"a.md"}
    assert clock.next(START + 5) == START + 5


def test_a_file_torn_while_it_was_read_waits_anew(clock: Clock) -> None:
    assert clock.look(written(START), Sign.MOVED, at=START)
    clock.settling.put_back("a.md", written(START), now=START)
    assert clock.settling.waiting == {"a.md"}
    assert clock.next(START) == pytest.approx(START + QUIET)
    assert clock.look(written(START + 0.1), Sign.CLOSED, at=START + 0.3)


def test_changed_files_settle_like_new_ones() -> None:
    settling = Settling(quiet=1)
    changes = Changes(found={"a.md": written(START)})
    assert not settling.ready(changes, now=START, wall_ns=Clock.wall_ns(START))
    assert settling.ready(changes, now=START + 1, wall_ns=Clock.wall_ns(START + 1)) == changes.found


def test_the_earliest_of_several_says_when_to_look_again() -> None:
    settling = Settling()
    changes = Changes(found={"a.md": written(START), "b.md": written(START - 1)})
    assert not settling.ready(changes, now=START, wall_ns=Clock.wall_ns(START))
    assert settling.look_again(now=START, wall_ns=Clock.wall_ns(START)) == pytest.approx(START + 1)


def test_rest_is_never_longer_than_quiet() -> None:
    settling = Settling(quiet=0.01)
    changes = Changes(found={"a.md": written(START)})
    closed = [Hint(source="news", path="a.md", sign=Sign.CLOSED)]
    assert settling.ready(changes, closed, now=START + 0.02, wall_ns=Clock.wall_ns(START + 0.02))


def test_a_hint_without_a_path_settles_nothing(clock: Clock) -> None:
    changes = Changes(found={"a.md": written(START)})
    assert not clock.settling.ready(
        changes, [Hint(source="news", sign=Sign.MOVED)], now=START, wall_ns=clock.wall_ns(START)
    )
