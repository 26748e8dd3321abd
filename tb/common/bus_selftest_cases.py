# SPDX-License-Identifier: Apache-2.0
"""cocotb side of tests/testbench/test_bus.py: random beats through a FIFO that may be faulty."""

from __future__ import annotations

import os

import cocotb

from tb.common.bus import Scoreboard, StreamSink, StreamSource, pauses
from tb.common.clock import rng, start

PAYLOAD = ("data", "exp")


@cocotb.test()
@cocotb.parametrize(stalls=["none", "random", "mostly", "burst"])
async def random_beats(dut, stalls):
    """200 random beats arrive once, in order and unchanged."""
    dut.fault.value = int(os.environ.get("FAULT", "0"))
    source = StreamSource(dut, "s", dut.clk, PAYLOAD, pause=pauses("s")[stalls])
    sink = StreamSink(dut, "m", dut.clk, PAYLOAD, pause=pauses("m")[stalls])
    board = Scoreboard(sink, lane_bits=8)
    await start(dut)
    random = rng("beats")
    for _ in range(200):
        beat = {"data": random.getrandbits(16), "exp": random.getrandbits(8)}
        board.expect(beat)
        source.append(beat)
    await source.drained(10_000)
    await board.drained(1_000)
    assert board.compared == 200
