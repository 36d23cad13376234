"""The server's process, as the service sees it: started, and ended with the service.

A process of its own, so that neither the interpreter's lock nor a defect of the service holds up an answer.
It is given no secret: no environment but what finding Python's libraries takes, and no open file.
"""

from __future__ import annotations

import errno
import json
import os
import socket
import subprocess
import threading
import time
from contextlib import ExitStack
from dataclasses import asdict, replace

from syndicator.errors import CannotServe, CannotServeYet
from syndicator.processes import start
from syndicator.threads import Parts
from syndicator.web.app import WebOptions

START_WITHIN_S = 30.0
LOOKS_EVERY_S = 0.1

_FIXES = {
    errno.EADDRINUSE: "Another program listens there: stop it, or set `server.port` to another",
    errno.EACCES: "Ports below 1024 need CAP_NET_BIND_SERVICE: grant it, or choose another port",
    errno.EADDRNOTAVAIL: "This machine has no such address: choose one that `ip address` lists",
}
PASSING = frozenset({errno.EADDRINUSE, errno.EADDRNOTAVAIL, socket.EAI_AGAIN})
"""What may be otherwise a moment later: a program ends, an interface comes up, a name server answers."""


class WebServer:
    """Has its address from `start` to `close`, and serves while `run` runs. Cannot be started again."""

    def __init__(self, options: WebOptions) -> None:
        self._options = options
        self._ready, self.stopping = threading.Event(), threading.Event()
        self._child: subprocess.Popen[bytes] | None = None
        self.address = (options.host, options.port)
        """Host and port; the real port once started."""

    def start(self) -> None:
        """Takes the address. Raises CannotServe when it cannot be had."""
        self._reserved = reserve(self._options.host, self._options.port)
        self.address = self._reserved.getsockname()[:2]
        self._options = replace(self._options, host=self.address[0], port=self.address[1])
        # Closed on exec, so no other child keeps the writing end; the kernel closes it if this process dies.
        self._lifeline, self._hold = os.pipe()

    def run(self) -> None:
        """Runs the server's process until `stop`. Raises CannotServeYet where it cannot begin, or ends."""
        if self.stopping.is_set():
            return
        try:
            # Ctrl-C reaches the service alone, which lets answers under way finish.
            self._child = start("syndicator.web", json.dumps(asdict(self._options)), stdin=self._lifeline)
        except OSError as error:  # no memory, no processes, no files: it may pass
            raise CannotServeYet("the web server does not start", why=str(error)) from error
        with self._child:
            if self._child.stdout is not None and self._child.stdout.readline():
                self._ready.set()
            code = self._child.wait()
        if not self.stopping.is_set():
            why = f"exit code {code}" if code >= 0 else f"signal {-code}"
            raise CannotServeYet("the web server ended", why=why)

    def wait_until_ready(self, stop: threading.Event) -> None:
        """Returns once connections are accepted, or `stop` is set. Raises CannotServeYet when that takes too
        long."""
        until = time.monotonic() + START_WITHIN_S
        while not (self._ready.wait(LOOKS_EVERY_S) or stop.is_set()):
            if time.monotonic() > until:
                where, why = describe(*self.address), "the server does not start"
                raise CannotServeYet("cannot serve", on=where, why=why, fix="See the log")

    def stop(self) -> None:
        """Accepts nothing more and lets answers under way finish, for the options' grace. May be repeated."""
        if self.stopping.is_set():
            return
        self.stopping.set()
        os.close(self._hold)
        if self._child is not None:
            try:
                self._child.wait(self._options.grace_s + 1.0)
            except subprocess.TimeoutExpired:
                self._child.kill()

    def close(self) -> None:
        """Gives the address up; after `run`."""
        os.close(self._lifeline)
        self._reserved.close()


class Serving:
    """The web server of services that come one after another: one goes on where the next wants the same."""

    def __init__(self) -> None:
        self._stack, self.parts = ExitStack(), Parts()
        self._asked: WebOptions | None = None
        self.server: WebServer | None = None

    def use(self, options: WebOptions | None) -> None:
        """Serves by these options; None: not at all. Raises CannotServe."""
        if options == self._asked:
            return
        self.close()
        if options is None:
            return
        server = WebServer(options)
        server.start()
        self._stack.callback(server.close)
        self.parts.run_beside(self._stack, "web server", server.run, server.stopping, server.stop)
        self.server, self._asked = server, options

    def close(self) -> None:
        self._stack.close()
        self.server = self._asked = None


def reserve(host: str, port: int) -> socket.socket:
    """A socket that holds the address, for a server of this user to listen there. Raises CannotServe.

    With SO_REUSEADDR on both, the server's own socket may have the same address as this one, which never
    listens (socket(7)): so the port is known and kept, also while the server is started again.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        reserved = socket.socket(family, kind, protocol)
        try:
            reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            reserved.bind(address)
        except BaseException:
            reserved.close()
            raise
    except OSError as error:
        failure = CannotServeYet if error.errno in PASSING else CannotServe
        fix = _FIXES.get(error.errno or 0, "Mend server.host and server.port in the settings")
        why = (error.strerror or str(error)).lower()
        raise failure("cannot serve", on=describe(host, port), why=why, fix=fix) from error
    return reserved


def describe(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
