"""Whatever ends a command, as one line and an exit code; for a mistake of this program, nothing.

Our own errors come as they are. Where a right is missing, the line says whose the place is and as whom to run
the command. What the machine refuses anywhere (a file, memory, a thread) is told by the table below.
"""

from __future__ import annotations

import errno
import os
import pwd
import resource
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from syndicator.errors import OutputUnwritable, StoreError, SyndicatorError

FIXES = {
    errno.ENOSPC: "Make room on that disk",
    errno.EDQUOT: "Make room, or raise the quota",
    errno.EROFS: "Mount it for writing, or choose another place",
    errno.EMFILE: "Allow more open files (`ulimit -n`, LimitNOFILE=)",
    errno.ENFILE: "Allow more open files (`sysctl fs.file-max`)",
}
MEMORY = "there is not enough memory. Allow more (`ulimit -v`, `ulimit -u`, MemoryMax=, TasksMax=)"
LATER = 75
"""sysexits.h, EX_TEMPFAIL: waiting may help."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What to print, and with which code to end. An empty text says nothing: nobody listens."""

    text: str
    exit_code: int
    at_once: bool = False
    """The interpreter's own end would fail as well."""


def failure_of(error: BaseException, arguments: Sequence[str]) -> Failure | None:
    """The failure that the error means to an operator; None for a mistake of ours, which needs its traceback.

    `arguments` are those of the command, so that it can be given again as the right user.
    """
    match error:
        case StoreError() | OutputUnwritable() if error.on:
            hint = right_to(Path(error.on), arguments)
            text = ": ".join(part for part in (error.what, error.on, error.why) if part)
            return Failure(f"{text}. {hint}" if hint else str(error), error.exit_code)
        case SyndicatorError():
            return Failure(str(error), error.exit_code)
        case BrokenPipeError():
            return Failure("", 1)
        case _ if _is_memory(error):
            return Failure(MEMORY, LATER, at_once=True)
        case OSError() if error.errno is not None:
            return Failure(_refusal(error, arguments), 1)
        case _:
            return None


def right_to(path: Path, arguments: Sequence[str], *, writing: bool = True) -> str:
    """As whom to run the command so that it may use this file, or how to let this user; "" if it may."""
    blocked = _blocked(path, writing=writing)
    if blocked is None:
        return ""
    owner, me = blocked.stat().st_uid, os.geteuid()
    if owner == me:
        return f"Allow it: chmod u+rwX {shlex.quote(str(blocked))}"
    if owner == 0 and blocked.parent.stat().st_uid == me:
        return f"It belongs to root. Give it back: sudo chown {_name(me)} {shlex.quote(str(blocked))}"
    command = shlex.join(["sudo", "-u", _name(owner), "syndicator", *arguments])
    return f"It belongs to {_name(owner)}, and this is {_name(me)}. Run it as its owner: {command}"


def silence_output() -> None:
    """Sends what is still to be written nowhere, so that the end of the process cannot fail for it.

    Where no file can be opened any more, it stays as it is: the failure is still to be told.
    """
    with suppress(OSError), open(os.devnull, "w") as nowhere:  # noqa: PTH123  a path of the system, not of ours
        os.dup2(nowhere.fileno(), sys.__stdout__.fileno() if sys.__stdout__ is not None else 1)


def _refusal(error: OSError, arguments: Sequence[str]) -> str:
    place = os.fsdecode(error.filename) if isinstance(error.filename, (str, bytes)) else ""
    why = (error.strerror or str(error)).lower()
    fix = FIXES.get(error.errno or 0, "")
    if place and isinstance(error, PermissionError):
        fix = right_to(Path(place), arguments) or right_to(Path(place), arguments, writing=False)
    text = f"{place}: {why}" if place else f"the output cannot be written: {why}"
    return f"{text}. {fix}" if fix else text


def _is_memory(error: BaseException) -> bool:
    """Whether memory or threads ran out: libraries say that in many ways, some while they are loaded."""
    limited = resource.getrlimit(resource.RLIMIT_AS)[0] != resource.RLIM_INFINITY
    for one in _chain(error):
        if isinstance(one, MemoryError) or (isinstance(one, OSError) and one.errno == errno.ENOMEM):
            return True
        if isinstance(one, RuntimeError) and "start new thread" in str(one):
            return True
        if limited and isinstance(one, (ImportError, SystemError)):
            return True
    return False


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _blocked(path: Path, *, writing: bool) -> Path | None:
    """The first place on the way to the file, or beside it, that this user may not use."""
    path = path.absolute()
    for folder in reversed(path.parents):
        if not os.access(folder, os.X_OK, effective_ids=True) and _is_there(folder):
            return folder
    files = [path, *(path.with_name(path.name + suffix) for suffix in ("-wal", "-shm", ".lock"))]
    mode = os.R_OK | os.W_OK if writing else os.R_OK
    for file in files if writing else [path]:
        if _is_there(file) and not os.access(file, mode, effective_ids=True):
            return file
    if writing and _is_there(path.parent) and not os.access(path.parent, os.W_OK, effective_ids=True):
        return path.parent
    return None


def _is_there(path: Path) -> bool:
    try:
        path.stat()
    except OSError:
        return False
    return True


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"#{uid}"
