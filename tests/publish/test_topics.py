from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from syndicator.models import DeclaredTopic, Topic
from syndicator.publish.slugs import LONGEST, RESERVED, free_slug, is_slug, make_slug
from syndicator.publish.topics import TopicIndex, build_index
from syndicator.text import fold

NAMES = st.one_of(
    st.text(max_size=30),
    st.text(alphabet=st.characters(codec=None), max_size=8),
    st.sampled_from(
        ["C++", "C#", "C", "C plus plus", ".NET", "net", "dot net", "AI", "ai", "A.I.", "All", "日本語"]
    ),
)


def topic(name: str, slug: str | None = None, **changes: object) -> DeclaredTopic:
    fields = {"path": f"topics/{name}.yaml", "source": "cloud", **changes}
    return DeclaredTopic(name=name, slug=slug, **fields)  # type: ignore[arg-type]  # fields of DeclaredTopic


def catalogue_of(
    *declared: DeclaredTopic, names: Sequence[str] = (), known: Sequence[Topic] = ()
) -> TopicIndex:
    return build_index(declared, names, known).index


def problems_of(*declared: DeclaredTopic) -> list[str]:
    return [str(problem) for problem in build_index(declared, [], []).problems]


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("C++", "c-plus-plus"),
        ("C#", "c-sharp"),
        ("F#", "f-sharp"),
        (".NET", "dot-net"),
        ("ASP.NET", "asp-net"),
        ("Using .NET", "using-dot-net"),
        ("Node.js", "node-js"),
        ("日本語", "ri-ben-yu"),
        ("R&D", "r-and-d"),
        ("AT&T", "at-and-t"),
        ("Größe", "grosse"),
        ("Power  Apps", "power-apps"),
        ("../../etc/passwd", "etc-passwd"),
        ("All", "all-topic"),
        ("con", "con-topic"),
        ("x" * 300, "x" * LONGEST),
    ],
)
def test_name_gets_a_slug_that_tells_it_apart(name: str, slug: str) -> None:
    assert make_slug(name) == slug


@given(NAMES)
def test_any_name_gets_a_safe_slug(name: str) -> None:
    slug = make_slug(name)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug)
    assert is_slug(slug)
    assert len(slug) <= LONGEST
    assert slug not in RESERVED


@given(NAMES)
def test_spellings_of_one_name_have_one_key_and_slug(name: str) -> None:
    for spelling in (name.upper(), f"  {name}\u00a0", name.replace(" ", "\t")):
        if fold(spelling) == fold(name):
            assert make_slug(spelling) == make_slug(name)
    assert fold(fold(name)) == fold(name)


def test_names_match_without_case_blanks_and_width() -> None:
    assert fold(" Power\u00a0\u2003APPS ") == fold("ｐower apps") == "power apps"


def test_declared_topic_is_found_by_name_alias_and_slug() -> None:
    index = catalogue_of(topic("Power Apps", "powerapps", aliases=("PA", "power platform apps")))
    assert [index.find(n) for n in ("power apps", "pa", "POWERAPPS", "power-apps", "power")] == [
        "powerapps",
        "powerapps",
        "powerapps",
        "powerapps",
        None,
    ]


def test_alias_is_no_text_search() -> None:
    assert catalogue_of(topic("Azure", aliases=("cloud",))).find("cloud native") is None


def test_topic_of_articles_alone_shows_its_commonest_spelling() -> None:
    index = catalogue_of(names=["power apps", "Power Apps", "Power Apps", "AI", "Ai"])
    assert {slug: found.name for slug, found in index.topics.items()} == {
        "power-apps": "Power Apps",
        "ai": "AI",
    }


def test_articles_of_child_stand_in_parents_where_they_roll_up() -> None:
    index = catalogue_of(
        topic("Cloud"), topic("Azure", parent="cloud"), topic("Azure AI", parent="Azure"), names=["Cooking"]
    )
    assert index.slugs_of(["azure ai", "Cooking", "Azure AI"], roll_up=False) == ("azure-ai", "cooking")
    assert index.slugs_of(["azure ai", "Cooking"], roll_up=True) == (
        "azure-ai",
        "cooking",
        "azure",
        "cloud",
    )
    assert [*index.children("cloud")] == ["azure"]
    assert [*index.children("cooking")] == []
    assert index.ancestors("azure-ai") == ("azure", "cloud")


def test_two_names_with_one_slug_get_two() -> None:
    index = catalogue_of(names=["C++", "C plus plus", "c PLUS plus"])
    assert sorted(index.topics) == ["c-plus-plus", f"c-plus-plus-{hash_of('c++')}"]
    assert index.find("c++") != index.find("c plus plus")


