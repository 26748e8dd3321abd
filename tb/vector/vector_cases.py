# SPDX-License-Identifier: Apache-2.0
"""cocotb side of tests/vector: commands through the engine, compared with models/vector_engine.py
as they are executed: every beat (address, data, exponents), every scalar, signature and status."""

from __future__ import annotations

import os

import cocotb
import numpy as np
from cocotb.triggers import RisingEdge

from models import cycle_hardware, fp32, signature, vector_engine
from models.commands import Command, IllegalCommand, formats, queue_number
from models.errors import AddressError, Code
from tb.common.bus import Scoreboard, StreamMonitor, StreamSource, random_pause
from tb.common.clock import rng, start
from tb.common.coverage import Coverage, unmet
from tb.vector import stimulus

BLOCK = int(os.environ["BLOCK"])
BEATS = int(os.environ["STASH_BEATS"])
COMMANDS = int(os.environ.get("COMMANDS", "0"))
LANES = BLOCK // 4
STALLS = {"none": (0, 0, 0), "some": (80, 80, 80), "a": (220, 0, 0), "b": (0, 220, 0),
          "d": (0, 0, 230), "all": (200, 200, 200)}


class Bench:
    """The engine with its golden: `run` executes a command on both and compares."""

    def __init__(self, dut) -> None:
        self.dut = dut
        self.data = np.zeros((BEATS, BLOCK), np.uint8)
        self.scalars = np.zeros(vector_engine.SCALARS, np.float32)
        self.sticky = 0
        self.code = Code.NONE  # what the golden said of the last command

    async def start(self) -> None:
        self.dut.host_we.value = 0
        source = rng("stalls")
        self.dut.seeds.value = sum(source.randrange(1, 1 << 32) << 32 * i for i in range(3))
        self.dut.fault.value = int(os.environ.get("FAULT", "0"))
        self.stall("none")
        dut = self.dut
        self.source = StreamSource(dut, "cmd", dut.clk, pause=random_pause(0.3, rng("cmd")))
        await start(dut)
        self.writes = Scoreboard(
            StreamMonitor(dut, "d_req", dut.clk, ("addr", "data", "exps")), lane_bits=32)
        self.scalar_writes = Scoreboard(
            StreamMonitor(dut, "scalar", dut.clk, ("addr", "value")))
        self.done = Scoreboard(StreamMonitor(dut, "done", dut.clk, ("signature", "status")))
        self.boards = (self.writes, self.scalar_writes, self.done)

    def stall(self, name: str) -> None:
        for port, level in zip("abd", STALLS[name]):
            getattr(self.dut, f"stall_{port}").value = level

    async def load(self, address: int, data: np.ndarray) -> None:
        """Write beats (uint8 [n, BLOCK]) to the stash and its mirror."""
        self.data[address : address + len(data)] = data
        self.dut.host_we.value = 1
        for i, beat in enumerate(data):
            self.dut.host_addr.value = address + i
            self.dut.host_data.value = int.from_bytes(beat.tobytes(), "little")
            await RisingEdge(self.dut.clk)
        self.dut.host_we.value = 0

    async def fill(self, c: Command, kind_a: str, kind_b: str, numpy_rng) -> None:
        """Fresh operands for a legal command. Beats of A without a valid element are not written,
        so that they stay X under Icarus until another command has used them."""
        p = vector_engine.plan(c, BLOCK, BEATS)
        valid = np.arange(p.a.shape[-1])[None, :] * LANES < p.valid[:, None]
        used = np.unique(p.a[np.broadcast_to(valid[:, None, :], p.a.shape)])
        await self.scatter(used, stimulus.floats(kind_a, used.size * LANES, numpy_rng))
        if p.b is not None and c.fold:
            used = np.unique(p.b)
            byte = numpy_rng.integers(117, 137, used.size * BLOCK)
            odd = numpy_rng.random(byte.size) < 0.1
            byte[odd] = numpy_rng.integers(0, 256, int(odd.sum()))
            if kind_b != "special":
                byte[byte == 255] = 254
            await self.scatter(used, byte.astype(np.uint8))
        elif p.b is not None:
            used = np.unique(p.b)
            await self.scatter(used, stimulus.floats(kind_b, used.size * LANES, numpy_rng))

    async def scatter(self, addresses: np.ndarray, values: np.ndarray) -> None:
        for address, beat in zip(addresses, values.view(np.uint8).reshape(-1, BLOCK)):
            await self.load(int(address), beat[None])

    async def init_scalars(self, numpy_rng) -> None:
        """Give every scalar a value, by commands: the maximum of rows of one element."""
        rows = BEATS // 4
        for first in range(0, vector_engine.SCALARS, rows):
            c = Command("ve", queue_number("ve"), {
                "reduce": vector_engine.REDUCE_MAX, "outer": rows, "inner": 1, "len": 1,
                "a_outer": 1, "s_dst": first})
            await self.fill(c, "normal", "normal", numpy_rng)
            await self.run(c)

    def expect(self, c: Command) -> None:
        """Tell the scoreboards what the golden says; update stash and scalars."""
        try:
            e = vector_engine.execute(c, self.data, self.scalars, BLOCK)
        except (IllegalCommand, AddressError) as error:
            code = Code.ADDRESS if isinstance(error, AddressError) else Code.ILLEGAL
            self.done.expect({"signature": 0, "status": int(code)})
            self.code = code
            return
        self.code = Code.NONE
        offset = e.address - c.d
        self.writes.expect(*(
            {"addr": int(a), "data": int.from_bytes(d.tobytes(), "little"),
             "exps": int(x[0]) | int(x[1]) << 8}
            for a, d, x in zip(e.address, e.data, e.exps)))
        self.scalar_writes.expect(*(
            {"addr": int(i), "value": int(v)}
            for i, v in zip(e.scalar_index, fp32.bits(e.scalar_value))))
        signed = signature.command_signature(
            (int(o), d.tobytes(), x.tolist()) for o, d, x in zip(offset, e.data, e.exps))
        self.done.expect({"signature": signed, "status": int(Code.NONE)})
        self.data[e.address] = e.data
        self.scalars[e.scalar_index] = e.scalar_value
        words = e.data.view(np.float32).reshape(len(e.data), LANES)
        if c.out == vector_engine.OUT_MX:
            bad = (e.exps == 255).any()
        elif c.out == vector_engine.OUT_ARGMAX:
            bad = fp32.is_nonfinite(words[:, 0]).any()
        else:
            bad = fp32.is_nonfinite(words).any()
        self.sticky |= int(bad or fp32.is_nonfinite(e.scalar_value).any())

    async def finish(self, cycles: int = 200_000) -> None:
        """Wait for all commands; everything expected must have come before done."""
        await self.done.drained(cycles)
        for board in self.boards:
            board.assert_empty()
        await RisingEdge(self.dut.clk)
        assert int(self.dut.sticky_nonfinite.value) == self.sticky, "sticky bit"

    async def run(self, c: Command) -> int:
        """Execute and compare one command; returns its cycles from acceptance to done."""
        self.dut._log.info("%s", c)
        self.expect(c)
        self.source.append(int.from_bytes(c.encode(), "little"))
        await self.finish()
        taken = int(self.dut.done_cycles.value)
        assert self.code == Code.NONE or taken == 4, f"refused after {taken} cycles"
        return taken


