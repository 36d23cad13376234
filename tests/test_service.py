"""The service in this process: what it serves and does while its database or its disk fails."""

from __future__ import annotations

import os
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import feedparser
import httpx
import pytest
from structlog.testing import capture_logs

from syndicator.errors import StoreUnavailable, SyndicatorError
from syndicator.monitoring.status import read_status, status_path
from syndicator.service import Service
from syndicator.settings.load import load_settings
from syndicator.systemd import Notifier
from syndicator.upkeep import Backups
from tests.acceptance.running import Notified, Running, wait_for
from tests.disks import fill, small_disk
from tests.rig import article_text
from tests.sockets import get, notify_address

Logs = list[MutableMapping[str, Any]]
SILENT = Notifier({})


class Alive:
    """A service that runs in a thread of this process."""

    def __init__(self, base: Path, notifier: Notifier, **settings: Any) -> None:
        self.folder = Running(base, **settings)
        loaded = load_settings(self.folder.config, {})
        self.ready: list[tuple[str, int] | None] = []
        self.service = Service(settings=loaded, notifier=notifier)
        self.failures: list[BaseException] = []
        self.thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        try:
            self.service.run(lambda: self.ready.append(self.service.address))
        except BaseException as error:
            self.failures.append(error)
        finally:
            self.service.serving.close()

    def get(self, path: str) -> httpx.Response:
        assert self.service.address is not None
        return get(f"http://127.0.0.1:{self.service.address[1]}/{path}")

    def titles(self) -> list[str]:
        """What the feed of everything has. Each request must be answered."""
        response = self.get("feeds/all/atom.xml")
        assert response.status_code == 200
        return sorted(str(entry.title) for entry in feedparser.parse(response.content).entries)

    def drop(self, name: str) -> None:
        beside = self.folder.articles / f".{name}.tmp"
        beside.write_text(article_text(name), encoding="utf-8")
        beside.replace(self.folder.articles / name)


@contextmanager
def alive(
    base: Path, *, ready: bool = True, notifier: Notifier = SILENT, **settings: Any
) -> Iterator[tuple[Alive, Logs]]:
    with capture_logs() as logs:
        one = Alive(base, notifier, **settings)
        one.drop("first.md")
        one.thread.start()
        try:
            if ready:
                wait_for(lambda: one.ready or one.failures, why="READY")
                assert not one.failures
            yield one, logs
        finally:
            one.service.stop()
            one.thread.join(20)
    assert not one.thread.is_alive()
    assert not one.failures


def damage_in_place(database: Path, damage: Callable[[bytes], bytes], *, all_stale: bool = False) -> None:
    """Writes over the file that is open elsewhere, while all is in it and nobody else can write.

    What others keep of it in memory is made stale before, so that whoever comes next reads the file; with
    `all_stale` again afterwards, for who came in between, which leaves the first page whole.
    """
    log = database.with_name(database.name + "-wal")
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        while True:
            connection.execute("PRAGMA user_version = 1")
            wait_for(lambda: connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0)
            connection.execute("BEGIN IMMEDIATE")
            if log.stat().st_size == 0:
                break
            connection.execute("ROLLBACK")
        data = damage(database.read_bytes())
        with database.open("r+b") as file:
            file.write(data)
            file.truncate(len(data))
        if all_stale:
            connection.execute("PRAGMA user_version = 2")
            connection.execute("COMMIT")


