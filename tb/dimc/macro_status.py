# SPDX-License-Identifier: Apache-2.0
"""Status and counters of dimc_macro, the counters in every single cycle."""

from __future__ import annotations

import cocotb
import numpy as np
import pyuvm
from cocotb.triggers import ClockCycles, RisingEdge

from tb.common.bus import pauses, random_pause
from tb.common.clock import rng
from tb.dimc.macro_directed import CYCLES_PER_VECTOR, Directed
from tb.dimc.macro_env import WRITE
from tb.dimc.macro_model import Tile, write_beat


@pyuvm.test()
class StickyStatus(Directed):
    """Infinity and NaN set their bits, from valid columns only, and clear resets everything."""

    async def stimulus(self) -> None:
        rows, cols = self.model.rows, self.model.cols
        big = np.full(rows, 127, np.uint8)
        await self.write(*[self.column(0, c, big, (254, 254)) for c in range(cols)])
        await self.write(*[self.column(1, c, big, (255 if c else 127, 127)) for c in range(cols)])
        await self.run_tiles(Tile([self.vector(1, q=big, exp=127)], 1, False, 1))
        await self.idle(inf=False, nan=False)
        await self.run_tiles(Tile([self.vector(0, q=big, exp=254)], cols, False, 2))
        await self.idle(inf=True, nan=False)
        await self.run_tiles(Tile([self.vector(1, q=0 * big, exp=127)], cols, False, 3))
        await self.idle(inf=True, nan=True)
        await self.clear()
        await self.idle(inf=False, nan=False)
        await self.run_tiles(Tile([self.vector(0, q=big, exp=255)], 1, False, 4))
        await self.idle(inf=False, nan=True)
        await self.write(*[self.column(1, c, big, (100, 100)) for c in range(cols)])
        for column in range(cols):  # one alone
            for exp in (254, 255):
                await self.clear()
                await self.write(self.column(1, column, big, (exp, exp)))
                await self.run_tiles(Tile([self.vector(1, q=big, exp=254)], cols, False, 6))
                await self.idle(inf=exp == 254, nan=exp == 255)
            await self.write(self.column(1, column, big, (100, 100)))
        await self.clear()
        minus = self.vector(0, q=-127 * np.ones(rows), exp=254)
        await self.run_tiles(Tile([self.vector(0, q=big, exp=254), minus], cols, False, 5))

    async def idle(self, inf: bool, nan: bool) -> None:
        await self.finish()
        assert (self.model.status.inf, self.model.status.nan) == (inf, nan), "wrong test"
        self.check_status()


