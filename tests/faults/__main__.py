"""Injects every fault of the plan and prints what was seen.

    python -m tests.faults                the whole table, about half an hour
    python -m tests.faults 13 17          these rows
    python -m tests.faults --quick        without the long tests

Exits with 1 where a row failed. What this machine or this user cannot do is left out, with the reason.
"""

from __future__ import annotations

import argparse
import sys
import textwrap
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import pytest

from tests.faults.plan import FAULTS, Fault

OK, FAILED, LEFT_OUT = "ok", "FAILED", "left out"
WIDTHS = {"#": 3, "injected": 34, "expected": 28, "seen": 46, "": 8}


@dataclass
class Outcomes:
    """What became of each test, by its name below `tests/`; a plugin of pytest."""

    passed: dict[str, list[str]] = field(default_factory=dict)
    """With what the test itself says it has seen (`record_property("seen", …)`)."""
    failed: list[str] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    """With the reason."""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        name = report.nodeid.removeprefix("tests/")
        if report.failed:
            self.failed.append(name)
            print(f"\n{FAILED} {name}", flush=True)
        elif report.skipped:
            self.skipped[name] = str(report.longrepr[-1] if isinstance(report.longrepr, tuple) else "")
        elif report.when == "call":
            self.passed[name] = [str(value) for key, value in report.user_properties if key == "seen"]


def result_of(fault: Fault, outcomes: Outcomes) -> tuple[str, str]:
    """What was seen, in words, and whether that is well."""
    if not fault.tests:
        return fault.left_out, LEFT_OUT
    passed = [name for name in outcomes.passed if belongs(name, fault)]
    failed = sorted({name for name in outcomes.failed if belongs(name, fault)})
    skipped = {name: why for name, why in outcomes.skipped.items() if belongs(name, fault)}
    reasons = "; ".join(sorted({why.removeprefix("Skipped: ") for why in skipped.values()}))
    if failed:
        return f"failed: {', '.join(failed)}", FAILED
    if not passed:
        return reasons or "no test ran", LEFT_OUT if skipped else FAILED
    said = list(dict.fromkeys(word for name in passed for word in outcomes.passed[name]))
    count = f"{len(passed)} test{'s' * (len(passed) > 1)} passed"
    more = [f"{len(skipped)} left out: {reasons}"] if skipped else []
    return "; ".join([*said, count, *more]), OK


def belongs(name: str, fault: Fault) -> bool:
    """Whether a test, perhaps one of several of its function, is one of the fault's."""
    return any(name == test or name.startswith((f"{test}::", f"{test}[")) for test in fault.tests)


def row(*cells: str) -> str:
    """One row of the table, each cell wrapped in its column."""
    columns = [textwrap.wrap(cell, width) or [""] for cell, width in zip(cells, WIDTHS.values(), strict=True)]
    height = max(map(len, columns))
    lines = zip(*(column + [""] * (height - len(column)) for column in columns), strict=True)
    return "\n".join(
        "  ".join(part.ljust(width) for part, width in zip(line, WIDTHS.values(), strict=True)).rstrip()
        for line in lines
    )


def print_table(faults: Iterable[Fault], outcomes: Outcomes) -> int:
    """How many rows failed."""
    results = Counter[str]()
    print(row(*WIDTHS), row(*("-" * width for width in WIDTHS.values())), sep="\n")
    for fault in faults:
        seen, result = result_of(fault, outcomes)
        results[result] += 1
        print(row(str(fault.number), fault.injected, fault.expected, seen, result))
    counts = ", ".join(f"{results[result]} {result}" for result in (OK, FAILED, LEFT_OUT))
    skipped = len(outcomes.skipped)
    print(f"\n{results.total()} faults: {counts}; {skipped} tests of the others left out")
    return results[FAILED]


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("numbers", nargs="*", type=int, help="the rows; all of them where none is named")
    parser.add_argument("--quick", action="store_true", help="without the long tests")
    parser.add_argument("-n", "--workers", default="2", help="how many tests run at a time")
    given = parser.parse_args(arguments)
    faults = [fault for fault in FAULTS if not given.numbers or fault.number in given.numbers]
    tests = dict.fromkeys(f"tests/{test}" for fault in faults for test in fault.tests)
    outcomes = Outcomes()
    marks = "not slow" if given.quick else ""
    options = ["-q", "-n", given.workers, "-m", marks, "--timeout=3600", "-p", "no:cacheprovider"]
    if tests:
        pytest.main([*options, *tests], plugins=[outcomes])
    return 1 if print_table(faults, outcomes) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
