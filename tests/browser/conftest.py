"""A real browser on a real server, where both can be had: Debian's Chromium, steered by Playwright."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.pages.samples import site_files
from tests.web.conftest import serving, url

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
AXE = Path(__file__).parent / "node_modules/axe-core/axe.min.js"
FIX = "run tests/setup.sh (as root, with npm)"
PICTURE = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 10">'
    '<rect width="16" height="10" fill="#7aa0b8"/><circle cx="5" cy="5" r="3" fill="#f3e2b3"/></svg>'
)
RSS = (
    '<?xml version="1.0" encoding="utf-8"?>\n<rss version="2.0"><channel><title>Cloud</title>'
    "<link>https://feeds.example.org/news/topics/cloud/</link><description>Clouds</description></channel></rss>\n"
)
# Nothing leaves this machine: no name is looked up, no service of the browser's maker is asked.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Ends with its module: while it is open, Playwright has an event loop running in this thread."""
    if not CHROMIUM.exists():
        pytest.skip(f"no Chromium at {CHROMIUM}: {FIX}, or set CHROMIUM to its path")
    # Every worker imports this module: half a second that one without a browser need not spend.
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core, to be evaluated in a page."""
    if not AXE.exists():
        pytest.skip(f"axe-core is not installed: {FIX}")
    return AXE.read_text()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a small site, served as the service serves it, with all its headers."""
    root = tmp_path_factory.mktemp("public")
    for path, body in (site_files() | {"feeds/cloud/rss.xml": RSS.encode()}).items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(body)
    with serving(root, base_url="https://feeds.example.org/news/") as server:
        yield url(server)


def answer_pictures(page: Page) -> list[str]:
    """Gives every second picture of other sites a drawing, breaks the rest, notes what else is asked for."""
    elsewhere: list[str] = []

    def answer(route: Route) -> None:
        address = route.request.url
        if address.startswith("http://127.0.0.1:"):
            route.continue_()
        elif not address.startswith("https://img.example.net/"):
            elsewhere.append(address)
            route.abort()
        elif len(address) % 2:
            route.fulfill(body=PICTURE, content_type="image/svg+xml")
        else:
            route.abort()

    page.route("**/*", answer)
    return elsewhere
