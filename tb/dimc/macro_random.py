# SPDX-License-Identifier: Apache-2.0
"""Constrained-random tests of dimc_macro: traffic that aims at the coverage bins, and resets."""

from __future__ import annotations

import copy
import itertools

import cocotb
import numpy as np
import pyuvm
from cocotb.triggers import ClockCycles
from pyuvm import uvm_factory

from tb.common.agents import BeatMonitor
from tb.common.bus import StreamSource
from tb.dimc.macro_coverage import COLUMNS, OVERLAPS, ROWS, STALLS
from tb.dimc.macro_env import WRITE, MacroTest, size
from tb.dimc.macro_model import MacroModel, Status, Tile, Vector

TAGS = 1 << size("TAG_BITS", 8)


@pyuvm.test()
class RandomTraffic(MacroTest):
    """Tiles of one half of the sets run while the other half is written and writes to the locked
    half are dropped. Each epoch has one kind of write and one kind of stall per port, and vectors
    of all formats and valid ranges, some in the same set as the one before; preloads, exponents
    and all values at random. Status is compared after each epoch, at times cleared."""

    async def stimulus(self) -> None:
        await self.fill_first()
        for epoch, (overlap, stalls) in enumerate(self.plan(size("EPOCHS", 12))):
            busy = epoch % 2 * self.half
            await self.traffic(busy, overlap, stalls)
            await self.finish()
            self.check_status()
            if self.random.random() < 0.5:
                await self.clear()

    async def fill_first(self) -> None:
        """Two sets of each half, if it has two."""
        self.half = self.model.sets // 2
        last = 2 * self.half - 1
        for set_ in sorted({0, self.half - 1, self.half, last}):
            await self.env.wr.send(self.fill(set_))

    def plan(self, epochs: int) -> list[tuple[str, dict[str, str]]]:
        """Kind of write and stalls of each epoch. 12 epochs have each kind of write with each kind
        of result stalls; the stalls of the other ports rotate against these."""
        shift = {port: self.random.randrange(4) for port in ("wr", "act", "pre")}
        pairs = list(itertools.product(range(len(OVERLAPS)), range(len(STALLS))))
        plan = []
        while len(plan) < epochs:
            for overlap, res in self.random.sample(pairs, len(pairs)):
                stalls = {p: STALLS[(res + overlap + n) % 4] for p, n in shift.items()}
                plan.append((OVERLAPS[overlap], {**stalls, "res": STALLS[res]}))
        return plan[:epochs]

    def start(self, busy: int, overlap: str, stalls: dict[str, str]) -> list[cocotb.task.Task]:
        """Start sending tiles to the half from set `busy` on; one more task writes to the other."""
        self.lock(busy, busy + self.half - 1)
        self.env.stall(**stalls)
        tasks = self.send(*self.tiles(busy))
        if overlap != "none":
            tasks.append(cocotb.start_soon(self.keep_writing(busy, overlap, tasks[0])))
        return tasks

    async def traffic(self, busy: int, overlap: str, stalls: dict[str, str]) -> None:
        for task in self.start(busy, overlap, stalls):
            await task

    # ---- writes

    async def keep_writing(self, busy: int, kind: str, vectors: cocotb.task.Task) -> None:
        """Write whole sets of the free half, and places in it, until all vectors are taken."""
        free = self.half - busy
        while not vectors.done():
            set_ = self.pick_set(free)
            beats = self.fill(set_) if kind == "column" else self.fill_rows(set_)
            beats += [self.masked(kind, self.pick_set(free)) for _ in range(3)]
            for _ in range(self.random.randint(0, 5)):
                dropped = self.masked(kind, self.pick_set(busy), drop=True)
                beats.insert(self.random.randint(0, len(beats)), dropped)
            await self.env.wr.send(beats)

    def pick_set(self, first: int) -> int:
        last = first + self.half - 1
        return self.random.choice((first, last, self.random.randint(first, last)))

    def fill_rows(self, set_: int) -> list[dict[str, int]]:
        """Row writes of a whole set, or of its first rows."""
        most = self.model.rows
        rows = self.random.choice((most, most, self.random.randint(1, most)))
        return [self.row(set_, r, self.random_bytes()) for r in range(rows)]

    def masked(self, kind: str, set_: int, drop: bool = False) -> dict[str, int]:
        strb = self.numpy.random(self.model.rows) < self.random.choice((0, 0.5, 1))
        if kind == "row":
            row = self.random.randrange(self.model.rows)
            return self.row(set_, row, self.random_bytes(), strb, drop)
        exps = (self.random_exp(), self.random_exp())
        column = self.random.randrange(self.model.cols)
        return self.column(set_, column, self.random_bytes(), exps, strb, drop)

    # ---- tiles

    def tiles(self, first: int) -> list[Tile]:
        """A tile for each format and kind of columns, whose vectors take all kinds of rows, in the
        same and in another set; some short tiles between them."""
        rows = {
            s: self.model.known_rows(s, self.model.cols)
            for s in sorted(self.model.written.intersection(range(first, first + self.half)))
        }
        written = [s for s in rows if rows[s]]
        self.usable = {s: rows[s] for s in self.random.sample(written, min(4, len(written)))}
        self.set = self.random.choice(list(self.usable))
        kinds = [(f, c) for f, columns in COLUMNS.items() for c in columns]
        steps = list(itertools.product(ROWS, (False, True)))
        lengths = [len(steps)] * len(kinds) + [1, 1, 2, 3]
        kinds += self.random.choices(kinds, k=4)
        tiles = [
            self.tile(form, cols, self.random.sample(steps, length))
            for (form, cols), length in zip(kinds, lengths, strict=True)
        ]
        return self.random.sample(tiles, len(tiles))

    def tile(self, form: str, columns: str, steps: list[tuple[str, bool]]) -> Tile:
        int4 = form == "int4"
        most = self.model.cols * (2 if int4 else 1)
        cols = {"one": 1, "all": most}.get(columns) or self.random.randint(2, most - 1)
        if int4 and columns in ("part", "odd"):
            cols = cols & ~1 | (columns == "odd")
        vectors = [self.vector(rows, switch) for rows, switch in steps]
        preload = None
        if self.random.random() < 0.3:
            preload = self.numpy.normal(size=cols).astype(np.float32)
            if self.random.random() < 0.2:
                preload[self.random.randrange(cols)] = self.random.choice((np.nan, np.inf, 1e-40))
        return Tile(vectors, cols, int4, self.random.randrange(TAGS), preload)

    def vector(self, rows: str, switch: bool) -> Vector:
        others = [s for s in self.usable if s != self.set]
        if switch and others:
            self.set = self.random.choice(others)
        most = self.usable[self.set]
        count = {"one": 1, "all": most}.get(rows) or min(
            most, self.random.randint(2, self.model.rows - 1)
        )
        return Vector(self.random_bytes().view(np.int8), self.random_exp(), self.set, count)


