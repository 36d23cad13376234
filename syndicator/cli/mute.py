"""`syndicator mute`: hold a route back for a while; nothing is lost, and one catch-up follows."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from syndicator.cli import app, options
from syndicator.cli.terminal import console, say, say_json, shown

if TYPE_CHECKING:
    from syndicator.alerts import Mute


@app.command()
def mute(
    route: Annotated[str | None, typer.Argument(help="The route; none lists what is muted.")] = None,
    config: options.ConfigOption = options.DEFAULT_CONFIG,
    for_: Annotated[str, typer.Option("--for", help="How long: 30m, 2h, 7d.")] = "",
    why: Annotated[str, typer.Option("--why", help="For whoever asks later.")] = "",
    lift: Annotated[bool, typer.Option("--lift", help="End the route's mutes now.")] = False,
    as_json: options.JsonOption = False,
) -> None:
    """Hold a route back for a while. What qualifies meanwhile is kept and sent as one catch-up."""
    from syndicator.cli.log import configure_logs

    configure_logs(quiet=True)
    if route is None and (for_ or why or lift):
        raise typer.BadParameter(
            "say which route: `syndicator mute ROUTE …`; without one, it lists the mutes"
        )
    settings, moment = options.read_settings(config), options.now()
    if route is None:
        with options.session_of(settings) as session:
            _list(session.outbox.ledger.mutes(ended_after=moment), as_json=as_json)
        return
    options.route_named(settings, route)
    with options.session_of(settings, to_write=True) as session:
        ledger = session.outbox.ledger
        if lift:
            count = ledger.unmute(route, moment)
            say(f"{count} mute{'s' * (count != 1)} of {route} lifted")
        else:
            made = ledger.mute(route, since=moment, until=moment + _length(for_), why=why)
            say(f"{route} is muted until {made.until:%Y-%m-%d %H:%M} UTC")


def _length(text: str) -> timedelta:
    from syndicator.settings.types import duration

    try:
        length = duration(text)
    except ValueError as error:
        raise typer.BadParameter(f"--for {error}") from None
    if not length:
        raise typer.BadParameter("--for must be longer than nothing")
    return length


def _list(mutes: list[Mute], *, as_json: bool) -> None:
    from rich.table import Table
    from rich.text import Text

    if as_json:
        say_json([{"route": m.route, "since": m.since, "until": m.end, "why": m.why} for m in mutes])
        return
    if not mutes:
        say("No route is muted.")
        return
    table = Table("route", "until (UTC)", "since (UTC)", "why", box=None, pad_edge=False)
    for one in mutes:
        table.add_row(
            Text(one.route), f"{one.end:%Y-%m-%d %H:%M}", f"{one.since:%Y-%m-%d %H:%M}", Text(shown(one.why))
        )
    console().print(table)
