"""Articles on a network file system: what another machine changes, slow answers, errors, no answer at all."""

from __future__ import annotations

import errno
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from syndicator.monitoring.health import STARTING
from tests.acceptance.running import Running, running, wait_for
from tests.faults.folder import complete_titles, put
from tests.faults.network_folder import NetworkFolder, network_folder

FILES = 30
Record = Callable[[str, object], None]


@pytest.fixture
def followed(tmp_path: Path) -> Iterator[tuple[Running, NetworkFolder]]:
    behind, mount = tmp_path / "server", tmp_path / "articles"
    with network_folder(behind, mount) as network, running(tmp_path, watch={"scan_every": "1s"}) as service:
        for number in range(FILES):
            put(behind / "sub", f"first-{number}")
        service.start()
        yield service, network


def has(service: Running, *titles: str) -> bool:
    """Whether the feeds have these and all the first ones. Each request for a feed must be answered."""
    assert service.get("feeds/all/rss.xml").status_code == 200
    wanted = {f"About first-{number}" for number in range(FILES)} | {f"About {title}" for title in titles}
    return complete_titles(service.public) == wanted


def findings(service: Running) -> list[dict[str, Any]]:
    """What `status` says a person should see to, but that the service is starting."""
    found = json.loads(service.command("status", "--json").stdout)["findings"]
    return [one for one in found if one["what"] != STARTING.text]


def test_what_another_machine_changes_is_found_by_scans(
    followed: tuple[Running, NetworkFolder], tmp_path: Path, record_property: Record
) -> None:
    service, network = followed
    put(tmp_path / "server", "from-elsewhere")
    wait_for(lambda: has(service, "from-elsewhere"), why="the change of another machine")
    network.delay_s = 0.0005
    put(tmp_path / "server", "slowly")
    wait_for(lambda: has(service, "from-elsewhere", "slowly"), why="the change over a slow line")
    assert service.stop() == 0
    record_property("seen", f"found without events, also at 0.5 ms an answer ({network.answered} answers)")


@pytest.mark.parametrize("error", [errno.EIO, errno.ESTALE], ids=["EIO", "ESTALE"])
def test_folder_that_gives_errors_loses_no_article_and_is_said(
    followed: tuple[Running, NetworkFolder], tmp_path: Path, error: int, record_property: Record
) -> None:
    service, network = followed
    network.error = error
    found = wait_for(lambda: findings(service), why="the finding")
    assert found[0]["kind"] == "folder"
    put(tmp_path / "server", "meanwhile")
    assert has(service)
    network.error = 0
    wait_for(lambda: has(service, "meanwhile"), why="what came meanwhile")
    wait_for(lambda: not findings(service), why="the end of the finding")
    assert service.stop() == 0
    record_property("seen", f"{errno.errorcode[error]}: nothing removed, {found[0]['what']}")


@pytest.mark.parametrize("seconds", [3.0, pytest.param(60.0, marks=pytest.mark.slow)])
def test_folder_that_does_not_answer_stops_no_feed(
    followed: tuple[Running, NetworkFolder], tmp_path: Path, seconds: float, record_property: Record
) -> None:
    service, network = followed
    network.hang()
    answers = answer_for(service, seconds)
    put(tmp_path / "server", "meanwhile")
    network.release()
    wait_for(lambda: has(service, "meanwhile"), why="what came meanwhile")
    assert service.stop() == 0
    record_property("seen", f"no answer for {seconds:g} s: {answers} requests for a feed answered")


def answer_for(service: Running, seconds: float) -> int:
    """Asks for a feed so long; how many answers came, all of them whole."""

    end, answers = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        assert has(service)
        answers += 1
        time.sleep(0.05)
    return answers
