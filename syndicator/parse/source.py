"""How the files of one source are read, and the address of an article on the source's own site."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from syndicator.parse.fields import Fields
from syndicator.parse.permalinks import DEFAULTS, own_path
from syndicator.parse.profiles import FileFacts, profile_of
from syndicator.settings.models import Source
from syndicator.settings.permalinks import check_pattern
from syndicator.settings.types import Field
from syndicator.urls import http_link


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """An article's address. `derived`: made of the source's `base_url`, and so meant for one file alone."""

    address: str
    derived: bool


def article_link(
    fields: Fields,
    facts: FileFacts,
    source: Source,
    path: str,
    published: datetime,
) -> Link:
    """The article's own link, else its address on the source's site by the tool's rule.

    Raises ArticleError where it has neither or where what it has is no address.
    """
    own = fields.text(Field.LINK)
    if own is None:
        return _on_site(fields, facts, source, path, published)
    try:
        return Link(address=http_link(own), derived=False)
    except ValueError as error:
        fix = "Write an absolute address such as https://example.org/page"
        raise fields.problem(Field.LINK, str(error), fix) from None


def _on_site(
    fields: Fields,
    facts: FileFacts,
    source: Source,
    path: str,
    published: datetime,
) -> Link:
    address = fields.text(Field.ADDRESS)
    try:
        if address and address.startswith(("http://", "https://")):
            return Link(address=http_link(address), derived=False)
        if source.base_url is None:
            keys = fields.keys(Field.LINK)
            fix = "et the source's `base_url`"
            raise fields.problem(Field.LINK, "no link", f"Add {keys}, or s{fix}" if keys else f"S{fix}")
        own = own_path(
            _pattern(fields, address) or check_pattern(source.permalink or DEFAULTS[source.profile]),
            tool=source.profile,
            path=path,
            facts=facts,
            slug=fields.text(Field.SLUG) or facts.slug,
            categories=(*facts.categories, *fields.names(Field.TOPICS, profile_of(source).categories)),
            local=published.astimezone(source.zone),
        )
        on_site = http_link(f"{source.base_url.rstrip('/')}/{own.lstrip('/')}")
        return Link(address=on_site, derived=True)
    except ValueError as error:
        raise fields.problem(Field.ADDRESS, f"makes a link that {error}", "Shorten or correct it") from None


def _pattern(fields: Fields, address: str | None) -> str | None:
    try:
        return check_pattern(address) if address else None
    except ValueError as error:
        raise fields.problem(Field.ADDRESS, str(error), "Use a path such as /2024/title/") from None
