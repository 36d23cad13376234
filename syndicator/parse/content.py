"""Markdown to HTML that any feed reader may show, and to a plain summary.

CommonMark with tables, strikethrough, footnotes and task lists; raw HTML is let in and everything is then
sanitised against an allow list, so that Markdown and HTML pass through the same gate. What is embedded from
elsewhere (`iframe`, `embed`) becomes a plain link to it: readers drop frames in silence, and a link tells
the subscriber that there is something to see. No text makes this slow or large (see render_limits).

Template tags, which only Jekyll or Hugo can carry out, are taken out before: Liquid (`{% … %}`, `{{ … }}`)
and Hugo's shortcodes (`{{< … >}}`, `{{% … %}}`). What they enclose stays, but for comments; where a
tag stands for what a reader would miss, that is put in its place: highlighted code, a figure, a video.
"""

from __future__ import annotations

import html
import re
from contextlib import suppress
from functools import partial
from threading import local
from urllib.parse import unquote, urlsplit

import nh3
from pyromark import Markdown, Options

from syndicator.errors import ArticleError
from syndicator.parse.render_limits import check_html, check_markdown, check_size, words
from syndicator.text import clean, one_line, shorten
from syndicator.urls import encoded, http_link, joined, joined_plainly

LONGEST_BODY = 100_000
"""Characters of Markdown that are rendered; a longer body is cut at a paragraph and ends in a link on."""
SUMMARY_CHARACTERS = 300
MOST_ODD_ADDRESSES = 100
"""Addresses of one body that have to be taken apart and encoded, each in up to 0.1 ms."""


