"""What the command line loads before it is known what it is to do."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["--version"], ["nonsense"]])
def test_help_waits_for_neither_database_nor_parsers(arguments: list[str]) -> None:
    code = "import sys; from syndicator.cli import main\ntry: main()\nfinally: print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=60
    )
    loaded = set(done.stdout.split())
    assert "syndicator.cli.run" in loaded
    assert loaded & {"sqlalchemy", "alembic", "lxml", "slack_sdk", "syndicator.app"} == set()
