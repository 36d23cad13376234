"""What can be wrong with a file as such: every row of what the libraries alone get wrong."""

from __future__ import annotations

import time

import pytest

from syndicator.errors import ArticleError
from syndicator.parse.front_matter import FrontMatter, begins_with_front_matter, read_front_matter
from syndicator.yaml_reader.scalars import Value


def matter(text: str | bytes) -> FrontMatter:
    return read_front_matter(text.encode() if isinstance(text, str) else text)


def fields(yaml: str) -> dict[str, Value]:
    return dict(matter(f"---\n{yaml}\n---\n").fields)


def laughs(levels: int) -> str:
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, levels)]
    return "\n".join(rows)


REFUSED = {
    "deep brackets": ("---\na: " + "[" * 25_093 + "\n---\n", "nested more than 16 deep", 2, 19),
    "deep braces": ("---\na: " + "{a: " * 10_000 + "\n---\n", "nested more than 16 deep", 2, None),
    "deep lists": (
        "---\na:\n" + "".join(" " * n + "-\n" for n in range(1, 40)) + "---\n",
        "nested",
        18,
        None,
    ),
    "aliases": (f"---\n{laughs(9)}\n---\n", "an anchor", 2, 5),
    "an alias alone": ("---\na: *b\n---\n", "an alias", 2, 4),
    "a merge": ("---\n<<: {a: 1}\n---\n", "a merge key", 2, 1),
    "a python tag": ("---\na: !!python/object/apply:os.system [ls]\n---\n", "a tag", 2, 4),
    "a tag of its own": ("---\na: !x y\n---\n", "a tag", 2, 4),
    "a timestamp tag": ("---\na: !!timestamp x\n---\n", "a tag", 2, 4),
    "a huge scalar": ("---\na: " + "x" * 270_000 + "\n---\n", "bytes of front matter", 2, 1),
    "many nodes": ("---\na: [" + "1," * 10_000 + "]\n---\n", "more than 10,000 values", 2, None),
    "latin-1": ("---\ntitle: caf\xe9\n---\n".encode("latin-1"), "not UTF-8: byte 0xe9 at offset 14", 2, 11),
    "utf-16": ("---\na: 1\n---\n".encode("utf-16"), "UTF-16", 1, 1),
    "zero byte above": (b"---\na: \0\n---\n", "a zero byte at offset 7", 2, 4),
    "zero byte below": (b"---\na: 1\n---\nx\0", "a zero byte at offset 14", 4, 2),
    "nothing but zeros": (b"\0" * 4096, "a zero byte at offset 0", 1, 1),
    "an empty file": ("", "no front matter", 1, 1),
    "text alone": ("Just text.\n", "no front matter", 1, 1),
    "text before": ("Text\n---\na: 1\n---\n", "no front matter", 1, 1),
    "an open fence": ("---\na: 1\n", "not closed", 1, 1),
    "an open fence and a rule": (
        "---\ntitle: A\n\nSome text.\n\n---\n\nMore text.\n",
        "neither `key: value`",
        4,
        1,
    ),
    "a fence in a block": (
        "---\na: |\n  x\n---\n---\n".replace("---\n---", "y\n---"),
        "neither `key: value`",
        4,
        1,
    ),
    "a list": ("---\n- a\n---\n", "not a list of keys", 2, 1),
    "a scalar": ("---\na\n---\n", "not a list of keys", 2, 1),
    "a complex key": ("---\n? [a]\n: b\n---\n", "stands where a key should", 2, 3),
    "two documents": ("+++\na = 1\n---\nb = 2\n+++\n", "not TOML", 3, None),
    "open quotes": ('---\na: 1\nb: "x\nc: 2\n---\n', "quotes that are not closed", 3, 4),
    "a colon": ("---\ntitle: Tides: a review\n---\n", "a colon", 2, 13),
    "a tab": ("---\n\ta: 1\n---\n", "a tab", 2, 1),
    "an at sign": ("---\na: @b\n---\n", "no value can begin with", 2, 4),
    "an open bracket": ("---\na: [b\nc: d\n---\n", "a bracket that is not closed", 2, 4),
    "an unknown escape": ('---\na: "\\q"\n---\n', "a backslash", 2, 5),
}


