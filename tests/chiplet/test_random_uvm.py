# SPDX-License-Identifier: Apache-2.0
"""Two whole chiplets under pyuvm: random lists, bad input, and a scoreboard that notices."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tb.chiplet.faults import KINDS
from tb.common.coverage import load, unmet
from tb.common.runner import flag, simulate
from tests.chiplet.test_random import SMALL, WORK, parameters, sources

FAILING = {
    "signature": r"record \d+: expected signature 0x\w+, got 0x\w+",
    "opcode": r"record \d+: expected opcode 0x\w+, got 0x\w+",
    "queue": r"record \d+: expected ",
    "twice": r"record \d+: expected sequence 0x\w+, got 0x\w+|nothing was expected",
    "lost": r"record \d+: expected sequence 0x\w+, got 0x\w+|did not come",
}

LATER = ("opcode", "queue", "twice")  # not in make test


def uvm(case: str, sim: str, **env: str) -> Path:
    """Run a pyuvm test of tb/chiplet/random_cases.py; the results file."""
    folder = WORK / f"{case}-{sim}-{os.getpid()}"
    results = simulate(
        "chiplet", top="chiplet_tb", test_module="tb.chiplet.random_cases", testcase=case,
        sources=sources(), parameters=parameters(SMALL), sim=sim, timeout_minutes=30,
        env={"FOLDER": str(folder), **env}, plusargs=[f"+folder={folder}"])
    shutil.rmtree(folder)
    return results


@pytest.mark.sim("verilator")
def test_lists(simulator: str) -> None:
    """A few hundred commands; all goals of coverage are met."""
    results = uvm("RandomLists", simulator)
    if not flag("COVER"):  # make cover looks at the goals itself
        for store in ("chiplet_commands", "chiplet_surroundings"):
            assert unmet(load(results.parent / f"coverage.{store}.json")) == []


@pytest.mark.sim("verilator")
def test_faults(simulator: str) -> None:
    """Three kinds of bad input among random lists."""
    uvm("RandomFaults", simulator)


@pytest.mark.regress
def test_lists_long(simulator: str) -> None:
    """Thousands of commands; on Icarus, where nothing unknown may reach a record, fewer."""
    few = {"LISTS": "1", "COMMANDS": "60"}
    uvm("RandomLists", simulator, **(few if simulator == "icarus" else {"LISTS": "25"}))


@pytest.mark.regress
@pytest.mark.sim("verilator")
def test_faults_long(simulator: str) -> None:
    """Every kind of bad input among random lists."""
    uvm("RandomFaults", simulator, FAULTS=str(len(KINDS)))


@pytest.mark.sim("verilator")
@pytest.mark.parametrize(
    "change", [pytest.param(c, marks=pytest.mark.regress if c in LATER else ())
               for c in FAILING])
def test_disturbed(simulator: str, change: str) -> None:
    """A record that is changed, repeated or lost is noticed."""
    with pytest.raises(AssertionError, match=FAILING[change]):
        uvm("DisturbedRecords", simulator, CHANGE=change)
