"""Which entries are one story: those whose titles and summaries share their rare words. Pure.

    words of each -> weighed by rarity -> cosine of the titles and of the whole -> alike enough, or not

What two accounts of one event share is its names; what all articles of a site share says nothing, so a word
weighs by how few of the entries seen so far have it. A word of the title weighs twice one of the summary. An
entry joins by likeness to the first entry of a story (its lead), so that there are no chains; less of it is
enough where another entry of the story is as alike as a lead must be.

The limits were set by hand-labelled pairs of real articles (`python -m tests.stories`), on the side of not
joining. Accounts of one event come soon after each other; what comes days later is more often what followed
from it, and of much that is published in between some is alike by chance. A publisher seldom covers one event
twice, and guides, lists and questions are about a subject, not an event. Each further rule stands at its
function; docs/settings.md has them for operators.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import nsmallest
from itertools import pairwise, takewhile

from syndicator.entries.words import FUNCTION_WORDS, words_of
from syndicator.models import Article

WINDOW = timedelta(hours=72)
"""An entry joins a story whose lead was published at most so long before or after it."""
ALIKE, VAGUE, COPY, REPEAT = 0.17, 0.31, 0.9, 0.99
"""How alike two accounts of one event are at least; two, of which a title says little; two texts that are
nearly the same; and two that are the same within three hours."""
BUSY = 0.035
"""How much more alike for what was published in between: for 2, 20, 400 entries 0.04, 0.11, 0.21."""
SUPPORTED = 0.7
"""How much of that likeness the lead needs where another entry of its story has all of it."""
TITLES_ALONE = 0.1
"""How much more alike two accounts must be where one has no summary."""
SUBJECT = 0.16
"""How much more alike for each title that begins with a word that the other account has nowhere."""
UNTOLD = 0.25
"""How much more alike where the other account has no word of a title; of some, by what is missing of their
weight. The title of which more is missing counts."""
RELATED = 0.1
"""What a link of the one to the other in its `related` adds; far too little to join by itself."""
LATE = 0.35
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

_VERSION = re.compile(r"v?\d+(?:\.\d+)+")
"""What may be a version: two of them are two events."""
_GUIDE = frozenset(("all", "best", "explained", "how", "top"))
_AHEAD = frozenset((("expected", "to"), ("set", "to")))
_DAILY = frozenset(("briefing", "daily", "latest"))
_REPORT = frozenset(("analysis", "cagr", "forecast", "growth", "share", "size", "trends"))
_PARTS = frozenset(("east", "north", "south", "west"))
_BEFORE_NAMES = frozenset(("about", "at", "by", "for", "from", "if", "in", "of", "on", "the", "with"))
_NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_AGAIN = timedelta(hours=12)
"""What is said daily, and counts that change, are other ones half a day later."""
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
    read = words_of(article.title)
    telling = frozenset(read) - FUNCTION_WORDS
    title = telling if len(telling) >= _SHORT else frozenset(read)
    return Account(
        title=title,
        summary=frozenset(words_of(article.summary)) - FUNCTION_WORDS - title,
        publisher=article.provider.name.casefold() if article.provider else f"source {article.source}",
        published=article.published,
        link=article.canonical_link,
        related=frozenset(one.canonical_link for one in article.related),
        versions=frozenset(filter(_VERSION.fullmatch, read)),
        is_vague="?" in article.title or len(telling) < _SHORT or not _GUIDE.isdisjoint(read),
        in_order=tuple(read),
    )


def day_of(account: Account) -> str:
    return account.published.date().isoformat()


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


def best_story(
    account: Account,
    stories: Iterable[tuple[str, Sequence[Account]]],
    weights: Weights,
    a_day: Mapping[str, int],
) -> str | None:
    """The story that the account joins, of those given with their entries, the lead first: the most alike for
    what is needed; None: it begins its own. Of equals that of the earlier lead, then the lesser id. `a_day`
    says how many entries were published on each day."""
    found = [
        (-surplus, entries[0].published, story)
        for story, entries in stories
        if abs(account.published - entries[0].published) <= WINDOW
        and (surplus := _surplus(account, entries, weights, a_day)) >= 0
    ]
    return min(found)[2] if found else None


def _surplus(
    account: Account, entries: Sequence[Account], weights: Weights, a_day: Mapping[str, int]
) -> float:
    """How much more alike the account is to a story than it must be; negative: it does not join."""
    lead, *others = entries
    if _is_other_event(account, lead):
        return -1.0
    alike, least = likeness(account, lead, weights), least_likeness(account, lead, weights, a_day)
    if alike >= least or alike < SUPPORTED * least:
        return alike - least
    is_supported = any(
        not _is_other_event(account, other)
        and likeness(account, other, weights) >= least_likeness(account, other, weights, a_day)
        for other in others
    )
    return 0.0 if is_supported else alike - least


def _is_other_event(account: Account, lead: Account) -> bool:
    """Whether the titles say that there are two events, however alike the texts are."""
    return (
        _is_title_of_many(account, lead)
        or _has_other_name(account, lead)
        or _has_other_part(account, lead)
        or _is_on_other_market(account, lead)
        or _looks_ahead(account, lead)
        or _is_next_count(account, lead)
    )


def least_likeness(account: Account, lead: Account, weights: Weights, a_day: Mapping[str, int]) -> float:
    """How alike the two must be."""
    if account.publisher == lead.publisher and (
        len(account.title & lead.title) < _COLUMN or _digits(account.in_order) != _digits(lead.in_order)
    ):
        return REPEAT
    if _needs_copy(account, lead):
        return COPY
    least = VAGUE if account.is_vague or lead.is_vague else ALIKE
    alone = 0.0 if account.summary and lead.summary else TITLES_ALONE
    subjects = (_first(account.in_order) not in lead.words) + (_first(lead.in_order) not in account.words)
    untold = max(_untold(account, lead, weights), _untold(lead, account, weights))
    busy = math.log1p(_between(account, lead, a_day))
    return least + alone + SUBJECT * subjects + UNTOLD * untold + BUSY * busy


def _untold(one: Account, other: Account, weights: Weights) -> float:
    """How much of what the one's title says the other account says nowhere, by weight: 0 to 1."""
    return _sum(one.title - other.words, weights) / (_sum(one.title, weights) or 1.0)


