"""What the tests of the watch share."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest


@pytest.fixture(scope="session")
def powerless() -> list[str]:
    """The words to put before a command so that a folder's rights hold for it even if we are root."""
    if os.geteuid() != 0:
        return []
    setpriv = shutil.which("setpriv")
    words = [setpriv or "", "--bounding-set=-all", "--inh-caps=-all"]
    if setpriv is None or subprocess.run([*words, "true"], capture_output=True).returncode:
        pytest.skip("we are root and setpriv cannot drop that, so that no folder can be shut to us")
    return words
