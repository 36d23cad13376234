"""What a service needs, imported and used once: `tests.forked` forks from the process that imports this."""

from __future__ import annotations

import gc
from pathlib import Path
from tempfile import TemporaryDirectory

import slack_sdk.web.client
from structlog.testing import capture_logs

from syndicator.admin import operator, page
from syndicator.cli import build, config, deliveries, mute, preview, run, runner, status
from syndicator.settings import load
from syndicator.watch import folder
from tests.compiled import share_compiled_statements
from tests.rig import Rig

COMMANDS = (build, config, deliveries, mute, preview, run, status)
PARTS = (folder, load, operator, page, runner, slack_sdk)

share_compiled_statements()
with TemporaryDirectory() as base, capture_logs():
    rig = Rig(Path(base))
    rig.write("a.md")
    rig.run_once()
    rig.restart()
    rig.run_once()
    rig.close()

# What was imported stays: looking through it for garbage would copy its pages into each fork.
gc.collect()
gc.freeze()
