# SPDX-License-Identifier: Apache-2.0
"""The shared AXI4 read port on both simulators."""

from __future__ import annotations

import pytest

from tb.chiplet.sources import unit
from tb.common.runner import simulate


def run(simulator: str, block: int) -> None:
    simulate("chiplet", top="memory_port_tb", test_module="tb.chiplet.memory_port_cases",
             parameters={"BLOCK": block}, sim=simulator, sources=unit("memory_port"))


def test_memory_port(simulator: str) -> None:
    run(simulator, 16)


@pytest.mark.sim("verilator")
def test_memory_port_full_width(simulator: str) -> None:
    run(simulator, 64)
