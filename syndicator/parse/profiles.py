"""Which front-matter key means what, for each tool whose folders are read, and which files are articles.

A profile is data: for each field of an entry the keys that may hold it, in order of preference; a dotted
key leads into a mapping. A source may override single fields.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache
from typing import TypeAlias, assert_never

from syndicator.settings.models import Source
from syndicator.settings.types import Field, Tool

KeyPath: TypeAlias = tuple[str, ...]
CATEGORIES = frozenset({"categories", "category"})
"""Those of the keys of `topics` that `:categories` in an address stands for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Field to keys, and how strictly the keys are compared (Hugo takes any case)."""

    keys: Mapping[Field, tuple[KeyPath, ...]] = field(repr=False)
    any_case: bool = False
    times_are_utc: bool = False
    """Whether a time with seconds and without an offset is UTC, as Ruby reads YAML, and not of the zone."""
    split_words: frozenset[str] = frozenset()
    """Keys whose text is a list of words, as Jekyll reads `tags: red blue`."""


_COMMON: dict[str, str] = {
    "title": "title", "quality": "quality", "heat": "heat", "guid": "guid", "type": "type",
    "draft": "draft", "public": "published", "language": "lang language", "related": "related",
    "slug": "slug", "provider": "provider", "embedded": "featuredContent",
}  # fmt: skip
_KEYS: dict[Tool, dict[str, str]] = {
    Tool.SMARTABLE: {
        "summary": "excerpt abstract", "link": "webUrl originalUrl sourceUrl",
        "published": "publishedDateTime",
        "modified": "modifiedDateTime", "expires": "expiresDateTime", "topics": "topics",
        "authors": "authors author", "images": "images", "type": "type category",
    },
    Tool.JEKYLL: {
        "summary": "excerpt description", "link": "", "published": "date", "modified": "last_modified_at",
        "expires": "expires", "topics": "categories category tags tag", "authors": "authors author",
        "images": "image images header.image header.teaser thumbnail", "address": "permalink",
    },
    Tool.HUGO: {
        "summary": "description summary", "link": "",
        "published": "publishDate pubdate published date", "modified": "lastmod modified",
        "expires": "expiryDate unpublishdate", "topics": "tags categories",
        "authors": "authors author", "images": "images cover image featured_image thumbnail",
        "language": "languageCode language lang", "address": "url",
    },
}  # fmt: skip


@lru_cache(maxsize=64)
def profile(name: str, overrides: tuple[tuple[str, Sequence[str]], ...] = ()) -> Profile:
    """The profile of a tool, with single fields taken from other keys, in order of preference, where
    `overrides` say so. The names are those of Tool and Field, as the settings hold them."""
    tool = Tool(name)
    keys: dict[str, str | Sequence[str]] = {
        **dict.fromkeys(Field, ""),
        **_COMMON,
        **_KEYS[tool],
        **dict(overrides),
    }
    return Profile(
        keys={Field(field): _paths(written) for field, written in keys.items()},
        any_case=tool is Tool.HUGO,
        times_are_utc=tool is Tool.JEKYLL,
        split_words=frozenset({"categories", "tags"}) if tool is Tool.JEKYLL else frozenset(),
    )


def _paths(written: str | Sequence[str]) -> tuple[KeyPath, ...]:
    names = written.split() if isinstance(written, str) else written
    return tuple(tuple(name.split(".")) for name in names)


# --- what the path of a file says ---------------------------------------------------------------------------

_DATED = re.compile(r"(\d{4}-\d{1,2}-\d{1,2})-(.+)")
_JEKYLL_SKIPPED = frozenset({"node_modules", "vendor"})
_HUGO_SKIPPED = frozenset(
    {"archetypes", "layouts", "themes", "public", "static", "resources", "node_modules"}
)


class ArticleRule(StrEnum):
    """Whether a file is an article by its tool's own rule."""

    ARTICLE = "article"
    NOT = "not an article"
    IF_DATED = "an article if its front matter has a date"
    SECTION = "no article, but what it says may hold for those below its folder"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFacts:
    """What a tool takes from the path of a file: `date` is as written in the name, `folders` from the top."""

    rule: ArticleRule = ArticleRule.ARTICLE
    slug: str
    date: str | None = None
    categories: tuple[str, ...] = ()
    draft: bool = False
    folders: tuple[str, ...] = ()


def read_path(
    tool: Tool, path: str, languages: Sequence[str] = (), collections: Container[str] = ()
) -> FileFacts:
    """The facts in `path`, which is relative to the source's folder and has `/` between its parts.

    `languages` are those of a Hugo site, the default first; `collections` the folders of Jekyll's that are
    read, beside its posts.
    """
    *folders, name = path.split("/")
    stem = name.rsplit(".", 1)[0]
    match tool:
        case Tool.JEKYLL:
            return _jekyll(tuple(folders), stem, collections)
        case Tool.HUGO:
            own, dot, language = stem.rpartition(".")
            if not dot or language.lower() not in map(str.lower, languages):
                return _hugo(tuple(folders), stem)
            facts = _hugo(tuple(folders), own)
            is_default = language.lower() == languages[0].lower()
            return facts if is_default else replace(facts, rule=ArticleRule.NOT)
        case Tool.SMARTABLE:
            dated = _DATED.fullmatch(stem)
            return FileFacts(slug=dated[2] if dated else stem, folders=tuple(folders))
    assert_never(tool)


def _jekyll(folders: tuple[str, ...], stem: str, collections: Container[str]) -> FileFacts:
    dated = _DATED.fullmatch(stem)
    draft = "_drafts" in folders
    at = next((number for number, folder in enumerate(folders) if folder.startswith("_")), len(folders))
    is_post = folders[at : at + 1] in (("_posts",), ("_drafts",))
    is_page = at == len(folders) or "/".join(folders[: at + 1]) in collections
    skipped = not (is_post or is_page) or not _JEKYLL_SKIPPED.isdisjoint(folders)
    return FileFacts(
        rule=ArticleRule.NOT if skipped else ArticleRule.ARTICLE if dated or draft else ArticleRule.IF_DATED,
        slug=dated[2] if dated else stem,
        date=dated[1] if dated else None,
        categories=folders[:at] if is_post else (),
        draft=draft,
        folders=folders,
    )


def _hugo(folders: tuple[str, ...], stem: str) -> FileFacts:
    if folders[:1] == ("content",):
        folders = folders[1:]
    elif folders and folders[0] in _HUGO_SKIPPED:
        return FileFacts(rule=ArticleRule.NOT, slug=stem)
    if stem.split(".")[0] == "_index":  # also `_index.de.md`
        return FileFacts(rule=ArticleRule.SECTION, slug=stem)
    if stem == "index" and folders:
        return FileFacts(rule=ArticleRule.IF_DATED, slug=folders[-1], folders=folders[:-1])
    return FileFacts(rule=ArticleRule.IF_DATED, slug=stem, folders=folders)


def is_resource(source: Source, path: str, there: Sequence[Container[str]]) -> bool:
    """Whether a file of a Hugo site is part of a page, `index.md` beside it or in a folder above, and no page
    itself; `there` are the paths of files."""
    if source.profile is not Tool.HUGO:
        return False
    names = ("index.md", *(f"index.{language}.md" for language in source.languages))
    folder, _, name = path.rpartition("/")
    if name in names:
        folder = folder.rpartition("/")[0]
    while folder not in ("", "content"):
        if any(f"{folder}/{one}" in paths for one in names for paths in there):
            return True
        folder = folder.rpartition("/")[0]
    return False
