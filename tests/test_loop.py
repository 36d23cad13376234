"""The loop in long runs: the watchdog is fed, and a stop is heeded between two steps."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from syndicator import loop
from syndicator.entries import sources
from syndicator.errors import StoreBusy
from syndicator.loop import UNWRITTEN_S, Loop
from syndicator.models import Visibility
from syndicator.monitoring.status import facts
from syndicator.progress import PutOff, Stages
from syndicator.publish import build
from syndicator.settings.models import Source
from syndicator.store.types import FEED, PAGE, Stamp
from syndicator.systemd import Notifier
from syndicator.watch import files as watch_files
from syndicator.watch.changes import Hint, Sign
from syndicator.watch.files import AT_ONCE
from syndicator.watch.types import stamp
from tests.rig import Rig, article_text


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    rig = Rig(tmp_path)
    for number in range(40):
        rig.write(f"{number}.md", topics=[f"Topic {number}"])
    return rig


class Beats(Notifier):
    """Counts the watchdog's beats, and stops the loop at one of them."""

    def __init__(self, loop: Loop, last: int) -> None:
        super().__init__({})
        self.loop, self.last, self.count = loop, last, 0

    @property
    def beat_s(self) -> float:
        return 0.001

    def alive(self) -> None:
        self.count += 1
        if self.count == self.last:
            self.loop.stop()


@pytest.mark.parametrize("first", [True, False], ids=["at the start", "while it runs"])
def test_long_run_is_left_between_two_topics_and_made_up_for(rig: Rig, first: bool) -> None:
    beats = rig.loop._status._notifier = Beats(rig.loop, 10)
    if first:
        rig.loop.run_first()
    else:
        rig.loop.run()
    assert beats.count == 10, "fed within the run, and ended there"
    assert 0 < len(list(rig.output.glob("feeds/topic-*"))) < 40
    rig.restart()
    rig.run_once()
    assert len(list(rig.output.glob("feeds/topic-*"))) == 40


def test_new_topics_left_half_shelved_are_shelved_by_the_next_turn(tmp_path: Path) -> None:
    rig = Rig(tmp_path, topics=("_data/*.yaml",))
    rig.write("a.md", topics=["ML"])
    rig.run_once()
    rig.put("_data/ai.yaml", "name: AI\nslug: ai\naliases: [ML]\n")

    def refuse(done: int, of: int) -> None:
        raise OSError

    with pytest.raises(OSError):
        rig.scan(refuse)
    rig.run_once()
    assert rig.titles("ai") == ["About a"]


def run_all(loop: Loop) -> int:
    """Runs until nothing is left to publish; how many files were written."""
    with capture_logs() as logs:
        while loop.run_once() == 0.0:
            pass
    return sum(line["files"] for line in logs if line["event"] == "output updated")


def files(rig: Rig) -> dict[str, bytes]:
    found = (path for path in rig.output.rglob("*") if path.is_file())
    return {path.relative_to(rig.output).as_posix(): path.read_bytes() for path in found}


LOST = [
    "",
    "feeds/other",
    "feeds/other/good/atom.xml",
    "topics/other",
    "feeds.opml",
    "feeds/all/archive/1/atom.xml",
]


@pytest.mark.parametrize("path", LOST, ids=lambda path: path or "everything")
def test_what_was_removed_from_the_output_is_published_anew(tmp_path: Path, path: str) -> None:
    rig = Rig(tmp_path, levels={"good": 50}, limit=1)
    for number, topic in enumerate(["AI", "Other", "AI"]):
        rig.write(f"{number}.md", topics=[topic])
    loop = rig.loop
    run_all(loop)
    before = files(rig)
    lost = rig.output / path
    if lost.is_dir():
        shutil.rmtree(lost)
    else:
        lost.unlink()
    loop.scan()
    assert run_all(loop) > 0
    assert files(rig) == before
    loop.scan()
    assert run_all(loop) == 0


