# SPDX-License-Identifier: Apache-2.0
"""Tests of dimc_macro: one random, several directed, and negative ones that must fail."""

from __future__ import annotations

import cocotb
import numpy as np
import pyuvm
from cocotb.triggers import ClockCycles, RisingEdge
from pyuvm import uvm_factory

from tb.common.agents import BeatMonitor, StreamDriver
from tb.common.bus import no_pause, pauses
from tb.dimc.macro_env import MacroTest, size
from tb.dimc.macro_model import Tile, Vector

CYCLES_PER_VECTOR = 8 // size("BITS_PER_CYCLE", 1)
FIRST_RESULT_LATENCY = 6 + CYCLES_PER_VECTOR


@pyuvm.test()
class RandomTraffic(MacroTest):
    """Tiles of one half of the sets run while the other half is written and writes to the locked
    half are dropped; formats, valid ranges, preloads, exponents and stalls at random."""

    async def stimulus(self) -> None:
        half = self.model.sets // 2
        for epoch in range(size("EPOCHS", 20) + 1):
            busy = epoch % 2 * half
            free = half - busy
            self.lock(busy, busy + half - 1)
            for agent in (self.env.wr, self.env.act, self.env.pre, self.env.res):
                stalls = pauses(f"{agent.get_name()}{epoch}")
                kind = self.random.choice(list(stalls))
                agent.set_pause(stalls[kind])
            self.env.coverage.stall = kind  # of the result port, the last in the list
            tasks = [] if epoch == 0 else self.send(*self.tiles(busy, half))
            tasks.append(self.env.wr.send(self.writes(free, busy, half)))
            for task in tasks:
                await task
            await self.env.board.drained(20_000)

    def writes(self, free: int, busy: int, half: int) -> list[dict[str, int]]:
        """Fill one or two sets of the free half by column or by row, some of it partly, and aim
        some writes at locked sets."""
        beats = []
        count = min(half, self.random.randint(1, 2))
        chosen = self.random.sample(range(free, free + half), count)
        for set_ in chosen:
            if self.random.random() < 0.6:
                beats += self.fill(set_)
            else:
                most = self.model.rows
                rows = self.random.choice((most, self.random.randint(1, most)))
                beats += [self.row(set_, r, self.random_bytes()) for r in range(rows)]
            for _ in range(self.random.randint(0, 6)):
                strb = self.numpy.random(self.model.rows) < self.random.choice((0, 0.5, 1))
                if self.random.random() < 0.5:
                    column = self.random.randrange(self.model.cols)
                    exps = (self.random_exp(), self.random_exp())
                    beats.append(self.column(set_, column, self.random_bytes(), exps, strb))
                else:
                    row = self.random.randrange(self.model.rows)
                    beats.append(self.row(set_, row, self.random_bytes(), strb))
        for _ in range(self.random.randint(0, 5)):
            set_ = busy + self.random.randrange(half)
            kind = self.random.choice((self.column, self.row))
            dropped = kind(set_, self.random.randrange(4), self.random_bytes(), drop=True)
            beats.insert(self.random.randint(0, len(beats)), dropped)
        return beats

    def tiles(self, first: int, count: int) -> list[Tile]:
        return [self.tile(first, count) for _ in range(self.random.randint(1, 10))]

    def tile(self, first: int, count: int) -> Tile:
        int4 = self.random.random() < 0.5
        most = self.model.cols * (2 if int4 else 1)
        cols = self.random.choice((1, most, self.random.randint(1, most)))
        usable = {
            s: rows
            for s in sorted(self.model.written.intersection(range(first, first + count)))
            if (rows := self.model.known_rows(s, self.model.cols)) > 0
        }
        vectors = []
        for _ in range(self.random.choice((1, 1, 2, 3, 6))):
            set_ = vectors[-1].set if vectors and self.random.random() < 0.3 else None
            set_ = self.random.choice(list(usable)) if set_ is None else set_
            rows = self.random.choice((1, usable[set_], self.random.randint(1, usable[set_])))
            vectors.append(Vector(self.random_bytes().view(np.int8), self.random_exp(), set_, rows))
        preload = None
        if self.random.random() < 0.3:
            preload = self.numpy.normal(size=cols).astype(np.float32)
            if self.random.random() < 0.2:
                preload[self.random.randrange(cols)] = self.random.choice((np.nan, np.inf, 1e-40))
        return Tile(vectors, cols, int4, self.random.randrange(256), preload)


class Directed(MacroTest):
    """Helpers of the directed tests."""

    async def write(self, *beats: dict[str, int]) -> None:
        await self.env.wr.send(beats)

    def vector(self, set_: int, rows: int | None = None, q=None, exp: int = 127) -> Vector:
        q = self.random_bytes().view(np.int8) if q is None else np.asarray(q, np.int8)
        return Vector(q, exp, set_, self.model.rows if rows is None else rows)

    def plain_fill(self, set_: int) -> list[dict[str, int]]:
        """A set with random weights and exponents near 127."""
        return [
            self.column(set_, c, self.random_bytes(), (120 + c % 9, 124 + c % 5))
            for c in range(self.model.cols)
        ]

    async def run_tiles(self, *tiles: Tile) -> None:
        for task in self.send(*tiles):
            await task
        await self.env.board.drained(2000)


