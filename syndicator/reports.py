"""What the service says at start: how much is public, and why the rest is not."""

from __future__ import annotations

import structlog

from syndicator.model import Visibility
from syndicator.store.contract import Store

log = structlog.get_logger()


def report_entries(store: Store) -> None:
    """Says at start how many entries are public, and why the others are not; loudly if none is."""
    with store.reading() as books:
        counts = books.count_entries()
        problems = len(books.problems())
    held = {visibility.value: n for visibility, n in counts.items() if visibility is not Visibility.PUBLIC}
    public = counts.get(Visibility.PUBLIC, 0)
    if held and not public:
        log.warning(
            "nothing is public",
            **held,
            problems=problems,
            why="drafts (`published: false`)" if "draft" in held else "see `syndicator check`",
            cure="If that flag only means that the text is not hosted there, set `unpublished: include`",
        )
    else:
        see = {"see": "syndicator check"} if problems else {}
        log.info("entries", public=public, **held, problems=problems, **see)
