"""Articles for tests, in the form of real ones; a test names only what it is about."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

from syndicator.models import Article
from syndicator.parse.article import parse_article
from syndicator.settings.models import Source

HERE = Path()
RULES = Source(name="news", path=HERE)
JEKYLL = Source(name="blog", path=HERE, profile="jekyll", base_url="https://blog.example/")
HUGO = Source(name="site", path=HERE, profile="hugo", base_url="https://site.example/sub/")
BERLIN = ZoneInfo("Europe/Berlin")

KEYS = {
    "category": "news",
    "title": '"Harbour town opens its first tidal power station"',
    "excerpt": '"Two turbines below the old pier feed 900 homes, and the fish do not seem to mind."',
    "publishedDateTime": "2024-05-06T07:08:09Z",
    "originalUrl": '"https://daily.example/2024/05/06/tidal-power/"',
    "webUrl": '"https://daily.example/2024/05/06/tidal-power/"',
    "type": "article",
    "quality": "93",
    "heat": "-1",
    "published": "true",
    "provider": "\n  name: The Daily Example\n  domain: daily.example\n  images:\n"
    '    - url: "https://img.example/daily-50x50.jpg"\n      width: 50\n      height: 50',
    "topics": "\n  - Energy\n  - Harbours",
    "images": '\n  - url: "https://img.example/pier.jpg?a=1&#038;b=2"\n    width: 1200\n    height: 630\n'
    "    isCached: true",
    "related": '\n  - title: "Tides &amp; turbines"\n    publishedDateTime: 2024-05-05T10:00:00Z\n'
    '    webUrl: "https://weekly.example/tides?utm_source=x"\n'
    "    provider:\n      name: Weekly\n    quality: 71",
    "secured": '"b3BhcXVlIGFuZCBub2JvZHkncyBidXNpbmVzcw==;c2FsdA=="',
}


def written(body: str = "", /, **changes: str | None) -> str:
    """An article file as text; a change of None leaves the key out, others stand as raw YAML."""
    keys = {**KEYS, **changes}
    lines = "".join(f"{key}: {value}\n" for key, value in keys.items() if value is not None)
    return f"---\n{lines}---\n{body}"


def read(text: str | bytes, *, rules: Source = RULES, path: str = "2024-05-06-tidal-power.md") -> Article:
    """The article in `text`; fails where it is none."""
    article = parse_article(text.encode() if isinstance(text, str) else text, source=rules, path=path)
    assert article is not None
    return article


def reread(body: str = "", /, **changes: str | None) -> Article:
    """The article with some keys changed."""
    return read(written(body, **changes))
