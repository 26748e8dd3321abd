# SPDX-License-Identifier: Apache-2.0
"""cocotb tests of the two writers of a macro: what they wrote is seen by `mac`, against
models/chiplet.py; the sequencer and the macro have tests of their own."""

from __future__ import annotations

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles, RisingEdge

from models.chiplet import Chiplet
from models.commands import Command
from models.config import Config
from models.errors import Code
from tb.common.bus import StreamMonitor, StreamSource, random_pause
from tb.common.clock import rng, start, wait_for

QUEUE = 4
MOVE = ("row", "set", "index", "data", "exps")
DMA = ("set", "index", "data", "exps")


class Bench:
    """The unit and its model; writes reach the model in the order in which they are taken."""

    def __init__(self, dut, name: str) -> None:
        self.dut, self.r = dut, rng(name)
        self.block, self.sets = int(dut.BLOCK.value), int(dut.SETS.value)
        self.beats = int(dut.STASH_BEATS.value)
        config = Config("bench", 1, 1, self.block, self.sets, self.beats, 4)
        self.model = Chiplet(config, 0, np.zeros((1, self.block), np.uint8))
        self.keep: set[int] = set()  # sets whose writes must be dropped
        self.dropped: list[str] = []  # by whom, in order
        self.conflicts: list[str] = []
        self.order: list[str] = []

    async def begin(self) -> None:
        d = self.dut
        self.move = StreamSource(d, "move", d.clk, MOVE)
        self.dma = StreamSource(d, "dma", d.clk, DMA)
        self.cmd = StreamSource(d, "cmd", d.clk, ("word",))
        StreamMonitor(d, "move", d.clk, MOVE).add_callback(lambda b: self._write("move", b))
        StreamMonitor(d, "dma", d.clk, DMA).add_callback(lambda b: self._write("dma", b))
        d.t_write.value = 0
        await start(d)
        cocotb.start_soon(self._watch())
        d.t_write.value = 1
        for beat in range(self.beats):
            value = self.r.randbytes(self.block)
            e = self.r.randint(120, 134)
            self.model.data[beat] = np.frombuffer(value, np.uint8)
            self.model.exps[beat] = e
            d.t_addr.value, d.t_exps.value = beat, e | e << 8
            d.t_data.value = int.from_bytes(value, "little")
            await RisingEdge(d.clk)
        d.t_write.value = 0

    def _write(self, who: str, beat: dict[str, int]) -> None:
        self.order.append(who)
        if beat["set"] in self.keep:
            self.dropped.append(who)
            return
        macro, index = self.model.macros[0], beat["index"]
        data = np.frombuffer(beat["data"].to_bytes(self.block, "little"), np.uint8)
        if who == "move" and beat["row"]:
            macro.write_row(beat["set"], index, data)
        else:
            exps = np.frombuffer(beat["exps"].to_bytes(2, "little"), np.uint8)
            macro.write_columns([beat["set"]], [index], data[None], exps[None])

    async def _watch(self) -> None:
        d = self.dut
        taken = []
        while True:
            await RisingEdge(d.clk)
            for who in ("move", "dma"):
                if getattr(d, f"{who}_conflict").value == 1:
                    self.conflicts.append(who)
                    assert taken == [who], f"conflict for {who}, but {taken} wrote a cycle ago"
            taken = [who for who in ("move", "dma") if getattr(d, f"{who}_valid").value == 1
                     and getattr(d, f"{who}_ready").value == 1]
            assert taken != ["dma"] or d.move_valid.value == 0, "DMA went before MOVE"
            assert len(taken) < 2, "two writes in one cycle"

    def beat(self, row: bool = False) -> dict[str, int]:
        """A random write."""
        e = self.r.randint(120, 134)
        return {"set": self.r.randrange(self.sets), "index": self.r.randrange(self.block),
                "data": self.r.getrandbits(8 * self.block), "exps": e | e << 8}

    async def fill(self) -> None:
        """Write every column of every set, by both writers."""
        for k in range(self.sets * self.block):
            value = self.beat() | {"set": k // self.block, "index": k % self.block}
            if self.r.randrange(2):
                self.move.append(value | {"row": 0})
            else:
                self.dma.append(value)
        await self.drained()

    async def drained(self) -> None:
        await self.move.drained(20_000)
        await self.dma.drained(20_000)
        await ClockCycles(self.dut.clk, 3)

    def mac(self, first: int, blocks: int, outer: int = 1) -> Command:
        return Command("mac", QUEUE, {
            "src": 0, "dst": 128, "set": first, "cols": self.block, "depth": blocks * self.block,
            "outer": outer, "inner": 1, "src_outer": 1, "dst_outer": 4})

    async def run(self, c: Command) -> None:
        want = self.model.execute(c)
        self.cmd.append(int.from_bytes(c.encode(), "little"))
        await self.done(c, want)

    async def done(self, c: Command, want: int) -> None:
        await wait_for(self.dut.done_valid, 20_000, f"{c}")
        await RisingEdge(self.dut.clk)
        got = int(self.dut.done_status.value), int(self.dut.done_signature.value)
        await RisingEdge(self.dut.clk)
        assert got == (Code.NONE, want), f"{c}: {got}, expected (0, {want})"

    async def compare(self) -> None:
        """All sets, one column block each."""
        for first in range(self.sets):
            await self.run(self.mac(first, 1))


@cocotb.test()
@cocotb.parametrize(stall=[0.0, 0.6])
async def both_writers(dut, stall) -> None:
    """Columns and rows from both sides at once, the same places among them."""
    b = Bench(dut, f"both_writers{stall}")
    await b.begin()
    await b.fill()
    for source in (b.move, b.dma):
        source.set_pause(random_pause(stall, rng(source.name)))
    for _ in range(200):
        b.move.append(b.beat() | {"row": b.r.randrange(2)})
        b.dma.append(b.beat())
    await b.drained()
    assert b.order.count("dma") >= 200
    await b.compare()
    assert b.conflicts == []


@cocotb.test()
async def writes_while_computing(dut) -> None:
    """During a long command both writers change other sets; the command sees nothing of it."""
    b = Bench(dut, "writes_while_computing")
    await b.begin()
    await b.fill()
    half = b.sets // 2
    c = b.mac(0, half, outer=16)
    want = b.model.execute(c)
    b.cmd.append(int.from_bytes(c.encode(), "little"))
    for _ in range(150):
        b.move.append(b.beat() | {"row": b.r.randrange(2), "set": b.r.randrange(half, b.sets)})
        b.dma.append(b.beat() | {"set": b.r.randrange(half, b.sets)})
    await b.done(c, want)
    await b.drained()
    await b.compare()
    assert b.conflicts == []


@cocotb.test()
async def conflicts(dut) -> None:
    """Writes to a set that is being read are dropped, and the writer is told in the next cycle."""
    b = Bench(dut, "conflicts")
    await b.begin()
    await b.fill()
    b.keep = {2, 3, 4, 5}
    c = b.mac(2, 4, outer=16)
    want = b.model.execute(c)
    b.cmd.append(int.from_bytes(c.encode(), "little"))
    await ClockCycles(dut.clk, 20)
    for k in range(40):
        where = {"set": b.r.choice((1, 2, 3, 4, 5, 6))}
        if k % 2:
            b.move.append(b.beat() | where | {"row": b.r.randrange(2)})
        else:
            b.dma.append(b.beat() | where)
    await b.drained()
    assert dut.done_valid.value == 0
    assert b.dropped.count("dma") > 3 and b.dropped.count("move") > 3
    assert b.conflicts == b.dropped
    await b.done(c, want)
    b.keep = set()
    await b.compare()
