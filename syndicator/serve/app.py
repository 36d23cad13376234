"""The output folder over HTTP: what publish wrote, as it is at this moment. It writes nothing itself."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from syndicator.serve.addresses import (
    NOTHING_MOVED,
    Moved,
    Place,
    Refusal,
    find_moved,
    into_folder,
    read_place,
)
from syndicator.serve.answers import METHODS, Absence, Found, decide_response, has_it
from syndicator.serve.documents import Rules, make_document
from syndicator.serve.folder import DEFAULT_BUDGET_BYTES, OutputFolder
from syndicator.serve.messages import App, Request, Response


def create_app(
    output: Path,
    *,
    base_url: str,
    moved: Callable[[], Moved] = lambda: NOTHING_MOVED,
    cache_seconds: int = 300,
    hub: str | None = None,
    budget_bytes: int = DEFAULT_BUDGET_BYTES,
) -> App:
    """An app that answers with the files of `output`.

    `base_url` (ends in a slash) is where the folder is published: links in headers come from it alone.
    `moved` is asked at each request below `feeds/` and `topics/`, so it must be quick; it tells renamed
    (301) and gone (410) topics. `budget_bytes` bounds the memory for bodies.
    """
    rules = Rules(base_url=base_url, cache_seconds=cache_seconds, hub=hub)
    folder = OutputFolder(output, partial(make_document, rules=rules), budget_bytes=budget_bytes)

    def answer(request: Request) -> Response:
        return decide_response(request, _find(request, folder, moved), rules)

    return answer


def _find(request: Request, folder: OutputFolder, moved: Callable[[], Moved]) -> Found:
    if request.method not in METHODS:
        return Absence.METHOD
    place = read_place(request.path)
    if isinstance(place, Refusal):
        return place
    return find_moved(place, moved()) or _look(request, place, folder)


def _look(request: Request, place: Place, folder: OutputFolder) -> Found:
    tags = folder.recall(place.file)
    if tags is not None and has_it(request, tags):
        return tags
    found = folder.read(place.file)
    if found is Absence.MISSING and not place.is_folder and folder.is_folder(place.file):
        return into_folder(place)
    return found
