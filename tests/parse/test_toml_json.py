"""Front matter in TOML and JSON: the same values, the same limits."""

from __future__ import annotations

import time

import pytest

from syndicator.errors import ArticleError
from syndicator.parse.front_matter import FrontMatter, read_front_matter


def toml(text: str) -> FrontMatter:
    return read_front_matter(f"+++\n{text}\n+++\nText\n".encode())


def json(text: str) -> FrontMatter:
    return read_front_matter(f"{text}\n\nText\n".encode())


def test_toml_gives_plain_values() -> None:
    read = toml(
        'title = "A [b] = {c}" # d\ndate = 2024-01-02T03:04:05+02:00\nday = 2024-01-02\nn = 1_000\n'
        'x = 1.10\ntags = ["a", "b"]\nf = true\nsecured = "s"\n[params]\nd.e = 2\nsecured = [1]'
    )
    assert dict(read.fields) == {
        "title": "A [b] = {c}",
        "date": "2024-01-02T03:04:05+02:00",
        "day": "2024-01-02",
        "n": 1000,
        "x": 1.1,
        "tags": ["a", "b"],
        "f": True,
        "params": {"d": {"e": 2}},
    }
    assert (read.body, read.body_line) == ("Text", 14)


def test_json_gives_plain_values() -> None:
    read = json('{\n "title": "A } {",\n "n": 12, "x": 1.10, "big": 12345678901234567890, "e": 1e999,\n'
                ' "tags": ["a"], "secured": {"a": 1}, "in": {"secured": 1, "f": null}\n}')  # fmt: skip
    assert dict(read.fields) == {
        "title": "A } {",
        "n": 12,
        "x": 1.1,
        "big": "12345678901234567890",
        "e": "1e999",
        "tags": ["a"],
        "in": {"f": None},
    }
    assert (read.body, read.body_line) == ("Text", 7)


def test_what_is_wrong_with_a_value_is_told_at_the_first_line() -> None:
    assert toml('title = "x"\n[cover]\nimage = "y"').document.place("cover", "image") == (2, 1)
    assert json('{\n  "a": {"b": 1},\n  "b": 2\n}').document.place("b") == (1, 1)


REFUSED = {
    "toml: deep": ("+++\na = " + "[" * 20 + "]" * 20 + "\n+++\n", "nested", 2),
    "toml: deeper than it is read": ("+++\na = " + "[" * 4_000 + "]" * 4_000 + "\n+++\n", "nested", 2),
    "toml: very deep": ("+++\na = " + "[" * 60_000 + "\n+++\n", "more than 5,000", 2),
    "toml: deep tables": ("+++\na = " + "{a=" * 20 + "1" + "}" * 20 + "\n+++\n", "nested", 2),
    "toml: long key": ("+++\n" + "a." * 30_000 + "b = 1\n+++\n", "nested", 2),
    "toml: long quoted key": ("+++\n" + '"a".' * 10_000 + "b = 1\n+++\n", "nested", 2),
    "toml: table of tables": ("+++\n[a.b.c.d.e.f.g.h.i]\nj.k.l.m.n.o.p.q = 1\n+++\n", "nested", 2),
    "toml: wide": ("+++\na = [" + "1," * 6_000 + "]\n+++\n", "more than 5,000", 2),
    "toml: many tables": ("+++\n" + "[[a]]\n" * 6_000 + "+++\n", "more than 5,000", None),
    "toml: large": ("+++\na = '" + "x" * 70_000 + "'\n+++\n", "bytes", 2),
    "toml: twice": ("+++\na = 1\na = 2\n+++\n", "not TOML", 3),
    "toml: no value": ("+++\na = 1\nb =\n+++\n", "not TOML", 3),
    "toml: no date": ("+++\na = 2024-13-40\n+++\n", "not TOML", 2),
    "toml: open text": ('+++\na = """\n' + 'x\\"' * 9_000 + "\n+++\n", "not TOML", None),
    "toml: long number": ("+++\na = " + "9" * 5_000 + "\n+++\n", "number", 2),
    "toml: many escaped quotes": ('+++\na = "' + '\\"' * 30_000 + "\n+++\n", "not TOML", None),
    "toml: blanks": ("+++\n" + " " * 60_000 + "\n+\n+++\n", "not TOML", None),
    "toml: 19 digits": ("+++\na = " + "9" * 19 + "\n+++\n", "more than 18 digits", 2),
    "toml: open fence": ("+++\na = 1\n", "not closed", 1),
    "json: deep": ('{"a": ' + "[" * 20 + "]" * 20 + "}", "nested", 1),
    "json: very deep": ('{"a": ' + "[" * 30_000 + "]" * 30_000 + "}", "nested", 1),
    "json: wide": ('{"a": [' + "1," * 6_000 + "1]}", "more than 5,000", 1),
    "json: large": ('{"a": "' + "x" * 70_000 + '"}', "not closed within 65,536 bytes", 1),
    "json: twice": ('{"a": 1,\n "a": 2}', "stands twice", 1),
    "json: twice inside": ('{"a": {"b": 1, "b": 2}}', "stands twice", 1),
    "json: comma": ('{"a": 1,\n}', "not JSON", None),
    "json: open": ('{"a": {"b": 1}', "not closed", 1),
    "json: open text": ('{"a": "' + '\\"' * 9_000, "not closed", 1),
    "json: a control character": ('{"a": "\t"}', "not JSON", 1),
}


@pytest.mark.parametrize(("text", "what", "line"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_refused_says_where(text: str, what: str, line: int | None) -> None:
    began = time.process_time()
    with pytest.raises(ArticleError) as raised:
        read_front_matter(text.encode())
    assert time.process_time() - began < 3
    assert what in raised.value.what
    assert line is None or raised.value.line == line


LARGE = {
    "toml: many keys": "+++\n" + "".join(f"key{n} = 1\n" for n in range(4_900)) + "+++\n",
    "toml: many tables": "+++\n" + "".join(f"[key{n}]\n" for n in range(4_900)) + "+++\n",
    "toml: many lines": "+++\n" + "\n" * 65_000 + "+++\n",
    "json: many keys": "{" + ",".join(f'"key{n}":\n1' for n in range(4_900)) + "}",
    "yaml: many keys": "---\n" + "".join(f"key{n}: 1\n" for n in range(2_400)) + "---\n",
}


@pytest.mark.parametrize("text", LARGE.values(), ids=LARGE.keys())
def test_front_matter_at_its_limits_is_read_in_no_time(text: str) -> None:
    began = time.process_time()
    read_front_matter(text.encode())
    assert time.process_time() - began < 3  # 0.05 s on an idle machine
