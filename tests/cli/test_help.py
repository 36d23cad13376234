"""The list of commands, as a terminal of 80 columns shows it."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from syndicator.cli import app, commands


@pytest.mark.parametrize("group", [[], ["config"], ["deliveries"]])
def test_no_command_s_sentence_is_cut(group: list[str]) -> None:
    commands()
    told = CliRunner().invoke(app, [*group, "--help"], env={"COLUMNS": "80"}).output
    listed = told[told.index("Commands:") :].splitlines()[1:]
    assert len(listed) >= 3
    assert [line for line in listed if not line.endswith(".")] + [
        line for line in listed if "..." in line
    ] == []
