"""A folder as it stands, through the app: answers, traversal, changes, memory."""

from __future__ import annotations

import gzip
import os
import time
from pathlib import Path

import pytest

from syndicator.publish.moved_map import Moved, render_nginx_map
from syndicator.web.addresses import Refusal
from syndicator.web.answers import Response
from syndicator.web.app import App
from syndicator.web.documents import Document
from syndicator.web.folder import OutputFolder
from tests.web.conftest import Asked, Headers, options, write_moved_map

RSS = b"<rss>" + b"one " * 500 + b"</rss>"


@pytest.fixture
def output(tmp_path: Path) -> Path:
    root = tmp_path / "public"
    for file, body in {
        "index.html": b"<!doctype html>front",
        "feeds.opml": b"<opml/>",
        "feeds/ai/rss.xml": RSS,
        "feeds/ai/.rss.xml.tmp": b"half",
        "topics/ai/index.html": b"<!doctype html>topic",
    }.items():
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_bytes(body)
    (tmp_path / "secret.html").write_bytes(b"secret")
    return root


@pytest.fixture
def app(output: Path) -> App:
    return App(options(output))


def ask(app: App, path: str, method: str = "GET", **headers: str) -> Response:
    sent = Headers(host=["feeds.example.org"]) | {k.replace("_", "-"): [v] for k, v in headers.items()}
    return app.answer(Asked(path, method, headers=Headers(sent)))


def header(response: Response, name: str) -> str | None:
    return dict(response.headers).get(name)


def test_file_is_answered_whole(app: App) -> None:
    response = ask(app, "/feeds/ai/rss.xml")
    assert (response.status, response.body) == (200, RSS)
    assert header(response, "content-type") == "application/rss+xml; charset=utf-8"


def test_compressed_form_goes_to_those_who_can_read_it(app: App) -> None:
    response = ask(app, "/feeds/ai/rss.xml", accept_encoding="gzip")
    assert header(response, "content-encoding") == "gzip"
    assert gzip.decompress(response.body) == RSS


def test_each_encoding_is_revalidated_by_its_own_tag(app: App) -> None:
    plain = header(ask(app, "/feeds/ai/rss.xml"), "etag") or ""
    packed = header(ask(app, "/feeds/ai/rss.xml", accept_encoding="gzip"), "etag") or ""
    assert ask(app, "/feeds/ai/rss.xml", if_none_match=plain).status == 304
    assert ask(app, "/feeds/ai/rss.xml", if_none_match=packed, accept_encoding="gzip").status == 304
    assert ask(app, "/feeds/ai/rss.xml", if_none_match=plain, accept_encoding="gzip").status == 200


def test_last_modified_is_the_files_and_gives_304(app: App, output: Path) -> None:
    os.utime(output / "feeds/ai/rss.xml", (784111777, 784111777))
    date = header(ask(app, "/feeds/ai/rss.xml"), "last-modified") or ""
    assert date == "Sun, 06 Nov 1994 08:49:37 GMT"
    assert ask(app, "/feeds/ai/rss.xml", if_modified_since=date).status == 304


def test_folder_gives_its_page_and_never_a_listing(app: App) -> None:
    assert ask(app, "/").body == b"<!doctype html>front"
    assert ask(app, "/topics/ai/").body == b"<!doctype html>topic"
    assert ask(app, "/feeds/").status == 404
    assert ask(app, "/feeds").status == 404


def test_folder_without_slash_is_led_to_its_page(app: App) -> None:
    response = ask(app, "/topics/ai")
    assert (response.status, header(response, "location")) == (301, "./ai/")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "get"])
def test_other_methods_are_told_what_is_allowed(app: App, method: str) -> None:
    response = ask(app, "/feeds/ai/rss.xml", method)
    assert (response.status, header(response, "allow")) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    "path",
    ["/../secret.html", "/feeds/../../secret.html", "/a\0b", "/..%2fsecret.html", "/feeds/ai/.rss.xml.tmp"],
)
def test_nothing_outside_or_hidden_is_answered(app: App, path: str) -> None:
    response = ask(app, path)
    assert 400 <= response.status < 500
    assert b"secret" not in response.body.replace(path.encode(), b"")


