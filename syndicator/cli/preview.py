"""`syndicator preview` and `send-test`: what a route would send, drawn here or sent as a test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated
from uuid import uuid4

import typer

from syndicator.alerts import Delivery
from syndicator.cli import app, options
from syndicator.cli.terminal import console, say, say_json
from syndicator.errors import WHERE_TO_LOOK, Refused, Unclear

if TYPE_CHECKING:
    from syndicator.settings.models import Route, Settings


@app.command()
def preview(
    route: Annotated[str | None, typer.Argument(help="The route; none previews all.")] = None,
    config: options.ConfigOption = options.DEFAULT_CONFIG,
    as_json: options.JsonOption = False,
    link: Annotated[bool, typer.Option("--link", help="Also a link to Slack's Block Kit Builder.")] = False,
) -> None:
    """Show what a route would send now. Nothing is sent, and nothing changes.

    What is owed comes first, whatever it waits for; where nothing is, the newest matching entries stand in.
    """
    from syndicator.slack.terminal import builder_link, draw

    settings = options.read_settings(config)
    routes = [options.route_named(settings, route)] if route else settings.routes
    previews = _previews(settings, routes)
    if as_json:
        say_json([delivery.message for _, _, delivery in previews if delivery is not None])
        return
    if not previews:
        say("There are no routes in the settings.")
    for name, note, delivery in previews:
        say((name, "bold"), f" → {options.route_named(settings, name).channel}: {note}")
        if delivery is not None:
            console().print(draw(delivery.message, channel=delivery.channel))
            if link:
                say((builder_link(delivery.message), "blue"))


@app.command("send-test")
def send_test(
    route: Annotated[str, typer.Argument(help="The route.")],
    config: options.ConfigOption = options.DEFAULT_CONFIG,
) -> None:
    """Send a route's preview to its channel, marked as a test. Nothing else changes."""
    from syndicator.slack.sender import messengers_of

    settings = options.read_settings(config)
    if settings.slack.mode == "preview":
        say("Nothing is posted with `slack: preview`: leave it out to send, or see `syndicator preview`.")
        raise typer.Exit(1)
    ((_, _, delivery),) = _previews(settings, [options.route_named(settings, route)])
    if delivery is None:
        say(f"{route} has nothing to show yet: no entry matches it.")
        raise typer.Exit(1)
    messenger = messengers_of(settings).for_delivery(delivery)
    try:
        message_ts = messenger.post(_as_test(delivery))
    except Unclear as error:
        say((f"It may have arrived or not: {error}", "yellow"))
        raise typer.Exit(75) from None
    except Refused as error:
        if error.answered is not False:
            raise
        typer.echo(f"error: {error}. {WHERE_TO_LOOK}", err=True)
        raise typer.Exit(error.exit_code) from None
    say(f"Sent to {delivery.channel}" + (f" as {message_ts}" if message_ts else ""))


def _previews(settings: Settings, routes: Sequence[Route]) -> list[tuple[str, str, Delivery | None]]:
    from syndicator.app import enqueuer_of, routes_of
    from syndicator.notify.preview import preview as preview_of

    names, moment = {route.name for route in routes}, options.now()
    with options.session_of(settings) as session:
        enqueuer = enqueuer_of(settings, session, moment)
        known = [route for route in routes_of(settings, session) if route.name in names]
        return [(route.name, *preview_of(session, route, enqueuer, now=moment)) for route in known]


def _as_test(delivery: Delivery) -> Delivery:
    """The same message with an id of its own, and a line that says what it is."""
    from syndicator.notify.message import metadata_of, plain_context

    note = plain_context("A test from syndicator")
    id, blocks = str(uuid4()), [note, *delivery.message["blocks"]]
    message = {**delivery.message, "blocks": blocks, "metadata": metadata_of(id)}
    return replace(delivery, id=id, message=message)
