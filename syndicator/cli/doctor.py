"""`syndicator doctor`: all that the service needs, looked at, each trouble with its fix."""

from __future__ import annotations

import os
from collections import Counter

import typer

from syndicator.cli import app
from syndicator.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, settings_file
from syndicator.cli.terminal import say, say_json
from syndicator.monitoring.health import Finding
from syndicator.text import say_count

RESULTS = ("ok", "warning", "wrong")
"""By how bad it is."""
STYLES = {"ok": "green", "warning": "bold yellow", "wrong": "bold red"}
WIDTHS = (len("warning"), len("settings"))


@app.command()
def doctor(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """Look at all that the service needs, each trouble with its fix. Changes and posts nothing.
    Exit code: 0 all well, 1 something to see to."""
    from syndicator.cli.log import configure_logs
    from syndicator.monitoring.examination import examine

    configure_logs(quiet=True)
    found = []
    for check in examine(settings_file(config), os.environ):
        found.append(check)
        if not as_json:
            _say(check)
    counts = Counter(RESULTS[check.level] for check in found)
    if as_json:
        facts = ((one, RESULTS[one.level]) for one in found)
        say_json([{"name": one.kind, "result": how, "text": one.text, "fix": one.fix} for one, how in facts])
    else:
        say("")
        say(f"{counts['wrong']} wrong, {say_count(counts['warning'], 'warning')}, {counts['ok']} ok")
    raise typer.Exit(1 if counts["ok"] < len(found) else 0)


def _say(check: Finding) -> None:
    result = RESULTS[check.level]
    fix = f". {check.fix}" if check.fix else ""
    say((f"{result:{WIDTHS[0]}}", STYLES[result]), f"  {check.kind:{WIDTHS[1]}}  {check.text}", (fix, "dim"))
