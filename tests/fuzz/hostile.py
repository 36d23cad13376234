"""Articles made to be slow: every shape that drives the cost of reading, up to a size.

    python -m tests.fuzz.hostile [--composed 1000] [--seed 1]

Prints the slowest, and ends with 1 if one took longer than is allowed. `hostile` has each shape by its name,
`composed` mixes them by chance.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from typing import TypeAlias

from syndicator.errors import ArticleError
from syndicator.parse.article import parse_article
from syndicator.settings.models import Source
from tests.parse.writing import HUGO, JEKYLL, RULES

SIZE = 100_000
"""Bytes of a hostile file."""
MOST_S = 0.05
"""Of processor time, which no file may take."""

File: TypeAlias = tuple[Source, str, bytes]

HEAD = "title: A\npublishedDateTime: 2024-01-02T03:04:05Z\nwebUrl: https://a.example/b\n"
_PATHS = {"smartable": (RULES, "a.md"), "jekyll": (JEKYLL, "_posts/2024-01-02-a.md"), "hugo": (HUGO, "a.md")}


def _fill(size: int, pieces: Iterator[str] | str, end: str = "") -> str:
    """Pieces one after another (one piece again and again) up to `size` characters, then `end`."""
    room = size - len(end)
    if isinstance(pieces, str):
        return pieces * (room // len(pieces)) + end
    made: list[str] = []
    for piece in pieces:
        room -= len(piece)
        if room < 0:
            break
        made.append(piece)
    return "".join(made) + end


def _numbered(form: str) -> Iterator[str]:
    return (form.replace("#", str(n)) for n in count())


def _under(head: str, line: str) -> Callable[[int], str]:
    """`head` once, then `line` again and again."""
    return lambda size: head + _fill(size - len(head), line)


def _halves(opening: str, middle: str, closing: str) -> Callable[[int], str]:
    def make(size: int) -> str:
        times = (size - len(middle)) // (len(opening) + len(closing))
        return opening * times + middle + closing * times

    return make


def _again(piece: str) -> Callable[[int], str]:
    return lambda size: _fill(size, piece)


def _each(form: str) -> Callable[[int], str]:
    return lambda size: _fill(size, _numbered(form))


BODIES: dict[str, Callable[[int], str]] = {
    "quotes deep": _again("> "),
    "quotes deep, lazy lines": _under("> " * 1_000 + "a\n", "a\n"),
    "quotes deep, lazy words": _under("> " * 20 + "a\n", "some words in a line\n"),
    "quotes deep, empty lazy": _under("> " * 20 + "a\n", ">\n"),
    "quotes deep in each line": _again("> " * 30 + "a\n"),
    "quotes without blanks": _again(">" * 50 + "a\n"),
    "quotes and lists": _again("> - > - > - > - a\n"),
    "quotes and numbers": _again("> 1. " * 10 + "a\n"),
    "a quote and blanks": _again("> a\n\n"),
    "quoted fences": _again("> ```\n"),
    "quoted tables": _again("> a|b\n> -|-\n> |\n"),
    "lists deep": lambda size: _fill(size, ("  " * (n % 300) + "- a\n" for n in count())),
    "lists deep on one line": _again("- "),
    "lists deep, lazy lines": _under("- " * 20 + "a\n", "a\n"),
    "lists deep in each line": _again("- " * 20 + "a\n"),
    "numbers deep": _again("1. " * 20 + "a\n"),
    "lists of nothing": _again("-\n"),
    "lists of markers": _again("- + * 1. 2) -\n"),
    "lists loose": _again("- a\n\n"),
    "lists with other marks": _again("- a\n+ a\n* a\n"),
    "tasks": _again("- [ ] a\n"),
    "indented items": lambda size: _fill(size, (" " * (n % 200) + "* x\n" for n in count())),
    "brackets": _again("["),
    "brackets closed": _again("[]"),
    "brackets in brackets": _halves("[", "a", "]"),
    "image openings": _again("!["),
    "link middles": _again("]("),
    "link openings": _again("[a]("),
    "link openings bracketed": _again("[a](<b"),
    "links of parentheses": _again("[a](((((((((((((b "),
    "links with titles": _again('[a](b "c'),
    "links in links": _again("[a](b [c](d) "),
    "images in images": _halves("![", "a", "](b)"),
    "five brackets": _again("[[[[[a]]]]] "),
    "six images": _again("![![![![![![a *b* `c` &d; <e> "),
    "reference links": _again("[a][b]"),
    "reference definitions": _each("[a#]: /b\n"),
    "one reference again": _again("[a]: /b\n"),
    "reference definitions used": lambda size: _fill(size // 2, _numbered("[a#]: /b\n")) + _fill(size // 2, _numbered("[a#]")),  # noqa: E501
    "reference definitions unfinished": _again("[a\n"),
    "reference titles": _again("[a]: b '\n"),
    "reference title long": _under("[a]: b '", "c\n"),
    "reference label long": _under("[", "a\n"),
    "emphasis unclosed": _again("*a _b "),
    "emphasis alternating": _again("*_"),
    "emphasis runs": _again("***a "),
    "emphasis of threes": _again("*a**b***c"),
    "stars": _again("*"),
    "stars and blanks": _again("* "),
    "underlines": _again("_a"),
    "tildes": _again("~~a "),
    "tildes single": _again("~"),
    "backticks growing": lambda size: _fill(size, ("`" * n + " " for n in count(1))),
    "backticks alternating": _again("`a``b"),
    "backticks": _again("`"),
    "fences": _again("```\n"),
    "fences unclosed": lambda size: _fill(size, ("`" * (3 + n % 40) + "a\n" for n in count())),
    "tildes fences": _again("~~~\n\n"),
    "code by indent": _again("    a\n\n"),
    "headings": _again("# a\n"),
    "headings of nothing": _again("#\n"),
    "headings under lines": _again("a\n=\n"),
    "rules": _again("***\n"),
    "rules spread": _again("- - -\n"),
    "table of empty cells": _under("a|b\n-|-\n", "|\n"),
    "table wide": _under("|a" * 1_000 + "|\n" + "|-" * 1_000 + "|\n", "|\n"),
    "table of columns": _under("|a" * 40 + "|\n" + "|-" * 40 + "|\n", "|" * 41 + "\n"),
    "tables": _again("a|b\n-|-\n\n"),
    "tables one after another": _again("a|b\n-|-\n"),
    "table delimiters": _again("-|-\n"),
    "table heads": _again("|a|b|c|d|\n"),
    "pipes": _again("|"),
    "entities": _again("&amp;"),
    "entities numbered": _again("&#x41;"),
    "entities unknown": _again("&abcdefgh;"),
    "ampersands": _again("&"),
    "escapes": _again("\\*"),
    "backslashes": _again("\\"),
    "line breaks": _again("a  \n"),
    "line breaks escaped": _again("a\\\n"),
    "lines": _again("a\n"),
    "empty lines": _again("\n"),
    "paragraphs": _again("a\n\n"),
    "blank lines": _again("   \n"),
    "blanks": lambda size: " " * (size - 1) + "x",
    "tabs": _again("\t"),
    "angles": _again("<"),
    "angle closings": _again(">"),
    "autolinks": _again("<http://a.b>"),
    "autolinks unclosed": _again("<http://a"),
    "colons": _again(":"),
    "exclamation marks": _again("!"),
    "comments": _again("<!--"),
    "comments in text": _again("a <!-- b "),
    "comments closed": _again("<!---->"),
    "comments of dashes": _again("<!-- - "),
    "instructions": _again("<?"),
    "instructions in text": _again("a <? b "),
    "declarations": _again("a <!A "),
    "cdata": _again("<![CDATA["),
    "cdata in text": _again("a <![CDATA[ b "),
    "tags in text": _again("a <b "),
    "tags closed": _again("a <b>c</b> "),
    "tags unclosed": _again("<b>"),
    "tags nested": _halves("<i>", "a", "</i>"),
    "tags nested, sixty": lambda size: _fill(size, "<i>" * 60 + "a" + "</i>" * 60 + "\n\n"),
    "divs": _again("<div>"),
    "divs, two hundred": _under("<div>" * 199, "<p>a</p>"),
    "divs in paragraphs": _again("a\n\n<div>\n\n"),
    "paragraph tags": _again("<p>"),
    "paragraphs with formatting": _each("<p><b id=#>"),
    "formatting opened anew": _under("<p>" + "".join(f"<b id={n}>" for n in range(8)), "<p>a"),
    "formatting of many, anew": _under("<p>" + "".join(f"<b id={n}>" for n in range(60)), "<p>" + "a" * 10),
    "formatting behind tables": _each("<b id=#><table></b></table>"),
    "depth behind tables": _again("<div><table></div></table>"),
    "depth behind objects": _again("<div><object></div></object>"),
    "links around blocks": _again("<a href=b><div>"),
    "formatting closed late": lambda size: _fill(size, "<i><b><u><s><p></i></b></u></s></p>"),
    "list item tags": _again("<li>"),
    "tables in tags": _again("<table><tr><td>"),
    "cells": _again("<td>a"),
    "option tags": _again("<option>"),
    "ruby": _again("<ruby><rt>"),
    "formatting with attributes": _each("<a id=#>"),
    "attributes": lambda size: "<a " + _fill(size - 10, _numbered("a#=1 ")) + ">x</a>",
    "attributes, few each": _again("<a " + "b=1 " * 300 + ">c</a>"),
    "attribute unclosed": _again('<a b="'),
    "attribute slashes": _again("<a/////"),
    "closing tags": _again("</b>"),
    "crossed tags": _again("<b><i></b></i>"),
    "frames": _again("<iframe src=http://b.example>"),
    "frames unclosed": _again("<iframe "),
    "frames with blanks": lambda size: _fill(size, "<iframe " + " " * 1_000),
    "sources": lambda size: "<iframe " + _fill(size - 20, "src ") + ">",
    "svg": _again("<svg>"),
    "scripts": _again("<script>"),
    "scripts unclosed": _again("<script"),
    "styles and scripts": _again("<style></script "),
    "closings with blanks": lambda size: "<svg>" + _fill(size - 10, "</svg" + " " * 500),
    "footnotes": _each("[^#]: a\n\n"),
    "footnotes used": lambda size: _fill(size // 2, _numbered("[^#]: a\n\n")) + _fill(size // 2, _numbered("[^#]")),  # noqa: E501
    "one footnote used": _under("[^1]: a\n\n", "[^1]"),
    "footnotes inline": _again("^[a]"),
    "footnotes inline unclosed": _again("^["),
    "footnotes in footnotes": lambda size: _fill(size, "[^a]: " * 20 + "b\n\n"),
    "footnotes unfinished": _again("[^a"),
    "footnotes with lazy lines": _under("[^a]: b\n", "c\n"),
    "footnotes indented": _under("[^a]: b\n", "\n    c\n"),
    "images": _each("![a](b#.png) "),
    "image tags": _each("<img src=b#.png>"),
    "image tags without source": _again('<img alt="a" title="b">'),
    "links": _each("[a](b#) "),
    "links with entities": _each("[a](&amp;#&amp;%zz) "),
    "links to hosts": _each("[a](http://ä#.example/ö) "),
    "checkboxes": _again('<input class="task-list-item-checkbox"'),
    "no-break spaces": _again("\u00a0"),
    "combining marks": _again("a\u0301\u0323"),
    "emoji": _again("👩\u200d👩\u200d👧 "),
    "wide": _again("漢字 "),
    "controls": _again("\x01"),
    "carriage returns": _again("\r"),
    "line separators": _again("\u2028"),
    "braces": _again("{"),
    "liquid openings": _again("{% "),
    "liquid outputs": _again("{{ "),
}  # fmt: skip

JEKYLL_BODIES: dict[str, Callable[[int], str]] = {
    "liquid raw": _again("{% raw %}"),
    "liquid raw with blanks": lambda size: _fill(size, "{%" + " " * 400) + "endraw",
    "liquid raw, one end": lambda size: "{% endraw %}" + _fill(size, "{% raw %}"),
    "liquid ends": _again("{% endraw %}"),
    "liquid highlight": _again("{% highlight a"),
    "liquid highlight with blanks": lambda size: _fill(size, "{% highlight" + " " * 300),
    "liquid blanks": lambda size: " " * (size - 3) + "{%x",
    "liquid newlines": lambda size: _fill(size, "\n \t ") + "{% endhighlight",
    "liquid addresses": _again("{{ 'a' | "),
    "liquid addresses with blanks": lambda size: _fill(size, "{{" + " " * 300 + "'"),
    "liquid site": lambda size: _fill(size, "{{ site.url" + " " * 300),
    "liquid tags": _again("{% x %}"),
    "liquid without end": _under("{% x ", "} { % "),
    "kramdown comments": _again("{::comment}"),
    "kramdown options": _again("{::options a='b' "),
    "liquid outputs closed": _again("{{ x }}"),
}
HUGO_BODIES: dict[str, Callable[[int], str]] = {
    "shortcodes": _again("{{< a >}}"),
    "shortcodes unclosed": _again("{{< a "),
    "shortcode long": lambda size: "{{< figure " + _fill(size - 20, 'a="b" ') + ">}}",
    "shortcode of words": lambda size: "{{< figure " + _fill(size - 20, "a ") + ">}}",
    "shortcode of quotes": lambda size: "{{< figure " + _fill(size - 20, '"') + ">}}",
    "shortcode of names": lambda size: "{{< figure " + "a" * (size - 20) + ">}}",
    "shortcode of equals": lambda size: "{{< figure " + _fill(size - 20, "a =") + ">}}",
    "shortcode of blanks": lambda size: "{{<" + " " * (size - 20) + ">}}",
    "shortcodes of blanks": lambda size: _fill(size, "{{< a" + " " * 500),
    "shortcodes with slashes": _again("{{< / >}}"),
    "figures": _again('{{< figure src="a" alt="b" >}}'),
    "references": _again('{{< ref "a.md" >}}'),
}

MATTERS: dict[str, Callable[[int], str]] = {
    "flow deep": _under("a: ", "["),
    "flow deep, closed": lambda size: "a: " + _halves("[", "", "]")(size),
    "flow mappings": _under("a: ", "{b: "),
    "flow sequence long": lambda size: "a: [" + _fill(size - 10, "b,") + "]\n",
    "flow of nothing": lambda size: "a: [" + _fill(size - 10, ",") + "]\n",
    "flow mappings in a list": lambda size: "a: [" + _fill(size - 10, "{b: c},") + "]\n",
    "block deep": lambda size: _fill(size, (" " * n + "a:\n" for n in count())),
    "block sequences deep": lambda size: "a:\n  " + _fill(size - 10, "- "),
    "keys": _each("a#: b\n"),
    "keys of nothing": _each("a#:\n"),
    "keys short": _each("#:\n"),
    "long plain": _under("a: ", "b "),
    "long quoted": lambda size: 'a: "' + _fill(size - 10, "b ") + '"\n',
    "long quoted escapes": lambda size: 'a: "' + _fill(size - 10, "\\x41") + '"\n',
    "long quoted lines": lambda size: 'a: "' + _fill(size - 10, "b\n  ") + '"\n',
    "long block": lambda size: "a: |\n" + _fill(size - 10, "  b\n"),
    "long folded": lambda size: "a: >\n" + _fill(size - 10, "  b\n\n"),
    "long key": lambda size: "a" * (size - 10) + ": b\n",
    "question marks": _again("? "),
    "question marks in lines": _again("? a\n"),
    "colons": _again(": "),
    "comments": _again("# a\n"),
    "anchors": _each("a#: &a#\n"),
    "aliases": lambda size: (
        f"a: &a 'http://ä.example/{'%zz ö&amp;' * 20}'\nimages: [{_fill(size - 300, '*a, ')}]\n"
    ),
    "aliases within": lambda size: (
        f"a: &a '{'&amp;' * 60}'\nrelated: [{_fill(size - 400, '{title: *a, webUrl: http://b.test/}, ')}]\n"
    ),
    "tags": _again("!!str "),
    "percent": _again("%"),
    "documents": _again("--- a\n"),
    "topics": lambda size: "topics: [" + _fill(size - 20, _numbered("t#, ")) + "]\n",
    "topics, one name": lambda size: "topics: [" + _fill(size - 20, "t, ") + "]\n",
    "topics of entities": lambda size: 'topics: ["' + _fill(size - 20, "&amp;") + '"]\n',
    "authors": lambda size: "authors: [" + _fill(size - 20, _numbered("a#, ")) + "]\n",
    "images": lambda size: "images: [" + _fill(size - 20, _numbered("i#.png, ")) + "]\n",
    "images hosted": lambda size: "images:\n" + _fill(size - 20, _numbered("  - http://ä#.example/ö?q=#&b=ü\n")),
    "images as mappings": lambda size: "images:\n" + _fill(size - 20, _numbered("  - {url: i#.png, width: 5}\n")),  # noqa: E501
    "images long": lambda size: "images:\n" + _fill(size - 20, _numbered("  - #" + "/%zz ö" * 300 + "\n")),
    "related": lambda size: "related:\n" + _fill(size - 20, _numbered("  - {title: A, webUrl: http://b.example/#?b=2&a=1}\n")),
    "related hosted": lambda size: "related:\n" + _fill(size - 20, _numbered("  - {title: A, webUrl: http://ä.example/#?ö=ü}\n")),
    "related queries": lambda size: "related:\n" + _fill(size - 20, _numbered("  - {title: A, webUrl: http://b.example/#?" + "b=%41&a&" * 200 + "}\n")),  # noqa: E501
    "title of entities": lambda size: 'headline: "' + _fill(size - 20, "&amp;lt;") + '"\n',
    "excerpt of entities": lambda size: 'excerpt: "' + _fill(size - 20, "&amp;") + '"\n',
    "excerpt of tags": lambda size: 'excerpt: "' + _fill(size - 20, "<b>") + '"\n',
    "excerpt of openings": lambda size: "excerpt: '" + _fill(size - 20, "<b a=") + "'\n",
    "excerpt of attributes": lambda size: "excerpt: '<b" + _fill(size - 20, " a=b") + "'\n",
    "excerpt of attributes spread": lambda size: "excerpt: '" + _fill(size - 20, "<b" + " a = 1" * 200) + "'\n",  # noqa: E501
    "excerpt of comments": lambda size: "excerpt: '" + _fill(size - 20, "<!--") + "'\n",
    "excerpt of scripts": lambda size: "excerpt: '" + _fill(size - 20, "<script>") + "'\n",
    "excerpt of script closings": lambda size: "excerpt: '<script>" + _fill(size - 30, "</script" + " " * 500) + "'\n",  # noqa: E501
    "excerpt of angles": lambda size: "excerpt: '" + _fill(size - 20, "<") + "'\n",
    "excerpt of blanks": lambda size: "excerpt: 'a" + " " * (size - 20) + "b'\n",
    "featured divs": lambda size: "featuredContent: '" + _fill(size - 30, "<div>") + "'\n",
    "featured formatting": lambda size: "featuredContent: '" + _fill(size - 30, _numbered("<p><b id=#>")) + "'\n",  # noqa: E501
    "featured frames": lambda size: "featuredContent: '" + _fill(size - 30, "<iframe src=") + "'\n",
    "provider domain": lambda size: "provider: {name: A, domain: " + "a" * (size - 50) + "}\n",
    "provider domain dots": lambda size: "provider: {name: A, domain: " + _fill(size - 50, "a.") + "}\n",
    "guid": lambda size: "guid: urn:" + "a" * (size - 20) + "\n",
    "language": lambda size: "lang: " + _fill(size - 20, "en-") + "\n",
    "quality digits": lambda size: "quality: " + "1" * (size - 20) + "\n",
    "secured": lambda size: "secured: " + "A" * (size - 20) + "\n",
    "secured list": lambda size: "secured: [" + _fill(size - 20, "a,") + "]\n",
    "unprintable": _under("a: b\n#", "\u2028"),
    "controls": _under("a: b\n#", "\x01"),
    "byte-order marks": _under("a: b\n#", "\ufeff"),
}  # fmt: skip

TOMLS: dict[str, Callable[[int], str]] = {
    "keys": _each("a# = 1\n"),
    "tables": _each("[a#]\n"),
    "dotted": lambda size: _fill(size, "a.") + "b = 1\n",
    "dotted keys": _each("a.b#.c = 1\n"),
    "arrays deep": _under("a = ", "["),
    "array long": lambda size: "a = [" + _fill(size - 10, "1,") + "]\n",
    "inline tables": lambda size: "a = [" + _fill(size - 10, "{b=1},") + "]\n",
    "strings": lambda size: 'a = "' + _fill(size - 10, "\\u0041") + '"\n',
    "quotes": _under("a = ", '"'),
    "long quotes": _under('a = """', '\\"'),
    "literal quotes": _under("a = ", "'"),
    "comments": _again("#a\n"),
    "blanks": lambda size: "a" + " " * (size - 10) + "= 1\n",
    "numbers": lambda size: "a = " + "1" * (size - 10) + "\n",
    "underscores": lambda size: "a = " + _fill(size - 10, "1_") + "1\n",
    "dates": _each("a# = 2024-01-02T03:04:05.123456Z\n"),
}
JSONS: dict[str, Callable[[int], str]] = {
    "keys": lambda size: _fill(size, _numbered('"a#": 1, ')),
    "arrays deep": lambda size: '"a": ' + "[" * (size - 10),
    "array long": lambda size: '"a": [' + _fill(size - 20, "1,") + "1], ",
    "objects": lambda size: '"a": [' + _fill(size - 20, '{"b":1},') + "1], ",
    "string escapes": lambda size: '"a": "' + _fill(size - 20, "\\u0041") + '", ',
    "string open": lambda size: '"a": "' + _fill(size - 20, '\\"'),
    "quotes": lambda size: _fill(size, '"'),
    "blanks": lambda size: '"a"' + " " * (size - 20) + ": 1, ",
    "numbers": lambda size: '"a": ' + "1" * (size - 20) + ", ",
    "decimals": lambda size: '"a": 0.' + "1" * (size - 20) + ", ",
}
PATTERNS: dict[str, Callable[[int], str]] = {
    "permalink tokens": lambda size: "permalink: /" + _fill(size - 30, ":title/") + "\n",
    "permalink unknown": lambda size: "permalink: /" + _fill(size - 30, ":x/") + "\n",
    "permalink slashes": lambda size: "permalink: " + "/" * (size - 30) + "\n",
    "permalink letters": lambda size: "permalink: /" + "ö" * (size // 2 - 30) + "\n",
    "slug": lambda size: "slug: " + _fill(size - 30, "ö ") + "\n",
    "tags in words": lambda size: "tags: " + _fill(size - 30, "a ") + "\n",
    "categories": lambda size: "categories: [" + _fill(size - 30, _numbered("c#,")) + "]\n",
}


def article(kind: str, matter: str, body: str) -> File:
    rules, path = _PATHS[kind]
    date = {"smartable": "", "jekyll": "", "hugo": "date: 2024-01-02\n"}[kind]
    return rules, path, f"---\n{HEAD}{date}{matter}---\n{body}".encode("utf-8", "surrogatepass")


def hostile(size: int = SIZE) -> Iterator[tuple[str, File]]:
    """Every shape by name, of about `size` bytes; of front matter at most what is read of it, 64 KiB."""
    front = min(size, 65_400)
    for kind, bodies in (("smartable", BODIES), ("jekyll", JEKYLL_BODIES), ("hugo", HUGO_BODIES)):
        for name, make in bodies.items():
            yield f"{kind} body: {name}", _sized(partial(article, kind, ""), make, size)
    for name, make in MATTERS.items():
        yield f"matter: {name}", _sized(lambda text: article("smartable", text, ""), make, front)
    for name, make in PATTERNS.items():
        yield f"pattern: {name}", _sized(lambda text: article("jekyll", text, ""), make, front)
    for name, make in TOMLS.items():
        yield f"toml: {name}", _sized(_toml, make, front)
    for name, make in JSONS.items():
        yield f"json: {name}", _sized(_json, make, front)


def _toml(text: str) -> File:
    return HUGO, "a.md", f'+++\ntitle = "A"\ndate = 2024-01-02\n{text}\n+++\nText\n'.encode()


def _json(text: str) -> File:
    return HUGO, "a.md", f'{{"title": "A", "date": "2024-01-02", {text}"z": 1}}\n\nText\n'.encode()


def _sized(file: Callable[[str], File], make: Callable[[int], str], size: int) -> File:
    """The file, made smaller where its characters take more bytes than one."""
    room = size - 200
    made = file(make(room))
    over = len(made[2]) / size
    return made if over <= 1 else file(make(int(room / over) - 200))


def composed(seed: int, number: int, size: int = SIZE) -> Iterator[File]:
    """`number` files of pieces put together by chance, the same for the same seed."""
    chance = random.Random(seed)
    makers = list(BODIES.values())
    for _ in range(number):
        yield article("smartable", "", _composed(chance, makers, size))


TOKENS = (
    "> ", ">", "- ", "* ", "1. ", "  ", "    ", "\n", "\n\n", "\t", "a", "ab c", "[", "]", "![", "](", "(", ")", "[^1]",  # noqa: E501
    "[^1]: ", "^[", "[a]: /b", "*", "**", "_", "~~", "`", "```", "~~~", "|", "|-", "-|-", "a|b", "&amp;", "&", "&#1;",  # noqa: E501
    "\\", "<", "<!--", "-->", "<?", "<![CDATA[", "<b>", "</b>", "<div>", "</div>", "<a href=b>", "<p>", "<table>", "<td>",  # noqa: E501
    "<http://a.b>", ":", "!", "#", "# ", "=\n", "---\n", "[ ] ", "{", "}", "{% raw %}", "<iframe src=", '"', "'", "ä",  # noqa: E501
)  # fmt: skip


def _composed(chance: random.Random, makers: list[Callable[[int], str]], size: int) -> str:
    parts: list[str] = []
    room = size - 200
    while room > 0:
        match chance.randrange(3):
            case 0:
                piece = chance.choice(makers)(min(room, chance.choice((100, 1_000, 10_000, 100_000))))
            case 1:
                unit = "".join(chance.choice(TOKENS) for _ in range(chance.randint(1, 8)))
                piece = unit * (min(room, chance.choice((100, 3_000, 50_000, 100_000))) // len(unit) + 1)
            case _:
                prefix = "".join(
                    chance.choice(("> ", "- ", "1. ", "  ", ">")) for _ in range(chance.randint(1, 25))
                )
                line = "".join(chance.choice(TOKENS) for _ in range(chance.randint(0, 6))).replace("\n", "")
                again = chance.choice(("", prefix)) + line + "\n"
                piece = (
                    prefix
                    + "a\n"
                    + again * (min(room, chance.choice((1_000, 50_000, 100_000))) // len(again))
                )
        parts.append(piece[:room] + chance.choice(("", "\n", "\n\n")))
        room -= len(parts[-1].encode("utf-8", "surrogatepass"))
    return "".join(parts)


def took_s(file: File) -> tuple[float, str]:
    """Processor seconds that reading the file takes, and what comes of it; the least of three where long."""
    took, outcome = _attempt(file)
    for _ in range(2):
        if took > MOST_S:
            took = min(took, _attempt(file)[0])
    return took, outcome


def _attempt(file: File) -> tuple[float, str]:
    rules, path, data = file
    began = time.process_time()
    try:
        outcome = "none" if parse_article(data, source=rules, path=path) is None else "article"
    except ArticleError as error:
        outcome = f"problem: {error.what}"
    return time.process_time() - began, outcome


def main() -> int:
    parser = argparse.ArgumentParser(description="Reads hostile articles and reports how long each took.")
    parser.add_argument("--composed", type=int, default=1_000, help="files put together by chance")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    by_chance = ((f"composed {n}", file) for n, file in enumerate(composed(chosen.seed, chosen.composed)))
    measured = sorted(((*took_s(file), name) for name, file in (*hostile(), *by_chance)), reverse=True)
    over = sum(took > MOST_S for took, _, _ in measured)
    for took, outcome, name in measured[: max(over, 10)]:
        print(f"{took * 1000:6.0f} ms  {name}: {outcome}")
    print(f"{len(measured)} files, {over} over {MOST_S * 1000:.0f} ms")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
