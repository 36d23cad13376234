"""What articles said when, by their texts alone (no code of the product), to hold against a channel."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.faults.histories import Write, count_revisions
from tests.slack_server import Posted

FOLLOWS = timedelta(days=7)
_URL = re.compile(r"https?://[^\s\"|<>\\]+")
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """An article as one commit wrote it."""

    at: datetime
    text: bytes
    title: str
    link: str
    quality: float
    public: bool


class ArticleVersions:
    """All versions of all articles, oldest first."""

    GOOD = ("a new article", "public at last", "quality reached the minimum", "its text changed")

    def __init__(self, *, include: bool) -> None:
        self._include = include
        self._versions: dict[str, list[Version]] = {}

    def note(self, at: datetime, commit: Iterable[Write]) -> None:
        for write in commit:
            self._versions.setdefault(write.path, []).append(self._read(at, write))

    def _read(self, at: datetime, write: Write) -> Version:
        text = write.content.decode().replace("\r\n", "\n")
        link = _value(text, "webUrl") or _value(text, "originalUrl")
        return Version(
            at=at,
            text=write.content,
            title=_value(text, "title"),
            link=html.unescape(link),
            quality=float(_value(text, "quality") or 0),
            public=self._include or _value(text, "published") != "false",
        )

    def cause(self, paths: Collection[str], at: datetime, minimum: float | None) -> str:
        """Why a story of these articles may be announced at that time: what the commit changed of them."""
        found = [self._cause(path, at, minimum or 0) for path in paths]
        return min(found, key=lambda cause: [*self.GOOD, cause].index(cause))

    def _cause(self, path: str, at: datetime, minimum: float) -> str:
        known = [one for one in self._versions[path] if one.at <= at]
        if not known or known[-1].at != at:
            return "nothing written at that time"
        *before, now = known
        if not before:
            return "a new article"
        could = [one.public and one.quality >= minimum for one in before]
        if any(could):
            return "it came back" if not could[-1] else _what_changed(path, before[-1], now)
        return "public at last" if not before[-1].public and now.public else "quality reached the minimum"

    def twice(self, posts: Sequence[Posted]) -> Iterator[str]:
        """The articles that two messages of a channel show: by the links that they ever had."""
        messages: dict[str, set[str]] = {}
        by_link = self._paths_by_link()
        for one in posts:
            paths = {path for link in _links(one) for path in by_link.get(link, ())}
            if not paths:
                yield f"{one.ts} has no link of an article"
            for path in paths:
                messages.setdefault(path, set()).add(one.ts)
        for path, some in messages.items():
            if len(some) > 1:
                yield f"{path} in {len(some)} messages"

    def stale(self, posts: Sequence[Posted], when: Mapping[str, datetime]) -> Iterator[str]:
        """The messages that do not show title and link of an article as it was when they were last followed,
        or that are struck through where it was public, or not where it was not."""
        by_link = self._paths_by_link()
        for one in posts:
            shown = html.unescape(json.dumps(one.shown["blocks"], ensure_ascii=False))
            words = " ".join(_WORD.findall(shown.casefold()))
            paths = {path for link in _links(one) for path in by_link.get(link, ())}
            last = [found for path in paths if (found := self._last(path, when[one.ts] + FOLLOWS))]
            public = [version for version in last if version.public]
            if public and not any(_is_in(version, words, shown) for version in public):
                yield f"{one.ts}: {one.shown['text']!r} instead of {[version.title for version in public]}"
            if bool(public) == str(one.shown["text"]).startswith("Withdrawn: "):
                yield f"{one.ts}: {one.shown['text']!r} {'is' if public else 'is not'} public"

    def _last(self, path: str, until: datetime) -> Version | None:
        return max(
            (one for one in self._versions[path] if one.at <= until), key=lambda one: one.at, default=None
        )

    def _paths_by_link(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for path, versions in self._versions.items():
            for version in versions:
                found.setdefault(version.link, set()).add(path)
        return found


def _what_changed(path: str, before: Version, now: Version) -> str:
    writes = [[Write(path=path, content=one.text)] for one in (before, now)]
    return "its text changed" if count_revisions(writes) else "`secured` or line endings"


def _is_in(version: Version, words: str, shown: str) -> bool:
    title = " ".join(_WORD.findall(html.unescape(version.title).casefold()))
    return title[:100] in words and version.link in shown


def _links(posted: Posted) -> set[str]:
    """All links that a message has had."""
    bodies = [posted.body, *(edit.body for edit in posted.edits)]
    return {html.unescape(link) for body in bodies for link in _URL.findall(json.dumps(body["blocks"]))}


def _value(text: str, key: str) -> str:
    found = re.search(rf'(?m)^{key}: *"?(.*?)"?$', text)
    return found[1] if found else ""
