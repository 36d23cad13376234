"""The metrics in the text format of Prometheus, through its own client library."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector, core, generate_latest
from prometheus_client.registry import Collector

from syndicator.activity import Activity, Durations


def render_metrics(facts: Mapping[str, Any], activity: Activity, more: Mapping[str, Any]) -> bytes:
    """The text. `facts` as `status.facts`, `more` as `details` has them; empty while no store is open."""
    registry = CollectorRegistry()
    registry.register(_Facts(facts, activity, more))
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    return generate_latest(registry)


class _Facts(Collector):
    def __init__(self, facts: Mapping[str, Any], activity: Activity, more: Mapping[str, Any]) -> None:
        self._facts, self._activity, self._more = facts, activity, more

    def collect(self) -> Iterator[core.Metric]:
        yield from self._of_the_service()
        yield from self._of_slack()
        activity = self._activity
        yield _counter("scans", "Scans of all folders.", activity.scans)
        yield _counter("bursts", "Bursts of events after which everything was scanned.", activity.bursts)
        yield _counter("files_written", "Files written to the output folder.", activity.files_written)
        yield _counter("feeds_written", "Feeds written.", activity.feeds_written)
        if activity.scanned_at:
            yield _gauge("scan_seconds", "How long the last scan of everything took.", activity.scan_s)
            yield _gauge("last_scan_timestamp_seconds", "When that was.", activity.scanned_at)
        text = "From a change in a folder to its feeds on disk."
        yield _histogram("file_to_feed_seconds", text, activity.file_to_feed)
        if "to_slack" in self._more:
            text = "From the decision to announce to Slack's answer."
            yield _histogram("decision_to_slack_seconds", text, self._more["to_slack"])

    def _of_the_service(self) -> Iterator[core.Metric]:
        facts = self._facts
        yield core.InfoMetricFamily(
            "syndicator_build", "The version that runs.", {"version": facts["version"]}
        )
        yield _gauge("level", "0 well, 1 degraded, 2 down.", facts["level"])
        findings = core.GaugeMetricFamily(
            "syndicator_finding", "What a person should see to: 1 while it lasts.", labels=("kind", "text")
        )
        for finding in facts["findings"]:
            findings.add_metric((finding["kind"], finding["what"]), 1)
        yield findings
        yield _by("entries", "Entries by visibility.", "visibility", facts["entries"])
        counts = self._more.get("problem_counts", {})
        yield _by("problems", "Files with a problem, by source.", "source", counts)

    def _of_slack(self) -> Iterator[core.Metric]:
        facts, more, routes = self._facts, self._more, self._facts["routes"]
        yield _by("messages", "Messages by state.", "state", facts["messages"])
        yield _by("edits", "Edits of posted messages by state.", "state", facts["edits"])
        oldest = facts["oldest_waiting"]
        waited_s = _seconds(facts["at"]) - _seconds(oldest) if oldest else 0.0
        yield _gauge("oldest_waiting_seconds", "How long the oldest message has waited.", waited_s)
        text = "Stories that a route owes and that are in no message yet."
        yield _by("route_owes", text, "route", {route["name"]: route["owes"] for route in routes})
        due = {route["name"]: _seconds(route["next"]) for route in routes if route["next"]}
        yield _by("route_next_digest_timestamp_seconds", "When a route's next digest is due.", "route", due)
        sent = {channel: at.timestamp() for channel, at in more.get("last_sent", {}).items()}
        text = "When a channel last took a message."
        yield _by("channel_last_sent_timestamp_seconds", text, "channel", sent)
        broken = dict.fromkeys(more.get("broken", {}), 1)
        yield _by("channel_broken", "Channels that need a person: 1 while they do.", "channel", broken)
        answers = core.CounterMetricFamily(
            "syndicator_slack_calls", "Calls to Slack, by what came of them.", labels=("method", "outcome")
        )
        for key, count in sorted(more.get("answers", {}).items()):
            answers.add_metric(key, count)
        yield answers


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _gauge(what: str, text: str, value: float) -> core.Metric:
    return core.GaugeMetricFamily(f"syndicator_{what}", text, value=value)


def _counter(what: str, text: str, value: float) -> core.Metric:
    return core.CounterMetricFamily(f"syndicator_{what}", text, value=value)


def _by(what: str, text: str, label: str, values: Mapping[str, float]) -> core.Metric:
    family = core.GaugeMetricFamily(f"syndicator_{what}", text, labels=(label,))
    for key, value in values.items():
        family.add_metric((key,), value)
    return family


def _histogram(what: str, text: str, durations: Durations) -> core.Metric:
    names = {float("inf"): "+Inf"}
    buckets = [(names.get(bound, str(bound)), count) for bound, count in durations.buckets()]
    return core.HistogramMetricFamily(f"syndicator_{what}", text, buckets=buckets, sum_value=durations.sum_s)
