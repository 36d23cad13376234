"""A folder as it stands, through the app: answers, traversal, changes, memory."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from syndicator.serve.addresses import Moved
from syndicator.serve.answers import Absence
from syndicator.serve.app import create_app
from syndicator.serve.documents import Document, Rules, make_document
from syndicator.serve.folder import OutputFolder
from syndicator.serve.front_map import render_nginx_map
from syndicator.serve.messages import App, Request, Response
from syndicator.serve.moved import MovedFile

BASE = "https://feeds.example.org/"
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
    return create_app(output, base_url=BASE)


def ask(app: App, path: str, method: str = "GET", **headers: str) -> Response:
    return app(
        Request(method=method, path=path, headers={k.replace("_", "-"): v for k, v in headers.items()})
    )


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
    app = create_app(current, base_url=BASE)
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
    folder = OutputFolder(output, make, clock=lambda: 1_000_000_000.5)
    document = folder.read("feeds.opml")
    assert isinstance(document, Document)
    assert document.modified == 1_000_000_000


def make(file: str, body: bytes, *, modified: int) -> Document:
    return make_document(file, body, modified=modified, rules=Rules(base_url=BASE))


def test_memory_for_bodies_is_bounded(output: Path) -> None:
    budget = 40_000
    folder = OutputFolder(output, make, budget_bytes=budget)
    for number in range(30):
        (output / f"{number}.bin").write_bytes(bytes([number]) * 9_000)
    for number in [*range(30), 7, 29, 0]:
        document = folder.read(f"{number}.bin")
        assert isinstance(document, Document)
        assert document.plain.whole.body == bytes([number]) * 9_000
        assert folder.kept_bytes <= budget
    (output / "large.bin").write_bytes(b"x" * budget)
    assert isinstance(folder.read("large.bin"), Document)
    assert 0 < folder.kept_bytes <= budget
    for number in range(30):
        (output / f"{number}.bin").unlink()
        assert folder.read(f"{number}.bin") is Absence.MISSING
    assert folder.kept_bytes == 0


def test_document_beyond_all_memory_is_revalidated_without_reading(output: Path) -> None:
    made: list[str] = []

    def note(file: str, body: bytes, *, modified: int) -> Document:
        made.append(file)
        return make(file, body, modified=modified)

    folder = OutputFolder(output, note, budget_bytes=1000)
    whole = folder.read("feeds/ai/rss.xml")
    assert isinstance(whole, Document)
    assert folder.kept_bytes == 0
    for _ in range(3):
        assert folder.recall("feeds/ai/rss.xml") == whole.tags
    assert made == ["feeds/ai/rss.xml"]
    (output / "feeds/ai/rss.xml").write_bytes(RSS + b" ")
    assert folder.recall("feeds/ai/rss.xml") is None
    (output / "feeds/ai/rss.xml").unlink()
    assert folder.recall("feeds/ai/rss.xml") is None


def test_document_that_lost_its_place_is_still_revalidated(output: Path) -> None:
    folder = OutputFolder(output, make, budget_bytes=40_000)
    for number in range(8):
        (output / f"{number}.bin").write_bytes(bytes([number]) * 9_000)
    first = folder.read("0.bin")
    assert isinstance(first, Document)
    assert folder.recall("0.bin") is None
    for number in range(1, 8):
        folder.read(f"{number}.bin")
    assert folder.recall("0.bin") == first.tags
    assert folder.read("0.bin") == first


def test_tags_kept_are_bounded(output: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syndicator.serve.folder.MOST_TAGS", 2)
    folder = OutputFolder(output, make, budget_bytes=0)
    for file in ("index.html", "feeds.opml", "feeds/ai/rss.xml"):
        folder.read(file)
    assert folder.recall("index.html") is None
    assert folder.recall("feeds.opml") is not None


@pytest.mark.parametrize("budget", [0, 1_000_000], ids=["nothing kept", "all kept"])
def test_answers_do_not_depend_on_what_is_kept(output: Path, budget: int) -> None:
    kept, app = create_app(output, base_url=BASE), create_app(output, base_url=BASE, budget_bytes=budget)
    tag = header(ask(kept, "/feeds/ai/rss.xml", accept_encoding="gzip"), "etag") or ""
    plain = header(ask(kept, "/feeds/ai/rss.xml"), "etag") or ""
    for _ in range(2):
        for encoding in ("gzip", "identity"):
            for known in ("", tag, plain, '"other"'):
                asked = {"accept_encoding": encoding, "if_none_match": known}
                assert ask(app, "/feeds/ai/rss.xml", **asked) == ask(kept, "/feeds/ai/rss.xml", **asked)


def test_moved_topics_answer_301_and_410(output: Path) -> None:
    moved = Moved(renamed={"ml": "ai"}, gone=frozenset({"fax"}))
    app = create_app(output, base_url=BASE, moved=lambda: moved)
    renamed = ask(app, "/feeds/ml/good/rss.xml", "HEAD")
    assert (renamed.status, header(renamed, "location")) == (301, "../../ai/good/rss.xml")
    gone = ask(app, "/topics/fax/")
    assert gone.status == 410
    assert b'href="../../"' in gone.body


def test_moved_topics_are_read_from_their_file_whenever_it_changes(output: Path, tmp_path: Path) -> None:
    file = tmp_path / "moved.map"
    app = create_app(output, base_url=BASE, moved=MovedFile(file).read)
    assert ask(app, "/feeds/ml/rss.xml").status == 404
    file.write_bytes(render_nginx_map(Moved(renamed={"ml": "ai", "default": "ai"}, gone=frozenset({"fax"}))))
    assert [ask(app, f"/feeds/{slug}/rss.xml").status for slug in ("ml", "default", "fax", "ai")] == [
        301,
        301,
        410,
        200,
    ]
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
    assert OutputFolder(Path("/proc/self"), make).read("status") is Absence.UNREADABLE
