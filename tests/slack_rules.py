"""What Slack asks of a message, written down a second time and apart from the code that must keep it.

Sources: https://docs.slack.dev/reference/block-kit/blocks and .../methods/chat.postMessage.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

TOKEN = re.compile(r"<([^<>]*)>")
DATE = re.compile(r"!date\^\d+\^[^|^]+\|[^|]+")
LINK = re.compile(r"(https?://[^|\s]+)\|([^|]+)")
BIDI_OR_HIDDEN = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def problems(body: dict[str, Any]) -> list[str]:
    """All that Slack would refuse in the body of a post, or that it would only warn of."""
    found = list(_message_problems(body))
    blocks = body.get("blocks")
    if not isinstance(blocks, list) or not 1 <= len(blocks) <= 50:
        return [*found, "blocks: 1 to 50 are needed"]
    for number, block in enumerate(blocks):
        found += [f"blocks[{number}]: {problem}" for problem in _block_problems(block)]
    if (total := size(blocks)) > LARGEST:
        found.append(f"blocks of about {total} characters")
    return found


LARGEST = 13_000
"""Slack does not say it: 13,297 characters fitted in one `markdown` block and each divider beside it cost 125
(https://github.com/slackapi/bolt-js/issues/2509), and 11,341 of a message with many small parts did not fit
(https://github.com/slackapi/bolt-js/issues/2867)."""


def size(value: Any) -> int:
    """What Slack counts, as far as it is known: each character, and about 30 for each object."""
    if isinstance(value, dict):
        return 30 + sum(size(part) for name, part in value.items() if name not in ("type", "style"))
    if isinstance(value, list):
        return sum(map(size, value))
    return len(value.encode("utf-16-le")) // 2 if isinstance(value, str) else 0


def mentions(body: dict[str, Any]) -> list[str]:
    """Whatever would ping somebody, wherever Slack parses it."""
    tokens = [token for text in _parsed_texts(body) for token in TOKEN.findall(text)]
    pinging = [token for token in tokens if token[:1] in "@#!" and not DATE.fullmatch(token)]
    elements = [str(e["type"]) for e in _elements(body) if e.get("type") in PINGING_ELEMENTS]
    return pinging + elements


def links(body: dict[str, Any]) -> list[str]:
    """Every address that a reader can follow."""
    tokens = [token for text in _parsed_texts(body) for token in TOKEN.findall(text)]
    parsed = [match[1].replace("&amp;", "&") for token in tokens if (match := LINK.fullmatch(token))]
    return parsed + [str(e["url"]) for e in _elements(body) if e.get("type") == "link"]


def images(body: dict[str, Any]) -> list[str]:
    return [str(e["image_url"]) for e in _elements(body) if e.get("type") == "image"]


def images_ending(body: dict[str, Any], endings: tuple[str, ...]) -> list[str]:
    """JSON pointers to the addresses of images that end so."""
    found = []
    for number, block in enumerate(body.get("blocks", ())):
        at = f"/blocks/{number}"
        parts = [(at, block), (f"{at}/accessory", block.get("accessory", {}))]
        if block.get("type") == "context":
            parts += [(f"{at}/elements/{n}", element) for n, element in enumerate(block["elements"])]
        found += [f"{place}/image_url" for place, part in parts if _ends(part, endings)]
    return found


def _ends(part: Any, endings: tuple[str, ...]) -> bool:
    is_image = isinstance(part, dict) and part.get("type") == "image"
    return is_image and str(part["image_url"]).endswith(endings) if endings else False


def all_texts(value: Any) -> Iterator[str]:
    """Every text and address in the blocks."""
    if isinstance(value, dict):
        for name, part in value.items():
            if name in ("text", "url", "image_url", "alt_text") and isinstance(part, str):
                yield part
            else:
                yield from all_texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from all_texts(part)


PINGING_ELEMENTS = ("user", "usergroup", "team", "channel", "broadcast")


def _message_problems(body: dict[str, Any]) -> Iterator[str]:
    text = body.get("text")
    if not isinstance(text, str) or not 1 <= len(text) <= 4_000:
        yield "text: 1 to 4,000 characters are needed"
    elif _unescaped(text):
        yield "text: control characters are not escaped"
    for name in ("unfurl_links", "unfurl_media", "mrkdwn"):
        if body.get(name) not in (False, "0", "false"):
            yield f"{name} is not off"
    for name in ("link_names", "parse", "attachments", "username", "icon_url"):
        if name in body:
            yield f"{name} is not to be used"


def _block_problems(block: Any) -> Iterator[str]:
    kind = block.get("type")
    if kind == "header":
        yield from _plain_problems(block["text"], 150)
    elif kind == "section":
        yield from _text_problems(block["text"], 3_000)
        accessory = block.get("accessory")
        if accessory is not None:
            yield from _image_problems(accessory)
    elif kind == "context":
        yield from _context_problems(block["elements"])
    elif kind == "rich_text":
        yield from _rich_problems(block["elements"])
    elif kind != "divider":
        yield f"unknown block {kind}"


def _context_problems(elements: list[Any]) -> Iterator[str]:
    if not 1 <= len(elements) <= 10:
        yield "1 to 10 elements are needed"
    for element in elements:
        if element["type"] == "image":
            yield from _image_problems(element)
        else:
            yield from _text_problems(element, 3_000)


def _text_problems(text: Any, limit: int) -> Iterator[str]:
    if text.get("type") == "plain_text":
        yield from _plain_problems(text, limit)
    elif text.get("type") != "mrkdwn" or text.get("verbatim") is not True or set(text) - MRKDWN_KEYS:
        yield f"not plain_text nor verbatim mrkdwn: {text}"
    elif not 1 <= len(text["text"]) <= limit:
        yield f"text of {len(text['text'])} characters"
    else:
        for token in TOKEN.findall(text["text"]):
            if not DATE.fullmatch(token) and not LINK.fullmatch(token):
                yield f"skipped token <{token}>"
        if _unescaped(TOKEN.sub("", text["text"])):
            yield "control characters are not escaped"


MRKDWN_KEYS = {"type", "text", "verbatim"}


def _plain_problems(text: Any, limit: int) -> Iterator[str]:
    if set(text) - {"type", "text", "emoji"} or text.get("type") != "plain_text":
        yield f"not a plain_text object: {text}"
    elif not 1 <= len(text["text"]) <= limit:
        yield f"text of {len(text['text'])} characters"
    elif text.get("emoji") is not False:
        yield "emoji are not off"
    elif _unescaped(text["text"]) or BIDI_OR_HIDDEN.search(text["text"]):
        yield "control characters"


def _image_problems(image: Any) -> Iterator[str]:
    if set(image) != {"type", "image_url", "alt_text"} or image["type"] != "image":
        yield f"not an image: {image}"
        return
    if not re.match(r"https?://\S+\Z", image["image_url"]) or len(image["image_url"]) > 3_000:
        yield "image_url is no address, or too long"
    if not 1 <= len(image["alt_text"]) <= 2_000:
        yield "alt_text is missing or too long"


def _rich_problems(elements: list[Any]) -> Iterator[str]:
    if not elements:
        yield "an empty rich_text"
    for element in elements:
        if element["type"] == "rich_text_list":
            if element.get("style") not in ("bullet", "ordered"):
                yield "list without style"
            yield from _rich_problems(element["elements"])
        elif element["type"] == "rich_text_section":
            for part in element["elements"]:
                yield from _rich_part_problems(part)
        else:
            yield f"unknown element {element['type']}"


def _rich_part_problems(part: Any) -> Iterator[str]:
    allowed = {"text": {"type", "text", "style"}, "link": {"type", "url", "text", "style"}}
    if part["type"] not in allowed or set(part) - allowed[part["type"]]:
        yield f"unknown element {part}"
        return
    if not part["text"] or BIDI_OR_HIDDEN.search(part["text"]):
        yield "empty text, or characters that hide"
    if part["type"] == "link" and not re.match(r"https?://[^\s<>|]+\Z", part["url"]):
        yield f"skipped address {part['url']}"


def _unescaped(text: str) -> bool:
    return bool(re.search(r"[<>]|&(?!amp;|lt;|gt;)", text))


def _parsed_texts(body: dict[str, Any]) -> Iterator[str]:
    """Wherever Slack might look for tokens: the fallback and every text object, plain ones too."""
    yield str(body.get("text", ""))
    for element in _elements(body):
        if element.get("type") in ("mrkdwn", "plain_text"):
            yield str(element["text"])


def _elements(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if "type" in value:
            yield value
        for name, part in value.items():
            if name != "metadata":
                yield from _elements(part)
    elif isinstance(value, list):
        for part in value:
            yield from _elements(part)
