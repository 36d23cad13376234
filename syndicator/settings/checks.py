"""What one setting alone cannot tell: names that are taken, places that are public, unknown levels."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

from syndicator.settings.models import Digest, Settings
from syndicator.settings.types import STATE_PREFIX

SettingPath: TypeAlias = tuple[str | int, ...]
"""From the top: keys, and the numbers of items of lists."""
Fault: TypeAlias = tuple[SettingPath, str]
CronCheck = Callable[[str, str], None]
"""Raises ValueError, readable, when a crontab expression or its time zone is wrong."""
OutputCheck = Callable[[Path], None]
"""Raises ValueError, readable, when the folder is none that can be written."""


def find_faults(settings: Settings, check_cron: CronCheck, check_output: OutputCheck) -> Iterator[Fault]:
    """Where settings contradict each other or what is there, and what is wrong."""
    yield from _names(settings)
    yield from _places(settings, check_output)
    yield from _routes(settings, check_cron)
    if (to := settings.alerts_to) is not None and to.channel is None and to.webhook_file is None:
        yield ("alerts_to", "channel"), "is missing; give a channel's id, a `webhook_file`, or both"


def _names(settings: Settings) -> Iterator[Fault]:
    for kind, names in (
        ("sources", [source.name for source in settings.sources]),
        ("routes", [route.name for route in settings.routes]),
    ):
        first = {name: index for index, name in reversed([*enumerate(names)])}
        for index, name in enumerate(names):
            if first[name] != index:
                yield (kind, index, "name"), f"another one is called {name!r} already; names are unique"
    folders: dict[str, str] = {}
    for level in settings.levels:
        if (other := folders.setdefault(level.lower(), level)) != level:
            yield ("levels", level), f"differs from {other!r} in capitals alone; choose another name"


def _places(settings: Settings, check_output: OutputCheck) -> Iterator[Fault]:
    """What lies in the output folder is public. Output inside a source's folder does no harm."""
    output = settings.output
    try:
        check_output(output)
    except ValueError as error:
        yield ("output",), str(error)
    fix = f"put it beside {output}, or set `output` to another folder"
    if _is_within(Path(settings.state.removeprefix(STATE_PREFIX)), output):
        yield ("state",), f"lies in the output folder, where everybody could read it; {fix}"
    folder = settings.backup.folder if settings.backup is not None else None
    if folder is not None and _is_within(folder, output):
        yield ("backup", "folder"), f"lies in the output folder, where everybody could read it; {fix}"
    for index, source in enumerate(settings.sources):
        if _is_within(source.path, output):
            what = f"lies in the output folder, where everybody could read the articles as they are; {fix}"
            yield ("sources", index, "path"), what


def _is_within(path: Path, folder: Path) -> bool:
    """Whether the path is the folder or lies in it, by its name or where links lead. It need not be there."""
    real, real_folder = (Path(os.path.realpath(one)) for one in (path, folder))
    return path.is_relative_to(folder) or real.is_relative_to(real_folder)


def _routes(settings: Settings, check_cron: CronCheck) -> Iterator[Fault]:
    for index, route in enumerate(settings.routes):
        if route.level not in (None, *settings.levels):
            known = ", ".join(settings.levels) or "none are set"
            yield ("routes", index, "level"), f"there is no level {route.level!r} ({known})"
        if isinstance(route.deliver, Digest):
            try:
                check_cron(route.deliver.cron, route.deliver.time_zone)
            except ValueError as error:
                yield ("routes", index, "deliver", "digest"), str(error)
