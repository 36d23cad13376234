"""Mutated articles by the million: nothing may come out but an article, none, or one problem, and quickly.

    python -m tests.fuzz.front_matter --inputs 1000000 [--seed 1] [--processes 2]

Prints progress, counts and the slowest input. Ends with 1 if any input raised something foreign, or took
more than 50 ms of CPU time, as the machine runs when idle, in six tries. A crash of the process
itself ends it with the signal; the last inputs are found again by the seed.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

from syndicator.errors import ArticleError
from syndicator.parse.article import parse_article
from syndicator.settings.models import Source
from tests.parse.writing import HUGO, JEKYLL, RULES, written

SLOWEST_S = 0.05
_REFERENCE_S = 0.005
"""What `_reference` takes on the machine that the bound is for, measured when it was idle."""
LONGEST = 4_000
"""Bytes: rendering a sane body takes some 3 microseconds a byte, a table of empty cells 15."""
BODY = "# Tides\n\nSome *text* [link](a.html) ![i](b.png)\n\n- [ ] do\n\n|a|b|\n|-|-|\n|1|2|\n\n[^1]: n\n"
SEEDS: tuple[tuple[Source, str, bytes], ...] = (
    (RULES, "2024-05-06-tidal-power.md", written(BODY).encode()),
    (RULES, "a.md", written().replace("\n", "\r\n").encode("utf-8-sig")),
    (
        RULES,
        "a.md",
        written(featuredContent="'<iframe src=\"https://www.youtube.com/embed/abcdef\">'").encode(),
    ),
    (
        JEKYLL,
        "town/_posts/2024-01-02-a.md",
        f"---\ntitle: A\ntags: red blue\npermalink: /:year/:title/\nimage: i.png\n---\n{BODY}".encode(),
    ),
    (JEKYLL, "_drafts/a.md", b"---\ndate: 2024-01-02 03:04:05 +0200\n---\n{% raw %}a{% endraw %}"),
    (
        HUGO,
        "post/a/index.md",
        b'+++\ntitle = "A"\ndate = 2024-01-02T03:04:05Z\ntags = ["x"]\n[params]\na.b = 1.5\n+++\n'
        b"{{< youtube x >}}",
    ),
    (
        HUGO,
        "a.md",
        b'{"title": "A", "date": "2024-01-02", "tags": ["x"], "a": [{"b": [1, 2.5, null]}]}\n\nText',
    ),
)
TOKENS = (
    b"---\n", b"+++\n", b"...\n", b"{", b"}", b"[", b"]", b": ", b"- ", b"? ", b"\n", b"\n  ", b"\t",
    b'"', b"'",
    b"|\n", b">-\n", b"&a ", b"*a", b"!!str ", b"!x ", b"<<: ", b"#", b"%", b"@", b"\\", b"\\u0000", b"\\x41",
    b"\xff", b"\xef\xbb\xbf", b"\xc2\x85", b"\xe2\x80\xa8", b"\xed\xa0\x80", b"\x01", b"\r", b"0x", b"1e999",
    b"2024-13-40", b"secured: ", b"<b>", b"<script>", b"<!--", b"![", b"](", b"`", b"&#x0;", b"{%", b"{{<",
    b"https://", b"://[::1", b"null", b"true", b"9" * 30, b"=", b",", b".", b'"""', b"'''", b"[[", b"]]",
)  # fmt: skip


def mutate(chance: random.Random, data: bytes) -> bytes:
    """`data` with one to eight small changes: bytes, tokens, cut, doubled, repeated and swapped pieces."""
    out = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(out) + 1)
        to = min(len(out), at + chance.choice((1, 2, 8, 40, 200)))
        match chance.randrange(8):
            case 0:
                out[at : at + 1] = bytes([chance.randrange(256 if chance.random() < 0.1 else 128)])
            case 1 | 2:
                out[at:at] = chance.choice(TOKENS)
            case 3:
                del out[at:to]
            case 4:
                out[at:at] = out[at:to] * chance.choice((1, 2, 10))
            case 5:
                out[at:at] = chance.choice(TOKENS) * chance.choice((2, 20, 100))
            case 6:
                other = chance.choice(SEEDS)[2]
                begin = chance.randrange(len(other))
                out[at:to] = other[begin : begin + chance.choice((8, 100, 500))]
            case 7:
                first, *lines = bytes(out).split(b"\n")
                chance.shuffle(lines)
                out[:] = b"\n".join([first, *lines])
    return bytes(out[:LONGEST])


