"""The pages as people meet them: phone and desktop, light and dark, with a keyboard, with broken pictures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

import pytest

from tests.browser.conftest import answer_pictures

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PAGES = {"front": "", "topic": "topics/cloud/", "quiet": "topics/storage/", "nothing": "empty/"}
SIZES = {"phone": (360, 740), "desktop": (1280, 900)}
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


@pytest.fixture
def size() -> str:
    return "phone"


@pytest.fixture
def page(browser: Browser, size: str) -> Iterator[Page]:
    context = browser.new_context(color_scheme="light")
    page = context.new_page()
    resize(page, size)
    page.set_default_timeout(20_000)
    yield page
    context.close()


@pytest.mark.parametrize("name", PAGES)
def test_page_fits_each_screen_obeys_its_policy_and_keeps_nobody_out(
    page: Page, site: str, axe: str, name: str
) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    elsewhere = answer_pictures(page)
    page.goto(site + PAGES[name])
    for size in SIZES:
        resize(page, size)
        assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size][0]
        assert page.evaluate("getComputedStyle(document.querySelector('h1')).marginTop") == "0px"
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
        page.wait_for_load_state("networkidle")
    assert [text for text in said if "ERR_FAILED" not in text] == []
    assert elsewhere == []
    for details in page.locator("details").all():
        details.evaluate("element => element.open = true")
    page.evaluate(axe)
    for size, scheme in zip(SIZES, SCHEMES, strict=True):
        resize(page, size)
        page.emulate_media(color_scheme=scheme)
        assert barriers(page) == [], (size, scheme)


def resize(page: Page, size: str) -> None:
    width, height = SIZES[size]
    page.set_viewport_size({"width": width, "height": height})


def barriers(page: Page) -> list[tuple[str, list[str]]]:
    """What axe finds that keeps somebody out, with the elements."""
    rules = {"target-size": {"enabled": True}}
    found: dict[str, Any] = page.evaluate(
        "options => axe.run(document, options)",
        {"runOnly": {"type": "tag", "values": TAGS}, "rules": rules},
    )
    assert len(found["passes"]) > 20
    return [(v["id"], [node["html"][:120] for node in v["nodes"]]) for v in found["violations"]]


def test_broken_picture_moves_nothing(page: Page, site: str) -> None:
    page.route("https://img.example.net/**", lambda route: route.abort())
    page.goto(site + PAGES["topic"])
    page.wait_for_load_state("networkidle")
    boxes = [picture.bounding_box() for picture in page.locator(".picture").all()]
    assert boxes
    assert len({(box["width"], box["height"]) for box in boxes if box}) == 1


@pytest.mark.parametrize("size", SIZES)
def test_feed_link_leads_to_a_feed_that_a_browser_shows(page: Page, site: str, size: str) -> None:
    answer_pictures(page)
    page.goto(site + PAGES["topic"])
    with page.expect_navigation() as navigation:
        page.get_by_role("link", name="RSS of Cloud, Everything").click()
    answer = navigation.value
    assert answer is not None
    assert answer.url == f"{site}feeds/cloud/rss.xml"
    assert answer.headers["content-type"] == "application/rss+xml; charset=utf-8"
    assert "<title>Cloud</title>" in page.locator("body").inner_text()


def test_keyboard_reaches_the_content_and_copies_an_address(page: Page, site: str) -> None:
    answer_pictures(page)
    page.goto(site + PAGES["topic"])
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    field = page.get_by_label("RSS address: Cloud, Everything")
    field.focus()
    page.keyboard.press("ControlOrMeta+a")
    chosen = page.evaluate(
        "() => { const e = document.activeElement; return e.value.slice(e.selectionStart, e.selectionEnd) }"
    )
    assert chosen == "https://feeds.example.org/news/feeds/cloud/rss.xml"


def test_topic_is_reached_from_the_front_page_and_back(page: Page, site: str) -> None:
    answer_pictures(page)
    page.goto(site)
    page.get_by_role("link", name="Cloud", exact=True).first.click()
    page.wait_for_url(f"{site}topics/cloud/")
    page.get_by_role("link", name="Cloud & Sky News").click()
    page.wait_for_url(site)
