"""A story or a digest as one Slack message, within Slack's limits (pure).

A headline is a link in a `rich_text` block, the summary `plain_text` with the picture as its accessory, and
the publisher's line a `context` block: nothing of an article is ever parsed as markup. Only our own words
are `mrkdwn`: the reader's local time and the link to the topic page. The limits are those of
https://docs.slack.dev/reference/block-kit/blocks; the one on all text of a message is not documented, and
was met by others at about 13,000 characters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from syndicator.models import Entry, Image, number
from syndicator.notify.slack_text import clean, escape, escaped_units, units
from syndicator.settings.models import Digest, Route
from syndicator.text import say_count, shorten
from syndicator.urls import other_host, site_of

MAX_BLOCKS_TEXT = 11_000
MAX_SECTION, MAX_HEADER, MAX_ALT, MAX_IMAGE_URL = 3_000, 150, 2_000, 3_000
MAX_TEXT = 4_000
SUMMARY_LENGTH = 280
"""About two lines of a Slack window of usual width."""
MAX_SHOWN = 40
"""However long a digest may be by its settings; the others are counted."""

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
    url: str | None = None


def alert_message(
    entry: Entry,
    route: Route,
    *,
    id: str,
    topic_names: Mapping[str, str],
    rising: bool = False,
) -> Message:
    """One story: headline, summary and picture, publisher, time and topics.

    `topic_names` are the names to show by slug; a topic that is not among them is not shown. By
    `id` the message is recognised in Slack. The result has `blocks`, `text`, `metadata` and the switches that
    keep Slack from adding previews or markup.
    """

    def build(title_length: int, link_length: int) -> list[Block]:
        blocks = _story(entry, title_length, link_length)
        blocks.append(_byline(entry, [topic_names[slug] for slug in entry.topics if slug in topic_names]))
        return blocks + ([plain_context(_why(route, entry, rising=rising))] if route.show_reason else [])

    blocks = _largest(build)
    return message_of(blocks, _line(entry), id)


def digest_message(
    entries: Sequence[Entry],
    more: int,
    route: Route,
    *,
    id: str,
    page: DigestPage,
    heading: str | None = None,
) -> Message:
    """Several stories, best first: the lead with summary and picture, the others as a list of headlines.

    `more` stories are only counted, with a link to the page. `heading` goes before the count in place of
    the page's name.
    """
    shown, more = entries[:MAX_SHOWN], more + len(entries[MAX_SHOWN:])
    title = f"{clean(heading or page.name)}: {say_count(len(shown) + more, 'new story', 'new stories')}"

    def build(title_length: int, link_length: int) -> list[Block]:
        lead, *others = shown
        blocks = [header(title), *_story(lead, title_length, link_length), _byline(lead, [])]
        blocks += [_list(others, title_length, link_length)] if others else []
        return blocks + _ending(page, more) + ([plain_context(_why(route))] if route.show_reason else [])

    blocks = _largest(build)
    text = f"{title}: " + "; ".join(clean(entry.article.title) + _leads(entry) for entry in shown)
    return message_of(blocks, text, id)


def message_of(blocks: list[Block], text: str, id: str) -> Message:
    """The message of these blocks; `text` stands for them all in a notification."""
    return {
        "blocks": blocks,
        "text": escape(shorten(text, MAX_TEXT, escaped_units)),
        "mrkdwn": False,
        "metadata": metadata_of(id),
        "unfurl_links": False,
        "unfurl_media": False,
    }


def metadata_of(id: str) -> dict[str, object]:
    """By which the message is found in its channel."""
    return {"event_type": "syndicator_delivery", "event_payload": {"delivery": id}}


def _story(entry: Entry, title_length: int, link_length: int) -> list[Block]:
    """The headline and, where there is a summary or a picture, both below it side by side."""
    article = entry.article
    blocks = [rich({"type": "rich_text_section", "elements": _headline(entry, title_length, link_length)})]
    pictures = (_image(image, article.title) for image in article.images)
    summary, picture = clean(article.summary), next(filter(None, pictures), None)
    if summary or picture:
        shown = summary or site_of(article.link) or article.type
        section: Block = {"type": "section", "text": _plain(shown, SUMMARY_LENGTH)}
        blocks.append(section | ({"accessory": picture} if picture else {}))
    return blocks


def _headline(entry: Entry, title_length: int, link_length: int) -> list[Block]:
    """The linked title and, where it passes for another address, where it leads."""
    link = entry.article.link
    # A rich_text element shows its text as it is, so it is cut but not escaped.
    text = shorten(clean(entry.article.title) or link, title_length, units)
    linked: Block = {"type": "link", "url": link} if len(link) <= link_length else {"type": "text"}
    linked |= {"text": text, "style": {"bold": True}}
    leads = _leads(entry)
    return [linked, {"type": "text", "text": leads}] if leads else [linked]


def _leads(entry: Entry) -> str:
    """` (leads to evil.example)` after a title that looks like another address, else nothing."""
    host = other_host(entry.article.title, entry.article.link)
    return f" (leads to {clean(host)})" if host else ""


def _byline(entry: Entry, topics: Sequence[str]) -> Block:
    """Publisher with its logo, the reader's local time, topics; at most four of Slack's ten elements."""
    elements: list[Block] = []
    provider = entry.article.provider
    logo = None if provider is None else _image(provider.logo, provider.name)
    if logo is not None:
        elements.append(logo)
    name = clean(provider.name) if provider is not None else site_of(entry.article.link)
    if name:
        elements.append(_plain(name, 80))
    elements.append(_time(entry.article.published))
    subjects = " · ".join(filter(None, map(clean, topics)))
    if subjects:
        elements.append(_plain(subjects, 120))
    return {"type": "context", "elements": elements}


def _list(entries: Sequence[Entry], title_length: int, link_length: int) -> Block:
    items: list[object] = []
    for entry in entries:
        elements = _headline(entry, title_length, link_length)
        name = entry.article.provider.name if entry.article.provider else site_of(entry.article.link)
        if name:
            elements.append({"type": "text", "text": "  " + shorten(clean(name), 40, units)})
        items.append({"type": "rich_text_section", "elements": elements})
    return rich({"type": "rich_text_list", "style": "bullet", "elements": items})


def _ending(page: DigestPage, more: int) -> list[Block]:
    """ "+N more" and the way to all of them; nothing where there is neither."""
    words = f"+{more} more" if more else "All stories"
    if page.url is None or len(page.url) > MAX_IMAGE_URL:
        return [plain_context(words)] if more else []
    name = escape(shorten(clean(page.name), 80, escaped_units)).replace("|", "¦")
    text = f"<{escape(page.url)}|{words} on {name}>"
    return [{"type": "context", "elements": [{"type": "mrkdwn", "text": text, "verbatim": True}]}]


def _time(moment: datetime) -> Block:
    """In the reader's own zone (https://docs.slack.dev/messaging/formatting-message-text/#date-formatting)."""
    fallback = f"{moment:%-d %b %Y, %H:%M} UTC"
    text = f"<!date^{int(moment.timestamp())}^{{date_short_pretty}} at {{time}}|{fallback}>"
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _image(image: Image | None, alt: str) -> Block | None:
    if image is None or len(image.url) > MAX_IMAGE_URL:
        return None
    if urlsplit(image.url).path.lower().endswith(NOT_SHOWN):
        return None
    alt_text = escape(shorten(clean(alt), 200, escaped_units)) or "picture"
    return {"type": "image", "image_url": image.url, "alt_text": alt_text}


