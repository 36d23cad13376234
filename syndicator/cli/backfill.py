"""`syndicator backfill`: older stories that a route never announced, announced on request."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from syndicator.cli import app, options
from syndicator.cli.terminal import entry_facts, say, say_json
from syndicator.models import number
from syndicator.text import say_count

if TYPE_CHECKING:
    from syndicator.notify.backfill import Backfill
    from syndicator.settings.models import Route

LISTED = 20


@app.command()
def backfill(
    route: Annotated[str, typer.Argument(help="The route.")],
    since: Annotated[str, typer.Option("--since", help="How far back, by published time: 12h, 7d.")],
    limit: Annotated[int | None, typer.Option("--limit", help="At most so many stories.", min=1)] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only list what would be announced, and why others not.")
    ] = False,
    config: options.ConfigOption = options.DEFAULT_CONFIG,
    as_json: options.JsonOption = False,
) -> None:
    """Announce older stories in a route's channel.

    Those that the route takes and the channel has never had, the best first, by the route's own schedule,
    quiet hours and caps; more than 20 at once are one digest. A service that runs sends them at its next
    look, else the next `run` does.
    """
    from syndicator.app import routes_of
    from syndicator.notify.backfill import find_backfill

    settings, now = options.read_settings(config), options.now()
    options.route_named(settings, route)
    start = now - options.length(since, "--since")
    with options.session_of(settings, to_write=not dry_run) as session:
        one = next(one for one in routes_of(settings, session) if one.name == route)
        found = find_backfill(session, one, since=start, limit=limit, now=now)
        if not dry_run:
            session.outbox.ledger.reopen(row for row, _ in found.stories)
    if as_json:
        say_json(_facts(one, found, start, dry_run=dry_run))
    else:
        _print(options.route_named(settings, route), found, dry_run=dry_run)


def _print(route: Route, found: Backfill, *, dry_run: bool) -> None:
    count = len(found.stories)
    verb = ("would be", "would be") if dry_run else ("is now", "are now")
    say(
        (f"{route.name} → {route.channel}: ", "bold"),
        f"{say_count(count, 'story', 'stories')} {verb[count != 1]} owed",
    )
    for _, entry in found.stories[:LISTED]:
        article = entry.article
        say((f"  {number(article.quality):>7}  {article.published:%Y-%m-%d}  ", "dim"), article.title)
    if count > LISTED:
        say(f"  and {count - LISTED} more")
    if found.left_out:
        say(("Not announced of that time:", "dim"))
        for reason, some in sorted(found.left_out.items(), key=lambda one: -one[1]):
            say((f"  {some:>7}  {reason.value}", "dim"))


def _facts(route: Route, found: Backfill, since: datetime, *, dry_run: bool) -> dict[str, Any]:
    stories = [{"story": row.story} | entry_facts(entry) for row, entry in found.stories]
    facts = {"route": route.name, "channel": route.channel, "since": since, "dry_run": dry_run}
    return facts | {"stories": stories, "left_out": found.left_out}
