"""One request to one response: a file of the output folder, as it is at this moment, or why there is none.

Files are renamed into place, so inode, size and time tell one version from another: the tag is made of them,
and nothing is kept in memory but headers. What stands compressed beside a file (`NAME.gz`) is sent to those
who read gzip. No symbolic link below the folder is followed. It writes nothing.
"""

from __future__ import annotations

import errno
import mimetypes
import os
import re
import stat
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.utils import formatdate, parsedate
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

GONE = "-"
"""Stands in the map of moved topics where the new slug would; no slug is a hyphen."""

FEED_TYPES = {
    "rss.xml": "application/rss+xml; charset=utf-8",
    "atom.xml": "application/atom+xml; charset=utf-8",
    "feed.json": "application/feed+json; charset=utf-8",
}
"""By whole file name: `.xml` alone does not tell RSS from Atom."""
_TYPES = mimetypes.MimeTypes()
_TYPES.add_type("text/x-opml", ".opml")

PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' http: https:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Pages bring no script, no frame and no form; their style is a file beside them, their pictures anyone's."""
BARE_HEAD = (
    '<!doctype html><html lang="en"><meta name="viewport" content="width=device-width">'
    '<meta name="color-scheme" content="light dark">'
)
BARE_POLICY = "default-src 'none'; frame-ancestors 'none'"
_SERVER = ("server", "syndicator")
_COMMON = (
    _SERVER,
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "strict-origin-when-cross-origin"),
)

# Unfinished, compressed for a server, or an editor's backup; and the state, if it is kept in the folder.
_HIDDEN_FILE = re.compile(
    r".*(?:~|\.(?:tmp|part|gz|br|lock|seal|(?:db|sqlite3?)(?:-(?:wal|shm|journal))?))|moved\.map"
)
_MOVED_LINE = re.compile(r"^\\?([a-z0-9][a-z0-9._-]*) (-|[a-z0-9][a-z0-9._-]*);$", re.MULTILINE)
_TAG = re.compile(r'"[^"]*"')
_GZIP = re.compile(  # named, and not with a weight of zero
    r"(?:^|,)\s*gzip\s*(?:;\s*q=(?:1(?:\.0{0,3})?|0\.\d{0,2}[1-9]\d{0,2})\s*)?(?:,|$)", re.IGNORECASE
)
_NOT_THERE = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.ENXIO}
"""ELOOP: a symbolic link where O_NOFOLLOW forbids one; ENXIO: a socket."""

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
"""A named pipe must not hold the server up."""
Headers = tuple[tuple[str, str], ...]
Version = tuple[int, int, int, int]
FindHeader = Callable[[str], str | None]
"""A request's header by its lower-case name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebOptions:
    """Which folder is served, as what, where, and how long clients may take; all of it passes as JSON.

    `base_url` ends in a slash: links in headers come from it alone. `port` 0 takes any free one. A connection
    ends when no whole request head has come for `header_timeout_s`, or its client has taken nothing of an
    answer for `stalled_after_s`. Answers under way have `grace_s` when the server is to end.
    """

    output: str
    moved_map: str
    base_url: str
    host: str
    port: int
    hub: str | None = None
    cache_seconds: int = 300
    header_timeout_s: float = 5.0
    stalled_after_s: float = 20.0
    grace_s: float = 2.0


class Response(NamedTuple):
    """The whole answer. For HEAD the body is what GET would get: the server sends its length alone."""

    status: HTTPStatus
    headers: Headers
    body: bytes = b""


class Form(NamedTuple):
    """One encoding of a file, with the headers of both its answers: 200 and 304."""

    etag: str
    modified: str
    whole: Headers
    unchanged: Headers


