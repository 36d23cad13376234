"""The file in which a service keeps its status."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import event

from syndicator import loop
from syndicator.alerts import ChannelState
from syndicator.errors import Rejected, StoreUnavailable
from syndicator.monitoring.health import Kind
from syndicator.monitoring.status import (
    StatusFile,
    StatusTeller,
    current_status,
    facts,
    read_status,
    status_path,
)
from syndicator.settings.models import Route
from tests.disks import fill, small_disk
from tests.rig import Rig, RigClock


@pytest.mark.parametrize(("folder", "file"), [(0o700, 0o600), (0o750, 0o640), (0o755, 0o644), (0o777, 0o644)])
def test_status_is_read_by_whoever_may_look_into_the_state_folder(
    tmp_path: Path, folder: int, file: int
) -> None:
    state = tmp_path / "var"
    state.mkdir()
    state.chmod(folder)
    path = status_path(f"sqlite:///{state}/state.db")
    other = tmp_path / "other"
    other.write_text("of somebody else", encoding="utf-8")
    (state / ".state.db.status.new").symlink_to(other)
    StatusFile(path).write({"level": 0})
    assert (read_status(path) or {})["level"] == 0
    assert path.stat().st_mode & 0o777 == file
    assert other.read_text(encoding="utf-8") == "of somebody else"
    assert [one.name for one in state.iterdir()] == ["state.db.status"]


def test_full_disk_does_not_keep_the_status_of_before(tmp_path: Path) -> None:
    with small_disk(tmp_path / "var") as disk:
        status = StatusFile(disk / "state.db.status")
        status.write({"level": 0})
        fill(disk)
        status.write({"level": 2})
        assert (read_status(disk / "state.db.status") or {})["level"] == 2


def test_first_pass_that_fails_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig(tmp_path)
    path = tmp_path / "state.db.status"
    rig.loop._status = StatusTeller(rig.app, RigClock(rig), file=StatusFile(path))

    def fail(*given: object, **named: object) -> int:
        if path.exists():
            rig.loop.stop()
        raise StoreUnavailable("the database cannot be written", why="disk I/O error")

    monkeypatch.setattr(rig.app.sources, "scan", fail)
    monkeypatch.setattr(loop, "RETRY_FIRST_S", 0.0)
    rig.loop.run_first()
    assert "the database cannot be written: disk I/O error" in current_status(path)["line"]


@pytest.mark.parametrize("left", [b"", b"\0" * 100, b"\xff{", b"[]", b'{"level": 0'])
def test_file_that_a_power_loss_left_is_none(tmp_path: Path, left: bytes) -> None:
    path = tmp_path / "state.db.status"
    path.write_bytes(left)
    assert read_status(path) is None
    assert current_status(path)["line"] == "the service does not run"


@pytest.mark.usefixtures("fast")
def test_routes_that_owe_nothing_cost_no_question(tmp_path: Path) -> None:
    asked = []
    for count in (1, 50):
        (tmp_path / str(count)).mkdir()
        names = [f"r{number}" for number in range(count)]
        routes = [Route(name=name, channel=f"C{name}", deliver="immediate", topics=(name,)) for name in names]
        rig = Rig(tmp_path / str(count), routes=routes)
        rig.write("a.md")
        rig.run_once()
        rig.write("b.md")
        statements: list[str] = []
        for engine in (rig.store._writer, rig.store._readers):
            event.listen(engine, "before_cursor_execute", lambda *given, to=statements: to.append(given[2]))
        rig.loop.run_once()
        facts(rig.app, rig.now, started=rig.now)
        asked.append(len(statements))
    assert asked[0] == asked[1]


@pytest.mark.usefixtures("fast")
def test_route_says_that_the_hours_cap_holds_what_it_owes(tmp_path: Path) -> None:
    rig = Rig(tmp_path, routes=[Route(name="news", channel="C1", deliver="immediate", per_hour=1)])
    rig.write("a.md")
    rig.run_once()
    for name in ("b.md", "c.md"):
        rig.write(name)
        rig.run_once()
    (route,) = facts(rig.app, rig.now, started=rig.now)["routes"]
    assert (route["owes"], route["waiting"], route["held"]) == (1, 1, "held back: the hour's cap is reached")


def test_channel_that_refuses_is_named_with_its_reason_and_not_for_the_token(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    said = "the message was not posted: {}: Slack says {}"
    archived = said.format("C1", "is_archived") + ". Unarchive the channel"
    with rig.store.transaction() as session:
        for channel, why in [("C1", archived), ("C2", said.format("C2", "invalid_auth") + ". Renew it")]:
            put = ChannelState(channel=channel, not_before=rig.now, broken=why)
            session.outbox.channels.put(put)

    def of_channels() -> list[tuple[str, str]]:
        with rig.store.reading() as session:
            found = rig.app.findings(session, rig.now)
        return [(one.text, one.fix) for one in found if one.kind is Kind.CHANNEL]

    rig.app.outages.refusal = Rejected("the token could not be checked", code="invalid_auth")
    why = "Slack says is_archived. Unarchive the channel. "
    assert of_channels() == [("Slack refuses C1", f"{why}`syndicator deliveries` has what waits")]
    rig.app.outages.refusal = None
    assert [text for text, _ in of_channels()] == ["Slack refuses C1, C2"], "until its next message is sent"
    rig.close()
