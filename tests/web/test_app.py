"""A folder as it stands, through the app: answers, traversal, conditions, changes, moved topics."""

from __future__ import annotations

import gzip
import os
import time
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicator.publish.addresses import GONE, render_nginx_map
from syndicator.web.app import BARE_POLICY, PAGE_POLICY, Response, WebApp, content_type, public_file, way_to
from tests.web.conftest import options, write_moved_map

RSS = b"<rss>" + b"one " * 500 + b"</rss>"
PACKED = gzip.compress(RSS, mtime=0)


@pytest.fixture
def output(tmp_path: Path) -> Path:
    root = tmp_path / "public"
    for file, body in {
        "index.html": b"<!doctype html>front",
        "feeds.opml": b"<opml/>",
        "feeds/ai/rss.xml": RSS,
        "feeds/ai/rss.xml.gz": PACKED,
        "feeds/ai/.rss.xml.tmp": b"half",
        "topics/ai/index.html": b"<!doctype html>topic",
    }.items():
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_bytes(body)
    (tmp_path / "secret.html").write_bytes(b"secret")
    return root


@pytest.fixture
def app(output: Path) -> WebApp:
    return WebApp(options(output))


def ask(app: WebApp, path: str, method: str = "GET", **headers: str) -> Response:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return app.answer(method, path, sent.get)


def header(response: Response, name: str) -> str | None:
    return dict(response.headers).get(name)


def ask_feed(output: Path, **others: Any) -> Response:
    return ask(WebApp(options(output, **others)), "/feeds/ai/rss.xml")


# --- what is there ---


def test_file_is_answered_whole(app: WebApp) -> None:
    response = ask(app, "/feeds/ai/rss.xml")
    assert (response.status, response.body) == (200, RSS)
    assert header(response, "content-encoding") is None


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("feeds/ai/rss.xml", "application/rss+xml; charset=utf-8"),
        ("feeds/ai/good/atom.xml", "application/atom+xml; charset=utf-8"),
        ("feeds/ai/feed.json", "application/feed+json; charset=utf-8"),
        ("feeds.opml", "text/x-opml; charset=utf-8"),
        ("index.html", "text/html; charset=utf-8"),
        ("style-0123.css", "text/css; charset=utf-8"),
        ("icon.svg", "image/svg+xml; charset=utf-8"),
        ("robots.txt", "text/plain; charset=utf-8"),
        ("LOGO.PNG", "image/png"),
        ("photo.webp", "image/webp"),
        ("unknown", "application/octet-stream"),
    ],
)
def test_content_type_follows_the_name(file: str, kind: str) -> None:
    assert content_type(file) == kind


def test_every_answer_forbids_sniffing_and_names_its_age(output: Path) -> None:
    os.utime(output / "feeds/ai/rss.xml", (784111777, 784111777))
    (output / "logo.png").write_bytes(b"png")
    app = WebApp(options(output, cache_seconds=60))
    for path in ("/", "/feeds/ai/rss.xml", "/feeds.opml", "/logo.png"):
        seen = ask(app, path)
        assert header(seen, "x-content-type-options") == "nosniff"
        assert header(seen, "cache-control") == "public, max-age=60"
        assert header(seen, "vary") == "accept-encoding"
        assert header(seen, "referrer-policy")
        assert header(seen, "content-security-policy") == (PAGE_POLICY if path == "/" else BARE_POLICY)
    assert header(ask(app, "/feeds/ai/rss.xml"), "last-modified") == "Sun, 06 Nov 1994 08:49:37 GMT"


def test_last_modified_is_never_in_the_future(output: Path) -> None:
    later_s = time.time() + 60
    os.utime(output / "feeds/ai/rss.xml", (later_s, later_s))
    said = header(ask(WebApp(options(output)), "/feeds/ai/rss.xml"), "last-modified") or ""
    assert parsedate_to_datetime(said).timestamp() <= time.time()


