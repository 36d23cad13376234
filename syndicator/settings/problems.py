"""All that is wrong with the settings, each at its place: in the file, or in a variable."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from syndicator.errors import SettingsError
from syndicator.settings.keys import KeyPath, name_of
from syndicator.settings.overlay import Overlay
from syndicator.yaml_reader import Document


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingProblem:
    """One thing that is wrong. Where `line` is 0 it is not in the file but in the `variable`, or nowhere."""

    file: str
    line: int = 0
    column: int = 0
    variable: str = ""
    key: str = ""
    what: str

    def __str__(self) -> str:
        where = self.variable or (f"{self.file}:{self.line}:{self.column}" if self.line else "")
        return ": ".join(part for part in (where, self.key, self.what) if part)


class Problems:
    """Gathers them; `raise_any` ends the reading with all of them."""

    def __init__(self, file: Path, document: Document, overlay: Overlay) -> None:
        self._file, self._document, self._overlay = file, document, overlay
        self._found: set[SettingProblem] = set()
        self._wrong: set[KeyPath] = set()

    def add(self, what: str, *path: str | int) -> None:
        """Notes that what stands at the path cannot be taken."""
        self._wrong.add(path)
        self._note(what, path)

    def add_further(self, what: str, *path: str | int) -> None:
        """Notes it unless what stands there cannot be taken anyhow: what stands in for it is not theirs."""
        if path not in self:
            self._note(what, path)

    def add_variable(self, what: str, name: str = "") -> None:
        """Notes what is wrong with a variable of the environment; without a name, `what` says which."""
        self._found.add(SettingProblem(file=str(self._file), variable=name, what=what))

    def _note(self, what: str, path: KeyPath) -> None:
        """In the variable that sets it, else at its place in the file (or its nearest parent's)."""
        variable = self._overlay.variable(path)
        at = self._document.place(*path)
        line, column = (0, 0) if variable else (at.line, at.column)
        problem = SettingProblem(
            file=str(self._file),
            line=line,
            column=column,
            variable=variable or "",
            key=name_of(path),
            what=what,
        )
        self._found.add(problem)

    def __contains__(self, path: KeyPath) -> bool:
        """Whether what stands at the path, above or below it cannot be taken."""
        return any(path[: len(own)] == own or own[: len(path)] == path for own in self._wrong)

    def raise_any(self) -> None:
        """Raises SettingsError with all that was found; the environment's first, then by line."""
        found = sorted(self._found, key=lambda one: (one.line, one.column, str(one)))
        if found:
            raise SettingsError([str(one) for one in found], details=[asdict(one) for one in found])
