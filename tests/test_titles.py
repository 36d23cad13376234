"""Titles that pass for an address, and the host beside them."""

from __future__ import annotations

import pytest

from syndicator.titles import LONGEST_HOST, real_host

EVIL = "https://evil.example/x"


@pytest.mark.parametrize(
    "title",
    [
        "https://mybank.example/login",
        "mybank.example",
        "Log in at MyBank.example now",
        "www.mybank.example",
        "https://mybank/login",
        "mybank。example",
        "ｍｙｂａｎｋ．ｅｘａｍｐｌｅ",
        "mybank\u200b.example",
        "10.0.0.1",
        "bücher.example",
        "mybank.xn--p1ai",
        "evil.example and mybank.example",
    ],
)
def test_title_that_looks_like_another_host_gets_the_real_one(title: str) -> None:
    assert real_host(title, EVIL) == "evil.example"


@pytest.mark.parametrize(
    "unseen", list("\u00ad\u034f\u115f\u180b\u200d\u2061\u3164\ufe0f\uffa0\U000e0101\x07\x7f")
)
def test_what_nobody_sees_hides_no_host(unseen: str) -> None:
    assert real_host(f"mybank.{unseen}example/login", EVIL) == "evil.example"
    assert real_host(f"https:{unseen}//mybank", EVIL) == "evil.example"
    assert real_host(f"{unseen}evil.ex{unseen}ample", EVIL) is None


@pytest.mark.parametrize(
    ("title", "link"),
    [
        ("A plain headline.", EVIL),
        ("Version 3.11 of e.g. everything", EVIL),
        ("https://evil.example/x", EVIL),
        ("EVIL.example", "https://www.evil.example/"),
        ("evil.example", "https://news.evil.example/"),
        ("bücher.example", "https://xn--bcher-kva.example/"),
        ("mybank.example", "mailto:a@b.example"),
        ("mybank.example", "https://[broken"),
        ("...", EVIL),
        ("", EVIL),
    ],
)
def test_honest_title_stands_alone(title: str, link: str) -> None:
    assert real_host(title, link) is None


def test_letters_that_look_alike_are_shown_as_they_are() -> None:
    assert real_host("mybank.example", "https://mуbank.example/") == "xn--mbank-eze.example"


def test_long_host_keeps_its_end() -> None:
    host = real_host("mybank.example", f"https://mybank.example.{'a' * 60}.evil.example/")
    assert host is not None and len(host) == LONGEST_HOST
    assert host.startswith("…") and host.endswith("a.evil.example")
