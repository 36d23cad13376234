"""Whether what a service takes stays level: the judgement, and a short run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.soak import Sample, judge, soak


def samples(*rss_mb: float, descriptors: int = 40, last_threads: int = 20) -> list[Sample]:
    return [
        Sample(
            at_s=float(number),
            rss_mb=rss,
            descriptors=descriptors + number,
            threads=last_threads if number == len(rss_mb) - 1 else 20,
        )
        for number, rss in enumerate(rss_mb)
    ]


def test_growth_while_it_warms_up_is_none() -> None:
    assert all(good for good, _ in judge(samples(50, 90, 100, 100, 101, 102, 102)))


def test_memory_that_grows_is_not_level() -> None:
    results = judge(samples(50, 60, 70, 80, 90, 100, 110))
    assert [good for good, _ in results] == [False, True, True]
    assert "+33.3 % (at most 5 %)" in results[0][1]


def test_single_peak_is_no_growth() -> None:
    assert all(good for good, _ in judge(samples(50, 90, 100, 100, 101, 500, 102, last_threads=60)))


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_short_run_loses_nothing(tmp_path: Path) -> None:
    """Too short to judge memory by."""
    results = soak(tmp_path, minutes=0.5, articles=200)
    assert all(good for good, words in results if not words.startswith("memory")), results
