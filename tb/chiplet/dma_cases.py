# SPDX-License-Identifier: Apache-2.0
"""cocotb tests of the DMA engine against models/chiplet.py.

The model's memory has beats that the real one lacks (before MEMORY_BASE and behind the end); they
hold zeros, which is what the memory model answers with an error response.
"""

from __future__ import annotations

import cocotb
import numpy as np
from cocotb.triggers import RisingEdge
from cocotb.utils import get_sim_time

from models.chiplet import Chiplet
from models.commands import Command
from models.config import Config
from models.errors import Code
from models.signature import command_signature
from tb.common.clock import PERIOD_NS, rng, start, wait_for
from tb.common.coverage import Coverage

QUEUE = 1
BOUND = 60_000  # cycles that no command needs
STALLS = ("axi_stall", "stash_stall", "macro_stall")


def coverage() -> Coverage:
    cov = Coverage("dma")
    cov.point("command", ["load", "load_mx", "store", "store_mx", "weights"])
    cov.point("stalls", {"none": range(0, 1), "some": range(1, 128), "heavy": range(128, 256)})
    cov.point("rows", {"one": range(0, 2), "many": range(2, 4096)})
    cov.point("pages", {"inside": range(0, 1), "crosses": range(1, 1 << 20)})
    cov.point("groups", {"part": range(0, 1), "one": range(1, 2), "many": range(2, 1 << 20)})
    for other in ("stalls", "pages", "groups"):
        cov.cross(f"command_x_{other}", ["command", other])
    return cov


