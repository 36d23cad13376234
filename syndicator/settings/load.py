"""The settings file and the environment -> Settings, or one SettingsError with everything that is wrong.

A variable `SYNDICATOR_SERVER__PORT=8081` is `server: {port: 8081}`, laid over the file. Lists, mappings and
quoted texts are read as YAML; a list takes the place of the file's, a mapping adds to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from pydantic import SecretStr, TypeAdapter, ValidationError

from syndicator.errors import ArticleError, SettingProblem, SettingsError
from syndicator.settings import faults
from syndicator.settings.models import Credentials, Settings
from syndicator.settings.secrets import API_URL, BOT_TOKEN, WEBHOOK_URL, find_secret, read_secret
from syndicator.settings.types import Database
from syndicator.yaml_reader.events import Limits, YamlDocument, read_yaml
from syndicator.yaml_reader.scalars import Value

LIMITS = Limits(size_bytes=8 * 1024 * 1024, nodes=500_000)
"""The operator's own file may be larger than an article's front matter: a route takes about 100 bytes."""
PREFIX = "SYNDICATOR_"
NO_SETTINGS = frozenset({"SYNDICATOR_CONFIG", "SYNDICATOR_LOG_FORMAT", "SYNDICATOR_LOG_LEVEL"})
"""Read by the command line."""

NO_EDITS = (
    "a webhook cannot edit what it posted; "
    "use a bot token (SLACK_BOT_TOKEN, and no `webhook_file`), or leave out `edits`"
)


def load_settings(file: Path, environment: Mapping[str, str]) -> Settings:
    """As `SettingsReader.settings`."""
    return SettingsReader(file, environment).settings()


def find_state(file: Path, environment: Mapping[str, str]) -> str | None:
    """`state` alone, as far as it can be told where the rest of the file is wrong or is no YAML."""
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
        lines.append(f"state: {Settings.model_fields['state'].default}")
        line = next(line for line in lines if line.startswith("state:"))
        if (variable := environment.get(f"{PREFIX}STATE")) is not None:
            line = f"state: {variable}"
        value = read_yaml(line.replace("state:", "state: ", 1)).value
        values = value if isinstance(value, dict) else {}
        return TypeAdapter[str](Database).validate_python(values.get("state"), context=file)
    except (OSError, ValueError, ArticleError):  # pydantic's errors are ValueErrors
        return None


class SettingsReader:
    """The file and the variables over it, and what was found wrong with them so far."""

    def __init__(self, file: Path, environment: Mapping[str, str]) -> None:
        self.problems: list[SettingProblem] = []
        self._file, self._environment = file, environment
        self._document = _read(file)
        self._variables: dict[faults.SettingPath, str] = {}
        """The variables by what they say: each value that is no mapping takes the place of the file's."""
        self._values = cast("dict[str, Value]", self._document.value)
        names = [name for name in environment if name.upper().startswith(PREFIX) and name not in NO_SETTINGS]
        # Shorter paths first, so that longer ones win.
        for name in sorted(names, key=lambda name: (name.count("__"), name)):
            self._lay_over(name, environment[name])

    def _lay_over(self, name: str, text: str) -> None:
        path = tuple(name[len(PREFIX) :].lower().split("__"))
        try:
            value = read_yaml(text).value if text.lstrip()[:1] in tuple("[{\"'") else text
        except ArticleError as error:
            what = (
                f"{error.what}; write a list like [a, b], a mapping like {{good: 90}}, other text in quotes"
            )
            self.problems.append(SettingProblem(variable=name, what=what))
            return
        value = None if value == "null" else value
        self._variables |= dict.fromkeys(_leaves(path, value), name)
        for key in reversed(path):
            value = {key: value}
        self._values = cast("dict[str, Value]", _merged(self._values, value))

    def settings(self) -> Settings:
        """Everything, read once. Raises SettingsError with all problems: first of what each setting is by
        itself, and once these are mended, of how they go together."""
        settings = self._validated()
        for path, what in faults.find_faults(settings):
            self.add(what, path)
        credentials = self._credentials(settings)
        if self.problems:
            raise SettingsError(self.problems)
        return settings.model_copy(update={"credentials": credentials})

    def origin(self, path: faults.SettingPath) -> str:
        """Where the setting at this path comes from: a variable, a line of the file, or the default."""
        if (name := self._variable(path)) is not None:
            return name
        if not _is_set(self._document.value, path):
            return "default"
        return f"{self._file}:{self._document.place(*path)[0]}"

    def _validated(self) -> Settings:
        try:
            return Settings.model_validate(self._values, context=self._file, by_name=False, by_alias=True)
        except ValidationError as error:
            for detail in error.errors():
                self.add(faults.say(cast("dict[str, Any]", detail)), faults.own_path(detail["loc"]))
            raise SettingsError(self.problems) from None

    def add(self, what: str, path: faults.SettingPath) -> None:
        """Notes what is wrong, in the variable that sets it or at its (or its parent's) place in the file."""
        (line, column), name = self._document.place(*path), self._variable(path)
        place: dict[str, Any] = {"file": str(self._file), "line": line, "column": column}
        place = place if name is None else {"variable": name}
        self.problems.append(SettingProblem(key=faults.name_of(path), what=what, **place))

    def _variable(self, path: faults.SettingPath) -> str | None:
        """The variable that says what stands at the path, or below it."""
        places = reversed(self._variables.items())
        return next((name for own, name in places if own[: len(path)] == path[: len(own)]), None)

    def _credentials(self, settings: Settings) -> Credentials:
        token, shared, api_url = map(self._secret, (BOT_TOKEN, WEBHOOK_URL, API_URL))
        webhooks: dict[str, SecretStr] = {}
        to = settings.alerts_to
        file = to.webhook_file if to is not None else None
        alerts = self._secret_in(file, ("alerts_to", "webhook_file")) if file is not None else None
        for index, route in enumerate(settings.routes):
            if route.webhook_file is not None:
                if webhook := self._secret_in(route.webhook_file, ("routes", index, "webhook_file")):
                    webhooks[route.name] = webhook
            elif shared is not None and token is None:
                webhooks[route.name] = shared
            if route.edits and (route.webhook_file is not None or route.name in webhooks):
                self.add(NO_EDITS, ("routes", index, "edits"))
        found = Credentials(token=token, webhooks=webhooks, alerts=alerts)
        if api_url is None:
            return found
        return found.model_copy(update={"api_url": api_url.get_secret_value().rstrip("/") + "/"})

    def _secret_in(self, file: Path, path: faults.SettingPath) -> SecretStr | None:
        """The address of the webhook in a file that the setting at `path` names."""
        try:
            return read_secret(WEBHOOK_URL, file)
        except ValueError as error:
            self.add(str(error), path)
            return None

    def _secret(self, name: str) -> SecretStr | None:
        try:
            return find_secret(name, self._environment)
        except SettingsError as error:
            self.problems += error.problems
            return None


