"""One file to an article: each field, each tool, each way to be wrong."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote

import pytest

from syndicator.errors import ArticleError
from syndicator.models import Article, Image, Provider, Related
from syndicator.parse.article import parse_article
from syndicator.settings.models import Source
from tests.making import utc
from tests.parse.writing import HUGO, JEKYLL, KEYS, RULES, read, reread, written


def test_article_has_everything_the_file_says() -> None:
    article = read(written("Some *text*."))
    assert article == Article(
        source="news",
        path="2024-05-06-tidal-power.md",
        title="Harbour town opens its first tidal power station",
        link="https://daily.example/2024/05/06/tidal-power/",
        canonical_link="https://daily.example/2024/05/06/tidal-power",
        published=utc(2024, 5, 6, 7, 8, 9),
        revision=article.revision,
        summary="Two turbines below the old pier feed 900 homes, and the fish do not seem to mind.",
        body="<p>Some <em>text</em>.</p>",
        images=(Image(url="https://img.example/pier.jpg?a=1&b=2", width=1200, height=630),),
        provider=Provider(
            name="The Daily Example",
            domain="daily.example",
            logo=Image(url="https://img.example/daily-50x50.jpg", width=50, height=50),
        ),
        topics=("Energy", "Harbours"),
        related=(
            Related(
                title="Tides & turbines",
                link="https://weekly.example/tides?utm_source=x",
                canonical_link="https://weekly.example/tides",
                provider="Weekly",
                published=utc(2024, 5, 5, 10),
                quality=71.0,
            ),
        ),
        quality=93.0,
    )
    assert KEYS["secured"].strip('"') not in repr(article)


TITLES = {
    "entities": ('"Q&amp;A: &lt;b&gt;"', "Q&A: <b>"),
    "generics": ('"List<T> and C++"', "List<T> and C++"),
    "white space": ('"  a\\n  b  "', "a b"),
    "a year": ("2024", "2024"),
    "a version": ("1.10", "1.10"),
    "a country": ("NO", "NO"),
    "control characters": ('"a\\x01\\x08b"', "ab"),
    "a block": ("|\n  Two\n  lines", "Two lines"),
    "bare plain text": ("It’s here – 100 % of it", "It’s here – 100 % of it"),
}


@pytest.mark.parametrize(("yaml", "title"), TITLES.values(), ids=TITLES.keys())
def test_title_is_plain_text(yaml: str, title: str) -> None:
    assert reread(title=yaml).title == title


def test_long_texts_are_cut() -> None:
    article = reread(title="t" * 60_000, excerpt=None, provider=None)
    assert (len(article.title), article.title[-1]) == (500, "…")
    assert len(reread(excerpt="word " * 10_000).summary) <= 2_000
    assert len(reread(topics="[" + "n" * 999 + "]").topics[0]) == 200


def test_summary_is_the_excerpt_without_tags_else_the_body() -> None:
    assert reread(excerpt='"<p>One</p> <b>two</b> List<T>"').summary == "One two List<T>"
    assert reread("# Head\n\nText &amp; more", excerpt=None).summary == "Head Text & more"
    assert reread("Text", excerpt='""').summary == "Text"
    assert reread("Text", excerpt=None, abstract="Older").summary == "Older"
    assert reread(excerpt=None).summary == ""


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Now **bold**, _new_ and `a && b` [here](https://a.example)", "Now bold, new and a && b here"),
        (
            "[One](/one)\n\n- `List<T>` & R&D, List<T> &amp;amp; &lt;T>",
            "One - List<T> & R&D, List<T> &amp; <T>",
        ),
        ("2013\\. 1. FC a_b_c 2 * 3 * 4 **kwargs", "2013. 1. FC a_b_c 2 * 3 * 4 **kwargs"),
        ("1. FC is first", "1. FC is first"),
        ("# no heading", "# no heading"),
        ("[^1] [x] <!-- hidden", "[^1] [x]"),
        ("<https://a.example/?a=1&copy=2>", "https://a.example/?a=1&copy=2"),
        ("![a picture](a.png)", "a picture"),
    ],
)
def test_summary_has_no_marks_of_markdown(written: str, shown: str) -> None:
    assert reread("Text", excerpt=json.dumps(written)).summary == shown


def test_links_of_markdown_in_an_author_are_not_shown_and_the_revision_is_that_of_before() -> None:
    article = reread(
        "Text", authors="'[Ann A](https://a.example/) (X), [Bo](https://b.example/)'", author="b_c_"
    )
    assert article.authors == ("Ann A (X), Bo", "b_c_")
    assert article.revision == "0ca39e9114811d1e2a4661201f63fb88"


def test_marks_of_markdown_in_a_summary_are_a_change() -> None:
    """They always were: what another release makes of a summary moves no `updated`."""
    marked, plain = reread(excerpt='"**One** two"'), reread(excerpt='"One two"')
    assert (marked.summary, marked.revision == plain.revision) == (plain.summary, False)


@pytest.mark.parametrize("word", ["false", "no", "off", "No", "OFF", '"false"', "'no'"])
def test_unpublished_in_any_words_is_a_draft(word: str) -> None:
    assert reread(published=word).draft is True


@pytest.mark.parametrize("word", ["true", "yes", "on", "Yes", '"true"', None])
def test_published_in_any_words_is_no_draft(word: str | None) -> None:
    assert reread(published=word).draft is False


def test_either_flag_makes_a_draft() -> None:
    assert reread(published="true", draft="yes").draft is True
    assert reread(published="false", draft="no").draft is True
    assert reread(published=None, draft="false").draft is False


def test_links_in_order_of_preference() -> None:
    assert reread(webUrl=None).link == "https://daily.example/2024/05/06/tidal-power/"
    assert reread(webUrl='""', originalUrl="https://other.example/a").link == "https://other.example/a"
    assert (
        reread(webUrl=None, originalUrl=None, sourceUrl="https://a.example/b").link == "https://a.example/b"
    )
    rules = RULES.model_copy(update={"base_url": "https://www.example.org/base"})
    article = read(written(webUrl=None, originalUrl=None), rules=rules, path="sub/2024-05-06-a.md")
    assert article.link == "https://www.example.org/base/sub/2024-05-06-a"


def test_date_without_offset_is_in_the_sources_zone() -> None:
    rules = RULES.model_copy(update={"time_zone": "Europe/Berlin"})
    assert read(written(publishedDateTime="2024-07-01 12:00"), rules=rules).published == utc(2024, 7, 1, 10)
    assert read(written(publishedDateTime="2024-07-01T12:00:00Z"), rules=rules).published == utc(
        2024, 7, 1, 12
    )


def test_unknown_heat_is_none_and_numbers_may_be_in_quotes() -> None:
    assert reread(heat="-1").heat is None
    assert reread(heat='"7.5"').heat == 7.5
    assert reread(quality='"93"', heat="0").quality == 93.0
    assert reread(quality=None).quality is None
    assert reread(quality="-1").quality == -1.0


@pytest.mark.parametrize("rules", [RULES, JEKYLL, HUGO], ids=lambda rules: rules.profile)
def test_article_may_have_many_topics(rules: Source) -> None:
    keys = "webUrl: https://x.example/\npublishedDateTime: 2024-01-02\ndate: 2024-01-02\n"
    names = [f"t{number}" for number in range(100)]
    key = "topics" if rules is RULES else "tags"
    text = f"---\ntitle: A\n{keys}{key}: {names}\n---\n"
    assert read(text, rules=rules).topics == tuple(names)


def test_topics_are_names_once_each() -> None:
    assert reread(topics="[ Energy , energy, 2024, 'Q&amp;A', {name: Sea}, null]").topics == (
        "Energy", "2024", "Q&A", "Sea",
    )  # fmt: skip
    assert reread(topics="Energy and more").topics == ("Energy and more",)
    assert reread(topics=None).topics == ()


WRONG = {
    "no title": ({"title": None}, "no title", 1 + 1, 1),
    "empty title": ({"title": '""'}, "no title", 2, 1),
    "invisible title": ({"title": '"\\u200b"'}, "nothing to see", 3, 1),
    "title of fillers": ({"title": '"\\u115f\\u3164 \\u2800\\u200b\\ufe0f"'}, "nothing to see", 3, 1),
    "title is a flag": ({"title": "true"}, "`title` is a flag (true), not text", 3, 1),
    "title is a list": ({"title": "[a]"}, "`title` is a list, not text", 3, 1),
    "no date": ({"publishedDateTime": None}, "no date", 2, 1),
    "bad date": ({"publishedDateTime": "2024-02-30"}, "not in the calendar: “2024-02-30”", 5, 1),
    "date out of range": ({"publishedDateTime": "1066-10-14"}, "not between 1970 and 2200", 5, 1),
    "date is a list": ({"publishedDateTime": "[1]"}, "not a date: a list", 5, 1),
    "no link": ({"webUrl": None, "originalUrl": None}, "no link", 2, 1),
    "bad link": ({"webUrl": "javascript:alert(1)"}, "`webUrl` does not begin with http", 7, 1),
    "link with a no-break space": ({"webUrl": '"https://a.example/a\u00a0b"'}, "`webUrl` has a blank", 7, 1),
    "link is a mapping": ({"webUrl": "{a: b}"}, "`webUrl` is a mapping, not text", 7, 1),
    "flag in other words": ({"published": "maybe"}, "`published` is “maybe”, not a flag", 11, 1),
    "flag as a number": ({"published": "1"}, "`published` is “1”, not a flag", 11, 1),
    "empty flag": ({"published": ""}, "`published` is empty, not a flag", 11, 1),
    "quality in words": ({"quality": "good"}, "`quality` is “good”, not a number", 9, 1),
    "quality is a flag": ({"quality": "true"}, "`quality` is a flag (true), not a number", 9, 1),
    "endless quality": ({"quality": '"inf"'}, "`quality` is “inf”, not a number", 9, 1),
    "immense quality": ({"quality": "1e300"}, "`quality` is “1e300”, not a number", 9, 1),
    "heat is a list": ({"heat": "[1]"}, "`heat` is a list, not a number", 10, 1),
    "topics are a mapping": ({"topics": "{a: b}"}, "`topics` has a mapping in it, not a name", 19, 1),
    "a topic is a list": ({"topics": "[[[a]]]"}, "`topics` has a list in it, not a name", 19, 1),
    "a topic is a flag": ({"topics": "[true]"}, "`topics` has a flag (true) in it", 19, 1),
    "an invisible topic": ({"topics": '["\\u200b"]'}, "`topics` has", 19, 1),
    "many topics": ({"topics": str([f"t{n}" for n in range(101)])}, "`topics` has 101 topics", 19, 1),
    "excerpt is a list": ({"excerpt": "[a]"}, "`excerpt` is a list, not text", 4, 1),
    "bad expiry": ({"expiresDateTime": "soon"}, "`expiresDateTime` is not a date: “soon”", None, 1),
    "guid is no URI": ({"guid": "42"}, "`guid` is no URI", None, 1),
    "guid with a blank": ({"guid": "'urn:a b'"}, "`guid` is no URI", None, 1),
    "type is a flag": ({"type": "true"}, "`type` is a flag", 8, 1),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "what", "line", "column"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_said_at_its_key(
    changes: dict[str, str | None], what: str, line: int | None, column: int
) -> None:
    with pytest.raises(ArticleError) as raised:
        reread(**changes)
    error = raised.value
    assert what in error.what
    assert line is None or error.line == line
    assert error.column == column
    assert error.fix


def test_message_never_quotes_more_than_a_line() -> None:
    with pytest.raises(ArticleError) as raised:
        reread(published='"a\\nb' + "c" * 1_000 + '"')
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 150


DECORATION: dict[str, tuple[dict[str, str | None], dict[str, object]]] = {
    "an image without an address": ({"images": "[{width: 3}, 7, null, [a]]"}, {"images": ()}),
    "an image elsewhere": ({"images": "['javascript:x', 'data:image/png;base64,AA']"}, {"images": ()}),
    "an image alone": (
        {"images": "'//img.example/a b.png'"},
        {"images": (Image(url="https://img.example/a%20b.png"),)},
    ),
    "sizes that are none": (
        {"images": "{url: 'https://img.example/a.png', width: wide, height: 0}"},
        {"images": (Image(url="https://img.example/a.png"),)},
    ),
    "an image twice": (
        {"images": "['https://img.example/a.png', {url: 'https://img.example/a.png'}]"},
        {"images": (Image(url="https://img.example/a.png"),)},
    ),
    "a provider's name alone": ({"provider": "The Daily"}, {"provider": Provider(name="The Daily")}),
    "a provider without a name": (
        {"provider": "{domain: Daily.Example}"},
        {"provider": Provider(name="daily.example", domain="daily.example")},
    ),
    "a provider that is none": ({"provider": "[a]"}, {"provider": None}),
    "a provider without anything": ({"provider": "{images: []}"}, {"provider": None}),
    "a provider with a bad logo and domain": (
        {"provider": "{name: A, domain: 'x y', images: 'javascript:x'}"},
        {"provider": Provider(name="A")},
    ),
    "related that are none": (
        {"related": "[a, {title: b}, {webUrl: 'https://a.example/'}, 3]"},
        {"related": ()},
    ),
    "related is no list": ({"related": "{title: a}"}, {"related": ()}),
    "related in the older form": (
        {"related": "[{title: a, sourceUrl: 'https://a.example/'}]"},
        {"related": (Related(title="a", link="https://a.example/", canonical_link="https://a.example"),)},
    ),
    "related with bad parts": (
        {"related": "[{title: a, webUrl: x, url: 'https://a.example/', date: soon, quality: b}]"},
        {"related": (Related(title="a", link="https://a.example/", canonical_link="https://a.example"),)},
    ),
    "a bad word on changes": ({"modifiedDateTime": "lately"}, {"modified": None}),
    "a good word on changes": ({"modifiedDateTime": "2024-06-01"}, {"modified": utc(2024, 6, 1)}),
    "a language": ({"language": "de_DE"}, {"language": "de-DE"}),
    "no language": ({"language": "German!"}, {"language": None}),
    "authors": ({"authors": "[Ann, {name: Bob}]", "author": "ann"}, {"authors": ("Ann", "Bob")}),
    "an expiry": ({"expiresDateTime": "2024-06-01"}, {"expires": utc(2024, 6, 1)}),
    "a guid": ({"guid": "urn:uuid:1"}, {"guid": "urn:uuid:1"}),
    "the category where there is no type": ({"type": None}, {"type": "news"}),
    "neither": ({"type": None, "category": None}, {"type": "article"}),
}


@pytest.mark.parametrize(("changes", "fields"), DECORATION.values(), ids=DECORATION.keys())
def test_what_decorates_is_left_out_where_it_is_malformed(
    changes: dict[str, str | None], fields: dict[str, object]
) -> None:
    article = reread(**changes)
    assert {name: getattr(article, name) for name in fields} == fields


def test_hundred_related_articles_written_out_are_taken() -> None:
    others = [
        {"title": f"Other {n}", "webUrl": f"https://a.example/{n}", "excerpt": "x" * 1_000}
        | {f"key{at}": {"a": at, "b": [at]} for at in range(6)}
        for n in range(100)
    ]
    assert len(reread(related=json.dumps(others)).related) == 50


def test_many_images_and_related_are_bounded() -> None:
    images = str([f"https://img.example/{n}.png" for n in range(99)])
    related = str([{"title": str(n), "url": f"https://a.example/{n}"} for n in range(99)])
    article = reread(images=images, related=related)
    assert (len(article.images), len(article.related)) == (20, 50)


def test_fields_may_come_from_other_keys() -> None:
    rules = RULES.model_copy(update={"fields": {"title": ("meta.headline",), "published": ("when",)}})
    article = read(written(title=None, meta="{headline: Hello}", when="2020-01-01"), rules=rules)
    assert (article.title, article.published) == ("Hello", utc(2020, 1, 1))


# --- Jekyll --------------------------------------------------------------------------------


def post(
    keys: str = "title: A post", body: str = "Text.", path: str = "_posts/2024-01-02-my-post.md"
) -> Article:
    return read(f"---\n{keys}\n---\n{body}", rules=JEKYLL, path=path)


def test_jekyll_takes_date_and_slug_from_the_file_name() -> None:
    article = post("categories: Sea Town\ntags: [Red, blue]\ntitle: A post")
    assert article.published == utc(2024, 1, 2)
    assert article.topics == ("Sea", "Town", "Red", "blue")
    assert article.link == "https://blog.example/sea/town/2024/01/02/my-post.html"


def test_jekyll_keys_come_before_the_file_name() -> None:
    article = post(
        "title: A\ndate: 2024-03-04 05:06:07 +0100\nslug: other\npermalink: /:year/:title/\nimage: /i.png\n"
        "description: Short.\nauthor: Ann\nlast_modified_at: 2024-04-01\ntags: red blue\nlang: de"
    )
    assert article.published == utc(2024, 3, 4, 4, 6, 7)
    assert article.link == "https://blog.example/2024/other/"
    assert article.images == (Image(url="https://blog.example/i.png"),)
    assert (article.summary, article.authors, article.language) == ("Short.", ("Ann",), "de")
    assert (article.modified, article.topics) == (utc(2024, 4, 1), ("red", "blue"))


@pytest.mark.parametrize(
    ("date", "hour"),
    [
        ("2024-03-02 12:01:00", 12),
        ("2024/03/02 12:01:00", 20),
        ("2024-03-02 12:01", 20),
        ("2024-03-02 12:01:00 -0500", 17),
        ("2024-03-02", 8),
    ],
)
def test_jekyll_time_to_the_second_is_utc_in_any_zone(date: str, hour: int) -> None:
    rules = JEKYLL.model_copy(update={"time_zone": "America/Los_Angeles"})
    article = read(f"---\ntitle: A\ndate: {date}\n---\n", rules=rules, path="2024-01-02-a.md")
    assert article.published.hour == hour
    assert article.link == "https://blog.example/2024/03/02/a.html"


def test_jekyll_key_that_leads_nowhere_is_none() -> None:
    assert post("title: A\nheader: plain").images == ()
    assert post("title: A\nheader: {teaser: /t.png}").images == (Image(url="https://blog.example/t.png"),)


def test_jekyll_permalink_may_be_absolute_or_the_sources() -> None:
    assert post("permalink: https://else.example/a").link == "https://else.example/a"
    rules = JEKYLL.model_copy(update={"permalink": "pretty"})
    article = read("---\ntitle: A\n---\n", rules=rules, path="2024-01-02-a.md")
    assert article.link == "https://blog.example/2024/01/02/a/"


def test_jekyll_permalink_may_be_one_for_each_folder() -> None:
    rules = JEKYLL.model_copy(update={"permalink": {"": "/:title/", "en/posts": "/en/:title/"}})
    for folder, link in (("en/posts/", "en/a/"), ("en/pages/", "a/"), ("", "a/")):
        article = read("---\ntitle: A\n---\n", rules=rules, path=f"{folder}2024-01-02-a.md")
        assert article.link == f"https://blog.example/{link}"


def test_hugo_page_at_the_top_has_the_permalink_of_its_name() -> None:
    rules = HUGO.model_copy(update={"permalink": {"about": "/me/:title/"}})
    for path, link in (("about.md", "me/a/"), ("about/index.md", "me/a/"), ("other/index.md", "other/")):
        article = read("---\ntitle: A\ndate: 2024-01-02\n---\n", rules=rules, path=path)
        assert article.link == f"https://site.example/sub/{link}"


@pytest.mark.parametrize(
    ("name", "keys", "slug"),
    [
        ("Release-1.2_b", "title: A", "release-1-2-b"),
        ("Ärger & so", "title: A", "ärger-so"),
        ("a", "title: A\nslug: My C++", "my-c"),
    ],
)
def test_jekyll_slug_has_small_letters_and_hyphens_alone(name: str, keys: str, slug: str) -> None:
    rules = JEKYLL.model_copy(update={"permalink": "/:slug/"})
    article = read(f"---\n{keys}\n---\n", rules=rules, path=f"_posts/2024-01-02-{name}.md")
    assert unquote(article.link) == f"https://blog.example/{slug}/"


def test_several_languages_are_none() -> None:
    assert post("title: A\nlanguage: [de, en]").language is None


def test_jekyll_title_may_come_from_the_file_name() -> None:
    assert post("").title == "My Post"


def test_file_name_that_says_nothing_gives_no_title() -> None:
    with pytest.raises(ArticleError, match="no title"):
        post("", path="_posts/2024-01-02--.md")


def test_file_name_that_is_not_utf8_has_a_link() -> None:
    assert post(path="2024-01-02-a\udc80b.md").link == "https://blog.example/2024/01/02/a-b.html"
    smartable = RULES.model_copy(update={"base_url": "https://www.example.org/"})
    text = written(webUrl=None, originalUrl=None)
    assert read(text, rules=smartable, path="a\udc80b.md").link == "https://www.example.org/a%3Fb"


def test_jekyll_body_has_no_liquid() -> None:
    assert post(body="a {% include x %}[b]({{ site.baseurl }}/c/)").body == (
        '<p>a <a href="https://blog.example/c/">b</a></p>'
    )


def test_jekyll_folders_above_posts_are_categories() -> None:
    article = post(path="Town/_posts/2024-01-02-a.md")
    assert article.topics == ("Town",)
    assert article.link == "https://blog.example/town/2024/01/02/a.html"


@pytest.mark.parametrize(
    ("path", "text", "taken"),
    [
        ("_drafts/a.md", "---\ntitle: A\ndate: 2024-01-02\n---\n", True),
        ("_drafts/a.md", "---\ntitle: A\n---\n", False),
        ("_drafts/2024-01-02-a.md", "---\ntitle: A\n---\n", True),
        ("_posts/a.md", "---\ntitle: A\ndate: 2024-01-02\n---\n", False),
        ("town/_posts/sea/a.md", "---\ntitle: A\ndate: 2024-01-02\n---\n", False),
        ("about.md", "---\ntitle: About\n---\n", False),
        ("_notes/a.md", "---\ntitle: A\ndate: 2024-01-02\n---\n", False),
        ("README.md", "# Read me\n", False),
        ("_site/2024-01-02-a.md", "---\ntitle: A\n---\n", False),
    ],
    ids=[
        "dated draft",
        "draft",
        "draft with a dated name",
        "post without a date in its name",
        "below a category",
        "page",
        "collection",
        "no front matter",
        "output",
    ],
)
def test_jekyll_decides_what_is_an_article(path: str, text: str, taken: bool) -> None:
    article = parse_article(text.encode(), source=JEKYLL, path=path)
    assert (article is not None) is taken
    assert article is None or article.draft is ("_drafts" in path)


def test_post_without_a_date_in_its_name_is_no_article_of_posts_alone() -> None:
    rules = JEKYLL.model_copy(update={"path": Path("site/_posts/town")})
    assert parse_article(b"---\ntitle: A\ndate: 2024-01-02\n---\n", source=rules, path="a.md") is None


def test_jekyll_problems_have_their_cure() -> None:
    with pytest.raises(ArticleError, match="the date in the file's name is not in the calendar: 2024-13-40"):
        post(path="_posts/2024-13-40-a.md")
    with pytest.raises(ArticleError, match=":writer is not known"):
        post("permalink: /:writer/")
    with pytest.raises(ArticleError, match=r"no link. Set the source's `base_url`"):
        read(
            "---\ntitle: A\n---\n", rules=JEKYLL.model_copy(update={"base_url": None}), path="2024-01-02-a.md"
        )
    with pytest.raises(ArticleError, match="makes a link that is longer than 2,000"):
        post("permalink: /" + "x" * 2_000)
    with pytest.raises(ArticleError, match="no front matter"):
        read("Text\n", rules=JEKYLL, path="_posts/2024-01-02-a.md")


# --- Hugo --------------------------------------------------------------------------------


def page(text: str, path: str = "content/post/a.md") -> Article:
    return read(text, rules=HUGO, path=path)


FORMS = {
    "yaml": "---\ntitle: A\ndate: 2024-01-02T03:04:05+01:00\ntags: [x]\ncategories: [y]\ndraft: true\n---\n",
    "toml": '+++\ntitle = "A"\ndate = 2024-01-02T03:04:05+01:00\ntags = ["x"]\ncategories = ["y"]\n'
    "draft = true\n+++\n",
    "json": '{"title": "A", "date": "2024-01-02T03:04:05+01:00", "tags": ["x"], "categories": ["y"],\n'
    '"draft": true}\n',
}


@pytest.mark.parametrize("text", FORMS.values(), ids=FORMS.keys())
def test_hugo_front_matter_in_each_form(text: str) -> None:
    article = page(f"{text}Text")
    assert (article.title, article.published) == ("A", utc(2024, 1, 2, 2, 4, 5))
    assert (article.topics, article.draft, article.body) == (("x", "y"), True, "<p>Text</p>")
    assert article.link == "https://site.example/sub/post/a/"


def test_categories_below_others_are_topics_too() -> None:
    """As Hexo writes them."""
    article = page(
        "---\ntitle: A\ndate: 2024-01-02\ncategories:\n- [Sea, Town]\n- Red\n- [sea, '', Pier]\n---\n"
    )
    assert article.topics == ("Sea", "Town", "Red", "Pier")


def test_hugo_keys_in_any_case_and_order_of_dates() -> None:
    article = page(
        "---\nTitle: A\ndate: 2024-01-02\npublishdate: 2024-02-03\nLastMod: 2024-03-04\n"
        "ExpiryDate: 2024-05-06\nDescription: Short.\ncover: {image: c.png}\nslug: My Slug\n---\n"
    )
    assert (article.published, article.modified, article.expires) == (
        utc(2024, 2, 3), utc(2024, 3, 4), utc(2024, 5, 6),
    )  # fmt: skip
    assert article.link == "https://site.example/sub/post/my-slug/"
    assert article.images == (Image(url="https://site.example/sub/c.png"),)


def test_hugo_pictures_of_a_bundle_are_its_own_and_others_the_sites() -> None:
    text = "---\ntitle: A\ndate: 2024-01-02\nimages: [a.png, /b.png, 'https://img.example/c.png']\n---\n"
    ends = ["https://site.example/b.png", "https://img.example/c.png"]
    bundle, alone = (page(text, path=f"content/post/{name}").images for name in ("x/index.md", "x.md"))
    assert [image.url for image in bundle] == ["https://site.example/sub/post/x/a.png", *ends]
    assert [image.url for image in alone] == ["https://site.example/sub/a.png", *ends]


@pytest.mark.parametrize(
    ("picture", "address"),
    [
        ("assets/a.png", "https://blog.example/sub/assets/a.png"),
        ("/assets/a.png", "https://blog.example/sub/assets/a.png"),
        ("/sub/assets/a.png", "https://blog.example/sub/assets/a.png"),
        ("//img.example/a.png", "https://img.example/a.png"),
        ("https://img.example/a.png", "https://img.example/a.png"),
    ],
)
def test_jekyll_pictures_are_the_sites(picture: str, address: str) -> None:
    """As jekyll-feed and jekyll-seo-tag have it, whatever the post's own address."""
    rules = JEKYLL.model_copy(update={"base_url": "https://blog.example/sub/"})
    article = read(f"---\ntitle: A\nimage: {picture}\n---\n", rules=rules, path="_posts/2024-01-02-a.md")
    assert [image.url for image in article.images] == [address]


