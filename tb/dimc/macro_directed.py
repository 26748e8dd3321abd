# SPDX-License-Identifier: Apache-2.0
"""Directed tests of dimc_macro: writes, valid ranges, timing, stalls, conflicts."""

from __future__ import annotations

import itertools

import cocotb
import numpy as np
import pyuvm
from cocotb.triggers import ClockCycles, RisingEdge
from cocotb.utils import get_sim_time

from tb.common.clock import PERIOD_NS
from tb.dimc.macro_env import MacroTest, size
from tb.dimc.macro_model import Tile, Vector, vector_beats

CYCLES_PER_VECTOR = 8 // size("BITS_PER_CYCLE", 1)
FIRST_RESULT_LATENCY = 6 + CYCLES_PER_VECTOR


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
    6 cycles more from a tile's last vector to its first result; no stall counted. Tiles are as
    short as the ports allow: a tile's beats leave before the next tile ends, and a tile takes as
    many cycles as it has preload beats."""

    async def stimulus(self) -> None:
        sets = min(self.model.sets, 4)
        for s in range(sets - 1):
            await self.write(*self.plain_fill(s))
        tiles = []
        beats = 0  # of the tile before
        for n in range(60):
            int4 = n % 3 != 0
            cols = self.model.cols * (1 + int4)
            cols = cols if n < 24 else self.random.randint(1, cols)
            preload = np.ones(cols, np.float32) if n % 4 == 3 or n % 16 > 11 else None
            before, beats = beats, -(-cols // self.model.lanes)
            cycles = max(before, beats if preload is not None else 0)
            length = max(-(-cycles // CYCLES_PER_VECTOR), 1 + (n % 4 == 1))
            vectors = [self.vector((n + k) % (sets - 1)) for k in range(length)]
            tiles.append(Tile(vectors, cols, int4, n, preload))
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
    """Results not taken for a long time: the macro stops, counts it exactly, loses nothing."""

    async def stimulus(self) -> None:
        cols = self.model.cols
        await self.write(*self.plain_fill(0))
        self.env.res.set_pause(iter([True] * 200))
        tiles = [
            Tile([self.vector(0)], min(self.model.lanes, cols) if n % 2 else cols, False, n)
            for n in range(12)
        ]
        accepted: list[tuple[float, int]] = []
        stalls = self.dut.count_stalls
        self.env.act.watcher.add_callback(
            lambda _: accepted.append((get_sim_time("ns"), int(stalls.value)))
        )
        for task in self.send(*tiles):
            await task
        # Vectors follow at once: what goes beyond a vector's cycles is a stall of the one before.
        for (start, before), (end, after) in itertools.pairwise(accepted):
            waited = round((end - start) / PERIOD_NS) - CYCLES_PER_VECTOR
            assert after - before == waited, f"{after - before} stalls in {waited} cycles"
        assert int(stalls.value) > 100


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
        used = range(min(4, sets))
        victim = used[-1]
        for s in used:
            await self.write(*self.plain_fill(s))
        self.lock(1, 2)
        for s in used:
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
            tasks = self.send(Tile([self.vector(victim)], cols, False, wait + 1))
            if wait >= 0:
                await tasks[0]
            if wait > 0:
                await ClockCycles(self.dut.clk, wait)
            locked = wait + 2 <= CYCLES_PER_VECTOR
            await self.env.wr.send([self.column(victim, 1, self.random_bytes(), drop=locked)])
            await self.env.board.drained(200)
        for s in used:
            await self.run_tiles(Tile([self.vector(s)], cols, False, s))


@pyuvm.test()
class TooManyColumns(Directed):
    """More columns than the macro can hold count as all it can hold; nothing hangs."""

    async def stimulus(self) -> None:
        await self.write(*self.plain_fill(0))
        most = 2 * self.model.cols
        for cols in (2 * self.model.rows + 1, 255):
            tile = Tile([self.vector(0), self.vector(0)], most, True, 1, np.ones(most, np.float32))
            self.env.board.expect(*self.model.tile(tile))
            beats = [beat | {"cols": cols} for beat in vector_beats(tile)]
            tasks = [self.env.act.send(beats), self.env.pre.send(self.model.preload_beats(tile))]
            for task in tasks:
                await task
            await self.env.board.drained(500)