def _read(file: Path) -> YamlDocument:
    line = column = 0
    try:
        document = read_yaml(file.read_text(encoding="utf-8-sig"), limits=LIMITS)
        if isinstance(document.value, dict):
            return document
        line, column, what = 1, 1, "must hold keys and values, like `site:`, `sources:`, `output:`"
    except FileNotFoundError:
        what = "there is no settings file. Name one with --config, or write one: `syndicator init FOLDER`"
    except OSError as error:
        what = f"cannot be read: {error.strerror}. Let this user read it, or be the user of the service"
    except UnicodeDecodeError as error:
        what = f"is not UTF-8 at byte {error.start}"
    except ArticleError as error:
        line, column, what = error.line, error.column, str(error)
    raise SettingsError([SettingProblem(file=str(file), line=line, column=column, what=what)])


def _merged(below: Value, above: Value) -> Value:
    if not isinstance(below, dict) or not isinstance(above, dict):
        return above
    return below | {key: _merged(below.get(key), value) for key, value in above.items()}


def _is_set(value: Value, path: faults.SettingPath) -> bool:
    """Whether the file says something at the path; what stands for a whole mapping says all of it."""
    for step in path:
        if isinstance(value, dict):
            if step not in value:
                return False
            value = value[str(step)]
        elif isinstance(value, list):
            # One value may stand for a list of one.
            value = value[int(step)] if isinstance(step, int) and step < len(value) else value
        else:
            return value is not None
    return True


def _leaves(path: faults.SettingPath, value: Value) -> Iterator[faults.SettingPath]:
    """Where the values stand that have none below them."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _leaves((*path, key), inner)
    else:
        yield path
