"""The YAML reader by itself: places, limits that a caller sets, and the slower parser that stands in."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from syndicator.errors import ArticleError
from syndicator.yaml_reader.events import PARSER, Limits, read_yaml
from syndicator.yaml_reader.scalars import Value

PARSERS: dict[str, Any] = {"libyaml": PARSER, "pure": yaml.SafeLoader}


@pytest.fixture(params=[*PARSERS.values()], ids=[*PARSERS])
def _parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syndicator.yaml_reader.events.PARSER", request.param)


@pytest.mark.usefixtures("_parser")
def test_both_parsers_give_the_same_values_and_places() -> None:
    document = read_yaml("a: 1\nb:\n  - {c: no, d: 'x: y'}\n  - ~\n", first_line=3)
    assert document.value == {"a": 1, "b": [{"c": "no", "d": "x: y"}, None]}
    assert document.place("b", 0, "d") == (5, 13)
    assert document.place() == (3, 1)


@pytest.mark.usefixtures("_parser")
def test_tag_without_a_name_says_that_a_value_is_text() -> None:
    assert read_yaml("a: ! 'b: c'\nd: ! 12\ne: [! true]").value == {"a": "b: c", "d": "12", "e": ["true"]}


@pytest.mark.usefixtures("_parser")
def test_single_value_may_be_given_a_name_and_repeated() -> None:
    text = "url: &u https://a.example/?a&b\nlinks: [*u, &n 12, *n]\n*u : &u 'x'\nagain: {url: *u}"
    value = {"url": "https://a.example/?a&b", "links": ["https://a.example/?a&b", 12, 12]}
    assert read_yaml(text).value == value | {"https://a.example/?a&b": "x", "again": {"url": "x"}}


def test_repeated_values_count_as_if_they_were_written_out() -> None:
    text = f"a: &a {'x' * 100}\nb: [{', '.join(['*a'] * 20)}]"
    assert len(str(read_yaml(text, limits=Limits(size_bytes=2_000)).value)) > 2_000
    with pytest.raises(ArticleError, match="an alias"):
        read_yaml(text, limits=Limits(size_bytes=1_999))
    with pytest.raises(ArticleError, match="more than 15 values"):
        read_yaml(text, limits=Limits(nodes=15))


def test_name_of_a_secret_is_nobodys() -> None:
    for text in ("secured: &a x\nb: *a", "secured: {b: &a x}\nb: *a", "secured: [&a x]\nb: *a"):
        with pytest.raises(ArticleError, match="an alias"):
            read_yaml(text, secret=frozenset({"secured"}))


BROKEN = {
    "colon": ("a: b: c", "a colon"),
    "quotes": ("a: 'b", "quotes that are not closed"),
    "bracket": ("a: [b", "a bracket that is not closed"),
    "loose line": ("a: 1\nb", "neither `key: value`"),
    "anchor of a list": ("a: &b [c]", "an anchor"),
    "alias of nothing": ("a: *b", "an alias"),
    "alias before its anchor": ("a: *b\nc: &b d", "an alias"),
    "tag": ("a: !b c", "a tag"),
    "tag of nobody": ("a: !b!c d", "a tag"),
    "escape": ('a: "\\q"', "a backslash"),
    "at sign": ("a: @b", "a character no value"),
    "indentation": ("a:\n  b: 1\n c: 2", "does not fit"),
    "list and mapping": ("- a\nb: c", "does not fit"),
    "list on the line": ("a: - b", "a list item"),
    "text after quotes": ("a: 'b' c", "does not fit"),
    "two documents": ("a: 1\n---\nb: 2", "a second YAML document"),
    "text after the end": ("a: 1\n...\nb: 2", ""),
    "control": ("a: \x01", "an invisible character (U+0001)"),
    "lone surrogate": ("a: \ud800", "an invisible character (U+D800)"),
    "half a character": ('a: "\\ud800"', ""),
    "empty key in braces": ("{: : }", ""),
}


@pytest.mark.usefixtures("_parser")
@pytest.mark.parametrize(("text", "what"), BROKEN.values(), ids=BROKEN.keys())
def test_both_parsers_are_explained(text: str, what: str) -> None:
    try:
        read_yaml(text)
    except ArticleError as error:
        assert what in error.what
        assert error.line >= 1
    else:
        assert what == "", "should have been refused"


def test_invisible_character_is_found_where_it_stands() -> None:
    with pytest.raises(ArticleError) as raised:
        read_yaml("a: 1\nb: x\x01", first_line=2)
    assert (raised.value.line, raised.value.column) == (3, 5)


@pytest.mark.parametrize(
    ("text", "limits", "what"),
    [
        ("[[[]]]", Limits(depth=2), "nested more than 2"),
        ("[1, 2]", Limits(nodes=2), "more than 2 values"),
        ("aäö", Limits(size_bytes=4), "5 bytes"),
    ],
    ids=["depth", "nodes", "size"],
)
def test_limits_are_the_callers(text: str, limits: Limits, what: str) -> None:
    with pytest.raises(ArticleError, match=what):
        read_yaml(text, limits=limits)


def test_exactly_the_limits_are_allowed() -> None:
    assert read_yaml("[[1]]", limits=Limits(depth=2, nodes=3, size_bytes=5)).value == [[1]]


def test_empty_document_is_none() -> None:
    assert read_yaml("").value is None
    assert read_yaml("# a comment\n").value is None


def test_number_keeps_how_it_was_written() -> None:
    value = read_yaml("a: 1.10").value
    assert isinstance(value, dict)
    assert getattr(value["a"], "written", None) == "1.10"


TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=30).map(
    lambda text: text.replace("\ufeff", "").replace("\ufffe", "").replace("\uffff", "")
)
VALUES: st.SearchStrategy[Value] = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**17), 10**17) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(TEXTS, VALUES, max_size=5))
def test_what_yaml_writes_is_read_back(value: dict[str, Value]) -> None:
    text = yaml.safe_dump(value, allow_unicode=True, default_style='"', default_flow_style=False)
    assert _words(
        read_yaml(text.replace("!!int ", "").replace("!!bool ", "").replace("!!null ", "")).value
    ) == _words(value)


def _words(value: Value) -> object:
    """Every scalar as text, since the writer quotes all of them."""
    match value:
        case dict():
            return {key: _words(item) for key, item in value.items()}
        case list():
            return [_words(item) for item in value]
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case _:
            return str(value)
