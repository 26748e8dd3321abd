# SPDX-License-Identifier: Apache-2.0
"""cocotb: arbiter against its rules; N and ROUND_ROBIN come from the environment."""

from __future__ import annotations

import os

import cocotb
from cocotb.triggers import RisingEdge

from tb.common.clock import rng, start

N = int(os.environ.get("N", 2))
ROUND_ROBIN = int(os.environ.get("ROUND_ROBIN", 1))


@cocotb.test()
async def grants_follow_the_rules(dut) -> None:
    """Requests come and go, some withdrawn before their grant is accepted; resets forget a held
    grant and start with requester 0."""
    random = rng("arbiter")
    dut.req.value = 0
    dut.accept.value = 0
    await start(dut)
    await RisingEdge(dut.clk)
    first, held, waited = 0, None, [0] * N
    req = 0
    for step in range(3000):
        if step % 100 == 0:
            density, taking = random.choice((0.05, 0.5, 1)), random.choice((0.1, 0.5, 1))
        for i in range(N):
            if random.random() < 0.3:
                req = req & ~(1 << i) | int(random.random() < density) << i
        accept = int(random.random() < taking)
        reset = random.random() < 0.02
        dut.req.value = req
        dut.accept.value = accept
        dut.rst.value = int(reset)
        await RisingEdge(dut.clk)
        asking = [i for i in range(N) if req >> i & 1]
        assert int(dut.grant_valid.value) == int(bool(asking))
        assert int(dut.grant.value).bit_count() == int(bool(asking))
        if not asking:
            assert int(dut.grant_index.value) == 0
            first, held, waited = 0 if reset else first, None, [0] * N
            continue
        if held in asking:
            winner = held
        elif ROUND_ROBIN:
            winner = min(asking, key=lambda i: (i - first) % N)
        else:
            winner = asking[0]
        assert int(dut.grant_index.value) == winner
        assert int(dut.grant.value) == 1 << winner
        held = None if accept else winner
        if reset:
            first, held, waited = 0, None, [0] * N
        elif accept:
            first = (winner + 1) % N
            waited = [waited[i] + 1 if i in asking and i != winner else 0 for i in range(N)]
            # A held grant of another may come in between once.
            assert not ROUND_ROBIN or max(waited) <= N - 1
        else:
            waited = [waited[i] if i in asking else 0 for i in range(N)]
