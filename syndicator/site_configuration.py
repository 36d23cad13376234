"""What a Jekyll, Hugo or Hexo site's configuration says of it: its address, folder, time zone, permalinks.

A help for `init` and no more: what cannot be read says nothing.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias, cast

import yaml

from syndicator.settings.models import Site, Source
from syndicator.settings.types import ANY_SITE, DEFAULT_PERMALINKS, Tool
from syndicator.urls import site_of

SiteKeys: TypeAlias = Mapping[str, Any]
JEKYLL_FILES = ("_config.yml", "_config.yaml")
HUGO_FILES = (
    *("hugo.toml", "hugo.yaml", "hugo.yml", "hugo.json", "config.toml", "config.yaml", "config.yml"),
    "zola.toml",  # Zola's keys are Hugo's here, as in its older `config.toml`
)
HUGO_FOLDER, HUGO_LIVE_FOLDER = "config/_default", "config/production"
_OF_HUGO = ("baseURL", "theme", "languageCode", "module", "base_url")
_OF_HEXO = frozenset(("source_dir", "public_dir", "new_post_name"))
HEXO_FIELDS = {
    "published": ["date"],
    "modified": ["updated"],
    "topics": ["tags", "categories"],
    "summary": ["excerpt", "description"],
    "address": ["permalink"],
    "images": ["images", "cover", "thumbnail", "banner", "index_img"],
}
"""Its keys, for a source that takes names of files as they are (https://hexo.io/docs/front-matter)."""
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")
_WITH_CNAME = ("", "static", "source", "public")
"""Folders whose files come to the top of the site as they are: Jekyll's own, and those of others."""


def find_configuration(folder: Path) -> tuple[Path | None, Tool | None, SiteKeys]:
    """The file, whose it is, and its keys; of a Hugo site those of its default language come first. Hexo's
    file has the name of Jekyll's, but its links and times are others."""
    for name in JEKYLL_FILES:
        if (file := folder / name).is_file():
            keys = _read(file)
            return file, None if _OF_HEXO & keys.keys() else Tool.JEKYLL, keys
    for file in (folder / place / name for place in ("", HUGO_FOLDER) for name in HUGO_FILES):
        if file.is_file():
            keys = _read(file)
            if file.parent != folder:
                keys = {**keys, **_beside(file), **_live(folder)}
            elif file.stem == "config" and first(keys, *_OF_HUGO) is None:
                continue  # that of some other program
            own = _mapping(_mapping(first(keys, "languages")).get(_default_language(keys)))
            return file, Tool.HUGO, {**keys, **own}
    return None, None, {}


def _read(file: Path) -> SiteKeys:
    try:
        text = file.read_text(encoding="utf-8-sig")
        # JSON is YAML. Site generators take anchors, which we refuse in what is ours.
        found = tomllib.loads(text) if file.suffix == ".toml" else yaml.safe_load(text)
    except (OSError, ValueError, yaml.YAMLError, RecursionError):
        return {}
    return _mapping(found)


def _beside(file: Path) -> dict[str, Any]:
    """What Hugo reads from `permalinks.toml` and `languages.en.toml` beside `hugo.toml`, by these names."""
    found: dict[str, Any] = {}
    for other in sorted(file.parent.glob(f"*{file.suffix}")):
        key, _, language = other.stem.partition(".")
        if other != file:
            found[key] = {**_mapping(found.get(key)), language: _read(other)} if language else _read(other)
    return found


def _live(folder: Path) -> dict[str, Any]:
    """The plain values by which Hugo's site as published differs from that of its author's machine."""
    files = (folder / HUGO_LIVE_FOLDER / name for name in HUGO_FILES)
    keys = next((_read(file) for file in files if file.is_file()), {})
    return {key: value for key, value in keys.items() if not isinstance(value, dict)}


def _default_language(keys: SiteKeys) -> str:
    return str(first(keys, "defaultContentLanguage") or "en")


def languages(keys: SiteKeys) -> tuple[str, ...]:
    """Those of a Hugo site, the default first."""
    default = _default_language(keys)
    return (default, *(str(name) for name in _mapping(first(keys, "languages")) if name != default))


def _mapping(value: object) -> SiteKeys:
    return cast("SiteKeys", value) if isinstance(value, dict) else {}


def first(keys: SiteKeys, *names: str) -> object:
    """The first of these keys that says something; their case is no matter."""
    lower = {str(key).lower(): value for key, value in keys.items()}
    return next((lower[name.lower()] for name in names if lower.get(name.lower())), None)


def sound(value: object, field: str) -> str | None:
    """The value as our own setting of the site takes it, or None."""
    if not isinstance(value, str):
        return None
    try:
        site = Site.model_validate({"title": "x", "base_url": ANY_SITE, field: value.strip()})
    except ValueError:
        return None
    return str(getattr(site, field))


def address(keys: SiteKeys) -> str | None:
    """The site's address: Hugo's `baseURL`, or Jekyll's `url` with its `baseurl`; None for one that leads
    to the author's own machine."""
    url = first(keys, "url")
    if isinstance(url, str):
        below = first(keys, "baseurl")
        url = url.rstrip("/") + (f"/{below.strip('/')}" if isinstance(below, str) else "")
    else:
        url = first(keys, "baseURL", "base_url")
    found = sound(url if not isinstance(url, str) or url.endswith("/") else f"{url}/", "base_url")
    return None if found and site_of(found) in _THIS_MACHINE else found


def address_on_github(folder: Path) -> str | None:
    """The address by the file `CNAME`, a site's domain to GitHub Pages; None where there is no sound one."""
    for file in (folder / place / "CNAME" for place in _WITH_CNAME):
        if file.is_file():
            with suppress(OSError, ValueError):
                domain = file.read_text(encoding="utf-8-sig").strip()
                return None if "/" in domain else sound(f"https://{domain}/", "base_url")
    return None


def content_folder(folder: Path, keys: SiteKeys) -> str | None:
    """Hugo's folder of articles in the default language; None where it is not there.

    Modules may mount another one in its place, also by a file that is made when the site is built: then
    a folder of each language lies in it.
    """
    mounts = _mapping(first(keys, "module")).get("mounts")
    mounted = [
        one.get("source")
        for one in map(_mapping, mounts if isinstance(mounts, list) else [])
        if one.get("target") == "content" and one.get("lang") in (None, _default_language(keys))
    ]
    found = str(next(iter(mounted), None) or first(keys, "contentDir") or "content")
    if not (folder / found).is_dir():
        return None
    default, *others = languages(keys)
    has_each = (folder / found / default).is_dir() and any(
        (folder / found / name).is_dir() for name in others
    )
    return f"{found}/{default}" if has_each else found


def jekyll_source(keys: SiteKeys) -> str:
    """Where a Jekyll or Hexo site has its folders of posts and collections, "" for its own folder."""
    named = (str(first(keys, *names) or "") for names in (("source", "source_dir"), ("collections_dir",)))
    return "/".join(filter(None, (name.strip("./") for name in named)))


def permalink(generator: Tool, keys: SiteKeys) -> str | dict[str, str] | None:
    """The pattern of all addresses, or those of folders, such as Hugo's sections; None where the site has the
    profile's own."""
    return _of_posts(keys) if generator is Tool.JEKYLL else _of_sections(keys)


def hexo_permalink(keys: SiteKeys) -> str | None:
    """The pattern of a Hexo site in our words; None where it is another's, or titles are not names of files.

    >>> hexo_permalink({"source_dir": "source", "permalink": ":year/:title/"})
    '/:year/:path/'
    """
    pattern, is_hexo = keys.get("permalink"), _OF_HEXO & keys.keys()
    if not is_hexo or keys.get("new_post_name", ":title.md") != ":title.md" or not isinstance(pattern, str):
        return None
    # As its lib/plugins/filter/post_permalink.js.
    is_folder = keys.get("post_asset_folder") is True and not pattern.endswith(("/", ".html"))
    return f"/{pattern.strip().replace(':title', ':path').lstrip('/')}{'/' if is_folder else ''}"


def _of_sections(keys: SiteKeys) -> dict[str, str] | None:
    found, ugly = _mapping(first(keys, "permalinks")), first(keys, "uglyURLs")
    of_pages = {**found, **_mapping(found.get("page"))}
    # Hugo adds the slashes that are missing.
    patterns = {str(name): f"/{one.strip('/')}/" for name, one in of_pages.items() if isinstance(one, str)}
    if ugly is True:
        ugly = dict.fromkeys(("", *patterns), True)
    for name in (name for name, is_ugly in _mapping(ugly).items() if is_ugly is True):
        patterns[name] = f"{patterns.get(name, DEFAULT_PERMALINKS[Tool.HUGO]).rstrip('/')}.html"
    if below := _language_folder(keys):
        patterns = {"": DEFAULT_PERMALINKS[Tool.HUGO], **patterns}
        patterns = {name: f"/{below}/{pattern.lstrip('/')}" for name, pattern in patterns.items()}
    return patterns or None


def _language_folder(keys: SiteKeys) -> str | None:
    """Below which the default language is published, if not at the top, nor on a host of its own."""
    has_host = any(first(_mapping(one), "baseURL") for one in _mapping(first(keys, "languages")).values())
    below = first(keys, "defaultContentLanguageInSubdir") is True and not has_host
    return _default_language(keys).lower() if below else None


def _of_posts(keys: SiteKeys) -> str | dict[str, str] | None:
    """Jekyll's: a default comes before that of their collection, and that before the site's."""
    posts = _mapping(_mapping(keys.get("collections")).get("posts"))
    said = [("", keys.get("permalink")), ("", posts.get("permalink")), *_defaults_of_posts(keys)]
    found = {folder: _from_root(value) for folder, value in said if value and isinstance(value, str)}
    found |= _of_collections(keys)
    return found if found.keys() - {""} else found.get("")


def _of_collections(keys: SiteKeys) -> dict[str, str]:
    """Those of Jekyll's collections that have pages, by folder (Jekyll's add_permalink_suffix)."""
    of_site = str(keys.get("permalink") or "date")
    file = of_site in ("date", "ordinal", "none") or of_site.endswith(":output_ext")
    ending = "/" if of_site == "pretty" or of_site.endswith("/") else ".html" if file else ""
    return {
        f"_{name}": str(said.get("permalink") or f"/:collection/:path{ending}").replace(":collection", name)
        for name, said in _mapping(keys.get("collections")).items()
        if name != "posts" and isinstance(said, dict) and said.get("output") is True
    }


def collections(keys: SiteKeys) -> tuple[list[str], list[str]]:
    """The folders of Jekyll's collections but for the posts: those that have pages, and the others."""
    said, with_pages = keys.get("collections"), _of_collections(keys)
    folders = [f"_{name}" for name in said] if isinstance(said, (dict, list)) else []
    return list(with_pages), [name for name in folders if name not in (*with_pages, "_posts")]


def unknown_settings(keys: SiteKeys) -> tuple[str, ...]:
    """Those of a Hugo site by which its links, dates or drafts are others than here."""
    paths = tuple(name for name in ("disablePathToLower", "removePathAccents") if first(keys, name) is True)
    paths += ("cascade",) if first(keys, "cascade") else ()
    dates = _mapping(first(keys, "frontmatter"))
    return (*paths, *(f"frontmatter.{name}" for name in ("date", "publishDate") if first(dates, name)))


def _from_root(pattern: str) -> str:
    return pattern if pattern.startswith("/") or ":" not in pattern else f"/{pattern}"


def _defaults_of_posts(keys: SiteKeys) -> Iterator[tuple[str, object]]:
    """The permalinks in `defaults` that posts may have, by folder; what is said of posts alone comes last."""
    said = keys.get("defaults")
    rules = [_mapping(rule) for rule in said] if isinstance(said, list) else []
    for kind in (None, "posts"):
        for rule in rules:
            scope = _mapping(rule.get("scope"))
            folder = str(scope.get("path") or "").strip("/")
            if scope.get("type") == kind and (kind or folder in ("", "_posts")):
                yield folder, _mapping(rule.get("values")).get("permalink")


def known_permalink(profile: Tool, found: str | Mapping[str, str] | None) -> bool:
    try:
        Source(name="site", path=Path(), profile=profile, permalink=found)
    except ValueError:
        return False
    return True
