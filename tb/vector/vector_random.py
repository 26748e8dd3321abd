# SPDX-License-Identifier: Apache-2.0
"""Constrained-random tests of the vector engine: bursts of commands, resets, and faults that the
scoreboards have to see."""

from __future__ import annotations

import os

import cocotb
import pyuvm
from cocotb.triggers import ClockCycles, RisingEdge
from pyuvm import uvm_factory

from tb.common.agents import BeatMonitor
from tb.vector import stimulus, vector_coverage
from tb.vector.vector_env import VectorTest

EPOCHS = int(os.environ.get("EPOCHS", "0"))


@pyuvm.test()
class RandomTraffic(VectorTest):
    """Epochs of one kind of stall each: one to eight commands are sent at once, each works on what
    those before left; some are refused."""

    async def stimulus(self) -> None:
        for _ in range(EPOCHS or 60):
            stalls = self.stall()
            burst = [self.pick() for _ in range(self.random.randint(1, 8))]
            for c, kind in burst:
                await self.bench.fill(c, kind, kind, self.numpy)
            for c, kind in burst:
                if self.random.random() < 0.1:
                    rule = self.random.choice(stimulus.RULES)
                    self.send(stimulus.broken(c, self.random)[rule])
                    self.coverage.sample(rule=rule)
                self.send(c)
                vector_coverage.sample(self.coverage, c, kind, stalls)
            await self.bench.finish()

    def send(self, c) -> None:
        self.bench.expect(c)
        self.bench.submit(int.from_bytes(c.encode(), "little"))


class OutsideReset(BeatMonitor):
    """Reports no beats in reset."""

    def see(self, beat):
        if cocotb.top.rst.value == 0:
            super().see(beat)


@pyuvm.test()
class RandomReset(RandomTraffic):
    """A reset at a random time of a command: nothing more is written, status and counters are
    cleared, and the next commands are right."""

    def build_phase(self) -> None:
        uvm_factory().set_type_override_by_type(BeatMonitor, OutsideReset)
        super().build_phase()

    async def stimulus(self) -> None:
        dut, bench = self.dut, self.bench
        for _ in range(EPOCHS or 40):
            self.stall()
            c, kind = self.pick()
            await bench.fill(c, kind, kind, self.numpy)
            sent = self.env.cmd.source.sent
            self.send(c)
            while self.env.cmd.source.sent == sent:
                await RisingEdge(dut.clk)
            cycles = self.random.choice(vector_coverage.RESETS)
            await ClockCycles(dut.clk, cycles)
            self.coverage.sample(reset=cycles)
            dut.rst.value = 1
            for board in bench.boards.values():
                board._expected.clear()
            await ClockCycles(dut.clk, self.random.randint(2, 4))
            names = ("done_valid", "d_req_valid", "scalar_valid", "sticky_nonfinite", "count_busy",
                     "count_stall_a", "count_stall_b", "count_stall_d")
            state = {name: int(getattr(dut, name).value) for name in names}
            assert not any(state.values()), f"after reset: {state}"
            assert int(dut.cmd_ready.value) == 1
            dut.rst.value = 0
            bench.mirror.sticky = 0
            bench.stall("none")
            await bench.init(self.numpy)
            self.stall()
            for _ in range(3):
                c, kind = self.pick()
                await bench.fill(c, kind, kind, self.numpy)
                self.send(c)
                await bench.finish()


class FlippedBit(BeatMonitor):
    """One bit of the 40th beat is wrong."""

    seen = 0

    def see(self, beat):
        type(self).seen += 1
        super().see({**beat, "data": beat["data"] ^ 1 << 33} if self.seen == 40 else beat)


class LostBeat(BeatMonitor):
    """The 40th beat is not reported."""

    seen = 0

    def see(self, beat):
        type(self).seen += 1
        if self.seen != 40:
            super().see(beat)


class SwappedBeats(BeatMonitor):
    """The 41st beat comes before the 40th."""

    kept: list = []

    def see(self, beat):
        self.kept.append(beat)
        if len(self.kept) == 40:
            return
        super().see(beat)
        if len(self.kept) == 41:
            super().see(self.kept[39])


class Damaged(RandomTraffic):
    damage = BeatMonitor

    def build_phase(self) -> None:
        path = "uvm_test_top.env.d_req_monitor"
        uvm_factory().set_inst_override_by_type(BeatMonitor, self.damage, path)
        super().build_phase()


@pyuvm.test()
class BitIsSeen(Damaged):
    damage = FlippedBit


@pyuvm.test()
class LossIsSeen(Damaged):
    damage = LostBeat


@pyuvm.test()
class SwapIsSeen(Damaged):
    damage = SwappedBeats
