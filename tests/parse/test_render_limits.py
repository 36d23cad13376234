"""The work that a body may ask for: long ordinary posts are never refused, intricate ones are problems."""

from __future__ import annotations

import random

import pytest

from syndicator.errors import ArticleError
from syndicator.parse.content import render_body
from tests.parse.writing import read, written

BASE = "https://a.example/x/"
WORDS = ("harbour", "tide", "turbine", "market", "orchard", "signal", "bridge", "cloud", "query", "index")


def sentence(chance: random.Random) -> str:
    return " ".join(chance.choices(WORDS, k=chance.randint(8, 20))).capitalize() + "."


def blocks(kind: str, seed: int = 1, size: int = 100_000) -> str:
    """A post of one kind of block, or of all of them."""
    chance, made, length = random.Random(seed), list[str](), 0
    while length < size:
        made.append(_block(chance, kind if kind != "mixed" else chance.choice(KINDS)))
        length += len(made[-1]) + 2
    return "\n\n".join(made)


KINDS = ("prose", "lists", "nested lists", "code", "tables", "quotes", "headings")


def _block(chance: random.Random, kind: str) -> str:
    def lines(form: str, count: int = 12) -> str:
        return "\n".join(form.replace("#", sentence(chance)) for _ in range(count))

    match kind:
        case "prose":
            return " ".join(sentence(chance) for _ in range(5)) + " *Then* [a link](/b), `code` and **more**."
        case "lists":
            return lines("- # [More](https://b.example/c)")
        case "nested lists":
            return lines("- #\n  1. #\n     #", 4)
        case "code":
            return "```python\n" + lines("    call(1)[2]  # #") + "\n```"
        case "tables":
            return "|a|b|c|\n|-|-|-|\n" + lines("| # | **b** | # |", 6)
        case "quotes":
            return lines("> #", 4)
        case _:
            return f"## {sentence(chance)}\n\n{sentence(chance)}"


@pytest.mark.parametrize("kind", [*KINDS, "mixed"])
@pytest.mark.parametrize("size", [100_000, 190_000])
def test_long_ordinary_post_is_rendered(kind: str, size: int) -> None:
    assert render_body(blocks(kind, size=size), base_url=BASE).count("<") > 100


def test_elements_without_end_tags_are_not_nested() -> None:
    assert render_body("A line<br>\n<p>another\n" * 300, base_url=BASE).count("<br>") == 300


def test_post_of_countless_tags_is_a_problem() -> None:
    with pytest.raises(ArticleError, match="more than 10,000 tags"):
        read(written("> - > - > - > - a\n" * 5_000))


def test_quotes_hundreds_deep_are_a_problem_at_their_line() -> None:
    body = "A paragraph.\n\n" + "> " * 200 + "a\n"
    with pytest.raises(ArticleError, match="over 200 deep") as problem:
        read(written(body))
    assert problem.value.line == written(body).splitlines().index("A paragraph.") + 3


def test_lines_of_dashes_are_no_nested_lists() -> None:
    assert render_body("a\n\n" + "-" * 500 + "\n", base_url=BASE) == "<p>a</p>\n<hr>"


def test_thousands_of_links_are_links() -> None:
    assert render_body("[a](b) " * 3_000, base_url=BASE).count(f'href="{BASE}b"') == 3_000


def test_hundreds_of_addresses_to_encode_are_a_problem() -> None:
    links = "".join(f'<a href="http://ä{n}.example/">a</a> ' for n in range(102))
    with pytest.raises(ArticleError, match="more than 100 links"):
        read(written(links))


@pytest.mark.parametrize("address", ["//b.example/{}#Part_{}", "https://b.example/{}?a={}", "/b/{}.{}"])
def test_addresses_that_need_no_encoding_may_be_many(address: str) -> None:
    text = " ".join(f"[a]({address.format(number, number)})" for number in range(300))
    assert render_body(text, base_url=BASE).count('href="https://') == 300


def test_tasks_have_boxes() -> None:
    rendered = render_body("- [ ] a\n- [x] b\n- [y] c\n", base_url=BASE)
    assert "☐ a" in rendered and "☑ b" in rendered and "[y] c" in rendered
