"""`syndicator routes`: what each route is, when it sends next, and what it holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from syndicator.cli import app
from syndicator.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, now, read_settings, session_of
from syndicator.cli.status import next_time, what_it_holds
from syndicator.cli.terminal import say, say_json, say_table


@app.command()
def routes(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """List the routes: channel, quality, when each sends next, what it holds, and what holds it back."""
    from syndicator.app import enqueuer_of, routes_of
    from syndicator.status import route_facts

    settings, moment = read_settings(config), now()
    with session_of(settings) as session:
        enqueuer = enqueuer_of(settings, session, moment)
        found = route_facts(session.outbox, routes_of(settings, session), enqueuer, moment)
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
    when = "at once" if route["deliver"] == "immediate" else next_time(route)
    return route["name"], route["channel"], quality, when, "\n".join(what_it_holds(route)) or "nothing"
