"""`syndicator deliveries`: the messages owed and sent, and what to do with those that are stuck."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from syndicator.alerts import ChannelState, Delivery, DeliveryState
from syndicator.cli import app
from syndicator.cli.log import configure_logs
from syndicator.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, now, opened, read_settings
from syndicator.cli.shown import shown

if TYPE_CHECKING:
    from syndicator.store.outbox import Outbox

STYLES = {
    DeliveryState.SENT: "green",
    DeliveryState.SHOWN: "cyan",
    DeliveryState.FAILED: "red",
    DeliveryState.UNCLEAR: "yellow",
    DeliveryState.DROPPED: "dim",
}
IdArgument = Annotated[str, typer.Argument(help="The delivery's id, or its beginning.")]
OwnConfig = Annotated[
    Path | None, typer.Option("--config", "-c", help="The settings file.", show_default=str(DEFAULT_CONFIG))
]

group = typer.Typer(help="List messages owed and sent; retry or drop those that are stuck.")
app.add_typer(group, name="deliveries")


@group.callback(invoke_without_command=True)
def default(
    context: typer.Context, config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False
) -> None:
    """Without a command: list."""
    context.obj = (config, as_json)
    if context.invoked_subcommand is None:
        _list(config, (), 50, as_json)


@group.command("list")
def list_deliveries(
    context: typer.Context,
    config: OwnConfig = None,
    state: Annotated[list[DeliveryState] | None, typer.Option("--state", help="Only these.")] = None,
    limit: Annotated[int, typer.Option("--limit", help="At most so many, newest first.", min=1)] = 50,
    as_json: JsonOption = False,
) -> None:
    """List messages, newest first."""
    _list(config or context.obj[0], state or (), limit, as_json or context.obj[1])


def _list(config: Path, states: Sequence[DeliveryState], limit: int, as_json: bool) -> None:
    configure_logs(verbose=False, journal=False, quiet=True)
    with opened(read_settings(config)) as store, store.reading() as books:
        found = books.outbox.list(states, limit=limit)
        channels = books.outbox.channels()
    if as_json:
        typer.echo(json.dumps([_as_json(one) for one in found], indent=2, ensure_ascii=False))
        return
    console = Console(highlight=False)
    if not found:
        console.print("No messages.")
    else:
        table = Table("id", "state", "route", "channel", "created (UTC)", "stories", box=None, pad_edge=False)
        table.add_column("", overflow="fold")
        for one in found:
            stories = len(one.guids) + one.more
            table.add_row(
                one.id[:8],
                Text(one.state.value, style=STYLES.get(one.state, "")),
                Text(one.route),
                Text(one.channel),
                f"{one.created:%Y-%m-%d %H:%M}",
                str(stories),
                Text(shown(one.error or "")),
            )
        console.print(table)
    _print_broken(console, [channel for channel in channels if channel.broken])


@group.command()
def retry(
    context: typer.Context,
    id: IdArgument,
    config: OwnConfig = None,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Send even if it may be in the channel already.")
    ] = False,
) -> None:
    """Try a failed message again now. One that may have been accepted is looked for first."""

    def again(outbox: Outbox, full: str) -> bool:
        return outbox.retry(full, now(), anyway=anyway)

    _act(config or context.obj[0], id, again, "is tried again")


@group.command()
def drop(
    context: typer.Context,
    id: IdArgument,
    config: OwnConfig = None,
    why: Annotated[str, typer.Option("--why", help="For whoever asks later.")] = "dropped by the operator",
) -> None:
    """End a message that was not sent; its stories are never announced in that channel."""
    _act(config or context.obj[0], id, lambda outbox, full: outbox.drop(full, why, now()), "is dropped")


def _act(config: Path, id: str, act: Callable[[Outbox, str], bool], done: str) -> None:
    configure_logs(verbose=False, journal=False, quiet=True)
    console = Console(highlight=False)
    with opened(read_settings(config)) as store, store.transaction() as books:
        matching = [one for one in books.outbox.list(limit=100_000) if one.id.startswith(id)]
        if len(matching) != 1:
            words = "No message has" if not matching else f"{len(matching)} messages have"
            console.print(f"{words} an id that begins with {id}; `syndicator deliveries list` shows them.")
            raise typer.Exit(1)
        if not act(books.outbox, matching[0].id):
            console.print(f"{matching[0].id} is {matching[0].state.value}: that is not to be changed.")
            raise typer.Exit(1)
    console.print(f"{matching[0].id} {done}")


def _print_broken(console: Console, channels: list[ChannelState]) -> None:
    for channel in channels:
        console.print(Text(f"{channel.channel}: {shown(channel.broken or '')}", style="red"), soft_wrap=True)


def _as_json(one: Delivery) -> dict[str, Any]:
    return {
        "id": one.id,
        "state": one.state.value,
        "route": one.route,
        "channel": one.channel,
        "kind": one.kind,
        "entries": list(one.guids),
        "more": one.more,
        "created": one.created.isoformat(),
        "due": one.due.isoformat(),
        "attempts": one.attempts,
        "message": one.message_ts,
        "error": one.error,
    }
