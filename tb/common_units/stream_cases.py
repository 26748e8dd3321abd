# SPDX-License-Identifier: Apache-2.0
"""cocotb: fifo and skid_buffer under all kinds of stalls, their rate, capacity and latency."""

from __future__ import annotations

import os

import cocotb
from cocotb.triggers import ClockCycles, ReadOnly, RisingEdge

from tb.common.bus import Scoreboard, StreamSink, StreamSource, pauses
from tb.common.clock import reset, rng, start

DEPTH = int(os.environ.get("DEPTH", 2))
WIDTH = int(os.environ.get("WIDTH", 8))
KINDS = ["none", "random", "mostly", "burst"]


@cocotb.test()
@cocotb.parametrize(push=KINDS, pop=KINDS)
async def order_is_kept(dut, push: str, pop: str) -> None:
    source = StreamSource(dut, "s", dut.clk, pause=pauses(f"s{pop}")[push])
    sink = StreamSink(dut, "m", dut.clk, pause=pauses(f"m{push}")[pop])
    board = Scoreboard(sink)
    await start(dut)
    data = rng(f"{push}/{pop}")
    for _ in range(150):
        word = data.getrandbits(WIDTH)
        board.expect(word)
        source.append(word)
    await board.drained(20_000)


@cocotb.test()
async def capacity_rate_and_latency(dut) -> None:
    dut.s_valid.value = 0
    dut.s_data.value = 0
    dut.m_ready.value = 0
    await start(dut)
    await ClockCycles(dut.clk, 2)
    dut.s_valid.value = 1
    words = await taken(dut, 2 * DEPTH + 4)
    assert words == max(DEPTH, 1), f"{words} words fit"
    dut.m_ready.value = 1
    await ClockCycles(dut.clk, DEPTH + 4)
    words = await taken(dut, 20)
    assert words == (10 if DEPTH == 1 else 20), f"{words} words in 20 cycles"
    while await taken(dut, 1) == 0:
        pass
    dut.s_valid.value = 0
    await ClockCycles(dut.clk, DEPTH + 4)
    dut.s_valid.value = 1
    await RisingEdge(dut.clk)
    dut.s_valid.value = 0
    now = dut.m_valid.value == 1
    await RisingEdge(dut.clk)
    after = dut.m_valid.value == 1
    assert (now, after) == ((True, False) if DEPTH == 0 else (False, True))


@cocotb.test()
async def reset_empties(dut) -> None:
    """Words that are stored when reset comes are gone; it works as new afterwards."""
    dut.s_valid.value = 0
    dut.m_ready.value = 0
    await start(dut)
    for words in range(1, DEPTH + 2):
        dut.s_valid.value = 1
        dut.s_data.value = words % 2**WIDTH
        await ClockCycles(dut.clk, words)
        dut.s_valid.value = 0
        await reset(dut, 2)
        await ReadOnly()
        assert dut.m_valid.value == 0, f"a word is left of {words}"
        assert dut.s_ready.value == 1
        await RisingEdge(dut.clk)
        dut.s_valid.value = 1
        dut.s_data.value = 100 % 2**WIDTH
        await RisingEdge(dut.clk)
        dut.s_valid.value = 0
        await RisingEdge(dut.clk)
        assert dut.m_valid.value == 1 and int(dut.m_data.value) == 100 % 2**WIDTH
        dut.m_ready.value = 1
        await ClockCycles(dut.clk, 2)
        assert dut.m_valid.value == 0, "more than one word"
        dut.m_ready.value = 0


async def taken(dut, cycles: int) -> int:
    """How many of the words offered in the next cycles are taken."""
    count = 0
    for _ in range(cycles):
        await RisingEdge(dut.clk)
        count += int(dut.s_ready.value)
    return count
