# SPDX-License-Identifier: Apache-2.0
"""cocotb side of tests/testbench/test_axi_memory.py."""

from __future__ import annotations

import os
from pathlib import Path

import cocotb
from cocotb.triggers import ClockCycles, Combine, RisingEdge
from cocotb.utils import get_sim_time
from cocotbext.axi import AxiBus, AxiMaster
from cocotbext.axi.constants import AxiResp

from tb.common.clock import PERIOD_NS, reset, rng, start_clock
from tb.common.memory import read_dump

BEAT = 8
DEPTH = 1024
BASE = 0x1000


async def master(dut, read_latency: int = 0, write_latency: int = 0, bandwidth: int = 256):
    """A cocotbext-axi initiator on the memory, out of reset."""
    dut.read_latency.value = read_latency
    dut.write_latency.value = write_latency
    dut.bandwidth.value = bandwidth
    dut.backdoor_read.value = 0
    dut.backdoor_write.value = 0
    dut.dump.value = 0
    start_clock(dut)
    dut.rst.value = 1
    await ClockCycles(dut.clk, 2)  # cocotbext-axi takes no X: start it inside the reset
    axi = AxiMaster(AxiBus.from_prefix(dut, "s_axi"), dut.clk, dut.rst)
    await reset(dut)
    await ClockCycles(dut.clk, 2)
    return axi


def cycles() -> int:
    return round(get_sim_time("ns") / PERIOD_NS)


@cocotb.test()
@cocotb.parametrize(read_latency=[0, 25], bandwidth=[256, 70])
async def random_traffic(dut, read_latency, bandwidth):
    """Random unaligned writes and reads against a bytearray."""
    axi = await master(dut, read_latency, 7, bandwidth)
    random = rng("traffic")
    model = bytearray(random.randbytes(BEAT * DEPTH))
    await axi.write(BASE, bytes(model))
    for _ in range(40):
        where, length = random.randrange(BEAT * DEPTH - 600), random.randint(1, 600)
        if random.random() < 0.5:
            data = random.randbytes(length)
            model[where : where + length] = data
            assert (await axi.write(BASE + where, data)).resp == AxiResp.OKAY
        else:
            result = await axi.read(BASE + where, length)
            assert result.data == model[where : where + length] and result.resp == AxiResp.OKAY


@cocotb.test()
async def timing(dut):
    """Latency of the first beat, a beat per cycle, and the bandwidth limit are as documented."""

    async def first_and_last() -> tuple[int, int]:
        job = cocotb.start_soon(axi.read(BASE, 64 * BEAT))
        await RisingEdge(dut.clk)
        while not (dut.s_axi_arvalid.value == 1 and dut.s_axi_arready.value == 1):
            await RisingEdge(dut.clk)
        taken = cycles()
        while dut.s_axi_rvalid.value != 1:
            await RisingEdge(dut.clk)
        first = cycles() - taken
        while not (dut.s_axi_rvalid.value == 1 and dut.s_axi_rlast.value == 1):
            await RisingEdge(dut.clk)
        last = cycles() - taken
        await job
        return first, last

    axi = await master(dut)
    await axi.write(BASE, bytes(64 * BEAT))
    for latency, expected in ((0, 2), (2, 2), (30, 30)):
        dut.read_latency.value = latency
        assert await first_and_last() == (expected, expected + 63)
    dut.bandwidth.value = 64  # a beat in 4 cycles, after 16 saved ones
    await ClockCycles(dut.clk, 200)
    first, last = await first_and_last()
    assert first == 30 and abs(last - first - (64 - 16) * 4) <= 24


@cocotb.test()
async def several_outstanding(dut):
    """Four reads at a latency of 100 take little longer than one."""
    axi = await master(dut, read_latency=100)
    await axi.write(BASE, bytes(range(256)) * 4)
    begin = cycles()
    jobs = [cocotb.start_soon(axi.read(BASE + 256 * i, 256)) for i in range(4)]
    await Combine(*jobs)
    assert cycles() - begin < 300
    assert all(job.result().data == bytes(range(256)) for job in jobs)


@cocotb.test()
async def outside_is_an_error(dut):
    """SLVERR below, above and across the end; the machine goes on."""
    axi = await master(dut)
    end = BASE + BEAT * DEPTH
    await axi.write(BASE, bytes(BEAT * DEPTH))
    for address in (0, BASE - BEAT, end, end + 0x10000):
        assert (await axi.read(address, BEAT)).resp == AxiResp.SLVERR
        assert (await axi.write(address, b"\xff" * BEAT)).resp == AxiResp.SLVERR
    result = await axi.read(BASE, BEAT * DEPTH)
    assert result.resp == AxiResp.OKAY and result.data == bytes(BEAT * DEPTH)


@cocotb.test()
async def backdoor(dut):
    """The backdoor sees what the bus wrote, and the other way round."""
    axi = await master(dut)
    await axi.write(BASE + 3 * BEAT, b"\x01\x02\x03\x04\x05\x06\x07\x08")
    dut.backdoor_index.value = 3
    dut.backdoor_read.value = 1
    await ClockCycles(dut.clk, 2)
    assert int(dut.backdoor_rdata.value) == 0x0807060504030201
    dut.backdoor_index.value = 4
    dut.backdoor_wdata.value = 0x1122334455667788
    dut.backdoor_write.value = 1
    await ClockCycles(dut.clk, 1)
    dut.backdoor_write.value = 0
    await ClockCycles(dut.clk, 1)
    assert (await axi.read(BASE + 4 * BEAT, 8)).data == bytes.fromhex("8877665544332211")


@cocotb.test()
async def files(dut):
    """Contents come from the file of the plusarg, and a dump gives them back."""
    axi = await master(dut)
    image = Path(os.environ["IMAGE"]).read_bytes()
    assert (await axi.read(BASE, len(image))).data == image
    await axi.write(BASE + len(image), bytes(BEAT * DEPTH - len(image)))
    dut.dump.value = 1
    await ClockCycles(dut.clk, 2)
    assert read_dump(Path(os.environ["DUMP"])) == image + bytes(BEAT * DEPTH - len(image))


@cocotb.test()
@cocotb.parametrize(fault=["boundary", "wlast", "drop"])
async def initiator_fault(dut, fault):
    """Each is stopped by the checks in the model: this test must fail."""
    await master(dut)
    if fault == "wlast":
        dut.s_axi_awaddr.value = BASE
        dut.s_axi_awlen.value = 1
        dut.s_axi_awsize.value = 3
        dut.s_axi_awvalid.value = 1
        dut.s_axi_wvalid.value = 1
        dut.s_axi_wlast.value = 1
    else:
        dut.bandwidth.value = 0
        dut.s_axi_araddr.value = BASE + 0xFF8
        dut.s_axi_arlen.value = 0 if fault == "drop" else 1
        dut.s_axi_arsize.value = 3
        dut.s_axi_arvalid.value = 1
        if fault == "drop":
            await ClockCycles(dut.clk, 40)
            dut.s_axi_arvalid.value = 0
    await ClockCycles(dut.clk, 40)
