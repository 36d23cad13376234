"""What stands in file names and articles is shown by the commands, and obeyed by no terminal."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest
from typer.testing import CliRunner

from syndicator.cli import app, build, deliveries, explain, simulate  # noqa: F401  they register themselves
from syndicator.text import shown

SETTINGS = """\
site: {title: Cloud News, base_url: "https://feeds.example.org/"}
sources: [{name: news, path: articles}]
output: public
state: sqlite:///state.db
watch: {quiet: 0s}
"""
ARTICLE = {
    "title": "A \x9b31m title \u202egpj",
    "webUrl": "https://www.example.org/a",
    "publishedDateTime": "2026-03-14T09:00:00Z",
    "provider": {"name": "[/red] [bold]Daily[/bold]"},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "syndicator.yaml").write_text(SETTINGS, "utf-8")
    (tmp_path / "articles").mkdir()
    return tmp_path


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / "articles" / name
    path.write_text(text, "utf-8")
    return path


def command(folder: Path, *arguments: str) -> str:
    result = CliRunner().invoke(app, [*arguments, "--config", str(folder / "syndicator.yaml")])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.output


def obeyed(text: str) -> set[str]:
    return {c for c in text if c != "\n" and (unicodedata.category(c) in ("Cc", "Zl", "Zp") or c == "\u202e")}


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("plain \U0001f468\u200d\U0001f469 日本語 שלום", "plain \U0001f468\u200d\U0001f469 日本語 שלום"),
        ("\x1b[2J\x07\x9b1m", r"\x1b[2J\x07\x9b1m"),
        ("a\nb\r\tc\x85", r"a\x0ab\x0d\x09c\x85"),
        ("\u202egpj\u2028", r"\u202egpj\u2028"),
        ("\udcff", r"\xff"),
    ],
    ids=["left alone", "escapes", "line ends", "direction", "not UTF-8"],
)
def test_what_a_terminal_obeys_is_written_out(text: str, written: str) -> None:
    assert shown(text) == written


def test_line_ends_may_stay() -> None:
    assert shown("a\nb\x1b", but="\n") == "a\nb\\x1b"


def test_check_obeys_no_file_name_and_forges_no_line(folder: Path) -> None:
    write(folder, "clear\x1b[2J\x9b0m.md", "no front matter")
    write(folder, "new\nforged.md:1:1: all is well.md", "no front matter")
    output = command(folder, "check")
    assert obeyed(output) == set()
    assert r"clear\x1b[2J\x9b0m.md:1:1: " in output
    assert not [line for line in output.splitlines() if line.startswith("forged")]


def test_json_is_obeyed_by_no_terminal_either(folder: Path) -> None:
    name = "clear\x1b\x9b2J\u202e\x7f\ufffe ü.md"
    write(folder, name, "no front matter")
    output = command(folder, "check", "--json")
    assert obeyed(output) == set()
    assert "ü" in output
    assert [one["path"] for one in json.loads(output)["problems"]] == [name]


def test_explain_shows_an_article_and_obeys_nothing_in_it(folder: Path) -> None:
    matter = "".join(f"{key}: {json.dumps(value)}\n" for key, value in ARTICLE.items())
    path = write(folder, "red\x1b[31m[b].md", f"---\n{matter}---\n")
    command(folder, "build")
    output = command(folder, "explain", str(path))
    assert obeyed(output) == set()
    assert r"red\x1b[31m[b].md (source news)" in output
    assert "[/red] [bold]Daily[/bold]" in output


def test_explain_of_a_bad_file_is_whole_sentences(folder: Path) -> None:
    matter = "".join(f"{key}: {json.dumps(value)}\n" for key, value in ARTICLE.items())
    path = write(folder, "a.md", f"---\n{matter}---\n")
    command(folder, "build")
    write(folder, "a.md", f"---\n{matter}type: [\n---\n")
    write(folder, "new.md", "no front matter")
    command(folder, "build")
    words = " ".join(command(folder, "explain", str(path)).split())
    assert " in double quotes. The last good version stays in force." in words
    words = " ".join(command(folder, "explain", "new.md").split())
    assert ". It is no entry, and never was" in words and ".. It" not in words


@pytest.mark.parametrize("what", ["https://[::1", "http://", "caf\udce9.md", "", "/" * 5_000])
def test_explain_knows_nothing_of_what_is_no_path_and_no_link(folder: Path, what: str) -> None:
    command(folder, "build")
    assert command(folder, "explain", what).startswith("Nothing is known of ")


def test_explain_says_that_what_lies_beside_an_index_is_not_read(folder: Path) -> None:
    hint = "With `profile: hugo`, what lies beside an `index.md` or below it is not read."
    command(folder, "build")
    assert hint not in command(folder, "explain", "two.md")
    hugo = "{name: news, path: articles, profile: hugo, base_url: 'https://a.example/'}"
    settings = SETTINGS.replace("{name: news, path: articles}", hugo)
    (folder / "syndicator.yaml").write_text(settings, "utf-8")
    assert hint in " ".join(command(folder, "explain", "two.md").split())


@pytest.mark.parametrize("until", ["0001-01-02", "0001-01-01T00:00+05:00", "9999-12-31", "tomorrow"])
def test_simulate_refuses_an_end_that_is_none(
    folder: Path, until: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)  # today's settings
    command(folder, "build")
    assert "--until" in command(folder, "simulate", "--until", until)


def test_explain_repeats_what_it_does_not_know_without_obeying(folder: Path) -> None:
    command(folder, "build")
    assert obeyed(command(folder, "explain", "x\x1b[31m")) == set()