@pytest.mark.parametrize(("data", "what", "line", "column"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_refused_says_where_and_how_to_mend_it(
    data: str | bytes, what: str, line: int, column: int | None
) -> None:
    began = time.process_time()
    with pytest.raises(ArticleError) as raised:
        matter(data)
    assert time.process_time() - began < 3
    error = raised.value
    assert what in error.what
    assert error.line == line
    assert column is None or error.column == column
    assert error.fix
    assert "\\" not in error.fix, "the log would double it"
    assert "\n" not in str(error) and len(str(error)) < 250


SCALARS: dict[str, tuple[str, Value]] = {
    "Norway": ("NO", "NO"),
    "on": ("on", "on"),
    "yes": ("Yes", "Yes"),
    "an octal": ("012", "012"),
    "a time": ("12:30", "12:30"),
    "underscores": ("1_000", "1_000"),
    "hexadecimal": ("0x1F", "0x1F"),
    "a date": ("2024-01-02", "2024-01-02"),
    "a moment": ("2024-01-02T03:04:05Z", "2024-01-02T03:04:05Z"),
    "not a date": ("2024-13-40", "2024-13-40"),
    "a whole number": ("93", 93),
    "a negative one": ("-1", -1),
    "eighteen digits": ("9" * 18, int("9" * 18)),
    "nineteen digits": ("9" * 19, "9" * 19),
    "a million digits would be too many": ("9" * 60_000, "9" * 60_000),
    "a decimal": ("1.10", 1.1),
    "an exponent": ("1e3", 1000.0),
    "infinity stays text": (".inf", ".inf"),
    "too large a decimal": ("1e999", "1e999"),
    "true": ("true", True),
    "False": ("False", False),
    "null": ("null", None),
    "nothing": ("", None),
    "a quoted number": ('"93"', "93"),
    "a quoted word": ("'true'", "true"),
    "an equals sign": ("=", "="),
}


@pytest.mark.parametrize(("yaml", "value"), SCALARS.values(), ids=SCALARS.keys())
def test_scalars_mean_what_they_look_like(yaml: str, value: Value) -> None:
    assert fields(f"a: {yaml}") == {"a": value}
    assert type(fields(f"a: {yaml}")["a"]) is type(value) or isinstance(value, float)


def test_keys_are_text_whatever_they_look_like() -> None:
    read = fields("on: a\nyes: b\n1: c\n2024-01-02: d\nnull: e\ncontent: f\nself: g\nhandler: h")
    assert list(read) == ["on", "yes", "1", "2024-01-02", "null", "content", "self", "handler"]


@pytest.mark.parametrize("ending", ["\r\n", "\r"], ids=["CRLF", "CR"])
def test_line_endings_make_no_difference(ending: str) -> None:
    text = "---\na: |\n  x\n  y\nb: 2\n---\nOne\n\nTwo\n"
    one, other = matter(text), matter(text.replace("\n", ending))
    assert dict(one.fields) == dict(other.fields) == {"a": "x\ny\n", "b": 2}
    assert one.body == other.body == "One\n\nTwo"
    assert one.body_line == other.body_line == 7


def test_byte_order_mark_hides_nothing() -> None:
    assert dict(matter(b"\xef\xbb\xbf---\na: 1\n---\n").fields) == {"a": 1}


def test_rule_in_the_body_is_body() -> None:
    read = matter("---\na: 1\n---\nOne\n\n---\n\nTwo\n")
    assert dict(read.fields) == {"a": 1}
    assert read.body == "One\n\n---\n\nTwo"


def test_fence_inside_a_block_is_text() -> None:
    assert fields("a: |\n  x\n  ---\n  y\nb: 1") == {"a": "x\n---\ny\n", "b": 1}


def test_dots_close_front_matter_as_in_jekyll() -> None:
    assert matter("---\na: 1\n...\nText").body == "Text"


def test_empty_front_matter_is_no_keys() -> None:
    assert dict(matter("---\n---\nText").fields) == {}


def test_invisible_characters_in_front_matter_cost_nothing() -> None:
    assert fields("a: x\x08y\x92z\ufeff\nb: one\u2028two\u2029three\x85four") == {
        "a": "xyz",
        "b": "one two three four",
    }


def test_place_is_that_of_the_key() -> None:
    read = matter("\n\n---\ntitle: x\nimages:\n  - {width: 5, url: a}\n  - url: b\n---\n\n\nText\n")
    assert read.document.place("title") == (4, 1)
    assert read.document.place("images", 0, "url") == (6, 16)
    assert read.document.place("images", 1) == (7, 5)
    assert read.document.place("images", 7, "url") == (5, 1)
    assert read.document.place("nowhere") == (4, 1)
    assert read.body_line == 11


def test_secured_is_read_over_at_any_depth() -> None:
    yaml = "secured: 'x y'\na: {secured: {deep: [1, {b: 2}]}, c: 1}\nd: [{secured: [z]}]"
    read = matter(f"---\n{yaml}\n---\n")
    assert dict(read.fields) == {"a": {"c": 1}, "d": [{}]}
    assert "x y" not in repr(read)


@pytest.mark.parametrize(
    ("yaml", "what"),
    [
        ("secured: " + "[" * 17, "nested"),
        ("secured: [" + "1," * 10_000 + "]", "10,000"),
        ("secured: *a", "alias"),
        ("secured: !x a", "tag"),
    ],
    ids=["depth", "nodes", "alias", "tag"],
)
def test_secured_counts_against_the_limits(yaml: str, what: str) -> None:
    with pytest.raises(ArticleError, match=what):
        fields(yaml)


def test_of_a_key_that_stands_twice_the_last_counts() -> None:
    """As with Jekyll, and so in posts of Homebrew, Ruby and Swift."""
    read = matter(
        "---\nquality: 1\ntags: [a]\nquality: 99\nsecured: 1\nsecured: 2\ntags:\n  - {b: 1, b: 2}\n---\n"
    )
    assert dict(read.fields) == {"quality": 99, "tags": [{"b": 2}]}
    assert read.document.place("quality") == (4, 1)
    assert read.document.place("tags", 0, "b") == (8, 12)


def test_messages_quote_no_values() -> None:
    for yaml in ("secured: 'hush", "secured: hush: hush", 'secured: "\\hush"', "a: [hush\nb: c"):
        with pytest.raises(ArticleError) as raised:
            fields(yaml)
        assert "hush" not in str(raised.value)
        assert raised.value.__cause__ is None


@pytest.mark.parametrize(
    ("data", "begins"),
    [(b"---\n", True), (b"\xef\xbb\xbf\n+++\n", True), (b'{"a"', True), (b"# A page\n", False), (b"", False)],
)
def test_beginning_of_front_matter_is_seen(data: bytes, begins: bool) -> None:
    assert begins_with_front_matter(data) is begins
