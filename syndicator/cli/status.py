"""`syndicator status` and `routes`: how things stand with the service, and with each route."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from syndicator.cli import app, options
from syndicator.cli.terminal import say, say_json, say_table
from syndicator.monitoring.health import HealthLevel
from syndicator.text import say_count

STYLES = ("green", "yellow", "red")


@app.command()
def status(
    config: options.ConfigOption = options.DEFAULT_CONFIG,
    as_json: options.JsonOption = False,
    watch: Annotated[bool, typer.Option("--watch", help="Again every two seconds, until Ctrl-C.")] = False,
) -> None:
    """How things stand, each trouble with its fix. Exit code: 0 well, 1 degraded, 2 down."""
    while True:
        found = _found(options.settings_file(config))
        if as_json:
            say_json(found)
        else:
            if watch:
                typer.echo("\x1b[2J\x1b[H", nl=False)  # the screen's top, cleared (ECMA-48)
            _say(found)
        if not watch:
            raise typer.Exit(found["level"])
        time.sleep(2)


def _found(config: Path) -> dict[str, Any]:
    """The facts of a running service also where its settings file is wrong by now."""
    from syndicator.monitoring.status import current_status, read_status, status_path
    from syndicator.settings.load import find_state

    state = find_state(config, os.environ)
    if state is None or read_status(status_path(state)) is None:
        state = options.read_settings(config).state
    return current_status(status_path(state))


def _say(found: dict[str, Any]) -> None:
    level = found["level"]
    say((str(HealthLevel(level)), f"bold {STYLES[level]}"), f"  {found['line']}")
    for finding in found["findings"]:
        what = "" if finding["text"] == found["line"] else f"{finding['text']}. "
        say((f"  {what}", STYLES[finding["level"]]), (finding["fix"], "dim"))
    if "pid" not in found:
        return
    say(
        f"  as of {_local_time(found['at'], '%H:%M:%S')}: running since {_local_time(found['started'])}, "
        f"version {found['version']}, process {found['pid']}"
    )
    for route in found["routes"]:
        when = "at once" if route["deliver"] == "immediate" else "digest " + _next_time(route)
        say(f"  {route['name']} to {route['called']}: {', '.join([when, *_what_it_holds(route)])}")


@app.command()
def routes(
    config: options.ConfigOption = options.DEFAULT_CONFIG, as_json: options.JsonOption = False
) -> None:
    """List the routes: channel, quality, when each sends next.

    Also what each holds, and what holds it back.
    """
    from syndicator.app import enqueuer_of
    from syndicator.monitoring.status import route_facts

    settings, moment = options.read_settings(config), options.now()
    with options.session_of(settings) as session:
        enqueuer = enqueuer_of(settings, session, moment)
        found = route_facts(session.outbox, settings.routes, enqueuer, moment)
    if as_json:
        say_json(found)
    elif found:
        zone = moment.astimezone().tzname()
        say_table(("route", "channel", "quality", f"next ({zone})", "holds"), map(_row, found))
    else:
        say("There are no routes: nothing goes to Slack.")


def _row(route: Mapping[str, Any]) -> tuple[str, ...]:
    quality = "any" if route["min_quality"] is None else f"{route['min_quality']:g}+"
    quality += f", about {route['about']}" if route["about"] else ""
    when = "at once" if route["deliver"] == "immediate" else _next_time(route)
    return route["name"], route["called"], quality, when, "\n".join(_what_it_holds(route)) or "nothing"


def _next_time(route: Mapping[str, Any]) -> str:
    return _local_time(route["next"]) if route["next"] else "never"


def _what_it_holds(route: Mapping[str, Any]) -> list[str]:
    """The stories and messages that a route holds, and what holds it back, of a route's facts."""
    owes, waiting, until = route["owes"], route["waiting"], route["held_until"]
    parts = [f"{say_count(owes, 'story', 'stories')} owed"] if owes else []
    parts += [say_count(waiting, "message waits", "messages wait")] if waiting else []
    if held := route["held"]:
        whys = ", ".join(mute["why"] for mute in route["mutes"] if mute["why"])
        parts += [held + (f" until {_local_time(until)}" if until else "") + (f" ({whys})" if whys else "")]
    return parts


def _local_time(text: str, form: str = "%Y-%m-%d %H:%M") -> str:
    """A time of the facts, as the clock on this machine shows it."""
    return f"{datetime.fromisoformat(text).astimezone():{form}}"
