"""What stories that have begun are found by: their leads, the leads' rare words, and how common words are.

What it knows of words only grows, with what has been seen; nothing here is read as a whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Connection,
    Integer,
    Result,
    bindparam,
    func,
    literal_column,
    select,
    type_coerce,
    update,
)

from syndicator.store.dialect import in_list, insert_listed, listed
from syndicator.store.tables import EPOCH, entries, microseconds, stories, story_words, word_counts

EVERY_ENTRY = ""
"""The row that counts the entries themselves; no word is empty."""

_COUNTS = select(word_counts).where(in_list(word_counts.c.word, "words"))
_LEADS = select(stories).where(in_list(stories.c.story, "stories"))
_SOME = func.json_each(bindparam("stories")).table_valued("value")
_OF_STORY = entries.alias("of_story")
_ROW = literal_column("of_story.rowid", Integer)
# By index, which has equal values in this order (https://sqlite.org/queryplanner.html).
_LAST = select(_ROW).where(_OF_STORY.c.story == _SOME.c.value).order_by(_ROW.desc()).limit(bindparam("most"))
_LATEST = select(entries.c.guid).select_from(
    _SOME.join(entries, literal_column("entries.rowid").in_(_LAST.correlate(_SOME)))
)
_SPANS, (_WORD, _START, _END) = listed("spans", 3)
_AT = type_coerce(story_words.c.published, BigInteger)
_WITH_WORDS = (
    select(story_words.c.word, _AT, story_words.c.story)
    .select_from(_SPANS.join(story_words, story_words.c.word == _WORD))
    .where(_AT.between(_START, _END))
)
_BEGAN = select(stories.c.story, stories.c.began).where(in_list(stories.c.story, "stories"))
_BEGIN, _BEGIN_WORDS = insert_listed(stories), insert_listed(story_words)
_COUNT = insert_listed(word_counts, adding=True).returning(*word_counts.c)
_MOVE = update(entries).where(entries.c.story == bindparam("was")).values(story=bindparam("now"))

Counts = tuple[dict[str, int], int]
"""How many entries seen so far had each of some words, and how many there were."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryLead:
    """The entry (`guid`) that a story began with, the words that it is found by, and when it began."""

    story: str
    guid: str
    published: datetime
    words: Sequence[str] = ()
    began: datetime = EPOCH
    """EPOCH: that is not known, and long ago."""


class Stories:
    """One open transaction on the stories that have begun."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def leads(self, some: Iterable[str]) -> dict[str, str]:
        """The guids of the leads of those of the stories that have begun, by story."""
        found = self._connection.execute(_LEADS, {"stories": json.dumps(list(some))})
        return {row[0]: row[1] for row in found.all()}

    def latest(self, some: Iterable[str], most: int) -> list[str]:
        """The guids of the entries of the stories, of each those stored last, at most so many."""
        return list(self._connection.scalars(_LATEST, {"stories": json.dumps(list(some)), "most": most}))

    def began(self, some: Iterable[str]) -> dict[str, datetime]:
        """When those of the stories began that have, by story; EPOCH where that was not noted."""
        found = self._connection.execute(_BEGAN, {"stories": json.dumps(list(some))})
        return {story: began or EPOCH for story, began in found.all()}

    def begin(self, leads: Sequence[StoryLead]) -> None:
        """Begins these stories; one that has begun stays as it is."""
        if not leads:
            return
        rows = [(one.story, one.guid, microseconds(one.began)) for one in leads]
        words = [(word, microseconds(one.published), one.story) for one in leads for word in one.words]
        self._connection.execute(_BEGIN, {"rows": json.dumps(rows)})
        self._connection.execute(_BEGIN_WORDS, {"rows": json.dumps(words)})

    def with_words(self, spans: Iterable[tuple[str, int, int]]) -> list[tuple[str, int, str]]:
        """The leads that have a word and were published within its span: (word, published, story). Times are
        microseconds since 1970."""
        found = self._connection.execute(_WITH_WORDS, {"spans": json.dumps(list(spans))})
        return [(row[0], row[1], row[2]) for row in found.all()]

    def count(self, words: Mapping[str, int], entries: int) -> Counts:
        """So many more entries have been seen, and so many of them had each of these words."""
        rows = [(EVERY_ENTRY, entries), *words.items()]
        return _counts(self._connection.execute(_COUNT, {"rows": json.dumps(rows)}))

    def counts(self, words: Iterable[str]) -> Counts:
        return _counts(self._connection.execute(_COUNTS, {"words": json.dumps([EVERY_ENTRY, *words])}))

    def move_entries(self, joined: Mapping[str, str]) -> None:
        """Gives entries of stories that have not begun, none of which is public yet, another's story."""
        if joined:
            self._connection.execute(_MOVE, [{"was": was, "now": now} for was, now in joined.items()])


def _counts(found: Result[str, int]) -> Counts:
    counts: dict[str, int] = {row[0]: row[1] for row in found.all()}
    return counts, counts.pop(EVERY_ENTRY, 0)