def hash_of(key: str) -> str:
    return sha256(key.encode()).hexdigest()[:6]


def test_taken_hash_gets_longer() -> None:
    taken = {"c", f"c-{hash_of('c++')}"}
    slug = free_slug("c", "c++", taken)
    assert slug.startswith(f"c-{hash_of('c++')}")
    assert slug not in taken
    assert len(free_slug("x" * LONGEST, "x", {"x" * LONGEST})) <= LONGEST


def test_slug_once_given_stays() -> None:
    first = catalogue_of(names=["C++"])
    later = build_index([], ["C plus plus", "C++"], list(first.topics.values()))
    assert later.index.find("C++") == "c-plus-plus"
    assert later.index.find("C plus plus") != "c-plus-plus"
    assert later.renamed == {}


def test_slug_of_a_gone_topic_is_not_given_to_another() -> None:
    gone = list(catalogue_of(names=["C++"]).topics.values())
    assert catalogue_of(names=["C plus plus"], known=gone).find("c plus plus") != "c-plus-plus"
    assert catalogue_of(names=["c++"], known=gone).find("C++") == "c-plus-plus"


def test_retired_slug_is_not_given_to_another() -> None:
    retired = [Topic(slug="azure", name="MS Azure")]
    assert build_index([], ["Azure"], [], retired=retired).index.find("azure") == f"azure-{hash_of('azure')}"
    assert build_index([], ["ms azure"], [], retired=retired).index.find("MS Azure") == "azure"


def test_topics_that_become_one_by_its_aliases_lead_to_it() -> None:
    known = list(catalogue_of(topic("Sea"), names=["Lake", "Pond"]).topics.values())
    water = topic("Water", "water", aliases=("Sea", "Lake"))
    assert build_index([water], ["Sea", "Lake"], known).renamed == {"sea": "water", "lake": "water"}
    sea = topic("Sea", aliases=("Lake",))
    assert build_index([sea], ["Sea", "Lake"], known).renamed == {"lake": "sea"}
    lake, *others = known
    pond = topic("Pond", aliases=("Lake",))
    moved_on = build_index([pond], ["Sea", "Lake"], others, retired=[lake]).renamed
    assert moved_on == {"lake": "pond"}, "not where it led before"


def test_file_that_gives_another_slug_renames() -> None:
    known = list(catalogue_of(names=["Azure", "AI"]).topics.values())
    result = build_index([topic("Azure", "ms-azure")], ["AI", "azure"], known)
    assert result.renamed == {"azure": "ms-azure"}
    assert result.index.find("azure") == "ms-azure"
    assert sorted(result.index.topics) == ["ai", "ms-azure"]


def test_file_that_gives_another_name_and_keeps_the_old_as_alias_keeps_the_slug() -> None:
    known = list(catalogue_of(topic("Azure")).topics.values())
    result = build_index([topic("Microsoft Azure", aliases=("Azure",))], ["azure"], known)
    assert result.index.find("Microsoft Azure") == "azure"
    assert result.index.find("Azure") == "azure"
    assert result.renamed == {}


def test_slug_that_a_file_claims_goes_to_its_topic() -> None:
    known = list(catalogue_of(names=["C++", "Seeing"]).topics.values())
    result = build_index([topic("Seeing", "c-plus-plus")], ["C++"], known)
    assert result.index.find("Seeing") == "c-plus-plus"
    assert result.index.find("C++") == f"c-plus-plus-{hash_of('c++')}"
    assert result.renamed == {"seeing": "c-plus-plus"}


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        pytest.param(
            [topic("Azure", path="a.yaml"), topic("AZURE", path="b.yaml")],
            "b.yaml:1:1: a.yaml is already called Azure; the two are taken as one topic. Join",
            id="one name twice",
        ),
        pytest.param(
            [topic("Azure", "x", source="one"), topic("azure", "y", source="two", path="b.yaml")],
            "b.yaml:1:1: topics/Azure.yaml gives Azure the slug x, this one y; the first holds. Give both",
            id="two sources, two slugs",
        ),
        pytest.param(
            [topic("Azure", "cloud"), topic("Cloud", "cloud")],
            "topics/Cloud.yaml:1:1: the slug cloud belongs to Azure (topics/Azure.yaml). Give it a slug",
            id="one slug twice",
        ),
        pytest.param(
            [topic("Azure", aliases=("AI",)), topic("AI")],
            "topics/Azure.yaml:1:1: the alias 'ai' belongs to AI (topics/AI.yaml). Remove it",
            id="alias is another's name",
        ),
        pytest.param(
            [topic("Azure", aliases=("cloud",)), topic("Bing", aliases=("Cloud",))],
            "topics/Bing.yaml:1:1: the alias 'cloud' belongs to Azure (topics/Azure.yaml). Remove it",
            id="alias twice",
        ),
        pytest.param(
            [topic("Azure", parent="Cloud")],
            "topics/Azure.yaml:1:1: the parent 'Cloud' is no topic. Add a topic file for it",
            id="unknown parent",
        ),
        pytest.param(
            [topic("Azure", parent="azure")],
            "topics/Azure.yaml:1:1: Azure stands below itself: its parent azure leads back to it. Remove",
            id="own parent",
        ),
        pytest.param(
            [topic("Azure", "../up")],
            "topics/Azure.yaml:1:1: '../up' cannot be a slug; up is used. Write up, or another",
            id="slug that is a path",
        ),
        pytest.param(
            [topic("Azure", "all")],
            "topics/Azure.yaml:1:1: 'all' cannot be a slug; all-topic is used. Write all-topic",
            id="reserved slug",
        ),
        pytest.param(
            [replace(topic("Azure"), language="jp")],
            "topics/Azure.yaml:1:1: 'jp' is not a language; the site's is used. Write one like en",
            id="a country for a language",
        ),
    ],
)
def test_contradiction_is_a_problem_with_a_cure(declared: list[DeclaredTopic], expected: str) -> None:
    for order in (declared, declared[::-1]):
        (problem,) = problems_of(*order)
        assert problem.startswith(expected)


