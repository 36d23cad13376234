"""Template tags: gone from bodies, with what they enclose left in place."""

from __future__ import annotations

import time

import pytest

from syndicator.parse.content import without_liquid, without_shortcodes

LIQUID = {
    "nothing": ("Some *text*", "Some *text*"),
    "a tag": ("a {% include b.html c='d' %} e", "a  e"),
    "trimming": ("a {%- if b -%}c{%- endif -%}", "a c"),
    "an output": ("a {{ page.title }} b", "a  b"),
    "the site's address": ("![a]({{ site.baseurl }}/b.png)", "![a](/b.png)"),
    "relative_url": ("[a]({{ '/b/' | relative_url }})", "[a](/b/)"),
    "absolute_url": ('[a]({{ "/b/" | absolute_url }})', "[a](/b/)"),
    "highlight": (
        "{% highlight ruby linenos %}\nputs 1\n{% endhighlight %}\nb",
        "\n```ruby\nputs 1\n```\n\nb",
    ),
    "raw": ("{% raw %}{{ a }}{% endraw %} {{ b }}", "{{ a }} "),
    "a comment": ("a {% comment %}to do: {% b %}\n{%- endcomment -%} c", "a  c"),
    "a comment that never ends": ("a {% comment %} b", "a "),
    "raw in a comment": ("{% comment %}a{% raw %}b{% endraw %}c{% endcomment %}d", "d"),
    "a comment that is raw": (
        "{% raw %}{% comment %}{% endraw %}a{% comment %}b{% endcomment %}",
        "{% comment %}a",
    ),
    "braces alone": ("a { b } {c} %}", "a { b } {c} %}"),
    "over lines": ("a {{ page\n.title }}{% link\nb.md %} c", "a  c"),
    "braces within": ('a {% include b.md\n c="${d} {e, f}"\n%} g {% h %}', "a  g "),
    "a tag that never ends": ("a {% b\n\n{{ c }} {% d %} e", "a {% b\n\n  e"),
    "a comment of kramdown": ("a {::comment}to\n\ndo: {:.b}{:/comment} c{::comment} d{:/} e", "a  c e"),
    "a comment of kramdown that never ends": ("a {::comment} b", "a "),
    "kramdown's extensions": (
        '{::options toc_levels="1" /}\n{::nomarkdown}\n<b>{:/}\nc {:/d}',
        "\n\n<b>\nc {:/d}",
    ),
    "attributes of a span": ('![a](b.png){:width="100%" .c} d', "![a](b.png) d"),
    "attributes with a slip": ('[a](b){:target="_blank" :rel="noopener"} c', "[a](b) c"),
    "attributes over lines": ("[a](b){:\n.c width='1'\nlang=\"d\"} e", "[a](b) e"),
    "a table of contents": ("a\n\n* TOC\n{:toc}\n\n1. b\n", "a\n\n\n\n1. b\n"),
    "attributes of a block": ("A note.\n{: .note }\n", "A note.\n\n"),
    "markdown in HTML": ('<div markdown="1" id="a">\n## B\n</div>', '<div id="a">\n\n\n## B\n</div>'),
    "markdown in HTML on a line": ("<p class='a' markdown=1>*b*</p>", "<p class='a'>\n\n*b*</p>"),
    "markdown in HTML that is code": (
        '`<p markdown="1">`\n~~~\n<p markdown="1">\n~~~\n{% highlight html %}\n<p markdown="1">\n',
        '`<p markdown="1">`\n~~~\n<p markdown="1">\n~~~\n\n```html\n<p markdown="1">\n',
    ),
    "markdown in HTML after code": ('~~~\na\n~~~\n<p markdown="1">', "~~~\na\n~~~\n<p>\n\n"),
    "no markdown in HTML": ('<p markdown="0">*a*</p>', '<p markdown="0">*a*</p>'),
    "attributes of a heading": ("## A title {#here}\nb", "## A title \nb"),
    "attributes above a line": (
        "A title {#here}\n===\nb\n\nWhy {#c}\n---\n",
        "A title \n===\nb\n\nWhy \n---\n",
    ),
    "attributes of no heading": ("A {#here}\nb {#c}\n\n===\n", "A {#here}\nb {#c}\n\n===\n"),
    "what looks like attributes": ("{:ok, 1} {:a => 1} # Sets {a}", "{:ok, 1} {:a => 1} # Sets {a}"),
}


