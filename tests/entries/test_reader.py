"""Files read by processes of their own: the same articles, and what is none is left to who asked."""

from __future__ import annotations

import io
import json
import os
import signal
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from syndicator.entries import reader
from syndicator.entries.match import ScannedFile
from syndicator.entries.reader import answer, asked, digest_of, read_elsewhere
from syndicator.parse.article import parse_article
from syndicator.settings.models import Source
from syndicator.settings.types import Field, Tool
from syndicator.store.types import Stamp
from syndicator.watch.types import stamp

TEXT = "---\ntitle: Über {}\nwebUrl: https://a.example/{}\npublishedDateTime: 2024-01-02\n---\n{}"


@pytest.fixture
def source(tmp_path: Path) -> Source:
    return Source(name="news", path=tmp_path)


def written(source: Source, count: int, body: str = "*Text*") -> list[tuple[str, Stamp]]:
    for number in range(count):
        (source.path / f"{number}.md").write_text(TEXT.format(number, number, body), encoding="utf-8")
    return [(f"{number}.md", stamp((source.path / f"{number}.md").stat())) for number in range(count)]


def told(source: Source, files: list[tuple[str, Stamp]]) -> list[str | None]:
    """The paths that a process of its own answers, without one."""
    request = [json.dumps(one).encode() for one in (source.model_dump(mode="json"), *files)]
    answers = io.BytesIO()
    answer(request, answers)
    return [one and one[1]["path"] for one in map(json.loads, answers.getvalue().splitlines())]


def test_articles_read_elsewhere_are_those_read_here(source: Source) -> None:
    files = written(source, 6)
    with asked(source, files) as answers:
        found = list(answers)
    for (path, at), one in zip(files, found, strict=True):
        data = (source.path / path).read_bytes()
        article = parse_article(data, source=source, path=path)
        assert one == ScannedFile(path=path, stamp=at, digest=digest_of(data), article=article)
    assert told(source, files) == [path for path, _ in files]


def test_process_of_its_own_knows_the_source_as_it_is(tmp_path: Path) -> None:
    source = Source(
        name="blog",
        path=tmp_path / "$HOME ~ü",
        profile=Tool.JEKYLL,
        fields={Field.TITLE: ("headline", "title")},
        unpublished="include",
        topics=("topics/*.md",),
        base_url="https://notes.example/",
        permalink="pretty",
        time_zone="Europe/Berlin",
    )
    assert Source.model_validate(json.loads(json.dumps(source.model_dump(mode="json")))) == source


def test_what_is_no_article_is_left_to_who_asked(source: Source) -> None:
    good, bad, changed, gone, link = written(source, 5)
    (source.path / bad[0]).write_text("---\ntitle: [\n---\n", encoding="utf-8")
    (source.path / changed[0]).write_text("---\nother: 1\n---\n", encoding="utf-8")
    (source.path / gone[0]).unlink()
    (source.path / link[0]).unlink()
    (source.path / link[0]).symlink_to(source.path / good[0])
    bad = (bad[0], stamp((source.path / bad[0]).stat()))
    assert told(source, [bad, changed, good, gone, link]) == [None, None, good[0], None, None]


def test_process_that_ends_early_leaves_the_rest(source: Source) -> None:
    files = written(source, 60, body="A paragraph of text. " * 5_000)
    with asked(source, files) as answers:
        read = [next(answers)]
        for child in children():
            os.kill(child, signal.SIGKILL)
        read += answers
    assert 1 <= len(read) < len(files)
    assert not list(children())


def test_few_files_are_read_here(source: Source) -> None:
    files = written(source, 2)
    with read_elsewhere(source, files) as answers:
        assert [*islice(answers, 2)] == [None, None]
        assert not list(children())


def test_many_are_read_elsewhere_each_once(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MANY", 300)
    files = written(source, 301)
    (source.path / files[100][0]).unlink()
    with read_elsewhere(source, files) as answers:
        found = [one and one.path for one in islice(answers, len(files))]
    here = len(os.sched_getaffinity(0)) > 1
    expected = [path if here else None for path, _ in files]
    expected[100] = None
    assert found == expected
    assert not list(children())


def children() -> Iterator[int]:
    """The processes that this one has started for reading."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if parent == os.getpid() and b"syndicator.entries.reader" in command:
                yield int(entry.name)
