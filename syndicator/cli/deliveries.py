"""`syndicator deliveries`: the messages owed and sent, and what to do with those that are stuck."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from syndicator.alerts import Delivery, DeliveryState, Retry
from syndicator.cli import app
from syndicator.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, now, read_settings, session_of
from syndicator.cli.terminal import console, say, say_json, say_table
from syndicator.text import say_count, shown

if TYPE_CHECKING:
    from rich.text import Text

    from syndicator.notify.due import Hold
    from syndicator.store.outbox import Outbox

HEADS = ("id", "state", "created (UTC)", "route, channel, stories")
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A message as it is listed: the titles of the stories that it shows, and what holds it back now."""

    delivery: Delivery
    titles: tuple[str, ...]
    held: Hold | None = None


def held_words(held: Hold) -> str:
    """`held back: muted until 2026-03-14 13:00 UTC`, and so of all that holds."""
    return "; ".join(
        one.reason.value + (f" until {one.until:%Y-%m-%d %H:%M} UTC" if one.until else "")
        for one in held.all()
    )


def edit_words(edit: Delivery) -> str:
    """What became of an edit, with why it was made or why not."""
    error = f", {edit.error}" if edit.error else ""
    match edit.state:
        case DeliveryState.SENT | DeliveryState.SHOWN:
            how = "edited" if edit.state is DeliveryState.SENT else "drawn anew in the terminal"
            return f"{how} {edit.ended:%Y-%m-%d %H:%M:%S} UTC: {edit.why}"
        case DeliveryState.FAILED:
            return f"edit given up{error}"
        case DeliveryState.DROPPED:
            return f"edited no more{error}"
        case DeliveryState.RELEASED:
            return f"edit taken back{error}"
        case _:
            return f"edit owed since {edit.created:%Y-%m-%d %H:%M:%S} UTC: {edit.why}{error}"


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
    from syndicator.app import enqueuer_of
    from syndicator.notify.channels import written_names
    from syndicator.notify.enqueue import known_entries

    settings, moment = read_settings(config), now()
    with session_of(settings) as session:
        enqueuer = enqueuer_of(settings, session, moment)
        # What was taken back is in another message, or owed: its own line would say nothing more.
        wanted = states or [state for state in DeliveryState if state is not DeliveryState.RELEASED]
        found = session.outbox.list(wanted, limit=limit)
        entries = known_entries(session, [guid for one in found for guid in one.guids])
        waiting = {one.route for one in found if one.state is DeliveryState.OWED}
        holds = enqueuer.holds(session.outbox, waiting, moment)
        stories = enqueuer.held(session, now=moment)
        channels = session.outbox.channels.broken()
        called = written_names(settings.routes, session.outbox.channels.ids())
    listed = [
        Listed(
            delivery=one,
            titles=tuple(entries[guid].article.title for guid in one.guids if guid in entries),
            held=holds.get(one.route) if one.state is DeliveryState.OWED and one.edit_of is None else None,
        )
        for one in found
    ]
    if as_json:
        say_json([_facts(one) for one in listed])
        return
    broken = {channel.channel: channel.broken or "" for channel in channels}
    if listed:
        say_table(HEADS, [_row(one, broken, called) for one in listed])
    else:
        say("No messages.")
    counts = Counter((story.route, held_words(hold)) for story, hold in stories)
    for (route, words), count in counts.items():
        what = say_count(count, "story is", "stories are")
        say(f"{route}: {what} owed and in no message yet; {words}")
    for why in broken.values():
        # What broke it names the channel itself.
        say((why, "red"))


def _row(one: Listed, broken: Mapping[str, str], called: Mapping[str, str]) -> tuple[str | Text, ...]:
    """A message; why its channel is broken stands below all, once, and not again with each."""
    from rich.text import Text

    delivery = one.delivery
    error = "" if delivery.error == broken.get(delivery.channel) else shown(delivery.error or "")
    way = f"{delivery.route} → {called.get(delivery.channel, delivery.channel)}"
    notes = [way, _title(one), held_words(one.held) if one.held else "", error]
    return (
        delivery.id[:8],
        Text(delivery.state.value, style=STYLES.get(delivery.state, "")),
        f"{delivery.created:%Y-%m-%d %H:%M}",
        "\n".join(filter(None, notes)),
    )


def _title(one: Listed) -> str:
    """The first story's, and how many others there are."""
    others, edit_of = len(one.delivery.guids) + one.delivery.more - 1, one.delivery.edit_of
    first = shown(one.titles[0]) if one.titles else "(unknown)"
    if edit_of is not None:
        return f"edit of {edit_of[:8]}, {one.delivery.why}: {first}"
    return first + (f" and {others} more" if others > 0 else "")


def _facts(listed: Listed) -> dict[str, Any]:
    one, held = listed.delivery, listed.held
    return {name: getattr(one, name) for name in TOLD} | {
        "entries": one.guids,
        "message": one.message_ts,
        "titles": listed.titles,
        "held": held and held.reason,
        "until": held and held.until,
    }


@group.command()
def show(
    context: typer.Context, id: IdArgument, config: OwnConfig = None, as_json: JsonOption = False
) -> None:
    """Show every text that a message has had, the first as it was posted, each edit with its reason."""
    from syndicator.slack.terminal import draw

    path, json = context.obj
    with session_of(read_settings(config or path)) as session:
        found = _matching(session.outbox, id)
        first = session.outbox.find(found.edit_of) if found.edit_of else found
        texts = [*filter(None, [first]), *session.outbox.edits.of(first.id if first else found.id)]
    if as_json or json:
        say_json([_facts(Listed(delivery=one, titles=())) | {"text": one.message["text"]} for one in texts])
        return
    for one in texts:
        ended = f" {one.ended:%Y-%m-%d %H:%M:%S} UTC" if one.ended else ""
        say(shown(edit_words(one) if one.edit_of else f"{one.id} {one.state.value}{ended}"))
        console().print(draw(one.message, channel=one.channel))


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
    """End a message that was not sent; its stories are never announced in that channel."""

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
