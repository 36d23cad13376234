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


def test_topic_page_says_at_once_what_is_held_back(tmp_path: Path) -> None:
    rig = Rig(tmp_path, topics=("_data/*.yaml",))
    rig.put("_data/ai.yaml", "name: AI\n")
    rig.run_once()
    page = rig.output / "topics/ai/index.html"
    none_held = page.read_bytes()
    rig.write("draft.md", published=False)
    rig.run_once()
    one_held = page.read_bytes()
    assert one_held != none_held
    rig.restart()
    rig.run_once()
    assert page.read_bytes() == one_held
    rig.write("draft.md", published=False, topics=["Other"])
    rig.run_once()
    assert page.read_bytes() == none_held
