"""What all commands share: `--config`, and how settings become a store that is only read."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from syndicator.schedule import validate_cron
from syndicator.settings import Settings, load_settings

ConfigOption = Annotated[
    Path,
    typer.Option("--config", "-c", help="The settings file.", show_default=True, envvar="SYNDICATOR_CONFIG"),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
DEFAULT_CONFIG = Path("config/syndicator.yaml")


def read_settings(config: Path) -> Settings:
    """The settings of this process: the file with the environment laid over it."""
    return load_settings(config, os.environ, check_cron=validate_cron)


def now() -> datetime:
    return datetime.now(UTC)
