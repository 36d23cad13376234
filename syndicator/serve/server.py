"""HTTP for one app, by granian's Rust threads inside this process: listening, limits, stopping.

granian was chosen by measuring: wrk with 64 connections on two busy cores, one worker each, nginx with the
same files in the same run = 1, medians. Answers 304: 0.43 this way, 0.25 through asyncio, uvicorn 0.14.
Whole files of 60 KB: 0.38, 0.33, 0.25. And it closes a connection whose request head does not become whole
within seconds, which uvicorn does not.

Its embedded server speaks asyncio for apps that wait. Ours never waits, so a request is answered right in
granian's own Python thread: that spares two changes of thread a request, no event loop runs and no signal
is touched. This uses names of granian that it does not document (2.8); the tests of the real server hold
them.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import math
import socket
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable
from typing import Any, cast

import structlog
from granian._granian import CallbackScheduler, RSGIWorker, SocketHolder, WorkerSignal
from granian.http import HTTP1Settings

from syndicator.errors import CannotServe, CannotServeYet
from syndicator.serve.answers import FAILURE, NO_HOST
from syndicator.serve.messages import App, Request, Response

log = structlog.get_logger(__name__)

HEADER_TIMEOUT_S = 5.0
"""A connection is closed when no whole request head has come for so long: half-open, dripping or idle."""

LARGEST_HEAD_BYTES = 16 * 1024
MOST_CONNECTIONS = 1024
"""Further ones wait in the kernel's queue until one of these ends."""

STALLED_AFTER_MS = 20_000
"""A connection is dropped when a client takes nothing of its answer for so long."""

LOG_AGAIN_AFTER_S = 60.0
"""The same failure is not logged again sooner, however many requests meet it."""

_CURES = {
    errno.EADDRINUSE: "Another program listens there: stop it, or set `server.port` to another",
    errno.EACCES: "Ports below 1024 need CAP_NET_BIND_SERVICE: grant it, or choose another port",
    errno.EADDRNOTAVAIL: "This machine has no such address: choose one that `ip address` lists",
}


_PASSING = frozenset({errno.EADDRINUSE, errno.EADDRNOTAVAIL})
"""What may be otherwise a moment later: a program ends, an interface comes up."""


class Server:
    """Serves one app from `start` to `stop`; cannot be started again."""

    def __init__(self, app: App, *, host: str, port: int, header_timeout_s: float = HEADER_TIMEOUT_S) -> None:
        """`port` 0 takes any free one. The app is called by one thread, one request at a time."""
        self._app, self._host, self._port = app, host, port
        self._header_timeout_s = header_timeout_s
        self._stopped = threading.Event()
        self._signal = WorkerSignal()
        self._started = False
        self.address = (host, port)
        """Host and port; the real port once started."""

    def start(self) -> None:
        """Returns once connections are accepted. Raises CannotServe when the address cannot be had."""
        listening = listen(self._host, self._port)
        self.address = listening.getsockname()[:2]
        # granian's own notes on workers say nothing to an operator.
        logging.getLogger("_granian").setLevel(logging.ERROR)
        self._signal.add_cb(self._stopped.set)
        loop = asyncio.new_event_loop()  # asked for by granian, never run
        self._make_worker(listening).serve_async(_answer_directly(self._app, loop), loop, self._signal)
        loop.close()
        self._started = True

    def stop(self, grace_s: float = 2.0) -> bool:
        """Accepts nothing more and lets answers under way finish, for `grace_s` seconds at most.

        Returns whether all ended in time; the rest ends with the process. May be repeated.
        """
        if not self._started:
            return True
        self._signal.set()
        return self._stopped.wait(grace_s)

    def _make_worker(self, listening: socket.socket) -> Any:
        """granian's worker on this socket, which becomes its own. The arguments stand in granian's order."""
        timeout_ms = int(self._header_timeout_s * 1000)
        http1 = HTTP1Settings(header_read_timeout=timeout_ms, max_buffer_size=LARGEST_HEAD_BYTES)
        threads, blocking_threads, python_threads, idle_timeout_s = 1, 1, 1, 30
        no_http2, no_websockets, no_static_files, no_metrics = None, False, None, (None, None)
        no_tls: tuple[Any, ...] = (False, None, None, None, "tls1.3", None, [], False)
        hold: Any = SocketHolder  # granian's stub leaves its arguments out
        make: Any = RSGIWorker
        return make(
            1,
            (None, hold(listening.detach(), False, MOST_CONNECTIONS)),
            None,
            threads,
            blocking_threads,
            python_threads,
            idle_timeout_s,
            MOST_CONNECTIONS,
            "1",
            http1,
            no_http2,
            no_websockets,
            no_static_files,
            *no_tls,
            no_metrics,
        )