@pytest.mark.parametrize(
    ("keys", "published", "draft"),
    [
        ("Published: 2024-01-02", utc(2024, 1, 2), False),
        ("published: 2024-01-02\ndate: 2023-01-01", utc(2024, 1, 2), False),
        ("published: false\ndate: 2023-01-01", utc(2023, 1, 1), True),
        ("published: on\ndate: 2023-01-01", utc(2023, 1, 1), False),
    ],
)
def test_hugo_published_is_a_date_or_a_flag(keys: str, published: datetime, draft: bool) -> None:
    article = page(f"---\ntitle: A\n{keys}\n---\n")
    assert (article.published, article.draft) == (published, draft)


@pytest.mark.parametrize(
    ("date", "day"),
    [
        ("2024-01-02T23:30:00-04:00", "2024/01/02"),
        ("2024-01-02T00:30:00+02:00", "2024/01/02"),
        ("2024-01-02T23:30:00Z", "2024/01/02"),
        ("2024-01-02", "2024/01/02"),
    ],
)
def test_hugo_day_in_a_link_is_the_one_that_is_written(date: str, day: str) -> None:
    rules = HUGO.model_copy(update={"permalink": "/:year/:month/:day/", "time_zone": "Asia/Tokyo"})
    text = f"---\ntitle: A\ndate: {date}\n---\n"
    assert read(text, rules=rules, path="post/a.md").link == f"https://site.example/sub/{day}/"


