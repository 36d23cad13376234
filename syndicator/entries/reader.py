"""Reads and parses files: here, or by thousands in two processes of their own.

Such a process is told all its files at once, and answers with a line of JSON for each; the pipe holds it up
while nobody takes the answers. What is wrong with a file, and what is left where a process ends early, is
found out by who asked, who reads that again.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from itertools import repeat, takewhile
from typing import IO

from pydantic import TypeAdapter

from syndicator.entries.match import ScannedFile
from syndicator.models import Article
from syndicator.parse.article import parse_article
from syndicator.processes import start
from syndicator.settings.models import Source
from syndicator.store.types import Stamp
from syndicator.watch.files import read_article

MANY = 3_000
"""Files from which processes of their own are quicker: to start takes one as long as to read 500."""
PIPE_BYTES = 1024 * 1024
"""Some hundred articles, read while others are stored. More is for root alone (pipe(7))."""
Files = Sequence[tuple[str, Stamp]]
_ANSWER = TypeAdapter(tuple[str, Article | None] | None)
"""A file's digest in hexadecimal digits, and its article, if it is one."""


def digest_of(data: bytes) -> bytes:
    """By which equal files are recognised."""
    return hashlib.blake2b(data, digest_size=16).digest()


@contextmanager
def read_elsewhere(source: Source, files: Files) -> Iterator[Iterator[ScannedFile | None]]:
    """The files as other processes read them, in order; None for each that they have not: all where they are
    few, or there is one processor."""
    count = min(2, len(os.sched_getaffinity(0)))
    if count < 2 or len(files) < MANY:
        yield repeat(None)
        return
    with ExitStack() as stack:
        answers = [stack.enter_context(asked(source, files[number::count])) for number in range(count)]
        yield (next(answers[number % count], None) for number in range(len(files)))


def answer(request: Iterable[bytes], told: IO[bytes]) -> None:
    """What a process of its own does."""
    lines = map(json.loads, request)
    source = Source.model_validate(next(lines))
    for path, stamp in lines:
        told.write(_read(source, path, Stamp(*stamp)) + b"\n")
        told.flush()


def _read(source: Source, path: str, stamp: Stamp) -> bytes:
    with suppress(Exception):  # who asked reads it again, and says what is wrong
        data = read_article(source.path, path, expected=stamp)
        if data is not None:
            article = parse_article(data, source=source, path=path)
            return _ANSWER.dump_json((digest_of(data).hex(), article), exclude_defaults=True)
    return b"null"


@contextmanager
def asked(source: Source, files: Files) -> Iterator[Iterator[ScannedFile | None]]:
    """What one process of its own answers, file by file; it ends with this."""
    with ExitStack() as stack:
        lines: Iterator[bytes] = iter(())
        with suppress(OSError):
            # In memory, since a pipe is full until the process takes from it.
            request = stack.enter_context(os.fdopen(os.memfd_create("articles"), "w+b"))
            lines_asked = (source.model_dump(mode="json"), *files)
            request.writelines(json.dumps(one).encode() + b"\n" for one in lines_asked)
            request.seek(0)
            process = stack.enter_context(start(__name__, stdin=request.fileno(), pipe_bytes=PIPE_BYTES))
            stack.callback(process.kill)
            lines = takewhile(lambda line: line.endswith(b"\n"), process.stdout or ())
        yield map(_scanned, files, lines)


def _scanned(file: tuple[str, Stamp], line: bytes) -> ScannedFile | None:
    if (found := _ANSWER.validate_json(line)) is None:
        return None
    path, stamp = file
    return ScannedFile(path=path, stamp=stamp, digest=bytes.fromhex(found[0]), article=found[1])


if __name__ == "__main__":
    with suppress(BrokenPipeError), sys.stdout.buffer as told:
        answer(sys.stdin.buffer, told)
