# SPDX-License-Identifier: Apache-2.0
"""adder_tree: the bench of tb/dimc/adder_tree_tb.v runs to its end without a wrong sum."""

from __future__ import annotations

import os

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def sums(dut):
    cocotb.start_soon(Clock(dut.clk, 2, "ns").start())
    await RisingEdge(dut.done)
    assert int(dut.checked.value) == int(os.environ["CHECKS"])
    assert int(dut.errors.value) == 0, f"{int(dut.errors.value)} wrong sums"
