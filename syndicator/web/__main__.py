"""The server's process: `python -m syndicator.web OPTIONS`, started by process.py and by nothing else.

Its argument is `WebOptions` as JSON. It prints a line when it serves, and serves until its standard input
ends, as that does with the service, however the service ends.

granian was chosen by measuring; docs/architecture.md has the figures. Its embedded server runs in the process
that asks for it, which is this one.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server

from syndicator.web.app import WebApp, WebOptions

LARGEST_HEAD_BYTES = 16 * 1024
MOST_CONNECTIONS = 512
"""Further ones wait in the kernel's queue until one of these ends. Half of the usual limit on open files,
so that files can always be opened."""


async def serve(options: WebOptions) -> None:
    """Serves until standard input ends, and for `grace_s` more while answers are under way."""
    app, timeout_ms = WebApp(options), int(options.header_timeout_s * 1000)

    async def respond(scope: Any, protocol: Any) -> None:
        try:
            status, headers, body = app.answer(scope.method, scope.path, scope.headers.get)
        except Exception:
            traceback.print_exc()
            raise  # granian answers 500
        if body:
            protocol.response_bytes(status, headers, body)
        else:
            protocol.response_empty(status, headers)

    server = Server(
        respond,
        address=options.host,
        port=options.port,
        interface=Interfaces.RSGI,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=timeout_ms, max_buffer_size=LARGEST_HEAD_BYTES),
        backlog=1024,
        backpressure=MOST_CONNECTIONS,
        websockets=False,
        log_enabled=False,
    )
    serving = asyncio.create_task(server.serve())
    while not drop_stalled_clients(options.stalled_after_s):
        await asyncio.wait({serving}, timeout=0.005)
        if serving.done():
            serving.result()
            return
    with suppress(BrokenPipeError):  # the service is gone already, and standard input ends
        print("serving", flush=True)  # noqa: T201 - what process.py waits for
    await asyncio.to_thread(sys.stdin.read)
    server.stop()  # type: ignore[no-untyped-call]  # granian says nothing of its types
    await asyncio.wait({serving}, timeout=options.grace_s)


def drop_stalled_clients(after_s: float) -> bool:
    """Lets the kernel end connections whose client takes nothing for so long. False while none can be made.

    granian makes its own listening socket and has no option for this; Linux hands it on to each connection
    accepted (tcp(7)).
    """
    found = False
    for entry in Path("/proc/self/fd").iterdir():
        with suppress(OSError), socket.fromfd(int(entry.name), socket.AF_INET, socket.SOCK_STREAM) as one:
            if one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(after_s * 1000))
                found = True
    return found


if __name__ == "__main__":
    os.chdir("/")  # granian asks where it is, and the folder may be gone
    try:
        asyncio.run(serve(WebOptions(**json.loads(sys.argv[1]))))
    except OSError as error:  # such as no files left to open: the service says that it ended, and tries again
        sys.exit(f"the web server ends: {error}")
    # Answers that take longer than the grace end here, and granian's threads with them.
    os._exit(0)
