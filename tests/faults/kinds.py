"""A file of each bad kind, by what is wrong with it, and files that look skipped and are good."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.rig import article_text
from tests.sockets import make_socket

GOOD = article_text("good.md", body="Text.\n")


def _front(lines: str) -> bytes:
    """A good article with these lines more (or, of a key that it has, instead)."""
    keys = {line.partition(":")[0] for line in lines.splitlines()}
    kept = [line for line in GOOD.splitlines() if line.partition(":")[0] not in keys]
    return "\n".join([kept[0], lines, *kept[1:], ""]).encode()


def _without(key: str) -> bytes:
    return "\n".join(line for line in GOOD.splitlines() if not line.startswith(f"{key}:")).encode() + b"\n"


def _bytes(data: bytes) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        path.write_bytes(data)

    return write


def _link(target: str) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        path.symlink_to(target)

    return write


ALIASES = "\n".join(["a: &a [x, x, x, x, x, x, x, x, x]", "b: &b [*a, *a, *a, *a]", "c: [*b, *b, *b]"])

KINDS: Mapping[str, Callable[[Path], None]] = {
    "brackets 25,000 deep": _bytes(_front("a: " + "[" * 25_093)),
    "braces 10,000 deep": _bytes(_front("a: " + "{a: " * 10_000)),
    "aliases": _bytes(_front(ALIASES)),
    "merge": _bytes(_front("<<: {a: 1}")),
    "python tag": _bytes(_front("a: !!python/object/apply:os.system [ls]")),
    "tag": _bytes(_front("a: !x y")),
    "timestamp tag": _bytes(_front("a: !!timestamp x")),
    "number of a million digits": _bytes(_front("quality: " + "9" * 60_000)),
    "quality in words": _bytes(_front("quality: very good")),
    "large front matter": _bytes(_front("a: " + "x" * 270_000)),
    "large file": _bytes(GOOD.encode() + b"x" * (2 * 1024 * 1024)),
    "merge key": _bytes(GOOD.replace("type:", "<<: {quality: 99}\ntype:").encode()),
    "latin-1": _bytes(GOOD.replace("About", "Über").encode("latin-1")),
    "utf-16": _bytes(GOOD.encode("utf-16")),
    "zero byte": _bytes(GOOD.replace("About", "Ab\0out").encode()),
    "nothing but zeros": _bytes(bytes(4096)),
    "empty": _bytes(b""),
    "no front matter": _bytes(b"Just text.\n"),
    "open fence": _bytes(b"---\ntitle: A\n"),
    "fence never closed, a rule later": _bytes(b"---\ntitle: A\n\nText.\n\n---\n\nMore.\n"),
    "list": _bytes(b"---\n- a\n- b\n---\n"),
    "scalar": _bytes(b"---\nword\n---\n"),
    "toml": _bytes(b"+++\ntitle = A\n+++\n"),
    "no title": _bytes(_without("title")),
    "empty title": _bytes(_front('title: ""')),
    "title of a list": _bytes(_front("title: [a, b]")),
    "no date": _bytes(_without("publishedDateTime")),
    "month 13": _bytes(_front("publishedDateTime: 2024-13-40")),
    "second 60": _bytes(_front("publishedDateTime: 2024-01-02T03:04:60Z")),
    "year 1": _bytes(_front("publishedDateTime: 0001-01-01T00:00:00+14:00")),
    "year 9999": _bytes(_front("publishedDateTime: 9999-12-31T23:59:59-12:00")),
    "date in words": _bytes(_front("publishedDateTime: yesterday")),
    "script as link": _bytes(_front('webUrl: "javascript:alert(1)"')),
    "relative link": _bytes(_front('webUrl: "../there"')),
    "flag": _bytes(_front("published: perhaps")),
    "unquoted colon": _bytes(_front("title: Tides: a review")),
    "tab": _bytes(_front("\ttitle: x")),
    "pipe": os.mkfifo,
    "socket": make_socket,
    "link to a secret": _link("/proc/self/environ"),
    "link in a circle": _link("link in a circle.md"),
    "link to nothing": _link("nowhere.md"),
    "link to a device": _link("/dev/zero"),
}
"""What is wrong, and how such a file is made; section by section what libraries get wrong today."""

GOOD_KINDS: Mapping[str, bytes] = {
    "byte order mark": b"\xef\xbb\xbf" + GOOD.encode(),
    "CRLF": GOOD.replace("\n", "\r\n").encode(),
    "CR": GOOD.replace("\n", "\r").encode(),
    "skipped keys": _front("on: 1\nyes: 2\n1: 3\n2024-01-02: 4\ncontent: 5\nself: 6"),
    "Norway": _front("language: NO"),
    "rule in the body": (GOOD + "\n---\n\nMore.\n").encode(),
    "date without a zone": _front("publishedDateTime: 2026-03-14T09:00"),
}


def write_kinds(folder: Path, count: int) -> None:
    """So many bad files, of all kinds in turn, named by their kind and from the second round on a number."""
    folder.mkdir(parents=True, exist_ok=True)
    kinds = itertools.cycle(KINDS.items())
    for number, (kind, write) in zip(range(count), kinds, strict=False):
        again = number // len(KINDS)
        write(folder / (f"{kind} {again}.md" if again else f"{kind}.md"))
