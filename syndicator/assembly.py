"""Settings to parts: what the pipeline is told, made from what the operator wrote."""

from __future__ import annotations

import hashlib
import json
from zoneinfo import ZoneInfo

from syndicator import __version__
from syndicator.parse.article import SourceRules
from syndicator.parse.profiles import profile
from syndicator.pipeline.flow import Plan, SourcePlan
from syndicator.pipeline.output import Output
from syndicator.settings import Settings, Source


def plan_of(settings: Settings, *, quiet_s: float | None = None) -> Plan:
    """What the pipeline needs of the settings."""
    return Plan(
        sources=tuple(_source(source) for source in settings.sources),
        topics=settings.topics,
        roll_up=settings.feeds.roll_up,
        quiet_s=settings.watch.quiet.total_seconds() if quiet_s is None else quiet_s,
        version=__version__,
        made_with=_fingerprint(
            __version__,
            [settings.site.title, settings.site.base_url, settings.site.language, settings.site.description],
            dict(settings.levels),
            [settings.feeds.limit, settings.feeds.hub, settings.feeds.tombstones],
        ),
    )


def output_of(settings: Settings) -> Output:
    """Where and how feeds are published."""
    return Output(
        folder=settings.output,
        site=settings.site,
        levels=settings.levels,
        limit=settings.feeds.limit,
        hub=settings.feeds.hub,
        tombstones=settings.feeds.tombstones,
    )


def _source(source: Source) -> SourcePlan:
    fields = {name: list(keys) for name, keys in source.fields.items()}
    return SourcePlan(
        root=source.path,
        rules=SourceRules(
            name=source.name,
            profile=profile(source.profile, fields),
            base_url=source.base_url,
            time_zone=ZoneInfo(source.time_zone),
        ),
        reading=_fingerprint(
            source.profile, fields, source.base_url, source.time_zone, source.include_unpublished
        ),
        include_unpublished=source.include_unpublished,
        topics=source.topics,
    )


def _fingerprint(*facts: object) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