def test_hugo_published_that_is_neither_date_nor_flag_is_a_problem() -> None:
    with pytest.raises(ArticleError, match="`published` is “maybe”, not a flag"):
        page("---\ntitle: A\npublishDate: 2024-01-02\npublished: maybe\n---\n")


def test_hugo_url_and_bundle() -> None:
    keys = "title: A\ndate: 2024-01-02"
    assert page(f"---\n{keys}\nurl: x/Y\n---\n").link == "https://site.example/sub/x/Y/"
    assert page(f"---\n{keys}\nurl: /x/Y.html\n---\n").link == "https://site.example/sub/x/Y.html"
    assert (
        page(f"---\n{keys}\n---\n", path="post/My Trip/index.md").link
        == "https://site.example/sub/post/my-trip/"
    )


def test_hugo_body_has_no_shortcodes() -> None:
    article = page(
        "---\ntitle: A\ndate: 2024-01-02\n---\n{{< youtube abc123 >}}\n\n{{< note >}}b{{< /note >}}"
    )
    assert 'href="https://www.youtube.com/watch?v=abc123"' in article.body
    assert article.body.endswith("<p>b</p>")


@pytest.mark.parametrize(
    ("path", "link"),
    [
        ("post/a.en.md", "post/a/"),
        ("post/trip/index.EN.md", "post/trip/"),
        ("post/a.pt-BR.md", None),
        ("post/a.js.md", "post/a.js/"),
        ("post/_index.en.md", None),
    ],
)
def test_hugo_translations_by_name_are_no_articles(path: str, link: str | None) -> None:
    rules = HUGO.model_copy(update={"languages": ("en", "pt-br")})
    article = parse_article(b"---\ntitle: A\ndate: 2024-01-02\n---\n", source=rules, path=path)
    assert (article and article.link) == (link and f"https://site.example/sub/{link}")