def test_feeds_may_be_fetched_from_pages_of_others(app: WebApp) -> None:
    assert header(ask(app, "/feeds/ai/rss.xml"), "access-control-allow-origin") == "*"
    assert header(ask(app, "/"), "access-control-allow-origin") is None


def test_feed_links_come_from_the_base_address(output: Path) -> None:
    (output / "feeds/日本語").mkdir()
    (output / "feeds/日本語/rss.xml").write_bytes(RSS)
    app = WebApp(options(output, base_url="https://feeds.example.org/news/", hub="https://hub.example.net/"))
    first = ask(app, "/feeds/日本語/rss.xml", host="evil.example", x_forwarded_host="evil.example")
    again = ask(app, "/feeds/日本語/rss.xml", if_none_match=header(first, "etag") or "")
    expected = (
        "<https://feeds.example.org/news/feeds/%E6%97%A5%E6%9C%AC%E8%AA%9E/rss.xml>; "
        'rel="self", <https://hub.example.net/>; rel="hub"'
    )
    assert [header(first, "link"), header(again, "link")] == [expected, expected]
    assert "hub" not in (header(ask_feed(output), "link") or "")
    assert header(ask(app, "/"), "link") is None


def test_folder_gives_its_page_and_never_a_listing(app: WebApp) -> None:
    assert ask(app, "/").body == b"<!doctype html>front"
    assert ask(app, "/topics/ai/").body == b"<!doctype html>topic"
    assert ask(app, "/feeds/").status == 404
    assert ask(app, "/feeds").status == 404


def test_folder_without_slash_is_led_to_its_page(app: WebApp) -> None:
    response = ask(app, "/topics/ai")
    assert (response.status, header(response, "location")) == (301, "../topics/ai/")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "get"])
def test_other_methods_are_told_what_is_allowed(app: WebApp, method: str) -> None:
    response = ask(app, "/feeds/ai/rss.xml", method)
    assert (response.status, header(response, "allow")) == (405, "GET, HEAD")


# --- conditions and encodings ---


def test_compressed_form_goes_to_those_who_can_read_it(app: WebApp) -> None:
    response = ask(app, "/feeds/ai/rss.xml", accept_encoding="gzip")
    assert (header(response, "content-encoding"), response.body) == ("gzip", PACKED)
    assert header(response, "content-type") == "application/rss+xml; charset=utf-8"


def test_file_without_compressed_sibling_is_sent_plain(app: WebApp, output: Path) -> None:
    assert header(ask(app, "/feeds.opml", accept_encoding="gzip"), "content-encoding") is None
    (output / "feeds.opml.gz").symlink_to("feeds/ai/rss.xml.gz")
    response = ask(app, "/feeds.opml", accept_encoding="gzip")
    assert (header(response, "content-encoding"), response.body) == (None, b"<opml/>")


@pytest.mark.parametrize(
    ("value", "packed"),
    [
        ("gzip", True),
        ("GZIP", True),
        ("br, gzip , zstd", True),
        ("gzip; q=0.001", True),
        ("gzip;q=1.0, identity;q=0.5", True),
        ("gzip;q=0", False),
        ("gzip;q=0.000", False),
        ("gzip;q=2", False),
        ("gzip;q=nan", False),
        ("br", False),
        ("", False),
        (",,", False),
        ("gzipped", False),
        ("not-gzip", False),
    ],
)
def test_accept_encoding(app: WebApp, value: str, packed: bool) -> None:
    response = ask(app, "/feeds/ai/rss.xml", accept_encoding=value)
    assert (header(response, "content-encoding") == "gzip") is packed


