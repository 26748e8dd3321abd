# SPDX-License-Identifier: Apache-2.0
"""The stash against an array, on both simulators."""

from __future__ import annotations

import pytest

from tb.chiplet.sources import sources
from tb.common.runner import simulate


def run(simulator: str, block: int, ports: int) -> None:
    simulate("chiplet", top="stash_tb", test_module="tb.chiplet.stash_cases",
             parameters={"BLOCK": block, "N_PORTS": ports, "STASH_BEATS": 256},
             sim=simulator, sources=sources())


def test_stash(simulator: str) -> None:
    run(simulator, 16, 7)


@pytest.mark.sim("verilator")
def test_stash_wide(simulator: str) -> None:
    run(simulator, 64, 22)
