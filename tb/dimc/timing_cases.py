# SPDX-License-Identifier: Apache-2.0
"""cocotb: short directed cases of dimc_macro, from which docs/timing.toml cuts its diagrams.

Every result is compared with MacroModel. The exponents make a contribution equal to its integer
dot product, so that the numbers in a picture can be checked by hand.
"""

from __future__ import annotations

import os

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles, RisingEdge

from tb.common.bus import Scoreboard, StreamMonitor, StreamSink, StreamSource
from tb.common.clock import poll, start
from tb.dimc.macro_model import MacroModel, Tile, Vector, vector_beats, write_beat

ROWS, COLS, SETS = (int(os.environ.get(name, 8)) for name in ("ROWS", "COLS", "SETS"))
PLANES = 8 // int(os.environ.get("BITS_PER_CYCLE", 1))
WRITE = ("row", "set", "index", "data", "exps", "strb")
VECTOR = ("data", "exp", "set", "int4", "rows", "cols", "first", "preload", "last", "tag")
RESULT = ("data", "index", "last", "tag")
ONE = 133  # exponent bytes of block and column with which a contribution is the dot product


class Bench:
    """Streams of the macro, a cycle counter, and when vectors were taken and results came."""

    def __init__(self, dut) -> None:
        self.dut = dut
        self.wr = StreamSource(dut, "wr", dut.clk, WRITE)
        self.act = StreamSource(dut, "act", dut.clk, VECTOR)
        self.pre = StreamSource(dut, "pre", dut.clk)
        self.res = StreamSink(dut, "res", dut.clk, RESULT)
        self.board = Scoreboard(self.res, lane_bits=32)
        self.model = MacroModel(ROWS, COLS, SETS)
        self.cycle = 0
        self.taken: list[int] = []
        self.answered: list[int] = []
        self.watch = StreamMonitor(dut, "act", dut.clk, VECTOR)
        self.watch.add_callback(lambda _: self.taken.append(self.cycle))
        self.res.add_callback(lambda _: self.answered.append(self.cycle))

    async def start(self, *sets: int) -> None:
        """Reset, then fill these sets: column c of set s has weight c + s + 1 in every row."""
        for name in ("lock_valid", "lock_first", "lock_last", "clear"):
            getattr(self.dut, name).value = 0
        await start(self.dut)
        cocotb.start_soon(self.count())
        for set_ in sets:
            for column in range(COLS):
                await self.wr.send(self.column(set_, column, column + set_ + 1))
        await ClockCycles(self.dut.clk, 3)

    async def count(self) -> None:
        while True:
            await RisingEdge(self.dut.clk)
            self.cycle += 1

    def column(self, set_: int, column: int, weight: int, drop: bool = False) -> dict[str, int]:
        data, strb = np.full(ROWS, weight, np.uint8), np.ones(ROWS, bool)
        if drop:
            self.model.status.conflicts += 1
        else:
            self.model.write_column(set_, column, data, (ONE, ONE), strb)
        return write_beat(False, set_, column, data, strb, (ONE, ONE))

    def send(self, *tiles: Tile) -> None:
        """Queue the tiles' vectors and preloads, and what has to come of them."""
        for tile in tiles:
            self.board.expect(*self.model.tile(tile))
            for beat in vector_beats(tile):
                self.act.append(beat)

    async def finish(self) -> None:
        await self.board.drained(500)
        await poll(lambda: self.dut.busy.value == 0, self.dut.clk, 50, "an idle macro")
        await ClockCycles(self.dut.clk, 4)
        assert int(self.dut.count_vectors.value) == self.model.status.vectors
        assert int(self.dut.count_conflicts.value) == self.model.status.conflicts


def tile(tag: int, sets=(0,), int4: bool = False, preload=None) -> Tile:
    """One vector per set over all columns, activations 1 in the first, 2 in the second, ..."""
    vectors = [
        Vector(np.full(ROWS, n + 1, np.int8), ONE, set_, ROWS) for n, set_ in enumerate(sets)
    ]
    return Tile(vectors, 2 * COLS if int4 else COLS, int4, tag, preload)


