"""Times and days on pages are in the site's zone; feeds name moments."""

from __future__ import annotations

from pathlib import Path

from tests.rig import Rig


def test_pages_follow_the_zone_of_the_site_and_feeds_do_not(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.write("a.md", topics=["AI"], publishedDateTime="2026-03-12T23:30:00Z")
    rig.run_once()
    page, feed = rig.output / "topics/ai/index.html", rig.output / "feeds/ai/atom.xml"
    text, atom = page.read_text(), feed.read_bytes()
    assert "12 March 2026, 23:30 UTC" in text and "Days are days in UTC." in text
    rig.restart(time_zone="Europe/Berlin")
    rig.run_once()
    text = page.read_text()
    assert '<time datetime="2026-03-12T23:30:00Z">13 March 2026, 00:30 CET</time>' in text
    assert "Days are days in Europe/Berlin." in text and "12 March" not in text
    rig.restart(time_zone="America/Sao_Paulo")
    rig.run_once()
    assert "12 March 2026, 20:30 UTC-03" in page.read_text()
    assert feed.read_bytes() == atom
