"""Who an article is: its guid, the link it is compared by, its story, and the revision of what is seen of it.

Every rule here is for ever: another guid or revision for the same article would show old entries as new.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from functools import lru_cache
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit
from uuid import UUID, uuid5

from syndicator.models import Article

GUIDS = UUID("5a3f2c0e-7d14-5b7e-9c55-3f0d1f6d2a01")
STORIES = UUID("5a3f2c0e-7d14-5b7e-9c55-3f0d1f6d2a02")

_TRACKING = re.compile(
    r"utm_.*|fbclid|gclid|gclsrc|dclid|gbraid|wbraid|msclkid|twclid|ttclid|yclid|igshid|igsh|li_fat_id|srsltid"
    r"|mc_cid|mc_eid|mkt_tok|_hsenc|_hsmi|__hssc|__hstc|__hsfp|hsctatracking|vero_id|vero_conv|oly_anon_id"
    r"|oly_enc_id|wt_mc|wickedid|_openstat|_ga|_gl",
    re.IGNORECASE,
)
_PLAIN = re.compile(r"https?://[a-z0-9-]+(?:\.[a-z0-9-]+)*(?:/[A-Za-z0-9/_-]*)?")
_PORTS = {"http": ":80", "https": ":443"}


@lru_cache(maxsize=1_000)  # asked twice for each file of a batch: whether it is taken, and to take it
def mint_guid(source: str, path: str, salt: int = 0) -> str:
    """The guid of the file at `path` in `source`, as `urn:uuid:…`; `salt` counts up where it is taken."""
    name = f"{source}\n{path}\n{salt}" if salt else f"{source}\n{path}"
    return f"urn:uuid:{uuid5(GUIDS, _encodable(name))}"


def story_id(first: str) -> str:
    """The story of entries with this canonical link; that of an entry apart, by its guid."""
    return str(uuid5(STORIES, _encodable(first)))


def canonical_link(link: str) -> str:
    """`link` as it is compared, never shown: the same for addresses that lead to the same page.

    Scheme and host in lower case; default port, fragment, tracking parameters and trailing slashes dropped;
    query sorted; escapes written one way. Applied twice it changes nothing.
    """
    if _PLAIN.fullmatch(link):
        return link.rstrip("/")
    from w3lib.url import canonicalize_url  # takes a while to load, and most links are plain

    parts = urlsplit(link)
    query = [(k, v) for k, v in parse_qsl(parts.query, keep_blank_values=True) if not _TRACKING.fullmatch(k)]
    clean = urlunsplit((parts.scheme, parts.netloc, parts.path, urlencode(query), ""))
    parts = urlsplit(str(canonicalize_url(clean)))
    host = parts.netloc.removesuffix(_PORTS.get(parts.scheme, ":")).removesuffix(".")
    return urlunsplit((parts.scheme, host, parts.path.rstrip("/"), parts.query, ""))


def revision(article: Article, *, summary: str, body: str) -> str:
    """A hash over what a subscriber can see of the article itself, 32 hexadecimal digits.

    `summary` is the article's own, not one made from the body; `body` is its Markdown and embedded HTML, not
    the rendered HTML, so that another release of the renderer changes no revision; white space in it does
    not count. Images are their addresses, in order; topics count as a set, without regard to case.
    Tracking parameters of the link, `quality`, `heat`, flags, `related` and the publisher's logo are not in.
    """
    provider = article.provider
    seen = {
        "title": article.title,
        "summary": summary,
        "body": " ".join(body.split()),
        "link": article.canonical_link,
        "published": int(article.published.timestamp()),
        "images": [image.url for image in article.images],
        "provider": [provider.name, provider.domain] if provider else None,
        "authors": list(article.authors),
        "topics": sorted(topic.casefold() for topic in article.topics),
        "type": article.type,
        "language": article.language,
    }
    text = unicodedata.normalize("NFC", json.dumps(seen, ensure_ascii=False, separators=(",", ":")))
    return hashlib.sha256(_encodable(text).encode()).hexdigest()[:32]


def _encodable(text: str) -> str:
    """`text` with lone surrogates (of a file name that is not UTF-8) written out: UTF-8 cannot hold them."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