@cocotb.test()
async def vector_to_result(dut) -> None:
    """A tile of one vector: its first result beat comes PLANES + 6 cycles after it was taken."""
    bench = Bench(dut)
    await bench.start(0)
    bench.send(tile(0xA0))
    await bench.finish()
    assert [at - bench.taken[0] for at in bench.answered] == [PLANES + 6 + g for g in range(4)]


@cocotb.test()
async def vectors_back_to_back(dut) -> None:
    """Tiles of two vectors and one across set switches: a vector each PLANES cycles."""
    bench = Bench(dut)
    await bench.start(0, 1)
    bench.send(tile(0xA0, (0, 1)), tile(0xA1, (1,)), tile(0xA2, (0,)))
    await bench.finish()
    assert {b - a for a, b in zip(bench.taken, bench.taken[1:])} == {PLANES}
    assert int(dut.count_stalls.value) == 0


@cocotb.test()
async def int4_back_to_back(dut) -> None:
    """INT4, two vectors a tile: eight result beats in the time of two vectors, no stall."""
    bench = Bench(dut)
    await bench.start(0, 1)
    bench.send(tile(0xA0, (0, 1), int4=True), tile(0xA1, (1, 0), int4=True))
    await bench.finish()
    assert {b - a for a, b in zip(bench.taken, bench.taken[1:])} == {PLANES}
    assert bench.answered == list(range(bench.answered[0], bench.answered[0] + 16))
    assert int(dut.count_stalls.value) == 0


@cocotb.test()
async def writes_while_vectors_run(dut) -> None:
    """Columns of set 1 are written in all cycles but those that accept a vector of set 0."""
    bench = Bench(dut)
    await bench.start(0)
    bench.send(tile(0xA0), tile(0xA1))
    await ClockCycles(dut.clk, 1)
    before = bench.wr.sent, bench.cycle
    for column in range(COLS):
        bench.wr.append(bench.column(1, column, column + 2))
    await bench.wr.drained(100)
    assert (bench.wr.sent - before[0]) == COLS
    await bench.finish()
    assert {b - a for a, b in zip(bench.taken, bench.taken[1:])} == {PLANES}
    bench.send(tile(0xA2, (1,)))
    await bench.finish()


@cocotb.test()
async def dropped_writes(dut) -> None:
    """Writes to a locked set and to the set in flight are taken, dropped, flagged and counted."""
    bench = Bench(dut)
    await bench.start(0, 1, 2)
    dut.lock_valid.value, dut.lock_first.value, dut.lock_last.value = 1, 1, 1
    bench.send(tile(0xA0))
    await ClockCycles(dut.clk, 2)
    bench.wr.append(bench.column(0, 0, 99, drop=True))
    bench.wr.append(bench.column(1, 0, 99, drop=True))
    bench.wr.append(bench.column(2, 0, 99))
    await bench.wr.drained(100)
    await bench.finish()
    dut.lock_valid.value = 0
    bench.send(tile(0xA1), tile(0xA2, (1,)), tile(0xA3, (2,)))
    await bench.finish()


@cocotb.test()
async def results_not_taken(dut) -> None:
    """The result port stalls: the next vector waits in its last plane, and nothing is lost."""
    bench = Bench(dut)
    await bench.start(0)
    bench.send(*[tile(0xA0 + n) for n in range(3)])
    await poll(lambda: dut.res_valid.value == 1, dut.clk, 50, "the first result")
    bench.res.set_pause(iter([True] * 12))
    await bench.finish()
    assert int(dut.count_stalls.value) > 0


@cocotb.test()
async def preload_starts_a_tile(dut) -> None:
    """Sums start from the preload's fp32 values; a beat that comes late is waited for."""
    bench = Bench(dut)
    await bench.start(0)
    begun = tile(0xA0, preload=np.arange(100, 900, 100).astype(np.float32))
    beats = bench.model.preload_beats(begun)
    bench.send(begun)
    await ClockCycles(dut.clk, PLANES + 4)
    for beat in beats:
        bench.pre.append(beat["data"])
    await bench.finish()
    assert bench.answered[0] - bench.taken[0] > PLANES + 6
