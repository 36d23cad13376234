"""The project's own papers: what they say of settings, commands, targets and places is so."""

from __future__ import annotations

import re
import subprocess
import tomllib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from syndicator import cli
from syndicator.alerts import DeliveryState
from syndicator.parse.article import parse_article
from syndicator.parse.profiles import profile
from syndicator.settings.load import load_settings
from syndicator.settings.models import Settings
from syndicator.settings.secrets import API_URL, BOT_TOKEN, WEBHOOK_URL
from syndicator.settings.types import Field, Tool
from syndicator.store.tables import metadata
from tests.making import utc

HOME = Path(__file__).parent.parent
PAPERS = sorted([*HOME.glob("*.md"), *HOME.glob("docs/**/*.md"), *HOME.glob("deploy/*.md")])
SETTINGS = [
    "config/start.yaml",
    "config/syndicator.yaml",
    "config/smartable.yaml",
    "config/jekyll.yaml",
    "config/hugo.yaml",
    "examples/syndicator.yaml",
]
ROW = re.compile(r"^\| `([a-z_\[\].]+)` \| (\S.*?) \| ", re.MULTILINE)
ALTERNATIVES = re.findall(
    # Not `level` and `about`, which stand in place of `min_quality`, nor `webhook_file`, which names a file.
    r"^ +# (?!level|about|webhook_file)[a-z_]+:.*$",
    (HOME / "config/syndicator.yaml").read_text(encoding="utf-8"),
    re.MULTILINE,
)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.*)$", re.MULTILINE)


def keys_of(model: type[BaseModel], above: str = "") -> Iterator[tuple[str, str]]:
    """Each setting's key and default, as the reference writes them; `[]` stands for the items of a list."""
    for name, field in model.model_fields.items():
        if field.exclude:
            continue
        key = f"{above}{field.validation_alias or name}"
        inner = next(models_in(field.annotation), None)
        if inner is None or needs_a_row(field, inner):
            yield key, default_of(field)
        if inner is not None:
            yield from keys_of(inner, f"{key}[]." if is_list_of(field.annotation, inner) else f"{key}.")


def needs_a_row(field: FieldInfo, inner: type[BaseModel]) -> bool:
    """A group that may be something else than a group (`server: null`, `deliver: immediate`)."""
    return field.annotation is not inner and not is_list_of(field.annotation, inner)


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from models_in(argument)


def is_list_of(annotation: Any, inner: type[BaseModel]) -> bool:
    return bool(annotation == tuple[inner, ...])  # type: ignore[valid-type]  # a type that is only known here


def default_of(field: FieldInfo) -> str:
    if field.is_required():
        return "*required*"
    return f"`{shown(field.get_default(call_default_factory=True, validated_data={}))}`"


def shown(value: object) -> str:
    match value:
        case None:
            return "none"
        case bool():
            return str(value).lower()
        case timedelta():
            seconds = int(value.total_seconds())
            units = ((86400, "d"), (3600, "h"), (60, "m"))
            # A minute is said in seconds, as people do.
            fitting = (one for one in units if seconds > 60 and seconds % one[0] == 0)
            size, unit = next(fitting, (1, "s"))
            return f"{seconds // size}{unit}"
        case BaseModel():
            fields = type(value).model_fields
            given = sorted(value.model_fields_set)
            pairs = (f'{fields[name].validation_alias or name}: "{getattr(value, name)}"' for name in given)
            return "{" + ", ".join(pairs) + "}"
        case tuple():
            return str(list(value))
        case "":
            return '""'
        case _:
            return str(value)


def test_settings_reference_lists_every_setting_with_its_default() -> None:
    text = (HOME / "docs/settings.md").read_text(encoding="utf-8").partition("## Profiles")[0]
    rows = ROW.findall(text)
    documented = dict(rows)
    assert len(rows) == len(documented), "a setting stands twice in the reference"
    assert documented == dict(keys_of(Settings))