def test_each_encoding_is_revalidated_by_its_own_strong_tag(app: WebApp) -> None:
    plain = header(ask(app, "/feeds/ai/rss.xml"), "etag") or ""
    packed = header(ask(app, "/feeds/ai/rss.xml", accept_encoding="gzip"), "etag") or ""
    assert plain.startswith('"')
    assert ask(app, "/feeds/ai/rss.xml", if_none_match=plain).status == 304
    assert ask(app, "/feeds/ai/rss.xml", if_none_match=packed, accept_encoding="gzip").status == 304
    assert ask(app, "/feeds/ai/rss.xml", if_none_match=plain, accept_encoding="gzip").status == 200


@pytest.mark.parametrize(
    ("value", "status"),
    [
        pytest.param("{}", 304, id="the same"),
        pytest.param("W/{}", 304, id="weak form of the same"),
        pytest.param('"x", W/{} , "y"', 304, id="in a list"),
        pytest.param('"x",{}', 304, id="in a list without spaces"),
        pytest.param('"a,b", {}', 304, id="comma inside another tag"),
        pytest.param(" * ", 304, id="star"),
        pytest.param('"abd"', 200, id="another"),
        pytest.param('"{', 200, id="not closed"),
        pytest.param("abc", 200, id="not quoted"),
        pytest.param("", 200, id="empty"),
    ],
)
def test_if_none_match_decides_alone(app: WebApp, value: str, status: int) -> None:
    first = ask(app, "/feeds/ai/rss.xml")
    tags = value.replace("{}", header(first, "etag") or "")
    date = header(first, "last-modified") or ""
    response = ask(app, "/feeds/ai/rss.xml", if_none_match=tags, if_modified_since=date)
    assert response.status == status
    assert response.body == (RSS if status == 200 else b"")


def test_unchanged_carries_what_a_cache_must_renew(app: WebApp) -> None:
    tag = header(ask(app, "/feeds/ai/rss.xml"), "etag") or ""
    names = {name for name, _ in ask(app, "/feeds/ai/rss.xml", if_none_match=tag).headers}
    assert {"etag", "vary", "cache-control", "link", "last-modified"} <= names
    assert not {"content-type", "content-encoding"} & names


@pytest.mark.parametrize(
    ("since", "status"),
    [
        ("Sun, 06 Nov 1994 08:49:37 GMT", 304),
        ("Sunday, 06-Nov-94 08:49:37 GMT", 304),
        ("Sun Nov  6 08:49:37 1994", 304),
        ("Sun, 06 Nov 1994 08:49:36 GMT", 200),
        ("Mon, 07 Nov 2094 08:49:37 GMT", 200),
        ("yesterday", 200),
    ],
)
def test_only_the_date_that_was_sent_gives_304(app: WebApp, output: Path, since: str, status: int) -> None:
    os.utime(output / "feeds/ai/rss.xml", (784111777, 784111777))
    assert ask(app, "/feeds/ai/rss.xml", if_modified_since=since).status == status


@given(value=st.text(), encoding=st.text())
def test_no_header_raises(tmp_path_factory: pytest.TempPathFactory, value: str, encoding: str) -> None:
    root = tmp_path_factory.getbasetemp() / "headers"
    root.mkdir(exist_ok=True)
    (root / "index.html").write_bytes(b"x")
    response = ask(WebApp(options(root)), "/", if_none_match=value, accept_encoding=encoding)
    assert response.status in (200, 304)


# --- what is not there ---


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.html",
        "/feeds/../../secret.html",
        "/./feeds.opml",
        "/feeds/..",
        "/..%2fsecret.html",
        "/a\0b",
        "/a\nb",
        "/a\\..\\b",
        "/\ufffd",
        "/\ud800",
        "",
        "*",
        "feeds.opml",
        "/" + "a" * 5000,
        "//",
        "//feeds.opml",
        "/feeds//ai",
        "/.git/config",
        "/feeds/ai/.rss.xml.tmp",
        "/feeds/ai/rss.xml.gz",
        "/feeds.opml/x",
    ],
)
def test_nothing_outside_or_hidden_is_answered(app: WebApp, path: str) -> None:
    response = ask(app, path)
    assert response.status == 404
    assert b"secret" not in response.body


