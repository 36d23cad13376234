"""Secrets, from the environment, a file that it names, or a systemd credential; never from the settings.

`NAME` wins over `NAME_FILE`, which wins over the credential `name` in `$CREDENTIALS_DIRECTORY`
(https://systemd.io/CREDENTIALS/). Nothing of a secret's value is ever in what is said of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

from syndicator.errors import SettingProblem, SettingsError

BOT_TOKEN = "SLACK_BOT_TOKEN"  # noqa: S105  the name of the variable, not its value
WEBHOOK_URL = "SLACK_WEBHOOK_URL"
API_URL = "SLACK_API_URL"
FORMS = {
    BOT_TOKEN: (
        r"xoxb-[\x21-\x7e]+",
        "is not a bot token, which begins with xoxb- and has no blanks or invisible characters; "
        "copy it again (OAuth & Permissions)",
    ),
    WEBHOOK_URL: (
        r"https?://[^\s/?#@]+/\S+",
        "is not a webhook address; copy the one that begins with https://hooks.slack.com/services/",
    ),
    API_URL: ("(?s)https?://.*", "must begin with https://"),
}
"""What each must look like, and what is said where it does not."""


def find_secret(name: str, environment: Mapping[str, str]) -> SecretStr | None:
    """The secret called `name`, or None where it is not set. Raises SettingsError where it is wrong."""
    credential = Path(environment.get("CREDENTIALS_DIRECTORY", "")) / name.lower()
    file: Path | None = None
    if value := environment.get(name, "").strip():
        called = name
    elif path := environment.get(f"{name}_FILE", "").strip():
        called, file = f"{name}_FILE", Path(path)
    elif environment.get("CREDENTIALS_DIRECTORY") and credential.exists():
        called, file = f"the credential {name.lower()}", credential
    else:
        return None
    try:
        return read_secret(name, file) if file else _checked(name, value)
    except ValueError as error:
        raise SettingsError([SettingProblem(variable=called, what=str(error))]) from None


def read_secret(name: str, path: Path) -> SecretStr:
    """The secret in a file, blanks around it dropped. Raises ValueError where it cannot be one."""
    try:
        value = path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        raise ValueError(f"there is no file {path}") from None
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not text") from None
    if not value:
        raise ValueError(f"{path} is empty")
    return _checked(name, value)


def _checked(name: str, value: str) -> SecretStr:
    form, what = FORMS[name]
    if not re.fullmatch(form, value):
        raise ValueError(what)
    return SecretStr(value)
