"""Serves health, metrics and the operator's page on an address of their own, from a thread of the service.

    /healthz        200 while the loop gives signs of life, else 503
    /readyz         200 while the service does its work, else 503 with what keeps it from that
    /metrics        for Prometheus
    /               the operator's page
    /problems.xml   the articles with a problem, as an Atom feed

Only GET and HEAD are answered, and nothing is changed by them. The address is loopback unless the settings
say otherwise: who reaches it may read paths, titles and names of channels. A request for any other host gets
421 (RFC 9110 15.5.20), so that no web site has a browser read the page by its own name (DNS rebinding).
"""

from __future__ import annotations

import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler
from ipaddress import ip_address
from socketserver import ThreadingTCPServer
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import structlog

from syndicator.admin.operator import Operator
from syndicator.admin.page import STYLE
from syndicator.errors import CannotServe, CannotServeYet
from syndicator.monitoring.health import HealthLevel
from syndicator.monitoring.status import STALE_S
from syndicator.web.process import PASSING, describe

log = structlog.get_logger()

PATIENCE_S = 10.0
"""How long a client may take to ask."""
MOST_OPEN = 64
"""Connections at once; further ones are closed, so that they do not take the service's descriptors."""
OTHER_HOST = (
    b"This is the operator's address of a syndicator. Ask it as localhost, by its own address, "
    b"or by the name that `admin.host` has in its settings.\n"
)
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class AdminResponse(NamedTuple):
    body: bytes
    type: str = "text/plain; charset=utf-8"
    status: int = 200


def answer(operator: Operator, path: str) -> AdminResponse:
    match path.partition("?")[0]:
        case "/healthz":
            silent_s = operator.status.silent_s()
            if silent_s < STALE_S:
                return AdminResponse(b"ok\n")
            text = f"the service has given no sign of life for {silent_s:.0f} s\n"
            return AdminResponse(text.encode(), status=503)
        case "/readyz":
            facts = operator.facts()
            down = facts["level"] >= HealthLevel.DOWN
            text = "".join(f"{finding['text']}. {finding['fix']}\n" for finding in facts["findings"])
            return AdminResponse(
                ("" if down else "ready\n").encode() + text.encode(), status=503 if down else 200
            )
        case "/metrics":
            return AdminResponse(operator.metrics(), "text/plain; version=0.0.4; charset=utf-8")
        case "/problems.xml":
            return AdminResponse(operator.problems(), "application/atom+xml; charset=utf-8")
        case "/":
            return AdminResponse(operator.page(), "text/html; charset=utf-8")
        case "/style.css":
            return AdminResponse(STYLE, "text/css; charset=utf-8")
    return AdminResponse(b"There is nothing here.\n", status=404)


def is_own_host(host: str, configured: str) -> bool:
    """Whether a request's `Host` is ours: loopback, or `admin.host` of the settings.

    With `0.0.0.0` or `::` that is every address of the machine. Without a host it comes from no browser.

    >>> is_own_host("localhost:9090", "127.0.0.1"), is_own_host("evil.example:9090", "127.0.0.1")
    (True, False)
    """
    try:
        name = (urlsplit(f"//{host}").hostname or "").removesuffix(".")
    except ValueError:
        return False
    if not host or name in ("localhost", configured.lower()):
        return True
    try:
        address = ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or configured in ("", "0.0.0.0", "::")  # noqa: S104  compared, not bound


class AdminServer(ThreadingTCPServer):
    """Listens from `start` to `stop`; a thread for each connection, of so many.

    Not an HTTPServer, which looks its own name up as it begins, and so waits for DNS.
    """

    daemon_threads = allow_reuse_address = True

    def __init__(self, host: str, port: int, operator: Operator) -> None:
        """Takes the address. Raises CannotServe where it cannot be had."""
        self.operator, self.host = operator, host
        self._open = threading.BoundedSemaphore(MOST_OPEN)
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            super().__init__((host, port), AdminHandler)
        except OSError as error:
            failure = CannotServeYet if error.errno in PASSING else CannotServe
            fix = "Set `admin` to a free address of this machine, or leave it out"
            raise failure("cannot listen", on=describe(host, port), why=str(error), fix=fix) from None

    @property
    def url(self) -> str:
        """The address with a slash at its end."""
        host, port = self.server_address[:2]
        return f"http://{describe(str(host), port)}/"

    def start(self) -> None:
        threading.Thread(target=self.serve_forever, name="admin", daemon=True).start()
        log.info("serving the operator's page", address=self.url)

    def stop(self) -> None:
        """Stops listening; after `start`."""
        self.shutdown()
        self.server_close()

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        if not self._open.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._open.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up, or takes nothing of its answer, is no news."""
        log.debug("an operator's client was lost", why=str(sys.exception()))


class AdminHandler(BaseHTTPRequestHandler):
    server: AdminServer
    timeout = PATIENCE_S
    server_version, sys_version = "syndicator", ""

    def do_GET(self) -> None:
        if not is_own_host(self.headers.get("Host", ""), self.server.host):
            self._send(AdminResponse(OTHER_HOST, status=421))
            return
        try:
            found = answer(self.server.operator, self.path)
        except Exception:  # the boundary of a request
            log.exception("an answer to the operator failed", path=self.path)
            found = AdminResponse(b"The log says what failed.\n", status=500)
        self._send(found)

    do_HEAD = do_GET

    def _send(self, answer: AdminResponse) -> None:
        self.send_response(answer.status)
        headers = {"Content-Type": answer.type, "Content-Length": str(len(answer.body))}
        for name, value in (headers | HEADERS).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def log_message(self, format: str, *args: object) -> None:
        log.debug("asked by an operator", request=format % args)
