"""What the three formats demand, checked independently of the code that writes them.

Each function returns what is wrong, in words; an empty list means valid.
"""

from __future__ import annotations

import json
import re
from email.utils import parsedate_to_datetime
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # its stubs are a package of their own
from lxml import etree

SCHEMAS = Path(__file__).parent / "schemas"
_ATOM = "{http://www.w3.org/2005/Atom}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
_MEDIA = "{http://search.yahoo.com/mrss/}"
_ADDRESS = re.compile(r"https?://[!-~]+")
_RFC822 = re.compile(
    r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z][a-z] \d{4} \d\d:\d\d:\d\d ([+-]\d{4}|GMT)"
)
_CHANNEL = {
    "title", "link", "description", "language", "copyright", "managingEditor", "webMaster", "pubDate",
    "lastBuildDate", "category", "generator", "docs", "cloud", "ttl", "image", "rating", "textInput",
    "skipHours", "skipDays", "item",
}  # fmt: skip
_ITEM = {
    "title", "link", "description", "author", "category", "comments", "enclosure", "guid", "pubDate",
    "source",
}  # fmt: skip


def parse_xml(data: bytes) -> etree._Element:
    return etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True))


def check_atom(data: bytes) -> list[str]:
    """RFC 4287: its grammar, and what its prose adds."""
    document = parse_xml(data)
    grammar = _atom_grammar()
    wrong = [] if grammar.validate(document) else [str(error) for error in grammar.error_log]
    wrong += _unique([entry.findtext(f"{_ATOM}id") for entry in document.iterfind(f"{_ATOM}entry")])
    rels = [link.get("rel", "alternate") for link in document.iterfind(f"{_ATOM}link")]
    wrong += [f"{rel} links: {rels.count(rel)}" for rel in ("self", "alternate") if rels.count(rel) != 1]
    newest = max(
        (e.findtext(f"{_ATOM}updated") or "" for e in document.iterfind(f"{_ATOM}entry")), default=""
    )
    if newest > (document.findtext(f"{_ATOM}updated") or ""):
        wrong.append(f"the feed is older than its newest entry: {newest}")
    for entry in document.iterfind(f"{_ATOM}entry"):
        alternates = [a for a in entry.iterfind(f"{_ATOM}link") if a.get("rel", "alternate") == "alternate"]
        wrong += [] if len(alternates) == 1 else [f"alternate links of an entry: {len(alternates)}"]
        wrong += [] if entry.findtext(f"{_ATOM}title") else ["an entry without a title"]
    wrong += [] if document.find(f"{_ATOM}author") is not None else ["no author"]
    return wrong + _addresses(document) + _characters(data)


def check_rss(data: bytes) -> list[str]:
    """The RSS 2.0 specification and the RSS Advisory Board's profile (https://www.rssboard.org/rss-profile)."""
    rss = parse_xml(data)
    channel = rss.find("channel")
    if rss.tag != "rss" or rss.get("version") != "2.0" or channel is None or len(rss) != 1:
        return ["it is not rss 2.0 with one channel"]
    wrong = _elements(channel, _CHANNEL, once=_CHANNEL - {"category", "item"})
    wrong += [
        f"channel without {name}" for name in ("title", "link", "description") if not channel.findtext(name)
    ]
    selves = [link for link in channel.iterfind(f"{_ATOM}link") if link.get("rel") == "self"]
    wrong += [] if len(selves) == 1 else [f"self links: {len(selves)}"]
    wrong += _dates(channel, "lastBuildDate")
    wrong += _unique([item.findtext("guid") for item in channel.iterfind("item")])
    for item in channel.iterfind("item"):
        wrong += _check_item(item)
    return wrong + _addresses(rss) + _characters(data) + _plain_references(rss, data)


