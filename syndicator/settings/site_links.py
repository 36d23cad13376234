"""Does a Jekyll or Hugo site's own configuration set addresses that the source's settings do not know of?

The configuration is looked through, not understood: a line that sets permalinks is enough for a warning.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from syndicator.settings.models import Source

LARGEST_CHARACTERS = 1_000_000
_ENDINGS = (".toml", ".yaml", ".yml", ".json")
_NAMES = {
    "jekyll": ("_config",),
    "hugo": (
        "hugo",
        "config",
        "config/_default/hugo",
        "config/_default/config",
        "config/_default/permalinks",
    ),
}
_INNER = {"jekyll": ("_posts", "_drafts"), "hugo": ("content",)}
"""Folders that lie in the site's own."""
_LINE = re.compile(
    r"""^[ \t{,-]*\[?["']?(?:permalinks?|uglyurls)\b["']?(?:\.\w+)*\]?[ \t]*"""
    r"""(?:[:=][ \t]*(?P<value>[^\n]*))?$""",
    re.IGNORECASE | re.MULTILINE,
)
_JEKYLLS_DEFAULT = frozenset({"date", "/:categories/:year/:month/:day/:title.html"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteLinks:
    """The line of a site's configuration that sets permalinks; `value` is empty where it is more than one."""

    file: Path
    line: int
    value: str


def site_links(source: Source) -> SiteLinks | None:
    """What the site's configuration says of its addresses; None where it says nothing, or where the source's
    settings do. Files that cannot be read are passed over."""
    if source.permalink is not None or source.profile not in _NAMES:
        return None
    root = _root(source)
    files = (root / f"{name}{ending}" for name in _NAMES[source.profile] for ending in _ENDINGS)
    return next((found for file in files if (found := _look_through(file)) is not None), None)


def _root(source: Source) -> Path:
    inner = _INNER[source.profile]
    above = (folder.parent for folder in (source.path, *source.path.parents) if folder.name in inner)
    return next(above, source.path)


def _look_through(file: Path) -> SiteLinks | None:
    try:
        with file.open(encoding="utf-8", errors="replace") as opened:
            text = opened.read(LARGEST_CHARACTERS)
    except OSError:
        return None
    if file.stem == "permalinks":
        return SiteLinks(file=file, line=1, value="")
    for match in _LINE.finditer(text):
        written = (match["value"] or "").strip()
        value = "" if written.startswith("{") else written.partition(" #")[0].strip(" \t\"',")
        if value.lower() not in ("false", *_JEKYLLS_DEFAULT):
            return SiteLinks(file=file, line=text.count("\n", 0, match.start()) + 1, value=value)
    return None
