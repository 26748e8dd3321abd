# SPDX-License-Identifier: Apache-2.0
"""cocotb tests of the host port through an AXI4-Lite initiator."""

from __future__ import annotations

import cocotb
from cocotb.triggers import ClockCycles, RisingEdge
from cocotbext.axi import AxiLiteBus, AxiLiteMaster, AxiResp

from models import registers
from tb.common.bus import Scoreboard, StreamSink, StreamSource, random_pause
from tb.common.clock import reset, rng, start_clock

MAP = "host_registers"
STATUS_ERROR = 15


class Bench:
    """The initiator as host, streams and inputs as chiplet 0."""

    def __init__(self, dut, name: str) -> None:
        self.dut, self.r = dut, rng(name)
        self.map = registers.registers(MAP)
        self.words = int(dut.QUEUE_WORDS.value)
        self.rings = 0

    async def begin(self, stall: float = 0.0) -> None:
        d = self.dut
        for name in ("status", "error", "error_info"):
            getattr(d, name).value = 0
        d.in_ready.value = 0
        self.source = StreamSource(d, "out", d.clk)
        start_clock(d)
        d.rst.value = 1
        await ClockCycles(d.clk, 2)  # cocotbext-axi takes no X: start it inside the reset
        self.axi = AxiLiteMaster(AxiLiteBus.from_prefix(d, "s_axil"), d.clk, d.rst)
        if stall:
            w, r = self.axi.write_if, self.axi.read_if
            for k, channel in enumerate((w.aw_channel, w.w_channel, w.b_channel, r.ar_channel,
                                         r.r_channel)):
                channel.set_pause_generator(random_pause(stall, rng(f"axi{k}")))
        await reset(d)
        # Only now: registers start at random, so a stream may show anything before its reset.
        self.sink = StreamSink(d, "in", d.clk)
        self.board = Scoreboard(self.sink)
        cocotb.start_soon(self._watch())
        await ClockCycles(d.clk, 2)

    async def _watch(self) -> None:
        while True:
            await RisingEdge(self.dut.clk)
            self.rings += int(self.dut.doorbell.value)

    def hold(self) -> None:
        """Chiplet 0 takes no words."""
        self.sink.set_pause(iter(lambda: True, False))

    def take(self) -> None:
        self.sink.set_pause(random_pause(0.3, rng("take")))

    async def read_at(self, address: int) -> int:
        got = await self.axi.read(address, 4)
        assert got.resp == AxiResp.OKAY
        return int.from_bytes(got.data, "little")

    async def write_at(self, address: int, value: int) -> None:
        assert (await self.axi.write(address, value.to_bytes(4, "little"))).resp == AxiResp.OKAY

    async def read(self, name: str) -> int:
        return await self.read_at(self.map[name].address)

    async def write(self, name: str, value: int) -> None:
        await self.write_at(self.map[name].address, value)

    async def expect(self, **want: int) -> None:
        for name, value in want.items():
            got = await self.read(name)
            assert got == value, f"{name}: {got:#x}, expected {value:#x}"

    def word(self, register: str, **fields: int) -> int:
        places = self.map[register].fields
        return sum(value << places[name][0] for name, value in fields.items())


@cocotb.test()
@cocotb.parametrize(stall=[0.0, 0.5])
async def map_at_reset(dut, stall) -> None:
    """Every word of the page, then writes everywhere else change nothing."""
    b = Bench(dut, "map_at_reset")
    await b.begin(stall)
    names = {r.address: n for n, r in b.map.items()}
    want = {"ID": int.from_bytes(b"TSRA", "little"), "VERSION": 1, "IN_SPACE": b.words,
            "CAPABILITY": b.word("CAPABILITY", n_chiplets=int(dut.N_CHIPLETS.value),
                                 n_macros=int(dut.N_MACROS.value), block=int(dut.BLOCK.value))}
    live = ("CYCLES_LO", "DOORBELL", "IN_DATA", "IRQ_ENABLE", "OUT_POP")
    addresses = range(0, 4096, 4) if not stall else range(0, 256, 4)
    for step in (0, 1):
        for address in addresses:
            name = names.get(address)
            if step and name not in live:
                await b.write_at(address, b.r.getrandbits(32))
            if name != "CYCLES_LO":
                got = await b.read_at(address)
                assert got == want.get(name, 0), f"{name or hex(address)}: {got:#x}"
    assert b.rings == 0 and dut.irq.value == 0


@cocotb.test()
async def words_in(dut) -> None:
    """The queue to the chip keeps order, counts its room, drops what comes while it is full."""
    b = Bench(dut, "words_in")
    await b.begin()
    b.hold()
    words = [b.r.getrandbits(32) for _ in range(b.words + 3)]
    for k, word in enumerate(words):
        await b.expect(IN_SPACE=max(0, b.words - k))
        await b.write("IN_DATA", word)
    await b.expect(IN_SPACE=0)
    b.board.expect(*words[: b.words])
    b.take()
    await b.board.drained(1000)
    await b.expect(IN_SPACE=b.words)
    for _ in range(60):  # both ends at work
        word = b.r.getrandbits(32)
        while await b.read("IN_SPACE") == 0:
            pass
        b.board.expect(word)
        await b.write("IN_DATA", word)
    await b.board.drained(1000)
    await b.expect(IN_SPACE=b.words)