def test_what_cannot_be_written_is_told_until_it_can(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.write("a.md")
    blocked = rig.output / "feeds/all/atom.xml"
    blocked.mkdir(parents=True)
    loop = rig.loop
    run_all(loop)
    text = f"Cannot write the output folder: {blocked}: Is a directory"
    assert text in facts(rig.app, rig.now, started=rig.now)["line"]
    blocked.rmdir()
    run_all(loop)
    assert facts(rig.app, rig.now, started=rig.now)["line"] == "1 public"


def test_what_cannot_be_written_is_tried_again_without_another_cause(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.write("a.md")
    (rig.output / "feeds/all/atom.xml").mkdir(parents=True)
    run_all(rig.loop)
    assert rig.loop.run_once() == UNWRITTEN_S


def test_watchdog_is_fed_while_a_failure_is_waited_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = Rig(tmp_path)
    tries: list[int] = []

    def fail(now: datetime) -> None:
        tries.append(1)
        raise StoreBusy("the database is in use")

    monkeypatch.setattr(rig.app.sources, "apply_time", fail)
    rig.loop._status._notifier = Beats(rig.loop, 6)
    rig.loop.run()
    assert len(tries) == 1, "all beats came while it waited for a second"


def test_folder_renamed_in_is_one_burst(tmp_path: Path) -> None:
    """Its files come to rest one after the other, as they were written; the sender sees none before all."""
    rig = Rig(tmp_path, quiet_s=0.3)
    loop = rig.loop
    with loop.watching():
        loop.run_once()
        for round in range(4):
            beside = tmp_path / f"x{round}"
            for number in range(60):
                path = rig.write(f"../{beside.name}/{number}.md", title=f"Story {round} {number}")
                written = time.time() + number * 0.01
                os.utime(path, (written, written))
            before = set(rig.entries())
            loop._woken.clear()
            beside.rename(rig.folder / beside.name)
            until = time.monotonic() + 30
            while set(rig.entries()) == before and time.monotonic() < until:
                wait_s = loop.run_once()
                if set(rig.entries()) == before:
                    loop._woken.wait(0.05 if wait_s is None else min(wait_s, 0.05))
            assert len(set(rig.entries()) - before) == 60, round


def test_file_renamed_in_as_all_is_scanned_does_not_wait_to_come_to_rest(tmp_path: Path) -> None:
    rig = Rig(tmp_path, quiet_s=600)
    rig.loop.run_once()
    rig.write("new.md")
    rig.loop.hint(Hint(source="news", path="new.md", sign=Sign.MOVED))
    rig.loop.scan()
    rig.loop.run_once()
    assert rig.titles() == ["About new"]


@pytest.mark.usefixtures("fast")
@pytest.mark.parametrize("outstanding", ["feeds", "pages", "archives"])
def test_article_waits_for_one_document_of_what_is_outstanding(tmp_path: Path, outstanding: str) -> None:
    rig = Rig(tmp_path, limit=1)
    for number in range(20):
        rig.write(f"{number}.md", topics=[f"Topic {number % 5}"])
    run_all(rig.loop)
    with rig.store.transaction() as session:
        kinds = {"feeds": [FEED], "pages": [PAGE], "archives": [0, 1]}[outstanding]
        session.feeds.mark_dirty((f"topic-{number}", kind) for number in range(5) for kind in kinds)
    rendered: list[int] = []

    def show(_what: str, _done: int, of: int) -> None:
        rendered.extend([of] if of else [])
        if of and len(rendered) == 1:
            rig.write("new.md", topics=["New"])
            rig.loop.hint(Hint(source="news", path="new.md", sign=Sign.MOVED))

    rig.loop.stages = Stages(show)
    assert rig.loop.run_once() == 0.0
    assert len(rendered) == 1, "the portion ended"
    rig.loop.run_once()
    assert rig.titles("new") == ["About new"]
    run_all(rig.loop)
    with rig.store.reading() as session:
        assert not session.feeds.dirty()


@pytest.mark.usefixtures("fast")
def test_what_is_outstanding_is_published_though_articles_keep_coming(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "YIELDING_LASTS_S", 0.0)
    monkeypatch.setattr(loop, "INSISTS_S", 60.0)
    rig = Rig(tmp_path, limit=1)
    for number in range(20):
        rig.write(f"{number}.md", topics=[f"Topic {number % 5}"])
    rig.loop.stages = Stages(lambda _what, _done, _of: rig.loop.hint(Hint(source="news", path="0.md")))
    rig.loop.run_once()
    rig.loop.run_once()
    with rig.store.reading() as session:
        assert not session.feeds.dirty()


def test_progress_never_goes_back(tmp_path: Path) -> None:
    """Several sources, portions of half a second, many archives: each stage counts up to its whole."""
    other = tmp_path / "other"
    other.mkdir()
    sources = (Source(name="news", path=tmp_path / "articles"), Source(name="other", path=other))
    rig = Rig(tmp_path, limit=1, sources=sources)
    for number in range(120):
        rig.write(f"{number}.md", topics=[f"Topic {number % 10}"])
        (other / f"{number}.md").write_text(article_text(f"{number}.md", topics=["Other"]), encoding="utf-8")
    said: list[tuple[str, int, int]] = []
    rig.loop.stages = Stages(lambda *one: said.append(one) if one[2] else None)
    rig.loop.sync_all()
    rig.loop.publish_all()
    stages = list(dict.fromkeys(what for what, _, _ in said))
    assert stages == ["Reading articles", "Publishing", "Writing archives"]
    for what in stages:
        counts = [(done, of) for one, done, of in said if one == what]
        assert counts == sorted(counts), what
        assert len({of for _, of in counts}) == 1, what
        assert counts[-1][0] == counts[-1][1], what


def test_one_line_of_the_log_says_what_all_portions_wrote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "AT_ONCE_S", 0.0)
    rig = Rig(tmp_path)
    for number in range(20):
        rig.write(f"{number}.md", topics=[f"Topic {number}"])
    rig.loop.sync_all()
    with capture_logs() as logs:
        rig.loop.publish_all()
    (line,) = (line for line in logs if line["event"] == "output updated")
    assert line["files"] == rig.loop.activity.files_written > 80


def test_newest_entries_come_into_their_feeds_first(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    for number, day in enumerate([10, 12, 11]):
        rig.write(f"{number}.md", topics=[f"Topic {number}"], publishedDateTime=f"2026-03-{day}T09:00:00Z")
    rig.scan()
    topics, order = rig.app.sources.catalog, list[str]()
    put = rig.app.output.folder.put

    def note(path: str, data: bytes, *, compress: bool = True) -> bool:
        if path.endswith("atom.xml") and "archive" not in path:
            order.append(path.split("/")[1])
        return put(path, data, compress=compress)

    rig.app.output.folder.put = note  # type: ignore[method-assign]
    rig.app.output.publish(rig.store, topics.stored, rig.now)
    assert order == ["all", "topic-1", "topic-2", "topic-0"]


def test_article_that_comes_goes_before_the_rest_of_a_scan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = Rig(tmp_path, quiet_s=0)
    for number in range(AT_ONCE):
        rig.write(f"old/{number}.md")
    rig.loop.run_first()
    scans = rig.loop.activity.scans
    for name in ("unseen.md", "new.md"):
        rig.write(name)
    rig.loop.scan()

    def come(facts: os.stat_result) -> Stamp:
        """As the folder is looked at, an article is renamed into it."""
        monkeypatch.undo()
        rig.loop.hint(Hint(source="news", path="new.md", sign=Sign.MOVED))
        return stamp(facts)

    monkeypatch.setattr(watch_files, "stamp", come)
    assert rig.loop.run_once() == 0.0
    assert {"new.md", "unseen.md"} & rig.entries().keys() == {"new.md"}
    assert rig.loop.activity.scans == scans
    rig.loop.run_once()
    assert "unseen.md" in rig.entries()
    assert rig.loop.activity.scans == scans + 1


def test_scan_goes_on_where_it_was_though_articles_keep_coming(tmp_path: Path) -> None:
    rig = Rig(tmp_path, quiet_s=0)
    folders = 4
    for number in range(folders):
        (rig.folder / f"{number}").mkdir(parents=True)
        for file in range(AT_ONCE):
            (rig.folder / f"{number}/{file}.md").write_text("", encoding="utf-8")
    rig.loop.run_first()
    rig.write("unseen.md")
    rig.loop.scan()
    runs = 0
    while "unseen.md" not in rig.entries():
        runs += 1
        assert runs <= folders + 2
        rig.write(f"new{runs}.md")
        rig.loop.hint(Hint(source="news", path=f"new{runs}.md", sign=Sign.MOVED))
        rig.loop.run_once()
        assert f"new{runs}.md" in rig.entries(), "it did not wait for the scan"
    assert runs > 1


def test_what_changes_while_a_scan_is_put_off_is_seen_as_it_is_now(tmp_path: Path) -> None:
    rig = Rig(tmp_path, quiet_s=0)
    for name in ("changed.md", "gone.md", "folder/moved.md"):
        rig.write(name)
    for number in range(AT_ONCE):
        rig.write(f"old/{number}.md")
    rig.loop.run_first()
    before = rig.entries()

    def put_off(_done: int, _of: int) -> None:
        raise PutOff

    with pytest.raises(PutOff):
        rig.app.sources.walk(put_off)
    rig.write("changed.md", title="Changed since")
    (rig.folder / "gone.md").unlink()
    (rig.folder / "folder").rename(rig.folder / "elsewhere")
    rig.write("new.md")
    for name in ("changed.md", "gone.md", "folder", "elsewhere", "new.md"):
        rig.loop.hint(Hint(source="news", path=name, sign=Sign.MOVED))
    rig.loop.run_once()
    rig.wait(timedelta(seconds=1))
    rig.loop.run_once()
    after = rig.entries()
    assert after["changed.md"].article.title == "Changed since"
    assert after["gone.md"].visibility is Visibility.WITHDRAWN
    assert after["elsewhere/moved.md"].guid == before["folder/moved.md"].guid
    assert "new.md" in after
    rig.loop.scan()
    while (wait_s := rig.loop.run_once()) == 0.0:
        """A portion of what is to be published is left, on a busy machine."""
    assert wait_s is None, "nothing is held, and nothing waits"
    assert rig.entries() == after


class Comes(Notifier):
    """An article is renamed into the folder again at every step."""

    def __init__(self, rig: Rig) -> None:
        super().__init__({})
        self.rig = rig

    def alive(self) -> None:
        self.rig.loop.hint(Hint(source="news", path="new.md", sign=Sign.MOVED))


def test_articles_that_keep_coming_go_before_entries_that_are_put_into_topics_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "PORTION", 2)
    rig = Rig(tmp_path, topics=("_data/*.yaml",))
    rig.put("_data/ai.yaml", "name: AI\n")
    for number in range(6):
        rig.write(f"{number}.md", topics=["ML"])
    rig.loop.run_first()
    rig.loop._status._notifier = Comes(rig)
    rig.put("_data/ai.yaml", "name: AI\naliases: [ML]\n")
    rig.loop.hint(Hint(source="news", path="_data/ai.yaml", sign=Sign.MOVED))
    rig.write("new.md")
    reapply = rig.app.sources.reapply_topics

    def note(*arguments: Any) -> bool:
        assert "About new" in rig.titles(), "its feeds do not wait either"
        return reapply(*arguments)

    monkeypatch.setattr(rig.app.sources, "reapply_topics", note)
    runs = 0
    while any(one.topics != ("ai",) for one in rig.entries().values()):
        runs += 1
        assert runs <= 4
        assert rig.loop.run_once() == 0.0
        assert "new.md" in rig.entries(), "it did not wait for the others"
    assert runs > 1


def interrupted(folder: Path) -> Rig:
    """In the midst of a scan of everything, which has passed what came since, `unseen.md`, without a hint."""
    rig = Rig(folder, quiet_s=0)
    for number in range(AT_ONCE):
        rig.write(f"old/{number}.md")
    rig.loop.run_first()

    def put_off(_done: int, _of: int) -> None:
        raise PutOff

    with pytest.raises(PutOff):
        rig.app.sources.walk(put_off)
    rig.write("unseen.md")
    return rig


def test_scan_after_a_burst_does_not_go_on_with_one_from_before_it(tmp_path: Path) -> None:
    rig = interrupted(tmp_path)
    rig.write("new.md")
    for _ in range(2):
        for _ in range(loop.BURST // 2 + 1):
            rig.loop.hint(Hint(source="news", path="new.md", sign=Sign.MOVED))
        rig.loop.run_once()
    rig.loop.run_once()
    assert "unseen.md" in rig.entries()
    assert rig.loop.activity.bursts == 1


def test_scan_after_a_failure_does_not_go_on_with_one_from_before_it(tmp_path: Path) -> None:
    rig = interrupted(tmp_path)

    def fail() -> None:
        raise StoreBusy("busy", on="state.db", fix="wait")

    assert rig.loop._try(fail) is not None
    rig.loop.run_once()
    assert "unseen.md" in rig.entries()


def test_log_of_the_database_is_carried_over_when_nothing_waits(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    for number in range(200):
        rig.write(f"{number}.md", topics=[f"Topic {number % 5}"])
    while rig.loop.run_once() == 0.0:
        """Something is left to do."""
    alone = tmp_path / "alone.db"
    shutil.copy(rig.store.path, alone)
    with closing(sqlite3.connect(alone)) as database:
        assert database.execute("SELECT count(*) FROM entries").fetchone() == (200,)


def test_topic_is_published_once_all_entries_are_put_into_it(tmp_path: Path) -> None:
    rig = Rig(tmp_path, topics=("_data/*.yaml",))
    rig.put("_data/ai.yaml", "name: AI\nslug: ai\n")
    for number in range(6):
        rig.write(f"{number}.md", topics=["AI"])
    rig.loop.run_first()
    rig.put("_data/ai.yaml", "name: AI\nslug: minds\n")
    rig.loop.hint(Hint(source="news", path="_data/ai.yaml", sign=Sign.MOVED))
    rig.write("new.md", topics=["Sea"])
    rig.loop.hint(Hint(source="news", path="new.md", sign=Sign.MOVED))
    rig.loop.run_once()
    assert rig.titles("sea") == ["About new"], "it does not wait"
    assert len(rig.titles("ai")) == 6 and not (rig.output / "feeds/minds").exists()
    rig.publish()
    assert len(rig.titles("minds")) == 6 and not (rig.output / "feeds/ai").exists()
