"""What the service does when its disk, its database or the machine's memory fails it."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import pytest

from syndicator.errors import StoreUnavailable
from tests.acceptance.running import Running, running, wait_for
from tests.acceptance.test_service import drop, titles
from tests.disks import fill, powered_disk, small_disk
from tests.faults.folder import complete_titles
from tests.faults.test_network_folder import findings
from tests.rig import Rig
from tests.slack_server import Posted, Slack, SlackServer
from tests.watch.conftest import powerless as powerless

Record = Callable[[str, object], None]
ROUTES = [{"name": "all", "channel": "C1", "deliver": "immediate"}]
FEED = "feeds/all/atom.xml"


def shows(service: Running, names: list[str]) -> bool:
    return sorted(titles(service, FEED)) == sorted(f"About {name}" for name in names)


def posted(slack: Slack, names: list[str]) -> Counter[str]:
    """How often each was announced."""
    texts = [str(one.body["blocks"]) for one in slack.posted]
    return Counter({name: sum(f"About {name}" in text for text in texts) for name in names})


CUTS = ("as Slack accepts", "as the feed appears", "at any moment")


@pytest.mark.parametrize("cuts", [1, pytest.param(6, marks=pytest.mark.slow)])
@pytest.mark.timeout(600)
def test_power_loss_costs_no_feed_and_posts_nothing_twice(
    tmp_path: Path, cuts: int, record_property: Record
) -> None:
    """An ext4 that forgets whatever was not synced when the power goes."""
    dice, names, lost = random.Random(cuts), list[str](), [0]
    moments = [moment for _ in range(cuts) for moment in CUTS]
    state = {"output": str(tmp_path / "disk/public"), "state": f"sqlite:///{tmp_path}/disk/var/state.db"}
    with (
        powered_disk(tmp_path / "disk", tmp_path / "image") as disk,
        SlackServer() as server,
        running(tmp_path, routes=ROUTES, **state) as service,
    ):
        slack, service.public = server.slack, tmp_path / "disk/public"
        service.use(server)
        service.start()
        for number, moment in enumerate(moments):
            name = f"article{number:02}"
            names.append(name)
            cut = disk.cut_power
            if moment == "as Slack accepts":
                slack.on_post = lambda _posted, cut=cut: cut()  # type: ignore[misc]  # before the answer
            before = len(slack.posted)
            drop(service, f"{name}.md")
            if moment == "as Slack accepts":
                wait_for(lambda before=before: len(slack.posted) > before, why=moment)  # type: ignore[misc]
                slack.on_post = _nothing
            elif moment == "as the feed appears":
                wait_for(partial(_holds, service, name), why=moment)
                cut()
            else:
                time.sleep(dice.random())
                cut()
            assert service.process is not None
            service.process.kill()
            service.process.wait()
            disk.power_off()
            disk.power_on()
            if moment == "as the feed appears" and not _holds(service, name):
                lost[0] += 1
            with closing(sqlite3.connect(tmp_path / "disk/var/state.db")) as connection:
                assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            service.start()
            assert shows(service, names), moment
        wait_for(lambda: all(posted(slack, names).values()), why="each message", patience_s=60)
        assert service.stop() == 0
        assert "reset as first start" not in service.text()
    assert posted(slack, names) == Counter(dict.fromkeys(names, 1))
    record_property(
        "seen", f"{len(moments)} power cuts: lost 0, twice 0, database sound, feeds whole after each start"
    )


def _nothing(_posted: Posted) -> None:
    pass


def _holds(service: Running, name: str) -> bool:
    path = service.public / FEED
    return path.exists() and f"About {name}<" in path.read_text()


LOCK = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=60)
connection.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.read()
connection.execute("ROLLBACK")
"""


