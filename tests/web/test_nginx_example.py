"""The front servers' examples in deploy/ serve the output folder the way the built-in server does."""

from __future__ import annotations

import gzip
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest

from syndicator.publish.addresses import GONE, render_nginx_map
from syndicator.publish.slugs import LONGEST
from tests.sockets import PLAIN
from tests.web.conftest import serving, url, write_moved_map

DEPLOY = Path(__file__).parents[2] / "deploy"
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
CADDY = shutil.which("caddy")
MOVED = {
    "old": "ai",
    "lost": GONE,
    "default": "ai",
    "hostnames": "ai",
    "include": "ai",
    "count": "0",
    "fax": GONE,
    "volatile": GONE,
}
HIDDEN = (
    "/feeds/ai/rss.xml.gz",
    "/feeds/ai/.rss.xml.unfinished",
    "/syndicator.db",
    "/syndicator.db-wal",
    "/syndicator.db.seal",
    "/syndicator.db.lock",
    "/moved.map",
)
BODY = b"<rss>" + b"word " * 500 + b"</rss>"


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("public")
    files = {
        "index.html": b"<!doctype html>front" + b" " * 300,
        "feeds.opml": b"<opml/>",
        "style-0123.css": b"a{}",
        "icon.svg": b"<svg/>",
        "feeds/ai/rss.xml": BODY,
        "feeds/ai/good/atom.xml": BODY,
        "feeds/ai/archive/1/feed.json": b"{}",
        "feeds/ai/.rss.xml.unfinished": b"half",
        "feeds/notes.gz/rss.xml": BODY,
        "topics/ai/index.html": b"<!doctype html>topic",
        "topics/notes.db/index.html": b"<!doctype html>topic",
        "syndicator.db": b"state",
        "syndicator.db-wal": b"state",
        "syndicator.db.seal": b"state",
        "syndicator.db.lock": b"state",
        "moved.map": b"state",
    }
    for file, body in files.items():
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_bytes(body)
    (root / "feeds/ai/rss.xml.gz").write_bytes(gzip.compress(BODY, mtime=0))
    (root / "link.html").symlink_to("/etc/hostname")
    return root


def connect(door: Path) -> httpx.Client:
    """A client of the server that listens at this socket: a port could be taken by another meanwhile."""
    transport = httpx.HTTPTransport(uds=str(door), **PLAIN)
    return httpx.Client(base_url="http://127.0.0.1", transport=transport)