def coverage() -> Coverage:
    """What the random chains have to reach."""
    cov = Coverage(f"vector_{BLOCK}")
    cov.point("scale", range(3))
    cov.point("fn", range(3))
    cov.point("bin", range(5))
    cov.point("fold", range(2))
    cov.point("reduce", range(5))
    cov.point("post", range(4))
    cov.point("out", range(4))
    cov.point("s_row", range(2))
    cov.point("causal", range(2))
    cov.point("outer", {"one": [1], "many": range(2, 4096)})
    cov.point("inner", {"one": [1], "many": range(2, 256)})
    cov.point("tail", {"beat": range(1, LANES), "group": range(LANES, BLOCK, LANES), "none": [0],
                       "both": range(BLOCK)})
    cov.point("values", stimulus.VALUES)
    cov.point("stalls", list(STALLS))
    cov.cross("scale_fn_bin", ["scale", "fn", "bin"])
    no_fold = {("1", str(b)): "one stream B" for b in range(1, 5)}
    cov.cross("fold_bin", ["fold", "bin"], exclude=no_fold)
    argmax = {(str(r), "3"): "reserved" for r in range(4)}
    argmax |= {("4", str(o)): "reserved" for o in range(3)}
    cov.cross("reduce_out", ["reduce", "out"], exclude=argmax)
    cov.cross("reduce_post", ["reduce", "post"])
    cov.cross("out_tail", ["out", "tail"])
    cov.cross("out_stalls", ["out", "stalls"])
    return cov


