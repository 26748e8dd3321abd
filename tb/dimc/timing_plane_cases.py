# SPDX-License-Identifier: Apache-2.0
"""cocotb: dimc_plane over one vector, from which docs/timing.toml cuts a diagram."""

from __future__ import annotations

import cocotb
import numpy as np
from cocotb.triggers import FallingEdge, RisingEdge

from tb.common.clock import start_clock

X = np.array([5, -3, 0, 127, -128, 1, -1, 64])
N = np.array([1, 2, 3, 4, 5, 6, 7, 15])


@cocotb.test()
async def bit_serial_steps(dut) -> None:
    """One bit of each activation per step, the lowest first; the last one weighs negative."""
    for name in ("step", "first", "last", "top", "two", "negative", "one"):
        getattr(dut, name).value = 0
    dut.nibbles.value = int(sum(int(n) << 4 * r for r, n in enumerate(N)))
    start_clock(dut)
    await RisingEdge(dut.clk)
    await RisingEdge(dut.clk)
    for step in range(8):
        dut.step.value = 1
        dut.first.value = int(step == 0)
        dut.last.value = int(step == 7)
        dut.one.value = int(sum((int(x) >> step & 1) << r for r, x in enumerate(X)))
        await RisingEdge(dut.clk)
    for name in ("step", "first", "last"):
        getattr(dut, name).value = 0
    await FallingEdge(dut.clk)
    assert dut.held.value.to_signed() == int(X @ N)
    await RisingEdge(dut.clk)
    await RisingEdge(dut.clk)
