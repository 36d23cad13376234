"""Many clients at once, as a program of its own: `python -m tests.web.visitors HOST PORT REQUESTS`.

Asks for files that are replaced all the time, with the tags it has, and fails unless every answer is whole
and no tag ever stands for two bodies. Prints how many answers of which kind it saw, as JSON. Speaks HTTP by
hand: a library's client takes longer for a request than the server.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import sys
from collections import Counter

FILES = [f"feeds/topic-{number}/rss.xml" for number in range(4)]
CLIENTS = 100
DEADLINE_S = 30
Answer = tuple[bytes, dict[str, str], bytes]


def make_version(version: int) -> bytes:
    """A body whose every word and whose length tell its version."""
    return b"<rss>" + b"%09d " % version * (500 + version % 500) + b"</rss>"


BODIES: dict[tuple[str, str], bytes] = {}
"""What was sent under each file's tags."""


def check(answer: Answer, file: str, tag: str | None) -> str:
    """Asserts that an answer is whole and that its tag has one body; returns what kind it was."""
    status, headers, sent = answer
    if status == b"304":
        assert headers["etag"] == tag, "304 for another version"
        return "unchanged"
    assert status == b"200", f"status {status!r}"
    assert BODIES.setdefault((file, headers["etag"]), sent) == sent, "one tag for two bodies"
    packed = headers.get("content-encoding") == "gzip"
    body = gzip.decompress(sent) if packed else sent
    assert body == make_version(int(body[5:14])), "not whole"
    return "gzip" if packed else "plain"


async def ask(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, file: str, encoding: str, tag: str | None
) -> Answer:
    condition = f"If-None-Match: {tag}\r\n" if tag else ""
    writer.write(
        f"GET /{file} HTTP/1.1\r\nHost: x\r\nAccept-Encoding: {encoding}\r\n{condition}\r\n".encode()
    )
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *lines = head.rstrip().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return first.split(" ")[1].encode(), headers, body


async def visit(host: str, port: int, number: int, requests: int, seen: Counter[str]) -> None:
    tags: dict[str, str] = {}
    reader, writer = await asyncio.open_connection(host, port)
    for turn in range(requests):
        file = FILES[(number + turn // 4) % len(FILES)]
        encoding = "gzip" if number % 2 else "identity"
        async with asyncio.timeout(DEADLINE_S):
            answer = await ask(reader, writer, file, encoding, tags.get(file))
        seen[check(answer, file, tags.get(file))] += 1
        tags[file] = answer[1]["etag"]
    writer.close()


async def visit_all(host: str, port: int, total: int) -> Counter[str]:
    seen: Counter[str] = Counter()
    visits = (visit(host, port, number, total // CLIENTS, seen) for number in range(CLIENTS))
    await asyncio.gather(*visits)
    return seen


if __name__ == "__main__":
    print(json.dumps(asyncio.run(visit_all(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))))
