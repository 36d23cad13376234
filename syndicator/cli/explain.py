"""`syndicator explain`: why an entry is where it is, and what each route made of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from syndicator.alerts import Delivery, LedgerKind, RouteReason
from syndicator.cli import app, options
from syndicator.cli.terminal import entry_facts, local_time, say, say_json
from syndicator.models import Entry, FeedReason, Visibility, number
from syndicator.text import say_count
from syndicator.watch.types import printable

if TYPE_CHECKING:
    from syndicator.explain import ExplainResult, Explanation, FeedWord, RouteWord
    from syndicator.notify.due import Hold
    from syndicator.settings.models import Settings

MOST_WORDS = 8
NAME_WIDTH = len("visibility") + 2
NO_ARTICLE = (
    "Without a date it counts as a page or a draft: add `date` if it is to be one, "
    "in Jekyll's `_posts` to its name, like 2024-01-02-title.md. Or the site keeps it out of its lists."
)
YES, NO = ("  ✓  ", "green"), ("  –  ", "dim")


@app.command()
def explain(
    what: Annotated[str, typer.Argument(help="An article's path, link or guid.", metavar="PATH|LINK|GUID")],
    config: options.ConfigOption = options.DEFAULT_CONFIG,
    as_json: options.JsonOption = False,
) -> None:
    """Explain an entry: its feeds, and every route's decision.

    What it is, every feed it is in or not in and why, and what each route made of it.
    """
    from syndicator.app import enqueuer_of, routes_of
    from syndicator.explain import explain as explain_entry

    settings = options.read_settings(config)
    with options.session_of(settings) as session:
        answer = explain_entry(
            session,
            _as_stored(what, settings),
            routes=routes_of(settings, session),
            levels=settings.levels,
            limit=settings.feeds.limit,
            enqueuer=enqueuer_of(settings, session, options.now()),
            now=options.now(),
        )
    if as_json:
        entries = [_facts(one) for one in answer.explanations]
        none = [{"source": source, "path": path} for source, path in answer.no_articles]
        say_json({"entries": entries, "problems": answer.problems, "no_articles": none})
    else:
        _print(what, answer, settings)
    if not (answer.explanations or answer.problems or answer.no_articles):
        raise typer.Exit(1)


def _as_stored(what: str, settings: Settings) -> str:
    """A path on this machine as the store knows it: relative to its source, in UTF-8."""
    path = Path(what).absolute()
    for source in settings.sources:
        for candidate in (path, path.parent.resolve() / path.name):
            if candidate.is_relative_to(source.path) and "://" not in what:
                return printable(candidate.relative_to(source.path).as_posix())
    return printable(what)


def _print(what: str, answer: ExplainResult, settings: Settings) -> None:
    for problem in answer.problems:
        say(f"{problem}.")
        say(("It is no entry, and never was: it is in no feed and no message.", "dim"))
    for source, path in answer.no_articles:
        say(f"{path} (source {source}) is no article. {NO_ARTICLE}")
    for place, one in enumerate(answer.explanations):
        if place:
            say("")
        _print_one(one, settings)
    if not (answer.explanations or answer.problems or answer.no_articles):
        folders = ", ".join(str(source.path) for source in settings.sources)
        say(f"Nothing is known of {what}.")
        say((f"Is the file below {folders}? Has `syndicator run` or `build` seen it?", "dim"))
        if any(source.profile == "hugo" for source in settings.sources):
            say(("With `profile: hugo`, what lies beside an `index.md` or below it is not read.", "dim"))


def _print_one(one: Explanation, settings: Settings) -> None:
    entry, article = one.entry, one.entry.article
    say((article.title, "bold"))
    say((article.link, "blue"))
    heat = f", heat {number(article.heat)}" if article.heat else ""
    facts = {
        "visibility": _visibility(one),
        "file": f"{article.path} (source {article.source})",
        "guid": entry.guid,
        "published": local_time(article.published),
        "updated": local_time(entry.updated),
        "first seen": local_time(entry.seen),
        "quality": number(article.quality) + heat,
        "provider": article.provider.name if article.provider else "",
        "problem": f"{one.problem}. The last good version stays in force." if one.problem else "",
    }
    styles = {"visibility": "yellow" if entry.visibility.why() else "green", "problem": "red"}
    for name, fact in facts.items():
        if fact:
            say((f"{name:<{NAME_WIDTH}}", "dim"), (fact, styles.get(name, "")))
    if one.others:
        say("")
        say(("Story, with these", "bold"))
        _say_others(one)
    say("")
    say(("Feeds", "bold"))
    _say_feeds(one.feeds)
    if one.routes:
        say("")
        say(("Routes", "bold"))
        _say_routes(one, settings)


def _say_others(one: Explanation) -> None:
    for other in one.others:
        article, words = other.article, one.words.get(other.guid, ())[:MOST_WORDS]
        facts = [article.provider.name if article.provider else "", article.path]
        facts += [] if other.visibility is Visibility.PUBLIC else [other.visibility.value]
        facts += ["the same link"] if article.canonical_link == one.entry.article.canonical_link else []
        facts += [f"words: {' '.join(words)}"] if words else []
        say(f"  {number(article.quality):>7}  {article.title}: ", (", ".join(filter(None, facts)), "dim"))


def _visibility(one: Explanation) -> str:
    visibility = one.entry.visibility
    text = visibility.why() or "public"
    if visibility is Visibility.EMBARGOED:
        text += f", {local_time(one.entry.article.published)}"
    if visibility is Visibility.WITHDRAWN and one.entry.withdrawn is not None:
        text += f", since {local_time(one.entry.withdrawn)}"
    return text


def _say_feeds(words: Sequence[FeedWord]) -> None:
    """The feeds of its own topics one by one; those of other topics in one line."""
    others = sorted({word.topic for word in words if word.reason is FeedReason.OTHER_TOPIC})
    for word in words:
        if word.reason is not FeedReason.OTHER_TOPIC:
            name = f"feeds/{word.topic}" + (f"/{word.level}" if word.level else "")
            instead = f": {word.instead.article.path}" if word.instead else ""
            say(YES if word.reason is FeedReason.IN else NO, f"{name}: {word.reason.value}{instead}")
    if others:
        some = ", ".join(others[:8]) + (f" and {len(others) - 8} more" if len(others) > 8 else "")
        say(NO, f"other topics: {FeedReason.OTHER_TOPIC.value}: {some}")


def _say_routes(one: Explanation, settings: Settings) -> None:
    paths = {entry.guid: entry.article.path for entry in one.others}
    for word in one.routes:
        row = word.ledger if word.reason is not RouteReason.DROPPED else None
        taken = row and row.route == word.route.name and row.kind is not LedgerKind.BASELINE
        way = f"{word.route.name} → {options.route_named(settings, word.route.name).channel}"
        say(YES if taken else NO, f"{way}: {_decision(word, one.entry, paths)}")
        for line in (*_minimum(word), *_message(word)):
            say(f"     {line}")


def _decision(word: RouteWord, entry: Entry, paths: Mapping[str, str]) -> str:
    from syndicator.explain import FROM_THE_LEDGER

    text, row = word.reason.value, word.ledger
    if word.reason is RouteReason.BELOW_MINIMUM:
        text += f", {number(word.route.min_quality)}"
    if row is None:
        return text
    told = word.reason in FROM_THE_LEDGER or word.reason is row.reason
    is_said = row.reason in (word.reason, RouteReason.OWED)
    why = "" if is_said else f": {row.reason.value.removeprefix('owed: ')}"
    teller = "" if row.guid == entry.guid else f", by {paths.get(row.guid, row.guid)}"
    text += "" if told else f"; {row.kind.value} before"
    return f"{text}{teller} (decided {local_time(row.at)}, route {row.route}{why})"


def _minimum(word: RouteWord) -> Iterator[str]:
    """Where the route has `about`: the minimum that the story is judged by, and what it came from."""
    if (about := word.route.about) is None:
        return
    if (found := word.minimum) is None:
        yield f"about {about}: there is no minimum yet, the route has not begun"
        return
    asks = "any quality" if found.quality is None else f"quality {number(found.quality)} or better"
    reached = say_count(found.stories, "story reached it", "stories reached it")
    yield f"about {about}: {asks}, of {found.day:%Y-%m-%d} ({reached} in {say_count(found.days, 'day')})"


def held_words(held: Hold) -> str:
    """`held back: muted until 2026-03-14 13:00 UTC`."""
    return held.reason.value + (f" until {local_time(held.until)}" if held.until else "")


def _what_became(one: Delivery) -> str:
    """Where a message or an edit stands: `edit sent 2026-03-14 09:00 UTC: its story changed`."""
    what, why = ("edit", f": {one.why}") if one.edit_of else (f"message {one.id}", "")
    ended = f" {local_time(one.ended)}" if one.ended else ""
    return f"{what} {one.state.value}{ended}{why}" + (f", {one.error}" if one.error else "")


def _message(word: RouteWord) -> Iterator[str]:
    """What holds it, the message, and where it stands, a line each."""
    if word.held is not None:
        yield held_words(word.held)
    if (delivery := word.delivery) is not None:
        yield _what_became(delivery)
        if place := delivery.permalink or delivery.message_ts:
            yield place
        yield from map(_what_became, word.edits)
        if delivery.edit_due is not None:
            yield f"its story has changed: compared with it {local_time(delivery.edit_due)}"


def _facts(one: Explanation) -> dict[str, Any]:
    entry = one.entry
    feeds: dict[str, list[dict[str, object]]] = defaultdict(list)
    for word in one.feeds:
        instead = word.instead and word.instead.guid
        feeds[word.topic].append({"level": word.level, "reason": word.reason, "instead": instead})
    return entry_facts(entry) | {
        "story": entry.story,
        "story_entries": [
            _other_facts(other) | {"words": one.words.get(other.guid, ())} for other in one.others
        ],
        "visibility": entry.visibility,
        "updated": entry.updated,
        "seen": entry.seen,
        "withdrawn": one.entry.withdrawn,
        "heat": entry.article.heat,
        "topics": entry.topics,
        "problem": one.problem,
        "feeds": feeds,
        "routes": [_route_facts(word) for word in one.routes],
    }


def _other_facts(other: Entry) -> dict[str, Any]:
    provider = other.article.provider
    return entry_facts(other) | {"provider": provider and provider.name, "visibility": other.visibility}


def _route_facts(word: RouteWord) -> dict[str, Any]:
    ledger, held, delivery = word.ledger, word.held, word.delivery
    return {
        "route": word.route.name,
        "channel": word.route.channel,
        "reason": word.reason,
        "min_quality": word.route.min_quality,
        "about": word.route.about,
        "minimum_of": word.minimum and word.minimum.day.date(),
        "decided": ledger and ledger.at,
        "decided_as": ledger and ledger.reason,
        "decided_for": ledger and ledger.guid,
        "decided_by": ledger and ledger.route,
        "held": held and held.reason,
        "until": held and held.until,
        "delivery": delivery and delivery.id,
        "state": delivery and delivery.state,
        "message": delivery and delivery.message_ts,
        "permalink": delivery and delivery.permalink,
        "ended": delivery and delivery.ended,
        "error": delivery and delivery.error,
        "edits": [_edit_facts(edit) for edit in word.edits],
    }


def _edit_facts(edit: Delivery) -> dict[str, Any]:
    facts = {"delivery": edit.id, "state": edit.state, "why": edit.why, "text": edit.message["text"]}
    return facts | {"created": edit.created, "ended": edit.ended, "error": edit.error}