@cocotb.test()
async def random_chains(dut):
    """Every legal chain (or COMMANDS of them), other fields, operands and stalls at random."""
    bench, source, numbers = Bench(dut), rng("chains"), np.random.default_rng(cocotb.RANDOM_SEED)
    cov = coverage()
    await bench.start()
    await bench.init_scalars(numbers)
    assert bench.sticky == 0
    chains = list(stimulus.CHAINS)
    source.shuffle(chains)
    for number, chain in enumerate(chains[: COMMANDS or None]):
        c = stimulus.command(chain, BLOCK, BEATS, source)
        kind, stalls = source.choice(stimulus.VALUES), source.choice(list(STALLS))
        if number < 20:
            kind = "normal"
        bench.stall(stalls)
        await bench.fill(c, kind, source.choice((kind, "normal")), numbers)
        await bench.run(c)
        cov.sample(
            **{name: getattr(c, name) for name in chain}, post=c.post, s_row=c.s_row,
            causal=c.causal, outer=c.outer, inner=c.inner, tail=c.len % BLOCK, values=kind,
            stalls=stalls)
    cov.save()
    assert COMMANDS or not unmet(cov), "\n".join(unmet(cov))
    assert int(dut.count_stall_a.value) and int(dut.count_stall_b.value)
    assert int(dut.count_stall_d.value)


@cocotb.test()
async def refused_commands(dut):
    """Each broken rule is answered with its code and writes nothing; the next command works."""
    bench, source, numbers = Bench(dut), rng("refused"), np.random.default_rng(cocotb.RANDOM_SEED)
    await bench.start()
    await bench.init_scalars(numbers)
    for rule in stimulus.RULES:
        good = stimulus.command(source.choice(stimulus.CHAINS), BLOCK, BEATS, source)
        bad = stimulus.broken(good, source)[rule]
        await bench.fill(good, "normal", "normal", numbers)
        await bench.run(bad)
        await bench.run(good)


@cocotb.test()
async def ends(dut):
    """A command that ends on the last beat or scalar is executed; one further it is refused."""
    bench, source, numbers = Bench(dut), rng("ends"), np.random.default_rng(cocotb.RANDOM_SEED)
    await bench.start()
    await bench.init_scalars(numbers)
    chain = {"scale": 1, "bin": 2, "reduce": 1, "out": 1}
    for field in ("a", "b", "d", "s_src", "s_dst"):
        for chain["out"] in (1, 2):
            c = stimulus.command(chain, BLOCK, BEATS, source)
            p = vector_engine.plan(c, BLOCK, BEATS)
            last = {"a": p.a, "b": p.b, "d": p.d, "s_src": p.source, "s_dst": p.target}[field].max()
            end = vector_engine.SCALARS if field.startswith("s_") else BEATS
            values = {**c.values, "s_src": 0, "s_dst": 512}
            values[field] = getattr(c, field) + end - 1 - int(last)
            at_end = Command("ve", c.queue, values)
            if values[field] + 1 == 1 << formats()["ve"].fields[field].width:
                continue  # the field cannot say it
            past = Command("ve", c.queue, {**values, field: values[field] + 1})
            await bench.fill(at_end, "normal", "normal", numbers)
            await bench.run(past)
            assert bench.code == Code.ADDRESS
            await bench.run(at_end)
            assert bench.code == Code.NONE