PERMALINKS = {"post": "/:year/:slug/", "notes": "/n/:contentbasename/", "notes/deep/er": "/d/:slug/"}


@pytest.mark.parametrize(
    ("path", "slug", "link"),
    [
        ("post/a.md", "", "2024/what-is-new/"),
        ("post/a.md", "slug: own\n", "2024/own/"),
        ("post/a.md", "slug: caf%c3%a9%e2%80%a6\n", "2024/caf%C3%A9/"),
        ("notes/deep/a.md", "slug: own\n", "n/a/"),
        ("notes/deep/er/a.md", "slug: own\n", "d/own/"),
        ("else/a.md", "", "else/a/"),
        ("a.md", "", "a/"),
    ],
    ids=[
        "by headline",
        "by slug",
        "by an encoded slug",
        "by file",
        "nearest",
        "another section",
        "no section",
    ],
)
def test_hugo_permalink_is_that_of_the_section(path: str, slug: str, link: str) -> None:
    rules = HUGO.model_copy(update={"permalink": PERMALINKS})
    article = read(f"---\ntitle: What is new?\ndate: 2024-01-02\n{slug}---\n", rules=rules, path=path)
    assert article.link == f"https://site.example/sub/{link}"


@pytest.mark.parametrize(
    "text",
    ["headless: true", "build: {render: never}", "_build: {list: never}", "build: {list: false}"],
)
def test_hugo_hidden_pages_are_no_articles(text: str) -> None:
    page = f"---\ntitle: A\ndate: 2024-01-02\n{text}\n---\n"
    assert parse_article(page.encode(), source=HUGO, path="a.md") is None


