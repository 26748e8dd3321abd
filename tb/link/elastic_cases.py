# SPDX-License-Identifier: Apache-2.0
"""cocotb test of link_elastic with two clocks. tests/link/test_link_phy.py runs it."""

from __future__ import annotations

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge, Timer

PERIOD_PS = 10_000


@cocotb.test()
@cocotb.parametrize(phase=[0, 1, 700, 2500, 5000, 7500, 9300, 9999])
async def mesochronous(dut, phase: int) -> None:
    """Words cross from rx_clk to clk in order, none lost or repeated, at a steady distance, for
    every phase between the clocks; with a phase of its own each is read in the clk cycle that
    begins next."""
    words = 300
    dut.plain.value, dut.age.value, dut.slip.value = 1, 0, 0
    dut.recentre.value, dut.rst.value, dut.lane_rx.value = 1, 1, 0
    cocotb.start_soon(Clock(dut.clk, PERIOD_PS, "ps").start())

    async def sender() -> None:
        await Timer(phase + 1, "ps") if phase else None
        cocotb.start_soon(Clock(dut.rx_clk, PERIOD_PS, "ps").start())
        for value in range(2 * words):
            await RisingEdge(dut.rx_clk)
            dut.lane_rx.value = value & 0xFFFF

    cocotb.start_soon(sender())
    for _ in range(5):
        await RisingEdge(dut.clk)
    dut.rst.value = 0
    for _ in range(20):
        await RisingEdge(dut.clk)
    dut.recentre.value = 0
    await RisingEdge(dut.clk)
    got = []
    for _ in range(words):
        await RisingEdge(dut.clk)
        got.append((dut.word.value.to_unsigned(), dut.lane_rx.value.to_unsigned()))
    for i, (word, _) in enumerate(got):
        assert word == got[0][0] + i, f"word {i}: {word}"
    if phase > 1:
        # The word read in a cycle was written last before it: the one driven before the last edge.
        assert {newest - word for word, newest in got} == {2}
