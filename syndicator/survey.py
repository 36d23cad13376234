"""A first look at a folder: whose articles they are, where they lie, and what its site says of itself.

A profile is not guessed from names: a sample of the files is read by each, and the one that understands most
of them is taken; the site's own configuration decides where its tool understands at least half of that.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import yaml

from syndicator.errors import ArticleError
from syndicator.parse.article import parse_article
from syndicator.parse.topic_file import parse_topic_file
from syndicator.settings.models import Site, Source
from syndicator.settings.types import Tool
from syndicator.watch.files import Reading, read_article, scan

SAMPLE = 60
"""So many files, evenly spread, are read by each profile."""
ANY_SITE = "https://www.example.org/"
"""Stands for the site's address while profiles are tried."""
JEKYLL_FILES = ("_config.yml", "_config.yaml")
HUGO_FILES = ("hugo.toml", "hugo.yaml", "hugo.yml", "hugo.json", "config.toml", "config.yaml", "config.yml")
BESIDE = ("readme.md", "changelog.md", "contributing.md", "license.md", "code_of_conduct.md")
"""What stands in most repositories and is no article."""
TOPIC_FOLDERS = ("_data/topics", "data/topics", "topics")


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What a folder seems to be."""

    articles: Path
    """The folder that a source should name."""
    profile: Tool
    configured_by: Path | None = None
    """The site's own configuration, if it has one."""
    title: str | None = None
    base_url: str | None = None
    language: str | None = None
    permalink: str | None = None
    permalinks: Mapping[str, str] = field(default_factory=dict)
    """Those of some of Hugo's sections, by section, where the articles lie in others too."""
    topics: str | None = None
    """A pattern of topic files."""


def survey(folder: Path) -> Survey | None:
    """What `folder` seems to be; None where no file in it can be read as an article.

    Reads names, at most `SAMPLE` files and the site's configuration. Links are not followed.
    """
    configured_by, tool, configuration = _configuration(folder)
    best, understood = _best_profile(_sample(folder), tool)
    if not understood:
        return None
    articles = _articles_in(folder, best, understood, configuration)
    permalink, permalinks = _permalink(best, configuration, _sections(understood, articles))
    return Survey(
        articles=folder / articles,
        profile=best,
        configured_by=configured_by,
        title=_sound(configuration.get("title"), "title"),
        base_url=_address(configuration),
        language=_sound(_first(configuration, "lang", "languageCode", "locale", "language"), "language"),
        permalink=permalink,
        permalinks=permalinks,
        topics=_topic_pattern(folder),
    )


