"""The page of a simulation, opened as a file: it stands alone, and its minimum can be moved."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from syndicator.notify.recorded import read_recorded
from syndicator.settings.models import Route
from syndicator.simulation.comparison import compare
from syndicator.simulation.page import render_comparison
from syndicator.simulation.replay import replay
from tests.browser.test_browser import barriers
from tests.rig import Rig

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def simulated(base: Path) -> Path:
    """Ten articles of quality 40, 50 … 130, and a minimum raised from 60 to 100."""
    rig = Rig(base)
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
