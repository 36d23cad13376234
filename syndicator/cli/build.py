"""`syndicator build`: one pass, from the folders to the output folder."""

from __future__ import annotations

import typer
from rich.console import Console

from syndicator.cli import app, report
from syndicator.cli.log import configure_logs
from syndicator.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, read_settings
from syndicator.cli.progress import progress_bar
from syndicator.cli.report import print_counts, print_faulty, print_missing, print_problems
from syndicator.errors import SecondInstanceError


@app.command()
def build(
    config: ConfigOption = DEFAULT_CONFIG,
    confirm_removals: bool = typer.Option(
        False,
        "--confirm-removals",
        help="Withdraw articles that are missing, however many. A service that runs is told to.",
    ),
    as_json: JsonOption = False,
) -> None:
    """Build all feeds once and end. What that causes in Slack is owed, and sent by the next `run`."""
    from syndicator.build import build as build_all
    from syndicator.build import confirm_removals as tell_running

    configure_logs(verbose=False, journal=False)
    settings = read_settings(config)
    console = Console(stderr=True)
    try:
        with (
            progress_bar(console, "Reading articles") as reading,
            progress_bar(console, "Publishing") as publishing,
        ):
            result = build_all(
                settings, reading=reading.update, publishing=publishing.update, confirmed=confirm_removals
            )
    except SecondInstanceError:
        if not confirm_removals:
            raise
        tell_running(settings)
        console.print("The service that runs withdraws them at its next look at the folder.")
        return
    if as_json:
        typer.echo(report.as_json(result))
    else:
        out = Console(highlight=False)
        print_problems(out, settings, result.problems)
        print_counts(out, result)
        print_missing(out, result)
        out.print(f"{result.published.written} files written to {settings.output}", soft_wrap=True)
        print_faulty(out, result)
    if not result.fine:
        raise typer.Exit(1)