@pyuvm.test()
class Counters(Directed):
    """All counters and wr_conflict in each cycle, with clear at random times and results taken
    late: a vector counts in the cycle that ends its last plane, each cycle in which it waited
    there as a stall, a dropped write in the cycle that takes it."""

    locked: int | None = 0

    def done(self) -> None:
        """The write in this cycle is not dropped."""

    async def stimulus(self) -> None:
        self.lock(self.locked)
        self.used = range(1, min(3, self.model.sets))
        for s in range(1, min(4, self.model.sets)):
            await self.env.wr.send(self.plain_fill(s))
        for agent in (self.env.act, self.env.wr):
            agent.set_pause(pauses(agent.get_name())["random"])
        # A tile has two vectors on average: slower than its beats can come, also if it has one.
        beats = -(-self.model.cols // self.model.lanes)
        late = max(0.85, 1 - beats / (3.4 * CYCLES_PER_VECTOR))
        self.env.res.set_pause(random_pause(late, rng("res/late")))
        self.clearing = True
        checks = cocotb.start_soon(self.check_each_cycle())
        tiles = [
            Tile(
                [self.vector(self.used[n % len(self.used)]) for _ in range(1 + n % 3)],
                self.model.cols,
                False,
                n,
            )
            for n in range(60)
        ]
        tasks = self.send(*tiles)
        while not tasks[0].done():
            await self.env.wr.send([self.any_write() for _ in range(10)])
        await self.env.board.drained(200)
        self.clearing = False
        await ClockCycles(self.dut.clk, CYCLES_PER_VECTOR)
        checks.cancel()
        self.model.status.vectors, self.model.status.conflicts, _ = self.counts
        assert self.stalled > 50, f"only {self.stalled} stalls"

    def any_write(self) -> dict[str, int]:
        """To the sets in use, to a locked or a missing one, or to one that is free: the model need
        not know, since the sets in use are written only what they hold."""
        set_ = self.random.choice((*range(min(4, self.model.sets)), self.model.sets))
        index = self.random.choice((0, self.model.cols - 1, self.model.cols))
        if set_ in self.used and index < self.model.cols:
            data, exps = self.model.data[set_, index], self.model.exps[set_, index]
            return write_beat(False, set_, index, data, np.ones(self.model.rows, bool), exps)
        return self.column(set_, index, self.random_bytes(), drop=True)

    async def check_each_cycle(self) -> None:
        dut, edge = self.dut, RisingEdge(self.dut.clk)
        counters = (dut.count_vectors, dut.count_conflicts, dut.count_stalls)
        vectors, conflicts, stalls = (int(s.value) for s in counters)
        conflict, left, set_ = 0, 0, None
        self.stalled = 0
        while True:
            dut.clear.value = int(self.clearing and self.random.random() < 0.05)
            await edge
            got = [int(s.value) for s in (*counters, dut.wr_conflict)]
            want = [vectors, conflicts, stalls, conflict]
            assert got == want, f"vectors, conflicts, stalls, wr_conflict: {got}, not {want}"
            left -= left > 0
            last_plane = left == 0 and set_ is not None
            stall = last_plane and dut.act_ready.value == 0
            finished = last_plane and not stall
            self.stalled += stall
            conflict = 0
            if dut.wr_valid.value == 1 and dut.wr_ready.value == 1:
                wr_set, index = int(dut.wr_set.value), int(dut.wr_index.value)
                missing = wr_set >= self.model.sets or index >= self.model.cols
                conflict = int(missing or wr_set in (self.locked, set_))
                if not conflict:
                    self.done()
            if finished:
                set_ = None
            vectors, conflicts = vectors + finished, conflicts + conflict
            stalls += stall
            if dut.clear.value == 1:
                vectors = conflicts = stalls = 0
            self.counts = vectors, conflicts, stalls
            if dut.act_valid.value == 1 and dut.act_ready.value == 1:
                left, set_ = CYCLES_PER_VECTOR, int(dut.act_set.value)


@pyuvm.test()
class InFlight(Counters):
    """Nothing is locked; random writes aim at the set of a vector that has just been accepted and
    may wait in its last plane. Those in flight are dropped; the next vector sees all others."""

    locked = None

    def done(self) -> None:
        self.model.take(**{name: int(getattr(self.dut, f"wr_{name}").value) for name in WRITE})
        self.written += 1

    async def stimulus(self) -> None:
        cols = self.model.cols
        sets = range(min(3, self.model.sets))
        for s in sets:
            await self.write(*self.plain_fill(s))
        self.env.res.set_pause(pauses("res")["mostly"])
        self.clearing, self.written = False, 0
        checks = cocotb.start_soon(self.check_each_cycle())
        for n in range(80):
            target = self.random.choice(sets)
            await self.send(Tile([self.vector(target)], cols, False, n % 2))[0]
            most = self.random.choice((1, 4)) * CYCLES_PER_VECTOR
            await ClockCycles(self.dut.clk, self.random.randint(1, most))
            await self.env.wr.send([self.aimed(target) for _ in range(self.random.randint(1, 5))])
            await RisingEdge(self.dut.clk)  # the model has them all
        await self.env.board.drained(500)
        checks.cancel()
        self.model.status.vectors, self.model.status.conflicts, _ = self.counts
        assert self.counts[1] > 20 and self.written > 20, (self.counts, self.written)

    def aimed(self, set_: int) -> dict[str, int]:
        row = self.random.random() < 0.5
        index = self.random.randrange(min(self.model.rows, self.model.cols))
        strb = self.numpy.random(self.model.rows) < 0.7
        return write_beat(row, set_, index, self.random_bytes(), strb, (120, 130))
