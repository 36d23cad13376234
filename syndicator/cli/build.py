"""`syndicator build` and `check`: one pass over the folders, and every problem with its place and fix."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from syndicator.cli import app, options
from syndicator.cli.terminal import ProgressBar, say, say_json
from syndicator.errors import SecondInstanceError, SettingsError
from syndicator.models import INCLUDE, Problem, Visibility
from syndicator.text import say_count

if TYPE_CHECKING:
    from syndicator.build import Pass
    from syndicator.settings.models import Settings


@app.command()
def build(
    config: options.ConfigOption = options.DEFAULT_CONFIG,
    confirm_removals: bool = typer.Option(
        False,
        "--confirm-removals",
        help="Withdraw articles that are missing, however many. A service that runs is told to.",
    ),
    log_level: options.LogLevelOption = "info",
    log_format: options.LogFormatOption = "text",
    as_json: options.JsonOption = False,
) -> None:
    """Build all feeds once and end. What that causes in Slack is owed, and sent by the next `run`."""
    from syndicator.build import build as build_all
    from syndicator.build import confirm_removals as tell_running
    from syndicator.cli.log import configure_logs

    configure_logs(log_level, log_format, printed="problem")
    settings = options.read_settings(config)
    try:
        with closing(ProgressBar(log=True)) as progress:
            result = build_all(settings, show=progress.update, confirmed=confirm_removals)
    except SecondInstanceError:
        if not confirm_removals:
            raise
        tell_running(settings)
        typer.echo("The service that runs withdraws them at its next look at the folder.", err=True)
        return
    if as_json:
        say_json(_facts(result))
    else:
        say_problems(settings, result.problems)
        say_counts(result)
        _say_missing(result)
        say(f"{result.published.written} files written to {settings.output}")
    if not result.fine:
        raise typer.Exit(1)


@app.command()
def check(
    config: options.ConfigOption = options.DEFAULT_CONFIG,
    settings_only: bool = typer.Option(
        False, "--settings-only", help="Read no articles: would a start or a reload take these settings?"
    ),
    annotations: bool = typer.Option(
        False, "--annotations", help="Print problems as GitHub shows them beside the lines of a pull request."
    ),
    as_json: options.JsonOption = False,
) -> None:
    """Check the settings and all articles; print every problem.

    Each as path:line:column: what, and how to mend it. Nothing is written or sent. Exit code 1 if there are
    problems, 78 if the settings are wrong.
    """
    settings = _checked_settings(config, settings_only=settings_only, as_json=as_json)
    from syndicator.build import check as check_all
    from syndicator.cli.log import configure_logs

    configure_logs(quiet=True)
    with closing(ProgressBar()) as progress:
        result = check_all(settings, show=progress.update)
    if as_json:
        say_json(_facts(result))
    else:
        (_annotate if annotations else say_problems)(settings, result.problems)
        say_counts(result)
        say_folders(result)
        _say_missing(result)
        for warning in result.warnings:
            say((f"warning: {warning}", "yellow"))
        count = len(result.problems) + len(result.missing)
        say(say_count(count, "problem") if count else "no problems")
    if not result.fine:
        raise typer.Exit(1)


def _checked_settings(config: Path, *, settings_only: bool, as_json: bool) -> Settings:
    """The settings. Ends the command where they are wrong, or all that was asked for."""
    try:
        settings = options.read_settings(config, to_publish=True)
    except SettingsError as error:
        if not as_json:
            raise
        say_json({"settings": [asdict(problem) for problem in error.problems]})
        raise typer.Exit(error.exit_code) from None
    if not settings_only:
        return settings
    if as_json:
        say_json({"settings": []})
    else:
        say("the settings are fine")
    raise typer.Exit


def _facts(result: Pass) -> dict[str, Any]:
    return {
        "entries": result.counts,
        "shown": result.shown,
        "problems": [asdict(problem) for problem in result.problems],
        "sources": {name: asdict(folder) for name, folder in result.folders.items()},
        "no_articles": result.no_articles,
        "missing": result.missing,
        "warnings": result.warnings,
        "files_written": result.published.written,
    }


def say_problems(settings: Settings, problems: Sequence[Problem]) -> None:
    for one in problems:
        say((f"{settings.place_of(one)}: ", "bold"), f"{one.what}. ", (f"{one.fix}.", "dim"))


def _annotate(settings: Settings, problems: Sequence[Problem]) -> None:
    """One workflow command each, with the repository's paths (docs.github.com, "Workflow commands")."""
    for one in problems:
        path = settings.file_of(one)
        file = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
        place = f"file={_property(str(file))},line={one.line},col={one.column}"
        typer.echo(f"::error {place}::{_escaped(f'{one.what}. {one.fix}.')}")


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")


def say_counts(result: Pass) -> None:
    """How many entries are public, how many of them the feeds show, and why the others are not."""
    public = result.counts.get(Visibility.PUBLIC, 0)
    text = f"{say_count(public, 'entry is', 'entries are')} public"
    if result.shown != public:
        text += f"; feeds and pages show {result.shown}, as of several with the same link they show one"
    say(text)
    for visibility in (each for each in Visibility if each is not Visibility.PUBLIC):
        if count := result.counts.get(visibility, 0):
            say(f"{say_count(count, 'is', 'are')} {visibility.why(count)}")
    if result.unpublished:
        say((f"{INCLUDE}.", "dim"))


def say_folders(result: Pass) -> None:
    """Each source's folder, how many articles it has, and how many of its files are bad."""
    for name, folder in result.folders.items():
        text = f"{name}: {say_count(folder.articles, 'article')}"
        text += f" and {folder.bad} bad" if folder.bad else ""
        text += f" in {folder.path}"
        if count := result.no_articles.get(name, 0):
            text += f"; {say_count(count, 'other file is', 'other files are')} no article"
        say(text)


def _say_missing(result: Pass) -> None:
    for source, why in result.missing.items():
        say((f"{source}: {why}", "yellow"))
