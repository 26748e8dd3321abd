# SPDX-License-Identifier: Apache-2.0
"""The vector engine beside its golden (tb/vector/mirror.py): every beat (address, data, exponents),
every scalar, signature and status are compared as they come."""

from __future__ import annotations

import os

import numpy as np
from cocotb.triggers import RisingEdge

from models import fp32
from models.commands import Command
from models.errors import Code
from tb.common.bus import Scoreboard, StreamMonitor, StreamSource, random_pause
from tb.common.clock import rng, start
from tb.vector import mirror
from tb.vector.stimulus import STALLS

BLOCK = int(os.environ["BLOCK"])
BEATS = int(os.environ["STASH_BEATS"])
LANES = BLOCK // 4
OUTPUTS = {"d_req": ("addr", "data", "exps"), "scalar": ("addr", "value"),
           "done": ("signature", "status")}


class Bench:
    """The engine with its golden: `run` executes a command on both and compares."""

    def __init__(self, dut) -> None:
        self.dut = dut
        self.mirror = mirror.Mirror(BLOCK, BEATS)
        self.code = Code.NONE  # what the golden said of the last command

    async def start(self) -> None:
        """Reset the engine, with its own driver and monitors."""
        dut = self.dut
        source = StreamSource(dut, "cmd", dut.clk, pause=random_pause(0.3, rng("cmd")))
        self.submit = source.append
        await self.reset()
        self.watch({name: StreamMonitor(dut, name, dut.clk, payload)
                    for name, payload in OUTPUTS.items()})

    async def reset(self) -> None:
        """Start the clock behind inputs at rest."""
        self.dut.host_we.value = 0
        source = rng("stalls")
        self.dut.seeds.value = sum(source.randrange(1, 1 << 32) << 32 * i for i in range(3))
        self.dut.fault.value = int(os.environ.get("FAULT", "0"))
        self.stall("none")
        await start(self.dut)

    def watch(self, monitors: dict) -> None:
        """Compare what these see from now on."""
        self.boards = {name: Scoreboard(monitor, lane_bits=32 if name == "d_req" else 0)
                       for name, monitor in monitors.items()}

    def stall(self, name: str) -> None:
        for port, level in zip("abd", STALLS[name]):
            getattr(self.dut, f"stall_{port}").value = level

    async def load(self, address: int, data: np.ndarray) -> None:
        """Write beats (uint8 [n, BLOCK]) to the stash and its mirror."""
        for at, beat in self.mirror.put(np.arange(address, address + len(data)), data):
            await self.write(at, beat)

    async def write(self, address: int, beat: np.ndarray) -> None:
        """One beat to the stash."""
        self.dut.host_we.value = 1
        self.dut.host_addr.value = address
        self.dut.host_data.value = int.from_bytes(beat.tobytes(), "little")
        await RisingEdge(self.dut.clk)
        self.dut.host_we.value = 0

    async def fill(self, c: Command, kind_a: str, kind_b: str, numpy_rng) -> None:
        """Fresh operands for a legal command."""
        for address, beat in self.mirror.operands(c, kind_a, kind_b, numpy_rng):
            await self.write(address, beat)

    async def init(self, numpy_rng) -> None:
        """Give every scalar and the held row a value."""
        await self.hold("normal", numpy_rng)
        for c in mirror.first_scalars(BEATS):
            await self.fill(c, "normal", "normal", numpy_rng)
            await self.run(c)

    async def hold(self, kind: str, numpy_rng) -> None:
        """A new held row of full length."""
        c = mirror.hold(BLOCK)
        await self.fill(c, kind, kind, numpy_rng)
        await self.run(c)

    def expect(self, c: Command) -> None:
        """Tell the scoreboards what the golden says."""
        outcome = self.mirror.run(c)
        self.code = outcome.code
        if e := outcome.effect:
            self.boards["d_req"].expect(*(
                {"addr": int(a), "data": int.from_bytes(d.tobytes(), "little"),
                 "exps": int(x[0]) | int(x[1]) << 8}
                for a, d, x in zip(e.address, e.data, e.exps)))
            self.boards["scalar"].expect(*(
                {"addr": int(i), "value": int(v)}
                for i, v in zip(e.scalar_index, fp32.bits(e.scalar_value))))
        self.boards["done"].expect({"signature": outcome.signature, "status": int(outcome.code)})

    async def finish(self, cycles: int = 200_000) -> None:
        """Wait for all commands; everything expected must have come before done."""
        await self.boards["done"].drained(cycles)
        for board in self.boards.values():
            board.assert_empty()
        await RisingEdge(self.dut.clk)
        assert int(self.dut.sticky_nonfinite.value) == self.mirror.sticky, "sticky bit"

    async def run(self, c: Command) -> int:
        """Execute and compare one command; returns its cycles from acceptance to done."""
        self.dut._log.info("%s", c)
        self.expect(c)
        self.submit(int.from_bytes(c.encode(), "little"))
        await self.finish()
        taken = int(self.dut.done_cycles.value)
        assert self.code == Code.NONE or taken == 4, f"refused after {taken} cycles"
        return taken
