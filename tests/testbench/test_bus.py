# SPDX-License-Identifier: Apache-2.0
"""The stream drivers, monitors and checkers work, and see every kind of fault."""

from __future__ import annotations

import re

import pytest

from tb.common.runner import simulate

FAULTS = {
    "lost_beat": (1, r"stream m beat \d+.*: expected"),
    "wrong_bit": (2, r"stream m beat 5 data lane 1: expected"),
    "swapped_order": (3, r"stream m beat \d+.*: expected"),
    "valid_drops": (4, "valid dropped before ready"),
    "payload_changes": (5, "while stalled"),
    "never_ready": (7, "not ready for 200 cycles"),
}


def run(simulator: str, fault: int = 0, testcase: str | None = None) -> None:
    simulate(
        "bus_selftest",
        top="bus_selftest",
        test_module="tb.common.bus_selftest_cases",
        sources=["tb/common/stream_checker.v", "tb/common/bus_selftest.v"],
        env={"FAULT": str(fault)},
        testcase=testcase,
        sim=simulator,
    )


def test_beats_pass(simulator: str) -> None:
    run(simulator)


@pytest.mark.parametrize("name", FAULTS)
def test_fault_is_caught(simulator: str, name: str) -> None:
    fault, message = FAULTS[name]
    with pytest.raises(AssertionError) as caught:
        run(simulator, fault)
    assert re.search(message, str(caught.value))
    assert "SEED=" in str(caught.value) and "rerun: make test TEST=" in str(caught.value)


@pytest.mark.sim("icarus")
def test_x_is_caught(simulator: str) -> None:
    with pytest.raises(AssertionError, match="valid is X"):
        run(simulator, 6)