class Withdrawable:
    """A source whose beats can be withdrawn: those in flight and all that follow."""

    def __init__(self, source: StreamSource) -> None:
        self.source = source
        self.task: cocotb.task.Task | None = None
        self.withdrawn = False

    async def send(self, fields: dict[str, int], sync: bool) -> None:
        if not self.withdrawn:
            self.task = cocotb.start_soon(self.source.send(fields, sync=sync))
            await self.task.complete

    def withdraw(self) -> None:
        self.withdrawn = True
        if self.task:
            self.task.cancel()
        self.source._idle()


class OutsideReset(BeatMonitor):
    """Reports no beats in reset."""

    def see(self, beat):
        if cocotb.top.rst.value == 0:
            super().see(beat)


@pyuvm.test()
class RandomReset(RandomTraffic):
    """Resets in the middle of traffic: control state, status and counters are cleared, tiles and
    preload beats in flight are forgotten, weights are what was written before; then all is well."""

    def build_phase(self) -> None:
        path = "uvm_test_top.env.res.monitor"
        uvm_factory().set_inst_override_by_type(BeatMonitor, OutsideReset, path)
        super().build_phase()

    async def stimulus(self) -> None:
        env = self.env
        self.ports = []
        for agent in (env.wr, env.act, env.pre):
            agent.driver.source = Withdrawable(agent.source)
            self.ports.append(agent.driver.source)
        self.seen: list[dict[str, int]] = []
        env.writes.add_callback(self.seen.append)
        await self.fill_first()
        for epoch, (overlap, stalls) in enumerate(self.plan(size("EPOCHS", 12))):
            busy = epoch % 2 * self.half
            before = copy.deepcopy(self.model)
            self.seen.clear()
            tasks = self.start(busy, overlap, stalls)
            await ClockCycles(self.dut.clk, self.random.randint(1, 300))
            await self.reset(before, busy)
            for task in tasks:
                await task
            for port in self.ports:
                port.withdrawn = False
            await self.traffic(busy, overlap, stalls)
            await self.finish()
            self.check_status()

    async def reset(self, before: MacroModel, busy: int) -> None:
        """Reset in this cycle, and check what it clears; the model takes the writes seen."""
        dut = self.dut
        for port in self.ports:
            port.withdraw()
        dut.rst.value = 1
        await ClockCycles(dut.clk, 2)
        names = "act_ready wr_ready pre_ready busy res_valid wr_conflict seen_inf seen_nan "
        names += "count_vectors count_conflicts count_stalls"
        state = {name: int(getattr(dut, name).value) for name in names.split()}
        ready = {"act_ready": 1, "wr_ready": 1, "pre_ready": 1}
        assert state == {**dict.fromkeys(state, 0), **ready}, f"after reset: {state}"
        await ClockCycles(dut.clk, self.random.randint(1, 3))
        dut.rst.value = 0
        self.env.board.forget()
        self.model = before
        self.model.status = Status()
        for beat in self.seen:
            if beat["set"] not in range(busy, busy + self.half):
                self.model.take(**{name: beat[name] for name in WRITE})
