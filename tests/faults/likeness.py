"""Whether two output folders say the same to subscribers, but for what may differ between their pasts.

A service that lived through a history and one that meets its last state show the same entries in the same
feeds. What may differ: `updated`; which copy of a shared link is shown; and, since an archive is in the order
in which entries first appeared, on which archive page an entry stands.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

import feedparser

MAY_DIFFER = ("date_modified",)


def describe_output(public: Path, shared_links: Collection[str]) -> dict[str, dict[str, str]]:
    """By feed, and by topic for feed and archive together: entries by guid, or by link where shared."""
    found: dict[str, dict[str, str]] = {}
    for path in sorted((public / "feeds").rglob("atom.xml")):
        topic, *more = path.parent.relative_to(public / "feeds").parts
        if more[:1] != ["archive"]:
            items = json.loads((path.parent / "feed.json").read_bytes())["items"]
            _compare_formats(path.parent, [item["id"] for item in items])
            found["/".join([topic, *more])] = dict(_describe(item, shared_links) for item in items)
        if not more or more[0] == "archive":
            entries = feedparser.parse(path.read_bytes()).entries
            complete = found.setdefault(f"{topic}, complete", {})
            complete.update(_describe_of_atom(entry, shared_links) for entry in entries)
    return found


def differences(one: dict[str, dict[str, str]], other: dict[str, dict[str, str]]) -> list[str]:
    """What stands in one and not, or otherwise, in the other; a few words each."""
    found = [f"{feed}: in one only" for feed in sorted(one.keys() ^ other.keys())]
    for feed in sorted(one.keys() & other.keys()):
        a, b = one[feed], other[feed]
        found += [f"{feed}: {key} in one only" for key in sorted(a.keys() ^ b.keys())]
        found += [
            f"{feed}: {key}: {a[key]} / {b[key]}" for key in sorted(a.keys() & b.keys()) if a[key] != b[key]
        ]
    return found


def _describe(item: dict[str, Any], shared_links: Collection[str]) -> tuple[str, str]:
    if item.get("url") in shared_links or item.get("external_url") in shared_links:
        return str(item.get("external_url") or item["url"]), "a copy"
    kept = {key: value for key, value in item.items() if key not in MAY_DIFFER}
    return item["id"], json.dumps(kept, sort_keys=True)


def _describe_of_atom(entry: Any, shared_links: Collection[str]) -> tuple[str, str]:
    if entry.link in shared_links:
        return entry.link, "a copy"
    kept = ("title", "link", "summary", "content", "published", "tags", "authors", "media_content")
    return entry.id, json.dumps({key: entry.get(key) for key in kept}, sort_keys=True)


def _compare_formats(folder: Path, ids: list[str]) -> None:
    """Raises AssertionError unless RSS and Atom hold the same entries in the same order."""
    for name in ("rss.xml", "atom.xml"):
        entries = feedparser.parse((folder / name).read_bytes()).entries
        assert [entry.id for entry in entries] == ids, f"{folder / name} differs from feed.json"
