"""`syndicator simulate`: what routes would have posted under other settings."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from syndicator.cli import app, options
from syndicator.cli.terminal import ProgressBar, entry_facts, say, say_json, say_table
from syndicator.models import number
from syndicator.text import say_count

if TYPE_CHECKING:
    from syndicator.settings.models import Settings
    from syndicator.simulation.comparison import ChangedStory, ComparedRoute, Comparison, Volume

LISTED = 10
UNTIL = ["%Y-%m-%d", "%Y-%m-%dT%H:%M"]


@app.command()
def simulate(
    config: options.ConfigOption = options.DEFAULT_CONFIG,
    since: Annotated[str, typer.Option("--since", help="How far back: 12h, 30d.")] = "30d",
    until: Annotated[
        datetime | None,
        typer.Option("--until", formats=UNTIL, help="The end, in UTC; by default now."),
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", help="Also write it as one page with charts into this file.")
    ] = None,
    as_json: options.JsonOption = False,
) -> None:
    """Show what routes would have posted under other settings.

    Beside today's: how much, what comes and goes. `--config NEW` has the other settings; without, only
    what today's would have posted. By what the service has recorded, quality above all; topics and
    publishers are those of now. For the time before, it is estimated from the folder. Nothing is sent, and
    nothing changes.
    """
    usual = Path(os.environ.get("SYNDICATOR_CONFIG", options.DEFAULT_CONFIG))
    new, today = options.settings_file(config), options.settings_file(usual)
    is_same = new.resolve() == today.resolve() or not today.exists()
    after = options.read_settings(new)
    before = after if is_same else options.read_settings(today)
    end = until.replace(tzinfo=UTC) if until else options.now()
    if end.year < 1970 or end > options.now():
        raise typer.BadParameter("--until must be a time between 1970 and now")
    found = _compare(after, before, end - options.length(since, "--since"), end, is_same=is_same)
    names = (new.name, None if is_same else today.name if today.name != new.name else str(today))
    if html is not None:
        from syndicator.simulation.page import render_comparison

        html.write_bytes(render_comparison(found, new=names[0], today=names[1]))
    if as_json:
        say_json(_facts(found))
    else:
        _print(found, *names)
        if html is not None:
            say(f"{html} has it as a page")


def _compare(
    after: Settings, before: Settings, since: datetime, until: datetime, *, is_same: bool
) -> Comparison:
    from syndicator.app import routes_of
    from syndicator.notify.channels import written_names
    from syndicator.notify.recorded import read_recorded
    from syndicator.simulation.comparison import compare
    from syndicator.simulation.replay import replay

    with options.session_of(before) as session:
        called = written_names((*before.routes, *after.routes), session.outbox.channels.ids())
        new, today = routes_of(after, session), routes_of(before, session)
        recorded = read_recorded(session, [*new, *today], since=since, until=until)
    with closing(ProgressBar()) as bar:
        before_them = None if is_same else replay(recorded, today, partial(bar.update, "Hours as today"))
        return compare(recorded, before_them, replay(recorded, new, partial(bar.update, "Hours")), called)


def _print(found: Comparison, new: str, today: str | None) -> None:
    recorded = found.recorded
    span = f"{recorded.since:%Y-%m-%d} to {recorded.until:%Y-%m-%d} (UTC)"
    files = f"{today} → {new}" if today else new
    say((f"{say_count(round(recorded.days), 'day')}, {span}: ", "bold"), files)
    if recorded.exact_since > recorded.since:
        say(
            (
                f"Before {recorded.exact_since:%Y-%m-%d %H:%M} UTC an estimate from the folder: an article "
                "came when it was published, with the quality that it has now.",
                "yellow",
            )
        )
    if not found.routes:
        say("There are no routes: nothing goes to Slack.")
        return
    _print_routes(found, compared=today is not None)
    say("")
    _print_days(found, compared=today is not None)
    if today is not None:
        _print_stories("Comes", found.comes, "not by today's settings: ", found.called)
        _print_stories("Goes", found.goes, "not by the new settings: ", found.called)


def _pair(before: str, after: str, *, compared: bool) -> str:
    return f"{before} → {after}" if compared and before != after else after


def _print_routes(found: Comparison, *, compared: bool) -> None:
    rows = []
    for route in found.routes:
        sides = [_words(side, found.recorded.days) for side in (route.before, route.after)]
        facts = (_pair(*pair, compared=compared) for pair in zip(*sides, strict=True))
        rows.append((route.name, found.called.get(route.channel, route.channel), *facts))
    say_table(("route", "channel", "quality", "stories", "a day", "messages"), rows)


def _words(side: Volume | None, days: float) -> tuple[str, str, str, str]:
    from syndicator.simulation.comparison import say_rate

    if side is None:
        return "–", "0", "0.0", "0"
    quality = "any" if side.min_quality is None else f"{side.min_quality:g}+"
    quality += f", about {side.about}" if side.about else ""
    return quality, f"{side.stories:,}", say_rate(side.stories, days), f"{side.messages:,}"


def _print_days(found: Comparison, *, compared: bool) -> None:
    """Stories sent to each channel on each day; several days without any in a row are one line."""
    channels: dict[str, list[ComparedRoute]] = {}
    for route in found.routes:
        channels.setdefault(route.channel, []).append(route)
    days = [
        (f"{day:%a} {day}", *(_sent(some, at, compared=compared) for some in channels.values()))
        for at, day in enumerate(found.days)
    ]
    rows: list[tuple[str, ...]] = []
    for is_empty, some in groupby(days, lambda row: {*row[1:]} == {"0"}):
        run = [*some]
        rows += [(say_count(len(run), "day"), *run[0][1:])] if is_empty and len(run) > 1 else run
    say_table(("sent on", *(found.called.get(channel, channel) for channel in channels)), rows)


def _sent(routes: Sequence[ComparedRoute], at: int, *, compared: bool) -> str:
    before = sum(route.before.per_day[at] for route in routes if route.before is not None)
    after = sum(route.after.per_day[at] for route in routes if route.after is not None)
    return _pair(str(before), str(after), compared=compared)


def _print_stories(title: str, stories: Sequence[ChangedStory], why: str, called: Mapping[str, str]) -> None:
    say("")
    say((f"{title}: {say_count(len(stories), 'story', 'stories')}", "bold"))
    for one in stories[:LISTED]:
        reason = one.why.value if one.why else "no route leads to the channel"
        head = f"  {called.get(one.channel, one.channel)}  {number(one.entry.article.quality):>7}  "
        say((head, "dim"), one.entry.article.title, (f" — {why}{reason}", "dim"))
    if len(stories) > LISTED:
        say(f"  and {len(stories) - LISTED} more")


def _facts(found: Comparison) -> dict[str, Any]:
    recorded = found.recorded
    return {
        "since": recorded.since,
        "until": recorded.until,
        "exact_since": recorded.exact_since,
        "days": [day.isoformat() for day in found.days],
        "routes": [
            {
                "route": route.name,
                "channel": route.channel,
                "before": _volume(route.before),
                "after": _volume(route.after),
            }
            for route in found.routes
        ],
        "comes": [_story(one) for one in found.comes],
        "goes": [_story(one) for one in found.goes],
        "topics": [
            {"topic": one.slug, "stories": one.stories, "minimums": one.minimums} for one in found.topics
        ],
    }


def _volume(side: Volume | None) -> dict[str, Any] | None:
    if side is None:
        return None
    return asdict(side) | {"minimums": {f"{day}": quality for day, quality in side.minimums.items()}}


def _story(one: ChangedStory) -> dict[str, Any]:
    return {"channel": one.channel, "route": one.route, "why_not": one.why} | entry_facts(one.entry)
