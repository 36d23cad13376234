"""What a docstring shows is what comes out."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

import syndicator

PACKAGE = Path(syndicator.__file__).parent
FILES = [file for file in sorted(PACKAGE.rglob("*.py")) if ">>> " in file.read_text(encoding="utf-8")]
MODULES = [".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts) for file in FILES]


@pytest.mark.parametrize("module", MODULES)
def test_worked_examples_hold(module: str) -> None:
    result = doctest.testmod(importlib.import_module(module))
    assert result.attempted > 0
    assert result.failed == 0