@cocotb.test()
async def functions(dut):
    """exp2 and silu on whole quarters of the stash, rsqrt and reciprocal on rows of one element:
    a sweep of their range, all exponents, and special values."""
    bench, numbers = Bench(dut), np.random.default_rng(cocotb.RANDOM_SEED)
    await bench.start()
    quarter = BEATS // 4
    one = {"outer": quarter, "inner": 1, "len": 1, "a_outer": 1}
    whole = {"outer": 1, "inner": 1, "len": quarter * LANES, "d": BEATS // 2, "out": 1}
    for _ in range(COMMANDS or 4):
        sweep = numbers.uniform(-140, 140, quarter * LANES).astype(np.float32)
        small = (numbers.standard_normal(quarter * LANES) * 2).astype(np.float32)
        for a in (sweep, small, stimulus.floats("wide", quarter * LANES, numbers),
                  stimulus.floats("special", quarter * LANES, numbers)):
            await bench.load(0, a.view(np.uint8).reshape(-1, BLOCK))
            for fields in (
                {**whole, "fn": vector_engine.FN_EXP2, "imm": 0x3F800000},
                {**whole, "fn": vector_engine.FN_SILU},
                {**one, "reduce": vector_engine.REDUCE_SUM, "post": vector_engine.POST_RSQRT},
                {**one, "reduce": vector_engine.REDUCE_MAX, "post": vector_engine.POST_RECIP},
            ):
                await bench.run(Command("ve", queue_number("ve"), fields))


@cocotb.test()
async def large(dut):
    """Rows as long as the stash allows and trip counts up to the field limits."""
    bench, source, numbers = Bench(dut), rng("large"), np.random.default_rng(cocotb.RANDOM_SEED)
    await bench.start()
    await bench.init_scalars(numbers)
    quarter = BEATS // 4
    place = {"outer": 1, "inner": 1, "b": quarter, "d": 2 * quarter, "scale": 1, "bin": 1}
    long = quarter * LANES - source.randrange(BLOCK)
    for fields in (
        {"len": long, "reduce": 1, "out": 2},
        {"len": long, "reduce": 4, "out": 3, "imm": 0xFFFFFF00},
        {"len": long - 20, "outer": 21, "causal": 1, "reduce": 3, "out": 1},
        {"len": 3, "outer": 4095, "reduce": 4, "out": 3, "scale": 0},
        {"len": 1, "outer": 200, "causal": 1, "reduce": 2, "s_dst": 512, "out": 2},
        {"len": LANES + 1, "inner": 255, "outer": 4, "s_row": 1, "reduce": 3, "out": 1},
        {"len": 2, "inner": 250, "outer": 4, "a_outer": 60, "b_outer": 50, "d_inner": 2,
         "d_outer": 1, "reduce": 1, "post": 2, "scale": 0, "bin": 0, "fold": 1, "out": 2},
    ):
        c = Command("ve", queue_number("ve"), {**place, **fields})
        await bench.fill(c, "normal", "normal", numbers)
        await bench.run(c)
        assert bench.code == Code.NONE


@cocotb.test()
async def back_to_back(dut):
    """Commands queued at once are executed in order, each seeing what the one before wrote."""
    bench, source, numbers = Bench(dut), rng("queue"), np.random.default_rng(cocotb.RANDOM_SEED)
    await bench.start()
    await bench.init_scalars(numbers)
    commands = [stimulus.command(source.choice(stimulus.CHAINS), BLOCK, BEATS, source)
                for _ in range(12)]
    for c in commands:
        await bench.fill(c, "normal", "normal", numbers)
    bench.stall("some")
    for c in commands:
        bench.expect(c)
        bench.source.append(int.from_bytes(c.encode(), "little"))
    await bench.finish()


@cocotb.test()
async def cycles(dut):
    """Without stalls a command takes the cycles that docs/vector.md says, whatever the data."""
    bench, source, numbers = Bench(dut), rng("cycles"), np.random.default_rng(cocotb.RANDOM_SEED)
    await bench.start()
    await bench.init_scalars(numbers)
    hardware = cycle_hardware.Hardware(block=BLOCK, fn_cycles=int(os.environ["FN_CYCLES"]))
    wrong = []
    for _ in range(COMMANDS or 60):
        c = stimulus.command(source.choice(stimulus.CHAINS), BLOCK, BEATS, source)
        kinds = source.sample(stimulus.VALUES, 2)
        taken = []
        for kind in kinds:
            await bench.fill(c, kind, kind, numbers)
            taken.append(await bench.run(c))
        want = cycle_hardware.vector(c, hardware).done
        if taken != [want, want]:
            wrong.append(f"{c}: {taken[0]} and {taken[1]}, expected {want}")
    assert not wrong, "\n".join(wrong)
