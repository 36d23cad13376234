"""The file of moved and gone topics, read again when it changes."""

from __future__ import annotations

import os
from pathlib import Path

from syndicator.serve.addresses import NOTHING_MOVED, Moved
from syndicator.serve.folder import Signature, sign
from syndicator.serve.front_map import read_nginx_map


class MovedFile:
    """Says what the file says now. One thread uses it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._signature: Signature | None = None
        self._moved = NOTHING_MOVED

    def read(self) -> Moved:
        """Which topics moved or are gone. Costs one `stat` while the file stays as it is.

        Where it cannot be read, what it said last counts; before that nothing has moved.
        """
        try:
            signature = sign(os.stat(self._path))  # noqa: PTH116 - at each request
            if signature != self._signature:
                self._moved = read_nginx_map(self._path.read_bytes())
                self._signature = signature
        except OSError:
            pass
        return self._moved
