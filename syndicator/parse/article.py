"""One file to an Article, by its source's rules, or to the problem that it has.

What an article must have: a title, a link and a date, each sound. What decides whether it is shown (flags,
times, guid, quality, topics) is a problem where it is malformed; what decorates it is left out. Lengths: a
title is cut at 500 characters, an excerpt at 2,000, a name at 200.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import assert_never
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from syndicator.errors import ArticleError
from syndicator.models import Article
from syndicator.parse.article_link import article_link
from syndicator.parse.content import (
    plain_summary,
    render_body,
    without_liquid,
    without_markdown,
    without_shortcodes,
)
from syndicator.parse.fields import Fields, as_text, read_moment
from syndicator.parse.front_matter import FrontMatter, begins_with_front_matter, read_front_matter
from syndicator.parse.identity import canonical_link, revision
from syndicator.parse.media import encoded_image, read_images, read_provider, read_related
from syndicator.parse.profiles import ArticleRule, FileFacts, profile, read_path
from syndicator.settings.models import Source
from syndicator.settings.types import Field, Tool
from syndicator.text import plain_line, visible, without_tags
from syndicator.urls import encoded
from syndicator.yaml_reader.scalars import Value

LONGEST_TITLE = 500
LONGEST_SUMMARY = 2_000
LONGEST_TYPE = 50
MOST_TOPICS = 100
"""Real sites give 60 to one article. Each has feeds of its own."""
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")
_HIDING = frozenset({"draft", "publishdate", "pubdate", "published", "expirydate", "unpublishdate"})
"""Keys of Hugo by which a page may be hidden."""
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!-~]{1,500}")


def parse_article(data: bytes, *, source: Source, path: str) -> Article | None:
    """The article in the file at `path`, or None where the source's tool would not take it for one.

    None: Hugo's section pages (`_index.md`), headless pages, translations, and pages without a date
    (`about.md`); in a Jekyll folder what is neither dated nor a draft, drafts without a date, what lies in
    `_posts` without a date in its name, and what lies in collections that `permalink` does not name.
    Raises ArticleError with place and fix for everything else that cannot be read as an article, and for a
    section page whose `cascade` hides articles.
    """
    tool = source.profile
    # Below Hugo's `content` a folder such as `resources` is a section.
    is_content = "content" in (source.path.name, source.path.parent.name)
    of_tool = f"content/{path}" if tool is Tool.HUGO and is_content else path
    collections = source.permalink if isinstance(source.permalink, Mapping) else ()
    facts = read_path(tool, of_tool, source.languages, collections)
    optional = facts.rule is ArticleRule.IF_DATED
    if facts.rule is ArticleRule.SECTION:
        _refuse_hiding(data)
        return None
    if facts.rule is ArticleRule.NOT or (optional and not begins_with_front_matter(data)):
        return None
    if optional and tool is Tool.JEKYLL and "_posts" in (*source.path.parts, *facts.folders):
        return None  # whatever its `date` (DATE_FILENAME_MATCHER of Jekyll's lib/jekyll/document.rb)
    matter = read_front_matter(data)
    fields = Fields(matter, profile(tool, tuple(source.fields.items())))
    if (optional or facts.draft) and not facts.date and fields.first(Field.PUBLISHED) is None:
        return None
    if tool is Tool.HUGO and (_hidden_page(matter.fields) or _is_begun(fields)):
        return None
    return _article(matter, fields, facts, source, path)


def _article(matter: FrontMatter, fields: Fields, facts: FileFacts, source: Source, path: str) -> Article:
    zone, tool = source.zone, source.profile
    published = _published(fields, facts, source)
    link, derived = article_link(fields, facts, source, path, published)
    base, below = _pictures_in(source, path, link)
    markdown, embedded = _without_tags(matter.body, source), fields.text(Field.EMBEDDED) or ""
    body = render_body(markdown, base_url=link, embedded=embedded, first_line=matter.body_line)
    excerpt = without_tags((fields.text(Field.SUMMARY) or "")[: LONGEST_SUMMARY * 8])
    publisher, others = fields.first(Field.PROVIDER), fields.first(Field.RELATED)
    article = Article(
        source=source.name,
        path=path,
        title=_title(fields, facts, tool),
        link=link,
        canonical_link=canonical_link(link),
        published=published,
        revision="",
        summary=plain_line(without_markdown(excerpt), LONGEST_SUMMARY) or plain_summary(body),
        body=body,
        images=read_images((found.value for found in fields.all(Field.IMAGES)), base, below),
        provider=read_provider(publisher.value, base) if publisher else None,
        authors=fields.names(Field.AUTHORS),
        topics=_topics(fields, facts),
        type=plain_line(fields.text(Field.TYPE) or "", LONGEST_TYPE) or "article",
        language=_language(fields),
        related=read_related(others.value, zone, LONGEST_TITLE) if others else (),
        modified=_modified(fields, zone),
        expires=fields.moment(Field.EXPIRES, zone),
        draft=(marked := facts.draft or fields.flag(Field.DRAFT) is True)
        or (fields.flag(Field.PUBLIC) is False and source.unpublished == "exclude"),
        marked_draft=marked,
        quality=fields.number(Field.QUALITY),
        # -1 is how the tool that writes it says that it does not know.
        heat=None if (heat := fields.number(Field.HEAT)) == -1 else heat,
        guid=_guid(fields),
        derived=derived,
    )
    # Revisions are for ever: they were made of summaries and authors with Markdown as it was written, and of
    # addresses in which a lone `%` stood as it was written.
    written = plain_line(excerpt, LONGEST_SUMMARY)
    revised = revision(article, summary=written, body=f"{embedded}\n{markdown}")
    images = tuple(map(encoded_image, article.images))
    # Links alone: `_`, `*` and `<` may be a name's own.
    authors = tuple(without_markdown(name) if "](" in name else name for name in article.authors)
    return replace(article, revision=revised, link=encoded(link), images=images, authors=authors)


def _pictures_in(source: Source, path: str, link: str) -> tuple[str, str]:
    """What addresses of pictures in front matter are relative to, and the path below which those from the top
    are: as by Jekyll's `absolute_url` and Hugo's `absURL`, in which a bundle's own pictures come first."""
    is_bundle = source.profile is Tool.HUGO and path.rpartition("/")[2].startswith("index.")
    if source.base_url is None or is_bundle:
        return link, ""
    is_jekyll = source.profile is Tool.JEKYLL
    return source.base_url, urlsplit(source.base_url).path.rstrip("/") if is_jekyll else ""


