"""`syndicator run`: the service, until it is told to stop."""

from __future__ import annotations

import os
import signal

from syndicator.cli import app, options


@app.command()
def run(
    config: options.ConfigOption = options.DEFAULT_CONFIG,
    log_level: options.LogLevelOption = "info",
    log_format: options.LogFormatOption = "text",
) -> None:
    """Run the service, until it is told to stop.

    It watches the folders, publishes feeds, serves them, and posts to Slack. SIGTERM or Ctrl-C ends it
    within seconds and loses nothing; SIGHUP reads the settings anew and goes on with the old ones if the
    new are wrong.
    """
    # To load what follows takes half a second: until then nothing is in hand, and all is still to be read.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: os._exit(0))
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    from syndicator.cli.log import configure_logs
    from syndicator.cli.runner import Runner
    from syndicator.systemd import Notifier

    configure_logs(log_level, log_format)
    Runner(options.settings_file(config), Notifier(os.environ)).run()