@pyuvm.test()
class ColumnsAndRows(Directed):
    """Column and row writes with masks, read back one row at a time; row writes set exponents."""

    async def stimulus(self) -> None:
        rows, cols = self.model.rows, self.model.cols
        await self.write(*self.plain_fill(0))
        mask = np.arange(rows) % 3 == 1
        await self.write(
            self.column(0, 1, self.random_bytes(), (130, 90), mask),
            self.column(0, cols - 1, self.random_bytes(), (131, 131), np.zeros(rows, bool)),
        )
        await self.read_back(0)
        await self.write(*[self.row(1, r, self.random_bytes()) for r in range(rows)])
        await self.read_back(1)
        await self.write(self.row(0, rows - 1, self.random_bytes(), np.arange(rows) % 2 == 0))
        await self.write(self.column(1, 2, self.random_bytes(), (100, 101)))
        await self.read_back(0)
        await self.read_back(1)

    async def read_back(self, set_: int) -> None:
        for row in range(self.model.rows):
            q = np.where(np.arange(self.model.rows) == row, 1, 0)
            tiles = [
                Tile([self.vector(set_, q=q)], self.model.cols, False, row),
                Tile([self.vector(set_, q=q)], 2 * self.model.cols, True, row),
            ]
            await self.run_tiles(*tiles)


@pyuvm.test()
class ValidRange(Directed):
    """Every number of valid rows and columns over an array that is written no further (so that
    Icarus shows X if anything beyond is used)."""

    async def stimulus(self) -> None:
        rows, cols = self.model.rows, self.model.cols
        for n in range(1, min(rows, self.model.sets) + 1):
            columns = min(n, cols)
            strb = np.arange(rows) < n
            await self.write(
                *[
                    self.column(n - 1, c, self.random_bytes(), (127, 125), strb)
                    for c in range(columns)
                ]
            )
            vector = self.vector(n - 1, rows=n)
            await self.run_tiles(
                Tile([vector], columns, False, n),
                Tile([vector, vector], 2 * columns, True, n),
                Tile([vector], 2 * columns - 1, True, n),
            )


@pyuvm.test()
class BackToBack(Directed):
    """A vector every 8/BITS_PER_CYCLE cycles across sets, formats, tile ends and concurrent writes;
    6 cycles more from a tile's last vector to its first result; no stall counted."""

    async def stimulus(self) -> None:
        sets = min(self.model.sets, 4)
        for s in range(sets - 1):
            await self.write(*self.plain_fill(s))
        tiles = []
        for n in range(24):
            int4 = n % 3 != 0
            vectors = [self.vector((n + k) % (sets - 1)) for k in range(1 + n % 2)]
            preload = np.ones(self.model.cols * (1 + int4), np.float32) if n % 4 == 3 else None
            tiles.append(Tile(vectors, self.model.cols * (1 + int4), int4, n, preload))
        accepted: list[tuple[int, dict]] = []
        answered: list[tuple[int, dict]] = []
        self.cycle = 0
        self.env.act.watcher.add_callback(lambda beat: accepted.append((self.cycle, beat)))
        self.env.res.sink.add_callback(lambda beat: answered.append((self.cycle, beat)))
        cocotb.start_soon(self.count_cycles())
        writes = self.env.wr.send([b for _ in range(3) for b in self.plain_fill(sets - 1)])
        await self.run_tiles(*tiles)
        await writes
        times = [cycle for cycle, _ in accepted]
        gaps = {b - a for a, b in zip(times, times[1:])}
        assert gaps == {CYCLES_PER_VECTOR}, f"cycles between vectors: {sorted(gaps)}"
        ends = [cycle for cycle, beat in accepted if beat["last"]]
        starts = [cycle for cycle, beat in answered if beat["index"] == 0]
        latencies = {b - a for a, b in zip(ends, starts, strict=True)}
        assert latencies == {FIRST_RESULT_LATENCY}, f"latencies: {sorted(latencies)}"
        assert int(self.dut.count_stalls.value) == 0

    async def count_cycles(self) -> None:
        while True:
            await RisingEdge(self.dut.clk)
            self.cycle += 1


@pyuvm.test()
class BackPressure(Directed):
    """Results not taken for a long time: the macro stops, counts it, loses nothing, goes on."""

    async def stimulus(self) -> None:
        await self.write(*self.plain_fill(0))
        self.env.res.set_pause(iter([True] * 200))
        tiles = [
            Tile([self.vector(0)], self.model.lanes if n % 2 else self.model.cols, False, n)
            for n in range(12)
        ]
        for task in self.send(*tiles):
            await task
        assert int(self.dut.count_stalls.value) > 100


@pyuvm.test()
class OneGroupAfterStall(Directed):
    """Vectors of a single group, a late preload: the next vector's group must wait for the sum."""

    async def stimulus(self) -> None:
        await self.write(*self.plain_fill(0))
        tile = Tile([self.vector(0) for _ in range(5)], 1, False, 3, np.ones(1, np.float32))
        for delay in range(1, 24):
            self.env.pre.set_pause(iter([True] * delay))
            await self.run_tiles(tile)


