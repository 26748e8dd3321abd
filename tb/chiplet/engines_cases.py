# SPDX-License-Identifier: Apache-2.0
"""cocotb tests of MOVE, SEND, link receivers and mac sequencers against models/chiplet.py.

Programs are random; each command's signature and, at the end, the whole stash must be the model's.
A packet sent to peer p comes back as a packet from peer p.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict

import cocotb
import numpy as np
from cocotb.triggers import RisingEdge

from models import commands
from models.chiplet import Chiplet
from models.commands import Command
from models.config import Config
from models.errors import Code
from tb.common.clock import reset, rng, start

N_MACROS, N_CHIPLETS = 2, 3
QUEUES = 4 + N_MACROS


class Bench:
    """The machine, its model with the same contents, and the records that both produce."""

    def __init__(self, dut, name: str) -> None:
        self.dut, self.r = dut, rng(name)
        self.rng = np.random.default_rng(self.r.getrandbits(32))
        self.block = len(dut.t_data) // 8
        self.lanes = self.block // 4
        self.sets = int(dut.SETS.value)
        self.beats = int(dut.STASH_BEATS.value)
        config = Config("bench", N_CHIPLETS, N_MACROS, self.block, self.sets, self.beats, 4)
        self.model = Chiplet(config, 0, np.zeros((1, self.block), np.uint8), False)
        self.want: dict[int, list[tuple[int, int]]] = defaultdict(list)
        self.got: dict[int, list[tuple[int, int]]] = defaultdict(list)
        self.times: list[tuple[int, int]] = []  # (cycle, queue) of records
        self.taken: list[int] = []              # cycles in which macro 0 took a vector
        self.offered: list[int] = []            # cycles in which macro 0's sequencer had a command
        self.cycle = 0

    async def begin(self, noise: int) -> None:
        d = self.dut
        for name in ("push_valid", "push_cmd", "t_valid", "t_we", "t_addr", "t_data", "t_exps"):
            getattr(d, name).value = 0
        d.noise.value = noise
        d.seed.value = rng("noise").randrange(1, 1 << 32)
        await start(d)
        cocotb.start_soon(self._watch())
        # Exponents near 1, so that products stay finite mostly, and a few extreme ones.
        data = self.rng.integers(0, 256, (self.beats, self.block), np.uint8)
        exps = self.rng.integers(120, 134, (self.beats, 2), np.uint8)
        odd = self.rng.random(self.beats) < 0.02
        exps[odd] = self.rng.choice(np.array([0, 1, 254, 255], np.uint8), (odd.sum(), 2))
        self.model.write(np.arange(self.beats), data, exps)
        for beat in range(self.beats):
            await self._access(1, beat, data[beat], exps[beat])
        # Every column of every set is written before anything is multiplied.
        for macro in range(N_MACROS):
            rows = self.block * self.sets
            await self.push(Command("column", 2, {
                "src": 0, "rows": rows, "tiles": 1, "src_outer": 1, "block_stride": 1,
                "macro": macro} if rows <= self.beats else self._fill(macro)))

    def _fill(self, macro: int) -> dict[str, int]:
        return {"src": macro, "rows": self.block * self.sets, "tiles": 1,
                "src_outer": (self.beats - 2) // (self.block * self.sets), "block_stride": 1,
                "macro": macro}

    async def _access(self, we: int, beat: int, data=None, exps=None) -> None:
        d = self.dut
        d.t_valid.value, d.t_we.value, d.t_addr.value = 1, we, beat
        if we:
            d.t_data.value = int.from_bytes(data.tobytes(), "little")
            d.t_exps.value = int(exps[0]) | int(exps[1]) << 8
        while True:
            await RisingEdge(d.clk)
            if d.t_ready.value == 1:
                break
        d.t_valid.value = 0

    async def read(self, beat: int) -> tuple[bytes, tuple[int, int]]:
        await self._access(0, beat)
        await RisingEdge(self.dut.clk)
        assert self.dut.a_valid.value == 1
        exps = str(self.dut.a_exps.value)
        data = int(self.dut.a_data.value).to_bytes(self.block, "little")
        return data, (int(exps[8:], 2), int(exps[:8], 2)) if set(exps) <= set("01") else (0, 0)

    async def _watch(self) -> None:
        d = self.dut
        while True:
            await RisingEdge(d.clk)
            self.cycle += 1
            if d.trace_valid.value == 1 and d.rst.value == 0:
                queue = int(d.trace_queue.value)
                record = (int(d.trace_opcode.value), int(d.trace_signature.value))
                self.got[queue].append(record)
                self.times.append((self.cycle, queue))
                n = len(self.got[queue]) - 1
                assert int(d.trace_sequence.value) == n % 65536
                assert n < len(self.want[queue]), f"queue {queue}: record {n}, no such command"
                assert record == self.want[queue][n], (
                    f"queue {commands.queue_name(queue)} command {n}: expected "
                    f"{self.want[queue][n]}, got {record}")
            if int(d.act_take.value) & 1:
                self.taken.append(self.cycle)
            if int(d.cmd_valid.value) >> 4 & 1:
                self.offered.append(self.cycle)

    def execute(self, c: Command) -> None:
        """What the model says that the command does, with its packets."""
        opcode = commands.formats()[c.name].opcode
        if c.name != "send":
            self.want[c.queue].append((opcode, self.model.execute(c)))
            return
        signature, packets = self.model.send(c)
        self.want[c.queue].append((opcode, signature))
        for to, packet in packets.items():
            self.want[16 + to].append((1, self.model.receive(packet)))

    async def push(self, c: Command, execute: bool = True) -> None:
        if execute:
            self.execute(c)
        d = self.dut
        d.push_valid.value = 1
        d.push_cmd.value = int.from_bytes(c.encode(), "little")
        while True:
            await RisingEdge(d.clk)
            if d.push_ready.value == 1:
                break
            assert d.error_valid.value == 0, self.error()
        d.push_valid.value = 0

    def error(self) -> tuple[int, int, int]:
        d = self.dut
        return tuple(int(getattr(d, f"error_{n}").value) for n in ("code", "queue", "sequence"))

    async def idle(self, cycles: int = 60000) -> None:
        d, quiet = self.dut, 0
        for _ in range(cycles):
            await RisingEdge(d.clk)
            assert d.error_valid.value == 0, self.error()
            done = all(len(self.got[q]) == len(w) for q, w in self.want.items())
            quiet = quiet + 1 if done and d.queue_idle.value == (1 << QUEUES) - 1 else 0
            if quiet == 4:
                return
        missing = {q: (len(self.got[q]), len(w)) for q, w in self.want.items()}
        raise AssertionError(f"not idle after {cycles} cycles, records (got, expected): {missing}")

    async def compare(self) -> None:
        """The whole stash against the model. Exponents of byte vectors are not defined."""
        for beat in range(self.beats):
            data, exps = await self.read(beat)
            assert data == self.model.data[beat].tobytes(), f"stash beat {beat}"
            want = tuple(int(e) for e in self.model.exps[beat])
            assert exps == want, f"stash beat {beat}: exponents {exps}, expected {want}"

    # Random commands. `low` to `high` is the part of the stash that they write.

    def mac(self, queue: int, low: int, high: int, sets=None, big: bool = False) -> Command:
        r = self.r
        first, last = sets or (0, self.sets)
        while True:
            int4 = int(r.random() < 0.3)
            tile = self.block << int4
            tiles = r.choice((1, 1, 2, 3))
            blocks = r.choice((1, 1, 2, 3, 5)) if not big else r.randint(1, last - first)
            values = {
                "cols": r.randint((tiles - 1) * tile + 1, tiles * tile),
                "depth": r.randint((blocks - 1) * self.block + 1, blocks * self.block),
                "outer": r.choice((1, 1, 2, 4)), "inner": r.choice((1, 1, 2, 3)),
                "tile_stride": r.randint(0, 5), "int4": int4,
                "accumulate": int(r.random() < 0.3), "set": r.randrange(first, last),
                "src_outer": r.randint(0, 20), "src_inner": r.randint(0, 9),
            }
            beats = -(-values["cols"] // self.lanes)
            values["dst_inner"] = beats + r.choice((0, 0, 3))
            values["dst_outer"] = values["inner"] * values["dst_inner"] + r.choice((0, 0, 5))
            extent = (values["outer"] - 1) * values["dst_outer"] + beats
            extent += (values["inner"] - 1) * values["dst_inner"]
            reach = (values["outer"] - 1) * values["src_outer"] + blocks
            reach += (values["inner"] - 1) * values["src_inner"]
            if (values["set"] + (tiles - 1) * values["tile_stride"] + blocks <= last
                    and extent <= high - low and reach <= self.beats):
                values["dst"] = r.randint(low, high - extent)
                # Activations do not come from where results go: they may be read early.
                below, above = low - reach, self.beats - reach - high
                if max(below, above) < 0:
                    continue
                values["src"] = r.randint(0, below) if below >= above else \
                    high + r.randint(0, above)
                return Command("mac", queue, values)

    def move(self, low: int, high: int, macro: int, sets=None) -> Command:
        r = self.r
        first, last = sets or (0, self.sets)
        while True:
            values = {
                "rows": r.choice((1, 2, 5, self.block + 3)), "pos": r.randrange(4 * self.block),
                "set": r.randrange(first, last), "tiles": r.choice((1, 1, 2, 3)),
                "src_outer": r.randint(0, 9), "src_inner": r.randint(0, 9),
                "block_stride": r.randint(0, 3), "tile_stride": r.randint(0, 3), "macro": macro,
                "ev": r.randrange(low, high), "ev_stride": r.randint(0, 9),
            }
            reach = (values["rows"] - 1) * values["src_outer"]
            reach += (values["tiles"] - 1) * values["src_inner"] + 1
            block = (values["pos"] + values["rows"] - 1) // self.block
            top = values["set"] + block * values["block_stride"]
            top += (values["tiles"] - 1) * values["tile_stride"]
            ev = values["ev"] + block + (values["tiles"] - 1) * values["ev_stride"]
            if reach <= low and top < last and ev < high:
                values["src"] = r.randint(0, low - reach)
                return Command(r.choice(("column", "row")), 2, values)

    def send(self, low: int, high: int) -> Command:
        r = self.r
        while True:
            values = {
                "rows": r.choice((1, 1, 3, 6)), "count": r.choice((0, 1, 2, 7)),
                "src_stride": r.randint(0, 20), "dst_stride": r.randint(7, 20),
                "peers": r.choice((2, 4, 6)),
            }
            reach = (values["rows"] - 1) * values["src_stride"] + values["count"]
            extent = (values["rows"] - 1) * values["dst_stride"] + values["count"]
            if reach <= low and extent <= high - low:
                values["src"] = r.randint(0, low - reach)
                values["dst"] = r.randint(low, high - extent)
                return Command("send", 3, values)


def with_header(c: Command, **values: int) -> Command:
    return dataclasses.replace(c, values={**c.values, **values})


@cocotb.test()
async def serial(dut) -> None:
    """Any command after any other, each waiting for the one before, anywhere in the stash."""
    b = Bench(dut, "serial")
    await b.begin(noise=90)
    await b.idle()
    before: list[int] = []  # producers that the next command has to wait for
    # The consumer of a command is known when the next one is made, so each is given one late.
    held = None
    for _ in range(int(cocotb.plusargs.get("commands", 60))):
        kind = b.r.choice(("mac", "mac", "move", "send"))
        low = b.r.randrange(100, b.beats - 300)
        c = {"mac": lambda low=low: b.mac(4 + b.r.randrange(N_MACROS), low, low + 200),
             "move": lambda low=low: b.move(low, low + 200, b.r.randrange(N_MACROS)),
             "send": lambda low=low: b.send(low, low + 200)}[kind]()
        if held is not None:
            signal = {"signal_first": c.queue, "signal_count": 1}
            before = [held.queue]
            if held.name == "send":
                before = [16 + p for p in (1, 2) if held.peers >> p & 1]
                signal = {"remote_first": c.queue, "remote_count": 1}
            await b.push(with_header(held, **signal))
        c = with_header(c, wait_first=before[0] if before else 0, wait_count=len(before))
        held = c
    await b.push(held)
    await b.idle()
    await b.compare()


@cocotb.test()
async def parallel(dut) -> None:
    """All queues at once, each with its own part of stash and sets, many commands in flight."""
    b = Bench(dut, "parallel")
    await b.begin(noise=60)
    await b.idle()
    half = b.sets // 2
    for _ in range(int(cocotb.plusargs.get("commands", 60))):
        queue = b.r.choice((2, 3, 4, 4, 5, 5))
        if queue == 2:
            # MOVE owns the upper sets, which no mac of this test reads.
            await b.push(b.move(380, 440, b.r.randrange(N_MACROS), (half, b.sets)))
        elif queue == 3:
            # Packets of two peers may arrive in either order, so each peer has its own part.
            peer = b.r.randrange(2)
            low = 440 + 30 * peer
            c = b.send(low, low + 30)
            reach = (c.rows - 1) * c.src_stride + c.count
            await b.push(with_header(c, src=b.r.randint(0, 380 - reach), peers=2 << peer))
        else:
            low = 500 + 250 * (queue - 4)
            c = b.mac(queue, low, low + 250, (0, half))
            reach = (c.outer - 1) * c.src_outer + (c.inner - 1) * c.src_inner
            reach += -(-c.depth // b.block)
            await b.push(with_header(c, src=b.r.randint(0, 380 - reach)))
    await b.idle()
    await b.compare()


@cocotb.test()
async def no_bubbles(dut) -> None:
    """Without contention a macro takes a vector every 8 cycles, across rows and commands."""
    b = Bench(dut, "no_bubbles")
    await b.begin(noise=0)
    await b.idle()
    b.taken.clear()
    b.offered.clear()
    shape = {"cols": 2 * b.block, "depth": 3 * b.block, "outer": 4, "inner": 1, "tile_stride": 3,
             "src_outer": 3, "dst": 600, "dst_outer": 8}
    small = {"cols": b.block, "depth": b.block, "outer": 1, "inner": 1, "dst": 700}
    for values in (shape, shape, small, small, small):
        await b.push(Command("mac", 4, values))
    await b.idle()
    gaps = {y - x for x, y in zip(b.taken, b.taken[1:])}
    assert len(b.taken) == 2 * 24 + 3
    assert gaps == {8}, f"cycles between vectors: {sorted(gaps)}"
    assert b.taken[0] - b.offered[0] == 4, (b.offered[0], b.taken[0])
    dut._log.info("first vector %d cycles after the command", b.taken[0] - b.offered[0])
    b.times.clear()
    b.offered.clear()
    await b.push(Command("mac", 4, small))
    await b.idle()
    dut._log.info("smallest mac: record %d cycles after the command",
                  b.times[0][0] - b.offered[0])
    await b.compare()


@cocotb.test()
async def accumulate_in_order(dut) -> None:
    """Small commands that accumulate onto what the one before has just written."""
    b = Bench(dut, "accumulate_in_order")
    await b.begin(noise=0)
    await b.idle()
    for step in range(8):
        await b.push(Command("mac", 4, {
            "src": b.r.randrange(400), "cols": b.block, "depth": b.block, "outer": 1, "inner": 1,
            "set": step, "dst": 600, "accumulate": int(step > 0)}))
    await b.idle()
    await b.compare()


@cocotb.test()
async def refused(dut) -> None:
    """Zero counts are ILLEGAL, extents beyond the end are ADDRESS, nothing is written."""
    b = Bench(dut, "refused")
    await b.begin(noise=30)
    await b.idle()
    end = b.beats
    mac = {"cols": b.block, "depth": b.block, "outer": 1, "inner": 1, "dst": 500}
    move = {"rows": 2, "tiles": 1, "src_outer": 1, "ev": 300}
    send = {"rows": 1, "count": 2, "peers": 2, "dst": 500}
    last = b.block - 1
    illegal, address = Code.ILLEGAL, Code.ADDRESS
    table = [
        ("mac", 4, mac, illegal, [{"cols": 0}, {"depth": 0}, {"outer": 0}, {"inner": 0}]),
        ("mac", 4, mac, address, [
            {"src": end}, {"dst": end - 3}, {"set": b.sets}, {"outer": 4095, "src_outer": 16383},
            {"cols": 65535, "tile_stride": 4095, "src": 1}]),
        ("column", 2, move, illegal, [{"rows": 0}, {"tiles": 0}]),
        ("column", 2, move, address, [
            {"src": end - 1}, {"macro": N_MACROS},
            {"set": b.sets - 1, "pos": last, "block_stride": 1}]),
        ("row", 2, move, address, [
            {"ev": end - 1, "pos": last}, {"pos": (1 << 20) - 1, "block_stride": 4095}]),
        ("send", 3, send, illegal, [
            {"rows": 0}, {"peers": 0}, {"peers": 1}, {"peers": 8},
            {"remote_first": QUEUES, "remote_count": 1}]),
        ("send", 3, send, address, [{"src": end - 1}, {"dst": end - 1}]),
    ]
    cases = [(name, queue, base, change, code) for name, queue, base, code, changes in table
             for change in changes]
    for name, queue, base, change, code in cases:
        # A legal command runs before the bad one.
        legal = Command(name, queue, base)
        await b.push(legal)
        bad = Command(name, queue, {**base, **change})
        await b.push(bad, execute=False)
        for _ in range(2000):
            await RisingEdge(dut.clk)
            if dut.error_valid.value == 1:
                break
        assert b.error() == (code, queue, len(b.want[queue])), (name, change, b.error(), code)
        for _ in range(40):
            await RisingEdge(dut.clk)
        for q in b.want:  # packets may still have been under way
            assert b.got[q] == b.want[q], f"{name} {change}: queue {q}"
        await reset(dut)
        b.want.clear()
        b.got.clear()
    await b.compare()


@cocotb.test()
async def conflict(dut) -> None:
    """A write to a set that a mac still has to read is dropped and reported as CONFLICT."""
    b = Bench(dut, "conflict")
    await b.begin(noise=0)
    await b.idle()
    await b.push(Command("mac", 4, {"cols": b.block, "depth": 8 * b.block, "outer": 2, "inner": 1,
                                    "dst": 600, "dst_outer": 4, "set": 3}))
    for _ in range(16):  # the macro is among the first sets then
        await RisingEdge(dut.clk)
    # The model does not execute this one: the weights stay as they were.
    await b.push(Command("column", 2, {"rows": 1, "tiles": 1, "set": 10}), execute=False)
    for _ in range(4000):
        await RisingEdge(dut.clk)
        if len(b.got[4]) == len(b.want[4]):
            break
    assert b.error() == (Code.CONFLICT, 2, len(b.want[2])), b.error()
    assert b.got[4] == b.want[4]
