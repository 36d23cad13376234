"""The checkers of this folder find what they are there to find: a checker that accepts all proves nothing."""

from __future__ import annotations

import pytest

from tests.publish.test_goldens import documents
from tests.publish.validators import check_atom, check_json, check_opml, check_rss

SELF = 'rel="self" type="application/atom+xml"'
MANGLED = [
    ("full-atom.xml", "<published>2026-03-02T07:05:03+00:00", "<published>2026-03-02 07:05"),
    ("full-atom.xml", "<updated>2026-03-02T09:30:15+00:00", "<updated>2026-03-02T09:30:15"),
    ("full-atom.xml", SELF, 'rel="alternate" type="application/atom+xml"'),
    ("full-atom.xml", 'rel="related" href', 'rel="alternate" href'),
    ("full-atom.xml", "000000000007</id>", "000000000001</id>"),
    ("full-atom.xml", "<summary>", "<resume>x</resume><summary>"),
    ("full-atom.xml", "<title>Article 1</title>", ""),
    ("full-atom.xml", 'type="html"', 'type="xhtml"'),
    ("full-atom.xml", 'term="Azure"', 'name="Azure"'),
    ("full-atom.xml", "Article 1", "Article \x85"),
    ("full-rss.xml", "Mon, 02 Mar 2026 07:05:03", "Tue, 02 Mar 2026 07:05:03"),
    ("full-rss.xml", "Mon, 02 Mar 2026 07:05:03", "2026-03-02T07:05:03"),
    ("full-rss.xml", 'isPermaLink="false"', 'isPermaLink="true"'),
    ("full-rss.xml", "&#x26;", "&amp;"),
    ("full-rss.xml", "<dc:creator>", "<author>a@b.c</author><dc:creator>"),
    ("full-rss.xml", "https://news.example.com/article-1<", "/article-1<"),
    ("full-rss.xml", "000000000007</guid>", "000000000001</guid>"),
    ("full-rss.xml", "<title>Article 1</title>", "<title>A</title><title>B</title>"),
    ("full-rss.xml", "<ttl>", "<enclosure/><ttl>"),
    ("full-feed.json", '"content_html"', '"content"'),
    ("full-feed.json", '"_syndicator"', '"syndicator"'),
    ("full-feed.json", "+00:00", ""),
    ("full-feed.json", "000000000007", "000000000001"),
    ("full-feed.json", '"AI & Machine Learning"', '"Azure"'),
    ("feeds.opml", 'type="rss" ', ""),
    ("feeds.opml", "htmlUrl", "homeUrl"),
    ("feeds.opml", "<title>", "<docs>x</docs><title>"),
]


@pytest.mark.parametrize(("name", "good", "bad"), MANGLED)
def test_mangled_document_is_found(name: str, good: str, bad: str) -> None:
    text = documents()[name].decode()
    assert good in text
    endings = {
        "atom.xml": check_atom,
        "rss.xml": check_rss,
        "feed.json": check_json,
        "feeds.opml": check_opml,
    }
    (check,) = [check for ending, check in endings.items() if name.endswith(ending)]
    assert check(documents()[name]) == []
    assert check(text.replace(good, bad).encode()) != []
