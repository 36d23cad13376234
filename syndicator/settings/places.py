"""Where the settings put files: the state into a database file, and nothing private into the output folder.

Nothing is opened or made here; the disk is asked only where links lead.
"""

from __future__ import annotations

import os
from pathlib import Path

STATE_PREFIX = "sqlite:///"
"""An SQLAlchemy URL: what follows is the path, absolute where it begins with another `/`."""


def database_url(value: str) -> str:
    """The state's URL as it is. Raises ValueError, with the fix, for all but an SQLite file."""
    path = value.removeprefix(STATE_PREFIX)
    if path == value:
        raise ValueError(f"must be an SQLite file as a URL; write {_as_url(value)}")
    if path in ("", ":memory:") or path.startswith("file:") or path.endswith("/") or "?" in path:
        raise ValueError(f"must name a file, without options; write {STATE_PREFIX}var/syndicator.db")
    return value


def _as_url(value: str) -> str:
    """What a plain path was meant to be; for another database, an example."""
    return STATE_PREFIX + ("var/syndicator.db" if ":" in value else value)


def is_within(path: Path, folder: Path) -> bool:
    """Whether the path is the folder or lies in it, by its name or where links lead. It need not be there."""
    real, real_folder = (Path(os.path.realpath(one)) for one in (path, folder))
    return path.is_relative_to(folder) or real.is_relative_to(real_folder)


def beside(file: Path, path: str | Path) -> Path:
    """A path relative to the settings file's folder; `..` is folded, links are left alone."""
    return Path(os.path.normpath(file.absolute().parent / Path(path).expanduser()))
