"""Reads and parses files: here, or by thousands in two processes of their own.

Such a process is told all its files at once, and answers for each batch with those that are simply articles;
the pipe holds it up while nobody takes the answers. Whatever else a file is, and where a process ends early,
is found out by who asked, who reads again what is missing.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import IO

from syndicator.entries.match import ScannedFile
from syndicator.parse.article import parse_article
from syndicator.processes import start
from syndicator.settings.models import Source
from syndicator.watch.read import Reading, read_article
from syndicator.watch.types import Stamp

MANY = 3_000
"""Files from which processes of their own are quicker: to start takes one as long as to read 500."""
Files = Sequence[tuple[str, Stamp]]


def digest_of(data: bytes) -> bytes:
    """By which equal files are recognised."""
    return hashlib.blake2b(data, digest_size=16).digest()


def read_elsewhere(source: Source, batches: Sequence[Files]) -> Iterator[dict[str, ScannedFile]]:
    """For each batch those of its files, by path, that were read by other processes; none where they are few,
    or there is one processor."""
    count = min(2, len(os.sched_getaffinity(0)))
    if count < 2 or sum(map(len, batches)) < MANY:
        count = 0
    with ExitStack() as stack:
        parts = [[batch[number::count] for batch in batches] for number in range(count)]
        answers = [stack.enter_context(asked(source, part)) for part in parts]
        for _ in batches:
            yield {one.path: one for answer in answers for one in next(answer, ())}


def answer(request: IO[bytes], told: IO[bytes]) -> None:
    """What a process of its own does."""
    source, batches = pickle.load(request)  # noqa: S301  of `asked`
    for batch in batches:
        found = (_read(source, path, stamp) for path, stamp in batch)
        pickle.dump([one for one in found if one is not None], told, pickle.HIGHEST_PROTOCOL)
        told.flush()


def _read(source: Source, path: str, stamp: Stamp) -> ScannedFile | None:
    with suppress(Exception):  # who asked reads it again, and says what is wrong
        reading = read_article(source.path, path, expected=stamp)
        if isinstance(reading, Reading):
            article = parse_article(reading.data, source=source, path=path)
            return ScannedFile(path=path, stamp=stamp, digest=digest_of(reading.data), article=article)
    return None


@contextmanager
def asked(source: Source, batches: Sequence[Files]) -> Iterator[Iterator[list[ScannedFile]]]:
    """What one process of its own answers, batch by batch; it ends with this."""
    with ExitStack() as stack:
        told = None
        with suppress(OSError):
            process = stack.enter_context(start("syndicator.entries.reader"))
            stack.callback(process.kill)
            told = process.stdout
            if process.stdin is not None:
                with process.stdin as request:
                    pickle.dump((source, batches), request, pickle.HIGHEST_PROTOCOL)
        yield _answers(told)


def _answers(told: IO[bytes] | None) -> Iterator[list[ScannedFile]]:
    with suppress(EOFError, OSError, pickle.UnpicklingError):
        while told is not None:
            yield pickle.load(told)  # noqa: S301  of `answer`


if __name__ == "__main__":
    with suppress(BrokenPipeError):
        answer(sys.stdin.buffer, sys.stdout.buffer)
