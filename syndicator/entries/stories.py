"""Which entries are one story: those whose titles and summaries share their rare words. Pure.

    words of each -> weighed by rarity -> cosine of the titles and of the whole -> alike enough, or not

What two accounts of one event share is its names; what all articles of a site share says nothing, so a word
weighs by how few of the entries seen so far have it. A word of the title weighs twice one of the summary. An
entry joins by likeness to the first entry of a story (its lead), never to a later one: there are no chains.

The limits were set by hand-labelled pairs of real articles (`python -m tests.stories`), on the side of not
joining. Accounts of one event come soon after each other; what comes days later is more often what followed
from it. Guides, lists and questions ("The best …", "How to …") are about a subject, not an event; a title
of two words could be of any; a publisher seldom covers one event twice; two versions are two releases: all
of these need near copies, and a publisher's short title that comes again after hours ("Market news") is of a
page that it renews. Titles that say the same of two names ("X raises $20 million") are of two events, and so
are an event and what follows from it ("Oil falls as X opens the strait", "X opens the strait"), and what is
"set to" come and what came of it. Two counts half a day apart are two events.

Many stories of a tournament or a launch are found by the same words, which tell a subject and no event: the
more leads have even the rarest word that two entries share, the more alike the two must be.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import nsmallest
from itertools import pairwise

from syndicator.models import Article

WINDOW = timedelta(hours=72)
"""An entry joins a story whose lead was published at most so long before or after it."""
ALIKE, COPY, REPEAT = 0.48, 0.9, 0.99
"""How alike two accounts of one event are at least, two texts that are nearly the same, and two that are the
same within three hours."""
TITLES_ALONE = 0.08
"""How much more alike two accounts must be where one has no summary."""
CROWD = 0.2
"""How much more alike for each e-fold of leads with the words they share, from the second on, up to COPY."""
RELATED = 0.1
"""What a link of the one to the other in its `related` adds; far too little to join by itself."""
LATE = 0.25
"""What the time between the two takes away, for the whole of the window; for a part of it that part."""
KEYS, SHARED_KEYS = 10, 2
"""By how many of its rarest words a lead is looked for, and how many of them must be those it is found by."""

_UNSEEN = 100
"""A young store is taken for one that has seen so many other entries: two articles make no word common."""
_OLD, _OLD_KEYS, _YOUNG_KEYS = 10_000, 6, 8
"""A store that has seen so many entries knows which words are rare: a lead is then found by fewer."""
_COMMON, _COMMON_SHARE = 500, 0.01
"""A word in more entries than both allow finds no lead; it would find too many."""
_TITLE = 4
"""What a word of the title counts for, squared."""
_SHORT = 3
"""A title with fewer telling words says too little of an event; all its words are compared."""
_COLUMN = 5
"""Two titles of one publisher that share fewer words may stand over a column, or a page that is renewed."""

_MARKS = (
    "\u0300-\u036f\u0591-\u05bd\u05bf-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u0900-\u0963\u0966-\u0dff"
    "\u0e31-\u0e4e\u0eb1-\u0ece\u0f71-\u0f84\u0f8d-\u0fbc\u102b-\u109f\u17b4-\u17d3"
)
"""Vowels and other marks that stand in words and are no letters to Python: of Hebrew, Arabic, the scripts of
India, Thai, Lao, Tibetan, Myanmar, Khmer."""
_WORD = re.compile(r"[^\W_]+(?:\.[^\W_]+)*")
_MARKED_WORD = re.compile(rf"(?:[^\W_]|[{_MARKS}])+(?:\.(?:[^\W_]|[{_MARKS}])+)*")
_VERSION = re.compile(r"v?\d+(?:\.\d+)+")
"""What may be a version: two of them are two events."""
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u30ff\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]+"
)
"""Thai, Lao, Myanmar, Khmer, kana and Han, which write no blanks: taken two characters at a time."""
_FUNCTION_WORDS = frozenset(
    _WORD.findall(
        "a about after all an and are as at be but by can do for from has have if in into is it its more new"
        " not of on or our out over so that the their this to up was we what when which who why will with you"
        " your"
    )
)
"""What no English title is told by; only needed while the store is too young to know them as common."""
_GUIDE = frozenset(("all", "best", "how", "top"))
_BEFORE_NAMES = frozenset(("at", "by", "for", "from", "in", "of", "with"))
_NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_COUNT_AGAIN = timedelta(hours=12)
_TEMPLATE = 3
"""Two titles that share so many words in order, and as many as they differ in, may be of one template."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What is compared of an entry. `summary` has the words that the title has not."""

    title: frozenset[str]
    summary: frozenset[str]
    publisher: str
    published: datetime
    link: str
    related: frozenset[str]
    versions: frozenset[str]
    is_vague: bool
    in_order: tuple[str, ...]
    """All words of the title, as they stand."""

    @property
    def words(self) -> frozenset[str]:
        return self.title | self.summary


