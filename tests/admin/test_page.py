"""What stands on the operator's page and in the feed of problems."""

from __future__ import annotations

from xml.etree import ElementTree

from syndicator.admin.page import render_problems
from syndicator.models import Problem
from tests.making import NOON


def test_feed_of_problems_is_read_whatever_a_file_is_called() -> None:
    path = "a\x1b]0;b\x07\x9b31m\u202e\ufffe <b> & ü.md"
    problem = Problem(source="news", path=path, what="no `title` in “\x0b”", fix="Write one")
    feed = render_problems([(f"news/{path}:1:1", problem)], "http://127.0.0.1:9090/problems.xml", NOON)
    titles = [found.text for found in ElementTree.fromstring(feed).iter("{http://www.w3.org/2005/Atom}title")]
    assert titles[1] == r"a\x1b]0;b\x07\x9b31m\u202e\ufffe <b> & ü.md: no `title` in “\x0b”"
