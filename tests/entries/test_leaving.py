"""What is no longer named, and what is held back, is seen to be so at once, not after the next restart."""

from __future__ import annotations

from pathlib import Path

from tests.rig import Rig, article_text


def test_topics_of_a_source_gone_from_the_settings_go_with_it(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.run_once()
    other = tmp_path / "other"
    news, second = rig.source("news", rig.folder), rig.source("other", other)
    rig.write("a.md", topics=["AI"])
    other.mkdir(exist_ok=True)
    (other / "b.md").write_text(article_text("b.md", topics=["AI", "Elsewhere"]))
    rig.restart(sources=(news, second))
    rig.run_once()
    assert rig.titles("elsewhere") == ["About b"]
    rig.restart(sources=(news,))
    rig.run_once()
    assert not (rig.output / "feeds/elsewhere").exists()
    assert rig.titles("ai") == ["About a"]


def test_front_page_says_at_once_what_is_held_back(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.write("a.md", published=False)
    rig.run_once()
    assert b"1 article is not published" in front_page(rig)
    rig.write("b.md", published=False)
    rig.run_once()
    assert b"2 articles are not published" in front_page(rig)
    rig.write("b.md", publishedDateTime="2100-01-01T00:00:00Z")
    rig.run_once()
    assert b"1 article is not published" in front_page(rig) and b"1 article is embargoed" in front_page(rig)


def front_page(rig: Rig) -> bytes:
    return (rig.output / "index.html").read_bytes()