STATE = ("db", "db-wal", "db-shm", "db-journal", "db.lock", "db.seal", "sqlite3-wal")


@pytest.mark.parametrize(
    "name", [*(f"syndicator.{end}" for end in STATE), "moved.map", "x.tmp", "x.part", "x~"]
)
def test_state_and_unfinished_files_are_hidden_but_not_folders(name: str) -> None:
    assert public_file(f"/x/{name}") is None
    assert public_file(f"/topics/{name}/") == f"topics/{name}/index.html"
    assert public_file("/bitmoved.map") == "bitmoved.map"


@given(path=st.text())
def test_no_path_leads_out(path: str) -> None:
    file = public_file("/" + path)
    assert file is None or all(step not in ("", ".", "..") and "\0" not in step for step in file.split("/"))


@pytest.mark.parametrize("kind", ["file", "folder", "loop", "pipe", "inside"])
def test_links_and_odd_files_inside_lead_nowhere(
    app: WebApp, output: Path, tmp_path: Path, kind: str
) -> None:
    path = "/x.html"
    match kind:
        case "file":
            (output / "x.html").symlink_to(tmp_path / "secret.html")
        case "folder":
            (output / "x").symlink_to(tmp_path, target_is_directory=True)
            path = "/x/secret.html"
        case "loop":
            (output / "x.html").symlink_to(output / "x.html")
        case "pipe":
            os.mkfifo(output / "x.html")
        case _:
            (output / "x.html").symlink_to("index.html")
    assert ask(app, path).status == 404


@pytest.mark.parametrize("place", ["feeds/ai/rss.xml", "feeds"])
def test_link_put_in_place_of_what_is_known_leads_nowhere(
    app: WebApp, output: Path, tmp_path: Path, place: str
) -> None:
    assert ask(app, "/feeds/ai/rss.xml").status == 200
    (output / place).rename(tmp_path / "elsewhere")
    (output / place).symlink_to(tmp_path / "elsewhere")
    os.utime(tmp_path / "elsewhere", (1, 1))
    if place == "feeds":
        (output / "feeds/ai/rss.xml").write_bytes(b"secret")
    assert ask(app, "/feeds/ai/rss.xml").status == 404


def test_not_found_is_plain_and_shows_the_way(app: WebApp) -> None:
    response = ask(app, "/feeds/<script>alert(1)</script>/rss.xml")
    assert response.status == 404
    assert b"script" not in response.body
    assert b'href="../../../"' in response.body
    assert header(response, "cache-control") == "no-cache"


def test_missing_output_folder_is_no_proof_that_a_feed_is_gone(app: WebApp, output: Path) -> None:
    assert ask(app, "/feeds/ai/rss.xml").status == 200
    assert ask(app, "/feeds/other/rss.xml").status == 404
    output.rename(output.with_name("unmounted"))
    for path in ("/", "/feeds/ai/rss.xml", "/feeds/other/rss.xml", "/feeds/ai"):
        response = ask(app, path)
        assert (response.status, header(response, "retry-after")) == (503, "60"), path


def test_unreadable_file_is_not_called_absent(app: WebApp, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> int:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "open", fail)
    response = ask(app, "/feeds/ai/rss.xml", accept_encoding="gzip")
    assert (response.status, header(response, "retry-after")) == (503, "60")


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
def test_file_that_changes_while_it_is_read_is_not_answered() -> None:
    # Files of /proc tell another size than they have, as one that is written in place does.
    assert ask(WebApp(options(Path(f"/proc/{os.getpid()}"))), "/status").status == 503


# --- changes ---


