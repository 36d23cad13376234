"""The pages as people meet them: phone and desktop, light and dark, with a keyboard, with broken pictures.

The page of a simulation is among them, opened as a file: it stands alone, and its minimum can be moved.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

from syndicator.notify.recorded import read_recorded
from syndicator.settings.models import Route
from syndicator.simulation.comparison import compare
from syndicator.simulation.page import render_comparison
from syndicator.simulation.replay import replay
from tests.browser.conftest import answer_pictures
from tests.rig import Rig

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
    options = {
        "runOnly": {"type": "tag", "values": TAGS},
        "rules": {"target-size": {"enabled": True}},
        # Describing the elements that pass would take three quarters of the time.
        "resultTypes": ["violations"],
    }
    found: dict[str, Any] = page.evaluate("options => axe.run(document, options)", options)
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


def simulated(base: Path) -> Path:
    """Ten articles of quality 40, 50 … 130, and a minimum raised from 60 to 100."""
    rig = Rig(base, publishes=False)
    for number in range(10):
        rig.write(f"{number}.md", quality=40 + 10 * number)
    rig.run_once()
    routes = [Route(name="ai", channel="C1", min_quality=one, deliver="immediate") for one in (60, 100)]
    with rig.store.reading() as session:
        past = read_recorded(session, routes, since=rig.now - timedelta(days=5), until=rig.now)
    rig.close()
    before, after = (replay(past, [route]) for route in routes)
    file = base / "simulation.html"
    file.write_bytes(render_comparison(compare(past, before, after), new="new.yaml", today="old.yaml"))
    return file


def test_minimum_is_dragged_and_says_what_it_gives(browser: Browser, axe: str, tmp_path: Path) -> None:
    page = browser.new_page(viewport={"width": 360, "height": 740})
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(simulated(tmp_path).as_uri())
    output = page.locator(".try output")
    assert output.inner_text() == "100 gives 4 stories, 0.80 a day"
    page.locator(".try input").press("ArrowRight")
    assert output.inner_text() == "101 gives 3 stories, 0.60 a day"
    chart = page.locator(".spread svg")
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] - 1, box["y"] + 30)
    page.mouse.down()
    page.mouse.move(box["x"] + 1, box["y"] + 30)
    page.mouse.up()
    assert output.inner_text() == "0 gives 10 stories, 2.0 a day"
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.evaluate(axe)
    assert barriers(page) == []
    assert said == []
    page.close()
