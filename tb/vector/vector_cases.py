# SPDX-License-Identifier: Apache-2.0
"""cocotb side of tests/vector: commands through the engine, compared with models/vector_engine.py
as they are executed (tb/vector/bench.py)."""

from __future__ import annotations

import os

import cocotb
import numpy as np

from models import cycle_hardware, vector_engine
from models.commands import Command, formats
from models.errors import Code
from tb.common.clock import rng
from tb.vector import stimulus, vector_coverage
from tb.vector.bench import BEATS, BLOCK, Bench

COMMANDS = int(os.environ.get("COMMANDS", "0"))


@cocotb.test()
async def random_chains(dut):
    """Any chains, other fields, operands and stalls at random; the stall counters count."""
    bench, source, numbers = Bench(dut), rng("chains"), np.random.default_rng(cocotb.RANDOM_SEED)
    cov = vector_coverage.define(BLOCK)
    await bench.start()
    await bench.init(numbers)
    assert bench.mirror.sticky == 0
    for number in range(COMMANDS or 200):
        if number % 40 == 20:
            await bench.hold(source.choice(stimulus.VALUES), numbers)
        c = stimulus.command(source.choice(stimulus.CHAINS), BLOCK, BEATS, source)
        kind = source.choice(stimulus.VALUES) if number >= 20 else "normal"
        stalls = source.choice(list(stimulus.STALLS))
        bench.stall(stalls)
        await bench.fill(c, kind, source.choice((kind, "normal")), numbers)
        await bench.run(c)
        vector_coverage.sample(cov, c, kind, stalls)
    cov.save()
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
    hardware = cycle_hardware.Hardware(block=BLOCK, fn_cycles=4)
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
