"""A message without the pictures that Slack refused, and with all else (pure).

Slack says which by a JSON pointer (RFC 6901) at the end of a line, `[json-pointer:/blocks/1/accessory]`. A
webhook says only that the blocks are wrong: then the picture is left out, then the logos instead, then all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

POINTER = re.compile(r"\[json-pointer:(/[\w/-]+)")

Place = tuple[str, ...]
"""Where an image stands: `("blocks", "1", "accessory")`."""


def pointers(lines: object) -> tuple[str, ...]:
    """The JSON pointers that Slack's lines end in; none where there are none, or no lines."""
    texts = [line for line in lines if isinstance(line, str)] if isinstance(lines, list) else []
    return tuple(match[1] for text in texts for match in POINTER.finditer(text))


def lighter(message: Mapping[str, Any], refused: Sequence[str]) -> Iterator[dict[str, Any]]:
    """What to try in place of a message whose blocks were refused, in this order; nothing without images.

    `refused` are Slack's pointers. Where they name images, only those go; where they name something else,
    no image is to blame.
    """
    found = list(_places(message))
    if refused:
        named = [place for place in found if any(_is_of(pointer, place) for pointer in refused)]
        if named:
            yield _without(message, named)
        return
    logos = [place for place in found if "elements" in place]
    pictures = [place for place in found if place not in logos]
    for some in (pictures, logos, found):
        if some and not (some is not found and some == found):
            yield _without(message, some)


def _is_of(pointer: str, place: Place) -> bool:
    """Whether the pointer names the image at this place, or something within it."""
    return tuple(pointer.strip("/").split("/"))[: len(place)] == place


def _places(message: Mapping[str, Any]) -> Iterator[Place]:
    for number, block in enumerate(_blocks(message)):
        at = ("blocks", str(number))
        if block.get("type") == "image":
            yield at
        if block.get("accessory", {}).get("type") == "image":
            yield (*at, "accessory")
        if block.get("type") == "context":
            for index, element in enumerate(block["elements"]):
                if element.get("type") == "image":
                    yield (*at, "elements", str(index))


def _without(message: Mapping[str, Any], places: Collection[Place]) -> dict[str, Any]:
    """A context block that held nothing else goes too."""
    blocks = [
        _plain_block(block, lambda *rest, at=("blocks", str(number)): (*at, *rest) in places)
        for number, block in enumerate(_blocks(message))
    ]
    return dict(message) | {"blocks": [block for block in blocks if block is not None]}


def _plain_block(block: dict[str, Any], is_refused: Callable[..., bool]) -> dict[str, Any] | None:
    if is_refused():
        return None
    if is_refused("accessory"):
        return {name: value for name, value in block.items() if name != "accessory"}
    if block.get("type") == "context":
        elements = [
            element
            for index, element in enumerate(block["elements"])
            if not is_refused("elements", str(index))
        ]
        return block | {"elements": elements} if elements else None
    return block


def _blocks(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    blocks = message.get("blocks")
    return blocks if isinstance(blocks, list) else []
