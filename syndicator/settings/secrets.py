"""Secrets, from the environment, a file that it names, or a systemd credential; never from the settings.

`NAME` wins over `NAME_FILE`, which wins over the credential `name` in `$CREDENTIALS_DIRECTORY`
(https://systemd.io/CREDENTIALS/). A Secret shows nothing of itself in `str`, `repr`, logs or errors.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

BOT_TOKEN = "SLACK_BOT_TOKEN"  # noqa: S105  the name of the variable, not its value
WEBHOOK_URL = "SLACK_WEBHOOK_URL"
API_URL = "SLACK_API_URL"
DEFAULT_API_URL = "https://slack.com/api/"
LARGEST_BYTES = 16 * 1024


class SecretProblem(Exception):
    """Why a secret cannot be had; never with anything of the secret."""


def find_secret(name: str, environment: Mapping[str, str]) -> SecretStr | None:
    """The secret called `name`, stripped of blanks, or None where it is not set. Raises SecretProblem."""
    if value := environment.get(name, "").strip():
        return SecretStr(value)
    if file := environment.get(f"{name}_FILE", "").strip():
        return read_secret(Path(file), called=f"{name}_FILE")
    if directory := environment.get("CREDENTIALS_DIRECTORY", ""):
        credential = Path(directory) / name.lower()
        if credential.exists():
            return read_secret(credential, called=f"the credential {name.lower()}")
    return None


def read_secret(path: Path, *, called: str) -> SecretStr:
    """The secret in a file. Raises SecretProblem when it is missing, unreadable, empty or too large."""
    try:
        if not path.is_file():
            raise SecretProblem(f"{called}: there is no file {path}")
        if path.stat().st_size > LARGEST_BYTES:
            raise SecretProblem(f"{called}: {path} is too large for a secret")
        value = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SecretProblem(f"{called}: {path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SecretProblem(f"{called}: {path} is not text") from None
    if not value:
        raise SecretProblem(f"{called}: {path} is empty")
    return SecretStr(value)


def check_token(token: SecretStr) -> str | None:
    """What is wrong with the form of a bot token, or None. Its value is never repeated."""
    value = token.get_secret_value()
    if not re.fullmatch(r"[\x21-\x7e]+", value):
        return f"{BOT_TOKEN}: holds blanks or characters that no token has; copy it again"
    if not value.startswith("xoxb-"):
        return f"{BOT_TOKEN}: is not a bot token; copy the one that begins with xoxb- (OAuth & Permissions)"
    return None


def check_webhook(url: SecretStr, *, called: str) -> str | None:
    """What is wrong with the form of an incoming webhook's address, or None."""
    if re.fullmatch(r"https?://[^\s/?#@]+/\S+", url.get_secret_value()):
        return None
    return (
        f"{called}: is not a webhook address; copy the one that begins with https://hooks.slack.com/services/"
    )
