"""What a pass came to, in words: for `build` and `check`."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, assert_never

from rich.console import Console
from rich.text import Text

from syndicator.cli.shown import shown
from syndicator.errors import SettingsError
from syndicator.models import Problem, Visibility

if TYPE_CHECKING:
    from syndicator.build import Pass
    from syndicator.settings.models import Settings

INCLUDE = (
    "If that flag only means that the text is not hosted there, set `unpublished: include` for the source."
)


def print_problems(console: Console, settings: Settings, problems: list[Problem]) -> None:
    """One line each: where, what, and how to mend it."""
    folders = {source.name: source.path for source in settings.sources}
    for problem in problems:
        path = folders[problem.source] / problem.path if problem.source in folders else problem.path
        line = Text.assemble(
            (f"{shown(str(path))}:{problem.at.line}:{problem.at.column}: ", "bold"),
            f"{shown(problem.what)}. ",
            (f"{shown(problem.fix)}.", "dim"),
        )
        console.print(line, soft_wrap=True)


def why_not_public(visibility: Visibility, count: int = 1) -> str:
    """Why so many entries are not public, to follow "is" or "are"; empty where they are."""
    one = count == 1
    match visibility:
        case Visibility.PUBLIC:
            return ""
        case Visibility.DRAFT:
            return "not published (`published: false` or a draft)"
        case Visibility.EMBARGOED:
            return f"embargoed: {'its' if one else 'their'} time is still to come"
        case Visibility.EXPIRED:
            return "expired"
        case Visibility.WITHDRAWN:
            return f"withdrawn: {'its file is' if one else 'their files are'} gone"
    assert_never(visibility)


def print_counts(console: Console, result: Pass) -> None:
    """How many entries are public, how many of them the feeds show, and why the others are not."""
    counts = result.counts
    public = counts.get(Visibility.PUBLIC, 0)
    text = f"{public} {'entry is' if public == 1 else 'entries are'} public"
    if result.shown != public:
        text += f"; feeds and pages show {result.shown}, as of several with the same link they show one"
    console.print(text, highlight=False, soft_wrap=True)
    for visibility in (each for each in Visibility if each is not Visibility.PUBLIC):
        if count := counts.get(visibility, 0):
            what = f"{count} {'is' if count == 1 else 'are'}"
            console.print(f"{what} {why_not_public(visibility, count)}", highlight=False)
    if result.unpublished:
        console.print(Text(INCLUDE, style="dim"), soft_wrap=True)


def print_folders(console: Console, result: Pass) -> None:
    """Each source's folder, how many articles it has, and how many of its files are bad."""
    for name, folder in result.folders.items():
        text = f"{name}: {folder.articles} {'article' if folder.articles == 1 else 'articles'}"
        text += f" and {folder.bad} bad" if folder.bad else ""
        console.print(Text(f"{text} in {shown(str(folder.path))}"), soft_wrap=True)


def as_json(result: Pass) -> str:
    """The pass for programs."""
    counts = {visibility.value: count for visibility, count in result.counts.items()}
    problems = [asdict(problem) for problem in result.problems]
    sources = {
        name: {"path": str(folder.path), "articles": folder.articles, "bad": folder.bad}
        for name, folder in result.folders.items()
    }
    facts = {
        "entries": counts,
        "shown": result.shown,
        "problems": problems,
        "sources": sources,
        "missing": result.missing,
        "warnings": result.warnings,
    }
    told = facts | {"files_written": result.published.written, "feeds_faulty": result.published.faulty}
    return json.dumps(told, indent=2)


def settings_as_json(error: SettingsError) -> str:
    """Wrong settings for programs, each problem in parts."""
    return json.dumps({"settings": [asdict(problem) for problem in error.problems]}, indent=2)


def print_missing(console: Console, result: Pass) -> None:
    for source, why in result.missing.items():
        console.print(Text(f"{source}: {shown(why)}", style="yellow"), soft_wrap=True)


def print_warnings(console: Console, result: Pass) -> None:
    """What may be a mistake, and does not make the pass a bad one."""
    for warning in result.warnings:
        console.print(Text(f"warning: {shown(warning)}", style="yellow"), soft_wrap=True)


def print_faulty(console: Console, result: Pass) -> None:
    """Feeds that were not written, as readers would have refused them; the log has said which, and why."""
    if count := result.published.faulty:
        text = f"{count} feed{'s' * (count != 1)} would be faulty and stay as they were; see the lines above"
        console.print(Text(text, style="red"), soft_wrap=True)
