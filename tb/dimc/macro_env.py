# SPDX-License-Identifier: Apache-2.0
"""The pyuvm environment of dimc_macro: agents on its ports, scoreboard, coverage, a base test.

The expectation is pushed when a tile is sent, from MacroModel; results are compared as they come.
Negative tests replace a driver or monitor by the factory (see macro_disturbed).
"""

from __future__ import annotations

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles, RisingEdge
from pyuvm import ConfigDB, uvm_env, uvm_test

from tb.common import clock
from tb.common.agents import ResponderAgent, StreamAgent, Tap
from tb.common.bus import Scoreboard, pauses
from tb.dimc.macro_coverage import MacroCoverage, size
from tb.dimc.macro_model import MacroModel, Status, Tile, vector_beats, write_beat

WRITE = ("row", "set", "index", "data", "exps", "strb")
VECTOR = ("data", "exp", "set", "int4", "rows", "cols", "first", "preload", "last", "tag")
RESULT = ("data", "index", "last", "tag")
DRAIN_CYCLES = 20_000
WATCHDOG_CYCLES = 500


class ResultBoard(Scoreboard):
    """A scoreboard of a design that may be reset."""

    def forget(self) -> None:
        """Expect nothing more."""
        self._expected.clear()


class MacroEnv(uvm_env):
    def build_phase(self) -> None:
        self.wr = StreamAgent("wr", self, WRITE)
        self.act = StreamAgent("act", self, VECTOR)
        self.pre = StreamAgent("pre", self, ("data",))
        self.res = ResponderAgent("res", self, RESULT)
        self.results = Tap("results", self)
        self.writes = Tap("writes", self)
        self.coverage = MacroCoverage("coverage", self)

    def connect_phase(self) -> None:
        self.res.ap.connect(self.results.analysis_export)
        self.wr.ap.connect(self.writes.analysis_export)
        self.act.ap.connect(self.coverage.analysis_export)
        self.writes.add_callback(self.coverage.saw_write)
        self.board = ResultBoard(self.results, lane_bits=32)
        self.changes = 0

    def stall(self, **kinds: str) -> None:
        """Stalls of each port (kinds of tb.common.bus.pauses), from the next beat on."""
        self.changes += 1
        for port, kind in kinds.items():
            getattr(self, port).set_pause(pauses(f"{port}{self.changes}")[kind])
        self.coverage.stalls = kinds


