# SPDX-License-Identifier: Apache-2.0
"""cocotb side of tests/vector: commands through the engine, compared with models/vector_engine.py
as they are executed (tb/vector/bench.py)."""

from __future__ import annotations

import os

import cocotb
import numpy as np

from models import cycle_hardware, vector_engine
from models.commands import Command, formats, queue_number
from models.errors import Code
from tb.common.clock import rng
from tb.common.coverage import unmet
from tb.vector import stimulus
from tb.vector.bench import BEATS, BLOCK, LANES, STALLS, Bench, coverage

COMMANDS = int(os.environ.get("COMMANDS", "0"))


@cocotb.test()
async def random_chains(dut):
    """Every legal chain (or COMMANDS of them), other fields, operands and stalls at random."""
    bench, source, numbers = Bench(dut), rng("chains"), np.random.default_rng(cocotb.RANDOM_SEED)
    cov = coverage()
    await bench.start()
    await bench.init(numbers)
    assert bench.sticky == 0
    pools = [c for c in stimulus.CHAINS if c["reduce"] == vector_engine.REDUCE_ROWS]
    chains = stimulus.CHAINS + 20 * pools
    source.shuffle(chains)
    for number, chain in enumerate(chains[: COMMANDS or None]):
        if number % 40 == 20:
            await bench.hold(source.choice(stimulus.VALUES), numbers)
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
    await bench.init(numbers)
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
    await bench.init(numbers)
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
    """exp2, silu and both gelu on whole quarters of the stash, rsqrt and reciprocal on rows of one
    element: a sweep of their range, all exponents, and special values."""
    bench, numbers = Bench(dut), np.random.default_rng(cocotb.RANDOM_SEED)
    await bench.start()
    quarter = BEATS // 4
    one = {"outer": quarter, "inner": 1, "len": 1, "a_outer": 1}
    whole = {"outer": 1, "inner": 1, "len": quarter * LANES, "d": BEATS // 2, "out": 1}
    for _ in range(COMMANDS or 4):
        sweep = numbers.uniform(-140, 140, quarter * LANES).astype(np.float32)
        small = (numbers.standard_normal(quarter * LANES) * 3).astype(np.float32)
        for a in (sweep, small, stimulus.floats("wide", quarter * LANES, numbers),
                  stimulus.floats("special", quarter * LANES, numbers)):
            await bench.load(0, a.view(np.uint8).reshape(-1, BLOCK))
            for fields in (
                {**whole, "fn": vector_engine.FN_EXP2, "imm": 0x3F800000},
                *({**whole, "fn": fn} for fn in vector_engine.FUNCTIONS),
                {**one, "reduce": vector_engine.REDUCE_SUM, "post": vector_engine.POST_RSQRT},
                {**one, "reduce": vector_engine.REDUCE_MAX, "post": vector_engine.POST_RECIP},
            ):
                await bench.run(Command("ve", queue_number("ve"), fields))


@cocotb.test()
async def large(dut):
    """Rows as long as the stash allows and trip counts up to the field limits."""
    bench, source, numbers = Bench(dut), rng("large"), np.random.default_rng(cocotb.RANDOM_SEED)
    await bench.start()
    await bench.init(numbers)
    quarter = BEATS // 4
    place = {"outer": 1, "inner": 1, "b": quarter, "d": 2 * quarter, "scale": 1, "bin": 1}
    pool = {"reduce": 5, "out": 1, "scale": 0, "bin": 0}
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
        {"len": long, **pool},
        {"len": 9 * LANES + 1, "outer": 600, "a_outer": 0, **pool},
        {"len": 2 * LANES, "outer": 4095, "a_outer": 0, **pool},
        {"len": 64 * LANES, "outer": 3, "a_outer": 64, "scale": 3, "bin": 0, "out": 2},
        {"len": 63 * LANES + 1, "outer": 3, "a_outer": 64, "bin": 5, "out": 1},
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
    await bench.init(numbers)
    commands = [stimulus.command(source.choice(stimulus.CHAINS), BLOCK, BEATS, source)
                for _ in range(12)]
    for c in commands:
        await bench.fill(c, "normal", "normal", numbers)
    bench.stall("some")
    for c in commands:
        bench.expect(c)
        bench.submit(int.from_bytes(c.encode(), "little"))
    await bench.finish()


@cocotb.test()
async def cycles(dut):
    """Without stalls a command takes the cycles that docs/vector.md says, whatever the data."""
    bench, source, numbers = Bench(dut), rng("cycles"), np.random.default_rng(cocotb.RANDOM_SEED)
    await bench.start()
    await bench.init(numbers)
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
