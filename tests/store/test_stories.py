"""Stories by the words of their leads, and how common words are."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import event

from syndicator.store.database import open_store
from syndicator.store.stories import StoryLead
from syndicator.store.tables import microseconds
from tests.making import NOON
from tests.notify.values import make_entry

AT = microseconds(NOON)


def test_leads_are_found_by_word_and_time_and_by_key(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'state.db'}", now=NOON)
    plans: list[str] = []

    @event.listens_for(store._writer, "before_cursor_execute")
    def explain(connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        if statement.startswith("SELECT story_words"):
            raw = connection.connection.driver_connection
            plans.extend(row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {statement}", values))

    with store.transaction() as session:
        late = NOON + timedelta(days=9)
        session.stories.begin([StoryLead(story="s", guid="g", published=NOON, words=["orbit", "cloud"])])
        session.stories.begin([StoryLead(story="t", guid="h", published=late, words=["orbit"])])
        session.stories.begin([StoryLead(story="s", guid="other", published=late)])
        assert session.stories.leads(["s", "t", "u"]) == {"s": "g", "t": "h"}
        found = session.stories.with_words([("orbit", AT - 1, AT + 1), ("cloud", AT + 1, AT + 2)])
    store.close()
    assert found == [("orbit", AT, "s")]
    assert "SEARCH story_words USING PRIMARY KEY (word=? AND published>? AND published<?)" in plans


def test_counts_add_up(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'state.db'}", now=NOON)
    with store.transaction() as session:
        assert session.stories.count({"orbit": 1, "cloud": 2}, 2) == ({"orbit": 1, "cloud": 2}, 2)
        assert session.stories.count({"orbit": 1}, 1) == ({"orbit": 2}, 3)
        assert session.stories.counts(["orbit", "cloud", "none"]) == ({"orbit": 2, "cloud": 2}, 3)
    store.close()


def test_latest_entries_of_a_long_story_cost_what_those_of_a_short_one_do(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'state.db'}", now=NOON)
    steps: list[int] = []
    with store.transaction() as session:
        for story, count in (("short", 20), ("long", 2_000)):
            for at in range(count):
                entry = make_entry(published=NOON + timedelta(minutes=at), story=story)
                entry = replace(entry, guid=f"{story} {at:04}")
                session.put_entries([entry])
        raw = session._connection.connection.driver_connection
        assert raw is not None
        for story, last in (("short", 19), ("long", 1_999)):
            steps.append(0)
            raw.set_progress_handler(lambda: steps.append(steps.pop() + 1), 10)
            found = session.stories.latest([story], 3)
            raw.set_progress_handler(None, 0)
            assert sorted(found) == [f"{story} {at:04}" for at in range(last - 2, last + 1)]
        assert set(session.stories.latest(["short", "long", "none"], 1)) == {"short 0019", "long 1999"}
    store.close()
    short, long = steps
    assert long <= short + 2, steps