def test_replaced_file_is_seen_at_once(app: WebApp, output: Path) -> None:
    before = ask(app, "/feeds/ai/rss.xml")
    new = output / "feeds/ai/.new"
    new.write_bytes(RSS.replace(b"one", b"two"))
    new.replace(output / "feeds/ai/rss.xml")
    after = ask(app, "/feeds/ai/rss.xml", if_none_match=header(before, "etag") or "")
    assert (after.status, after.body) == (200, RSS.replace(b"one", b"two"))


def test_deleted_file_is_gone_at_once(app: WebApp, output: Path) -> None:
    assert ask(app, "/feeds/ai/rss.xml").status == 200
    (output / "feeds/ai/rss.xml").unlink()
    assert ask(app, "/feeds/ai/rss.xml").status == 404


def test_output_folder_may_be_a_link_that_is_swapped(tmp_path: Path, output: Path) -> None:
    current, other = tmp_path / "current", tmp_path / "other"
    current.symlink_to(output)
    app = WebApp(options(current))
    assert ask(app, "/").body == b"<!doctype html>front"
    other.mkdir()
    (other / "index.html").write_bytes(b"other")
    current.unlink()
    current.symlink_to(other)
    assert ask(app, "/").body == b"other"


# --- moved topics ---

MOVED = {"old": "new", "default": "new", "closed": GONE, "gone": GONE}


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/feeds/old/rss.xml", "/feeds/new/rss.xml"),
        ("/feeds/old/good/atom.xml", "/feeds/new/good/atom.xml"),
        ("/feeds/old/archive/3/atom.xml", "/feeds/new/archive/3/atom.xml"),
        ("/topics/old/", "/topics/new/"),
        ("/topics/old", "/topics/new"),
        ("/feeds/default/c++ & co:/", "/feeds/new/c++ & co:/"),
    ],
)
def test_renamed_topic_leads_to_its_new_name(app: WebApp, output: Path, path: str, target: str) -> None:
    write_moved_map(output, MOVED)
    response = ask(app, path, "HEAD")
    assert response.status == 301
    location = header(response, "location") or ""
    # The reference is relative: below a sub-path it stays below it.
    assert unquote(urljoin("http://h/news" + path, location)) == "http://h/news" + target


@pytest.mark.parametrize("path", ["/feeds/gone/rss.xml", "/topics/gone/", "/topics/closed"])
def test_gone_topic_is_gone_everywhere(app: WebApp, output: Path, path: str) -> None:
    write_moved_map(output, MOVED)
    response = ask(app, path)
    assert (response.status, header(response, "cache-control")) == (410, "public, max-age=300")


@pytest.mark.parametrize("path", ["/feeds/new/rss.xml", "/other/old/rss.xml", "/old"])
def test_other_places_have_not_moved(app: WebApp, output: Path, path: str) -> None:
    write_moved_map(output, MOVED)
    assert ask(app, path).status == 404


def test_moved_topics_are_read_from_their_file_whenever_it_changes(output: Path, tmp_path: Path) -> None:
    file = tmp_path / "moved.map"
    app = WebApp(options(output, moved_map=str(file)))
    assert ask(app, "/feeds/ml/rss.xml").status == 404
    file.write_bytes(render_nginx_map({"ml": "ai", "default": "ai", "fax": GONE}))
    answers = [ask(app, f"/feeds/{slug}/rss.xml").status for slug in ("ml", "default", "fax", "ai")]
    assert answers == [301, 301, 410, 200]
    file.unlink()
    assert ask(app, "/feeds/ml/rss.xml").status == 301, "what was known counts until something else is"


@given(st.lists(st.sampled_from(["a", "b b", "日", "c:d", "e?f#"]), max_size=5), st.booleans())
def test_references_lead_there_from_anywhere(steps: list[str], slash: bool) -> None:
    path = "/" + "/".join(steps) + ("/" if slash and steps else "")
    address = urljoin("http://h/base/", way_to(path[1:], "/"))
    assert urljoin(address, way_to("", path)) == "http://h/base/"
    assert urljoin(address, way_to("x:y/", path)) == "http://h/base/x%3Ay/"
