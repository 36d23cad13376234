"""What all commands share: `--config`, `--json`, and how settings become a state that is read."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from syndicator.errors import OutputUnwritable, SettingsError

if TYPE_CHECKING:
    from syndicator.settings.effective import Effective
    from syndicator.settings.load import SettingsReader
    from syndicator.settings.models import Route, Settings
    from syndicator.store.session import Session

ConfigOption = Annotated[
    Path,
    typer.Option(
        "--config",
        "-c",
        help="The settings file; by default ./syndicator.yaml, /etc/syndicator/syndicator.yaml or "
        "./config/syndicator.yaml.",
        show_default=False,
        envvar="SYNDICATOR_CONFIG",
        readable=False,  # read_settings says it better
    ),
]


LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["text", "json"]
LogLevelOption = Annotated[
    LogLevel,
    typer.Option(envvar="SYNDICATOR_LOG_LEVEL", help="The least that is logged; debug: decisions, too."),
]
LogFormatOption = Annotated[
    LogFormat, typer.Option(envvar="SYNDICATOR_LOG_FORMAT", help="How log lines look on stderr.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
DEFAULT_CONFIG = Path("syndicator.yaml")
PLACES = (DEFAULT_CONFIG, Path("/etc/syndicator/syndicator.yaml"), Path("config/syndicator.yaml"))
"""Where the settings are looked for without `--config`; the first that is there counts.

A host's own come before the example in a clone: whoever installs or upgrades stands in it.
"""


def settings_file(config: Path, places: Sequence[Path] = PLACES) -> Path:
    """`config`, or where it was not given the first of the usual places that is there.

    A folder that this user may not enter has none: `runuser` leaves the service's user in root's.
    """
    if config != DEFAULT_CONFIG:
        return config
    return next((place for place in places if os.access(place, os.F_OK)), config)


def read_settings(config: Path, *, to_publish: bool = False) -> Settings:
    """The settings of this process: the file with the environment laid over it.

    For whoever publishes by them, `output` must be a folder that this user can write.
    """
    return _read(config, to_publish=to_publish)[0]


def list_settings(config: Path, *, to_publish: bool = False) -> tuple[Settings, list[Effective]]:
    """As `read_settings`, with a list of all that is in force and where it comes from."""
    from syndicator.settings.effective import effective

    settings, reader = _read(config, to_publish=to_publish)
    return settings, effective(settings, reader)


def _read(config: Path, *, to_publish: bool) -> tuple[Settings, SettingsReader]:
    from syndicator.settings.load import SettingsReader

    reader = SettingsReader(settings_file(config), os.environ)
    settings = reader.settings()
    if to_publish:
        from syndicator.publish.output import probe

        try:
            probe(settings.output)
        except OutputUnwritable as error:
            if not error.passing:  # waiting would not help
                reader.add(f"cannot be written: {error.on}: {error.why}. {error.fix}", ("output",))
                raise SettingsError(reader.problems) from None
    return settings, reader


def now() -> datetime:
    return datetime.now(UTC)


def length(text: str, option: str) -> timedelta:
    """A time that is longer than nothing. Ends the command, naming the option, where it is none."""
    from syndicator.settings.types import duration

    try:
        found = duration(text)
    except ValueError as error:
        raise typer.BadParameter(f"{option} {error}") from None
    if not found:
        raise typer.BadParameter(f"{option} must be longer than nothing")
    return found


@contextmanager
def session_of(settings: Settings, *, to_write: bool = False) -> Iterator[Session]:
    """A transaction on the state of a service that may be running: it sees within seconds what was written.

    Nothing but errors is logged from here on. Raises StoreError where there is no state.
    """
    from syndicator.cli.log import configure_logs
    from syndicator.store.database import open_known

    configure_logs(quiet=True)
    with open_known(settings.state) as store, store.transaction() if to_write else store.reading() as session:
        yield session


def route_named(settings: Settings, name: str) -> Route:
    """The route of that name. Ends the command when there is none."""
    for route in settings.routes:
        if route.name == name:
            return route
    known = ", ".join(route.name for route in settings.routes) or "none"
    raise typer.BadParameter(f"there is no route {name!r}; the settings have: {known}")