def wait_until_open(door: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise AssertionError(f"ended at once with {process.returncode}")
        with closing(socket.socket(socket.AF_UNIX)) as probe:
            if probe.connect_ex(str(door)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError("did not listen within a minute")


def configure_nginx(place: Path, *, output: Path, moved: Mapping[str, str]) -> list[str]:
    """Writes the example into `place`, made to run here; returns the command that runs it."""
    if NGINX is None:
        pytest.skip("nginx is not installed: tests/setup.sh does it as root")
    (place / "moved.map").write_bytes(render_nginx_map(moved))
    example = (
        (DEPLOY / "nginx.conf")
        .read_text()
        .replace("listen 80;", f"listen unix:{place}/door;")
        .replace("listen [::]:80;", "")
        .replace("/srv/syndicator/public", str(output))
        .replace("/var/lib/syndicator/moved.map", str(place / "moved.map"))
    )
    (place / "syndicator.conf").write_text(example)
    (place / "nginx.conf").write_text(
        f"daemon off; master_process off; worker_processes 1; pid {place}/pid; error_log {place}/errors;\n"
        f"events {{ worker_connections 64; }}\nhttp {{ access_log off; "
        + "".join(f"{kind}_temp_path {place}/{kind}; " for kind in TEMPORARY)
        + f"include {place}/syndicator.conf; }}\n"
    )
    return [NGINX, "-e", str(place / "errors"), "-p", str(place), "-c", str(place / "nginx.conf")]


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A folder with a short path: the address of a socket has at most 107 bytes."""
    with TemporaryDirectory(dir="/tmp") as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def nginx(output: Path, place: Path) -> Iterator[httpx.Client]:
    process = subprocess.Popen(configure_nginx(place, output=output, moved=MOVED))
    try:
        wait_until_open(place / "door", process)
        with connect(place / "door") as client:
            yield client
    finally:
        process.terminate()
        process.wait(10)


TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


@pytest.fixture(scope="module")
def own(output: Path) -> Iterator[httpx.Client]:
    write_moved_map(output, MOVED)
    with serving(output) as server, httpx.Client(base_url=url(server), **PLAIN) as client:
        yield client


COMPARED = (
    "content-type",
    "cache-control",
    "content-security-policy",
    "referrer-policy",
    "x-content-type-options",
    "link",
    "access-control-allow-origin",
)
FILES = (
    "/",
    "/index.html",
    "/feeds.opml",
    "/style-0123.css",
    "/icon.svg",
    "/feeds/ai/rss.xml",
    "/feeds/ai/good/atom.xml",
    "/feeds/ai/archive/1/feed.json",
    "/feeds/notes.gz/rss.xml",
    "/topics/ai/",
    "/topics/notes.db/",
)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", FILES)
def test_nginx_answers_as_the_own_server_does(
    nginx: httpx.Client, own: httpx.Client, method: str, path: str
) -> None:
    theirs, ours = nginx.request(method, path), own.request(method, path)
    assert (theirs.status_code, theirs.content) == (ours.status_code, ours.content)
    for name in COMPARED:
        assert theirs.headers.get(name) == ours.headers.get(name), name


@pytest.mark.parametrize(
    ("path", "status", "location"),
    [
        ("/feeds/old/good/atom.xml", 301, "/feeds/ai/good/atom.xml"),
        ("/topics/include/", 301, "/topics/ai/"),
        ("/topics/ai", 301, "/topics/ai/"),
        ("/feeds/fax/rss.xml", 410, None),
        ("/topics/lost/", 410, None),
        ("/feeds/default/rss.xml", 301, "/feeds/ai/rss.xml"),
        ("/feeds/hostnames/rss.xml", 301, "/feeds/ai/rss.xml"),
        ("/feeds/include/rss.xml", 301, "/feeds/ai/rss.xml"),
        ("/feeds/volatile/rss.xml", 410, None),
        ("/feeds/count/rss.xml", 301, "/feeds/0/rss.xml"),
        ("/feeds/", 404, None),
        *((path, 404, None) for path in HIDDEN),
        ("/nowhere", 404, None),
        ("/link.html", 404, None),
    ],
)
def test_nginx_and_own_server_agree_on_what_is_not_there(
    nginx: httpx.Client, own: httpx.Client, path: str, status: int, location: str | None
) -> None:
    theirs, ours = nginx.get(path), own.get(path)
    assert ours.status_code == status
    assert theirs.status_code == status
    assert theirs.headers["cache-control"] == ours.headers["cache-control"]
    if status in (404, 410):
        assert theirs.headers["content-type"] == ours.headers["content-type"]
        assert theirs.headers["x-content-type-options"] == "nosniff"
        assert '<a href="/">To the front page</a>' in theirs.text
    if location:
        assert theirs.headers["location"] == location
        assert ours.url.join(ours.headers["location"]).path == location


def test_nginx_sends_the_compressed_sibling_and_revalidates_it(nginx: httpx.Client) -> None:
    first = nginx.get("/feeds/ai/rss.xml", headers={"Accept-Encoding": "gzip"})
    assert first.headers["content-encoding"] == "gzip"
    assert first.headers["vary"] == "Accept-Encoding"
    assert first.content == BODY
    again = nginx.get("/feeds/ai/rss.xml", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    assert again.headers["link"] == '<https://feeds.example.org/feeds/ai/rss.xml>; rel="self"'
    assert again.headers["cache-control"] == "public, max-age=300"


@pytest.mark.parametrize("path", ["/feeds/old/rss.xml", "/topics/ai"])
def test_nginx_keeps_the_query(nginx: httpx.Client, path: str) -> None:
    answer = nginx.get(f"{path}?a=b%20c&d=1")
    assert answer.status_code == 301
    assert answer.headers["location"].endswith("?a=b%20c&d=1")


def test_nginx_tells_what_is_allowed(nginx: httpx.Client) -> None:
    answer = nginx.post("/feeds/ai/rss.xml")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


def test_map_leaves_out_what_nginx_could_misread() -> None:
    moved = {"b": "c", "a": "b", "x;}": "y", "k": "$uri", "~w": "y", "A": "y"}
    assert render_nginx_map(moved | {"g": GONE, "-": GONE}) == b"a b;\nb c;\ng -;\n"


def test_map_escapes_what_are_parameters_to_nginx() -> None:
    moved = {"default": "include", "volatile": GONE, "hostnames": GONE}
    assert render_nginx_map(moved) == b"\\default include;\n\\hostnames -;\n\\volatile -;\n"


def test_nginx_loads_thousands_of_the_longest_slugs(output: Path, place: Path) -> None:
    renamed = {f"{number:0>{LONGEST}}": f"{number:x<{LONGEST}}" for number in range(5_000)}
    (thousands := place / "thousands").mkdir()
    command = configure_nginx(thousands, output=output, moved=renamed)
    assert (thousands / "moved.map").read_bytes().count(b"\n") == 5_000
    tested = subprocess.run([*command, "-t"], capture_output=True, text=True, timeout=30)
    assert tested.returncode == 0, tested.stderr
    assert "could not build" not in tested.stderr


def test_caddy_serves_feeds_with_their_types(output: Path, place: Path) -> None:
    if CADDY is None:
        pytest.skip("caddy is not installed: tests/setup.sh does it as root")
    example = (DEPLOY / "Caddyfile").read_text()
    example = example.replace("feeds.example.org {", f"http://127.0.0.1 {{\n\tbind unix/{place}/caddy")
    example = example.replace("/srv/syndicator/public", str(output))
    example = re.sub(r"\t# (?=@|redir|respond)", "\t", example)
    (place / "Caddyfile").write_text("{\n\tadmin off\n\tauto_https off\n}\n" + example)
    process = subprocess.Popen(
        [CADDY, "run", "--config", str(place / "Caddyfile")],
        stderr=subprocess.DEVNULL,
        env={"HOME": str(place)},
    )
    try:
        wait_until_open(place / "caddy", process)
        with connect(place / "caddy") as client:
            feed = client.get("/feeds/ai/rss.xml")
            assert feed.content == BODY
            assert feed.headers["content-type"] == "application/rss+xml; charset=utf-8"
            assert feed.headers["link"] == '<https://feeds.example.org/feeds/ai/rss.xml>; rel="self"'
            assert feed.headers["cache-control"] == "public, max-age=300"
            assert "style-src 'self'" in client.get("/topics/ai/").headers["content-security-policy"]
            assert client.get("/feeds/notes.gz/rss.xml").content == BODY
            assert client.get("/topics/notes.db/").status_code == 200
            for absent in (*HIDDEN, "/feeds/", "/feeds/none/rss.xml"):
                answer = client.get(absent)
                assert (answer.status_code, answer.headers["cache-control"]) == (404, "no-cache"), absent
                assert answer.headers["content-type"] == "text/html; charset=utf-8"
                assert answer.headers["x-content-type-options"] == "nosniff"
                assert "link" not in answer.headers
                assert '<a href="/">To the front page</a>' in answer.text
            moved = client.get("/feeds/old/good/rss.xml")
            assert (moved.status_code, moved.headers["location"]) == (301, "/feeds/new/good/rss.xml")
            assert client.get("/topics/old").headers["location"] == "/topics/new"
            assert client.get("/topics/older/").status_code == 404
            assert [client.get(gone).status_code for gone in ("/topics/gone/", "/topics/gone")] == [410, 410]
            refused = client.post("/feeds/ai/rss.xml")
            assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")
            assert refused.headers["cache-control"] == "no-cache"
    finally:
        process.terminate()
        process.wait(10)
