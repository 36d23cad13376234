"""The settings file and the environment -> Settings, or one SettingsError with everything that is wrong."""

from __future__ import annotations

import difflib
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, SecretStr, ValidationError

from syndicator.alerts import Digest, Immediate, QuietHours, Route
from syndicator.errors import ArticleError, SettingsError
from syndicator.model import Site
from syndicator.parse.front_matter import Document, read_yaml
from syndicator.parse.profiles import profile
from syndicator.settings import secrets
from syndicator.settings.levels import level_fault
from syndicator.settings.places import STATE_PREFIX, is_within
from syndicator.settings.shape import DeliverShape, FileShape, RouteShape, SourceShape
from syndicator.settings.values import Feeds, Listen, Settings, Slack, Source, Watch

PASSWORD = re.compile(r"(?<=://)[^/\s]+@")

CronCheck = Callable[[str, str], None]
"""Raises ValueError, readable, when a crontab expression or its time zone is wrong."""


def load_settings(
    file: Path, environment: Mapping[str, str], *, check_cron: CronCheck = lambda cron, zone: None
) -> Settings:
    """Reads everything once. Raises SettingsError with all problems, each `file:line:column: key: what`."""
    document = _read(file)
    shape = _shape(file, document)
    problems = _Problems(file, document)
    _check_names(shape, problems)
    _check_sources(shape, problems)
    _check_places(shape, file, problems)
    _check_routes(shape, problems, check_cron)
    slack = _slack(shape, file, environment, problems)
    problems.raise_any()
    return _settings(shape, file, slack)


class _Problems:
    def __init__(self, file: Path, document: Document) -> None:
        self._file, self._document, self._found = file, document, list[tuple[int, str]]()

    def add(self, what: str, *key: str | int) -> None:
        """Notes what is wrong with a key, at its place in the file (or its nearest parent's)."""
        at = self._document.place(*key)
        name = _key_name(key)
        where = f"{self._file}:{at.line}:{at.column}: "
        self._found.append((at.line, f"{where}{name}: {what}" if name else f"{where}{what}"))

    def raise_any(self) -> None:
        if self._found:
            raise SettingsError([text for _, text in sorted(self._found)])


def _read(file: Path) -> Document:
    try:
        document = read_yaml(file.read_text(encoding="utf-8-sig"))
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


def _shape(file: Path, document: Document) -> FileShape:
    assert isinstance(document.value, dict)  # noqa: S101  _read has refused anything else
    problems = _Problems(file, document)
    values: dict[str, Any] = {str(key): value for key, value in document.value.items()}
    try:
        return FileShape(**values)
    except ValidationError as error:
        for detail in error.errors():
            if detail["type"] == "literal_error" and isinstance(detail["input"], dict):
                continue  # the other branch of a union says what is wrong with it
            key = _shorten(detail["loc"])
            problems.add(_say(detail, key), *key)
        problems.raise_any()
        raise


def _shorten(loc: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """pydantic names the branch of a union in the place; a reader of the file has never heard of it."""
    return tuple(part for part in loc if part not in ("DeliverShape", "literal['immediate']"))


def _say(detail: Any, key: tuple[str | int, ...]) -> str:
    match detail["type"]:
        case "missing":
            return "is missing"
        case "extra_forbidden":
            names = _known_keys(key[:-1])
            near = difflib.get_close_matches(str(key[-1]), names, n=1)
            hint = f"did you mean `{near[0]}`?" if near else f"known here: {', '.join(names)}"
            return f"there is no such setting; {hint}"
        case "string_type" if detail["input"] is None:
            return 'is empty: what follows a `#` is a comment; write it in quotes, like "#news"'
        case "value_error":
            return f"{str(detail['msg']).removeprefix('Value error, ')} (is {_shown(detail['input'])})"
        case _:
            return f"{_lower(str(detail['msg']))} (is {_shown(detail['input'])})"


def _shown(value: object) -> str:
    """The value as it stands in the file, shortened; a password in an address is left out."""
    text = "empty" if value is None else PASSWORD.sub("***@", repr(value))
    return text if len(text) <= 60 else text[:57] + "..."


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _known_keys(parents: tuple[str | int, ...]) -> list[str]:
    model: type[BaseModel] | None = FileShape
    for part in parents:
        if isinstance(part, str) and model is not None:
            found = model.model_fields.get(part)
            model = next(_models(found.annotation), None) if found else None
    fields = model.model_fields if model else {}
    return [field.alias or name for name, field in fields.items()]


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)


def _key_name(key: tuple[str | int, ...]) -> str:
    name = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in key)
    return name.lstrip(".")


def _check_names(shape: FileShape, problems: _Problems) -> None:
    for kind, names in (
        ("sources", [source.name for source in shape.sources]),
        ("routes", [route.name for route in shape.routes]),
    ):
        count = Counter(names)
        for index, name in enumerate(names):
            if count[name] > 1 and names.index(name) != index:
                problems.add(f"another one is called {name!r} already; names are unique", kind, index, "name")
    levels = list(shape.levels)
    for index, level in enumerate(levels):
        if fault := level_fault(level, levels[:index]):
            problems.add(fault, "levels", level)


