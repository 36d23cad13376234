"""`init` writes settings that fit what lies in the folder, and says what it found."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from syndicator.cli import app, build, init  # noqa: F401  (they register themselves)
from syndicator.cli.options import DEFAULT_CONFIG, PLACES, settings_file
from syndicator.parse.article import parse_article
from syndicator.settings.load import load_settings
from syndicator.settings.models import Digest
from syndicator.settings.types import Tool
from tests.commands import run_command

SMARTABLE = """---
title: Orbital cloud
webUrl: https://publisher.example/orbital
publishedDateTime: 2024-01-02T15:04:05Z
published: {published}
---
Text.
"""
POST = "---\ntitle: A post\n---\nText.\n"
PAGE = "+++\ntitle = 'A page'\ndate = 2024-01-02\n+++\nText.\n"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(path: str, text: str) -> None:
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def init_says(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["init", *arguments])
    assert result.exit_code == code, result.output
    return result.output


def test_folder_of_articles_is_read_as_smartable() -> None:
    write("site/README.md", "# No article\n")
    write("site/_news/one.md", SMARTABLE.format(published="true"))
    write("site/_news/two.md", SMARTABLE.format(published="false"))
    write("site/_data/topics/ai.yaml", "name: AI\n")
    said = init_says("site")
    assert "news: 2 articles in" in said
    assert "1 entry is public" in said
    assert "1 is not published" in said
    assert "syndicator run" in said
    settings = load_settings(Path("syndicator.yaml"), {})
    (source,) = settings.sources
    assert (source.name, source.profile) == ("news", Tool.SMARTABLE)
    assert source.path == Path("site/_news").absolute()
    assert settings.topics == (Path("site/_data/topics/*.yaml").absolute(),)
    assert settings.output == Path("public").absolute()


def test_articles_that_lie_elsewhere_are_smartable_also_on_a_jekyll_site() -> None:
    write("site/_config.yml", "title: Hub\nurl: https://hub.example\npermalink: /api/:weekday/index.json\n")
    write("site/_news/2020-05-08-one.md", SMARTABLE.format(published="true"))
    write("site/_news/2020-05-08-two.md", SMARTABLE.format(published="true"))
    write("site/_news/2020-05-08-ours.md", POST)
    write("site/_learning/videos/three.md", SMARTABLE.format(published="true"))
    said = init_says("site")
    assert "permalink" not in said
    settings = load_settings(Path("syndicator.yaml"), {})
    (source,) = settings.sources
    assert (settings.site.title, source.profile, source.permalink) == ("Hub", Tool.SMARTABLE, None)
    assert source.path == Path("site/_news").absolute()


def test_the_older_keys_of_articles_that_lie_elsewhere_are_known() -> None:
    older = SMARTABLE.replace("webUrl", "sourceUrl")
    write("site/_config.yml", "title: Hub\nurl: https://hub.example\npermalink: /:year/:title/\n")
    write("site/_posts/2020-05-08-one.md", older.format(published="true"))
    init_says("site")
    (source,) = load_settings(Path("syndicator.yaml"), {}).sources
    assert source.profile is Tool.SMARTABLE


def test_jekyll_site_gives_its_title_address_and_permalink() -> None:
    write("blog/_config.yml", "title: My Blog\nurl: https://me.example\nbaseurl: /blog\npermalink: pretty\n")
    write("blog/_posts/2024-01-02-first.md", POST)
    write("blog/about.md", "---\nlayout: page\ntitle: About\n---\n")
    assert "Found a Jekyll site (_config.yml)" in init_says("blog")
    settings = load_settings(Path("syndicator.yaml"), {})
    (source,) = settings.sources
    assert settings.site.title == "My Blog"
    assert source.profile is Tool.JEKYLL
    assert source.base_url == "https://me.example/blog/"
    assert source.permalink == "pretty"


@pytest.mark.parametrize(("base", "hidden"), [("blog", "_"), ("blog/feeds", "_"), ("beside", "")])
def test_jekyll_does_not_publish_the_state(base: str, hidden: str) -> None:
    write("blog/_config.yml", "title: My Blog\nurl: https://me.example\n")
    write("blog/_posts/2024-01-02-first.md", POST)
    init_says("blog", "--config", f"{base}/syndicator.yaml")
    settings = load_settings(Path(base, "syndicator.yaml"), {})
    assert settings.output == Path(base, f"{hidden}public").absolute()
    assert settings.state.endswith(f"/{base}/{hidden}var/syndicator.db")


def test_hugo_site_is_read_from_its_content_folder_and_keeps_its_public_folder() -> None:
    write("hugo.toml", "title = 'Notes'\nbaseURL = 'https://notes.example/'\nlanguageCode = 'de-de'\n")
    write("content/posts/one.md", PAGE)
    write("public/index.html", "its own")
    init_says()
    settings = load_settings(Path("syndicator.yaml"), {})
    (source,) = settings.sources
    assert (source.profile, source.path) == (Tool.HUGO, Path("content").absolute())
    assert source.base_url == "https://notes.example/"
    assert settings.output == Path("feeds").absolute()


def test_hugo_configuration_with_anchors_gives_address_content_folder_and_permalink() -> None:
    write(
        "site/hugo.yaml",
        "baseURL: https://notes.example/\ntitle: &title Our notes\ncontentDir: content/en\n"
        "permalinks:\n  blog: /:section/:year/:slug/\nparams: {title: *title}\n",
    )
    write("site/content/en/blog/one.md", PAGE)
    assert "address was not found" not in init_says("site")
    settings = load_settings(Path("syndicator.yaml"), {})
    (source,) = settings.sources
    assert (settings.site.title, source.name) == ("Our notes", "site")
    assert source.path == Path("site/content/en").absolute()
    assert (source.base_url, source.permalink) == (
        "https://notes.example/",
        {"blog": "/:section/:year/:slug/"},
    )


JEKYLL_RULES = {
    "defaults": (
        "permalink: none\ndefaults:\n"
        "- scope: {path: '', type: posts}\n  values: {permalink: ':year/:title/'}\n"
        "- scope: {path: ''}\n  values: {permalink: /other/}\n"
        "- scope: {path: docs}\n  values: {permalink: /d/}\n",
        "/:year/:title/",
    ),
    "folders": (
        "permalink: /:title/\ndefaults:\n"
        "- scope: {path: _posts/en, type: posts}\n  values: {permalink: '/en/:title/'}\n"
        "- scope: {path: _posts/de, type: posts}\n  values: {layout: post}\n",
        {"": "/:title/", "en": "/en/:title/"},
    ),
    "all by their folder": (
        "permalink: none\ndefaults:\n- scope: {path: _posts}\n  values: {permalink: /:title/}\n",
        "/:title/",
    ),
    "collection": ("permalink: none\ncollections: {posts: {permalink: /news/:title/}}\n", "/news/:title/"),
    "style": ("permalink: none\ndefaults: {permalink: /no/}\n", "none"),
    "unknown": ("permalink: weekdate\n", None),
}


@pytest.mark.parametrize(("configuration", "permalink"), JEKYLL_RULES.values(), ids=JEKYLL_RULES.keys())
def test_jekyll_permalink_is_that_of_posts(configuration: str, permalink: object) -> None:
    write("blog/_config.yml", f"url: https://me.example\ntimezone: America/Los_Angeles\n{configuration}")
    write("blog/_posts/2024-01-02-first.md", POST)
    write("blog/docs/page.md", "---\ntitle: A page\ndate: 2024-01-02\n---\n")
    said = init_says("blog")
    assert "blog: 1 article in" in said, "a page beside the posts is none"
    assert ("The site's permalink weekdate is not known here" in said) is (permalink is None)
    written = Path("syndicator.yaml").read_text(encoding="utf-8")
    assert ('    # permalink: "weekdate" ' in written) is (permalink is None)
    (source,) = load_settings(Path("syndicator.yaml"), {}).sources
    assert (source.permalink, source.time_zone) == (permalink, "America/Los_Angeles")
    assert (source.name, source.path) == ("blog", Path("blog/_posts").absolute())


def test_jekyll_folder_above_posts_stays_a_category() -> None:
    write("blog/_posts/2024-01-02-first.md", POST)
    write("blog/town/_posts/2024-01-02-second.md", POST)
    init_says("blog")
    (source,) = load_settings(Path("syndicator.yaml"), {}).sources
    assert source.path == Path("blog").absolute()


HUGO_RULES = {
    "sections": ("[permalinks]\nposts = '/:year/:slug/'\n", {"posts": "/:year/:slug/"}),
    "pages": ("[permalinks.page]\nposts = '/:year/:slug/'\n", {"posts": "/:year/:slug/"}),
    "pages and others": (
        "[permalinks]\nposts = ':section/:slug'\n[permalinks.page]\nnotes = '/:title'\n",
        {"posts": "/:section/:slug/", "notes": "/:title/"},
    ),
    "one unknown": ("[permalinks]\nposts = '/:year/'\nnotes = '/:weekday/'\n", {"posts": "/:year/"}),
    "a date by example": ("[permalinks]\nposts = '/:year/'\nnotes = '/:2006-01-02/'\n", {"posts": "/:year/"}),
    "pages of no section": ("[permalinks]\nposts = '/:year/'\n'/' = '/:slug/'\n", {"posts": "/:year/"}),
    "ugly": ("uglyURLs = true\n", "/:sections/:slugorcontentbasename.html"),
    "ugly and sections": (
        "uglyURLs = true\n[permalinks]\nposts = '/:year/:slug/'\n",
        {"posts": "/:year/:slug.html", "": "/:sections/:slugorcontentbasename.html"},
    ),
    "an ugly section": (
        "[uglyURLs]\nposts = true\nnotes = true\nart = false\n[permalinks]\nposts = '/:year/:slug/'\n",
        {"posts": "/:year/:slug.html", "notes": "/:sections/:slugorcontentbasename.html"},
    ),
    "a language's folder": (
        "defaultContentLanguageInSubdir = true\n[permalinks]\nposts = '/:year/:slug/'\n",
        {"": "/en/:sections/:slugorcontentbasename/", "posts": "/en/:year/:slug/"},
    ),
    "a language's host": (
        "defaultContentLanguageInSubdir = true\n[languages.en]\nbaseURL = 'https://en.example/'\n",
        None,
    ),
    "none": ("", None),
}


@pytest.mark.parametrize(("configuration", "permalink"), HUGO_RULES.values(), ids=HUGO_RULES.keys())
def test_hugo_permalinks_are_taken_over(configuration: str, permalink: object) -> None:
    write("site/hugo.toml", f"baseURL = 'https://n.example/'\n{configuration}")
    write("site/content/posts/one.md", PAGE)
    unknown = any(one in configuration for one in (":weekday", ":2006", "'/:slug/'\n"))
    assert ("is not known here, so it was left out" in init_says("site")) is unknown
    (source,) = load_settings(Path("syndicator.yaml"), {}).sources
    assert source.permalink == permalink


@pytest.mark.parametrize(
    ("configuration", "named"),
    [
        ("disablePathToLower: true\nremovePathAccents: true\n", "disablePathToLower, removePathAccents."),
        ("frontmatter: {date: [':filename', ':default']}\n", "frontmatter.date."),
        ("cascade: [{draft: true}]\n", "cascade."),
        ("disablePathToLower: false\nfrontmatter: {lastmod: [':git']}\n", None),
    ],
    ids=["paths", "dates", "drafts", "none of them"],
)
def test_hugo_settings_by_which_links_dates_or_drafts_are_others_are_named(
    configuration: str, named: str | None
) -> None:
    write("site/hugo.yaml", f"baseURL: https://n.example/\n{configuration}")
    write("site/content/posts/one.md", PAGE)
    said = init_says("site")
    assert ("Not known here: the site's" in said) is (named is not None)
    assert named is None or f"the site's {named} Links, dates or drafts may be others" in said


@pytest.mark.parametrize("name", ["one.de.md", "one.en.md"])
def test_hugo_languages_are_taken_over_where_names_tell_them(name: str) -> None:
    write("site/hugo.yaml", "baseURL: https://n.example/\nlanguages: {de: {title: N}, en: {title: N}}\n")
    write("site/content/posts/one.md", PAGE)
    write(f"site/content/posts/deep/{name}", PAGE)
    init_says("site")
    assert load_settings(Path("syndicator.yaml"), {}).sources[0].languages == ("en", "de")


def test_posts_that_are_no_markdown_are_counted() -> None:
    write("site/_config.yml", "url: https://n.example\n")
    write("site/_posts/2026-03-01-one.md", PAGE)
    write("site/_posts/2026-03-02-two.html", PAGE)
    write("site/_posts/index.html", PAGE)
    assert "1 post in HTML left out: only Markdown is read" in init_says("site")


@pytest.mark.parametrize(
    ("more", "link"),
    [
        ("permalink: :year/:title/\n", "https://n.example/2026/Deep/One%20%E4%B8%80/"),
        ("permalink: /p/:title\npost_asset_folder: true\n", "https://n.example/p/Deep/One%20%E4%B8%80/"),
        ("permalink: :title.html\npost_asset_folder: true\n", "https://n.example/Deep/One%20%E4%B8%80.html"),
    ],
)
def test_hexo_sites_links_are_taken_over(more: str, link: str) -> None:
    """Each as Hexo 8.1 makes it; `:title` is the file's path below `_posts`, as it stands."""
    hexo_site(more)
    said = init_says("site")
    assert "Found a Hexo site (_config.yml) in site/source/_posts" in said
    assert "1 article in" in said
    assert "was not found" not in said
    settings = load_settings(Path("syndicator.yaml"), {})
    assert settings.output.name == "feeds", "`hexo clean` empties `public`"
    (source,) = settings.sources
    assert source.time_zone == "Asia/Tokyo"
    article = parse_article(HEXO.encode(), source=source, path="Deep/One 一.md")
    assert article is not None
    assert (article.link, article.topics) == (link, ("sea",))
    assert article.published == datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (
            "permalink: :title/\nnew_post_name: :year-:title.md\n",
            "How the site makes its links was not found",
        ),
        ("permalink: :hash/\n", "The site's permalink /:hash/ is not known here"),
    ],
)
def test_hexo_site_whose_links_are_not_known_is_said(more: str, said: str) -> None:
    hexo_site(more)
    assert said in init_says("site")
    assert load_settings(Path("syndicator.yaml"), {}).sources[0].path == Path("site/source/_posts").absolute()


