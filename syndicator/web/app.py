"""One request to one response: the output folder as it is at this moment. It writes nothing itself."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from syndicator.web.addresses import (
    Elsewhere,
    Place,
    Refusal,
    find_moved,
    into_folder,
    read_moved_map,
    read_place,
)
from syndicator.web.answers import Found, Request, Response, decide_response
from syndicator.web.documents import Document
from syndicator.web.folder import OutputFolder, Signature, sign
from syndicator.web.options import WebOptions


class App:
    """Answers with the files of `output`; `moved_map` names the topics that moved or are gone.

    For one thread at a time.
    """

    def __init__(self, options: WebOptions) -> None:
        self._options, self._folder = options, OutputFolder(options)
        self._moved_map = MovedMap(options.moved_map)

    def answer(self, request: Request) -> Response:
        return decide_response(request, self._find(request), self._options)

    def fail(self, request: Request) -> Response:
        """For a request that nobody foresaw; it tells nothing of the reason."""
        return decide_response(request, Refusal.FAILED, self._options)

    def _find(self, request: Request) -> Found:
        hosts = len(request.headers.get_all("host"))
        # RFC 9112 3.2: HTTP/1.0 alone need not say for which host it is, and nobody may say it twice.
        if hosts > 1 or (not hosts and request.http_version != "1"):
            return Refusal.HOST
        if request.method not in ("GET", "HEAD"):
            return Refusal.METHOD
        place = read_place(request.path)
        if isinstance(place, Refusal):
            return place
        found = self._folder.read(place.file)
        return self._look_elsewhere(place) if found is Refusal.MISSING else found

    def _look_elsewhere(self, place: Place) -> Elsewhere | Refusal:
        """For what is not there, so that what is there costs no second look at the disk."""
        if (moved := find_moved(place, self._moved_map.read())) is not None:
            return moved
        page = self._folder.read(f"{place.file}/index.html") if place.names[-1] else None
        return into_folder(place) if isinstance(page, Document) else Refusal.MISSING


class MovedMap:
    """The map of moved topics, read again when it changes."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._signature: Signature | None = None
        self._moved: Mapping[str, str] = {}

    def read(self) -> Mapping[str, str]:
        """Costs one `stat` while the file stays as it is. Where it cannot be read, its last state counts."""
        try:
            signature = sign(os.stat(self._path))  # noqa: PTH116 - at each request
            if signature != self._signature:
                self._moved, self._signature = read_moved_map(Path(self._path).read_bytes()), signature
        except OSError:
            pass
        return self._moved
