"""What a `permalink` may say, of a source or a Jekyll article: a path with placeholders, or a style (pure).

Source: jekyllrb.com/docs/permalinks.
"""

from __future__ import annotations

import re

_STYLES = {
    "date": "/:categories/:year/:month/:day/:title.html",
    "pretty": "/:categories/:year/:month/:day/:title/",
    "ordinal": "/:categories/:year/:y_day/:title.html",
    "none": "/:categories/:title.html",
}
TOKEN = re.compile(r":([a-z_]+)")
TIMES = {
    "year": "%Y", "short_year": "%y", "month": "%m", "i_month": "%-m", "day": "%d", "i_day": "%-d",
    "y_day": "%j", "hour": "%H", "minute": "%M", "second": "%S",
}  # fmt: skip
_WORDS = ("path", "sections", "section", "categories", "title", "slug", "name", "filename", "output_ext")
_TOKENS = frozenset((*_WORDS, *TIMES))


def check_pattern(pattern: str) -> str:
    """`pattern`, or the pattern that Jekyll's style of that name stands for.

    Raises ValueError for a placeholder that is not known.
    """
    pattern = _STYLES.get(pattern, pattern)
    unknown = [f":{token}" for token in TOKEN.findall(pattern) if token not in _TOKENS]
    if unknown:
        known = " ".join(f":{token}" for token in sorted(_TOKENS))
        raise ValueError(f"{', '.join(unknown)} is not known; there are {known}")
    return pattern
