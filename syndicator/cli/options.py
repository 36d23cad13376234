"""What all commands share: `--config`, and how settings become a store that is only read."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from syndicator.cli.failures import right_to
from syndicator.errors import SettingProblem, SettingsError
from syndicator.settings.models import Route

if TYPE_CHECKING:
    from syndicator.settings.models import Settings
    from syndicator.store.database import Store

ConfigOption = Annotated[
    Path,
    typer.Option(
        "--config",
        "-c",
        help="The settings file.",
        show_default=True,
        envvar="SYNDICATOR_CONFIG",
        readable=False,  # read_settings says it better
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
DEFAULT_CONFIG = Path("config/syndicator.yaml")


def read_settings(config: Path) -> Settings:
    """The settings of this process: the file with the environment laid over it."""
    from syndicator.schedule import validate_cron
    from syndicator.settings.load import load_settings

    if hint := right_to(config, sys.argv[1:], writing=False):
        raise SettingsError(
            [SettingProblem(file=str(config), what=f"cannot be read: permission denied. {hint}")]
        )
    return load_settings(config, os.environ, check_cron=validate_cron)


def read_settings_to_run(config: Path) -> Settings:
    """The same for whoever publishes by them: `output` must be a folder that this user can write."""
    from syndicator.schedule import validate_cron
    from syndicator.settings.load import load_settings

    return load_settings(config, os.environ, check_cron=validate_cron, check_output=check_output)


def check_output(output: Path) -> None:
    """Raises ValueError, with the fix, where no file can be made there and waiting would not help."""
    from syndicator.errors import OutputUnwritable
    from syndicator.publish.files import probe

    try:
        probe(output)
    except OutputUnwritable as error:
        if not error.passing:
            raise ValueError(f"cannot be written: {error.on}: {error.why}. {error.fix}") from None


def now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def opened(settings: Settings) -> Iterator[Store]:
    """The state of a service that may be running. Raises StoreError when there is none yet."""
    from syndicator.store.database import open_known

    store = open_known(settings.state)
    try:
        yield store
    finally:
        store.close()


def route_named(settings: Settings, name: str) -> Route:
    """The route of that name. Ends the command when there is none."""
    for route in settings.routes:
        if route.name == name:
            return route
    known = ", ".join(route.name for route in settings.routes) or "none"
    raise typer.BadParameter(f"there is no route {name!r}; the settings have: {known}")
