"""How `status` looks: a line each elsewhere, broken between words on a terminal."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from syndicator.cli.status import _found, _say
from syndicator.cli.terminal import local_time
from syndicator.errors import SettingsError

LONG = "10,423 entries are late: " + "publishing takes longer than the interval of scans " * 3
FACTS = {
    "level": 1,
    "line": "degraded words " * 12,
    "findings": [{"text": LONG.strip(), "fix": "Raise `watch.scan_every` or take a folder away", "level": 1}],
    "at": "2026-03-02T14:05:07+00:00",
    "started": "2026-03-01T09:00:00+00:00",
    "version": "1",
    "pid": 42,
    "entries": {"public": 3},
    "messages": {},
    "routes": [],
}


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")


def test_facts_say_of_what_time_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    _say(FACTS)
    told = capsys.readouterr().out
    at = datetime.fromisoformat("2026-03-02T14:05:07+00:00").astimezone()
    assert f"  as of {at:%H:%M:%S}: running since " in told
    assert len(told.splitlines()) == 3, "elsewhere than on a terminal, a line each"


def test_lines_on_a_terminal_are_broken_between_words_and_set_in(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")
    _say(FACTS)
    whole = capsys.readouterr().out
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    _say(FACTS)
    broken = capsys.readouterr().out
    assert max(map(len, broken.splitlines())) <= 80
    assert [line for line in broken.splitlines() if not line.startswith(("degraded", "  "))] == []
    assert broken.split() == whole.split()


def test_settings_are_wrong_also_by_the_time_of_a_digest_where_no_service_runs(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_text(
        "site: {title: T, base_url: https://feeds.example.org/}\nsources: [{name: news, path: articles}]\n"
        "routes: [{name: daily, channel: C1, deliver: {digest: 0 9 31 2 *}}]\nstate: sqlite:///s.db\n",
        encoding="utf-8",
    )
    with pytest.raises(SettingsError, match="never comes"):
        _found(file)


@pytest.mark.usefixtures("in_tokyo")
def test_times_are_in_the_machine_s_own_zone() -> None:
    assert local_time(datetime(2026, 3, 2, 15, 5, tzinfo=UTC)) == "2026-03-03 00:05 JST"
