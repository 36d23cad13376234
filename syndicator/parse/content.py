"""Markdown to HTML that any feed reader may show, and to a plain summary.

CommonMark with tables, strikethrough, footnotes and task lists; raw HTML is let in and everything is then
sanitised against an allow list, so that Markdown and HTML pass through the same gate. What is embedded from
elsewhere (`iframe`, `embed`) becomes a plain link to it: readers drop frames in silence, and a link tells
the subscriber that there is something to see. No text makes this slow or large (see tangles).
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable

import nh3
from markdown_it import MarkdownIt
from mdit_py_plugins.footnote import footnote_plugin

from syndicator.errors import ArticleError
from syndicator.parse.links import http_link, joined
from syndicator.parse.render_limits import (
    MOST_LINES,
    allowance,
    limit_rendering,
    mark_tasks,
    refuse_addresses,
    too_tangled,
)
from syndicator.parse.text import cut, legal, squeezed

LONGEST_BODY = 200_000
"""Characters of Markdown that are rendered; a longer body is cut at a paragraph and ends in a link on."""
SUMMARY_CHARACTERS = 300


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TAGS = _words(
    """a abbr article aside audio b bdi bdo blockquote br caption center cite code col colgroup dd del details
    dfn div dl dt em figcaption figure footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main mark ol p
    picture pre q rp rt ruby s samp section small source span strike strong sub summary sup table tbody td
    tfoot th thead time tr tt u ul var video wbr"""
)
_DROPPED_WHOLE = _words("script style iframe object embed svg math template noscript title select")
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
_ALIGNED = re.compile(r'(<t[dh]) style="text-align:(left|center|right)"')
_NO_SOURCE = re.compile(r'<img(?: (?!src=)[a-z]+="[^"]*")*>')
_BREAKS = re.compile(
    r"<(?:br|/?(?:p|li|ul|ol|div|h[1-6]|tr|td|th|dt|dd|blockquote|pre|figcaption|hr|table))\b[^<>]*>"
)
_FOOTNOTES = re.compile(r'<sup class="footnote-ref">.*?</sup>|<section class="footnotes">.*', re.DOTALL)


def _markdown() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    markdown.use(footnote_plugin)
    markdown.core.ruler.after("inline", "mark_tasks", mark_tasks)
    limit_rendering(markdown)
    return markdown


_MARKDOWN = _markdown()


def render_body(markdown: str, *, base_url: str, embedded: str = "", first_line: int = 1) -> str:
    """Sanitised HTML of `markdown`, every address absolute (relative ones to `base_url`); "" for nothing.

    `embedded` is raw HTML to stand above it. A body over 200,000 characters is cut at a paragraph and ends
    in a link to `base_url`; one whose HTML is too tangled is shown as plain paragraphs. Raises ArticleError
    for one that would take too long; `markdown` begins on the `first_line` of its file.
    """
    markdown, embedded = legal(markdown).strip(), legal(embedded).strip()
    if not markdown and not embedded:
        return ""
    markdown, more = _shortened(markdown)
    try:
        rendered = f"{embedded}\n{_rendered(markdown)}" if markdown else embedded
        refuse_addresses(rendered)
    except ArticleError as error:
        raise ArticleError(error.what, cure=error.cure, line=first_line + error.line - 1) from None
    rendered = _FRAME.sub(_link_to_frame, _FOREIGN.sub("", rendered))
    if too_tangled(rendered):
        rendered = _paragraphs(markdown)
    if more:
        rendered += f'\n<p><a href="{html.escape(base_url)}">…</a></p>'
    return _sanitised(rendered, base_url).strip()


def plain_summary(body_html: str, limit: int = SUMMARY_CHARACTERS) -> str:
    """The first `limit` characters of sanitised HTML as plain text, without footnotes."""
    text = _BREAKS.sub(" ", _FOOTNOTES.sub("", body_html[: limit * 40]))
    return cut(squeezed(html.unescape(nh3.clean(text, tags=set()))), limit)


def _rendered(markdown: str) -> str:
    if markdown.count("\n") > MOST_LINES:
        return _paragraphs(markdown)
    rendered = str(_MARKDOWN.render(markdown, allowance(markdown)))
    return _ALIGNED.sub(r'\1 align="\2"', rendered)


def _shortened(markdown: str) -> tuple[str, bool]:
    if len(markdown) <= LONGEST_BODY:
        return markdown, False
    head = markdown[:LONGEST_BODY]
    paragraph = head.rfind("\n\n")
    return head[: paragraph if paragraph > 0 else LONGEST_BODY], True


def _paragraphs(markdown: str) -> str:
    return "\n".join(
        f"<p>{html.escape(part, quote=False)}</p>" for part in re.split(r"\n{2,}", markdown) if part
    )


def _sanitised(rendered: str, base_url: str) -> str:
    clean = nh3.clean(
        rendered,
        tags=set(_TAGS),
        clean_content_tags=set(_DROPPED_WHOLE),
        attributes=_ATTRIBUTES,
        attribute_filter=_address_filter(base_url),
        url_schemes={"http", "https", "mailto"},
        link_rel=None,
    )
    return legal(_NO_SOURCE.sub("", clean))


def _address_filter(base_url: str) -> Callable[[str, str, str], str | None]:
    def absolute(tag: str, attribute: str, value: str) -> str | None:
        if attribute not in _ADDRESSES:
            return value
        if attribute == "href" and value.lower().startswith("mailto:"):
            return value
        try:
            return joined(base_url, value)
        except ValueError:
            return None

    return absolute


def _link_to_frame(found: re.Match[str]) -> str:
    source = _SOURCE.search(found[2])
    if source is None:
        return ""
    address = html.unescape(source[1] or source[2] or source[3] or "")
    try:
        link = http_link(f"https:{address}" if address.startswith("//") else address)
    except ValueError:
        return ""
    for player, page in _PLAYERS:
        link = player.sub(page, link)
    shown = html.escape(link)
    return f'<p><a href="{shown}">▶ {shown}</a></p>'
