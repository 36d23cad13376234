"""What holds for any article: what is written is read; any bytes give an article, none, or one problem."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicator.errors import ArticleError
from syndicator.models import Article
from syndicator.parse.article import parse_article
from syndicator.parse.front_matter import read_front_matter
from syndicator.parse.topic_file import parse_topic_file
from syndicator.settings.models import Source
from syndicator.yaml_reader.scalars import Value
from tests.parse.writing import HUGO, JEKYLL, KEYS, RULES, read

SOURCES = {"smartable": RULES, "jekyll": JEKYLL, "hugo": HUGO}
ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

NONCHARACTERS = "".join(
    map(
        chr,
        [*range(0xFDD0, 0xFDF0), *(plane << 16 | last for plane in range(17) for last in (0xFFFE, 0xFFFF))],
    )
)
TEXTS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\u2028\u2029\ufeff" + NONCHARACTERS)
)
KEY_NAMES = TEXTS.filter(lambda key: key != "secured")
VALUES: st.SearchStrategy[Value] = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**18) + 1, 10**18 - 1) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEY_NAMES, inner, max_size=4),
    max_leaves=10,
)
BODIES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\ufeff"), max_size=60)


@given(st.dictionaries(KEY_NAMES, VALUES, max_size=5), BODIES)
def test_front_matter_is_read_as_written(fields: dict[str, Value], body: str) -> None:
    written = "".join(f"{json.dumps(key, ensure_ascii=False)}: {json.dumps(value, ensure_ascii=False)}\n"
                      for key, value in fields.items())  # fmt: skip
    matter = read_front_matter(f"---\n{written}---\n{body}".encode())
    assert dict(matter.fields) == fields
    assert matter.body == body.strip()
    for line, key in enumerate(fields, 2):
        assert matter.document.place(key)[0] == line


@given(st.dictionaries(KEY_NAMES, VALUES, min_size=1, max_size=5), BODIES)
def test_json_front_matter_is_read_as_written(fields: dict[str, Value], body: str) -> None:
    matter = read_front_matter(f"{json.dumps(fields, indent=1)}\n{body}".encode())
    assert dict(matter.fields) == fields
    assert matter.body == body.strip()


@given(
    title=st.text(max_size=40),
    excerpt=st.text(max_size=40),
    topic=st.text(max_size=10),
    body=st.text(max_size=40),
)
def test_any_texts_give_a_clean_article(title: str, excerpt: str, topic: str, body: str) -> None:
    keys = {
        **KEYS,
        "title": json.dumps(f"T {title}"),
        "excerpt": json.dumps(excerpt),
        "topics": json.dumps([f"t {topic}"]),
    }
    fields = {key: value.strip() for key, value in keys.items() if key in ("title", "excerpt", "topics")}
    fields |= {"webUrl": "'https://a.example/'", "publishedDateTime": "2024-01-02"}
    lines = "".join(f"{key}: {value}\n" for key, value in fields.items())
    data = f"---\n{lines}---\n{body}".replace("\0", "").encode("utf-8", "replace")
    try:
        article = read(data)
    except ArticleError as error:  # YAML has no escape for half a character
        assert "escape that is no character" in error.what
        return
    for text in (article.title, article.summary, article.body, *article.topics):
        assert not ILLEGAL.search(text)
        text.encode("utf-8")
    assert article.title == " ".join(article.title.split())
    assert read(data) == article


def outcome(data: bytes, rules: Source, path: str) -> Article | ArticleError | None:
    try:
        return parse_article(data, source=rules, path=path)
    except ArticleError as error:
        assert error.line >= 1 and error.column >= 1
        assert error.what and error.fix
        str(error).encode("utf-8")
        return error


PATHS = st.sampled_from(
    ["2024-01-02-a.md", "_posts/2024-13-40-a.md", "_drafts/a.md", "post/a/index.md", "ü b.md"]
)
PIECES = st.sampled_from(
    [
        *KEYS,
        *(
            "---\n",
            "+++\n",
            "{",
            "}",
            "[",
            "]",
            ": ",
            "- ",
            "\n  ",
            '"',
            "'",
            "|\n",
            ">",
            "&a ",
            "*a",
            "!!str ",
        ),
        *(
            "true",
            "no",
            "2024-01-02",
            "https://a.example/",
            "secured",
            "date",
            "tags",
            "#",
            "%",
            "@",
            "\t",
            "<<",
        ),
    ]
)
FILES = st.one_of(
    st.binary(max_size=300),
    st.lists(PIECES | st.text(max_size=5), max_size=40).map(
        lambda pieces: "".join(pieces).encode("utf-8", "replace")
    ),
    st.lists(PIECES | st.text(max_size=5), max_size=40).map(
        lambda pieces: f"---\ntitle: a\n{''.join(pieces)}\n---\nText".encode("utf-8", "replace")
    ),
)


@pytest.mark.parametrize("rules", SOURCES.values(), ids=SOURCES.keys())
@given(data=FILES, path=PATHS)
def test_any_bytes_are_an_article_none_or_a_problem(rules: Source, data: bytes, path: str) -> None:
    result = outcome(data, rules, path)
    assert result is None or isinstance(result, (Article, ArticleError))


@given(FILES)
def test_any_bytes_are_a_topic_or_a_problem(data: bytes) -> None:
    try:
        assert parse_topic_file(data, source="a", path="b").name
    except ArticleError as error:
        assert error.what and error.fix
