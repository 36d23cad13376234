"""What every test leaves as it found it, where its files are, and what a run says it left out."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import re
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, settings

from syndicator import loop
from syndicator.publish import build
from tests.compiled import share_compiled_statements

MEMORY = Path("/dev/shm")
ENOUGH_BYTES = 2 * 2**30

# How long an example takes says how busy the machine is. `make test` has the same examples each time, so that
# it tells of the change alone; `make test-slow` says --hypothesis-profile=slow, and looks for new ones.
quick = settings(
    max_examples=100, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("quick", quick)
settings.register_profile("slow", quick, max_examples=1_000, derandomize=False)
settings.load_profile("quick")
gc.set_threshold(20_000)  # as the program does
# The machine's own settings, proxies, zone and the like are not those of programs under test.
OWN = re.compile(
    "(?i:.+_PROXY|SYNDICATOR_.+|SLACK_.+|NOTIFY_SOCKET|JOURNAL_STREAM|CREDENTIALS_DIRECTORY"
    "|COLUMNS|LINES|(NO|FORCE)_COLOR)"
)
for name in filter(OWN.fullmatch, [*os.environ]):
    del os.environ[name]
os.environ["TZ"] = "UTC"
time.tzset()
share_compiled_statements()


def pytest_configure() -> None:
    """Puts the files of tests into memory, where there is room: syncing them costs nothing there.

    Whether the program syncs is tested by what it asks for, not by the disk. PYTEST_DEBUG_TEMPROOT (pytest's
    own variable) chooses another place.
    """
    if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ENOUGH_BYTES:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


def pytest_collection_finish() -> None:
    """What was imported and collected stays: no garbage is looked for in it."""
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Names and counts what was left out, also when that is nothing."""
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = Counter(str(report.longrepr[-1]).removeprefix("Skipped: ") for report in skipped)
    terminalreporter.section("left out")
    for reason, count in sorted(reasons.items()):
        terminalreporter.write_line(f"{count:>4}  {reason}")
    terminalreporter.write_line(f"{len(skipped):>4}  tests were left out" if skipped else "nothing left out")


@pytest.fixture
def in_tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The machine's own zone."""
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        yield
    time.tzset()


@pytest.fixture(autouse=True)
def logs_as_they_were() -> Iterator[None]:
    """Commands that run in the test's own process set up logging; the next test must not hear of it."""
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    logging.root.handlers, logging.root.level = handlers, level
    structlog.reset_defaults()


@pytest.fixture(scope="module", autouse=True)
def no_event_loop_is_left() -> Iterator[None]:
    """An event loop that a module leaves running in this thread breaks each later `asyncio.run` in it."""
    yield
    with pytest.raises(RuntimeError, match="no running event loop"):
        asyncio.get_running_loop()


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """No portion ends, and none insists, because this machine is slow."""
    for name in ("AT_ONCE_S", "ARCHIVES_S"):
        monkeypatch.setattr(build, name, 60.0)
    monkeypatch.setattr(loop, "YIELDING_LASTS_S", 60.0)