HEXO = "---\ntitle: One\ndate: 2026-03-01 09:00:00\ntags: [sea]\n---\nText.\n"


def hexo_site(more: str) -> None:
    config = "url: https://n.example\ntimezone: Asia/Tokyo\nsource_dir: source\n"
    write("site/_config.yml", config + more)
    write("site/source/_posts/Deep/One 一.md", HEXO)
    write("site/source/about/index.md", PAGE)
    write("site/scaffolds/post.md", "---\ntitle: {{ title }}\n---\n")


@pytest.mark.parametrize("name", ["config.toml", "zola.toml"])
def test_zola_site_is_not_taken_for_hugos(name: str) -> None:
    write(f"site/{name}", "base_url = 'https://n.example'\ntheme = 'hyde'\n")
    write("site/content/2026-03-01-one.md", PAGE)
    write("site/template.md", PAGE)
    said = init_says("site")
    assert f"Found articles ({name}) in site/content" in said
    assert "How the site makes its links was not found" in said
    assert load_settings(Path("syndicator.yaml"), {}).sources[0].base_url == "https://n.example/"


def test_files_beside_an_index_are_counted_where_the_tool_is_not_known() -> None:
    """Quartz and others write pages so; of a Hugo site they are parts of one page, as its author knows."""
    for name in ("one", "posts/index", "posts/two", "posts/2024/three"):
        write(f"site/content/{name}.md", PAGE)
    said = " ".join(init_says("site").split())
    assert "content: 2 articles in" in said
    assert "2 files beside an `index.md`, or below it, are not read" in said
    assert "posts: 3 articles in" in init_says("site/content/posts", "--config", "posts.yaml")
    write("site/hugo.toml", 'title = "A site"\n')
    assert "beside an `index.md`" not in init_says("site", "--config", "hugo.yaml")


