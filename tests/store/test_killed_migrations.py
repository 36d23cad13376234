"""A migration that is killed at any statement leaves the database old or new, and the next start ends it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from syndicator.store.database import known_revisions

OLDER = known_revisions()[:-1]


def killed(folder: Path, revision: str, *most: str) -> dict[str, int]:
    command = [sys.executable, "-m", "tests.store.killing", str(folder), revision, *most]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, int] = json.loads(done.stdout)
    return found


def test_killed_at_a_few_statements(tmp_path: Path) -> None:
    """From the oldest, so that every migration takes part."""
    found = killed(tmp_path, OLDER[0], "5")
    assert (found["old"], found["new"]) == (5, 1), "all of it is one transaction"


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("revision", OLDER)
def test_killed_at_every_statement(tmp_path: Path, revision: str) -> None:
    found = killed(tmp_path, revision)
    assert (found["old"], found["new"]) == (found["statements"], 1)