def rich(element: Block) -> Block:
    """A block of text that Slack does not parse."""
    return {"type": "rich_text", "elements": [element]}


def header(text: str) -> Block:
    """The block that stands out above the others, cut to its limit."""
    return {"type": "header", "text": _plain(text, MAX_HEADER)}


def _plain(text: str, limit: int) -> Block:
    return {"type": "plain_text", "text": escape(shorten(text, limit, escaped_units)), "emoji": False}


def plain_context(text: str) -> Block:
    """A block of small text below the others, cut to its limit."""
    return {"type": "context", "elements": [_plain(text, MAX_SECTION)]}


def _why(route: Route, entry: Entry | None = None, *, rising: bool = False) -> str:
    """Why the message was sent, for a reader: the route's name and what it asks for."""
    wanted = ", ".join(route.topics) or "all topics"
    minimum = "" if route.min_quality is None else f", quality {number(route.min_quality)} or better"
    has = "" if entry is None or route.min_quality is None else f" (it has {number(entry.article.quality)})"
    rose = " Its quality reached the minimum later." if rising else ""
    when = f", at {route.deliver.cron} {route.deliver.time_zone}" if isinstance(route.deliver, Digest) else ""
    return clean(f"Sent by the route {route.name}: {wanted}{minimum}{has}{when}.{rose}")


def _line(entry: Entry) -> str:
    article = entry.article
    provider = f" ({clean(article.provider.name)})" if article.provider else ""
    return f"{shorten(clean(article.title), 300, escaped_units)}{_leads(entry)}{provider} {article.link}"


def _largest(build: Callable[[int, int], list[Block]]) -> list[Block]:
    """The blocks at the first of `SIZES` at which they fit; at the last they always do."""
    *sizes, smallest = SIZES
    built = (build(*size) for size in sizes)
    return next((blocks for blocks in built if _weight(blocks) <= MAX_BLOCKS_TEXT), None) or build(*smallest)


def _weight(value: object) -> int:
    """All texts and addresses of the blocks together; they stand escaped already, or are never escaped."""
    match value:
        case str():
            return units(value)
        case dict():
            return sum(_weight(part) for name, part in value.items() if name not in ("type", "style"))
        case list() | tuple():
            return sum(_weight(part) for part in value)
        case _:
            return 0