Weights = Mapping[str, float]
"""What each word counts for, squared, as it enters into a cosine; all words of the accounts compared."""


def account_of(article: Article) -> Account:
    """What the article says of an event. Without a provider its source is the publisher."""
    read = _words(article.title)
    telling = frozenset(read) - _FUNCTION_WORDS
    title = telling if len(telling) >= _SHORT else frozenset(read)
    return Account(
        title=title,
        summary=frozenset(_words(article.summary)) - _FUNCTION_WORDS - title,
        publisher=article.provider.name.casefold() if article.provider else f"source {article.source}",
        published=article.published,
        link=article.canonical_link,
        related=frozenset(one.canonical_link for one in article.related),
        versions=frozenset(filter(_VERSION.fullmatch, read)),
        is_vague="?" in article.title or len(telling) < _SHORT or not _GUIDE.isdisjoint(read),
        in_order=tuple(read),
    )


def weigh(words: Iterable[str], counts: Mapping[str, int], of: int) -> dict[str, float]:
    """What the words count for by their rarity, where `counts` says how many of so many entries have each."""
    return {word: _weight(counts.get(word, 0), of) for word in words}


def _weight(count: float, of: int) -> float:
    return math.log((of + _UNSEEN) / (count + 1)) ** 2


def keys_of(account: Account, weights: Weights, of: int) -> list[str]:
    """The words by which its story is looked for, the heaviest first; none that too many entries have."""
    least = _weight(min(of, max(_COMMON, of * _COMMON_SHARE)), of)
    weighed = [(-_TITLE * weights[word], word) for word in account.title if weights[word] >= least]
    weighed += [(-weights[word], word) for word in account.summary if weights[word] >= least]
    return [word for _, word in nsmallest(KEYS, weighed)]


def lead_keys(keys: Sequence[str], of: int) -> Sequence[str]:
    """Those of a lead's keys by which it is found."""
    return keys[: _YOUNG_KEYS if of < _OLD else _OLD_KEYS]


def best_lead(account: Account, leads: Iterable[tuple[str, Account, int]], weights: Weights) -> str | None:
    """The story, of those given with their leads, that the account joins: the most alike; None: it begins its
    own. Of equals the earlier lead, then the lesser id. With each lead comes how many leads, itself included,
    have that of the shared words which fewest have."""
    near = (one for one in leads if abs(account.published - one[1].published) <= WINDOW)
    judged = ((story, lead, crowd, likeness(account, lead, weights)) for story, lead, crowd in near)
    found = [
        (-alike, lead.published, story)
        for story, lead, crowd, alike in judged
        if alike >= _least(account, lead, crowd)
        and not _is_title_of_many(account, lead)
        and not _has_other_name(account, lead)
        and not _follows_from(account, lead)
        and not _follows_from(lead, account)
        and not _looks_ahead(account, lead)
        and not _is_next_count(account, lead)
    ]
    return min(found)[2] if found else None


def _least(account: Account, lead: Account, crowd: int) -> float:
    """How alike the two must be: among 4 leads 0.62, among 17 or more a near copy."""
    if account.publisher == lead.publisher and len(account.title & lead.title) < _COLUMN:
        return REPEAT
    if _needs_copy(account, lead):
        return COPY
    alone = 0.0 if account.summary and lead.summary else TITLES_ALONE
    return min(COPY, ALIKE + alone + CROWD * math.log(max(crowd, 2) / 2))


def likeness(one: Account, other: Account, weights: Weights) -> float:
    """How alike the two are: 1 for the same words at the same time, 0 or less where nothing is shared.

    There are two cosines, of the titles and of titles and summaries with titles counted double. It is the
    greater, or the lesser where only a near copy will do; where both have a summary it is between the greater
    and the second. A `related` link adds a little, the time between the two takes some away.
    """
    titles = _sum(one.title & other.title, weights)
    across = (one.title & other.summary) | (one.summary & other.title)
    texts = _TITLE * titles + 2 * _sum(across, weights) + _sum(one.summary & other.summary, weights)
    title, summary = _sum(one.title, weights), _sum(one.summary, weights)
    other_title, other_summary = _sum(other.title, weights), _sum(other.summary, weights)
    whole = (_TITLE * title + summary) * (_TITLE * other_title + other_summary)
    linked = one.link in other.related or other.link in one.related
    late = abs(one.published - other.published) / WINDOW
    of_titles, of_texts = _share(titles, title * other_title), _share(texts, whole)
    if _needs_copy(one, other):
        alike = min(of_titles, of_texts)
    elif one.summary and other.summary:
        alike = (max(of_titles, of_texts) + of_texts) / 2
    else:
        alike = max(of_titles, of_texts)
    return alike + (RELATED if linked else 0.0) - LATE * late


