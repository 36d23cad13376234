"""The tree of errors: one subclass per thing that a caller can do differently.

    SyndicatorError
    ├── ArticleError          mend the article: carries one Problem's parts
    ├── SettingsError         mend the settings: carries all their problems (exit 78)
    ├── SecondInstanceError   another process serves this state (exit 78)
    ├── CannotServe           the server's address cannot be had: mend `server` (exit 78)
    │   └── CannotServeYet    another program has it, or it is not there yet: wait (exit 75)
    ├── SourceUnreadable      a source folder cannot be read now: look again later
    ├── OutputUnwritable      the output folder cannot be written now: mend rights or space
    ├── StoreError            the database cannot be used
    │   ├── StoreBusy         another process holds it: try again (exit 75)
    │   ├── StoreGone         its file was removed or exchanged meanwhile: end, and start anew (exit 75)
    │   ├── StoreDamaged      it is not a sound database: restore or rebuild
    │   ├── StoreUnavailable  its disk is full, read-only or broken: wait (exit 75)
    │   └── StoreForeign      a later version or another program wrote it (exit 78)
    └── DeliveryError         a message was not delivered
        ├── Refused           definitely not accepted: send again after `retry_after` (exit 75)
        ├── Rejected          definitely not accepted, and nothing but a person will change that
        │   └── Unacceptable  it is this one message; the channel's others may well be accepted
        │       └── Uneditable  the message can be edited no more: end the edit
        └── Unclear           accepted or not, nobody knows: look before sending again

Each renders as `what failed: on which: why. What to do`. None of them ever holds a secret.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

DISK_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO})
"""What meets one file of a disk and will meet the next one too, until somebody sees to the disk."""


class SyndicatorError(Exception):
    """The root. `what` failed, `on` which thing, `why`, and the `fix`: what to do about it."""

    exit_code = 1

    def __init__(self, what: str, *, on: str = "", why: str = "", fix: str = "") -> None:
        self.what, self.on, self.why, self.fix = what, on, why, fix
        head = ": ".join(part for part in (what, on, why) if part)
        super().__init__(f"{head}. {fix}" if fix else head)


class ArticleError(SyndicatorError):
    """One thing wrong in one article file, with its place; lines and columns count from 1."""

    def __init__(self, what: str, *, fix: str, line: int = 1, column: int = 1) -> None:
        super().__init__(what, fix=fix)
        self.line, self.column = line, column


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingProblem:
    """One thing wrong with the settings: at a place in the file, counted from 1, or in a variable."""

    file: str = ""
    line: int = 0
    column: int = 0
    variable: str = ""
    key: str = ""
    what: str

    def __str__(self) -> str:
        where = self.variable or (f"{self.file}:{self.line}:{self.column}" if self.line else self.file)
        return ": ".join(part for part in (where, self.key, self.what) if part)


class SettingsError(SyndicatorError):
    """All that is wrong with the settings: the environment's problems first, then by line."""

    exit_code = 78

    def __init__(self, problems: Iterable[SettingProblem]) -> None:
        self.problems = sorted(problems, key=lambda one: (one.line, one.column, str(one)))
        super().__init__("\n".join(map(str, self.problems)))


class SecondInstanceError(SyndicatorError):
    exit_code = 78


class CannotServe(SyndicatorError):
    exit_code = 78


class CannotServeYet(CannotServe):
    """Waiting may help: another program listens there now, or the address is not there yet."""

    exit_code = 75


class SourceUnreadable(SyndicatorError):
    pass


class OutputUnwritable(SyndicatorError):
    """`everywhere`: whatever else is written now will fail too (the disk is full, read-only, broken).

    `passing`: waiting may mend it, as of a full disk, and no settings have to be changed for it.
    """

    def __init__(self, what: str, *, everywhere: bool = False, passing: bool = False, **parts: str) -> None:
        super().__init__(what, **parts)
        self.everywhere, self.passing = everywhere, passing


class StoreError(SyndicatorError):
    pass


class StoreBusy(StoreError):
    exit_code = 75


class StoreGone(StoreError):
    exit_code = 75


class StoreDamaged(StoreError):
    pass


class StoreUnavailable(StoreError):
    exit_code = 75


class StoreForeign(StoreError):
    exit_code = 78


WHERE_TO_LOOK = "See slack-status.com, and this machine's DNS, firewall and proxy"
SLACK_FIX = f"Nothing is lost, it is tried again. {WHERE_TO_LOOK}"
"""Where Slack does not answer."""


class DeliveryError(SyndicatorError):
    """`code` is Slack's own error word where there is one (`channel_not_found`), else ours.

    `answered` says whether Slack answered the call: False where it could not be reached or had a failure of
    its own, None where nothing was asked.
    """

    def __init__(self, what: str, *, code: str, answered: bool | None = None, **parts: str) -> None:
        super().__init__(what, **parts)
        self.code, self.answered = code, answered


class Refused(DeliveryError):
    """`retry_after` is Slack's own wait, where it asked for one."""

    exit_code = 75

    def __init__(
        self,
        what: str,
        *,
        code: str,
        answered: bool | None = None,
        retry_after: timedelta | None = None,
        **parts: str,
    ) -> None:
        super().__init__(what, code=code, answered=answered, **parts)
        self.retry_after = retry_after


class Rejected(DeliveryError):
    pass


class Unacceptable(Rejected):
    pass


class Uneditable(Unacceptable):
    pass


class Unclear(DeliveryError):
    pass