def test_folder_of_drafts_of_a_tool_that_is_not_known_is_named() -> None:
    write("site/content/blog/one.md", PAGE)
    write("site/content/drafts/two.md", PAGE)
    (Path("site/content/assets/drafts")).mkdir(parents=True)
    said = init_says("site")
    assert "What lies in site/content/drafts is public here, unless it says `draft: true`" in said
    assert "assets" not in said
    write("site/hugo.toml", "baseURL = 'https://n.example/'\n")  # Hugo publishes it as well
    Path("syndicator.yaml").unlink()
    assert "is public here" not in init_says("site")


@pytest.mark.parametrize("kinds", ["[posts, events]", "{events: {output: false}}", "{events: }"])
def test_collections_without_pages_are_left_out_and_named(kinds: str) -> None:
    write("site/_config.yml", f"url: https://n.example\ncollections: {kinds}\n")
    for day, folder in enumerate(("_posts", "blog/_posts", "_events", "_posts/_old", "_other"), start=1):
        write(f"site/{folder}/2026-03-0{day}-one.md", POST)
    said = init_says("site")
    assert said.count("Left out: _events. Jekyll makes no pages of these collections") == 1
    assert "site: 3 articles" in said


COLLECTIONS = {
    "by default": ("", "/events/:path.html"),
    "as the site's": ("permalink: /:title/\n", "/events/:path/"),
    "of a style": ("permalink: pretty\n", "/events/:path/"),
    "without an ending": ("permalink: /:title\n", "/events/:path"),
}


