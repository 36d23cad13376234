"""Which images a message loses, and what it keeps."""

from __future__ import annotations

from typing import Any

import pytest

from syndicator.slack.images import lighter, pointers

PICTURE = {"type": "image", "image_url": "https://img.example/a", "alt_text": "a"}
TEXT = {"type": "plain_text", "text": "words", "emoji": False}
SECTION = {"type": "section", "text": TEXT}
DIVIDER = {"type": "divider"}
MESSAGE: dict[str, Any] = {
    "text": "words",
    "blocks": [
        SECTION | {"accessory": PICTURE},
        {"type": "context", "elements": [PICTURE, TEXT]},
        {"type": "context", "elements": [PICTURE]},
        PICTURE,
        DIVIDER,
    ],
}


def blocks(*refused: str) -> list[list[Any]]:
    return [message["blocks"] for message in lighter(MESSAGE, refused)]


def test_without_a_pointer_the_picture_goes_then_the_logos_then_all() -> None:
    context = {"type": "context", "elements": [TEXT]}
    assert blocks() == [
        [SECTION, *MESSAGE["blocks"][1:3], DIVIDER],
        [MESSAGE["blocks"][0], context, PICTURE, DIVIDER],
        [SECTION, context, DIVIDER],
    ]


@pytest.mark.parametrize(
    ("pointer", "changed"),
    [
        ("/blocks/0/accessory/image_url", {0: SECTION}),
        ("/blocks/1/elements/0", {1: {"type": "context", "elements": [TEXT]}}),
        ("/blocks/2/elements/0/image_url", {2: None}),
        ("/blocks/3", {3: None}),
    ],
)
def test_image_that_is_pointed_at_goes_alone(pointer: str, changed: dict[int, Any]) -> None:
    expected = [changed.get(number, block) for number, block in enumerate(MESSAGE["blocks"])]
    assert blocks(pointer) == [[block for block in expected if block is not None]]


def test_pointer_at_something_else_costs_no_image() -> None:
    assert blocks("/blocks/0/text") == []


def test_message_without_images_has_nothing_to_lose() -> None:
    assert list(lighter({"blocks": [SECTION, DIVIDER]}, ())) == []
    assert list(lighter({"text": "words"}, ())) == []


def test_pointers_are_read_from_slacks_lines() -> None:
    lines = ["[ERROR] downloading image failed [json-pointer:/blocks/2/image_url]", "[ERROR] other", 7]
    assert pointers(lines) == ("/blocks/2/image_url",)
    assert pointers("none") == ()
