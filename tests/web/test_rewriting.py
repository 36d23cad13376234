"""Conditional requests from many clients while files are replaced all the time."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.web.conftest import Start
from tests.web.visitors import FILES, make_version

ROOT = Path(__file__).parents[2]


def write_version(root: Path, file: str, version: int) -> None:
    """Renames a new version into place, as the publisher does."""
    path = root / file
    path.parent.mkdir(parents=True, exist_ok=True)
    body = make_version(version)
    for name, data in ((f"{path.name}.gz", gzip.compress(body, 1)), (path.name, body)):
        new = path.with_name(f".{name}.new")
        new.write_bytes(data)
        new.replace(path.with_name(name))


def rewrite(root: Path, ended: threading.Event) -> int:
    """Replaces files a few hundred times a second until told to end; how often it did.

    The first file is replaced all the time, the others now and then, so that both kinds of answer are seen.
    """
    version = 0
    while not ended.wait(0.002):
        version += 1
        write_version(root, FILES[version // 20 % len(FILES) if version % 20 == 0 else 0], version)
    return version


@pytest.mark.parametrize("total", [4_000, pytest.param(20_000, marks=pytest.mark.slow)])
def test_no_tag_has_two_bodies_while_files_are_replaced(start: Start, tmp_path: Path, total: int) -> None:
    for file in FILES:
        write_version(tmp_path, file, 0)
    host, port = start(tmp_path).address
    ended, versions = threading.Event(), [0]
    writer = threading.Thread(target=lambda: versions.append(rewrite(tmp_path, ended)))
    writer.start()
    try:
        visitors = [sys.executable, "-m", "tests.web.visitors", host, str(port), str(total)]
        done = subprocess.run(visitors, cwd=ROOT, capture_output=True, text=True, timeout=110)
    finally:
        ended.set()
        writer.join()
    assert done.returncode == 0, done.stderr[-2000:]
    seen = json.loads(done.stdout)
    print(f"{total} requests, {versions[-1]} versions: {seen}")
    assert sum(seen.values()) == total
    assert min(seen["plain"], seen["gzip"], seen["unchanged"]) > 0
    assert versions[-1] > 20
