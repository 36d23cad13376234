"""Talking to what tests start: over HTTP, and over Unix sockets wherever the tests' files lie.

A Unix socket's address has at most 107 bytes, a path may have more.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

PLAIN: dict[str, Any] = {"trust_env": False, "verify": False}
"""For clients of a server on this machine: to read all certificates that there are takes httpx 40 ms."""


def get(address: str, **options: Any) -> httpx.Response:
    """Asks a server on this machine by `http://`."""
    return httpx.get(address, **PLAIN | options)


def make_socket(path: Path) -> None:
    """Leaves a socket at `path` that nobody listens on; bound by way of its folder's descriptor."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(f"/proc/self/fd/{folder}/{path.name}")
    finally:
        os.close(folder)


def notify_address() -> str:
    """A value for NOTIFY_SOCKET that is nobody else's, in Linux's own space of names: no folder is needed."""
    return f"@syndicator-test-{uuid4()}"


def notify_socket(address: str) -> socket.socket:
    """What systemd would be told by who has this address, for as long as it is open."""
    made = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    made.bind(address.replace("@", "\0", 1))
    return made
