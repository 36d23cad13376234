"""The real server on a loopback port: what it lets through, what it ends, how it stops."""

from __future__ import annotations

import errno
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from structlog.testing import capture_logs

from syndicator.errors import CannotServe, CannotServeYet
from syndicator.serve.addresses import Moved
from syndicator.serve.app import create_app
from syndicator.serve.messages import Request, Response
from syndicator.serve.server import LARGEST_HEAD_BYTES, LOG_AGAIN_AFTER_S, Failures, Server
from tests.serve.conftest import Start, read_to_end, talk

HELLO = Response(status=200, headers=(("content-type", "text/plain"),), body=b"hello")
LARGE = Response(status=200, headers=(("content-type", "text/plain"),), body=b"x" * 30_000_000)


def greet(request: Request) -> Response:
    return HELLO


def url(server: Server, path: str = "/") -> str:
    host, port = server.address
    return f"http://{host}:{port}{path}"


def test_feed_over_the_wire(start: Start, tmp_path: Path) -> None:
    (tmp_path / "feeds/ai").mkdir(parents=True)
    body = b"<rss>" + b"word " * 1000 + b"</rss>"
    (tmp_path / "feeds/ai/rss.xml").write_bytes(body)
    server = start(create_app(tmp_path, base_url="https://feeds.example.org/"))
    with httpx.Client(base_url=url(server)) as client:
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


def test_head_of_an_error_has_no_body(start: Start, tmp_path: Path) -> None:
    server = start(create_app(tmp_path, base_url="https://feeds.example.org/"))
    answer = talk(server, b"HEAD /none HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 404")
    assert answer.endswith(b"\r\n\r\n")


def test_path_is_decoded_once_and_repeated_headers_are_joined(start: Start) -> None:
    seen: list[Request] = []

    def note(request: Request) -> Response:
        seen.append(request)
        joined = request.headers.get("if-none-match") or ""
        return Response(status=200, body=joined.encode())

    server = start(note)
    answer = talk(
        server,
        b"GET /a%2520b/%E6%97%A5?q=%2e%2e HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        b'If-None-Match: "one"\r\nIF-NONE-MATCH: "two"\r\n\r\n',
    )
    assert answer.endswith(b'"one", "two"')
    assert (seen[0].method, seen[0].path) == ("GET", "/a%20b/日")