@pytest.mark.parametrize(("of_site", "pattern"), COLLECTIONS.values(), ids=COLLECTIONS.keys())
def test_collections_that_have_pages_have_links_of_their_own(of_site: str, pattern: str) -> None:
    kinds = (
        "events: {output: true}, talks: {output: true, permalink: '/:collection/:name/'}, hidden: {}, no: 1"
    )
    write("site/_config.yml", f"url: https://n.example\n{of_site}collections: {{{kinds}}}\n")
    for folder in ("_posts", "blog/_posts", "_events", "_talks", "_hidden"):
        write(f"site/{folder}/2026-03-01-One_Day.md", POST)
    assert "Left out: _hidden. Jekyll makes no pages" in init_says("site")
    (source,) = load_settings(Path("syndicator.yaml"), {}).sources
    assert isinstance(source.permalink, dict)
    assert (source.permalink["_events"], source.permalink["_talks"]) == (pattern, "/talks/:name/")


def test_collections_with_articles_beside_posts_are_named() -> None:
    kinds = "talks: {output: true}, tabs: {output: true}, hidden: {output: false}"
    write("site/_config.yml", f"url: https://n.example\ncollections: {{{kinds}}}\n")
    for path in ("_posts/2026-03-01-one", "_talks/2026-03-02-two", "_hidden/2026-03-03-three", "_tabs/about"):
        write(f"site/{path}.md", POST)
    said = init_says("site")
    assert "Left out: _talks. Only posts are read" in said
    assert "site: 1 article in" in said


