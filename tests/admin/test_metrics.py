"""The metrics, as Prometheus's own parser reads them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from syndicator.activity import Activity, Durations
from syndicator.admin.metrics import render_metrics
from tests.making import utc

NOON = utc(2026, 3, 14, 12)
FACTS: dict[str, Any] = {
    "version": "0.1.0",
    "at": NOON.isoformat(),
    "level": 1,
    "findings": [{"kind": "files", "what": '1 bad "article"\n', "text": "", "fix": ""}],
    "entries": {"public": 3, "draft": 1},
    "messages": {"owed": 2},
    "edits": {"owed": 1},
    "oldest_waiting": (NOON - timedelta(minutes=3)).isoformat(),
    "routes": [{"name": "ai", "owes": 4, "next": NOON.isoformat()}, {"name": "top", "owes": 0, "next": None}],
}


def samples(facts: dict[str, Any], activity: Activity, more: dict[str, Any]) -> dict[tuple[str, ...], float]:
    text = render_metrics(facts, activity, more).decode()
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_metrics_are_read_back() -> None:
    activity = Activity(scans=7, files_written=12)
    activity.file_to_feed.note(0.3)
    to_slack = Durations()
    to_slack.note(4_000)
    more = {
        "problem_counts": {"news": 1},
        "last_sent": {"C1": NOON},
        "broken": {"C2": "not_in_channel"},
        "answers": {("chat.postMessage", "answered"): 9},
        "to_slack": to_slack,
    }
    found = samples(FACTS, activity, more)
    assert found["syndicator_build_info", "0.1.0"] == 1
    assert found["syndicator_finding", "files", '1 bad "article"\n'] == 1
    assert found["syndicator_entries", "public"] == 3
    assert found["syndicator_edits", "owed"] == 1
    assert found[("syndicator_oldest_waiting_seconds",)] == 180
    assert found["syndicator_route_owes", "ai"] == 4
    assert found["syndicator_route_next_digest_timestamp_seconds", "ai"] == NOON.timestamp()
    assert ("syndicator_route_next_digest_timestamp_seconds", "top") not in found
    assert found["syndicator_channel_broken", "C2"] == 1
    assert found["syndicator_slack_calls_total", "chat.postMessage", "answered"] == 9
    assert found[("syndicator_files_written_total",)] == 12
    assert found["syndicator_file_to_feed_seconds_bucket", "0.2"] == 0
    assert found["syndicator_file_to_feed_seconds_bucket", "0.5"] == 1
    assert found["syndicator_decision_to_slack_seconds_bucket", "3600.0"] == 0
    assert found["syndicator_decision_to_slack_seconds_bucket", "+Inf"] == 1
    assert ("process_resident_memory_bytes",) in found


def test_metrics_of_a_service_that_is_not_open_are_there_too() -> None:
    facts = FACTS | {
        "entries": {},
        "messages": {},
        "edits": {},
        "routes": [],
        "oldest_waiting": None,
        "level": 2,
    }
    found = samples(facts, Activity(), {})
    assert found[("syndicator_level",)] == 2
    assert found[("syndicator_oldest_waiting_seconds",)] == 0


def test_scan_that_was_not_yet_made_has_no_time() -> None:
    name = ("syndicator_last_scan_timestamp_seconds",)
    assert name not in samples(FACTS, Activity(), {})
    assert samples(FACTS, Activity(scanned_at=NOON.timestamp()), {})[name] == NOON.timestamp()
