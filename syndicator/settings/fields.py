"""The tools whose folders are read, and the fields of an entry that a source may take from other keys."""

from __future__ import annotations

from enum import StrEnum


class Tool(StrEnum):
    SMARTABLE = "smartable"
    JEKYLL = "jekyll"
    HUGO = "hugo"


class Field(StrEnum):
    """What a source may override: the fields of an entry, and what decides on them."""

    TITLE = "title"
    SUMMARY = "summary"
    LINK = "link"
    """The article's own absolute address."""
    PUBLISHED = "published"
    """The time of publishing."""
    MODIFIED = "modified"
    EXPIRES = "expires"
    PUBLIC = "public"
    """A flag: false makes a draft."""
    DRAFT = "draft"
    """A flag: true makes a draft."""
    TOPICS = "topics"
    """All keys are read, not only the first that is there; so too of authors and images."""
    AUTHORS = "authors"
    IMAGES = "images"
    PROVIDER = "provider"
    TYPE = "type"
    LANGUAGE = "language"
    RELATED = "related"
    QUALITY = "quality"
    HEAT = "heat"
    GUID = "guid"
    EMBEDDED = "embedded"
    """Raw HTML that stands above the body."""
    SLUG = "slug"
    ADDRESS = "address"
    """A path on the source's own site, or a Jekyll permalink template."""
