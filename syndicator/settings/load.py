"""The settings file and the environment -> Settings, or one SettingsError with everything that is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from pydantic import SecretStr, ValidationError

from syndicator.alerts import Digest, Immediate, QuietHours, Route
from syndicator.errors import ArticleError, SettingsError
from syndicator.model import Site
from syndicator.settings import secrets
from syndicator.settings.checks import (
    CronCheck,
    OutputCheck,
    check_names,
    check_places,
    check_routes,
    check_sources,
)
from syndicator.settings.overlay import read_overlay
from syndicator.settings.places import STATE_PREFIX, beside
from syndicator.settings.problems import Problems
from syndicator.settings.shape import FileShape, RouteShape, SourceShape
from syndicator.settings.sound import errors_of, own_path, stand_in
from syndicator.settings.values import Feeds, Listen, Settings, Slack, Source, Watch
from syndicator.settings.wording import say
from syndicator.yaml_reader import Document, Limits, read_yaml

LIMITS = Limits(size_bytes=8 * 1024 * 1024, nodes=500_000)
"""The operator's own file may be larger than an article's front matter: a route takes about 100 bytes."""


def load_settings(
    file: Path,
    environment: Mapping[str, str],
    *,
    check_cron: CronCheck = lambda cron, zone: None,
    check_output: OutputCheck = lambda output: None,
) -> Settings:
    """Reads everything once. Raises SettingsError with all problems, each `file:line:column: key: what`."""
    document = _read(file)
    overlay = read_overlay(environment)
    problems = Problems(file, document, overlay)
    for name, what in overlay.problems.items():
        problems.add_variable(what, name)
    values = overlay.over(cast("dict[str, Any]", document.value))
    shape = _shape(values, problems)
    check_names(shape, problems)
    check_sources(shape, problems)
    check_places(shape, file, problems, check_output)
    check_routes(shape, problems, check_cron)
    slack = _slack(shape, file, environment, problems)
    problems.raise_any()
    return _settings(shape, file, slack)


def _read(file: Path) -> Document:
    try:
        document = read_yaml(file.read_text(encoding="utf-8-sig"), limits=LIMITS)
    except FileNotFoundError:
        cure = "Name one with --config, or start from a copy of config/start.yaml"
        raise SettingsError([f"{file}: there is no settings file. {cure}"]) from None
    except OSError as error:
        raise SettingsError([f"{file}: cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError as error:
        raise SettingsError([f"{file}: is not UTF-8 at byte {error.start}"]) from None
    except ArticleError as error:
        raise SettingsError([f"{file}:{error.line}:{error.column}: {error}"]) from None
    if not isinstance(document.value, dict):
        raise SettingsError([f"{file}:1:1: must hold keys and values, like `site:`, `sources:`, `output:`"])
    return document


def _shape(values: dict[str, Any], problems: Problems) -> FileShape:
    """The settings in their shape; where something is wrong, with what else can be checked."""
    try:
        return FileShape(**values)
    except ValidationError as error:
        for detail in errors_of(error):
            path = own_path(detail["loc"])
            problems.add(say(cast("dict[str, Any]", detail), path), *path)
        shape = stand_in(values, error)
    if shape is None:
        problems.raise_any()
        raise AssertionError("wrong settings without a problem")
    return shape


def _slack(shape: FileShape, file: Path, environment: Mapping[str, str], problems: Problems) -> Slack:
    token = _secret(secrets.BOT_TOKEN, environment, problems)
    if token is not None and (wrong := secrets.check_token(token)):
        problems.add_variable(wrong)
    shared = _secret(secrets.WEBHOOK_URL, environment, problems)
    if shared is not None and (wrong := secrets.check_webhook(shared, called=secrets.WEBHOOK_URL)):
        problems.add_variable(wrong)
    webhooks: dict[str, SecretStr] = {}
    for index, route in enumerate(shape.routes):
        webhook = _route_webhook(route, index, file, problems)
        if webhook is None and token is None:
            webhook = shared
        if webhook is not None:
            webhooks[route.name] = webhook
    return Slack(
        token=token,
        webhooks=webhooks,
        api_url=_api_url(environment, problems),
        confirm_after=shape.slack.confirm_after,
        preview=shape.slack.mode == "preview",
    )


def _secret(name: str, environment: Mapping[str, str], problems: Problems) -> SecretStr | None:
    try:
        return secrets.find_secret(name, environment)
    except secrets.SecretProblem as problem:
        problems.add_variable(str(problem))
        return None


def _route_webhook(route: RouteShape, index: int, file: Path, problems: Problems) -> SecretStr | None:
    if route.webhook_file is None:
        return None
    webhook, wrong = None, None
    called = "webhook_file"
    try:
        webhook = secrets.read_secret(beside(file, route.webhook_file), called=called)
        wrong = secrets.check_webhook(webhook, called=called)
    except secrets.SecretProblem as problem:
        wrong = str(problem)
    if wrong is not None:
        problems.add_further(wrong.removeprefix(f"{called}: "), "routes", index, called)
    return webhook


def _api_url(environment: Mapping[str, str], problems: Problems) -> str:
    url = _secret(secrets.API_URL, environment, problems)
    value = url.get_secret_value() if url else secrets.DEFAULT_API_URL
    if not value.startswith(("https://", "http://")):
        problems.add_variable(f"{secrets.API_URL}: must begin with https://")
    return value if value.endswith("/") else value + "/"


def _settings(shape: FileShape, file: Path, slack: Slack) -> Settings:
    site = shape.site
    server = shape.server
    return Settings(
        file=file,
        site=Site(
            title=site.title, base_url=site.base_url, language=site.language, description=site.description
        ),
        sources=tuple(_source(source, shape, file) for source in shape.sources),
        levels=dict(sorted(shape.levels.items(), key=lambda level: level[1])),
        topics=tuple(beside(file, pattern) for pattern in shape.topics),
        feeds=Feeds(**shape.feeds.model_dump()),
        output=beside(file, shape.output),
        state=_state(shape.state, file),
        server=Listen(**server.model_dump()) if server else None,
        watch=Watch(**shape.watch.model_dump()),
        slack=slack,
        routes=tuple(_route(route, shape.levels, slack) for route in shape.routes),
    )


def _source(source: SourceShape, shape: FileShape, file: Path) -> Source:
    return Source(
        name=source.name,
        path=beside(file, source.path),
        profile=source.profile,
        fields={name: tuple(keys) for name, keys in source.fields.items()},
        include_unpublished=source.unpublished == "include",
        topics=tuple(source.topics),
        base_url=source.base_url,
        permalink=source.permalink,
        time_zone=source.time_zone or shape.site.time_zone,
    )


def _route(route: RouteShape, levels: Mapping[str, float], slack: Slack) -> Route:
    hours = route.quiet_hours
    deliver = route.deliver
    bar = levels[route.level] if route.level is not None else route.min_quality
    webhook = route.name in slack.webhooks
    return Route(
        name=route.name,
        channel=route.channel,
        topics=tuple(route.topics),
        providers=tuple(route.providers),
        types=tuple(route.types),
        exclude_topics=tuple(route.exclude.topics),
        exclude_providers=tuple(route.exclude.providers),
        exclude_types=tuple(route.exclude.types),
        min_quality=bar,
        min_heat=route.min_heat,
        max_age=route.max_age,
        deliver=Immediate(gather=route.gather, flood_window=route.flood_window)
        if deliver == "immediate"
        else Digest(
            cron=deliver.digest,
            time_zone=deliver.time_zone,
            minimum=deliver.minimum,
            maximum=deliver.maximum,
            per_provider=deliver.per_provider,
        ),
        quiet_hours=QuietHours(start=hours.start, end=hours.end, time_zone=hours.time_zone)
        if hours
        else None,
        per_hour=route.per_hour,
        webhook=webhook,
        show_reason=route.show_reason,
    )


def _state(url: str, file: Path) -> str:
    return STATE_PREFIX + str(beside(file, url.removeprefix(STATE_PREFIX)))