@pytest.mark.parametrize(
    "address", ["{{ site.baseurl }}/b/", "{{ site.url }}{{ site.baseurl }}/b/", "{{ '/b/' | relative_url }}"]
)
def test_addresses_on_a_site_below_a_path_are_below_it(address: str) -> None:
    assert without_liquid(f"[a]({address})", "https://me.example/blog/") == "[a](/blog/b/)"


@pytest.mark.parametrize(("markdown", "plain"), LIQUID.values(), ids=LIQUID.keys())
def test_liquid_is_taken_out(markdown: str, plain: str) -> None:
    assert without_liquid(markdown) == plain


HUGO = {
    "nothing": ("Some *text*", "Some *text*"),
    "a pair": ('a {{< notice "b" >}}c{{< /notice >}} d', "a c d"),
    "a comment": ("a {{% comment %}}to do{{% /comment %}} b{{< comment >}}c{{< /comment >}}", "a  b"),
    "markdown inside": ("{{% notice %}}*a*{{% /notice %}}", "*a*"),
    "a figure": ('{{< figure src="b c.png" alt="d" >}}', "![d](<b c.png>)"),
    "a figure with a caption": ('{{< figure src="b.png" caption="d" />}}', "![d](<b.png>)<br>d"),
    "a figure with both": (
        '{{< figure src="b.png" alt="c" caption="[d](e)" >}}',
        "![c](<b.png>)<br>[d](e)",
    ),
    "a figure without a source": ('{{< figure alt="d" >}}', ""),
    "youtube": ("{{< youtube abc >}}", "<https://www.youtube.com/watch?v=abc>"),
    "youtube by name": ('{{< youtube id="abc" >}}', "<https://www.youtube.com/watch?v=abc>"),
    "vimeo": ("{{< vimeo 123 >}}", "<https://vimeo.com/123>"),
    "highlight": ("{{< highlight go >}}a{{< /highlight >}}", "\n```go\na\n```\n"),
    "a reference": ('[a]({{< ref "/b/c.md" >}})', "[a](/b/c/)"),
    "a reference to a part": ('[a]({{% relref "/b/index.md#c" %}})', "[a](/b/#c)"),
    "a reference by name": ('[a]({{< ref "b.md" >}})', "[a]()"),
    "no end": ("{{< youtube abc }}", "{{< youtube abc }}"),
    "a template": ("{{ .Title }}", "{{ .Title }}"),
    "over lines": ('{{< figure\n  src="b.png"\n  alt="d"\n>}} {{%\nslides 1 %}}', "![d](<b.png>) "),
    "attributes of a heading": ("# A title { #here .c }\n## C++ {#c}", "# A title \n## C++ "),
}


@pytest.mark.parametrize(("markdown", "plain"), HUGO.values(), ids=HUGO.keys())
def test_shortcodes_are_taken_out(markdown: str, plain: str) -> None:
    assert without_shortcodes(markdown) == plain


def test_reference_is_no_link_where_pages_are_not_by_path() -> None:
    assert without_shortcodes('[a]({{< ref "/b.md" >}})', by_path=False) == "[a]()"


UNCLOSED = {
    **{
        piece: piece * 20_000
        for piece in (
            "{%",
            "{{",
            "{{<",
            "{{< a ",
            '{{< a="',
            "{% raw %}",
            "{% comment %}",
            "{{% comment %}}",
            "{% highlight a ",
            "{{ '",
        )
    },
    "a long word": "{{< " + "a" * 100_000,
    "a long word and no end": "{{< " + "a" * 100_000 + "}}",
    "long parameters": "{{< a " + "b" * 100_000 + " >}}",
    "blanks in parameters": "{{< a b" + " " * 100_000 + "= >}}",
    "a long language": "{% highlight " + "a" * 100_000,
    "blanks": " " * 100_000 + "{%",
    "blanks inside": "{%" + " " * 100_000 + "raw" + " " * 100_000,
    "attributes": "{:" + " .a" * 30_000,
    "many attributes": "{: .a" * 20_000,
    "attributes of headings": "# a {#b" * 10_000 + "\n",
    "attributes above lines": "a {#b\n--" * 10_000 + "\n",
    "lists": "1. a\n{:" * 20_000,
    "tags that ask for markdown": "<a" + " markdown=1" * 20_000,
    "fences": "~~~\n" * 20_000 + "markdown=",
    "slashes": "{{< a" + "/ " * 50_000 + " }}",
}


@pytest.mark.parametrize("text", UNCLOSED.values(), ids=UNCLOSED.keys())
def test_unclosed_tags_cost_no_time(text: str) -> None:
    began = time.process_time()
    without_liquid(text + "{% endraw")
    without_shortcodes(text)
    assert time.process_time() - began < 8
