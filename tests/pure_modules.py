"""The modules whose every branch a test must reach, as options of pytest: `make coverage` uses it.

They are those of import-linter's list of what decides that use neither the store nor other processes. So
there is one list, and a new module of its packages counts from the start.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

HOME = Path(__file__).parent.parent
CONTRACT = "what decides touches nothing"
EFFECTS = re.compile(r"^(?:from|import) syndicator\.(?:store|processes)\b", re.MULTILINE)


def pure_modules() -> Iterator[str]:
    project = tomllib.loads((HOME / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    for name in next(one["source_modules"] for one in contracts if one["name"] == CONTRACT):
        place = HOME / name.replace(".", "/")
        files = sorted(place.rglob("*.py")) if place.is_dir() else [place.with_suffix(".py")]
        for file in files:
            if file.name != "__init__.py" and not EFFECTS.search(file.read_text(encoding="utf-8")):
                yield ".".join(file.relative_to(HOME).with_suffix("").parts)


if __name__ == "__main__":
    print(*(f"--cov={module}" for module in pure_modules()))
