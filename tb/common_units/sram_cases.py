# SPDX-License-Identifier: Apache-2.0
"""cocotb: sram_1p against a bytearray: masks, held output, read after write."""

from __future__ import annotations

import os

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge

from tb.common.clock import PERIOD_NS, rng

WIDTH = int(os.environ.get("WIDTH", 32))
DEPTH = int(os.environ.get("DEPTH", 8))


@cocotb.test()
async def accesses(dut) -> None:
    random = rng("sram")
    step = WIDTH // 8
    store: list[bytearray | None] = [None] * DEPTH
    dut.en.value = 0
    dut.we.value = 0
    cocotb.start_soon(Clock(dut.clk, PERIOD_NS, "ns").start())
    await RisingEdge(dut.clk)
    shown = None
    for n in range(2000):
        address = random.randrange(DEPTH)
        en = n < DEPTH or random.random() < 0.8
        we = n < DEPTH or random.random() < 0.5
        mask = random.getrandbits(step) if n >= DEPTH else 2**step - 1
        mask = random.choice((mask, 2**step - 1))
        word = random.getrandbits(WIDTH).to_bytes(step, "little")
        address = n if n < DEPTH else address
        dut.en.value = int(en)
        dut.we.value = int(we)
        dut.addr.value = address
        dut.wdata.value = int.from_bytes(word, "little")
        dut.wmask.value = mask
        await RisingEdge(dut.clk)
        if shown is not None:
            got = int(dut.rdata.value)
            assert got == shown, f"access {n}: expected {shown:#x}, got {got:#x}"
        if en and we:
            old = store[address] or bytearray(step)
            store[address] = bytearray(word[i] if mask >> i & 1 else old[i] for i in range(step))
        elif en:
            shown = int.from_bytes(store[address], "little")
