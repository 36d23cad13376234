"""A site's own configuration that sets permalinks is found, wherever in the site the source's folder lies."""

from __future__ import annotations

from pathlib import Path

import pytest

from syndicator.settings import Source
from syndicator.settings.site_links import site_links


@pytest.mark.parametrize(
    ("profile", "folder", "file", "text", "found"),
    [
        ("jekyll", "", "_config.yml", "permalink: pretty", (1, "pretty")),
        ("jekyll", "_posts", "_config.yml", "a: 1\npermalink: '/:title/'", (2, "/:title/")),
        ("jekyll", "blog/_posts/deep", "blog/_config.yml", "permalink: none", (1, "none")),
        ("jekyll", "", "_config.yml", "defaults:\n  - values:\n      permalink: /x/:title", (3, "/x/:title")),
        ("jekyll", "", "_config.yml", "permalink: date", None),
        ("jekyll", "", "_config.yml", "# permalink: pretty\ntitle: permalink", None),
        ("jekyll", "", "hugo.toml", "[permalinks]", None),
        ("hugo", "content", "hugo.toml", "[permalinks]\nposts = '/:year/'", (1, "")),
        ("hugo", "content/posts", "config.toml", "[permalinks.page]\nposts = '/:year/'", (1, "")),
        ("hugo", "content", "config.yaml", "permalinks:\n  posts: /:year/", (1, "")),
        (
            "hugo",
            "content",
            "hugo.json",
            '{\n  "permalinks": {"posts": "/:year/"}}',
            (2, ""),
        ),
        ("hugo", "content", "config.yml", "uglyURLs: true", (1, "true")),
        ("hugo", "content", "config.yml", "uglyurls: false", None),
        ("hugo", "content", "config/_default/hugo.toml", "[permalinks]", (1, "")),
        ("hugo", "content", "config/_default/permalinks.toml", "posts = '/:year/'", (1, "")),
        ("smartable", "", "_config.yml", "permalink: pretty", None),
    ],
)
def test_line_that_sets_permalinks_is_found(
    tmp_path: Path, profile: str, folder: str, file: str, text: str, found: tuple[int, str] | None
) -> None:
    (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_text(text + "\n", encoding="utf-8")
    source = Source(name="site", path=tmp_path / folder, profile=profile)
    links = site_links(source)
    assert (None if links is None else (links.line, links.value)) == found
    assert site_links(source.model_copy(update={"permalink": "/:title/"})) is None


def test_configuration_that_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "_config.yml").mkdir()
    (tmp_path / "_config.yaml").write_bytes(b"\xff\npermalink: pretty\n")
    links = site_links(Source(name="site", path=tmp_path, profile="jekyll"))
    assert links is not None
    assert (links.file.name, links.line) == ("_config.yaml", 2)
