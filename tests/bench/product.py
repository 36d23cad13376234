"""The product as the benchmark sees it: its settings file, its commands, and the files that it writes."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import yaml

from tests.bench.articles import TOPICS, Articles
from tests.bench.programs import SYNDICATOR, Service, Used, free_port, run, service, set_aside, wait

SOME_TOPICS = (TOPICS[0], TOPICS[3], TOPICS[9])
FORMS = ("atom.xml", "rss.xml", "feed.json")
AT_REST_S = 3.0
"""What was written just before, a build would have to wait for."""


class Product:
    """One folder of articles with its settings, state and output."""

    def __init__(self, base: Path, count: int, *, bodies: bool) -> None:
        self.base, self.folder, self.output = base, base / "articles", base / "public"
        self.port, self.count = free_port(), count
        self._config, self._log = base / "syndicator.yaml", base / "log"
        self._articles = Articles(bodies=bodies)
        self._articles.write(self.folder, count)
        time.sleep(AT_REST_S)
        self._newest = ("", "")
        self.configure()

    def configure(self, routes: int = 0) -> None:
        """Writes the settings, with routes for topics that no article has."""
        settings = {
            "site": {"title": "Bench", "base_url": f"http://127.0.0.1:{self.port}/"},
            "sources": [{"name": "news", "path": str(self.folder)}],
            "output": str(self.output),
            "state": f"sqlite:///{self.base}/var/state.db",
            "server": {"host": "127.0.0.1", "port": self.port},
            "routes": [
                {"name": f"r{n}", "channel": f"C{n:09d}", "topics": [f"None {n}"], "deliver": "immediate"}
                for n in range(routes)
            ],
        }
        self._config.write_text(yaml.safe_dump(settings, sort_keys=False))

    def build(self) -> Used:
        return run([SYNDICATOR, "build", "--config", self._config], self._log)

    def running(self, *, trace: Path | None = None) -> AbstractContextManager[Service]:
        return service(self._config, self._log, trace=trace)

    def forget(self) -> None:
        """Nothing was ever built."""
        for path in (self.output, self.base / "var"):
            set_aside(path)

    def files(self) -> dict[str, int]:
        """Every file of the output by path, with the time of its last change in nanoseconds."""
        return {
            f"{folder}/{name}": Path(folder, name).stat().st_ctime_ns
            for folder, _, names in os.walk(self.output)
            for name in names
        }

    def written_s(self, began: float, *, archives: bool = True) -> float:
        """Seconds from `began` until the last file of the output was written, with or without archives."""
        times = (at for path, at in self.files().items() if archives or "/archive/" not in path)
        return max(times) / 1e9 - began

    def missed(self) -> int:
        """How many articles neither the feed of everything nor its archive has."""
        pages = (self.output / "feeds/all").rglob("atom.xml")
        found = {
            one for page in pages for one in re.findall(rb"<id>(urn:uuid:[^<]+)</id>", page.read_bytes())
        }
        return sum(1 for _ in self.folder.iterdir()) - len(found)

    def add(self, topics: Sequence[str] = SOME_TOPICS) -> float:
        """Puts a new article into the folder: seconds until all its feeds have it."""
        mark = _mark()
        self._newest = self._articles.make(mark, topics)
        return self._put([self._newest], mark, topics)

    def edit(self) -> float:
        """The same for a change of the article that `add` made last, of the usual topics."""
        mark, (name, text) = _mark(), self._newest
        self._newest = name, re.sub(r"mark\d+", mark, text, count=1)
        return self._put([self._newest], mark, SOME_TOPICS)

    def add_many(self, count: int) -> float:
        """Puts in many: seconds until the feeds of the last, which is the newest, have it."""
        mark = _mark()
        texts = [self._articles.make("burst", [TOPICS[n % 20]]) for n in range(count - 1)]
        return self._put([*texts, self._articles.make(mark, SOME_TOPICS)], mark, SOME_TOPICS)

    def change_many(self, count: int) -> float:
        """Changes many that are there, the newest last: seconds until its feeds have it."""
        mark = _mark()
        paths = sorted(self.folder.iterdir(), key=lambda path: (path.name[:10], len(path.name), path.name))
        texts = [(path.name, path.read_text().replace('title: "', f'title: "{mark} ', 1)) for path in paths]
        topics = re.findall(r"^  - (\w+ \d+)$", texts[-1][1], re.MULTILINE)
        return self._put(texts[-count:], mark, topics)

    def _put(self, texts: Sequence[tuple[str, str]], mark: str, topics: Sequence[str]) -> float:
        """Writes each beside and renames it, as editors and git do; then waits for the mark in the feeds."""
        beside, began = self.base / "beside", time.monotonic()
        for name, text in texts:
            beside.write_text(text, encoding="utf-8")
            beside.replace(self.folder / name)
        for slug in ("all", *(topic.lower().replace(" ", "-") for topic in topics)):
            for form in FORMS:
                wait(partial(_has, self.output / "feeds" / slug / form, mark.encode()))
        return time.monotonic() - began


def _has(path: Path, mark: bytes) -> bool:
    return path.exists() and mark in path.read_bytes()


def _mark() -> str:
    return f"mark{time.monotonic_ns()}"