@cocotb.test()
async def words_out(dut) -> None:
    """The queue to the host keeps order and counts; a full one stalls the chip; an empty one reads
    0 and cannot be popped."""
    b = Bench(dut, "words_out")
    await b.begin()
    await b.write("OUT_POP", 1)
    await b.expect(OUT_COUNT=0, OUT_DATA=0)
    words = [b.r.getrandbits(32) for _ in range(b.words + 5)]
    for word in words:
        b.source.append(word)
    await ClockCycles(dut.clk, 4 * b.words)
    assert b.source.sent == b.words and dut.out_ready.value == 0
    await b.expect(OUT_COUNT=b.words)
    for k, word in enumerate(words):
        await b.expect(OUT_DATA=word, OUT_COUNT=min(b.words, len(words) - k))
        await b.expect(OUT_DATA=word)  # reading takes nothing
        await b.write("OUT_POP", b.r.getrandbits(32))
        await ClockCycles(dut.clk, 4)
    await b.expect(OUT_COUNT=0, OUT_DATA=0)
    await b.write("OUT_POP", 1)
    await b.expect(OUT_COUNT=0)
    b.source.append(5)
    await ClockCycles(dut.clk, 5)
    await b.expect(OUT_COUNT=1, OUT_DATA=5)


@cocotb.test()
async def interrupt(dut) -> None:
    """A level: enabled causes only, gone with its cause."""
    b = Bench(dut, "interrupt")
    await b.begin()
    for enable in range(4):
        await b.write("IRQ_ENABLE", enable | b.r.getrandbits(28) << 4)
        await b.expect(IRQ_ENABLE=enable)
        for waiting in (0, 1):
            for status in (0, 3, STATUS_ERROR, STATUS_ERROR | 0x10000, 0xFFFFFFFF):
                if waiting:
                    b.source.append(7)
                dut.status.value = status
                await ClockCycles(dut.clk, 4)
                failed = status == STATUS_ERROR
                cause = b.word("IRQ_STATUS", out_valid=waiting, error=failed)
                await b.expect(IRQ_STATUS=cause)
                assert int(dut.irq.value) == int(cause & enable != 0)
                if waiting:
                    await b.write("OUT_POP", 1)
                    await ClockCycles(dut.clk, 2)
                    assert int(dut.irq.value) == int(failed and enable & 2 != 0)


@cocotb.test()
async def status_and_doorbell(dut) -> None:
    """What firmware shows reaches the host; the doorbell is one pulse per write of 1."""
    b = Bench(dut, "status_and_doorbell")
    await b.begin()
    for _ in range(20):
        values = {name: b.r.getrandbits(32) for name in ("status", "error", "error_info")}
        for name, value in values.items():
            getattr(dut, name).value = value
        await ClockCycles(dut.clk, 2)
        await b.expect(STATUS=values["status"], ERROR=values["error"],
                       ERROR_INFO=values["error_info"])
    for value in (1, 0, 2, 0xFFFFFFFF):
        before = b.rings
        await b.write("DOORBELL", value)
        await ClockCycles(dut.clk, 3)
        assert b.rings - before == value & 1
    first = await b.read("CYCLES_LO")
    await ClockCycles(dut.clk, 1000)
    second = await b.read("CYCLES_LO")
    assert 1000 < second - first < 1030
    await b.expect(CYCLES_HI=0)


@cocotb.test()
async def doorbell_empties_the_queues(dut) -> None:
    """Words of before are gone in both directions, counts included; words of after come through."""
    b = Bench(dut, "doorbell_empties_the_queues")
    await b.begin()
    b.hold()
    for length in (1, 3, b.words):
        for _ in range(length):
            await b.write("IN_DATA", b.r.getrandbits(32))
            b.source.append(b.r.getrandbits(32))
        await ClockCycles(dut.clk, 4 * length)
        await b.expect(IN_SPACE=b.words - length, OUT_COUNT=length)
        await b.write("DOORBELL", 1)
        await b.expect(IN_SPACE=b.words, OUT_COUNT=0, OUT_DATA=0)
        assert dut.in_valid.value == 0
        words = [b.r.getrandbits(32) for _ in range(2)]
        await b.write("IN_DATA", words[0])
        b.board.expect(words[0])
        b.source.append(words[1])
        b.take()
        await b.board.drained(100)
        b.hold()
        await b.expect(IN_SPACE=b.words, OUT_COUNT=1, OUT_DATA=words[1])
        await b.write("DOORBELL", 0)  # no ring, nothing is lost
        await b.expect(OUT_COUNT=1)
        await b.write("OUT_POP", 1)


@cocotb.test()
@cocotb.parametrize(stall=[0.0, 0.4, 0.8])
async def traffic(dut, stall) -> None:
    """Reads and writes at once, stalls on every channel: words in both directions, each once."""
    b = Bench(dut, f"traffic{stall}")
    await b.begin(stall)
    b.take()
    b.source.set_pause(random_pause(stall, rng("out")))
    sent = [b.r.getrandbits(32) for _ in range(40)]
    for word in sent:
        b.source.append(word)
    got = []

    async def receive() -> None:
        while len(got) < len(sent):
            if await b.read("OUT_COUNT"):
                got.append(await b.read("OUT_DATA"))
                await b.write("OUT_POP", 1)

    job = cocotb.start_soon(receive())
    for _ in range(40):
        word = b.r.getrandbits(32)
        while await b.read("IN_SPACE") == 0:
            pass
        b.board.expect(word)
        await b.write("IN_DATA", word)
    await job
    assert got == sent
    await b.board.drained(1000)
    await b.expect(IN_SPACE=b.words, OUT_COUNT=0)