def test_collection_alone_has_its_links() -> None:
    kinds = "events: {output: true}, talks: {output: true}"
    write("site/_config.yml", f"url: https://n.example\npermalink: /:title/\ncollections: {{{kinds}}}\n")
    write("site/_events/2026-03-01-one.md", POST)
    assert "Left out" not in init_says("site")
    (source,) = load_settings(Path("syndicator.yaml"), {}).sources
    assert (source.path.name, source.permalink) == ("_events", "/events/:path/")


@pytest.mark.parametrize(
    ("said", "folder"),
    [
        ("source: web", "web"),
        ("collections_dir: /all/", "all"),
        ("source: ./web\ncollections_dir: all", "web/all"),
    ],
    ids=["source", "collections", "both"],
)
def test_jekyll_folder_of_posts_is_no_category(said: str, folder: str) -> None:
    write("blog/_config.yml", f"url: https://me.example\n{said}\n")
    write(f"blog/{folder}/_posts/2024-01-02-first.md", POST)
    init_says("blog")
    assert _source_path() == Path(f"blog/{folder}/_posts").absolute()
    Path("syndicator.yaml").unlink()
    write(f"blog/{folder}/town/_posts/2024-01-02-second.md", POST)
    init_says("blog")
    assert _source_path() == Path(f"blog/{folder}").absolute()


