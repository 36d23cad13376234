"""`syndicator run`: the service, until it is told to stop."""

from __future__ import annotations

import os

import typer

from syndicator.cli import app
from syndicator.cli.options import DEFAULT_CONFIG, ConfigOption, settings_file


@app.command()
def run(
    config: ConfigOption = DEFAULT_CONFIG,
    verbose: bool = typer.Option(False, "--verbose", "-v", help="Log every decision, too."),
) -> None:
    """Run the service: watch the folders, publish feeds, serve them, and post to Slack.

    SIGTERM or Ctrl-C ends it within seconds and loses nothing; SIGHUP reads the settings anew and goes on
    with the old ones if the new are wrong.
    """
    from syndicator.cli.log import configure_logs
    from syndicator.cli.runner import Runner
    from syndicator.systemd import Notifier

    configure_logs(verbose=verbose, journal="JOURNAL_STREAM" in os.environ)
    Runner(settings_file(config), Notifier(os.environ)).run()
