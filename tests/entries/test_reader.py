"""Files read by processes of their own: the same articles, and what is none is left to who asked."""

from __future__ import annotations

import io
import os
import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest

from syndicator.entries.match import ScannedFile
from syndicator.entries.reader import answer, asked, read_elsewhere
from syndicator.parse.article import parse_article
from syndicator.settings.models import Source
from syndicator.watch.types import Stamp, stamp

TEXT = "---\ntitle: Über {}\nwebUrl: https://a.example/{}\npublishedDateTime: 2024-01-02\n---\n{}"


@pytest.fixture
def source(tmp_path: Path) -> Source:
    return Source(name="news", path=tmp_path)


def written(source: Source, count: int, body: str = "*Text*") -> list[tuple[str, Stamp]]:
    for number in range(count):
        (source.path / f"{number}.md").write_text(TEXT.format(number, number, body), encoding="utf-8")
    return [(f"{number}.md", stamp((source.path / f"{number}.md").stat())) for number in range(count)]


def told(source: Source, *batches: list[tuple[str, Stamp]]) -> list[list[ScannedFile]]:
    """What a process of its own answers, without one."""
    request, answers = io.BytesIO(pickle.dumps((source, batches))), io.BytesIO()
    answer(request, answers)
    answers.seek(0)
    return [pickle.load(answers) for _ in batches]


def test_articles_read_elsewhere_are_those_read_here(source: Source) -> None:
    files = written(source, 6)
    with asked(source, [files[:4], files[4:]]) as answers:
        found = list(answers)
    assert [[one.path for one in some] for some in found] == [
        ["0.md", "1.md", "2.md", "3.md"],
        ["4.md", "5.md"],
    ]
    for one in (one for some in found for one in some):
        assert one.article == parse_article(
            (source.path / one.path).read_bytes(), source=source, path=one.path
        )
    assert found == told(source, files[:4], files[4:])


def test_what_is_no_article_is_left_to_who_asked(source: Source) -> None:
    good, bad, changed, gone, link = written(source, 5)
    (source.path / bad[0]).write_text("---\ntitle: [\n---\n", encoding="utf-8")
    (source.path / changed[0]).write_text("---\nother: 1\n---\n", encoding="utf-8")
    (source.path / gone[0]).unlink()
    (source.path / link[0]).unlink()
    (source.path / link[0]).symlink_to(source.path / good[0])
    bad = (bad[0], stamp((source.path / bad[0]).stat()))
    assert [one.path for one in told(source, [good, bad, changed, gone, link])[0]] == [good[0]]


def test_process_that_ends_early_leaves_the_rest(source: Source) -> None:
    files = written(source, 60, body="A paragraph of text. " * 5_000)
    with asked(source, [[one] for one in files]) as answers:
        read = [next(answers)]
        for child in children():
            os.kill(child, 9)
        read += answers
    assert 1 <= len(read) < len(files)


def test_few_files_are_read_here(source: Source) -> None:
    files = written(source, 2)
    assert list(read_elsewhere(source, [files])) == [{}]
    assert not list(children())


def test_thousands_are_read_elsewhere_each_once(source: Source) -> None:
    files = written(source, 3_001)
    batches = [files[:2_000], files[2_000:]]
    found = list(read_elsewhere(source, batches))
    here = len(os.sched_getaffinity(0)) > 1
    assert [set(some) for some in found] == [
        {path for path, _ in some} if here else set() for some in batches
    ]
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