def _source_path() -> Path:
    return load_settings(Path("syndicator.yaml"), {}).sources[0].path


def test_articles_in_the_users_own_form_may_lie_in_posts() -> None:
    write("site/_posts/one.md", SMARTABLE.format(published="true"))
    write("site/_learning/two.md", SMARTABLE.format(published="true"))
    init_says("site")
    assert load_settings(Path("syndicator.yaml"), {}).sources[0].path == Path("site/_posts").absolute()


def test_hugo_languages_may_be_mounted_from_their_folders() -> None:
    write("site/hugo.yaml", "baseURL: https://n.example/\nlanguages: {en: {}, de: {}}\n")
    for language in ("de", "en"):
        write(f"site/content/{language}/posts/one.md", PAGE)
    init_says("site")
    assert load_settings(Path("syndicator.yaml"), {}).sources[0].path == Path("site/content/en").absolute()


def test_hugo_content_may_be_mounted_from_elsewhere() -> None:
    write(
        "site/hugo.yaml",
        "baseURL: https://n.example/\nmodule:\n  mounts:\n"
        "  - {source: src/de, target: content, lang: de}\n"
        "  - {source: src/en, target: content}\n  - {source: src/css, target: assets}\n",
    )
    write("site/src/en/posts/one.md", PAGE)
    init_says("site")
    assert load_settings(Path("syndicator.yaml"), {}).sources[0].path == Path("site/src/en").absolute()


def test_hugo_configuration_may_lie_in_a_folder_and_speak_of_languages() -> None:
    write("site/config/_default/hugo.toml", "baseURL = 'https://n.example/'\ndefaultContentLanguage = 'de'\n")
    write("site/config/_default/languages.de.toml", "title = 'Zeitung'\ncontentDir = 'content/german'\n")
    write("site/config/_default/languages.en.toml", "title = 'Paper'\ncontentDir = 'content/english'\n")
    write("site/config/_default/permalinks.toml", "posts = '/:slug/'\n")
    write("site/content/german/posts/one.md", PAGE)
    write("site/content/english/posts/one.md", PAGE)
    said = init_says("site")
    assert "Found a Hugo site (hugo.toml)" in said
    assert "The site's other languages are left out: en" in said
    settings = load_settings(Path("syndicator.yaml"), {})
    (source,) = settings.sources
    assert (settings.site.title, source.base_url) == ("Zeitung", "https://n.example/")
    assert source.path == Path("site/content/german").absolute()
    assert source.permalink == {"posts": "/:slug/"}


def test_hugo_address_is_that_of_the_site_as_published() -> None:
    write("site/config/_default/hugo.toml", "baseURL = 'http://localhost:1313/'\ntitle = 'A site'\n")
    write("site/config/production/hugo.toml", "baseurl = 'https://n.example/'\n[params]\na = 1\n")
    write("site/content/posts/one.md", PAGE)
    init_says("site")
    settings = load_settings(Path("syndicator.yaml"), {})
    assert (settings.site.title, settings.sources[0].base_url) == ("A site", "https://n.example/")


def test_configuration_of_some_program_is_none_of_hugo() -> None:
    write("site/config.yaml", "title: Radar\npermalinks: {posts: /:slug/}\nfeeds: []\n")
    write("site/content/posts/one.md", PAGE)
    said = init_says("site")
    assert "Found articles in" in said
    assert "How the site makes its links was not found" in said
    assert load_settings(Path("syndicator.yaml"), {}).sources[0].permalink is None


def test_titles_are_those_that_are_written_where_the_tool_is_not_known() -> None:
    """Jekyll alone makes a title of a file's name."""
    write("site/posts/one.md", PAGE)
    for name in ("two", "three"):
        write(f"site/posts/{name}.md", "---\ndate: 2024-01-02\n---\n# A heading\n")
    said = init_says("site")
    assert "read with `profile: hugo`" in said
    assert " and 2 bad in " in said