def test_hugo_section_pages_are_no_articles() -> None:
    assert parse_article(b"anything", source=HUGO, path="post/_index.md") is None
    assert parse_article(b"anything", source=HUGO, path="post/_index.de.md") is None


@pytest.mark.parametrize(
    "cascade",
    [
        "{draft: true}",
        "[{title: x}, {Draft: true, target: {path: /a}}]",
        "{expiryDate: 2020-01-01}",
        "{build: {list: never}}",
    ],
)
def test_hugo_section_that_hides_articles_is_a_problem(cascade: str) -> None:
    section = f"---\ntitle: A\ncascade: {cascade}\n---\n"
    with pytest.raises(ArticleError, match="`cascade` hides articles below this folder") as raised:
        parse_article(section.encode(), source=HUGO, path="post/_index.md")
    assert raised.value.line == 3
    assert parse_article(section.encode(), source=HUGO, path="themes/x/_index.md") is None


@pytest.mark.parametrize("cascade", ["{draft: false, type: a}", "[{tags: [a]}]", "text", "[1", "null"])
def test_hugo_section_that_hides_nothing_is_none(cascade: str) -> None:
    section = f"---\ntitle: A\ncascade: {cascade}\n---\n"
    assert parse_article(section.encode(), source=HUGO, path="post/_index.md") is None


