"""`syndicator backup` and `restore`: the state into one checked file, and back."""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from syndicator.cli import app, options
from syndicator.cli.terminal import ProgressBar, say, say_json
from syndicator.text import say_count

if TYPE_CHECKING:
    from syndicator.settings.models import Settings
    from syndicator.store.backup import Facts

FileArgument = Annotated[
    Path | None,
    typer.Argument(help="Where to, a file or a folder; by default `backup.folder` of the settings."),
]


@app.command()
def backup(
    file: FileArgument = None,
    config: options.ConfigOption = options.DEFAULT_CONFIG,
    as_json: options.JsonOption = False,
) -> None:
    """Back the state up into one file, checked and compressed. The service may run meanwhile."""
    from rich.filesize import decimal

    from syndicator.store.backup import back_up

    settings = options.read_settings(config)
    target = _target(settings, file)
    with closing(ProgressBar()) as bar:

        def show(done: int, of: int) -> None:
            bar.update("Backing up, MB", done // 1_000_000, of // 1_000_000)

        facts = back_up(settings.state, target, show)
    if as_json:
        say_json({"path": target, **asdict(facts)})
        return
    say((f"{target}", "bold"), f": {decimal(target.stat().st_size)}, whole: {_words(facts)}")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A backup, or a plain copy of a database.")],
    config: options.ConfigOption = options.DEFAULT_CONFIG,
    as_json: options.JsonOption = False,
) -> None:
    """Put a backup in the place of the state. Stop the service first; the state of before is kept."""
    from syndicator.store.backup import restore as put_back

    settings = options.read_settings(config)
    facts, aside = put_back(settings.state, file, options.now())
    if as_json:
        say_json({"path": file, "aside": aside, **asdict(facts)})
        return
    say("restored ", (f"{file}", "bold"), f": {_words(facts)}")
    if aside is not None:
        say(f"  the database of before is now {aside}")
    say("  the next start announces nothing that is there, and looks for what is owed before it sends it")


def _target(settings: Settings, file: Path | None) -> Path:
    from syndicator.upkeep import backup_folder, path_for

    folder = settings.backup.folder if settings.backup is not None else None
    if file is None:
        return path_for(backup_folder(settings.state, folder), settings.state, options.now())
    return path_for(file, settings.state, options.now()) if file.is_dir() else file


def _words(facts: Facts) -> str:
    from rich.filesize import decimal

    entries, owed = say_count(facts.entries, "entry", "entries"), say_count(facts.owed, "message")
    return f"{entries}, {owed} owed, {decimal(facts.database_bytes)} unpacked"
