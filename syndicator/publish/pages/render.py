"""The pages as bytes, from Jinja2 templates that escape whatever they are given (pure).

The same page gives the same bytes: no clock, no version, no random value. The style is one file named by its
content, so that a page and its style always fit together.
"""

from __future__ import annotations

from hashlib import blake2b
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from syndicator.models import ALL
from syndicator.publish.addresses import OPML_PATH, digest_url, page_url
from syndicator.publish.pages.charts import chart_days, chart_qualities, draw_small
from syndicator.publish.pages.views import (
    MOST_ENTRIES,
    DigestPage,
    FrontPage,
    TopicPage,
    topic_href,
    view_cards,
    view_entry,
    view_held,
    view_levels,
)
from syndicator.publish.pages.words import say_count, say_day, say_expectation, say_moment
from syndicator.text import clean, language_tag, one_line

_TEMPLATES = resources.files("syndicator.publish.pages") / "templates"
_STYLE = (_TEMPLATES / "style.css").read_bytes()
_ICON = (_TEMPLATES / "icon.svg").read_bytes()
STYLE_PATH = f"style-{blake2b(_STYLE, digest_size=6).hexdigest()}.css"
ICON_PATH = "icon.svg"


def _clean_value(value: object) -> object:
    """What a template prints: text without the characters that no document may have; markup is ours."""
    return clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _mark_code(text: str) -> Markup:
    """The text escaped, with what stands between backticks as code."""
    parts = text.split("`")
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if at % 2 else escape(part) for at, part in enumerate(parts)
    )


_ENVIRONMENT = Environment(
    loader=PackageLoader("syndicator.publish.pages"),
    autoescape=True,
    undefined=StrictUndefined,
    finalize=_clean_value,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.filters |= {"small": draw_small, "mark_code": _mark_code}
_ENVIRONMENT.globals |= {
    "style_path": STYLE_PATH,
    "icon_path": ICON_PATH,
    "opml_path": OPML_PATH,
    "say_count": say_count,
    "say_day": say_day,
    "say_moment": say_moment,
}


def render_assets() -> dict[str, bytes]:
    """The files that all pages need, by path in the output folder. An older style has another name: the
    caller may remove files named `style-*.css` that are not among these."""
    return {STYLE_PATH: _STYLE, ICON_PATH: _ICON}


def render_front(front: FrontPage) -> bytes:
    """The front page: all topics, how to have everything, the newest entries. UTF-8."""
    site = front.site
    names = {card.topic.slug: card.topic.name for card in front.topics}
    return _render(
        "front.html",
        root="",
        site_title=one_line(site.title) or "News",
        title=one_line(site.title) or "News",
        description=one_line(site.description),
        language=language_tag(site.language),
        canonical=page_url(site, ALL),
        opml_url=site.base_url + OPML_PATH,
        expectation=say_expectation(front.statistics),
        statistics=front.statistics,
        days=chart_days(front.statistics),
        qualities=chart_qualities(front.statistics, front.levels),
        feeds=view_levels(site, ALL, front.levels, front.statistics, ""),
        entries=[
            view_entry(
                entry,
                levels=front.levels,
                names=names,
                own=None,
                root="",
                language=language_tag(site.language),
            )
            for entry in front.entries[:MOST_ENTRIES]
        ],
        cards=view_cards(front.topics, ""),
        held=view_held(front.held),
    )


def render_topic(page: TopicPage) -> bytes:
    """A topic's page: its newest entries, what to expect, its feeds. UTF-8."""
    site, topic, root = page.site, page.topic, "../../"
    name = one_line(topic.name) or topic.slug
    language = language_tag(topic.language or site.language)
    parent = page.parent
    return _render(
        "topic.html",
        root=root,
        site_title=one_line(site.title) or "News",
        title=name,
        description=one_line(topic.description),
        language=language,
        canonical=page_url(site, topic.slug),
        parent=(one_line(parent.name) or parent.slug, topic_href(parent.slug, root)) if parent else None,
        expectation=say_expectation(page.statistics),
        statistics=page.statistics,
        days=chart_days(page.statistics),
        qualities=chart_qualities(page.statistics, page.levels),
        feeds=view_levels(site, topic.slug, page.levels, page.statistics, root),
        entries=[
            view_entry(
                entry, levels=page.levels, names=page.names, own=topic.slug, root=root, language=language
            )
            for entry in page.entries[:MOST_ENTRIES]
        ],
        cards=view_cards(page.children, root),
        held=view_held(page.held),
    )


def render_digest(page: DigestPage) -> bytes:
    """The page to which a digest's "+N more" leads: all its stories. UTF-8."""
    site, root = page.site, "../../"
    language = language_tag(site.language)
    return _render(
        "digest.html",
        root=root,
        site_title=one_line(site.title) or "News",
        title=say_count(len(page.entries), "story", "stories"),
        moment=say_moment(page.created),
        iso=page.created.strftime("%Y-%m-%dT%H:%M:%SZ"),
        description="",
        expectation="",
        language=language,
        canonical=digest_url(site, page.id),
        feeds=(),
        entries=[
            view_entry(entry, levels=page.levels, names=page.names, own=None, root=root, language=language)
            for entry in page.entries
        ],
    )


def _render(template: str, **shown: object) -> bytes:
    return _ENVIRONMENT.get_template(template).render(**shown).encode()
