# SPDX-License-Identifier: Apache-2.0
"""Cocotb side of the saturated fabric: starts it and waits; tb/link/fabric_node.v checks."""

from __future__ import annotations

import cocotb
from cocotb.triggers import First, RisingEdge, with_timeout

from tb.common.clock import PERIOD_NS, rng, start

LIMIT = 4_000_000  # cycles
NOISE = 1 / 400  # a bit turned over, per cycle and direction
WRONG_DATA, HELD_REPORT = 1, 2


async def saturate(dut, noise: float = 0.0, fault: int = 0) -> None:
    """Everybody sends to everybody, until all has come or a node says that something is wrong."""
    dut.seed.value = rng("fabric").getrandbits(32)
    dut.noise.value = int(noise * 2**32)
    dut.fault.value = fault
    await start(dut)
    over = First(RisingEdge(dut.finished), RisingEdge(dut.failed))
    await with_timeout(over, LIMIT * PERIOD_NS, "ns")


@cocotb.test()
async def clean(dut) -> None:
    await saturate(dut)
    assert dut.failed.value == 0, f"wrong {dut.wrong.value}, stuck {dut.stuck.value}"
    assert dut.errors.value == 0


@cocotb.test()
async def noisy(dut) -> None:
    await saturate(dut, noise=NOISE)
    assert dut.failed.value == 0, f"wrong {dut.wrong.value}, stuck {dut.stuck.value}"
    assert dut.errors.value != 0


@cocotb.test()
async def wrong_data_is_seen(dut) -> None:
    await saturate(dut, fault=WRONG_DATA)
    assert dut.wrong.value != 0 and dut.stuck.value == 0


@cocotb.test()
async def consumer_that_stops_is_seen(dut) -> None:
    """Chiplet 1 takes no report of chiplet 0: what 0 sends stands, what 0 receives does not."""
    await saturate(dut, fault=HELD_REPORT)
    stuck = int(dut.stuck.value)
    assert dut.wrong.value == 0 and stuck >> 1 & 1 and not stuck & 1, f"stuck {stuck:b}"