def _without_tags(body: str, source: Source) -> str:
    """A body without what its tool alone can carry out."""
    match source.profile:
        case Tool.JEKYLL:
            return without_liquid(body, source.base_url or "")
        case Tool.HUGO:
            return without_shortcodes(body, by_path=source.permalink is None)
        case Tool.SMARTABLE:
            return body
    assert_never(source.profile)


def _is_begun(fields: Fields) -> bool:
    """Whether it is a draft of which not even the title is written, as `hugo new` may leave it."""
    return fields.flag(Field.DRAFT) is True and not visible(
        plain_line(fields.text(Field.TITLE) or "", LONGEST_TITLE)
    )


def _title(fields: Fields, facts: FileFacts, tool: Tool) -> str:
    title = plain_line(fields.text(Field.TITLE) or "", LONGEST_TITLE)
    if visible(title):
        return title
    if tool is Tool.JEKYLL:
        # What Jekyll makes of a file name (lib/jekyll/utils.rb, titleize_slug).
        named = plain_line(" ".join(word.capitalize() for word in facts.slug.split("-")), LONGEST_TITLE)
        if visible(named):
            return named
    what = "has nothing to see in it" if title else "no title"
    raise fields.problem(Field.TITLE, what, f"Add {fields.keys(Field.TITLE)} with the headline")


def _published(fields: Fields, facts: FileFacts, source: Source) -> datetime:
    published = fields.moment(Field.PUBLISHED, source.zone)
    if published is not None:
        return published
    if facts.date is None:
        # Of other tools a file without a date is no article.
        other = "if this is a Jekyll or Hugo site, set the source's `profile: jekyll` or `profile: hugo`"
        fix = f"Add {fields.keys(Field.PUBLISHED)}, like 2024-01-02T15:04:05Z; {other}"
        raise fields.problem(Field.PUBLISHED, "no date", fix)
    try:
        return read_moment(facts.date, source.zone)
    except ValueError as error:
        what = f"the date in the file's name {error}: {facts.date}"
        raise ArticleError(what, fix="Rename the file to YYYY-MM-DD-title.md, or add a `date`") from None


def _topics(fields: Fields, facts: FileFacts) -> tuple[str, ...]:
    names = fields.names(Field.TOPICS)
    known = {name.casefold() for name in names}
    topics = (*(name for name in facts.categories if name.casefold() not in known), *names)
    if len(topics) > MOST_TOPICS:
        what = f"has {len(topics)} topics, and {MOST_TOPICS} are allowed"
        raise fields.problem(Field.TOPICS, what, "Name the few that it is about")
    return topics


def _language(fields: Fields) -> str | None:
    found = fields.first(Field.LANGUAGE)
    language = ((as_text(found.value) if found else None) or "").strip().replace("_", "-")
    return language if _LANGUAGE.fullmatch(language) else None


def _modified(fields: Fields, zone: ZoneInfo) -> datetime | None:
    with suppress(ArticleError):
        return fields.moment(Field.MODIFIED, zone)
    return None


def _guid(fields: Fields) -> str | None:
    """The article's own guid. Atom wants an IRI (RFC 4287 4.2.6), and one guid serves all formats."""
    guid = fields.text(Field.GUID)
    if guid is not None and not _URI.fullmatch(guid):
        fix = "Write it like urn:uuid:…, tag:example.org,2024:name or https://example.org/id"
        raise fields.problem(Field.GUID, "is no URI", fix)
    return guid


def _hidden_page(keys: Mapping[str, Value]) -> bool:
    """Hugo's own ways to keep a page out of lists: `headless`, and `build` with `render` or `list: never`."""
    fields = {key.lower(): value for key, value in keys.items()}
    build = fields.get("build") or fields.get("_build")
    never = ("never", False, "false")
    return fields.get("headless") is True or (
        isinstance(build, dict) and (build.get("render") in never or build.get("list") in never)
    )


def _refuse_hiding(section: bytes) -> None:
    """Raises ArticleError where the `cascade` of a section may hide what lies below it, which is read without
    it (gohugo.io/content-management/front-matter/#cascade)."""
    try:
        matter = read_front_matter(section)
    except ArticleError:
        return  # Hugo reads none either
    key = next((key for key in matter.fields if key.lower() == "cascade"), "")
    cascade = matter.fields.get(key)
    for one in cascade if isinstance(cascade, list) else [cascade]:
        values = one if isinstance(one, dict) else {}
        given = {name.lower() for name, value in values.items() if value not in (False, None)}
        if given & _HIDING or _hidden_page(values):
            what = "`cascade` hides articles below this folder, which are read without it and so are public"
            fix = "Write what it says (`draft`, `expiryDate`, `build`, …) into each of them"
            raise matter.document.problem(what, fix, key)
