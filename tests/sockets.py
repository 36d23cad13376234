"""Unix sockets wherever the tests' files lie: an address has at most 107 bytes, a path may have more."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from uuid import uuid4


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
