"""Entries that are public for the first time join a story that is there, or begin their own.

A story is judged once, when the first of its entries becomes public; all entries with its link go along.
Leads are found by index, by their rarest words and their time; few are compared. Within a batch the earliest
published comes first, so the order of files does not matter. The words of a batch are counted before any of
it is judged: of the same articles one by one, a word may weigh a little more, and what comes first leads.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from syndicator.entries.stories import (
    SHARED_KEYS,
    WINDOW,
    Account,
    account_of,
    best_story,
    day_of,
    keys_of,
    lead_keys,
    shared_words,
    weigh,
)
from syndicator.entries.words import as_written
from syndicator.models import Change, Entry
from syndicator.store.session import Session
from syndicator.store.stories import StoryLead
from syndicator.store.tables import microseconds

MOST_COMPARED = 10
"""Of the leads found, so many that share the most of the words looked for are compared; and so many of a
story's latest entries."""


def join_stories(
    session: Session, changes: Sequence[Change], alike: Collection[str], now: datetime
) -> Sequence[Change]:
    """The changes, those entries that join a story with its id; the others' stories begin now. Only sources
    in `alike` join by likeness."""
    first = _firsts(change.entry for change in changes if change.is_public and not change.was_public)
    begun = session.stories.leads(first) if first else {}
    beginning = [entry for story, entry in first.items() if story not in begun]
    if not beginning:
        return changes
    joined = _judge(session, beginning, alike, now)
    session.stories.move_entries(joined)
    return [_moved(change, joined) for change in changes]


def words_joining(session: Session, entry: Entry, others: Iterable[Entry]) -> dict[str, list[str]]:
    """By guid, the words that another entry of its story shares with it, rarest first, where one of the two
    is the lead that the other was joined to by likeness. As texts and counts are now; spelt as in the lead.
    """
    lead = session.stories.leads([entry.story]).get(entry.story)
    linked = [
        other
        for other in others
        if lead in (entry.guid, other.guid) and other.article.canonical_link != entry.article.canonical_link
    ]
    articles = {one.guid: one.article for one in (entry, *linked)} if linked else {}
    accounts = {guid: account_of(article) for guid, article in articles.items()}
    words = {word for account in accounts.values() for word in account.words}
    weights = weigh(words, *session.stories.counts(words))
    first = articles.get(lead) if lead else None
    written = as_written(f"{first.title} {first.summary}") if first else {}
    shared = {one.guid: shared_words(accounts[one.guid], accounts[entry.guid], weights) for one in linked}
    return {guid: [written.get(word, word) for word in some] for guid, some in shared.items()}


def _firsts(entries: Iterable[Entry]) -> dict[str, Entry]:
    """The first entry of each story, by story, the earliest published first."""
    first: dict[str, Entry] = {}
    for entry in sorted(entries, key=lambda one: (one.article.published, one.guid)):
        first.setdefault(entry.story, entry)
    return first


def _moved(change: Change, joined: Mapping[str, str]) -> Change:
    entry = change.entry
    story = joined.get(entry.story)
    if story is None:
        return change
    return replace(change, entry=replace(entry, story=story))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counted:
    """What the words of a batch weigh, of how many entries, and its accounts' rarest words, by story; and how
    many entries were published on each day."""

    weights: dict[str, float] = field(default_factory=dict)
    of: int = 0
    keys: Mapping[str, Sequence[str]] = field(default_factory=dict)
    a_day: dict[str, int] = field(default_factory=dict)


def _count(session: Session, accounts: Mapping[str, Account]) -> _Counted:
    words = Counter(word for account in accounts.values() for word in account.words)
    days = Counter(map(day_of, accounts.values()))
    counts, of = session.stories.count(words | days, len(accounts))
    weights = weigh(words, counts, of)
    keys = {story: keys_of(account, weights, of) for story, account in accounts.items()}
    return _Counted(weights=weights, of=of, keys=keys, a_day={day: counts[day] for day in days})


