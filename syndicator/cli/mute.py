"""`syndicator mute`: hold a route, or all, back for a while; nothing is lost, and one catch-up follows."""

from __future__ import annotations

from typing import Annotated

import typer

from syndicator.alerts import ALL_ROUTES, Mute
from syndicator.cli import app, options
from syndicator.cli.terminal import local_time, say, say_json, say_table
from syndicator.text import say_count

LENGTH = "1h"
ALL = "all routes"


@app.command()
def mute(
    route: Annotated[str | None, typer.Argument(help="The route; none lists what is muted.")] = None,
    config: options.ConfigOption = options.DEFAULT_CONFIG,
    all_: Annotated[bool, typer.Option("--all", help="All routes, also those that come.")] = False,
    for_: Annotated[str, typer.Option("--for", help=f"How long: 30m, 2h, 7d; by default {LENGTH}.")] = "",
    why: Annotated[str, typer.Option("--why", help="For whoever asks later.")] = "",
    lift: Annotated[
        bool, typer.Option("--lift", help="End the mutes of the route, or of --all, now.")
    ] = False,
    as_json: options.JsonOption = False,
) -> None:
    """Hold a route, or all, back for a while. What qualifies meanwhile is kept and sent as one catch-up."""
    if route is None and not all_ and (for_ or why or lift):
        raise typer.BadParameter("say which route, or --all; without, `syndicator mute` lists the mutes")
    if route is not None and all_:
        raise typer.BadParameter("say a route or --all, not both")
    settings, moment = options.read_settings(config), options.now()
    if route is not None:
        options.route_named(settings, route)
    elif not all_:
        with options.session_of(settings) as session:
            _list(session.outbox.ledger.mutes(ended_after=moment), as_json=as_json)
        return
    target = route or ALL_ROUTES
    if lift:
        with options.session_of(settings, to_write=True) as session:
            count = session.outbox.ledger.unmute(target, moment)
        say(f"{say_count(count, 'mute')} of {route or ALL} lifted")
        return
    until = moment + options.length(for_ or LENGTH, "--for")
    with options.session_of(settings, to_write=True) as session:
        session.outbox.ledger.mute(target, since=moment, until=until, why=why)
    verb, name = ("is", route) if route else ("are", "--all")
    ends = f"`syndicator mute {name} --lift` ends it"
    say(f"{route or ALL} {verb} muted until {local_time(until)}; {ends}")


def _list(mutes: list[Mute], *, as_json: bool) -> None:
    from syndicator.monitoring.status import mute_facts

    if as_json:
        say_json([mute_facts(mute) for mute in mutes])
        return
    if not mutes:
        say("No route is muted.")
        return
    say_table(
        ("route", "until", "since", "why"),
        [(one.route or ALL, local_time(one.end), local_time(one.since), one.why) for one in mutes],
    )
