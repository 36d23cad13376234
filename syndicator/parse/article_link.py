"""The address of an article: its own, else the one that its site's generator gives it.

Sources: jekyllrb.com/docs/permalinks, gohugo.io/content-management/urls.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import quote

from syndicator.parse.fields import Fields
from syndicator.parse.profiles import CATEGORIES, FileFacts
from syndicator.settings.models import Source
from syndicator.settings.types import TIMES, TOKEN, Field, Tool, check_pattern
from syndicator.urls import http_link

DEFAULTS = {
    Tool.SMARTABLE: "/:path",
    Tool.JEKYLL: "/:categories/:year/:month/:day/:title.html",
    Tool.HUGO: "/:sections/:slug/",
}
_UNSLUGGISH = re.compile(r"[^\w.~!$&'()+,;=@-]+")


def article_link(
    fields: Fields, facts: FileFacts, source: Source, path: str, published: datetime
) -> tuple[str, bool]:
    """The article's own link, else its address on the source's site by the tool's rule; and whether it is so
    derived, and thereby meant for one file alone.

    Raises ArticleError where it has neither or where what it has is no address.
    """
    own = fields.text(Field.LINK)
    if own is None:
        return _on_site(fields, facts, source, path, published.astimezone(source.zone))
    try:
        return http_link(own), False
    except ValueError as error:
        fix = "Write an absolute address such as https://example.org/page"
        raise fields.problem(Field.LINK, str(error), fix) from None


def _on_site(fields: Fields, facts: FileFacts, source: Source, path: str, date: datetime) -> tuple[str, bool]:
    address = fields.text(Field.ADDRESS)
    try:
        if address and address.startswith(("http://", "https://")):
            return http_link(address), False
        if source.base_url is None:
            add = f"Add {keys}, or set" if (keys := fields.keys(Field.LINK)) else "Set"
            raise fields.problem(Field.LINK, "no link", f"{add} the source's `base_url`")
        own = own_path(
            _pattern(fields, address) or check_pattern(source.permalink or DEFAULTS[source.profile]),
            tool=source.profile,
            path=path,
            facts=facts,
            slug=fields.text(Field.SLUG) or facts.slug,
            names=(*facts.categories, *fields.names(Field.TOPICS, CATEGORIES)),
            local=date,
        )
        return http_link(f"{source.base_url.rstrip('/')}/{own.lstrip('/')}"), True
    except ValueError as error:
        raise fields.problem(Field.ADDRESS, f"makes a link that {error}", "Shorten or correct it") from None


def _pattern(fields: Fields, address: str | None) -> str | None:
    try:
        return check_pattern(address) if address else None
    except ValueError as error:
        raise fields.problem(Field.ADDRESS, str(error), "Use a path such as /2024/title/") from None


def own_path(
    pattern: str, *, tool: Tool, path: str, facts: FileFacts, slug: str, names: Sequence[str], local: datetime
) -> str:
    """The path on its own site of the article at `path`, quoted; `names` are its categories, `local` its date
    in the site's zone."""
    slug = slug if tool is Tool.SMARTABLE else _sluggish(slug, tool)
    sections = [_sluggish(folder, tool) for folder in facts.folders]
    words = {
        "path": path.rsplit(".", 1)[0],
        "sections": "/".join(sections),
        "section": "".join(sections[:1]),
        "categories": "/".join(dict.fromkeys(name.lower() for name in names)),
        **dict.fromkeys(("title", "slug", "name", "filename"), slug),
        "output_ext": ".html",
        **{token: local.strftime(form) for token, form in TIMES.items()},
    }
    filled = TOKEN.sub(lambda found: words.get(found[1], found[0]), pattern)
    return quote(re.sub(r"/{2,}", "/", filled), safe="/%:~!$&'()+,;=@", errors="replace")


def _sluggish(slug: str, tool: Tool) -> str:
    """A name as the tool writes it in an address: Hugo in lower case; either with hyphens for the rest."""
    name = _UNSLUGGISH.sub("-", slug).strip("-")
    return name.lower() if tool is Tool.HUGO else name
