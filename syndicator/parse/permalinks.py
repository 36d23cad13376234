"""The address that a site generator gives an article which names none: Jekyll's and Hugo's own rules.

Sources: jekyllrb.com/docs/permalinks, gohugo.io/content-management/urls.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import quote

from syndicator.parse.profiles import FileFacts
from syndicator.settings.permalinks import TIMES, TOKEN
from syndicator.settings.types import Tool

DEFAULTS = {
    Tool.SMARTABLE: "/:path",
    Tool.JEKYLL: "/:categories/:year/:month/:day/:title.html",
    Tool.HUGO: "/:sections/:slug/",
}
_UNSLUGGISH = re.compile(r"[^\w.~!$&'()+,;=@-]+")


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
        **{token: local.strftime(form) for token, form in TIMES.items()},
    }
    filled = TOKEN.sub(lambda found: words.get(found[1], found[0]), pattern)
    return quote(re.sub(r"/{2,}", "/", filled), safe="/%:~!$&'()+,;=@", errors="replace")


def _sluggish(slug: str, tool: Tool) -> str:
    """A name as the tool writes it in an address: Hugo in lower case; either with hyphens for the rest."""
    name = _UNSLUGGISH.sub("-", slug).strip("-")
    return name.lower() if tool is Tool.HUGO else name
