"""Runs the W3C's own feed validator over a folder of documents; started as a program of its own.

    python rules.py VALIDATOR FOLDER

`VALIDATOR` is the `src` folder of https://github.com/w3c/feedvalidator, which needs html5lib. Prints one line
of JSON per document: `{"file": ..., "events": [[severity, rule, where, detail], ...]}`. Touches no network:
each document is given the address that it says it stands at.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

TYPES = {
    "rss.xml": "application/rss+xml; charset=utf-8",
    "atom.xml": "application/atom+xml; charset=utf-8",
    "feeds.opml": "text/x-opml; charset=utf-8",
}
OWN_ADDRESS = re.compile(rb'<(?:atom:)?link href="([^"]+)" rel="self"')


def main(validator: str, folder: str) -> None:
    # Its folder has a `logging.py`: only its parent may be on the path.
    sys.path[0] = validator
    import feedvalidator
    from feedvalidator import logging as events

    for path in sorted(Path(folder).rglob("*")):
        kind = next((kind for ending, kind in TYPES.items() if path.name.endswith(ending)), None)
        if kind is None:
            continue
        own = OWN_ADDRESS.search(path.read_bytes())
        base = own[1].decode() if own else "https://feeds.example.org/feeds.opml"
        with path.open("rb") as file:
            logged = feedvalidator.validateStream(file, contentType=kind, base=base)["loggedEvents"]
        found = [
            [severity, type(event).__name__, *_place(event.params)]
            for event in logged
            for severity in ("Error", "Warning")
            if isinstance(event, getattr(events, severity))
        ]
        print(json.dumps({"file": str(path), "events": found}))


def _place(params: dict[str, Any]) -> tuple[str, str]:
    where = f"{params.get('line')}:{params.get('column')} {params.get('parent')}/{params.get('element')}"
    detail = params.get("value") or params.get("namespace") or params.get("message") or ""
    return where, str(detail)[:80]


if __name__ == "__main__":
    main(*sys.argv[1:3])