def test_circle_of_parents_is_cut_and_each_of_it_is_told() -> None:
    declared = [
        topic("A", parent="B"),
        topic("B", parent="C"),
        topic("C", parent="A"),
        topic("D", parent="A"),
    ]
    result = build_index(declared, [], [])
    assert [problem.path for problem in result.problems] == [
        "topics/A.yaml",
        "topics/B.yaml",
        "topics/C.yaml",
    ]
    assert {slug: found.parent for slug, found in result.index.topics.items()} == {
        "a": None,
        "b": None,
        "c": None,
        "d": "a",
    }


def test_two_sources_that_agree_on_a_topic_are_no_problem() -> None:
    declared = [
        topic("Azure", "azure", source="one", aliases=("a",)),
        topic("Azure", "azure", source="two", aliases=("b",), description="The cloud", language="en"),
    ]
    result = build_index(declared, [], [])
    assert result.problems == ()
    found = result.index.topics["azure"]
    assert (found.description, found.language, sorted(found.names)) == (
        "The cloud",
        "en",
        ["a", "azure", "b"],
    )


DECLARED = st.builds(
    topic,
    NAMES.filter(fold),
    st.none() | st.sampled_from(["azure", "ai", "all", "../x", "C++"]),
    parent=st.none() | NAMES,
    aliases=st.lists(NAMES, max_size=3).map(tuple),
    source=st.sampled_from(["one", "two"]),
    path=st.sampled_from(["a.yaml", "b.yaml", "c.yaml"]),
)


@example(declared=[], names=["\x80\u200c\u2000", "\x80\u200c²"], before=[], seed=random.Random(0))
@given(
    declared=st.lists(DECLARED, max_size=6),
    names=st.lists(NAMES, max_size=8),
    before=st.lists(NAMES, max_size=5),
    seed=st.randoms(use_true_random=False),
)
def test_any_topics_give_one_sound_catalogue_in_any_order(
    declared: list[DeclaredTopic], names: list[str], before: list[str], seed: random.Random
) -> None:
    known = list(catalogue_of(names=before).topics.values())
    result = build_index(declared, names, known)
    index = result.index
    assert all(is_slug(slug) and found.slug == slug for slug, found in index.topics.items())
    for name in names:
        assert not fold(name) or index.find(name) in index.topics
    for slug, found in index.topics.items():
        assert found.parent is None or found.parent in index.topics
        assert slug not in index.ancestors(slug)
        assert all(index.find(key) == slug for key in found.names)
    assert all(old not in index.topics and new in index.topics for old, new in result.renamed.items())
    assert all(problem.fix for problem in result.problems)
    again = build_index(
        seed.sample(declared, len(declared)), seed.sample(names, len(names)), seed.sample(known, len(known))
    )
    assert again == result
    settled = build_index(declared, names, list(index.topics.values()))
    assert settled.index == index
    assert settled.renamed == {}


def test_ten_thousand_topics_are_catalogued_in_seconds() -> None:
    names = [f"Topic {number}" for number in range(10_000)]
    declared = [topic(f"Topic {number}", parent="Topic 0") for number in range(1, 2_000)]
    index = catalogue_of(*declared, names=names)
    assert len(index.topics) == 10_000
    assert len(index.children("topic-0")) == 1_999
