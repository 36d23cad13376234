"""What a service needs, imported and used once: `tests.forked` forks from the process that imports this."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import slack_sdk.web.client
from structlog.testing import capture_logs

from syndicator.admin import operator, page
from syndicator.cli import build, config, deliveries, mute, preview, run, runner, status
from syndicator.settings import load
from syndicator.watch import folder
from tests.rig import Rig

COMMANDS = (build, config, deliveries, mute, preview, run, status)
PARTS = (folder, load, operator, page, runner, slack_sdk)

with TemporaryDirectory() as base, capture_logs():
    rig = Rig(Path(base))
    rig.write("a.md")
    rig.run_once()
    rig.close()
