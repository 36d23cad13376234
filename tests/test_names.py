"""A name in the package means one thing: who reads it need not look which one is meant."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import syndicator

PACKAGE = Path(syndicator.__file__).parent


def types_of(tree: ast.Module) -> Iterator[str]:
    """The names of the classes, wherever they stand, and of the types that the module gives a name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            yield node.name
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                if name[0].isupper() and not name.isupper():
                    yield name


def test_no_type_has_the_name_of_another() -> None:
    found: dict[str, list[str]] = defaultdict(list)
    for file in sorted(PACKAGE.rglob("*.py")):
        for name in types_of(ast.parse(file.read_text(encoding="utf-8"))):
            found[name].append(str(file.relative_to(PACKAGE)))
    assert {name: files for name, files in found.items() if len(files) > 1} == {}
