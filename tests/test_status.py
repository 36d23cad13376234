"""The file in which a service keeps its status."""

from __future__ import annotations

from pathlib import Path

import pytest

from syndicator.status import StatusFile, read_status, status_path


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