@pytest.mark.parametrize("kind", ["file", "folder", "loop", "pipe", "outer root file"])
def test_links_and_odd_files_inside_lead_nowhere(app: App, output: Path, tmp_path: Path, kind: str) -> None:
    match kind:
        case "file":
            (output / "x.html").symlink_to(tmp_path / "secret.html")
            path = "/x.html"
        case "folder":
            (output / "x").symlink_to(tmp_path, target_is_directory=True)
            path = "/x/secret.html"
        case "loop":
            (output / "x").symlink_to(output / "x")
            path = "/x"
        case "pipe":
            os.mkfifo(output / "x.html")
            path = "/x.html"
        case _:
            (output / "x.html").symlink_to("index.html")
            path = "/x.html"
    assert ask(app, path).status == 404


def test_link_put_in_place_of_a_known_file_leads_nowhere(app: App, output: Path, tmp_path: Path) -> None:
    assert ask(app, "/feeds.opml").status == 200
    (output / "feeds.opml").unlink()
    (output / "feeds.opml").symlink_to(tmp_path / "secret.html")
    assert ask(app, "/feeds.opml").status == 404


def test_replaced_file_is_seen_at_once(app: App, output: Path) -> None:
    before = ask(app, "/feeds/ai/rss.xml")
    new = output / "feeds/ai/.new"
    new.write_bytes(RSS.replace(b"one", b"two"))
    new.replace(output / "feeds/ai/rss.xml")
    after = ask(app, "/feeds/ai/rss.xml", if_none_match=header(before, "etag") or "")
    assert (after.status, after.body) == (200, RSS.replace(b"one", b"two"))


def test_deleted_file_is_gone_at_once(app: App, output: Path) -> None:
    assert ask(app, "/feeds/ai/rss.xml").status == 200
    (output / "feeds/ai/rss.xml").unlink()
    assert ask(app, "/feeds/ai/rss.xml").status == 404


def test_output_folder_may_be_a_link_that_is_swapped(tmp_path: Path, output: Path) -> None:
    current, other = tmp_path / "current", tmp_path / "other"
    current.symlink_to(output)
    app = App(options(current))
    assert ask(app, "/").body == b"<!doctype html>front"
    other.mkdir()
    (other / "index.html").write_bytes(b"other")
    current.unlink()
    current.symlink_to(other)
    assert ask(app, "/").body == b"other"


def test_unreadable_folder_is_not_called_absent(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> int:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "open", fail)
    response = ask(app, "/feeds/ai/rss.xml")
    assert (response.status, header(response, "retry-after")) == (503, "60")


def test_file_from_the_future_is_not_dated_later_than_now(output: Path) -> None:
    os.utime(output / "feeds.opml", (4_000_000_000, 4_000_000_000))
    document = OutputFolder(options(output)).read("feeds.opml")
    assert isinstance(document, Document)
    assert abs(document.modified - time.time()) < 60


def test_memory_for_bodies_is_bounded(output: Path) -> None:
    budget = 40_000
    folder = OutputFolder(options(output), budget_bytes=budget)
    for number in range(30):
        (output / f"{number}.bin").write_bytes(bytes([number]) * 9_000)
    for number in [*range(30), 7, 29, 0]:
        document = folder.read(f"{number}.bin")
        assert isinstance(document, Document)
        assert document.plain.body == bytes([number]) * 9_000
        assert folder.kept_bytes <= budget
    (output / "large.bin").write_bytes(b"x" * budget)
    assert isinstance(folder.read("large.bin"), Document)
    assert 0 < folder.kept_bytes <= budget
    for number in range(30):
        (output / f"{number}.bin").unlink()
        assert folder.read(f"{number}.bin") is Refusal.MISSING
    assert folder.kept_bytes == 0