def inputs(seed: int, count: int) -> Iterator[tuple[Source, str, bytes]]:
    """`count` mutated articles, the same for the same seed."""
    chance = random.Random(seed)
    for _ in range(count):
        rules, path, data = chance.choice(SEEDS)
        yield rules, path, mutate(chance, data)


@dataclass
class SyncCounts:
    """What came out of a run; `slowest_s` is CPU time as on an idle machine, where long the least of six."""

    counts: Counter[str] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)
    foreign: list[tuple[str, bytes]] = field(default_factory=list)
    slowest_s: float = 0.0
    slowest: bytes = b""

    def add(self, other: SyncCounts) -> None:
        self.counts += other.counts
        self.problems += other.problems
        self.foreign += other.foreign
        if other.slowest_s > self.slowest_s:
            self.slowest_s, self.slowest = other.slowest_s, other.slowest

    @property
    def sound(self) -> bool:
        return not self.foreign and self.slowest_s <= SLOWEST_S


def run(seed: int, count: int) -> SyncCounts:
    """Reads `count` inputs and tells what came out."""
    sync_counts = SyncCounts()
    for rules, path, data in inputs(seed, count):
        took_s = _attempt(sync_counts, rules, path, data)
        if took_s > SLOWEST_S / 2:
            took_s = min(took_s, *(_attempt(SyncCounts(), rules, path, data) / _slowdown() for _ in range(5)))
        if took_s > sync_counts.slowest_s:
            sync_counts.slowest_s, sync_counts.slowest = took_s, data
    return sync_counts


def _attempt(sync_counts: SyncCounts, rules: Source, path: str, data: bytes) -> float:
    began = time.thread_time()
    try:
        article = parse_article(data, source=rules, path=path)
        kind = "none" if article is None else "article"
    except ArticleError as error:
        kind = "problem"
        sync_counts.problems[error.what.split(":")[0][:60]] += 1
    except Exception as error:  # whatever is foreign is what is looked for
        kind = "foreign"
        sync_counts.foreign.append((repr(error), data))
    took_s = time.thread_time() - began
    sync_counts.counts[kind] += 1
    return took_s


def _slowdown() -> float:
    """How much slower than idle the machine is right now: a busy neighbour inflates CPU time, too."""
    began = time.thread_time()
    _reference()
    return max(1.0, (time.thread_time() - began) / _REFERENCE_S)


def _reference() -> int:
    return sum(len(str(n).split("7")) for n in range(20_000))


def main() -> int:
    parser = argparse.ArgumentParser(description="Reads mutated articles and reports what comes out.")
    parser.add_argument("--inputs", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=1)
    chosen = parser.parse_args()
    whole = SyncCounts()
    batch = 5_000
    sizes = [batch] * (chosen.inputs // batch) + ([chosen.inputs % batch] if chosen.inputs % batch else [])
    began = time.monotonic()
    with ProcessPoolExecutor(chosen.processes) as pool:
        seeds = range(chosen.seed * 1_000_000, chosen.seed * 1_000_000 + len(sizes))
        for sync_counts in pool.map(run, seeds, sizes):
            whole.add(sync_counts)
            done = whole.counts.total()
            if done % 50_000 < batch:
                print(
                    f"{done:>9,} inputs, {time.monotonic() - began:5.0f} s, {dict(whole.counts)}", flush=True
                )
    for what, times in whole.problems.most_common(15):
        print(f"{times:>9,} {what}")
    for error, data in whole.foreign[:5]:
        print(f"FOREIGN {error}\n{data!r}")
    print(f"slowest {whole.slowest_s * 1000:.1f} ms: {whole.slowest!r}")
    print(f"{whole.counts.total():,} inputs: {dict(whole.counts)}: {'sound' if whole.sound else 'NOT SOUND'}")
    return 0 if whole.sound else 1


if __name__ == "__main__":
    sys.exit(main())