@pytest.mark.parametrize(
    "configuration",
    [
        "title: A site\n",
        "baseURL: [\n",
        "1: 2\npermalinks: {section: {a: /}}\n",
        "baseURL: http://localhost:1313\n",
        "baseURL: http://[::1]/\n",
    ],
)
def test_address_that_was_not_found_is_said(configuration: str) -> None:
    write("site/hugo.yaml", configuration)
    write("site/content/one.md", PAGE)
    assert "The site's address was not found: correct the source's `base_url`" in init_says("site")


@pytest.mark.parametrize(
    ("configuration", "place"),
    [
        ("site/_config.yml: title: A site", "site/CNAME"),
        ("site/_config.yml: url: ''\nbaseurl: ''", "site/CNAME"),
        ("site/hugo.yaml: baseURL: /", "site/static/CNAME"),
        ("site/hugo.yaml: baseURL: http://localhost:1313/", "site/static/CNAME"),
        ("site/package.json: {}", "site/public/CNAME"),
    ],
)
def test_address_that_is_not_said_is_that_of_github_pages(configuration: str, place: str) -> None:
    file, _, text = configuration.partition(": ")
    write(file, text)
    write("site/content/2024-01-02-one.md" if "hugo" in file else "site/_posts/2024-01-02-one.md", PAGE)
    write(place, "news.example\n")
    assert "The site's address was not found" not in init_says("site")
    assert load_settings(Path("syndicator.yaml"), {}).sources[0].base_url == "https://news.example/"


@pytest.mark.parametrize(
    "domain", ["", "\n", "two words", "one.example\ntwo.example", "https://a.example", "\udcff"]
)
def test_domain_that_is_none_is_left_out(domain: str) -> None:
    write("site/_config.yml", "title: A site")
    write("site/_posts/2024-01-02-one.md", PAGE)
    Path("site/CNAME").write_bytes(domain.encode(errors="surrogateescape"))
    assert "The site's address was not found" in init_says("site")


def test_address_that_is_said_comes_before_the_one_of_github_pages() -> None:
    write("site/_config.yml", "url: https://said.example")
    write("site/_posts/2024-01-02-one.md", PAGE)
    write("site/CNAME", "news.example\n")
    init_says("site")
    assert load_settings(Path("syndicator.yaml"), {}).sources[0].base_url == "https://said.example/"


@pytest.mark.parametrize(
    ("path", "profile"), [("2024-01-02-one.md", "jekyll"), ("one/index.md", "hugo"), ("one.md", "hugo")]
)
def test_articles_of_another_tool_are_read_by_what_their_names_say(path: str, profile: str) -> None:
    write(f"site/src/blog/{path}", PAGE)
    said = init_says("site")
    assert "Found articles in" in said and f"read with `profile: {profile}`" in said


def test_slack_adds_a_route() -> None:
    write("articles/one.md", SMARTABLE.format(published="true"))
    assert "syndicator preview" in init_says("articles", "--slack", "#news")
    (route,) = load_settings(Path("syndicator.yaml"), {}).routes
    assert route.channel == "#news"


def test_digest_is_written_in_the_zone_of_the_site() -> None:
    write("blog/_config.yml", "url: https://me.example\ntimezone: Europe/Berlin\n")
    write("blog/_posts/2024-01-02-first.md", POST)
    init_says("blog", "--slack", "#news")
    (route,) = load_settings(Path("syndicator.yaml"), {}).routes
    assert isinstance(route.deliver, Digest) and route.deliver.time_zone == "Europe/Berlin"
    assert load_settings(Path("syndicator.yaml"), {}).site.time_zone == "Europe/Berlin"


@pytest.mark.parametrize(
    ("folder", "file"), [("_posts", "_config.yml"), ("content/blog", "hugo.toml"), ("content", "hugo.toml")]
)
def test_site_whose_articles_alone_are_named_is_pointed_to(here: Path, folder: str, file: str) -> None:
    write(f"site/{folder}/2024-01-02-one.md", "---\ntitle: A post\ndate: 2024-01-02\n---\nText.\n")
    assert "configuration lies" not in init_says(f"site/{folder}")
    Path("syndicator.yaml").unlink()
    write(f"site/{file}", "")
    assert f"remove syndicator.yaml and run `syndicator init {here}/site`" in " ".join(
        init_says(f"site/{folder}").split()
    )
    Path("syndicator.yaml").unlink()
    assert "configuration lies" not in init_says("site")


