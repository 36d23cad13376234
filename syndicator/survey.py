"""A first look at a folder: whose articles they are, where they lie, and what its site says of itself.

A profile is not guessed from names: a sample of the files is read by each, and the one that understands most
of them is taken; articles with addresses elsewhere, and then the site's own configuration, decide where they
are at least half of that.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from syndicator import site_configuration as site
from syndicator.errors import ArticleError
from syndicator.parse.article import parse_article
from syndicator.parse.profiles import is_resource, read_path
from syndicator.settings.models import Source
from syndicator.settings.types import ANY_SITE, Tool
from syndicator.watch.files import read_article, scan

SAMPLE = 60
"""So many files, evenly spread, are read by each profile."""
TOPIC_FILES = "_data/topics/*.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    articles: Path
    """The folder that a source should name."""
    profile: Tool
    configured_by: Path | None = None
    """The site's own configuration, if it has one."""
    generator: str | None = None
    """Whose that is, where the articles are read as its own: jekyll, hugo or hexo."""
    title: str | None = None
    base_url: str | None = None
    language: str | None = None
    time_zone: str | None = None
    permalink: str | Mapping[str, str] | None = None
    fields: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The keys of the articles where they are not the profile's."""
    unknown_permalinks: tuple[str, ...] = ()
    """Those of the site that our own setting does not take."""
    unknown_settings: tuple[str, ...] = ()
    """Others of the site that change links or dates."""
    languages: tuple[str, ...] = ()
    """The site's, the default first, where names of files tell them."""
    other_languages: tuple[str, ...] = ()
    """Those of the site that are not read, whether names or folders tell them."""
    other_collections: tuple[str, ...] = ()
    """Folders of Jekyll's collections that are not read: they have no pages, or links that are not known."""
    collections_beside: tuple[str, ...] = ()
    """Folders of Jekyll's collections that have articles with pages, where the posts alone are read."""
    beside_index: int = 0
    """How many files are left out as parts of a Hugo page, where the tool is not known."""
    topics: str | None = None
    """A pattern of topic files."""


def survey(folder: Path) -> Survey | None:
    """What `folder` seems to be; None where no file in it can be read as an article.

    Reads names, at most `SAMPLE` files and the site's configuration. Links are not followed.
    """
    configured_by, generator, keys = site.find_configuration(folder)
    shown, others = site.collections(keys) if generator is Tool.JEKYLL else ((), ())
    shown_in = [f"{site.jekyll_source(keys)}/{name}".lstrip("/") for name in shown]
    best, understood = _best_profile(_sample(folder), generator, shown_in)
    if not understood:
        return None
    if generator is not best or "base_url" in keys:  # Zola has Hugo's folders, but links of its own
        generator = None
    articles = _articles_in(folder, best, understood, keys)
    of_hexo = site.hexo_permalink(keys) if best is Tool.HUGO and generator is None else None
    best = Tool.SMARTABLE if of_hexo else best
    of_site = site.permalink(generator, keys) if generator else of_hexo
    taken, unknown = _permalink(best, of_site, articles)
    left_out = {*shown, *others} - {*(taken or ())} if articles == site.jekyll_source(keys) else set()
    beside = [name for name in shown_in if any(path.startswith(f"{name}/") for path in understood)]
    return Survey(
        articles=folder / articles,
        profile=best,
        configured_by=configured_by,
        generator="hexo" if of_hexo else generator,
        fields=site.HEXO_FIELDS if of_hexo else {},
        title=site.sound(keys.get("title"), "title"),
        base_url=site.address(keys) or site.address_on_github(folder),
        language=site.sound(site.first(keys, "lang", "languageCode", "locale", "language"), "language"),
        time_zone=site.sound(site.first(keys, "timezone"), "time_zone"),
        permalink=taken,
        unknown_permalinks=unknown,
        unknown_settings=site.unknown_settings(keys) if generator is Tool.HUGO else (),
        languages=_languages_of_names(folder / articles, keys) if best is Tool.HUGO else (),
        other_languages=site.languages(keys)[1:] if best is Tool.HUGO else (),
        other_collections=tuple(sorted(name for name in left_out if (folder / articles / name).is_dir())),
        collections_beside=tuple(beside) if Path(articles).name == "_posts" else (),
        beside_index=_beside_index(folder / articles) if best is Tool.HUGO and not generator else 0,
        topics=TOPIC_FILES if any(folder.glob(TOPIC_FILES)) else None,
    )


def site_above(folder: Path) -> Path | None:
    """The folder of the site that has `folder` as its articles', or two levels down, by its configuration."""
    return next((one for one in folder.resolve().parents[:2] if site.find_configuration(one)[0]), None)