def _sample(folder: Path) -> dict[str, bytes]:
    paths = sorted(path for path in scan(folder).files if path.rsplit("/", 1)[-1].lower() not in BESIDE)
    sample = paths[:: max(1, len(paths) // SAMPLE)]
    return {path: data for path in sample if (data := _bytes(folder, path)) is not None}


def _bytes(folder: Path, path: str) -> bytes | None:
    try:
        read = read_article(folder, path)
    except (ArticleError, OSError):
        return None
    return read.data if isinstance(read, Reading) else None


def _best_profile(texts: Mapping[str, bytes], tool: Tool | None) -> tuple[Tool, list[str]]:
    """The profile that understands most, or the site's own tool if that is half as good; and what it does."""
    understood = {profile: _understood(texts, profile) for profile in Tool}
    best = max(Tool, key=lambda profile: len(understood[profile]))
    if tool is not None and len(understood[tool]) * 2 >= len(understood[best]):
        best = tool
    return best, understood[best]


def _understood(texts: Mapping[str, bytes], profile: Tool) -> list[str]:
    """The paths of those that are sound articles by this profile."""
    source = Source(name="survey", path=Path(), profile=profile, base_url=ANY_SITE, time_zone="UTC")
    return [path for path, data in texts.items() if _is_article(data, source, path)]


def _is_article(data: bytes, source: Source, path: str) -> bool:
    try:
        article = parse_article(data, source=source, path=path)
    except ArticleError:
        return False
    return article is not None and (not article.derived or source.profile is not Tool.SMARTABLE)


def _articles_in(folder: Path, profile: Tool, paths: Sequence[str], configuration: Mapping[str, Any]) -> str:
    """Where a tool expects its articles; other folders are as narrow as all that was understood allows."""
    if profile is Tool.JEKYLL and any(part in ("_posts", "_drafts") for p in paths for part in p.split("/")):
        return ""
    content = str(_first(configuration, "contentDir") or "content")
    if profile is Tool.HUGO and (folder / content).is_dir():
        return content
    return os.path.commonpath([str(Path(path).parent) for path in paths])


def _configuration(folder: Path) -> tuple[Path | None, Tool | None, Mapping[str, Any]]:
    for tool, names in ((Tool.JEKYLL, JEKYLL_FILES), (Tool.HUGO, HUGO_FILES)):
        for file in (folder / name for name in names):
            if file.is_file():
                return file, tool, _read_configuration(file)
    return None, None, {}


def _read_configuration(file: Path) -> Mapping[str, Any]:
    """Its keys; none where it cannot be read: what it says is a help, and no more."""
    try:
        text = file.read_text(encoding="utf-8-sig")
        # JSON is YAML. Site generators take anchors, which we refuse in what is ours.
        found = tomllib.loads(text) if file.suffix == ".toml" else yaml.safe_load(text)
    except (OSError, ValueError, yaml.YAMLError, RecursionError):
        return {}
    return cast("Mapping[str, Any]", found) if isinstance(found, dict) else {}


def _first(configuration: Mapping[str, Any], *names: str) -> object:
    lower = {str(key).lower(): value for key, value in configuration.items()}
    return next((lower[name.lower()] for name in names if lower.get(name.lower())), None)


def _sound(value: object, field: str) -> str | None:
    """The value as our own setting takes it, or None."""
    if not isinstance(value, str):
        return None
    try:
        site = Site.model_validate({"title": "x", "base_url": ANY_SITE, field: value.strip()})
    except ValueError:
        return None
    return str(getattr(site, field))


def _address(configuration: Mapping[str, Any]) -> str | None:
    """The site's address: Hugo's `baseURL`, Jekyll's `url` with its `baseurl`."""
    url = _first(configuration, "url")
    if isinstance(url, str):
        below = _first(configuration, "baseurl")
        url = url.rstrip("/") + (f"/{below.strip('/')}" if isinstance(below, str) else "")
    else:
        url = _first(configuration, "baseURL")
    return _sound(url if not isinstance(url, str) or url.endswith("/") else f"{url}/", "base_url")


def _sections(paths: Iterable[str], articles: str) -> set[str]:
    """The folders right below that of the articles in which any of them lies; empty for that folder."""
    below = (Path(path).relative_to(articles).parts for path in paths if Path(path).is_relative_to(articles))
    return {parts[0] if len(parts) > 1 else "" for parts in below}


def _permalink(
    profile: Tool, configuration: Mapping[str, Any], sections: Collection[str]
) -> tuple[str | None, dict[str, str]]:
    """The pattern of all addresses, where the site has one and we read it; else those of Hugo's sections."""
    found = _first(configuration, "permalink", "permalinks")
    if isinstance(found, dict):
        found = found.get("page", found)
    if not isinstance(found, dict):
        return _sound_permalink(profile, found), {}
    sound = {name: _sound_permalink(profile, found.get(name)) for name in sections}
    known = {name: pattern for name, pattern in sound.items() if pattern is not None}
    is_one = len(known) == len(sections) and len({*known.values()}) == 1
    return (known.popitem()[1], {}) if is_one else (None, known)


def _sound_permalink(profile: Tool, found: object) -> str | None:
    if not isinstance(found, str):
        return None
    try:
        return Source(name="survey", path=Path(), profile=profile, permalink=found).permalink
    except ValueError:
        return None


def _topic_pattern(folder: Path) -> str | None:
    """Where topic files lie; only if the first is one."""
    for name in TOPIC_FOLDERS:
        for suffix in ("yaml", "yml"):
            files = sorted((folder / name).glob(f"*.{suffix}"))
            if files and _is_topic(files[0]):
                return f"{name}/*.{suffix}"
    return None


def _is_topic(file: Path) -> bool:
    try:
        parse_topic_file(file.read_bytes(), source="survey", path=file.name)
    except (OSError, ArticleError):
        return False
    return True
