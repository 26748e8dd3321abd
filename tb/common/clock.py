# SPDX-License-Identifier: Apache-2.0
"""Clock, reset, seeded randomness and bounded waits for cocotb tests."""

from __future__ import annotations

import random
from collections.abc import Callable

import cocotb
from cocotb.clock import Clock
from cocotb.handle import SimHandleBase
from cocotb.triggers import ClockCycles, RisingEdge, SimTimeoutError, with_timeout

PERIOD_NS = 10


def rng(name: str) -> random.Random:
    """A generator of its own for `name`, derived from the run's seed."""
    return random.Random(f"{cocotb.RANDOM_SEED}/{name}")


def start_clock(dut: SimHandleBase) -> None:
    """Start `dut.clk`, driven by the simulator and not by Python."""
    cocotb.start_soon(Clock(dut.clk, PERIOD_NS, "ns", impl="gpi").start())


async def start(dut: SimHandleBase, reset_cycles: int = 4) -> None:
    """Start `dut.clk` and hold `dut.rst` high for `reset_cycles`. Drive the inputs first."""
    start_clock(dut)
    await reset(dut, reset_cycles)


async def reset(dut: SimHandleBase, cycles: int = 4) -> None:
    """Hold `dut.rst` high for `cycles`; returns just after an edge, with `rst` falling."""
    dut.rst.value = 1
    await ClockCycles(dut.clk, cycles)
    dut.rst.value = 0


async def wait_for(signal: SimHandleBase, cycles: int, what: str) -> None:
    """Sleep until `signal` is 1; Python is not woken at each clock edge.

    Raises:
        AssertionError: it was not within `cycles`; the message names `what` was waited for.
    """
    if signal.value == 1:
        return
    try:
        await with_timeout(RisingEdge(signal), cycles * PERIOD_NS, "ns")
    except SimTimeoutError:
        raise AssertionError(f"waited {cycles} cycles for {what}") from None


async def poll(condition: Callable[[], bool], clk: SimHandleBase, cycles: int, what: str) -> None:
    """Check `condition` at each clock edge until it holds; bound and message as `wait_for`."""
    for _ in range(cycles):
        if condition():
            return
        await RisingEdge(clk)
    raise AssertionError(f"waited {cycles} cycles for {what}")
