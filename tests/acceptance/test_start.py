"""The README's first steps, taken as they stand there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.acceptance.running import Running

HOME = Path(__file__).parents[2]


def block(language: str, word: str) -> str:
    """The README's code block of that language that has the word in it."""
    text = (HOME / "README.md").read_text(encoding="utf-8")
    blocks: list[str] = re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)
    return next(found for found in blocks if word in found)


def test_first_steps_of_the_readme_work_as_they_stand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone = tmp_path / "clone"
    folder = clone / "path/to/your/folder"
    folder.mkdir(parents=True)
    monkeypatch.chdir(clone)
    (folder / "story.md").write_text(block("markdown", "title:"), encoding="utf-8")
    service = Running(clone)
    service.config = clone / "syndicator.yaml"
    service.config.unlink()
    steps = block("sh", "syndicator init")
    (given,) = re.findall(r"^syndicator init (\S+)$", steps, re.MULTILINE)
    assert service.process_of("init", given).returncode == 0
    assert service.command("check").returncode == 0
    route = block("yaml", "routes:")
    service.config.write_text(service.config.read_text(encoding="utf-8") + route, encoding="utf-8")
    assert service.command("build").returncode == 0
    assert "A story worth telling" in (clone / "public/feeds/databases/rss.xml").read_text(encoding="utf-8")
    assert "A story worth telling" in service.command("preview", "best").stdout
    assert {path.name for path in tmp_path.iterdir()} == {"clone"}, "nothing lands outside the clone"
