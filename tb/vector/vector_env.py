# SPDX-License-Identifier: Apache-2.0
"""The pyuvm environment of the vector engine: an agent that sends commands, monitors of all that it
writes, the scoreboards of tb/vector/bench.py, coverage, a base test.

Expectations are pushed when a command is sent, from models/vector_engine.py; results are compared
as they come. Negative tests replace a monitor by the factory (see vector_random).
"""

from __future__ import annotations

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles
from pyuvm import ConfigDB, uvm_env, uvm_test

from models.commands import Command
from tb.common import clock
from tb.common.agents import BeatMonitor, StreamAgent, Tap
from tb.common.bus import StreamMonitor, pauses
from tb.vector import stimulus, vector_coverage
from tb.vector.bench import BEATS, BLOCK, OUTPUTS, Bench

WATCHDOG_CYCLES = 3_000


class VectorEnv(uvm_env):
    def build_phase(self) -> None:
        self.cmd = StreamAgent("cmd", self, ("data",))
        self.monitors = {name: BeatMonitor.create(f"{name}_monitor", self) for name in OUTPUTS}
        self.taps = {name: Tap(name, self) for name in OUTPUTS}

    def connect_phase(self) -> None:
        dut = cocotb.top
        for name, payload in OUTPUTS.items():
            self.monitors[name].attach(StreamMonitor(dut, name, dut.clk, payload))
            self.monitors[name].ap.connect(self.taps[name].analysis_export)


class VectorTest(uvm_test):
    """Base of all tests: resets the engine, gives scalars and held row values, runs `stimulus`, and
    checks that nothing is left."""

    def build_phase(self) -> None:
        self.dut = cocotb.top
        ConfigDB().set(None, "*", "DUT", self.dut)
        self.env = VectorEnv("env", self)
        self.random = clock.rng(self.get_type_name())
        self.numpy = np.random.default_rng(self.random.getrandbits(64))
        self.bench = Bench(self.dut)
        self.bench.submit = lambda word: self.env.cmd.send([{"data": word}])
        self.coverage = vector_coverage.define(BLOCK)

    async def run_phase(self) -> None:
        self.raise_objection()
        await self.bench.reset()
        self.bench.watch(self.env.taps)
        cocotb.start_soon(self.watchdog())
        await self.bench.init(self.numpy)
        await self.stimulus()
        await self.bench.finish()
        self.coverage.save()
        self.drop_objection()

    async def stimulus(self) -> None:
        raise NotImplementedError

    async def watchdog(self) -> None:
        """Fails the test, and says who waits, when no stream moves for WATCHDOG_CYCLES."""
        moved = [0]
        for tap in self.env.taps.values():
            tap.add_callback(lambda _: moved.__setitem__(0, moved[0] + 1))
        before, owed = None, 0
        while before != moved[0] or not owed:
            before = moved[0]
            await ClockCycles(self.dut.clk, WATCHDOG_CYCLES)
            owed = len(self.bench.boards["done"]._expected)
        raise AssertionError(f"nothing written for {WATCHDOG_CYCLES} cycles, {owed} commands owed")

    # ---- stimulus

    def pick(self) -> tuple[Command, str]:
        """A legal command, and the kind of its operands."""
        chain = self.random.choice(stimulus.CHAINS)
        kind = self.random.choice(stimulus.VALUES)
        return stimulus.command(chain, BLOCK, BEATS, self.random), kind

    def stall(self) -> str:
        """Other stalls on all ports from now on; which, of the stash."""
        kind = self.random.choice(list(stimulus.STALLS))
        self.bench.stall(kind)
        name = f"cmd{self.random.getrandbits(32)}"
        self.env.cmd.set_pause(pauses(name)[self.random.choice(("none", "random", "burst"))])
        return kind
