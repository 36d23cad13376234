"""`syndicator explain`: why an entry is where it is, and what each route made of it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from syndicator.alerts import RouteReason
from syndicator.cli import app
from syndicator.cli.log import configure_logs
from syndicator.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, now, opened, read_settings
from syndicator.cli.report import why_not_public
from syndicator.cli.shown import shown
from syndicator.models import FeedReason, Visibility, number

if TYPE_CHECKING:
    from syndicator.explain import Answer, Explanation, FeedWord, RouteWord
    from syndicator.settings.models import Settings

MARKS = {True: Text("✓", style="green"), False: Text("–", style="dim")}


@app.command()
def explain(
    what: Annotated[str, typer.Argument(help="An article's path, link or guid.", metavar="PATH|LINK|GUID")],
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Explain an entry: what it is, every feed it is in or not in and why, and every route's decision."""
    from syndicator.assembly import explainer_of

    configure_logs(verbose=False, journal=False, quiet=True)
    settings = read_settings(config)
    with opened(settings) as store, store.reading() as session:
        answer = explainer_of(settings, session).explain(session, _as_stored(what, settings), now=now())
    if as_json:
        typer.echo(json.dumps(_as_json(answer), indent=2, ensure_ascii=False))
    else:
        _print(Console(highlight=False), what, answer, settings)
    if not answer.explanations and not answer.problems:
        raise typer.Exit(1)


def _as_stored(what: str, settings: Settings) -> str:
    """A path on this machine as the store knows it: relative to its source."""
    path = Path(what).absolute()
    for source in settings.sources:
        for candidate in (path, path.parent.resolve() / path.name):
            if candidate.is_relative_to(source.path) and "://" not in what:
                return candidate.relative_to(source.path).as_posix()
    return what


def _print(console: Console, what: str, answer: Answer, settings: Settings) -> None:
    for problem in answer.problems:
        console.print(Text(shown(f"{problem}")), soft_wrap=True)
        console.print("It is no entry, and never was: it is in no feed and no message.", style="dim")
    for one in answer.explanations:
        _print_one(console, one)
    if not answer.explanations and not answer.problems:
        folders = ", ".join(str(source.path) for source in settings.sources)
        console.print(Text(f"Nothing is known of {shown(what)}."), soft_wrap=True)
        console.print(
            Text(f"Is the file below {folders}? Has `syndicator run` or `build` seen it?", style="dim"),
            soft_wrap=True,
        )


def _print_one(console: Console, one: Explanation) -> None:
    entry, article = one.entry, one.entry.article
    console.print(Text(shown(article.title), style="bold"), soft_wrap=True)
    console.print(Text(article.link, style="blue"), soft_wrap=True)
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim")
    facts.add_column(overflow="fold")
    facts.add_row("visibility", _visibility(one))
    facts.add_row("file", Text(f"{shown(article.path)} (source {article.source})"))
    facts.add_row("guid", Text(entry.guid))
    facts.add_row("published", _time(article.published))
    facts.add_row("updated", _time(entry.updated))
    facts.add_row("first seen", _time(entry.seen))
    facts.add_row(
        "quality", number(article.quality) + (f", heat {number(article.heat)}" if article.heat else "")
    )
    if article.provider:
        facts.add_row("provider", Text(shown(article.provider.name)))
    if one.problem:
        problem = f"{shown(str(one.problem))} The last good version stays in force."
        facts.add_row("problem", Text(problem, style="red"))
    console.print(facts)
    console.print(Text("\nFeeds", style="bold"))
    console.print(_feeds(one.feeds))
    if one.routes:
        console.print(Text("\nRoutes", style="bold"))
        console.print(_routes(one.routes))
    console.print()


def _visibility(one: Explanation) -> Text:
    visibility = one.entry.visibility
    if visibility is Visibility.PUBLIC:
        return Text("public", style="green")
    text = why_not_public(visibility)
    if visibility is Visibility.EMBARGOED:
        text += f", {_time(one.entry.article.published)}"
    if visibility is Visibility.WITHDRAWN and one.withdrawn is not None:
        text += f", since {_time(one.withdrawn)}"
    return Text(text, style="yellow")