def shared_words(one: Account, other: Account, weights: Weights) -> list[str]:
    """The words that both have, the heaviest first, those of both titles before others of the same weight."""
    both = one.words & other.words
    return sorted(both, key=lambda word: (-weights[word], word not in one.title & other.title, word))


def as_written(article: Article) -> dict[str, str]:
    """How the article writes its words, by the word; not those of texts without blanks."""
    forms = reversed(_MARKED_WORD.findall(f"{article.title} {article.summary}"))
    return {words[0]: form for form in forms if len(words := _words(form)) == 1}


def _needs_copy(one: Account, lead: Account) -> bool:
    is_other = bool(one.versions) and bool(lead.versions) and one.versions.isdisjoint(lead.versions)
    return one.is_vague or lead.is_vague or one.publisher == lead.publisher or is_other


def _has_other_name(one: Account, lead: Account) -> bool:
    """Whether the titles are word for word the same but for who or what they are about, as "X raises $20
    million" and "Y raises $20 million": where they begin, or after a preposition, words stand that the other
    has nowhere. In titles of one publisher they may stand anywhere ("Every men's final", "Every women's")."""
    texts = (one.in_order, lead.in_order)
    start = _common(*texts)
    end = _common(*(text[start:][::-1] for text in texts))
    slots = [text[start : len(text) - end] for text in texts]
    mine, others = (frozenset(slot) - _FUNCTION_WORDS for slot in slots)
    if not mine or not others or start + end < max(_TEMPLATE, *map(len, slots)):
        return False
    is_named = start == 0 or one.in_order[start - 1] in _BEFORE_NAMES or one.publisher == lead.publisher
    return is_named and lead.words.isdisjoint(mine) and one.words.isdisjoint(others)


def _follows_from(one: Account, other: Account) -> bool:
    """Whether the one's title names the other's event as a mere cause: nothing of what stands before its "as"
    is in the other's title ("Oil falls as X opens the strait" and "X opens the strait")."""
    if "as" not in one.in_order:
        return False
    reported = frozenset(one.in_order[: one.in_order.index("as")]) - _FUNCTION_WORDS
    return bool(reported) and reported.isdisjoint(other.title)


def _is_title_of_many(one: Account, lead: Account) -> bool:
    """Whether there is too little to tell two texts from one: a vague title, and not both with a summary.
    Pages that were read badly are all "Learn more"."""
    return (one.is_vague or lead.is_vague) and not (one.summary and lead.summary)


def _looks_ahead(one: Account, other: Account) -> bool:
    """Whether only one of the titles says what is yet to come ("Senate set to vote on X")."""
    return _is_set(one.in_order) != _is_set(other.in_order)


def _is_next_count(one: Account, other: Account) -> bool:
    """Whether the titles name other numbers half a day apart ("3 new cases", "One new case")."""
    numbers, others = _numbers(one.in_order), _numbers(other.in_order)
    is_later = abs(one.published - other.published) > _COUNT_AGAIN
    return is_later and bool(numbers) and bool(others) and numbers.isdisjoint(others)


def _numbers(title: Sequence[str]) -> frozenset[str]:
    spelt = (str(_NUMBERS.index(word) + 1) for word in title if word in _NUMBERS)
    return frozenset((*spelt, *filter(str.isdigit, title)))


def _is_set(title: Sequence[str]) -> bool:
    return ("set", "to") in pairwise(title)


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """How many words both begin with."""
    return next(
        (at for at, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]),
        min(len(one), len(other)),
    )


def _sum(words: Iterable[str], weights: Weights) -> float:
    return sum(map(weights.__getitem__, words))


def _share(shared: float, of: float) -> float:
    return shared / math.sqrt(of) if shared else 0.0


def _words(text: str) -> list[str]:
    """The words of a text, folded; a plural `s` and a genitive dropped.

    >>> _words("Microsoft’s 2 Starlink satellites, v1.2"), _words("東京電力の AI")
    (['microsoft', '2', 'starlink', 'satellite', 'v1.2'], ['東京', '京電', '電力', '力の', 'ai'])
    """
    folded = text.lower() if text.isascii() else _fold(text)
    found = (_WORD if folded.isascii() else _MARKED_WORD).findall(folded.replace("'s", "").replace("'", ""))
    if folded.isascii():
        return [_singular(word) for word in found]
    return [part for word in found for part in ([_singular(word)] if word.isascii() else _parts(word))]


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().replace("’", "'")


def _singular(word: str) -> str:
    return word[:-1] if word[-1] == "s" and len(word) > 3 and word[-2] != "s" else word


def _parts(word: str) -> list[str]:
    parts: list[str] = []
    for run in _UNSPACED.findall(word):
        parts += [run[at : at + 2] for at in range(max(1, len(run) - 1))]
    return parts + [rest for rest in _UNSPACED.split(word) if rest]