@pytest.mark.parametrize("seconds", [1.0, pytest.param(30.0, marks=pytest.mark.slow)])
def test_database_locked_by_another_process_is_waited_for(
    tmp_path: Path, seconds: float, record_property: Record
) -> None:
    with SlackServer() as server, running(tmp_path, routes=ROUTES) as service:
        service.use(server)
        service.start()
        drop(service, "before.md")
        wait_for(lambda: server.slack.posted, why="the first message")
        process = service.process
        with subprocess.Popen(
            [sys.executable, "-c", LOCK, tmp_path / "var/state.db"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as other:
            assert other.stdin is not None and other.stdout is not None
            assert other.stdout.readline() == b"locked\n"
            drop(service, "after.md")
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                assert service.get(FEED).status_code == 200
                time.sleep(0.1)
            other.stdin.close()
        wait_for(partial(shows, service, ["before", "after"]), why="the article that waited", patience_s=60)
        wait_for(lambda: len(server.slack.posted) == 2, why="its message", patience_s=60)
        assert process is not None and process.poll() is None
        assert service.stop() == 0
        assert "Traceback" not in service.text()
    assert set(posted(server.slack, ["before", "after"]).values()) == {1}
    record_property("seen", f"locked for {seconds:g} s: feeds served, then all done once, nothing restarted")


def test_full_disk_is_not_over_where_there_was_nothing_to_write(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        rig = Rig(disk)
        rig.loop.run_once()
        filler = fill(disk)
        with pytest.raises(StoreUnavailable) as caught:
            rig.app.store.try_writing()
        rig.app.failures.began(caught.value)
        with pytest.raises(StoreUnavailable):
            rig.loop.run_once()
        assert does_fail(rig)
        filler.unlink()
        rig.loop.run_once()
        assert not does_fail(rig)
        rig.close()


def does_fail(rig: Rig) -> bool:
    return rig.app.failures.current is not None


def test_output_that_becomes_read_only_is_served_and_recovers(
    tmp_path: Path, record_property: Record
) -> None:
    with small_disk(tmp_path / "public"), running(tmp_path, watch={"scan_every": "2s"}) as service:
        drop(service, "before.md")
        service.start()
        remount(tmp_path / "public", "ro")
        drop(service, "after.md")
        (found,) = wait_for(lambda: findings(service), why="the finding")
        assert shows(service, ["before"])
        remount(tmp_path / "public", "rw")
        wait_for(partial(shows, service, ["before", "after"]), why="what waited")
        wait_for(lambda: not findings(service), why="its end")
        assert service.stop() == 0
    record_property("seen", f"read-only output: {found['what'].split(':')[0]}; served, then caught up")


def test_output_that_is_read_only_at_the_start_is_waited_for(tmp_path: Path) -> None:
    with small_disk(tmp_path / "public"), running(tmp_path, watch={"scan_every": "2s"}) as service:
        drop(service, "before.md")
        service.start()
        assert service.stop() == 0
        remount(tmp_path / "public", "ro")
        drop(service, "after.md")
        service.start()
        wait_for(lambda: findings(service), why="the finding")
        assert shows(service, ["before"])
        assert service.command("check", "--settings-only").returncode == 78, "as before a reload"
        remount(tmp_path / "public", "rw")
        wait_for(partial(shows, service, ["before", "after"]), why="what waited")
        assert service.stop() == 0


def remount(folder: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", str(folder)], check=True, capture_output=True)


def test_articles_that_may_not_be_read_stay_in_their_feeds(
    tmp_path: Path, powerless: list[str], record_property: Record
) -> None:
    with running(tmp_path, watch={"scan_every": "1s"}) as service:
        service.before = powerless
        for number in range(5):
            drop(service, f"{number}.md")
        service.start()
        service.articles.chmod(0)
        try:
            (found,) = wait_for(lambda: findings(service), why="the finding")
            assert len(titles(service, FEED)) == 5
        finally:
            service.articles.chmod(0o755)
        drop(service, "later.md")
        wait_for(lambda: len(titles(service, FEED)) == 6, why="what came after it")
        wait_for(lambda: not findings(service), why="its end")
        assert service.stop() == 0
    record_property("seen", f"chmod 000: {found['what']}; nothing removed")


CGROUPS = Path("/sys/fs/cgroup")


@contextmanager
def limited(controller: str, **limits: int) -> Iterator[Path]:
    """A control group below our own, with these limits. Skips the test where there is none to be had."""
    own = next(
        (
            line.split(":")[2].strip()
            for line in Path("/proc/self/cgroup").read_text().splitlines()
            if controller in line.split(":")[1].split(",")
        ),
        None,
    )
    group = CGROUPS / controller / str(own).lstrip("/") / f"syndicator-test-{os.getpid()}"
    try:
        group.mkdir()
    except OSError as error:
        pytest.skip(f"needs the right to limit {controller} by a control group (version 1): {error.strerror}")
    try:
        for name, value in limits.items():
            (group / f"{controller}.{name}").write_text(f"{value}")
        yield group / "cgroup.procs"
    finally:
        wait_for(lambda: not (group / "cgroup.procs").read_text().strip(), why="the group to be empty")
        group.rmdir()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_service_works_with_little_memory_and_a_tenth_of_a_core(
    tmp_path: Path, record_property: Record
) -> None:
    articles, memory = 1_000, 256 * 2**20
    with (
        limited("memory", limit_in_bytes=memory) as by_memory,
        limited("cpu", cfs_quota_us=10_000) as by_cpu,
        running(tmp_path, feeds={"limit": 500}) as service,
    ):
        into = f'echo $$ > "{by_memory}"; echo $$ > "{by_cpu}"; exec "$@"'
        service.before = ["sh", "-c", into, "sh"]
        for number in range(articles):
            drop(service, f"{number}.md")
        began = time.monotonic()
        service.start(patience_s=400)
        took = time.monotonic() - began
        wait_for(lambda: len(complete_titles(service.public)) == articles, patience_s=200)
        drop(service, "later.md")
        wait_for(lambda: "About later" in complete_titles(service.public), why="life", patience_s=60)
        most = int((by_memory.parent / "memory.max_usage_in_bytes").read_text())
        assert service.stop(patience_s=60) == 0
    record_property(
        "seen",
        f"{articles} articles within 256 MB and a tenth of a core: READY after {took:.0f} s, "
        f"at most {most / 2**20:.0f} MB",
    )