def _check_item(item: etree._Element) -> list[str]:
    wrong = _elements(item, _ITEM, once=_ITEM - {"category"})
    if not item.findtext("title") and not item.findtext("description"):
        wrong.append("an item with neither title nor description")
    if item.find("author") is not None and item.find(f"{_DC}creator") is not None:
        wrong.append("author and dc:creator say the same")
    guid = item.find("guid")
    if guid is None or guid.get("isPermaLink") not in ("true", "false"):
        wrong.append("guid without isPermaLink")
    elif (guid.get("isPermaLink") == "true") != (guid.text == item.findtext("link")):
        wrong.append(f"isPermaLink does not tell the truth: {guid.text}")
    tags = [child.tag for child in item]
    if _CONTENT in tags and "description" in tags and tags.index(_CONTENT) < tags.index("description"):
        wrong.append("content:encoded before description")
    for enclosure in item.iterfind("enclosure"):
        if not (enclosure.get("length") or "").isdigit() or not enclosure.get("type"):
            wrong.append("enclosure without length and type")
    wrong += [
        f"{p.tag} without url"
        for p in item.iter(f"{_MEDIA}content", f"{_MEDIA}thumbnail")
        if not p.get("url")
    ]
    return wrong + _dates(item, "pubDate")


def check_json(data: bytes) -> list[str]:
    """JSON Feed 1.1: the schema, and distinct ids."""
    document = json.loads(data.decode("utf-8"))
    wrong = [error.message for error in _json_schema().iter_errors(document)]
    return wrong + _unique([item.get("id") for item in document["items"]])


def check_opml(data: bytes) -> list[str]:
    """OPML 2.0, section by section (http://opml.org/spec2.opml)."""
    opml = parse_xml(data)
    wrong = [] if opml.tag == "opml" and opml.get("version") == "2.0" else ["it is not opml 2.0"]
    wrong += [] if [child.tag for child in opml] == ["head", "body"] else ["not one head and one body"]
    wrong += [f"head has {child.tag}" for child in opml[0] if child.tag != "title"]
    wrong += [] if opml.find("body/outline") is not None else ["an empty body"]
    for outline in opml.iter("outline"):
        if not outline.get("text"):
            wrong.append("outline without text")
        if outline.get("type") == "rss":
            wrong += [f"no {name}" for name in ("xmlUrl", "htmlUrl", "title") if not outline.get(name)]
        elif set(outline.keys()) != {"text"} or len(outline) == 0:
            wrong.append(f"a group with {outline.keys()} and {len(outline)} outlines")
    return wrong + _addresses(opml)


@cache
def _atom_grammar() -> etree.RelaxNG:
    return etree.RelaxNG(etree.parse(str(SCHEMAS / "atom.rng")))


@cache
def _json_schema() -> Any:
    schema = json.loads((SCHEMAS / "jsonfeed-1.1.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def _unique(ids: list[str | None]) -> list[str]:
    return [f"id {guid!r} is not unique or empty" for guid in ids if not guid or ids.count(guid) > 1]


def _elements(parent: etree._Element, allowed: set[str], *, once: set[str]) -> list[str]:
    tags = [str(child.tag) for child in parent]
    unknown = [f"unknown element {tag}" for tag in tags if not tag.startswith("{") and tag not in allowed]
    return unknown + [f"{tag} {tags.count(tag)} times" for tag in once if tags.count(tag) > 1]


def _dates(parent: etree._Element, tag: str) -> list[str]:
    text = parent.findtext(tag)
    if text is None:
        return []
    good = _RFC822.fullmatch(text) and parsedate_to_datetime(text).strftime("%a") == text[:3]
    return [] if good else [f"{tag} is no RFC 822 date: {text}"]


def _addresses(document: etree._Element) -> list[str]:
    """All links are absolute, http(s), and URIs rather than IRIs."""
    places = [
        (element, element.get(name))
        for element in document.iter("*")
        for name in ("href", "url", "xmlUrl", "htmlUrl", "domain", "scheme")
        if element.get(name) is not None
    ]
    places += [
        (element, element.text) for element in document.iter("link", "uri", f"{_ATOM}uri") if element.text
    ]
    return [f"{element.tag}: {text!r}" for element, text in places if not _ADDRESS.fullmatch(text or "")]


def _characters(data: bytes) -> list[str]:
    bad = re.findall("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]", data.decode("utf-8"))
    return [f"characters that validators warn of: {bad!r}"] if bad else []


def _plain_references(rss: etree._Element, data: bytes) -> list[str]:
    """Plain-text elements write `&` and `<` as hexadecimal references."""
    text = data.decode("utf-8")
    named = re.findall(r"<(title|category|dc:creator)(?: [^>]*)?>[^<]*&(?:amp|lt);", text)
    return [f"{name} with a named reference" for name in named]