def _between(one: Account, other: Account, a_day: Mapping[str, int]) -> float:
    """About how many entries were published between the two. Of the same time, as where only days are known,
    they count as far apart as two times of one day are on average."""
    most = max(a_day.get(day_of(one), 0), a_day.get(day_of(other), 0))
    apart = abs(one.published - other.published) or timedelta(hours=8)
    return most * (apart / timedelta(days=1))


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
    if _needs_copy(one, other) or one.is_vague or other.is_vague:
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


def _needs_copy(one: Account, lead: Account) -> bool:
    is_other = bool(one.versions) and bool(lead.versions) and one.versions.isdisjoint(lead.versions)
    return one.publisher == lead.publisher or is_other or _is_next_of_daily(one, lead)


def _is_next_of_daily(one: Account, lead: Account) -> bool:
    """Whether both titles are of what is said daily ("The latest numbers", "Watch: governor gives briefing"),
    half a day apart."""
    titles = (one.in_order, lead.in_order)
    are_daily = all(title[:1] == ("watch",) or _DAILY & {*title} for title in titles)
    return are_daily and abs(one.published - lead.published) > _AGAIN


def _first(title: Sequence[str]) -> str:
    """The word that a title begins with, but for function words."""
    return next((word for word in title if word not in FUNCTION_WORDS), "")


def _has_other_name(one: Account, lead: Account) -> bool:
    """Whether the titles are word for word the same but for who or what they are about, as "X raises $20
    million" and "Y raises $20 million": where they begin, or after a preposition, words stand that the other
    has nowhere. In titles of one publisher they may stand anywhere ("Every men's final", "Every women's")."""
    texts = (one.in_order, lead.in_order)
    start = _common(*texts)
    end = _common(*(text[start:][::-1] for text in texts))
    slots = [text[start : len(text) - end] for text in texts]
    mine, others = (frozenset(slot) - FUNCTION_WORDS for slot in slots)
    if len(slots[0]) == len(slots[1]):  # "Energy harvesting market", "Wave energy market"
        mine, others = mine - others, others - mine
    if not mine or not others or start + end < max(_TEMPLATE, *map(len, slots)):
        return False
    is_named = start == 0 or one.in_order[start - 1] in _BEFORE_NAMES or one.publisher == lead.publisher
    return is_named and lead.words.isdisjoint(mine) and one.words.isdisjoint(others)


def _has_other_part(one: Account, lead: Account) -> bool:
    """Whether the titles name other parts of one name ("North Dakota", "South Dakota")."""
    mine, others = ({pair for pair in pairwise(text.in_order) if pair[0] in _PARTS} for text in (one, lead))
    return any(name == other for _, name in mine - others for _, other in others - mine)


def _is_on_other_market(one: Account, lead: Account) -> bool:
    """Whether the titles are of reports on two markets, which all say the same of them ("Lamps market: size,
    share and forecast", "Smart lamps market size and trends")."""
    titles = [text.in_order for text in (one, lead) if "market" in text.in_order]
    markets = {frozenset(text[: text.index("market")]) for text in titles if _REPORT & {*text}}
    return len(markets) == 2


def _is_title_of_many(one: Account, lead: Account) -> bool:
    """Whether there is too little to tell two texts from one: a vague title, and not both with a summary.
    Pages that were read badly are all "Learn more"."""
    return (one.is_vague or lead.is_vague) and not (one.summary and lead.summary)


def _looks_ahead(one: Account, other: Account) -> bool:
    """Whether only one of the titles says what is yet to come ("Senate set to vote on X")."""
    ahead, other_ahead = (not _AHEAD.isdisjoint(pairwise(text.in_order)) for text in (one, other))
    return ahead != other_ahead


def _is_next_count(one: Account, other: Account) -> bool:
    """Whether the titles name other numbers, or begin with other ones, half a day apart ("3 new cases in one
    town", "One new case")."""
    numbers, others = _numbers(one.in_order), _numbers(other.in_order)
    if not numbers or not others or abs(one.published - other.published) <= _AGAIN:
        return False
    begins, other_begins = _numbers(one.in_order[:1]), _numbers(other.in_order[:1])
    return numbers.isdisjoint(others) or bool(begins and other_begins and begins != other_begins)


def _numbers(title: Sequence[str]) -> frozenset[str]:
    spelt = (str(_NUMBERS.index(word) + 1) for word in title if word in _NUMBERS)
    return frozenset((*spelt, *_digits(title)))


def _digits(title: Sequence[str]) -> list[str]:
    return list(filter(str.isdigit, title))


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """How many words both begin with."""
    return len([*takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))])


def _sum(words: Iterable[str], weights: Weights) -> float:
    return sum(map(weights.__getitem__, words))


def _share(shared: float, of: float) -> float:
    return shared / math.sqrt(of) if shared else 0.0