@pyuvm.test()
class Conflicts(Directed):
    """Writes to locked sets, to the set in flight and to places that do not exist are dropped."""

    async def stimulus(self) -> None:
        sets, rows, cols = self.model.sets, self.model.rows, self.model.cols
        for s in range(4):
            await self.write(*self.plain_fill(s))
        self.lock(1, 2)
        for s in range(4):
            await self.write(self.column(s, 0, self.random_bytes(), drop=s in (1, 2)))
            await self.write(self.row(s, 0, self.random_bytes(), drop=s in (1, 2)))
        self.lock(None)
        await self.write(self.column(1, 3, self.random_bytes()))
        await self.write(
            self.column(sets, 0, self.random_bytes(), drop=True),
            self.column(0, cols, self.random_bytes(), drop=True),
            self.row(0, rows, self.random_bytes(), drop=True),
        )
        # A vector accepted in cycle 0 locks its set in cycles 1 to 8 (with two bits per cycle 1 to
        # 4). Offered together with it, a write has to wait for cycle 1; sent `wait` cycles after,
        # it is on the wires in wait + 2.
        for wait in range(-1, 10):
            await ClockCycles(self.dut.clk, 2)
            tasks = self.send(Tile([self.vector(3)], cols, False, wait + 1))
            if wait >= 0:
                await tasks[0]
            if wait > 0:
                await ClockCycles(self.dut.clk, wait)
            locked = wait + 2 <= CYCLES_PER_VECTOR
            await self.env.wr.send([self.column(3, 1, self.random_bytes(), drop=locked)])
            await self.env.board.drained(200)
        for s in range(4):
            await self.run_tiles(Tile([self.vector(s)], cols, False, s))


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
        await self.clear()
        minus = self.vector(0, q=-127 * np.ones(rows), exp=254)
        await self.run_tiles(Tile([self.vector(0, q=big, exp=254), minus], cols, False, 5))

    async def idle(self, inf: bool, nan: bool) -> None:
        await self.finish()
        assert (self.model.status.inf, self.model.status.nan) == (inf, nan), "wrong test"
        self.check_status()

    async def clear(self) -> None:
        self.dut.clear.value = 1
        await RisingEdge(self.dut.clk)
        self.dut.clear.value = 0
        await ClockCycles(self.dut.clk, 2)
        status = self.model.status
        status.inf = status.nan = False
        status.vectors = status.conflicts = 0
        assert int(self.dut.count_stalls.value) == 0


class Smoke(Directed):
    """What the negative tests disturb: a filled set and some tiles."""

    async def stimulus(self) -> None:
        self.env.res.set_pause(no_pause())
        await self.write(*self.plain_fill(0))
        cols = self.model.cols
        tiles = [Tile([self.vector(0)], cols, False, n) for n in range(4)]
        tiles[3].preload = np.arange(cols, dtype=np.float32)
        await self.run_tiles(*tiles)


class HoldPreload(StreamDriver):
    """Never sends a preload beat."""

    def shape(self, fields):
        return None


class FlipWeightBit(StreamDriver):
    """Changes one bit of one column write on its way to the macro."""

    def shape(self, fields):
        if fields["index"] == 2:
            fields["data"] ^= 1 << 5
        return fields


class LoseVector(StreamDriver):
    """Drops one activation vector."""

    def shape(self, fields):
        return None if fields["tag"] == 2 else fields


class LoseBeat(BeatMonitor):
    """Does not report one result beat."""

    def see(self, beat):
        if (beat["tag"], beat["index"]) != (1, 1):
            super().see(beat)


class SwapBeats(BeatMonitor):
    """Reports two result beats in the wrong order."""

    held = None

    def see(self, beat):
        if (beat["tag"], beat["index"]) == (1, 0):
            self.held = beat
            return
        super().see(beat)
        if self.held is not None:
            held, self.held = self.held, None
            super().see(held)


class Disturbed(Smoke):
    """Smoke with one component replaced; must fail."""

    replaced: type
    by: type
    path: str

    def build_phase(self) -> None:
        path = f"uvm_test_top.env.{self.path}"
        uvm_factory().set_inst_override_by_type(self.replaced, self.by, path)
        super().build_phase()


@pyuvm.test()
class Undisturbed(Smoke):
    """The control of the negative tests: passes."""


@pyuvm.test()
class FlippedWeightBit(Disturbed):
    replaced, by, path = StreamDriver, FlipWeightBit, "wr.driver"


@pyuvm.test()
class LostVector(Disturbed):
    replaced, by, path = StreamDriver, LoseVector, "act.driver"


@pyuvm.test()
class LostPreload(Disturbed):
    replaced, by, path = StreamDriver, HoldPreload, "pre.driver"


@pyuvm.test()
class LostBeat(Disturbed):
    replaced, by, path = BeatMonitor, LoseBeat, "res.monitor"


@pyuvm.test()
class SwappedBeats(Disturbed):
    replaced, by, path = BeatMonitor, SwapBeats, "res.monitor"
