"""Tells systemd how the service is: READY, STATUS, RELOADING, STOPPING, WATCHDOG (sd_notify(3)).

One datagram per message to `$NOTIFY_SOCKET`; without it, as in a terminal, nothing is sent. A sign of life
without room costs nothing, since the next one comes soon; READY and RELOADING come once and wait for it.
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Mapping
from datetime import timedelta

BEAT_EVERY_S = 5.0
"""A waiting service gives a sign of life at least so often, whether systemd watches it or not."""
START_STEP = timedelta(minutes=2)
"""How much time a start asks for, from each batch of articles to the next."""
PATIENCE_S = 10.0
"""How long a message that systemd waits for is held until there is room: ten may fill the queue."""


class Notifier:
    def __init__(self, environment: Mapping[str, str]) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        # A leading @ stands for the null byte of Linux's abstract socket names.
        self._address = "\0" + address[1:] if address.startswith("@") else address
        usec = environment.get("WATCHDOG_USEC", "")
        self._status = ""
        self._starting, self._stopping = True, False
        self._watchdog = timedelta(microseconds=int(usec)) if usec.isdigit() else None

    @property
    def beat_s(self) -> float:
        """How often `alive` is to be called: at least at each third of systemd's period."""
        return min(self._watchdog.total_seconds() / 3, BEAT_EVERY_S) if self._watchdog else BEAT_EVERY_S

    def ready(self, status: str) -> None:
        """The first scan and build are done and the feeds are served."""
        self._status, self._starting = status, False
        self._send("READY=1", f"STATUS={status}", patience_s=PATIENCE_S)

    def status(self, status: str) -> None:
        """How things stand; sent only when it changes, and never over the word that the service stops.

        Where there is no room it is sent when it is said again.
        """
        if status != self._status and not self._stopping and self._send(f"STATUS={status}"):
            self._status = status

    def alive(self) -> None:
        """The work goes on, and a start asks for more time (EXTEND_TIMEOUT_USEC). From the thread that does
        the work, never from a timer of its own."""
        usec = START_STEP // timedelta(microseconds=1)
        self._send("WATCHDOG=1", *([f"EXTEND_TIMEOUT_USEC={usec}"] if self._starting else []))

    def reloading(self) -> None:
        self._starting = True
        self._send("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}", patience_s=PATIENCE_S)

    def stopping(self) -> None:
        self._stopping = True
        self._send("STOPPING=1", "STATUS=Stopping: finishing what is in hand")

    def _send(self, *lines: str, patience_s: float = 0.0) -> bool:
        """Whether nobody listens, or there was room."""
        if not self._address:
            return True
        message = "\n".join(line.replace("\n", " ") for line in lines).encode()
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            channel.settimeout(patience_s)  # where nobody reads, a full queue must not hold up the work
            channel.connect(self._address)
            channel.send(message)
            return True
        return False
