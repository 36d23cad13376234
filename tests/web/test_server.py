"""The real server on a loopback port: what it lets through, what it ends, how it stops."""

from __future__ import annotations

import errno
import gzip
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import httpx
import pytest
from structlog.testing import capture_logs

from syndicator import threads
from syndicator.errors import CannotServe, CannotServeYet
from syndicator.web.__main__ import LARGEST_HEAD_BYTES, MOST_CONNECTIONS
from syndicator.web.process import WebServer
from tests.sockets import PLAIN, get
from tests.web.conftest import Start, options, read_to_end, serving, talk, url

LARGE_BYTES = 30_000_000


@pytest.fixture(scope="module")
def hello(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the page `hello`, beside something that nobody is to have."""
    folder = tmp_path_factory.mktemp("shared") / "public"
    folder.mkdir()
    (folder / "index.html").write_bytes(b"hello")
    (folder.parent / "secret").write_bytes(b"secret")
    return folder


@pytest.fixture(scope="module")
def shared(hello: Path) -> Iterator[WebServer]:
    """One server for the tests that only ask."""
    with serving(hello) as server:
        yield server


@pytest.fixture(scope="module")
def impatient(hello: Path) -> Iterator[WebServer]:
    """One that waits only shortly for the rest of a request."""
    with serving(hello, header_timeout_s=0.5) as server:
        yield server


def test_feed_over_the_wire(start: Start, tmp_path: Path) -> None:
    (tmp_path / "feeds/ai").mkdir(parents=True)
    body = b"<rss>" + b"word " * 1000 + b"</rss>"
    (tmp_path / "feeds/ai/rss.xml").write_bytes(body)
    (tmp_path / "feeds/ai/rss.xml.gz").write_bytes(gzip.compress(body))
    server = start(tmp_path)
    with httpx.Client(base_url=url(server), **PLAIN) as client:
        first = client.get("/feeds/ai/rss.xml")
        assert (first.status_code, first.content) == (200, body)
        assert first.headers["content-encoding"] == "gzip"
        assert first.headers["link"] == '<https://feeds.example.org/feeds/ai/rss.xml>; rel="self"'
        assert first.headers["server"] == "syndicator"
        head = client.head("/feeds/ai/rss.xml")
        assert (head.status_code, head.content) == (200, b"")
        del first.headers["date"], head.headers["date"]
        assert head.headers == first.headers
        again = client.get("/feeds/ai/rss.xml", headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
        assert "content-length" not in again.headers


def test_head_of_an_error_has_no_body(shared: WebServer) -> None:
    answer = talk(shared, b"HEAD /none HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 404")
    assert answer.endswith(b"\r\n\r\n")


def test_path_is_decoded_once(shared: WebServer, hello: Path) -> None:
    (hello / "a%20b").mkdir()
    (hello / "a%20b/日").write_bytes(b"found")
    assert get(url(shared, "/a%2520b/%E6%97%A5?q=%2e%2e")).content == b"found"


@pytest.mark.parametrize(
    "path",
    [b"/%2e%2e/secret", b"/..%2fsecret", b"/%00", b"/a%00b", b"/..\\secret", b"/%ff", b"/%c0%ae%c0%ae/"],
)
def test_no_way_out_over_the_wire(shared: WebServer, hello: Path, path: bytes) -> None:
    answer = talk(shared, b"GET " + path + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert answer[:10] == b"HTTP/1.1 4"
    assert str(hello.parent).encode() not in answer


@pytest.mark.parametrize(
    "request_head",
    [b"", b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ", b"GET", b"\r\n\r\n\r\n"],
    ids=["silent", "half-open", "three letters", "empty lines"],
)
def test_half_open_request_is_closed_in_time(impatient: WebServer, request_head: bytes) -> None:
    begun = time.monotonic()
    assert not talk(impatient, request_head).startswith(b"HTTP/1.1 200")
    assert time.monotonic() - begun < 3


def test_dripping_request_is_closed_in_time(impatient: WebServer) -> None:
    begun = time.monotonic()
    with socket.create_connection(impatient.address, timeout=10) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
        connection.settimeout(0.1)
        with pytest.raises(OSError, match=r"Broken pipe|reset|closed"):
            while time.monotonic() - begun < 8:
                connection.sendall(b"X-Drip: 1\r\n")
                try:
                    if connection.recv(100) == b"":
                        raise OSError("closed")
                except TimeoutError:
                    continue
    assert time.monotonic() - begun < 4


def test_more_silent_clients_than_it_takes_only_delay_the_others(start: Start, public: Path) -> None:
    server = start(header_timeout_s=0.5)
    silent = [socket.create_connection(server.address, timeout=10) for _ in range(MOST_CONNECTIONS + 50)]
    open_files = len(list(Path(f"/proc/{child_of(server)}/fd").iterdir()))
    assert get(url(server), timeout=10).content == b"hello"
    assert open_files < MOST_CONNECTIONS + 50
    for connection in silent:
        connection.close()


def test_idle_connection_is_closed_in_time(impatient: WebServer) -> None:
    begun = time.monotonic()
    assert talk(impatient, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").endswith(b"hello")
    assert time.monotonic() - begun < 3


@pytest.mark.parametrize(
    ("request_head", "status"),
    [
        pytest.param(b"GET / HTTP/1.1\r\nX: " + b"a" * (2 * LARGEST_HEAD_BYTES), b"431", id="long header"),
        pytest.param(b"GET /" + b"a" * (2 * LARGEST_HEAD_BYTES), b"4", id="long address"),
        pytest.param(
            b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: a\r\n" % n for n in range(500)) + b"\r\n",
            b"431",
            id="many headers",
        ),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 9, b"400", id="TLS"),
        pytest.param(b"GET / HTTP/1.1\r\nBad Header\r\n\r\n", b"400", id="no colon"),
        pytest.param(
            b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", b"400", id="two lengths"
        ),
    ],
)
def test_request_beyond_the_limits_is_refused(shared: WebServer, request_head: bytes, status: bytes) -> None:
    assert talk(shared, request_head).startswith(b"HTTP/1.1 " + status)


def test_pipelined_garbage_ends_the_connection_after_the_answer(shared: WebServer) -> None:
    answer = talk(shared, b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGARBAGE\x00\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.count(b"hello") == 1
    assert b"HTTP/1.1 400" in answer


def test_body_that_never_comes_holds_nothing_up(shared: WebServer) -> None:
    answer = talk(shared, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nabc")
    assert answer.startswith(b"HTTP/1.1 405")


def test_taken_port_is_told_with_its_cure(shared: WebServer, public: Path) -> None:
    host, port = shared.address
    with pytest.raises(
        CannotServeYet, match=rf"cannot serve: {host}:{port}: .*in use.*server.port"
    ) as caught:
        WebServer(options(public, host=host, port=port)).start()
    assert isinstance(caught.value.__cause__, OSError)
    assert caught.value.exit_code == 75


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_address_that_is_not_ours_is_told(host: str, public: Path) -> None:
    with pytest.raises(CannotServe, match=rf"cannot serve: {host}:0: \w+"):
        WebServer(options(public, host=host)).start()


PASSING = [
    OSError(errno.EADDRINUSE, "in use"),
    OSError(errno.EADDRNOTAVAIL, "not there yet"),
    socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"),
]
LASTING = [
    PermissionError(errno.EACCES, "below 1024"),
    OSError(errno.EAFNOSUPPORT, "no IPv6"),
    socket.gaierror(socket.EAI_NONAME, "Name or service not known"),
]


@pytest.mark.parametrize(
    ("error", "code"), [*((error, 75) for error in PASSING), *((error, 78) for error in LASTING)]
)
def test_exit_code_says_whether_waiting_may_help(
    error: OSError, code: int, public: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise error

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    with pytest.raises(CannotServe) as caught:
        WebServer(options(public, host="feeds.example", port=80)).start()
    assert caught.value.exit_code == code


def test_ipv6_loopback_is_served(start: Start, public: Path) -> None:
    try:
        server = start(host="::1")
    except CannotServe as error:
        pytest.skip(f"no IPv6 here: {error}")
    assert get(f"http://[::1]:{server.address[1]}/").content == b"hello"


def test_folder_it_was_started_in_may_be_gone(
    start: Start, public: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    server = start()
    assert get(f"http://127.0.0.1:{server.address[1]}/").content == b"hello"


def write_large(public: Path) -> None:
    (public / "large").write_bytes(b"x" * LARGE_BYTES)


def test_stop_with_idle_half_open_and_stalled_connections_is_bounded(start: Start, public: Path) -> None:
    write_large(public)
    server = start(grace_s=1.0)
    connections = [socket.create_connection(server.address, timeout=10) for _ in range(30)]
    for number, connection in enumerate(connections):
        heads = [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"GET / HT", b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n"]
        connection.sendall(heads[number % 3])
        if number % 3 != 1:
            assert connection.recv(10) == b"HTTP/1.1 2"
    begun = time.monotonic()
    server.stop()
    assert time.monotonic() - begun < 4
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(server.address, timeout=5)
    for connection in connections:
        connection.close()


def test_stop_lets_an_answer_under_way_finish(start: Start, public: Path) -> None:
    write_large(public)
    server = start(grace_s=30.0)
    with socket.create_connection(server.address, timeout=10) as connection:
        connection.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        first = connection.recv(1000)
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        wait_until_refused(server.address)
        head, _, body = (first + read_to_end(connection)).partition(b"\r\n\r\n")
        stopping.join(20)
    assert head.startswith(b"HTTP/1.1 200")
    assert len(body) == LARGE_BYTES


def wait_until_refused(address: tuple[str, int]) -> None:
    deadline = time.monotonic() + 15
    with pytest.raises(ConnectionRefusedError):
        while time.monotonic() < deadline:
            with suppress(ConnectionResetError):  # it was queued when listening ended
                socket.create_connection(address, timeout=5).close()


def test_port_is_free_again_after_stop(start: Start, public: Path) -> None:
    first = start()
    first.stop()
    host, port = first.address
    second = start(host=host, port=port)
    assert get(url(second)).content == b"hello"


def test_stop_twice_is_fine(start: Start) -> None:
    server = start()
    server.stop()
    server.stop()


def test_client_that_takes_nothing_is_dropped(start: Start, public: Path) -> None:
    write_large(public)
    server = start(stalled_after_s=0.5, grace_s=60.0)
    with socket.create_connection(server.address, timeout=10) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        connection.recv(10)
        # A stalled client is dropped by the kernel; with nobody left the server ends at once.
        begun = time.monotonic()
        server.stop()
        assert time.monotonic() - begun < 20


def test_server_whose_service_is_gone_as_it_starts_ends_without_a_word(public: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    words = json.dumps(asdict(options(public)))
    ended = subprocess.run(
        [sys.executable, "-P", "-m", "syndicator.web", words],
        stdin=subprocess.DEVNULL,
        stdout=write,
        stderr=subprocess.PIPE,
        timeout=60,
    )
    os.close(write)
    assert (ended.returncode, ended.stderr) == (0, b"")


def test_server_that_dies_is_started_again_on_its_port(
    start: Start, public: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "PAUSE_S", 0.0)
    server = start()
    dead = child_of(server)
    with capture_logs() as logged:
        os.kill(dead, signal.SIGKILL)
        wait_until_served(server)
    assert child_of(server) != dead
    (line,) = logged
    assert (line["part"], line["why"], line["exc_info"]) == ("web server", "signal 9", False)


def test_server_that_cannot_be_started_says_why(public: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = WebServer(options(public))
    server.start()
    monkeypatch.setattr(sys, "executable", "/none/python3")
    with pytest.raises(CannotServeYet, match="does not start") as caught:
        server.run()
    assert "/none/python3" in (caught.value.why or "")
    server.stop()
    server.close()


def test_server_inherits_no_secret_and_imports_little(
    start: Start, public: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-canary")
    child = Path(f"/proc/{child_of(start())}")
    assert b"canary" not in (child / "environ").read_bytes() + (child / "cmdline").read_bytes()
    listing = "import sys, syndicator.web.__main__; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", listing], capture_output=True, text=True, check=True)
    heavy = {"sqlalchemy", "slack_sdk", "pydantic", "structlog", "feedgen", "apscheduler", "yaml", "httpx"}
    assert not heavy & set(loaded.stdout.split())


def test_who_is_to_stop_does_not_wait_for_a_server_that_does_not_start(public: Path) -> None:
    server, stop = WebServer(options(public)), threading.Event()
    server.start()  # and never runs
    waiting = threading.Thread(target=server.wait_until_ready, args=(stop,), daemon=True)
    waiting.start()
    waiting.join(0.3)
    assert waiting.is_alive()
    stop.set()
    waiting.join(5)
    assert not waiting.is_alive()
    server.stop()
    server.close()


@pytest.mark.parametrize("ending", ["", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"])
def test_server_ends_with_the_process_that_started_it(public: Path, ending: str) -> None:
    program = (
        "from tests.web.conftest import options, url\n"
        "from syndicator.web.process import WebServer\n"
        "from pathlib import Path\n"
        "import sys, threading, urllib.request\n"
        "server = WebServer(options(Path(sys.argv[1])))\n"
        "server.start()\n"
        "threading.Thread(target=server.run, daemon=True).start()\n"
        "server.wait_until_ready(threading.Event())\n"
        "page = urllib.request.urlopen(url(server)).read().decode()\n"
        "print(page, *server.address, flush=True)\n" + ending
    )
    command = [sys.executable, "-c", program, str(public)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=Path(__file__).parents[2])
    assert (done.returncode, done.stderr) == (-signal.SIGKILL if ending else 0, "")
    page, host, port = done.stdout.split()
    assert page == "hello"
    wait_until_refused((host, int(port)))


def test_answers_while_the_service_cannot_run_at_all(public: Path) -> None:
    program = (
        "from tests.web.conftest import options, url\n"
        "from syndicator.web.process import WebServer\n"
        "from pathlib import Path\n"
        "import os, signal, sys, threading\n"
        "server = WebServer(options(Path(sys.argv[1])))\n"
        "server.start()\n"
        "threading.Thread(target=server.run, daemon=True).start()\n"
        "server.wait_until_ready(threading.Event())\n"
        "print(url(server), flush=True)\n"
        "os.kill(os.getpid(), signal.SIGSTOP)\n"
    )
    command = [sys.executable, "-c", program, str(public)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    ) as service:
        try:
            assert service.stdout is not None
            address = service.stdout.readline().strip()
            assert [get(address).content for _ in range(20)] == [b"hello"] * 20
        finally:
            service.kill()
    host, port = address.removeprefix("http://").rstrip("/").split(":")
    wait_until_refused((host, int(port)))


def child_of(server: WebServer) -> int:
    """The process that serves."""
    me = os.getpid()
    children = Path(f"/proc/{me}/task").glob("*/children")
    found = [int(pid) for file in children for pid in file.read_text().split()]
    return next(pid for pid in found if f'"port": {server.address[1]}'.encode() in command_of(pid))


def command_of(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def wait_until_served(server: WebServer) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            if get(url(server)).content == b"hello":
                return
        except httpx.TransportError:
            time.sleep(0.02)
    raise AssertionError("not served again within 30 s")
