"""The short form of the proof that no file is missed and no bad file hurts another."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.alone import NoRight
from tests.faults.folder import (
    FAULTS,
    bad_among_good,
    burst,
    make_again,
    problems_as_printed,
    rename_away_and_back,
    root_faults,
    swap,
)
from tests.faults.kinds import KINDS

Record = Callable[[str, object], None]
JARGON = re.compile(
    r"traceback|exception|none\b|nonetype|codec|parser|token|scalar|mapping|errno|libyaml|constructor", re.I
)


@pytest.mark.parametrize(
    ("files", "asleep"), [(300, True), pytest.param(2_000, False, marks=pytest.mark.slow)]
)
def test_burst_beyond_the_event_queue_misses_nothing(
    tmp_path: Path, files: int, asleep: bool, record_property: Record
) -> None:
    try:
        result = burst(tmp_path, files, asleep=asleep)
    except NoRight as error:
        pytest.skip(str(error))
    assert result.good, str(result)
    record_property("seen", f"{files} files: {result.seen} missed")


@pytest.mark.parametrize(
    "faults",
    [
        pytest.param([swap, make_again, rename_away_and_back], id="some"),
        pytest.param(FAULTS, id="all", marks=pytest.mark.slow),
    ],
)
@pytest.mark.timeout(900)
def test_feeds_follow_the_folder_through_faults_of_its_root(
    tmp_path: Path, faults: Sequence[Callable[[Path, Path], None]], record_property: Record
) -> None:
    results = list(root_faults(tmp_path, faults))
    assert all(result.good for result in results), "\n".join(map(str, results))
    refused = [result.more for result in results if result.expected == ""]
    assert len(results) == 2 * len(faults) - len(refused)
    record_property("seen", f"{len(faults) - len(refused)} faults of the root: all followed")


@pytest.mark.parametrize(
    ("good", "bad"), [(300, 2 * len(KINDS)), pytest.param(10_000, 1_000, marks=pytest.mark.slow)]
)
@pytest.mark.timeout(900)
def test_bad_files_never_cost_a_good_one(
    tmp_path: Path, good: int, bad: int, record_property: Record
) -> None:
    results = bad_among_good(tmp_path, good, bad)
    assert all(result.good for result in results), "\n".join(map(str, results))
    record_property("seen", f"{bad} bad among {good}: all good ones published, all bad ones listed")


def test_each_kind_of_bad_file_is_listed_in_words_anyone_can_read(tmp_path: Path) -> None:
    results, text = problems_as_printed(tmp_path)
    assert all(result.good for result in results), text
    lines = [line for line in text.splitlines() if re.match(r".*\.md:\d+:\d+: ", line)]
    assert len(lines) == len(KINDS)
    for line in lines:
        said = line.split(": ", 1)[1]
        assert not JARGON.search(said), line
        assert len(said) < 250, line
        assert re.search(r"\. [A-Z].*\.$", said), f"no fix: {line}"
