"""Names of topics: how they compare, and what stands for them in an address (pure)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Container

from syndicator.models import ALL
from syndicator.text import fold

LONGEST = 80
"""Characters of a slug, so that it is a file name everywhere and an address that can be read aloud."""

RESERVED = frozenset({ALL, "aux", "con", "nul", "prn"})
"""`all` is the feed of all topics together; the others cannot be folders on every host."""

_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?")
_PLAIN = re.compile(r"[a-z0-9]+(?: [a-z0-9]+)*")
_SPOKEN = (
    (re.compile(r"(?<!\S)\.(?=\w)"), "dot "),
    (re.compile(r"(?<=\w)#"), " sharp "),
    (re.compile(r"\+"), " plus "),
    (re.compile(r"&"), " and "),
    (re.compile(r"@"), " at "),
)
"""Signs that tell one name from another (C, C++, C#; Net, .NET) and would be lost as punctuation."""


def make_slug(name: str) -> str:
    """A path segment for any name: `a-z`, `0-9` and single hyphens, 1 to 80 characters, none reserved.

    The same for all spellings of one name. A name without any letter or digit gets one made of its hash.

    >>> [make_slug(name) for name in ("C++", "C#", ".NET", "ASP.NET", "日本語", "R&D", "All")]
    ['c-plus-plus', 'c-sharp', 'dot-net', 'asp-net', 'ri-ben-yu', 'r-and-d', 'all-topic']
    """
    key = fold(name)
    slug = key.replace(" ", "-") if _PLAIN.fullmatch(key) else _spelt_out(key)
    slug = slug[:LONGEST].rstrip("-") or f"topic-{name_hash(key, 8)}"
    return f"{slug}-topic" if slug in RESERVED else slug


def _spelt_out(key: str) -> str:
    from slugify import slugify  # its tables take time to load, and most names need none

    for sign, word in _SPOKEN:
        key = sign.sub(word, key)
    return slugify(key, max_length=LONGEST, word_boundary=False)


def is_slug(text: str) -> bool:
    """Whether a slug that a topic file gives can stand as it is."""
    return bool(_SLUG.fullmatch(text)) and len(text) <= LONGEST and text not in RESERVED


def free_slug(wanted: str, key: str, taken: Container[str]) -> str:
    """The wanted slug, or where it is taken the slug with a short hash of the name's key, never a counter:
    a hash does not depend on who came first among the others.
    """
    if wanted not in taken:
        return wanted
    endings = (f"-{name_hash(key, digits)}" for digits in range(6, 43, 2))
    slugs = (wanted[: LONGEST - len(ending)].rstrip("-._") + ending for ending in endings)
    return next(slug for slug in slugs if slug not in taken)


def name_hash(key: str, digits: int) -> str:
    """The first hexadecimal digits of the key's SHA-256; lone surrogates count as their code points."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:digits]
