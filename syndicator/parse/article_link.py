"""The address of an article: its own, else the one that its site's generator gives it.

Sources: jekyllrb.com/docs/permalinks, gohugo.io/content-management/urls.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import assert_never
from urllib.parse import quote, unquote

from syndicator.parse.fields import Fields
from syndicator.parse.profiles import CATEGORIES, FileFacts
from syndicator.settings.models import Source
from syndicator.settings.types import DEFAULT_PERMALINKS, TIMES, TOKEN, Field, Tool, check_pattern
from syndicator.urls import http_link

_SPACES = re.compile(r"(?<=-)\s+|\s+(?=-)")


def article_link(
    fields: Fields, facts: FileFacts, source: Source, path: str, published: datetime
) -> tuple[str, bool]:
    """The article's own link, else its address on the source's site by the tool's rule; and whether it is so
    derived, and thereby meant for one file alone.

    Raises ArticleError where it has neither or where what it has is no address.
    """
    own = fields.text(Field.LINK)
    if own is None:
        # Hugo's days are those that are written.
        zone = fields.offset(Field.PUBLISHED, source.zone) if source.profile is Tool.HUGO else source.zone
        return _on_site(fields, facts, source, path, published.astimezone(zone))
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
            _pattern(fields, address, source) or check_pattern(_of_source(source, facts)),
            tool=source.profile,
            path=path,
            facts=facts,
            slug=fields.text(Field.SLUG),
            title=fields.text(Field.TITLE) or facts.slug,
            names=(*facts.categories, *fields.names(Field.TOPICS, CATEGORIES)),
            local=date,
        )
        return http_link(f"{source.base_url.rstrip('/')}/{own.lstrip('/')}"), True
    except ValueError as error:
        raise fields.problem(Field.ADDRESS, f"makes a link that {error}", "Shorten or correct it") from None


def _pattern(fields: Fields, address: str | None, source: Source) -> str | None:
    if not address:
        return None
    if source.profile is Tool.HUGO and "." not in address:
        address = f"{address}/"  # where Hugo serves it; without the slash it redirects
    try:
        return check_pattern(address)
    except ValueError as error:
        raise fields.problem(Field.ADDRESS, str(error), "Use a path such as /2024/title/") from None


def _of_source(source: Source, facts: FileFacts) -> str:
    permalink = source.permalink
    if isinstance(permalink, Mapping):
        # To Hugo a page at the top is a section of its own.
        at = facts.folders or ((facts.slug,) if source.profile is Tool.HUGO else ())
        folders = ("/".join(at[:depth]) for depth in range(len(at), -1, -1))
        permalink = next((permalink[folder] for folder in folders if folder in permalink), None)
    return permalink or DEFAULT_PERMALINKS[source.profile]


def own_path(
    pattern: str,
    *,
    tool: Tool,
    path: str,
    facts: FileFacts,
    slug: str | None,
    title: str,
    names: Sequence[str],
    local: datetime,
) -> str:
    """The path on its own site of the article at `path`, quoted; `names` are its categories, `local` its date
    in the site's zone."""
    # Hugo writes names otherwise where they come into a pattern; the one for a folder of a language is none.
    is_patterned = tool is Tool.HUGO and DEFAULT_PERMALINKS[tool].strip("/") not in pattern
    of_names, of_slugs = (_in_pattern, _in_pattern) if is_patterned else (_sluggish, _slug)
    of_file = of_names(facts.slug, tool)
    own = of_slugs(slug, tool) if slug else None
    sections = [of_names(folder, tool) for folder in facts.folders]
    stem = path.rsplit(".", 1)[0]
    headline = own or of_file
    if tool is Tool.HUGO:
        headline = _in_pattern(title.replace("/", " "), tool)
    words = {
        "path": stem,
        "sections": "/".join(sections),
        "section": "".join(sections[:1]),
        "categories": "/".join(dict.fromkeys(name.lower() for name in names)),
        "title": headline,
        "slug": _plain_slug(slug or facts.slug) if tool is Tool.JEKYLL else own or headline,
        **dict.fromkeys(("filename", "contentbasename"), of_file),
        **dict.fromkeys(("name", "slugorfilename", "slugorcontentbasename"), own or of_file),
        **(_of_collection(stem) if tool is Tool.JEKYLL else {}),
        "output_ext": ".html",
        **{token: local.strftime(form) for token, form in TIMES.items()},
    }
    filled = TOKEN.sub(lambda found: words.get(found[1], found[0]), pattern)
    return quote(re.sub(r"/{2,}", "/", filled), safe="/%:~!$&'()+,;=@", errors="replace")


def _of_collection(stem: str) -> dict[str, str]:
    """Jekyll's words for a file by its place in its collection (lib/jekyll/drops/url_drop.rb).

    >>> _of_collection("_events/2024/2024-01-02-Our_Day")
    {'path': '2024/2024-01-02-Our_Day', 'name': '2024-01-02-our-day'}
    """
    path = stem.partition("/")[2] if stem.startswith("_") else stem
    return {"path": path, "name": _plain_slug(path.rpartition("/")[2])}


def _sluggish(name: str, tool: Tool) -> str:
    """The name of a file or folder as the tool writes it in an address.

    Jekyll has hyphens for what it does not take; Hugo, in lower case, for blanks alone.

    >>> [_sluggish("What's New? & C++", tool) for tool in (Tool.SMARTABLE, Tool.JEKYLL, Tool.HUGO)]
    ["What's New? & C++", "What's-New-&-C++", 'whats-new--c++']
    """
    match tool:
        case Tool.SMARTABLE:
            return name
        case Tool.JEKYLL:
            taken = (c if _is_word(c) or c in "._~!$&'()+,;=@" else "-" for c in name)
            return re.sub("-+", "-", "".join(taken)).strip("-")
        case Tool.HUGO:
            return "".join(filter(_hugo_takes, re.sub(r"\s", "-", name.lower())))
    assert_never(tool)


def _slug(words: str, tool: Tool) -> str:
    """A headline, or a slug from the front matter, as the tool writes it in an address.

    >>> [_slug("What's New? & C++", tool) for tool in (Tool.SMARTABLE, Tool.JEKYLL, Tool.HUGO)]
    ["What's New? & C++", "What's-New-&-C++", 'whats-new-c++']
    """
    if tool is not Tool.HUGO:
        return _sluggish(words, tool)
    kept = "".join(c for c in unquote(words).lower() if c.isspace() or _hugo_takes(c))
    return "-".join(_SPACES.sub("", kept).split())


def _in_pattern(words: str, tool: Tool) -> str:
    """What Hugo puts for a token of a permalink, in which a plus becomes a blank (hugo 0.168).

    >>> [_in_pattern(words, Tool.HUGO) for words in ("C++ & more", "a+b", "a - b")]
    ['c-more', 'a-b', 'a-b']
    """
    return _slug(_slug(words, tool).replace("+", " "), tool)


def _plain_slug(words: str) -> str:
    """What `:slug` is to Jekyll.

    >>> _plain_slug("What's New? & C++")
    'what-s-new-c'
    """
    kept = (c if _is_word(c) else " " for c in words.lower())
    return "-".join("".join(kept).split())


def _hugo_takes(character: str) -> bool:
    """As Hugo's common/paths, Sanitize."""
    return _is_word(character) or character in "-._~#+@/"


def _is_word(character: str) -> bool:
    """Whether it is a letter, mark or digit of any script."""
    return unicodedata.category(character)[0] in "LM" or character.isdecimal()
