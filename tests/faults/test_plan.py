"""The table of faults: each row leads to tests that there are, and its result follows from theirs."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.faults.__main__ import FAILED, LEFT_OUT, OK, Outcomes, main, print_table, result_of
from tests.faults.plan import FAULTS, Fault

TESTS = Path(__file__).parent.parent
ONE = Fault(number=1, injected="x", expected="y", tests=("a/test_b.py::test_c", "a/test_d.py"))


def test_every_row_leads_to_tests_that_there_are_or_says_why_not() -> None:
    assert [fault.number for fault in FAULTS] == list(range(1, 25))
    for fault in FAULTS:
        assert bool(fault.tests) != bool(fault.left_out), fault
        for test in fault.tests:
            file, _, function = test.partition("::")
            tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
            names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
            assert not function or function in names, test


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        (Outcomes(passed={"a/test_b.py::test_c[1]": ["0 lost"]}), ("0 lost; 1 test passed", OK)),
        (
            Outcomes(
                passed={"a/test_d.py::test_e": []}, skipped={"a/test_b.py::test_c": "Skipped: needs root"}
            ),
            ("1 test passed; 1 left out: needs root", OK),
        ),
        (Outcomes(skipped={"a/test_d.py::test_e": "needs root"}), ("needs root", LEFT_OUT)),
        (
            Outcomes(passed={"a/test_d.py::test_e": []}, failed=["a/test_b.py::test_c"]),
            ("failed: a/test_b.py::test_c", FAILED),
        ),
        (Outcomes(passed={"a/test_b.py::test_cc": []}), ("no test ran", FAILED)),
    ],
)
def test_result_of_a_row_follows_from_its_tests(outcomes: Outcomes, expected: tuple[str, str]) -> None:
    assert result_of(ONE, outcomes) == expected


def test_table_counts_what_failed_and_what_was_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    gone = Fault(number=2, injected="x", expected="y", left_out="not here")
    assert print_table([ONE, gone], Outcomes(failed=["a/test_b.py::test_c"])) == 1
    assert "2 faults: 0 ok, 1 FAILED, 1 left out" in capsys.readouterr().out
    assert main(["20"]) == 0
    assert "1 faults: 0 ok, 0 FAILED, 1 left out" in capsys.readouterr().out
