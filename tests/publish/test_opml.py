from __future__ import annotations

from syndicator.models import DeclaredTopic, Topic
from syndicator.publish.opml import DEEPEST, render_opml
from syndicator.publish.topics import build_index
from syndicator.settings.models import Site
from tests.publish.articles import SITE
from tests.publish.validators import check_opml, parse_xml


def catalogue_of(*declared: DeclaredTopic) -> tuple[Topic, ...]:
    return tuple(build_index(declared, [], []).index.topics.values())


def test_every_feed_stands_under_its_parent() -> None:
    declared = [
        DeclaredTopic(name="Cloud"),
        DeclaredTopic(name="Azure", parent="Cloud"),
        DeclaredTopic(name="Cooking"),
    ]
    opml = parse_xml(render_opml(SITE, catalogue_of(*declared), levels=("top",)))
    feeds = {
        outline.get("text"): (
            outline.get("xmlUrl"),
            [a.get("text") for a in outline.iterancestors("outline")],
        )
        for outline in opml.iter("outline")
        if outline.get("type") == "rss"
    }
    base = "https://feeds.example.org/feeds/"
    assert feeds == {
        "Cloud News": (f"{base}all/atom.xml", []),
        "Cloud News (top)": (f"{base}all/top/atom.xml", []),
        "Cloud": (f"{base}cloud/atom.xml", ["Cloud"]),
        "Cloud (top)": (f"{base}cloud/top/atom.xml", ["Cloud"]),
        "Azure": (f"{base}azure/atom.xml", ["Cloud"]),
        "Azure (top)": (f"{base}azure/top/atom.xml", ["Cloud"]),
        "Cooking": (f"{base}cooking/atom.xml", []),
        "Cooking (top)": (f"{base}cooking/top/atom.xml", []),
    }


def test_ten_thousand_topics_are_listed() -> None:
    declared = [DeclaredTopic(name=f"Topic {number}") for number in range(10_000)]
    data = render_opml(SITE, catalogue_of(*declared))
    assert check_opml(data) == []
    assert data.count(b'type="rss"') == 10_001


def test_endless_chain_of_parents_nests_only_so_deep() -> None:
    declared = [DeclaredTopic(name=f"T{n}", parent=f"T{n - 1}" if n else None) for n in range(1_000)]
    data = render_opml(SITE, catalogue_of(*declared))
    assert check_opml(data) == []
    assert data.count(b'type="rss"') == 1_001
    depths = [len(list(outline.iterancestors("outline"))) for outline in parse_xml(data).iter("outline")]
    assert max(depths) == DEEPEST


def test_site_without_topics_or_title_has_one_feed() -> None:
    data = render_opml(Site(title=" ", base_url="https://feeds.example.org/"), catalogue_of())
    assert check_opml(data) == []
    assert data.count(b"<outline ") == 1
