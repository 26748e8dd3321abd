# SPDX-License-Identifier: Apache-2.0
"""The stash against an array, on both simulators."""

from __future__ import annotations

import pytest

from tb.chiplet.sources import sources
from tb.common.runner import simulate

SIZES = {
    "verilator": [(16, 7), (64, 22)],
    "icarus": [(16, 7)],
}


@pytest.mark.parametrize("block, ports", [(16, 7), (64, 22)])
def test_stash(simulator: str, block: int, ports: int) -> None:
    if (block, ports) in SIZES[simulator]:
        simulate("chiplet", top="stash", test_module="tb.chiplet.stash_cases",
                 parameters={"BLOCK": block, "N_PORTS": ports, "STASH_BEATS": 256},
                 sim=simulator, sources=sources())