class WebApp:
    """Answers with the files of `output`; `moved_map` names the topics that moved or are gone."""

    def __init__(self, options: WebOptions) -> None:
        self._options, self._root = options, options.output
        self._kept = ("cache-control", f"public, max-age={options.cache_seconds}")
        self._form = lru_cache(maxsize=4096)(self._describe)
        self._moved: Mapping[str, str] = {}
        self._moved_version: Version | None = None

    def answer(self, method: str, path: str, header: FindHeader) -> Response:
        """The answer for a path that is percent-decoded once."""
        if method not in ("GET", "HEAD"):
            return self._refuse(HTTPStatus.METHOD_NOT_ALLOWED, path, ("allow", "GET, HEAD"))
        if (file := public_file(path)) is None:
            return self._refuse(HTTPStatus.NOT_FOUND, path)
        try:
            return self._send(file, header)
        except OSError as error:
            # While the folder itself is not there nobody can say what is missing from it.
            if error.errno not in _NOT_THERE or not os.path.isdir(self._root):  # noqa: PTH112 - never raises
                return self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, path, ("retry-after", "60"))
        return self._look_elsewhere(path)

    def _send(self, file: str, header: FindHeader) -> Response:
        if _GZIP.search(header("accept-encoding") or ""):
            with suppress(OSError):
                return self._send_as(file, f"{file}.gz", header)
        return self._send_as(file, file, header)

    def _send_as(self, file: str, stored: str, header: FindHeader) -> Response:
        """Sends `file` with the bytes of `stored`, which are read only where the client has others.

        Tag and bytes come from one open file, so they agree however often it is replaced meanwhile.
        """
        opened = os.open(f"{self._root}/{stored}", _READ)
        try:
            facts = os.fstat(opened)
            if not stat.S_ISREG(facts.st_mode):
                raise FileNotFoundError(errno.ENOENT, "not a regular file", stored)
            form = self._form(file, stored, version_of(facts))
            if is_unchanged(form, header):
                return Response(HTTPStatus.NOT_MODIFIED, form.unchanged)
            body = os.read(opened, facts.st_size + 1)
        finally:
            os.close(opened)
        if len(body) != facts.st_size:
            # Someone writes into the file in place, which the publisher never does.
            raise BlockingIOError(errno.EAGAIN, "changed while it was read", stored)
        return Response(HTTPStatus.OK, form.whole, body)

    def _describe(self, file: str, stored: str, version: Version) -> Form:
        """The headers of one version of a file. Raises OSError for what is reached by a symbolic link."""
        if os.path.realpath(f"{self._root}/{stored}") != f"{os.path.realpath(self._root)}/{stored}":
            raise FileNotFoundError(errno.ENOENT, "a symbolic link is no part of the folder", stored)
        _, inode, size, modified_ns = version
        kind, options = content_type(file), self._options
        etag = f'"{modified_ns:x}-{size:x}-{inode:x}"'
        # A burst of versions, each with a second of its own, runs ahead of the clock (RFC 9110 8.8.2.1).
        modified = formatdate(min(modified_ns // 10**9, int(time.time())), usegmt=True)
        # What 200 and 304 have in common (RFC 9110 15.4.5), and the links that WebSub discovery wants.
        vary = ("vary", "accept-encoding")
        shared: Headers = (_SERVER, ("etag", etag), ("last-modified", modified), self._kept, vary)
        if file.rpartition("/")[2] in FEED_TYPES:
            links = f'<{options.base_url}{quote(file)}>; rel="self"'
            links += f', <{options.hub}>; rel="hub"' if options.hub else ""
            shared += (("link", links), ("access-control-allow-origin", "*"))
        policy = PAGE_POLICY if kind.startswith("text/html") else BARE_POLICY
        whole = (*shared, ("content-type", kind), ("content-security-policy", policy), *_COMMON[1:])
        whole += (("content-encoding", "gzip"),) if stored != file else ()
        return Form(etag, modified, whole, shared)

    def _look_elsewhere(self, path: str) -> Response:
        """For what is not there, so that what is there costs no second look at the disk."""
        place, slug, *rest = [*path[1:].split("/"), ""]
        latest = self._read_moved().get(slug) if place in ("feeds", "topics") else None
        if latest == GONE:
            return self._refuse(HTTPStatus.GONE, path, self._kept)
        if latest is not None:
            return self._redirect(path, "/".join((place, latest, *rest[:-1])))
        page = f"{self._root}{path}/index.html"
        if not path.endswith("/") and os.path.isfile(page):  # noqa: PTH113 - never raises
            return self._redirect(path, f"{path[1:]}/")
        return self._refuse(HTTPStatus.NOT_FOUND, path)

    def _redirect(self, path: str, target: str) -> Response:
        headers = (("location", way_to(target, path)), self._kept, *_COMMON)
        return Response(HTTPStatus.MOVED_PERMANENTLY, headers)

    def _refuse(self, status: HTTPStatus, path: str, *more: tuple[str, str]) -> Response:
        """A plain page that a person understands, with the way to the front page."""
        title, home = status.phrase, f'<a href="{way_to("", path)}">To the front page</a>'
        body = f"{BARE_HEAD}<title>{title}</title><h1>{title}</h1><p>{home}</p></html>\n"
        kind = (("content-type", "text/html; charset=utf-8"), ("content-security-policy", BARE_POLICY))
        # A topic that is gone stays gone; anything else may be mended at any moment.
        cache = () if self._kept in more else (("cache-control", "no-cache"),)
        return Response(status, (*kind, *_COMMON, *cache, *more), body.encode())

    def _read_moved(self) -> Mapping[str, str]:
        """Old slugs of topics with their latest, or GONE; as last read where they cannot be read."""
        with suppress(OSError):
            file = Path(self._options.moved_map)
            if (version := version_of(file.stat())) != self._moved_version:
                text = file.read_bytes().decode("ascii", "replace")
                self._moved, self._moved_version = dict(_MOVED_LINE.findall(text)), version
        return self._moved


def version_of(facts: os.stat_result) -> Version:
    """What tells one state of a file from another: device, inode, size, time of change in nanoseconds."""
    return (facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns)


def public_file(path: str) -> str | None:
    """The file, relative to the output folder, that a decoded path names; None where it can name none.

    Hidden files and folders, dot segments, empty names and control characters name none. A folder may end
    like a hidden file, as topics do.

    >>> public_file("/topics/ai/"), public_file("/feeds/notes.gz/rss.xml"), public_file("/feeds/../x")
    ('topics/ai/index.html', 'feeds/notes.gz/rss.xml', None)
    """
    names = path.split("/")[1:]
    if not path.startswith("/") or not path.isprintable() or "" in names[:-1]:
        return None
    if any(name.startswith(".") for name in names) or _HIDDEN_FILE.fullmatch(names[-1]):
        return None
    return path[1:] + ("" if names[-1] else "index.html")


def content_type(file: str) -> str:
    """The media type with its charset, by the file's name; bytes without meaning where it says nothing.

    >>> content_type("feeds/ai/rss.xml"), content_type("feeds.opml"), content_type("x.bin")
    ('application/rss+xml; charset=utf-8', 'text/x-opml; charset=utf-8', 'application/octet-stream')
    """
    name = file.rpartition("/")[2]
    kind = FEED_TYPES.get(name) or _TYPES.guess_type(name, strict=False)[0] or "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") or kind.endswith("+xml") else kind


def is_unchanged(form: Form, header: FindHeader) -> bool:
    """Whether the client's copy is still good (RFC 9110 13.2.2).

    `If-None-Match` is compared weakly and, where it is there, decides alone. A date has to be the one that
    was sent, as with nginx: one that is merely later may come of a clock gone wrong.
    """
    if (known := header("if-none-match")) is not None:
        return form.etag in _TAG.findall(known) or known.strip() == "*"
    since = header("if-modified-since")
    # Equal texts, as nearly all clients send them, take no parsing; else any of the three forms (5.6.7).
    return since == form.modified or (since is not None and parsedate(since) == parsedate(form.modified))


def way_to(target: str, path: str) -> str:
    """The reference from an address to a place in the folder, relative so that it holds below any sub-path.

    >>> way_to("topics/c#/", "/topics/c#"), way_to("", "/feeds/ai/rss.xml"), way_to("", "/x")
    ('../topics/c%23/', '../../', './')
    """
    return "../" * (path.count("/") - 1) + quote(target) or "./"
