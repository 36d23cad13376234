"""`syndicator check`: settings and articles, every problem with its place and fix."""

from __future__ import annotations

import json

import typer
from rich.console import Console

from syndicator.cli import app, report
from syndicator.cli.log import configure_logs
from syndicator.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, read_settings_to_run
from syndicator.cli.progress import progress_bar
from syndicator.cli.report import print_counts, print_folders, print_missing, print_problems, print_warnings
from syndicator.errors import SettingsError


@app.command()
def check(
    config: ConfigOption = DEFAULT_CONFIG,
    settings_only: bool = typer.Option(
        False, "--settings-only", help="Read no articles: would a start or a reload take these settings?"
    ),
    as_json: JsonOption = False,
) -> None:
    """Check the settings and all articles; print every problem as path:line:column: what, and how to mend it.

    Nothing is written or sent. Exit code 1 if there are problems, 78 if the settings are wrong.
    """
    from syndicator.build import check as check_all

    configure_logs(verbose=False, journal=False, quiet=True)
    try:
        settings = read_settings_to_run(config)
    except SettingsError as error:
        if not as_json:
            raise
        typer.echo(report.settings_as_json(error))
        raise typer.Exit(error.exit_code) from None
    if settings_only:
        typer.echo(json.dumps({"settings": []}) if as_json else "the settings are fine")
        return
    with progress_bar(Console(stderr=True), "Reading articles") as progress:
        result = check_all(settings, reading=progress.update)
    if as_json:
        typer.echo(report.as_json(result))
    else:
        console = Console(highlight=False)
        print_problems(console, settings, result.problems)
        print_counts(console, result)
        print_folders(console, result)
        print_missing(console, result)
        print_warnings(console, result)
        count = len(result.problems) + len(result.missing)
        console.print(f"{count} problem{'s' * (count != 1)}" if count else "no problems")
    if not result.fine:
        raise typer.Exit(1)
