"""Template tags in bodies, which only Jekyll or Hugo can carry out: taken out, what they enclose stays.

Liquid (`{% … %}`, `{{ … }}`) and Hugo's shortcodes (`{{< … >}}`, `{{% … %}}`). Where a tag stands for
something a reader would miss, that is put in its place: highlighted code, a figure, a video. Text between
`raw` tags stays as it is.
"""

from __future__ import annotations

import re

_RAW = re.compile(r"\{%-?\s*raw\s*-?%\}(.*?)(?:\{%-?\s*endraw\s*-?%\}|\Z)", re.DOTALL)
_HIGHLIGHT = re.compile(r"(?<![ \t])[ \t]*+\{%-?\s*highlight\s+([\w+#-]++)[^{}\n]*%\}[ \t]*+\n?")
_END_HIGHLIGHT = re.compile(r"(?<![ \t])\n?[ \t]*+\{%-?\s*endhighlight\s*-?%\}")
_SITE = re.compile(r"\{\{-?\s*site\.(?:base)?url\s*-?\}\}")
_ADDRESS = re.compile(r"""\{\{-?\s*["']([^"'{}\n]*)["']\s*\|\s*(?:relative|absolute)_url\s*-?\}\}""")
_OUTPUT = re.compile(r"\{\{[^{}\n]*\}\}")
_TAG = re.compile(r"\{%[^{}\n]*%\}")

_HUGO_TAG = re.compile(r"\{\{[<%]([^{}\n]*+)\}\}")
_HUGO_WORDS = re.compile(r"\s*+(/?)\s*+([\w./-]++)(.*)[>%]")
_LONGEST_PARAMETERS = 5_000
_PARAMETER = re.compile(r"""(?:([\w-]++)\s*+=\s*)?(?:"([^"]*)"|`([^`]*)`|([^\s"`=]++))""")


def without_liquid(markdown: str) -> str:
    """A Jekyll body without Liquid tags; `highlight` becomes a fence, `relative_url` an address."""
    if "{%" not in markdown and "{{" not in markdown:
        return markdown
    parts = _RAW.split(markdown) if "endraw" in markdown else [markdown]
    return "".join(part if index % 2 else _liquid(part) for index, part in enumerate(parts))


def without_shortcodes(markdown: str) -> str:
    """A Hugo body without shortcodes; `highlight`, `figure`, `youtube`, `vimeo` and `ref` become Markdown."""
    return _HUGO_TAG.sub(_hugo, markdown) if "{{" in markdown else markdown


def _liquid(text: str) -> str:
    text = _HIGHLIGHT.sub(lambda found: f"\n```{found[1]}\n", text)
    text = _END_HIGHLIGHT.sub("\n```\n", text)
    text = _ADDRESS.sub(r"\1", _SITE.sub("", text))
    return _TAG.sub("", _OUTPUT.sub("", text))


def _hugo(found: re.Match[str]) -> str:
    tag = _HUGO_WORDS.fullmatch(found[1])
    if tag is None:
        return found[0]
    closing, name, rest = tag[1], tag[2], tag[3].rstrip().removesuffix("/")
    values = [(key, a or b or c) for key, a, b, c in _PARAMETER.findall(rest[:_LONGEST_PARAMETERS])]
    named = {key: value for key, value in values if key}
    first = next((value for key, value in values if not key), "")
    match name:
        case "highlight":
            return "\n```\n" if closing else f"\n```{first}\n"
        case "figure" if not closing and named.get("src"):
            words = named.get("alt") or named.get("caption") or named.get("title") or ""
            return f"![{words}](<{named['src']}>)"
        case "youtube" if not closing and (key := named.get("id") or first):
            return f"<https://www.youtube.com/watch?v={key}>"
        case "vimeo" if not closing and (key := named.get("id") or first):
            return f"<https://vimeo.com/{key}>"
        case "ref" | "relref" if first:
            return re.sub(r"\.md$", "/", first)
    return ""
