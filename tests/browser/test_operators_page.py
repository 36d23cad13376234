"""The operator's page in a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

from syndicator.admin.page import STYLE
from syndicator.alerts import LedgerKind, LedgerRow, RouteReason
from tests.admin.test_page import operators_page
from tests.browser.test_browser import barriers
from tests.making import NOON

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def test_wide_table_scrolls_in_its_own_box(browser: Browser, axe: str) -> None:
    page = browser.new_page(viewport={"width": 360, "height": 740})
    page.set_content(operators_page().replace('<meta http-equiv="refresh" content="30">', ""))
    page.add_style_tag(content=STYLE.decode())
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    box = page.locator(".wide").first
    assert box.evaluate("box => box.scrollWidth") >= 560, "its words are not squeezed"
    box.focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.querySelector('.wide').scrollLeft > 0")
    page.evaluate(axe)
    assert barriers(page) == []
    page.close()


def test_title_without_a_blank_leaves_the_other_columns_their_room(browser: Browser) -> None:
    row = LedgerRow(
        channel="C1",
        story="s1",
        guid="urn:x:1",
        route="news",
        kind=LedgerKind.BASELINE,
        reason=RouteReason.BASELINE,
        at=NOON,
    )
    page = browser.new_page(viewport={"width": 1280, "height": 740})
    page.set_content(operators_page(decisions=[(row, "W" * 290)]))
    page.add_style_tag(content=STYLE.decode())
    box = page.locator(".wide").last
    assert box.evaluate("box => box.scrollWidth - box.clientWidth") == 0
    page.close()
