"""Guids and stories for ever; revisions only for what a subscriber sees."""

from __future__ import annotations

import pytest

from syndicator.parse.identity import mint_guid, story_id
from tests.parse.writing import KEYS, read, reread, written


def test_guid_is_the_same_for_ever() -> None:
    assert mint_guid("news", "a/b.md") == "urn:uuid:8804b994-6747-5f22-9609-7d9cb9d64cdd"


def test_story_is_the_same_for_ever() -> None:
    assert story_id("https://a.example/b") == "6eba367f-3ebb-525b-a00e-b3926aa6cce9"


def test_guids_differ_by_source_path_and_salt() -> None:
    guids = {mint_guid(*key) for key in (("a", "b"), ("ab", ""), ("b", "a"), ("a", "b", 1), ("a", "b", 2))}
    assert len(guids) == 5


def test_file_name_that_is_not_utf8_has_a_guid() -> None:
    assert mint_guid("a", "b\udc80.md") != mint_guid("a", "b\udc81.md")


def test_revision_is_the_same_for_ever() -> None:
    assert read(written("Some *text*.")).revision == "1ec0d7a3302a577a129e6285717f2fc8"


SEEN: dict[str, dict[str, str | None]] = {
    "title": {"title": "Another title"},
    "excerpt": {"excerpt": "Another excerpt"},
    "link": {"webUrl": "https://daily.example/elsewhere/"},
    "date": {"publishedDateTime": "2024-05-06T07:08:10Z"},
    "type": {"type": "video"},
    "topic": {"topics": "[Energy]"},
    "provider": {"provider": "{name: Weekly}"},
    "image": {"images": "[https://img.example/other.jpg]"},
    "author": {"author": "Ann Author"},
    "language": {"language": "de"},
    "embedded": {"featuredContent": "<iframe src='https://player.vimeo.com/video/1'></iframe>"},
}


@pytest.mark.parametrize("changes", SEEN.values(), ids=SEEN.keys())
def test_what_a_subscriber_sees_is_a_revision(changes: dict[str, str | None]) -> None:
    assert reread(**changes).revision != reread().revision


def test_body_is_seen() -> None:
    assert reread("Some text.").revision != reread().revision
    assert reread("Some  text.\n").revision == reread("Some text.").revision


UNSEEN: dict[str, dict[str, str | None]] = {
    "secured": {"secured": '"YW5vdGhlciBibG9i"'},
    "no secured": {"secured": None},
    "quality": {"quality": "53"},
    "heat": {"heat": "93"},
    "flag": {"published": "false"},
    "draft": {"draft": "true"},
    "related": {"related": None},
    "category": {"category": "other"},
    "unknown key": {"isPinned": "true"},
    "quoting": {"title": "Harbour town opens its first tidal power station"},
    "white space": {"title": '"Harbour  town opens its first tidal power station "'},
    "entities": {"title": '"Harbour town opens its first tidal power sta&#116;ion"'},
    "date form": {"publishedDateTime": '"2024-05-06 09:08:09 +0200"'},
    "tracking": {"webUrl": "https://daily.example/2024/05/06/tidal-power/?utm_source=feed"},
    "trailing slash": {"webUrl": "https://daily.example/2024/05/06/tidal-power"},
    "order of topics": {"topics": "[harbours, Energy]"},
    "image size": {"images": '[{url: "https://img.example/pier.jpg?a=1&b=2", width: 600}]'},
    "logo": {"provider": "{name: The Daily Example, domain: daily.example}"},
    "modified": {"modifiedDateTime": "2025-01-01"},
    "expiry": {"expiresDateTime": "2199-01-01"},
}


@pytest.mark.parametrize("changes", UNSEEN.values(), ids=UNSEEN.keys())
def test_what_no_subscriber_sees_is_no_revision(changes: dict[str, str | None]) -> None:
    assert reread(**changes).revision == reread().revision


def test_order_of_keys_and_line_endings_are_no_revision() -> None:
    text = written("One\n\nTwo\n")
    turned = "".join(f"{key}: {value}\n" for key, value in reversed(KEYS.items()))
    assert read(f"---\n{turned}---\nOne\n\nTwo").revision == read(text).revision
    assert read(text.replace("\n", "\r\n")).revision == read(text).revision


def test_composed_and_decomposed_letters_are_no_revision() -> None:
    assert reread(title="Caf\u00e9").revision == reread(title="Cafe\u0301").revision