def test_annotated_settings_name_every_setting() -> None:
    text = (HOME / "config/syndicator.yaml").read_text(encoding="utf-8")
    missing = [
        key
        for key, _ in keys_of(Settings)
        if not re.search(rf"(^|[\s{{#-]){re.escape(key.split('.')[-1])}:", text, re.MULTILINE)
    ]
    assert missing == []


def test_settings_reference_lists_the_keys_of_each_profile() -> None:
    text = (HOME / "docs/settings.md").read_text(encoding="utf-8").partition("## Profiles")[2]
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| `")]
    documented = {row[0].strip("`"): [re.findall(r"`([^`]+)`", cell) for cell in row[1:]] for row in rows}
    assert documented == {
        str(field): [[".".join(path) for path in profile(tool).keys[field]] for tool in Tool]
        for field in Field
    }


@pytest.mark.parametrize("alternative", ALTERNATIVES)
def test_alternatives_in_the_annotated_settings_are_valid(tmp_path: Path, alternative: str) -> None:
    """Each setting that stands there as a comment, taken in by itself with what is indented below it."""
    text = (HOME / "config/syndicator.yaml").read_text(encoding="utf-8")
    inside = re.compile(rf"{re.escape(alternative)}\n(?: +#   .*\n)*")
    file = tmp_path / "syndicator.yaml"
    if " languages:" in alternative:  # Hugo's alone
        text = text.replace("profile: smartable", "profile: hugo")
    taken_in = inside.sub(lambda match: re.sub(r"^( +)# ", r"\1", match[0], flags=re.MULTILINE), text)
    assert taken_in != text
    file.write_text(taken_in, encoding="utf-8")
    load_settings(file, {})


@pytest.mark.parametrize("file", SETTINGS)
def test_settings_of_the_repository_load(file: str) -> None:
    settings = load_settings(HOME / file, {})
    assert settings.sources
    assert settings.output.is_absolute()


@pytest.mark.parametrize("file", [name for name in SETTINGS if "hugo" not in name and "start" not in name])
def test_sources_named_in_config_are_there(file: str) -> None:
    """All but Hugo's, of which there is no example folder, and those for copying."""
    assert all(source.path.is_dir() for source in load_settings(HOME / file, {}).sources)


def test_settings_to_start_from_take_in_all_that_they_leave_out(tmp_path: Path) -> None:
    """Each comment that is a setting, without its mark."""
    text = (HOME / "config/start.yaml").read_text(encoding="utf-8")
    file = tmp_path / "my.yaml"
    file.write_text(re.sub(r"^( *)# ?(?=[a-z_]+:|  )", r"\1", text, flags=re.MULTILINE), encoding="utf-8")
    settings = load_settings(file, {})
    assert [route.name for route in settings.routes] == ["best"]
    assert dict(settings.levels) == {"good": 90, "top": 110}
    assert settings.sources[0].profile == "jekyll"


def test_environment_example_names_every_secret_and_sets_none() -> None:
    text = (HOME / ".env.example").read_text(encoding="utf-8")
    for name in (BOT_TOKEN, WEBHOOK_URL, API_URL):
        assert re.search(rf"^#{name}=", text, re.MULTILINE)
        assert re.search(rf"^#{name}_FILE=", text, re.MULTILINE)
    assert [line for line in text.splitlines() if line and not line.startswith("#")] == []


def test_environment_example_read_by_a_shell_overrides_real_settings(tmp_path: Path) -> None:
    text = (HOME / ".env.example").read_text(encoding="utf-8")
    wanted = re.sub(r"^#(?=SYNDICATOR_\w+=)", "", text, flags=re.MULTILINE)
    (tmp_path / ".env").write_text(wanted, encoding="utf-8")
    command = ["sh", "-c", "set -a; . ./.env; set +a; env"]
    printed = subprocess.run(command, cwd=tmp_path, env={}, capture_output=True, text=True, check=True).stdout
    environment = dict(re.findall(r"^(SYNDICATOR_\w+)=(.+)$", printed, re.MULTILINE))
    settings = load_settings(HOME / "config/syndicator.yaml", environment)
    assert settings.site.base_url == "https://feeds.example.org/"
    assert settings.server is not None
    assert settings.server.port == 8081
    assert settings.output == Path("/srv/syndicator/public")
    assert dict(settings.levels) == {"good": 90, "top": 110}
    assert [pattern.name for pattern in settings.topics] == ["*.yaml"]


def test_architecture_names_every_table_and_every_state() -> None:
    text = (HOME / "docs/architecture.md").read_text(encoding="utf-8")
    assert [name for name in metadata.tables if f"`{name}`" not in text] == []
    assert [state for state in DeliveryState if f"**{state}**" not in text] == []


def test_architecture_shows_the_layers_of_the_import_rules() -> None:
    rules = tomllib.loads((HOME / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    layers = [line.replace("syndicator.", "") for line in rules["contracts"][0]["layers"]]
    text = (HOME / "docs/architecture.md").read_text(encoding="utf-8")
    assert "\n".join(["```", *layers, "```"]) in text


def test_both_maps_name_every_room_and_loose_module() -> None:
    rooms = {path.stem for path in (HOME / "syndicator").iterdir() if not path.name.startswith(("_", "."))}
    architecture = (HOME / "docs/architecture.md").read_text(encoding="utf-8")
    table = architecture.partition("## Rooms")[2].partition("\n\nWhere")[0]
    named = {name for row in table.splitlines() for name in re.findall(r"`([a-z_]+)`", row.split(" | ")[0])}
    assert named == rooms
    readme = (HOME / "README.md").read_text(encoding="utf-8").partition("```\nsyndicator/\n")[2]
    tree = readme.partition("```")[0]
    assert set(re.findall(r"\b([a-z_]+)(?:\.py|/)", tree)) == rooms


