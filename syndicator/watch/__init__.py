"""A folder of articles, watched: what is new, changed and gone, and the bytes of what has come to rest.

    Folder ---hint---> scan | look ---> compare ---> guard_deletions  (may the gone ones be withdrawn?)
    events, or the     the folder       against      Settling    (which files have come to rest?)
    clock's interval   as it is         the store    read_article

Events only say where to look; a lost one costs time, never an article. The order, for one source and one
thread (`known` are the stamps that the store remembers, the ones of articles with problems included):

    hints: SimpleQueue[Hint] = SimpleQueue()
    folder = Folder("azure", root, hints.put)
    folder.start()                       # first watch, then scan: nothing falls between
    settling, guard = Settling(), Guard()

    # at start, every `scan_every`, on a hint without a path or with thousands of them:
    seen = scan(root)
    # on hints with paths, and when something waits (`decision.held` once `decision.look_again` has come):
    seen = look(root, {hint.path for hint in batch} | settling.waiting | decision.held)

    changes = compare(known, seen)
    decision = guard_deletions(changes, known=len(known), seen=seen, guard=guard, now=now)
    guard = decision.guard              # withdraw decision.withdraw; say decision.reason and .fix if degraded
    ready = settling.ready(changes, batch, now=monotonic(), wall_ns=time_ns())
    for path, stamp in ready.items():
        match read_article(root, path, expected=stamp):
            case Reading() as reading:   ...  # parse it, store it with reading.stamp
            case Unread.CHANGING:        settling.put_back(path, stamp, now=monotonic())
            case Unread.GONE:            ...  # the next look decides
    wake = settling.look_again(now=monotonic(), wall_ns=time_ns())   # None: nothing waits
    folder.check(seen)                   # heals; without a scan it costs next to nothing: once a second

Wake again at the earliest of `wake`, `decision.look_again` and the next interval. A single pass without a
service (`build`) does the same until nothing waits, and leaves what is held by a doubt to the next pass.
"""

from syndicator.watch.deletion_guard import (
    Changes,
    DeletionDecision,
    Guard,
    LossReason,
    compare,
    guard_deletions,
)
from syndicator.watch.folder import Folder
from syndicator.watch.health import FolderHealth, Mode
from syndicator.watch.read import Reading, Unread, read_article
from syndicator.watch.scan import SUFFIXES, look, scan
from syndicator.watch.settle import Hint, Settling, Sign
from syndicator.watch.types import Identity, Scan, SkippedFile, Stamp

__all__ = [
    "SUFFIXES",
    "Changes",
    "DeletionDecision",
    "Folder",
    "FolderHealth",
    "Guard",
    "Hint",
    "Identity",
    "LossReason",
    "Mode",
    "Reading",
    "Scan",
    "Settling",
    "Sign",
    "SkippedFile",
    "Stamp",
    "Unread",
    "compare",
    "guard_deletions",
    "look",
    "read_article",
    "scan",
]
