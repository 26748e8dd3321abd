# SPDX-License-Identifier: Apache-2.0
"""cocotb side of tests/core: runs one program on the core in lock step with models/iss.py."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable

import cocotb
import pyuvm

from models import iss
from tb.common import clock
from tb.core.core_env import Behaviour, CoreTest

FOREVER = 1_000_000_000
# Chance of an event per cycle, in 1/256 (1/65536 for interrupts), and how often it is chosen
CHANCES = {
    "i_stall": ((0, 3), (40, 2), (128, 3), (220, 1)),
    "d_stall": ((0, 3), (40, 2), (128, 3), (220, 1)),
    "i_fault": ((0, 3), (3, 1)),
    "d_fault": ((0, 2), (10, 1), (90, 1)),
    "irq_chance": ((0, 1), (300, 2), (1500, 4), (6000, 1)),
}


def alternative_operations() -> tuple[Callable[[int, int], int], ...]:
    """The functions that replace multiply and divide for formal tools. riscv-formal takes its masks
    from the MD5 sum of the instruction's name."""

    def operation(name: str) -> Callable[[int, int], int]:
        mask = int(hashlib.md5(name.encode()).hexdigest()[8:16], 16)
        sign = 1 if name in ("MUL", "MULH", "MULHU") else -1
        return lambda a, b: (a + sign * b & 0xFFFFFFFF) ^ mask

    return tuple(map(operation, "MUL MULH MULHSU MULHU DIV DIVU REM REMU".split()))


@pyuvm.test()
class Program(CoreTest):
    """Runs PROGRAM with memories and interrupts that behave as STALL and IRQ say throughout. With
    ALTOPS, the core was built so."""

    async def stimulus(self) -> None:
        if os.environ.get("ALTOPS"):
            iss.MULDIV = alternative_operations()
        await self.to_the_end()

    def behaviour(self, agent: str) -> Behaviour:
        stall = int(os.environ.get("STALL", "0"))
        knobs = {"i_memory": {"i_stall": stall}, "d_memory": {"d_stall": stall}}
        irq = {"irq_chance": int(os.environ.get("IRQ", "0"))}
        return Behaviour(FOREVER, **knobs.get(agent, irq))


@pyuvm.test()
class Disturbed(CoreTest):
    """Runs PROGRAM while stalls, bus faults and interrupts change at random, each on its own; with
    RESETS, after that many resets in its middle."""

    async def stimulus(self) -> None:
        dut, env = cocotb.top, self.env
        for _ in range(int(os.environ.get("RESETS", "0"))):
            await env.monitor.run(self.random.randint(50, 3000))
            env.board.settle()
            await cocotb.triggers.RisingEdge(dut.clk)
            await clock.reset(dut, self.random.randint(1, 4))
            env.board.restart()
            env.coverage.restart()
        await self.to_the_end()

    def behaviour(self, agent: str) -> Behaviour:
        r = self.random
        names = {"i_memory": ("i_stall", "i_fault"), "d_memory": ("d_stall", "d_fault")}
        knobs = {}
        for name in names.get(agent, ("irq_chance",)):
            values, weights = zip(*CHANCES[name])
            knobs[name] = r.choices(values, weights)[0]
        return Behaviour(r.randint(100, 1500), **knobs)