class Bench:
    """The engine, its model with the same contents, random stalls."""

    def __init__(self, dut, name: str) -> None:
        self.dut, self.r = dut, rng(name)
        self.block = len(dut.a_stash_data) // 8
        self.group = self.block // 2
        self.page = 4096 // self.block
        self.sets, self.macros = int(dut.SETS.value), int(dut.N_MACROS.value)
        self.beats = int(dut.STASH_BEATS.value)
        self.base, self.depth = int(dut.MEMORY_BASE.value), int(dut.MEMORY_BEATS.value)
        self.end = self.base + self.depth
        config = Config("bench", 1, self.macros, self.block, self.sets, self.beats, 4)
        memory = np.zeros((self.end + 256, self.block), np.uint8)
        self.model = Chiplet(config, 0, memory)
        self.done = 0
        self.level = 0

    async def begin(self) -> None:
        d = self.dut
        for name in ("cancel", "cmd_valid", "cmd", "conflict_enable", "conflict_set", "t_read",
                     "t_write", "t_index"):
            getattr(d, name).value = 0
        self.stalls(0)
        await start(d)
        random = np.random.default_rng(self.r.getrandbits(32))
        m = self.model
        m.memory[self.base:self.end] = random.integers(0, 256, (self.depth, self.block), np.uint8)
        m.data[:] = random.integers(0, 256, m.data.shape, np.uint8)
        m.exps[:] = random.integers(0, 256, m.exps.shape, np.uint8)
        for macro in m.macros:
            macro.weights[:] = random.integers(-128, 128, macro.weights.shape, np.int8)
            macro.exps[:] = random.integers(0, 256, macro.exps.shape, np.uint8)
        columns, exps = self._columns()
        for i in range(max(self.beats, self.depth, len(columns))):
            d.t_index.value = i
            write = 0
            if i < self.beats:
                write |= 1
                d.t_stash_data.value = int.from_bytes(m.data[i].tobytes(), "little")
                d.t_stash_exps.value = int.from_bytes(m.exps[i].tobytes(), "little")
            if i < self.depth:
                write |= 2
                d.t_memory_data.value = int.from_bytes(m.memory[self.base + i].tobytes(), "little")
            if i < len(columns):
                write |= 4
                d.t_column_data.value = int.from_bytes(columns[i].tobytes(), "little")
                d.t_column_exps.value = int.from_bytes(exps[i].tobytes(), "little")
            d.t_write.value = write
            await RisingEdge(d.clk)
        d.t_write.value = 0

    def _columns(self) -> tuple[np.ndarray, np.ndarray]:
        """Columns of all macros in the order of the bench: uint8 [n, block], exponents [n, 2]."""
        data = np.concatenate([m.weights.view(np.uint8).reshape(-1, self.block)
                               for m in self.model.macros])
        return data, np.concatenate([m.exps.reshape(-1, 2) for m in self.model.macros])

    def stalls(self, level: int) -> None:
        """0 no stalls and a quick memory, else random ones; about `level` of 256 cycles."""
        d, r = self.dut, self.r
        d.reader_load.value = 0
        self.level = level
        d.read_latency.value = r.choice((2, 17, 60)) if level else 2
        d.write_latency.value = r.choice((2, 9, 40)) if level else 2
        d.bandwidth.value = r.choice((256, 100, 256)) if level else 256
        for name in STALLS:
            getattr(d, name).value = r.choice((0, level, level // 4)) if level else 0
        if level:  # the memory model serves reads first: leave some bandwidth to the writes
            d.reader_load.value = r.choice((0, level // 8))

    async def read_back(self):
        """Stash data, stash exponents, memory, columns, column exponents of the machine."""
        d = self.dut
        level = self.level
        self.stalls(0)
        total = self.macros * self.sets * self.block
        sizes = (self.beats, self.beats, self.depth, total, total)
        widths = (self.block, 2, self.block, self.block, 2)
        ports = (d.a_stash_data, d.a_stash_exps, d.a_memory_data, d.a_column_data,
                 d.a_column_exps)
        out = [bytearray() for _ in ports]
        d.t_read.value = 1
        for i in range(max(sizes) + 2):
            d.t_index.value = i
            await RisingEdge(d.clk)
            for k, port in enumerate(ports):  # the answer to the index before the last edge
                if 0 <= i - 1 < sizes[k]:
                    out[k] += int(port.value).to_bytes(widths[k], "little")
        d.t_read.value = 0
        self.stalls(level)
        return [np.frombuffer(bytes(o), np.uint8).reshape(-1, w)
                for o, w in zip(out, widths, strict=True)]

    async def compare(self, what: str = "") -> None:
        """All of stash, memory and macros, and the number of done pulses."""
        columns, exps = self._columns()
        want = (self.model.data, self.model.exps, self.model.memory[self.base:self.end], columns,
                exps)
        names = ("stash beat", "stash exponents", "memory beat", "column", "column exponents")
        for name, a, b in zip(names, await self.read_back(), want, strict=True):
            bad = np.argwhere((a != b).any(axis=1))[:, 0]
            assert not len(bad), (f"{what}: {name} {bad[0]} ({len(bad)} in all): got "
                                  f"{a[bad[0]].tobytes().hex()}, expected "
                                  f"{b[bad[0]].tobytes().hex()}")
        assert int(self.dut.done_count.value) == self.done, f"{what}: done pulses"

    async def offer(self, c: Command) -> None:
        """Hand over a command."""
        d = self.dut
        d.cmd.value = int.from_bytes(c.encode(), "little")
        d.cmd_valid.value = 1
        for _ in range(BOUND):
            await RisingEdge(d.clk)
            if d.cmd_ready.value == 1:
                break
        else:
            raise AssertionError(f"{c} is not taken")
        d.cmd_valid.value = 0

    async def finish(self, what: object) -> tuple[int, int]:
        """Wait for done: status, signature."""
        await wait_for(self.dut.done_valid, BOUND, f"{what}")
        await RisingEdge(self.dut.clk)
        assert self.dut.done_valid.value == 1
        self.done += 1
        return int(self.dut.done_status.value), int(self.dut.done_signature.value)

    async def run(self, c: Command) -> None:
        """A good command: status and signature as the model's."""
        want = self.model.execute(c)
        await self.offer(c)
        status, got = await self.finish(c)
        assert status == Code.NONE, f"{c}: status {status}"
        assert got == want, f"{c}: signature {got:08x}, expected {want:08x}"

    # Stimulus

    def size(self, count: int, mx: int) -> int:
        """Memory beats of a row."""
        return count + (-(-count // self.group) if mx else 0)

    def place(self, size: int) -> int:
        """A memory beat where `size` beats fit, often close before a 4 KiB boundary."""
        last = self.end - size
        if self.r.random() < 0.5:
            boundary = self.page * self.r.randint(1, self.end // self.page)
            return min(max(self.base, boundary - self.r.randint(1, size)), last)
        return self.r.randint(self.base, last)

    def copy(self, name: str, mx: int, count: int = 0, distinct: bool = False) -> Command:
        """A random load or store that fits; `distinct`: no beat is written twice."""
        r = self.r
        count = count or r.choice((1, r.randint(1, self.group), r.randint(1, 3 * self.group)))
        rows = r.choice((1, 1, 2, 5))
        size = self.size(count, mx)
        mem_stride = r.choice((size, size + r.randint(0, 9),
                               r.randint(0, size) if name == "load" or not mx else size))
        stash_stride = r.choice((count, count + r.randint(0, 9), r.randint(0, count)))
        if distinct:
            mem_stride, stash_stride = max(size, mem_stride), max(count, stash_stride)
        while rows > 1 and ((rows - 1) * mem_stride + size > self.depth
                            or (rows - 1) * stash_stride + count > self.beats):
            rows -= 1
        stash = r.randint(0, self.beats - (rows - 1) * stash_stride - count)
        mem = self.place((rows - 1) * mem_stride + size)
        return Command(name, QUEUE, {
            "mem": mem, "stash": stash, "rows": rows, "count": count, "mem_stride": mem_stride,
            "stash_stride": stash_stride, "mx": mx})

    def weights(self, count: int = 0) -> Command:
        r = self.r
        count = count or r.choice((1, r.randint(1, self.group), r.randint(1, 4 * self.block)))
        first = r.randint(0, self.sets * self.block - count)
        return Command("weights", QUEUE, {
            "mem": self.place(self.size(count, 1)), "set": first // self.block,
            "index": first % self.block, "count": count, "macro": r.randrange(self.macros)})

    def any(self) -> Command:
        name = self.r.choice(("load", "load", "store", "store", "weights"))
        return self.weights() if name == "weights" else self.copy(name, self.r.randrange(2))

    def sample(self, cov: Coverage, c: Command) -> None:
        mx = 1 if c.name == "weights" else c.mx
        size = self.size(c.count, mx)
        cov.sample(command=c.name + ("_mx" if c.name != "weights" and mx else ""),
                   stalls=self.level, rows=c.rows if c.name != "weights" else 1,
                   pages=(c.mem + size - 1) // self.page - c.mem // self.page,
                   groups=c.count // self.group)


@cocotb.test()
async def random_commands(dut) -> None:
    """Loads, stores and weights of any shape under all stalls; everything is compared."""
    b = Bench(dut, "random_commands")
    await b.begin()
    await b.compare("before the first command")
    cov = coverage()
    rounds = int(cocotb.plusargs.get("rounds", 6))
    for step in range(rounds):
        b.stalls((0, 40, 200)[step % 3])
        for _ in range(25):
            c = b.any()
            b.sample(cov, c)
            await b.run(c)
        await b.compare(f"round {step}")
    cov.save()


@cocotb.test()
async def every_tail(dut) -> None:
    """Last groups of every length, alone and behind a whole group, in all three commands."""
    b = Bench(dut, "every_tail")
    await b.begin()
    for tail in range(1, b.group + 1):
        b.stalls(b.r.choice((0, 60)))
        for count in (tail, b.group + tail):
            await b.run(b.copy("store", 1, count))
            await b.run(b.copy("load", 1, count))
            await b.run(b.weights(count))
    await b.compare()


@cocotb.test()
async def store_then_load(dut) -> None:
    """The signature of a command is that of models/signature.py over the beats of the stash."""
    b = Bench(dut, "store_then_load")
    await b.begin()
    for mx in (0, 1):
        count = b.group + 3
        beats = [(k, b.model.data[5 + k].tobytes(), tuple(b.model.exps[5 + k] * mx))
                 for k in range(count)]
        values = {"mem": b.base + 7, "stash": 5, "rows": 1, "count": count, "mx": mx}
        for name in ("store", "load"):
            c = Command(name, QUEUE, values)
            assert b.model.execute(c) == command_signature(beats)
            await b.offer(c)
            assert await b.finish(c) == (Code.NONE, command_signature(beats))
    await b.compare()


@cocotb.test()
async def refused(dut) -> None:
    """Zero counts and extents one beat too far: the status, and nothing has changed."""
    b = Bench(dut, "refused")
    await b.begin()
    last = b.beats - 1
    copy = {"mem": b.base, "stash": 0, "rows": 2, "count": 3, "mem_stride": 9, "stash_stride": 4}
    weights = {"mem": b.base, "count": b.block, "set": b.sets - 1, "macro": b.macros - 1}
    cases = [(name, {**copy, **change, "mx": mx}, code)
             for name in ("load", "store") for mx in (0, 1) for change, code in (
                 ({"rows": 0}, Code.ILLEGAL), ({"count": 0}, Code.ILLEGAL),
                 ({"rows": 0, "stash": last}, Code.ILLEGAL),
                 ({"stash": last - 5}, Code.ADDRESS), ({"stash": 65535}, Code.ADDRESS),
                 ({"count": 65535}, Code.ADDRESS), ({"rows": 4095}, Code.ADDRESS),
                 ({"rows": 4095, "stash_stride": 4095}, Code.ADDRESS))]
    cases += [("weights", {**weights, **change}, code) for change, code in (
        ({"count": 0}, Code.ILLEGAL), ({"count": b.block + 1}, Code.ADDRESS),
        ({"index": 1}, Code.ADDRESS), ({"set": b.sets}, Code.ADDRESS),
        ({"set": 4095}, Code.ADDRESS), ({"macro": b.macros}, Code.ADDRESS),
        ({"macro": 15}, Code.ADDRESS), ({"set": 0, "index": b.block, "count": 1}, Code.ADDRESS),
        ({"count": (1 << 20) - 1}, Code.ADDRESS))]
    for name, values, code in cases:
        c = Command(name, QUEUE, values)
        await b.offer(c)
        status, _ = await b.finish(c)
        assert status == code, f"{c}: status {status}, expected {code!r}"
        await b.run(b.any())
    await b.compare("after refused commands")
    for name, values in (  # the same one beat less far is good
            ("load", {**copy, "stash": last - 6}), ("store", {**copy, "stash": last - 6, "mx": 1}),
            ("weights", weights), ("weights", {**weights, "index": b.block - 1, "count": 1})):
        await b.run(Command(name, QUEUE, values))
    # No opcode of the engine.
    raw = bytearray(Command("load", QUEUE, copy).encode())
    raw[0] = raw[0] & 0xF0 | 7
    dut.cmd.value = int.from_bytes(raw, "little")
    dut.cmd_valid.value = 1
    await RisingEdge(dut.clk)
    while dut.cmd_ready.value != 1:
        await RisingEdge(dut.clk)
    dut.cmd_valid.value = 0
    assert (await b.finish("opcode 7"))[0] == Code.ILLEGAL
    await b.compare("after the limits")


@cocotb.test()
async def memory_errors(dut) -> None:
    """An error response to any beat of the command, exponents included, is MEMORY; the command runs
    to its end, good beats are right, and the engine goes on."""
    b = Bench(dut, "memory_errors")
    await b.begin()
    g = b.group
    for level in (0, 80):
        b.stalls(level)
        for mem, count in ((b.base - 1, 4), (b.end - 4, g + 4), (b.end - g, g), (b.end + 5, 2 * g),
                           (b.base - 3, 3), (b.end - 2 * g - 1, 2 * g)):
            for name, mx in (("load", 0), ("load", 1), ("store", 0), ("store", 1), ("weights", 1)):
                values = {"mem": mem, "count": count}
                if name != "weights":
                    values |= {"rows": 1, "mx": mx, "stash": b.r.randint(0, b.beats - count)}
                c = Command(name, QUEUE, values)
                size = b.size(count, mx)
                if mem >= b.base and mem + size <= b.end:
                    await b.run(c)
                    continue
                b.model.execute(c)
                b.model.memory[: b.base] = 0
                b.model.memory[b.end:] = 0
                await b.offer(c)
                status, _ = await b.finish(c)
                assert status == Code.MEMORY, f"{c}: status {status}"
                await b.run(b.any())
        await b.compare("after memory errors")


@cocotb.test()
async def conflicts(dut) -> None:
    """Dropped writes, if only the last one of a command, make it CONFLICT; the others are done."""
    b = Bench(dut, "conflicts")
    await b.begin()
    dut.conflict_enable.value = 1
    for step in range(24):
        b.stalls((0, 60)[step % 2])
        c = b.weights(b.r.randint(1, 3 * b.block))
        if step % 4 > 1:  # the last beat is the first column of its set
            index = b.r.randrange(1, b.block)
            count = 1 + (b.block - index) * (step % 8 < 4)
            c = Command("weights", QUEUE, {
                "mem": b.place(b.size(count, 1)), "set": 1, "count": count, "macro": c.macro,
                "index": index if count > 1 else 0})
        first = c.set * b.block + c.index
        sets = range(first // b.block, (first + c.count - 1) // b.block + 1)
        held = b.r.choice((sets[0], sets[-1], (sets[-1] + 1) % b.sets))
        if step % 4 > 1:
            held = sets[-1]
        dut.conflict_set.value = held
        macro = b.model.macros[c.macro]
        kept = macro.weights[held].copy(), macro.exps[held].copy()
        b.model.execute(c)
        macro.weights[held], macro.exps[held] = kept
        await b.offer(c)
        status, _ = await b.finish(c)
        want = Code.CONFLICT if held in sets else Code.NONE
        assert status == want, f"{c}, set {held} held: status {status}, expected {want!r}"
        dut.conflict_set.value = 4095
        await b.run(b.any())
    await b.compare("after conflicts")


@cocotb.test()
async def cancelled(dut) -> None:
    """Cancel at any moment: the engine ends within a bound, without done; each beat is the old one
    or the new one; the next command is right."""
    b = Bench(dut, "cancelled")
    await b.begin()
    for step in range(int(cocotb.plusargs.get("cancels", 40))):
        b.stalls(b.r.choice((0, 0, 60, 200)))
        name, mx = (("load", 0), ("load", 1), ("store", 0), ("store", 1), ("weights", 1))[step % 5]
        c = b.weights() if name == "weights" else b.copy(name, mx, distinct=True)
        m = b.model
        old = [x.copy() for x in (m.data, m.exps, m.memory[b.base:b.end], *b._columns())]
        m.execute(c)
        new = (m.data, m.exps, m.memory[b.base:b.end], *b._columns())
        await b.offer(c)
        for _ in range(b.r.choice((0, 1, 2, b.r.randint(0, 40), b.r.randint(0, 4 * c.count)))):
            await RisingEdge(dut.clk)
            if dut.done_valid.value == 1:
                b.done += 1
        dut.cancel.value = 1
        await RisingEdge(dut.clk)
        if dut.done_valid.value == 1:  # it was complete before
            b.done += 1
        await RisingEdge(dut.clk)
        written = int(dut.write_count.value)
        for cycle in range(BOUND):
            await RisingEdge(dut.clk)
            if cycle > 15 and dut.busy.value == 0:
                break
        else:
            raise AssertionError(f"{c}: still busy {BOUND} cycles after cancel")
        dut.cancel.value = 0
        await RisingEdge(dut.clk)
        assert int(dut.done_count.value) == b.done, f"{c}: done after cancel"
        assert int(dut.write_count.value) == written, f"{c}: goes on writing after cancel"
        got = await b.read_back()
        for a, o, n in zip(got, old, new, strict=True):
            good = (a == o).all(axis=1) | (a == n).all(axis=1)
            assert good.all(), f"{c}: entry {np.argmin(good)} is neither old nor new"
        m.data[:], m.exps[:] = got[0], got[1]
        m.memory[b.base:b.end] = got[2]
        shape = (b.macros, b.sets, b.block, -1)
        for macro, w, e in zip(m.macros, got[3].reshape(shape), got[4].reshape(shape), strict=True):
            macro.weights[:], macro.exps[:] = w.view(np.int8), e
        for _ in range(2):
            await b.run(b.any())
    await b.compare("after the last cancel")


@cocotb.test()
async def rates(dut) -> None:
    """Beats per cycle without stalls, memory latency 40; the latency of one beat."""
    b = Bench(dut, "rates")
    await b.begin()
    dut.read_latency.value = 40
    dut.write_latency.value = 20
    count = min(b.sets * b.block, 15 * b.group)
    long = {"mem": b.base, "rows": 1, "count": min(count, b.beats)}
    cycles = {}
    for label, c in (
            ("weights", Command("weights", QUEUE, {"mem": b.base, "count": count})),
            ("load mx", Command("load", QUEUE, {**long, "mx": 1})),
            ("load raw", Command("load", QUEUE, long)),
            ("store mx", Command("store", QUEUE, {**long, "mx": 1})),
            ("store raw", Command("store", QUEUE, long)),
            ("load 1", Command("load", QUEUE, {**long, "count": 1})),
            ("load 1 mx", Command("load", QUEUE, {**long, "count": 1, "mx": 1}))):
        b.model.execute(c)
        await b.offer(c)
        begin = get_sim_time("ns")
        await b.finish(c)
        cycles[label] = round((get_sim_time("ns") - begin) / PERIOD_NS)
        rate = c.count / cycles[label]
        dut._log.info(f"{label}: {c.count} beats in {cycles[label]} cycles, {rate:.3f} per cycle")
        if label in ("weights", "load mx"):
            # The exponent beats cost a cycle each; 60 cycles of latency.
            assert cycles[label] <= b.size(c.count, 1) + 60, f"{label}: {cycles[label]} cycles"
        if label == "load raw":
            assert cycles[label] <= c.count + 60, f"{label}: {cycles[label]} cycles"
    await b.compare()