def _check_sources(shape: FileShape, problems: _Problems) -> None:
    for index, source in enumerate(shape.sources):
        try:
            profile(source.profile, source.fields)
        except SettingsError as error:
            for problem in error.problems:
                problems.add(problem, "sources", index, "fields")
        for pattern in source.topics:
            if Path(pattern).is_absolute() or ".." in Path(pattern).parts:
                problems.add("must lie inside the source's folder", "sources", index, "topics")


def _check_places(shape: FileShape, file: Path, problems: _Problems) -> None:
    """What lies in the output folder is public. Output inside a source's folder does no harm."""
    output = _beside(file, shape.output)
    cure = f"put it beside {output}, or set `output` to another folder"
    if is_within(_beside(file, shape.state.removeprefix(STATE_PREFIX)), output):
        problems.add(f"lies in the output folder, where everybody could read it; {cure}", "state")
    for index, source in enumerate(shape.sources):
        if is_within(_beside(file, source.path), output):
            what = f"lies in the output folder, where everybody could read the articles as they are; {cure}"
            problems.add(what, "sources", index, "path")


def _check_routes(shape: FileShape, problems: _Problems, check_cron: CronCheck) -> None:
    for index, route in enumerate(shape.routes):
        if route.level is not None and route.level not in shape.levels:
            known = ", ".join(shape.levels) or "none are set"
            problems.add(f"there is no level {route.level!r} ({known})", "routes", index, "level")
        if isinstance(route.deliver, DeliverShape):
            try:
                check_cron(route.deliver.digest, route.deliver.time_zone)
            except ValueError as error:
                problems.add(str(error), "routes", index, "deliver", "digest")


def _slack(shape: FileShape, file: Path, environment: Mapping[str, str], problems: _Problems) -> Slack:
    token = _secret(secrets.BOT_TOKEN, environment, problems)
    if token is not None and (wrong := secrets.check_token(token)):
        problems.add(wrong)
    shared = _secret(secrets.WEBHOOK_URL, environment, problems)
    if shared is not None and (wrong := secrets.check_webhook(shared, called=secrets.WEBHOOK_URL)):
        problems.add(wrong)
    webhooks: dict[str, SecretStr] = {}
    for index, route in enumerate(shape.routes):
        webhook = _route_webhook(route, index, file, problems)
        if webhook is None and token is None:
            webhook = shared
        if webhook is not None:
            webhooks[route.name] = webhook
            if route.edits:
                problems.add(
                    "needs a bot token: an incoming webhook returns no message id to edit by",
                    "routes",
                    index,
                    "edits",
                )
    return Slack(
        token=token,
        webhooks=webhooks,
        api_url=_api_url(environment, problems),
        confirm_after=shape.slack.confirm_after,
        preview=shape.slack.mode == "preview",
    )


def _secret(name: str, environment: Mapping[str, str], problems: _Problems) -> SecretStr | None:
    try:
        return secrets.find_secret(name, environment)
    except secrets.SecretProblem as problem:
        problems.add(str(problem))
        return None


def _route_webhook(route: RouteShape, index: int, file: Path, problems: _Problems) -> SecretStr | None:
    if route.webhook_file is None:
        return None
    try:
        webhook = secrets.read_secret(_beside(file, route.webhook_file), called="webhook_file")
    except secrets.SecretProblem as problem:
        problems.add(str(problem), "routes", index, "webhook_file")
        return None
    if wrong := secrets.check_webhook(webhook, called="webhook_file"):
        problems.add(wrong, "routes", index, "webhook_file")
    return webhook


def _api_url(environment: Mapping[str, str], problems: _Problems) -> str:
    url = _secret(secrets.API_URL, environment, problems)
    value = url.get_secret_value() if url else secrets.DEFAULT_API_URL
    if not value.startswith(("https://", "http://")):
        problems.add(f"{secrets.API_URL}: must begin with https://")
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
        topics=tuple(_beside(file, pattern) for pattern in shape.topics),
        feeds=Feeds(**shape.feeds.model_dump()),
        output=_beside(file, shape.output),
        state=_state(shape.state, file),
        server=Listen(**server.model_dump()) if server else None,
        admin=Listen(**shape.admin.model_dump()),
        watch=Watch(**shape.watch.model_dump()),
        slack=slack,
        routes=tuple(_route(route, shape.levels, slack) for route in shape.routes),
    )


def _source(source: SourceShape, shape: FileShape, file: Path) -> Source:
    return Source(
        name=source.name,
        path=_beside(file, source.path),
        profile=source.profile,
        fields={name: tuple(keys) for name, keys in source.fields.items()},
        include_unpublished=source.unpublished == "include",
        topics=tuple(source.topics),
        base_url=source.base_url,
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
        deliver=Immediate(gather=route.gather)
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
        edits=bool(route.edits) and not webhook,
        webhook=webhook,
        show_reason=route.show_reason,
    )


def _state(url: str, file: Path) -> str:
    return STATE_PREFIX + str(_beside(file, url.removeprefix(STATE_PREFIX)))


def _beside(file: Path, path: str) -> Path:
    """A path relative to the settings file's folder; `..` is folded, links are left alone."""
    return Path(os.path.normpath(file.absolute().parent / Path(path).expanduser()))
