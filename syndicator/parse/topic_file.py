"""Which files are topic files, and one of them to a DeclaredTopic: its name, slug, parent, and aliases."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase

from syndicator.errors import ArticleError
from syndicator.models import DeclaredTopic
from syndicator.parse.fields import as_name, as_text
from syndicator.parse.front_matter import decode
from syndicator.text import plain_line
from syndicator.yaml_reader.events import YamlDocument, read_yaml
from syndicator.yaml_reader.scalars import Value

LONGEST_DESCRIPTION = 2_000


def topic_matcher(patterns: Sequence[str]) -> Callable[[str], bool]:
    """Whether a path matches one of the patterns, folder by folder; `**` stands for any folders.

    >>> matches = topic_matcher(["_data/*.yaml", "more/**/*.yml"])
    >>> [matches(path) for path in ("_data/a.yaml", "_data/x/a.yaml", "more/a.yml", "more/x/y/a.yml")]
    [True, False, True, True]
    """
    split = [pattern.split("/") for pattern in patterns]
    return lambda path: any(_matches(path.split("/"), parts) for parts in split)


def _matches(path: Sequence[str], pattern: Sequence[str]) -> bool:
    match pattern:
        case ["**", _, *_]:
            return any(_matches(path[start:], pattern[1:]) for start in range(len(path)))
        case [part, *rest]:
            return bool(path) and fnmatchcase(path[0], part) and _matches(path[1:], rest)
        case _:
            return not path


def parse_topic_file(data: bytes, *, source: str, path: str) -> DeclaredTopic:
    """The topic that a YAML file at `path` of `source` declares.

    Keys: `name`; `slug` or `_id`; `parent`; `aliases` and `keywords` (a text or a list); `description`;
    `language`. All others are ignored. Raises ArticleError with place and fix.
    """
    document = read_yaml(decode(data))
    if not isinstance(keys := document.value, dict):
        what = "the topic file is empty, or not a list of keys"
        raise ArticleError(what, fix="Write `name: …` and, if you like, `slug`, `parent`, `aliases`")
    if (name := _name(document, keys, "name")) is None:
        raise ArticleError("no name", fix="Add `name:` with the topic's name")
    return DeclaredTopic(
        name=name,
        slug=_name(document, keys, "slug") or _name(document, keys, "_id"),
        parent=_name(document, keys, "parent"),
        aliases=_names(document, keys, name),
        description=plain_line(_text(document, keys, "description") or "", LONGEST_DESCRIPTION),
        language=_name(document, keys, "language"),
        source=source,
        path=path,
    )


def _text(document: YamlDocument, keys: dict[str, Value], key: str) -> str | None:
    value = keys.get(key)
    text = as_text(value)
    if value is not None and text is None:
        fix = "Write one text, in quotes if it is `true` or `null`"
        raise document.problem(f"`{key}` is not text", fix, key)
    return text


def _name(document: YamlDocument, keys: dict[str, Value], key: str) -> str | None:
    return as_name(_text(document, keys, key))


def _names(document: YamlDocument, keys: dict[str, Value], name: str) -> tuple[str, ...]:
    names = {name.casefold(): name}
    for key in ("aliases", "keywords"):
        value = keys.get(key)
        for item in value if isinstance(value, list) else [value]:
            if item is None:
                continue
            alias = as_name(item)
            if alias is None or isinstance(item, dict):
                what = f"`{key}` has something in it that is not a name"
                raise document.problem(what, "Write a list of names", key)
            names.setdefault(alias.casefold(), alias)
    return tuple(names.values())[1:]