def _feeds(words: Sequence[FeedWord]) -> Table:
    """The feeds of its own topics one by one; those of other topics in one line."""
    table = Table.grid(padding=(0, 2))
    table.add_column(width=1)
    table.add_column()
    table.add_column(overflow="fold")
    others = sorted({word.topic for word in words if word.reason is FeedReason.OTHER_TOPIC})
    for word in words:
        if word.reason is not FeedReason.OTHER_TOPIC:
            name = f"feeds/{word.topic}" + (f"/{word.level}" if word.level else "")
            reason = word.reason.value + (f": {shown(word.instead.article.path)}" if word.instead else "")
            table.add_row(MARKS[word.reason is FeedReason.IN], name, Text(reason))
    if others:
        some = ", ".join(others[:8]) + (f" and {len(others) - 8} more" if len(others) > 8 else "")
        table.add_row(MARKS[False], "other topics", f"{FeedReason.OTHER_TOPIC.value}: {some}")
    return table


def _routes(words: Sequence[RouteWord]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(width=1)
    table.add_column()
    table.add_column(overflow="fold")
    for word in words:
        taken = word.reason is not RouteReason.DROPPED and (
            word.delivery is not None or word.held is not None
        )
        table.add_row(MARKS[taken], Text(f"{word.route} → {word.channel}"), Text(shown(_route(word))))
    return table


def _route(word: RouteWord) -> str:
    text = word.reason.value
    if word.ledger is not None:
        text += f" (decided {_time(word.ledger.at)}, route {word.ledger.route})"
    if word.held is not None:
        text += f"; {word.held.reason.value}" + (
            f" until {_time(word.held.until)}" if word.held.until else ""
        )
    if word.delivery is not None:
        text += f"; message {word.delivery.id} {word.delivery.state.value}"
        text += f" {_time(word.delivery.ended)}" if word.delivery.ended else ""
        text += f" as {word.delivery.message_ts}" if word.delivery.message_ts else ""
        text += f", {word.delivery.error}" if word.delivery.error else ""
    return text


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _as_json(answer: Answer) -> dict[str, Any]:
    return {
        "entries": [_entry_json(one) for one in answer.explanations],
        "problems": [str(problem) for problem in answer.problems],
    }


def _entry_json(one: Explanation) -> dict[str, Any]:
    entry, article = one.entry, one.entry.article
    feeds: dict[str, list[dict[str, str | None]]] = defaultdict(list)
    for word in one.feeds:
        instead = word.instead.guid if word.instead else None
        feeds[word.topic].append({"level": word.level, "reason": word.reason.value, "instead": instead})
    return {
        "guid": entry.guid,
        "story": entry.story,
        "title": article.title,
        "link": article.link,
        "source": article.source,
        "path": article.path,
        "visibility": entry.visibility.value,
        "published": article.published.isoformat(),
        "updated": entry.updated.isoformat(),
        "seen": entry.seen.isoformat(),
        "withdrawn": one.withdrawn.isoformat() if one.withdrawn else None,
        "quality": article.quality,
        "heat": article.heat,
        "topics": list(entry.topics),
        "problem": str(one.problem) if one.problem else None,
        "feeds": feeds,
        "routes": [_route_json(word) for word in one.routes],
    }


def _route_json(word: RouteWord) -> dict[str, Any]:
    return {
        "route": word.route,
        "channel": word.channel,
        "reason": word.reason.value,
        "decided": word.ledger.at.isoformat() if word.ledger else None,
        "held": word.held.reason.value if word.held else None,
        "until": word.held.until.isoformat() if word.held and word.held.until else None,
        "delivery": word.delivery.id if word.delivery else None,
        "state": word.delivery.state.value if word.delivery else None,
        "message": word.delivery.message_ts if word.delivery else None,
        "ended": word.delivery.ended.isoformat() if word.delivery and word.delivery.ended else None,
        "error": word.delivery.error if word.delivery else None,
    }
