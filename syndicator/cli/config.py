"""`syndicator config`: the settings in force, what a reload would change, and their schema."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from syndicator.cli import app
from syndicator.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, list_settings
from syndicator.cli.terminal import say, say_json
from syndicator.errors import SyndicatorError

if TYPE_CHECKING:
    from syndicator.settings.effective import Effective

ABSENT = "–"
VALUE_WIDTH = 28
"""Longer values are not cut; what follows them stands further right."""

group = typer.Typer(help="The settings in force, what a reload changes, their schema.", no_args_is_help=True)
app.add_typer(group, name="config")


@group.command("show")
def show(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """Print every setting in force and where it comes from.

    That is a line of the file, a variable or the default. A secret is only said to be set. Exit code 78 if
    the settings are wrong.
    """
    found = list_settings(config)[1]
    if as_json:
        say_json([{"key": one.key, "value": one.value, "origin": one.origin} for one in found])
        return
    width = max(len(one.key) for one in found)
    for one in found:
        say(f"{one.key:<{width}}  {one.value:<{VALUE_WIDTH}}", (f"  {one.origin}", "dim"))


@group.command("diff")
def diff(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """Print what a reload would change in the running service. Secrets are never shown.

    Exit code 0 whether or not anything differs, 78 if settings are wrong.
    """
    from syndicator.settings.effective import changes

    settings, after = list_settings(config)
    found = changes(_running(settings.state), after, but=_is_outside)
    if as_json:
        say_json([asdict(one) for one in found])
        return
    for one in found:
        say((one.key, "bold"), f": {one.before or ABSENT} → {one.after or ABSENT}")
    if not found:
        say("no differences")


def _is_outside(one: Effective) -> bool:
    """Whether it comes from the environment, which the service and this command do not share."""
    from syndicator.settings.effective import SECRET
    from syndicator.settings.load import PREFIX

    return one.origin == SECRET or one.origin.startswith(PREFIX)


def _running(state: str) -> list[Effective]:
    """The settings of the service that runs with this state."""
    from syndicator.monitoring.status import STALE_S, read_status, settings_path, status_path
    from syndicator.settings.effective import Effective

    found, service = read_status(settings_path(state)), read_status(status_path(state))
    if found is None or service is None or service["age_s"] > STALE_S:
        why = "none runs with this state, or it is not ready yet"
        fix = "Start it: `syndicator run`, or `systemctl start syndicator`"
        raise SyndicatorError("no service to compare with", on=state, why=why, fix=fix)
    return [Effective(key=key, value=value, origin=origin) for key, value, origin in found["settings"]]


@group.command("schema")
def schema() -> None:
    """Print the JSON schema of the settings file, for editors."""
    from syndicator.settings.schema import settings_schema

    say_json(settings_schema())
