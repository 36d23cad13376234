"""The settings file and the environment -> Settings, or one SettingsError with everything that is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from pydantic import SecretStr, ValidationError

from syndicator.errors import ArticleError, SettingsError
from syndicator.settings import secrets
from syndicator.settings.checks import (
    CronCheck,
    OutputCheck,
    check_names,
    check_places,
    check_routes,
    check_sources,
)
from syndicator.settings.models import Credentials, Route, Settings
from syndicator.settings.overlay import read_overlay
from syndicator.settings.problems import Problems
from syndicator.settings.sound import own_path, stand_in
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
    settings = _validated(values, file, problems)
    check_names(settings, problems)
    check_sources(settings, problems)
    check_places(settings, problems, check_output)
    check_routes(settings, problems, check_cron)
    credentials = _credentials(settings, environment, problems)
    problems.raise_any()
    return settings.model_copy(update={"credentials": credentials})


def _read(file: Path) -> Document:
    try:
        document = read_yaml(file.read_text(encoding="utf-8-sig"), limits=LIMITS)
    except FileNotFoundError:
        fix = "Name one with --config, or start from a copy of config/start.yaml"
        raise SettingsError([f"{file}: there is no settings file. {fix}"]) from None
    except OSError as error:
        raise SettingsError([f"{file}: cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError as error:
        raise SettingsError([f"{file}: is not UTF-8 at byte {error.start}"]) from None
    except ArticleError as error:
        raise SettingsError([f"{file}:{error.line}:{error.column}: {error}"]) from None
    if not isinstance(document.value, dict):
        raise SettingsError([f"{file}:1:1: must hold keys and values, like `site:`, `sources:`, `output:`"])
    return document


def _validated(values: dict[str, Any], file: Path, problems: Problems) -> Settings:
    """The settings; where something is wrong, with what else can be checked."""
    try:
        return Settings.model_validate(values, context=file, by_name=False, by_alias=True)
    except ValidationError as error:
        for detail in error.errors():
            path = own_path(detail["loc"])
            problems.add(say(cast("dict[str, Any]", detail), path), *path)
        settings = stand_in(values, file, error)
    if settings is None:
        problems.raise_any()
        raise AssertionError("wrong settings without a problem")
    return settings


def _credentials(settings: Settings, environment: Mapping[str, str], problems: Problems) -> Credentials:
    token = _secret(secrets.BOT_TOKEN, environment, problems)
    if token is not None and (wrong := secrets.check_token(token)):
        problems.add_variable(wrong)
    shared = _secret(secrets.WEBHOOK_URL, environment, problems)
    if shared is not None and (wrong := secrets.check_webhook(shared, called=secrets.WEBHOOK_URL)):
        problems.add_variable(wrong)
    webhooks: dict[str, SecretStr] = {}
    for index, route in enumerate(settings.routes):
        webhook = _route_webhook(route, index, problems)
        if webhook is None and token is None:
            webhook = shared
        if webhook is not None:
            webhooks[route.name] = webhook
    return Credentials(token=token, webhooks=webhooks, api_url=_api_url(environment, problems))


def _secret(name: str, environment: Mapping[str, str], problems: Problems) -> SecretStr | None:
    try:
        return secrets.find_secret(name, environment)
    except secrets.SecretProblem as problem:
        problems.add_variable(str(problem))
        return None


def _route_webhook(route: Route, index: int, problems: Problems) -> SecretStr | None:
    if route.webhook_file is None:
        return None
    webhook, wrong = None, None
    called = "webhook_file"
    try:
        webhook = secrets.read_secret(route.webhook_file, called=called)
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