def test_what_is_kept_is_the_same_as_what_is_read_anew(output: Path) -> None:
    keeping, reading = OutputFolder(options(output)), OutputFolder(options(output), budget_bytes=0)
    for _ in range(2):
        for file in ("index.html", "feeds.opml", "feeds/ai/rss.xml"):
            assert keeping.read(file) == reading.read(file)


def test_compressed_file_beside_it_is_sent_where_it_is_of_the_same_bytes(output: Path) -> None:
    beside = gzip.compress(RSS, 1, mtime=0)
    assert beside != gzip.compress(RSS, 6, mtime=0)
    (output / "feeds/ai/rss.xml.gz").write_bytes(beside)
    assert ask(App(options(output)), "/feeds/ai/rss.xml", accept_encoding="gzip").body == beside
    for other in (gzip.compress(RSS + b" ", mtime=0), gzip.compress(RSS.upper(), mtime=0), beside[:-1], b""):
        (output / "feeds/ai/rss.xml.gz").write_bytes(other)
        answered = ask(App(options(output)), "/feeds/ai/rss.xml", accept_encoding="gzip").body
        assert gzip.decompress(answered) == RSS


def test_picture_is_not_compressed_again(output: Path) -> None:
    (output / "logo.png").write_bytes(b"x" * 5000)
    assert header(ask(App(options(output)), "/logo.png", accept_encoding="gzip"), "content-encoding") is None


def test_moved_topics_answer_301_and_410(app: App, output: Path) -> None:
    write_moved_map(output, Moved(renamed={"ml": "ai"}, gone=frozenset({"fax"})))
    renamed = ask(app, "/feeds/ml/good/rss.xml", "HEAD")
    assert (renamed.status, header(renamed, "location")) == (301, "../../ai/good/rss.xml")
    gone = ask(app, "/topics/fax/")
    assert gone.status == 410
    assert b'href="../../"' in gone.body


def test_moved_topics_are_read_from_their_file_whenever_it_changes(output: Path, tmp_path: Path) -> None:
    file = tmp_path / "moved.map"
    app = App(options(output, moved_map=str(file)))
    assert ask(app, "/feeds/ml/rss.xml").status == 404
    file.write_bytes(render_nginx_map(Moved(renamed={"ml": "ai", "default": "ai"}, gone=frozenset({"fax"}))))
    answers = [ask(app, f"/feeds/{slug}/rss.xml").status for slug in ("ml", "default", "fax", "ai")]
    assert answers == [301, 301, 410, 200]
    file.unlink()
    assert ask(app, "/feeds/ml/rss.xml").status == 301, "what was known counts until something else is"


def test_missing_output_folder_is_no_proof_that_a_feed_is_gone(app: App, output: Path) -> None:
    assert ask(app, "/feeds/ai/rss.xml").status == 200
    assert ask(app, "/feeds/other/rss.xml").status == 404
    output.rename(output.with_name("unmounted"))
    for path in ("/", "/feeds/ai/rss.xml", "/feeds/other/rss.xml", "/feeds/ai"):
        response = ask(app, path)
        assert (response.status, header(response, "retry-after")) == (503, "60"), path


def test_not_found_is_plain_and_shows_the_way(app: App) -> None:
    response = ask(app, "/feeds/<script>alert(1)</script>/rss.xml")
    assert response.status == 404
    assert b"script" not in response.body
    assert b"front page" in response.body
    assert header(response, "cache-control") == "no-cache"


def test_host_header_changes_nothing(app: App) -> None:
    plain = ask(app, "/feeds/ai/rss.xml")
    assert ask(app, "/feeds/ai/rss.xml", host="evil.example", x_forwarded_host="evil.example") == plain


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
def test_file_that_changes_while_it_is_read_is_not_answered() -> None:
    # Files of /proc tell another size than they have, as one that is written in place does.
    assert OutputFolder(options(Path("/proc/self"))).read("stat") is Refusal.UNREADABLE
