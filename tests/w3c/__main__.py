"""`make validate FEEDVALIDATOR=…/feedvalidator/src`: the W3C's rules over feeds of every kind.

The golden documents, the feeds of a real site where it is there, and the feeds of articles whose every field
holds what breaks naive programs. Prints what was found by kind; fails on any error, and on any warning that
truth does not force. See docs/feeds.md.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import structlog

from tests.publish.test_goldens import documents
from tests.publish.test_hostile import NASTY
from tests.rig import SHARED, Rig

FORCED = {
    "ArchiveIncomplete": "the oldest archive page while the one after it still fills",
    "BadCharacters": "an article's own U+FFFD",
    "DuplicateUpdated": "entries that changed at the same second",
    "UnknownNamespace": "tombstones (RFC 6721), where the setting asks for them",
    "ContainsHTML": "a title or name that shows markup as text",
    "ContainsUndeclaredHTML": "a title or name that shows markup as text",
}
FORCED_IN_OPML = {
    "NotHtml": "a topic's name with & or <, plain as readers want it",
    "ContainsRelRef": "the same",
    "SecurityRisk": "the same",
    "SecurityRiskAttr": "the same",
}
BODIES = [
    *NASTY,
    "# h\n\n<script>x</script>\n\n[a](/rel) ![i](rel.png) <a href='javascript:x'>y</a> <a href='#f'>f</a>",
    "<iframe src=x></iframe><object data=x></object><embed src=y><svg><circle/></svg><math><mi>x</mi></math>",
    "<div onclick=x style='background:url(x)'>a</div><custom-el>x</custom-el><p>unclosed <b>b <i>c</b>",
    "[^1]\n\n[^1]: foot\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n- [ ] task\n- [x] done",
    "<details><summary>s</summary>t</details><figure><img src='//h/x.png' srcset='a 1x, /b 2x'></figure>",
    "<form action=x><input type=checkbox><button>b</button></form><video src=x></video><marquee>z</marquee>",
    "<base href=x><link rel=stylesheet href=x><meta http-equiv=refresh content=0><!--[if IE]>x<![endif]-->",
    "<a href='http://[::1'>bad</a><img alt='<b>' src=http://x/y?a=1&b=2><q cite=/r>x</q><del cite=x>d</del>",
]
LINKS = [
    "https://news.example/{}",
    "HTTPS://News.example:443/{}?a=ä&b=<c>#ü",
    "http://bücher.example/{}?a[]=1|2^3`4",
    "http://news.example/%zz{}",
]
LANGUAGES = [None, "en", "de_DE", "jp", "xx", "english", "zh-Hant-TW", "x-klingon", "en-", "-"]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--validator", required=True, help="the src folder of w3c/feedvalidator")
    arguments.add_argument("--articles", type=int, default=1_000, help="how many hostile articles")
    arguments.add_argument("--seed", type=int, default=1)
    chosen = arguments.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    with TemporaryDirectory() as scratch:
        base = Path(scratch)
        golden(base / "golden")
        if SHARED.is_dir():
            real(base / "real")
        hostile(base / "hostile", chosen.articles, random.Random(chosen.seed))
        faulty = report(chosen.validator, base)
    sys.exit(faulty)


def golden(base: Path) -> None:
    base.mkdir()
    for name, data in documents().items():
        (base / name).write_bytes(data)


def real(base: Path) -> None:
    base.mkdir()
    shutil.copytree(SHARED / "corpus" / "power-apps", base / "articles")
    rig = Rig(base, topics=("_data/topics/*.yaml",), include_unpublished=True, levels={"good": 90})
    rig.run_once()
    rig.close()


def hostile(base: Path, count: int, chance: random.Random) -> None:
    """Articles with anything in any field."""
    base.mkdir()
    rig = Rig(base, levels={"good": 60}, limit=20, hub="https://hub.example/")

    def text() -> str:
        return chance.choice(["", *NASTY, "Plain"]) + chance.choice(["", " and more", *NASTY])

    for number in range(count):
        images = {"url": chance.choice(["https://i.example/a b.png", "https://i.example/ä?x=<y>", text()])}
        front = {
            "title": f"{number} {text()}",
            "excerpt": text(),
            "topics": [chance.choice(["AI", "C++", "R&D", "日本語", text()])],
            "quality": chance.choice([10, 60, 93.5, -1]),
            "publishedDateTime": f"20{10 + number % 16}-03-1{number % 9}T08:{number % 60:02}:00Z",
            "languageCode": chance.choice(LANGUAGES),
            "provider": {"name": text(), "domain": chance.choice(["a.example", text()])},
            "images": [images | {"width": chance.choice([100, 0, -1]), "height": chance.choice([50, 10**9])}],
            "webUrl": chance.choice(LINKS).format(number),
        }
        lines = "".join(f"{key}: {written(value)}\n" for key, value in front.items())
        body = f"{chance.choice(BODIES)}\n\n{chance.choice(BODIES)}"
        rig.put(f"{number}.md", f"---\n{lines}published: true\n---\n{legible(body)}")
    rig.run_once()
    print(f"hostile articles: {len(rig.public())} public, {len(rig.problems())} refused")
    rig.close()


def written(value: object) -> str:
    """As YAML, all that is not plain ASCII as escapes."""
    return re.sub(
        "[^ -~]", lambda found: f"\\U{ord(found[0]):08x}", legible(json.dumps(value, ensure_ascii=False))
    )


def legible(text: str) -> str:
    """What a file can hold: no lone surrogate, which no encoding has, and no zero byte, which is refused."""
    return text.encode(errors="replace").decode().replace("\0", "")


def report(validator: str, base: Path) -> int:
    """Prints each kind of event, how often and an example; 1 where one is not forced."""
    counts: Counter[tuple[str, str, str]] = Counter()
    examples: dict[tuple[str, str, str], str] = {}
    files = 0
    for line in validated(validator, base):
        file = Path(line["file"])
        files += 1
        for severity, rule, where, detail in line["events"]:
            kind = (severity, rule, file.name.rpartition("-")[2])
            counts[kind] += 1
            examples.setdefault(kind, f"{file.relative_to(base)}:{where} {detail!r}")
    faulty = 0
    for kind, count in sorted(counts.items()):
        severity, rule, form = kind
        why = FORCED.get(rule) or (FORCED_IN_OPML.get(rule) if form == "feeds.opml" else None)
        faulty += severity == "Error" or why is None
        print(f"{severity:8}{rule:24}{form:12}{count:6}  {why or examples[kind]}")
    print(f"{files} documents, {faulty} kinds of fault")
    return int(bool(faulty) or files == 0)


def validated(validator: str, base: Path) -> Iterator[dict[str, Any]]:
    command = [sys.executable, str(Path(__file__).with_name("rules.py")), validator, str(base)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    for line in done.stdout.splitlines():
        yield json.loads(line)


if __name__ == "__main__":
    main()
