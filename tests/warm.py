"""What a service needs, imported and used once: `tests.forked` forks from the process that imports this."""

from __future__ import annotations

import gc
from pathlib import Path
from tempfile import TemporaryDirectory

import slack_sdk.web.client
from structlog.testing import capture_logs

from syndicator.admin import operator, page
from syndicator.cli import commands, runner
from syndicator.monitoring.status import facts
from syndicator.settings import load
from syndicator.settings.models import Route
from syndicator.slack import client
from syndicator.watch import folder
from tests.compiled import share_compiled_statements
from tests.rig import Rig

PARTS = (client, folder, load, operator, page, runner, slack_sdk)

commands()
share_compiled_statements()
with TemporaryDirectory() as base, capture_logs():
    rig = Rig(Path(base), routes=[Route(name="all", channel="C1", deliver="immediate")])
    for name in ("a.md", "b.md"):
        rig.write(name)
        rig.run_once()
        rig.restart()
    facts(rig.app, rig.now, started=rig.now)
    rig.close()

# What was imported stays: looking through it for garbage would copy its pages into each fork.
gc.collect()
gc.freeze()