@pytest.mark.parametrize(
    "path",
    [b"/%2e%2e/secret", b"/..%2fsecret", b"/%00", b"/a%00b", b"/..\\secret", b"/%ff", b"/%c0%ae%c0%ae/"],
)
def test_no_way_out_over_the_wire(start: Start, tmp_path: Path, path: bytes) -> None:
    (tmp_path / "public").mkdir()
    (tmp_path / "secret").write_bytes(b"secret")
    server = start(create_app(tmp_path / "public", base_url="https://feeds.example.org/"))
    answer = talk(server, b"GET " + path + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert answer[:10] == b"HTTP/1.1 4"
    assert str(tmp_path).encode() not in answer


@pytest.mark.parametrize(
    "request_head",
    [b"", b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ", b"GET", b"\r\n\r\n\r\n"],
    ids=["silent", "half-open", "three letters", "empty lines"],
)
def test_half_open_request_is_closed_in_time(start: Start, request_head: bytes) -> None:
    server = start(greet, header_timeout_s=0.4)
    begun = time.monotonic()
    assert not talk(server, request_head).startswith(b"HTTP/1.1 200")
    assert time.monotonic() - begun < 3


def test_dripping_request_is_closed_in_time(start: Start) -> None:
    server = start(greet, header_timeout_s=0.5)
    begun = time.monotonic()
    with socket.create_connection(server.address, timeout=10) as connection:
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


def test_idle_connection_is_closed_in_time(start: Start) -> None:
    server = start(greet, header_timeout_s=0.4)
    begun = time.monotonic()
    assert talk(server, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").endswith(b"hello")
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
def test_request_beyond_the_limits_is_refused(start: Start, request_head: bytes, status: bytes) -> None:
    server = start(greet)
    assert talk(server, request_head).startswith(b"HTTP/1.1 " + status)


@pytest.mark.parametrize(
    ("request_head", "status"),
    [
        pytest.param(b"GET / HTTP/1.1\r\n", b"400", id="none"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n", b"400", id="two"),
        pytest.param(b"GET / HTTP/1.0\r\nHost: x\r\nHost: y\r\n", b"400", id="two in 1.0"),
        pytest.param(b"GET / HTTP/1.0\r\n", b"200", id="none in 1.0"),
        pytest.param(b"GET / HTTP/1.1\r\nHost:\r\n", b"200", id="empty"),
        pytest.param(b"GET http://x/ HTTP/1.1\r\nHost: x\r\n", b"200", id="absolute address"),
    ],
)
def test_request_says_once_for_which_host_it_is(start: Start, request_head: bytes, status: bytes) -> None:
    answer = talk(start(greet), request_head + b"Connection: close\r\n\r\n")
    assert answer.split(b" ", 2)[1] == status


def test_query_is_kept_where_a_topic_moved(start: Start, tmp_path: Path) -> None:
    moved = Moved(renamed={"ml": "ai"})
    server = start(create_app(tmp_path, base_url="https://feeds.example.org/", moved=lambda: moved))
    answer = talk(
        server,
        b"GET /feeds/ml/rss.xml?a=b%20c&d=\xc3\xa9 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    )
    assert b"\r\nlocation: ../ai/rss.xml?a=b%20c&d=%C3%A9\r\n" in answer


def test_pipelined_garbage_ends_the_connection_after_the_answer(start: Start) -> None:
    server = start(greet)
    answer = talk(server, b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGARBAGE\x00\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.count(b"hello") == 1
    assert b"HTTP/1.1 400" in answer


def test_body_that_never_comes_holds_nothing_up(start: Start, tmp_path: Path) -> None:
    server = start(create_app(tmp_path, base_url="https://feeds.example.org/"))
    answer = talk(server, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nabc")
    assert answer.startswith(b"HTTP/1.1 405")


def test_failing_app_gives_a_plain_500_and_the_server_goes_on(start: Start) -> None:
    def fail(request: Request) -> Response:
        if request.path == "/fail":
            raise RuntimeError("a secret place")
        return HELLO

    server = start(fail)
    bad = httpx.get(url(server, "/fail"))
    assert (bad.status_code, bad.content) == (500, b"Error\n")
    assert bad.headers["x-content-type-options"] == "nosniff"
    assert bad.headers["cache-control"] == "no-cache"
    assert bad.headers["content-security-policy"].startswith("default-src 'none'")
    assert httpx.get(url(server)).content == b"hello"


def test_same_failure_is_logged_once_a_minute() -> None:
    now = [1000.0]
    failures = Failures(clock=lambda: now[0])

    def fail(error: Exception) -> None:
        try:
            raise error
        except Exception as raised:
            failures.note(raised, method="GET", path="/x")

    with capture_logs() as logged:
        for _ in range(500):
            fail(ValueError("a"))
        fail(KeyError("b"))
        now[0] += LOG_AGAIN_AFTER_S
        fail(ValueError("a"))
    assert [(line["event"], line["unlogged"]) for line in logged] == [
        ("request failed", 0),
        ("request failed", 0),
        ("request failed", 499),
    ]
    assert all(line["exc_info"] for line in logged)


def test_taken_port_is_told_with_its_cure(start: Start) -> None:
    taken = start(greet)
    host, port = taken.address
    with pytest.raises(
        CannotServeYet, match=rf"cannot serve: {host}:{port}: .*in use.*server.port"
    ) as caught:
        Server(greet, host=host, port=port).start()
    assert isinstance(caught.value.__cause__, OSError)
    assert caught.value.exit_code == 75


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_address_that_is_not_ours_is_told(host: str) -> None:
    with pytest.raises(CannotServe, match=rf"cannot serve: {host}:0: \w+"):
        Server(greet, host=host, port=0).start()


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
    error: OSError, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise error

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    with pytest.raises(CannotServe) as caught:
        Server(greet, host="feeds.example", port=80).start()
    assert caught.value.exit_code == code


def test_ipv6_loopback_is_served() -> None:
    server = Server(greet, host="::1", port=0)
    try:
        server.start()
    except CannotServe as error:
        pytest.skip(f"no IPv6 here: {error}")
    try:
        assert httpx.get(f"http://[::1]:{server.address[1]}/").content == b"hello"
    finally:
        server.stop()


def test_stop_with_idle_half_open_and_stalled_connections_is_bounded(start: Start) -> None:
    server = start(lambda request: LARGE if request.path == "/large" else HELLO)
    connections = [socket.create_connection(server.address, timeout=10) for _ in range(30)]
    for number, connection in enumerate(connections):
        heads = [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"GET / HT", b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n"]
        connection.sendall(heads[number % 3])
        if number % 3 != 1:
            assert connection.recv(10) == b"HTTP/1.1 2"
    begun = time.monotonic()
    server.stop(1.0)
    assert time.monotonic() - begun < 2
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(server.address, timeout=5)
    for connection in connections:
        connection.close()


def test_stop_lets_an_answer_under_way_finish(start: Start) -> None:
    server = start(lambda request: LARGE)
    with socket.create_connection(server.address, timeout=10) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        first = connection.recv(1000)
        server.stop(0.01)
        head, _, body = (first + read_to_end(connection)).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert len(body) == len(LARGE.body)
    assert server.stop(5.0)


def test_port_is_free_again_after_stop(start: Start) -> None:
    first = start(greet)
    assert first.stop()
    host, port = first.address
    second = Server(greet, host=host, port=port)
    second.start()
    assert httpx.get(url(second)).content == b"hello"
    assert second.stop()


def test_stop_before_start_and_twice_is_fine() -> None:
    server = Server(greet, host="127.0.0.1", port=0)
    assert server.stop()
    server.start()
    assert server.stop()
    assert server.stop()


def test_client_that_takes_nothing_is_dropped(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syndicator.serve.server.STALLED_AFTER_MS", 500)
    server = start(lambda request: LARGE)
    with socket.create_connection(server.address, timeout=10) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        connection.recv(10)
        # A stalled client is dropped by the kernel; with nobody left the server stops at once.
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline and not server.stop(0.5):
            pass
        assert time.monotonic() < deadline


def test_process_ends_cleanly_with_a_server_still_running(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import urllib.request\n"
        "from syndicator.serve.messages import Response\n"
        "from syndicator.serve.server import Server\n"
        "server = Server(lambda r: Response(status=200, body=b'hello'), host='127.0.0.1', port=0)\n"
        "server.start()\n"
        "print(urllib.request.urlopen('http://%s:%d/' % server.address).read().decode())\n"
    )
    done = subprocess.run([sys.executable, str(program)], capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout, done.stderr) == (0, "hello\n", "")
