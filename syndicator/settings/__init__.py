"""Settings: one YAML file and the environment, read once, into frozen values; all problems in one list.

`load_settings(path, environment)` is the way in. Each stage is handed its own part, never the whole.
"""

from syndicator.settings.load import load_settings
from syndicator.settings.shape import duration
from syndicator.settings.values import Feeds, Listen, Settings, Slack, Source, Watch

__all__ = ["Feeds", "Listen", "Settings", "Slack", "Source", "Watch", "duration", "load_settings"]
