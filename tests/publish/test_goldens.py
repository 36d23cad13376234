"""The documents byte for byte: what they are is a decision, and a change of it is seen here."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from syndicator.models import DeclaredTopic, Format, Tombstone
from syndicator.publish.archive import archive_pages
from syndicator.publish.feed import Feed
from syndicator.publish.opml import render_opml
from syndicator.publish.topics import build_index
from tests.making import utc
from tests.publish import validators
from tests.publish.articles import (
    AZURE,
    LABELS,
    SITE,
    coverage_of,
    describe_feed,
    full_entry,
    make_entry,
    render,
)

GOLDEN = Path(__file__).parents[1] / "golden"
ROOT = Path(__file__).parents[2]


def feeds() -> dict[str, Feed]:
    """Feeds that together have every field: full, empty, and an archive page."""
    entry = full_entry()
    entries = [entry, make_entry(1), make_entry(2, body="<p>Only a body.</p>", summary="")]
    pages = archive_pages(120, 50)
    describe = partial(describe_feed, site=SITE, labels=LABELS)
    return {
        "full": describe(
            topic=AZURE,
            entries=entries,
            coverage=coverage_of(entry, "Globe", "Herald"),
            hub="https://hub.example.org/",
            pages=pages,
            tombstones=[Tombstone(guid=f"urn:uuid:{n}", removed=utc(2026, 3, n)) for n in (2, 1)],
        ),
        "level": describe(topic=AZURE, level="top", entries=[entry]),
        "empty": describe(entries=[]),
        "archive": describe(topic=AZURE, entries=entries[1:], pages=pages, page=pages[1]),
    }


CHECKS = {
    Format.RSS: validators.check_rss,
    Format.ATOM: validators.check_atom,
    Format.JSON: validators.check_json,
}
ENDINGS = {Format.RSS: "rss.xml", Format.ATOM: "atom.xml", Format.JSON: "feed.json"}
DOCUMENTS = [
    (name, form) for name in sorted(feeds()) for form in Format if name != "archive" or form is Format.ATOM
]
"""Which feed there is in which format: archive pages are Atom alone."""


def opml() -> bytes:
    declared = [
        DeclaredTopic(name="Azure", language="en-us"),
        DeclaredTopic(name="Azure Space & more", parent="Azure"),
        DeclaredTopic(name="C++"),
    ]
    index = build_index(declared, [], []).index
    return render_opml(SITE, tuple(index.topics.values()), levels=("good", "top"))


def documents() -> dict[str, bytes]:
    """All golden documents by file name."""
    rendered = {f"{name}-{ENDINGS[form]}": render(feeds()[name], form) for name, form in DOCUMENTS}
    return {**rendered, "feeds.opml": opml()}


@pytest.mark.parametrize("name", [*(f"{name}-{ENDINGS[form]}" for name, form in DOCUMENTS), "feeds.opml"])
def test_document_is_the_golden_one(name: str) -> None:
    """Run with SYNDICATOR_GOLDEN=write to accept a change on purpose."""
    data = documents()[name]
    if os.environ.get("SYNDICATOR_GOLDEN") == "write":
        (GOLDEN / name).write_bytes(data)
    assert data.decode() == (GOLDEN / name).read_text(encoding="utf-8")


@pytest.mark.parametrize(("name", "form"), DOCUMENTS)
def test_golden_feed_is_valid(name: str, form: Format) -> None:
    assert CHECKS[form](render(feeds()[name], form)) == []


def test_golden_opml_is_valid() -> None:
    assert validators.check_opml(opml()) == []


def test_ten_runs_give_the_same_bytes() -> None:
    first = documents()
    assert all(documents() == first for _ in range(10))


def test_hash_seed_does_not_change_the_bytes() -> None:
    """That of this process is another one in each run."""
    script = (
        "import hashlib, json; from tests.publish.test_goldens import documents;"
        "print(json.dumps({k: hashlib.sha256(v).hexdigest() for k, v in documents().items()}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "4711", "TZ": "Pacific/Auckland"},
        capture_output=True,
        check=True,
    )
    assert json.loads(done.stdout) == _digests()


def _digests() -> dict[str, str]:
    return {name: hashlib.sha256(data).hexdigest() for name, data in documents().items()}