def test_modules_named_in_the_walks_exist_and_are_counted() -> None:
    text = (HOME / "docs/architecture.md").read_text(encoding="utf-8")
    walks = re.findall(r"^### From .*\n\n((?:.+\n|\n(?!#))+)", text, re.MULTILINE)
    assert len(walks) == 2
    for walk in walks:
        steps = re.findall(r"^(\d+)\. `([a-z_/]+\.py)`", walk, re.MULTILINE)
        assert [number for number, _ in steps] == [str(one) for one in range(1, len(steps) + 1)]
        assert f"{len(steps)} modules" in walk
        assert [path for _, path in steps if not (HOME / "syndicator" / path).is_file()] == []


def test_source_of_a_zola_site_in_architecture_reads_its_pages(tmp_path: Path) -> None:
    text = (HOME / "docs/architecture.md").read_text(encoding="utf-8")
    file = tmp_path / "syndicator.yaml"
    file.write_text(
        "site: {title: Z, base_url: http://127.0.0.1/}\n" + re.findall(r"```yaml\n(.*?)```", text, re.S)[0]
    )
    page = b"""+++
title = "A page"
date = 2024-03-01
updated = 2024-03-02
[taxonomies]
tags = ["Databases", "Rust"]
+++
Text.
"""
    article = parse_article(page, source=load_settings(file, {}).sources[0], path="blog/first.md")
    assert article is not None
    assert article.link == "https://www.example.org/blog/first/"
    assert article.topics == ("Databases", "Rust")
    assert article.modified == utc(2024, 3, 2)


def test_operation_lists_every_command_and_option() -> None:
    text = (HOME / "docs/operation.md").read_text(encoding="utf-8")
    general = {"--config", "--json", "--help"}
    for name, command in commands():
        assert f"| `syndicator {name}" in text, name
        line = next(line for line in text.splitlines() if line.startswith(f"| `syndicator {name}"))
        options = {option for one in command.params for option in one.opts if option.startswith("--")}
        assert [option for option in options - general if option not in line] == []


