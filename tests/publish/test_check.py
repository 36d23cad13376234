from __future__ import annotations

import pytest

from syndicator.models import Format
from syndicator.publish.check import find_faults
from tests.publish.test_goldens import documents

FORMS = {"rss.xml": Format.RSS, "atom.xml": Format.ATOM, "feed.json": Format.JSON}


def form_of(name: str) -> Format:
    return next(form for ending, form in FORMS.items() if name.endswith(ending))


@pytest.mark.parametrize(
    ("name", "good", "bad", "fault"),
    [
        ("full-rss.xml", "</rss>", "", "it cannot be read: "),
        ("full-rss.xml", "<pubDate>Mon", "<pubDate>Someday, Mon", "it cannot be read: "),
        (
            "full-rss.xml",
            "<title>Article 1</title>",
            "",
            "urn:uuid:00000000-0000-5000-8000-000000000001 has no title",
        ),
        (
            "full-rss.xml",
            ">https://news.example.com/article-1<",
            ">javascript:x<",
            "has no web address: javascript:x",
        ),
        ("full-rss.xml", "000000000002</guid>", "000000000001</guid>", "000000000001 stands 2 times"),
        ("full-atom.xml", "000000000002</id>", "000000000001</id>", "000000000001 stands 2 times"),
        ("full-atom.xml", "<updated>2026", "<updated>20261", "it cannot be read: "),
        ("full-atom.xml", 'rel="related"', 'rel="alternate"', "has no web address: None"),
        (
            "full-atom.xml",
            "<id>urn:uuid:00000000-0000-5000-8000-000000000001</id>",
            "",
            "an entry without an id",
        ),
        ("full-feed.json", '"date_modified": "2026', '"date_modified": "x2026', "it cannot be read: "),
        ("full-feed.json", '"items"', '"entries"', "it cannot be read: 'items'"),
        ("full-feed.json", "]}", "]", "it cannot be read: "),
    ],
)
def test_broken_document_is_stopped(name: str, good: str, bad: str, fault: str) -> None:
    text = documents()[name].decode()
    assert good in text
    assert find_faults(form_of(name), text.encode()) == ()
    faults = find_faults(form_of(name), text.replace(good, bad).encode())
    assert any(fault in found for found in faults), faults


@pytest.mark.parametrize("form", list(Format))
@pytest.mark.parametrize("data", [b"", b"\xff", b"[]", b"<x/>", b"<a><b/></a>", b"null"])
def test_what_is_no_feed_is_stopped(form: Format, data: bytes) -> None:
    assert find_faults(form, data) != ()
