"""The words of a text, as they are compared."""

from __future__ import annotations

import re
import unicodedata

_MARKS = (
    "\u0300-\u036f\u0591-\u05bd\u05bf-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u0900-\u0963\u0966-\u0dff"
    "\u0e31-\u0e4e\u0eb1-\u0ece\u0f71-\u0f84\u0f8d-\u0fbc\u102b-\u109f\u17b4-\u17d3"
)
"""Vowels and other marks that stand in words and are no letters to Python: of Hebrew, Arabic, the scripts of
India, Thai, Lao, Tibetan, Myanmar, Khmer."""
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_WORD = re.compile(r"[^\W_]+(?:\.[^\W_]+)*")
_MARKED_WORD = re.compile(rf"(?:[^\W_]|[{_MARKS}])+(?:\.(?:[^\W_]|[{_MARKS}])+)*")
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u30ff\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]+"
)
"""Thai, Lao, Myanmar, Khmer, kana and Han, which write no blanks: taken two characters at a time."""


def words_of(text: str) -> list[str]:
    """The words of a text, folded; a plural `s` and a genitive dropped.

    >>> words_of("Microsoft’s 2 Starlink satellites, v1.2"), words_of("東京電力の AI")
    (['microsoft', '2', 'starlink', 'satellite', 'v1.2'], ['東京', '京電', '電力', '力の', 'ai'])
    """
    folded = text.lower() if text.isascii() else unicodedata.normalize("NFKC", text).casefold()
    folded = _THOUSANDS.sub("", folded.replace("’", "'"))
    found = (_WORD if folded.isascii() else _MARKED_WORD).findall(folded.replace("'s", "").replace("'", ""))
    if folded.isascii():
        return [_singular(word) for word in found]
    return [part for word in found for part in ([_singular(word)] if word.isascii() else _parts(word))]


def as_written(text: str) -> dict[str, str]:
    """How a text writes its words, by the word; not those of texts without blanks."""
    forms = reversed(_MARKED_WORD.findall(text))
    return {words[0]: form for form in forms if len(words := words_of(form)) == 1}


def _singular(word: str) -> str:
    return word[:-1] if word[-1] == "s" and len(word) > 3 and word[-2] != "s" else word


def _parts(word: str) -> list[str]:
    parts: list[str] = []
    for run in _UNSPACED.findall(word):
        parts += [run[at : at + 2] for at in range(max(1, len(run) - 1))]
    return parts + [rest for rest in _UNSPACED.split(word) if rest]


FUNCTION_WORDS = frozenset(
    words_of(
        "a about after all an and are as at be but by can do for from has have if in into is it its more new"
        " not of on or our out over so that the their this to up was we what when which who why will with you"
        " your"
    )
)
"""What no English title is told by; only needed while the store is too young to know them as common."""
