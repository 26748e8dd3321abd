# SPDX-License-Identifier: Apache-2.0
"""The test plans are sound, and scripts/status.py sees what is wrong with one that is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts import status
from scripts.status import Plan, PlannedTest

GOOD = """
block = "unit"
description = "a plan"
[[test]]
name = "one"
drives = "this"
checks = "that"
stage = "V1"
tests = ["tests/a.py::test_a"]
"""


def test_plans_are_sound() -> None:
    plans, errors = status.read_plans()
    errors += status.missing_tests(plans, status.all_nodes(plans)) + status.missing_plans(plans)
    assert not errors, "\n".join(errors)


def test_status_table_is_current() -> None:
    plans, _ = status.read_plans()
    assert not status.stale_pages(plans)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('stage = "V1"', 'stage = "V4"', "stage 'V4'"),
        ('"unit"', '"other"', "the file says 'unit'"),
        ('tests = ["tests/a.py::test_a"]', "tests = []", "must name the tests"),
        ('drives = "this"', "", "keys are"),
        ('checks = "that"', 'checks = " "', "empty"),
        ('description = "a plan"', "", "needs block"),
        ("[[test]]", "[test", "toml"),
    ],
)
def test_mistake_is_reported(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = tmp_path / "unit.toml"
    path.write_text(GOOD)
    assert status.read_plan(path)[1] == []
    path.write_text(GOOD.replace(old, new))
    assert message in "\n".join(status.read_plan(path)[1])


def plan(*stages: str) -> Plan:
    tests = [
        PlannedTest(f"t{i}", "x", "y", stage, [f"tests/a.py::test_{i}"])
        for i, stage in enumerate(stages)
    ]
    return Plan("unit", "a plan", tests)


def test_missing_test_is_reported() -> None:
    assert status.missing_tests([plan("V1")], {"tests/a.py::test_0[verilator]"}) == []
    assert status.missing_tests([plan("V1")], {"tests/a.py::test_00"}) != []


def test_commands_of_blocks_with_mutants_are_known() -> None:
    good = ["make mutate BLOCK=link", "make mutate BLOCK=chiplet MUTANTS=400"]
    bad = ["make mutate BLOCK=package", "make mutate", "make cover BLOCK=link"]
    mutants = Plan("unit", "a plan", [PlannedTest("m", "x", "y", "V2", good + bad)])
    assert status.commands([mutants]) == set(good)


def test_stage_needs_all_its_tests() -> None:
    passed = {f"tests/a.py::test_{i}[x]": "passed" for i in range(3)}
    assert status.stage_reached(plan("V1", "V1", "V2"), passed) == "V2"
    for bad in ("failed", "skipped"):
        worse = passed | {"tests/a.py::test_1[y]": bad}
        assert status.stage_reached(plan("V1", "V1", "V2"), worse) == "-"
    del passed["tests/a.py::test_2[x]"]
    assert status.stage_reached(plan("V1", "V1", "V2"), passed) == "V1"


def test_results_are_read(tmp_path: Path) -> None:
    path = tmp_path / "r.xml"
    path.write_text(
        '<testsuites><testsuite><testcase classname="tests.a" name="test_0[x]"/>'
        '<testcase classname="tests.a" name="test_1"><failure message="no"/></testcase>'
        '<testcase classname="tests.a" name="test_2"><skipped message="no"/></testcase>'
        '<testcase classname="" name="make mutate BLOCK=a"/>'
        "</testsuite></testsuites>"
    )
    assert status.read_junit([path]) == {
        "tests/a.py::test_0[x]": "passed",
        "tests/a.py::test_1": "failed",
        "tests/a.py::test_2": "skipped",
        "make mutate BLOCK=a": "passed",
    }
