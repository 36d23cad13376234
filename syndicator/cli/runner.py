"""What `syndicator run` does: services one after another, as signals and settings have it."""

from __future__ import annotations

import signal
import threading
from contextlib import ExitStack, closing
from pathlib import Path
from types import FrameType

import structlog

from syndicator.cli.options import list_settings
from syndicator.cli.terminal import ProgressBar, console
from syndicator.clock import Clock
from syndicator.errors import OutputUnwritable, SettingsError, SyndicatorError
from syndicator.monitoring.status import StatusFile, settings_path
from syndicator.progress import Stages
from syndicator.publish.output import probe
from syndicator.service import Service
from syndicator.settings.effective import Effective, changes
from syndicator.settings.models import Settings
from syndicator.slack.terminal import Terminal
from syndicator.systemd import Notifier
from syndicator.web.process import Serving, describe

log = structlog.get_logger()

ListedSettings = tuple[Settings, list[Effective]]
"""Settings, and all that is in force by them, one by one."""


class Runner:
    """One service after another, each with the settings of its time, as signals have it."""

    def __init__(self, config: Path, notifier: Notifier) -> None:
        self._config, self._notifier, self._started = config, notifier, Clock().now()
        self._service: Service | None = None
        self._reloaded: ListedSettings | None = None
        self._ready: ListedSettings | None = None
        """The settings with which the service was ready last: what a reload can go back to."""
        self._ending, self._serving = False, Serving()
        self._refused = threading.Event()
        """Set while the settings of the last reload were wrong, or the service could not start with them."""

    def run(self) -> None:
        signal.signal(signal.SIGHUP, self._read_again)
        first = list_settings(self._config)
        try:
            probe(first[0].output)
        except OutputUnwritable as error:
            # Another start may find it otherwise, as when its disk is mounted late; a disk is waited for.
            if not (error.passing or error.everywhere):
                raise
        # Not before: nothing is in hand yet, and a file on a dead mount would hold up the end.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)
        with closing(self._serving):
            self._run_each(first)
        log.info("stopped")
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            # A second signal that comes while the process ends would make a failure of a good end.
            signal.signal(number, signal.SIG_IGN)

    def _run_each(self, first: ListedSettings) -> None:
        settings: ListedSettings | None = first
        while settings is not None and not self._ending:
            try:
                self._run_with(settings)
                settings, self._reloaded = self._reloaded, None
            except SyndicatorError as error:
                if self._ready is None or self._ready is settings:
                    raise
                log.error("settings not taken over", problem=str(error))
                settings = self._ready
                self._refused.set()

    def _run_with(self, listed: ListedSettings) -> None:
        settings, in_force = listed[0], StatusFile(settings_path(listed[0].state))
        with closing(ProgressBar(log=True)) as progress, ExitStack() as stack:
            service = self._service = Service(
                settings=settings,
                notifier=self._notifier,
                terminal=Terminal(console()),
                progress=Stages(progress.update),
                refused=self._refused,
                started=self._started,
                # New settings that cannot start now are given up for those that could.
                patient=self._ready is None or self._ready is listed,
                serving=self._serving,
            )
            if self._ending or self._reloaded is not None:
                # The signal came while there was no service to stop.
                service.stop()

            def tell() -> None:
                self._ready = listed
                in_force.write({"settings": [(one.key, one.value, one.origin) for one in listed[1]]})
                stack.callback(in_force.remove)
                progress.close()
                if service.address is not None:
                    place = f"http://{describe(*service.address)}/"
                    log.info("serving feeds", address=place, published_as=settings.site.base_url)
                log.info("ready", sources=len(settings.sources), routes=len(settings.routes))

            service.run(tell)

    # Signal handlers only begin threads: they may have interrupted a write to the log, or a lock being taken.

    def _end(self, _number: int, _frame: FrameType | None) -> None:
        self._ending = True
        threading.Thread(target=self._stop, name="stop").start()

    def _stop(self) -> None:
        self._notifier.stopping()
        if self._service is not None:
            self._service.stop()

    def _read_again(self, _number: int, _frame: FrameType | None) -> None:
        # Settings on a dead mount are never read: the end of the process does not wait for them.
        threading.Thread(target=self._reload, name="reload", daemon=True).start()

    def _reload(self) -> None:
        try:
            settings = list_settings(self._config, to_publish=True)
        except SettingsError as error:
            for problem in error.problems:
                log.error("settings not taken over", problem=str(problem))
            self._refused.set()
            return
        log.info("settings read anew")
        for one in changes(self._ready[1], settings[1]) if self._ready else ():
            log.info("setting changed", setting=one.key, before=one.before, after=one.after)
        self._notifier.reloading()
        self._reloaded = settings
        self._refused.clear()
        if self._service is not None:
            self._service.stop()
