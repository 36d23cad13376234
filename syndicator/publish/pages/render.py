"""The pages as bytes, from Jinja2 templates that escape whatever they are given (pure).

The same page gives the same bytes: no clock, no version, no random value.
"""

from __future__ import annotations

from datetime import UTC

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from syndicator.models import Format, number
from syndicator.publish.addresses import MEDIA_TYPES, OPML_PATH, feed_path
from syndicator.publish.pages.assets import ICON_PATH, STYLE_PATH
from syndicator.publish.pages.charts import chart_days, chart_qualities, draw_small
from syndicator.publish.pages.page import Page
from syndicator.publish.pages.statistics import local, say_day, say_expectation, say_moment
from syndicator.text import language_tag, say_count, shorten
from syndicator.urls import other_host


def mark_code(text: str) -> Markup:
    """The text escaped, with what stands between backticks as code."""
    parts = text.split("`")
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if at % 2 else escape(part) for at, part in enumerate(parts)
    )


def templates(package: str) -> Environment:
    """The package's templates, which escape all that they are given."""
    made = Environment(
        loader=PackageLoader(package),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["mark_code"] = mark_code
    return made


def templates_beside(package: str) -> Environment:
    """The package's templates, which may use the pages' own, such as `parts.html`."""
    loaders = (PackageLoader(package), PackageLoader("syndicator.publish.pages"))
    return _ENVIRONMENT.overlay(loader=ChoiceLoader(loaders))


_ENVIRONMENT = templates("syndicator.publish.pages")
_ENVIRONMENT.filters |= {
    "cut": shorten,
    "day": say_day,
    "expected": say_expectation,
    "iso": lambda moment: f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
    "local": local,
    "moment": say_moment,
    "number": number,
    "small": draw_small,
    "tag": language_tag,
}
_ENVIRONMENT.globals |= {
    "chart_days": chart_days,
    "chart_qualities": chart_qualities,
    "feed_path": feed_path,
    "formats": [(Format.RSS, "RSS"), (Format.ATOM, "Atom"), (Format.JSON, "JSON Feed")],
    "icon_path": ICON_PATH,
    "media_types": MEDIA_TYPES,
    "opml_path": OPML_PATH,
    "other_host": other_host,
    "say_count": say_count,
    "style_path": STYLE_PATH,
}


def render_page(page: Page) -> bytes:
    """A topic's page, the front page or a digest's. UTF-8."""
    name = "digest.html" if page.digest else "topic.html" if page.topic else "front.html"
    template = _ENVIRONMENT.get_template(name)
    return template.render(page=page, root=page.root, language=page.language).encode()
