# SPDX-License-Identifier: Apache-2.0
"""cocotb: short directed cases of the common cells, from which docs/timing.toml cuts diagrams.

Cells without a clock edge in their outputs are looked at between edges, as a diagram shows them.
"""

from __future__ import annotations

import cocotb
from cocotb.triggers import FallingEdge, RisingEdge

from models.signature import beat_signature
from tb.common.clock import start, start_clock


async def settled(dut, **inputs: int) -> None:
    """After the next edge: inputs driven, outputs settled."""
    await RisingEdge(dut.clk)
    for name, value in inputs.items():
        getattr(dut, name).value = value
    await FallingEdge(dut.clk)


def handshake(dut) -> tuple[int, int, int]:
    """s_ready, m_valid and, where valid, m_data (otherwise 0)."""
    valid = int(dut.m_valid.value)
    return int(dut.s_ready.value), valid, int(dut.m_data.value) if valid else 0


@cocotb.test()
async def fifo_fills_and_empties(dut) -> None:
    """Depth 2: two words fit, the third waits until the cycle after one has left."""
    dut.s_valid.value = 0
    dut.m_ready.value = 0
    await start(dut)
    shown = []
    offers = [0x11, 0x22, 0x33, 0x33, 0x33, 0x33, 0x44, None, None, None]
    takes = [0, 0, 0, 0, 1, 1, 1, 1, 1, 1]
    for word, take in zip(offers, takes, strict=True):
        data = {} if word is None else {"s_data": word}
        await settled(dut, s_valid=int(word is not None), m_ready=take, **data)
        shown.append(handshake(dut))
    assert shown == [
        (1, 0, 0),
        (1, 1, 0x11),
        (0, 1, 0x11),
        (0, 1, 0x11),
        (0, 1, 0x11),
        (1, 1, 0x22),
        (1, 1, 0x33),
        (1, 1, 0x44),
        (1, 0, 0),
        (1, 0, 0),
    ]
    await RisingEdge(dut.clk)


@cocotb.test()
async def skid_buffer_stalls(dut) -> None:
    """Words pass in the same cycle; the one that meets m_ready low is kept."""
    dut.s_valid.value = 0
    dut.m_ready.value = 1
    await start(dut)
    shown = []
    offers = [0x11, 0x22, 0x33, 0x33, 0x33, 0x44, None, None]
    takes = [1, 0, 0, 1, 1, 1, 1, 1]
    for word, take in zip(offers, takes, strict=True):
        data = {} if word is None else {"s_data": word}
        await settled(dut, s_valid=int(word is not None), m_ready=take, **data)
        shown.append(handshake(dut))
    assert shown == [
        (1, 1, 0x11),
        (1, 1, 0x22),
        (0, 1, 0x22),
        (0, 1, 0x22),
        (1, 1, 0x33),
        (1, 1, 0x44),
        (1, 0, 0),
        (1, 0, 0),
    ]
    await RisingEdge(dut.clk)


@cocotb.test()
async def arbiter_rotates(dut) -> None:
    """Four requesters: one after the other, a grant that is not accepted stays."""
    dut.req.value = 0
    dut.accept.value = 1
    await start(dut)
    granted = []
    for req, accept in [
        (0b0000, 1),
        (0b1111, 1),
        (0b1111, 1),
        (0b1111, 0),
        (0b1111, 0),
        (0b1111, 1),
        (0b0111, 1),
        (0b0111, 1),
        (0b1100, 1),
        (0b0000, 1),
    ]:
        await settled(dut, req=req, accept=accept)
        granted.append(int(dut.grant.value))
    assert granted == [0, 0b0001, 0b0010, 0b0100, 0b0100, 0b0100, 0b0001, 0b0010, 0b0100, 0]
    await RisingEdge(dut.clk)


@cocotb.test()
async def sram_reads_and_holds(dut) -> None:
    """The output of a read stays through idle cycles and writes; a mask bit writes its byte."""
    for name in ("en", "we", "addr", "wdata", "wmask"):
        getattr(dut, name).value = 0
    start_clock(dut)
    await settled(dut)
    accesses = [
        {"en": 1, "we": 1, "addr": 2, "wdata": 0x1234, "wmask": 3},
        {"en": 1, "we": 1, "addr": 3, "wdata": 0x5678, "wmask": 3},
        {"en": 1, "we": 0, "addr": 2, "wdata": 0, "wmask": 0},
        {"en": 1, "we": 1, "addr": 2, "wdata": 0xABCD, "wmask": 1},
        {"en": 0, "we": 0, "addr": 0, "wdata": 0, "wmask": 0},
        {"en": 1, "we": 0, "addr": 2, "wdata": 0, "wmask": 0},
        {"en": 1, "we": 0, "addr": 3, "wdata": 0, "wmask": 0},
        {"en": 0, "we": 0, "addr": 0, "wdata": 0, "wmask": 0},
    ]
    shown = []
    for access in accesses:
        await settled(dut, **access)
        shown.append(int(dut.rdata.value) if dut.rdata.value.is_resolvable else None)
    assert shown[3:] == [0x1234, 0x1234, 0x1234, 0x12CD, 0x5678]
    await RisingEdge(dut.clk)


@cocotb.test()
async def signature_sums(dut) -> None:
    """Two commands: the first clears in a cycle of its own, the second with its first beat."""
    dut.valid.value = 0
    dut.clear.value = 0
    await start(dut)
    block = len(dut.data) // 8
    beats = [(n, bytes([n] * block)) for n in range(4)]
    crc = [beat_signature(offset, data) for offset, data in beats]
    shown = []
    for clear, n in [(1, None), (0, 0), (0, 1), (0, None), (1, 2), (0, 3), (0, None)]:
        inputs = {"clear": clear, "valid": int(n is not None), "exps": 0}
        if n is not None:
            inputs |= {"offset": n, "data": int.from_bytes(beats[n][1], "little")}
        await settled(dut, **inputs)
        shown.append(int(dut.sum.value))
    first, second = sum(crc[:2]) % 2**32, sum(crc[2:]) % 2**32
    assert shown == [0, 0, crc[0], first, first, crc[2], second]
    await RisingEdge(dut.clk)
