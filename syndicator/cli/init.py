"""`syndicator init`: a settings file for a folder of articles, and what was found there."""

from __future__ import annotations

import json
import os
import re
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from syndicator.cli import app
from syndicator.cli.build import say_counts, say_folders
from syndicator.cli.options import read_settings
from syndicator.cli.terminal import ProgressBar, say
from syndicator.errors import SettingsError
from syndicator.text import say_count

if TYPE_CHECKING:
    from syndicator.settings.models import Settings
    from syndicator.survey import Survey

FILE = Path("syndicator.yaml")


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="The folder of articles, or of the site.")] = Path(),
    config: Annotated[Path, typer.Option("--config", "-c", help="The file to write.")] = FILE,
    slack: Annotated[
        str, typer.Option("--slack", metavar="CHANNEL", help="Add a route to this channel: its id, or #name.")
    ] = "",
) -> None:
    """Look at a folder and write a small settings file for it. Nothing is asked, published or sent.

    Exit code 1 where there is nothing that reads as an article, 2 where the file is there already.
    """
    from syndicator.survey import site_above, survey

    if config.exists():
        raise typer.BadParameter(f"{config} is there already; remove it, or write another with --config")
    if not folder.is_dir():
        raise typer.BadParameter(f"{folder} is not a folder")
    found = survey(folder)
    if found is None:
        say(
            f"No file in {folder} reads as an article: Markdown (*.md) that begins with front matter, with a "
            "`title` and a `date`. Nothing was written. Where your keys have other names, write a source "
            "with `fields: {published: [pubDatetime]}` or the like."
        )
        raise typer.Exit(1)
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(settings_text(found, config.parent, folder, slack), encoding="utf-8")
    try:
        settings = read_settings(config, to_publish=True)
    except SettingsError:
        config.unlink()  # the channel, or a variable of the environment
        raise
    _say_found(found, settings)
    if found.configured_by is None and (above := site_above(folder)) is not None:
        how = f"for its address and links remove {config} and run `syndicator init {above}`"
        say((f"A site's configuration lies in {above}: {how}", "bold"))
    typer.echo()
    say(f"Wrote {config}. Next:")
    option = "" if config == FILE else f" --config {config}"
    steps = [(f"syndicator build{option}", f"feeds and pages into {settings.output}")]
    if slack:
        steps.append((f"syndicator preview{option}", "a message as it would be posted"))
        steps.append(("export SLACK_BOT_TOKEN=xoxb-...", "messages are kept until there is a token"))
    if settings.server is not None:
        address = f"http://{settings.server.host}:{settings.server.port}/"
        steps.append((f"syndicator run{option}", f"keeps them up to date and serves them on {address}"))
    width = max(len(command) for command, _ in steps)
    for command, what in steps:
        say(f"  {command:<{width}}  ", (what, "dim"))


def _say_found(found: Survey, settings: Settings) -> None:
    from syndicator.build import check
    from syndicator.cli.log import configure_logs

    configure_logs(quiet=True)
    with closing(ProgressBar()) as progress:
        result = check(settings, show=progress.update)
    file = f" ({found.configured_by.name})" if found.configured_by else ""
    whose = f"a {found.generator.title()} site{file}" if found.generator else f"articles{file}"
    say((f"Found {whose} in {found.articles}, read with `profile: {found.profile}`", "bold"))
    say_folders(result)
    if result.problems:
        say("`syndicator check` names the bad ones, with what to do")
    say_counts(result)
    if others := len([*found.articles.glob("**/????-??-??-*.html")]):
        say(f"{say_count(others, 'post')} in HTML left out: only Markdown is read")
    if found.other_languages:
        say(f"The site's other languages are left out: {', '.join(found.other_languages)}")
    if found.other_collections:
        what = (
            f"Left out: {', '.join(found.other_collections)}. Jekyll makes no pages of these collections, or"
        )
        say(f"{what} their links are not known. The source's `permalink` names those that are read.")
    if found.collections_beside:
        what = f"Left out: {', '.join(found.collections_beside)}. Only posts are read; add a source for each"
        say(f"{what} of these collections that readers should get as well.")
    for pattern in found.unknown_permalinks:
        what = f"The site's permalink {pattern} is not known here, so it was left out:"
        say((f"{what} links that it makes are wrong until you set the source's `permalink`.", "bold"))
    if found.unknown_settings:
        what = f"Not known here: the site's {', '.join(found.unknown_settings)}."
        say((f"{what} Links, dates or drafts may be others than the site's: compare some.", "bold"))
    if found.beside_index:
        files = say_count(found.beside_index, "file")
        what = f"{files} beside an `index.md`, or below it, are not read, as Hugo takes them for parts of it:"
        say((f"{what} where they are articles, add a source for the folder that has the `index.md`.", "bold"))
    if found.generator is None and found.profile != "jekyll":
        for folder in (one for one in found.articles.glob("**/*drafts") if any(one.rglob("*.md"))):
            what = f"What lies in {folder} is public here, unless it says `draft: true`:"
            say((f"{what} name the folder of what is published if these are drafts.", "bold"))
    if (found.profile != "smartable" or found.fields) and found.base_url is None:
        what = "The site's address was not found: correct the source's `base_url`, or links lead nowhere."
        say((what, "bold"))
    if found.profile != "smartable" and found.generator is None:
        what = "How the site makes its links was not found: compare some, and set the source's `permalink`."
        say((what, "bold"))