@pytest.mark.parametrize(("folder", "taken"), [("site", False), ("site/content", True), ("content/en", True)])
def test_hugo_section_may_be_called_like_a_folder_of_hugo(folder: str, taken: bool) -> None:
    rules = HUGO.model_copy(update={"path": Path(folder)})
    article = parse_article(b"---\ntitle: A\ndate: 2024-01-02\n---\n", source=rules, path="resources/a.md")
    assert (article and article.link) == ("https://site.example/sub/resources/a/" if taken else None)


def test_hugo_shown_page_is_an_article() -> None:
    assert (
        page("---\ntitle: A\ndate: 2024-01-02\nbuild: {render: always}\nheadless: false\n---\n").title == "A"
    )


def test_hugo_page_without_a_title_is_a_problem() -> None:
    with pytest.raises(ArticleError, match="no title"):
        page("---\ndate: 2024-01-02\n---\n")


@pytest.mark.parametrize(
    ("folder", "path"),
    [("site", "content/about.md"), ("site", "content/docs/x/index.md"), ("site/content/posts", "a.md")],
)
def test_hugo_page_without_a_date_is_no_article(folder: str, path: str) -> None:
    rules = HUGO.model_copy(update={"path": Path(folder)})
    for text in ("---\ntitle: About us\n---\n", "Part of another page.\n"):
        assert parse_article(text.encode(), source=rules, path=path) is None
    assert read("---\ntitle: A\ndate: 2024-01-02\n---\n", rules=rules, path=path).title == "A"
    with pytest.raises(ArticleError, match="is not a date"):
        read("---\ntitle: A\ndate: soon\n---\n", rules=rules, path=path)


