"""What stands on the operator's page and in the feed of problems."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from syndicator.admin.operator import Operator
from syndicator.admin.page import HOURS, render_operators_page, render_problems
from syndicator.admin.server import answer
from syndicator.clock import Clock
from syndicator.models import Problem
from syndicator.monitoring.status import StatusFile
from tests.making import NOON


def test_feed_of_problems_is_read_whatever_a_file_is_called() -> None:
    path = "a\x1b]0;b\x07\x9b31m\u202e\ufffe <b> & ü.md"
    problem = Problem(source="news", path=path, what="no `title` in “\x0b”", fix="Write one")
    feed = render_problems([(f"news/{path}:1:1", problem)], "http://127.0.0.1:9090/problems.xml", NOON)
    titles = [found.text for found in ElementTree.fromstring(feed).iter("{http://www.w3.org/2005/Atom}title")]
    assert titles[1] == r"a\x1b]0;b\x07\x9b31m\u202e\ufffe <b> & ü.md: no `title` in “\x0b”"


def operators_page(**more: Any) -> str:
    """The page of a service with three routes."""
    route: dict[str, Any] = {
        "min_quality": None,
        "about": "3 a day",
        "deliver": "immediate",
        "owes": 0,
        "waiting": 0,
        "held": None,
        "mutes": [],
    }
    routes = [{"name": name, "channel": name, **route} for name in ("news", "ai", "quiet")]
    facts = {"level": 0, "line": "well", "version": "1", "started": NOON.isoformat(), "findings": []}
    details = {"decided_by_hour": [0] * HOURS, "sent_by_hour": [0] * HOURS, "last_sent": {}}
    details |= dict.fromkeys(("problems", "broken", "waiting", "decisions"), ())
    return render_operators_page(facts | {"routes": routes}, details | more, NOON).decode()


def test_page_leads_nowhere_in_vain(tmp_path: Path) -> None:
    operator = Operator(clock=Clock(), started=NOON, status=StatusFile(tmp_path / "status"))
    paths = re.findall(r'href="(/[^"]*)"', operators_page())
    assert "/metrics" in paths
    assert {path: answer(operator, path).status for path in paths} == dict.fromkeys(paths, 200)


def test_chart_says_its_highest_hour_and_its_span() -> None:
    page = operators_page(decided_by_hour=[0] * (HOURS - 4) + [7, 0, 3, 1])
    assert "Stories decided by hour, the last 24 hours: 11" in page
    assert re.findall(r'<text x="0" y="13">(\d+)</text>', page) == ["7"], "and none where nothing came"


def test_moment_of_another_day_is_shown_with_its_day() -> None:
    sent = {"news": NOON, "ai": NOON - timedelta(days=3)}
    page = operators_page(last_sent=sent)
    here, before = NOON.astimezone(), sent["ai"].astimezone()
    shown = [f"<td>{here:%H:%M}</td>", f"<td>{before:%Y-%m-%d %H:%M}</td>", "<td></td>"]
    assert re.findall(r"(<td>[-\d: ]*</td>)</tr>", page) == shown


def test_page_stays_short_however_many_files_have_problems() -> None:
    problem = Problem(source="news", path="a.md", what="no title", fix="Write one")
    page = operators_page(problems=[(f"news/{number}.md", problem) for number in range(5_000)])
    assert page.count("no title") == 50 and "and 4950 more" in page
    assert "more: see" not in operators_page(problems=[("news/a.md", problem)])
