"""Bodies: what Markdown becomes, what never gets through, and that nothing makes it slow."""

from __future__ import annotations

import re
import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html as lxml_html

from syndicator.errors import ArticleError
from syndicator.parse.content import LONGEST_BODY, plain_summary, render_body

BASE = "https://a.example/x/y/"


def render(markdown: str, embedded: str = "") -> str:
    return render_body(markdown, base_url=BASE, embedded=embedded)


RENDERED = {
    "nothing": ("", ""),
    "blanks": (" \n\n", ""),
    "emphasis": ("*a* **b** ~~c~~ `d`", "<p><em>a</em> <strong>b</strong> <del>c</del> <code>d</code></p>"),
    "a relative link": ("[a](b 'c')", '<p><a href="https://a.example/x/y/b" title="c">a</a></p>'),
    "an address taken out": ("[a]() ![b]()", "<p><a>a</a> </p>"),
    "a link from the root": ("[a](/b)", '<p><a href="https://a.example/b">a</a></p>'),
    "a relative image": ("![a](b.png)", '<p><img src="https://a.example/x/y/b.png" alt="a"></p>'),
    "a raw relative image": ("<img src=../b.png width=3>", '<img src="https://a.example/x/b.png" width="3">'),
    "an address with a blank": ("<img src='b c.png'>", '<img src="https://a.example/x/y/b%20c.png">'),
    "a broken address": ("<a href='http://[x'>a</a>", "<p><a>a</a></p>"),
    "a broken host": ("<a href=//ä..b>a</a>", "<p><a>a</a></p>"),
    "one address twice": (
        "<img src=ä.png><img src=ä.png>",
        '<p><img src="https://a.example/x/y/%C3%A4.png"><img src="https://a.example/x/y/%C3%A4.png"></p>',
    ),
    "crossed tags": ("<b>a <i>b</b> c</i>", "<p><b>a <i>b</i></b><i> c</i></p>"),
    "mail": ("<ann@a.example>", '<p><a href="mailto:ann@a.example">ann@a.example</a></p>'),
    "an entity": ("a &amp; b &copy; <", "<p>a &amp; b © &lt;</p>"),
    "code": ("```py\na < b\n```", '<pre><code class="language-py">a &lt; b\n</code></pre>'),
    "tasks": (
        "- [ ] a\n- [x] b",
        "<ul>\n<li>☐ a</li>\n<li>☑ b</li>\n</ul>",
    ),
    "an alert": (
        "> [!NOTE]\n> Mind it.\n\n> [!tip]- Title\n\n> a [!NOTE]",
        "<blockquote>\n<p><strong>Note:</strong>\nMind it.</p>\n</blockquote>\n"
        "<blockquote>\n<p><strong>Tip:</strong> Title</p>\n</blockquote>\n"
        "<blockquote>\n<p>a [!NOTE]</p>\n</blockquote>",
    ),
    "a table": (
        "|a|b|\n|-|:-:|\n|1|2|",
        '<table><thead><tr><th>a</th><th align="center">b</th></tr></thead><tbody>\n'
        '<tr><td>1</td><td align="center">2</td></tr>\n</tbody></table>',
    ),
    "single tildes": (
        "~/a and ~/b, ~5 to ~6, `~c`, ~~d~~ [e](/~f)",
        '<p>~/a and ~/b, ~5 to ~6, <code>~c</code>, <del>d</del> <a href="https://a.example/~f">e</a></p>',
    ),
    "a host in letters": ("[a](http://ä.example/ö)", '<p><a href="http://xn--4ca.example/%C3%B6">a</a></p>'),
    "a stray percent": ("[a](b?c=1%)", '<p><a href="https://a.example/x/y/b?c=1%25">a</a></p>'),
    "details": ("<details><summary>a</summary>b</details>", "<details><summary>a</summary>b</details>"),
    "a control character": ("a\x01b&#1;<b>&#1;</b>", "<p>ab<b></b></p>"),
}


@pytest.mark.parametrize(("markdown", "rendered"), RENDERED.values(), ids=RENDERED.keys())
def test_markdown_becomes_html(markdown: str, rendered: str) -> None:
    assert render(markdown) == rendered


def test_footnotes_lead_to_the_article() -> None:
    rendered = render("a[^1]\n\n[^1]: b")
    assert f'<a href="{BASE}#1">1</a>' in rendered
    assert 'id="1"' in rendered


def test_footnotes_stand_where_they_are_written_and_in_no_summary() -> None:
    rendered = render(
        "a[^x] b[^y] c[^x]\n\n[^y]: <div>two</div>\n[^x]: one\n\n    more\n[^z]: unused\n\nd [^none]"
    )
    words = " ".join(re.sub("<[^>]*>", " ", rendered).split())
    assert words == "a 1 b 2 c 1 2 two 1 one more 3 unused d [^none]"
    assert plain_summary(rendered) == "a b c d [^none]"


