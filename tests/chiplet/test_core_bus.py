# SPDX-License-Identifier: Apache-2.0
"""Memories, registers and stash window of the control core, on both simulators."""

from __future__ import annotations

import pytest

from tb.chiplet.sources import unit
from tb.common.runner import simulate


def run(simulator: str, **parameters: int) -> None:
    simulate("chiplet", top="core_bus_tb", test_module="tb.chiplet.core_bus_cases",
             parameters=parameters, sim=simulator, sources=unit("core_memory", "core_registers"))


def test_core_bus(simulator: str) -> None:
    run(simulator, BLOCK=16)


@pytest.mark.sim("verilator")
def test_core_bus_full_width(simulator: str) -> None:
    run(simulator, BLOCK=64, STASH_BEATS=1024)
