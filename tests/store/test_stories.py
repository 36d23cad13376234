"""Stories by the words of their leads, and how common words are."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import event

from syndicator.store.database import open_store
from syndicator.store.stories import StoryLead
from syndicator.store.tables import microseconds
from tests.making import NOON

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
