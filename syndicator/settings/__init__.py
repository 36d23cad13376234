"""Settings: one YAML file and the environment, read once, into frozen models; all problems in one list.

`load_settings(path, environment)` is the way in. Each stage is handed its own part, never the whole.
"""

from syndicator.settings.load import load_settings
from syndicator.settings.models import (
    Credentials,
    Digest,
    Feeds,
    Listen,
    QuietHours,
    Route,
    Settings,
    Site,
    Slack,
    Source,
    Watch,
)
from syndicator.settings.types import duration

__all__ = [
    "Credentials",
    "Digest",
    "Feeds",
    "Listen",
    "QuietHours",
    "Route",
    "Settings",
    "Site",
    "Slack",
    "Source",
    "Watch",
    "duration",
    "load_settings",
]