_PICTURE_WITHIN = re.compile(r"(data:image/[\w.+-]{1,30};base64,)[A-Za-z0-9+/=]++")
_TAGS = words(
    """a abbr article aside audio b bdi bdo blockquote br caption center cite code col colgroup dd del details
    dfn div dl dt em figcaption figure footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main mark ol p
    picture pre q rp rt ruby s samp section small source span strike strong sub summary sup table tbody td
    tfoot th thead time tr tt u ul var video wbr"""
)
_DROPPED_WHOLE = words("script style iframe object embed svg math template noscript title select")
_ATTRIBUTES = {
    "*": {"class", "id", "title", "lang", "dir"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height", "loading"},
    "audio": {"src", "controls"},
    "video": {"src", "controls", "poster", "width", "height"},
    "source": {"src", "type"},
    "td": {"align", "colspan", "rowspan"},
    "th": {"align", "colspan", "rowspan", "scope"},
    "ol": {"start", "type", "reversed"},
    "li": {"value"},
    "time": {"datetime"},
    "details": {"open"},
}
_ADDRESSES = frozenset({"href", "src", "poster"})

_FOREIGN = re.compile(r"<(svg|math|script|style)\b[^<>]*(?<!/)>.*?(?:</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL)
_FRAME = re.compile(r"<(iframe|embed)\b([^<>]*)>", re.IGNORECASE)
_SOURCE = re.compile(r"""\bsrc\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_PLAYERS = (
    (
        re.compile(r"https?://(?:www\.)?youtube(?:-nocookie)?\.com/embed/([\w-]{6,20}).*"),
        r"https://www.youtube.com/watch?v=\1",
    ),
    (re.compile(r"https?://player\.vimeo\.com/video/(\d+).*"), r"https://vimeo.com/\1"),
)
_NO_SOURCE = re.compile(r'<img(?: (?!src=)[a-z]+="[^"]*")*>')
_BREAKS = re.compile(
    r"<(?:br|/?(?:p|li|ul|ol|div|h[1-6]|tr|td|th|dt|dd|blockquote|pre|figcaption|hr|table))\b[^<>]*>"
)
_FOOTNOTES = re.compile(
    r'<(?:sup class="footnote-reference">.*?</sup>|div class="footnote-definition".*?</div>)', re.DOTALL
)
# A tag as the sanitiser writes it, or the beginning of one at the end: `<` is one nowhere else.
_TAG = re.compile(r'<(?:[^<>"]|"[^"]*(?:"|\Z))*+(?:>|\Z)')

_MARKDOWN = Markdown(
    options=Options.ENABLE_TABLES
    | Options.ENABLE_STRIKETHROUGH
    | Options.ENABLE_FOOTNOTES
    | Options.ENABLE_TASKLISTS
)
# What pyromark writes for cells and tasks.
_ALIGNED = re.compile(r'(<t[dh]) style="text-align: (left|center|right)"')
_TASK = re.compile(r'<input disabled="" type="checkbox"( checked="")?/>\n')
# As GitHub, Hugo and Obsidian mark what a quotation is: a note, a tip, a warning.
_ALERT = re.compile(r"(<blockquote>\n<p>)\[!([A-Za-z]+)\][+-]?")
_MARKS = re.compile(r"[*_~`\\\[<]")
_CODED_HOST = re.compile(r"(https?://)([^/?#]*%[^/?#]*)")


def render_body(markdown: str, *, base_url: str, embedded: str = "", first_line: int = 1) -> str:
    """Sanitised HTML of `markdown`, every address absolute (relative ones to `base_url`); "" for nothing.

    `embedded` is raw HTML to stand above it. A body over 100,000 characters is cut at a paragraph and ends
    in a link to `base_url`. Raises ArticleError for one that would take too long; `markdown` begins on the
    `first_line` of its file.
    """
    markdown, embedded = clean(markdown).strip(), clean(embedded).strip()
    if not markdown and not embedded:
        return ""
    markdown, more = _shortened(markdown)
    try:
        check_markdown(markdown)
        rendered = f"{embedded}\n{_rendered(markdown)}" if markdown else embedded
        rendered = _FRAME.sub(_link_to_frame, _FOREIGN.sub("", rendered))
        check_html(rendered)
        if more:
            rendered += f'\n<p><a href="{html.escape(base_url)}">…</a></p>'
        return _SANITISER.clean(rendered, base_url).strip()
    except ArticleError as error:
        raise ArticleError(error.what, fix=error.fix, line=first_line + error.line - 1) from None


def plain_summary(body_html: str) -> str:
    """The first 300 characters of sanitised HTML as plain text, without footnotes."""
    text = ""
    # The beginning is nearly always enough; what may be cut off at its end is beyond the limit.
    for size in (SUMMARY_CHARACTERS * 4, SUMMARY_CHARACTERS * 40):
        if len(text) <= SUMMARY_CHARACTERS + 40:
            part = _BREAKS.sub(" ", _FOOTNOTES.sub("", body_html[:size]))
            text = one_line(html.unescape(_TAG.sub("", part)))
    return shorten(text, SUMMARY_CHARACTERS)


def without_markdown(text: str) -> str:
    """The words of a line with emphasis, links and code in Markdown; character references stay as written."""
    if not _MARKS.search(text):
        return text
    # A point before it keeps the line a paragraph, whatever it begins with.
    events = _MARKDOWN.events("." + one_line(text).replace("&", "&amp;"))
    parts = [part for event in events if isinstance(event, dict) for part in event.items()]
    return "".join(str(text) for kind, text in parts if kind in ("Text", "Code", "InlineHtml"))[1:]


def _rendered(markdown: str) -> str:
    rendered = _MARKDOWN.html(markdown)
    check_size(rendered)
    rendered = _ALIGNED.sub(r'\1 align="\2"', rendered)
    rendered = _TASK.sub(lambda found: "☑ " if found[1] else "☐ ", rendered)
    return _ALERT.sub(lambda found: f"{found[1]}<strong>{found[2].capitalize()}:</strong>", rendered)


def _shortened(markdown: str) -> tuple[str, bool]:
    if len(markdown) > LONGEST_BODY:  # pictures within the text are not published
        markdown = _PICTURE_WITHIN.sub(r"\1", markdown)
    if len(markdown) <= LONGEST_BODY:
        return markdown, False
    head = markdown[:LONGEST_BODY]
    paragraph = head.rfind("\n\n")
    return head[: paragraph if paragraph > 0 else LONGEST_BODY], True


class _Sanitiser(local):
    """The sanitiser, made once for each thread, with the addresses of the body that it is at."""

    def __init__(self) -> None:
        self._base_url, self._too_many = "", False
        self._encoded: dict[str, str | None] = {}
        self._cleaner = nh3.Cleaner(
            tags=set(_TAGS),
            clean_content_tags=set(_DROPPED_WHOLE),
            attributes=_ATTRIBUTES,
            attribute_filter=self._absolute,
            url_schemes={"http", "https", "mailto"},
            link_rel=None,
        )

    def clean(self, rendered: str, base_url: str) -> str:
        """The HTML with what is allowed in it, its addresses absolute. Raises ArticleError."""
        self._base_url, self._too_many, self._encoded = base_url, False, {}
        sound = self._cleaner.clean(rendered)
        if self._too_many:
            what = f"the text has more than {MOST_ODD_ADDRESSES} links and pictures to be encoded"
            fix = "Split it into several articles, or write the addresses encoded, as a browser copies them"
            raise ArticleError(what, fix=fix)
        return clean(_NO_SOURCE.sub("", sound))

    def _absolute(self, tag: str, attribute: str, value: str) -> str | None:
        if attribute not in _ADDRESSES:
            return value
        if not value:  # such as of a tag that was taken out
            return None
        if self._too_many:
            return None
        if attribute == "href" and value.lower().startswith("mailto:"):
            return value
        if plain := joined_plainly(self._base_url, value):
            return plain
        if value not in self._encoded:
            self._encoded[value] = None
            with suppress(ValueError):
                address = _CODED_HOST.sub(lambda found: found[1] + unquote(found[2]), encoded(value))
                self._encoded[value] = joined(self._base_url, address)
            self._too_many = len(self._encoded) > MOST_ODD_ADDRESSES
        return self._encoded[value]


_SANITISER = _Sanitiser()


def _link_to_frame(found: re.Match[str]) -> str:
    source = _SOURCE.search(found[2])
    if source is None:
        return ""
    address = html.unescape(source[1] or source[2] or source[3] or "")
    try:
        link = http_link(f"https:{address}" if address.startswith("//") else address)
    except ValueError:
        return ""
    if "youtube" in link or "vimeo" in link:
        for player, page in _PLAYERS:
            link = player.sub(page, link)
    shown = html.escape(link)
    return f'<p><a href="{shown}">▶ {shown}</a></p>'


_COMMENT = re.compile(
    r"(\{%-?\s*raw\s*-?%\}.*?(?:\{%-?\s*endraw\s*-?%\}|\Z))"
    r"|\{%-?\s*comment\s*-?%\}.*?(?:\{%-?\s*endcomment\s*-?%\}|\Z)",
    re.DOTALL,
)
"""What the site does not show, or what stands as it is (group 1)."""
_RAW = re.compile(r"\{%-?\s*raw\s*-?%\}(.*?)(?:\{%-?\s*endraw\s*-?%\}|\Z)", re.DOTALL)
_HIGHLIGHT = re.compile(r"(?<![ \t])[ \t]*+\{%-?\s*highlight\s+([\w+#-]++)[^{}\n]*%\}[ \t]*+\n?")
_END_HIGHLIGHT = re.compile(r"(?<![ \t])\n?[ \t]*+\{%-?\s*endhighlight\s*-?%\}")
_SITE = re.compile(r"\{\{-?\s*site\.(base)?url\s*-?\}\}")
_ADDRESS = re.compile(r"""\{\{-?\s*["']([^"'{}\n]*)["']\s*\|\s*(?:relative|absolute)_url\s*-?\}\}""")
_OUTPUT = re.compile(r"\{\{[^{}]*+\}\}")
_LIQUID_TAG = re.compile(r"\{%(?:(?!%\}|\{%).)*%\}", re.DOTALL)
_KRAMDOWN_COMMENT = re.compile(r"\{::comment\}(?:(?!\{:/(?:comment)?\}).)*", re.DOTALL)
_KRAMDOWN_EXTENSION = re.compile(r"\{:(?::(?:nomarkdown|options)\b[^{}\n]*+|/(?:comment|nomarkdown)?)\}")
# Each is `.class`, `#id` or `key="value"`, so that no code such as `{:ok, 1}` is taken for them;
# kramdown passes over a colon before a key.
_ATTRIBUTE = r"""(?:[.#][\w-]++|:?[\w-]++=(?:"[^"\n]*+"|'[^'\n]*+'))"""
_KRAMDOWN_ATTRIBUTES = re.compile(rf"\{{:\s*+{_ATTRIBUTE}(?:\s*+{_ATTRIBUTE})*+\s*+\}}")
_KRAMDOWN_CONTENTS = re.compile(r"^(?:[*+-]|\d++\.)[ ][^\n]*+\n\{:[ ]*+toc[ ]*+\}[ \t]*+$", re.MULTILINE)
_CODE_OR_TAG = re.compile(
    r"^[ ]{0,3}(`{3,}+|~{3,}+)[^\n]*\n.*?(?:^[ ]{0,3}\1|\Z)|`[^`\n]*+`|<[a-z][^<>]*+>",
    re.MULTILINE | re.DOTALL,
)
_ASKS_FOR_MARKDOWN = re.compile(r"""\A(<[^<>]*?)\smarkdown=["']?(?:1|block)\b["']?""")
_HEADING_ATTRIBUTES = re.compile(
    r"^(\#{1,6}[ ][^\n{]*+|[^\n{]++(?=\{[^\n]*+\n(?:==|--)))"  # also above a line of = or -
    rf"\{{:?[ ]*+{_ATTRIBUTE}(?:[ ]*+{_ATTRIBUTE})*+[ ]*+\}}[ \t]*+$",
    re.MULTILINE,
)

_HUGO_TAG = re.compile(r"\{\{[<%]([^{}]*+)\}\}")
_HUGO_COMMENT = re.compile(
    r"\{\{[<%]\s*comment\s*[%>]\}\}.*?(?:\{\{[<%]\s*/\s*comment\s*[%>]\}\}|\Z)", re.DOTALL
)
_HUGO_WORDS = re.compile(r"\s*+(/?)\s*+([\w./-]++)(.*)[>%]", re.DOTALL)
_LONGEST_PARAMETERS = 5_000
_PARAMETER = re.compile(r"""(?:([\w-]++)\s*+=\s*)?(?:"([^"]*)"|`([^`]*)`|([^\s"`=]++))""")


def without_liquid(markdown: str, base_url: str = "") -> str:
    """A Jekyll body without Liquid tags and kramdown's attributes and extensions.

    `highlight` becomes a fence, `relative_url` an address on the site at `base_url`. Markdown in HTML that
    says so is Markdown.
    """
    if "{" in markdown:
        below = urlsplit(base_url).path.rstrip("/")
        markdown = _COMMENT.sub(r"\1", markdown)
        parts = _RAW.split(markdown) if "endraw" in markdown else [markdown]
        markdown = "".join(part if index % 2 else _liquid(part, below) for index, part in enumerate(parts))
    return _CODE_OR_TAG.sub(_kramdown_tag, markdown) if "markdown=" in markdown else markdown


def without_shortcodes(markdown: str, *, by_path: bool = True) -> str:
    """A Hugo body without shortcodes and headings' attributes; `highlight`, `figure`, `youtube` and `vimeo`
    become Markdown, and so does a `ref` to a path from the top where pages are `by_path`: where others lead
    is not known, so they are no links."""
    if "{" not in markdown:
        return markdown
    tag = partial(_hugo, by_path=by_path)
    return _HEADING_ATTRIBUTES.sub(r"\1", _HUGO_TAG.sub(tag, _HUGO_COMMENT.sub("", markdown)))


def _liquid(text: str, below: str) -> str:
    text = _HIGHLIGHT.sub(lambda found: f"\n```{found[1]}\n", text)
    text = _END_HIGHLIGHT.sub("\n```\n", text)
    text = _ADDRESS.sub(lambda found: f"{below}/{found[1].lstrip('/')}", text)
    text = _SITE.sub(lambda found: below if found[1] else "", text)
    text = _LIQUID_TAG.sub("", _OUTPUT.sub("", text))
    text = _KRAMDOWN_EXTENSION.sub("", _KRAMDOWN_COMMENT.sub("", text))
    text = _KRAMDOWN_CONTENTS.sub("", text)
    return _KRAMDOWN_ATTRIBUTES.sub("", _HEADING_ATTRIBUTES.sub(r"\1", text))


def _kramdown_tag(found: re.Match[str]) -> str:
    """An empty line after a tag that asks for Markdown: CommonMark reads it inside HTML after one alone."""
    tag, count = _ASKS_FOR_MARKDOWN.subn(r"\1", found[0])
    return f"{tag}\n\n" if count else found[0]


def _hugo(found: re.Match[str], *, by_path: bool) -> str:
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
            caption = named.get("caption") or named.get("title") or ""
            image = f"![{named.get('alt') or caption}](<{named['src']}>)"
            return f"{image}<br>{caption}" if caption else image
        case "youtube" if not closing and (key := named.get("id") or first):
            return f"<https://www.youtube.com/watch?v={key}>"
        case "vimeo" if not closing and (key := named.get("id") or first):
            return f"<https://vimeo.com/{key}>"
        case "ref" | "relref" if by_path and first.startswith("/"):
            return re.sub(r"(?:/index)?\.md(?=#|$)", "/", first)
    return ""