OUT = {
    "script": "a <script>alert(1)</script> b",
    "an open script": "a\n\n<script>alert(1)",
    "style": "<style>p{background:url(x)}</style>b",
    "a style attribute": '<p style="background:url(javascript:alert(1))">b</p>',
    "a handler": '<img src="b.png" onerror="alert(1)">b',
    "a script link": '<a href="javascript:alert(1)">b</a>',
    "an encoded script link": '<a href="&#106;avascript:alert(1)">b</a>',
    "a script link in Markdown": "[b](<java\nscript:alert(1)>)",
    "a script link with a tab": '<a href="java\tscript:alert(1)">b</a>',
    "a data link": '<a href="data:text/html,alert(1)">b</a>',
    "an object": '<object data="b.swf">alert</object>b',
    "a meta": '<meta http-equiv="refresh" content="0;url=http://b.example">b',
    "a base": '<base href="http://b.example/">b',
    "a form": '<form action="/b"><input name="c"><button>b</button></form>',
    "an svg": '<svg onload="alert(1)"><path d="M0 0"/><script>alert(1)</script></svg>b',
    "maths": "<math><mi>x</mi></math>b",
    "a custom element": "<my-widget onclick=alert(1)>b</my-widget>",
    "a comment": "b <!-- alert -->",
    "a template": "<template><script>alert(1)</script></template>b",
    "an unquoted mess": '<img src=x onerror=alert(1)//><iframe src="javascript:alert(1)">b',
    "mutation": '<noscript><p title="</noscript><img src=x onerror=alert(1)>">b',
}
HARMFUL = {
    "script",
    "style",
    "iframe",
    "object",
    "embed",
    "svg",
    "math",
    "meta",
    "base",
    "form",
    "input",
    "button",
}


def assert_safe(rendered: str) -> None:
    for element in lxml_html.fragment_fromstring(rendered, create_parent=True).iter():
        assert element.tag not in HARMFUL
        assert isinstance(element.tag, str) and "-" not in element.tag
        for name, value in element.attrib.items():
            assert not name.startswith("on") and name != "style"
            if name in ("href", "src"):
                assert value.startswith(("http://", "https://", "mailto:"))


@pytest.mark.parametrize("markdown", OUT.values(), ids=OUT.keys())
def test_what_could_do_harm_does_not_get_through(markdown: str) -> None:
    rendered = render(f"Before\n\n{markdown}")
    assert_safe(rendered)
    assert rendered.startswith("<p>Before</p>")


EMBEDDED = {
    "youtube": (
        '<iframe width="800" src="https://www.youtube.com/embed/abcDEF12345?rel=0" allowfullscreen></iframe>',
        "https://www.youtube.com/watch?v=abcDEF12345",
    ),
    "vimeo": ('<iframe src="//player.vimeo.com/video/123?h=1"></iframe>', "https://vimeo.com/123"),
    "another page": ("<embed src='https://b.example/c?d=1&amp;e=2'>", "https://b.example/c?d=1&amp;e=2"),
}


@pytest.mark.parametrize(("embedded", "link"), EMBEDDED.values(), ids=EMBEDDED.keys())
def test_embedded_page_becomes_a_link_to_it(embedded: str, link: str) -> None:
    anchor = f'<p><a href="{link}">▶ {link}</a></p>'
    assert render("", embedded) == anchor
    assert render("Text", embedded) == f"{anchor}\n<p>Text</p>"
    assert anchor in render(f"Text\n\n{embedded}\n\nMore")


@pytest.mark.parametrize("frame", ["<iframe>", '<iframe src="javascript:x">', '<iframe src="/relative">'])
def test_embedded_page_without_an_address_is_left_out(frame: str) -> None:
    assert render(f"{frame}</iframe>\n\nText") == "<p>Text</p>"


def test_image_without_an_address_is_left_out() -> None:
    assert render('a <img alt="b > c"> <img src="data:image/png;base64,AA"> d') == "<p>a   d</p>"


def test_long_body_is_cut_at_a_paragraph_and_leads_on() -> None:
    rendered = render("A paragraph of some words.\n\n" * 10_000)
    assert rendered.endswith(f'<p>A paragraph of some words.</p>\n\n<p><a href="{BASE}">…</a></p>')
    assert len(rendered) < LONGEST_BODY * 1.5


