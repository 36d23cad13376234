"""`syndicator deliveries`: the messages owed and sent, and what to do with those that are stuck."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from syndicator.alerts import Delivery, DeliveryState, Retry
from syndicator.cli import app
from syndicator.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, now, read_settings, session_of
from syndicator.cli.terminal import local_time, say, say_json, say_table
from syndicator.text import shown

if TYPE_CHECKING:
    from rich.text import Text

    from syndicator.store.outbox import Outbox

HEADS = ("id", "state", "created", "route, channel, stories")
TOLD = (
    "id", "state", "route", "channel", "kind", "more", "created", "due", "attempts", "error", "ended",
    "edit_of", "why",
)  # fmt: skip
"""What programs are told of a message under the same name."""
STYLES = {
    DeliveryState.SENT: "green",
    DeliveryState.SHOWN: "cyan",
    DeliveryState.FAILED: "red",
    DeliveryState.UNCLEAR: "yellow",
    DeliveryState.DROPPED: "dim",
}

IdArgument = Annotated[str, typer.Argument(help="The delivery's id, or its beginning.")]
OwnConfig = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="The settings file, as above.", show_default=False, readable=False),
]

group = typer.Typer(help="List messages owed and sent; retry or drop stuck ones.")
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
    from syndicator.notify.channels import written_names

    settings = read_settings(config)
    with session_of(settings) as session:
        # What was taken back is in another message, or owed: its own line would say nothing more.
        wanted = states or [state for state in DeliveryState if state is not DeliveryState.RELEASED]
        found = session.outbox.list(wanted, limit=limit)
        known = session.entries(guid for one in found for guid in one.guids)
        called = written_names(settings.routes, session.outbox.channels.ids())
    titles = {one.id: [known[guid].article.title for guid in one.guids if guid in known] for one in found}
    if as_json:
        say_json([_facts(one, titles[one.id]) for one in found])
        return
    if found:
        say_table(HEADS, [_row(one, titles[one.id], called) for one in found])
    else:
        say("No messages.")


def _row(one: Delivery, titles: Sequence[str], called: Mapping[str, str]) -> tuple[str | Text, ...]:
    from rich.text import Text

    way = f"{one.route} → {called.get(one.channel, one.channel)}"
    notes = [way, _title(one, titles), shown(one.error or "")]
    return (
        one.id[:8],
        Text(one.state.value, style=STYLES.get(one.state, "")),
        local_time(one.created),
        "\n".join(filter(None, notes)),
    )


def _title(one: Delivery, titles: Sequence[str]) -> str:
    """The first story's, and how many others there are."""
    others = len(one.guids) + one.more - 1
    first = shown(titles[0]) if titles else "(unknown)"
    if one.edit_of is not None:
        return f"edit of {one.edit_of[:8]}, {one.why}: {first}"
    return first + (f" and {others} more" if others > 0 else "")


def _facts(one: Delivery, titles: Sequence[str]) -> dict[str, Any]:
    facts = {name: getattr(one, name) for name in TOLD}
    return facts | {"entries": one.guids, "message": one.message_ts, "titles": titles}


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
    path = config or context.obj[0]
    webhooks = read_settings(path).credentials.webhooks

    def again(outbox: Outbox, one: Delivery) -> tuple[bool, str]:
        done = outbox.retry(one.id, now(), anyway=anyway, can_look=one.route not in webhooks)
        what = f"is {one.state.value}: that" if done is Retry.NOT_NOW else ""
        return done in (Retry.AGAIN, Retry.LOOKED_UP), f"{what} {done.value}".strip()

    _act(path, id, again)


@group.command()
def drop(
    context: typer.Context,
    id: IdArgument,
    config: OwnConfig = None,
    why: Annotated[str, typer.Option("--why", help="For whoever asks later.")] = "dropped by the operator",
) -> None:
    """End a message that was not sent. Its stories are never announced in that channel."""

    def end(outbox: Outbox, one: Delivery) -> tuple[bool, str]:
        done = outbox.drop(one.id, why, now())
        return done, "is dropped" if done else f"is {one.state.value}: that {Retry.NOT_NOW.value}"

    _act(config or context.obj[0], id, end)


def _act(config: Path, id: str, act: Callable[[Outbox, Delivery], tuple[bool, str]]) -> None:
    """Does it to the one message whose id begins so, and says what came of it; exit code 1 if nothing did."""
    with session_of(read_settings(config), to_write=True) as session:
        matching = _matching(session.outbox, id)
        done, words = act(session.outbox, matching)
    say(f"{matching.id} {words}")
    if not done:
        raise typer.Exit(1)


def _matching(outbox: Outbox, id: str) -> Delivery:
    """The one message whose id begins so; that of nobody's, or of several, is wrong use (2)."""
    matching = outbox.beginning_with(id)
    if len(matching) == 1:
        return matching[0]
    words = "Several messages have" if matching else "No message has"
    say(f"{words} an id that begins with {id}; `syndicator deliveries list` shows them.")
    raise typer.Exit(2)