def listen(host: str, port: int) -> socket.socket:
    """A listening socket whose connections end when their client stalls. Raises CannotServe."""
    on = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind, protocol)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            # Linux hands both on to each connection accepted (tcp(7)).
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, STALLED_AFTER_MS)
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            listening.bind(address)
            listening.listen(MOST_CONNECTIONS)
            listening.setblocking(False)
        except BaseException:
            listening.close()
            raise
    except OSError as error:
        why = error.strerror or str(error)
        cure = _CURES.get(error.errno or 0, "Mend server.host and server.port in the settings")
        passing = error.errno in _PASSING or (
            isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN
        )
        failure = CannotServeYet if passing else CannotServe
        raise failure("cannot serve", on=on, why=why.lower(), cure=cure) from error
    return listening


class _Headers:
    """The headers of one request where granian keeps them: taken over only when asked for."""

    __slots__ = ("_raw",)

    def __init__(self, raw: Any) -> None:
        self._raw = raw

    def get(self, name: str, /) -> str | None:
        values = self._raw.get_all(name)
        return ", ".join(values) if values else None


def _answer_directly(app: App, loop: asyncio.AbstractEventLoop) -> CallbackScheduler:
    """What granian calls for each request: answers at once, in the thread that it calls from."""

    failures = Failures()

    def answer(watcher: Any) -> None:
        scope = watcher.scope
        response = _call(app, scope, failures) if _has_host(scope) else NO_HOST
        if response.body:
            watcher.proto.response_bytes(response.status, response.headers, response.body)
        else:
            watcher.proto.response_empty(response.status, response.headers)
        watcher.done()

    make: Any = _Direct
    scheduler = make(loop, None, None, None, None)
    scheduler._schedule_fn = answer
    return cast(CallbackScheduler, scheduler)


class _Direct(CallbackScheduler):
    """granian's own class takes no attributes; a subclass does."""


def _has_host(scope: Any) -> bool:
    """Whether the request says once for which host it is; HTTP/1.0 need not say it."""
    hosts = len(scope.headers.get_all("host"))
    return hosts == 1 or (hosts == 0 and scope.http_version == "1")


def _call(app: App, scope: Any, failures: Failures) -> Response:
    """The app's answer; a plain 500 where it failed, with the reason in the log alone."""
    method, path = scope.method, scope.path
    headers = _Headers(scope.headers)
    try:
        return app(Request(method=method, path=path, query=scope.query_string, headers=headers))
    except Exception as error:
        failures.note(error, method=method, path=path)
        return FAILURE


class Failures:
    """Logs requests that failed with their traceback, the same failure once in `LOG_AGAIN_AFTER_S`.

    The same is what has one type and was raised at one line, so that visitors cannot fill the log.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._logged: dict[tuple[type[Exception], str, int], float] = {}
        self._unlogged: Counter[tuple[type[Exception], str, int]] = Counter()

    def note(self, error: Exception, *, method: str, path: str) -> None:
        """To be called while the error is handled."""
        raised = traceback.extract_tb(error.__traceback__)[-1]
        same, now = (type(error), raised.filename, raised.lineno or 0), self._clock()
        if now - self._logged.get(same, -math.inf) < LOG_AGAIN_AFTER_S:
            self._unlogged[same] += 1
            return
        self._logged[same] = now
        log.exception("request failed", method=method, path=path, unlogged=self._unlogged.pop(same, 0))
