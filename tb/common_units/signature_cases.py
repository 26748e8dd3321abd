# SPDX-License-Identifier: Apache-2.0
"""cocotb: signature against models/signature.py, with gaps, clears and shuffled beats."""

from __future__ import annotations

import os

import cocotb
from cocotb.triggers import RisingEdge

from models.signature import beat_signature, command_signature
from tb.common.clock import rng, start

BLOCK = int(os.environ.get("BLOCK", 64))


async def beat(dut, offset: int, data: bytes, exps: tuple[int, int], clear: bool = False) -> None:
    dut.valid.value = 1
    dut.clear.value = int(clear)
    dut.offset.value = offset
    dut.data.value = int.from_bytes(data, "little")
    dut.exps.value = exps[0] | exps[1] << 8
    await RisingEdge(dut.clk)
    dut.valid.value = 0
    dut.clear.value = 0


async def read(dut) -> int:
    await RisingEdge(dut.clk)
    return int(dut.sum.value)


@cocotb.test()
async def sums_of_commands(dut) -> None:
    random = rng("signature")
    dut.valid.value = 0
    dut.clear.value = 0
    await start(dut)
    assert await read(dut) == 0
    for command in range(20):
        beats = [
            (
                random.choice((n, random.getrandbits(32))),
                random.choice((random.randbytes(BLOCK), bytes(BLOCK))),
                (random.randrange(256), random.randrange(256)),
            )
            for n in range(random.randint(1, 12))
        ]
        want = command_signature(beats)
        random.shuffle(beats)
        if command % 2:
            dut.clear.value = 1
            await RisingEdge(dut.clk)
            dut.clear.value = 0
            assert await read(dut) == 0
        for i, (offset, data, exps) in enumerate(beats):
            await beat(dut, offset, data, exps, clear=command % 2 == 0 and i == 0)
            if random.random() < 0.3:
                await RisingEdge(dut.clk)
        got = await read(dut)
        assert got == want, f"command {command}: expected {want:08x}, got {got:08x}"
    await beat(dut, 1, bytes(BLOCK), (0, 0), clear=True)
    assert await read(dut) == beat_signature(1, bytes(BLOCK))
    dut.rst.value = 1
    await beat(dut, 2, bytes(BLOCK), (0, 0))
    dut.rst.value = 0
    assert await read(dut) == 0