def _sample(folder: Path) -> dict[str, bytes]:
    paths, found = sorted(scan(folder).files), dict[str, bytes]()
    for path in paths[:: max(1, len(paths) // SAMPLE)]:
        with suppress(ArticleError, OSError):
            if (data := read_article(folder, path)) is not None:
                found[path] = data
    return found


def _best_profile(
    texts: Mapping[str, bytes], tool: Tool | None, collections: Iterable[str]
) -> tuple[Tool, list[str]]:
    """The profile that understands most, or one that is half as good and more telling; and what it does.

    Articles that name their own address elsewhere (`smartable`) come before the site's tool, which takes
    them for pages of its own."""
    understood = {profile: _understood(texts, profile, collections) for profile in Tool}
    # Jekyll and Hugo take any file with title and date; a date in its name is Jekyll's way.
    dated = any(read_path(Tool.JEKYLL, path).date for path in understood[Tool.JEKYLL])
    likely = Tool.JEKYLL if dated else Tool.HUGO
    if Tool.JEKYLL not in (likely, tool) and understood[Tool.HUGO]:
        understood[Tool.JEKYLL] = []  # it would make titles of file names
    most = max(understood, key=lambda profile: (len(understood[profile]), profile is likely))
    for telling in (Tool.SMARTABLE, tool):
        if telling and len(understood[telling]) * 2 >= len(understood[most]):
            return telling, understood[telling]
    return most, understood[most]


def _understood(texts: Mapping[str, bytes], profile: Tool, collections: Iterable[str]) -> list[str]:
    links = dict.fromkeys(collections, "/:path/") if profile is Tool.JEKYLL else None
    source = Source(
        name="survey", path=Path(), profile=profile, base_url=ANY_SITE, time_zone="UTC", permalink=links
    )
    return [path for path, data in texts.items() if _is_article(data, source, path)]


def _is_article(data: bytes, source: Source, path: str) -> bool:
    try:
        article = parse_article(data, source=source, path=path)
    except ArticleError:
        return False
    return article is not None and (not article.derived or source.profile is not Tool.SMARTABLE)


def _articles_in(folder: Path, profile: Tool, paths: Sequence[str], keys: site.SiteKeys) -> str:
    """Where a tool expects its articles; other folders are as narrow as all that was understood allows."""
    parts = {part for path in paths for part in path.split("/")}
    # What lies beside posts, with a date or without, is a page; a folder above other `_posts` is a category.
    posts = _only_posts(folder, keys) if profile is not Tool.SMARTABLE else None
    if parts & {"_posts", "_drafts"} and (posts or profile is Tool.JEKYLL):
        return posts or site.jekyll_source(keys)
    for place in ("_news", "_posts") if profile is Tool.SMARTABLE else ():
        # Beside it lie courses and videos, in the same form but for what an article needs.
        if any(path.startswith(f"{place}/") for path in paths):
            return place
    if profile is Tool.HUGO and (content := site.content_folder(folder, keys)) is not None:
        return content
    return os.path.commonpath([str(Path(path).parent) for path in paths])


def _only_posts(folder: Path, keys: site.SiteKeys) -> str | None:
    """The folder `_posts`, if all posts are in one at the top, or in the folder of the site's source."""
    above = {path.split("_posts/", 1)[0] for path in scan(folder).files if "_posts/" in path}
    return f"{above.pop()}_posts" if above in ({""}, {f"{site.jekyll_source(keys)}/"}) else None


def _permalink(
    profile: Tool, found: str | dict[str, str] | None, articles: str
) -> tuple[str | dict[str, str] | None, tuple[str, ...]]:
    """The site's permalink or permalinks, and those of them that `permalink` of a source does not take."""
    if isinstance(found, str):
        found = {"": found}
    known = {
        name: one for name, one in (found or {}).items() if name != "/" and site.known_permalink(profile, one)
    }
    unknown = tuple(one for name, one in (found or {}).items() if name not in known)
    if (own := Path(articles).name).startswith("_"):  # the posts, or another collection, alone
        known = {
            name.removeprefix(own).strip("/"): one
            for name, one in known.items()
            if name.split("/")[0] == own or (own == "_posts" and not name.startswith("_"))
        }
    return (known if known.keys() - {""} else known.get("")), unknown


def _beside_index(articles: Path) -> int:
    source = Source(name="survey", path=articles, profile=Tool.HUGO, base_url=ANY_SITE)
    files = scan(articles).files
    return sum(is_resource(source, path, [files]) for path in files)


def _languages_of_names(articles: Path, keys: site.SiteKeys) -> tuple[str, ...]:
    found = site.languages(keys)
    endings = tuple(f".{language}.md".lower() for language in found)
    return found if any(path.lower().endswith(endings) for path in scan(articles).files) else ()
