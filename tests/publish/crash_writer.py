"""Writes two documents in turn to one file and is killed again and again; run by test_files.

    python -m tests.publish.crash_writer FOLDER KILLS

Forks a writer, kills it with SIGKILL after a random moment, and looks what is there. Prints how many of the
looks found anything but one of the two documents whole.
"""

from __future__ import annotations

import gzip
import os
import random
import signal
import sys
import time
from pathlib import Path

from syndicator.publish.output import OutputFolder, sweep

DOCUMENTS = (b"<a>" + b"old" * 30_000 + b"</a>", b"<b>" + b"new" * 50_000 + b"</b>")


def write_for_ever(folder: Path) -> None:
    while True:
        for data in DOCUMENTS:
            OutputFolder(folder).put("feeds/rss.xml", data)


def main(folder: Path, kills: int) -> int:
    path = folder / "feeds" / "rss.xml"
    OutputFolder(folder).put("feeds/rss.xml", DOCUMENTS[0])
    torn = 0
    for _ in range(kills):
        child = os.fork()
        if child == 0:
            write_for_ever(folder)
        time.sleep(random.uniform(0.001, 0.02))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        torn += path.read_bytes() not in DOCUMENTS
        torn += gzip.decompress(path.with_name("rss.xml.gz").read_bytes()) not in DOCUMENTS
    sweep(folder)
    OutputFolder(folder).put("feeds/rss.xml", DOCUMENTS[1])
    torn += sorted(entry.name for entry in path.parent.iterdir()) != ["rss.xml", "rss.xml.gz"]
    torn += gzip.decompress(path.with_name("rss.xml.gz").read_bytes()) != DOCUMENTS[1]
    return torn


if __name__ == "__main__":
    print(main(Path(sys.argv[1]), int(sys.argv[2])))