def test_article_without_a_date_is_told_of_other_tools_profiles() -> None:
    rules = Source(name="news", path=Path(), base_url="https://b.example/")
    with pytest.raises(ArticleError) as raised:
        parse_article(b"---\ntitle: T\n---\n", source=rules, path="post/storm.md")
    assert raised.value.what == "no date"
    assert raised.value.fix.endswith("set the source's `profile: jekyll` or `profile: hugo`")


def test_lone_percent_signs_are_encoded_and_the_revision_is_that_of_before() -> None:
    article = read(
        "---\ntitle: T\nwebUrl: https://a.example/50%-off\npublishedDateTime: 2024-01-01\n"
        "images: https://img.example/100%.jpg\n---\nText \ufffd"
    )
    assert (article.link, article.images[0].url) == (
        "https://a.example/50%25-off",
        "https://img.example/100%25.jpg",
    )
    assert article.canonical_link == "https://a.example/50%-off"
    assert article.revision == "c335e4909e552f3db66ed180a4751bdb"


def test_hugo_draft_that_has_no_title_yet_is_no_article() -> None:
    begun = b"+++\ntitle = ''\ndate = 2026-03-02T10:00:00Z\ndraft = true\n+++\n"
    assert parse_article(begun, source=HUGO, path="posts/begun.md") is None
    with pytest.raises(ArticleError, match="no title"):
        parse_article(begun.replace(b"true", b"false"), source=HUGO, path="posts/begun.md")
