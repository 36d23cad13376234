"""`syndicator` in the test's own process: one of its own would spend more than a second on imports."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from subprocess import CompletedProcess
from unittest import mock

import pytest

from syndicator.cli import main


def run_command(arguments: Sequence[str], env: Mapping[str, str]) -> CompletedProcess[str]:
    """Any command but `run`, with all of its environment."""
    given = ["syndicator", *arguments]
    out, err = io.StringIO(), io.StringIO()
    with (
        mock.patch.dict(os.environ, env, clear=True),
        mock.patch.object(sys, "argv", given),
        redirect_stdout(out),
        redirect_stderr(err),
        pytest.raises(SystemExit) as ended,
    ):
        main()
    code = ended.value.code
    assert code is None or isinstance(code, int)
    return CompletedProcess(given, code or 0, out.getvalue(), err.getvalue())
