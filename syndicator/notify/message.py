"""A story or a digest as one Slack message, within Slack's limits (pure).

A headline is a link in a `rich_text` block, the summary `plain_text` with the picture as its accessory, and
the publisher's line a `context` block: nothing of an article is ever parsed as markup. Only our own words
are `mrkdwn`: the reader's local time and the link to the topic page. The limits are those of
https://docs.slack.dev/reference/block-kit/blocks. That on a whole message is not documented: others met it at
13,297 characters, of which a divider takes 125 (https://github.com/slackapi/bolt-js/issues/2509).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from syndicator.models import Entry, Image, number
from syndicator.notify.coverage import Coverage, publisher_of
from syndicator.settings.models import Digest, Route
from syndicator.text import say_count, shorten, visible_line
from syndicator.urls import other_host, site_of

MAX_BLOCKS, OBJECT, MAX_TEXT = 12_500, 30, 4_000
MAX_SECTION, MAX_HEADER, MAX_URL = 3_000, 150, 1_500  # Slack's 3,000 would leave no room for stories
SUMMARY_LENGTH = 280
"""About two lines of a Slack window of usual width."""
GROUPED = 10
"""A digest of more stories is divided into groups."""
NAME_LENGTH = 40
"""Of a publisher or a topic, where it stands with others."""
RISING = "rising"
"""How a story is marked that was taken since its quality rose."""
LONG_AGO = timedelta(days=14)
"""A line says the day of what is older, not its age."""
NBSP = "\N{NO-BREAK SPACE}"
NAMED = 5
"""How many other publishers an alert links to; the others are counted."""

NOT_SHOWN = (".svg", ".svgz", ".avif", ".heic", ".tif", ".tiff", ".bmp", ".ico")
"""Kinds of images that Slack refuses; it takes PNG, JPEG and GIF
(https://docs.slack.dev/reference/block-kit/block-elements/image-element). One without a known ending is
tried."""

SIZES = ((200, 2_000), (150, 500), (100, 300), (60, 150), (60, 0))
"""Longest title and longest link, in steps: the first at which all of a message fits is taken."""

Block = dict[str, object]
Message = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestPage:
    """The page that shows a digest's stories, by our own address; `name` is the topic's or the site's."""

    name: str
    url: str


def alert_message(story: Coverage, route: Route, *, id: str, topic_names: Mapping[str, str]) -> Message:
    """One story: headline, summary and picture, publisher, time, topics, and who else has it.

    `topic_names` are the names to show by slug; a topic that is not among them is not shown. By
    `id` the message is recognised in Slack. The result has `blocks`, `text`, `metadata` and the switches that
    keep Slack from adding previews or markup.
    """
    topics = [topic_names[slug] for slug in story.lead.topics if slug in topic_names]

    def build(title_length: int, link_length: int) -> list[Block]:
        blocks = _story(story, topics, title_length, link_length)
        return blocks + ([plain_context(_why(route, story))] if route.show_reason else [])

    return message_of(_largest(build), _line(story), id, [story.lead.story])


def digest_message(
    stories: Sequence[Coverage],
    more: int,
    route: Route,
    *,
    id: str,
    at: datetime,
    page: DigestPage,
    heading: str | None = None,
    group_of: Callable[[Entry], str] | None = None,
) -> Message:
    """Up to 20 stories, best first: the lead with summary and picture, the others as a list of headlines.

    `more` stories are only counted, with a link to the page. Ages are those at the time `at`. `heading` goes
    before the count in place of the page's name; where there are many, `group_of` gives what stands above
    those that have it in common.
    """
    count = len(stories) + more
    title = f"{visible_line(heading or page.name)}: {say_count(count, 'new story', 'new stories')}"
    groups = _grouped(stories[1:], group_of if count > GROUPED else None)

    def build(title_length: int, link_length: int) -> list[Block]:
        blocks = [header(title), *_story(stories[0], [], title_length, link_length)]
        blocks += [_list(groups, at, title_length, link_length)] if groups else []
        return blocks + _ending(page, more) + ([plain_context(_why(route))] if route.show_reason else [])

    titles = ((one.lead.article.title, one.lead) for one in stories)
    text = f"{title}: " + "; ".join(visible_line(one) + _leads(one, lead) for one, lead in titles)
    return message_of(_largest(build), text, id, [one.lead.story for one in stories])


def message_of(blocks: list[Block], text: str, id: str, stories: Sequence[str] = ()) -> Message:
    """The message of these blocks; `text` stands for them all in a notification."""
    return {
        "blocks": blocks,
        "text": escape(shorten(text, MAX_TEXT, escaped_units)),
        "mrkdwn": False,
        "metadata": metadata_of(id, stories),
        "unfurl_links": False,
        "unfurl_media": False,
    }


def metadata_of(id: str, stories: Sequence[str] = ()) -> dict[str, object]:
    """By which the message, and the stories that it shows, are found in its channel."""
    # Slack takes no list of texts here.
    shown = {"stories": " ".join(stories)} if stories else {}
    return {"event_type": "syndicator_delivery", "event_payload": {"delivery": id} | shown}


def _story(story: Coverage, topics: Sequence[str], title_length: int, link_length: int) -> list[Block]:
    """The headline, where there is a summary or a picture both below it side by side, the publisher's line,
    and who else has the story."""
    article = story.lead.article
    blocks = [rich(_section(_headline(story.lead, title_length, link_length)))]
    pictures = (_image(image, article.title) for image in article.images)
    summary, picture = visible_line(article.summary), next(filter(None, pictures), None)
    if summary or picture:
        shown = summary or site_of(article.link) or article.type
        section: Block = {"type": "section", "text": _plain(shown, SUMMARY_LENGTH)}
        blocks.append(section | ({"accessory": picture} if picture else {}))
    blocks.append(_byline(story, topics))
    return blocks + ([rich(_section(_also(story, link_length)))] if story.others else [])


def _headline(entry: Entry, title_length: int, link_length: int) -> list[Block]:
    title = visible_line(entry.article.title) or entry.article.link
    return _linked(title, entry, title_length, link_length, {"style": {"bold": True}})


def _also(story: Coverage, link_length: int) -> list[Block]:
    """The other publishers, linked, and how many have the story in all."""
    elements = [_span("also: ")]
    for place, entry in enumerate(story.others[:NAMED]):
        elements += [_span(", ")] if place else []
        elements += _linked(publisher_of(entry), entry, NAME_LENGTH, link_length, {})
    rest = story.others[NAMED:]
    more = f", +{len(rest)} more" if rest else ""
    return [*elements, _span(f"{more} · {len(story.publishers)} publishers")]


def _linked(text: str, entry: Entry, length: int, link_length: int, style: Block) -> list[Block]:
    """The text as a link to the entry and, where it passes for another address, where it leads."""
    link, leads = entry.article.link, _leads(text, entry)
    # A rich_text element shows its text as it is, so it is cut but not escaped.
    linked: Block = {"type": "link", "url": link} if len(link) <= link_length else {"type": "text"}
    linked |= {"text": shorten(text, length, units)} | style
    return [linked, _span(leads)] if leads else [linked]


def _leads(text: str, entry: Entry) -> str:
    """` (leads to evil.example)` after a text that looks like another address, else nothing."""
    host = other_host(text, entry.article.link)
    return f" (leads to {visible_line(host)})" if host else ""


def _byline(story: Coverage, topics: Sequence[str]) -> Block:
    """Publisher with its logo, the reader's local time, topics; at most five of Slack's ten elements."""
    article = story.lead.article
    logo = None if article.provider is None else _image(article.provider.logo, article.provider.name)
    elements = [] if logo is None else [logo]
    elements += [_plain(publisher_of(story.lead), 80), _time(article.published)]
    subjects = " · ".join(filter(None, map(visible_line, topics)))
    elements += [_plain(subjects, 120)] if subjects else []
    elements += [_plain(RISING, 80)] if story.rising else []
    return {"type": "context", "elements": elements}


Groups = Sequence[tuple[str, Sequence[Coverage]]]
"""Headings, empty where nothing is to stand, each with its stories in order."""


def _grouped(stories: Sequence[Coverage], group_of: Callable[[Entry], str] | None) -> Groups:
    """The stories by what they have in common, in the order of each group's first, those with nothing last; a
    single group has no heading."""
    groups: dict[str, list[Coverage]] = {}
    for story in stories:
        groups.setdefault("" if group_of is None else visible_line(group_of(story.lead)), []).append(story)
    if len(groups) < 2:
        return [("", some) for some in groups.values()]
    return [(name or "Other", groups[name]) for name in sorted(groups, key=lambda name: not name)]


def _list(groups: Groups, at: datetime, title_length: int, link_length: int) -> Block:
    elements: list[Block] = []
    for name, stories in groups:
        if name:
            heading = _span(shorten(name, NAME_LENGTH, units)) | {"style": {"bold": True}}
            elements.append(_section([heading]))
        lines = ((_headline(one.lead, title_length, link_length), _beside(one, name, at)) for one in stories)
        items = [_section([*headline, _span(beside)]) for headline, beside in lines]
        elements.append({"type": "rich_text_list", "style": "bullet", "elements": items})
    return rich(*elements)


def _beside(story: Coverage, heading: str, at: datetime) -> str:
    """`  ZDNet, GeekWire, +1 · 3 h` after a headline; a publisher that is its heading is not said again."""
    names = [shorten(name, NAME_LENGTH, units) for name in story.publishers if name != heading]
    names = names if len(names) <= 2 else [*names[:2], f"+{len(names) - 2}"]
    facts = [", ".join(names), _age(story.lead.article.published, at), RISING if story.rising else ""]
    return "  " + " · ".join(filter(None, facts))


def _age(published: datetime, at: datetime) -> str:
    """In the largest unit of which there is one; the day itself where it is long ago.

    >>> at = datetime(2026, 1, 31, 12)
    >>> ages = [timedelta(minutes=some) for some in (-5, 59, 60, 1439, 1440)]
    >>> [_age(at - age, at).replace(NBSP, " ") for age in (*ages, timedelta(days=30))]
    ['0 min', '59 min', '1 h', '23 h', '1 d', '1 Jan 2026']
    """
    age = at - published
    if age > LONG_AGO:
        return f"{published:%-d %b %Y}".replace(" ", NBSP)
    minutes = max(0, int(age.total_seconds() // 60))
    if minutes < 60:
        return f"{minutes}{NBSP}min"
    return f"{minutes // 60}{NBSP}h" if minutes < 1440 else f"{minutes // 1440}{NBSP}d"


def _ending(page: DigestPage, more: int) -> list[Block]:
    """ "+N more" and the way to all of them; nothing where there is neither."""
    words = f"+{more} more" if more else "All stories"
    if len(page.url) > MAX_URL:
        return [plain_context(words)] if more else []
    name = escape(shorten(visible_line(page.name), 80, escaped_units)).replace("|", "¦")
    text = f"<{escape(page.url)}|{words} on {name}>"
    return [{"type": "context", "elements": [{"type": "mrkdwn", "text": text, "verbatim": True}]}]


def _time(moment: datetime) -> Block:
    """In the reader's own zone (https://docs.slack.dev/messaging/formatting-message-text/#date-formatting)."""
    fallback = f"{moment:%-d %b %Y, %H:%M} UTC"
    text = f"<!date^{int(moment.timestamp())}^{{date_short_pretty}} at {{time}}|{fallback}>"
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _image(image: Image | None, alt: str) -> Block | None:
    if image is None or len(image.url) > MAX_URL:
        return None
    if urlsplit(image.url).path.lower().endswith(NOT_SHOWN):
        return None
    alt_text = escape(shorten(visible_line(alt), 200, escaped_units)) or "picture"
    return {"type": "image", "image_url": image.url, "alt_text": alt_text}


def rich(*elements: Block) -> Block:
    """A block of text that Slack does not parse."""
    return {"type": "rich_text", "elements": [*elements]}


def _section(elements: Sequence[Block]) -> Block:
    return {"type": "rich_text_section", "elements": elements}


def _span(text: str) -> Block:
    return {"type": "text", "text": text}


def header(text: str) -> Block:
    """The block that stands out above the others, cut to its limit."""
    return {"type": "header", "text": _plain(text, MAX_HEADER)}


def _plain(text: str, limit: int) -> Block:
    return {"type": "plain_text", "text": escape(shorten(text, limit, escaped_units)), "emoji": False}


def plain_context(text: str) -> Block:
    """A block of small text below the others, cut to its limit."""
    return {"type": "context", "elements": [_plain(text, MAX_SECTION)]}


def _why(route: Route, story: Coverage | None = None) -> str:
    """Why the message was sent, for a reader: the route's name and what it asks for."""
    wanted = ", ".join(route.topics) or "all topics"
    minimum = "" if route.min_quality is None else f", quality {number(route.min_quality)} or better"
    minimum = minimum if route.about is None else f", the best, about {route.about}"
    publishers = f", {route.min_publishers} publishers or more" if route.min_publishers > 1 else ""
    rose = " Its quality reached the minimum later." if story and story.rising else ""
    when = f", at {route.deliver.cron} {route.deliver.time_zone}" if isinstance(route.deliver, Digest) else ""
    return visible_line(f"Sent by the route {route.name}: {wanted}{minimum}{publishers}{when}.{rose}")


def _line(story: Coverage) -> str:
    article, leads = story.lead.article, _leads(story.lead.article.title, story.lead)
    names = ", ".join(shorten(name, NAME_LENGTH, escaped_units) for name in story.publishers[:NAMED])
    names = f" ({names})" if article.provider or story.others else ""
    return f"{shorten(visible_line(article.title), 300, escaped_units)}{leads}{names} {article.link}"


def _largest(build: Callable[[int, int], list[Block]]) -> list[Block]:
    """The blocks at the first of `SIZES` at which they fit; at the last they always do."""
    built = (build(*size) for size in SIZES[:-1])
    return next((blocks for blocks in built if _weight(blocks) <= MAX_BLOCKS), None) or build(*SIZES[-1])


def _weight(value: object) -> int:
    """All texts and addresses, escaped already where they are at all, and what is around them."""
    match value:
        case str():
            return units(value)
        case dict():
            parts = (part for name, part in value.items() if name not in ("type", "style"))
            return OBJECT + sum(map(_weight, parts))
        case list() | tuple():
            return sum(map(_weight, value))
        case _:
            return 0


def escape(text: str) -> str:
    """The three characters that Slack decodes as entities, and nothing else
    (https://docs.slack.dev/messaging/formatting-message-text/#escaping).

    >>> escape("R&D <!channel>")
    'R&amp;D &lt;!channel&gt;'
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def units(text: str) -> int:
    """How long the text is for Slack where it is not escaped: in UTF-16 units, the most that it may count."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def escaped_units(text: str) -> int:
    """How long it is once it is escaped."""
    return units(escape(text))
