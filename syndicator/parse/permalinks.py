"""The address that a site generator gives an article which names none: Jekyll's and Hugo's own rules.

Sources: jekyllrb.com/docs/permalinks, gohugo.io/content-management/urls.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import quote

from syndicator.errors import SettingsError
from syndicator.parse.profiles import FileFacts, Tool

DEFAULTS = {
    Tool.SMARTABLE: "/:path",
    Tool.JEKYLL: "/:categories/:year/:month/:day/:title.html",
    Tool.HUGO: "/:sections/:slug/",
}
_STYLES = {
    "date": "/:categories/:year/:month/:day/:title.html",
    "pretty": "/:categories/:year/:month/:day/:title/",
    "ordinal": "/:categories/:year/:y_day/:title.html",
    "none": "/:categories/:title.html",
}
_TOKEN = re.compile(r":([a-z_]+)")
_TIMES = {
    "year": "%Y", "short_year": "%y", "month": "%m", "i_month": "%-m", "day": "%d", "i_day": "%-d",
    "y_day": "%j", "hour": "%H", "minute": "%M", "second": "%S",
}  # fmt: skip
_WORDS = ("path", "sections", "section", "categories", "title", "slug", "name", "filename", "output_ext")
_TOKENS = frozenset((*_WORDS, *_TIMES))
_UNSLUGGISH = re.compile(r"[^\w.~!$&'()+,;=@-]+")


def check_pattern(pattern: str) -> str:
    """`pattern`, or the pattern that Jekyll's style of that name stands for.

    Raises SettingsError for a placeholder that is not known.
    """
    pattern = _STYLES.get(pattern, pattern)
    unknown = [f":{token}" for token in _TOKEN.findall(pattern) if token not in _TOKENS]
    if unknown:
        known = " ".join(f":{token}" for token in sorted(_TOKENS))
        raise SettingsError([f"permalink: {', '.join(unknown)} is not known; there are {known}"])
    return pattern


def own_path(
    pattern: str,
    *,
    tool: Tool,
    path: str,
    facts: FileFacts,
    slug: str,
    categories: Sequence[str],
    local: datetime,
) -> str:
    """The path on its own site of the article at `path`, quoted; `local` is its date in the site's zone."""
    name = slug if tool is Tool.SMARTABLE else _sluggish(slug, tool)
    sections = [_sluggish(folder, tool) for folder in facts.folders]
    words = {
        "path": path.rsplit(".", 1)[0],
        "sections": "/".join(sections),
        "section": "".join(sections[:1]),
        "categories": "/".join(dict.fromkeys(category.lower() for category in categories)),
        **dict.fromkeys(("title", "slug", "name", "filename"), name),
        "output_ext": ".html",
        **{token: local.strftime(form) for token, form in _TIMES.items()},
    }
    filled = _TOKEN.sub(lambda found: words.get(found[1], found[0]), pattern)
    return quote(re.sub(r"/{2,}", "/", filled), safe="/%:~!$&'()+,;=@", errors="replace")


def _sluggish(slug: str, tool: Tool) -> str:
    """A name as the tool writes it in an address: Hugo in lower case; either with hyphens for the rest."""
    name = _UNSLUGGISH.sub("-", slug).strip("-")
    return name.lower() if tool is Tool.HUGO else name