def lines(logs: Logs, *words: str) -> Logs:
    return [line for line in logs if all(word in str(line["event"]) for word in words)]


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda data: b"\0" * 100 + data[100:], id="header"),
        pytest.param(lambda data: data[: len(data) // 2], id="truncated"),
        pytest.param(lambda data: data[:4096] + os.urandom(len(data) - 4096), id="random pages"),
        pytest.param(lambda data: b"", id="emptied"),
    ],
)
def test_database_damaged_in_use_is_set_aside_and_pages_stay_up(
    tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    with alive(tmp_path, routes=[{"name": "all", "channel": "C0"}]) as (one, logs):
        database = tmp_path / "var/state.db"
        damage_in_place(database, damage)
        one.drop("second.md")
        wait_for(lambda: one.titles() == ["About first", "About second"], why="the article after the damage")
        wait_for(lambda: len(one.ready) == 2, why="ready again")
        assert one.ready[0] == one.ready[1], "one server all along"
        begun = lines(logs, "reset as first start")
        assert len(begun) == 1
        assert (begun[0]["log_level"], "backup" in begun[0]["fix"]) == ("error", True)
        assert [line["event"] for line in logs if line["log_level"] == "error" and line not in begun] == []
        with sqlite3.connect(database) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert connection.execute("SELECT count(*) FROM deliveries").fetchone() == (0,)
        one.drop("third.md")
        wait_for(lambda: len(one.titles()) == 3, why="life goes on")


def test_damaged_database_is_told_as_long_as_it_lies_there(tmp_path: Path) -> None:
    database = tmp_path / "var/state.db"
    database.parent.mkdir()
    database.write_bytes(os.urandom(8192))
    with alive(tmp_path) as (one, _):
        loop = one.service._loop

        def is_told() -> bool:
            loop.wake() if loop is not None else None
            told = str((read_status(status_path(one.service.settings.state)) or {}).get("line"))
            return "the database was damaged, another is used since" in told

        wait_for(is_told, why="what was set aside")
        (aside,) = database.parent.glob("*.damaged-*[0-9]")
        aside.unlink()
        wait_for(lambda: not is_told(), why="that it was seen to")


def test_damage_that_the_sender_meets_is_mended_too(tmp_path: Path) -> None:
    with alive(tmp_path) as (one, logs):
        database = tmp_path / "var/state.db"
        damage_in_place(database, lambda data: data[:4096] + os.urandom(len(data) - 4096), all_stale=True)
        assert one.service._loop is not None
        one.service._loop.enqueued.set()
        wait_for(lambda: len(one.ready) == 2, why="ready again")
        assert len(lines(logs, "reset as first start")) == 1


def test_suspected_damage_is_remembered_until_the_database_is_open(tmp_path: Path) -> None:
    service = Service(settings=load_settings(Running(tmp_path).config, {}))
    service._suspect = "a page was read wrong"
    (tmp_path / "var/state.db").mkdir(parents=True)  # as a disk that cannot be read for now
    with pytest.raises(SyndicatorError):
        service._work(lambda: None)
    assert service._suspect == "a page was read wrong"


def test_full_disk_at_start_is_waited_for_while_what_is_there_is_served(tmp_path: Path) -> None:
    public = tmp_path / "public/feeds/all"
    public.mkdir(parents=True)
    (public / "atom.xml").write_text("<feed>of yesterday</feed>")
    address = notify_address()
    notified = Notified(address)
    notifier = Notifier({"NOTIFY_SOCKET": address})
    with small_disk(tmp_path / "var") as disk, closing(notified):
        filler = fill(disk)
        with alive(tmp_path, ready=False, notifier=notifier) as (one, logs):
            wait_for(lambda: notified.has("WATCHDOG=1"), why="the watchdog fed")
            assert any(line.startswith("EXTEND_TIMEOUT_USEC=") for line in notified.lines)
            assert any(line.startswith("STATUS=Waiting: ") for line in notified.lines)
            assert "yesterday" in one.get("feeds/all/atom.xml").text
            assert not one.ready
            filler.unlink()
            wait_for(lambda: notified.has("READY=1"), why="READY once there is space")
            assert one.titles() == ["About first"]
            (warning,) = lines(logs, "disk cannot be written")
            assert warning["log_level"] == "warning"
            assert "Make room" in warning["fix"]
            assert len(lines(logs, "work again")) == 1


def test_full_disk_of_the_output_is_over_only_when_it_is(tmp_path: Path) -> None:
    with small_disk(tmp_path / "public") as disk:
        filler = fill(disk)
        with alive(tmp_path) as (one, logs):
            assert len(lines(logs, "disk cannot be written")) == 1
            assert lines(logs, "work again") == []
            filler.unlink()
            wait_for(lambda: lines(logs, "work again"), why="the disk is well")
            assert one.titles() == ["About first"]
            assert len(lines(logs, "disk cannot be written")) == 1


def test_new_settings_whose_disk_is_full_are_not_waited_for(tmp_path: Path) -> None:
    with small_disk(tmp_path / "var") as disk:
        fill(disk)
        settings = load_settings(Running(tmp_path).config, {})
        with pytest.raises(StoreUnavailable):
            Service(settings=settings, patient=False).run()


def test_full_disk_while_it_runs_is_said_once_and_waited_for(tmp_path: Path) -> None:
    with small_disk(tmp_path / "var") as disk, alive(tmp_path) as (one, logs):
        filler = fill(disk)
        one.drop("second.md")
        wait_for(lambda: lines(logs, "disk cannot be written"), why="the warning")
        assert one.titles() == ["About first"]
        one.drop("third.md")
        filler.unlink()
        wait_for(lambda: len(one.titles()) == 3, why="all of it once there is space")
        wait_for(lambda: lines(logs, "work again"), why="the end of it")
        assert len(lines(logs, "disk cannot be written")) == 1
        assert [line for line in logs if line["log_level"] == "error"] == []


def test_failing_backup_is_told_as_all_else_is(tmp_path: Path) -> None:
    (tmp_path / "backups").write_text("a file where a folder should be")
    with alive(tmp_path, backup={"folder": "backups"}) as (one, logs):

        def line() -> str:
            return str((read_status(status_path(one.service.settings.state)) or {}).get("line"))

        wait_for(lambda: "no backup since" in line(), why="the status")
        (error,) = lines(logs, "backup failed")
        assert (error["log_level"], bool(error["fix"])) == ("error", True)


def test_what_breaks_beside_the_loop_is_told_before_the_next_scan(tmp_path: Path) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # nobody listens there
        nobody = f"http://127.0.0.1:{bound.getsockname()[1]}/"
        others: dict[str, Any] = {"feeds": {"hub": nobody}, "watch": {"scan_every": "1h"}, "backup": {}}
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Backups, "make", lambda *_: 1 / 0)
            with alive(tmp_path, **others) as (one, logs):

                def told() -> str:
                    return str((read_status(status_path(one.service.settings.state)) or {}).get("line"))

                wait_for(lambda: "the hub is not told since" in told(), why="the hub")
                wait_for(lambda: "a part of the service breaks: backup since" in told(), why="the backup")
                assert len(lines(logs, "broke, it is started again")) == 1