HOSTILE = {
    "divs": "<div>" * 40_000,
    "formatting": "".join(f"<p><b id={n}>" for n in range(15_000)),
    "formatting in tables": "".join(f"<b id={n}><table></b></table>" for n in range(6_000)),
    "attributes": "<a " + " ".join(f"a{n}=1" for n in range(20_000)) + ">x</a>",
    "brackets": "[" * 100_000,
    "images": "![" * 100_000,
    "images around marks": "![" * 17 + ":" * 150_000,
    "brackets around marks": "[" * 17 + ":" * 150_000 + "]" * 17,
    "six images around marks": ("![" * 6 + "{% raw-\n" * 200 + "\n\n") * 50,
    "footnotes in footnotes": ("^[" * 18 + "a" + "]" * 18 + " ") * 2_000,
    "short render_limits": ("![" * 17 + ":" * 50 + "\n\n") * 2_000,
    "inline footnotes": "^[" * 100_000,
    "emphasis": "*a _b " * 3_000 + "b_ a* " * 3_000,
    "backticks": "".join("`" * n + " " for n in range(600)),
    "quotes": "> " * 100_000,
    "lists": "- " * 100_000,
    "deep list": "".join("  " * n + "- a\n" for n in range(400)),
    "a wide table": "|a" * 1_000 + "|\n" + "|-" * 1_000 + "|\n" + "|\n" * 9_000,
    "wide tables": ("|a" * 300 + "|\n" + "|-" * 300 + "|\n" + "|\n" * 60 + "\n") * 80,
    "a table in each line": "a|b\n-|-\n" * 9_000,
    "delimiters": "-|-\n" * 18_000,
    "a long table": "a|b\n-|-\n" + "|\n" * 100_000,
    "lines": "a\n" * 100_000,
    "ampersands": "&" * 200_000,
    "angles": "<" * 200_000,
    "colons": ":" * 200_000,
    "svg": "<svg>" * 40_000,
    "frames": "<iframe src=http://b.example>" * 7_000,
    "references": "".join(f"[a{n}]: /x\n" for n in range(15_000)) + "[a1]" * 5_000,
    "blanks": " " * 200_000 + "x",
    "comments": "<!--" * 50_000,
}


def test_pictures_within_the_text_cut_nothing_off() -> None:
    """They are not published, and one of them alone is longer than a body may be."""
    picture = f"data:image/png;base64,{'iVBOR/+0' * LONGEST_BODY}="
    rendered = render(f"Before\n![a]({picture}) between <img src='{picture}'>\n\nAfter")
    assert "iVBOR" not in rendered
    assert rendered.endswith("<p>After</p>")


@pytest.mark.parametrize("markdown", HOSTILE.values(), ids=HOSTILE.keys())
def test_nothing_makes_rendering_slow_or_large(markdown: str) -> None:
    began = time.process_time()
    with suppress(ArticleError):
        assert len(render(markdown)) < 1_500_000
    assert time.process_time() - began < 4  # 0.3 s at worst on an idle machine


def test_table_of_thousands_of_cells_is_a_table() -> None:
    rendered = render("|a|b|c|\n|-|-|-|\n" + "|1|2|3|\n" * 1_000)
    assert rendered.count("<td>") == 3_000


def test_nested_brackets_in_reason_are_links() -> None:
    row = "[![a](b.png)](c.html) " * 20
    assert render(row).count("<a href=") == 20


@pytest.mark.parametrize(
    "tangled", ["<div>" * 201, "<p>" + "".join(f"<b id={n}>" for n in range(90)) + "<p>a" * 200]
)
def test_tangled_body_is_a_problem(tangled: str) -> None:
    with pytest.raises(ArticleError, match="inside each other"):
        render(tangled)
    assert render("<i>" * 64 + "</i>" * 64 + "x") != ""
    assert render("<p><i>a</b></i></p>" * 1_000) != "", "what is closed out of turn is not open for ever"


SUMMARIES = {
    "blocks": ("<h1>One</h1><p>Two<br>three</p><ul><li>four</li></ul>", "One Two three four"),
    "inline": ("<p>a<b>b</b>c &amp; d &lt;e&gt;</p>", "abc & d <e>"),
    "footnotes": (
        '<p>a<sup class="footnote-reference"><a href="#">1</a></sup>b</p>'
        '<div class="footnote-definition" id="1">c</div>',
        "ab",
    ),
    "once": ("<p>&amp;lt;</p>", "&lt;"),
    "nothing": ("", ""),
}


@pytest.mark.parametrize(("body", "summary"), SUMMARIES.values(), ids=SUMMARIES.keys())
def test_summary_is_plain_text(body: str, summary: str) -> None:
    assert plain_summary(body) == summary


def test_long_summary_is_cut() -> None:
    summary = plain_summary("<p>" + "word " * 2_000 + "</p>")
    assert summary == " ".join(["word"] * 59) + "…"


MARKDOWN = st.text(
    st.sampled_from("ab \n\n\t*_`[]()<>!#|-~&;:\"'/\\1.^{}%=\x01\ud800") | st.characters(), max_size=200
)


@given(MARKDOWN)
def test_any_markdown_becomes_safe_html(markdown: str) -> None:
    rendered = render(markdown)
    rendered.encode("utf-8")
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f]", rendered)
    assert_safe(rendered)
    plain_summary(rendered)
