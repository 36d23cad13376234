"""`syndicator routes`: what each route is, when it sends next, and what it holds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from syndicator.cli import app
from syndicator.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, now, read_settings, session_of
from syndicator.cli.status import next_time, what_it_holds
from syndicator.cli.terminal import console, say, say_json
from syndicator.text import shown

if TYPE_CHECKING:
    from rich.table import Table


@app.command()
def routes(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """List the routes: channel, quality, when each sends next, what it holds, and what holds it back."""
    from syndicator.app import enqueuer_of, routes_of
    from syndicator.cli.log import configure_logs
    from syndicator.status import route_facts

    configure_logs(quiet=True)
    settings, moment = read_settings(config), now()
    with session_of(settings) as session:
        enqueuer = enqueuer_of(settings, session, moment)
        found = route_facts(session.outbox, routes_of(settings, session), enqueuer, moment)
    if as_json:
        say_json(found)
    elif found:
        console().print(_table(found, moment))
    else:
        say("There are no routes: nothing goes to Slack.")


def _table(found: Sequence[dict[str, Any]], moment: datetime) -> Table:
    from rich.table import Table
    from rich.text import Text

    zone = moment.astimezone().tzname()
    table = Table("route", "channel", "quality", f"next ({zone})", box=None, pad_edge=False)
    table.add_column("holds", overflow="fold")
    for route in found:
        quality = route["min_quality"]
        table.add_row(
            Text(route["name"]),
            Text(route["channel"]),
            "any" if quality is None else f"{quality:g}+",
            "at once" if route["deliver"] == "immediate" else next_time(route),
            Text("\n".join(map(shown, what_it_holds(route))) or "nothing"),
        )
    return table