def _judge(
    session: Session, beginning: Sequence[Entry], alike: Collection[str], now: datetime
) -> dict[str, str]:
    """Which of the stories join another, and which; the others begin."""
    accounts = {one.story: account_of(one.article) for one in beginning if one.article.source in alike}
    counted, joined = _Counted(), dict[str, str]()
    if accounts:
        counted = _count(session, accounts)
        index, known = _stored_leads(session, accounts, counted)
        for story, account in accounts.items():
            keys = counted.keys[story]
            found = ((one, known[one]) for one in index.find(account, keys))
            other = best_story(account, found, counted.weights, counted.a_day)
            if other is not None:
                joined[story] = other
                known[other].append(account)
                continue
            known[story] = [account]
            index.add(lead_keys(keys, counted.of), microseconds(account.published), story)
    leads = [
        StoryLead(
            story=entry.story,
            guid=entry.guid,
            published=entry.article.published,
            words=lead_keys(counted.keys.get(entry.story, ()), counted.of),
            began=now,
        )
        for entry in beginning
        if entry.story not in joined
    ]
    session.stories.begin(leads)
    return joined


def _stored_leads(
    session: Session, accounts: Mapping[str, Account], counted: _Counted
) -> tuple[LeadIndex, dict[str, list[Account]]]:
    """The stored stories that have the words looked for, and the accounts of those that might be joined, the
    lead first. Weighs their words as well, and counts the entries of their days."""
    index = LeadIndex()
    for word, published, story in session.stories.with_words(_spans(accounts, counted.keys)):
        index.add([word], published, story)
    some = {one for story, account in accounts.items() for one in index.find(account, counted.keys[story])}
    if not some:
        return index, {}
    guids = session.stories.leads(some)
    leads_first = dict.fromkeys((*guids.values(), *session.stories.latest(guids, MOST_COMPARED)))
    found = session.entries(leads_first)
    known: dict[str, list[Account]] = defaultdict(list)
    for entry in (found[guid] for guid in leads_first):
        known[entry.story].append(account_of(entry.article))
    all_known = [account for some in known.values() for account in some]
    words = {word for account in all_known for word in account.words} - counted.weights.keys()
    days = set(map(day_of, all_known)) - counted.a_day.keys()
    counts, _ = session.stories.counts(words | days)
    counted.weights.update(weigh(words, counts, counted.of))
    counted.a_day.update((day, counts.get(day, 0)) for day in days)
    return index, known


def _spans(accounts: Mapping[str, Account], keys: Mapping[str, Sequence[str]]) -> list[tuple[str, int, int]]:
    """Where to look for leads: each word with the times around those who ask for it, none looked at twice."""
    times: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for story, account in accounts.items():
        start, end = _around(account)
        for word in keys[story]:
            spans = times[word]
            if spans and start <= spans[-1][1]:
                start_before, _ = spans.pop()
                spans.append((start_before, end))
            else:
                spans.append((start, end))
    return [(word, start, end) for word, spans in times.items() for start, end in spans]


def _around(account: Account) -> tuple[int, int]:
    return microseconds(account.published - WINDOW), microseconds(account.published + WINDOW)


@dataclass(slots=True)
class LeadIndex:
    """Leads by their rarest words."""

    _by_word: dict[str, list[tuple[int, str]]] = field(default_factory=lambda: defaultdict(list))

    def add(self, words: Iterable[str], published: int, story: str) -> None:
        for word in words:
            self._by_word[word].append((published, story))

    def find(self, account: Account, keys: Sequence[str]) -> list[str]:
        """The stories whose leads share most of the words, rarer ones first."""
        start, end = _around(account)
        met: dict[str, list[int]] = defaultdict(list)
        for at, word in enumerate(keys):
            for published, story in self._by_word.get(word, ()):
                if start <= published <= end:
                    met[story].append(at)
        enough = [(-len(ranks), ranks, story) for story, ranks in met.items() if len(ranks) >= SHARED_KEYS]
        return [story for *_, story in sorted(enough)[:MOST_COMPARED]]
