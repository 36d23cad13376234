"""What one setting alone cannot tell: names that are taken, places that are public, rules that contradict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from syndicator.models import RESERVED_LEVELS
from syndicator.settings.fields import Field
from syndicator.settings.models import Digest, Settings
from syndicator.settings.places import STATE_PREFIX, is_within
from syndicator.settings.problems import Problems

CronCheck = Callable[[str, str], None]
"""Raises ValueError, readable, when a crontab expression or its time zone is wrong."""
OutputCheck = Callable[[Path], None]
"""Raises ValueError, readable, when the folder is none that can be written."""


def check_names(settings: Settings, problems: Problems) -> None:
    for kind, names in (
        ("sources", [source.name for source in settings.sources]),
        ("routes", [route.name for route in settings.routes]),
    ):
        count = Counter(names)
        for index, name in enumerate(names):
            if count[name] > 1 and names.index(name) != index:
                problems.add_further(
                    f"another one is called {name!r} already; names are unique", kind, index, "name"
                )
    levels = list(settings.levels)
    for index, level in enumerate(levels):
        if fault := _level_fault(level, levels[:index]):
            problems.add_further(fault, "levels", level)


def _level_fault(level: str, before: Iterable[str]) -> str | None:
    """What is wrong with a level's name, which names a folder, after those `before` it."""
    name = level.lower()
    if name in RESERVED_LEVELS:
        return "this name is taken by the output folder's own; choose another, like `top`"
    for other in before:
        if other.lower() == name:
            return f"differs from {other!r} in capitals alone; choose another name"
    return None


def check_sources(settings: Settings, problems: Problems) -> None:
    for index, source in enumerate(settings.sources):
        for name in source.fields:
            if name not in list(Field):
                what = f"{name}: no such field; there are {', '.join(Field)}"
                problems.add_further(what, "sources", index, "fields")


def check_places(settings: Settings, problems: Problems, check_output: OutputCheck) -> None:
    """What lies in the output folder is public. Output inside a source's folder does no harm."""
    output = settings.output
    try:
        check_output(output)
    except ValueError as error:
        problems.add_further(str(error), "output")
    fix = f"put it beside {output}, or set `output` to another folder"
    if is_within(Path(settings.state.removeprefix(STATE_PREFIX)), output):
        problems.add_further(f"lies in the output folder, where everybody could read it; {fix}", "state")
    for index, source in enumerate(settings.sources):
        if is_within(source.path, output):
            what = f"lies in the output folder, where everybody could read the articles as they are; {fix}"
            problems.add_further(what, "sources", index, "path")


def check_routes(settings: Settings, problems: Problems, check_cron: CronCheck) -> None:
    for index, route in enumerate(settings.routes):
        if route.level not in (None, *settings.levels) and ("levels", str(route.level)) not in problems:
            known = ", ".join(settings.levels) or "none are set"
            problems.add_further(f"there is no level {route.level!r} ({known})", "routes", index, "level")
        if isinstance(route.deliver, Digest):
            try:
                check_cron(route.deliver.cron, route.deliver.time_zone)
            except ValueError as error:
                problems.add_further(str(error), "routes", index, "deliver", "digest")
