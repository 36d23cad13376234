"""What systemd is told: sd_notify(3) datagrams, and nothing where nobody listens."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from tempfile import TemporaryDirectory

import pytest

from syndicator.systemd import Notifier


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with (
        TemporaryDirectory(dir="/tmp") as folder,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel,
    ):
        channel.bind(f"{folder}/notify")
        channel.settimeout(5)
        yield channel


@pytest.mark.parametrize(
    ("tell", "expected"),
    [
        pytest.param(lambda n: n.ready("all is well"), "READY=1\nSTATUS=all is well", id="ready"),
        pytest.param(lambda n: n.status("two\nlines"), "STATUS=two lines", id="status in one line"),
        pytest.param(lambda n: n.alive(), "WATCHDOG=1\nEXTEND_TIMEOUT_USEC=120000000", id="watchdog"),
        pytest.param(lambda n: n.stopping(), "STOPPING=1", id="stopping"),
        pytest.param(lambda n: n.reloading(), "RELOADING=1\nMONOTONIC_USEC=", id="reloading"),
    ],
)
def test_messages(listening: socket.socket, tell: Callable[[Notifier], None], expected: str) -> None:
    tell(Notifier({"NOTIFY_SOCKET": str(listening.getsockname())}))
    assert listening.recv(4096).decode().startswith(expected)


def test_status_is_sent_when_it_changes_and_not_after_stopping(listening: socket.socket) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": str(listening.getsockname())})
    notifier.ready("1 public")
    for status in ("1 public", "2 public", "2 public"):
        notifier.status(status)
    notifier.stopping()
    notifier.status("3 public")
    notifier.alive()
    heard = [listening.recv(4096).decode() for _ in range(4)]
    assert [text.splitlines()[0] for text in heard[:3]] == ["READY=1", "STATUS=2 public", "STOPPING=1"]
    assert heard[3] == "WATCHDOG=1", "once it is ready, no more time is asked for"


def test_abstract_socket() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind("\0syndicator-test-of-notify")
        channel.settimeout(5)
        Notifier({"NOTIFY_SOCKET": "@syndicator-test-of-notify"}).alive()
        assert channel.recv(64).startswith(b"WATCHDOG=1")


@pytest.mark.parametrize("environment", [{}, {"NOTIFY_SOCKET": "/nowhere/at/all"}])
def test_nobody_listening_costs_nothing(environment: dict[str, str]) -> None:
    Notifier(environment).ready("x")


def test_watchdog_is_fed_at_a_third_of_its_period() -> None:
    assert Notifier({"WATCHDOG_USEC": "3000000"}).beat_s == 1.0
    assert Notifier({"WATCHDOG_USEC": "30000000"}).beat_s == Notifier({}).beat_s == 5.0


def fill(address: str) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as filler:
        filler.setblocking(False)
        filler.connect(address)
        with contextlib.suppress(BlockingIOError):
            while True:
                filler.send(b"WATCHDOG=1")


def test_socket_that_nobody_reads_holds_up_nothing(listening: socket.socket) -> None:
    address = str(listening.getsockname())
    fill(address)
    telling = threading.Thread(target=Notifier({"NOTIFY_SOCKET": address}).alive, daemon=True)
    telling.start()
    telling.join(10)
    assert not telling.is_alive()


def test_status_that_found_no_room_is_sent_when_it_is_said_again(listening: socket.socket) -> None:
    address = str(listening.getsockname())
    notifier = Notifier({"NOTIFY_SOCKET": address})
    fill(address)
    notifier.status("the disk is full")
    listening.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while True:
            assert listening.recv(4096) == b"WATCHDOG=1"
    notifier.status("the disk is full")
    assert listening.recv(4096) == b"STATUS=the disk is full"


@pytest.mark.parametrize(
    ("tell", "expected"),
    [(lambda n: n.ready("all is well"), "READY=1"), (lambda n: n.reloading(), "RELOADING=1")],
    ids=["ready", "reloading"],
)
def test_what_systemd_waits_for_is_not_lost_where_the_queue_is_full(
    listening: socket.socket, tell: Callable[[Notifier], None], expected: str
) -> None:
    address = str(listening.getsockname())
    fill(address)
    telling = threading.Thread(target=tell, args=(Notifier({"NOTIFY_SOCKET": address}),), daemon=True)
    telling.start()
    telling.join(0.05)
    heard = ""
    while not heard.startswith(expected):
        heard = listening.recv(4096).decode()
    telling.join(10)
    assert not telling.is_alive()
