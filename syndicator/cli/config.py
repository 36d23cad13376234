"""`syndicator config`: the settings in force, and their schema."""

from __future__ import annotations

import os
from dataclasses import asdict

import typer

from syndicator.cli import app
from syndicator.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, check_cron, settings_file
from syndicator.cli.terminal import say, say_json

VALUE_WIDTH = 28
"""Longer values are not cut; what follows them stands further right."""

group = typer.Typer(help="The settings in force, and their schema.", no_args_is_help=True)
app.add_typer(group, name="config")


@group.command("show")
def show(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """Print every setting in force and where it comes from: a line of the file, a variable, the default.

    A secret is only said to be set. Exit code 78 if the settings are wrong.
    """
    from syndicator.settings.effective import effective
    from syndicator.settings.load import SettingsReader

    reader = SettingsReader(settings_file(config), os.environ)
    found = effective(reader.settings(check_cron), reader)
    if as_json:
        say_json([asdict(one) for one in found])
        return
    width = max(len(one.key) for one in found)
    for one in found:
        say(f"{one.key:<{width}}  {one.value:<{VALUE_WIDTH}}", (f"  {one.origin}", "dim"))


@group.command("schema")
def schema() -> None:
    """Print the JSON schema of the settings file, by which editors complete and check it."""
    from syndicator.settings.schema import settings_schema

    say_json(settings_schema())