def test_commands_named_in_the_papers_exist() -> None:
    known = {name.split()[0] for name, _ in commands()}
    pattern = re.compile(r"(?:bin/|`|^)syndicator ([a-z][a-z-]+)", re.MULTILINE)
    named = {name for paper in PAPERS for name in pattern.findall(paper.read_text(encoding="utf-8"))}
    assert "check" in named
    assert named <= known


def commands() -> Iterator[tuple[str, Any]]:
    """Each command as it is typed, with its parameters."""
    group: Any = cli.commands()
    for name, command in group.commands.items():
        inner = getattr(command, "commands", {})
        yield from ((f"{name} {part}", below) for part, below in inner.items())
        if not inner:
            yield name, command


def test_make_targets_named_in_the_papers_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (HOME / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {name for paper in PAPERS for name in re.findall(r"`make ([a-z-]+)`", paper.read_text("utf-8"))}
    assert {"demo", "test"} <= named
    assert named <= targets


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: str(paper.relative_to(HOME)))
def test_links_between_papers_resolve(paper: Path) -> None:
    text = paper.read_text(encoding="utf-8")
    broken = [link for link in LINK.findall(text) if not resolves(paper, link)]
    assert broken == []


def resolves(paper: Path, link: str) -> bool:
    if link.startswith(("https://", "http://", "mailto:")):
        return True
    place, _, anchor = link.partition("#")
    target = (paper.parent / place).resolve() if place else paper
    if not anchor or not target.is_file():
        return target.exists()
    return anchor in {anchor_of(heading) for heading in HEADING.findall(target.read_text(encoding="utf-8"))}


def anchor_of(heading: str) -> str:
    """As code hosts make it: lower case, punctuation dropped, blanks to hyphens."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_site_has_a_place_for_every_paper() -> None:
    site = (HOME / "docs/mkdocs.yml").read_text(encoding="utf-8")
    listed = re.findall(r"^ +- [^:]+: (\S+\.md)$", site.partition("nav:")[2], re.MULTILINE)
    assert sorted(listed) == sorted(str(paper.relative_to(HOME)) for paper in PAPERS)


# Words that this project once used in a sense of its own, with what they are called elsewhere.
PLAIN = {
    r"desks?": "source scanner",
    r"shelf|shelves": "topic catalog",
    r"fates?": "topic status",
    r"restand(s|ing)?|standings?": "feed membership",
    r"verdicts?": "decision",
    r"loss guard": "deletion guard",
    r"overheard|looked at anew": "scan",
    r"decorations?|tangles?": "media, render limits",
    r"begins? anew|begun anew": "reset as first start",
    r"hub teller|tells hubs": "websub",
    r"hopes?|lapses?|lapsed": "reset back-off, expire leases",
    r"mailings?": "enqueue",
    r"intakes?|tally|tallies": "sync, counts",
    r"oddity|oddities": "skipped file",
    r"cures?": "fix",
    r"quality bars?|standing orders?": "minimum quality, rule",
}


def test_papers_use_plain_words() -> None:
    found = [
        f"{paper.relative_to(HOME)}:{number}: not {match[0]!r}, but: {better}"
        for paper in PAPERS
        for number, line in enumerate(paper.read_text(encoding="utf-8").splitlines(), 1)
        for word, better in PLAIN.items()
        if (match := re.search(rf"\b(?:{word})\b", line, re.IGNORECASE))
    ]
    assert found == []


def test_no_paper_names_a_place_on_somebodys_machine() -> None:
    """No folder of whoever wrote it, in anything that a reader of the papers is sent to."""
    places = re.compile(rf"(?<![\w.])/({'work'}|{'root'}|{'home'}/\w+)/")
    folders = [HOME / name for name in ("config", "deploy", "examples/articles", "examples/fresh")]
    files = [file for folder in folders for file in folder.rglob("*") if file.is_file()]
    files += [*PAPERS, HOME / ".env.example", *HOME.glob("examples/*.*")]
    found = [file for file in files if file.is_file() and places.search(file.read_text(encoding="utf-8"))]
    assert found == []