def test_title_is_the_folders_name_where_the_site_says_none() -> None:
    write("blog/_posts/2024-01-02-first.md", POST)
    init_says("blog/_posts")
    assert load_settings(Path("syndicator.yaml"), {}).site.title == "Posts"


@pytest.mark.parametrize("title", ['Say "no": #1', "a: b", "日本語", "yes", "12"])
def test_title_of_any_kind_is_written_as_text(title: str) -> None:
    write("blog/_config.yml", f"title: {json.dumps(title)}\n")
    write("blog/_posts/2024-01-02-first.md", POST)
    init_says("blog")
    assert load_settings(Path("syndicator.yaml"), {}).site.title == title


def test_title_and_language_that_were_not_found_are_marked() -> None:
    write("site/_config.yml", "name: A site\n")
    write("site/_posts/2024-01-02-one.md", POST)
    init_says("site")
    written = " ".join(Path("syndicator.yaml").read_text(encoding="utf-8").split())
    assert 'title: "Site" # not found, so correct it' in written
    assert "language: en # of titles and texts; not found, so correct it" in written
    write("site/_config.yml", "title: A site\nlang: he\n")
    init_says("site", "--config", "told.yaml")
    written = " ".join(Path("told.yaml").read_text(encoding="utf-8").split())
    assert 'title: "A site" base_url' in written
    assert "language: he sources" in written


def test_nothing_is_overwritten_and_nothing_is_written_for_nothing() -> None:
    write("articles/README.md", "# Nothing here\n")
    said = init_says("articles", code=1)
    assert "No file in articles reads as an article" in said
    assert "Where your keys have other names, write a source with `fields: {published:" in said
    assert not Path("syndicator.yaml").exists()
    write("articles/one.md", SMARTABLE.format(published="true"))
    write("syndicator.yaml", "mine")
    assert "is there already" in init_says("articles", code=2)
    assert Path("syndicator.yaml").read_text() == "mine"
    assert "is not a folder" in init_says("nowhere", "--config", "other.yaml", code=2)


def test_wrong_channel_leaves_no_file(here: Path) -> None:
    write("articles/one.md", SMARTABLE.format(published="true"))
    done = run_command(["init", "articles", "--slack", "two words"], {"NO_COLOR": "1"})
    assert done.returncode == 78
    assert "must be a channel's id" in done.stderr
    assert not Path("syndicator.yaml").exists()


def test_settings_are_found_without_being_named() -> None:
    write("articles/one.md", SMARTABLE.format(published="true"))
    init_says("articles")
    assert CliRunner().invoke(app, ["check"]).output.endswith("no problems\n")


def test_settings_of_the_host_come_before_the_example_of_a_clone() -> None:
    places = [Path("host.yaml") if place.is_absolute() else place for place in PLACES]
    write("config/syndicator.yaml", "")
    assert settings_file(DEFAULT_CONFIG, places) == Path("config/syndicator.yaml")
    write("host.yaml", "")
    assert settings_file(DEFAULT_CONFIG, places) == Path("host.yaml")
    write("syndicator.yaml", "")
    assert settings_file(DEFAULT_CONFIG, places) == Path("syndicator.yaml")


IN_A_CLOSED_FOLDER = """
import os
from pathlib import Path
from syndicator.cli.options import DEFAULT_CONFIG, settings_file
from tests.fuzz.commands import give_up_rights
os.chmod(".", 0)
give_up_rights()
print(settings_file(DEFAULT_CONFIG, [DEFAULT_CONFIG, Path("/")]))
"""


def test_settings_of_the_host_are_found_from_a_folder_that_may_not_be_entered(here: Path) -> None:
    command = [sys.executable, "-P", "-c", IN_A_CLOSED_FOLDER]
    environment = {"PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(command, cwd=here, env=environment, capture_output=True, text=True, check=False)
    here.chmod(0o700)
    assert (done.stdout, done.stderr) == ("/\n", "")