class MacroTest(uvm_test):
    """Base of all tests: resets the macro, runs `stimulus`, then checks that nothing is left and
    that status and counters are those of the model."""

    def build_phase(self) -> None:
        self.dut = cocotb.top
        ConfigDB().set(None, "*", "DUT", self.dut)
        self.env = MacroEnv("env", self)
        self.model = MacroModel(size("ROWS", 64), size("COLS", 64), size("SETS", 16))
        self.random = clock.rng(self.get_type_name())
        self.numpy = np.random.default_rng(self.random.getrandbits(64))

    async def run_phase(self) -> None:
        self.raise_objection()
        for name in ("lock_valid", "lock_first", "lock_last", "clear", "disturb"):
            getattr(self.dut, name).value = 0
        await clock.start(self.dut)
        cocotb.start_soon(self.watchdog())
        await self.stimulus()
        await self.finish()
        self.check_status()
        self.drop_objection()

    async def stimulus(self) -> None:
        raise NotImplementedError

    async def watchdog(self) -> None:
        """Fails the test, and says who waits, when no beat moves for WATCHDOG_CYCLES."""
        env = self.env
        streams = [env.wr.watcher, env.act.watcher, env.pre.watcher, env.res.sink]
        moved = [0]
        for stream in streams:
            stream.add_callback(lambda _: moved.__setitem__(0, moved[0] + 1))
        before = None
        while before != moved[0]:
            before = moved[0]
            await ClockCycles(self.dut.clk, WATCHDOG_CYCLES)
        waits = [f"{s.name} {s.bus.valid.value}/{s.bus.ready.value}" for s in streams]
        raise AssertionError(
            f"nothing moved for {WATCHDOG_CYCLES} cycles; valid/ready: {', '.join(waits)}"
        )

    async def finish(self) -> None:
        """Wait for all expected results and an idle macro."""
        await self.env.board.drained(DRAIN_CYCLES)
        await clock.poll(lambda: self.dut.busy.value == 0, self.dut.clk, 100, "an idle macro")
        for _ in range(2):
            await RisingEdge(self.dut.clk)

    def check_status(self) -> None:
        want, dut = self.model.status, self.dut
        got = {
            "inf": bool(dut.seen_inf.value),
            "nan": bool(dut.seen_nan.value),
            "vectors": int(dut.count_vectors.value),
            "conflicts": int(dut.count_conflicts.value),
        }
        assert got == vars(want), f"status: expected {vars(want)}, got {got}"

    # ---- stimulus

    def lock(self, first: int | None, last: int = 0) -> None:
        """Lock sets first to last, or none."""
        self.dut.lock_valid.value = int(first is not None)
        self.dut.lock_first.value = first or 0
        self.dut.lock_last.value = last
        self.env.coverage.locked = range(0) if first is None else range(first, last + 1)

    async def clear(self) -> None:
        """Pulse `clear` at an idle macro, and forget status and counters in the model."""
        self.dut.clear.value = 1
        await RisingEdge(self.dut.clk)
        self.dut.clear.value = 0
        await ClockCycles(self.dut.clk, 2)
        self.model.status = Status()
        assert int(self.dut.count_stalls.value) == 0
        self.check_status()

    def column(self, set_: int, column: int, data, exps=(127, 127), strb=None, drop=False):
        """Beat of a column write, entered in the model unless the macro has to drop it."""
        strb = np.ones(self.model.rows, bool) if strb is None else np.asarray(strb)
        if drop:
            self.model.status.conflicts += 1
        else:
            self.model.write_column(set_, column, data, exps, strb)
        return write_beat(False, set_, column, data, strb, exps)

    def row(self, set_: int, row: int, data, strb=None, drop=False):
        """Beat of a row write, entered in the model unless the macro has to drop it."""
        strb = np.ones(self.model.rows, bool) if strb is None else np.asarray(strb)
        if drop:
            self.model.status.conflicts += 1
        else:
            self.model.write_row(set_, row, data, strb)
        return write_beat(True, set_, row, data, strb)

    def random_bytes(self) -> np.ndarray:
        """uint8 [ROWS]; one draw in four has only the corner values."""
        if self.random.random() < 0.25:
            return self.numpy.choice(
                np.array([0, 1, 0x7F, 0x80, 0x81, 0xFF], np.uint8), self.model.rows
            )
        return self.numpy.integers(0, 256, self.model.rows, dtype=np.uint8)

    def random_exp(self) -> int:
        """Exponent byte: mostly near 127, at times anything, rarely 0 or 255."""
        kind = self.random.random()
        if kind < 0.90:
            return self.random.randint(110, 140)
        return self.random.randint(0, 255) if kind < 0.97 else self.random.choice((0, 1, 254, 255))

    def fill(self, set_: int) -> list[dict[str, int]]:
        """Column writes of a whole set with random weights and exponents."""
        return [
            self.column(set_, c, self.random_bytes(), (self.random_exp(), self.random_exp()))
            for c in range(self.model.cols)
        ]

    def send(self, *tiles: Tile) -> list[cocotb.task.Task]:
        """Start sending tiles and expect their results; await the tasks to know all were taken."""
        vectors, preloads = [], []
        for tile in tiles:
            vectors += vector_beats(tile)
            preloads += self.model.preload_beats(tile)
            self.env.board.expect(*self.model.tile(tile))
        return [self.env.act.send(vectors), self.env.pre.send(preloads)]