def settings_text(found: Survey, base: Path, folder: Path, slack: str = "") -> str:
    """The settings file, whose paths are relative to `base`; a route to `slack` where it names a channel."""
    relative = os.path.relpath(found.articles, base)
    title = found.title or re.sub("[-_]+", " ", folder.resolve().name).strip().title() or "News"
    is_whole_site = (found.profile == "hugo" and found.generator) or found.articles.name == "_posts"
    name = _name(folder if is_whole_site or not found.articles.name else found.articles)
    lines = [
        "# Written by `syndicator init`. Paths are relative to this file.",
        "site:",
        _noted(f"  title: {_quoted(title)}", "" if found.title else "not found, so correct it"),
        _noted(
            "  base_url: http://127.0.0.1:8080/",
            "where readers will find the feeds: change it before they do",
        ),
    ]
    if found.language:
        lines.append(f"  language: {found.language}")
    else:
        lines.append(
            _noted("  language: en", "of titles and texts; not found, so correct it where it is another")
        )
    if found.time_zone:
        lines.append(_noted(f"  time_zone: {found.time_zone}", "for dates without an offset, and on pages"))
    lines += ["", "sources:", *_source(found, name, relative)]
    if found.topics:
        lines += ["", f"topics: {_quoted(os.path.relpath(folder / found.topics, base))}"]
    # A site generator may have a `public` of its own, and empties it.
    has_public = found.profile == "hugo" or found.generator == "hexo" or (base / "public").exists()
    output = "feeds" if has_public else "public"
    # Jekyll publishes whatever lies in its site's folder, but for names like this: the state holds drafts.
    in_site = base.resolve().is_relative_to(folder.resolve())
    hidden = "_" if found.generator == "jekyll" and in_site else ""
    lines += [
        "",
        _noted(f"output: {hidden}{output}", "feeds and pages come here"),
        f"state: sqlite:///{hidden}var/syndicator.db",
    ]
    return "\n".join([*lines, *(_route(slack, found.time_zone) if slack else ())]) + "\n"


def _source(found: Survey, name: str, path: str) -> list[str]:
    lines = [
        _noted(f"  - name: {name}", "part of every entry's guid: never change it"),
        f"    path: {_quoted(path)}",
        f"    profile: {found.profile}",
    ]
    if found.fields:
        lines.append("    fields:")
        lines += [f"      {name}: [{', '.join(keys)}]" for name, keys in found.fields.items()]
    elif found.profile == "smartable":
        return lines
    from syndicator.settings.types import ANY_SITE

    note = "the site's own address, of which links are made"
    unknown = "" if found.base_url else "; not found, so correct it"
    lines.append(_noted(f"    base_url: {found.base_url or ANY_SITE}", note + unknown))
    if found.permalink:
        lines.append(f"    permalink: {_quoted(found.permalink)}")
    for pattern in found.unknown_permalinks:
        note = "the site's own, not known here: write one that is, or links are wrong"
        lines.append(_noted(f"    # permalink: {_quoted(pattern)}", note))
    if found.languages:
        note = "the first is read; `a.de.md` is a translation"
        lines.append(_noted(f"    languages: {_quoted(found.languages)}", note))
    if found.time_zone:
        lines.append(_noted(f"    time_zone: {found.time_zone}", "for dates without an offset"))
    return lines


def _route(slack: str, zone: str | None) -> list[str]:
    return [
        "",
        "routes:",
        "  - name: alerts",
        f"    channel: {_quoted(slack)}",
        f'    deliver: {{digest: "0 9 * * mon-fri", time_zone: {zone or "UTC"}}}   # or: immediate',
        _noted("    # min_quality: 80", "only what is at least so good"),
    ]


def _noted(line: str, note: str) -> str:
    return f"{line:<42} # {note}" if note else line


def _quoted(value: object) -> str:
    """As YAML writes texts in quotes, which is how JSON writes them."""
    return json.dumps(value, ensure_ascii=False)


def _name(folder: Path) -> str:
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "-" for c in folder.resolve().name)
    return kept.strip("-_.")[:64].lower() or "news"
