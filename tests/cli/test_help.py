"""The list of commands, as a terminal of 80 columns shows it."""

from __future__ import annotations

from typer.testing import CliRunner

from syndicator.cli import app, commands


def test_no_command_s_sentence_is_cut() -> None:
    commands()
    told = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "80"}).output
    listed = told[told.index("Commands:") :].splitlines()[1:]
    assert len(listed) >= 17
    assert [line for line in listed if not line.endswith(".")] + [
        line for line in listed if "..." in line
    ] == []
