# SPDX-License-Identifier: Apache-2.0
"""The DMA engine against models/chiplet.py, on both simulators."""

from __future__ import annotations

import pytest

from tb.chiplet.sources import unit
from tb.common.runner import simulate


def run(simulator: str, rounds: int, cancels: int, **parameters: int) -> None:
    simulate("chiplet", top="dma_tb", test_module="tb.chiplet.dma_cases", parameters=parameters,
             sim=simulator, sources=unit("dma", "memory_port"),
             plusargs=[f"+rounds={rounds}", f"+cancels={cancels}"])


def test_dma(simulator: str) -> None:
    rounds, cancels = {"verilator": (9, 60), "icarus": (3, 15)}[simulator]
    run(simulator, rounds, cancels, BLOCK=16)


@pytest.mark.sim("verilator")
def test_dma_full_width(simulator: str) -> None:
    run(simulator, 6, 40, BLOCK=64, SETS=4)
