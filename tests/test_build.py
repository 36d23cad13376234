"""One pass over real folders: what it says of its outcome."""

from __future__ import annotations

from pathlib import Path

import pytest

from syndicator.build import Pass, build
from syndicator.cli.build import say_faulty
from syndicator.settings.load import load_settings
from syndicator.settings.models import Settings
from tests.rig import article_text


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "articles").mkdir()
    (tmp_path / "articles/a.md").write_text(article_text("a.md"), encoding="utf-8")
    file = tmp_path / "syndicator.yaml"
    file.write_text(
        "site: {title: Cloud News, base_url: 'https://feeds.example.org/'}\n"
        "sources: [{name: news, path: articles}]\n"
        "watch: {quiet: 0s}\noutput: public\nstate: sqlite:///var/state.db\n"
    )
    return load_settings(file, {})


def run(settings: Settings) -> Pass:
    return build(settings, reading=lambda done, of: None, publishing=lambda done, of: None)


def test_pass_with_a_faulty_feed_is_not_fine(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(settings).fine
    wrong = settings.site.model_copy(update={"base_url": "http://[::1/"})
    result = run(settings.model_copy(update={"site": wrong}))
    assert not result.problems
    assert not result.fine
    say_faulty(result.published.faulty)
    assert f"{result.published.faulty} feeds would be faulty" in capsys.readouterr().out
    assert run(settings).fine
